//! What is staged: git's index as a tree.
//!
//! While a hook runs, what will be committed may lie in another index than the repository's own; git names it in
//! `GIT_INDEX_FILE`.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::entry::{ObjectId, Tracked, TrackedKind};
use super::error::GitError;
use super::links::{self, End, Entry, Folders, MAX_STEPS, MAX_TARGET};
use super::repository::Repository;
use crate::model::tree::Contents;
use crate::model::{Tree, TreePath, Unread};
use crate::sys::{environment, file};

/// The files of git's index, read from objects.
pub struct StagedTree {
    repository: Arc<Repository>,
    /// From the top of the repository.
    entries: HashMap<TreePath, (ObjectId, TrackedKind)>,
    /// The folders that these lie in.
    folders: HashSet<TreePath>,
    /// What is in each of them, made when it is first asked for.
    contents: OnceLock<HashMap<TreePath, Contents>>,
    /// The folder that paths count from.
    folder: TreePath,
    limit: u64,
}

impl StagedTree {
    /// What is staged of `repository`, with paths that count from `folder`.
    ///
    /// # Errors
    /// [`GitError`] if the index cannot be read.
    pub fn new(repository: Arc<Repository>, folder: TreePath, limit: u64) -> Result<Self, GitError> {
        let tracked = match of_the_hook(&repository) {
            None => repository.staged(&|_: &[u8]| true)?,
            Some(index) => repository.tracked_by(&index, &|_: &[u8]| true)?,
        };
        let mut folders = HashSet::new();
        for entry in &tracked {
            let new = entry.path.above().take_while(|folder| !folders.contains(folder));
            let new: Vec<TreePath> = new.collect();
            folders.extend(new);
        }
        let entries = tracked
            .into_iter()
            .map(|entry| (entry.path, (entry.id, entry.kind)))
            .collect();
        Ok(Self {
            repository,
            entries,
            folders,
            contents: OnceLock::new(),
            folder,
            limit,
        })
    }

    /// Everything that is staged, from the top of the repository, by path.
    #[must_use]
    pub fn files(&self) -> Vec<Tracked> {
        let mut files: Vec<Tracked> = self
            .entries
            .iter()
            .map(|(path, (id, kind))| Tracked {
                path: path.clone(),
                id: *id,
                kind: *kind,
                is_left_out: false,
                is_intended: false,
            })
            .collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        files
    }
}

/// The index that git names to its hooks, if it is one of `repository`: the variable speaks of the repository that the
/// command runs in, and of no other.
fn of_the_hook(repository: &Repository) -> Option<PathBuf> {
    let index = environment::path("GIT_INDEX_FILE")?;
    let here = Repository::around(&environment::working_directory()).ok()??;
    let folder = |repository: &Repository| file::resolve(&repository.git_folder()).ok();
    (folder(&here)? == folder(repository)?).then_some(index)
}

impl StagedTree {
    /// The blob at `path` and its own path, from the top of the repository, links followed.
    fn follow(&self, path: &TreePath) -> Result<(TreePath, ObjectId), Unread> {
        let path = self.folder.join(path.as_bytes()).ok_or(Unread::Absent)?;
        let mut steps = MAX_STEPS;
        links::follow(self, TreePath::root(), &path, &mut steps)?.file()
    }

    /// What is in each folder, from the top of the repository, in the order of the names.
    fn listed(&self) -> &HashMap<TreePath, Contents> {
        self.contents.get_or_init(|| {
            let mut all: HashMap<TreePath, Contents> = HashMap::new();
            for (path, (_, kind)) in &self.entries {
                if *kind == TrackedKind::File {
                    all.entry(path.parent()).or_default().files.push(path.clone());
                }
            }
            for folder in &self.folders {
                if *folder != TreePath::root() {
                    all.entry(folder.parent())
                        .or_default()
                        .folders
                        .push(folder.clone());
                }
            }
            for contents in all.values_mut() {
                contents.files.sort();
                contents.folders.sort();
            }
            all
        })
    }

    /// Where each of `paths` ends, which count from the top of the repository.
    #[must_use]
    pub fn ends(&self, paths: &[TreePath]) -> Vec<End> {
        links::ends(self, &TreePath::root(), paths)
    }
}

impl Folders for StagedTree {
    type Folder = TreePath;
    type Error = Unread;

    fn entry(&self, folder: &TreePath, name: &[u8]) -> Result<Option<Entry<TreePath>>, Unread> {
        let Some(path) = folder.join(name) else {
            return Ok(None);
        };
        Ok(match self.entries.get(&path) {
            Some((id, TrackedKind::File)) => Some(Entry::File(*id)),
            Some((id, TrackedKind::Link)) => Some(Entry::Link(*id)),
            Some((_, TrackedKind::Submodule)) => Some(Entry::Submodule),
            Some((_, TrackedKind::Refused)) => None,
            None => self.folders.contains(&path).then_some(Entry::Folder(path)),
        })
    }

    fn target(&self, link: ObjectId) -> Result<Arc<[u8]>, Unread> {
        self.repository.blob(link, self.limit.min(MAX_TARGET))
    }
}

impl Tree for StagedTree {
    fn contents(&self, path: &TreePath) -> Option<Contents> {
        let folder = self.folder.join(path.as_bytes())?;
        let found = self.listed().get(&folder)?;
        let from_here = |paths: &[TreePath]| {
            let names = paths.iter().map(TreePath::file_name);
            names.filter_map(|name| path.join(name)).collect()
        };
        Some(Contents {
            files: from_here(&found.files),
            folders: from_here(&found.folders),
        })
    }

    fn submodule(&self, path: &TreePath) -> Option<String> {
        match self.entries.get(&self.folder.join(path.as_bytes())?)? {
            (id, TrackedKind::Submodule) => Some(id.to_string()),
            (_, TrackedKind::File | TrackedKind::Link | TrackedKind::Refused) => None,
        }
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        let (_, id) = self.follow(path)?;
        self.repository.file(id, self.limit)
    }

    fn leads_to(&self, path: &TreePath) -> Option<TreePath> {
        let (end, _) = self.follow(path).ok()?;
        (self.folder.join(path.as_bytes())? != end).then_some(end)
    }

    fn is_above(&self, name: &[u8]) -> bool {
        self.folder.above().any(|folder| {
            let path = folder.join(name);
            path.is_some_and(|path| self.entries.contains_key(&path))
        })
    }
}
