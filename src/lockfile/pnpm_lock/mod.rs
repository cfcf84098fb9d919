//! `pnpm-lock.yaml`, lockfile versions 5 to 9, and `pnpm-lock.BRANCH.yaml` (`git-branch-lockfile`).
//!
//! Source of the rules: pnpm's own reader of the file, in its releases 5 to 12 (`lockfile.fs`, `dependency-path`), and what these
//! write (`tests/fixtures/make/pnpm_lock`).
//!
//! - `importers` are the projects of the workspace; each is a module of our own and a root, called by its folder as pnpm
//!   calls it. Up to version 6 a single project has its dependencies at the top instead. `link:` leads to an importer, or
//!   to a folder that is none: a module of our own without dependencies.
//! - Up to version 6 `packages` has an entry for each set of peers that a package is installed with. Later `snapshots` does, with the
//!   edges, and `packages` says once where each comes from: the first snapshot stands at the entry in `packages`, further ones
//!   where they are themselves.
//! - What a package is used for follows from the edges; `dev` and `optional` in the file are not used.
//! - pnpm 11 writes config dependencies, and pnpm itself where the project pins it, into a document of their own before that of the project,
//!   which is the last. They are installed too, and count as used for development.
//! - What `resolution` says is what is installed (`source.rs`). A registry that the file names by a name of its own counts as a mirror.
//! - Packages inside of a package (`bundledDependencies`) are not in the file.
//! - A later version is read as version 9 if it has that shape: `importers`, and `snapshots` for `packages`. pnpm 12 can
//!   write another shape as '13.0', which is not read.
//!
//! # The end of a file
//!
//! YAML has no end of its own. A cut file misses a key that an edge names, a snapshot of a package, a resolution or the project's document;
//! each is a blind spot. One that ends without a line break, which pnpm always writes, is a gap.
//!
//! # Speed
//!
//! The reader of YAML is [`crate::text::yaml::read_stream`]: what pnpm writes is a small part of YAML, and a parser of all of it is
//! several times slower. What is outside of that part is blind.

mod key;
mod lock;
pub mod locked;
mod source;
mod upgrades;

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use self::key::Style;
use self::lock::{Lock, Table};
use self::source::{Fields, Found, text};
use super::grammar::npm_scopes::{self, Need};
use super::{Digests, File, Format, Parsed};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree};
use crate::text::names::listed;
use crate::text::tree::{Kind, Value};
use crate::text::{Span, yaml};

/// The lockfile of pnpm.
pub struct PnpmLock;

const DAMAGED: &str =
    "Restore the file from its last good commit, or delete it and run `pnpm install --lockfile-only`.";

impl Format for PnpmLock {
    fn name(&self) -> &'static str {
        "pnpm-lock.yaml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pnpm-lock.yaml", "pnpm-lock.*.yaml"]
    }

    fn digests(&self) -> Digests {
        Digests::Integrity
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        upgrades::command(upgrade)
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        if !file.text.is_empty() && !file.text.ends_with(['\n', '\r']) {
            parsed.partial(
                Span::at(file.text.len()),
                "the file ends here without a line break and may be cut",
                "Run `pnpm install --lockfile-only`, which ends the file with a line break.",
            );
        }
        let documents: Vec<Value<'_>> = document.root().items().collect();
        let count = documents.len();
        let mut reader = Reader {
            parsed,
            ..Reader::default()
        };
        for (number, root) in documents.into_iter().enumerate() {
            let is_last = number.saturating_add(1) == count;
            let Some(lock) = Lock::of(root, &mut reader.parsed) else {
                continue;
            };
            if is_last {
                lock.check(number == 0, file, tree, &mut reader.parsed);
            }
            reader.read(&lock);
        }
        reader.finish()
    }
}

/// Collects the graph. An entry is a project, a folder or a package with its peers; its number is that of its node in `nodes`.
#[derive(Default)]
struct Reader {
    parsed: Parsed,
    nodes: Vec<NodeId>,
    needs: Vec<Need>,
    roots: Vec<u32>,
    /// The projects, by folder; those of several documents are the same.
    projects: HashMap<String, u32>,
    /// Packages whose addresses do not say what is there, and where those are.
    unsaid: Vec<(String, Span)>,
}

/// What the keys of one document lead to.
struct Keys<'d> {
    style: Style,
    entries: HashMap<&'d str, u32>,
    /// Folders that are no projects.
    folders: HashMap<String, u32>,
}

/// Who names another: its entry, the folder that it is in, and whether that is a project.
#[derive(Clone, Copy)]
struct Dependent<'n> {
    entry: u32,
    folder: &'n str,
    is_project: bool,
}

impl Reader {
    fn read<'d>(&mut self, lock: &Lock<'d>) {
        let mut keys = Keys {
            style: lock.style,
            entries: HashMap::with_capacity(lock.snapshots.or(lock.packages).map_or(0, Value::count)),
            folders: HashMap::new(),
        };
        let importers: Vec<(String, Value<'d>)> = match lock.importers {
            Some(importers) => importers
                .entries()
                .map(|(name, importer)| (name.into_owned(), importer))
                .collect(),
            None => vec![(".".into(), lock.root)],
        };
        let mut projects: Vec<u32> = Vec::with_capacity(importers.len());
        for (name, _) in &importers {
            projects.push(self.project(name));
        }
        let dependents = match (lock.style, lock.snapshots) {
            (Style::At, snapshots) => self.snapshots(lock.packages, snapshots, &mut keys),
            (Style::Slash | Style::SlashAt, _) => self.packages(lock.packages, &mut keys),
        };
        for ((name, importer), entry) in importers.iter().zip(projects) {
            let from = Dependent {
                entry,
                folder: name,
                is_project: true,
            };
            self.edges(from, *importer, &mut keys);
        }
        for (entry, value) in dependents {
            let from = Dependent {
                entry,
                folder: ".",
                is_project: false,
            };
            self.edges(from, value, &mut keys);
        }
        upgrades::note_overrides(&mut self.parsed.graph, lock.overrides);
    }

    /// The entry of the project that is called by its folder.
    fn project(&mut self, name: &str) -> u32 {
        let folder = key::folder(".", name);
        if let Some(entry) = self.projects.get(&folder) {
            return *entry;
        }
        let node = self.parsed.graph.add_root(name, "");
        let entry = self.entry(node);
        self.roots.push(entry);
        self.projects.insert(folder, entry);
        entry
    }

    fn entry(&mut self, node: NodeId) -> u32 {
        self.nodes.push(node);
        (self.nodes.len() as u32).saturating_sub(1)
    }

    /// Adds the packages of a lockfile up to version 6. Gives each entry with what it needs.
    fn packages<'d>(&mut self, packages: Option<Value<'d>>, keys: &mut Keys<'d>) -> Vec<(u32, Value<'d>)> {
        let mut dependents = Vec::with_capacity(packages.map_or(0, Value::count));
        for value in packages
            .into_iter()
            .filter(|packages| packages.is_object())
            .flat_map(values)
        {
            let spelled = spelled(value);
            let fields = Fields::of(value);
            if fields.resolution.is_none() {
                self.parsed
                    .blind(value.key_span(), "a package without a resolution", DAMAGED);
            }
            if let Some(entry) = self.package(keys.style, spelled, value, &fields, value, value.key_span()) {
                keys.entries.insert(spelled, entry);
                dependents.push((entry, value));
            }
        }
        dependents
    }

    /// Adds the packages of a later lockfile. Gives each entry with its snapshot.
    fn snapshots<'d>(
        &mut self,
        packages: Option<Value<'d>>,
        snapshots: Option<Value<'d>>,
        keys: &mut Keys<'d>,
    ) -> Vec<(u32, Value<'d>)> {
        let packages = packages.filter(|packages| packages.is_object());
        let mut of_ids: HashMap<&str, (Value<'d>, bool)> =
            HashMap::with_capacity(packages.map_or(0, Value::count));
        for value in packages.into_iter().flat_map(values) {
            of_ids.insert(spelled(value), (value, false));
        }
        let mut dependents = Vec::with_capacity(of_ids.len());
        for value in snapshots.into_iter().flat_map(values) {
            let spelled = spelled(value);
            let id = spelled.get(..key::suffix(spelled)).unwrap_or(spelled);
            let Some((package, has_snapshot)) = of_ids.get_mut(id) else {
                self.parsed.blind(
                    value.key_span(),
                    "`packages` does not say where this comes from",
                    DAMAGED,
                );
                continue;
            };
            let is_first = !std::mem::replace(has_snapshot, true);
            let package = *package;
            let fields = Fields::of(package);
            let is_folder = spelled
                .get(..key::suffix(spelled))
                .is_some_and(|id| id.contains("@file:"));
            if is_first && fields.resolution.is_none() && !is_folder {
                self.parsed
                    .blind(package.key_span(), "a package without a resolution", DAMAGED);
            }
            let place = if is_first {
                package.key_span()
            } else {
                value.key_span()
            };
            if let Some(entry) = self.package(keys.style, spelled, package, &fields, value, place) {
                keys.entries.insert(spelled, entry);
                dependents.push((entry, value));
            }
        }
        let mut lost: Vec<Span> = of_ids
            .values()
            .filter(|(_, has_snapshot)| !has_snapshot)
            .map(|(package, _)| package.key_span())
            .collect();
        lost.sort_unstable();
        if let Some(first) = lost.first() {
            let message = match lost.len() {
                1 => "this package has no entry in `snapshots`".to_owned(),
                count => format!(
                    "this package and {} more have no entry in `snapshots`",
                    count.saturating_sub(1)
                ),
            };
            self.parsed.blind(*first, message, DAMAGED);
        }
        dependents
    }

    /// Adds the package that `spelled` is the key of. `entry` says where it comes from, `value` what it needs, and the version
    /// is at `place`, the span of a key.
    fn package<'d>(
        &mut self,
        style: Style,
        spelled: &'d str,
        entry: Value<'d>,
        fields: &Fields<'d>,
        value: Value<'d>,
        place: Span,
    ) -> Option<u32> {
        let key = key::parse(style, spelled);
        let found = source::find(spelled, &key, fields);
        if found.name.is_empty() {
            self.parsed.blind(place, "a package without a name", DAMAGED);
            return None;
        }
        if found.version.is_empty() {
            let node = self.parsed.graph.add_own(found.name.clone(), "");
            return Some(self.entry(node));
        }
        // The key of `packages` has no peers; one with an escape can't be taken apart by place.
        let is_as_written = place.len() == spelled.len() || place.len() == key::suffix(spelled);
        let in_key = match is_as_written {
            true => place.inside(in_place(&key, &found)),
            false => place,
        };
        let span = found.place.unwrap_or(in_key);
        if found.is_odd {
            let message = format!(
                "the key says {spelled}, and `tarball` is the archive of {} {}, which pnpm installs",
                found.name, found.version
            );
            let hint = "Run `pnpm install --lockfile-only` and look at the difference.";
            self.parsed.remark(span, message, hint);
        }
        if found.is_cut {
            self.parsed.blind(place, "a package without a version", DAMAGED);
        }
        let mut package = Package::new(Ecosystem::NPM, found.name, found.version, FileSpan::here(span));
        if found.is_unsaid {
            let at = fields.tarball.map_or(span, Value::text_span);
            self.unsaid.push((package.name.to_string(), at));
        }
        package.source = found.source;
        package.spans = Spans {
            entry: Some(entry_span(entry)),
            source: fields.source_span(),
            checksums: fields.integrity.map(Value::text_span).into_iter().collect(),
            edges: value.get("dependencies").map(Value::span),
        };
        let node = self.parsed.graph.add_package(package);
        Some(self.entry(node))
    }

    /// Adds what an importer or entry names.
    fn edges<'d>(&mut self, from: Dependent<'_>, value: Value<'d>, keys: &mut Keys<'d>) {
        let mut joined = String::new();
        if from.is_project && !value.is_object() {
            self.parsed
                .blind(value.key_span(), "nothing stands below this project", DAMAGED);
        }
        for (key, names) in value.entries() {
            let Some(table) = Table::of(&key) else { continue };
            if !names.is_object() {
                self.parsed
                    .blind(names.key_span(), format!("`{key}` is no mapping"), DAMAGED);
            }
            // Packages have no development dependencies; what is called so is no table of edges.
            if table == Table::Dev && !from.is_project {
                continue;
            }
            for wish in values(names) {
                let name = wish.key();
                let reference = match wish.kind() {
                    Kind::Object => wish.get("version").and_then(text),
                    _ => text(wish),
                };
                let Some(reference) = reference else {
                    self.parsed
                        .blind(wish.key_span(), "a dependency without a version", DAMAGED);
                    continue;
                };
                let to = match reference.strip_prefix("link:") {
                    Some(path) => Some(self.folder(from.folder, path, &name, keys)),
                    None => {
                        let key = key::meant(keys.style, &name, &reference, &mut joined);
                        keys.entries.get(key).copied()
                    }
                };
                let Some(to) = to else {
                    self.parsed
                        .blind(wish.key_span(), "this dependency is not in the file", DAMAGED);
                    continue;
                };
                self.edge(from, to, table, wish);
            }
        }
    }

    fn edge(&mut self, from: Dependent<'_>, to: u32, table: Table, wish: Value<'_>) {
        self.needs.push(Need {
            from: from.entry,
            to,
            dev: table == Table::Dev,
            optional: table == Table::Optional,
        });
        let node = |entry: u32| self.nodes.get(entry as usize).copied();
        let (Some(source), Some(target)) = (node(from.entry), node(to)) else {
            return;
        };
        let graph = &mut self.parsed.graph;
        graph.add_edge(source, target, wish.key_span());
        let by = match graph.package(source) {
            Some(package) if matches!(package.source, Source::Path(_)) => upgrades::By::Folder,
            Some(_) => upgrades::By::Package,
            None if from.is_project => upgrades::By::Project(from.folder),
            None => upgrades::By::Folder,
        };
        if let Some(package) = graph.package_mut(target) {
            upgrades::note(package, by, wish);
        }
    }

    /// The entry of the folder that `path` leads to from `from`.
    fn folder(&mut self, from: &str, path: &str, name: &str, keys: &mut Keys<'_>) -> u32 {
        let folder = key::folder(from, path);
        if let Some(entry) = self.projects.get(&folder).or_else(|| keys.folders.get(&folder)) {
            return *entry;
        }
        let node = self.parsed.graph.add_own(name, "");
        let entry = self.entry(node);
        keys.folders.insert(folder, entry);
        entry
    }

    fn finish(mut self) -> Parsed {
        let scopes = npm_scopes::of_needs(self.nodes.len(), &self.needs, &self.roots);
        let graph = &mut self.parsed.graph;
        for (node, scopes) in self.nodes.iter().zip(scopes) {
            if let Some(package) = graph.package_mut(*node) {
                package.scopes = scopes;
            }
        }
        graph.mark_direct();
        upgrades::finish(graph, self.projects.len() > 1);
        self.report_unsaid();
        self.parsed
    }

    /// Reports the packages of the registry whose addresses do not say which one is there.
    fn report_unsaid(&mut self) {
        let Some(first) = self.unsaid.iter().map(|(_, span)| *span).min() else {
            return;
        };
        let mut names: Vec<&str> = self.unsaid.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let what = match names.len() {
            1 => "1 package comes from an address that does".to_owned(),
            count => format!("{count} packages come from addresses that do"),
        };
        let message = format!(
            "{what} not say which package is there: {}",
            listed(&names, MAX_NAMES)
        );
        self.parsed.partial(
            first,
            message,
            "pnpm installs what is at the address, whatever the entry says: look there, or lock the package from a registry.",
        );
    }
}

/// So many names stand in a message.
const MAX_NAMES: usize = 10;

/// The key of an entry. YAML's are borrowed, decoded or not.
fn spelled(value: Value<'_>) -> &str {
    match value.key() {
        Cow::Borrowed(key) => key,
        Cow::Owned(_) => "",
    }
}

/// The values of a mapping.
fn values<'d>(mapping: Value<'d>) -> impl Iterator<Item = Value<'d>> {
    mapping.entries().map(|(_, value)| value)
}

/// From the key, with its quote, to the end of the value.
fn entry_span(value: Value<'_>) -> Span {
    let key = value.key_span();
    Span::new(
        key.start as usize,
        (value.span().end as usize).max(key.end as usize),
    )
}

/// Where the version stands in the key.
fn in_place(key: &key::Key, found: &Found<'_>) -> std::ops::Range<usize> {
    let range = key.version.clone();
    // What is behind the name of a scheme: `runtime:22.0.0`.
    let length = found.version.len().min(range.len());
    match &found.source {
        Source::Registry(_) => range,
        _ => range.end.saturating_sub(length)..range.end,
    }
}
