//! Versions of Hex packages, as Elixir's `Version` reads and orders them: SemVer 2.0.0 with numbers of at most 14 digits.
//!
//! Elixir 1.20 refuses longer numbers, also as part of a pre-release; before, they had any length. A date and a time to the
//! second have 14 digits. Nothing is trimmed, and build metadata has no part in the order.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// `@max_numeric_component_digits` of Elixir's `Version.Parser`.
const MAX_DIGITS: usize = 14;

/// The order of Hex.
#[derive(Debug, Clone, Copy)]
pub struct Hex;

impl Scheme for Hex {
    fn name(&self) -> &'static str {
        "hex"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(left), self.plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left.precedence(&right))
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        let numbers = semver::plain(version)?;
        let largest = 10_u64.pow(MAX_DIGITS as u32);
        numbers.iter().all(|number| *number < largest).then_some(numbers)
    }

    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        semver::fill(text)
    }
}

fn read(text: &str) -> Result<semver::Version<'_>, &'static str> {
    let version = semver::Version::read(text)?;
    let parts = version.numbers.into_iter().chain(version.prerelease.split('.'));
    match parts
        .into_iter()
        .all(|part| part.len() <= MAX_DIGITS || !digits::only(part))
    {
        true => Ok(version),
        false => Err("a number of more than 14 digits"),
    }
}
