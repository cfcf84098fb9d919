//! The verdict in words, as the terminal, the summary and whoever asks for one line tell it.

use std::collections::BTreeSet;

use super::phrases::{counted, thousands};
use crate::model::finding::{Change, State};
use crate::model::{Decision, Finding, IndexState, Outcome, Verdict};
use crate::remediation::{Kind, Remediation};

/// A symbol and a word that stay apart without colour.
#[must_use]
pub fn symbol(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓ PASS",
        Verdict::Blocked => "✗ BLOCKED",
        Verdict::Incomplete => "? INCOMPLETE",
        Verdict::NothingToScan => "∅ NOTHING TO SCAN",
        Verdict::Failed => "! FAILED",
    }
}

/// What stands behind the verdict, the most important first. `failing` are the moves for what the gate fails.
#[must_use]
pub fn words(outcome: &Outcome, failing: &[Remediation<'_>]) -> Vec<String> {
    let mut words = vec![match outcome.verdict {
        Verdict::Blocked => blocking(outcome, failing),
        Verdict::Pass => match count(outcome, |finding| finding.decision == Decision::Warn) {
            0 => match outcome.findings().next() {
                None => "no known flaw".to_owned(),
                Some(_) => "nothing blocks".to_owned(),
            },
            warnings => format!("nothing blocks; {}", counted(warnings, "warning", "warnings")),
        },
        Verdict::Incomplete => cause(outcome),
        Verdict::NothingToScan => "there is no lockfile here".to_owned(),
        Verdict::Failed => "the run broke; nothing can be said".to_owned(),
    }];
    words.extend(base(outcome));
    words.extend(caveats(outcome));
    words
}

/// `2 excepted`, and what the answer does not rest on.
pub(super) fn caveats(outcome: &Outcome) -> Vec<String> {
    let mut words = Vec::new();
    let excepted = outcome
        .findings()
        .filter(|(_, finding)| finding.exception().is_some())
        .count();
    if excepted > 0 {
        words.push(format!("{} excepted", thousands(excepted as u64)));
    }
    let others = outcome
        .findings()
        .filter(|(_, finding)| finding.state == State::NotAffected)
        .count();
    if others > 0 {
        words.push(format!("{} not affected", thousands(others as u64)));
    }
    words.extend(limits(outcome));
    words
}

/// What the answer does not rest on.
pub(super) fn limits(outcome: &Outcome) -> Vec<String> {
    let mut words = Vec::new();
    if outcome.verdict == Verdict::Blocked && !outcome.coverage.is_complete() {
        words.push(format!("more may be hidden: {}", cause(outcome)));
    }
    let coverage = &outcome.coverage;
    let is_told = coverage.is_unchecked() && outcome.verdict == Verdict::Incomplete;
    if coverage.unchecked > 0 && coverage.index.is_usable() && !is_told {
        let were = if coverage.unchecked == 1 { "was" } else { "were" };
        words.push(format!(
            "{} {were} not checked",
            counted(coverage.unchecked, "dependency", "dependencies")
        ));
    }
    let partial = coverage.partial.len();
    if partial > 0 {
        words.push(format!("{} judged in part", counted(partial, "place", "places")));
    }
    words
}

/// Why not everything was judged.
#[must_use]
pub fn cause(outcome: &Outcome) -> String {
    let coverage = &outcome.coverage;
    let index = match coverage.index {
        IndexState::Other => Some("the advisory index is not the one that the policy asks for"),
        IndexState::Missing => Some("there is no advisory index"),
        IndexState::Damaged => Some("the advisory index is damaged"),
        IndexState::Newer => Some("the advisory index was written by a newer lockkeeper"),
        IndexState::TooOld => Some("the advisory index is too old to judge by"),
        IndexState::Fresh | IndexState::Stale | IndexState::Sample => None,
    };
    let places = counted(coverage.blind.len(), "place", "places");
    match (index, coverage.blind.len()) {
        (Some(index), 0) => index.to_owned(),
        (None, 0) if coverage.is_unchecked() => format!(
            "0 of {} checked",
            counted(coverage.unchecked, "dependency", "dependencies")
        ),
        (None, 0) => "the policy is strict, and not everything was checked".to_owned(),
        (Some(index), _) => format!("{index}, and {places} could not be judged"),
        (None, _) => format!("{places} could not be judged"),
    }
}

/// What there is to say about the index, if it is not as it should be.
#[must_use]
pub fn index(outcome: &Outcome) -> Option<String> {
    if outcome.is_unfinished() {
        return None;
    }
    let age = match outcome.coverage.index_age_days {
        Some(days) => format!("{} old", counted(days as usize, "day", "days")),
        None => "too old".to_owned(),
    };
    Some(match outcome.coverage.index {
        IndexState::Fresh => return None,
        IndexState::Stale => format!("The index is {age}: advisories published since are missing."),
        IndexState::TooOld => format!("The index is {age}: no verdict can rest on it."),
        IndexState::Other => {
            "The policy's `database.digest` names another index; none of this one is believed.".to_owned()
        }
        IndexState::Missing => "Without an index nothing can be matched.".to_owned(),
        IndexState::Damaged => "The index is not what was written; none of it is believed.".to_owned(),
        IndexState::Newer => {
            "This program cannot read the index: update lockkeeper, or build the index with it.".to_owned()
        }
        IndexState::Sample => "The index is the embedded sample: this is no verdict on real code.".to_owned(),
    })
}

/// What was read, and by what it was judged.
#[must_use]
pub fn read(outcome: &Outcome) -> Vec<String> {
    let coverage = &outcome.coverage;
    let mut words = vec![format!(
        "read {} with {}",
        counted(coverage.files_read, "lockfile", "lockfiles"),
        counted(coverage.packages, "package", "packages"),
    )];
    if let Some(newest) = outcome.database.data_of() {
        words.push(format!(
            "data of {}, {} advisories",
            newest.strftime("%Y-%m-%d"),
            thousands(outcome.database.records)
        ));
    }
    words
}

/// `6 flaws in 3 of 880 packages; 2 moves end 5 of them`.
fn blocking(outcome: &Outcome, failing: &[Remediation<'_>]) -> String {
    let advisories: usize = failing.iter().map(|step| step.fixes.len()).sum();
    let packages: BTreeSet<_> = failing
        .iter()
        .map(|step| (step.ecosystem, step.name, step.version))
        .collect();
    let mut text = format!(
        "{} in {} of {}",
        counted(advisories, "flaw", "flaws"),
        thousands(packages.len() as u64),
        counted(outcome.coverage.packages, "package", "packages"),
    );
    let ending: Vec<&Remediation<'_>> = failing.iter().filter(|step| step.kind != Kind::NoFix).collect();
    let ended: usize = ending.iter().map(|step| step.fixes.len()).sum();
    let ended = match ended {
        1 if advisories == 1 => "it".to_owned(),
        _ if ended == advisories => "all of them".to_owned(),
        _ => format!("{} of them", thousands(ended as u64)),
    };
    match ending.len() {
        0 => text.push_str("; no move ends any of them"),
        1 => text.push_str(&format!("; 1 move ends {ended}")),
        moves => text.push_str(&format!("; {} moves end {ended}", thousands(moves as u64))),
    }
    text
}

/// `2 introduced, 1 escalated, 5 in the base already`; `None` where nothing was compared.
fn base(outcome: &Outcome) -> Option<String> {
    let compared = count(outcome, |finding| finding.change.is_some());
    let introduced = count(outcome, |finding| finding.change == Some(Change::Introduced));
    let number = |number: usize| match number {
        0 => "none".to_owned(),
        number => thousands(number as u64),
    };
    let escalated = count(outcome, |finding| finding.change == Some(Change::Escalated));
    let unknown = count(outcome, |finding| finding.change == Some(Change::Unknown));
    (compared > 0).then(|| {
        let mut words = vec![format!("{} introduced", number(introduced))];
        if escalated > 0 {
            words.push(format!("{} escalated", number(escalated)));
        }
        if unknown > 0 {
            words.push(format!("{} not compared", number(unknown)));
        }
        let held = compared - introduced - escalated - unknown;
        words.push(format!("{} in the base already", number(held)));
        words.join(", ")
    })
}

/// Affected findings that `counts` picks.
fn count(outcome: &Outcome, counts: impl Fn(&Finding) -> bool) -> usize {
    outcome
        .findings()
        .filter(|(_, finding)| finding.is_affected() && counts(finding))
        .count()
}
