//! `MODULE.bazel.lock` of Bazel, all versions of the format.
//!
//! Source of the rules: Bazel's documentation ("Bazel Lockfile") and its own reader and writer (`BazelLockFileValue`).
//!
//! - Since version 10 (Bazel 7.2) `registryFileHashes` lists the files of registries that were asked for. Bazel asks for the `source.json` of the
//!   modules that it chose, and for the `MODULE.bazel` of all that it looked at: `…/modules/NAME/VERSION/source.json` is a module that is used. There are no edges.
//! - Before, `moduleDepGraph` had the chosen modules themselves, with what they need. One without a version is taken from elsewhere (`archive_override`).
//! - What extensions bring in (`moduleExtensions`: Maven artifacts, crates) is locked by the files of those tools.
//! - No advisories are published for modules of Bazel.

use foldhash::HashMap;

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// The lockfile of Bazel's modules.
#[derive(Debug, Clone, Copy)]
pub struct ModuleBazelLock;

/// Modules of Bazel.
const ECOSYSTEM: Ecosystem = Ecosystem::constant("Bazel");

const DAMAGED: &str = "Restore the file from its last good commit, or run `bazel mod deps`.";

/// The node of the project itself.
const ROOT: &str = "<root>";

impl Format for ModuleBazelLock {
    fn name(&self) -> &'static str {
        "MODULE.bazel.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        ECOSYSTEM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["MODULE.bazel.lock"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        UpgradeCommand::ByHand(
            format!("Ask for {to} in the `bazel_dep` of {name} in MODULE.bazel, then run `bazel mod deps`.")
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        if root.get("lockFileVersion").and_then(Value::as_u64).is_none() {
            parsed.blind(
                root.span(),
                "no lockfile of Bazel: it has no `lockFileVersion`",
                DAMAGED,
            );
        }
        let table = |name: &str| root.get(name).filter(|table| table.is_object());
        match (table("registryFileHashes"), table("moduleDepGraph")) {
            (Some(files), _) => read_files(files, file.text, &mut parsed),
            (None, Some(graph)) => read_graph(graph, &mut parsed),
            (None, None) => parsed.blind(
                root.span(),
                "this form of Bazel's lockfile is not known here: it has neither `registryFileHashes` nor `moduleDepGraph`",
                "Update lockkeeper, or restore the file from its last good commit.",
            ),
        }
        parsed
    }
}

/// `https://host/modules/NAME/VERSION/source.json`: registry, name, version.
fn chosen(address: &str) -> Option<(&str, &str, &str)> {
    let rest = address.strip_suffix("/source.json")?;
    let (rest, version) = rest.rsplit_once('/')?;
    let (rest, name) = rest.rsplit_once('/')?;
    let registry = rest.strip_suffix("/modules")?;
    (!name.is_empty() && !version.is_empty()).then_some((registry, name, version))
}

fn read_files(files: Value<'_>, text: &str, parsed: &mut Parsed) {
    for (address, hash) in files.entries() {
        let key = hash.key_span();
        let Some((registry, name, version)) = chosen(&address) else {
            // Of every module that Bazel looked at, and of the registry itself.
            let is_known = address.ends_with("/MODULE.bazel") || address.ends_with("/bazel_registry.json");
            if !is_known {
                parsed.partial(
                    key,
                    "what this file of a registry locks is not known here",
                    "Update lockkeeper.",
                );
            }
            continue;
        };
        // It is not there: another registry has the module.
        if hash.kind() == Kind::Null {
            continue;
        }
        let end = address.len().saturating_sub("/source.json".len());
        let place = match key.of(text) == address {
            true => key.inside(end.saturating_sub(version.len())..end),
            false => key,
        };
        let mut package = Package::new(ECOSYSTEM, name, version, FileSpan::here(place));
        package.direct = true;
        package.source = Source::Registry(Some(without_secrets(registry).into_owned()));
        package.spans = Spans {
            entry: Some(key.join(hash.span())),
            checksums: std::iter::once(hash.text_span()).collect(),
            ..Spans::default()
        };
        parsed.graph.add_package(package);
    }
}

fn read_graph(graph: Value<'_>, parsed: &mut Parsed) {
    let mut ids: HashMap<String, NodeId> = HashMap::default();
    let mut needs: Vec<(String, Value<'_>)> = Vec::new();
    for (key, module) in graph.entries() {
        let (mut name, mut version, mut depends) = (None, None, None);
        for (field, value) in module.entries() {
            match &*field {
                "name" => name = value.as_str(),
                "version" => version = value.as_str().map(|version| (version, value)),
                "deps" => depends = Some(value),
                _ => {}
            }
        }
        let id = match (&*key, name, version) {
            (ROOT, name, version) => {
                let version = version.map(|(version, _)| version.into_owned());
                let id = parsed
                    .graph
                    .add_root(name.unwrap_or_default(), version.unwrap_or_default());
                Some(id)
            }
            (_, Some(name), Some((version, at))) if !name.is_empty() && !version.is_empty() => {
                let mut package = Package::new(ECOSYSTEM, name, version, FileSpan::here(at.text_span()));
                package.spans = Spans {
                    entry: Some(module.key_span().join(module.span())),
                    edges: depends.map(Value::span),
                    ..Spans::default()
                };
                Some(parsed.graph.add_package(package))
            }
            _ if is_of_bazel(&key) => None,
            _ => {
                let message = format!("{key} has no exact version");
                parsed.partial(
                    module.span(),
                    message,
                    "It is overridden in MODULE.bazel: look there where it comes from.",
                );
                None
            }
        };
        ids.extend(id.map(|id| (key.clone().into_owned(), id)));
        needs.extend(depends.map(|depends| (key.into_owned(), depends)));
    }
    if !ids.contains_key(ROOT) {
        parsed.blind(
            graph.span(),
            "the module of the project itself is missing",
            DAMAGED,
        );
    }
    for (from, depends) in needs {
        let Some(from) = ids.get(&from).copied() else {
            continue;
        };
        for (_, to) in depends.entries() {
            let key = to.as_str().unwrap_or_default();
            match ids.get(&*key) {
                Some(to_id) => parsed.graph.add_edge(from, *to_id, to.text_span()),
                // Overridden ones are gaps already, and what belongs to Bazel itself is none.
                None if is_of_bazel(&key) || key.ends_with("@_") => {}
                None => parsed.partial(
                    to.text_span(),
                    format!("{key} is needed, and the file does not lock it"),
                    DAMAGED,
                ),
            }
        }
    }
    parsed.graph.mark_direct();
}

/// The module that Bazel brings itself.
fn is_of_bazel(key: &str) -> bool {
    key.starts_with("bazel_tools@") || key.starts_with("local_config_platform@")
}
