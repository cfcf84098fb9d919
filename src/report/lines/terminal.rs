//! Plans for release lines for a person at a terminal.

use std::io;

use super::{has_upgrades, lines, word, words};
use crate::plan::lines::{LinePlan, LinePlans, LineState};
use crate::report::plan::terminal::lockfile;
use crate::report::terminal::page::{Line, Page, Shade};
use crate::report::terminal::{answer, gaps, index, provenance};
use crate::report::{Length, Style};

/// The width of the longest state.
const STATE: usize = 10;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(plans: &LinePlans, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    let mut page = Page::new(&mut buffered, style.width, style.colour);
    answer(&plans.after, words(plans), &mut page)?;
    match style.length {
        Length::Verdict => {}
        Length::Normal | Length::Full => {
            index(&plans.after, &mut page)?;
            of_lines(plans, &mut page)?;
            for line in lines(plans) {
                let Some(plan) = line.plan else { continue };
                // What is said of it above is all there is.
                if !has_upgrades(plan) && style.length == Length::Normal {
                    continue;
                }
                for file in &plan.proposal.lockfiles {
                    page.heading(&line.name)?;
                    lockfile(&plan.proposal, file, style.length, &mut page)?;
                }
            }
            gaps::blind(&plans.after, style.length, &mut page)?;
            next(plans, &mut page)?;
            provenance(&plans.after, style.length, &mut page)?;
        }
    }
    io::Write::flush(&mut buffered)
}

fn of_lines(plans: &LinePlans, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Release lines")?;
    for line in lines(plans) {
        let start = Line::indented(2)
            .with(shade(line.state), word(line.state))
            .padded_to(2 + STATE, 0)
            .padded_to(0, 2);
        let requests = line.plan.map(|plan| plan.requests.as_slice()).unwrap_or_default();
        let mut words = vec![(Shade::Strong, line.name)];
        words.extend(requests.iter().map(|number| (Shade::Good, format!("#{number}"))));
        words.push((Shade::Plain, line.reason.to_owned()));
        let note = line.plan.and_then(|plan| plan.note.clone());
        words.extend(note.map(|note| (Shade::Warn, note)));
        page.whole_words(start, 2 + STATE + 2, &words)?;
    }
    for warning in &plans.grid.warnings {
        page.text(Shade::Warn, 2, warning, 3)?;
    }
    Ok(())
}

fn shade(state: LineState) -> Shade {
    match state {
        LineState::Planned => Shade::Good,
        LineState::Partly | LineState::Accepted => Shade::Warn,
        LineState::Blocked | LineState::Unknown => Shade::Bad,
        LineState::Fixed | LineState::Unaffected => Shade::Plain,
        LineState::LeftOut => Shade::Dim,
    }
}

/// How upgrades become pull requests.
fn next(plans: &LinePlans, page: &mut Page<'_>) -> io::Result<()> {
    let was_tried = |plan: &LinePlan| !plan.requests.is_empty() || plan.note.is_some();
    if plans.plans.iter().any(was_tried) || !plans.plans.iter().any(has_upgrades) {
        return Ok(());
    }
    page.gap()?;
    let text = "Nothing was written. As a step with `mode: backport` lockkeeper opens a pull request for each release line with \
                upgrades (docs/backport.md).";
    page.text(Shade::Plain, 0, text, 4)
}
