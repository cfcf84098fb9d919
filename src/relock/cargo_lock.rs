//! Edits of `Cargo.lock`, versions 3 and 4, and of the `Cargo.toml` files of the workspace.
//!
//! An entry keeps its lines, and what changes in them is exchanged: the version, the checksum, and the dependencies. These are
//! written as Cargo writes them (`core/resolver/encode.rs`): sorted, and no longer than it takes to distinguish packages, so
//! that a package of a second version changes how all who need it write that. The file keeps its version and its line ends.

use std::collections::BTreeMap;

use super::cargo_text::{LockText, New};
use super::splice::apply;
use super::{Refused, Relock, cargo_check, cargo_manifest};
use crate::lockfile::cargo_lock::declared::IndexLine;
use crate::lockfile::cargo_lock::locked::{CrateId, LockedCrate, locked};
use crate::model::TreePath;
use crate::plan::{CrateEdit, Edited, EntryEdit, NewRange, OwnEdit, Plan};

/// Edits lockfiles of Cargo.
pub struct CargoLock;

impl Relock for CargoLock {
    fn format(&self) -> &'static str {
        "Cargo.lock"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let after = lockfile(text, plan).map_err(Refused)?;
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        }];
        let mut folders: Vec<&str> = plan.ranges.iter().map(|range| range.folder.as_str()).collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            let of_folder = |range: &&NewRange| range.folder == folder;
            let ranges: Vec<&NewRange> = plan.ranges.iter().filter(of_folder).collect();
            let manifest = manifest(path, folder)?;
            let before = read(&manifest).ok_or_else(|| Refused(format!("{manifest} cannot be read.")))?;
            let after = cargo_manifest::with(&before, &ranges)
                .ok_or_else(|| Refused(format!("{manifest} does not ask for what the plan says.")))?;
            edited.push(Edited {
                path: manifest,
                before,
                after,
            });
        }
        let read_after = |folder: &str| {
            let path = manifest(path, folder).ok()?;
            let known = edited.iter().find(|edited| edited.path == path);
            known.map_or_else(|| read(&path), |edited| Some(edited.after.clone()))
        };
        let after = edited.first().map_or("", |edited| &edited.after);
        cargo_check::check(text, after, plan, &read_after).map_err(Refused)?;
        Ok(edited)
    }
}

fn manifest(lockfile: &TreePath, folder: &str) -> Result<TreePath, Refused> {
    let folder_path = lockfile.parent().join(folder);
    let manifest = folder_path.and_then(|folder| folder.join("Cargo.toml"));
    manifest.ok_or_else(|| Refused(format!("{folder} is outside of the repository.")))
}

/// The lockfile with the plan carried out.
fn lockfile(text: &str, plan: &Plan) -> Result<String, String> {
    let before = locked(text)?;
    let mut edits: BTreeMap<&str, &EntryEdit> = BTreeMap::new();
    for change in &plan.entries {
        if edits.insert(&change.place, &change.edit).is_some() {
            return Err(format!("The plan changes {} twice.", change.place));
        }
    }
    let mut entries: Vec<Option<New>> = Vec::new();
    for one in &before.crates {
        entries.push(match edits.remove(one.id.place().as_str()) {
            None => Some(kept(one)),
            Some(EntryEdit::Drop) => None,
            Some(EntryEdit::Own(OwnEdit::Crate(edit))) => Some(changed(one, edit)?),
            Some(EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_)) => {
                return Err(format!("The plan changes {} as another format has it.", one.id));
            }
        });
    }
    let mut arriving = Vec::new();
    for (place, edit) in edits {
        match edit {
            EntryEdit::Own(OwnEdit::Crate(edit)) if edit.id.place() == *place => {
                arriving.push(arrived(edit)?)
            }
            EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err(format!("The lockfile has no {place}."));
            }
        }
    }
    let splices = LockText::of(text, &before.crates)?.splices(entries, arriving)?;
    apply(text, splices).ok_or_else(|| "Two edits meet at one place.".to_owned())
}

fn kept(one: &LockedCrate) -> New {
    New {
        id: one.id.clone(),
        checksum: one.checksum.clone(),
        needs: one.needs.clone(),
    }
}

/// The entry `one` as `edit` has it.
fn changed(one: &LockedCrate, edit: &CrateEdit) -> Result<New, String> {
    match edit.id == one.id {
        true => Ok(New {
            needs: edit.needs.clone(),
            ..kept(one)
        }),
        false if edit.id.name == one.id.name && edit.id.source == one.id.source => arrived(edit),
        false => Err(format!("The plan has {} in the place of {}.", edit.id, one.id)),
    }
}

fn arrived(edit: &CrateEdit) -> Result<New, String> {
    let release = edit
        .release
        .as_ref()
        .filter(|release| release.version == edit.id.version);
    let release = release.ok_or_else(|| no_checksum(&edit.id))?;
    let line = IndexLine::read(&release.document).map_err(|_| no_checksum(&edit.id))?;
    Ok(New {
        id: edit.id.clone(),
        checksum: Some(line.checksum),
        needs: edit.needs.clone(),
    })
}

fn no_checksum(id: &CrateId) -> String {
    format!("The checksum of {id} is not known.")
}
