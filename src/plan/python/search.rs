//! Exchanging a version: inside of all ranges, else with what needs it, else by leaving.

use std::collections::BTreeSet;

use super::environments::Set;
use super::planner::{Dependent, Planner, Rated, Tried, nothing_asked};
use super::ranges::wider;
use super::state::{State, Who};
use crate::model::{Query, Release};
use crate::plan::failure::Failure;
use crate::plan::{Constraint, Strategy, Wish};
use crate::version::Scheme as _;
use crate::version::pep440::Pep440;

/// A chain of dependents is not followed further than this.
pub(super) const MAX_DEPTH: usize = 10;
/// So many versions are tried before a package is given up: inside of all ranges, and where dependents have to move.
pub(super) const MAX_CANDIDATES: usize = 24;
const MAX_MOVING: usize = 6;
/// So many upgrades are tried for one pin.
const MAX_TRIED: usize = 120;
/// So many versions are asked about at once.
const AT_ONCE: usize = 8;

/// Which of the versions that help is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The lowest: the package has a finding.
    Lowest,
    /// The newest: it moves because of another.
    Newest,
}

/// What an exchange is for.
pub(super) struct Aim<'a> {
    pub(super) taken: Taken,
    /// A release that may be taken at all.
    pub(super) is_usable: &'a dyn Fn(&Rated<'_>) -> bool,
    /// A release that helps.
    pub(super) helps: &'a dyn Fn(&Release) -> Result<bool, Failure>,
}

impl Planner<'_> {
    /// What becomes of the wish for the pin.
    pub(super) fn try_one(&self, state: &State, wish: &Wish, pin: usize) -> Tried {
        self.tried.set(0);
        let is_usable = |rated: &Rated<'_>| {
            let is_named = wish.to.as_deref() == Some(&*rated.release.version);
            rated.is_clean
                || (is_named && rated.release.retired.is_none() && !self.is_excluded(rated.release))
        };
        let aim = Aim {
            taken: Taken::Lowest,
            is_usable: &is_usable,
            helps: &|_| Ok(true),
        };
        self.upgrade(state, pin, &aim, 0)
    }

    /// Exchanges the pin for a later version, else has everything move that needs it, so far that nothing does any more.
    fn upgrade(&self, state: &State, pin: usize, aim: &Aim<'_>, depth: usize) -> Tried {
        self.tried.set(self.tried.get() + 1);
        if depth >= MAX_DEPTH || self.tried.get() > MAX_TRIED {
            return Err(Failure::because("Too many other packages would have to move."));
        }
        match self.exchange(state, pin, aim, depth) {
            Err(failure @ Failure::Blocked { .. }) => match self.leave(state, pin, depth) {
                Ok(next) => Ok((next, Strategy::Parent)),
                Err(asks @ Failure::Ask(_)) => Err(asks),
                Err(Failure::Blocked { .. }) => Err(failure),
            },
            done => done,
        }
    }

    /// Has everything that needs the pin move to a version that does not, or leave.
    fn leave(&self, state: &State, pin: usize, depth: usize) -> Result<State, Failure> {
        let own = self.pin(pin);
        if own.is_asked || own.needed_by.is_none() {
            return Err(Failure::because("One's own file asks for it."));
        }
        let mut next = state.clone();
        for _ in 0..MAX_DEPTH {
            if next.gone.contains(&pin) {
                next.leaving.remove(&pin);
                return Ok(next);
            }
            next.leaving.insert(pin);
            let dependents = self.dependents(&next, pin)?;
            let dependent = dependents.iter().find_map(|dependent| match dependent.who {
                Who::Pin(other) => Some(other),
                Who::Own(_) | Who::Added(_) => None,
            });
            let Some(other) = dependent else {
                return Err(Failure::because("Nothing that could move needs it."));
            };
            let here = self.meant(pin);
            let helps = |release: &Release| {
                let asks = self.asks(&next, other, release, &own.name, &here)?;
                Ok(asks.is_empty())
            };
            let aim = Aim {
                taken: Taken::Lowest,
                is_usable: &|rated| rated.is_good,
                helps: &helps,
            };
            // It may have to leave itself.
            next = self.upgrade(&next, other, &aim, depth + 1)?.0;
        }
        Err(Failure::because("Too many packages need it."))
    }

    /// What another version of the pin would ask for the package called `name`.
    fn asks(
        &self,
        state: &State,
        pin: usize,
        release: &Release,
        name: &str,
        here: &Set,
    ) -> Result<Vec<Dependent>, Failure> {
        let mut other = state.clone();
        other.moved.insert(pin, release.version.to_string());
        self.asked_by(&other, pin, name, here)
    }

    /// Why no version of `name` after `version` is taken: what keeps the lowest out that would help.
    fn none_later(
        &self,
        (name, version): (&str, &str),
        rated: &[Rated<'_>],
        aim: &Aim<'_>,
        environments: &Set,
    ) -> String {
        let would_help = |rated: &&Rated<'_>| {
            let later = &rated.release.version;
            let good = Rated {
                is_clean: true,
                is_good: true,
                ..**rated
            };
            is_later(version, later)
                && (!Pep440.is_prerelease(later) || Pep440.is_prerelease(version))
                && !(self.bounds.is_affected)(name, later)
                && (aim.is_usable)(&good)
        };
        let Some(Rated { release, .. }) = rated.iter().find(would_help) else {
            return format!("The index has no later version of {name} that helps.");
        };
        if release.retired.is_none() && self.is_excluded(release) {
            return format!(
                "{name} {} would help, and was published after the day that the project excludes (`exclude-newer`).",
                release.version
            );
        }
        let pythons = release.toolchain.iter().find(|(tool, _)| **tool == *"python");
        let needs = pythons
            .filter(|_| !self.runs(release, environments))
            .map(|(_, range)| format!("Python {range}"));
        self.bounds.kept_out(name, release, "yanked", needs.as_deref())
    }

    /// Exchanges the pin for a later version that helps.
    pub(super) fn exchange(&self, state: &State, number: usize, aim: &Aim<'_>, depth: usize) -> Tried {
        let pin = self.pin(number);
        let version = self.version(state, number);
        if let Some(reason) = pin.fixed {
            return Err(Failure::because(format!(
                "{} {version} stays: {reason}.",
                pin.name
            )));
        }
        // Both are needed in any case.
        let mut asked = BTreeSet::new();
        let rated = self
            .rated(&pin.name)
            .map_err(|failure| failure.or_ask(&mut asked));
        let scope = self.scope(number).map_err(|failure| failure.or_ask(&mut asked));
        let dependents = self
            .dependents(state, number)
            .map_err(|failure| failure.or_ask(&mut asked));
        nothing_asked(asked)?;
        let (rated, scope, dependents) = match (rated, scope, dependents) {
            (Ok(rated), Ok(scope), Ok(dependents)) => (rated, scope, dependents),
            (Err(failure), _, _) | (_, Err(failure), _) | (_, _, Err(failure)) => {
                return Err(failure
                    .err()
                    .unwrap_or_else(|| Failure::because("Nothing is known of it.")));
            }
        };
        let later: Vec<&Release> = rated
            .iter()
            .filter(|rated| is_later(version, &rated.release.version) && (aim.is_usable)(rated))
            // A pre-release only follows another.
            .filter(|rated| !Pep440.is_prerelease(&rated.release.version) || Pep440.is_prerelease(version))
            .filter(|rated| self.runs(rated.release, &scope.environments))
            .map(|rated| rated.release)
            .collect();
        let is_direct = pin.is_asked || pin.needed_by.is_none();
        let near = |release: &&Release| {
            !is_direct || Pep440.distance(&pin.version, &release.version) <= self.bounds.level
        };
        let (candidates, far): (Vec<&Release>, Vec<&Release>) = later.into_iter().partition(near);
        let Some(lowest) = candidates.first().or(far.first()) else {
            return Err(Failure::because(self.none_later(
                (&pin.name, version),
                &rated,
                aim,
                &scope.environments,
            )));
        };
        let refuses = |release: &Release| {
            let refusing = dependents.iter();
            let refusing = refusing.filter(|one| !self.takes(one, &release.version));
            refusing.collect::<Vec<&Dependent>>()
        };
        let in_range = candidates
            .iter()
            .copied()
            .filter(|release| refuses(release).is_empty());
        let mut in_range: Vec<&Release> = in_range.collect();
        if aim.taken == Taken::Newest {
            in_range.reverse();
        }
        in_range.truncate(MAX_CANDIDATES);
        let mut failure = None;
        for (place, release) in in_range.iter().enumerate() {
            match (aim.helps)(release) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(Failure::Ask(queries)) => return Err(self.ask_on(queries, &in_range, place, aim)),
                Err(blocked) => {
                    failure = failure.or(Some(blocked));
                    continue;
                }
            }
            match self.put(state, number, release, depth) {
                Ok(next) => return Ok((next, Strategy::InRange)),
                Err(asks @ Failure::Ask(_)) => return Err(asks),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        let Some(nearest) = candidates.first() else {
            return Err(Failure::because(format!(
                "{} {} would help, and is further away than `--level {}` goes.",
                pin.name,
                lowest.version,
                self.bounds.level.as_str()
            )));
        };
        let mut tried = 0;
        for (place, release) in candidates.iter().enumerate().take(MAX_CANDIDATES) {
            if refuses(release).is_empty() {
                continue;
            }
            match (aim.helps)(release) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(Failure::Ask(queries)) => return Err(self.ask_on(queries, &candidates, place, aim)),
                Err(blocked) => {
                    failure = failure.or(Some(blocked));
                    continue;
                }
            }
            tried += 1;
            if tried > MAX_MOVING {
                break;
            }
            let mut refusing = refuses(release);
            // One that moves may take along another of them, not as far as that has to go: then the last goes first.
            let orders = refusing.len().min(2);
            for _ in 0..orders {
                match self.move_dependents(state, number, &refusing, &candidates[place..], depth) {
                    Ok(moved) => return Ok(moved),
                    Err(asks @ Failure::Ask(_)) => return Err(asks),
                    Err(blocked) => failure = failure.or(Some(blocked)),
                }
                refusing.reverse();
            }
        }
        let mut by: Vec<Constraint> = refuses(nearest)
            .into_iter()
            .map(|one| one.constraint.clone())
            .collect();
        match failure {
            Some(Failure::Blocked { by: further, reason }) => {
                let further: Vec<Constraint> = further.into_iter().filter(|one| !by.contains(one)).collect();
                by.extend(further);
                Err(Failure::Blocked { by, reason })
            }
            Some(Failure::Ask(_)) | None => Err(Failure::Blocked {
                by,
                reason: "No version was found that all of them accept.".to_owned(),
            }),
        }
    }

    /// Asks about the next versions too.
    fn ask_on(
        &self,
        mut queries: BTreeSet<Query>,
        releases: &[&Release],
        place: usize,
        aim: &Aim<'_>,
    ) -> Failure {
        for release in releases.iter().skip(place + 1).take(AT_ONCE - 1) {
            if let Err(Failure::Ask(further)) = (aim.helps)(release) {
                queries.extend(further);
            }
        }
        Failure::Ask(queries)
    }

    /// Has those who refuse every one of `candidates` move so far that they accept one, and puts that there.
    fn move_dependents(
        &self,
        state: &State,
        number: usize,
        refusing: &[&Dependent],
        candidates: &[&Release],
        depth: usize,
    ) -> Tried {
        let name = &self.pin(number).name;
        let here = self.meant(number);
        let mut next = state.clone();
        let mut strategy = Strategy::Parent;
        for dependent in refusing {
            match &dependent.who {
                Who::Own(asked) => {
                    strategy = Strategy::Manifest;
                    self.widen(&mut next, *asked, candidates)?;
                }
                Who::Added(by) => {
                    return Err(Failure::because(format!(
                        "{by}, which comes in, does not accept it."
                    )));
                }
                Who::Pin(other) => {
                    // One that moved before it may have taken it along.
                    let has_moved = next.gone.contains(other)
                        || self.version(&next, *other) != self.version(state, *other);
                    if has_moved && !self.still_refuses(&next, number, *other, candidates)? {
                        continue;
                    }
                    let before = next.clone();
                    // A dependent that does not need it any more helps as well.
                    let helps = |release: &Release| {
                        let asks = self.asks(&before, *other, release, name, &here)?;
                        let accepts = |candidate: &&Release| {
                            let mut asks = asks.iter();
                            asks.all(|one| Self::in_range(&one.constraint.range, &candidate.version))
                        };
                        Ok(candidates.iter().take(MAX_CANDIDATES).any(accepts))
                    };
                    let aim = Aim {
                        taken: Taken::Lowest,
                        is_usable: &|rated| rated.is_good,
                        helps: &helps,
                    };
                    let (moved, means) = self.upgrade(&next, *other, &aim, depth + 1)?;
                    next = moved;
                    strategy = strategy.max(means);
                }
            }
        }
        // Moving them may have moved it, or left nothing that needs it.
        if next.gone.contains(&number) || self.version(&next, number) != self.version(state, number) {
            return Ok((next, strategy));
        }
        let dependents = self.dependents(&next, number)?;
        let fits = |release: &&&Release| {
            let mut dependents = dependents.iter();
            dependents.all(|one| self.takes(one, &release.version))
        };
        let Some(release) = candidates.iter().find(fits) else {
            return Err(Failure::because(
                "No version is in all of these ranges, also where dependents move.",
            ));
        };
        Ok((self.put(&next, number, release, depth)?, strategy))
    }

    /// The pin `other` needs another version of `number` than each of `candidates`.
    fn still_refuses(
        &self,
        state: &State,
        number: usize,
        other: usize,
        candidates: &[&Release],
    ) -> Result<bool, Failure> {
        let dependents = self.dependents(state, number)?;
        let is_other = |one: &&Dependent| matches!(one.who, Who::Pin(pin) if pin == other);
        let refuses = |one: &Dependent| {
            let mut candidates = candidates.iter().take(MAX_CANDIDATES);
            !candidates.any(|candidate| self.takes(one, &candidate.version))
        };
        Ok(dependents.iter().filter(is_other).any(refuses))
    }

    /// Has one's own file ask for a range with the lowest of `candidates` in it.
    fn widen(&self, state: &mut State, number: usize, candidates: &[&Release]) -> Result<(), Failure> {
        let asked = &self.project.asked[number];
        let Some(lowest) = candidates.first() else {
            return Err(Failure::because("No version helps."));
        };
        if !self.bounds.manifests.change_ranges() {
            return Err(Failure::because(format!(
                "{} {} would help, and {} is not to be changed.",
                asked.name, lowest.version, asked.file
            )));
        }
        let old = state.ranges.get(&number).unwrap_or(&asked.range);
        let Some(new) = wider(self.project.language, old, &lowest.version) else {
            return Err(Failure::because(format!(
                "{} asks for {}{old}, which is no plain range that could be changed.",
                asked.file, asked.written
            )));
        };
        state.ranges.insert(number, new);
        Ok(())
    }
}

fn is_later(version: &str, than: &str) -> bool {
    Pep440.compare(version, than).is_ok_and(std::cmp::Ordering::is_lt)
}
