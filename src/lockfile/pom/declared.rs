//! How the versions of a module's dependencies are written: what a plan may change, and what a check compares.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::builds;
use super::interpolation::Environment;
use super::lineage::Poms;
use super::management::Boms;
use super::packages::Module;
use super::reactor::Reactor;
use crate::lockfile::{File, Parsed};
use crate::model::{Scope, Scopes, Tree, TreePath};
use crate::text::decode;

pub use super::recorded::{Declaration, Expression, Form, Reference, Resolved};

/// What the module with the pom at `path` asks for.
#[must_use]
pub fn read(path: &TreePath, tree: &dyn Tree) -> Resolved {
    let poms = Poms::new(tree);
    let Some(text) = text(path, tree) else {
        return Resolved::default();
    };
    poms.start_recording();
    let mut parsed = Parsed::default();
    if let Some(pom) = poms.first(&File { path, text: &text }) {
        builds::resolve(&pom, &poms, &mut parsed);
    }
    let mut resolved = poms.take_recorded();
    // Under several profiles the same is found again.
    for list in [&mut resolved.declarations, &mut resolved.managed] {
        let mut seen = HashSet::new();
        list.retain(|one| {
            let asked = one.asked.as_ref();
            let asked = asked.map(|asked| (asked.file.clone(), asked.at.start));
            seen.insert((one.name.clone(), one.file.clone(), one.at.start, asked))
        });
    }
    resolved
}

/// The poms of every build that has the one at `path`, and that one.
#[must_use]
pub fn family(path: &TreePath, tree: &dyn Tree) -> Vec<TreePath> {
    let poms = Poms::new(tree);
    let mut found = match poms.pom(path) {
        Some(pom) => Reactor::family(&poms, &pom),
        None => Vec::new(),
    };
    if !found.contains(path) {
        found.push(path.clone());
        found.sort();
    }
    found
}

/// The pom at `path` and its parents in the tree, the nearest first.
#[must_use]
pub fn lineage(path: &TreePath, tree: &dyn Tree) -> Vec<TreePath> {
    let poms = Poms::new(tree);
    let Some(pom) = poms.pom(path) else {
        return Vec::new();
    };
    let project = poms.project(pom, Arc::default());
    let own = project.poms.iter().filter(|pom| !pom.path.is_outside());
    own.map(|pom| (*pom.path).clone()).collect()
}

/// What a published artifact brings along at run time, by `groupId:artifactId`: the pom is the one that `tree` has for it, and its
/// parents and BOMs too ([`Tree::published`]). `None` where the tree has no pom of it.
#[must_use]
pub fn needs(name: &str, version: &str, tree: &dyn Tree) -> Option<BTreeMap<String, String>> {
    let (group, artifact) = name.split_once(':')?;
    let path = tree.published(&TreePath::root(), group, artifact, version)?;
    let poms = Poms::new(tree);
    let text = text(&path, tree)?;
    poms.start_recording();
    let pom = poms.first(&File {
        path: &path,
        text: &text,
    })?;
    let mut parsed = Parsed::default();
    let project = poms.project(Arc::clone(&pom), Arc::default());
    // What a dependency's profiles bring is for those who build it, but for what counts by itself.
    let plain = Environment::new(&project, &poms, &[], &[]);
    let mut module = Module::new(&project, &plain, Arc::clone(&pom.path), &poms, &mut parsed);
    module.read(&plain, &Boms::new(&poms, &pom.path));
    drop(module);
    let declarations = poms.take_recorded().declarations.into_iter();
    let runtime = declarations.filter(|declaration| declaration.scopes == Scopes::only(Scope::Runtime));
    Some(
        runtime
            .map(|declaration| (declaration.name, declaration.version))
            .collect(),
    )
}

fn text(path: &TreePath, tree: &dyn Tree) -> Option<String> {
    let bytes = tree.read(path).ok()?;
    Some(decode::decode(&bytes).text.into_owned())
}
