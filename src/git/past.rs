//! What the commits of a line held, and which commit brought it in or took it out.
//!
//! Commits, trees and judgements are read once and shared by every line that is asked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::commits::{Commit, Commits};
use super::listing::{Content, Listing};
use super::objects::{GitError, ObjectId, Repository, Tracked};
use crate::model::past;

/// The history of a repository, as far as lines of it were asked for.
pub struct Past<'a, K> {
    commits: Commits,
    listing: &'a Listing<'a>,
    holds: &'a (dyn Fn(&[Tracked]) -> BTreeSet<K> + Sync),
    known: HashMap<gix::ObjectId, Known>,
    /// What each set of files holds, as a place in `sets`.
    judged: HashMap<Content, usize>,
    numbers: BTreeMap<BTreeSet<K>, usize>,
    sets: Vec<BTreeSet<K>>,
}

/// What one line held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePast<K> {
    /// By key and beginning.
    pub stretches: Vec<Stretch<K>>,
    /// The commits behind which the clone was cut: what lies behind them is not known.
    pub cut_at: Vec<ObjectId>,
}

/// A stretch of a line's history in which a key was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch<K> {
    /// What was held.
    pub key: K,
    /// The commit that brought it in.
    pub introduced_by: ObjectId,
    /// The clone was cut behind that commit, so that an older one may have brought it in.
    pub is_cut: bool,
    /// The commit that took it out; `None` while the tip holds it.
    pub removed_by: Option<ObjectId>,
    /// The tags whose commit holds it within the stretch, oldest first.
    pub tags: Vec<String>,
}

struct Known {
    seconds: i64,
    /// None where the clone was cut.
    parents: Vec<gix::ObjectId>,
    is_cut: bool,
    content: Content,
}

impl<'a, K: Ord + Clone + Send> Past<'a, K> {
    /// Nothing is read yet. `holds` tells what the wanted files of a commit hold; it is asked once for each distinct set
    /// of wanted files that `listing` knows, on several threads.
    ///
    /// # Errors
    /// [`GitError`] if the ends of a shallow clone cannot be read.
    pub fn new(
        repository: &Repository,
        listing: &'a Listing<'a>,
        holds: &'a (dyn Fn(&[Tracked]) -> BTreeSet<K> + Sync),
    ) -> Result<Self, GitError> {
        Ok(Self {
            commits: Commits::new(repository)?,
            listing,
            holds,
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
    pub fn of(&mut self, tip: ObjectId, tags: &[(String, ObjectId)]) -> Result<LinePast<K>, GitError> {
        self.read(tip.0)?;
        let order = self.order(tip.0);
        if order.last() != Some(&tip.0) {
            let message = format!("the history of {tip} is no history: a commit is its own ancestor");
            return Err(GitError::Broken(message));
        }
        self.judge(&order);
        let places: HashMap<gix::ObjectId, usize> = order.iter().copied().zip(0..).collect();
        let commits: Vec<past::Commit> = order
            .iter()
            .filter_map(|id| self.known.get(id))
            .map(|known| past::Commit {
                parents: known
                    .parents
                    .iter()
                    .filter_map(|parent| places.get(parent).copied())
                    .collect(),
                held: self.judged.get(&known.content).copied().unwrap_or(usize::MAX),
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
        let stretches = past::stretches(&commits, &self.sets, tip, &places);
        let id = |place: usize| order.get(place).copied().map(ObjectId);
        let is_cut = |id: &ObjectId| self.known.get(&id.0).is_some_and(|known| known.is_cut);
        let stretches = stretches.into_iter().filter_map(|stretch| {
            let introduced_by = id(stretch.introduced_by)?;
            Some(Stretch {
                key: stretch.key,
                introduced_by,
                is_cut: is_cut(&introduced_by),
                removed_by: stretch.removed_by.and_then(id),
                tags: stretch
                    .marked
                    .iter()
                    .filter_map(|place| marked.get(place))
                    .flatten()
                    .map(|name| (*name).to_owned())
                    .collect(),
            })
        });
        Ok(LinePast {
            stretches: stretches.collect(),
            cut_at: order.iter().copied().map(ObjectId).filter(is_cut).collect(),
        })
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
                    parents,
                    is_cut,
                    content,
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

    /// Judges each set of files that `order` holds and that was not judged yet.
    fn judge(&mut self, order: &[gix::ObjectId]) {
        let contents: BTreeSet<Content> = order
            .iter()
            .filter_map(|id| self.known.get(id))
            .map(|known| known.content)
            .filter(|content| !self.judged.contains_key(content))
            .collect();
        let (listing, holds) = (self.listing, self.holds);
        let judged: Vec<(Content, BTreeSet<K>)> = contents
            .into_par_iter()
            .map(|content| (content, holds(&listing.files_of(content))))
            .collect();
        for (content, set) in judged {
            let next = self.sets.len();
            let number = *self.numbers.entry(set.clone()).or_insert(next);
            if number == next {
                self.sets.push(set);
            }
            self.judged.insert(content, number);
        }
    }
}
