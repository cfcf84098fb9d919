//! Lockfiles that are symbolic links to others of the tree: what both have in common is reported once, at the end of the link.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::discovered::relative;
use crate::model::coverage::Gap;
use crate::model::{Cost, Finding, Location, Target, TreePath};
use crate::text::Position;

/// Links among the lockfiles of a tree, with the lockfile of it that each leads to.
pub(super) struct Linked(BTreeMap<TreePath, TreePath>);

impl Linked {
    /// Of `links`, which lead to files from the top of the repository, where `prefix` is the tree's folder.
    pub(super) fn new(
        links: &BTreeMap<TreePath, TreePath>,
        prefix: &TreePath,
        is_read: impl Fn(&TreePath) -> bool,
    ) -> Self {
        let ends = links.iter().filter_map(|(link, end)| {
            let end = relative(prefix, end).filter(|end| end != link && is_read(end))?;
            Some((link.clone(), end))
        });
        Self(ends.collect())
    }

    /// The lockfile at `path` is such a link.
    pub(super) fn leads_on(&self, path: &TreePath) -> bool {
        self.0.contains_key(path)
    }

    /// Each link with its end.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&TreePath, &TreePath)> {
        self.0.iter()
    }

    /// Leaves out the gaps of links that their ends have too.
    pub(super) fn leave_out(&self, gaps: &mut Vec<(Cost, Gap)>) {
        if self.0.is_empty() {
            return;
        }
        let ends: BTreeSet<&TreePath> = self.0.values().collect();
        let of_end = |gap: &Gap| gap.file().is_some_and(|file| ends.contains(file));
        let at_ends: BTreeSet<Gap> = gaps
            .iter()
            .filter(|(_, gap)| of_end(gap))
            .map(|(_, gap)| gap.clone())
            .collect();
        gaps.retain(|(_, gap)| {
            let Some(end) = gap.file().and_then(|file| self.0.get(file)) else {
                return true;
            };
            let location = gap.location.as_ref().map(|location| Location {
                file: end.clone(),
                ..location.clone()
            });
            let there = Gap {
                location,
                ..gap.clone()
            };
            !at_ends.contains(&there)
        });
    }
}

/// Leaves out the findings of links that their ends have too, decided alike: a rule or an exception may name one of the paths
/// alone.
pub(super) fn leave_out(target: &mut Target) {
    if target.links.is_empty() {
        return;
    }
    let files: BTreeSet<&TreePath> = target.files.iter().map(|file| &file.path).collect();
    let linked = Linked::new(&target.links, &target.prefix, |path| files.contains(path));
    let ends: BTreeSet<&TreePath> = linked.0.values().collect();
    let at_ends: HashSet<Reported> = target
        .findings
        .iter()
        .filter(|finding| ends.contains(&finding.file))
        .map(|finding| Reported::of(finding, &finding.file))
        .collect();
    target
        .findings
        .retain(|finding| match linked.0.get(&finding.file) {
            Some(end) => !at_ends.contains(&Reported::of(finding, end)),
            None => true,
        });
}

/// What reports list of a finding.
#[derive(PartialEq, Eq, Hash)]
struct Reported {
    file: TreePath,
    id: String,
    package: (String, String),
    places: Vec<Position>,
    decided: String,
}

impl Reported {
    fn of(finding: &Finding, file: &TreePath) -> Self {
        Self {
            file: file.clone(),
            id: finding.advisory.id.clone(),
            package: (finding.name.to_string(), finding.version.to_string()),
            places: finding.places().collect(),
            decided: format!(
                "{:?} {:?} {:?} {:?}",
                finding.decision, finding.state, finding.change, finding.fails_from
            ),
        }
    }
}
