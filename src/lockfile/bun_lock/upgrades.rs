//! How Bun upgrades a package: who asks for it, and which versions what depends on it takes.
//!
//! `bun update NAME@VERSION` changes the manifest of the project that it runs in, and the lockfile for what no manifest asks for.

use std::borrow::Cow;

use foldhash::HashMap;

use super::super::grammar::npm_upgrades;
use super::super::{Upgrade, UpgradeCommand};
use crate::model::{Graph, NodeId, Package, Ranges, UpgradeBy};
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Who asks for a package.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'f> {
    /// The project in this folder.
    Project(&'f str),
    /// A folder that is no project.
    Folder,
    /// Another package.
    Package,
}

/// The ranges that `overrides` say for packages; none where it is more than a range.
pub(super) struct Overrides<'d> {
    ranges: HashMap<Cow<'d, str>, Option<Cow<'d, str>>>,
}

impl<'d> Overrides<'d> {
    pub(super) fn of(table: Option<Value<'d>>) -> Self {
        let entries = table.into_iter().flat_map(Value::entries);
        Self {
            ranges: entries.map(|(name, value)| (name, value.as_str())).collect(),
        }
    }

    /// Takes note that `by` asks for `package` by `wish`.
    pub(super) fn note(&self, package: &mut Package, by: By<'_>, wish: Value<'_>) {
        let range = wish.as_str().unwrap_or_default();
        match self.ranges.get(&*package.name) {
            Some(Some(range)) => npm_upgrades::note_override(package, range),
            Some(None) => package.asked_by(UpgradeBy::Overridden(Ranges::default())),
            None => {}
        }
        match by {
            // No range is that of a catalog.
            _ if range.starts_with("catalog:") => package.asked_by(UpgradeBy::Overridden(Ranges::default())),
            By::Project(folder) => npm_upgrades::note_asker(package, folder, &wish.key()),
            By::Folder => package.asked_by(UpgradeBy::Hand),
            By::Package => {
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
    npm_upgrades::forget_roots(graph, &all);
}

/// The command, in the folder of the lockfile.
pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, to, .. } = upgrade;
    let update = || UpgradeCommand::Run(format!("bun update {name}@{to}"));
    match upgrade.by {
        Some(UpgradeBy::Askers(askers)) => {
            // Bun 1.3 takes `--cwd FOLDER` twice and finds nothing there; in the folder 1.3.14 and 1.4.5 do it.
            let plain = npm_upgrades::folders(askers)
                .map(|folder| npm_upgrades::in_folder(folder, format!("bun update {name}@{to}")));
            let aliases = npm_upgrades::of_aliases(upgrade, askers, "bun add");
            npm_upgrades::joined(plain.chain(aliases))
        }
        Some(UpgradeBy::Overridden(ranges)) if npm_upgrades::is_kept_out(upgrade, ranges) => UpgradeCommand::ByHand(
            "An override or a catalog says its version: change it in package.json, then run `bun install`.".into(),
        ),
        Some(
            UpgradeBy::Hand
            | UpgradeBy::Managed(_)
            | UpgradeBy::Property(_)
            | UpgradeBy::Replace(_)
            | UpgradeBy::Vendored { .. },
        ) => UpgradeCommand::ByHand(
            "A folder that is no workspace asks for it: change its package.json, then run `bun install`.".into(),
        ),
        Some(UpgradeBy::Within(ranges)) if !upgrade.direct && !ranges.all(|range| Npm.contains(range, to).ok()) => {
            UpgradeCommand::ByHand(
                "What brings it does not allow that version: upgrade that, or name the version under `overrides` in package.json.".into(),
            )
        }
        None | Some(UpgradeBy::Overridden(_) | UpgradeBy::Within(_)) => update(),
    }
}
