//! From records of several sources to one of each id.

use std::collections::{BTreeMap, HashMap};
use std::io;

use jiff::Timestamp;

use super::format::header;
use super::format::record::NAME;
use super::format::texts::Packer;
use super::import::epss::Scores;
use super::import::kev::Exploited;
use super::import::{self, Imported, Noted};
use super::record::{Cve, Exploit, IndexedRecord, Record};
use super::source::{Authority, Counts, Source, SourceNumber};
use super::unread::{Loss, UnreadDocuments};

/// Takes records in, one of each id, and writes the index.
///
/// Of two records with one id the one of the [`Authority::Origin`] counts, then the newer; of equally new ones the
/// first, unless the other one is withdrawn. A withdrawn record that counts keeps its id out.
#[derive(Debug, Default)]
pub struct Compiler {
    /// In boxes, since they are sorted and moved.
    pub(super) records: Vec<Option<Box<IndexedRecord>>>,
    pub(super) slots: HashMap<String, Slot>,
    pub(super) sources: Vec<Source>,
    pub(super) packer: Packer,
    pub(super) exploits: BTreeMap<Cve, Exploit>,
    pub(super) notes: BTreeMap<String, String>,
    pub(super) unread: UnreadDocuments,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The record's number in `records`; `None` if it was withdrawn.
    pub(super) number: Option<usize>,
    pub(super) authority: Authority,
    pub(super) source: SourceNumber,
    pub(super) modified: Option<Timestamp>,
}

impl Compiler {
    /// Starts with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The source called `name`, which is made if there is none yet.
    pub fn source(&mut self, name: &str, authority: Authority) -> SourceNumber {
        let known = self.sources.iter().position(|source| source.name == name);
        let number = known.unwrap_or_else(|| {
            self.sources.push(Source {
                name: name.to_owned(),
                authority,
                newest: None,
                counts: Counts::default(),
            });
            self.sources.len().saturating_sub(1)
        });
        SourceNumber(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The sources so far, by number. Their records and newest ones are counted by [`Compiler::finish`].
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Every record that is kept now, with its source's number.
    pub fn records(&self) -> impl Iterator<Item = &IndexedRecord> {
        self.records.iter().flatten().map(|indexed| &**indexed)
    }

    /// The record called `id`, if it is kept.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<&IndexedRecord> {
        self.records.get(self.slots.get(id)?.number?)?.as_deref()
    }

    /// Forgets the record called `id` and that it was withdrawn; `false` if there was neither. What is added
    /// under this id afterwards is taken whatever its age.
    pub fn remove(&mut self, id: &str) -> bool {
        for source in 0..self.sources.len() as u32 {
            self.forget_unread(SourceNumber(source), id);
        }
        match self.slots.remove(id) {
            Some(slot) => {
                self.drop_record(slot.number);
                true
            }
            None => false,
        }
    }

    /// Reads an OSV document and takes it in. `file` names it where it has no readable id. The answer says what
    /// it was, the record's texts taken out.
    pub fn add_osv_json(&mut self, source: SourceNumber, json: &[u8], file: &str) -> Added {
        self.add(source, import::osv::read(json, file))
    }

    /// Takes in what was imported.
    pub fn add(&mut self, source: SourceNumber, imported: Imported) -> Added {
        match imported {
            Imported::Record(record, noted) => {
                self.forget_unread(source, &record.id);
                self.count(source, |counts| counts.note(noted));
                self.add_record(source, *record)
            }
            Imported::Withdrawn { id, modified } => {
                self.forget_unread(source, &id);
                self.count(source, |counts| {
                    counts.withdrawn = counts.withdrawn.saturating_add(1)
                });
                self.withdraw(source, id, seconds(modified));
                Added::Withdrawn
            }
            Imported::Skipped => {
                self.count(source, |counts| counts.skipped = counts.skipped.saturating_add(1));
                Added::Skipped
            }
            Imported::Rejected(rejected) => {
                if self.unread.note(source, &rejected) {
                    self.count(source, |counts| {
                        counts.rejected = counts.rejected.saturating_add(1)
                    });
                }
                Added::Rejected(rejected)
            }
        }
    }

    /// All documents of a source are read anew.
    pub fn reread(&mut self, source: SourceNumber) {
        self.unread.forget_all(source);
        self.count(source, |counts| counts.rejected = 0);
    }

    /// The sources and ecosystems of which more than one document in a hundred could not be read.
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        self.unread.losses(&self.sources, self.records())
    }

    /// The document called `name` could be read now, or is gone.
    fn forget_unread(&mut self, source: SourceNumber, name: &str) {
        if self.unread.forget(source, name) {
            self.count(source, |counts| {
                counts.rejected = counts.rejected.saturating_sub(1)
            });
        }
    }

    /// Replaces the list of vulnerabilities known to be exploited.
    pub fn set_exploited(&mut self, source: SourceNumber, exploited: &Exploited) {
        for exploit in self.exploits.values_mut() {
            exploit.known = false;
        }
        for cve in &exploited.vulnerabilities {
            self.exploits.entry(*cve).or_default().known = true;
        }
        self.count(source, |counts| {
            counts.records = exploited.vulnerabilities.len() as u64;
            counts.rejected = exploited.rejected;
        });
        self.date(source, exploited.released);
    }

    /// Replaces the probabilities of exploitation.
    pub fn set_scores(&mut self, source: SourceNumber, scores: &Scores) {
        for exploit in self.exploits.values_mut() {
            exploit.probability = None;
        }
        for (cve, units) in &scores.scores {
            self.exploits.entry(*cve).or_default().probability = Some(*units);
        }
        self.count(source, |counts| {
            counts.records = scores.scores.len() as u64;
            counts.rejected = scores.rejected;
        });
        self.date(source, scores.scored);
    }

    /// A note that an earlier update left in the index.
    #[must_use]
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.get(key).map(String::as_str)
    }

    /// Leaves a note for the next update.
    pub fn set_note(&mut self, key: &str, value: &str) {
        self.notes.insert(key.to_owned(), value.to_owned());
    }

    fn add_record(&mut self, source: SourceNumber, mut record: Record) -> Added {
        record.modified = seconds(record.modified);
        record.published = seconds(record.published);
        if record.summary.contains(NAME) {
            record.summary = record.summary.replace(NAME, " ");
        }
        let authority = self.authority(source);
        let slot = Slot {
            number: Some(self.records.len()),
            authority,
            source,
            modified: record.modified,
        };
        let earlier = self.slots.get(&record.id).copied();
        if earlier.is_some_and(|earlier| (authority, slot.modified) <= (earlier.authority, earlier.modified))
        {
            self.count(source, |counts| {
                counts.superseded = counts.superseded.saturating_add(1)
            });
            return Added::Superseded;
        }
        if let Some(earlier) = earlier {
            self.supersede(earlier);
        }
        self.slots.insert(record.id.clone(), slot);
        let text = self.packer.add(&std::mem::take(&mut record.texts));
        shrink(&mut record);
        self.records
            .push(Some(Box::new(IndexedRecord { record, source, text })));
        Added::Record
    }

    pub(super) fn withdraw(&mut self, source: SourceNumber, id: String, modified: Option<Timestamp>) {
        let authority = self.authority(source);
        let earlier = self.slots.get(&id).copied();
        if earlier.is_some_and(|earlier| (authority, modified) < (earlier.authority, earlier.modified)) {
            return;
        }
        if let Some(earlier) = earlier {
            self.supersede(earlier);
        }
        self.slots.insert(
            id,
            Slot {
                number: None,
                authority,
                source,
                modified,
            },
        );
    }

    pub(super) fn supersede(&mut self, earlier: Slot) {
        if earlier.number.is_some() {
            self.drop_record(earlier.number);
            self.count(earlier.source, |counts| {
                counts.superseded = counts.superseded.saturating_add(1)
            });
        }
    }

    fn drop_record(&mut self, number: Option<usize>) {
        if let Some(record) = number.and_then(|number| self.records.get_mut(number)) {
            *record = None;
        }
    }

    pub(super) fn authority(&self, source: SourceNumber) -> Authority {
        let known = self.sources.get(source.0 as usize);
        known.map_or(Authority::Export, |source| source.authority)
    }

    pub(super) fn count(&mut self, source: SourceNumber, count: impl FnOnce(&mut Counts)) {
        if let Some(source) = self.sources.get_mut(source.0 as usize) {
            count(&mut source.counts);
        }
    }

    fn date(&mut self, source: SourceNumber, newest: Option<Timestamp>) {
        if let Some(source) = self.sources.get_mut(source.0 as usize) {
            source.newest = seconds(newest);
        }
    }

    /// Ids that a source which publishes them itself withdrew, with its number, in their order: an export that lags must
    /// not bring them back.
    pub(super) fn withdrawn_by_origin(&self) -> Vec<(String, u32)> {
        let mut withdrawn: Vec<(String, u32)> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.number.is_none() && slot.authority == Authority::Origin)
            .map(|(id, slot)| (id.clone(), slot.source.0))
            .collect();
        withdrawn.sort_unstable();
        withdrawn
    }
}

impl Counts {
    fn note(&mut self, noted: Noted) {
        self.git_ranges = self.git_ranges.saturating_add(noted.git_ranges);
        self.unorderable_events = self.unorderable_events.saturating_add(noted.unorderable_events);
        self.bad_severities = self.bad_severities.saturating_add(noted.bad_severities);
    }
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// Its record is kept now.
    Record,
    /// Its id is known better.
    Superseded,
    /// It is withdrawn, and nothing is kept under its id now, unless what was kept is newer.
    Withdrawn,
    /// It was left out on purpose.
    Skipped,
    /// It could not be read.
    Rejected(import::Rejected),
}

/// An index in memory, ready to be written.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Header page, block table and key directory.
    pub(super) front: Vec<u8>,
    /// The blocks, in the order of the block table.
    pub(super) blocks: Vec<Vec<u8>>,
    /// What is in it.
    pub facts: Facts,
}

/// What is in an index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Records.
    pub records: u64,
    /// Packages that have an entry.
    pub packages: u64,
    /// Groups over all packages.
    pub groups: u64,
    /// Groups of more than one record.
    pub merged_groups: u64,
    /// The file, in bytes.
    pub length: u64,
    /// The sources and what became of their documents.
    pub sources: Vec<Source>,
}

impl Compiled {
    /// Writes the file.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, file: &mut impl io::Write) -> io::Result<()> {
        file.write_all(&self.front)?;
        self.blocks.iter().try_for_each(|block| file.write_all(block))
    }

    /// `sha256:` of the header page.
    #[must_use]
    pub fn digest(&self) -> String {
        header::digest(self.front.get(..header::HEADER).unwrap_or_default())
    }

    /// The file in one piece.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.front;
        for block in &self.blocks {
            bytes.extend_from_slice(block);
        }
        bytes
    }
}

/// The index keeps whole seconds, and so compares them.
fn seconds(time: Option<Timestamp>) -> Option<Timestamp> {
    Timestamp::from_second(time?.as_second()).ok()
}

/// Gives back what lists have set aside: some hundred thousand records stay in memory.
fn shrink(record: &mut Record) {
    record.aliases.shrink_to_fit();
    record.affected.shrink_to_fit();
    for affected in &mut record.affected {
        affected.statement.intervals.shrink_to_fit();
        affected.statement.versions.shrink_to_fit();
    }
}
