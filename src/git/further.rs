//! What a clone lacks and somebody else has: refs and objects of the same repository, given on request.
//!
//! Nothing that is given is believed by its name: blobs and trees are held against their ids. Of a commit only its tree, its
//! parents and its time are known, so that it is taken as the giver tells it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use gix::objs::Kind;
use jiff::Timestamp;

use super::objects::{GitError, TrackedKind};

/// Gives what a clone lacks.
pub trait Further: Send + Sync {
    /// Every branch and tag.
    ///
    /// # Errors
    /// Why they are not known, a fragment.
    fn refs(&self) -> Result<FurtherRefs, String>;

    /// An object; `None` if it is not known that there is one.
    ///
    /// # Errors
    /// Why it is not given, a fragment.
    fn object(&self, id: &str) -> Result<Option<Object>, String>;

    /// The clone itself names the object `id`, so that it may be asked for.
    fn vouch(&self, _id: &str, _what: Vouched) {}
}

/// What a clone knows of an object that it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// It is a file.
    Blob,
    /// It is the tree of a commit.
    Root,
}

/// Refs that somebody else has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FurtherRefs {
    /// Branches and tags by their full names, with their commits.
    pub refs: Vec<(String, String, Timestamp)>,
    /// The short name of the default branch.
    pub default: Option<String>,
}

/// An object that somebody else has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A file.
    Blob(Vec<u8>),
    /// A tree, as git writes it.
    Tree(Vec<u8>),
    /// A commit, as git writes it, without author and message.
    Commit(Vec<u8>),
}

impl Object {
    /// A commit of which these things are known.
    #[must_use]
    pub fn commit(tree: &str, parents: &[String], committed: Timestamp) -> Self {
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            let _ = writeln!(text, "parent {parent}");
        }
        let _ = writeln!(text, "committer nobody <> {} +0000", committed.as_second());
        Self::Commit(text.into_bytes())
    }

    /// Its kind and its bytes, if they are what `id` names.
    pub(super) fn checked(self, id: gix::ObjectId) -> Result<(Kind, Vec<u8>), GitError> {
        let (kind, bytes) = match self {
            Self::Commit(bytes) => {
                let commit = super::commits::parse(id, &bytes)?;
                let ids = commit.parents.iter().chain([&commit.tree]);
                return match ids.clone().all(|other| other.kind() == id.kind()) {
                    true => Ok((Kind::Commit, bytes)),
                    false => Err(GitError::Elsewhere {
                        object: id.to_string(),
                        reason: "what it gives is of another repository".into(),
                    }),
                };
            }
            Self::Blob(bytes) => (Kind::Blob, bytes),
            Self::Tree(bytes) => (Kind::Tree, bytes),
        };
        match gix::objs::compute_hash(id.kind(), kind, &bytes) {
            Ok(found) if found == id => Ok((kind, bytes)),
            Ok(_) | Err(_) => Err(GitError::Elsewhere {
                object: id.to_string(),
                reason: "what it gives is another object".into(),
            }),
        }
    }
}

/// One entry of a listing: a path, what lies there, and its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
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
/// Why the listing cannot be that of `root`, a fragment: it lacks something, or names what git would not.
pub fn trees(root: &str, listing: &[Listed]) -> Result<HashMap<String, Vec<u8>>, String> {
    // In upper case it would name what nobody finds under it.
    let is_upper = root.bytes().any(|byte| byte.is_ascii_uppercase());
    let root = gix::ObjectId::from_hex(root.as_bytes())
        .ok()
        .filter(|_| !is_upper)
        .ok_or("a tree has no id")?;
    let mut folders = Folders::default();
    for listed in listing {
        let id = gix::ObjectId::from_hex(listed.id.as_bytes())
            .ok()
            .filter(|id| id.kind() == root.kind())
            .ok_or("an entry of a tree has no id")?;
        let mode = match (listed.kind, listed.is_program) {
            (TrackedKind::Refused, _) => return Err("a listing holds a path that git would not".into()),
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
        return Err("a listing of files is not that of its tree".into());
    }
    Ok(trees)
}

/// A tree has no more folders: a short text can name many deep ones.
const MOST_FOLDERS: usize = 500_000;

/// Folders are no deeper than git reads them.
const MOST_LEVELS: usize = 2048;

/// Folders under construction, the top first and each behind the one that it lies in: how deep they are costs no stack.
struct Folders(Vec<Folder>);

/// What lies in a folder: the places of folders, and files.
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
    fn put(&mut self, path: &str, mode: &'static str, id: gix::ObjectId) -> Result<(), String> {
        let mut at = 0;
        let mut parts = path.split('/').peekable();
        let mut depth = 0;
        while let Some(part) = parts.next() {
            depth += 1;
            if part.is_empty() || part.contains('\0') || depth > MOST_LEVELS {
                return Err("a listing holds a path that git would not".into());
            }
            let next = self.0.len();
            let folder = &mut self.0[at];
            if parts.peek().is_none() {
                folder.files.insert(part.to_owned(), (mode, id));
                break;
            }
            at = match folder.folders.get(part) {
                Some(at) => *at,
                None if next > MOST_FOLDERS => {
                    return Err("a listing names more folders than are read".into());
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
    ) -> Result<gix::ObjectId, String> {
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
            let id = gix::objs::compute_hash(hash, Kind::Tree, &bytes).map_err(|error| error.to_string())?;
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
        let file = |path: &str, is_program: bool| Listed {
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
            trees(root, &listing).expect_err("another root"),
            "a listing of files is not that of its tree"
        );
        let root = ROOT;
        let trees = trees(root, &listing).expect("trees");
        assert_eq!(trees.len(), 3);
        for bad in ["", "/x", "a//b", "a/\0"] {
            assert!(super::trees(root, &[file(bad, false)]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_object_is_what_its_id_names_and_of_the_same_kind_of_hash() {
        let id = gix::ObjectId::from_hex(ROOT.as_bytes()).expect("an id");
        let (short, long) = ("ab".repeat(20), "ab".repeat(32));
        let commit =
            |tree: &str, parents: &[String]| Object::commit(tree, parents, Timestamp::UNIX_EPOCH).checked(id);
        assert!(commit(&short, &[]).is_ok() && commit(&short, std::slice::from_ref(&short)).is_ok());
        assert!(commit(&long, &[]).is_err());
        assert!(commit(&short, &[short.clone(), long]).is_err());
        assert!(Object::Blob(b"x".to_vec()).checked(id).is_err());
        assert!(Object::Tree(Vec::new()).checked(id).is_err());
    }

    const ROOT: &str = "35345b2176d3d4ba165a3b1baa61a76f0a79b25a";
}
