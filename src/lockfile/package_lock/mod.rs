//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3.
//!
//! Source of the rules: npm's documentation of package-lock.json, and for what it leaves open Arborist, npm's
//! own reader of the file.
//!
//! - Versions 2 and 3 list folders under `packages`; a version 2 repeats the same under `dependencies` for npm 6:
//!   packages of the registry that only stand there count too, and a remark names the first. Version 1 has `dependencies` alone, each inside the one in whose
//!   `node_modules` it is.
//! - A dependency is the nearest package of its name, looked for in `node_modules` from the dependent's folder
//!   upwards, as Node does.
//! - Own modules are the root and the folders that its `workspaces` match; each is a root of the graph. Other
//!   folders outside `node_modules` are packages with a path. A `link` is no package but another name of one.
//! - Version 1 does not hold what the root asks for. It is taken from the `package.json` beside the lockfile;
//!   without one the root is said to need what nothing else needs.
//! - npm installs what `resolved` says. Where the address is that of a registry's archive and names another package
//!   or version than the entry, the archive's count.
//! - What a package is used for follows from who needs it, never from the flags of the file (`scopes.rs`); where a
//!   `package.json` asks for more than the lockfile repeats of it, both count.
//! - Up to npm 11 `npm-shrinkwrap.json` wins over the `package-lock.json` beside it, npm 12 does not read it: both
//!   are read, and a remark names where they differ.
//! - An archive at an address counts as the registry's unless its dependent asks for that very address and the
//!   address does not have the form of a registry's. A bundled package counts as the registry's. Addresses that do not say
//!   which package is there are a partial gap: their packages are matched by what the entries say.
//! - In version 1 an address of a registry's form says itself what is installed, whatever the entry is called.

mod entry;
mod folder;
mod folders;
pub mod installed;
mod nested;
mod scopes;
mod source;
mod targets;
mod upgrades;

use std::borrow::Cow;
use std::collections::HashSet;

use self::entry::{Entry, EntryPlace, Need};
use self::folders::Folders;
use self::scopes::FolderManifest;
use self::targets::Targets;
use self::upgrades::{Asker, Upgrades};
use super::grammar::npm_archive;
use super::grammar::npm_workspaces::Workspaces;
use super::{Digests, File, Format, Parsed, is_named};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, Spans, Tree, TreePath};
use crate::text::names::listed;
use crate::text::tree::{Document, Kind, Value};
use crate::text::{Span, decode, json};

/// The lockfile of npm.
pub struct PackageLock;

/// The newest lockfile version that is known here.
const NEWEST: u64 = 3;

const DAMAGED: &str =
    "Restore the file from its last good commit, or delete it and run `npm install --package-lock-only`.";

const MISSING: &str = "this dependency is not in the file";

const COMPLETE: &str = "Run `npm install --package-lock-only` to have npm complete the lockfile.";

impl Format for PackageLock {
    fn name(&self) -> &'static str {
        "package-lock.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["package-lock.json", "npm-shrinkwrap.json"]
    }

    fn digests(&self) -> Digests {
        Digests::Integrity
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        upgrades::command(upgrade)
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
        if let Some(message) = beside(file, tree) {
            parsed.remark(
                Span::at(0),
                message,
                "Keep one of the two; npm 12 reads package-lock.json only.",
            );
        }
        let text = manifest(&file.path.parent(), tree);
        let document = text.as_deref().map(json::read);
        // The other versions repeat all of it but what was changed since.
        let own = document.as_ref().map(Document::root);
        let manifest = own.filter(|_| top.packages.is_none());
        let folders = Folders::of(&entries);
        let mut reader = Reader {
            entries: &entries,
            targets: Targets::of(&entries, &folders),
            folders,
            nodes: Vec::with_capacity(entries.len()),
            scopes: Vec::new(),
            unsaid: Vec::new(),
            upgrades: Upgrades::default(),
            parsed,
        };
        let root = entries.iter().find(|entry| entry.is_root());
        let workspaces = Workspaces::of(match root {
            Some(root) => root.workspaces(),
            None => manifest.and_then(|manifest| manifest.get("workspaces")),
        });
        if let Some(span) = workspaces.cut {
            // The globs of version 1 stand in another file.
            let span = if root.is_some() { span } else { Span::at(0) };
            let hint = "List the folders of the workspaces with fewer and simpler globs.";
            reader.parsed.partial(
                span,
                "a glob of `workspaces` is not read, it is one too many or too complex",
                hint,
            );
        }
        let is_workspace: Vec<bool> = entries
            .iter()
            .map(|entry| entry.local_path().is_some_and(|path| workspaces.contains(&path)))
            .collect();
        let texts: Vec<(usize, String)> = entries
            .iter()
            .enumerate()
            // Version 1 alone has folders in other places, and mixes what they need with what their development needs.
            .filter(|(number, entry)| {
                is_workspace.get(*number) == Some(&true) || entry.place != EntryPlace::Path
            })
            .filter_map(|(number, entry)| {
                let folder = file.path.parent().join(&*entry.local_path()?)?;
                Some((number, self::manifest(&folder, tree)?))
            })
            .collect();
        let documents: Vec<(usize, Document<'_>)> = texts
            .iter()
            .map(|(number, text)| (*number, json::read(text)))
            .collect();
        let mut asked: Vec<FolderManifest<'_>> = documents
            .iter()
            .map(|(number, document)| FolderManifest {
                by: Some(*number),
                manifest: document.root(),
            })
            .collect();
        asked.extend(own.map(|manifest| FolderManifest {
            by: entries.iter().position(Entry::is_root),
            manifest,
        }));
        reader.scopes = scopes::scopes(&entries, &reader.folders, &reader.targets, &is_workspace, &asked);
        let edges = entries.len().saturating_mul(EDGES);
        reader
            .parsed
            .graph
            .reserve(entries.len().saturating_add(1), edges);
        let root = reader.add_nodes(&top, &is_workspace);
        reader.add_edges(&is_workspace);
        if top.packages.is_none() {
            reader.add_root_edges(root, manifest);
        } else if top.is_version_2 {
            let legacy = top.dependencies.map_or_else(Vec::new, entry::of_dependencies);
            reader.add_legacy(&legacy);
        }
        reader.report_unsaid();
        reader.parsed.graph.mark_direct();
        std::mem::take(&mut reader.upgrades).finish(&mut reader.parsed.graph, own);
        reader.parsed
    }
}

/// So many names stand in a message.
const MAX_NAMES: usize = 10;

/// A package of npm needs so many others, more or less.
const EDGES: usize = 3;

/// The text of the `package.json` in a folder.
fn manifest(folder: &TreePath, tree: &dyn Tree) -> Option<String> {
    let path = folder.join("package.json")?;
    let bytes = tree.read(&path).ok()?;
    Some(decode::decode(&bytes).text.into_owned())
}

/// What to report where a `npm-shrinkwrap.json` beside a `package-lock.json` says something else.
fn beside(file: &File<'_>, tree: &dyn Tree) -> Option<&'static str> {
    if !is_named(file.path, "package-lock.json") {
        return None;
    }
    let other = tree.read(&file.path.parent().join("npm-shrinkwrap.json")?).ok()?;
    (decode::decode(&other).text != file.text).then_some(
        "npm-shrinkwrap.json beside it says something else: npm up to 11 installs from that, npm 12 from this file",
    )
}

/// The outermost object.
struct Top<'d> {
    name: Option<Value<'d>>,
    version: Option<Value<'d>>,
    packages: Option<Value<'d>>,
    dependencies: Option<Value<'d>>,
    is_version_2: bool,
}

impl<'d> Top<'d> {
    fn of(root: Value<'d>, parsed: &mut Parsed) -> Self {
        let mut top = Self {
            name: None,
            version: None,
            packages: None,
            dependencies: None,
            is_version_2: false,
        };
        let mut format = None;
        let mut seen: Vec<&'static str> = Vec::new();
        for (key, value) in root.entries() {
            // `JSON.parse` takes the last; npm writes none twice, and what is gone was once locked.
            if let Some(name) = ["packages", "dependencies", "lockfileVersion"]
                .into_iter()
                .find(|name| *name == key)
            {
                if seen.contains(&name) {
                    parsed.blind(value.key_span(), format!("`{name}` is written twice"), DAMAGED);
                }
                seen.push(name);
            }
            match key.as_ref() {
                "name" => top.name = Some(value),
                "version" => top.version = Some(value),
                "lockfileVersion" => format = Some(value),
                "packages" => top.packages = Some(value),
                "dependencies" => top.dependencies = Some(value),
                _ => {}
            }
        }
        top.is_version_2 = format.and_then(Value::as_u64) == Some(2);
        match format.map(|value| (value.as_u64(), value.span())) {
            Some((Some(version), span)) if version > NEWEST => parsed.blind(
                span,
                format!("lockfile version {version} is newer than {NEWEST}, the newest one known here"),
                "Update lockkeeper.",
            ),
            Some((None, span)) => parsed.blind(span, "`lockfileVersion` is no number", DAMAGED),
            // A file that is damaged says so already.
            Some((Some(2..), span))
                if top.packages.is_none() && top.dependencies.is_none() && parsed.problems.is_empty() =>
            {
                parsed.blind(
                    span,
                    "a lockfile of this version has `packages`, and here are none",
                    DAMAGED,
                );
            }
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
    targets: Targets,
    /// The node of each entry; a link and what could not be read have none.
    nodes: Vec<Option<NodeId>>,
    /// What each entry is used for.
    scopes: Vec<Scopes>,
    /// Packages from addresses that do not say which one is there, and the places of those.
    unsaid: Vec<(NodeId, Span)>,
    upgrades: Upgrades,
    parsed: Parsed,
}

impl Reader<'_> {
    /// Adds a node for each entry and returns the root.
    fn add_nodes(&mut self, top: &Top<'_>, is_workspace: &[bool]) -> NodeId {
        let own = self.entries.iter().find(|entry| entry.is_root());
        let either = |mine: Option<Value<'_>>, above: Option<Value<'_>>| {
            let text = |value: Option<Value<'_>>| value?.as_str().map(Cow::into_owned);
            text(mine).or_else(|| text(above)).unwrap_or_default()
        };
        let name = either(own.and_then(Entry::name), top.name);
        let version = either(own.and_then(Entry::version), top.version);
        let root = self.parsed.graph.add_root(name, version);
        for (number, entry) in self.entries.iter().enumerate() {
            let local = entry.local_path();
            let is_workspace = is_workspace.get(number) == Some(&true);
            let node = if entry.is_root() {
                Some(root)
            } else if entry.link {
                None
            } else if is_workspace {
                let version = entry.own_version().unwrap_or_default();
                Some(self.parsed.graph.add_root(entry.own_name(), version))
            } else if local.is_some() && entry.version().is_none() || entry.is_in_package() {
                Some(self.parsed.graph.add_own(entry.own_name(), ""))
            } else {
                self.add_package(number, entry, local.as_deref())
            };
            self.nodes.push(node);
        }
        root
    }

    fn add_package(&mut self, number: usize, entry: &Entry<'_>, local: Option<&str>) -> Option<NodeId> {
        let Some((value, version)) = entry.version().and_then(|value| Some((value, value.as_str()?))) else {
            self.parsed
                .blind(entry.value.key_span(), "a package without a version", DAMAGED);
            return None;
        };
        let name = entry.own_name();
        let resolved = entry.resolved().and_then(Value::as_str);
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
        let said = pin.name.unwrap_or(&name);
        let is_address = matches!(pin.source, Source::Url(_));
        let address = resolved.as_deref().filter(|_| local.is_none());
        let address = match &pin.source {
            Source::Registry(Some(_)) => {
                address.filter(|it| !npm_archive::is_archive_of(it, said, pin.version))
            }
            Source::Url(address) if local.is_none() => Some(address.as_str()),
            _ => None,
        };
        let archive = address.and_then(npm_archive::archive);
        let is_unsaid =
            |address| archive.is_none() && !is_address && !npm_archive::says(address, said, pin.version);
        let is_unsaid = address.is_some_and(is_unsaid);
        let is_of_registry = is_address && archive.is_some();
        let mut package = match archive {
            Some(archive)
                if archive.name != said || !npm_archive::is_version(&archive.version, pin.version) =>
            {
                let field = entry.resolved().filter(|_| !is_address).unwrap_or(value);
                let place = match (field.kind(), archive.place) {
                    (Kind::PlainString, Some(place)) => field.span().inside(place),
                    _ => field.span(),
                };
                let is_odd =
                    archive.name == said || entry.name().is_some() || entry.place != EntryPlace::Path;
                if is_odd && !is_address {
                    let message = format!(
                        "the entry says {said} {}, and `resolved` is the archive of {} {}, which npm installs",
                        pin.version, archive.name, archive.version
                    );
                    self.parsed.remark(
                        place,
                        message,
                        "Run `npm install --package-lock-only` and look at the difference.",
                    );
                }
                Package::new(
                    Ecosystem::NPM,
                    archive.name,
                    archive.version,
                    FileSpan::here(place),
                )
            }
            _ => Package::new(Ecosystem::NPM, said, pin.version, FileSpan::here(span)),
        };
        package.source = match (local, pin.source) {
            (Some(path), _) => Source::Path(path.to_owned()),
            (None, Source::Url(address)) if is_of_registry => Source::Registry(Some(address)),
            (None, source) => source,
        };
        let scopes = self.scopes.get(number).copied();
        package.scopes = scopes.unwrap_or_else(|| Scopes::only(Scope::Runtime));
        package.spans = Spans {
            entry: Some(entry.span()),
            source: entry.resolved().map(Value::span),
            checksums: entry.integrity().map(Value::span).into_iter().collect(),
            edges: entry.dependencies().map(Value::span),
        };
        let node = self.parsed.graph.add_package(package);
        if is_unsaid {
            let place = entry.resolved().map_or(span, Value::span);
            self.unsaid.push((node, place));
        }
        Some(node)
    }

    /// Reports the packages of the registry whose addresses do not say which one is there.
    fn report_unsaid(&mut self) {
        let mut names: Vec<&str> = Vec::new();
        let mut first: Option<Span> = None;
        for (node, place) in &self.unsaid {
            let package = self.parsed.graph.package(*node);
            if let Some(package) = package.filter(|package| package.source.is_matched()) {
                names.push(&package.name);
                first.get_or_insert(*place);
            }
        }
        names.sort_unstable();
        names.dedup();
        let Some(first) = first else { return };
        let what = match names.len() {
            1 => "1 package comes from an address that does".to_owned(),
            count => format!("{count} packages come from addresses that do"),
        };
        let shown = listed(&names, MAX_NAMES);
        let message = format!("{what} not say which package is there: {shown}");
        self.parsed.partial(
            first,
            message,
            "npm installs what is at the address, whatever the entry says: look there, or lock the package from a registry.",
        );
    }

    fn add_edges(&mut self, is_workspace: &[bool]) {
        for (number, entry) in self.entries.iter().enumerate() {
            let Some(from) = self.node(number) else { continue };
            let asker = match self.parsed.graph.package(from) {
                Some(package) if matches!(package.source, Source::Path(_)) => Asker::Folder,
                Some(_) => Asker::Package,
                None if entry.is_root() => Asker::Root,
                None if is_workspace.get(number) == Some(&true) => Asker::Workspace(&entry.key),
                None => Asker::Folder,
            };
            let wishes = entry
                .needs()
                .flat_map(|(need, table)| table.entries().map(move |(_, wish)| (need, wish)));
            let targets = self.targets.of_entry(number);
            let found: Vec<Option<NodeId>> = targets.map(|target| self.node(target?)).collect();
            for ((need, wish), to) in wishes.zip(found) {
                match to {
                    Some(to) => {
                        self.parsed.graph.add_edge(from, to, wish.key_span());
                        self.mark_address(to, wish);
                        self.upgrades.add(&mut self.parsed.graph, to, asker, wish);
                    }
                    None => self.missing(entry, need, wish),
                }
            }
        }
    }

    /// In version 2: packages of the registry under `dependencies` that `packages` does not hold; npm 6 installs those.
    fn add_legacy(&mut self, legacy: &[Entry<'_>]) {
        let held: HashSet<(String, String)> = self
            .parsed
            .graph
            .packages()
            .map(|(_, package)| (package.name.to_string(), package.version.to_string()))
            .collect();
        let mut is_told = false;
        for entry in legacy.iter().filter(|entry| entry.local_path().is_none()) {
            let Some(version) = entry.version().and_then(Value::as_str) else {
                continue;
            };
            let name = entry.own_name();
            let resolved = entry.resolved().and_then(Value::as_str);
            let pin = source::pin(&name, &version, resolved.as_deref());
            let said = (pin.name.unwrap_or(&name).to_owned(), pin.version.to_owned());
            if !matches!(pin.source, Source::Registry(_)) || held.contains(&said) {
                continue;
            }
            if !std::mem::replace(&mut is_told, true) {
                self.parsed.remark(
                    entry.value.key_span(),
                    format!(
                        "{} {} stands under `dependencies` alone: npm 6 installs it, later ones what `packages` says",
                        said.0, said.1
                    ),
                    "Run `npm install --package-lock-only` and look at the difference.",
                );
            }
            self.add_package(usize::MAX, entry, None);
        }
    }

    /// In version 1: what the root asks for.
    fn add_root_edges(&mut self, root: NodeId, manifest: Option<Value<'_>>) {
        let asked: Vec<NodeId> = match manifest {
            Some(manifest) => {
                let tables = manifest.entries().filter(|(field, _)| Need::of(field).is_some());
                let mut asked = Vec::new();
                for (name, wish) in tables.flat_map(|(_, table)| table.entries()) {
                    let entry = self.folders.resolve_from_root(&name);
                    let Some(node) = entry.and_then(|entry| self.node(entry)) else {
                        continue;
                    };
                    self.upgrades.add(&mut self.parsed.graph, node, Asker::Root, wish);
                    asked.push(node);
                }
                asked
            }
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
            && npm_archive::version_of_registry(address, &package.name).is_none()
        {
            package.source = Source::Url(address.clone());
        }
    }

    fn missing(&mut self, from: &Entry<'_>, need: Need, wish: Value<'_>) {
        match need {
            // What a folder outside of the tree needs is installed there, if at all.
            Need::Runtime | Need::Dev if from.key.starts_with("../") => {
                self.parsed.partial(wish.key_span(), MISSING, COMPLETE);
            }
            // `npm ci` refuses the file, `npm install` takes what was never reviewed.
            Need::Runtime | Need::Dev => self.parsed.blind(wish.key_span(), MISSING, COMPLETE),
            // Version 1 does not mark which requirement is optional, and may leave those out.
            Need::Unknown => self.parsed.partial(wish.key_span(), MISSING, COMPLETE),
            // npm leaves out what is optional and does not fit, and peers that are not installed.
            Need::Optional | Need::Peer => {}
        }
    }

    /// The node of an entry, or of the one that it links to.
    fn node(&self, number: usize) -> Option<NodeId> {
        match self.nodes.get(number).copied().flatten() {
            Some(node) => Some(node),
            None => {
                let entry = self.entries.get(number).filter(|entry| entry.link)?;
                let target = entry.resolved()?.as_str()?;
                let target = self.folders.entry_at(&target)?;
                self.nodes.get(target).copied().flatten()
            }
        }
    }
}
