//! What differs between what was locked and what is to be.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::NewRules;
use super::graph::{Dependent, Found, Live, Resolution, State, Wanted};
use super::planner::Planner;
use crate::model::Release;
use crate::plan::npm_catalogue::is_later;
use crate::plan::{
    Collateral, Descriptor, EntryChange, EntryEdit, Lead, LeadEdit, Move, NewOverride, NewRange, OwnEdit,
    Plan, ResolutionEdit, Strategy, Wish,
};

/// Wishes, and the means that fulfilled each.
type Fulfilled<'w> = (&'w [Wish], &'w BTreeMap<(String, String), Strategy>);

/// What leads to each resolution.
type Keys = BTreeMap<Found, BTreeSet<Descriptor>>;

/// Puts what differs between the two states into `plan`.
pub(super) fn differences(
    planner: &Planner<'_>,
    before: &State,
    state: &State,
    fulfilled: Fulfilled<'_>,
    plan: &mut Plan,
) {
    let described = planner.described;
    plan.ranges = state
        .ranges
        .iter()
        .map(|((folder, name), (from, to))| NewRange {
            folder: folder.clone(),
            file: "package.json".to_owned(),
            name: name.clone(),
            from: from.clone(),
            to: to.clone(),
        })
        .collect();
    plan.overrides = state
        .overrides
        .iter()
        .map(|(name, (to, _))| NewOverride {
            manifest: match &described.rules.new {
                NewRules::In { manifest, .. } => (*manifest).to_owned(),
                NewRules::Nowhere(_) => "package.json".to_owned(),
            },
            under: None,
            from: described.rules.all.get(name).cloned(),
            name: name.clone(),
            to: to.clone(),
        })
        .collect();
    plan.manifests = described
        .modules
        .iter()
        .map(|module| module.folder.clone())
        .collect();
    let lives = (before.live(planner.table), state.live(planner.table));
    if described.leads {
        leads(planner, before, state, &lives.1, plan);
        list(planner, (before, state), &lives, fulfilled, plan);
        return;
    }
    // What the lockfile has was numbered first, in its order.
    let entries = described.entries.iter().enumerate();
    let old: Keys = entries
        .map(|(number, entry)| (number as Found, entry.descriptors.iter().cloned().collect()))
        .collect();
    let new = keys(planner, before, state, &lives);
    let all: BTreeSet<Found> = old.keys().chain(new.keys()).copied().collect();
    for found in all {
        let resolution = planner.table.resolution(found);
        let (old, new) = (old.get(&found), new.get(&found));
        let edit = match (new, old) {
            (None, _) => EntryEdit::Drop,
            (Some(new), Some(old)) if new == old => continue,
            (Some(new), _) => EntryEdit::Own(OwnEdit::Resolve(Box::new(ResolutionEdit {
                descriptors: new.clone(),
                version: resolution.version.clone(),
                before: resolution
                    .release
                    .as_ref()
                    .and_then(|_| predecessor(planner, new, &resolution)),
                release: resolution.release.as_deref().cloned(),
            }))),
        };
        let first = new.and_then(BTreeSet::first).map(ToString::to_string);
        plan.entries.push(EntryChange {
            place: resolution.place.clone().or(first).unwrap_or_default(),
            name: resolution.name.clone(),
            edit,
        });
    }
    list(planner, (before, state), &lives, fulfilled, plan);
}

/// What leads to another version than before.
fn leads(planner: &Planner<'_>, before: &State, state: &State, live: &Live, plan: &mut Plan) {
    let table = planner.table;
    let lead = |old: Wanted, new: Wanted| {
        let (from, to) = (before.to(old), state.to(new)?);
        let (asked, to_be) = (table.asked(new), table.resolution(to));
        (from != Some(to)).then(|| Lead {
            name: asked.descriptor.name.to_string(),
            from: from
                .map(|from| table.resolution(from).version.clone())
                .unwrap_or_default(),
            package: to_be.name.clone(),
            to: to_be.version.clone(),
            range: asked.means.range.to_string(),
        })
    };
    let modules = planner
        .described
        .modules
        .iter()
        .zip(before.own.iter().zip(&state.own));
    for (module, (old, new)) in modules {
        let leads: Vec<Lead> = old
            .iter()
            .zip(new.iter())
            .filter_map(|(old, new)| lead(*old, *new))
            .collect();
        let edit = LeadEdit { release: None, leads };
        push(plan, module.folder.clone(), String::new(), edit);
    }
    let mut all = live.all.clone();
    all.sort_unstable();
    for found in all {
        let resolution = table.resolution(found);
        let is_new = resolution.release.is_some();
        let needs = resolution.needs.iter();
        let leads = needs.filter_map(|need| match is_new {
            false => lead(*need, *need),
            true => Some(Lead {
                from: String::new(),
                ..new_lead(planner, state, *need)?
            }),
        });
        let edit = LeadEdit {
            leads: leads.collect(),
            release: resolution.release.as_deref().cloned(),
        };
        push(plan, resolution.id(), resolution.name.clone(), edit);
    }
}

/// What a package that is new leads to by one of its needs.
fn new_lead(planner: &Planner<'_>, state: &State, need: Wanted) -> Option<Lead> {
    let asked = planner.table.asked(need);
    let to = planner.table.resolution(state.to(need)?);
    Some(Lead {
        name: asked.descriptor.name.to_string(),
        from: String::new(),
        package: to.name.clone(),
        to: to.version.clone(),
        range: asked.means.range.to_string(),
    })
}

fn push(plan: &mut Plan, place: String, name: String, edit: LeadEdit) {
    if edit.release.is_some() || !edit.leads.is_empty() {
        plan.entries.push(EntryChange {
            place,
            name,
            edit: EntryEdit::Own(OwnEdit::Lead(Box::new(edit))),
        });
    }
}

/// What the registry says of the version in whose place `resolution` comes, to which `descriptors` are to lead; else of another that is
/// locked.
fn predecessor(
    planner: &Planner<'_>,
    descriptors: &BTreeSet<Descriptor>,
    resolution: &Resolution,
) -> Option<Release> {
    let of_name = planner.described.entries.iter();
    let of_name = of_name.filter(|entry| entry.name == resolution.name && entry.is_fixed.is_none());
    let mut in_place = of_name.clone().filter(|entry| {
        entry
            .descriptors
            .iter()
            .any(|descriptor| descriptors.contains(descriptor))
    });
    let entry = in_place.next().or_else(|| of_name.clone().next())?;
    let releases = planner.catalogue.releases(&resolution.name).ok()?;
    let found = releases
        .iter()
        .find(|rated| *rated.release.version == *entry.version)?;
    Some(found.release.clone())
}

/// What leads to each resolution once the plan is carried out.
fn keys(planner: &Planner<'_>, before: &State, state: &State, (live_before, live): &(Live, Live)) -> Keys {
    let rules = &planner.described.rules;
    let rule = |name: &str| {
        let new = state.overrides.get(name).map(|(range, _)| range);
        new.or_else(|| rules.all.get(name))
    };
    let mut keys = Keys::new();
    let mut ruled: BTreeMap<String, Found> = BTreeMap::new();
    for (wanted, found) in state.leading() {
        let descriptor = &planner.table.asked(wanted).descriptor;
        let is_used = live.wants(wanted);
        if rule(&descriptor.name).is_some() && is_used {
            ruled.insert(descriptor.name.to_string(), found);
        }
        let is_kept = before.to(wanted) == Some(found) && !live_before.wants(wanted);
        let is_replaced = rules.replace && rule(&descriptor.name).is_some();
        let is_left = rule(&descriptor.name).is_some_and(|range| **range == *descriptor.range);
        // The rule that was raised asks for it no more.
        let is_raised = state.overrides.contains_key(&*descriptor.name)
            && rules
                .all
                .get(&*descriptor.name)
                .is_some_and(|range| **range == *descriptor.range);
        if (is_used || is_kept && !is_raised) && !is_replaced && !is_left {
            keys.entry(found).or_default().insert(descriptor.clone());
        }
    }
    for (name, found) in ruled {
        if let Some(range) = rule(&name) {
            let rule = Descriptor::new(name.as_str(), range.as_str());
            keys.entry(found).or_default().insert(rule);
        }
    }
    keys
}

/// Lists what moves, comes in and leaves.
fn list(
    planner: &Planner<'_>,
    (before, state): (&State, &State),
    (live_before, live): &(Live, Live),
    (wishes, strategies): Fulfilled<'_>,
    plan: &mut Plan,
) {
    let table = planner.table;
    let gone = |found: &Found| !live.has(*found);
    let new: BTreeSet<Found> = live
        .all
        .iter()
        .copied()
        .filter(|found| !live_before.has(*found))
        .collect();
    let mut listed: BTreeSet<Found> = BTreeSet::new();
    let mut old: Vec<Found> = live_before.all.clone();
    old.sort_unstable();
    for from in old {
        let resolution = table.resolution(from);
        let led = before.leading_to(live_before, from);
        let moved = led
            .iter()
            .filter(|wanted| live.wants(**wanted))
            .filter_map(|wanted| state.to(*wanted));
        let mut to: BTreeSet<Found> = moved.filter(|to| *to != from).collect();
        if to.is_empty() && gone(&from) {
            to = inherited(planner, (before, state), (live_before, live), from);
        }
        if to.is_empty() && gone(&from) {
            to.extend(instead(planner, &resolution, live, &new));
        }
        if to.is_empty() && !gone(&from) {
            continue;
        }
        let targets: Vec<Option<Found>> = match to.is_empty() {
            true => vec![None],
            false => to.iter().copied().map(Some).collect(),
        };
        let wish = wishes
            .iter()
            .find(|wish| wish.name == resolution.name && wish.version == resolution.version);
        for target in targets {
            let target_of = target.map(|target| table.resolution(target));
            let version = target_of.as_ref().map(|target| target.version.clone());
            listed.extend(target);
            let ended = wish.map(|wish| wish.ended(version.as_ref())).unwrap_or_default();
            if ended.is_empty() {
                plan.collateral.push(Collateral {
                    name: resolution.name.clone(),
                    from: Some(resolution.version.clone()),
                    to: version,
                });
                continue;
            }
            let release = target_of.and_then(|target| target.release.clone());
            let key = (resolution.name.clone(), resolution.version.clone());
            plan.moves.push(Move {
                strategy: strategies.get(&key).copied().unwrap_or(Strategy::Parent),
                name: key.0,
                from: key.1,
                to: version,
                fixes: ended,
                published: release.and_then(|release| release.published),
            });
        }
    }
    for found in new.difference(&listed) {
        let resolution = table.resolution(*found);
        plan.collateral.push(Collateral {
            name: resolution.name.clone(),
            from: None,
            to: Some(resolution.version.clone()),
        });
    }
    plan.moves
        .sort_by(|left, right| (&left.name, &left.from).cmp(&(&right.name, &right.from)));
    plan.collateral.sort();
    plan.collateral.dedup();
}

/// The later versions of a package to which nothing leads any more that are used now by what used it: the same manifest of one's own,
/// or another version of the same package.
fn inherited(
    planner: &Planner<'_>,
    (before, state): (&State, &State),
    (live_before, live): (&Live, &Live),
    gone: Found,
) -> BTreeSet<Found> {
    let table = planner.table;
    let old = table.resolution(gone);
    let mut heirs = BTreeSet::new();
    for wanted in before.leading_to(live_before, gone) {
        let name = table.asked(wanted).descriptor.name.clone();
        for dependent in before.dependents(table, live_before, wanted) {
            let needs: Vec<Wanted> = match dependent {
                Dependent::Own(number) => {
                    let own = state.own.get(number);
                    own.map(|needs| needs.to_vec()).unwrap_or_default()
                }
                Dependent::Package(found) => {
                    let called = table.called(&table.resolution(found).name);
                    let used = called.into_iter().filter(|found| live.has(*found));
                    used.flat_map(|found| table.resolution(found).needs.clone())
                        .collect()
                }
            };
            let same = needs
                .into_iter()
                .filter(|need| table.asked(*need).descriptor.name == name);
            heirs.extend(same.filter_map(|need| state.to(need)));
        }
    }
    heirs.retain(|heir| {
        let heir = table.resolution(*heir);
        heir.name == old.name && is_later(&old.version, &heir.version)
    });
    heirs
}

/// The version that is there in the place of one to which nothing leads any more: the lowest later one that came in, else the lowest
/// later one.
fn instead(
    planner: &Planner<'_>,
    gone: &Rc<Resolution>,
    live: &Live,
    new: &BTreeSet<Found>,
) -> Option<Found> {
    let of_name = |found: &&Found| {
        let other = planner.table.resolution(**found);
        other.name == gone.name && is_later(&gone.version, &other.version)
    };
    let lowest = |all: Vec<Found>| {
        all.into_iter().reduce(|left, right| {
            let version = |found: Found| planner.table.resolution(found).version.clone();
            match is_later(&version(right), &version(left)) {
                true => right,
                false => left,
            }
        })
    };
    lowest(new.iter().filter(of_name).copied().collect())
        .or_else(|| lowest(live.all.iter().filter(of_name).copied().collect()))
}
