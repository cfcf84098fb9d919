//! `nimble.lock`, versions 1 and 2 (Nim).
//!
//! Source of the rules: Nimble's own reader and writer of the file (`src/nimblepkg/lockfile.nim`) and its guide (`nimble lock`).
//!
//! - `packages` are those of the project, and `tasks` those of its tasks alone, which are dev. Each is locked by a commit of its repository. OSV has no
//!   ecosystem for packages of Nimble.
//! - The file does not say what was asked for: direct is what no other package needs.
//! - A dependency that is not in the file is blind, but for `nim`, which older files leave out.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lockfile of Nimble.
#[derive(Debug, Clone, Copy)]
pub struct NimbleLock;

const NIMBLE: Ecosystem = Ecosystem::constant("Nimble");

const DAMAGED: &str = "Restore the file from its last good commit, or run `nimble lock`.";

/// The newest version of the format.
const NEWEST: u64 = 2;

impl Format for NimbleLock {
    fn name(&self) -> &'static str {
        "nimble.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        NIMBLE
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["nimble.lock"]
    }

    /// Nimble takes the newest version that all requirements allow.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Let the .nimble file ask for `{} >= {}`, and run `nimble lock`.",
                upgrade.name, upgrade.to
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let version = root.get("version");
        match version.and_then(Value::as_u64) {
            Some(1..=NEWEST) => {}
            Some(number) => parsed.remark(
                version.map_or(Span::at(0), Value::span),
                format!("version {number} is newer than {NEWEST} and is read as that"),
                "Update lockkeeper.",
            ),
            None => parsed.blind(
                Span::at(0),
                "no lockfile of Nimble: it has no number `version`",
                DAMAGED,
            ),
        }
        let Some(packages) = root.get("packages").filter(|table| table.is_object()) else {
            parsed.blind(
                Span::at(0),
                "no lockfile of Nimble: it has no object `packages`",
                DAMAGED,
            );
            return parsed;
        };
        let mut reader = Reader {
            parsed,
            nodes: HashMap::new(),
            entries: Vec::new(),
        };
        reader.add(packages, Scope::Runtime);
        for (_, table) in root.get("tasks").into_iter().flat_map(Value::entries) {
            reader.add(table, Scope::Dev);
        }
        reader.add_edges();
        if !reader.entries.is_empty() {
            reader.parsed.ask_for_unneeded("");
        }
        reader.parsed
    }
}

struct Reader<'d> {
    parsed: Parsed,
    nodes: HashMap<Cow<'d, str>, NodeId>,
    entries: Vec<(NodeId, Value<'d>)>,
}

impl<'d> Reader<'d> {
    fn add(&mut self, table: Value<'d>, scope: Scope) {
        if !table.is_object() {
            self.parsed
                .blind(table.span(), "this is no table of packages", DAMAGED);
        }
        for (name, entry) in table.entries() {
            let Some(mut package) = package(&name, entry, &mut self.parsed) else {
                continue;
            };
            package.scopes = Scopes::only(scope);
            let node = self.parsed.graph.add_package(package);
            self.nodes.entry(name).or_insert(node);
            self.entries.push((node, entry));
        }
    }

    fn add_edges(&mut self) {
        for (from, entry) in &self.entries {
            for need in entry.get("dependencies").into_iter().flat_map(Value::items) {
                let name = need.as_str().unwrap_or_default();
                match self.nodes.get(&name) {
                    Some(to) => self.parsed.graph.add_edge(*from, *to, need.text_span()),
                    None if name == "nim" => {}
                    None => {
                        self.parsed
                            .blind(need.text_span(), format!("{name} is not in the file"), DAMAGED)
                    }
                }
            }
        }
    }
}

fn package(name: &str, entry: Value<'_>, parsed: &mut Parsed) -> Option<Package> {
    let filled = |key: &str| {
        entry
            .get(key)
            .filter(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    };
    let (Some(version), false) = (filled("version"), name.is_empty()) else {
        parsed.blind(entry.span(), "a package without a name or a version", DAMAGED);
        return None;
    };
    let text = version.as_str()?;
    let mut package = Package::new(NIMBLE, name, &*text, FileSpan::here(version.text_span()));
    let address = filled("url");
    let mut shown = address
        .and_then(Value::as_str)
        .map(|url| without_secrets(&url).into_owned())
        .unwrap_or_default();
    let revision = filled("vcsRevision");
    if let Some(revision) = revision.and_then(Value::as_str) {
        shown.push('#');
        shown.push_str(&revision);
    }
    package.source = Source::Git(shown);
    let sums = entry.get("checksums").filter(|sums| sums.kind() == Kind::Object);
    let sums = sums
        .into_iter()
        .flat_map(Value::entries)
        .map(|(_, sum)| sum.text_span());
    package.spans = Spans {
        entry: Some(entry.key_span().join(entry.span())),
        source: address.map(Value::text_span),
        checksums: sums.collect(),
        edges: entry.get("dependencies").map(Value::span),
    };
    Some(package)
}
