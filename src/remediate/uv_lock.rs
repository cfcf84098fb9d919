//! `uv.lock` and the lockfiles of uv's scripts, with the `pyproject.toml` files of the project.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{Fixer, Project, ProjectFiles};
use crate::plan::python::{self, Asked, Edges, Extras, Language, Others, Overrides, Pin, Platforms, Pythons};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::uv_entries::{Entry, document, entries, extras_of, normal};
use crate::text::tree::Value;

/// Plans lockfiles of uv.
pub struct UvLock;

impl Fixer for UvLock {
    fn format(&self) -> &'static str {
        "uv.lock"
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let document = document(files.text);
        let entries = entries(&document, files.text)?;
        let root = document.root();
        Ok(Box::new(UvProject {
            registries: registries(&entries),
            project: project(root, &entries),
            configuration: ["uv.toml", "pyproject.toml"]
                .into_iter()
                .filter_map(|name| files.configuration(name))
                .collect(),
            // A script has its settings inside of itself.
            overrides: match files.path.file_name() == b"uv.lock" {
                true => Overrides::OfUv,
                false => Overrides::Never,
            },
        }))
    }
}

struct UvProject {
    project: python::Project,
    /// The index of each package, by name.
    registries: BTreeMap<String, String>,
    configuration: Vec<ConfigFile>,
    overrides: Overrides,
}

impl Project for UvProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.registries.get(&normal(package)).cloned()
    }

    /// The one index that all packages come from.
    fn likely_address(&self, _: &str) -> Option<String> {
        let mut all = self.registries.values();
        let first = all.next()?;
        all.all(|other| other == first).then(|| first.clone())
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        python::plan_with(&self.project, wishes, releases, bounds, self.overrides)
    }
}

fn registries(entries: &[Entry<'_>]) -> BTreeMap<String, String> {
    let known = entries.iter();
    let known = known.filter_map(|entry| Some((entry.name.clone(), entry.registry.clone()?)));
    known.filter(|(_, address)| address.contains("://")).collect()
}

fn project(root: Value<'_>, entries: &[Entry<'_>]) -> python::Project {
    let texts = |list: Option<Value<'_>>| -> Vec<String> {
        let items = list.into_iter().flat_map(Value::items).filter_map(Value::as_str);
        items.map(std::borrow::Cow::into_owned).collect()
    };
    let manifest = root.get("manifest");
    let overridden: BTreeSet<String> = manifest
        .and_then(|manifest| manifest.get("overrides"))
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|item| item.str("name").map(|name| normal(&name)))
        .collect();
    let pins = entries.iter().enumerate().map(|(number, entry)| {
        let mut pin = pin(number, entry, entries);
        if overridden.contains(&pin.name) {
            pin.fixed = Some("`override-dependencies` decide about it");
        }
        pin
    });
    let mut asked: Vec<Asked> = entries.iter().flat_map(asked_by).collect();
    // What a script asks for, and constraints, are no tables of a package.
    let scripts = ["requirements", "constraints"].into_iter();
    let lists = scripts.filter_map(|key| manifest?.get(key));
    asked.extend(
        lists
            .flat_map(Value::items)
            .filter_map(|item| one_asked(item, "the project's settings")),
    );
    let options = root.get("options");
    let newest = options.and_then(|options| options.str("exclude-newer"));
    python::Project {
        pins: pins.collect(),
        asked,
        others: Others::ComeIn,
        platforms: Platforms::All,
        edges: Edges::Written,
        extras: Extras::Written,
        published_before: newest.and_then(|time| time.parse().ok()),
        python: root.str("requires-python").map(std::borrow::Cow::into_owned),
        pythons: Pythons::Lowest,
        language: Language::Pep440,
        marker: either(&texts(root.get("supported-markers"))),
    }
}

/// A package of one's own is none that could move, and what it needs is asked for by one's own files.
fn pin(number: usize, entry: &Entry<'_>, entries: &[Entry<'_>]) -> Pin {
    let mut needed_by = BTreeSet::new();
    let mut extras = BTreeSet::new();
    let mut is_asked = entry.folder.is_some();
    for other in entries {
        for (_, edge) in other.edges() {
            if !entry.is_meant_by(edge) {
                continue;
            }
            extras.extend(extras_of(edge));
            match other.folder {
                Some(_) => is_asked = true,
                None if other.name != entry.name => {
                    needed_by.insert(other.name.clone());
                }
                None => {}
            }
        }
    }
    // What nothing leads to is asked for by a script or by groups of a workspace.
    is_asked |= needed_by.is_empty();
    let is_of_index = entry
        .registry
        .as_ref()
        .is_some_and(|address| address.contains("://"));
    Pin {
        place: number.to_string(),
        name: entry.name.clone(),
        version: entry.version.clone(),
        marker: either(&entry.markers),
        extras,
        needed_by: Some(needed_by),
        is_asked,
        fixed: (!is_of_index).then_some("it does not come from an index"),
    }
}

fn asked_by(entry: &Entry<'_>) -> Vec<Asked> {
    let Some(folder) = &entry.folder else {
        return Vec::new();
    };
    let file = match folder.as_str() {
        "" => "pyproject.toml".to_owned(),
        folder => format!("{folder}/pyproject.toml"),
    };
    let items = entry.asked().into_iter();
    items.filter_map(|item| one_asked(item, &file)).collect()
}

fn one_asked(item: Value<'_>, file: &str) -> Option<Asked> {
    let name = item.str("name")?;
    let marker = item
        .str("marker")
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default();
    Some(Asked {
        file: file.to_owned(),
        name: normal(&name),
        written: name.into_owned(),
        range: item
            .str("specifier")
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default(),
        // Extras of one's own are all locked.
        marker: match marker.contains("extra") {
            true => without_extras(&marker),
            false => marker,
        },
    })
}

fn without_extras(marker: &str) -> String {
    use crate::lockfile::grammar::marker::Marker;
    let read = Marker::read(marker).ok();
    read.and_then(|marker| marker.without_extras())
        .map_or_else(String::new, |rest| rest.to_string())
}

/// A marker that holds where one of `markers` does; empty for none.
fn either(markers: &[String]) -> String {
    match markers {
        [] => String::new(),
        [one] => one.clone(),
        many => many
            .iter()
            .map(|marker| format!("({marker})"))
            .collect::<Vec<String>>()
            .join(" or "),
    }
}
