//! A record as the index keeps it: what one database says of one flaw, reduced to what is asked later.

use jiff::Timestamp;

use crate::model::advisory::Texts;
use crate::model::{Class, Ecosystem, Level};

/// One record of one database.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The database's id: `GHSA-…`, `MAL-…`, `RUSTSEC-…`.
    pub id: String,
    /// Ids of the same flaw elsewhere, as written.
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
    /// Affected stretches, as the ecosystem's order has them.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undecided {
    /// No order is known for versions of the ecosystem.
    NoScheme,
    /// An event that the ecosystem's order cannot read, told in words.
    Event(String),
}

/// A stretch of versions that begins at `from` (included).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// The first version; `None` is before every version.
    pub from: Option<String>,
    /// The end.
    pub until: Until,
}

/// Where an interval ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// It does not end.
    Never,
    /// Before this version, which is fixed.
    Fixed(String),
    /// With this version, the last affected one.
    LastAffected(String),
    /// Before this version, of which the range says nothing.
    Limit(String),
}

/// A severity that a record claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rating {
    /// A vector and its score in tenths (0 to 100).
    Vector {
        /// OSV's severity type.
        kind: VectorKind,
        /// The score times ten.
        tenths: u8,
        /// The vector as written.
        vector: String,
    },
    /// The database's own word.
    Word(Level),
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

/// The name of a flaw in the list of CVE: year and number.
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

#[cfg(test)]
mod tests {
    use super::*;

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
