//! Plans for the lockfiles of a tree, and what a scan of the result says.

use super::Plan;
use crate::model::verdict::ExitCode;
use crate::model::{Ecosystem, Outcome, TreePath};

/// What is to be done about the findings of a tree.
#[derive(Debug)]
pub struct Proposal {
    /// The scan before.
    pub before: Outcome,
    /// The scan of the same tree with the edits made.
    pub after: Outcome,
    /// A plan for each lockfile with something to fix, in the order of the files.
    pub lockfiles: Vec<LockfilePlan>,
    /// What became of the edits.
    pub progress: Progress,
    /// The pull request that carries all of them; `None` where there is none, or one for each package.
    pub pull_request: Option<PullRequest>,
}

/// A pull request that carries the edits of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The number that the forge gave it.
    pub number: u64,
    /// Its branch.
    pub branch: String,
    /// Its title.
    pub title: String,
}

/// What became of the edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// They are shown.
    Planned,
    /// They are on disk.
    Written,
}

/// The plan for a lockfile.
#[derive(Debug, Clone)]
pub struct LockfilePlan {
    /// The number of its target.
    pub target: usize,
    /// The lockfile, relative to the target's root.
    pub file: TreePath,
    /// The ecosystem of its packages.
    pub ecosystem: Ecosystem,
    /// What is planned.
    pub plan: Plan,
    /// The files that change, the lockfile first.
    pub edited: Vec<Edited>,
    /// What the ecosystem's own tool was asked and accepted, as commands; `None` where it was not asked.
    pub verified: Option<String>,
}

/// A file with another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The file, relative to the target's root.
    pub path: TreePath,
    /// What stands there.
    pub before: String,
    /// What is to stand there.
    pub after: String,
}

impl Proposal {
    /// How many findings are gone by it.
    #[must_use]
    pub fn fixed(&self) -> usize {
        let failing = |outcome: &Outcome| outcome.findings().filter(|(_, finding)| finding.blocks()).count();
        failing(&self.before).saturating_sub(failing(&self.after))
    }

    /// How the run ends: as the scan of the result, but for `6` where some findings that block are gone and some are not.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self.after.exit_code {
            ExitCode::Blocked if self.fixed() > 0 => ExitCode::Some,
            code => code,
        }
    }
}
