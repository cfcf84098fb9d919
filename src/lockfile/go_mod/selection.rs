//! Minimal version selection over the modules of a workspace ("Minimal version selection (MVS)" and "Workspaces", Go
//! Modules Reference), as far as the files of the tree say.
//!
//! Go starts at every module of the workspace at once, so that the highest version that one of them requires is built
//! by all. It reads the `go.mod` of each of those versions too, which is outside of the tree, and may end at a
//! higher one. What it can't: a module whose `go.mod` is tidy lists all that its own packages need, at versions which
//! its own graph does not raise. So a version is certain if every module that requires anything lists it, none of
//! them at a lower version, and no foreign replacement brings other requirements; what is not certain is a gap.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::Problem;
use super::member::Member;
use super::replace::Replacements;
use super::versions::{is_exact, is_pruned};
use crate::model::{Cost, TreePath};
use crate::text::{MAX_PROBLEMS, Span, decode};
use crate::version::{Scheme, go};

/// The versions that the modules of a workspace build with.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Module paths of the workspace's own modules.
    pub(super) members: HashSet<String>,
    /// The highest version that the tree requires of each module.
    pub(super) chosen: HashMap<String, Chosen>,
    /// Modules that some requirement names without an exact version.
    pub(super) inexact: HashSet<String>,
    /// What no requirement may name: module and version.
    pub(super) excluded: HashSet<(String, String)>,
    /// `go work vendor` wrote down what is built.
    pub(super) is_vendored: bool,
    /// So many modules may be built at a higher version.
    uncertain: usize,
}

/// A version and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) version: String,
    pub(super) file: TreePath,
    pub(super) span: Span,
    /// The whole line.
    pub(super) entry: Span,
}

/// Selects. `folder` reads the `go.mod` of a folder that replaces a module.
pub(super) fn select(
    members: &[Member],
    replacements: &Replacements,
    folder: &mut dyn FnMut(&TreePath) -> Option<Member>,
) -> Selection {
    let mut selection = Selection {
        members: members.iter().map(|member| member.name.clone()).collect(),
        excluded: members
            .iter()
            .flat_map(|member| member.excludes.iter().cloned())
            .collect(),
        ..Selection::default()
    };
    // Folders bring requirements of their own, each once.
    let mut folders: HashSet<TreePath> = HashSet::new();
    let mut waiting: Vec<TreePath> = Vec::new();
    let mut unread = false;
    for member in members {
        selection.require(member, replacements, &mut waiting);
    }
    while let Some(next) = waiting.pop() {
        if folders.insert(next.clone()) {
            match folder(&next) {
                Some(member) => {
                    // Before Go 1.17 the modules that a module requires bring what they require.
                    unread |= !member.go.as_deref().is_some_and(is_pruned) && !member.requires.is_empty();
                    selection.require(&member, replacements, &mut waiting);
                }
                None => unread = true,
            }
        }
    }
    selection.weigh(members, replacements, unread);
    selection
}

impl Selection {
    fn require(&mut self, member: &Member, replacements: &Replacements, waiting: &mut Vec<TreePath>) {
        for required in &member.requires {
            let (path, version) = (&required.path, &required.version);
            if self.members.contains(path) || self.is_excluded(path, version) {
                continue;
            }
            if !is_exact(version) {
                self.inexact.insert(path.clone());
                continue;
            }
            if let Some(line) = replacements.find(path, version)
                && line.version.is_none()
            {
                // Outside of the tree there is nothing to read, and the folder is no package of a registry.
                waiting.extend(line.folder.clone());
            }
            let is_higher = self
                .chosen
                .get(path)
                .is_none_or(|chosen| go::Go.compare(version, &chosen.version) == Ok(Ordering::Greater));
            if is_higher {
                self.chosen.insert(
                    path.clone(),
                    Chosen {
                        version: version.clone(),
                        file: member.path.clone(),
                        span: required.span,
                        entry: required.entry,
                    },
                );
            }
        }
    }

    /// No requirement may name this version.
    pub(super) fn is_excluded(&self, path: &str, version: &str) -> bool {
        !self.excluded.is_empty() && self.excluded.contains(&(path.to_owned(), version.to_owned()))
    }

    /// Counts what is not certain.
    fn weigh(&mut self, members: &[Member], replacements: &Replacements, unread: bool) {
        let mut all = unread;
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut requiring = 0_usize;
        for member in members {
            let mut requires = false;
            let mut own: HashSet<&str> = HashSet::new();
            for required in &member.requires {
                let (path, version) = (required.path.as_str(), required.version.as_str());
                let line = replacements.find(path, version);
                let is_folder = line.is_some_and(|line| line.version.is_none());
                let is_outside = line.is_some_and(|line| line.folder.is_none());
                if self.members.contains(path) {
                    // Go reads the `go.mod` of the version that is asked for as well.
                    all |= !is_folder && path != member.name;
                    continue;
                }
                requires |= !is_folder;
                // The folder is outside of the tree.
                all |= is_folder && is_outside;
                all |= self.is_excluded(path, version)
                    || self
                        .chosen
                        .get(path)
                        .is_some_and(|chosen| chosen.version != *version);
                all |= line.is_some_and(|line| {
                    line.version.is_some() && !replacements.is_written_in(&member.path, path, line)
                });
                if !is_folder {
                    own.insert(path);
                }
            }
            requiring = requiring.saturating_add(usize::from(requires));
            for path in own {
                let count = counts.entry(path).or_default();
                *count = count.saturating_add(1);
            }
        }
        // What a replacement fixes for every version is built however high the version goes.
        counts.retain(|path, _| {
            self.chosen.get(*path).is_some_and(|chosen| {
                !replacements
                    .find(path, &chosen.version)
                    .is_some_and(|line| line.is_for_all())
            })
        });
        // One module alone builds what it lists, as it does without a workspace.
        let is_alone = requiring <= 1 && !all;
        self.uncertain = match (all, is_alone) {
            (true, _) => counts.len(),
            (false, true) => 0,
            (false, false) => counts.values().filter(|count| **count < requiring).count(),
        };
    }

    /// Names the modules for which the `go.work.sum` at `path` remembers the files of a higher version: Go wrote that
    /// when it built with it, now or earlier.
    pub(super) fn sums(&self, path: &TreePath, bytes: &[u8], problems: &mut Vec<Problem>) {
        let decoded = decode::decode(bytes);
        let mut start = 0_usize;
        let mut named = BTreeSet::new();
        for whole in decoded.text.split_inclusive('\n') {
            let line = whole.trim_end();
            let at = start;
            start = start.saturating_add(whole.len());
            let mut words = line.split(' ');
            let (Some(module), Some(version)) = (words.next(), words.next()) else {
                continue;
            };
            // A line that ends in `/go.mod` says only that the requirements of that version were looked at.
            let Some(chosen) = self.chosen.get(module).filter(|_| is_exact(version)) else {
                continue;
            };
            if go::Go.compare(version, &chosen.version) == Ok(Ordering::Greater)
                && named.len() < MAX_PROBLEMS
                && named.insert(module.to_owned())
            {
                let at = at.saturating_add(module.len()).saturating_add(1);
                problems.push(Problem::elsewhere(
                    Cost::Partial,
                    path.clone(),
                    Span::new(at, at.saturating_add(version.len())),
                    format!(
                        "{module} was built at {version}, and no go.mod of the workspace requires more than {}",
                        chosen.version
                    ),
                    "Run `go work sync`, which writes the versions that are built into each go.mod; remove this line if it is left from an earlier build.",
                ));
            }
        }
    }

    /// The gap, where versions may be higher than those in the tree.
    pub(super) fn gap(&self, work: &TreePath) -> Option<Problem> {
        if self.is_vendored || self.uncertain == 0 {
            return None;
        }
        Some(Problem::elsewhere(
            Cost::Partial,
            work.clone(),
            Span::at(0),
            match self.uncertain {
                1 => "1 module that this workspace requires may be built at a higher version: what modules outside of the tree require is not known".into(),
                count => format!("{count} modules that this workspace requires may be built at higher versions: what modules outside of the tree require is not known"),
            },
            "Compare with `go list -m all`; `go work sync` writes the versions into each go.mod, and `go work vendor` into vendor/modules.txt, which is read.",
        ))
    }
}
