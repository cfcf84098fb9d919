//! Plans for the release lines of a repository: each has one of its own, or a reason why it needs none.

use std::collections::BTreeSet;

use super::{Blocked, LockfilePlan, Proposal};
use crate::ecosystem::{self, purl};
use crate::model::grid::{Cell, CellState, GridRow, ReleaseLine, Standing};
use crate::model::verdict::ExitCode;
use crate::model::{Finding, Grid, Outcome, Verdict};

/// What is planned for each release line.
#[derive(Debug)]
pub struct LinePlans {
    /// The scan before, of which each live release line is a target; every ref that could be a line, in or out.
    pub grid: Grid,
    /// The scan of the same trees with all edits made.
    pub after: Outcome,
    /// One for each target of the grid's outcome, in that order.
    pub plans: Vec<LinePlan>,
}

/// What is planned for one release line.
#[derive(Debug)]
pub struct LinePlan {
    /// The scans of this line alone, and the plans between them.
    pub proposal: Proposal,
    /// How the line stands.
    pub state: LineState,
    /// Why, as a lowercase fragment; never empty.
    pub reason: String,
    /// The branch of the pull request with all upgrades; `None` where nothing is upgraded, and for a tag.
    pub branch: Option<String>,
    /// The numbers of the pull requests into the line that are open; empty where no forge was asked.
    pub requests: Vec<u64>,
    /// What keeps its pull request from being as it should, a sentence; `None` where nothing does.
    pub note: Option<String>,
    /// It is the default branch.
    pub is_default: bool,
}

/// How a release line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineState {
    /// Upgrades fix all that blocks it.
    Planned,
    /// Upgrades fix some of what blocks it.
    Partly,
    /// Nothing of what blocks it can be fixed.
    Blocked,
    /// Not everything of it could be checked, and nothing was found that blocks.
    Unknown,
    /// What affects it is accepted by the policy, or listed alone.
    Accepted,
    /// It has a fixed version of everything that affects another line.
    Fixed,
    /// Nothing affects it.
    Unaffected,
    /// It is no release line any more, or not yet.
    LeftOut,
}

impl LineState {
    /// `planned`, `partly`, `blocked`, `unknown`, `accepted`, `fixed`, `unaffected`, `left_out`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Partly => "partly",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Fixed => "fixed",
            Self::Unaffected => "unaffected",
            Self::LeftOut => "left_out",
        }
    }
}

/// What becomes of one advisory on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// `planned` and `blocked` of what affects the line; else the state of the grid's cell.
    pub state: &'static str,
    /// Why, as a lowercase fragment; never empty.
    pub reason: String,
}

impl LinePlans {
    /// Divides `proposal`, which is for all lines at once. `grid` is of its scan before, `default` the full name of the default
    /// branch, and `branch` names the branch for a line with upgrades, by its full name.
    #[must_use]
    pub fn of(
        grid: Grid,
        proposal: Proposal,
        default: Option<&str>,
        branch: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let Proposal {
            before,
            after,
            lockfiles,
            progress,
            pull_request: _,
        } = proposal;
        let mut of_targets: Vec<Vec<LockfilePlan>> = before.targets.iter().map(|_| Vec::new()).collect();
        for mut plan in lockfiles {
            if let Some(plans) = of_targets.get_mut(plan.target) {
                plan.target = 0;
                plans.push(plan);
            }
        }
        let plans = of_targets
            .into_iter()
            .enumerate()
            .map(|(number, lockfiles)| {
                let proposal = Proposal {
                    before: alone(&before, number),
                    after: alone(&after, number),
                    lockfiles,
                    progress,
                    pull_request: None,
                };
                let (state, reason) = standing(&proposal, &grid.rows, number);
                let has_edits = proposal.lockfiles.iter().any(|plan| !plan.edited.is_empty());
                let name = before
                    .targets
                    .get(number)
                    .and_then(|target| target.ref_name.as_deref());
                LinePlan {
                    branch: name.filter(|_| has_edits).and_then(branch),
                    proposal,
                    state,
                    reason,
                    requests: Vec::new(),
                    note: None,
                    is_default: name.is_some() && name == default,
                }
            })
            .collect();
        Self { grid, after, plans }
    }

    /// The lines that rules leave out, each with its reason.
    pub fn left_out(&self) -> impl Iterator<Item = &ReleaseLine> {
        let lines = self.grid.lines.iter();
        lines.filter(|line| line.standing == Standing::LeftOut)
    }

    /// How many lines stand like this.
    #[must_use]
    pub fn count(&self, state: LineState) -> usize {
        match state {
            LineState::LeftOut => self.left_out().count(),
            LineState::Planned
            | LineState::Partly
            | LineState::Blocked
            | LineState::Unknown
            | LineState::Accepted
            | LineState::Fixed
            | LineState::Unaffected => self.plans.iter().filter(|plan| plan.state == state).count(),
        }
    }

    /// How the run ends: as the scan of the result, but for `6` where some findings that block are gone and some are not.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        let fixed = self.plans.iter().any(|plan| plan.proposal.fixed() > 0);
        match self.after.exit_code {
            ExitCode::Blocked if fixed => ExitCode::Some,
            code => code,
        }
    }

    /// What becomes of `row` on the line with this number.
    #[must_use]
    pub fn fate(&self, row: &GridRow, number: usize) -> Option<Fate> {
        let (cell, plan) = (row.cells.get(number)?, self.plans.get(number)?);
        Some(match cell.state {
            CellState::Affected => plan.fate(row, cell),
            CellState::Unknown
            | CellState::Excepted
            | CellState::Fixed
            | CellState::NotAffected
            | CellState::Absent => Fate {
                state: cell.state.as_str(),
                reason: cell.reason.clone(),
            },
        })
    }
}

impl LinePlan {
    /// The short name of its branch; `None` for a tag.
    #[must_use]
    pub fn base(&self) -> Option<&str> {
        let target = self.proposal.before.targets.first()?;
        target.ref_name.as_deref()?.strip_prefix("refs/heads/")
    }

    fn fate(&self, row: &GridRow, cell: &Cell) -> Fate {
        let id = row.advisory.id.as_str();
        let is_of_row = |finding: &Finding| {
            let name = ecosystem::normalise(&finding.ecosystem, &finding.name);
            finding.advisory.id == *id && row.packages.contains(&purl::of(&finding.ecosystem, &name, ""))
        };
        let left = self.proposal.after.findings().map(|(_, finding)| finding);
        let is_left = left.filter(|finding| finding.is_affected()).any(is_of_row);
        let files = self.proposal.lockfiles.iter();
        if !is_left {
            let moves = files.flat_map(|file| &file.plan.moves);
            let fixing = moves.filter(|one| one.fixes.iter().any(|fixed| fixed == id));
            let steps: BTreeSet<String> = fixing
                .map(|one| step(&one.name, &one.from, one.to.as_deref()))
                .collect();
            let steps: Vec<String> = steps.into_iter().collect();
            return Fate {
                state: LineState::Planned.as_str(),
                reason: match steps.is_empty() {
                    true => "gone with another upgrade".to_owned(),
                    false => steps.join(", "),
                },
            };
        }
        let mut blocked = files.flat_map(|file| &file.plan.blocked);
        let why = blocked.find(|blocked| blocked.fixes.iter().any(|fixed| fixed == id));
        Fate {
            state: LineState::Blocked.as_str(),
            reason: match why {
                Some(blocked) => reason_of(blocked),
                None => format!("{}, and nothing is planned for it", cell.reason),
            },
        }
    }
}

/// The scan of one of the targets, which ends as if it were the only one.
fn alone(outcome: &Outcome, number: usize) -> Outcome {
    let Some(target) = outcome.targets.get(number) else {
        return outcome.clone();
    };
    let alone = outcome.alone(target);
    Outcome {
        exit_code: match alone.verdict {
            Verdict::Pass => ExitCode::Pass,
            Verdict::Blocked => ExitCode::Blocked,
            Verdict::Incomplete => ExitCode::Incomplete,
            Verdict::NothingToScan => ExitCode::NothingToScan,
            Verdict::Failed => ExitCode::Bug,
        },
        ..alone
    }
}

/// How the line stands that `proposal` is for, the column `number` of `rows`, and why.
fn standing(proposal: &Proposal, rows: &[GridRow], number: usize) -> (LineState, String) {
    let blocking = |outcome: &Outcome| {
        let findings = outcome.findings().filter(|(_, finding)| finding.blocks());
        findings
            .map(|(_, finding)| finding.advisory.id.clone())
            .collect::<BTreeSet<_>>()
    };
    let (before, after) = (blocking(&proposal.before), blocking(&proposal.after));
    let moves = proposal.lockfiles.iter().flat_map(|file| &file.plan.moves);
    let mut steps: Vec<String> = moves
        .map(|one| step(&one.name, &one.from, one.to.as_deref()))
        .collect();
    steps.dedup();
    let all_blocked = || proposal.lockfiles.iter().flat_map(|file| &file.plan.blocked);
    let why = || {
        let of_left = all_blocked().find(|one| one.fixes.iter().any(|id| after.contains(id)));
        let reason = of_left.or_else(|| all_blocked().next()).map(reason_of);
        reason.unwrap_or_else(|| "the rest of what blocks was not asked for (`--only`)".to_owned())
    };
    let is_done = before.iter().all(|id| !after.contains(id));
    match (before.is_empty(), is_done, steps.is_empty()) {
        (false, true, _) | (true, _, false) if !steps.is_empty() => {
            return (LineState::Planned, listed(&steps));
        }
        (false, true, _) => {
            return (
                LineState::Planned,
                "what blocks is gone with the edits".to_owned(),
            );
        }
        (false, false, false) => return (LineState::Partly, format!("{}; {}", listed(&steps), why())),
        (false, false, true) => return (LineState::Blocked, why()),
        (true, ..) => {}
    }
    let gaps = &proposal.before.coverage.blind;
    match proposal.before.verdict {
        Verdict::NothingToScan => return (LineState::Unaffected, "it has no lockfile".to_owned()),
        Verdict::Incomplete | Verdict::Failed => {
            let reason = gaps.first().map(|gap| match &gap.location {
                Some(location) => format!("{}: {}", location.file, gap.reason),
                None => gap.reason.clone(),
            });
            let reason = reason.unwrap_or_else(|| "not everything was checked".to_owned());
            return (LineState::Unknown, reason);
        }
        Verdict::Pass | Verdict::Blocked => {}
    }
    let cells = || rows.iter().filter_map(|row| row.cells.get(number));
    let with = |state: CellState| cells().find(|cell| cell.state == state);
    if let Some(cell) = with(CellState::Affected).or_else(|| with(CellState::Excepted)) {
        return (LineState::Accepted, cell.reason.clone());
    }
    let fixed: Vec<String> = rows
        .iter()
        .filter_map(|row| Some((row, row.cells.get(number)?)))
        .filter(|(_, cell)| cell.state == CellState::Fixed)
        .map(|(row, cell)| {
            let package = row.packages.first().map(|url| url.as_str());
            let name = package
                .and_then(|url| url.split_once(':'))
                .map_or("", |(_, rest)| rest);
            let name = name.split_once('/').map_or(name, |(_, name)| name);
            format!("{name} {}", cell.version.as_deref().unwrap_or_default())
        })
        .collect();
    let fixed: BTreeSet<String> = fixed.into_iter().collect();
    if !fixed.is_empty() {
        let fixed: Vec<String> = fixed.into_iter().collect();
        return (LineState::Fixed, format!("it locks {}", listed(&fixed)));
    }
    (
        LineState::Unaffected,
        "no advisory affects what it locks".to_owned(),
    )
}

fn step(name: &str, from: &str, to: Option<&str>) -> String {
    match to {
        Some(to) => format!("{name} {from} → {to}"),
        None => format!("{name} {from} is no longer needed"),
    }
}

/// The first few of a list.
fn listed(items: &[String]) -> String {
    const MAX_ITEMS: usize = 3;
    let shown: Vec<&str> = items.iter().take(MAX_ITEMS).map(String::as_str).collect();
    match items.len().saturating_sub(MAX_ITEMS) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `cookie 1.0.0 stays: no version fixes it yet`.
fn reason_of(blocked: &Blocked) -> String {
    let constraint = blocked.by.first().map(|constraint| format!("{constraint}; "));
    format!(
        "{} {} stays: {}{}",
        blocked.name,
        blocked.version,
        constraint.unwrap_or_default(),
        blocked.reason.trim_end_matches('.')
    )
}
