//! Texts about a grid that its forms share. None is escaped: each form escapes for its medium.

use std::collections::BTreeMap;

use super::columns::{self, Column};
use crate::model::grid::{Cell, CellState, GridRow, ReleaseLine, Standing};
use crate::model::verdict::ExitCode;
use crate::model::{Class, Coverage, Decision, Finding, Gap, Grid, Verdict};
use crate::report::headline;
use crate::report::phrases::{self, counted, thousands};

/// How a cell looks: its state, and of what is affected whether it blocks. The order is that of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum Look {
    Blocks,
    Warns,
    Noted,
    Unknown,
    Accepted,
    Fixed,
    NotAffected,
    Absent,
}

impl Look {
    pub(in crate::report) const ALL: [Self; 8] = [
        Self::Blocks,
        Self::Warns,
        Self::Noted,
        Self::Unknown,
        Self::Accepted,
        Self::Fixed,
        Self::NotAffected,
        Self::Absent,
    ];

    pub(in crate::report) fn of(cell: &Cell) -> Self {
        match (cell.state, cell.decision) {
            (CellState::Affected, Some(Decision::Warn)) => Self::Warns,
            (CellState::Affected, Some(Decision::Note)) => Self::Noted,
            (CellState::Affected, Some(Decision::Fail) | None) => Self::Blocks,
            (CellState::Unknown, _) => Self::Unknown,
            (CellState::Excepted, _) => Self::Accepted,
            (CellState::Fixed, _) => Self::Fixed,
            (CellState::NotAffected, _) => Self::NotAffected,
            (CellState::Absent, _) => Self::Absent,
        }
    }

    /// A mark that differs without colour.
    pub(in crate::report) fn symbol(self) -> &'static str {
        match self {
            Self::Blocks => "✗",
            Self::Warns => "!",
            Self::Noted => "i",
            Self::Unknown => "?",
            Self::Accepted => "~",
            Self::Fixed => "✓",
            Self::NotAffected => "-",
            Self::Absent => ".",
        }
    }

    /// The same for people.
    pub(in crate::report) fn as_str(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Warns => "warns",
            Self::Noted => "noted",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Fixed => "fixed",
            Self::NotAffected => "not affected",
            Self::Absent => "absent",
        }
    }
}

/// `proposed #12`: the open pull request about what affects the line.
pub(in crate::report) fn request(cell: &Cell) -> Option<String> {
    let request = cell.request.as_ref()?;
    Some(format!("{} #{}", request.state.as_str(), request.number))
}

/// Each look that a cell has, and how many cells have it.
pub(in crate::report) fn counts(grid: &Grid) -> BTreeMap<Look, usize> {
    let mut counts: BTreeMap<Look, usize> = BTreeMap::new();
    for cell in grid.rows.iter().flat_map(|row| &row.cells) {
        *counts.entry(Look::of(cell)).or_default() += 1;
    }
    counts
}

/// `golang.org/x/net`, `@scope/name`, `group:artifact`: the row's package as its ecosystem writes it.
pub(in crate::report) fn package(row: &GridRow) -> String {
    let Some(purl) = row.packages.first() else {
        return String::new();
    };
    let (namespace, name) = (purl.namespace(), purl.name());
    let name = match (namespace.as_ref(), purl.kind()) {
        ("", _) => name.into_owned(),
        (namespace, "maven") => format!("{namespace}:{name}"),
        (namespace, _) => format!("{namespace}/{name}"),
    };
    match row.packages.len() {
        1 => name,
        more => format!("{name} and {} more", thousands(more as u64 - 1)),
    }
}

/// What the exit code means here: a grid shows and does not gate. `None` where the verdict says it.
pub(in crate::report) fn exit_code(grid: &Grid) -> Option<String> {
    let code = grid.outcome.exit_code;
    let means = match code {
        ExitCode::Pass => "every release line was checked, blocked or not",
        ExitCode::Incomplete => "not everything was checked",
        ExitCode::Blocked
        | ExitCode::Usage
        | ExitCode::NothingToScan
        | ExitCode::Remote
        | ExitCode::Some
        | ExitCode::Bug
        | ExitCode::Interrupted => return None,
    };
    Some(format!(
        "status shows and does not gate: exit code {} means that {means}",
        code.number()
    ))
}

/// The reasons of the verdict, the most important first.
pub(in crate::report) fn headline(grid: &Grid) -> Vec<String> {
    let outcome = &grid.outcome;
    let lines = counted(outcome.targets.len(), "release line", "release lines");
    // What several lines have is listed once.
    let columns = columns::columns(outcome);
    let blind = gaps(grid, &columns, |coverage| &coverage.blind).len();
    let partial = gaps(grid, &columns, |coverage| &coverage.partial).len();
    let mut words = vec![match outcome.verdict {
        Verdict::Blocked => {
            let (advisories, affected) = on_lines(grid, |finding| finding.blocks());
            let verb = if advisories.len() == 1 { "blocks" } else { "block" };
            format!(
                "{} {} {verb} {} of {lines}",
                phrases::advisories(&advisories),
                phrases::severities(&advisories),
                thousands(affected as u64)
            )
        }
        Verdict::Pass => match on_lines(grid, |finding| finding.is_affected()) {
            (_, 0) if grid.rows.is_empty() => format!("no known vulnerabilities on {lines}"),
            (_, 0) => format!("nothing blocks {lines}"),
            (advisories, affected) => format!(
                "nothing blocks; {} {} on {} of {lines}",
                phrases::advisories(&advisories),
                phrases::severities(&advisories),
                thousands(affected as u64)
            ),
        },
        Verdict::Incomplete => headline::cause(outcome, blind),
        Verdict::NothingToScan if outcome.targets.is_empty() => "no ref is a live release line".to_owned(),
        Verdict::NothingToScan => headline::no_lockfile(outcome, &format!(" on {lines}")),
        Verdict::Failed => "the run failed before it reached a verdict".to_owned(),
    }];
    words.extend(headline::limits(outcome, blind, partial));
    words
}

/// A finding for each advisory that has one which `counts` picks, and on how many lines there are some.
fn on_lines(grid: &Grid, counts: impl Fn(&Finding) -> bool) -> (Vec<&Finding>, usize) {
    let mut advisories: BTreeMap<&str, &Finding> = BTreeMap::new();
    let mut lines = 0_usize;
    for target in &grid.outcome.targets {
        let mut is_counted = false;
        for finding in target.findings.iter().filter(|finding| counts(finding)) {
            advisories.insert(&finding.advisory.id, finding);
            is_counted = true;
        }
        lines += usize::from(is_counted);
    }
    (advisories.into_values().collect(), lines)
}

/// What was read, and which advisories were known.
pub(in crate::report) fn read(grid: &Grid) -> Vec<String> {
    let mut words = headline::read(&grid.outcome);
    if let Some(first) = words.first_mut() {
        first.push_str(&format!(
            " on {}",
            counted(grid.outcome.targets.len(), "release line", "release lines")
        ));
    }
    words
}

/// `5 of 8 refs are live release lines`.
pub(in crate::report) fn standing(lines: &[ReleaseLine]) -> String {
    let live = lines
        .iter()
        .filter(|line| line.standing == Standing::Live)
        .count();
    format!(
        "{} of {} {}",
        thousands(live as u64),
        counted(lines.len(), "ref", "refs"),
        if live == 1 {
            "is a live release line"
        } else {
            "are live release lines"
        }
    )
}

/// What to do about a row: `upgrade to 0.10.48, 0.11.2`, `remove it`; `None` where no line is affected.
pub(in crate::report) fn remedy(row: &GridRow) -> Option<String> {
    const MAX_TARGETS: usize = 3;
    let affected = || row.cells.iter().filter(|cell| cell.state == CellState::Affected);
    affected().next()?;
    if row.advisory.class == Class::Malicious {
        return Some("remove it".to_owned());
    }
    if row.advisory.class == Class::Confusion {
        return Some("take it from your own registry".to_owned());
    }
    let mut targets: Vec<&str> = Vec::new();
    for target in affected().filter_map(|cell| cell.upgrade.as_deref()) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Some(match targets.as_slice() {
        [] => match affected().find_map(|cell| cell.fixed.first()) {
            Some(early) => format!("only a pre-release fixes it: {early}"),
            None => "no fixed version yet".to_owned(),
        },
        targets => format!("upgrade to {}", names(targets, MAX_TARGETS)),
    })
}

/// A gap, and the lines that have it.
#[derive(Debug)]
pub(in crate::report) struct GapOnLines<'g> {
    pub(in crate::report) gap: &'g Gap,
    pub(in crate::report) lines: Vec<&'g str>,
}

/// The gaps of one list of the coverage of every line, each once.
pub(in crate::report) fn gaps<'g>(
    grid: &'g Grid,
    columns: &'g [Column<'g>],
    list: impl Fn(&'g Coverage) -> &'g [Gap],
) -> Vec<GapOnLines<'g>> {
    let mut lines_of: BTreeMap<&Gap, Vec<&str>> = BTreeMap::new();
    for column in columns {
        for gap in list(&column.target.coverage) {
            lines_of.entry(gap).or_default().push(&column.name);
        }
    }
    // A gap that is no line's is only in the whole run's coverage, behind those of the lines.
    let of_lines: usize = columns
        .iter()
        .map(|column| list(&column.target.coverage).len())
        .sum();
    for gap in list(&grid.outcome.coverage).iter().skip(of_lines) {
        lines_of.entry(gap).or_default();
    }
    lines_of
        .into_iter()
        .map(|(gap, lines)| GapOnLines { gap, lines })
        .collect()
}

/// `1.4, 1.3 and 2 more`.
pub(in crate::report) fn names(names: &[&str], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).copied().collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), thousands(more as u64)),
    }
}

/// The first twelve digits of a commit's id.
pub(in crate::report) fn commit(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Equal cells of one row, and the names of their release lines.
#[derive(Debug)]
pub(in crate::report) struct EqualCells<'g> {
    pub(in crate::report) cell: &'g Cell,
    pub(in crate::report) lines: Vec<&'g str>,
}

/// The cells of a row without repetition, the worst first.
pub(in crate::report) fn alike<'g>(row: &'g GridRow, columns: &'g [Column<'g>]) -> Vec<EqualCells<'g>> {
    let mut alike: Vec<EqualCells<'g>> = Vec::new();
    for column in columns {
        let Some(cell) = column.cell(row) else {
            continue;
        };
        match alike.iter_mut().find(|same| same.cell == cell) {
            Some(same) => same.lines.push(&column.name),
            None => alike.push(EqualCells {
                cell,
                lines: vec![&column.name],
            }),
        }
    }
    // Stable: cells of one look stay in the order of the lines.
    alike.sort_by_key(|same| Look::of(same.cell));
    alike
}
