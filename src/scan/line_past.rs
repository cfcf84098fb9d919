//! What the commits of one release line itself locked, by advisory: since which one, and until which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::git::ObjectId;
use crate::git::line_history::LineCommit;
use crate::model::{Ecosystem, PackageUrl};

/// What the commits of one release line locked, by advisory.
#[derive(Debug)]
pub struct LinePast {
    /// Its full name.
    pub ref_name: String,
    /// The clone was cut behind the oldest commit that is there.
    pub(super) is_cut: bool,
    /// By the advisory's id.
    pub(super) advisories: BTreeMap<String, AdvisoryPast>,
}

/// What the commits of one release line locked of one advisory.
#[derive(Debug)]
pub(super) struct AdvisoryPast {
    pub(super) packages: BTreeSet<PackageUrl>,
    /// Each begins where the one before ends; the first one with the oldest commit.
    runs: Vec<Run>,
}

/// Consecutive commits of a line that are alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: ObjectId,
    pub(super) committed: Timestamp,
    locks: Locks,
}

/// Whether a commit locks an affected version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locks {
    Affected,
    /// A lockfile of the ecosystem cannot be read.
    Unclear,
    Nothing,
}

impl LinePast {
    /// What `commits` of the line `ref_name` locked, oldest first.
    pub(super) fn of(ref_name: &str, commits: &[LineCommit<'_, Key>]) -> Self {
        let mut known: BTreeMap<&str, (BTreeSet<PackageUrl>, BTreeSet<Ecosystem>)> = BTreeMap::new();
        let mut last: Option<&BTreeSet<Key>> = None;
        let mut changes: Vec<&LineCommit<'_, Key>> = Vec::new();
        for commit in commits {
            if last.is_some_and(|last| std::ptr::eq(last, commit.held)) {
                continue;
            }
            last = Some(commit.held);
            changes.push(commit);
            for held in commit.held.iter().filter_map(Key::advisory) {
                let (packages, ecosystems) = known.entry(held.id()).or_default();
                packages.insert(held.purl.without_version());
                ecosystems.insert(held.ecosystem.clone());
            }
        }
        let advisories = known.into_iter().map(|(id, (packages, ecosystems))| {
            let mut runs: Vec<Run> = Vec::new();
            for commit in &changes {
                let locks = locks(commit.held, id, &ecosystems);
                if runs.last().is_none_or(|run| run.locks != locks) {
                    runs.push(Run {
                        first: commit.id,
                        committed: commit.committed,
                        locks,
                    });
                }
            }
            (id.to_owned(), AdvisoryPast { packages, runs })
        });
        Self {
            advisories: advisories.collect(),
            ref_name: ref_name.to_owned(),
            is_cut: commits.first().is_some_and(|commit| commit.is_cut),
        }
    }
}

fn locks(held: &BTreeSet<Key>, id: &str, ecosystems: &BTreeSet<Ecosystem>) -> Locks {
    let mut is_unclear = false;
    for key in held {
        match key {
            Key::Affected(held) if held.id() == id => return Locks::Affected,
            Key::Affected(_) => {}
            Key::Unread(None) => is_unclear = true,
            Key::Unread(Some(ecosystem)) => is_unclear |= ecosystems.contains(ecosystem),
        }
    }
    match is_unclear {
        true => Locks::Unclear,
        false => Locks::Nothing,
    }
}

/// The consecutive runs of a line in which it is affected, as far as that is known.
pub(super) struct Episode {
    /// The first commit that is known to lock an affected version.
    pub(super) first: Run,
    /// An earlier one may do.
    pub(super) is_unclear: bool,
    /// The first commit behind it that locks none; `None` where the line ends before.
    pub(super) end: Option<Run>,
}

impl AdvisoryPast {
    /// When the line was affected, oldest first.
    pub(super) fn episodes(&self, is_cut: bool) -> Vec<Episode> {
        let mut episodes: Vec<Episode> = Vec::new();
        let mut open: Option<Episode> = None;
        let mut is_unclear = is_cut;
        for run in &self.runs {
            match run.locks {
                Locks::Affected => {
                    open.get_or_insert(Episode {
                        first: *run,
                        is_unclear,
                        end: None,
                    });
                }
                Locks::Unclear => is_unclear = true,
                Locks::Nothing => {
                    is_unclear = false;
                    episodes.extend(open.take().map(|episode| Episode {
                        end: Some(*run),
                        ..episode
                    }));
                }
            }
        }
        episodes.extend(open);
        episodes
    }

    /// The commit since which the line locks nothing that is affected, where the run before it is known.
    pub(super) fn fixed(&self) -> Result<Option<Run>, String> {
        match self.runs.as_slice() {
            [.., before, last] if last.locks == Locks::Nothing => match before.locks {
                Locks::Affected => Ok(Some(*last)),
                Locks::Unclear | Locks::Nothing => Err(format!(
                    "a lockfile could not be read from {} until {}",
                    before.first, last.first
                )),
            },
            [.., last] if last.locks == Locks::Unclear => {
                Err(format!("a lockfile cannot be read since {}", last.first))
            }
            _ => Ok(None),
        }
    }
}

/// A package at a version, and an advisory that it is affected by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AdvisoryOfPackage {
    pub(super) purl: PackageUrl,
    /// The advisory's id, then its aliases.
    pub(super) ids: Vec<String>,
    pub(super) ecosystem: Ecosystem,
}

impl AdvisoryOfPackage {
    /// The advisory's id.
    pub(super) fn id(&self) -> &str {
        self.ids.first().map_or("", String::as_str)
    }
}

/// What is known of a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// It locks an affected package.
    Affected(Arc<AdvisoryOfPackage>),
    /// A lockfile of this ecosystem cannot be read in whole, or one of an unknown one.
    Unread(Option<Ecosystem>),
}

impl Key {
    /// What is affected.
    pub(super) fn advisory(&self) -> Option<&AdvisoryOfPackage> {
        match self {
            Self::Affected(held) => Some(held),
            Self::Unread(_) => None,
        }
    }
}
