//! A folder on disk as a tree, with what a sparse checkout left out read from git's objects.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::git::{ObjectId, Repository};
use crate::model::{Contents, Tree, TreePath, Unread};
use crate::sys::file::{self, FileKind};

/// A folder. Links are followed inside `boundary` only.
pub struct WorkTree {
    root: PathBuf,
    boundary: PathBuf,
    limit: u64,
    /// The boundary is the top of a repository.
    is_in_repository: bool,
    /// Tracked files that are not on disk, relative to `root`, with the repository that tracks each.
    absent: HashMap<TreePath, (Arc<Repository>, ObjectId)>,
    /// Submodules that the index has, relative to `root`, with their commits.
    submodules: HashMap<TreePath, ObjectId>,
}

impl WorkTree {
    /// The folder `root`, which is absolute and without links, inside `boundary`.
    #[must_use]
    pub fn new(root: PathBuf, boundary: PathBuf, limit: u64) -> Self {
        Self {
            root,
            boundary,
            limit,
            is_in_repository: false,
            absent: HashMap::new(),
            submodules: HashMap::new(),
        }
    }

    /// Says that the boundary is the top of a repository.
    #[must_use]
    pub fn in_repository(self) -> Self {
        Self {
            is_in_repository: true,
            ..self
        }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Says that the file at `path` is tracked by `repository` and not on disk.
    pub fn add_absent(&mut self, path: TreePath, repository: Arc<Repository>, id: ObjectId) {
        self.absent.insert(path, (repository, id));
    }
}

impl WorkTree {
    /// Says that the submodule at `path` is set to the commit `id`.
    pub fn add_submodule(&mut self, path: TreePath, id: ObjectId) {
        self.submodules.insert(path, id);
    }
}

impl Tree for WorkTree {
    fn submodule(&self, path: &TreePath) -> Option<String> {
        self.submodules.get(path).map(ToString::to_string)
    }

    fn contents(&self, path: &TreePath) -> Option<Contents> {
        // What a sparse checkout leaves out is in no folder.
        if !self.absent.is_empty() {
            return None;
        }
        let on_disk = file::inside(&self.root, path)?;
        if !file::resolve(&on_disk).ok()?.starts_with(&self.boundary) {
            return None;
        }
        let mut contents = Contents::default();
        for (name, kind) in file::list(&on_disk).ok()? {
            let Some(at) = path.join(name.as_encoded_bytes()) else {
                continue;
            };
            match kind {
                FileKind::File(_) => contents.files.push(at),
                FileKind::Folder => contents.folders.push(at),
                FileKind::Other | FileKind::Missing => {}
            }
        }
        Some(contents)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        if let Some((repository, id)) = self.absent.get(path) {
            return repository.file(*id, self.limit);
        }
        let on_disk = file::inside(&self.root, path).ok_or(Unread::Absent)?;
        let unreadable = |error: file::FileError| Unread::Unreadable(error.source.to_string());
        match file::kind(&on_disk).map_err(unreadable)? {
            FileKind::File(_) => {}
            FileKind::Missing if file::is_link(&on_disk) => {
                return Err(Unread::Unreadable("a symbolic link leads nowhere".into()));
            }
            FileKind::Folder | FileKind::Missing => return Err(Unread::Absent),
            FileKind::Other => return Err(Unread::Unreadable("this is no regular file".into())),
        }
        // A folder on the way may be a link as well.
        if !file::resolve(&on_disk)
            .map_err(unreadable)?
            .starts_with(&self.boundary)
        {
            return Err(Unread::LinkLeadsOut);
        }
        let bytes = file::read_shared(&on_disk, self.limit).map_err(unreadable)?;
        bytes.ok_or(Unread::TooLarge { limit: self.limit })
    }

    fn holds(&self, path: &TreePath) -> bool {
        if self.absent.contains_key(path) {
            return true;
        }
        let Some(on_disk) = file::inside(&self.root, path) else {
            return false;
        };
        match file::kind(&on_disk) {
            Ok(FileKind::File(_) | FileKind::Other) | Err(_) => true,
            Ok(FileKind::Missing) => file::is_link(&on_disk),
            Ok(FileKind::Folder) => false,
        }
    }

    fn leads_to(&self, path: &TreePath) -> Option<TreePath> {
        let on_disk = file::inside(&self.root, path).filter(|on_disk| file::is_link(on_disk))?;
        let end = file::resolve(&on_disk).ok()?;
        let is_file = matches!(file::kind(&end), Ok(FileKind::File(_)));
        is_file.then(|| file::tree_path(&self.boundary, &end)).flatten()
    }

    fn is_above(&self, name: &[u8]) -> bool {
        let Ok(name) = std::str::from_utf8(name) else {
            return false;
        };
        // Outside of git nothing says where the project ends.
        let top = self.is_in_repository.then_some(self.boundary.as_path());
        self.root
            .ancestors()
            .take_while(|folder| top.is_none_or(|top| folder.starts_with(top)))
            .skip(1)
            .any(|folder| {
                !matches!(
                    file::kind(&folder.join(name)),
                    Ok(FileKind::Missing | FileKind::Folder)
                )
            })
    }
}
