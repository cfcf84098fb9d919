//! Upgrades in an npm project: a package may be there in several versions, each in a folder of its own.
//!
//! Rules of Arborist (npm 11.11.1): a dependency is the nearest folder of its name; a new package goes as far up as no other
//! package of its name, nor anything that would find it there and does not accept it, is in the way. Of a new package the newest
//! version in range is taken, but for versions that a known advisory affects or that are too young; a folder that has to move
//! because of another moves the same way. What nothing needs any more leaves. Of lockfile version 1 it is npm 6 that installs, which
//! leaves peers to the project: one that is not there is not brought.
//!
//! Where the policy allows it, the last means is an entry in `overrides` of the root's `package.json`. What an entry there is about
//! moves inside of the entry's range, and to a higher one where ranges of manifests may change.

mod differences;
mod flags;
mod overrule;
mod place;
mod planner;
mod search;
mod state;
mod tree;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use self::differences::differences;
use self::planner::{Aim, Effort, Planner, Tried};
use self::state::State;
use self::tree::{FolderTree, Node};
use super::npm_catalogue::{Catalogue, Failure, Rated};
use super::{Blocked, Bounds, Plan, Releases, Step, Strategy, Wish};
use crate::lockfile::package_lock::installed::{Described, Layout};
use crate::model::Query;

pub use self::planner::Memory;

/// What `overrides` of a project's manifest say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Names, each with the range that everything asks for instead.
    pub plain: BTreeMap<String, String>,
    /// The names that other entries speak of: they stay as they are.
    pub others: BTreeSet<String>,
}

impl Overrides {
    /// The same as npm takes them in the project that `described` describes: another layout's program does not read them so, and
    /// what one's own manifests ask for is not for them to say.
    fn of(&self, described: &Described) -> Self {
        let own = described.folders.iter().filter(|folder| folder.is_own);
        let own: BTreeSet<&str> = own
            .flat_map(|folder| &folder.requirements)
            .map(|requirement| &*requirement.name)
            .collect();
        let is_plain = |name: &str| described.layout == Layout::Flat && !own.contains(name);
        let (plain, unclear): (BTreeMap<_, _>, BTreeMap<_, _>) = self
            .plain
            .clone()
            .into_iter()
            .partition(|(name, _)| is_plain(name));
        let others = self.others.iter().cloned().chain(unclear.into_keys()).collect();
        Self { plain, others }
    }

    /// Some entry speaks of `name`.
    fn speak_of(&self, name: &str) -> bool {
        self.plain.contains_key(name) || self.others.contains(name)
    }
}

/// Plans that the versions in `wishes` leave the project that `described` describes, whose manifest has these `overrides`.
#[must_use]
pub fn plan(
    described: &Described,
    overrides: &Overrides,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    memory: &Memory,
) -> Step {
    let overrides = overrides.of(described);
    let tree = || FolderTree::of(described, &overrides.plain);
    let before = memory.before.get_or_init(tree).clone();
    let planner = Planner {
        catalogue: Catalogue::new(releases, bounds, &memory.rated),
        overrides: &overrides,
        layout: described.layout,
        tried: Cell::new(0),
        effort: Effort::of(&before),
        moving: RefCell::default(),
        memory,
    };
    let mut wishes = wishes.to_vec();
    wishes.sort();
    let mut state = State {
        tree: before.clone(),
        ranges: BTreeMap::new(),
        overrides: overrides
            .plain
            .iter()
            .map(|(name, range)| ((None, name.clone()), range.clone()))
            .collect(),
    };
    let places: Vec<(&Wish, String)> = wishes
        .iter()
        .flat_map(|wish| {
            let nodes = before
                .nodes()
                .filter(|(_, node)| is_of(node, wish) && !node.is_own);
            nodes.map(move |(place, _)| (wish, place.to_owned()))
        })
        .collect();
    // What each needs to know by itself is asked for at once.
    let mut asked = BTreeSet::new();
    for (wish, place) in &places {
        if let Err(Failure::Ask(names)) = planner.try_all(&state, wish, place, &mut Vec::new()) {
            asked.extend(names);
        }
    }
    if !asked.is_empty() {
        return ask(asked);
    }
    let mut plan = Plan::default();
    let mut strategies: BTreeMap<(String, String), Strategy> = BTreeMap::new();
    for (wish, place) in &places {
        // An upgrade before this one may have ended it.
        if !state.tree.node(place).is_some_and(|node| is_of(node, wish)) {
            continue;
        }
        let mut failed = Vec::new();
        match planner.try_all(&state, wish, place, &mut failed) {
            Ok((next, strategy)) => {
                state = next;
                let known = strategies.entry((wish.name.clone(), wish.version.clone()));
                let known = known.or_insert(strategy);
                *known = (*known).max(strategy);
            }
            Err(Failure::Ask(names)) => asked.extend(names),
            // What failed says why.
            Err(Failure::Crowded(_) | Failure::Blocked { .. }) => {}
        }
        for (wish, failure) in failed {
            let (by, reason) = failure.into_reason();
            plan.block(&wish, by, reason);
        }
    }
    if !asked.is_empty() {
        return ask(asked);
    }
    state.share();
    state.drop_unneeded(&before);
    // What another upgrade ended is blocked no more. What no version fixes does not end while some version is there.
    let is_of_any = |blocked: &Blocked| wishes.iter().any(|wish| wish.is_leaving(blocked));
    plan.blocked.retain(|blocked| {
        let mut nodes = state.tree.nodes();
        nodes.any(|(_, node)| {
            node.name == blocked.name && (node.version == blocked.version || is_of_any(blocked))
        })
    });
    if bounds.all_or_nothing && !plan.blocked.is_empty() {
        return Step::Done(plan);
    }
    differences(
        (&before, &overrides.plain),
        &state,
        (&wishes, &strategies),
        &mut plan,
    );
    Step::Done(plan)
}

fn ask(packages: BTreeSet<String>) -> Step {
    Step::Ask(packages.into_iter().map(Query::versions).collect())
}

/// The folder holds the version that is to leave.
fn is_of(node: &Node, wish: &Wish) -> bool {
    node.name == wish.name && node.version == wish.version
}

impl Planner<'_> {
    /// What becomes of the wish for the folder at `place`: it leaves, where that is wished, else it gets another version. Adds each
    /// part of the wish that is not possible to `failed`.
    fn try_all(&self, state: &State, wish: &Wish, place: &str, failed: &mut Vec<(Wish, Failure)>) -> Tried {
        let mut failure = None;
        if let Some(leaving) = wish.leaving() {
            match self.try_without(state, place) {
                Err(blocked @ (Failure::Blocked { .. } | Failure::Crowded(_))) => {
                    failed.push((leaving, blocked.clone()));
                    failure = Some(blocked);
                }
                tried => return tried,
            }
        }
        match failure {
            Some(failure) if !wish.is_for_another() => Err(failure),
            Some(_) | None => {
                let tried = self.try_one(state, wish, place);
                if let Err(blocked @ (Failure::Blocked { .. } | Failure::Crowded(_))) = &tried {
                    failed.push((wish.clone(), blocked.clone()));
                }
                tried
            }
        }
    }

    /// Has everything that needs the folder at `place` do without it.
    fn try_without(&self, state: &State, place: &str) -> Tried {
        let key = (place.to_owned(), state.fingerprint(), Aim::Nothing);
        if let Some(known) = self.memory.tried.borrow().get(&key) {
            return known.clone();
        }
        self.begin(state);
        let tried = self.without(state, place);
        if !matches!(tried, Err(Failure::Ask(_))) {
            self.memory.tried.borrow_mut().insert(key, tried.clone());
        }
        tried
    }

    /// Another version for the folder at `place`.
    fn try_one(&self, state: &State, wish: &Wish, place: &str) -> Tried {
        let key = (place.to_owned(), state.fingerprint(), Aim::Another);
        if let Some(known) = self.memory.tried.borrow().get(&key) {
            return known.clone();
        }
        self.begin(state);
        let accepts = |rated: &Rated<'_>| self.catalogue.fixes(wish, rated);
        let tried = match self.upgrade(state, place, &accepts, 0) {
            Err(failure @ (Failure::Blocked { .. } | Failure::Crowded(_))) => {
                self.overruled(state, place, &accepts, failure)
            }
            tried => tried,
        };
        // Where something is missing it is not decided.
        if !matches!(tried, Err(Failure::Ask(_))) {
            self.memory.tried.borrow_mut().insert(key, tried.clone());
        }
        tried
    }
}
