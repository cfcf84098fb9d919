//! Which tags contain a commit, and when a tag was made.

use std::collections::HashMap;
use std::rc::Rc;

use gix::objs::Kind;
use gix::refs::Target;
use jiff::Timestamp;

use super::commit::{tagged, timestamp};
use super::commit_reader::CommitReader;
use super::entry::ObjectId;
use super::error::GitError;
use super::repository::Repository;

/// Bits of one number.
const BITS: usize = 64;

/// The tags that contain a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Containing {
    /// Places in the list of tags.
    pub tags: Vec<usize>,
    /// Tags that may contain it too: the clone lacks a part of their history.
    pub unclear: Vec<usize>,
}

impl Repository {
    /// For each of `commits` the tags that are it or have it among their ancestors.
    ///
    /// # Errors
    /// [`GitError`] for an object that cannot be read; what is not there makes a tag unclear.
    pub fn tags_containing(
        &self,
        commits: &[ObjectId],
        tags: &[ObjectId],
    ) -> Result<Vec<Containing>, GitError> {
        let mut walk = Walk {
            commits: CommitReader::new(self)?,
            places: commits.iter().map(|commit| commit.0).zip(0..).collect(),
            count: commits.len(),
            known: HashMap::new(),
        };
        let mut all = vec![Containing::default(); commits.len()];
        for (number, tag) in tags.iter().enumerate() {
            walk.read(tag.0)?;
            let Some(reached) = walk.known.get(&tag.0) else {
                continue;
            };
            for (commit, containing) in commits.iter().zip(&mut all) {
                let place = walk.places.get(&commit.0).copied().unwrap_or_default();
                match (reached.has(place), reached.is_cut) {
                    (true, _) => containing.tags.push(number),
                    (false, true) => containing.unclear.push(number),
                    (false, false) => {}
                }
            }
        }
        Ok(all)
    }

    /// When the tag of this full name was made, if its object says so; a tag without an object of its own does not.
    #[must_use]
    pub fn tagged(&self, name: &str) -> Option<Timestamp> {
        let odb = self.local_odb();
        let Target::Object(id) = odb.find_ref(name)? else {
            return None;
        };
        let mut buffer = Vec::new();
        let object = odb.load(id, &mut buffer).ok()?;
        match object.kind {
            Kind::Tag => tagged(object.data).map(timestamp),
            Kind::Commit | Kind::Tree | Kind::Blob => None,
        }
    }
}

/// What a commit has of what is looked for, itself and all its ancestors.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reached {
    bits: Vec<u64>,
    /// Some part of its history is not there.
    is_cut: bool,
}

impl Reached {
    fn has(&self, place: usize) -> bool {
        let bits = self.bits.get(place / BITS).copied().unwrap_or_default();
        bits >> (place % BITS) & 1 == 1
    }

    fn set(&mut self, place: usize) {
        if let Some(bits) = self.bits.get_mut(place / BITS) {
            *bits |= 1 << (place % BITS);
        }
    }

    fn take(&mut self, other: &Self) {
        for (own, others) in self.bits.iter_mut().zip(&other.bits) {
            *own |= others;
        }
        self.is_cut |= other.is_cut;
    }
}

/// Goes through the ancestors of tags, each once, parents first. Most commits reach what their parent does, and share it.
struct Walk {
    commits: CommitReader,
    places: HashMap<gix::ObjectId, usize>,
    count: usize,
    known: HashMap<gix::ObjectId, Rc<Reached>>,
}

impl Walk {
    fn read(&mut self, tip: gix::ObjectId) -> Result<(), GitError> {
        // A commit stands twice: before its parents, and behind them.
        let mut open: Vec<(gix::ObjectId, Option<Vec<gix::ObjectId>>)> = vec![(tip, None)];
        while let Some((id, parents)) = open.pop() {
            if self.known.contains_key(&id) {
                continue;
            }
            if let Some(parents) = parents {
                let reached = self.reached(id, &parents);
                self.known.insert(id, reached);
                continue;
            }
            let parents = match self.commits.is_cut(id) {
                true => None,
                false => match self.commits.read(id) {
                    Ok(commit) => Some(commit.parents),
                    Err(GitError::Missing { .. } | GitError::Remote { .. }) => None,
                    Err(error) => return Err(error),
                },
            };
            match parents {
                None => {
                    let mut cut = self.nothing();
                    cut.is_cut = true;
                    if let Some(place) = self.places.get(&id) {
                        cut.set(*place);
                    }
                    self.known.insert(id, Rc::new(cut));
                }
                Some(parents) => {
                    let unread = parents.iter().filter(|parent| !self.known.contains_key(*parent));
                    let unread: Vec<gix::ObjectId> = unread.copied().collect();
                    open.push((id, Some(parents)));
                    open.extend(unread.into_iter().map(|parent| (parent, None)));
                }
            }
        }
        Ok(())
    }

    fn nothing(&self) -> Reached {
        Reached {
            bits: vec![0; self.count.div_ceil(BITS)],
            is_cut: false,
        }
    }

    fn reached(&self, id: gix::ObjectId, parents: &[gix::ObjectId]) -> Rc<Reached> {
        let own = self.places.get(&id);
        let of_parents: Vec<&Rc<Reached>> = parents
            .iter()
            .filter_map(|parent| self.known.get(parent))
            .collect();
        if let ([first, rest @ ..], None) = (of_parents.as_slice(), own)
            && rest.iter().all(|other| *other == *first)
        {
            return Rc::clone(first);
        }
        let mut reached = self.nothing();
        for parent in of_parents {
            reached.take(parent);
        }
        if let Some(place) = own {
            reached.set(*place);
        }
        Rc::new(reached)
    }
}
