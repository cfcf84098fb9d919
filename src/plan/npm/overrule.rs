//! The last means: `overrides` in the root's `package.json`, where the policy allows it.
//!
//! Rules of Arborist (npm 11.19.1, `override-set.js`): an entry `name` changes what everything asks for under that name, an entry
//! `name` inside of one of a package what that package and everything below it asks for. A range of the root itself may not be
//! changed so. Of the project's own entries, one that has everything ask for a plain range can be raised; the others stay as they are.

use std::collections::BTreeSet;

use super::planner::{Planner, Tried};
use super::state::State;
use super::tree::{Dependent, FolderTree, Node, folder_name};
use crate::lockfile::package_lock::installed::Layout;
use crate::model::Release;
use crate::plan::Strategy;
use crate::plan::npm_catalogue::{Accepts, Failure, is_later, wider};
use crate::version::Scheme as _;
use crate::version::npm::Npm;

/// So many versions are tried.
const MAX_CANDIDATES: usize = 6;

impl Planner<'_> {
    /// Has the manifest override what keeps a version out that `accepts` takes, for the package at `place`, which cannot be
    /// upgraded otherwise because of `failure`. Where that is not possible either, the reason is that of `failure`.
    pub(super) fn overruled(
        &self,
        state: &State,
        place: &str,
        accepts: Accepts<'_>,
        failure: Failure,
    ) -> Tried {
        let is_of_others = match &failure {
            Failure::Blocked { by, .. } => by.iter().any(|one| !one.dependent.ends_with("package.json")),
            Failure::Ask(_) | Failure::Crowded(_) => false,
        };
        if !self.catalogue.bounds.manifests.add_overrides() {
            return Err(match is_of_others && self.may_override(state, place) {
                true => failure.with(
                    "With `override` in `fix.allow` of the policy, `overrides` in package.json would decide about it.",
                ),
                false => failure,
            });
        }
        match self.overrule(state, place, accepts) {
            Ok(next) => Ok((next, Strategy::Override)),
            Err(Failure::Ask(names)) => Err(Failure::Ask(names)),
            Err(Failure::Blocked { reason, .. } | Failure::Crowded(reason)) => {
                Err(failure.with(&format!("It cannot be overridden either: {reason}")))
            }
        }
    }

    /// npm reads `overrides` for such a lockfile, and none is there for the package.
    fn may_override(&self, state: &State, place: &str) -> bool {
        let node = state.tree.node(place);
        let is_free = node.is_some_and(|node| {
            !self.overrides.speak_of(&node.name) && node.is_fixed.is_none() && node.name == folder_name(place)
        });
        is_free && self.layout == Layout::Flat
    }

    fn overrule(&self, state: &State, place: &str, accepts: Accepts<'_>) -> Result<State, Failure> {
        if self.layout == Layout::Bun {
            return Err(Failure::because(
                "For Bun that is not done: name the version under `overrides` in package.json, then run `bun install`.",
            ));
        }
        if self.layout != Layout::Flat {
            return Err(Failure::because(
                "That is done in lockfile version 3 alone, which `npm install --package-lock-only --lockfile-version 3` makes of it.",
            ));
        }
        if !self.may_override(state, place) {
            return Err(Failure::because(
                "`overrides` decide about it already, or it is an alias.",
            ));
        }
        let Some(node) = state.tree.node(place).cloned() else {
            return Ok(state.clone());
        };
        let rated = self.catalogue.releases(&node.name)?;
        let later = rated
            .iter()
            .filter(|rated| is_later(&node.version, &rated.release.version) && accepts(rated))
            .map(|rated| rated.release)
            .filter(|release| !Npm.is_prerelease(&release.version))
            .filter(|release| Npm.distance(&node.version, &release.version) <= self.catalogue.bounds.level);
        let mut failure = None;
        for release in later.take(MAX_CANDIDATES) {
            match self.with_override(state, place, &node, release) {
                Ok(next) => return Ok(next),
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or_else(|| {
            Failure::because(format!(
                "No version of {} that helps is as near as `--level {}` asks.",
                node.name,
                self.catalogue.bounds.level.as_str()
            ))
        }))
    }

    /// Puts `release` in the place of `node`, and has the manifest override the ranges that keep it out.
    fn with_override(
        &self,
        state: &State,
        place: &str,
        node: &Node,
        release: &Release,
    ) -> Result<State, Failure> {
        let name = &node.name;
        let dependents = state.tree.dependents(place);
        let (own, others): (Vec<&Dependent<'_>>, Vec<&Dependent<'_>>) =
            dependents.iter().partition(|dependent| dependent.node.is_own);
        let refuses = |dependent: &&&Dependent<'_>| {
            !self
                .catalogue
                .in_range(&dependent.requirement.range, &release.version)
        };
        if let Some(own) = own.iter().find(refuses) {
            return Err(Failure::because(format!(
                "{} itself asks for {name} {}.",
                own.node.label(own.place),
                own.requirement.range
            )));
        }
        let range = format!("^{}", release.version);
        let mut alike = state.tree.nodes();
        let is_single =
            alike.all(|(at, other)| at == place || (other.name != *name && folder_name(at) != name.as_str()));
        let mut next = state.clone();
        if is_single && own.is_empty() && !has_rules_for(state, name) {
            next.overrides.insert((None, name.clone()), range);
        } else {
            for dependent in others.iter().filter(refuses) {
                let under = dependent.node.name.clone();
                if self.overrides.speak_of(&under) || dependent.node.is_fixed.is_some() {
                    return Err(Failure::because(format!(
                        "What {under} needs cannot be overridden."
                    )));
                }
                let leads = leads_elsewhere(&state.tree, &under, name, place);
                if let Some(elsewhere) = leads {
                    return Err(Failure::because(format!(
                        "An override for {under} would change {elsewhere}, too."
                    )));
                }
                let known = next
                    .overrides
                    .insert((Some(under.clone()), name.clone()), range.clone());
                if known.is_some_and(|known| known != range) {
                    return Err(Failure::because(format!(
                        "What {under} needs is overridden with another version."
                    )));
                }
            }
        }
        next.overrule_all(name);
        self.put(&next, place, name, release, 0)
    }

    /// Has the entry about `name` in `overrides`, which asks for `range`, ask for the first of `candidates` that is possible, and
    /// puts that into each folder of the package.
    pub(super) fn raised(
        &self,
        state: &State,
        (name, range): (&str, &str),
        candidates: &[&Release],
        depth: usize,
    ) -> Tried {
        let mut failure = None;
        for release in candidates.iter().take(MAX_CANDIDATES) {
            match self.raise(state, (name, range), release, depth) {
                Ok(next) => return Ok((next, Strategy::Manifest)),
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(blocked) => failure = failure.or(Some(blocked)),
            }
        }
        Err(failure.unwrap_or_else(|| Failure::because("No version helps.")))
    }

    fn raise(
        &self,
        state: &State,
        (name, range): (&str, &str),
        release: &Release,
        depth: usize,
    ) -> Result<State, Failure> {
        if !self.catalogue.bounds.manifests.change_ranges() {
            return Err(Failure::because(format!(
                "{name} {} would help, `overrides` in package.json ask for {range}, and package.json is not to be changed.",
                release.version
            )));
        }
        let Some(higher) = wider(range, &release.version) else {
            return Err(Failure::because(format!(
                "`overrides` in package.json ask for {name} {range}, which is no plain range that could be changed."
            )));
        };
        let mut next = state.clone();
        next.overrides.insert((None, name.to_owned()), higher);
        next.overrule_all(name);
        let folders: Vec<String> = state
            .tree
            .nodes()
            .filter(|(_, node)| node.name == name)
            .map(|(place, _)| place.to_owned())
            .collect();
        for place in folders {
            match next.tree.node(&place).map(|node| node.is_fixed) {
                // Another one moved, and it was not needed any more.
                None => {}
                Some(None) => next = self.put(&next, &place, name, release, depth)?,
                Some(Some(reason)) => {
                    return Err(Failure::because(format!("{name} in {place} stays: {reason}.")));
                }
            }
        }
        Ok(next)
    }
}

fn has_rules_for(state: &State, name: &str) -> bool {
    state.overrides.keys().any(|(_, known)| known == name)
}

/// Where `name` leads, from a package called `under` or anything that it needs, if that is not `place`.
fn leads_elsewhere(tree: &FolderTree, under: &str, name: &str, place: &str) -> Option<String> {
    let mut open: Vec<&str> = tree
        .nodes()
        .filter(|(_, node)| node.name == under)
        .map(|(place, _)| place)
        .collect();
    let mut reached: BTreeSet<&str> = open.iter().copied().collect();
    while let Some(from) = open.pop() {
        let node = tree.node(from)?;
        for requirement in &node.requirements {
            let Some(found) = tree.resolve(from, &requirement.name) else {
                continue;
            };
            if *requirement.name == *name && found != place {
                let other = tree.node(found);
                return Some(other.map_or_else(|| found.to_owned(), |other| other.label(found)));
            }
            if reached.insert(found) {
                open.push(found);
            }
        }
    }
    None
}
