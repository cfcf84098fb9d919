//! What the commits of a line held, and which commit introduced or removed it.
//!
//! Commits, trees and judgements are read once and shared by every line that is asked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use foldhash::{HashMap, HashMapExt as _};
use gix::objs::TreeRefIter;
use jiff::Timestamp;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::commit::{Commit, timestamp};
use super::commit_reader::CommitReader;
use super::entry::ObjectId;
use super::error::{GitError, broken};
use super::listing::{Content, Listing};
use super::odb::Odb;
use super::presence;
use super::repository::Repository;
use crate::model::TreePath;

/// Paths beside the wanted files that are looked at.
const MAX_BESIDE: usize = 4096;

/// Files beside are read at most this often: what one asks for may ask for more.
const MAX_ROUNDS: usize = 8;

/// The histories of the release lines of one repository.
pub struct LineHistories<'a, K> {
    commits: CommitReader,
    listing: &'a Listing<'a>,
    key_reader: &'a dyn KeyReader<K>,
    beside: Beside,
    known: HashMap<gix::ObjectId, Known>,
    /// What each set of files holds, as a place in `sets`.
    judged: HashMap<Files, usize>,
    numbers: BTreeMap<BTreeSet<K>, usize>,
    sets: Vec<BTreeSet<K>>,
}

/// The wanted files of a commit, and what lies beside them as a number of [`Beside`].
type Files = (Content, u32);

/// Reads the keys that files hold.
pub trait KeyReader<K>: Sync {
    /// The keys of wanted files, by their number in the listing and a tree that has them.
    fn keys(&self, content: Content, tree: ObjectId) -> BTreeSet<K>;

    /// The paths from the top of the repository that were read so far and are not in the listing: they count too.
    fn beside(&self) -> BTreeSet<TreePath> {
        BTreeSet::new()
    }
}

impl<K, F: Fn(Content, ObjectId) -> BTreeSet<K> + Sync> KeyReader<K> for F {
    fn keys(&self, content: Content, tree: ObjectId) -> BTreeSet<K> {
        self(content, tree)
    }
}

/// What one line held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineHistory<K> {
    /// By key and beginning.
    pub presences: Vec<Presence<K>>,
    /// The commits behind which the clone was cut: what lies behind them is not known.
    pub cut_at: Vec<ObjectId>,
}

/// The consecutive commits of a line that hold a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence<K> {
    /// What was held.
    pub key: K,
    /// The commit that brought it in.
    pub introduced_by: ObjectId,
    /// The clone was cut behind that commit, so that an older one may have brought it in.
    pub is_cut: bool,
    /// The commit that took it out; `None` while the tip holds it.
    pub removed_by: Option<ObjectId>,
    /// The tags whose commit holds it within the presence, oldest first.
    pub tags: Vec<String>,
}

/// A commit of the line itself, and what it holds.
#[derive(Debug)]
pub struct LineCommit<'h, K> {
    /// Its id.
    pub id: ObjectId,
    /// When it was committed.
    pub committed: Timestamp,
    /// What it holds; equal sets are one and the same.
    pub held: &'h BTreeSet<K>,
    /// The clone was cut behind it.
    pub is_cut: bool,
}

struct Known {
    seconds: i64,
    tree: gix::ObjectId,
    /// None where the clone was cut.
    parents: Vec<gix::ObjectId>,
    is_cut: bool,
    files: Files,
}

impl<'a, K: Ord + Clone + Send> LineHistories<'a, K> {
    /// Nothing is read yet. `key_reader` is asked once for each distinct set of wanted files that `listing` knows, on several
    /// threads.
    ///
    /// # Errors
    /// [`GitError`] if the ends of a shallow clone cannot be read.
    pub fn new(
        repository: &Repository,
        listing: &'a Listing<'a>,
        key_reader: &'a dyn KeyReader<K>,
    ) -> Result<Self, GitError> {
        Ok(Self {
            commits: CommitReader::new(repository)?,
            listing,
            key_reader,
            beside: Beside::new(repository),
            known: HashMap::new(),
            judged: HashMap::new(),
            numbers: BTreeMap::new(),
            sets: Vec::new(),
        })
    }

    /// What the line that ends in `tip` held, and which of `tags` did. A tag of a commit that the line does not reach
    /// belongs to another line.
    ///
    /// # Errors
    /// [`GitError::Missing`] if the clone lacks a commit or a tree.
    pub fn of(&mut self, tip: ObjectId, tags: &[(String, ObjectId)]) -> Result<LineHistory<K>, GitError> {
        self.read(tip.0)?;
        let order = self.order(tip.0);
        if order.last() != Some(&tip.0) {
            let message = format!("the history of {tip} is no history: a commit is its own ancestor");
            return Err(GitError::Broken(message));
        }
        self.judge(&order)?;
        let places: HashMap<gix::ObjectId, usize> = order.iter().copied().zip(0..).collect();
        let commits: Vec<presence::Commit> = order
            .iter()
            .filter_map(|id| self.known.get(id))
            .map(|known| presence::Commit {
                parents: known
                    .parents
                    .iter()
                    .filter_map(|parent| places.get(parent).copied())
                    .collect(),
                held: self.judged.get(&known.files).copied().unwrap_or(usize::MAX),
            })
            .collect();
        let mut marked: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (name, commit) in tags {
            if let Some(place) = places.get(&commit.0) {
                marked.entry(*place).or_default().push(name);
            }
        }
        for names in marked.values_mut() {
            names.sort_unstable();
        }
        let places: Vec<usize> = marked.keys().copied().collect();
        let tip = commits.len().saturating_sub(1);
        let presences = presence::presences(&commits, &self.sets, tip, &places);
        let id = |place: usize| order.get(place).copied().map(ObjectId);
        let is_cut = |id: &ObjectId| self.known.get(&id.0).is_some_and(|known| known.is_cut);
        let presences = presences.into_iter().filter_map(|presence| {
            let introduced_by = id(presence.introduced_by)?;
            Some(Presence {
                key: presence.key,
                introduced_by,
                is_cut: is_cut(&introduced_by),
                removed_by: presence.removed_by.and_then(id),
                tags: presence
                    .marked
                    .iter()
                    .filter_map(|place| marked.get(place))
                    .flatten()
                    .map(|name| (*name).to_owned())
                    .collect(),
            })
        });
        Ok(LineHistory {
            presences: presences.collect(),
            cut_at: order.iter().copied().map(ObjectId).filter(is_cut).collect(),
        })
    }

    /// The commits of the line that ends in `tip`, each the first parent of the next, as far as [`Self::of`] read them: it has to
    /// be the line that was asked for last.
    #[must_use]
    pub fn line(&self, tip: ObjectId) -> Vec<LineCommit<'_, K>> {
        let mut line = Vec::new();
        let mut at = Some(tip.0);
        while let Some((id, known)) = at.and_then(|id| Some((id, self.known.get(&id)?)))
            && let Some(held) = self.judged.get(&known.files).and_then(|set| self.sets.get(*set))
        {
            line.push(LineCommit {
                id: ObjectId(id),
                committed: timestamp(known.seconds),
                held,
                is_cut: known.is_cut,
            });
            at = known.parents.first().copied();
        }
        line.reverse();
        line
    }

    /// How many distinct sets of wanted files were judged.
    #[must_use]
    pub fn judged(&self) -> usize {
        self.judged.len()
    }

    /// Reads every commit that `tip` reaches and that is not known yet.
    fn read(&mut self, tip: gix::ObjectId) -> Result<(), GitError> {
        let mut open = vec![tip];
        while let Some(id) = open.pop() {
            if self.known.contains_key(&id) {
                continue;
            }
            let Commit {
                tree,
                mut parents,
                seconds,
            } = self.commits.read(id)?;
            let content = self.listing.content_of_tree(tree)?;
            let is_cut = self.commits.is_cut(id);
            if is_cut {
                parents.clear();
            }
            open.extend(parents.iter().filter(|parent| !self.known.contains_key(*parent)));
            self.known.insert(
                id,
                Known {
                    seconds,
                    tree,
                    parents,
                    is_cut,
                    files: (content, 0),
                },
            );
        }
        Ok(())
    }

    /// The commits that `tip` reaches, parents first; of those that could come next, the oldest, so that the order is
    /// the same in every clone.
    fn order(&self, tip: gix::ObjectId) -> Vec<gix::ObjectId> {
        let parents = |id: &gix::ObjectId| self.known.get(id).map_or(&[][..], |known| &known.parents);
        let seconds = |id: &gix::ObjectId| self.known.get(id).map_or(0, |known| known.seconds);
        let mut missing: HashMap<gix::ObjectId, usize> = HashMap::new();
        let mut children: HashMap<gix::ObjectId, Vec<gix::ObjectId>> = HashMap::new();
        let mut ready = BinaryHeap::new();
        let mut open = vec![tip];
        while let Some(id) = open.pop() {
            if missing.contains_key(&id) {
                continue;
            }
            let parents = parents(&id);
            missing.insert(id, parents.len());
            for parent in parents {
                children.entry(*parent).or_default().push(id);
                open.push(*parent);
            }
            if parents.is_empty() {
                ready.push(Reverse((seconds(&id), id)));
            }
        }
        let mut order = Vec::with_capacity(missing.len());
        while let Some(Reverse((_, id))) = ready.pop() {
            order.push(id);
            for child in children.remove(&id).unwrap_or_default() {
                if let Some(missing) = missing.get_mut(&child) {
                    *missing = missing.saturating_sub(1);
                    if *missing == 0 {
                        ready.push(Reverse((seconds(&child), child)));
                    }
                }
            }
        }
        order
    }

    /// Judges each set of files that `order` holds and that was not judged yet. Where files are asked for of which the
    /// listing does not tell, sets are told apart by those too, and judged again.
    fn judge(&mut self, order: &[gix::ObjectId]) -> Result<(), GitError> {
        for _ in 0..MAX_ROUNDS {
            let mut sets: BTreeMap<Files, ObjectId> = BTreeMap::new();
            for id in order {
                let Some(known) = self.known.get_mut(id) else {
                    continue;
                };
                known.files.1 = self.beside.number(known.tree)?;
                if !self.judged.contains_key(&known.files) {
                    sets.entry(known.files).or_insert(ObjectId(known.tree));
                }
            }
            let key_reader = self.key_reader;
            let judged: Vec<(Files, BTreeSet<K>)> = sets
                .into_par_iter()
                .map(|(files, tree)| (files, key_reader.keys(files.0, tree)))
                .collect();
            for (files, set) in judged {
                let next = self.sets.len();
                let number = *self.numbers.entry(set.clone()).or_insert(next);
                if number == next {
                    self.sets.push(set);
                }
                self.judged.insert(files, number);
            }
            if !self.beside.take(key_reader.beside()) {
                break;
            }
            self.renumber(order)?;
        }
        Ok(())
    }
}

impl<K> LineHistories<'_, K> {
    /// Other files beside count now: what was judged is known where they are the same wherever the wanted ones are.
    fn renumber(&mut self, order: &[gix::ObjectId]) -> Result<(), GitError> {
        let mut numbers: HashMap<Files, Option<u32>> = HashMap::new();
        for known in order.iter().filter_map(|id| self.known.get(id)) {
            let number = self.beside.number(known.tree)?;
            numbers
                .entry(known.files)
                .and_modify(|one| *one = one.filter(|one| *one == number))
                .or_insert(Some(number));
        }
        let judged = std::mem::take(&mut self.judged);
        self.judged = judged
            .into_iter()
            .filter_map(|(files, set)| Some(((files.0, numbers.get(&files).copied()??), set)))
            .collect();
        Ok(())
    }
}

/// Paths that are looked for, each with what is left of it below a folder.
type Sought<'p> = Vec<(&'p TreePath, &'p [u8])>;

/// What lies at paths of which a listing does not tell.
struct Beside {
    odb: Odb,
    paths: BTreeSet<TreePath>,
    /// By tree.
    known: HashMap<gix::ObjectId, u32>,
    numbers: HashMap<Vec<(TreePath, gix::ObjectId)>, u32>,
}

impl Beside {
    fn new(repository: &Repository) -> Self {
        Self {
            odb: repository.odb(),
            paths: BTreeSet::new(),
            known: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    /// From now on `paths` are looked at; false if they were before.
    fn take(&mut self, paths: BTreeSet<TreePath>) -> bool {
        let before = self.paths.len();
        let room = MAX_BESIDE.saturating_sub(before);
        let new: Vec<TreePath> = paths.difference(&self.paths).take(room).cloned().collect();
        self.paths.extend(new);
        if self.paths.len() == before {
            return false;
        }
        self.known.clear();
        self.numbers.clear();
        true
    }

    /// Equal numbers mean that the same lies at every path.
    fn number(&mut self, tree: gix::ObjectId) -> Result<u32, GitError> {
        if self.paths.is_empty() {
            return Ok(0);
        }
        if let Some(number) = self.known.get(&tree) {
            return Ok(*number);
        }
        let found = self.look(tree)?;
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(found).or_insert(next);
        self.known.insert(tree, number);
        Ok(number)
    }

    /// The files and links at the paths; each folder on the way is read once.
    fn look(&self, tree: gix::ObjectId) -> Result<Vec<(TreePath, gix::ObjectId)>, GitError> {
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        let all = self.paths.iter().map(|path| (path, path.as_bytes()));
        let mut open: Vec<(gix::ObjectId, Sought<'_>)> = vec![(tree, all.collect())];
        while let Some((id, paths)) = open.pop() {
            let mut names: HashMap<&[u8], Sought<'_>> = HashMap::new();
            for (path, rest) in paths {
                let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
                let (name, rest) = rest.split_at_checked(end).unwrap_or((rest, b""));
                let rest = rest.strip_prefix(b"/").unwrap_or_default();
                names.entry(name).or_default().push((path, rest));
            }
            let object = self.odb.load(id, &mut buffer)?;
            for entry in TreeRefIter::from_bytes(object.data, id.kind()) {
                let entry = entry.map_err(broken)?;
                let name: &[u8] = entry.filename;
                let Some(paths) = names.remove(name) else {
                    continue;
                };
                if entry.mode.is_tree() {
                    open.push((entry.oid.to_owned(), paths));
                } else {
                    let here = paths.into_iter().filter(|(_, rest)| rest.is_empty());
                    found.extend(here.map(|(path, _)| (path.clone(), entry.oid.to_owned())));
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}
