//! What to upgrade, one entry for each locked version that an upgrade helps.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::head::Package;
use crate::remediation::{Kind, Remediation};

/// An upgrade.
#[derive(Serialize)]
struct UpgradeEntry<'o> {
    package: Package<'o>,
    from: &'o str,
    to: &'o str,
    level: Option<&'static str>,
    direct: bool,
    /// The direct dependencies that bring the package.
    through: Vec<&'o str>,
    scopes: Vec<&'static str>,
    /// The gravest decision of what it fixes.
    decision: &'static str,
    /// Ids of advisories, worst first.
    fixes: Vec<&'o str>,
    files: Vec<FileEntry<'o>>,
    command: Option<String>,
    by_hand: Option<Cow<'static, str>>,
}

#[derive(Serialize)]
struct FileEntry<'o> {
    file: Cow<'o, str>,
    line: u32,
}

/// The upgrades among some steps, in their order, each made when it is written.
pub(super) struct Upgrades<'s, 'o>(pub(super) &'s [Remediation<'o>]);

impl Serialize for Upgrades<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter_map(UpgradeEntry::of))
    }
}

impl<'o> UpgradeEntry<'o> {
    fn of(step: &Remediation<'o>) -> Option<Self> {
        let Kind::Upgrade(to) = step.kind else {
            return None;
        };
        let finding = step.fixes.first()?;
        let (command, by_hand) = step.command_or_hand();
        Some(Self {
            package: Package::of(finding),
            from: step.version,
            to,
            level: step.level().map(|level| level.as_str()),
            direct: step.is_direct(),
            through: step.through(),
            scopes: step.scopes().iter().map(|scope| scope.as_str()).collect(),
            decision: step.decision().as_str(),
            fixes: step
                .fixes
                .iter()
                .map(|finding| finding.advisory.id.as_str())
                .collect(),
            files: step
                .places
                .iter()
                .map(|(_, finding)| FileEntry {
                    file: finding.file.display(),
                    line: finding.place().line,
                })
                .collect(),
            command,
            by_hand,
        })
    }
}
