//! The best common ancestor of two commits, chosen as `git merge-base` chooses it.
//!
//! The walk is git's own (`commit-reach.c`): both sides paint their ancestors, the newest first, until nothing is left
//! that only one side has reached. In a shallow clone an answer counts only if what was cut off cannot change it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::commit_reader::CommitReader;
use super::entry::ObjectId;
use super::error::GitError;

/// Reachable from the first commit.
const FIRST: u8 = 1;
/// Reachable from one of the others.
const OTHERS: u8 = 2;
/// An ancestor of a common ancestor.
const STALE: u8 = 4;
/// A common ancestor.
const COMMON: u8 = 8;

/// The best common ancestor of `one` and `other`; `None` if they have none.
///
/// # Errors
/// [`GitError::Shallow`] if the clone ends before that is known.
pub(super) fn merge_base(
    commits: &mut CommitReader,
    one: gix::ObjectId,
    other: gix::ObjectId,
) -> Result<Option<gix::ObjectId>, GitError> {
    let mut read = Read {
        commits,
        known: HashMap::new(),
    };
    read.node(one)?;
    read.node(other)?;
    if one == other {
        return Ok(Some(one));
    }
    let painted = paint(&mut read, one, &[other])?;
    let mut common: Vec<(i64, gix::ObjectId)> = painted
        .common
        .iter()
        .filter(|(_, id)| painted.colour(*id) & STALE == 0)
        .copied()
        .collect();
    // The sort is stable, as git's is: of equally old ones the first that was found comes first.
    common.sort_by_key(|(seconds, _)| Reverse(*seconds));
    let independent = independent(&mut read, &common)?;
    let best = independent.first().copied();
    match read.doubt(&painted, best) {
        Some(at) => Err(GitError::Shallow { at: ObjectId(at) }),
        None => Ok(best.map(|(_, id)| id)),
    }
}

/// `ancestor` is `descendant` or one of its ancestors.
///
/// # Errors
/// [`GitError::Shallow`] if the clone ends before that is known.
pub(super) fn is_ancestor(
    commits: &mut CommitReader,
    ancestor: gix::ObjectId,
    descendant: gix::ObjectId,
) -> Result<bool, GitError> {
    let mut read = Read {
        commits,
        known: HashMap::new(),
    };
    let seconds = read.node(ancestor)?.seconds;
    read.node(descendant)?;
    if ancestor == descendant {
        return Ok(true);
    }
    let painted = paint(&mut read, ancestor, &[descendant])?;
    if painted.colour(ancestor) & OTHERS != 0 {
        return Ok(true);
    }
    let newer = |(_, cut): &(gix::ObjectId, i64)| *cut >= seconds;
    match read.cut(&painted, OTHERS).find(newer) {
        Some((at, _)) => Err(GitError::Shallow { at: ObjectId(at) }),
        None => Ok(false),
    }
}

/// Of `common`, those that are no ancestor of another one, in the same order.
fn independent(
    read: &mut Read<'_>,
    common: &[(i64, gix::ObjectId)],
) -> Result<Vec<(i64, gix::ObjectId)>, GitError> {
    let mut redundant = vec![false; common.len()];
    for (number, (_, one)) in common.iter().enumerate() {
        if redundant.get(number).copied().unwrap_or(true) || common.len() < 2 {
            continue;
        }
        let others: Vec<(usize, gix::ObjectId)> = common
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != number && redundant.get(*other) == Some(&false))
            .map(|(other, (_, id))| (other, *id))
            .collect();
        let ids: Vec<gix::ObjectId> = others.iter().map(|(_, id)| *id).collect();
        let painted = paint(read, *one, &ids)?;
        let mut mark = |number: usize, found: bool| {
            if let Some(redundant) = redundant.get_mut(number) {
                *redundant |= found;
            }
        };
        mark(number, painted.colour(*one) & OTHERS != 0);
        for (other, id) in others {
            mark(other, painted.colour(id) & FIRST != 0);
        }
    }
    let kept = common.iter().zip(redundant).filter(|(_, redundant)| !redundant);
    Ok(kept.map(|(common, _)| *common).collect())
}

/// What two sides reach.
struct Painted {
    colours: HashMap<gix::ObjectId, u8>,
    /// Common ancestors in the order in which they were found. Some may be stale.
    common: Vec<(i64, gix::ObjectId)>,
}

impl Painted {
    fn colour(&self, id: gix::ObjectId) -> u8 {
        self.colours.get(&id).copied().unwrap_or_default()
    }
}

fn paint(read: &mut Read<'_>, first: gix::ObjectId, others: &[gix::ObjectId]) -> Result<Painted, GitError> {
    let mut painted = Painted {
        colours: HashMap::new(),
        common: Vec::new(),
    };
    let mut queue = Queue::default();
    queue.add(&mut painted, first, read.node(first)?.seconds, FIRST);
    for other in others {
        queue.add(&mut painted, *other, read.node(*other)?.seconds, OTHERS);
    }
    while let Some((seconds, id)) = queue.next(&painted) {
        let colour = painted.colour(id);
        let mut handed_on = colour & (FIRST | OTHERS | STALE);
        if handed_on == FIRST | OTHERS {
            if colour & COMMON == 0 {
                painted.colours.insert(id, colour | COMMON);
                painted.common.push((seconds, id));
            }
            handed_on |= STALE;
        }
        let parents = read.node(id)?.parents.clone();
        for parent in parents {
            if painted.colour(parent) & handed_on != handed_on {
                let seconds = read.parent(id, parent)?.seconds;
                queue.add(&mut painted, parent, seconds, handed_on);
            }
        }
    }
    Ok(painted)
}

/// CommitReader to look at, the newest first; of equally old ones, the one that was added first.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<(i64, Reverse<u64>, gix::ObjectId)>,
    added: u64,
    /// How often each commit waits.
    waiting: HashMap<gix::ObjectId, usize>,
    /// How many of those that wait are not stale.
    fresh: usize,
}

impl Queue {
    fn add(&mut self, painted: &mut Painted, id: gix::ObjectId, seconds: i64, colour: u8) {
        let before = painted.colour(id);
        painted.colours.insert(id, before | colour);
        let waiting = self.waiting.entry(id).or_default();
        match (before & STALE == 0, colour & STALE == 0) {
            (true, true) => self.fresh += 1,
            (true, false) => self.fresh -= *waiting,
            (false, _) => {}
        }
        *waiting += 1;
        self.heap.push((seconds, Reverse(self.added), id));
        self.added += 1;
    }

    fn next(&mut self, painted: &Painted) -> Option<(i64, gix::ObjectId)> {
        if self.fresh == 0 {
            return None;
        }
        let (seconds, _, id) = self.heap.pop()?;
        if let Some(waiting) = self.waiting.get_mut(&id) {
            *waiting -= 1;
        }
        if painted.colour(id) & STALE == 0 {
            self.fresh -= 1;
        }
        Some((seconds, id))
    }
}

/// What a walk needs to know of a commit.
struct Node {
    seconds: i64,
    /// None where the clone was cut.
    parents: Vec<gix::ObjectId>,
}

/// CommitReader that were read, each once.
struct Read<'a> {
    commits: &'a mut CommitReader,
    known: HashMap<gix::ObjectId, Node>,
}

impl Read<'_> {
    fn node(&mut self, id: gix::ObjectId) -> Result<&Node, GitError> {
        match self.known.entry(id) {
            std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(unknown) => {
                let commit = self.commits.read(id)?;
                Ok(unknown.insert(Node {
                    seconds: commit.seconds,
                    parents: if self.commits.is_cut(id) {
                        Vec::new()
                    } else {
                        commit.parents
                    },
                }))
            }
        }
    }

    /// The commit `parent`, which is a parent of `id`.
    fn parent(&mut self, id: gix::ObjectId, parent: gix::ObjectId) -> Result<&Node, GitError> {
        if !self.known.contains_key(&parent) && !self.commits.holds(parent) {
            return Err(self.commits.lacks(id, parent));
        }
        self.node(parent)
    }

    /// CommitReader of one side alone behind which the clone was cut, and when they were made.
    fn cut<'p>(&'p self, painted: &'p Painted, side: u8) -> impl Iterator<Item = (gix::ObjectId, i64)> + 'p {
        self.side(painted, side)
            .filter(|(id, _)| self.commits.is_cut(*id))
    }

    fn side<'p>(&'p self, painted: &'p Painted, side: u8) -> impl Iterator<Item = (gix::ObjectId, i64)> + 'p {
        painted
            .colours
            .iter()
            .filter(move |(_, colour)| **colour & (FIRST | OTHERS | STALE) == side)
            .filter_map(|(id, _)| Some((*id, self.known.get(id)?.seconds)))
    }

    /// Where the clone was cut so that a better common ancestor than `best` may lie behind; `None` if it cannot.
    ///
    /// Such an ancestor is as new as `best` or newer, since a newer one is chosen before an older one. It is either a
    /// commit that only one side has reached, and lies behind a cut of the other side, or it lies behind a cut of both.
    fn doubt(&self, painted: &Painted, best: Option<(i64, gix::ObjectId)>) -> Option<gix::ObjectId> {
        let oldest = best.map_or(i64::MIN, |(seconds, _)| seconds);
        let newest_cut = |side: u8| {
            let cuts = self.cut(painted, side).filter(|(_, seconds)| *seconds >= oldest);
            cuts.max_by_key(|(id, seconds)| (*seconds, *id))
        };
        let reached = |side: u8, cut: i64| {
            let mut commits = self.side(painted, side);
            commits.any(|(_, seconds)| oldest <= seconds && seconds <= cut)
        };
        match (newest_cut(FIRST), newest_cut(OTHERS)) {
            (Some((at, _)), _) | (_, Some((at, _))) if best.is_none() => Some(at),
            (Some((at, _)), Some(_)) => Some(at),
            (Some((at, seconds)), None) => reached(OTHERS, seconds).then_some(at),
            (None, Some((at, seconds))) => reached(FIRST, seconds).then_some(at),
            (None, None) => None,
        }
    }
}
