//! The dependency graph of one lockfile: packages and own modules, edges, roots.

use super::Package;
use super::finding::Step;
use crate::text::Span;

/// The number of a node in its [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

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
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
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

    /// The packages, to be changed.
    pub fn packages_mut(&mut self) -> impl Iterator<Item = &mut Package> {
        self.nodes.iter_mut().filter_map(|node| match node {
            Node::Package(package) => Some(package),
            Node::Own { .. } => None,
        })
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

    /// The shortest paths from the roots. Linear in nodes and edges for each of the first [`MAX_ROOTS`] roots.
    #[must_use]
    pub fn paths(&self) -> Paths<'_> {
        let mut starts = vec![0_u32; self.nodes.len().saturating_add(1)];
        for edge in &self.edges {
            if let Some(start) = starts.get_mut(edge.from.0 as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut targets = vec![0_u32; self.edges.len()];
        let mut next = starts.clone();
        for edge in &self.edges {
            if let Some(at) = next.get_mut(edge.from.0 as usize) {
                if let Some(target) = targets.get_mut(*at as usize) {
                    *target = edge.to.0;
                }
                *at += 1;
            }
        }
        let children = |node: u32| {
            let start = starts.get(node as usize).copied().unwrap_or_default() as usize;
            let end = starts.get(node as usize + 1).copied().unwrap_or_default() as usize;
            targets.get(start..end).unwrap_or_default()
        };
        let trees = self
            .roots
            .iter()
            .take(MAX_ROOTS)
            .map(|root| {
                let mut before = vec![NONE; self.nodes.len()];
                let mut queue = vec![root.0];
                if let Some(start) = before.get_mut(root.0 as usize) {
                    *start = root.0;
                }
                let mut at = 0;
                while let Some(node) = queue.get(at).copied() {
                    at += 1;
                    for child in children(node) {
                        if let Some(parent) =
                            before.get_mut(*child as usize).filter(|parent| **parent == NONE)
                        {
                            *parent = node;
                            queue.push(*child);
                        }
                    }
                }
                before
            })
            .collect();
        Paths { graph: self, trees }
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }
}

/// Paths are told from this many roots; a workspace with more tells the first ones.
pub const MAX_ROOTS: usize = 64;

const NONE: u32 = u32::MAX;

/// A shortest-path tree for each root.
#[derive(Debug)]
pub struct Paths<'g> {
    graph: &'g Graph,
    /// For each root, the node before each node; `NONE` where the root does not reach it.
    trees: Vec<Vec<u32>>,
}

impl Paths<'_> {
    /// The shortest path from each root that reaches `node`, shortest first; the root is the first step, `node` the last.
    #[must_use]
    pub fn to(&self, node: NodeId) -> Vec<Vec<Step>> {
        let mut paths: Vec<Vec<Step>> = self
            .trees
            .iter()
            .filter_map(|before| self.path(before, node))
            .collect();
        paths.sort_by_key(Vec::len);
        paths
    }

    fn path(&self, before: &[u32], node: NodeId) -> Option<Vec<Step>> {
        let mut at = node.0;
        let mut steps = Vec::new();
        loop {
            let previous = before
                .get(at as usize)
                .copied()
                .filter(|previous| *previous != NONE)?;
            steps.push(self.step(at));
            if previous == at {
                break;
            }
            at = previous;
        }
        steps.reverse();
        Some(steps)
    }

    fn step(&self, node: u32) -> Step {
        match self.graph.nodes.get(node as usize) {
            Some(Node::Package(package)) => Step {
                name: package.name.clone(),
                version: package.version.clone(),
            },
            Some(Node::Own { name, version }) => Step {
                name: name.clone(),
                version: version.clone(),
            },
            None => Step {
                name: String::new(),
                version: String::new(),
            },
        }
    }
}
