//! `pylock.toml` and `pylock.*.toml` (PEP 751), as uv, pip and PDM write them.
//!
//! - uv and pip write no edges and no groups: scopes are open there, but for what the `pyproject.toml` beside the file asks for outside of
//!   extras and groups, which is runtime. uv writes the packages of several extras and groups into one list without a mark.
//! - PDM writes extras and groups as markers, and what a package needs under `[packages.tool.pdm]`; the standard has `dependencies` for
//!   that. What is asked for outside of extras and groups is runtime with all that it needs.
//! - Direct are the packages that `pyproject.toml` asks for. Without that file, those are that no other package needs; without edges, all.
//! - A package without a version has that of its files' names; from a repository, its commit. A folder has none.
//! - The folder of the lockfile is an own module. An archive on the host of an index, or in a registry's store, is the registry's package, by
//!   the name and version in its file name.
//! - Blind are a file without `lock-version` or without a list `packages` (which all tools write where nothing is locked), an archive of
//!   another package or version, a dependency that is not there, and a file of PDM without what PDM writes behind all packages. A file
//!   of uv or pip that is cut between two packages is a file of uv or pip.

use std::borrow::Cow;
use std::collections::HashMap;

use super::grammar::distribution;
use super::grammar::lock_version;
use super::grammar::marker::Marker;
use super::grammar::pyproject::{Project, Wish};
use super::grammar::rfc3986::without_secrets;
use super::grammar::simple_repository::Indexes;
use super::{File, Format, Parsed};
use crate::ecosystem;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, Spans, Tree, TreePath};
use crate::text::Span;
use crate::text::tree::{Document, Kind, Value};
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// The lockfile of PEP 751.
#[derive(Debug, Clone, Copy)]
pub struct Pylock;

/// The newest version of the format that is known here.
const NEWEST: (u64, u64) = (1, 0);

const DAMAGED: &str = "Restore the file from its last good commit, or lock again.";

/// A dependency on one of more packages of one name than this is taken for the first one, so that a hostile file costs no
/// more than its size; the file is then blind.
const MAX_CANDIDATES: usize = 64;

impl Format for Pylock {
    fn name(&self) -> &'static str {
        "pylock.toml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pylock.toml", "pylock.*.toml"]
    }

    fn upgrade_command(&self, _: &super::Upgrade<'_>) -> super::UpgradeCommand {
        super::UpgradeCommand::ByHand(
            "Allow that version where it is asked for, and write the file again with the tool that its `created-by` names.".into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let lock = Lock::of(&document, &mut parsed);
        let folder = file.path.parent();
        let nodes = lock.add_nodes(&lock.indexes(&folder, tree), &mut parsed);
        let project = Project::read(&folder, tree);
        lock.add_edges(project.as_ref(), &nodes, &mut parsed);
        lock.add_wishes(project.as_ref(), &nodes, &mut parsed);
        parsed
    }
}

/// The parts of the file that matter.
struct Lock<'d> {
    entries: Vec<Entry<'d>>,
    /// Entries by normalised name.
    by_name: HashMap<Cow<'d, str>, Vec<usize>>,
    /// The groups that are installed unless others are asked for.
    defaults: Vec<Cow<'d, str>>,
    /// It says of each package for which extras and groups it is.
    records_scopes: bool,
}

/// A `[[packages]]`.
struct Entry<'d> {
    name: Cow<'d, str>,
    version: Cow<'d, str>,
    place: Span,
    span: Span,
    source: Source,
    /// The value that says where it comes from.
    address: Option<Value<'d>>,
    checksums: Vec<Span>,
    marker: Option<Marker>,
    /// Tables of the standard, or specifiers of PDM.
    dependencies: Option<Value<'d>>,
}

impl<'d> Lock<'d> {
    fn of(document: &'d Document<'d>, parsed: &mut Parsed) -> Self {
        let mut lock = Self {
            entries: Vec::new(),
            by_name: HashMap::new(),
            defaults: Vec::new(),
            records_scopes: false,
        };
        let root = document.root();
        let (mut version, mut has_packages, mut is_of_pdm, mut tool) = (None, false, false, None);
        for (key, value) in root.entries() {
            match key.as_ref() {
                "lock-version" => version = Some(value),
                "packages" => {
                    has_packages = true;
                    if value.kind() != Kind::Array {
                        parsed.blind(value.span(), "`packages` is no list of tables", DAMAGED);
                    }
                    lock.entries
                        .extend(value.items().filter_map(|table| Entry::read(table, parsed)));
                }
                "default-groups" => lock.defaults.extend(value.items().filter_map(Value::as_str)),
                "extras" | "dependency-groups" => lock.records_scopes |= value.items().next().is_some(),
                "created-by" => is_of_pdm = value.as_str().as_deref() == Some("pdm"),
                "tool" => tool = value.get("pdm"),
                _ => {}
            }
        }
        for (number, entry) in lock.entries.iter().enumerate() {
            let named = lock
                .by_name
                .entry(ecosystem::normalised(&Ecosystem::PYPI, entry.name.clone()))
                .or_default();
            named.push(number);
            if named.len() == MAX_CANDIDATES.saturating_add(1) {
                parsed.blind(
                    entry.place,
                    format!("more than {MAX_CANDIDATES} packages are called {}: which of them is needed is not followed", entry.name),
                    DAMAGED,
                );
            }
        }
        if root.raw().trim().is_empty() {
            return lock;
        }
        match version {
            Some(version) => lock_version::check(version, NEWEST, parsed),
            None => parsed.blind(
                Span::at(0),
                "no lockfile of PEP 751: it has no `lock-version`",
                DAMAGED,
            ),
        }
        let end = Span::at(root.span().end as usize);
        if !has_packages {
            parsed.blind(end, "no whole lockfile: it has no list `packages`", DAMAGED);
        }
        if is_of_pdm && tool.is_none() {
            parsed.blind(end, "no whole lockfile of PDM: it has no `[tool.pdm]`", DAMAGED);
        }
        lock
    }

    /// The indexes of the file, and those of settings in `folder` and above it; looked for only where archives at addresses are among
    /// the packages.
    fn indexes(&self, folder: &TreePath, tree: &dyn Tree) -> Indexes {
        let mut indexes = Indexes::default();
        let mut has_archives = false;
        for entry in &self.entries {
            match &entry.source {
                Source::Registry(Some(index)) => indexes.add(index),
                Source::Url(_) => has_archives = true,
                Source::Registry(None) | Source::OtherRegistry(_) | Source::Git(_) | Source::Path(_) => {}
            }
        }
        if has_archives {
            indexes.add_named(folder, tree);
        }
        indexes
    }

    /// A node for each entry, in the order of the file.
    fn add_nodes(&self, indexes: &Indexes, parsed: &mut Parsed) -> Vec<NodeId> {
        let defaults: Vec<&str> = self.defaults.iter().map(AsRef::as_ref).collect();
        let add = |entry: &Entry<'d>| {
            if matches!(&entry.source, Source::Path(path) if matches!(path.as_str(), "." | "./")) {
                return parsed.graph.add_root(&*entry.name, &*entry.version);
            }
            let mut package = entry.package(indexes);
            package.scopes = match entry.marker.as_ref().and_then(|marker| marker.scopes(&defaults)) {
                Some(scopes) => scopes,
                // What no extra and no group brings is always installed.
                None if self.records_scopes => Scopes::only(Scope::Runtime),
                None => Scopes::default(),
            };
            parsed.graph.add_package(package)
        };
        self.entries.iter().map(add).collect()
    }

    /// What each entry needs, where the file says so.
    fn add_edges(&self, project: Option<&Project>, nodes: &[NodeId], parsed: &mut Parsed) {
        for (entry, from) in self.entries.iter().zip(nodes) {
            for need in entry.dependencies.into_iter().flat_map(Value::items) {
                let (found, span, may_lack) = match need.as_str().and_then(|text| Wish::read(&text)) {
                    Some(wish) => {
                        let is_left_out = project.is_some_and(|project| project.leaves_out(&wish.name));
                        (
                            self.find(&wish.name, &wish.range),
                            need.text_span(),
                            wish.has_marker || is_left_out,
                        )
                    }
                    None => {
                        let Some(name) = need.get("name") else { continue };
                        let text = ecosystem::normalised(&Ecosystem::PYPI, name.as_str().unwrap_or_default());
                        let version = need.str("version");
                        let range = version.map_or(String::new(), |version| format!("=={version}"));
                        (self.find(&text, &range), name.text_span(), false)
                    }
                };
                if found.is_empty() && !may_lack {
                    parsed.blind(span, "this dependency names no package of the file", DAMAGED);
                }
                for to in found.into_iter().filter_map(|to| nodes.get(to)) {
                    parsed.graph.add_edge(*from, *to, span);
                }
            }
        }
    }

    /// Which packages are direct, and what follows from that.
    fn add_wishes(&self, project: Option<&Project>, nodes: &[NodeId], parsed: &mut Parsed) {
        let has_edges = self.entries.iter().any(|entry| entry.dependencies.is_some());
        let asked = |scope| {
            let wishes = project.map_or_else(Vec::new, |project| project.wishes(scope));
            let found = wishes
                .into_iter()
                .flat_map(|wish| self.find(&wish.name, &wish.range));
            let nodes = found.filter_map(|number| nodes.get(number).copied());
            nodes.collect::<Vec<NodeId>>()
        };
        let runtime = asked(Scope::Runtime);
        let mut direct = [runtime.clone(), asked(Scope::Optional), asked(Scope::Dev)].concat();
        let is_known = !direct.is_empty();
        if !is_known {
            direct = match has_edges {
                true => parsed.graph.unneeded(),
                false => nodes.to_vec(),
            };
        }
        let at_runtime = parsed.graph.reached_from(runtime);
        for node in nodes {
            if let Some(package) = parsed
                .graph
                .package_mut(*node)
                .filter(|_| at_runtime.holds(*node))
            {
                package.scopes.add(Scope::Runtime);
            }
        }
        direct.sort_unstable();
        direct.dedup();
        let own = parsed.graph.roots().first().copied();
        let root = match own {
            None if has_edges && !nodes.is_empty() => {
                let (name, version) = project.map_or(("", ""), |project| (&project.name, &project.version));
                Some(parsed.graph.add_root(name, version))
            }
            other => other.filter(|_| has_edges),
        };
        for node in direct {
            if let Some(package) = parsed.graph.package_mut(node) {
                package.direct = true;
            }
            if let Some(root) = root {
                parsed.graph.add_edge(root, node, Span::default());
            }
        }
    }

    /// The entries called `name`, normalised, that are in `range`.
    fn find(&self, name: &str, range: &str) -> Vec<usize> {
        let found = self.by_name.get(name);
        let found = found.map_or(&[][..], Vec::as_slice);
        if !(2..=MAX_CANDIDATES).contains(&found.len()) {
            return found.iter().take(1).copied().collect();
        }
        let found = found.iter().copied();
        let is_in_range = |number: &usize| {
            let version = self.entries.get(*number).map(|entry| entry.version.as_ref());
            range.is_empty() || version.is_some_and(|version| Pep440.contains(range, version) != Ok(false))
        };
        let in_range: Vec<usize> = found.clone().filter(is_in_range).collect();
        match in_range.is_empty() {
            false => in_range,
            true => found.collect(),
        }
    }
}

impl<'d> Entry<'d> {
    fn read(table: Value<'d>, parsed: &mut Parsed) -> Option<Self> {
        let (mut name, mut version, mut dependencies, mut listed) = (None, None, None, None);
        let (mut index, mut address, mut files) = (None, None, Vec::new());
        let mut marker = None;
        for (key, value) in table.entries() {
            match key.as_ref() {
                "name" => name = Some(value),
                "version" => version = Some(value),
                "marker" => marker = value.as_str().and_then(|text| Marker::read(&text).ok()),
                "index" => index = Some(value),
                "vcs" | "directory" | "archive" => address = Some((key, value)),
                "wheels" => files.extend(value.items()),
                "sdist" => files.push(value),
                "dependencies" => dependencies = Some(value),
                "tool" => listed = value.get("pdm").and_then(|pdm| pdm.get("dependencies")),
                _ => {}
            }
        }
        let text = |value: Option<Value<'d>>| value.and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(name), Some(name_text)) = (name, text(name)) else {
            parsed.blind(table.span(), "a package without a name", DAMAGED);
            return None;
        };
        let (source, located) = match &address {
            Some((kind, value)) => source(kind, *value),
            None => {
                let index = index.and_then(Value::as_str);
                let index = index.map(|index| without_secrets(&index).into_owned());
                (Source::Registry(index), None)
            }
        };
        let stated = version.and_then(|version| Some((text(Some(version))?, version.text_span())));
        let of_commit = || {
            let commit = address.as_ref()?.1.get("commit-id")?;
            Some((text(Some(commit))?, commit.text_span()))
        };
        let of_files = || {
            let archive = located.filter(|_| !matches!(source, Source::Git(_)));
            let named = files.iter().filter_map(|file| file_name(*file)).chain(archive);
            named.into_iter().find_map(|named| version_of(named, &name_text))
        };
        let known = stated.or_else(of_commit).or_else(of_files);
        let (version, place) = match known {
            Some(known) => known,
            None if matches!(source, Source::Path(_) | Source::Url(_) | Source::Git(_)) => {
                (Cow::Borrowed(""), name.text_span())
            }
            None => {
                let hint = "Lock again with a tool that writes versions.";
                parsed.partial(
                    name.text_span(),
                    format!("{name_text} has no exact version"),
                    hint,
                );
                return None;
            }
        };
        let other = files.iter().filter_map(|file| file_name(*file)).find(|named| {
            let place = named.as_str();
            place.is_some_and(|place| !distribution::belongs(&place, &name_text, &version))
        });
        if let Some(other) = other {
            parsed.blind(
                other.text_span(),
                format!("this archive is none of {name_text} {version}"),
                DAMAGED,
            );
        }
        let archive = address.as_ref().map(|(_, value)| *value);
        let hashes = files.iter().copied().chain(archive);
        let hashes = hashes
            .filter_map(|file| file.get("hashes"))
            .flat_map(Value::entries);
        Some(Self {
            checksums: hashes.map(|(_, hash)| hash.text_span()).collect(),
            name: name_text,
            version,
            place,
            span: whole(table),
            source,
            address: located.or(index),
            marker,
            dependencies: dependencies.or(listed),
        })
    }

    fn package(&self, indexes: &Indexes) -> Package {
        let mut package = self.archive_of_registry(indexes).unwrap_or_else(|| {
            let place = FileSpan::here(self.place);
            let mut package = Package::new(Ecosystem::PYPI, &*self.name, &*self.version, place);
            package.source = self.source.clone();
            package
        });
        package.spans = Spans {
            entry: Some(self.span),
            source: self.address.map(Value::text_span),
            checksums: self.checksums.iter().copied().collect(),
            edges: self.dependencies.map(Value::span),
        };
        package
    }

    /// The package of the registry whose archive is named by its address.
    fn archive_of_registry(&self, indexes: &Indexes) -> Option<Package> {
        let Source::Url(_) = self.source else { return None };
        let url = self.address?;
        indexes.package(url, &self.name, &self.version, self.place)
    }
}

/// Where `vcs`, `directory` or `archive` is, and the value that says so.
fn source<'d>(kind: &str, table: Value<'d>) -> (Source, Option<Value<'d>>) {
    let located = match kind {
        "directory" => table.get("path"),
        _ => table.get("url").or_else(|| table.get("path")),
    };
    let address = located.and_then(Value::as_str).unwrap_or_default();
    let shown = without_secrets(&address).into_owned();
    let source = match kind {
        "vcs" => Source::Git(match table.str("commit-id") {
            Some(commit) => format!("{shown}#{commit}"),
            None => shown,
        }),
        "archive" if table.get("url").is_some() => Source::Url(shown),
        _ => Source::Path(shown),
    };
    (source, located)
}

/// What says the file name of a wheel or an archive of sources.
fn file_name(file: Value<'_>) -> Option<Value<'_>> {
    ["name", "url", "path"].into_iter().find_map(|key| file.get(key))
}

/// The version in a file name, and where it stands.
fn version_of<'d>(named: Value<'d>, name: &str) -> Option<(Cow<'d, str>, Span)> {
    let text = named.as_str()?;
    let found = match text.contains("://") {
        true => distribution::of_address(&text, Some(name)),
        false => distribution::of_path(&text, Some(name)),
    };
    let found = found.filter(|found| found.is_certain && found.is_called(name))?;
    let span = named.span_of(found.version.range);
    Some((Cow::Owned(found.version.text), span))
}

/// A table with the tables that follow it under headers of their own: the last value in it ends it.
fn whole(table: Value<'_>) -> Span {
    const DEEPEST: usize = 8;
    let mut span = table.span();
    let mut at = table;
    for _ in 0..DEEPEST {
        let last = match at.kind() {
            Kind::Array => at.items().last(),
            _ => at.entries().last().map(|(_, value)| value),
        };
        let Some(last) = last else { break };
        span = span.join(last.span());
        at = last;
    }
    span
}
