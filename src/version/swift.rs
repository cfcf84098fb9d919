//! Versions of Swift packages, as SwiftPM reads them off git tags and orders them.
//!
//! Source of the rules: `Version` of SwiftPM (swift-tools-support-core), which is SemVer 2.0.0 but for this:
//!
//! - A tag may have a `v` in front, and two numbers (`v1.2` is `1.2.0`). One number is no version.
//! - Numbers are 64-bit integers, with leading zeros or without.
//! - An identifier of a pre-release may have leading zeros, be empty, or be a negative number (`1.0.0--5`); one that does not fit into 64 bits is
//!   text. The first two that are written differently decide, also where both are one number: `007` and `7` are equal, and what
//!   follows them is not looked at. Among such versions alone is "equal" not transitive.
//! - Build metadata is checked and has no part in the order: `exact: "1.3.0+b"` takes the tag `1.3.0+a`.
//!
//! SwiftPM's ranges leave out pre-releases (`"2.0.0-beta.1"..<"2.0.0"` holds no `2.0.0-beta.2`). Those of advisories follow the order alone.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// The order of SwiftPM.
#[derive(Debug, Clone, Copy)]
pub struct Swift;

impl Scheme for Swift {
    fn name(&self) -> &'static str {
        "swift"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (semver::plain(left), semver::plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left
            .numbers
            .cmp(&right.numbers)
            .then_with(|| compare_prereleases(left.prerelease, right.prerelease)))
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        semver::plain(version)
    }

    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match read(text) {
            Ok(_) => Cow::Borrowed(text),
            Err(_) => semver::fill(text),
        }
    }
}

struct Version<'a> {
    numbers: [i64; 3],
    /// Identifiers with dots between them; `None` for a release.
    prerelease: Option<&'a str>,
}

fn read(text: &str) -> Result<Version<'_>, &'static str> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (front, build) = match text.split_once('+') {
        Some((front, build)) => (front, Some(build)),
        None => (text, None),
    };
    let (core, prerelease) = match front.split_once('-') {
        Some((core, prerelease)) => (core, Some(prerelease)),
        None => (front, None),
    };
    let mut numbers = [0; 3];
    let mut slots = numbers.iter_mut();
    let mut count = 0_u8;
    for part in core.split('.') {
        let slot = slots.next().ok_or("more than three numbers")?;
        *slot = match digits::only(part) {
            true => part.parse().map_err(|_| "a number above 9223372036854775807")?,
            false => return Err("a number is missing"),
        };
        count = count.saturating_add(1);
    }
    if count < 2 {
        return Err("fewer than two numbers");
    }
    for identifiers in [prerelease, build].into_iter().flatten() {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if !identifiers.bytes().all(is_letter) {
            return Err("an identifier holds more than letters, digits and hyphens");
        }
    }
    Ok(Version { numbers, prerelease })
}

fn compare_prereleases(left: Option<&str>, right: Option<&str>) -> Ordering {
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) => (left, right),
        (left, right) => return left.is_none().cmp(&right.is_none()),
    };
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(left), Some(right)) if left == right => {}
            (Some(left), Some(right)) => return compare_identifiers(left, right),
        }
    }
}

/// Numbers by their value, and before all text.
fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (left.parse::<i64>(), right.parse::<i64>()) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}
