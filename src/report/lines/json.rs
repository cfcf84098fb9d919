//! The document `lockkeeper.plan/1` over release lines: a target for each, what stands there, and what becomes of each advisory.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::model::PackageUrl;
use crate::plan::lines::{LinePlan, LinePlans, LineState};
use crate::report::Style;
use crate::report::grid::json::rows;
use crate::report::json::document;
use crate::report::json::head::{Coverage, Database, Policy, Tool};
use crate::report::plan::json::{NamedRequest, PlannedTarget};
use crate::report::plan::pull_request::of_line;

/// Writes `lockkeeper.plan/1`.
///
/// # Errors
/// Only those of `out`.
pub fn write(plans: &LinePlans, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    document(&Document::of(plans), out)
}

#[derive(Serialize)]
struct Document<'p> {
    schema: &'static str,
    tool: Tool<'p>,
    database: Database<'p>,
    policy: Policy<'p>,
    /// The verdict of the result, over all lines.
    verdict: &'static str,
    exit_code: u8,
    /// Edits of release lines are never on disk.
    written: bool,
    /// Of the result.
    coverage: Coverage<'p>,
    targets: Vec<PlannedTarget<'p>>,
    /// Every line, live or left out.
    lines: Vec<Line<'p>>,
    /// What becomes of each advisory on each live line.
    rows: Vec<Row<'p>>,
    warnings: &'p [String],
}

impl<'p> Document<'p> {
    fn of(plans: &'p LinePlans) -> Self {
        let after = &plans.after;
        let targets = plans.plans.iter().filter_map(|plan| {
            let target = plan.proposal.before.targets.first()?;
            let planned = PlannedTarget::of(0, target, &plan.proposal);
            Some(planned.carried_by(named(plan)))
        });
        Self {
            schema: "lockkeeper.plan/1",
            tool: Tool::of(after),
            database: Database::of(&after.database),
            policy: Policy::of(&after.policy),
            verdict: after.verdict.as_str(),
            exit_code: plans.exit_code().number(),
            written: false,
            coverage: Coverage::of(&after.coverage),
            targets: targets.collect(),
            lines: lines(plans),
            rows: rows(&plans.grid)
                .map(|row| Row {
                    id: &row.advisory.id,
                    packages: row.packages.iter().map(PackageUrl::as_str).collect(),
                    cells: plans
                        .plans
                        .iter()
                        .enumerate()
                        .filter_map(|(number, plan)| {
                            let fate = plans.fate(row, number)?;
                            let cell = Cell {
                                state: fate.state,
                                reason: fate.reason,
                            };
                            Some((full_name(plan), cell))
                        })
                        .collect(),
                })
                .collect(),
            warnings: &plans.grid.warnings,
        }
    }
}

/// The request that a line's upgrades make.
fn named(plan: &LinePlan) -> Option<NamedRequest> {
    Some(NamedRequest {
        number: None,
        branch: plan.branch.clone()?,
        title: of_line(plan, &plan.proposal, None, None, usize::MAX).title,
    })
}

/// The full name of the line's ref; the root of a tree that is on none.
fn full_name(plan: &LinePlan) -> &str {
    let target = plan.proposal.before.targets.first();
    target.map_or("", |target| target.ref_name.as_deref().unwrap_or(&target.root))
}

fn lines(plans: &LinePlans) -> Vec<Line<'_>> {
    let live = plans.plans.iter().map(|plan| Line {
        r#ref: full_name(plan),
        state: plan.state.as_str(),
        reason: &plan.reason,
        pull_requests: &plan.requests,
        note: plan.note.as_deref(),
    });
    let left_out = plans.left_out().map(|line| Line {
        r#ref: &line.ref_name,
        state: LineState::LeftOut.as_str(),
        reason: &line.reason,
        pull_requests: &[],
        note: None,
    });
    live.chain(left_out).collect()
}

#[derive(Serialize)]
struct Line<'p> {
    r#ref: &'p str,
    state: &'static str,
    reason: &'p str,
    /// Numbers of those that are open.
    pull_requests: &'p [u64],
    /// What keeps its pull request from being as it should.
    note: Option<&'p str>,
}

#[derive(Serialize)]
struct Row<'p> {
    id: &'p str,
    packages: Vec<&'p str>,
    cells: BTreeMap<&'p str, Cell>,
}

#[derive(Serialize)]
struct Cell {
    state: &'static str,
    reason: String,
}
