//! The search for versions in which every need is met.

use super::catalogue::is_later;
use super::state::{State, Unmet, Who};
use super::{Planner, Tried};
use crate::model::Release;
use crate::plan::failure::Failure;
use crate::plan::{Strategy, Wish};
use crate::version::Scheme as _;
use crate::version::range::RangeSyntax as _;
use crate::version::range::rubygems::{Rubygems as Range, asks_for_prereleases, clauses};
use crate::version::rubygems::Rubygems;

/// So many needs are repaired one behind the other.
const MAX_DEPTH: usize = 60;
/// So many versions of a gem are tried.
const MAX_CANDIDATES: usize = 12;
/// So many states are looked at for one wish and one of the means.
const MAX_STEPS: usize = 1500;

/// What may be done with the ranges of the manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ranges {
    /// The manifest stays.
    Stay,
    /// It may ask for others.
    Change,
}

impl Planner<'_> {
    /// Another version of the gem of `wish`.
    pub(super) fn upgrade(&self, state: &State, wish: &Wish) -> Tried {
        let gem = self.bundle.gems.get(&wish.name);
        if let Some(reason) = gem.and_then(|gem| gem.is_fixed.as_ref()) {
            return Err(Failure::because(format!(
                "{} {} stays: {reason}.",
                wish.name, wish.version
            )));
        }
        let users = self.users(state, &wish.name);
        let gems = users.iter().filter_map(|(who, _)| match who {
            Who::Gem(name) => Some(name.as_str()),
            Who::Root(_) => None,
        });
        self.catalogue
            .know(gems.chain(std::iter::once(wish.name.as_str())))?;
        let helping = self.helping(wish)?;
        let is_taken = |release: &Release| {
            let mut ranges = users.iter().map(|(_, range)| range);
            ranges.all(|range| self.catalogue.in_range(range, &release.version))
        };
        let near: Vec<&str> = helping
            .iter()
            .filter(|release| self.is_near(&wish.name, &wish.version, &release.version))
            .map(|release| release.version.as_str())
            .collect();
        let in_range = helping.iter().filter(|release| is_taken(release));
        let in_range = in_range.map(|release| release.version.as_str());
        let in_range: Vec<&str> = in_range.filter(|version| near.contains(version)).collect();
        let means: [(&[&str], Ranges, Strategy); 3] = [
            (&in_range, Ranges::Stay, Strategy::InRange),
            (&near, Ranges::Stay, Strategy::Parent),
            (&near, Ranges::Change, Strategy::Manifest),
        ];
        let mut failure = None;
        for (versions, ranges, strategy) in means {
            if ranges == Ranges::Change && !self.catalogue.bounds.manifests.change_ranges() {
                continue;
            }
            self.steps.set(0);
            for version in versions.iter().take(MAX_CANDIDATES) {
                match self.repaired(state.with(&wish.name, version), ranges, 0) {
                    Ok(next) => return Ok((next, strategy)),
                    Err(Failure::Ask(queries)) => return Err(Failure::Ask(queries)),
                    Err(blocked) => failure = failure.or(Some(blocked)),
                }
            }
        }
        // Nothing may need it any more.
        match self.banned(state, wish) {
            Ok(next) => Ok((next, Strategy::Parent)),
            Err(Failure::Ask(queries)) => Err(Failure::Ask(queries)),
            Err(Failure::Blocked { .. }) => Err(self.explained(state, wish, &helping, failure)?),
        }
    }

    /// That nothing needs the gem of `wish` any more.
    pub(super) fn without(&self, state: &State, wish: &Wish) -> Tried {
        match self.banned(state, wish) {
            Ok(next) => Ok((next, Strategy::Parent)),
            Err(Failure::Ask(queries)) => Err(Failure::Ask(queries)),
            Err(Failure::Blocked { reason, .. }) => {
                let users = self.users(state, &wish.name);
                let by = users
                    .iter()
                    .map(|(who, range)| self.constraint(state, who, &wish.name, range));
                let by = by.collect();
                let reason = match self.is_root(&wish.name) {
                    true => format!(
                        "{} asks for it by name: take it out there, or put another gem in its place.",
                        self.bundle.manifest
                    ),
                    false => format!("It ends with versions of what needs it that do without it. {reason}"),
                };
                Err(Failure::Blocked { by, reason })
            }
        }
    }

    fn banned(&self, state: &State, wish: &Wish) -> Result<State, Failure> {
        if self.is_root(&wish.name) {
            return Err(Failure::because(format!("{} asks for it.", self.bundle.manifest)));
        }
        self.steps.set(0);
        self.repaired(state.without(&wish.name), Ranges::Stay, 0)
    }

    /// The versions that end what is wished, lowest first.
    fn helping(&self, wish: &Wish) -> Result<Vec<&Release>, Failure> {
        let mut helping = Vec::new();
        for release in self.catalogue.releases(&wish.name)? {
            // A pre-release only follows another.
            let is_meant = is_later(&release.version, &wish.version)
                && (!Rubygems.is_prerelease(&release.version) || Rubygems.is_prerelease(&wish.version));
            if is_meant && self.catalogue.fixes(wish, release)? {
                helping.push(release);
            }
        }
        Ok(helping)
    }

    /// How far a gem goes that the manifest asks for is for that to say.
    pub(super) fn is_near(&self, name: &str, from: &str, to: &str) -> bool {
        !self.is_root(name) || Rubygems.distance(from, to) <= self.catalogue.bounds.level
    }

    /// Changes `state` until every need is met.
    fn repaired(&self, state: State, ranges: Ranges, depth: usize) -> Result<State, Failure> {
        self.steps.set(self.steps.get() + 1);
        if depth >= MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return Err(Failure::because("Too many other gems would have to move."));
        }
        let unmet = self.unmet(&state);
        let Some(first) = unmet.first() else {
            return Ok(state);
        };
        let movable = unmet.iter().filter(|one| self.may_move(&state, &one.need.name));
        self.catalogue.know(movable.map(|one| one.need.name.as_str()))?;
        let mut failure = None;
        let mut attempt = |next: State| match self.repaired(next, ranges, depth + 1) {
            Ok(done) => Some(Ok(done)),
            Err(Failure::Ask(queries)) => Some(Err(Failure::Ask(queries))),
            Err(blocked) => {
                failure.get_or_insert(blocked);
                None
            }
        };
        let name = &first.need.name;
        if !state.banned.contains(name) && self.may_move(&state, name) {
            for version in self.targets(&state, first, ranges)? {
                if let Some(done) = attempt(state.with(name, &version)) {
                    return done;
                }
            }
        }
        match &first.who {
            Who::Gem(user) => {
                if self.may_move(&state, user) {
                    for version in self.parents(&state, user, first, ranges)? {
                        if let Some(done) = attempt(state.with(user, &version)) {
                            return done;
                        }
                    }
                }
                let is_decided = state.decided.contains(user) || state.banned.contains(user);
                if !is_decided
                    && !self.is_root(user)
                    && let Some(done) = attempt(state.without(user))
                {
                    return done;
                }
            }
            Who::Root(number) => {
                if let Some(range) = self.wider_range(&state, *number, ranges) {
                    let mut next = state.clone();
                    next.ranges.insert(*number, range);
                    if let Some(done) = attempt(next) {
                        return done;
                    }
                }
            }
        }
        Err(failure.unwrap_or_else(|| self.unmet_failure(&state, first)))
    }

    fn unmet_failure(&self, state: &State, first: &Unmet) -> Failure {
        let Unmet { who, need } = first;
        Failure::Blocked {
            by: vec![self.constraint(state, who, &need.name, &need.range)],
            reason: match self.versions(state, &need.name).first() {
                Some(version) => format!(
                    "{} needs {} {}, and {version} would have to be there.",
                    self.label(state, who),
                    need.name,
                    need.range
                ),
                None => format!(
                    "{} needs {} {}, of which no version may be taken.",
                    self.label(state, who),
                    need.name,
                    need.range
                ),
            },
        }
    }

    /// What of those who need `name` cannot give way: the manifest where it stays, and gems that cannot move.
    fn is_bearable(&self, state: &State, users: &[(Who, String)], ranges: Ranges, version: &str) -> bool {
        users.iter().all(|(who, range)| {
            let gives_way = match who {
                Who::Root(_) => ranges == Ranges::Change,
                Who::Gem(user) => {
                    self.may_move(state, user) || !state.decided.contains(user) && !self.is_root(user)
                }
            };
            gives_way || self.catalogue.in_range(range, version)
        })
    }

    /// Versions of a gem that something needs: those that everything takes first, the newest first.
    fn targets(&self, state: &State, unmet: &Unmet, ranges: Ranges) -> Result<Vec<String>, Failure> {
        let name = &unmet.need.name;
        let current = self.versions(state, name).first().copied();
        if let (None, Some(reason)) = (current, &self.bundle.is_closed) {
            return Err(Failure::because(format!(
                "{name} would have to come in. {reason}"
            )));
        }
        let users = self.users(state, name);
        let takes_prereleases = current.is_some_and(|version| Rubygems.is_prerelease(version))
            || users.iter().any(|(_, range)| asks_for_prereleases(range));
        let mut fitting = Vec::new();
        let mut others = Vec::new();
        for release in self.catalogue.releases(name)?.into_iter().rev() {
            let version = release.version.as_str();
            let is_meant = current.is_none_or(|current| is_later(version, current))
                && self.catalogue.in_range(&unmet.need.range, version)
                && (takes_prereleases || !Rubygems.is_prerelease(version))
                && current.is_none_or(|current| self.is_near(name, current, version))
                && self.is_bearable(state, &users, ranges, version);
            if !is_meant || fitting.len() >= MAX_CANDIDATES || !self.catalogue.is_good(name, release)? {
                continue;
            }
            let mut asked = users.iter().map(|(_, range)| range);
            match asked.all(|range| self.catalogue.in_range(range, version)) {
                true => fitting.push(version.to_owned()),
                false if others.len() < MAX_CANDIDATES => others.push(version.to_owned()),
                false => {}
            }
        }
        fitting.extend(others);
        fitting.truncate(MAX_CANDIDATES);
        Ok(fitting)
    }

    /// Later versions of `user` whose need is met: those that everything takes first, the lowest first.
    fn parents(
        &self,
        state: &State,
        user: &str,
        unmet: &Unmet,
        ranges: Ranges,
    ) -> Result<Vec<String>, Failure> {
        self.catalogue.know(std::iter::once(user))?;
        let versions = self.versions(state, user);
        let Some(current) = versions.first().copied() else {
            return Ok(Vec::new());
        };
        let users = self.users(state, user);
        let name = &unmet.need.name;
        let there = self.versions(state, name);
        let is_banned = state.banned.contains(name);
        let mut fitting = Vec::new();
        let mut others = Vec::new();
        for release in self.catalogue.releases(user)? {
            let version = release.version.as_str();
            let is_meant = is_later(version, current)
                && (Rubygems.is_prerelease(current) || !Rubygems.is_prerelease(version))
                && self.is_near(user, current, version)
                && self.is_bearable(state, &users, ranges, version);
            if !is_meant || fitting.len() >= MAX_CANDIDATES {
                continue;
            }
            let chosen = self.catalogue.chosen(user, release)?;
            let mut same = chosen.needs.iter().filter(|need| need.name == *name);
            let is_met = same.all(|need| {
                let mut there = there.iter();
                !is_banned && there.any(|version| self.catalogue.in_range(&need.range, version))
            });
            if !is_met || !self.catalogue.is_good(user, release)? {
                continue;
            }
            let mut asked = users.iter().map(|(_, range)| range);
            match asked.all(|range| self.catalogue.in_range(range, version)) {
                true => fitting.push(version.to_owned()),
                false if others.len() < MAX_CANDIDATES => others.push(version.to_owned()),
                false => {}
            }
        }
        fitting.extend(others);
        fitting.truncate(MAX_CANDIDATES);
        Ok(fitting)
    }

    /// What the manifest would ask for so that it takes the version that is there.
    fn wider_range(&self, state: &State, number: usize, ranges: Ranges) -> Option<String> {
        let root = self.bundle.roots.get(number)?;
        if ranges == Ranges::Stay || root.is_closed.is_some() || state.ranges.contains_key(&number) {
            return None;
        }
        let versions = self.versions(state, &root.need.name);
        let version = versions.first()?;
        let range = wider(&root.need.range, version)?;
        self.catalogue.in_range(&range, version).then_some(range)
    }

    /// The state without moves that are not needed: a gem that another moved goes back where all needs are met all the same.
    pub(super) fn without_needless(&self, mut state: State, wishes: &[Wish]) -> State {
        state.decided.clear();
        loop {
            let moved = state.versions.keys();
            let mut moved = moved.filter(|name| !wishes.iter().any(|wish| wish.name == **name));
            let back = moved.find_map(|name| {
                let mut next = state.clone();
                next.versions.remove(name);
                self.unmet(&next).is_empty().then_some(next)
            });
            match back {
                Some(next) => state = next,
                None => break,
            }
        }
        // What left needs no ban, unless a finding ended with it: another upgrade must not lead to it again.
        state
            .banned
            .retain(|name| wishes.iter().any(|wish| wish.name == *name));
        state
    }
}

/// `range` moved so far that it takes `version`, in the form that it has: `~> 1.2`, `1.2.3`, and others behind commas.
pub(super) fn wider(range: &str, version: &str) -> Option<String> {
    let mut written = Vec::new();
    for clause in clauses(range).ok()? {
        let text = format!("{} {}", clause.operator, clause.version);
        if Range.contains(&text, version).ok()? {
            written.push(text);
            continue;
        }
        written.push(match clause.operator {
            "=" => format!("= {version}"),
            "~>" => {
                let parts = clause.version.split('.').count().max(1);
                let is_plain = !Rubygems.is_prerelease(version);
                let kept: Vec<&str> = version.split('.').take(parts).collect();
                match is_plain {
                    true => format!("~> {}", kept.join(".")),
                    false => format!("~> {version}"),
                }
            }
            _ => return None,
        });
    }
    Some(written.join(", "))
}
