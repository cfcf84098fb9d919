//! Which commits of a branch are those of a merged request, read from its history.

use super::selection::{self, Request, Selection};
use crate::git::merge::Workspace;
use crate::git::{GitError, ObjectId, Repository};

/// The commits of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// How they were found.
    pub selection: Selection,
    /// In the order in which they are carried; none where that is not known.
    pub commits: Vec<ObjectId>,
}

/// The commits that a request with the commits `own`, in order, put on its branch, where it ends in `merged`.
///
/// # Errors
/// [`GitError`] if the clone lacks one of the commits.
pub fn commits(
    repository: &Repository,
    workspace: &Workspace,
    merged: ObjectId,
    own: &[ObjectId],
) -> Result<Selected, GitError> {
    // What a merge brought, and the one commit of a request, are known without its own commits.
    let alone = match (repository.parents(merged)?.ids.len(), own.len()) {
        (2.., _) => Some(Selection::Merge),
        (_, 1) => Some(Selection::Squash),
        _ => None,
    };
    if let Some(selection) = alone {
        return Ok(Selected {
            selection,
            commits: vec![merged],
        });
    }
    let mut changes = Vec::new();
    for commit in own {
        let parents = repository.parents(*commit)?;
        if let [parent] = parents.ids.as_slice() {
            changes.push(workspace.identity(*parent, *commit)?.unwrap_or_default());
        }
    }
    let mut landed = Vec::new();
    let mut commits = Vec::new();
    let mut at = merged;
    let mut parents = repository.parents(merged)?.ids;
    let count = parents.len();
    while landed.len() < changes.len() {
        let [parent] = parents.as_slice() else { break };
        landed.push(workspace.identity(*parent, at)?.unwrap_or_default());
        commits.push(at);
        at = *parent;
        parents = repository.parents(at)?.ids;
    }
    let selection = selection::select(&Request {
        own: &changes,
        parents: count,
        landed: &landed,
    });
    let commits = match selection {
        Selection::Range(_) => commits.into_iter().rev().collect(),
        Selection::Squash | Selection::Merge => vec![merged],
        Selection::Unclear { .. } => Vec::new(),
    };
    Ok(Selected { selection, commits })
}
