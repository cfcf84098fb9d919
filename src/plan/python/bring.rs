//! Putting a version in its place, with what it needs: what is locked moves where it has to, what is not comes in.

use std::collections::BTreeSet;

use super::Need;
use super::environments::Set;
use super::planner::{Dependent, Planner, Rated, nothing_asked};
use super::project::{Extras, Others, Platforms};
use super::search::{Aim, MAX_CANDIDATES, MAX_DEPTH, Taken};
use super::state::{Added, State};
use crate::lockfile::grammar::marker::Marker;
use crate::model::Release;
use crate::plan::failure::Failure;
use crate::plan::{Bounds, Constraint};
use crate::version::Scheme as _;
use crate::version::pep440::Pep440;
use crate::version::range::pep440;

impl Planner<'_> {
    /// Has the pin hold `release`, and brings what that needs.
    pub(super) fn put(
        &self,
        state: &State,
        number: usize,
        release: &Release,
        depth: usize,
    ) -> Result<State, Failure> {
        let name = &self.pin(number).name;
        let mut next = state.clone();
        next.moved.insert(number, release.version.to_string());
        let mut asked = BTreeSet::new();
        let scope = self.scope(number).map_err(|failure| failure.or_ask(&mut asked));
        let metadata = match self.metadata(name, &release.version) {
            Ok(metadata) => Some(metadata),
            Err(failure) => {
                failure.or_ask(&mut asked)?;
                None
            }
        };
        nothing_asked(asked)?;
        let (Ok(scope), Some(metadata)) = (scope, metadata) else {
            return Err(Failure::because(format!(
                "What {name} needs could not be learnt."
            )));
        };
        let from = (name.as_str(), self.pin(number).marker.as_str());
        let next = self.with_needs(
            next,
            &metadata.needs,
            &scope.environments,
            &scope.extras,
            from,
            depth,
        )?;
        let mut next = next;
        self.settle(&mut next)?;
        Ok(next)
    }

    /// Brings what `needs` say.
    fn with_needs(
        &self,
        mut state: State,
        needs: &[Need],
        environments: &Set,
        extras: &BTreeSet<String>,
        from: (&str, &str),
        depth: usize,
    ) -> Result<State, Failure> {
        let mut asked = BTreeSet::new();
        for need in needs {
            let active = self.active(need, environments, extras);
            if active.is_empty() || need.name == from.0 {
                continue;
            }
            match self.fulfil(&state, need, (&active, environments), from, depth) {
                Ok(next) => state = next,
                Err(failure) => failure.or_ask(&mut asked)?,
            }
        }
        nothing_asked(asked)?;
        Ok(state)
    }

    /// Has `need` be locked where it counts, in `active` of the `environments` of its dependent.
    fn fulfil(
        &self,
        state: &State,
        need: &Need,
        (active, environments): (&Set, &Set),
        (dependent, marker): (&str, &str),
        depth: usize,
    ) -> Result<State, Failure> {
        let mut next = self.revived(state, &need.name, active, depth)?;
        let pins: Vec<usize> = self
            .pins_of(&next, &need.name)
            .filter(|pin| self.meant(*pin).meets(active))
            .collect();
        if pins.iter().any(|pin| next.leaving.contains(pin)) {
            return Err(Failure::because(format!(
                "{dependent} would need {} again.",
                need.name
            )));
        }
        let mut open = active.clone();
        for pin in &pins {
            open = open.without(&self.meant(*pin));
            next = self.fit(next, need, *pin, dependent, depth)?;
        }
        if need.is_located {
            return match pins.is_empty() && self.project.others == Others::ComeIn {
                true => Err(Failure::because(format!(
                    "{dependent} would need {} from an address.",
                    need.name
                ))),
                false => Ok(next),
            };
        }
        if pins.is_empty() {
            return match self.project.others {
                Others::ComeIn => self.bring(next, need, (active, environments), (dependent, marker), depth),
                Others::AreFound => Ok(next),
            };
        }
        if !open.is_empty()
            && self.project.platforms == Platforms::All
            && self.project.others == Others::ComeIn
        {
            return Err(Failure::because(format!(
                "{} is locked for other environments than those in which {dependent} would need it.",
                need.name
            )));
        }
        Ok(next)
    }

    /// With the pins of the name that had left because nothing needed them: now something does again.
    fn revived(&self, state: &State, name: &str, active: &Set, depth: usize) -> Result<State, Failure> {
        let mut next = state.clone();
        let gone = state.gone.iter().copied();
        let gone = gone.filter(|pin| self.pin(*pin).name == name && self.meant(*pin).meets(active));
        for pin in gone.collect::<Vec<usize>>() {
            if state.leaving.contains(&pin) {
                return Err(Failure::because(format!("{name} would be needed again.")));
            }
            next.gone.remove(&pin);
            let own = self.pin(pin);
            let metadata = self.metadata(name, &own.version)?;
            let scope = self.scope(pin)?;
            let from = (name, own.marker.as_str());
            next = self.with_needs(
                next,
                &metadata.needs,
                &scope.environments,
                &scope.extras,
                from,
                depth + 1,
            )?;
        }
        Ok(next)
    }

    /// Has the pin hold what `need` asks for.
    fn fit(
        &self,
        state: State,
        need: &Need,
        pin: usize,
        dependent: &str,
        depth: usize,
    ) -> Result<State, Failure> {
        let version = self.version(&state, pin);
        let mut next = state.clone();
        if !need.is_located && !Self::in_range(&need.range, version) {
            let helps = |release: &Release| Ok(Self::in_range(&need.range, &release.version));
            let aim = Aim {
                taken: Taken::Newest,
                is_usable: &|rated| rated.is_good,
                helps: &helps,
            };
            let refused = |failure| match failure {
                asks @ Failure::Ask(_) => asks,
                Failure::Blocked { mut by, reason } => {
                    let constraint = Constraint {
                        dependent: dependent.to_owned(),
                        name: need.name.clone(),
                        range: need.range.clone(),
                    };
                    if !by.contains(&constraint) {
                        by.insert(0, constraint);
                    }
                    Failure::Blocked { by, reason }
                }
            };
            if depth + 1 >= MAX_DEPTH {
                return Err(Failure::because("Too many other packages would have to move."));
            }
            self.tried.set(self.tried.get() + 1);
            next = self.exchange(&state, pin, &aim, depth + 1).map_err(refused)?.0;
        }
        let scope = self.scope_of_extras(pin, need)?;
        let Some(extras) = scope else { return Ok(next) };
        // What only these extras need.
        let name = self.pin(pin).name.clone();
        let metadata = self.metadata(&name, self.version(&next, pin))?;
        let here = self.meant(pin);
        let marker = self.pin(pin).marker.as_str();
        self.with_needs(next, &metadata.needs, &here, &extras, (&name, marker), depth + 1)
    }

    /// The extras that `need` asks for beyond those that the pin has.
    fn scope_of_extras(&self, pin: usize, need: &Need) -> Result<Option<BTreeSet<String>>, Failure> {
        if need.extras.is_empty() || self.project.others == Others::AreFound {
            return Ok(None);
        }
        let scope = self.scope(pin)?;
        let is_new = !need.extras.is_subset(&scope.extras);
        match (is_new, self.project.extras) {
            (true, Extras::Written) => {
                let extras: Vec<&str> = need.extras.iter().map(String::as_str).collect();
                let (name, extras) = (&need.name, extras.join(", "));
                Err(Failure::because(format!(
                    "{name} would be needed with extras that are not locked: {extras}."
                )))
            }
            (true, Extras::PerhapsNot) => Ok(Some(need.extras.clone())),
            (false, _) => Ok(None),
        }
    }

    /// Brings a package that is not locked: the newest version in range.
    fn bring(
        &self,
        state: State,
        need: &Need,
        (active, environments): (&Set, &Set),
        (dependent, marker): (&str, &str),
        depth: usize,
    ) -> Result<State, Failure> {
        if let Some(known) = state.added.get(&need.name) {
            let is_enough = known.environments.covers(active) && need.extras.is_subset(&known.extras);
            return match (Self::in_range(&need.range, &known.version), is_enough) {
                (true, true) => Ok(state),
                (true, false) => {
                    let mut next = state.clone();
                    let known = known.clone();
                    let joined = Added {
                        environments: known.environments.or(active),
                        extras: known.extras.union(&need.extras).cloned().collect(),
                        marker: either(&known.marker, &self.marker_of(need, active, environments, marker)),
                        version: known.version.clone(),
                    };
                    let metadata = self.metadata(&need.name, &joined.version)?;
                    next.added.insert(need.name.clone(), joined.clone());
                    let from = (need.name.as_str(), joined.marker.as_str());
                    self.with_needs(
                        next,
                        &metadata.needs,
                        &joined.environments,
                        &joined.extras,
                        from,
                        depth + 1,
                    )
                }
                (false, _) => Err(Failure::because(format!(
                    "{dependent} needs {}{}, and {} comes in for another package.",
                    need.name, need.range, known.version
                ))),
            };
        }
        if depth >= MAX_DEPTH {
            return Err(Failure::because("Too many other packages would have to come in."));
        }
        let asks_for_prereleases = pep440::asks_for_prereleases(&need.range).unwrap_or(false);
        let own = self.all_ranges(&state, &need.name, active)?;
        let rated = self.rated(&need.name)?;
        let good = rated.iter().rev().filter(|rated| {
            let version = &rated.release.version;
            rated.is_good
                && Self::in_range(&need.range, version)
                && own.iter().all(|one| self.takes(one, version))
                && (asks_for_prereleases || !Pep440.is_prerelease(version))
                && self.runs(rated.release, active)
        });
        let mut failure = None;
        for rated in good.take(MAX_CANDIDATES) {
            let version = rated.release.version.to_string();
            let metadata = match self.metadata(&need.name, &version) {
                Ok(metadata) => metadata,
                Err(asks @ Failure::Ask(_)) => return Err(asks),
                Err(blocked) => {
                    failure = failure.or(Some(blocked));
                    continue;
                }
            };
            let added = Added {
                version,
                environments: active.clone(),
                extras: need.extras.clone(),
                marker: self.marker_of(need, active, environments, marker),
            };
            let mut next = state.clone();
            next.added.insert(need.name.clone(), added.clone());
            let from = (need.name.as_str(), added.marker.as_str());
            match self.with_needs(next, &metadata.needs, active, &added.extras, from, depth + 1) {
                Ok(next) => return Ok(next),
                Err(asks @ Failure::Ask(_)) => return Err(asks),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or_else(|| Failure::Blocked {
            by: vec![Constraint {
                dependent: dependent.to_owned(),
                name: need.name.clone(),
                range: need.range.clone(),
            }],
            reason: none_of(self.bounds, &rated, need),
        }))
    }

    /// What one's own files, and what has moved or come in, ask for a package that is not locked.
    fn all_ranges(&self, state: &State, name: &str, here: &Set) -> Result<Vec<Dependent>, Failure> {
        let mut all = self.own_ranges(state, name, here);
        for pin in state.moved.keys() {
            all.extend(self.asked_by(state, *pin, name, here)?);
        }
        for by in state.added.keys() {
            all.extend(self.asked_by_added(state, by, name, here)?);
        }
        Ok(all)
    }

    /// The marker under which something comes in: that of its dependent, and that of the need where it is not always needed.
    fn marker_of(&self, need: &Need, active: &Set, environments: &Set, marker: &str) -> String {
        let own = without_extras(&need.marker);
        match (active.covers(environments) || own.is_empty(), marker) {
            (true, marker) => marker.to_owned(),
            (false, "") => own,
            (false, marker) => format!("({marker}) and ({own})"),
        }
    }
}

/// Why no version is taken for `need`.
fn none_of(bounds: &Bounds<'_>, rated: &[Rated<'_>], need: &Need) -> String {
    let is_young = |rated: &&Rated<'_>| {
        rated.is_clean && !rated.is_good && Planner::in_range(&need.range, &rated.release.version)
    };
    match rated.iter().rev().find(is_young) {
        Some(young) => bounds.too_new(&need.name, young.release),
        None => format!(
            "The index has no version of {} in that range that may be taken.",
            need.name
        ),
    }
}

/// The marker without what it says of extras; empty where nothing else is in it.
fn without_extras(marker: &str) -> String {
    match Marker::read(marker) {
        Ok(read) if read.asks_for_extras() => read
            .without_extras()
            .map_or_else(String::new, |rest| rest.to_string()),
        Ok(_) | Err(_) => marker.to_owned(),
    }
}

fn either(left: &str, right: &str) -> String {
    match left.is_empty() || right.is_empty() {
        true => String::new(),
        false if left == right => left.to_owned(),
        false => format!("({left}) or ({right})"),
    }
}
