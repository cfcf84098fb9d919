//! The grammar and the precedence of SemVer 2.0.0, which crates.io, npm and Go narrow or widen.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::digits;

/// A version that SemVer 2.0.0 accepts, as slices of its text. Build metadata is checked, then
/// dropped: it has no part in precedence (section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::version) struct Version<'a> {
    /// Major, minor and patch: digits of any length, without leading zeros.
    pub(in crate::version) numbers: [&'a str; 3],
    /// Dot-separated identifiers, without the hyphen; empty for a release.
    pub(in crate::version) prerelease: &'a str,
}

impl<'a> Version<'a> {
    /// Reads `1.2.3-pre+build` (sections 2, 9 and 10).
    ///
    /// # Errors
    /// The rule that `text` breaks, as a lowercase fragment.
    pub(in crate::version) fn read(text: &'a str) -> Result<Self, &'static str> {
        let (major, rest) = cut_number(text)?;
        let (minor, rest) = cut_number(rest.strip_prefix('.').ok_or("minor number missing")?)?;
        let (patch, rest) = cut_number(rest.strip_prefix('.').ok_or("patch number missing")?)?;
        Ok(Self {
            numbers: [major, minor, patch],
            prerelease: read_suffix(rest)?,
        })
    }

    /// Orders two versions by precedence (section 11).
    pub(in crate::version) fn precedence(&self, other: &Self) -> Ordering {
        self.numbers_precedence(other)
            .then_with(|| compare_prereleases(self.prerelease, other.prerelease))
    }

    /// Orders major, minor and patch alone.
    pub(in crate::version) fn numbers_precedence(&self, other: &Self) -> Ordering {
        self.numbers
            .iter()
            .zip(other.numbers)
            .map(|(left, right)| digits::compare(left, right))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// The numbers of a release without a pre-release or build metadata, each of at most 15 digits: nearly every version is
/// one, and what SemVer says of it holds for crates.io and npm alike. `None` says nothing of any other text.
pub(in crate::version) fn plain(text: &str) -> Option<[u64; 3]> {
    let mut numbers = [0_u64; 3];
    let (mut slots, mut digits) = (numbers.iter_mut(), 0_u8);
    let mut slot = slots.next()?;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 15 && (digits == 0 || *slot > 0) => {
                *slot = slot.checked_mul(10)?.checked_add(u64::from(byte & 0xf))?;
                digits = digits.saturating_add(1);
            }
            b'.' if digits > 0 => {
                slot = slots.next()?;
                digits = 0;
            }
            _ => return None,
        }
    }
    (digits > 0 && slots.next().is_none()).then_some(numbers)
}

/// Cuts a number off the front of `text` (section 2: no leading zeros).
///
/// # Errors
/// The rule that `text` breaks.
pub(in crate::version) fn cut_number(text: &str) -> Result<(&str, &str), &'static str> {
    let (number, rest) = digits::cut(text);
    if number.is_empty() {
        Err("number missing")
    } else if has_leading_zero(number) {
        Err("leading zero")
    } else {
        Ok((number, rest))
    }
}

/// Reads `-pre+build`, either part being optional, and returns the pre-release without its hyphen
/// (sections 9 and 10).
///
/// # Errors
/// The rule that `text` breaks.
pub(in crate::version) fn read_suffix(text: &str) -> Result<&str, &'static str> {
    let (front, build) = match text.split_once('+') {
        Some((front, build)) => (front, Some(build)),
        None => (text, None),
    };
    let prerelease = match front.strip_prefix('-') {
        Some(prerelease) => {
            check_identifiers(prerelease)?;
            if prerelease
                .split('.')
                .any(|part| digits::only(part) && has_leading_zero(part))
            {
                return Err("leading zero in a pre-release");
            }
            prerelease
        }
        None if front.is_empty() => "",
        None => return Err("neither a pre-release nor build metadata after the patch number"),
    };
    build.map_or(Ok(()), check_identifiers)?;
    Ok(prerelease)
}

/// Orders two pre-releases; an empty one is a release and comes last (section 11.3 and 11.4).
pub(in crate::version) fn compare_prereleases(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(left), Some(right)) => match compare_identifiers(left, right) {
                Ordering::Equal => {}
                order @ (Ordering::Less | Ordering::Greater) => return order,
            },
        }
    }
}

/// Fills in what people leave out when they write an advisory: `v1.2` is `1.2.0`, `01.2.3` is
/// `1.2.3`, `1-rc1` is `1.0.0-rc1`. What SemVer reads, and what stays unreadable, is left alone.
pub(in crate::version) fn fill(text: &str) -> Cow<'_, str> {
    match Version::read(text) {
        Ok(_) => Cow::Borrowed(text),
        Err(_) => match filled(text) {
            Some(filled) => Cow::Owned(filled),
            None => Cow::Borrowed(text),
        },
    }
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, suffix) = text.split_at_checked(end)?;
    let (front, build) = suffix.split_at_checked(suffix.find('+').unwrap_or(suffix.len()))?;
    let mut filled = String::with_capacity(text.len().saturating_add(4));
    let mut count = 0_u8;
    for number in core.split('.') {
        if !digits::only(number) || count == 3 {
            return None;
        }
        push_part(&mut filled, count > 0, number);
        count = count.saturating_add(1);
    }
    while count < 3 {
        push_part(&mut filled, true, "0");
        count = count.saturating_add(1);
    }
    if let Some(prerelease) = front.strip_prefix('-') {
        filled.push('-');
        for (place, part) in prerelease.split('.').enumerate() {
            push_part(&mut filled, place > 0, part);
        }
    }
    filled.push_str(build);
    Version::read(&filled).is_ok().then_some(filled)
}

fn push_part(filled: &mut String, dotted: bool, part: &str) {
    if dotted {
        filled.push('.');
    }
    match digits::significant(part) {
        "" if digits::only(part) => filled.push('0'),
        significant if digits::only(part) => filled.push_str(significant),
        _text => filled.push_str(part),
    }
}

fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (digits::only(left), digits::only(right)) {
        (true, true) => digits::compare(left, right),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}

fn check_identifiers(text: &str) -> Result<(), &'static str> {
    for part in text.split('.') {
        if part.is_empty() {
            return Err("empty identifier");
        }
        if !part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err("an identifier holds more than letters, digits and hyphens");
        }
    }
    Ok(())
}

fn has_leading_zero(number: &str) -> bool {
    number.len() > 1 && number.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_filled_in() {
        for (written, filled) in [
            ("0", "0.0.0"),
            ("1", "1.0.0"),
            ("1.2", "1.2.0"),
            ("v1.2.3", "1.2.3"),
            ("V1", "1.0.0"),
            (" 1.2 ", "1.2.0"),
            ("01.002.3", "1.2.3"),
            ("00.0", "0.0.0"),
            ("1-rc.01", "1.0.0-rc.1"),
            ("1.2-00", "1.2.0-0"),
            ("1.2+007", "1.2.0+007"),
            ("1.2-01a+b", "1.2.0-01a+b"),
        ] {
            assert_eq!(fill(written), filled, "{written}");
        }
    }

    #[test]
    fn what_cannot_be_filled_stays() {
        for text in [
            "", "v", "1.2.3.4", "1..2", "2.0.x", "1.2-", "1.2.3+", "1.2-a..b", "1.2-é", "latest", "-1",
        ] {
            assert_eq!(fill(text), text);
            assert!(Version::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_strict_version_is_not_copied() {
        assert!(matches!(fill("1.2.3-rc.1+b"), Cow::Borrowed(_)));
    }
}
