//! What the files of a tree are known by without a look at them: the ids of a commit, and digests of texts that it would get.

use std::collections::BTreeMap;

use crate::git::ObjectId;
use crate::git::commit_tree::CommitTree;
use crate::git::file_list::Shape;
use crate::lockfile;
use crate::model::{Derivation, Derived, Tree as _, TreePath};

/// Files that have another text than in the commit, each with the BLAKE3 digest of that.
pub(super) type Texts = BTreeMap<TreePath, blake3::Hash>;

/// What stands for the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum FileId {
    /// The blob of a commit.
    Blob(ObjectId),
    /// The digest of a text.
    Text(blake3::Hash),
}

/// A commit, with other texts in some files.
#[derive(Clone, Copy)]
pub(super) struct Known<'t> {
    pub(super) commit: &'t CommitTree,
    pub(super) texts: Option<&'t Texts>,
}

impl FileId {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Blob(id) => id.as_bytes(),
            Self::Text(digest) => digest.as_bytes(),
        }
    }
}

impl<'t> Known<'t> {
    /// The files of a commit as they are.
    pub(super) fn of(commit: &'t CommitTree) -> Self {
        Self { commit, texts: None }
    }

    fn text(&self, path: &TreePath) -> Option<blake3::Hash> {
        self.texts.and_then(|texts| texts.get(path)).copied()
    }

    /// What stands for the file at `path`, links followed; `None` if there is no file.
    pub(super) fn id(&self, path: &TreePath) -> Option<FileId> {
        match self.text(path) {
            Some(digest) => Some(FileId::Text(digest)),
            None => self.commit.id(path).map(FileId::Blob),
        }
    }

    pub(super) fn holds(&self, path: &TreePath) -> bool {
        self.text(path).is_some() || self.commit.holds(path)
    }

    /// What `how` makes of the file at `path`; `None` if that cannot be said without its text.
    pub(super) fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Option<Derived> {
        match self.text(path) {
            Some(_) => None,
            None => self.commit.derived(path, how).ok(),
        }
    }

    /// The commit, if its shape is that of the tree: no file came, and none of those with another text has an outline.
    pub(super) fn shaped(&self) -> Option<&'t CommitTree> {
        let mut texts = self.texts.into_iter().flat_map(BTreeMap::keys);
        let is_same = texts.all(|path| lockfile::outline(path).is_none() && self.commit.holds(path));
        is_same.then_some(self.commit)
    }

    /// The shape of the tree, where it is known.
    pub(super) fn shape(&self) -> Option<Shape> {
        self.shaped()?.shape(&lockfile::outline)
    }
}
