//! What readers made of blobs, for all commits that hold the same ones. The last ones used are kept.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::{HashMap, HashMapExt as _};

use super::entry::ObjectId;
use crate::model::{Derivation, Derived, TreePath, Unread};

/// What was made of this many bytes of blobs is kept; twice as much for a while.
const MAX_BYTES: usize = 2 << 20;

/// At most this many essences are remembered, at some 60 bytes each.
const MAX_ESSENCES: usize = 1 << 21;

/// BLAKE3.
pub(super) type Digest = [u8; 32];

/// What readers made of blobs, for all commits that hold the same ones. The last ones used are kept.
#[derive(Default)]
pub(super) struct BlobCache {
    made: Mutex<Recent<Key, Derived>>,
    bytes: Mutex<Recent<ObjectId, Arc<[u8]>>>,
    essences: Mutex<HashMap<(&'static str, ObjectId), Option<Digest>>>,
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

impl BlobCache {
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
        lock(&self.made).insert(key, made.clone(), bytes.len());
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
        if bytes.len() <= MAX_BYTES / 16 {
            lock(&self.bytes).insert(id, bytes.clone(), bytes.len());
        }
        Ok(bytes)
    }

    /// A digest of the essence of the blob `id`; `None` if it has none, or if it cannot be read.
    pub(super) fn essence(
        &self,
        how: &'static dyn Derivation,
        path: &TreePath,
        id: ObjectId,
        read: impl FnOnce() -> Result<Arc<[u8]>, Unread>,
    ) -> Option<Digest> {
        let key = (how.name(), id);
        if let Some(known) = lock(&self.essences).get(&key) {
            return *known;
        }
        let made = self.derived(how, path, id, read).ok()?;
        let essence = how
            .essence(&made)
            .map(|essence| *blake3::hash(&essence).as_bytes());
        let mut essences = lock(&self.essences);
        if essences.len() >= MAX_ESSENCES {
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

    fn insert(&mut self, key: K, value: V, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = bytes;
        }
        self.young.insert(key, value);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
