//! Versions of Debian packages, as dpkg reads and orders them (deb-version(7)); Ubuntu's too.
//!
//! `[epoch:]upstream[-revision]`: the epoch is a number, what follows the last hyphen is the revision, and each of the other two is text and
//! numbers in turn. A tilde comes before everything, even before the end: `1.0~rc1` < `1.0` < `1.0+b1`. dpkg warns of a version that does
//! not begin with a digit or holds other characters, and orders it; so does this.

use std::cmp::Ordering;

use super::grammar::{debian, digits};
use super::{Scheme, Unorderable};

/// The order of dpkg.
#[derive(Debug, Clone, Copy)]
pub struct Debian;

impl Scheme for Debian {
    fn name(&self) -> &'static str {
        "debian"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let left = Version::read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = Version::read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left
            .epoch
            .cmp(&right.epoch)
            .then_with(|| debian::compare(left.upstream, right.upstream))
            .then_with(|| debian::compare(left.revision, right.revision)))
    }

    /// A tilde in the revision says how it was built: `1.0-1~bpo12+1` is a release for an older Debian.
    fn is_prerelease(&self, version: &str) -> bool {
        Version::read(version).is_ok_and(|version| version.upstream.contains('~'))
    }

    /// With the epoch, by which Debian says that a project began to count anew.
    fn major<'v>(&self, version: &'v str) -> &'v str {
        with_epoch(version)
    }
}

/// `1:2` of `1:2.3`.
pub(super) fn with_epoch(version: &str) -> &str {
    let (first, rest) = digits::cut(version);
    let own = rest.strip_prefix(':').map(|rest| digits::cut(rest).0.len());
    let end = own.map_or(first.len(), |own| {
        first.len().saturating_add(1).saturating_add(own)
    });
    version.get(..end).unwrap_or(first)
}

/// A version, as slices of its text.
struct Version<'a> {
    epoch: i32,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Result<Self, &'static str> {
        let text = text.trim_matches(is_space);
        if text.is_empty() {
            return Err("no version");
        }
        if text.contains(is_space) {
            return Err("white space inside");
        }
        let (epoch, text) = match text.split_once(':') {
            Some((epoch, text)) => (read_epoch(epoch)?, text),
            None => (0, text),
        };
        let (upstream, revision) = match text.rsplit_once('-') {
            Some((_, "")) => return Err("the revision is empty"),
            Some(parts) => parts,
            None => (text, ""),
        };
        match upstream {
            "" => Err("the version is empty"),
            upstream => Ok(Self {
                epoch,
                upstream,
                revision,
            }),
        }
    }
}

/// As `strtol` reads it: with a sign.
fn read_epoch(text: &str) -> Result<i32, &'static str> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits::only(digits) {
        return Err("the epoch is no number");
    }
    match digits::significant(digits) {
        "" => Ok(0),
        _ if is_negative => Err("the epoch is below zero"),
        digits => digits.parse().map_err(|_| "the epoch is above 2147483647"),
    }
}

/// `isspace` of C.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}
