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

/// How much may be looked at for a wish: needs, and dependents of packages. Of a package of hundreds of others each look is at hundreds. Counts,
/// not time, so that a plan is the same everywhere.
pub(super) struct Effort {
    needs: Cell<usize>,
    /// Dependents that had been looked at when the plan and the wish began.
    plan_began: u64,
    wish_began: Cell<u64>,
    most: Cell<u64>,
}

/// So many needs are looked at for one wish.
const MAX_NEEDS: usize = 10_000;
/// So many dependents are looked at for one wish, and where more than the second number were for all wishes before it.
const MAX_DEPENDENTS: u64 = 300_000;
const MAX_OF_PLAN: u64 = 1_500_000;
const MAX_DEPENDENTS_LATE: u64 = 30_000;

impl Effort {
    pub(super) fn of(tree: &FolderTree) -> Self {
        Self {
            needs: Cell::new(0),
            plan_began: tree.looked_at(),
            wish_began: Cell::new(tree.looked_at()),
            most: Cell::new(MAX_DEPENDENTS),
        }
    }

    fn begin(&self, tree: &FolderTree) {
        let now = tree.looked_at();
        self.needs.set(0);
        self.wish_began.set(now);
        self.most.set(match now - self.plan_began > MAX_OF_PLAN {
            true => MAX_DEPENDENTS_LATE,
            false => MAX_DEPENDENTS,
        });
    }

    /// A need is looked at.
    pub(super) fn count_need(&self) {
        self.needs.set(self.needs.get() + 1);
    }

    fn is_spent(&self, tree: &FolderTree) -> bool {
        self.needs.get() > MAX_NEEDS || tree.looked_at() - self.wish_began.get() > self.most.get()
    }
}

pub(super) struct Planner<'p> {
    /// What may be taken.
    pub(super) catalogue: Catalogue<'p>,
    pub(super) overrides: &'p Overrides,
    pub(super) layout: Layout,
    pub(super) tried: Cell<usize>,
    pub(super) effort: Effort,
    /// What is to move just now: each folder, with what had changed when it was its turn.
    pub(super) moving: RefCell<Vec<(String, u64)>>,
    pub(super) memory: &'p Memory,
}

impl Planner<'_> {
    /// Nothing was tried yet for the wish.
    pub(super) fn begin(&self, state: &State) {
        self.tried.set(0);
        self.effort.begin(&state.tree);
    }

    /// Too much was looked at for the wish to go on with it.
    pub(super) fn is_given_up(&self, state: &State) -> bool {
        self.effort.is_spent(&state.tree)
    }

    /// The folder of a package with `release` in it.
    pub(super) fn folder(&self, name: &str, release: &Rc<Release>) -> Node {
        Node::of_release(name, release, self.layout)
    }
}
