//! The folders of an npm project while a plan changes them, and Node's way of finding a package from one of them.

use std::cell::OnceCell;
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
    /// What one's own folders lead to.
    reached: OnceCell<Rc<Places>>,
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
        let places = nodes
            .iter()
            .enumerate()
            .map(|(number, (place, _))| (place.clone(), number));
        Self {
            read: Rc::new(Nodes {
                places: places.collect(),
                needing: needing
                    .map(|(name, places)| (name, Rc::new(places.into_iter().collect())))
                    .collect(),
                nodes,
                reached: OnceCell::new(),
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
            // What only optional peers ask for is not held by them: npm 11.11.1 takes it out, and no npm puts it in.
            let holding = node
                .requirements
                .iter()
                .filter(|requirement| requirement.kind != RequirementKind::OptionalPeer);
            for requirement in holding {
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
