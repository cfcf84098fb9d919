//! The entries of a `pnpm-lock.yaml` of version 9, for those who plan changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::key::{self, Style};
use super::source::{self, Fields, text};
use crate::model::Source;
use crate::text::Span;
use crate::text::tree::{Kind, Value};
use crate::text::yaml;

/// What a lockfile locks.
#[derive(Debug, Default)]
pub struct Locked {
    /// The projects of the workspace.
    pub importers: Vec<Importer>,
    /// What comes from somewhere, in the order of the file.
    pub packages: Vec<PackageEntry>,
    /// What is installed, in the order of the file.
    pub snapshots: Vec<Snapshot>,
    /// What catalogs of the workspace say.
    pub catalogs: Vec<CatalogEntry>,
    /// `overrides`: selectors, and what counts in the place of what they select.
    pub overrides: Vec<(String, String)>,
    /// Optional dependencies that are left out.
    pub ignored: Vec<String>,
    /// Peers that nothing asks for are installed.
    pub installs_peers: bool,
    /// Fields at the top.
    pub fields: BTreeSet<String>,
}

/// A project of the workspace.
#[derive(Debug)]
pub struct Importer {
    /// Its folder, as the file calls it: `.` for that of the lockfile.
    pub folder: String,
    /// What it asks for.
    pub needs: Vec<Wish>,
}

/// What a project asks for.
#[derive(Debug)]
pub struct Wish {
    /// The name that it has for it.
    pub name: String,
    /// It may be left out where it cannot be installed.
    pub is_optional: bool,
    /// What it asks for.
    pub specifier: Scalar,
    /// What that leads to, as the file says it.
    pub version: Scalar,
    /// The number of the snapshot that this is.
    pub to: Option<usize>,
}

/// A text of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// What it says.
    pub text: String,
    /// Where it stands, with its quotes.
    pub at: Range<usize>,
}

/// Where a package comes from.
#[derive(Debug)]
pub struct PackageEntry {
    /// Its key: `name@version`.
    pub id: String,
    /// Where it stands, from the start of its first line to the end of its last.
    pub at: Range<usize>,
    /// The package's own name.
    pub name: String,
    /// Its version, or what stands in that place.
    pub version: String,
    /// It comes from the registry that pnpm is set to.
    pub is_of_registry: bool,
    /// Where its archive is, if the file says it.
    pub tarball: Option<String>,
    /// The hash of its archive.
    pub integrity: Option<String>,
    /// What it expects beside itself, with the range.
    pub peers: BTreeMap<String, String>,
    /// Those of them that may be absent.
    pub optional_peers: BTreeSet<String>,
}

/// A package as it is installed beside its peers.
#[derive(Debug)]
pub struct Snapshot {
    /// Its key: that of the package and its peers.
    pub key: String,
    /// Where it stands, from the start of its first line to the end of its last.
    pub at: Range<usize>,
    /// The number of the package.
    pub package: usize,
    /// What it needs.
    pub needs: Vec<Edge>,
    /// Peers of what it needs that it does not have itself.
    pub transitive: BTreeSet<String>,
    /// Everything that needs it can do without.
    pub is_optional: bool,
}

/// What a package needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The name that it has for it.
    pub name: String,
    /// What that leads to, as the file says it.
    pub version: String,
    /// It may be left out where it cannot be installed.
    pub is_optional: bool,
    /// The number of the snapshot that this is.
    pub to: Option<usize>,
}

/// What a catalog says.
#[derive(Debug)]
pub struct CatalogEntry {
    /// The catalog's name.
    pub catalog: String,
    /// The package by the name that projects have for it.
    pub name: String,
    /// What it asks for.
    pub specifier: Scalar,
    /// What that leads to.
    pub version: Scalar,
}

impl Locked {
    /// What the catalog of `specifier`, `catalog:NAME`, says of `name`; `None` where it is no catalog's.
    #[must_use]
    pub fn cataloged(&self, specifier: &str, name: &str) -> Option<&CatalogEntry> {
        let catalog = specifier.strip_prefix("catalog:")?;
        let catalog = if catalog.is_empty() { "default" } else { catalog };
        self.catalogs
            .iter()
            .find(|entry| entry.catalog == catalog && entry.name == name)
    }
}

const DAMAGED: &str = "The lockfile is damaged.";

/// What the lockfile `text` locks: its last document.
///
/// # Errors
/// Why nothing can be planned with it, as a sentence.
pub fn locked(text: &str) -> Result<Locked, String> {
    let document = yaml::read_stream(text);
    if !document.problems.is_empty() {
        return Err(DAMAGED.to_owned());
    }
    let root = document.root().items().last().ok_or(DAMAGED)?;
    let version = root
        .get("lockfileVersion")
        .and_then(source::text)
        .ok_or(DAMAGED)?;
    match &*version {
        "9.0" => {}
        "13.0" => {
            return Err(
                "Lockfiles of version 13.0, which pnpm calls an experiment, are not edited: upgrade with pnpm, or have it write version 9.0."
                    .to_owned(),
            );
        }
        other => {
            return Err(format!(
                "Lockfiles of version {other} of pnpm are not edited, only those of version 9.0, which pnpm 9 and later write."
            ));
        }
    }
    let mut locked = Locked {
        fields: root.entries().map(|(name, _)| name.into_owned()).collect(),
        installs_peers: root
            .get("settings")
            .and_then(|settings| settings.get("autoInstallPeers"))
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        ..Locked::default()
    };
    let table = |name: &str| root.get(name).into_iter().flat_map(Value::entries);
    locked.overrides = table("overrides")
        .filter_map(|(selector, value)| Some((selector.into_owned(), source::text(value)?.into_owned())))
        .collect();
    let ignored = root.get("ignoredOptionalDependencies").into_iter();
    locked.ignored = ignored
        .flat_map(Value::items)
        .filter_map(|name| Some(name.as_str()?.into_owned()))
        .collect();
    for (catalog, entries) in table("catalogs") {
        for (name, entry) in entries.entries() {
            locked.catalogs.push(CatalogEntry {
                catalog: catalog.clone().into_owned(),
                name: name.into_owned(),
                specifier: entry
                    .get("specifier")
                    .and_then(|value| scalar(text, value))
                    .ok_or(DAMAGED)?,
                version: entry
                    .get("version")
                    .and_then(|value| scalar(text, value))
                    .ok_or(DAMAGED)?,
            });
        }
    }
    let mut ids: HashMap<String, usize> = HashMap::new();
    for (id, value) in table("packages") {
        let package = package(text, &id, value).ok_or(DAMAGED)?;
        if ids.insert(id.into_owned(), locked.packages.len()).is_some() {
            return Err(DAMAGED.to_owned());
        }
        locked.packages.push(package);
    }
    let mut keys: HashMap<String, usize> = HashMap::new();
    for (number, (key, _)) in table("snapshots").enumerate() {
        if keys.insert(key.into_owned(), number).is_some() {
            return Err(DAMAGED.to_owned());
        }
    }
    for (key, value) in table("snapshots") {
        let id = key.get(..key::suffix(&key)).unwrap_or(&key);
        let snapshot = Snapshot {
            at: block(text, value),
            package: *ids.get(id).ok_or(DAMAGED)?,
            needs: edges(value, &keys).ok_or(DAMAGED)?,
            transitive: listed(value.get("transitivePeerDependencies")),
            is_optional: value.get("optional").and_then(Value::as_bool).unwrap_or_default(),
            key: key.into_owned(),
        };
        locked.snapshots.push(snapshot);
    }
    for (folder, value) in table("importers") {
        let mut needs = Vec::new();
        for name in ["dependencies", "devDependencies", "optionalDependencies"] {
            for (alias, wish) in value.get(name).into_iter().flat_map(Value::entries) {
                let version = wish
                    .get("version")
                    .and_then(|value| scalar(text, value))
                    .ok_or(DAMAGED)?;
                needs.push(Wish {
                    is_optional: name == "optionalDependencies",
                    specifier: wish
                        .get("specifier")
                        .and_then(|value| scalar(text, value))
                        .ok_or(DAMAGED)?,
                    to: led(&alias, &version.text, &keys)?,
                    version,
                    name: alias.into_owned(),
                });
            }
        }
        locked.importers.push(Importer {
            folder: folder.into_owned(),
            needs,
        });
    }
    Ok(locked)
}

/// The snapshot that a dependent means by `version` under `name`; `None` for a folder.
fn led(name: &str, version: &str, keys: &HashMap<String, usize>) -> Result<Option<usize>, &'static str> {
    if version.starts_with("link:") {
        return Ok(None);
    }
    let mut joined = String::new();
    let key = key::meant(Style::At, name, version, &mut joined);
    keys.get(key).copied().map(Some).ok_or(DAMAGED)
}

fn edges(value: Value<'_>, keys: &HashMap<String, usize>) -> Option<Vec<Edge>> {
    let mut edges = Vec::new();
    for table in ["dependencies", "optionalDependencies"] {
        for (name, version) in value.get(table).into_iter().flat_map(Value::entries) {
            let version = text(version)?.into_owned();
            edges.push(Edge {
                to: led(&name, &version, keys).ok()?,
                is_optional: table == "optionalDependencies",
                name: name.into_owned(),
                version,
            });
        }
    }
    Some(edges)
}

fn listed(value: Option<Value<'_>>) -> BTreeSet<String> {
    let items = value.into_iter().flat_map(Value::items);
    items
        .filter_map(|item| Some(item.as_str()?.into_owned()))
        .collect()
}

fn package(all: &str, id: &str, value: Value<'_>) -> Option<PackageEntry> {
    let fields = Fields::of(value);
    let key = key::parse(Style::At, id);
    let found = source::find(id, &key, &fields);
    let part = |range: Range<usize>| id.get(range).unwrap_or_default().to_owned();
    let is_of_registry = key.is_version
        && key.registry.is_none()
        && !found.is_odd
        && !found.is_unsaid
        && matches!(found.source, Source::Registry(_));
    let meta = value
        .get("peerDependenciesMeta")
        .into_iter()
        .flat_map(Value::entries);
    let peers = value.get("peerDependencies").into_iter().flat_map(Value::entries);
    Some(PackageEntry {
        at: block(all, value),
        name: part(key.name.clone()?),
        version: id.get(key.name?.end.saturating_add(1)..)?.to_owned(),
        is_of_registry,
        tarball: fields.tarball.and_then(text).map(|text| text.into_owned()),
        integrity: fields.integrity.and_then(text).map(|text| text.into_owned()),
        peers: peers
            .map(|(name, range)| Some((name.into_owned(), text(range)?.into_owned())))
            .collect::<Option<_>>()?,
        optional_peers: meta
            .filter(|(_, meta)| meta.get("optional").and_then(Value::as_bool) == Some(true))
            .map(|(name, _)| name.into_owned())
            .collect(),
        id: id.to_owned(),
    })
}

/// The lines of an entry.
fn block(text: &str, value: Value<'_>) -> Range<usize> {
    let key = value.key_span().start as usize;
    let start = text
        .get(..key)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |end| end.saturating_add(1));
    let end = (value.span().end as usize).max(value.key_span().end as usize);
    let lines = text.get(start..end).unwrap_or_default().trim_end();
    start..start.saturating_add(lines.len())
}

fn scalar(all: &str, value: Value<'_>) -> Option<Scalar> {
    let said = match value.kind() {
        Kind::Object | Kind::Array => return None,
        _ => text(value)?.into_owned(),
    };
    let Span { start, end } = value.text_span();
    let (start, end) = (start as usize, end as usize);
    let before = all.get(..start)?.as_bytes().last();
    let after = all.get(end..)?.as_bytes().first();
    let is_quoted = matches!(before, Some(b'\'' | b'"')) && before == after;
    Some(Scalar {
        text: said,
        at: match is_quoted {
            true => start.saturating_sub(1)..end.saturating_add(1),
            false => start..end,
        },
    })
}
