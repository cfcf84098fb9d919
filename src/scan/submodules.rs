//! The submodules of a base: the commits that it names, read from the objects of what is checked out.
//!
//! What lies in a submodule on disk is held against the commit that the base names for it, so that a submodule that did
//! not move brings nothing in. Where the objects lack that commit, nobody knows.

use std::path::Path;
use std::sync::Arc;

use super::discovered::{DiscoveredTree, Standing, relative};
use super::reader::{is_wanted, reader};
use crate::git::commit_tree::{CommitTree, Lack};
use crate::git::{GitError, ObjectId, Repository, Tracked, TrackedKind};
use crate::model::TreePath;
use crate::sys::file::{self, FileKind};

/// Submodules in submodules go no deeper.
const MAX_LEVELS: usize = 16;

/// No more submodules are looked into.
const MAX_SUBMODULES: usize = 4096;

/// Adds to `base`, the tree of `commit`, the lockfiles of its submodules that `head` has checked out.
///
/// # Errors
/// [`GitError`] if the tree of the base cannot be listed.
pub(super) fn enter(
    base: &mut DiscoveredTree,
    head: &DiscoveredTree,
    commit: ObjectId,
    limit: u64,
) -> Result<(), GitError> {
    let (Standing::Disk { submodules, .. }, Standing::Commit(tree), Some(repository)) =
        (&head.standing, &base.standing, &head.repository)
    else {
        return Ok(());
    };
    let Some(top) = repository.work_folder() else {
        return Ok(());
    };
    let entries = named(repository, commit)?;
    if entries.is_empty() {
        return Ok(());
    }
    let tops = submodules
        .iter()
        .filter_map(|path| head.prefix.join(path.as_bytes()));
    let checked_out: Vec<(TreePath, Option<Arc<Repository>>)> = tops
        .map(|path| {
            let opened = open(&top, &path, repository);
            (path, opened)
        })
        .collect();
    let mut walk = Walk {
        top: &top,
        prefix: &head.prefix,
        head,
        limit,
        files: Vec::new(),
        lacking: Vec::new(),
        left: MAX_SUBMODULES,
    };
    let mut nested = Vec::new();
    for entry in entries {
        let own = checked_out.iter().find(|(path, _)| *path == entry.path);
        let opened = match own {
            // What is not checked out is not scanned, and nothing of it has to be known.
            Some((_, None)) => continue,
            Some((_, Some(opened))) => Some(opened.clone()),
            // It went to another folder, or away.
            None => checked_out
                .iter()
                .filter_map(|(_, opened)| opened.as_ref())
                .find(|opened| opened.commit_tree(entry.id, limit).is_ok())
                .cloned(),
        };
        nested.extend(walk.tree(opened.as_deref(), &entry, 0));
    }
    let tree = tree.clone().with_nested(nested);
    for (path, lack) in walk.lacking {
        tree.add_lacking(path, lack);
    }
    let files = walk.files;
    base.files.extend(
        files
            .into_iter()
            .filter_map(|path| reader(&path).map(|reader| (path, reader))),
    );
    base.tree = Box::new(tree.clone());
    base.standing = Standing::Commit(tree);
    Ok(())
}

/// The submodules that a commit names.
fn named(repository: &Repository, commit: ObjectId) -> Result<Vec<Tracked>, GitError> {
    let entries = repository.files(commit, |_| false)?;
    Ok(entries
        .into_iter()
        .filter(|entry| entry.kind == TrackedKind::Submodule)
        .collect())
}

/// The repository that is checked out at `path` of `top`; `None` if there is none of its own.
fn open(top: &Path, path: &TreePath, parent: &Repository) -> Option<Arc<Repository>> {
    let folder = file::inside(top, path)?;
    let has_its_own = matches!(
        file::kind(&folder.join(".git")),
        Ok(FileKind::Folder | FileKind::File(_))
    );
    if file::is_link(&folder) || !has_its_own {
        return None;
    }
    let opened = Repository::discover(&folder).ok()??;
    (opened.git_folder() != parent.git_folder()).then(|| Arc::new(opened))
}

struct Walk<'w> {
    top: &'w Path,
    prefix: &'w TreePath,
    head: &'w DiscoveredTree,
    limit: u64,
    /// Lockfiles, relative to the root of what is scanned.
    files: Vec<TreePath>,
    lacking: Vec<(TreePath, Lack)>,
    left: usize,
}

impl Walk<'_> {
    /// The tree that `entry`, whose path counts from the top, stands for; `None` if it is not known.
    fn tree(
        &mut self,
        opened: Option<&Repository>,
        entry: &Tracked,
        level: usize,
    ) -> Option<(TreePath, CommitTree)> {
        self.left = self.left.checked_sub(1)?;
        if level > MAX_LEVELS {
            return None;
        }
        let known = opened.and_then(|opened| {
            let tree = opened.commit_tree(entry.id, self.limit).ok()?;
            let files = opened.files(entry.id, is_wanted).ok()?;
            Some((opened, tree, files))
        });
        let Some((opened, tree, files)) = known else {
            self.lack(entry);
            return None;
        };
        let mut nested = Vec::new();
        for file in files {
            let Some(path) = entry.path.join(file.path.as_bytes()) else {
                continue;
            };
            if file.kind == TrackedKind::Submodule {
                // One that was moved lies where its own repository says.
                let inner = open(self.top, &path, opened)
                    .or_else(|| open(&opened.work_folder()?, &file.path, opened));
                let from_top = Tracked { path, ..file.clone() };
                if let Some((_, tree)) = inner.and_then(|inner| self.tree(Some(&inner), &from_top, level + 1))
                {
                    nested.push((file.path, tree));
                }
            } else if self.head.only.is_none() {
                self.files.extend(relative(self.prefix, &path));
            }
        }
        Some((entry.path.clone(), tree.with_nested(nested)))
    }

    /// The commit is not there, which matters where something of the submodule is scanned.
    fn lack(&mut self, entry: &Tracked) {
        let Some(path) = relative(self.prefix, &entry.path) else {
            return;
        };
        if self.head.files.keys().any(|file| file.is_in(&path)) {
            let lack = Lack {
                reason: format!(
                    "the commit {} of the submodule {path}, which the base names, is not in its clone",
                    entry.id
                ),
                hint: format!(
                    "Fetch it: `git -C {path} fetch origin {}`; where a workflow checks out, `fetch-depth: 0` does it.",
                    entry.id
                ),
                is_folder: true,
            };
            self.lacking.push((path, lack));
        }
    }
}
