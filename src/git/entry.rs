//! What git tracks: object ids, and entries of trees and of the index.

use crate::model::TreePath;

/// The id of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub(super) gix::ObjectId);

impl ObjectId {
    /// Reads all hexadecimal digits of one.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        gix::ObjectId::from_hex(hex.as_bytes()).ok().map(Self)
    }

    /// Its bytes, as many as the kind of hash has.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The id that git gives to a blob of these bytes, as `digits` hexadecimal digits: 40 of SHA-1, 64 of SHA-256.
#[must_use]
pub fn blob_id(digits: usize, bytes: &[u8]) -> Option<String> {
    let kind = gix::hash::Kind::from_hex_len(digits).filter(|kind| kind.len_in_hex() == digits)?;
    let id = gix::objs::compute_hash(kind, gix::objs::Kind::Blob, bytes).ok()?;
    Some(id.to_string())
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A file that git tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Relative to the top of the repository.
    pub path: TreePath,
    /// Its blob, or the commit of a submodule.
    pub id: ObjectId,
    /// What kind of entry it is.
    pub kind: TrackedKind,
    /// A sparse checkout leaves it out of the work tree.
    pub is_left_out: bool,
    /// It will be added, and no blob holds its text yet (`git add -N`).
    pub is_intended: bool,
}

/// What kind of entry git tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackedKind {
    /// A file.
    File,
    /// A symbolic link; its blob is the target.
    Link,
    /// Another repository.
    Submodule,
    /// A file or folder whose name git refuses (`..`, `.git`); in its path that name is percent-encoded.
    Refused,
}
