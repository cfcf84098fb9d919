//! The texts of a build that say versions, and who has a version from each.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::Wish;
use super::{PomEdit, PomModule, PomProject};
use crate::lockfile::pom::declared::{Declaration, Form};
use crate::model::TreePath;

/// Where a text is: the pom, and its first byte.
pub(super) type Place = (TreePath, u32);

/// A text that says a version, and what has its version from it.
pub(super) struct Literal<'p> {
    pub(super) file: &'p TreePath,
    pub(super) form: &'p Form,
    pub(super) at: Range<usize>,
    pub(super) version: &'p str,
    /// Each module, and what it asks for or has managed for it.
    pub(super) uses: Vec<(&'p PomModule, &'p Declaration)>,
}

impl Literal<'_> {
    pub(super) fn has(&self, wish: &Wish) -> bool {
        self.version == wish.version
            && self
                .uses
                .iter()
                .any(|(_, declaration)| declaration.name == wish.name)
    }

    pub(super) fn names(&self) -> BTreeSet<&str> {
        let names = self.uses.iter().map(|(_, declaration)| declaration.name.as_str());
        names.collect()
    }

    /// How messages call it.
    pub(super) fn shown(&self) -> String {
        match self.form {
            Form::Property(name) => format!("the property {name}"),
            Form::Literal | Form::Other => "the same text".to_owned(),
        }
    }

    /// The whole text becomes `version`, for all but `others`.
    pub(super) fn changed(&self, version: &str, is_other: &dyn Fn(&str) -> bool) -> PomEdit {
        let staying = self.uses.iter().filter(|(_, one)| !is_other(&one.name));
        PomEdit {
            file: self.file.clone(),
            at: self.at.clone(),
            from: self.version.to_owned(),
            to: version.to_owned(),
            uses: uses(staying),
            reference: None,
        }
    }

    /// A version of its own for `name`, in place of each expression that stands for it. `None` where it is not one expression.
    pub(super) fn apart(&self, name: &str, version: &str) -> Option<Vec<PomEdit>> {
        let mut edits: BTreeMap<Place, PomEdit> = BTreeMap::new();
        for used in self.uses.iter().filter(|(_, one)| one.name == name) {
            let asked = used.1.asked.as_ref()?;
            // Another artifact may have its version from there too.
            let mut others = self.uses.iter().filter(|(_, one)| one.name != name);
            if others.any(|(_, other)| other.asked.as_ref() == Some(asked)) {
                return None;
            }
            let key = (asked.file.clone(), asked.at.start);
            let edit = edits.entry(key).or_insert_with(|| PomEdit {
                file: asked.file.clone(),
                at: asked.at.start as usize..asked.at.end as usize,
                from: asked.text.clone(),
                to: version.to_owned(),
                uses: BTreeSet::new(),
                reference: None,
            });
            edit.uses.extend(uses(std::iter::once(used)));
        }
        Some(edits.into_values().collect())
    }
}

/// The texts that say versions, by their place.
pub(super) fn literals(project: &PomProject) -> BTreeMap<Place, Literal<'_>> {
    let mut literals: BTreeMap<Place, Literal<'_>> = BTreeMap::new();
    for module in &project.modules {
        for declaration in module.declarations.iter().chain(&module.managed) {
            let place = (declaration.file.clone(), declaration.at.start);
            let literal = literals.entry(place).or_insert_with(|| Literal {
                file: &declaration.file,
                form: &declaration.form,
                at: declaration.at.start as usize..declaration.at.end as usize,
                version: &declaration.version,
                uses: Vec::new(),
            });
            // A part of the model stays one, however else it is used.
            if declaration.form == Form::Other {
                literal.form = &declaration.form;
            }
            literal.uses.push((module, declaration));
        }
    }
    literals
}

fn uses<'u>(
    uses: impl Iterator<Item = &'u (&'u PomModule, &'u Declaration)>,
) -> BTreeSet<(TreePath, String)> {
    uses.map(|(module, declaration)| (module.file.clone(), declaration.name.clone()))
        .collect()
}
