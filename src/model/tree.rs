//! The set of files of one tree at one moment.

use std::sync::Arc;

use super::TreePath;

/// A snapshot: a work tree, a git commit, a forge's view of a ref. Every kind answers alike.
pub trait Tree: Sync {
    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// [`Unread`] says why there are none. A symbolic link is followed inside the tree and never out of it.
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread>;

    /// There is a file at `path`, readable or not.
    fn holds(&self, path: &TreePath) -> bool {
        match self.read(path) {
            Ok(_) | Err(Unread::TooLarge { .. } | Unread::LinkLeadsOut | Unread::Unreadable(_)) => true,
            Err(Unread::Absent) => false,
        }
    }

    /// The file that the symbolic link at `path` leads to, from the top of what this tree is a part of (its repository);
    /// `None` if it is no link, or one that leads to no file in there.
    fn leads_to(&self, path: &TreePath) -> Option<TreePath> {
        let _ = path;
        None
    }

    /// The scan reads the file at `path` on its own, as the lockfile format called `format`: a file that refers to it need
    /// not be read with it. False for a tree that knows of no scan.
    fn is_scanned(&self, _: &TreePath, _: &str) -> bool {
        false
    }

    /// A folder above the root of this tree, and inside what the root is a part of, has a file of this name. It
    /// cannot be read.
    fn is_above(&self, name: &[u8]) -> bool {
        let _ = name;
        false
    }
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// There is no such file.
    #[error("there is no such file")]
    Absent,
    /// It is larger than the limit for a lockfile.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A symbolic link that leads out of the tree.
    #[error("a symbolic link leads out of the tree")]
    LinkLeadsOut,
    /// The system or the object database refused.
    #[error("{0}")]
    Unreadable(String),
}
