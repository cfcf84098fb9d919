//! Exchanging a package for another version: inside of all ranges, else with what needs it, else by leaving.

use std::collections::BTreeMap;

use super::features::lacking;
use super::planner::{Asked, Choice, Failure, Planner, in_range, slot};
use super::state::State;
use crate::lockfile::cargo_lock::declared::{Declared, Dependency, DependencyKind};
use crate::lockfile::cargo_lock::locked::CrateId;
use crate::model::Release;
use crate::plan::{Constraint, Strategy};
use crate::version::Scheme as _;
use crate::version::semver::Semver;

/// A chain of dependents is not followed further than this.
const MAX_DEPTH: usize = 12;
/// So many versions are tried before a package is given up: inside of all ranges, and where dependents have to move.
const MAX_CANDIDATES: usize = 12;
const MAX_MOVING: usize = 4;

/// Which of the versions that help is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The lowest: that is what a finding asks for.
    Lowest,
    /// The newest, as Cargo takes it for what moves because of another.
    Newest,
}

/// Which releases help.
pub(super) type Accepts<'a> = &'a dyn Fn(&Choice<'_>) -> bool;

/// What needs a package, and how.
struct User {
    id: CrateId,
    leading: Vec<Dependency>,
    is_own: bool,
}

/// A release and those who are to need it.
type Group<'p> = (&'p Release, Vec<CrateId>);

impl<'p> Planner<'p> {
    /// Exchanges the package for a later version that `accepts` takes, else has everything move that needs it, so far that
    /// nothing does any more.
    pub(super) fn upgrade(
        &self,
        state: &State,
        id: &CrateId,
        accepts: Accepts<'_>,
        order: Order,
        depth: usize,
    ) -> Result<(State, Strategy), Failure> {
        let failure = match self.raise(state, id, accepts, order, depth) {
            Err(failure) if !failure.is_question() => failure,
            done_or_question => return done_or_question,
        };
        match self.do_without(state, id, depth) {
            Ok((next, _)) => Ok((next, Strategy::Parent)),
            Err(ask) if ask.is_question() => Err(ask),
            Err(_) => Err(failure),
        }
    }

    /// Has everything that needs the package do without it, and says what does not.
    pub(super) fn without(&self, state: &State, id: &CrateId) -> Result<(State, Strategy), Failure> {
        let failure = match self.do_without(state, id, 0) {
            Err(failure) if !failure.is_question() => failure,
            done_or_question => return done_or_question,
        };
        let users = self.users(state, id)?;
        let own = users.iter().find(|user| user.is_own);
        let reason = match own {
            Some(own) => format!(
                "{} asks for it by name: take it out there, or put another package in its place.",
                self.label(&own.id)
            ),
            None => {
                let (_, reason) = failure.into_reason();
                format!("It ends with versions of what needs it that do without it. {reason}")
            }
        };
        let by = users.iter().flat_map(|user| self.constraints(state, user));
        Err(Failure::Blocked {
            by: by.collect(),
            reason,
        })
    }

    /// What a user asks for.
    fn constraints(&self, state: &State, user: &User) -> Vec<Constraint> {
        let leading = user.leading.iter();
        leading
            .map(|dependency| Constraint {
                dependent: self.label(&user.id),
                name: dependency.name.clone(),
                range: self.range(state, dependency).to_owned(),
            })
            .collect()
    }

    /// Has everything that needs the package move to a version that does not.
    fn do_without(&self, state: &State, id: &CrateId, depth: usize) -> Result<(State, Strategy), Failure> {
        let mut next = state.clone();
        let mut strategy = Strategy::Parent;
        while let Some(user) = next.users(id).first().cloned() {
            self.step()?;
            if !user.is_of_registry() || user == *id {
                return Err(Failure::because("One's own manifest needs it."));
            }
            let needs_others = |choice: &Choice<'_>| {
                let asks = self.asks(&user.name, choice.release);
                choice.is_good && asks.is_ok_and(|asks| does_without(id, &asks))
            };
            let (moved, means) = self.upgrade(&next, &user, &needs_others, Order::Lowest, depth + 1)?;
            next = moved;
            strategy = strategy.max(means);
        }
        self.finish(&mut next)?;
        match next.has(id) {
            true => Err(Failure::because("It is one's own.")),
            false => Ok((next, strategy)),
        }
    }

    /// Why no version after that of `id` is taken: what keeps the lowest out that `accepts` would take.
    fn none_later(&self, id: &CrateId, choices: &[Choice<'_>], accepts: Accepts<'_>) -> String {
        let would_help = |choice: &&Choice<'_>| {
            let version = &choice.release.version;
            let good = Choice {
                is_good: true,
                ..**choice
            };
            is_later(&id.version, version)
                && (!Semver.is_prerelease(version) || Semver.is_prerelease(&id.version))
                && !(self.bounds.is_affected)(&id.name, version)
                && accepts(&good)
        };
        match choices.iter().find(would_help) {
            Some(choice) => {
                let needs = self
                    .needed_rust(choice.release)
                    .map(|needed| format!("Rust {needed}"));
                self.bounds
                    .kept_out(&id.name, choice.release, "yanked", needs.as_deref())
            }
            None => format!("The registry has no later version of {} that helps.", id.name),
        }
    }

    /// Exchanges the package for a later version that `accepts` takes, else has everything move that refuses one.
    fn raise(
        &self,
        state: &State,
        id: &CrateId,
        accepts: Accepts<'_>,
        order: Order,
        depth: usize,
    ) -> Result<(State, Strategy), Failure> {
        self.step()?;
        if depth >= MAX_DEPTH {
            return Err(Failure::because("Too many other packages would have to move."));
        }
        self.may_move(id)?;
        let users = self.users(state, id)?;
        let choices = self.choices(&id.name)?;
        // A pre-release only follows another.
        let mut later: Vec<&'p Release> = choices
            .iter()
            .filter(|choice| is_later(&id.version, &choice.release.version) && accepts(choice))
            .filter(|choice| {
                !Semver.is_prerelease(&choice.release.version) || Semver.is_prerelease(&id.version)
            })
            .map(|choice| choice.release)
            .collect();
        if order == Order::Newest {
            later.reverse();
        }
        // How far a package goes that others ask for is for those to say.
        let is_direct = users.iter().any(|user| user.is_own);
        let is_near = |release: &&Release| {
            !is_direct || Semver.distance(&id.version, &release.version) <= self.bounds.level
        };
        let (candidates, far): (Vec<&Release>, Vec<&Release>) = later.into_iter().partition(is_near);
        let Some(nearest) = candidates.first().copied() else {
            return Err(Failure::because(match far.first() {
                None => self.none_later(id, &choices, accepts),
                Some(far) => format!(
                    "{} {} would help, and is further away than `--level {}` goes.",
                    id.name,
                    far.version,
                    self.bounds.level.as_str()
                ),
            }));
        };
        let mut failure = None;
        for groups in self.groups(state, &users, &candidates)? {
            match self.exchange(state, id, &groups, depth) {
                Ok(next) => return Ok((next, Strategy::InRange)),
                Err(ask) if ask.is_question() => return Err(ask),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        for release in self.spaced(state, id, &candidates) {
            match self.move_users(state, id, &users, (release, &candidates), depth) {
                Ok(moved) => return Ok(moved),
                Err(ask) if ask.is_question() => return Err(ask),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        let refusing = users.iter().filter(|user| !self.is_taken(state, user, nearest));
        let mut by: Vec<Constraint> = refusing.flat_map(|user| self.constraints(state, user)).collect();
        let failure = failure.unwrap_or_else(|| Failure::because("No version helps."));
        let (further, reason) = failure.into_reason();
        let further: Vec<Constraint> = further.into_iter().filter(|one| !by.contains(one)).collect();
        by.extend(further);
        Err(Failure::Blocked { by, reason })
    }

    /// The package may be exchanged at all.
    fn may_move(&self, id: &CrateId) -> Result<(), Failure> {
        if !id.is_of_registry() {
            return Err(Failure::because(format!(
                "{id} stays: it is not from a registry."
            )));
        }
        match self.crates.is_patched(&id.name) {
            true => Err(Failure::because(format!(
                "`[patch]` in Cargo.toml decides about {}: change it there.",
                id.name
            ))),
            false => Ok(()),
        }
    }

    /// What needs the package.
    fn users(&self, state: &State, id: &CrateId) -> Result<Vec<User>, Failure> {
        let ids = state.users(id);
        let mut asked = Asked::default();
        for user in ids.iter().chain([id]) {
            asked.add(self, user);
        }
        asked.done()?;
        let user = |user: &CrateId| {
            let declared = self.declared(user)?;
            let leading = self.leading(state, (user, &declared), id);
            if leading.is_empty() {
                return Err(Failure::because(format!(
                    "The lockfile has {} need {id}, which it does not ask for.",
                    self.label(user)
                )));
            }
            Ok(User {
                id: user.clone(),
                leading: leading.into_iter().cloned().collect(),
                is_own: user.source.is_none(),
            })
        };
        ids.iter().map(user).collect()
    }

    /// The version is in every range of the user, and has the features that it asks for.
    fn is_taken(&self, state: &State, user: &User, release: &Release) -> bool {
        user.leading.iter().all(|one| self.fits(state, one, release))
    }

    /// `user` takes the release in the place of `old`: some dependency of it does, and each that always counts and that `old` is
    /// in range of. Cargo allows several of one crate: serde asks for `serde_derive` exactly and, if a feature wants it, in a range.
    pub(super) fn takes(
        &self,
        state: &State,
        (user, declared): (&CrateId, &Declared),
        old: &CrateId,
        release: &Release,
    ) -> bool {
        let asks = |one: &&Dependency| *one.package == *old.name && self.counts(user, one);
        let mut asking = declared.dependencies.iter().filter(asks);
        let mut always = declared
            .dependencies
            .iter()
            .filter(asks)
            .filter(|one| !one.is_optional && in_range(self.range(state, one), &old.version));
        asking.any(|one| self.fits(state, one, release)) && always.all(|one| self.fits(state, one, release))
    }

    fn fits(&self, state: &State, dependency: &Dependency, release: &Release) -> bool {
        let has_all = || {
            let known = self.asks(&dependency.package, release);
            known.is_ok_and(|declared| lacking(dependency, &declared).is_none())
        };
        let is_in = in_range(self.range(state, dependency), &release.version);
        is_in && (dependency.features.is_empty() || has_all())
    }

    /// The ways to spread all users over the candidates: one for all, else the fewest versions that Cargo locks beside each
    /// other.
    fn groups(
        &self,
        state: &State,
        users: &[User],
        candidates: &[&'p Release],
    ) -> Result<Vec<Vec<Group<'p>>>, Failure> {
        self.step()?;
        let ids = |users: &[&User]| users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
        let all: Vec<&User> = users.iter().collect();
        let takes_all = |release: &&&Release| users.iter().all(|user| self.is_taken(state, user, release));
        let ways: Vec<Vec<Group<'p>>> = candidates
            .iter()
            .filter(takes_all)
            .take(MAX_CANDIDATES)
            .map(|release| vec![(*release, ids(&all))])
            .collect();
        if !ways.is_empty() || users.is_empty() {
            return Ok(ways);
        }
        let groups = self.spread(state, all, candidates)?;
        Ok(match groups.is_empty() {
            true => Vec::new(),
            false => vec![groups],
        })
    }

    /// Spreads users over the fewest candidates; none where one of them takes none.
    fn spread(
        &self,
        state: &State,
        users: Vec<&User>,
        candidates: &[&'p Release],
    ) -> Result<Vec<Group<'p>>, Failure> {
        let mut open = users;
        let mut groups: Vec<Group<'p>> = Vec::new();
        while !open.is_empty() {
            self.step()?;
            let mut best: Option<(usize, &'p Release)> = None;
            for release in candidates {
                let taking = open.iter().filter(|user| self.is_taken(state, user, release));
                let count = taking.count();
                if count > best.map_or(0, |(most, _)| most) {
                    best = Some((count, release));
                }
            }
            let Some((_, release)) = best else {
                return Ok(Vec::new());
            };
            let (taking, rest): (Vec<&User>, Vec<&User>) = open
                .into_iter()
                .partition(|user| self.is_taken(state, user, release));
            groups.push((release, taking.iter().map(|user| user.id.clone()).collect()));
            open = rest;
        }
        Ok(groups)
    }

    /// Candidates that are worth moving others for: the first of those that are compatible with each other, or what is locked
    /// among them, then the next ones, then the last of each.
    fn spaced(&self, state: &State, id: &CrateId, candidates: &[&'p Release]) -> Vec<&'p Release> {
        let mut places = Vec::new();
        let mut spaced: Vec<&'p Release> = Vec::new();
        let mut others: Vec<&'p Release> = Vec::new();
        let mut last: BTreeMap<Option<[u64; 3]>, &'p Release> = BTreeMap::new();
        for candidate in candidates {
            let place = slot(&candidate.version);
            let mut named = state.named(&id.name);
            let locked = named.find(|other| *other != id && slot(&other.version) == place);
            let is_possible = locked.is_none_or(|locked| locked.version == candidate.version);
            match (is_possible, places.contains(&place)) {
                (true, false) => {
                    places.push(place);
                    spaced.push(candidate);
                }
                (true, true) => {
                    others.push(candidate);
                    last.insert(place, candidate);
                }
                (false, _) => {}
            }
        }
        spaced.truncate(MAX_MOVING);
        last.retain(|_, release| {
            !others
                .iter()
                .take(MAX_MOVING)
                .any(|other| std::ptr::eq(*other, *release))
        });
        others.truncate(MAX_MOVING);
        spaced.extend(others);
        spaced.extend(last.into_values().take(MAX_MOVING));
        spaced
    }

    /// Exchanges the package for `release`, and has those move after it that refuse every one of `candidates`.
    fn move_users(
        &self,
        state: &State,
        id: &CrateId,
        users: &[User],
        (release, candidates): (&'p Release, &[&'p Release]),
        depth: usize,
    ) -> Result<(State, Strategy), Failure> {
        // What is compatible with the release cannot be locked beside it.
        let beside = |other: &&&Release| slot(&other.version) != slot(&release.version);
        let possible: Vec<&'p Release> = std::iter::once(release)
            .chain(candidates.iter().filter(beside).copied())
            .collect();
        let takes_any = |user: &&User| possible.iter().any(|release| self.is_taken(state, user, release));
        let (taking, refusing): (Vec<&User>, Vec<&User>) = users.iter().partition(takes_any);
        let mut groups = self.spread(state, taking, &possible)?;
        let refuse = refusing.iter().map(|user| user.id.clone());
        match groups
            .iter_mut()
            .find(|(other, _)| other.version == release.version)
        {
            Some((_, group)) => group.extend(refuse),
            None => groups.insert(0, (release, refuse.collect())),
        }
        let new = CrateId {
            version: release.version.clone(),
            ..id.clone()
        };
        let mut next = self.exchange(state, id, &groups, depth)?;
        let mut strategy = Strategy::Parent;
        let (own, others): (Vec<&User>, Vec<&User>) = refusing.into_iter().partition(|user| user.is_own);
        for user in own {
            strategy = Strategy::Manifest;
            self.widen(&mut next, user, &new)?;
        }
        for user in others {
            // Another one that moved may have taken this one along.
            if !next.is_loose(&user.id, &new) {
                continue;
            }
            // One that does not need it any more helps as well.
            let helps = |choice: &Choice<'_>| {
                choice.is_good
                    && self
                        .asks(&user.id.name, choice.release)
                        .is_ok_and(|asks| helps(id, &asks, &possible))
            };
            let (moved, means) = self.upgrade(&next, &user.id, &helps, Order::Lowest, depth + 1)?;
            next = moved;
            strategy = strategy.max(means);
        }
        self.finish(&mut next)?;
        match next.loose.iter().any(|(_, needed)| *needed == new) {
            true => Err(Failure::because(
                "No version is in all of these ranges, also where dependents move.",
            )),
            false => Ok((next, strategy)),
        }
    }

    /// Has a manifest of one's own ask for a range with `new` in it.
    fn widen(&self, state: &mut State, user: &User, new: &CrateId) -> Result<(), Failure> {
        for dependency in &user.leading {
            let Some(folder) = &dependency.folder else {
                continue;
            };
            if in_range(self.range(state, dependency), &new.version) {
                continue;
            }
            if !self.bounds.manifests.change_ranges() {
                return Err(Failure::because(format!(
                    "{new} would help, and {} is not to be changed.",
                    self.label(&user.id)
                )));
            }
            let Some(range) = wider(&dependency.range, &new.version) else {
                return Err(Failure::because(format!(
                    "{} asks for {} {}, which is no plain range that could be changed.",
                    self.label(&user.id),
                    dependency.name,
                    dependency.range
                )));
            };
            let release = self.release(new)?;
            if let Some(feature) = lacking(dependency, &*self.asks(&new.name, release)?) {
                return Err(Failure::because(format!(
                    "{new} has no feature `{feature}`, which {} asks for.",
                    self.label(&user.id)
                )));
            }
            let key = (folder.clone(), dependency.name.clone());
            state.ranges.insert(key, (dependency.range.clone(), range));
        }
        // Others may share the range.
        let loose: Vec<(CrateId, CrateId)> = state
            .loose
            .iter()
            .filter(|(_, needed)| needed == new)
            .cloned()
            .collect();
        let release = self.release(new)?;
        for (other, needed) in loose.into_iter().filter(|(other, _)| other.source.is_none()) {
            let declared = self.declared(&other)?;
            if self.takes(state, (&other, &declared), new, release) {
                state.loose.remove(&(other, needed));
            }
        }
        Ok(())
    }
}

/// What leads to the crate's package, for those who are no members of the workspace.
fn leading<'d>(id: &CrateId, asks: &'d Declared) -> impl Iterator<Item = &'d Dependency> {
    let dependencies = asks.dependencies.iter();
    dependencies.filter(|one| *one.package == *id.name && one.kind != DependencyKind::Dev)
}

/// A release that asks for this does not need the crate in this version.
fn does_without(id: &CrateId, asks: &Declared) -> bool {
    leading(id, asks).all(|one| !in_range(&one.range, &id.version))
}

/// A release that asks for this needs nothing that keeps the candidates out.
fn helps(id: &CrateId, asks: &Declared, candidates: &[&Release]) -> bool {
    leading(id, asks).all(|one| {
        candidates
            .iter()
            .any(|release| in_range(&one.range, &release.version))
    })
}

pub(super) fn is_later(version: &str, than: &str) -> bool {
    Semver.compare(version, than).is_ok_and(std::cmp::Ordering::is_lt)
}

/// `range` moved up to `version`, in the form that it has: `^1.2.3`, `~1.2.3`, `=1.2.3` or `1.2.3`.
fn wider(range: &str, version: &str) -> Option<String> {
    let plain = range.trim();
    let digit = plain.find(|character: char| character.is_ascii_digit())?;
    let (operator, rest) = plain.split_at_checked(digit)?;
    let is_version = rest
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
    // Build metadata has no part in a range.
    let version = version.split('+').next().unwrap_or_default();
    match operator.trim_end() {
        "^" | "~" | "" | "=" if is_version => Some(format!("{operator}{version}")),
        _ => None,
    }
}
