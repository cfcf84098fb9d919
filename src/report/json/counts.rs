//! What a scan counts: the numbers that every report of it agrees with.

use std::collections::BTreeMap;

use foldhash::HashSet;
use serde::Serialize;

use crate::model::{Class, Decision, Level, Outcome};
use crate::remediation::{Remediation, Summary};

#[derive(Serialize)]
pub(in crate::report) struct Counts {
    /// All that are listed, excepted ones too.
    findings: usize,
    /// Distinct locked packages.
    packages: usize,
    /// Distinct advisories of the findings.
    advisories: usize,
    /// Vulnerabilities among them by the level of their severity, every level: what is only unmaintained or unsound has none.
    by_severity: BTreeMap<&'static str, usize>,
    /// Findings by decision, every decision.
    by_decision: BTreeMap<&'static str, usize>,
    /// Distinct packages that were checked.
    checked: usize,
    /// Dependencies that were not.
    unchecked: usize,
    blocking: Blocking,
}

/// The numbers of the headline: what the gate fails.
#[derive(Serialize)]
struct Blocking {
    /// Distinct advisories.
    advisories: usize,
    /// Of them vulnerabilities, by the level of their severity, every level.
    by_severity: BTreeMap<&'static str, usize>,
    /// Versions of packages that have them.
    packages: usize,
    upgrades: usize,
    removals: usize,
    /// Advisories that upgrades and removals end wherever they apply.
    fixed: usize,
}

impl Blocking {
    fn of(failing: &[Remediation<'_>]) -> Self {
        let summary = Summary::of(failing);
        let mut by_severity = no_levels();
        for finding in &summary.advisories {
            if finding.advisory.class == Class::Vulnerability {
                *by_severity
                    .entry(finding.advisory.severity.level.as_str())
                    .or_default() += 1;
            }
        }
        Self {
            advisories: summary.advisories.len(),
            by_severity,
            packages: summary.packages,
            upgrades: summary.upgrades,
            removals: summary.removals,
            fixed: summary.fixed,
        }
    }
}

fn no_levels() -> BTreeMap<&'static str, usize> {
    Level::ALL.iter().map(|level| (level.as_str(), 0)).collect()
}

impl Counts {
    /// `failing` is what to do about what the gate fails.
    pub(in crate::report) fn of(outcome: &Outcome, failing: &[Remediation<'_>]) -> Self {
        let mut by_severity = no_levels();
        let decisions = [Decision::Fail, Decision::Warn, Decision::Note];
        let mut by_decision: BTreeMap<_, _> =
            decisions.iter().map(|decision| (decision.as_str(), 0)).collect();
        let mut ids = HashSet::default();
        let mut findings = 0;
        for (_, finding) in outcome.findings() {
            findings += 1;
            ids.insert(finding.advisory.id.as_str());
            if finding.advisory.class == Class::Vulnerability {
                *by_severity
                    .entry(finding.advisory.severity.level.as_str())
                    .or_default() += 1;
            }
            *by_decision.entry(finding.decision.as_str()).or_default() += 1;
        }
        Self {
            findings,
            packages: outcome.coverage.packages,
            advisories: ids.len(),
            by_severity,
            by_decision,
            checked: outcome.coverage.checked,
            unchecked: outcome.coverage.unchecked,
            blocking: Blocking::of(failing),
        }
    }
}
