//! The objects of a merge: those of a repository, and what the merge makes, which stays in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gix::bstr::{BStr, BString, ByteSlice as _, ByteVec as _};
use gix::objs::{Kind, TreeRefIter};

use super::super::error::{GitError, broken};
use super::super::odb::Odb;

/// What stands at a path: mode and object. The mode 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) mode: u32,
    pub(super) id: gix::ObjectId,
}

/// What an entry is, without whether it may be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Nothing,
    Folder,
    File,
    Link,
    Submodule,
}

pub(super) const FOLDER: u32 = 0o040_000;
pub(super) const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

impl Version {
    /// Nothing, in a repository of this kind of hash.
    pub(super) fn nothing(hash: gix::hash::Kind) -> Self {
        Self {
            mode: 0,
            id: gix::ObjectId::null(hash),
        }
    }

    pub(super) fn sort(self) -> Sort {
        match self.mode & 0o170_000 {
            0 => Sort::Nothing,
            FOLDER => Sort::Folder,
            LINK => Sort::Link,
            SUBMODULE => Sort::Submodule,
            _ => Sort::File,
        }
    }
}

/// The mode as git reads it: what is no folder, link or submodule is a file that may be run or not.
fn canonical(mode: u32) -> u32 {
    match mode & 0o170_000 {
        FOLDER => FOLDER,
        LINK => LINK,
        0o100_000 if mode & 0o100 != 0 => PROGRAM,
        0o100_000 => FILE,
        _ => SUBMODULE,
    }
}

/// Folders are read to this depth.
const MAX_DEPTH: usize = 256;

/// Objects by id, and new ones.
pub(super) struct Objects {
    odb: Odb,
    written: HashMap<gix::ObjectId, (Kind, Arc<[u8]>)>,
    /// A file with more bytes is not merged.
    limit: u64,
}

impl Objects {
    pub(super) fn new(odb: Odb, limit: u64) -> Self {
        Self {
            odb,
            written: HashMap::new(),
            limit,
        }
    }

    /// The kind of hash that names objects.
    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.odb.object_hash()
    }

    /// The bytes of a new object.
    pub(super) fn written(&self, id: gix::ObjectId) -> Option<(Kind, &Arc<[u8]>)> {
        self.written.get(&id).map(|(kind, bytes)| (*kind, bytes))
    }

    /// Keeps an object that may be new.
    pub(super) fn write(&mut self, kind: Kind, bytes: Vec<u8>) -> Result<gix::ObjectId, GitError> {
        let id = gix::objs::compute_hash(self.hash(), kind, &bytes).map_err(broken)?;
        self.written.entry(id).or_insert_with(|| (kind, bytes.into()));
        Ok(id)
    }

    /// The tree of a commit, a tag or a tree of the repository.
    pub(super) fn tree_id(&self, id: gix::ObjectId) -> Result<gix::ObjectId, GitError> {
        self.odb.tree_of(id)
    }

    /// The bytes of a blob; `None` if there are more than are merged.
    pub(super) fn blob(&self, id: gix::ObjectId) -> Result<Option<Arc<[u8]>>, GitError> {
        if let Some((_, bytes)) = self.written.get(&id) {
            return Ok(Some(bytes.clone()));
        }
        match self.odb.blob(id, self.limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(super::super::odb::BlobError::Unread(_)) => Ok(None),
            Err(super::super::odb::BlobError::Git(error)) => Err(error),
        }
    }

    /// The entries of a tree, in its order.
    pub(super) fn tree(&self, id: gix::ObjectId) -> Result<Vec<(BString, Version)>, GitError> {
        let mut buffer = Vec::new();
        let bytes: &[u8] = match self.written.get(&id) {
            Some((_, bytes)) => bytes,
            None => {
                let object = self.odb.load(id, &mut buffer)?;
                if object.kind != Kind::Tree {
                    return Err(GitError::Broken(format!("{id} is no tree")));
                }
                object.data
            }
        };
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(bytes, self.hash()) {
            let entry = entry.map_err(broken)?;
            let name: &BStr = entry.filename;
            if name.is_empty() || name.contains(&b'/') || name == "." || name == ".." {
                return Err(GitError::Broken(format!("the tree {id} has an entry {name:?}")));
            }
            let version = Version {
                mode: canonical(u32::from(entry.mode.value())),
                id: entry.oid.to_owned(),
            };
            entries.push((name.to_owned(), version));
        }
        Ok(entries)
    }

    /// What stands at `path` below a tree.
    pub(super) fn at(&self, tree: gix::ObjectId, path: &BStr) -> Result<Option<Version>, GitError> {
        let mut found = Version {
            mode: FOLDER,
            id: tree,
        };
        for part in path.split_str("/") {
            if found.sort() != Sort::Folder {
                return Ok(None);
            }
            let entries = self.tree(found.id)?;
            match entries.into_iter().find(|(name, _)| name == part) {
                Some((_, version)) => found = version,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// The tree `base` with other entries at some paths: `None` for one that is gone. Folders that become empty go too.
    pub(super) fn changed(
        &mut self,
        base: gix::ObjectId,
        changes: &BTreeMap<BString, Option<Version>>,
    ) -> Result<gix::ObjectId, GitError> {
        let mut top = Folder::default();
        for (path, version) in changes {
            top.put(path, *version)?;
        }
        let made = self.write_folder(Some(base), &top)?;
        match made {
            Some(tree) => Ok(tree),
            None => self.write(Kind::Tree, Vec::new()),
        }
    }

    fn write_folder(
        &mut self,
        base: Option<gix::ObjectId>,
        folder: &Folder,
    ) -> Result<Option<gix::ObjectId>, GitError> {
        let mut entries: BTreeMap<BString, Version> = BTreeMap::new();
        if let Some(base) = base {
            entries.extend(self.tree(base)?);
        }
        let mut below: Vec<(BString, gix::ObjectId)> = Vec::new();
        for (name, inner) in &folder.folders {
            let before = entries.get(name).filter(|before| before.sort() == Sort::Folder);
            let before = before.map(|before| before.id);
            let made = self.write_folder(before, inner)?;
            match made {
                Some(tree) => below.push((name.clone(), tree)),
                None if before.is_some() => drop(entries.remove(name)),
                None => {}
            }
        }
        for (name, version) in &folder.entries {
            match version {
                Some(version) => drop(entries.insert(name.clone(), *version)),
                // A folder that replaces the file is put below.
                None => drop(entries.remove(name)),
            }
        }
        for (name, id) in below {
            entries.insert(name, Version { mode: FOLDER, id });
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let mut sorted: Vec<(BString, BString, Version)> = entries
            .into_iter()
            .map(|(name, version)| {
                let mut key = name.clone();
                if version.sort() == Sort::Folder {
                    key.push_byte(b'/');
                }
                (key, name, version)
            })
            .collect();
        sorted.sort_by(|one, other| one.0.cmp(&other.0));
        let mut bytes = Vec::new();
        for (_, name, version) in sorted {
            bytes.extend_from_slice(format!("{:o} ", version.mode).as_bytes());
            bytes.extend_from_slice(&name);
            bytes.push(0);
            bytes.extend_from_slice(version.id.as_slice());
        }
        self.write(Kind::Tree, bytes).map(Some)
    }
}

/// Changes below a folder.
#[derive(Default)]
struct Folder {
    folders: BTreeMap<BString, Self>,
    entries: BTreeMap<BString, Option<Version>>,
}

impl Folder {
    fn put(&mut self, path: &BString, version: Option<Version>) -> Result<(), GitError> {
        let mut folder = self;
        let (above, name) = match path.rfind_byte(b'/') {
            Some(at) => (path.get(..at), path.get(at + 1..)),
            None => (None, path.get(..)),
        };
        let parts = above.into_iter().flat_map(|above| above.split_str("/"));
        for (depth, part) in parts.enumerate() {
            if depth > MAX_DEPTH {
                return Err(too_deep());
            }
            folder = folder.folders.entry(part.into()).or_default();
        }
        folder.entries.insert(name.unwrap_or_default().into(), version);
        Ok(())
    }
}

/// A tree is deeper than is read.
pub(super) fn too_deep() -> GitError {
    GitError::Unsupported(format!("a tree has folders below {MAX_DEPTH} others"))
}

/// Whether a folder at this depth is read.
pub(super) fn is_too_deep(depth: usize) -> bool {
    depth > MAX_DEPTH
}
