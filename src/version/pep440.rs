//! Versions of Python packages, as PyPI's `packaging` reads and orders them (PEP 440 and its appendix B).
//!
//! All its spellings are read: any case, surrounding white space, a leading `v`, `alpha` for `a`, `c`, `pre`
//! and `preview` for `rc`, `rev` and `r` for `post`, `1.0-1` for `1.0.post1`, optional separators. Numbers
//! have any length.

use std::cmp::Ordering;

use super::grammar::digits;
use super::{Scheme, Unorderable};

/// The order of PyPI.
#[derive(Debug, Clone, Copy)]
pub struct Pep440;

impl Scheme for Pep440 {
    fn name(&self) -> &'static str {
        "pep440"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let left = Version::read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = Version::read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left.order(&right))
    }

    /// A specifier without a local version matches whatever local version the candidate has, and one with a local
    /// version matches none but that (PEP 440, "Version matching"; so do `==` and `<=` of `packaging`).
    fn compare_with_bound(&self, version: &str, bound: &str) -> Result<Ordering, Unorderable> {
        let mut held = Version::read(version).map_err(|reason| Unorderable::new(version, reason))?;
        let read = Version::read(bound).map_err(|reason| Unorderable::new(bound, reason))?;
        if read.local.is_none() {
            held.local = None;
        }
        Ok(held.order(&read))
    }

    /// PEP 440, "Pre-releases" and "Developmental releases".
    fn is_prerelease(&self, version: &str) -> bool {
        Version::read(version).is_ok_and(|version| version.is_prerelease())
    }

    /// With the epoch, where one is written: `1!2` of `1!2.3`.
    fn major<'v>(&self, version: &'v str) -> &'v str {
        let text = version.trim_matches(is_white_space);
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (_, rest) = cut_epoch(text);
        let (_, rest) = digits::cut(rest);
        text.get(..text.len().saturating_sub(rest.len()))
            .unwrap_or_default()
    }
}

/// The one spelling of a version that `packaging` writes (PEP 440, "Normalization"); `None` for what is none.
#[must_use]
pub fn normalised(version: &str) -> Option<String> {
    let read = Version::read(version).ok()?;
    let mut text = String::with_capacity(version.len());
    if !read.epoch.is_empty() && number(read.epoch) != "0" {
        text.push_str(number(read.epoch));
        text.push('!');
    }
    let numbers: Vec<&str> = read.release.split('.').map(number).collect();
    text.push_str(&numbers.join("."));
    if let Some((stage, value)) = read.pre {
        text.push_str(match stage {
            Stage::Alpha => "a",
            Stage::Beta => "b",
            Stage::Candidate => "rc",
            Stage::Development | Stage::Final => "",
        });
        text.push_str(number(value));
    }
    for (label, value) in [(".post", read.post), (".dev", read.dev)] {
        if let Some(value) = value {
            text.push_str(label);
            text.push_str(number(value));
        }
    }
    if let Some(local) = read.local {
        let parts: Vec<String> = local.split(SEPARATORS).map(local_part).collect();
        text.push('+');
        text.push_str(&parts.join("."));
    }
    Some(text)
}

/// Digits without zeros in front.
fn number(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        number => number,
    }
}

fn local_part(part: &str) -> String {
    match digits::only(part) {
        true => number(part).to_owned(),
        false => part.to_ascii_lowercase(),
    }
}

/// A version as slices of its text; every number is a run of digits, empty for an implicit zero.
#[derive(Clone, Copy)]
pub(super) struct Version<'a> {
    pub(super) epoch: &'a str,
    /// Digits with single dots between them.
    pub(super) release: &'a str,
    pub(super) pre: Option<(Stage, &'a str)>,
    pub(super) post: Option<&'a str>,
    pub(super) dev: Option<&'a str>,
    pub(super) local: Option<&'a str>,
}

/// Where a release stands in a pre-release cycle, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// A development release with neither pre- nor post-release.
    Development,
    Alpha,
    Beta,
    Candidate,
    /// No pre-release.
    Final,
}

/// Longest first where one word begins another.
const STAGES: [(&str, Stage); 8] = [
    ("alpha", Stage::Alpha),
    ("a", Stage::Alpha),
    ("beta", Stage::Beta),
    ("b", Stage::Beta),
    ("preview", Stage::Candidate),
    ("pre", Stage::Candidate),
    ("c", Stage::Candidate),
    ("rc", Stage::Candidate),
];
const POST: [(&str, ()); 3] = [("post", ()), ("rev", ()), ("r", ())];
const DEV: [(&str, ()); 1] = [("dev", ())];
const SEPARATORS: [char; 3] = ['.', '_', '-'];

impl<'a> Version<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, &'static str> {
        let text = text.trim_matches(is_white_space);
        let rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (epoch, rest) = cut_epoch(rest);
        let (release, rest) = cut_release(rest).ok_or("no release number")?;
        let (pre, rest) = cut_labelled(rest, &STAGES);
        let (post, rest) = cut_post(rest);
        let (dev, rest) = cut_labelled(rest, &DEV);
        let local = match rest.strip_prefix('+') {
            Some(local) => Some(check_local(local)?),
            None if rest.is_empty() => None,
            None => return Err("more text than PEP 440 allows"),
        };
        Ok(Self {
            epoch,
            release,
            pre,
            post,
            dev: dev.map(|((), number)| number),
            local,
        })
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        let (stage, number) = self.stage();
        let (other_stage, other_number) = other.stage();
        digits::compare(self.epoch, other.epoch)
            .then_with(|| compare_releases(self.release, other.release))
            .then_with(|| stage.cmp(&other_stage))
            .then_with(|| digits::compare(number, other_number))
            .then_with(|| compare_optional(self.post, other.post))
            // A development release comes before what it leads to.
            .then_with(|| match (self.dev, other.dev) {
                (Some(left), Some(right)) => digits::compare(left, right),
                (left, right) => left.is_none().cmp(&right.is_none()),
            })
            .then_with(|| compare_locals(self.local, other.local))
    }

    pub(super) fn is_prerelease(&self) -> bool {
        self.pre.is_some() || self.dev.is_some()
    }

    pub(super) fn is_same_epoch(&self, other: &Version<'_>) -> bool {
        digits::compare(self.epoch, other.epoch).is_eq()
    }

    fn stage(&self) -> (Stage, &'a str) {
        match self.pre {
            Some(pre) => pre,
            None if self.post.is_none() && self.dev.is_some() => (Stage::Development, ""),
            None => (Stage::Final, ""),
        }
    }
}

fn cut_epoch(text: &str) -> (&str, &str) {
    let (number, rest) = digits::cut(text);
    match rest.strip_prefix('!') {
        Some(rest) if !number.is_empty() => (number, rest),
        Some(_) | None => ("", text),
    }
}

/// Cuts `1.2.3` off the front; a dot without a digit after it is left.
fn cut_release(text: &str) -> Option<(&str, &str)> {
    let (first, mut rest) = digits::cut(text);
    if first.is_empty() {
        return None;
    }
    while let Some(next) = rest.strip_prefix('.') {
        let (number, after) = digits::cut(next);
        if number.is_empty() {
            break;
        }
        rest = after;
    }
    Some((text.strip_suffix(rest)?, rest))
}

/// Cuts `[separator] word [separator] [digits]` off the front, if one of `words` is there.
fn cut_labelled<'a, T: Copy>(text: &'a str, words: &[(&str, T)]) -> (Option<(T, &'a str)>, &'a str) {
    let start = text.strip_prefix(SEPARATORS).unwrap_or(text);
    for (word, meaning) in words {
        if let Some((found, rest)) = start.split_at_checked(word.len())
            && found.eq_ignore_ascii_case(word)
        {
            let (number, rest) = digits::cut(rest.strip_prefix(SEPARATORS).unwrap_or(rest));
            return (Some((*meaning, number)), rest);
        }
    }
    (None, text)
}

fn cut_post(text: &str) -> (Option<&str>, &str) {
    if let Some(bare) = text.strip_prefix('-') {
        let (number, rest) = digits::cut(bare);
        if !number.is_empty() {
            return (Some(number), rest);
        }
    }
    let (post, rest) = cut_labelled(text, &POST);
    (post.map(|((), number)| number), rest)
}

fn check_local(text: &str) -> Result<&str, &'static str> {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match text.split(SEPARATORS).all(is_part) {
        true => Ok(text),
        false => Err("a local version holds more than letters and digits between separators"),
    }
}

/// `1`, `1.0` and `1.0.0` are equal.
fn compare_releases(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => digits::compare(left.unwrap_or_default(), right.unwrap_or_default()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Nothing comes before any number.
pub(super) fn compare_optional(left: Option<&str>, right: Option<&str>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => digits::compare(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

/// Text comes before numbers, a shorter local version before a longer one that it begins.
fn compare_locals(left: Option<&str>, right: Option<&str>) -> Ordering {
    let (Some(left), Some(right)) = (left, right) else {
        return left.is_some().cmp(&right.is_some());
    };
    let (mut left, mut right) = (left.split(SEPARATORS), right.split(SEPARATORS));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(left), Some(right)) => match (digits::only(left), digits::only(right)) {
                (true, true) => digits::compare(left, right),
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_ignoring_case(left, right),
            },
            (left, right) => left.is_some().cmp(&right.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_ignoring_case(left: &str, right: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(lower).cmp(right.bytes().map(lower))
}

/// What `\s` matches in Python's regular expressions.
pub(super) fn is_white_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::normalised;

    /// What `str(packaging.version.Version(…))` gives.
    #[test]
    fn one_version_has_one_spelling() {
        for (version, normal) in [
            ("1.0", "1.0"),
            (" v1.00.01 ", "1.0.1"),
            ("1.0-ALPHA", "1.0a0"),
            ("1.0.beta_2", "1.0b2"),
            ("1.0c3", "1.0rc3"),
            ("1.0-1", "1.0.post1"),
            ("1.0.rev", "1.0.post0"),
            ("1.0dev", "1.0.dev0"),
            ("0!1.0", "1.0"),
            ("2!1.0a1.post2.dev3+Ubuntu-01_x", "2!1.0a1.post2.dev3+ubuntu.1.x"),
        ] {
            assert_eq!(normalised(version).as_deref(), Some(normal), "{version}");
        }
        assert_eq!(normalised("main"), None);
    }
}
