//! A bill of materials: components that are named by package URLs (ECMA-427), and what needs what. CycloneDX and SPDX say the
//! same with other words; this is what it means.
//!
//! - The package URL decides which package it is, and of which ecosystem. Where it has no version, the component's own counts.
//! - A component without a package URL is a partial gap if it may be a package, and none if it is a file, a device or another
//!   thing that is none. So is a package of a type that no advisory of the known ecosystems speaks of (`pkg:docker/…`).
//! - Advisories of distributions are about the source packages of a release, both of which a package URL may say (`distro`, `upstream`). Where
//!   it does not say the release, the package is *blind*. A tool that names source packages names them where they are called otherwise;
//!   of one that names none, the packages are compared by their own names, which is a partial gap.
//! - The roots are what the document describes. Where it tells nothing that they need, the packages are direct that nothing else
//!   needs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::ecosystem::distribution::{self, Unknown};
use crate::ecosystem::purl;
use crate::lockfile::Parsed;
use crate::lockfile::grammar::npm_archive;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, PackageUrl, Scope, Scopes, Source, Spans};
use crate::text::Span;
use crate::text::names::listed;

/// What a bill says of itself that lacks something.
pub const LISTS_NOT_ALL: &str = "the file says of itself that it does not list everything";
/// What can be done about that.
pub const LIST_ALL: &str = "Have the tool that writes it list all components.";

/// What can be done about a bill that was damaged.
pub const DAMAGED: &str =
    "Restore the file from its last good commit, or write it again with the tool that made it.";

const WRITE_PURLS: &str = "Use a tool that writes the package URL of each component with its version (syft, cdxgen, the package manager's own).";

/// So many components are named in a gap.
const MAX_NAMES: usize = 10;

/// A text and where it stands.
pub type Placed<'d> = (Cow<'d, str>, Span);

/// A component of a bill.
#[derive(Debug, Default)]
pub struct Component<'d> {
    /// What others name it by.
    pub reference: Option<Cow<'d, str>>,
    /// Its name, for messages and paths.
    pub name: Cow<'d, str>,
    /// Its version, and where that stands.
    pub version: Option<Placed<'d>>,
    /// Its package URL, and where that stands.
    pub purl: Option<Placed<'d>>,
    /// The source package of a distribution's package, where the document says it beside the package URL.
    pub source_package: Option<Cow<'d, str>>,
    /// All of its entry.
    pub entry: Span,
    /// It may be a package: one without a package URL was not checked.
    pub may_be_package: bool,
    /// What it is used for, as far as the document says.
    pub scopes: Scopes,
    /// Its checksums.
    pub checksums: Vec<Span>,
    /// It is what the document describes.
    pub is_root: bool,
    /// It is a module of the described project, and no package.
    pub is_own: bool,
    /// The number of the component that it is a part of.
    pub part_of: Option<usize>,
}

/// One component needs another, by what they are named by.
#[derive(Debug)]
pub struct Need<'d> {
    /// Who needs.
    pub from: Cow<'d, str>,
    /// What is needed.
    pub to: Cow<'d, str>,
    /// Where the document says so.
    pub span: Span,
    /// For what.
    pub scopes: Scopes,
}

/// What a document lists.
#[derive(Debug, Default)]
pub struct Bill<'d> {
    /// The components, in the order of the file.
    pub components: Vec<Component<'d>>,
    /// The needs, in the order of the file.
    pub needs: Vec<Need<'d>>,
}

/// Components that are no package which advisories could be compared with.
#[derive(Debug, Default)]
struct Unchecked<'d> {
    /// Without a package URL.
    nameless: Vec<(&'d str, Span)>,
    /// Of a type without an ecosystem.
    of_type: BTreeMap<String, Vec<(&'d str, Span)>>,
    /// Of a distribution, whose package URLs do not say enough.
    of_distribution: BTreeMap<Unknown, Vec<(&'d str, Span)>>,
    /// Of a distribution, without a source package.
    without_source: BTreeMap<Ecosystem, Vec<(&'d str, Span)>>,
    /// Of which some packages name their source packages.
    with_sources: BTreeSet<Ecosystem>,
}

impl<'d> Bill<'d> {
    /// Adds `component`, which has these package URLs: each of them is a package.
    pub fn add_with_purls(&mut self, mut component: Component<'d>, purls: Vec<Placed<'d>>) {
        let mut purls = purls.into_iter();
        component.purl = purls.next();
        let mut seen: HashSet<Cow<'d, str>> = component.purl.iter().map(|(text, _)| text.clone()).collect();
        let others = purls.filter(|(text, _)| seen.insert(text.clone()));
        let others: Vec<Component<'d>> = others
            .map(|(text, span)| Component {
                name: component.name.clone(),
                version: component.version.clone(),
                purl: Some((text, span)),
                entry: component.entry,
                ..Component::default()
            })
            .collect();
        self.components.push(component);
        self.components.extend(others);
    }

    /// Adds packages, own modules and edges to `parsed`.
    pub fn add_to(&self, parsed: &mut Parsed) {
        let mut unchecked = Unchecked::default();
        let mut nodes: Vec<Option<NodeId>> = Vec::with_capacity(self.components.len());
        let mut named: HashMap<&str, NodeId> = HashMap::with_capacity(self.components.len());
        let described = self
            .components
            .iter()
            .filter(|component| component.is_root)
            .count();
        // One of several that are described, or all that there is, is not what needs the others: it is to be checked itself.
        let is_whole = described == 1 && self.components.len() > 1;
        let mut owns: Vec<NodeId> = Vec::new();
        for component in &self.components {
            let version = || component.version.as_ref().map_or("", |(version, _)| version);
            let node = if component.is_root && (is_whole || component.purl.is_none()) {
                let root = parsed.graph.add_root(component.name.clone(), version());
                owns.push(root);
                Some(root)
            } else if component.is_own && component.purl.is_none() {
                let own = parsed.graph.add_own(component.name.clone(), version());
                owns.push(own);
                Some(own)
            } else {
                package(component, &mut unchecked, parsed).map(|one| parsed.graph.add_package(one))
            };
            nodes.push(node);
            if let (Some(reference), Some(node)) = (&component.reference, node) {
                named.entry(reference).or_insert(node);
            }
        }
        let edges = self.edges(&nodes, &named);
        for edge in &edges {
            parsed.graph.add_edge(edge.from, edge.to, edge.span);
        }
        settle(&edges, &owns, parsed);
        for (component, node) in self.components.iter().zip(&nodes) {
            let package = node
                .filter(|_| component.is_root)
                .and_then(|node| parsed.graph.package_mut(node));
            if let Some(package) = package {
                package.direct = true;
            }
        }
        unchecked.report(parsed);
    }

    /// Who needs whom, as far as both are there.
    fn edges(&self, nodes: &[Option<NodeId>], named: &HashMap<&str, NodeId>) -> Vec<Edge> {
        let needs = self.needs.iter().filter_map(|need| {
            Some(Edge {
                from: *named.get(&*need.from)?,
                to: *named.get(&*need.to)?,
                span: need.span,
                scopes: need.scopes,
            })
        });
        let parts = self.components.iter().zip(nodes).filter_map(|(component, node)| {
            Some(Edge {
                from: (*nodes.get(component.part_of?)?)?,
                to: (*node)?,
                span: component.entry,
                scopes: Scopes::default(),
            })
        });
        needs.chain(parts).collect()
    }
}

/// One needs another, for these scopes.
struct Edge {
    from: NodeId,
    to: NodeId,
    span: Span,
    scopes: Scopes,
}

/// Works out from the edges what is direct, and scopes where edges say some.
fn settle(edges: &[Edge], owns: &[NodeId], parsed: &mut Parsed) {
    let is_own = |id: &NodeId| owns.binary_search(id).is_ok();
    let mut direct: Vec<NodeId> = edges
        .iter()
        .filter(|edge| is_own(&edge.from) && !is_own(&edge.to))
        .map(|edge| edge.to)
        .collect();
    if direct.is_empty() {
        let mut needed: Vec<NodeId> = edges
            .iter()
            .filter(|edge| edge.from != edge.to)
            .map(|edge| edge.to)
            .collect();
        needed.sort_unstable();
        let packages = parsed.graph.packages().map(|(id, _)| id);
        direct = packages.filter(|id| needed.binary_search(id).is_err()).collect();
    }
    if edges.iter().any(|edge| !edge.scopes.is_empty()) {
        spread(edges, &is_own, parsed);
    }
    for id in direct {
        if let Some(package) = parsed.graph.package_mut(id) {
            package.direct = true;
        }
    }
}

/// A package is for runtime if edges that say nothing else lead to it from an own module, and else for what the first edge on the
/// way to it says that is for something else.
fn spread(edges: &[Edge], is_own: &dyn Fn(&NodeId) -> bool, parsed: &mut Parsed) {
    let mut by_source: HashMap<NodeId, Vec<&Edge>> = HashMap::new();
    for edge in edges {
        by_source.entry(edge.from).or_default().push(edge);
    }
    let is_for = |edge: &Edge, scope: Scope| match edge.scopes.is_empty() {
        true => scope == Scope::Runtime,
        false => edge.scopes.holds(scope),
    };
    let is_only_optional = |edge: &Edge| edge.scopes == Scopes::only(Scope::Optional);
    let mut found: HashMap<NodeId, Scopes> = HashMap::new();
    let mut at_runtime: HashSet<NodeId> = HashSet::new();
    for scope in Scope::ALL {
        let starts_at =
            |from: &NodeId| is_own(from) || (scope == Scope::Optional && at_runtime.contains(from));
        let first = edges
            .iter()
            .filter(|edge| starts_at(&edge.from) && is_for(edge, scope) && !is_own(&edge.to));
        let mut open: Vec<NodeId> = first.map(|edge| edge.to).collect();
        let mut seen: HashSet<NodeId> = HashSet::new();
        while let Some(node) = open.pop() {
            if !seen.insert(node) {
                continue;
            }
            let next = by_source.get(&node).into_iter().flatten();
            // What a dependency needs for its own development is not there, and what is optional to it starts anew.
            let next = next.filter(|edge| {
                let is_elsewhere = scope == Scope::Runtime && is_only_optional(edge);
                !is_elsewhere && !is_for(edge, Scope::Dev)
            });
            open.extend(next.map(|edge| edge.to));
        }
        for node in &seen {
            let scopes = found.entry(*node).or_default();
            if !scopes.holds(Scope::Runtime) {
                scopes.add(scope);
            }
        }
        if scope == Scope::Runtime {
            at_runtime = seen;
        }
    }
    for (node, scopes) in found {
        if let Some(package) = parsed.graph.package_mut(node) {
            package.scopes = scopes;
        }
    }
}

/// The package that `component` is; `None` for one that advisories cannot speak of.
fn package<'d>(
    component: &'d Component<'_>,
    unchecked: &mut Unchecked<'d>,
    parsed: &mut Parsed,
) -> Option<Package> {
    let label: &str = &component.name;
    let Some((text, at)) = &component.purl else {
        if component.may_be_package {
            unchecked.nameless.push((label, component.entry));
        }
        return None;
    };
    let purl = match purl::parse(text) {
        Ok(purl) => purl,
        Err(bad) => {
            parsed.partial(
                *at,
                format!("the package URL of {label} cannot be read: {bad}"),
                WRITE_PURLS,
            );
            return None;
        }
    };
    let (ecosystem, name, built_from) = match distribution::is_type(purl.kind()) {
        true => of_distribution(component, &purl, *at, unchecked)?,
        false => match purl::package(&purl) {
            Some((ecosystem, name)) => (ecosystem, name, None),
            None => {
                let others = unchecked.of_type.entry(purl.kind().to_owned()).or_default();
                others.push((label, *at));
                return None;
            }
        },
    };
    let Some((version, place)) = version(component, &purl, text, *at) else {
        parsed.partial(*at, format!("{name} has no exact version"), WRITE_PURLS);
        return None;
    };
    let version = built_from.map_or(version, Cow::Owned);
    let mut package = Package::new(ecosystem, name, version, FileSpan::here(place));
    package.source = source(&purl, &package);
    package.scopes = component.scopes;
    package.spans = Spans {
        entry: Some(component.entry),
        source: Some(*at),
        checksums: component.checksums.iter().copied().collect(),
        edges: None,
    };
    Some(package)
}

/// The ecosystem of a distribution's package, its name there, and its version where that is not the package URL's.
fn of_distribution<'d>(
    component: &'d Component<'_>,
    purl: &PackageUrl,
    at: Span,
    unchecked: &mut Unchecked<'d>,
) -> Option<(Ecosystem, String, Option<String>)> {
    let label: &str = &component.name;
    let found = match distribution::package(purl) {
        Ok(found) => found,
        Err(unknown) => {
            let others = unchecked.of_distribution.entry(unknown).or_default();
            others.push((label, at));
            return None;
        }
    };
    let beside = component.source_package.as_ref().filter(|name| !name.is_empty());
    let name = match (found.has_no_source, beside) {
        (true, None) => {
            let others = unchecked
                .without_source
                .entry(found.ecosystem.clone())
                .or_default();
            others.push((label, at));
            found.name
        }
        (true, Some(source)) => {
            unchecked.with_sources.insert(found.ecosystem.clone());
            source.clone().into_owned()
        }
        (false, _) => {
            unchecked.with_sources.insert(found.ecosystem.clone());
            found.name
        }
    };
    Some((found.ecosystem, name, found.version))
}

/// The version, and where it stands: in the package URL, or beside it where that says the same or says none.
fn version<'d>(
    component: &'d Component<'_>,
    purl: &PackageUrl,
    text: &str,
    at: Span,
) -> Option<(Cow<'d, str>, Span)> {
    let own = component
        .version
        .as_ref()
        .filter(|(version, _)| !version.trim().is_empty());
    let Some(named) = purl.version() else {
        return own.map(|(version, span)| (Cow::Borrowed(&**version), *span));
    };
    if let Some((version, span)) = own.filter(|(version, _)| **version == *named) {
        return Some((Cow::Borrowed(&**version), *span));
    }
    // Escapes of the document move the bytes: the whole package URL is the place then.
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let start = text
        .get(..end)
        .and_then(|text| text.rfind('@'))
        .map(|start| start.saturating_add(1));
    let place = match start {
        Some(start) if at.len() == text.len() => at.inside(start..end),
        Some(_) | None => at,
    };
    Some((Cow::Owned(named.into_owned()), place))
}

/// Where the package comes from, by the qualifiers that the standard knows.
fn source(purl: &PackageUrl, package: &Package) -> Source {
    let ecosystem = &package.ecosystem;
    let of = |key: &str| purl.qualifier(key).map(Cow::into_owned);
    match (of("vcs_url"), of("download_url"), of("repository_url")) {
        (Some(address), _, _) => Source::Git(address),
        // cyclonedx-npm writes the address of a mirror's archive so.
        (None, Some(address), _)
            if *ecosystem == Ecosystem::NPM
                && npm_archive::is_archive_of(&address, &package.name, &package.version) =>
        {
            Source::Registry(Some(address))
        }
        (None, Some(address), _) => Source::Url(address),
        // A name means another package in another registry of Cargo; others' are mirrors.
        (None, None, Some(registry)) if *ecosystem == Ecosystem::CRATES_IO => cargo_registry(registry),
        (None, None, registry) => Source::Registry(registry),
    }
}

fn cargo_registry(address: String) -> Source {
    let is_default =
        |text: &str| cargo_lock::SourceId::from_url(text).is_ok_and(|source| source.is_default_registry());
    let spellings = ["", "registry+", "sparse+"];
    match spellings
        .iter()
        .any(|kind| is_default(&format!("{kind}{address}")))
    {
        true => Source::Registry(Some(address)),
        false => Source::OtherRegistry(address),
    }
}

impl Unchecked<'_> {
    fn report(self, parsed: &mut Parsed) {
        if let Some((_, first)) = self.nameless.first() {
            let (count, names) = named(&self.nameless);
            let message = match count {
                1 => format!("1 component has no package URL and was not checked: {names}"),
                _ => format!("{count} components have no package URL and were not checked: {names}"),
            };
            parsed.partial(*first, message, WRITE_PURLS);
        }
        for (kind, components) in self.of_type {
            let Some((_, first)) = components.first() else {
                continue;
            };
            let (count, names) = named(&components);
            let message = format!(
                "{} of type {kind} {} not checked: {names}",
                packages(count),
                were(count)
            );
            parsed.partial(
                *first,
                message,
                "No advisories of a known ecosystem speak of this type: look up by hand what is known of these.",
            );
        }
        for (unknown, components) in self.of_distribution {
            report_unknown(&unknown, &components, parsed);
        }
        for (ecosystem, components) in self.without_source {
            let Some((_, first)) = components.first() else {
                continue;
            };
            if self.with_sources.contains(&ecosystem) {
                continue;
            }
            let (count, names) = named(&components);
            let message = format!(
                "{} of {ecosystem} {} no source package, which its advisories are about, and {} compared by name: {names}",
                packages(count),
                if count == 1 { "has" } else { "have" },
                if count == 1 { "is" } else { "are" },
            );
            parsed.partial(
                *first,
                message,
                "Use a tool that writes the qualifier `upstream` of package URLs where the source package is called otherwise (syft).",
            );
        }
    }
}

fn packages(count: usize) -> String {
    match count {
        1 => "1 package".to_owned(),
        count => format!("{count} packages"),
    }
}

fn were(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// Reports packages of distributions of which it is not known what advisories speak of them.
fn report_unknown(unknown: &Unknown, components: &[(&str, Span)], parsed: &mut Parsed) {
    let Some((_, first)) = components.first() else {
        return;
    };
    let (count, names) = named(components);
    let (packages, were) = (packages(count), were(count));
    match unknown {
        Unknown::Distribution(namespace) => {
            let of = match namespace.as_str() {
                "" => "no distribution that is named".to_owned(),
                namespace => format!("the distribution {namespace}"),
            };
            parsed.partial(
                *first,
                format!("{packages} of {of} {were} not checked: {names}"),
                "No advisories of a known ecosystem speak of this distribution: look up by hand what is known of these.",
            );
        }
        Unknown::Release(family) => parsed.blind(
            *first,
            format!("{packages} of {family} {were} not checked, of which release is not said: {names}"),
            "Use a tool that writes the release into package URLs (`distro=debian-12`: syft, Trivy), or leave the file out with `exclude`.",
        ),
        Unknown::Product(family) => parsed.blind(
            *first,
            format!("{packages} of {family} {were} not checked: {names}"),
            "Advisories of this distribution are about products, which package URLs do not name: scan the image with a scanner for these, or leave the file out with `exclude`.",
        ),
    }
}

/// How many there are, and the names of the first ones.
fn named(components: &[(&str, Span)]) -> (usize, String) {
    let mut names: Vec<&str> = components.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    (components.len(), listed(&names, MAX_NAMES))
}
