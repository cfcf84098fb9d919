//! Lockfiles of Pants for the JVM: TOML with an entry for each archive that Coursier found, behind a comment with JSON. Pants' own
//! reader and writer decide (`pants/jvm/resolve/coursier_fetch.py`, `lockfile_metadata.py`).
//!
//! - Its name is whatever the project chose: a file `*.lock` or `*.lockfile` that no other format claims is one if it has `[entries.coord]`.
//! - Direct is what the comment says that the file was made with (`generated_with_requirements`). Without a comment, those are that no other
//!   package needs.
//! - What is needed or asked for and is not there makes the file blind: Pants writes the packages in order, so that one whose end was cut
//!   lacks some.
//! - An entry with `remote_url` is from that address, and one with `pants_address` from the repository itself.
//! - The file says nothing of scopes.

use std::collections::HashMap;

use super::pex_lock::{COORDINATES_OF_JVM, text_of};
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree, TreePath};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lockfile of Pants for the JVM.
#[derive(Debug, Clone, Copy)]
pub struct PantsJvm;

const BEGIN: &str = "BEGIN PANTS LOCKFILE METADATA";
const END: &str = "END PANTS LOCKFILE METADATA";
const DAMAGED: &str = "Restore the file from its last good commit, or run `pants generate-lockfiles`.";

impl Format for PantsJvm {
    fn name(&self) -> &'static str {
        "pants/jvm.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    /// None: its name is not enough.
    fn file_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        text_of(path, tree).is_some_and(|text| memchr::memmem::find(&text, COORDINATES_OF_JVM).is_some())
    }

    fn companions(&self) -> &'static [&'static str] {
        &["*.lock", "*.lockfile"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Ask for that version in a `jvm_artifact` target, and run `pants generate-lockfiles`.".into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let root = document.root();
        let Some(list) = root.get("entries").filter(|list| list.kind() == Kind::Array) else {
            let message = "no lockfile of Pants for the JVM: it has no list `entries`";
            parsed.blind(Span::at(0), message, DAMAGED);
            return parsed;
        };
        let mut nodes: HashMap<String, NodeId> = HashMap::new();
        let mut entries = Vec::new();
        for table in list.items() {
            let coordinates = table.get("coord").and_then(Coordinates::of);
            let Some(coordinates) = coordinates else {
                let message = "an entry has no whole coordinates";
                parsed.blind(table.span(), message, DAMAGED);
                continue;
            };
            let node = parsed.graph.add_package(package(table, &coordinates));
            nodes.entry(coordinates.key).or_insert(node);
            nodes.entry(coordinates.name).or_insert(node);
            entries.push((node, table));
        }
        for (from, table) in entries {
            let needs = table.get("directDependencies");
            for need in needs.into_iter().flat_map(Value::items) {
                let wanted = Coordinates::of(need);
                let to = wanted.and_then(|wanted| nodes.get(&wanted.key).or_else(|| nodes.get(&wanted.name)));
                match to {
                    Some(to) => parsed.graph.add_edge(from, *to, need.span()),
                    None => {
                        let message = "this dependency names no package of the file";
                        parsed.blind(need.span(), message, DAMAGED);
                    }
                }
            }
        }
        match asked(file.text) {
            Some(asked) => add_asked(&asked, &nodes, &mut parsed),
            None => parsed.ask_for_unneeded(""),
        }
        parsed
    }
}

/// `group:artifact`, and where the version stands.
struct Coordinates<'d> {
    name: String,
    /// With what else differs between archives of one artifact.
    key: String,
    version: Value<'d>,
}

impl<'d> Coordinates<'d> {
    fn of(table: Value<'d>) -> Option<Self> {
        let filled = |key: &str| table.str(key).filter(|text| !text.is_empty());
        let name = format!("{}:{}", filled("group")?, filled("artifact")?);
        let part = |key: &str| table.str(key).unwrap_or_default();
        filled("version")?;
        Some(Self {
            key: format!("{name}:{}:{}", part("packaging"), part("classifier")),
            name,
            version: table.get("version")?,
        })
    }
}

fn package(table: Value<'_>, coordinates: &Coordinates<'_>) -> Package {
    let version = coordinates.version;
    let place = FileSpan::here(version.text_span());
    let text = version.as_str().unwrap_or_default();
    let mut package = Package::new(Ecosystem::MAVEN, coordinates.name.as_str(), text, place);
    let filled = |key: &str| table.get(key).filter(|value| !value.text_span().is_empty());
    let source = filled("pants_address").or_else(|| filled("remote_url"));
    if let Some(address) = filled("remote_url") {
        package.source = Source::Url(address.as_str().unwrap_or_default().into_owned());
    }
    if let Some(address) = filled("pants_address") {
        package.source = Source::Path(address.as_str().unwrap_or_default().into_owned());
    }
    let checksum = table
        .get("file_digest")
        .and_then(|digest| digest.get("fingerprint"));
    package.spans = Spans {
        entry: Some(table.span()),
        source: source.map(Value::text_span),
        checksums: checksum.map(Value::text_span).into_iter().collect(),
        edges: None,
    };
    package
}

/// What the file was made with: `group:artifact` of each. `None` where no comment says so.
fn asked(text: &str) -> Option<Vec<String>> {
    let (_, behind) = text.split_once(BEGIN)?;
    let (inside, _) = behind.split_once(END)?;
    let lines = inside.lines().skip(1);
    let comment: Vec<&str> = lines
        .map(|line| line.strip_prefix('#').unwrap_or_default())
        .collect();
    let comment = comment.join("\n");
    // The line of the end begins with dashes.
    let document = json::read(comment.trim_end().trim_end_matches('-').trim_end());
    let list = document.root().get("generated_with_requirements")?;
    let name = |value: Value<'_>| {
        let text = value.as_str()?;
        let mut parts = text.split([':', ',']);
        Some(format!("{}:{}", parts.next()?, parts.next()?))
    };
    Some(list.items().filter_map(name).collect())
}

fn add_asked(asked: &[String], nodes: &HashMap<String, NodeId>, parsed: &mut Parsed) {
    let root = parsed.graph.add_root("", "");
    for name in asked {
        match nodes.get(name) {
            Some(node) => {
                parsed.graph.add_edge(root, *node, Span::default());
                if let Some(package) = parsed.graph.package_mut(*node) {
                    package.direct = true;
                }
            }
            None => {
                let message = format!("{name} was asked for and is not in the file");
                parsed.blind(Span::at(0), message, DAMAGED);
            }
        }
    }
}
