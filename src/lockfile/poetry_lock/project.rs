//! What the `pyproject.toml` beside a lockfile asks for: Poetry's own tables, PEP 621, and PEP 735.

use super::super::grammar::pep508;
use crate::model::{Tree, TreePath};
use crate::text::tree::Value;
use crate::text::{decode, toml};

/// The project itself.
#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) dependencies: Vec<ProjectDependency>,
}

/// A dependency that the project asks for by name.
#[derive(Debug)]
pub(super) struct ProjectDependency {
    pub(super) name: String,
    /// As Poetry writes it; empty for any version.
    pub(super) constraint: String,
    pub(super) extras: Vec<String>,
    pub(super) group: Group,
    /// Only an extra of the project brings it.
    pub(super) is_optional: bool,
}

/// What a dependency is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// The product, extras of it among it.
    Main,
    /// Any other group.
    Other,
}

/// The project in `folder`; `None` if its file is not there or describes no project.
pub(super) fn read(folder: &TreePath, tree: &dyn Tree) -> Option<Project> {
    let bytes = tree.read(&folder.join("pyproject.toml")?).ok()?;
    let decoded = decode::decode(&bytes);
    let document = toml::read(&decoded.text);
    let root = document.root();
    let poetry = root.get("tool").and_then(|tool| tool.get("poetry"));
    let standard = root.get("project");
    if poetry.is_none() && standard.is_none() {
        return None;
    }
    let mut project = Project::default();
    for table in [standard, poetry].into_iter().flatten() {
        for (key, slot) in [("name", &mut project.name), ("version", &mut project.version)] {
            if slot.is_empty() {
                *slot = table.str(key).unwrap_or_default().into_owned();
            }
        }
    }
    if let Some(standard) = standard {
        project.strings(standard.get("dependencies"), Group::Main, false);
        for (_, extra) in standard
            .get("optional-dependencies")
            .into_iter()
            .flat_map(Value::entries)
        {
            project.strings(Some(extra), Group::Main, true);
        }
    }
    for (_, group) in root.get("dependency-groups").into_iter().flat_map(Value::entries) {
        project.strings(Some(group), Group::Other, false);
    }
    if let Some(poetry) = poetry {
        project.table(poetry.get("dependencies"), Group::Main);
        project.table(poetry.get("dev-dependencies"), Group::Other);
        for (_, group) in poetry.get("group").into_iter().flat_map(Value::entries) {
            project.table(group.get("dependencies"), Group::Other);
        }
    }
    Some(project)
}

impl Project {
    /// Poetry's tables: `name = "constraint"`, a table, or a list of tables.
    fn table(&mut self, table: Option<Value<'_>>, group: Group) {
        for (name, value) in table.into_iter().flat_map(Value::entries) {
            if name != "python" {
                for wanted in wanted(value) {
                    self.dependencies.push(ProjectDependency {
                        name: name.clone().into_owned(),
                        constraint: wanted.constraint,
                        extras: wanted.extras,
                        group,
                        is_optional: wanted.is_optional,
                    });
                }
            }
        }
    }

    /// Lists of dependency specifiers; tables among them only include other groups, which are listed themselves.
    fn strings(&mut self, list: Option<Value<'_>>, group: Group, is_optional: bool) {
        for text in list.into_iter().flat_map(Value::items).filter_map(Value::as_str) {
            let Ok(read) = pep508::read(&text) else { continue };
            let first = read.specifiers.first().map(|specifier| specifier.version.start);
            let last = read.specifiers.last().map(|specifier| specifier.version.end);
            // From behind the name and its extras up to the last version: the operators stand in between.
            let constraint = first.zip(last).and_then(|(first, last)| {
                let before = text.get(..first as usize)?;
                let operator = before.trim_end().trim_end_matches(['=', '<', '>', '!', '~']);
                text.get(operator.len()..last as usize)
            });
            self.dependencies.push(ProjectDependency {
                name: read.name.of(&text).to_owned(),
                constraint: constraint.unwrap_or_default().trim().to_owned(),
                extras: read
                    .extras
                    .iter()
                    .map(|extra| extra.of(&text).to_owned())
                    .collect(),
                group,
                is_optional,
            });
        }
    }
}

/// One of the ways in which a dependency is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    /// As Poetry writes it; empty for any version.
    pub(super) constraint: String,
    pub(super) extras: Vec<String>,
    /// Only if an extra of the dependent is asked for.
    pub(super) is_optional: bool,
}

/// The ways in which a dependency is wanted, as written in `pyproject.toml` and in the lockfile alike.
pub(super) fn wanted(value: Value<'_>) -> Vec<Wanted> {
    let one = |value: Value<'_>| Wanted {
        constraint: value
            .as_str()
            .or_else(|| value.str("version"))
            .unwrap_or_default()
            .into_owned(),
        extras: value
            .get("extras")
            .into_iter()
            .flat_map(Value::items)
            .filter_map(Value::as_str)
            .map(std::borrow::Cow::into_owned)
            .collect(),
        is_optional: value.get("optional").and_then(Value::as_bool) == Some(true),
    };
    let mut wanted: Vec<Wanted> = value.items().map(one).collect();
    if wanted.is_empty() {
        wanted.push(one(value));
    }
    wanted
}
