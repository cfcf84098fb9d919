//! Upgrades in poms: another text where a version is written, which is in a dependency, in a `dependencyManagement`, or the value
//! of a property.
//!
//! A version in a pom is a wish that nothing else narrows, and the nearest one counts: what a plan has to see to is who else has
//! its version from the same text. These move along, where that version of theirs is there and is not worse for them; else what is
//! wished gets a version of its own in place of the property. What the new version brings along is read from its pom, with its
//! parents and BOMs (`brings.rs`).

mod brings;
mod decide;
mod literal;
mod managed;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::decide::{Decider, Decision, Failure, raise};
use self::literal::{Literal, Place, literals};
use super::{
    Bounds, Collateral, EntryChange, EntryEdit, Move, OwnEdit, Plan, Releases, Step, Strategy, Wish,
};
use crate::lockfile::pom::declared::Declaration;
use crate::model::{Query, TreePath};

/// What moves asks others to move, so many times over.
const MAX_PASSES: usize = 12;

/// A pom whose versions may change, and the modules that use them.
#[derive(Debug, Default)]
pub struct PomProject {
    /// The pom that is planned for.
    pub file: TreePath,
    /// Each module of the build.
    pub modules: Vec<PomModule>,
    /// What was read for it: the text of each file, `None` for one that is not there.
    pub files: BTreeMap<TreePath, Option<String>>,
}

/// A module of a build.
#[derive(Debug)]
pub struct PomModule {
    /// Its pom.
    pub file: TreePath,
    /// What it asks for.
    pub declarations: Vec<Declaration>,
    /// What is managed for it.
    pub managed: Vec<Declaration>,
}

/// A text of a pom that becomes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PomEdit {
    /// The pom.
    pub file: TreePath,
    /// Where in it.
    pub at: Range<usize>,
    /// What stands there.
    pub from: String,
    /// The new version.
    pub to: String,
    /// What gets that version by it, or has it managed: the pom of each module, and `groupId:artifactId`.
    pub uses: BTreeSet<(TreePath, String)>,
    /// The parent or BOM of a repository whose version it is, if it is one.
    pub reference: Option<String>,
}

/// Plans that the versions in `wishes` leave the pom.
#[must_use]
pub fn plan(project: &PomProject, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
    let literals = literals(project);
    let mut floors: BTreeMap<Place, String> = BTreeMap::new();
    let mut refused: BTreeMap<(Place, String), String> = BTreeMap::new();
    let mut plan = Plan::default();
    for _ in 0..MAX_PASSES {
        let planner = Planner {
            project,
            wishes,
            decider: Decider {
                literals: &literals,
                floors: &floors,
                refused: &refused,
                releases,
                bounds,
            },
        };
        let pass = planner.pass();
        if !pass.asked.is_empty() {
            return Step::Ask(pass.asked);
        }
        plan = pass.plan;
        if pass.floors.is_empty() && pass.refused.is_empty() {
            return Step::Done(plan);
        }
        for (place, version) in pass.floors {
            raise(&mut floors, place, version);
        }
        for ((place, version), reason) in pass.refused {
            // What asked for it has to do without.
            floors.remove(&place);
            refused.insert((place, version), reason);
        }
    }
    // It goes round in circles.
    for wish in wishes {
        let reason = "What has to move along asks for more and more: change it by hand.";
        plan.block(wish, Vec::new(), reason.to_owned());
    }
    Step::Done(Plan {
        blocked: plan.blocked,
        ..Plan::default()
    })
}

struct Planner<'p> {
    project: &'p PomProject,
    wishes: &'p [Wish],
    decider: Decider<'p>,
}

/// What one look at every literal comes to.
#[derive(Default)]
struct Pass {
    plan: Plan,
    asked: BTreeSet<Query>,
    floors: BTreeMap<Place, String>,
    refused: BTreeMap<(Place, String), String>,
}

impl Planner<'_> {
    fn pass(&self) -> Pass {
        let mut pass = Pass::default();
        let literals = self.decider.literals;
        let is_elsewhere = |wish: &&Wish| {
            let is_of = |literal: &Literal<'_>| *literal.file == self.project.file && literal.has(wish);
            !literals.values().any(is_of)
        };
        let elsewhere: Vec<&Wish> = self.wishes.iter().filter(is_elsewhere).collect();
        let Decider { releases, bounds, .. } = self.decider;
        if let Err(queries) = managed::plan(self.project, &elsewhere, releases, bounds, &mut pass.plan) {
            pass.asked.extend(queries);
        }
        for (place, literal) in literals {
            let is_wished = |wish: &&Wish| *literal.file == self.project.file && literal.has(wish);
            let wished: Vec<&Wish> = self.wishes.iter().filter(is_wished).collect();
            let floor = self.decider.floors.get(place);
            if wished.is_empty() && floor.is_none() {
                continue;
            }
            match self.decider.decide(place, literal, &wished) {
                Ok(decision) => {
                    for (place, version) in &decision.floors {
                        raise(&mut pass.floors, place.clone(), version.clone());
                    }
                    self.write(literal, &wished, decision, &mut pass.plan);
                }
                Err(Failure::Ask(queries)) => pass.asked.extend(queries),
                Err(Failure::Blocked(reason)) => {
                    if let Some(floor) = floor {
                        pass.refused
                            .insert((place.clone(), floor.clone()), reason.clone());
                    }
                    for wish in wished {
                        pass.plan.block(wish, Vec::new(), reason.clone());
                    }
                }
            }
        }
        pass.plan.collateral.sort();
        pass.plan.collateral.dedup();
        pass
    }

    fn write(&self, literal: &Literal<'_>, wished: &[&Wish], decision: Decision, plan: &mut Plan) {
        for (name, version) in &decision.moves {
            let fulfilled = wished
                .iter()
                .find(|wish| wish.name == *name && self.decider.helps(wish, version));
            match fulfilled {
                Some(wish) => {
                    let one = Move {
                        name: name.clone(),
                        from: wish.version.clone(),
                        to: Some(version.clone()),
                        strategy: Strategy::InRange,
                        fixes: wish.fixes.clone(),
                        published: None,
                    };
                    if !plan.moves.contains(&one) {
                        plan.moves.push(one);
                    }
                }
                None => plan.collateral.push(Collateral {
                    name: name.clone(),
                    from: Some(literal.version.to_owned()),
                    to: Some(version.clone()),
                }),
            }
        }
        for wish in wished {
            let to = decision.moves.get(&wish.name);
            if to.is_none_or(|version| !self.decider.helps(wish, version)) {
                let reason = format!(
                    "No version that helps is there for everything that has its version from {}.",
                    literal.shown()
                );
                plan.block(wish, Vec::new(), reason);
            }
        }
        plan.collateral.extend(decision.collateral);
        for edit in decision.edits {
            plan.entries.push(EntryChange {
                place: edit.file.to_string(),
                name: decision.moves.keys().cloned().collect::<Vec<_>>().join(", "),
                edit: EntryEdit::Own(OwnEdit::Pom(Box::new(edit))),
            });
        }
    }
}
