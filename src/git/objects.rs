//! Refs, the index, trees and blobs, read in process. Only the repository's own configuration is looked at,
//! nothing of it is run, and a foreign owner is no reason to refuse.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gix::bstr::ByteSlice as _;
use gix::objs::{Data, Find as _, Kind, TagRefIter};
use gix::sec::Trust;

use super::commit_tree::{CommitTree, blob};
use super::further::{Further, Vouched};
use super::lfs::Pointer;
use super::listing::Listing;
use super::place::{self, Bare};
use super::reftable::Reftable;
use crate::model::{Failure, TreePath, Unread};

/// A git repository.
#[derive(Clone)]
pub struct Repository {
    inner: Arc<gix::ThreadSafeRepository>,
    further: OnceLock<Arc<dyn Further>>,
    /// The short name of the default branch, as the event has it.
    event_default: OnceLock<String>,
    /// Its refs, if they are kept as a reftable.
    table: Option<Arc<Reftable>>,
}

/// A repository, for one thread.
pub(super) struct View {
    repository: gix::Repository,
    further: Option<Arc<dyn Further>>,
    pub(super) table: Option<Arc<Reftable>>,
}

impl View {
    /// Tells whoever has what the clone lacks that `id` is a file of this repository.
    pub(super) fn vouch_blob(&self, id: gix::ObjectId) {
        if let Some(further) = &self.further {
            further.vouch(&id.to_string(), Vouched::Blob);
        }
    }
}

impl Deref for View {
    type Target = gix::Repository;

    fn deref(&self) -> &gix::Repository {
        &self.repository
    }
}

/// The id of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub(super) gix::ObjectId);

impl ObjectId {
    /// Its bytes, as many as the kind of hash has.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Git said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// Something of the repository cannot be read.
    #[error("git: {0}")]
    Broken(String),
    /// The repository is of a kind that cannot be read.
    #[error("git: {0}, which cannot be read")]
    Unsupported(String),
    /// The clone lacks an object that it should hold, or that a partial clone left out.
    #[error("git: the object {object} is not in this clone")]
    Missing {
        /// The object.
        object: ObjectId,
    },
    /// The clone lacks an object, and whoever was asked for it does not give it.
    #[error("git: the object {object} is not in this clone, and the forge does not give it: {reason}")]
    Elsewhere {
        /// The object.
        object: String,
        /// Why.
        reason: String,
    },
    /// The clone is shallow, and the answer lies beyond its end.
    #[error("git: this clone is shallow and its history is cut off at {at} (see `fetch-depth`)")]
    Shallow {
        /// The last commit that the clone holds.
        at: ObjectId,
    },
    /// A revision names nothing.
    #[error("git: there is no {revision:?}: {reason}")]
    NoSuchRevision {
        /// As it was written.
        revision: String,
        /// What could not be found.
        reason: String,
    },
    /// A revision names something that is no commit, or several things.
    #[error("git: {revision:?} is not one commit: {reason}")]
    NotACommit {
        /// As it was written.
        revision: String,
        /// What it is.
        reason: String,
    },
}

impl From<GitError> for Failure {
    /// The clone does not hold what the verdict needs.
    fn from(error: GitError) -> Self {
        let hint = error.hint();
        Self::incomplete(error.to_string(), hint)
    }
}

impl GitError {
    /// The way out, as a full instruction.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Broken(_) => {
                "Repair the repository (`git fsck` tells what is wrong with it), then try again."
            }
            Self::Unsupported(_) => {
                "Clone it with its refs in files (`git clone --ref-format=files`) and an object format that git offers."
            }
            Self::Missing { .. } => {
                "Fetch what a filter (`git clone --filter`) left out: `git fetch --refetch --no-filter`; in a workflow, take `filter` and \
                 `sparse-checkout`, which sets one, out of the checkout, and set `fetch-depth: 0`."
            }
            Self::Elsewhere { .. } => {
                "Check out everything (`fetch-depth: 0`), or mend what keeps the forge from being asked."
            }
            Self::Shallow { .. } => {
                "Fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` where a workflow checks out."
            }
            Self::NoSuchRevision { .. } => {
                "Fetch it (`fetch-depth: 0` where a workflow checks out), or name a branch, a tag or a commit that is there."
            }
            Self::NotACommit { .. } => "Name one branch, tag or commit.",
        }
    }
}

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
    /// A file or folder under a name that git gives to none (`..`, `.git`); in its path that name is percent-encoded.
    Refused,
}

impl Repository {
    /// The repository that holds `folder`, or that `folder` itself is (bare); `None` if there is none. A bare one that lies
    /// in the work tree of another, or above `folder`, is none.
    ///
    /// # Errors
    /// [`GitError`] if there is one and it cannot be opened.
    pub fn discover(folder: &Path) -> Result<Option<Self>, GitError> {
        place::find(folder, Bare::Counts)?.map(Self::open).transpose()
    }

    /// The repository whose work tree holds `folder`; `None` if there is none.
    ///
    /// # Errors
    /// As [`Repository::discover`].
    pub fn around(folder: &Path) -> Result<Option<Self>, GitError> {
        place::find(folder, Bare::Never)?.map(Self::open).transpose()
    }

    /// The repository whose work tree begins at `folder`; `None` if none does.
    ///
    /// # Errors
    /// As [`Repository::discover`].
    pub fn at(folder: &Path) -> Result<Option<Self>, GitError> {
        place::at(folder)?.map(Self::open).transpose()
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
            further: OnceLock::new(),
            event_default: OnceLock::new(),
        })
    }

    /// Says which branch is the default one, by its short name, as the event that started the run has it. The first one
    /// counts.
    pub fn name_default(&self, branch: String) {
        // There is no use for a second one.
        let _ = self.event_default.set(branch);
    }

    /// What [`Repository::name_default`] was told.
    pub(super) fn named_default(&self) -> Option<&str> {
        self.event_default.get().map(String::as_str)
    }

    /// What the clone lacks is asked of `further` from now on. The first one counts.
    ///
    /// Refs, trees and files are; history is not, because each step of it would be a question.
    pub fn extend(&self, further: Arc<dyn Further>) {
        // There is no use for a second one.
        let _ = self.further.set(further);
    }

    /// Who is asked for what the clone lacks.
    pub(super) fn further(&self) -> Option<&Arc<dyn Further>> {
        self.further.get()
    }

    /// A view for one thread.
    pub(super) fn local(&self) -> View {
        View {
            repository: self.inner.to_thread_local(),
            further: self.further.get().cloned(),
            table: self.table.clone(),
        }
    }

    /// A view for one thread of what the clone itself holds.
    pub(super) fn held(&self) -> View {
        View {
            repository: self.inner.to_thread_local(),
            further: None,
            table: self.table.clone(),
        }
    }

    /// The top of the work tree, absolute; `None` if bare.
    #[must_use]
    pub fn work_folder(&self) -> Option<PathBuf> {
        self.inner.work_dir().map(Path::to_owned)
    }

    /// What tells this repository from others: the address of `origin`, which clones share, else where it lies.
    #[must_use]
    pub fn identity(&self) -> String {
        let repository = self.local();
        let origin = repository.config_snapshot().string("remote.origin.url");
        origin.map_or_else(
            || repository.common_dir().to_string_lossy().into_owned(),
            |origin| origin.to_str_lossy().into_owned(),
        )
    }

    /// Where git keeps what is its own: the folder of the index.
    #[must_use]
    pub fn git_folder(&self) -> PathBuf {
        self.local().git_dir().to_owned()
    }

    /// The folder that work trees of the repository share: with its refs, objects and `info/exclude`.
    #[must_use]
    pub fn common_folder(&self) -> PathBuf {
        self.local().common_dir().to_owned()
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
        let hash = self.local().object_hash();
        let options = gix::index::decode::Options::default();
        let index = gix::index::File::at(path, hash, false, options).map_err(said)?;
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
        let repository = self.inner.to_thread_local();
        let index = match &self.table {
            None => repository.index_or_load_from_head_or_empty().map_err(said)?,
            // Where `HEAD` is in a table, the file of that name says nothing.
            Some(_) => match (repository.try_index().map_err(said)?, self.head()?.commit) {
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

    /// The files in the tree of a commit or tree whose file name is `wanted`, by path, submodules always.
    ///
    /// # Errors
    /// [`GitError`] if an object is missing.
    pub fn files(
        &self,
        commit: ObjectId,
        wanted: impl Fn(&[u8]) -> bool + Sync,
    ) -> Result<Vec<Tracked>, GitError> {
        Listing::new(self, &wanted).files(commit)
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// [`GitError`] if the commit or its tree is missing.
    pub fn commit_tree(&self, commit: ObjectId, limit: u64) -> Result<CommitTree, GitError> {
        Ok(self.tree_at(tree_of(&self.local(), commit.0)?, limit))
    }

    /// A tree that is there, as that of a commit.
    pub(super) fn tree_at(&self, tree: gix::ObjectId, limit: u64) -> CommitTree {
        CommitTree {
            repository: self.clone(),
            tree,
            folder: TreePath::root(),
            limit,
            lacking: Arc::default(),
            nested: Arc::default(),
            listed: None,
        }
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// [`Unread`] if it is missing or larger than `limit`.
    pub fn blob(&self, id: ObjectId, limit: u64) -> Result<Arc<[u8]>, Unread> {
        Ok(blob(&self.local(), id.0, limit)?)
    }

    /// The file that the blob `id` stands for: its bytes, or what a pointer of Git LFS leads to, if the clone has it.
    ///
    /// # Errors
    /// [`Unread`] if it is missing or larger than `limit`.
    pub fn file(&self, id: ObjectId, limit: u64) -> Result<Arc<[u8]>, Unread> {
        let bytes = self.blob(id, limit)?;
        let file = Pointer::of(&bytes).map(|pointer| pointer.held(&self.common_folder(), limit));
        Ok(file.transpose()?.flatten().unwrap_or(bytes))
    }
}

/// The object `id`, read into `buffer`.
pub(super) fn load<'b>(
    view: &View,
    id: gix::ObjectId,
    buffer: &'b mut Vec<u8>,
) -> Result<Data<'b>, GitError> {
    if id.is_empty_tree() {
        buffer.clear();
        return Ok(Data::new(buffer, Kind::Tree, id.kind()));
    }
    let held = view.objects.try_find(&id, buffer).map_err(said)?;
    if let Some(kind) = held.map(|object| object.kind) {
        return Ok(Data::new(buffer, kind, id.kind()));
    }
    let missing = GitError::Missing { object: ObjectId(id) };
    let further = view.further.as_ref().ok_or_else(|| missing.clone())?;
    let given = further
        .object(&id.to_string())
        .map_err(|reason| GitError::Elsewhere {
            object: id.to_string(),
            reason,
        })?;
    let (kind, bytes) = given.ok_or(missing)?.checked(id)?;
    *buffer = bytes;
    Ok(Data::new(buffer, kind, id.kind()))
}

/// The tree of a commit, a tag of one, or a tree.
pub(super) fn tree_of(repository: &View, id: gix::ObjectId) -> Result<gix::ObjectId, GitError> {
    let mut buffer = Vec::new();
    let commit = peeled(repository, id, &mut buffer)?;
    let object = load(repository, commit, &mut buffer)?;
    match object.kind {
        Kind::Tree => Ok(commit),
        Kind::Commit => {
            let tree = super::commits::parse(commit, object.data)?.tree;
            if let Some(further) = &repository.further {
                further.vouch(&tree.to_string(), Vouched::Root);
            }
            Ok(tree)
        }
        Kind::Blob | Kind::Tag => Err(GitError::Broken(format!("{id} has no tree"))),
    }
}

/// What `id` is, or what the tag `id` speaks of: never a tag.
pub(super) fn peeled(
    repository: &View,
    id: gix::ObjectId,
    buffer: &mut Vec<u8>,
) -> Result<gix::ObjectId, GitError> {
    let mut id = id;
    // A tag of a tag is odd, a long chain of them is an attack.
    for _ in 0..64 {
        let object = load(repository, id, buffer)?;
        match object.kind {
            Kind::Tag => {
                id = TagRefIter::from_bytes(object.data, id.kind())
                    .target_id()
                    .map_err(said)?;
            }
            Kind::Tree | Kind::Blob | Kind::Commit => return Ok(id),
        }
    }
    Err(GitError::Broken(format!(
        "the tag {id} is a tag of too many tags"
    )))
}

fn unopened(error: gix::Error) -> GitError {
    if error.is_unsupported() {
        GitError::Unsupported(format!(
            "this repository is of a kind of its own ({})",
            said_plainly(&error)
        ))
    } else {
        said(error)
    }
}

/// What git's reader says, as an error.
pub(super) fn said(error: impl std::fmt::Display) -> GitError {
    GitError::Broken(said_plainly(&error))
}

/// The first line of what git's reader says.
pub(super) fn said_plainly(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or("no reason given").to_owned()
}
