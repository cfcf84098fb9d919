//! The table of the terminal's grid, in blocks: as many columns as fit, the ids before each.

use std::borrow::Cow;
use std::io;
use std::ops::Range;

use super::columns::Column;
use super::texts;
use crate::model::grid::{Cell, CellState, GridRow};
use crate::report::Length;
use crate::report::phrases::{severity, thousands};
use crate::report::terminal::page::{Line, Page, Shade, clean, columns as wide, fit};

/// A name that is wider is cut, and written in full below.
const MAX_HEAD: usize = 20;
/// Columns of a version in a cell.
const MAX_VERSION: usize = 14;
/// Ids are beside their cells up to this width; a wider one has lines of its own.
const MAX_ID: usize = 40;
/// Blanks between columns.
const GAP: usize = 2;
/// The severity is written before the id from this width on.
const WITH_SEVERITY: usize = 100;
/// Versions are left out where they would make more blocks than these.
const MAX_BLOCKS: usize = 3;

/// Writes the rows. Every name of a line that had to be cut is written in full after them.
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
        heads(&layout, block, page)?;
        for row in rows {
            layout.row(row, columns, block, page)?;
        }
    }
    cut_names(&layout, columns, page)
}

/// How many blocks the rows take.
pub(super) fn count(rows: &[GridRow], columns: &[Column<'_>], length: Length, width: usize) -> usize {
    Layout::of(rows, columns, length, width).blocks(width).len()
}

/// What a cell shows besides its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
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
    /// Columns of the severity; 0 if there is no room for it.
    severity: usize,
    /// Columns of the widest id beside its cells.
    id: usize,
    heads: Vec<Head>,
}

impl Layout {
    fn of(rows: &[GridRow], columns: &[Column<'_>], length: Length, width: usize) -> Self {
        let with = |detail| Self::with(detail, rows, columns, width);
        let versions = with(Detail::Version);
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

    fn with(detail: Detail, rows: &[GridRow], columns: &[Column<'_>], width: usize) -> Self {
        let most = MAX_ID.min(width / 2);
        let id = rows
            .iter()
            .map(|row| wide(&clean(&row.advisory.id)))
            .filter(|columns| *columns <= most)
            .max()
            .unwrap_or_default();
        let severity = match width >= WITH_SEVERITY {
            true => rows
                .iter()
                .map(|row| wide(&severity(&row.advisory)))
                .max()
                .unwrap_or_default(),
            false => 0,
        };
        let mut layout = Self {
            detail,
            severity,
            id,
            heads: Vec::new(),
        };
        let room = width.saturating_sub(layout.stub() + GAP).max(1);
        layout.heads = columns
            .iter()
            .map(|column| head(column, rows, detail, room))
            .collect();
        layout
    }

    /// Columns before the first cell's gap.
    fn stub(&self) -> usize {
        match self.severity {
            0 => GAP + self.id,
            severity => GAP + severity + GAP + self.id,
        }
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

    /// One advisory and its cells of `block`.
    fn row(
        &self,
        row: &GridRow,
        columns: &[Column<'_>],
        block: &Range<usize>,
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        let id = clean(&row.advisory.id);
        let mut line = Line::indented(GAP);
        if self.severity > 0 {
            let (shade, word) = crate::report::terminal::severity(&row.advisory);
            line = line.with(shade, &word).padded_to(GAP + self.severity + GAP, 0);
        }
        if wide(&id) <= self.id {
            line = line.with(Shade::Strong, &id);
        } else {
            page.whole_words(line, GAP, &[(Shade::Strong, row.advisory.id.clone())])?;
            line = Line::new();
        }
        let mut place = self.stub();
        for column in columns.get(block.clone()).unwrap_or_default() {
            let Some(head) = self.heads.get(column.index) else {
                continue;
            };
            line = line.padded_to(place + GAP, 0);
            place += GAP + head.width;
            let (shade, text) = match column.cell(row) {
                Some(cell) => (shade(cell.state), words_of(cell, self.detail)),
                None => (Shade::Plain, texts::symbol(CellState::Unknown).to_owned()),
            };
            line = line.with(shade, &text);
        }
        page.line(&line)
    }
}

fn heads(layout: &Layout, block: &Range<usize>, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = Line::new();
    let mut place = layout.stub();
    for head in layout.heads.get(block.clone()).unwrap_or_default() {
        line = line.padded_to(place + GAP, 0).with(Shade::Strong, &head.text);
        place += GAP + head.width;
    }
    page.line(&line)
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
        .max()
        .unwrap_or_default();
    let width = wide(&text).max(cells).min(room);
    Head { text, is_cut, width }
}

/// `#12`.
fn number(column: &Column<'_>) -> String {
    format!("#{}", column.index + 1)
}

/// `✗ 0.10.30`.
fn words_of(cell: &Cell, detail: Detail) -> String {
    let symbol = texts::symbol(cell.state);
    match (detail, &cell.version) {
        (Detail::Version, Some(version)) if !version.is_empty() => {
            let version: Cow<'_, str> = clean(version);
            format!("{symbol} {}", fit(&version, MAX_VERSION))
        }
        (Detail::Version | Detail::Nothing, _) => symbol.to_owned(),
    }
}

pub(super) fn shade(state: CellState) -> Shade {
    match state {
        CellState::Affected => Shade::Bad,
        CellState::Unknown => Shade::Warn,
        CellState::Excepted | CellState::NotAffected => Shade::Plain,
        CellState::Fixed => Shade::Good,
        CellState::Absent => Shade::Dim,
    }
}
