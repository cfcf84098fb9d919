//! Versions of Conan packages, as Conan's own `Version` orders them (Conan 2).
//!
//! Items with dots between them, then a pre-release from the first hyphen on, then a build from the last plus on; a pre-release and a build are
//! such lists of items too. An item is a number where Python's `int` reads one (`007`, `1_0`, `-1`), else text. Two numbers are compared as
//! numbers, and any other two items as text: a number next to a word is text too. So the order has circles, `1.1.2` < `1.1.10` < `1.1.1w` <
//! `1.1.2`, as Conan has it: which of two versions is the higher one is all that it answers. Zeros at the end of the items say nothing.

use std::cmp::Ordering;

use super::{Scheme, Unorderable};

/// The order of ConanCenter.
#[derive(Debug, Clone, Copy)]
pub struct Conan;

impl Scheme for Conan {
    fn name(&self) -> &'static str {
        "conan"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let (left, right) = (Version::read(left)?, Version::read(right)?);
        let items = compare_items(left.items, right.items);
        let prerelease = match (left.prerelease, right.prerelease) {
            (None, None) => Ordering::Equal,
            // The build of either is then not asked for.
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => compare_items(left, right),
        };
        let build = || match (left.build, right.build) {
            (Some(left), Some(right)) => compare_items(left, right),
            (left, right) => left.is_some().cmp(&right.is_some()),
        };
        Ok(items.then(prerelease).then_with(build))
    }

    fn is_prerelease(&self, version: &str) -> bool {
        Version::read(version).is_ok_and(|version| version.prerelease.is_some())
    }
}

/// The longest that a reference is, name and version, is 200 characters.
const MAX_BYTES: usize = 200;

/// A version, as slices of its text.
struct Version<'a> {
    items: &'a str,
    prerelease: Option<&'a str>,
    build: Option<&'a str>,
}

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Result<Self, Unorderable> {
        let is_read = |byte: u8| byte.is_ascii_alphanumeric() || b"_+.-".contains(&byte);
        if text.is_empty() || !text.bytes().all(is_read) {
            return Err(Unorderable::new(text, "Conan wants letters, digits and _+.-"));
        }
        if text.len() > MAX_BYTES {
            return Err(Unorderable::new(text, "more than 200 characters"));
        }
        let (front, build) = match text.rsplit_once('+') {
            Some((front, build)) => (front, Some(build)),
            None => (text, None),
        };
        let (items, prerelease) = match front.split_once('-') {
            Some((items, prerelease)) => (items, Some(prerelease)),
            None => (front, None),
        };
        Ok(Self {
            items,
            prerelease,
            build,
        })
    }
}

/// Orders two lists of items by the first place where they differ.
fn compare_items(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (items(left), items(right));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (Some(left), Some(right)) => left.compare(&right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The items without the zeros at their end.
fn items(text: &str) -> impl Iterator<Item = Item<'_>> {
    let zeros = text
        .rsplit('.')
        .take_while(|item| Item::read(item).is_zero())
        .count();
    let count = text.split('.').count();
    text.split('.').take(count.saturating_sub(zeros)).map(Item::read)
}

#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    /// Digits, with single underscores between some.
    Number {
        is_negative: bool,
        digits: &'a str,
    },
    Text(&'a str),
}

impl<'a> Item<'a> {
    fn read(text: &'a str) -> Self {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let is_run = |run: &str| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit());
        match digits.split('_').all(is_run) {
            true => Self::Number { is_negative, digits },
            false => Self::Text(text),
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Number { digits, .. } if significant(digits).next().is_none())
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number { .. }, Self::Number { .. }) => self.compare_numbers(other),
            (_, _) => self.text().cmp(other.text()),
        }
    }

    fn compare_numbers(&self, other: &Self) -> Ordering {
        let (left, right) = (self.text().count(), other.text().count());
        match (self.is_below_zero(), other.is_below_zero()) {
            (false, false) => left.cmp(&right).then_with(|| self.text().cmp(other.text())),
            (true, true) => right.cmp(&left).then_with(|| other.text().cmp(self.text())),
            (left, right) => right.cmp(&left),
        }
    }

    fn is_below_zero(&self) -> bool {
        matches!(
            self,
            Self::Number {
                is_negative: true,
                ..
            }
        ) && !self.is_zero()
    }

    /// The item as Python prints it.
    fn text(&self) -> impl Iterator<Item = u8> + use<'a> {
        let (front, digits, text) = match *self {
            Self::Text(text) => (None, "", text),
            Self::Number { .. } if self.is_zero() => (Some(b'0'), "", ""),
            Self::Number { is_negative, digits } => (is_negative.then_some(b'-'), digits, ""),
        };
        front.into_iter().chain(significant(digits)).chain(text.bytes())
    }
}

/// The digits without zeros in front and without underscores.
fn significant(digits: &str) -> impl Iterator<Item = u8> + use<'_> {
    digits
        .bytes()
        .filter(|byte| *byte != b'_')
        .skip_while(|byte| *byte == b'0')
}
