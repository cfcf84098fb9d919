//! The verdict as text, for the reports that people read.

use std::collections::{BTreeMap, BTreeSet};

use super::phrases::{self, counted, thousands};
use super::places::IN_PART;
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
        Verdict::Incomplete => cause(outcome, outcome.coverage.blind.len()),
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
    let excepted = distinct(outcome, |finding| finding.exception().is_some()).len();
    if excepted > 0 {
        words.push(format!("{} accepted", thousands(excepted as u64)));
    }
    let others = distinct(outcome, |finding| finding.state == State::NotAffected).len();
    if others > 0 {
        words.push(format!("{} not affected", thousands(others as u64)));
    }
    let coverage = &outcome.coverage;
    words.extend(limits(outcome, coverage.blind.len(), coverage.partial.len()));
    words
}

/// What the verdict does not cover; `blind` gaps are listed as not checked, and `partial` is how many entries are listed as not checked in full.
pub(super) fn limits(outcome: &Outcome, blind: usize, partial: usize) -> Vec<String> {
    let mut words = Vec::new();
    if outcome.verdict == Verdict::Blocked && !outcome.coverage.is_complete() {
        words.push(format!("more may be hidden: {}", cause(outcome, blind)));
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
    if partial > 0 {
        words.push(IN_PART.phrase(partial));
    }
    words
}

/// Why not everything was checked; `blind` gaps are listed.
#[must_use]
pub fn cause(outcome: &Outcome, blind: usize) -> String {
    let coverage = &outcome.coverage;
    let index = no_index(outcome);
    let gaps = counted(blind, "gap", "gaps");
    match (index, blind) {
        (Some(index), 0) => index,
        (None, 0) if coverage.is_unchecked() => format!(
            "0 of {} checked",
            counted(coverage.unchecked, "dependency", "dependencies")
        ),
        (None, 0) => "the policy is strict, and not everything was checked".to_owned(),
        (Some(index), _) => format!("{index}, and not everything else was checked ({gaps})"),
        (None, _) => format!("not everything was checked ({gaps})"),
    }
}

/// Why the index gives no verdict, as a fragment; `None` if it does.
#[must_use]
pub fn no_index(outcome: &Outcome) -> Option<String> {
    let text = match (outcome.coverage.index, outcome.database.instead) {
        (IndexState::Missing, Some(instead)) => {
            return Some(format!("at the path of the advisory database is {instead}"));
        }
        (IndexState::Other, _) => "the advisory database is not the one that the policy asks for",
        (IndexState::Missing, None) => "there is no advisory database",
        (IndexState::Damaged, _) => "the advisory database is damaged",
        (IndexState::Newer, _) => "the advisory database was written by a newer lockkeeper",
        (IndexState::TooOld, _) => "the advisory database is too old",
        (IndexState::Fresh | IndexState::Stale | IndexState::Sample, _) => return None,
    };
    Some(text.to_owned())
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
    format!("{}; {}", extent(outcome, &summary), fixing(&summary))
}

/// `6 vulnerabilities (2 critical, 4 high) in 3 of 880 packages`.
pub(super) fn extent(outcome: &Outcome, summary: &Summary<'_>) -> String {
    format!(
        "{} {} in {} of {}",
        phrases::advisories(&summary.advisories),
        phrases::severities(&summary.advisories),
        thousands(summary.packages as u64),
        counted(outcome.coverage.packages, "package", "packages"),
    )
}

/// `2 upgrades fix 5 of them`.
pub(super) fn fixing(summary: &Summary<'_>) -> String {
    let all = summary.advisories.len();
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
        return "no fix is known yet".to_owned();
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
    format!("{} {verb} {fixed}", fixes.join(" and "))
}

/// `2 advisories introduced, 1 escalated, 5 already in the base`, each advisory once, at the gravest of its changes; `None`
/// where nothing was compared.
fn base(outcome: &Outcome) -> Option<String> {
    let mut changes: BTreeMap<&str, (&Finding, Compared)> = BTreeMap::new();
    let mut blocking: BTreeSet<&str> = BTreeSet::new();
    for (_, finding) in outcome.findings().filter(|(_, finding)| finding.is_affected()) {
        let Some(change) = finding.change else { continue };
        let change = Compared::of(change);
        let known = changes
            .entry(finding.advisory.id.as_str())
            .or_insert((finding, change));
        known.1 = known.1.min(change);
        if change == Compared::Introduced && finding.blocks() {
            blocking.insert(finding.advisory.id.as_str());
        }
    }
    if changes.is_empty() {
        return None;
    }
    let count = |wanted: Compared| changes.values().filter(|(_, change)| *change == wanted).count();
    // What the numbers count stands behind the first one.
    let all: Vec<&Finding> = changes.values().map(|(finding, _)| *finding).collect();
    let introduced = count(Compared::Introduced);
    // Beside the number of those that block, the rest would look like a mistake.
    let others = match blocking.len() {
        0 => String::new(),
        number => match introduced.saturating_sub(number) {
            0 => String::new(),
            1 => " (1 does not block)".to_owned(),
            others => format!(" ({} do not block)", thousands(others as u64)),
        },
    };
    let mut words = vec![format!(
        "{} introduced{others}",
        match introduced {
            0 => format!("no {}", phrases::unit(&all, 1)),
            number => format!("{} {}", thousands(number as u64), phrases::unit(&all, number)),
        }
    )];
    for (change, word) in [
        (Compared::Escalated, "escalated"),
        (Compared::Unknown, "not compared"),
    ] {
        match count(change) {
            0 => {}
            count => words.push(format!("{} {word}", thousands(count as u64))),
        }
    }
    words.push(match count(Compared::Old) {
        0 => "none already in the base".to_owned(),
        old => format!("{} already in the base", thousands(old as u64)),
    });
    Some(words.join(", "))
}

/// How an advisory compares with the base, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Compared {
    Introduced,
    Escalated,
    Unknown,
    Old,
}

impl Compared {
    fn of(change: Change) -> Self {
        match change {
            Change::Introduced => Self::Introduced,
            Change::Escalated => Self::Escalated,
            Change::Unknown => Self::Unknown,
            Change::PublishedSince | Change::Moved | Change::PreExisting => Self::Old,
        }
    }
}

/// Distinct advisories that warn; those that the base has are counted as such.
#[must_use]
pub fn warnings(outcome: &Outcome) -> usize {
    let warns = |finding: &Finding| finding.is_of_this_change() && finding.decision == Decision::Warn;
    distinct(outcome, warns).len()
}

/// The ids of the advisories of findings that `counts` picks.
fn distinct(outcome: &Outcome, counts: impl Fn(&Finding) -> bool) -> BTreeSet<&str> {
    let findings = outcome.findings().filter(|(_, finding)| counts(finding));
    findings
        .map(|(_, finding)| finding.advisory.id.as_str())
        .collect()
}
