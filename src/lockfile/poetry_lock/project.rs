//! What the `pyproject.toml` beside a lockfile asks for: Poetry's own tables, PEP 621, and PEP 735.

use super::super::grammar::pep508;
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, Tree, TreePath};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, decode, toml};

/// The project itself.
#[derive(Debug, Default)]
pub struct Project {
    /// What it is called; empty where it says nothing.
    pub name: String,
    /// Its version; empty where it says nothing.
    pub version: String,
    /// What it asks for, in the order of the file.
    pub dependencies: Vec<ProjectDependency>,
}

/// A dependency that the project asks for by name.
#[derive(Debug)]
pub struct ProjectDependency {
    /// As written.
    pub name: String,
    /// As Poetry writes it; empty for any version.
    pub constraint: String,
    /// Where the constraint stands, if it is written without escapes and in a table of Poetry's own.
    pub span: Option<Span>,
    /// As written.
    pub extras: Vec<String>,
    /// Its marker; empty for none.
    pub marker: String,
    /// The versions of Python for which it is asked, in Poetry's constraints; empty for all.
    pub python: String,
    /// Whether it is for the product.
    pub group: Group,
    /// The names of its groups, normalised; `main` for the product.
    pub groups: Vec<String>,
    /// Only an extra of the project brings it.
    pub is_optional: bool,
    /// It is taken from an address or a folder, and no version of an index is meant.
    pub is_located: bool,
}

/// What a dependency is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The product, extras of it among it.
    Main,
    /// Any other group.
    Other,
}

/// How Poetry calls the group of what the product needs.
pub const MAIN: &str = "main";

/// Groups may include others so often.
const MAX_INCLUDES: usize = 64;

/// The project in `folder`; `None` if its file is not there or describes no project.
pub(super) fn read(folder: &TreePath, tree: &dyn Tree) -> Option<Project> {
    let bytes = tree.read(&folder.join("pyproject.toml")?).ok()?;
    read_text(&decode::decode(&bytes).text)
}

/// The project that the `text` of a `pyproject.toml` describes; `None` if it describes none.
#[must_use]
pub fn read_text(text: &str) -> Option<Project> {
    let document = toml::read(text);
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
    let main = [MAIN.to_owned()];
    if let Some(standard) = standard {
        project.strings(standard.get("dependencies"), &main, false);
        for (_, extra) in standard
            .get("optional-dependencies")
            .into_iter()
            .flat_map(Value::entries)
        {
            project.strings(Some(extra), &main, true);
        }
    }
    let own = poetry.and_then(|poetry| poetry.get("group"));
    let including = Including::of(root.get("dependency-groups"), own);
    for (name, group) in root.get("dependency-groups").into_iter().flat_map(Value::entries) {
        project.strings(Some(group), &including.all(&name), false);
    }
    if let Some(poetry) = poetry {
        project.table(poetry.get("dependencies"), &main);
        project.table(poetry.get("dev-dependencies"), &["dev".to_owned()]);
        for (name, group) in own.into_iter().flat_map(Value::entries) {
            project.table(group.get("dependencies"), &including.all(&name));
        }
    }
    Some(project)
}

/// Which groups include which.
struct Including(Vec<(String, String)>);

impl Including {
    fn of(standard: Option<Value<'_>>, own: Option<Value<'_>>) -> Self {
        let mut pairs = Vec::new();
        for (name, group) in standard.into_iter().flat_map(Value::entries) {
            let included = group.items().filter_map(|item| item.str("include-group"));
            pairs.extend(included.map(|other| (normal(&name), normal(&other))));
        }
        for (name, group) in own.into_iter().flat_map(Value::entries) {
            let included = group.get("include-groups").into_iter().flat_map(Value::items);
            let included = included.filter_map(Value::as_str);
            pairs.extend(included.map(|other| (normal(&name), normal(&other))));
        }
        Self(pairs)
    }

    /// The group and every one that includes it.
    fn all(&self, name: &str) -> Vec<String> {
        let mut all = vec![normal(name)];
        let mut at = 0;
        while let Some(included) = all.get(at).cloned().filter(|_| at < MAX_INCLUDES) {
            at = at.saturating_add(1);
            for (name, other) in &self.0 {
                if *other == included && !all.contains(name) {
                    all.push(name.clone());
                }
            }
        }
        all
    }
}

impl Project {
    /// Poetry's tables: `name = "constraint"`, a table, or a list of tables.
    fn table(&mut self, table: Option<Value<'_>>, groups: &[String]) {
        for (name, value) in table.into_iter().flat_map(Value::entries) {
            if name != "python" {
                for wanted in wanted(value) {
                    self.dependencies.push(ProjectDependency {
                        name: name.clone().into_owned(),
                        constraint: wanted.constraint,
                        span: wanted.span,
                        extras: wanted.extras,
                        marker: wanted.marker,
                        python: wanted.python,
                        group: group(groups),
                        groups: groups.to_vec(),
                        is_optional: wanted.is_optional,
                        is_located: wanted.is_located,
                    });
                }
            }
        }
    }

    /// Lists of dependency specifiers; tables among them only include other groups, which are listed themselves.
    fn strings(&mut self, list: Option<Value<'_>>, groups: &[String], is_optional: bool) {
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
                span: None,
                extras: read
                    .extras
                    .iter()
                    .map(|extra| extra.of(&text).to_owned())
                    .collect(),
                marker: read.marker.map_or("", |marker| marker.of(&text)).to_owned(),
                python: String::new(),
                group: group(groups),
                groups: groups.to_vec(),
                is_optional,
                is_located: read.address.is_some(),
            });
        }
    }
}

fn group(names: &[String]) -> Group {
    match names.iter().any(|name| name == MAIN) {
        true => Group::Main,
        false => Group::Other,
    }
}

/// One of the ways in which a dependency is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// As Poetry writes it; empty for any version.
    pub constraint: String,
    /// Where the constraint stands, if it is written without escapes.
    pub span: Option<Span>,
    /// As written.
    pub extras: Vec<String>,
    /// Its marker; empty for none.
    pub marker: String,
    /// The versions of Python for which it is wanted; empty for all.
    pub python: String,
    /// Only if an extra of the dependent is asked for.
    pub is_optional: bool,
    /// It is taken from an address or a folder.
    pub is_located: bool,
}

/// The ways in which a dependency is wanted, as written in `pyproject.toml` and in the lockfile alike.
#[must_use]
pub fn wanted(value: Value<'_>) -> Vec<Wanted> {
    let one = |value: Value<'_>| {
        let constraint = match value.kind() {
            Kind::Object => value.get("version"),
            _ => Some(value),
        };
        let text = |key: &str| value.str(key).unwrap_or_default().into_owned();
        Wanted {
            constraint: constraint
                .and_then(Value::as_str)
                .unwrap_or_default()
                .into_owned(),
            span: constraint
                .filter(|constraint| constraint.kind() == Kind::PlainString)
                .map(Value::text_span),
            extras: value
                .get("extras")
                .into_iter()
                .flat_map(Value::items)
                .filter_map(Value::as_str)
                .map(std::borrow::Cow::into_owned)
                .collect(),
            marker: text("markers"),
            python: text("python"),
            is_optional: value.get("optional").and_then(Value::as_bool) == Some(true),
            is_located: ["git", "path", "url", "file"]
                .into_iter()
                .any(|key| value.get(key).is_some()),
        }
    };
    let mut wanted: Vec<Wanted> = value.items().map(one).collect();
    if wanted.is_empty() {
        wanted.push(one(value));
    }
    wanted
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}
