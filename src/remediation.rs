//! What to do about findings: the fewest upgrades and removals that end them.
//!
//! A pure function of findings. Every report prints this one answer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use crate::ecosystem;
use crate::lockfile::{self, UpgradeCommand};
use crate::model::worst::Order;
use crate::model::{
    Asker, Class, Decision, Ecosystem, Finding, Outcome, Scopes, Target, TreePath, UpgradeBy,
};
use crate::version::Distance;

/// One thing to do about one version of a package.
#[derive(Debug)]
pub struct Remediation<'o> {
    /// The package's ecosystem.
    pub ecosystem: &'o Ecosystem,
    /// Its name.
    pub name: &'o str,
    /// The locked version.
    pub version: &'o str,
    /// What is to be done.
    pub kind: Kind<'o>,
    /// A finding for each advisory that this fixes, or that has no fix, worst first.
    pub fixes: Vec<&'o Finding>,
    /// The same for advisories that only warn, where the others block: see [`to_do`].
    pub also: Vec<&'o Finding>,
    /// A finding for each file that locks the version, those nearest to the top first, else in the order of the targets.
    pub places: Vec<Here<'o>>,
}

/// A command is given for at most so many folders.
const MAX_FOLDERS: usize = 20;

/// A finding with its target.
type Here<'o> = (&'o Target, &'o Finding);

/// What is to be done about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind<'o> {
    /// It is malicious: remove it.
    Remove,
    /// It has a name of one's own, and comes from another registry than one's own.
    OwnRegistry,
    /// Upgrade to this version.
    Upgrade(&'o str),
    /// No version fixes it.
    NoFix,
}

impl<'o> Kind<'o> {
    /// What is to be done about the advisory of one finding.
    #[must_use]
    pub fn of(finding: &'o Finding) -> Self {
        match (finding.advisory.class, &finding.upgrade) {
            (Class::Malicious, _) => Self::Remove,
            (Class::Confusion, _) => Self::OwnRegistry,
            (_, Some(version)) => Self::Upgrade(version),
            (_, None) => Self::NoFix,
        }
    }
}

impl<'o> Remediation<'o> {
    /// How far the upgrade goes; `None` where it is none.
    #[must_use]
    pub fn level(&self) -> Option<Distance> {
        match self.kind {
            Kind::Upgrade(to) => Some(ecosystem::scheme(self.ecosystem)?.distance(self.version, to)),
            Kind::Remove | Kind::OwnRegistry | Kind::NoFix => None,
        }
    }

    /// A manifest asks for the package by name, in at least one place.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.places.iter().any(|(_, finding)| finding.direct)
    }

    /// The direct dependencies that bring the package, in the order of the shortest paths; none where it is direct itself, or
    /// where the lockfile does not say.
    #[must_use]
    pub fn through(&self) -> Vec<&'o str> {
        let mut names = Vec::new();
        if self.is_direct() {
            return names;
        }
        let paths = self.places.iter().flat_map(|(_, finding)| finding.paths.iter());
        let mut known = BTreeSet::new();
        names.extend(
            paths
                .filter_map(|path| path.through())
                .filter(|name| known.insert(*name)),
        );
        names
    }

    /// What the package is used for, in all places together.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        let scopes = self.places.iter().map(|(_, finding)| finding.scopes);
        scopes.fold(Scopes::default(), Scopes::with)
    }

    /// The version that it is about. Files spell one name in several ways (PyPI).
    fn of(&self) -> (&'o Ecosystem, Cow<'o, str>, &'o str) {
        let name = ecosystem::normalise(self.ecosystem, self.name);
        (self.ecosystem, name, self.version)
    }

    /// It ends what `other` does about the same version, in every place of that.
    fn ends(&self, other: &Self) -> bool {
        let at = |(target, finding): &Here<'o>| {
            (
                target.root.as_str(),
                target.ref_name.as_deref(),
                finding.file.clone(),
            )
        };
        let places: HashSet<_> = self.places.iter().map(at).collect();
        (self.kind == Kind::Remove || self.kind == other.kind)
            && other.places.iter().all(|place| places.contains(&at(place)))
    }

    /// The gravest decision of what it fixes.
    #[must_use]
    pub fn decision(&self) -> Decision {
        let mut decision = Decision::Note;
        for finding in &self.fixes {
            match finding.decision {
                Decision::Fail => return Decision::Fail,
                Decision::Warn => decision = Decision::Warn,
                Decision::Note => {}
            }
        }
        decision
    }

    /// The commands that upgrade it, a line for each folder; `None` where the ecosystem's tool has none, or a name in it would
    /// need quotes.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        self.command_or_hand().0
    }

    /// The same, and what to do where no command does it.
    #[must_use]
    pub fn command_or_hand(&self) -> (Option<String>, Option<Cow<'static, str>>) {
        self.how(|_| true)
    }

    /// The command that upgrades it in `file` alone.
    #[must_use]
    pub fn command_for(&self, file: &TreePath) -> Option<String> {
        self.how(|finding| finding.file == *file).0
    }

    /// What to do where no command does it, a full sentence.
    #[must_use]
    pub fn by_hand(&self) -> Option<Cow<'static, str>> {
        self.command_or_hand().1
    }

    /// The commands, and what to do in folders in which no command does it.
    fn how(&self, is_meant: impl Fn(&Finding) -> bool) -> (Option<String>, Option<Cow<'static, str>>) {
        let Kind::Upgrade(to) = self.kind else {
            return (None, None);
        };
        let mut by_hand = None;
        let mut lines: Vec<String> = Vec::new();
        // Where another ref is checked out a command would change that one.
        let places = self.places.iter().filter(|(target, _)| target.is_checked_out);
        for (target, finding) in places.filter(|(_, finding)| is_meant(finding)) {
            let Some(format) = lockfile::upgrades(&finding.file) else {
                continue;
            };
            let file = finding.file.display();
            let upgrade = lockfile::Upgrade {
                name: &finding.name,
                from: &finding.version,
                to,
                direct: finding.direct,
                file_name: file.rsplit('/').next().unwrap_or_default(),
                by: finding.upgrade_by.as_deref(),
            };
            let names = [upgrade.name, upgrade.from, upgrade.to].into_iter();
            if !names.chain(names_of(upgrade.by)).all(is_plain) {
                return (None, None);
            }
            let command = match format.upgrade_command(&upgrade) {
                UpgradeCommand::None => continue,
                UpgradeCommand::Run(command) => command,
                UpgradeCommand::ByHand(what) => {
                    by_hand.get_or_insert(what);
                    continue;
                }
            };
            let Some(folder) = folder(target, finding) else {
                return (None, None);
            };
            let line = match folder.as_str() {
                "" => command,
                // In a shell of its own, so that the next line starts where this one did.
                folder => format!("(cd {folder} && {command})"),
            };
            if lines.len() < MAX_FOLDERS && !lines.contains(&line) {
                lines.push(line);
            }
        }
        ((!lines.is_empty()).then(|| lines.join("\n")), by_hand)
    }
}

/// What an upgrade names beside the package.
fn names_of(by: Option<&UpgradeBy>) -> Vec<&str> {
    match by {
        Some(UpgradeBy::Property(name) | UpgradeBy::Replace(name)) => vec![name],
        Some(UpgradeBy::Vendored { by, .. }) => names_of(by.as_deref()),
        Some(UpgradeBy::Askers(askers)) => {
            let names = askers.iter().flat_map(|asker| match asker {
                Asker::Manifest(folder) => [&**folder, ""],
                Asker::Alias { folder, name } => [&**folder, &**name],
                Asker::Package => ["", ""],
            });
            // The root's folder has no name.
            names.filter(|name| !name.is_empty()).collect()
        }
        Some(UpgradeBy::Hand | UpgradeBy::Managed(_) | UpgradeBy::Overridden(_) | UpgradeBy::Within(_))
        | None => Vec::new(),
    }
}

/// The folder of the finding's file, from where the program was started; empty for that itself. `None` for one that a shell would
/// take for something else.
fn folder(target: &Target, finding: &Finding) -> Option<String> {
    let file = finding.file.display();
    let inside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let root = target.root.trim_end_matches('/');
    let folder = match (root, inside) {
        ("" | ".", inside) if !target.root.starts_with('/') => inside.to_owned(),
        (root, "") => root.to_owned(),
        (root, inside) => format!("{root}/{inside}"),
    };
    (folder.is_empty() || is_plain(&folder)).then_some(folder)
}

/// A shell takes `text` as one word, and no tool for a flag.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '~'])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./@:+".contains(&byte))
}

/// How much there is to do, every advisory and every package counted once.
#[derive(Debug)]
pub struct Summary<'o> {
    /// A finding for each advisory, worst first.
    pub advisories: Vec<&'o Finding>,
    /// Versions of packages that have them.
    pub packages: usize,
    /// Upgrades.
    pub upgrades: usize,
    /// Malicious packages to remove.
    pub removals: usize,
    /// Packages to take from another registry.
    pub registries: usize,
    /// Advisories that these end, wherever they apply.
    pub fixed: usize,
}

impl<'o> Summary<'o> {
    /// Of `steps`.
    #[must_use]
    pub fn of(steps: &[Remediation<'o>]) -> Self {
        let count =
            |is_counted: fn(Kind<'_>) -> bool| steps.iter().filter(|step| is_counted(step.kind)).count();
        // Of each advisory the worst finding, before they are sorted: many have one.
        let mut worst: HashMap<&str, Order<'o>> = HashMap::default();
        for finding in steps.iter().flat_map(|step| &step.fixes).copied() {
            let order = Order::of(finding);
            let known = worst.entry(&finding.advisory.id).or_insert(order);
            *known = order.min(*known);
        }
        let mut ids: HashSet<&str> = worst.keys().copied().collect();
        let mut advisories: Vec<Order<'o>> = worst.into_values().collect();
        advisories.sort_unstable();
        for step in steps.iter().filter(|step| step.kind == Kind::NoFix) {
            for finding in &step.fixes {
                ids.remove(finding.advisory.id.as_str());
            }
        }
        let packages: HashSet<_> = steps
            .iter()
            .map(|step| (step.ecosystem, step.name, step.version))
            .collect();
        Self {
            fixed: ids.len(),
            advisories: advisories.into_iter().map(Order::finding).collect(),
            packages: packages.len(),
            upgrades: count(|kind| matches!(kind, Kind::Upgrade(_))),
            removals: count(|kind| kind == Kind::Remove),
            registries: count(|kind| kind == Kind::OwnRegistry),
        }
    }
}

/// What to do about what blocks, and apart from it what only warns and is of this change. What ends the warnings of a version
/// with what blocks is there once: they are [`Remediation::also`] of it.
#[must_use]
pub fn to_do(outcome: &Outcome) -> (Vec<Remediation<'_>>, Vec<Remediation<'_>>) {
    let mut blocking = remediations(outcome, Finding::blocks);
    let mut warnings = remediations(outcome, |finding| {
        finding.decision == Decision::Warn && finding.is_of_this_change()
    });
    let mut numbers: HashMap<(&Ecosystem, Cow<'_, str>, &str), Vec<usize>> = HashMap::default();
    for (number, step) in blocking.iter().enumerate() {
        numbers.entry(step.of()).or_default().push(number);
    }
    warnings.retain(|warning| {
        let same = numbers.get(&warning.of()).into_iter().flatten();
        let mut same = same.filter(|number| blocking.get(**number).is_some_and(|step| step.ends(warning)));
        let Some(step) = same.next().and_then(|number| blocking.get_mut(*number)) else {
            return true;
        };
        let known: HashSet<&str> = step
            .fixes
            .iter()
            .map(|known| known.advisory.id.as_str())
            .collect();
        let others = warning.fixes.iter();
        let others = others.filter(|finding| !known.contains(finding.advisory.id.as_str()));
        step.also.extend(others);
        false
    });
    (blocking, warnings)
}

/// Those of `steps` that fix something, and behind them those that cannot.
#[must_use]
pub fn by_fix<'s, 'o>(steps: &'s [Remediation<'o>]) -> (&'s [Remediation<'o>], &'s [Remediation<'o>]) {
    let fixing = steps.partition_point(|step| step.kind != Kind::NoFix);
    steps.split_at_checked(fixing).unwrap_or((steps, &[]))
}

/// What to do about the findings that `counts` picks, worst first, and behind it what has no fix. A version with a malicious advisory is removed, whatever else
/// it has; of any other an upgrade, a change of the registry and what has no fix are one entry each.
#[must_use]
pub fn remediations<'o>(outcome: &'o Outcome, counts: impl Fn(&Finding) -> bool) -> Vec<Remediation<'o>> {
    let mut versions: Vec<Vec<Here<'o>>> = Vec::new();
    let mut numbers: HashMap<(&Ecosystem, Cow<'_, str>, &str), usize> = HashMap::default();
    let mut last: Option<(&Finding, usize)> = None;
    for (target, finding) in outcome.findings().filter(|(_, finding)| counts(finding)) {
        let number = match last {
            // The findings of one version in a file stand together.
            Some((before, number)) if is_of_the_same_version(before, finding) => number,
            Some(_) | None => {
                // Files spell one name in several ways (PyPI).
                let name = ecosystem::normalise(&finding.ecosystem, &finding.name);
                let key = (&finding.ecosystem, name, finding.version.as_str());
                *numbers.entry(key).or_insert(versions.len())
            }
        };
        last = Some((finding, number));
        match versions.get_mut(number) {
            Some(findings) => findings.push((target, finding)),
            None => versions.push(vec![(target, finding)]),
        }
    }
    let mut all: Vec<Remediation<'o>> = versions
        .into_iter()
        .flat_map(|findings| of_version(&findings))
        .collect();
    all.sort_by_cached_key(|step| {
        let worst = step.fixes.first().map(|finding| Order::of(finding));
        (step.kind == Kind::NoFix, worst)
    });
    all
}

fn is_of_the_same_version(left: &Finding, right: &Finding) -> bool {
    left.version == right.version && left.name == right.name && left.ecosystem == right.ecosystem
}

/// What to do about all findings of one version of one package.
fn of_version<'o>(findings: &[Here<'o>]) -> Vec<Remediation<'o>> {
    let is_malicious = findings
        .iter()
        .any(|(_, finding)| finding.advisory.class == Class::Malicious);
    let mut kinds: BTreeMap<Kind<'o>, Vec<Here<'o>>> = BTreeMap::new();
    for (target, finding) in findings {
        let kind = match is_malicious {
            true => Kind::Remove,
            false => Kind::of(finding),
        };
        kinds.entry(kind).or_default().push((target, finding));
    }
    kinds
        .into_iter()
        .filter_map(|(kind, findings)| {
            let (_, sample) = findings.first()?;
            let mut fixes: Vec<&Finding> = findings.iter().map(|(_, finding)| *finding).collect();
            fixes.sort_by_cached_key(|finding| Order::of(finding));
            let mut ids = HashSet::default();
            fixes.retain(|finding| ids.insert(finding.advisory.id.as_str()));
            let mut files = HashSet::default();
            let mut places: Vec<Here<'o>> = findings
                .iter()
                .filter(|(target, finding)| files.insert((&target.root, &target.ref_name, &finding.file)))
                .copied()
                .collect();
            // Stable.
            places.sort_by_key(|(_, finding)| {
                finding
                    .file
                    .as_bytes()
                    .iter()
                    .filter(|byte| **byte == b'/')
                    .count()
            });
            Some(Remediation {
                ecosystem: &sample.ecosystem,
                name: &sample.name,
                version: &sample.version,
                kind,
                fixes,
                also: Vec::new(),
                places,
            })
        })
        .collect()
}
