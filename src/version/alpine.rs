//! Versions of Alpine packages, as apk reads and orders them (apk-tools 3); Wolfi's and Chainguard's too.
//!
//! Numbers with dots between them, a letter, suffixes (`_rc1`, `_p2`), a commit's hash behind `~` and a revision (`-r3`), each of which may be left
//! out. Where one version ends it comes before the other one, unless that goes on with a suffix of a pre-release: `1.0_rc1` < `1.0` < `1.0.0`
//! < `1.0-r0`. A number that begins with a zero is compared as text, as is the one beside it, but for the first: `1.010` < `1.09`.

use std::cmp::Ordering;

use super::grammar::digits;
use super::{Scheme, Unorderable};

/// The order of apk.
#[derive(Debug, Clone, Copy)]
pub struct Alpine;

impl Scheme for Alpine {
    fn name(&self) -> &'static str {
        "alpine"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        check(left)?;
        check(right)?;
        Ok(order(left, right))
    }

    /// A bound without a revision means any.
    fn compare_with_bound(&self, version: &str, bound: &str) -> Result<Ordering, Unorderable> {
        let has_revision = bound.contains('-');
        let release = version.split_once('-').map(|(release, _)| release);
        match release.filter(|_| !has_revision) {
            Some(release) => {
                check(version)?;
                self.compare(release, bound)
            }
            None => self.compare(version, bound),
        }
    }

    fn is_prerelease(&self, version: &str) -> bool {
        let is_before = |token| matches!(token, Token::Suffix(suffix) if suffix < Suffix::Cvs);
        check(version).is_ok() && tokens(version).filter_map(Result::ok).any(is_before)
    }
}

/// The rules that a version breaks, if any.
fn check(version: &str) -> Result<(), Unorderable> {
    match tokens(version).find_map(Result::err) {
        None => Ok(()),
        Some(reason) => Err(Unorderable::new(version, reason)),
    }
}

/// Orders two versions that keep the rules.
fn order(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (tokens(left), tokens(right));
    loop {
        let pair = (
            left.next().and_then(Result::ok),
            right.next().and_then(Result::ok),
        );
        let order = match pair {
            (None, None) => return Ordering::Equal,
            (Some(left), Some(right)) if left.rank() == right.rank() => left.compare(&right),
            (left, right) if left.is_some_and(Token::is_before) => {
                match right.is_some_and(Token::is_before) {
                    // Both are suffixes then, and of one rank.
                    true => Ordering::Equal,
                    false => Ordering::Less,
                }
            }
            (_, Some(right)) if right.is_before() => Ordering::Greater,
            // What is further behind in a version is less.
            (left, right) => {
                let rank = |token: Option<Token<'_>>| token.map_or(u8::MAX, Token::rank);
                rank(right).cmp(&rank(left))
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    /// The first number.
    First(u64),
    /// Another one, and its digits.
    Number(u64, &'a str),
    Letter(u8),
    Suffix(Suffix),
    SuffixNumber(u64),
    Hash(&'a str),
    Revision(u64),
}

/// In their order; those before [`Suffix::Cvs`] come before the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suffix {
    Alpha,
    Beta,
    Pre,
    Rc,
    Cvs,
    Svn,
    Git,
    Hg,
    P,
}

impl Suffix {
    fn named(name: &str) -> Option<Self> {
        match name {
            "alpha" => Some(Self::Alpha),
            "beta" => Some(Self::Beta),
            "pre" => Some(Self::Pre),
            "rc" => Some(Self::Rc),
            "cvs" => Some(Self::Cvs),
            "svn" => Some(Self::Svn),
            "git" => Some(Self::Git),
            "hg" => Some(Self::Hg),
            "p" => Some(Self::P),
            _unknown => None,
        }
    }
}

impl Token<'_> {
    /// Where in a version it stands.
    fn rank(self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(..) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Hash(_) => 5,
            Self::Revision(_) => 6,
        }
    }

    /// What ends before it is the later one.
    fn is_before(self) -> bool {
        matches!(self, Self::Suffix(suffix) if suffix < Suffix::Cvs)
    }

    /// Orders two tokens of one rank.
    fn compare(self, other: &Self) -> Ordering {
        match (self, *other) {
            (Self::Number(left, digits), Self::Number(right, other)) => {
                match digits.starts_with('0') || other.starts_with('0') {
                    true => digits.cmp(other),
                    false => left.cmp(&right),
                }
            }
            (Self::First(left), Self::First(right))
            | (Self::SuffixNumber(left), Self::SuffixNumber(right))
            | (Self::Revision(left), Self::Revision(right)) => left.cmp(&right),
            (Self::Letter(left), Self::Letter(right)) => left.cmp(&right),
            (Self::Suffix(left), Self::Suffix(right)) => left.cmp(&right),
            (Self::Hash(left), Self::Hash(right)) => left.cmp(right),
            (_, _) => Ordering::Equal,
        }
    }
}

/// The tokens of a version; the first rule that it breaks ends them.
fn tokens(version: &str) -> impl Iterator<Item = Result<Token<'_>, &'static str>> {
    let mut rest = Some(version);
    let mut last: Option<Token<'_>> = None;
    std::iter::from_fn(move || {
        let text = rest.take()?;
        match (last, text) {
            (Some(_), "") => None,
            (last_one, text) => Some(next(last_one, text).map(|(token, behind)| {
                (rest, last) = (Some(behind), Some(token));
                token
            })),
        }
    })
}

/// The token that `text` begins with, after `last`, and what follows it.
fn next<'a>(last: Option<Token<'a>>, text: &'a str) -> Result<(Token<'a>, &'a str), &'static str> {
    const ORDER: &str = "apk wants numbers, a letter, suffixes, a hash and a revision, in this order";
    let Some(last) = last else {
        let (number, rest) = digits::cut(text);
        return match number {
            "" => Err("apk wants a number first"),
            number => Ok((Token::First(value(number)), rest)),
        };
    };
    let rank = last.rank();
    let mut letters = text.chars();
    match letters.next() {
        Some(letter @ 'a'..='z') if rank <= 1 => {
            let letter = u8::try_from(letter).unwrap_or_default();
            Ok((Token::Letter(letter), letters.as_str()))
        }
        Some('.') if rank <= 1 => match digits::cut(letters.as_str()) {
            ("", _) => Err("a number is missing behind a dot"),
            (number, rest) => Ok((Token::Number(value(number), number), rest)),
        },
        Some('0'..='9') if rank == 3 => {
            let (number, rest) = digits::cut(text);
            Ok((Token::SuffixNumber(value(number)), rest))
        }
        Some('_') if rank <= 4 => {
            let (name, rest) = cut(letters.as_str(), |byte| byte.is_ascii_lowercase());
            let suffix = Suffix::named(name).ok_or("a suffix that apk does not know")?;
            Ok((Token::Suffix(suffix), rest))
        }
        Some('~') if rank < 5 => {
            match cut(letters.as_str(), |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                ("", _) => Err("a hash is missing behind ~"),
                (hash, rest) => Ok((Token::Hash(hash), rest)),
            }
        }
        Some('-') if rank < 6 => match letters.as_str().strip_prefix('r').map(digits::cut) {
            None | Some(("", _)) => Err("a revision is -r and a number"),
            Some((number, rest)) => Ok((Token::Revision(value(number)), rest)),
        },
        Some(_) | None => Err(ORDER),
    }
}

/// Splits what `holds` at the front of `text` from the rest.
fn cut(text: &str, holds: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !holds(byte));
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// As apk reads digits: what is above 64 bits begins anew.
fn value(digits: &str) -> u64 {
    digits.bytes().fold(0, |value: u64, byte| {
        value.wrapping_mul(10).wrapping_add(u64::from(byte & 0xf))
    })
}
