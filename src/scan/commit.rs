//! Finds the lockfiles of a commit, or of what is staged, which are read from git's objects and never checked out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::discovered::{DiscoveredTree, Standing, link_out, relative, submodule, unlocked};
use super::reader::{Reader, is_wanted, reader_in};
use super::starts;
use crate::git::listing::Listing;
use crate::git::staged::StagedTree;
use crate::git::{End, GitError, Head, ObjectId, Repository, Tracked, TrackedKind};
use crate::lockfile::manifest;
use crate::model::Failure;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::{Tree, TreePath};
use crate::policy::Globs;
use crate::text::Position;

/// The head of a bare repository.
///
/// # Errors
/// A [`Failure`] of usage if it has no commit, of incompleteness if objects are missing.
pub(super) fn head(
    root: String,
    repository: &Arc<Repository>,
    head: Head,
    limit: u64,
) -> Result<DiscoveredTree, Failure> {
    let commit = head.commit.ok_or_else(|| {
        Failure::usage(
            format!("{root} has no commit on its head"),
            "Scan a repository with a commit.",
        )
    })?;
    let whole = Whole {
        root,
        prefix: TreePath::root(),
        only: None,
        repository,
        limit,
        with_manifests: true,
    };
    let listing = Listing::new(repository, &is_wanted);
    whole.at(head, commit, &listing).map_err(Failure::from)
}

/// The tree that `found` was found in, at another commit: the same folder or file, and nothing that lies on disk.
///
/// # Errors
/// [`GitError`] if the clone lacks the commit or one of its folders, or if `found` lies in no repository.
pub fn of(
    found: &DiscoveredTree,
    head: Head,
    commit: ObjectId,
    listing: &Listing<'_>,
    limit: u64,
) -> Result<DiscoveredTree, GitError> {
    let whole = Whole::of(found, limit)?;
    whole.at(head, commit, listing)
}

/// As [`of`], to be compared with: which manifests no lockfile locks is not looked at.
///
/// # Errors
/// As [`of`].
pub(super) fn base(
    found: &DiscoveredTree,
    head: Head,
    commit: ObjectId,
    listing: &Listing<'_>,
    limit: u64,
) -> Result<DiscoveredTree, GitError> {
    let mut whole = Whole::of(found, limit)?;
    whole.with_manifests = false;
    whole.at(head, commit, listing)
}

/// The tree that `found` was found in, as it is staged.
///
/// # Errors
/// [`GitError`] if git's index cannot be read, or if `found` lies in no repository.
pub fn staged(found: &DiscoveredTree, limit: u64) -> Result<DiscoveredTree, GitError> {
    let whole = Whole::of(found, limit)?;
    let tree = StagedTree::new(whole.repository.clone(), whole.prefix.clone(), limit)?;
    let committed = found
        .head
        .commit
        .and_then(|commit| whole.repository.commit_tree(commit, limit).ok());
    let files = tree.files();
    let links = whole.links(&files, |links| tree.ends(links));
    let standing = Standing::Disk {
        committed,
        deleted: false,
        submodules: Vec::new(),
    };
    Ok(whole.hold(found.head.clone(), Box::new(tree), standing, &files, links))
}

/// A symbolic link of which it is not known where it leads.
fn unknown_link(path: TreePath) -> Gap {
    Gap {
        reason: "it is not known where this link leads: what is there was not checked".into(),
        hint: "Fetch the missing objects with `git fetch --refetch --no-filter`, or leave the link out with the policy's `exclude`.".into(),
        ..link_out(path)
    }
}

/// What is looked at, at whatever commit.
struct Whole<'r> {
    root: String,
    prefix: TreePath,
    only: Option<TreePath>,
    repository: &'r Arc<Repository>,
    limit: u64,
    /// Whether manifests without a lockfile are looked for.
    with_manifests: bool,
}

impl<'r> Whole<'r> {
    fn of(found: &'r DiscoveredTree, limit: u64) -> Result<Self, GitError> {
        let repository = found
            .repository
            .as_ref()
            .ok_or_else(|| GitError::Broken(format!("{} is in no repository", found.root)))?;
        Ok(Self {
            root: found.root.clone(),
            prefix: found.prefix.clone(),
            only: found.only.clone(),
            repository,
            limit,
            with_manifests: true,
        })
    }

    fn at(self, head: Head, commit: ObjectId, listing: &Listing<'_>) -> Result<DiscoveredTree, GitError> {
        let (tree, files) = listing.tree(self.repository, commit, is_wanted, self.limit)?;
        let tree = tree.below(self.prefix.clone());
        let standing = Standing::Commit(tree.clone());
        let links = self.links(files.files(), |links| tree.ends(links));
        Ok(self.hold(head, Box::new(tree), standing, files.files(), links))
    }

    /// The symbolic links among `entries` that lead to no lockfile of the root and whose ends were not looked into, each a gap.
    fn links(&self, entries: &[Tracked], ends: impl Fn(&[TreePath]) -> Vec<End>) -> Vec<Gap> {
        if self.only.is_some() || !self.with_manifests {
            return Vec::new();
        }
        let links: Vec<TreePath> = entries
            .iter()
            .filter(|entry| entry.kind == TrackedKind::Link)
            .filter(|entry| {
                let path = relative(&self.prefix, &entry.path);
                path.is_some_and(|path| reader_in(&self.prefix, &path).is_none())
            })
            .map(|entry| entry.path.clone())
            .collect();
        let gap = |(path, end): (TreePath, End)| {
            let path = relative(&self.prefix, &path)?;
            match end {
                End::Folder(end) if end.is_in(&self.prefix) => None,
                End::Folder(_) | End::Outside => Some(link_out(path)),
                End::Unknown => Some(unknown_link(path)),
                End::File(..) | End::Nothing { .. } => None,
            }
        };
        let ends = ends(&links);
        links.into_iter().zip(ends).filter_map(gap).collect()
    }

    /// The lockfiles among `entries`, whose paths count from the top of the repository.
    fn hold(
        self,
        head: Head,
        tree: Box<dyn Tree + Send>,
        standing: Standing,
        entries: &[Tracked],
        mut partial: Vec<Gap>,
    ) -> DiscoveredTree {
        let mut files: BTreeMap<TreePath, Reader> = BTreeMap::new();
        let mut links = Vec::new();
        let mut manifests = Vec::new();
        let mut others = Vec::new();
        let mut unlisted = Vec::new();
        for entry in entries {
            let Some(path) = relative(&self.prefix, &entry.path) else {
                if entry.kind == TrackedKind::Link && self.prefix.is_in(&entry.path) {
                    unlisted.push(Gap {
                        location: None,
                        reason: format!(
                            "here {} is a symbolic link: what it leads to was not checked",
                            entry.path
                        ),
                        hint: "Scan what it leads to, or the whole repository.".into(),
                    });
                }
                continue;
            };
            if self.only.as_ref().is_some_and(|only| *only != path) {
                continue;
            }
            match (entry.kind, reader_in(&self.prefix, &path)) {
                (TrackedKind::Submodule, _) => {
                    partial.push(submodule(
                        path,
                        "a submodule, of which git keeps only the commit: what it locks was not checked",
                    ));
                }
                (TrackedKind::Refused, _) => unlisted.push(Gap {
                    location: Some(Location { file: path, position: Position::START }),
                    reason: "the commit gives a file or folder a name that git checks out nowhere".into(),
                    hint: "Remove it from the history that is released (`git fsck` names the tree), or leave it out with \
                           the policy's `exclude`."
                        .into(),
                }),
                (TrackedKind::File | TrackedKind::Link, Some(reader)) => {
                    links.extend((entry.kind == TrackedKind::Link).then(|| path.clone()));
                    files.insert(path, reader);
                }
                (TrackedKind::File | TrackedKind::Link, None) => {
                    if self.with_manifests {
                        manifests.extend(manifest::row(&path).map(|row| (path.clone(), row)));
                    }
                    others.push(path);
                }
            }
        }
        if self.only.is_none() {
            starts::add(&others, &mut files, tree.as_ref());
        }
        let unlocked = unlocked(manifests, &files, tree.as_ref());
        DiscoveredTree {
            root: self.root,
            prefix: self.prefix,
            head,
            tree,
            repository: Some(self.repository.clone()),
            standing,
            only: self.only,
            files,
            links: Some(links),
            unlocked,
            unlisted,
            partial,
            skipped: Vec::new(),
            excluded: Globs::default(),
        }
    }
}
