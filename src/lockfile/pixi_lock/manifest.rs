//! What the manifest of a workspace of pixi asks for: `pixi.toml`, or `[tool.pixi]` of `pyproject.toml`.

use foldhash::HashSet;

use crate::ecosystem::normalise;
use crate::lockfile::grammar::conda::{Member, asked};
use crate::lockfile::grammar::pyproject::Project;
use crate::model::{Ecosystem, Scope, Tree, TreePath};
use crate::text::tree::Value;
use crate::text::{decode, toml};

/// The names of manifests.
pub(super) const NAMES: &[&str] = &["pixi.toml", "pyproject.toml"];

/// The names that a manifest asks for.
#[derive(Default)]
pub(super) struct Asked {
    conda: HashSet<String>,
    python: HashSet<String>,
}

impl Asked {
    /// What the manifests in `folder` ask for; `None` without one that can be read.
    pub(super) fn read(folder: &TreePath, tree: &dyn Tree) -> Option<Self> {
        let mut found = Self::default();
        let mut is_there = false;
        for name in NAMES {
            let Some(bytes) = folder.join(*name).and_then(|path| tree.read(&path).ok()) else {
                continue;
            };
            let decoded = decode::decode(&bytes);
            let document = toml::read(&decoded.text);
            let root = document.root();
            let table = match *name {
                "pixi.toml" => Some(root),
                _ => root.get("tool").and_then(|tool| tool.get("pixi")),
            };
            let Some(table) = table else { continue };
            if !document.problems.is_empty() {
                return None;
            }
            is_there = true;
            found.add_features(table);
            found.add(table.get("package"));
            if let Some(project) = (*name == "pyproject.toml")
                .then(|| Project::of_text(&decoded.text))
                .flatten()
            {
                let wishes = Scope::ALL.into_iter().flat_map(|scope| project.wishes(scope));
                found.python.extend(wishes.map(|wish| wish.name.clone()));
            }
        }
        is_there.then_some(found)
    }

    /// The tables at the top are those of the default feature.
    fn add_features(&mut self, table: Value<'_>) {
        self.add(Some(table));
        for (_, feature) in table.get("feature").into_iter().flat_map(Value::entries) {
            self.add(Some(feature));
        }
    }

    /// The tables of a feature, and those of its platforms.
    fn add(&mut self, feature: Option<Value<'_>>) {
        let targets = feature.and_then(|feature| feature.get("target"));
        let targets = targets
            .into_iter()
            .flat_map(Value::entries)
            .map(|(_, target)| target);
        for table in feature.into_iter().chain(targets) {
            for (key, names) in table.entries() {
                match key.as_ref() {
                    "dependencies" | "host-dependencies" | "build-dependencies" | "run-dependencies"
                    | "dev" => {
                        self.conda
                            .extend(names.entries().map(|(name, _)| asked(&name).to_owned()));
                    }
                    "pypi-dependencies" => {
                        let names = names.entries();
                        self.python
                            .extend(names.map(|(name, _)| normalise(&Ecosystem::PYPI, &name).into_owned()));
                    }
                    _ => {}
                }
            }
        }
    }

    /// It asks for the package by name. A project of PyPI may be asked for as the package of conda that it is.
    pub(super) fn holds(&self, member: &Member<'_>) -> bool {
        self.conda.contains(&*member.name) || member.is_python && self.python.contains(&*member.name)
    }
}
