//! A record as the index keeps it: what one database says of one problem, reduced to what is asked later.

use std::convert::Infallible;
use std::fmt;

use jiff::Timestamp;

use super::format::texts::TextAddress;
use super::source::SourceNumber;
use crate::model::advisory::Texts;
use crate::model::{Class, Ecosystem, Level};

/// One record of one database.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The database's id: `GHSA-…`, `MAL-…`, `RUSTSEC-…`.
    pub id: String,
    /// Ids of the same problem elsewhere, as written.
    pub aliases: Vec<String>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// What kind of statement it makes.
    pub class: Class,
    /// The best of its severities that hold for all its packages.
    pub rating: Option<Rating>,
    /// One line; may be empty.
    pub summary: String,
    /// What it says of which package, in the order of the source.
    pub affected: Vec<Affected>,
    /// The long texts.
    pub texts: Texts,
}

/// A record in an index: its long texts are packed, and stored elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedRecord {
    /// The record; its texts are empty.
    pub record: Record,
    /// Where it came from.
    pub source: SourceNumber,
    /// Where its texts are.
    pub text: Option<TextAddress>,
}

/// What a record says of one package. A record may have several for the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected {
    /// OSV's name, with its suffix (`Debian:12`).
    pub ecosystem: Ecosystem,
    /// The normalised name.
    pub name: String,
    /// The best of the severities that hold for this package alone.
    pub rating: Option<Rating>,
    /// Which versions.
    pub statement: Statement,
}

/// Which versions of a package are affected: those inside an interval and those listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Affected versions, as the ecosystem's order has them.
    pub intervals: Vec<Interval>,
    /// `fixed` events that end no interval.
    pub further_fixed: Vec<String>,
    /// Listed versions that no interval of the record holds.
    pub versions: Vec<String>,
    /// The source listed versions, even if none is left in `versions`.
    pub listed: bool,
    /// Why a range could not be evaluated, if one could not.
    pub undecided: Option<Undecided>,
}

/// Why a range could not be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecided<V = String> {
    /// No order is known for versions of the ecosystem.
    NoScheme,
    /// The first event that the ecosystem's order cannot read, as a fragment.
    Event(V),
}

/// Versions from `from` (included) to an end, both as the ecosystem's order reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval<V = String> {
    /// The first version; `None` is before every version.
    pub from: Option<V>,
    /// The end.
    pub until: End<V>,
}

/// Where an interval ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<V = String> {
    /// It does not end.
    Never,
    /// Before this version, which is fixed.
    Fixed(V),
    /// With this version, the last affected one.
    LastAffected(V),
    /// Before this version, of which the range says nothing.
    Limit(V),
}

impl<V> Interval<V> {
    /// Every version.
    pub const EVERYTHING: Self = Self {
        from: None,
        until: End::Never,
    };

    /// It has every version.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!((&self.from, &self.until), (None, End::Never))
    }

    /// The same with other texts.
    #[must_use]
    pub fn map<W>(self, version: impl Fn(V) -> W) -> Interval<W> {
        Interval {
            from: self.from.map(&version),
            until: match self.until {
                End::Never => End::Never,
                End::Fixed(end) => End::Fixed(version(end)),
                End::LastAffected(end) => End::LastAffected(version(end)),
                End::Limit(end) => End::Limit(version(end)),
            },
        }
    }
}

impl<V: fmt::Display> fmt::Display for Interval<V> {
    /// `>= 1.0.0, < 1.2.3`; `every version`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, end) = match (&self.from, &self.until) {
            (None, End::Never) => return formatter.write_str("every version"),
            (Some(from), End::Never) => return write!(formatter, ">= {from}"),
            (_, End::Fixed(end) | End::Limit(end)) => ("<", end),
            (_, End::LastAffected(end)) => ("<=", end),
        };
        if let Some(from) = &self.from {
            write!(formatter, ">= {from}, ")?;
        }
        write!(formatter, "{operator} {end}")
    }
}

/// A severity that a record claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating<V = String> {
    /// A vector and its score in tenths (0 to 100).
    Vector {
        /// OSV's severity type.
        kind: VectorKind,
        /// The score times ten.
        tenths: u8,
        /// The vector as written.
        vector: V,
    },
    /// The database's own level.
    Level(Level),
}

impl<V> Rating<V> {
    /// The same with another text.
    pub fn map<W>(self, vector: impl FnOnce(V) -> W) -> Rating<W> {
        let Ok(rating) = self.try_map(|text| Ok::<_, Infallible>(vector(text)));
        rating
    }

    /// The same with the text that `other` gives.
    pub(super) fn try_map<W, E>(self, other: impl FnOnce(V) -> Result<W, E>) -> Result<Rating<W>, E> {
        Ok(match self {
            Self::Level(level) => Rating::Level(level),
            Self::Vector { kind, tenths, vector } => Rating::Vector {
                kind,
                tenths,
                vector: other(vector)?,
            },
        })
    }
}

/// OSV's severity types that hold a CVSS vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VectorKind {
    /// `CVSS_V2`.
    V2,
    /// `CVSS_V3`.
    V3,
    /// `CVSS_V4`.
    V4,
}

impl VectorKind {
    /// OSV's name of the type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "CVSS_V2",
            Self::V3 => "CVSS_V3",
            Self::V4 => "CVSS_V4",
        }
    }
}

/// What is known of the exploitation of a vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exploit {
    /// On CISA's list.
    pub known: bool,
    /// EPSS, in [`Exploit::UNITS`].
    pub probability: Option<u32>,
}

impl Exploit {
    /// Units of a probability: 10⁻⁹ each.
    pub const UNITS: u32 = 1_000_000_000;
}

/// The name of a vulnerability in the list of CVE: year and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cve {
    /// The year in its name.
    pub year: u16,
    /// The number in its name.
    pub number: u32,
}

impl Cve {
    /// Reads `CVE-2021-44228`, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (name, year, number) = (parts.next()?, parts.next()?, parts.next()?);
        if !name.eq_ignore_ascii_case("CVE") || !digits(year) || !digits(number) || parts.next().is_some() {
            return None;
        }
        Some(Self {
            year: year.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

impl Record {
    /// When it was last changed; `None` where its publisher does not know. What is followed goes by [`Record::modified`].
    #[must_use]
    pub fn changed(&self) -> Option<Timestamp> {
        self.modified.and_then(known)
    }
}

/// The first moment of the year 2. Several publishers write year 1, Go's zero time, where they know no date.
const FIRST_DATE: i64 = -62_104_060_800;

/// A date that says something.
pub(super) fn known(time: Timestamp) -> Option<Timestamp> {
    (time.as_second() >= FIRST_DATE).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_shown_as_bounds() {
        let shown = |from, until| Interval { from, until }.to_string();
        assert_eq!(shown(None, End::Never), "every version");
        assert_eq!(shown(Some("1"), End::Never), ">= 1");
        assert_eq!(shown(None, End::LastAffected("2")), "<= 2");
        assert_eq!(shown(Some("1"), End::Fixed("2")), ">= 1, < 2");
        assert_eq!(shown(None, End::Limit("2")), "< 2");
    }

    #[test]
    fn names_of_cve() {
        assert_eq!(
            Cve::parse("CVE-2021-44228"),
            Some(Cve {
                year: 2021,
                number: 44228
            })
        );
        for text in [
            "CVE-2021",
            "CVE-2021-",
            "CVE-2021-1-2",
            "GHSA-2021-1",
            "CVE-+1-2",
            "",
        ] {
            assert_eq!(Cve::parse(text), None, "{text}");
        }
    }
}
