//! How pnpm upgrades a package: who asks for it, and where its version is said.
//!
//! `pnpm update NAME@VERSION` changes the manifest of the project that it runs in; `--filter` chooses others. For a package that no
//! manifest asks for, it takes the newest version that the ranges allow, and from pnpm 11 on it refuses a version. What only members
//! bring moves with `-r` alone (`pnpm -r update NAME`), which moves no such package where there is no workspace (pnpm 9.15.9 and 10.34.9).

use std::collections::HashSet;

use super::super::{Upgrade, UpgradeCommand};
use crate::model::{Graph, NodeId, Package, UpgradeBy};
use crate::text::tree::Value;

/// The names of packages whose version `overrides` says.
#[derive(Debug, Default)]
pub(super) struct Overrides<'d> {
    names: HashSet<&'d str>,
}

impl<'d> Overrides<'d> {
    /// Keys are selectors: `name`, `name@range`, `parent>name`.
    pub(super) fn of(table: Option<Value<'d>>) -> Self {
        let keys = table.into_iter().flat_map(Value::entries);
        let names = keys.map(|(_, value)| selected(super::spelled(value)));
        Self {
            names: names.collect(),
        }
    }
}

/// The name that a selector ends with.
fn selected(selector: &str) -> &str {
    let last = selector.rsplit_once('>').map_or(selector, |(before, last)| {
        // A range may begin with `>`: `name@>1`.
        match before.ends_with('@') || last.starts_with('=') {
            true => selector,
            false => last,
        }
    });
    let at = last.char_indices().skip(1).find(|(_, letter)| *letter == '@');
    at.and_then(|(at, _)| last.get(..at)).unwrap_or(last)
}

/// Takes note that the project in `folder`, or with `None` another package, asks for `package` by `wish`.
pub(super) fn note(package: &mut Package, folder: Option<&str>, wish: Value<'_>, overrides: &Overrides<'_>) {
    let is_in_catalog = || {
        let specifier = wish.get("specifier").and_then(Value::as_str);
        specifier.is_some_and(|specifier| specifier.starts_with("catalog:"))
    };
    if overrides.names.contains(&*package.name) || (folder.is_some() && is_in_catalog()) {
        package.asked_by(UpgradeBy::Hand);
    } else if let Some(folder) = folder {
        let folder = if folder == "." { "" } else { folder };
        package.asked_by(UpgradeBy::Workspaces(vec![folder.into()]));
    }
}

/// Takes the note away from packages for which the usual command is enough, and where there are `several` projects, notes that
/// no folder is meant for what no project asks for.
pub(super) fn finish(graph: &mut Graph, several: bool) {
    let all: Vec<NodeId> = graph.packages().map(|(node, _)| node).collect();
    for node in all {
        let Some(package) = graph.package_mut(node) else {
            continue;
        };
        match package.upgrade_by.as_deref() {
            Some(UpgradeBy::Workspaces(folders)) if folders.iter().all(|folder| folder.is_empty()) => {
                package.upgrade_by = None;
            }
            None if several => package.upgrade_by = Some(Box::new(UpgradeBy::Workspaces(Vec::new()))),
            Some(_) | None => {}
        }
    }
}

/// The command, in the folder of the lockfile.
pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, to, .. } = upgrade;
    match upgrade.by {
        Some(UpgradeBy::Workspaces(folders)) if folders.is_empty() => {
            UpgradeCommand::Run(format!("pnpm -r update {name}"))
        }
        Some(UpgradeBy::Workspaces(folders)) => {
            let mut command = String::from("pnpm");
            for folder in folders {
                command.push_str(" --filter ./");
                command.push_str(folder);
            }
            UpgradeCommand::Run(format!("{command} update {name}@{to}"))
        }
        Some(UpgradeBy::Hand | UpgradeBy::Managed(_) | UpgradeBy::Property(_) | UpgradeBy::Replace(_)) => UpgradeCommand::ByHand(
            "An override or a catalog says its version: change it in pnpm-workspace.yaml or package.json, then run `pnpm install`."
                .into(),
        ),
        None | Some(UpgradeBy::Within(_)) if upgrade.direct => {
            UpgradeCommand::Run(format!("pnpm update {name}@{to}"))
        }
        // To name the version is refused, or moves every other package too.
        None | Some(UpgradeBy::Within(_)) => UpgradeCommand::Run(format!("pnpm update {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_name_a_package() {
        for (selector, name) in [
            ("a", "a"),
            ("@s/a", "@s/a"),
            ("a@1", "a"),
            ("@s/a@^1.0.0", "@s/a"),
            ("b>a", "a"),
            ("b@1>@s/a@2", "@s/a"),
            ("a@>1", "a"),
            ("a@>=1", "a"),
        ] {
            assert_eq!(selected(selector), name, "{selector}");
        }
    }
}
