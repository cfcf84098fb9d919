//! The grid as a page: the table, and below it each advisory with the reason of every cell.

use std::collections::{BTreeSet, HashMap};
use std::io;

use super::coverage::{cut, entry, fold, provenance};
use super::markup::{Markup, markup};
use super::page::{
    self, Count, Section, choice, code, codes, exploitation, exploited, fact, level, level_key, link,
    published,
};
use super::{metrics, paths, to_do};
use crate::model::advisory::Class;
use crate::model::grid::{Cell, CellState, GridRow, ReleaseLine, Standing};
use crate::model::{Finding, Grid, Level, PackageUrl, Verdict};
use crate::remediation::remediations;
use crate::report::grid::columns::{Column, columns, short_names};
use crate::report::grid::texts::{self, GapOnLines, Look};
use crate::report::phrases::{counted, short, thousands};
use crate::report::places::{IN_PART, place};
use crate::report::{Style, headline, links};

/// Cells in the page, those of the worst rows; the JSON has all.
pub const MAX_CELLS: usize = 60_000;
/// Upgrades that are open above the table.
const MAX_OPEN: usize = 3;
/// Entries of a list.
const MAX_ENTRIES: usize = 1_000;
/// Names of release lines, ids, packages and places in one entry.
const MAX_LISTED: usize = 20;
/// Characters of a reason where the pointer rests.
const MAX_HINT: usize = 160;

/// Writes the page.
///
/// # Errors
/// Only those of `out`.
pub fn write(grid: &Grid, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = columns(&grid.outcome);
    let outcome = &grid.outcome;
    let failing = remediations(outcome, Finding::blocks);
    let names: Vec<String> = columns
        .iter()
        .map(|column| column.name.clone().into_owned())
        .collect();
    let names = to_do::TreeNames::of(outcome, names);
    let most = MAX_CELLS / columns.len().max(1);
    let rows = grid.rows.get(..most.min(grid.rows.len())).unwrap_or_default();
    let [upgrades, unfixed] = to_do::sections(&failing, &names, MAX_OPEN);
    let sections: Vec<Section> = [
        Some(table(grid, rows, &columns)),
        upgrades,
        unfixed,
        advisories(grid, rows, &columns),
        Some(lines(grid)),
        history(grid),
        grid.metrics.as_ref().map(metrics::section),
        Some(coverage(grid, &columns)),
        Some(provenance(outcome)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut words = texts::headline(grid);
    words.extend(texts::exit_code(grid));
    let bar = page::bar(&super::all_of(&failing));
    let body = page::body(outcome, &words, bar, &numbers(grid), &sections, style);
    page::write(outcome.verdict, &body, out)
}

/// What the page counts; the numbers are those of the JSON.
fn numbers(grid: &Grid) -> Vec<Count> {
    let targets = &grid.outcome.targets;
    let ids: BTreeSet<&str> = grid.rows.iter().map(|row| row.advisory.id.as_str()).collect();
    let mut numbers = vec![
        Count::new("rows", ("advisory", "advisories"), ids.len(), ""),
        Count::new("lines", ("release line", "release lines"), targets.len(), ""),
    ];
    for (verdict, label, class) in [
        (Verdict::Blocked, "blocked", "bad"),
        (Verdict::Incomplete, "incomplete", "bad"),
        (Verdict::Pass, "pass", ""),
        (Verdict::NothingToScan, "without lockfiles", "warn"),
    ] {
        let count = targets.iter().filter(|target| target.verdict == verdict).count();
        if count > 0 {
            numbers.push(Count::new(verdict.as_str(), (label, label), count, class));
        }
    }
    numbers
}

/// A letter for each look, for the filter.
fn letter(look: Look) -> char {
    match look {
        Look::Blocks => 'b',
        Look::Warns => 'w',
        Look::Noted => 'i',
        Look::Unknown => 'u',
        Look::Accepted => 'e',
        Look::Fixed => 'f',
        Look::NotAffected => 'n',
        Look::Absent => 'm',
    }
}

/// The look as a class of the style sheet.
fn class(look: Look) -> String {
    look.as_str().replace(' ', "_")
}

fn table(grid: &Grid, rows: &[GridRow], columns: &[Column<'_>]) -> Section {
    let heads = columns.iter().map(|column| {
        let key = short(column.key, 300);
        markup!(
            "<th scope=\"col\" data-ref=\"" (key) "\" title=\"" (key) "\">" (short(&column.name, 100)) "</th>"
        )
    });
    let verdicts = columns.iter().map(|column| {
        let verdict = column.target.verdict;
        markup!("<td class=\"verdict " (verdict.as_str()) "\">" (headline::symbol(verdict)) "</td>")
    });
    let entries = rows.iter().enumerate();
    let entries = entries.map(|(number, row)| table_row(number + 1, row, columns));
    let cut = (grid.rows.len() > rows.len()).then(|| {
        markup!(
            "<p class=\"cut\">The worst " (thousands(rows.len() as u64)) " of " (thousands(grid.rows.len() as u64))
            " advisories are in this page; <code>--format json</code> lists all.</p>\n"
        )
    });
    let width = Width::of(columns.len());
    let too_wide = (width == Width::TooWide).then(|| {
        markup!(
            "<p class=\"on-paper\">The grid of " (thousands(columns.len() as u64))
            " release lines is too wide for paper: each advisory below names the lines that it affects.</p>\n"
        )
    });
    let content = match rows.is_empty() {
        true => markup!("<p class=\"empty\">No advisory applies to any release line.</p>\n"),
        false => markup!(
            "" (filter(rows)) "<p class=\"count\" id=\"count\" role=\"status\">"
            (counted(rows.len(), "row", "rows")) ", worst first</p>\n" (cut) "" (too_wide)
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"The grid: advisories and release lines\">\n"
            "<table class=\"grid" (width.class()) "\">\n<thead><tr><th scope=\"col\">Package</th>" (heads.collect::<Vec<_>>())
            "</tr>\n<tr class=\"verdicts\"><th scope=\"row\">Verdict</th>" (verdicts.collect::<Vec<_>>())
            "</tr></thead>\n<tbody>\n" (entries.collect::<Vec<_>>()) "</tbody>\n</table>\n</div>\n" (legend(rows))
            "<p class=\"empty\" id=\"none\" hidden>Nothing matches the filter.</p>\n"
        ),
    };
    Section {
        id: "grid",
        title: "Grid",
        markup: content,
    }
}

fn table_row(number: usize, row: &GridRow, columns: &[Column<'_>]) -> Markup {
    let advisory = &row.advisory;
    let request =
        |cell| texts::request(cell).map(|request| markup!(" <span class=\"id\">" (request) "</span>"));
    let cells = columns.iter().map(|column| match column.cell(row) {
        Some(cell) => markup!(
            "<td class=\"" (class(Look::of(cell))) "\" title=\"" (short(&cell.reason, MAX_HINT)) "\"><i>"
            (Look::of(cell).as_str()) " </i>" (cell.version.as_deref().map(|version| short(version, 60))) ""
            (request(cell)) "</td>"
        ),
        None => markup!("<td class=\"unknown\"><i>unknown</i></td>"),
    });
    markup!(
        "<tr id=\"r" (number) "\"><th scope=\"row\"><a href=\"#a" (number) "\">" (short(&texts::package(row), 200))
        "</a><span class=\"about\">" (level(advisory)) " <span class=\"id\">" (id(row)) "</span></span></th>"
        (cells.collect::<Vec<_>>()) "</tr>\n"
    )
}

/// The address of the page of a row's advisory.
fn page_of(row: &GridRow) -> Option<String> {
    let is_published = row.advisory.class != Class::Confusion;
    is_published.then(|| links::advisory(row.id())).flatten()
}

/// The id of a row's advisory, with a link to its page where there is one.
fn id(row: &GridRow) -> Markup {
    let shown = short(row.id(), 200);
    match page_of(row) {
        Some(address) => link(&address, &shown),
        None => Markup::of(shown),
    }
}

/// How the table goes on paper, by its release lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    /// As on a screen.
    Fits,
    /// With a symbol in each cell, under names that stand upright.
    Wide,
    /// Not at all.
    TooWide,
}

impl Width {
    fn of(columns: usize) -> Self {
        match columns {
            0..=8 => Self::Fits,
            9..=50 => Self::Wide,
            _ => Self::TooWide,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Fits => "",
            Self::Wide => " wide",
            Self::TooWide => " too-wide",
        }
    }
}

fn legend(rows: &[GridRow]) -> Markup {
    let cells = rows.iter().flat_map(|row| &row.cells);
    let looks: BTreeSet<Look> = cells.map(Look::of).collect();
    markup!("<p class=\"legend\">" (Markup::joined(looks.into_iter().map(look_tag), "\n")) "</p>\n")
}

fn look_tag(look: Look) -> Markup {
    markup!("<span class=\"state " (class(look)) "\">" (look.as_str()) "</span>")
}

/// The form above the table. It serves the list below too, and shows only when the script that serves it runs.
fn filter(rows: &[GridRow]) -> Markup {
    let option = |value: &str, letters: String, shown: &str| markup!("<option value=\"" (value) "\" data-letters=\"" (letters) "\">" (shown) "</option>");
    let affected: String = [Look::Blocks, Look::Warns, Look::Noted]
        .map(letter)
        .into_iter()
        .collect();
    let mut states = vec![option("affected", affected, "affected")];
    states.extend(Look::ALL.map(|look| {
        // The name of the state in JSON.
        let value = if look == Look::Accepted {
            CellState::Excepted.as_str().to_owned()
        } else {
            class(look)
        };
        option(&value, letter(look).to_string(), look.as_str())
    }));
    let classes = Class::ALL
        .into_iter()
        .filter(|class| rows.iter().any(|row| row.advisory.class == *class));
    let classes: Vec<String> = classes.map(|class| class.to_string()).collect();
    let levels = Level::ALL
        .into_iter()
        .filter(|level| rows.iter().any(|row| level_key(&row.advisory) == level.as_str()));
    let levels: Vec<String> = levels.map(|level| level.to_string()).collect();
    markup!(
        "<form class=\"filter\" id=\"filter\" role=\"search\" aria-label=\"Filter the grid\" data-list=\"list\" hidden>\n"
        "<label class=\"search\">Search <input type=\"search\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" "
        "placeholder=\"id, package, file, words\"></label>\n"
        "<label>Release line <input type=\"search\" name=\"ref\" autocomplete=\"off\" spellcheck=\"false\" "
        "placeholder=\"part of a name\"></label>\n"
        "<label>State <select name=\"state\"><option value=\"\">any</option>" (states) "</select></label>\n"
        (choice("class", "Class", &classes)) "" (choice("severity", "Severity", &levels))
        "<button type=\"reset\">Clear</button>\n</form>\n"
    )
}

/// Each row in full.
fn advisories(grid: &Grid, rows: &[GridRow], columns: &[Column<'_>]) -> Option<Section> {
    if rows.is_empty() {
        return None;
    }
    // The first line that is affected shows how the package came there.
    let mut drawn: HashMap<(&str, &str), (&Column<'_>, &Finding)> = HashMap::new();
    for column in columns {
        for finding in &column.target.findings {
            if finding.paths.first().is_some_and(|path| path.len() > 1) {
                drawn
                    .entry((finding.advisory.id.as_str(), finding.purl.package()))
                    .or_insert((column, finding));
            }
        }
    }
    let entries = rows.iter().enumerate().map(|(number, row)| {
        let package = row.packages.first().map_or("", PackageUrl::as_str);
        let drawn = drawn.get(&(row.advisory.id.as_str(), package)).copied();
        entry_of(number + 1, row, columns, drawn)
    });
    let left = grid.rows.len().saturating_sub(rows.len());
    let cut = (left > 0).then(|| {
        markup!(
            "<p class=\"cut\">… and " (counted(left, "more advisory", "more advisories"))
            "; <code>--format json</code> lists all.</p>\n"
        )
    });
    Some(Section {
        id: "advisories",
        title: "Advisories",
        markup: markup!("<ol class=\"list\" id=\"list\">\n" (entries.collect::<Vec<_>>()) "</ol>\n" (cut)),
    })
}

fn entry_of(
    number: usize,
    row: &GridRow,
    columns: &[Column<'_>],
    drawn: Option<(&Column<'_>, &Finding)>,
) -> Markup {
    let advisory = &row.advisory;
    let cells: String = columns
        .iter()
        .map(|column| letter(column.cell(row).map_or(Look::Unknown, Look::of)))
        .collect();
    let affected = row.cells.iter();
    let affected = affected.filter(|cell| cell.state == CellState::Affected).count();
    let facts = vec![
        fact("Advisory", page_of(row).map(|address| link(&address, row.id()))),
        fact(
            "Also known as",
            codes(row.other_ids().collect::<Vec<_>>().into_iter(), MAX_LISTED),
        ),
        fact(
            "Shares a CVE with",
            codes(row.related.iter().map(String::as_str), MAX_LISTED),
        ),
        exploitation(advisory),
        published(advisory),
    ];
    let states = texts::alike(row, columns);
    let states = states.iter().map(|same| cell_entry(same.cell, &same.lines));
    let drawn = drawn.map(|(column, finding)| {
        markup!(
            "<p class=\"quiet\">Dependency path on " (code(short(&column.name, 100))) ":</p>\n" (paths::tree(finding))
        )
    });
    markup!(
        "<li id=\"a" (number) "\" data-row=\"" (number) "\" data-class=\"" (advisory.class.as_str())
        "\" data-severity=\"" (level_key(advisory)) "\" data-cells=\"" (cells)
        "\"><details class=\"advisory\">\n<summary>" (level(advisory)) " <span><span class=\"id\">" (short(row.id(), 200))
        "</span>" (exploited(advisory)) " <span class=\"about\">" (short(advisory.summary.trim(), 300))
        "</span></span> <span>" (codes(row.packages.iter().map(PackageUrl::as_str), 3)) "<span class=\"about\">"
        (texts::remedy(row)) "</span></span> <span>" (thousands(affected as u64)) " of "
        (counted(columns.len(), "release line", "release lines"))
        " affected</span></summary>\n<div class=\"body\">\n<dl class=\"facts-list\">\n" (facts)
        "</dl>\n<ul class=\"cells\">\n" (states.collect::<Vec<_>>()) "</ul>\n" (drawn) "</div></details></li>\n"
    )
}

/// A state, the release lines that are in it, and why.
fn cell_entry(cell: &Cell, lines: &[&str]) -> Markup {
    type Version<'c> = (&'c str, Option<&'c str>);
    let mut of_version: Vec<(Version<'_>, Vec<String>)> = Vec::new();
    for occurrence in cell.occurrences.iter().take(MAX_LISTED) {
        let key = (occurrence.version.as_str(), occurrence.upgrade.as_deref());
        let place = format!("{}:{}", short(&occurrence.file.display(), 300), occurrence.line);
        match of_version.iter_mut().find(|(known, _)| *known == key) {
            Some((_, places)) => places.push(place),
            None => of_version.push((key, vec![place])),
        }
    }
    let locations = of_version.iter().map(|((version, upgrade), places)| {
        let upgrade = upgrade.map(|upgrade| markup!(" → "(code(short(upgrade, 100)))));
        let places = codes(places.iter().map(String::as_str), MAX_LISTED);
        markup!("<div>" (code(short(version, 100))) "" (upgrade) " <span class=\"quiet\">" (places) "</span></div>")
    });
    let more = cell.occurrences.len().saturating_sub(MAX_LISTED);
    let more = (more > 0).then(|| markup!("<div>and " (thousands(more as u64)) " more</div>"));
    markup!(
        "<li>" (look_tag(Look::of(cell))) " <span>" (codes(lines.iter().copied(), MAX_LISTED))
        "</span> <div class=\"words\">" (short(&cell.reason, 500)) "" (locations.collect::<Vec<_>>()) "" (more)
        "</div></li>\n"
    )
}

/// Which refs are release lines, and why.
fn lines(grid: &Grid) -> Section {
    let warnings = grid
        .warnings
        .iter()
        .take(MAX_ENTRIES)
        .map(|warning| markup!("<p class=\"cut words\">" (short(warning, 500)) "</p>\n"));
    let names = short_names(grid.lines.iter().map(|line| line.ref_name.as_str()));
    let table = |head: &'static str, lines: &[&ReleaseLine]| {
        let rows = lines.iter().take(MAX_ENTRIES).map(|line| {
            let name = names.get(line.ref_name.as_str()).copied();
            markup!(
                "<tr><td>" (code(short(name.unwrap_or(&line.ref_name), 200))) "</td><td class=\"words\">"
                (short(&line.reason, 300)) "</td><td data-name=\"commit\">"
                (code(short(texts::commit(&line.commit), 64))) "</td><td data-name=\"committed\">"
                (line.committed.strftime("%Y-%m-%d").to_string()) "</td></tr>\n"
            )
        });
        let table = || {
            markup!(
                "<table class=\"plain\"><thead><tr><th>" (head) "</th><th>Why</th><th>Commit</th><th>Committed</th></tr></thead><tbody>\n"
                (rows.collect::<Vec<_>>()) "</tbody></table>\n" (cut(lines.len(), "ref", "refs"))
            )
        };
        (!lines.is_empty()).then(table)
    };
    let (live, others): (Vec<&ReleaseLine>, Vec<&ReleaseLine>) = grid
        .lines
        .iter()
        .partition(|line| line.standing == Standing::Live);
    let others =
        table("Ref", &others).map(|table| fold(&counted(others.len(), "other ref", "other refs"), table));
    Section {
        id: "lines",
        title: "Release lines",
        markup: markup!(
            "<p class=\"intro\">" (texts::standing(&grid.lines)) ".</p>\n" (warnings.collect::<Vec<_>>()) "" (table("Release line", &live)) "" (others)
        ),
    }
}

/// Which release line locked what, since which commit and until which.
fn history(grid: &Grid) -> Option<Section> {
    let history = grid.history.as_ref()?;
    let names = short_names(history.iter().map(|held| held.ref_name.as_str()));
    let rows = history.iter().take(MAX_ENTRIES).map(|held| {
        let name = names.get(held.ref_name.as_str()).copied();
        let removed = match &held.removed_by {
            Some(commit) => code(short(commit, 64)),
            None => markup!("<span class=\"tag bad\">still locked</span>"),
        };
        markup!(
            "<tr><td>" (code(short(held.package.as_str(), 200))) "</td><td>"
            (codes(held.ids.iter().map(String::as_str), MAX_LISTED)) "</td><td data-name=\"release line\">"
            (code(short(name.unwrap_or(&held.ref_name), 200))) "</td><td data-name=\"introduced by\">"
            (code(short(&held.introduced_by, 64))) "</td><td data-name=\"removed by\">" (removed)
            "</td><td data-name=\"tags\">" (codes(held.tags.iter().map(String::as_str), MAX_LISTED)) "</td></tr>\n"
        )
    });
    let content = match history.is_empty() {
        true => markup!("<p class=\"empty\">No release line ever locked an affected version.</p>\n"),
        false => markup!(
            "<table class=\"plain\"><thead><tr><th>Package</th><th>Advisory</th><th>Release line</th><th>Introduced by</th>"
            "<th>Removed by</th><th>Tags</th></tr></thead><tbody>\n" (rows.collect::<Vec<_>>())
            "</tbody></table>\n" (cut(history.len(), "entry", "entries"))
        ),
    };
    Some(Section {
        id: "history",
        title: "History",
        markup: content,
    })
}

/// What was not checked, and on which release lines.
fn coverage(grid: &Grid, columns: &[Column<'_>]) -> Section {
    let blind = texts::gaps(grid, columns, |coverage| &coverage.blind);
    let mut content = match blind.as_slice() {
        [] => markup!("<p class=\"intro\">Every lockfile of every release line was read completely.</p>\n"),
        blind => markup!(
            "<p class=\"intro\">Not everything was checked: more may be hidden there.</p>\n"(gaps(blind))
        ),
    };
    let partial = texts::gaps(grid, columns, |coverage| &coverage.partial);
    if !partial.is_empty() {
        content.add(fold(&IN_PART.phrase(partial.len()), gaps(&partial)));
    }
    Section {
        id: "coverage",
        title: "Coverage",
        markup: content,
    }
}

fn gaps(gaps: &[GapOnLines<'_>]) -> Markup {
    let entries = gaps.iter().take(MAX_ENTRIES).map(|GapOnLines { gap, lines }| {
        let lines: Vec<&str> = lines
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let on = (!lines.is_empty()).then(|| markup!(" on "(codes(lines.into_iter(), MAX_LISTED))));
        entry(place(gap, 300), on, &gap.reason, &gap.hint)
    });
    markup!(
        "<ul class=\"gaps\">\n" (entries.collect::<Vec<_>>()) "</ul>\n" (cut(gaps.len(), "gap", "gaps"))
    )
}
