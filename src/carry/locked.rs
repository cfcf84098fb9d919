//! What a commit does to lockfiles: the packages of which it locks other versions. A release line gets those upgrades as a plan of its
//! own.

use std::collections::{BTreeMap, BTreeSet};

use super::fits::is_manifest;
use super::is_lockfile;
use crate::git::merge::Workspace;
use crate::git::{GitError, ObjectId, Repository};
use crate::lockfile;
use crate::model::{Package, Tree, TreePath, Unread};

/// A tree without a file: what stands in the lockfile itself is enough here.
struct Alone;

impl Tree for Alone {
    fn read(&self, _: &TreePath) -> Result<std::sync::Arc<[u8]>, Unread> {
        Err(Unread::Absent)
    }
}

/// The last line of the message of a commit that this program made for upgrades.
const OWN: &[u8] = b"\nLockkeeper-Plan: ";

/// The commit is one of this program's own, with upgrades and nothing else: a squash may have more.
///
/// # Errors
/// [`GitError`] if it cannot be read.
pub fn is_own(repository: &Repository, workspace: &Workspace, commit: ObjectId) -> Result<bool, GitError> {
    let message = repository.commit_text(commit)?.message;
    let parents = repository.parents(commit)?;
    let (true, [parent]) = (
        message.windows(OWN.len()).any(|window| window == OWN),
        parents.ids.as_slice(),
    ) else {
        return Ok(false);
    };
    let differences = workspace.differences(*parent, commit)?;
    let is_upgrade = |path: &[u8]| {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let is_read = TreePath::new(path)
            .is_some_and(|path| matches!(lockfile::claim(&path), lockfile::Claim::Read(_)));
        is_read || name == b"go.sum" || std::str::from_utf8(name).is_ok_and(is_manifest)
    };
    Ok(differences.iter().all(|difference| is_upgrade(&difference.path)))
}

/// The URLs, without versions, of packages of which the lockfiles of `commit` have versions that those of its first parent have not.
///
/// # Errors
/// [`GitError`] if a commit or file cannot be read.
pub fn packages(
    repository: &Repository,
    workspace: &Workspace,
    commit: ObjectId,
) -> Result<BTreeSet<String>, GitError> {
    let parents = repository.parents(commit)?;
    let Some(parent) = parents.ids.first() else {
        return Ok(BTreeSet::new());
    };
    let mut changed = BTreeSet::new();
    let differences = workspace.differences(*parent, commit)?;
    for difference in differences {
        let is_module = difference.path.ends_with(b"go.mod") || difference.path.ends_with(b"pom.xml");
        if !is_module && !is_lockfile(workspace, &difference)? {
            continue;
        }
        let of = |tree: ObjectId| -> Result<BTreeMap<String, BTreeSet<String>>, GitError> {
            match workspace.at(tree, &difference.path)? {
                Some((_, blob)) => Ok(versions(&difference.path, workspace.blob(blob)?.as_deref())),
                None => Ok(BTreeMap::new()),
            }
        };
        let (before, after) = (of(*parent)?, of(commit)?);
        for (package, versions) in after {
            // A package that came is there because of another one.
            if let Some(old) = before.get(&package)
                && !versions.is_subset(old)
            {
                changed.insert(package);
            }
        }
    }
    Ok(changed)
}

/// The versions of each package in the lockfile at `path`, by the package's name.
#[must_use]
pub fn versions_by_name(path: &[u8], bytes: &[u8]) -> BTreeMap<String, BTreeSet<String>> {
    versions_by(path, bytes, |package| package.name.to_string())
}

/// The versions of each package in a lockfile.
fn versions(path: &[u8], bytes: Option<&[u8]>) -> BTreeMap<String, BTreeSet<String>> {
    versions_by(path, bytes.unwrap_or_default(), |package| {
        let name = crate::ecosystem::normalise(&package.ecosystem, &package.name);
        let url = crate::ecosystem::purl::of(&package.ecosystem, &name, "");
        url.as_str().to_owned()
    })
}

fn versions_by(
    path: &[u8],
    bytes: &[u8],
    key: impl Fn(&Package) -> String,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(path) = TreePath::new(path) else {
        return versions;
    };
    let lockfile::Claim::Read(format) = lockfile::claim(&path) else {
        return versions;
    };
    let reading = lockfile::read(format, &path, bytes, &Alone);
    for (_, package) in reading.parsed.graph.packages() {
        let of_key = versions.entry(key(package)).or_default();
        of_key.insert(package.version.to_string());
    }
    versions
}
