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

/// So many names are looked up for all links of a tree; where the rest leads is not known.
pub(super) const MAX_STEPS: usize = 1 << 21;

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
    /// It is not known: the clone lacks the target of a link, or there are too many to follow.
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
                "it is not known where a symbolic link leads".into(),
            )),
        }
    }
}

/// What a folder has under a name; `F` stands for a folder.
#[derive(Clone, Copy)]
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

/// Where each of `paths` ends, which count from the folder `top`.
pub(super) fn ends<F: Folders>(folders: &F, top: &F::Folder, paths: &[TreePath]) -> Vec<End> {
    let mut steps = MAX_STEPS;
    let end = |path| follow(folders, top.clone(), path, &mut steps).unwrap_or(End::Unknown);
    paths.iter().map(end).collect()
}

/// Follows `path`, which counts from the folder `top`. No more names are looked up than there are `steps` left.
pub(super) fn follow<F: Folders>(
    folders: &F,
    top: F::Folder,
    path: &TreePath,
    steps: &mut usize,
) -> Result<End, F::Error> {
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
        let Some(left_over) = steps.checked_sub(1) else {
            return Ok(End::Unknown);
        };
        *steps = left_over;
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Entries by their paths; `>` marks a link, whose number is that of its target.
    struct Paths {
        entries: HashMap<&'static str, Entry<TreePath>>,
        targets: Vec<Vec<u8>>,
    }

    fn id(number: usize) -> ObjectId {
        ObjectId::parse(&format!("{number:040x}")).expect("an id")
    }

    impl Paths {
        fn of(list: &[(&'static str, Option<&[u8]>)]) -> Self {
            let mut paths = Self {
                entries: HashMap::new(),
                targets: Vec::new(),
            };
            for (path, target) in list {
                let entry = match target {
                    Some(target) => {
                        paths.targets.push(target.to_vec());
                        Entry::Link(id(paths.targets.len() - 1))
                    }
                    None if path.ends_with('/') => Entry::Folder(TreePath::new(path).expect("a path")),
                    None => Entry::File(id(0)),
                };
                paths.entries.insert(path.trim_end_matches('/'), entry);
            }
            paths
        }

        fn end(&self, path: &str, mut steps: usize) -> End {
            let path = TreePath::new(path).expect("a path");
            let Ok(end) = follow(self, TreePath::root(), &path, &mut steps);
            end
        }
    }

    impl Folders for Paths {
        type Folder = TreePath;
        type Error = std::convert::Infallible;

        fn entry(&self, folder: &TreePath, name: &[u8]) -> Result<Option<Entry<TreePath>>, Self::Error> {
            let path = folder.join(name).expect("a path");
            Ok(self.entries.get(&*path.display()).cloned())
        }

        fn target(&self, link: ObjectId) -> Result<Arc<[u8]>, Self::Error> {
            let number = (0..self.targets.len()).find(|number| id(*number) == link);
            Ok(self.targets[number.expect("a link")].as_slice().into())
        }
    }

    #[test]
    fn links_are_followed_as_a_system_does() {
        let paths = Paths::of(&[
            ("a/", None),
            ("a/file", None),
            ("a/up", Some(b"../b/./file")),
            ("a/out", Some(b"../../x")),
            ("b/", None),
            ("b/file", None),
            // `..` goes up from where the link leads, not from where it is.
            ("deep/", None),
            ("deep/er/", None),
            ("deep/er/file", None),
            ("l", Some(b"deep/er")),
            ("through", Some(b"l/../er/file")),
            ("over", Some(b"l/../../b/file")),
            ("beyond", Some(b"l/../../../b/file")),
            ("absolute", Some(b"/a/file")),
            ("null", Some(b"/dev/null")),
            ("nul", Some(b"a\0/file")),
            ("empty", Some(b"")),
            ("circle", Some(b"circle")),
            ("twist", Some(b"a/../twist/x")),
            ("of-file", Some(b"a/file/x")),
            ("folder", Some(b"a/")),
        ]);
        let file = |path: &str| End::File(TreePath::new(path).expect("a path"), id(0));
        let nothing = End::Nothing { is_circle: false };
        for (path, expected) in [
            ("a/file", file("a/file")),
            ("a/up", file("b/file")),
            ("through", file("deep/er/file")),
            ("over", file("b/file")),
            ("l/file", file("deep/er/file")),
            ("beyond", End::Outside),
            ("a/out", End::Outside),
            ("absolute", End::Outside),
            ("null", nothing.clone()),
            ("nul", nothing.clone()),
            ("empty", nothing.clone()),
            ("of-file", nothing.clone()),
            ("a/none", nothing),
            ("circle", End::Nothing { is_circle: true }),
            ("twist", End::Nothing { is_circle: true }),
            ("folder", End::Folder(TreePath::new("a").expect("a path"))),
        ] {
            assert_eq!(paths.end(path, 1_000), expected, "{path}");
        }
        assert_eq!(paths.end("through", 5), End::Unknown);
        assert_eq!(paths.end("through", 6), file("deep/er/file"));
    }
}
