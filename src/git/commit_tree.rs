//! The tree of one commit, read from objects and never checked out.

use std::sync::Arc;

use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryMode;
use gix::objs::{Kind, TreeRefIter};

use super::objects::{GitError, ObjectId, Repository, View, load, said};
use crate::model::{Tree, TreePath, Unread};

/// The files of one commit, read from objects and never checked out.
#[derive(Clone)]
pub struct CommitTree {
    pub(super) repository: Repository,
    pub(super) tree: gix::ObjectId,
    /// The folder that paths count from.
    pub(super) folder: TreePath,
    pub(super) limit: u64,
}

impl CommitTree {
    /// The same commit, with paths that count from `folder`. Links lead anywhere in the commit.
    #[must_use]
    pub fn below(self, folder: TreePath) -> Self {
        Self { folder, ..self }
    }

    /// The blob at `path`, links followed; `None` if there is no file.
    #[must_use]
    pub fn id(&self, path: &TreePath) -> Option<ObjectId> {
        self.find(&self.repository.local(), path).ok().map(ObjectId)
    }

    /// The blob at `path`, links followed inside the commit.
    fn find(&self, repository: &View, path: &TreePath) -> Result<gix::ObjectId, Unread> {
        let mut path = self.folder.join(path.as_bytes()).ok_or(Unread::Absent)?;
        // A chain of links ends; a longer one is a circle.
        for _ in 0..16 {
            let found = self
                .entry(repository, &path)
                .map_err(|error| Unread::Unreadable(error.to_string()))?;
            let (mode, id) = found.ok_or(Unread::Absent)?;
            if mode.is_link() {
                let target = blob(repository, id, self.limit)?;
                path = path.parent().join(&*target).ok_or(Unread::LinkLeadsOut)?;
            } else if mode.is_blob() {
                return Ok(id);
            } else {
                return Err(Unread::Absent);
            }
        }
        Err(Unread::Unreadable("a symbolic link leads to itself".into()))
    }

    /// The id that git gives to a blob of these bytes in this repository.
    #[must_use]
    pub fn blob_id(&self, bytes: &[u8]) -> Option<ObjectId> {
        gix::objs::compute_hash(self.tree.kind(), Kind::Blob, bytes)
            .ok()
            .map(ObjectId)
    }

    /// What lies at `path`. A folder on the way that the clone lacks is an error, since nobody knows what it holds.
    fn entry(
        &self,
        repository: &View,
        path: &TreePath,
    ) -> Result<Option<(EntryMode, gix::ObjectId)>, GitError> {
        let mut buffer = Vec::new();
        let mut found = None;
        let mut folder = Some(self.tree);
        for component in path.components() {
            let Some(id) = folder else { return Ok(None) };
            let tree = load(repository, id, &mut buffer)?;
            found = TreeRefIter::from_bytes(tree.data, id.kind())
                .filter_map(Result::ok)
                .find(|entry| entry.filename.as_bytes() == component)
                .map(|entry| (entry.mode, entry.oid.to_owned()));
            folder = found.and_then(|(mode, id)| mode.is_tree().then_some(id));
        }
        Ok(found)
    }
}

impl Tree for CommitTree {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        let repository = self.repository.local();
        let id = self.find(&repository, path)?;
        blob(&repository, id, self.limit)
    }
}

/// The bytes of a blob, at most `limit`.
pub(super) fn blob(repository: &View, id: gix::ObjectId, limit: u64) -> Result<Arc<[u8]>, Unread> {
    let unreadable = |error: GitError| Unread::Unreadable(error.to_string());
    let header = repository
        .try_find_header(id)
        .map_err(|error| unreadable(said(error)))?;
    if header.is_some_and(|header| header.size() > limit) {
        return Err(Unread::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    load(repository, id, &mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(Unread::TooLarge { limit });
    }
    Ok(bytes.into())
}
