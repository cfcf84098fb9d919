//! Versions of Maven, as `ComparableVersion` of Maven's own `maven-artifact` orders them.
//!
//! The rules are those of Maven 3.8.7, 3.9.16 and 3.10.0, whose code is the same. Maven 4 changes them (its
//! release candidates read `rc-1` and `rc1` as one item, for one); it is unreleased, and advisories are
//! written for the order of Maven 3.
//!
//! Every text is a version. Maven turns it into a list of numbers and words whose last item may again be
//! a list, opened by a hyphen, by a change between digits and other characters, or by a word that follows
//! something. As only the last item can be a list, the tree is a chain, and is read here as a stream of
//! items that each know how many lists open right before them; no tree is built and nothing recurses.
//!
//! One difference is known: Java decides by its own rules for words whether a capital sigma becomes a final
//! one, so that a version with Σ before a hyphen may be ordered otherwise.
//!
//! Maven's own order is not transitive on odd texts: `ga.1` < `0-alpha` < `0` < `ga.1`. Versions as they are
//! published do not run into this.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::digits;
use super::{Scheme, Unorderable};

/// The order of Maven.
#[derive(Debug, Clone, Copy)]
pub struct Maven;

impl Scheme for Maven {
    fn name(&self) -> &'static str {
        "maven"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let (left, right) = (lowercase(left), lowercase(right));
        Ok(compare_items(Items::of(&left), Items::of(&right)))
    }

    /// A word that Maven orders before the release, or one that publishers use for that.
    fn is_prerelease(&self, version: &str) -> bool {
        let version = lowercase(version);
        Items::of(&version).any(|item| match item.value {
            Value::Word(Qualifier::Other(word)) => matches!(word, "dev" | "ea" | "pre" | "preview"),
            Value::Word(word) => word.rank() < Qualifier::Release.rank(),
            Value::Number(_) => false,
        })
    }
}

/// A number or a word, and the lists that open before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Item<'a> {
    /// How many lists open between the item before and this one.
    opens: usize,
    value: Value<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    /// Decimal digits of any script of the basic plane; empty for a number that was left out.
    Number(&'a str),
    Word(Qualifier<'a>),
}

/// What a word says about a release, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Qualifier<'a> {
    Alpha,
    Beta,
    Milestone,
    Candidate,
    Snapshot,
    /// `ga`, `final`, `release`: the same as no word at all.
    Release,
    ServicePack,
    /// Any other word.
    Other(&'a str),
}

/// Whether a digit comes right after a word: only then is `a` an alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Digit,
    Other,
}

/// The length up to which Maven holds a number as `int`, and as `long`, without leading zeros.
const INT_DIGITS: usize = 9;
const LONG_DIGITS: usize = 18;

/// The items of a normalised version: those equal to nothing are gone from the end of each list, as are
/// lists without items.
#[derive(Debug, Clone)]
struct Items<'a> {
    lexer: Lexer<'a>,
    /// Lists to open before the next item.
    opens: usize,
    /// How many items ahead of the lexer are known to stay.
    kept: usize,
}

impl<'a> Items<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            lexer: Lexer {
                rest: text,
                opens: 0,
                filled: Filled::No,
            },
            opens: 0,
            kept: 0,
        }
    }

    /// Finds the next item that equals something; those before it in its list stay, those that end a list
    /// before that go. `None` where no such item follows.
    fn look_ahead(&mut self) -> Option<()> {
        let mut ahead = self.lexer.clone();
        let mut opens: usize = 0;
        let mut kept: usize = 0;
        loop {
            let start = ahead.clone();
            let Some(item) = ahead.next() else {
                // So that asking again, after the end, costs nothing.
                self.lexer = ahead;
                return None;
            };
            if item.opens > 0 {
                opens = opens.saturating_add(item.opens);
                kept = 0;
                self.lexer = start;
            }
            kept = kept.saturating_add(1);
            if item.value.against_nothing().is_ne() {
                self.opens = opens;
                self.kept = kept;
                return Some(());
            }
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if self.kept == 0 {
            self.look_ahead()?;
        }
        self.kept = self.kept.saturating_sub(1);
        let item = self.lexer.next()?;
        Some(Item {
            opens: std::mem::take(&mut self.opens),
            value: item.value,
        })
    }
}

/// Cuts a version into its items as they are written, nothing dropped.
#[derive(Debug, Clone)]
struct Lexer<'a> {
    rest: &'a str,
    /// Lists that the item before has opened.
    opens: usize,
    filled: Filled,
}

/// Whether the list that is open holds an item already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    Yes,
    No,
}

impl<'a> Lexer<'a> {
    /// Ends an item at byte `end` and goes on at byte `next`; `opens` and `filled` hold for what follows.
    fn cut(&mut self, end: usize, next: usize, filled: Filled) -> (&'a str, usize) {
        let item = self.rest.get(..end).unwrap_or_default();
        self.rest = self.rest.get(next..).unwrap_or_default();
        let opens = self.opens;
        self.opens = match filled {
            Filled::Yes => 0,
            Filled::No => 1,
        };
        self.filled = filled;
        (item, opens)
    }

    /// A word opens a list of its own when it follows an item in its list: `1.0.x` is read as `1.0-x`.
    fn opened_by_word(&self) -> usize {
        match self.filled {
            Filled::Yes => 1,
            Filled::No => 0,
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let mut in_digits = false;
        for (at, character) in self.rest.char_indices() {
            let is_digit = digit_value(character).is_some();
            if matches!(character, '.' | '-') {
                let filled = if character == '.' { Filled::Yes } else { Filled::No };
                let (text, opens) = self.cut(at, at.saturating_add(1), filled);
                return Some(Item {
                    opens,
                    value: Value::read(text, in_digits || text.is_empty()),
                });
            }
            if at > 0 && is_digit != in_digits {
                let by_word = if is_digit { self.opened_by_word() } else { 0 };
                let (text, opens) = self.cut(at, at, Filled::No);
                let value = if is_digit {
                    Value::Word(Qualifier::read(text, Before::Digit))
                } else {
                    Value::Number(text)
                };
                return Some(Item {
                    opens: opens.saturating_add(by_word),
                    value,
                });
            }
            in_digits = is_digit;
        }
        if self.rest.is_empty() {
            return None;
        }
        let by_word = if in_digits { 0 } else { self.opened_by_word() };
        let (text, opens) = self.cut(self.rest.len(), self.rest.len(), Filled::Yes);
        Some(Item {
            opens: opens.saturating_add(by_word),
            value: Value::read(text, in_digits),
        })
    }
}

impl<'a> Value<'a> {
    fn read(text: &'a str, is_number: bool) -> Self {
        match is_number {
            true => Self::Number(text),
            false => Self::Word(Qualifier::read(text, Before::Other)),
        }
    }

    /// Orders the item against an end of the version.
    fn against_nothing(self) -> Ordering {
        match self {
            Self::Number(number) if digit_values(number).all(|digit| digit == 0) => Ordering::Equal,
            Self::Number(_) => Ordering::Greater,
            Self::Word(word) => word.compare(Qualifier::Release),
        }
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => compare_numbers(left, right),
            (Self::Word(left), Self::Word(right)) => left.compare(right),
            (Self::Number(_), Self::Word(_)) => Ordering::Greater,
            (Self::Word(_), Self::Number(_)) => Ordering::Less,
        }
    }

    /// Orders the item against a list that opens at its place.
    fn against_list(self) -> Ordering {
        match self {
            Self::Number(_) => Ordering::Greater,
            Self::Word(_) => Ordering::Less,
        }
    }
}

impl<'a> Qualifier<'a> {
    fn read(word: &'a str, before: Before) -> Self {
        let known = [
            ("alpha", Self::Alpha),
            ("beta", Self::Beta),
            ("milestone", Self::Milestone),
            ("rc", Self::Candidate),
            ("cr", Self::Candidate),
            ("snapshot", Self::Snapshot),
            ("ga", Self::Release),
            ("final", Self::Release),
            ("release", Self::Release),
            ("sp", Self::ServicePack),
        ];
        let short = [("a", Self::Alpha), ("b", Self::Beta), ("m", Self::Milestone)];
        let words = match before {
            Before::Digit => known.iter().chain(&short),
            Before::Other => known.iter().chain(&[]),
        };
        let mut words = words.copied();
        words
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map_or(Self::Other(word), |(_, known)| known)
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            // Java orders texts by UTF-16 units.
            (Self::Other(left), Self::Other(right)) => units(left).cmp(units(right)),
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Alpha => 0,
            Self::Beta => 1,
            Self::Milestone => 2,
            Self::Candidate => 3,
            Self::Snapshot => 4,
            Self::Release => 5,
            Self::ServicePack => 6,
            Self::Other(_) => 7,
        }
    }
}

fn compare_items<'a>(mut left: Items<'a>, mut right: Items<'a>) -> Ordering {
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(left), None) => left.value.against_nothing(),
            (None, Some(right)) => right.value.against_nothing().reverse(),
            (Some(left), Some(right)) => match left.opens.cmp(&right.opens) {
                Ordering::Equal => left.value.compare(right.value),
                Ordering::Less => left.value.against_list(),
                Ordering::Greater => right.value.against_list().reverse(),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Orders numbers by the size of the Java type that holds them, then by value. Both agree but where a
/// long number starts with zeros that Maven does not strip: one of zeros only, or of another script.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    number_size(left).cmp(&number_size(right)).then_with(|| {
        if left.is_ascii() && right.is_ascii() {
            return digits::compare(left, right);
        }
        let (left, right) = (significant(left), significant(right));
        left.clone()
            .count()
            .cmp(&right.clone().count())
            .then_with(|| left.cmp(right))
    })
}

/// 0 for an `int`, 1 for a `long`, 2 for a `BigInteger`.
fn number_size(number: &str) -> u8 {
    if number.len() <= INT_DIGITS {
        return 0;
    }
    let digits = match digits::significant(number) {
        "" => number,
        significant => significant,
    };
    match digits.chars().count() {
        count if count <= INT_DIGITS => 0,
        count if count <= LONG_DIGITS => 1,
        _longer => 2,
    }
}

fn significant(number: &str) -> impl Iterator<Item = u8> + Clone + '_ {
    digit_values(number).skip_while(|digit| *digit == 0)
}

fn digit_values(number: &str) -> impl Iterator<Item = u8> + Clone + '_ {
    number.chars().filter_map(digit_value)
}

/// The value of a decimal digit as Java's `Character.isDigit(char)` knows them: general category `Nd`, of
/// the basic plane only. They stand in tens, zero first.
fn digit_value(character: char) -> Option<u8> {
    const ZEROS: [u32; 36] = [
        0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
        0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
        0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    ];
    let code = u32::from(character);
    let distance = match character.is_ascii() {
        true => code.checked_sub(u32::from('0')),
        false => ZEROS.iter().rev().find_map(|zero| code.checked_sub(*zero)),
    };
    distance
        .and_then(|distance| u8::try_from(distance).ok())
        .filter(|value| *value < 10)
}

/// Small letters throughout, as Maven does before anything else. ASCII is compared without regard to case
/// further on, so that ordinary versions are not copied.
fn lowercase(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.to_lowercase()),
    }
}

fn units(text: &str) -> impl Iterator<Item = u16> + '_ {
    let lower = |unit| match u8::try_from(unit) {
        Ok(byte) => u16::from(byte.to_ascii_lowercase()),
        Err(_) => unit,
    };
    text.encode_utf16().map(lower)
}
