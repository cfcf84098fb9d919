//! The trees that another one came from: the merge base of a revision and the head, and the revision itself.

use jiff::Timestamp;

use super::discovered::DiscoveredTree;
use super::reader::is_wanted;
use super::{FILE_LIMIT, columns, commit, submodules};
use crate::git::listing::Listing;
use crate::git::{GitError, Head, ObjectId};
use crate::model::Failure;

/// What a tree is compared with.
pub struct Since {
    /// The commit that the revision names: where the policy is read from.
    pub tip: ObjectId,
    /// The trees of the merge base, and of the tip where that is another commit; each with the moment it was made.
    pub sides: Vec<(DiscoveredTree, Timestamp)>,
    /// The full name of the branch or tag that the revision is; `None` if it is something else.
    pub ref_name: Option<String>,
}

/// The tip of the branch that a merge group will land on, as the forge gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// The commit.
    pub commit: ObjectId,
    /// When it was made.
    pub committed: Timestamp,
    /// The branch's full name.
    pub ref_name: String,
}

/// Finds what `found` is compared with, given any revision of git, or the branch that a merge group will land on: that is
/// compared with alone where the clone does not reach back to it. Submodules are entered where `with_submodules` says that
/// what lies in them on disk is compared.
///
/// # Errors
/// A [`Failure`] of usage outside of git; of incompleteness where the clone lacks what is needed, which is never taken for
/// "nothing changed".
pub fn since(
    found: &DiscoveredTree,
    revision: &str,
    landing: Option<&Landing>,
    with_submodules: bool,
) -> Result<Since, Failure> {
    let repository = found.repository.as_ref().ok_or_else(|| {
        Failure::usage(
            format!("{} is in no git repository, so there is no base", found.root),
            "Leave `--base` out, or give a folder of a git repository.",
        )
    })?;
    let missing = |error: GitError| {
        let is_unknown = matches!(error, GitError::NoSuchRevision { .. });
        let meant = if is_unknown {
            columns::meant(repository, revision)
        } else {
            String::new()
        };
        let message = format!("the base {revision:?} cannot be compared with{meant}");
        let hint = match is_unknown {
            true => format!(
                "Name a branch, a tag or a commit that is there (`lockkeeper refs` lists them), or fetch it: {}; \
                 `fetch-depth: 0` where a workflow checks out.",
                columns::fetching(revision)
            ),
            false => error.hint().to_owned(),
        };
        Failure::incomplete(message, hint).caused_by(&error)
    };
    let head = found.head.commit.ok_or_else(|| {
        Failure::incomplete(
            "there is no commit yet, so nothing can be compared",
            "Commit first, or leave `--base` out.",
        )
    })?;
    let tip = match landing {
        Some(landing) => landing.commit,
        None => repository.resolve(revision).map_err(missing)?,
    };
    let base = match (repository.merge_base(head, tip), landing) {
        (Ok(base), _) => base.ok_or_else(|| {
            Failure::incomplete(
                format!("the base {revision:?} has no commit in common with the head"),
                "Name a base that the head came from; a shallow checkout may hide it (`fetch-depth: 0`).",
            )
        })?,
        (Err(_), Some(_)) => tip,
        (Err(error), None) => return Err(missing(error)),
    };
    let listing = Listing::new(repository, &is_wanted);
    let side = |commit: ObjectId| {
        let head = Head {
            ref_name: None,
            commit: Some(commit),
        };
        let committed = match landing.filter(|landing| landing.commit == commit) {
            Some(landing) => landing.committed,
            None => repository.commit_time(commit)?,
        };
        let mut base = commit::base(found, head, commit, &listing, FILE_LIMIT)?;
        if with_submodules {
            submodules::enter(&mut base, found, commit, FILE_LIMIT)?;
        }
        Ok((base, committed))
    };
    let mut sides = vec![side(base).map_err(missing)?];
    if tip != base {
        sides.push(side(tip).map_err(missing)?);
    }
    Ok(Since {
        tip,
        sides,
        ref_name: match landing {
            Some(landing) => Some(landing.ref_name.clone()),
            None => repository.full_name(revision),
        },
    })
}
