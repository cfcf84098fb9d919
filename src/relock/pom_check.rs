//! What changed poms have to say, checked by reading the whole build anew.
//!
//! What has its version from a text that changed has the new one, and those are exactly the artifacts and modules of the plan; every
//! other dependency, plugin and extension of every module of the build is as before.

use std::collections::{BTreeMap, BTreeSet};

use crate::lockfile::pom::declared::{self, Declaration, Reference};
use crate::lockfile::pom::snapshot::{Repository, Snapshot};
use crate::model::TreePath;
use crate::plan::Edited;
use crate::plan::maven::PomEdit;

/// A module's dependency: its pom, the artifact, and what its version is written as.
type Use = (TreePath, String);

/// Checks the texts in `edited` for the pom at `path`.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub(super) fn check(
    path: &TreePath,
    edited: &[Edited],
    edits: &BTreeMap<&TreePath, Vec<&PomEdit>>,
    read: &dyn Fn(&TreePath) -> Option<String>,
) -> Result<(), String> {
    let text_of = |file: &TreePath, text: fn(&Edited) -> &String| {
        let known = edited.iter().find(|edited| edited.path == *file);
        known.map_or_else(|| read(file), |edited| Some(text(edited).clone()))
    };
    let (before, references) = build(path, &|file| text_of(file, |edited| &edited.before));
    let (after, new_references) = build(path, &|file| text_of(file, |edited| &edited.after));
    let all: Vec<&PomEdit> = edits.values().flatten().copied().collect();
    references_are_planned(&all, &references, &new_references)?;
    // An expression that becomes a version decides before the text that it stood for.
    let hit = |all: &[&PomEdit], declaration: &Declaration| {
        let is_at = |file: &TreePath, start: u32| {
            all.iter()
                .position(|edit| edit.file == *file && edit.at.start == start as usize)
        };
        let asked = declaration.asked.as_ref();
        asked
            .and_then(|asked| is_at(&asked.file, asked.at.start))
            .or_else(|| is_at(&declaration.file, declaration.at.start))
    };
    let mut used: Vec<BTreeSet<Use>> = vec![BTreeSet::new(); all.len()];
    let mut expected = Vec::new();
    for (module, declarations) in &before {
        for declaration in declarations {
            let number = hit(&all, declaration);
            if let Some(used) = number.and_then(|number| used.get_mut(number)) {
                used.insert((module.clone(), declaration.name.clone()));
            }
            let edit = number.and_then(|number| all.get(number));
            let version = edit.map_or(&declaration.version, |edit| &edit.to).clone();
            expected.push((module.clone(), declaration.name.clone(), version));
        }
    }
    for (edit, used) in all.iter().zip(&used) {
        if (edit.uses.is_empty() && edit.reference.is_none()) || edit.uses != *used {
            return Err(format!(
                "The text {} of {} is not the version of what the plan says.",
                edit.from, edit.file
            ));
        }
    }
    let mut found: Vec<(TreePath, String, String)> = after
        .iter()
        .flat_map(|(module, declarations)| {
            declarations
                .iter()
                .map(|one| (module.clone(), one.name.clone(), one.version.clone()))
        })
        .collect();
    expected.sort();
    found.sort();
    match expected
        .iter()
        .zip(&found)
        .find(|(expected, found)| expected != found)
    {
        Some(((module, name, version), (_, other, found))) => Err(match name == other {
            true => format!("{module} would have {name} {found}, and not {version}."),
            false => format!("{module} would have another dependency than {name} {version}."),
        }),
        None if expected.len() != found.len() => Err("A dependency came in, or is gone.".to_owned()),
        None => Ok(()),
    }
}

/// The parents and BOMs of repositories are as before, but for those that the plan changes.
fn references_are_planned(
    edits: &[&PomEdit],
    before: &BTreeSet<Reference>,
    after: &BTreeSet<Reference>,
) -> Result<(), String> {
    let plain = |reference: &Reference| {
        (
            reference.file.clone(),
            reference.name.clone(),
            reference.version.clone(),
        )
    };
    let mut expected: Vec<_> = before.iter().map(plain).collect();
    for edit in edits {
        let Some(name) = &edit.reference else { continue };
        let key = (edit.file.clone(), name.clone(), edit.from.clone());
        let is_at = |one: &&Reference| one.at.0 as usize == edit.at.start && plain(one) == key;
        match (
            before.iter().find(is_at),
            expected.iter_mut().find(|one| **one == key),
        ) {
            (Some(_), Some(one)) => one.2.clone_from(&edit.to),
            (Some(_) | None, _) => {
                return Err(format!("{} does not have {name} {}.", edit.file, edit.from));
            }
        }
    }
    let mut found: Vec<_> = after.iter().map(plain).collect();
    expected.sort();
    found.sort();
    match expected == found {
        true => Ok(()),
        false => Err("Another parent or BOM would change.".to_owned()),
    }
}

/// What each module of the build asks for, and the parents and BOMs that the tree lacks.
fn build(
    path: &TreePath,
    read: &dyn Fn(&TreePath) -> Option<String>,
) -> (BTreeMap<TreePath, Vec<Declaration>>, BTreeSet<Reference>) {
    let mut snapshot = Snapshot::new(Repository::None);
    let family = snapshot.filled(read, |tree| declared::family(path, tree));
    let (mut modules, mut references) = (BTreeMap::new(), BTreeSet::new());
    for module in family {
        let mut resolved = snapshot.filled(read, |tree| declared::read(&module, tree));
        references.extend(resolved.references);
        resolved.declarations.append(&mut resolved.managed);
        modules.insert(module, resolved.declarations);
    }
    (modules, references)
}
