//! The packages of a `Pipfile.lock` with what an edit of them needs: where each stands, and how pipenv writes it.

use std::ops::Range;

use crate::ecosystem::normalise;
use crate::model::Ecosystem;
use crate::text::json;
use crate::text::tree::{Document, Kind, Value};

/// A package of a category.
pub struct Entry<'d> {
    /// `default`, `develop`, or what the `Pipfile` calls it.
    pub category: String,
    /// The name, normalised.
    pub name: String,
    /// The version behind `==`; empty where it has none.
    pub version: String,
    /// Its marker; empty for none.
    pub marker: String,
    /// The extras that are asked for, normalised.
    pub extras: Vec<String>,
    /// It comes from an index.
    pub is_of_index: bool,
    /// The object.
    pub value: Value<'d>,
    /// From the quote in front of its name to the end of its object.
    pub span: Range<usize>,
}

/// Reads a lockfile's text.
#[must_use]
pub fn document(text: &str) -> Document<'_> {
    json::read(text)
}

/// The packages in the order of the file.
///
/// # Errors
/// Why the file cannot be edited, as a sentence.
pub fn entries<'d>(document: &'d Document<'d>) -> Result<Vec<Entry<'d>>, String> {
    const DAMAGED: &str = "The lockfile is damaged.";
    let root = document.root();
    if !document.problems.is_empty() || !root.is_object() {
        return Err(DAMAGED.to_owned());
    }
    let spec = root.get("_meta").and_then(|meta| meta.get("pipfile-spec"));
    if spec.and_then(Value::as_u64) != Some(6) {
        return Err("Only version 6 of pipenv's lockfile can be edited.".to_owned());
    }
    let mut entries = Vec::new();
    for (category, section) in root.entries().filter(|(category, _)| category != "_meta") {
        for (name, value) in section.entries() {
            if !value.is_object() {
                return Err(DAMAGED.to_owned());
            }
            entries.push(entry(&category, &name, value));
        }
    }
    Ok(entries)
}

fn entry<'d>(category: &str, name: &str, value: Value<'d>) -> Entry<'d> {
    let version = value.str("version").unwrap_or_default();
    let is_located = ["git", "hg", "svn", "bzr", "path", "file"]
        .into_iter()
        .any(|key| value.get(key).is_some());
    let exact = version
        .strip_prefix("==")
        .map(|version| version.trim().to_owned());
    let extras = value.get("extras").into_iter().flat_map(Value::items);
    let start = (value.key_span().start as usize).saturating_sub(1);
    Entry {
        category: category.to_owned(),
        name: normal(name),
        is_of_index: !is_located && exact.is_some(),
        version: exact.unwrap_or_default(),
        marker: value.str("markers").unwrap_or_default().into_owned(),
        extras: extras
            .filter_map(Value::as_str)
            .map(|extra| normal(&extra))
            .collect(),
        value,
        span: start..value.span().end as usize,
    }
}

impl Entry<'_> {
    /// The hashes as written.
    #[must_use]
    pub fn hashes(&self) -> Vec<String> {
        let hashes = self.value.get("hashes").into_iter().flat_map(Value::items);
        hashes
            .filter_map(Value::as_str)
            .map(std::borrow::Cow::into_owned)
            .collect()
    }
}

/// A name in its one spelling.
#[must_use]
pub fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}

/// An entry as pipenv writes it: its fields by name, each as JSON in the place where it stands.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those of an entry, as they stand in the text.
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let fields = entry.value.entries();
        Self(
            fields
                .map(|(key, value)| (key.into_owned(), written(value)))
                .collect(),
        )
    }

    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// With another value of a field; none of that name where it is empty.
    pub(super) fn set(&mut self, key: &str, value: Option<String>) {
        self.0.retain(|(known, _)| known != key);
        if let Some(value) = value {
            self.0.push((key.to_owned(), value));
            self.0.sort_by(|left, right| left.0.cmp(&right.0));
        }
    }

    /// The object, from bracket to bracket.
    pub(super) fn shown(&self, line_end: &str) -> String {
        let fields = self
            .0
            .iter()
            .map(|(key, value)| format!("            \"{key}\": {value}"));
        let fields: Vec<String> = fields.collect();
        match fields.is_empty() {
            true => "{}".to_owned(),
            false => format!(
                "{{{line_end}{}{line_end}        }}",
                fields.join(&format!(",{line_end}"))
            ),
        }
    }
}

/// A list of strings as the value of a field.
pub(super) fn list(items: &[String], line_end: &str) -> String {
    let items = items
        .iter()
        .map(|item| format!("                {}", quoted(item)));
    let items: Vec<String> = items.collect();
    match items.is_empty() {
        true => "[]".to_owned(),
        false => format!(
            "[{line_end}{}{line_end}            ]",
            items.join(&format!(",{line_end}"))
        ),
    }
}

/// A string as JSON.
pub(super) fn quoted(text: &str) -> String {
    super::python_json::quoted(text)
}

/// A value as it stands in the file, strings with their quotes.
fn written(value: Value<'_>) -> String {
    match value.kind() {
        Kind::PlainString | Kind::JsonString => format!("\"{}\"", value.raw()),
        _ => value.raw().to_owned(),
    }
}
