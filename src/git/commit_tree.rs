//! The tree of one commit, read from objects and never checked out.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;
use gix::objs::{Kind, TreeRefIter};

use super::blob_cache::BlobCache;
use super::entry::{ObjectId, TrackedKind};
use super::error::{GitError, broken};
use super::file_list::{FileList, Shape};
use super::lfs::Pointer;
use super::links::{self, End, Entry, Folders, MAX_STEPS, MAX_TARGET};
use super::listing::{Content, Listing};
use super::odb::{BlobError, Odb};
use super::repository::Repository;
use crate::model::{Contents, Derivation, Derived, Tree, TreePath, Unread};

/// The files of one commit, read from objects and never checked out.
#[derive(Clone)]
pub struct CommitTree {
    pub(super) repository: Repository,
    pub(super) tree: gix::ObjectId,
    /// The folder that paths count from.
    pub(super) folder: TreePath,
    pub(super) limit: u64,
    /// What was asked for and is not in the clone.
    pub(super) lacking: Arc<Mutex<BTreeMap<TreePath, Lack>>>,
    /// Trees of other repositories in it, by their folders from the top.
    pub(super) nested: Arc<[(TreePath, Self)]>,
    /// Its wanted files, if they were listed.
    pub(super) listed: Option<Wanted>,
}

/// The wanted files of a commit.
#[derive(Clone)]
pub(super) struct Wanted {
    files: Arc<FileList>,
    /// A file of this name is in the list, if there is one.
    is_wanted: fn(&[u8]) -> bool,
    cache: Arc<BlobCache>,
}

/// Why a clone lacks something of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// What is missing, a lowercase fragment.
    pub reason: String,
    /// What to do, a full instruction.
    pub hint: String,
    /// It is a folder, of which nothing is known.
    pub is_folder: bool,
}

impl CommitTree {
    /// What was asked for so far and is not in the clone, by path; those who share the tree share the list.
    #[must_use]
    pub fn lacking(&self) -> BTreeMap<TreePath, Lack> {
        let lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.clone()
    }

    /// Notes that the clone lacks what `path` names.
    pub fn add_lacking(&self, path: TreePath, lack: Lack) {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.entry(path).or_insert(lack);
    }

    /// The same commit, with paths that count from `folder`. Links lead anywhere in the commit.
    #[must_use]
    pub fn below(self, folder: TreePath) -> Self {
        Self { folder, ..self }
    }

    /// The same commit, with the trees of other repositories at their folders, which count from the top.
    #[must_use]
    pub fn with_nested(self, nested: Vec<(TreePath, Self)>) -> Self {
        Self {
            nested: nested.into(),
            ..self
        }
    }

    /// The same commit, whose `content` is known to `listing`: a file whose name `is_wanted` is looked for in its list.
    #[must_use]
    pub fn listed_by(self, listing: &Listing<'_>, content: Content, is_wanted: fn(&[u8]) -> bool) -> Self {
        let wanted = Wanted {
            files: listing.list(content),
            is_wanted,
            cache: listing.cache().clone(),
        };
        Self {
            listed: Some(wanted),
            ..self
        }
    }

    /// The shape of the tree, as `outline` reads the outline of the file at a path; `None` if its files are not listed.
    #[must_use]
    pub fn shape(&self, outline: &dyn Fn(&TreePath) -> Option<&'static dyn Derivation>) -> Option<Shape> {
        let wanted = self.listed.as_ref().filter(|_| self.nested.is_empty())?;
        let bytes = |id: ObjectId| self.repository.blob(id, self.limit);
        Some(wanted.files.shape(&wanted.cache, outline, &bytes))
    }

    /// Whether the shape of the tree says all about the file at `path` that its outline and its being there say.
    #[must_use]
    pub fn shape_covers(&self, path: &TreePath) -> bool {
        let Some(wanted) = self.listed.as_ref().filter(|_| self.nested.is_empty()) else {
            return false;
        };
        let Some(path) = self.folder.join(path.as_bytes()) else {
            return false;
        };
        match wanted.files.get(&path) {
            _ if wanted.files.passes_link(&path) => false,
            Some((kind, _)) => kind == TrackedKind::File,
            None => (wanted.is_wanted)(path.file_name()),
        }
    }

    /// The path from the top of the repository, if the list of wanted files does not cover it.
    #[must_use]
    pub fn beside(&self, path: &TreePath) -> Option<TreePath> {
        let path = self.folder.join(path.as_bytes())?;
        self.in_list(&path).is_none().then_some(path)
    }

    /// The entry at `path`, which counts from the top; `None` if the list does not cover it.
    fn in_list(&self, path: &TreePath) -> Option<Option<(TrackedKind, ObjectId)>> {
        let wanted = self.listed.as_ref()?;
        if wanted.files.passes_link(path) {
            return None;
        }
        let found = wanted.files.get(path);
        (found.is_some() || (wanted.is_wanted)(path.file_name())).then_some(found)
    }

    /// The blob at `path` by the list alone: a file, or none.
    fn short(&self, path: &TreePath) -> Option<Option<ObjectId>> {
        if !self.nested.is_empty() {
            return None;
        }
        match self.in_list(&self.folder.join(path.as_bytes())?)? {
            None => Some(None),
            Some((TrackedKind::File, id)) => Some(Some(id)),
            Some((TrackedKind::Link | TrackedKind::Submodule | TrackedKind::Refused, _)) => None,
        }
    }

    /// The nested repository that has `path`: its folder, its tree, and `path` in it.
    fn inner(&self, path: &TreePath) -> Option<(&TreePath, &Self, TreePath)> {
        if self.nested.is_empty() {
            return None;
        }
        let path = self.folder.join(path.as_bytes())?;
        self.nested.iter().find_map(|(folder, tree)| {
            let rest = path.as_bytes().strip_prefix(folder.as_bytes())?;
            Some((folder, tree, TreePath::new(rest.strip_prefix(b"/")?)?))
        })
    }

    fn bytes(&self, path: &TreePath) -> Result<Arc<[u8]>, BlobError> {
        if let Some((_, tree, path)) = self.inner(path) {
            return tree.bytes(&path);
        }
        let short = self.short(path);
        if short == Some(None) {
            return Err(Unread::Absent.into());
        }
        let read = |id: ObjectId| self.repository.odb().blob(id.0, self.limit);
        match (short.flatten(), &self.listed) {
            (Some(id), Some(wanted)) => wanted.cache.bytes(id, || read(id)),
            (Some(id), None) => read(id),
            (None, _) => {
                let odb = self.repository.odb();
                let id = self.find(&odb, path)?;
                odb.blob(id, self.limit)
            }
        }
    }

    /// The blob at `path`, links followed; `None` if there is no file.
    #[must_use]
    pub fn id(&self, path: &TreePath) -> Option<ObjectId> {
        if let Some((_, tree, path)) = self.inner(path) {
            return tree.id(&path);
        }
        if let Some(short) = self.short(path) {
            return short;
        }
        self.find(&self.repository.odb(), path).ok().map(ObjectId)
    }

    /// The blob at `path`, links followed inside the commit.
    fn find(&self, odb: &Odb, path: &TreePath) -> Result<gix::ObjectId, BlobError> {
        self.follow(odb, path).map(|(_, id)| id)
    }

    /// The blob at `path` and its own path, from the top of the commit.
    fn follow(&self, odb: &Odb, path: &TreePath) -> Result<(TreePath, gix::ObjectId), BlobError> {
        let path = self.folder.join(path.as_bytes()).ok_or(Unread::Absent)?;
        let objects = Objects {
            odb,
            limit: self.limit.min(MAX_TARGET),
            known: None,
        };
        let mut steps = MAX_STEPS;
        let (path, id) = links::follow(&objects, self.tree, &path, &mut steps)?.file()?;
        Ok((path, id.0))
    }

    /// Where each of `paths` ends, which count from the top of the commit. No remote is asked for the target of a link.
    #[must_use]
    pub fn ends(&self, paths: &[TreePath]) -> Vec<End> {
        let odb = self.repository.odb();
        let objects = Objects {
            odb: &odb,
            limit: MAX_TARGET,
            known: Some(RefCell::default()),
        };
        links::ends(&objects, &self.tree, paths)
    }

    /// The blob at `path` is a pointer of Git LFS that stands for `bytes`.
    #[must_use]
    pub fn stands_for(&self, path: &TreePath, bytes: &[u8]) -> bool {
        let pointer = self.bytes(path).ok().and_then(|held| Pointer::of(&held));
        pointer.is_some_and(|pointer| pointer.is_of(bytes))
    }

    /// The id that git gives to a blob of these bytes in this repository.
    #[must_use]
    pub fn blob_id(&self, bytes: &[u8]) -> Option<ObjectId> {
        gix::objs::compute_hash(self.tree.kind(), Kind::Blob, bytes)
            .ok()
            .map(ObjectId)
    }
}

/// Trees and links by their ids.
struct Objects<'o> {
    odb: &'o Odb,
    limit: u64,
    /// What was read, where many paths are followed; then no remote is asked for the targets of links.
    known: Option<RefCell<Read>>,
}

/// Folders and targets of links that were read.
#[derive(Default)]
struct Read {
    folders: HashMap<gix::ObjectId, HashMap<Box<[u8]>, Entry<gix::ObjectId>>>,
    targets: HashMap<ObjectId, Arc<[u8]>>,
}

impl Objects<'_> {
    /// Gives `each` what the tree `folder` holds until it has enough.
    fn entries(
        &self,
        folder: gix::ObjectId,
        mut each: impl FnMut(&[u8], Entry<gix::ObjectId>) -> ControlFlow<()>,
    ) -> Result<(), BlobError> {
        let mut buffer = Vec::new();
        let tree = self.odb.load(folder, &mut buffer)?;
        for entry in TreeRefIter::from_bytes(tree.data, folder.kind()).filter_map(Result::ok) {
            let id = entry.oid.to_owned();
            let found = match entry.mode.kind() {
                EntryKind::Tree => Entry::Folder(id),
                EntryKind::Blob | EntryKind::BlobExecutable => Entry::File(ObjectId(id)),
                EntryKind::Link => Entry::Link(ObjectId(id)),
                EntryKind::Commit => Entry::Submodule,
            };
            if each(entry.filename.as_bytes(), found).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Folders for Objects<'_> {
    type Folder = gix::ObjectId;
    type Error = BlobError;

    /// A folder that the clone lacks is an error: its files are not known.
    fn entry(&self, folder: &gix::ObjectId, name: &[u8]) -> Result<Option<Entry<gix::ObjectId>>, BlobError> {
        let Some(known) = &self.known else {
            let mut found = None;
            self.entries(*folder, |other, entry| match other == name {
                false => ControlFlow::Continue(()),
                true => {
                    found = Some(entry);
                    ControlFlow::Break(())
                }
            })?;
            return Ok(found);
        };
        let mut known = known.borrow_mut();
        let folders = &mut known.folders;
        if !folders.contains_key(folder) {
            let mut entries = HashMap::new();
            self.entries(*folder, |name, entry| {
                entries.entry(name.into()).or_insert(entry);
                ControlFlow::Continue(())
            })?;
            folders.insert(*folder, entries);
        }
        Ok(folders.get(folder).and_then(|entries| entries.get(name)).copied())
    }

    fn target(&self, link: ObjectId) -> Result<Arc<[u8]>, BlobError> {
        let Some(known) = &self.known else {
            return self.odb.blob(link.0, self.limit);
        };
        let mut known = known.borrow_mut();
        let targets = &mut known.targets;
        if let Some(target) = targets.get(&link) {
            return Ok(target.clone());
        }
        if self.odb.try_find_header(link.0).map_err(broken)?.is_none() {
            return Err(GitError::Missing { object: link }.into());
        }
        let target = self.odb.blob(link.0, self.limit)?;
        targets.insert(link, target.clone());
        Ok(target)
    }
}

impl Tree for CommitTree {
    /// Not known of a commit with the trees of other repositories in it.
    fn contents(&self, path: &TreePath) -> Option<Contents> {
        if !self.nested.is_empty() {
            return None;
        }
        let odb = self.repository.odb();
        let objects = Objects {
            odb: &odb,
            limit: MAX_TARGET,
            known: None,
        };
        let mut folder = self.tree;
        for name in self.folder.join(path.as_bytes())?.components() {
            folder = match objects.entry(&folder, name).ok()?? {
                Entry::Folder(id) => id,
                Entry::File(_) | Entry::Link(_) | Entry::Submodule => return None,
            };
        }
        let mut contents = Contents::default();
        objects
            .entries(folder, |name, entry| {
                let at = path.join(name);
                match entry {
                    Entry::Folder(_) => contents.folders.extend(at),
                    Entry::File(_) => contents.files.extend(at),
                    Entry::Link(_) | Entry::Submodule => {}
                }
                ControlFlow::Continue(())
            })
            .ok()?;
        // Git sorts a folder as if its name ended in a slash.
        contents.files.sort();
        contents.folders.sort();
        Some(contents)
    }

    fn submodule(&self, path: &TreePath) -> Option<String> {
        if let Some((_, tree, path)) = self.inner(path) {
            return tree.submodule(&path);
        }
        let odb = self.repository.odb();
        let objects = Objects {
            odb: &odb,
            limit: MAX_TARGET,
            known: None,
        };
        let path = self.folder.join(path.as_bytes())?;
        let mut folder = self.tree;
        for name in path.parent().components() {
            folder = match objects.entry(&folder, name).ok()?? {
                Entry::Folder(id) => id,
                Entry::File(_) | Entry::Link(_) | Entry::Submodule => return None,
            };
        }
        let mut buffer = Vec::new();
        let tree = odb.load(folder, &mut buffer).ok()?;
        TreeRefIter::from_bytes(tree.data, folder.kind())
            .filter_map(Result::ok)
            .find(|entry| {
                entry.filename.as_bytes() == path.file_name() && entry.mode.kind() == EntryKind::Commit
            })
            .map(|entry| entry.oid.to_string())
    }

    fn leads_to(&self, path: &TreePath) -> Option<TreePath> {
        if let Some((folder, tree, path)) = self.inner(path) {
            return folder.join(tree.leads_to(&path)?.as_bytes());
        }
        let (end, _) = self.follow(&self.repository.odb(), path).ok()?;
        (self.folder.join(path.as_bytes())? != end).then_some(end)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        let bytes = self.bytes(path).map_err(|unread| {
            if let BlobError::Git(error @ (GitError::Missing { .. } | GitError::Remote { .. })) = &unread {
                let lack = Lack {
                    reason: error.to_string(),
                    hint: error.hint().to_owned(),
                    is_folder: false,
                };
                self.add_lacking(path.clone(), lack);
            }
            Unread::from(unread)
        })?;
        let Some(pointer) = Pointer::of(&bytes) else {
            return Ok(bytes);
        };
        let repository = self
            .inner(path)
            .map_or(&self.repository, |(_, tree, _)| &tree.repository);
        if let Some(file) = pointer.read(&repository.common_folder(), self.limit)? {
            return Ok(file);
        }
        let lack = Lack {
            reason: "a pointer of Git LFS, and the clone lacks the file".to_owned(),
            hint: "Fetch the files of the base: `git lfs fetch origin BRANCH`; then scan again.".to_owned(),
            is_folder: false,
        };
        self.add_lacking(path.clone(), lack);
        Ok(bytes)
    }

    fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        let id = self.listed.as_ref().and_then(|_| self.id(path));
        match (&self.listed, id) {
            (Some(wanted), Some(id)) => wanted.cache.derived(how, path, id, || self.read(path)),
            (None, _) | (_, None) => Ok(how.derive(path, &self.read(path)?)),
        }
    }

    fn holds(&self, path: &TreePath) -> bool {
        if let Some((_, tree, path)) = self.inner(path) {
            return tree.holds(&path);
        }
        if let Some(short) = self.short(path) {
            return short.is_some();
        }
        match self.find(&self.repository.odb(), path) {
            Ok(_) => true,
            Err(error) => Unread::from(error) != Unread::Absent,
        }
    }

    fn is_above(&self, name: &[u8]) -> bool {
        self.folder.above().any(|folder| {
            let tree = self.clone().below(folder);
            TreePath::new(name).is_some_and(|path| tree.id(&path).is_some())
        })
    }
}

impl Repository {
    /// The tree of a commit.
    ///
    /// # Errors
    /// [`GitError`] if the commit or its tree is missing.
    pub fn commit_tree(&self, commit: ObjectId, limit: u64) -> Result<CommitTree, GitError> {
        Ok(self.tree_at(self.odb().tree_of(commit.0)?, limit))
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
}

impl Listing<'_> {
    /// The tree of a commit of `repository` and its wanted files: `is_wanted` is the predicate of this listing. Blobs larger
    /// than `limit` are not read.
    ///
    /// # Errors
    /// As [`Listing::files`].
    pub fn tree(
        &self,
        repository: &Repository,
        commit: ObjectId,
        is_wanted: fn(&[u8]) -> bool,
        limit: u64,
    ) -> Result<(CommitTree, Arc<FileList>), GitError> {
        let (tree, content) = self.tree_and_content(commit)?;
        let tree = repository.tree_at(tree, limit);
        Ok((tree.listed_by(self, content, is_wanted), self.list(content)))
    }
}
