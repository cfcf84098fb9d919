//! The folders that the entries lie in, and Node's way of finding a package from one of them.

use foldhash::{HashMap, HashMapExt as _};

use super::entry::{Entry, EntryPlace};

/// Folders looked into on the way up before the search is given up. No `node_modules` of a file system nests
/// that deep, and a bound keeps hostile files linear.
const MAX_STEPS: usize = 96;

/// A tree of folders. A folder is a number; the root is 0.
pub(super) struct Folders<'e> {
    folders: Vec<Folder>,
    children: HashMap<(u32, &'e str), u32>,
    /// The folder of each entry.
    of_entries: Vec<u32>,
}

struct Folder {
    /// The folder above; none above the root, nor above what lies beside it (`../x`).
    parent: Option<u32>,
    /// Its `node_modules`.
    modules: Option<u32>,
    /// The entry that lies here; of several the last, as `JSON.parse` decides.
    entry: Option<usize>,
}

impl<'e> Folders<'e> {
    pub(super) fn of(entries: &'e [Entry<'e>]) -> Self {
        let mut folders = Self {
            folders: vec![Folder {
                parent: None,
                modules: None,
                entry: None,
            }],
            children: HashMap::with_capacity(entries.len().saturating_mul(5) / 4),
            of_entries: Vec::with_capacity(entries.len()),
        };
        for (number, entry) in entries.iter().enumerate() {
            let folder = match entry.place {
                EntryPlace::Path => folders.enter(0, &entry.key),
                EntryPlace::InRoot => folders.enter_modules(0, &entry.key),
                EntryPlace::Inside(parent) => {
                    let parent = folders.of_entries.get(parent).copied().unwrap_or_default();
                    folders.enter_modules(parent, &entry.key)
                }
            };
            if let Some(folder) = folders.folders.get_mut(folder as usize) {
                folder.entry = Some(number);
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
        let mut at = Some(folder);
        for _ in 0..MAX_STEPS {
            let folder = self.folders.get(at? as usize)?;
            if let Some(found) = folder.modules.and_then(|modules| self.entry_below(modules, name)) {
                return Some(found);
            }
            at = folder.parent;
        }
        None
    }

    fn entry_below(&self, folder: u32, path: &str) -> Option<usize> {
        let mut at = folder;
        for segment in segments(path) {
            at = self.child(at, segment)?;
        }
        self.folders.get(at as usize)?.entry
    }

    fn child(&self, folder: u32, segment: &str) -> Option<u32> {
        match segment {
            "node_modules" => self.folders.get(folder as usize)?.modules,
            _ => self.children.get(&(folder, segment)).copied(),
        }
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
        let modules = self.enter(folder, "node_modules");
        self.enter(modules, name)
    }

    fn add(&mut self, parent: u32, segment: &'e str) -> u32 {
        let number = u32::try_from(self.folders.len()).unwrap_or(u32::MAX);
        self.folders.push(Folder {
            parent: Some(parent).filter(|_| segment != ".."),
            modules: None,
            entry: None,
        });
        match segment {
            "node_modules" => {
                if let Some(parent) = self.folders.get_mut(parent as usize) {
                    parent.modules = Some(number);
                }
            }
            _ => {
                self.children.insert((parent, segment), number);
            }
        }
        number
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !matches!(*segment, "" | "."))
}
