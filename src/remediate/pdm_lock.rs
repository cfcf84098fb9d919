//! `pdm.lock` and `pdm.*.lock`, with the `pyproject.toml` beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::grammar::marker::either;
use crate::lockfile::pdm_lock::project::{Project as Manifest, read_text};
use crate::plan::python::{self, Asked, Edges, Extras, Language, Others, Pin, Platforms, Pythons, Sample};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::pdm_entries::{Edge, Entry, Style, document, entries};

/// Plans lockfiles of PDM.
pub struct PdmLock;

impl Fixer for PdmLock {
    fn format(&self) -> &'static str {
        "pdm.lock"
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let document = document(files.text);
        let entries = entries(&document, files.text)?;
        let manifest = files.beside("pyproject.toml");
        let manifest = manifest.as_deref().and_then(read_text);
        let style = Style::of(document.root(), manifest.as_ref())?;
        Ok(Box::new(PdmProject {
            project: project(&style, &entries, manifest.as_ref()),
            configuration: files.configuration("pyproject.toml").into_iter().collect(),
        }))
    }
}

struct PdmProject {
    project: python::Project,
    configuration: Vec<ConfigFile>,
}

impl Project for PdmProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    /// The lockfile does not say which index it was made with.
    fn locked_address(&self, _: &str) -> Option<String> {
        None
    }

    fn likely_address(&self, _: &str) -> Option<String> {
        None
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        python::plan(&self.project, wishes, releases, bounds)
    }
}

/// A version of a package with its entries: one without extras, and one for each set of extras that is asked for.
struct Locked<'l> {
    number: usize,
    entries: Vec<&'l Entry<'l>>,
}

fn project(style: &Style, entries: &[Entry<'_>], manifest: Option<&Manifest>) -> python::Project {
    let mut locked: BTreeMap<(&str, &str, bool), Locked<'_>> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        let one = locked.entry((&entry.name, &entry.version, entry.is_of_index));
        let one = one.or_insert_with(|| Locked {
            number,
            entries: Vec::new(),
        });
        one.entries.push(entry);
    }
    let (python, marker) = style.environments();
    let sample = Sample::of(
        entries.iter().map(|entry| entry.marker.as_str()),
        &python,
        &marker,
    );
    let edges = entries
        .iter()
        .flat_map(|entry| entry.edges().into_iter().map(move |edge| (entry, edge)));
    // What is needed nowhere that the lockfile is for stands there too.
    let edges = edges.filter(|(entry, edge)| sample.meets(&[&entry.marker, &edge.marker]));
    let edges: Vec<(&Entry<'_>, Edge)> = edges.collect();
    let own = asked(style, manifest);
    let pins = locked.values().map(|one| pin(one, style, &edges, &own, manifest));
    // What does not come from an index does not say elsewhere what it asks for.
    let located = edges.iter().filter(|(from, _)| !from.is_of_index);
    let located = located.map(|(from, edge)| Asked {
        file: located_file(from),
        name: edge.name.clone(),
        written: edge.name.clone(),
        range: edge.range.clone(),
        marker: either(std::slice::from_ref(&edge.marker)),
    });
    python::Project {
        pins: pins.collect(),
        asked: own
            .iter()
            .map(|(asked, _)| asked.clone())
            .chain(located)
            .collect(),
        others: Others::ComeIn,
        platforms: Platforms::All,
        edges: Edges::Written,
        extras: Extras::Written,
        published_before: None,
        python: Some(python),
        pythons: Pythons::Every,
        language: Language::Pep440,
        marker,
    }
}

/// The file that says what a package needs which does not come from an index.
fn located_file(entry: &Entry<'_>) -> String {
    match entry.table.str("path") {
        Some(path) => format!("{}/pyproject.toml", path.trim_start_matches("./")),
        None => entry.name.clone(),
    }
}

/// What the project asks for in groups that are locked, each with its extras.
fn asked(style: &Style, manifest: Option<&Manifest>) -> Vec<(Asked, BTreeSet<String>)> {
    let asked = manifest.iter().flat_map(|manifest| &manifest.asked);
    let is_locked = |groups: &BTreeSet<String>| match &style.groups {
        Some(locked) => !locked.is_disjoint(groups),
        None => true,
    };
    asked
        .filter(|asked| !asked.is_located && is_locked(&asked.groups))
        .map(|asked| {
            let one = Asked {
                file: "pyproject.toml".to_owned(),
                name: asked.name.clone(),
                written: asked.written.clone(),
                range: asked.range.clone(),
                marker: asked.marker.clone(),
            };
            (one, asked.extras.clone())
        })
        .collect()
}

fn pin(
    locked: &Locked<'_>,
    style: &Style,
    edges: &[(&Entry<'_>, Edge)],
    asked: &[(Asked, BTreeSet<String>)],
    manifest: Option<&Manifest>,
) -> Pin {
    let Some(first) = locked.entries.first() else {
        return Pin::default();
    };
    let means = |name: &str, extras: &BTreeSet<String>, range: &str| {
        locked.entries.iter().any(|entry| {
            let range = if entry.is_of_index { range } else { "" };
            entry.is_meant_by(name, extras, range)
        })
    };
    let from_others = edges
        .iter()
        .filter(|(from, edge)| !from.is_beside(first) && means(&edge.name, &edge.extras, &edge.range));
    let from_others: Vec<&(&Entry<'_>, Edge)> = from_others.collect();
    let own = asked
        .iter()
        .filter(|(asked, extras)| means(&asked.name, extras, &asked.range));
    let own: Vec<&Asked> = own.map(|(asked, _)| asked).collect();
    let is_located = from_others.iter().any(|(from, _)| !from.is_of_index);
    let needed_by: BTreeSet<String> = from_others
        .iter()
        .filter(|(from, _)| from.is_of_index)
        .map(|(from, _)| from.name.clone())
        .collect();
    let markers: Vec<String> = match style.has_groups {
        true => locked.entries.iter().map(|entry| entry.marker.clone()).collect(),
        // What leads to a package says where it is meant.
        false => {
            let others = from_others.iter().map(|(_, edge)| edge.marker.clone());
            others
                .chain(own.iter().map(|asked| asked.marker.clone()))
                .collect()
        }
    };
    let is_overridden = manifest.is_some_and(|manifest| manifest.overridden.contains(&first.name));
    Pin {
        place: locked.number.to_string(),
        name: first.name.clone(),
        version: first.version.clone(),
        marker: either(&markers),
        extras: locked
            .entries
            .iter()
            .flat_map(|entry| entry.extras.iter().cloned())
            .collect(),
        is_asked: !own.is_empty() || is_located || needed_by.is_empty(),
        needed_by: Some(needed_by),
        fixed: match (first.is_of_index, is_overridden) {
            (false, _) => Some("it does not come from an index"),
            (true, true) => Some("`overrides` decide about it"),
            (true, false) => None,
        },
    }
}
