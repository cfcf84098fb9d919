//! A flaw that a target holds, and where.

use std::sync::Arc;

use jiff::civil::Date;

use super::{Advisory, Decision, Ecosystem, Scopes, TreePath};
use crate::text::Position;

/// One (group, package, version, file), whatever the number of places.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is wrong.
    pub advisory: Arc<Advisory>,
    /// The package's ecosystem.
    pub ecosystem: Ecosystem,
    /// The package's name as written.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// The package URL with the version.
    pub purl: String,
    /// The file that holds it, relative to the target's root.
    pub file: TreePath,
    /// Where in the file: of several places, the first.
    place: Position,
    further: Vec<Position>,
    /// Versions above the held one that leave every member's ranges, lowest first.
    pub fixed: Vec<String>,
    /// Shortest paths from roots, shortest first; at most [`MAX_PATHS`].
    pub paths: Vec<Vec<Step>>,
    /// How many such paths there are: one for each root that reaches the package.
    pub paths_total: usize,
    /// What it is used for.
    pub scopes: Scopes,
    /// A root asks for it by name.
    pub direct: bool,
    /// Affected, or why not.
    pub state: State,
    /// Why the advisory applies: the record and the range that hold the version.
    pub reason: String,
    /// What the gate makes of it.
    pub decision: Decision,
    /// The name of the rule that decided.
    pub rule: String,
    /// The day from which the rule fails what it only warns of today; `None` where there is no grace.
    pub fails_from: Option<Date>,
    /// How it came about since the base; `None` where nothing was compared.
    pub change: Option<Change>,
}

/// At most so many paths are kept for a finding.
pub const MAX_PATHS: usize = 10;

impl Finding {
    /// The places in the file, first one first; never empty.
    pub fn places(&self) -> impl Iterator<Item = Position> {
        std::iter::once(self.place).chain(self.further.iter().copied())
    }

    /// The first place.
    #[must_use]
    pub fn place(&self) -> Position {
        self.place
    }

    /// It applies and nobody accepted it.
    #[must_use]
    pub fn is_affected(&self) -> bool {
        self.exception().is_none()
    }

    /// The exception that covers it.
    #[must_use]
    pub fn exception(&self) -> Option<&Excepted> {
        match &self.state {
            State::Affected => None,
            State::Excepted(excepted) => Some(excepted),
        }
    }

    /// The gate fails it. What was accepted never blocks, whatever a rule says of it.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.decision == Decision::Fail && self.is_affected()
    }

    /// Adds a further place of the same version in the same file.
    pub fn also_at(&mut self, place: Position) {
        if place == self.place || self.further.contains(&place) {
            return;
        }
        self.further.push(place);
        if place < self.place {
            let first = std::mem::replace(&mut self.place, place);
            self.further.retain(|further| *further != place);
            self.further.push(first);
        }
        self.further.sort_unstable();
    }
}

/// What a finding is made of; [`Found::at`] makes it one, so that none is without a place.
#[derive(Debug, Clone)]
pub struct Found {
    /// See [`Finding::advisory`].
    pub advisory: Arc<Advisory>,
    /// See [`Finding::ecosystem`].
    pub ecosystem: Ecosystem,
    /// See [`Finding::name`].
    pub name: String,
    /// See [`Finding::version`].
    pub version: String,
    /// See [`Finding::purl`].
    pub purl: String,
    /// See [`Finding::fixed`].
    pub fixed: Vec<String>,
    /// See [`Finding::reason`].
    pub reason: String,
    /// See [`Finding::scopes`].
    pub scopes: Scopes,
    /// See [`Finding::direct`].
    pub direct: bool,
}

impl Found {
    /// The finding at `place` of `file`, not yet judged by the gate.
    #[must_use]
    pub fn at(self, file: TreePath, place: Position) -> Finding {
        Finding {
            advisory: self.advisory,
            ecosystem: self.ecosystem,
            name: self.name,
            version: self.version,
            purl: self.purl,
            file,
            place,
            further: Vec::new(),
            fixed: self.fixed,
            paths: Vec::new(),
            paths_total: 0,
            scopes: self.scopes,
            direct: self.direct,
            state: State::Affected,
            reason: self.reason,
            decision: Decision::Warn,
            rule: String::new(),
            fails_from: None,
            change: None,
        }
    }
}

/// One step of a dependency path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The package's or module's name; empty for a root that has none.
    pub name: String,
    /// Its version; empty where there is none.
    pub version: String,
}

/// Whether a finding counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It applies.
    Affected,
    /// It applies, and somebody accepted that until a day.
    Excepted(Excepted),
}

impl State {
    /// `affected`, `excepted`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Excepted(_) => "excepted",
        }
    }
}

/// The exception that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excepted {
    /// Why it was accepted, in the words of who did.
    pub reason: String,
    /// Who answers for it; `None` if the policy names nobody.
    pub owner: Option<String>,
    /// The last day on which it counts.
    pub expires: Date,
}

/// How a finding came about since the base that it was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The base holds no such occurrence: a new package, a version moved into a range, a further lockfile.
    Introduced,
    /// The base holds it too, and its advisory is younger than the base.
    PublishedSince,
    /// The base holds the same flaw of the same package at another version or in a file of another name.
    Moved,
    /// The base holds it as it is.
    PreExisting,
}

impl Change {
    /// Every change, in the order in which one of several that fit is chosen.
    pub const ALL: [Self; 4] = [
        Self::Introduced,
        Self::PublishedSince,
        Self::Moved,
        Self::PreExisting,
    ];

    /// `introduced`, `published_since`, `moved`, `pre_existing`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::PublishedSince => "published_since",
            Self::Moved => "moved",
            Self::PreExisting => "pre_existing",
        }
    }
}
