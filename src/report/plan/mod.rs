//! What a plan does about the findings of a tree, for `lockkeeper plan` and `fix`.
//!
//! To add a form of it: write `report/plan/x.rs` and add it to [`FORMS`].

mod diff;
pub mod json;
pub mod markdown;
pub mod pull_request;
pub mod terminal;

use super::Form;
use super::headline;
use super::phrases::{advisories, counted, severities};
use crate::model::{Finding, TreePath, Verdict};
use crate::plan::{LockfilePlan, Move, Progress, Proposal};
use crate::remediation::{Summary, remediations};

pub use diff::diff;

/// Every form of a proposal, in alphabetical order.
pub static FORMS: &[Form<Proposal>] = &[
    Form {
        name: "json",
        write: json::write,
    },
    Form {
        name: "markdown",
        write: markdown::write,
    },
    Form {
        name: "terminal",
        write: terminal::write,
    },
];

/// What the plan comes to, the most important first: from the scan of the result, and not from what was planned.
fn words(proposal: &Proposal) -> Vec<String> {
    let (before, after) = (&proposal.before, &proposal.after);
    let failing = remediations(before, Finding::blocks);
    let left = remediations(after, Finding::blocks);
    let (all, rest) = (Summary::of(&failing), Summary::of(&left));
    let moves: usize = proposal.lockfiles.iter().map(|file| file.plan.moves.len()).sum();
    let upgrades = counted(moves, "upgrade", "upgrades");
    let done = match proposal.progress {
        Progress::Planned => "would fix",
        Progress::Written => "fixed",
    };
    let mut words = Vec::new();
    if all.advisories.is_empty() {
        words.push("nothing blocks, so there is nothing that has to be fixed".to_owned());
        if moves > 0 {
            words.push(format!("{upgrades} {done} what only warns"));
        }
    } else if moves == 0 {
        let which = if all.advisories.len() == 1 {
            "the"
        } else {
            "any of"
        };
        words.push(format!(
            "no upgrade fixes {which} {} {}",
            advisories(&all.advisories),
            severities(&all.advisories)
        ));
    } else {
        let fixed = all.advisories.len().saturating_sub(rest.advisories.len());
        words.push(format!(
            "{upgrades} {done} {fixed} of {} {}",
            advisories(&all.advisories),
            severities(&all.advisories)
        ));
    }
    match after.verdict {
        // It was just said that none is fixed.
        Verdict::Blocked if moves == 0 => {}
        Verdict::Blocked => words.push(format!(
            "{} would still block",
            counted(rest.advisories.len(), "advisory", "advisories")
        )),
        Verdict::Incomplete => words.push(headline::cause(after, after.coverage.blind.len())),
        Verdict::Pass | Verdict::NothingToScan | Verdict::Failed => {}
    }
    words
}

/// The lockfile as reports name it: behind the root of its target where there are several.
fn shown(proposal: &Proposal, file: &LockfilePlan) -> String {
    path(proposal, file.target, &file.file)
}

fn path(proposal: &Proposal, target: usize, file: &TreePath) -> String {
    let target = proposal.before.targets.get(target);
    let root = target.map_or("", |target| target.root.trim_end_matches('/'));
    match root {
        "" | "." => file.to_string(),
        root => format!("{root}/{file}"),
    }
}

/// `js-yaml 4.3.1 → 4.3.2`, `wit-bindgen 0.51.0: no longer needed`.
fn step(one: &Move) -> String {
    match &one.to {
        Some(to) => format!("{} {} → {to}", one.name, one.from),
        None => format!("{} {}: no longer needed", one.name, one.from),
    }
}
