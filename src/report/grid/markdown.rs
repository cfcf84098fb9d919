//! The grid in GitHub's Markdown, for a job's summary or a file. It never grows over its limit: the worst rows
//! are kept, and the rest is counted.

use std::collections::BTreeMap;
use std::io;

use super::columns::{Column, columns, short_names};
use super::metrics;
use super::texts::{self, GapOnLines, Look};
use super::verdicts;
use crate::model::Grid;
use crate::model::grid::{Cell, CellState, GridRow, ReleaseLine, Standing};
use crate::report::Style;
use crate::report::headline;
use crate::report::links;
use crate::report::markdown::{Table, breakable_code, link, pieces, provenance, sentences, severity_of};
use crate::report::phrases::{counted, ended, sentence, short, thousands};
use crate::report::places::{self, GapList, IN_PART, NOT_CHECKED};
use crate::text::escape::{markdown, markdown_code, markdown_sentence};

/// Release lines that one entry names.
const MAX_NAMES: usize = 10;

/// A summary that a person reads: the worst rows, in fewer bytes.
pub const SUMMARY: usize = 60_000;
/// Pixels of GitHub's column of text that a table may fill.
const WIDTH: usize = 830;
/// Characters of a version in a cell.
const MAX_VERSION: usize = 14;

/// Writes the report, within [`SUMMARY`].
///
/// # Errors
/// Only those of `out`.
pub fn write(grid: &Grid, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(within(grid, SUMMARY).as_bytes())
}

/// The report in fewer than `limit` bytes, which are at least 20,000 and at most [`SUMMARY`]. What is left out is counted in it.
#[must_use]
pub fn within(grid: &Grid, limit: usize) -> String {
    let limit = limit.clamp(20_000, SUMMARY);
    let columns = columns(&grid.outcome);
    let mut text = sentences(&grid.outcome, &texts::headline(grid), &texts::read(grid));
    if let Some(means) = texts::exit_code(grid) {
        text.push_str(&format!("\n{}.\n", markdown(&sentence(&means))));
    }
    text.push_str(&verdicts::in_markdown(&grid.outcome, limit / 6));
    let blind = texts::gaps(grid, &columns, |coverage| &coverage.blind);
    let partial = texts::gaps(grid, &columns, |coverage| &coverage.partial);
    let below = [
        legend(grid),
        warnings(&grid.warnings, limit / 16),
        reasons(grid, &columns, limit / 4),
        gaps(NOT_CHECKED, &blind, limit / 16),
        gaps(IN_PART, &partial, limit / 16),
        lines(&grid.lines, limit / 16),
        history(grid, limit / 16),
        grid.metrics
            .as_ref()
            .map(|metrics| metrics::markdown::section(metrics, limit / 4))
            .unwrap_or_default(),
        provenance(&grid.outcome),
    ]
    .concat();
    let room = limit.saturating_sub(text.len() + below.len() + 1);
    text.push_str(&table(grid, &columns, room));
    text.push_str(&below);
    text
}

/// What a row of the table shows of the release lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// A column each, with versions.
    Versions,
    /// A column each, with symbols.
    Symbols,
    /// One column that names them: more would not fit.
    Names,
}

impl Detail {
    /// The most that fits.
    fn of(grid: &Grid, columns: &[Column<'_>]) -> Self {
        // A cell is as wide as its longest word, with 13 pixels on either side.
        let cell = |characters: usize| characters * 8 + 26;
        let word = |text: &str| {
            pieces(text)
                .map(|piece| piece.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widest = |of: &dyn Fn(&GridRow) -> usize| grid.rows.iter().map(of).max().unwrap_or_default();
        let head = |column: &Column<'_>| word(&short(&column.name, MAX_HEAD));
        let stub = cell(widest(&|row| word(&short(&texts::package(row), MAX_PACKAGE))))
            + cell(widest(&|row| word(&short(row.id(), 100)) + 1).max(10));
        let width = |of: &dyn Fn(&Column<'_>) -> usize| stub + columns.iter().map(of).sum::<usize>();
        let versions = width(&|column| {
            let version = |row: &GridRow| {
                let version = column.cell(row).and_then(|cell| cell.version.as_deref());
                version.map_or(0, |version| short(version, MAX_VERSION).chars().count() + 1)
            };
            let verdict = headline::symbol(column.target.verdict);
            let verdict = verdict.split(' ').map(|word| word.chars().count() + 1).max();
            cell(
                head(column)
                    .max(widest(&version))
                    .max(verdict.unwrap_or_default()),
            )
        });
        let symbols = width(&|column| cell(head(column)));
        match (versions <= WIDTH, symbols <= WIDTH) {
            (true, _) => Self::Versions,
            (false, true) => Self::Symbols,
            (false, false) => Self::Names,
        }
    }
}

/// Characters of the name of a release line and of a package that a table shows.
const MAX_HEAD: usize = 40;
const MAX_PACKAGE: usize = 60;

fn table(grid: &Grid, columns: &[Column<'_>], room: usize) -> String {
    if grid.rows.is_empty() {
        return String::new();
    }
    let detail = Detail::of(grid, columns);
    let mut head = "\n### Grid\n\n| Package | Advisory |".to_owned();
    let mut rule = "|---|---|".to_owned();
    let mut first = "| **Verdict** | |".to_owned();
    match detail {
        Detail::Names => {
            head.push_str(" Release lines |");
            rule.push_str("---|");
            first.clear();
        }
        Detail::Versions | Detail::Symbols => {
            for column in columns {
                head.push_str(&format!(" {} |", breakable(&short(&column.name, MAX_HEAD))));
                rule.push_str("---|");
                let verdict = headline::symbol(column.target.verdict);
                let verdict = match detail {
                    Detail::Symbols => verdict.split(' ').next().unwrap_or(verdict),
                    Detail::Versions | Detail::Names => verdict,
                };
                first.push_str(&format!(" **{}** |", markdown(verdict)));
            }
            first.push('\n');
        }
    }
    let mut table = Table::new(&format!("{head}\n{rule}\n{first}"), room);
    for row in &grid.rows {
        table.push(|| {
            let mut line = format!(
                "| {} | {} |",
                breakable(&short(&texts::package(row), MAX_PACKAGE)),
                advisory(row)
            );
            match detail {
                Detail::Names => line.push_str(&format!(" {} |", on_lines(row, columns))),
                Detail::Versions | Detail::Symbols => {
                    for column in columns {
                        line.push_str(&match column.cell(row) {
                            Some(cell) => format!(" {} |", version(cell, detail)),
                            None => " ? |".to_owned(),
                        });
                    }
                }
            }
            line.push('\n');
            line
        });
    }
    table.finish("row", "rows")
}

/// `**critical 9.1** RUSTSEC-2030-0001, known exploited`, the id as a link to its page.
fn advisory(row: &GridRow) -> String {
    let advisory = &row.advisory;
    let id = markdown_code(&short(row.id(), 100));
    let id = match links::advisory(row.id()) {
        Some(page) => link(&id, &page),
        None => id,
    };
    let mut text = format!("{} {id}", severity_of(advisory));
    if advisory.known_exploited {
        text.push_str(", **known exploited**");
    }
    text
}

/// `✗ 0.10.30 proposed #12`.
fn version(cell: &Cell, detail: Detail) -> String {
    let symbol = symbol(Look::of(cell));
    let version = match (&cell.version, detail) {
        (Some(version), Detail::Versions) => Some(markdown_code(&short(version, MAX_VERSION))),
        (Some(_) | None, Detail::Versions | Detail::Symbols | Detail::Names) => None,
    };
    let request = match detail {
        Detail::Versions => texts::request(cell),
        Detail::Symbols | Detail::Names => None,
    };
    let words = [Some(symbol), version, request];
    words.into_iter().flatten().collect::<Vec<String>>().join(" ")
}

/// `✗ main, 1.4 and 3 more`, a line for each look; where nothing is to be done, how many they are.
fn on_lines(row: &GridRow, columns: &[Column<'_>]) -> String {
    const MAX_SHOWN: usize = 4;
    let mut of_look: BTreeMap<Look, Vec<&str>> = BTreeMap::new();
    for column in columns {
        let look = column.cell(row).map_or(Look::Unknown, Look::of);
        of_look.entry(look).or_default().push(&column.name);
    }
    let shown = of_look.into_iter().map(|(look, names)| {
        let count = thousands(names.len() as u64);
        match look {
            Look::Fixed | Look::NotAffected | Look::Absent => {
                format!("{} {count} {}", symbol(look), look.as_str())
            }
            Look::Blocks | Look::Warns | Look::Noted | Look::Unknown | Look::Accepted => {
                let left = names.len().saturating_sub(MAX_SHOWN);
                let names = names
                    .iter()
                    .take(MAX_SHOWN)
                    .map(|name| breakable(&short(name, MAX_HEAD)));
                let names: Vec<String> = names.collect();
                let more = match left {
                    0 => String::new(),
                    left => format!(" and {} more", thousands(left as u64)),
                };
                format!("{} {}{more}", symbol(look), names.join(", "))
            }
        }
    });
    shown.collect::<Vec<_>>().join("<br>")
}

/// `text`, in which a line may end after a mark: GitHub's page has no room for long words.
fn breakable(text: &str) -> String {
    let pieces: Vec<String> = pieces(text).map(markdown).collect();
    pieces.join("<wbr>")
}

fn symbol(look: Look) -> String {
    match look.symbol() {
        // Alone in a cell, a dash would be no text to some readers.
        "-" => "–".to_owned(),
        // A tilde could begin a stretch that is struck through.
        symbol => markdown(symbol),
    }
}

fn legend(grid: &Grid) -> String {
    let looks: Vec<String> = texts::counts(grid)
        .into_iter()
        .map(|(look, count)| format!("{} {} ({})", symbol(look), look.as_str(), thousands(count as u64)))
        .collect();
    match looks.is_empty() {
        true => String::new(),
        false => format!("\n{}\n", looks.join(" · ")),
    }
}

/// The reasons of the cells; an absent package needs none.
fn reasons(grid: &Grid, columns: &[Column<'_>], room: usize) -> String {
    if grid.rows.is_empty() {
        return String::new();
    }
    let head = "\n<details><summary>The reason for each cell</summary>\n\n";
    let mut table = Table::new(head, room.saturating_sub(20));
    for row in &grid.rows {
        table.push(|| {
            let mut text = format!(
                "- {} {} {}\n",
                markdown_code(&short(row.id(), 100)),
                packages(row),
                markdown(&short(row.advisory.summary.trim(), 200))
            );
            if let Some(remedy) = texts::remedy(row) {
                text.push_str(&format!("  - **{}**\n", markdown(&short(&remedy, 300))));
            }
            if !row.related.is_empty() {
                let related: Vec<String> = row
                    .related
                    .iter()
                    .take(MAX_NAMES)
                    .map(|id| markdown_code(&short(id, 100)))
                    .collect();
                text.push_str(&format!("  - shares a CVE with {}\n", related.join(", ")));
            }
            for same in texts::alike(row, columns) {
                if same.cell.state == CellState::Absent {
                    continue;
                }
                let place = same.cell.occurrences.first().map(|occurrence| {
                    let file = occurrence.file.display();
                    format!(
                        " at {}",
                        markdown_code(&format!("{}:{}", short(&file, 300), occurrence.line))
                    )
                });
                text.push_str(&format!(
                    "  - {}: {}{}: {}\n",
                    names(&same.lines),
                    Look::of(same.cell).as_str(),
                    place.unwrap_or_default(),
                    markdown(&short(&same.cell.reason, 300)),
                ));
            }
            text
        });
    }
    format!("{}\n</details>\n", table.finish("row", "rows"))
}

fn packages(row: &GridRow) -> String {
    const MAX_PACKAGES: usize = 3;
    let shown = row.packages.iter().take(MAX_PACKAGES);
    let shown: Vec<String> = shown
        .map(|package| markdown_code(&short(package.as_str(), 200)))
        .collect();
    match row.packages.len().saturating_sub(MAX_PACKAGES) {
        0 => shown.join(", "),
        more => format!("{} and {}", shown.join(", "), counted(more, "more", "more")),
    }
}

/// The names of release lines, as code.
fn names(lines: &[&str]) -> String {
    let shown: Vec<String> = lines
        .iter()
        .take(MAX_NAMES)
        .map(|name| markdown_code(&short(name, 100)))
        .collect();
    match lines.len().saturating_sub(MAX_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {}", shown.join(", "), counted(more, "more", "more")),
    }
}

fn warnings(warnings: &[String], room: usize) -> String {
    if warnings.is_empty() {
        return String::new();
    }
    let mut table = Table::new("\n", room);
    for warning in warnings {
        table.push(|| format!("- **{}**\n", markdown(&short(warning, 500))));
    }
    table.finish("warning", "warnings")
}

fn gaps(list: GapList, gaps: &[GapOnLines<'_>], room: usize) -> String {
    if gaps.is_empty() {
        return String::new();
    }
    let mut table = Table::new(
        &format!("\n<details><summary>{}</summary>\n\n", list.heading(gaps.len())),
        room.saturating_sub(20),
    );
    for GapOnLines { gap, lines } in gaps {
        table.push(|| {
            let place = places::place(gap, 300).map(|place| markdown_code(&place));
            let on = match lines.as_slice() {
                [] => String::new(),
                lines => format!(" on {}", names(lines)),
            };
            format!(
                "- {}{on}: {} {}\n",
                place.unwrap_or_default(),
                markdown_sentence(&ended(&short(&gap.reason, 300))),
                markdown_sentence(&short(&gap.hint, 300))
            )
        });
    }
    format!("{}\n</details>\n", table.finish(list.one, list.many))
}

fn lines(lines: &[ReleaseLine], room: usize) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let names = short_names(lines.iter().map(|line| line.ref_name.as_str()));
    let head = format!(
        "\n<details><summary>Release lines: {}</summary>\n\n| Release line | Commit | Committed | | Why |\n|---|---|---|---|---|\n",
        texts::standing(lines)
    );
    let mut table = Table::new(&head, room.saturating_sub(20));
    for line in lines {
        table.push(|| {
            let name = names.get(line.ref_name.as_str()).copied();
            format!(
                "| {} | {} | {} | {} | {} |\n",
                markdown_code(&short(name.unwrap_or(&line.ref_name), 100)),
                markdown_code(&short(texts::commit(&line.commit), 64)),
                line.committed.strftime("%Y-%m-%d"),
                match line.standing {
                    Standing::Live => "in",
                    Standing::LeftOut | Standing::Out => "out",
                },
                markdown(&short(&line.reason, 300)),
            )
        });
    }
    format!("{}\n</details>\n", table.finish("release line", "release lines"))
}

fn history(grid: &Grid, room: usize) -> String {
    const MAX_IDS: usize = 5;
    let Some(history) = &grid.history else {
        return String::new();
    };
    let names = short_names(history.iter().map(|held| held.ref_name.as_str()));
    let head = "\n### History\n\n| Package | Ids | Release line | Introduced by | Removed by | Tags |\n|---|---|---|---|---|---|\n";
    let mut table = Table::new(head, room);
    let codes = |texts: &[String]| {
        let shown: Vec<String> = texts
            .iter()
            .take(MAX_IDS)
            .map(|text| markdown_code(&short(text, 100)))
            .collect();
        match texts.len().saturating_sub(MAX_IDS) {
            0 => shown.join(", "),
            more => format!("{} and {}", shown.join(", "), counted(more, "more", "more")),
        }
    };
    for held in history {
        table.push(|| {
            let name = names.get(held.ref_name.as_str()).copied();
            format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                breakable_code(&short(held.package.as_str(), 200)),
                codes(&held.ids),
                breakable_code(&short(name.unwrap_or(&held.ref_name), 100)),
                markdown_code(texts::commit(&held.introduced_by)),
                match &held.removed_by {
                    Some(commit) => markdown_code(texts::commit(commit)),
                    None => "**still locked**".to_owned(),
                },
                codes(&held.tags),
            )
        });
    }
    table.finish("entry", "entries")
}
