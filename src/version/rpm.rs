//! Versions of RPM packages, as rpm's own `rpmverCmp` and `rpmvercmp` order them.
//!
//! `[epoch:]version[-release]`: an epoch that is left out is zero, a release that is left out comes before any. Each part is runs of digits and
//! runs of ASCII letters; whatever else is between them says nothing, so that `1.0`, `1.0+`, `1..0` and `1_0` are equal. A number is above
//! letters, a tilde comes before everything, even before the end, and a caret after the end and before all else:
//! `1.0~rc1` < `1.0` < `1.0^git1` < `1.0.1`.

use std::cmp::Ordering;

use super::debian::with_epoch;
use super::grammar::digits;
use super::{Scheme, Unorderable};

/// The order of RPM.
#[derive(Debug, Clone, Copy)]
pub struct Rpm;

impl Scheme for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let (left, right) = (Version::read(left)?, Version::read(right)?);
        Ok(left
            .compare_version(&right)
            .then_with(|| left.compare_release(&right)))
    }

    /// A bound without a release means any release, as it does in what a package requires (`rpmverOverlap`).
    fn compare_with_bound(&self, version: &str, bound: &str) -> Result<Ordering, Unorderable> {
        let (version, bound) = (Version::read(version)?, Version::read(bound)?);
        let order = version.compare_version(&bound);
        match bound.release {
            Some(_) => Ok(order.then_with(|| version.compare_release(&bound))),
            None => Ok(order),
        }
    }

    fn is_prerelease(&self, version: &str) -> bool {
        Version::read(version).is_ok_and(|version| version.version.contains('~'))
    }

    /// With the epoch, by which a distribution says that a project began to count anew.
    fn major<'v>(&self, version: &'v str) -> &'v str {
        with_epoch(version)
    }
}

/// A version, as slices of its text.
struct Version<'a> {
    epoch: &'a str,
    version: &'a str,
    release: Option<&'a str>,
}

impl<'a> Version<'a> {
    /// Of any text but none at all.
    fn read(text: &'a str) -> Result<Self, Unorderable> {
        if text.is_empty() {
            return Err(Unorderable::new(text, "no version"));
        }
        let (epoch, rest) = digits::cut(text);
        let (epoch, rest) = match rest.strip_prefix(':') {
            Some(rest) => (epoch, rest),
            None => ("", text),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (rest, None),
        };
        Ok(Self {
            epoch,
            version,
            release,
        })
    }

    fn compare_version(&self, other: &Self) -> Ordering {
        digits::compare(self.epoch, other.epoch).then_with(|| compare(self.version, other.version))
    }

    fn compare_release(&self, other: &Self) -> Ordering {
        match (self.release, other.release) {
            (Some(left), Some(right)) => compare(left, right),
            (left, right) => left.is_some().cmp(&right.is_some()),
        }
    }
}

/// `rpmvercmp`.
fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (part, rest) = next(left);
        let (other, other_rest) = next(right);
        let order = part.cmp(&other);
        if order.is_ne() || part == Part::End {
            return order;
        }
        (left, right) = (rest, other_rest);
    }
}

/// In their order: a tilde, the end, a caret, letters, a number.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Tilde,
    End,
    Caret,
    Letters(&'a str),
    /// By the count of the digits, without zeros in front.
    Number(usize, &'a str),
}

/// The next part, and what follows it.
fn next(text: &str) -> (Part<'_>, &str) {
    let says = |character: char| character.is_ascii_alphanumeric() || matches!(character, '~' | '^');
    let text = text.trim_start_matches(|character| !says(character));
    let behind = |count: usize| text.get(count..).unwrap_or_default();
    match text.bytes().next() {
        None => (Part::End, ""),
        Some(b'~') => (Part::Tilde, behind(1)),
        Some(b'^') => (Part::Caret, behind(1)),
        Some(b'0'..=b'9') => {
            let (number, rest) = digits::cut(text);
            let number = digits::significant(number);
            (Part::Number(number.len(), number), rest)
        }
        Some(_) => {
            let end = text.bytes().position(|byte| !byte.is_ascii_alphabetic());
            let (letters, rest) = text
                .split_at_checked(end.unwrap_or(text.len()))
                .unwrap_or((text, ""));
            (Part::Letters(letters), rest)
        }
    }
}
