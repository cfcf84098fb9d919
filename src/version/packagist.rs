//! Versions of PHP packages, as Composer reads them (`VersionParser::normalize` of composer/semver 3.4) and orders them
//! (`Comparator`, which is `version_compare` of PHP on what was read).
//!
//! - Up to four numbers, the first of at most five digits, or a date (`2010-01-02`, `20100102`, `2010.01.02.1234`), which
//!   keeps as many parts as it has. Four parts are above three.
//! - Behind them one of `alpha`, `beta`, `RC`, `patch` (`a`, `b`, `p`, `pl`) with numbers of its own, and `-dev`. In the
//!   order: dev, alpha, beta, RC, nothing, further numbers, patch. `stable` is nothing, but written with a capital
//!   letter it is a word that PHP does not know, before all others.
//! - `1.5.x-dev` is a branch, and above all of `1.5`. `dev-main` is one that says no version: it is below every number, and not
//!   ordered towards another branch.
//! - Surrounding white space, a leading `v`, build metadata, `@stable` and `1.0 as 2.0` are read as if they were not there.
//! - PHP reads numbers as 64 bits: from 2^63 - 1 on all are equal.
//!
//! `composer audit` asks whether a version is in the range of an advisory, such as `>=1.0,<1.2.3`, by `Semver::satisfies`. There the
//! bounds of `>=` and `<` have `-dev` behind them if they name no stability but `RC` with a hyphen, and a branch without numbers is in no
//! range ([`Scheme::compare_with_bound`]). So `1.2.3-RC1` is not before `1.2.3`, is not below it either, and is up to it: equal.

use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// The order of Packagist.
#[derive(Debug, Clone, Copy)]
pub struct Packagist;

impl Scheme for Packagist {
    fn name(&self) -> &'static str {
        "packagist"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(left), self.plain(right)) {
            return Ok(left.cmp(&right));
        }
        match (read(left)?, read(right)?) {
            (Version::Branch(one), Version::Branch(other)) if one == other => Ok(Ordering::Equal),
            (Version::Branch(_), Version::Branch(_)) => {
                Err(Unorderable::new(left, "two branches have no order"))
            }
            (Version::Branch(_), Version::Numbered(_)) => Ok(Ordering::Less),
            (Version::Numbered(_), Version::Branch(_)) => Ok(Ordering::Greater),
            (Version::Numbered(own), Version::Numbered(other)) => Ok(own.order(&other)),
        }
    }

    /// A bound without a stability stands for all that lies between its `-dev` and itself: `>=` and `<` begin and end before its
    /// pre-releases, and `<=` ends behind them.
    fn compare_with_bound(&self, version: &str, bound: &str) -> Result<Ordering, Unorderable> {
        if let (Some(left), Some(right)) = (self.plain(version), self.plain(bound)) {
            return Ok(left.cmp(&right));
        }
        match (read(version)?, read(bound)?) {
            (Version::Branch(_), _) => Err(Unorderable::new(version, "a branch is in no range")),
            (_, Version::Branch(_)) => Err(Unorderable::new(bound, "a branch bounds no range")),
            (Version::Numbered(held), Version::Numbered(end)) => {
                let order = held.order(&end);
                let is_begun = || !names_stability(bound) && held.order(&end.with_devs(1)).is_ge();
                Ok(match order {
                    Ordering::Less if is_begun() => Ordering::Equal,
                    order => order,
                })
            }
        }
    }

    fn is_same(&self, version: &str, listed: &str) -> bool {
        self.compare(version, listed).is_ok_and(Ordering::is_eq)
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        // From six digits on it is a date, or nothing.
        semver::plain(version).filter(|[first, ..]| *first < 100_000)
    }

    /// `VersionParser::parseStability`: everything but `stable`, of which a patch is one.
    fn is_prerelease(&self, version: &str) -> bool {
        match read(version) {
            Ok(Version::Branch(_)) => true,
            Ok(Version::Numbered(version)) => {
                version.devs > 0 || version.word.is_some_and(|word| word.rank < RANK_OF_NOTHING)
            }
            Err(_) => false,
        }
    }
}

/// How finished a version is, least first (`VersionParser::parseStability`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stability {
    /// A branch, or what stands before all else.
    Dev,
    /// `alpha`, `a`.
    Alpha,
    /// `beta`, `b`.
    Beta,
    /// `RC`.
    Rc,
    /// Anything else.
    Stable,
}

/// How finished `version` is; `None` for what is none.
#[must_use]
pub fn stability(version: &str) -> Option<Stability> {
    Some(match normalise(version)? {
        Version::Branch(_) => Stability::Dev,
        Version::Numbered(version) if version.devs > 0 => Stability::Dev,
        Version::Numbered(version) => match version.word.map(|word| word.rank) {
            Some(1) => Stability::Alpha,
            Some(2) => Stability::Beta,
            Some(RANK_OF_RC) => Stability::Rc,
            Some(_) | None => Stability::Stable,
        },
    })
}

/// What a version comes to, for ranges.
pub(super) enum Normal<'a> {
    /// The branch's name.
    Branch(&'a str),
    /// One that has an order.
    Numbered,
}

/// What `text` comes to; `None` for what is no version.
pub(super) fn normal(text: &str) -> Option<Normal<'_>> {
    Some(match normalise(text)? {
        Version::Branch(name) => Normal::Branch(name),
        Version::Numbered(_) => Normal::Numbered,
    })
}

/// The order of two versions with numbers, each with so many more `-dev` behind it.
pub(super) fn order_with_devs(
    (left, more): (&str, usize),
    (right, other): (&str, usize),
) -> Option<Ordering> {
    match (normalise(left)?, normalise(right)?) {
        (Version::Numbered(left), Version::Numbered(right)) => {
            Some(left.with_devs(more).order(&right.with_devs(other)))
        }
        (Version::Branch(_), _) | (_, Version::Branch(_)) => None,
    }
}

/// A version that Composer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version<'a> {
    /// `dev-main`: the branch's name.
    Branch(&'a str),
    Numbered(Numbered<'a>),
}

/// A version with numbers, as slices of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbered<'a> {
    /// Digits, and one other character between two numbers, or none between those of a date.
    core: &'a str,
    /// How many parts it has at least; those that are not written are `fill`.
    parts: usize,
    fill: &'static str,
    /// The stability, and the numbers behind it.
    word: Option<Word<'a>>,
    /// How often `-dev` stands at its end.
    devs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word<'a> {
    rank: i8,
    numbers: &'a str,
}

/// Words in the order of `version_compare`, each with its short forms. Where a version ends, or a number stands in the place of a
/// word, [`RANK_OF_NOTHING`] counts.
const WORDS: [(&str, i8); 9] = [
    ("stable", UNKNOWN),
    ("alpha", 1),
    ("a", 1),
    ("beta", 2),
    ("b", 2),
    ("rc", RANK_OF_RC),
    ("patch", 5),
    ("pl", 5),
    ("p", 5),
];
/// A word that PHP does not know.
const UNKNOWN: i8 = -1;
const RANK_OF_DEV: i8 = 0;
const RANK_OF_RC: i8 = 3;
const RANK_OF_NOTHING: i8 = 4;
/// What stands for a number of a branch that is left out.
const OPEN: &str = "9999999";

/// A part of a version, as `version_compare` splits it.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Number(&'a str),
    Word(i8),
}

impl<'a> Numbered<'a> {
    fn order(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.all(), other.all());
        loop {
            let order = match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (Some(part), None) => return part.order_to_nothing(),
                (None, Some(part)) => return part.order_to_nothing().reverse(),
                (Some(left), Some(right)) => left.order(right),
            };
            if order.is_ne() {
                return order;
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let written = numbers(self.core);
        let missing = self.parts.saturating_sub(written.clone().count());
        let fill = std::iter::repeat_n(Part::Number(self.fill), missing);
        let word = self
            .word
            .into_iter()
            .flat_map(|word| std::iter::once(Part::Word(word.rank)).chain(numbers(word.numbers).map(number)));
        let devs = std::iter::repeat_n(Part::Word(RANK_OF_DEV), self.devs);
        written.map(number).chain(fill).chain(word).chain(devs)
    }

    /// With `more` times `-dev` at its end.
    fn with_devs(self, more: usize) -> Self {
        Self {
            devs: self.devs.saturating_add(more),
            ..self
        }
    }
}

impl Part<'_> {
    fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => compare_numbers(left, right),
            (Self::Number(_), Self::Word(rank)) => RANK_OF_NOTHING.cmp(&rank),
            (Self::Word(rank), Self::Number(_)) => rank.cmp(&RANK_OF_NOTHING),
            (Self::Word(left), Self::Word(right)) => left.cmp(&right),
        }
    }

    /// Where the other version has ended.
    fn order_to_nothing(self) -> Ordering {
        match self {
            Self::Number(_) => Ordering::Greater,
            Self::Word(rank) => rank.cmp(&RANK_OF_NOTHING),
        }
    }
}

fn number(digits: &str) -> Part<'_> {
    match digits {
        "x" | "X" | "*" => Part::Number(OPEN),
        digits => Part::Number(digits),
    }
}

/// The runs of digits and wildcards in `text`; where nothing stands between two numbers of a date, they are one.
fn numbers(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(['.', '-', ':']).filter(|part| !part.is_empty())
}

/// `strtol` keeps what fits into 64 bits.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    if left.len() <= 18 && right.len() <= 18 {
        return digits::compare(left, right);
    }
    let clamped = |text: &str| match digits::significant(text) {
        "" => 0,
        text => text.parse::<i64>().unwrap_or(i64::MAX),
    };
    clamped(left).cmp(&clamped(right))
}

fn read(text: &str) -> Result<Version<'_>, Unorderable> {
    normalise(text).ok_or_else(|| Unorderable::new(text, "Composer reads no version in it"))
}

/// The steps of `VersionParser::normalize`, in its order.
fn normalise(text: &str) -> Option<Version<'_>> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']);
    let text = without_alias(text);
    let text = without_flag(text);
    if matches!(text, "master" | "trunk" | "default") {
        return Some(Version::Branch(text));
    }
    if let Some((front, branch)) = text.split_at_checked(4)
        && front.eq_ignore_ascii_case("dev-")
    {
        return Some(Version::Branch(branch));
    }
    // In what follows the end is also in front of a line feed that is the last character.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = without_build(text);
    release(text)
        .or_else(|| date(text))
        .or_else(|| branch(text))
        .map(Version::Numbered)
}

/// `1.0 as 2.0` is `1.0`.
fn without_alias(text: &str) -> &str {
    let is_token =
        |text: &str| !text.is_empty() && !text.contains(|letter| letter == ',' || is_white_space(letter));
    let split = || {
        let (version, rest) = text.split_once(' ')?;
        let alias = rest.trim_start_matches(' ').strip_prefix("as ")?;
        (is_token(version) && is_token(alias.trim_start_matches(' '))).then_some(version)
    };
    split().unwrap_or(text)
}

/// `1.0@beta` is `1.0`.
fn without_flag(text: &str) -> &str {
    let split = || {
        let (version, flag) = text.rsplit_once('@')?;
        ["stable", "rc", "beta", "alpha", "dev"]
            .iter()
            .any(|known| flag.eq_ignore_ascii_case(known))
            .then_some(version)
    };
    split().unwrap_or(text)
}

fn without_build(text: &str) -> &str {
    match text.split_once('+') {
        Some((version, build))
            if !version.is_empty()
                && !build.is_empty()
                && !version.contains(|letter| letter == ',' || is_white_space(letter))
                && !build.contains(is_white_space) =>
        {
            version
        }
        Some(_) | None => text,
    }
}

/// `\s` of PCRE.
fn is_white_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

fn without_v(text: &str) -> &str {
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

/// One to four numbers, and a stability.
fn release(text: &str) -> Option<Numbered<'_>> {
    let text = without_v(text);
    let (first, mut rest) = digits::cut(text);
    if !matches!(first.len(), 1..=5) {
        return None;
    }
    for _ in 0..3 {
        let Some((number, behind)) = rest.strip_prefix('.').map(digits::cut) else {
            break;
        };
        if number.is_empty() {
            break;
        }
        rest = behind;
    }
    let core = text.get(..text.len().checked_sub(rest.len())?)?;
    with_stability(core, 4, rest)
}

/// A year of four digits, one to six numbers of two, and up to two more of one to three, with one of `.`, `:`, `-` or nothing
/// before each. It keeps as many parts as it has.
fn date(text: &str) -> Option<Numbered<'_>> {
    let text = without_v(text);
    let letters = text.find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | ':' | '-')));
    let front = text.get(..letters.unwrap_or(text.len()))?;
    let core = front.trim_end_matches(['.', ':', '-']);
    let (year, rest) = core.split_at_checked(4)?;
    if !digits::only(year) || !has_pairs(rest, 6) {
        return None;
    }
    with_stability(core, 0, text.get(core.len()..)?)
}

/// `text` is one to `most` numbers of two digits, and what [`has_tail`] reads.
fn has_pairs(text: &str, most: u8) -> bool {
    let Some(rest) = most.checked_sub(1).and_then(|_| cut_digits(text, 2)) else {
        return false;
    };
    has_tail(rest, 2) || has_pairs(rest, most.saturating_sub(1))
}

/// `text` is at most `most` numbers of one to three digits.
fn has_tail(text: &str, most: u8) -> bool {
    text.is_empty()
        || most > 0
            && (1..=3).any(|count| {
                cut_digits(text, count).is_some_and(|rest| has_tail(rest, most.saturating_sub(1)))
            })
}

/// `text` behind `count` digits, with or without a separator before them.
fn cut_digits(text: &str, count: usize) -> Option<&str> {
    let text = text.strip_prefix(['.', ':', '-']).unwrap_or(text);
    let (number, rest) = text.split_at_checked(count)?;
    digits::only(number).then_some(rest)
}

/// `core` with what stands behind it: a separator, a stability with numbers, `dev`, each of which may be missing.
fn with_stability<'a>(core: &'a str, parts: usize, rest: &'a str) -> Option<Numbered<'a>> {
    let plain = Numbered {
        core,
        parts,
        fill: "0",
        word: None,
        devs: 0,
    };
    let behind = rest.strip_prefix(['.', '_', '-']).unwrap_or(rest);
    let word = WORDS.iter().find_map(|(word, rank)| {
        let (front, behind) = behind.split_at_checked(word.len())?;
        front.eq_ignore_ascii_case(word).then_some((front, *rank, behind))
    });
    let (word, rest) = match word {
        None => (None, behind),
        Some((written, rank, behind)) => {
            let rest = behind_numbers(behind);
            let numbers = behind.get(..behind.len().checked_sub(rest.len())?)?;
            // Any other spelling of it is kept as a word.
            if written == "stable" {
                return is_dev(rest).map(|_| plain);
            }
            (Some(Word { rank, numbers }), rest)
        }
    };
    Some(Numbered {
        word,
        devs: usize::from(is_dev(rest)?),
        ..plain
    })
}

/// What follows numbers with one of `.` or `-` before each, or nothing.
fn behind_numbers(text: &str) -> &str {
    let mut rest = text;
    loop {
        let (number, behind) = digits::cut(rest.strip_prefix(['.', '-']).unwrap_or(rest));
        if number.is_empty() {
            return rest;
        }
        rest = behind;
    }
}

/// `rest` is `dev`, or nothing; `None` for anything else.
fn is_dev(rest: &str) -> Option<bool> {
    if rest.is_empty() {
        return Some(false);
    }
    let word = rest.strip_prefix(['.', '-']).unwrap_or(rest);
    word.eq_ignore_ascii_case("dev").then_some(true)
}

/// `1.5.x-dev`: one to four numbers, or wildcards in place of all but the first, and `dev`.
fn branch(text: &str) -> Option<Numbered<'_>> {
    // A `.` in Composer's pattern is no line feed, and the pattern may begin anywhere.
    let line = text.rsplit('\n').next().unwrap_or(text);
    let (name, dev) = line.split_at_checked(line.len().checked_sub(3)?)?;
    if !dev.eq_ignore_ascii_case("dev") {
        return None;
    }
    let name = name.strip_suffix(['.', '-']).unwrap_or(name);
    let core = without_v(name.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']));
    let mut parts = core.split('.');
    let is_first = parts.next().is_some_and(digits::only);
    let mut others = 0_u8;
    let are_parts = parts.all(|part| {
        others = others.saturating_add(1);
        matches!(part, "x" | "X" | "*") || digits::only(part)
    });
    (is_first && are_parts && others < 4).then_some(Numbered {
        core,
        parts: 4,
        fill: OPEN,
        word: None,
        devs: 1,
    })
}

/// A hyphen in `bound` is followed by a stability, `dev` or nothing to its end: then `>=` and `<` leave it as it is. Composer
/// looks for `RC` in a text of small letters, and so finds none.
pub(super) fn names_stability(bound: &str) -> bool {
    let is_found = |rest: &str| {
        let read = with_stability("", 0, rest);
        read.is_some_and(|read| read.word.is_none_or(|word| word.rank != RANK_OF_RC))
    };
    bound
        .match_indices('-')
        .any(|(at, _)| bound.get(at.saturating_add(1)..).is_some_and(is_found))
}
