//! What stands below `<details>`: findings, what was accepted, what was not checked, and what the verdict rests on.

use std::collections::HashMap;

use super::cells::{breakable, breakable_code, id as linked_id, place_of, severity};
use crate::model::finding::State;
use crate::model::{Finding, Outcome, Target, worst};
use crate::report::job::JobPages;
use crate::report::phrases::{self, counted, ended, short};
use crate::report::places::{GapHere, GapList, with_ref};
use crate::text::escape::{markdown, markdown_code, markdown_sentence};

/// A table that takes rows as long as there is room.
pub(in crate::report) struct Table {
    text: String,
    room: usize,
    rows: usize,
    left_out: usize,
}

impl Table {
    /// Room for the line that counts what was left out.
    const LAST_LINE: usize = 200;

    pub(in crate::report) fn new(head: &str, room: usize) -> Self {
        Self {
            text: head.to_owned(),
            room: room.saturating_sub(Self::LAST_LINE),
            rows: usize::MAX,
            left_out: 0,
        }
    }

    /// The same with at most `rows` rows.
    pub(super) fn of(self, rows: usize) -> Self {
        Self { rows, ..self }
    }

    /// Adds a row; once one did not fit, none is added any more.
    pub(in crate::report) fn push(&mut self, row: impl FnOnce() -> String) {
        self.push_of(1, row);
    }

    /// Adds a row that stands for `count` of what the table lists.
    fn push_of(&mut self, count: usize, row: impl FnOnce() -> String) {
        if self.left_out == 0 && self.rows > 0 {
            let row = row();
            if self.text.len() + row.len() <= self.room {
                self.text.push_str(&row);
                self.rows -= 1;
                return;
            }
        }
        self.left_out += count;
    }

    /// The text, and a last line if something was left out.
    pub(in crate::report) fn finish(self, one: &str, many: &str) -> String {
        self.finish_at(
            |count| format!("{} more", counted(count, one, many)),
            "`--format json` lists all",
        )
    }

    /// The same with what stands for so many that were left out, and what has them.
    pub(super) fn finish_at(mut self, count: impl FnOnce(usize) -> String, more_at: &str) -> String {
        if self.left_out > 0 {
            let count = count(self.left_out);
            self.text
                .push_str(&format!("\n… and {count}, left out for length: {more_at}.\n"));
        }
        self.text
    }
}

/// `title` and, below it and closed, what `content` makes of the room that is left of `room` bytes.
pub(super) fn details(title: &str, room: usize, content: impl FnOnce(usize) -> String) -> String {
    const TAGS: usize = 60;
    let content = content(room.saturating_sub(title.len() + TAGS));
    format!("\n<details><summary>{title}</summary>\n\n{content}\n</details>\n")
}

/// Every finding that counts, worst first. What the base had already is listed behind what came in.
pub(super) fn findings(outcome: &Outcome, pages: &JobPages, room: usize) -> String {
    let findings = list(outcome, Finding::is_affected);
    let is_old = |finding: &Finding| finding.change.is_some_and(|change| !change.is_of_the_change());
    let (old, new): (Vec<_>, Vec<_>) = findings.into_iter().partition(|(_, finding)| is_old(finding));
    let mut text = String::new();
    for (title, findings) in [("Findings", new), ("Already in the base", old)] {
        if findings.is_empty() {
            continue;
        }
        let title = format!("{title}: {}", counted(findings.len(), "finding", "findings"));
        text.push_str(&details(&title, room.saturating_sub(text.len()), |room| {
            let head = "| Severity and id | Package | What to do | File |\n|---|---|---|---|\n";
            let mut table = Table::new(head, room);
            for places in joined(findings) {
                table.push_of(places.len(), || finding_row(&places, pages));
            }
            table.finish("finding", "findings")
        }));
    }
    text
}

/// `findings`, those of one advisory and one version of a package that are decided alike together, in the order of the first
/// of each.
fn joined<'o>(findings: Vec<(&'o Target, &'o Finding)>) -> Vec<Vec<(&'o Target, &'o Finding)>> {
    let mut joined: Vec<Vec<(&Target, &Finding)>> = Vec::new();
    let mut known = HashMap::new();
    for (target, finding) in findings {
        let key = (
            finding.advisory.id.as_str(),
            finding.purl.as_str(),
            finding.change,
            phrases::decision(finding),
        );
        let number = *known.entry(key).or_insert(joined.len());
        match joined.get_mut(number) {
            Some(places) => places.push((target, finding)),
            None => joined.push(vec![(target, finding)]),
        }
    }
    joined
}

/// `places` are those of one finding in several files.
fn finding_row(places: &[(&Target, &Finding)], pages: &JobPages) -> String {
    const MAX_FILES: usize = 3;
    let Some((_, finding)) = places.first() else {
        return String::new();
    };
    let shown = places.iter().take(MAX_FILES);
    let mut files: Vec<String> = shown
        .map(|(target, finding)| place_of(target, finding, pages))
        .collect();
    if let Some(more) = places.len().checked_sub(MAX_FILES).filter(|more| *more > 0) {
        files.push(format!("and {} more", phrases::thousands(more as u64)));
    }
    let path = finding.paths.first().filter(|path| path.len() > 1);
    let path = path.map(|path| format!("<br>{}", breakable(&short(&phrases::path(path), 300))));
    let change = match finding.change {
        Some(change) if change.is_of_the_change() => format!(", **{}**", phrases::change(change)),
        Some(change) => format!(", {}", phrases::change(change)),
        None => String::new(),
    };
    format!(
        "| {} | {}{} | {}<br>{}{change} | {} |\n",
        id(finding),
        held(finding),
        path.unwrap_or_default(),
        breakable(&phrases::remedy(finding)),
        phrases::decision(finding),
        files.join("<br>"),
    )
}

/// What is about the public package of an internal name.
pub(super) fn others(outcome: &Outcome, pages: &JobPages, room: usize) -> String {
    let findings = list(outcome, |finding| finding.state == State::NotAffected);
    if findings.is_empty() {
        return String::new();
    }
    let title = format!("Not affected: {}", counted(findings.len(), "finding", "findings"));
    details(&title, room, |room| {
        let head = "| Severity and id | Package | File | Why |\n|---|---|---|---|\n";
        let mut table = Table::new(head, room);
        for (target, finding) in findings {
            table.push(|| {
                format!(
                    "| {} | {} | {} | {} |\n",
                    id(finding),
                    held(finding),
                    place_of(target, finding, pages),
                    breakable(&short(&finding.reason, 500)),
                )
            });
        }
        table.finish("finding", "findings")
    })
}

/// What exceptions accept: never among what is to be done.
pub(super) fn excepted(outcome: &Outcome, pages: &JobPages, room: usize) -> String {
    let findings = list(outcome, |finding| finding.exception().is_some());
    if findings.is_empty() {
        return String::new();
    }
    let title = format!("Accepted: {}", counted(findings.len(), "finding", "findings"));
    details(&title, room, |room| {
        let head = "| Severity and id | Package | File | Until | Owner and reason |\n|---|---|---|---|---|\n";
        let mut table = Table::new(head, room);
        for (target, finding) in findings {
            let Some(excepted) = finding.exception() else {
                continue;
            };
            let owner = excepted.owner.as_deref();
            let owner = owner.map(|owner| format!("{}: ", markdown_code(&short(owner, 100))));
            table.push(|| {
                format!(
                    "| {} | {} | {} | {} | {}{} |\n",
                    id(finding),
                    held(finding),
                    place_of(target, finding, pages),
                    excepted.expires,
                    owner.unwrap_or_default(),
                    breakable(&short(&excepted.reason, 500)),
                )
            });
        }
        table.finish("finding", "findings")
    })
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
    // Two words, so that a long version goes to the next line.
    format!(
        "{} {}",
        breakable_code(&short(&finding.name, 200)),
        breakable_code(&short(&finding.version, 100))
    )
}

/// `**critical 9.1** RUSTSEC-2030-0001, CVE-2030-1, known exploited: summary`.
fn id(finding: &Finding) -> String {
    const MAX_ALIASES: usize = 5;
    let mut text = format!("{} {}", severity(finding), linked_id(finding));
    for alias in finding.other_ids().take(MAX_ALIASES) {
        text.push_str(&format!(", {}", markdown_code(&short(alias, 100))));
    }
    match finding.advisory.summary.trim() {
        "" => {}
        summary => text.push_str(&format!("<br>{}", breakable(&short(summary, 200)))),
    }
    text
}

pub(in crate::report) fn gap_list(list: GapList, gaps: &[GapHere<'_>], room: usize) -> String {
    if gaps.is_empty() {
        return String::new();
    }
    details(&list.heading(gaps.len()), room, |room| {
        let mut table = Table::new("", room);
        for (number, alike) in by_hint(gaps).into_iter().enumerate() {
            // What to do stands once, above those that it is for.
            let hint = alike.first().map_or("", |gap| gap.hint);
            let hint = markdown_sentence(&short(hint, 300));
            let gap_before = if number > 0 { "\n" } else { "" };
            let (head, end) = match (alike.len(), hint.is_empty()) {
                (_, true) => (String::new(), String::new()),
                (1, false) => (String::new(), format!(" {hint}")),
                (_, false) => (format!("{gap_before}{hint}\n\n"), String::new()),
            };
            for (number, same) in by_reason(alike).into_iter().enumerate() {
                let head = if number == 0 { head.as_str() } else { "" };
                table.push_of(same.len(), || format!("{head}- {}{end}\n", gap_line(&same)));
            }
        }
        table.finish(list.one, list.many)
    })
}

/// `a/glide.lock:1`, `b/glide.lock:1` and 3 more: why, which is the same for all of `same`.
fn gap_line(same: &[&GapHere<'_>]) -> String {
    const MAX_PLACES: usize = 3;
    let reason = same.first().map_or("", |gap| gap.reason);
    let reason = markdown_sentence(&ended(&short(reason, 300)));
    let places = same.iter().filter_map(|gap| gap.place(300));
    let mut shown: Vec<String> = places.map(|place| markdown_code(&place)).collect();
    let more = shown.len().saturating_sub(MAX_PLACES);
    shown.truncate(MAX_PLACES);
    match (shown.is_empty(), more) {
        (true, _) => reason,
        (false, 0) => format!("{}: {reason}", shown.join(", ")),
        (false, _) => format!(
            "{} and {} more: {reason}",
            shown.join(", "),
            phrases::thousands(more as u64)
        ),
    }
}

/// The gaps by their reasons, in the order of the first of each.
fn by_reason<'g, 'o>(gaps: Vec<&'g GapHere<'o>>) -> Vec<Vec<&'g GapHere<'o>>> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut reasons: Vec<Vec<&GapHere<'_>>> = Vec::new();
    for gap in gaps {
        let number = *numbers.entry(gap.reason).or_insert(reasons.len());
        match reasons.get_mut(number) {
            Some(same) => same.push(gap),
            None => reasons.push(vec![gap]),
        }
    }
    reasons
}

/// The gaps by what to do about them, in the order of the first of each.
fn by_hint<'g, 'o>(gaps: &'g [GapHere<'o>]) -> Vec<Vec<&'g GapHere<'o>>> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut hints: Vec<Vec<&GapHere<'_>>> = Vec::new();
    for gap in gaps {
        let number = *numbers.entry(gap.hint).or_insert(hints.len());
        match hints.get_mut(number) {
            Some(alike) => alike.push(gap),
            None => hints.push(vec![gap]),
        }
    }
    // A list right below another one would be read as a part of it.
    hints.sort_by_key(|alike| alike.len() > 1);
    hints
}

/// Paths that were not looked into.
pub(super) fn skipped(outcome: &Outcome, room: usize) -> String {
    let paths: Vec<_> = outcome
        .targets
        .iter()
        .flat_map(|target| {
            target
                .coverage
                .skipped
                .iter()
                .map(move |skipped| (target, skipped))
        })
        .collect();
    if paths.is_empty() {
        return String::new();
    }
    let title = format!("Skipped: {}", counted(paths.len(), "path", "paths"));
    details(&title, room, |room| {
        let mut table = Table::new("", room);
        for (target, skipped) in paths {
            table.push(|| {
                let path = with_ref(target, &skipped.path);
                let reason = markdown(&short(&skipped.reason, 300));
                format!("- {}: {reason}\n", markdown_code(&short(&path, 300)))
            });
        }
        table.finish("path", "paths")
    })
}

/// What the verdict can be repeated with.
pub(in crate::report) fn provenance(outcome: &Outcome) -> String {
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
