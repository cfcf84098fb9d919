//! SemVer 2.0.0 as crates.io reads it: the versions that cargo's own parser accepts, by precedence.
//!
//! Build metadata has no part in the order: `111.25.0+1.1.1t` equals `111.25.0`. Section 10 of SemVer and
//! the OSV schema say so for `SEMVER` ranges, cargo's requirements ignore it, and crates.io has refused
//! versions that differ in nothing else since May 2023 (rust-lang/crates.io, pull request 6518). The
//! `Ord` of the `semver` crate, which the `rustsec` crate uses on its ranges, breaks such ties by build
//! metadata; as RustSec's bounds carry none, both give the same findings, but an inclusive bound
//! (`last_affected: 0.4.55`) would then miss `0.4.55+curl-7.83.1`.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::semver::{Version, fill, plain};
use super::{Distance, Scheme, Unorderable};

/// The order of crates.io.
#[derive(Debug, Clone, Copy)]
pub struct Semver;

impl Scheme for Semver {
    fn name(&self) -> &'static str {
        "semver"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (plain(left), plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left.precedence(&right))
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        plain(version)
    }

    /// By Cargo's rule the first number that is not zero is the one that breaks: `0.1.5` and `0.2.0` are as far from each other as `1.5.0`
    /// and `2.0.0`.
    fn distance(&self, from: &str, to: &str) -> Distance {
        let (Ok(left), Ok(right)) = (read(from), read(to)) else {
            return Distance::Major;
        };
        let differs = left
            .numbers
            .iter()
            .zip(&right.numbers)
            .position(|(one, other)| one != other);
        let is_zero = |until: usize| left.numbers.iter().take(until).all(|number| *number == "0");
        match differs {
            Some(place) if is_zero(place) => Distance::Major,
            Some(0) => Distance::Major,
            Some(1) => Distance::Minor,
            Some(_) | None => Distance::Patch,
        }
    }

    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        fill(text)
    }
}

fn read(text: &str) -> Result<Version<'_>, &'static str> {
    let version = Version::read(text)?;
    match version.numbers.iter().all(|number| number.parse::<u64>().is_ok()) {
        true => Ok(version),
        false => Err("a number above 18446744073709551615"),
    }
}
