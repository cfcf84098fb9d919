//! Exchanging a package for another version: inside of all ranges, else with what needs it, else by leaving.

use std::cell::OnceCell;

use super::planner::Planner;
use super::state::State;
use super::tree::{Dependent, Node, folder_name};
use crate::model::{Release, Requirement, RequirementKind};
use crate::plan::npm_catalogue::{Accepts, Failure, Rated, is_later, wider};
use crate::plan::{Constraint, Strategy};
use crate::version::Scheme as _;
use crate::version::npm::Npm;

/// A chain of dependents is not followed further than this.
const MAX_DEPTH: usize = 12;
/// So many versions are tried before a package is given up: inside of all ranges, and where dependents have to move.
const MAX_CANDIDATES: usize = 20;
const MAX_MOVING: usize = 6;
/// So many upgrades are tried for one folder.
const MAX_TRIED: usize = 150;

impl Planner<'_> {
    /// Exchanges the package at `place` for the lowest later version that `accepts` takes, else has everything move that needs
    /// it, so far that nothing does any more.
    pub(super) fn upgrade(
        &self,
        state: &State,
        place: &str,
        accepts: Accepts<'_>,
        depth: usize,
    ) -> Result<(State, Strategy), Failure> {
        self.tried.set(self.tried.get() + 1);
        if depth >= MAX_DEPTH || self.tried.get() > MAX_TRIED || self.is_given_up(state) {
            return Err(Failure::because("Too many other packages would have to move."));
        }
        // Nothing has changed since it was to move: what needs it and what it needs wait for each other.
        let step = (place.to_owned(), state.fingerprint());
        if self.moving.borrow().contains(&step) {
            return Err(Failure::because(
                "Packages that need each other would have to move together.",
            ));
        }
        self.moving.borrow_mut().push(step);
        let moved = self
            .exchange(state, place, accepts, depth)
            .or_else(|failure| match failure {
                Failure::Ask(_) => Err(failure),
                Failure::Crowded(_) | Failure::Blocked { .. } => match self.leave(state, place, depth) {
                    Ok((next, _)) => Ok((next, Strategy::Parent)),
                    Err(Failure::Ask(names)) => Err(Failure::Ask(names)),
                    Err(Failure::Crowded(_) | Failure::Blocked { .. }) => Err(failure),
                },
            });
        self.moving.borrow_mut().pop();
        moved
    }

    /// Has everything that needs the package at `place` do without it, and says what does not.
    pub(super) fn without(&self, state: &State, place: &str) -> Result<(State, Strategy), Failure> {
        let failure = match self.leave(state, place, 0) {
            Err(failure @ (Failure::Crowded(_) | Failure::Blocked { .. })) => failure,
            done_or_question => return done_or_question,
        };
        let dependents = state.tree.dependents(place);
        let own = dependents.iter().find(|dependent| dependent.node.is_own);
        let by = dependents.iter().map(constraint).collect();
        let reason = match own {
            Some(own) => format!(
                "{} asks for it by name: take it out there, or put another package in its place.",
                own.node.label(own.place)
            ),
            None => {
                let (_, reason) = failure.into_reason();
                format!("It ends with versions of what needs it that do without it. {reason}")
            }
        };
        Err(Failure::Blocked { by, reason })
    }

    /// Has everything that needs the package at `place` move to a version that does not.
    fn leave(&self, state: &State, place: &str, depth: usize) -> Result<(State, Strategy), Failure> {
        let name = folder_name(place).to_owned();
        let mut next = state.clone();
        let mut strategy = Strategy::Parent;
        while next.tree.node(place).is_some() {
            let dependents = next.tree.dependents(place);
            let Some(dependent) = dependents.first() else {
                return Err(Failure::because("Nothing needs it."));
            };
            if dependent.node.is_own || dependent.node.is_fixed.is_some() {
                return Err(Failure::because("One's own manifest needs it."));
            }
            let at = dependent.place.to_owned();
            let helps = |rated: &Rated<'_>| {
                rated.is_good && rated.release.dependencies.iter().all(|asks| *asks.name != *name)
            };
            let (moved, means) = self.upgrade(&next, &at, &helps, depth + 1)?;
            next = moved;
            strategy = strategy.max(means);
            next.drop_unneeded(&state.tree);
        }
        Ok((next, strategy))
    }

    /// Exchanges the package at `place` for the lowest later version that `accepts` takes.
    fn exchange(
        &self,
        state: &State,
        place: &str,
        accepts: Accepts<'_>,
        depth: usize,
    ) -> Result<(State, Strategy), Failure> {
        let Some(node) = state.tree.node(place).cloned() else {
            return Ok((state.clone(), Strategy::InRange));
        };
        if let Some(reason) = node.is_fixed {
            return Err(Failure::because(format!(
                "{} {} stays: {reason}.",
                node.name, node.version
            )));
        }
        if self.overrides.others.contains(&node.name) {
            return Err(Failure::because(format!(
                "`overrides` in package.json decide about {}: change them there.",
                node.name
            )));
        }
        let mut later: Vec<&Release> = self
            .catalogue
            .releases(&node.name)?
            .iter()
            .rev()
            // They are sorted.
            .take_while(|rated| is_later(&node.version, &rated.release.version))
            .filter(|rated| accepts(rated))
            // A pre-release only follows another.
            .filter(|rated| !Npm.is_prerelease(&rated.release.version) || Npm.is_prerelease(&node.version))
            .map(|rated| rated.release)
            .collect();
        later.reverse();
        let dependents = state.tree.dependents(place);
        // How far a package goes that others ask for is for those to say.
        let is_direct = dependents.iter().any(|dependent| dependent.node.is_own);
        let override_key = (None, node.name.clone());
        let own_override = state
            .overrides
            .get(&override_key)
            .filter(|_| self.overrides.plain.contains_key(&node.name));
        let near = |release: &&Release| {
            !(is_direct || own_override.is_some())
                || Npm.distance(&node.version, &release.version) <= self.catalogue.bounds.level
        };
        let (candidates, far): (Vec<&Release>, Vec<&Release>) = later.into_iter().partition(near);
        let Some(lowest) = candidates.first().or(far.first()) else {
            return Err(Failure::because(
                self.catalogue.none_later((&node.name, &node.version), accepts)?,
            ));
        };
        let alone = OnceCell::new();
        let refusing = |release: &Release| -> Vec<&Dependent<'_>> {
            let refuses = |dependent: &&Dependent<'_>| {
                !self.takes(dependent, release)
                    && !self.is_moved_by(state, place, release, dependent.place)
                    && !alone
                        .get_or_init(|| state.needed_alone_by(place))
                        .contains(dependent.place)
            };
            dependents.iter().filter(refuses).collect()
        };
        let in_range: Vec<&&Release> = candidates
            .iter()
            .filter(|release| refusing(release).is_empty())
            .take(MAX_CANDIDATES)
            .collect();
        let mut failure = None;
        for release in in_range {
            match self.put_for_all(state, (place, &node.name), release, depth) {
                Ok((next, means)) => return Ok((next, means.unwrap_or(Strategy::InRange))),
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        let Some(nearest) = candidates.first() else {
            return Err(Failure::because(format!(
                "{} {} would help, and is further away than `--level {}` goes.",
                node.name,
                lowest.version,
                self.catalogue.bounds.level.as_str()
            )));
        };
        // What others ask for does not count.
        if let Some(range) = own_override {
            return self.raised(state, (&node.name, range), &candidates, depth);
        }
        let refused = |release: &Release| -> Vec<Constraint> {
            refusing(release).into_iter().map(constraint).collect()
        };
        let mut failure: Option<Failure> = None;
        for (number, release) in candidates.iter().enumerate().take(MAX_MOVING) {
            let rest = candidates.get(number..).unwrap_or_default();
            match self.move_dependents(state, place, &refusing(release), rest, depth) {
                Ok(moved) => return Ok(moved),
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        let mut by = refused(nearest);
        let (further, reason) = failure
            .unwrap_or_else(|| Failure::because("No version helps."))
            .into_reason();
        let further: Vec<Constraint> = further.into_iter().filter(|one| !by.contains(one)).collect();
        by.extend(further);
        Err(Failure::Blocked { by, reason })
    }

    /// Has those who refuse every one of `candidates` move so far that they accept one, and puts that at `place`.
    fn move_dependents(
        &self,
        state: &State,
        place: &str,
        refusing: &[&Dependent<'_>],
        candidates: &[&Release],
        depth: usize,
    ) -> Result<(State, Strategy), Failure> {
        if depth >= MAX_DEPTH {
            return Err(Failure::because(
                "The chain of dependents is too long to be followed.",
            ));
        }
        let name = folder_name(place).to_owned();
        let mut next = state.clone();
        let mut strategy = Strategy::Parent;
        for dependent in refusing {
            if dependent.node.is_own {
                strategy = Strategy::Manifest;
                self.widen(&mut next, dependent, candidates)?;
                continue;
            }
            // A dependent that does not need it any more helps as well.
            let helps = |rated: &Rated<'_>| {
                let asks = rated.release.dependencies.iter().find(|asks| *asks.name == *name);
                let is_in = |asks: &Requirement| {
                    candidates
                        .iter()
                        .take(MAX_CANDIDATES)
                        .any(|candidate| self.catalogue.in_range(&asks.range, &candidate.version))
                };
                rated.is_good && asks.is_none_or(is_in)
            };
            let at = dependent.place.to_owned();
            let (moved, means) = self.upgrade(&next, &at, &helps, depth + 1)?;
            next = moved;
            strategy = strategy.max(means);
        }
        // Moving them may have moved it, or left nothing that needs it.
        next.drop_unneeded(&state.tree);
        let is_done = match (next.tree.node(place), state.tree.node(place)) {
            (Some(now), Some(then)) => now.version != then.version,
            (None, _) | (_, None) => true,
        };
        if is_done {
            return Ok((next, strategy));
        }
        let dependents = next.tree.dependents(place);
        let fits = |release: &&&Release| {
            dependents.iter().all(|dependent| {
                self.takes(dependent, release) || self.is_moved_by(&next, place, release, dependent.place)
            })
        };
        let Some(release) = candidates.iter().find(fits) else {
            return Err(Failure::because(
                "No version is in all of these ranges, also where dependents move.",
            ));
        };
        let name = next.tree.node(place).map(|node| node.name.clone());
        let named = (place, &*name.unwrap_or_default());
        let (next, means) = self.put_for_all(&next, named, release, depth)?;
        Ok((next, means.map_or(strategy, |means| strategy.max(means))))
    }

    /// Puts `release` at `place`, and has everything move that does not take it then; by what means, if anything had to.
    fn put_for_all(
        &self,
        state: &State,
        (place, name): (&str, &str),
        release: &Release,
        depth: usize,
    ) -> Result<(State, Option<Strategy>), Failure> {
        let mut next = self.put(state, place, name, release, depth)?;
        let is_whole = |next: &State| {
            let dependents = next.tree.dependents(place);
            dependents.iter().all(|dependent| self.takes(dependent, release))
        };
        if is_whole(&next) {
            return Ok((next, None));
        }
        // What only the package that was here needed.
        next.drop_unneeded(&state.tree);
        let dependents = next.tree.dependents(place);
        let refusing: Vec<&Dependent<'_>> = dependents
            .iter()
            .filter(|dependent| !self.takes(dependent, release))
            .collect();
        if refusing.is_empty() {
            return Ok((next, None));
        }
        let (moved, means) = self.move_dependents(&next, place, &refusing, &[release], depth + 1)?;
        match is_whole(&moved) {
            true => Ok((moved, Some(means))),
            false => Err(Failure::because(
                "No version is in all of these ranges, also where dependents move.",
            )),
        }
    }

    /// The dependent is content with `release`.
    fn takes(&self, dependent: &Dependent<'_>, release: &Release) -> bool {
        self.catalogue
            .in_range(&dependent.requirement.range, &release.version)
    }

    /// `release` at `place` needs another version of the package locked at `other`: both are upgraded together.
    fn is_moved_by(&self, state: &State, place: &str, release: &Release, other: &str) -> bool {
        let node = state.tree.node(other);
        let Some(node) = node.filter(|node| node.is_fixed.is_none() && !node.is_own) else {
            return false;
        };
        release.dependencies.iter().any(|asks| {
            *asks.name == *folder_name(other)
                && matches!(asks.kind, RequirementKind::Runtime | RequirementKind::Optional)
                && state.tree.resolve(place, &asks.name) == Some(other)
                && !self.catalogue.in_range(&asks.range, &node.version)
        })
    }

    /// Has a manifest of one's own ask for a range with the lowest of `candidates` in it.
    fn widen(
        &self,
        state: &mut State,
        dependent: &Dependent<'_>,
        candidates: &[&Release],
    ) -> Result<(), Failure> {
        let Some(lowest) = candidates.first() else {
            return Err(Failure::because("No version helps."));
        };
        if !self.catalogue.bounds.manifests.change_ranges() {
            return Err(Failure::because(format!(
                "{} {} would help, and {} is not to be changed.",
                dependent.requirement.name,
                lowest.version,
                dependent.node.label(dependent.place)
            )));
        }
        let old = dependent.requirement.range.to_string();
        let Some(new) = wider(&old, &lowest.version) else {
            return Err(Failure::because(format!(
                "{} asks for {} {old}, which is no plain range that could be changed.",
                dependent.node.label(dependent.place),
                dependent.requirement.name
            )));
        };
        let mut requirements = dependent.node.requirements.clone();
        for requirement in &mut requirements {
            if requirement.name == dependent.requirement.name && *requirement.range == *old {
                requirement.range = new.as_str().into();
            }
        }
        state.tree.put(
            dependent.place,
            Node {
                name: dependent.node.name.clone(),
                version: dependent.node.version.clone(),
                link: None,
                is_own: true,
                is_fixed: dependent.node.is_fixed,
                requirements,
                release: None,
            },
        );
        let key = (dependent.place.to_owned(), dependent.requirement.name.to_string());
        state
            .ranges
            .entry(key)
            .and_modify(|(_, latest)| latest.clone_from(&new))
            .or_insert((old, new));
        Ok(())
    }
}

fn constraint(dependent: &Dependent<'_>) -> Constraint {
    Constraint {
        dependent: dependent.node.label(dependent.place),
        name: dependent.requirement.name.to_string(),
        range: dependent.requirement.range.to_string(),
    }
}
