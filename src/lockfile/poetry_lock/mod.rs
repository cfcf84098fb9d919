//! `poetry.lock`, from the first versions of Poetry to lock version 2.1.
//!
//! - Scopes are recorded as `category` up to lock version 1.1 and as `groups` since 2.1: `main` is runtime, anything
//!   else dev, and `optional` packages of `main` are optional. Lock version 2.0 records neither: there they
//!   follow from what the `pyproject.toml` beside the lockfile reaches; without it no scope is known. What that file asks for
//!   without an extra or a group is runtime with all that it needs, whatever the lockfile records.
//! - Direct are the packages that `pyproject.toml` asks for, in Poetry's own tables or as PEP 621 and PEP 735 have
//!   it. Without that file, those are that no other package needs, and the first of each circle beside them.
//! - Where a package is locked in several versions (distinguished by markers), a dependency means those that its
//!   constraint lets pass. Optional dependencies count where something asks for an extra that lists them.
//! - Path dependencies are packages with source `path`; hashes stand in `files` or, before lock version 2.0, in
//!   `[metadata.files]` or `[metadata.hashes]`.
//! - An archive at an address (`type = "url"`) on the host of an index that the lockfile or `pyproject.toml` names, or on
//!   PyPI's own, is the registry's package, by the name and version in its file name.
//! - `[metadata]` comes behind all packages. Poetry refuses a file without it, or without a list `package` (empty where nothing
//!   is locked), and here that is blind.
//! - A newer minor lock version is read with a remark, as Poetry reads it with a warning; a newer major one is blind.

pub mod constraint;
pub mod project;
mod reach;
mod sources;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use self::constraint::allows;
use self::project::{Group, Project, wanted};
use self::reach::{Reach, add_range};
use self::sources::source;
use super::grammar::lock_version;
use super::grammar::simple_repository::Indexes;
use super::{File, Format, Parsed};
use crate::ecosystem::{self, normalise};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, Spans, Tree, UpgradeBy};
use crate::text::Span;
use crate::text::tree::{Document, Kind, Value};

/// The lockfile of Poetry.
#[derive(Debug, Clone, Copy)]
pub struct PoetryLock;

/// The newest version of the format that is known here.
const NEWEST: (u64, u64) = (2, 1);

const DAMAGED: &str = "Restore the file from its last good commit, or delete it and run `poetry lock`.";

/// A dependency that fits more packages than this is taken for the first ones, so that a hostile file costs no
/// more than its size; the file is then blind.
const MAX_CANDIDATES: usize = 64;

impl Format for PoetryLock {
    fn name(&self) -> &'static str {
        "poetry.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["poetry.lock"]
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        // Where nothing allows another version it ends without an error, and without a change.
        if UpgradeBy::allows(upgrade.by, |range| allows(range, upgrade.to)) {
            return super::UpgradeCommand::Run(format!("poetry update --lock {}", upgrade.name));
        }
        super::UpgradeCommand::ByHand(
            "What asks for it does not allow that version: change pyproject.toml and run `poetry lock`, or upgrade the package that brings it.".into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let mut lock = Lock::of(&document, &mut parsed);
        let project = project::read(&file.path.parent(), tree).filter(|it| !it.dependencies.is_empty());
        let edges = lock.edges(project.as_ref());
        let starts = match &project {
            Some(project) => lock.asked(project),
            None => lock.without_dependents(&edges),
        };
        if let Some(project) = &project {
            if !lock.records_scopes {
                lock.scopes_by_reach(&edges, &starts);
            }
            lock.runtime_by_reach(&edges, project);
        }
        let indexes = lock.indexes(&file.path.parent(), tree);
        let (name, version, project_dependencies) = project.map_or_else(Default::default, |project| {
            (project.name, project.version, project.dependencies)
        });
        let root = (!lock.entries.is_empty()).then(|| parsed.graph.add_root(name, version));
        let nodes: Vec<NodeId> = lock
            .entries
            .iter()
            .map(|entry| parsed.graph.add_package(entry.package(&indexes)))
            .collect();
        let node = |number: usize| nodes.get(number).copied();
        for (number, _) in &starts {
            if let (Some(root), Some(to)) = (root, node(*number)) {
                parsed.graph.add_edge(root, to, Span::default());
            }
        }
        for edge in &edges {
            if let (Some(from), Some(to)) = (node(edge.from), node(edge.to)) {
                parsed.graph.add_edge(from, to, edge.span);
                add_range(&mut parsed.graph, to, &edge.constraint);
            }
        }
        for asked in project_dependencies {
            for to in lock
                .find(&asked.name, &asked.constraint)
                .into_iter()
                .filter_map(node)
            {
                add_range(&mut parsed.graph, to, &asked.constraint);
            }
        }
        parsed.graph.mark_direct();
        parsed
    }
}

/// The parts of the file that matter.
struct Lock<'d> {
    entries: Vec<Entry<'d>>,
    /// Entries by normalised name.
    by_name: HashMap<Cow<'d, str>, Vec<usize>>,
    /// The file says which group a package belongs to.
    records_scopes: bool,
}

/// A `[[package]]`.
struct Entry<'d> {
    name: Cow<'d, str>,
    version: Cow<'d, str>,
    place: Span,
    span: Span,
    source: Option<Value<'d>>,
    checksums: Vec<Span>,
    dependencies: Option<Value<'d>>,
    extras: Option<Value<'d>>,
    is_optional: bool,
    scopes: Scopes,
}

struct Need {
    from: usize,
    to: usize,
    span: Span,
    /// As Poetry writes it; empty for any version.
    constraint: String,
}

impl Entry<'_> {
    fn package(&self, indexes: &Indexes) -> Package {
        let mut package = self.archive_of_registry(indexes).unwrap_or_else(|| {
            let place = FileSpan::here(self.place);
            let mut package = Package::new(Ecosystem::PYPI, &*self.name, &*self.version, place);
            package.source = self.source.map_or(Source::Registry(None), source);
            package
        });
        package.scopes = self.scopes;
        package.spans = Spans {
            entry: Some(self.span),
            source: self
                .source
                .and_then(|source| source.get("url"))
                .map(Value::text_span),
            checksums: self.checksums.iter().copied().collect(),
            edges: self.dependencies.map(full_span),
        };
        package
    }

    /// Adds a scope; what only an extra brings is optional.
    fn add(&mut self, group: Group) {
        self.scopes.add(match (group, self.is_optional) {
            (Group::Main, false) => Scope::Runtime,
            (Group::Main, true) => Scope::Optional,
            (Group::Other, _) => Scope::Dev,
        });
    }
}

impl<'d> Lock<'d> {
    fn of(document: &'d Document<'d>, parsed: &mut Parsed) -> Self {
        let mut lock = Self {
            entries: Vec::new(),
            by_name: HashMap::new(),
            records_scopes: false,
        };
        let mut metadata = None;
        let mut has_packages = false;
        let is_empty = document.root().raw().trim().is_empty();
        for (key, value) in document.root().entries() {
            match key.as_ref() {
                "package" => {
                    has_packages = true;
                    if value.kind() != Kind::Array {
                        parsed.blind(value.span(), "`package` is no list of tables", DAMAGED);
                    }
                    for item in value.items() {
                        lock.entries.extend(entry(item, &mut lock.records_scopes, parsed));
                    }
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
        match metadata {
            Some(metadata) => lock.read_metadata(metadata, parsed),
            None if is_empty => {}
            None => {
                let end = Span::at(document.root().span().end as usize);
                parsed.blind(
                    end,
                    "no whole lockfile of Poetry: it has no `[metadata]`",
                    DAMAGED,
                );
            }
        }
        if !has_packages && !is_empty {
            parsed.blind(
                Span::at(0),
                "no lockfile of Poetry: it has no list `package`",
                DAMAGED,
            );
        }
        lock
    }

    fn read_metadata(&mut self, metadata: Value<'d>, parsed: &mut Parsed) {
        for (key, value) in metadata.entries() {
            match key.as_ref() {
                "lock-version" => lock_version::check(value, NEWEST, parsed),
                // 1.x: tables with `file` and `hash`; before: the hashes alone.
                "files" | "hashes" => {
                    for (name, files) in value.entries() {
                        self.add_checksums(name, files);
                    }
                }
                _ => {}
            }
        }
    }

    /// Checksums that stand under a package's name, for all of its versions.
    fn add_checksums(&mut self, name: Cow<'d, str>, files: Value<'d>) {
        let numbers = self
            .by_name
            .get(&ecosystem::normalised(&Ecosystem::PYPI, name))
            .map_or(&[][..], Vec::as_slice);
        let is_only = numbers.len() == 1;
        for number in numbers.iter().take(MAX_CANDIDATES) {
            let Some(entry) = self.entries.get_mut(*number) else {
                continue;
            };
            let version = format!("-{}", entry.version);
            let of_version = |file: &Value<'d>| match file.str("file") {
                // `name-1.2.tar.gz` and `name-1.2-py3-none-any.whl`, but not `name-1.2.1.zip`.
                Some(name) if !is_only => name.split_once(&version).is_some_and(|(_, rest)| {
                    rest.starts_with('-')
                        || !rest
                            .get(1..)
                            .unwrap_or_default()
                            .starts_with(|next: char| next.is_ascii_digit())
                }),
                Some(_) | None => true,
            };
            let hashes = files
                .items()
                .filter(of_version)
                .map(|file| file.get("hash").unwrap_or(file).text_span());
            entry.checksums.extend(hashes);
        }
    }

    /// The entries called `name` that `constraint` lets pass.
    fn find(&self, name: &str, constraint: &str) -> Vec<usize> {
        let found = self.by_name.get(normalise(&Ecosystem::PYPI, name).as_ref());
        let found = found.map_or(&[][..], Vec::as_slice);
        if found.len() < 2 {
            return found.to_vec();
        }
        let passing: Vec<usize> = found
            .iter()
            .take(MAX_CANDIDATES)
            .copied()
            .filter(|number| {
                let version = self.entries.get(*number).map(|entry| entry.version.as_ref());
                version.is_some_and(|version| allows(constraint, version) != Some(false))
            })
            .collect();
        match passing.is_empty() {
            false => passing,
            true => found.iter().take(MAX_CANDIDATES).copied().collect(),
        }
    }

    /// What the project asks for, each package once for each group.
    fn asked(&self, project: &Project) -> Vec<(usize, Group)> {
        let mut seen = HashSet::new();
        let mut starts = Vec::new();
        for asked in &project.dependencies {
            for number in self.find(&asked.name, &asked.constraint) {
                if seen.insert((number, asked.group == Group::Main)) {
                    starts.push((number, asked.group));
                }
            }
        }
        starts
    }

    /// The packages that nothing needs, and the first one of each circle that they do not reach.
    fn without_dependents(&self, edges: &[Need]) -> Vec<(usize, Group)> {
        let reach = Reach::of(self.entries.len(), edges);
        let mut is_needed = vec![false; self.entries.len()];
        for edge in edges.iter().filter(|edge| edge.from != edge.to) {
            if let Some(is_needed) = is_needed.get_mut(edge.to) {
                *is_needed = true;
            }
        }
        let mut starts = Vec::new();
        let mut reached = vec![false; self.entries.len()];
        for (number, is_needed) in is_needed.iter().enumerate() {
            if !is_needed {
                starts.push((number, Group::Main));
                reach.mark(number, &mut reached);
            }
        }
        for number in 0..self.entries.len() {
            if reached.get(number) == Some(&false) {
                starts.push((number, Group::Main));
                reach.mark(number, &mut reached);
            }
        }
        starts
    }

    fn scopes_by_reach(&mut self, edges: &[Need], starts: &[(usize, Group)]) {
        let reach = Reach::of(self.entries.len(), edges);
        for group in [Group::Main, Group::Other] {
            let mut reached = vec![false; self.entries.len()];
            for (number, _) in starts.iter().filter(|(_, asked)| *asked == group) {
                reach.mark(*number, &mut reached);
            }
            for (entry, reached) in self.entries.iter_mut().zip(reached) {
                if reached {
                    entry.add(group);
                }
            }
        }
    }

    /// What the project asks for without an extra or a group is installed with it, whatever the file says of groups.
    fn runtime_by_reach(&mut self, edges: &[Need], project: &Project) {
        let reach = Reach::of(self.entries.len(), edges);
        let mut reached = vec![false; self.entries.len()];
        let main = project
            .dependencies
            .iter()
            .filter(|asked| asked.group == Group::Main && !asked.is_optional);
        for asked in main {
            for number in self.find(&asked.name, &asked.constraint) {
                reach.mark(number, &mut reached);
            }
        }
        for (entry, reached) in self.entries.iter_mut().zip(reached) {
            if reached {
                entry.scopes.add(Scope::Runtime);
            }
        }
    }

    /// What needs what. Without a project its extras are not known: then all of them count.
    fn edges(&self, project: Option<&Project>) -> Vec<Need> {
        let extras = project.map(|project| self.extras_asked_for(project));
        let mut edges = Vec::new();
        for (from, entry) in self.entries.iter().enumerate() {
            for (name, value) in entry.dependencies.into_iter().flat_map(Value::entries) {
                let span = value.key_span();
                let is_asked_for = extras.as_ref().is_none_or(|extras| {
                    extras.contains(&(from, ecosystem::normalised(&Ecosystem::PYPI, name.clone())))
                });
                for wanted in wanted(value) {
                    if !wanted.is_optional || is_asked_for {
                        let found = self.find(&name, &wanted.constraint);
                        edges.extend(found.into_iter().map(|to| Need {
                            from,
                            to,
                            span,
                            constraint: wanted.constraint.clone(),
                        }));
                    }
                }
            }
        }
        edges
    }

    /// For each entry, the names of its dependencies that extras bring which something asks for.
    fn extras_asked_for(&self, project: &Project) -> HashSet<(usize, Cow<'d, str>)> {
        let mut seen: HashSet<(usize, String)> = HashSet::new();
        let mut open: Vec<(usize, String)> = Vec::new();
        let mut ask = |name: &str, constraint: &str, extras: Vec<String>, open: &mut Vec<(usize, String)>| {
            if extras.is_empty() {
                return;
            }
            for number in self.find(name, constraint) {
                for extra in &extras {
                    let extra = normalise(&Ecosystem::PYPI, extra).into_owned();
                    if seen.insert((number, extra.clone())) {
                        open.push((number, extra));
                    }
                }
            }
        };
        for asked in &project.dependencies {
            ask(&asked.name, &asked.constraint, asked.extras.clone(), &mut open);
        }
        for entry in &self.entries {
            for (name, value) in entry.dependencies.into_iter().flat_map(Value::entries) {
                for wanted in wanted(value) {
                    ask(&name, &wanted.constraint, wanted.extras, &mut open);
                }
            }
        }
        let mut lists: HashMap<(usize, String), Value<'d>> = HashMap::new();
        for (number, entry) in self.entries.iter().enumerate() {
            for (extra, list) in entry.extras.into_iter().flat_map(Value::entries) {
                lists.insert((number, normalise(&Ecosystem::PYPI, &extra).into_owned()), list);
            }
        }
        let mut brought = HashSet::new();
        while let Some((number, extra)) = open.pop() {
            let Some(entry) = self.entries.get(number) else {
                continue;
            };
            if let Some(list) = lists.get(&(number, extra)) {
                for (name, further) in list.items().filter_map(Value::as_str).map(listed) {
                    if normalise(&Ecosystem::PYPI, &name) == normalise(&Ecosystem::PYPI, &entry.name) {
                        ask(&name, &format!("=={}", entry.version), further, &mut open);
                    } else {
                        brought.insert((number, ecosystem::normalised(&Ecosystem::PYPI, name)));
                    }
                }
            }
        }
        brought
    }
}

fn entry<'d>(table: Value<'d>, records_scopes: &mut bool, parsed: &mut Parsed) -> Option<Entry<'d>> {
    let (mut name, mut version) = (None, None);
    let mut entry = Entry {
        name: Cow::Borrowed(""),
        version: Cow::Borrowed(""),
        place: Span::default(),
        span: table.span(),
        source: None,
        checksums: Vec::new(),
        dependencies: None,
        extras: None,
        is_optional: false,
        scopes: Scopes::default(),
    };
    let mut groups: Vec<Cow<'d, str>> = Vec::new();
    for (key, value) in table.entries() {
        entry.span = entry.span.join(full_span(value));
        match key.as_ref() {
            "name" => name = Some(value),
            "version" => version = Some(value),
            "optional" => entry.is_optional = value.as_bool() == Some(true),
            "category" => groups.extend(value.as_str()),
            "groups" => groups.extend(value.items().filter_map(Value::as_str)),
            "files" => {
                let hashes = value.items().filter_map(|file| file.get("hash"));
                entry.checksums.extend(hashes.map(Value::text_span));
            }
            "dependencies" => entry.dependencies = Some(value),
            "extras" => entry.extras = Some(value),
            "source" => entry.source = Some(value),
            _ => {}
        }
    }
    let text = |value: Option<Value<'d>>| value.and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(name), Some(text), Some(place)) = (text(name), text(version), version) else {
        parsed.blind(table.span(), "a package without a name or a version", DAMAGED);
        return None;
    };
    (entry.name, entry.version, entry.place) = (name, text, place.text_span());
    *records_scopes |= !groups.is_empty();
    for group in groups {
        entry.add(if group == "main" {
            Group::Main
        } else {
            Group::Other
        });
    }
    Some(entry)
}

/// Name and extras of an entry in a list of extras: `name[extra] (>=1) ; marker`.
fn listed(text: Cow<'_, str>) -> (Cow<'_, str>, Vec<String>) {
    let end = text
        .find(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '.' | '-' | '_'))
        .unwrap_or(text.len());
    let extras = text
        .get(end..)
        .and_then(|rest| rest.strip_prefix('['))
        .and_then(|rest| rest.split_once(']'))
        .map(|(extras, _)| extras.split(',').map(|extra| extra.trim().to_owned()).collect());
    let name = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(..end).unwrap_or_default().to_owned()),
    };
    (name, extras.unwrap_or_default())
}

/// A table with the tables that follow it under headers of their own.
fn full_span(value: Value<'_>) -> Span {
    value
        .entries()
        .fold(value.span(), |span, (_, inner)| span.join(inner.span()))
}
