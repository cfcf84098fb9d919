//! `dependencyManagement`: what a project and the BOMs that it imports say of artifacts in general.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::MAX_IMPORTS;
use super::interpolation::{Environment, Located, Unresolved};
use super::lineage::Poms;
use super::model::{Dependency, Pom};
use crate::model::{Cost, TreePath};

/// This many parents and BOMs outside the tree are known by name.
const MAX_NAMED: usize = 64;

/// What is managed, by [`key`].
#[derive(Debug, Default)]
pub(super) struct Management {
    entries: HashMap<String, Managed>,
    imported: HashSet<TreePath>,
    /// Parents and BOMs that manage versions and are not in the tree: `parent g:a 1`, `BOM g:a 1`.
    pub(super) outside: Vec<String>,
}

/// What is said of one artifact.
#[derive(Debug, Clone)]
pub(super) struct Managed {
    pub(super) version: Option<Result<Located, Unresolved>>,
    pub(super) scope: Option<String>,
    /// A parent or BOM outside the tree that comes first and may say something else.
    pub(super) shadow: Option<String>,
}

impl Management {
    /// What counts in `environment`. The nearest pom decides, entries come before imports, and the first import
    /// that names an artifact decides.
    pub(super) fn of(environment: &Environment<'_>, poms: &Poms<'_>) -> Self {
        let mut management = Self::default();
        if let Some(parent) = &environment.project.outside {
            management.add_outside(format!("parent {parent}"));
        }
        let mut imports: Vec<(&Pom, &Dependency)> = Vec::new();
        for (pom, section) in &environment.sections {
            // Of several entries in one list the first is taken; Maven takes one or the other, depending on
            // whether it has to merge the list, and warns.
            for entry in &section.managed {
                if !poms.may_go_on(1) {
                    break;
                }
                let scope = environment.text(&pom.path, entry.scope.as_ref());
                if scope.as_deref() == Some("import") {
                    imports.push((pom, entry));
                    continue;
                }
                let managed = Managed {
                    version: entry
                        .version
                        .as_ref()
                        .map(|version| environment.expand(&pom.path, version)),
                    scope,
                    shadow: None,
                };
                let key = key(environment, pom, entry);
                management.entries.entry(key).or_insert(managed);
            }
        }
        for (pom, import) in imports {
            management.import(environment, poms, pom, import);
        }
        management
    }

    /// What is said of the artifact with that [`key`].
    pub(super) fn get(&self, key: &str) -> Option<&Managed> {
        self.entries.get(key)
    }

    fn import(&mut self, environment: &Environment<'_>, poms: &Poms<'_>, pom: &Pom, import: &Dependency) {
        let text = |value| environment.text(&pom.path, value).unwrap_or_default();
        let group = text(import.group.as_ref());
        let artifact = text(import.artifact.as_ref());
        let version = text(import.version.as_ref());
        let path = poms.module(&environment.project.poms, &group, &artifact, |written| {
            same_version(environment, written, &version)
        });
        let bom = path.as_ref().and_then(|path| poms.pom(path));
        let (Some(path), Some(bom)) = (path, bom) else {
            self.add_outside(format!("BOM {group}:{artifact} {version}"));
            return;
        };
        if !self.imported.insert(path.clone()) {
            return;
        }
        let known = poms.managements.borrow().get(&path).cloned();
        let managed = match known {
            Some(known) => known,
            None => {
                if poms.importing.borrow().contains(&path) || poms.importing.borrow().len() > MAX_IMPORTS {
                    poms.tell(
                        Cost::Partial,
                        &pom.path,
                        import.place(),
                        format!("the BOM {group}:{artifact} imports itself, or BOMs nest more than {MAX_IMPORTS} deep"),
                        "Take the import out; Maven refuses a circle too.",
                    );
                    return;
                }
                poms.importing.borrow_mut().push(path.clone());
                let project = poms.project(bom, Rc::clone(&environment.project.defined));
                let managed = Rc::new(Self::of(&Environment::new(&project, poms, None), poms));
                poms.importing.borrow_mut().pop();
                poms.managements.borrow_mut().insert(path, Rc::clone(&managed));
                managed
            }
        };
        let shadow = self.outside.first();
        for (key, entry) in &managed.entries {
            self.entries.entry(key.clone()).or_insert_with(|| Managed {
                shadow: shadow.or(entry.shadow.as_ref()).cloned(),
                ..entry.clone()
            });
        }
        for outside in &managed.outside {
            self.add_outside(outside.clone());
        }
    }

    fn add_outside(&mut self, name: String) {
        if self.outside.len() < MAX_NAMED && !self.outside.contains(&name) {
            self.outside.push(name);
        }
    }
}

/// What makes two entries speak of the same artifact: `groupId:artifactId:type`, and the classifier if there is one.
pub(super) fn key(environment: &Environment<'_>, pom: &Pom, dependency: &Dependency) -> String {
    let text = |value| environment.text(&pom.path, value);
    let mut key = text(dependency.group.as_ref()).unwrap_or_default();
    key.push(':');
    key.push_str(&text(dependency.artifact.as_ref()).unwrap_or_default());
    key.push(':');
    key.push_str(text(dependency.kind.as_ref()).as_deref().unwrap_or("jar"));
    if let Some(classifier) = text(dependency.classifier.as_ref()) {
        key.push(':');
        key.push_str(&classifier);
    }
    key
}

/// The version of a module, as its pom writes it, is `version`. What cannot be expanded is taken to be it.
pub(super) fn same_version(environment: &Environment<'_>, written: &str, version: &str) -> bool {
    if written == version || version.is_empty() {
        return true;
    }
    let Some(pom) = environment
        .project
        .poms
        .first()
        .filter(|_| written.contains("${"))
    else {
        return false;
    };
    let value = super::model::Value {
        text: written.to_owned(),
        span: crate::text::Span::default(),
    };
    environment
        .expand(&pom.path, &value)
        .map_or(true, |located| located.text == version)
}
