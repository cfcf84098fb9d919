//! Who plans: what is known, what may be taken, and what was tried.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::Overrides;
use super::state::State;
use super::tree::{FolderTree, Node};
use crate::lockfile::package_lock::installed::Layout;
use crate::model::Release;
use crate::plan::Strategy;
use crate::plan::npm_catalogue::{Catalogue, Failure, RatedReleases};

/// What a plan worked out and the next one of the same lockfile, with more answers, need not work out again.
#[derive(Debug, Default)]
pub struct Memory {
    /// The folders as the lockfile has them.
    pub(super) before: OnceCell<FolderTree>,
    /// What was found out of releases.
    pub(super) rated: RatedReleases,
    /// What became of an upgrade of a folder, by its place, what had changed before, and what was wished.
    pub(super) tried: RefCell<HashMap<(String, u64, Aim), Tried>>,
}

impl Memory {
    /// Forgets all but what the lockfile says.
    pub fn forget(&mut self) {
        let before = std::mem::take(&mut self.before);
        *self = Self {
            before,
            ..Self::default()
        };
    }
}

/// What is wished of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Aim {
    /// Another version.
    Another,
    /// That nothing needs it.
    Nothing,
}

/// What became of an upgrade.
pub(super) type Tried = Result<(State, Strategy), Failure>;

pub(super) struct Planner<'p> {
    /// What may be taken.
    pub(super) catalogue: Catalogue<'p>,
    pub(super) overrides: &'p Overrides,
    pub(super) layout: Layout,
    pub(super) tried: Cell<usize>,
    /// So many needs were looked at for the wish.
    pub(super) looked_at: Cell<usize>,
    /// What is to move just now: each folder, with what had changed when it was its turn.
    pub(super) moving: RefCell<Vec<(String, u64)>>,
    pub(super) memory: &'p Memory,
}

impl Planner<'_> {
    /// Nothing was tried yet for the wish.
    pub(super) fn begin(&self) {
        self.tried.set(0);
        self.looked_at.set(0);
    }

    /// The folder of a package with `release` in it.
    pub(super) fn folder(&self, name: &str, release: &Rc<Release>) -> Node {
        Node::of_release(name, release, self.layout)
    }
}
