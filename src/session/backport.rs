//! Use case: what would fix the release lines of a repository, each planned anew from its own lockfiles, manifests and bounds.

use std::collections::{BTreeMap, BTreeSet};

use super::fix::packages;
use super::trees::{self, Trees};
use super::{Failed, FixRequest, Session};
use crate::config::policy;
use crate::model::lines::Choice;
use crate::model::{Failure, Grid};
use crate::plan::lines::LinePlans;
use crate::plan::{Edited, Proposal};
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

/// For full names of lines: files that the line is to have before anything is planned for it.
pub(super) type Carriage = BTreeMap<String, Vec<Edited>>;

impl Session<'_> {
    /// Plans upgrades for every live release line. The policy is that of the tree in which the command runs.
    ///
    /// # Errors
    /// [`Failed`] with a failure of usage outside of git or where no release line is live, or of an advisory database that is
    /// missing.
    pub fn backport(&self, request: &BackportRequest) -> Result<Backports, Failed<LinePlans>> {
        self.observer.working("reading lockfiles");
        let backports = self.backports(request);
        self.observer.finished();
        backports
    }

    fn backports(&self, request: &BackportRequest) -> Result<Backports, Failed<LinePlans>> {
        if request.fix.input.paths.len() > 1 {
            return Err(Failed::from(Failure::usage(
                "release lines are those of one repository, and several paths are given",
                "Give one folder of one repository, and run the command once for each.",
            )));
        }
        let found = trees::one_in_git(&request.fix.input)?;
        self.reach(&found);
        let effective = policy::effective(&found, &request.fix.policy, None)?;
        let settings = effective.policy.fix.clone();
        let choice = trees::choice(request.refs.as_deref(), &effective.policy);
        let whole = self.line_plans(&request.fix, &choice, (&found, &effective), &Carriage::new())?;
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
                    let mut request = request.fix.clone();
                    request.limits.only = vec![package.clone()];
                    let plans = self.line_plans(&request, &choice, (&found, &effective), &Carriage::new())?;
                    parts.push((package, plans));
                }
            }
        }
        Ok(Backports {
            whole,
            parts,
            settings,
        })
    }

    /// Plans for every line; `carried` is what each of them has before.
    pub(super) fn line_plans(
        &self,
        request: &FixRequest,
        choice: &Choice,
        (found, effective): (&DiscoveredTree, &policy::Effective),
        carried: &Carriage,
    ) -> Result<LinePlans, Failed<LinePlans>> {
        let rules = &effective.policy;
        let columns = || columns(found, choice, trees::prefer(), self.now);
        let chosen = columns()?;
        let is_live = |name: &str| chosen.chosen.live().any(|line| line.ref_name == name);
        let mut remarks = effective.remarks.clone();
        remarks.extend(columns::remarks(&chosen.refs, is_live));
        let find = || {
            let columns = columns()?;
            let refs: Vec<Option<String>> = columns
                .trees
                .iter()
                .map(|tree| tree.head.ref_name.clone())
                .collect();
            let edits = |number: usize| -> Vec<&Edited> {
                let name = refs.get(number).and_then(Option::as_ref);
                let files = name.and_then(|name| carried.get(name));
                files.map(|files| files.iter().collect()).unwrap_or_default()
            };
            let mut trees = Trees::of(columns.trees, rules).edited(edits);
            trees.remarks.clone_from(&remarks);
            Ok(trees)
        };
        let branch = |name: &str| {
            let base = name.strip_prefix("refs/heads/")?;
            Some(branch_name(&rules.fix, base, ""))
        };
        let plans = |trees: &Trees, proposal: Proposal| {
            let lines: Vec<&DiscoveredTree> = trees.found().collect();
            let (rows, joined) = grid::rows(&proposal.before, &lines);
            let grid = Grid {
                outcome: proposal.before.clone(),
                rows,
                joined,
                lines: chosen.chosen.lines.clone(),
                warnings: chosen.chosen.warnings.clone(),
                history: None,
                metrics: None,
            };
            LinePlans::of(grid, proposal, chosen.refs.default.as_deref(), &branch)
        };
        match self.planned(request, &find, Keep::Assessments) {
            Ok((trees, proposal)) => Ok(plans(&trees, proposal)),
            Err(Failed { failure, report }) => Err(Failed {
                report: match report {
                    Some(proposal) => Some(Box::new(plans(&find()?, *proposal))),
                    None => None,
                },
                failure,
            }),
        }
    }
}
