//! What differs between the lockfile before and after.

use std::collections::BTreeMap;

use super::catalogue::Catalogue;
use super::root_links;
use super::state::State;
use super::wider::wider;
use crate::ecosystem::normalise;
use crate::lockfile::composer_lock::locked::LockedPackage;
use crate::model::{Ecosystem, Release};
use crate::plan::failure::Failure;
use crate::plan::{Collateral, EntryChange, EntryEdit, Flags, Move, NewRange, Plan, Strategy, Wish};

/// Wishes, and the means that fulfilled each.
type Strategies = BTreeMap<(String, String), Strategy>;

/// Puts what differs into `plan`.
pub(super) fn differences(
    catalogue: &Catalogue<'_>,
    (before, after): (&State, &State),
    wishes: &[Wish],
    strategies: &Strategies,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let project = catalogue.project;
    let runs = &project.asked.links;
    let (ran, runs) = (before.view(runs).reached, after.view(runs).reached);
    for package in &project.locked.packages {
        let name = &package.name;
        // Where the lockfile has it otherwise, that stays.
        let is_dev = match ran.contains(name.as_str()) == runs.contains(name.as_str()) {
            true => package.is_dev,
            false => !runs.contains(name.as_str()),
        };
        let flags = (is_dev != package.is_dev).then(|| Flags {
            dev: is_dev,
            ..Flags::default()
        });
        let version = after.version(name);
        if version == Some(package.version.as_str()) {
            if let Some(flags) = flags {
                plan.entries.push(change(name, name, EntryEdit::Flags(flags)));
            }
            continue;
        }
        let release = match version {
            Some(version) => Some(release(catalogue, name, version)?),
            None => None,
        };
        put(package, release, wishes, strategies, plan);
        let edit = match release {
            Some(release) => EntryEdit::Lock(Box::new(release.clone()), flags),
            None => EntryEdit::Drop,
        };
        plan.entries.push(change(name, name, edit));
    }
    for (name, held) in &after.held {
        if before.held.contains_key(name) {
            continue;
        }
        let release = release(catalogue, name, &held.version)?;
        let flags = Flags {
            dev: !runs.contains(&**name),
            ..Flags::default()
        };
        let edit = EntryEdit::Lock(Box::new(release.clone()), Some(flags));
        plan.entries.push(change("", name, edit));
        plan.collateral.push(Collateral {
            name: name.to_string(),
            from: None,
            to: Some(held.version.clone()),
        });
    }
    plan.collateral.sort();
    for link in root_links(project).require {
        let Some(held) = after
            .held
            .get(link.name.as_str())
            .filter(|held| !held.is_in(&link.range))
        else {
            continue;
        };
        let Some(to) =
            wider(&link.range, &held.version).filter(|_| before.version(&link.name) != Some(&held.version))
        else {
            continue;
        };
        plan.ranges.push(NewRange {
            folder: String::new(),
            file: project.manifest.clone(),
            name: link.name,
            from: link.range,
            to,
        });
    }
    plan.ranges.sort();
    plan.ranges.dedup();
    Ok(())
}

fn change(place: &str, name: &str, edit: EntryEdit) -> EntryChange {
    EntryChange {
        place: place.to_owned(),
        name: name.to_owned(),
        edit,
    }
}

/// Says what became of a package that moves or leaves.
fn put(
    package: &LockedPackage,
    release: Option<&Release>,
    wishes: &[Wish],
    strategies: &Strategies,
    plan: &mut Plan,
) {
    let to = release.map(|release| release.version.to_string());
    let is_of = |wish: &&Wish| {
        wish.version == package.version && normalise(&Ecosystem::PACKAGIST, &wish.name) == package.name
    };
    match wishes.iter().find(is_of) {
        Some(wish) => {
            let strategy = strategies.get(&(wish.name.clone(), wish.version.clone()));
            plan.moves.push(Move {
                name: wish.name.clone(),
                from: wish.version.clone(),
                strategy: strategy.copied().unwrap_or(Strategy::Parent),
                fixes: wish.ended(to.as_ref()),
                published: release.and_then(|release| release.published),
                to,
            });
        }
        None => plan.collateral.push(Collateral {
            name: package.name.clone(),
            from: Some(package.version.clone()),
            to,
        }),
    }
}

fn release<'c>(catalogue: &Catalogue<'c>, name: &str, version: &str) -> Result<&'c Release, Failure> {
    let choices = catalogue.choices(name)?;
    let found = choices.iter().find(|one| &*one.release.version == version);
    found
        .map(|one| one.release)
        .ok_or_else(|| Failure::because(format!("The repository has no {name} {version}.")))
}
