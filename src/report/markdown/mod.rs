//! `--format markdown`: a summary for a job's page or a file, and a comment, in GitHub's Markdown.
//!
//! The verdict and what to do stand first and open, everything else below `<details>`. Every text that is not ours is escaped.
//! Neither grows over its limit, and what was left out is counted.

mod cells;
mod lists;
mod upgrades;

use std::io;

use super::grid::verdicts;
use super::job::JobPages;
use super::phrases::{self, sentence, short};
use super::{Report, Style, headline};
use crate::model::finding::Change;
use crate::model::lines::short_name;
use crate::model::{Finding, Outcome, Verdict};
use crate::remediation::{Remediation, Summary, to_do};
use crate::report::places::{IN_PART, NOT_CHECKED, REMARKS, gaps, remarks};
use crate::text::escape::{markdown, markdown_code, markdown_sentence};
pub(super) use cells::{breakable_code, link, pieces, severity_of};
pub(super) use lists::{Table, gap_list, provenance};
use lists::{excepted, findings, others, skipped};
use upgrades::{accept, commands, upgrades};

/// A job's summary may have 1 MiB; a step that passes it shows nothing.
pub const SUMMARY: usize = 900_000;

/// The text of an issue may have 65,536 characters.
pub const ISSUE: usize = 60_000;

/// A comment is read in the middle of a discussion; a forge would take 65,536 characters.
pub const COMMENT: usize = 5_000;

/// The report, within [`SUMMARY`].
#[derive(Debug)]
pub struct Markdown;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn write(&self, outcome: &Outcome, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(within(outcome, &JobPages::default(), SUMMARY).as_bytes())
    }
}

/// The summary in fewer than `limit` bytes, which are at least 10,000. What is left out is counted in it.
#[must_use]
pub fn within(outcome: &Outcome, pages: &JobPages, limit: usize) -> String {
    let limit = limit.max(10_000);
    let to_do = to_do(outcome);
    let mut head = head(outcome, &to_do.0, pages);
    head.push_str(&verdicts::in_markdown(outcome, limit / 8));
    body(head, outcome, &to_do, pages, limit)
}

/// `text`, and what there is to do about what blocks and what warns, what was not checked and what was found, in fewer than
/// `limit` bytes altogether.
pub(super) fn body(
    mut text: String,
    outcome: &Outcome,
    (failing, warnings): &(Vec<Remediation<'_>>, Vec<Remediation<'_>>),
    pages: &JobPages,
    limit: usize,
) -> String {
    let tail = provenance(outcome);
    text.push_str(&upgrades(failing, pages, upgrades::Size::Summary(limit / 8)));
    // What was left out comes before what was found.
    text.push_str(&gap_list(
        NOT_CHECKED,
        &gaps(outcome, |coverage| &coverage.blind),
        limit / 8,
    ));
    text.push_str(&gap_list(REMARKS, &remarks(outcome), limit / 16));
    text.push_str(&gap_list(
        IN_PART,
        &gaps(outcome, |coverage| &coverage.partial),
        limit / 8,
    ));
    text.push_str(&skipped(outcome, limit / 16));
    text.push_str(&commands(failing, limit / 16));
    text.push_str(&upgrades::warnings(warnings, pages, limit / 8));
    let below = excepted(outcome, pages, limit / 16) + &others(outcome, pages, limit / 16) + &accept(outcome);
    let room = limit.saturating_sub(text.len() + below.len() + tail.len() + 1);
    text.push_str(&findings(outcome, pages, room));
    text.push_str(&below);
    text.push_str(&tail);
    text
}

/// The comment in fewer than `limit` bytes: the verdict, the worst upgrades, and as much of the rest as there is room for.
#[must_use]
pub fn comment(outcome: &Outcome, pages: &JobPages, limit: usize) -> String {
    let (failing, _) = to_do(outcome);
    let mut text = head(outcome, &failing, pages);
    let accept = accept(outcome);
    let tail = match &pages.run {
        Some(run) => format!("\n[The summary of the run]({run}) lists everything.\n"),
        None => String::new(),
    };
    let room = |text: &str| limit.saturating_sub(text.len() + tail.len() + 1);
    let gaps = gaps(outcome, |coverage| &coverage.blind);
    let gaps = gap_list(NOT_CHECKED, &gaps, limit / 5);
    let besides = accept.len() + gaps.len();
    let of_table = room(&text).saturating_sub(besides);
    text.push_str(&upgrades(&failing, pages, upgrades::Size::Comment(of_table)));
    for part in [gaps, accept, commands(&failing, limit / 5)] {
        if part.len() <= room(&text) {
            text.push_str(&part);
        }
    }
    text.push_str(&tail);
    text
}

fn head(outcome: &Outcome, failing: &[Remediation<'_>], pages: &JobPages) -> String {
    let words = headline::words(outcome, failing);
    let mut text = format!("## lockkeeper: {}\n\n", heading(outcome, failing, &words));
    text.push_str(&format!("**{}** ", headline::symbol(outcome.verdict)));
    for word in words {
        text.push_str(&format!("{}.\n", markdown(&sentence(&word))));
    }
    let mut facts: Vec<String> = commit(outcome, pages).into_iter().collect();
    facts.extend(pages.run.iter().map(|run| format!("[this run]({run})")));
    facts.extend(headline::read(outcome).iter().map(|fact| markdown(fact)));
    text.push_str(&format!("\n{}\n", facts.join(" · ")));
    if let Some(index) = headline::index(outcome) {
        text.push_str(&format!("\n**{}**\n", markdown_sentence(&index)));
    }
    text
}

/// `64 new vulnerabilities (2 critical, 12 high)`: new ones where all came in with the change.
fn heading(outcome: &Outcome, failing: &[Remediation<'_>], words: &[String]) -> String {
    let compared = outcome.findings().any(|(_, finding)| finding.change.is_some());
    match outcome.verdict {
        Verdict::Blocked => {
            let all = Summary::of(failing).advisories;
            let is_new = |finding: &&Finding| finding.change.is_some_and(Change::is_of_the_change);
            let count = phrases::advisories(&all);
            let count = match all.iter().all(is_new) {
                true => count.replacen(' ', " new ", 1),
                false => count,
            };
            format!("{count} {}", phrases::severities(&all))
        }
        Verdict::Pass if compared => "no new vulnerabilities".to_owned(),
        Verdict::Pass | Verdict::Incomplete | Verdict::NothingToScan | Verdict::Failed => {
            markdown(words.first().map_or("", String::as_str))
        }
    }
}

/// The ref and the commit that was scanned, where there is one.
fn commit(outcome: &Outcome, pages: &JobPages) -> Option<String> {
    const SHORT: usize = 7;
    const MAX_NAME: usize = 60;
    let [target] = outcome.targets.as_slice() else {
        return None;
    };
    let commit = target.commit.as_ref()?;
    let shown = markdown_code(commit.get(..SHORT).unwrap_or(commit));
    let shown = match &pages.commits {
        Some(commits) => link(&shown, &format!("{commits}{commit}")),
        None => shown,
    };
    Some(match pages.ref_name(target) {
        Some(name) => format!("{} at {shown}", markdown_code(&short(short_name(name), MAX_NAME))),
        None => shown,
    })
}

/// The verdict, its reasons, and what was read.
pub(super) fn sentences(outcome: &Outcome, words: &[String], read: &[String]) -> String {
    let mut text = format!("## lockkeeper: {}\n\n", headline::symbol(outcome.verdict));
    for word in words {
        text.push_str(&format!("{}.\n", markdown(&sentence(word))));
    }
    text.push_str(&format!("\n{}.\n", markdown(&sentence(&read.join(" · ")))));
    if let Some(index) = headline::index(outcome) {
        text.push_str(&format!("\n**{}**\n", markdown_sentence(&index)));
    }
    text
}
