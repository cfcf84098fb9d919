//! A repository, read in process. Only its own configuration is read, nothing of it is run, and a foreign owner is no
//! reason to refuse.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gix::bstr::ByteSlice as _;
use gix::sec::Trust;

use super::discovery::{self, Bare};
use super::entry::ObjectId;
use super::error::{GitError, broken, first_line};
use super::lfs::Pointer;
use super::odb::Odb;
use super::reftable::Reftable;
use super::remote::Remote;
use crate::model::Unread;

/// A git repository.
#[derive(Clone)]
pub struct Repository {
    pub(super) inner: Arc<gix::ThreadSafeRepository>,
    remote: OnceLock<Arc<dyn Remote>>,
    /// The short name of the default branch, as the event has it.
    event_default: OnceLock<String>,
    /// Its refs, if they are kept as a reftable.
    pub(super) table: Option<Arc<Reftable>>,
}

/// Where `HEAD` points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The full name of the branch; `None` if detached.
    pub ref_name: Option<String>,
    /// The commit; `None` before the first one.
    pub commit: Option<ObjectId>,
}

impl Repository {
    /// The repository that holds `folder`, or that `folder` itself is (bare); `None` if there is none. A bare one that lies
    /// in the work tree of another, or above `folder`, is none.
    ///
    /// # Errors
    /// [`GitError`] if there is one and it cannot be opened.
    pub fn discover(folder: &Path) -> Result<Option<Self>, GitError> {
        discovery::find(folder, Bare::Allowed)?
            .map(Self::open)
            .transpose()
    }

    /// The repository whose work tree holds `folder`; `None` if there is none.
    ///
    /// # Errors
    /// As [`Repository::discover`].
    pub fn around(folder: &Path) -> Result<Option<Self>, GitError> {
        discovery::find(folder, Bare::Refused)?
            .map(Self::open)
            .transpose()
    }

    /// The repository whose work tree begins at `folder`; `None` if none does.
    ///
    /// # Errors
    /// As [`Repository::discover`].
    pub fn at(folder: &Path) -> Result<Option<Self>, GitError> {
        discovery::at(folder)?.map(Self::open).transpose()
    }

    fn open(git_folder: PathBuf) -> Result<Self, GitError> {
        let options = gix::open::Options::isolated()
            .with(Trust::Full)
            // A commit id stands for what its objects say, and not for what `refs/replace` puts in their place.
            .config_overrides(["core.useReplaceRefs=false"])
            .open_path_as_is(true);
        let inner = gix::ThreadSafeRepository::open_opts(git_folder, options).map_err(unopened)?;
        let repository = inner.to_thread_local();
        let kept = repository.config_snapshot().string("extensions.refStorage");
        let table = match kept.as_ref().map(|kept| kept.as_bytes()) {
            None | Some(b"files") => None,
            Some(b"reftable") => {
                let table = Reftable::read(repository.common_dir(), repository.git_dir())?;
                Some(Arc::new(table))
            }
            Some(other) => {
                let other = other.to_str_lossy();
                return Err(GitError::Unsupported(format!(
                    "this repository keeps its refs as {other:?}"
                )));
            }
        };
        Ok(Self {
            inner: Arc::new(inner),
            table,
            remote: OnceLock::new(),
            event_default: OnceLock::new(),
        })
    }

    /// Sets the short name of the default branch, as the event that started the run has it. The first call counts.
    pub fn set_default_branch(&self, branch: String) {
        let _ = self.event_default.set(branch);
    }

    /// The branch of [`Repository::set_default_branch`].
    pub(super) fn default_of_event(&self) -> Option<&str> {
        self.event_default.get().map(String::as_str)
    }

    /// Reads what the clone lacks from `remote` from now on. The first call counts.
    ///
    /// That is refs, trees and files, but no history: each step of it would be a request.
    pub fn set_remote(&self, remote: Arc<dyn Remote>) {
        let _ = self.remote.set(remote);
    }

    /// Has what the clone lacks.
    pub(super) fn remote(&self) -> Option<&Arc<dyn Remote>> {
        self.remote.get()
    }

    /// The objects of the clone and, beyond it, of the remote.
    pub(super) fn odb(&self) -> Odb {
        Odb {
            remote: self.remote.get().cloned(),
            ..self.local_odb()
        }
    }

    /// The objects of the clone alone.
    pub(super) fn local_odb(&self) -> Odb {
        Odb {
            repository: self.inner.to_thread_local(),
            remote: None,
            table: self.table.clone(),
        }
    }

    /// The top of the work tree, absolute; `None` if bare.
    #[must_use]
    pub fn work_folder(&self) -> Option<PathBuf> {
        self.inner.work_dir().map(Path::to_owned)
    }

    /// What distinguishes this repository from others: the address of `origin`, which clones share, else its folder.
    #[must_use]
    pub fn identity(&self) -> String {
        let folder = || self.common_folder().to_string_lossy().into_owned();
        self.origin().unwrap_or_else(folder)
    }

    /// Where it was cloned from.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let repository = self.odb();
        let origin = repository.config_snapshot().string("remote.origin.url")?;
        Some(origin.to_str_lossy().into_owned())
    }

    /// The folder of git's own files, such as the index.
    #[must_use]
    pub fn git_folder(&self) -> PathBuf {
        self.odb().git_dir().to_owned()
    }

    /// The folder that work trees of the repository share: with its refs, objects and `info/exclude`.
    #[must_use]
    pub fn common_folder(&self) -> PathBuf {
        self.odb().common_dir().to_owned()
    }

    /// Where `HEAD` points.
    ///
    /// # Errors
    /// [`GitError`] if `HEAD` cannot be read.
    pub fn head(&self) -> Result<Head, GitError> {
        if let Some(table) = &self.table {
            let ref_name = match table.get(b"HEAD") {
                Some(gix::refs::Target::Symbolic(name)) => Some(name.as_bstr().to_str_lossy().into_owned()),
                Some(gix::refs::Target::Object(_)) | None => None,
            };
            return Ok(Head {
                ref_name,
                commit: table.follow(b"HEAD").map(ObjectId),
            });
        }
        let repository = self.inner.to_thread_local();
        let head = repository.head().map_err(broken)?;
        let ref_name = head
            .referent_name()
            .map(|name| name.as_bstr().to_str_lossy().into_owned());
        let commit = if head.is_unborn() {
            None
        } else {
            Some(ObjectId(repository.head_id().map_err(broken)?.detach()))
        };
        Ok(Head { ref_name, commit })
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// [`Unread`] if it is missing or larger than `limit`.
    pub fn blob(&self, id: ObjectId, limit: u64) -> Result<Arc<[u8]>, Unread> {
        Ok(self.odb().blob(id.0, limit)?)
    }

    /// The file that the blob `id` stands for: its bytes, or what a pointer of Git LFS leads to, if the clone has it.
    ///
    /// # Errors
    /// [`Unread`] if it is missing or larger than `limit`.
    pub fn file(&self, id: ObjectId, limit: u64) -> Result<Arc<[u8]>, Unread> {
        let bytes = self.blob(id, limit)?;
        let file = Pointer::of(&bytes).map(|pointer| pointer.read(&self.common_folder(), limit));
        Ok(file.transpose()?.flatten().unwrap_or(bytes))
    }
}

fn unopened(error: gix::Error) -> GitError {
    if error.is_unsupported() {
        GitError::Unsupported(format!(
            "this repository is of a kind of its own ({})",
            first_line(&error)
        ))
    } else {
        broken(error)
    }
}
