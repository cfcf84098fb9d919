//! What becomes of commits that are carried to release lines, for `lockkeeper backport --commit` and `--pull-request`.

pub mod json;
pub mod markdown;
pub mod pull_request;
pub mod terminal;

use super::Form;
use super::grid::columns::short_names;
use super::phrases::{counted, thousands};
use crate::model::carried::{CarriedLine, CarriedLines, CarryState};

/// Every form, in alphabetical order.
pub static FORMS: &[Form<CarriedLines>] = &[
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

/// A line as reports list it.
struct Listed<'l> {
    name: String,
    state: &'static str,
    reason: &'l str,
    /// None of one that is left out.
    line: Option<&'l CarriedLine>,
}

/// The lines in their order, then those that are left out.
fn lines(carried: &CarriedLines) -> Vec<Listed<'_>> {
    let live = carried.lines.iter().map(|line| line.ref_name.as_str());
    let left_out = carried.left_out.iter().map(|line| line.ref_name.as_str());
    let names = short_names(live.chain(left_out));
    let name = |full: &str| names.get(full).copied().unwrap_or(full).to_owned();
    let live = carried.lines.iter().map(|line| Listed {
        name: name(&line.ref_name),
        state: line.state.as_str(),
        reason: &line.reason,
        line: Some(line),
    });
    let left_out = carried.left_out.iter().map(|line| Listed {
        name: name(&line.ref_name),
        state: "left out",
        reason: &line.reason,
        line: None,
    });
    live.chain(left_out).collect()
}

/// What it comes to, the most important first.
fn words(carried: &CarriedLines) -> Vec<String> {
    let mut words = vec![
        counted(carried.commits.len(), "commit", "commits"),
        counted(carried.lines.len(), "release line", "release lines"),
    ];
    for state in CarryState::ALL {
        let count = carried.count(state);
        if count > 0 {
            words.push(format!("{} {}", thousands(count as u64), phrase(state)));
        }
    }
    words
}

/// How lines of a state are counted.
fn phrase(state: CarryState) -> &'static str {
    match state {
        CarryState::Planned => "can take them",
        CarryState::Proposed => "with a pull request",
        CarryState::Draft => "in conflict",
        CarryState::Blocked => "blocked",
        CarryState::Unknown => "not read",
        CarryState::Fixed => "with the change already",
        CarryState::Nothing => "with lockfiles alone to change",
    }
}

/// What is said of a line beside its state, each a lowercase fragment.
fn details(line: &CarriedLine) -> Vec<String> {
    let mut details = Vec::new();
    for there in &line.there {
        details.push(match there.commit == there.by {
            true => format!("{} is on it", id(&there.commit)),
            false => format!("{} is on it as {}", id(&there.commit), id(&there.by)),
        });
    }
    for undone in &line.undone {
        details.push(match &undone.by {
            Some(by) => format!("{} was on it, and was reverted by {}", id(&undone.commit), id(by)),
            None => format!(
                "the change of {} is not there as it was: it was moved, or taken out by hand",
                id(&undone.commit)
            ),
        });
    }
    for lockfile in &line.lockfiles {
        details.push(format!("left out, to be locked again on the line: {lockfile}"));
    }
    let unsigned: Vec<&str> = line
        .commits
        .iter()
        .filter(|commit| !commit.is_signed)
        .map(|commit| id(&commit.source))
        .collect();
    if !unsigned.is_empty() {
        details.push(format!(
            "no sign-off of the author in {}: a check for it (DCO) fails; `sign-off: true` in the policy's `fix` adds that of the committer",
            unsigned.join(", ")
        ));
    }
    if line.changes_workflows {
        details.push("changes .github/workflows: a token needs the right `workflows`".to_owned());
    }
    if line.is_cut {
        details.push("the history was not read to its end: the line may have the change already".to_owned());
    }
    for (path, reason) in line.conflict.iter().flat_map(|conflict| &conflict.files) {
        details.push(format!("{path}: {reason}"));
    }
    for missing in line.conflict.iter().flat_map(|conflict| &conflict.missing) {
        details.push(format!(
            "not on this line, and changed these files: {} {}",
            id(&missing.id),
            missing.subject
        ));
    }
    details
}

/// The commands are of use: nobody needs those of a line that has the change.
fn has_commands(line: &CarriedLine) -> bool {
    match line.state {
        CarryState::Planned | CarryState::Proposed | CarryState::Draft | CarryState::Blocked => {
            !line.commands.is_empty()
        }
        CarryState::Unknown | CarryState::Fixed | CarryState::Nothing => false,
    }
}

/// The beginning of an id.
fn id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// How a person goes on where one of the commands ends in a conflict, behind "By hand, in …; ".
fn after_a_conflict(line: &CarriedLine) -> &'static str {
    let puts_lockfiles_back = line
        .commands
        .iter()
        .any(|command| command.ends_with(" commit -q --amend --no-edit"));
    match puts_lockfiles_back {
        true => {
            "after each conflict take the lockfiles with the command below it, resolve the rest, `git add`, and \
             `git cherry-pick --continue` in the place of `git commit --amend`"
        }
        false => "after each conflict resolve it, `git add`, and `git cherry-pick --continue`",
    }
}
