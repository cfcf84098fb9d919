//! Tree objects, made from a listing of every file below a tree.

use std::collections::{BTreeMap, HashMap};

use gix::objs::Kind;

use super::entry::TrackedKind;

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// The path, with `/`.
    pub path: String,
    /// What it is.
    pub kind: TrackedKind,
    /// It may be run.
    pub is_program: bool,
    /// Its object.
    pub id: String,
}

/// Every tree object of a listing of all files below `root`, by id, as git writes them.
///
/// # Errors
/// [`ListingError`] if the listing is not that of `root`, or holds what git refuses.
pub fn trees(root: &str, listing: &[ListedFile]) -> Result<HashMap<String, Vec<u8>>, ListingError> {
    // Ids are keys below, in lower case.
    let is_upper = root.bytes().any(|byte| byte.is_ascii_uppercase());
    let root = gix::ObjectId::from_hex(root.as_bytes())
        .ok()
        .filter(|_| !is_upper)
        .ok_or(ListingError::NoTreeId)?;
    let mut folders = Folders::default();
    for listed in listing {
        let id = gix::ObjectId::from_hex(listed.id.as_bytes())
            .ok()
            .filter(|id| id.kind() == root.kind())
            .ok_or(ListingError::NoEntryId)?;
        let mode = match (listed.kind, listed.is_program) {
            (TrackedKind::Refused, _) => return Err(ListingError::BadPath),
            (TrackedKind::File, false) => "100644",
            (TrackedKind::File, true) => "100755",
            (TrackedKind::Link, _) => "120000",
            (TrackedKind::Submodule, _) => "160000",
        };
        folders.put(&listed.path, mode, id)?;
    }
    let mut trees = HashMap::new();
    let found = folders.write(root.kind(), &mut trees)?;
    if found != root {
        return Err(ListingError::OtherTree);
    }
    Ok(trees)
}

/// Why a listing is not that of a tree.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The id of the tree is none.
    #[error("a tree has no id")]
    NoTreeId,
    /// The id of a file is none.
    #[error("an entry of a tree has no id")]
    NoEntryId,
    /// Git refuses a path.
    #[error("a listing holds a path that git would not")]
    BadPath,
    /// It names more folders than are read.
    #[error("a listing names more folders than are read")]
    TooManyFolders,
    /// The ids differ.
    #[error("a listing of files is not that of its tree")]
    OtherTree,
    /// The id of a tree cannot be computed.
    #[error(transparent)]
    Hash(#[from] gix::Error),
}

/// At most this many folders of a tree are read: a short text can name many deep ones.
const MAX_FOLDERS: usize = 500_000;

/// Folders are no deeper than git reads them.
const MAX_LEVELS: usize = 2048;

/// Folders under construction, the top first and each behind the one that it lies in: how deep they are costs no stack.
struct Folders(Vec<Folder>);

/// The entries of a folder: folders by their places in the list, and files.
#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, usize>,
    files: BTreeMap<String, (&'static str, gix::ObjectId)>,
}

impl Default for Folders {
    fn default() -> Self {
        Self(vec![Folder::default()])
    }
}

impl Folders {
    /// Puts a file at `path`, and the folders above it.
    fn put(&mut self, path: &str, mode: &'static str, id: gix::ObjectId) -> Result<(), ListingError> {
        let mut at = 0;
        let mut parts = path.split('/').peekable();
        let mut depth = 0;
        while let Some(part) = parts.next() {
            depth += 1;
            if part.is_empty() || part.contains('\0') || depth > MAX_LEVELS {
                return Err(ListingError::BadPath);
            }
            let next = self.0.len();
            let folder = &mut self.0[at];
            if parts.peek().is_none() {
                folder.files.insert(part.to_owned(), (mode, id));
                break;
            }
            at = match folder.folders.get(part) {
                Some(at) => *at,
                None if next > MAX_FOLDERS => {
                    return Err(ListingError::TooManyFolders);
                }
                None => {
                    folder.folders.insert(part.to_owned(), next);
                    self.0.push(Folder::default());
                    next
                }
            };
        }
        Ok(())
    }

    /// Writes every folder, those below first, and gives the id of the top.
    fn write(
        &self,
        hash: gix::hash::Kind,
        trees: &mut HashMap<String, Vec<u8>>,
    ) -> Result<gix::ObjectId, ListingError> {
        let mut written = vec![gix::ObjectId::null(hash); self.0.len()];
        for (at, folder) in self.0.iter().enumerate().rev() {
            // Git sorts a folder as if its name ended in a slash.
            let mut entries: BTreeMap<Vec<u8>, (&'static str, &str, gix::ObjectId)> = BTreeMap::new();
            for (name, (mode, id)) in &folder.files {
                entries.insert(name.as_bytes().to_vec(), (mode, name, *id));
            }
            for (name, below) in &folder.folders {
                entries.insert(format!("{name}/").into_bytes(), ("40000", name, written[*below]));
            }
            let mut bytes = Vec::new();
            for (mode, name, id) in entries.values() {
                bytes.extend_from_slice(mode.as_bytes());
                bytes.push(b' ');
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(0);
                bytes.extend_from_slice(id.as_slice());
            }
            let id = gix::objs::compute_hash(hash, Kind::Tree, &bytes)?;
            trees.insert(id.to_string(), bytes);
            written[at] = id;
        }
        Ok(written[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with git 2.39.5: `a`, `a.b` and `a/` sort in an order of their own, and `bin/run` may be run.
    #[test]
    fn trees_are_those_of_git() {
        let file = |path: &str, is_program: bool| ListedFile {
            path: path.into(),
            kind: TrackedKind::File,
            is_program,
            id: "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391".into(),
        };
        let listing = [
            file("a.b", false),
            file("a/x", false),
            file("a0", false),
            file("bin/run", true),
        ];
        let root = "0000000000000000000000000000000000000000";
        assert_eq!(
            trees(root, &listing).expect_err("another root").to_string(),
            "a listing of files is not that of its tree"
        );
        let root = ROOT;
        let trees = trees(root, &listing).expect("trees");
        assert_eq!(trees.len(), 3);
        for bad in ["", "/x", "a//b", "a/\0"] {
            assert!(super::trees(root, &[file(bad, false)]).is_err(), "{bad:?}");
        }
    }

    const ROOT: &str = "35345b2176d3d4ba165a3b1baa61a76f0a79b25a";
}
