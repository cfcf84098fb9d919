//! A pom with its parents, as far as they lie in the tree.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::{File, Problem};
use super::command_line::CommandLine;
use super::management::Management;
use super::model::{Parent, Pom, Value};
use super::reactor::Reactor;
use super::source::{Parsing, Part, Source};
use super::{MAX_GAPS, MAX_LINEAGE, MAX_POMS, MAX_WORK};
use crate::model::{Cost, Tree, TreePath, Unread};
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

/// The poms of a tree, each read once for the file that is asked about, and what is left of the limits.
pub(super) struct Poms<'r> {
    pub(super) tree: &'r dyn Tree,
    pub(super) reactor: RefCell<Reactor>,
    /// What BOMs manage, by their path.
    pub(super) managements: RefCell<HashMap<TreePath, Arc<Management<'static>>>>,
    /// The BOMs that are being read.
    pub(super) importing: RefCell<Vec<TreePath>>,
    /// Parts of poms that were used.
    used: RefCell<HashSet<*const Value>>,
    /// What is used now does not count.
    is_aside: Cell<bool>,
    /// The file that is asked about; all of it is used.
    home: RefCell<Option<TreePath>>,
    read: RefCell<HashMap<TreePath, Option<Arc<Pom>>>>,
    /// A problem more than are told would have been blind.
    hides_blind: Cell<bool>,
    problems: RefCell<Vec<Problem>>,
    work: Cell<u32>,
}

impl<'r> Poms<'r> {
    pub(super) fn new(tree: &'r dyn Tree) -> Self {
        Self {
            tree,
            reactor: RefCell::default(),
            managements: RefCell::default(),
            importing: RefCell::default(),
            used: RefCell::default(),
            is_aside: Cell::new(false),
            home: RefCell::default(),
            read: RefCell::default(),
            hides_blind: Cell::new(false),
            problems: RefCell::default(),
            work: Cell::new(MAX_WORK),
        }
    }

    /// The pom that `file` is; `None` if it is none.
    pub(super) fn first(&self, file: &File<'_>) -> Option<Arc<Pom>> {
        let known = self.tree.derived(file.path, &Parsing).ok();
        let known = known.as_ref().and_then(|known| known.downcast_ref::<Source>());
        let pom = match known.filter(|known| known.text == file.text) {
            Some(known) => self.take(known)?,
            None => self.take(&Source::read(file.path, file.text.to_owned()))?,
        };
        *self.home.borrow_mut() = Some(file.path.clone());
        self.read
            .borrow_mut()
            .insert(file.path.clone(), Some(Arc::clone(&pom)));
        self.importing.borrow_mut().push(file.path.clone());
        Some(pom)
    }

    /// Another command line follows: what BOMs manage under it may differ.
    pub(super) fn start(&self, pom: &TreePath) {
        self.managements.borrow_mut().clear();
        *self.importing.borrow_mut() = vec![pom.clone()];
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
                    self.tell(
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

    /// The pom at `path`; `None` if there is none.
    pub(super) fn pom(&self, path: &TreePath) -> Option<Arc<Pom>> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        if self.read.borrow().len() >= MAX_POMS {
            self.limit(path, format!("more than {MAX_POMS} poms; this one is not read"));
            return None;
        }
        let pom = match self.tree.derived_in_parts(path, &Parsing) {
            Ok(derived) => derived.downcast_ref::<Source>().and_then(|source| {
                if let Some(problem) = &source.decoding {
                    let message = problem.message.clone();
                    self.tell(
                        Cost::Blind,
                        path,
                        problem.span,
                        message,
                        "Save the file as UTF-8.",
                    );
                }
                self.take(source)
            }),
            Err(Unread::Absent) => None,
            Err(why) => {
                self.unread(path, &why);
                None
            }
        };
        self.read.borrow_mut().insert(path.clone(), pom.clone());
        pom
    }

    /// What `make` gives, which is for messages alone: what it uses does not count.
    pub(super) fn aside<T>(&self, make: impl FnOnce() -> T) -> T {
        let before = self.is_aside.replace(true);
        let made = make();
        self.is_aside.set(before);
        made
    }

    /// `value`, which the main section of the pom at `path` says in `part`, is used.
    pub(super) fn uses(&self, path: &TreePath, part: &Part<'_>, value: &Value) {
        // Each is used many times over, and stays at its place as long as the poms are held.
        let is_new = || self.used.borrow_mut().insert(std::ptr::from_ref(value));
        if !self.is_aside.get() && is_new() && self.home.borrow().as_ref() != Some(path) {
            self.tree.uses(path, &Parsing, &part.name());
        }
    }

    /// As many declarations or lists of properties more are looked at; `false` if there were too many.
    pub(super) fn may_go_on(&self, more: usize) -> bool {
        let left = self.work.get();
        self.work
            .set(left.saturating_sub(u32::try_from(more).unwrap_or(u32::MAX)));
        left > 0
    }

    /// Tells that something was wrong with a pom.
    pub(super) fn tell(&self, cost: Cost, path: &TreePath, span: Span, message: String, hint: &str) {
        let problem = Problem {
            cost,
            file: Some(path.clone()),
            span,
            message,
            hint: hint.to_owned(),
        };
        let mut problems = self.problems.borrow_mut();
        if problems.contains(&problem) {
            return;
        }
        match problems.len() < MAX_GAPS {
            true => problems.push(problem),
            false if cost == Cost::Blind => self.hides_blind.set(true),
            false => {}
        }
    }

    /// Tells that a file of the tree is there and could not be read.
    pub(super) fn unread(&self, path: &TreePath, why: &Unread) {
        self.tell(
            Cost::Blind,
            path,
            Span::at(0),
            format!("this file is needed for a pom and could not be read: {why}"),
            "Make the file readable, or exclude the pom that needs it.",
        );
    }

    /// What was told; a pom that was being read for another is named.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        if self.work.get() == 0 {
            let path = self.importing.borrow().first().cloned().unwrap_or_default();
            self.limit(
                &path,
                format!("more than {MAX_WORK} declarations and properties, profile by profile; the rest is not read"),
            );
        }
        let mut problems = self.problems.into_inner();
        if let (true, Some(last)) = (self.hides_blind.get(), problems.last_mut()) {
            last.cost = Cost::Blind;
            last.message = format!("more than {MAX_GAPS} problems; the rest is not listed");
        }
        problems
    }

    pub(super) fn limit(&self, path: &TreePath, message: String) {
        self.tell(
            Cost::Blind,
            path,
            Span::at(0),
            message,
            "Split the build, or exclude this file.",
        );
    }

    /// Tells what is wrong with a pom, and gives it.
    fn take(&self, source: &Source) -> Option<Arc<Pom>> {
        for (path, span, message, hint) in source.problems() {
            self.tell(Cost::Blind, path, span, message, hint);
        }
        source.pom.clone()
    }

    /// Where `relativePath` leads, if that is the parent; else the module of the reactor that is.
    fn parent(&self, child: &Pom, parent: &Parent, known: &[Arc<Pom>]) -> Option<Arc<Pom>> {
        let folder = child.path.parent();
        let relative = parent.relative_path.as_ref().map(|path| path.replace('\\', "/"));
        let candidates = match relative.as_deref() {
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
        let group = pom.own_group().map_or("", |value| &value.text);
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

    fn place(&self) -> Span {
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
