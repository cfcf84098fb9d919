//! The last means: an entry of the root's manifest in the place of what is asked for, where the policy allows it.
//!
//! An entry under a package's name decides for everything that asks for it, so that one version of it is locked afterwards. What an entry of
//! one's own decides about moves inside of its range, and with a higher one where ranges of manifests may change.

use std::collections::BTreeSet;

use super::NewRules;
use super::graph::{Dependent, Found, Live, State, Wanted, label};
use super::planner::{Goal, Planner, Tried};
use crate::model::Release;
use crate::plan::npm_catalogue::{Failure, is_later, wider};
use crate::plan::{Descriptor, Strategy};
use crate::version::Scheme as _;
use crate::version::npm::Npm;

/// So many versions are tried.
const MAX_CANDIDATES: usize = 6;

impl Planner<'_> {
    /// What a rule of the root's manifest has `descriptor` lead to.
    ///
    /// # Errors
    /// What the rule says about it is not known.
    pub(super) fn ruled(&self, state: &State, descriptor: &Descriptor) -> Result<Option<Found>, Failure> {
        if let Some((_, found)) = state.overrides.get(&*descriptor.name) {
            return Ok(Some(*found));
        }
        let rules = &self.described.rules;
        let is_ruled =
            rules.all.contains_key(&*descriptor.name) || rules.others.contains_key(&*descriptor.name);
        if let Some(reason) = self.described.closed.get(&*descriptor.name) {
            let patched = (!is_ruled).then(|| self.patched(state, descriptor)).flatten();
            return match patched {
                Some(found) => Ok(Some(found)),
                None => Err(Failure::because(reason.clone())),
            };
        }
        let rule = rules.all.get(&*descriptor.name);
        let rule = rule.map(|range| Descriptor::new(descriptor.name.clone(), range.as_str()));
        let found = rule.as_ref().and_then(|rule| state.to(self.table.wanted(rule)));
        match found.or_else(|| self.served(state, descriptor)) {
            Some(found) => Ok(Some(found)),
            None if rule.is_some() || rules.others.contains_key(&*descriptor.name) => {
                Err(Failure::because(format!(
                    "{} decide about {}, which it needs.",
                    self.ruling(),
                    descriptor.name
                )))
            }
            None => Ok(None),
        }
    }

    /// The one locked version of the package of `descriptor`, which is in its range and in that of every rule about it: whether
    /// the rules mean this one or not, it leads there.
    fn served(&self, state: &State, descriptor: &Descriptor) -> Option<Found> {
        let ranges = self.described.rules.others.get(&*descriptor.name)?.as_ref()?;
        let all = state.leading().map(|(_, found)| found);
        let of_name: BTreeSet<Found> = all
            .filter(|found| self.table.resolution(*found).name == *descriptor.name)
            .collect();
        let mut of_name = of_name.into_iter();
        let (found, None) = (of_name.next()?, of_name.next()) else {
            return None;
        };
        let resolution = self.table.resolution(found);
        let mut asked = ranges.iter().map(String::as_str).chain([&*descriptor.range]);
        let is_in_all = asked.all(|range| self.catalogue.in_range(range, &resolution.version));
        (is_in_all && resolution.is_fixed.is_none()).then_some(found)
    }

    /// Has the root's manifest decide about the package of `wanted`, which cannot be upgraded otherwise because of `failure`. Where that
    /// is not possible either, the reason is that of `failure`.
    pub(super) fn overruled(
        &self,
        state: &State,
        wanted: Wanted,
        goal: &Goal<'_>,
        failure: Failure,
    ) -> Tried {
        let locked = state.to(wanted).map(|found| self.table.resolution(found));
        let has_entry = locked.is_some_and(|locked| self.entry(state, &locked.name).is_some());
        if has_entry {
            return Err(failure);
        }
        let is_of_others = match &failure {
            Failure::Blocked { by, .. } => by.iter().any(|one| !one.dependent.ends_with("package.json")),
            Failure::Ask(_) | Failure::Crowded(_) => false,
        };
        let is_possible = self.single(state, wanted);
        let place = match &self.described.rules.new {
            NewRules::In { manifest, field } => Ok((manifest, field)),
            NewRules::Nowhere(reason) => Err(reason.clone()),
        };
        if !self.catalogue.bounds.manifests.add_overrides() {
            return Err(match place {
                Ok((manifest, field)) if is_of_others && is_possible.is_ok() => failure.with(&format!(
                    "With `override` in `fix.allow` of the policy, `{field}` in {manifest} would decide about it."
                )),
                Ok(_) | Err(_) => failure,
            });
        }
        let is_possible = place.map_err(Failure::because).and(is_possible);
        match is_possible.and_then(|live| self.overrule(state, wanted, goal, &live)) {
            Ok(next) => Ok((next, Strategy::Override)),
            Err(Failure::Ask(names)) => Err(Failure::Ask(names)),
            Err(Failure::Blocked { reason, .. } | Failure::Crowded(reason)) => {
                Err(failure.with(&format!("It cannot be overridden either: {reason}")))
            }
        }
    }

    /// What is in use, if one version of the package of `wanted` is, under its own name, and no entry decides about it.
    fn single(&self, state: &State, wanted: Wanted) -> Result<Live, Failure> {
        self.is_free(state, self.table.asked(wanted).means.package())?;
        self.alone(state, wanted)
    }

    /// What is in use, if one version of the package of `wanted` is, under its own name.
    fn alone(&self, state: &State, wanted: Wanted) -> Result<Live, Failure> {
        let asked = self.table.asked(wanted);
        let name = asked.means.package();
        let live = state.live(self.table);
        // What the plan has brought goes where the entry says.
        let of_name = live.all.iter().map(|found| self.table.resolution(*found));
        let mut of_name = of_name.filter(|one| one.name == name && one.release.is_none());
        let first = of_name.next();
        let is_alias = state.leading().any(|(other, _)| {
            let other = self.table.asked(other);
            other.means.package() == name && *other.descriptor.name != *name
        });
        match (first, of_name.next()) {
            _ if is_alias => Err(Failure::because("It is asked for under another name.")),
            (Some(first), None) if first.is_fixed.is_none() => Ok(live),
            (Some(_), None) | (None, _) => Err(Failure::because("It does not come from a registry.")),
            (Some(_), Some(_)) => Err(Failure::because(
                "Several versions of it are locked, about all of which an entry would decide.",
            )),
        }
    }

    fn overrule(
        &self,
        state: &State,
        wanted: Wanted,
        goal: &Goal<'_>,
        live: &Live,
    ) -> Result<State, Failure> {
        let mut failure = None;
        for release in self.later(goal)? {
            let range = format!("^{}", release.version);
            match self.with_entry(state, wanted, live, release, Some(range)) {
                Ok(next) => return Ok(next),
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or_else(|| self.too_far(goal)))
    }

    /// Later versions that `goal` accepts, near enough and lowest first.
    fn later(&self, goal: &Goal<'_>) -> Result<Vec<&Release>, Failure> {
        let rated = self.catalogue.releases(goal.name)?;
        let later = rated
            .iter()
            .filter(|rated| is_later(goal.version, &rated.release.version) && (goal.accepts)(rated))
            .map(|rated| rated.release)
            .filter(|release| !Npm.is_prerelease(&release.version))
            .filter(|release| Npm.distance(goal.version, &release.version) <= self.catalogue.bounds.level);
        Ok(later.take(MAX_CANDIDATES).collect())
    }

    fn too_far(&self, goal: &Goal<'_>) -> Failure {
        Failure::because(format!(
            "No version of {} that helps is as near as `--level {}` asks.",
            goal.name,
            self.catalogue.bounds.level.as_str()
        ))
    }

    /// The range of the entry of the root's manifest that decides about everything called `name`, where it can be raised.
    pub(super) fn entry(&self, state: &State, name: &str) -> Option<&str> {
        let rules = &self.described.rules;
        let is_clear =
            !self.described.leads && !rules.others.contains_key(name) && !state.overrides.contains_key(name);
        rules.all.get(name).map(String::as_str).filter(|_| is_clear)
    }

    /// Leads everything that asks for the package of `wanted` to a version that `goal` accepts: inside of `range`, for which an entry
    /// of the root's manifest asks, else with a higher range there.
    pub(super) fn raised(&self, state: &State, wanted: Wanted, goal: &Goal<'_>, range: &str) -> Tried {
        let live = self.alone(state, wanted)?;
        let mut failure = None;
        for release in self.later(goal)? {
            let is_inside = self.catalogue.in_range(range, &release.version);
            let (higher, means) = match is_inside {
                true => (None, Strategy::InRange),
                false => match self.higher(goal.name, range, release) {
                    Ok(higher) => (Some(higher), Strategy::Manifest),
                    Err(blocked) => return Err(failure.unwrap_or(blocked)),
                },
            };
            match self.with_entry(state, wanted, &live, release, higher) {
                Ok(mut next) => {
                    if let (true, Some(found)) = (is_inside, next.to(wanted)) {
                        let name = self.table.asked(wanted).descriptor.name.clone();
                        next.lead(self.table.wanted(&Descriptor::new(name, range)), found);
                    }
                    return Ok((next, means));
                }
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or_else(|| self.too_far(goal)))
    }

    /// The `range` of an entry about `name`, raised so far that `release` is in it.
    fn higher(&self, name: &str, range: &str, release: &Release) -> Result<String, Failure> {
        let field = self.ruling();
        if !self.catalogue.bounds.manifests.change_ranges() {
            return Err(Failure::because(format!(
                "{name} {} would help, {field} ask for {range}, and package.json is not to be changed.",
                release.version
            )));
        }
        wider(range, &release.version).ok_or_else(|| {
            Failure::because(format!(
                "{field} ask for {name} {range}, which is no plain range that could be changed."
            ))
        })
    }

    /// A package in use that expects `name` beside itself.
    fn expecting(&self, state: &State, name: &str) -> Option<String> {
        let live = state.live(self.table);
        let all = live.all.iter().map(|found| self.table.resolution(*found));
        let mut all = all.filter(|one| one.peers.iter().any(|peer| *peer.name == *name));
        all.next().map(|one| one.id())
    }

    /// Leads everything that asks for the package of `wanted` to `release`, as an entry of the root's manifest says, which is to ask for
    /// `range` where there is one.
    fn with_entry(
        &self,
        state: &State,
        wanted: Wanted,
        live: &Live,
        release: &Release,
        range: Option<String>,
    ) -> Result<State, Failure> {
        let name = self.table.asked(wanted).descriptor.name.clone();
        let of_name = state
            .leading()
            .map(|(other, _)| other)
            .filter(|other| live.wants(*other) && self.table.asked(*other).descriptor.name == name);
        let of_name: Vec<Wanted> = of_name.collect();
        for other in &of_name {
            let asked = self.table.asked(*other);
            let own = state.own.iter().position(|needs| needs.contains(other));
            if let Some(own) = own
                && self.described.leads
                && let Some(module) = self.described.modules.get(own)
                && let Some(reason) = module.kept.get(&*name)
            {
                return Err(Failure::because(reason.clone()));
            }
            if let Some(own) = own
                && !self.catalogue.in_range(&asked.means.range, &release.version)
            {
                return Err(Failure::because(format!(
                    "{} itself asks for {name} {}.",
                    label(self.described, self.table, Dependent::Own(own)),
                    asked.means.range
                )));
            }
        }
        if self.described.leads && self.described.modules.iter().any(|module| module.name == *name) {
            return Err(Failure::because(format!(
                "A project of the workspace is called {name} too, about which an entry would decide."
            )));
        }
        let mut next = self.put(state, wanted, release, None, 0)?;
        let Some(found) = next.to(wanted) else {
            return Err(Failure::because("It leads nowhere."));
        };
        for other in of_name {
            next.lead(other, found);
        }
        if self.described.leads
            && let Some(expecting) = self.expecting(&next, &name)
        {
            return Err(Failure::because(format!(
                "{expecting} expects it beside itself, and an entry would change what it expects."
            )));
        }
        if let Some(range) = range {
            next.overrides.insert(name.to_string(), (range, found));
        }
        Ok(next)
    }
}
