//! The answer for a person at a terminal: what blocks the release, and what to do about it.

use std::io;

use super::words;
use crate::model::{Gate, Outcome};
use crate::remediation::to_do;
use crate::report::headline;
use crate::report::phrases::counted;
use crate::report::terminal::page::{Line, Page, Shade, Word, clean, columns, fit_end};
use crate::report::terminal::upgrades::upgrades;
use crate::report::terminal::{answer, commands_line, gaps, index, is_plain, provenance, same_place, shaded};
use crate::report::{Length, Style};

/// Where the text of an entry starts.
const INDENT: usize = 4;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(gate: &Gate, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    let mut page = Page::new(&mut buffered, style.width, style.colour);
    let (failing, _) = to_do(&gate.outcome);
    answer(&gate.outcome, words(gate, &failing), &mut page)?;
    match style.length {
        Length::Verdict => {}
        Length::Normal | Length::Full => {
            let outcome = &gate.outcome;
            page.whole_words(Line::indented(2), 2, &shaded(Shade::Dim, headline::read(outcome)))?;
            line(outcome, &mut page)?;
            index(outcome, &mut page)?;
            upgrades(&failing, style.length, &mut page)?;
            otherwise(gate, &mut page)?;
            match style.length {
                Length::Full => blocking(gate, &mut page)?,
                Length::Normal | Length::Verdict => {}
            }
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

/// What to do beside the upgrades about what blocks most: the exception, or whose package it may be.
fn otherwise(gate: &Gate, page: &mut Page<'_>) -> io::Result<()> {
    let Some(worst) = gate.blocking.first() else {
        return Ok(());
    };
    let steps = worst.unblock.get(1..).unwrap_or_default();
    if steps.is_empty() {
        return Ok(());
    }
    page.heading("Otherwise")?;
    steps.iter().try_for_each(|step| unblock(step, page))?;
    let mut ids = gate.blocking.iter().map(|blocking| &blocking.id);
    if ids.all(|id| *id == worst.id) {
        return Ok(());
    }
    let text = "`lockkeeper explain ID` prints the exception of any other.";
    page.text(Shade::Dim, INDENT, text, 2)
}

/// Each finding by itself, with why it blocks.
fn blocking(gate: &Gate, page: &mut Page<'_>) -> io::Result<()> {
    if gate.blocking.is_empty() {
        return Ok(());
    }
    page.heading(&format!(
        "Blocking: {}",
        counted(gate.blocking.len(), "finding", "findings")
    ))?;
    for blocking in &gate.blocking {
        let place = format!("{}:{}", clean(&blocking.file.display()), blocking.line);
        let room = page.width.saturating_sub(INDENT);
        let words: [Word; 3] = [
            Word::id(Shade::Strong, &blocking.id),
            (Shade::Plain, blocking.purl.to_string()).into(),
            (Shade::Plain, fit_end(&place, room).into_owned()).into(),
        ];
        page.whole_words(Line::indented(2), INDENT, &words)?;
        page.text(Shade::Dim, INDENT, &blocking.reason, 3)?;
    }
    Ok(())
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
    let place = same_place(&gate.outcome);
    let worst = gate.blocking.first().filter(|worst| is_plain(&worst.id));
    let commands = worst
        .map(|worst| format!("lockkeeper explain {}{place}", worst.id))
        .into_iter()
        .chain((!gate.blocking.is_empty()).then(|| format!("lockkeeper status{place}")));
    commands_line(commands.collect(), page)
}
