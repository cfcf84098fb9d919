//! How pnpm upgrades a package: who asks for it, and where its version is said.
//!
//! `pnpm update NAME@VERSION` changes the manifest of the project that it runs in; `--filter` chooses others. For a package that no
//! manifest asks for, it takes the newest version that the ranges allow, and from pnpm 11 on it refuses a version. What only members
//! bring moves with `-r` alone (`pnpm -r update NAME`), which moves no such package where there is no workspace (pnpm 9.15.9 and 10.34.9).

use super::super::grammar::npm_upgrades::{self, Overridden};
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

/// Takes note of the ranges that `overrides` say for packages. Keys are selectors: `name`, `name@range`, `parent>name`.
pub(super) fn note_overrides(graph: &mut Graph, table: Option<Value<'_>>) {
    let mut ranges = Overridden::new();
    for (_, value) in table.into_iter().flat_map(Value::entries) {
        if let Some(range) = value.as_str() {
            npm_upgrades::add_override(&mut ranges, selected(super::spelled(value)).into(), range);
        }
    }
    npm_upgrades::note_overrides(graph, &ranges);
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

/// Takes note that `by` asks for `package` by `wish`.
pub(super) fn note(package: &mut Package, by: By<'_>, wish: Value<'_>) {
    let is_in_catalog = || {
        let specifier = wish.get("specifier").and_then(Value::as_str);
        specifier.is_some_and(|specifier| specifier.starts_with("catalog:"))
    };
    match by {
        // No range is that of a catalog.
        By::Project(_) if is_in_catalog() => package.asked_by(UpgradeBy::Overridden(Ranges::default())),
        By::Project(folder) => {
            let folder = if folder == "." { "" } else { folder };
            npm_upgrades::note_asker(package, folder, &wish.key());
        }
        By::Folder => package.asked_by(UpgradeBy::Hand),
        By::Package => {}
    }
}

/// Takes the note away from packages for which the usual command is enough, and where there are `several` projects, notes that
/// no folder is meant for what no project asks for.
pub(super) fn finish(graph: &mut Graph, several: bool) {
    let all: Vec<NodeId> = graph.packages().map(|(node, _)| node).collect();
    npm_upgrades::forget_roots(graph, &all);
    if several {
        for node in all {
            if let Some(package) = graph.package_mut(node) {
                let by = || Box::new(UpgradeBy::Askers(Vec::new()));
                package.upgrade_by.get_or_insert_with(by);
            }
        }
    }
}

/// The command, in the folder of the lockfile.
pub(super) fn command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    let Upgrade { name, to, .. } = upgrade;
    match upgrade.by {
        Some(UpgradeBy::Askers(askers)) if !askers.is_empty() => {
            let folders: Vec<&str> = npm_upgrades::folders(askers).collect();
            let plain = (!folders.is_empty()).then(|| {
                let mut command = String::from("pnpm");
                for folder in folders.iter().filter(|_| folders != [""]) {
                    command.push_str(" --filter ./");
                    command.push_str(folder);
                }
                format!("{command} update {name}@{to}")
            });
            let aliases = npm_upgrades::of_aliases(upgrade, askers, "pnpm add");
            npm_upgrades::joined(plain.into_iter().chain(aliases))
        }
        Some(UpgradeBy::Overridden(ranges)) if npm_upgrades::is_kept_out(upgrade, ranges) => UpgradeCommand::ByHand(
            "An override or a catalog says its version: change it in pnpm-workspace.yaml or package.json, then run `pnpm install`."
                .into(),
        ),
        Some(
            UpgradeBy::Hand
            | UpgradeBy::Managed(_)
            | UpgradeBy::Property(_)
            | UpgradeBy::Replace(_)
            | UpgradeBy::Vendored { .. },
        ) => {
            UpgradeCommand::ByHand(
                "A folder that is no project of the workspace asks for it: change its package.json, then run `pnpm install`.".into(),
            )
        }
        None | Some(UpgradeBy::Within(_)) if upgrade.direct => {
            UpgradeCommand::Run(format!("pnpm update {name}@{to}"))
        }
        // The lockfile has no ranges. A caret is what most packages ask with.
        _ if Npm.contains(&format!("^{}", upgrade.from), to).ok() == Some(false) => UpgradeCommand::ByHand(
            format!(
                "Run `pnpm update {name}`. If the version stays, what brings it does not allow that one: upgrade that, or name the version \
                 under `overrides` in pnpm-workspace.yaml or package.json (\"{name}@{}\": \"{to}\").",
                upgrade.from
            )
            .into(),
        ),
        // To name the version is refused, or moves every other package too.
        Some(UpgradeBy::Askers(_)) => UpgradeCommand::Run(format!("pnpm -r update {name}")),
        None | Some(UpgradeBy::Overridden(_) | UpgradeBy::Within(_)) => {
            UpgradeCommand::Run(format!("pnpm update {name}"))
        }
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
