//! Pull requests with the upgrades of mode fix.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answer::Fixed;
use super::forge::{JobForge, settings};
use super::inputs::Inputs;
use crate::model::{Outcome, Verdict};
use crate::plan::{Progress, Proposal, PullRequest};
use crate::propose::{self, NewText, Proposals, Proposed, StillAffected, Wanted};
use crate::report::plan::pull_request;
use crate::session::Fixes;
use crate::sys::web::{self, Web};

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
    if inputs.token.is_none() {
        let failed =
            "There is no token to open pull requests with. Leave the input `token` out, or give it one.";
        fixed.proposed.failed.push(failed.to_owned());
        return fixed;
    }
    let run = job.pages().run;
    let wanted = |(key, proposal): (&str, &Proposal)| wanted(key, proposal, base, run.as_deref());
    let wanted: Vec<Wanted> = match fixes.parts.as_slice() {
        [] => vec![wanted(("", &fixed.proposal))],
        parts => parts
            .iter()
            .map(|(key, proposal)| wanted((key, proposal)))
            .collect(),
    };
    let web = Arc::new(Web::new(settings()));
    let forge = match job.connect(inputs, web) {
        Ok(forge) => forge,
        Err(error) => {
            fixed.proposed.failed.push(error.to_string());
            return fixed;
        }
    };
    let runtime = match web::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failed = format!("The system refuses what a connection needs: {error}.");
            fixed.proposed.failed.push(failed);
            return fixed;
        }
    };
    let proposals = Proposals {
        base,
        settings: &fixes.settings,
        wanted,
        found: found(&fixed.proposal.before),
    };
    fixed.proposed = runtime.block_on(propose::propose(forge.as_ref(), &proposals));
    let carrier = fixed.proposed.carriers.iter().find(|one| one.key.is_empty());
    fixed.proposal.pull_request = carrier.map(|one| PullRequest {
        number: one.number,
        branch: one.branch.clone(),
        title: one.title.clone(),
    });
    if !fixed.proposed.open.is_empty() {
        let access = runtime.block_on(forge.access());
        fixed.runs = access.ok().map(|access| access.runs().sentence());
    }
    // A name that is still being looked up must not keep the step.
    runtime.shutdown_background();
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

fn wanted(key: &str, proposal: &Proposal, base: &str, run: Option<&str>) -> Wanted {
    let text = pull_request::pull_request(proposal, base, run);
    let moves = proposal.lockfiles.iter().flat_map(|file| &file.plan.moves);
    Wanted {
        key: key.to_owned(),
        title: text.title,
        body: text.body,
        headline: text.headline,
        message: text.message,
        files: files(proposal),
        advisories: moves.flat_map(|one| one.fixes.iter().cloned()).collect(),
        table: None,
    }
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
