//! What a pull request with carried commits says.

use super::id;
use super::markdown::by_hand;
use crate::model::carried::{CarriedLine, CarriedLines, CarryState};
use crate::plan::lines::LinePlan;
use crate::report::phrases::{counted, short};
use crate::report::plan::pull_request::upgrades_table;
use crate::text::escape::{is_hidden, markdown, markdown_code};

/// The longest text of a pull request, in bytes: forges take some more.
const LIMIT: usize = 60_000;

/// What a pull request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its title, on one line.
    pub title: String,
    /// Its text, in the forge's Markdown.
    pub body: String,
}

/// What the pull request of `line` says, which goes to the branch `base`. `plan` has the upgrades in its last commit.
#[must_use]
pub fn of(carried: &CarriedLines, line: &CarriedLine, base: &str, plan: Option<&LinePlan>) -> PullRequest {
    let what = match (&carried.source, carried.commits.as_slice()) {
        (Some(source), _) => format!("{} (#{})", source.title, source.number),
        (None, [one]) => one.subject.clone(),
        (None, commits) => counted(commits.len(), "commit", "commits"),
    };
    let title = format!("[{}] {}", plain(&short(base, 60)), plain(&short(&what, 180)));
    let mut body = match &carried.source {
        Some(source) => format!("Carries #{} to {}.\n\n", source.number, markdown_code(base)),
        None => format!("Carries commits to {}.\n\n", markdown_code(base)),
    };
    if line.state == CarryState::Draft {
        body.push_str("**It stops at a conflict, and is not whole.** What is on this branch is what comes before it.\n\n");
    }
    for commit in &line.commits {
        body.push_str(&format!(
            "- {} {} by {}\n",
            id(&commit.source),
            markdown(&short(&commit.subject, 300)),
            markdown(&short(&commit.author, 200))
        ));
    }
    if let Some(plan) = plan {
        body.push_str(&upgrades_table(&plan.proposal));
        body.push_str("\nLockfiles stand in a commit of their own: they were planned anew from those of this release line.\n");
    }
    if let Some(note) = &line.note {
        body.push_str(&format!("\n{}\n", markdown(note)));
    }
    body.push('\n');
    body.push_str(&by_hand(line));
    body.push_str(
        "\nAuthors, dates and messages are those of the commits. A commit of yours on this branch makes it yours: lockkeeper leaves it \
         alone then. Closing it is an answer: no other one is opened for the same.\n",
    );
    if body.len() > LIMIT {
        let end = body
            .char_indices()
            .map(|(at, _)| at)
            .take_while(|at| *at < LIMIT)
            .last();
        body.truncate(end.unwrap_or(0));
    }
    PullRequest {
        title: short(&title, 250).into_owned(),
        body,
    }
}

/// The message of a commit that says why nothing could be carried.
#[must_use]
pub fn explanation(line: &CarriedLine, base: &str) -> String {
    let mut text = format!(
        "Nothing could be carried to {}\n\n{}.\n",
        plain(&short(base, 60)),
        line.reason
    );
    for (path, reason) in line.conflict.iter().flat_map(|conflict| &conflict.files) {
        text.push_str(&format!("\n{}: {reason}", plain(path)));
    }
    text.push_str("\n\nBy hand:\n");
    for command in &line.commands {
        text.push_str(&format!("\n    {}", plain(command)));
    }
    text.push('\n');
    text
}

/// One line without anything that is not seen.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !is_hidden(*character)).collect()
}
