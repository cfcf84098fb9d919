//! Where a path of a commit, or of what is staged, ends once the symbolic links on it are followed.
//!
//! Links are followed as a system follows them that has the repository alone: `..` goes up from where a link led, and an
//! absolute target lies outside.

use std::borrow::Cow;
use std::sync::Arc;

use super::entry::ObjectId;
use crate::model::{TreePath, Unread};

/// Linux follows no more links on one path.
const MAX_LINKS: usize = 40;

/// No longer target can be checked out.
pub(super) const MAX_TARGET: u64 = 4096;

/// What lies at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A file: its own path from the top of the repository, and its blob.
    File(TreePath, ObjectId),
    /// A folder or a submodule, or something in a submodule; its own path, or that of the submodule.
    Folder(TreePath),
    /// Nothing, or a link that leads to itself.
    Nothing {
        /// It is such a link.
        is_circle: bool,
    },
    /// Something outside of the repository.
    Outside,
    /// It is not known: the clone lacks the target of a link.
    Unknown,
}

impl End {
    /// The file, with its own path.
    pub(super) fn file(self) -> Result<(TreePath, ObjectId), Unread> {
        match self {
            Self::File(path, id) => Ok((path, id)),
            Self::Folder(_) | Self::Nothing { is_circle: false } => Err(Unread::Absent),
            Self::Nothing { is_circle: true } => {
                Err(Unread::Unreadable("a symbolic link leads to itself".into()))
            }
            Self::Outside => Err(Unread::LinkLeadsOut),
            Self::Unknown => Err(Unread::Unreadable(
                "the clone lacks the target of a symbolic link".into(),
            )),
        }
    }
}

/// What a folder has under a name; `F` stands for a folder.
pub(super) enum Entry<F> {
    File(ObjectId),
    Folder(F),
    Link(ObjectId),
    Submodule,
}

/// The folders of a repository.
pub(super) trait Folders {
    /// What stands for a folder.
    type Folder: Clone;
    /// Why one cannot be read.
    type Error;

    /// What `folder` has under `name`.
    fn entry(&self, folder: &Self::Folder, name: &[u8]) -> Result<Option<Entry<Self::Folder>>, Self::Error>;

    /// The target of a link.
    fn target(&self, link: ObjectId) -> Result<Arc<[u8]>, Self::Error>;
}

/// Follows `path`, which counts from the folder `top`.
pub(super) fn follow<F: Folders>(folders: &F, top: F::Folder, path: &TreePath) -> Result<End, F::Error> {
    let nothing = Ok(End::Nothing { is_circle: false });
    let mut left: Vec<Cow<'_, [u8]>> = path.components().map(Cow::Borrowed).collect();
    left.reverse();
    let mut way: Vec<(Cow<'_, [u8]>, F::Folder)> = Vec::new();
    let mut links = 0;
    while let Some(name) = left.pop() {
        match &*name {
            b"" | b"." => continue,
            b".." => {
                if way.pop().is_none() {
                    return Ok(End::Outside);
                }
                continue;
            }
            _ => {}
        }
        let folder = way.last().map_or(&top, |(_, folder)| folder);
        match folders.entry(folder, &name)? {
            None => return nothing,
            Some(Entry::Folder(folder)) => way.push((name, folder)),
            Some(Entry::File(_)) if !left.is_empty() => return nothing,
            Some(Entry::File(id)) => return Ok(End::File(own_path(&way, &name), id)),
            Some(Entry::Submodule) => return Ok(End::Folder(own_path(&way, &name))),
            Some(Entry::Link(id)) => {
                links += 1;
                if links > MAX_LINKS {
                    return Ok(End::Nothing { is_circle: true });
                }
                let target = folders.target(id)?;
                match &*target {
                    // No system has a folder there.
                    b"/dev/null" => return nothing,
                    [b'/', ..] => return Ok(End::Outside),
                    target if target.is_empty() || target.contains(&0) => return nothing,
                    target => {
                        let parts = target.split(|byte| *byte == b'/').rev();
                        left.extend(parts.map(|part| Cow::Owned(part.to_vec())));
                    }
                }
            }
        }
    }
    Ok(End::Folder(own_path(&way, b"")))
}

fn own_path<F>(way: &[(Cow<'_, [u8]>, F)], name: &[u8]) -> TreePath {
    let mut path: Vec<&[u8]> = way.iter().map(|(name, _)| &**name).collect();
    path.push(name);
    TreePath::new(path.join(&b'/')).unwrap_or_default()
}
