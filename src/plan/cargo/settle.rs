//! Exchanging a package for another version, and everything that follows from it: what the new version needs, features that
//! come and go, and what nothing needs any more.

use std::collections::{BTreeMap, BTreeSet};

use super::features::{gives, lacking};
use super::planner::{Asked, Choice, Failure, Planner, in_range, slot};
use super::search::{Order, is_later};
use super::state::{Moving, State};
use crate::lockfile::cargo_lock::declared::{Declared, Dependency, Origin};
use crate::lockfile::cargo_lock::locked::CrateId;
use crate::model::Release;

/// What the version before needed, with the features that it gave to each.
#[derive(Debug, Default)]
struct Predecessor {
    gave: BTreeMap<CrateId, BTreeSet<String>>,
    /// What it needed out of its range: whether that has the features is not known.
    loose: BTreeSet<CrateId>,
}

/// New packages bring others at most so deep.
const MAX_DEPTH: usize = 60;
/// So many versions of a new package are tried where others move for it, and where nothing does.
const MAX_CANDIDATES: usize = 8;
const MAX_QUIET: usize = 24;

impl Planner<'_> {
    /// Exchanges `old` for the release of each group, for the users in it: all that `old` has. Those of them whose range does
    /// not take it have to move next.
    pub(super) fn exchange(
        &self,
        state: &State,
        old: &CrateId,
        groups: &[(&Release, Vec<CrateId>)],
        depth: usize,
    ) -> Result<State, Failure> {
        self.step()?;
        let predecessor = self.predecessor(state, old)?;
        let mut next = state.clone();
        let mut listed = Vec::new();
        for (number, (release, users)) in groups.iter().enumerate() {
            let new = CrateId {
                version: release.version.clone(),
                ..old.clone()
            };
            let is_new = !next.has(&new);
            if is_new {
                self.check_slot(&next, &new, Some(old))?;
                self.check_links(&next, &new, &*self.asks(&new.name, release)?, Some(old))?;
                next.set_needs(&new, BTreeSet::new());
            }
            for user in users {
                next.exchange_need(user, old, &new);
                next.loose.remove(&(user.clone(), old.clone()));
                let declared = self.declared(user)?;
                if !self.takes(&next, (user, &declared), old, release) {
                    next.loose.insert((user.clone(), new.clone()));
                }
            }
            if number == 0 {
                next.note_move(old, &new);
            }
            listed.push((new, is_new));
        }
        if listed.iter().any(|(_, is_new)| *is_new) {
            next.remove(old);
        }
        // Those of one project are often needed exactly, and one of them may have to move before the next is listed.
        let held = next.held.len();
        next.held.extend(predecessor.gave.keys().cloned());
        for ((new, is_new), (_, users)) in listed.iter().zip(groups) {
            match is_new {
                true => self.list(&mut next, new, &predecessor, depth)?,
                false => {
                    let given = self.given_by_all(&next, new, users)?;
                    self.add(&mut next, new, &given, depth)?;
                }
            }
        }
        next.held.truncate(held);
        self.finish(&mut next)?;
        Ok(next)
    }

    /// What `id` needs and gives. Fails where the lockfile is not as Cargo would have it, for then nothing follows from it.
    fn predecessor(&self, state: &State, id: &CrateId) -> Result<Predecessor, Failure> {
        let declared = self.declared(id)?;
        let switched = self.switched(state, id)?;
        let active = self.active(id, &declared, &switched);
        let mut gave: BTreeMap<CrateId, BTreeSet<String>> = BTreeMap::new();
        let mut loose = BTreeSet::new();
        for need in state.needs(id).iter() {
            let leading = self.leading(state, (id, &declared), need);
            let leading = leading.iter().filter(|one| active.contains(one));
            let given: Vec<BTreeSet<String>> = leading.map(|one| gives(one, &switched)).collect();
            if given.is_empty() {
                return Err(self.stale(state, id));
            }
            if state.is_loose(id, need) {
                loose.insert(need.clone());
            }
            gave.insert(need.clone(), given.into_iter().flatten().collect());
        }
        let is_there = |one: &&Dependency| gave.keys().any(|need| *need.name == *one.package);
        match active.iter().all(is_there) {
            true => Ok(Predecessor { gave, loose }),
            false => Err(self.stale(state, id)),
        }
    }

    /// What `id` needs is not what Cargo would list: in the lockfile already, or while others move.
    fn stale(&self, state: &State, id: &CrateId) -> Failure {
        let label = self.label(id);
        Failure::because(
            match self.before.has(id) && state.needs(id) == self.before.needs(id) {
                true => format!(
                    "The lockfile does not list what {label} needs as Cargo does: run `cargo update --workspace` first."
                ),
                false => format!("{label} does not go with what else would move."),
            },
        )
    }

    /// Has a package that is new to the lockfile need what it asks for.
    fn list(
        &self,
        state: &mut State,
        id: &CrateId,
        before: &Predecessor,
        depth: usize,
    ) -> Result<(), Failure> {
        self.step()?;
        if depth > MAX_DEPTH {
            return Err(Failure::because("New packages bring ever more of them."));
        }
        let declared = self.declared(id)?;
        let switched = self.switched(state, id)?;
        let active = self.active(id, &declared, &switched);
        self.ask_together(state, id, &active)?;
        let mut asked = Asked::default();
        let mut given: BTreeMap<CrateId, BTreeSet<String>> = BTreeMap::new();
        for dependency in &active {
            let need = self.need(state, id, dependency, before, depth);
            if let Some(need) = asked.gather(need)? {
                given
                    .entry(need)
                    .or_default()
                    .extend(gives(dependency, &switched));
            }
        }
        for (need, given) in &given {
            let known = before.gave.get(need).filter(|_| !before.loose.contains(need));
            let known = known.cloned().unwrap_or_default();
            let more: BTreeSet<String> = given.difference(&known).cloned().collect();
            asked.gather(self.add(state, need, &more, depth + 1))?;
        }
        asked.done()?;
        let mut asked = Asked::default();
        for (need, gave) in &before.gave {
            let kept = given.get(need).cloned().unwrap_or_default();
            let lost: BTreeSet<String> = gave.difference(&kept).cloned().collect();
            asked.gather(self.lose(state, need, &lost, depth + 1))?;
        }
        asked.done()
    }

    /// Asks at once for all crates of which something will have to be known.
    fn ask_together(&self, state: &State, id: &CrateId, active: &[&Dependency]) -> Result<(), Failure> {
        let mut asked = Asked::default();
        for dependency in active {
            let source = self.source(id, dependency);
            let candidate = CrateId {
                name: dependency.package.as_str().into(),
                version: "".into(),
                source: source.as_deref().map(Into::into),
            };
            if self.fitting(state, id, dependency).is_empty() {
                self.note_source(&candidate.name, &source.unwrap_or_default());
                asked.add(self, &candidate);
            }
        }
        asked.done()
    }

    /// The locked packages that `dependency` of `id` takes.
    fn fitting(&self, state: &State, id: &CrateId, dependency: &Dependency) -> Vec<CrateId> {
        let range = self.range(state, dependency);
        let source = self.source(id, dependency);
        let is_patched = self.crates.workspace.patched.contains(&dependency.package);
        let fits = |need: &&CrateId| {
            let is_of_it = match need.is_of_registry() {
                true => source.is_none() || need.source.as_deref() == source.as_deref(),
                false => is_patched || dependency.origin == Origin::Elsewhere,
            };
            is_of_it && in_range(range, &need.version)
        };
        let mut fitting: Vec<CrateId> = state.named(&dependency.package).filter(fits).cloned().collect();
        fitting.sort_by_key(|need| semver::Version::parse(&need.version).ok());
        fitting
    }

    /// The source, as the lockfile writes it, of a dependency that is new to it.
    fn source(&self, id: &CrateId, dependency: &Dependency) -> Option<String> {
        let own = id.source.as_deref().map(str::to_owned);
        match &dependency.origin {
            Origin::Registry => own,
            Origin::Index(index) => Some(self.crates.source_of(index)),
            Origin::Elsewhere => None,
        }
    }

    /// Has `id` need the package that `dependency` asks for: one that is locked if any fits, else a new one.
    fn need(
        &self,
        state: &mut State,
        id: &CrateId,
        dependency: &Dependency,
        before: &Predecessor,
        depth: usize,
    ) -> Result<CrateId, Failure> {
        if let Some(need) = self.locked_need(state, id, dependency, before) {
            state.add_need(id, &need);
            return Ok(need);
        }
        let fitting = self.fitting(state, id, dependency);
        match (self.bring(state, id, dependency, depth), fitting.last()) {
            (Ok(need), _) => Ok(need),
            (Err(failure), None) => Err(failure),
            (Err(failure), Some(_)) if failure.is_question() => Err(failure),
            (Err(_), Some(need)) => {
                state.add_need(id, need);
                Ok(need.clone())
            }
        }
    }

    /// What is locked and fits `dependency` of `id`: first what the version before needed, then what no advisory affects.
    fn locked_need(
        &self,
        state: &State,
        id: &CrateId,
        dependency: &Dependency,
        before: &Predecessor,
    ) -> Option<CrateId> {
        let fitting = self.fitting(state, id, dependency);
        let was_needed = |need: &&CrateId| {
            before.gave.contains_key(need)
                || state
                    .moved
                    .iter()
                    .any(|(origin, now)| now == *need && before.gave.contains_key(origin))
        };
        let is_clean = |need: &&CrateId| !(self.bounds.is_affected)(&need.name, &need.version);
        let known = fitting.iter().rev().find(was_needed);
        known.or_else(|| fitting.iter().rev().find(is_clean)).cloned()
    }

    /// Locks a new package for `dependency` of `id`.
    fn bring(
        &self,
        state: &mut State,
        id: &CrateId,
        dependency: &Dependency,
        depth: usize,
    ) -> Result<CrateId, Failure> {
        let name = &dependency.package;
        if self.crates.is_patched(name) {
            return Err(Failure::because(format!(
                "`[patch]` in Cargo.toml decides about {name}, which {id} needs: change it there."
            )));
        }
        let Some(source) = self.source(id, dependency) else {
            return Err(Failure::because(format!(
                "{id} needs {name}, which is not from a registry."
            )));
        };
        self.check_source(name, &source)?;
        let range = self.range(state, dependency).to_owned();
        let choices = self.choices(name)?;
        let good: Vec<&Choice<'_>> = choices
            .iter()
            .rev()
            .filter(|choice| choice.is_good && in_range(&range, &choice.release.version))
            .filter(|choice| !self.goes_down(name, &source, &choice.release.version))
            .collect();
        let candidate = |choice: &Choice<'_>| CrateId {
            name: name.as_str().into(),
            version: choice.release.version.clone(),
            source: Some(source.as_str().into()),
        };
        let (mut failure, mut held_back) = (None, None);
        let mut occupants: Vec<CrateId> = Vec::new();
        // As Cargo does: the newest that leaves everything where it is locked, and only then one for which others have to move.
        for moving in [Moving::Nothing, Moving::Others] {
            if moving > state.moving {
                break;
            }
            let count = match moving {
                Moving::Nothing => MAX_QUIET,
                Moving::Others => MAX_CANDIDATES,
            };
            for choice in good.iter().take(count) {
                let new = candidate(choice);
                let mut next = state.clone();
                next.moving = moving;
                let occupant = self.occupant(state, &new, None);
                let brought = match occupant.or(self.linking(state, &new, choice.release)?) {
                    None => self.brought(&next, id, dependency, &new, choice.release, depth),
                    // Nothing needs it any more: it is exchanged.
                    Some(occupant)
                        if occupant.name == new.name
                            && is_later(&occupant.version, &new.version)
                            && state.users(&occupant).is_empty() =>
                    {
                        let groups = [(choice.release, vec![id.clone()])];
                        self.has_features(&new, choice.release, id, dependency)
                            .and_then(|()| self.exchange(&next, &occupant, &groups, depth + 1))
                    }
                    Some(occupant) => {
                        if !occupants.contains(&occupant) {
                            occupants.push(occupant);
                        }
                        continue;
                    }
                };
                match brought {
                    Ok(next) => {
                        let moving = state.moving;
                        *state = next;
                        state.moving = moving;
                        return Ok(new);
                    }
                    Err(ask) if ask.is_question() => return Err(ask),
                    Err(blocked) if moving == Moving::Nothing => held_back = held_back.or(Some(blocked)),
                    Err(blocked) => failure = failure.or(Some(blocked)),
                }
            }
        }
        if state.moving == Moving::Nothing {
            occupants.clear();
        }
        failure = failure.or(held_back);
        // One that is locked beside it has to move into the range.
        for occupant in occupants {
            let is_in = |choice: &Choice<'_>| choice.is_good && in_range(&range, &choice.release.version);
            match self.upgrade(state, &occupant, &is_in, Order::Newest, depth + 1) {
                Ok((mut next, _)) => {
                    if let Some(need) = self.fitting(&next, id, dependency).pop() {
                        next.add_need(id, &need);
                        *state = next;
                        return Ok(need);
                    }
                }
                Err(ask) if ask.is_question() => return Err(ask),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or_else(|| Failure::because(self.none_of(id, name, &range, &choices))))
    }

    /// A later version was locked in the place of this one at the beginning: it may have left on the way, and nothing goes down.
    fn goes_down(&self, name: &str, source: &str, version: &str) -> bool {
        let mut named = self.before.named(name);
        named.any(|locked| {
            locked.source.as_deref() == Some(source)
                && slot(&locked.version) == slot(version)
                && is_later(version, &locked.version)
        })
    }

    /// The release has the features that `id` asks for.
    fn has_features(
        &self,
        new: &CrateId,
        release: &Release,
        id: &CrateId,
        dependency: &Dependency,
    ) -> Result<(), Failure> {
        match lacking(dependency, &*self.asks(&new.name, release)?) {
            None => Ok(()),
            Some(feature) => Err(Failure::because(format!(
                "{new} has no feature `{feature}`, which {id} asks for."
            ))),
        }
    }

    /// The state with the new package `new`, which `id` needs.
    fn brought(
        &self,
        state: &State,
        id: &CrateId,
        dependency: &Dependency,
        new: &CrateId,
        release: &Release,
        depth: usize,
    ) -> Result<State, Failure> {
        self.has_features(new, release, id, dependency)?;
        self.check_links(state, new, &*self.asks(&new.name, release)?, None)?;
        let mut next = state.clone();
        next.set_needs(new, BTreeSet::new());
        next.add_need(id, new);
        self.list(&mut next, new, &Predecessor::default(), depth + 1)?;
        Ok(next)
    }

    /// The package that is locked in the place of `new`, but for `old`, which leaves.
    fn occupant(&self, state: &State, new: &CrateId, old: Option<&CrateId>) -> Option<CrateId> {
        let place = slot(&new.version)?;
        let mut named = state.named(&new.name);
        let occupant = named.find(|other| {
            Some(*other) != old
                && *other != new
                && other.source == new.source
                && slot(&other.version) == Some(place)
        });
        occupant.cloned()
    }

    /// Another version of `new` that links the same native library, which one package alone may.
    fn linking(&self, state: &State, new: &CrateId, release: &Release) -> Result<Option<CrateId>, Failure> {
        let Some(links) = self.asks(&new.name, release)?.links.clone() else {
            return Ok(None);
        };
        let links_it = |id: &&CrateId| {
            let known = self.declared(id).ok();
            id.source == new.source && known.is_some_and(|known| known.links.as_ref() == Some(&links))
        };
        Ok(state.named(&new.name).find(links_it).cloned())
    }

    fn check_slot(&self, state: &State, new: &CrateId, old: Option<&CrateId>) -> Result<(), Failure> {
        match self.occupant(state, new, old) {
            None => Ok(()),
            Some(other) => Err(Failure::because(format!(
                "{other} is locked, and Cargo takes no {new} beside it."
            ))),
        }
    }

    /// No other package links the native library of `new`.
    fn check_links(
        &self,
        state: &State,
        new: &CrateId,
        declared: &Declared,
        old: Option<&CrateId>,
    ) -> Result<(), Failure> {
        let Some(links) = &declared.links else {
            return Ok(());
        };
        let links_it = |id: &CrateId| {
            let known = self.declared(id).ok();
            known.is_some_and(|known| known.links.as_ref() == Some(links))
        };
        let was_linked = old.is_some_and(links_it);
        let others = state.ids().filter(|id| Some(*id) != old && *id != new);
        let others: Vec<&CrateId> = others.filter(|id| !was_linked || id.name == new.name).collect();
        let mut asked = Asked::default();
        for other in &others {
            asked.add(self, other);
        }
        asked.done()?;
        match others.into_iter().find(|id| links_it(id)) {
            None => Ok(()),
            Some(other) => Err(Failure::because(format!(
                "{new} and {other} both link the native library `{links}`, which one package alone may."
            ))),
        }
    }

    /// Switches more features of a locked package on.
    fn add(
        &self,
        state: &mut State,
        id: &CrateId,
        features: &BTreeSet<String>,
        depth: usize,
    ) -> Result<(), Failure> {
        self.step()?;
        if features.is_empty() || self.is_member(id) {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(Failure::because(
                "The features of a package are passed on too often.",
            ));
        }
        let declared = self.declared(id)?;
        let unknown = |feature: &&String| *feature != "default" && !declared.has_feature(feature);
        if let Some(feature) = features.iter().find(unknown) {
            return Err(Failure::because(format!(
                "{id} has no feature `{feature}`, which is asked for."
            )));
        }
        let switched = declared.switched(features.iter().map(String::as_str));
        let mut asked = Asked::default();
        for dependency in self.active(id, &declared, &switched) {
            let needs = state.needs(id);
            let leads = |need: &&CrateId| self.leading(state, (id, &declared), need).contains(&dependency);
            let there = needs.iter().find(leads).cloned();
            let (need, given) = match there {
                Some(need) => (
                    need,
                    switched.passed.get(&dependency.name).cloned().unwrap_or_default(),
                ),
                None => {
                    let known = self.ask_together(state, id, &[dependency]);
                    let brought =
                        known.and_then(|()| self.need(state, id, dependency, &Predecessor::default(), depth));
                    match asked.gather(brought)? {
                        Some(need) => (need, gives(dependency, &switched)),
                        None => continue,
                    }
                }
            };
            asked.gather(self.add(state, &need, &given, depth + 1))?;
        }
        asked.done()
    }
}
