//! Finds the lockfiles of a folder or commit.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub use super::discovered::DiscoveredTree;
use super::discovered::{Standing, link_out, relative, submodule, unlocked};
use super::reader::{Reader, reader, reader_in};
use super::work_tree::WorkTree;
use super::{near, starts, walk};
use crate::git::commit_tree::CommitTree;
use crate::git::{GitError, Head, Repository, TrackedKind};
use crate::lockfile::{self, Format, manifest};
use crate::model::Failure;
use crate::model::coverage::Gap;
use crate::model::{Tree, TreePath};
use crate::policy::Globs;
use crate::policy::nearest::{meant, nearest};
use crate::sys::file::{self, FileKind};

/// What to look through.
#[derive(Debug, Clone)]
pub enum Root {
    /// A folder, a lockfile, or a git repository.
    Path(PathBuf),
    /// A file to be read as the format of this name, whatever its own.
    As(PathBuf, String),
    /// A text that is taken for a file of this name.
    Text(String, Vec<u8>),
}

/// Finds the lockfiles of `root`. No file larger than `limit` bytes will be read from its tree.
///
/// # Errors
/// [`Failure::Usage`] if there is nothing at the path, or a file that is no lockfile.
pub fn discover(root: &Root, limit: u64) -> Result<DiscoveredTree, Failure> {
    match root {
        Root::Text(name, bytes) => text(name, bytes.clone()),
        Root::As(path, format) => {
            let format = lockfile::format(format).ok_or_else(|| unknown_format(format))?;
            one_file(path, Some(format), limit)
        }
        Root::Path(path) => match look(path)? {
            FileKind::Folder => folder(path, limit),
            FileKind::File(_) => one_file(path, None, limit),
            FileKind::Other | FileKind::Missing => Err(no_such(path)),
        },
    }
}

fn text(name: &str, bytes: Vec<u8>) -> Result<DiscoveredTree, Failure> {
    let path = TreePath::new(name.trim_start_matches("./"))
        .filter(|path| *path != TreePath::root())
        .ok_or_else(|| {
            Failure::usage(
                format!("{name:?} is no file name"),
                "Give a relative file name, such as `Cargo.lock`.",
            )
        })?;
    let reader = reader(&path).ok_or_else(|| no_lockfile(name))?;
    Ok(DiscoveredTree {
        root: String::new(),
        prefix: TreePath::root(),
        head: Head::default(),
        tree: Box::new(OneFile {
            path: path.clone(),
            bytes: bytes.into(),
        }),
        repository: None,
        standing: Standing::Disk {
            committed: None,
            deleted: false,
            submodules: Vec::new(),
        },
        only: Some(path.clone()),
        files: BTreeMap::from([(path, reader)]),
        links: None,
        unlocked: Vec::new(),
        unlisted: Vec::new(),
        partial: Vec::new(),
        skipped: Vec::new(),
        excluded: Globs::default(),
    })
}

fn one_file(
    path: &std::path::Path,
    format: Option<&'static dyn Format>,
    limit: u64,
) -> Result<DiscoveredTree, Failure> {
    if !matches!(look(path)?, FileKind::File(_)) {
        return Err(no_such(path));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    let name = path.file_name().unwrap_or_default();
    let path_in_tree = TreePath::new(name.as_encoded_bytes()).ok_or_else(|| no_such(path))?;
    let Place {
        root,
        repository,
        prefix,
        head,
        committed,
        boundary,
    } = place(&folder, limit, Repository::around)?;
    let reader = match format {
        Some(format) => Reader::Format(format),
        None => {
            let inside = name_of(&root, repository.is_some(), &prefix);
            reader_in(&inside, &path_in_tree).ok_or_else(|| no_lockfile(&path.to_string_lossy()))?
        }
    };
    Ok(DiscoveredTree {
        root: shown(&folder),
        prefix,
        head,
        tree: Box::new(work_tree(root, boundary, limit, repository.as_ref())),
        repository,
        standing: Standing::Disk {
            committed,
            deleted: false,
            submodules: Vec::new(),
        },
        only: Some(path_in_tree.clone()),
        files: BTreeMap::from([(path_in_tree, reader)]),
        links: None,
        unlocked: Vec::new(),
        unlisted: Vec::new(),
        partial: Vec::new(),
        skipped: Vec::new(),
        excluded: Globs::default(),
    })
}

fn folder(path: &std::path::Path, limit: u64) -> Result<DiscoveredTree, Failure> {
    let Place {
        root,
        repository,
        prefix,
        head,
        committed,
        boundary,
    } = place(path, limit, Repository::discover)?;
    if let Some(repository) = repository
        .as_ref()
        .filter(|repository| repository.work_folder().is_none())
    {
        return super::commit::head(shown(path), repository, head, limit);
    }
    let inside = name_of(&root, repository.is_some(), &prefix);
    let mut tree = work_tree(root, boundary, limit, repository.as_ref());
    let walked = walk::walk(tree.root(), repository.as_ref(), &prefix).map_err(broken)?;
    let mut files = BTreeMap::new();
    let mut manifests = Vec::new();
    for path in &walked.files {
        match reader_in(&inside, path) {
            Some(reader) => {
                files.insert(path.clone(), reader);
            }
            None => manifests.extend(manifest::row(path).map(|row| (path.clone(), row))),
        }
    }
    let mut deleted = false;
    let mut tracked_others = Vec::new();
    let mut submodules: Vec<TreePath> = walked.nested.iter().map(|nested| nested.path.clone()).collect();
    let own = repository.iter().map(|own| (own, &walked.tracked, None));
    let nested = walked.nested.iter().filter_map(|nested| {
        let repository = nested.repository.as_ref()?;
        Some((repository, &nested.tracked, Some(&nested.path)))
    });
    for (repository, tracked, below) in own.chain(nested) {
        for entry in tracked {
            let path = match below {
                None => relative(&prefix, &entry.path),
                Some(folder) => folder.join(entry.path.as_bytes()),
            };
            let Some(path) = path else { continue };
            match entry.kind {
                TrackedKind::Submodule => {
                    tree.add_submodule(path.clone(), entry.id);
                    submodules.push(path);
                }
                // No index holds one.
                TrackedKind::Refused => {}
                // The walk has seen it.
                TrackedKind::File | TrackedKind::Link if files.contains_key(&path) => {}
                TrackedKind::File | TrackedKind::Link => {
                    match (reader_in(&inside, &path), manifest::row(&path)) {
                        // Nothing holds its text yet.
                        (Some(_), _) if entry.is_intended && !is_on_disk(&tree, &path) => {}
                        (Some(reader), _) => {
                            if !is_on_disk(&tree, &path) && entry.kind == TrackedKind::File {
                                deleted |= !entry.is_left_out && below.is_none();
                                tree.add_absent(path.clone(), repository.clone(), entry.id);
                            }
                            files.insert(path, reader);
                        }
                        // A manifest that is not on disk was left out on purpose.
                        (None, Some(row)) if is_on_disk(&tree, &path) => manifests.push((path, row)),
                        (None, Some(_)) => {}
                        (None, None) => tracked_others.push(path),
                    }
                }
            }
        }
    }
    let mut partial: Vec<Gap> = walked
        .not_checked_out
        .iter()
        .chain(submodules.iter().filter(|path| !is_on_disk(&tree, path)))
        .map(|path| {
            submodule(
                path.clone(),
                "a submodule that is not checked out: what it locks was not checked",
            )
        })
        .chain(
            walked
                .links_out
                .iter()
                .filter(|path| !files.contains_key(path))
                .cloned()
                .map(link_out),
        )
        .collect();
    partial.sort();
    partial.dedup();
    starts::add(&walked.files, &mut files, &tree);
    starts::add(&tracked_others, &mut files, &tree);
    let unlocked = unlocked(manifests, &files, &tree);
    Ok(DiscoveredTree {
        root: shown(path),
        prefix,
        head,
        tree: Box::new(tree),
        repository,
        standing: Standing::Disk {
            committed,
            deleted,
            submodules,
        },
        only: None,
        files,
        links: None,
        unlocked,
        unlisted: walked.unlisted,
        partial,
        skipped: Vec::new(),
        excluded: Globs::default(),
    })
}

impl From<GitError> for Failure {
    /// The clone does not have what the verdict needs.
    fn from(error: GitError) -> Self {
        let hint = error.hint();
        Self::incomplete(error.to_string(), hint)
    }
}

fn broken(error: GitError) -> Failure {
    Failure::incomplete(
        error.to_string(),
        "Repair the repository (`git status` shows what is wrong with it), then scan again.",
    )
}

/// A folder that looks like a bare repository and has lockfiles of its own beside what is git's: it is what lies on disk.
fn is_a_mask(folder: &std::path::Path) -> bool {
    let of_git = ["objects", "refs", "logs"];
    let walked = walk::walk(folder, None, &TreePath::root()).unwrap_or_default();
    walked.files.iter().any(|path| {
        let is_of_git = path.components().next().is_some_and(|first| {
            of_git.iter().any(|name| first == name.as_bytes()) && path.components().nth(1).is_some()
        });
        !is_of_git && reader(path).is_some()
    })
}

/// The folder `root` as it is called: its path in its repository, where that has one (what a clone is called is nobody's
/// choice but that of who made it), else its own name.
fn name_of(root: &std::path::Path, is_in_repository: bool, prefix: &TreePath) -> TreePath {
    let name = root.file_name().filter(|_| !is_in_repository);
    name.and_then(|name| TreePath::new(name.as_encoded_bytes()))
        .unwrap_or_else(|| prefix.clone())
}

fn work_tree(root: PathBuf, boundary: PathBuf, limit: u64, repository: Option<&Arc<Repository>>) -> WorkTree {
    let tree = WorkTree::new(root, boundary, limit);
    match repository {
        Some(_) => tree.in_repository(),
        None => tree,
    }
}

/// Where a folder lies.
struct Place {
    root: PathBuf,
    repository: Option<Arc<Repository>>,
    prefix: TreePath,
    head: Head,
    committed: Option<CommitTree>,
    boundary: PathBuf,
}

fn place(
    folder: &std::path::Path,
    limit: u64,
    open: fn(&std::path::Path) -> Result<Option<Repository>, GitError>,
) -> Result<Place, Failure> {
    let root = file::resolve(folder)
        .map_err(|error| Failure::usage(error.to_string(), "Give a folder that can be read."))?;
    let repository = open(&root)
        .map_err(broken)?
        .filter(|repository| repository.work_folder().is_some() || !is_a_mask(&root))
        .map(Arc::new);
    let Some(repository) = repository else {
        let boundary = root.clone();
        return Ok(Place {
            root,
            repository: None,
            prefix: TreePath::root(),
            head: Head::default(),
            committed: None,
            boundary,
        });
    };
    let head = repository.head().unwrap_or_default();
    let committed = head
        .commit
        .and_then(|commit| repository.commit_tree(commit, limit).ok());
    let top = repository.work_folder().and_then(|top| file::resolve(&top).ok());
    if let Some(top) = top.as_ref().filter(|top| !root.starts_with(top)) {
        return Err(Failure::incomplete(
            format!(
                "the repository of {} says that its work tree is {} (`core.worktree`)",
                root.display(),
                top.display()
            ),
            "Scan that folder, or correct the setting in `.git/config`.",
        ));
    }
    let prefix = top
        .as_ref()
        .and_then(|top| file::tree_path(top, &root))
        .unwrap_or_default();
    let boundary = top
        .filter(|top| root.starts_with(top))
        .unwrap_or_else(|| root.clone());
    Ok(Place {
        root,
        repository: Some(repository),
        prefix,
        head,
        committed,
        boundary,
    })
}

fn is_on_disk(tree: &WorkTree, path: &TreePath) -> bool {
    let kind = file::inside(tree.root(), path).and_then(|on_disk| file::kind(&on_disk).ok());
    kind.is_some_and(|kind| kind != FileKind::Missing)
}

/// One text as a tree of its own.
struct OneFile {
    path: TreePath,
    bytes: Arc<[u8]>,
}

impl Tree for OneFile {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, crate::model::Unread> {
        if *path == self.path {
            Ok(self.bytes.clone())
        } else {
            Err(crate::model::Unread::Absent)
        }
    }
}

fn look(path: &std::path::Path) -> Result<FileKind, Failure> {
    file::kind(path).map_err(|error| Failure::usage(error.to_string(), "Give a path that can be read."))
}

fn shown(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

fn no_such(path: &std::path::Path) -> Failure {
    let message = match file::kind(path) {
        Ok(FileKind::Other) => format!("{} is neither a file nor a folder", path.display()),
        Ok(FileKind::File(_) | FileKind::Folder | FileKind::Missing) | Err(_) if file::is_link(path) => {
            format!("{} is a symbolic link that leads nowhere", path.display())
        }
        Ok(FileKind::File(_) | FileKind::Folder | FileKind::Missing) | Err(_) => {
            format!(
                "there is no file or folder {}{}",
                path.display(),
                near::path(path)
            )
        }
    };
    Failure::usage(
        message,
        "Give a folder, a lockfile or a git repository that exists.",
    )
}

fn no_lockfile(name: &str) -> Failure {
    Failure::usage(
        format!(
            "{name} is not the name of a lockfile{}",
            meant(nearest(
                name,
                lockfile::FORMATS.iter().map(|format| format.name())
            ))
        ),
        "Say what it is with `--as FORMAT FILE`; README.md lists the formats.",
    )
}

fn unknown_format(name: &str) -> Failure {
    let known: Vec<&str> = lockfile::FORMATS.iter().map(|format| format.name()).collect();
    Failure::usage(
        format!(
            "there is no format {name:?}{}",
            meant(nearest(name, known.iter().copied()))
        ),
        format!("Give one of: {}.", known.join(", ")),
    )
}
