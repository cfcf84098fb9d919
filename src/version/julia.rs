//! Versions of Julia packages, as `VersionNumber` of Julia's own library reads and orders them (`base/version.jl`).
//!
//! SemVer 2.0.0 but for this: build metadata is part of the order, above the release without (`1.0.7` < `1.0.7+0` < `1.0.7+1`); numbers
//! may be left out and have zeros and one `v` in front; a pre-release may follow without a hyphen (`1.0rc1`); an empty pre-release comes
//! before all others and an empty build after all others (`1.0-`, `1.0+`). Numbers of the release have 32 bits, others 64.

use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// The order of Julia.
#[derive(Debug, Clone, Copy)]
pub struct Julia;

impl Scheme for Julia {
    fn name(&self) -> &'static str {
        "julia"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(left), self.plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = Version::read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = Version::read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left
            .compare_release(&right)
            .then_with(|| left.compare_build(&right)))
    }

    /// A build says how a library was compiled: beside a bound without one it says nothing.
    fn compare_with_bound(&self, version: &str, bound: &str) -> Result<Ordering, Unorderable> {
        if let (Some(version), Some(bound)) = (self.plain(version), self.plain(bound)) {
            return Ok(version.cmp(&bound));
        }
        let version = Version::read(version).map_err(|reason| Unorderable::new(version, reason))?;
        let bound = Version::read(bound).map_err(|reason| Unorderable::new(bound, reason))?;
        let release = version.compare_release(&bound);
        match bound.build {
            Some(_) => Ok(release.then_with(|| version.compare_build(&bound))),
            None => Ok(release),
        }
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        let numbers = semver::plain(version)?;
        let fits = numbers.iter().all(|number| u32::try_from(*number).is_ok());
        fits.then_some(numbers)
    }

    fn is_prerelease(&self, version: &str) -> bool {
        Version::read(version).is_ok_and(|version| version.prerelease.is_some())
    }
}

/// The version above all others, which Julia prints as `∞`.
const LAST: &str = "4294967295.4294967295.4294967295+";

/// A version, as slices of its text.
struct Version<'a> {
    numbers: [u32; 3],
    /// Without its hyphen.
    prerelease: Option<&'a str>,
    /// Without its plus.
    build: Option<&'a str>,
}

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Result<Self, &'static str> {
        let text = if text == "∞" { LAST } else { text };
        // Julia's expression ends at `$`, which is also before a line feed that ends the text.
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let mut numbers = [0; 3];
        for (place, number) in numbers.iter_mut().enumerate() {
            let begin = match place {
                0 => Some(rest),
                _ => rest.strip_prefix('.'),
            };
            let Some((digits, behind)) = begin.map(digits::cut) else {
                break;
            };
            if digits.is_empty() {
                return Err("number missing");
            }
            *number = value(digits).ok_or("a number above 4294967295")?;
            rest = behind;
        }
        let (front, build) = match rest.split_once('+') {
            Some((front, build)) => (front, Some(build)),
            None => (rest, None),
        };
        let prerelease = match front.strip_prefix('-') {
            Some(prerelease) => Some(prerelease),
            None if front.is_empty() => None,
            None if front.starts_with(|first: char| first.is_ascii_alphabetic()) => Some(front),
            None => return Err("neither a pre-release nor a build after the numbers"),
        };
        match (prerelease, build) {
            (Some(""), None) => {}
            (Some(prerelease), _) => check(prerelease)?,
            (None, _) => {}
        }
        build.filter(|build| !build.is_empty()).map_or(Ok(()), check)?;
        Ok(Self {
            numbers,
            prerelease,
            build,
        })
    }

    fn compare_release(&self, other: &Self) -> Ordering {
        let is_release = |version: &Self| version.prerelease.is_none();
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| is_release(self).cmp(&is_release(other)))
            .then_with(|| identifiers(self.prerelease).cmp(identifiers(other.prerelease)))
    }

    fn compare_build(&self, other: &Self) -> Ordering {
        let is_last = |version: &Self| version.build == Some("");
        is_last(self)
            .cmp(&is_last(other))
            .then_with(|| identifiers(self.build).cmp(identifiers(other.build)))
    }
}

fn check(identifiers: &str) -> Result<(), &'static str> {
    for identifier in identifiers.split('.') {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if identifier.is_empty() || !identifier.bytes().all(is_letter) {
            return Err("an identifier is empty or holds more than letters, digits and hyphens");
        }
        if digits::only(identifier) && value::<u64>(identifier).is_none() {
            return Err("a number above 18446744073709551615");
        }
    }
    Ok(())
}

/// The value of digits with any zeros in front, if it fits.
fn value<T: std::str::FromStr + Default>(digits: &str) -> Option<T> {
    match digits::significant(digits) {
        "" => Some(T::default()),
        digits => digits.parse().ok(),
    }
}

/// In their order: the empty one, numbers, words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Empty,
    Number(u64),
    Word(&'a str),
}

/// The identifiers of a pre-release or of a build; none of what is not there.
fn identifiers(text: Option<&str>) -> impl Iterator<Item = Identifier<'_>> {
    let parts = text.into_iter().flat_map(|text| text.split('.'));
    parts.map(|part| match part {
        "" => Identifier::Empty,
        part if digits::only(part) => value(part).map_or(Identifier::Word(part), Identifier::Number),
        part => Identifier::Word(part),
    })
}
