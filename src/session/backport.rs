//! Use case: what would fix the release lines of a repository, each planned anew from its own lockfiles, manifests and bounds.

use std::collections::BTreeSet;

use super::fix::packages;
use super::trees::{self, Trees};
use super::{Failed, FixRequest, Session};
use crate::config::policy;
use crate::model::{Failure, Grid};
use crate::plan::Proposal;
use crate::plan::lines::LinePlans;
use crate::policy::{FixSettings, Grouping};
use crate::propose::branch_name;
use crate::scan::columns::{self, columns};
use crate::scan::discover::DiscoveredTree;
use crate::scan::{Keep, grid};

/// Which release lines to plan for, and how far.
#[derive(Debug, Clone)]
pub struct BackportRequest {
    /// What to fix; its input is one folder or lockfile of a git repository. Edits are shown, never written.
    pub fix: FixRequest,
    /// Comma-separated globs on short names; else the policy chooses.
    pub refs: Option<String>,
}

/// Plans for pull requests into release lines.
#[derive(Debug)]
pub struct Backports {
    /// What all upgrades together do to each line.
    pub whole: LinePlans,
    /// What goes into one pull request of each line by itself: the URL of a package, and its upgrades; none where all go into
    /// one.
    pub parts: Vec<(String, LinePlans)>,
    /// How pull requests look, by the policy.
    pub settings: FixSettings,
}

impl Session<'_> {
    /// Plans upgrades for every live release line. The policy is that of the tree in which the command runs.
    ///
    /// # Errors
    /// [`Failed`] with a failure of usage outside of git or where no release line is live, or of an advisory database that is
    /// missing.
    pub fn backport(&self, request: &BackportRequest) -> Result<Backports, Failed<Proposal>> {
        self.observer.working("reading lockfiles");
        let backports = self.backports(request);
        self.observer.finished();
        backports
    }

    fn backports(&self, request: &BackportRequest) -> Result<Backports, Failed<Proposal>> {
        if request.fix.input.paths.len() > 1 {
            return Err(Failed::from(Failure::usage(
                "release lines are those of one repository, and several paths are given",
                "Give one folder of one repository, and run the command once for each.",
            )));
        }
        let found = trees::one(&request.fix.input)?;
        self.reach(&found);
        let effective = policy::effective(&found, &request.fix.policy, None)?;
        let settings = effective.policy.fix.clone();
        let whole = self.line_plans(request, &found, &effective)?;
        let mut parts = Vec::new();
        match settings.group {
            Grouping::All => {}
            Grouping::Package => {
                let names: BTreeSet<String> = whole
                    .plans
                    .iter()
                    .flat_map(|plan| packages(&plan.proposal))
                    .collect();
                for package in names {
                    let mut request = request.clone();
                    request.fix.limits.only = vec![package.clone()];
                    parts.push((package, self.line_plans(&request, &found, &effective)?));
                }
            }
        }
        Ok(Backports {
            whole,
            parts,
            settings,
        })
    }

    fn line_plans(
        &self,
        request: &BackportRequest,
        found: &DiscoveredTree,
        effective: &policy::Effective,
    ) -> Result<LinePlans, Failed<Proposal>> {
        let rules = &effective.policy;
        let choice = trees::choice(request.refs.as_deref(), rules);
        let columns = || columns(found, &choice, trees::prefer(), self.now);
        let chosen = columns()?;
        let is_live = |name: &str| chosen.chosen.live().any(|line| line.ref_name == name);
        let mut remarks = effective.remarks.clone();
        remarks.extend(columns::remarks(&chosen.refs, is_live));
        let find = || {
            let mut trees = Trees::of(columns()?.trees, rules);
            trees.remarks.clone_from(&remarks);
            Ok(trees)
        };
        let (trees, proposal) = self.planned(&request.fix, &find, Keep::Assessments)?;
        let lines: Vec<&DiscoveredTree> = trees.found().collect();
        let (rows, joined) = grid::rows(&proposal.before, &lines);
        let grid = Grid {
            outcome: proposal.before.clone(),
            rows,
            joined,
            lines: chosen.chosen.lines,
            warnings: chosen.chosen.warnings,
            history: None,
        };
        let branch = |name: &str| {
            let base = name.strip_prefix("refs/heads/")?;
            Some(branch_name(&rules.fix, base, ""))
        };
        let default = chosen.refs.default.as_deref();
        Ok(LinePlans::of(grid, proposal, default, &branch))
    }
}
