//! Upgrades in a bundle: one version a gem, with a variant for each platform that the lockfile is for.
//!
//! A gem with a finding gets the lowest later version that no known advisory affects and that everything which needs it accepts; else what
//! needs it moves so far that it does; else the `Gemfile` asks for another range, where that is allowed; else it leaves because nothing
//! needs it any more. What has to move because of another, and what comes in, gets the newest version in range, as Bundler does it. Nothing goes to
//! an older version. What no other gem needs any more leaves.
//!
//! What is to be found is a set of versions in which every need is met, and the search (`search.rs`) repairs one need after the other. What it
//! moved without need goes back at its end.

mod catalogue;
mod differences;
mod explain;
mod search;
mod state;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::catalogue::{Catalogue, Learnt};
use self::state::State;
use super::failure::Failure;
use super::{Blocked, Bounds, Plan, Releases, Step, Strategy, Wish};
use crate::lockfile::gemfile_lock::platform::Platform;
use crate::schema::compact_index::Need;

/// What a lockfile and the files around it describe.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// The gems that are locked, one for each name.
    pub gems: BTreeMap<String, Gem>,
    /// What the project asks for.
    pub roots: Vec<Root>,
    /// The platforms that the lockfile is for.
    pub platforms: Vec<Platform>,
    /// The name of the manifest: `Gemfile`.
    pub manifest: String,
    /// Why no gem can come in, as a sentence.
    pub is_closed: Option<String>,
}

/// A gem that is locked.
#[derive(Debug, Clone, Default)]
pub struct Gem {
    /// Its version; of several the first.
    pub version: String,
    /// Further versions.
    pub others: Vec<String>,
    /// The platforms of its variants.
    pub variants: BTreeSet<Platform>,
    /// What its variants need.
    pub needs: Vec<Need>,
    /// Why it cannot be exchanged.
    pub is_fixed: Option<String>,
}

/// What the project asks for.
#[derive(Debug, Clone, Default)]
pub struct Root {
    /// The gem and the versions that it takes.
    pub need: Need,
    /// Why the manifest cannot ask for another range, as a sentence.
    pub is_closed: Option<String>,
}

/// What became of a wish.
type Tried = Result<(State, Strategy), Failure>;

/// What is wished of a gem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Aim {
    /// Another version.
    Another,
    /// That nothing needs it.
    Nothing,
}

/// What a plan worked out and the next one of the same lockfile, with more answers, need not work out again.
#[derive(Debug, Default)]
pub struct Memory {
    learnt: Learnt,
    /// What became of the version of a gem, by what had changed before.
    tried: RefCell<HashMap<(String, String, Aim, State), Tried>>,
}

struct Planner<'p> {
    bundle: &'p Bundle,
    catalogue: Catalogue<'p>,
    /// How much was tried for the wish in hand.
    steps: Cell<usize>,
    memory: &'p Memory,
}

/// Plans that the versions in `wishes` leave the bundle.
#[must_use]
pub fn plan(
    bundle: &Bundle,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    memory: &Memory,
) -> Step {
    let planner = Planner {
        bundle,
        catalogue: Catalogue {
            bundle,
            releases,
            bounds,
            learnt: &memory.learnt,
        },
        steps: Cell::new(0),
        memory,
    };
    let mut wishes = wishes.to_vec();
    wishes.sort();
    wishes.retain(|wish| {
        bundle
            .gems
            .get(&wish.name)
            .is_some_and(|gem| gem.has(&wish.version))
    });
    let mut state = State::default();
    let mut asked = BTreeSet::new();
    // What each needs to know by itself is asked for at once.
    for wish in &wishes {
        if let Err(Failure::Ask(queries)) = planner.try_all(&state, wish, &mut Vec::new()) {
            asked.extend(queries);
        }
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    let mut plan = Plan::default();
    let mut strategies: BTreeMap<(String, String), Strategy> = BTreeMap::new();
    for wish in &wishes {
        // An upgrade before this one may have ended it.
        if !planner.is_still(&state, &wish.name) {
            continue;
        }
        let mut failed = Vec::new();
        match planner.try_all(&state, wish, &mut failed) {
            Ok((next, strategy)) => {
                state = planner.without_needless(next, &wishes);
                strategies.insert((wish.name.clone(), wish.version.clone()), strategy);
            }
            Err(Failure::Ask(queries)) => asked.extend(queries),
            // What failed says why.
            Err(Failure::Blocked { .. }) => {}
        }
        for (wish, failure) in failed {
            if let Failure::Blocked { mut by, reason } = failure {
                by.sort();
                by.dedup();
                plan.block(&wish, by, reason);
            }
        }
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    let live = planner.live(&state);
    // What another upgrade ended is blocked no more. What no version fixes does not end while some version is there.
    let is_of_any = |blocked: &Blocked| wishes.iter().any(|wish| wish.is_leaving(blocked));
    plan.blocked.retain(|blocked| {
        let is_there = live.contains(blocked.name.as_str()) || !planner.was_live(&blocked.name);
        is_there && (!state.versions.contains_key(&blocked.name) || is_of_any(blocked))
    });
    match planner.differences(&state, &wishes, &strategies, &mut plan) {
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

impl Gem {
    /// It is locked in `version`.
    fn has(&self, version: &str) -> bool {
        self.version == version || self.others.iter().any(|other| other == version)
    }
}

impl Planner<'_> {
    /// The gem still has the version that was locked.
    fn is_still(&self, state: &State, name: &str) -> bool {
        let is_live = self.live(state).contains(name) || !self.was_live(name);
        is_live && !state.versions.contains_key(name)
    }

    /// Something led to the gem before the plan.
    fn was_live(&self, name: &str) -> bool {
        self.live(&State::default()).contains(name)
    }

    /// What becomes of the wish: the gem leaves, where that is wished, else it gets another version. Adds each part of the wish that
    /// is not possible to `failed`.
    fn try_all(&self, state: &State, wish: &Wish, failed: &mut Vec<(Wish, Failure)>) -> Tried {
        let mut failure = None;
        if let Some(leaving) = wish.leaving() {
            match self.remembered(state, wish, Aim::Nothing) {
                Err(blocked @ Failure::Blocked { .. }) => {
                    failed.push((leaving, blocked.clone()));
                    failure = Some(blocked);
                }
                tried => return tried,
            }
        }
        match failure {
            Some(failure) if !wish.is_for_another() => Err(failure),
            Some(_) | None => {
                let tried = self.remembered(state, wish, Aim::Another);
                if let Err(blocked @ Failure::Blocked { .. }) = &tried {
                    failed.push((wish.clone(), blocked.clone()));
                }
                tried
            }
        }
    }

    /// What became of it before, where nothing has changed since.
    fn remembered(&self, state: &State, wish: &Wish, aim: Aim) -> Tried {
        let mut state = state.clone();
        state.decided.clear();
        let key = (wish.name.clone(), wish.version.clone(), aim, state.clone());
        if let Some(known) = self.memory.tried.borrow().get(&key) {
            return known.clone();
        }
        let tried = match aim {
            Aim::Another => self.upgrade(&state, wish),
            Aim::Nothing => self.without(&state, wish),
        };
        // Where something is missing it is not decided.
        if !matches!(tried, Err(Failure::Ask(_))) {
            self.memory.tried.borrow_mut().insert(key, tried.clone());
        }
        tried
    }
}
