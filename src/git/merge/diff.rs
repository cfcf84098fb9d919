//! Which lines of two texts differ, as git's merges see it: histogram, then groups moved to where they line up.
//!
//! What is equal byte for byte with git's own depends on each choice among equally long differences; the rules here are those
//! of xdiff in git 2.39 as they can be observed, checked against `git merge-tree` and `git merge-file` in the tests.

use std::collections::HashMap;

use super::myers;

/// Lines that changed: on the old side they go, on the new side they come.
pub(super) struct Changed {
    pub(super) old: Vec<bool>,
    pub(super) new: Vec<bool>,
}

/// Neighbouring lines that are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The first line on the old side, and how many.
    pub(super) old: usize,
    pub(super) gone: usize,
    /// The first line on the new side, and how many.
    pub(super) new: usize,
    pub(super) come: usize,
}

/// The difference of two texts whose lines have these numbers.
pub(super) fn hunks(old: &[u32], new: &[u32]) -> Vec<Hunk> {
    let mut changed = Changed {
        old: vec![false; old.len()],
        new: vec![false; new.len()],
    };
    histogram(old, new, &mut changed);
    line_up(old, &mut changed.old, &changed.new);
    line_up(new, &mut changed.new, &changed.old);
    let mut hunks = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    while at_old < old.len() || at_new < new.len() {
        let gone = run(&changed.old, at_old);
        let come = run(&changed.new, at_new);
        if gone + come > 0 {
            hunks.push(Hunk {
                old: at_old,
                gone,
                new: at_new,
                come,
            });
        }
        // Behind a hunk stands a line that both have.
        at_old += gone + 1;
        at_new += come + 1;
    }
    hunks
}

/// How many lines from `at` on changed without a break.
fn run(changed: &[bool], at: usize) -> usize {
    let rest = changed.get(at..).unwrap_or_default();
    rest.iter().take_while(|changed| **changed).count()
}

/// A line that occurs more often than this is no anchor.
const MAX_OCCURRENCES: usize = 64;

/// Two ranges of lines.
#[derive(Clone, Copy)]
struct Region {
    old: (usize, usize),
    new: (usize, usize),
}

/// What the search for an anchor gave.
enum Anchor {
    /// The longest run of the rarest lines.
    DiscoveredTree(Region),
    /// No line is common.
    Nothing,
    /// All common lines are too frequent.
    Frequent,
}

/// Splits at the rarest common lines until nothing is common.
fn histogram(old: &[u32], new: &[u32], changed: &mut Changed) {
    let mut open = vec![Region {
        old: (0, old.len()),
        new: (0, new.len()),
    }];
    while let Some(region) = open.pop() {
        let (old_from, old_to) = region.old;
        let (new_from, new_to) = region.new;
        if old_from == old_to || new_from == new_to {
            changed.old[old_from..old_to].fill(true);
            changed.new[new_from..new_to].fill(true);
            continue;
        }
        match anchor(old, new, region) {
            Anchor::Nothing => {
                changed.old[old_from..old_to].fill(true);
                changed.new[new_from..new_to].fill(true);
            }
            Anchor::Frequent => myers::diff(
                &old[old_from..old_to],
                &new[new_from..new_to],
                &mut changed.old[old_from..old_to],
                &mut changed.new[new_from..new_to],
            ),
            Anchor::DiscoveredTree(common) => {
                open.push(Region {
                    old: (common.old.1, old_to),
                    new: (common.new.1, new_to),
                });
                open.push(Region {
                    old: (old_from, common.old.0),
                    new: (new_from, common.new.0),
                });
            }
        }
    }
}

/// Where lines of the old side stand in a region.
struct Occurrences {
    first: usize,
    count: usize,
}

fn anchor(old: &[u32], new: &[u32], region: Region) -> Anchor {
    let (old_from, old_to) = region.old;
    let (new_from, new_to) = region.new;
    // The next place of the same line, 0 for none: no line follows at 0.
    let mut next = vec![0_usize; old_to - old_from];
    let mut places: HashMap<u32, Occurrences, foldhash::fast::RandomState> = HashMap::default();
    for at in (old_from..old_to).rev() {
        let place = places
            .entry(old[at])
            .or_insert(Occurrences { first: 0, count: 0 });
        next[at - old_from] = place.first;
        place.first = at;
        place.count += 1;
    }
    let count = |at: usize| places.get(&old[at]).map_or(usize::MAX, |place| place.count);
    let mut best: Option<Region> = None;
    let mut rarest = MAX_OCCURRENCES + 1;
    let mut is_common = false;
    let mut at = new_from;
    while at < new_to {
        let mut behind = at + 1;
        let Some(place) = places.get(&new[at]) else {
            at = behind;
            continue;
        };
        is_common = true;
        if place.count > rarest {
            at = behind;
            continue;
        }
        let mut start = place.first;
        loop {
            let (mut from_old, mut from_new) = (start, at);
            let (mut end_old, mut end_new) = (start, at);
            let mut rare = place.count;
            while old_from < from_old && new_from < from_new && old[from_old - 1] == new[from_new - 1] {
                from_old -= 1;
                from_new -= 1;
                if rare > 1 {
                    rare = rare.min(count(from_old));
                }
            }
            while end_old + 1 < old_to && end_new + 1 < new_to && old[end_old + 1] == new[end_new + 1] {
                end_old += 1;
                end_new += 1;
                if rare > 1 {
                    rare = rare.min(count(end_old));
                }
            }
            behind = behind.max(end_new + 1);
            let longest = best.map_or(0, |best| best.old.1 - best.old.0 - 1);
            if longest < end_old - from_old || rare < rarest {
                best = Some(Region {
                    old: (from_old, end_old + 1),
                    new: (from_new, end_new + 1),
                });
                rarest = rare;
            }
            let mut following = next[start - old_from];
            while following != 0 && following <= end_old {
                following = next[following - old_from];
            }
            if following == 0 {
                break;
            }
            start = following;
        }
        at = behind;
    }
    match best {
        _ if is_common && rarest > MAX_OCCURRENCES => Anchor::Frequent,
        Some(best) => Anchor::DiscoveredTree(best),
        None => Anchor::Nothing,
    }
}

/// Neighbouring changed lines, maybe none between two unchanged ones.
#[derive(Clone, Copy)]
struct Group {
    from: usize,
    to: usize,
}

impl Group {
    fn first(changed: &[bool]) -> Self {
        Self {
            from: 0,
            to: run(changed, 0),
        }
    }

    fn next(self, changed: &[bool]) -> Option<Self> {
        if self.to >= changed.len() {
            return None;
        }
        let from = self.to + 1;
        Some(Self {
            from,
            to: from + run(changed, from),
        })
    }

    fn previous(self, changed: &[bool]) -> Option<Self> {
        let to = self.from.checked_sub(1)?;
        Some(Self {
            from: start(changed, to),
            to,
        })
    }

    fn is_empty(self) -> bool {
        self.from == self.to
    }

    /// Moves it a line down, over a line that equals its first; what it meets there joins it.
    fn down(&mut self, numbers: &[u32], changed: &mut [bool]) -> bool {
        let is_movable = self.to < numbers.len() && numbers[self.from] == numbers[self.to];
        if is_movable {
            changed[self.from] = false;
            changed[self.to] = true;
            self.from += 1;
            self.to += 1;
            self.to += run(changed, self.to);
        }
        is_movable
    }

    /// Moves it a line up, over a line that equals its last.
    fn up(&mut self, numbers: &[u32], changed: &mut [bool]) -> bool {
        let is_movable = self.from > 0 && numbers[self.from - 1] == numbers[self.to - 1];
        if is_movable {
            self.from -= 1;
            self.to -= 1;
            changed[self.from] = true;
            changed[self.to] = false;
            self.from = start(changed, self.from);
        }
        is_movable
    }
}

/// The first line of the changed ones that end before `to`.
fn start(changed: &[bool], to: usize) -> usize {
    let before = changed.get(..to).unwrap_or_default();
    to - before.iter().rev().take_while(|changed| **changed).count()
}

/// Moves each group down as far as it goes, or to the last place where the other side changed too.
fn line_up(numbers: &[u32], changed: &mut [bool], other: &[bool]) {
    let mut group = Group::first(changed);
    let mut beside = Group::first(other);
    loop {
        if !group.is_empty() {
            let mut highest;
            let mut is_beside;
            loop {
                let length = group.to - group.from;
                while group.up(numbers, changed) {
                    beside = beside.previous(other).unwrap_or(beside);
                }
                highest = group.to;
                is_beside = !beside.is_empty();
                while group.down(numbers, changed) {
                    beside = beside.next(other).unwrap_or(beside);
                    is_beside |= !beside.is_empty();
                }
                if length == group.to - group.from {
                    break;
                }
            }
            if group.to != highest && is_beside {
                while beside.is_empty() && group.up(numbers, changed) {
                    beside = beside.previous(other).unwrap_or(beside);
                }
            }
        }
        match (group.next(changed), beside.next(other)) {
            (Some(next), Some(next_beside)) => {
                group = next;
                beside = next_beside;
            }
            (_, _) => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The new text follows from the old one and the hunks, for all short texts over three lines.
    #[test]
    fn hunks_lead_from_one_text_to_the_other() {
        let text = |number: usize, length: u32| -> Vec<u32> {
            (0..length)
                .map(|at| u32::try_from(number / 3_usize.pow(at) % 3).unwrap_or(0))
                .collect()
        };
        for old in 0..243 {
            for new in 0..243 {
                let (old, new) = (text(old, 5), text(new, 5));
                let mut made: Vec<u32> = Vec::new();
                let mut at = 0;
                for hunk in hunks(&old, &new) {
                    made.extend(&old[at..hunk.old]);
                    made.extend(&new[hunk.new..hunk.new + hunk.come]);
                    at = hunk.old + hunk.gone;
                }
                made.extend(&old[at..]);
                assert_eq!(made, new, "from {old:?}");
            }
        }
    }

    #[test]
    fn lines_that_are_all_frequent_are_still_compared() {
        let old: Vec<u32> = (0..400).map(|at| at % 3).collect();
        let mut new = old.clone();
        new.insert(200, 9);
        new.remove(100);
        let hunks = hunks(&old, &new);
        let gone: usize = hunks.iter().map(|hunk| hunk.gone).sum();
        let come: usize = hunks.iter().map(|hunk| hunk.come).sum();
        assert_eq!((gone, come), (1, 1), "{hunks:?}");
    }
}
