//! Use case: the grid of the live release lines. It shows and does not gate.

use std::collections::BTreeSet;

use super::own_metrics::own_metrics;
use super::own_rows::own_rows;
use super::trees::{self, Trees};
use super::{Failed, Input, PolicyRequest, Session, database};
use crate::config::{heartbeat, policy};
use crate::git::Repository;
use crate::model::grid::{CellState, GridRow};
use crate::model::metrics::{LineGap, Metrics};
use crate::model::verdict::{ExitCode, Verdict};
use crate::model::{Failure, Gap, Grid, Outcome};
use crate::report::phrases::ended;
use crate::report::places::place;
use crate::scan::columns::{Columns, columns};
use crate::scan::discover::DiscoveredTree;
use crate::scan::history::{History, history};
use crate::scan::metrics::{Tag, metrics};
use crate::scan::{ExitOptions, Keep, Request, grid, scan};

/// Which release lines to show.
#[derive(Debug, Clone, Default)]
pub struct StatusRequest {
    /// What is read.
    pub input: Input,
    /// Comma-separated globs on short names; else the policy chooses.
    pub refs: Option<String>,
    /// Also the history of every release line.
    pub history: bool,
    /// Also how long advisories took on every release line.
    pub metrics: bool,
    /// Which policy decides.
    pub policy: PolicyRequest,
}

impl Session<'_> {
    /// The grid of a repository.
    ///
    /// # Errors
    /// [`Failed`] with a failure of usage outside of git or where no release line is live, of incompleteness for missing
    /// history.
    pub fn status(&self, request: &StatusRequest) -> Result<Grid, Failed<Grid>> {
        self.observer.working("reading lockfiles");
        let grid = self.grid(request);
        self.observer.finished();
        grid.map_err(|failed| {
            failed.or_report(|failure| {
                let outcome = self.unjudged(failure, &request.input, &request.policy)?;
                Some(Grid::without_lines(outcome))
            })
        })
    }

    fn grid(&self, request: &StatusRequest) -> Result<Grid, Failed<Grid>> {
        let mut found = trees::one_in_git(&request.input)?;
        self.reach(&found);
        let effective = policy::effective(&found, &request.policy, None)?;
        let choice = trees::choice(request.refs.as_deref(), &effective.policy);
        let mut columns = columns(&found, &choice, trees::prefer(), self.now)?;
        let lines = std::mem::take(&mut columns.trees);
        let judged = Trees::of(lines, &effective.policy);
        let lines: Vec<&DiscoveredTree> = judged.found().collect();
        let opened = database::open(self, &lines, &effective.policy)?;
        let scanned = Request {
            judge: opened.judge(),
            remarks: effective.remarks,
            now: self.now,
            exit: ExitOptions::default(),
            keep: Keep::Assessments,
        };
        let mut outcome = scan(&scanned, &judged.scan_trees());
        if let Some(failure) = &opened.unfetched {
            return Err(database::unfetched(outcome, failure, Grid::without_lines));
        }
        let (rows, joined) = grid::rows(&outcome, &lines);
        outcome.exit_code = shown(outcome.verdict, outcome.coverage.is_complete());
        let mut warnings = columns.chosen.warnings.clone();
        if let (Some(folder), Some(repository)) = (self.location.cache_folder(), &found.repository) {
            let within = effective.policy.lines.scanned_within;
            warnings.extend(heartbeat::last_scanned(
                &folder,
                repository,
                &mut columns.chosen.lines,
                within,
                self.now,
            ));
        }
        warnings.extend(outcome.remarks.iter().map(|remark| {
            let place = place(remark, usize::MAX).map(|place| format!("{place}: "));
            format!(
                "{}{} {}",
                place.unwrap_or_default(),
                ended(&remark.reason),
                remark.hint
            )
        }));
        let history = match (request.history || request.metrics, &opened.index) {
            (false, _) | (true, None) => None,
            (true, Some(index)) => {
                self.observer.working("reading the history of every release line");
                found.exclude(&effective.policy.exclude);
                Some(history(&found, &columns, index)?)
            }
        };
        warnings.extend(
            history
                .iter()
                .flat_map(|history| history.warnings.iter().cloned()),
        );
        let mut grid = Grid {
            outcome,
            rows,
            joined,
            lines: std::mem::take(&mut columns.chosen.lines),
            warnings,
            history: None,
            metrics: None,
        };
        if request.metrics {
            grid.metrics = Some(self.metrics(&grid, history.as_ref(), &found, &columns)?);
        }
        if let (Some(index), Some(repository)) = (&opened.index, &found.repository) {
            self.observer
                .working("looking for commits that fix advisories about this repository");
            let own = own_rows(index, repository, &columns, &grid.outcome)?;
            let known: BTreeSet<String> = grid.rows.iter().map(|row| row.advisory.id.clone()).collect();
            let is_new = |id: &String| !known.contains(id);
            if let Some(metrics) = &mut grid.metrics {
                let tags = tags(&columns, repository);
                let rows = own_metrics(&own, &grid.outcome, repository, &tags, self.now);
                let rows = rows.map_err(Failure::from)?.into_iter();
                metrics.rows.extend(rows.filter(|row| is_new(&row.advisory.id)));
                in_order(metrics, &grid.outcome);
            }
            let rows = own.rows.into_iter().filter(|row| is_new(&row.advisory.id));
            let rows: Vec<GridRow> = rows.collect();
            count_unknown(&mut grid.outcome, &rows);
            grid.rows.splice(..0, rows);
            grid.warnings.extend(own.notes);
        }
        grid.history = history
            .filter(|_| request.history)
            .map(|history| history.holdings);
        Ok(grid)
    }

    fn metrics(
        &self,
        grid: &Grid,
        history: Option<&History>,
        found: &DiscoveredTree,
        columns: &Columns,
    ) -> Result<Metrics, Failure> {
        let (Some(history), Some(repository)) = (history, &found.repository) else {
            let lines = grid
                .outcome
                .targets
                .iter()
                .filter_map(|target| target.ref_name.clone());
            let gap = |ref_name| LineGap {
                ref_name,
                reason: "there is no advisory database to look it up in".to_owned(),
            };
            return Ok(Metrics {
                rows: Vec::new(),
                gaps: lines.map(gap).collect(),
            });
        };
        let tags = tags(columns, repository);
        metrics(grid, history, repository, &tags, self.now).map_err(Failure::from)
    }
}

/// Every tag, with its commit and the time when it was made.
fn tags(columns: &Columns, repository: &Repository) -> Vec<Tag> {
    let tags = columns.refs.candidates.iter().filter_map(|candidate| {
        let name = candidate.name.strip_prefix("refs/tags/")?;
        let made = repository.tagged(&candidate.name).unwrap_or(candidate.committed);
        Some((name.to_owned(), candidate.commit, made))
    });
    tags.collect()
}

/// By release line in the grid's order, then by publication and id.
fn in_order(metrics: &mut Metrics, outcome: &Outcome) {
    let place = |name: &str| {
        let mut targets = outcome.targets.iter();
        targets.position(|target| target.ref_name.as_deref() == Some(name))
    };
    metrics.rows.sort_by_cached_key(|row| {
        let advisory = &row.advisory;
        (place(&row.ref_name), advisory.published, advisory.id.clone())
    });
}

/// A line of which it is not known whether it has the fix of an advisory about the repository itself is not clean.
fn count_unknown(outcome: &mut Outcome, rows: &[GridRow]) {
    for row in rows {
        let gap = Gap {
            location: None,
            reason: format!("whether a line has the fix of {} is not known", row.advisory.id),
            hint: "Fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` where a workflow checks out.".to_owned(),
        };
        let mut is_unknown = false;
        for (target, cell) in outcome.targets.iter_mut().zip(&row.cells) {
            if cell.state == CellState::Unknown {
                is_unknown = true;
                target.coverage.blind.push(gap.clone());
                if target.verdict == Verdict::Pass {
                    target.verdict = Verdict::Incomplete;
                }
            }
        }
        if is_unknown {
            outcome.coverage.blind.push(gap);
        }
    }
    if outcome.verdict == Verdict::Pass && !outcome.coverage.is_complete() {
        outcome.verdict = Verdict::Incomplete;
    }
    outcome.exit_code = shown(outcome.verdict, outcome.coverage.is_complete());
}

/// A grid was shown; whether something blocks is the business of `scan` and `gate`.
fn shown(verdict: Verdict, complete: bool) -> ExitCode {
    match (verdict, complete) {
        (Verdict::Failed, _) => ExitCode::Bug,
        (Verdict::Pass | Verdict::Blocked | Verdict::Incomplete | Verdict::NothingToScan, false) => {
            ExitCode::Incomplete
        }
        (Verdict::Incomplete, true) => ExitCode::Incomplete,
        (Verdict::NothingToScan, true) => ExitCode::NothingToScan,
        (Verdict::Pass | Verdict::Blocked, true) => ExitCode::Pass,
    }
}
