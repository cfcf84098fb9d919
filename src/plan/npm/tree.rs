//! The folders of an npm project while a plan changes them, and Node's way of finding a package from one of them.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use foldhash::fast::RandomState;

use crate::lockfile::package_lock::installed::{Described, Installed, Layout};
use crate::model::{Release, Requirement, RequirementKind, SharedStr};
use crate::plan::Constraint;

/// The folder in which packages lie.
const MODULES: &str = "node_modules/";

/// Folders by their paths. A copy shares all but what was changed since the lockfile was read.
#[derive(Debug, Clone, Default)]
pub(super) struct FolderTree {
    read: Rc<Nodes>,
    /// What is in a folder now; nothing where it was taken out.
    changed: BTreeMap<Rc<str>, Option<Rc<Node>>>,
    /// The folders that need a name, by that name, where it is not as it was read.
    needing: HashMap<SharedStr, Rc<BTreeSet<Rc<str>>>>,
}

/// Paths of folders.
pub(super) type Places = HashSet<Rc<str>, RandomState>;

/// The folders as the lockfile has them.
#[derive(Debug, Default)]
struct Nodes {
    /// In the order of their paths.
    nodes: Vec<(Rc<str>, Rc<Node>)>,
    /// Where each stands in that list.
    places: HashMap<Rc<str>, usize, RandomState>,
    needing: HashMap<SharedStr, Rc<BTreeSet<Rc<str>>>, RandomState>,
    /// The folders of a package, by its own name: numbers in that list.
    called: HashMap<String, Vec<usize>, RandomState>,
    /// So many dependents were looked at, in this tree and all copies of it.
    looked_at: Cell<u64>,
    /// What one's own folders lead to.
    reached: OnceCell<Rc<Places>>,
    /// A link leads to a folder inside of `node_modules`.
    links_into_modules: bool,
}

impl Nodes {
    fn entry(&self, place: &str) -> Option<(&Rc<str>, &Rc<Node>)> {
        let (place, node) = self.nodes.get(*self.places.get(place)?)?;
        Some((place, node))
    }
}

/// What lies in a folder.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The package's own name.
    pub(super) name: String,
    pub(super) version: String,
    /// Where a link leads.
    pub(super) link: Option<String>,
    /// A folder of one's own.
    pub(super) is_own: bool,
    /// Why it cannot be exchanged.
    pub(super) is_fixed: Option<&'static str>,
    pub(super) requirements: Vec<Requirement>,
    /// What it was taken from, if the plan put it here.
    pub(super) release: Option<Rc<Release>>,
}

impl Node {
    fn of(installed: &Installed, layout: Layout) -> Self {
        let is_fixed = if installed.is_bundled {
            Some("it is part of the archive of another package")
        } else if installed.is_patched {
            Some("the project patches this version")
        } else if !installed.is_of_registry {
            Some("it does not come from a registry")
        } else {
            None
        };
        Self {
            name: installed.name.clone(),
            version: installed.version.clone(),
            link: installed.link.clone(),
            is_own: installed.is_own,
            is_fixed,
            requirements: needs(&installed.requirements, layout),
            release: None,
        }
    }

    /// The same folder with a release in it.
    pub(super) fn of_release(name: &str, release: &Rc<Release>, layout: Layout) -> Self {
        Self {
            name: name.to_owned(),
            version: release.version.to_string(),
            link: None,
            is_own: false,
            is_fixed: None,
            requirements: needs(&release.dependencies, layout),
            release: Some(release.clone()),
        }
    }

    /// What it needs and keeps. What only optional peers ask for is not held by them: npm 11.11.1 takes it out, and no npm puts it in.
    fn holding(&self) -> impl Iterator<Item = &Requirement> {
        let requirements = self.requirements.iter();
        requirements.filter(|requirement| requirement.kind != RequirementKind::OptionalPeer)
    }

    /// `NAME VERSION`, or the manifest of a folder of one's own.
    pub(super) fn label(&self, place: &str) -> String {
        match (self.is_own, place) {
            (true, "") => "package.json".to_owned(),
            (true, folder) => format!("{folder}/package.json"),
            (false, _) => format!("{} {}", self.name, self.version),
        }
    }
}

/// What is needed. npm 6, which writes version 1, brings no peers.
fn needs(requirements: &[Requirement], layout: Layout) -> Vec<Requirement> {
    let mut needs = requirements.to_vec();
    if layout == Layout::Nested {
        for need in needs.iter_mut().filter(|need| need.kind == RequirementKind::Peer) {
            need.kind = RequirementKind::OptionalPeer;
        }
    }
    needs
}

/// A folder that needs another, and how.
#[derive(Debug, Clone)]
pub(super) struct Dependent<'t> {
    pub(super) place: &'t str,
    pub(super) node: &'t Node,
    pub(super) requirement: &'t Requirement,
}

impl FolderTree {
    /// The folders of a project in which everything but one's own folders asks for what `overrides` say.
    pub(super) fn of(described: &Described, overrides: &BTreeMap<String, String>) -> Self {
        let folders = described.folders.iter();
        // Of several at one path the last counts.
        let nodes: BTreeMap<Rc<str>, Rc<Node>> = folders
            .map(|folder| {
                let mut node = Node::of(folder, described.layout);
                let requirements = node.requirements.iter_mut().filter(|_| !node.is_own);
                for requirement in requirements {
                    if let Some(range) = overrides.get(&*requirement.name) {
                        requirement.range = range.as_str().into();
                    }
                }
                (folder.place.as_str().into(), Rc::new(node))
            })
            .collect();
        let mut needing: HashMap<SharedStr, Vec<Rc<str>>, RandomState> = HashMap::default();
        for (place, node) in &nodes {
            for requirement in &node.requirements {
                needing
                    .entry(requirement.name.clone())
                    .or_default()
                    .push(place.clone());
            }
        }
        let needing = needing.into_iter();
        let nodes: Vec<(Rc<str>, Rc<Node>)> = nodes.into_iter().collect();
        let links_into_modules = nodes.iter().any(|(_, node)| {
            node.link
                .as_deref()
                .is_some_and(|target| target.contains(MODULES))
        });
        let places = nodes
            .iter()
            .enumerate()
            .map(|(number, (place, _))| (place.clone(), number));
        let mut called: HashMap<String, Vec<usize>, RandomState> = HashMap::default();
        for (number, (_, node)) in nodes.iter().enumerate() {
            called.entry(node.name.clone()).or_default().push(number);
        }
        Self {
            read: Rc::new(Nodes {
                called,
                looked_at: Cell::new(0),
                places: places.collect(),
                needing: needing
                    .map(|(name, places)| (name, Rc::new(places.into_iter().collect())))
                    .collect(),
                nodes,
                reached: OnceCell::new(),
                links_into_modules,
            }),
            ..Self::default()
        }
    }

    pub(super) fn node(&self, place: &str) -> Option<&Rc<Node>> {
        self.entry(place).map(|(_, node)| node)
    }

    fn entry(&self, place: &str) -> Option<(&Rc<str>, &Rc<Node>)> {
        match self.changed.get_key_value(place) {
            Some((place, node)) => Some((place, node.as_ref()?)),
            None => self.read.entry(place),
        }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (&str, &Rc<Node>)> {
        let kept = self.read.nodes.iter().map(|(place, node)| (place, node));
        let kept = kept.filter(|(place, _)| !self.changed.contains_key(*place));
        let new = self
            .changed
            .iter()
            .filter_map(|(place, node)| Some((place, node.as_ref()?)));
        kept.chain(new).map(|(place, node)| (&**place, node))
    }

    /// The versions of the package `name` that are there, or were as it was read.
    pub(super) fn versions(&self, name: &str) -> BTreeSet<&str> {
        let read = self.read.called.get(name).into_iter().flatten();
        let read = read.filter_map(|number| self.read.nodes.get(*number));
        let read = read.map(|(_, node)| node);
        let changed = self.changed.values().flatten();
        let all = read.chain(changed.filter(|node| node.name == name));
        all.map(|node| node.version.as_str()).collect()
    }

    /// So many dependents were looked at, in this tree and in all that were copied from the same.
    pub(super) fn looked_at(&self) -> u64 {
        self.read.looked_at.get()
    }

    /// What is not as it was read: places, with the version that is there now.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let changed = self.changed.iter();
        changed.map(|(place, node)| (&**place, node.as_ref().map(|node| node.version.as_str())))
    }

    pub(super) fn put(&mut self, place: &str, node: Node) {
        self.remove(place);
        let place: Rc<str> = place.into();
        for requirement in &node.requirements {
            self.change_needing(&requirement.name, |needing| {
                needing.insert(place.clone());
            });
        }
        self.changed.insert(place, Some(Rc::new(node)));
    }

    pub(super) fn remove(&mut self, place: &str) {
        let Some((place, node)) = self
            .entry(place)
            .map(|(place, node)| (place.clone(), node.clone()))
        else {
            return;
        };
        for requirement in &node.requirements {
            self.change_needing(&requirement.name, |needing| {
                needing.remove(&place);
            });
        }
        self.changed.insert(place, None);
    }

    fn change_needing(&mut self, name: &SharedStr, change: impl FnOnce(&mut BTreeSet<Rc<str>>)) {
        let read = &self.read.needing;
        let needing = self
            .needing
            .entry(name.clone())
            .or_insert_with(|| read.get(name).cloned().unwrap_or_default());
        change(Rc::make_mut(needing));
    }

    /// The folder that `name` means in the folder at `place`, links followed.
    pub(super) fn resolve(&self, place: &str, name: &str) -> Option<&str> {
        let mut folder = Some(place);
        let mut candidate = String::with_capacity(place.len() + MODULES.len() + name.len() + 1);
        while let Some(at) = folder {
            candidate.clear();
            candidate.push_str(at);
            candidate.push_str(if at.is_empty() { MODULES } else { "/node_modules/" });
            candidate.push_str(name);
            let (found, node) = match self.entry(&candidate) {
                Some(found) => found,
                None => {
                    folder = parent(at);
                    continue;
                }
            };
            return match &node.link {
                Some(target) => self.entry(target.as_str()).map(|(place, _)| &**place),
                None => Some(found),
            };
        }
        None
    }

    /// What the folder at `place` asks for, as a person reads it.
    pub(super) fn constraint(&self, place: &str, requirement: &Requirement) -> Constraint {
        let node = self.node(place);
        Constraint {
            dependent: node.map(|node| node.label(place)).unwrap_or_default(),
            name: requirement.name.to_string(),
            range: requirement.range.to_string(),
        }
    }

    /// Everything that needs the folder at `place`.
    pub(super) fn dependents(&self, place: &str) -> Vec<Dependent<'_>> {
        let name = folder_name(place);
        self.needing(name, |from| self.resolve(from, name) == Some(place))
    }

    /// Everything that would find `name` at `place`, where nothing is now.
    pub(super) fn would_find(&self, place: &str, name: &str) -> Vec<Dependent<'_>> {
        self.needing(name, |from| {
            let mut folder = Some(from);
            while let Some(at) = folder {
                let here = below(at, name);
                if here == place {
                    return true;
                }
                if self.entry(here.as_str()).is_some() {
                    return false;
                }
                folder = parent(at);
            }
            false
        })
    }

    /// The folders that need `name` and that `is_meant` picks.
    fn needing(&self, name: &str, is_meant: impl Fn(&str) -> bool) -> Vec<Dependent<'_>> {
        let mut all = Vec::new();
        let name_of = SharedStr::from(name);
        let needing = self
            .needing
            .get(&name_of)
            .or_else(|| self.read.needing.get(&name_of));
        let number = needing.map_or(0, |places| places.len()) as u64;
        self.read.looked_at.set(self.read.looked_at.get() + number + 1);
        for from in needing.into_iter().flat_map(|places| places.iter()) {
            let Some(node) = self.node(from).filter(|_| is_meant(from)) else {
                continue;
            };
            for requirement in &node.requirements {
                if &*requirement.name == name {
                    all.push(Dependent {
                        place: from,
                        node,
                        requirement,
                    });
                }
            }
        }
        all
    }

    /// The folders that nothing leads to any more, and did in `before` or were not there.
    pub(super) fn unneeded_since(&self, before: &Self) -> BTreeSet<String> {
        let Some(suspects) = self.suspects(before) else {
            return self.unreached_since(before);
        };
        let found = self.unreached_of(suspects, before);
        debug_assert_eq!(
            found,
            self.unreached_since(before),
            "what no longer is needed is found from the changes"
        );
        found
    }

    /// The same, by a walk through all folders.
    fn unreached_since(&self, before: &Self) -> BTreeSet<String> {
        let (needed_before, reached) = (before.reached(), self.reached());
        let places = self.nodes().map(|(place, _)| place);
        places
            .filter(|place| !reached.contains(*place))
            .filter(|place| needed_before.contains(*place) || before.node(place).is_none())
            .map(str::to_owned)
            .collect()
    }

    /// Where a path that led somewhere in `before` may end now: what came in, what folders needed that are not as they were, and what a
    /// new folder hides. `None` where folders outside of `node_modules` are among them, which links lead to.
    fn suspects(&self, before: &Self) -> Option<Vec<String>> {
        if self.read.links_into_modules || !Rc::ptr_eq(&self.read, &before.read) {
            return None;
        }
        let mut suspects = Vec::new();
        for place in self.changed.keys().chain(before.changed.keys()) {
            let (old, new) = (before.node(place), self.node(place));
            let is_same = match (old, new) {
                (Some(old), Some(new)) => Rc::ptr_eq(old, new),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if is_same {
                continue;
            }
            if old.into_iter().chain(new).any(|node| node.link.is_some()) {
                return None;
            }
            for requirement in old.into_iter().flat_map(|old| old.holding()) {
                suspects.extend(before.resolve(place, &requirement.name).map(str::to_owned));
            }
            if old.is_none() {
                let above = parent(place).and_then(|folder| before.resolve(folder, folder_name(place)));
                suspects.extend(above.map(str::to_owned));
            }
            if new.is_some_and(|new| !new.is_own) {
                suspects.push(place.to_string());
            }
        }
        let is_plain = |place: &String| {
            place.contains(MODULES) && self.node(place).is_none_or(|node| node.link.is_none())
                || self.node(place).is_some_and(|node| node.is_own)
        };
        suspects.iter().all(is_plain).then_some(suspects)
    }

    /// Those of `suspects`, and of what they alone need, that nothing leads to any more.
    fn unreached_of(&self, suspects: Vec<String>, before: &Self) -> BTreeSet<String> {
        let mut open = suspects;
        let mut looked_at: HashSet<String, RandomState> = HashSet::default();
        let mut found = BTreeSet::new();
        while let Some(place) = open.pop() {
            if !looked_at.insert(place.clone()) {
                continue;
            }
            let Some(node) = self.node(&place).filter(|_| !self.is_reached(&place)) else {
                continue;
            };
            if before.node(&place).is_some() && !before.is_reached(&place) {
                continue;
            }
            let needed = node.holding();
            let needed = needed.filter_map(|requirement| self.resolve(&place, &requirement.name));
            open.extend(needed.map(str::to_owned));
            found.insert(place);
        }
        found
    }

    /// Some folder of one's own leads to the one at `place`.
    fn is_reached(&self, place: &str) -> bool {
        let mut open = vec![place];
        let mut seen: HashSet<&str, RandomState> = open.iter().copied().collect();
        while let Some(place) = open.pop() {
            if self.node(place).is_some_and(|node| node.is_own) {
                return true;
            }
            for dependent in self.leading_to(place) {
                let is_holding = dependent.requirement.kind != RequirementKind::OptionalPeer;
                if is_holding && seen.insert(dependent.place) {
                    open.push(dependent.place);
                }
            }
        }
        false
    }

    /// Everything that needs the folder at `place`, through links too.
    fn leading_to(&self, place: &str) -> Vec<Dependent<'_>> {
        if place.contains(MODULES) {
            return self.dependents(place);
        }
        let links = self
            .nodes()
            .filter(|(_, node)| node.link.as_deref() == Some(place));
        links
            .flat_map(|(link, _)| {
                let name = folder_name(link);
                self.needing(name, |from| self.resolve(from, name) == Some(place))
            })
            .collect()
    }

    /// The folders that some folder of one's own leads to.
    pub(super) fn reached(&self) -> Rc<Places> {
        match self.changed.is_empty() {
            true => self
                .read
                .reached
                .get_or_init(|| Rc::new(self.find_reached()))
                .clone(),
            false => Rc::new(self.find_reached()),
        }
    }

    fn find_reached(&self) -> Places {
        let own = self.nodes().filter(|(_, node)| node.is_own);
        let mut open: Vec<&str> = own.map(|(place, _)| place).collect();
        let mut reached: HashSet<&str, RandomState> = open.iter().copied().collect();
        while let Some(place) = open.pop() {
            let Some(node) = self.node(place) else {
                continue;
            };
            for requirement in node.holding() {
                if let Some(found) = self.resolve(place, &requirement.name)
                    && reached.insert(found)
                {
                    open.push(found);
                }
            }
        }
        // What leads to a folder is as needed as that.
        let links: Vec<&str> = self
            .nodes()
            .filter(|(_, node)| {
                node.link
                    .as_deref()
                    .is_some_and(|target| reached.contains(target))
            })
            .map(|(place, _)| place)
            .collect();
        reached.extend(links);
        reached.into_iter().map(Rc::from).collect()
    }
}

/// The folder of the package `name` in the `node_modules` of `folder`.
pub(super) fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => format!("{MODULES}{name}"),
        folder => format!("{folder}/{MODULES}{name}"),
    }
}

/// The folder above `place` in which Node looks next.
pub(super) fn parent(place: &str) -> Option<&str> {
    if place.is_empty() || place.starts_with("..") {
        return None;
    }
    let end = match place.rfind(MODULES) {
        Some(modules) => modules,
        None => place.rfind('/').unwrap_or(0),
    };
    place.get(..end).map(|folder| folder.trim_end_matches('/'))
}

/// What the folder is called inside of its `node_modules`.
pub(super) fn folder_name(place: &str) -> &str {
    match place.rfind(MODULES) {
        Some(modules) => place.get(modules + MODULES.len()..).unwrap_or_default(),
        None => "",
    }
}
