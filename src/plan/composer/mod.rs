//! Upgrades in a project of Composer: one version a package.
//!
//! A package may be another as well (`provide`), or stand in its place (`replace`); a need that one of these meets is met. `conflict`
//! keeps packages apart, and what the machine has to have (`php`, extensions) keeps versions out. The plan is the one with the fewest
//! versions that change: a search over what a broken need leaves to be changed, with one more change allowed at each turn. Of what has
//! to be upgraded because it is needed so, and of what comes in, the newest version that fits is tried first, as Composer would; of a
//! dependent that has to make way the lowest. What nothing needs any more leaves, unless nothing needed it before.
//!
//! Composer overrides no range. No branch comes in, and none that is locked moves.

mod catalogue;
mod differences;
mod machine;
mod memory;
mod search;
mod state;
mod why;
mod wider;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use self::catalogue::Catalogue;
use self::machine::Machine;
use self::search::Search;
use self::state::State;
use super::failure::Failure;
use super::{Bounds, Plan, Releases, Step, Strategy, Wish};
use crate::ecosystem::normalise;
use crate::lockfile::composer_lock::locked::{Asked, Links, Locked, LockedPackage};
use crate::model::{Ecosystem, Query};

pub use self::memory::Memory;

/// What there is to plan with.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// What the lockfile says.
    pub locked: Locked,
    /// What the manifest asks for.
    pub asked: Asked,
    /// The name of the manifest.
    pub manifest: String,
}

impl Project {
    fn package(&self, name: &str) -> Option<&LockedPackage> {
        self.locked.packages.iter().find(|one| one.name == name)
    }
}

/// Plans that the versions in `wishes` leave the lockfile.
#[must_use]
pub fn plan(
    project: &Project,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    memory: &Memory,
) -> Step {
    let machine = Machine::of(project);
    let catalogue = Catalogue {
        project,
        releases,
        bounds,
        machine: &machine,
        memory,
    };
    let mut wishes: Vec<Wish> = wishes.to_vec();
    wishes.sort();
    let before = State::of(project, &memory.answers);
    let named = |wish: &Wish| normalise(&Ecosystem::PACKAGIST, &wish.name).into_owned();
    let mut asked: BTreeSet<Query> = BTreeSet::new();
    // What each needs to know by itself is asked for at once.
    for wish in &wishes {
        let tried = fulfil(&catalogue, &before, wish, &named(wish), &mut Vec::new());
        if let Err(Failure::Ask(queries)) = tried {
            asked.extend(queries);
        }
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    let mut plan = Plan::default();
    let mut strategies: BTreeMap<(String, String), Strategy> = BTreeMap::new();
    let mut state = before.clone();
    for wish in &wishes {
        let name = named(wish);
        // An upgrade before this one may have ended it.
        if state.version(&name) != Some(wish.version.as_str()) {
            continue;
        }
        let mut failed = Vec::new();
        match fulfil(&catalogue, &state, wish, &name, &mut failed) {
            Ok((next, strategy)) => {
                strategies.insert((wish.name.clone(), wish.version.clone()), strategy);
                state = next;
            }
            Err(Failure::Ask(queries)) => asked.extend(queries),
            // What failed says why.
            Err(Failure::Blocked { .. }) => {}
        }
        for (wish, by, reason) in failed {
            plan.block(&wish, by, reason);
        }
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    // What another upgrade ended is blocked no more. What no version fixes does not end while some version is there.
    plan.blocked.retain(|blocked| {
        let name = normalise(&Ecosystem::PACKAGIST, &blocked.name);
        let version = state.version(&name);
        let is_leaving = wishes.iter().any(|wish| wish.is_leaving(blocked));
        version.is_some_and(|version| version == blocked.version || is_leaving)
    });
    match differences::differences(&catalogue, (&before, &state), &wishes, &strategies, &mut plan) {
        Ok(()) => Step::Done(plan),
        Err(Failure::Ask(queries)) => Step::Ask(queries),
        Err(Failure::Blocked { reason, .. }) => {
            let mut plan = Plan::default();
            for wish in &wishes {
                plan.block(wish, Vec::new(), reason.clone());
            }
            Step::Done(plan)
        }
    }
}

/// Adds each part of the wish that is not possible to `failed`.
type Failed = Vec<(Wish, Vec<super::Constraint>, String)>;

/// What becomes of the wish: the package leaves, where that is wished, else it gets another version.
fn fulfil(
    catalogue: &Catalogue<'_>,
    state: &State,
    wish: &Wish,
    name: &str,
    failed: &mut Failed,
) -> Result<(State, Strategy), Failure> {
    let search = Search {
        catalogue,
        base: state,
        name,
        wish,
        steps: Cell::new(0),
        is_cut: Cell::new(false),
        asked: RefCell::default(),
    };
    if let Some(leaving) = wish.leaving() {
        match search.leave() {
            Ok(done) => return Ok(done),
            Err(asks @ Failure::Ask(_)) => return Err(asks),
            Err(Failure::Blocked { by, reason }) => failed.push((leaving, by, reason)),
        }
        if !wish.is_for_another() {
            return Err(Failure::because("It cannot leave."));
        }
    }
    search.upgrade().inspect_err(|failure| {
        if let Failure::Blocked { by, reason } = failure {
            let only = Wish {
                without: Vec::new(),
                ..wish.clone()
            };
            failed.push((only, by.clone(), reason.clone()));
        }
    })
}

/// The links of the root of everything.
fn root_links(project: &Project) -> Links {
    let mut links = project.asked.links.clone();
    links.require.extend(project.asked.dev.iter().cloned());
    links
}
