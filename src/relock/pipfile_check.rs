//! What a changed `Pipfile.lock` has to be, checked by reading it anew: pipenv itself compares no entry with the index, nor with what others
//! ask.
//!
//! Every package that changed holds the version of the plan with exactly the hashes of its release, in every category in which it is;
//! every other one is as before, and so is everything else. What the new versions need is there, in range, in their category; what needs
//! them takes them.

use std::collections::{BTreeMap, BTreeSet};

use super::pipfile_entries::{Entry, document, entries, normal};
use super::python_hashes;
use super::python_manifest::takes;
use crate::plan::python::PinChange;
use crate::plan::{EntryEdit, OwnEdit, Plan};
use crate::text::tree::Value;

/// Checks the text `after` of a lockfile that was `before`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(before: &str, after: &str, plan: &Plan) -> Result<(), String> {
    let (old_document, new_document) = (document(before), document(after));
    let (old, new) = (entries(&old_document)?, entries(&new_document)?);
    let mut changes: BTreeMap<usize, Option<&PinChange>> = BTreeMap::new();
    let mut planned: Vec<(String, &PinChange)> = Vec::new();
    for change in &plan.entries {
        let number: Option<usize> = change.place.parse().ok();
        match (&change.edit, number) {
            (EntryEdit::Drop, Some(number)) => {
                changes.insert(number, None);
            }
            (EntryEdit::Own(OwnEdit::Pin(pin)), number) if pin.release.is_some() => {
                planned.push((normal(&change.name), pin));
                changes.extend(number.map(|number| (number, Some(&**pin))));
            }
            (EntryEdit::Own(OwnEdit::Pin(_)), _) => {}
            (EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_), _) => {
                return Err("The plan is one of another ecosystem.".to_owned());
            }
        }
    }
    let mut expected: BTreeSet<(String, String, String)> = BTreeSet::new();
    for (number, entry) in old.iter().enumerate() {
        let key = |version: &str| (entry.category.clone(), entry.name.clone(), version.to_owned());
        match changes.get(&number) {
            None => {
                expected.insert(key(&entry.version));
                let same = new
                    .iter()
                    .find(|other| other.name == entry.name && other.category == entry.category);
                if same.map(|same| same.value.raw()) != Some(entry.value.raw()) {
                    return Err(format!("{} changed by itself.", entry.name));
                }
            }
            Some(Some(pin)) => {
                let version = pin.release.as_ref().map(|release| release.version.to_string());
                expected.insert(key(&version.unwrap_or_default()));
            }
            Some(None) => {}
        }
    }
    let known: BTreeSet<&str> = old.iter().map(|entry| entry.name.as_str()).collect();
    let fresh: BTreeSet<&str> = planned
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !known.contains(name))
        .collect();
    let found: BTreeSet<(String, String, String)> = new
        .iter()
        .filter(|entry| !fresh.contains(entry.name.as_str()))
        .map(|entry| (entry.category.clone(), entry.name.clone(), entry.version.clone()))
        .collect();
    if found != expected || new.len() != found.len().saturating_add(count(&new, &fresh)) {
        return Err("The packages are not those of the plan.".to_owned());
    }
    for (name, pin) in &planned {
        is_as_planned(name, pin, &new)?;
    }
    let rest = |root: Value<'_>| {
        let meta = root.get("_meta").into_iter().flat_map(Value::entries);
        let meta = meta.filter(|(key, _)| key != "hash" || plan.ranges.is_empty());
        meta.map(|(key, value)| (key.into_owned(), value.raw().to_owned()))
            .collect::<Vec<_>>()
    };
    match rest(old_document.root()) == rest(new_document.root()) {
        true => Ok(()),
        false => Err("`_meta` changed by itself.".to_owned()),
    }
}

fn count(entries: &[Entry<'_>], names: &BTreeSet<&str>) -> usize {
    entries
        .iter()
        .filter(|entry| names.contains(entry.name.as_str()))
        .count()
}

/// The package holds the release of the plan wherever it is, and what that needs is there.
fn is_as_planned(name: &str, pin: &PinChange, new: &[Entry<'_>]) -> Result<(), String> {
    let Some(release) = &pin.release else {
        return Ok(());
    };
    let own: Vec<&Entry<'_>> = new
        .iter()
        .filter(|entry| entry.name == name && *entry.version == *release.version)
        .collect();
    if own.is_empty() {
        return Err(format!("{name} {} is missing.", release.version));
    }
    for entry in &own {
        let hashes = entry.hashes();
        let algorithm = hashes.first().map_or("", |hash| python_hashes::algorithm(hash));
        let known = python_hashes::hashes(release, algorithm, name).map_err(|refused| refused.to_string())?;
        if !hashes.is_sorted() || hashes.iter().cloned().collect::<BTreeSet<String>>() != known {
            return Err(format!(
                "The hashes of {name} {} are not those of its release.",
                release.version
            ));
        }
        for need in pin
            .needs
            .iter()
            .filter(|need| need.name != name && !need.is_located)
        {
            // Categories are installed together, and `default` with each of them.
            let is_near = |other: &Entry<'_>| other.category == entry.category || other.category == "default";
            let is_there = new
                .iter()
                .any(|other| other.name == need.name && is_near(other) && takes(&need.range, &other.version));
            let is_there_at_all = new.iter().any(|other| other.name == need.name);
            // One that its marker keeps out is not locked where the file is for one platform.
            if !is_there && (is_there_at_all || need.marker.is_empty()) {
                return Err(format!(
                    "{name} needs {}{}, which is not locked so in `{}`.",
                    need.name, need.range, entry.category
                ));
            }
        }
    }
    let refusing = pin
        .ranges
        .iter()
        .find(|constraint| constraint.range != "*" && !takes(&constraint.range, &release.version));
    match refusing {
        Some(constraint) => Err(format!("{constraint}, and not {}.", release.version)),
        None => Ok(()),
    }
}
