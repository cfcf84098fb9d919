//! Shortest dependency paths to findings: from a root over the packages in between to the package.
//!
//! The paths of one lockfile share a tree of steps, each of which knows the one before it, so that all paths together take
//! no more memory than the graph. A path is shown by its ends: its length is the lockfile's to choose.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use foldhash::HashMap;

/// At most so many steps at each end of a path are kept; of those between them, how many there are.
pub const MAX_ENDS: usize = 16;

/// At most so many steps of one lockfile are kept. Paths from further roots are counted and not shown.
const MAX_STEPS: usize = 1 << 22;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step<'a> {
    /// The package's or module's name; empty for a root that has none.
    pub name: &'a str,
    /// Its version; empty where there is none.
    pub version: &'a str,
}

/// The steps that the paths of one lockfile's findings take.
#[derive(Debug, Default)]
pub struct PathTree {
    /// Names and versions, one after the other.
    text: String,
    labels: Vec<Label>,
    nodes: Vec<PathNode>,
}

/// Where in the text a name and a version start; the next label's start is the version's end.
#[derive(Debug, Clone, Copy)]
struct Label {
    name: u32,
    version: u32,
}

/// A step with the path that leads to it.
#[derive(Debug, Clone, Copy)]
struct PathNode {
    label: u32,
    /// The step before it; a root is its own.
    parent: u32,
    /// Steps up to this one, itself among them.
    depth: u32,
    /// The step at depth [`MAX_ENDS`] on the way here; itself above that.
    head: u32,
}

/// A step in a [`PathTree`] that is being made, with a hash of the whole path to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathEnd {
    node: u32,
    depth: u32,
    hash: u64,
}

impl PathTree {
    /// Appends a step behind `before`, or as the first one of a path. `key` is the same for the same step on any path, and
    /// `labels` remembers it. `None` where the tree is full.
    pub fn add<K: Eq + std::hash::Hash>(
        &mut self,
        before: Option<PathEnd>,
        key: K,
        labels: &mut HashMap<K, u32>,
        step: Step<'_>,
    ) -> Option<PathEnd> {
        if self.nodes.len() >= MAX_STEPS {
            return None;
        }
        let label = match labels.get(&key) {
            Some(label) => *label,
            None => {
                let label = self.label(step)?;
                labels.insert(key, label);
                label
            }
        };
        let node = u32::try_from(self.nodes.len()).ok()?;
        let depth = before.map_or(1, |before| before.depth.saturating_add(1));
        let head = match before.and_then(|before| self.nodes.get(before.node as usize)) {
            Some(parent) if depth as usize > MAX_ENDS => parent.head,
            Some(_) | None => node,
        };
        self.nodes.push(PathNode {
            label,
            parent: before.map_or(node, |before| before.node),
            depth,
            head,
        });
        let mut hasher = DefaultHasher::new();
        (before.map(|before| before.hash), step).hash(&mut hasher);
        Some(PathEnd {
            node,
            depth,
            hash: hasher.finish(),
        })
    }

    /// Gives back what growing took too much.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.labels.shrink_to_fit();
        self.nodes.shrink_to_fit();
    }

    fn label(&mut self, step: Step<'_>) -> Option<u32> {
        let label = u32::try_from(self.labels.len()).ok()?;
        let name = u32::try_from(self.text.len()).ok()?;
        let version = u32::try_from(self.text.len().checked_add(step.name.len())?).ok()?;
        u32::try_from(
            self.text
                .len()
                .checked_add(step.name.len())?
                .checked_add(step.version.len())?,
        )
        .ok()?;
        self.text.push_str(step.name);
        self.text.push_str(step.version);
        self.labels.push(Label { name, version });
        Some(label)
    }

    fn step(&self, node: u32) -> Option<(Step<'_>, PathNode)> {
        let node = *self.nodes.get(node as usize)?;
        let label = self.labels.get(node.label as usize)?;
        let end = match self.labels.get(node.label as usize + 1) {
            Some(next) => next.name as usize,
            None => self.text.len(),
        };
        let step = Step {
            name: self.text.get(label.name as usize..label.version as usize)?,
            version: self.text.get(label.version as usize..end)?,
        };
        Some((step, node))
    }

    /// Up to `count` steps that end with `node`, in the order of the path.
    fn ending_with(&self, node: u32, count: usize) -> Vec<Step<'_>> {
        let mut steps = Vec::with_capacity(count);
        let mut at = node;
        while steps.len() < count {
            let Some((step, node)) = self.step(at) else {
                break;
            };
            steps.push(step);
            if node.parent == at {
                break;
            }
            at = node.parent;
        }
        steps.reverse();
        steps
    }
}

/// The shortest paths to one package, shortest first. Every finding has them, and those of one package share them.
#[derive(Debug, Clone, Default)]
pub struct DependencyPaths(Option<Arc<Kept>>);

/// The ends of paths in a tree.
#[derive(Debug)]
struct Kept {
    tree: Arc<PathTree>,
    ends: Box<[u32]>,
}

impl DependencyPaths {
    /// No path.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Paths in `tree`: the shortest `most` of those that end with `ends`, and how many different ones there are.
    #[must_use]
    pub fn shortest(tree: &Arc<PathTree>, mut ends: Vec<PathEnd>, most: usize) -> (Self, usize) {
        let path = |end: &PathEnd| DependencyPath { tree, end: end.node };
        if ends.len() > 1 {
            ends.sort_by(|left, right| {
                let text = || path(left).first_steps().cmp(&path(right).first_steps());
                let last = || path(left).last_steps().cmp(&path(right).last_steps());
                left.depth
                    .cmp(&right.depth)
                    .then_with(text)
                    .then_with(last)
                    .then(left.hash.cmp(&right.hash))
            });
            ends.dedup_by_key(|end| end.hash);
        }
        let total = ends.len();
        let ends = ends.iter().take(most).map(|end| end.node).collect();
        let tree = tree.clone();
        (Self(Some(Arc::new(Kept { tree, ends }))), total)
    }

    /// Paths that consist of these steps, in this order.
    #[must_use]
    pub fn of(paths: &[Vec<Step<'_>>]) -> Self {
        let mut tree = PathTree::default();
        let mut labels = HashMap::default();
        let mut ends = Vec::with_capacity(paths.len());
        for path in paths {
            let mut end = None;
            for step in path {
                end = tree.add(end, *step, &mut labels, *step);
            }
            ends.extend(end.map(|end| end.node));
        }
        let tree = Arc::new(tree);
        let ends = ends.into();
        Self(Some(Arc::new(Kept { tree, ends })))
    }

    /// How many paths are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |kept| kept.ends.len())
    }

    /// None is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shortest one.
    #[must_use]
    pub fn first(&self) -> Option<DependencyPath<'_>> {
        self.iter().next()
    }

    /// The paths, shortest first.
    pub fn iter(&self) -> impl Iterator<Item = DependencyPath<'_>> {
        self.0.iter().flat_map(|kept| {
            let path = |end: &u32| DependencyPath {
                tree: &kept.tree,
                end: *end,
            };
            kept.ends.iter().map(path)
        })
    }
}

/// One path: a root, the packages in between, the package.
#[derive(Debug, Clone, Copy)]
pub struct DependencyPath<'p> {
    tree: &'p PathTree,
    end: u32,
}

impl<'p> DependencyPath<'p> {
    /// How many steps it has.
    #[must_use]
    pub fn len(self) -> usize {
        self.tree
            .step(self.end)
            .map_or(0, |(_, node)| node.depth as usize)
    }

    /// The name of the package that its root asks for, where the path goes on from there.
    #[must_use]
    pub fn through(self) -> Option<&'p str> {
        let steps = (self.len() > 2).then(|| self.first_steps());
        Some(steps?.get(1)?.name)
    }

    /// It has no step.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A text for each step; of a path that is longer than twice `ends`, or twice [`MAX_ENDS`], for its first and last ones,
    /// with one in between that says how many are left out. `step` is given the step's place in the path, from 0.
    pub fn texts<T>(
        self,
        ends: usize,
        step: impl Fn(usize, Step<'p>) -> T,
        left_out: impl Fn(usize) -> T,
    ) -> Vec<T> {
        let (length, ends) = (self.len(), ends.min(MAX_ENDS));
        match length.checked_sub(ends.saturating_mul(2)) {
            None | Some(0) => {
                let steps = self.tree.ending_with(self.end, length);
                steps
                    .into_iter()
                    .enumerate()
                    .map(|(at, own)| step(at, own))
                    .collect()
            }
            Some(between) => {
                let first = self.first_steps().into_iter().take(ends).enumerate();
                let last = self.tree.ending_with(self.end, ends).into_iter().enumerate();
                first
                    .map(|(at, own)| step(at, own))
                    .chain([left_out(between)])
                    .chain(last.map(|(at, own)| step(ends.saturating_add(between).saturating_add(at), own)))
                    .collect()
            }
        }
    }

    fn first_steps(self) -> Vec<Step<'p>> {
        let head = self.tree.step(self.end).map_or(self.end, |(_, node)| node.head);
        self.tree.ending_with(head, MAX_ENDS)
    }

    /// Its last steps, in its order; at most [`MAX_ENDS`].
    #[must_use]
    pub fn last_steps(self) -> Vec<Step<'p>> {
        self.tree.ending_with(self.end, MAX_ENDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: DependencyPath<'_>, ends: usize) -> Vec<String> {
        path.texts(
            ends,
            |at, step| format!("{at}:{}", step.name),
            |more| format!("+{more}"),
        )
    }

    fn chain(names: &[String]) -> DependencyPaths {
        let steps: Vec<Step<'_>> = names.iter().map(|name| Step { name, version: "1" }).collect();
        DependencyPaths::of(&[steps])
    }

    #[test]
    fn a_long_path_is_told_by_its_ends() {
        let names: Vec<String> = (0..40).map(|number| format!("n{number}")).collect();
        for length in 0..=40 {
            let paths = chain(names.get(..length).expect("a length"));
            let Some(path) = paths.first() else {
                assert_eq!(length, 0);
                continue;
            };
            assert_eq!(path.len(), length);
            for ends in [1, 5, MAX_ENDS, 100] {
                let kept = ends.min(MAX_ENDS);
                let whole: Vec<String> = (0..length).map(|number| format!("{number}:n{number}")).collect();
                let expected = match length.checked_sub(2 * kept) {
                    None | Some(0) => whole,
                    Some(more) => [&whole[..kept], &[format!("+{more}")], &whole[length - kept..]].concat(),
                };
                assert_eq!(words(path, ends), expected, "{length} steps, {ends} at each end");
            }
        }
    }

    #[test]
    fn paths_are_shortest_first_and_each_stands_once() {
        let mut tree = PathTree::default();
        let mut labels = HashMap::default();
        let mut end = |names: &[&'static str]| {
            let mut end = None;
            for name in names {
                end = tree.add(end, *name, &mut labels, Step { name, version: "" });
            }
            end.expect("room")
        };
        let ends = vec![
            end(&["a", "b", "z"]),
            end(&["b", "z"]),
            end(&["a", "z"]),
            end(&["a", "z"]),
        ];
        let (paths, total) = DependencyPaths::shortest(&Arc::new(tree), ends, 2);
        assert_eq!(total, 3);
        let shown: Vec<Vec<String>> = paths.iter().map(|path| words(path, 9)).collect();
        assert_eq!(shown, [["0:a", "1:z"], ["0:b", "1:z"]]);
    }
}
