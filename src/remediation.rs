//! What to do about findings: the fewest upgrades and removals that end them.
//!
//! A pure function of findings. Every report prints this one answer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::ecosystem;
use crate::model::{Class, Ecosystem, Finding, Outcome, Target, worst};

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
    /// A finding for each file that locks the version, in the order of the targets.
    pub places: Vec<Here<'o>>,
}

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

/// What to do about the findings that `counts` picks, worst first. A version with a malicious advisory is removed, whatever else
/// it has; of any other an upgrade, a change of the registry and what has no fix are one entry each.
#[must_use]
pub fn remediations<'o>(outcome: &'o Outcome, counts: impl Fn(&Finding) -> bool) -> Vec<Remediation<'o>> {
    let mut versions: BTreeMap<(&Ecosystem, Cow<'_, str>, &str), Vec<Here<'o>>> = BTreeMap::new();
    for (target, finding) in outcome.findings().filter(|(_, finding)| counts(finding)) {
        // Files spell one name in several ways (PyPI).
        let name = ecosystem::normalise(&finding.ecosystem, &finding.name);
        versions
            .entry((&finding.ecosystem, name, &finding.version))
            .or_default()
            .push((target, finding));
    }
    let mut all: Vec<Remediation<'o>> = versions
        .into_values()
        .flat_map(|findings| of_version(&findings))
        .collect();
    all.sort_by(|left, right| match (left.fixes.first(), right.fixes.first()) {
        (Some(left), Some(right)) => worst::first(left, right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    });
    all
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
            fixes.sort_by(|left, right| worst::first(left, right));
            let mut ids = BTreeSet::new();
            fixes.retain(|finding| ids.insert(finding.advisory.id.as_str()));
            let mut files = BTreeSet::new();
            Some(Remediation {
                ecosystem: &sample.ecosystem,
                name: &sample.name,
                version: &sample.version,
                kind,
                fixes,
                places: findings
                    .iter()
                    .filter(|(target, finding)| files.insert((&target.root, &target.ref_name, &finding.file)))
                    .copied()
                    .collect(),
            })
        })
        .collect()
}
