//! From records of several sources to one of each id, and on to the file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use jiff::Timestamp;

use super::encode;
use super::import::epss::Scores;
use super::import::kev::Exploited;
use super::import::{self, Imported, Noted};
use super::index::{Damage, Index};
use super::layout::{self, NAME};
use super::record::{Cve, Record};
use super::texts::{Packer, TextPlace};
use super::unread::AllUnread;

/// Takes records in, one of each id, and writes the index.
///
/// Of two records with one id the one of the [`Authority::Origin`] counts, then the newer; of equally new ones the
/// first, unless the other one is withdrawn. A withdrawn record that counts keeps its id out.
#[derive(Debug, Default)]
pub struct Compiler {
    /// In boxes, since they are sorted and moved.
    pub(super) kept: Vec<Option<Box<Kept>>>,
    pub(super) slots: HashMap<String, Slot>,
    pub(super) sources: Vec<Source>,
    pub(super) packer: Packer,
    pub(super) exploits: BTreeMap<Cve, Exploit>,
    pub(super) notes: BTreeMap<String, String>,
    pub(super) unread: AllUnread,
}

/// A source by its number in one compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceNumber(pub(super) u32);

/// Whose word counts on an id that several sources hold.
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
    /// Whose word counts.
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
    /// Taken back by the source, and dropped.
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

/// What is known of a flaw's exploitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exploit {
    /// On CISA's list.
    pub known: bool,
    /// EPSS, in units of 10⁻⁹.
    pub probability: Option<u32>,
}

/// A record that is kept, its texts packed.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The record; its texts are empty.
    pub record: Record,
    /// Where it came from.
    pub source: SourceNumber,
    /// Where its texts lie.
    pub text: Option<TextPlace>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The record's number in `kept`; `None` if it was withdrawn.
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

    /// Starts with everything that `index` holds.
    ///
    /// # Errors
    /// The first damage that is met; every block is read.
    pub fn from_index(index: &Index) -> Result<Self, Damage> {
        let mut compiler = Self::new();
        compiler.take_in(index)?;
        Ok(compiler)
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

    /// Every record that is held now, with its source's number.
    pub fn records(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().flatten().map(|kept| &**kept)
    }

    /// The record called `id`, if it is held.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<&Kept> {
        self.kept.get(self.slots.get(id)?.number?)?.as_deref()
    }

    /// Forgets the record called `id` and that it was withdrawn; `false` if there was neither. What is added
    /// under this id afterwards is taken whatever its age.
    pub fn remove(&mut self, id: &str) -> bool {
        if !self.unread.is_empty() {
            (0u32..)
                .zip(0..self.sources.len())
                .for_each(|(source, _)| self.forget_unread(SourceNumber(source), id));
        }
        match self.slots.remove(id) {
            Some(slot) => {
                self.drop_kept(slot.number);
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
                self.note_unread(source, &rejected);
                Added::Rejected(rejected)
            }
        }
    }

    /// Replaces the list of flaws known to be exploited.
    pub fn set_exploited(&mut self, source: SourceNumber, exploited: &Exploited) {
        for exploit in self.exploits.values_mut() {
            exploit.known = false;
        }
        for cve in &exploited.flaws {
            self.exploits.entry(*cve).or_default().known = true;
        }
        self.count(source, |counts| {
            counts.records = exploited.flaws.len() as u64;
            counts.rejected = exploited.rejected;
        });
        self.date(source, exploited.released);
    }

    /// Replaces the probabilities of exploitation.
    pub fn set_scores(&mut self, source: SourceNumber, scores: &Scores) {
        for exploit in self.exploits.values_mut() {
            exploit.probability = None;
        }
        for (cve, units) in &scores.flaws {
            self.exploits.entry(*cve).or_default().probability = Some(*units);
        }
        self.count(source, |counts| {
            counts.records = scores.flaws.len() as u64;
            counts.rejected = scores.rejected;
        });
        self.date(source, scores.scored);
    }

    /// A note that whoever updates the index left in it.
    #[must_use]
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.get(key).map(String::as_str)
    }

    /// Leaves a note for the next update.
    pub fn set_note(&mut self, key: &str, value: &str) {
        self.notes.insert(key.to_owned(), value.to_owned());
    }

    /// The index, built at `built`.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn finish(self, built: Timestamp) -> Result<Compiled, TooLarge> {
        encode::index(self, built)
    }

    fn add_record(&mut self, source: SourceNumber, mut record: Record) -> Added {
        record.modified = seconds(record.modified);
        record.published = seconds(record.published);
        if record.summary.contains(NAME) {
            record.summary = record.summary.replace(NAME, " ");
        }
        let authority = self.authority(source);
        let slot = Slot {
            number: Some(self.kept.len()),
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
        self.kept.push(Some(Box::new(Kept { record, source, text })));
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
            self.drop_kept(earlier.number);
            self.count(earlier.source, |counts| {
                counts.superseded = counts.superseded.saturating_add(1)
            });
        }
    }

    fn drop_kept(&mut self, number: Option<usize>) {
        if let Some(kept) = number.and_then(|number| self.kept.get_mut(number)) {
            *kept = None;
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

    /// Ids that a source which publishes them itself took back: an export that lags must not bring them back.
    pub(super) fn withdrawn_by_origin(&self) -> BTreeSet<(&str, u32)> {
        self.slots
            .iter()
            .filter(|(_, slot)| slot.number.is_none() && slot.authority == Authority::Origin)
            .map(|(id, slot)| (id.as_str(), slot.source.0))
            .collect()
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
    /// Its record is held now.
    Record,
    /// Its id is known better.
    Superseded,
    /// It is withdrawn, and nothing is held under its id now, unless what was held is newer.
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
    /// What the block table tells of.
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

/// More than the layout can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index would be larger than its layout allows (4 GiB a section)")]
pub struct TooLarge;

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
        layout::digest(self.front.get(..layout::HEADER).unwrap_or_default())
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
