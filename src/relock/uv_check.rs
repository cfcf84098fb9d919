//! What a changed `uv.lock` has to be, checked by reading it anew: uv itself compares no entry with the index, nor with what others ask.
//!
//! Every package that changed holds the version of the plan with files of that version and their hashes; every other one is as before, but
//! for the versions in its edges. Every edge leads to a package; what the new versions need is there, in range; what needs them
//! takes them; nothing is left that nothing leads to, unless it was before.

use std::collections::{BTreeMap, BTreeSet};

use super::python_manifest::takes;
use super::uv_entries::{Entry, document, entries};
use crate::lockfile::grammar::distribution;
use crate::plan::python::PinChange;
use crate::plan::{EntryEdit, OwnEdit, Plan};
use crate::schema::simple_index::files_of;
use crate::text::tree::Value;

/// Checks the text `after` of a lockfile that was `before`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(before: &str, after: &str, plan: &Plan) -> Result<(), String> {
    let (old_document, new_document) = (document(before), document(after));
    let (old, new) = (entries(&old_document, before)?, entries(&new_document, after)?);
    let mut expected: Vec<(String, String)> = Vec::new();
    let mut changes: BTreeMap<usize, Option<&PinChange>> = BTreeMap::new();
    let mut fresh: Vec<(&str, &PinChange)> = Vec::new();
    for change in &plan.entries {
        let number: Option<usize> = change.place.parse().ok();
        match (&change.edit, number) {
            (EntryEdit::Drop, Some(number)) => {
                changes.insert(number, None);
            }
            (EntryEdit::Own(OwnEdit::Pin(pin)), Some(number)) if pin.release.is_some() => {
                changes.insert(number, Some(pin));
            }
            (EntryEdit::Own(OwnEdit::Pin(_)), Some(_)) => {}
            (EntryEdit::Own(OwnEdit::Pin(pin)), None) => fresh.push((&change.name, pin)),
            (EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_), _) => {
                return Err("The plan is one of another ecosystem.".to_owned());
            }
        }
    }
    for (number, entry) in old.iter().enumerate() {
        match changes.get(&number) {
            None => expected.push((entry.name.clone(), entry.version.clone())),
            Some(Some(pin)) => {
                let version = pin.release.as_ref().map(|release| release.version.to_string());
                expected.push((entry.name.clone(), version.unwrap_or_default()));
            }
            Some(None) => {}
        }
    }
    let version = |pin: &PinChange| pin.release.as_ref().map(|release| release.version.to_string());
    expected.extend(
        fresh
            .iter()
            .map(|(name, pin)| ((*name).to_owned(), version(pin).unwrap_or_default())),
    );
    let mut found: Vec<(String, String)> = new
        .iter()
        .map(|entry| (entry.name.clone(), entry.version.clone()))
        .collect();
    found.sort();
    expected.sort();
    if found != expected {
        return Err("The packages are not those of the plan.".to_owned());
    }
    let planned = changes
        .iter()
        .filter_map(|(number, pin)| Some((old.get(*number)?.name.as_str(), (*pin)?)));
    for (name, pin) in planned.chain(fresh.iter().copied()) {
        is_as_planned(name, pin, &new)?;
    }
    unchanged(&old, &new, &changes, plan)?;
    overrides(old_document.root(), new_document.root(), plan)?;
    let leads = |edge: Value<'_>, all: &[Entry<'_>]| all.iter().any(|entry| entry.is_meant_by(edge));
    for entry in &new {
        if let Some((_, edge)) = entry.edges().into_iter().find(|(_, edge)| !leads(*edge, &new)) {
            return Err(format!(
                "{} needs {}, which is not locked.",
                entry.name,
                edge.raw()
            ));
        }
    }
    let (reached_before, reached) = (needed(&old), needed(&new));
    let left = new.iter().find(|entry| {
        let is_new = !old.iter().any(|known| known.name == entry.name);
        entry.registry.is_some()
            && !reached.contains(&entry.name)
            && (is_new || reached_before.contains(&entry.name))
    });
    match left {
        Some(entry) => Err(format!("Nothing needs {} any more.", entry.name)),
        None => Ok(()),
    }
}

/// The overrides are those of before and those of the plan, and what they are about is in their range.
fn overrides(old: Value<'_>, new: Value<'_>, plan: &Plan) -> Result<(), String> {
    let of = |root: Value<'_>| -> BTreeSet<(String, String)> {
        let list = root
            .get("manifest")
            .and_then(|manifest| manifest.get("overrides"));
        let items = list.into_iter().flat_map(Value::items);
        let shown = items.map(|item| {
            let text = |key: &str| {
                item.str(key)
                    .map(std::borrow::Cow::into_owned)
                    .unwrap_or_default()
            };
            (text("name"), text("specifier"))
        });
        shown.collect()
    };
    let planned = plan
        .overrides
        .iter()
        .map(|one| (one.name.clone(), one.to.clone()));
    let expected: BTreeSet<(String, String)> = of(old).into_iter().chain(planned).collect();
    if of(new) != expected {
        return Err("The overrides of the lockfile are not those of the plan.".to_owned());
    }
    for one in &plan.overrides {
        let packages = new.get("package").into_iter().flat_map(Value::items);
        let mut of_name =
            packages.filter(|package| package.str("name").as_deref() == Some(one.name.as_str()));
        let version = of_name
            .next()
            .and_then(|package| package.str("version"))
            .unwrap_or_default();
        if of_name.next().is_some() || !takes(&one.to, &version) {
            return Err(format!("{one}, and {} {version} is locked.", one.name));
        }
    }
    Ok(())
}

/// The package holds the release of the plan, and what that needs is there.
fn is_as_planned(name: &str, pin: &PinChange, new: &[Entry<'_>]) -> Result<(), String> {
    let Some(release) = &pin.release else {
        return Ok(());
    };
    let entry = new
        .iter()
        .find(|entry| entry.name == name && *entry.version == *release.version);
    let entry = entry.ok_or_else(|| format!("{name} {} is missing.", release.version))?;
    let files = files_of(&release.document);
    let known: BTreeSet<String> = files
        .iter()
        .filter_map(|file| Some(format!("sha256:{}", file.hashes.get("sha256")?)))
        .collect();
    let wheels = entry.table.get("wheels").into_iter().flat_map(Value::items);
    let mut all = wheels.chain(entry.table.get("sdist")).peekable();
    if all.peek().is_none() {
        return Err(format!("{name} {} has no file.", release.version));
    }
    for file in all {
        let hash = file.str("hash").unwrap_or_default();
        let address = file.str("url").unwrap_or_default();
        if !known.contains(&*hash) || !distribution::belongs(&address, name, &release.version) {
            return Err(format!(
                "{name} {} has a file that is not of its release.",
                release.version
            ));
        }
    }
    if let Some(constraint) = pin
        .ranges
        .iter()
        .find(|constraint| !takes(&constraint.range, &release.version))
    {
        return Err(format!("{constraint}, and not {}.", release.version));
    }
    for need in pin
        .needs
        .iter()
        .filter(|need| need.name != name && !need.is_located)
    {
        let is_there = new
            .iter()
            .any(|entry| entry.name == need.name && takes(&need.range, &entry.version));
        let has_edge = entry.edges().iter().any(|(_, edge)| {
            new.iter()
                .any(|other| other.name == need.name && other.is_meant_by(*edge))
        });
        if !is_there || !has_edge {
            return Err(format!(
                "{name} needs {}{}, which is not locked so.",
                need.name, need.range
            ));
        }
    }
    // No edge to what it does not need.
    for (_, edge) in entry.edges() {
        let is_needed = new
            .iter()
            .any(|other| other.is_meant_by(edge) && pin.needs.iter().any(|need| need.name == other.name));
        if !is_needed {
            return Err(format!("{name} does not need {}.", edge.raw()));
        }
    }
    Ok(())
}

/// What the plan does not change is as before, but for versions of edges and ranges of one's own projects.
fn unchanged(
    old: &[Entry<'_>],
    new: &[Entry<'_>],
    changes: &BTreeMap<usize, Option<&PinChange>>,
    plan: &Plan,
) -> Result<(), String> {
    let mut after = new.iter();
    for (_, entry) in old
        .iter()
        .enumerate()
        .filter(|(number, _)| !changes.contains_key(number))
    {
        let same = after.find(|other| other.name == entry.name && other.version == entry.version);
        let same = same.ok_or_else(|| format!("{} changed its place.", entry.name))?;
        let keys = |entry: &Entry<'_>| {
            let shown = entry.table.entries().map(|(key, value)| {
                let is_free = matches!(
                    &*key,
                    "dependencies" | "optional-dependencies" | "dev-dependencies"
                ) || (key == "metadata" && !plan.ranges.is_empty());
                let text = if is_free {
                    String::new()
                } else {
                    value.raw().to_owned()
                };
                (key.into_owned(), text)
            });
            shown.collect::<Vec<_>>()
        };
        let edges = |entry: &Entry<'_>| -> Vec<(String, String)> {
            let edges = entry.edges().into_iter();
            let shown = edges.map(|(list, edge)| {
                let fields = edge.entries().filter(|(key, _)| key != "version");
                let fields: String = fields
                    .map(|(key, value)| format!("{key}={}", value.raw()))
                    .collect();
                (format!("{list:?}"), fields)
            });
            shown.collect()
        };
        if keys(entry) != keys(same) || edges(entry) != edges(same) {
            return Err(format!("{} changed by itself.", entry.name));
        }
    }
    Ok(())
}

/// The names that edges lead to.
fn needed(entries: &[Entry<'_>]) -> BTreeSet<String> {
    let edges = entries.iter().flat_map(|entry| {
        let own = entry.edges().into_iter();
        let names = own.filter_map(|(_, edge)| Some(super::uv_entries::normal(&edge.str("name")?)));
        names.filter(|name| *name != entry.name).collect::<Vec<String>>()
    });
    edges.collect()
}
