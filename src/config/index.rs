//! Which index judges, and whether it is young enough.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::advisory::{Bookkeeping, Damage, Index, OpenError};
use crate::database::{self, DatabaseError};
use crate::model::Failure;
use crate::model::outcome::Database;
use crate::model::{Ecosystem, IndexState};
use crate::policy;
use crate::scan::{Advisories, Knowledge, knowledge, near};
use crate::sys::environment;
use crate::text::escape;

pub use crate::database::FILE_NAME;

/// Where the index is, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Who says so.
    pub origin: Origin,
    /// Where it is to be fetched from before it is opened, whatever is there; `None` leaves that to the policy.
    pub address: Option<String>,
}

impl Location {
    /// ` --db FILE` for a command that is to use the same file; empty where it does so by itself.
    #[must_use]
    pub fn flag(&self) -> String {
        match self.origin {
            Origin::Flag => format!(" --db {}", escape::shell(&self.path.to_string_lossy())),
            Origin::Environment | Origin::Cache | Origin::Address => String::new(),
        }
    }

    /// The folder for what is kept from run to run: that of a fetched index, else the user's own; `None` where none is known.
    #[must_use]
    pub fn cache_folder(&self) -> Option<PathBuf> {
        match self.origin {
            Origin::Cache | Origin::Address => self.path.parent().map(Path::to_owned),
            Origin::Flag | Origin::Environment => environment::cache_folder(),
        }
    }
}

/// Who says where the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `--db`.
    Flag,
    /// `LOCKKEEPER_DB`.
    Environment,
    /// The user's cache folder: a missing index may be fetched there.
    Cache,
    /// An address that was named: what it has is fetched into a folder for such things.
    Address,
}

/// Where the index is: `--db`, else `LOCKKEEPER_DB`, else the user's cache folder.
///
/// # Errors
/// A [`Failure`] of usage where no folder is known.
pub fn locate(flag: Option<&Path>) -> Result<Location, Failure> {
    if let Some(path) = flag {
        return Ok(Location {
            path: path.to_owned(),
            origin: Origin::Flag,
            address: None,
        });
    }
    if let Some(path) = environment::path("LOCKKEEPER_DB") {
        return Ok(Location {
            path,
            origin: Origin::Environment,
            address: None,
        });
    }
    match environment::cache_folder() {
        Some(folder) => Ok(Location {
            path: folder.join(FILE_NAME),
            origin: Origin::Cache,
            address: None,
        }),
        None => Err(Failure::usage(
            "the environment names no home, so there is no place for an advisory database",
            "Give the advisory database with `--db FILE`, or a folder for it in LOCKKEEPER_CACHE.",
        )),
    }
}

/// An index as it was found at a location.
pub struct FoundDatabase {
    /// The index; `None` if it cannot be used.
    pub index: Option<Index>,
    /// Its state.
    pub state: IndexState,
    /// Days since it was built; `None` if that is not known.
    pub age_days: Option<u64>,
    /// What is known of it.
    pub database: Database,
    /// Where it is, or should be.
    pub path: PathBuf,
    /// Why it could not be fetched, where nothing can be checked without that.
    pub unfetched: Option<Failure>,
    /// What it knows of.
    pub knowledge: Knowledge,
    /// The ecosystems of an export that updates of it follow.
    follows: Vec<Ecosystem>,
}

impl FoundDatabase {
    /// The index as a scan wants it.
    #[must_use]
    pub fn judge(&self) -> Advisories<'_> {
        Advisories {
            index: self.index.as_ref(),
            state: self.state,
            age_days: self.age_days,
            database: self.database.clone(),
            knowledge: self.knowledge.clone(),
            place: self.path.to_string_lossy().into_owned(),
        }
    }

    /// The ecosystems that updates of the index follow.
    #[must_use]
    pub fn follows(&self) -> &[Ecosystem] {
        &self.follows
    }

    /// The ecosystems among `wanted` that the index has nothing of and that no update of it would have brought.
    #[must_use]
    pub fn lacks(&self, wanted: &[Ecosystem]) -> Vec<Ecosystem> {
        let lacking = self.knowledge.lacks(wanted);
        lacking
            .filter(|ecosystem| !self.follows.contains(ecosystem))
            .cloned()
            .collect()
    }

    /// The index, or the failure that says why there is none.
    ///
    /// # Errors
    /// A [`Failure`] of incompleteness with the reason and the way out. An index that is only too old is given.
    pub fn require(&self) -> Result<&Index, Failure> {
        match (&self.index, &self.unfetched, &self.database.trouble) {
            (Some(index), ..) => Ok(index),
            (None, Some(failure), _) => Err(failure.clone()),
            (None, None, Some((message, hint))) => Err(Failure::incomplete(message.clone(), hint.clone())),
            (None, None, None) => Err(Failure::incomplete(
                "there is no advisory database",
                "Run `lockkeeper db update`, or `lockkeeper db build SOURCE…` from files.",
            )),
        }
    }
}

/// Opens the index at `location` and says how it stands at `now` and to what a policy asks of it.
#[must_use]
pub fn open(location: &Location, asked: &policy::Database, now: Timestamp) -> FoundDatabase {
    let path = location.path.as_path();
    let named = (location.origin == Origin::Flag).then(|| path.to_string_lossy().into_owned());
    let opened = database::open(path).and_then(|index| match index.bookkeeping() {
        Ok(bookkeeping) => Ok((bookkeeping, index)),
        Err(damage) => Err(damaged(damage)),
    });
    let opened = opened.and_then(|(bookkeeping, index)| match index.unread() {
        Ok(unread) => Ok((index, bookkeeping, unread)),
        Err(damage) => Err(damaged(damage)),
    });
    let (index, bookkeeping, unread) = match opened {
        Ok(opened) => opened,
        Err(unopened) => {
            return FoundDatabase {
                index: None,
                state: unopened.state(),
                age_days: None,
                database: Database {
                    instead: match &unopened {
                        DatabaseError::Occupied(occupant) => Some(occupant.as_str()),
                        DatabaseError::Missing | DatabaseError::Unreadable(_) | DatabaseError::Refused(_) => {
                            None
                        }
                    },
                    trouble: Some((
                        format!("{}: {unopened}{}", path.display(), meant(location, &unopened)),
                        unopened.hint(&location.flag()),
                    )),
                    named,
                    ..Database::default()
                },
                path: path.to_owned(),
                unfetched: None,
                knowledge: Knowledge::default(),
                follows: Vec::new(),
            };
        }
    };
    let age = now.duration_since(index.built()).max(SignedDuration::ZERO);
    let age_days = u64::try_from(age.as_hours() / 24).unwrap_or_default();
    let other = asked.digest.as_ref().filter(|digest| *digest != index.digest());
    let limit = policy::duration::written(asked.refuse_age);
    let (state, trouble) = if let Some(digest) = other {
        let reason = format!(
            "{}: the policy asks for the advisory database {digest}, and this is {}",
            path.display(),
            index.digest()
        );
        let hint = "Fetch or build that advisory database, or change `database.digest` in the policy.";
        (IndexState::Other, Some((reason, hint.to_owned())))
    } else if age > asked.refuse_age {
        let reason = format!(
            "{}: the advisory database is {age_days} days old; more than {limit} are refused",
            path.display()
        );
        (
            IndexState::TooOld,
            Some((reason, format!("Run `lockkeeper db update{}`.", location.flag()))),
        )
    } else if age > asked.max_age {
        (IndexState::Stale, None)
    } else {
        (IndexState::Fresh, None)
    };
    let mut knowledge = Knowledge::of(&bookkeeping, &unread);
    knowledge.flag = location.flag();
    let knowledge = match now.checked_sub(asked.refuse_age) {
        Ok(before) => knowledge.old_before(before, limit),
        // So far back there is no time, and nothing is older.
        Err(_) => knowledge,
    };
    // An index that the policy does not ask for judges nothing.
    let is_asked_for = state != IndexState::Other;
    FoundDatabase {
        database: Database {
            trouble,
            named,
            ..described(&index, &bookkeeping)
        },
        index: is_asked_for.then_some(index),
        state,
        age_days: Some(age_days),
        path: path.to_owned(),
        unfetched: None,
        knowledge: if is_asked_for {
            knowledge
        } else {
            Knowledge::default()
        },
        follows: bookkeeping
            .exports()
            .iter()
            .map(|name| Ecosystem::named(name))
            .collect(),
    }
}

/// The question that names the file that may have been meant, where the command line names one that is not there.
#[must_use]
pub fn meant(location: &Location, unopened: &DatabaseError) -> String {
    match (location.origin, unopened) {
        (Origin::Flag, DatabaseError::Missing) => near::path(&location.path),
        (
            Origin::Flag | Origin::Environment | Origin::Cache | Origin::Address,
            DatabaseError::Missing
            | DatabaseError::Occupied(_)
            | DatabaseError::Unreadable(_)
            | DatabaseError::Refused(_),
        ) => String::new(),
    }
}

fn damaged(damage: Damage) -> DatabaseError {
    OpenError::from(damage).into()
}

/// What reports say of an index, which says `bookkeeping` of itself.
#[must_use]
pub fn described(index: &Index, bookkeeping: &Bookkeeping) -> Database {
    Database {
        digest: Some(index.digest().to_owned()),
        built: Some(index.built()),
        sources: bookkeeping.sources.iter().map(knowledge::source).collect(),
        records: index.header().records,
        trouble: None,
        instead: None,
        named: None,
    }
}
