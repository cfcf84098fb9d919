//! The release lines of a repository, for `lockkeeper refs`: which are live, and why each is in or out.

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use super::columns::short_names;
use super::texts;
use crate::model::grid::{ReleaseLine, Standing};
use crate::report::phrases::{counted, thousands};
use crate::report::terminal::page::{self, Page, Shade, clean, columns, fit};
use crate::report::{Length, Style, json};

/// Writes `lockkeeper.refs/1`.
///
/// # Errors
/// Only those of `out`.
pub fn json(lines: &[ReleaseLine], warnings: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let document = Refs {
        schema: "lockkeeper.refs/1",
        refs: lines.iter().map(Ref::of).collect(),
        warnings,
    };
    json::document(&document, out)
}

/// Writes for a person which release lines are live.
///
/// # Errors
/// Only those of `out`.
pub fn terminal(
    lines: &[ReleaseLine],
    warnings: &[String],
    style: &Style<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    let mut page = Page::new(&mut buffered, style.width, style.colour);
    let count = texts::standing(lines);
    page.whole_words(page::Line::new(), 2, &[(Shade::Strong, count)])?;
    match style.length {
        Length::Verdict => {}
        Length::Normal | Length::Full => {
            let out = match style.length {
                Length::Verdict | Length::Normal => MAX_OUT,
                Length::Full => usize::MAX,
            };
            list(lines, out, &mut page)?;
            self::warnings(warnings, &mut page)?;
        }
    }
    io::Write::flush(&mut buffered)
}

/// What is odd about the choice of release lines.
pub(super) fn warnings(warnings: &[String], page: &mut Page<'_>) -> io::Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    page.heading("Warnings")?;
    for warning in warnings {
        page.text(Shade::Warn, 2, warning, 4)?;
    }
    Ok(())
}

/// Refs that are out and listed, unless all are asked for.
const MAX_OUT: usize = 20;

/// The lines, live ones first, of the others at most `out`.
pub(super) fn list(lines: &[ReleaseLine], out: usize, page: &mut Page<'_>) -> io::Result<()> {
    let names = short_names(lines.iter().map(|line| line.ref_name.as_str()));
    let name = |line: &ReleaseLine| {
        let name = names.get(line.ref_name.as_str()).copied();
        clean(name.unwrap_or(&line.ref_name)).into_owned()
    };
    let most = page.width / 3;
    let widest = lines
        .iter()
        .map(|line| columns(&name(line)))
        .filter(|width| *width <= most)
        .max()
        .unwrap_or_default();
    for (title, standing) in [("In", Standing::Live), ("Out", Standing::Out)] {
        let of: Vec<&ReleaseLine> = lines
            .iter()
            .filter(|line| (line.standing == Standing::Live) == (standing == Standing::Live))
            .collect();
        if of.is_empty() {
            continue;
        }
        page.heading(&format!("{title}: {}", counted(of.len(), "ref", "refs")))?;
        let shown = match standing {
            Standing::LeftOut | Standing::Out => out,
            Standing::Live => usize::MAX,
        };
        for line in of.iter().take(shown) {
            one(line, &name(line), widest, page)?;
        }
        match of.len().saturating_sub(shown) {
            0 => {}
            more => {
                let text = format!(
                    "… and {} more (`lockkeeper refs -v` lists them)",
                    thousands(more as u64)
                );
                page.line(&page::Line::indented(2).with(Shade::Dim, &text))?;
            }
        }
    }
    Ok(())
}

/// `1.4  0123456789ab  2030-01-30  why`, the reason below where there is no room beside.
fn one(line: &ReleaseLine, name: &str, widest: usize, page: &mut Page<'_>) -> io::Result<()> {
    let shade = match line.standing {
        Standing::Live => Shade::Strong,
        Standing::LeftOut | Standing::Out => Shade::Plain,
    };
    let start = if columns(name) > widest {
        page.whole_words(page::Line::indented(2), 4, &[(shade, name.to_owned())])?;
        page::Line::indented(2)
    } else {
        page::Line::indented(2).with(shade, name)
    };
    let start = start
        .padded_to(2 + widest, 0)
        .with(Shade::Dim, &format!("  {}", fit(texts::commit(&line.commit), 12)))
        .with(Shade::Dim, &format!("  {}", line.committed.strftime("%Y-%m-%d")));
    let room = page.width.saturating_sub(start.columns + 2);
    if columns(&clean(&line.reason)) <= room {
        return page.line(&start.with(Shade::Plain, &format!("  {}", line.reason)));
    }
    page.line(&start)?;
    page.text(Shade::Plain, 4, &line.reason, 3)
}

#[derive(Serialize)]
struct Refs<'g> {
    schema: &'static str,
    refs: Vec<Ref<'g>>,
    warnings: &'g [String],
}

/// A ref in both documents.
#[derive(Serialize)]
pub(super) struct Ref<'g> {
    r#ref: &'g str,
    commit: &'g str,
    live: bool,
    reason: &'g str,
    committed: Timestamp,
    /// When it was last scanned before now, as far as this machine knows.
    last_scanned: Option<Timestamp>,
}

impl<'g> Ref<'g> {
    pub(super) fn of(line: &'g ReleaseLine) -> Self {
        Self {
            r#ref: &line.ref_name,
            commit: &line.commit,
            live: match line.standing {
                Standing::Live => true,
                Standing::LeftOut | Standing::Out => false,
            },
            reason: &line.reason,
            committed: line.committed,
            last_scanned: line.last_scanned,
        }
    }
}
