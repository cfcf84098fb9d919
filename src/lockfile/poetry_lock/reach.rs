//! What leads to a package: ranges, and the packages that are reached.

use super::Need;
use crate::model::{Graph, NodeId};

/// Notes that something asks for a package within `constraint`.
pub(super) fn add_range(graph: &mut Graph, node: NodeId, constraint: &str) {
    if let Some(package) = graph
        .package_mut(node)
        .filter(|_| !matches!(constraint, "" | "*"))
    {
        package.asked_within(constraint);
    }
}

/// What leads where, to be walked often.
pub(super) struct Reach {
    targets: Vec<Vec<usize>>,
}

impl Reach {
    pub(super) fn of(entries: usize, edges: &[Need]) -> Self {
        let mut targets = vec![Vec::new(); entries];
        for edge in edges {
            if let Some(targets) = targets.get_mut(edge.from) {
                targets.push(edge.to);
            }
        }
        Self { targets }
    }

    /// Marks `from` and all that it leads to. All calls over the same marks together are linear.
    pub(super) fn mark(&self, from: usize, reached: &mut [bool]) {
        let mut open = vec![from];
        while let Some(number) = open.pop() {
            match reached.get_mut(number) {
                Some(reached) if !*reached => *reached = true,
                Some(_) | None => continue,
            }
            open.extend(self.targets.get(number).into_iter().flatten());
        }
    }
}
