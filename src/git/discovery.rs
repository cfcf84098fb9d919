//! Finds the repository of a folder.
//!
//! What lies on disk is never replaced by a repository that somebody committed: a folder of a work tree can be given every
//! file of a bare repository. So the nearest `.git` decides, and a bare repository counts only where it is the very folder
//! that was asked for and there is no `.git` above it (what git calls `safe.bareRepository=explicit`).

use std::path::{Path, PathBuf};

use gix::discover::upwards;
use gix::sec::Trust;

use super::error::GitError;
use crate::sys::file::{self, FileKind};

/// A longer file that points to a folder of git is none.
const MAX_POINTER: u64 = 1 << 16;

/// Files of a folder of git that are opened by their names.
const FILES: [&str; 14] = [
    "HEAD",
    "config",
    "config.worktree",
    "commondir",
    "gitdir",
    "index",
    "packed-refs",
    "shallow",
    "info/exclude",
    "info/attributes",
    "info/grafts",
    "objects/info/alternates",
    "objects/info/commit-graph",
    "objects/pack/multi-pack-index",
];

/// Which repositories count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    /// The folder itself may be one without a work tree.
    Allowed,
    /// Only those of a work tree.
    Refused,
}

/// The folder of git of the repository that holds `folder`, or that `folder` is; `None` if there is none.
///
/// # Errors
/// [`GitError`] if the nearest `.git` cannot be used, or holds a pipe or device where git has a file.
pub(super) fn find(folder: &Path, bare: Bare) -> Result<Option<PathBuf>, GitError> {
    let folder = file::resolve(folder).unwrap_or_else(|_| folder.to_owned());
    for above in folder.ancestors() {
        if let Some(found) = at(above)? {
            return Ok(Some(found));
        }
    }
    match bare {
        Bare::Allowed if gix::discover::is_git(&folder).is_ok() => {
            are_files(&folder)?;
            Ok(Some(folder))
        }
        Bare::Allowed | Bare::Refused => Ok(None),
    }
}

/// The folder of git of the repository whose work tree begins at `folder`; `None` if none does.
///
/// # Errors
/// As [`find`].
pub(super) fn at(folder: &Path) -> Result<Option<PathBuf>, GitError> {
    let is_own = folder.file_name().is_some_and(|name| name == ".git");
    let candidate = if is_own {
        folder.to_owned()
    } else {
        folder.join(".git")
    };
    let place = match file::kind(&candidate) {
        Ok(FileKind::Missing) if file::is_link(&candidate) => return Err(unusable(&candidate)),
        Ok(FileKind::Missing) => return Ok(None),
        Ok(FileKind::Folder) if !is_used(&candidate) => return Ok(None),
        Ok(FileKind::Folder) => candidate.clone(),
        Ok(FileKind::File(_)) => pointed(&candidate).ok_or_else(|| unusable(&candidate))?,
        Ok(FileKind::Other) => return Err(no_file(&candidate)),
        Err(_) => return Err(unusable(&candidate)),
    };
    are_files(&place)?;
    if let Some(common) = common(&place) {
        are_files(&common)?;
    }
    if gix::discover::is_git(&candidate).is_err() {
        return Err(unusable(&candidate));
    }
    let options = upwards::Options {
        trust: upwards::TrustPolicy::Assume(Trust::Full),
        cross_fs: true,
        dot_git_only: true,
        ..upwards::Options::default()
    };
    let (found, _) = gix::discover::upwards_opts(folder, options).map_err(|_| unusable(&candidate))?;
    let (found, _) = found.into_repository_and_work_tree_directories();
    Ok(Some(found))
}

/// A `.git` that holds something of a repository: what it tracks is not known, and that is not the same as tracking
/// nothing.
fn is_used(folder: &Path) -> bool {
    let is_there =
        |path: &Path| file::is_link(path) || file::kind(path).is_ok_and(|kind| kind != FileKind::Missing);
    ["HEAD", "objects", "refs", "config"]
        .iter()
        .any(|part| is_there(&folder.join(part)))
}

/// Where a `.git` that is a file points to.
fn pointed(pointer: &Path) -> Option<PathBuf> {
    let bytes = file::read(pointer, MAX_POINTER).ok()??;
    let text = String::from_utf8(bytes).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim();
    Some(pointer.parent()?.join(target))
}

/// The folder that the folder of a linked work tree shares with others.
fn common(folder: &Path) -> Option<PathBuf> {
    let pointer = folder.join("commondir");
    let Ok(FileKind::File(_)) = file::kind(&pointer) else {
        return None;
    };
    let text = String::from_utf8(file::read(&pointer, MAX_POINTER).ok()??).ok()?;
    Some(folder.join(text.trim()))
}

/// Whoever opens a pipe waits for its other end, which may never come.
fn are_files(folder: &Path) -> Result<(), GitError> {
    let names = FILES.iter().map(|name| folder.join(name));
    let packs = folder.join("objects/pack");
    let packs = file::list(&packs).unwrap_or_default().into_iter();
    let packs = packs.map(|(name, _)| folder.join("objects/pack").join(name));
    for path in names.chain(packs) {
        if let Ok(FileKind::Other) = file::kind(&path) {
            return Err(no_file(&path));
        }
    }
    Ok(())
}

/// The same of every loose ref.
///
/// # Errors
/// [`GitError`] that names the first one that is no file.
pub(super) fn are_refs_files(folder: &Path) -> Result<(), GitError> {
    let mut folders = vec![folder.join("refs")];
    while let Some(folder) = folders.pop() {
        for (name, kind) in file::list(&folder).unwrap_or_default() {
            let path = folder.join(name);
            match kind {
                FileKind::Folder => folders.push(path),
                FileKind::Other if file::kind(&path).ok() == Some(FileKind::Other) => {
                    return Err(no_file(&path));
                }
                FileKind::Other | FileKind::File(_) | FileKind::Missing => {}
            }
        }
    }
    Ok(())
}

fn unusable(place: &Path) -> GitError {
    GitError::Broken(format!(
        "{} is there and is no usable repository",
        place.display()
    ))
}

fn no_file(place: &Path) -> GitError {
    GitError::Broken(format!("{} is no regular file", place.display()))
}
