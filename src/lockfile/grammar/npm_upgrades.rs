//! What npm and its like share where a package is upgraded: other names that a manifest asks by, and overrides.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::lockfile::{Upgrade, UpgradeCommand};
use crate::model::{Asker, Graph, NodeId, Package, Ranges, UpgradeBy};
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Takes note that the manifest in `folder` asks for `package` as `name`.
pub fn note_asker(package: &mut Package, folder: &str, name: &str) {
    let folder = folder.into();
    let asker = match *package.name == *name {
        true => Asker::Manifest(folder),
        false => Asker::Alias {
            folder,
            name: name.into(),
        },
    };
    package.asked_by(UpgradeBy::Askers(vec![asker]));
}

/// Takes note that an override says `range` for `package`, if its version is in that.
pub fn note_override(package: &mut Package, range: &str) {
    if Npm.contains(range, &package.version).ok() != Some(false) {
        package.asked_by(UpgradeBy::Overridden(Ranges::of(range)));
    }
}

/// The ranges that overrides say for packages, by name.
pub type Overridden<'d> = HashMap<Cow<'d, str>, Vec<Cow<'d, str>>>;

/// Adds a range; of more than fit in a note, the first ones count.
pub fn add_override<'d>(overridden: &mut Overridden<'d>, name: Cow<'d, str>, range: Cow<'d, str>) {
    let ranges = overridden.entry(name).or_default();
    if ranges.len() < Ranges::MAX {
        ranges.push(range);
    }
}

/// Takes note of what overrides say for each package.
pub fn note_overrides(graph: &mut Graph, overridden: &Overridden<'_>) {
    if overridden.is_empty() {
        return;
    }
    let all: Vec<NodeId> = graph.packages().map(|(node, _)| node).collect();
    for node in all {
        if let Some(package) = graph.package_mut(node)
            && let Some(ranges) = overridden.get(&*package.name)
        {
            for range in ranges {
                note_override(package, range);
            }
        }
    }
}

/// Takes the note away from those of `nodes` that only the root's manifest asks for by their own name: the usual command does for them.
/// Where a manifest asks for the same package by another name too, all notes are needed.
pub fn forget_roots(graph: &mut Graph, nodes: &[NodeId]) {
    let aliased: HashSet<Box<str>> = nodes
        .iter()
        .filter_map(|node| graph.package(*node))
        .filter(|package| has_alias(package))
        .map(|package| package.name.clone())
        .collect();
    for node in nodes {
        if let Some(package) = graph.package_mut(*node)
            && let Some(UpgradeBy::Askers(askers)) = package.upgrade_by.as_deref()
            && !askers.is_empty()
            && askers.iter().all(Asker::is_root)
            && !aliased.contains(&package.name)
        {
            package.upgrade_by = None;
        }
    }
}

fn has_alias(package: &Package) -> bool {
    match package.upgrade_by.as_deref() {
        Some(UpgradeBy::Askers(askers)) => askers.iter().any(|asker| matches!(asker, Asker::Alias { .. })),
        Some(_) | None => false,
    }
}

/// The overrides keep the version of `upgrade` out: in the ranges that they say it is not, or a manifest asks for the package as well,
/// which has to say the same.
pub fn is_kept_out(upgrade: &Upgrade<'_>, ranges: &Ranges) -> bool {
    upgrade.direct || !ranges.all_surely(|range| Npm.contains(range, upgrade.to).ok())
}

/// The commands for those who ask by another name: `add` with both names, where each is. It leaves the name in the table where it stands.
pub fn of_aliases<'u>(
    upgrade: &'u Upgrade<'_>,
    askers: &'u [Asker],
    add: &'u str,
) -> impl Iterator<Item = String> + 'u {
    askers.iter().filter_map(move |asker| match asker {
        Asker::Alias { folder, name } => {
            let command = format!("{add} {name}@npm:{}@{}", upgrade.name, upgrade.to);
            Some(in_folder(folder, command))
        }
        Asker::Manifest(_) | Asker::Package => None,
    })
}

/// The folders whose manifests ask for a package by its own name.
pub fn folders(askers: &[Asker]) -> impl Iterator<Item = &str> {
    askers.iter().filter_map(|asker| match asker {
        Asker::Manifest(folder) => Some(&**folder),
        Asker::Alias { .. } | Asker::Package => None,
    })
}

/// `command` in a folder.
pub fn in_folder(folder: &str, command: String) -> String {
    match folder {
        "" => command,
        folder => format!("(cd {folder} && {command})"),
    }
}

/// One command after the other.
pub fn joined(commands: impl Iterator<Item = String>) -> UpgradeCommand {
    UpgradeCommand::Run(commands.collect::<Vec<String>>().join(" && "))
}
