//! Who plans: what is known, what is locked, and what was tried.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

use super::Described;
use super::graph::{State, Table, Wanted};
use crate::plan::Strategy;
use crate::plan::npm_catalogue::{Accepts, Catalogue, Failure, RatedReleases};

/// What a plan worked out and the next one of the same lockfile, with more answers, need not work out again.
#[derive(Debug, Default)]
pub struct Memory {
    /// Descriptors and resolutions.
    pub(super) table: Table,
    /// What the lockfile says.
    pub(super) before: OnceCell<State>,
    /// What was found out of releases.
    pub(super) rated: RatedReleases,
    /// What became of a descriptor, by what had changed before, and what was wished.
    pub(super) tried: RefCell<HashMap<(Wanted, u64, Aim), Tried>>,
    /// Packages of which it has to be known what is asked for.
    pub(super) unknown: RefCell<BTreeSet<String>>,
}

impl Memory {
    /// The packages of which it has to be known what is asked for ([`super::UNKNOWN`]), so that the plan is the best.
    #[must_use]
    pub fn unknown(&self) -> BTreeSet<String> {
        self.unknown.borrow().clone()
    }
}

/// What is wished of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Aim {
    /// That it leads to another version.
    Another,
    /// That nothing asks for it.
    Nothing,
}

/// What became of it.
pub(super) type Tried = Result<(State, Strategy), Failure>;

/// A package that is to go to a later version, because of others above it that are to as well.
#[derive(Clone, Copy)]
pub(super) struct Goal<'g> {
    pub(super) name: &'g str,
    /// The version that is to leave.
    pub(super) version: &'g str,
    /// The versions that help.
    pub(super) accepts: Accepts<'g>,
    pub(super) above: Option<&'g Goal<'g>>,
}

impl<'g> Goal<'g> {
    /// What is wished of the package `name`, if anything is.
    pub(super) fn of(&'g self, name: &str) -> Option<&'g Goal<'g>> {
        let mut at = Some(self);
        while let Some(goal) = at {
            if goal.name == name {
                return Some(goal);
            }
            at = goal.above;
        }
        None
    }
}

pub(super) struct Planner<'p> {
    /// What may be taken.
    pub(super) catalogue: Catalogue<'p>,
    pub(super) described: &'p Described,
    pub(super) table: &'p Table,
    /// How many upgrades and versions were tried for the wish in hand, and descriptors for which none helped.
    pub(super) tried: Cell<usize>,
    pub(super) puts: Cell<usize>,
    pub(super) hopeless: RefCell<HashMap<Wanted, Failure>>,
    pub(super) memory: &'p Memory,
}
