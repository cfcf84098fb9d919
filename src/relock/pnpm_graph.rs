//! What a `pnpm-lock.yaml` installs as a graph: packages beside their peers, and which leads to which.

use std::collections::{BTreeMap, BTreeSet};

use crate::lockfile::pnpm_lock::locked::Locked;

/// What a need leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum To {
    /// The node with this number.
    Node(usize),
    /// A folder, as the file says it.
    Outside(String),
}

/// A need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) to: To,
    pub(super) is_optional: bool,
}

/// Of which node of the lockfile a node of another graph is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is that node.
    Kept(usize),
    /// It is there in its place, in another version.
    Instead(usize),
    /// It comes in because of the node with this number in its own graph.
    New(usize),
}

/// A package beside its peers.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) needs: BTreeMap<String, Need>,
    /// The peers that are beside it.
    pub(super) peers: BTreeMap<String, Need>,
    /// The peers that it expects.
    pub(super) expects: BTreeSet<String>,
    pub(super) origin: Origin,
}

impl Node {
    pub(super) fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Everything that it leads to.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &Need)> {
        self.needs.iter().chain(&self.peers)
    }
}

/// A project of the workspace: what it asks for leads to these, in the order of the file.
pub(super) type Own = Vec<Option<usize>>;

/// A lockfile as a graph.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) own: Vec<Own>,
}

impl Graph {
    pub(super) fn of(locked: &Locked) -> Self {
        let nodes = locked.snapshots.iter().enumerate().map(|(number, snapshot)| {
            let package = &locked.packages[snapshot.package];
            let all = snapshot.needs.iter().map(|need| {
                let to = match need.to {
                    Some(to) => To::Node(to),
                    None => To::Outside(need.version.clone()),
                };
                let one = Need {
                    to,
                    is_optional: need.is_optional,
                };
                (need.name.clone(), one)
            });
            let (peers, needs) = all.partition(|(name, _)| package.peers.contains_key(name));
            Node {
                name: package.name.clone(),
                version: package.version.clone(),
                needs,
                peers,
                expects: package.peers.keys().cloned().collect(),
                origin: Origin::Kept(number),
            }
        });
        let own = locked.importers.iter();
        Self {
            nodes: nodes.collect(),
            own: own
                .map(|own| own.needs.iter().map(|need| need.to).collect())
                .collect(),
        }
    }

    /// The nodes that projects lead to; with `is_required` only those that cannot be left out. `optional` says of each need of a project
    /// whether it can be.
    pub(super) fn reached(&self, locked: &Locked, is_required: bool) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = Vec::new();
        for (own, importer) in self.own.iter().zip(&locked.importers) {
            let needs = own.iter().zip(&importer.needs);
            open.extend(
                needs
                    .filter(|(_, wish)| !is_required || !wish.is_optional)
                    .filter_map(|(to, _)| *to),
            );
        }
        while let Some(number) = open.pop() {
            if std::mem::replace(&mut reached[number], true) {
                continue;
            }
            for (_, need) in self.nodes[number].all() {
                if let (To::Node(to), true) = (&need.to, !is_required || !need.is_optional) {
                    open.push(*to);
                }
            }
        }
        reached
    }
}

/// Which peers of a node, and of what it needs, are beside it, and which are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Around {
    /// By name, without what it has itself.
    pub(super) beside: BTreeMap<String, To>,
    pub(super) missing: BTreeSet<String>,
    /// Those of either that it does not expect itself.
    pub(super) transitive: BTreeSet<String>,
}

/// What is around each node of `graph`.
pub(super) fn around(graph: &Graph) -> Vec<Around> {
    let nodes = &graph.nodes;
    let own: Vec<BTreeSet<&str>> = nodes
        .iter()
        .map(|node| {
            let names = node.needs.values().filter_map(|need| match need.to {
                To::Node(to) => Some(nodes[to].name.as_str()),
                To::Outside(_) => None,
            });
            let aliases = node.needs.keys().map(String::as_str);
            aliases.chain(names).chain([node.name.as_str()]).collect()
        })
        .collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut all: Vec<Around> = Vec::with_capacity(nodes.len());
    for (number, node) in nodes.iter().enumerate() {
        for need in node.needs.values() {
            if let To::Node(to) = need.to {
                dependents[to].push(number);
            }
        }
        let missing = node.expects.iter().filter(|name| !node.peers.contains_key(*name));
        all.push(Around {
            beside: node
                .peers
                .iter()
                .map(|(name, need)| (name.clone(), need.to.clone()))
                .collect(),
            missing: missing.cloned().collect(),
            transitive: BTreeSet::new(),
        });
    }
    let mut open: Vec<usize> = (0..nodes.len()).collect();
    let mut is_open = vec![true; nodes.len()];
    while let Some(number) = open.pop() {
        is_open[number] = false;
        let around = all[number].clone();
        for dependent in &dependents[number] {
            let node = &nodes[*dependent];
            let own = &own[*dependent];
            let above = &mut all[*dependent];
            let before = (above.beside.len(), above.missing.len(), above.transitive.len());
            for (name, to) in around
                .beside
                .iter()
                .filter(|(name, _)| !own.contains(name.as_str()))
            {
                above.beside.entry(name.clone()).or_insert_with(|| to.clone());
                if !node.expects.contains(name) {
                    above.transitive.insert(name.clone());
                }
            }
            for name in around.missing.iter().filter(|name| !own.contains(name.as_str())) {
                if !above.beside.contains_key(name) {
                    above.missing.insert(name.clone());
                }
                if !node.expects.contains(name) {
                    above.transitive.insert(name.clone());
                }
            }
            let after = (above.beside.len(), above.missing.len(), above.transitive.len());
            if before != after && !std::mem::replace(&mut is_open[*dependent], true) {
                open.push(*dependent);
            }
        }
    }
    all
}
