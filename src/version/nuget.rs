//! Versions of NuGet, as `NuGetVersion` of its own library `NuGet.Versioning` reads and orders them.
//!
//! One to four numbers, each an `int`; what is left out is zero, and zeros in front say nothing. Labels of a pre-release are SemVer's,
//! but compared without regard to case, and they are numbers only where they fit an `int`: a longer run of digits is text, and so above
//! each number. The library reads numbers with `int.TryParse`, which takes a sign: `1.0.0--1` is the label −1, and below `1.0.0-0`. White
//! space may stand around the whole version and around each number. Metadata has no part in the order.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// The order of NuGet.
#[derive(Debug, Clone, Copy)]
pub struct Nuget;

impl Scheme for Nuget {
    fn name(&self) -> &'static str {
        "nuget"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(left), self.plain(right)) {
            return Ok(left.cmp(&right));
        }
        let left = Version::read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = Version::read(right).map_err(|reason| Unorderable::new(right, reason))?;
        let numbers = left.numbers.cmp(&right.numbers);
        Ok(numbers.then_with(|| compare_labels(left.labels, right.labels)))
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        let numbers = semver::plain(version)?;
        let fits = numbers.iter().all(|number| *number <= LARGEST);
        fits.then_some(numbers)
    }

    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let bare = text.trim().trim_start_matches(['v', 'V']);
        match Version::read(text).is_err() && Version::read(bare).is_ok() {
            true => Cow::Borrowed(bare),
            false => Cow::Borrowed(text),
        }
    }
}

/// `int.MaxValue`.
const LARGEST: u64 = 2_147_483_647;

/// A version, as slices of its text.
struct Version<'a> {
    /// Major, minor, patch and revision.
    numbers: [u64; 4],
    /// Labels with dots between them, without the hyphen; empty for a release.
    labels: &'a str,
}

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Result<Self, &'static str> {
        let text = text.trim();
        let (front, metadata) = match text.split_once('+') {
            Some((front, metadata)) => (front, Some(metadata)),
            None => (text, None),
        };
        let (core, labels) = match front.split_once('-') {
            Some((core, labels)) => (core, Some(labels)),
            None => (front, None),
        };
        let mut numbers = [0; 4];
        let mut slots = numbers.iter_mut();
        for part in core.split('.') {
            *slots.next().ok_or("more than four numbers")? = number(part)?;
        }
        for label in labels.into_iter().flat_map(|labels| labels.split('.')) {
            check(label)?;
            if label.len() > 1 && label.starts_with('0') && digits::only(label) {
                return Err("leading zero in a label");
            }
        }
        metadata.map_or(Ok(()), |metadata| metadata.split('.').try_for_each(check))?;
        Ok(Self {
            numbers,
            labels: labels.unwrap_or_default(),
        })
    }
}

/// A number with what `int.TryParse` takes for white space around it.
fn number(part: &str) -> Result<u64, &'static str> {
    let number = part.trim_matches(|character| matches!(character, '\t'..='\r' | ' '));
    if !digits::only(number) {
        return Err("not all of the parts between its dots are numbers");
    }
    match digits::significant(number) {
        "" => Ok(0),
        digits => digits
            .parse()
            .ok()
            .filter(|number| *number <= LARGEST)
            .ok_or("a number above 2147483647"),
    }
}

fn check(label: &str) -> Result<(), &'static str> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    match label.is_empty() {
        true => Err("empty label"),
        false if label.bytes().all(is_known) => Ok(()),
        false => Err("a label holds more than letters, digits and hyphens"),
    }
}

/// Orders the labels of two versions whose numbers are equal. A release comes last.
fn compare_labels(left: &str, right: &str) -> Ordering {
    if left.is_empty() || right.is_empty() {
        return left.is_empty().cmp(&right.is_empty());
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => compare_label(left, right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_label(left: &str, right: &str) -> Ordering {
    match (int(left), int(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => {
            let (left, right) = (left.bytes(), right.bytes());
            left.map(|byte| byte.to_ascii_uppercase())
                .cmp(right.map(|byte| byte.to_ascii_uppercase()))
        }
    }
}

/// The number that `int.TryParse` makes of a label.
fn int(label: &str) -> Option<i32> {
    let digits = label.strip_prefix('-').unwrap_or(label);
    let significant = digits::significant(digits);
    if !digits::only(digits) || significant.len() > 10 {
        return None;
    }
    let number: i64 = match significant {
        "" => 0,
        digits => digits.parse().ok()?,
    };
    let number = if label.starts_with('-') {
        number.checked_neg()?
    } else {
        number
    };
    i32::try_from(number).ok()
}
