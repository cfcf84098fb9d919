//! Upgrades in an npm project: a package may be there in several versions, each in a folder of its own.
//!
//! Rules of Arborist (npm 11.11.1): a dependency is the nearest folder of its name; a new package goes as far up as no other
//! package of its name, nor anything that would find it there and does not accept it, is in the way. Of a new package the newest
//! version in range is taken, but for versions that a known advisory affects or that are too young; a folder that has to move
//! because of another moves the same way. What nothing needs any more leaves.

mod differences;
mod flags;
mod place;
mod planner;
mod search;
mod state;
mod tree;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use self::differences::differences;
use self::planner::{Failure, Planner, Rated};
use self::state::State;
use self::tree::FolderTree;
use super::{Blocked, Bounds, Plan, Releases, Step, Strategy, Wish};
use crate::lockfile::package_lock::installed::Installed;

pub use self::planner::Memory;

/// Plans that the versions in `wishes` leave the project. `overridden` are the names that its manifest's `overrides` speak of.
#[must_use]
pub fn plan(
    installed: &[Installed],
    overridden: &BTreeSet<String>,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    memory: &Memory,
) -> Step {
    let planner = Planner {
        releases,
        bounds,
        overridden,
        tried: Cell::new(0),
        memory,
    };
    let before = FolderTree::of(installed);
    let mut wishes = wishes.to_vec();
    wishes.sort();
    let mut state = State {
        tree: before.clone(),
        ranges: BTreeMap::new(),
    };
    let mut asked = BTreeSet::new();
    let mut plan = Plan::default();
    let mut strategies: BTreeMap<(String, String), Strategy> = BTreeMap::new();
    for wish in &wishes {
        let places: Vec<String> = before
            .nodes()
            .filter(|(_, node)| node.name == wish.name && node.version == wish.version && !node.is_own)
            .map(|(place, _)| place.to_owned())
            .collect();
        for place in places {
            let is_there = |state: &State| {
                let node = state.tree.node(&place);
                node.is_some_and(|node| node.name == wish.name && node.version == wish.version)
            };
            // An upgrade before this one may have ended it.
            if !is_there(&state) {
                continue;
            }
            let accepts = |rated: &Rated<'_>| planner.fixes(wish, rated);
            planner.tried.set(0);
            let key = (place.clone(), state.fingerprint());
            let known = memory.tried.borrow().get(&key).cloned();
            let tried = known.unwrap_or_else(|| {
                let tried = planner.upgrade(&state, &place, &accepts, 0);
                // Where something is missing it is not decided.
                if !matches!(tried, Err(Failure::Ask(_))) {
                    memory.tried.borrow_mut().insert(key, tried.clone());
                }
                tried
            });
            match tried {
                Ok((next, strategy)) => {
                    state = next;
                    let known = strategies.entry((wish.name.clone(), wish.version.clone()));
                    let known = known.or_insert(strategy);
                    *known = (*known).max(strategy);
                }
                Err(Failure::Ask(names)) => asked.extend(names),
                Err(failure) => {
                    let (by, reason) = failure.told();
                    let blocked = Blocked {
                        name: wish.name.clone(),
                        version: wish.version.clone(),
                        fixes: wish.fixes.clone(),
                        by,
                        reason,
                    };
                    if !plan.blocked.contains(&blocked) {
                        plan.blocked.push(blocked);
                    }
                }
            }
        }
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    state.drop_unneeded(&before);
    // What another upgrade ended is blocked no more.
    plan.blocked.retain(|blocked| {
        let mut nodes = state.tree.nodes();
        nodes.any(|(_, node)| node.name == blocked.name && node.version == blocked.version)
    });
    differences(&before, &state, &wishes, &strategies, &mut plan);
    Step::Done(plan)
}
