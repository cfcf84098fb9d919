//! The folders and ranges that a plan has changed so far.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher as _};

use super::tree::{FolderTree, Node, folder_name, parent};
use crate::model::Requirement;

/// What a plan has changed so far.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) tree: FolderTree,
    /// Ranges of one's own manifests, by folder and name: the old and the new one.
    pub(super) ranges: BTreeMap<(String, String), (String, String)>,
    /// What the manifest overrides from now on: a name, for all or for a package that needs it, and what is asked for instead.
    pub(super) overrides: BTreeMap<(Option<String>, String), String>,
}

impl State {
    /// Equal for states with the same changes.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        for change in self.tree.changes() {
            change.hash(&mut hasher);
        }
        self.ranges.hash(&mut hasher);
        self.overrides.hash(&mut hasher);
        hasher.finish()
    }

    /// What the folder at `place` needs, each with the place.
    pub(super) fn requirements_of(&self, place: &str) -> impl Iterator<Item = (String, Requirement)> {
        let requirements = self.tree.node(place).map(|node| node.requirements.clone());
        let place = place.to_owned();
        requirements
            .unwrap_or_default()
            .into_iter()
            .map(move |requirement| (place.clone(), requirement))
    }

    /// Puts `node` at `place`, and takes out what only its predecessor needed. What needs itself in a circle stays until the end.
    pub(super) fn exchange(&mut self, place: &str, mut node: Node) {
        let mut left: Vec<String> = self.needed_by(place);
        self.overrule(&mut node);
        self.tree.put(place, node);
        while let Some(place) = left.pop() {
            let is_own = self.tree.node(&place).is_none_or(|node| node.is_own);
            if is_own || !self.tree.dependents(&place).is_empty() {
                continue;
            }
            left.extend(self.needed_by(&place));
            self.tree.remove(&place);
        }
    }

    /// Has `node` ask for what the manifest overrides it with. One's own folders ask for what they say.
    pub(super) fn overrule(&self, node: &mut Node) {
        if node.is_own || self.overrides.is_empty() {
            return;
        }
        let name = node.name.clone();
        for requirement in &mut node.requirements {
            let of = |under: Option<String>| self.overrides.get(&(under, requirement.name.to_string()));
            if let Some(range) = of(Some(name.clone())).or_else(|| of(None)) {
                requirement.range = range.as_str().into();
            }
        }
    }

    /// Has everything that needs `name` ask for what the manifest overrides it with.
    pub(super) fn overrule_all(&mut self, name: &str) {
        let needing: Vec<(String, Node)> = self
            .tree
            .nodes()
            .filter(|(_, node)| node.requirements.iter().any(|one| *one.name == *name))
            .map(|(place, node)| (place.to_owned(), node.as_ref().clone()))
            .collect();
        for (place, mut node) in needing {
            self.overrule(&mut node);
            self.tree.put(&place, node);
        }
    }

    /// The folders that the one at `place` needs.
    fn needed_by(&self, place: &str) -> Vec<String> {
        let requirements = self.tree.node(place).map(|node| &node.requirements);
        let found = requirements.into_iter().flatten();
        let found = found.filter_map(|requirement| self.tree.resolve(place, &requirement.name));
        found.map(str::to_owned).collect()
    }

    /// The folders that nothing would lead to without the one at `place`.
    pub(super) fn needed_alone_by(&self, place: &str) -> BTreeSet<String> {
        let mut without = self.tree.clone();
        without.remove(place);
        without.unneeded_since(&self.tree)
    }

    /// Takes out each folder that the plan filled, if what needs it finds the same version further up without it. It came in there while
    /// another version was above.
    pub(super) fn share(&mut self) {
        let filled = self.tree.changes().filter(|(_, version)| version.is_some());
        let mut places: Vec<String> = filled.map(|(place, _)| place.to_owned()).collect();
        places.sort_by_key(|place| Reverse(place.len()));
        for place in places {
            let above = parent(&place).and_then(parent);
            let above = above.and_then(|folder| self.tree.resolve(folder, folder_name(&place)));
            let above = above.and_then(|place| self.tree.node(place));
            let (Some(node), Some(above)) = (self.tree.node(&place), above) else {
                continue;
            };
            let is_free = node.release.is_some() && !above.is_own && above.is_fixed.is_none();
            if is_free && node.name == above.name && node.version == above.version {
                self.tree.remove(&place);
            }
        }
    }

    /// Takes out what nothing leads to any more, and did in `before` or was not there.
    pub(super) fn drop_unneeded(&mut self, before: &FolderTree) {
        for place in self.tree.unneeded_since(before) {
            self.tree.remove(&place);
        }
    }
}
