//! What changed requirements files have to be, checked by reading them anew.
//!
//! Every pin that changed holds the version of the plan and the hashes of that release; every other requirement, and every line that is
//! none, is as before. What the new versions need is there and in range; what others ask of them, and the files that they were
//! compiled from, take them.

use std::collections::BTreeMap;

use super::python_hashes::hashes;
use super::python_manifest::{input_takes, pyproject_takes, takes};
use crate::lockfile::requirements::pins::{self, Entry, PinFile};
use crate::lockfile::requirements::project::{Loaded, Role, is_closed};
use crate::plan::python::PinChange;
use crate::plan::{EntryChange, EntryEdit, OwnEdit, Plan};

/// Checks the texts `after` of `files`.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub(super) fn check(files: &[Loaded], after: &[String], plan: &Plan) -> Result<(), String> {
    let read: Vec<PinFile> = after.iter().map(|text| pins::read(text)).collect();
    let mut new: Vec<&EntryChange> = plan
        .entries
        .iter()
        .filter(|change| change.place.is_empty())
        .collect();
    let mut found = 0;
    for ((loaded, text), file) in files.iter().zip(after).zip(&read) {
        match loaded.role {
            Role::Requirements | Role::Constraints => {
                found += same_but_for(loaded, text, file, plan, &mut new)?;
            }
            Role::Input | Role::Manifest => {}
        }
    }
    if let Some(missing) = new.first() {
        return Err(format!("{} did not come in.", missing.name));
    }
    let placed = plan
        .entries
        .iter()
        .filter(|change| !change.place.is_empty())
        .count();
    if found != placed {
        return Err("The plan changes what the files do not have.".to_owned());
    }
    let pins: Vec<&Entry> = files
        .iter()
        .zip(&read)
        .filter(|(loaded, _)| matches!(loaded.role, Role::Requirements | Role::Constraints))
        .flat_map(|(_, file)| &file.entries)
        .collect();
    let closed = is_closed(files);
    for change in &plan.entries {
        let EntryEdit::Own(OwnEdit::Pin(pin)) = &change.edit else {
            continue;
        };
        let Some(release) = &pin.release else { continue };
        fits(change, pin, &release.version)?;
        needs_are_there(change, pin, &pins, closed)?;
        for (loaded, text) in files.iter().zip(after) {
            let is_taken = match loaded.role {
                Role::Input => input_takes(text, &change.name, &release.version),
                Role::Manifest => pyproject_takes(text, &change.name, &release.version),
                Role::Requirements | Role::Constraints => true,
            };
            if !is_taken {
                return Err(format!(
                    "{} does not take {} {}.",
                    loaded.path, change.name, release.version
                ));
            }
        }
    }
    Ok(())
}

/// Everything but what the plan changes is as before, and that is as planned. Gives how many of the plan's entries are here.
fn same_but_for(
    loaded: &Loaded,
    text: &str,
    file: &PinFile,
    plan: &Plan,
    new: &mut Vec<&EntryChange>,
) -> Result<usize, String> {
    let changes: BTreeMap<&str, &EntryChange> = plan
        .entries
        .iter()
        .map(|change| (change.place.as_str(), change))
        .collect();
    let mut after = file.entries.iter().peekable();
    let mut found = 0;
    for old in &loaded.file.entries {
        // What came in stands in between.
        while let Some(entry) = after.peek().filter(|entry| is_new(entry, new)) {
            came_in(loaded, entry, new)?;
            after.next();
        }
        let change = changes.get(loaded.place(old).as_str()).copied();
        found += usize::from(change.is_some());
        if change.is_some_and(|change| matches!(change.edit, EntryEdit::Drop)) {
            continue;
        }
        let Some(entry) = after.next() else {
            return Err(format!("{} is missing.", old.name));
        };
        let pin = change.and_then(|change| match &change.edit {
            EntryEdit::Own(OwnEdit::Pin(pin)) => Some(&**pin),
            EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => None,
        });
        is_planned(old, entry, pin, plan, loaded)?;
    }
    for entry in after {
        came_in(loaded, entry, new)?;
    }
    let before = outside(&loaded.text, &loaded.file.entries);
    match outside(text, &file.entries) == before {
        true => Ok(found),
        false => Err(format!(
            "A line of {} changed that is no requirement.",
            loaded.path
        )),
    }
}

fn is_new(entry: &Entry, new: &[&EntryChange]) -> bool {
    new.iter().any(|change| change.name == entry.key())
}

fn came_in(loaded: &Loaded, entry: &Entry, new: &mut Vec<&EntryChange>) -> Result<(), String> {
    let at = new.iter().position(|change| change.name == entry.key());
    let at = at.ok_or_else(|| format!("{} came in by itself.", entry.name))?;
    let change = new.remove(at);
    let EntryEdit::Own(OwnEdit::Pin(pin)) = &change.edit else {
        return Err(format!("{} came in without a version.", entry.name));
    };
    let has_hashes = loaded.file.entries.iter().any(|entry| !entry.hashes.is_empty());
    holds_release(entry, pin, has_hashes)?;
    match entry.marker == pin.marker {
        true => Ok(()),
        false => Err(format!("{} came in with another marker.", entry.name)),
    }
}

/// The entry holds the release of the plan, with its hashes.
fn holds_release(entry: &Entry, pin: &PinChange, has_hashes: bool) -> Result<(), String> {
    let Some(release) = &pin.release else {
        return Err(format!("{} has no version.", entry.name));
    };
    if entry.version.as_ref().map(|(version, _)| version.as_str()) != Some(&*release.version) {
        return Err(format!("{} does not hold {}.", entry.name, release.version));
    }
    if !has_hashes {
        return Ok(());
    }
    let algorithm = entry.hashes.first().and_then(|(hash, _)| hash.split(':').next());
    let algorithm = algorithm.ok_or_else(|| format!("{} lost its hashes.", entry.name))?;
    let expected = hashes(release, algorithm, &entry.name).map_err(|refused| refused.to_string())?;
    match entry.hashes.iter().map(|(hash, _)| hash).eq(&expected) {
        true => Ok(()),
        false => Err(format!(
            "{} has not the hashes of {}.",
            entry.name, release.version
        )),
    }
}

/// The entry is as before, but for what the plan says of it.
fn is_planned(
    old: &Entry,
    entry: &Entry,
    pin: Option<&PinChange>,
    plan: &Plan,
    loaded: &Loaded,
) -> Result<(), String> {
    let is_same = old.name == entry.name && old.extras == entry.extras && old.marker == entry.marker;
    if !is_same {
        return Err(format!("{} changed in what is not its version.", old.name));
    }
    if let Some(pin) = pin.filter(|pin| pin.release.is_some()) {
        return holds_release(entry, pin, !old.hashes.is_empty());
    }
    let hashes = |entry: &Entry| {
        entry
            .hashes
            .iter()
            .map(|(hash, _)| hash.clone())
            .collect::<Vec<_>>()
    };
    let is_range = loaded.role == Role::Constraints
        && plan
            .ranges
            .iter()
            .any(|range| range.from == old.range && range.to == entry.range);
    match (old.range == entry.range || is_range) && hashes(old) == hashes(entry) {
        true => Ok(()),
        false => Err(format!("{} changed by itself.", old.name)),
    }
}

/// What stands outside of requirements.
fn outside(text: &str, entries: &[Entry]) -> String {
    let mut rest = String::new();
    let mut done = 0;
    for entry in entries {
        rest.push_str(text.get(done..entry.block.start).unwrap_or_default());
        done = entry.block.end;
    }
    rest.push_str(text.get(done..).unwrap_or_default());
    rest
}

/// Everything that was found to need the package takes the version.
fn fits(change: &EntryChange, pin: &PinChange, version: &str) -> Result<(), String> {
    match pin
        .ranges
        .iter()
        .find(|constraint| !takes(&constraint.range, version))
    {
        Some(constraint) => Err(format!("{constraint}, and not {version}.")),
        None if change.name.is_empty() => Err("A package has no name.".to_owned()),
        None => Ok(()),
    }
}

/// What the package needs is there, in range.
fn needs_are_there(
    change: &EntryChange,
    pin: &PinChange,
    pins: &[&Entry],
    closed: bool,
) -> Result<(), String> {
    for need in pin
        .needs
        .iter()
        .filter(|need| need.name != change.name && !need.is_located)
    {
        let mut of_name = pins.iter().filter(|entry| entry.key() == need.name).peekable();
        if of_name.peek().is_none() {
            match closed {
                true => {
                    return Err(format!(
                        "{}, which {} needs, is not there.",
                        need.name, change.name
                    ));
                }
                false => continue,
            }
        }
        let is_in = of_name.any(|entry| match &entry.version {
            Some((version, _)) => takes(&need.range, version),
            None => true,
        });
        if !is_in {
            return Err(format!("{} needs {}{}.", change.name, need.name, need.range));
        }
    }
    Ok(())
}
