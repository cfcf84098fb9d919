//! One issue in a repository while something is open: found by a hidden marker among our own, edited in place, closed with
//! the report that shows why.

use crate::forge::{Forge, ForgeError, IssueState, Label};

/// The beginning of the issue's first line, which is not rendered.
const MARKER: &str = "<!-- lockkeeper:tracking:";

/// The label that it is found by.
const LABEL: &str = "lockkeeper";

/// The issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingIssue {
    /// Distinguishes it from the issues of other steps: hexadecimal digits.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its text, in the forge's Markdown: what is open, or the evidence that nothing is.
    pub text: String,
    /// What the run found.
    pub state: TrackingState,
}

/// Whether something is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackingState {
    /// Something must be fixed.
    Open,
    /// Nothing, and everything was checked.
    Clean,
    /// Nothing, but not everything was checked: no issue is opened or closed.
    Incomplete,
}

/// Opens, edits or closes the issue. Further open ones, which two runs at once can make, are closed.
///
/// # Errors
/// The first [`ForgeError`].
pub(super) async fn keep(
    forge: &dyn Forge,
    tracking: Option<&TrackingIssue>,
) -> Result<Vec<String>, ForgeError> {
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
        (None, TrackingState::Clean | TrackingState::Incomplete) => {}
        (None, TrackingState::Open) => {
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
        // An issue of another step is left to that step.
        (Some(existing), TrackingState::Clean | TrackingState::Incomplete)
            if !existing.body.trim_start().starts_with(&marker) =>
        {
            done.push(format!(
                "Issue #{} is left as it is: a step that scans something else keeps it.",
                existing.number
            ));
        }
        (Some(existing), state) => {
            let target = match state {
                TrackingState::Open | TrackingState::Incomplete => IssueState::Open,
                TrackingState::Clean => IssueState::Closed,
            };
            let is_same = existing.title == tracking.title
                && existing.body.replace("\r\n", "\n").trim_end() == body.trim_end()
                && target == IssueState::Open;
            if is_same {
                done.push(format!("Issue #{} is up to date.", existing.number));
            } else {
                forge
                    .edit_issue(existing.number, &tracking.title, &body, target)
                    .await?;
                done.push(match target {
                    IssueState::Open => format!("Issue #{} was brought up to date.", existing.number),
                    IssueState::Closed => {
                        format!("Issue #{} was closed: nothing is open any more.", existing.number)
                    }
                });
            }
            for further in open {
                let text = format!("{marker}\nThis is reported in #{}.", existing.number);
                forge
                    .edit_issue(further.number, &further.title, &text, IssueState::Closed)
                    .await?;
                done.push(format!(
                    "Issue #{} was closed: #{} reports it.",
                    further.number, existing.number
                ));
            }
        }
    }
    Ok(done)
}
