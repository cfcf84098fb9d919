//! What lies where in a build of Gradle ("Multi-project build basics", "Locking dependency versions").

use crate::model::{Tree, TreePath};

/// The build at `top`, or a project in a folder of it, has lock state.
pub(in crate::lockfile) fn is_locked(top: &TreePath, tree: &dyn Tree) -> bool {
    let is_there = |folder: &TreePath| {
        let path = folder.join("gradle.lockfile");
        path.is_some_and(|path| tree.holds(&path))
    };
    is_there(top)
        || tree
            .contents(top)
            .is_some_and(|contents| contents.folders.iter().any(is_there))
}
