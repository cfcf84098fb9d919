//! An advisory that applies to a locked package, and where.

use std::sync::Arc;

use jiff::civil::Date;

use super::{
    Advisory, Decision, DependencyPaths, Ecosystem, IndexKey, PackageUrl, Scopes, SharedStr, TreePath,
    UpgradeBy,
};
use crate::text::Position;

/// One (group, package, version, file), whatever the number of places. A finding reads as its [`Match`], and that as the
/// [`Occurrence`] of the package, which all findings of the package in the file share: changing one of its fields changes that
/// of this finding alone.
#[derive(Debug, Clone)]
pub struct Finding {
    matched: Arc<Match>,
    /// Affected, or why not.
    pub state: State,
    /// What the gate makes of it.
    pub decision: Decision,
    /// The name of the rule that decided.
    pub rule: SharedStr,
    /// The day from which the rule fails what it only warns of today; `None` where there is no grace.
    pub fails_from: Option<Date>,
    /// How it came about since the base; `None` where nothing was compared.
    pub change: Option<Change>,
    /// The registry that the lockfile names, without secrets; only of malicious packages and of those with an internal name.
    pub origin: Option<RegistryAddress>,
}

/// Scheme, host, port and path of a registry, as a lockfile records it; never user name or password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAddress(Box<str>);

impl RegistryAddress {
    /// `address` has no name, password or token in it.
    #[must_use]
    pub fn new(address: String) -> Self {
        Self(address.into())
    }

    /// `https://registry.example/npm/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An advisory that applies to a version of a package in a file.
#[derive(Debug, Clone)]
pub struct Match {
    /// The advisory: every record of the group together.
    pub advisory: Arc<Advisory>,
    /// Where the index keeps the group; `None` for what this program states by itself.
    pub group: Option<IndexKey>,
    /// The id of the record that affects the version; `None` where it is the advisory's own.
    pub record: Option<SharedStr>,
    /// The package, and where it is locked.
    pub package: Arc<Occurrence>,
    /// Versions above the locked one that leave every member's ranges, lowest first.
    pub fixed: Arc<[String]>,
    /// No fixed version is named, and every range of the members ends: an unaffected version may come after the last of them.
    pub ends: bool,
    /// The version to upgrade to, in the ecosystem's spelling: the same for every advisory of the package that it ends; `None`
    /// where no version ends this one.
    pub upgrade: Option<SharedStr>,
    /// Why the advisory applies: the record and the range that contain the version.
    pub reason: SharedStr,
}

/// A version of a package as a lockfile has it, and where. A match reads as the one that it is of.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// The package's ecosystem.
    pub ecosystem: Ecosystem,
    /// The package's name as written.
    pub name: SharedStr,
    /// The version as written.
    pub version: SharedStr,
    /// The package URL with the version.
    pub purl: PackageUrl,
    /// The file that locks it, relative to the target's root.
    pub file: TreePath,
    /// Where in the file: of several places, the first.
    place: Position,
    /// Further places, in order.
    further: Box<[Position]>,
    /// Shortest paths from roots; at most [`MAX_PATHS`].
    pub paths: DependencyPaths,
    /// How many such paths there are: one for each root that reaches the package.
    pub paths_total: usize,
    /// What it is used for.
    pub scopes: Scopes,
    /// A root asks for it by name.
    pub direct: bool,
    /// What another version takes, where the usual command does not do it.
    pub upgrade_by: Option<Box<UpgradeBy>>,
}

impl Occurrence {
    /// A version of a package at `place` of `file`; who uses it is not known.
    #[must_use]
    pub fn new(
        ecosystem: Ecosystem,
        name: SharedStr,
        version: SharedStr,
        purl: PackageUrl,
        file: TreePath,
        place: Position,
    ) -> Self {
        Self {
            ecosystem,
            name,
            version,
            purl,
            file,
            place,
            further: Box::default(),
            paths: DependencyPaths::none(),
            paths_total: 0,
            scopes: Scopes::default(),
            direct: false,
            upgrade_by: None,
        }
    }

    /// The places in the file, first one first; never empty.
    pub fn places(&self) -> impl Iterator<Item = Position> {
        std::iter::once(self.place).chain(self.further.iter().copied())
    }

    /// The first place.
    #[must_use]
    pub fn place(&self) -> Position {
        self.place
    }

    /// Adds further places of the same version in the same file; those that it has already count once.
    pub fn also_at(&mut self, places: impl IntoIterator<Item = Position>) {
        let further = std::mem::take(&mut self.further);
        let mut all: Vec<Position> = std::iter::once(self.place).chain(further).chain(places).collect();
        all.sort_unstable();
        all.dedup();
        self.further = all.split_off(1).into();
        self.place = all.first().copied().unwrap_or(self.place);
    }
}

impl Match {
    /// The id that people read: that of the record that affects the version, which the advisory's own may not.
    #[must_use]
    pub fn id(&self) -> &str {
        self.record.as_deref().unwrap_or(&self.advisory.id)
    }

    /// Every other id of the advisory, its own first.
    pub fn other_ids(&self) -> impl Iterator<Item = &str> {
        let advisory = &self.advisory;
        std::iter::once(&advisory.id)
            .chain(&advisory.aliases)
            .map(String::as_str)
            .filter(|id| *id != self.id())
    }
}

/// At most so many paths are kept for a finding.
pub const MAX_PATHS: usize = 10;

impl std::ops::Deref for Match {
    type Target = Occurrence;

    fn deref(&self) -> &Occurrence {
        &self.package
    }
}

impl std::ops::DerefMut for Match {
    fn deref_mut(&mut self) -> &mut Occurrence {
        Arc::make_mut(&mut self.package)
    }
}

impl std::ops::Deref for Finding {
    type Target = Match;

    fn deref(&self) -> &Match {
        &self.matched
    }
}

impl std::ops::DerefMut for Finding {
    fn deref_mut(&mut self) -> &mut Match {
        Arc::make_mut(&mut self.matched)
    }
}

impl Finding {
    /// `matched`, not yet decided by the gate.
    #[must_use]
    pub fn new(matched: Arc<Match>) -> Self {
        Self {
            matched,
            state: State::Affected,
            decision: Decision::Warn,
            rule: SharedStr::default(),
            fails_from: None,
            change: None,
            origin: None,
        }
    }

    /// It applies and no exception accepts it.
    #[must_use]
    pub fn is_affected(&self) -> bool {
        self.state == State::Affected
    }

    /// The exception that covers it.
    #[must_use]
    pub fn exception(&self) -> Option<&Excepted> {
        match &self.state {
            State::Affected | State::NotAffected => None,
            State::Excepted(excepted) => Some(excepted),
        }
    }

    /// The gate fails it. What was accepted never blocks, whatever a rule decides.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.decision == Decision::Fail && self.is_affected()
    }

    /// It applies, and the base did not have it like this: without a base all that applies, and what could not be compared.
    #[must_use]
    pub fn is_of_this_change(&self) -> bool {
        let is_of_it = |change: Change| change.is_of_the_change() || change == Change::Unknown;
        self.change.is_none_or(is_of_it) && self.is_affected()
    }
}

/// Whether a finding counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It applies.
    Affected,
    /// It applies, and an exception accepts that until a day.
    Excepted(Box<Excepted>),
    /// It is about another package of the same name: the public registry's, where this one is one's own.
    NotAffected,
}

impl State {
    /// `affected`, `excepted`, `not_affected`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Excepted(_) => "excepted",
            Self::NotAffected => "not_affected",
        }
    }
}

/// The exception that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excepted {
    /// Why it was accepted, in the words of who did.
    pub reason: String,
    /// Who answers for it; `None` if the policy names no owner.
    pub owner: Option<String>,
    /// The last day on which it counts.
    pub expires: Date,
}

/// How a finding came about since the base that it was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The base has no such occurrence: a new package, a version moved into a range, a further lockfile.
    Introduced,
    /// The base has it too, and there the base's policy let it pass, which it does not here: it ships now, or a rule or an
    /// exception does not reach it any more.
    Escalated,
    /// The clone lacks what the base had in its file, so that it may have been there.
    Unknown,
    /// The base has it too, and its advisory is younger than the base.
    PublishedSince,
    /// The base has the same advisory for the same package at another version or in a file of another name.
    Moved,
    /// The base has it unchanged.
    PreExisting,
}

impl Change {
    /// Every change, in the order in which one of several that fit is chosen.
    pub const ALL: [Self; 6] = [
        Self::Introduced,
        Self::Escalated,
        Self::Unknown,
        Self::PublishedSince,
        Self::Moved,
        Self::PreExisting,
    ];

    /// `introduced`, `escalated`, `unknown`, `published_since`, `moved`, `pre_existing`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::Escalated => "escalated",
            Self::Unknown => "unknown",
            Self::PublishedSince => "published_since",
            Self::Moved => "moved",
            Self::PreExisting => "pre_existing",
        }
    }

    /// The change answers for it: it brings the finding in, or makes it worse.
    #[must_use]
    pub fn is_of_the_change(self) -> bool {
        match self {
            Self::Introduced | Self::Escalated => true,
            Self::Unknown | Self::PublishedSince | Self::Moved | Self::PreExisting => false,
        }
    }
}
