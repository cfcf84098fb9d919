//! Which groups of a project bring a package: what PDM writes with each package, and believes when it installs.

use std::collections::{BTreeMap, BTreeSet};

use super::pdm_entries::{Edge, Entry, Style};
use crate::lockfile::pdm_lock::project::{Asked, Project};
use crate::plan::python::Sample;

/// Packages and what leads to each.
pub(super) struct Graph<'g> {
    entries: &'g [Entry<'g>],
    project: Option<&'g Project>,
    style: &'g Style,
    sample: &'g Sample,
    /// What each needs, where that may be meant.
    pub(super) edges: Vec<Vec<Edge>>,
    by_name: BTreeMap<&'g str, Vec<usize>>,
}

impl<'g> Graph<'g> {
    pub(super) fn of(
        entries: &'g [Entry<'g>],
        project: Option<&'g Project>,
        style: &'g Style,
        sample: &'g Sample,
    ) -> Self {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, entry) in entries.iter().enumerate() {
            by_name.entry(&entry.name).or_default().push(number);
        }
        let is_left_out = |name: &str| project.is_some_and(|project| project.excluded.contains(name));
        let edges = entries.iter().map(|entry| {
            let edges = entry.edges().into_iter();
            let edges =
                edges.filter(|edge| !is_left_out(&edge.name) && sample.meets(&[&entry.marker, &edge.marker]));
            edges.collect()
        });
        Self {
            edges: edges.collect(),
            entries,
            project,
            style,
            sample,
            by_name,
        }
    }

    /// The entries that an edge of the entry `from` leads to.
    pub(super) fn targets(&self, from: usize, edge: &Edge) -> Vec<usize> {
        let marker = self.entries.get(from).map_or("", |entry| &entry.marker);
        let own = self.by_name.get(edge.name.as_str()).into_iter().flatten();
        own.copied()
            .filter(|to| {
                let is_meant = |to: &Entry<'_>| {
                    let range = match self.is_overridden(&edge.name) || !to.is_of_index {
                        true => "",
                        false => &edge.range,
                    };
                    to.is_meant_by(&edge.name, &edge.extras, range)
                        && self.sample.meets(&[marker, &edge.marker, &to.marker])
                };
                self.entries.get(*to).is_some_and(is_meant)
            })
            .collect()
    }

    /// The project says what version is taken, whatever others ask for.
    pub(super) fn is_overridden(&self, name: &str) -> bool {
        self.project
            .is_some_and(|project| project.overridden.contains(name))
    }

    /// What the project asks for in groups that are locked, with these groups.
    pub(super) fn asked(&self) -> Vec<(&'g Asked, BTreeSet<String>)> {
        let asked = self.project.iter().flat_map(|project| &project.asked);
        let asked = asked.filter_map(|asked| {
            let groups: BTreeSet<String> = match &self.style.groups {
                Some(locked) => asked.groups.intersection(locked).cloned().collect(),
                None => asked.groups.clone(),
            };
            let is_excluded = self
                .project
                .is_some_and(|project| project.excluded.contains(&asked.name));
            let is_meant = !groups.is_empty() && !is_excluded && self.sample.meets(&[&asked.marker]);
            is_meant.then_some((asked, groups))
        });
        asked.collect()
    }

    /// The entries that the project means.
    pub(super) fn asked_for(&self, asked: &Asked) -> Vec<usize> {
        let own = self.by_name.get(asked.name.as_str()).into_iter().flatten();
        own.copied()
            .filter(|to| {
                let is_meant = |to: &Entry<'_>| {
                    let is_any = asked.is_located || !to.is_of_index || self.is_overridden(&asked.name);
                    let range = if is_any { "" } else { &asked.range };
                    to.is_meant_by(&asked.name, &asked.extras, range)
                        && self.sample.meets(&[&asked.marker, &to.marker])
                };
                self.entries.get(*to).is_some_and(is_meant)
            })
            .collect()
    }

    /// The entries that something leads to: another entry, or the project.
    pub(super) fn needed(&self) -> BTreeSet<usize> {
        let mut needed: BTreeSet<usize> = self
            .asked()
            .into_iter()
            .flat_map(|(asked, _)| self.asked_for(asked))
            .collect();
        for (from, edges) in self.edges.iter().enumerate() {
            let targets = edges.iter().flat_map(|edge| self.targets(from, edge));
            needed.extend(targets.filter(|to| *to != from));
        }
        needed
    }

    /// The groups that bring each entry, as what they need says; without a project those that nothing needs are brought as the
    /// file says.
    pub(super) fn brought(&self) -> Vec<BTreeSet<String>> {
        let targets: Vec<Vec<usize>> = self
            .edges
            .iter()
            .enumerate()
            .map(|(from, edges)| edges.iter().flat_map(|edge| self.targets(from, edge)).collect())
            .collect();
        let mut all = vec![BTreeSet::new(); self.entries.len()];
        for (start, groups) in self.roots(&targets) {
            let mut seen = BTreeSet::new();
            let mut open = vec![start];
            while let Some(number) = open.pop() {
                if !seen.insert(number) {
                    continue;
                }
                if let Some(brought) = all.get_mut(number) {
                    brought.extend(groups.iter().cloned());
                }
                open.extend(targets.get(number).into_iter().flatten());
            }
        }
        all
    }

    fn roots(&self, targets: &[Vec<usize>]) -> Vec<(usize, BTreeSet<String>)> {
        if self.project.is_some() {
            let asked = self.asked().into_iter();
            let roots = asked.flat_map(|(asked, groups)| {
                let own = self.asked_for(asked).into_iter();
                own.map(move |number| (number, groups.clone()))
            });
            return roots.collect();
        }
        let needed: BTreeSet<usize> = targets.iter().flatten().copied().collect();
        let roots = self.entries.iter().enumerate();
        roots
            .filter(|(number, _)| !needed.contains(number))
            .map(|(number, entry)| (number, entry.groups.clone()))
            .collect()
    }
}
