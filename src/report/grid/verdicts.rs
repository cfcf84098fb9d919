//! The verdict of each release line: what a gate of it alone answers, and why.

use std::io;

use super::columns::targets;
use crate::model::{Finding, Outcome, Verdict};
use crate::remediation::remediations;
use crate::report::phrases::{counted, sentence, short, thousands};
use crate::report::terminal::page::{Line, Page, Shade};
use crate::report::{Length, headline};
use crate::text::escape::{markdown, markdown_code};

/// Release lines in the terminal.
const MAX_LINES: usize = 12;
const MAX_LINES_FULL: usize = 60;

/// The answer for one target of several.
struct OneVerdict {
    name: String,
    verdict: Verdict,
    words: Vec<String>,
}

/// The first `most` verdicts, in the order of the targets; none where there is one target.
fn verdicts(outcome: &Outcome, most: usize) -> Vec<OneVerdict> {
    let named = outcome.targets.iter().zip(targets(outcome)).take(most);
    named
        .map(|(target, name)| {
            let alone = outcome.alone(target);
            OneVerdict {
                name,
                verdict: alone.verdict,
                words: headline::words(&alone, &remediations(&alone, Finding::blocks)),
            }
        })
        .collect()
}

/// One line each, below the verdict of all.
pub(in crate::report) fn terminal(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let most = match length {
        Length::Verdict | Length::Normal => MAX_LINES,
        Length::Full => MAX_LINES_FULL,
    };
    let shown = verdicts(outcome, most);
    let width = |one: &OneVerdict| headline::symbol(one.verdict).chars().count();
    let widest = shown.iter().map(width).max().unwrap_or_default();
    for one in &shown {
        let start = Line::indented(2)
            .with(shade(one.verdict), headline::symbol(one.verdict))
            .padded_to(2 + widest, 0)
            .padded_to(0, 2);
        let mut words = vec![(Shade::Strong, one.name.clone())];
        words.extend(one.words.iter().take(1).map(|word| (Shade::Plain, word.clone())));
        page.whole_words(start, 6, &words)?;
    }
    match outcome.targets.len().saturating_sub(most) {
        left if left > 0 && !shown.is_empty() => {
            let text = format!(
                "… and {} more: `--format json` lists the verdict of every target",
                thousands(left as u64)
            );
            page.line(&Line::indented(2).with(Shade::Dim, &text))
        }
        _ => Ok(()),
    }
}

/// A table of at most `room` bytes with a row each; empty where there is one target.
pub(in crate::report) fn in_markdown(outcome: &Outcome, room: usize) -> String {
    /// No room takes more rows.
    const MAX_ROWS: usize = 1_000;
    const LAST_LINE: usize = 200;
    let mut text = String::new();
    let mut rows = 0;
    for one in verdicts(outcome, MAX_ROWS) {
        if rows == 0 {
            let root = outcome.targets.first().map(|target| &target.root);
            let is_one_tree = outcome.targets.iter().all(|target| Some(&target.root) == root);
            let head = if is_one_tree { "Release line" } else { "Path" };
            text.push_str(&format!("\n| {head} | Verdict | Why |\n|---|---|---|\n"));
        }
        let why = one.words.first().map(|word| sentence(word)).unwrap_or_default();
        let row = format!(
            "| {} | **{}** | {} |\n",
            markdown_code(&short(&one.name, 100)),
            markdown(headline::symbol(one.verdict)).replace(' ', "&nbsp;"),
            markdown(&why)
        );
        if text.len() + row.len() + LAST_LINE > room {
            break;
        }
        text.push_str(&row);
        rows += 1;
    }
    match outcome.targets.len().saturating_sub(rows) {
        left if left > 0 && !text.is_empty() => {
            let left = counted(left, "release line", "release lines");
            text.push_str(&format!(
                "\n… and {left} more, left out for length: `--format json` lists all.\n"
            ));
        }
        _ => {}
    }
    text
}

/// How a verdict looks in the terminal.
pub(super) fn shade(verdict: Verdict) -> Shade {
    match verdict {
        Verdict::Pass => Shade::Good,
        Verdict::Blocked | Verdict::Incomplete | Verdict::Failed => Shade::Bad,
        Verdict::NothingToScan => Shade::Warn,
    }
}
