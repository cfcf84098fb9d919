//! What a changed lockfile of Bun has to be, checked by reading it anew.
//!
//! Bun installs what the file says: stale needs, a version out of range and a wrong place pass `--frozen-lockfile`, so it is no proof; this is.
//! Each package that was not there is a release of the plan, with its hash, and needs what the registry's document says; each that was, is as it was.
//! What each needs is where Bun finds it, in range, unless it was not before either. Nothing is left that nothing leads to, unless it was before.
//! Everything is where Bun itself would put it.

use std::collections::{BTreeMap, BTreeSet};

use super::bun_entry::implied_peers;
use super::bun_layout::lay_out;
use super::npm_check::{by_place, is_hashed, reached, set, wrong};
use super::npm_overrides::Rules;
use crate::lockfile::bun_lock::locked::{Entry, Locked, What};
use crate::lockfile::package_lock::installed::Installed;
use crate::model::{Release, RequirementKind};
use crate::plan::{EntryEdit, Plan};
use crate::text::json;

/// A lockfile and what was read of it.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    pub(super) text: &'s str,
    pub(super) locked: &'s Locked,
}

impl<'s> Side<'s> {
    fn value(self, entry: &Entry) -> Option<&'s str> {
        self.text.get(entry.value..entry.at.end)
    }
}

/// Checks the lockfile `after` that was `before`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(before: Side<'_>, after: Side<'_>, plan: &Plan) -> Result<(), String> {
    packages(before, after, plan)?;
    modules(before, after, plan)?;
    left(before, after, plan)?;
    needs(before, after)?;
    let own: Vec<&str> = after
        .locked
        .entries
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    let laid_out = lay_out(after.locked)?;
    match laid_out.iter().map(|(key, _)| key.as_str()).eq(own) {
        true => Ok(()),
        false => Err("Bun would put the packages at other places.".to_owned()),
    }
}

/// Every entry is one of before, or a release of the plan.
fn packages(before: Side<'_>, after: Side<'_>, plan: &Plan) -> Result<(), String> {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in &before.locked.entries {
        known.entry(&entry.said).or_default().extend(before.value(entry));
    }
    let releases: BTreeMap<String, &Release> = plan
        .entries
        .iter()
        .filter_map(|change| match &change.edit {
            EntryEdit::Lock(release, _) => Some((format!("{}@{}", change.name, release.version), &**release)),
            _ => None,
        })
        .collect();
    let described = after.locked.described();
    let folders = by_place(&described.folders);
    for entry in &after.locked.entries {
        let value = after.value(entry).unwrap_or_default();
        match known.get(entry.said.as_str()) {
            Some(values) if values.contains(value) => continue,
            Some(_) if !releases.contains_key(&entry.said) => {
                return Err(format!("The entry {} changed by itself.", entry.key));
            }
            Some(_) | None => {}
        }
        let Some(release) = releases
            .get(&entry.said)
            .filter(|_| entry.what == What::Registered)
        else {
            return Err(format!("The entry {} came in by itself.", entry.key));
        };
        let place = after.locked.place(&entry.key);
        let Some(folder) = folders.get(place.as_str()) else {
            return Err(format!("The entry {} is missing.", entry.key));
        };
        is_hashed(folder, release)?;
        if !is_same(folder, release) {
            return Err(format!(
                "The entry {} does not need what the registry says.",
                entry.key
            ));
        }
    }
    Ok(())
}

/// The entry needs what its release does, and may be beside what Bun adds.
fn is_same(folder: &Installed, release: &Release) -> bool {
    let manifest = json::read(&release.document);
    let added = implied_peers(manifest.root());
    let mut has = set(&folder.requirements);
    let needs = set(&release.dependencies);
    has.retain(|one| {
        let (name, _, range, kind) = one;
        let is_added = *kind == RequirementKind::OptionalPeer && range == "*" && added.contains(name);
        !is_added || needs.contains(one)
    });
    has == needs
}

/// The projects ask for what they did, but for the ranges of the plan.
fn modules(before: Side<'_>, after: Side<'_>, plan: &Plan) -> Result<(), String> {
    let (old, new) = (&before.locked.members, &after.locked.members);
    let is_alike = old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| {
            let mut wished = old.needs.clone();
            for need in &mut wished {
                let range = plan.ranges.iter().find(|range| {
                    range.folder == old.folder && range.name == need.name && need.range.ends_with(&range.from)
                });
                if let Some(range) = range {
                    let start = need.range.len() - range.from.len();
                    need.range.replace_range(start.., &range.to);
                    need.meant.clone_from(&need.range);
                }
            }
            let is_same = wished.iter().zip(&new.needs).all(|(wished, new)| {
                (&wished.name, &wished.range, wished.kind) == (&new.name, &new.range, new.kind)
            });
            (&old.folder, &old.name) == (&new.folder, &new.name) && wished.len() == new.needs.len() && is_same
        });
    match is_alike {
        true => Ok(()),
        false => Err("A project asks for something else than before.".to_owned()),
    }
}

/// What the plan moves everywhere is nowhere.
fn left(before: Side<'_>, after: Side<'_>, plan: &Plan) -> Result<(), String> {
    let changed: BTreeSet<String> = plan
        .entries
        .iter()
        .filter(|change| !matches!(change.edit, EntryEdit::Flags(_)))
        .filter_map(|change| before.locked.key(&change.place))
        .collect();
    let stays: BTreeSet<&str> = before
        .locked
        .entries
        .iter()
        .filter(|entry| !changed.contains(&entry.key))
        .map(|entry| entry.said.as_str())
        .collect();
    let comes: BTreeSet<String> = plan
        .entries
        .iter()
        .filter_map(|change| match &change.edit {
            EntryEdit::Lock(release, _) => Some(format!("{}@{}", change.name, release.version)),
            _ => None,
        })
        .collect();
    let mut entries = after.locked.entries.iter();
    let wrong = entries.find(|entry| !stays.contains(entry.said.as_str()) && !comes.contains(&entry.said));
    if let Some(wrong) = wrong {
        return Err(format!("The entry {} did not leave.", wrong.key));
    }
    let has: BTreeSet<&str> = after
        .locked
        .entries
        .iter()
        .map(|entry| entry.said.as_str())
        .collect();
    match comes.iter().find(|said| !has.contains(said.as_str())) {
        Some(said) => Err(format!("{said} is missing.")),
        None => Ok(()),
    }
}

/// What is needed is there, in range, and nothing else is.
fn needs(before: Side<'_>, after: Side<'_>) -> Result<(), String> {
    let (old, new) = (before.locked.described(), after.locked.described());
    let (old, new) = (by_place(&old.folders), by_place(&new.folders));
    let rules = Rules::default();
    let was: BTreeSet<(String, String, String)> = old
        .iter()
        .flat_map(|(place, folder)| {
            let failing = folder
                .requirements
                .iter()
                .filter(|need| wrong(&old, &rules, place, need).is_some());
            failing.map(|need| (label(folder), need.name.to_string(), need.range.to_string()))
        })
        .collect();
    for (place, folder) in &new {
        for need in &folder.requirements {
            if let Some(wrong) = wrong(&new, &rules, place, need)
                && !was.contains(&(label(folder), need.name.to_string(), need.range.to_string()))
            {
                return Err(wrong);
            }
        }
    }
    let (held, holds) = (reached(&old), reached(&new));
    let loose: BTreeSet<String> = old
        .iter()
        .filter(|(place, _)| !held.contains(*place))
        .map(|(_, folder)| label(folder))
        .collect();
    let unneeded = new
        .iter()
        .find(|(place, folder)| !holds.contains(*place) && !loose.contains(&label(folder)));
    match unneeded {
        Some((place, _)) => Err(format!("Nothing needs the entry {place} any more.")),
        None => Ok(()),
    }
}

/// A package, wherever it is; a project by its folder.
fn label(folder: &Installed) -> String {
    match folder.is_own {
        true => folder.place.clone(),
        false => format!("{}@{}", folder.name, folder.version),
    }
}
