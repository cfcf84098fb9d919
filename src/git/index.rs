//! Git's index: what is tracked, and what will be committed.

use std::path::Path;

use gix::bstr::ByteSlice as _;

use super::entry::{ObjectId, Tracked, TrackedKind};
use super::error::{GitError, broken};
use super::repository::Repository;
use crate::model::TreePath;

impl Repository {
    /// What the index tracks, by path. A folder that a sparse index holds as one entry is expanded.
    ///
    /// # Errors
    /// [`GitError`] if there is no readable index.
    pub fn tracked(&self, wanted: impl Fn(&[u8]) -> bool + Sync) -> Result<Vec<Tracked>, GitError> {
        self.indexed(&wanted, true)
    }

    /// What the index at `path` tracks, which is not the repository's own: git makes one for a commit that takes more or
    /// less than what is staged (`git commit -a`).
    ///
    /// # Errors
    /// [`GitError`] if it cannot be read.
    pub(super) fn tracked_by(
        &self,
        path: &Path,
        wanted: &(impl Fn(&[u8]) -> bool + Sync),
    ) -> Result<Vec<Tracked>, GitError> {
        let hash = self.local_odb().object_hash();
        let options = gix::index::decode::Options::default();
        let index = gix::index::File::at(path, hash, false, options).map_err(broken)?;
        self.entries(&index, wanted, false)
    }

    /// What will be committed: as [`Repository::tracked`], without what is only meant to be added (`git add -N`).
    ///
    /// # Errors
    /// [`GitError`] if there is no readable index.
    pub(super) fn staged(&self, wanted: &(impl Fn(&[u8]) -> bool + Sync)) -> Result<Vec<Tracked>, GitError> {
        self.indexed(wanted, false)
    }

    fn indexed(
        &self,
        wanted: &(impl Fn(&[u8]) -> bool + Sync),
        with_intended: bool,
    ) -> Result<Vec<Tracked>, GitError> {
        let repository = self.local_odb();
        let index = match &self.table {
            None => repository.index_or_load_from_head_or_empty().map_err(broken)?,
            // Where `HEAD` is in a table, the file of that name says nothing.
            Some(_) => match (repository.try_index().map_err(broken)?, self.head()?.commit) {
                (Some(index), _) => gix::worktree::IndexPersistedOrInMemory::Persisted(index),
                (None, Some(commit)) => return self.files(commit, wanted),
                (None, None) => return Ok(Vec::new()),
            },
        };
        self.entries(&index, wanted, with_intended)
    }

    fn entries(
        &self,
        index: &gix::index::State,
        wanted: &(impl Fn(&[u8]) -> bool + Sync),
        with_intended: bool,
    ) -> Result<Vec<Tracked>, GitError> {
        let mut tracked = Vec::new();
        for entry in index.entries() {
            let is_intended = entry.flags.contains(gix::index::entry::Flags::INTENT_TO_ADD);
            if is_intended && !with_intended {
                continue;
            }
            let bytes = entry.path(index);
            let kind = match entry.mode {
                gix::index::entry::Mode::DIR => {
                    if let Some(folder) = TreePath::new(bytes.as_bytes()) {
                        let files = self.files(ObjectId(entry.id), wanted)?;
                        tracked.extend(files.into_iter().filter_map(|file| {
                            Some(Tracked {
                                path: folder.join(file.path.as_bytes())?,
                                is_left_out: true,
                                ..file
                            })
                        }));
                    }
                    continue;
                }
                gix::index::entry::Mode::COMMIT => TrackedKind::Submodule,
                gix::index::entry::Mode::SYMLINK => TrackedKind::Link,
                _ => TrackedKind::File,
            };
            let name = bytes.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            if kind != TrackedKind::Submodule && !wanted(name) {
                continue;
            }
            if let Some(path) = TreePath::new(bytes.as_bytes()) {
                tracked.push(Tracked {
                    path,
                    id: ObjectId(entry.id),
                    kind,
                    is_left_out: entry.flags.contains(gix::index::entry::Flags::SKIP_WORKTREE),
                    is_intended,
                });
            }
        }
        Ok(tracked)
    }
}
