//! What a plan has changed so far.

use std::collections::{BTreeMap, BTreeSet};

use super::environments::Set;

/// What a plan has changed so far.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The new version of a pin.
    pub(super) moved: BTreeMap<usize, String>,
    /// Pins that nothing needs any more.
    pub(super) gone: BTreeSet<usize>,
    /// Pins that are to leave: nothing new may need them.
    pub(super) leaving: BTreeSet<usize>,
    /// What came in, by name.
    pub(super) added: BTreeMap<String, Added>,
    /// What one's own files ask for, by the number of the request.
    pub(super) ranges: BTreeMap<usize, String>,
}

/// A package that came in.
#[derive(Debug, Clone)]
pub(super) struct Added {
    pub(super) version: String,
    /// Where it is needed.
    pub(super) environments: Set,
    pub(super) extras: BTreeSet<String>,
    /// Its marker; empty for none.
    pub(super) marker: String,
}

impl State {
    pub(super) fn is_changed(&self, pin: usize) -> bool {
        self.moved.contains_key(&pin) || self.gone.contains(&pin)
    }
}

/// Who needs something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// One's own file, by the number of the request.
    Own(usize),
    /// A locked package.
    Pin(usize),
    /// One that came in.
    Added(String),
}
