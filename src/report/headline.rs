//! The verdict as text, for the reports that people read.

use std::collections::BTreeSet;

use super::phrases::{self, counted, thousands};
use super::places::NOT_PINNED;
use crate::model::finding::{Change, State};
use crate::model::{Decision, Finding, IndexState, Outcome, Verdict};
use crate::remediation::{Remediation, Summary};

/// A symbol and a word that differ without colour.
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

/// The reasons of the verdict, the most important first. `failing` is what to do about the findings that the gate fails.
#[must_use]
pub fn words(outcome: &Outcome, failing: &[Remediation<'_>]) -> Vec<String> {
    let mut words = vec![match outcome.verdict {
        Verdict::Blocked => blocking(outcome, failing),
        Verdict::Pass => match warnings(outcome) {
            0 => match outcome.findings().next() {
                None => "no known vulnerabilities".to_owned(),
                Some(_) => "nothing blocks".to_owned(),
            },
            warnings => format!("nothing blocks; {}", counted(warnings, "warning", "warnings")),
        },
        Verdict::Incomplete => cause(outcome),
        Verdict::NothingToScan => no_lockfile(outcome, ""),
        Verdict::Failed => "the run failed before it reached a verdict".to_owned(),
    }];
    words.extend(base(outcome));
    words.extend(caveats(outcome));
    words
}

/// Why there is nothing to scan; `place` is where, such as ` in v1.0`.
#[must_use]
pub fn no_lockfile(outcome: &Outcome, place: &str) -> String {
    match excluded(outcome) {
        0 => format!("no lockfile found{place}"),
        excluded => format!(
            "no lockfile found{place}: the policy excludes {}",
            counted(excluded, "path", "paths")
        ),
    }
}

/// The paths that the policy leaves out.
pub(super) fn excluded(outcome: &Outcome) -> usize {
    let targets = outcome.targets.iter();
    targets.map(|target| target.coverage.skipped.len()).sum()
}

/// `2 accepted`, and what the verdict does not cover.
pub(super) fn caveats(outcome: &Outcome) -> Vec<String> {
    let mut words = Vec::new();
    let excepted = outcome
        .findings()
        .filter(|(_, finding)| finding.exception().is_some())
        .count();
    if excepted > 0 {
        words.push(format!("{} accepted", thousands(excepted as u64)));
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

/// What the verdict does not cover.
pub(super) fn limits(outcome: &Outcome) -> Vec<String> {
    let mut words = Vec::new();
    if outcome.verdict == Verdict::Blocked && !outcome.coverage.is_complete() {
        words.push(format!("more may be hidden: {}", cause(outcome)));
    }
    let coverage = &outcome.coverage;
    let is_cause = coverage.is_unchecked() && outcome.verdict == Verdict::Incomplete;
    if coverage.unchecked > 0 && coverage.index.is_usable() && !is_cause {
        let all = coverage.checked.saturating_add(coverage.unchecked);
        words.push(format!(
            "{} of {} checked",
            thousands(coverage.checked as u64),
            counted(all, "dependency", "dependencies")
        ));
    }
    let partial = coverage.partial.len();
    if partial > 0 {
        words.push(NOT_PINNED.phrase(partial));
    }
    words
}

/// Why not everything was checked.
#[must_use]
pub fn cause(outcome: &Outcome) -> String {
    let coverage = &outcome.coverage;
    let index = match coverage.index {
        IndexState::Other => Some("the advisory database is not the one that the policy asks for"),
        IndexState::Missing => Some("there is no advisory database"),
        IndexState::Damaged => Some("the advisory database is damaged"),
        IndexState::Newer => Some("the advisory database was written by a newer lockkeeper"),
        IndexState::TooOld => Some("the advisory database is too old"),
        IndexState::Fresh | IndexState::Stale | IndexState::Sample => None,
    };
    let gaps = counted(coverage.blind.len(), "gap", "gaps");
    match (index, coverage.blind.len()) {
        (Some(index), 0) => index.to_owned(),
        (None, 0) if coverage.is_unchecked() => format!(
            "0 of {} checked",
            counted(coverage.unchecked, "dependency", "dependencies")
        ),
        (None, 0) => "the policy is strict, and not everything was checked".to_owned(),
        (Some(index), _) => format!("{index}, and not everything else was checked ({gaps})"),
        (None, _) => format!("not everything was checked ({gaps})"),
    }
}

/// What is wrong with the index; `None` if nothing is.
#[must_use]
pub fn index(outcome: &Outcome) -> Option<String> {
    if outcome.is_unfinished() {
        return None;
    }
    if let Some((reason, hint)) = &outcome.database.trouble {
        return Some(format!("{} {hint}", phrases::ended(reason)));
    }
    let age = match outcome.coverage.index_age_days {
        Some(days) => format!("{} old", counted(days as usize, "day", "days")),
        None => "too old".to_owned(),
    };
    Some(match outcome.coverage.index {
        IndexState::Fresh => return None,
        IndexState::Stale => format!("The advisory database is {age}: advisories published since are missing."),
        IndexState::TooOld => format!("The advisory database is {age}: too old for a verdict."),
        IndexState::Other => {
            "The policy's `database.digest` names another advisory database: this one was not used.".to_owned()
        }
        IndexState::Missing => "Without an advisory database nothing can be checked.".to_owned(),
        IndexState::Damaged => "The advisory database is damaged and was not used.".to_owned(),
        IndexState::Newer => {
            "This version cannot read the advisory database: update lockkeeper, or build the database with it.".to_owned()
        }
        IndexState::Sample => "The advisory database is the embedded sample: no verdict on real code.".to_owned(),
    })
}

/// What was read, and which advisories were known.
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
            "data of {}, {}",
            newest.strftime("%Y-%m-%d"),
            counted(outcome.database.records as usize, "advisory", "advisories")
        ));
    }
    words
}

/// `6 vulnerabilities (2 critical, 4 high) in 3 of 880 packages; 2 upgrades fix 5 of them`.
fn blocking(outcome: &Outcome, failing: &[Remediation<'_>]) -> String {
    let summary = Summary::of(failing);
    let all = summary.advisories.len();
    let text = format!(
        "{} {} in {} of {}",
        phrases::advisories(&summary.advisories),
        phrases::severities(&summary.advisories),
        thousands(summary.packages as u64),
        counted(outcome.coverage.packages, "package", "packages"),
    );
    let fixes: Vec<String> = [
        (summary.upgrades, "upgrade", "upgrades"),
        (summary.removals, "removal", "removals"),
        (summary.registries, "change of registry", "changes of registry"),
    ]
    .into_iter()
    .filter(|(count, _, _)| *count > 0)
    .map(|(count, one, many)| counted(count, one, many))
    .collect();
    if fixes.is_empty() {
        return format!("{text}; no fix is known yet");
    }
    let fixed = match summary.fixed {
        1 if all == 1 => "it".to_owned(),
        fixed if fixed == all => "all".to_owned(),
        0 => "part of them".to_owned(),
        fixed => format!("{} of them", thousands(fixed as u64)),
    };
    let verb = match summary.upgrades + summary.removals + summary.registries {
        1 => "fixes",
        _ => "fix",
    };
    format!("{text}; {} {verb} {fixed}", fixes.join(" and "))
}

/// `2 introduced, 1 escalated, 5 already in the base`; `None` where nothing was compared.
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
        let old = compared - introduced - escalated - unknown;
        words.push(format!("{} already in the base", number(old)));
        words.join(", ")
    })
}

/// Distinct advisories that warn.
#[must_use]
pub fn warnings(outcome: &Outcome) -> usize {
    let warns = |finding: &Finding| finding.is_affected() && finding.decision == Decision::Warn;
    let warning = outcome.findings().filter(|(_, finding)| warns(finding));
    let ids: BTreeSet<&str> = warning.map(|(_, finding)| finding.advisory.id.as_str()).collect();
    ids.len()
}

/// Affected findings that `counts` picks.
fn count(outcome: &Outcome, counts: impl Fn(&Finding) -> bool) -> usize {
    outcome
        .findings()
        .filter(|(_, finding)| finding.is_affected() && counts(finding))
        .count()
}
