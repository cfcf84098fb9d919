//! The grid as a page: the table, and below it each advisory with the reason of every cell.

use std::collections::{BTreeSet, HashMap};
use std::io;

use super::coverage::{cut, entry, fold, provenance};
use super::page::{self, Number, Section, code, fact, level};
use super::{paths, to_do};
use crate::model::advisory::Class;
use crate::model::grid::{Cell, CellState, Row, Standing};
use crate::model::{Finding, Grid, Level, PackageUrl};
use crate::remediation::remediations;
use crate::report::grid::columns::{Column, columns, short_names};
use crate::report::grid::words::{self, GapOnLines};
use crate::report::phrases::{counted, short, thousands};
use crate::report::places::place;
use crate::report::{Style, headline};
use crate::text::escape::html;

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
pub fn write(grid: &Grid, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = columns(grid);
    let outcome = &grid.outcome;
    let failing = remediations(outcome, Finding::blocks);
    let names: Vec<String> = columns
        .iter()
        .map(|column| column.name.clone().into_owned())
        .collect();
    let names = to_do::TreeNames::of(outcome, names);
    let most = MAX_CELLS / columns.len().max(1);
    let rows = grid.rows.get(..most.min(grid.rows.len())).unwrap_or_default();
    let sections: Vec<Section> = [
        to_do::section(&failing, &names, MAX_OPEN),
        Some(table(grid, rows, &columns)),
        advisories(grid, rows, &columns),
        Some(lines(grid)),
        history(grid),
        Some(coverage(grid, &columns)),
        Some(provenance(outcome)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let body = page::body(
        outcome,
        &words::headline(grid),
        &words::read(grid),
        &numbers(grid),
        &sections,
    );
    page::write(outcome.verdict, &body, out)
}

/// What the page counts; the numbers are those of the JSON.
fn numbers(grid: &Grid) -> Vec<Number> {
    let mut numbers = vec![
        Number::new("rows", "advisories", grid.rows.len(), ""),
        Number::new("lines", "release lines", grid.outcome.targets.len(), ""),
    ];
    for (state, count) in words::counts(grid) {
        let class = match state {
            CellState::Affected => "bad",
            CellState::Unknown => "warn",
            CellState::Excepted | CellState::Fixed | CellState::NotAffected | CellState::Absent => "",
        };
        let label = match state {
            CellState::Affected => "cells affected",
            CellState::Unknown
            | CellState::Excepted
            | CellState::Fixed
            | CellState::NotAffected
            | CellState::Absent => words::state(state),
        };
        numbers.push(Number::new(state.as_str(), label, count, class));
    }
    numbers
}

/// A letter for each state, for the filter.
fn letter(state: CellState) -> char {
    match state {
        CellState::Affected => 'a',
        CellState::Unknown => 'u',
        CellState::Excepted => 'e',
        CellState::Fixed => 'f',
        CellState::NotAffected => 'n',
        CellState::Absent => 'm',
    }
}

fn table(grid: &Grid, rows: &[Row], columns: &[Column<'_>]) -> Section {
    let mut markup = String::new();
    if rows.is_empty() {
        markup.push_str("<p class=\"empty\">No advisory applies to any release line.</p>\n");
    } else {
        markup.push_str(&filter(rows));
        markup.push_str(&format!(
            "<p class=\"count\" id=\"count\" role=\"status\">{}, worst first</p>\n",
            counted(rows.len(), "advisory", "advisories")
        ));
        if grid.rows.len() > rows.len() {
            markup.push_str(&format!(
                "<p class=\"cut\">The worst {} of {} advisories are in this page; <code>--format json</code> lists all.</p>\n",
                thousands(rows.len() as u64),
                thousands(grid.rows.len() as u64)
            ));
        }
        markup.push_str(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"The grid: advisories and release lines\">\n<table class=\"grid\">\n<thead><tr><th scope=\"col\">Advisory</th>",
        );
        for column in columns {
            markup.push_str(&format!(
                "<th scope=\"col\" data-ref=\"{key}\" title=\"{key}\">{}</th>",
                html(&short(&column.name, 100)),
                key = html(&short(column.key, 300)),
            ));
        }
        markup.push_str("</tr></thead>\n<tbody>\n");
        for (number, row) in rows.iter().enumerate() {
            markup.push_str(&table_row(number + 1, row, columns));
        }
        markup.push_str("</tbody>\n</table>\n</div>\n");
        markup.push_str(&legend());
        markup.push_str("<p class=\"empty\" id=\"none\" hidden>Nothing matches the filter.</p>\n");
    }
    Section {
        id: "grid",
        title: "Grid",
        markup,
    }
}

fn table_row(number: usize, row: &Row, columns: &[Column<'_>]) -> String {
    let advisory = &row.advisory;
    let mut text = format!(
        "<tr id=\"r{number}\"><th scope=\"row\"><a href=\"#a{number}\">{}</a><span class=\"about\">{} {}</span></th>",
        html(&short(&advisory.id, 200)),
        level(advisory),
        row.packages
            .first()
            .map(|package| code(&short(package.as_str(), 200)))
            .unwrap_or_default(),
    );
    for column in columns {
        match column.cell(row) {
            Some(cell) => text.push_str(&format!(
                "<td class=\"{}\" title=\"{}\"><i>{} </i>{}</td>",
                cell.state.as_str(),
                html(&short(&cell.reason, MAX_HINT)),
                words::state(cell.state),
                cell.version
                    .as_deref()
                    .map(|version| html(&short(version, 60)))
                    .unwrap_or_default(),
            )),
            None => text.push_str("<td class=\"unknown\"><i>unknown</i></td>"),
        }
    }
    text.push_str("</tr>\n");
    text
}

fn legend() -> String {
    let states: Vec<String> = CellState::ALL
        .into_iter()
        .map(|state| {
            format!(
                "<span class=\"state {}\">{}</span>",
                state.as_str(),
                words::state(state)
            )
        })
        .collect();
    format!("<p class=\"legend\">{}</p>\n", states.join("\n"))
}

/// The form above the table. It serves the list below too, and shows only when the script that serves it runs.
fn filter(rows: &[Row]) -> String {
    let mut text = "<form class=\"filter\" id=\"filter\" role=\"search\" aria-label=\"Filter the grid\" data-list=\"list\" hidden>\n\
         <label class=\"search\">Search <input type=\"search\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"id, package, file, words\"></label>\n\
         <label>Release line <input type=\"search\" name=\"ref\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"part of a name\"></label>\n\
         <label>State <select name=\"state\"><option value=\"\">any</option>"
        .to_owned();
    for state in CellState::ALL {
        text.push_str(&format!(
            "<option value=\"{}\" data-letter=\"{}\">{}</option>",
            state.as_str(),
            letter(state),
            words::state(state)
        ));
    }
    text.push_str("</select></label>\n");
    let classes = Class::ALL
        .into_iter()
        .filter(|class| rows.iter().any(|row| row.advisory.class == *class));
    text.push_str(&choice("class", "Class", classes.map(Class::as_str)));
    let levels = Level::ALL
        .into_iter()
        .filter(|level| rows.iter().any(|row| row.advisory.severity.level == *level));
    text.push_str(&choice("severity", "Severity", levels.map(Level::as_str)));
    text.push_str("<button type=\"reset\">Clear</button>\n</form>\n");
    text
}

fn choice(name: &str, label: &str, words: impl Iterator<Item = &'static str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.len() < 2 {
        return String::new();
    }
    let options: Vec<String> = words
        .iter()
        .map(|word| format!("<option value=\"{word}\">{word}</option>"))
        .collect();
    format!(
        "<label>{label} <select name=\"{name}\"><option value=\"\">any</option>{}</select></label>\n",
        options.concat()
    )
}

/// Each row in full.
fn advisories(grid: &Grid, rows: &[Row], columns: &[Column<'_>]) -> Option<Section> {
    if rows.is_empty() {
        return None;
    }
    // The first line that is affected shows how the package came there.
    let mut drawn: HashMap<&str, (&Column<'_>, &Finding)> = HashMap::new();
    for column in columns {
        for finding in &column.target.findings {
            if finding.paths.first().is_some_and(|path| path.len() > 1) {
                drawn
                    .entry(finding.advisory.id.as_str())
                    .or_insert((column, finding));
            }
        }
    }
    let mut markup = "<ol class=\"list\" id=\"list\">\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        markup.push_str(&entry_of(
            number + 1,
            row,
            columns,
            drawn.get(row.advisory.id.as_str()).copied(),
        ));
    }
    markup.push_str("</ol>\n");
    match grid.rows.len().saturating_sub(rows.len()) {
        0 => {}
        left => markup.push_str(&format!(
            "<p class=\"cut\">… and {} of lower severity; <code>--format json</code> lists all.</p>\n",
            counted(left, "more advisory", "more advisories")
        )),
    }
    Some(Section {
        id: "advisories",
        title: "Advisories",
        markup,
    })
}

fn entry_of(
    number: usize,
    row: &Row,
    columns: &[Column<'_>],
    drawn: Option<(&Column<'_>, &Finding)>,
) -> String {
    let advisory = &row.advisory;
    let cells: String = columns
        .iter()
        .map(|column| column.cell(row).map_or('u', |cell| letter(cell.state)))
        .collect();
    let exploited = match advisory.known_exploited {
        true => " <span class=\"tag bad\">known exploited</span>",
        false => "",
    };
    let affected = row
        .cells
        .iter()
        .filter(|cell| cell.state == CellState::Affected)
        .count();
    let mut text = format!(
        "<li id=\"a{number}\" data-row=\"{number}\" data-class=\"{}\" data-severity=\"{}\" data-cells=\"{cells}\">\
         <details class=\"advisory\">\n<summary>{} <span><span class=\"id\">{}</span>{exploited} <span class=\"about\">{}</span></span> \
         <span>{}<span class=\"about\">{}</span></span> <span>{} of {} affected</span></summary>\n<div class=\"body\">\n<dl class=\"facts-list\">\n",
        advisory.class.as_str(),
        advisory.severity.level.as_str(),
        level(advisory),
        html(&short(&advisory.id, 200)),
        html(&short(advisory.summary.trim(), 300)),
        codes(row.packages.iter().map(PackageUrl::as_str), 3),
        html(&words::remedy(row).unwrap_or_default()),
        thousands(affected as u64),
        counted(columns.len(), "release line", "release lines"),
    );
    text.push_str(&fact(
        "Also known as",
        &codes(advisory.aliases.iter().map(String::as_str), MAX_LISTED),
    ));
    text.push_str(&fact(
        "Shares a CVE with",
        &codes(row.related.iter().map(String::as_str), MAX_LISTED),
    ));
    if let Some(epss) = advisory.epss {
        text.push_str(&fact(
            "Exploitation",
            &format!("{:.1}% within 30 days (EPSS)", epss * 100.0),
        ));
    }
    if let Some(published) = advisory.published {
        text.push_str(&fact("Published", &published.strftime("%Y-%m-%d").to_string()));
    }
    text.push_str("</dl>\n<ul class=\"cells\">\n");
    for same in words::alike(row, columns) {
        text.push_str(&cell_entry(same.cell, &same.lines));
    }
    text.push_str("</ul>\n");
    if let Some((column, finding)) = drawn {
        text.push_str(&format!(
            "<p class=\"quiet\">Dependency path on {}:</p>\n{}",
            code(&short(&column.name, 100)),
            paths::tree(finding)
        ));
    }
    text.push_str("</div></details></li>\n");
    text
}

/// A state, the lines that are in it, and why.
fn cell_entry(cell: &Cell, lines: &[&str]) -> String {
    let mut locations: Vec<String> = cell
        .occurrences
        .iter()
        .take(MAX_LISTED)
        .map(|occurrence| {
            let place = format!("{}:{}", short(&occurrence.file.display(), 300), occurrence.line);
            let fixed = match &occurrence.upgrade {
                Some(fixed) => format!(" → {}", code(&short(fixed, 100))),
                None => String::new(),
            };
            format!(
                "<div>{} <span class=\"quiet\">{}{fixed}</span></div>",
                code(&place),
                code(&format!(
                    "{} {}",
                    short(occurrence.package.as_str(), 200),
                    short(&occurrence.version, 100)
                ))
            )
        })
        .collect();
    match cell.occurrences.len().saturating_sub(MAX_LISTED) {
        0 => {}
        more => locations.push(format!("<div>and {} more</div>", thousands(more as u64))),
    }
    format!(
        "<li><span class=\"state {}\">{}</span> <span>{}</span> <div class=\"words\">{}{}</div></li>\n",
        cell.state.as_str(),
        words::state(cell.state),
        codes(lines.iter().copied(), MAX_LISTED),
        html(&short(&cell.reason, 500)),
        locations.concat()
    )
}

fn codes<'t>(texts: impl ExactSizeIterator<Item = &'t str>, most: usize) -> String {
    let left = texts.len().saturating_sub(most);
    let shown: Vec<String> = texts.take(most).map(|text| code(&short(text, 200))).collect();
    match left {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), thousands(more as u64)),
    }
}

/// Which refs are release lines, and why.
fn lines(grid: &Grid) -> Section {
    let mut markup = format!("<p class=\"intro\">{}.</p>\n", words::standing(&grid.lines));
    for warning in grid.warnings.iter().take(MAX_ENTRIES) {
        markup.push_str(&format!(
            "<p class=\"cut words\">{}</p>\n",
            html(&short(warning, 500))
        ));
    }
    let names = short_names(grid.lines.iter().map(|line| line.ref_name.as_str()));
    if !grid.lines.is_empty() {
        markup.push_str(
            "<table class=\"plain\"><thead><tr><th>Release line</th><th></th><th>Why</th><th>Commit</th><th>Committed</th></tr></thead><tbody>\n",
        );
        for line in grid.lines.iter().take(MAX_ENTRIES) {
            let name = names.get(line.ref_name.as_str()).copied();
            markup.push_str(&format!(
                "<tr><td>{}</td><td>{}</td><td class=\"words\">{}</td><td data-name=\"commit\">{}</td><td data-name=\"committed\">{}</td></tr>\n",
                code(&short(name.unwrap_or(&line.ref_name), 200)),
                match line.standing {
                    Standing::Live => "in",
                    Standing::LeftOut | Standing::Out => "out",
                },
                html(&short(&line.reason, 300)),
                code(&short(words::commit(&line.commit), 64)),
                line.committed.strftime("%Y-%m-%d"),
            ));
        }
        markup.push_str("</tbody></table>\n");
        markup.push_str(&cut(grid.lines.len(), "ref", "refs"));
    }
    Section {
        id: "lines",
        title: "Release lines",
        markup,
    }
}

/// Which release line locked what, since which commit and until which.
fn history(grid: &Grid) -> Option<Section> {
    let history = grid.history.as_ref()?;
    let names = short_names(history.iter().map(|held| held.ref_name.as_str()));
    let mut markup = match history.len() {
        0 => "<p class=\"empty\">No release line ever locked an affected version.</p>\n".to_owned(),
        _ => "<table class=\"plain\"><thead><tr><th>Package</th><th>Advisory</th><th>Release line</th><th>Introduced by</th>\
              <th>Removed by</th><th>Tags</th></tr></thead><tbody>\n"
            .to_owned(),
    };
    for held in history.iter().take(MAX_ENTRIES) {
        let name = names.get(held.ref_name.as_str()).copied();
        markup.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td data-name=\"release line\">{}</td><td data-name=\"introduced by\">{}</td>\
             <td data-name=\"removed by\">{}</td><td data-name=\"tags\">{}</td></tr>\n",
            code(&short(held.package.as_str(), 200)),
            codes(held.ids.iter().map(String::as_str), MAX_LISTED),
            code(&short(name.unwrap_or(&held.ref_name), 200)),
            code(&short(&held.introduced_by, 64)),
            match &held.removed_by {
                Some(commit) => code(&short(commit, 64)),
                None => "<span class=\"tag bad\">still locked</span>".to_owned(),
            },
            codes(held.tags.iter().map(String::as_str), MAX_LISTED),
        ));
    }
    if !history.is_empty() {
        markup.push_str("</tbody></table>\n");
        markup.push_str(&cut(history.len(), "entry", "entries"));
    }
    Some(Section {
        id: "history",
        title: "History",
        markup,
    })
}

/// What was not checked, and on which release lines.
fn coverage(grid: &Grid, columns: &[Column<'_>]) -> Section {
    let mut markup = String::new();
    let blind = words::gaps(grid, columns, |coverage| &coverage.blind);
    match blind.as_slice() {
        [] => markup
            .push_str("<p class=\"intro\">Every lockfile of every release line was read completely.</p>\n"),
        blind => {
            markup.push_str("<p class=\"intro\">Not everything was checked: more may be hidden there.</p>\n");
            markup.push_str(&gaps(blind));
        }
    }
    let partial = words::gaps(grid, columns, |coverage| &coverage.partial);
    if !partial.is_empty() {
        let count = counted(partial.len(), "entry", "entries");
        let title = format!("{count} {}", headline::NOT_PINNED);
        markup.push_str(&fold(&title, &gaps(&partial)));
    }
    Section {
        id: "coverage",
        title: "Coverage",
        markup,
    }
}

fn gaps(gaps: &[GapOnLines<'_>]) -> String {
    let mut text = "<ul class=\"gaps\">\n".to_owned();
    for GapOnLines { gap, lines } in gaps.iter().take(MAX_ENTRIES) {
        let lines: BTreeSet<&str> = lines.iter().copied().collect();
        let on = match lines.is_empty() {
            true => String::new(),
            false => format!(
                " on {}",
                codes(lines.iter().copied().collect::<Vec<_>>().into_iter(), MAX_LISTED)
            ),
        };
        text.push_str(&entry(place(gap, 300), &on, &gap.reason, &gap.hint));
    }
    text.push_str("</ul>\n");
    text.push_str(&cut(gaps.len(), "gap", "gaps"));
    text
}
