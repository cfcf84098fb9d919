//! The poms of a tree, each read once for the file that is asked about, and what is left of the limits.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use super::super::{File, Problem};
use super::model::{Pom, Value};
use super::recorded::Resolved;
use super::source::{Parsing, Part, Source};
use super::{MAX_GAPS, MAX_POMS, MAX_WORK};
use crate::model::{Cost, Tree, TreePath, Unread};
use crate::text::Span;

/// Poms by their path, and the problems that reading them found.
pub(super) struct Store<'r> {
    pub(super) tree: &'r dyn Tree,
    /// Parts of poms that were used.
    used: RefCell<HashSet<*const Value>>,
    /// What is used now does not count.
    is_aside: Cell<bool>,
    /// The file that is asked about; all of it is used.
    home: RefCell<Option<TreePath>>,
    read: RefCell<HashMap<TreePath, Option<Arc<Pom>>>>,
    /// A problem beyond the limit would have been blind.
    hides_blind: Cell<bool>,
    problems: RefCell<Vec<Problem>>,
    /// How versions are written, where that is asked for.
    recorded: RefCell<Option<Resolved>>,
    work: Cell<u32>,
}

impl<'r> Store<'r> {
    pub(super) fn new(tree: &'r dyn Tree) -> Self {
        Self {
            tree,
            used: RefCell::default(),
            is_aside: Cell::new(false),
            home: RefCell::default(),
            read: RefCell::default(),
            hides_blind: Cell::new(false),
            problems: RefCell::default(),
            recorded: RefCell::default(),
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
        Some(pom)
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
            // What Maven refuses in a pom of the project it takes from a repository.
            Ok(derived) if path.is_outside() => derived
                .downcast_ref::<Source>()
                .and_then(|source| source.pom.clone()),
            Ok(derived) => derived.downcast_ref::<Source>().and_then(|source| {
                if let Some(problem) = &source.decoding {
                    let message = problem.message.clone();
                    self.report(
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

    /// Where the pom is that a repository has for an artifact, if the tree knows of one.
    pub(super) fn published(&self, group: &str, artifact: &str, version: &str) -> Option<TreePath> {
        let home = self.home.borrow().clone().unwrap_or_default();
        self.tree.published(&home, group, artifact, version)
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

    /// What is found from here on is recorded.
    pub(super) fn start_recording(&self) {
        *self.recorded.borrow_mut() = Some(Resolved::default());
    }

    /// What was recorded.
    pub(super) fn take_recorded(&self) -> Resolved {
        self.recorded.borrow_mut().take().unwrap_or_default()
    }

    /// Notes what was found, if that is asked for.
    pub(super) fn record(&self, note: impl FnOnce(&mut Resolved)) {
        if let Some(recorded) = self.recorded.borrow_mut().as_mut() {
            note(recorded);
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
    pub(super) fn report(&self, cost: Cost, path: &TreePath, span: Span, message: String, hint: &str) {
        let home = self.home.borrow();
        let problem = match home.as_ref().filter(|_| path.is_outside()) {
            Some(home) => Problem::elsewhere(cost, home.clone(), Span::at(0), message, hint),
            None => Problem::elsewhere(cost, path.clone(), span, message, hint),
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
        self.report(
            Cost::Blind,
            path,
            Span::at(0),
            format!("this file is needed for a pom and could not be read: {why}"),
            "Make the file readable, or exclude the pom that needs it.",
        );
    }

    /// What was wrong with the poms that were read for `file`.
    pub(super) fn into_problems(self, file: &TreePath) -> Vec<Problem> {
        if self.work.get() == 0 {
            self.limit(
                file,
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
        self.report(
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
            self.report(Cost::Blind, path, span, message, hint);
        }
        source.pom.clone()
    }
}
