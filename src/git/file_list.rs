//! The wanted files of a commit: every file under a wanted name and every symbolic link, by path.

use std::sync::{Arc, OnceLock};

use super::blob_cache::{BlobCache, Digest};
use super::entry::{ObjectId, Tracked, TrackedKind};
use crate::model::{Derivation, TreePath, Unread};

/// A digest of all that readers can learn of the files of a tree without reading one as a whole: which there are, and
/// what their outlines say.
pub type Shape = Digest;

/// The wanted files of a tree, by path from the top of the repository.
#[derive(Debug)]
pub struct FileList {
    files: Vec<Tracked>,
    has_links: bool,
    shape: OnceLock<Shape>,
}

impl FileList {
    /// A list of `files`, which are sorted by path.
    pub(super) fn new(files: Vec<Tracked>) -> Self {
        Self {
            has_links: files.iter().any(|file| file.kind == TrackedKind::Link),
            files,
            shape: OnceLock::new(),
        }
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[Tracked] {
        &self.files
    }

    /// The file or link at `path`.
    pub(super) fn get(&self, path: &TreePath) -> Option<(TrackedKind, ObjectId)> {
        let start = self.files.partition_point(|file| file.path < *path);
        let same = self.files.get(start..)?.iter();
        same.take_while(|file| file.path == *path)
            .find(|file| matches!(file.kind, TrackedKind::File | TrackedKind::Link))
            .map(|file| (file.kind, file.id))
    }

    /// A folder on the way to `path` is a symbolic link: what is at its end, the list does not say.
    pub(super) fn passes_link(&self, path: &TreePath) -> bool {
        let is_link = |folder: TreePath| matches!(self.get(&folder), Some((TrackedKind::Link, _)));
        self.has_links && path.above().any(is_link)
    }

    /// The shape of the tree. `outline` is how the outline of the file at a path is read, and `bytes` are those of a
    /// blob; a blob that cannot be read stands for itself.
    pub(super) fn shape(
        &self,
        cache: &BlobCache,
        outline: &dyn Fn(&TreePath) -> Option<&'static dyn Derivation>,
        bytes: &dyn Fn(ObjectId) -> Result<Arc<[u8]>, Unread>,
    ) -> Shape {
        let make = || {
            let mut hash = blake3::Hasher::new();
            for file in &self.files {
                hash.update(&(file.path.as_bytes().len() as u64).to_le_bytes());
                hash.update(file.path.as_bytes());
                match (file.kind, outline(&file.path)) {
                    (TrackedKind::File, Some(how)) => {
                        let essence = cache.essence(how, &file.path, file.id, || bytes(file.id));
                        hash.update(b"o");
                        match essence {
                            Some(essence) => hash.update(&essence),
                            None => hash.update(file.id.as_bytes()),
                        };
                    }
                    (TrackedKind::File, None) => {
                        hash.update(b"f");
                    }
                    (TrackedKind::Link, _) => {
                        hash.update(b"l");
                        hash.update(file.id.as_bytes());
                    }
                    (TrackedKind::Submodule | TrackedKind::Refused, _) => {
                        hash.update(b"n");
                    }
                }
            }
            *hash.finalize().as_bytes()
        };
        *self.shape.get_or_init(make)
    }
}
