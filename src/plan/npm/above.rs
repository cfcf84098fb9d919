//! From above: what the project itself asks for goes to a version that brings no more what is to leave. It is tried where going up from there,
//! dependent by dependent, came to nothing: packages of one family need each other in one version, and none of them moves alone.

use std::collections::BTreeSet;

use super::planner::{Planner, Tried};
use super::search::MAX_DEPTH;
use super::state::State;
use super::tree::{Dependent, FolderTree};
use crate::model::Release;
use crate::plan::Strategy;
use crate::plan::npm_catalogue::{Accepts, Failure, is_later};
use crate::version::Scheme as _;
use crate::version::npm::Npm;

/// So many packages that the project asks for are moved because of one wish.
const MAX_MOVING: usize = 12;

impl Planner<'_> {
    /// Has everything that the project asks for, and that leads to the package at `place`, go to the lowest version that does not, until
    /// the package is not needed any more or has a version that `accepts` takes.
    pub(super) fn upgrade_from_above(&self, state: &State, place: &str, accepts: Accepts<'_>) -> Tried {
        let Some(bad) = state.tree.node(place).cloned() else {
            return Ok((state.clone(), Strategy::InRange));
        };
        let mut next = state.clone();
        let mut strategy = Strategy::Parent;
        for _ in 0..MAX_MOVING {
            let is_bad = |at: &str| {
                let node = next.tree.node(at);
                at == place && node.is_some_and(|node| node.version == bad.version)
            };
            if !is_bad(place) {
                return Ok((next, strategy));
            }
            let Some(lead) = lead(&next.tree, place) else {
                return Err(Failure::because("Nothing that the project asks for leads there."));
            };
            if lead == place {
                return Err(Failure::because("The project itself asks for it."));
            }
            let (moved, means) = self.away_from(&next, &lead, place)?;
            next = moved;
            strategy = strategy.max(means);
            // What is left may accept another version now.
            if let Ok((moved, _)) = self.exchange(&next, place, accepts, MAX_DEPTH) {
                next = moved;
                next.drop_unneeded(&state.tree);
            }
        }
        Err(Failure::because("Too many other packages would have to move."))
    }

    /// The package at `lead`, for which the project asks, in its lowest later version that does not lead to the one at `place`. Where the
    /// highest does, none is looked for; what a version brings seldom comes back later.
    fn away_from(&self, state: &State, lead: &str, place: &str) -> Tried {
        let Some(node) = state.tree.node(lead).filter(|node| node.is_fixed.is_none()) else {
            return Err(Failure::because("It cannot be exchanged."));
        };
        if self.overrides.others.contains(&node.name) || self.overrides.plain.contains_key(&node.name) {
            return Err(Failure::because("`overrides` in package.json decide about it."));
        }
        let rated = self.catalogue.releases(&node.name)?;
        let later: Vec<&Release> = rated
            .iter()
            .filter(|rated| rated.is_good && is_later(&node.version, &rated.release.version))
            .map(|rated| rated.release)
            .filter(|release| !Npm.is_prerelease(&release.version) || Npm.is_prerelease(&node.version))
            .filter(|release| Npm.distance(&node.version, &release.version) <= self.catalogue.bounds.level)
            .collect();
        let (Some(highest), Some(last)) = (later.last(), later.len().checked_sub(1)) else {
            return Err(Failure::because("The registry has no later version of it."));
        };
        let mut found = self.in_version(state, lead, highest, place)?;
        // The lowest that helps is after `low` and not after `high`.
        let (mut low, mut high) = (0, last);
        while low < high {
            let middle = low.midpoint(high);
            let Some(release) = later.get(middle) else { break };
            match self.in_version(state, lead, release, place) {
                Ok(moved) => {
                    found = moved;
                    high = middle;
                }
                Err(Failure::Ask(names)) => return Err(Failure::Ask(names)),
                Err(Failure::Blocked { .. } | Failure::Crowded(_)) => low = middle + 1,
            }
        }
        Ok(found)
    }

    /// The package at `lead` as `release`, which must not lead to the one at `place`.
    fn in_version(&self, state: &State, lead: &str, release: &Release, place: &str) -> Tried {
        let dependents = state.tree.dependents(lead);
        let alone = state.needed_alone_by(lead);
        let refusing: Vec<&Dependent<'_>> = dependents
            .iter()
            .filter(|dependent| {
                !self.takes(dependent, release)
                    && !self.is_moved_by(state, lead, release, dependent.place)
                    && !alone.contains(dependent.place)
            })
            .collect();
        let (mut next, means) = self.move_dependents(state, lead, &refusing, &[release], 1)?;
        next.drop_unneeded(&state.tree);
        let was = state.tree.node(place).map(|node| &node.version);
        let is_left = next.tree.node(place).map(|node| &node.version) == was;
        match is_left && leads_to(&next.tree, lead, place) {
            true => Err(Failure::because("It still needs it.")),
            false => Ok((next, means)),
        }
    }
}

/// Something that a folder of one's own asks for and that leads to the one at `place`.
fn lead(tree: &FolderTree, place: &str) -> Option<String> {
    let own = tree.nodes().filter(|(_, node)| node.is_own);
    let asked = own.flat_map(|(from, node)| {
        let needs = node.requirements.iter();
        needs.filter_map(move |requirement| tree.resolve(from, &requirement.name))
    });
    let mut asked = asked.filter(|at| tree.node(at).is_some_and(|node| !node.is_own));
    asked.find(|at| leads_to(tree, at, place)).map(str::to_owned)
}

/// The package at `from` needs the one at `place`, or needs something that does.
fn leads_to(tree: &FolderTree, from: &str, place: &str) -> bool {
    let mut open = vec![from];
    let mut seen: BTreeSet<&str> = BTreeSet::from([from]);
    while let Some(at) = open.pop() {
        if at == place {
            return true;
        }
        let Some(node) = tree.node(at) else { continue };
        for requirement in &node.requirements {
            if let Some(found) = tree.resolve(at, &requirement.name)
                && seen.insert(found)
            {
                open.push(found);
            }
        }
    }
    false
}
