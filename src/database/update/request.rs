//! What an update is asked to do, and what it reports while it does it.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::error::UpdateError;
use super::origin::Origin;
use crate::advisory::{Compiler, Facts};
use crate::database::build::Losses;
use crate::database::manifest::{INDEX_ENDING, is_sha256};
use crate::database::signature::PublicKey;
use crate::sys::file;
use crate::sys::web::{Address, Web};

/// Clocks differ by no more.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(48);

/// What to bring up to date, and from where.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The index; it need not exist.
    pub index: &'r Path,
    /// A folder for unfinished downloads and the lock.
    pub downloads: &'r Path,
    /// OSV's names, without suffixes. Empty: those that the index follows already.
    pub ecosystems: &'r [String],
    /// What is taken where nothing is asked for and there is no index: of a publication, as far as it has them.
    pub usual: &'r [String],
    /// Tried in order.
    pub from: &'r [Origin],
    /// Whose signature a publication must bear.
    pub trust: &'r Trust,
    /// The address of CISA's list; `None` leaves it as it is.
    pub exploited: Option<Address>,
    /// The address of FIRST's scores; `None` leaves them as they are.
    pub scores: Option<Address>,
    /// What becomes of an index of which too much could not be read.
    pub losses: Losses,
    /// The time now, which becomes the time of the index.
    pub now: Timestamp,
}

impl Request<'_> {
    /// Writes the index in place of the old one.
    pub(super) fn write(&self, compiler: Compiler, built: Timestamp) -> Result<Facts, UpdateError> {
        let compiled = compiler.finish(built)?;
        file::replace(self.index, |writer| compiled.write(writer))?;
        Ok(compiled.facts)
    }

    /// Whether an index was dated later than clocks differ: it would outrank every good one, and never be old.
    pub(super) fn is_of_the_future(&self, built: Timestamp) -> bool {
        built.duration_since(self.now) > CLOCKS_DIFFER
    }

    /// Removes every download but the files of a publication that `keep` names. No other update works in the folder: this
    /// one has the lock.
    pub(super) fn clear_downloads(&self, keep: &[String]) -> Result<(), UpdateError> {
        for (name, _) in file::list(self.downloads)? {
            let text = name.to_string_lossy();
            let piece = text.strip_suffix(INDEX_ENDING).is_some_and(is_sha256);
            let unkept = piece && !keep.iter().any(|keep| *keep == text);
            if unkept || text.ends_with(".part") || text.ends_with(".part.from") {
                file::remove(&self.downloads.join(&name))?;
            }
        }
        Ok(())
    }
}

/// An update that is being made.
pub(super) struct Job<'j> {
    pub(super) request: &'j Request<'j>,
    pub(super) web: Arc<Web>,
    pub(super) progress: &'j dyn Progress,
}

/// Whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// Any of these keys.
    pub keys: Vec<PublicKey>,
    /// Of what.
    pub demanded: Demanded,
}

/// Which publications must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demanded {
    /// Those on the web; who can write into a folder of this machine needs no other way in.
    #[default]
    OnTheWeb,
    /// Those in folders too, since the user said whose they must be.
    Everywhere,
}

/// What an update is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'e> {
    /// Another update has the folder.
    Waiting {
        /// Its folder for downloads.
        folder: &'e Path,
    },
    /// A server is asked for a file.
    Asking {
        /// Where, without secrets.
        address: &'e str,
    },
    /// The list of changes of an ecosystem is read.
    Listing {
        /// Whose.
        ecosystem: &'e str,
    },
    /// All records of an ecosystem are fetched.
    Archive {
        /// Whose.
        ecosystem: &'e str,
        /// Bytes so far.
        held: u64,
        /// Bytes in all, if known.
        total: Option<u64>,
    },
    /// Single records are fetched.
    Records {
        /// Of which ecosystem.
        ecosystem: &'e str,
        /// Records so far.
        done: usize,
        /// Records in all.
        of: usize,
    },
    /// A ready-made index is fetched.
    Index {
        /// Bytes so far.
        held: u64,
        /// Bytes in all, if known.
        total: Option<u64>,
    },
    /// KEV or EPSS is fetched.
    Document {
        /// Which.
        name: &'static str,
    },
    /// The index is written.
    Compiling,
}

/// Shows what an update is doing.
pub trait Progress: Send + Sync {
    /// Called often.
    fn report(&self, event: &Event<'_>);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn report(&self, _: &Event<'_>) {}
}
