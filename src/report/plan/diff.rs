//! The edits of a plan as a unified diff, which `git apply` and `patch` take.

use super::path;
use crate::plan::Proposal;
use crate::text::escape;

/// Lines around each change.
const CONTEXT: usize = 3;

/// The edits of every file.
#[must_use]
pub fn diff(proposal: &Proposal) -> String {
    let mut text = String::new();
    for file in &proposal.lockfiles {
        for edited in &file.edited {
            let name = path(proposal, file.target, &edited.path);
            let name = escape::terminal(&name);
            let difference = similar::TextDiff::from_lines(&edited.before, &edited.after);
            let mut unified = difference.unified_diff();
            let unified = unified
                .context_radius(CONTEXT)
                .header(&format!("a/{name}"), &format!("b/{name}"));
            text.push_str(&unified.to_string());
        }
    }
    text
}
