//! What a scan counts: the numbers that every report of it agrees with.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{Decision, Level, Outcome};

#[derive(Serialize)]
pub(super) struct Counts {
    /// All that are listed, excepted ones too.
    findings: usize,
    /// Distinct locked packages.
    packages: usize,
    /// Distinct advisories of the findings.
    advisories: usize,
    /// Findings by the level of their severity, every level.
    by_severity: BTreeMap<&'static str, usize>,
    /// Findings by decision, every decision.
    by_decision: BTreeMap<&'static str, usize>,
    /// Distinct packages that were checked.
    checked: usize,
    /// Dependencies that were not.
    unchecked: usize,
}

impl Counts {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let mut by_severity: BTreeMap<_, _> = Level::ALL.iter().map(|level| (level.as_str(), 0)).collect();
        let decisions = [Decision::Fail, Decision::Warn, Decision::Note];
        let mut by_decision: BTreeMap<_, _> =
            decisions.iter().map(|decision| (decision.as_str(), 0)).collect();
        let mut ids = BTreeSet::new();
        let mut findings = 0;
        for (_, finding) in outcome.findings() {
            findings += 1;
            ids.insert(finding.advisory.id.as_str());
            *by_severity
                .entry(finding.advisory.severity.level.as_str())
                .or_default() += 1;
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
        }
    }
}
