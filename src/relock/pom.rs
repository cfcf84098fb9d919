//! Edits of `pom.xml`: the text of one element becomes another version.

use std::collections::BTreeMap;

use super::pom_check::check;
use super::splice::{Splice, apply};
use super::{Refused, Relock};
use crate::model::TreePath;
use crate::plan::maven::PomEdit;
use crate::plan::{Edited, EntryEdit, OwnEdit, Plan};

/// Edits poms.
pub struct Pom;

impl Relock for Pom {
    fn format(&self) -> &'static str {
        "pom.xml"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let mut of_files: BTreeMap<&TreePath, Vec<&PomEdit>> = BTreeMap::new();
        for change in &plan.entries {
            let EntryEdit::Own(OwnEdit::Pom(edit)) = &change.edit else {
                return Err(Refused("The plan is not one for a pom.".to_owned()));
            };
            of_files.entry(&edit.file).or_default().push(edit);
        }
        let mut edited: Vec<Edited> = Vec::new();
        for (file, edits) in &of_files {
            let before = match *file == path {
                true => Some(text.to_owned()),
                false => read(file),
            };
            let before = before.ok_or_else(|| Refused(format!("{file} cannot be read.")))?;
            edited.push(Edited {
                path: (*file).clone(),
                after: changed(file, &before, edits)?,
                before,
            });
        }
        // The one that is planned for comes first.
        edited.sort_by_key(|edited| edited.path != *path);
        check(path, &edited, &of_files, read).map_err(Refused)?;
        Ok(edited)
    }
}

fn changed(file: &TreePath, text: &str, edits: &[&PomEdit]) -> Result<String, Refused> {
    let mut splices = Vec::new();
    for edit in edits {
        if text.get(edit.at.clone()) != Some(edit.from.as_str()) {
            let reason = format!(
                "{file} does not have {} in one piece: change it by hand.",
                edit.from
            );
            return Err(Refused(reason));
        }
        // No version needs an escape; a text with one is none.
        if edit.to.contains(['<', '>', '&', '"', '\'']) {
            return Err(Refused(format!("{:?} is no version.", edit.to)));
        }
        splices.push(Splice {
            at: edit.at.clone(),
            text: edit.to.clone(),
        });
    }
    apply(text, splices).ok_or_else(|| Refused(format!("Two changes of {file} meet.")))
}
