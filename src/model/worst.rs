//! The order in which reports list findings: what to look at first comes first.

use std::cmp::{Ordering, Reverse};

use super::{Class, Finding};

/// Worst first: what was not accepted, malicious packages, what the gate fails, what came in since the base,
/// known exploited vulnerabilities, the class, the severity; equal ones by id, package, version, file and place, so that
/// the order is total.
#[must_use]
pub fn first(left: &Finding, right: &Finding) -> Ordering {
    weighed(left, right)
        .then_with(|| left.advisory.id.cmp(&right.advisory.id))
        .then_with(|| left.ecosystem.cmp(&right.ecosystem))
        .then_with(|| left.name.cmp(&right.name))
        .then_with(|| left.version.cmp(&right.version))
        .then_with(|| left.file.cmp(&right.file))
        .then_with(|| left.place().cmp(&right.place()))
}

/// Worst first, by what is bad about each and nothing else: equally bad ones are equal.
#[must_use]
pub fn weighed(left: &Finding, right: &Finding) -> Ordering {
    weight(right)
        .partial_cmp(&weight(left))
        .unwrap_or(Ordering::Equal)
}

/// Heavier is worse. A score is finite, so that weights compare.
fn weight(finding: &Finding) -> impl PartialOrd + use<> {
    let advisory = &finding.advisory;
    let score = advisory
        .severity
        .score
        .filter(|score| score.is_finite())
        .unwrap_or_default();
    (
        finding.is_affected(),
        advisory.class == Class::Malicious,
        finding.decision,
        finding.change.map(Reverse),
        advisory.known_exploited,
        advisory.class,
        advisory.severity.level,
        score,
    )
}
