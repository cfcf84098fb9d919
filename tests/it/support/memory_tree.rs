//! A tree in memory: what tests read lockfiles from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lockkeeper::model::tree::Contents;
use lockkeeper::model::{Tree, TreePath, Unread};

/// Files by path; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryTree {
    files: BTreeMap<TreePath, Arc<[u8]>>,
}

impl MemoryTree {
    /// A tree of these files.
    pub(crate) fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert(&tree_path(path), text.as_bytes());
        }
        tree
    }

    /// Every file under `folder`, symbolic links left out.
    pub(crate) fn from_folder(folder: &Path) -> Self {
        let mut tree = Self::default();
        let mut open = vec![folder.to_owned()];
        while let Some(at) = open.pop() {
            for entry in std::fs::read_dir(&at).unwrap_or_else(|error| panic!("{}: {error}", at.display())) {
                let entry = entry.expect("an entry");
                let kind = entry.file_type().expect("its kind");
                let path = entry.path();
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file() {
                    let inside = path.strip_prefix(folder).expect("inside the folder");
                    let inside = inside.to_str().expect("UTF-8").replace('\\', "/");
                    tree.insert(&tree_path(&inside), &std::fs::read(&path).expect("a file"));
                }
            }
        }
        tree
    }

    /// Adds a file, or puts it in the place of the one that is there.
    pub(crate) fn insert(&mut self, path: &TreePath, bytes: &[u8]) {
        self.files.insert(path.clone(), bytes.into());
    }

    /// Takes a file out.
    pub(crate) fn remove(&mut self, path: &TreePath) {
        self.files.remove(path);
    }

    /// The files, in the order of their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&TreePath, &Arc<[u8]>)> {
        self.files.iter()
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        self.files.get(path).cloned().ok_or(Unread::Absent)
    }

    fn contents(&self, path: &TreePath) -> Option<Contents> {
        let mut contents = Contents::default();
        for file in self.files.keys() {
            let mut at = file.clone();
            while at != TreePath::root() && at.parent() != *path {
                at = at.parent();
            }
            if at == TreePath::root() {
                continue;
            }
            let list = match at == *file {
                true => &mut contents.files,
                false => &mut contents.folders,
            };
            if list.last() != Some(&at) {
                list.push(at);
            }
        }
        Some(contents)
    }
}

/// The path, which must be one.
pub(crate) fn tree_path(path: &str) -> TreePath {
    TreePath::new(path).unwrap_or_else(|| panic!("no path inside a tree: {path}"))
}
