//! The order in which reports list findings: what to look at first comes first.

use std::cmp::{Ordering, Reverse};

use super::finding::Change;
use super::{Class, Decision, Finding, Level};

/// Where a finding is in that order. Made once for each where many are sorted, since its parts are far apart in memory.
#[derive(Clone, Copy)]
pub struct Order<'f> {
    weight: Weight,
    id: &'f str,
    finding: &'f Finding,
}

/// How bad a finding is; the greater one is worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    is_affected: bool,
    is_malicious: bool,
    decision: Decision,
    change: Option<Reverse<Change>>,
    known_exploited: bool,
    class: Class,
    level: Level,
    score: u64,
}

impl<'f> Order<'f> {
    /// Of `finding`.
    #[must_use]
    pub fn of(finding: &'f Finding) -> Self {
        Self {
            weight: Weight::of(finding),
            id: &finding.advisory.id,
            finding,
        }
    }

    /// The finding.
    #[must_use]
    pub fn finding(self) -> &'f Finding {
        self.finding
    }
}

impl Ord for Order<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.finding, other.finding);
        let weight = other.weight.cmp(&self.weight);
        weight
            .then_with(|| self.id.cmp(other.id))
            .then_with(|| left.ecosystem.cmp(&right.ecosystem))
            .then_with(|| left.name.cmp(&right.name))
            .then_with(|| left.version.cmp(&right.version))
            .then_with(|| left.file.cmp(&right.file))
            .then_with(|| left.place().cmp(&right.place()))
    }
}

impl PartialOrd for Order<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Order<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Order<'_> {}

/// Worst first: what was not accepted, malicious packages, what the gate fails, what came in since the base,
/// known exploited vulnerabilities, the class, the severity; equal ones by id, package, version, file and place, so that
/// the order is total.
#[must_use]
pub fn first(left: &Finding, right: &Finding) -> Ordering {
    Order::of(left).cmp(&Order::of(right))
}

/// Worst first, by what is bad about each and nothing else: equally bad ones are equal.
#[must_use]
pub fn weighed(left: &Finding, right: &Finding) -> Ordering {
    Weight::of(right).cmp(&Weight::of(left))
}

impl Weight {
    fn of(finding: &Finding) -> Self {
        let advisory = &*finding.advisory;
        let score = advisory.severity.score.filter(|score| score.is_finite());
        Self {
            is_affected: finding.is_affected(),
            is_malicious: advisory.class == Class::Malicious,
            decision: finding.decision,
            change: finding.change.map(Reverse),
            known_exploited: advisory.known_exploited,
            class: advisory.class,
            level: advisory.severity.level,
            // None is below 0: the bits of such numbers are in the order of the numbers.
            score: score.unwrap_or_default().max(0.0).to_bits(),
        }
    }
}
