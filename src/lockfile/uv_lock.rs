//! `uv.lock`, version 1 with all its revisions, and the lockfiles of uv's scripts (`name.py.lock`).
//!
//! The format has no specification; uv's own reader and writer (`uv-resolver/src/lock`) decide.
//!
//! - Workspace members are own modules and roots: those that `[manifest]` lists, else the package at `.`. Other
//!   folders, editable or not, are packages with source `path`.
//! - A dependency carries version and source where several packages have its name (forks by marker).
//! - Scopes follow reachability: runtime from `dependencies` of the roots, dev from their groups
//!   (`dev-dependencies`), optional from their extras (`optional-dependencies`). Extras of packages are followed
//!   where a dependent asks for them.
//! - A package without a version (dynamic) stands at its name.
//! - An archive at an address (`url`) on the host of an index of the file or of settings in the tree, on one that the file has
//!   archives of such an index from, or in a registry's store, is the registry's package, by the name and version in its file name.
//! - What uv refuses is blind: a file without `version`, a package without `source`, a dependency on a package that is not
//!   there, a wheel of another version; and so is a wheel of another package, which uv 0.9.13 installs.
//! - So a file that is cut shows it where a package or a line breaks off, and where a dependency was lost. Cut behind a
//!   package, or behind a line of the last one, with nothing before that needs what follows, it is a file of uv.

mod ranges;
mod sources;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::grammar::distribution;
use super::grammar::simple_repository::Indexes;
use super::{File, Format, Parsed};
use crate::ecosystem;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Source, Spans, Tree, TreePath};
use crate::text::Span;
use crate::text::tree::{Document, Kind, Value};
use sources::{is_archive, own_folder, source, source_parts};

/// The lockfile of uv.
#[derive(Debug, Clone, Copy)]
pub struct UvLock;

/// The newest version of the format that is known here.
const NEWEST: u64 = 1;

const DAMAGED: &str = "Restore the file from its last good commit, or delete it and run `uv lock`.";

/// A dependency that fits more packages than this is taken for the first ones, so that a hostile file costs no
/// more than its size; the file is then blind.
const MAX_CANDIDATES: usize = 64;

impl Format for UvLock {
    fn name(&self) -> &'static str {
        "uv.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["uv.lock", "*.py.lock"]
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        ranges::upgrade_command(upgrade)
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let lock = Lock::of(&document, &mut parsed);
        let indexes = lock.indexes(&file.path.parent(), tree);
        let nodes = lock.add_nodes(&indexes, &mut parsed);
        let needs = lock.needs(&mut parsed);
        for need in &needs.edges {
            if let (Some(from), Some(to)) = (nodes.get(need.from), nodes.get(need.to)) {
                parsed.graph.add_edge(*from, *to, need.span);
            }
        }
        for scope in [Scope::Runtime, Scope::Dev, Scope::Optional] {
            for number in needs.reach(scope, &lock) {
                if let Some(package) = nodes.get(number).and_then(|node| parsed.graph.package_mut(*node)) {
                    package.scopes.add(scope);
                }
            }
        }
        lock.add_manifest(&nodes, &mut parsed);
        lock.add_ranges(&nodes, &mut parsed);
        parsed.graph.mark_direct();
        parsed
    }
}

/// The parts of the file that matter.
struct Lock<'d> {
    entries: Vec<Entry<'d>>,
    /// Entries by normalised name.
    by_name: HashMap<Cow<'d, str>, Vec<usize>>,
    /// Entries by normalised name and version.
    by_version: HashMap<(Cow<'d, str>, Cow<'d, str>), Vec<usize>>,
    /// Requirements of a script and groups of a workspace without a project.
    manifest: Vec<(Scope, Value<'d>)>,
    /// The versions that `override-dependencies` of the workspace say.
    overrides: Option<Value<'d>>,
    /// The ranges that `constraint-dependencies` of the workspace keep packages in.
    constraints: Option<Value<'d>>,
}

/// A `[[package]]`.
struct Entry<'d> {
    table: Value<'d>,
    name: Cow<'d, str>,
    /// Empty if there is none.
    version: Cow<'d, str>,
    place: Span,
    span: Span,
    source: Option<Value<'d>>,
    is_root: bool,
    checksums: Vec<Span>,
    dependencies: Option<Value<'d>>,
    /// Lists by extra.
    optional: Option<Value<'d>>,
    /// Lists by group.
    groups: Option<Value<'d>>,
}

impl<'d> Lock<'d> {
    fn of(document: &'d Document<'d>, parsed: &mut Parsed) -> Self {
        let mut lock = Self {
            entries: Vec::new(),
            by_name: HashMap::new(),
            by_version: HashMap::new(),
            manifest: Vec::new(),
            overrides: None,
            constraints: None,
        };
        let mut members = HashSet::new();
        let mut is_lock = document.root().raw().trim().is_empty();
        let (mut has_packages, mut other_list) = (false, None);
        for (key, value) in document.root().entries() {
            is_lock |= matches!(key.as_ref(), "version" | "distribution");
            match key.as_ref() {
                "version" => match value.as_u64() {
                    Some(version) if version <= NEWEST => {}
                    Some(version) => parsed.blind(
                        value.span(),
                        format!("version {version} of the format is newer than {NEWEST}, the newest one known here"),
                        "Update lockkeeper.",
                    ),
                    None => parsed.blind(value.span(), "the version of the format is no number", DAMAGED),
                },
                "package" => {
                    has_packages = true;
                    if value.kind() != Kind::Array {
                        parsed.blind(value.span(), "`package` is no list of tables", DAMAGED);
                    }
                    lock.entries.extend(value.items().filter_map(|item| entry(item, parsed)));
                }
                "distribution" => parsed.blind(
                    value.span(),
                    "written by a uv before 0.3, whose format is no longer read",
                    "Run `uv lock` with a current uv.",
                ),
                "manifest" => members = lock.read_manifest(value),
                _ if value.items().any(Value::is_object) => other_list = Some((key, value)),
                _ => {}
            }
        }
        // Where nothing is locked there is no list at all; but then there is no other one either.
        if let Some((key, value)) = other_list.filter(|_| !has_packages) {
            parsed.blind(
                value.span(),
                format!("`{key}` is no list of uv's, whose packages are `package`"),
                DAMAGED,
            );
        }
        if !is_lock {
            parsed.blind(Span::at(0), "no lockfile of uv: it has no `version`", DAMAGED);
        }
        for entry in &mut lock.entries {
            entry.is_root = match own_folder(entry.source) {
                Some(folder) if members.is_empty() => folder == ".",
                Some(_) => members.contains(&ecosystem::normalised(&Ecosystem::PYPI, entry.name.clone())),
                None => false,
            };
        }
        for (number, entry) in lock.entries.iter().enumerate() {
            let name = ecosystem::normalised(&Ecosystem::PYPI, entry.name.clone());
            let named = lock.by_version.entry((name.clone(), entry.version.clone()));
            named.or_default().push(number);
            let named = lock.by_name.entry(name).or_default();
            named.push(number);
            if named.len() == MAX_CANDIDATES.saturating_add(1) {
                parsed.blind(
                    entry.place,
                    format!("more than {MAX_CANDIDATES} packages are called {}: which of them is needed is not followed", entry.name),
                    DAMAGED,
                );
            }
        }
        lock
    }

    /// Reads `[manifest]` and returns the names of the members.
    fn read_manifest(&mut self, manifest: Value<'d>) -> HashSet<Cow<'d, str>> {
        let mut members = HashSet::new();
        for (key, value) in manifest.entries() {
            match key.as_ref() {
                "members" => members.extend(
                    value
                        .items()
                        .filter_map(Value::as_str)
                        .map(|name| ecosystem::normalised(&Ecosystem::PYPI, name)),
                ),
                "overrides" => self.overrides = Some(value),
                "constraints" => self.constraints = Some(value),
                "requirements" => self.manifest.push((Scope::Runtime, value)),
                "dependency-groups" => {
                    let groups = value.entries().map(|(_, group)| (Scope::Dev, group));
                    self.manifest.extend(groups);
                }
                _ => {}
            }
        }
        members
    }

    /// A node for each entry, in the order of the file.
    fn add_nodes(&self, indexes: &Indexes, parsed: &mut Parsed) -> Vec<NodeId> {
        let add = |entry: &Entry<'_>| {
            if entry.is_root {
                return parsed.graph.add_root(&*entry.name, &*entry.version);
            }
            let mut package = archive_of_registry(entry, indexes).unwrap_or_else(|| {
                let place = FileSpan::here(entry.place);
                let mut package = Package::new(Ecosystem::PYPI, &*entry.name, &*entry.version, place);
                package.source = entry.source.map_or(Source::Registry(None), source);
                package
            });
            package.spans = Spans {
                entry: Some(entry.span),
                source: entry.source.map(Value::span),
                checksums: entry.checksums.iter().copied().collect(),
                edges: entry.dependencies.map(Value::span),
            };
            parsed.graph.add_package(package)
        };
        self.entries.iter().map(add).collect()
    }

    /// The indexes of the file, the hosts that it has their archives from, and the indexes that settings name in `folder` and
    /// above it; looked for only where archives at addresses are among its packages.
    fn indexes(&self, folder: &TreePath, tree: &dyn Tree) -> Indexes {
        let mut indexes = Indexes::default();
        let parts = |entry: &Entry<'d>| source_parts(entry.source?);
        let is_archive = |entry: &Entry<'d>| parts(entry).is_some_and(|(kind, _)| kind == "url");
        if !self.entries.iter().any(is_archive) {
            return indexes;
        }
        for entry in &self.entries {
            let Some((_, index)) = parts(entry).filter(|(kind, _)| *kind == "registry") else {
                continue;
            };
            indexes.add(&index);
            let first = entry.table.get("wheels").and_then(|wheels| wheels.items().next());
            let file = first
                .or_else(|| entry.table.get("sdist"))
                .and_then(|file| file.str("url"));
            if let Some(file) = file {
                indexes.add(&file);
            }
        }
        indexes.add_named(folder, tree);
        indexes
    }

    /// What a script, or a workspace without a project, asks for itself.
    fn add_manifest(&self, nodes: &[NodeId], parsed: &mut Parsed) {
        let asked: Vec<(Scope, usize)> = self.asked();
        if asked.is_empty() {
            return;
        }
        let root = parsed.graph.add_root("", "");
        for (_, number) in asked {
            if let Some(node) = nodes.get(number) {
                parsed.graph.add_edge(root, *node, Span::default());
            }
        }
    }

    fn asked(&self) -> Vec<(Scope, usize)> {
        self.manifest
            .iter()
            .flat_map(|(scope, list)| list.items().map(|item| (*scope, item)))
            .flat_map(|(scope, item)| {
                let found = item
                    .str("name")
                    .and_then(|name| self.by_name.get(&ecosystem::normalised(&Ecosystem::PYPI, name)));
                found
                    .into_iter()
                    .flatten()
                    .take(MAX_CANDIDATES)
                    .map(move |number| (scope, *number))
            })
            .collect()
    }

    /// The entries that `dependency` means.
    fn find(&self, dependency: Value<'d>) -> Vec<usize> {
        let Some(name) = dependency.str("name") else {
            return Vec::new();
        };
        let name = ecosystem::normalised(&Ecosystem::PYPI, name);
        let found = match dependency.str("version") {
            Some(version) => self.by_version.get(&(name, version)),
            None => self.by_name.get(&name),
        };
        let found = found.map_or(&[][..], Vec::as_slice);
        if found.len() < 2 {
            return found.to_vec();
        }
        let wanted = dependency.get("source").and_then(source_parts);
        let mut same = found
            .iter()
            .take(MAX_CANDIDATES)
            .copied()
            .filter(|number| {
                let held = self
                    .entries
                    .get(*number)
                    .and_then(|entry| source_parts(entry.source?));
                wanted.is_none() || held == wanted
            })
            .peekable();
        if same.peek().is_none() {
            return found.iter().take(MAX_CANDIDATES).copied().collect();
        }
        same.collect()
    }

    /// Who needs whom.
    fn needs(&self, parsed: &mut Parsed) -> Needs {
        let mut needs = Needs {
            edges: Vec::new(),
            states: vec![Vec::new(); self.entries.len()],
            starts: self.asked(),
        };
        // Each extra of each entry is a state of its own, reached only where something asks for it.
        let mut extras: HashMap<(usize, Cow<'d, str>), usize> = HashMap::new();
        for (number, entry) in self.entries.iter().enumerate() {
            for (extra, _) in entry.optional.into_iter().flat_map(Value::entries) {
                extras.insert(
                    (number, ecosystem::normalised(&Ecosystem::PYPI, extra)),
                    needs.states.len(),
                );
                needs.states.push(Vec::new());
            }
        }
        for (from, entry) in self.entries.iter().enumerate() {
            let mut follow = |list: Value<'d>, state: Option<usize>, scope: Option<Scope>| {
                for dependency in list.items() {
                    let found = self.find(dependency);
                    if found.is_empty() {
                        // uv refuses the file, and a file that was cut shows it here.
                        parsed.blind(
                            dependency.span(),
                            "this dependency names no package of the file",
                            DAMAGED,
                        );
                    }
                    let span = dependency.get("name").map_or(dependency.span(), Value::text_span);
                    for to in found {
                        needs.edges.push(Need { from, to, span });
                        let asked = dependency.get("extra").into_iter().flat_map(strings);
                        let asked = asked.filter_map(|extra| {
                            extras.get(&(to, ecosystem::normalised(&Ecosystem::PYPI, extra)))
                        });
                        for target in asked.copied().chain([to]) {
                            if let Some(targets) = state.and_then(|state| needs.states.get_mut(state)) {
                                targets.push(target);
                            }
                            needs.starts.extend(scope.map(|scope| (scope, target)));
                        }
                    }
                }
            };
            if let Some(list) = entry.dependencies {
                follow(list, Some(from), entry.is_root.then_some(Scope::Runtime));
            }
            for (extra, list) in entry.optional.into_iter().flat_map(Value::entries) {
                let state = extras
                    .get(&(from, ecosystem::normalised(&Ecosystem::PYPI, extra)))
                    .copied();
                follow(list, state, entry.is_root.then_some(Scope::Optional));
            }
            for (_, list) in entry.groups.into_iter().flat_map(Value::entries) {
                follow(list, None, entry.is_root.then_some(Scope::Dev));
            }
        }
        needs
    }
}

/// The graph, and what can be reached in it.
struct Needs {
    edges: Vec<Need>,
    /// What each state leads to: a state for each entry, by its number, then one for each extra.
    states: Vec<Vec<usize>>,
    /// The states that roots ask for, and what for.
    starts: Vec<(Scope, usize)>,
}

struct Need {
    from: usize,
    to: usize,
    span: Span,
}

impl Needs {
    /// The entries that are there for `scope`. Own modules are not entered: what they need is theirs.
    fn reach(&self, scope: Scope, lock: &Lock<'_>) -> Vec<usize> {
        let mut reached = vec![false; self.states.len()];
        let mut open = Vec::new();
        let mut enter = |state: usize, open: &mut Vec<usize>| {
            if let Some(reached) = reached.get_mut(state).filter(|reached| !**reached) {
                *reached = true;
                open.push(state);
            }
        };
        for (_, state) in self.starts.iter().filter(|(asked, _)| *asked == scope) {
            enter(*state, &mut open);
        }
        let mut entries = Vec::new();
        while let Some(state) = open.pop() {
            match lock.entries.get(state) {
                Some(entry) if entry.is_root => continue,
                Some(_) => entries.push(state),
                None => {}
            }
            for target in self.states.get(state).into_iter().flatten() {
                enter(*target, &mut open);
            }
        }
        entries
    }
}

fn entry<'d>(table: Value<'d>, parsed: &mut Parsed) -> Option<Entry<'d>> {
    let mut span = table.span();
    let (mut name, mut version, mut source) = (None, None, None);
    let (mut dependencies, mut optional, mut groups) = (None, None, None);
    let mut checksums = Vec::new();
    let mut wheels = Vec::new();
    let mut checksum = |file: Value<'d>| checksums.extend(file.get("hash").map(Value::text_span));
    let mut wheel = |file: Value<'d>| {
        wheels.extend(
            ["url", "path", "filename"]
                .into_iter()
                .find_map(|key| file.get(key)),
        );
    };
    for (key, value) in table.entries() {
        span = span.join(value.span());
        match key.as_ref() {
            "name" => name = Some(value),
            "version" => version = Some(value),
            "source" => source = Some(value),
            "dependencies" => dependencies = Some(value),
            "optional-dependencies" => optional = Some(value),
            "dev-dependencies" => groups = Some(value),
            "sdist" => checksum(value),
            "wheels" => value.items().for_each(|file| {
                checksum(file);
                wheel(file);
            }),
            "metadata" => {
                // `[package.metadata.requires-dev]` is a table behind the table.
                span = value
                    .entries()
                    .fold(span, |span, (_, value)| span.join(value.span()));
            }
            _ => {}
        }
    }
    let text = |value: Option<Value<'d>>| value.and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(name), Some(name_text)) = (name, text(name)) else {
        parsed.blind(table.span(), "a package without a name", DAMAGED);
        return None;
    };
    if version.is_some() && text(version).is_none() || version.is_none() && is_archive(source) {
        parsed.blind(table.span(), format!("{name_text} has no version"), DAMAGED);
        return None;
    }
    if source.and_then(source_parts).is_none() {
        parsed.blind(table.span(), format!("{name_text} has no source"), DAMAGED);
    }
    let version_text = text(version).unwrap_or_default();
    let other = wheels.into_iter().find(|archive| {
        let address = archive.as_str();
        address.is_some_and(|address| !distribution::belongs(&address, &name_text, &version_text))
    });
    if let Some(archive) = other {
        parsed.blind(
            archive.text_span(),
            format!("this wheel is none of {name_text} {version_text}"),
            DAMAGED,
        );
    }
    Some(Entry {
        table,
        name: name_text,
        version: version_text,
        place: version.unwrap_or(name).text_span(),
        span,
        source,
        is_root: false,
        checksums,
        dependencies,
        optional,
        groups,
    })
}

/// The package of the registry whose archive `entry` names by its address.
fn archive_of_registry(entry: &Entry<'_>, indexes: &Indexes) -> Option<Package> {
    let value = entry.source?;
    let (_, address) = source_parts(value).filter(|(kind, _)| *kind == "url")?;
    let (source, found) = indexes.archive(&address, Some(&entry.name))?;
    let is_as_written = found.is_called(&entry.name) && found.is_of_version(&entry.version);
    let mut package = if is_as_written {
        Package::new(
            Ecosystem::PYPI,
            &*entry.name,
            &*entry.version,
            FileSpan::here(entry.place),
        )
    } else {
        let url = value.get("url")?;
        let place = FileSpan::here(url.span_of(found.version.range));
        Package::new(Ecosystem::PYPI, found.name.text, found.version.text, place)
    };
    package.source = source;
    Some(package)
}

/// The strings of a list, or the one string.
fn strings(value: Value<'_>) -> impl Iterator<Item = Cow<'_, str>> {
    value
        .as_str()
        .into_iter()
        .chain(value.items().filter_map(Value::as_str))
}
