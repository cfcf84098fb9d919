//! The grid in GitHub's Markdown, for a job's summary or a file. It never grows over its limit: the worst rows
//! are kept, and the rest is counted.

use std::io;

use super::columns::{Column, columns, short_names};
use super::texts::{self, GapOnLines};
use crate::model::Grid;
use crate::model::grid::{Cell, CellState, GridRow, ReleaseLine, Standing};
use crate::report::Style;
use crate::report::markdown::{SUMMARY, Table, provenance, sentences};
use crate::report::phrases::{self, counted, short};
use crate::report::places::{self, GapList, NOT_CHECKED, NOT_PINNED};
use crate::text::escape::{markdown, markdown_code};

/// Release lines that one entry names.
const MAX_NAMES: usize = 10;

/// Writes the report, within [`SUMMARY`].
///
/// # Errors
/// Only those of `out`.
pub fn write(grid: &Grid, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(within(grid, SUMMARY).as_bytes())
}

/// The report in fewer than `limit` bytes, which are at least 20,000. What is left out is counted in it.
#[must_use]
pub fn within(grid: &Grid, limit: usize) -> String {
    let limit = limit.max(20_000);
    let columns = columns(grid);
    let mut text = sentences(&grid.outcome, &texts::headline(grid), &texts::read(grid));
    text.push_str(&warnings(&grid.warnings, limit / 16));
    let blind = texts::gaps(grid, &columns, |coverage| &coverage.blind);
    let partial = texts::gaps(grid, &columns, |coverage| &coverage.partial);
    let below = [
        legend(grid),
        reasons(grid, &columns, limit / 4),
        gaps(NOT_CHECKED, &blind, limit / 16),
        gaps(NOT_PINNED, &partial, limit / 16),
        lines(&grid.lines, limit / 16),
        history(grid, limit / 16),
        provenance(&grid.outcome),
    ]
    .concat();
    let room = limit.saturating_sub(text.len() + below.len() + 1);
    text.push_str(&table(grid, &columns, room));
    text.push_str(&below);
    text
}

fn table(grid: &Grid, columns: &[Column<'_>], room: usize) -> String {
    if grid.rows.is_empty() {
        return String::new();
    }
    let mut head = "\n### Grid\n\n| Advisory | Package |".to_owned();
    let mut rule = "|---|---|".to_owned();
    // A head leaves room for rows.
    let mut shown = 0;
    for column in columns {
        let name = format!(" {} |", markdown_code(&short(&column.name, 100)));
        if head.len() + rule.len() + name.len() > room / 2 {
            break;
        }
        head.push_str(&name);
        rule.push_str("---|");
        shown += 1;
    }
    let columns = columns.get(..shown).unwrap_or_default();
    let mut table = Table::new(&format!("{head}\n{rule}\n"), room.saturating_sub(200));
    for row in &grid.rows {
        table.push(|| {
            let mut line = format!("| {} | {} |", advisory(row), packages(row));
            for column in columns {
                line.push_str(&match column.cell(row) {
                    Some(cell) => format!(" {} |", version(cell)),
                    None => " ? |".to_owned(),
                });
            }
            line.push('\n');
            line
        });
    }
    let mut text = table.finish("row", "rows");
    match grid.outcome.targets.len().saturating_sub(shown) {
        0 => {}
        left => text.push_str(&format!(
            "\n… and {} more, left out for length: `--format json` lists all.\n",
            counted(left, "release line", "release lines")
        )),
    }
    text
}

/// `**critical 9.1** RUSTSEC-2030-0001, CVE-2030-1, known exploited`.
fn advisory(row: &GridRow) -> String {
    const MAX_ALIASES: usize = 3;
    let advisory = &row.advisory;
    let mut text = format!(
        "**{}** {}",
        markdown(&phrases::severity(advisory)),
        markdown_code(&short(&advisory.id, 100))
    );
    for alias in advisory.aliases.iter().take(MAX_ALIASES) {
        text.push_str(&format!(", {}", markdown_code(&short(alias, 100))));
    }
    if advisory.known_exploited {
        text.push_str(", **known exploited**");
    }
    text
}

fn packages(row: &GridRow) -> String {
    const MAX_PACKAGES: usize = 3;
    let shown: Vec<String> = row
        .packages
        .iter()
        .take(MAX_PACKAGES)
        .map(|package| markdown_code(&short(package.as_str(), 200)))
        .collect();
    let mut text = shown.join(", ");
    match row.packages.len().saturating_sub(MAX_PACKAGES) {
        0 => {}
        more => text.push_str(&format!(" and {}", counted(more, "more", "more"))),
    }
    text
}

/// `✗ 0.10.30`.
fn version(cell: &Cell) -> String {
    let symbol = texts::symbol(cell.state);
    // Alone in a cell, a dash would be no text to some readers.
    let symbol = if symbol == "-" { "–" } else { symbol };
    match &cell.version {
        Some(version) => format!("{symbol} {}", markdown_code(&short(version, 60))),
        None => symbol.to_owned(),
    }
}

fn legend(grid: &Grid) -> String {
    if grid.rows.is_empty() {
        return String::new();
    }
    let states: Vec<String> = texts::counts(grid)
        .into_iter()
        .map(|(state, count)| {
            let symbol = match texts::symbol(state) {
                "-" => "–".to_owned(),
                // A tilde could begin a stretch that is struck through.
                symbol => markdown(symbol),
            };
            format!(
                "{symbol} {} {}",
                phrases::thousands(count as u64),
                texts::state(state)
            )
        })
        .collect();
    format!("\n{}\n", states.join(" · "))
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
                "- {} {}\n",
                markdown_code(&short(&row.advisory.id, 100)),
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
                    texts::state(same.cell.state),
                    place.unwrap_or_default(),
                    markdown(&short(&same.cell.reason, 300)),
                ));
            }
            text
        });
    }
    format!("{}\n</details>\n", table.finish("row", "rows"))
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
                "- {}{on}: {}. {}\n",
                place.unwrap_or_default(),
                markdown(&short(&gap.reason, 300)),
                markdown(&short(&gap.hint, 300))
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
                markdown_code(&short(held.package.as_str(), 200)),
                codes(&held.ids),
                markdown_code(&short(name.unwrap_or(&held.ref_name), 100)),
                markdown_code(&short(&held.introduced_by, 64)),
                match &held.removed_by {
                    Some(commit) => markdown_code(&short(commit, 64)),
                    None => "**still locked**".to_owned(),
                },
                codes(&held.tags),
            )
        });
    }
    table.finish("entry", "entries")
}
