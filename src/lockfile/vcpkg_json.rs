//! `vcpkg.json`, the manifest of vcpkg in its manifest mode (C and C++).
//!
//! Source of the rules: vcpkg's documentation of the file (*vcpkg.json reference*, *Versioning reference*).
//!
//! - vcpkg has no lockfile. A version in `overrides` is exact. Any other dependency gets the version of the baseline, or the least that a `version>=` allows
//!   if that is higher: the file does not say which, and all of these are one partial gap. So is what they need in turn.
//! - Dependencies of `features` are optional; those with `host` are build.
//! - OSV has no ecosystem for vcpkg. A port version (`1.2.3#4`) counts what changed in the recipe: the version is without it.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use super::{File, Format, Parsed, Upgrade, UpgradeCommand, Writer};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Spans, Tree};
use crate::text::names::listed;
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The manifest of vcpkg.
#[derive(Debug, Clone, Copy)]
pub struct VcpkgJson;

const VCPKG: Ecosystem = Ecosystem::constant("vcpkg");

const DAMAGED: &str = "Restore the file from its last good commit, or correct it: vcpkg refuses it too.";

/// The keys of versions, of which an override has one.
const VERSIONS: [&str; 4] = ["version", "version-semver", "version-string", "version-date"];

/// So many names stand in a message.
const MAX_NAMES: usize = 10;

impl Format for VcpkgJson {
    fn name(&self) -> &'static str {
        "vcpkg.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        VCPKG
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["vcpkg.json"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Write {} as the version of {} under `overrides`, or take the override out and use a newer baseline.",
                upgrade.to, upgrade.name
            )
            .into(),
        )
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        if !root.is_object() {
            parsed.blind(Span::at(0), "no manifest of vcpkg: it is no object", DAMAGED);
            return parsed;
        }
        let mut asked: HashMap<Cow<'_, str>, (Scopes, Span)> = HashMap::new();
        let mut order = Vec::new();
        let own = root.get("dependencies").map(|list| (list, Scope::Runtime));
        let features = root.get("features").into_iter();
        let features =
            features.flat_map(|features| features.items().chain(features.entries().map(|(_, one)| one)));
        let features = features.filter_map(|feature| Some((feature.get("dependencies")?, Scope::Optional)));
        for (list, scope) in own.into_iter().chain(features) {
            if list.kind() != Kind::Array {
                parsed.blind(list.span(), "`dependencies` is no list", DAMAGED);
            }
            for item in list.items() {
                let Some((name, span)) = name(item) else {
                    parsed.blind(item.span(), "a dependency without a name", DAMAGED);
                    continue;
                };
                let is_host = item.get("host").and_then(Value::as_bool) == Some(true);
                let scope = if is_host { Scope::Build } else { scope };
                let known = asked.entry(name.clone()).or_insert_with(|| {
                    order.push(name);
                    (Scopes::default(), span)
                });
                known.0.add(scope);
            }
        }
        add(root, &mut asked, &order, &mut parsed);
        parsed
    }
}

/// A name, or an object with one.
fn name(item: Value<'_>) -> Option<(Cow<'_, str>, Span)> {
    let value = if item.is_object() { item.get("name")? } else { item };
    let name = value.as_str().filter(|name| !name.is_empty())?;
    Some((name, value.text_span()))
}

/// Adds what `overrides` locks, and reports what it does not.
fn add<'d>(
    root: Value<'d>,
    asked: &mut HashMap<Cow<'d, str>, (Scopes, Span)>,
    order: &[Cow<'d, str>],
    parsed: &mut Parsed,
) {
    let version = VERSIONS.iter().find_map(|key| root.str(key)).unwrap_or_default();
    let mut nodes: Vec<(NodeId, Span)> = Vec::new();
    for item in root.get("overrides").into_iter().flat_map(Value::items) {
        let Some((name, _)) = name(item) else {
            parsed.blind(item.span(), "an override without a name", DAMAGED);
            continue;
        };
        let stated = VERSIONS.iter().find_map(|key| item.get(key));
        let Some((text, value)) = stated.and_then(|value| Some((value.as_str()?, value))) else {
            parsed.blind(
                item.span(),
                format!("the override of {name} has no version"),
                DAMAGED,
            );
            continue;
        };
        let length = text.find('#').unwrap_or(text.len());
        let exact = text.get(..length).filter(|exact| !exact.is_empty());
        let Some(exact) = exact else {
            parsed.blind(
                item.span(),
                format!("the override of {name} has no version"),
                DAMAGED,
            );
            continue;
        };
        let mut package = Package::new(VCPKG, &*name, exact, FileSpan::here(value.span_of(0..length)));
        package.spans = Spans {
            entry: Some(item.span()),
            ..Spans::default()
        };
        let wanted = asked.remove(&name);
        // What only other packages need may be overridden too.
        if let Some((scopes, _)) = wanted {
            package.scopes = scopes;
            package.direct = true;
        }
        let node = parsed.graph.add_package(package);
        nodes.extend(wanted.map(|(_, span)| (node, span)));
    }
    if !nodes.is_empty() {
        let own = parsed
            .graph
            .add_root(root.str("name").unwrap_or_default(), version);
        for (node, span) in nodes {
            parsed.graph.add_edge(own, node, span);
        }
    }
    let open: Vec<&str> = order
        .iter()
        .filter(|name| asked.contains_key(*name))
        .map(AsRef::as_ref)
        .collect();
    let first = open.first().and_then(|name| asked.get(*name));
    if let Some((_, span)) = first {
        let what = match open.len() {
            1 => "1 dependency has no exact version".to_owned(),
            count => format!("{count} dependencies have no exact version"),
        };
        parsed.partial(
            *span,
            format!(
                "{what}, nor has what they need: the baseline of vcpkg decides: {}",
                listed(&open, MAX_NAMES)
            ),
            "Write the versions that are built under `overrides`; `vcpkg install --dry-run` prints them.",
        );
    }
}
