//! An index taken apart, one part an ecosystem, and parts put together again.
//!
//! A part has every record of a package of its ecosystem, whole, so that it answers for such a package as the whole
//! index does: groups are made among the records of one package.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::compile::{Compiler, Slot};
use super::file::Damage;
use super::format::texts::{PackedBlock, Packer};
use super::index::Index;
use super::record::{Cve, Exploit, IndexedRecord, Record};
use super::source::{Authority, Bookkeeping, Source, SourceNumber};
use super::unread::Unread;
use crate::model::Ecosystem;

/// The source of FIRST's scores.
const SCORES: &str = "epss";

/// Sources of CVEs, and not of packages.
const LISTS: [&str; 2] = ["kev", SCORES];

/// What an index holds, to take parts of it.
pub struct Parts {
    bookkeeping: Bookkeeping,
    #[expect(
        clippy::vec_box,
        reason = "the compiler takes them one by one, and each is large"
    )]
    records: Vec<Box<IndexedRecord>>,
    exploits: BTreeMap<Cve, Exploit>,
    texts: Vec<PackedBlock>,
    unread: Vec<Unread>,
}

impl Parts {
    /// Reads an index whole.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn of(index: &Index) -> Result<Self, Damage> {
        Ok(Self {
            bookkeeping: index.bookkeeping()?,
            records: index.records()?,
            exploits: index.exploits()?,
            unread: index.unread()?,
            texts: index
                .text_blocks()
                .map(|block| block.map(PackedBlock))
                .collect::<Result<_, _>>()?,
        })
    }

    /// What the index says of itself.
    #[must_use]
    pub fn bookkeeping(&self) -> &Bookkeeping {
        &self.bookkeeping
    }

    /// The part of one ecosystem, ready to be finished.
    ///
    /// Records that came with the export of another ecosystem count as given by this one's, since that other one is not
    /// in the part. Vulnerabilities known to be exploited are all in it; scores are those of the part's own records. Of the
    /// notes it has the one on its export: one on the scores would say that all of them are there.
    #[must_use]
    pub fn part(&self, ecosystem: &str) -> Compiler {
        let exports = self.bookkeeping.exports();
        let own = format!("osv/{ecosystem}");
        let records: Vec<&IndexedRecord> = self
            .records
            .iter()
            .map(AsRef::as_ref)
            .filter(|indexed| is_about(&indexed.record, ecosystem))
            .collect();

        let given: BTreeSet<SourceNumber> = records.iter().map(|indexed| indexed.source).collect();
        let mut compiler = Compiler::new();
        let mut numbers: BTreeMap<u32, SourceNumber> = BTreeMap::new();
        for (number, source) in (0_u32..).zip(&self.bookkeeping.sources) {
            let of_export = source
                .name
                .strip_prefix("osv/")
                .is_some_and(|name| exports.contains(name));
            if of_export && source.name != own {
                continue;
            }
            let wanted = source.name == own
                || given.contains(&SourceNumber(number))
                || LISTS.contains(&source.name.as_str());
            if wanted {
                numbers.insert(number, compiler.adopt(source));
            }
        }
        let ours = compiler.source(&own, Authority::Export);

        compiler.packer = Packer::after(self.texts.clone());
        for indexed in &records {
            let source = numbers.get(&indexed.source.0).copied().unwrap_or(ours);
            compiler.keep(Box::new(IndexedRecord {
                source,
                ..(*indexed).clone()
            }));
        }
        for (id, source) in &self.bookkeeping.withdrawn {
            if let Some(source) = numbers.get(source) {
                compiler.withdraw(*source, id.clone(), None);
            }
        }
        let cves: HashSet<Cve> = records.iter().flat_map(|indexed| cves(&indexed.record)).collect();
        let exploits = self.exploits.iter().map(|(cve, exploit)| {
            let probability = exploit.probability.filter(|_| cves.contains(cve));
            let known = exploit.known;
            (*cve, Exploit { known, probability })
        });
        compiler.exploits = exploits
            .filter(|(_, exploit)| *exploit != Exploit::default())
            .collect();
        compiler.count_scores();
        if let Some(note) = self.bookkeeping.notes.get(&own) {
            compiler.set_note(&own, note);
        }
        for unread in &self.unread {
            let names_it = |(other, _): &(Ecosystem, String)| other.family() == ecosystem;
            let number = numbers.get(&unread.source).copied();
            let source = match number {
                Some(source) if unread.packages.is_empty() || unread.packages.iter().any(names_it) => source,
                None if unread.packages.iter().any(names_it) => ours,
                Some(_) | None => continue,
            };
            compiler.unread.add(source, unread.clone());
        }
        compiler
    }
}

impl Compiler {
    /// Starts with everything that `index` has.
    ///
    /// # Errors
    /// The first damage that is met; every block is read.
    pub fn from_index(index: &Index) -> Result<Self, Damage> {
        let mut compiler = Self::new();
        compiler.take_in(index)?;
        Ok(compiler)
    }

    /// Takes everything in that `index` holds. Of two records with one id that counts which would count if both were
    /// added; notes and counts that are there stay.
    ///
    /// # Errors
    /// The first damage that is met; every block is read.
    pub fn take_in(&mut self, index: &Index) -> Result<(), Damage> {
        let bookkeeping = index.bookkeeping()?;
        let mut packed = Vec::new();
        for block in index.text_blocks() {
            packed.push(PackedBlock(block?));
        }
        let too_many = || Damage::of("it has more texts than one index can have");
        let first = self.packer.append(packed).ok_or_else(too_many)?;
        let numbers: Vec<SourceNumber> = bookkeeping
            .sources
            .iter()
            .map(|source| self.adopt(source))
            .collect();
        let number = |source: u32| {
            let known = usize::try_from(source)
                .ok()
                .and_then(|source| numbers.get(source));
            known
                .copied()
                .ok_or_else(|| Damage::of("a record is of a source that is not there"))
        };

        for (id, source) in bookkeeping.withdrawn {
            self.withdraw(number(source)?, id, None);
        }
        let records = index.records()?;
        self.slots.reserve(records.len());
        self.records.reserve(records.len());
        for mut indexed in records {
            indexed.source = number(indexed.source.0)?;
            if let Some(text) = &mut indexed.text {
                text.block = text.block.checked_add(first).ok_or_else(too_many)?;
            }
            self.keep(indexed);
        }
        for unread in index.unread()? {
            self.unread.add(number(unread.source)?, unread);
        }
        let joined = !self.exploits.is_empty();
        for (cve, other) in index.exploits()? {
            let exploit = self.exploits.entry(cve).or_default();
            exploit.known |= other.known;
            exploit.probability = exploit.probability.or(other.probability);
        }
        if joined {
            self.count_scores();
        }
        for (key, note) in bookkeeping.notes {
            self.notes.entry(key).or_insert(note);
        }
        Ok(())
    }

    /// The number of a source like this one; a new one brings its counts.
    fn adopt(&mut self, source: &Source) -> SourceNumber {
        let known = self.sources.len();
        let number = self.source(&source.name, source.authority);
        if self.sources.len() > known
            && let Some(new) = self.sources.last_mut()
        {
            *new = source.clone();
        }
        number
    }

    /// Keeps a record whose texts are packed already.
    fn keep(&mut self, indexed: Box<IndexedRecord>) {
        let slot = Slot {
            number: Some(self.records.len()),
            authority: self.authority(indexed.source),
            source: indexed.source,
            modified: indexed.record.modified,
        };
        let earlier = self.slots.get(&indexed.record.id).copied();
        match earlier {
            Some(earlier) if (slot.authority, slot.modified) <= (earlier.authority, earlier.modified) => {}
            earlier => {
                if let Some(earlier) = earlier {
                    self.supersede(earlier);
                }
                self.slots.insert(indexed.record.id.clone(), slot);
                self.records.push(Some(indexed));
            }
        }
    }

    /// Counts the scores anew. Other lists are always whole.
    fn count_scores(&mut self) {
        let scores = self
            .exploits
            .values()
            .filter(|exploit| exploit.probability.is_some())
            .count();
        for source in &mut self.sources {
            if source.name == SCORES {
                source.counts.records = scores as u64;
            }
        }
    }
}

fn is_about(record: &Record, ecosystem: &str) -> bool {
    record
        .affected
        .iter()
        .any(|affected| affected.ecosystem.family() == ecosystem)
}

fn cves(record: &Record) -> impl Iterator<Item = Cve> + '_ {
    let ids = std::iter::once(&record.id).chain(&record.aliases);
    ids.filter_map(|id| Cve::parse(id))
}
