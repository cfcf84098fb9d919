//! The document `lockkeeper.status/1`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::columns::{Column, columns};
use super::metrics::json::MetricsEntry;
use super::refs::Ref;
use crate::model::grid::{Cell, GridRow, HistoryEntry, Occurrence};
use crate::model::{Decision, Finding, Grid, PackageUrl};
use crate::remediation::remediations;
use crate::report::Style;
use crate::report::json::counts::Counts;
use crate::report::json::document;
use crate::report::json::head::{Coverage, Database, Policy, Tool};
use crate::report::json::scan::{Severity, TargetEntry};

/// Writes `lockkeeper.status/1`.
///
/// # Errors
/// Only those of `out`.
pub fn write(grid: &Grid, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = columns(&grid.outcome);
    document(&Status::of(grid, &columns), out)
}

#[derive(Serialize)]
struct Status<'g> {
    schema: &'static str,
    tool: Tool<'g>,
    counts: Counts,
    database: Database<'g>,
    policy: Policy<'g>,
    verdict: &'static str,
    exit_code: u8,
    coverage: Coverage<'g>,
    targets: Vec<TargetEntry<'g>>,
    rows: Vec<StatusRow<'g>>,
    lines: Vec<Ref<'g>>,
    warnings: &'g [String],
    /// There only if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<HistoryRow<'g>>>,
    /// There only if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<MetricsEntry<'g>>,
}

impl<'g> Status<'g> {
    fn of(grid: &'g Grid, columns: &'g [Column<'g>]) -> Self {
        let outcome = &grid.outcome;
        Self {
            schema: "lockkeeper.status/1",
            tool: Tool::of(outcome),
            counts: Counts::of(outcome, &remediations(outcome, Finding::blocks)),
            database: Database::of(&outcome.database),
            policy: Policy::of(&outcome.policy),
            verdict: outcome.verdict.as_str(),
            exit_code: outcome.exit_code.number(),
            coverage: Coverage::of(&outcome.coverage),
            targets: outcome.targets.iter().map(TargetEntry::of).collect(),
            rows: rows(grid).map(|row| StatusRow::of(row, columns)).collect(),
            lines: grid.lines.iter().map(Ref::of).collect(),
            warnings: &grid.warnings,
            history: grid
                .history
                .as_ref()
                .map(|history| history.iter().map(HistoryRow::of).collect()),
            metrics: grid.metrics.as_ref().map(MetricsEntry::of),
        }
    }
}

/// One row an id: all of its packages.
pub(in crate::report) fn rows(grid: &Grid) -> impl Iterator<Item = &GridRow> {
    let joined: HashMap<&str, &GridRow> = grid
        .joined
        .iter()
        .map(|row| (row.advisory.id.as_str(), row))
        .collect();
    let mut seen = HashSet::new();
    grid.rows
        .iter()
        .filter_map(move |row| match joined.get(row.advisory.id.as_str()) {
            None => Some(row),
            Some(all) => seen.insert(&*row.advisory.id).then_some(*all),
        })
}

#[derive(Serialize)]
struct StatusRow<'g> {
    id: &'g str,
    aliases: &'g [String],
    related: &'g [String],
    packages: Vec<&'g str>,
    class: &'static str,
    severity: Severity<'g>,
    summary: &'g str,
    known_exploited: bool,
    epss: Option<f64>,
    published: Option<Timestamp>,
    cells: Cells<'g>,
}

impl<'g> StatusRow<'g> {
    fn of(row: &'g GridRow, columns: &'g [Column<'g>]) -> Self {
        let advisory = &*row.advisory;
        Self {
            id: &advisory.id,
            aliases: &advisory.aliases,
            related: &row.related,
            packages: row.packages.iter().map(PackageUrl::as_str).collect(),
            class: advisory.class.as_str(),
            severity: Severity::of(&advisory.severity),
            summary: &advisory.summary,
            known_exploited: advisory.known_exploited,
            epss: advisory.epss,
            published: advisory.published,
            cells: Cells { row, columns },
        }
    }
}

/// The cells under the full names of their refs.
struct Cells<'g> {
    row: &'g GridRow,
    columns: &'g [Column<'g>],
}

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        for column in self.columns {
            if let Some(cell) = column.cell(self.row) {
                map.serialize_entry(column.key, &StatusCell::of(cell))?;
            }
        }
        map.end()
    }
}

#[derive(Serialize)]
struct StatusCell<'g> {
    state: &'static str,
    /// The worst decision about what is affected.
    decision: Option<&'static str>,
    reason: &'g str,
    version: Option<&'g str>,
    fixed: &'g [String],
    /// The page of the open request that fixes it.
    pull_request: Option<&'g str>,
    occurrences: Vec<OccurrenceEntry<'g>>,
}

impl<'g> StatusCell<'g> {
    fn of(cell: &'g Cell) -> Self {
        Self {
            state: cell.state_name(),
            decision: cell.decision.map(Decision::as_str),
            reason: &cell.reason,
            version: cell.version.as_deref(),
            fixed: &cell.fixed,
            pull_request: cell.request.as_ref().map(|request| request.page.as_str()),
            occurrences: cell.occurrences.iter().map(OccurrenceEntry::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct OccurrenceEntry<'g> {
    file: Cow<'g, str>,
    line: u32,
    package: &'g str,
    version: &'g str,
    fixed: &'g [String],
}

impl<'g> OccurrenceEntry<'g> {
    fn of(occurrence: &'g Occurrence) -> Self {
        Self {
            file: occurrence.file.display(),
            line: occurrence.line,
            package: occurrence.package.as_str(),
            version: &occurrence.version,
            fixed: &occurrence.fixed,
        }
    }
}

#[derive(Serialize)]
struct HistoryRow<'g> {
    ids: &'g [String],
    package: &'g str,
    r#ref: &'g str,
    introduced_by: &'g str,
    removed_by: Option<&'g str>,
    tags: &'g [String],
}

impl<'g> HistoryRow<'g> {
    fn of(holding: &'g HistoryEntry) -> Self {
        Self {
            ids: &holding.ids,
            package: holding.package.as_str(),
            r#ref: &holding.ref_name,
            introduced_by: &holding.introduced_by,
            removed_by: holding.removed_by.as_deref(),
            tags: &holding.tags,
        }
    }
}
