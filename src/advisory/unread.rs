//! Documents that could not be read when an index was made. The index keeps what is known of them: who scans by it has
//! to know that it holds less than its sources.

use std::collections::BTreeMap;

use super::compile::{Compiler, SourceNumber};
use super::import::Rejected;
use super::index::{Damage, Index};
use super::layout::{Cursor, Section, put_text, put_varint};
use super::record::Record;
use super::stored::family;
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
    /// The packages that it names, as far as that could be told; names normalised.
    pub packages: Vec<(Ecosystem, String)>,
}

/// More of a reason is not kept, in characters.
const REASON: usize = 200;

/// What a compiler knows of unread documents, by source and name.
pub(super) type AllUnread = BTreeMap<(SourceNumber, String), (String, Vec<(Ecosystem, String)>)>;

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

impl Compiler {
    /// Takes note of a document that could not be read.
    pub(super) fn note_unread(&mut self, source: SourceNumber, rejected: &Rejected) {
        let reason = rejected.reason.chars().take(REASON).collect();
        let about = (reason, rejected.packages.clone());
        let known = self
            .unread
            .insert((source, key(&rejected.name).to_owned()), about);
        if known.is_none() {
            self.count(source, |counts| {
                counts.rejected = counts.rejected.saturating_add(1)
            });
        }
    }

    /// The document called `name` could be read now, or is gone.
    pub(super) fn forget_unread(&mut self, source: SourceNumber, name: &str) {
        if !self.unread.is_empty() && self.unread.remove(&(source, name.to_owned())).is_some() {
            self.count(source, |counts| {
                counts.rejected = counts.rejected.saturating_sub(1)
            });
        }
    }

    /// All documents of a source are read anew.
    pub fn reread(&mut self, source: SourceNumber) {
        self.unread.retain(|(of, _), _| *of != source);
        self.count(source, |counts| counts.rejected = 0);
    }

    /// The sources and ecosystems of which more than one document in a hundred could not be read.
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        if self.unread.is_empty() {
            return Vec::new();
        }
        // Of each: unread, all.
        let mut sources: BTreeMap<SourceNumber, (u64, u64)> = BTreeMap::new();
        let mut ecosystems: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for ((source, _), (_, packages)) in &self.unread {
            add(sources.entry(*source).or_default(), 1);
            for name in families(packages.iter().map(|(ecosystem, _)| ecosystem)) {
                add(ecosystems.entry(name.to_owned()).or_default(), 1);
            }
        }
        for kept in self.records() {
            if let Some(counted) = sources.get_mut(&kept.source) {
                add(counted, 0);
            }
            for name in families(ecosystems_of(&kept.record)) {
                if let Some(counted) = ecosystems.get_mut(name) {
                    add(counted, 0);
                }
            }
        }
        let sources = sources.into_iter().filter_map(|(source, counted)| {
            let source = self.sources.get(source.0 as usize)?;
            Some((source.name.clone(), counted))
        });
        sources
            .chain(ecosystems)
            .filter(|(_, (unread, all))| unread.saturating_mul(SHARE) > *all)
            .map(|(of, (unread, all))| Loss { of, unread, all })
            .collect()
    }
}

fn add((unread, all): &mut (u64, u64), one: u64) {
    *unread = unread.saturating_add(one);
    *all = all.saturating_add(1);
}

fn ecosystems_of(record: &Record) -> impl Iterator<Item = &Ecosystem> {
    record.affected.iter().map(|affected| &affected.ecosystem)
}

/// The names of ecosystems without suffixes, each once.
fn families<'e>(ecosystems: impl Iterator<Item = &'e Ecosystem>) -> Vec<&'e str> {
    let mut names: Vec<&str> = ecosystems.map(|ecosystem| family(ecosystem.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What a document is known by in every kind of source: in an archive it has an ending.
fn key(name: &str) -> &str {
    name.strip_suffix(".json").unwrap_or(name)
}

impl Index {
    /// The documents that could not be read when it was made.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn unread(&self) -> Result<Vec<Unread>, Damage> {
        let mut all = Vec::new();
        for block in 0..self.blocks_of(Section::Unread) {
            let block = self.read_block(Section::Unread, block)?;
            let read = list(&mut Cursor::new(&block));
            all.extend(read.ok_or_else(|| Damage::of("the list of unread records is not readable"))?);
        }
        Ok(all)
    }
}

/// The section's blocks: none, or one.
pub(super) fn blocks(unread: &AllUnread) -> Vec<Vec<u8>> {
    if unread.is_empty() {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    put_varint(&mut bytes, unread.len() as u64);
    for ((source, name), (reason, packages)) in unread {
        put_varint(&mut bytes, u64::from(source.0));
        put_text(&mut bytes, name);
        put_text(&mut bytes, reason);
        put_varint(&mut bytes, packages.len() as u64);
        for (ecosystem, name) in packages {
            put_text(&mut bytes, ecosystem.as_str());
            put_text(&mut bytes, name);
        }
    }
    vec![bytes]
}

fn list(cursor: &mut Cursor<'_>) -> Option<Vec<Unread>> {
    let mut all = Vec::new();
    for _ in 0..cursor.varint()? {
        let source = u32::try_from(cursor.varint()?).ok()?;
        let (name, reason) = (cursor.text()?.to_owned(), cursor.text()?.to_owned());
        let mut packages = Vec::new();
        for _ in 0..cursor.varint()? {
            let ecosystem = Ecosystem::named(cursor.text()?);
            packages.push((ecosystem, cursor.text()?.to_owned()));
        }
        all.push(Unread {
            source,
            name,
            reason,
            packages,
        });
    }
    Some(all)
}
