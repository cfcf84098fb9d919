//! The answer in GitHub's Markdown: the summary of a scan, which answers whether the release may go out.

use std::io;

use super::words;
use crate::model::Gate;
use crate::remediation::to_do;
use crate::report::Style;
use crate::report::headline;
use crate::report::job::JobPages;
use crate::report::markdown::{SUMMARY, body, sentences};
use crate::report::phrases::short;

/// Writes the report, within [`SUMMARY`].
///
/// # Errors
/// Only those of `out`.
pub fn write(gate: &Gate, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(within(gate, &JobPages::default(), SUMMARY).as_bytes())
}

/// The report in fewer than `limit` bytes, which are at least 10,000. What is left out is counted in it.
#[must_use]
pub fn within(gate: &Gate, pages: &JobPages, limit: usize) -> String {
    let outcome = &gate.outcome;
    let to_do = to_do(outcome);
    let words: Vec<String> = words(gate, &to_do.0)
        .iter()
        .map(|word| short(word, 500).into_owned())
        .collect();
    let head = sentences(outcome, &words, &headline::read(outcome));
    body(head, outcome, &to_do, pages, limit.max(10_000))
}
