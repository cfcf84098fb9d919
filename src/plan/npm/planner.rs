//! Who plans: what is known, what may be taken, and what was tried.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::state::State;
use super::tree::{FolderTree, Node};
use crate::lockfile::package_lock::installed::Layout;
use crate::model::Release;
use crate::plan::{Bounds, Constraint, Known, Releases, Strategy, Wish};
use crate::version::Scheme as _;
use crate::version::npm::Npm;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm as NpmRange;

/// What a plan worked out and the next one of the same lockfile, with more answers, need not work out again.
#[derive(Debug, Default)]
pub struct Memory {
    /// The folders as the lockfile has them.
    pub(super) before: OnceCell<FolderTree>,
    /// The numbers of a package's releases, lowest first, each with whether it may be taken.
    pub(super) rated: RefCell<HashMap<String, Vec<(usize, bool)>>>,
    /// Answers about ranges and versions.
    pub(super) known: RefCell<HashMap<String, HashMap<String, bool>>>,
    /// What became of an upgrade of a folder, by its place, what had changed before, and what was wished.
    pub(super) tried: RefCell<HashMap<(String, u64, Aim), Tried>>,
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

/// Why a step is not possible.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// These packages are not known yet.
    Ask(BTreeSet<String>),
    /// There is no place for a package, as long as others are where they are; why, as a sentence.
    Crowded(String),
    Blocked {
        by: Vec<Constraint>,
        reason: String,
    },
}

impl Failure {
    /// What is in the way, and why, as a sentence.
    pub(super) fn into_reason(self) -> (Vec<Constraint>, String) {
        match self {
            Self::Ask(names) => (
                Vec::new(),
                format!(
                    "Nothing is known of {}.",
                    names.into_iter().collect::<Vec<_>>().join(", ")
                ),
            ),
            Self::Crowded(reason) => (Vec::new(), reason),
            Self::Blocked { by, reason } => (by, reason),
        }
    }

    /// The same with a further sentence.
    pub(super) fn with(self, sentence: &str) -> Self {
        let (by, reason) = self.into_reason();
        Self::Blocked {
            by,
            reason: format!("{reason} {sentence}"),
        }
    }

    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Blocked {
            by: Vec::new(),
            reason: reason.into(),
        }
    }
}

pub(super) struct Planner<'p> {
    pub(super) releases: &'p dyn Releases,
    pub(super) bounds: &'p Bounds<'p>,
    pub(super) overridden: &'p BTreeSet<String>,
    pub(super) layout: Layout,
    pub(super) tried: Cell<usize>,
    pub(super) memory: &'p Memory,
}

/// A release, and whether it may be taken at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rated<'p> {
    pub(super) release: &'p Release,
    pub(super) is_good: bool,
}

/// Which releases help.
pub(super) type Accepts<'a> = &'a dyn Fn(&Rated<'_>) -> bool;

impl<'p> Planner<'p> {
    /// The folder of a package with `release` in it.
    pub(super) fn folder(&self, name: &str, release: &Rc<Release>) -> Node {
        Node::of_release(name, release, self.layout)
    }

    /// The versions of a package, lowest first, each with whether it may be taken.
    pub(super) fn releases(&self, name: &str) -> Result<Vec<Rated<'p>>, Failure> {
        let releases = match self.releases.versions(name) {
            Known::Answer(releases) => releases,
            Known::NotAsked => return Err(Failure::Ask(BTreeSet::from([name.to_owned()]))),
            Known::Failed(reason) => {
                return Err(Failure::because(format!(
                    "What versions {name} has could not be learnt: {reason}."
                )));
            }
        };
        let rated = |(number, is_good): &(usize, bool)| {
            let release = releases.get(*number)?;
            Some(Rated {
                release,
                is_good: *is_good,
            })
        };
        if let Some(known) = self.memory.rated.borrow().get(name) {
            return Ok(known.iter().filter_map(rated).collect());
        }
        let mut all: Vec<(usize, bool)> = releases
            .iter()
            .enumerate()
            // One that npm cannot order has no place among the others: `3.0.0beta4` of express.
            .filter(|(_, release)| Npm.compare(&release.version, &release.version).is_ok())
            .map(|(number, release)| (number, self.is_good(name, release)))
            .collect();
        all.sort_by(
            |(left, _), (right, _)| match (releases.get(*left), releases.get(*right)) {
                (Some(left), Some(right)) => {
                    let order = Npm.compare(&left.version, &right.version);
                    order.unwrap_or(std::cmp::Ordering::Equal)
                }
                (_, _) => std::cmp::Ordering::Equal,
            },
        );
        let result = all.iter().filter_map(rated).collect();
        self.memory.rated.borrow_mut().insert(name.to_owned(), all);
        Ok(result)
    }

    /// `version` is in `range`. What is no range of versions (a tag, an address) takes no version.
    pub(super) fn in_range(&self, range: &str, version: &str) -> bool {
        let mut known = self.memory.known.borrow_mut();
        if let Some(is_in) = known.get(range).and_then(|of_range| of_range.get(version)) {
            return *is_in;
        }
        let is_in = NpmRange.contains(range, version).unwrap_or(false);
        known
            .entry(range.to_owned())
            .or_default()
            .insert(version.to_owned(), is_in);
        is_in
    }

    /// A toolchain, and which of its versions the release needs, where the project allows another.
    pub(super) fn needed_toolchain<'r>(&self, release: &'r Release) -> Option<(&'r str, &'r str)> {
        let tools = release.toolchain.iter().map(|(tool, range)| (&**tool, &**range));
        tools.into_iter().find(|(tool, range)| {
            let mut here = self.bounds.toolchain.iter().filter(|(known, _)| known == tool);
            !here.all(|(_, version)| self.in_range(range, version))
        })
    }

    /// The release may be installed, whatever affects it.
    fn is_installable(&self, release: &Release) -> bool {
        release.retired.is_none() && self.needed_toolchain(release).is_none()
    }

    /// The release may be taken.
    pub(super) fn is_good(&self, name: &str, release: &Release) -> bool {
        self.bounds.is_old_enough(release) && self.is_clean(name, release)
    }

    /// The release may be taken to fix the package itself, however new it is.
    pub(super) fn is_clean(&self, name: &str, release: &Release) -> bool {
        self.is_installable(release) && !(self.bounds.is_affected)(name, &release.version)
    }

    /// The release ends what is wished.
    pub(super) fn fixes(&self, wish: &Wish, rated: &Rated<'_>) -> bool {
        let release = rated.release;
        rated.is_good
            || self.is_clean(&wish.name, release)
            || (wish.to.as_deref() == Some(&*release.version) && self.is_installable(release))
    }
}
