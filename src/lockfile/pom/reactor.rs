//! The modules that are built together, by their coordinates.
//!
//! The reactor is looked for only when an artifact could be one of its modules: when its group shares the
//! organisation (the first two parts) with a pom of the lineage.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use super::MAX_MODULES;
use super::lineage::Poms;
use super::model::Pom;
use super::outline::Outline;
use crate::model::TreePath;
use crate::text::decode;

/// Modules that were reached so far.
#[derive(Debug, Default)]
pub(super) struct Reactor {
    modules: HashMap<(String, String), Vec<Module>>,
    seen: HashSet<TreePath>,
}

#[derive(Debug)]
struct Module {
    version: String,
    path: TreePath,
}

impl Poms<'_> {
    /// The module `group:artifact` whose version, as written, is `fitting`. It is looked for in what is reachable
    /// from `lineage` and from the poms in the folders above it.
    pub(super) fn module(
        &self,
        lineage: &[Rc<Pom>],
        group: &str,
        artifact: &str,
        fitting: impl Fn(&str) -> bool,
    ) -> Option<TreePath> {
        if !plausible(lineage, group) {
            return None;
        }
        let mut reactor = self.reactor.borrow_mut();
        reactor.reach(self, lineage);
        reactor
            .modules
            .get(&(group.to_owned(), artifact.to_owned()))?
            .iter()
            .find(|module| fitting(&module.version))
            .map(|module| module.path.clone())
    }
}

impl Reactor {
    fn reach(&mut self, poms: &Poms<'_>, lineage: &[Rc<Pom>]) {
        let mut queue: VecDeque<TreePath> = lineage.iter().map(|pom| (*pom.path).clone()).collect();
        if queue.iter().all(|path| self.seen.contains(path)) {
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
            if self.seen.len() >= MAX_MODULES || !self.seen.insert(path.clone()) {
                continue;
            }
            let Ok(bytes) = poms.tree.read(&path) else {
                continue;
            };
            let decoded = decode::decode(&bytes);
            let outline = Outline::read(&decoded.text);
            let folder = path.parent();
            for module in &outline.modules {
                let file = match module.ends_with(".xml") {
                    true => folder.join(module),
                    false => folder.join(module).and_then(|folder| folder.join("pom.xml")),
                };
                queue.extend(file);
            }
            let coordinates = (outline.own_group().to_owned(), outline.artifact.to_owned());
            let version = outline.own_version().to_owned();
            self.modules
                .entry(coordinates)
                .or_default()
                .push(Module { version, path });
        }
    }
}

fn plausible(lineage: &[Rc<Pom>], group: &str) -> bool {
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
