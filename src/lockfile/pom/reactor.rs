//! The modules that are built together, by their coordinates.
//!
//! The reactor is looked for only when an artifact could be one of its modules: when its group shares the
//! organisation (the first two parts) with a pom of the lineage.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::MAX_MODULES;
use super::lineage::Poms;
use super::model::Pom;
use super::outline::{Kept, Outlining};
use crate::model::TreePath;

/// Modules that were reached so far.
#[derive(Debug, Default)]
pub(super) struct Reactor {
    modules: HashMap<(String, String), Vec<Module>>,
    seen: HashSet<TreePath>,
    /// What each pom builds.
    builds: HashMap<TreePath, Vec<TreePath>>,
    /// What is built together with the file that is read.
    together: HashSet<TreePath>,
    /// The file that is read.
    home: TreePath,
}

#[derive(Debug, Clone)]
struct Module {
    version: String,
    path: TreePath,
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

impl Poms<'_> {
    /// The module `group:artifact` whose version, as written in the pom at the path, is `fitting`. It is looked for in
    /// what is built together with the file that is read: by its parents, by the poms in the folders above it, and
    /// by those of `lineage`.
    pub(super) fn module(
        &self,
        lineage: &[Arc<Pom>],
        group: &str,
        artifact: &str,
        fitting: impl Fn(&str, &TreePath) -> bool,
    ) -> Option<TreePath> {
        if !plausible(lineage, group) {
            return None;
        }
        let home = self.importing.borrow().first().cloned().unwrap_or_default();
        let mut reactor = self.reactor.borrow_mut();
        reactor.reach(self, lineage, &home);
        let candidates: Vec<Module> = reactor
            .modules
            .get(&(group.to_owned(), artifact.to_owned()))?
            .iter()
            .filter(|module| reactor.together.contains(&module.path))
            .cloned()
            .collect();
        // A version may need further poms.
        drop(reactor);
        candidates
            .into_iter()
            .find(|module| fitting(&module.version, &module.path))
            .map(|module| module.path)
    }

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
    fn reach(&mut self, poms: &Poms<'_>, lineage: &[Arc<Pom>], home: &TreePath) {
        let mut queue: VecDeque<TreePath> = lineage.iter().map(|pom| (*pom.path).clone()).collect();
        if queue.iter().all(|path| self.seen.contains(path)) && self.home == *home {
            return;
        }
        if let Some(first) = lineage.first() {
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
                poms.limit(
                    home,
                    format!("more than {MAX_MODULES} modules are built together; the rest is not known"),
                );
                break;
            }
            self.seen.insert(path.clone());
            let Ok(derived) = poms.tree.derived(&path, &Outlining) else {
                continue;
            };
            let Some(outline) = derived.downcast_ref::<Kept>() else {
                continue;
            };
            let folder = path.parent();
            let mut builds = Vec::with_capacity(outline.modules.len());
            for module in &outline.modules {
                if let Built::Pom(file) = poms.built(&folder, module) {
                    builds.push(file);
                }
            }
            queue.extend(builds.iter().cloned());
            self.builds.insert(path.clone(), builds);
            let coordinates = (outline.group.clone(), outline.artifact.clone());
            let version = outline.version.clone();
            self.modules
                .entry(coordinates)
                .or_default()
                .push(Module { version, path });
        }
        self.together = self.built_with(home);
        self.home = home.clone();
    }

    /// Each pom that some pom builds together with the one at `home`.
    fn built_with(&self, home: &TreePath) -> HashSet<TreePath> {
        let mut builders: HashMap<&TreePath, Vec<&TreePath>> = HashMap::new();
        for (builder, built) in &self.builds {
            for path in built {
                builders.entry(path).or_default().push(builder);
            }
        }
        let mut above: HashSet<&TreePath> = HashSet::from([home]);
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
