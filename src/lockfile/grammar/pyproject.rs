//! What a `pyproject.toml` asks for: `[project]` (PEP 621), `[dependency-groups]` (PEP 735), and `[tool.pdm.dev-dependencies]`,
//! which are groups of the same kind.
//!
//! Groups that include others add nothing here: what a group asks for is for development wherever it is included.

use std::collections::{HashMap, HashSet};

use super::pep508;
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, Scope, Tree, TreePath};
use crate::text::tree::Value;
use crate::text::{decode, toml};

/// A project.
#[derive(Debug, Default)]
pub struct Project {
    /// What it is called; empty where it says nothing.
    pub name: String,
    /// Its version; empty where it says nothing.
    pub version: String,
    lists: Vec<List>,
    /// Names that PDM is told to leave out, normalised.
    excluded: HashSet<String>,
    /// Names of extras, normalised.
    extras: HashSet<String>,
    has_workspace: bool,
}

/// A list of wishes.
#[derive(Debug)]
struct List {
    scope: Scope,
    /// The extra or group, normalised; empty for what the product needs.
    name: String,
    wishes: Vec<Wish>,
}

/// A package that is asked for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The package's name, normalised.
    pub name: String,
    /// Extras of it, normalised.
    pub extras: Vec<String>,
    /// The range of versions without spaces; empty for any.
    pub range: String,
    /// It holds on some machines only.
    pub has_marker: bool,
}

impl Wish {
    /// Reads a dependency specifier, or a line of pip's that names an editable package (`-e address#egg=name`).
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let Ok(read) = pep508::read(text) else {
            return Self::of_egg(text);
        };
        let extras = read.extras.iter().map(|extra| normal(extra.of(text)));
        Some(Self {
            name: normal(read.name.of(text)),
            extras: sorted(extras.collect()),
            range: read.range(text),
            has_marker: read.marker.is_some(),
        })
    }

    /// An address with its name in the fragment: `git+https://host/repository.git@v1#egg=name[extra]&subdirectory=folder`.
    fn of_egg(text: &str) -> Option<Self> {
        let (_, fragment) = text.split_once('#')?;
        let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="))?;
        let read = pep508::read(egg.trim()).ok()?;
        let extras = read.extras.iter().map(|extra| normal(extra.of(egg.trim())));
        Some(Self {
            name: normal(read.name.of(egg.trim())),
            extras: sorted(extras.collect()),
            range: String::new(),
            has_marker: false,
        })
    }
}

impl Project {
    /// The project in `folder`; `None` if its file is not there or asks for nothing in these tables.
    #[must_use]
    pub fn read(folder: &TreePath, tree: &dyn Tree) -> Option<Self> {
        let bytes = tree.read(&folder.join("pyproject.toml")?).ok()?;
        Self::of_text(&decode::decode(&bytes).text)
    }

    /// The project that the `text` of a `pyproject.toml` describes.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let document = toml::read(text);
        let root = document.root();
        let mut project = Self::default();
        if let Some(table) = root.get("project") {
            project.name = table.str("name").unwrap_or_default().into_owned();
            project.version = table.str("version").unwrap_or_default().into_owned();
            project.add(Scope::Runtime, "", table.get("dependencies"));
            project.add_all(Scope::Optional, table.get("optional-dependencies"));
        }
        project.add_all(Scope::Dev, root.get("dependency-groups"));
        if let Some(pdm) = root.get("tool").and_then(|tool| tool.get("pdm")) {
            project.add_all(Scope::Dev, pdm.get("dev-dependencies"));
            let excluded = pdm.get("resolution").and_then(|table| table.get("excludes"));
            let excluded = excluded.into_iter().flat_map(Value::items);
            project.excluded = excluded
                .filter_map(Value::as_str)
                .map(|name| normal(&name))
                .collect();
            project.has_workspace = pdm.get("workspace").is_some();
        }
        (!project.lists.is_empty() || !project.name.is_empty()).then_some(project)
    }

    /// What is asked for in `scope`. An extra that the project asks for of itself brings what it lists.
    pub fn wishes(&self, scope: Scope) -> Vec<&Wish> {
        let own = normal(&self.name);
        let mut extras: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut open = Vec::new();
        for (number, list) in self.lists.iter().enumerate() {
            if list.scope == Scope::Optional {
                extras.entry(&list.name).or_default().push(number);
            }
            if list.scope == scope {
                open.push(number);
            }
        }
        let mut is_read = vec![false; self.lists.len()];
        let mut wishes = Vec::new();
        while let Some(number) = open.pop() {
            match is_read.get_mut(number) {
                Some(is_read) if !*is_read => *is_read = true,
                Some(_) | None => continue,
            }
            for wish in self.lists.get(number).into_iter().flat_map(|list| &list.wishes) {
                if own.is_empty() || wish.name != own {
                    wishes.push(wish);
                    continue;
                }
                // Of a list that is read already nothing is opened twice.
                for extra in &wish.extras {
                    open.extend(extras.remove(extra.as_str()).into_iter().flatten());
                }
            }
        }
        wishes
    }

    /// `name`, normalised, is one of its extras.
    #[must_use]
    pub fn has_extra(&self, name: &str) -> bool {
        self.extras.contains(name)
    }

    /// PDM is told to leave out the package `name`, normalised, or it is the project itself.
    #[must_use]
    pub fn leaves_out(&self, name: &str) -> bool {
        self.excluded.contains(name) || normal(&self.name) == name
    }

    /// It is the root of a workspace of PDM, whose members are locked as editable folders.
    #[must_use]
    pub fn has_workspace(&self) -> bool {
        self.has_workspace
    }

    fn add_all(&mut self, scope: Scope, table: Option<Value<'_>>) {
        for (name, list) in table.into_iter().flat_map(Value::entries) {
            self.add(scope, &normal(&name), Some(list));
        }
    }

    fn add(&mut self, scope: Scope, name: &str, list: Option<Value<'_>>) {
        let texts = list.into_iter().flat_map(Value::items).filter_map(Value::as_str);
        let wishes: Vec<Wish> = texts.filter_map(|text| Wish::read(&text)).collect();
        if scope == Scope::Optional {
            self.extras.insert(name.to_owned());
        }
        if list.is_some() {
            self.lists.push(List {
                scope,
                name: name.to_owned(),
                wishes,
            });
        }
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(project: &Project, scope: Scope) -> Vec<&str> {
        let mut names: Vec<&str> = project
            .wishes(scope)
            .into_iter()
            .map(|wish| wish.name.as_str())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn lists_have_scopes() {
        let project = Project::of_text(
            "[project]\nname = \"Own.Name\"\nversion = \"1\"\ndependencies = [\"A>=1; os_name == 'nt'\", \"own-name[cli]\"]\n\
             [project.optional-dependencies]\ncli = [\"b[X,y]\"]\nall = [\"own-name[cli, all]\", \"c\"]\n\
             [dependency-groups]\ndev = [\"d\", {include-group = \"x\"}]\n\
             [tool.pdm.dev-dependencies]\ntest = [\"-e file:///${PROJECT_ROOT}/libs/mine#egg=E_e\", \"!\"]\n\
             [tool.pdm.resolution]\nexcludes = [\"Left_out\"]\n",
        )
        .expect("a project");
        assert_eq!(names(&project, Scope::Runtime), ["a", "b"]);
        assert_eq!(names(&project, Scope::Optional), ["b", "c"]);
        assert_eq!(names(&project, Scope::Dev), ["d", "e-e"]);
        let asked = project.wishes(Scope::Runtime);
        let b = asked.iter().find(|wish| wish.name == "b").expect("b");
        assert_eq!(b.extras, ["x", "y"]);
        let a = asked.iter().find(|wish| wish.name == "a").expect("a");
        assert_eq!((a.range.as_str(), a.has_marker), (">=1", true));
        assert!(project.has_extra("cli") && !project.has_extra("dev"));
        assert!(project.leaves_out("left-out") && project.leaves_out("own-name") && !project.leaves_out("a"));
        assert!(Project::of_text("[build-system]\n").is_none());
    }
}
