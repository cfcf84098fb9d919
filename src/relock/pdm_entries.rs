//! The packages of a `pdm.lock` with what an edit of them needs: where each stands, and its parts as PDM writes them.

use std::collections::BTreeSet;
use std::ops::Range;

use super::poetry_entries::{blocks, normal, string, written};
use crate::lockfile::grammar::pep508;
use crate::lockfile::pdm_lock::project::Project;
use crate::text::toml;
use crate::text::tree::{Document, Value};
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// A `[[package]]`.
pub struct Entry<'d> {
    /// The name, normalised.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// The extras that it is locked with, normalised. The package without has an entry of its own.
    pub extras: BTreeSet<String>,
    /// The groups of the project that bring it, where the file says so.
    pub groups: BTreeSet<String>,
    /// Where it is meant; empty for everywhere.
    pub marker: String,
    /// It comes from an index.
    pub is_of_index: bool,
    /// The table.
    pub table: Value<'d>,
    /// From its header to the next one.
    pub block: Range<usize>,
}

/// That a package needs another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The other, normalised.
    pub name: String,
    /// The extras that are asked for, normalised.
    pub extras: BTreeSet<String>,
    /// Specifiers; empty for any version.
    pub range: String,
    /// Its marker; empty for none.
    pub marker: String,
}

/// How the file is written, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Each package has its groups and its marker (`inherit_metadata`).
    pub has_groups: bool,
    /// Files have addresses (`static_urls`).
    pub has_addresses: bool,
    /// What it is for.
    pub targets: Vec<Target>,
    /// The groups that are locked; `None` for all.
    pub groups: Option<BTreeSet<String>>,
}

/// Environments that a lockfile is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The versions of Python.
    pub python: String,
    /// `manylinux_2_17_x86_64`, `macos_12_0_arm64`, `windows_amd64`; empty for all.
    pub platform: String,
    /// `cpython`; empty for all.
    pub implementation: String,
    /// A Python without its lock is meant.
    pub is_free_threaded: bool,
    /// The lockfile names none, and is for what the project runs on.
    pub is_of_project: bool,
}

/// Keys of packages that come from elsewhere.
const SOURCES: [&str; 6] = ["path", "url", "git", "hg", "svn", "bzr"];

impl Style {
    /// The style of the lockfile that `root` was read from, and that is one of `project`.
    ///
    /// # Errors
    /// Why the file cannot be edited, as a sentence.
    pub fn of(root: Value<'_>, project: Option<&Project>) -> Result<Self, String> {
        let metadata = root.get("metadata");
        let of = |key: &str| metadata.and_then(|metadata| metadata.get(key));
        let version = of("lock_version").and_then(Value::as_str).unwrap_or_default();
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
        let is_known = matches!(
            (numbers.next(), numbers.next()),
            (Some(Some(4)), Some(Some(3..=5)))
        );
        if !is_known || of("files").is_some() {
            return Err("Only lock versions 4.3 to 4.5 of PDM can be edited.".to_owned());
        }
        let strategy = texts(of("strategy"));
        let mut targets: Vec<Target> = of("targets")
            .into_iter()
            .flat_map(Value::items)
            .map(target)
            .collect();
        // Before there was a strategy, `cross_platform` had a key of its own.
        let is_for_all = match of("strategy") {
            Some(_) => strategy.contains("cross_platform"),
            None => of("cross_platform").and_then(Value::as_bool) != Some(false),
        };
        if targets.is_empty() && !is_for_all {
            return Err(
                "The lockfile is for one platform which it does not name: run `pdm lock` of PDM 2.17 or later once."
                    .to_owned(),
            );
        }
        if targets.is_empty() {
            targets.push(Target {
                python: project.map(|project| project.python.clone()).unwrap_or_default(),
                is_of_project: true,
                ..Target::default()
            });
        }
        Ok(Self {
            has_groups: strategy.contains("inherit_metadata"),
            has_addresses: strategy.contains("static_urls")
                || of("static_urls").and_then(Value::as_bool) == Some(true),
            targets,
            groups: of("groups")
                .map(|groups| texts(Some(groups)).iter().map(|group| normal(group)).collect()),
        })
    }
}

fn target(table: Value<'_>) -> Target {
    let text = |key: &str| table.str(key).unwrap_or_default().into_owned();
    Target {
        python: text("requires_python"),
        platform: text("platform"),
        implementation: text("implementation"),
        is_free_threaded: table.get("gil_disabled").and_then(Value::as_bool) == Some(true),
        is_of_project: false,
    }
}

fn texts(list: Option<Value<'_>>) -> BTreeSet<String> {
    let items = list.into_iter().flat_map(Value::items).filter_map(Value::as_str);
    items.map(std::borrow::Cow::into_owned).collect()
}

/// Reads a lockfile's text.
#[must_use]
pub fn document(text: &str) -> Document<'_> {
    toml::read(text)
}

/// The packages in the order of the file.
///
/// # Errors
/// Why the file cannot be edited, as a sentence.
pub fn entries<'d>(document: &'d Document<'d>, text: &str) -> Result<Vec<Entry<'d>>, String> {
    const DAMAGED: &str = "The lockfile is damaged.";
    if !document.problems.is_empty() {
        return Err(DAMAGED.to_owned());
    }
    let packages = document.root().get("package");
    let tables: Vec<Value<'d>> = packages.into_iter().flat_map(Value::items).collect();
    let blocks = blocks(text);
    if blocks.len() != tables.len() {
        return Err(DAMAGED.to_owned());
    }
    let both = tables.into_iter().zip(blocks);
    both.map(|(table, block)| entry(table, block).ok_or_else(|| DAMAGED.to_owned()))
        .collect()
}

fn entry(table: Value<'_>, block: Range<usize>) -> Option<Entry<'_>> {
    Some(Entry {
        name: normal(&table.str("name")?),
        version: table.str("version")?.into_owned(),
        extras: texts(table.get("extras"))
            .iter()
            .map(|extra| normal(extra))
            .collect(),
        groups: texts(table.get("groups")),
        marker: table.str("marker").unwrap_or_default().into_owned(),
        is_of_index: !SOURCES.iter().any(|key| table.get(key).is_some()),
        table,
        block,
    })
}

impl Entry<'_> {
    /// What it needs, in the order of the file: what has a name.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        let lines = self.table.get("dependencies").into_iter().flat_map(Value::items);
        lines
            .filter_map(Value::as_str)
            .filter_map(|line| edge(&line))
            .collect()
    }

    /// Who asks for these extras in this range means this package.
    #[must_use]
    pub fn is_meant_by(&self, name: &str, extras: &BTreeSet<String>, range: &str) -> bool {
        self.name == name && self.extras == *extras && takes(range, &self.version)
    }

    /// Both are the same package, perhaps with other extras.
    #[must_use]
    pub fn is_beside(&self, other: &Entry<'_>) -> bool {
        self.name == other.name && self.version == other.version && self.is_of_index == other.is_of_index
    }

    /// What PDM puts packages in order by.
    pub(super) fn key(&self) -> String {
        key(&self.name, &self.extras)
    }
}

/// `name[extra]`, what PDM puts packages in order by.
pub(super) fn key(name: &str, extras: &BTreeSet<String>) -> String {
    let extras: Vec<&str> = extras.iter().map(String::as_str).collect();
    match extras.is_empty() {
        true => name.to_owned(),
        false => format!("{name}[{}]", extras.join(",")),
    }
}

/// `version` is in `range`, or that cannot be read.
pub(super) fn takes(range: &str, version: &str) -> bool {
    range.is_empty() || Pep440.contains(range, version) != Ok(false)
}

pub(super) fn edge(line: &str) -> Option<Edge> {
    let read = pep508::read(line).ok()?;
    Some(Edge {
        name: normal(read.name.of(line)),
        extras: read.extras.iter().map(|extra| normal(extra.of(line))).collect(),
        range: match read.address {
            Some(_) => String::new(),
            None => read.range(line),
        },
        marker: read.marker.map_or("", |marker| marker.of(line)).to_owned(),
    })
}

/// A package of an index as PDM writes it, each part as TOML.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) version: String,
    /// The list with its brackets, as is that of groups.
    pub(super) extras: Option<String>,
    pub(super) pythons: Option<String>,
    pub(super) summary: String,
    pub(super) groups: Option<String>,
    pub(super) marker: Option<String>,
    pub(super) dependencies: Vec<String>,
    pub(super) files: Vec<String>,
}

impl Parts {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let value = |key: &str| entry.table.get(key).map(written);
        let items = |key: &str| -> Vec<String> {
            let items = entry.table.get(key).into_iter().flat_map(Value::items);
            items.map(written).collect()
        };
        Self {
            name: value("name").unwrap_or_default(),
            version: value("version").unwrap_or_default(),
            extras: value("extras"),
            pythons: value("requires_python"),
            summary: value("summary").unwrap_or_default(),
            groups: value("groups"),
            marker: value("marker"),
            dependencies: items("dependencies"),
            files: items("files"),
        }
    }

    /// The block, up to its last line.
    pub(super) fn shown(&self, line_end: &str) -> String {
        let mut lines = vec![
            "[[package]]".to_owned(),
            format!("name = {}", self.name),
            format!("version = {}", self.version),
        ];
        let one = |lines: &mut Vec<String>, key: &str, value: &Option<String>| {
            lines.extend(value.iter().map(|value| format!("{key} = {value}")));
        };
        one(&mut lines, "extras", &self.extras);
        one(&mut lines, "requires_python", &self.pythons);
        lines.push(format!("summary = {}", self.summary));
        one(&mut lines, "groups", &self.groups);
        one(&mut lines, "marker", &self.marker);
        for (key, items) in [("dependencies", &self.dependencies), ("files", &self.files)] {
            if !items.is_empty() {
                lines.push(format!("{key} = ["));
                lines.extend(items.iter().map(|item| format!("    {item},")));
                lines.push("]".to_owned());
            }
        }
        let lines = lines.iter().map(|line| format!("{line}{line_end}"));
        lines.collect()
    }
}

/// A list of texts in one line.
pub(super) fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.map(string).collect();
    format!("[{}]", texts.join(", "))
}
