//! The folders that the entries lie in, and Node's way of finding a package from one of them.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::entry::{Entry, EntryPlace};

/// Folders looked into on the way up before the search is given up. No `node_modules` of a file system nests
/// that deep, and a bound keeps hostile files linear.
const MAX_STEPS: usize = 96;

/// The folder in which packages lie.
const MODULES: &str = "node_modules";

/// No folder, or no entry.
const NONE: u32 = u32::MAX;

/// A tree of folders. A folder is a number; the root is 0.
pub(super) struct Folders<'e> {
    folders: Vec<Folder<'e>>,
    /// The folders but for `node_modules`, by parent and name.
    children: HashTable<u32>,
    hasher: RandomState,
    /// The folder of each entry.
    of_entries: Vec<u32>,
}

struct Folder<'e> {
    name: &'e str,
    /// The folder that it was entered from.
    inside: u32,
    /// The search from here does not go on above: the root, or what is beside it (`../x`).
    is_top: bool,
    /// Its `node_modules`.
    modules: u32,
    /// The entry of this folder; of several the last, as `JSON.parse` decides.
    entry: u32,
}

impl<'e> Folder<'e> {
    fn new(name: &'e str, inside: u32, is_top: bool) -> Self {
        Self {
            name,
            inside,
            is_top,
            modules: NONE,
            entry: NONE,
        }
    }
}

fn known(number: u32) -> Option<u32> {
    (number != NONE).then_some(number)
}

impl<'e> Folders<'e> {
    pub(super) fn of(entries: &'e [Entry<'e>]) -> Self {
        let room = entries.len().saturating_mul(5) / 4;
        let mut folders = Self {
            folders: Vec::with_capacity(room),
            children: HashTable::with_capacity(room),
            hasher: RandomState::default(),
            of_entries: Vec::with_capacity(entries.len()),
        };
        folders.folders.push(Folder::new("", NONE, true));
        for (number, entry) in entries.iter().enumerate() {
            let folder = match entry.place {
                EntryPlace::Path => folders.enter(0, &entry.key),
                EntryPlace::InRoot => folders.enter_modules(0, &entry.key),
                EntryPlace::Inside(parent) => {
                    let parent = folders.of_entries.get(parent as usize).copied();
                    folders.enter_modules(parent.unwrap_or_default(), &entry.key)
                }
            };
            if let Some(folder) = folders.folders.get_mut(folder as usize) {
                folder.entry = u32::try_from(number).unwrap_or(NONE);
            }
            folders.of_entries.push(folder);
        }
        folders
    }

    /// The entry that `name` means in the folder of an entry.
    pub(super) fn resolve(&self, entry: usize, name: &str) -> Option<usize> {
        self.resolve_in(self.of_entries.get(entry).copied()?, name)
    }

    /// The entry that `name` means in the folder of the lockfile.
    pub(super) fn resolve_from_root(&self, name: &str) -> Option<usize> {
        self.resolve_in(0, name)
    }

    /// The entry whose folder is at `path`.
    pub(super) fn entry_at(&self, path: &str) -> Option<usize> {
        self.entry_below(0, path)
    }

    fn resolve_in(&self, folder: u32, name: &str) -> Option<usize> {
        let mut at = folder;
        for _ in 0..MAX_STEPS {
            let folder = self.folders.get(at as usize)?;
            if let Some(found) = known(folder.modules).and_then(|modules| self.entry_below(modules, name)) {
                return Some(found);
            }
            if folder.is_top {
                return None;
            }
            at = folder.inside;
        }
        None
    }

    fn entry_below(&self, folder: u32, path: &str) -> Option<usize> {
        let mut at = folder;
        for segment in segments(path) {
            at = self.child(at, segment)?;
        }
        known(self.folders.get(at as usize)?.entry).map(|entry| entry as usize)
    }

    fn child(&self, folder: u32, segment: &str) -> Option<u32> {
        if segment == MODULES {
            return known(self.folders.get(folder as usize)?.modules);
        }
        let is_it = |number: &u32| {
            let child = self.folders.get(*number as usize);
            child.is_some_and(|child| child.inside == folder && child.name == segment)
        };
        self.children.find(self.hash(folder, segment), is_it).copied()
    }

    fn hash(&self, folder: u32, segment: &str) -> u64 {
        self.hasher.hash_one((folder, segment))
    }

    fn enter(&mut self, folder: u32, path: &'e str) -> u32 {
        let mut at = folder;
        for segment in segments(path) {
            at = match self.child(at, segment) {
                Some(child) => child,
                None => self.add(at, segment),
            };
        }
        at
    }

    fn enter_modules(&mut self, folder: u32, name: &'e str) -> u32 {
        let modules = self.enter(folder, MODULES);
        self.enter(modules, name)
    }

    fn add(&mut self, parent: u32, segment: &'e str) -> u32 {
        let number = u32::try_from(self.folders.len()).unwrap_or(NONE);
        self.folders.push(Folder::new(segment, parent, segment == ".."));
        if segment == MODULES {
            if let Some(parent) = self.folders.get_mut(parent as usize) {
                parent.modules = number;
            }
            return number;
        }
        let hash = self.hash(parent, segment);
        let (folders, hasher) = (&self.folders, &self.hasher);
        self.children.insert_unique(hash, number, |number| {
            let folder = folders.get(*number as usize);
            hasher.hash_one(folder.map_or((NONE, ""), |folder| (folder.inside, folder.name)))
        });
        number
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    // A loop over bytes: segments are too short for a search to pay.
    let next = move || {
        let path = rest?;
        let Some(slash) = path.bytes().position(|byte| byte == b'/') else {
            return rest.take();
        };
        rest = path.get(slash + 1..);
        path.get(..slash)
    };
    std::iter::from_fn(next).filter(|segment| !matches!(*segment, "" | "."))
}
