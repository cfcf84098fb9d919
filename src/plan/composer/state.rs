//! Which version of each package is locked, as a plan goes on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::Project;
use super::memory::Answers;
use crate::lockfile::composer_lock::locked::{Link, Links};

/// A version of a package as it is locked.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) version: String,
    /// Other versions that it counts as.
    pub(super) aliases: Vec<String>,
    pub(super) links: Rc<Links>,
    pub(super) answers: Rc<Answers>,
}

impl Held {
    pub(super) fn is_in(&self, range: &str) -> bool {
        let mut all = std::iter::once(&self.version).chain(&self.aliases);
        all.any(|version| self.answers.contains(range, version))
    }

    /// What it is as well.
    fn others(&self) -> impl Iterator<Item = &Link> {
        self.links.replace.iter().chain(&self.links.provide)
    }

    /// It is `name` as well, in a version of `range`.
    pub(super) fn stands_for(&self, name: &str, range: &str) -> bool {
        self.others()
            .any(|other| other.name == name && self.answers.intersects(&other.range, range))
    }
}

/// What is locked, by name in lower case.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) held: BTreeMap<Rc<str>, Rc<Held>>,
}

/// A state, and what it means.
pub(super) struct View<'s> {
    state: &'s State,
    root: &'s Links,
    others: Others<'s>,
    /// What the project leads to.
    pub(super) reached: HashSet<&'s str>,
}

/// Who is a package as well, by its name, with the versions.
type Others<'s> = HashMap<&'s str, Vec<(&'s str, &'s str)>>;

/// A need that nothing meets, or two packages that do not stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Broken {
    /// Who needs or refuses it; `None` for the project.
    pub(super) from: Option<String>,
    pub(super) name: String,
    pub(super) range: String,
    pub(super) is_conflict: bool,
}

impl State {
    pub(super) fn of(project: &Project, answers: &Rc<Answers>) -> Self {
        let held = project.locked.packages.iter().map(|one| {
            let held = Held {
                version: one.version.clone(),
                aliases: one.aliases.clone(),
                links: Rc::new(one.links.clone()),
                answers: Rc::clone(answers),
            };
            (Rc::from(one.name.as_str()), Rc::new(held))
        });
        Self { held: held.collect() }
    }

    pub(super) fn version(&self, name: &str) -> Option<&str> {
        self.held.get(name).map(|held| held.version.as_str())
    }

    /// Something meets the need.
    pub(super) fn meets(&self, name: &str, range: &str) -> bool {
        self.held.get(name).is_some_and(|held| held.is_in(range))
            || self.held.values().any(|held| held.stands_for(name, range))
    }

    /// What it means where the project asks for `root`.
    pub(super) fn view<'s>(&'s self, root: &'s Links) -> View<'s> {
        let mut others = Others::new();
        for (own, held) in &self.held {
            for link in held.others() {
                let of_name = others.entry(link.name.as_str()).or_default();
                of_name.push((own, &link.range));
            }
        }
        View {
            reached: self.reached(root, &others),
            state: self,
            root,
            others,
        }
    }

    /// What the requirements of `root` lead to, on and on.
    fn reached<'s>(&'s self, root: &'s Links, others: &Others<'s>) -> HashSet<&'s str> {
        let mut reached = HashSet::new();
        let mut open: Vec<&Link> = root.require.iter().collect();
        while let Some(link) = open.pop() {
            let own = self.held.get_key_value(link.name.as_str()).map(|(own, _)| &**own);
            let of_name = others.get(link.name.as_str()).into_iter().flatten();
            for name in own.into_iter().chain(of_name.map(|(own, _)| *own)) {
                if reached.insert(name)
                    && let Some(held) = self.held.get(name)
                {
                    open.extend(held.links.require.iter().filter(|link| !link.is_platform()));
                }
            }
        }
        reached
    }
}

impl View<'_> {
    /// What is broken among the packages that the project leads to, and of the project itself.
    pub(super) fn broken(&self) -> Vec<Broken> {
        let mut all = Vec::new();
        self.broken_of(None, self.root, &mut all);
        for (name, held) in &self.state.held {
            if self.reached.contains(&**name) {
                self.broken_of(Some(name), &held.links, &mut all);
            }
        }
        all
    }

    fn meets(&self, link: &Link) -> bool {
        let held = self.state.held.get(link.name.as_str());
        held.is_some_and(|held| held.is_in(&link.range)) || {
            let mut others = self.others.get(link.name.as_str()).into_iter().flatten();
            others.any(|(own, other)| self.intersects(own, other, &link.range))
        }
    }

    fn intersects(&self, own: &str, range: &str, other: &str) -> bool {
        let held = self.state.held.get(own);
        held.is_some_and(|held| held.answers.intersects(range, other))
    }

    fn broken_of(&self, from: Option<&str>, links: &Links, all: &mut Vec<Broken>) {
        let (held, reached) = (&self.state.held, &self.reached);
        let of = |name: &str| self.others.get(name).into_iter().flatten();
        let is_another = |name: &str| from != Some(name);
        let broken = |name: &str, range: &str, is_conflict: bool| Broken {
            from: from.map(str::to_owned),
            name: name.to_owned(),
            range: range.to_owned(),
            is_conflict,
        };
        for link in links.require.iter().filter(|link| !link.is_platform()) {
            if is_another(&link.name) && !self.meets(link) {
                all.push(broken(&link.name, &link.range, false));
            }
        }
        for link in &links.conflict {
            let is_there = reached.contains(link.name.as_str()) && is_another(&link.name);
            let refused = held.get(link.name.as_str()).filter(|_| is_there);
            if refused.is_some_and(|held| held.is_in(&link.range)) {
                all.push(broken(&link.name, &link.range, true));
            }
            for (own, range) in of(&link.name).filter(|(own, _)| reached.contains(own)) {
                if is_another(own) && self.intersects(own, range, &link.range) {
                    all.push(broken(own, "*", true));
                }
            }
        }
        for link in &links.replace {
            if reached.contains(link.name.as_str()) && is_another(&link.name) {
                all.push(broken(&link.name, "*", true));
            }
            // Two packages do not stand in the place of the same one.
            let beside = of(&link.name).filter(|(own, _)| {
                let held = held.get(*own).map(|held| &held.links.replace);
                let replaces = held.into_iter().flatten().any(|other| other.name == link.name);
                reached.contains(own) && is_another(own) && replaces
            });
            all.extend(beside.map(|(own, _)| broken(own, "*", true)));
        }
    }
}
