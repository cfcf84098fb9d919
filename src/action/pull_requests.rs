//! Pull requests with the upgrades of mode fix.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Fixed;
use super::forge::JobForge;
use super::inputs::Inputs;
use crate::model::{Outcome, Verdict};
use crate::plan::{Progress, Proposal, PullRequest};
use crate::policy::FixSettings;
use crate::propose::{self, NewText, Proposals, Proposed, StillAffected, Wanted};
use crate::report::plan::pull_request;
use crate::session::Fixes;

/// An answer of a run that came to no plan.
#[must_use]
pub fn nothing(outcome: Outcome) -> Fixed {
    Fixed {
        proposal: Proposal {
            before: outcome.clone(),
            after: outcome,
            lockfiles: Vec::new(),
            progress: Progress::Planned,
            pull_request: None,
        },
        proposed: Proposed::default(),
        runs: None,
    }
}

/// Has the forge hold a pull request for each part of `fixes` into `base`; without one nothing is asked of it.
#[must_use]
pub fn propose(fixes: Fixes, base: Option<&str>, inputs: &Inputs, job: &JobForge) -> Fixed {
    let mut fixed = Fixed {
        proposed: Proposed::default(),
        runs: None,
        proposal: fixes.whole,
    };
    let Some(base) = base else {
        return fixed;
    };
    let connection = match job.connection(inputs) {
        Ok(connection) => connection,
        Err(error) => {
            fixed.proposed.failed.push(error.to_string());
            return fixed;
        }
    };
    let run = job.pages().run;
    let settings = &fixes.settings;
    let wanted = |(key, proposal): (&str, &Proposal)| wanted(key, proposal, base, run.as_deref(), settings);
    let wanted: Vec<Wanted> = match fixes.parts.as_slice() {
        [] => vec![wanted(("", &fixed.proposal))],
        parts => parts
            .iter()
            .map(|(key, proposal)| wanted((key, proposal)))
            .collect(),
    };
    let proposals = Proposals {
        base,
        settings: &fixes.settings,
        wanted,
        found: found(&fixed.proposal.before),
    };
    let proposed = propose::propose(connection.forge.as_ref(), &proposals);
    fixed.proposed = connection.runtime.block_on(proposed);
    let carrier = fixed.proposed.carriers.iter().find(|one| one.key.is_empty());
    fixed.proposal.pull_request = carrier.map(|one| PullRequest {
        number: one.number,
        branch: one.branch.clone(),
        title: one.title.clone(),
    });
    fixed.runs = connection.end(!fixed.proposed.open.is_empty());
    fixed
}

/// What a scan of the base found.
pub(super) fn found(before: &Outcome) -> StillAffected {
    match before.verdict {
        Verdict::Pass | Verdict::Blocked if before.coverage.is_complete() => {
            let findings = before.findings().filter(|(_, finding)| finding.is_affected());
            StillAffected::All(findings.map(|(_, finding)| finding.advisory.id.clone()).collect())
        }
        Verdict::Pass | Verdict::Blocked | Verdict::Incomplete | Verdict::NothingToScan | Verdict::Failed => {
            StillAffected::Part
        }
    }
}

fn wanted(key: &str, proposal: &Proposal, base: &str, run: Option<&str>, settings: &FixSettings) -> Wanted {
    let (advisories, blocked) = advisories(proposal);
    let room = propose::room(settings, &advisories, &blocked);
    let text = pull_request::pull_request(proposal, base, run, room);
    Wanted {
        key: key.to_owned(),
        title: text.title,
        body: text.body,
        headline: text.headline,
        message: text.message,
        files: files(proposal),
        advisories,
        blocked,
        table: None,
    }
}

/// The ids of the advisories that `proposal` fixes, and of those that it could not.
pub(super) fn advisories(proposal: &Proposal) -> (BTreeSet<String>, BTreeSet<String>) {
    let plans = || proposal.lockfiles.iter().map(|file| &file.plan);
    let moves = plans().flat_map(|plan| &plan.moves);
    let fixed: BTreeSet<String> = moves.flat_map(|one| one.fixes.iter().cloned()).collect();
    let blocked = plans().flat_map(|plan| &plan.blocked);
    let mut blocked: BTreeSet<String> = blocked.flat_map(|one| one.fixes.iter().cloned()).collect();
    blocked.retain(|id| !fixed.contains(id));
    (fixed, blocked)
}

/// The files that change, by their paths from the top of the repository.
pub(super) fn files(proposal: &Proposal) -> BTreeMap<String, NewText> {
    let files = pull_request::files(proposal).into_iter();
    files
        .map(|(path, before, after)| {
            let text = NewText {
                before: before.to_owned(),
                after: after.to_owned(),
            };
            (path, text)
        })
        .collect()
}
