//! Leading a descriptor to another version: inside of its range, else with what asks for it, else by having nothing ask for it.

use std::rc::Rc;

use super::UNKNOWN;
use super::choose::descriptor_of;
use super::graph::{Asked, Dependent, State, Wanted, constraint, label};
use super::planner::{Goal, Planner, Tried};
use crate::model::Release;
use crate::plan::npm_catalogue::{Accepts, Failure, Rated, is_later, wider};
use crate::plan::{Constraint, Descriptor, Strategy};
use crate::version::npm::Npm;
use crate::version::{Distance, Scheme as _};

/// A chain of dependents is not followed further than this.
const MAX_DEPTH: usize = 12;
/// So many versions are tried before a package is given up.
const MAX_CANDIDATES: usize = 20;
/// So many upgrades are tried for one descriptor.
const MAX_TRIED: usize = 300;
/// So many ranges of a manifest are tried.
const MAX_RANGES: usize = 4;
/// So many dependents of one package move.
const MAX_DEPENDENTS: usize = 200;

/// The versions that help, lowest first, and those of them that are near enough where one's own manifests ask for them.
struct Candidates<'r> {
    all: Vec<&'r Release>,
    near: Vec<&'r Release>,
}

/// The versions of dependents that help, and what is done with manifests of one's own.
type Ways<'w> = (Accepts<'w>, &'w dyn Fn(&mut State, usize) -> Result<(), Failure>);

impl Planner<'_> {
    /// Leads `wanted` to a version that `goal` accepts, else has everything move that asks for it.
    pub(super) fn upgrade(&self, state: &State, wanted: Wanted, goal: &Goal<'_>, depth: usize) -> Tried {
        self.tried.set(self.tried.get() + 1);
        if depth >= MAX_DEPTH || self.tried.get() > MAX_TRIED {
            return Err(Failure::because("Too many other packages would have to move."));
        }
        let Some(found) = state.to(wanted) else {
            return Ok((state.clone(), Strategy::InRange));
        };
        let locked = self.table.resolution(found);
        if let Some(reason) = locked.is_fixed {
            return Err(Failure::because(format!(
                "{} {} stays: {reason}.",
                locked.name, locked.version
            )));
        }
        if let Some(range) = self.entry(state, &locked.name) {
            return self.raised(state, wanted, goal, range);
        }
        self.is_free(state, &locked.name)?;
        let asked = self.table.asked(wanted);
        self.is_known(&asked)?;
        let candidates = self.candidates(state, wanted, goal)?;
        let mut failure = None;
        for release in self.in_order(state, &candidates.near, &asked.means.range, goal) {
            match self.put(state, wanted, release, Some(goal), depth) {
                Ok(next) => return Ok((next, Strategy::InRange)),
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        let moved = match candidates.all.is_empty() {
            true => Err(Failure::because(
                self.catalogue
                    .none_later((goal.name, goal.version), goal.accepts)?,
            )),
            false => self.move_dependents(state, wanted, goal, &candidates, depth),
        };
        let failure = match (moved, failure) {
            (Ok(moved), _) => return Ok(moved),
            (Err(Failure::Ask(names)), _) => return Err(Failure::Ask(names)),
            (Err(_), Some(failure)) | (Err(failure), None) => failure,
        };
        // A version that none of these is may be in what asks for it, or that does without it.
        match self.leave(state, wanted, goal, depth, Descriptor::eq) {
            Ok((next, means)) => Ok((next, means.max(Strategy::Parent))),
            Err(Failure::Ask(names)) => Err(Failure::Ask(names)),
            Err(Failure::Crowded(_) | Failure::Blocked { .. }) => Err(failure),
        }
    }

    /// What is asked for is known. Where it is not, it is noted that it has to be.
    pub(super) fn is_known(&self, asked: &Asked) -> Result<(), Failure> {
        if *asked.means.range != *UNKNOWN {
            return Ok(());
        }
        let name = asked.means.package();
        self.memory.unknown.borrow_mut().insert(name.to_owned());
        Err(Failure::because(format!(
            "It is not known which versions of {name} are asked for."
        )))
    }

    /// No rule of the root's manifest decides about the package.
    pub(super) fn is_free(&self, state: &State, name: &str) -> Result<(), Failure> {
        let rules = &self.described.rules;
        let is_ruled = rules.all.contains_key(name) || rules.others.contains_key(name);
        match is_ruled || state.overrides.contains_key(name) {
            false => Ok(()),
            true => Err(Failure::because(format!(
                "{} decide about {name}: change them there.",
                self.ruling()
            ))),
        }
    }

    /// How messages call the rules of the root's manifest; pnpm has them there or in its settings.
    pub(super) fn ruling(&self) -> String {
        let field = self.described.rules.field;
        match self.described.leads {
            true => format!("`{field}` of pnpm"),
            false => format!("`{field}` in package.json"),
        }
    }

    fn candidates(&self, state: &State, wanted: Wanted, goal: &Goal<'_>) -> Result<Candidates<'_>, Failure> {
        let mut all: Vec<&Release> = self
            .catalogue
            .releases(goal.name)?
            .iter()
            .rev()
            // They are sorted.
            .take_while(|rated| is_later(goal.version, &rated.release.version))
            .filter(|rated| (goal.accepts)(rated))
            // A pre-release only follows another.
            .filter(|rated| !Npm.is_prerelease(&rated.release.version) || Npm.is_prerelease(goal.version))
            .map(|rated| rated.release)
            .collect();
        all.reverse();
        // How far a package goes that others ask for is for those to say.
        let is_direct = state.own.iter().any(|needs| needs.contains(&wanted));
        let is_near = |release: &&Release| {
            !is_direct || Npm.distance(goal.version, &release.version) <= self.catalogue.bounds.level
        };
        let near = all.iter().copied().filter(is_near).collect();
        Ok(Candidates { all, near })
    }

    /// Those of `candidates` that are in `range`: what is locked already in the same major version, then the lowest.
    fn in_order<'r>(
        &self,
        state: &State,
        candidates: &[&'r Release],
        range: &str,
        goal: &Goal<'_>,
    ) -> Vec<&'r Release> {
        let fitting: Vec<&Release> = candidates
            .iter()
            .copied()
            .filter(|release| self.catalogue.in_range(range, &release.version))
            .collect();
        if fitting.is_empty() {
            return fitting;
        }
        let versions = self.versions(state, goal.name);
        let is_locked = |release: &&Release| {
            Npm.distance(goal.version, &release.version) < Distance::Major
                && versions.iter().any(|version| **version == *release.version)
        };
        let (mut locked, others): (Vec<&Release>, Vec<&Release>) = fitting.into_iter().partition(is_locked);
        // pnpm chooses the highest of them.
        if self.described.leads {
            locked.reverse();
        }
        locked.into_iter().chain(others).take(MAX_CANDIDATES).collect()
    }

    /// Has everything that asks for `wanted` ask for another range, in which one of `candidates` is.
    fn move_dependents(
        &self,
        state: &State,
        wanted: Wanted,
        goal: &Goal<'_>,
        candidates: &Candidates<'_>,
        depth: usize,
    ) -> Tried {
        let asked = self.table.asked(wanted);
        if candidates.near.is_empty() {
            let lowest = candidates.all.first().map(|release| release.version.to_string());
            return Err(Failure::because(format!(
                "{} {} would help, and is further away than `--level {}` goes.",
                goal.name,
                lowest.unwrap_or_default(),
                self.catalogue.bounds.level.as_str()
            )));
        }
        let name = asked.descriptor.name.clone();
        // A dependent that does not ask for it any more helps as well.
        let helps = |rated: &Rated<'_>| {
            let mut asks = rated.release.dependencies.iter();
            let asks = asks.find(|asks| asks.name == name && self.is_need(asks.kind));
            rated.is_good
                && asks.is_none_or(|asks| {
                    let mut candidates = candidates.all.iter().take(MAX_CANDIDATES);
                    asks.package() != goal.name
                        || candidates.any(|one| self.catalogue.in_range(&asks.range, &one.version))
                })
        };
        // What a manifest asks for goes to the lowest range in which something helps, and from there to the next.
        let mut rest = candidates.near.as_slice();
        let mut failure: Option<Failure> = None;
        for _ in 0..MAX_RANGES {
            let Some(lowest) = rest.first() else { break };
            let widen = |state: &mut State, module: usize| self.widen(state, module, wanted, lowest);
            match self.away(state, wanted, goal, (&helps, &widen), depth) {
                Err(blocked @ (Failure::Blocked { .. } | Failure::Crowded(_))) => {
                    failure = failure.or(Some(blocked));
                }
                done_or_question => return done_or_question,
            }
            let range = wider(&asked.means.range, &lowest.version);
            let is_direct = state.own.iter().any(|needs| needs.contains(&wanted));
            let Some(range) = range.filter(|_| is_direct) else {
                break;
            };
            let is_tried = |release: &&Release| self.catalogue.in_range(&range, &release.version);
            let tried = rest.iter().take_while(|release| is_tried(release)).count();
            rest = rest.get(tried.max(1)..).unwrap_or_default();
        }
        let (by, reason) = match failure {
            Some(failure) => failure.into_reason(),
            None => (Vec::new(), "No version helps.".to_owned()),
        };
        let mut all = self.constraints(state, wanted);
        let further: Vec<Constraint> = by.into_iter().filter(|one| !all.contains(one)).collect();
        all.extend(further);
        Err(Failure::Blocked { by: all, reason })
    }

    /// Has everything that asks for `wanted` move to versions that need nothing which `is_left` takes for it.
    fn leave(
        &self,
        state: &State,
        wanted: Wanted,
        goal: &Goal<'_>,
        depth: usize,
        is_left: fn(&Descriptor, &Descriptor) -> bool,
    ) -> Tried {
        let descriptor = self.table.asked(wanted).descriptor.clone();
        let helps = |rated: &Rated<'_>| {
            let needs = rated.release.dependencies.iter();
            let mut needs = needs.filter(|need| self.is_need(need.kind));
            rated.is_good && !needs.any(|need| is_left(&descriptor_of(need), &descriptor))
        };
        let refuse = |_: &mut State, _: usize| Err(Failure::because("One's own manifest asks for it."));
        self.away(state, wanted, goal, (&helps, &refuse), depth)
    }

    /// The same as a wish, with everything that is in the way.
    pub(super) fn without(&self, state: &State, wanted: Wanted, goal: &Goal<'_>) -> Tried {
        let failure = match self.leave(state, wanted, goal, 0, |need, left| need.name == left.name) {
            Err(failure @ (Failure::Crowded(_) | Failure::Blocked { .. })) => failure,
            done_or_question => return done_or_question,
        };
        let live = state.live(self.table);
        let dependents = state.dependents(self.table, &live, wanted);
        let own = dependents.iter().find(|one| matches!(one, Dependent::Own(_)));
        let reason = match own {
            Some(own) => format!(
                "{} asks for it by name: take it out there, or put another package in its place.",
                label(self.described, self.table, *own)
            ),
            None => {
                let (_, reason) = failure.into_reason();
                format!("It ends with versions of what needs it that do without it. {reason}")
            }
        };
        let by = self.constraints(state, wanted);
        Err(Failure::Blocked { by, reason })
    }

    /// Moves everything that asks for `wanted`: packages to versions that `helps` takes, manifests of one's own as `own` does.
    fn away(
        &self,
        state: &State,
        wanted: Wanted,
        goal: &Goal<'_>,
        (helps, own): Ways<'_>,
        depth: usize,
    ) -> Tried {
        let mut next = state.clone();
        let mut strategy = Strategy::Parent;
        for _ in 0..MAX_DEPENDENTS {
            let live = next.live(self.table);
            let dependents = next.dependents(self.table, &live, wanted);
            let Some(first) = dependents.first() else {
                return Ok((next, strategy));
            };
            match *first {
                Dependent::Own(module) => {
                    own(&mut next, module)?;
                    strategy = strategy.max(Strategy::Manifest);
                    self.lead_own(&mut next, module, goal, depth)?;
                }
                Dependent::Package(found) => {
                    let dependent = self.table.resolution(found);
                    let inner = Goal {
                        name: &dependent.name,
                        version: &dependent.version,
                        accepts: helps,
                        above: Some(goal),
                    };
                    let Some(leading) = next.leading_to(&live, found).first().copied() else {
                        return Err(Failure::because("Nothing leads to what asks for it."));
                    };
                    let (moved, means) = self.upgrade(&next, leading, &inner, depth + 1)?;
                    next = moved;
                    strategy = strategy.max(means);
                }
            }
        }
        Err(Failure::because("Too many other packages would have to move."))
    }

    /// Leads what a manifest of one's own asks for since it was changed.
    fn lead_own(
        &self,
        state: &mut State,
        module: usize,
        goal: &Goal<'_>,
        depth: usize,
    ) -> Result<(), Failure> {
        let needs = state.own.get(module).cloned().unwrap_or_default();
        let new: Vec<Wanted> = needs
            .iter()
            .copied()
            .filter(|need| state.to(*need).is_none())
            .collect();
        for need in new.into_iter().filter(|need| self.is_new_of(*need, goal)) {
            *state = self.ensure(state, need, Some(goal), depth)?;
        }
        Ok(())
    }

    /// The descriptor is one of the package that is to move.
    fn is_new_of(&self, need: Wanted, goal: &Goal<'_>) -> bool {
        self.table.asked(need).means.package() == goal.name
    }

    fn constraints(&self, state: &State, wanted: Wanted) -> Vec<Constraint> {
        let live = state.live(self.table);
        let asked = self.table.asked(wanted);
        let dependents = state.dependents(self.table, &live, wanted).into_iter();
        dependents
            .map(|one| constraint(self.described, self.table, one, &asked))
            .collect()
    }

    /// Has a manifest of one's own ask for a range that begins with `lowest`.
    fn widen(
        &self,
        state: &mut State,
        module: usize,
        wanted: Wanted,
        lowest: &Release,
    ) -> Result<(), Failure> {
        let asked = self.table.asked(wanted);
        let manifest = label(self.described, self.table, Dependent::Own(module));
        let name = &asked.descriptor.name;
        if !self.catalogue.bounds.manifests.change_ranges() {
            return Err(Failure::because(format!(
                "{name} {} would help, and {manifest} is not to be changed.",
                lowest.version,
            )));
        }
        let own = self.described.modules.get(module);
        if let Some(reason) = own.and_then(|own| own.kept.get(&**name)) {
            return Err(Failure::because(reason.clone()));
        }
        let old = asked.means.range.to_string();
        let Some(new) = wider(&old, &lowest.version) else {
            return Err(Failure::because(format!(
                "{manifest} asks for {name} {old}, which is no plain range that could be changed."
            )));
        };
        let range = match asked.descriptor.range.strip_suffix(old.as_str()) {
            Some(before) => format!("{before}{new}"),
            None => {
                return Err(Failure::because(format!(
                    "{manifest} names {name} in a way that is not known."
                )));
            }
        };
        let to = self.table.wanted(&Descriptor::new(name.clone(), range));
        if let Some(needs) = state.own.get_mut(module) {
            let changed = needs.iter().map(|need| if *need == wanted { to } else { *need });
            *needs = Rc::new(changed.collect());
        }
        let folder = self
            .described
            .modules
            .get(module)
            .map(|module| module.folder.clone());
        let key = (folder.unwrap_or_default(), name.to_string());
        let entry = state.ranges.entry(key);
        entry
            .and_modify(|(_, latest)| latest.clone_from(&new))
            .or_insert((old, new));
        Ok(())
    }
}
