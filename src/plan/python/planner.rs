//! Who plans: what is known, what may be taken, and who needs what.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::environments::{Environments, Set};
use super::needs;
use super::state::{State, Who};
use super::{Need, Pin, Project, is_of};
use crate::model::{Query, Release};
use crate::plan::failure::{Failure, versions};
use crate::plan::{Bounds, Constraint, Known, Releases, Strategy, Wish};
use crate::schema::core_metadata;
use crate::version::Scheme as _;
use crate::version::pep440::Pep440;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440 as Range;

/// What became of an upgrade.
pub(super) type Tried = Result<(State, Strategy), Failure>;

/// Fails where something is to be asked.
pub(super) fn nothing_asked(asked: BTreeSet<Query>) -> Result<(), Failure> {
    match asked.is_empty() {
        true => Ok(()),
        false => Err(Failure::Ask(asked)),
    }
}

/// The metadata of a version.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) needs: Vec<Need>,
    pub(super) extras: BTreeSet<String>,
    pub(super) python: Option<String>,
    /// The headers.
    pub(super) text: String,
}

/// Where a pin is meant, and with which extras.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) environments: Set,
    pub(super) extras: BTreeSet<String>,
}

/// Who needs a package, and what they ask for.
#[derive(Debug, Clone)]
pub(super) struct Dependent {
    pub(super) who: Who,
    pub(super) constraint: Constraint,
}

pub(super) struct Planner<'p> {
    pub(super) project: &'p Project,
    pub(super) releases: &'p dyn Releases,
    pub(super) bounds: &'p Bounds<'p>,
    pub(super) environments: Environments,
    /// Where the lockfile is for at all.
    pub(super) everywhere: Set,
    pub(super) tried: Cell<usize>,
    pub(super) by_name: HashMap<&'p str, Vec<usize>>,
    metadata: RefCell<BTreeMap<(String, String), Rc<Metadata>>>,
    /// What the project overrides from now on: names, normalised, with what is asked for instead of what others ask for.
    overrides: RefCell<BTreeMap<String, String>>,
    pub(super) scopes: RefCell<HashMap<usize, Rc<Scope>>>,
}

/// A release, and whether it may be taken at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rated<'p> {
    pub(super) release: &'p Release,
    /// It is not withdrawn, and no known advisory affects it: it may be taken where it fixes the package itself.
    pub(super) is_clean: bool,
    /// And it is old enough to be taken because of another.
    pub(super) is_good: bool,
}

impl<'p> Planner<'p> {
    pub(super) fn new(project: &'p Project, releases: &'p dyn Releases, bounds: &'p Bounds<'p>) -> Self {
        let markers = project.pins.iter().map(|pin| pin.marker.as_str());
        let asked = project.asked.iter().map(|asked| asked.marker.as_str());
        let environments = Environments::of(markers.chain(asked));
        let mut everywhere = environments.of_marker(&project.marker, []);
        if let Some(python) = &project.python {
            let is_meant = |version: &str| project.language.takes(python, version);
            everywhere = everywhere.and(&environments.of_pythons_that(is_meant));
        }
        if everywhere.is_empty() {
            everywhere = environments.all();
        }
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, pin) in project.pins.iter().enumerate() {
            by_name.entry(&pin.name).or_default().push(number);
        }
        Self {
            project,
            releases,
            bounds,
            environments,
            everywhere,
            tried: Cell::new(0),
            by_name,
            metadata: RefCell::default(),
            overrides: RefCell::default(),
            scopes: RefCell::default(),
        }
    }

    /// The pin; the numbers of pins come from the project alone.
    pub(super) fn pin(&self, number: usize) -> &'p Pin {
        &self.project.pins[number]
    }

    /// The pins of a name that are still there.
    pub(super) fn pins_of<'s>(
        &'s self,
        state: &'s State,
        name: &str,
    ) -> impl Iterator<Item = usize> + use<'s, 'p> {
        let pins = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        pins.iter().copied().filter(|pin| !state.gone.contains(pin))
    }

    /// The version of a pin as it is now.
    pub(super) fn version<'s>(&self, state: &'s State, pin: usize) -> &'s str
    where
        'p: 's,
    {
        match state.moved.get(&pin) {
            Some(version) => version,
            None => &self.pin(pin).version,
        }
    }

    /// The pin still holds the version of the wish.
    pub(super) fn is_still(&self, state: &State, pin: usize, wish: &Wish) -> bool {
        is_of(self.pin(pin), wish) && !state.is_changed(pin)
    }

    /// The versions of a package, lowest first, each with whether it may be taken.
    pub(super) fn rated(&self, name: &str) -> Result<Vec<Rated<'p>>, Failure> {
        let releases = versions(self.releases, name)?;
        let mut all: Vec<Rated<'p>> = releases
            .iter()
            .filter(|release| Pep440.compare(&release.version, &release.version).is_ok())
            .map(|release| {
                let is_clean = release.retired.is_none()
                    && !self.is_excluded(release)
                    && !(self.bounds.is_affected)(name, &release.version);
                Rated {
                    release,
                    is_clean,
                    is_good: is_clean && self.bounds.is_old_enough(release),
                }
            })
            .collect();
        all.sort_by(|left, right| {
            let order = Pep440.compare(&left.release.version, &right.release.version);
            order.unwrap_or(Ordering::Equal)
        });
        Ok(all)
    }

    /// The project itself takes nothing that is so new.
    pub(super) fn is_excluded(&self, release: &Release) -> bool {
        let bound = self.project.published_before;
        bound.is_some_and(|bound| release.published.is_none_or(|published| published > bound))
    }

    /// What needs a package takes `version` of it.
    pub(super) fn takes(&self, dependent: &Dependent, version: &str) -> bool {
        let range = &dependent.constraint.range;
        match dependent.who {
            Who::Own(_) => self.project.language.takes(range, version),
            Who::Pin(_) | Who::Added(_) => Self::in_range(range, version),
        }
    }

    /// `version` is in `range`, which is empty for any.
    pub(super) fn in_range(range: &str, version: &str) -> bool {
        range.is_empty() || Range.contains(range, version).unwrap_or(false)
    }

    /// The metadata of a version: beside a wheel, else inside of it.
    pub(super) fn metadata(&self, name: &str, version: &str) -> Result<Rc<Metadata>, Failure> {
        let key = (name.to_owned(), version.to_owned());
        if let Some(known) = self.metadata.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let ask = |query| Err(Failure::Ask(BTreeSet::from([query])));
        let release = match self.releases.metadata(name, version) {
            Known::Answer(release) => release,
            Known::NotAsked => return ask(Query::metadata(name, version)),
            Known::Failed(_) => match self.releases.archive(name, version) {
                Known::Answer(release) => release,
                Known::NotAsked => return ask(Query::archive(name, version)),
                Known::Failed(reason) => {
                    return Err(Failure::because(format!(
                        "What {name} {version} needs could not be learnt: {reason}."
                    )));
                }
            },
        };
        let read = core_metadata::read(&release.document);
        let mut needs = needs::needs(&read).map_err(|need| {
            Failure::because(format!(
                "{name} {version} needs {need:?}, which is no requirement."
            ))
        })?;
        let overrides = self.overrides.borrow();
        for need in &mut needs {
            if let Some(range) = overrides.get(&need.name) {
                need.range.clone_from(range);
            }
        }
        let metadata = Rc::new(Metadata {
            needs,
            extras: needs::extras(&read),
            python: read.requires_python.as_deref().map(str::to_owned),
            text: release.document.to_string(),
        });
        self.metadata.borrow_mut().insert(key, Rc::clone(&metadata));
        Ok(metadata)
    }

    /// Has `range` count for the package called `name` instead of what others ask for; `None` has it count no more.
    pub(super) fn set_override(&self, name: &str, range: Option<&str>) {
        let mut overrides = self.overrides.borrow_mut();
        let before = match range {
            Some(range) => overrides.insert(name.to_owned(), range.to_owned()),
            None => overrides.remove(name),
        };
        if before.as_deref() != range {
            self.metadata.borrow_mut().clear();
        }
    }

    /// What the project overrides from now on.
    pub(super) fn overrides(&self) -> BTreeMap<String, String> {
        self.overrides.borrow().clone()
    }

    /// Everything that needs the pin and what it asks for.
    pub(super) fn dependents(&self, state: &State, number: usize) -> Result<Vec<Dependent>, Failure> {
        let pin = self.pin(number);
        let here = self.meant(number);
        let mut all = self.own_ranges(state, &pin.name, &here);
        let mut asked = BTreeSet::new();
        for other in self.who_may_need(state, number) {
            match self.asked_by(state, other, &pin.name, &here) {
                Ok(found) => all.extend(found),
                Err(Failure::Ask(queries)) => asked.extend(queries),
                // Where the file does not say that it needs this one, it is not held back by it.
                Err(Failure::Blocked { .. }) if pin.needed_by.is_none() => {}
                Err(failure) => return Err(failure),
            }
        }
        let added: Vec<String> = state.added.keys().cloned().collect();
        for name in added {
            match self.asked_by_added(state, &name, &pin.name, &here) {
                Ok(found) => all.extend(found),
                Err(failure) => failure.or_ask(&mut asked)?,
            }
        }
        nothing_asked(asked)?;
        Ok(all)
    }

    /// What one's own files ask for the package called `name`.
    pub(super) fn own_ranges(&self, state: &State, name: &str, here: &Set) -> Vec<Dependent> {
        let own = self.project.asked.iter().enumerate().filter(|(_, asked)| {
            asked.name == name && self.environments.of_marker(&asked.marker, []).meets(here)
        });
        own.map(|(number, asked)| Dependent {
            who: Who::Own(number),
            constraint: Constraint {
                dependent: asked.file.clone(),
                name: asked.written.clone(),
                range: state.ranges.get(&number).unwrap_or(&asked.range).clone(),
            },
        })
        .collect()
    }

    /// The pins that may need the pin: those that the file names, and those that have moved; all where it does not say.
    fn who_may_need(&self, state: &State, number: usize) -> Vec<usize> {
        let pin = self.pin(number);
        let others =
            (0..self.project.pins.len()).filter(|other| *other != number && !state.gone.contains(other));
        others
            .filter(|other| match &pin.needed_by {
                None => true,
                Some(names) => state.moved.contains_key(other) || names.contains(&self.pin(*other).name),
            })
            .collect()
    }

    /// What the pin `other` asks for the package called `name` where that is meant.
    pub(super) fn asked_by(
        &self,
        state: &State,
        other: usize,
        name: &str,
        here: &Set,
    ) -> Result<Vec<Dependent>, Failure> {
        let pin = self.pin(other);
        if pin.fixed.is_some() {
            return Ok(Vec::new());
        }
        let version = self.version(state, other);
        let metadata = self.metadata(&pin.name, version)?;
        let scope = self.scope(other)?;
        let there = scope.environments.and(here);
        let all = || metadata.needs.iter().filter(|need| need.name == name);
        let mut found: Vec<&Need> = all()
            .filter(|need| !self.active(need, &there, &scope.extras).is_empty())
            .collect();
        if found.is_empty() && !state.moved.contains_key(&other) && there.meets(here) {
            // The file says that it is needed: by an extra that it does not name.
            let names = self.pins_of(state, name).any(|pin_of_name| {
                let needed_by = &self.pin(pin_of_name).needed_by;
                needed_by.as_ref().is_some_and(|names| names.contains(&pin.name))
            });
            if names {
                let extras = &metadata.extras;
                found = all()
                    .filter(|need| !self.active(need, &there, extras).is_empty())
                    .collect();
            }
        }
        Ok(found
            .into_iter()
            .map(|need| dependent(Who::Pin(other), &pin.name, version, need))
            .collect())
    }

    pub(super) fn asked_by_added(
        &self,
        state: &State,
        by: &str,
        name: &str,
        here: &Set,
    ) -> Result<Vec<Dependent>, Failure> {
        let Some(added) = state.added.get(by) else {
            return Ok(Vec::new());
        };
        let metadata = self.metadata(by, &added.version)?;
        let there = added.environments.and(here);
        let needs = metadata.needs.iter().filter(|need| need.name == name);
        let needs = needs.filter(|need| !self.active(need, &there, &added.extras).is_empty());
        Ok(needs
            .map(|need| dependent(Who::Added(by.to_owned()), by, &added.version, need))
            .collect())
    }

    /// Who needs the pin, by name, as the file will say; `None` where it does not say.
    pub(super) fn needed_by(
        &self,
        state: &State,
        number: usize,
    ) -> Result<Option<BTreeSet<String>>, Failure> {
        let pin = self.pin(number);
        let Some(before) = &pin.needed_by else {
            return Ok(None);
        };
        let here = self.meant(number);
        let mut names = before.clone();
        let changed: BTreeSet<&str> = state
            .moved
            .keys()
            .chain(&state.gone)
            .map(|other| self.pin(*other).name.as_str())
            .collect();
        let mut asked = BTreeSet::new();
        for name in changed {
            let mut needs_it = false;
            for other in self.pins_of(state, name) {
                match self.asked_by(state, other, &pin.name, &here) {
                    Ok(found) => needs_it |= !found.is_empty(),
                    Err(failure) => failure.or_ask(&mut asked)?,
                }
            }
            match needs_it {
                true => names.insert(name.to_owned()),
                false => names.remove(name),
            };
        }
        for name in state.added.keys() {
            match self.asked_by_added(state, name, &pin.name, &here) {
                Ok(found) if !found.is_empty() => {
                    names.insert(name.clone());
                }
                Ok(_) => {}
                Err(failure) => failure.or_ask(&mut asked)?,
            }
        }
        nothing_asked(asked)?;
        Ok(Some(names))
    }

    /// Something has changed that needed the pin, or may need it now.
    pub(super) fn may_be_needed_anew(&self, state: &State, number: usize) -> bool {
        let pin = self.pin(number);
        let named = pin.needed_by.as_ref().is_some_and(|names| {
            let mut changed = state.moved.keys().chain(&state.gone);
            changed.any(|other| names.contains(&self.pin(*other).name))
        });
        let needs = |metadata: &Metadata| metadata.needs.iter().any(|need| need.name == pin.name);
        let known = self.metadata.borrow();
        let has = |name: &str, version: &str| {
            let metadata = known.get(&(name.to_owned(), version.to_owned()));
            metadata.is_none_or(|metadata| needs(metadata))
        };
        named
            || state
                .moved
                .iter()
                .any(|(other, version)| has(&self.pin(*other).name, version))
            || state.added.iter().any(|(name, added)| has(name, &added.version))
    }

    /// Takes out what nothing needs any more, as far as the file says what needs what.
    pub(super) fn settle(&self, state: &mut State) -> Result<(), Failure> {
        loop {
            let mut gone = Vec::new();
            for number in 0..self.project.pins.len() {
                let pin = self.pin(number);
                let had_some = pin.needed_by.as_ref().is_some_and(|names| {
                    names.iter().any(|name| {
                        let mut pins = self.by_name.get(name.as_str()).into_iter().flatten();
                        pins.any(|other| state.is_changed(*other))
                    })
                });
                if pin.is_asked || !had_some || state.gone.contains(&number) || pin.fixed.is_some() {
                    continue;
                }
                if self
                    .needed_by(state, number)?
                    .is_some_and(|names| names.is_empty())
                {
                    gone.push(number);
                }
            }
            if gone.is_empty() {
                return Ok(());
            }
            for number in gone {
                state.moved.remove(&number);
                state.gone.insert(number);
            }
        }
    }
}

fn dependent(who: Who, name: &str, version: &str, need: &Need) -> Dependent {
    Dependent {
        who,
        constraint: Constraint {
            dependent: format!("{name} {version}"),
            name: need.name.clone(),
            range: need.range.clone(),
        },
    }
}
