//! Who plans: what is known, what may be taken, and what was tried.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use semver::{Version, VersionReq};

use super::Crates;
use super::state::State;
use crate::lockfile::cargo_lock::declared::{Declared, Dependency, DependencyKind, IndexLine};
use crate::lockfile::cargo_lock::locked::CrateId;
use crate::lockfile::cargo_lock::workspace::{OwnPackage, Standing, numbers, shown};
use crate::model::{Release, SharedStr};
use crate::plan::{Bounds, Constraint, Known, Releases, Strategy, Wish};

/// What a plan worked out and the next one of the same lockfile, with more answers, need not work out again.
#[derive(Debug, Default)]
pub struct Memory {
    /// The numbers of a crate's releases, lowest version first, each with whether it may be taken.
    rated: RefCell<HashMap<String, Rated>>,
    /// What releases ask for, by name and version.
    declared: RefCell<HashMap<String, HashMap<SharedStr, Rc<Declared>>>>,
    /// The sources of crates that are new to the lockfile.
    sources: RefCell<BTreeMap<String, String>>,
    /// What became of an upgrade, by the package, what had changed before, and what was wished.
    pub(super) tried: RefCell<HashMap<(CrateId, u64, Aim), Tried>>,
}

/// What is wished of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Aim {
    /// Another version.
    Another,
    /// That nothing needs it.
    Nothing,
}

/// What became of an upgrade.
pub(super) type Tried = Result<(State, Strategy), Failure>;

impl Memory {
    /// The sources of crates that are asked for and new to the lockfile, by name.
    #[must_use]
    pub fn sources(&self) -> BTreeMap<String, String> {
        self.sources.borrow().clone()
    }
}

type Rated = Rc<Vec<(usize, bool)>>;

/// Why a step is not possible.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// These crates are not known yet.
    Ask(BTreeSet<String>),
    Blocked {
        by: Vec<Constraint>,
        reason: String,
    },
}

impl Failure {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Blocked {
            by: Vec::new(),
            reason: reason.into(),
        }
    }

    /// What is in the way, and why, as a sentence.
    pub(super) fn into_reason(self) -> (Vec<Constraint>, String) {
        match self {
            Self::Blocked { by, reason } => (by, reason),
            Self::Ask(names) => {
                let names: Vec<String> = names.into_iter().collect();
                (Vec::new(), format!("Nothing is known of {}.", names.join(", ")))
            }
        }
    }

    /// Registries have to be asked before it is decided.
    pub(super) fn is_question(&self) -> bool {
        matches!(self, Self::Ask(_))
    }
}

/// What is not known yet, of several steps: each is tried, so that one question to registries is enough.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeSet<String>);

impl Asked {
    /// What came of a step; `None` where it lacks answers.
    pub(super) fn gather<T>(&mut self, step: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match step {
            Ok(done) => Ok(Some(done)),
            Err(Failure::Ask(names)) => {
                self.0.extend(names);
                Ok(None)
            }
            Err(blocked) => Err(blocked),
        }
    }

    /// Asks for a crate, if it has to be.
    pub(super) fn add(&mut self, planner: &Planner<'_>, id: &CrateId) {
        if planner.is_unasked(id) {
            self.0.insert(id.name.to_string());
        }
    }

    /// Fails where something is to be asked.
    pub(super) fn done(self) -> Result<(), Failure> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Failure::Ask(self.0)),
        }
    }
}

/// A release, and whether it may be taken at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'p> {
    pub(super) release: &'p Release,
    pub(super) is_good: bool,
}

pub(super) struct Planner<'p> {
    pub(super) crates: &'p Crates,
    /// What was locked at the beginning.
    pub(super) before: &'p State,
    pub(super) releases: &'p dyn Releases,
    pub(super) bounds: &'p Bounds<'p>,
    pub(super) memory: &'p Memory,
    pub(super) steps: Cell<usize>,
}

/// A plan for one package takes at most so many steps.
const MAX_STEPS: usize = 6_000;

impl<'p> Planner<'p> {
    /// Counts a step.
    pub(super) fn step(&self) -> Result<(), Failure> {
        self.steps.set(self.steps.get() + 1);
        match self.steps.get() > MAX_STEPS {
            true => Err(Failure::because("Too many other packages would have to move.")),
            false => Ok(()),
        }
    }

    /// The versions of a crate, lowest first.
    pub(super) fn choices(&self, name: &str) -> Result<Vec<Choice<'p>>, Failure> {
        let releases = self.known(name)?;
        let rated = self.memory.rated.borrow().get(name).cloned();
        let rated = rated.unwrap_or_else(|| {
            let mut all: Vec<(Version, usize, bool)> = releases
                .iter()
                .enumerate()
                .filter_map(|(number, release)| {
                    let version = Version::parse(&release.version).ok()?;
                    Some((version, number, self.is_good(name, release)))
                })
                .collect();
            all.sort();
            let rated: Rated = Rc::new(all.into_iter().map(|(_, number, good)| (number, good)).collect());
            let mut known = self.memory.rated.borrow_mut();
            known.insert(name.to_owned(), Rc::clone(&rated));
            rated
        });
        let choice = |(number, is_good): &(usize, bool)| {
            let release = releases.get(*number)?;
            Some(Choice {
                release,
                is_good: *is_good,
            })
        };
        Ok(rated.iter().filter_map(choice).collect())
    }

    fn known(&self, name: &str) -> Result<&'p [Release], Failure> {
        if self.crates.is_of_several(name) {
            return Err(Failure::because(format!(
                "{name} is locked from two registries, which cannot be kept apart yet."
            )));
        }
        match self.releases.versions(name) {
            Known::Answer(releases) => Ok(releases),
            Known::NotAsked => Err(Failure::Ask(BTreeSet::from([name.to_owned()]))),
            Known::Failed(reason) => Err(Failure::because(format!(
                "What versions {name} has could not be learnt: {reason}."
            ))),
        }
    }

    /// Whether a question about the crate needs an answer of a registry that is not there yet.
    pub(super) fn is_unasked(&self, id: &CrateId) -> bool {
        id.is_of_registry() && matches!(self.releases.versions(&id.name), Known::NotAsked)
    }

    /// Notes where a crate comes from that is new to the lockfile.
    pub(super) fn note_source(&self, name: &str, source: &str) {
        let mut sources = self.memory.sources.borrow_mut();
        sources
            .entry(name.to_owned())
            .or_insert_with(|| source.to_owned());
    }

    /// What is known of the crate is what the registry with this source says.
    pub(super) fn check_source(&self, name: &str, source: &str) -> Result<(), Failure> {
        let noted = self.memory.sources.borrow().get(name).cloned();
        let asked = self.crates.source(name).map(str::to_owned).or(noted);
        match asked {
            Some(asked) if asked != source => Err(Failure::because(format!(
                "{name} would be locked from two registries, which cannot be kept apart yet."
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// What the registry says of a locked version.
    pub(super) fn release(&self, id: &CrateId) -> Result<&'p Release, Failure> {
        let releases = self.known(&id.name)?;
        let found = releases.iter().find(|release| release.version == id.version);
        found.ok_or_else(|| Failure::because(format!("The registry does not have {id}, which is locked.")))
    }

    /// The package of one's own that `id` is.
    pub(super) fn own(&self, id: &CrateId) -> Option<&'p OwnPackage> {
        let own = self.crates.workspace.packages.get(&*id.name);
        own.filter(|own| id.source.is_none() && own.version == *id.version)
    }

    /// It is locked with all of its features, and with what it is developed with.
    pub(super) fn is_member(&self, id: &CrateId) -> bool {
        self.own(id).is_some_and(|own| own.standing == Standing::Member)
    }

    /// What a package asks for.
    pub(super) fn declared(&self, id: &CrateId) -> Result<Rc<Declared>, Failure> {
        match (&id.source, self.own(id)) {
            (None, Some(own)) => Ok(Rc::clone(&own.declared)),
            (None, None) => Err(Failure::because(format!(
                "The Cargo.toml of {id} was not found, so it is not known what it asks for."
            ))),
            (Some(_), _) if id.is_of_registry() => self.asks(&id.name, self.release(id)?),
            (Some(_), _) => Err(Failure::because(format!(
                "{id} is not from a registry, so it is not known what it asks for."
            ))),
        }
    }

    /// What a release of the crate `name` asks for.
    pub(super) fn asks(&self, name: &str, release: &Release) -> Result<Rc<Declared>, Failure> {
        let mut known = self.memory.declared.borrow_mut();
        if let Some(declared) = known.get(name).and_then(|of_name| of_name.get(&release.version)) {
            return Ok(Rc::clone(declared));
        }
        let line = IndexLine::read(&release.document)
            .map_err(|reason| Failure::because(format!("The registry's answer cannot be read: {reason}.")))?;
        let declared = Rc::new(line.declared);
        let of_name = known.entry(name.to_owned()).or_default();
        of_name.insert(release.version.clone(), Rc::clone(&declared));
        Ok(declared)
    }

    /// How messages call a package.
    pub(super) fn label(&self, id: &CrateId) -> String {
        match self.own(id) {
            Some(own) => shown(&own.folder),
            None => id.to_string(),
        }
    }

    /// The dependency is locked where the package is: what others are developed with is not.
    pub(super) fn counts(&self, id: &CrateId, dependency: &Dependency) -> bool {
        dependency.kind != DependencyKind::Dev || self.is_member(id)
    }

    /// The range of a dependency, as far as it was changed.
    pub(super) fn range<'d>(&self, state: &'d State, dependency: &'d Dependency) -> &'d str {
        let folder = dependency.folder.clone();
        let changed = folder.and_then(|folder| state.ranges.get(&(folder, dependency.name.clone())));
        match changed {
            Some((old, new)) if *old == dependency.range => new,
            Some(_) | None => &dependency.range,
        }
    }

    /// The dependencies of `user` that lead to `needed`.
    pub(super) fn leading<'d>(
        &self,
        state: &State,
        (user, declared): (&CrateId, &'d Declared),
        needed: &CrateId,
    ) -> Vec<&'d Dependency> {
        let is_free = !needed.is_of_registry() || state.is_loose(user, needed);
        let leads = |dependency: &&Dependency| {
            *dependency.package == *needed.name
                && self.counts(user, dependency)
                && (is_free || in_range(self.range(state, dependency), &needed.version))
        };
        declared.dependencies.iter().filter(leads).collect()
    }

    /// The release of Rust that the crate needs, where the project allows an older one.
    pub(super) fn needed_rust<'r>(&self, release: &'r Release) -> Option<&'r str> {
        let tools = release.toolchain.iter();
        let mut tools = tools.filter(|(tool, needed)| {
            let mut here = self.bounds.toolchain.iter().filter(|(known, _)| *known == **tool);
            !here.all(|(_, version)| numbers(needed) <= numbers(version))
        });
        tools.next().map(|(_, needed)| &**needed)
    }

    /// The release may be installed, whatever affects it.
    fn is_installable(&self, release: &Release) -> bool {
        release.retired.is_none() && self.needed_rust(release).is_none()
    }

    /// The release may be taken.
    fn is_good(&self, name: &str, release: &Release) -> bool {
        self.bounds.is_old_enough(release) && self.is_clean(name, release)
    }

    /// The release may be taken to fix the package itself, however new it is.
    fn is_clean(&self, name: &str, release: &Release) -> bool {
        self.is_installable(release) && !(self.bounds.is_affected)(name, &release.version)
    }

    /// Why none of `choices` in `range` is taken, lowest version first.
    pub(super) fn none_of(&self, id: &CrateId, name: &str, range: &str, choices: &[Choice<'_>]) -> String {
        let too_new = |choice: &&Choice<'_>| {
            !choice.is_good && self.is_clean(name, choice.release) && in_range(range, &choice.release.version)
        };
        match choices.iter().rev().find(too_new) {
            Some(choice) => self.bounds.too_new(name, choice.release),
            None => format!("{id} needs {name} {range}, of which no version may be taken."),
        }
    }

    /// The release ends what is wished.
    pub(super) fn fixes(&self, wish: &Wish, choice: &Choice<'_>) -> bool {
        let release = choice.release;
        choice.is_good
            || self.is_clean(&wish.name, release)
            || (wish.to.as_deref() == Some(&*release.version) && self.is_installable(release))
    }
}

/// `version` is in `range`. What is no range takes no version.
pub(super) fn in_range(range: &str, version: &str) -> bool {
    match (VersionReq::parse(range), Version::parse(version)) {
        (Ok(range), Ok(version)) => range.matches(&version),
        (_, _) => false,
    }
}

/// Of versions with the same numbers here one is locked at most (Cargo's `SemverCompatibility`).
pub(super) fn slot(version: &str) -> Option<[u64; 3]> {
    let version = Version::parse(version).ok()?;
    Some(match (version.major, version.minor, version.patch) {
        (0, 0, patch) => [0, 0, patch],
        (0, minor, _) => [0, minor, 0],
        (major, _, _) => [major, 0, 0],
    })
}
