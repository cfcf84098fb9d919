//! Putting a release into its folder, and whatever it needs where it finds that.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::planner::Planner;
use super::state::State;
use super::tree::{Dependent, FolderTree, Node, below, parent};
use crate::model::{Release, Requirement, RequirementKind};
use crate::plan::npm_catalogue::{Failure, Rated, is_later};

/// So many folders may change because of one upgrade.
const MAX_CHANGES: usize = 200;
/// So many releases that came in are given up because of what they need.
const MAX_BARRED: usize = 3;

/// Releases that are not to come in: name and version.
type Barred = BTreeSet<(String, String)>;

/// Why it is not possible, and the release because of which, where another one could be taken.
type Stuck = (Failure, Option<(String, String)>);

impl Planner<'_> {
    /// Puts `release` at `place`, and whatever it needs where it finds that: the newest, or an older one where what that needs is not to be
    /// had.
    pub(super) fn put(
        &self,
        state: &State,
        place: &str,
        name: &str,
        release: &Release,
        depth: usize,
    ) -> Result<State, Failure> {
        let mut barred = Barred::new();
        let mut first = None;
        loop {
            let stuck = match self.put_without(&barred, state, (place, name), release, depth) {
                Ok(next) => return Ok(next),
                Err((Failure::Ask(names), _)) => return Err(Failure::Ask(names)),
                Err(stuck) => stuck,
            };
            let failure = first.get_or_insert(stuck.0).clone();
            match stuck.1 {
                Some(release) if barred.len() < MAX_BARRED && barred.insert(release.clone()) => {}
                Some(_) | None => return Err(failure),
            }
        }
    }

    /// The same without the releases `barred`.
    fn put_without(
        &self,
        barred: &Barred,
        state: &State,
        (place, name): (&str, &str),
        release: &Release,
        depth: usize,
    ) -> Result<State, Stuck> {
        let root = place;
        let mut next = state.clone();
        let release = Rc::new(release.clone());
        next.exchange(place, self.folder(name, &release));
        let mut open: VecDeque<(String, Requirement)> = next.requirements_of(place).collect();
        let mut waiting: Vec<(String, Requirement)> = Vec::new();
        let mut changes = 0;
        let mut asked = BTreeSet::new();
        let mut crowded = None;
        while let Some((place, requirement)) = open.pop_front() {
            let is_there = next
                .tree
                .node(&place)
                .is_some_and(|node| node.requirements.contains(&requirement));
            if !is_there {
                continue;
            }
            match self.satisfy(&mut next, barred, &place, &requirement, depth) {
                Ok(Some(changed)) => {
                    changes += 1;
                    if changes > MAX_CHANGES {
                        let reason = format!("More than {MAX_CHANGES} other packages would have to move.");
                        return Err((Failure::because(reason), None));
                    }
                    open.extend(next.requirements_of(&changed));
                    // What has moved may have made room.
                    open.extend(waiting.drain(..));
                }
                Ok(None) => {}
                Err(Failure::Ask(names)) => asked.extend(names),
                Err(Failure::Crowded(reason)) => {
                    waiting.push((place, requirement));
                    crowded = Some(reason);
                }
                Err(blocked @ Failure::Blocked { .. }) => {
                    let node = next.tree.node(&place).filter(|_| place != root);
                    let is_new = |node: &&Rc<Node>| {
                        let before = state.tree.node(&place);
                        node.release.is_some() && before.is_none_or(|before| !Rc::ptr_eq(before, node))
                    };
                    let because_of = node
                        .filter(is_new)
                        .map(|node| (node.name.clone(), node.version.clone()));
                    return Err((blocked, because_of));
                }
            }
        }
        match (asked.is_empty(), crowded.filter(|_| !waiting.is_empty())) {
            (false, _) => Err((Failure::Ask(asked), None)),
            (true, Some(reason)) => Err((Failure::because(reason), None)),
            (true, None) => Ok(next),
        }
    }

    /// Has the package at `place` find what it needs; the folder that had to change for that.
    fn satisfy(
        &self,
        state: &mut State,
        barred: &Barred,
        place: &str,
        requirement: &Requirement,
        depth: usize,
    ) -> Result<Option<String>, Failure> {
        self.effort.count_need();
        if self.is_given_up(state) {
            return Err(Failure::because("Too many other packages would have to move."));
        }
        let found = state.tree.resolve(place, &requirement.name).map(str::to_owned);
        if let Some(found) = &found {
            let node = state.tree.node(found);
            if node.is_some_and(|node| self.catalogue.in_range(&requirement.range, &node.version)) {
                return Ok(None);
            }
        }
        let is_peer = match requirement.kind {
            RequirementKind::Runtime | RequirementKind::Optional => false,
            RequirementKind::Peer => true,
            RequirementKind::OptionalPeer if found.is_some() => true,
            RequirementKind::OptionalPeer | RequirementKind::Dev | RequirementKind::Bundled => {
                return Ok(None);
            }
        };
        let name = requirement.package();
        if self.overrides.others.contains(name) {
            return Err(Failure::because(format!(
                "`overrides` in package.json decide about {name}, which it needs."
            )));
        }
        let good: Vec<&Release> = self
            .catalogue
            .releases(name)?
            .iter()
            .filter(|rated| {
                rated.is_good
                    && self
                        .catalogue
                        .in_range(&requirement.range, &rated.release.version)
            })
            .map(|rated| rated.release)
            .filter(|release| {
                barred.is_empty() || !barred.contains(&(name.to_owned(), release.version.to_string()))
            })
            .collect();
        // What is there already moves, if all that need it accept that.
        if let Some(found) = &found {
            let node = state.tree.node(found);
            let is_free =
                node.is_some_and(|node| node.is_fixed.is_none() && !node.is_own && node.name == name);
            let dependents = state.tree.dependents(found);
            let fits = |release: &&&Release| {
                let mut others = dependents.iter().filter(|other| other.place != place);
                others.all(|other| {
                    self.catalogue
                        .in_range(&other.requirement.range, &release.version)
                })
            };
            // What others need too does not go down for this one, which can have its own: npm 11 exchanges a folder for a later
            // version alone.
            let stays = !is_peer
                && *found != below(place, &requirement.name)
                && dependents.iter().any(|other| other.place != place);
            let goes_down = |release: &&Release| {
                stays && node.is_some_and(|node| !is_later(&node.version, &release.version))
            };
            let fitting: Vec<&Release> = good
                .iter()
                .filter(fits)
                .copied()
                .filter(|release| !goes_down(release))
                .collect();
            if is_free && let Some(release) = self.newest(state, place, found, &fitting) {
                let release = Rc::new(release.clone());
                state.exchange(found, self.folder(name, &release));
                return Ok(Some(found.clone()));
            }
            if is_peer && is_free {
                // There can be one of it only: those who need it in another version have to move too.
                let accepts = |rated: &Rated<'_>| {
                    rated.is_good
                        && self
                            .catalogue
                            .in_range(&requirement.range, &rated.release.version)
                };
                let (next, _) = self.upgrade(state, found, &accepts, depth + 1)?;
                *state = next;
                return Ok(None);
            }
            if is_peer {
                return Err(Failure::Blocked {
                    by: vec![state.tree.constraint(place, requirement)],
                    reason: "What it needs beside it is there in another version that others need."
                        .to_owned(),
                });
            }
        }
        let start = match is_peer {
            true => parent(place).unwrap_or_default(),
            false => place,
        };
        let held = self.of_the_tree(state, name, &good);
        let held = held.filter(|release| self.finds_its_peers(state, place, start, release));
        let Some(release) = held.or_else(|| self.newest(state, place, start, &good)) else {
            return Err(Failure::Blocked {
                by: vec![state.tree.constraint(place, requirement)],
                reason: self.catalogue.none_of(name, &requirement.range)?,
            });
        };
        let free = self.free_place(&state.tree, start, &requirement.name, &release.version);
        let Some(target) = free else {
            return Err(Failure::Crowded(format!(
                "There is no place for {name} {} that disturbs nothing else.",
                release.version
            )));
        };
        let release = Rc::new(release.clone());
        state.exchange(&target, self.folder(name, &release));
        Ok(Some(target))
    }

    /// The newest of `good` that finds the peers it needs from `start`, where `asking` asks for it; else the newest. npm 11.11.1 takes the
    /// newest, and warns where its peer is not in range.
    fn newest<'r>(
        &self,
        state: &State,
        asking: &str,
        start: &str,
        good: &[&'r Release],
    ) -> Option<&'r Release> {
        let finds = |release: &&&Release| self.finds_its_peers(state, asking, start, release);
        good.iter().rev().find(finds).or(good.last()).copied()
    }

    /// The peers of `release` that are there already, seen from `start`, are in its ranges. What `asking`, which asks for it, needs too is
    /// for that to bring.
    fn finds_its_peers(&self, state: &State, asking: &str, start: &str, release: &Release) -> bool {
        let asking = state.tree.node(asking);
        let is_peer =
            |one: &&Requirement| matches!(one.kind, RequirementKind::Peer | RequirementKind::OptionalPeer);
        release.dependencies.iter().filter(is_peer).all(|peer| {
            let is_brought =
                asking.is_some_and(|node| node.requirements.iter().any(|one| one.name == peer.name));
            let found = state.tree.resolve(start, &peer.name);
            let found = found.and_then(|place| state.tree.node(place));
            is_brought || found.is_none_or(|node| self.catalogue.in_range(&peer.range, &node.version))
        })
    }

    /// The newest of `good` that the project has already, or had before the plan.
    fn of_the_tree<'r>(&self, state: &State, name: &str, good: &[&'r Release]) -> Option<&'r Release> {
        let held = state.tree.versions(name);
        let is_held = |release: &&&Release| held.contains(&*release.version);
        good.iter().rev().find(is_held).copied()
    }

    /// The folder for `name` in `version` that is furthest up from `start`, where nothing is and nobody is disturbed.
    fn free_place(&self, tree: &FolderTree, start: &str, name: &str, version: &str) -> Option<String> {
        let mut free = None;
        let mut folder = Some(start);
        while let Some(at) = folder {
            let place = below(at, name);
            if tree.node(&place).is_some() {
                break;
            }
            let accepts =
                |dependent: &Dependent<'_>| self.catalogue.in_range(&dependent.requirement.range, version);
            let is_folder = tree.node(at).is_some_and(|node| node.link.is_none());
            if is_folder && tree.would_find(&place, name).iter().all(accepts) {
                free = Some(place);
            }
            folder = parent(at);
        }
        free
    }
}
