//! One issue in a repository while something is open: found by a hidden marker among our own, edited in place, closed with
//! the report that shows why.

use crate::forge::{Forge, ForgeError, IssueState, Label};

/// What the first line of the issue's text begins with, which nobody sees.
const MARKER: &str = "<!-- lockkeeper:tracking:";

/// The label that it is found by.
const LABEL: &str = "lockkeeper";

/// The issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracking {
    /// What tells what the step looks at from what others do: hexadecimal digits.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its text, in the forge's Markdown: what is open, or the evidence that nothing is.
    pub text: String,
    /// What the run found out.
    pub state: Found,
}

/// What a run found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Something that must be mended.
    Open,
    /// Nothing, and everything was looked at.
    Clean,
    /// Nothing, but not everything was looked at: it opens no issue and closes none.
    Unsure,
}

/// Opens, edits or closes the issue. Further open ones, which two runs at once can make, are closed.
///
/// # Errors
/// The first [`ForgeError`].
pub(super) async fn keep(forge: &dyn Forge, tracking: Option<&Tracking>) -> Result<Vec<String>, ForgeError> {
    let Some(tracking) = tracking else {
        return Ok(Vec::new());
    };
    let marker = format!("{MARKER}{} -->", tracking.key);
    let body = format!("{marker}\n{}", tracking.text);
    let found = forge.find_issues(MARKER, LABEL).await?;
    let mut open: Vec<_> = found
        .into_iter()
        .filter(|issue| issue.state == IssueState::Open)
        .collect();
    // The oldest one is the one that people know.
    open.sort_by_key(|issue| issue.number);
    let mut open = open.into_iter();
    let mut done = Vec::new();
    match (open.next(), tracking.state) {
        (None, Found::Clean | Found::Unsure) => {}
        (None, Found::Open) => {
            let label = Label {
                name: LABEL.to_owned(),
                colour: "b60205",
                description: "Kept up to date by lockkeeper",
            };
            forge.make_label(&label).await?;
            let issue = forge
                .add_issue(&tracking.title, &body, &[LABEL.to_owned()])
                .await?;
            done.push(format!("Opened issue #{}.", issue.number));
        }
        // What somebody else opened is not ended by who looks at something else.
        (Some(held), Found::Clean | Found::Unsure) if !held.body.trim_start().starts_with(&marker) => {
            done.push(format!(
                "Issue #{} is left as it is: a step that looks at something else keeps it.",
                held.number
            ));
        }
        (Some(held), state) => {
            let target = match state {
                Found::Open | Found::Unsure => IssueState::Open,
                Found::Clean => IssueState::Closed,
            };
            let is_same = held.title == tracking.title
                && held.body.replace("\r\n", "\n").trim_end() == body.trim_end()
                && target == IssueState::Open;
            if is_same {
                done.push(format!("Issue #{} is up to date.", held.number));
            } else {
                forge
                    .edit_issue(held.number, &tracking.title, &body, target)
                    .await?;
                done.push(match target {
                    IssueState::Open => format!("Issue #{} was brought up to date.", held.number),
                    IssueState::Closed => {
                        format!("Issue #{} was closed: nothing is open any more.", held.number)
                    }
                });
            }
            for further in open {
                let text = format!("{marker}\nThis is reported in #{}.", held.number);
                forge
                    .edit_issue(further.number, &further.title, &text, IssueState::Closed)
                    .await?;
                done.push(format!(
                    "Issue #{} was closed: #{} reports it.",
                    further.number, held.number
                ));
            }
        }
    }
    Ok(done)
}
