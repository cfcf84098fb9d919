//! Upgrades in a workspace of Cargo: a crate may be locked in several versions, of those that are compatible in one alone.
//!
//! Rules of Cargo's resolver (1.95): what a package needs depends on the features that all who need it switch on, for all
//! targets at once; which of several locked versions a dependency takes is for its range to say. An already locked version that
//! fits comes first; of a new package the newest version in range is taken for which nothing that is locked has to move, else the
//! newest, but for versions that are withdrawn, that a known advisory affects, that are too young, or that the project's release of
//! Rust does not build; a package that has to move because of another moves the same way. What nothing needs any more leaves.

mod differences;
mod features;
mod leave;
mod planner;
mod search;
mod settle;
mod state;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use self::planner::{Aim, Choice, Failure, Planner, Tried};
use self::search::Order;
use self::state::State;
use super::{Blocked, Bounds, Plan, Releases, Step, Strategy, Wish};
use crate::lockfile::cargo_lock::locked::{CrateId, LockedCrates};
use crate::lockfile::cargo_lock::workspace::Workspace;
use crate::lockfile::cargo_lock::{is_source_of_crates_io, source_of_crates_io};
use crate::model::Query;

pub use self::planner::Memory;

/// What there is to plan with.
#[derive(Debug, Clone, Default)]
pub struct Crates {
    locked: LockedCrates,
    workspace: Workspace,
    /// The names of crates that are locked from several registries.
    several: BTreeSet<String>,
}

impl Crates {
    /// With the packages of a lockfile and one's own manifests.
    ///
    /// # Errors
    /// Why nothing can be planned, as a sentence.
    pub fn new(locked: LockedCrates, workspace: Workspace) -> Result<Self, String> {
        let mut sources: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
        for one in locked.crates.iter().filter(|one| one.id.is_of_registry()) {
            let of_name = sources.entry(&one.id.name).or_default();
            of_name.insert(one.id.source.as_deref());
        }
        let several = sources.into_iter().filter(|(_, sources)| sources.len() > 1);
        let several = several.map(|(name, _)| name.to_owned()).collect();
        for one in locked.crates.iter().filter(|one| one.id.source.is_none()) {
            let own = workspace.packages.get(&*one.id.name);
            if own.is_some_and(|own| own.version != *one.id.version) {
                return Err(format!(
                    "The lockfile has another version of {} than its Cargo.toml: run `cargo update --workspace` first.",
                    one.id.name
                ));
            }
        }
        Ok(Self {
            locked,
            workspace,
            several,
        })
    }

    /// The lowest release of Rust that the project builds with.
    #[must_use]
    pub fn rust_version(&self) -> Option<&str> {
        self.workspace.rust_version.as_deref()
    }

    /// The source of a crate that is locked from a registry.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&str> {
        let mut of_registries = self.locked.crates.iter().filter(|one| one.id.is_of_registry());
        let found = of_registries.find(|one| *one.id.name == *name)?;
        found.id.source.as_deref()
    }

    fn is_of_several(&self, name: &str) -> bool {
        self.several.contains(name)
    }

    /// A patch decides about the package.
    fn is_patched(&self, name: &str) -> bool {
        self.workspace.patched.contains(name) || self.locked.unused.contains(name)
    }

    /// How the lockfile writes the registry with the index at `address`.
    fn source_of(&self, address: &str) -> String {
        let plain = match address.starts_with("sparse+") {
            true => address.to_owned(),
            false => format!("registry+{address}"),
        };
        let is_public = is_source_of_crates_io(&plain);
        let mut sources = self
            .locked
            .crates
            .iter()
            .filter_map(|one| one.id.source.as_deref());
        let known = sources.find(|source| match is_public {
            true => is_source_of_crates_io(source),
            false => source.trim_end_matches('/') == plain.trim_end_matches('/'),
        });
        match (known, is_public) {
            (Some(known), _) => known.to_owned(),
            (None, true) => source_of_crates_io(),
            (None, false) => plain,
        }
    }
}

/// Plans that the versions in `wishes` leave the lockfile.
#[must_use]
pub fn plan(
    crates: &Crates,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    memory: &Memory,
) -> Step {
    let before = State::of(&crates.locked.crates);
    let planner = Planner {
        crates,
        before: &before,
        releases,
        bounds,
        memory,
        steps: Cell::new(0),
    };
    let mut wishes = wishes.to_vec();
    wishes.sort();
    let places: Vec<(&Wish, &CrateId)> = wishes
        .iter()
        .flat_map(|wish| {
            let meant = before.named(&wish.name).filter(|id| *id.version == *wish.version);
            meant.filter(|id| id.source.is_some()).map(move |id| (wish, id))
        })
        .collect();
    let mut state = before.clone();
    let mut asked = BTreeSet::new();
    // What each needs to know by itself is asked for at once.
    for (wish, id) in &places {
        if let Err(Failure::Ask(names)) = planner.try_all(&state, wish, id, &mut Vec::new()) {
            asked.extend(names);
        }
    }
    if !asked.is_empty() {
        return ask(asked);
    }
    let mut plan = Plan::default();
    let mut strategies: BTreeMap<(String, String), Strategy> = BTreeMap::new();
    for (wish, id) in &places {
        // An upgrade before this one may have ended it.
        if !state.has(id) {
            continue;
        }
        let mut failed = Vec::new();
        match planner.try_all(&state, wish, id, &mut failed) {
            Ok((next, strategy)) => {
                state = next;
                strategies.insert((wish.name.clone(), wish.version.clone()), strategy);
            }
            Err(Failure::Ask(names)) => asked.extend(names),
            // What failed says why.
            Err(Failure::Blocked { .. }) => {}
        }
        for (wish, failure) in failed {
            let (mut by, reason) = failure.into_reason();
            by.sort();
            by.dedup();
            plan.block(&wish, by, reason);
        }
    }
    if !asked.is_empty() {
        return ask(asked);
    }
    // What another upgrade ended is blocked no more. What no version fixes does not end while some version is there.
    let is_of_any = |blocked: &Blocked| wishes.iter().any(|wish| wish.is_leaving(blocked));
    plan.blocked.retain(|blocked| {
        let mut named = state.named(&blocked.name);
        named.any(|id| *id.version == *blocked.version || is_of_any(blocked))
    });
    planner.differences(&state, &wishes, &strategies, &mut plan);
    Step::Done(plan)
}

fn ask(names: BTreeSet<String>) -> Step {
    Step::Ask(names.into_iter().map(Query::versions).collect())
}

impl Planner<'_> {
    /// What becomes of the wish for one package: it leaves, where that is wished, else it gets another version. Adds each part of
    /// the wish that is not possible to `failed`.
    fn try_all(&self, state: &State, wish: &Wish, id: &CrateId, failed: &mut Vec<(Wish, Failure)>) -> Tried {
        let mut failure = None;
        if let Some(leaving) = wish.leaving() {
            let without = || self.without(state, id);
            match self.remembered((state, id, Aim::Nothing), &without) {
                Err(blocked) if !blocked.is_question() => {
                    failed.push((leaving, blocked.clone()));
                    failure = Some(blocked);
                }
                tried => return tried,
            }
        }
        match failure {
            Some(failure) if !wish.is_for_another() => Err(failure),
            Some(_) | None => {
                let accepts = |choice: &Choice<'_>| self.fixes(wish, choice);
                let another = || self.upgrade(state, id, &accepts, Order::Lowest, 0);
                let tried = self.remembered((state, id, Aim::Another), &another);
                if let Err(blocked) = &tried
                    && !blocked.is_question()
                {
                    failed.push((wish.clone(), blocked.clone()));
                }
                tried
            }
        }
    }

    /// What `attempt` came to, if it was made before.
    fn remembered(&self, (state, id, aim): (&State, &CrateId, Aim), attempt: &dyn Fn() -> Tried) -> Tried {
        let key = (id.clone(), state.fingerprint(self.before), aim);
        if let Some(known) = self.memory.tried.borrow().get(&key) {
            return known.clone();
        }
        self.steps.set(0);
        let tried = attempt();
        // Where something is missing it is not decided.
        if !tried.as_ref().is_err_and(Failure::is_question) {
            self.memory.tried.borrow_mut().insert(key, tried.clone());
        }
        tried
    }
}
