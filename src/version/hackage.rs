//! Versions of Haskell packages, as Cabal reads and orders them (the Package Versioning Policy).
//!
//! Numbers with dots between them, of at most nine digits and without zeros in front, ordered as lists: `1.0` comes before `1.0.0`. What
//! follows a hyphen is a tag, which Cabal reads and drops. The base library's `Data.Version` also reads `1.01` and longer numbers, but
//! nothing like that can be published.

use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// The order of Hackage.
#[derive(Debug, Clone, Copy)]
pub struct Hackage;

impl Scheme for Hackage {
    fn name(&self) -> &'static str {
        "hackage"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(left), self.plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left.split('.').map(value).cmp(right.split('.').map(value)))
    }

    /// Of three numbers: one more or less changes the order.
    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        let numbers = semver::plain(version)?;
        let fits = numbers.iter().all(|number| *number < 1_000_000_000);
        fits.then_some(numbers)
    }

    /// There are none.
    fn is_prerelease(&self, _: &str) -> bool {
        false
    }

    /// `A.B` of `A.B.C`, by the policy's name for it.
    fn major<'v>(&self, version: &'v str) -> &'v str {
        let (first, rest) = digits::cut(version);
        let second = rest.strip_prefix('.').map_or(0, |rest| digits::cut(rest).0.len());
        let end = match second {
            0 => first.len(),
            second => first.len().saturating_add(1).saturating_add(second),
        };
        version.get(..end).unwrap_or(first)
    }
}

/// The numbers of a version, without its tags.
fn read(text: &str) -> Result<&str, &'static str> {
    let text = text.trim_end_matches(is_space);
    let (numbers, tags) = match text.split_once('-') {
        Some((numbers, tags)) => (numbers, Some(tags)),
        None => (text, None),
    };
    for number in numbers.split('.') {
        match number {
            "0" => {}
            number if !digits::only(number) => return Err("Cabal wants numbers with dots between them"),
            number if number.starts_with('0') => return Err("leading zero"),
            number if number.len() > 9 => return Err("a number of more than nine digits"),
            _read => {}
        }
    }
    let is_tag = |tag: &str| !tag.is_empty() && tag.chars().all(char::is_alphanumeric);
    match tags.is_none_or(|tags| tags.split('-').all(is_tag)) {
        true => Ok(numbers),
        false => Err("a tag is empty or holds more than letters and digits"),
    }
}

/// What Haskell's `isSpace` says of a character.
fn is_space(character: char) -> bool {
    character.is_whitespace() && !matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// At most nine digits, which [`read`] has checked.
fn value(number: &str) -> u32 {
    number.parse().unwrap_or_default()
}
