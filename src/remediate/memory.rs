//! Plans that are the same for several release lines: each is made once, where everything that it was made of is the same.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::affected::Affected;
use super::brought::OfFile;
use crate::model::{Contents, TreePath};
use crate::plan::{LockfilePlan, Manifests};

/// The plans of a run, each with what it was made of.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Made>>);

/// A plan, and what it was made of.
#[derive(Debug)]
struct Made {
    basis: Basis,
    asked: Asked,
    plan: LockfilePlan,
}

/// What is known before a plan is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Basis {
    /// The lockfile, and its text.
    pub(super) file: TreePath,
    pub(super) text: blake3::Hash,
    /// How messages call the root of the tree.
    pub(super) root: String,
    /// What the plan takes from each finding.
    pub(super) findings: Vec<String>,
    /// The locked versions that advisories affect.
    pub(super) affected: Affected,
    /// What earlier plans of the file brought.
    pub(super) brought: OfFile,
    /// What may change in manifests.
    pub(super) manifests: Manifests,
}

/// The files and folders that a plan was made with.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    files: BTreeMap<TreePath, Option<blake3::Hash>>,
    folders: BTreeMap<TreePath, Option<Contents>>,
}

impl Asked {
    /// Takes note of the text of the file at `path`.
    pub(super) fn file(&mut self, path: &TreePath, text: Option<&str>) {
        self.files.insert(path.clone(), text.map(hash));
    }

    /// Takes note of what is in the folder at `path`.
    pub(super) fn folder(&mut self, path: &TreePath, contents: Option<&Contents>) {
        self.folders.insert(path.clone(), contents.cloned());
    }
}

/// What stands for a text.
pub(super) fn hash(text: &str) -> blake3::Hash {
    blake3::hash(text.as_bytes())
}

impl Memory {
    /// The plan that was made of the same, if there is one.
    pub(super) fn find(
        &self,
        basis: &Basis,
        read: &dyn Fn(&TreePath) -> Option<String>,
        list: &dyn Fn(&TreePath) -> Option<Contents>,
    ) -> Option<LockfilePlan> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |made: &&Made| {
            let files = made.asked.files.iter();
            let folders = made.asked.folders.iter();
            made.basis == *basis
                && files
                    .into_iter()
                    .all(|(path, known)| read(path).as_deref().map(hash) == *known)
                && folders.into_iter().all(|(path, known)| list(path) == *known)
        };
        made.iter().find(is_same).map(|made| made.plan.clone())
    }

    /// Keeps a plan for others.
    pub(super) fn keep(&self, basis: Basis, asked: Asked, plan: &LockfilePlan) {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(Made {
            basis,
            asked,
            plan: plan.clone(),
        });
    }
}
