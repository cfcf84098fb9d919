//! The wanted files of many commits of one repository. Each tree object is read once, however many commits share it
//! and however many threads ask.
//!
//! Folders with the same wanted files below them are one [`Content`], whatever else they hold: two commits with the
//! same number hold the same lockfiles, so that what was judged for one is judged for both.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use foldhash::{HashMap, HashMapExt as _, HashSet};
use gix::objs::tree::EntryKind;
use gix::objs::{Kind, TreeRefIter};
use percent_encoding::percent_encode_byte;

use super::blob_cache::BlobCache;
use super::entry::{ObjectId, Tracked, TrackedKind};
use super::error::{GitError, broken};
use super::file_list::FileList;
use super::odb::Odb;
use super::repository::Repository;
use crate::model::TreePath;

/// A deeper wanted file is not read; git's own limit (`core.maxTreeDepth`).
const MAX_LEVELS: u32 = 2048;

/// A commit with more wanted files than this is not read: trees that hold one another many times over can name more
/// files than there are atoms.
const MAX_FILES: u64 = 1 << 20;

/// At most this many trees are remembered, at some 30 bytes each; then they are forgotten and read again.
const MAX_TREES: usize = 1 << 22;

/// From this many lists on, those that are not in use are forgotten.
const MAX_LISTS: usize = 1 << 10;

/// What is known of the trees of a repository.
pub struct Listing<'a> {
    wanted: &'a (dyn Fn(&[u8]) -> bool + Sync),
    known: Mutex<Known>,
    cache: Arc<BlobCache>,
}

/// The wanted files of a tree: equal numbers of one [`Listing`] mean equal paths, blobs and kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Content(u32);

impl Content {
    /// No wanted file at all.
    pub const EMPTY: Self = Self(0);
}

impl<'a> Listing<'a> {
    /// A listing of the files of `repository` whose file name is `wanted`, and of all symbolic links and submodules.
    #[must_use]
    pub fn new(repository: &Repository, wanted: &'a (dyn Fn(&[u8]) -> bool + Sync)) -> Self {
        let nothing = Arc::new(Folder::default());
        Self {
            wanted,
            cache: Arc::default(),
            known: Mutex::new(Known {
                odb: repository.odb(),
                commits: HashMap::new(),
                trees: HashMap::new(),
                lists: HashMap::new(),
                folders: vec![nothing.clone()],
                contents: HashMap::from_iter([(nothing, Content::EMPTY)]),
                reads: 0,
                buffer: Vec::new(),
            }),
        }
    }

    /// The wanted files of a commit or tree, by path, as [`Repository::files`] gives them.
    ///
    /// # Errors
    /// [`GitError::Missing`] if the clone lacks the commit or one of its trees.
    pub fn files(&self, commit: ObjectId) -> Result<Vec<Tracked>, GitError> {
        let content = self.content(commit)?;
        Ok(self.files_of(content))
    }

    /// The number of the wanted files of a commit or tree.
    ///
    /// # Errors
    /// As [`Listing::files`].
    pub fn content(&self, commit: ObjectId) -> Result<Content, GitError> {
        Ok(self.tree_and_content(commit)?.1)
    }

    /// The tree of a commit or tree, and the number of its wanted files.
    pub(super) fn tree_and_content(&self, commit: ObjectId) -> Result<(gix::ObjectId, Content), GitError> {
        self.known().commit(commit, self.wanted)
    }

    /// As [`Listing::content`], of a tree.
    pub(super) fn content_of_tree(&self, tree: gix::ObjectId) -> Result<Content, GitError> {
        self.known().content(tree, self.wanted)
    }

    /// The files that `content` stands for, by path.
    #[must_use]
    pub fn files_of(&self, content: Content) -> Vec<Tracked> {
        let known = self.known();
        let mut files = Vec::new();
        let mut folders = vec![(TreePath::root(), content)];
        while let Some((path, content)) = folders.pop() {
            let Some(folder) = known.folder(content) else {
                continue;
            };
            files.extend(folder.files.iter().filter_map(|file| {
                Some(Tracked {
                    path: path.join(&file.name)?,
                    id: file.id,
                    kind: file.kind,
                    is_left_out: false,
                    is_intended: false,
                })
            }));
            folders.extend(
                folder
                    .folders
                    .iter()
                    .filter_map(|(name, content)| Some((path.join(name)?, *content))),
            );
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        files
    }

    /// The files that `content` stands for, in one list that is shared while it is in use.
    #[must_use]
    pub fn list(&self, content: Content) -> Arc<FileList> {
        if let Some(list) = self.known().lists.get(&content).and_then(Weak::upgrade) {
            return list;
        }
        let list = Arc::new(FileList::new(self.files_of(content)));
        let mut known = self.known();
        if known.lists.len() >= MAX_LISTS {
            known.lists.retain(|_, list| list.strong_count() > 0);
        }
        known.lists.insert(content, Arc::downgrade(&list));
        list
    }

    /// What readers made of blobs of this repository.
    pub(super) fn cache(&self) -> &Arc<BlobCache> {
        &self.cache
    }

    /// How many tree objects were read so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.known().reads
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Repository {
    /// The files in the tree of a commit or tree whose file name is `wanted`, by path; symbolic links and submodules always.
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
}

struct Known {
    odb: Odb,
    /// The trees of commits that were asked for.
    commits: HashMap<gix::ObjectId, (gix::ObjectId, Content)>,
    trees: HashMap<gix::ObjectId, Content>,
    /// The lists that are in use.
    lists: HashMap<Content, Weak<FileList>>,
    /// What each [`Content`] stands for.
    folders: Vec<Arc<Folder>>,
    contents: HashMap<Arc<Folder>, Content>,
    reads: u64,
    buffer: Vec<u8>,
}

/// What is wanted of one folder. Folders without wanted files are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Folder {
    files: Box<[File]>,
    folders: Box<[(Box<[u8]>, Content)]>,
    /// Wanted files below, at every depth.
    total: u64,
    /// The depth of the deepest of them.
    levels: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct File {
    name: Box<[u8]>,
    id: ObjectId,
    kind: TrackedKind,
}

/// A tree whose folders are being looked at.
struct Open {
    id: gix::ObjectId,
    files: Vec<File>,
    /// Folders to come, the next one last.
    left: Vec<(Box<[u8]>, gix::ObjectId)>,
    folders: Vec<(Box<[u8]>, Content)>,
    /// The name of the folder that is being looked at.
    name: Box<[u8]>,
}

impl Known {
    /// The tree of a commit or tree, and what is wanted of it.
    fn commit(
        &mut self,
        commit: ObjectId,
        wanted: &dyn Fn(&[u8]) -> bool,
    ) -> Result<(gix::ObjectId, Content), GitError> {
        if let Some(known) = self.commits.get(&commit.0) {
            return Ok(*known);
        }
        let tree = self.odb.tree_of(commit.0)?;
        let content = self.content(tree, wanted)?;
        if self.commits.len() > MAX_TREES {
            self.commits.clear();
        }
        self.commits.insert(commit.0, (tree, content));
        Ok((tree, content))
    }

    /// What is wanted of the tree `id`. Nothing recurses: the trees on the way lie in a list.
    fn content(&mut self, id: gix::ObjectId, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Content, GitError> {
        if let Some(content) = self.trees.get(&id) {
            return Ok(*content);
        }
        if self.trees.len() > MAX_TREES {
            self.trees.clear();
        }
        let mut busy = HashSet::from_iter([id]);
        let mut open = vec![self.read(id, wanted)?];
        loop {
            let Some(tree) = open.last_mut() else {
                return Err(GitError::Broken(format!("the tree {id} cannot be read")));
            };
            if let Some((name, below)) = tree.left.pop() {
                match self.trees.get(&below) {
                    Some(&Content::EMPTY) => {}
                    Some(content) => tree.folders.push((name, *content)),
                    None if !busy.insert(below) => {
                        return Err(GitError::Broken(format!("the tree {below} contains itself")));
                    }
                    None => {
                        tree.name = name;
                        open.push(self.read(below, wanted)?);
                    }
                }
            } else if let Some(done) = open.pop() {
                let content = self.number(done.files, done.folders)?;
                self.trees.insert(done.id, content);
                busy.remove(&done.id);
                match open.last_mut() {
                    None => return Ok(content),
                    Some(_) if content == Content::EMPTY => {}
                    Some(above) => above.folders.push((std::mem::take(&mut above.name), content)),
                }
            }
        }
    }

    fn read(&mut self, id: gix::ObjectId, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Open, GitError> {
        let object = self.odb.load(id, &mut self.buffer)?;
        self.reads += 1;
        if object.kind != Kind::Tree {
            return Err(GitError::Broken(format!("{id} is no tree")));
        }
        let mut files = Vec::new();
        let mut left = Vec::new();
        for entry in TreeRefIter::from_bytes(object.data, id.kind()) {
            let entry = entry.map_err(broken)?;
            let name: &[u8] = entry.filename;
            if !is_name(name) {
                if entry.mode.is_tree() || wanted(name) {
                    files.push(File {
                        name: spelled(name),
                        id: ObjectId(entry.oid.to_owned()),
                        kind: TrackedKind::Refused,
                    });
                }
                continue;
            }
            let kind = match entry.mode.kind() {
                EntryKind::Tree => {
                    left.push((name.into(), entry.oid.to_owned()));
                    continue;
                }
                EntryKind::Commit => TrackedKind::Submodule,
                EntryKind::Link => TrackedKind::Link,
                EntryKind::Blob | EntryKind::BlobExecutable => TrackedKind::File,
            };
            if kind != TrackedKind::File || wanted(name) {
                files.push(File {
                    name: name.into(),
                    id: ObjectId(entry.oid.to_owned()),
                    kind,
                });
            }
        }
        left.reverse();
        Ok(Open {
            id,
            files,
            left,
            folders: Vec::new(),
            name: Box::default(),
        })
    }

    fn number(&mut self, files: Vec<File>, folders: Vec<(Box<[u8]>, Content)>) -> Result<Content, GitError> {
        let mut total = files.len() as u64;
        let mut levels = 0;
        for below in folders.iter().filter_map(|(_, content)| self.folder(*content)) {
            total = total.saturating_add(below.total);
            levels = levels.max(below.levels.saturating_add(1));
        }
        if total > MAX_FILES {
            let message = format!("a commit holds more than {MAX_FILES} lockfiles");
            return Err(GitError::Broken(message));
        }
        if levels > MAX_LEVELS {
            let message = format!("a lockfile lies deeper than {MAX_LEVELS} folders");
            return Err(GitError::Broken(message));
        }
        let folder = Folder {
            files: files.into(),
            folders: folders.into(),
            total,
            levels,
        };
        if let Some(content) = self.contents.get(&folder) {
            return Ok(*content);
        }
        let number = u32::try_from(self.folders.len()).map_err(broken)?;
        let folder = Arc::new(folder);
        self.folders.push(folder.clone());
        self.contents.insert(folder, Content(number));
        Ok(Content(number))
    }

    fn folder(&self, content: Content) -> Option<&Folder> {
        self.folders
            .get(usize::try_from(content.0).ok()?)
            .map(Arc::as_ref)
    }
}

/// A name that git refuses, as one that it allows.
fn spelled(name: &[u8]) -> Box<[u8]> {
    let mut spelled = Vec::new();
    for byte in name {
        match byte {
            b'.' | b'/' => spelled.extend_from_slice(percent_encode_byte(*byte).as_bytes()),
            _ => spelled.push(*byte),
        }
    }
    if spelled.is_empty() {
        spelled.extend_from_slice(b"%");
    }
    spelled.into()
}

/// A name that git checks out. Nobody builds files under another one.
fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b".." | b".git") && !name.contains(&b'/')
}
