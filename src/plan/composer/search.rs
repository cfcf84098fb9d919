//! The search for the fewest versions that change.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use super::catalogue::{Catalogue, Choice, is_later};
use super::root_links;
use super::state::{Broken, Held, State};
use super::wider::wider;
use crate::lockfile::composer_lock::locked::{Link, Links};
use crate::model::{Query, Release};
use crate::plan::failure::Failure;
use crate::plan::{Constraint, Strategy, Wish};
use crate::version::Scheme as _;
use crate::version::packagist::Packagist;

/// So many locked versions change at most because of one upgrade.
const MAX_CHANGES: usize = 12;
/// A search takes at most so many steps.
const MAX_STEPS: usize = 1_000;
/// So many versions of one package are tried where it has to change.
const MAX_CANDIDATES: usize = 12;

/// The search for what fulfils one wish.
pub(super) struct Search<'s> {
    pub(super) catalogue: &'s Catalogue<'s>,
    pub(super) base: &'s State,
    /// The package, in lower case.
    pub(super) name: &'s str,
    pub(super) wish: &'s Wish,
    pub(super) steps: Cell<usize>,
    /// More changes than were allowed would have given more to try.
    pub(super) is_cut: Cell<bool>,
    /// What kept a package from coming in, as a sentence.
    pub(super) asked: RefCell<Option<String>>,
}

/// Where a search is.
#[derive(Clone)]
struct Node {
    state: State,
    /// What the project asks for.
    root: Rc<Links>,
    /// What does not change any more.
    decided: BTreeSet<String>,
    /// So many locked versions may still change.
    left: usize,
}

/// What holds of the lockfile before.
struct Before {
    reached: BTreeSet<String>,
    broken: BTreeSet<Broken>,
}

impl Search<'_> {
    /// The package gets a later version that ends the findings, or everything that needs it does without it.
    pub(super) fn upgrade(&self) -> Result<(State, Strategy), Failure> {
        match self.another() {
            Err(failure @ Failure::Blocked { .. }) => {
                self.steps.set(0);
                match self.leave() {
                    Err(Failure::Blocked { .. }) => Err(failure),
                    done => done,
                }
            }
            done => done,
        }
    }

    fn another(&self) -> Result<(State, Strategy), Failure> {
        let held = self.held()?;
        let choices = self.catalogue.choices(self.name)?;
        let later: Vec<&Choice<'_>> = choices
            .iter()
            .filter(|one| is_later(&held.version, &one.release.version) && self.fixes(one))
            .collect();
        let is_direct = root_links(self.catalogue.project)
            .require
            .iter()
            .any(|link| link.name == self.name);
        let level = self.catalogue.bounds.level;
        let is_near =
            |release: &Release| !is_direct || Packagist.distance(&held.version, &release.version) <= level;
        let near: Vec<&Release> = later
            .iter()
            .map(|one| one.release)
            .filter(|one| is_near(one))
            .collect();
        let Some(lowest) = near.first() else {
            return Err(Failure::because(match later.first() {
                Some(far) => format!(
                    "{} {} would help, and is further away than `--level {}` goes.",
                    self.wish.name,
                    far.release.version,
                    level.as_str()
                ),
                None => self.none_later(&held.version, &choices),
            }));
        };
        match self.deepen(&near) {
            Ok(Some(done)) => Ok(done),
            Ok(None) => Err(self.refused(lowest)),
            Err(Failure::Blocked { reason, .. }) => Err(match self.refused(lowest) {
                Failure::Blocked { by, .. } => Failure::Blocked { by, reason },
                asks @ Failure::Ask(_) => asks,
            }),
            Err(asks @ Failure::Ask(_)) => Err(asks),
        }
    }

    /// Nothing needs the package any more.
    pub(super) fn leave(&self) -> Result<(State, Strategy), Failure> {
        self.held()?;
        match self.deepen(&[])? {
            Some(done) => Ok(done),
            None => {
                let mut by: Vec<Constraint> = Vec::new();
                self.for_each_dependent(|constraint, _| by.push(constraint));
                Err(Failure::Blocked {
                    by,
                    reason: "No versions of what needs it do without it.".to_owned(),
                })
            }
        }
    }

    fn held(&self) -> Result<&Held, Failure> {
        let fixed = self
            .catalogue
            .project
            .package(self.name)
            .and_then(|one| one.is_fixed);
        match (self.base.held.get(self.name), fixed) {
            (Some(held), None) => Ok(held),
            (Some(held), Some(reason)) => Err(Failure::because(format!(
                "{} {} stays: {reason}.",
                self.wish.name, held.version
            ))),
            (None, _) => Err(Failure::because("The lockfile does not have it.")),
        }
    }

    fn fixes(&self, choice: &Choice<'_>) -> bool {
        let is_named = self.wish.to.as_deref() == Some(&*choice.release.version);
        choice.is_clean || (is_named && self.catalogue.is_possible(self.name, choice.release))
    }

    /// The first of `releases` that the search ends with, with as few changes as there can be; without any, that the package leaves.
    fn deepen(&self, releases: &[&Release]) -> Result<Option<(State, Strategy)>, Failure> {
        let root = Rc::new(root_links(self.catalogue.project));
        let view = self.base.view(&root);
        let before = Before {
            broken: view.broken().into_iter().collect(),
            reached: view.reached.into_iter().map(str::to_owned).collect(),
        };
        let widens = match self.catalogue.bounds.manifests.change_ranges() {
            true => &[false, true][..],
            false => &[false][..],
        };
        for widens in widens {
            for left in 1..=MAX_CHANGES {
                self.is_cut.set(false);
                let start = Node {
                    state: self.base.clone(),
                    root: Rc::clone(&root),
                    decided: BTreeSet::new(),
                    left,
                };
                let mut found = None;
                if releases.is_empty() {
                    found = self.solve(start.without(self.name), &before, *widens)?;
                } else {
                    for release in releases {
                        let Some(node) = self.with(&start, self.name, release, *widens) else {
                            continue;
                        };
                        found = self.solve(node, &before, *widens)?;
                        if found.is_some() {
                            break;
                        }
                    }
                }
                if let Some(node) = found {
                    let strategy = self.strategy(&node, &root);
                    return Ok(Some((self.swept(node, &before), strategy)));
                }
                if !self.is_cut.get() {
                    break;
                }
            }
        }
        Ok(None)
    }

    /// A node in which nothing is broken, from `node` on; `None` where there is none.
    fn solve(&self, node: Node, before: &Before, widens: bool) -> Result<Option<Node>, Failure> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS {
            return Err(Failure::because("Too many other packages would have to move."));
        }
        let mut broken = node.state.view(&node.root).broken();
        broken.retain(|one| !(before.broken.contains(one) && self.is_as_before(&node, one)));
        if broken.is_empty() {
            return Ok(Some(node));
        }
        let is_open = |name: &String| !node.decided.contains(name);
        let opens = |one: &Broken| {
            usize::from(is_open(&one.name)) + usize::from(one.from.as_ref().is_some_and(is_open))
        };
        if broken.iter().any(|one| opens(one) == 0) {
            return Ok(None);
        }
        self.ask(&node, &broken)?;
        broken.sort_by_key(opens);
        let Some(first) = broken.first() else {
            return Ok(Some(node));
        };
        if is_open(&first.name)
            && let Some(found) = self.change_needed(&node, first, before, widens)?
        {
            return Ok(Some(found));
        }
        if let Some(from) = first.from.as_ref().filter(|from| is_open(from))
            && let Some(found) = self.change_dependent(&node, from, first, before, widens)?
        {
            return Ok(Some(found));
        }
        let others = broken.iter().flat_map(|one| one.from.iter().chain([&one.name]));
        let others = others.filter(|name| is_open(name) && **name != first.name);
        match first.is_conflict {
            true => Ok(None),
            false => self.stand_in(&node, first, others.collect(), before, widens),
        }
    }

    /// A version of something else that has to change or come in as well, and meets the need in the place of the package.
    fn stand_in(
        &self,
        node: &Node,
        first: &Broken,
        others: BTreeSet<&String>,
        before: &Before,
        widens: bool,
    ) -> Result<Option<Node>, Failure> {
        for other in others {
            for release in self.candidates(node, other, true)? {
                let held = self.catalogue.held(other, release);
                if held.stands_for(&first.name, &first.range)
                    && let Some(next) = self.with(node, other, release, widens)
                    && let Some(found) = self.solve(next, before, widens)?
                {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// Both ends are as they were.
    fn is_as_before(&self, node: &Node, one: &Broken) -> bool {
        let same = |name: &str| node.state.version(name) == self.base.version(name);
        same(&one.name) && one.from.as_deref().is_none_or(same)
    }

    /// Asks for everything that the broken needs lead to.
    fn ask(&self, node: &Node, broken: &[Broken]) -> Result<(), Failure> {
        let names = broken.iter().flat_map(|one| one.from.iter().chain([&one.name]));
        let unasked = names.filter(|name| {
            let may_change = match self.base.held.contains_key(name.as_str()) {
                true => node.left > 0 && self.is_movable(name),
                false => !self.is_hidden(),
            };
            may_change && !node.decided.contains(*name) && self.catalogue.is_unasked(name)
        });
        let queries: BTreeSet<Query> = unasked.map(|name| Query::versions(name.as_str())).collect();
        match queries.is_empty() {
            true => Ok(()),
            false => Err(Failure::Ask(queries)),
        }
    }

    /// Not all packages that the project could take are known here.
    fn is_hidden(&self) -> bool {
        self.catalogue.project.asked.has_hidden
    }

    fn is_movable(&self, name: &str) -> bool {
        let package = self.catalogue.project.package(name);
        package.is_none_or(|one| one.is_fixed.is_none())
    }

    /// Another version of what is needed or refused.
    fn change_needed(
        &self,
        node: &Node,
        broken: &Broken,
        before: &Before,
        widens: bool,
    ) -> Result<Option<Node>, Failure> {
        let name = &broken.name;
        let helps = |release: &&Release| {
            let answers = &self.catalogue.memory.answers;
            let is_in = answers.contains(&broken.range, &release.version);
            is_in != broken.is_conflict
        };
        let candidates = self.candidates(node, name, !broken.is_conflict)?;
        for release in candidates.into_iter().filter(helps).take(MAX_CANDIDATES) {
            let Some(next) = self.with(node, name, release, widens) else {
                continue;
            };
            if let Some(found) = self.solve(next, before, widens)? {
                return Ok(Some(found));
            }
        }
        match broken.is_conflict {
            true => self.solve(node.without(name), before, widens),
            false => Ok(None),
        }
    }

    /// Another version of who needs or refuses something, or none.
    fn change_dependent(
        &self,
        node: &Node,
        from: &str,
        broken: &Broken,
        before: &Before,
        widens: bool,
    ) -> Result<Option<Node>, Failure> {
        let mut tried = 0;
        for release in self.candidates(node, from, false)? {
            let Some(next) = self.with(node, from, release, widens) else {
                continue;
            };
            if tried == MAX_CANDIDATES {
                break;
            }
            let is_broken = match next.state.held.get(from) {
                Some(held) => still(&next.state, held, broken),
                None => false,
            };
            if is_broken {
                continue;
            }
            tried += 1;
            if let Some(found) = self.solve(next, before, widens)? {
                return Ok(Some(found));
            }
        }
        self.solve(node.without(from), before, widens)
    }

    /// The versions that a package may change to: later ones of what is locked, all of what comes in.
    fn candidates(&self, node: &Node, name: &str, newest: bool) -> Result<Vec<&Release>, Failure> {
        let locked = self.base.held.get(name);
        if locked.is_some() && !self.is_movable(name) {
            return Ok(Vec::new());
        }
        if locked.is_some() && node.left == 0 {
            self.is_cut.set(true);
            return Ok(Vec::new());
        }
        if locked.is_none() && self.is_hidden() {
            self.note(format!(
                "{name} would come in, and composer.json names repositories of which Composer alone knows what they have."
            ));
            return Ok(Vec::new());
        }
        let choices = match self.catalogue.choices(name) {
            Ok(choices) => choices,
            Err(asks @ Failure::Ask(_)) => return Err(asks),
            Err(Failure::Blocked { reason, .. }) => {
                self.note(reason);
                return Ok(Vec::new());
            }
        };
        let is_direct = node.root.require.iter().any(|link| link.name == name);
        let is_near = |version: &str| {
            locked.is_none_or(|held| {
                is_later(&held.version, version)
                    && (!is_direct
                        || Packagist.distance(&held.version, version) <= self.catalogue.bounds.level)
            })
        };
        let good = choices
            .iter()
            .filter(|one| one.is_good && is_near(&one.release.version));
        let mut good: Vec<&Release> = good.map(|one| one.release).collect();
        if newest || locked.is_none() {
            good.reverse();
        }
        Ok(good)
    }

    fn note(&self, reason: String) {
        self.asked.borrow_mut().get_or_insert(reason);
    }

    /// `node` with `release` of the package, where the project and all that is decided take it and are taken by it.
    fn with(&self, node: &Node, name: &str, release: &Release, widens: bool) -> Option<Node> {
        let held = self.catalogue.held(name, release);
        let mut next = node.clone();
        if self.base.held.contains_key(name) {
            next.left = next.left.checked_sub(1)?;
        }
        let asks = |link: &Link| link.name == name && !held.is_in(&link.range);
        if next.root.require.iter().any(asks) {
            let root = Rc::make_mut(&mut next.root);
            for link in root.require.iter_mut().filter(|link| asks(link)) {
                link.range = wider(&link.range, &release.version).filter(|_| widens)?;
            }
        }
        let decided = node
            .decided
            .iter()
            .filter_map(|other| Some((other, node.state.held.get(other.as_str())?)));
        for (_, other) in decided {
            let mut asks = other.links.require.iter().filter(|link| link.name == name);
            if !asks.all(|link| held.is_in(&link.range)) {
                return None;
            }
        }
        next.state.held.insert(Rc::from(name), Rc::clone(&held));
        next.decided.insert(name.to_owned());
        let needs = held.links.require.iter();
        let mut needs = needs.filter(|link| node.decided.contains(&link.name));
        let fits = needs.all(|link| next.state.meets(&link.name, &link.range));
        fits.then_some(next)
    }

    /// Without what nothing needs any more, if something did before.
    fn swept(&self, node: Node, before: &Before) -> State {
        let mut state = node.state;
        let reached = state.view(&node.root).reached;
        let reached: BTreeSet<String> = reached.into_iter().map(str::to_owned).collect();
        state.held.retain(|name, _| {
            let was_unreached = self.base.held.contains_key(name) && !before.reached.contains(&**name);
            reached.contains(&**name) || was_unreached
        });
        state
    }

    fn strategy(&self, node: &Node, root: &Rc<Links>) -> Strategy {
        if node.root != *root {
            return Strategy::Manifest;
        }
        let Some(held) = node.state.held.get(self.name) else {
            return Strategy::Parent;
        };
        let refuses = |other: &Rc<Held>| {
            let mut asks = other.links.require.iter().filter(|link| link.name == self.name);
            asks.any(|link| !held.is_in(&link.range))
        };
        match self.base.held.values().any(refuses) {
            true => Strategy::Parent,
            false => Strategy::InRange,
        }
    }
}

impl Node {
    fn without(&self, name: &str) -> Self {
        let mut next = self.clone();
        next.state.held.remove(name);
        next.decided.insert(name.to_owned());
        next
    }
}

/// What was broken is so with `held` for the one that needs or refuses.
fn still(state: &State, held: &Held, broken: &Broken) -> bool {
    let name = broken.name.as_str();
    let mut needs = held.links.require.iter().filter(|link| link.name == name);
    let mut refuses = held
        .links
        .conflict
        .iter()
        .filter(|link| link.name == name && broken.is_conflict);
    let other = state.held.get(name);
    needs.any(|link| !state.meets(name, &link.range))
        || refuses.any(|link| other.is_some_and(|other| other.is_in(&link.range)))
}
