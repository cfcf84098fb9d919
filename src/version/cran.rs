//! Versions of R packages, as R's `numeric_version` reads and orders them (R 4.6).
//!
//! Numbers with a dot or a hyphen between them, neither of which says more than the other; what is left out is zero, so that `1.0`, `1.0.0` and
//! `1.0-0` are equal (R's `compareVersion`, which nothing asks that loads a package, orders them). A number above 2147483647 is missing to R
//! (`NA`): before every other one, but zero where the other version has no number. So `1.9999999999` equals `1`, which equals `1.0`, which is
//! above `1.9999999999`.

use std::cmp::Ordering;

use super::grammar::digits;
use super::{Scheme, Unorderable};

/// The order of R.
#[derive(Debug, Clone, Copy)]
pub struct Cran;

impl Scheme for Cran {
    fn name(&self) -> &'static str {
        "cran"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(left), self.plain(right)) {
            return Ok(left.cmp(&right));
        }
        let (mut left, mut right) = (read(left)?, read(right)?);
        loop {
            let order = match (left.next(), right.next()) {
                (None, None) => return Ok(Ordering::Equal),
                (Some(left), Some(right)) => left.cmp(&right),
                (Some(number), None) => number.max(Some(0)).cmp(&Some(0)),
                (None, Some(number)) => Some(0).cmp(&number.max(Some(0))),
            };
            if order.is_ne() {
                return Ok(order);
            }
        }
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        let numbers = digits::filled(version)?;
        let fits = numbers.iter().all(|number| i32::try_from(*number).is_ok());
        fits.then_some(numbers)
    }

    /// R knows none: a hyphen is a dot.
    fn is_prerelease(&self, _: &str) -> bool {
        false
    }
}

/// The numbers of a version, each `None` where it is missing to R.
fn read(version: &str) -> Result<impl Iterator<Item = Option<i32>>, Unorderable> {
    let parts = || version.split(['.', '-']);
    match parts().all(digits::only) {
        true => Ok(parts().map(digits::significant).map(number)),
        false => Err(Unorderable::new(
            version,
            "R wants numbers with dots or hyphens between them",
        )),
    }
}

/// The value of digits without zeros in front.
fn number(digits: &str) -> Option<i32> {
    match digits {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}
