//! Carried commits in Markdown: the table of lines, which a comment has too, then each line with what a person needs for it.

use std::io;

use super::{after_a_conflict, details, has_commands, id, lines, words};
use crate::model::carried::{CarriedLine, CarriedLines};
use crate::report::Style;
use crate::report::phrases::{counted, sentence, short};
use crate::text::escape::{markdown, markdown_code, terminal};

/// Rows of a table; `--format json` has all.
const MAX_ROWS: usize = 100;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(carried: &CarriedLines, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(whole(carried).as_bytes())
}

/// The report within `limit` bytes; what does not fit is left out with whole lines.
#[must_use]
pub fn within(carried: &CarriedLines, limit: usize) -> String {
    const CUT: &str = "\nThe rest is left out here.\n";
    let text = whole(carried);
    if text.len() <= limit {
        return text;
    }
    let room = limit.saturating_sub(CUT.len());
    let kept = text.char_indices().take_while(|(at, _)| *at < room);
    let end = kept.filter(|(_, character)| *character == '\n').last();
    let end = end.map_or(0, |(at, _)| at.saturating_add(1));
    format!("{}{CUT}", text.get(..end).unwrap_or_default())
}

fn whole(carried: &CarriedLines) -> String {
    let mut text = String::from("## Carried commits\n\n");
    for word in words(carried) {
        text.push_str(&format!("{}.\n", markdown(&sentence(&word))));
    }
    text.push('\n');
    if let Some(source) = &carried.source {
        text.push_str(&format!(
            "#{} {}: {}.\n\n",
            source.number,
            markdown(&short(&source.title, 300)),
            markdown(&source.found)
        ));
    }
    for commit in carried.commits.iter().take(MAX_ROWS) {
        text.push_str(&format!(
            "- {} {}\n",
            markdown_code(id(&commit.id)),
            markdown(&short(&commit.subject, 300))
        ));
    }
    text.push('\n');
    text.push_str(&table(carried));
    for warning in &carried.warnings {
        text.push_str(&format!("\n{}\n", markdown(warning)));
    }
    for listed in lines(carried) {
        let Some(line) = listed.line.filter(|line| has_commands(line)) else {
            continue;
        };
        text.push_str(&format!("\n### {}\n\n", markdown_code(&short(&listed.name, 200))));
        text.push_str(&by_hand(line));
    }
    text
}

/// The comment on the pull request that is carried: nothing of a single run is in it, so that equal lines give equal bytes.
#[must_use]
pub fn comment(carried: &CarriedLines) -> String {
    format!(
        "### Backports\n\n{}\nlockkeeper keeps this table up to date with each run for this pull request.\n",
        table(carried)
    )
}

/// How every line stands.
#[must_use]
pub fn table(carried: &CarriedLines) -> String {
    let mut text = String::from("| Release line | State | Why | Pull request |\n|---|---|---|---|\n");
    let lines = lines(carried);
    for listed in lines.iter().take(MAX_ROWS) {
        let requests = listed
            .line
            .map(|line| line.requests.as_slice())
            .unwrap_or_default();
        let requests: Vec<String> = requests.iter().map(|number| format!("#{number}")).collect();
        let note = listed.line.and_then(|line| line.note.as_deref());
        let why: Vec<String> = [Some(listed.reason), note]
            .into_iter()
            .flatten()
            .map(|text| markdown(&short(&text.replace('\n', " "), 300)))
            .collect();
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            markdown_code(&short(&listed.name, 200)),
            listed.state,
            why.join("<br>"),
            requests.join(", ")
        ));
    }
    if let more @ 1.. = lines.len().saturating_sub(MAX_ROWS) {
        text.push_str(&format!(
            "\nand {} more\n",
            counted(more, "release line", "release lines")
        ));
    }
    text
}

/// What a person needs who does the same by hand.
#[must_use]
pub fn by_hand(line: &CarriedLine) -> String {
    let mut text = String::new();
    for detail in details(line) {
        text.push_str(&format!(
            "- {}\n",
            markdown(&short(&detail.replace('\n', " "), 500))
        ));
    }
    if !line.commands.is_empty() {
        text.push_str(&format!(
            "\nBy hand, in the top folder of a clone; {}:\n\n",
            after_a_conflict(line)
        ));
        for command in &line.commands {
            // Four blanks make code of whatever a line holds.
            text.push_str(&format!("    {}\n", terminal(command)));
        }
    }
    text
}
