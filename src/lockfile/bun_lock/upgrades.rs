//! How Bun upgrades a package: who asks for it, and which versions what depends on it takes.
//!
//! `bun update NAME@VERSION` changes the manifest of the project that it runs in, and the lockfile for what no manifest asks for.

use foldhash::{HashSet, HashSetExt as _};

use super::super::{Upgrade, UpgradeCommand};
use crate::model::{Graph, NodeId, Package, UpgradeBy};
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// The names of packages whose version `overrides` says.
pub(super) struct Overrides<'d> {
    names: HashSet<std::borrow::Cow<'d, str>>,
}

impl<'d> Overrides<'d> {
    pub(super) fn of(table: Option<Value<'d>>) -> Self {
        let mut names = HashSet::new();
        names.extend(table.into_iter().flat_map(Value::entries).map(|(name, _)| name));
        Self { names }
    }

    /// Takes note that the project in the folder `project`, or with `None` another package, asks for `package` by `wish`.
    pub(super) fn note(&self, package: &mut Package, project: Option<&str>, wish: Value<'_>) {
        let range = wish.as_str().unwrap_or_default();
        if self.names.contains(&*package.name) || range.starts_with("catalog:") {
            package.asked_by(UpgradeBy::Hand);
            return;
        }
        match project {
            Some(folder) => package.asked_by(UpgradeBy::Workspaces(vec![folder.into()])),
            None => {
                let range = match range.strip_prefix("npm:") {
                    Some(alias) => alias.rsplit_once('@').map_or("", |(_, range)| range),
                    None => range.trim(),
                };
                if !matches!(range, "" | "*") {
                    package.asked_within(range);
                }
            }
        }
    }
}

/// Takes the note away from packages for which the usual command is enough.
pub(super) fn finish(graph: &mut Graph) {
    let all: Vec<NodeId> = graph.packages().map(|(node, _)| node).collect();
    for node in all {
        if let Some(package) = graph.package_mut(node)
            && let Some(UpgradeBy::Workspaces(folders)) = package.upgrade_by.as_deref()
            && folders.iter().all(|folder| folder.is_empty())
        {
            package.upgrade_by = None;
        }
    }
}

/// The command, in the folder of the lockfile.
pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, to, .. } = upgrade;
    let update = || UpgradeCommand::Run(format!("bun update {name}@{to}"));
    match upgrade.by {
        Some(UpgradeBy::Workspaces(folders)) => {
            let commands: Vec<String> = folders
                .iter()
                .map(|folder| match folder.is_empty() {
                    true => format!("bun update {name}@{to}"),
                    // Bun 1.3 takes `--cwd FOLDER` twice and finds nothing there; in the folder 1.3.14 and 1.4.5 do it.
                    false => format!("(cd {folder} && bun update {name}@{to})"),
                })
                .collect();
            UpgradeCommand::Run(commands.join(" && "))
        }
        Some(
            UpgradeBy::Hand | UpgradeBy::Managed(_) | UpgradeBy::Property(_) | UpgradeBy::Replace(_),
        ) => UpgradeCommand::ByHand(
            "An override or a catalog says its version: change it in package.json, then run `bun install`.".into(),
        ),
        Some(UpgradeBy::Within(ranges)) if !upgrade.direct && !ranges.all(|range| Npm.contains(range, to).ok()) => {
            UpgradeCommand::ByHand(
                "What brings it does not allow that version: upgrade that, or name the version under `overrides` in package.json.".into(),
            )
        }
        None | Some(UpgradeBy::Within(_)) => update(),
    }
}
