//! What is worked out once for all plans of a lockfile.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::lockfile::composer_lock::locked::Links;
use crate::model::SharedStr;
use crate::version::range::RangeSyntax as _;
use crate::version::range::packagist::{Packagist as Range, intersects};

/// The numbers of releases, and whether each may be taken.
type Rated = Rc<Vec<(usize, bool)>>;

/// What a plan worked out and the next one of the same lockfile, with more answers, need not work out again.
#[derive(Debug, Default)]
pub struct Memory {
    /// The numbers of a package's releases, lowest version first, each with whether it may be taken.
    pub(super) rated: RefCell<HashMap<String, Rated>>,
    /// What releases ask for, by name and version.
    pub(super) links: RefCell<HashMap<String, HashMap<SharedStr, Rc<Links>>>>,
    pub(super) answers: Rc<Answers>,
}

/// Answers by what is asked of a constraint.
type Known = RefCell<HashMap<String, HashMap<String, bool>>>;

/// What constraints say of versions and of each other.
#[derive(Debug, Default)]
pub(super) struct Answers {
    contained: Known,
    intersecting: Known,
}

impl Answers {
    /// `version` is in `range`; what is no constraint takes no version.
    pub(super) fn contains(&self, range: &str, version: &str) -> bool {
        answer(&self.contained, range, version, || {
            Range.contains(range, version).unwrap_or(false)
        })
    }

    /// Some version is in both.
    pub(super) fn intersects(&self, range: &str, other: &str) -> bool {
        answer(&self.intersecting, range, other, || {
            intersects(range, other).unwrap_or(false)
        })
    }
}

fn answer(known: &Known, range: &str, asked: &str, work_out: impl FnOnce() -> bool) -> bool {
    if let Some(known) = known.borrow().get(range).and_then(|of_range| of_range.get(asked)) {
        return *known;
    }
    let answer = work_out();
    let mut known = known.borrow_mut();
    let of_range = known.entry(range.to_owned()).or_default();
    of_range.insert(asked.to_owned(), answer);
    answer
}

impl Memory {
    pub(super) fn links_of(&self, name: &str, version: &SharedStr) -> Option<Rc<Links>> {
        let known = self.links.borrow();
        known.get(name)?.get(version).cloned()
    }

    pub(super) fn keep(&self, name: &str, version: &SharedStr, links: &Rc<Links>) {
        let mut known = self.links.borrow_mut();
        let of_name = known.entry(name.to_owned()).or_default();
        of_name.insert(version.clone(), Rc::clone(links));
    }
}
