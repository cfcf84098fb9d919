//! The answer in GitHub's Markdown.

use std::io;

use super::words;
use crate::model::Gate;
use crate::report::markdown::{SUMMARY, Table, gap_list, provenance, sentences};
use crate::report::phrases::short;
use crate::report::places::{NOT_CHECKED, NOT_PINNED, REMARKS, gaps, remarks};
use crate::report::{Style, headline};
use crate::text::escape::{markdown, markdown_code};

/// Writes the report, within [`SUMMARY`].
///
/// # Errors
/// Only those of `out`.
pub fn write(gate: &Gate, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(within(gate, SUMMARY).as_bytes())
}

/// The report in fewer than `limit` bytes, which are at least 10,000. What is left out is counted in it.
#[must_use]
pub fn within(gate: &Gate, limit: usize) -> String {
    let limit = limit.max(10_000);
    let outcome = &gate.outcome;
    let words: Vec<String> = words(gate)
        .iter()
        .map(|word| short(word, 500).into_owned())
        .collect();
    let mut text = sentences(outcome, &words, &headline::read(outcome));
    let blind = gaps(outcome, |coverage| &coverage.blind);
    let partial = gaps(outcome, |coverage| &coverage.partial);
    let below = [
        gap_list(NOT_CHECKED, &blind, limit / 8),
        gap_list(REMARKS, &remarks(outcome), limit / 8),
        gap_list(NOT_PINNED, &partial, limit / 8),
        provenance(outcome),
    ]
    .concat();
    let room = limit.saturating_sub(text.len() + below.len() + 1);
    text.push_str(&blocking(gate, room));
    text.push_str(&below);
    text
}

fn blocking(gate: &Gate, room: usize) -> String {
    const MAX_STEPS: usize = 5;
    // Longer ones would put the last column off GitHub's page.
    const MAX_NAME: usize = 50;
    if gate.blocking.is_empty() {
        return String::new();
    }
    let head = "\n### Blocking\n\n| Package and file | Why | What to do |\n|---|---|---|\n";
    let mut table = Table::new(head, room);
    for blocking in &gate.blocking {
        table.push(|| {
            let file = blocking.file.display();
            let steps: Vec<String> = blocking
                .unblock
                .iter()
                .take(MAX_STEPS)
                .map(|step| markdown(&short(step, 300)))
                .collect();
            format!(
                "| {}<br>{} | {} {} | {} |\n",
                markdown_code(&short(blocking.purl.as_str(), MAX_NAME)),
                markdown_code(&format!("{}:{}", short(&file, 300), blocking.line)),
                markdown_code(&short(&blocking.id, 100)),
                markdown(&short(&blocking.reason, 300)),
                steps.join(" "),
            )
        });
    }
    table.finish("finding", "findings")
}
