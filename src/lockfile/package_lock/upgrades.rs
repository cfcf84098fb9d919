//! How npm upgrades a package: who asks for it, and which versions what depends on it takes.
//!
//! `npm install` writes into the manifest of the folder or of the workspaces that it is told. `npm update` goes to the newest
//! version that every range allows, and ends without an error where none of them allows another one.

use foldhash::HashMap;

use super::super::{Upgrade, UpgradeCommand};
use crate::model::{Graph, NodeId, Reach, UpgradeBy};
use crate::text::tree::Value;

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

/// What is known of each package for its upgrade.
#[derive(Debug, Default)]
pub(super) struct Upgrades {
    by: HashMap<NodeId, UpgradeBy>,
}

impl Upgrades {
    /// `asker` asks for `node` in the range `wish`.
    pub(super) fn add(&mut self, node: NodeId, asker: Asker<'_>, wish: Value<'_>) {
        let by = match asker {
            Asker::Root => Some(UpgradeBy::Workspaces(vec!["".into()])),
            Asker::Workspace(folder) => Some(UpgradeBy::Workspaces(vec![folder.into()])),
            Asker::Folder => Some(UpgradeBy::Hand),
            Asker::Package => wish
                .as_str()
                .and_then(|range| reach(&range))
                .map(UpgradeBy::Within),
        };
        if let Some(by) = by {
            let by = match self.by.remove(&node) {
                Some(known) => known.with(by),
                None => by,
            };
            self.by.insert(node, by);
        }
    }

    /// Marks the packages for which the usual command is not enough.
    pub(super) fn mark(&mut self, graph: &mut Graph) {
        for (node, by) in self.by.drain() {
            let is_usual = matches!(&by, UpgradeBy::Workspaces(folders) if folders.iter().all(|folder| folder.is_empty()));
            if let Some(package) = graph.package_mut(node).filter(|_| !is_usual) {
                package.upgrade_by = Some(Box::new(by));
            }
        }
    }
}

/// How far the versions that a range allows are from one that it allows; `None` for any other version, and where the range is
/// put together from several, whose parts are not told apart here.
fn reach(range: &str) -> Option<Reach> {
    let range = range.trim();
    let range = match range.strip_prefix("npm:") {
        Some(alias) => alias.rsplit_once('@')?.1,
        None => range,
    };
    let (sign, version) = match range.strip_prefix(['^', '~', '=']) {
        Some(version) => (range.chars().next(), version),
        None => (None, range),
    };
    let version = version.trim_start().trim_start_matches('v');
    let release = version.split(['-', '+']).next()?;
    let numbers: Vec<&str> = release.split('.').collect();
    let given = numbers
        .iter()
        .take_while(|number| number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty())
        .count();
    let is_plain = numbers
        .iter()
        .skip(given)
        .all(|number| matches!(*number, "x" | "X" | "*"));
    if !is_plain || numbers.len() > 3 || version.contains(char::is_whitespace) {
        return None;
    }
    Some(match (sign, given) {
        (_, 0) => return None,
        (_, 1) => Reach::Major,
        (Some('^'), _) => Reach::Caret,
        (Some('~'), _) | (_, 2) => Reach::Minor,
        (_, _) => Reach::Exact,
    })
}

/// The command, in the folder of the lockfile.
pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, from, to, .. } = upgrade;
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
        Some(UpgradeBy::Within(reach)) if !reach.allows(from, to) => UpgradeCommand::ByHand(
            "What brings it does not allow that version: upgrade that, or name the version under `overrides` in package.json.",
        ),
        // Installing it would make the project itself ask for it.
        None | Some(UpgradeBy::Within(_)) => UpgradeCommand::Run(format!("npm update {name}")),
        Some(UpgradeBy::Hand | UpgradeBy::Property(_)) => {
            UpgradeCommand::ByHand("A folder that is no workspace asks for it: change its package.json.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_reaches_as_far_as_npm_takes_it() {
        for (range, reaches) in [
            ("1.2.3", Some(Reach::Exact)),
            ("=1.2.3", Some(Reach::Exact)),
            ("v1.2.3-rc.1", Some(Reach::Exact)),
            ("npm:other@1.2.3", Some(Reach::Exact)),
            ("~1.2.3", Some(Reach::Minor)),
            ("~1.2", Some(Reach::Minor)),
            ("1.2.x", Some(Reach::Minor)),
            ("1.2", Some(Reach::Minor)),
            ("^1.2.3", Some(Reach::Caret)),
            ("^0.2.3", Some(Reach::Caret)),
            ("1.x", Some(Reach::Major)),
            ("^1", Some(Reach::Major)),
            ("~1", Some(Reach::Major)),
            ("*", None),
            ("", None),
            ("latest", None),
            (">=1.2.3", None),
            ("1.2.3 - 1.4.0", None),
            ("^1.2.3 || ^2.0.0", None),
            ("file:../a", None),
            ("1.2.3.4", None),
        ] {
            assert_eq!(reach(range), reaches, "{range}");
        }
    }
}
