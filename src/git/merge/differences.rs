//! Which files differ between two trees.

use std::collections::BTreeMap;

use gix::bstr::{BString, ByteVec as _};

use super::super::entry::ObjectId;
use super::super::error::GitError;
use super::objects::{self, Objects, Sort, Version};

/// A file, link or submodule that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its path, as bytes.
    pub path: Vec<u8>,
    /// Mode and object in the old tree.
    pub old: Option<(u32, ObjectId)>,
    /// Mode and object in the new tree.
    pub new: Option<(u32, ObjectId)>,
}

/// The differences, by path.
pub(super) fn between(
    objects: &Objects,
    old: gix::ObjectId,
    new: gix::ObjectId,
) -> Result<Vec<Difference>, GitError> {
    let mut found = Vec::new();
    let mut open = vec![(BString::default(), 0, Some(old), Some(new))];
    while let Some((folder, depth, old, new)) = open.pop() {
        if objects::is_too_deep(depth) {
            return Err(objects::too_deep());
        }
        let mut entries: BTreeMap<BString, [Option<Version>; 2]> = BTreeMap::new();
        for (side, tree) in [old, new].into_iter().enumerate() {
            for (name, version) in tree
                .map(|tree| objects.tree(tree))
                .transpose()?
                .unwrap_or_default()
            {
                entries.entry(name).or_default()[side] = Some(version);
            }
        }
        for (name, versions) in entries {
            if versions[0] == versions[1] {
                continue;
            }
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push_byte(b'/');
            }
            path.push_str(&name);
            let tree = |version: Option<Version>| {
                version
                    .filter(|version| version.sort() == Sort::Folder)
                    .map(|version| version.id)
            };
            let file = |version: Option<Version>| {
                version
                    .filter(|version| version.sort() != Sort::Folder)
                    .map(|version| (version.mode, ObjectId(version.id)))
            };
            let trees = versions.map(tree);
            if trees != [None, None] {
                open.push((path.clone(), depth + 1, trees[0], trees[1]));
            }
            let [old, new] = versions.map(file);
            if old.is_some() || new.is_some() {
                found.push(Difference {
                    path: path.into(),
                    old,
                    new,
                });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}
