//! Versions in a range of npm, whole and in part, as loose reading takes them.

use std::cmp::Ordering;

use crate::version::grammar::digits;
use crate::version::npm::{LARGEST, LONGEST, compare_prereleases, is_white_space};

/// A version as loose reading takes it: `=v01.2.3beta` is `1.2.3-beta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version<'a> {
    pub(super) numbers: [u64; 3],
    /// Empty for a release.
    pub(super) prerelease: &'a str,
}

/// One to three numbers, any of which may be left open.
pub(super) struct Partial<'a> {
    pub(super) parts: [Part<'a>; 3],
    /// Only behind three parts.
    prerelease: &'a str,
}

/// One number of a partial version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// `x`, `X`, `*` or nothing.
    Any,
    /// Its digits.
    Number(&'a str),
}

const TOO_LARGE: &str = "a number above 9007199254740991";

pub(super) fn number(digits: &str) -> Result<u64, &'static str> {
    let number = digits.parse().ok().filter(|number| *number <= LARGEST);
    number.ok_or(TOO_LARGE)
}

pub(super) fn next(number: u64) -> Result<u64, &'static str> {
    let next = number.checked_add(1).filter(|number| *number <= LARGEST);
    next.ok_or(TOO_LARGE)
}

impl Part<'_> {
    pub(super) fn number(self) -> Result<u64, &'static str> {
        match self {
            Self::Any => Ok(0),
            Self::Number(digits) => number(digits),
        }
    }
}

impl<'a> Partial<'a> {
    /// Reads a whole word, or the rest of one behind its operator.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut parts = [Part::Any; 3];
        let mut rest = text.trim_start_matches(['v', '=']);
        let mut slots = parts.iter_mut().peekable();
        while let Some(slot) = slots.next() {
            let behind;
            (*slot, behind) = cut_part(rest)?;
            rest = match (slots.peek(), behind.strip_prefix('.')) {
                (Some(_), Some(next)) => next,
                (Some(_), None) => {
                    let prerelease = "";
                    return behind.is_empty().then_some(Self { parts, prerelease });
                }
                (None, None) => behind,
                // `1.2.34.5` is `1.2.3-4.5`: a number gives up a digit for a pre-release that needs no hyphen.
                (None, Some(_)) => {
                    let (before, after) = rest.split_at_checked(last_digit(rest)?)?;
                    *slot = Part::Number(before);
                    after
                }
            };
        }
        let prerelease = loose_prerelease(rest)?;
        Some(Self { parts, prerelease })
    }

    /// The version, where nothing is open.
    pub(super) fn full(&self) -> Result<Option<Version<'a>>, &'static str> {
        let [Part::Number(major), Part::Number(minor), Part::Number(patch)] = self.parts else {
            return Ok(None);
        };
        Ok(Some(Version {
            numbers: [number(major)?, number(minor)?, number(patch)?],
            prerelease: self.prerelease,
        }))
    }

    pub(super) fn prerelease_of_full(&self) -> &'a str {
        match self.parts.contains(&Part::Any) {
            true => "",
            false => self.prerelease,
        }
    }

    /// Nothing but zeros, each written as one.
    pub(super) fn is_zero(&self) -> bool {
        self.prerelease_of_full().is_empty()
            && self
                .parts
                .iter()
                .all(|part| matches!(part, Part::Any | Part::Number("0")))
    }

    /// `x.1` and `1.x.2`.
    pub(super) fn has_number_behind_gap(&self) -> bool {
        let [major, minor, patch] = self.parts;
        let is_number = |part| part != Part::Any;
        (major == Part::Any && is_number(minor)) || (minor == Part::Any && is_number(patch))
    }
}

fn cut_part(text: &str) -> Option<(Part<'_>, &str)> {
    match text.strip_prefix(['x', 'X', '*']) {
        Some(rest) => Some((Part::Any, rest)),
        None => match digits::cut(text) {
            ("", _) => None,
            (number, rest) => Some((Part::Number(number), rest)),
        },
    }
}

/// Where the last of the digits at the front of `text` begins, if there is one before it.
fn last_digit(text: &str) -> Option<usize> {
    let (number, _) = digits::cut(text);
    number.len().checked_sub(1).filter(|at| *at > 0)
}

/// What stands behind the third number; the hyphen may be missing, or be itself the whole pre-release.
fn loose_prerelease(text: &str) -> Option<&str> {
    if text.is_empty() {
        return Some("");
    }
    let without = text.strip_prefix('-').unwrap_or(text);
    [without, text].into_iter().find(|text| are_identifiers(text))
}

pub(super) fn are_identifiers(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(is_part))
}

impl<'a> Version<'a> {
    pub(super) fn release(numbers: [u64; 3]) -> Self {
        Self {
            numbers,
            prerelease: "",
        }
    }

    pub(super) fn read(text: &'a str) -> Result<Self, &'static str> {
        // No text has more UTF-16 units than bytes.
        if text.len() > LONGEST && text.encode_utf16().count() > LONGEST {
            return Err("more than 256 characters");
        }
        let text = text.trim_matches(is_white_space);
        let is_front = |character: char| matches!(character, 'v' | '=') || is_white_space(character);
        let text = text.trim_start_matches(is_front);
        let text = match text.split_once('+') {
            Some((front, build)) if are_identifiers(build) => front,
            Some(_) => return Err("build metadata that is none"),
            None => text,
        };
        Partial::read(text)
            .map(|partial| partial.full())
            .transpose()?
            .flatten()
            .ok_or("not a version of three numbers")
    }

    pub(super) fn order(&self, other: &Version<'_>) -> Ordering {
        let numbers = self.numbers.cmp(&other.numbers);
        numbers.then_with(|| compare_prereleases(self.prerelease, other.prerelease))
    }
}
