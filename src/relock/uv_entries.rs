//! The packages of a `uv.lock` with what an edit of them needs: where each stands, and its parts as uv writes them.

use std::ops::Range;

use crate::ecosystem::normalise;
use crate::model::Ecosystem;
use crate::text::toml;
use crate::text::tree::{Document, Value};

/// A `[[package]]`.
pub struct Entry<'d> {
    /// The name, normalised.
    pub name: String,
    /// Empty where there is none.
    pub version: String,
    /// The address of its index, or the path of one.
    pub registry: Option<String>,
    /// The folder of a package of one's own, from that of the lockfile; empty for that itself.
    pub folder: Option<String>,
    /// The markers under which it is meant, of which one has to hold.
    pub markers: Vec<String>,
    /// The table.
    pub table: Value<'d>,
    /// From its header to the next one.
    pub block: Range<usize>,
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
    let root = document.root();
    if root.get("version").and_then(Value::as_u64) != Some(1) {
        return Err("Only version 1 of uv's lockfile can be edited.".to_owned());
    }
    let headers = headers(text);
    let tables: Vec<Value<'d>> = root.get("package").into_iter().flat_map(Value::items).collect();
    if headers.len() != tables.len() {
        return Err(DAMAGED.to_owned());
    }
    let mut ends: Vec<usize> = headers.iter().skip(1).copied().collect();
    ends.push(text.len());
    let blocks = headers.into_iter().zip(ends);
    tables
        .into_iter()
        .zip(blocks)
        .map(|(table, (start, end))| {
            let source = table.get("source");
            let of = |key: &str| {
                source
                    .and_then(|source| source.str(key))
                    .map(std::borrow::Cow::into_owned)
            };
            let own = ["editable", "virtual", "directory"].into_iter().find_map(of);
            let markers = table.get("resolution-markers").into_iter().flat_map(Value::items);
            Ok(Entry {
                name: normal(&table.str("name").ok_or(DAMAGED)?),
                version: table
                    .str("version")
                    .map(std::borrow::Cow::into_owned)
                    .unwrap_or_default(),
                registry: of("registry"),
                folder: own.map(|folder| match folder.as_str() {
                    "." => String::new(),
                    _ => folder,
                }),
                markers: markers
                    .filter_map(Value::as_str)
                    .map(std::borrow::Cow::into_owned)
                    .collect(),
                table,
                block: start..end,
            })
        })
        .collect()
}

/// Where the lines `[[package]]` start.
fn headers(text: &str) -> Vec<usize> {
    let mut start = 0;
    let mut headers = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "[[package]]" {
            headers.push(start);
        }
        start += line.len();
    }
    headers
}

/// The list of a package in which an edge stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// `dependencies`
    Dependencies,
    /// `optional-dependencies` of this extra.
    Extra(String),
    /// `dev-dependencies` of this group.
    Group(String),
}

impl<'d> Entry<'d> {
    /// What it needs: each list with its items.
    #[must_use]
    pub fn edges(&self) -> Vec<(List, Value<'d>)> {
        let mut edges = Vec::new();
        let mut add = |list: &List, value: Value<'d>| {
            edges.extend(value.items().map(|item| (list.clone(), item)));
        };
        if let Some(value) = self.table.get("dependencies") {
            add(&List::Dependencies, value);
        }
        let tables = |key: &str| {
            self.table
                .get(key)
                .into_iter()
                .flat_map(Value::entries)
                .collect::<Vec<_>>()
        };
        for (extra, value) in tables("optional-dependencies") {
            add(&List::Extra(normal(&extra)), value);
        }
        for (group, value) in tables("dev-dependencies") {
            add(&List::Group(group.into_owned()), value);
        }
        edges
    }

    /// The edge leads to this package.
    #[must_use]
    pub fn is_meant_by(&self, edge: Value<'_>) -> bool {
        let is_named = edge.str("name").is_some_and(|name| normal(&name) == self.name);
        let is_of_version = edge
            .str("version")
            .is_none_or(|version| *version == *self.version);
        let source = edge.get("source").map(Value::raw);
        is_named
            && is_of_version
            && source.is_none_or(|source| Some(source) == self.table.get("source").map(Value::raw))
    }

    /// What one's own project asks for, as the lockfile repeats it: `{ name, specifier, marker, extras }`.
    #[must_use]
    pub fn asked(&self) -> Vec<Value<'d>> {
        let metadata = self.table.get("metadata");
        let of = |key: &str| metadata.and_then(|metadata| metadata.get(key));
        let groups = of("requires-dev").into_iter().flat_map(Value::entries);
        let groups = groups.flat_map(|(_, group)| group.items());
        of("requires-dist")
            .into_iter()
            .flat_map(Value::items)
            .chain(groups)
            .collect()
    }
}

/// The extras that an edge asks for.
#[must_use]
pub fn extras_of(edge: Value<'_>) -> Vec<String> {
    let extras = edge.get("extra").into_iter().flat_map(Value::items);
    extras
        .filter_map(Value::as_str)
        .map(|extra| normal(&extra))
        .collect()
}

/// A name in its one spelling.
#[must_use]
pub fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}

/// A package of an index as uv writes it, each part as TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) source: String,
    /// The list with its brackets.
    pub(super) markers: Option<String>,
    pub(super) dependencies: Vec<String>,
    pub(super) sdist: Option<String>,
    pub(super) wheels: Vec<String>,
    pub(super) optional: Vec<(String, Vec<String>)>,
}

impl Parts {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let raw = |key: &str| entry.table.get(key).map(Value::raw);
        let items = |value: Option<Value<'_>>| -> Vec<String> {
            let items = value.into_iter().flat_map(Value::items);
            items.map(|item| item.raw().to_owned()).collect()
        };
        let optional = entry.table.get("optional-dependencies");
        Self {
            name: raw("name").unwrap_or_default().to_owned(),
            version: entry.version.clone(),
            source: raw("source").unwrap_or_default().to_owned(),
            markers: raw("resolution-markers").map(str::to_owned),
            dependencies: items(entry.table.get("dependencies")),
            sdist: raw("sdist").map(str::to_owned),
            wheels: items(entry.table.get("wheels")),
            optional: optional
                .into_iter()
                .flat_map(Value::entries)
                .map(|(extra, list)| (extra.into_owned(), items(Some(list))))
                .collect(),
        }
    }

    /// The block, up to its last line.
    pub(super) fn shown(&self, line_end: &str) -> String {
        let mut lines = vec![
            "[[package]]".to_owned(),
            format!("name = \"{}\"", self.name),
            format!("version = \"{}\"", self.version),
            format!("source = {}", self.source),
        ];
        lines.extend(
            self.markers
                .iter()
                .map(|markers| format!("resolution-markers = {markers}")),
        );
        let list = |lines: &mut Vec<String>, key: &str, items: &[String]| {
            if !items.is_empty() {
                lines.push(format!("{key} = ["));
                lines.extend(items.iter().map(|item| format!("    {item},")));
                lines.push("]".to_owned());
            }
        };
        list(&mut lines, "dependencies", &self.dependencies);
        lines.extend(self.sdist.iter().map(|sdist| format!("sdist = {sdist}")));
        list(&mut lines, "wheels", &self.wheels);
        if !self.optional.is_empty() {
            lines.push(String::new());
            lines.push("[package.optional-dependencies]".to_owned());
            for (extra, items) in &self.optional {
                list(&mut lines, extra, items);
            }
        }
        let lines = lines.iter().map(|line| format!("{line}{line_end}"));
        lines.collect()
    }
}
