//! `mix.lock`, of every version of Mix and Hex.
//!
//! The file is a map of Elixir, or a list in files of 2014: the name of each application, and a tuple that its source made. The
//! rules are those of Hex (`Hex.Utils.lock`) and of Mix (`Mix.Dep.Lock`, `Mix.SCM.Git`).
//!
//! - `{:hex, name, version, checksum, managers, dependencies, repository, outer checksum}`: what is missing at the end is of an
//!   older Hex. The package's name counts, which may differ from the application's. `hexpm` is the registry; `hexpm:acme` is an
//!   organization's, and any other name another registry.
//! - `{:git, address, commit, options}`: the commit is the version.
//! - An optional dependency is no edge: it is locked only where something else asks for it. A dependency that is not in the file
//!   is one that the project takes from a folder, or the file is not whole: that is a partial gap.
//! - Direct is what the `mix.exs` beside it asks for, where that is literal ([`project`]); scopes follow from it. Otherwise direct
//!   are those that no other package needs, and the first of each circle beside them, and no scope is known.
//! - A map that is closed ends the file.

pub mod project;
pub(super) mod requirement;

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use self::project::Project;
use self::requirement::allows;
use super::grammar::rfc3986::without_secrets;
use super::grammar::terms::{Kind, Language, Term, Terms};
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Graph, NodeId, Package, Scope, Source, Spans, Tree, UpgradeBy};
use crate::text::Span;

/// The lockfile of Mix.
#[derive(Debug, Clone, Copy)]
pub struct MixLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run `mix deps.get`.";

/// The name of the public registry in lockfiles.
pub(super) const HEXPM: &str = "hexpm";

impl Format for MixLock {
    fn name(&self) -> &'static str {
        "mix.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::HEX
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["mix.lock"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &["mix.exs"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        // Where nothing allows another version it ends without an error, and without a change.
        match UpgradeBy::allows(upgrade.by, |range| allows(range, upgrade.to)) {
            true => UpgradeCommand::Run(format!("mix deps.update {}", upgrade.name)),
            false => UpgradeCommand::ByHand(
                "What asks for it does not allow that version: change mix.exs and run `mix deps.get`, or upgrade the package that brings it.".into(),
            ),
        }
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let mut terms = Terms::read(file.text, Language::Elixir);
        parsed.damaged(std::mem::take(&mut terms.problems), DAMAGED);
        let entries = entries(&terms, file.text, &mut parsed);
        let project = project::beside(&file.path.parent(), tree);
        let lock = Lock::of(entries, &mut parsed);
        let nodes: Vec<NodeId> = lock
            .entries
            .iter()
            .map(|entry| parsed.graph.add_package(entry.package()))
            .collect();
        if !nodes.is_empty() {
            let name = project.as_ref().map_or("", |project| &project.name);
            let root = parsed.graph.add_root(name, "");
            lock.add_starts(root, &nodes, project.as_ref(), &mut parsed);
        }
        for need in &lock.needs {
            if let (Some(from), Some(to)) = (nodes.get(need.from), nodes.get(need.to)) {
                parsed.graph.add_edge(*from, *to, need.span);
                allow(&mut parsed.graph, *to, &need.requirement);
            }
        }
        parsed.graph.mark_direct();
        parsed
    }
}

/// Notes what asks for a package.
fn allow(graph: &mut Graph, node: NodeId, requirement: &str) {
    if let Some(package) = graph
        .package_mut(node)
        .filter(|_| !matches!(requirement, "" | ">= 0.0.0"))
    {
        package.asked_within(requirement);
    }
}

/// A line of the file.
struct Entry<'d> {
    app: Cow<'d, str>,
    name: Cow<'d, str>,
    version: Cow<'d, str>,
    place: Span,
    span: Span,
    source: Source,
    source_span: Option<Span>,
    checksums: Vec<Span>,
    dependencies: Option<Term<'d>>,
}

impl Entry<'_> {
    fn package(&self) -> Package {
        let place = FileSpan::here(self.place);
        let mut package = Package::new(Ecosystem::HEX, &*self.name, &*self.version, place);
        package.source = self.source.clone();
        package.spans = Spans {
            entry: Some(self.span),
            source: self.source_span,
            checksums: self.checksums.iter().copied().collect(),
            edges: self.dependencies.map(Term::span),
        };
        package
    }
}

fn entries<'d>(terms: &'d Terms<'_>, text: &str, parsed: &mut Parsed) -> Vec<Entry<'d>> {
    let mut roots = terms.roots();
    let Some(root) = roots.next() else {
        if text.trim().is_empty() {
            parsed.blind(Span::at(0), "the file is empty", DAMAGED);
        } else if parsed.problems.is_empty() {
            parsed.blind(Span::at(0), "no lockfile of Mix: it has no map", DAMAGED);
        }
        return Vec::new();
    };
    if !matches!(root.kind(), Kind::Map | Kind::List) {
        parsed.blind(root.span(), "no lockfile of Mix: it has no map", DAMAGED);
        return Vec::new();
    }
    if let Some(second) = roots.next() {
        parsed.blind(second.span(), "nothing belongs behind the map", DAMAGED);
    }
    let mut entries = Vec::new();
    for (key, value) in root.entries() {
        let app = key.and_then(Term::text).filter(|app| !app.is_empty());
        let (Some(key), Some(app)) = (key, app) else {
            parsed.blind(value.span(), "this is no entry of a lockfile of Mix", DAMAGED);
            continue;
        };
        let span = key.span().join(value.span());
        match entry(app.clone(), span, value) {
            Some(entry) => entries.push(entry),
            // What stands inside of a tuple that is not whole is told already.
            None if !value.is_whole() && !parsed.problems.is_empty() => {}
            // What is unlocked stays as `nil` in files of old versions.
            None if value.is_atom("nil") => {}
            None => parsed.blind(
                span,
                format!("{app} is locked in a way that is not known here"),
                DAMAGED,
            ),
        }
    }
    entries
}

fn entry<'d>(app: Cow<'d, str>, span: Span, tuple: Term<'d>) -> Option<Entry<'d>> {
    let items: Vec<Term<'d>> = tuple.items().take(16).collect();
    let text = |number: usize| {
        items
            .get(number)
            .copied()
            .and_then(Term::text)
            .filter(|text| !text.is_empty())
    };
    let place = |number: usize| items.get(number).map_or(Span::default(), |item| item.text_span());
    let is_text = |number: usize| items.get(number).is_some_and(|item| item.kind() == Kind::Text);
    if tuple.kind() != Kind::Tuple || !tuple.is_whole() {
        return None;
    }
    let source_of = items.first().filter(|first| first.kind() == Kind::Atom)?;
    let mut entry = Entry {
        name: app.clone(),
        app,
        version: Cow::Borrowed(""),
        place: Span::default(),
        span,
        source: Source::Registry(None),
        source_span: None,
        checksums: Vec::new(),
        dependencies: None,
    };
    match source_of.text()?.as_ref() {
        "hex" => {
            entry.name = text(1)?;
            entry.version = text(2).filter(|_| is_text(2))?;
            entry.place = place(2);
            let checksums = [3, 7].into_iter().filter(|number| is_text(*number));
            entry.checksums = checksums.map(place).filter(|span| !span.is_empty()).collect();
            entry.dependencies = items.get(5).copied().filter(|list| list.kind() == Kind::List);
            if let Some(repository) = text(6).filter(|_| is_text(6)) {
                entry.source_span = Some(place(6));
                entry.source = match repository.as_ref() {
                    HEXPM => Source::Registry(Some(HEXPM.to_owned())),
                    other => Source::OtherRegistry(other.to_owned()),
                };
            }
        }
        // Before Hex 0.2.
        "package" => {
            entry.version = text(1).filter(|_| is_text(1))?;
            entry.place = place(1);
        }
        "git" => {
            let address = text(1)?;
            entry.version = text(2).filter(|_| is_text(2))?;
            entry.place = place(2);
            entry.source_span = Some(place(1));
            entry.source = Source::Git(format!("{}#{}", without_secrets(&address), entry.version));
        }
        _ => return None,
    }
    Some(entry)
}

struct Lock<'d> {
    entries: Vec<Entry<'d>>,
    by_app: HashMap<Cow<'d, str>, usize>,
    needs: Vec<Need<'d>>,
}

struct Need<'d> {
    from: usize,
    to: usize,
    span: Span,
    requirement: Cow<'d, str>,
}

impl<'d> Lock<'d> {
    fn of(entries: Vec<Entry<'d>>, parsed: &mut Parsed) -> Self {
        let mut by_app = HashMap::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            if by_app.insert(entry.app.clone(), number).is_some() {
                parsed.remark(
                    entry.span,
                    format!("{} is in the file twice: Mix takes the last", entry.app),
                    "Run `mix deps.get`, which writes it once.",
                );
            }
        }
        let mut needs = Vec::new();
        for (from, entry) in entries.iter().enumerate() {
            for dependency in entry.dependencies.into_iter().flat_map(Term::items) {
                let parts: Vec<Term<'d>> = dependency.items().take(3).collect();
                let Some(app) = parts.first().copied().and_then(Term::text) else {
                    parsed.blind(dependency.span(), "this is no dependency", DAMAGED);
                    continue;
                };
                let options = parts.get(2).copied();
                // The options are a list, or in files of old versions stand in the tuple itself.
                let option = |name: &str| {
                    options
                        .and_then(|list| list.get(name))
                        .or_else(|| dependency.get(name))
                };
                if option("optional").is_some_and(|value| value.is_atom("true")) {
                    continue;
                }
                let span = parts.first().map_or(Span::default(), |app| app.text_span());
                match by_app.get(&app) {
                    Some(to) => needs.push(Need {
                        from,
                        to: *to,
                        span,
                        requirement: parts.get(1).copied().and_then(Term::text).unwrap_or_default(),
                    }),
                    None => parsed.partial(
                        span,
                        format!("{app} is needed and not locked"),
                        "Run `mix deps.get`, unless the project takes it from a folder.",
                    ),
                }
            }
        }
        Self {
            entries,
            by_app,
            needs,
        }
    }

    /// Adds the edges of the root, and the scopes.
    fn add_starts(&self, root: NodeId, nodes: &[NodeId], project: Option<&Project>, parsed: &mut Parsed) {
        let targets = self.targets();
        let Some(project) = project else {
            for number in self.without_dependents(&targets) {
                if let Some(node) = nodes.get(number) {
                    parsed.graph.add_edge(root, *node, Span::default());
                }
            }
            return;
        };
        let mut reached = [vec![false; nodes.len()], vec![false; nodes.len()]];
        for asked in &project.dependencies {
            let number = self.by_app.get(asked.app.as_str()).copied();
            let Some((number, node)) = number.and_then(|number| Some((number, *nodes.get(number)?))) else {
                if !asked.is_folder {
                    parsed.partial(
                        Span::at(0),
                        format!("mix.exs asks for {}, which is not locked", asked.app),
                        "Run `mix deps.get`.",
                    );
                }
                continue;
            };
            parsed.graph.add_edge(root, node, Span::default());
            allow(&mut parsed.graph, node, &asked.requirement);
            let [runtime, dev] = &mut reached;
            mark(
                number,
                &targets,
                if asked.scope == Scope::Dev { dev } else { runtime },
            );
        }
        for (scope, reached) in [Scope::Runtime, Scope::Dev].into_iter().zip(reached) {
            for (node, _) in nodes.iter().zip(reached).filter(|(_, reached)| *reached) {
                if let Some(package) = parsed.graph.package_mut(*node) {
                    package.scopes.add(scope);
                }
            }
        }
    }

    /// For each entry, what it needs.
    fn targets(&self) -> Vec<Vec<usize>> {
        let mut targets = vec![Vec::new(); self.entries.len()];
        for need in &self.needs {
            if let Some(targets) = targets.get_mut(need.from) {
                targets.push(need.to);
            }
        }
        targets
    }

    /// The entries that nothing needs, and the first one of each circle that they do not reach.
    fn without_dependents(&self, targets: &[Vec<usize>]) -> Vec<usize> {
        let mut is_needed = vec![false; self.entries.len()];
        for need in self.needs.iter().filter(|need| need.from != need.to) {
            if let Some(is_needed) = is_needed.get_mut(need.to) {
                *is_needed = true;
            }
        }
        let mut starts = Vec::new();
        let mut reached = vec![false; self.entries.len()];
        let free = is_needed.iter().enumerate().filter(|(_, needed)| !**needed);
        for number in free.map(|(number, _)| number).chain(0..self.entries.len()) {
            if reached.get(number) == Some(&false) {
                starts.push(number);
                mark(number, targets, &mut reached);
            }
        }
        starts
    }
}

/// Marks `from` and all that it leads to. All calls over the same marks together are linear.
fn mark(from: usize, targets: &[Vec<usize>], reached: &mut [bool]) {
    let mut open = vec![from];
    while let Some(number) = open.pop() {
        match reached.get_mut(number) {
            Some(reached) if !*reached => *reached = true,
            Some(_) | None => continue,
        }
        open.extend(targets.get(number).into_iter().flatten());
    }
}
