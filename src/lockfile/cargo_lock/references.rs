//! What the references of a `Cargo.lock` mean: which entry a dependency names.

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::entry::Entry;

/// How a dependency is written: `name`, `name version` or `name version (source)`; since version 2 no longer
/// than it takes to distinguish packages.
pub(super) struct Reference<'t> {
    pub(super) name: &'t str,
    pub(super) version: Option<&'t str>,
    pub(super) source: Option<&'t str>,
}

impl<'t> Reference<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut parts = text.splitn(3, ' ');
        Self {
            name: parts.next().unwrap_or_default(),
            version: parts.next(),
            source: parts
                .next()
                .map(|source| without_commit(source.trim_start_matches('(').trim_end_matches(')'))),
        }
    }
}

/// The source of a git dependency without the commit that it is locked to, which references leave out.
fn without_commit(source: &str) -> &str {
    source.split_once('#').map_or(source, |(source, _)| source)
}

/// Entries by what references say of them. Several entries for one key are distinguished in constant time, so
/// that a file full of one name is no trap.
pub(super) struct Index<'e> {
    entries: &'e [Entry<'e>],
    hasher: RandomState,
    by_name: HashTable<Slot>,
    by_version: HashTable<Slot>,
    /// The first entry of each source, made when the first reference with a source comes.
    by_source: Option<HashTable<u32>>,
}

/// What a key stands for: the table holds numbers alone.
#[derive(Clone, Copy)]
struct Slot {
    /// The first entry with the key.
    first: u32,
    candidate: Candidate,
}

#[derive(Clone, Copy)]
enum Candidate {
    One,
    /// An own module beside others: a reference that names no source means it, for it has none.
    Own(u32),
    Several,
}

impl<'e> Index<'e> {
    pub(super) fn of(entries: &'e [Entry<'e>]) -> Self {
        let mut index = Self {
            entries,
            hasher: RandomState::default(),
            by_name: HashTable::with_capacity(entries.len()),
            by_version: HashTable::with_capacity(entries.len()),
            by_source: None,
        };
        for (number, entry) in (0_u32..).zip(entries) {
            let (name, version) = (entry.name(), entry.version());
            let (hasher, named) = (&index.hasher, |slot: &Slot| {
                index.entries.get(slot.first as usize)
            });
            let name_of = |slot: &Slot| named(slot).map(Entry::name);
            let version_of = |slot: &Slot| named(slot).map(|entry| (entry.name(), entry.version()));
            let by_name = index.by_name.entry(
                hasher.hash_one(Some(&name)),
                |slot| name_of(slot).as_ref() == Some(&name),
                |slot| hasher.hash_one(name_of(slot)),
            );
            by_name
                .and_modify(|slot| slot.candidate = Candidate::Several)
                .or_insert(Slot {
                    first: number,
                    candidate: Candidate::One,
                });
            let own = Some((name, version));
            let is_own = entry.source.is_none();
            let by_version = index.by_version.entry(
                hasher.hash_one(&own),
                |slot| version_of(slot) == own,
                |slot| hasher.hash_one(version_of(slot)),
            );
            by_version
                .and_modify(|slot| {
                    slot.candidate = match (slot.candidate, is_own) {
                        (Candidate::Own(own), _) => Candidate::Own(own),
                        (Candidate::One | Candidate::Several, true) => Candidate::Own(number),
                        (Candidate::One | Candidate::Several, false) => Candidate::Several,
                    };
                })
                .or_insert(Slot {
                    first: number,
                    candidate: match is_own {
                        true => Candidate::Own(number),
                        false => Candidate::One,
                    },
                });
        }
        index
    }

    fn slot(&self, reference: &Reference<'_>) -> Option<Slot> {
        let entry = |slot: &Slot| self.entries.get(slot.first as usize);
        let name = Cow::Borrowed(reference.name);
        let slot = match reference.version {
            None => {
                let is_it = |slot: &Slot| entry(slot).is_some_and(|entry| entry.name() == name);
                self.by_name.find(self.hasher.hash_one(Some(&name)), is_it)
            }
            Some(version) => {
                let version = Cow::Borrowed(version);
                let hash = self.hasher.hash_one(Some((&name, &version)));
                let is_it = |slot: &Slot| {
                    entry(slot).is_some_and(|entry| entry.name() == name && entry.version() == version)
                };
                self.by_version.find(hash, is_it)
            }
        };
        slot.copied()
    }

    /// The entry that a reference means; `None` if there is none, or no single one.
    pub(super) fn find(&mut self, reference: &Reference<'_>) -> Option<usize> {
        if let (Some(version), Some(source)) = (reference.version, reference.source) {
            return self.find_by_source(reference.name, version, source);
        }
        let slot = self.slot(reference)?;
        match slot.candidate {
            Candidate::One => Some(slot.first as usize),
            Candidate::Own(number) => Some(number as usize),
            Candidate::Several => None,
        }
    }

    /// An entry has the name, and the version if the reference names one.
    pub(super) fn knows(&self, reference: &Reference<'_>) -> bool {
        self.slot(reference).is_some()
    }

    fn find_by_source(&mut self, name: &str, version: &str, source: &str) -> Option<usize> {
        let (entries, hasher) = (self.entries, &self.hasher);
        let hash = |name: &str, version: &str, source: &str| hasher.hash_one((name, version, source));
        let is_it = |number: u32, name: &str, version: &str, source: &str| {
            let entry = entries.get(number as usize);
            entry.is_some_and(|entry| {
                entry.name() == name
                    && entry.version() == version
                    && entry
                        .source()
                        .is_some_and(|(own, _)| without_commit(&own) == source)
            })
        };
        let by_source = self.by_source.get_or_insert_with(|| {
            let mut by_source = HashTable::with_capacity(entries.len());
            for (number, entry) in (0_u32..).zip(entries) {
                let Some((source, _)) = entry.source() else {
                    continue;
                };
                let (name, version, source) = (entry.name(), entry.version(), without_commit(&source));
                let found = by_source.find(hash(&name, &version, source), |other| {
                    is_it(*other, &name, &version, source)
                });
                if found.is_none() {
                    by_source.insert_unique(hash(&name, &version, source), number, |other| {
                        let entry = entries.get(*other as usize);
                        entry.map_or(0, |entry| {
                            let source = entry.source().unwrap_or_default().0;
                            hash(&entry.name(), &entry.version(), without_commit(&source))
                        })
                    });
                }
            }
            by_source
        });
        let number = by_source.find(hash(name, version, source), |number| {
            is_it(*number, name, version, source)
        });
        number.map(|number| *number as usize)
    }
}
