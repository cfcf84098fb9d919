//! `--format html`: one file that opens anywhere, without network and without anything beside it.
//!
//! Everything in the page is written here and can be read without its script, which only filters.
//! The page's policy lets nothing else run: style and script are named by their hashes (CSP 3, section 8.4).

mod coverage;
mod findings;
pub mod grid;
mod markup;
mod metrics;
mod page;
mod paths;
mod to_do;

use std::io;

use page::{Count, Section};

use super::grid::columns::targets;
use super::{Report, Style, headline};
use crate::model::finding::{Change, State};
use crate::model::{Decision, Finding, Outcome};
use crate::remediation::{self, Remediation, Summary};

/// Findings in the page, the worst ones; the JSON has all.
pub const MAX_FINDINGS: usize = 5_000;

/// Upgrades that are open above the findings.
const MAX_OPEN: usize = 5;

/// The report.
#[derive(Debug)]
pub struct Html;

impl Report for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn write(&self, outcome: &Outcome, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let (failing, _) = remediation::to_do(outcome);
        let names = to_do::TreeNames::of(outcome, targets(outcome));
        let mut sections = Vec::from(to_do::sections(&failing, &names, MAX_OPEN));
        sections.push(Some(findings::section(outcome, style.texts)));
        sections.extend(coverage::sections(outcome));
        let sections: Vec<Section> = sections.into_iter().flatten().collect();
        let body = page::body(
            outcome,
            &headline::words(outcome, &failing),
            page::bar(&all_of(&failing)),
            &numbers(outcome),
            &sections,
            style,
        );
        page::write(outcome.verdict, &body, out)
    }
}

/// The advisories of the headline.
fn all_of<'o>(steps: &[Remediation<'o>]) -> Vec<&'o Finding> {
    Summary::of(steps).advisories
}

/// What the page counts; the numbers are those of the JSON.
fn numbers(outcome: &Outcome) -> Vec<Count> {
    let count =
        |counts: &dyn Fn(&Finding) -> bool| outcome.findings().filter(|(_, finding)| counts(finding)).count();
    let decided =
        |decision| count(&|finding: &Finding| finding.is_affected() && finding.decision == decision);
    let mut numbers = vec![
        Count::new(
            "blocking",
            ("blocking finding", "blocking findings"),
            decided(Decision::Fail),
            "bad",
        ),
        Count::new(
            "warnings",
            ("finding that warns", "findings that warn"),
            decided(Decision::Warn),
            "warn",
        ),
    ];
    let noted = decided(Decision::Note);
    if noted > 0 {
        numbers.push(Count::new("noted", ("note", "notes"), noted, ""));
    }
    let compared = count(&|finding: &Finding| finding.change.is_some());
    if compared > 0 {
        let introduced =
            count(&|finding: &Finding| finding.is_affected() && finding.change == Some(Change::Introduced));
        numbers.push(Count::new(
            "introduced",
            ("introduced since the base", "introduced since the base"),
            introduced,
            "bad",
        ));
        let escalated =
            count(&|finding: &Finding| finding.is_affected() && finding.change == Some(Change::Escalated));
        if escalated > 0 {
            numbers.push(Count::new(
                "escalated",
                ("escalated since the base", "escalated since the base"),
                escalated,
                "bad",
            ));
        }
    }
    let excepted = count(&|finding: &Finding| finding.exception().is_some());
    if excepted > 0 {
        numbers.push(Count::new("excepted", ("accepted", "accepted"), excepted, ""));
    }
    let others = count(&|finding: &Finding| finding.state == State::NotAffected);
    if others > 0 {
        numbers.push(Count::new(
            "not_affected",
            ("not affected", "not affected"),
            others,
            "",
        ));
    }
    let coverage = &outcome.coverage;
    numbers.push(Count::new(
        "blind",
        ("gap not checked", "gaps not checked"),
        coverage.blind.len(),
        "bad",
    ));
    if !coverage.partial.is_empty() {
        numbers.push(Count::new(
            "partial",
            ("entry not checked in full", "entries not checked in full"),
            coverage.partial.len(),
            "warn",
        ));
    }
    numbers.push(Count::new(
        "files",
        ("lockfile", "lockfiles"),
        coverage.files_read,
        "",
    ));
    numbers.push(Count::new(
        "packages",
        ("package", "packages"),
        coverage.packages,
        "",
    ));
    if coverage.unchecked > 0 {
        numbers.push(Count::new(
            "unchecked",
            ("dependency not checked", "dependencies not checked"),
            coverage.unchecked,
            "warn",
        ));
    }
    numbers
}
