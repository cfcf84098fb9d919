//! Which groups of a project bring a package, whether only extras do, and where it is meant: what Poetry writes with each package, and
//! believes when it installs.

use std::collections::{BTreeMap, BTreeSet};

use super::poetry_entries::{Edge, Entry, Markers, Style, normal, string};
use super::poetry_pythons::for_project;
use super::poetry_text::{both, either, without_extras};
use crate::lockfile::poetry_lock::project::{MAIN, Project};

/// What brings a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Brought {
    pub(super) groups: BTreeSet<String>,
    /// Only what is optional brings it.
    pub(super) is_optional: bool,
}

impl Brought {
    /// How Poetry 1.3 and 1.4 call it.
    pub(super) fn category(&self) -> &'static str {
        match self.groups.contains(MAIN) {
            true => MAIN,
            false => "dev",
        }
    }
}

impl Default for Brought {
    fn default() -> Self {
        Self {
            groups: BTreeSet::new(),
            is_optional: true,
        }
    }
}

/// What a project asks for.
struct Root {
    name: String,
    constraint: String,
    brought: Brought,
}

/// What brings each of `entries`, as what they need says; without a `project` those that nothing needs are brought as the file says.
pub(super) fn brought(entries: &[Entry<'_>], project: Option<&Project>) -> Vec<Brought> {
    let edges: Vec<Vec<Edge>> = entries.iter().map(Entry::edges).collect();
    let targets: Vec<Vec<usize>> = edges
        .iter()
        .enumerate()
        .map(|(from, edges)| {
            let of = |edge: &Edge| {
                let found = entries.iter().enumerate();
                let found = found.filter(|(_, entry)| entry.is_meant_by(&edge.name, &edge.constraint));
                found.map(|(number, _)| number).collect::<Vec<usize>>()
            };
            let mut targets: Vec<usize> = edges.iter().flat_map(of).filter(|to| *to != from).collect();
            targets.sort_unstable();
            targets.dedup();
            targets
        })
        .collect();
    let mut all = vec![Brought::default(); entries.len()];
    for root in roots(entries, &targets, project) {
        for (number, entry) in entries.iter().enumerate() {
            if !entry.is_meant_by(&root.name, &root.constraint) {
                continue;
            }
            let mut seen = BTreeSet::new();
            let mut open = vec![number];
            while let Some(number) = open.pop() {
                if !seen.insert(number) {
                    continue;
                }
                if let Some(brought) = all.get_mut(number) {
                    brought.groups.extend(root.brought.groups.iter().cloned());
                    brought.is_optional &= root.brought.is_optional;
                }
                open.extend(targets.get(number).into_iter().flatten());
            }
        }
    }
    all
}

fn roots(entries: &[Entry<'_>], targets: &[Vec<usize>], project: Option<&Project>) -> Vec<Root> {
    if let Some(project) = project {
        let roots = project.dependencies.iter().map(|asked| Root {
            name: normal(&asked.name),
            constraint: asked.constraint.clone(),
            brought: Brought {
                groups: asked.groups.iter().cloned().collect(),
                is_optional: asked.is_optional,
            },
        });
        return roots.collect();
    }
    let needed: BTreeSet<usize> = targets.iter().flatten().copied().collect();
    let roots = entries
        .iter()
        .enumerate()
        .filter(|(number, _)| !needed.contains(number));
    roots
        .map(|(_, entry)| Root {
            name: entry.name.clone(),
            constraint: format!("=={}", entry.version),
            brought: Brought {
                groups: entry.groups.iter().cloned().collect(),
                is_optional: entry.is_optional,
            },
        })
        .collect()
}

/// Where the package `number` is meant for what brings it from now on: a group that brought it before keeps its marker.
pub(super) fn markers(
    entries: &[Entry<'_>],
    number: usize,
    brought: &Brought,
    known: &BTreeMap<usize, Markers>,
    condition: &dyn Fn(&Entry<'_>, &Edge) -> Option<String>,
    (pythons, style): (&str, Style),
) -> Option<Markers> {
    let own = entries.get(number)?;
    let mut of_groups = BTreeMap::new();
    for group in &brought.groups {
        if own.groups.contains(group) {
            of_groups.insert(group.clone(), own.markers.of(group).to_owned());
            continue;
        }
        let mut texts = Vec::new();
        for (at, parent) in entries.iter().enumerate().filter(|(at, _)| *at != number) {
            let markers = known.get(&at).unwrap_or(&parent.markers);
            let is_of_group = parent.groups.contains(group) || known.contains_key(&at);
            for edge in parent.edges() {
                if is_of_group && own.is_meant_by(&edge.name, &edge.constraint) {
                    let condition = without_extras(&condition(parent, &edge)?, style)?;
                    texts.push(both(markers.of(group), &condition, style)?);
                }
            }
        }
        let marker = for_project(&either(&texts, style)?, pythons, style)?;
        of_groups.insert(group.clone(), marker);
    }
    let different: BTreeSet<&String> = of_groups.values().collect();
    Some(match (different.len(), different.first()) {
        (1, Some(marker)) if marker.is_empty() => Markers::None,
        (1, Some(marker)) => Markers::All((*marker).clone()),
        (0, _) => Markers::None,
        _ => Markers::Groups(
            of_groups
                .into_iter()
                .filter(|(_, marker)| !marker.is_empty())
                .collect(),
        ),
    })
}

/// `main` first, then the others by name.
fn in_order<'g>(groups: impl Iterator<Item = &'g String>) -> Vec<&'g String> {
    let mut all: Vec<&String> = groups.collect();
    all.sort_by_key(|group| (*group != MAIN, *group));
    all
}

/// The list of groups as TOML.
pub(super) fn groups_shown(groups: &BTreeSet<String>) -> String {
    let groups: Vec<String> = in_order(groups.iter())
        .into_iter()
        .map(|group| string(group))
        .collect();
    format!("[{}]", groups.join(", "))
}

/// The markers as TOML; `None` for everywhere.
pub(super) fn markers_shown(markers: &Markers) -> Option<String> {
    match markers {
        Markers::None => None,
        Markers::All(marker) => Some(string(marker)),
        Markers::Groups(markers) => {
            let items = in_order(markers.keys()).into_iter();
            let items = items.filter_map(|group| Some(format!("{group} = {}", string(markers.get(group)?))));
            Some(format!("{{{}}}", items.collect::<Vec<String>>().join(", ")))
        }
    }
}
