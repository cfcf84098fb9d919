//! The wanted files of a commit in a list that says all there is under a wanted name, and what readers made of blobs.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::objects::{ObjectId, Tracked, TrackedKind};
use crate::model::{Derivation, Derived, TreePath, Unread};

/// What was made of so many bytes of blobs is kept; twice as much for a while.
const MOST_BYTES: usize = 2 << 20;

/// So many essences are remembered, at some 60 bytes each.
const MOST_ESSENCES: usize = 1 << 21;

/// A digest of all that readers can learn of the files of a tree without reading one as a whole: which there are, and
/// what their outlines say.
pub type Shape = [u8; 32];

/// The wanted files of a tree, by path from the top of the repository.
#[derive(Debug)]
pub struct Listed {
    files: Vec<Tracked>,
    shape: OnceLock<Shape>,
}

impl Listed {
    /// A list of `files`, which are sorted by path.
    pub(super) fn new(files: Vec<Tracked>) -> Self {
        Self {
            files,
            shape: OnceLock::new(),
        }
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[Tracked] {
        &self.files
    }

    /// What lies at `path`, if a file or a link does.
    pub(super) fn get(&self, path: &TreePath) -> Option<(TrackedKind, ObjectId)> {
        let start = self.files.partition_point(|file| file.path < *path);
        let same = self.files.get(start..)?.iter();
        same.take_while(|file| file.path == *path)
            .find(|file| matches!(file.kind, TrackedKind::File | TrackedKind::Link))
            .map(|file| (file.kind, file.id))
    }

    /// The shape of the tree. `outline` tells how the outline of the file at a path is read, and `bytes` are those of a
    /// blob; a blob that cannot be read stands for itself.
    pub(super) fn shape(
        &self,
        kept: &Kept,
        outline: &dyn Fn(&TreePath) -> Option<&'static dyn Derivation>,
        bytes: &dyn Fn(ObjectId) -> Result<Arc<[u8]>, Unread>,
    ) -> Shape {
        let make = || {
            let mut hash = blake3::Hasher::new();
            for file in &self.files {
                hash.update(&(file.path.as_bytes().len() as u64).to_le_bytes());
                hash.update(file.path.as_bytes());
                match (file.kind, outline(&file.path)) {
                    (TrackedKind::File, Some(how)) => {
                        let essence = kept.essence(how, &file.path, file.id, || bytes(file.id));
                        hash.update(b"o");
                        match essence {
                            Some(essence) => hash.update(&essence),
                            None => hash.update(file.id.as_bytes()),
                        };
                    }
                    (TrackedKind::File, None) => {
                        hash.update(b"f");
                    }
                    (TrackedKind::Link, _) => {
                        hash.update(b"l");
                        hash.update(file.id.as_bytes());
                    }
                    (TrackedKind::Submodule | TrackedKind::Refused, _) => {
                        hash.update(b"n");
                    }
                }
            }
            *hash.finalize().as_bytes()
        };
        *self.shape.get_or_init(make)
    }
}

/// What readers made of blobs, for all commits that hold the same ones. The last ones used are kept.
#[derive(Default)]
pub(super) struct Kept {
    made: Mutex<Recent<Key, Derived>>,
    bytes: Mutex<Recent<ObjectId, Arc<[u8]>>>,
    essences: Mutex<HashMap<(&'static str, ObjectId), Option<Shape>>>,
}

type Key = (&'static str, TreePath, ObjectId);

/// The values that were last used.
struct Recent<K, V> {
    young: HashMap<K, V>,
    /// What was young before; what is asked for again becomes young again.
    old: HashMap<K, V>,
    /// Bytes that the young ones came from.
    bytes: usize,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            bytes: 0,
        }
    }
}

impl Kept {
    /// What `how` makes of the blob `id` at `path`, whose bytes `read` gives.
    pub(super) fn derived(
        &self,
        how: &'static dyn Derivation,
        path: &TreePath,
        id: ObjectId,
        read: impl FnOnce() -> Result<Arc<[u8]>, Unread>,
    ) -> Result<Derived, Unread> {
        let key = (how.name(), path.clone(), id);
        if let Some(known) = lock(&self.made).get(&key) {
            return Ok(known);
        }
        let bytes = read()?;
        let made = how.derive(path, &bytes);
        lock(&self.made).keep(key, made.clone(), bytes.len());
        Ok(made)
    }

    /// The bytes of the blob `id`, which `read` gives.
    pub(super) fn bytes<E>(
        &self,
        id: ObjectId,
        read: impl FnOnce() -> Result<Arc<[u8]>, E>,
    ) -> Result<Arc<[u8]>, E> {
        if let Some(known) = lock(&self.bytes).get(&id) {
            return Ok(known);
        }
        let bytes = read()?;
        if bytes.len() <= MOST_BYTES / 16 {
            lock(&self.bytes).keep(id, bytes.clone(), bytes.len());
        }
        Ok(bytes)
    }

    /// A digest of the essence of the blob `id`; `None` if it has none, or if it cannot be read.
    fn essence(
        &self,
        how: &'static dyn Derivation,
        path: &TreePath,
        id: ObjectId,
        read: impl FnOnce() -> Result<Arc<[u8]>, Unread>,
    ) -> Option<Shape> {
        let key = (how.name(), id);
        if let Some(known) = lock(&self.essences).get(&key) {
            return *known;
        }
        let made = self.derived(how, path, id, read).ok()?;
        let essence = how
            .essence(&made)
            .map(|essence| *blake3::hash(&essence).as_bytes());
        let mut essences = lock(&self.essences);
        if essences.len() >= MOST_ESSENCES {
            essences.clear();
        }
        essences.insert(key, essence);
        essence
    }
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    fn get(&mut self, key: &K) -> Option<V> {
        if let Some(known) = self.young.get(key) {
            return Some(known.clone());
        }
        let (key, known) = self.old.remove_entry(key)?;
        self.young.insert(key, known.clone());
        Some(known)
    }

    fn keep(&mut self, key: K, value: V, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MOST_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = bytes;
        }
        self.young.insert(key, value);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
