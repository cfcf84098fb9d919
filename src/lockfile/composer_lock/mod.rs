//! `composer.lock`, as Composer 1 and 2 write it, and those of other manifests (`composer-x.lock` of `composer-x.json`).
//!
//! Source of the rules: Composer's own reader and writer of the file (`Locker`, `ArrayLoader`, `ArrayDumper`).
//!
//! - `packages` are runtime, also where development asks for them; `packages-dev` has what development alone needs. A file whose
//!   `packages-dev` is missing, which Composer refuses to install for development, was made without it: a partial gap.
//! - A dependency is the package of that name, or all that say in `replace` or `provide` to be it. Names without a `/` are of the
//!   platform (`php`, `ext-json`, `composer-plugin-api`) and no packages. Names in any case are one.
//! - Direct are the packages that `require` and `require-dev` of the `composer.json` beside it ask for. Without that file, those are
//!   that no other package of their section needs, and the first of each circle beside them.
//! - The version is the one as published (`v1.2.3`). A branch (`dev-main`, `1.5.x-dev`) says no release: a partial gap. `aliases`, which
//!   the project gives its packages, and branch aliases say none either.
//! - Composer records no repository. A package with `notification-url`, or with an archive or a repository that `composer.json` does not
//!   name, is taken for the registry's, since Satis and other mirrors of the registry leave nothing else; one from a repository of version control
//!   or with an address in `composer.json` itself (`vcs`, `package`) is not. `dist` of the type `path`, or without a host, is a folder or an archive beside the project.
//! - Of keys that stand twice the last counts, as PHP reads JSON.

pub mod locked;
mod project;

use std::borrow::Cow;
use std::collections::HashMap;

use self::project::Project;
use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, Spans, Tree, UpgradeBy};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};
use crate::version::range::RangeSyntax as _;
use crate::version::range::packagist::Packagist;

/// The lockfile of Composer.
#[derive(Debug, Clone, Copy)]
pub struct ComposerLock;

const DAMAGED: &str = "Restore the file from its last good commit, or delete it and run `composer update`.";

/// A name that more packages than this stand for is taken for the first ones, so that a hostile file costs no more than its
/// size; the file is then blind.
const MAX_CANDIDATES: usize = 64;

impl Format for ComposerLock {
    fn name(&self) -> &'static str {
        "composer.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PACKAGIST
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["composer.lock", "composer-*.lock", "composer.*.lock"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &["composer.json", "composer-*.json", "composer.*.json"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        let manifest = upgrade
            .file_name
            .strip_suffix(".lock")
            .unwrap_or(upgrade.file_name);
        let chosen = match manifest {
            "composer" => String::new(),
            other => format!("COMPOSER={other}.json "),
        };
        if UpgradeBy::allows(upgrade.by, |range| Packagist.contains(range, to).ok()) {
            return UpgradeCommand::Run(format!(
                "{chosen}composer update {name}:{to} --with-all-dependencies"
            ));
        }
        UpgradeCommand::ByHand(match upgrade.direct {
            true => format!(
                "What asks for it does not allow that version: run `{chosen}composer require {name}:{to} --with-all-dependencies`, with `--dev` for one \
                 of require-dev, or upgrade the package that brings it."
            )
            .into(),
            false => "What asks for it does not allow that version: upgrade the package that brings it.".into(),
        })
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let project = Project::beside(file.path, tree);
        let mut lock = Lock::default();
        let own = project.as_ref();
        match root.get("packages") {
            _ if !root.is_object() => parsed.blind(root.span(), "the file holds no object", DAMAGED),
            Some(packages) => lock.read(packages, Scope::Runtime, own, &mut parsed),
            None => parsed.blind(
                root.span(),
                "no lockfile of Composer: it has no `packages`",
                DAMAGED,
            ),
        }
        match root.get("packages-dev") {
            Some(packages) if packages.kind() != Kind::Null => {
                lock.read(packages, Scope::Dev, own, &mut parsed);
            }
            Some(_) | None if root.get("packages").is_some() => parsed.partial(
                root.get("packages-dev").map_or(Span::at(0), Value::span),
                "what is needed for development is not in the file",
                "Run `composer update --lock` without `--no-dev`.",
            ),
            Some(_) | None => {}
        }
        lock.connect(own, &mut parsed);
        parsed
    }
}

/// The packages of a file, as far as they are read.
#[derive(Default)]
struct Lock<'d> {
    nodes: Vec<Node<'d>>,
    /// Numbers in `nodes`, by name in lower case.
    by_name: HashMap<Cow<'d, str>, Vec<usize>>,
    /// The same, by the names that packages say to be.
    replaced: HashMap<Cow<'d, str>, Vec<usize>>,
}

struct Node<'d> {
    id: NodeId,
    scope: Scope,
    require: Option<Value<'d>>,
}

impl<'d> Lock<'d> {
    fn read(&mut self, packages: Value<'d>, scope: Scope, project: Option<&Project>, parsed: &mut Parsed) {
        if packages.kind() != Kind::Array {
            parsed.blind(packages.span(), "the packages are no list", DAMAGED);
        }
        for value in packages.items() {
            let entry = Entry::of(value);
            let Some(name) = entry.name else {
                parsed.blind(value.span(), "a package has no name", DAMAGED);
                continue;
            };
            let Some((mut package, name)) = entry.package(name, project, parsed) else {
                continue;
            };
            package.scopes = Scopes::only(scope);
            let number = self.nodes.len();
            self.nodes.push(Node {
                id: parsed.graph.add_package(package),
                scope,
                require: entry.require,
            });
            Self::add(&mut self.by_name, name, number, value.span(), parsed);
            for other in [entry.replace, entry.provide]
                .into_iter()
                .flatten()
                .flat_map(Value::entries)
            {
                let (name, value) = other;
                Self::add(&mut self.replaced, lower(name), number, value.key_span(), parsed);
            }
        }
    }

    fn add(
        names: &mut HashMap<Cow<'d, str>, Vec<usize>>,
        name: Cow<'d, str>,
        number: usize,
        span: Span,
        parsed: &mut Parsed,
    ) {
        let numbers = names.entry(name).or_default();
        match numbers.len() {
            0..MAX_CANDIDATES => numbers.push(number),
            MAX_CANDIDATES => {
                numbers.push(number);
                let message = format!(
                    "more than {MAX_CANDIDATES} packages are one: which of them is needed is not followed"
                );
                parsed.blind(span, message, DAMAGED);
            }
            _ => {}
        }
    }

    /// The packages that `name` stands for, which is in lower case.
    fn find(&self, name: &str) -> impl Iterator<Item = usize> {
        let found = self.by_name.get(name).or_else(|| self.replaced.get(name));
        found.into_iter().flatten().take(MAX_CANDIDATES).copied()
    }

    /// Adds the project and all edges.
    fn connect(&self, project: Option<&Project>, parsed: &mut Parsed) {
        if self.nodes.is_empty() {
            return;
        }
        let (name, version) = project.map_or(("", ""), |project| (&project.name, &project.version));
        let root = parsed.graph.add_root(name, version);
        let mut edges: Vec<Vec<usize>> = Vec::with_capacity(self.nodes.len());
        for (number, from) in self.nodes.iter().enumerate() {
            let mut needs = Vec::new();
            for (name, value) in from.require.iter().flat_map(|require| require.entries()) {
                if is_platform(&name) {
                    continue;
                }
                let name = lower(name);
                for number in self.find(&name).filter(|to| *to != number) {
                    let Some(to) = self.nodes.get(number) else {
                        continue;
                    };
                    parsed.graph.add_edge(from.id, to.id, value.key_span());
                    note_range(parsed, to.id, &name, &value.as_str().unwrap_or_default());
                    // What only development needs besides it says nothing of a package that runs.
                    if from.scope == to.scope {
                        needs.push(number);
                    }
                }
            }
            edges.push(needs);
        }
        let mut asked: Vec<usize> = match project {
            Some(project) => {
                for (name, range) in &project.requires {
                    for to in self.find(name).filter_map(|number| self.nodes.get(number)) {
                        note_range(parsed, to.id, name, range);
                    }
                }
                let names = project.requires.iter().map(|(name, _)| name);
                names.flat_map(|name| self.find(name)).collect()
            }
            None => without_dependents(&edges),
        };
        asked.sort_unstable();
        asked.dedup();
        for to in asked.into_iter().filter_map(|number| self.nodes.get(number)) {
            parsed.graph.add_edge(root, to.id, Span::default());
        }
        parsed.graph.mark_direct();
    }
}

/// Notes that `range` is asked for of a package, unless it stands for `name` under another one.
fn note_range(parsed: &mut Parsed, package: NodeId, name: &str, range: &str) {
    if let Some(package) = parsed.graph.package_mut(package)
        && normalise(&Ecosystem::PACKAGIST, name) == normalise(&Ecosystem::PACKAGIST, &package.name)
        && !matches!(range, "" | "*")
    {
        package.asked_within(range);
    }
}

/// The keys of an entry that matter.
#[derive(Default)]
struct Entry<'d> {
    span: Span,
    name: Option<Value<'d>>,
    version: Option<Value<'d>>,
    source: Option<Value<'d>>,
    dist: Option<Value<'d>>,
    notification: Option<Value<'d>>,
    require: Option<Value<'d>>,
    replace: Option<Value<'d>>,
    provide: Option<Value<'d>>,
}

impl<'d> Entry<'d> {
    fn of(value: Value<'d>) -> Self {
        let mut entry = Self {
            span: value.span(),
            ..Self::default()
        };
        for (key, value) in value.entries() {
            let known = match key.as_ref() {
                "name" => &mut entry.name,
                "version" => &mut entry.version,
                "source" => &mut entry.source,
                "dist" => &mut entry.dist,
                "notification-url" => &mut entry.notification,
                "require" => &mut entry.require,
                "replace" => &mut entry.replace,
                "provide" => &mut entry.provide,
                _ => continue,
            };
            *known = Some(value);
        }
        entry
    }

    /// The package with its name in lower case; `None` for one that has no version.
    fn package(
        &self,
        name: Value<'d>,
        project: Option<&Project>,
        parsed: &mut Parsed,
    ) -> Option<(Package, Cow<'d, str>)> {
        let name = name.as_str().filter(|name| !name.is_empty());
        let Some(written) = name else {
            parsed.blind(self.span, "a package has no name", DAMAGED);
            return None;
        };
        let version = self
            .version
            .and_then(|value| Some((value.as_str()?, value.text_span())));
        let Some((version, place)) = version.filter(|(version, _)| !version.is_empty()) else {
            parsed.partial(
                self.version.map_or(self.span, Value::span),
                format!("{written} has no exact version"),
                "Run `composer update` with the package's name.",
            );
            return None;
        };
        let name = lower(written.clone());
        let source = self.source_of(&name, project);
        if source.is_matched() && is_branch(&version) {
            parsed.partial(
                place,
                format!(
                    "{written} is locked to the branch {version}: which releases it contains is not known"
                ),
                "Require a released version in composer.json.",
            );
        }
        let mut package = Package::new(Ecosystem::PACKAGIST, written, version, FileSpan::here(place));
        package.source = source;
        let address = |value: Option<Value<'d>>| value.and_then(|value| value.get("url"));
        package.spans = Spans {
            entry: Some(self.span),
            source: address(self.dist)
                .or_else(|| address(self.source))
                .map(Value::text_span),
            checksums: self
                .dist
                .and_then(|dist| dist.get("shasum"))
                .filter(|checksum| !checksum.raw().is_empty())
                .map(Value::text_span)
                .into_iter()
                .collect(),
            edges: self.require.map(Value::span),
        };
        Some((package, name))
    }

    fn source_of(&self, name: &str, project: Option<&Project>) -> Source {
        let text = |value: Option<Value<'d>>, key: &str| value.and_then(|value| value.str(key));
        let dist = text(self.dist, "url").filter(|url| !url.is_empty());
        if let Some(url) = &dist
            && (text(self.dist, "type").as_deref() == Some("path") || !url.contains("://"))
        {
            return Source::Path(url.clone().into_owned());
        }
        let notification = self.notification.and_then(Value::as_str);
        if notification.is_none()
            && let Some(source) = project.and_then(|project| project.own_source(name, self.source))
        {
            return source;
        }
        let address = notification.or(dist).or_else(|| text(self.source, "url"));
        Source::Registry(address.map(|address| shown(&address, None)))
    }
}

/// An address with the commit that is locked, without secrets.
fn shown(address: &str, reference: Option<&str>) -> String {
    let mut shown = without_secrets(address).into_owned();
    if let Some(reference) = reference.filter(|reference| !reference.is_empty()) {
        shown.push('#');
        shown.push_str(reference);
    }
    shown
}

/// `php`, `ext-json`, `composer-plugin-api` and others: what the machine has, and nothing that is locked.
fn is_platform(name: &str) -> bool {
    !name.contains('/')
}

/// As `VersionParser::parseStability` tells branches from pre-releases.
fn is_branch(version: &str) -> bool {
    let is_at = |part: Option<&str>, text: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(text));
    let end = version.len().checked_sub("-dev".len());
    is_at(version.get(..4), "dev-") || is_at(end.and_then(|end| version.get(end..)), "-dev")
}

fn lower(name: Cow<'_, str>) -> Cow<'_, str> {
    match normalise(&Ecosystem::PACKAGIST, &name) {
        Cow::Borrowed(_) => name,
        Cow::Owned(lower) => Cow::Owned(lower),
    }
}

/// The nodes that nothing leads to, and the first one of each circle that those do not lead to.
fn without_dependents(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut is_needed = vec![false; edges.len()];
    for to in edges.iter().flatten() {
        if let Some(is_needed) = is_needed.get_mut(*to) {
            *is_needed = true;
        }
    }
    let free = (0..edges.len()).filter(|number| is_needed.get(*number) == Some(&false));
    let mut is_reached = vec![false; edges.len()];
    let mut starts = Vec::new();
    let mut open = Vec::new();
    for start in free.chain(0..edges.len()) {
        if is_reached.get(start) == Some(&true) {
            continue;
        }
        starts.push(start);
        open.push(start);
        while let Some(number) = open.pop() {
            match is_reached.get_mut(number) {
                Some(is_reached) if !*is_reached => *is_reached = true,
                Some(_) | None => continue,
            }
            open.extend(edges.get(number).into_iter().flatten());
        }
    }
    starts
}
