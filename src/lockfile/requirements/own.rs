//! The project itself (`-e .`): pip installs it with what it asks for, which a requirements file may list or not.

use std::collections::HashSet;

use super::Reader;
use crate::ecosystem::normalise;
use crate::lockfile::grammar::pep508;
use crate::model::{Cost, Ecosystem, Tree, TreePath};
use crate::text::names::listed as listed_names;
use crate::text::tree::Value;
use crate::text::{decode, toml};

/// So many names stand in the message.
const MAX_NAMES: usize = 5;

const HINT: &str =
    "Compile the file with pip-compile or `uv pip compile`, so that it lists what the project asks for.";

impl Reader<'_> {
    /// Reports what the project requires and the file does not list; the project lies in the nearest folder above with a
    /// manifest.
    pub(super) fn own_requirements(&mut self, tree: &dyn Tree) {
        let Some(place) = self.own_place.clone() else {
            return;
        };
        let listed: HashSet<String> = self.entries.iter().map(|entry| normal(&entry.name)).collect();
        let folder = self.own.parent();
        let message = std::iter::once(folder.clone())
            .chain(folder.above())
            .find_map(|folder| requirements(&folder, tree))
            .and_then(|asked| match asked {
                Requirements::Names(names) => missing(names, &listed),
                Requirements::Script(file) if listed.is_empty() => {
                    Some(format!("what the project asks for in {file} is not listed"))
                }
                Requirements::Script(_) => None,
            });
        if let Some(message) = message {
            let file = place.file.as_ref().unwrap_or(self.own).clone();
            self.problem(Cost::Partial, &file, place.span, &message, HINT);
        }
    }
}

/// What a project says of its requirements.
enum Requirements {
    /// Their names.
    Names(Vec<String>),
    /// A file says it that only Python can read.
    Script(&'static str),
}

fn missing(names: Vec<String>, listed: &HashSet<String>) -> Option<String> {
    let mut names: Vec<String> = names.into_iter().filter(|name| !listed.contains(name)).collect();
    names.sort();
    names.dedup();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shown = listed_names(&names, MAX_NAMES);
    (!names.is_empty())
        .then(|| format!("the project asks for {shown} in pyproject.toml, which is not listed here"))
}

/// What the project in `folder` asks for; `None` if there is none.
fn requirements(folder: &TreePath, tree: &dyn Tree) -> Option<Requirements> {
    let text = |name: &str| {
        let bytes = tree.read(&folder.join(name)?).ok()?;
        Some(decode::decode(&bytes).text.into_owned())
    };
    if let Some(text) = text("pyproject.toml") {
        let document = toml::read(&text);
        let root = document.root();
        let poetry = root.get("tool").and_then(|tool| tool.get("poetry"));
        if let Some(table) = root.get("project").or(poetry) {
            return Some(Requirements::Names(names(table)));
        }
    }
    let script = |file: &'static str| {
        text(file)?
            .contains("install_requires")
            .then_some(Requirements::Script(file))
    };
    script("setup.cfg").or_else(|| script("setup.py"))
}

/// The names in a list of requirements (PEP 621) or in Poetry's table.
fn names(table: Value<'_>) -> Vec<String> {
    let Some(dependencies) = table.get("dependencies") else {
        return Vec::new();
    };
    let keys = dependencies
        .entries()
        .map(|(name, _)| name.into_owned())
        .filter(|name| name != "python");
    let texts = dependencies.items().filter_map(Value::as_str);
    let listed = texts.filter_map(|text| Some(pep508::read(&text).ok()?.name.of(&text).to_owned()));
    keys.chain(listed).map(|name| normal(&name)).collect()
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}
