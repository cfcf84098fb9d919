//! What differs between the lockfile before and after.

use std::collections::{BTreeMap, BTreeSet};

use super::edges::edges;
use super::environments::Set;
use super::planner::{Planner, nothing_asked};
use super::state::State;
use super::{Need, PinChange};
use crate::model::Release;
use crate::plan::failure::Failure;
use crate::plan::{Collateral, EntryChange, EntryEdit, Move, NewRange, OwnEdit, Plan, Strategy, Wish};

/// Wishes, and the means that fulfilled each.
type Strategies = BTreeMap<(String, String), Strategy>;

/// Puts what differs into `plan`.
pub(super) fn differences(
    planner: &Planner<'_>,
    state: &State,
    wishes: &[Wish],
    strategies: &Strategies,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let mut asked = BTreeSet::new();
    for (number, pin) in planner.project.pins.iter().enumerate() {
        let edit = if state.gone.contains(&number) {
            EntryEdit::Drop
        } else {
            match changed(planner, state, number) {
                Ok(Some(change)) => EntryEdit::Own(OwnEdit::Pin(Box::new(change))),
                Ok(None) => continue,
                Err(failure) => {
                    failure.or_ask(&mut asked)?;
                    continue;
                }
            }
        };
        let to = match &edit {
            EntryEdit::Own(OwnEdit::Pin(change)) => {
                change.release.as_ref().map(|release| release.version.to_string())
            }
            EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => None,
        };
        let is_version = to.is_some() || matches!(edit, EntryEdit::Drop);
        let published = match &edit {
            EntryEdit::Own(OwnEdit::Pin(change)) => {
                change.release.as_ref().and_then(|release| release.published)
            }
            EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => None,
        };
        plan.entries.push(EntryChange {
            place: pin.place.clone(),
            name: pin.name.clone(),
            edit,
        });
        if !is_version {
            continue;
        }
        let wish = wishes.iter().find(|wish| super::is_of(pin, wish));
        match wish {
            Some(wish) => {
                let strategy = strategies
                    .get(&(wish.name.clone(), wish.version.clone()))
                    .copied();
                let one = Move {
                    name: wish.name.clone(),
                    from: wish.version.clone(),
                    to,
                    strategy: strategy.unwrap_or(Strategy::Parent),
                    fixes: wish.fixes.clone(),
                    published,
                };
                if !plan.moves.contains(&one) {
                    plan.moves.push(one);
                }
            }
            None => {
                let one = Collateral {
                    name: pin.name.clone(),
                    from: Some(pin.version.clone()),
                    to,
                };
                if !plan.collateral.contains(&one) {
                    plan.collateral.push(one);
                }
            }
        }
    }
    for (name, added) in &state.added {
        let metadata = match planner.metadata(name, &added.version) {
            Ok(metadata) => metadata,
            Err(failure) => {
                failure.or_ask(&mut asked)?;
                continue;
            }
        };
        let change = PinChange {
            release: Some(release(planner, name, &added.version)?),
            metadata: metadata.text.clone(),
            metadata_before: String::new(),
            needs: active(planner, &metadata.needs, &added.environments, &added.extras),
            edges: edges(planner, &metadata.needs, &[], &added.environments, &added.extras),
            ranges: Vec::new(),
            needed_by: Some(needing(planner, state, name, &added.environments)?),
            marker: added.marker.clone(),
        };
        plan.entries.push(EntryChange {
            place: String::new(),
            name: name.clone(),
            edit: EntryEdit::Own(OwnEdit::Pin(Box::new(change))),
        });
        plan.collateral.push(Collateral {
            name: name.clone(),
            from: None,
            to: Some(added.version.clone()),
        });
    }
    nothing_asked(asked)?;
    plan.collateral.sort();
    plan.ranges = state
        .ranges
        .iter()
        .filter_map(|(number, range)| {
            let asked = planner.project.asked.get(*number)?;
            let (folder, file) = asked.file.rsplit_once('/').unwrap_or(("", &asked.file));
            Some(NewRange {
                folder: folder.to_owned(),
                file: file.to_owned(),
                name: asked.written.clone(),
                from: asked.range.clone(),
                to: range.clone(),
            })
        })
        .collect();
    plan.ranges.sort();
    plan.ranges.dedup();
    Ok(())
}

/// How the entry of a pin changes, if it does.
fn changed(planner: &Planner<'_>, state: &State, number: usize) -> Result<Option<PinChange>, Failure> {
    let pin = planner.pin(number);
    let before = pin.needed_by.as_ref();
    let may_change = !state.moved.is_empty() || !state.gone.is_empty();
    let is_touched = before.is_some() && may_change && planner.may_be_needed_anew(state, number);
    let needed_by = match is_touched {
        true => planner
            .needed_by(state, number)?
            .filter(|names| Some(names) != before),
        false => None,
    };
    let Some(version) = state.moved.get(&number) else {
        return Ok(needed_by.map(|names| PinChange {
            needed_by: Some(names),
            ..PinChange::default()
        }));
    };
    let metadata = planner.metadata(&pin.name, version)?;
    let scope = planner.scope(number)?;
    let ranges = planner.dependents(state, number)?;
    let before = match planner.metadata(&pin.name, &pin.version) {
        Ok(before) => Some(before),
        Err(asks @ Failure::Ask(_)) => return Err(asks),
        Err(Failure::Blocked { .. }) => None,
    };
    Ok(Some(PinChange {
        release: Some(release(planner, &pin.name, version)?),
        metadata: metadata.text.clone(),
        metadata_before: before
            .as_ref()
            .map(|before| before.text.clone())
            .unwrap_or_default(),
        needs: active(planner, &metadata.needs, &scope.environments, &scope.extras),
        edges: edges(
            planner,
            &metadata.needs,
            before.as_ref().map_or(&[][..], |before| before.needs.as_slice()),
            &scope.environments,
            &scope.extras,
        ),
        ranges: ranges.into_iter().map(|one| one.constraint).collect(),
        needed_by,
        marker: pin.marker.clone(),
    }))
}

fn release(planner: &Planner<'_>, name: &str, version: &str) -> Result<Release, Failure> {
    let rated = planner.rated(name)?;
    let found = rated.iter().find(|rated| *rated.release.version == *version);
    found
        .map(|rated| rated.release.clone())
        .ok_or_else(|| Failure::because(format!("The index does not have {name} {version}.")))
}

fn active(planner: &Planner<'_>, needs: &[Need], environments: &Set, extras: &BTreeSet<String>) -> Vec<Need> {
    let needs = needs.iter();
    needs
        .filter(|need| !planner.active(need, environments, extras).is_empty())
        .cloned()
        .collect()
}

/// Everything that needs what came in.
fn needing(
    planner: &Planner<'_>,
    state: &State,
    name: &str,
    environments: &Set,
) -> Result<BTreeSet<String>, Failure> {
    let mut names = BTreeSet::new();
    for number in state.moved.keys() {
        if !planner.asked_by(state, *number, name, environments)?.is_empty() {
            names.insert(planner.pin(*number).name.clone());
        }
    }
    for by in state.added.keys() {
        if !planner.asked_by_added(state, by, name, environments)?.is_empty() {
            names.insert(by.clone());
        }
    }
    Ok(names)
}
