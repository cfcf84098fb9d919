//! Which commits introduced and removed what, along one release line.
//!
//! A line is a commit, its first parent, the first parent of that, and so on. Whatever else the line has merged is
//! reached through one commit of it, the oldest that reaches it: it is said to land there.
//!
//! - A key that consecutive commits of the line hold is one presence. It was introduced by the commit at which it
//!   begins; if that is a merge, by the commit among those that land there which holds the key while no
//!   parent of it does, and from which every commit down to the merge holds it. The same way round, it was removed by
//!   the commit at which it ends, or by one that lands there, does not hold the key while all its parents do, and
//!   leads to the merge through commits that do not hold it either. Of several the earliest counts. If there is none,
//!   it was the merge itself.
//! - What was held only by commits that land somewhere, and neither came from the line nor got into it, is a presence
//!   of its own.
//!
//! The work is linear in the commits and in what they hold. Nothing recurses.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _, HashSet};

use crate::model::disjoint_sets::DisjointSets;

/// One commit.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its parents, as places in the list of commits, each before the commit's own.
    pub parents: Vec<usize>,
    /// What it holds, as a place in the list of sets.
    pub held: usize,
}

/// The consecutive commits of a line that hold a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Presence<K> {
    /// What was held.
    pub key: K,
    /// The commit that brought it in.
    pub introduced_by: usize,
    /// The commit that took it out; `None` while the tip holds it.
    pub removed_by: Option<usize>,
    /// The marked commits that hold it within the presence, earliest first.
    pub marked: Vec<usize>,
}

/// Every presence on the line that ends in the commit `tip`, by key and beginning.
///
/// `commits` stand in a topological order, parents first; what `tip` does not reach is not looked at. `marked` are
/// commits that are asked for, such as those with a tag.
#[must_use]
pub fn presences<K: Ord + Clone>(
    commits: &[Commit],
    sets: &[BTreeSet<K>],
    tip: usize,
    marked: &[usize],
) -> Vec<Presence<K>> {
    let nothing = BTreeSet::new();
    let mut walk = Walk {
        history: History::new(commits, sets, &nothing, tip),
        presences: Vec::new(),
        runs: BTreeMap::new(),
    };
    walk.along_the_line();
    walk.beside_the_line(marked);
    let mut presences = walk.presences;
    for presence in &mut presences {
        presence.marked.sort_unstable();
        presence.marked.dedup();
    }
    presences.sort();
    presences
}

/// A history as one line sees it.
struct History<'a, K> {
    commits: &'a [Commit],
    sets: &'a [BTreeSet<K>],
    nothing: &'a BTreeSet<K>,
    /// The line, oldest first.
    line: Vec<usize>,
    /// Where on the line each commit lands; its own place for a commit of the line.
    lands: Vec<Option<usize>>,
    /// The commits that land at each place, without that of the line, earliest first.
    beside: Vec<Vec<usize>>,
}

impl<'a, K: Ord + Clone> History<'a, K> {
    fn new(commits: &'a [Commit], sets: &'a [BTreeSet<K>], nothing: &'a BTreeSet<K>, tip: usize) -> Self {
        let parents = |commit: usize| commits.get(commit).map_or(&[][..], |commit| &commit.parents);
        let mut line: Vec<usize> =
            std::iter::successors(Some(tip), |commit| parents(*commit).first().copied())
                .take(commits.len())
                .collect();
        line.reverse();
        let mut lands: Vec<Option<usize>> = vec![None; commits.len()];
        for (place, commit) in line.iter().enumerate() {
            let mut open = vec![*commit];
            while let Some(commit) = open.pop() {
                if let Some(unknown @ None) = lands.get_mut(commit) {
                    *unknown = Some(place);
                    open.extend(parents(commit));
                }
            }
        }
        let mut beside = vec![Vec::new(); line.len()];
        for (commit, place) in lands.iter().enumerate() {
            if let Some(place) = place
                && line.get(*place) != Some(&commit)
                && let Some(beside) = beside.get_mut(*place)
            {
                beside.push(commit);
            }
        }
        Self {
            commits,
            sets,
            nothing,
            line,
            lands,
            beside,
        }
    }

    fn parents(&self, commit: usize) -> &'a [usize] {
        self.commits.get(commit).map_or(&[][..], |commit| &commit.parents)
    }

    fn held(&self, commit: usize) -> &'a BTreeSet<K> {
        self.commits
            .get(commit)
            .and_then(|commit| self.sets.get(commit.held))
            .unwrap_or(self.nothing)
    }

    fn holds(&self, commit: usize, key: &K) -> bool {
        self.held(commit).contains(key)
    }

    /// The two hold the same, as far as that is seen without a look at it.
    fn same(&self, one: usize, other: usize) -> bool {
        match (self.commits.get(one), self.commits.get(other)) {
            (Some(one), Some(other)) => one.held == other.held,
            (None, _) | (_, None) => false,
        }
    }

    fn lands_at(&self, commit: usize, place: usize) -> bool {
        self.lands.get(commit) == Some(&Some(place))
    }

    fn is_on_line(&self, commit: usize, place: usize) -> bool {
        self.line.get(place) == Some(&commit)
    }

    fn beside(&self, place: usize) -> &[usize] {
        self.beside.get(place).map_or(&[], Vec::as_slice)
    }

    /// The commit that changed whether `key` is held, seen from `commit` of the line at `place`, where it has changed.
    fn changed_by(&self, place: usize, commit: usize, key: &K) -> usize {
        if self.beside(place).is_empty() {
            return commit;
        }
        let held = self.holds(commit, key);
        let mut seen = HashSet::from_iter([commit]);
        let mut open = vec![commit];
        let mut earliest: Option<usize> = None;
        while let Some(commit) = open.pop() {
            let parents = self.parents(commit);
            let changed = parents.iter().all(|parent| self.holds(*parent, key) != held);
            // What never held it did not take it out.
            if changed && (held || !parents.is_empty()) {
                earliest = Some(earliest.map_or(commit, |earliest| earliest.min(commit)));
            }
            open.extend(parents.iter().copied().filter(|parent| {
                self.lands_at(*parent, place) && self.holds(*parent, key) == held && seen.insert(*parent)
            }));
        }
        earliest.unwrap_or(commit)
    }

    /// What `commit` holds and no parent of it does.
    fn brought_in(&self, commit: usize) -> Vec<&'a K> {
        let parents = self.parents(commit);
        if parents.iter().any(|parent| self.same(*parent, commit)) {
            return Vec::new();
        }
        let new = |key: &&K| !parents.iter().any(|parent| self.holds(*parent, key));
        self.held(commit).iter().filter(new).collect()
    }
}

/// A presence on the line itself, by places.
struct Run {
    start: usize,
    /// The first place after it.
    end: usize,
    presence: usize,
}

/// Commits beside the line that hold a key and hang together.
#[derive(Default)]
struct Island {
    commits: Vec<usize>,
    /// One of them is a parent of the commit of the line where they land, which holds the key too.
    goes_on: bool,
    /// The earliest commit from before that holds the key and is a parent of one of them.
    comes_from: Option<usize>,
    /// The presence that they make, if they are one of their own.
    presence: Option<usize>,
}

/// A marked commit whose presence is looked for at another commit.
struct Question<'a, K> {
    marked: usize,
    key: &'a K,
    at: usize,
}

struct Walk<'a, K> {
    history: History<'a, K>,
    presences: Vec<Presence<K>>,
    runs: BTreeMap<&'a K, Vec<Run>>,
}

impl<'a, K: Ord + Clone> Walk<'a, K> {
    fn add(&mut self, key: &K, introduced_by: usize, removed_by: Option<usize>) -> usize {
        self.presences.push(Presence {
            key: key.clone(),
            introduced_by,
            removed_by,
            marked: Vec::new(),
        });
        self.presences.len() - 1
    }

    fn along_the_line(&mut self) {
        let line = self.history.line.clone();
        let mut before: Option<usize> = None;
        for (place, commit) in line.iter().copied().enumerate() {
            let held = self.history.held(commit);
            let held_before = before.map_or(self.history.nothing, |before| self.history.held(before));
            if !before.is_some_and(|before| self.history.same(before, commit)) {
                for key in held_before.difference(held) {
                    let by = self.history.changed_by(place, commit, key);
                    if let Some(run) = self.runs.get_mut(key).and_then(|runs| runs.last_mut()) {
                        run.end = place;
                        if let Some(presence) = self.presences.get_mut(run.presence) {
                            presence.removed_by = Some(by);
                        }
                    }
                }
                for key in held.difference(held_before) {
                    let by = self.history.changed_by(place, commit, key);
                    let presence = self.add(key, by, None);
                    self.runs.entry(key).or_default().push(Run {
                        start: place,
                        end: line.len(),
                        presence,
                    });
                }
            }
            before = Some(commit);
        }
    }

    /// The presence of the line to which `place` belongs, for `key`.
    fn run(&self, place: usize, key: &K) -> Option<usize> {
        let runs = self.runs.get(key)?;
        let after = runs.partition_point(|run| run.start <= place);
        let run = runs.get(after.checked_sub(1)?)?;
        (place < run.end).then_some(run.presence)
    }

    fn mark(&mut self, presence: Option<usize>, marked: usize) {
        if let Some(presence) = presence.and_then(|presence| self.presences.get_mut(presence)) {
            presence.marked.push(marked);
        }
    }

    /// Finds where a marked commit belongs, or puts the question off to the place where that is known.
    fn ask(&mut self, question: Question<'a, K>, open: &mut BTreeMap<usize, Vec<Question<'a, K>>>) {
        let Some(Some(place)) = self.history.lands.get(question.at).copied() else {
            return;
        };
        if self.history.is_on_line(question.at, place) {
            self.mark(self.run(place, question.key), question.marked);
        } else {
            open.entry(place).or_default().push(question);
        }
    }

    fn beside_the_line(&mut self, marked: &[usize]) {
        let mut open: BTreeMap<usize, Vec<Question<'a, K>>> = BTreeMap::new();
        for marked in marked.iter().copied() {
            for key in self.history.held(marked) {
                let question = Question {
                    marked,
                    key,
                    at: marked,
                };
                self.ask(question, &mut open);
            }
        }
        // A question is put off to an older place only.
        for place in (0..self.history.line.len()).rev() {
            if self.history.beside(place).is_empty() {
                continue;
            }
            let questions = open.remove(&place).unwrap_or_default();
            let mut keys: BTreeSet<&'a K> = questions.iter().map(|question| question.key).collect();
            for commit in self.history.beside(place) {
                keys.extend(self.history.brought_in(*commit));
            }
            let mut by_key: BTreeMap<&'a K, Vec<Question<'a, K>>> = BTreeMap::new();
            for question in questions {
                by_key.entry(question.key).or_default().push(question);
            }
            for (key, commits) in self.holders(place, &keys) {
                let islands = self.islands(place, key, &commits);
                for question in by_key.remove(key).unwrap_or_default() {
                    let island = islands
                        .iter()
                        .find(|island| island.commits.binary_search(&question.at).is_ok());
                    match island {
                        None => {}
                        Some(island) if island.goes_on => {
                            self.mark(self.run(place, key), question.marked);
                        }
                        Some(Island {
                            comes_from: Some(at), ..
                        }) => {
                            let question = Question { at: *at, ..question };
                            self.ask(question, &mut open);
                        }
                        Some(island) => self.mark(island.presence, question.marked),
                    }
                }
            }
        }
    }

    /// The commits beside `place` that hold each of `keys`, earliest first.
    fn holders(&self, place: usize, keys: &BTreeSet<&'a K>) -> BTreeMap<&'a K, Vec<usize>> {
        let mut holders: BTreeMap<&'a K, Vec<usize>> = BTreeMap::new();
        if keys.is_empty() {
            return holders;
        }
        for commit in self.history.beside(place).iter().copied() {
            let held = self.history.held(commit);
            let mut hold = |key: &'a K| holders.entry(key).or_default().push(commit);
            if keys.len() < held.len() {
                keys.iter()
                    .filter(|key| held.contains(**key))
                    .for_each(|key| hold(key));
            } else {
                held.iter().filter(|key| keys.contains(key)).for_each(hold);
            }
        }
        holders
    }

    /// Sorts `commits`, those beside `place` that hold `key`, into what hangs together, and adds the presences.
    fn islands(&mut self, place: usize, key: &'a K, commits: &[usize]) -> Vec<Island> {
        let history = &self.history;
        let numbers: HashMap<usize, usize> = commits.iter().copied().zip(0..).collect();
        let mut groups = DisjointSets::new(commits.len());
        for (number, commit) in commits.iter().enumerate() {
            for parent in history.parents(*commit) {
                if let Some(parent) = numbers.get(parent) {
                    groups.join(number, *parent);
                }
            }
        }
        let landing = history.line.get(place).copied();
        let held_there = landing.is_some_and(|landing| history.holds(landing, key));
        let mut islands: BTreeMap<usize, Island> = BTreeMap::new();
        for (number, commit) in commits.iter().enumerate() {
            let island = islands.entry(groups.find(number)).or_default();
            island.commits.push(*commit);
            island.goes_on |=
                held_there && landing.is_some_and(|landing| history.parents(landing).contains(commit));
            let outside = history
                .parents(*commit)
                .iter()
                .filter(|parent| !numbers.contains_key(parent) && history.holds(**parent, key));
            island.comes_from = island.comes_from.into_iter().chain(outside.copied()).min();
        }
        let mut islands: Vec<Island> = islands.into_values().collect();
        let alone = |island: &Island| !island.goes_on && island.comes_from.is_none();
        if islands.iter().any(alone) {
            let children = self.children(place);
            for island in islands.iter_mut().filter(|island| alone(island)) {
                // The earliest holds it and no parent does, or the island would come from there.
                let Some(first) = island.commits.first().copied() else {
                    continue;
                };
                let last = self.end(island, key, &children);
                island.presence = Some(self.add(key, first, last));
            }
        }
        islands
    }

    /// The children of each commit beside `place`, of those that land there.
    fn children(&self, place: usize) -> HashMap<usize, Vec<usize>> {
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        let landing = self.history.line.get(place);
        for child in self.history.beside(place).iter().chain(landing) {
            for parent in self.history.parents(*child) {
                children.entry(*parent).or_default().push(*child);
            }
        }
        children
    }

    /// The commit that took `key` out of an island of its own: one that lacks it while all parents hold it, else one
    /// that lacks it while a parent does.
    fn end(&self, island: &Island, key: &K, children: &HashMap<usize, Vec<usize>>) -> Option<usize> {
        let ends = || {
            island
                .commits
                .iter()
                .filter_map(|commit| children.get(commit))
                .flatten()
                .copied()
                .filter(|child| !self.history.holds(*child, key))
        };
        let takes_out = |commit: &usize| {
            let mut parents = self.history.parents(*commit).iter();
            parents.all(|parent| self.history.holds(*parent, key))
        };
        ends().filter(takes_out).min().or_else(|| ends().min())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A history: of each commit its parents, and the keys that it holds as letters. The last one is the tip.
    fn told(commits: &[(&[usize], &str)], marked: &[usize]) -> Vec<(char, usize, Option<usize>, Vec<usize>)> {
        let sets: Vec<BTreeSet<char>> = commits.iter().map(|(_, held)| held.chars().collect()).collect();
        let commits: Vec<Commit> = commits
            .iter()
            .enumerate()
            .map(|(held, (parents, _))| Commit {
                parents: parents.to_vec(),
                held,
            })
            .collect();
        presences(&commits, &sets, commits.len() - 1, marked)
            .into_iter()
            .map(|presence| {
                (
                    presence.key,
                    presence.introduced_by,
                    presence.removed_by,
                    presence.marked,
                )
            })
            .collect()
    }

    #[test]
    fn a_straight_line_tells_each_stretch() {
        let line: &[(&[usize], &str)] = &[
            (&[], ""),
            (&[0], "a"),
            (&[1], "ab"),
            (&[2], "b"),
            (&[3], "ab"),
            (&[4], "ab"),
        ];
        assert_eq!(
            told(line, &[0, 2, 3, 5]),
            [
                ('a', 1, Some(3), vec![2]),
                ('a', 4, None, vec![5]),
                ('b', 2, None, vec![2, 3, 5]),
            ]
        );
        assert_eq!(told(&[(&[], "a")], &[]), [('a', 0, None, vec![])]);
    }

    #[test]
    fn a_merge_leads_to_the_commit_that_changed_it() {
        // 1 and 2 are a branch that brings a in, 5 and 6 one that takes it out; 3 and 7 are the merges.
        let merged: &[(&[usize], &str)] = &[
            (&[], ""),
            (&[0], ""),
            (&[1], "a"),
            (&[0, 2], "a"),
            (&[3], "a"),
            (&[3], "a"),
            (&[5], ""),
            (&[4, 6], ""),
        ];
        assert_eq!(told(merged, &[2, 3, 5, 6]), [('a', 2, Some(6), vec![2, 3, 5])]);
        // A merge that holds what no parent does, and one that lacks what both do.
        let evil: &[(&[usize], &str)] = &[(&[], ""), (&[0], ""), (&[0, 1], "a"), (&[2], "a"), (&[2, 3], "")];
        assert_eq!(told(evil, &[]), [('a', 2, Some(4), vec![])]);
        // A merge with a branch that never knew a.
        let ours: &[(&[usize], &str)] = &[(&[], ""), (&[0], "a"), (&[0], ""), (&[1, 2], "")];
        assert_eq!(told(ours, &[]), [('a', 1, Some(3), vec![])]);
        // A branch from before the removal, merged so that a is back: the merge did it.
        let back: &[(&[usize], &str)] = &[(&[], "a"), (&[0], "a"), (&[0], ""), (&[2, 1], "a")];
        assert_eq!(
            told(back, &[1]),
            [('a', 0, Some(2), vec![]), ('a', 3, None, vec![1])]
        );
    }

    #[test]
    fn what_only_a_branch_held_is_told_too() {
        let branch: &[(&[usize], &str)] = &[
            (&[], ""),
            (&[0], "a"),
            (&[1], "a"),
            (&[2], ""),
            (&[0, 3], ""),
            (&[4], ""),
        ];
        assert_eq!(told(branch, &[2]), [('a', 1, Some(3), vec![2])]);
        // Dropped by the merge itself.
        let dropped: &[(&[usize], &str)] = &[(&[], ""), (&[0], "a"), (&[0, 1], "")];
        assert_eq!(told(dropped, &[]), [('a', 1, Some(2), vec![])]);
        // What the tip does not reach is of another line.
        let other: &[(&[usize], &str)] = &[(&[], ""), (&[0], "a"), (&[0], "")];
        assert_eq!(told(other, &[1]), []);
        // A branch that keeps what the line has dropped belongs to the line's presence.
        let kept: &[(&[usize], &str)] = &[(&[], "a"), (&[0], ""), (&[0], "a"), (&[2], "a"), (&[1, 3], "")];
        assert_eq!(told(kept, &[3]), [('a', 0, Some(1), vec![3])]);
    }

    /// The same by the words of this file's documentation, with no regard to cost.
    fn naive(commits: &[Commit], sets: &[BTreeSet<u8>], tip: usize, marked: &[usize]) -> Vec<Presence<u8>> {
        let mut reaches: Vec<BTreeSet<usize>> = Vec::new();
        for (number, commit) in commits.iter().enumerate() {
            let mut all = BTreeSet::from([number]);
            for parent in &commit.parents {
                all.extend(reaches[*parent].clone());
            }
            reaches.push(all);
        }
        let mut line = vec![tip];
        while let Some(parent) = commits[line[0]].parents.first() {
            line.insert(0, *parent);
        }
        let lands = |commit: usize| line.iter().position(|on| reaches[*on].contains(&commit));
        let mut told = Vec::new();
        for key in sets.iter().flatten().copied().collect::<BTreeSet<u8>>() {
            let holds = |commit: usize| sets[commits[commit].held].contains(&key);
            let changed = |place: usize| {
                let held = holds(line[place]);
                let mut side = BTreeSet::from([line[place]]);
                loop {
                    let more: BTreeSet<usize> = side
                        .iter()
                        .flat_map(|commit| commits[*commit].parents.clone())
                        .filter(|parent| lands(*parent) == Some(place) && holds(*parent) == held)
                        .collect();
                    if more.is_subset(&side) {
                        break;
                    }
                    side.extend(more);
                }
                let did = side.into_iter().find(|commit| {
                    let parents = &commits[*commit].parents;
                    (held || !parents.is_empty()) && parents.iter().all(|parent| holds(*parent) != held)
                });
                did.unwrap_or(line[place])
            };
            let mut runs: Vec<(usize, usize, usize)> = Vec::new();
            for place in 0..line.len() {
                let before = place > 0 && holds(line[place - 1]);
                match (before, holds(line[place])) {
                    (false, true) => {
                        runs.push((place, line.len(), told.len()));
                        told.push(Presence {
                            key,
                            introduced_by: changed(place),
                            removed_by: None,
                            marked: Vec::new(),
                        });
                    }
                    (true, false) => {
                        runs.last_mut().expect("a run").1 = place;
                        told.last_mut().expect("a presence").removed_by = Some(changed(place));
                    }
                    (true, true) | (false, false) => {}
                }
            }
            let island = |commit: usize| {
                let place = lands(commit);
                let mut island = BTreeSet::from([commit]);
                loop {
                    let more: BTreeSet<usize> = (0..commits.len())
                        .filter(|other| lands(*other) == place && holds(*other))
                        .filter(|other| place.is_none_or(|place| line[place] != *other))
                        .filter(|other| {
                            island.iter().any(|inside| {
                                commits[*inside].parents.contains(other)
                                    || commits[*other].parents.contains(inside)
                            })
                        })
                        .collect();
                    if more.is_subset(&island) {
                        return island;
                    }
                    island.extend(more);
                }
            };
            let goes_on = |island: &BTreeSet<usize>, place: usize| {
                let parents = &commits[line[place]].parents;
                holds(line[place]) && parents.iter().any(|parent| island.contains(parent))
            };
            let comes_from = |island: &BTreeSet<usize>| {
                let parents = island.iter().flat_map(|commit| commits[*commit].parents.clone());
                parents
                    .filter(|parent| holds(*parent) && !island.contains(parent))
                    .min()
            };
            let mut own: BTreeMap<BTreeSet<usize>, usize> = BTreeMap::new();
            for commit in (0..commits.len()).filter(|commit| holds(*commit)) {
                let Some(place) = lands(commit).filter(|place| line[*place] != commit) else {
                    continue;
                };
                let island = island(commit);
                if goes_on(&island, place) || comes_from(&island).is_some() || own.contains_key(&island) {
                    continue;
                }
                let ends: Vec<usize> = (0..commits.len())
                    .filter(|other| lands(*other) == Some(place) && !holds(*other))
                    .filter(|other| {
                        commits[*other]
                            .parents
                            .iter()
                            .any(|parent| island.contains(parent))
                    })
                    .collect();
                let whole = |end: &&usize| commits[**end].parents.iter().all(|parent| holds(*parent));
                own.insert(island.clone(), told.len());
                told.push(Presence {
                    key,
                    introduced_by: *island.first().expect("a commit"),
                    removed_by: ends.iter().find(whole).or_else(|| ends.first()).copied(),
                    marked: Vec::new(),
                });
            }
            for marked in marked.iter().copied().filter(|marked| holds(*marked)) {
                let mut at = marked;
                while let Some(place) = lands(at) {
                    let run = |place: usize| {
                        let run = runs
                            .iter()
                            .find(|(start, end, _)| (*start..*end).contains(&place));
                        run.expect("the line holds it").2
                    };
                    let presence = if line[place] == at {
                        run(place)
                    } else {
                        let island = island(at);
                        if goes_on(&island, place) {
                            run(place)
                        } else if let Some(from) = comes_from(&island) {
                            at = from;
                            continue;
                        } else {
                            own[&island]
                        }
                    };
                    told[presence].marked.push(marked);
                    break;
                }
            }
        }
        told.sort();
        told
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn random_histories_are_told_as_the_words_say(
            drawn in proptest::collection::vec((0_usize..6, 0_usize..9, 0_usize..9, 0_u8..8, any::<bool>()), 1..24),
        ) {
            let mut sets: Vec<BTreeSet<u8>> = Vec::new();
            let mut commits: Vec<Commit> = Vec::new();
            for (number, (kind, one, other, bits, changes)) in drawn.iter().copied().enumerate() {
                let back = |steps: usize| number.checked_sub(1 + steps);
                let parents: BTreeSet<usize> = match kind {
                    0 if number % 5 == 0 => BTreeSet::new(),
                    0..=2 => back(one % 3).into_iter().collect(),
                    3 | 4 => [back(one % 4), back(other)].into_iter().flatten().collect(),
                    _ => [back(0), back(one), back(other)].into_iter().flatten().collect(),
                };
                let mut parents: Vec<usize> = parents.into_iter().collect();
                if changes {
                    parents.reverse();
                }
                let inherited = parents.first().map(|parent| sets[commits[*parent].held].clone());
                let set: BTreeSet<u8> = match inherited {
                    Some(set) if bits >= 4 => set,
                    Some(mut set) => {
                        let key = bits % 3;
                        if !set.remove(&key) {
                            set.insert(key);
                        }
                        set
                    }
                    None => (0..3).filter(|key| bits >> key & 1 == 1).collect(),
                };
                let held = sets.iter().position(|known| *known == set).unwrap_or(sets.len());
                if held == sets.len() {
                    sets.push(set);
                }
                commits.push(Commit { parents, held });
            }
            let tip = commits.len() - 1;
            let marked: Vec<usize> = (0..commits.len()).filter(|number| number % 2 == 0).collect();
            prop_assert_eq!(
                presences(&commits, &sets, tip, &marked),
                naive(&commits, &sets, tip, &marked)
            );
        }
    }
}
