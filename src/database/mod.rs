//! The index on disk: built from files, brought up to date over the web, opened, verified, asked, compared.
//!
//! - [`build::build`] reads sources, whose kind follows from their content, and replaces the index atomically.
//! - [`open`] opens it; [`DatabaseError`] says why not, and what that makes of a verdict.
//! - [`publish`] makes of an index a folder for web servers: a [`manifest`], a [`signature`] and an index an ecosystem.
//! - [`update`] brings an index up to date, from exports, from indexes and from publications.
//! - [`query`] answers `db status`, `show`, `search` and `diff` with plain structs; [`terminal`] prints them.

mod archive;
pub mod build;
pub mod manifest;
pub mod publish;
pub mod query;
pub mod signature;
pub mod source;
pub mod terminal;
pub mod update;

use std::path::{Path, PathBuf};

use crate::advisory::{Index, OpenError};
use crate::model::IndexState;
use crate::sys::file::{self, FileKind};
use crate::sys::positional::Positional;
use crate::text::escape;

/// The name of an index in a folder that is made for it.
pub const FILE_NAME: &str = "advisories.lkdb";

/// Why the index could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// There is none.
    #[error("there is no advisory database")]
    Missing,
    /// Something else is at its path.
    #[error("it is {}, and an advisory database is one file", .0.as_str())]
    Occupied(Occupant),
    /// The system refused.
    #[error("the advisory database cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is no index that this program reads.
    #[error(transparent)]
    Refused(#[from] OpenError),
}

/// What is at the path of an index and is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occupant {
    /// A folder, with the path that an index in it would have, and what there is at that.
    Folder(PathBuf, FileKind),
    /// Anything else.
    Other,
}

impl Occupant {
    /// `a folder`, `a device, pipe or socket`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Folder(..) => "a folder",
            Self::Other => "a device, pipe or socket",
        }
    }

    fn hint(&self) -> String {
        let (path, inside) = match self {
            Self::Folder(path, inside) => (path, inside),
            Self::Other => {
                return "Copy the advisory database to a file and name that with `--db FILE`, or build one there: \
                        `lockkeeper db build --db FILE SOURCE…`."
                    .to_owned();
            }
        };
        let flag = format!("--db {}", escape::shell(&path.to_string_lossy()));
        match inside {
            FileKind::File(_) => format!("Name the file in it: `{flag}`."),
            FileKind::Folder | FileKind::Other | FileKind::Missing => format!(
                "Build one in it with `lockkeeper db build {flag} SOURCE…`, or fetch it with `lockkeeper db update {flag}`, \
                 and name that file: `{flag}`."
            ),
        }
    }
}

impl DatabaseError {
    /// What the coverage says of it.
    #[must_use]
    pub fn state(&self) -> IndexState {
        match self {
            Self::Missing | Self::Occupied(_) => IndexState::Missing,
            Self::Unreadable(_) => IndexState::Damaged,
            Self::Refused(refused) => match refused {
                OpenError::Newer { .. } => IndexState::Newer,
                OpenError::NotAnIndex
                | OpenError::CutShort { .. }
                | OpenError::Damaged { .. }
                | OpenError::Unreadable(_) => IndexState::Damaged,
            },
        }
    }

    /// What to do, as a full instruction. `flag` names the file to the commands that write it: ` --db FILE`, or nothing.
    #[must_use]
    pub fn hint(&self, flag: &str) -> String {
        let build = format!("`lockkeeper db build{flag} SOURCE…`");
        match self {
            Self::Missing => {
                format!("Fetch one with `lockkeeper db update{flag}`, or build one from files with {build}.")
            }
            Self::Occupied(occupant) => occupant.hint(),
            Self::Unreadable(_) => "Check the path given by --db and the file's permissions.".to_owned(),
            Self::Refused(OpenError::Newer { .. }) => {
                format!("Install a newer lockkeeper, or build the advisory database with this one: {build}.")
            }
            Self::Refused(OpenError::NotAnIndex) => {
                format!(
                    "Build an advisory database in its place with {build}, or name another file with `--db`."
                )
            }
            Self::Refused(_) => again(flag),
        }
    }
}

/// What to do about a damaged index; `flag` is ` --db FILE` where the command line names it, else empty.
#[must_use]
pub fn again(flag: &str) -> String {
    format!(
        "Fetch it again with `lockkeeper db update{flag}`, or build it from files with `lockkeeper db build{flag} SOURCE…`."
    )
}

/// Opens the index at `path`.
///
/// # Errors
/// [`DatabaseError`].
pub fn open(path: &Path) -> Result<Index, DatabaseError> {
    let kind = file::kind(path).map_err(|error| error.source)?;
    match kind {
        FileKind::File(_) => {}
        FileKind::Missing => return Err(DatabaseError::Missing),
        FileKind::Other => return Err(DatabaseError::Occupied(Occupant::Other)),
        FileKind::Folder => {
            let inside = path.join(FILE_NAME);
            let kind = file::kind(&inside).unwrap_or(FileKind::Missing);
            return Err(DatabaseError::Occupied(Occupant::Folder(inside, kind)));
        }
    }
    let file = Positional::open(path)?;
    Ok(Index::open(file)?)
}

/// Verifies every byte of the index at `path`, and that all of it can be read.
///
/// # Errors
/// [`DatabaseError`], with the first damage.
pub fn verify(path: &Path) -> Result<Index, DatabaseError> {
    let index = open(path)?;
    index.verify().map_err(OpenError::from)?;
    Ok(index)
}
