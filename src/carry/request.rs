//! Which commits of a branch are those of a merged request, read from its history.
//!
//! ```text
//! merged with …
//!   one of its own commits ─► its commits but the merges, if they give the same files on what the branch was
//!   a merge of its last    ─► what the merge brought
//!   a merge of another     ─► its commits, if they are on the branch by it and none of them is a merge
//!   a commit               ─► as many commits as it has: each changes the same, or gives the same files when made again there
//!                          ─► the one commit, if it makes the request's files of those that the request began with
//! ```
//!
//! What none of that proves is not carried: a part would look like the whole.

use std::collections::HashSet;

use super::selection::{Found, Selection, Unclear, find};
use crate::git::merge::{Labels, Workspace};
use crate::git::{GitError, ObjectId, Repository};

/// The commits of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// How they were found.
    pub selection: Selection,
    /// In the order in which they are carried; none where that is not known.
    pub commits: Vec<ObjectId>,
}

impl Selected {
    fn range(commits: Vec<ObjectId>) -> Self {
        Self {
            selection: Selection::Range(commits.len()),
            commits,
        }
    }

    fn one(selection: Selection, commit: ObjectId) -> Self {
        Self {
            selection,
            commits: vec![commit],
        }
    }

    const fn unclear(why: Unclear) -> Self {
        Self {
            selection: Selection::Unclear(why),
            commits: Vec::new(),
        }
    }
}

/// The commits that a request with the commits `own`, in order, put on its branch, where it ends in `merged`.
///
/// # Errors
/// [`GitError`] if the clone lacks one of the commits.
pub fn commits(
    repository: &Repository,
    workspace: &mut Workspace,
    merged: ObjectId,
    own: &[ObjectId],
) -> Result<Selected, GitError> {
    let parents = repository.parents(merged)?.ids;
    let mut reader = Reader {
        repository,
        workspace,
    };
    match parents.as_slice() {
        _ if own.len() > 1 && own.contains(&merged) => reader.moved_on(merged, own),
        // The one commit of a request is taken for what it was merged with where the clone lacks it.
        [_] | [] if own.len() < 2 && !own.iter().all(|commit| reader.has(*commit)) => {
            Ok(Selected::one(Selection::Squash, merged))
        }
        [_] | [] if own.is_empty() => Ok(Selected::one(Selection::Squash, merged)),
        [_] | [] => reader.by_changes(merged, own),
        [first, _] if own.contains(first) => Ok(Selected::unclear(Unclear::Backwards)),
        [_, second] => reader.merged(merged, *second, own),
        _ => Ok(Selected::unclear(Unclear::Several)),
    }
}

struct Reader<'r> {
    repository: &'r Repository,
    workspace: &'r mut Workspace,
}

impl Reader<'_> {
    /// The clone has the commit.
    fn has(&self, commit: ObjectId) -> bool {
        self.repository.parents(commit).is_ok()
    }

    /// A merge brought it: alone where the other parent is its last commit, else with what builds on it.
    fn merged(&mut self, merged: ObjectId, second: ObjectId, own: &[ObjectId]) -> Result<Selected, GitError> {
        let Some(head) = own.last().copied().filter(|head| *head != second) else {
            return Ok(Selected::one(Selection::Merge, merged));
        };
        let of = own.len();
        if !self.has(head) || !self.repository.is_ancestor(head, second)? {
            return Ok(Selected::unclear(Unclear::Other { of }));
        }
        match self.without_merges(own)?.len() == of {
            true => Ok(Selected::range(own.to_vec())),
            false => Ok(Selected::unclear(Unclear::Merges { of })),
        }
    }

    /// The branch was moved on to the request's own last commit.
    fn moved_on(&mut self, merged: ObjectId, own: &[ObjectId]) -> Result<Selected, GitError> {
        let plain = self.without_merges(own)?;
        if plain.len() == own.len() {
            return Ok(Selected::range(own.to_vec()));
        }
        let unclear = Ok(Selected::unclear(Unclear::Merges { of: own.len() }));
        // What the branch was before is the youngest commit that the request builds on.
        let members: HashSet<&ObjectId> = own.iter().collect();
        let mut bases = Vec::new();
        for commit in own {
            for parent in self.repository.parents(*commit)?.ids {
                if !members.contains(&parent) && !bases.contains(&parent) {
                    bases.push(parent);
                }
            }
        }
        let Some(base) = self.youngest(&bases)? else {
            return unclear;
        };
        if self.repository.parents(merged)?.ids.first() == Some(&base) {
            return Ok(Selected::one(Selection::Merge, merged));
        }
        let pairs: Vec<_> = plain.iter().map(|commit| (*commit, None)).collect();
        match self.gives(base, &pairs, merged)? {
            true => Ok(Selected::range(plain)),
            false => unclear,
        }
    }

    /// The commit of which all of `commits` are ancestors, if there is one among them.
    fn youngest(&self, commits: &[ObjectId]) -> Result<Option<ObjectId>, GitError> {
        let Some((first, others)) = commits.split_first() else {
            return Ok(None);
        };
        let mut youngest = *first;
        for commit in others {
            if self.repository.is_ancestor(youngest, *commit)? {
                youngest = *commit;
            } else if !self.repository.is_ancestor(*commit, youngest)? {
                return Ok(None);
            }
        }
        Ok(Some(youngest))
    }

    /// It was rebased, or squashed.
    fn by_changes(&mut self, merged: ObjectId, own: &[ObjectId]) -> Result<Selected, GitError> {
        let plain = self.without_merges(own)?;
        let mut changes = Vec::new();
        for commit in &plain {
            changes.push(self.change(*commit)?);
        }
        let mut landed = Vec::new();
        let mut commits = Vec::new();
        let mut at = merged;
        while landed.len() < plain.len() {
            let parents = self.repository.parents(at)?;
            let ([parent], false) = (parents.ids.as_slice(), parents.is_cut) else {
                break;
            };
            landed.push(self.change(at)?);
            commits.push(at);
            at = *parent;
        }
        commits.reverse();
        let found = match find(&changes, &landed) {
            Found::All => return Ok(Selected::range(commits)),
            Found::Some(found) => found,
        };
        if commits.len() == plain.len() && !plain.is_empty() {
            let pairs: Vec<_> = plain
                .iter()
                .copied()
                .zip(commits.iter().copied().map(Some))
                .collect();
            if self.gives(at, &pairs, merged)? {
                return Ok(Selected::range(commits));
            }
        }
        if self.has_all(merged, own)? {
            return Ok(Selected::one(Selection::Squash, merged));
        }
        let of = plain.len();
        Ok(Selected::unclear(match found {
            0 => Unclear::Other { of: own.len() },
            found => Unclear::Part { found, of },
        }))
    }

    /// `merged` makes the files with which the request ends of those with which it began.
    fn has_all(&mut self, merged: ObjectId, own: &[ObjectId]) -> Result<bool, GitError> {
        let (Some(head), Some(before)) = (own.last(), self.repository.parents(merged)?.ids.first().copied())
        else {
            return Ok(false);
        };
        let Some(base) = self.repository.merge_base(before, *head)? else {
            return Ok(false);
        };
        let change = self.workspace.identity(before, merged)?;
        if change.is_some() && change == self.workspace.identity(base, *head)? {
            return Ok(true);
        }
        let made = self.workspace.merge(before, base, merged, &nameless())?;
        Ok(made.conflicts.is_empty() && made.tree == self.workspace.tree(*head)?)
    }

    /// The commits, made again one after the other on `base`, give the files of `end`, and each those of the commit beside it.
    fn gives(
        &mut self,
        base: ObjectId,
        commits: &[(ObjectId, Option<ObjectId>)],
        end: ObjectId,
    ) -> Result<bool, GitError> {
        let mut tree = self.workspace.tree(base)?;
        for (commit, same) in commits {
            let Some(parent) = self.repository.parents(*commit)?.ids.first().copied() else {
                return Ok(false);
            };
            let made = self.workspace.merge(parent, tree, *commit, &nameless())?;
            let is_same = match same {
                Some(same) => made.tree == self.workspace.tree(*same)?,
                None => true,
            };
            if !made.conflicts.is_empty() || !is_same {
                return Ok(false);
            }
            tree = made.tree;
        }
        Ok(tree == self.workspace.tree(end)?)
    }

    /// Those of the commits that have one parent.
    fn without_merges(&self, commits: &[ObjectId]) -> Result<Vec<ObjectId>, GitError> {
        let mut plain = Vec::new();
        for commit in commits {
            if self.repository.parents(*commit)?.ids.len() == 1 {
                plain.push(*commit);
            }
        }
        Ok(plain)
    }

    /// What a commit changes.
    fn change(&self, commit: ObjectId) -> Result<String, GitError> {
        let parents = self.repository.parents(commit)?;
        let change = match parents.ids.first() {
            Some(parent) => self.workspace.identity(*parent, commit)?,
            None => None,
        };
        Ok(change.unwrap_or_default())
    }
}

/// Names for sides of which no markers are shown.
const fn nameless() -> Labels {
    Labels {
        ours: String::new(),
        theirs: String::new(),
    }
}
