//! What a changed `pdm.lock` has to be, checked by reading it anew: what is in it is believed when PDM installs, and when it resolves with what
//! is locked.
//!
//! Every package that changed holds the version of the plan with all files of that version for the targets, and needs exactly what the
//! metadata of that version says; every other one is as before, but for the groups that bring it. What is needed is there, in range; what
//! brings a package brings what that needs. Nothing is left that nothing leads to, unless it was before.

use std::collections::BTreeSet;

use super::pdm_entries::{Edge, Entry, Style, document, edge, entries};
use super::pdm_groups::Graph;
use super::poetry_entries::normal;
use super::python_changes::Changes;
use super::python_manifest::takes;
use crate::lockfile::grammar::marker::Marker;
use crate::lockfile::pdm_lock::project::Project;
use crate::plan::Plan;
use crate::plan::python::{PinChange, Sample};
use crate::schema::core_metadata;
use crate::schema::simple_index::files_of;
use crate::text::tree::Value;
use crate::version::pep440;

/// Checks the text `after` of a lockfile that was `before`, of a project that was and is one of the two.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(
    (before, after): (&str, &str),
    plan: &Plan,
    (project_before, project): (Option<&Project>, Option<&Project>),
    style: &Style,
    sample: &Sample,
) -> Result<(), String> {
    let (old_document, new_document) = (document(before), document(after));
    let (old, new) = (entries(&old_document, before)?, entries(&new_document, after)?);
    let Changes { by_number, planned } = Changes::of(plan)?;
    let is_changing = |entry: &Entry<'_>| {
        let mut changing = by_number.keys().filter_map(|number| old.get(*number));
        changing.any(|other| other.is_beside(entry))
    };
    let kept: Vec<&Entry<'_>> = old.iter().filter(|entry| !is_changing(entry)).collect();
    let named = |entry: &Entry<'_>| (entry.name.clone(), entry.version.clone());
    let mut expected: BTreeSet<(String, String)> = kept.iter().map(|entry| named(entry)).collect();
    expected.extend(planned.iter().map(|(name, pin)| (normal(name), version(pin))));
    if new.iter().map(named).collect::<BTreeSet<(String, String)>>() != expected {
        return Err("The packages are not those of the plan.".to_owned());
    }
    let in_order = |all: &[Entry<'_>]| all.is_sorted_by(|left, right| left.key() <= right.key());
    if in_order(&old) && !in_order(&new) {
        return Err("The packages are not in order.".to_owned());
    }
    let (graph_before, graph) = (
        Graph::of(&old, project_before, style, sample),
        Graph::of(&new, project, style, sample),
    );
    let (needed_before, needed) = (graph_before.needed(), graph.needed());
    for entry in &kept {
        let own = |other: &&Entry<'_>| other.is_beside(entry) && other.extras == entry.extras;
        let is_same = |other: &Entry<'_>| fields(other) == fields(entry);
        let is_there = new.iter().filter(own).any(is_same);
        if !is_there && (entry.extras.is_empty() || new.iter().any(|other| own(&other))) {
            return Err(format!("{} changed by itself.", entry.name));
        }
    }
    for entry in &new {
        let is_kept = kept
            .iter()
            .any(|other| other.is_beside(entry) && other.extras == entry.extras);
        if is_kept {
            continue;
        }
        let own = planned
            .iter()
            .find(|(name, pin)| normal(name) == entry.name && version(pin) == entry.version);
        let (_, pin) = own.ok_or_else(|| format!("{} is not of the plan.", entry.key()))?;
        is_as_planned(entry, pin, style, sample)?;
    }
    is_whole((&old, &graph_before), (&new, &graph), style)?;
    let left = new.iter().enumerate().find(|(number, entry)| {
        let mut same = old.iter().enumerate();
        let same = same.find(|(_, other)| other.name == entry.name && other.extras == entry.extras);
        !needed.contains(number)
            && entry.is_of_index
            && same.is_none_or(|(number, _)| needed_before.contains(&number))
    });
    if let Some((_, entry)) = left {
        return Err(format!("Nothing needs {} any more.", entry.key()));
    }
    for (asked, _) in graph.asked() {
        if graph.asked_for(asked).is_empty() && !graph_before.asked_for(asked).is_empty() {
            return Err(format!(
                "pyproject.toml asks for {} {}, which is not locked.",
                asked.written, asked.range
            ));
        }
    }
    Ok(())
}

/// The version of the plan as PDM writes it.
fn version(pin: &PinChange) -> String {
    let version = pin.release.as_ref().map(|release| &*release.version);
    version
        .map(|version| pep440::normalised(version).unwrap_or_else(|| version.to_owned()))
        .unwrap_or_default()
}

/// What stands with a package but for what brings it.
fn fields<'e>(entry: &Entry<'e>) -> Vec<(String, &'e str)> {
    let fields = entry.table.entries().filter(|(key, _)| key != "groups");
    fields
        .map(|(key, value)| (key.into_owned(), value.raw()))
        .collect()
}

/// The entry holds the release of the plan, and needs what that does.
fn is_as_planned(entry: &Entry<'_>, pin: &PinChange, style: &Style, sample: &Sample) -> Result<(), String> {
    let Some(release) = &pin.release else {
        return Ok(());
    };
    let (name, version) = (&entry.name, &entry.version);
    let all = files_of(&release.document);
    let known: BTreeSet<(String, String)> = all
        .iter()
        .filter(|file| style.lists(file))
        .filter_map(|file| {
            let named = if style.has_addresses {
                &file.url
            } else {
                &file.filename
            };
            let named = named.split('#').next().unwrap_or_default().to_owned();
            Some((named, format!("sha256:{}", file.hashes.get("sha256")?)))
        })
        .collect();
    let files = entry.table.get("files").into_iter().flat_map(Value::items);
    let key = if style.has_addresses { "url" } else { "file" };
    let text = |file: Value<'_>, key: &str| file.str(key).unwrap_or_default().into_owned();
    let locked: BTreeSet<(String, String)> =
        files.map(|file| (text(file, key), text(file, "hash"))).collect();
    if locked.is_empty() || locked != known {
        return Err(format!(
            "The files of {name} {version} are not those of its release."
        ));
    }
    let metadata = core_metadata::read(&pin.metadata);
    let pythons = entry.table.str("requires_python");
    if pythons.as_deref()
        != style
            .pythons(&all, metadata.requires_python.as_deref())
            .as_deref()
    {
        return Err(format!("{name} {version} is for other versions of Python."));
    }
    if let Some(constraint) = pin
        .ranges
        .iter()
        .find(|constraint| !takes(&constraint.range, &release.version))
    {
        return Err(format!("{constraint}, and not {version}."));
    }
    let mut expected: Vec<Edge> = Vec::new();
    for line in &metadata.requires_dist {
        let need = edge(line).ok_or_else(|| format!("{name} needs {line:?}, which is no requirement."))?;
        let marker = Marker::read(&need.marker).map_err(|reason| format!("{name}: {reason}."))?;
        let is_asked = |extra: &&str| entry.extras.contains(&normal(extra));
        if marker.asks_for_extras() == entry.extras.is_empty() {
            continue;
        }
        let rest = marker.without_extras().map(|rest| rest.to_string());
        let marker_of_need = rest.unwrap_or_default();
        let is_listed = style.lists_need(&marker_of_need, &entry.marker, sample);
        if is_listed && (entry.extras.is_empty() || marker.extras().iter().any(is_asked)) {
            expected.push(Edge {
                marker: marker_of_need,
                ..need
            });
        }
    }
    if !entry.extras.is_empty() {
        expected.push(Edge {
            name: name.clone(),
            extras: BTreeSet::new(),
            range: format!("=={version}"),
            marker: String::new(),
        });
    }
    let is_same = |left: &Edge, right: &Edge| {
        let parts = |range: &str| -> BTreeSet<String> { range.split(',').map(str::to_owned).collect() };
        left.name == right.name
            && left.extras == right.extras
            && parts(&left.range) == parts(&right.range)
            && sample.are_same(&left.marker, &right.marker)
    };
    let found = entry.edges();
    let is_in = |one: &Edge, all: &[Edge]| all.iter().any(|other| is_same(one, other));
    if let Some(lacking) = expected.iter().find(|edge| !is_in(edge, &found)) {
        return Err(format!(
            "{name} needs {}{}, which is not written so.",
            lacking.name, lacking.range
        ));
    }
    match found.iter().find(|edge| !is_in(edge, &expected)) {
        Some(other) => Err(format!("{name} does not need {}{}.", other.name, other.range)),
        None => Ok(()),
    }
}

/// Every edge leads to a package that is brought by what brings its own, unless it was otherwise before.
fn is_whole(
    (old, graph_before): (&[Entry<'_>], &Graph<'_>),
    (new, graph): (&[Entry<'_>], &Graph<'_>),
    style: &Style,
) -> Result<(), String> {
    let was_lacking = |from: &Entry<'_>, edge: &Edge| {
        let mut same = old.iter().enumerate();
        same.any(|(number, entry)| {
            let edges = graph_before.edges.get(number).into_iter().flatten();
            let mut edges = edges.filter(|other| other.name == edge.name);
            entry.name == from.name && edges.any(|other| graph_before.targets(number, other).is_empty())
        })
    };
    for (from, entry) in new.iter().enumerate() {
        for edge in graph.edges.get(from).into_iter().flatten() {
            let targets = graph.targets(from, edge);
            if targets.is_empty() && !was_lacking(entry, edge) {
                return Err(format!(
                    "{} needs {}{}, which is not locked.",
                    entry.key(),
                    super::pdm_entries::key(&edge.name, &edge.extras),
                    edge.range
                ));
            }
            if !style.has_groups {
                continue;
            }
            for target in targets.into_iter().filter_map(|to| new.get(to)) {
                let is_as_before = old
                    .iter()
                    .any(|other| other.key() == target.key() && other.groups == target.groups);
                let mut lacks = entry.groups.difference(&target.groups);
                if let Some(group) = lacks.next().filter(|_| !is_as_before) {
                    return Err(format!(
                        "{} is in the group {group}, and {}, which it needs, is not.",
                        entry.key(),
                        target.key()
                    ));
                }
            }
        }
    }
    Ok(())
}
