//! The entries of a `Cargo.lock`, each read in one pass over its fields.

use std::borrow::Cow;

use crate::lockfile::Parsed;
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans};
use crate::text::Span;
use crate::text::tree::{Document, Kind, Value, ValueId};

/// The newest version of the format that is known here.
const NEWEST: u64 = 4;

pub(super) const DAMAGED: &str =
    "Restore the file from its last good commit, or delete it and run `cargo generate-lockfile`.";

/// A `[[package]]`, or the `[root]` of version 1. Its fields are kept as numbers: a file may have a million entries.
pub(super) struct Entry<'d> {
    pub(super) table: Value<'d>,
    name: ValueId,
    version: ValueId,
    /// An own module has none.
    pub(super) source: Option<ValueId>,
    /// Where the checksum stands.
    pub(super) checksum: Option<Span>,
    dependencies: Option<ValueId>,
    replace: Option<ValueId>,
}

impl<'d> Entry<'d> {
    fn text(&self, field: ValueId) -> Cow<'d, str> {
        self.table.of_id(field).as_str().unwrap_or_default()
    }

    pub(super) fn name(&self) -> Cow<'d, str> {
        self.text(self.name)
    }

    pub(super) fn version(&self) -> Cow<'d, str> {
        self.text(self.version)
    }

    /// The source as it is written, and where.
    pub(super) fn source(&self) -> Option<(Cow<'d, str>, Span)> {
        let source = self.source?;
        Some((self.text(source), self.table.of_id(source).text_span()))
    }

    pub(super) fn dependencies(&self) -> impl Iterator<Item = Value<'d>> + use<'d> {
        let list = self.dependencies.map(|list| self.table.of_id(list));
        list.into_iter().flat_map(Value::items)
    }

    pub(super) fn replace(&self) -> Option<Value<'d>> {
        self.replace.map(|replace| self.table.of_id(replace))
    }

    pub(super) fn package(&self, source: Source) -> Package {
        let place = FileSpan::here(self.table.of_id(self.version).text_span());
        let mut package = Package::new(Ecosystem::CRATES_IO, self.name(), self.version(), place);
        package.source = source;
        package.spans = Spans {
            entry: Some(self.table.span()),
            source: self.source.map(|source| self.table.of_id(source).text_span()),
            checksums: self.checksum.into_iter().collect(),
            edges: self.dependencies.map(|list| self.table.of_id(list).span()),
        };
        package
    }
}

/// The entries in the order of the file, and `[metadata]`, where version 1 keeps the checksums.
pub(super) fn entries<'d>(
    text: &str,
    document: &'d Document<'d>,
    parsed: &mut Parsed,
) -> (Vec<Entry<'d>>, Option<Value<'d>>) {
    let mut entries = Vec::new();
    let mut metadata = None;
    if text.trim().is_empty() {
        parsed.blind(Span::at(0), "the file is empty", DAMAGED);
    } else if ["version", "package", "root"]
        .iter()
        .all(|mark| document.root().get(mark).is_none())
    {
        parsed.blind(Span::at(0), "this is no lockfile of Cargo", DAMAGED);
    }
    for (key, value) in document.root().entries() {
        match key.as_ref() {
            "version" => match value.as_u64() {
                Some(version) if version <= NEWEST => {}
                Some(version) => parsed.blind(
                    value.span(),
                    format!(
                        "version {version} of the format is newer than {NEWEST}, the newest one known here"
                    ),
                    "Update lockkeeper.",
                ),
                None => parsed.blind(value.span(), "the version of the format is no number", DAMAGED),
            },
            "package" => {
                if value.kind() != Kind::Array {
                    parsed.blind(value.span(), "`package` is no list of tables", DAMAGED);
                }
                entries.extend(value.items().filter_map(|item| entry(item, parsed)));
            }
            "root" => entries.extend(entry(value, parsed)),
            // Not used, but the file is whole only with them.
            "patch" => {
                let unused = value.get("unused").into_iter().flat_map(Value::items);
                for item in unused {
                    let _unused = entry(item, parsed);
                }
            }
            "metadata" => metadata = Some(value),
            _ => {}
        }
    }
    (entries, metadata)
}

fn entry<'d>(table: Value<'d>, parsed: &mut Parsed) -> Option<Entry<'d>> {
    let (mut name, mut version, mut source, mut checksum) = (None, None, None, None);
    let (mut dependencies, mut replace) = (None, None);
    for (key, value) in table.entries() {
        let slot = match key.as_ref() {
            "name" => &mut name,
            "version" => &mut version,
            "source" => &mut source,
            "checksum" => &mut checksum,
            "dependencies" => &mut dependencies,
            "replace" => &mut replace,
            _ => continue,
        };
        *slot = Some(value);
    }
    if let Some(value) = source.filter(|value| value.as_str().is_none()) {
        parsed.blind(value.span(), "`source` is no string", DAMAGED);
    }
    let text = |value: &Value<'d>| value.as_str().is_some();
    let is_named = |name: &Value<'d>| name.as_str().is_some_and(|name| !name.is_empty());
    let is_versioned = |version: &Value<'d>| text(version) && !version.text_span().is_empty();
    match (name.filter(is_named), version.filter(is_versioned)) {
        (Some(name), Some(version)) => Some(Entry {
            table,
            name: name.id(),
            version: version.id(),
            source: source.filter(text).map(Value::id),
            checksum: checksum.map(Value::text_span),
            dependencies: dependencies.map(Value::id),
            replace: replace.map(Value::id),
        }),
        (Some(_) | None, Some(_) | None) => {
            parsed.blind(table.span(), "a package without a name or a version", DAMAGED);
            None
        }
    }
}
