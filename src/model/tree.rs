//! The set of files of one tree at one moment.

use std::any::Any;
use std::sync::Arc;

use super::TreePath;

/// What a reader made of the bytes of one file, shared by all readers of the same bytes.
pub type Derived = Arc<dyn Any + Send + Sync>;

/// How a reader makes something of a further file, so that a tree may keep it for other readers.
pub trait Derivation: Sync {
    /// No two derivations have the same name.
    fn name(&self) -> &'static str;

    /// What is made of `bytes`, which lie at `path`. It depends on nothing else.
    fn derive(&self, path: &TreePath, bytes: &[u8]) -> Derived;

    /// All that readers can learn from what was made: where it is equal, so are they. `None` if that is the file itself.
    fn essence(&self, derived: &Derived) -> Option<Vec<u8>> {
        let _ = derived;
        None
    }

    /// Gives `to` what was made says under the name `part`, without places. Under the empty name it says all that has no
    /// other one: equal parts and an equal rest are equal but for places.
    fn part(&self, derived: &Derived, part: &[u8], to: &mut dyn FnMut(&[u8])) {
        let _ = (derived, part, to);
    }
}

/// A snapshot: a work tree, a git commit, a forge's view of a ref. Every kind answers alike.
pub trait Tree: Sync {
    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// [`Unread`] says why there are none. A symbolic link is followed inside the tree and never out of it.
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread>;

    /// What `how` makes of the file at `path`. A tree may keep it.
    ///
    /// # Errors
    /// As [`Tree::read`].
    fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        let bytes = self.read(path)?;
        Ok(how.derive(path, &bytes))
    }

    /// As [`Tree::derived`], for a reader that says which parts it uses ([`Tree::uses`]), the rest apart.
    ///
    /// # Errors
    /// As [`Tree::read`].
    fn derived_in_parts(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        self.derived(path, how)
    }

    /// The reader uses this part of what `how` made of the file at `path`.
    fn uses(&self, path: &TreePath, how: &'static dyn Derivation, part: &[u8]) {
        let _ = (path, how, part);
    }

    /// What is in the folder at `path`, links left out; `None` where that is not known.
    fn contents(&self, path: &TreePath) -> Option<Contents> {
        let _ = path;
        None
    }

    /// The commit, in hexadecimal, that the submodule of git at `path` is set to; `None` where there is none, or none is known.
    fn submodule(&self, path: &TreePath) -> Option<String> {
        let _ = path;
        None
    }

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

    /// A person left the file at `path` out: it is excluded, or another one alone was asked for. True for a tree that knows
    /// of no scan.
    fn is_left_out(&self, path: &TreePath) -> bool {
        let _ = path;
        true
    }

    /// The pom that a repository of Maven has for this artifact, which the pom at `by` leads to, as a file of this tree that
    /// begins at the root of the file system ([`TreePath::outside`]); `None` for a tree that knows of no repository.
    fn published(&self, by: &TreePath, group: &str, artifact: &str, version: &str) -> Option<TreePath> {
        let _ = (by, group, artifact, version);
        None
    }

    /// A folder above the root of this tree, and inside what the root is a part of, has a file of this name. It
    /// cannot be read.
    fn is_above(&self, name: &[u8]) -> bool {
        let _ = name;
        false
    }
}

/// What is in a folder, in the order of the names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// Regular files.
    pub files: Vec<TreePath>,
    /// Folders.
    pub folders: Vec<TreePath>,
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
