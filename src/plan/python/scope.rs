//! Where a pin is meant and with which extras.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Need;
use super::environments::Set;
use super::planner::{Metadata, Planner, Scope};
use super::project::{Extras, Others, Pin, Platforms, Pythons};
use crate::model::Release;
use crate::plan::failure::Failure;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440 as Range;

/// No release of Python 3: what takes it has no end in sight.
const NEXT_PYTHON: &str = "4.0.0";

impl Planner<'_> {
    /// Where a pin is meant, by its marker.
    pub(super) fn meant(&self, number: usize) -> Set {
        let marked = self.environments.of_marker(&self.pin(number).marker, []);
        let meant = self.everywhere.and(&marked);
        match meant.is_empty() {
            true => self.everywhere.clone(),
            false => meant,
        }
    }

    /// Where a pin is meant and with which extras, by its marker and by what its locked version needs.
    pub(super) fn scope(&self, number: usize) -> Result<Rc<Scope>, Failure> {
        if let Some(known) = self.scopes.borrow().get(&number) {
            return Ok(Rc::clone(known));
        }
        let pin = self.pin(number);
        let mut scope = Scope {
            environments: self.meant(number),
            extras: pin.extras.clone(),
        };
        if self.project.others == Others::ComeIn && pin.fixed.is_none() {
            match self.metadata(&pin.name, &pin.version) {
                Ok(metadata) => self.narrow(&mut scope, pin, &metadata),
                Err(failure @ Failure::Ask(_)) => return Err(failure),
                Err(Failure::Blocked { .. }) => {}
            }
        }
        let scope = Rc::new(scope);
        self.scopes.borrow_mut().insert(number, Rc::clone(&scope));
        Ok(scope)
    }

    fn narrow(&self, scope: &mut Scope, pin: &Pin, metadata: &Metadata) {
        let is_one = self.project.platforms == Platforms::One;
        // A lockfile for all platforms is for all its Pythons, whatever a version says of later ones.
        if let Some(python) = metadata.python.as_ref().filter(|_| is_one) {
            let runs = scope.environments.and(&self.environments.of_pythons(python));
            if !runs.is_empty() {
                scope.environments = runs;
            }
        }
        let is_locked = |need: &Need| self.by_name.contains_key(need.name.as_str());
        let active = |need: &Need, extra: &str| {
            let set = self.environments.of_marker(&need.marker, [extra]);
            set.meets(&scope.environments)
        };
        // On one platform what a marker may leave out need not be there.
        let may_lack = |need: &Need, extra: &str| {
            is_one
                && !self
                    .environments
                    .of_marker(&need.marker, [extra])
                    .covers(&scope.environments)
        };
        // pip-compile and uv leave the extras out that a file asks for: what only an extra needs, and is there for this pin,
        // tells that it was asked for.
        let is_there_for = |need: &Need| {
            let pins = self.by_name.get(need.name.as_str()).into_iter().flatten();
            pins.into_iter().any(|other| {
                let needed_by = &self.pin(*other).needed_by;
                needed_by.as_ref().is_some_and(|names| names.contains(&pin.name))
            })
        };
        // What it needs anyway tells nothing.
        let of_base = metadata.needs.iter().filter(|need| active(need, ""));
        let of_base: BTreeSet<&str> = of_base.map(|need| need.name.as_str()).collect();
        let found: Vec<String> = metadata
            .extras
            .iter()
            .filter(|extra| {
                let of_extra = metadata.needs.iter().filter(|need| active(need, extra));
                let of_extra = of_extra.filter(|need| !of_base.contains(need.name.as_str()));
                let of_extra: Vec<&Need> = of_extra.filter(|need| need.name != pin.name).collect();
                let is_there = of_extra.iter().any(|need| is_there_for(need));
                is_there
                    && of_extra
                        .into_iter()
                        .all(|need| is_there_for(need) || may_lack(need, extra))
            })
            .cloned()
            .collect();
        if self.project.extras == Extras::PerhapsNot {
            scope.extras.extend(found);
        }
        if !is_one {
            return;
        }
        for need in &metadata.needs {
            let set = self
                .environments
                .of_marker(&need.marker, scope.extras.iter().map(String::as_str));
            let rest = scope.environments.without(&set);
            if !is_locked(need) && !rest.is_empty() && !need.is_located {
                scope.environments = rest;
            }
        }
    }

    /// It runs on the lowest Python of `environments`, or on each of them, as the project asks; where nothing says which Pythons
    /// the project is for, on any.
    pub(super) fn runs(&self, release: &Release, environments: &Set) -> bool {
        let ranges = release.toolchain.iter().filter(|(tool, _)| **tool == *"python");
        ranges.into_iter().all(|(_, range)| {
            let pythons = match (&self.project.python, self.project.pythons) {
                (Some(python), Pythons::Every) => return self.runs_on_every(range, python, environments),
                (Some(_), Pythons::Lowest) => self.environments.lowest_pythons(environments),
                (None, _) => self.environments.pythons_of(environments),
            };
            pythons.is_empty()
                || pythons
                    .iter()
                    .any(|python| Range.contains(range, python).unwrap_or(true))
        })
    }

    /// `range` takes each Python of `environments`, and has no end where `own`, what the project is for, has none.
    fn runs_on_every(&self, range: &str, own: &str, environments: &Set) -> bool {
        let takes = |python: &str| Range.contains(range, python).unwrap_or(true);
        let pythons = self.environments.pythons_of(environments);
        let is_open = pythons.last() == self.environments.pythons_of(&self.environments.all()).last()
            && self.project.language.takes(own, NEXT_PYTHON);
        pythons.iter().all(|python| takes(python)) && (!is_open || takes(NEXT_PYTHON))
    }

    /// Where `need` of a version counts, which is meant in `scope`.
    pub(super) fn active(&self, need: &Need, environments: &Set, extras: &BTreeSet<String>) -> Set {
        let extras = extras.iter().map(String::as_str);
        self.environments
            .of_marker(&need.marker, extras)
            .and(environments)
    }
}
