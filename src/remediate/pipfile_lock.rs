//! `Pipfile.lock`, with the `Pipfile` beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{Fixer, Project, ProjectFiles};
use crate::plan::python::{self, Asked, Edges, Extras, Language, Others, Pin, Platforms, Pythons};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::pipfile_entries::{Entry, document, entries, normal};
use crate::text::toml;
use crate::text::tree::{Kind, Value};

/// Plans lockfiles of pipenv.
pub struct PipfileLock;

impl Fixer for PipfileLock {
    fn format(&self) -> &'static str {
        "Pipfile.lock"
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let document = document(files.text);
        let entries = entries(&document)?;
        let manifest = files.beside("Pipfile");
        let manifest = manifest.as_deref().map(toml::read);
        let wishes = manifest
            .as_ref()
            .filter(|document| document.problems.is_empty())
            .map(|document| wishes(document.root()));
        let root = document.root();
        Ok(Box::new(PipfileProject {
            registries: registries(root, &entries),
            first: sources(root).into_iter().next().map(|(_, address)| address),
            project: project(root, &entries, wishes.as_deref()),
        }))
    }
}

struct PipfileProject {
    project: python::Project,
    /// The index of each package, by name.
    registries: BTreeMap<String, String>,
    /// The first index, from which everything comes that names none.
    first: Option<String>,
}

impl Project for PipfileProject {
    fn configuration(&self) -> &[ConfigFile] {
        &[]
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.registries.get(&normal(package)).cloned()
    }

    fn likely_address(&self, _: &str) -> Option<String> {
        self.first.clone()
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        python::plan(&self.project, wishes, releases, bounds)
    }
}

/// The indexes of the lockfile with their names.
fn sources(root: Value<'_>) -> Vec<(String, String)> {
    let sources = root.get("_meta").and_then(|meta| meta.get("sources"));
    let sources = sources.into_iter().flat_map(Value::items);
    sources
        .filter_map(|source| {
            let address = source.str("url")?;
            // A variable of the environment is no address.
            let is_whole = address.contains("://") && !address.contains('$');
            is_whole.then(|| {
                (
                    source.str("name").unwrap_or_default().into_owned(),
                    address.into_owned(),
                )
            })
        })
        .collect()
}

fn registries(root: Value<'_>, entries: &[Entry<'_>]) -> BTreeMap<String, String> {
    let sources = sources(root);
    let address = |entry: &Entry<'_>| match entry.value.str("index") {
        Some(index) => sources.iter().find(|(name, _)| *name == *index),
        None => sources.first(),
    };
    let known = entries.iter().filter(|entry| entry.is_of_index);
    known
        .filter_map(|entry| Some((entry.name.clone(), address(entry)?.1.clone())))
        .collect()
}

/// What a `Pipfile` asks for.
struct Wanted {
    category: String,
    name: String,
    range: String,
    extras: Vec<String>,
}

/// Tables that ask for no packages.
const OTHER_TABLES: [&str; 5] = ["source", "requires", "scripts", "pipfile", "pipenv"];

fn wishes(root: Value<'_>) -> Vec<Wanted> {
    let sections = root
        .entries()
        .filter(|(key, section)| !OTHER_TABLES.contains(&&**key) && section.is_object());
    let mut all = Vec::new();
    for (key, section) in sections {
        let category = match &*key {
            "packages" => "default",
            "dev-packages" => "develop",
            other => other,
        };
        for (name, wish) in section.entries() {
            let range = match wish.kind() {
                Kind::Object => wish.str("version"),
                _ => wish.as_str(),
            };
            let extras = wish.get("extras").into_iter().flat_map(Value::items);
            all.push(Wanted {
                category: category.to_owned(),
                name: name.into_owned(),
                range: range.unwrap_or_default().into_owned(),
                extras: extras
                    .filter_map(Value::as_str)
                    .map(|extra| normal(&extra))
                    .collect(),
            });
        }
    }
    all
}

fn project(root: Value<'_>, entries: &[Entry<'_>], wishes: Option<&[Wanted]>) -> python::Project {
    let requires = root.get("_meta").and_then(|meta| meta.get("requires"));
    let version = |key: &str| requires.and_then(|requires| requires.str(key));
    let python = version("python_full_version")
        .map(|version| format!("=={version}"))
        .or_else(|| version("python_version").map(|version| format!("=={version}.*")));
    // Where the Python is known, a marker that is about Pythons alone says on which of them a version runs.
    let marker = |entry: &Entry<'_>| match python.is_some() && is_of_pythons(&entry.marker) {
        true => String::new(),
        false => entry.marker.clone(),
    };
    let pins = entries.iter().enumerate().map(|(number, entry)| {
        let of_entry = wishes
            .into_iter()
            .flatten()
            .filter(|wish| wish.category == entry.category && normal(&wish.name) == entry.name);
        let of_entry: Vec<&Wanted> = of_entry.collect();
        let extras = of_entry.iter().flat_map(|wish| wish.extras.iter().cloned());
        let extras: BTreeSet<String> = entry.extras.iter().cloned().chain(extras).collect();
        Pin {
            place: number.to_string(),
            name: entry.name.clone(),
            version: entry.version.clone(),
            marker: marker(entry),
            extras,
            needed_by: None,
            is_asked: wishes.is_none() || !of_entry.is_empty(),
            fixed: (!entry.is_of_index).then_some("it does not come from an index"),
        }
    });
    let asked = wishes.into_iter().flatten().map(|wish| Asked {
        file: "Pipfile".to_owned(),
        name: normal(&wish.name),
        written: wish.name.clone(),
        range: match wish.range.trim() {
            "*" => String::new(),
            _ => wish.range.clone(),
        },
        marker: String::new(),
    });
    python::Project {
        pins: pins.collect(),
        asked: asked.collect(),
        others: Others::ComeIn,
        platforms: Platforms::One,
        edges: Edges::Learnt,
        extras: Extras::Written,
        published_before: None,
        python: python.clone(),
        pythons: Pythons::Lowest,
        language: Language::Pep440,
        marker: String::new(),
    }
}

/// Every part of the marker is about a version of Python.
fn is_of_pythons(marker: &str) -> bool {
    let mut parts = marker.split(" and ").map(str::trim);
    parts.all(|part| part.starts_with("python_version ") || part.starts_with("python_full_version "))
        && !marker.contains(" or ")
}
