//! Why git gives no answer.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::entry::ObjectId;

/// A repository, an object or a revision that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// Something of the repository cannot be read.
    #[error("git: {0}")]
    Broken(String),
    /// The repository is of a kind that cannot be read.
    #[error("git: {0}, which cannot be read")]
    Unsupported(String),
    /// The clone lacks an object that it should hold, or that a partial clone left out.
    #[error("git: the object {object} is not in this clone")]
    Missing {
        /// The object.
        object: ObjectId,
    },
    /// The clone lacks an object, and the remote does not give it.
    #[error("git: the object {object} is not in this clone, and the forge does not give it: {source}")]
    Remote {
        /// The object.
        object: ObjectId,
        /// Why the remote does not give it.
        source: RemoteError,
    },
    /// The clone is shallow, and the answer is beyond its end.
    #[error("git: this clone is shallow and its history is cut off at {at} (see `fetch-depth`)")]
    Shallow {
        /// The last commit that the clone holds.
        at: ObjectId,
    },
    /// A revision names nothing.
    #[error("git: there is no {revision:?}: {reason}")]
    NoSuchRevision {
        /// As it was written.
        revision: String,
        /// What could not be found.
        reason: String,
    },
    /// A revision names something that is no commit, or several things.
    #[error("git: {revision:?} is not one commit: {reason}")]
    NotACommit {
        /// As it was written.
        revision: String,
        /// What it is.
        reason: String,
    },
}

impl GitError {
    /// What to do about it, a full instruction.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Broken(_) => {
                "Repair the repository (`git fsck` shows what is wrong with it), then try again."
            }
            Self::Unsupported(_) => {
                "Clone it with its refs in files (`git clone --ref-format=files`) and an object format that git offers."
            }
            Self::Missing { .. } => {
                "Fetch what a filter (`git clone --filter`) left out: `git fetch --refetch --no-filter`; in a workflow, take `filter` and \
                 `sparse-checkout`, which sets one, out of the checkout, and set `fetch-depth: 0`."
            }
            Self::Remote { .. } => {
                "Check out everything (`fetch-depth: 0`), or fix what keeps the forge from being asked."
            }
            Self::Shallow { .. } => {
                "Fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` where a workflow checks out."
            }
            Self::NoSuchRevision { .. } => {
                "Fetch it (`fetch-depth: 0` where a workflow checks out), or name a branch, a tag or a commit that is there."
            }
            Self::NotACommit { .. } => "Name one branch, tag or commit.",
        }
    }
}

/// Why a remote does not give what was requested. A remote that failed once fails the same way again, so the error is shared.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct RemoteError(Arc<dyn Error + Send + Sync>);

impl RemoteError {
    /// The error of a remote.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl PartialEq for RemoteError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for RemoteError {}

/// An error of gix, as [`GitError::Broken`].
pub(super) fn broken(error: impl fmt::Display) -> GitError {
    GitError::Broken(first_line(&error))
}

/// The first line of an error of gix.
pub(super) fn first_line(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or("no reason given").to_owned()
}
