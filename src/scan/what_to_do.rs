//! What would change a verdict: remediations and exceptions, each a full instruction.

use crate::model::Outcome;
use crate::model::finding::State;
use crate::model::gate::Blocking;
use crate::model::{Class, Decision, Finding, Gate, worst};
use crate::remediation::Kind;

/// The policy of a repository that has none yet.
const POLICY: &str = "lockkeeper.yml";

/// What to do about `findings`, the remediation first; `policy` is the file that decided.
#[must_use]
pub fn about(findings: &[&Finding], policy: Option<&str>) -> Vec<String> {
    let applying = findings
        .iter()
        .filter(|finding| finding.state != State::NotAffected);
    let mut ways: Vec<String> = applying.map(|finding| remediation(finding)).collect();
    if ways.is_empty() {
        ways.push(
            "Nothing to do: it counts only if the package comes from another registry than the policy's."
                .into(),
        );
    }
    if let Some(finding) = findings.iter().find(|finding| finding.decision == Decision::Fail) {
        ways.extend(accept(finding, policy.unwrap_or(POLICY)));
    }
    if let Some(State::Excepted(excepted)) = findings.first().map(|finding| &finding.state) {
        ways.push(format!(
            "The exception ends after {}: from then on it counts.",
            excepted.expires
        ));
    }
    ways.dedup();
    ways
}

/// The answer for a release, from the scan of its tree alone.
#[must_use]
pub fn gate(outcome: Outcome, release: &str) -> Gate {
    let mut failing: Vec<&Finding> = outcome
        .findings()
        .map(|(_, finding)| finding)
        .filter(|finding| finding.decision == Decision::Fail)
        .collect();
    failing.sort_by(|left, right| worst::first(left, right));
    let blocking = failing.iter().map(|finding| Blocking {
        id: finding.advisory.id.clone(),
        purl: finding.purl.clone(),
        file: finding.file.clone(),
        line: finding.place().line,
        reason: format!("{} (rule: {})", finding.reason, finding.rule),
        unblock: about(&[finding], outcome.policy.file.as_deref()),
    });
    Gate {
        release: release.to_owned(),
        lines: Vec::new(),
        blocking: blocking.collect(),
        outcome,
    }
}

fn remediation(finding: &Finding) -> String {
    let place = format!("{}:{}", finding.file, finding.place().line);
    let name = &finding.name;
    match Kind::of(finding) {
        Kind::Remove => format!(
            "Remove {name} {} ({place}) and treat every machine that installed it as compromised.",
            finding.version
        ),
        Kind::OwnRegistry => format!(
            "Take {name} ({place}) from your own registry, and update the lockfile; if it comes from there, name that registry under `supply-chain.registries`."
        ),
        Kind::Upgrade(version) => format!("Upgrade {name} from {} to {version} ({place}).", finding.version),
        Kind::NoFix => match finding.fixed.first() {
            Some(early) => {
                format!(
                    "Replace {name} ({place}), or take the pre-release {early}: no later version is known to fix it."
                )
            }
            None => format!("Replace {name} ({place}): no fixed version is known."),
        },
    }
}

/// How a person accepts the risk; a malicious package is only one's own, or none.
fn accept(finding: &Finding, policy: &str) -> Option<String> {
    match finding.advisory.class {
        Class::Malicious => Some(match &finding.origin {
            Some(origin) => format!(
                "If it is your own package from {origin}, name it in {policy}: `supply-chain: {{internal: [{:?}], registries: {{{}: {origin:?}}}}}`.",
                finding.name,
                finding.ecosystem,
                origin = origin.as_str()
            ),
            None => format!(
                "If it is your own package, name it under `supply-chain.internal` in {policy}, with the registry that it comes from."
            ),
        }),
        Class::Confusion
        | Class::Notice
        | Class::Yanked
        | Class::Unmaintained
        | Class::Unsound
        | Class::Vulnerability => Some(format!(
            "Accept the risk until a date: add an exception for {} to {policy}, with a reason and the day on which it expires.",
            finding.advisory.id
        )),
    }
}
