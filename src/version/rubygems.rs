//! Versions of RubyGems, as its `Gem::Version` reads and orders them (RubyGems 4.0).
//!
//! A version is segments: runs of digits and runs of ASCII letters, with dots between them; one with a letter is a
//! pre-release, and a hyphen counts as `.pre.`. Before two versions are compared, zeros at the end are dropped, and so is the
//! first run of zeros that stands directly before a letter: `1.0.0.a.1` and `1.a.1` are equal. RubyGems before 4.0 dropped only those
//! before the *first* letter, so that `1.a.0.b` was above `1.a.b`, which it now equals. Numbers have any length, letters are
//! compared as bytes, and a letter comes before any number.

use std::cmp::Ordering;

use super::grammar::digits;
use super::{Scheme, Unorderable};

/// The order of RubyGems.
#[derive(Debug, Clone, Copy)]
pub struct Rubygems;

impl Scheme for Rubygems {
    fn name(&self) -> &'static str {
        "rubygems"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(left), self.plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = read(left).ok_or_else(|| Unorderable::new(left, REFUSED))?;
        let right = read(right).ok_or_else(|| Unorderable::new(right, REFUSED))?;
        Ok(order(Segments::of(left), Segments::of(right)))
    }

    /// `1.2` is `1.2.0`, and zeros in front of a number say nothing.
    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        digits::filled(version)
    }

    /// `Gem::Version#prerelease?`: it has a letter.
    fn is_prerelease(&self, version: &str) -> bool {
        read(version).is_some_and(|version| version.bytes().any(is_word))
    }
}

const REFUSED: &str = "RubyGems wants letters and digits with dots between them, and a digit first";

/// The version without white space around it; `None` for what `Gem::Version.correct?` refuses. No text at all is version 0.
fn read(text: &str) -> Option<&str> {
    let text = text.trim_matches(is_white_space);
    let (release, suffix) = match text.split_once('-') {
        Some((release, suffix)) => (release, Some(suffix)),
        None => (text, None),
    };
    let mut parts = release.split('.');
    let is_release = parts.next().is_some_and(digits::only)
        && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let is_suffix = suffix.is_none_or(|suffix| {
        suffix.split('.').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    });
    (text.is_empty() || is_release && is_suffix).then_some(text)
}

/// What `\s` matches in Ruby's regular expressions.
fn is_white_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

/// A letter, or the hyphen that stands for `.pre.`.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'-'
}

fn is_zero(byte: u8) -> bool {
    matches!(byte, b'0' | b'.')
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Word(&'a str),
    Number(&'a str),
}

/// `Gem::Version#canonical_segments`: what stands before the dropped zeros, and what stands behind them.
struct Segments<'a> {
    front: &'a str,
    back: &'a str,
}

impl<'a> Segments<'a> {
    fn of(version: &'a str) -> Self {
        let version = without_last_zeros(version);
        let (mut start, mut is_start) = (None, true);
        for (at, byte) in version.bytes().enumerate() {
            match start {
                Some(start) if is_word(byte) => return Self::without(version, start, at),
                Some(_) if !is_zero(byte) => start = None,
                // A hyphen brings dots of its own: between two of them there is nothing, and that is dropped.
                None if is_start && byte == b'-' => return Self::without(version, at, at),
                None if is_start && is_zero(byte) => start = Some(at),
                Some(_) | None => {}
            }
            is_start = matches!(byte, b'.' | b'-');
        }
        Self::without(version, version.len(), version.len())
    }

    fn without(version: &'a str, start: usize, end: usize) -> Self {
        Self {
            front: version.get(..start).unwrap_or_default(),
            back: version.get(end..).unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let mut rest = self.front.trim_start_matches('.');
        if rest.is_empty() {
            rest = std::mem::take(&mut self.back).trim_start_matches('.');
        }
        let (segment, behind) = match rest.bytes().next()? {
            b'-' => (Segment::Word("pre"), rest.get(1..)?),
            b'0'..=b'9' => {
                let (number, behind) = digits::cut(rest);
                (Segment::Number(number), behind)
            }
            _ => {
                let end = rest.bytes().position(|byte| !byte.is_ascii_alphabetic());
                let (word, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
                (Segment::Word(word), behind)
            }
        };
        self.front = behind;
        Some(segment)
    }
}

/// `version` without the segments at its end that are zero; zeros that end another number belong to it.
fn without_last_zeros(version: &str) -> &str {
    let end = version.trim_end_matches(['0', '.']).len();
    let (kept, zeros) = version.split_at_checked(end).unwrap_or((version, ""));
    let is_number = kept.bytes().next_back().is_some_and(|last| last.is_ascii_digit());
    let own = match is_number {
        true => zeros.find('.').unwrap_or(zeros.len()),
        false => 0,
    };
    version.get(..end.saturating_add(own)).unwrap_or(version)
}

fn order(mut left: Segments<'_>, mut right: Segments<'_>) -> Ordering {
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => {
                let zero = Segment::Number("");
                match (left.unwrap_or(zero), right.unwrap_or(zero)) {
                    (Segment::Number(left), Segment::Number(right)) => digits::compare(left, right),
                    (Segment::Word(left), Segment::Word(right)) => left.cmp(right),
                    (Segment::Word(_), Segment::Number(_)) => Ordering::Less,
                    (Segment::Number(_), Segment::Word(_)) => Ordering::Greater,
                }
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}
