//! The grid for a person at a terminal: the verdict, the table, what its rows are about, what was not checked.

use std::collections::HashMap;
use std::io;

use super::columns::{Column, columns, short_names};
use super::texts::{EqualCells, GapOnLines, Look};
use super::{metrics, refs, table, texts, verdicts};
use crate::model::Grid;
use crate::model::grid::{GridRow, HistoryEntry};
use crate::model::{IndexState, Verdict};
use crate::report::phrases::{counted, thousands};
use crate::report::places::{self, GapList, IN_PART, NOT_CHECKED};
use crate::report::terminal::page::{Line, Page, Shade, Word, clean, fit_end};
use crate::report::terminal::{
    answer, commands_line, db_flag, ids_of_row, index, is_plain, provenance, same_place, severity, shaded,
};
use crate::report::{Length, Style};

/// Rows of the table, and the lines that they may take; it has at least [`FEW_ROWS`].
const MAX_ROWS: usize = 20;
const MAX_LINES: usize = 160;
const FEW_ROWS: usize = 10;
/// Rows that are described below the table.
const MAX_DESCRIBED: usize = 10;
const MAX_GAPS: usize = 5;
const MAX_HISTORY: usize = 20;
/// The same with `-v`: no list fills a terminal's memory.
const MAX_ROWS_FULL: usize = 200;
const MAX_LINES_FULL: usize = 400;
const MAX_GAPS_FULL: usize = 30;
const MAX_HISTORY_FULL: usize = 100;
/// Different cells of a row, release lines that one entry names, and locations of one cell.
const MAX_CELLS: usize = 6;
const MAX_NAMES: usize = 6;
const MAX_LOCATIONS: usize = 3;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(grid: &Grid, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    let mut page = Page::new(&mut buffered, style.width, style.colour);
    answer(&grid.outcome, texts::headline(grid), &mut page)?;
    match style.length {
        Length::Verdict => {}
        Length::Normal | Length::Full => below(grid, style.length, &mut page)?,
    }
    io::Write::flush(&mut buffered)
}

fn below(grid: &Grid, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let columns = columns(&grid.outcome);
    if let Some(means) = texts::exit_code(grid) {
        page.text(Shade::Dim, 2, &means, 2)?;
    }
    page.whole_words(Line::indented(2), 2, &shaded(Shade::Dim, texts::read(grid)))?;
    index(&grid.outcome, page)?;
    table(grid, &columns, length, page)?;
    advisories(grid, &columns, length, page)?;
    lines(grid, length, page)?;
    refs::warnings(&grid.warnings, page)?;
    let blind = texts::gaps(grid, &columns, |coverage| &coverage.blind);
    gaps(NOT_CHECKED, &blind, Shade::Bad, length, page)?;
    let mut partial = texts::gaps(grid, &columns, |coverage| &coverage.partial);
    if length == Length::Normal && !grid.outcome.coverage.index.is_usable() {
        // Nothing was checked, whatever it is.
        partial.clear();
    }
    gaps(IN_PART, &partial, Shade::Warn, length, page)?;
    history(grid, length, page)?;
    if let Some(metrics) = &grid.metrics {
        metrics::terminal::write(metrics, length, page)?;
    }
    next(grid, &columns, length, page)?;
    provenance(&grid.outcome, length, page)
}

/// The rows that are shown of all.
fn shown<'g>(grid: &'g Grid, columns: &[Column<'_>], length: Length, width: usize) -> &'g [GridRow] {
    let (rows, lines) = match length {
        Length::Full => (MAX_ROWS_FULL, MAX_LINES_FULL),
        Length::Verdict | Length::Normal => (MAX_ROWS, MAX_LINES),
    };
    let first = |limit: usize| grid.rows.get(..limit.min(grid.rows.len())).unwrap_or_default();
    let all = first(rows);
    let of_row = table::lines(all, columns, length, width) / all.len().max(1);
    first(rows.min(FEW_ROWS.max(lines / of_row.max(1))))
}

/// The verdicts and the rows. Where the table has no room for words or no rows, the verdicts are a list.
fn table(grid: &Grid, columns: &[Column<'_>], length: Length, page: &mut Page<'_>) -> io::Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    let rows = shown(grid, columns, length, page.width);
    let is_list = rows.is_empty() && columns.len() > 1;
    if is_list || table::is_narrow(rows, columns, length, page.width) {
        page.gap()?;
        verdicts::terminal(&grid.outcome, length, page)?;
    }
    if !is_list {
        table::write(rows, columns, length, page)?;
    }
    if rows.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let legend: Vec<(Shade, String)> = texts::counts(grid)
        .into_iter()
        .map(|(look, count)| {
            let text = format!(
                "{} {} ({})",
                look.symbol(),
                look.as_str(),
                thousands(count as u64)
            );
            (table::shade(look), text)
        })
        .collect();
    page.whole_words(Line::indented(2), 2, &legend)?;
    let left = grid.rows.len().saturating_sub(rows.len());
    let what = match left {
        1 => "more row",
        _ => "more rows",
    };
    more(left, what, length, page)
}

/// How many more there are, and where.
fn more(left: usize, what: &str, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let place = match length {
        Length::Full => "`--format json` lists all",
        Length::Verdict | Length::Normal => "-v shows more",
    };
    match left {
        0 => Ok(()),
        left => {
            let text = format!("… and {} {what} ({place})", thousands(left as u64));
            page.line(&Line::indented(2).with(Shade::Dim, &text))
        }
    }
}

/// What the rows are about; with `-v` the reason of each cell.
fn advisories(grid: &Grid, columns: &[Column<'_>], length: Length, page: &mut Page<'_>) -> io::Result<()> {
    if grid.rows.is_empty() {
        return Ok(());
    }
    page.heading("Advisories")?;
    for row in grid.rows.iter().take(MAX_DESCRIBED) {
        let (shade, word) = severity(&row.advisory);
        let start = Line::indented(2).with(shade, &word).padded_to(0, 2);
        let mut names = ids_of_row(row);
        if !row.related.is_empty() {
            let related: Vec<&str> = row.related.iter().map(String::as_str).collect();
            names.push(
                (
                    Shade::Dim,
                    format!("shares a CVE with {}", texts::names(&related, MAX_NAMES)),
                )
                    .into(),
            );
        }
        page.whole_words(start, 4, &names)?;
        let mut about: Vec<(Shade, String)> = row
            .packages
            .iter()
            .map(|package| (Shade::Plain, package.to_string()))
            .collect();
        about.extend(texts::remedy(row).map(|remedy| (Shade::Strong, remedy)));
        page.whole_words(Line::indented(4), 4, &about)?;
        page.text(Shade::Plain, 4, &row.advisory.summary, 2)?;
        match length {
            Length::Verdict | Length::Normal => {}
            Length::Full => {
                let alike = texts::alike(row, columns);
                for same in alike.iter().take(MAX_CELLS) {
                    cells(same, page)?;
                }
                let left = alike.len().saturating_sub(MAX_CELLS);
                if left > 0 {
                    let text = format!(
                        "… and {} (`--format html` shows all)",
                        counted(left, "more cell", "more cells")
                    );
                    page.line(&Line::indented(4).with(Shade::Dim, &text))?;
                }
            }
        }
    }
    match grid.rows.len().saturating_sub(MAX_DESCRIBED) {
        0 => Ok(()),
        left => {
            let text = format!(
                "… and {} more (`--format html` describes all)",
                thousands(left as u64)
            );
            page.line(&Line::indented(2).with(Shade::Dim, &text))
        }
    }
}

/// `✗ 1.4, 1.3: why`, and the places.
fn cells(same: &EqualCells<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let look = Look::of(same.cell);
    let start = Line::indented(4)
        .with(table::shade(look), look.symbol())
        .padded_to(0, 1);
    page.whole_words(start, 6, &[(Shade::Strong, texts::names(&same.lines, MAX_NAMES))])?;
    if look != Look::Absent {
        page.text(Shade::Plain, 6, &same.cell.reason, 3)?;
    }
    let occurrences = &same.cell.occurrences;
    for occurrence in occurrences.iter().take(MAX_LOCATIONS) {
        let place = format!("{}:{}", clean(&occurrence.file.display()), occurrence.line);
        let package = format!("{} {}", occurrence.package, occurrence.version);
        let words = [
            (Shade::Plain, fit_end(&place, page.width / 2).into_owned()),
            (Shade::Dim, package),
        ];
        page.whole_words(Line::indented(6), 8, &words)?;
    }
    match occurrences.len().saturating_sub(MAX_LOCATIONS) {
        0 => Ok(()),
        left => {
            let text = format!("and {}", counted(left, "more location", "more locations"));
            page.line(&Line::indented(6).with(Shade::Dim, &text))
        }
    }
}

/// Which refs are in and out, and why: with `-v` all, else how many.
fn lines(grid: &Grid, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    match length {
        Length::Full => refs::list(&grid.lines, MAX_GAPS_FULL, page),
        Length::Verdict | Length::Normal => {
            let out = texts::standing(&grid.lines);
            page.heading(&format!("Release lines: {out} (-v shows why)"))
        }
    }
}

fn gaps(
    list: GapList,
    gaps: &[GapOnLines<'_>],
    shade: Shade,
    length: Length,
    page: &mut Page<'_>,
) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    page.heading(&list.heading(gaps.len()))?;
    let limit = match length {
        Length::Verdict | Length::Normal => MAX_GAPS,
        Length::Full => MAX_GAPS_FULL,
    };
    let alike = match length {
        Length::Verdict | Length::Normal => alike(gaps),
        Length::Full => gaps.iter().map(|gap| vec![gap]).collect(),
    };
    for same in alike.iter().take(limit) {
        let [GapOnLines { gap, lines }, others @ ..] = same.as_slice() else {
            continue;
        };
        if let Some(place) = places::place(gap, usize::MAX) {
            let others = match others.len() {
                0 => String::new(),
                others => format!(", and {} more", thousands(others as u64)),
            };
            let room = page.width.saturating_sub(2 + others.len());
            let place = fit_end(&clean(&place), room).into_owned();
            let start = Line::indented(2).with(shade, &place);
            page.line(&start.with(Shade::Dim, &others))?;
        }
        if !lines.is_empty() {
            let on = format!("on {}", texts::names(lines, MAX_NAMES));
            page.whole_words(Line::indented(4), 4, &[(Shade::Strong, on)])?;
        }
        page.text(Shade::Plain, 4, &gap.reason, 2)?;
        page.text(Shade::Dim, 4, &gap.hint, 3)?;
    }
    more(alike.iter().skip(limit).map(Vec::len).sum(), "more", length, page)
}

/// The gaps by reason, hint and release lines, in the order of the first of each.
fn alike<'a, 'g>(gaps: &'a [GapOnLines<'g>]) -> Vec<Vec<&'a GapOnLines<'g>>> {
    let mut numbers: HashMap<(&str, &str, &[&str]), usize> = HashMap::new();
    let mut alike: Vec<Vec<&GapOnLines<'_>>> = Vec::new();
    for gap in gaps {
        let key = (
            gap.gap.reason.as_str(),
            gap.gap.hint.as_str(),
            gap.lines.as_slice(),
        );
        let number = *numbers.entry(key).or_insert(alike.len());
        match alike.get_mut(number) {
            Some(same) => same.push(gap),
            None => alike.push(vec![gap]),
        }
    }
    alike
}

/// Which release line locked what, since which commit and until which.
fn history(grid: &Grid, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let Some(history) = &grid.history else {
        return Ok(());
    };
    page.heading(&format!(
        "History: {}",
        counted(history.len(), "entry", "entries")
    ))?;
    let names = short_names(history.iter().map(|held| held.ref_name.as_str()));
    let limit = match length {
        Length::Verdict | Length::Normal => MAX_HISTORY,
        Length::Full => MAX_HISTORY_FULL,
    };
    let mut before: Option<&HistoryEntry> = None;
    for held in history.iter().take(limit) {
        if before.is_none_or(|before| (&before.package, &before.ids) != (&held.package, &held.ids)) {
            let mut words: Vec<Word> = vec![(Shade::Strong, held.package.to_string()).into()];
            words.extend(held.ids.iter().map(|id| Word::id(Shade::Plain, id)));
            page.whole_words(Line::indented(2), 4, &words)?;
        }
        before = Some(held);
        let name = names.get(held.ref_name.as_str()).copied();
        let since = texts::commit(&held.introduced_by);
        let mut words = vec![
            (Shade::Plain, name.unwrap_or(&held.ref_name).to_owned()),
            match &held.removed_by {
                Some(removed) => (
                    Shade::Plain,
                    format!("from {since} until {}", texts::commit(removed)),
                ),
                None => (Shade::Bad, format!("locked since {since}")),
            },
        ];
        if !held.tags.is_empty() {
            let tags: Vec<&str> = held.tags.iter().map(String::as_str).collect();
            words.push((Shade::Plain, format!("in {}", texts::names(&tags, MAX_NAMES))));
        }
        page.whole_words(Line::indented(4), 6, &words)?;
    }
    more(history.len().saturating_sub(limit), "more", length, page)
}

/// The next command.
fn next(grid: &Grid, columns: &[Column<'_>], length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let mut commands = Vec::new();
    let (db, place) = (db_flag(&grid.outcome), same_place(&grid.outcome));
    match grid.outcome.coverage.index {
        // What is told with the reason is not told again.
        _ if grid.outcome.is_unfinished() || grid.outcome.database.trouble.is_some() => {}
        IndexState::Missing
        | IndexState::Damaged
        | IndexState::TooOld
        | IndexState::Stale
        | IndexState::Other => {
            commands.push(format!("lockkeeper db update{db}"));
        }
        IndexState::Fresh | IndexState::Newer | IndexState::Sample => {}
    }
    let blocked = columns
        .iter()
        .find(|column| column.target.verdict == Verdict::Blocked)
        .filter(|column| is_plain(&column.name));
    if let Some(column) = blocked {
        commands.push(format!("lockkeeper gate --release {}{place}", column.name));
    }
    if let Some(row) = grid.rows.first().filter(|row| is_plain(row.id())) {
        commands.push(format!("lockkeeper explain {}{place}", row.id()));
    }
    match length {
        Length::Verdict | Length::Normal if grid.rows.len() > MAX_DESCRIBED => {
            commands.push(format!("lockkeeper status -v{place}"));
        }
        Length::Verdict | Length::Normal | Length::Full => {}
    }
    commands_line(commands, page)
}
