//! The table of the terminal's grid, in blocks: as many columns as fit, the ids before each.

use std::borrow::Cow;
use std::io;
use std::ops::Range;

use super::columns::Column;
use super::texts::{self, Look};
use super::verdicts;
use crate::model::grid::{Cell, GridRow};
use crate::report::Length;
use crate::report::headline;
use crate::report::phrases::{severity, thousands};
use crate::report::terminal::page::{Line, Page, Shade, Word, clean, columns as wide, fit};

/// A name that is wider is cut, and written in full below.
const MAX_HEAD: usize = 20;
/// Columns of a version in a cell.
const MAX_VERSION: usize = 14;
/// The same where that makes no more blocks: a pseudo-version of Go is whole.
const MAX_WHOLE: usize = 40;
/// Ids are beside their cells up to this width; a wider one has lines of its own.
const MAX_ID: usize = 40;
/// A longer name of a package makes no column wider.
const MAX_PACKAGE: usize = 32;
/// Blanks between columns.
const GAP: usize = 2;
/// Versions are left out where they would make more blocks than these.
const MAX_BLOCKS: usize = 3;
/// What stands before the verdicts.
const VERDICT: &str = "verdict";

/// Writes the verdicts and the rows. Every name of a line that had to be cut is written in full after them.
pub(super) fn write(
    rows: &[GridRow],
    columns: &[Column<'_>],
    length: Length,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let layout = Layout::of(rows, columns, length, page.width);
    let blocks = layout.blocks(page.width);
    for block in &blocks {
        page.gap()?;
        if blocks.len() > 1 {
            let all = thousands(columns.len() as u64);
            let range = match block.len() {
                1 => format!("Release line {} of {all}", thousands(block.end as u64)),
                _ => format!(
                    "Release lines {} to {} of {all}",
                    thousands(block.start as u64 + 1),
                    thousands(block.end as u64)
                ),
            };
            page.line(&Line::indented(2).with(Shade::Dim, &range))?;
        }
        let heads = layout.line(Line::new(), columns, block, |_, head| {
            (Shade::Strong, head.text.clone())
        });
        page.line(&heads)?;
        let start = Line::indented(GAP).with(Shade::Dim, VERDICT);
        let verdicts = layout.line(start, columns, block, |column, _| {
            let verdict = column.target.verdict;
            let text = verdict_of(column, layout.detail);
            (verdicts::shade(verdict), text.to_owned())
        });
        page.line(&verdicts)?;
        for row in rows {
            layout.row(row, columns, block, page)?;
        }
    }
    cut_names(&layout, columns, page)
}

/// How many lines the rows take, and how many columns have to do without versions and words.
pub(super) fn lines(rows: &[GridRow], columns: &[Column<'_>], length: Length, width: usize) -> usize {
    let layout = Layout::of(rows, columns, length, width);
    let of_row = if layout.is_beside() { 1 } else { 2 };
    layout.blocks(width).len() * rows.len() * of_row
}

/// The verdicts of the table are symbols alone.
pub(super) fn is_narrow(rows: &[GridRow], columns: &[Column<'_>], length: Length, width: usize) -> bool {
    Layout::of(rows, columns, length, width).detail == Detail::Nothing
}

/// What a cell shows besides its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    WholeVersion,
    Version,
    Nothing,
}

/// A column's head.
struct Head {
    text: String,
    /// The name did not fit.
    is_cut: bool,
    /// What the head and every cell below it need.
    width: usize,
}

struct Layout {
    detail: Detail,
    /// Columns of the severity and of the package beside the id; 0 where they stand below it.
    severity: usize,
    package: usize,
    /// Columns of the widest id beside its cells.
    id: usize,
    heads: Vec<Head>,
}

impl Layout {
    fn of(rows: &[GridRow], columns: &[Column<'_>], length: Length, width: usize) -> Self {
        let with = |detail| Self::with(detail, rows, columns, width);
        let (whole, cut) = (with(Detail::WholeVersion), with(Detail::Version));
        let versions = match whole.blocks(width).len() <= cut.blocks(width).len() {
            true if whole.is_beside() == cut.is_beside() => whole,
            true | false => cut,
        };
        match length {
            Length::Full => versions,
            Length::Verdict | Length::Normal => {
                let states = with(Detail::Nothing);
                match versions.blocks(width).len() <= MAX_BLOCKS.max(states.blocks(width).len()) {
                    true => versions,
                    false => states,
                }
            }
        }
    }

    /// Severity and package stand below the id where that makes fewer blocks.
    fn with(detail: Detail, rows: &[GridRow], columns: &[Column<'_>], width: usize) -> Self {
        let beside = Self::laid(detail, rows, columns, width, width / 2);
        let blocks = beside.blocks(width).len();
        if !beside.is_beside() || blocks < 2 {
            return beside;
        }
        let below = Self::laid(detail, rows, columns, width, 0);
        match below.blocks(width).len() < blocks {
            true => below,
            false => beside,
        }
    }

    /// The layout in which at most `room` columns stand before the cells, if the id leaves so many.
    fn laid(detail: Detail, rows: &[GridRow], columns: &[Column<'_>], width: usize, room: usize) -> Self {
        let widest = |of: &dyn Fn(&GridRow) -> usize| rows.iter().map(of).max().unwrap_or_default();
        let most = MAX_ID.min(width / 2);
        let id = rows
            .iter()
            .map(|row| wide(&clean(row.id())))
            .filter(|columns| *columns <= most)
            .chain([wide(VERDICT)])
            .max()
            .unwrap_or_default();
        let mut layout = Self {
            detail,
            severity: widest(&|row| wide(&severity(&row.advisory))),
            package: widest(&|row| wide(&clean(&texts::package(row)))).min(MAX_PACKAGE),
            id,
            heads: Vec::new(),
        };
        // The rest of the page is for the release lines.
        if layout.stub() > room {
            (layout.severity, layout.package) = (0, 0);
        }
        let room = width.saturating_sub(layout.stub() + GAP).max(1);
        layout.heads = columns
            .iter()
            .map(|column| head(column, rows, detail, room))
            .collect();
        layout
    }

    /// Severity and package stand beside the id.
    fn is_beside(&self) -> bool {
        self.severity > 0
    }

    /// Columns before the first cell's gap.
    fn stub(&self) -> usize {
        let beside = [self.severity, self.package]
            .into_iter()
            .filter(|width| *width > 0);
        GAP + self.id + beside.map(|width| width + GAP).sum::<usize>()
    }

    /// The columns of each block; none is empty.
    fn blocks(&self, width: usize) -> Vec<Range<usize>> {
        let mut blocks = Vec::new();
        let mut start = 0;
        let mut used = self.stub();
        for (number, head) in self.heads.iter().enumerate() {
            let needs = GAP + head.width;
            if number > start && used + needs > width {
                blocks.push(start..number);
                start = number;
                used = self.stub();
            }
            used += needs;
        }
        if start < self.heads.len() {
            blocks.push(start..self.heads.len());
        }
        blocks
    }

    /// `start`, and behind it what each column of `block` shows.
    fn line(
        &self,
        start: Line,
        columns: &[Column<'_>],
        block: &Range<usize>,
        shown: impl Fn(&Column<'_>, &Head) -> (Shade, String),
    ) -> Line {
        let mut line = start;
        let mut place = self.stub();
        for column in columns.get(block.clone()).unwrap_or_default() {
            let Some(head) = self.heads.get(column.index) else {
                continue;
            };
            let (shade, text) = shown(column, head);
            line = line.padded_to(place + GAP, 0).with(shade, &text);
            place += GAP + head.width;
        }
        line
    }

    /// One advisory, its package, and its cells of `block`.
    fn row(
        &self,
        row: &GridRow,
        columns: &[Column<'_>],
        block: &Range<usize>,
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        let id = clean(row.id());
        let package = texts::package(row);
        let (shade, severity) = crate::report::terminal::severity(&row.advisory);
        let mut line = Line::indented(GAP);
        if wide(&id) > self.id {
            page.whole_words(line, GAP, &[Word::id(Shade::Strong, row.id())])?;
            line = Line::indented(GAP);
        } else {
            line = line.with_word(&Word::id(Shade::Strong, row.id()));
        }
        if self.is_beside() {
            let place = GAP + self.id + GAP;
            let package = clean(&package);
            line = line
                .padded_to(place, 0)
                .with(shade, &severity)
                .padded_to(place + self.severity + GAP, 0)
                .with(Shade::Plain, &fit(&package, self.package));
        }
        let line = self.line(line, columns, block, |column, _| match column.cell(row) {
            Some(cell) => (self::shade(Look::of(cell)), words_of(cell, self.detail)),
            None => (Shade::Plain, Look::Unknown.symbol().to_owned()),
        });
        page.line(&line)?;
        match self.is_beside() {
            true => Ok(()),
            false => page.whole_words(
                Line::indented(2 * GAP),
                2 * GAP,
                &[(shade, severity), (Shade::Plain, package)],
            ),
        }
    }
}

/// The names that were cut, under their numbers.
fn cut_names(layout: &Layout, columns: &[Column<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let cut: Vec<&Column<'_>> = columns
        .iter()
        .filter(|column| layout.heads.get(column.index).is_some_and(|head| head.is_cut))
        .collect();
    if cut.is_empty() {
        return Ok(());
    }
    page.gap()?;
    for column in cut {
        let start = Line::indented(GAP)
            .with(Shade::Dim, &number(column))
            .padded_to(0, 1);
        page.whole_words(
            start,
            GAP + 2,
            &[(Shade::Plain, column.name.clone().into_owned())],
        )?;
    }
    Ok(())
}

fn head(column: &Column<'_>, rows: &[GridRow], detail: Detail, room: usize) -> Head {
    let name = clean(&column.name);
    let most = MAX_HEAD.min(room);
    let is_cut = wide(&name) > most;
    let text = match is_cut {
        true => {
            let number = number(column);
            format!("{} {number}", fit(&name, most.saturating_sub(wide(&number) + 1)))
        }
        false => name.into_owned(),
    };
    let cells = rows
        .iter()
        .filter_map(|row| column.cell(row))
        .map(|cell| wide(&clean(&words_of(cell, detail))))
        .chain([wide(verdict_of(column, detail))])
        .max()
        .unwrap_or_default();
    let width = wide(&text).max(cells).min(room);
    Head { text, is_cut, width }
}

/// `#12`.
fn number(column: &Column<'_>) -> String {
    format!("#{}", column.index + 1)
}

/// `✗ BLOCKED`; where cells show no versions, its symbol alone.
fn verdict_of(column: &Column<'_>, detail: Detail) -> &'static str {
    let text = headline::symbol(column.target.verdict);
    match detail {
        Detail::WholeVersion | Detail::Version => text,
        Detail::Nothing => text.split(' ').next().unwrap_or(text),
    }
}

/// `✗ 0.10.30 proposed #12`.
fn words_of(cell: &Cell, detail: Detail) -> String {
    let symbol = Look::of(cell).symbol();
    let most = match detail {
        Detail::WholeVersion => MAX_WHOLE,
        Detail::Version => MAX_VERSION,
        Detail::Nothing => return symbol.to_owned(),
    };
    let version = cell.version.as_deref().filter(|version| !version.is_empty());
    let version = version.map(|version| {
        let version: Cow<'_, str> = clean(version);
        fit(&version, most).into_owned()
    });
    let words = [Some(symbol.to_owned()), version, texts::request(cell)];
    words.into_iter().flatten().collect::<Vec<String>>().join(" ")
}

pub(super) fn shade(look: Look) -> Shade {
    match look {
        Look::Blocks => Shade::Bad,
        Look::Warns | Look::Unknown => Shade::Warn,
        Look::Noted | Look::Accepted | Look::NotAffected => Shade::Plain,
        Look::Fixed => Shade::Good,
        Look::Absent => Shade::Dim,
    }
}
