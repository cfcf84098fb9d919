//! What each package is used for, worked out from who needs it.
//!
//! The rule is that of Arborist (`calc-dep-flags.js` of npm 11.11.1): a package is for development, or optional,
//! if every way to it is. The flags that the file writes down may be wrong and soften nothing. `requires` of lockfile
//! version 1 does not mark which requirement is an optional one: there only what the manifest of the root asks for as
//! optional, or for development, is that, with all that nothing else leads to, if the file marks it too (`requires` leaves
//! out peers). Without that manifest all of version 1 counts as installed; what a folder there requires counts as its
//! manifest says, and without one as installed with it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::entry::{Entry, EntryPlace, META, Need, may_be_absent};
use super::folders::Folders;
use super::targets::Targets;
use crate::lockfile::grammar::npm_scopes::{self, ALL, of_flags};
use crate::model::Scopes;
use crate::text::tree::Value;

/// What a manifest of a folder asks for, which may differ from what the lockfile repeats of it.
pub(super) struct FolderManifest<'m> {
    /// The entry of the folder; none is the root of a lockfile of version 1.
    pub(super) by: Option<usize>,
    pub(super) manifest: Value<'m>,
}

/// The scopes of every entry. `is_workspace` says of each whether it is a module of our own.
pub(super) fn scopes(
    entries: &[Entry<'_>],
    folders: &Folders<'_>,
    targets: &Targets,
    is_workspace: &[bool],
    asked: &[FolderManifest<'_>],
) -> Vec<Scopes> {
    let mut walk = Walk {
        entries,
        folders,
        targets,
        flags: vec![ALL; entries.len()],
        reached: vec![false; entries.len()],
        with_manifest: asked.iter().filter_map(|asked| asked.by).collect(),
        open: Vec::new(),
    };
    for (number, entry) in entries.iter().enumerate() {
        let is_own = entry.is_root() || is_workspace.get(number) == Some(&true);
        // `requires` leaves out peers: what version 1 does not mark is needed by something.
        if is_own || (entry.place != EntryPlace::Path && !entry.is_marked) {
            walk.arrive(number, 0);
        }
    }
    let mut more: HashMap<usize, Vec<Value<'_>>> = HashMap::new();
    for asked in asked {
        match asked.by {
            Some(by) => more.entry(by).or_default().push(asked.manifest),
            None => walk.follow_manifest(None, 0, asked.manifest),
        }
    }
    walk.run(&more);
    // Peers lead to what nothing else leads to, and version 1 holds none: it may be needed with all that it requires.
    for (number, entry) in entries.iter().enumerate() {
        if entry.place != EntryPlace::Path && walk.reached.get(number) == Some(&false) {
            walk.arrive(number, 0);
        }
    }
    walk.run(&more);
    walk.flags
        .iter()
        .zip(&walk.reached)
        // What needs a package that nothing leads to is not known: npm up to 11.11.0 installs it.
        .map(|(flags, reached)| of_flags(if *reached { *flags } else { 0 }))
        .collect()
}

struct Walk<'w> {
    entries: &'w [Entry<'w>],
    folders: &'w Folders<'w>,
    targets: &'w Targets,
    flags: Vec<u8>,
    reached: Vec<bool>,
    /// Entries whose manifest says what they need.
    with_manifest: HashSet<usize>,
    /// Entries whose needs are to be looked at, again where a flag fell. Each has three that can fall.
    open: Vec<usize>,
}

impl Walk<'_> {
    /// Follows what is open; `more` are the manifests of entries.
    fn run(&mut self, more: &HashMap<usize, Vec<Value<'_>>>) {
        while let Some(number) = self.open.pop() {
            let flags = self.flags(number);
            self.follow(number, flags);
            for manifest in more.get(&number).into_iter().flatten() {
                self.follow_manifest(Some(number), flags, *manifest);
            }
        }
    }

    fn flags(&self, number: usize) -> u8 {
        self.flags.get(number).copied().unwrap_or_default()
    }

    /// A way leads to an entry that leaves these flags.
    fn arrive(&mut self, number: usize, left: u8) {
        let (Some(flags), Some(reached)) = (self.flags.get_mut(number), self.reached.get_mut(number)) else {
            return;
        };
        let before = *flags;
        *flags &= left;
        if *flags != before || !*reached {
            *reached = true;
            self.open.push(number);
        }
    }

    fn follow(&mut self, number: usize, flags: u8) {
        let Some(entry) = self.entries.get(number) else {
            return;
        };
        if entry.link {
            let target = entry.resolved().and_then(Value::as_str);
            if let Some(target) = target.and_then(|target| self.folders.entry_at(&target)) {
                self.arrive(target, flags);
            }
            return;
        }
        let targets = self.targets;
        let tables = || entry.needs().filter(|(_, table)| table.is_object());
        let first = tables().next();
        if let Some((need, _)) = first
            && need != Need::Peer
            && tables().nth(1).is_none()
        {
            for to in targets.of_entry(number).flatten() {
                self.follow_need(number, flags, to, need, false);
            }
            return;
        }
        let absent = entry.peers_that_may_be_absent();
        // Of several tables that name one package the last one counts, in npm's order.
        let mut needs: HashMap<Cow<'_, str>, (Need, usize)> = HashMap::new();
        for last in [
            Need::Peer,
            Need::Runtime,
            Need::Optional,
            Need::Dev,
            Need::Unknown,
        ] {
            let named = entry
                .needs()
                .flat_map(|(need, table)| table.entries().map(move |(name, _)| (need, name)));
            for ((need, name), to) in named.zip(targets.of_entry(number)) {
                if need == last
                    && let Some(to) = to
                {
                    needs.insert(name, (need, to));
                }
            }
        }
        for (name, (need, to)) in needs {
            self.follow_need(number, flags, to, need, absent.contains(&name));
        }
    }

    /// Entry `number` needs `to`; `may_be_absent` where it does so only if that is there.
    fn follow_need(&mut self, number: usize, flags: u8, to: usize, need: Need, may_be_absent: bool) {
        // What a folder of version 1 requires is for its development, too: its manifest tells them apart.
        if need == Need::Unknown && self.with_manifest.contains(&number) {
            return;
        }
        self.arrive(to, left(flags, need, need == Need::Peer && may_be_absent));
    }

    fn follow_manifest(&mut self, by: Option<usize>, flags: u8, manifest: Value<'_>) {
        let absent = may_be_absent(manifest.get(META));
        for (field, table) in manifest.entries() {
            let Some(need) = Need::of(&field) else {
                continue;
            };
            for (name, _) in table.entries() {
                let to = match by {
                    Some(by) => self.folders.resolve(by, &name),
                    None => self.folders.resolve_from_root(&name),
                };
                if let Some(to) = to {
                    let optional = need == Need::Peer && absent.contains(&*name);
                    self.arrive(to, left(flags, need, optional));
                }
            }
        }
    }
}

/// The flags that a need of an entry with `flags` leaves to what it needs.
fn left(flags: u8, need: Need, optional_peer: bool) -> u8 {
    npm_scopes::left(flags, need == Need::Dev, need == Need::Optional || optional_peer)
}
