//! The tree that another one came from: the merge base of a revision and the head.

use jiff::Timestamp;

use super::discover::{Found, is_wanted};
use super::{FILE_LIMIT, Failure, commit};
use crate::git::listing::Listing;
use crate::git::objects::{GitError, Head, ObjectId};

/// What a tree is compared with.
pub struct Since {
    /// The commit that the revision names: where the policy is read from.
    pub tip: ObjectId,
    /// The tree of the merge base.
    pub base: Found,
    /// When the merge base was made.
    pub committed: Timestamp,
}

/// Finds what `found` is compared with, given any revision of git.
///
/// # Errors
/// A [`Failure`] of usage outside of git; of incompleteness where the clone lacks what is needed, which is never taken for
/// "nothing changed".
pub fn since(found: &Found, revision: &str) -> Result<Since, Failure> {
    let repository = found.repository.as_ref().ok_or_else(|| {
        Failure::usage(
            format!("{} lies in no git repository, so there is no base", found.root),
            "Leave `--base` out, or give a folder of a git repository.",
        )
    })?;
    let missing = |error: GitError| {
        let message = format!("the base {revision:?} cannot be compared with: {error}");
        Failure::incomplete(message, error.hint())
    };
    let head = found.head.commit.ok_or_else(|| {
        Failure::incomplete(
            "there is no commit yet, so nothing can be compared",
            "Commit first, or leave `--base` out.",
        )
    })?;
    let tip = repository.resolve(revision).map_err(missing)?;
    let base = repository
        .merge_base(head, tip)
        .map_err(missing)?
        .ok_or_else(|| {
            Failure::incomplete(
                format!("the base {revision:?} has no commit in common with the head"),
                "Name a base that the head came from; a shallow checkout may hide it (`fetch-depth: 0`).",
            )
        })?;
    let committed = repository.commit_time(base).map_err(missing)?;
    let listing = Listing::new(repository, &is_wanted);
    let head = Head {
        ref_name: None,
        commit: Some(base),
    };
    let base = commit::of(found, head, base, &listing, FILE_LIMIT).map_err(missing)?;
    Ok(Since { tip, base, committed })
}
