//! An index in the tree that it judges: the author of a change of the tree would decide what it says.

use std::path::{Path, PathBuf};

use super::index;
use crate::git::Repository;
use crate::scan::discover::DiscoveredTree;
use crate::sys::{environment, file};

/// Doubts an index that git tracks in a tree of `found`, unless the policy names it by its `digest`.
pub fn doubt(opened: &mut index::FoundDatabase, found: &[&DiscoveredTree], digest: Option<&str>) {
    let is_named = digest.is_some() && digest == opened.database.digest.as_deref();
    let repositories = found.iter().filter_map(|found| found.repository.as_deref());
    if is_named
        || !repositories
            .into_iter()
            .any(|repository| tracks(repository, &opened.path))
    {
        return;
    }
    let reason = format!(
        "{}: git tracks the advisory database in the tree that it is used for, so that every author of a change controls the advisories",
        opened.path.display()
    );
    let hint = "Keep the database and the cache folder out of the repository, or name this database as `database.digest` in the policy.";
    opened.knowledge.doubts.push((reason, hint.to_owned()));
}

/// Whether the file at `path`, a link on the way to it or a submodule around it is tracked.
fn tracks(repository: &Repository, path: &Path) -> bool {
    let Some(Ok(top)) = repository.work_folder().map(|top| file::resolve(&top)) else {
        return false;
    };
    let written = environment::working_directory().join(path);
    // Where the folder really is, and the file itself by its own name.
    let beside = written.parent().and_then(|folder| file::resolve(folder).ok());
    let beside = beside
        .zip(written.file_name())
        .map(|(folder, name)| folder.join(name));
    let places: Vec<PathBuf> = [Some(written.clone()), beside, file::resolve(&written).ok()]
        .into_iter()
        .flatten()
        .collect();
    let inside: Vec<_> = places
        .iter()
        .filter_map(|place| file::tree_path(&top, place))
        .collect();
    if inside.is_empty() {
        return false;
    }
    // An index of git that cannot be read says nothing, and clears nothing.
    let Ok(tracked) = repository.tracked(|_| true) else {
        return true;
    };
    tracked.iter().any(|entry| {
        let entry = entry.path.as_bytes();
        inside.iter().any(|path| {
            let rest = path.as_bytes().strip_prefix(entry);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    })
}
