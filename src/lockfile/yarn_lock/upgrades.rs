//! How each Yarn upgrades a package.
//!
//! Yarn 1 (1.22.22): `yarn upgrade NAME@VERSION` writes the manifest in whose folder it runs, and does nothing for a package
//! that this does not ask for: exit 0, no change. Since Yarn 2 `yarn up NAME@VERSION` writes the manifests of all workspaces that ask for
//! it; `yarn up -R NAME` goes to the newest version that every range allows, and Yarn 2 (2.4.2) refuses `-R`.
//!
//! A package of Yarn 1 carries who asks for it, if anyone does; one of the later ones carries at most the manifests that ask by another
//! name, or the ranges that packages ask for it in, one of Yarn 2 that it takes a hand. That sets them apart.

use crate::lockfile::grammar::npm_upgrades;
use crate::lockfile::{Upgrade, UpgradeCommand};
use crate::model::{Asker, UpgradeBy};
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, to, .. } = upgrade;
    match upgrade.by {
        Some(UpgradeBy::Askers(askers)) if askers.iter().all(|asker| *asker == Asker::Package) => UpgradeCommand::ByHand(
            format!(
                "Run `yarn upgrade` with the direct dependency that brings it, or delete its entry from yarn.lock and run `yarn install`: \
                 both lock the newest version that is allowed. Else name the version under `resolutions` in package.json \
                 (\"**/{name}\": \"{to}\")."
            )
            .into(),
        ),
        Some(UpgradeBy::Askers(askers)) => {
            let plain = npm_upgrades::folders(askers).map(|folder| match folder {
                "" => format!("yarn upgrade {name}@{to}"),
                folder => format!("yarn --cwd {folder} upgrade {name}@{to}"),
            });
            let aliases = npm_upgrades::of_aliases(upgrade, askers, "yarn add");
            let commands: Vec<String> = plain.chain(aliases).collect();
            match askers.contains(&Asker::Package) {
                false => UpgradeCommand::Run(commands.join(" && ")),
                // Each keeps its own entry.
                true => UpgradeCommand::ByHand(
                    format!(
                        "Run `{}`. Packages ask for it too and keep the old one: run `yarn upgrade` with the direct dependency that brings it, or \
                         delete its entry from yarn.lock and run `yarn install`.",
                        commands.join(" && ")
                    )
                    .into(),
                ),
            }
        }
        Some(UpgradeBy::Overridden(ranges)) if npm_upgrades::is_kept_out(upgrade, ranges) => UpgradeCommand::ByHand(
            "`resolutions` in package.json, or a catalog in .yarnrc.yml, say its version: change it there, then run `yarn install`.".into(),
        ),
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
        None | Some(UpgradeBy::Overridden(_) | UpgradeBy::Within(_)) => {
            UpgradeCommand::Run(format!("yarn up -R {name}"))
        }
        Some(
            UpgradeBy::Managed(_)
            | UpgradeBy::Property(_)
            | UpgradeBy::Replace(_)
            | UpgradeBy::Vendored { .. },
        ) => UpgradeCommand::None,
    }
}
