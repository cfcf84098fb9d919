//! Refs, the index, trees and blobs, read in process. Only the repository's own configuration is looked at,
//! nothing of it is run, and a foreign owner is no reason to refuse.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::bstr::ByteSlice as _;
use gix::discover::upwards;
use gix::objs::Kind;
use gix::sec::Trust;

use crate::model::{Tree, TreePath, Unread};

/// A git repository.
pub struct Repository {
    inner: gix::ThreadSafeRepository,
}

/// The id of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(gix::ObjectId);

impl std::fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Git said no.
#[derive(Debug, Clone, thiserror::Error)]
#[error("git: {0}")]
pub struct GitError(String);

/// Where `HEAD` points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The full name of the branch; `None` if detached.
    pub ref_name: Option<String>,
    /// The commit; `None` before the first one.
    pub commit: Option<ObjectId>,
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
}

/// What kind of entry git tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackedKind {
    /// A file.
    File,
    /// A symbolic link; its blob is the target.
    Link,
    /// Another repository.
    Submodule,
}

impl Repository {
    /// The repository that holds `folder`, or that `folder` is (bare); `None` if there is none.
    ///
    /// # Errors
    /// [`GitError`] if there is one and it cannot be opened.
    pub fn discover(folder: &Path) -> Result<Option<Self>, GitError> {
        let options = upwards::Options {
            trust: upwards::TrustPolicy::Assume(Trust::Full),
            cross_fs: true,
            ..upwards::Options::default()
        };
        let (found, _) = match gix::discover::upwards_opts(folder, options) {
            Ok(found) => found,
            Err(_) => return Ok(None),
        };
        let (git_folder, _) = found.into_repository_and_work_tree_directories();
        let options = gix::open::Options::isolated()
            .with(Trust::Full)
            .open_path_as_is(true);
        let inner = gix::ThreadSafeRepository::open_opts(git_folder, options).map_err(said)?;
        Ok(Some(Self { inner }))
    }

    /// The top of the work tree, absolute; `None` if bare.
    #[must_use]
    pub fn work_folder(&self) -> Option<PathBuf> {
        self.inner.work_dir().map(Path::to_owned)
    }

    /// Where `HEAD` points.
    ///
    /// # Errors
    /// [`GitError`] if `HEAD` cannot be read.
    pub fn head(&self) -> Result<Head, GitError> {
        let repository = self.inner.to_thread_local();
        let head = repository.head().map_err(said)?;
        let ref_name = head
            .referent_name()
            .map(|name| name.as_bstr().to_str_lossy().into_owned());
        let commit = if head.is_unborn() {
            None
        } else {
            Some(ObjectId(repository.head_id().map_err(said)?.detach()))
        };
        Ok(Head { ref_name, commit })
    }

    /// What the index tracks, by path. A folder that a sparse index holds as one entry is spread out.
    ///
    /// # Errors
    /// [`GitError`] if there is no readable index.
    pub fn tracked(&self, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<Tracked>, GitError> {
        let repository = self.inner.to_thread_local();
        let index = repository.index_or_load_from_head_or_empty().map_err(said)?;
        let mut tracked = Vec::new();
        for entry in index.entries() {
            let bytes = entry.path(&index);
            let kind = match entry.mode {
                gix::index::entry::Mode::DIR => {
                    let folder = TreePath::new(bytes.as_bytes());
                    if let (Some(folder), Ok(files)) = (folder, self.files_of(entry.id, &wanted)) {
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
                });
            }
        }
        Ok(tracked)
    }

    /// The files in the tree of a commit or tree whose file name is `wanted`, by path, submodules always.
    ///
    /// # Errors
    /// [`GitError`] if an object is missing.
    pub fn files(&self, commit: ObjectId, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<Tracked>, GitError> {
        self.files_of(commit.0, &wanted)
    }

    fn files_of(&self, id: gix::ObjectId, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Tracked>, GitError> {
        let repository = self.inner.to_thread_local();
        let tree = repository
            .find_object(id)
            .map_err(said)?
            .peel_to_tree()
            .map_err(said)?;
        let mut files = Vec::new();
        let mut folders = vec![(TreePath::root(), tree.id)];
        while let Some((folder, id)) = folders.pop() {
            let tree = repository.find_tree(id).map_err(said)?;
            for entry in tree.iter() {
                let entry = entry.map_err(said)?;
                let name = entry.filename().as_bytes();
                let kind = match entry.mode().kind() {
                    gix::objs::tree::EntryKind::Tree => {
                        if let Some(path) = folder.join(name) {
                            folders.push((path, entry.oid().to_owned()));
                        }
                        continue;
                    }
                    gix::objs::tree::EntryKind::Commit => TrackedKind::Submodule,
                    gix::objs::tree::EntryKind::Link => TrackedKind::Link,
                    gix::objs::tree::EntryKind::Blob | gix::objs::tree::EntryKind::BlobExecutable => {
                        TrackedKind::File
                    }
                };
                if (kind == TrackedKind::Submodule || wanted(name))
                    && let Some(path) = folder.join(name)
                {
                    files.push(Tracked {
                        path,
                        id: ObjectId(entry.oid().to_owned()),
                        kind,
                        is_left_out: false,
                    });
                }
            }
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// [`GitError`] if the commit or its tree is missing.
    pub fn commit_tree(&self, commit: ObjectId, limit: u64) -> Result<CommitTree, GitError> {
        let repository = self.inner.to_thread_local();
        let tree = repository
            .find_object(commit.0)
            .map_err(said)?
            .peel_to_tree()
            .map_err(said)?;
        Ok(CommitTree {
            inner: self.inner.clone(),
            tree: tree.id,
            limit,
        })
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// [`Unread`] if it is missing or larger than `limit`.
    pub fn blob(&self, id: ObjectId, limit: u64) -> Result<Arc<[u8]>, Unread> {
        blob(&self.inner.to_thread_local(), id.0, limit)
    }
}

/// The files of one commit, read from objects and never checked out.
pub struct CommitTree {
    inner: gix::ThreadSafeRepository,
    tree: gix::ObjectId,
    limit: u64,
}

impl CommitTree {
    /// The blob at `path`; `None` if there is no file.
    #[must_use]
    pub fn id(&self, path: &TreePath) -> Option<ObjectId> {
        let repository = self.inner.to_thread_local();
        let tree = repository.find_tree(self.tree).ok()?;
        let entry = tree.lookup_entry(path.components()).ok()??;
        entry
            .mode()
            .is_blob_or_symlink()
            .then(|| ObjectId(entry.id().detach()))
    }
}

impl Tree for CommitTree {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        let repository = self.inner.to_thread_local();
        let tree = repository
            .find_tree(self.tree)
            .map_err(|error| Unread::Unreadable(said(error).to_string()))?;
        let mut path = path.clone();
        // A chain of links ends; a longer one is a circle.
        for _ in 0..16 {
            let found = tree
                .lookup_entry(path.components())
                .map_err(|error| Unread::Unreadable(said(error).to_string()))?;
            let entry = found.ok_or(Unread::Absent)?;
            let id = entry.id().detach();
            if entry.mode().is_link() {
                let target = blob(&repository, id, self.limit)?;
                path = path.parent().join(&*target).ok_or(Unread::LinkLeadsOut)?;
            } else if entry.mode().is_blob() {
                return blob(&repository, id, self.limit);
            } else {
                return Err(Unread::Absent);
            }
        }
        Err(Unread::Unreadable("a symbolic link leads to itself".into()))
    }
}

/// The id that git gives to a blob of these bytes.
#[must_use]
pub fn blob_id(bytes: &[u8]) -> Option<ObjectId> {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, bytes)
        .ok()
        .map(ObjectId)
}

fn blob(repository: &gix::Repository, id: gix::ObjectId, limit: u64) -> Result<Arc<[u8]>, Unread> {
    let missing = |error: gix::Error| Unread::Unreadable(said(error).to_string());
    let header = repository.find_header(id).map_err(missing)?;
    if header.size() > limit {
        return Err(Unread::TooLarge { limit });
    }
    let object = repository.find_object(id).map_err(missing)?;
    Ok(object.detach().data.into())
}

fn said(error: impl std::fmt::Display) -> GitError {
    GitError(
        error
            .to_string()
            .lines()
            .next()
            .unwrap_or("no reason given")
            .to_owned(),
    )
}
