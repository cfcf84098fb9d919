//! In which ranges own manifests ask for packages.

use super::{Lock, MAX_CANDIDATES};
use crate::ecosystem;
use crate::lockfile::{Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, NodeId, Ranges, UpgradeBy};
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// The command that upgrades, or what to do where uv would end without a change.
pub(super) fn upgrade_command(upgrade: &Upgrade<'_>) -> UpgradeCommand {
    if let Some(UpgradeBy::Overridden(ranges)) = upgrade.by
        && !ranges.all_surely(|range| Pep440.contains(range, upgrade.to).ok())
    {
        return UpgradeCommand::ByHand(
            "`override-dependencies` in pyproject.toml say its version: change it there, and run `uv lock`."
                .into(),
        );
    }
    if !UpgradeBy::allows(upgrade.by, |range| Pep440.contains(range, upgrade.to).ok()) {
        return UpgradeCommand::ByHand(
            "What asks for it does not allow that version: change that file, and run `uv lock`.".into(),
        );
    }
    let script = match upgrade.file_name.strip_suffix(".lock") {
        Some("uv") | None => String::new(),
        Some(script) => format!(" --script {script}"),
    };
    UpgradeCommand::Run(format!(
        "uv lock{script} --upgrade-package {}=={}",
        upgrade.name, upgrade.to
    ))
}

impl Lock<'_> {
    /// Notes on each package in which ranges own modules, folders and scripts ask for it, which the file repeats from their
    /// manifests. Of several versions of one name a range means those that it allows.
    pub(super) fn add_ranges(&self, nodes: &[NodeId], parsed: &mut Parsed) {
        let tables = self
            .entries
            .iter()
            .filter_map(|entry| entry.table.get("metadata"));
        let lists = tables.flat_map(|metadata| {
            let groups = metadata.get("requires-dev").into_iter().flat_map(Value::entries);
            groups.map(|(_, list)| list).chain(metadata.get("requires-dist"))
        });
        let lists = lists.chain(self.manifest.iter().map(|(_, list)| *list));
        let asked = lists.chain(self.constraints).flat_map(Value::items);
        let overridden = self.overrides.into_iter().flat_map(Value::items);
        let all = asked.map(|wish| (wish, false));
        for (wish, is_override) in all.chain(overridden.map(|wish| (wish, true))) {
            let (Some(name), Some(range)) = (wish.str("name"), wish.str("specifier")) else {
                continue;
            };
            let found = self.by_name.get(&ecosystem::normalised(&Ecosystem::PYPI, name));
            for number in found.into_iter().flatten().take(MAX_CANDIDATES) {
                let (entry, node) = (self.entries.get(*number), nodes.get(*number));
                let is_meant = entry.is_some_and(|entry| Pep440.contains(&range, &entry.version) == Ok(true));
                let package = node.filter(|_| is_meant);
                if let Some(package) = package.and_then(|node| parsed.graph.package_mut(*node)) {
                    match is_override {
                        true => package.asked_by(UpgradeBy::Overridden(Ranges::of(&range))),
                        false => package.asked_within(&range),
                    }
                }
            }
        }
    }
}
