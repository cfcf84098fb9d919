//! How each Yarn upgrades a package.
//!
//! Yarn 1 (1.22.22): `yarn upgrade NAME@VERSION` writes the manifest in whose folder it runs, and does nothing for a package
//! that this does not ask for: exit 0, no change. Since Yarn 2 `yarn up NAME@VERSION` writes the manifests of all workspaces that ask for
//! it; `yarn up -R NAME` goes to the newest version that every range allows, and Yarn 2 (2.4.2) refuses `-R`.
//!
//! A package of Yarn 1 carries the folders whose manifests ask for it, none for one that only packages ask for; one of
//! the later ones carries at most the ranges that packages ask for it in, one of Yarn 2 that it takes a hand. So they are told apart.

use crate::lockfile::{Upgrade, UpgradeCommand};
use crate::model::UpgradeBy;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, to, .. } = upgrade;
    match upgrade.by {
        Some(UpgradeBy::Workspaces(folders)) if folders.is_empty() => UpgradeCommand::ByHand(
            format!(
                "Run `yarn upgrade` with the direct dependency that brings it, or delete its entry from yarn.lock and run `yarn install`: \
                 both lock the newest version that is allowed. Else name the version under `resolutions` in package.json \
                 (\"**/{name}\": \"{to}\")."
            )
            .into(),
        ),
        Some(UpgradeBy::Workspaces(folders)) => {
            let mut commands: Vec<String> = Vec::new();
            for folder in folders {
                commands.push(match folder.is_empty() {
                    true => format!("yarn upgrade {name}@{to}"),
                    false => format!("yarn --cwd {folder} upgrade {name}@{to}"),
                });
            }
            UpgradeCommand::Run(commands.join(" && "))
        }
        // What packages ask for is left where it is.
        Some(UpgradeBy::Within(ranges))
            if upgrade.direct && ranges.all(|range| Npm.contains(range, to).ok()) =>
        {
            UpgradeCommand::Run(format!("yarn up {name}@{to} && yarn up -R {name}"))
        }
        None | Some(UpgradeBy::Within(_) | UpgradeBy::Hand) if upgrade.direct => {
            UpgradeCommand::Run(format!("yarn up {name}@{to}"))
        }
        Some(UpgradeBy::Hand) => UpgradeCommand::ByHand(
            format!(
                "Yarn 2 has no command for it (later ones have `yarn up -R {name}`): delete its entry from yarn.lock and run `yarn install`, which \
                 locks the newest version that is allowed, or name the version under `resolutions` in package.json."
            )
            .into(),
        ),
        Some(UpgradeBy::Within(ranges)) if !ranges.all(|range| Npm.contains(range, to).ok()) => {
            UpgradeCommand::ByHand(
                format!(
                    "What brings it does not allow that version: upgrade that, or name the version under `resolutions` in package.json \
                     (\"{name}\": \"{to}\")."
                )
                .into(),
            )
        }
        None | Some(UpgradeBy::Within(_)) => UpgradeCommand::Run(format!("yarn up -R {name}")),
        Some(UpgradeBy::Managed(_) | UpgradeBy::Property(_) | UpgradeBy::Replace(_)) => UpgradeCommand::None,
    }
}
