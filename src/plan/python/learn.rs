//! Which package needs which where the lockfile does not say it: what the metadata of everything that is locked says.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::planner::Planner;
use super::project::{Edges, Project};
use crate::model::Query;
use crate::plan::failure::Failure;
use crate::plan::{Bounds, Releases};

/// Extras ask for extras at most so deep.
const MAX_ROUNDS: usize = 10;

/// The project with who needs each of its packages, and with which extras. A package of which it cannot be learnt counts as needing none.
///
/// # Errors
/// What has to be asked first.
pub(super) fn learnt<'p>(
    project: &'p Project,
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
) -> Result<Cow<'p, Project>, BTreeSet<Query>> {
    if project.edges == Edges::Written {
        return Ok(Cow::Borrowed(project));
    }
    let planner = Planner::new(project, releases, bounds);
    let mut asked = BTreeSet::new();
    let mut metadata = Vec::new();
    for pin in &project.pins {
        let known = match pin.fixed {
            Some(_) => None,
            None => match planner.metadata(&pin.name, &pin.version) {
                Ok(known) => Some(known),
                Err(Failure::Ask(queries)) => {
                    asked.extend(queries);
                    None
                }
                Err(Failure::Blocked { .. }) => None,
            },
        };
        metadata.push(known);
    }
    if !asked.is_empty() {
        return Err(asked);
    }
    let mut learnt = project.clone();
    for pin in &mut learnt.pins {
        pin.needed_by = Some(BTreeSet::new());
    }
    for _ in 0..MAX_ROUNDS {
        let before: usize = learnt.pins.iter().map(|pin| pin.extras.len()).sum();
        for (number, known) in metadata.iter().enumerate() {
            let (Some(known), Some(pin)) = (known, learnt.pins.get(number)) else {
                continue;
            };
            let (name, extras) = (pin.name.clone(), pin.extras.clone());
            let here = planner.meant(number);
            for need in &known.needs {
                if planner.active(need, &here, &extras).is_empty() {
                    continue;
                }
                for other in learnt.pins.iter_mut().filter(|other| other.name == need.name) {
                    other.extras.extend(need.extras.iter().cloned());
                    if other.name != name {
                        other.needed_by.get_or_insert_default().insert(name.clone());
                    }
                }
            }
        }
        if learnt.pins.iter().map(|pin| pin.extras.len()).sum::<usize>() == before {
            break;
        }
    }
    Ok(Cow::Owned(learnt))
}
