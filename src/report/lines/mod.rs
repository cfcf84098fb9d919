//! What plans do about the release lines of a repository, for `lockkeeper backport` and `plan --refs`.

pub mod json;
pub mod markdown;
pub mod terminal;

use super::Form;
use super::grid::columns::short_names;
use super::phrases::{counted, thousands};
use crate::model::{Outcome, Verdict};
use crate::plan::lines::{LinePlan, LinePlans, LineState};
use crate::report::headline;
use crate::report::plan;

/// Every form of plans for release lines, in alphabetical order.
pub static FORMS: &[Form<LinePlans>] = &[
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

/// How a line stands, in the order in which lines are counted.
const STATES: [(LineState, &str); 8] = [
    (LineState::Planned, "with upgrades that fix all that blocks"),
    (LineState::Partly, "fixed in part"),
    (LineState::Blocked, "blocked"),
    (LineState::Unknown, "not checked in whole"),
    (LineState::Accepted, "accepted"),
    (LineState::Fixed, "fixed already"),
    (LineState::Unaffected, "not affected"),
    (LineState::LeftOut, "left out"),
];

/// A state as people read it: the word of the JSON.
fn word(state: LineState) -> &'static str {
    match state {
        LineState::LeftOut => "left out",
        LineState::Planned
        | LineState::Partly
        | LineState::Blocked
        | LineState::Unknown
        | LineState::Accepted
        | LineState::Fixed
        | LineState::Unaffected => state.as_str(),
    }
}

/// A line as reports list it.
struct Listed<'l> {
    name: String,
    state: LineState,
    reason: &'l str,
    plan: Option<&'l LinePlan>,
}

/// The live lines in their order, then those that are left out.
fn lines(plans: &LinePlans) -> Vec<Listed<'_>> {
    let outcome = &plans.grid.outcome;
    let live = outcome.targets.iter().zip(&plans.plans);
    let refs = outcome
        .targets
        .iter()
        .filter_map(|target| target.ref_name.as_deref());
    let names = short_names(refs.chain(plans.left_out().map(|line| line.ref_name.as_str())));
    let name = |full: &str| names.get(full).copied().unwrap_or(full).to_owned();
    let live = live.map(|(target, plan)| Listed {
        name: name(target.ref_name.as_deref().unwrap_or(&target.root)),
        state: plan.state,
        reason: &plan.reason,
        plan: Some(plan),
    });
    let left_out = plans.left_out().map(|line| Listed {
        name: name(&line.ref_name),
        state: LineState::LeftOut,
        reason: &line.reason,
        plan: None,
    });
    live.chain(left_out).collect()
}

/// What the plans come to, the most important first.
fn words(plans: &LinePlans) -> Vec<String> {
    let after: &Outcome = &plans.after;
    let all = counted(plans.plans.len(), "release line", "release lines");
    let mut words = vec![all];
    for (state, text) in STATES {
        let count = plans.count(state);
        if count > 0 {
            words.push(format!("{} {text}", thousands(count as u64)));
        }
    }
    match after.verdict {
        Verdict::Incomplete => words.push(headline::cause(after, after.coverage.blind.len())),
        Verdict::Blocked | Verdict::Pass | Verdict::NothingToScan | Verdict::Failed => {}
    }
    words
}

/// The edits of every line as unified diffs, each behind a line that names it.
#[must_use]
pub fn diff(plans: &LinePlans) -> String {
    let mut text = String::new();
    for line in lines(plans) {
        let edits = line
            .plan
            .map(|plan| plan::diff(&plan.proposal))
            .unwrap_or_default();
        if !edits.is_empty() {
            text.push_str(&format!(
                "# {}\n{edits}",
                crate::text::escape::terminal(&line.name)
            ));
        }
    }
    text
}

/// Whether a line has upgrades.
fn has_upgrades(plan: &LinePlan) -> bool {
    plan.proposal.lockfiles.iter().any(|file| !file.edited.is_empty())
}
