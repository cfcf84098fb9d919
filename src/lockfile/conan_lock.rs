//! `conan.lock`, of Conan 1 (versions 0.1 to 0.4) and Conan 2 (0.5) (C and C++).
//!
//! Source of the rules: Conan's own readers and writers of the file (`conans/model/graph_lock.py` in Conan 1,
//! `conan/internal/model/lockfile.py` in Conan 2), and what both write.
//!
//! - `name/version` is of ConanCenter or a mirror of it. `name/version@user/channel` is a recipe of one's own, which another registry holds: ConanCenter has none
//!   with a user.
//! - Conan 1 writes a graph; the node without a reference is the project, and what it names is direct. Conan 2 writes lists; the `[requires]` of a
//!   `conanfile.txt` beside the file say what is direct, and without one all are.
//! - `requires` are runtime; `build_requires` and `python_requires` are build, and so is all that only they lead to. `config_requires` are no
//!   packages of the product; they are build too.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, Spans, Tree, TreePath};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, decode, json};

/// The lockfile of Conan.
#[derive(Debug, Clone, Copy)]
pub struct ConanLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run `conan lock create` again.";

/// The lists of Conan 2, and what they are for.
const LISTS: [(&str, Scope); 4] = [
    ("requires", Scope::Runtime),
    ("build_requires", Scope::Build),
    ("python_requires", Scope::Build),
    ("config_requires", Scope::Build),
];

impl Format for ConanLock {
    fn name(&self) -> &'static str {
        "conan.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::CONAN_CENTER
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["conan.lock"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &["conanfile.txt"]
    }

    /// `conan lock upgrade` takes the newest version of a range, and says nothing where a recipe names one version.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Ask for `{}/{}` where it is asked for, and run `conan lock create .`.",
                upgrade.name, upgrade.to
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let version = root.str("version");
        let number = version.as_deref().and_then(|version| version.strip_prefix("0."));
        let nodes = root.get("graph_lock").and_then(|graph| graph.get("nodes"));
        match (number.and_then(|minor| minor.parse::<u64>().ok()), nodes) {
            (Some(_), Some(nodes)) if nodes.is_object() => Graph::default().read(nodes, &mut parsed),
            // Of a later version it is enough to have the lists.
            (Some(minor), None) if minor >= 5 && root.get("requires").is_some() => {
                read_lists(root, &file.path.parent(), tree, &mut parsed);
            }
            _ => parsed.blind(
                root.get("version").map_or(Span::at(0), Value::span),
                "no lockfile of Conan that is known here: versions 0.1 to 0.5 are",
                DAMAGED,
            ),
        }
        parsed
    }
}

/// A reference: `name/version@user/channel#revision%time`.
struct Reference<'d> {
    name: &'d str,
    version: &'d str,
    /// `user/channel`; empty for a recipe of ConanCenter.
    owner: &'d str,
    revision: Option<std::ops::Range<usize>>,
}

fn reference(text: &str) -> Option<Reference<'_>> {
    // Conan 1 may write the package behind the revision: `#revision:package#revision`.
    let end = text.find(['#', ':', '%']).unwrap_or(text.len());
    let (name, rest) = text.get(..end)?.split_once('/')?;
    let (version, owner) = rest.split_once('@').unwrap_or((rest, ""));
    let owner = owner.trim_matches('_').trim_matches('/');
    let revision = text.get(end..)?.strip_prefix('#').map(|rest| {
        let start = end.saturating_add(1);
        let length = rest.find([':', '%', '#']).unwrap_or(rest.len());
        start..start.saturating_add(length)
    });
    let is_part = |part: &str| !part.is_empty() && !part.contains(['[', ' ', '/']);
    (is_part(name) && is_part(version)).then_some(Reference {
        name,
        version,
        owner: if owner == "_/_" { "" } else { owner },
        revision,
    })
}

/// The package that the string `value` refers to; what is none has been reported.
fn package(value: Value<'_>, parsed: &mut Parsed) -> Option<Package> {
    let text = value.as_str().unwrap_or_default();
    let Some(found) = reference(&text) else {
        match text.split_once('/') {
            Some((name, range)) if range.starts_with('[') => {
                let hint = "Run `conan lock create` again, which writes a version.";
                parsed.partial(value.text_span(), format!("{name} has no exact version"), hint);
            }
            _ => parsed.blind(value.text_span(), "this is no reference to a recipe", DAMAGED),
        }
        return None;
    };
    let start = found.name.len().saturating_add(1);
    let end = start.saturating_add(found.version.len());
    let place = FileSpan::here(value.span_of(start..end));
    let mut package = Package::new(Ecosystem::CONAN_CENTER, found.name, found.version, place);
    if !found.owner.is_empty() {
        package.source = Source::OtherRegistry(found.owner.to_owned());
    }
    package.spans = Spans {
        entry: Some(value.text_span()),
        checksums: found
            .revision
            .map(|range| value.span_of(range))
            .into_iter()
            .collect(),
        ..Spans::default()
    };
    Some(package)
}

/// The lists of Conan 2.
fn read_lists(root: Value<'_>, folder: &TreePath, tree: &dyn Tree, parsed: &mut Parsed) {
    let asked = asked(folder, tree);
    for (key, scope) in LISTS {
        let Some(list) = root.get(key) else { continue };
        if list.kind() != Kind::Array {
            parsed.blind(list.span(), format!("`{key}` is no list"), DAMAGED);
        }
        for item in list.items() {
            // A reference may be written with the identifier of its package: `[reference, {…}]`.
            let value = match item.kind() {
                Kind::Array => item.items().next().unwrap_or(item),
                _ => item,
            };
            if let Some(mut package) = package(value, parsed) {
                package.scopes = Scopes::only(scope);
                package.direct = asked.as_ref().is_none_or(|asked| asked.contains(&*package.name));
                parsed.graph.add_package(package);
            }
        }
    }
}

/// The names that `conanfile.txt` asks for; `None` without one.
fn asked(folder: &TreePath, tree: &dyn Tree) -> Option<HashSet<String>> {
    let bytes = tree.read(&folder.join("conanfile.txt")?).ok()?;
    let decoded = decode::decode(&bytes);
    let mut is_open = false;
    let mut names = HashSet::default();
    for line in decoded.text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_open = matches!(
                line,
                "[requires]" | "[tool_requires]" | "[build_requires]" | "[test_requires]"
            );
        } else if is_open && !line.starts_with('#') {
            names.extend(line.split_once('/').map(|(name, _)| name.trim().to_owned()));
        }
    }
    Some(names)
}

/// The graph of Conan 1.
#[derive(Default)]
struct Graph<'d> {
    nodes: HashMap<Cow<'d, str>, NodeId>,
    entries: Vec<(NodeId, Value<'d>)>,
    roots: Vec<NodeId>,
}

impl<'d> Graph<'d> {
    fn read(mut self, nodes: Value<'d>, parsed: &mut Parsed) {
        for (key, entry) in nodes.entries() {
            let named = entry.get("ref").or_else(|| entry.get("pref"));
            // The project may have a name; then it has a path.
            let is_own = entry.get("path").is_some_and(|path| path.kind() != Kind::Null);
            let named = named.filter(|named| named.kind() != Kind::Null && !is_own);
            let node = match named {
                Some(named) => package(named, parsed).map(|mut package| {
                    package.spans.edges = entry.get("requires").map(Value::span);
                    parsed.graph.add_package(package)
                }),
                None if entry.is_object() => {
                    let root = parsed.graph.add_root("", "");
                    self.roots.push(root);
                    Some(root)
                }
                None => {
                    parsed.blind(entry.span(), "this is no node", DAMAGED);
                    None
                }
            };
            if let Some(node) = node {
                self.nodes.insert(key, node);
                self.entries.push((node, entry));
            }
        }
        self.add_edges(parsed);
    }

    fn add_edges(&self, parsed: &mut Parsed) {
        let mut builds = Vec::new();
        let mut runs: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for (from, entry) in &self.entries {
            for (key, list) in entry.entries() {
                let is_build = match key.as_ref() {
                    "requires" => false,
                    "build_requires" => true,
                    _ => continue,
                };
                // Version 0.1 has an object: `"reference": "node"`.
                for item in list.items().chain(list.entries().map(|(_, value)| value)) {
                    let Some(to) = self.nodes.get(&item.as_text().unwrap_or_default()) else {
                        parsed.blind(item.text_span(), "this node is not in the file", DAMAGED);
                        continue;
                    };
                    parsed.graph.add_edge(*from, *to, item.text_span());
                    match is_build {
                        true => builds.push(*to),
                        false => runs.entry(*from).or_default().push(*to),
                    }
                }
            }
        }
        let starts = self.roots.iter().filter_map(|root| runs.get(root)).flatten();
        let runtime = spread(starts.copied().collect(), &runs);
        let build = spread(builds, &runs);
        for (node, _) in &self.entries {
            if let Some(package) = parsed.graph.package_mut(*node) {
                for (scope, reached) in [(Scope::Runtime, &runtime), (Scope::Build, &build)] {
                    if reached.contains(node) {
                        package.scopes.add(scope);
                    }
                }
            }
        }
        parsed.graph.mark_direct();
    }
}

/// `starts`, and all that they need to run.
fn spread(starts: Vec<NodeId>, runs: &HashMap<NodeId, Vec<NodeId>>) -> HashSet<NodeId> {
    let mut reached = HashSet::default();
    let mut open = starts;
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(runs.get(&node).into_iter().flatten());
        }
    }
    reached
}
