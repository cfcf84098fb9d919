//! Carried commits for a person at a terminal.

use std::io;

use super::{after_a_conflict, details, has_commands, id, lines, words};
use crate::model::carried::{CarriedLine, CarriedLines, CarryState};
use crate::report::phrases::counted;
use crate::report::terminal::page::{Line, Page, Shade};
use crate::report::{Length, Style};

/// The width of the longest state.
const STATE: usize = 8;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(carried: &CarriedLines, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    let mut page = Page::new(&mut buffered, style.width, style.colour);
    let shaded: Vec<(Shade, String)> = words(carried)
        .into_iter()
        .map(|word| (Shade::Strong, word))
        .collect();
    page.whole_words(Line::new(), 2, &shaded)?;
    match style.length {
        Length::Verdict => {}
        Length::Normal | Length::Full => {
            commits(carried, &mut page)?;
            of_lines(carried, &mut page)?;
            for listed in lines(carried) {
                let Some(line) = listed.line else { continue };
                let is_told = line.there.len() < 2 && line.commits.is_empty() && line.conflict.is_none();
                if is_told && !has_commands(line) && style.length == Length::Normal {
                    continue;
                }
                page.heading(&listed.name)?;
                one(line, style.length, &mut page)?;
            }
        }
    }
    io::Write::flush(&mut buffered)
}

fn commits(carried: &CarriedLines, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(source) = &carried.source {
        let text = format!("#{} {}: {}", source.number, source.title, source.found);
        page.text(Shade::Plain, 2, &text, 3)?;
    }
    for commit in &carried.commits {
        let line = Line::indented(2)
            .with(Shade::Dim, id(&commit.id))
            .with(Shade::Plain, &format!(" {}", commit.subject));
        page.line(&line)?;
    }
    Ok(())
}

fn of_lines(carried: &CarriedLines, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Release lines")?;
    if carried.lines.is_empty() {
        page.text(Shade::Warn, 2, "No release line is live.", 1)?;
    }
    for listed in lines(carried) {
        let shade = listed.line.map_or(Shade::Dim, |line| look(line.state));
        let start = Line::indented(2)
            .with(shade, listed.state)
            .padded_to(2 + STATE, 0)
            .padded_to(0, 2);
        let requests = listed
            .line
            .map(|line| line.requests.as_slice())
            .unwrap_or_default();
        let mut words = vec![(Shade::Strong, listed.name)];
        words.extend(requests.iter().map(|number| (Shade::Good, format!("#{number}"))));
        words.push((Shade::Plain, listed.reason.to_owned()));
        let note = listed.line.and_then(|line| line.note.clone());
        words.extend(note.map(|note| (Shade::Warn, note)));
        page.whole_words(start, 2 + STATE + 2, &words)?;
    }
    for warning in &carried.warnings {
        page.text(Shade::Warn, 2, warning, 3)?;
    }
    Ok(())
}

fn one(line: &CarriedLine, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    const MAX_FILES: usize = 20;
    for commit in &line.commits {
        let title = Line::indented(2)
            .with(Shade::Dim, id(&commit.source))
            .with(Shade::Plain, &format!(" {}", commit.subject));
        page.line(&title)?;
        let shown = match length {
            Length::Verdict | Length::Normal => MAX_FILES,
            Length::Full => usize::MAX,
        };
        for file in commit.files.iter().take(shown) {
            page.line(&Line::indented(4).with(Shade::Plain, file))?;
        }
        if let more @ 1.. = commit.files.len().saturating_sub(shown) {
            let text = format!("and {} more (`-v` lists them)", counted(more, "file", "files"));
            page.line(&Line::indented(4).with(Shade::Dim, &text))?;
        }
    }
    for detail in details(line) {
        page.text(Shade::Plain, 2, &detail, 4)?;
    }
    if has_commands(line) {
        let text = format!("By hand, in the top folder; {}:", after_a_conflict(line));
        page.text(Shade::Plain, 2, &text, 4)?;
        for command in &line.commands {
            page.verbatim(4, command)?;
        }
    }
    Ok(())
}

fn look(state: CarryState) -> Shade {
    match state {
        CarryState::Planned | CarryState::Proposed => Shade::Good,
        CarryState::Draft => Shade::Warn,
        CarryState::Blocked | CarryState::Unknown => Shade::Bad,
        CarryState::Fixed | CarryState::Nothing => Shade::Plain,
    }
}
