//! What a reader asked of its tree, and what was made of a file for all trees that answer alike.
//!
//! A file of one commit is read once for all commits that hold the same bytes at the same path, if every further file
//! that its reader asked for is the same there too. What is only asked for by its name or its outline (a module of a
//! reactor) is in the [`Shape`] of a tree; everything else is a question of its own.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::{HashMap, HashSet};

use super::known::{FileId, Known};
use crate::git::commit_tree::CommitTree;
use crate::git::file_list::Shape;
use crate::lockfile;
use crate::model::tree::Contents;
use crate::model::{Derivation, Derived, Tree, TreePath, Unread};

/// Something that a reader asked of its tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Question {
    /// Which bytes are at the path?
    File(TreePath),
    /// Is there a file at the path?
    Presence(TreePath),
    /// Which folders and files are in the folder?
    Contents(TreePath),
    /// Which commit has the submodule at the path?
    Submodule(TreePath),
    /// Has a folder above the tree a file of this name?
    Above(Vec<u8>),
    /// What does the part of this name say of what is made of the file at the path?
    Part(TreePath, How, Vec<u8>),
}

/// A derivation, by its name.
#[derive(Clone, Copy)]
struct How(&'static dyn Derivation);

impl Ord for How {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.name().cmp(other.0.name())
    }
}

impl PartialOrd for How {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for How {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for How {}

impl Hash for How {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name().hash(state);
    }
}

impl std::fmt::Debug for How {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0.name())
    }
}

/// Whether what is made of a file speaks of places in other files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Places {
    /// It does: where one of them changes, it does too.
    Told,
    /// It does not: it changes with the parts that were used.
    Left,
}

/// A tree that takes note of what it is asked for.
pub(super) struct RecordingTree<'t> {
    tree: &'t dyn Tree,
    /// The commit that it is, if what its shape says need not be noted.
    shaped: Option<&'t CommitTree>,
    places: Places,
    questions: Mutex<BTreeSet<Question>>,
}

impl<'t> RecordingTree<'t> {
    /// Takes note of what `tree` is asked for; of what its shape does not say, if it is that of `commit`.
    pub(super) fn new(tree: &'t dyn Tree, commit: Option<&'t CommitTree>, places: Places) -> Self {
        Self {
            tree,
            places,
            shaped: commit.filter(|commit| shape(commit).is_some()),
            questions: Mutex::default(),
        }
    }

    fn note(&self, question: Question) {
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        questions.insert(question);
    }

    fn is_shaped(&self, path: &TreePath) -> bool {
        self.shaped.is_some_and(|commit| commit.shape_covers(path))
    }

    /// The tree itself.
    pub(super) fn inner(&self) -> &'t dyn Tree {
        self.tree
    }

    /// The paths that were asked about, with an exact question each.
    pub(super) fn paths(&self) -> Vec<TreePath> {
        let questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let path = |question: &Question| match question {
            Question::File(path) | Question::Presence(path) | Question::Part(path, ..) => Some(path.clone()),
            Question::Contents(_) | Question::Submodule(_) | Question::Above(_) => None,
        };
        let mut paths: Vec<TreePath> = questions.iter().filter_map(path).collect();
        paths.dedup();
        paths
    }

    fn into_questions(self) -> Vec<Question> {
        let questions = self
            .questions
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        questions.into_iter().collect()
    }
}

impl Tree for RecordingTree<'_> {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        self.note(Question::File(path.clone()));
        self.tree.read(path)
    }

    fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        let is_outline = lockfile::outline(path).is_some_and(|outline| outline.name() == how.name());
        if !(is_outline && self.is_shaped(path)) {
            self.note(Question::File(path.clone()));
        }
        self.tree.derived(path, how)
    }

    fn derived_in_parts(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        match self.places {
            Places::Told => self.derived(path, how),
            Places::Left => {
                self.uses(path, how, b"");
                self.tree.derived(path, how)
            }
        }
    }

    fn uses(&self, path: &TreePath, how: &'static dyn Derivation, part: &[u8]) {
        if self.places == Places::Left {
            self.note(Question::Part(path.clone(), How(how), part.to_vec()));
        }
    }

    fn holds(&self, path: &TreePath) -> bool {
        if !self.is_shaped(path) {
            self.note(Question::Presence(path.clone()));
        }
        self.tree.holds(path)
    }

    fn contents(&self, path: &TreePath) -> Option<Contents> {
        self.note(Question::Contents(path.clone()));
        self.tree.contents(path)
    }

    fn submodule(&self, path: &TreePath) -> Option<String> {
        self.note(Question::Submodule(path.clone()));
        self.tree.submodule(path)
    }

    fn is_scanned(&self, path: &TreePath, format: &str) -> bool {
        self.note(Question::File(path.clone()));
        self.tree.is_scanned(path, format)
    }

    fn is_left_out(&self, path: &TreePath) -> bool {
        self.note(Question::File(path.clone()));
        self.tree.is_left_out(path)
    }

    fn published(&self, by: &TreePath, group: &str, artifact: &str, version: &str) -> Option<TreePath> {
        self.tree.published(by, group, artifact, version)
    }

    fn is_above(&self, name: &[u8]) -> bool {
        self.note(Question::Above(name.to_vec()));
        self.tree.is_above(name)
    }
}

/// The shape of a commit, whose files are listed.
pub(super) fn shape(commit: &CommitTree) -> Option<Shape> {
    commit.shape(&lockfile::outline)
}

/// What was made of one file of one shape of tree, by what its further files are.
pub(super) struct Readings<T> {
    /// Few lists of questions, each with its answers.
    lists: Vec<(Questions, HashMap<[u8; 32], T>)>,
}

type Questions = Arc<[Question]>;

/// The lists of questions that readers asked, each kept once.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashSet<Questions>>);

impl Lists {
    fn shared(&self, questions: Vec<Question>) -> Questions {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lists.get(questions.as_slice()) {
            return known.clone();
        }
        let list = Questions::from(questions);
        lists.insert(list.clone());
        list
    }
}

impl<T> Default for Readings<T> {
    fn default() -> Self {
        Self { lists: Vec::new() }
    }
}

impl<T: Clone> Readings<T> {
    /// What was made of the file, if that was in a tree that answers like `tree`.
    pub(super) fn get(&self, tree: Known<'_>) -> Option<T> {
        self.lists
            .iter()
            .rev()
            .find_map(|(questions, known)| known.get(&answers(questions, tree)).cloned())
    }

    /// Keeps what was made of the file in `tree`, whose reader asked what `asked` took note of.
    pub(super) fn keep(&mut self, tree: Known<'_>, asked: RecordingTree<'_>, lists: &Lists, made: T) {
        let questions = lists.shared(asked.into_questions());
        let answers = answers(&questions, tree);
        match self.lists.iter_mut().find(|(known, _)| *known == questions) {
            Some((_, known)) => {
                known.insert(answers, made);
            }
            None => self
                .lists
                .push((questions, HashMap::from_iter([(answers, made)]))),
        }
    }
}

/// A digest of what `tree` answers.
fn answers(questions: &[Question], tree: Known<'_>) -> [u8; 32] {
    let commit = tree.commit;
    let mut hash = blake3::Hasher::new();
    // Parts of one file stand one after another.
    let mut last: Option<(&TreePath, How, Option<Derived>)> = None;
    for question in questions {
        match question {
            Question::File(path) => match tree.id(path) {
                Some(id) => hash.update(id.as_bytes()),
                None => hash.update(if tree.holds(path) { b"?" } else { b"-" }),
            },
            Question::Presence(path) => hash.update(if tree.holds(path) { b"+" } else { b"-" }),
            Question::Contents(path) => match commit.contents(path) {
                Some(contents) => {
                    for (kind, paths) in [(b"f", &contents.files), (b"d", &contents.folders)] {
                        for path in paths {
                            hash.update(kind).update(path.file_name()).update(b"/");
                        }
                    }
                    hash.update(b"+")
                }
                None => hash.update(b"-"),
            },
            Question::Submodule(path) => match commit.submodule(path) {
                Some(id) => hash.update(id.as_bytes()),
                None => hash.update(b"-"),
            },
            Question::Above(name) => hash.update(if commit.is_above(name) { b"+" } else { b"-" }),
            Question::Part(path, how, part) => {
                if !last
                    .as_ref()
                    .is_some_and(|(known, by, _)| *known == path && by == how)
                {
                    last = Some((path, *how, tree.derived(path, how.0)));
                }
                match last.as_ref().and_then(|(_, _, derived)| derived.as_ref()) {
                    // Without its parts the file stands for them.
                    None => match tree.id(path) {
                        Some(id) => hash.update(id.as_bytes()),
                        None => hash.update(b"-"),
                    },
                    Some(derived) => {
                        let mut length = 0_u64;
                        how.0.part(derived, part, &mut |bytes| {
                            length = length.saturating_add(bytes.len() as u64);
                            hash.update(bytes);
                        });
                        hash.update(&length.to_le_bytes())
                    }
                }
            }
        };
    }
    *hash.finalize().as_bytes()
}

/// What a file is known by: its path, its bytes and the shape of its tree.
pub(super) type Identity = (TreePath, FileId, Option<Shape>);
