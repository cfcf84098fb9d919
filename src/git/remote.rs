//! The remote of a clone: it has the refs and objects of the same repository that the clone lacks.
//!
//! Blobs and trees of a remote are verified against their ids. Of a commit only its tree, its parents and its time are
//! known, so that it is believed.

use std::fmt::Write as _;

use gix::objs::Kind;
use jiff::Timestamp;

use super::commit;
use super::entry::ObjectId;
use super::error::{GitError, RemoteError};

/// Gives what a clone lacks.
pub trait Remote: Send + Sync {
    /// Every branch and tag.
    ///
    /// # Errors
    /// [`RemoteError`].
    fn refs(&self) -> Result<RemoteRefs, RemoteError>;

    /// An object; `None` if nothing says that the repository has it.
    ///
    /// # Errors
    /// [`RemoteError`].
    fn object(&self, id: &str) -> Result<Option<Object>, RemoteError>;

    /// Allows requests for the object `id`, since the clone itself names it.
    fn allow(&self, _id: &str, _kind: ObjectKind) {}
}

/// The kind of an object that a clone names and lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A file.
    Blob,
    /// The tree of a commit.
    RootTree,
}

/// Refs of a remote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteRefs {
    /// Branches and tags by their full names, with their commits.
    pub refs: Vec<(String, String, Timestamp)>,
    /// The short name of the default branch.
    pub default: Option<String>,
}

/// An object of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A file.
    Blob(Vec<u8>),
    /// A tree, as git writes it.
    Tree(Vec<u8>),
    /// A commit, as git writes it, without author and message.
    Commit(Vec<u8>),
}

impl Object {
    /// A commit of which these things are known.
    #[must_use]
    pub fn commit(tree: &str, parents: &[String], committed: Timestamp) -> Self {
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            let _ = writeln!(text, "parent {parent}");
        }
        let _ = writeln!(text, "committer unknown <> {} +0000", committed.as_second());
        Self::Commit(text.into_bytes())
    }

    /// Its kind and its bytes, if they are what `id` names.
    pub(super) fn checked(self, id: gix::ObjectId) -> Result<(Kind, Vec<u8>), GitError> {
        let (kind, bytes) = match self {
            Self::Commit(bytes) => {
                let commit = commit::parse(id, &bytes)?;
                let ids = commit.parents.iter().chain([&commit.tree]);
                return match ids.clone().all(|other| other.kind() == id.kind()) {
                    true => Ok((Kind::Commit, bytes)),
                    false => Err(refused(id, Mismatch::Repository)),
                };
            }
            Self::Blob(bytes) => (Kind::Blob, bytes),
            Self::Tree(bytes) => (Kind::Tree, bytes),
        };
        match gix::objs::compute_hash(id.kind(), kind, &bytes) {
            Ok(found) if found == id => Ok((kind, bytes)),
            Ok(_) | Err(_) => Err(refused(id, Mismatch::Object)),
        }
    }
}

/// How an object of a remote differs from the requested one.
#[derive(Debug, thiserror::Error)]
enum Mismatch {
    #[error("what it gives is another object")]
    Object,
    #[error("what it gives is of another repository")]
    Repository,
}

fn refused(id: gix::ObjectId, mismatch: Mismatch) -> GitError {
    GitError::Remote {
        object: ObjectId(id),
        source: RemoteError::new(mismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_what_its_id_names_and_of_the_same_kind_of_hash() {
        let id = gix::ObjectId::from_hex(b"35345b2176d3d4ba165a3b1baa61a76f0a79b25a").expect("an id");
        let (short, long) = ("ab".repeat(20), "ab".repeat(32));
        let commit =
            |tree: &str, parents: &[String]| Object::commit(tree, parents, Timestamp::UNIX_EPOCH).checked(id);
        assert!(commit(&short, &[]).is_ok() && commit(&short, std::slice::from_ref(&short)).is_ok());
        assert!(commit(&long, &[]).is_err());
        assert!(commit(&short, &[short.clone(), long]).is_err());
        assert!(Object::Blob(b"x".to_vec()).checked(id).is_err());
        assert!(Object::Tree(Vec::new()).checked(id).is_err());
    }
}
