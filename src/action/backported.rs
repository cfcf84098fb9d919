//! Plans for release lines, and what became of their pull requests.

use crate::forge::Visibility;
use crate::model::verdict::ExitCode;
use crate::model::{Grid, Outcome};
use crate::plan::lines::{LinePlans, LineState};
use crate::plan::{Progress, Proposal};
use crate::propose::Proposed;

/// Plans for release lines, and what became of their pull requests.
pub struct Backported {
    /// What all upgrades together do to each line.
    pub plans: LinePlans,
    /// What became of the pull requests of all lines.
    pub proposed: Proposed,
    /// The pull request whose comment has the table of all lines.
    pub table: Option<(u64, Visibility)>,
    /// Whether workflows run on them, as a sentence.
    pub runs: Option<&'static str>,
}

/// How many release lines stand like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCounts {
    /// All that are live.
    pub all: usize,
    /// Those with an open pull request.
    pub open: usize,
    /// Those that something blocks and that have no open pull request.
    pub blocked: usize,
    /// Those without an open pull request that nothing blocks.
    pub clean: usize,
    /// Those of which not everything could be checked.
    pub unknown: usize,
}

impl Backported {
    /// An answer of a run that came to no plan.
    #[must_use]
    pub fn nothing(outcome: Outcome) -> Self {
        let proposal = Proposal {
            before: outcome.clone(),
            after: outcome.clone(),
            lockfiles: Vec::new(),
            progress: Progress::Planned,
            pull_request: None,
        };
        let grid = Grid::without_lines(outcome);
        Self::of(LinePlans::of(grid, proposal, None, &|_| None))
    }

    /// Plans of which nothing was proposed yet.
    #[must_use]
    pub fn of(plans: LinePlans) -> Self {
        Self {
            plans,
            proposed: Proposed::default(),
            table: None,
            runs: None,
        }
    }

    /// How the step ends: as the scan of the result, but where the forge failed.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match (self.proposed.failed.is_empty(), self.proposed.done.is_empty()) {
            (true, _) => self.plans.exit_code(),
            (false, true) => ExitCode::Remote,
            (false, false) => ExitCode::Some,
        }
    }

    /// The counts of the outputs.
    #[must_use]
    pub fn counts(&self) -> LineCounts {
        let mut counts = LineCounts {
            all: self.plans.plans.len(),
            open: 0,
            blocked: 0,
            clean: 0,
            unknown: 0,
        };
        for plan in &self.plans.plans {
            let count = match plan.state {
                _ if !plan.requests.is_empty() => &mut counts.open,
                LineState::Planned | LineState::Partly | LineState::Blocked => &mut counts.blocked,
                LineState::Unknown => &mut counts.unknown,
                LineState::Accepted | LineState::Fixed | LineState::Unaffected | LineState::LeftOut => {
                    &mut counts.clean
                }
            };
            *count += 1;
        }
        counts
    }
}
