//! `bun.lock`, lockfile versions 0 to 2.
//!
//! Source of the rules: Bun's types of the file and its documentation, and what its releases 1.1 to 1.4 write
//! (`tests/fixtures/make/bun_lock`). It is JSON with a comma before closing brackets.
//!
//! - `workspaces` are the projects, by their folders, with what they ask for; each is a module of our own and a root. Version 0 repeats
//!   that in `packages`, where it is not read.
//! - `packages` are by place: `debug/ms` is the `ms` in the `node_modules` of `debug`. What a dependent means is found from its place
//!   upwards, as Node does; a project's place is its name.
//! - An entry is a list whose first item says what is there: `name@1.0.0`, `name@git+…#commit`, `name@github:…`, `name@file:folder`,
//!   `name@link:…`, `name@workspace:…`, `name@root:`, or `name@` and the address of an archive.
//! - The second item of a registry's package is the archive's address where that is not below the default registry. Bun installs what is
//!   there: where the address names another package or version, that counts.
//! - A peer is what Node finds from the place of the package that expects it. Where Bun isolates packages (`linker`), a package at one place may
//!   be installed once for each version of a peer that its dependents have; the file does not say so.
//! - What a package is used for follows from who needs it.
//! - Bundled packages are listed, and count as the registry's.
//!
//! `bun.lockb`, which Bun wrote before 1.2, is binary and not read.

pub mod locked;
mod place;
mod upgrades;

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use self::place::Places;
use self::upgrades::Overrides;
use super::grammar::npm_archive as archive;
use super::grammar::npm_scopes::{self, Need};
use super::{Digests, File, Format, Parsed};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree};
use crate::text::names::listed;
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lockfile of Bun.
pub struct BunLock;

/// The newest lockfile version that is known here.
const NEWEST: u64 = 2;

const DAMAGED: &str =
    "Restore the file from its last good commit, or delete it and run `bun install --lockfile-only`.";

impl Format for BunLock {
    fn name(&self) -> &'static str {
        "bun.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["bun.lock"]
    }

    fn digests(&self) -> Digests {
        Digests::Integrity
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        upgrades::command(upgrade)
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read_with_comments(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let Some(top) = Top::of(document.root(), &mut parsed) else {
            return parsed;
        };
        let mut reader = Reader {
            parsed,
            nodes: Vec::new(),
            needs: Vec::new(),
            roots: Vec::new(),
            unsaid: Vec::new(),
            overrides: Overrides::of(top.overrides),
        };
        reader.read(&top);
        reader.finish()
    }
}

/// The outermost object.
struct Top<'d> {
    workspaces: Value<'d>,
    packages: Option<Value<'d>>,
    overrides: Option<Value<'d>>,
}

impl<'d> Top<'d> {
    /// `None` for what is no lockfile, or of a shape that is not known; that has been reported.
    fn of(root: Value<'d>, parsed: &mut Parsed) -> Option<Self> {
        let (mut version, mut workspaces, mut packages, mut overrides) = (None, None, None, None);
        for (key, value) in root.entries() {
            let field = match key.as_ref() {
                "lockfileVersion" => &mut version,
                "workspaces" => &mut workspaces,
                "packages" => &mut packages,
                "overrides" => &mut overrides,
                _ => continue,
            };
            if field.replace(value).is_some() {
                parsed.blind(value.key_span(), format!("`{key}` is written twice"), DAMAGED);
            }
        }
        let Some(version) = version else {
            parsed.blind(
                root.span(),
                "there is no `lockfileVersion`: this is no lockfile of Bun",
                DAMAGED,
            );
            return None;
        };
        let Some(number) = version.as_u64() else {
            parsed.blind(version.span(), "`lockfileVersion` is no number", DAMAGED);
            return None;
        };
        let is_object = |value: &Value<'_>| value.kind() == Kind::Object;
        match workspaces.filter(is_object) {
            Some(workspaces) if packages.as_ref().is_none_or(is_object) => Some(Self {
                workspaces,
                packages,
                overrides,
            }),
            Some(_) | None if number > NEWEST => {
                parsed.blind(
                    version.span(),
                    format!("lockfile version {number} is newer than {NEWEST}, the newest one known here, and has another shape"),
                    "Update lockkeeper.",
                );
                None
            }
            Some(_) | None => {
                parsed.blind(root.span(), "`workspaces` or `packages` is no object", DAMAGED);
                None
            }
        }
    }
}

/// Why something names another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Runtime,
    Dev,
    Optional,
    Peer,
}

impl Table {
    fn of(name: &str) -> Option<Self> {
        match name {
            "dependencies" => Some(Self::Runtime),
            "devDependencies" => Some(Self::Dev),
            "optionalDependencies" => Some(Self::Optional),
            "peerDependencies" => Some(Self::Peer),
            _ => None,
        }
    }
}

/// Who names another.
#[derive(Clone, Copy)]
struct Dependent<'d> {
    entry: u32,
    /// Where its dependencies are looked for first.
    place: u32,
    /// The tables of its dependencies.
    tables: Value<'d>,
    /// The folder of a project.
    project: Option<&'d str>,
}

/// Collects the graph. An entry is a project, a folder or a package at a place; its number is that of its node in `nodes`.
struct Reader<'d> {
    parsed: Parsed,
    nodes: Vec<NodeId>,
    needs: Vec<Need>,
    roots: Vec<u32>,
    /// Packages whose addresses do not say what is there, and where those are.
    unsaid: Vec<(NodeId, Span)>,
    overrides: Overrides<'d>,
}

/// So many names stand in a message.
const MAX_NAMES: usize = 10;

impl<'d> Reader<'d> {
    fn read(&mut self, top: &Top<'d>) {
        let mut places = Places::new();
        let mut projects: HashMap<Cow<'d, str>, u32> = HashMap::new();
        let mut dependents: Vec<Dependent<'d>> = Vec::new();
        for (folder, project) in top.workspaces.entries() {
            let name = project.str("name").unwrap_or_else(|| folder.clone());
            let version = project.str("version").unwrap_or_default();
            let node = self.parsed.graph.add_root(name, version);
            let entry = self.entry(node);
            self.roots.push(entry);
            dependents.push(Dependent {
                entry,
                place: place::ROOT,
                tables: project,
                project: Some(written(project)),
            });
            projects.insert(folder, entry);
        }
        if top.workspaces.count() == 0 {
            self.parsed.blind(
                top.workspaces.span(),
                "no project is in the file, and Bun always writes one",
                DAMAGED,
            );
        }
        for (key, value) in top.packages.into_iter().flat_map(Value::entries) {
            let place = places.enter(&key);
            if places.entry(place).is_some() {
                self.parsed
                    .blind(value.key_span(), "this key is written twice", DAMAGED);
            }
            let Some((entry, tables)) = self.package(value, &projects) else {
                continue;
            };
            places.set(place, entry);
            match tables {
                Some(tables) => dependents.push(Dependent {
                    entry,
                    place,
                    tables,
                    project: None,
                }),
                // The place of a project.
                None => {
                    // The projects come first, in the order of their numbers.
                    if let Some(project) = dependents.get_mut(entry as usize) {
                        project.place = place;
                    }
                }
            }
        }
        for dependent in dependents {
            self.edges(dependent, &places);
        }
    }

    fn entry(&mut self, node: NodeId) -> u32 {
        self.nodes.push(node);
        (self.nodes.len() as u32).saturating_sub(1)
    }

    /// The entry that an item of `packages` is, and the object with what it needs; a project's is in `workspaces`.
    fn package(
        &mut self,
        value: Value<'d>,
        projects: &HashMap<Cow<'d, str>, u32>,
    ) -> Option<(u32, Option<Value<'d>>)> {
        let mut items = value.items();
        let first = items.next();
        let said = first.and_then(|first| Some((first, first.as_str()?)));
        let split = said.as_ref().and_then(|(_, said)| {
            let at = said.char_indices().skip(1).find(|(_, letter)| *letter == '@');
            at.map(|(at, _)| at)
        });
        let (Some((first, said)), Some(at)) = (said, split) else {
            self.parsed
                .blind(value.key_span(), "this entry does not say what it is", DAMAGED);
            return None;
        };
        let name = said.get(..at).unwrap_or_default();
        let start = at.saturating_add(1);
        let behind = said.get(start..).unwrap_or_default();
        let rest: Vec<Value<'d>> = items.take(MAX_ITEMS).collect();
        let tables = rest.iter().copied().find(|item| item.kind() == Kind::Object);
        if let Some(folder) = behind.strip_prefix("workspace:") {
            let project = projects.get(folder).copied();
            if project.is_none() {
                self.parsed.blind(
                    first.text_span(),
                    "`workspaces` does not have this project",
                    DAMAGED,
                );
            }
            return Some((project?, None));
        }
        if behind.starts_with("root:") {
            return Some((projects.get("").copied()?, None));
        }
        if behind.starts_with("file:") && !is_archive(behind) || behind.starts_with("link:") {
            let node = self.parsed.graph.add_own(name, "");
            return Some((self.entry(node), Some(tables.unwrap_or(value))));
        }
        let Some(tables) = tables else {
            self.parsed
                .blind(value.key_span(), "this entry does not say what it needs", DAMAGED);
            return None;
        };
        let address = rest.first().filter(|item| item.as_str().is_some()).copied();
        let integrity = rest
            .iter()
            .rev()
            .copied()
            .find(|item| item.as_str().is_some_and(|text| text.starts_with("sha")));
        let mut package = match is_version(behind) {
            true => self.of_registry(name, behind, first.span_of(start..said.len()), address),
            false => elsewhere(name, behind, |range| {
                first.span_of(start.saturating_add(range.start)..start.saturating_add(range.end))
            }),
        };
        package.0.spans = Spans {
            entry: Some(entry_span(value)),
            source: address
                .filter(|_| is_version(behind))
                .map(Value::text_span)
                .filter(|span| !span.is_empty()),
            checksums: integrity.map(Value::text_span).into_iter().collect(),
            edges: tables.get("dependencies").map(Value::span),
        };
        let node = self.parsed.graph.add_package(package.0);
        if let Some(span) = package.1 {
            self.unsaid.push((node, span));
        }
        Some((self.entry(node), Some(tables)))
    }

    /// A package of a registry, and the place of its address if that does not say which one is there.
    fn of_registry(
        &mut self,
        name: &str,
        version: &str,
        place: Span,
        address: Option<Value<'d>>,
    ) -> (Package, Option<Span>) {
        let new = |name: &str, version: &str, place| {
            Package::new(Ecosystem::NPM, name, version, FileSpan::here(place))
        };
        let mut package = new(name, version, place);
        let text = address.and_then(|address| Some((address, address.as_str()?)));
        let Some((field, text)) = text.filter(|(_, text)| !text.is_empty()) else {
            return (package, None);
        };
        let source = Source::Registry(Some(text.to_string()));
        if archive::is_archive_of(&text, name, version) {
            package.source = source;
            return (package, None);
        }
        let Some(found) = archive::archive(&text) else {
            package.source = source;
            // The address of the registry, below which the archive is.
            let is_said = text.ends_with('/') || archive::says(&text, name, version);
            return (package, (!is_said).then(|| field.text_span()));
        };
        if found.name != name || !archive::is_version(&found.version, version) {
            let place = found
                .place
                .clone()
                .map_or(field.text_span(), |place| field.span_of(place));
            let message = format!(
                "the entry says {name} {version}, and the address is that of the archive of {} {}, which Bun installs",
                found.name, found.version
            );
            let hint = "Run `bun install --lockfile-only` and look at the difference.";
            self.parsed.remark(place, message, hint);
            package = new(&found.name, &found.version, place);
        }
        package.source = source;
        (package, None)
    }

    fn edges(&mut self, from: Dependent<'d>, places: &Places) {
        let mut optional: Vec<Cow<'d, str>> = Vec::new();
        for (key, list) in from.tables.entries() {
            if key == "optionalPeers" {
                optional.extend(list.items().filter_map(Value::as_str));
            }
        }
        optional.sort_unstable();
        for (key, names) in from.tables.entries() {
            let Some(table) = Table::of(&key) else { continue };
            for (name, wish) in names.entries() {
                let may_be_absent = match table {
                    Table::Runtime | Table::Dev => false,
                    Table::Optional => true,
                    Table::Peer => optional.binary_search(&name).is_ok(),
                };
                let Some(to) = places.resolve(from.place, &name) else {
                    // Bun leaves out what is optional and does not fit, and peers that are not installed.
                    if matches!(table, Table::Runtime | Table::Dev) {
                        self.parsed
                            .blind(wish.key_span(), "this dependency is not in the file", DAMAGED);
                    }
                    continue;
                };
                self.needs.push(Need {
                    from: from.entry,
                    to,
                    dev: table == Table::Dev,
                    optional: may_be_absent,
                });
                self.edge(from, to, wish);
            }
        }
    }

    fn edge(&mut self, from: Dependent<'d>, to: u32, wish: Value<'d>) {
        let node = |entry: u32| self.nodes.get(entry as usize).copied();
        let (Some(source), Some(target)) = (node(from.entry), node(to)) else {
            return;
        };
        let graph = &mut self.parsed.graph;
        graph.add_edge(source, target, wish.key_span());
        let by = match (graph.package(source), from.project) {
            (Some(package), _) if matches!(package.source, Source::Path(_)) => upgrades::By::Folder,
            (Some(_), _) => upgrades::By::Package,
            (None, Some(folder)) => upgrades::By::Project(folder),
            (None, None) => upgrades::By::Folder,
        };
        if let Some(package) = graph.package_mut(target) {
            self.overrides.note(package, by, wish);
        }
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
        upgrades::finish(graph);
        self.report_unsaid();
        self.parsed
    }

    /// Reports the packages of the registry whose addresses do not say which one is there.
    fn report_unsaid(&mut self) {
        let Some(first) = self.unsaid.iter().map(|(_, span)| *span).min() else {
            return;
        };
        let graph = &self.parsed.graph;
        let packages = self.unsaid.iter().filter_map(|(node, _)| graph.package(*node));
        let mut names: Vec<&str> = packages.map(|package| &*package.name).collect();
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
            "Bun installs what is at the address, whatever the entry says: look there, or lock the package from a registry.",
        );
    }
}

/// An entry has at most so many items behind the first.
const MAX_ITEMS: usize = 8;

/// A package that is of no registry: `behind` is what follows its name. `span` gives the place of a part of that.
fn elsewhere(
    name: &str,
    behind: &str,
    span: impl Fn(std::ops::Range<usize>) -> Span,
) -> (Package, Option<Span>) {
    let of = |name: &str, version: &str, range: std::ops::Range<usize>, source| {
        let mut package = Package::new(Ecosystem::NPM, name, version, FileSpan::here(span(range)));
        package.source = source;
        (package, None)
    };
    let whole = 0..behind.len();
    if archive::is_http(behind) {
        return match archive::archive(behind) {
            Some(found) => {
                let range = found.place.clone().unwrap_or(whole);
                of(
                    &found.name,
                    &found.version,
                    range,
                    Source::Registry(Some(behind.to_owned())),
                )
            }
            None => of(name, behind, whole, Source::Url(behind.to_owned())),
        };
    }
    if archive::is_git(behind) {
        let source = Source::Git(archive::without_git(behind).to_owned());
        return match behind.rsplit_once('#') {
            Some((_, commit)) if !commit.is_empty() => of(
                name,
                commit,
                behind.len().saturating_sub(commit.len())..behind.len(),
                source,
            ),
            Some(_) | None => of(name, behind, whole, source),
        };
    }
    of(name, behind, whole, Source::Path(behind.to_owned()))
}

/// The folder of a project as it is written, which lives as long as the document.
fn written(project: Value<'_>) -> &str {
    match project.key() {
        Cow::Borrowed(folder) => folder,
        // No folder has a character that JSON escapes.
        Cow::Owned(_) => "?",
    }
}

fn is_version(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(is_plain) && !is_archive(text)
}

/// The name of an archive's file.
fn is_archive(text: &str) -> bool {
    [".tgz", ".tar.gz", ".tar"].iter().any(|end| text.ends_with(end))
}

/// From the quote before the key to the end of the value.
fn entry_span(value: Value<'_>) -> Span {
    let start = (value.key_span().start as usize).saturating_sub(1);
    Span::new(start, value.span().end as usize)
}
