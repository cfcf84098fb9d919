//! Three-way merge of trees on git's objects, as `git merge-tree` and `git cherry-pick` do it: the rules are those of the
//! strategy `ort`, with its default options. New objects stay in memory.
//!
//! ```text
//! base, ours, theirs ─ collect ─► paths with three versions, files that came and went
//!   ─ renames ─► which of them are one file ─ folders ─► where folders went
//!   ─ resolve ─► versions at their new paths ─ content, text ─► one version, or a conflict
//!   ─ objects ─► a tree
//! ```
//!
//! `diff` and `myers` say which lines differ, `similar` how alike two files are, `attributes` which files are not merged by
//! lines, `identity` what a change is wherever it is made. No program is started: a merge driver that the attributes name counts as `binary`. Submodules are not looked into.

mod attributes;
mod collect;
mod content;
mod diff;
mod differences;
mod folders;
mod identity;
mod lines;
mod myers;
mod objects;
mod renames;
mod resolve;
mod similar;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::objs::Kind;

use super::entry::ObjectId;
use super::error::{GitError, broken};
use super::repository::Repository;
use attributes::Attributes;
use content::Entries;
use objects::{Objects, Version};

pub use attributes::driver_name;
pub use collect::Reason;
pub use content::Labels;
pub use differences::Difference;

/// A repository in which merges are made. What they write is read by later ones, and by nothing else.
pub struct Workspace {
    objects: Objects,
}

/// A merged tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The tree. Files in conflict have markers or the version of one side.
    pub tree: ObjectId,
    /// What a person has to look at, by path; empty where the merge is clean.
    pub conflicts: Vec<Conflict>,
}

/// A path in conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The path in the merged tree, as bytes.
    pub path: Vec<u8>,
    /// Why.
    pub reason: Reason,
    /// The versions of base, ours and theirs that take part, with their paths.
    pub versions: [Option<PathVersion>; 3],
}

/// One version of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathVersion {
    /// Its path, as bytes.
    pub path: Vec<u8>,
    /// The mode of the entry.
    pub mode: u32,
    /// Its object.
    pub id: ObjectId,
}

impl Workspace {
    /// Begins with the objects of `repository`. A file with more than `limit` bytes is not merged line by line.
    #[must_use]
    pub fn new(repository: &Repository, limit: u64) -> Self {
        Self {
            objects: Objects::new(repository.odb(), limit),
        }
    }

    /// Merges the changes from `base` to `theirs` into `ours`. Each is a commit, a tag or a tree.
    ///
    /// # Errors
    /// [`GitError`] if an object is missing or cannot be read, or if the trees are deeper or differ more than is merged.
    pub fn merge(
        &mut self,
        base: ObjectId,
        ours: ObjectId,
        theirs: ObjectId,
        labels: &Labels,
    ) -> Result<Merged, GitError> {
        let trees = [self.tree_of(base)?, self.tree_of(ours)?, self.tree_of(theirs)?];
        let mut collected = collect::collect(&self.objects, trees)?;
        let attributes = Attributes::read(&self.objects, trees[1], collected.paths.keys())?;
        let [_, ours_moves, theirs_moves] = &mut collected.moves;
        let ours_renames = renames::find(&self.objects, ours_moves)?;
        let theirs_renames = renames::find(&self.objects, theirs_moves)?;
        let mut paths = collected.paths;
        let followed = folders::follow(&mut paths, [&ours_renames, &theirs_renames]);
        let mut entries = Entries {
            objects: &mut self.objects,
            labels,
            attributes: &attributes,
        };
        resolve::rename(&mut paths, &followed.renamed, &mut entries)?;
        let resolved = resolve::resolve(paths, &mut entries)?;
        let mut changes: BTreeMap<BString, Option<Version>> =
            followed.left.into_iter().map(|path| (path, None)).collect();
        changes.extend(
            resolved
                .results
                .into_iter()
                .map(|(path, version)| (path, (version.mode != 0).then_some(version))),
        );
        let tree = self.objects.changed(trees[1], &changes)?;
        let version = |version: Version, name: &BString| {
            (version.mode != 0).then(|| PathVersion {
                path: name.to_vec(),
                mode: version.mode,
                id: ObjectId(version.id),
            })
        };
        let mut conflicts: Vec<Conflict> = resolved
            .unresolved
            .into_iter()
            .map(|unresolved| Conflict {
                path: unresolved.path.to_vec(),
                reason: unresolved.reason,
                versions: [0, 1, 2].map(|side| version(unresolved.versions[side], &unresolved.names[side])),
            })
            .collect();
        conflicts.extend(followed.unclear.into_iter().map(|path| Conflict {
            path: path.into(),
            reason: Reason::FolderUnclear,
            versions: [const { None }; 3],
        }));
        conflicts.sort_by(|one, other| (&one.path, one.reason).cmp(&(&other.path, other.reason)));
        Ok(Merged {
            tree: ObjectId(tree),
            conflicts,
        })
    }

    /// The tree `base` with the entries of the tree `from` at some paths: what `from` lacks goes.
    ///
    /// # Errors
    /// As [`Workspace::merge`].
    pub fn with_entries_of<'p>(
        &mut self,
        base: ObjectId,
        from: ObjectId,
        paths: impl IntoIterator<Item = &'p [u8]>,
    ) -> Result<ObjectId, GitError> {
        let (base, from) = (self.tree_of(base)?, self.tree_of(from)?);
        let mut changes = BTreeMap::new();
        for path in paths {
            changes.insert(BString::from(path), self.objects.at(from, path.as_bstr())?);
        }
        self.objects.changed(base, &changes).map(ObjectId)
    }

    /// The tree `base` with new bytes in some of its files; their modes stay.
    ///
    /// # Errors
    /// As [`Workspace::merge`], and where there is no file at one of the paths.
    pub fn with_files<'f>(
        &mut self,
        base: ObjectId,
        files: impl IntoIterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Result<ObjectId, GitError> {
        let base = self.tree_of(base)?;
        let mut changes = BTreeMap::new();
        for (path, bytes) in files {
            let Some(there) = self.objects.at(base, path.as_bstr())? else {
                return Err(broken(format!("there is no file {} in the tree", path.as_bstr())));
            };
            let id = self.objects.write(Kind::Blob, bytes.to_vec())?;
            let version = Version { id, ..there };
            changes.insert(BString::from(path), Some(version));
        }
        self.objects.changed(base, &changes).map(ObjectId)
    }

    /// The id of the tree of a commit, tag or tree.
    ///
    /// # Errors
    /// As [`Workspace::merge`].
    pub fn tree(&self, id: ObjectId) -> Result<ObjectId, GitError> {
        self.tree_of(id).map(ObjectId)
    }

    /// Mode and object at a path of a commit, tag or tree.
    ///
    /// # Errors
    /// As [`Workspace::merge`].
    pub fn at(&self, tree: ObjectId, path: &[u8]) -> Result<Option<(u32, ObjectId)>, GitError> {
        let path: &BStr = path.as_bstr();
        let found = self.objects.at(self.tree_of(tree)?, path)?;
        Ok(found.map(|found| (found.mode, ObjectId(found.id))))
    }

    /// The bytes of a blob, of the repository or of a merge; `None` if there are more than are merged.
    ///
    /// # Errors
    /// As [`Workspace::merge`].
    pub fn blob(&self, id: ObjectId) -> Result<Option<Arc<[u8]>>, GitError> {
        self.objects.blob(id.0)
    }

    /// The paths at which two trees differ, files only, with mode and object on either side.
    ///
    /// # Errors
    /// As [`Workspace::merge`].
    pub fn differences(&self, old: ObjectId, new: ObjectId) -> Result<Vec<Difference>, GitError> {
        differences::between(&self.objects, self.tree_of(old)?, self.tree_of(new)?)
    }

    /// What the change from `old` to `new` is, wherever it is made; equal changes have equal digits, and `None` is no change.
    ///
    /// # Errors
    /// As [`Workspace::merge`].
    pub fn identity(&self, old: ObjectId, new: ObjectId) -> Result<Option<String>, GitError> {
        identity::of(&self.objects, &self.differences(old, new)?)
    }

    /// The same of some of the differences between two trees.
    ///
    /// # Errors
    /// As [`Workspace::merge`].
    pub fn identity_of(&self, differences: &[Difference]) -> Result<Option<String>, GitError> {
        identity::of(&self.objects, differences)
    }

    fn tree_of(&self, id: ObjectId) -> Result<gix::ObjectId, GitError> {
        match self.objects.written(id.0) {
            Some((Kind::Tree, _)) => Ok(id.0),
            Some((kind, _)) => Err(broken(format!("{id} is a {kind} and has no tree"))),
            None => self.objects.tree_id(id.0),
        }
    }
}
