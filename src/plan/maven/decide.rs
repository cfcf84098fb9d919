//! What is done about one text, and what that asks of others.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{Bounds, Collateral, Known, Releases, Wish};
use super::brings::{Brings, Decided, Need};
use super::literal::{Literal, Place};
use super::version::candidates;
use super::{PomEdit, PomModule};
use crate::lockfile::pom::declared::{Declaration, Form};
use crate::model::{Query, Release, Scope, Scopes};
use crate::text::xml;
use crate::version::Scheme as _;
use crate::version::maven::Maven;

/// So many versions are tried before an artifact is given up.
const MAX_CANDIDATES: usize = 4;

/// Why an artifact stays.
pub(super) enum Failure {
    Ask(BTreeSet<Query>),
    Blocked(String),
}

impl Failure {
    fn because(reason: impl Into<String>) -> Self {
        Self::Blocked(reason.into())
    }
}

/// What is done about a literal.
pub(super) struct Decision {
    pub(super) edits: Vec<PomEdit>,
    /// Each artifact that moves, with its new version.
    pub(super) moves: BTreeMap<String, String>,
    pub(super) collateral: Vec<Collateral>,
    /// The lowest version that other texts have to say then.
    pub(super) floors: BTreeMap<Place, String>,
}

/// Decides about texts.
pub(super) struct Decider<'p> {
    pub(super) literals: &'p BTreeMap<Place, Literal<'p>>,
    /// The lowest version that each text has to say.
    pub(super) floors: &'p BTreeMap<Place, String>,
    /// Floors that cannot be had, and why.
    pub(super) refused: &'p BTreeMap<(Place, String), String>,
    pub(super) releases: &'p dyn Releases,
    pub(super) bounds: &'p Bounds<'p>,
}

impl<'p> Decider<'p> {
    /// What is done so that the wishes for one literal are fulfilled, and its floor is reached.
    pub(super) fn decide(
        &self,
        place: &Place,
        literal: &Literal<'p>,
        wished: &[&Wish],
    ) -> Result<Decision, Failure> {
        if *literal.form == Form::Other {
            return Err(Failure::because(
                "The version is put together of several, or is that of a module: change it by hand.",
            ));
        }
        let mut asked = BTreeSet::new();
        for name in literal.names() {
            if let Known::NotAsked = self.releases.versions(name) {
                asked.insert(Query::versions(name));
            }
        }
        if !asked.is_empty() {
            return Err(Failure::Ask(asked));
        }
        let floor = self.floors.get(place).map(String::as_str);
        if wished.is_empty() {
            return match floor {
                Some(floor) => self.take(literal, &[], floor, None),
                None => Err(Failure::because("Nothing is wished.")),
            };
        }
        let mut failure = None;
        let mut far = None;
        let mut options: Vec<&str> = Vec::new();
        for wish in wished {
            match self.known(&wish.name) {
                Ok(known) => {
                    let found = candidates(known, wish, self.bounds);
                    options.extend(found.near.iter().map(|release| &*release.version));
                    far = far.or(found.far.map(|version| (wish.name.as_str(), version)));
                }
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        // What helps most and reaches the floor comes first, and of that the lowest.
        options.sort_by(|left, right| {
            let is_below = |version: &str| floor.is_some_and(|floor| order(version, floor).is_lt());
            let helped = |version: &str| self.helped(wished, version).len();
            let by_floor = is_below(left).cmp(&is_below(right));
            let by_help = || helped(right).cmp(&helped(left));
            by_floor.then_with(by_help).then_with(|| order(left, right))
        });
        options.dedup();
        for version in options.into_iter().take(MAX_CANDIDATES) {
            match self.take(literal, wished, version, floor) {
                Ok(decision) => return Ok(decision),
                Err(ask @ Failure::Ask(_)) => return Err(ask),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or_else(|| {
            Failure::Blocked(match far {
                Some((name, version)) => format!(
                    "{name} {version} would help, and is further away than `--level {}` goes.",
                    self.bounds.level.as_str()
                ),
                None => "The repository has no later version that helps.".to_owned(),
            })
        }))
    }

    /// The version ends what is wished.
    pub(super) fn helps(&self, wish: &Wish, version: &str) -> bool {
        !(self.bounds.is_affected)(&wish.name, version) || wish.to.as_deref() == Some(version)
    }

    /// What a version, where it is there, ends.
    fn helped<'w>(&self, wished: &[&'w Wish], version: &str) -> Vec<&'w Wish> {
        let is_there = |name: &str| match self.known(name) {
            Ok(known) => known.iter().any(|release| &*release.version == version),
            Err(_) => false,
        };
        let mut helped = wished.to_vec();
        helped.retain(|wish| is_there(&wish.name) && self.helps(wish, version));
        helped
    }

    fn known(&self, name: &str) -> Result<&'p [Release], Failure> {
        match self.releases.versions(name) {
            Known::Answer(releases) => Ok(releases),
            Known::NotAsked => Err(Failure::Ask(BTreeSet::from([Query::versions(name)]))),
            Known::Failed(reason) => Err(Failure::Blocked(format!(
                "The versions of {name} could not be learnt: {reason}."
            ))),
        }
    }

    /// Moves everything that has its version from the literal, or else what the version helps alone, and the others to the floor
    /// if there is one. What it does not help gets another version of its own.
    fn take(
        &self,
        literal: &Literal<'p>,
        wished: &[&Wish],
        version: &str,
        floor: Option<&str>,
    ) -> Result<Decision, Failure> {
        let helped = self.helped(wished, version);
        let mut edits = Vec::new();
        let mut moves = BTreeMap::new();
        let is_helped = |name: &str| helped.iter().any(|wish| wish.name == name);
        for wish in wished.iter().filter(|wish| !is_helped(&wish.name)) {
            let own = self
                .known(&wish.name)
                .map(|known| candidates(known, wish, self.bounds));
            let own = own.ok().and_then(|own| own.near.first().copied());
            if let Some(own) = own
                && let Some(apart) = literal.apart(&wish.name, &own.version)
            {
                edits.extend(apart);
                moves.insert(wish.name.clone(), own.version.to_string());
            }
        }
        let is_seen_to = |name: &str| is_helped(name) || moves.contains_key(name);
        let is_below = floor.is_some_and(|floor| order(version, floor).is_lt());
        let mut whole = Some(version);
        if let Some(why) = match is_below {
            true => Some(format!(
                "Other artifacts need a later version of what {} is the version of.",
                literal.shown()
            )),
            false => self.why_apart(literal, &is_seen_to, version)?,
        } {
            for wish in helped {
                let apart = literal.apart(&wish.name, version);
                edits.extend(apart.ok_or_else(|| Failure::Blocked(why.clone()))?);
                moves.insert(wish.name.clone(), version.to_owned());
            }
            if moves.is_empty() {
                return Err(Failure::Blocked(why));
            }
            whole = floor;
            if let Some(floor) = floor
                && let Some(why) = self.why_apart(literal, &|name| moves.contains_key(name), floor)?
            {
                return Err(Failure::Blocked(why));
            }
        }
        if let Some(version) = whole {
            edits.push(literal.changed(version, &|name| moves.contains_key(name)));
            for name in literal.names() {
                moves.entry(name.to_owned()).or_insert_with(|| version.to_owned());
            }
        }
        self.decision(literal, edits, moves)
    }

    /// Why the others that have their version from the literal cannot have this one.
    fn why_apart(
        &self,
        literal: &Literal<'p>,
        is_seen_to: &dyn Fn(&str) -> bool,
        version: &str,
    ) -> Result<Option<String>, Failure> {
        for name in literal.names().into_iter().filter(|name| !is_seen_to(name)) {
            let shown = literal.shown();
            let known = match self.known(name) {
                Ok(known) => known,
                Err(Failure::Blocked(reason)) => {
                    return Ok(Some(format!("{name} has its version from {shown}. {reason}")));
                }
                Err(ask) => return Err(ask),
            };
            let Some(release) = known.iter().find(|release| &*release.version == version) else {
                return Ok(Some(format!(
                    "{name} has its version from {shown}, and there is no {name} {version}."
                )));
            };
            let affected = |version: &str| (self.bounds.is_affected)(name, version);
            if affected(version) && !affected(literal.version) {
                return Ok(Some(format!(
                    "{name} has its version from {shown}, and {name} {version} has a known advisory."
                )));
            }
            if !affected(literal.version) && !self.bounds.is_old_enough(release) {
                return Ok(Some(self.bounds.too_new(name, release)));
            }
        }
        Ok(None)
    }

    /// The decision, once the poms of the new versions are known and nothing worse comes in by them.
    fn decision(
        &self,
        literal: &Literal<'p>,
        edits: Vec<PomEdit>,
        moves: BTreeMap<String, String>,
    ) -> Result<Decision, Failure> {
        self.are_there(&moves)?;
        // The modules that ask for what moves: where it is managed alone it brings nothing.
        let asks = |module: &PomModule| {
            let mut own = module.declarations.iter();
            own.any(|one| moves.contains_key(&one.name))
        };
        let modules: Vec<&'p PomModule> = literal.uses.iter().map(|(module, _)| *module).collect();
        let modules: Vec<&'p PomModule> = modules.into_iter().filter(|module| asks(module)).collect();
        // What each of them says of an artifact itself.
        let owns = |name: &str| -> Vec<Option<&'p Declaration>> {
            let own = modules.iter().copied();
            own.map(|module| {
                let mut own = module.declarations.iter().chain(&module.managed);
                own.find(|one| one.name == name)
            })
            .collect()
        };
        let runtime: BTreeSet<&str> = literal
            .uses
            .iter()
            // What runs in the build alone brings nothing to the module.
            .filter(|(_, declaration)| declaration.scopes != Scopes::only(Scope::Build))
            .map(|(_, declaration)| declaration.name.as_str())
            .collect();
        let decided = |name: &str| {
            let owns = owns(name);
            match (owns.iter().any(Option::is_some), owns.iter().all(Option::is_some)) {
                (false, _) => Decided::Nowhere,
                (true, false) => Decided::Somewhere,
                (true, true) => Decided::Everywhere,
            }
        };
        let mut brings = Brings::new(self.releases, &decided);
        for (name, version) in moves.iter().filter(|(name, _)| runtime.contains(name.as_str())) {
            brings.compare(name, literal.version, version);
        }
        let (collateral, needed) = match brings.finish() {
            Ok(found) => found,
            Err(queries) => return Err(Failure::Ask(queries)),
        };
        let mut floors = BTreeMap::new();
        for need in &needed {
            for own in owns(&need.name).into_iter().flatten() {
                self.follow(need, own, &moves, &mut floors)?;
            }
        }
        for one in &collateral {
            let Some(to) = &one.to else { continue };
            let affected = |version: &str| (self.bounds.is_affected)(&one.name, version);
            if affected(to) && one.from.as_deref().is_none_or(|from| !affected(from)) {
                let by: Vec<String> = moves
                    .iter()
                    .map(|(name, version)| format!("{name} {version}"))
                    .collect();
                return Err(Failure::Blocked(format!(
                    "{} brings {} {to}, which has a known advisory.",
                    by.join(", "),
                    one.name
                )));
            }
        }
        Ok(Decision {
            edits,
            moves,
            collateral,
            floors,
        })
    }

    /// What a module says itself has to be as late as `need` is.
    fn follow(
        &self,
        need: &Need,
        own: &Declaration,
        moves: &BTreeMap<String, String>,
        floors: &mut BTreeMap<Place, String>,
    ) -> Result<(), Failure> {
        let place = (own.file.clone(), own.at.start);
        let planned = moves.get(&need.name).or_else(|| self.floors.get(&place));
        let has = planned.unwrap_or(&own.version);
        // What was below before is meant to be.
        let from = need.from.as_ref();
        let was_below = from.is_some_and(|from| order(&own.version, from).is_lt());
        if was_below || !order(has, &need.to).is_lt() {
            return Ok(());
        }
        let why = format!(
            "{} {} needs {} {}, and {} has {}.",
            need.by.0, need.by.1, need.name, need.to, own.file, own.version
        );
        let refused = self.refused.get(&(place.clone(), need.to.clone()));
        let is_near = Maven.distance(&own.version, &need.to) <= self.bounds.level;
        match (refused, self.literals.get(&place)) {
            (None, Some(_)) if is_near => {
                raise(floors, place, need.to.clone());
                Ok(())
            }
            (None, Some(_)) => {
                let level = self.bounds.level.as_str();
                Err(Failure::Blocked(format!(
                    "{why} That is further away than `--level {level}` goes."
                )))
            }
            (Some(reason), _) => Err(Failure::Blocked(format!("{why} {reason}"))),
            (None, None) => Err(Failure::Blocked(why)),
        }
    }

    /// The repository has the pom of each, and it is not that of another artifact.
    fn are_there(&self, moves: &BTreeMap<String, String>) -> Result<(), Failure> {
        let mut asked = BTreeSet::new();
        for (name, version) in moves {
            match self.releases.metadata(name, version) {
                Known::Answer(release) => {
                    if let Some(other) = relocated(name, &release.document) {
                        return Err(Failure::Blocked(format!(
                            "{name} {version} is published as {other}: change the name by hand."
                        )));
                    }
                }
                Known::NotAsked => {
                    asked.insert(Query::metadata(name.as_str(), version.as_str()));
                }
                Known::Failed(reason) => {
                    return Err(Failure::Blocked(format!(
                        "The pom of {name} {version} could not be learnt: {reason}."
                    )));
                }
            }
        }
        match asked.is_empty() {
            true => Ok(()),
            false => Err(Failure::Ask(asked)),
        }
    }
}

/// The floor of a text is `version`, if it is no higher one.
pub(super) fn raise(floors: &mut BTreeMap<Place, String>, place: Place, version: String) {
    let known = floors.entry(place).or_insert_with(|| version.clone());
    if order(known, &version).is_lt() {
        *known = version;
    }
}

fn order(left: &str, right: &str) -> Ordering {
    Maven.compare(left, right).unwrap_or(Ordering::Equal)
}

/// The other name under which a version is published, as its pom says (`distributionManagement/relocation`).
fn relocated(name: &str, pom: &str) -> Option<String> {
    let document = xml::read(pom);
    let project = document.root().child("project")?;
    let relocation = project.child("distributionManagement")?.child("relocation")?;
    let (group, artifact) = name.split_once(':')?;
    let part = |field: &str, own: &str| match relocation.child(field) {
        Some(element) if !element.text().is_empty() => element.text().into_owned(),
        Some(_) | None => own.to_owned(),
    };
    Some(format!(
        "{}:{}",
        part("groupId", group),
        part("artifactId", artifact)
    ))
}
