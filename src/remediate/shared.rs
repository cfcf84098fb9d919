//! Manifests that several lockfiles lock, as `package.json` beside the lockfiles of npm and Yarn: a change in one fits all of
//! them, or is not made.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::format_of;
use crate::lockfile::manifest::{self, Names};
use crate::model::TreePath;
use crate::plan::{Edited, LockfilePlan};
use crate::scan::discover::DiscoveredTree;
use crate::text::names::listed;

/// Formats that hold what their manifest asked for when they were written. No tool compares them with the manifest later.
const FOLLOWING: [&str; 3] = ["Pipfile.lock", "pylock.toml", "requirements.txt"];

/// A reason names so many lockfiles.
const MAX_NAMES: usize = 5;

/// Whether the lockfile at `file` follows its manifest, and is planned after those that have to fit it.
pub(super) fn follows(file: &TreePath) -> bool {
    format_of(file).is_some_and(|format| FOLLOWING.contains(&format.name()))
}

/// What is known of the manifests of a tree.
pub(super) struct Shared<'f> {
    found: &'f DiscoveredTree,
    names: RefCell<Names>,
    /// The lockfiles that have to fit a manifest.
    locks: RefCell<BTreeMap<TreePath, Vec<TreePath>>>,
    /// The lockfiles whose plans change no manifest, each with why.
    kept: BTreeMap<TreePath, Kept>,
}

/// Why a lockfile's plan changes no manifest, and what it would have done.
struct Kept {
    reason: String,
    first: LockfilePlan,
}

impl<'f> Shared<'f> {
    pub(super) fn of(found: &'f DiscoveredTree) -> Self {
        Self {
            found,
            names: RefCell::default(),
            locks: RefCell::default(),
            kept: BTreeMap::new(),
        }
    }

    /// The plan of `file` changes no manifest.
    pub(super) fn keeps(&self, file: &TreePath) -> bool {
        self.kept.contains_key(file)
    }

    /// The lockfile at `file` is not planned with what another plan made of `manifest`, for both have to fit it.
    pub(super) fn is_apart(&self, file: &TreePath, manifest: &TreePath) -> bool {
        self.locks(manifest).contains(file)
    }

    /// The lockfiles that have to fit `manifest`; none where it is no manifest.
    fn locks(&self, manifest: &TreePath) -> Vec<TreePath> {
        let Some(row) = manifest::row(manifest) else {
            return Vec::new();
        };
        if let Some(known) = self.locks.borrow().get(manifest) {
            return known.clone();
        }
        let tree = &self.found.tree;
        let holds = |lock: &TreePath| tree.holds(lock);
        let read = |path: &TreePath| tree.read(path).ok();
        let mut names = self.names.borrow_mut();
        let locks: Vec<TreePath> = row
            .locking(manifest, &holds, &mut names, &read)
            .filter(|lock| !follows(lock))
            .collect();
        self.locks.borrow_mut().insert(manifest.clone(), locks.clone());
        locks
    }

    /// Takes what `plans` do to manifests that other lockfiles lock, too. Where they do not all do the
    /// same, those that change it have to be made again, without ([`Self::keeps`]), and the answer is true.
    pub(super) fn differ(&mut self, plans: &[LockfilePlan]) -> bool {
        let edits = plans.iter().flat_map(|plan| &plan.edited);
        let changed: BTreeSet<TreePath> = edits.map(|edited| edited.path.clone()).collect();
        let mut differ = false;
        for manifest in &changed {
            let locks = self.locks(manifest);
            let made = |lock: &TreePath| {
                let plan = plans.iter().find(|plan| plan.file == *lock)?;
                edit(plan, manifest).map(|edited| &edited.after)
            };
            let first = locks.first().and_then(made);
            let is_same = locks.iter().all(|lock| made(lock) == first);
            for plan in plans.iter().filter(|plan| edit(plan, manifest).is_some()) {
                let others = locks.iter().filter(|lock| **lock != plan.file);
                let others: Vec<String> = others.map(ToString::to_string).collect();
                let fits = is_same && locks.contains(&plan.file);
                if !fits && !others.is_empty() && !self.keeps(&plan.file) {
                    let kept = Kept {
                        reason: reason(manifest, &others),
                        first: plan.clone(),
                    };
                    self.kept.insert(plan.file.clone(), kept);
                    differ = true;
                }
            }
        }
        differ
    }

    /// Puts in `plans` why what would change a manifest is not upgraded.
    pub(super) fn say_why(&self, plans: &mut [LockfilePlan]) {
        for plan in plans {
            let Some(kept) = self.kept.get(&plan.file) else {
                continue;
            };
            for blocked in &mut plan.plan.blocked {
                let mut moves = kept.first.plan.moves.iter();
                if moves.any(|one| one.name == blocked.name && one.from == blocked.version) {
                    blocked.reason.clone_from(&kept.reason);
                }
            }
        }
    }
}

/// Why `manifest` stays as it is, which `others` lock, too.
fn reason(manifest: &TreePath, others: &[String]) -> String {
    let names: Vec<&str> = others.iter().map(String::as_str).collect();
    let lock = if others.len() == 1 { "locks" } else { "lock" };
    format!(
        "{manifest} would have to change, and {} {lock} it, too: change it by hand, and run the package manager of each lockfile.",
        listed(&names, MAX_NAMES)
    )
}

/// What `plan` makes of the file at `path`.
fn edit<'p>(plan: &'p LockfilePlan, path: &TreePath) -> Option<&'p Edited> {
    plan.edited.iter().find(|edited| edited.path == *path)
}
