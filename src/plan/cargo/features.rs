//! Which features of a package are on: a lockfile does not say it, and what a package needs depends on it.
//!
//! All that need the package add features to it, with all targets at once. They are followed upwards only as far as they can
//! matter: to the packages that have a feature which passes one on, and no further than to those of one's own, of which
//! members have all of theirs on. What is locked, and what the plan made of it so far, is evidence: a feature that wants a dependency which is
//! not there is off.

use std::collections::BTreeSet;

use super::planner::{Asked, Failure, Planner};
use super::state::State;
use crate::lockfile::cargo_lock::declared::{Declared, Dependency, Switched};
use crate::lockfile::cargo_lock::locked::CrateId;

/// What a package of the feature `default` is called.
const DEFAULT: &str = "default";

/// Features are followed through at most so many packages.
const MAX_DEPTH: usize = 60;

impl Planner<'_> {
    /// What the features of a package switch on, as far as it matters for a lockfile.
    pub(super) fn switched(&self, state: &State, id: &CrateId) -> Result<Switched, Failure> {
        let declared = self.declared(id)?;
        if self.is_member(id) {
            return Ok(declared.switched(declared.features()));
        }
        let telling = declared.telling();
        if telling.is_empty() {
            return Ok(Switched::default());
        }
        let given = self.given(state, id, &telling, &mut Vec::new())?;
        Ok(declared.switched(given.iter().map(String::as_str)))
    }

    /// The dependencies of a package that are locked, with `switched` on.
    pub(super) fn active<'d>(
        &self,
        id: &CrateId,
        declared: &'d Declared,
        switched: &Switched,
    ) -> Vec<&'d Dependency> {
        let is_active = |dependency: &&Dependency| {
            let is_wanted = !dependency.is_optional || switched.wanted.contains(&dependency.name);
            is_wanted && self.counts(id, dependency)
        };
        declared.dependencies.iter().filter(is_active).collect()
    }

    /// Those of the features `asked` that all who need the package give it.
    fn given(
        &self,
        state: &State,
        id: &CrateId,
        asked: &BTreeSet<&str>,
        way: &mut Vec<CrateId>,
    ) -> Result<BTreeSet<String>, Failure> {
        if way.len() > MAX_DEPTH {
            return Err(Failure::because(
                "The features of a package are passed on too often.",
            ));
        }
        let users = state.users(id);
        let mut open = Asked::default();
        for user in users.iter() {
            open.add(self, user);
        }
        open.done()?;
        let (mut given, mut open) = (BTreeSet::new(), Asked::default());
        way.push(id.clone());
        for user in users.iter().filter(|user| *user != id) {
            let by_user = self.given_by(state, user, id, asked, way);
            given.extend(open.gather(by_user)?.unwrap_or_default());
        }
        way.pop();
        open.done()?;
        Ok(given)
    }

    /// All features that `users` give to `id`.
    pub(super) fn given_by_all(
        &self,
        state: &State,
        id: &CrateId,
        users: &[CrateId],
    ) -> Result<BTreeSet<String>, Failure> {
        let declared = self.declared(id)?;
        let asked: BTreeSet<&str> = declared.telling();
        let mut given = BTreeSet::new();
        for user in users {
            given.extend(self.given_by(state, user, id, &asked, &mut vec![id.clone()])?);
        }
        Ok(given)
    }

    /// What is switched on by those users of a package of which everything is known.
    pub(super) fn switched_by_known(&self, state: &State, id: &CrateId, declared: &Declared) -> Switched {
        let asked = declared.telling();
        let mut given = BTreeSet::new();
        for user in state.users(id).iter().filter(|user| !self.is_unasked(user)) {
            if let Ok(by_user) = self.given_by(state, user, id, &asked, &mut vec![id.clone()]) {
                given.extend(by_user);
            }
        }
        declared.switched(given.iter().map(String::as_str))
    }

    /// Those of the features `asked` that `user` gives to `id`.
    fn given_by(
        &self,
        state: &State,
        user: &CrateId,
        id: &CrateId,
        asked: &BTreeSet<&str>,
        way: &mut Vec<CrateId>,
    ) -> Result<BTreeSet<String>, Failure> {
        self.step()?;
        let declared = self.declared(user)?;
        let leading = self.leading(state, (user, &declared), id);
        if leading.is_empty() {
            return Err(Failure::because(format!(
                "The lockfile has {} need {id}, which it does not ask for.",
                self.label(user)
            )));
        }
        let mut given = BTreeSet::new();
        for dependency in &leading {
            // One of several may not be what the package is there for.
            if dependency.is_optional && leading.len() > 1 {
                let wishing = declared.wishing(&dependency.name);
                if self.on(state, user, &declared, &wishing, way)?.is_empty() {
                    continue;
                }
            }
            given.extend(direct(dependency).filter(|feature| asked.contains(feature.as_str())));
            let passing = declared.passing(&dependency.name, asked);
            let on = self.on(state, user, &declared, &passing, way)?;
            let switched = declared.passed_by(on.iter().map(String::as_str), &dependency.name);
            given.extend(
                switched
                    .into_iter()
                    .filter(|feature| asked.contains(feature.as_str())),
            );
        }
        Ok(given)
    }

    /// Those of the features `asked` of a package that are on.
    fn on(
        &self,
        state: &State,
        id: &CrateId,
        declared: &Declared,
        asked: &BTreeSet<&str>,
        way: &mut Vec<CrateId>,
    ) -> Result<BTreeSet<String>, Failure> {
        if asked.is_empty() {
            return Ok(BTreeSet::new());
        }
        if self.is_member(id) {
            return Ok(asked.iter().map(|feature| (*feature).to_owned()).collect());
        }
        // Members that need each other close a circle; others cannot.
        if way.contains(id) {
            return Ok(BTreeSet::new());
        }
        let mut leading = declared.leading_to(asked);
        if self.before.has(id) {
            // What came with a user that is new is evidence as well.
            let (was, is) = (self.before.needs(id), state.needs(id));
            leading.retain(|feature| {
                let wanted = declared.switched([*feature]).wanted;
                let is_there = |name: &String| {
                    let mut named = declared.dependencies.iter().filter(|one| one.name == *name);
                    named.any(|one| was.iter().chain(is.iter()).any(|need| *need.name == *one.package))
                };
                wanted.iter().all(is_there)
            });
        }
        if leading.is_empty() {
            return Ok(BTreeSet::new());
        }
        let given = self.given(state, id, &leading, way)?;
        let on = declared.switched(given.iter().map(String::as_str)).on;
        Ok(on
            .into_iter()
            .filter(|feature| asked.contains(feature.as_str()))
            .collect())
    }
}

/// The features that a dependency asks for itself.
pub(super) fn direct(dependency: &Dependency) -> impl Iterator<Item = String> {
    let default = dependency.has_defaults.then(|| DEFAULT.to_owned());
    dependency.features.iter().cloned().chain(default)
}

/// A feature that `dependency` asks for and a package with `declared` does not have.
pub(super) fn lacking(dependency: &Dependency, declared: &Declared) -> Option<String> {
    let asked = dependency.features.iter();
    let mut lacking = asked.filter(|feature| !declared.has_feature(feature));
    lacking.next().cloned()
}

/// The features that a dependency gives, with `switched` on in the package that asks.
pub(super) fn gives(dependency: &Dependency, switched: &Switched) -> BTreeSet<String> {
    let passed = switched.passed.get(&dependency.name).cloned().unwrap_or_default();
    direct(dependency).chain(passed).collect()
}
