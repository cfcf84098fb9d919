//! What a changed `poetry.lock` has to be, checked by reading it anew: what is in it is believed when Poetry installs.
//!
//! Every package that changed holds the version of the plan with all files of that version and their hashes; every other one is as before, but
//! for what brings it. What the new versions need is there, in range, and nothing else; what needs them takes them, and so does the
//! project; what brings a package brings what that needs. Nothing is left that nothing leads to, unless it was before.

use std::collections::BTreeSet;

use super::poetry_entries::{Edge, Entry, document, entries, normal};
use super::python_changes::Changes;
use super::python_manifest::takes;
use crate::lockfile::poetry_lock::constraint::allows;
use crate::lockfile::poetry_lock::project::Project;
use crate::plan::Plan;
use crate::plan::python::PinChange;
use crate::schema::core_metadata;
use crate::schema::simple_index::files_of;
use crate::text::tree::Value;

/// Checks the text `after` of a lockfile that was `before`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(before: &str, after: &str, plan: &Plan, project: Option<&Project>) -> Result<(), String> {
    let (old_document, new_document) = (document(before), document(after));
    let (old, new) = (entries(&old_document, before)?, entries(&new_document, after)?);
    let Changes {
        by_number: changes,
        planned,
    } = Changes::of(plan)?;
    let kept = old
        .iter()
        .enumerate()
        .filter(|(number, _)| !changes.contains_key(number));
    let mut expected: Vec<(String, String)> = kept
        .clone()
        .map(|(_, entry)| (entry.name.clone(), entry.version.clone()))
        .collect();
    for (name, pin) in &planned {
        let version = pin.release.as_ref().map(|release| release.version.to_string());
        expected.push((normal(name), version.unwrap_or_default()));
    }
    let mut found: Vec<(String, String)> = new
        .iter()
        .map(|entry| (entry.name.clone(), entry.version.clone()))
        .collect();
    if !found.is_sorted_by(|left, right| left.0 <= right.0)
        && old.is_sorted_by(|left, right| left.name <= right.name)
    {
        return Err("The packages are not in order.".to_owned());
    }
    found.sort();
    expected.sort();
    if found != expected {
        return Err("The packages are not those of the plan.".to_owned());
    }
    for (name, pin) in planned {
        is_as_planned(&normal(name), pin, &new)?;
    }
    for (_, entry) in kept {
        let same = new
            .iter()
            .find(|other| other.name == entry.name && other.version == entry.version);
        if same.map(fields) != Some(fields(entry)) {
            return Err(format!("{} changed by itself.", entry.name));
        }
    }
    is_whole(&old, &new, project)?;
    is_asked_for(&new, project)
}

/// What stands with a package but for what brings it.
fn fields(entry: &Entry<'_>) -> Vec<(String, String)> {
    let is_free = |key: &str| matches!(key, "category" | "groups" | "markers" | "optional");
    let fields = entry.table.entries().filter(|(key, _)| !is_free(key));
    let texts = fields.map(|(key, value)| {
        let inner = value
            .entries()
            .map(|(key, value)| format!("{key}={}\n", value.raw()));
        let text = match value.is_object() {
            true => inner.collect(),
            false => value.raw().to_owned(),
        };
        (key.into_owned(), text)
    });
    texts.collect()
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
    let known: BTreeSet<(String, String)> = files_of(&release.document)
        .into_iter()
        .filter_map(|file| Some((file.filename, format!("sha256:{}", file.hashes.get("sha256")?))))
        .collect();
    let files = entry.table.get("files").into_iter().flat_map(Value::items);
    let text = |file: Value<'_>, key: &str| file.str(key).unwrap_or_default().into_owned();
    let locked: BTreeSet<(String, String)> = files
        .map(|file| (text(file, "file"), text(file, "hash")))
        .collect();
    if locked.is_empty() || locked != known {
        return Err(format!(
            "The files of {name} {} are not those of its release.",
            release.version
        ));
    }
    let metadata = core_metadata::read(&pin.metadata);
    let pythons = entry.table.str("python-versions").unwrap_or_default();
    if pythons != metadata.requires_python.as_deref().unwrap_or("*") {
        return Err(format!(
            "{name} {} is for other versions of Python.",
            release.version
        ));
    }
    let refusing = pin.ranges.iter().find(|constraint| {
        let range = &constraint.range;
        !takes(range, &release.version) && allows(range, &release.version) != Some(true)
    });
    if let Some(constraint) = refusing {
        return Err(format!("{constraint}, and not {}.", release.version));
    }
    let edges = entry.edges();
    for need in pin
        .needs
        .iter()
        .filter(|need| need.name != name && !need.is_located)
    {
        let is_led = edges.iter().any(|edge| {
            edge.name == need.name && need.extras.iter().all(|extra| edge.extras.contains(extra))
        });
        let is_there = new
            .iter()
            .any(|entry| entry.name == need.name && takes(&need.range, &entry.version));
        if !is_led || !is_there {
            return Err(format!(
                "{name} needs {}{}, which is not locked so.",
                need.name, need.range
            ));
        }
    }
    for edge in &edges {
        if !pin.needs.iter().any(|need| need.name == edge.name) {
            return Err(format!("{name} does not need {}.", edge.name));
        }
        let is_written = new.iter().filter(|entry| entry.name == edge.name).all(|entry| {
            let needs = pin.needs.iter().filter(|need| need.name == edge.name);
            let by_metadata = needs.map(|need| takes(&need.range, &entry.version));
            let by_metadata: Vec<bool> = by_metadata.collect();
            let own = edges.iter().filter(|other| other.name == edge.name);
            let own: Vec<bool> = own
                .map(|edge| allows(&edge.constraint, &entry.version) == Some(true))
                .collect();
            by_metadata.contains(&true) == own.contains(&true)
        });
        if !is_written {
            return Err(format!(
                "What {name} needs of {} is written otherwise.",
                edge.name
            ));
        }
    }
    Ok(())
}

/// The packages that an edge leads to.
fn targets<'e>(edge: &Edge, all: &'e [Entry<'e>]) -> Vec<&'e Entry<'e>> {
    let targets = all.iter();
    targets
        .filter(|entry| entry.is_meant_by(&edge.name, &edge.constraint))
        .collect()
}

/// Every edge leads to a package that is brought by what brings its own, and nothing is left over, unless it was so before.
fn is_whole(old: &[Entry<'_>], new: &[Entry<'_>], project: Option<&Project>) -> Result<(), String> {
    let was_lacking = |from: &Entry<'_>, edge: &Edge| {
        let same = old.iter().filter(|entry| entry.name == from.name);
        let mut edges = same.flat_map(Entry::edges);
        edges.any(|other| other.name == edge.name && targets(&other, old).is_empty())
    };
    for entry in new {
        for edge in entry.edges() {
            let targets = targets(&edge, new);
            if targets.is_empty() && !was_lacking(entry, &edge) {
                return Err(format!(
                    "{} needs {}, which is not locked.",
                    entry.name, edge.name
                ));
            }
            let is_as_before = |target: &Entry<'_>| {
                let mut same = old.iter().filter(|other| other.name == target.name);
                same.any(|same| same.groups == target.groups && same.is_optional == target.is_optional)
            };
            for target in targets.into_iter().filter(|target| !is_as_before(target)) {
                let lacks = entry.groups.iter().find(|group| !target.groups.contains(group));
                if let Some(group) = lacks {
                    return Err(format!(
                        "{} is in the group {group}, and {}, which it needs, is not.",
                        entry.name, target.name
                    ));
                }
                if target.is_optional && !entry.is_optional {
                    return Err(format!(
                        "{} needs {}, which is optional.",
                        entry.name, target.name
                    ));
                }
            }
        }
    }
    let needed = |all: &[Entry<'_>]| -> BTreeSet<String> {
        let edges = all.iter().flat_map(|entry| {
            let edges = entry.edges().into_iter().map(|edge| edge.name);
            edges.filter(|name| *name != entry.name).collect::<Vec<String>>()
        });
        edges.collect()
    };
    let (reached_before, reached) = (needed(old), needed(new));
    let asked = project.iter().flat_map(|project| &project.dependencies);
    let asked: BTreeSet<String> = asked.map(|asked| normal(&asked.name)).collect();
    let left = new.iter().find(|entry| {
        let was_there = old.iter().any(|other| other.name == entry.name);
        let was_needed = project.is_some() && reached_before.contains(&entry.name);
        !reached.contains(&entry.name) && !asked.contains(&entry.name) && (was_needed || !was_there)
    });
    match left {
        Some(entry) => Err(format!("Nothing needs {} any more.", entry.name)),
        None => Ok(()),
    }
}

/// What the project asks for is locked in range.
fn is_asked_for(new: &[Entry<'_>], project: Option<&Project>) -> Result<(), String> {
    for asked in project.iter().flat_map(|project| &project.dependencies) {
        let name = normal(&asked.name);
        let own = || {
            new.iter()
                .filter(|entry| entry.name == name && entry.source.is_none())
        };
        if own().next().is_some()
            && !own().any(|entry| allows(&asked.constraint, &entry.version) != Some(false))
        {
            return Err(format!(
                "pyproject.toml asks for {} {}, which is not locked.",
                asked.name, asked.constraint
            ));
        }
    }
    Ok(())
}
