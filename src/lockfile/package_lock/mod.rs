//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3.
//!
//! Source of the rules: npm's documentation of package-lock.json, and for what it leaves open Arborist, npm's
//! own reader of the file.
//!
//! - Versions 2 and 3 list folders under `packages`; a version 2 repeats the same under `dependencies` for old
//!   npm, which is then not read. Version 1 has `dependencies` alone, each inside the one in whose
//!   `node_modules` it lies.
//! - A dependency is the nearest package of its name, looked for in `node_modules` from the dependent's folder
//!   upwards, as Node does.
//! - Own modules are the root and the folders that its `workspaces` match; each is a root of the graph. Other
//!   folders outside `node_modules` are packages with a path. A `link` is no package but another name of one.
//! - Version 1 does not hold what the root asks for. It is taken from the `package.json` beside the lockfile;
//!   without one the root is said to need what nothing else needs.
//! - An archive at an address counts as the registry's unless its dependent asks for that very address and the
//!   address does not have the form of a registry's. A bundled package counts as the registry's.

mod entry;
mod folders;
mod source;
mod workspaces;

use std::borrow::Cow;
use std::collections::HashSet;

use self::entry::{Entry, Need};
use self::folders::Folders;
use self::workspaces::Workspaces;
use super::{File, Format, Parsed, Problem};
use crate::model::{Cost, Ecosystem, NodeId, Package, Place, Source, Spans, Tree, TreePath};
use crate::text::tree::{Document, Kind, Value};
use crate::text::{Span, decode, json};

/// The lockfile of npm.
pub struct PackageLock;

/// The newest lockfile version that is known here.
const NEWEST: u64 = 3;

const DAMAGED: &str =
    "Restore the file from its last good commit, or delete it and run `npm install --package-lock-only`.";

impl Format for PackageLock {
    fn name(&self) -> &'static str {
        "package-lock.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn claims(&self, path: &TreePath) -> bool {
        matches!(path.file_name(), b"package-lock.json" | b"npm-shrinkwrap.json")
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let top = Top::of(document.root(), &mut parsed);
        let entries = match (top.packages, top.dependencies) {
            (Some(packages), _) => entry::of_packages(packages),
            (None, Some(dependencies)) => entry::of_dependencies(dependencies),
            (None, None) => Vec::new(),
        };
        // The other versions hold all that matters of it.
        let manifest = match top.packages {
            Some(_) => None,
            None => manifest(file.path, tree),
        };
        let manifest = manifest.as_deref().map(json::read);
        let manifest = manifest.as_ref().map(Document::root);
        let mut reader = Reader {
            entries: &entries,
            folders: Folders::of(&entries),
            nodes: Vec::with_capacity(entries.len()),
            parsed,
        };
        let edges = entries.len().saturating_mul(EDGES);
        reader
            .parsed
            .graph
            .reserve(entries.len().saturating_add(1), edges);
        let root = reader.add_nodes(&top, manifest);
        reader.add_edges();
        if top.packages.is_none() {
            reader.add_root_edges(root, manifest);
        }
        reader.parsed.graph.mark_direct();
        reader.parsed
    }
}

/// A package of npm needs so many others, more or less.
const EDGES: usize = 3;

/// The text of the `package.json` beside the lockfile.
fn manifest(lockfile: &TreePath, tree: &dyn Tree) -> Option<String> {
    let path = lockfile.parent().join("package.json")?;
    let bytes = tree.read(&path).ok()?;
    Some(decode::decode(&bytes).text.into_owned())
}

/// The outermost object.
struct Top<'d> {
    name: Option<Value<'d>>,
    version: Option<Value<'d>>,
    packages: Option<Value<'d>>,
    dependencies: Option<Value<'d>>,
}

impl<'d> Top<'d> {
    fn of(root: Value<'d>, parsed: &mut Parsed) -> Self {
        let mut top = Self {
            name: None,
            version: None,
            packages: None,
            dependencies: None,
        };
        let mut format = None;
        for (key, value) in root.entries() {
            match key.as_ref() {
                "name" => top.name = Some(value),
                "version" => top.version = Some(value),
                "lockfileVersion" => format = Some(value),
                "packages" => top.packages = Some(value),
                "dependencies" => top.dependencies = Some(value),
                _ => {}
            }
        }
        match format.map(|value| (value.as_u64(), value.span())) {
            Some((Some(version), span)) if version > NEWEST => parsed.blind(
                span,
                format!("lockfile version {version} is newer than {NEWEST}, the newest one known here"),
                "Update lockkeeper.",
            ),
            Some((None, span)) => parsed.blind(span, "`lockfileVersion` is no number", DAMAGED),
            Some((Some(_), _)) => {}
            None if top.packages.is_none() && top.dependencies.is_none() => {
                parsed.blind(root.span(), "this is no lockfile of npm", DAMAGED);
            }
            None => {}
        }
        for (name, value) in [("packages", top.packages), ("dependencies", top.dependencies)] {
            if let Some(value) = value.filter(|value| value.kind() != Kind::Object) {
                parsed.blind(value.span(), format!("`{name}` is no object"), DAMAGED);
            }
        }
        top
    }
}

struct Reader<'e> {
    entries: &'e [Entry<'e>],
    folders: Folders<'e>,
    /// The node of each entry; a link and what could not be read have none.
    nodes: Vec<Option<NodeId>>,
    parsed: Parsed,
}

impl Reader<'_> {
    /// Adds a node for each entry and returns the root.
    fn add_nodes(&mut self, top: &Top<'_>, manifest: Option<Value<'_>>) -> NodeId {
        let own = self.entries.iter().find(|entry| entry.is_root());
        let either = |mine: Option<Value<'_>>, above: Option<Value<'_>>| {
            let text = |value: Option<Value<'_>>| value?.as_str().map(Cow::into_owned);
            text(mine).or_else(|| text(above)).unwrap_or_default()
        };
        let name = either(own.and_then(|own| own.name), top.name);
        let version = either(own.and_then(|own| own.version), top.version);
        let root = self.parsed.graph.add_root(name, version);
        let workspaces = Workspaces::of(match own {
            Some(own) => own.workspaces,
            None => manifest.and_then(|manifest| manifest.get("workspaces")),
        });
        for entry in self.entries {
            let local = entry.local_path();
            let is_workspace = local.as_deref().is_some_and(|path| workspaces.hold(path));
            let node = if entry.is_root() {
                Some(root)
            } else if entry.link {
                None
            } else if is_workspace {
                let version = entry.own_version().unwrap_or_default();
                Some(self.parsed.graph.add_root(entry.own_name(), version))
            } else if local.is_some() && entry.version.is_none() {
                Some(self.parsed.graph.add_own(entry.own_name(), ""))
            } else {
                self.add_package(entry, local.as_deref())
            };
            self.nodes.push(node);
        }
        root
    }

    fn add_package(&mut self, entry: &Entry<'_>, local: Option<&str>) -> Option<NodeId> {
        let Some((value, version)) = entry.version.and_then(|value| Some((value, value.as_str()?))) else {
            self.parsed
                .blind(entry.value.key_span(), "a package without a version", DAMAGED);
            return None;
        };
        let name = entry.own_name();
        let resolved = entry.resolved.and_then(Value::as_str);
        let pin = source::pin(&name, &version, resolved.as_deref());
        if pin.version.is_empty() || name.is_empty() {
            self.parsed
                .blind(value.span(), "a package without a name or a version", DAMAGED);
            return None;
        }
        let span = match value.kind() {
            Kind::PlainString => value.span().inside(pin.place),
            // What is escaped can't be taken apart by place.
            _ => value.span(),
        };
        let mut package = Package::new(
            Ecosystem::NPM,
            pin.name.unwrap_or(&name),
            pin.version,
            Place::here(span),
        );
        package.source = match local {
            Some(path) => Source::Path(path.to_owned()),
            None => pin.source,
        };
        package.scopes = entry.scopes();
        package.spans = Spans {
            entry: Some(entry.span()),
            source: entry.resolved.map(Value::span),
            checksums: entry.integrity.map(Value::span).into_iter().collect(),
            edges: entry.dependencies.map(Value::span),
        };
        Some(self.parsed.graph.add_package(package))
    }

    fn add_edges(&mut self) {
        for (number, entry) in self.entries.iter().enumerate() {
            let Some(from) = self.node(number) else { continue };
            for (need, table) in entry.needs() {
                for (name, wish) in table.entries() {
                    match self
                        .folders
                        .resolve(number, &name)
                        .and_then(|found| self.node(found))
                    {
                        Some(to) => {
                            self.parsed.graph.add_edge(from, to, wish.key_span());
                            self.mark_address(to, wish);
                        }
                        None => self.missing(need, wish),
                    }
                }
            }
        }
    }

    /// In version 1: what the root asks for.
    fn add_root_edges(&mut self, root: NodeId, manifest: Option<Value<'_>>) {
        let asked: Vec<NodeId> = match manifest {
            Some(manifest) => manifest
                .entries()
                .filter(|(field, _)| Need::of(field).is_some())
                .flat_map(|(_, table)| table.entries())
                .filter_map(|(name, _)| self.node(self.folders.resolve_from_root(&name)?))
                .collect(),
            None => {
                let needed: HashSet<NodeId> = self.parsed.graph.edges().iter().map(|edge| edge.to).collect();
                let all = (0..self.entries.len()).filter_map(|number| self.node(number));
                all.filter(|node| !needed.contains(node)).collect()
            }
        };
        for to in asked {
            self.parsed.graph.add_edge(root, to, Span::default());
        }
    }

    /// Takes note that a dependent asks for the very address that `to` comes from.
    fn mark_address(&mut self, to: NodeId, wish: Value<'_>) {
        if !wish.raw().starts_with("http") {
            return;
        }
        if let (Some(wish), Some(package)) = (wish.as_str(), self.parsed.graph.package_mut(to))
            && let Source::Registry(Some(address)) = &package.source
            && source::is_asked_for(address, &wish)
            && source::version_of_registry(address, &package.name).is_none()
        {
            package.source = Source::Url(address.clone());
        }
    }

    fn missing(&mut self, need: Need, wish: Value<'_>) {
        match need {
            Need::Runtime | Need::Dev => self.parsed.problems.push(Problem {
                // A missing edge hides a path, never a package.
                cost: Cost::Nothing,
                file: None,
                span: wish.key_span(),
                message: "this dependency is not in the file".into(),
                hint: "Run `npm install --package-lock-only` to have npm complete the lockfile.".into(),
            }),
            // npm leaves out what is optional and does not fit, and peers that nobody installs. Version 1 does
            // not tell which requirement is optional.
            Need::Optional | Need::Peer | Need::Unknown => {}
        }
    }

    /// The node of an entry, or of the one that it links to.
    fn node(&self, number: usize) -> Option<NodeId> {
        match self.nodes.get(number).copied().flatten() {
            Some(node) => Some(node),
            None => {
                let entry = self.entries.get(number).filter(|entry| entry.link)?;
                let target = entry.resolved?.as_str()?;
                let target = self.folders.entry_at(&target)?;
                self.nodes.get(target).copied().flatten()
            }
        }
    }
}
