//! How npm upgrades a package: who asks for it, and which versions what depends on it takes.
//!
//! `npm install` writes into the manifest of the folder or of the workspaces that it is told. `npm update` goes to the newest
//! version that every range allows, and ends without an error where none of them allows another one.

use super::super::{Upgrade, UpgradeCommand};
use crate::model::{Graph, NodeId, UpgradeBy};
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Who asks for a package.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker<'e> {
    /// The manifest beside the lockfile.
    Root,
    /// The workspace in this folder.
    Workspace(&'e str),
    /// A folder that is no workspace.
    Folder,
    /// Another package.
    Package,
}

/// Notes for each package what its upgrade takes.
#[derive(Debug, Default)]
pub(super) struct Upgrades {
    /// What the manifest beside the lockfile asks for.
    of_root: Vec<NodeId>,
}

impl Upgrades {
    /// `asker` asks for `node` in the range `wish`.
    pub(super) fn add(&mut self, graph: &mut Graph, node: NodeId, asker: Asker<'_>, wish: Value<'_>) {
        let Some(package) = graph.package_mut(node) else {
            return;
        };
        let by = match asker {
            Asker::Root => {
                self.of_root.push(node);
                UpgradeBy::Workspaces(vec!["".into()])
            }
            Asker::Workspace(folder) => UpgradeBy::Workspaces(vec![folder.into()]),
            Asker::Folder => UpgradeBy::Hand,
            Asker::Package => {
                if let Some(wish) = wish.as_str()
                    && let Some(range) = range(&wish)
                {
                    package.asked_within(range);
                }
                return;
            }
        };
        package.asked_by(by);
    }

    /// Takes the note away from packages for which the usual command is enough.
    pub(super) fn finish(self, graph: &mut Graph) {
        for package in self.of_root {
            if let Some(package) = graph.package_mut(package)
                && let Some(UpgradeBy::Workspaces(folders)) = package.upgrade_by.as_deref()
                && folders.iter().all(|folder| folder.is_empty())
            {
                package.upgrade_by = None;
            }
        }
    }
}

/// The range of `wish`, without the other name that it may be asked for by; `None` for one that allows every version.
fn range(wish: &str) -> Option<&str> {
    let range = match wish.trim().strip_prefix("npm:") {
        Some(alias) => alias.rsplit_once('@').map_or("", |(_, range)| range),
        None => wish.trim(),
    };
    (!matches!(range, "" | "*")).then_some(range)
}

/// The command, in the folder of the lockfile.
pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, to, .. } = upgrade;
    match upgrade.by {
        Some(UpgradeBy::Workspaces(folders)) => {
            let mut command = format!("npm install {name}@{to}");
            for folder in folders.iter().filter(|folder| !folder.is_empty()) {
                command.push_str(" -w ");
                command.push_str(folder);
            }
            if folders.iter().any(|folder| folder.is_empty()) {
                command.push_str(" --include-workspace-root");
            }
            UpgradeCommand::Run(command)
        }
        None | Some(UpgradeBy::Within(_)) if upgrade.direct => {
            UpgradeCommand::Run(format!("npm install {name}@{to}"))
        }
        Some(UpgradeBy::Within(ranges)) if !ranges.all(|range| Npm.contains(range, to).ok()) => {
            UpgradeCommand::ByHand(
                "What brings it does not allow that version: upgrade that, or name the version under `overrides` in package.json.".into(),
            )
        }
        // Installing it would make the project itself ask for it.
        None | Some(UpgradeBy::Within(_)) => UpgradeCommand::Run(format!("npm update {name}")),
        Some(
            UpgradeBy::Hand | UpgradeBy::Managed(_) | UpgradeBy::Property(_) | UpgradeBy::Replace(_),
        ) => {
            UpgradeCommand::ByHand("A folder that is no workspace asks for it: change its package.json.".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_a_range() {
        for (wish, expected) in [
            ("^1.2.3", Some("^1.2.3")),
            (" 1.2.3 ", Some("1.2.3")),
            ("npm:other@~1.2.3", Some("~1.2.3")),
            ("npm:@acme/other@1.x", Some("1.x")),
            ("npm:other", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(range(wish), expected, "{wish}");
        }
    }
}
