//! Versions of npm, as `compare` of npm's own `semver` package orders them when it is not loose.
//!
//! Beyond SemVer 2.0.0 it trims white space, takes a leading `v`, refuses more than 256 UTF-16 units and
//! numbers above 2^53 − 1, and compares numeric pre-release identifiers as double-precision numbers: from
//! 2^53 on some that differ are equal, and what follows them is then not looked at. Among such
//! identifiers alone is "equal" not transitive.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// `MAX_LENGTH` of the package, in UTF-16 units, surrounding white space included.
pub(super) const LONGEST: usize = 256;
/// `Number.MAX_SAFE_INTEGER`.
pub(super) const LARGEST: u64 = (1 << 53) - 1;

/// The order of npm.
#[derive(Debug, Clone, Copy)]
pub struct Npm;

impl Scheme for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (semver::plain(left), semver::plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left
            .numbers_precedence(&right)
            .then_with(|| compare_prereleases(left.prerelease, right.prerelease)))
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        semver::plain(version)
    }

    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        semver::fill(text)
    }
}

fn read(text: &str) -> Result<semver::Version<'_>, &'static str> {
    // No text has more UTF-16 units than bytes.
    if text.len() > LONGEST && text.encode_utf16().count() > LONGEST {
        return Err("more than 256 characters");
    }
    let text = text.trim_matches(is_white_space);
    let version = semver::Version::read(text.strip_prefix('v').unwrap_or(text))?;
    let is_safe = |number: &&str| number.parse::<u64>().is_ok_and(|number| number <= LARGEST);
    match version.numbers.iter().all(is_safe) {
        true => Ok(version),
        false => Err("a number above 9007199254740991"),
    }
}

/// What `String.prototype.trim` removes (ECMAScript, `WhiteSpace` and `LineTerminator`).
pub(super) fn is_white_space(character: char) -> bool {
    match character {
        '\u{feff}' => true,
        '\u{85}' => false,
        _other => character.is_whitespace(),
    }
}

pub(super) fn compare_prereleases(left: &str, right: &str) -> Ordering {
    if left.is_empty() || right.is_empty() {
        return left.is_empty().cmp(&right.is_empty());
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(left), Some(right)) if left == right || is_same_number(left, right) => {}
            // The first difference in text decides, even when the numbers come out equal.
            (Some(left), Some(right)) => return compare_identifiers(left, right),
        }
    }
}

/// `01` and `1`, which loose reading takes: they are numbers before they are compared.
fn is_same_number(left: &str, right: &str) -> bool {
    let is_number = |text: &str| digits::only(text) && digits::significant(text).len() <= 15;
    is_number(left) && is_number(right) && digits::compare(left, right).is_eq()
}

fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (digits::only(left), digits::only(right)) {
        (true, true) => compare_numbers(left, right),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}

/// Orders two numbers as JavaScript does; up to 15 digits a double is exact.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    if left.len() <= 15 && right.len() <= 15 {
        return digits::compare(left, right);
    }
    match left.parse::<f64>().ok().zip(right.parse::<f64>().ok()) {
        Some((left, right)) => left.total_cmp(&right),
        None => digits::compare(left, right),
    }
}
