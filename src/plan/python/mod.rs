//! Upgrades in a project of Python: one version a name in each environment.
//!
//! What a package needs is in its metadata, which is asked for of each package that moves, comes in, or needs one that moves. A
//! need counts where its marker may hold in an environment that the lockfile is for; a lockfile may have several versions of one name,
//! told apart by markers, and each of them moves by itself. Of a new package, and of a locked one that has to move because of another, the
//! newest version in range is taken, as pip and uv would, but for versions that a known advisory affects, that are
//! withdrawn, or that the project's Python does not run. What nothing needs any more leaves, where the lockfile says what needs what.
//!
//! A file that was made for one platform does not say which: what a locked version needs and the file lacks tells where it is not
//! for. A file that lists only what somebody wrote down says nothing of the rest: what it lacks is left to the installer.

mod bring;
mod differences;
mod edges;
mod environments;
mod learn;
mod needs;
mod overrule;
mod planner;
mod project;
mod ranges;
mod sample;
mod scope;
mod search;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use self::differences::differences;
use self::planner::Planner;
use self::state::State;
use super::failure::Failure;
use super::{Bounds, Constraint, NewOverride, Plan, Releases, Step, Strategy, Wish};
use crate::model::{Query, Release};

pub use self::overrule::Overrides;
pub use self::project::{Asked, Edges, Extras, Language, Others, Pin, Platforms, Project, Pythons};
pub use self::sample::Sample;

/// How an entry of a lockfile of Python changes.
#[derive(Debug, Clone, Default)]
pub struct PinChange {
    /// The new version with its files; `None` where the version stays.
    pub release: Option<Release>,
    /// The metadata of that version: the headers.
    pub metadata: String,
    /// The headers of the version before; empty for one that is new, and where they are not known.
    pub metadata_before: String,
    /// What it needs in the environments that it is meant for.
    pub needs: Vec<Need>,
    /// The same as edges to other packages, one for each of them and each of its own extras.
    pub edges: Vec<Edge>,
    /// What others ask for it.
    pub ranges: Vec<Constraint>,
    /// The names of the packages that need it from now on; `None` where that stays as it is.
    pub needed_by: Option<BTreeSet<String>>,
    /// The marker of one that is new.
    pub marker: String,
}

/// That a locked package needs another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The extra of its own that needs it.
    pub extra: Option<String>,
    /// The package, normalised.
    pub name: String,
    /// The extras that are asked for, normalised.
    pub extras: BTreeSet<String>,
    /// Where it is needed, without what holds everywhere anyway and without extras; empty for everywhere.
    pub marker: String,
    /// The version before needs it in the very same way.
    pub is_as_before: bool,
}

/// What a version needs of another package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The package, normalised.
    pub name: String,
    /// The extras that are asked for, normalised.
    pub extras: BTreeSet<String>,
    /// The versions that it takes; empty for any.
    pub range: String,
    /// The marker as the metadata has it; empty for none.
    pub marker: String,
    /// It is taken from an address, and no version of an index is meant.
    pub is_located: bool,
}

/// Plans that the versions in `wishes` leave the project, whose tool overrides nothing.
#[must_use]
pub fn plan(project: &Project, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
    plan_with(project, wishes, releases, bounds, Overrides::Never)
}

/// Plans that the versions in `wishes` leave the project.
#[must_use]
pub fn plan_with(
    project: &Project,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    overrides: Overrides,
) -> Step {
    match learn::learnt(project, releases, bounds) {
        Ok(learnt) => plan_of(&learnt, wishes, releases, bounds, overrides),
        Err(queries) => Step::Ask(queries),
    }
}

fn plan_of(
    project: &Project,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    overrides: Overrides,
) -> Step {
    let planner = Planner::new(project, releases, bounds);
    let mut wishes = wishes.to_vec();
    wishes.sort();
    let mut state = State::default();
    let pins: Vec<(&Wish, usize)> = wishes
        .iter()
        .flat_map(|wish| {
            let pins = project.pins.iter().enumerate();
            pins.filter(|(_, pin)| is_of(pin, wish))
                .map(move |(number, _)| (wish, number))
        })
        .collect();
    let try_one =
        |state: &State, wish: &Wish, pin: usize| match (planner.try_one(state, wish, pin), overrides) {
            (Err(failure @ Failure::Blocked { .. }), Overrides::OfUv) => {
                planner.overruled(state, wish, pin, failure)
            }
            (tried, _) => tried,
        };
    // What each needs to know by itself is asked for at once.
    let mut asked: BTreeSet<Query> = BTreeSet::new();
    for (wish, pin) in &pins {
        if let Err(Failure::Ask(queries)) = try_one(&state, wish, *pin) {
            asked.extend(queries);
        }
        planner.set_override(&planner.pin(*pin).name, None);
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    let mut plan = Plan::default();
    let mut strategies: BTreeMap<(String, String), Strategy> = BTreeMap::new();
    for (wish, pin) in &pins {
        // An upgrade before this one may have ended it.
        if state.is_changed(*pin) && !planner.is_still(&state, *pin, wish) {
            continue;
        }
        match try_one(&state, wish, *pin) {
            Ok((next, strategy)) => {
                state = next;
                let known = strategies.entry((wish.name.clone(), wish.version.clone()));
                let known = known.or_insert(strategy);
                *known = (*known).max(strategy);
            }
            Err(Failure::Ask(queries)) => asked.extend(queries),
            Err(Failure::Blocked { by, reason }) => plan.block(wish, by, reason),
        }
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    // What another upgrade ended is blocked no more.
    plan.blocked.retain(|blocked| {
        pins.iter().any(|(wish, pin)| {
            wish.name == blocked.name
                && wish.version == blocked.version
                && planner.is_still(&state, *pin, wish)
        })
    });
    plan.overrides = planner
        .overrides()
        .into_iter()
        .map(|(name, to)| NewOverride {
            manifest: "pyproject.toml".to_owned(),
            under: None,
            from: None,
            name,
            to,
        })
        .collect();
    match differences(&planner, &state, &wishes, &strategies, &mut plan) {
        Ok(()) => Step::Done(plan),
        Err(Failure::Ask(queries)) => Step::Ask(queries),
        Err(Failure::Blocked { reason, .. }) => {
            plan = Plan::default();
            for wish in &wishes {
                plan.block(wish, Vec::new(), reason.clone());
            }
            Step::Done(plan)
        }
    }
}

/// The pin holds the version that is to leave.
fn is_of(pin: &Pin, wish: &Wish) -> bool {
    pin.version == wish.version
        && pin.name == crate::ecosystem::normalise(&crate::model::Ecosystem::PYPI, &wish.name)
}
