//! Versions of Dart packages, as `Version` of `pub_semver` reads and orders them.
//!
//! SemVer 2.0.0 but for this: build metadata is part of the order, above the release without (`1.0.0+1` comes after `1.0.0`), so that
//! a fix may be published as `1.0.0+1`; numbers may have leading zeros and are 64-bit integers; and an identifier is a number where
//! Dart's `int.tryParse` reads one: with leading zeros, negative (`-5`) and hexadecimal (`0x1f`) too, if it fits into 64 bits.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// The order of pub.
#[derive(Debug, Clone, Copy)]
pub struct Pub;

impl Scheme for Pub {
    fn name(&self) -> &'static str {
        "pub"
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
            // A release comes after its pre-releases, and before its builds.
            .then_with(|| left.prerelease.is_none().cmp(&right.prerelease.is_none()))
            .then_with(|| compare_identifiers(left.prerelease, right.prerelease))
            .then_with(|| left.build.is_some().cmp(&right.build.is_some()))
            .then_with(|| compare_identifiers(left.build, right.build)))
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
    prerelease: Option<&'a str>,
    build: Option<&'a str>,
}

fn read(text: &str) -> Result<Version<'_>, &'static str> {
    let (front, build) = match text.split_once('+') {
        Some((front, build)) => (front, Some(build)),
        None => (text, None),
    };
    let (core, prerelease) = match front.split_once('-') {
        Some((core, prerelease)) => (core, Some(prerelease)),
        None => (front, None),
    };
    let mut numbers = [0; 3];
    let mut parts = core.split('.');
    for slot in &mut numbers {
        let part = parts.next().filter(|part| digits::only(part));
        let part = part.ok_or("a number is missing")?;
        *slot = part.parse().map_err(|_| "a number above 9223372036854775807")?;
    }
    if parts.next().is_some() {
        return Err("more than three numbers");
    }
    for identifier in [prerelease, build]
        .into_iter()
        .flatten()
        .flat_map(|text| text.split('.'))
    {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if identifier.is_empty() || !identifier.bytes().all(is_letter) {
            return Err("an identifier is empty or holds more than letters, digits and hyphens");
        }
    }
    Ok(Version {
        numbers,
        prerelease,
        build,
    })
}

/// Missing identifiers before present ones, numbers before text.
fn compare_identifiers(left: Option<&str>, right: Option<&str>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => left
            .split('.')
            .map(number_of)
            .cmp(right.split('.').map(number_of)),
        (_, _) => Ordering::Equal,
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Number(i64),
    Text(&'a str),
}

/// As Dart's `int.tryParse` reads `text`.
fn number_of(text: &str) -> Identifier<'_> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) if hexadecimal.starts_with(|first: char| first.is_ascii_hexdigit()) => {
            // All 64 bits are read, the first one as a sign.
            u64::from_str_radix(hexadecimal, 16)
                .ok()
                .map(|number| i64::from_ne_bytes(number.to_ne_bytes()))
                .map(|number| {
                    if is_negative {
                        number.wrapping_neg()
                    } else {
                        number
                    }
                })
        }
        Some(_) => None,
        None if digits::only(digits) => text.parse().ok(),
        None => None,
    };
    number.map_or(Identifier::Text(text), Identifier::Number)
}
