//! `dependencyManagement`: what a project and the BOMs that it imports say of artifacts in general.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::MAX_IMPORTS;
use super::interpolation::{Environment, Located, Unresolved, Written};
use super::lineage::Poms;
use super::model::{Dependency, Pom, Section, Value};
use super::recorded::Reference;
use super::source::Part;
use crate::model::{Cost, TreePath};
use crate::text::Span;

/// This many parents and BOMs outside the tree are known by name.
const MAX_NAMED: usize = 64;

/// What the BOMs of a tree manage under one command line.
pub(super) struct Boms<'b> {
    poms: &'b Poms<'b>,
    /// By their path.
    known: RefCell<HashMap<TreePath, Arc<Management<'static>>>>,
    /// The file that is read, and the BOMs that are being read.
    importing: RefCell<Vec<TreePath>>,
}

impl<'b> Boms<'b> {
    /// The BOMs that the pom at `home` may import.
    pub(super) fn new(poms: &'b Poms<'b>, home: &TreePath) -> Self {
        Self {
            poms,
            known: RefCell::default(),
            importing: RefCell::new(vec![home.clone()]),
        }
    }
}

/// What is managed, by [`key`].
#[derive(Debug, Default)]
pub(super) struct Management<'p> {
    entries: HashMap<Arc<str>, Managed<'p>>,
    imported: HashSet<TreePath>,
    /// Parents and BOMs that manage versions and are not in the tree: `parent g:a 1`, `BOM g:a 1`.
    pub(super) outside: Vec<String>,
}

/// What is said of one artifact.
#[derive(Debug, Clone)]
pub(super) struct Managed<'p> {
    version: Version<'p>,
    pub(super) scope: Option<String>,
    /// A parent or BOM outside the tree that comes first and may say something else.
    pub(super) shadow: Option<String>,
}

/// The version that an artifact is managed at.
#[derive(Debug, Clone)]
enum Version<'p> {
    /// In the words of a BOM, which has properties of its own.
    Expanded(Option<Result<Located, Unresolved>>),
    /// As it is written in a pom of the lineage, and at which place of the pom's main section.
    Written(Option<(&'p Arc<TreePath>, &'p Value, Option<usize>)>),
}

impl Managed<'_> {
    /// The version, `None` if there is none; `environment` is that of the project that it is managed for.
    pub(super) fn version(&self, environment: &Environment<'_>) -> Option<Result<Located, Unresolved>> {
        match &self.version {
            Version::Expanded(version) => version.clone(),
            Version::Written(None) => None,
            Version::Written(Some((path, version, place))) => {
                if let Some(place) = place {
                    environment.poms.uses(path, &Part::Managed(*place), version);
                }
                Some(environment.expand(path, version))
            }
        }
    }
}

impl<'p> Management<'p> {
    /// What counts in `environment`. The nearest pom decides, entries come before imports, and the first import
    /// that names an artifact decides.
    pub(super) fn of(environment: &Environment<'p>, boms: &Boms<'_>) -> Self {
        let poms = boms.poms;
        let mut management = Self::default();
        if let Some(parent) = &environment.project.outside {
            management.add_outside(format!("parent {parent}"));
        }
        let mut imports: Vec<(&Pom, &Dependency)> = Vec::new();
        let is_import = |pom: &Pom, entry: &Dependency| {
            environment.text(&pom.path, entry.scope.as_ref()).as_deref() == Some("import")
        };
        for (number, (pom, section)) in environment.sections.iter().enumerate() {
            let mut own: HashMap<Arc<str>, Managed<'p>> = HashMap::with_capacity(section.managed.len());
            let last_counts = match (
                section.managed.len(),
                environment.sections.split_at_checked(number),
            ) {
                (2.., Some((nearer, [_, farther @ ..]))) => {
                    is_merged(nearer, pom, farther, section, is_import)
                }
                _ => true,
            };
            for (place, entry) in section.managed.iter().enumerate() {
                if !poms.may_go_on(1) {
                    break;
                }
                let scope = environment.text(&pom.path, entry.scope.as_ref());
                if scope.as_deref() == Some("import") {
                    imports.push((pom, entry));
                    continue;
                }
                let managed = Managed {
                    version: Version::Written(entry.version.as_ref().map(|version| {
                        let place = std::ptr::eq(*section, &pom.main).then_some(place);
                        (&pom.path, version, place)
                    })),
                    scope,
                    shadow: None,
                };
                let key = key(environment, pom, entry);
                if entry.key.is_none() {
                    check_name(environment, poms, pom, entry);
                }
                match own.entry(key) {
                    Entry::Occupied(mut known) if last_counts => {
                        known.insert(managed);
                    }
                    Entry::Occupied(_) => {}
                    Entry::Vacant(new) => {
                        new.insert(managed);
                    }
                }
            }
            if management.entries.is_empty() {
                management.entries = own;
                continue;
            }
            management.entries.reserve(own.len());
            for (key, managed) in own {
                management.entries.entry(key).or_insert(managed);
            }
        }
        for (pom, import) in imports {
            management.import(environment, boms, pom, import);
        }
        management
    }

    /// Everything that is managed, by [`key`].
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Managed<'p>)> {
        self.entries.iter().map(|(key, managed)| (&**key, managed))
    }

    /// What is said of the artifact with that [`key`].
    pub(super) fn get(&self, key: &str) -> Option<&Managed<'p>> {
        self.entries.get(key)
    }

    fn import(&mut self, environment: &Environment<'p>, boms: &Boms<'_>, pom: &Pom, import: &Dependency) {
        let poms = boms.poms;
        let text = |value| environment.text(&pom.path, value).unwrap_or_default();
        let group = text(import.group.as_ref());
        let artifact = text(import.artifact.as_ref());
        let version = || text(import.version.as_ref());
        let path = poms.module(&environment.project.poms, &group, &artifact, |written, path| {
            same_version(environment, poms, path, written, &version())
        });
        if path.is_none()
            && let Some(version) = &import.version
            && let Ok(located) = environment.expand(&pom.path, version)
            && !located.path.is_outside()
            && located.written != Written::Otherwise
        {
            poms.record(|resolved| {
                resolved.references.insert(Reference {
                    file: (*located.path).clone(),
                    at: (located.span.start, located.span.end),
                    name: format!("{group}:{artifact}"),
                    version: located.text.clone(),
                });
            });
        }
        let path = path.or_else(|| poms.published(&group, &artifact, &version()));
        // No more than a name from here on.
        let version = poms.aside(version);
        let bom = path.as_ref().and_then(|path| poms.pom(path));
        let (Some(path), Some(bom)) = (path, bom) else {
            self.add_outside(format!("BOM {group}:{artifact} {version}"));
            return;
        };
        if !self.imported.insert(path.clone()) {
            return;
        }
        let known = boms.known.borrow().get(&path).cloned();
        let managed = match known {
            Some(known) => known,
            None => {
                if boms.importing.borrow().contains(&path) || boms.importing.borrow().len() > MAX_IMPORTS {
                    poms.report(
                        Cost::Blind,
                        &pom.path,
                        import.place(),
                        format!("the BOM {group}:{artifact} imports itself, or BOMs nest more than {MAX_IMPORTS} deep"),
                        "Take the import out; Maven refuses a circle too.",
                    );
                    return;
                }
                boms.importing.borrow_mut().push(path.clone());
                let project = poms.project(bom, Arc::clone(&environment.project.line));
                let of_bom = Environment::new(&project, poms, &[], &[]);
                let managed = Arc::new(Management::of(&of_bom, boms).expanded(&of_bom));
                boms.importing.borrow_mut().pop();
                boms.known.borrow_mut().insert(path, Arc::clone(&managed));
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

    /// The same in words that need no environment.
    fn expanded(self, environment: &Environment<'_>) -> Management<'static> {
        let entries = self.entries.into_iter().map(|(key, entry)| {
            let version = Version::Expanded(entry.version(environment));
            let Managed { scope, shadow, .. } = entry;
            let entry = Managed {
                version,
                scope,
                shadow,
            };
            (key, entry)
        });
        Management {
            entries: entries.collect(),
            imported: self.imported,
            outside: self.outside,
        }
    }

    fn add_outside(&mut self, name: String) {
        if self.outside.len() < MAX_NAMED && !self.outside.contains(&name) {
            self.outside.push(name);
        }
    }
}

/// What makes two entries speak of the same artifact: `groupId:artifactId:type`, and the classifier if there is one.
pub(super) fn key(environment: &Environment<'_>, pom: &Pom, dependency: &Dependency) -> Arc<str> {
    if let Some(key) = &dependency.key {
        return Arc::clone(key);
    }
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
    key.into()
}

/// Of several entries for one artifact in the list of `section` the last counts, since Maven merges the list with
/// another one: with that of a profile, of a parent, or of a BOM. A list that is only inherited, or stands alone,
/// keeps the first (`MavenModelMerger`, `DefaultDependencyManagementImporter`; answered so by 3.8.7).
fn is_merged(
    nearer: &[(&Pom, &Section)],
    pom: &Pom,
    farther: &[(&Pom, &Section)],
    section: &Section,
    is_import: impl Fn(&Pom, &Dependency) -> bool,
) -> bool {
    let of_another = |(other, _): &&(&Pom, &Section)| !std::ptr::eq(*other, pom);
    let is_a_profile = farther.iter().any(|(other, _)| std::ptr::eq(*other, pom));
    let has_a_profile = nearer
        .iter()
        .rev()
        .take_while(|(other, _)| std::ptr::eq(*other, pom))
        .any(|(_, section)| !section.managed.is_empty());
    let has_parents = farther
        .iter()
        .filter(of_another)
        .any(|(_, section)| !section.managed.is_empty());
    let is_inherited = nearer.iter().any(|(other, _)| !std::ptr::eq(*other, pom));
    let imports = || section.managed.iter().any(|entry| is_import(pom, entry));
    is_a_profile || has_a_profile || has_parents || !is_inherited && imports()
}

/// The version of the module at `path`, `written` so in its pom, is `version`.
pub(super) fn same_version(
    environment: &Environment<'_>,
    poms: &Poms<'_>,
    path: &TreePath,
    written: &str,
    version: &str,
) -> bool {
    if version.is_empty() || !written.contains("${") {
        return written == version && !version.is_empty();
    }
    let value = Value {
        text: written.to_owned(),
        span: Span::default(),
    };
    let is_it = |environment: &Environment<'_>| {
        let pom = environment.project.poms.first();
        let expanded = pom.and_then(|pom| environment.expand(&pom.path, &value).ok());
        expanded.is_some_and(|located| located.text == version)
    };
    // Poms of one family define it alike; one of another has its own.
    is_it(environment)
        || poms.pom(path).is_some_and(|pom| {
            let project = poms.project(pom, Arc::clone(&environment.project.line));
            is_it(&Environment::new(&project, poms, &[], &[]))
        })
}

/// Tells where the name of a managed dependency is not known: what it manages then has no version here.
fn check_name(environment: &Environment<'_>, poms: &Poms<'_>, pom: &Pom, entry: &Dependency) {
    let names = [&entry.group, &entry.artifact].into_iter().flatten();
    let unresolved = names.filter_map(|name| environment.expand(&pom.path, name).err());
    // What is only not defined may be an entry that nothing uses.
    for unresolved in unresolved.filter(|unresolved| unresolved.cost() == Cost::Blind) {
        let message = format!(
            "the name of a managed dependency is {}",
            unresolved.describe(environment)
        );
        let hint = "Write the name out, or define the property in a pom of this tree.";
        poms.report(Cost::Blind, &pom.path, entry.place(), message, hint);
    }
}
