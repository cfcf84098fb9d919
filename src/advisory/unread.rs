//! Documents that could not be read when an index was made. The index keeps what is known of them: who scans by it has
//! to know that it holds less than its sources.

use std::collections::BTreeMap;

use super::import::Rejected;
use super::record::IndexedRecord;
use super::source::{Source, SourceNumber};
use crate::model::Ecosystem;

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The number of its source among [`super::Bookkeeping::sources`].
    pub source: u32,
    /// Its id, else the name of its file.
    pub name: String,
    /// Why, as a fragment.
    pub reason: String,
    /// The packages that it names, as far as it could be read; names normalised.
    pub packages: Vec<(Ecosystem, String)>,
}

/// The rest of a longer reason is not kept, in characters.
const MAX_REASON: usize = 200;

/// A source or an ecosystem of which too little could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The source's name, or the ecosystem's.
    pub of: String,
    /// Documents that could not be read.
    pub unread: u64,
    /// Documents, those included.
    pub all: u64,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} of {} records of {}",
            self.unread, self.all, self.of
        )
    }
}

/// With more than one unread document in this many, too little could be read.
const SHARE: u64 = 100;

/// The documents that could not be read, by source and name: reason and packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UnreadDocuments(BTreeMap<(SourceNumber, String), ReasonAndPackages>);

type ReasonAndPackages = (String, Vec<(Ecosystem, String)>);

impl UnreadDocuments {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Source, name, reason and packages of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SourceNumber, &str, &str, &[(Ecosystem, String)])> {
        self.0.iter().map(|((source, name), (reason, packages))| {
            (*source, name.as_str(), reason.as_str(), packages.as_slice())
        })
    }

    /// Takes note of a document; `false` if it was noted before.
    pub(super) fn note(&mut self, source: SourceNumber, rejected: &Rejected) -> bool {
        let reason = rejected.reason.chars().take(MAX_REASON).collect();
        let about = (reason, rejected.packages.clone());
        let name = key(&rejected.name).to_owned();
        self.0.insert((source, name), about).is_none()
    }

    /// Adds one that an index has, as one of `source`.
    pub(super) fn add(&mut self, source: SourceNumber, unread: Unread) {
        self.0
            .insert((source, unread.name), (unread.reason, unread.packages));
    }

    /// Removes the document called `name`; `false` if it is not noted.
    pub(super) fn forget(&mut self, source: SourceNumber, name: &str) -> bool {
        !self.is_empty() && self.0.remove(&(source, name.to_owned())).is_some()
    }

    /// Removes all documents of a source.
    pub(super) fn forget_all(&mut self, source: SourceNumber) {
        self.0.retain(|(of, _), _| *of != source);
    }

    /// The sources and ecosystems of which more than one document in a hundred could not be read; `records` are those
    /// that could.
    pub(super) fn losses<'r>(
        &self,
        sources: &[Source],
        records: impl Iterator<Item = &'r IndexedRecord>,
    ) -> Vec<Loss> {
        if self.is_empty() {
            return Vec::new();
        }
        // Of each: unread, all.
        let mut of_source: BTreeMap<SourceNumber, (u64, u64)> = BTreeMap::new();
        let mut of_ecosystem: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for (source, _, _, packages) in self.iter() {
            add(of_source.entry(source).or_default(), 1);
            for name in families(packages.iter().map(|(ecosystem, _)| ecosystem)) {
                add(of_ecosystem.entry(name.to_owned()).or_default(), 1);
            }
        }
        for indexed in records {
            if let Some(counted) = of_source.get_mut(&indexed.source) {
                add(counted, 0);
            }
            for name in families(indexed.record.affected.iter().map(|affected| &affected.ecosystem)) {
                if let Some(counted) = of_ecosystem.get_mut(name) {
                    add(counted, 0);
                }
            }
        }
        let of_source = of_source.into_iter().filter_map(|(source, counted)| {
            let source = sources.get(source.0 as usize)?;
            Some((source.name.clone(), counted))
        });
        of_source
            .chain(of_ecosystem)
            .filter(|(_, (unread, all))| unread.saturating_mul(SHARE) > *all)
            .map(|(of, (unread, all))| Loss { of, unread, all })
            .collect()
    }
}

fn add((unread, all): &mut (u64, u64), one: u64) {
    *unread = unread.saturating_add(one);
    *all = all.saturating_add(1);
}

/// The names of ecosystems without suffixes, each once.
fn families<'e>(ecosystems: impl Iterator<Item = &'e Ecosystem>) -> Vec<&'e str> {
    let mut names: Vec<&str> = ecosystems.map(Ecosystem::family).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What a document is known by in every kind of source: in an archive it has an ending.
fn key(name: &str) -> &str {
    name.strip_suffix(".json").unwrap_or(name)
}
