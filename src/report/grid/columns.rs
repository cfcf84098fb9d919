//! The columns of a grid and the names that they go by.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::grid::{Cell, GridRow};
use crate::model::{Outcome, Target};

/// One line of the grid.
#[derive(Debug)]
pub(in crate::report) struct Column<'g> {
    /// Its place among the cells of a row.
    pub(in crate::report) index: usize,
    /// The full name of the ref; the commit or the root for a tree that is on none.
    pub(in crate::report) key: &'g str,
    /// The name for people: `1.4`, `tags/v1`; full where two would be the same.
    pub(in crate::report) name: Cow<'g, str>,
    /// The scan of the line.
    pub(in crate::report) target: &'g Target,
}

impl<'g> Column<'g> {
    /// The cell of `row`.
    pub(in crate::report) fn cell<'r>(&self, row: &'r GridRow) -> Option<&'r Cell> {
        row.cells.get(self.index)
    }
}

/// The columns in their order.
pub(in crate::report) fn columns(outcome: &Outcome) -> Vec<Column<'_>> {
    let keys: Vec<&str> = outcome.targets.iter().map(key).collect();
    let names = short_names(keys.iter().copied());
    outcome
        .targets
        .iter()
        .zip(keys)
        .enumerate()
        .map(|(index, (target, key))| Column {
            index,
            key,
            name: names.get(key).copied().unwrap_or(key).into(),
            target,
        })
        .collect()
}

/// The names of the targets of a scan; none where there is one target.
pub(in crate::report) fn targets(outcome: &Outcome) -> Vec<String> {
    if outcome.targets.len() < 2 {
        return Vec::new();
    }
    let refs = outcome
        .targets
        .iter()
        .filter_map(|target| target.ref_name.as_deref());
    let names = short_names(refs);
    let roots: BTreeSet<&str> = outcome
        .targets
        .iter()
        .map(|target| target.root.as_str())
        .collect();
    let is_shared = roots.len() < outcome.targets.len();
    let name = |target: &Target| {
        let line = target.ref_name.as_deref().filter(|_| is_shared);
        let line = line.and_then(|name| names.get(name).copied());
        line.unwrap_or(&target.root).to_owned()
    };
    outcome.targets.iter().map(name).collect()
}

/// For each full name of `refs` the name for people.
pub(in crate::report) fn short_names<'r>(refs: impl Iterator<Item = &'r str>) -> BTreeMap<&'r str, &'r str> {
    let mut full_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in refs {
        let full = full_of.entry(short(name)).or_default();
        if !full.contains(&name) {
            full.push(name);
        }
    }
    full_of
        .into_iter()
        .flat_map(|(short, full)| {
            let alone = full.len() == 1;
            full.into_iter()
                .map(move |full| (full, if alone { short } else { full }))
        })
        .collect()
}

/// `1.4` for a branch, `tags/v1` for a tag, as `--refs` takes them.
fn short(name: &str) -> &str {
    name.strip_prefix("refs/heads/")
        .or_else(|| {
            name.strip_prefix("refs/")
                .filter(|rest| rest.starts_with("tags/"))
        })
        .filter(|short| !short.is_empty())
        .unwrap_or(name)
}

fn key(target: &Target) -> &str {
    target
        .ref_name
        .as_deref()
        .or(target.commit.as_deref())
        .unwrap_or(&target.root)
}
