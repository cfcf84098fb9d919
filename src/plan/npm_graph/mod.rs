//! Upgrades in a lockfile that says what each descriptor, a name with a range, leads to: Yarn's. There are no places in a tree, so that every
//! descriptor may lead to another version of its package.
//!
//! A descriptor with a finding gets the lowest later version in its range that no known advisory affects, but one that is locked already in the
//! same major version comes first. Where there is none, everything that asks for it moves so far that it asks for another range. What a new
//! version asks for leads where it led before; what nothing asked for before leads to a version that is locked already, else to the newest in
//! range that is unaffected and old enough. What nothing asks for any more leaves. Peers are not locked by such files: a version is not taken
//! whose peers are all locked in other versions, where those of its predecessor are not.
//!
//! pnpm's says what each dependent leads to, and what is asked for is known from registries: a descriptor is one of the version that it leads to
//! ([`Descriptor::led`]), so that one range may lead to several. A peer is needed there, where something is beside a package.
//!
//! Where the policy allows it, the last means is an entry in the root's manifest in the place of what is asked for.

mod choose;
mod differences;
mod graph;
mod overrule;
mod patched;
mod planner;
mod search;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use self::differences::differences;
use self::graph::{Live, State, Wanted};
use self::planner::{Aim, Goal, Planner, Tried};
use super::npm_catalogue::{Catalogue, Failure, Rated};
use super::{Bounds, Descriptor, Plan, Releases, Step, Strategy, Wish};
use crate::model::{Query, Requirement};

pub use self::planner::Memory;

/// What a lockfile and the manifests around it describe.
#[derive(Debug, Clone, Default)]
pub struct Described {
    /// One's own manifests, that of the root first.
    pub modules: Vec<Module>,
    /// What is locked.
    pub entries: Vec<Locked>,
    /// What the root's manifest says in the place of what is asked for.
    pub rules: Rules,
    /// The lockfile lists the modules of the project among the rest.
    pub lists_modules: bool,
    /// Packages for which no new range can be added, each with why, as a sentence.
    pub closed: BTreeMap<String, String>,
    /// By name, what the package manager patches of itself: of these a new range leads to what is locked with its patch, or nowhere.
    pub patches: BTreeMap<String, Patch>,
    /// The lockfile says what each dependent leads to, peers with the rest, and not what is asked for: pnpm's.
    pub leads: bool,
}

/// How a patch of a range of a package is asked for: the range stands between two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// In front of the range.
    pub before: String,
    /// Behind it.
    pub after: String,
}

/// The range of what is asked for, where that is not known yet: nothing fits it, and [`Memory::unknown`] says when it counts.
pub const UNKNOWN: &str = "?";

/// A manifest of one's own.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// Its folder, from that of the lockfile; empty for that itself.
    pub folder: String,
    /// The name of the package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// What it asks for that cannot change there, each with why, as a sentence.
    pub kept: BTreeMap<String, String>,
}

/// What something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The package and the range.
    pub descriptor: Descriptor,
}

/// An entry of the lockfile.
#[derive(Debug, Clone, Default)]
pub struct Locked {
    /// What names it among the others.
    pub place: String,
    /// The package's own name.
    pub name: String,
    /// The version.
    pub version: String,
    /// What leads to it.
    pub descriptors: Vec<Descriptor>,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// What it expects beside itself.
    pub peers: Vec<Requirement>,
    /// Why it cannot be exchanged.
    pub is_fixed: Option<&'static str>,
}

/// Entries of the root's manifest in the place of what packages ask for.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// How the manifest calls them: `resolutions`.
    pub field: &'static str,
    /// By name, the range that decides about the package everywhere.
    pub all: BTreeMap<String, String>,
    /// Names about which rules of another form say something, with the ranges that such rules put in the place of some of what
    /// is asked for; `None` where not all that they say are ranges.
    pub others: BTreeMap<String, Option<Vec<String>>>,
    /// A package about which a rule decides is locked under the rule alone, and under nothing that is asked for.
    pub replace: bool,
    /// Where a new one goes.
    pub new: NewRules,
}

/// Where a new entry goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewRules {
    /// Into a field of a manifest, which has its path from the folder of the lockfile.
    In {
        /// The manifest.
        manifest: &'static str,
        /// The field.
        field: &'static str,
    },
    /// Nowhere, because of this: a sentence.
    Nowhere(String),
}

impl Default for NewRules {
    fn default() -> Self {
        Self::In {
            manifest: "package.json",
            field: "overrides",
        }
    }
}

/// Plans that the versions in `wishes` leave the project that `described` describes.
#[must_use]
pub fn plan(
    described: &Described,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    memory: &Memory,
) -> Step {
    let planner = Planner {
        catalogue: Catalogue::new(releases, bounds, &memory.rated),
        described,
        table: &memory.table,
        tried: Cell::new(0),
        puts: Cell::new(0),
        hopeless: RefCell::default(),
        memory,
    };
    let before = memory
        .before
        .get_or_init(|| State::of(described, &memory.table))
        .clone();
    let mut wishes = wishes.to_vec();
    wishes.sort();
    let mut places = planner.places(&before, &wishes);
    // What each needs to know by itself is asked for at once.
    let mut asked = BTreeSet::new();
    for (wish, wanted) in &places {
        if let Err(Failure::Ask(names)) = planner.try_all(&before, wish, *wanted, &mut Vec::new()) {
            asked.extend(names);
        }
    }
    if !asked.is_empty() {
        return ask(asked);
    }
    let mut plan = Plan::default();
    let mut state = before.clone();
    let mut strategies: BTreeMap<(String, String), Strategy> = BTreeMap::new();
    let mut seen: BTreeSet<Wanted> = places.iter().map(|(_, wanted)| *wanted).collect();
    while !places.is_empty() {
        for (wish, wanted) in &places {
            // An upgrade before this one may have ended it.
            if !planner.is_wished(&state, &state.live(&memory.table), wish, *wanted) {
                continue;
            }
            let mut failed = Vec::new();
            match planner.try_all(&state, wish, *wanted, &mut failed) {
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
        // What came in may lead to a version that another wish is for.
        places = planner.places(&state, &wishes);
        places.retain(|(_, wanted)| seen.insert(*wanted));
    }
    let live = state.live(&memory.table);
    // What another upgrade ended is blocked no more. What no version fixes does not end while some version is there.
    plan.blocked.retain(|blocked| {
        let is_leaving = wishes.iter().any(|wish| wish.is_leaving(blocked));
        live.all.iter().any(|found| {
            let resolution = memory.table.resolution(*found);
            resolution.name == blocked.name && (resolution.version == blocked.version || is_leaving)
        })
    });
    differences(&planner, &before, &state, (&wishes, &strategies), &mut plan);
    Step::Done(plan)
}

fn ask(packages: BTreeSet<String>) -> Step {
    Step::Ask(packages.into_iter().map(Query::versions).collect())
}

impl Planner<'_> {
    /// The descriptors in use that lead to the version of a wish.
    fn places<'w>(&self, state: &State, wishes: &'w [Wish]) -> Vec<(&'w Wish, Wanted)> {
        let live = state.live(self.table);
        let of = |wish: &'w Wish| {
            let leading = state.leading().map(|(wanted, _)| wanted);
            let wished = leading.filter(|wanted| self.is_wished(state, &live, wish, *wanted));
            wished.map(move |wanted| (wish, wanted)).collect::<Vec<_>>()
        };
        wishes.iter().flat_map(of).collect()
    }

    /// The descriptor is in use, and leads to the version that is to leave.
    fn is_wished(&self, state: &State, live: &Live, wish: &Wish, wanted: Wanted) -> bool {
        let found = state.to(wanted).map(|found| self.table.resolution(found));
        live.wants(wanted)
            && found.is_some_and(|found| found.name == wish.name && found.version == wish.version)
    }

    /// What becomes of the wish for one descriptor: nothing asks for it any more, where that is wished, else it leads to another version.
    /// Adds each part of the wish that is not possible to `failed`.
    fn try_all(
        &self,
        state: &State,
        wish: &Wish,
        wanted: Wanted,
        failed: &mut Vec<(Wish, Failure)>,
    ) -> Tried {
        let mut failure = None;
        if let Some(leaving) = wish.leaving() {
            match self.remembered(state, wish, wanted, Aim::Nothing) {
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
                let tried = self.remembered(state, wish, wanted, Aim::Another);
                if let Err(blocked @ (Failure::Blocked { .. } | Failure::Crowded(_))) = &tried {
                    failed.push((wish.clone(), blocked.clone()));
                }
                tried
            }
        }
    }

    /// What became of it before, where nothing has changed since.
    fn remembered(&self, state: &State, wish: &Wish, wanted: Wanted, aim: Aim) -> Tried {
        let key = (wanted, state.fingerprint(), aim);
        if let Some(known) = self.memory.tried.borrow().get(&key) {
            return known.clone();
        }
        self.tried.set(0);
        self.puts.set(0);
        self.hopeless.borrow_mut().clear();
        let accepts = |rated: &Rated<'_>| self.catalogue.fixes(wish, rated);
        let goal = Goal {
            name: &wish.name,
            version: &wish.version,
            accepts: &accepts,
            above: None,
        };
        let tried = match aim {
            Aim::Nothing => self.without(state, wanted, &goal),
            Aim::Another => match self.upgrade(state, wanted, &goal, 0) {
                Err(failure @ (Failure::Blocked { .. } | Failure::Crowded(_))) => {
                    self.overruled(state, wanted, &goal, failure)
                }
                tried => tried,
            },
        };
        // Where something is missing it is not decided.
        if !matches!(tried, Err(Failure::Ask(_))) {
            self.memory.tried.borrow_mut().insert(key, tried.clone());
        }
        tried
    }
}
