//! Files that no format claims and that lead to lockfiles which nothing else leads to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reader::Reader;
use crate::lockfile;
use crate::model::{Tree, TreePath, Unread};

/// Who reads the file at `path`, which no format claims.
pub(super) fn reader(path: &TreePath, tree: &dyn Tree) -> Option<Reader> {
    if !lockfile::is_companion(path.file_name()) {
        return None;
    }
    lockfile::start(path, tree).map(Reader::Format)
}

/// Adds to `files` those of `others` that lead to lockfiles which nothing else leads to.
pub(super) fn add(others: &[TreePath], files: &mut BTreeMap<TreePath, Reader>, tree: &dyn Tree) {
    let listed = Listed { tree, files };
    let starts: Vec<(TreePath, Reader)> = others
        .iter()
        .filter(|path| !files.contains_key(path))
        .filter_map(|path| Some((path.clone(), reader(path, &listed)?)))
        .collect();
    files.extend(starts);
}

/// A tree of which it is known which files are read on their own.
struct Listed<'f> {
    tree: &'f dyn Tree,
    files: &'f BTreeMap<TreePath, Reader>,
}

impl Tree for Listed<'_> {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        self.tree.read(path)
    }

    fn holds(&self, path: &TreePath) -> bool {
        self.tree.holds(path)
    }

    fn is_scanned(&self, path: &TreePath, _: &str) -> bool {
        self.files.contains_key(path)
    }

    fn is_left_out(&self, _: &TreePath) -> bool {
        false
    }
}
