//! `Manifest.toml` of Julia, formats 1 and 2, and the names that stand for it: `JuliaManifest.toml` and those of one version of Julia
//! (`Manifest-v1.11.toml`).
//!
//! Other tools call other files `manifest.toml`: one is Julia's where it is called exactly `Manifest.toml`, and says so in its first lines or
//! has Julia's `Project.toml` beside it.
//!
//! Source of the rules: Pkg's own reader and writer of the file (`src/manifest.jl`) and its documentation.
//!
//! - A package with a `git-tree-sha1` and without a `repo-url` is a registry's. `registries` (format 2.1) says of which; another one than General is
//!   another registry.
//! - What has neither is of Julia's standard library. Where it has a version, it is matched; where it has none, it comes with Julia itself,
//!   and is a module.
//! - Folders of the repository are own modules.
//! - Direct is what `Project.toml` asks for; without that file, what no other package needs. The file says nothing of scopes.
//! - A dependency that is not in the file is blind, as Pkg refuses it.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree, TreePath};
use crate::text::tree::{Document, Kind, Value};
use crate::text::{Span, decode, toml};

/// The lockfile of Julia's Pkg.
#[derive(Debug, Clone, Copy)]
pub struct JuliaManifest;

const DAMAGED: &str = "Restore the file from its last good commit, or run `Pkg.resolve()` in Julia.";

/// The names of projects, in the order in which Julia looks for them.
const PROJECTS: [&str; 2] = ["JuliaProject.toml", "Project.toml"];

/// A dependency on one of more packages of one name than this is followed to the first one: a hostile file costs no more than its size.
const MAX_CANDIDATES: usize = 16;

impl Format for JuliaManifest {
    fn name(&self) -> &'static str {
        "julia/Manifest.toml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::JULIA
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["JuliaManifest.toml", "Manifest-v*.toml", "JuliaManifest-v*.toml"]
    }

    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        if path.file_name() != b"Manifest.toml" {
            return false;
        }
        let folder = path.parent();
        let has_project = PROJECTS
            .iter()
            .any(|name| folder.join(*name).is_some_and(|project| tree.holds(&project)));
        has_project
            || tree
                .read(path)
                .is_ok_and(|bytes| is_of_julia(&decode::decode(&bytes).text))
    }

    fn companions(&self) -> &'static [&'static str] {
        &["Manifest.toml", "Project.toml", "JuliaProject.toml"]
    }

    /// Julia is no shell: its commands are what a person types into it.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Let `[compat]` of Project.toml allow that version, and run `Pkg.update(\"{}\")` in Julia.",
                upgrade.name
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let root = document.root();
        let format = root.get("manifest_format");
        let julia = root.str("julia_version").unwrap_or_default();
        let tables = match format {
            // What has no dependencies has no table of them.
            Some(format) => {
                let text = format.as_str().unwrap_or_default();
                if !matches!(text.split('.').next(), Some("1" | "2")) {
                    parsed.blind(
                        format.span(),
                        format!("format {text} is not known here; the newest one is 2.1"),
                        "Update lockkeeper.",
                    );
                }
                root.get("deps")
            }
            None => Some(root),
        };
        let mut reader = Reader {
            parsed,
            entries: Vec::new(),
            by_name: HashMap::new(),
        };
        reader.add_packages(tables, root.get("registries"), &julia);
        if format.is_none()
            && reader.entries.is_empty()
            && !file.text.trim().is_empty()
            && !is_of_julia(file.text)
        {
            reader.parsed.blind(
                Span::at(0),
                "no manifest of Julia: it has no `manifest_format`",
                DAMAGED,
            );
        }
        reader.add_edges();
        reader.add_project(&file.path.parent(), tree);
        reader.parsed
    }
}

/// The first lines are those of Julia's.
fn is_of_julia(text: &str) -> bool {
    const FIRST_LINES: usize = 20;
    let mut lines = text.lines().take(FIRST_LINES);
    lines.any(|line| {
        line.starts_with("# This file is machine-generated - editing it directly is not advised")
            || line.starts_with("manifest_format")
            || line.starts_with("julia_version")
            || line.starts_with("git-tree-sha1 = ")
    })
}

struct Entry<'d> {
    name: Cow<'d, str>,
    uuid: Cow<'d, str>,
    node: NodeId,
    /// It is a folder of the repository.
    is_own: bool,
    needs: Option<Value<'d>>,
}

struct Reader<'d> {
    parsed: Parsed,
    entries: Vec<Entry<'d>>,
    by_name: HashMap<Cow<'d, str>, Vec<usize>>,
}

impl<'d> Reader<'d> {
    fn add_packages(&mut self, tables: Option<Value<'d>>, registries: Option<Value<'d>>, julia: &str) {
        for (name, tables) in tables.into_iter().flat_map(Value::entries) {
            if tables.kind() != Kind::Array {
                if !matches!(&*name, "julia_version" | "project_hash" | "registries") {
                    self.parsed
                        .blind(tables.span(), "a package is a list of tables", DAMAGED);
                }
                continue;
            }
            for table in tables.items() {
                self.add(name.clone(), table, registries, julia);
            }
        }
        for (number, entry) in self.entries.iter().enumerate() {
            self.by_name.entry(entry.name.clone()).or_default().push(number);
        }
    }

    fn add(&mut self, name: Cow<'d, str>, table: Value<'d>, registries: Option<Value<'d>>, julia: &str) {
        let uuid = table.str("uuid").filter(|uuid| !uuid.is_empty());
        let (Some(uuid), false) = (uuid, name.is_empty()) else {
            self.parsed
                .blind(table.span(), "a package without a name or a `uuid`", DAMAGED);
            return;
        };
        let version = table.get("version");
        let version = version.and_then(|version| Some((version.as_str()?, version.text_span())));
        let version = version.filter(|(text, _)| !text.is_empty());
        let path = table.str("path");
        let hash = table.get("git-tree-sha1");
        let is_own = |path: &str| !path.starts_with(['/', '\\', '~']) && !path.contains(':');
        let needs = table.get("deps");
        let node = match (&path, &version, hash) {
            (Some(path), version, _) if is_own(path) || version.is_none() => {
                let version = version.as_ref().map_or("", |(text, _)| text);
                self.parsed.graph.add_own(name.clone(), version)
            }
            // The standard library.
            (None, None, None) => self.parsed.graph.add_own(name.clone(), julia),
            (_, None, _) => {
                self.parsed
                    .blind(table.span(), format!("{name} has no version"), DAMAGED);
                return;
            }
            (_, Some((text, place)), hash) => {
                let mut package = Package::new(Ecosystem::JULIA, &*name, &**text, FileSpan::here(*place));
                let address = table.get("repo-url").or_else(|| table.get("path"));
                package.source = source(table, path.as_deref(), registries);
                package.spans = Spans {
                    entry: Some(table.span()),
                    source: address.map(Value::text_span),
                    checksums: hash.map(Value::text_span).into_iter().collect(),
                    edges: needs.map(Value::span),
                };
                self.parsed.graph.add_package(package)
            }
        };
        self.entries.push(Entry {
            name,
            uuid,
            node,
            is_own: path.is_some() && self.parsed.graph.package(node).is_none(),
            needs,
        });
    }

    /// The package called `name`; of several the one with this `uuid`.
    fn find(&self, name: &str, uuid: Option<&str>) -> Option<NodeId> {
        let named = self.by_name.get(name)?;
        let entries = named.iter().filter_map(|number| self.entries.get(*number));
        let mut first = entries.clone().take(MAX_CANDIDATES);
        let found = uuid.and_then(|uuid| first.find(|entry| *entry.uuid == *uuid));
        let any = || entries.clone().next();
        found.or_else(any).map(|entry| entry.node)
    }

    fn add_edges(&mut self) {
        let mut missing = Vec::new();
        let mut direct = Vec::new();
        for entry in &self.entries {
            let listed = entry.needs.into_iter().flat_map(Value::items);
            let listed = listed.map(|need| (need.as_str().unwrap_or_default(), None, need.text_span()));
            let tabled = entry.needs.into_iter().flat_map(Value::entries);
            let tabled = tabled.map(|(name, uuid)| (name, uuid.as_str(), uuid.key_span()));
            for (name, uuid, span) in listed.chain(tabled) {
                match self.find(&name, uuid.as_deref()) {
                    Some(to) => {
                        self.parsed.graph.add_edge(entry.node, to, span);
                        direct.extend(entry.is_own.then_some(to));
                    }
                    None => missing.push((name, span)),
                }
            }
        }
        for node in direct {
            self.mark(node);
        }
        for (name, span) in missing.into_iter().take(super::MAX_BLIND) {
            self.parsed
                .blind(span, format!("{name} is not in the file"), DAMAGED);
        }
    }

    /// Lets the project lead to what it asks for.
    fn add_project(&mut self, folder: &TreePath, tree: &dyn Tree) {
        if self.entries.is_empty() {
            return;
        }
        let bytes = PROJECTS
            .iter()
            .find_map(|name| tree.read(&folder.join(*name)?).ok());
        let Some(bytes) = bytes else {
            self.parsed.ask_for_unneeded("");
            return;
        };
        let decoded = decode::decode(&bytes);
        let document: Document<'_> = toml::read(&decoded.text);
        let project = document.root();
        let Some(asked) = project.get("deps").filter(|_| document.problems.is_empty()) else {
            self.parsed
                .ask_for_unneeded(&project.str("name").unwrap_or_default());
            return;
        };
        let text = |key| project.str(key).unwrap_or_default();
        let root = self.parsed.graph.add_root(text("name"), text("version"));
        for (name, uuid) in asked.entries() {
            if let Some(to) = self.find(&name, uuid.as_str().as_deref()) {
                self.parsed.graph.add_edge(root, to, Span::default());
                self.mark(to);
            }
        }
    }

    /// A project asks for it.
    fn mark(&mut self, node: NodeId) {
        if let Some(package) = self.parsed.graph.package_mut(node) {
            package.direct = true;
        }
    }
}

/// Where a package comes from.
fn source(table: Value<'_>, path: Option<&str>, registries: Option<Value<'_>>) -> Source {
    if let Some(path) = path {
        return Source::Path(path.to_owned());
    }
    if let Some(address) = table.str("repo-url") {
        let mut shown = without_secrets(&address).into_owned();
        if let Some(revision) = table.str("repo-rev") {
            shown.push('#');
            shown.push_str(&revision);
        }
        return Source::Git(shown);
    }
    let Some(named) = table.get("registries") else {
        return Source::Registry(None);
    };
    let names: Vec<Cow<'_, str>> = named
        .as_str()
        .into_iter()
        .chain(named.items().filter_map(Value::as_str))
        .collect();
    match names.first() {
        Some(first) if names.iter().all(|name| name != "General") => {
            let address = registries.and_then(|registries| registries.get(first)?.str("url"));
            let shown = address.unwrap_or_else(|| first.clone());
            Source::OtherRegistry(without_secrets(&shown).into_owned())
        }
        Some(_) | None => Source::Registry(None),
    }
}
