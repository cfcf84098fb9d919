//! A tree that has the poms of repositories too: parents and BOMs that it lacks are asked for as the pom that leads to them, the
//! user's settings and the policy say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pom::Repositories;
use super::{Question, Registries};
use crate::lockfile::pom::snapshot::path_of;
use crate::model::{Contents, Derivation, Derived, Ecosystem, Query, Tree, TreePath, Unread};
use crate::text::decode;

/// A tree, and what repositories have beside it.
pub struct Published {
    below: Box<dyn Tree + Send>,
    /// How messages call the tree's root.
    root: String,
    registries: Arc<dyn Registries + Send + Sync>,
    /// Those that were asked for; `None` for one that is not to be had.
    poms: Mutex<BTreeMap<TreePath, Option<Arc<[u8]>>>>,
    derived: Mutex<HashMap<(TreePath, &'static str), Derived>>,
    /// Says why one is not to be had.
    missing: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Published {
    /// `below` with what `registries` have; `missing` is called once for each pom that is not to be had, with the reason.
    #[must_use]
    pub fn new(
        below: Box<dyn Tree + Send>,
        root: &str,
        registries: Arc<dyn Registries + Send + Sync>,
        missing: Arc<dyn Fn(&str) + Send + Sync>,
    ) -> Self {
        Self {
            below,
            root: root.to_owned(),
            registries,
            poms: Mutex::default(),
            derived: Mutex::default(),
            missing,
        }
    }

    fn asked(&self, by: &TreePath, name: &str, version: &str) -> Option<Arc<[u8]>> {
        let read = |path: &TreePath| {
            let bytes = self.below.read(path).ok()?;
            Some(decode::decode(&bytes).text.into_owned())
        };
        let query = Query::metadata(name, version);
        let question = Question {
            ecosystem: &Ecosystem::MAVEN,
            project: &Repositories::of(by, &self.root, &read),
            queries: &BTreeSet::from([query.clone()]),
        };
        let answer = self.registries.ask(&question).remove(&query);
        let answer = answer.unwrap_or_else(|| Err("no registry answered".to_owned()));
        match answer.map(|answer| answer.releases.first().map(|release| release.document.clone())) {
            Ok(Some(pom)) => Some(pom.as_bytes().into()),
            Ok(None) => None,
            Err(reason) => {
                (self.missing)(&format!("the pom of {name} {version} is not read: {reason}"));
                None
            }
        }
    }
}

impl Tree for Published {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        match path.is_outside() {
            true => {
                let known = locked(&self.poms).get(path).cloned().flatten();
                known.ok_or(Unread::Absent)
            }
            false => self.below.read(path),
        }
    }

    fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        if !path.is_outside() {
            return self.below.derived(path, how);
        }
        let key = (path.clone(), how.name());
        if let Some(known) = locked(&self.derived).get(&key) {
            return Ok(Arc::clone(known));
        }
        let derived = how.derive(path, &self.read(path)?);
        locked(&self.derived).insert(key, Arc::clone(&derived));
        Ok(derived)
    }

    fn derived_in_parts(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        match path.is_outside() {
            true => self.derived(path, how),
            false => self.below.derived_in_parts(path, how),
        }
    }

    fn uses(&self, path: &TreePath, how: &'static dyn Derivation, part: &[u8]) {
        if !path.is_outside() {
            self.below.uses(path, how, part);
        }
    }

    fn contents(&self, path: &TreePath) -> Option<Contents> {
        self.below.contents(path)
    }

    fn holds(&self, path: &TreePath) -> bool {
        match path.is_outside() {
            true => self.read(path).is_ok(),
            false => self.below.holds(path),
        }
    }

    fn submodule(&self, path: &TreePath) -> Option<String> {
        self.below.submodule(path)
    }

    fn leads_to(&self, path: &TreePath) -> Option<TreePath> {
        self.below.leads_to(path)
    }

    fn is_scanned(&self, path: &TreePath, format: &str) -> bool {
        self.below.is_scanned(path, format)
    }

    fn is_left_out(&self, path: &TreePath) -> bool {
        self.below.is_left_out(path)
    }

    fn published(&self, by: &TreePath, group: &str, artifact: &str, version: &str) -> Option<TreePath> {
        let path = path_of(group, artifact, version)?;
        // One at a time: what several poms lead to is asked for once.
        let mut poms = locked(&self.poms);
        let known = poms
            .entry(path.clone())
            .or_insert_with(|| self.asked(by, &format!("{group}:{artifact}"), version));
        known.is_some().then_some(path)
    }

    fn is_above(&self, name: &[u8]) -> bool {
        self.below.is_above(name)
    }
}

/// A panic leaves what is known whole: each change is one insertion.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
