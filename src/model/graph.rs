//! The dependency graph of one lockfile: packages and own modules, edges, roots.

use foldhash::HashMap;

use super::Package;
use super::dependency_path::{PathEnd, PathTree, Step};
use super::finding::MAX_PATHS;
use crate::text::Span;

/// The number of a node in its [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// It, as the place in the order of the nodes.
    #[must_use]
    pub fn number(self) -> usize {
        self.0 as usize
    }
}

/// What a lockfile holds: nodes in the order of the file, edges as the file lists them.
///
/// Own modules (the root, workspace members) are nodes and no packages. A format that holds no edges
/// leaves them out; every package then stands for itself.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    roots: Vec<NodeId>,
}

/// A node: a package that advisories may speak of, or a module of our own.
#[derive(Debug)]
pub enum Node {
    /// A locked package.
    Package(Package),
    /// The root or a workspace member.
    Own {
        /// Its name; empty if the format gives none.
        name: String,
        /// Its version; empty if the format gives none.
        version: String,
    },
}

/// `from` needs `to`.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// The dependent.
    pub from: NodeId,
    /// The dependency.
    pub to: NodeId,
    /// Where the dependent's entry names it; empty where the format does not.
    pub span: Span,
}

impl Graph {
    /// Makes room for so many nodes and edges.
    pub fn reserve(&mut self, nodes: usize, edges: usize) {
        self.nodes.reserve(nodes);
        self.edges.reserve(edges);
    }

    /// Adds a package.
    pub fn add_package(&mut self, package: Package) -> NodeId {
        self.add(Node::Package(package))
    }

    /// Adds a module of our own that is no root.
    pub fn add_own(&mut self, name: impl Into<String>, version: impl Into<String>) -> NodeId {
        self.add(Node::Own {
            name: name.into(),
            version: version.into(),
        })
    }

    /// Adds a module of our own from which paths start.
    pub fn add_root(&mut self, name: impl Into<String>, version: impl Into<String>) -> NodeId {
        let root = self.add_own(name, version);
        self.roots.push(root);
        root
    }

    /// Adds an edge. An edge to itself is left out.
    pub fn add_edge(&mut self, from: NodeId, to: NodeId, span: Span) {
        if from != to {
            self.edges.push(Edge { from, to, span });
        }
    }

    /// The nodes, in the order in which they were added.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .map(|(number, node)| (NodeId(number as u32), node))
    }

    /// The packages, in the order in which they were added.
    pub fn packages(&self) -> impl Iterator<Item = (NodeId, &Package)> {
        self.nodes().filter_map(|(id, node)| match node {
            Node::Package(package) => Some((id, package)),
            Node::Own { .. } => None,
        })
    }

    /// The names of the own modules that have one.
    pub fn own_names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Own { name, .. } if !name.is_empty() => Some(name.as_str()),
            Node::Own { .. } | Node::Package(_) => None,
        })
    }

    /// The package at `id`; `None` for an own module.
    #[must_use]
    pub fn package(&self, id: NodeId) -> Option<&Package> {
        match self.nodes.get(id.0 as usize) {
            Some(Node::Package(package)) => Some(package),
            Some(Node::Own { .. }) | None => None,
        }
    }

    /// The package at `id`, to be changed; `None` for an own module.
    pub fn package_mut(&mut self, id: NodeId) -> Option<&mut Package> {
        match self.nodes.get_mut(id.0 as usize) {
            Some(Node::Package(package)) => Some(package),
            Some(Node::Own { .. }) | None => None,
        }
    }

    /// The edges, in the order in which they were added.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The roots, in the order in which they were added.
    #[must_use]
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// Marks as direct each package that an own module has an edge to.
    pub fn mark_direct(&mut self) {
        let direct: Vec<NodeId> = self
            .edges
            .iter()
            .filter(|edge| matches!(self.nodes.get(edge.from.0 as usize), Some(Node::Own { .. })))
            .map(|edge| edge.to)
            .collect();
        for id in direct {
            if let Some(package) = self.package_mut(id) {
                package.direct = true;
            }
        }
    }

    /// The shortest path from each root to each of `targets`, which are sets of nodes that count as one: a tree of steps,
    /// and for each target where its paths end; of a target, the first [`MAX_PATHS`] nodes. Linear in nodes and edges for each of the
    /// first [`MAX_ROOTS`] roots.
    #[must_use]
    pub fn shortest_paths(&self, targets: &[&[NodeId]]) -> (PathTree, Vec<Vec<PathEnd>>) {
        let mut tree = PathTree::default();
        let mut ends: Vec<Vec<PathEnd>> = vec![Vec::new(); targets.len()];
        if targets.is_empty() {
            return (tree, ends);
        }
        let children = Children::of_graph(self);
        let mut labels = HashMap::default();
        let mut before = vec![NONE; self.nodes.len()];
        let mut queue = Vec::new();
        for root in self.roots.iter().take(MAX_ROOTS) {
            self.walk(*root, &children, &mut before, &mut queue);
            let mut known: HashMap<u32, PathEnd> = HashMap::default();
            for (nodes, ends) in targets.iter().zip(&mut ends) {
                for node in nodes.iter().take(MAX_PATHS) {
                    if before.get(node.0 as usize).is_some_and(|before| *before != NONE) {
                        ends.extend(self.path_to(node.0, &before, &mut known, &mut tree, &mut labels));
                    }
                }
            }
        }
        tree.shrink();
        (tree, ends)
    }

    /// For each node the one before it on a shortest path from `root`; [`NONE`] where it does not come.
    fn walk(&self, root: NodeId, children: &Children, before: &mut [u32], queue: &mut Vec<u32>) {
        before.fill(NONE);
        queue.clear();
        queue.push(root.0);
        if let Some(start) = before.get_mut(root.0 as usize) {
            *start = root.0;
        }
        let mut at = 0;
        while let Some(node) = queue.get(at).copied() {
            at += 1;
            for child in children.of_node(node) {
                if let Some(parent) = before.get_mut(*child as usize).filter(|parent| **parent == NONE) {
                    *parent = node;
                    queue.push(*child);
                }
            }
        }
    }

    /// The end of the path to `node`, whose steps are put into `tree` where they are not `known` there.
    fn path_to(
        &self,
        node: u32,
        before: &[u32],
        known: &mut HashMap<u32, PathEnd>,
        tree: &mut PathTree,
        labels: &mut HashMap<u32, u32>,
    ) -> Option<PathEnd> {
        let mut steps = Vec::new();
        let mut at = node;
        let mut end = loop {
            if let Some(end) = known.get(&at) {
                break Some(*end);
            }
            steps.push(at);
            let previous = before.get(at as usize).copied()?;
            if previous == at {
                break None;
            }
            at = previous;
        };
        for step in steps.into_iter().rev() {
            let added = tree.add(end, step, labels, self.step(step))?;
            known.insert(step, added);
            end = Some(added);
        }
        end
    }

    fn step(&self, node: u32) -> Step<'_> {
        let (name, version): (&str, &str) = match self.nodes.get(node as usize) {
            Some(Node::Package(package)) => (&package.name, &package.version),
            Some(Node::Own { name, version }) => (name, version),
            None => ("", ""),
        };
        Step { name, version }
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }
}

/// Paths are told from this many roots; a workspace with more tells the first ones.
pub const MAX_ROOTS: usize = 64;

const NONE: u32 = u32::MAX;

/// The edges, by the node that they start from.
pub(super) struct Children {
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Children {
    pub(super) fn of_graph(graph: &Graph) -> Self {
        let mut starts = vec![0_u32; graph.nodes.len().saturating_add(1)];
        for edge in &graph.edges {
            if let Some(start) = starts.get_mut(edge.from.0 as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut targets = vec![0_u32; graph.edges.len()];
        let mut next = starts.clone();
        for edge in &graph.edges {
            if let Some(at) = next.get_mut(edge.from.0 as usize) {
                if let Some(target) = targets.get_mut(*at as usize) {
                    *target = edge.to.0;
                }
                *at += 1;
            }
        }
        Self { starts, targets }
    }

    /// What `node` leads to.
    pub(super) fn of(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.of_node(node.0).iter().map(|child| NodeId(*child))
    }

    fn of_node(&self, node: u32) -> &[u32] {
        let start = self.starts.get(node as usize).copied().unwrap_or_default() as usize;
        let end = self.starts.get(node as usize + 1).copied().unwrap_or_default() as usize;
        self.targets.get(start..end).unwrap_or_default()
    }
}
