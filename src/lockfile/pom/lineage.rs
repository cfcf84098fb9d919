//! A pom with its parents, as far as they lie in the tree.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;

use super::super::Problem;
use super::MAX_LINEAGE;
use super::command_line::CommandLine;
use super::model::{Parent, Pom, Value};
use super::reactor::{Module, Reactor};
use super::recorded::Reference;
use super::store::Store;
use crate::model::{Cost, Tree, TreePath};
use crate::text::Span;

/// A module as it is built: its pom, its parents, and what the command line adds.
#[derive(Debug)]
pub(super) struct Project {
    /// The pom, its parent, and so on; never empty.
    pub(super) poms: Vec<Arc<Pom>>,
    /// The first parent that the tree does not hold: `groupId:artifactId version`.
    pub(super) outside: Option<String>,
    /// The command line that it is built with.
    pub(super) line: Arc<CommandLine>,
}

/// The poms of a tree, and the modules that are built together.
pub(super) struct Poms<'r> {
    store: Store<'r>,
    reactor: RefCell<Reactor>,
}

impl<'r> Deref for Poms<'r> {
    type Target = Store<'r>;

    fn deref(&self) -> &Store<'r> {
        &self.store
    }
}

impl<'r> Poms<'r> {
    pub(super) fn new(tree: &'r dyn Tree) -> Self {
        Self {
            store: Store::new(tree),
            reactor: RefCell::default(),
        }
    }

    /// What is asked for from here on is built with the pom at `home`.
    pub(super) fn start(&self, home: &TreePath) {
        self.reactor.borrow_mut().start(home);
    }

    /// What was wrong with the poms that were read for `file`.
    pub(super) fn into_problems(self, file: &TreePath) -> Vec<Problem> {
        self.store.into_problems(file)
    }

    /// The module `group:artifact` whose version, as written in the pom at the path, is `fitting`. It is looked for in
    /// what is built together with the file that is read: by its parents, by the poms in the folders above it, and
    /// by those of `lineage`.
    pub(super) fn module(
        &self,
        lineage: &[Arc<Pom>],
        group: &str,
        artifact: &str,
        fitting: impl Fn(&str, &TreePath) -> bool,
    ) -> Option<TreePath> {
        // A version may need further poms: the reactor is not held while it is compared.
        let candidates = self
            .reactor
            .borrow_mut()
            .modules(&self.store, lineage, group, artifact);
        candidates
            .into_iter()
            .find(|module| fitting(&module.version, &module.path))
            .map(|module| module.path)
    }

    /// The one module `group:artifact`, or of any group where that is empty, that Maven 4 takes for a dependency on it.
    pub(super) fn inferred(&self, lineage: &[Arc<Pom>], group: &str, artifact: &str) -> Option<Module> {
        let mut reactor = self.reactor.borrow_mut();
        let mut found = reactor.modules(&self.store, lineage, group, artifact).into_iter();
        found.next().filter(|_| found.next().is_none())
    }

    /// `pom` with its parents, under the command line of another project of the tree.
    pub(super) fn project(&self, pom: Arc<Pom>, line: Arc<CommandLine>) -> Project {
        let mut project = Project {
            poms: vec![pom],
            outside: None,
            line,
        };
        while let Some(child) = project.poms.last().cloned() {
            let Some(parent) = &child.parent else {
                break;
            };
            if project.poms.len() > MAX_LINEAGE {
                self.limit(
                    &child.path,
                    format!("more than {MAX_LINEAGE} parents; the rest is not read"),
                );
                project.outside = Some(parent.display());
                break;
            }
            match self.parent(&child, parent, &project.poms) {
                None => {
                    project.outside = Some(parent.display());
                    break;
                }
                Some(pom) if project.poms.iter().any(|known| known.path == pom.path) => {
                    self.report(
                        Cost::Blind,
                        &child.path,
                        parent.place(),
                        "the parents of this pom form a circle".into(),
                        "Correct the parent; Maven refuses this too.",
                    );
                    break;
                }
                Some(pom) => project.poms.push(pom),
            }
        }
        project
    }

    /// Where `relativePath` leads, if that is the parent; else the module of the reactor that is.
    fn parent(&self, child: &Pom, parent: &Parent, known: &[Arc<Pom>]) -> Option<Arc<Pom>> {
        let of_tree = match child.path.is_outside() {
            true => None,
            false => self.parent_in_tree(child, parent, known),
        };
        of_tree.or_else(|| {
            let text = |value: &Option<Value>| value.as_ref().map(|value| value.text.clone());
            let (group, artifact) = (text(&parent.group)?, text(&parent.artifact)?);
            let version = parent.version.as_ref()?;
            if !child.path.is_outside() && !version.text.contains("${") {
                self.record(|resolved| {
                    resolved.references.insert(Reference {
                        file: (*child.path).clone(),
                        at: (version.span.start, version.span.end),
                        name: format!("{group}:{artifact}"),
                        version: version.text.clone(),
                    });
                });
            }
            let path = self.published(&group, &artifact, &version.text)?;
            self.pom(&path).filter(|pom| parent.fits(pom))
        })
    }

    fn parent_in_tree(&self, child: &Pom, parent: &Parent, known: &[Arc<Pom>]) -> Option<Arc<Pom>> {
        let folder = child.path.parent();
        let relative = parent.relative_path.as_ref().map(|path| path.replace('\\', "/"));
        let candidates = match relative.as_deref() {
            // A pom of a repository has no folders around it.
            _ if child.path.is_outside() => [None, None],
            None => [folder.join("../pom.xml"), None],
            Some("") => [None, None],
            Some(path) => [
                folder.join(path).and_then(|path| path.join("pom.xml")),
                folder.join(path),
            ],
        };
        let near = candidates
            .into_iter()
            .flatten()
            .filter_map(|path| self.pom(&path))
            .find(|pom| parent.fits(pom));
        if near.is_some() {
            return near;
        }
        let group = parent.group.as_ref()?.text.as_str();
        let artifact = parent.artifact.as_ref()?.text.as_str();
        let path = self.module(known, group, artifact, |version, _| {
            parent.version.as_ref().is_none_or(|asked| asked.text == version)
        })?;
        self.pom(&path).filter(|pom| parent.fits(pom))
    }
}

impl Project {
    /// `groupId:artifactId`, as they are written.
    pub(super) fn display(&self) -> (String, String) {
        let Some(pom) = self.poms.first() else {
            return (String::new(), String::new());
        };
        // Maven 4 takes a group that is not written from the parent.
        let group = self.poms.iter().find_map(|pom| pom.own_group());
        let group = group.map_or("", |value| &value.text);
        let artifact = pom.artifact.as_ref().map_or("", |value| &value.text);
        (group.to_owned(), artifact.to_owned())
    }
}

impl Parent {
    /// `groupId:artifactId version`, as they are written.
    fn display(&self) -> String {
        let text = |value: &Option<Value>| value.as_ref().map_or(String::new(), |value| value.text.clone());
        format!(
            "{}:{} {}",
            text(&self.group),
            text(&self.artifact),
            text(&self.version)
        )
    }

    pub(super) fn place(&self) -> Span {
        self.artifact
            .as_ref()
            .or(self.version.as_ref())
            .map_or(Span::at(0), |value| value.span)
    }

    /// `pom` has the coordinates that are asked for. A range of versions is taken to hold that of the pom.
    fn fits(&self, pom: &Pom) -> bool {
        let same = |asked: &Option<Value>, has: Option<&Value>| match asked {
            None => true,
            Some(asked) => has.is_some_and(|has| has.text == asked.text),
        };
        let range = self
            .version
            .as_ref()
            .is_some_and(|version| version.text.starts_with(['[', '(']));
        same(&self.group, pom.own_group())
            && same(&self.artifact, pom.artifact.as_ref())
            && (range || same(&self.version, pom.own_version()))
    }
}
