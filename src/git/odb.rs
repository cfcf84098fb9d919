//! The object database of a repository, for one thread: objects by id, read from the clone and, where it lacks one, from
//! its remote.

use std::ops::Deref;
use std::sync::Arc;

use gix::objs::{Data, Find as _, Kind, TagRefIter};
use gix::refs::{FullName, Target};

use super::commit;
use super::entry::ObjectId;
use super::error::{GitError, broken};
use super::reftable::Reftable;
use super::remote::{ObjectKind, Remote};
use crate::model::Unread;

/// Objects and refs of a repository, for one thread.
pub(super) struct Odb {
    pub(super) repository: gix::Repository,
    /// Has what the clone lacks.
    pub(super) remote: Option<Arc<dyn Remote>>,
    pub(super) table: Option<Arc<Reftable>>,
}

impl Deref for Odb {
    type Target = gix::Repository;

    fn deref(&self) -> &gix::Repository {
        &self.repository
    }
}

impl Odb {
    /// What the ref of a full name points to, whether refs are files or a reftable.
    pub(super) fn find_ref(&self, name: &str) -> Option<Target> {
        if let Some(table) = &self.table {
            return table.get(name.as_bytes()).cloned();
        }
        let name = FullName::try_from(name).ok()?;
        let reference = self.try_find_reference(&name).ok()??;
        Some(reference.detach().target)
    }

    /// The object `id`, read into `buffer`.
    pub(super) fn load<'b>(&self, id: gix::ObjectId, buffer: &'b mut Vec<u8>) -> Result<Data<'b>, GitError> {
        if id.is_empty_tree() {
            buffer.clear();
            return Ok(Data::new(buffer, Kind::Tree, id.kind()));
        }
        let local = self.objects.try_find(&id, buffer).map_err(broken)?;
        if let Some(kind) = local.map(|object| object.kind) {
            return Ok(Data::new(buffer, kind, id.kind()));
        }
        let missing = GitError::Missing { object: ObjectId(id) };
        let remote = self.remote.as_ref().ok_or_else(|| missing.clone())?;
        let given = remote
            .object(&id.to_string())
            .map_err(|source| GitError::Remote {
                object: ObjectId(id),
                source,
            })?;
        let (kind, bytes) = given.ok_or(missing)?.checked(id)?;
        *buffer = bytes;
        Ok(Data::new(buffer, kind, id.kind()))
    }

    /// The tree of a commit, a tag of one, or a tree.
    pub(super) fn tree_of(&self, id: gix::ObjectId) -> Result<gix::ObjectId, GitError> {
        let mut buffer = Vec::new();
        let commit = self.peel(id, &mut buffer)?;
        let object = self.load(commit, &mut buffer)?;
        match object.kind {
            Kind::Tree => Ok(commit),
            Kind::Commit => {
                let tree = commit::parse(commit, object.data)?.tree;
                if let Some(remote) = &self.remote {
                    remote.allow(&tree.to_string(), ObjectKind::RootTree);
                }
                Ok(tree)
            }
            Kind::Blob | Kind::Tag => Err(GitError::Broken(format!("{id} has no tree"))),
        }
    }

    /// The object that `id` is, or that the tag `id` points to: never a tag.
    pub(super) fn peel(&self, id: gix::ObjectId, buffer: &mut Vec<u8>) -> Result<gix::ObjectId, GitError> {
        let mut id = id;
        // A tag of a tag is odd, a long chain of them is an attack.
        for _ in 0..64 {
            let object = self.load(id, buffer)?;
            match object.kind {
                Kind::Tag => {
                    id = TagRefIter::from_bytes(object.data, id.kind())
                        .target_id()
                        .map_err(broken)?;
                }
                Kind::Tree | Kind::Blob | Kind::Commit => return Ok(id),
            }
        }
        Err(GitError::Broken(format!(
            "the tag {id} is a tag of too many tags"
        )))
    }

    /// The bytes of a blob, at most `limit`. The remote may be asked for it by its id, since a tree of the clone names it.
    pub(super) fn blob(&self, id: gix::ObjectId, limit: u64) -> Result<Arc<[u8]>, BlobError> {
        let header = self.try_find_header(id).map_err(broken)?;
        if header.is_some_and(|header| header.size() > limit) {
            return Err(Unread::TooLarge { limit }.into());
        }
        if header.is_none()
            && let Some(remote) = &self.remote
        {
            remote.allow(&id.to_string(), ObjectKind::Blob);
        }
        let mut bytes = Vec::new();
        self.load(id, &mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(Unread::TooLarge { limit }.into());
        }
        Ok(bytes.into())
    }
}

/// Why a blob has no bytes.
pub(super) enum BlobError {
    Unread(Unread),
    Git(GitError),
}

impl From<BlobError> for Unread {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Unread(unread) => unread,
            BlobError::Git(error) => Self::Unreadable(error.to_string()),
        }
    }
}

impl From<Unread> for BlobError {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

impl From<GitError> for BlobError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}
