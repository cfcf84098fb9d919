//! Which commit a change is compared with: the event's, as the clone has it.

use std::path::{Path, PathBuf};

use super::events::{Change, Revision};
use crate::git::{GitError, Repository};
use crate::model::Failure;
use crate::session::RemoteOf;
use crate::sys::file::{self, FileKind};

/// The revision that the trees at `paths` are compared with; `None` if none of them exists, which the scan reports.
///
/// It names a commit by its full id, so that another repository among `paths` cannot take it for one of its own.
///
/// # Errors
/// A [`Failure`] of incompleteness where the base cannot be known: that is never taken for "nothing changed".
pub fn find(
    change: &Change,
    paths: &[PathBuf],
    remote: Option<&RemoteOf>,
) -> Result<Option<Revision>, Failure> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut found = None;
    for path in paths {
        let Some(repository) = repository(path) else {
            continue;
        };
        let repository = repository.map_err(unknown)?.ok_or_else(|| outside(path))?;
        if found.is_none() {
            found = Some(base(change, &repository, remote)?);
        }
    }
    Ok(found)
}

/// The first name of the base that the clone resolves; else the branch of a merge group as the forge has it; else the first, so
/// that the error names what is missing.
fn base(change: &Change, repository: &Repository, remote: Option<&RemoteOf>) -> Result<Revision, Failure> {
    let head_id = repository.head().map_err(unknown)?.commit.ok_or_else(|| {
        Failure::incomplete(
            "there is no commit yet, so the change cannot be compared with its base",
            "Check out the commit that the event is about.",
        )
    })?;
    let parents = repository.parents(head_id).map_err(unknown)?.ids;
    let parents: Vec<String> = parents.iter().map(ToString::to_string).collect();
    let bases = change.bases(&head_id.to_string(), &parents);
    let resolved = bases
        .iter()
        .find(|base| repository.resolve(&base.name).is_ok())
        .cloned();
    let known = match (resolved, remote) {
        (None, Some(remote)) => landing(change, repository, remote)?,
        (resolved, _) => resolved,
    };
    let known = known.or_else(|| bases.first().cloned());
    let tip = known
        .as_ref()
        .and_then(|base| repository.resolve(&base.name).ok());
    if tip.is_some_and(|tip| repository.is_ancestor(head_id, tip).unwrap_or(false)) {
        return Err(Failure::incomplete(
            format!(
                "the commit {head_id} that is checked out is part of the base, so it has nothing of the change"
            ),
            "Check out the change: leave `ref` out of the checkout, which takes the merge of the pull request or the merge group \
             by itself.",
        ));
    }
    known.ok_or_else(|| {
        Failure::incomplete(
            "the event does not name the base of the change",
            "Name it with the input `base`, and fetch it (`fetch-depth: 0` where the workflow checks out).",
        )
    })
}

/// The tip of the branch that a merge group will land on, from the forge.
fn landing(change: &Change, repository: &Repository, remote: &RemoteOf) -> Result<Option<Revision>, Failure> {
    let Change::Group { branch: Some(branch) } = change else {
        return Ok(None);
    };
    let landing = remote.land(repository, branch).map_err(|error| {
        Failure::incomplete(
            format!("the clone lacks the branch {branch} that the merge group will land on, and the forge does not give it"),
            "Fetch it (`fetch-depth: 0` where the workflow checks out), or give the step a token that may read the repository.",
        )
        .caused_by(&error)
    })?;
    Ok(landing.map(|landing| Revision {
        name: landing.commit.to_string(),
        what: "the tip of the branch that the merge group will land on",
    }))
}

/// The repository of the folder at `path`, or of the file there; `None` if nothing is there.
fn repository(path: &Path) -> Option<Result<Option<Repository>, GitError>> {
    match file::kind(path) {
        Ok(FileKind::Folder) => Some(Repository::discover(path)),
        Ok(FileKind::File(_)) => Some(Repository::around(match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        })),
        Ok(FileKind::Other | FileKind::Missing) | Err(_) => None,
    }
}

fn unknown(error: GitError) -> Failure {
    Failure::incomplete(
        format!("the base of the change cannot be found: {error}"),
        error.hint(),
    )
}

fn outside(path: &Path) -> Failure {
    Failure::incomplete(
        format!(
            "{} is in no git repository, so the change cannot be compared with its base",
            path.display()
        ),
        "Check out with git (`actions/checkout` with `fetch-depth: 0`), or run the step on another event than a change.",
    )
}
