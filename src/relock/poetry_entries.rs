//! The packages of a `poetry.lock` with what an edit of them needs: where each stands, and its parts as Poetry writes them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::ecosystem::normalise;
use crate::lockfile::poetry_lock::constraint::allows;
use crate::lockfile::poetry_lock::project::wanted;
use crate::model::Ecosystem;
use crate::text::toml;
use crate::text::tree::{Document, Value};

/// A `[[package]]`.
pub struct Entry<'d> {
    /// The name, normalised.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// Only an extra of the project brings it.
    pub is_optional: bool,
    /// The groups of the project that bring it; empty before lock version 2.1.
    pub groups: Vec<String>,
    /// Whether it is `main` or `dev`, where the file says it so.
    pub category: Option<String>,
    /// Where it is meant.
    pub markers: Markers,
    /// It comes from elsewhere than the default index.
    pub source: Option<Value<'d>>,
    /// The table.
    pub table: Value<'d>,
    /// From its header to the next one.
    pub block: Range<usize>,
}

/// Where a package is meant, as the lockfile says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Markers {
    /// Everywhere.
    #[default]
    None,
    /// Where this marker holds, whatever group brings it.
    All(String),
    /// For each group with a marker its own.
    Groups(BTreeMap<String, String>),
}

impl Markers {
    /// The marker for a group; empty for everywhere.
    #[must_use]
    pub fn of(&self, group: &str) -> &str {
        match self {
            Self::None => "",
            Self::All(marker) => marker,
            Self::Groups(markers) => markers.get(group).map_or("", String::as_str),
        }
    }
}

/// That a package needs another.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The other, normalised.
    pub name: String,
    /// Poetry's constraint; empty for any version.
    pub constraint: String,
    /// The extras that are asked for, normalised.
    pub extras: Vec<String>,
    /// Its marker; empty for none.
    pub marker: String,
}

/// Who wrote the file, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Lock version 2.1: groups and markers stand with each package, and markers with what extras need.
    pub has_groups: bool,
    /// From Poetry 2.5 on, a version that a range leaves out is written as `!=`, and not as the two ranges around it.
    pub has_holes: bool,
}

impl Style {
    /// The style of the lockfile `text`, which `root` was read from.
    ///
    /// # Errors
    /// Why the file cannot be edited, as a sentence.
    pub fn of(text: &str, root: Value<'_>) -> Result<Self, String> {
        let version = root
            .get("metadata")
            .and_then(|metadata| metadata.str("lock-version"));
        let has_groups = match version.as_deref() {
            Some("2.0") => false,
            Some("2.1") => true,
            _ => return Err("Only lock versions 2.0 and 2.1 of Poetry can be edited.".to_owned()),
        };
        Ok(Self {
            has_groups,
            has_holes: poetry(text).is_some_and(|version| version >= (2, 5)),
        })
    }
}

/// The major and minor version of Poetry in the first line.
fn poetry(text: &str) -> Option<(u32, u32)> {
    let (_, behind) = text.lines().next()?.split_once(" by Poetry ")?;
    let mut numbers = behind.split(['.', ' ']).map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
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
    let tables: Vec<Value<'d>> = document
        .root()
        .get("package")
        .into_iter()
        .flat_map(Value::items)
        .collect();
    let blocks = blocks(text);
    if blocks.len() != tables.len() {
        return Err(DAMAGED.to_owned());
    }
    let both = tables.into_iter().zip(blocks);
    both.map(|(table, block)| entry(table, block).ok_or_else(|| DAMAGED.to_owned()))
        .collect()
}

fn entry(table: Value<'_>, block: Range<usize>) -> Option<Entry<'_>> {
    let owned = |value: Value<'_>| value.as_str().map(std::borrow::Cow::into_owned);
    Some(Entry {
        name: normal(&table.str("name")?),
        version: table.str("version")?.into_owned(),
        is_optional: table.get("optional").and_then(Value::as_bool) == Some(true),
        groups: table
            .get("groups")
            .into_iter()
            .flat_map(Value::items)
            .filter_map(owned)
            .collect(),
        category: table.str("category").map(std::borrow::Cow::into_owned),
        markers: match table.get("markers") {
            None => Markers::None,
            Some(markers) if markers.is_object() => Markers::Groups(
                markers
                    .entries()
                    .filter_map(|(group, marker)| Some((group.into_owned(), owned(marker)?)))
                    .collect(),
            ),
            Some(marker) => Markers::All(owned(marker)?),
        },
        source: table.get("source"),
        table,
        block,
    })
}

/// Each `[[package]]` with the tables of its own, up to the next header of another.
pub(super) fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut is_open = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let header = line.trim_end();
        let is_package = header == "[[package]]";
        if is_package
            || (header.starts_with('[') && header.ends_with(']') && !header.starts_with("[package."))
        {
            if let Some(block) = blocks.last_mut().filter(|_| is_open) {
                block.end = start;
            }
            is_open = is_package;
            if is_package {
                blocks.push(start..text.len());
            }
        }
        start = start.saturating_add(line.len());
    }
    blocks
}

impl Entry<'_> {
    /// What it needs, in the order of the file.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        let dependencies = self
            .table
            .get("dependencies")
            .into_iter()
            .flat_map(Value::entries);
        dependencies
            .flat_map(|(name, value)| edges(&name, value))
            .collect()
    }

    /// An edge or a dependency of one's own leads to this package.
    #[must_use]
    pub fn is_meant_by(&self, name: &str, constraint: &str) -> bool {
        self.name == name && allows(constraint, &self.version) != Some(false)
    }

    /// What each of its extras needs, as written: `name[extra] (>=1) ; marker`.
    #[must_use]
    pub fn extras(&self) -> Vec<(String, Vec<String>)> {
        let lists = self.table.get("extras").into_iter().flat_map(Value::entries);
        let lists = lists.map(|(extra, list)| {
            let items = list.items().filter_map(Value::as_str);
            (normal(&extra), items.map(std::borrow::Cow::into_owned).collect())
        });
        lists.collect()
    }
}

/// The edges under one key of `[package.dependencies]`.
fn edges(name: &str, value: Value<'_>) -> Vec<Edge> {
    let all = wanted(value).into_iter().map(|wanted| Edge {
        name: normal(name),
        constraint: wanted.constraint,
        extras: wanted.extras.iter().map(|extra| normal(extra)).collect(),
        marker: wanted.marker,
    });
    all.collect()
}

/// A name in its one spelling.
#[must_use]
pub fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}

/// A package as Poetry writes it, each part as TOML.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: String,
    /// `main` or `dev`, as Poetry 1.3 and 1.4 say what brings it.
    pub(super) category: Option<String>,
    pub(super) optional: String,
    pub(super) pythons: String,
    /// The list with its brackets, as are those below.
    pub(super) groups: Option<String>,
    /// One marker as a string, or a table of those of groups.
    pub(super) markers: Option<String>,
    pub(super) files: Vec<String>,
    pub(super) dependencies: Vec<(String, String)>,
    pub(super) extras: Vec<(String, String)>,
    pub(super) source: Vec<(String, String)>,
}

impl Parts {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let value = |key: &str| entry.table.get(key).map(written);
        let table = |key: &str| -> Vec<(String, String)> {
            let entries = entry.table.get(key).into_iter().flat_map(Value::entries);
            entries
                .map(|(key, value)| (key.into_owned(), written(value)))
                .collect()
        };
        let files = entry.table.get("files").into_iter().flat_map(Value::items);
        Self {
            name: value("name").unwrap_or_default(),
            version: value("version").unwrap_or_default(),
            description: value("description").unwrap_or_default(),
            category: value("category"),
            optional: value("optional").unwrap_or_default(),
            pythons: value("python-versions").unwrap_or_default(),
            groups: value("groups"),
            markers: value("markers"),
            files: files.map(written).collect(),
            dependencies: table("dependencies"),
            extras: table("extras"),
            source: table("source"),
        }
    }

    /// The block, up to its last line.
    pub(super) fn shown(&self, line_end: &str) -> String {
        let mut lines = vec![
            "[[package]]".to_owned(),
            format!("name = {}", self.name),
            format!("version = {}", self.version),
            format!("description = {}", self.description),
        ];
        lines.extend(
            self.category
                .iter()
                .map(|category| format!("category = {category}")),
        );
        lines.push(format!("optional = {}", self.optional));
        lines.push(format!("python-versions = {}", self.pythons));
        lines.extend(self.groups.iter().map(|groups| format!("groups = {groups}")));
        // Of a table of markers tomlkit makes a line behind those of plain values.
        let (table, plain): (Vec<&String>, Vec<&String>) =
            self.markers.iter().partition(|markers| markers.starts_with('{'));
        lines.extend(plain.iter().map(|marker| format!("markers = {marker}")));
        match self.files.is_empty() {
            true => lines.push("files = []".to_owned()),
            false => {
                lines.push("files = [".to_owned());
                lines.extend(self.files.iter().map(|file| format!("    {file},")));
                lines.push("]".to_owned());
            }
        }
        lines.extend(table.iter().map(|markers| format!("markers = {markers}")));
        for (name, entries) in [
            ("dependencies", &self.dependencies),
            ("extras", &self.extras),
            ("source", &self.source),
        ] {
            if !entries.is_empty() {
                lines.push(String::new());
                lines.push(format!("[package.{name}]"));
                lines.extend(
                    entries
                        .iter()
                        .map(|(name, value)| format!("{} = {value}", key(name))),
                );
            }
        }
        let lines = lines.iter().flat_map(|line| line.split('\n'));
        let lines = lines.map(|line| format!("{}{line_end}", line.strip_suffix('\r').unwrap_or(line)));
        lines.collect()
    }
}

/// A value as it stands in the file, strings with their quotes.
pub(super) fn written(value: Value<'_>) -> String {
    use crate::text::tree::Kind;
    match value.kind() {
        Kind::PlainString => format!("\"{}\"", value.raw()),
        _ => value.raw().to_owned(),
    }
}

/// A key as TOML.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match !name.is_empty() && name.bytes().all(is_bare) {
        true => name.to_owned(),
        false => string(name),
    }
}

/// A string of one line as TOML.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            other if other.is_control() && u32::from(other) < 0x80 => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(other)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
