//! `poetry.lock`, with the `pyproject.toml` beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::grammar::marker::either;
use crate::lockfile::poetry_lock::constraint::{allows, specifiers};
use crate::lockfile::poetry_lock::project::{Project as Manifest, ProjectDependency, read_text};
use crate::plan::python::{self, Asked, Edges, Extras, Language, Others, Pin, Platforms, Pythons};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::poetry_entries::{Edge, Entry, Markers, Style, document, entries, normal};
use crate::text::tree::Value;

/// Plans lockfiles of Poetry.
pub struct PoetryLock;

impl Fixer for PoetryLock {
    fn format(&self) -> &'static str {
        "poetry.lock"
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let document = document(files.text);
        let root = document.root();
        Style::of(files.text, root)?;
        let entries = entries(&document, files.text)?;
        let manifest = files.beside("pyproject.toml");
        let manifest = manifest.as_deref().and_then(read_text);
        Ok(Box::new(PoetryProject {
            registries: registries(&entries),
            project: project(root, &entries, manifest.as_ref()),
        }))
    }
}

struct PoetryProject {
    project: python::Project,
    /// The index of each package that does not come from the default one, by name.
    registries: BTreeMap<String, String>,
}

impl Project for PoetryProject {
    /// What comes from a source that pyproject.toml names has its address in the lockfile.
    fn configuration(&self) -> &[ConfigFile] {
        &[]
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.registries.get(&normal(package)).cloned()
    }

    /// The one index that all packages come from.
    fn likely_address(&self, _: &str) -> Option<String> {
        let mut all = self.registries.values();
        let first = all.next()?;
        let is_one = all.all(|other| other == first) && self.registries.len() == self.names();
        is_one.then(|| first.clone())
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        python::plan(&self.project, wishes, releases, bounds)
    }
}

impl PoetryProject {
    fn names(&self) -> usize {
        let names: BTreeSet<&str> = self.project.pins.iter().map(|pin| pin.name.as_str()).collect();
        names.len()
    }
}

/// A source of the kind that Poetry calls legacy is an index.
fn index(entry: &Entry<'_>) -> Option<String> {
    let source = entry.source?;
    let is_index = source.str("type").as_deref() == Some("legacy");
    let address = source.str("url").filter(|_| is_index)?;
    address.contains("://").then(|| address.into_owned())
}

fn registries(entries: &[Entry<'_>]) -> BTreeMap<String, String> {
    let known = entries.iter();
    known
        .filter_map(|entry| Some((entry.name.clone(), index(entry)?)))
        .collect()
}

fn project(root: Value<'_>, entries: &[Entry<'_>], manifest: Option<&Manifest>) -> python::Project {
    let none = Vec::new();
    let dependencies = manifest.map_or(&none, |manifest| &manifest.dependencies);
    let edges: Vec<(usize, Edge)> = entries
        .iter()
        .enumerate()
        .flat_map(|(number, entry)| entry.edges().into_iter().map(move |edge| (number, edge)))
        .collect();
    let extras = extras(entries, &edges, dependencies);
    let numbers = 0..entries.len();
    let pins = numbers.map(|number| pin(number, entries, &edges, dependencies, extras.get(&number)));
    let metadata = root.get("metadata");
    let pythons = metadata.and_then(|metadata| metadata.str("python-versions"));
    python::Project {
        pins: pins.collect(),
        asked: dependencies
            .iter()
            .filter(|asked| !asked.is_located)
            .map(asked_by)
            .collect(),
        others: Others::ComeIn,
        platforms: Platforms::All,
        edges: Edges::Written,
        extras: Extras::Written,
        published_before: None,
        python: pythons.map(std::borrow::Cow::into_owned),
        pythons: Pythons::Every,
        language: Language::Poetry,
        marker: String::new(),
    }
}

/// The extras that are asked for of each package, those that its own extras ask for among them.
fn extras(
    entries: &[Entry<'_>],
    edges: &[(usize, Edge)],
    dependencies: &[ProjectDependency],
) -> BTreeMap<usize, BTreeSet<String>> {
    let mut all: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let of_edges = edges
            .iter()
            .filter(|(_, edge)| entry.is_meant_by(&edge.name, &edge.constraint));
        let of_project = dependencies
            .iter()
            .filter(|asked| entry.is_meant_by(&normal(&asked.name), &asked.constraint));
        let named = of_edges.flat_map(|(_, edge)| edge.extras.clone());
        let named = named.chain(of_project.flat_map(|asked| asked.extras.iter().map(|extra| normal(extra))));
        open.extend(named.map(|extra| (number, extra)));
    }
    while let Some((number, extra)) = open.pop() {
        if !all.entry(number).or_default().insert(extra.clone()) {
            continue;
        }
        let Some(entry) = entries.get(number) else {
            continue;
        };
        let lists = entry.extras().into_iter().filter(|(name, _)| *name == extra);
        for item in lists.flat_map(|(_, items)| items) {
            let Some((name, rest)) = item.split_once('[') else {
                continue;
            };
            if normal(name.trim()) == entry.name {
                let named = rest.split(']').next().unwrap_or_default().split(',');
                open.extend(named.map(|extra| (number, normal(extra.trim()))));
            }
        }
    }
    all
}

fn pin(
    number: usize,
    entries: &[Entry<'_>],
    edges: &[(usize, Edge)],
    dependencies: &[ProjectDependency],
    extras: Option<&BTreeSet<String>>,
) -> Pin {
    let Some(entry) = entries.get(number) else {
        return Pin::default();
    };
    let of_edges: Vec<&(usize, Edge)> = edges
        .iter()
        .filter(|(from, edge)| *from != number && entry.is_meant_by(&edge.name, &edge.constraint))
        .collect();
    let needed_by: BTreeSet<String> = of_edges
        .iter()
        .filter_map(|(from, _)| Some(entries.get(*from)?.name.clone()))
        .collect();
    let of_project: Vec<&ProjectDependency> = dependencies
        .iter()
        .filter(|asked| entry.is_meant_by(&normal(&asked.name), &asked.constraint))
        .collect();
    // Before lock version 2.1 what leads to a package says where it is meant.
    let by_edges = || {
        let edges = of_edges.iter().map(|(_, edge)| edge.marker.clone());
        let own = of_project.iter().map(|asked| meant(asked));
        edges.chain(own).collect::<Vec<String>>()
    };
    let markers = match &entry.markers {
        Markers::All(marker) => vec![marker.clone()],
        Markers::Groups(_) => entry
            .groups
            .iter()
            .map(|group| entry.markers.of(group).to_owned())
            .collect(),
        Markers::None if entry.groups.is_empty() => by_edges(),
        Markers::None => Vec::new(),
    };
    Pin {
        place: number.to_string(),
        name: entry.name.clone(),
        version: entry.version.clone(),
        marker: either(&markers),
        extras: extras.cloned().unwrap_or_default(),
        is_asked: !of_project.is_empty() || needed_by.is_empty(),
        needed_by: Some(needed_by),
        fixed: (entry.source.is_some() && index(entry).is_none()).then_some("it does not come from an index"),
    }
}

fn asked_by(asked: &ProjectDependency) -> Asked {
    let is_own = asked.span.is_some();
    // Of a requirement of PEP 508 the range is written without white space, as its readers give it.
    let range = match is_own || allows(&asked.constraint, "0").is_none() {
        true => asked.constraint.clone(),
        false => asked.constraint.split_whitespace().collect(),
    };
    Asked {
        file: "pyproject.toml".to_owned(),
        name: normal(&asked.name),
        written: asked.name.clone(),
        range,
        marker: either(&[meant(asked)]),
    }
}

/// The marker of a dependency of the project, with the Pythons for which it is asked; empty for everywhere.
fn meant(asked: &ProjectDependency) -> String {
    let pythons = specifiers(&asked.python).unwrap_or_default();
    let one = |specifiers: &String| {
        let clauses = specifiers.split(',').filter_map(|specifier| {
            let at = specifier.find(|character: char| character.is_ascii_digit())?;
            let (sign, version) = specifier.split_at_checked(at)?;
            Some(format!("python_full_version {sign} '{version}'"))
        });
        clauses.collect::<Vec<String>>().join(" and ")
    };
    let pythons: Vec<String> = pythons.iter().map(one).collect();
    let is_everywhere = pythons.iter().any(String::is_empty);
    let pythons = match is_everywhere {
        true => String::new(),
        false => pythons.join(" or "),
    };
    match (asked.marker.is_empty(), pythons.is_empty()) {
        (true, _) => pythons,
        (false, true) => asked.marker.clone(),
        (false, false) => format!("({}) and ({pythons})", asked.marker),
    }
}
