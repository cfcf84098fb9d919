//! What leads where in a graph, without its paths.

use super::graph::{Children, Graph, NodeId};

/// Nodes that something leads to.
#[derive(Debug, Clone, Default)]
pub struct Reached(Vec<bool>);

impl Reached {
    /// It is among them.
    #[must_use]
    pub fn holds(&self, node: NodeId) -> bool {
        self.0.get(node.number()) == Some(&true)
    }

    /// Adds `node`; false if it was there.
    fn add(&mut self, node: NodeId) -> bool {
        match self.0.get_mut(node.number()) {
            Some(reached) => !std::mem::replace(reached, true),
            None => false,
        }
    }
}

impl Graph {
    /// `starts` and all that they lead to.
    #[must_use]
    pub fn reached_from(&self, starts: impl IntoIterator<Item = NodeId>) -> Reached {
        let mut reached = Reached(vec![false; self.nodes().len()]);
        let children = Children::of_graph(self);
        for start in starts {
            spread(start, &children, &mut reached);
        }
        reached
    }

    /// The nodes that no other one needs, and the first one of each circle that those do not lead to: what was asked for, where
    /// nothing says so.
    #[must_use]
    pub fn unneeded(&self) -> Vec<NodeId> {
        let mut needed = Reached(vec![false; self.nodes().len()]);
        for edge in self.edges() {
            needed.add(edge.to);
        }
        let children = Children::of_graph(self);
        let mut reached = Reached(vec![false; self.nodes().len()]);
        let mut starts = Vec::new();
        for (node, _) in self.nodes().filter(|(node, _)| !needed.holds(*node)) {
            starts.push(node);
            spread(node, &children, &mut reached);
        }
        for (node, _) in self.nodes() {
            if !reached.holds(node) {
                starts.push(node);
                spread(node, &children, &mut reached);
            }
        }
        starts
    }
}

/// Adds `start` and what it leads to. All calls over the same `reached` together are linear.
fn spread(start: NodeId, children: &Children, reached: &mut Reached) {
    let mut open = Vec::new();
    if reached.add(start) {
        open.push(start);
    }
    while let Some(node) = open.pop() {
        for child in children.of(node) {
            if reached.add(child) {
                open.push(child);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[test]
    fn circles_start_at_their_first_node() {
        let mut graph = Graph::default();
        let nodes: Vec<NodeId> = ["a", "b", "c", "d", "e"]
            .into_iter()
            .map(|name| graph.add_own(name, ""))
            .collect();
        for (from, to) in [(0, 1), (2, 3), (3, 2), (3, 1), (4, 4)] {
            graph.add_edge(nodes[from], nodes[to], Span::default());
        }
        assert_eq!(graph.unneeded(), [nodes[0], nodes[4], nodes[2]]);
        let reached = graph.reached_from([nodes[2]]);
        let reached: Vec<bool> = nodes.iter().map(|node| reached.holds(*node)).collect();
        assert_eq!(reached, [false, true, true, true, false]);
    }
}
