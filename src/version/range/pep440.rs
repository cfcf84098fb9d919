//! Version specifiers of Python, as `SpecifierSet` of PyPA's `packaging` 26 reads and decides them (PEP 440, "Version
//! specifiers").
//!
//! `==1.4` takes `1.4+local` and `==1.4+local` nothing else; `>1.4` takes neither post-releases nor local versions of
//! 1.4, and `<1.4` none of its pre-releases; `~=1.4.2` is `>=1.4.2, ==1.4.*`; `===` compares text. Parts that are empty
//! between commas are passed over, and a range without any takes every version.

use std::cmp::Ordering;

use super::{BadRange, RangeSyntax};
use crate::version::Unorderable;
use crate::version::grammar::digits;
use crate::version::pep440::{Version, compare_optional, is_white_space};

/// The specifiers of `requires-dist` and requirement lines; pre-releases are taken.
#[derive(Debug, Clone, Copy)]
pub struct Pep440;

/// Whether pre-releases and development releases are taken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prereleases {
    /// Where the specifiers have them: `prereleases=True`.
    Taken,
    /// Never, not even where a specifier names one: `prereleases=False`.
    Refused,
}

/// One part between commas.
enum Specifier<'a> {
    /// `===`: the text itself.
    Text(&'a str),
    /// `==` (`Equal`) or `!=` with `.*` behind a release.
    Prefix(Equality, Version<'a>),
    /// `==` or `!=`.
    Equality(Equality, Version<'a>),
    /// `~=`.
    Compatible(Version<'a>),
    /// `<`, `<=`, `>`, `>=`.
    Bound(Bound, Version<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Equality {
    Is,
    IsNot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Above,
    Below,
    AtLeast,
    AtMost,
}

/// Longer ones first where one begins another.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equality(Equality::Is)),
    ("!=", Operator::Equality(Equality::IsNot)),
    ("~=", Operator::Compatible),
    ("<=", Operator::Bound(Bound::AtMost)),
    (">=", Operator::Bound(Bound::AtLeast)),
    ("<", Operator::Bound(Bound::Below)),
    (">", Operator::Bound(Bound::Above)),
];

#[derive(Clone, Copy)]
enum Operator {
    Equality(Equality),
    Compatible,
    Bound(Bound),
}

impl RangeSyntax for Pep440 {
    fn name(&self) -> &'static str {
        "pep440"
    }

    fn contains(&self, range: &str, version: &str) -> Result<bool, BadRange> {
        contains(range, version, Prereleases::Taken)
    }
}

/// Whether `version` is in `range`, with or without pre-releases.
///
/// # Errors
/// Which of the two cannot be read, and why. A version that is none can be read where every specifier is `===`.
pub fn contains(range: &str, version: &str, prereleases: Prereleases) -> Result<bool, BadRange> {
    for part in parts(range) {
        Specifier::read(part).map_err(|reason| BadRange::unreadable(range, reason))?;
    }
    let mut specifiers = parts(range)
        .filter_map(|part| Specifier::read(part).ok())
        .peekable();
    let read = Version::read(version).map_err(|reason| Unorderable::new(version, reason));
    if specifiers.peek().is_none() {
        read.clone()?;
    }
    let mut contains = match (&read, prereleases) {
        (Ok(read), Prereleases::Refused) => !read.is_prerelease(),
        (Ok(_) | Err(_), Prereleases::Taken) | (Err(_), Prereleases::Refused) => true,
    };
    for specifier in specifiers {
        contains &= match specifier {
            Specifier::Text(text) => is_same_text(text, version),
            other => other.takes(read.as_ref().map_err(Clone::clone)?),
        };
    }
    Ok(contains)
}

/// Whether a specifier of `range` other than `!=` names a pre-release, which is how a project asks for them (PEP 440,
/// "Handling of pre-releases").
///
/// # Errors
/// Why `range` cannot be read.
pub fn asks_for_prereleases(range: &str) -> Result<bool, BadRange> {
    let mut asks = false;
    for part in parts(range) {
        let specifier = Specifier::read(part).map_err(|reason| BadRange::unreadable(range, reason))?;
        asks |= match specifier {
            Specifier::Text(text) => Version::read(text).is_ok_and(|version| version.is_prerelease()),
            Specifier::Prefix(..) | Specifier::Equality(Equality::IsNot, _) => false,
            Specifier::Equality(Equality::Is, version)
            | Specifier::Compatible(version)
            | Specifier::Bound(_, version) => version.is_prerelease(),
        };
    }
    Ok(asks)
}

fn parts(range: &str) -> impl Iterator<Item = &str> {
    range
        .split(',')
        .map(|part| part.trim_matches(is_white_space))
        .filter(|part| !part.is_empty())
}

impl<'a> Specifier<'a> {
    fn read(part: &'a str) -> Result<Self, &'static str> {
        if let Some(text) = part.strip_prefix("===") {
            let text = text.trim_start_matches(is_white_space);
            let is_other = |character: char| is_white_space(character) || matches!(character, ';' | ')');
            return match !text.is_empty() && !text.contains(is_other) {
                true => Ok(Self::Text(text)),
                false => Err("`===` wants one text"),
            };
        }
        let operator = OPERATORS
            .into_iter()
            .find_map(|(sign, operator)| Some((operator, part.strip_prefix(sign)?)));
        let (operator, text) = operator.ok_or("no operator of PEP 440 in front of a version")?;
        let text = text.trim_start_matches(is_white_space);
        match operator {
            Operator::Equality(equality) => match text.strip_suffix(".*") {
                Some(base) if base.ends_with(is_white_space) => Err("white space in front of `.*`"),
                Some(base) => Self::prefix(equality, Version::read(base)?),
                None => Ok(Self::Equality(equality, Version::read(text)?)),
            },
            Operator::Compatible => {
                let version = without_local(Version::read(text)?)?;
                match version.release.contains('.') {
                    true => Ok(Self::Compatible(version)),
                    false => Err("`~=` wants at least two numbers"),
                }
            }
            Operator::Bound(bound) => Ok(Self::Bound(bound, without_local(Version::read(text)?)?)),
        }
    }

    fn prefix(equality: Equality, version: Version<'a>) -> Result<Self, &'static str> {
        let is_release = version.pre.is_none() && version.post.is_none() && version.dev.is_none();
        match is_release && version.local.is_none() {
            true => Ok(Self::Prefix(equality, version)),
            false => Err("`.*` stands behind a release alone"),
        }
    }

    /// A text is compared by [`is_same_text`], which needs no version.
    fn takes(&self, version: &Version<'_>) -> bool {
        let public = Version {
            local: None,
            ..*version
        };
        match self {
            Self::Text(_) => false,
            Self::Prefix(equality, prefix) => {
                equality.asks(prefix.is_same_epoch(version) && starts_with(version.release, prefix.release))
            }
            Self::Equality(equality, named) => equality.asks(match named.local {
                Some(_) => version.order(named).is_eq(),
                None => public.order(named).is_eq(),
            }),
            Self::Compatible(named) => {
                let (prefix, _last) = named.release.rsplit_once('.').unwrap_or_default();
                version.order(named).is_ge()
                    && named.is_same_epoch(version)
                    && starts_with(version.release, prefix)
            }
            Self::Bound(Bound::AtLeast, named) => version.order(named).is_ge(),
            Self::Bound(Bound::AtMost, named) => public.order(named).is_le(),
            Self::Bound(Bound::Above, named) => {
                public.order(named).is_gt() && !is_post_release(version, named)
            }
            // A final release has no pre-release of its own below it, and a post-release none of its development
            // releases.
            Self::Bound(Bound::Below, named) => match named.is_prerelease() {
                true => version.order(named).is_lt(),
                false => {
                    let first = Version {
                        dev: Some("0"),
                        ..*named
                    };
                    version.order(&first).is_lt()
                }
            },
        }
    }
}

impl Equality {
    fn asks(self, is_equal: bool) -> bool {
        match self {
            Self::Is => is_equal,
            Self::IsNot => !is_equal,
        }
    }
}

fn without_local(version: Version<'_>) -> Result<Version<'_>, &'static str> {
    match version.local {
        None => Ok(version),
        Some(_) => Err("a local version stands behind `==` and `!=` alone"),
    }
}

/// `version` is a post-release of `named`, which is neither one nor a development release.
fn is_post_release(version: &Version<'_>, named: &Version<'_>) -> bool {
    let same_pre = match (version.pre, named.pre) {
        (Some((stage, number)), Some((other, than))) => {
            stage == other && digits::compare(number, than).is_eq()
        }
        (left, right) => left.is_none() && right.is_none(),
    };
    named.post.is_none()
        && named.dev.is_none()
        && compare_optional(version.post, None) == Ordering::Greater
        && same_pre
        && named.is_same_epoch(version)
        && starts_with(version.release, named.release)
        && starts_with(named.release, version.release)
}

/// The numbers of `release` begin with those of `prefix`; those that are not written are zeros.
fn starts_with(release: &str, prefix: &str) -> bool {
    let mut numbers = release.split('.');
    prefix
        .split('.')
        .all(|number| digits::compare(number, numbers.next().unwrap_or_default()).is_eq())
}

/// `===` ignores case and nothing else.
fn is_same_text(left: &str, right: &str) -> bool {
    match left.is_ascii() && right.is_ascii() {
        true => left.eq_ignore_ascii_case(right),
        false => left.to_lowercase() == right.to_lowercase(),
    }
}
