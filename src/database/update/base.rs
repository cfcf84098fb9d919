//! The index as an update finds it. Its records are read only where an export asks for them: a publication is held
//! against what the index says of itself.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use super::apply;
use super::error::UpdateError;
use super::plan::Followed;
use super::request::Request;
use super::state::{State, note_of};
use crate::advisory::{Bookkeeping, Compiler, Index, OpenError};
use crate::sys::file::{self, FileKind};
use crate::sys::positional::Positional;

/// The index as it is.
pub(super) struct Base {
    /// `None` where there is none, and once its records are read.
    index: Option<Index>,
    pub(super) built: Option<Timestamp>,
    pub(super) digest: Option<String>,
    pub(super) bookkeeping: Bookkeeping,
    /// The ecosystems to follow, sorted.
    pub(super) names: Vec<String>,
    loaded: Option<Loaded>,
}

/// The index with its records.
pub(super) struct Loaded {
    pub(super) compiler: Compiler,
    /// The ecosystems to follow, in the order of their names.
    pub(super) ecosystems: Vec<Followed>,
}

impl Base {
    pub(super) fn read(request: &Request<'_>, warnings: &mut Vec<String>) -> Result<Self, UpdateError> {
        let opened = match file::kind(request.index)? {
            FileKind::Missing => None,
            FileKind::File(_) | FileKind::Folder | FileKind::Other => Some(open(request.index)),
        };
        let mut base = Self {
            index: None,
            built: None,
            digest: None,
            bookkeeping: Bookkeeping::default(),
            names: Vec::new(),
            loaded: None,
        };
        match opened {
            None => {}
            Some(Ok(index)) => match index.bookkeeping() {
                Ok(bookkeeping) => {
                    base.built = Some(index.built());
                    base.digest = Some(index.digest().to_owned());
                    base.bookkeeping = bookkeeping;
                    base.index = Some(index);
                }
                Err(damage) => warnings.push(anew(&damage.to_string())),
            },
            Some(Err(
                reason @ (OpenError::NotAnIndex | OpenError::Newer { .. } | OpenError::Unreadable(_)),
            )) => {
                return Err(UpdateError::NotReplaceable {
                    path: request.index.to_owned(),
                    reason,
                });
            }
            Some(Err(damage @ (OpenError::CutShort { .. } | OpenError::Damaged { .. }))) => {
                warnings.push(anew(&damage.to_string()));
            }
        }
        let names: BTreeSet<String> = match (request.ecosystems, &base.index) {
            ([], Some(_)) => base.bookkeeping.exports(),
            ([], None) => request.usual.iter().cloned().collect(),
            (asked, _) => asked.iter().cloned().collect(),
        };
        base.names = names.into_iter().collect();
        match base.names.is_empty() {
            true => Err(UpdateError::NoEcosystem),
            false => Ok(base),
        }
    }

    /// The index with its records, read when it is first asked for. If they cannot be read there is nothing.
    pub(super) fn load(&mut self, warnings: &mut Vec<String>) -> &Loaded {
        let loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => self.compile(warnings),
        };
        self.loaded.insert(loaded)
    }

    /// As [`Base::load`], for good.
    pub(super) fn into_loaded(mut self, warnings: &mut Vec<String>) -> Loaded {
        match self.loaded.take() {
            Some(loaded) => loaded,
            None => self.compile(warnings),
        }
    }

    /// Whether every byte of the index is as it was written. Where there is none, none is damaged.
    pub(super) fn is_sound(&self) -> bool {
        self.index.as_ref().is_none_or(|index| index.verify().is_ok())
    }

    /// What an update may not lose: the ecosystems that were asked for, and those that the index follows.
    pub(super) fn required(&self, request: &Request<'_>) -> BTreeSet<String> {
        let mut required = self.bookkeeping.exports();
        required.extend(request.ecosystems.iter().cloned());
        required
    }

    fn compile(&mut self, warnings: &mut Vec<String>) -> Loaded {
        let compiler = self.index.take().map(|index| Compiler::from_index(&index));
        let mut compiler = match compiler {
            Some(Ok(compiler)) => compiler,
            Some(Err(damage)) => {
                warnings.push(anew(&damage.to_string()));
                (self.built, self.digest, self.bookkeeping) = (None, None, Bookkeeping::default());
                Compiler::new()
            }
            None => Compiler::new(),
        };
        let mut held = apply::held(&mut compiler, &self.names);
        let ecosystems = self
            .names
            .iter()
            .map(|name| Followed {
                state: compiler.note(&note_of(name)).and_then(State::of_note),
                held: held.remove(name).unwrap_or_default(),
                name: name.clone(),
            })
            .collect();
        Loaded { compiler, ecosystems }
    }
}

fn anew(damage: &str) -> String {
    format!("The old advisory database was not readable ({damage}), so that everything is fetched anew.")
}

/// Opens the index at `path`.
pub(super) fn open(path: &Path) -> Result<Index, OpenError> {
    let file = Positional::open(path).map_err(|error| OpenError::Unreadable(error.to_string()))?;
    Index::open(file)
}
