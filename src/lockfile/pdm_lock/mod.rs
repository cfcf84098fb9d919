//! `pdm.lock` and `pdm.*.lock`, from the first versions of PDM to lock version 4.5.1.
//!
//! The format has no specification; what PDM writes (`pdm/project/lockfile/pdmlock.py`) and reads
//! (`pdm/models/repositories/lock.py`) decides.
//!
//! - A package with extras is an entry of its own beside the package without: both are packages here, each at its place.
//! - Scopes are recorded as `groups` since lock version 4.4.1 where the strategy `inherit_metadata` is on: `default` is runtime, the
//!   extras of the `pyproject.toml` beside the lockfile are optional, all other groups dev. Where they are not recorded they follow from what
//!   that file reaches. What it asks for without an extra or group is runtime with all that it needs, whatever the lockfile records.
//! - Direct are the packages that `pyproject.toml` asks for. Without that file, those are that no other package needs, and the first of each
//!   circle beside them.
//! - Of several versions of a name (one a target), a dependency means those in its range.
//! - Folders, and archives in them, have the source `path`; the project's own folder and the members of a workspace are own modules.
//! - Hashes stand in `files` or, before lock version 4.3, in `[metadata.files]`.
//! - An archive at an address (`url`) on the host of an index that settings name, or in a registry's store, is the registry's package, by
//!   the name and version in its file name.
//! - Blind are a file without `lock_version` or without a list `package` (PDM writes an empty one where nothing is locked), a dependency
//!   without a marker that is neither locked nor excluded, and a file of another package or version.

mod entry;
pub mod project;

use std::borrow::Cow;
use std::collections::HashMap;

use self::entry::{Entry, Need};
use super::grammar::lock_version;
use super::grammar::pyproject::{Project, Wish};
use super::grammar::simple_repository::Indexes;
use super::{File, Format, Parsed};
use crate::ecosystem::{self, normalise};
use crate::model::{Ecosystem, Graph, NodeId, Scope, Source, Tree, TreePath, UpgradeBy};
use crate::text::Span;
use crate::text::tree::{Document, Kind, Value};
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// The lockfile of PDM.
#[derive(Debug, Clone, Copy)]
pub struct PdmLock;

/// The newest version of the format that is known here.
const NEWEST: (u64, u64) = (4, 5);

const DAMAGED: &str = "Restore the file from its last good commit, or delete it and run `pdm lock`.";

/// A dependency on one of more packages of one name than this is taken for the first one, so that a hostile file costs no
/// more than its size; the file is then blind.
const MAX_CANDIDATES: usize = 64;

impl Format for PdmLock {
    fn name(&self) -> &'static str {
        "pdm.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pdm.lock", "pdm.*.lock"]
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        // PDM wants the group of what only a group asks for, and ends with an error without it.
        if matches!(upgrade.by, Some(UpgradeBy::Hand)) {
            return super::UpgradeCommand::ByHand(
                "Only a group or an extra of pyproject.toml asks for it: allow that version there, and run `pdm update --no-sync -G` with its name and the package's.".into(),
            );
        }
        if !UpgradeBy::allows(upgrade.by, |range| Pep440.contains(range, upgrade.to).ok()) {
            return super::UpgradeCommand::ByHand(
                "What asks for it does not allow that version: change pyproject.toml and run `pdm lock --update-reuse`, or upgrade the package that brings it.".into(),
            );
        }
        let lockfile = match upgrade.file_name {
            "pdm.lock" => String::new(),
            other => format!(" --lockfile {other}"),
        };
        super::UpgradeCommand::Run(format!("pdm update --no-sync{lockfile} {}", upgrade.name))
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let lock = Lock::of(&document, &mut parsed);
        let folder = file.path.parent();
        let project = Project::read(&folder, tree);
        let nodes = lock.add_nodes(project.as_ref(), &lock.indexes(&folder, tree), &mut parsed);
        lock.add_edges(project.as_ref(), &nodes, &mut parsed);
        lock.add_wishes(project.as_ref(), &nodes, &mut parsed.graph);
        parsed.graph.mark_direct();
        parsed
    }
}

/// The parts of the file that matter.
struct Lock<'d> {
    entries: Vec<Entry<'d>>,
    /// Entries by normalised name.
    by_name: HashMap<Cow<'d, str>, Vec<usize>>,
}

/// The nodes of a lockfile.
struct Nodes {
    root: Option<NodeId>,
    /// By the number of the entry.
    entries: Vec<NodeId>,
    /// Members of a workspace.
    members: Vec<NodeId>,
}

impl<'d> Lock<'d> {
    fn of(document: &'d Document<'d>, parsed: &mut Parsed) -> Self {
        let mut lock = Self {
            entries: Vec::new(),
            by_name: HashMap::new(),
        };
        let root = document.root();
        let (mut metadata, mut has_packages) = (None, false);
        for (key, value) in root.entries() {
            match key.as_ref() {
                "package" => {
                    has_packages = true;
                    if value.kind() != Kind::Array {
                        parsed.blind(value.span(), "`package` is no list of tables", DAMAGED);
                    }
                    let entries = value.items().filter_map(|table| Entry::read(table, parsed));
                    lock.entries.extend(entries);
                }
                "metadata" => metadata = Some(value),
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
        if !has_packages {
            parsed.blind(
                Span::at(0),
                "no whole lockfile of PDM: it has no list `package`",
                DAMAGED,
            );
        }
        match metadata.and_then(|metadata| metadata.get("lock_version")) {
            Some(version) => lock_version::check(version, NEWEST, parsed),
            None => parsed.blind(
                Span::at(root.span().end as usize),
                "no whole lockfile of PDM: it has no `lock_version`",
                DAMAGED,
            ),
        }
        let files = metadata.and_then(|metadata| metadata.get("files"));
        for (key, files) in files.into_iter().flat_map(Value::entries) {
            lock.add_files(&key, files, parsed);
        }
        lock
    }

    /// Files that stand under `name version` or `name[extra] version`, for all entries of that name and version.
    fn add_files(&mut self, key: &str, files: Value<'d>, parsed: &mut Parsed) {
        let Some((name, version)) = key.rsplit_once(' ') else {
            return;
        };
        let name = name.split('[').next().unwrap_or_default();
        let numbers = self.by_name.get(normalise(&Ecosystem::PYPI, name).as_ref());
        for number in numbers.into_iter().flatten().take(MAX_CANDIDATES) {
            if let Some(entry) = self.entries.get_mut(*number).filter(|it| it.version == version) {
                entry.add_files(files, parsed);
            }
        }
    }

    /// The indexes of settings in `folder` and above it; looked for only where archives at addresses are among the packages.
    fn indexes(&self, folder: &TreePath, tree: &dyn Tree) -> Indexes {
        let mut indexes = Indexes::default();
        if self
            .entries
            .iter()
            .any(|entry| matches!(entry.source, Source::Url(_)))
        {
            indexes.add_named(folder, tree);
        }
        indexes
    }

    /// The root, and a node for each entry in the order of the file.
    fn add_nodes(&self, project: Option<&Project>, indexes: &Indexes, parsed: &mut Parsed) -> Nodes {
        let mut nodes = Nodes {
            root: None,
            entries: Vec::new(),
            members: Vec::new(),
        };
        if self.entries.is_empty() {
            return nodes;
        }
        let (name, version) = project.map_or(("", ""), |project| (&project.name, &project.version));
        let root = parsed.graph.add_root(name, version);
        nodes.root = Some(root);
        for entry in &self.entries {
            let node = match entry.own_folder() {
                Some("") => root,
                Some(_) if entry.is_editable && project.is_some_and(Project::has_workspace) => {
                    let member = parsed.graph.add_root(&*entry.name, &*entry.version);
                    nodes.members.push(member);
                    member
                }
                Some(_) | None => parsed.graph.add_package(entry.package(project, indexes)),
            };
            nodes.entries.push(node);
        }
        nodes
    }

    /// What each entry needs.
    fn add_edges(&self, project: Option<&Project>, nodes: &Nodes, parsed: &mut Parsed) {
        for (entry, from) in self.entries.iter().zip(&nodes.entries) {
            for Need { wish, span } in entry.needs() {
                let found = self.find(&wish);
                let is_left_out = || project.is_some_and(|project| project.leaves_out(&wish.name));
                if found.is_empty() && !wish.has_marker && !is_left_out() {
                    parsed.blind(span, "this dependency names no package of the file", DAMAGED);
                }
                // An entry with extras asks for its own version of the package without.
                let is_own = wish.name == *normalise(&Ecosystem::PYPI, &entry.name);
                for to in found.into_iter().filter_map(|to| nodes.entries.get(to)) {
                    parsed.graph.add_edge(*from, *to, span);
                    if !is_own {
                        add_range(&mut parsed.graph, *to, &wish);
                    }
                }
            }
        }
    }

    /// What the project asks for, and the scopes that follow from it.
    fn add_wishes(&self, project: Option<&Project>, nodes: &Nodes, graph: &mut Graph) {
        let Some(root) = nodes.root else { return };
        let Some(project) = project else {
            for node in graph.unneeded().into_iter().filter(|node| *node != root) {
                graph.add_edge(root, node, Span::default());
            }
            return;
        };
        let records_scopes = self.entries.iter().any(|entry| entry.records_scopes());
        let mut asked_at_runtime = Vec::new();
        for scope in [Scope::Runtime, Scope::Optional, Scope::Dev] {
            let mut starts = match scope {
                Scope::Runtime => nodes.members.clone(),
                Scope::Optional | Scope::Dev | Scope::Build => Vec::new(),
            };
            for wish in project.wishes(scope) {
                let mut found = self.find(wish);
                if !wish.extras.is_empty() {
                    // Who asks for an extra asks for the package.
                    let plain = Wish {
                        extras: Vec::new(),
                        ..wish.clone()
                    };
                    found.extend(self.find(&plain));
                    found.sort_unstable();
                    found.dedup();
                }
                for to in found.into_iter().filter_map(|to| nodes.entries.get(to)) {
                    graph.add_edge(root, *to, Span::default());
                    add_range(graph, *to, wish);
                    starts.push(*to);
                }
            }
            for start in &starts {
                if let Some(package) = graph.package_mut(*start).filter(|_| scope != Scope::Runtime)
                    && asked_at_runtime.binary_search(start).is_err()
                {
                    package.asked_by(UpgradeBy::Hand);
                }
            }
            if scope == Scope::Runtime {
                asked_at_runtime.clone_from(&starts);
                asked_at_runtime.sort_unstable();
            }
            if scope == Scope::Runtime || !records_scopes {
                let reached = graph.reached_from(starts);
                for node in nodes.entries.iter().filter(|node| reached.holds(**node)) {
                    if let Some(package) = graph.package_mut(*node) {
                        package.scopes.add(scope);
                    }
                }
            }
        }
    }

    /// The entries that `wish` means: those in its range, and with its extras as far as there are such.
    fn find(&self, wish: &Wish) -> Vec<usize> {
        let found = self.by_name.get(wish.name.as_str());
        let found = found.map_or(&[][..], Vec::as_slice);
        if !(2..=MAX_CANDIDATES).contains(&found.len()) {
            return found.iter().take(1).copied().collect();
        }
        let named: Vec<(usize, &Entry<'_>)> = found
            .iter()
            .filter_map(|number| Some((*number, self.entries.get(*number)?)))
            .collect();
        let in_range = narrowed(named, |entry| {
            wish.range.is_empty() || Pep440.contains(&wish.range, &entry.version) != Ok(false)
        });
        let of_extras = narrowed(in_range, |entry| entry.extras == wish.extras);
        of_extras.into_iter().map(|(number, _)| number).collect()
    }
}

/// Those that `fits`; all if none does.
fn narrowed<'e, 'd>(
    entries: Vec<(usize, &'e Entry<'d>)>,
    fits: impl Fn(&Entry<'d>) -> bool,
) -> Vec<(usize, &'e Entry<'d>)> {
    match entries.iter().any(|(_, entry)| fits(entry)) {
        true => entries.into_iter().filter(|(_, entry)| fits(entry)).collect(),
        false => entries,
    }
}

/// Notes that something asks for a package within the range of `wish`.
fn add_range(graph: &mut Graph, node: NodeId, wish: &Wish) {
    if let Some(package) = graph.package_mut(node).filter(|_| !wish.range.is_empty()) {
        package.asked_within(&wish.range);
    }
}
