//! Plans for release lines in Markdown: the table of lines, which a pull request's comment has too, then each line's upgrades.

use std::io;

use super::{has_upgrades, lines, word, words};
use crate::plan::lines::LinePlans;
use crate::report::phrases::{counted, sentence, short};
use crate::report::plan::markdown::{ids, lockfile};
use crate::report::{Style, headline};
use crate::text::escape::{markdown, markdown_code};

/// Rows of a table; `--format json` has all.
const MAX_ROWS: usize = 100;

/// The longest table of advisories has so many columns; a wider one is left to the JSON.
const MAX_COLUMNS: usize = 12;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(plans: &LinePlans, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(whole(plans).as_bytes())
}

/// The report within `limit` bytes; what does not fit is left out with whole lines.
#[must_use]
pub fn within(plans: &LinePlans, limit: usize) -> String {
    cut(whole(plans), limit)
}

/// How every line stands, and nothing of a single run: equal plans and requests give equal bytes.
#[must_use]
pub fn table(plans: &LinePlans, limit: usize) -> String {
    let mut text = String::from("### Release lines\n\n");
    text.push_str(&of_lines(plans));
    text.push_str(&of_advisories(plans));
    text.push_str("\nlockkeeper keeps this table up to date with each run of `mode: backport`.\n");
    cut(text, limit)
}

fn cut(text: String, limit: usize) -> String {
    const CUT: &str = "\nThe rest is left out here; `lockkeeper backport` shows all of it.\n";
    if text.len() <= limit {
        return text;
    }
    let room = limit.saturating_sub(CUT.len());
    let kept = text.char_indices().take_while(|(at, _)| *at < room);
    let end = kept.filter(|(_, character)| *character == '\n').last();
    let end = end.map_or(0, |(at, _)| at.saturating_add(1));
    format!("{}{CUT}", text.get(..end).unwrap_or_default())
}

fn whole(plans: &LinePlans) -> String {
    let mut text = format!("## lockkeeper: {}\n\n", headline::symbol(plans.after.verdict));
    for word in words(plans) {
        text.push_str(&format!("{}.\n", markdown(&sentence(&word))));
    }
    text.push('\n');
    text.push_str(&of_lines(plans));
    text.push_str(&of_advisories(plans));
    for line in lines(plans) {
        let Some(plan) = line.plan.filter(|plan| has_upgrades(plan)) else {
            continue;
        };
        text.push_str(&format!("\n## {}\n", markdown_code(&short(&line.name, 200))));
        for file in &plan.proposal.lockfiles {
            text.push_str(&lockfile(&plan.proposal, file));
        }
    }
    text
}

fn of_lines(plans: &LinePlans) -> String {
    let mut text = String::from("| Release line | State | Why | Pull request |\n|---|---|---|---|\n");
    let lines = lines(plans);
    for line in lines.iter().take(MAX_ROWS) {
        let requests = line.plan.map(|plan| plan.requests.as_slice()).unwrap_or_default();
        let requests: Vec<String> = requests.iter().map(|number| format!("#{number}")).collect();
        let note = line.plan.and_then(|plan| plan.note.as_deref());
        let why: Vec<String> = [Some(line.reason), note]
            .into_iter()
            .flatten()
            .map(|text| markdown(&short(&text.replace('\n', " "), 300)))
            .collect();
        let why = why.join("<br>");
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            markdown_code(&short(&line.name, 200)),
            word(line.state),
            why,
            requests.join(", ")
        ));
    }
    match lines.len().saturating_sub(MAX_ROWS) {
        0 => {}
        more => text.push_str(&format!(
            "\nand {} more\n",
            counted(more, "release line", "release lines")
        )),
    }
    text
}

/// What becomes of each advisory on each live line.
fn of_advisories(plans: &LinePlans) -> String {
    let names: Vec<String> = lines(plans)
        .into_iter()
        .filter(|line| line.plan.is_some())
        .map(|line| line.name)
        .collect();
    if names.is_empty() || names.len() > MAX_COLUMNS || plans.grid.rows.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n| Advisory | Package |");
    for name in &names {
        text.push_str(&format!(" {} |", markdown_code(&short(name, 100))));
    }
    text.push_str(&format!("\n|---|---|{}\n", "---|".repeat(names.len())));
    for row in plans.grid.rows.iter().take(MAX_ROWS) {
        let packages: Vec<String> = row
            .packages
            .iter()
            .map(|package| markdown_code(&short(package.as_str(), 150)))
            .collect();
        let id = row.id().to_string();
        text.push_str(&format!("| {} | {} |", ids(&[id]), packages.join(", ")));
        for number in 0..names.len() {
            let fate = plans.fate(row, number);
            let word = fate.map_or("", |fate| fate.state).replace('_', " ");
            text.push_str(&format!(" {} |", markdown(&word)));
        }
        text.push('\n');
    }
    match plans.grid.rows.len().saturating_sub(MAX_ROWS) {
        0 => {}
        more => text.push_str(&format!(
            "\nand {} more\n",
            counted(more, "advisory", "advisories")
        )),
    }
    text
}
