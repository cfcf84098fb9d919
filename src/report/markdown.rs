//! `--format markdown`: a summary for a job's page, a comment or a file, in GitHub's Markdown.
//!
//! Every text that is not ours is escaped; the summary never grows over its limit and counts what it left out.

use std::io;

use super::grid::verdicts;
use super::phrases::{self, counted, sentence, short, thousands};
use super::places::{GapHere, GapList, NOT_CHECKED, NOT_PINNED, REMARKS, gaps, remarks, with_ref};
use super::{Report, Style, headline};
use crate::model::finding::State;
use crate::model::worst;
use crate::model::{Class, Finding, Outcome, Target};
use crate::remediation::{Kind, Remediation, remediations};
use crate::text::escape::{markdown, markdown_code};

/// A job's summary may have 1 MiB; a step that passes it shows nothing.
pub const SUMMARY: usize = 900_000;

/// A comment may have 65,536 characters.
pub const COMMENT: usize = 60_000;

/// The report, within [`SUMMARY`].
#[derive(Debug)]
pub struct Markdown;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn write(&self, outcome: &Outcome, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(within(outcome, SUMMARY).as_bytes())
    }
}

/// The summary in fewer than `limit` bytes, which are at least 10,000. What is left out is counted in it.
#[must_use]
pub fn within(outcome: &Outcome, limit: usize) -> String {
    let limit = limit.max(10_000);
    let failing = remediations(outcome, Finding::blocks);
    let mut text = head(outcome, &failing);
    text.push_str(&verdicts::in_markdown(outcome, limit / 8));
    let tail = provenance(outcome);
    // What to do comes before everything else, what was left out before what was found.
    text.push_str(&to_do(&failing, limit / 4));
    text.push_str(&gap_list(
        NOT_CHECKED,
        &gaps(outcome, |coverage| &coverage.blind),
        limit / 8,
    ));
    text.push_str(&gap_list(REMARKS, &remarks(outcome), limit / 16));
    text.push_str(&gap_list(
        NOT_PINNED,
        &gaps(outcome, |coverage| &coverage.partial),
        limit / 8,
    ));
    text.push_str(&skipped(outcome, limit / 16));
    let excepted = excepted(outcome, limit / 8) + &others(outcome, limit / 8);
    let room = limit.saturating_sub(text.len() + excepted.len() + tail.len() + 1);
    text.push_str(&findings(outcome, room));
    text.push_str(&excepted);
    text.push_str(&tail);
    text
}

fn head(outcome: &Outcome, failing: &[Remediation<'_>]) -> String {
    sentences(
        outcome,
        &headline::words(outcome, failing),
        &headline::read(outcome),
    )
}

/// The verdict, its reasons, and what was read.
pub(super) fn sentences(outcome: &Outcome, words: &[String], read: &[String]) -> String {
    let mut text = format!("## {}\n\n", headline::symbol(outcome.verdict));
    for word in words {
        text.push_str(&format!("{}.\n", markdown(&sentence(word))));
    }
    text.push_str(&format!("\n{}.\n", markdown(&sentence(&read.join(" · ")))));
    if let Some(index) = headline::index(outcome) {
        text.push_str(&format!("\n**{}**\n", markdown(&index)));
    }
    text
}

/// A table that takes rows as long as there is room.
pub(super) struct Table {
    text: String,
    room: usize,
    left_out: usize,
}

impl Table {
    /// Room for the line that counts what was left out.
    const LAST_LINE: usize = 200;

    pub(super) fn new(head: &str, room: usize) -> Self {
        Self {
            text: head.to_owned(),
            room: room.saturating_sub(Self::LAST_LINE),
            left_out: 0,
        }
    }

    /// Adds a row; once one did not fit, none is added any more.
    pub(super) fn push(&mut self, row: impl FnOnce() -> String) {
        if self.left_out == 0 {
            let row = row();
            if self.text.len() + row.len() <= self.room {
                self.text.push_str(&row);
                return;
            }
        }
        self.left_out += 1;
    }

    /// The text, and a last line if something was left out.
    pub(super) fn finish(mut self, one: &str, many: &str) -> String {
        if self.left_out > 0 {
            let count = counted(self.left_out, one, many);
            self.text.push_str(&format!(
                "\n… and {count} more, left out for length: `--format json` lists all.\n"
            ));
        }
        self.text
    }
}

fn to_do(failing: &[Remediation<'_>], room: usize) -> String {
    if failing.is_empty() {
        return String::new();
    }
    let head = "\n### Recommended upgrades\n\n| | Upgrade | Fixes | Worst | Where |\n|--:|---|--:|---|---|\n";
    let mut table = Table::new(head, room);
    for (number, step) in failing.iter().enumerate() {
        table.push(|| {
            let held = markdown_code(&format!("{} {}", short(step.name, 200), short(step.version, 100)));
            let (what, fixes) = match step.kind {
                Kind::Remove => (format!("remove {held}"), thousands(step.fixes.len() as u64)),
                Kind::OwnRegistry => (
                    format!("take {held} from your own registry"),
                    thousands(step.fixes.len() as u64),
                ),
                Kind::Upgrade(to) => (
                    format!("{held} → {}", markdown_code(&short(to, 100))),
                    thousands(step.fixes.len() as u64),
                ),
                Kind::NoFix => (format!("{held}: no fixed version yet"), "–".to_owned()),
            };
            let bad = step.fixes.first().map(|finding| id(finding)).unwrap_or_default();
            let more = match step.places.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" and {}", counted(more, "more file", "more files")),
            };
            let place = step
                .places
                .first()
                .map(|(target, finding)| place(target, finding))
                .unwrap_or_default();
            format!("| {} | {what} | {fixes} | {bad} | {place}{more} |\n", number + 1)
        });
    }
    table.finish("upgrade", "upgrades")
}

fn findings(outcome: &Outcome, room: usize) -> String {
    let findings = list(outcome, Finding::is_affected);
    if findings.is_empty() {
        return String::new();
    }
    let compared = findings.iter().any(|(_, finding)| finding.change.is_some());
    let (more, rule) = if compared {
        (" Since the base |", "---|")
    } else {
        ("", "")
    };
    let head = format!(
        "\n### Findings\n\n| Severity and id | Package | Fixed in | Where | Decision |{more} Shortest path |\n\
         |---|---|---|---|---|{rule}---|\n"
    );
    let mut table = Table::new(&head, room);
    for (target, finding) in findings {
        table.push(|| {
            let fixed = match (finding.advisory.class, finding.fixed.is_empty()) {
                (Class::Malicious, _) => "remove it".to_owned(),
                (Class::Confusion, _) => "take it from your own registry".to_owned(),
                (_, true) => "none yet".to_owned(),
                (_, false) => markdown_code(&short(&finding.fixed.join(", "), 100)),
            };
            let path = finding
                .paths
                .first()
                .filter(|path| path.len() > 1)
                .map(|path| markdown(&short(&phrases::path(path), 300)))
                .unwrap_or_default();
            let change = match finding.change {
                _ if !compared => String::new(),
                Some(change) if change.is_of_the_change() => format!(" **{}** |", phrases::change(change)),
                Some(change) => format!(" {} |", phrases::change(change)),
                None => " |".to_owned(),
            };
            format!(
                "| {} | {} | {fixed} | {} | {} |{change} {path} |\n",
                id(finding),
                held(finding),
                place(target, finding),
                phrases::decision(finding),
            )
        });
    }
    table.finish("finding", "findings")
}

/// What is about the public package of an internal name.
fn others(outcome: &Outcome, room: usize) -> String {
    let findings = list(outcome, |finding| finding.state == State::NotAffected);
    if findings.is_empty() {
        return String::new();
    }
    let head = "\n### Not affected\n\n| Severity and id | Package | Where | Why |\n|---|---|---|---|\n";
    let mut table = Table::new(head, room);
    for (target, finding) in findings {
        table.push(|| {
            format!(
                "| {} | {} | {} | {} |\n",
                id(finding),
                held(finding),
                place(target, finding),
                markdown(&short(&finding.reason, 500)),
            )
        });
    }
    table.finish("finding", "findings")
}

/// What exceptions accept: never among what is to be done.
fn excepted(outcome: &Outcome, room: usize) -> String {
    let findings = list(outcome, |finding| finding.exception().is_some());
    if findings.is_empty() {
        return String::new();
    }
    let head = "\n### Accepted\n\n| Severity and id | Package | Where | Until | Owner | Reason |\n|---|---|---|---|---|---|\n";
    let mut table = Table::new(head, room);
    for (target, finding) in findings {
        let Some(excepted) = finding.exception() else {
            continue;
        };
        table.push(|| {
            format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                id(finding),
                held(finding),
                place(target, finding),
                excepted.expires,
                excepted
                    .owner
                    .as_deref()
                    .map(|owner| markdown_code(&short(owner, 100)))
                    .unwrap_or_default(),
                markdown(&short(&excepted.reason, 500)),
            )
        });
    }
    table.finish("finding", "findings")
}

/// The findings that `counts` picks, worst first.
fn list(outcome: &Outcome, counts: impl Fn(&Finding) -> bool) -> Vec<(&Target, &Finding)> {
    let mut findings: Vec<(&Target, &Finding)> = outcome
        .findings()
        .filter(|(_, finding)| counts(finding))
        .collect();
    findings.sort_by(|(_, left), (_, right)| worst::first(left, right));
    findings
}

fn held(finding: &Finding) -> String {
    markdown_code(&format!(
        "{} {}",
        short(&finding.name, 200),
        short(&finding.version, 100)
    ))
}

/// `**critical 9.1** RUSTSEC-2030-0001, CVE-2030-1, known exploited: summary`.
fn id(finding: &Finding) -> String {
    const MAX_ALIASES: usize = 5;
    let advisory = &finding.advisory;
    let mut text = format!(
        "**{}** {}",
        markdown(&phrases::severity(advisory)),
        markdown_code(&short(finding.id(), 100))
    );
    for alias in finding.other_ids().take(MAX_ALIASES) {
        text.push_str(&format!(", {}", markdown_code(&short(alias, 100))));
    }
    if advisory.known_exploited {
        text.push_str(", **known exploited**");
    }
    match advisory.summary.trim() {
        "" => {}
        summary => text.push_str(&format!(": {}", markdown(&short(summary, 200)))),
    }
    text
}

fn place(target: &Target, finding: &Finding) -> String {
    let file = with_ref(target, &finding.file);
    markdown_code(&format!("{}:{}", short(&file, 300), finding.place().line))
}

pub(super) fn gap_list(list: GapList, gaps: &[GapHere<'_>], room: usize) -> String {
    if gaps.is_empty() {
        return String::new();
    }
    let mut table = Table::new(
        &format!("\n<details><summary>{}</summary>\n\n", list.heading(gaps.len())),
        room.saturating_sub(20),
    );
    for gap in gaps {
        table.push(|| {
            let place = gap.place(300).map(|place| format!("{}: ", markdown_code(&place)));
            let reason = markdown(&short(gap.reason, 300));
            let hint = markdown(&short(gap.hint, 300));
            format!("- {}{reason}. {hint}\n", place.unwrap_or_default())
        });
    }
    format!("{}\n</details>\n", table.finish(list.one, list.many))
}

fn skipped(outcome: &Outcome, room: usize) -> String {
    let count: usize = outcome
        .targets
        .iter()
        .map(|target| target.coverage.skipped.len())
        .sum();
    if count == 0 {
        return String::new();
    }
    let head = format!(
        "\n<details><summary>Skipped: {}</summary>\n\n",
        counted(count, "path", "paths")
    );
    let mut table = Table::new(&head, room.saturating_sub(20));
    for target in &outcome.targets {
        for skipped in &target.coverage.skipped {
            table.push(|| {
                let path = with_ref(target, &skipped.path);
                format!(
                    "- {}: {}\n",
                    markdown_code(&short(&path, 300)),
                    markdown(&short(&skipped.reason, 300))
                )
            });
        }
    }
    format!("{}\n</details>\n", table.finish("path", "paths"))
}

/// What the verdict can be repeated with.
pub(super) fn provenance(outcome: &Outcome) -> String {
    let index = match &outcome.database.digest {
        Some(digest) => markdown_code(&short(digest, 200)),
        None => "none".to_owned(),
    };
    let built = match outcome.database.built {
        Some(built) => format!(", built {built}"),
        None => String::new(),
    };
    let policy = match &outcome.policy.file {
        Some(file) => markdown_code(&short(file, 300)),
        None => "built-in".to_owned(),
    };
    let mut text = format!(
        "\n<details><summary>Provenance</summary>\n\n- lockkeeper {}\n- advisory database {index} ({}{built})\n- policy {policy} {}\n",
        markdown(outcome.tool_version),
        outcome.coverage.index.as_str(),
        markdown_code(&short(&outcome.policy.digest, 200)),
    );
    const MAX_TARGETS: usize = 10;
    for target in outcome.targets.iter().take(MAX_TARGETS) {
        let name = target
            .ref_name
            .as_deref()
            .map(|name| format!(" at {}", markdown_code(&short(name, 200))));
        let commit = target
            .commit
            .as_deref()
            .map(|commit| format!(" {}", markdown_code(&short(commit, 64))));
        text.push_str(&format!(
            "- {}{}{}{}\n",
            markdown_code(&short(&target.root, 200)),
            name.unwrap_or_default(),
            commit.unwrap_or_default(),
            if target.dirty {
                ", with lockfiles that differ from it"
            } else {
                ""
            },
        ));
    }
    text.push_str("\n</details>\n");
    text
}
