//! The modules that are built together, by their coordinates.
//!
//! The reactor is looked for only when an artifact could be one of its modules: when its group shares the
//! organisation (the first two parts) with a pom of the lineage.

use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::model::Pom;
use super::outline::{Outlining, OwnedOutline};
use super::store::Store;
use super::{MAX_LINEAGE, MAX_MODULES};
use crate::model::TreePath;

/// Modules that were reached so far.
#[derive(Debug, Default)]
pub(super) struct Reactor {
    /// By group and artifact, and by the artifact alone under the empty group.
    modules: HashMap<(String, String), Vec<Module>>,
    seen: HashSet<TreePath>,
    /// What each pom builds.
    builds: HashMap<TreePath, Vec<TreePath>>,
    /// What is built together with the file that is read; `None` until that is known.
    together: Option<HashSet<TreePath>>,
    /// The file that is read.
    home: TreePath,
}

/// A pom that some build has as a module.
#[derive(Debug, Clone)]
pub(super) struct Module {
    /// As written, or as the parent beside it says.
    pub(super) group: String,
    /// As written.
    pub(super) version: String,
    pub(super) path: TreePath,
}

/// What a `module` names.
pub(super) enum Built {
    /// The pom at this path.
    Pom(TreePath),
    /// No file of the tree.
    Missing,
    /// A place outside the tree.
    Outside,
}

impl Store<'_> {
    /// What `module` of the pom in `folder` names (`DefaultProjectBuilder`): a file, or the `pom.xml` of a folder.
    pub(super) fn built(&self, folder: &TreePath, module: &str) -> Built {
        // Java takes `/x` below a folder for `x`.
        let module = module.replace('\\', "/");
        let Some(path) = folder.join(module.trim_start_matches('/')) else {
            return Built::Outside;
        };
        let inside = path.join("pom.xml");
        match inside.filter(|inside| self.tree.holds(inside)) {
            Some(inside) => Built::Pom(inside),
            None if self.tree.holds(&path) => Built::Pom(path),
            None => Built::Missing,
        }
    }
}

impl Reactor {
    /// The poms of every build that has the one at `home`, or begins in a folder above it.
    pub(super) fn family(store: &Store<'_>, pom: &Arc<Pom>) -> Vec<TreePath> {
        let mut reactor = Self::default();
        reactor.start(&pom.path);
        reactor.reach(store, std::slice::from_ref(pom));
        let mut poms: Vec<TreePath> = reactor.builds.into_keys().collect();
        poms.sort();
        poms
    }

    /// The file that is read is the one at `home` from here on.
    pub(super) fn start(&mut self, home: &TreePath) {
        if self.home != *home {
            self.home = home.clone();
            self.together = None;
        }
    }

    /// The modules `group:artifact` that are built together with the file that is read; with an empty group, those of each group.
    pub(super) fn modules(
        &mut self,
        store: &Store<'_>,
        lineage: &[Arc<Pom>],
        group: &str,
        artifact: &str,
    ) -> Vec<Module> {
        if !group.is_empty() && !plausible(lineage, group) {
            return Vec::new();
        }
        let together = self.reach(store, lineage);
        let together = self.together.insert(together);
        let modules = self.modules.get(&(group.to_owned(), artifact.to_owned()));
        modules
            .into_iter()
            .flatten()
            .filter(|module| together.contains(&module.path))
            .cloned()
            .collect()
    }

    /// Reads which modules the poms of `lineage` and those in the folders above build; gives what is built together
    /// with the file that is read.
    fn reach(&mut self, store: &Store<'_>, lineage: &[Arc<Pom>]) -> HashSet<TreePath> {
        let mut queue: VecDeque<TreePath> = lineage.iter().map(|pom| (*pom.path).clone()).collect();
        if queue.iter().all(|path| self.seen.contains(path))
            && let Some(together) = self.together.take()
        {
            return together;
        }
        // A pom of a repository has no folders around it.
        if let Some(first) = lineage.first().filter(|pom| !pom.path.is_outside()) {
            let mut folder = first.path.parent();
            while !folder.as_bytes().is_empty() {
                folder = folder.parent();
                queue.extend(folder.join("pom.xml"));
            }
        }
        while let Some(path) = queue.pop_front() {
            if self.seen.contains(&path) {
                continue;
            }
            if self.seen.len() >= MAX_MODULES {
                store.limit(
                    &self.home,
                    format!("more than {MAX_MODULES} modules are built together; the rest is not known"),
                );
                break;
            }
            self.seen.insert(path.clone());
            let Ok(derived) = store.tree.derived(&path, &Outlining) else {
                continue;
            };
            let Some(outline) = derived.downcast_ref::<OwnedOutline>() else {
                continue;
            };
            let folder = path.parent();
            let mut builds = Vec::with_capacity(outline.modules.len());
            for module in &outline.modules {
                if let Built::Pom(file) = store.built(&folder, module) {
                    builds.push(file);
                }
            }
            queue.extend(builds.iter().cloned());
            self.builds.insert(path.clone(), builds);
            let (group, version) = coordinates(store, &path, outline);
            let module = Module { group, version, path };
            if !module.group.is_empty() {
                let called = (String::new(), outline.artifact.clone());
                self.modules.entry(called).or_default().push(module.clone());
            }
            let key = (module.group.clone(), outline.artifact.clone());
            self.modules.entry(key).or_default().push(module);
        }
        self.built_with(&self.home)
    }

    /// Each pom that some pom builds together with the one at `home`.
    fn built_with(&self, home: &TreePath) -> HashSet<TreePath> {
        let mut builders: HashMap<&TreePath, Vec<&TreePath>> = HashMap::new();
        for (builder, built) in &self.builds {
            for path in built {
                builders.entry(path).or_default().push(builder);
            }
        }
        let mut above: HashSet<&TreePath> = HashSet::from_iter([home]);
        let mut open = vec![home];
        while let Some(path) = open.pop() {
            for builder in builders.get(path).into_iter().flatten() {
                if above.insert(builder) {
                    open.push(builder);
                }
            }
        }
        let mut together: HashSet<TreePath> = above.iter().map(|path| (*path).clone()).collect();
        let mut open: Vec<TreePath> = together.iter().cloned().collect();
        while let Some(path) = open.pop() {
            for built in self.builds.get(&path).into_iter().flatten() {
                if together.insert(built.clone()) {
                    open.push(built.clone());
                }
            }
        }
        together
    }
}

/// The group and the version of a pom: Maven 4 takes what neither it nor its `parent` says from the pom in the folder above.
fn coordinates(store: &Store<'_>, path: &TreePath, outline: &OwnedOutline) -> (String, String) {
    let (mut group, mut version) = (outline.group.clone(), outline.version.clone());
    let mut folder = path.parent();
    for _ in 0..MAX_LINEAGE {
        if (!group.is_empty() && !version.is_empty()) || folder.as_bytes().is_empty() || path.is_outside() {
            break;
        }
        folder = folder.parent();
        let above = folder.join("pom.xml");
        let Some(derived) = above.and_then(|path| store.tree.derived(&path, &Outlining).ok()) else {
            break;
        };
        let Some(above) = derived.downcast_ref::<OwnedOutline>() else {
            break;
        };
        for (own, inherited) in [(&mut group, &above.group), (&mut version, &above.version)] {
            if own.is_empty() {
                own.clone_from(inherited);
            }
        }
    }
    (group, version)
}

fn plausible(lineage: &[Arc<Pom>], group: &str) -> bool {
    lineage
        .iter()
        .filter_map(|pom| pom.own_group())
        .any(|own| own.text.starts_with("${") || organisation(&own.text) == organisation(group))
}

/// The first two parts of a group.
fn organisation(group: &str) -> (&str, &str) {
    let mut parts = group.split('.');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
