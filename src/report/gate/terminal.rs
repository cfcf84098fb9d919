//! The answer for a person at a terminal: what blocks the release, and what to do about it.

use std::io;

use super::words;
use crate::model::{Finding, Gate, Outcome};
use crate::remediation::remediations;
use crate::report::headline;
use crate::report::phrases::{counted, thousands};
use crate::report::terminal::page::{Line, Page, Shade, clean, columns, fit_end};
use crate::report::terminal::{answer, commands_line, db_flag, gaps, index, is_plain, provenance, shaded};
use crate::report::{Length, Style};

/// Findings that are shown unless all are asked for.
const MAX_BLOCKING: usize = 15;
/// Where the text of an entry starts.
const INDENT: usize = 4;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(gate: &Gate, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    let mut page = Page::new(&mut buffered, style.width, style.colour);
    let failing = remediations(&gate.outcome, Finding::blocks);
    answer(&gate.outcome, words(gate, &failing), &mut page)?;
    match style.length {
        Length::Verdict => {}
        Length::Normal | Length::Full => {
            let outcome = &gate.outcome;
            page.whole_words(Line::indented(2), 2, &shaded(Shade::Dim, headline::read(outcome)))?;
            line(outcome, &mut page)?;
            index(outcome, &mut page)?;
            blocking(gate, style.length, &mut page)?;
            gaps::blind(outcome, style.length, &mut page)?;
            gaps::remarks(outcome, style.length, &mut page)?;
            gaps::partial(outcome, style.length, &mut page)?;
            next(gate, &mut page)?;
            provenance(outcome, style.length, &mut page)?;
        }
    }
    io::Write::flush(&mut buffered)
}

/// What was scanned: the ref and its commit.
fn line(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    let Some(target) = outcome.targets.first() else {
        return Ok(());
    };
    let names = [&target.ref_name, &target.commit];
    let words: Vec<String> = names.into_iter().flatten().cloned().collect();
    match words.is_empty() {
        true => Ok(()),
        false => page.whole_words(Line::indented(2), 2, &shaded(Shade::Dim, words)),
    }
}

fn blocking(gate: &Gate, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    if gate.blocking.is_empty() {
        return Ok(());
    }
    page.heading(&format!(
        "Blocking: {}",
        counted(gate.blocking.len(), "finding", "findings")
    ))?;
    let limit = match length {
        Length::Verdict | Length::Normal => MAX_BLOCKING,
        Length::Full => usize::MAX,
    };
    for (number, blocking) in gate.blocking.iter().take(limit).enumerate() {
        if number > 0 && page.width >= 60 {
            page.gap()?;
        }
        let place = format!("{}:{}", clean(&blocking.file.display()), blocking.line);
        let room = page.width.saturating_sub(INDENT);
        let start = Line::new()
            .with(Shade::Dim, &format!("{:>2}", number + 1))
            .padded_to(INDENT, 2);
        let words = [
            (Shade::Strong, blocking.id.clone()),
            (Shade::Plain, blocking.purl.to_string()),
            (Shade::Plain, fit_end(&place, room).into_owned()),
        ];
        page.whole_words(start, INDENT, &words)?;
        page.text(Shade::Plain, INDENT, &blocking.reason, 3)?;
        for step in &blocking.unblock {
            unblock(step, page)?;
        }
        if blocking.unblock.is_empty() {
            page.text(Shade::Dim, INDENT, "no remediation is known", 1)?;
        }
    }
    match gate.blocking.len().saturating_sub(limit) {
        0 => Ok(()),
        left => {
            let text = format!("… and {} more (-v lists them)", thousands(left as u64));
            page.line(&Line::indented(2).with(Shade::Dim, &text))
        }
    }
}

/// `→ Upgrade examplelib from 0.10.30 to 0.10.48.`
fn unblock(step: &str, page: &mut Page<'_>) -> io::Result<()> {
    let text = clean(step);
    let start = Line::indented(INDENT).with(Shade::Good, "→").padded_to(0, 1);
    if start.columns + columns(&text) <= page.width {
        return page.line(&start.with(Shade::Plain, &text));
    }
    page.whole_words(start, INDENT + 2, &[(Shade::Plain, text.into_owned())])
}

/// The next command.
fn next(gate: &Gate, page: &mut Page<'_>) -> io::Result<()> {
    let db = db_flag(&gate.outcome);
    let worst = gate.blocking.first().filter(|worst| is_plain(&worst.id));
    let commands = worst
        .map(|worst| format!("lockkeeper explain {}{db}", worst.id))
        .into_iter()
        .chain((!gate.blocking.is_empty()).then(|| format!("lockkeeper status{db}")));
    commands_line(commands.collect(), page)
}
