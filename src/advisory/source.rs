//! Sources of an index and what became of their documents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::Ecosystem;

/// A source by its number in one compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceNumber(pub(in crate::advisory) u32);

/// Which of several sources of one id counts: the higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// The source collects what others publish.
    Export,
    /// The source publishes these ids itself.
    Origin,
}

/// A source and what became of its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `osv/npm`, `rustsec`, `kev`, `epss`.
    pub name: String,
    /// Whether it publishes its ids itself.
    pub authority: Authority,
    /// The newest record's modification, in seconds.
    pub newest: Option<Timestamp>,
    /// What became of its documents.
    pub counts: Counts,
}

/// What became of a source's documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records in the index.
    pub records: u64,
    /// Withdrawn by the source, and dropped.
    pub withdrawn: u64,
    /// Not readable.
    pub rejected: u64,
    /// Left out on purpose.
    pub skipped: u64,
    /// Known better from another source, or from a newer document of this one.
    pub superseded: u64,
    /// Ranges of commits.
    pub git_ranges: u64,
    /// Events that the ecosystem's order cannot read.
    pub unorderable_events: u64,
    /// Severities that are not valid.
    pub bad_severities: u64,
}

/// What the index says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bookkeeping {
    /// The sources, by number.
    pub sources: Vec<Source>,
    /// Ids that a source which publishes them itself withdrew, with its number.
    pub withdrawn: Vec<(String, u32)>,
    /// Packages that have an entry, by ecosystem.
    pub ecosystems: BTreeMap<String, u64>,
    /// What updates left in it.
    pub notes: BTreeMap<String, String>,
}

impl Bookkeeping {
    /// The ecosystems that an export gave: a source is called like each (`osv/npm`), and it has packages, or an update
    /// left a note. An index that was built from a folder of any name has a source of that name too.
    #[must_use]
    pub fn exports(&self) -> BTreeSet<String> {
        let names = self
            .sources
            .iter()
            .filter_map(|source| source.name.strip_prefix("osv/"));
        names
            .filter(|name| self.has_packages_of(name) || self.notes.contains_key(&format!("osv/{name}")))
            .map(str::to_owned)
            .collect()
    }

    /// Whether there is a package of an ecosystem, whatever its suffix.
    #[must_use]
    pub fn has_packages_of(&self, ecosystem: &str) -> bool {
        self.ecosystems
            .keys()
            .any(|name| Ecosystem::family_of(name) == ecosystem)
    }
}
