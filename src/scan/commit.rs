//! Finds the lockfiles of a commit, which is read from git's objects and never checked out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Failure;
use super::discover::{Found, Reader, Standing, is_wanted, reader, relative, unlocked};
use crate::git::listing::Listing;
use crate::git::objects::{GitError, Head, ObjectId, Repository, TrackedKind};
use crate::lockfile::manifest;
use crate::model::TreePath;
use crate::model::coverage::Skipped;

/// The names of files that a scan looks at; what a [`Listing`] for [`of`] is made with.
#[must_use]
pub fn is_looked_at(name: &[u8]) -> bool {
    is_wanted(name)
}

/// The head of a bare repository.
///
/// # Errors
/// A [`Failure`] of usage if it has no commit, of incompleteness if objects are missing.
pub(super) fn head(
    root: String,
    repository: &Arc<Repository>,
    head: Head,
    limit: u64,
) -> Result<Found, Failure> {
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
    };
    let listing = Listing::new(repository, &is_wanted);
    whole.at(head, commit, &listing).map_err(Failure::of_git)
}

/// The tree that `found` was found in, at another commit: the same folder or file, and nothing that lies on disk.
///
/// # Errors
/// [`GitError`] if the clone lacks the commit or one of its folders, or if `found` lies in no repository.
pub fn of(
    found: &Found,
    head: Head,
    commit: ObjectId,
    listing: &Listing<'_>,
    limit: u64,
) -> Result<Found, GitError> {
    let repository = found
        .repository
        .as_ref()
        .ok_or_else(|| GitError::Broken(format!("{} lies in no repository", found.root)))?;
    let whole = Whole {
        root: found.root.clone(),
        prefix: found.prefix.clone(),
        only: found.only.clone(),
        repository,
        limit,
    };
    whole.at(head, commit, listing)
}

/// What is looked at, at whatever commit.
struct Whole<'r> {
    root: String,
    prefix: TreePath,
    only: Option<TreePath>,
    repository: &'r Arc<Repository>,
    limit: u64,
}

impl Whole<'_> {
    fn at(self, head: Head, commit: ObjectId, listing: &Listing<'_>) -> Result<Found, GitError> {
        let tree = self
            .repository
            .commit_tree(commit, self.limit)?
            .below(self.prefix.clone());
        let mut files: BTreeMap<TreePath, Reader> = BTreeMap::new();
        let mut manifests = Vec::new();
        let mut skipped = Vec::new();
        for entry in listing.files(commit)? {
            let Some(path) = relative(&self.prefix, &entry.path) else {
                continue;
            };
            if self.only.as_ref().is_some_and(|only| *only != path) {
                continue;
            }
            match (entry.kind, reader(&path)) {
                (TrackedKind::Submodule, _) => {
                    skipped.push(Skipped {
                        path,
                        reason: "a submodule, which a commit only points to".into(),
                    });
                }
                (TrackedKind::File | TrackedKind::Link, Some(reader)) => {
                    files.insert(path, reader);
                }
                (TrackedKind::File | TrackedKind::Link, None) => {
                    manifests.extend(manifest::row(&path).map(|row| (path, row)));
                }
            }
        }
        let unlocked = unlocked(manifests, &files, &tree);
        Ok(Found {
            root: self.root,
            prefix: self.prefix,
            head,
            tree: Box::new(tree.clone()),
            repository: Some(self.repository.clone()),
            standing: Standing::Commit(tree),
            only: self.only,
            files,
            unlocked,
            unlisted: Vec::new(),
            skipped,
        })
    }
}
