//! Takes what was fetched into the compiler.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;

use super::error::UpdateError;
use super::export_zip;
use super::fetch::{Changes, Fetched};
use super::plan::{Followed, KnownRecord, KnownRecords};
use super::state::{Ignored, State, note_of};
use crate::advisory::import::{self, Imported};
use crate::advisory::{Added, Authority, Compiler, Record, SourceNumber};
use crate::sys::web::Address;

/// What became of one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// All records were fetched.
    pub whole: bool,
    /// Records that are new or changed, or all that were read if `whole`.
    pub taken: u64,
    /// Records that were taken back.
    pub withdrawn: u64,
    /// Records that are no longer there.
    pub gone: u64,
    /// Documents that could not be read: the first few with the reason.
    pub rejected: Vec<String>,
    /// Documents that could not be read, in all.
    pub rejected_total: u64,
}

/// So many unreadable documents are named.
const NAMED: usize = 3;

impl Tally {
    pub(super) fn warnings(&self, ecosystem: &str) -> Option<String> {
        let rest = self.rejected_total.saturating_sub(self.rejected.len() as u64);
        let more = match rest {
            0 => String::new(),
            rest => format!(" and {rest} more"),
        };
        (self.rejected_total > 0).then(|| {
            format!(
                "Records of {ecosystem} could not be read: {}{more}.",
                self.rejected.join("; ")
            )
        })
    }

    fn reject(&mut self, reason: String) {
        self.rejected_total = self.rejected_total.saturating_add(1);
        if self.rejected.len() < NAMED {
            self.rejected.push(reason);
        }
    }
}

/// What the compiler holds of each of `ecosystems`.
pub(super) fn held(compiler: &mut Compiler, ecosystems: &[String]) -> HashMap<String, KnownRecords> {
    let exports = exports(compiler, ecosystems);
    let mut held: HashMap<String, KnownRecords> = ecosystems
        .iter()
        .map(|name| (name.clone(), KnownRecords::new()))
        .collect();
    for kept in compiler.records() {
        let folders = folders(&kept.record);
        for folder in &folders {
            if let Some(held) = held.get_mut(*folder) {
                let elsewhere = folders.iter().filter(|other| *other != folder);
                held.insert(
                    kept.record.id.clone(),
                    KnownRecord {
                        modified: kept.record.modified,
                        elsewhere: elsewhere.map(|other| (*other).to_owned()).collect(),
                        ours: exports.contains(&kept.source),
                    },
                );
            }
        }
    }
    held
}

/// The sources that are folders of the export: those that are followed now, and those that were before. Others
/// may be called alike, such as a folder of the user's own records.
fn exports(compiler: &mut Compiler, ecosystems: &[String]) -> Vec<SourceNumber> {
    let followed = |name: &str| {
        let ecosystem = name.strip_prefix("osv/");
        ecosystem.is_some_and(|ecosystem| ecosystems.iter().any(|other| other == ecosystem))
            || compiler.note(name).is_some()
    };
    let names: Vec<(String, Authority)> = compiler
        .sources()
        .iter()
        .filter(|source| source.authority == Authority::Export && followed(&source.name))
        .map(|source| (source.name.clone(), source.authority))
        .collect();
    names
        .iter()
        .map(|(name, authority)| compiler.source(name, *authority))
        .collect()
}

/// Takes in what was fetched of one ecosystem.
pub(super) struct Applying<'a> {
    compiler: &'a mut Compiler,
    now: Timestamp,
    /// The export that it came from; `None` for a folder on disk.
    address: Option<&'a Address>,
    /// The sources that are exports of OSV.
    exports: Vec<SourceNumber>,
}

impl<'a> Applying<'a> {
    pub(super) fn new(
        compiler: &'a mut Compiler,
        ecosystems: &[String],
        now: Timestamp,
        address: Option<&'a Address>,
    ) -> Self {
        Self {
            exports: exports(compiler, ecosystems),
            compiler,
            now,
            address,
        }
    }

    /// Takes in, and leaves a note for the next update.
    pub(super) fn take_in(&mut self, followed: Followed, fetched: Fetched) -> Result<Tally, UpdateError> {
        let Followed { name, state, .. } = followed;
        let source = self.compiler.source(&note_of(&name), Authority::Export);
        self.exports.push(source);
        let (tally, state) = match fetched {
            Fetched::Archive { path, gone, moved } => {
                let mut tally = Tally {
                    whole: true,
                    ..Tally::default()
                };
                self.drop_gone(&gone, &mut tally);
                for (id, json) in &moved {
                    self.replace(source, import::osv::read(json, id), &mut tally);
                }
                let state = self.archive(&name, source, &path, &mut tally)?;
                (tally, state)
            }
            Fetched::Changes(changes) => {
                let mut tally = Tally::default();
                let state = self.changes(&name, source, changes, state, &mut tally);
                (tally, state)
            }
        };
        self.compiler.set_note(&note_of(&name), &state.to_note());
        Ok(tally)
    }

    fn archive(
        &mut self,
        ecosystem: &str,
        source: SourceNumber,
        path: &Path,
        tally: &mut Tally,
    ) -> Result<State, UpdateError> {
        let mut state = State {
            newest: Timestamp::MIN,
            compared: self.now,
            listing: None,
            ignored: Ignored::default(),
        };
        self.compiler.reread(source);
        export_zip::imported(path, |imported| {
            let (id, modified) = match &imported {
                Imported::Record(record, _) => (record.id.clone(), record.modified),
                Imported::Withdrawn { id, modified } => (id.clone(), *modified),
                Imported::Skipped | Imported::Rejected(_) => (String::new(), None),
            };
            self.replace(source, imported, tally);
            if let Some(modified) = modified {
                state.newest = state.newest.max(modified);
                if !self.holds(&id, ecosystem) {
                    state.ignored.insert(&id, Some(modified));
                }
            }
        })
        .map_err(|source| UpdateError::Archive {
            path: path.to_owned(),
            source,
        })?;
        Ok(state)
    }

    fn changes(
        &mut self,
        ecosystem: &str,
        source: SourceNumber,
        changes: Changes,
        state: Option<State>,
        tally: &mut Tally,
    ) -> State {
        let mut state = state.unwrap_or(State {
            newest: Timestamp::MIN,
            compared: Timestamp::MIN,
            listing: None,
            ignored: Ignored::default(),
        });
        let Some(newest) = changes.newest else {
            return state;
        };
        self.drop_gone(&changes.gone, tally);
        for (id, json) in &changes.moved {
            self.replace(source, import::osv::read(json, id), tally);
        }
        for (row, json) in &changes.records {
            let imported = import::osv::read(json, &row.id);
            let unreadable = matches!(imported, Imported::Rejected(_));
            match self.compiler.add(source, imported) {
                Added::Record => tally.taken = tally.taken.saturating_add(1),
                Added::Withdrawn => tally.withdrawn = tally.withdrawn.saturating_add(1),
                Added::Rejected(rejected) => tally.reject(rejected.to_string()),
                Added::Superseded | Added::Skipped => {}
            }
            // What could not be read may be corrected before its time of change moves, and an old copy from a cache
            // is renewed: both are fetched again. What bears no time never looks newer.
            let undated = self
                .compiler
                .record(&row.id)
                .is_some_and(|kept| kept.record.modified.is_none());
            if !unreadable && (undated || !self.holds(&row.id, ecosystem)) {
                state.ignored.insert(&row.id, Some(row.modified));
            }
        }
        state.newest = newest;
        if changes.compared {
            state.compared = self.now;
        }
        state.listing = self.address.map(Address::fingerprint).zip(changes.listing);
        state
    }

    /// An archive has the last word, whatever the times of change say, unless another source knows better.
    fn replace(&mut self, source: SourceNumber, imported: Imported, tally: &mut Tally) {
        if let Imported::Record(record, _) = &imported {
            let exported = self.compiler.record(&record.id).is_some_and(|kept| {
                let newer = kept.record.modified > record.modified.and_then(whole_seconds);
                !newer && self.exports.contains(&kept.source)
            });
            if exported {
                self.compiler.remove(&record.id);
            }
        }
        match self.compiler.add(source, imported) {
            Added::Record => tally.taken = tally.taken.saturating_add(1),
            Added::Withdrawn => tally.withdrawn = tally.withdrawn.saturating_add(1),
            Added::Rejected(rejected) => tally.reject(rejected.to_string()),
            Added::Superseded | Added::Skipped => {}
        }
    }

    fn drop_gone(&mut self, gone: &[String], tally: &mut Tally) {
        for id in gone {
            if self.compiler.remove(id) {
                tally.gone = tally.gone.saturating_add(1);
            }
        }
    }

    fn holds(&self, id: &str, ecosystem: &str) -> bool {
        self.compiler
            .record(id)
            .is_some_and(|kept| folders(&kept.record).contains(&ecosystem))
    }
}

/// The folders of the export in which a record is: its ecosystems without their suffixes.
fn folders(record: &Record) -> Vec<&str> {
    let names = record.affected.iter().map(|affected| affected.ecosystem.as_str());
    let mut folders: Vec<&str> = names.map(|name| name.split(':').next().unwrap_or(name)).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// The index keeps seconds.
fn whole_seconds(time: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(time.as_second()).ok()
}
