//! What a new version asks for, and which versions that leads to.

use std::collections::BTreeSet;

use super::graph::{State, Wanted};
use super::planner::{Goal, Planner};
use crate::model::{Release, Requirement, RequirementKind};
use crate::plan::npm_catalogue::{Failure, Rated, is_later};
use crate::plan::{Constraint, Descriptor};

/// A chain of new packages is not followed further than this.
const MAX_DEPTH: usize = 60;
/// So many versions are put somewhere before an upgrade is given up.
const MAX_PUTS: usize = 4_000;
/// So many versions of what is new are tried.
const MAX_CANDIDATES: usize = 8;

/// What leads to what a release asks for.
pub(super) fn descriptor_of(need: &Requirement) -> Descriptor {
    let range = match &need.package {
        None => need.range.clone(),
        Some(package) => format!("npm:{package}@{}", need.range).into(),
    };
    Descriptor::new(need.name.clone(), range)
}

impl Planner<'_> {
    /// The lockfile locks what is needed so.
    pub(super) fn is_need(&self, kind: RequirementKind) -> bool {
        match kind {
            RequirementKind::Runtime | RequirementKind::Optional => true,
            // pnpm does not list what is in the archive.
            RequirementKind::Bundled => !self.described.leads,
            _ => false,
        }
    }

    /// What leads to the peers that the predecessor of `release` has beside it, where these fit: they stay.
    fn peers_of(&self, state: &State, wanted: Wanted, release: &Release) -> Vec<Wanted> {
        let before = state.to(wanted).filter(|_| self.described.leads);
        let Some(before) = before.map(|before| self.table.resolution(before)) else {
            return Vec::new();
        };
        let beside = |peer: &Requirement| {
            let mut needs = before.needs.iter().map(|need| (*need, self.table.asked(*need)));
            let (need, _) = needs.find(|(_, asked)| asked.descriptor.name == peer.name)?;
            let found = self.table.resolution(state.to(need)?);
            self.catalogue.in_range(&peer.range, &found.version).then(|| {
                self.table.wanted(&Descriptor {
                    led: found.id().into(),
                    ..descriptor_of(peer)
                })
            })
        };
        let peers = release.dependencies.iter();
        let peers =
            peers.filter(|one| matches!(one.kind, RequirementKind::Peer | RequirementKind::OptionalPeer));
        peers.filter_map(beside).collect()
    }

    /// Leads what stays beside a package to where it was.
    fn lead_peers(&self, state: &mut State, needs: &[Wanted]) {
        for need in needs
            .iter()
            .filter(|need| self.described.leads && state.to(**need).is_none())
            .copied()
            .collect::<Vec<_>>()
        {
            let asked = self.table.asked(need);
            let mut called = self.table.called(asked.means.package()).into_iter();
            if !asked.descriptor.led.is_empty()
                && let Some(found) =
                    called.find(|found| self.table.resolution(*found).id() == *asked.descriptor.led)
            {
                state.lead(need, found);
            }
        }
    }

    /// Leads `wanted` to `release`, and what that asks for to versions that fit.
    pub(super) fn put(
        &self,
        state: &State,
        wanted: Wanted,
        release: &Release,
        goal: Option<&Goal<'_>>,
        depth: usize,
    ) -> Result<State, Failure> {
        self.puts.set(self.puts.get() + 1);
        if self.puts.get() > MAX_PUTS {
            return Err(Failure::because("Too many other packages would have to come in."));
        }
        let asked = self.table.asked(wanted);
        let needs = || {
            let needs = release.dependencies.iter().filter(|one| self.is_need(one.kind));
            let needs = needs.flat_map(|one| self.with_patch(descriptor_of(one)));
            let needs = needs.map(|one| self.table.wanted(&one));
            needs.chain(self.peers_of(state, wanted, release)).collect()
        };
        let found = self.table.released(asked.means.package(), release, needs);
        let needed = self.table.resolution(found);
        let hopeless = self.hopeless.borrow();
        if let Some(known) = needed.needs.iter().find_map(|need| hopeless.get(need))
            && state.to(wanted) != Some(found)
        {
            return Err(known.clone());
        }
        drop(hopeless);
        let before = state.to(wanted);
        let mut next = state.clone();
        next.lead(wanted, found);
        self.lead_peers(&mut next, &needed.needs);
        let mut asked = BTreeSet::new();
        for need in &needed.needs {
            match self.ensure(&next, *need, goal, depth) {
                Ok(with) => next = with,
                // The others are asked for at once.
                Err(Failure::Ask(names)) => asked.extend(names),
                Err(blocked) => return Err(blocked),
            }
        }
        if !asked.is_empty() {
            return Err(Failure::Ask(asked));
        }
        let locked = before.map(|before| self.table.resolution(before));
        let old = locked.map(|locked| locked.peers.clone()).unwrap_or_default();
        for peer in &self.table.resolution(found).peers {
            let is_refused = |range: &str| {
                let there = self.versions(&next, peer.package());
                !there.is_empty()
                    && !there
                        .iter()
                        .any(|version| self.catalogue.in_range(range, version))
            };
            let was_refused = old
                .iter()
                .any(|old| old.name == peer.name && is_refused(&old.range));
            if is_refused(&peer.range) && !was_refused {
                return Err(Failure::Blocked {
                    by: vec![Constraint {
                        dependent: format!("{} {}", self.table.resolution(found).name, release.version),
                        name: peer.name.to_string(),
                        range: peer.range.to_string(),
                    }],
                    reason: "What it needs beside it is there in another version.".to_owned(),
                });
            }
        }
        Ok(next)
    }

    /// The versions of the package `name` that something leads to, or that one's own modules have.
    pub(super) fn versions(&self, state: &State, name: &str) -> Vec<String> {
        let used = self.table.called(name).into_iter();
        let used = used.filter(|found| state.leads(*found));
        let own = self.described.modules.iter().filter(|module| module.name == name);
        used.map(|found| self.table.resolution(found).version.clone())
            .chain(own.map(|module| module.version.clone()))
            .collect()
    }

    /// Has `wanted`, for which something asks now, lead somewhere: where it leads already, else to what is locked and fits, else to
    /// the newest that may be taken; of a package that is to move to the lowest that helps.
    pub(super) fn ensure(
        &self,
        state: &State,
        wanted: Wanted,
        goal: Option<&Goal<'_>>,
        depth: usize,
    ) -> Result<State, Failure> {
        let asked = self.table.asked(wanted);
        let name = asked.means.package();
        let range = &asked.means.range;
        let is_affected = |version: &str| (self.catalogue.bounds.is_affected)(name, version);
        let moving = goal.and_then(|goal| goal.of(name));
        // Of the package with the finding every version with one is.
        let is_to_leave = |version: &str| {
            moving
                .is_some_and(|goal| goal.version == version || (goal.above.is_none() && is_affected(version)))
        };
        if let Some(found) = state.to(wanted) {
            let resolution = self.table.resolution(found);
            let leaves = is_to_leave(&resolution.version);
            if resolution.is_fixed.is_some()
                || (!leaves && !is_affected(&resolution.version))
                || self.is_still_wanted(state, wanted, leaves)
            {
                return Ok(state.clone());
            }
        }
        if depth >= MAX_DEPTH {
            return Err(Failure::because("Too many other packages would have to come in."));
        }
        self.is_known(&asked)?;
        // What did not help is not tried again for others that ask for it.
        if let Some(known) = self.hopeless.borrow().get(&wanted) {
            return Err(known.clone());
        }
        if let Some(found) = self.ruled(state, &asked.descriptor)? {
            let mut next = state.clone();
            next.lead(wanted, found);
            return Ok(next);
        }
        let modules = self.described.modules.iter();
        let mut own = modules.filter(|module| module.name == *asked.descriptor.name);
        if own.any(|module| self.catalogue.in_range(range, &module.version)) {
            if self.described.lists_modules {
                return Err(Failure::because(format!("{name} is a module of the project.")));
            }
            // The lockfile does not list it.
            return Ok(state.clone());
        }
        let rated = self.catalogue.releases(name)?;
        let fitting: Vec<&Rated<'_>> = rated
            .iter()
            .filter(|rated| self.catalogue.in_range(range, &rated.release.version))
            .collect();
        let locked = self.versions(state, name);
        let is_locked = |rated: &Rated<'_>| locked.iter().any(|version| **version == *rated.release.version);
        let wished: Vec<&Release> = match moving {
            Some(goal) => fitting
                .iter()
                .filter(|rated| is_later(goal.version, &rated.release.version) && (goal.accepts)(rated))
                .map(|rated| rated.release)
                .collect(),
            None => Vec::new(),
        };
        let shared = fitting.iter().rev().filter(|rated| {
            let version = &*rated.release.version;
            is_locked(rated) && !is_affected(version) && !is_to_leave(version)
        });
        let shared = shared.map(|rated| rated.release);
        let newest = fitting
            .iter()
            .rev()
            .filter(|rated| rated.is_good && !is_locked(rated));
        let newest = newest.map(|rated| rated.release);
        // What is locked with an advisory is no worse than before, unless it is what is to leave.
        let known = fitting.iter().rev().filter(|rated| {
            let version = &*rated.release.version;
            is_locked(rated) && is_affected(version) && !is_to_leave(version)
        });
        let known = known.map(|rated| rated.release);
        let order = wished.into_iter().chain(shared).chain(newest);
        let mut failure = None;
        for release in order.take(MAX_CANDIDATES).chain(known.take(1)) {
            match self.put(state, wanted, release, goal, depth + 1) {
                Ok(next) => return Ok(next),
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        let failure = match failure {
            Some(failure) => failure,
            None => Failure::because(self.catalogue.none_of(name, range)?),
        };
        self.hopeless.borrow_mut().insert(wanted, failure.clone());
        Err(failure)
    }

    /// Something asks for `wanted`; where it leads to a version that `leaves`, only what leads where it led before the plan counts.
    fn is_still_wanted(&self, state: &State, wanted: Wanted, leaves: bool) -> bool {
        let Some(before) = self.memory.before.get().filter(|_| leaves) else {
            return state.live(self.table).wants(wanted);
        };
        let mut open: Vec<Wanted> = state.own.iter().flat_map(|needs| needs.iter().copied()).collect();
        let mut seen = BTreeSet::new();
        while let Some(asked) = open.pop() {
            if asked == wanted {
                return true;
            }
            if let Some(found) = state.to(asked)
                && before.to(asked) == Some(found)
                && seen.insert(asked)
            {
                open.extend(self.table.resolution(found).needs.iter().copied());
            }
        }
        false
    }
}
