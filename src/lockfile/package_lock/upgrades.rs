//! How npm upgrades a package: who asks for it, and which versions what depends on it takes.
//!
//! `npm install` writes into the manifest of the folder or of the workspaces that it is told. `npm update` goes to the newest
//! version that every range allows, and ends without an error where none of them allows another one.

use super::super::grammar::npm_upgrades::{self, Overridden};
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
    /// What manifests ask for.
    asked: Vec<NodeId>,
}

impl Upgrades {
    /// `asker` asks for `node` in the range `wish`.
    pub(super) fn add(&mut self, graph: &mut Graph, node: NodeId, asker: Asker<'_>, wish: Value<'_>) {
        let Some(package) = graph.package_mut(node) else {
            return;
        };
        match asker {
            Asker::Root => {
                self.asked.push(node);
                npm_upgrades::note_asker(package, "", &wish.key());
            }
            Asker::Workspace(folder) => {
                self.asked.push(node);
                npm_upgrades::note_asker(package, folder, &wish.key());
            }
            Asker::Folder => package.asked_by(UpgradeBy::Hand),
            Asker::Package => {
                if let Some(wish) = wish.as_str()
                    && let Some(range) = range(&wish)
                {
                    package.asked_within(range);
                }
            }
        }
    }

    /// Takes the note away from packages for which the usual command is enough, and notes what `overrides` of the root's `manifest` say.
    pub(super) fn finish(self, graph: &mut Graph, manifest: Option<Value<'_>>) {
        npm_upgrades::forget_roots(graph, &self.asked);
        npm_upgrades::note_overrides(graph, &overrides(manifest));
    }
}

/// The ranges that `overrides` say for packages, whatever the place. One that points to a dependency of the root changes with that.
fn overrides(manifest: Option<Value<'_>>) -> Overridden<'_> {
    let mut ranges = Overridden::new();
    let mut open: Vec<(String, Value<'_>)> = Vec::new();
    let table = manifest.and_then(|manifest| manifest.get("overrides"));
    open.extend(table.map(|table| (String::new(), table)));
    while let Some((name, value)) = open.pop() {
        match value.as_str() {
            Some(range) if !range.starts_with(['$']) && !range.contains(':') => {
                npm_upgrades::add_override(&mut ranges, name.into(), range);
            }
            Some(_) => {}
            None => open.extend(value.entries().map(|(key, value)| {
                let key = match &*key {
                    "." => name.clone(),
                    key => selected(key).to_owned(),
                };
                (key, value)
            })),
        }
    }
    ranges
}

/// The name of `name@range`.
fn selected(key: &str) -> &str {
    let at = key.char_indices().skip(1).find(|(_, letter)| *letter == '@');
    at.and_then(|(at, _)| key.get(..at)).unwrap_or(key)
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
        Some(UpgradeBy::Askers(askers)) => {
            let folders: Vec<&str> = npm_upgrades::folders(askers).collect();
            let plain = (!folders.is_empty()).then(|| {
                let mut command = format!("npm install {name}@{to}");
                for folder in folders.iter().filter(|folder| !folder.is_empty()) {
                    command.push_str(" -w ");
                    command.push_str(folder);
                }
                if folders.len() > 1 && folders.iter().any(|folder| folder.is_empty()) {
                    command.push_str(" --include-workspace-root");
                }
                command
            });
            let aliases = npm_upgrades::of_aliases(upgrade, askers, "npm install");
            npm_upgrades::joined(plain.into_iter().chain(aliases))
        }
        Some(UpgradeBy::Overridden(ranges)) if npm_upgrades::is_kept_out(upgrade, ranges) => UpgradeCommand::ByHand(
            "`overrides` in package.json say its version: change it there, and where the file asks for it as well, then run `npm install`.".into(),
        ),
        None | Some(UpgradeBy::Within(_)) if upgrade.direct => {
            UpgradeCommand::Run(format!("npm install {name}@{to}"))
        }
        Some(UpgradeBy::Within(ranges)) if !ranges.all(|range| Npm.contains(range, to).ok()) => {
            UpgradeCommand::ByHand(
                "What brings it does not allow that version: upgrade that, or name the version under `overrides` in package.json.".into(),
            )
        }
        // Installing it would make the project itself ask for it.
        None | Some(UpgradeBy::Overridden(_) | UpgradeBy::Within(_)) => UpgradeCommand::Run(format!("npm update {name}")),
        Some(
            UpgradeBy::Hand
            | UpgradeBy::Managed(_)
            | UpgradeBy::Property(_)
            | UpgradeBy::Replace(_)
            | UpgradeBy::Vendored { .. },
        ) => {
            UpgradeCommand::ByHand("A folder that is no workspace asks for it: change its package.json, then run `npm install`.".into())
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
