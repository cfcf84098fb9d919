//! The graph as it grows, the same for both syntaxes: nodes by their numbers, edges, what is missing, scopes.

use std::collections::HashSet;

use super::descriptor::range;
use crate::lockfile::grammar::npm_scopes::{Need, of_needs};
use crate::lockfile::grammar::npm_upgrades;
use crate::lockfile::{Parsed, Problem};
use crate::model::{Cost, NodeId, Package, Ranges, Scopes, TreePath, UpgradeBy};
use crate::text::names::listed;
use crate::text::{MAX_PROBLEMS, Span};

/// So many names stand in a message.
const MAX_NAMES: usize = 10;

/// What was read, and the edges between what has a number.
#[derive(Default)]
pub(super) struct Links {
    pub(super) parsed: Parsed,
    /// The node of each number; what could not be read has none.
    nodes: Vec<Option<NodeId>>,
    roots: Vec<u32>,
    needs: Vec<Need>,
    missing: usize,
    unsaid: Vec<(NodeId, Span)>,
    lost: Vec<(String, Span)>,
}

/// How a dependent asks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish<'w> {
    /// Where the dependent's entry names it.
    pub(super) span: Span,
    pub(super) range: &'w str,
    pub(super) dev: bool,
    pub(super) optional: bool,
}

impl Links {
    /// An empty graph, beside the problems that are known.
    pub(super) fn new(parsed: Parsed) -> Self {
        Self {
            parsed,
            ..Self::default()
        }
    }

    pub(super) fn reserve(&mut self, entries: usize, edges: usize) {
        self.parsed.graph.reserve(entries.saturating_add(1), edges);
        self.nodes.reserve(entries.saturating_add(1));
        self.needs.reserve(edges);
    }

    fn number(&mut self, node: Option<NodeId>) -> u32 {
        self.nodes.push(node);
        self.nodes.len().saturating_sub(1) as u32
    }

    /// Adds a module of our own.
    pub(super) fn add_root(&mut self, name: &str, version: &str) -> u32 {
        let node = self.parsed.graph.add_root(name, version);
        let number = self.number(Some(node));
        self.roots.push(number);
        number
    }

    /// Adds a package, and takes note of an address that does not say which one is there.
    pub(super) fn add_package(&mut self, package: Package, unsaid: Option<Span>) -> u32 {
        let node = self.parsed.graph.add_package(package);
        self.unsaid.extend(unsaid.map(|span| (node, span)));
        self.number(Some(node))
    }

    /// Takes a number for what could not be read.
    pub(super) fn add_nothing(&mut self) -> u32 {
        self.number(None)
    }

    fn node(&self, number: u32) -> Option<NodeId> {
        self.nodes.get(number as usize).copied().flatten()
    }

    /// Adds an edge, and the range as one that a package asks for, if `from` is one.
    pub(super) fn add_edge(&mut self, from: u32, to: u32, wish: Wish<'_>, notes_range: bool) {
        let (Some(source), Some(target)) = (self.node(from), self.node(to)) else {
            return;
        };
        self.parsed.graph.add_edge(source, target, wish.span);
        self.needs.push(Need {
            from,
            to,
            dev: wish.dev,
            optional: wish.optional,
        });
        if !notes_range || self.parsed.graph.package(source).is_none() {
            return;
        }
        let asked = range(wish.range);
        let asked = asked.rsplit_once('@').map_or(asked, |(_, range)| range);
        if !matches!(asked, "" | "*")
            && let Some(package) = self.parsed.graph.package_mut(target)
        {
            package.asked_within(asked);
        }
    }

    /// Another version of what has this number takes `by`.
    pub(super) fn asked_by(&mut self, number: u32, by: UpgradeBy) {
        if let Some(node) = self.node(number)
            && let Some(package) = self.parsed.graph.package_mut(node)
        {
            package.asked_by(by);
        }
    }

    /// The manifest in `folder` asks for what has this number, as `name`.
    pub(super) fn asked_for(&mut self, number: u32, folder: &str, name: &str) {
        if let Some(node) = self.node(number)
            && let Some(package) = self.parsed.graph.package_mut(node)
        {
            npm_upgrades::note_asker(package, folder, name);
        }
    }

    /// The same of the later Yarns, where the usual command does for the package's own name.
    pub(super) fn asked_for_alias(&mut self, number: u32, folder: &str, name: &str) {
        let package = self.node(number).and_then(|node| self.parsed.graph.package(node));
        if package.is_some_and(|package| *package.name != *name) {
            self.asked_for(number, folder, name);
        }
    }

    /// `resolutions` speak of packages of these names. No command of Yarn 1 moves them, whatever the range.
    pub(super) fn overridden(&mut self, names: &HashSet<String>) {
        for node in self.nodes.iter().flatten() {
            if let Some(package) = self.parsed.graph.package_mut(*node)
                && names.contains(&*package.name)
            {
                package.asked_by(UpgradeBy::Overridden(Ranges::default()));
            }
        }
    }

    /// A dependency is not in the file; `manifest` is where it is asked for, if that is not the lockfile.
    pub(super) fn missing(&mut self, name: &str, wish: Wish<'_>, manifest: Option<&TreePath>) {
        self.missing = self.missing.saturating_add(1);
        if self.missing > MAX_PROBLEMS {
            return;
        }
        // Yarn takes the newest version for it, which was never reviewed; `--frozen-lockfile` and `--immutable` refuse what the
        // project itself asks for. What may be absent may not be there for a reason.
        let cost = match wish.optional {
            true => Cost::Partial,
            false => Cost::Blind,
        };
        let message = match manifest {
            Some(_) => format!("{name} is not in yarn.lock"),
            None => "this dependency is not in the file".to_owned(),
        };
        let hint = "Run `yarn install` to have Yarn complete the lockfile.";
        self.parsed.problems.push(Problem {
            cost,
            file: manifest.cloned(),
            span: wish.span,
            message,
            hint: hint.into(),
        });
    }

    /// A dependency stands in a catalog that does not have it.
    pub(super) fn lost(&mut self, name: &str, wish: Wish<'_>) {
        self.lost.push((name.to_owned(), wish.span));
    }

    /// The numbers that no edge from another one leads to.
    pub(super) fn without_dependents(&self) -> Vec<u32> {
        let mut is_needed = vec![false; self.nodes.len()];
        for need in self.needs.iter().filter(|need| need.from != need.to) {
            if let Some(is_needed) = is_needed.get_mut(need.to as usize) {
                *is_needed = true;
            }
        }
        let numbers = is_needed.iter().enumerate().filter(|(_, needed)| !**needed);
        numbers.map(|(number, _)| number as u32).collect()
    }

    /// Works out the scopes, if who asks for what is known, and gives what was read.
    pub(super) fn finish(mut self, knows_scopes: bool) -> Parsed {
        let scopes = match knows_scopes {
            true => of_needs(self.nodes.len(), &self.needs, &self.roots),
            false => vec![Scopes::default(); self.nodes.len()],
        };
        for (node, scopes) in self.nodes.iter().zip(scopes) {
            if let Some(package) = node.and_then(|node| self.parsed.graph.package_mut(node)) {
                package.scopes = scopes;
            }
        }
        self.report_unsaid();
        self.report_lost();
        self.parsed.graph.mark_direct();
        self.parsed
    }

    /// Reports the packages of the registry whose addresses do not say which one is there.
    fn report_unsaid(&mut self) {
        let Some((_, first)) = self.unsaid.first().copied() else {
            return;
        };
        let graph = &self.parsed.graph;
        let mut names: Vec<&str> = self
            .unsaid
            .iter()
            .filter_map(|(node, _)| Some(&*graph.package(*node)?.name))
            .collect();
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
        let hint = "Yarn installs what is at the address, whatever the entry says: look there, or lock the package from a registry.";
        self.parsed.partial(first, message, hint);
    }

    /// Reports what comes from catalogs that do not have it: Yarn itself refuses to install that, and only what is locked is known.
    fn report_lost(&mut self) {
        let Some(first) = self.lost.first().map(|(_, span)| *span) else {
            return;
        };
        let mut names: Vec<&str> = self.lost.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let what = match names.len() {
            1 => "1 package comes from a catalog".to_owned(),
            count => format!("{count} packages come from catalogs"),
        };
        let message = format!(
            "{what} that .yarnrc.yml beside the lockfile does not have: {}",
            listed(&names, MAX_NAMES)
        );
        let hint = "Commit that .yarnrc.yml with its catalogs: without them it is not known who needs these packages, and what for.";
        self.parsed.partial(first, message, hint);
    }
}
