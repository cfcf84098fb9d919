//! The difference of two texts by Myers' algorithm in linear space, with the shortcuts of xdiff, for lines that are all
//! frequent.

use std::collections::HashMap;

/// How many equal lines in a row make a path worth taking.
const GOOD_RUN: isize = 20;
/// The cost from which shortcuts are tried.
const SHORTCUT_COST: isize = 256;
/// How far a path has to be ahead of its cost.
const AHEAD: isize = 4;
/// How far lines around one are looked at.
const WINDOW: usize = 100;
/// A line that occurs at most this often on the other side is never frequent.
const MAX_FREQUENT: usize = 1024;

/// Marks the lines that differ.
pub(super) fn diff(old: &[u32], new: &[u32], old_changed: &mut [bool], new_changed: &mut [bool]) {
    let same_start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let longest_end = old.len().min(new.len()) - same_start;
    let ends = old.iter().rev().zip(new.iter().rev()).take(longest_end);
    let same_end = ends.take_while(|(old, new)| old == new).count();
    let old_kept = worth_comparing(old, new, same_start, same_end, old_changed);
    let new_kept = worth_comparing(new, old, same_start, same_end, new_changed);
    let numbers = |kept: &[usize], side: &[u32]| -> Vec<u32> { kept.iter().map(|at| side[*at]).collect() };
    let mut boxes = Boxes::new(numbers(&old_kept, old), numbers(&new_kept, new));
    let mut open = vec![Box {
        old: (0, boxes.old.len() as isize),
        new: (0, boxes.new.len() as isize),
        is_exact: false,
    }];
    while let Some(next) = open.pop() {
        let next = boxes.shrunk(next);
        if next.old.0 == next.old.1 {
            for at in next.new.0..next.new.1 {
                new_changed[new_kept[at as usize]] = true;
            }
        } else if next.new.0 == next.new.1 {
            for at in next.old.0..next.old.1 {
                old_changed[old_kept[at as usize]] = true;
            }
        } else {
            let split = boxes.split(next);
            open.push(Box {
                old: (split.old, next.old.1),
                new: (split.new, next.new.1),
                is_exact: split.is_exact.1,
            });
            open.push(Box {
                old: (next.old.0, split.old),
                new: (next.new.0, split.new),
                is_exact: split.is_exact.0,
            });
        }
    }
}

/// A power of two that is about the root of `number`.
fn about_root(number: usize) -> usize {
    let (mut root, mut rest) = (1, number);
    while rest > 0 {
        root <<= 1;
        rest >>= 2;
    }
    root
}

/// How often a line occurs on the other side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matches {
    None,
    Some,
    Many,
}

/// The lines between the equal ends that are compared; all others are changed.
fn worth_comparing(
    side: &[u32],
    other: &[u32],
    same_start: usize,
    same_end: usize,
    changed: &mut [bool],
) -> Vec<usize> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for number in other {
        *counts.entry(*number).or_default() += 1;
    }
    let limit = about_root(side.len()).min(MAX_FREQUENT);
    let matches = |number: &u32| match counts.get(number).copied().unwrap_or(0) {
        0 => Matches::None,
        count if count >= limit => Matches::Many,
        _ => Matches::Some,
    };
    let all: Vec<Matches> = side.iter().map(matches).collect();
    let range = same_start..side.len() - same_end;
    let mut kept = Vec::new();
    for at in range.clone() {
        let is_kept = match all[at] {
            Matches::None => false,
            Matches::Some => true,
            Matches::Many => !is_among_unmatched(&all[range.clone()], at - range.start),
        };
        if is_kept {
            kept.push(at);
        } else {
            changed[at] = true;
        }
    }
    kept
}

/// A frequent line stands in a run of lines most of which the other side lacks.
fn is_among_unmatched(all: &[Matches], at: usize) -> bool {
    let count = |lines: &mut dyn Iterator<Item = &Matches>| {
        let (mut none, mut many) = (0, 1);
        for line in lines {
            match line {
                Matches::None => none += 1,
                Matches::Many => many += 1,
                Matches::Some => break,
            }
        }
        (none, many)
    };
    let (none_before, many_before) = count(&mut all[..at].iter().rev().take(WINDOW));
    let (none_behind, many_behind) = count(&mut all[at + 1..].iter().take(WINDOW));
    if none_before == 0 || none_behind == 0 {
        return false;
    }
    let (none, many) = (none_before + none_behind, many_before + many_behind);
    many * 4 < many + none
}

/// Ranges of both sides that are to be compared.
#[derive(Clone, Copy)]
struct Box {
    old: (isize, isize),
    new: (isize, isize),
    /// Without shortcuts.
    is_exact: bool,
}

/// Where a box is cut in two.
struct Split {
    old: isize,
    new: isize,
    /// Whether the box before and the one behind are compared without shortcuts.
    is_exact: (bool, bool),
}

/// Numbers by diagonal, which may be negative.
struct Diagonals {
    values: Vec<isize>,
    shift: isize,
}

impl Diagonals {
    fn get(&self, diagonal: isize) -> isize {
        self.values[(diagonal + self.shift) as usize]
    }

    fn set(&mut self, diagonal: isize, value: isize) {
        self.values[(diagonal + self.shift) as usize] = value;
    }
}

/// The range of diagonals that a direction has reached.
#[derive(Clone, Copy)]
struct Reach {
    low: isize,
    high: isize,
}

impl Reach {
    /// Every second diagonal, the highest first.
    fn diagonals(self) -> impl Iterator<Item = isize> {
        (0..)
            .map(move |step| self.high - 2 * step)
            .take_while(move |diagonal| *diagonal >= self.low)
    }

    fn holds(self, diagonal: isize) -> bool {
        self.low <= diagonal && diagonal <= self.high
    }
}

struct Boxes {
    old: Vec<u32>,
    new: Vec<u32>,
    forward: Diagonals,
    backward: Diagonals,
    /// The cost at which the search ends.
    max_cost: isize,
}

impl Boxes {
    fn new(old: Vec<u32>, new: Vec<u32>) -> Self {
        let count = old.len() + new.len() + 3;
        let diagonals = || Diagonals {
            values: vec![0; count],
            shift: new.len() as isize + 1,
        };
        Self {
            forward: diagonals(),
            backward: diagonals(),
            max_cost: (about_root(count) as isize).max(256),
            old,
            new,
        }
    }

    fn is_same(&self, old: isize, new: isize) -> bool {
        self.old[old as usize] == self.new[new as usize]
    }

    /// Without the lines that are equal at both ends.
    fn shrunk(&self, mut at: Box) -> Box {
        while at.old.0 < at.old.1 && at.new.0 < at.new.1 && self.is_same(at.old.0, at.new.0) {
            at.old.0 += 1;
            at.new.0 += 1;
        }
        while at.old.0 < at.old.1 && at.new.0 < at.new.1 && self.is_same(at.old.1 - 1, at.new.1 - 1) {
            at.old.1 -= 1;
            at.new.1 -= 1;
        }
        at
    }

    /// Where the shortest path from the start meets that from the end, or a shortcut.
    fn split(&mut self, at: Box) -> Split {
        let (low, high) = (at.old.0 - at.new.1, at.old.1 - at.new.0);
        let (forward_middle, backward_middle) = (at.old.0 - at.new.0, at.old.1 - at.new.1);
        let is_odd = (forward_middle - backward_middle) & 1 != 0;
        let mut forward = Reach {
            low: forward_middle,
            high: forward_middle,
        };
        let mut backward = Reach {
            low: backward_middle,
            high: backward_middle,
        };
        self.forward.set(forward_middle, at.old.0);
        self.backward.set(backward_middle, at.old.1);
        let mut cost = 0;
        loop {
            cost += 1;
            let mut is_run_good = false;
            widen(&mut forward, low, high, &mut self.forward, -1);
            for diagonal in forward.diagonals() {
                let below = self.forward.get(diagonal - 1);
                let above = self.forward.get(diagonal + 1);
                let mut old = if below >= above { below + 1 } else { above };
                let before = old;
                while old < at.old.1 && old - diagonal < at.new.1 && self.is_same(old, old - diagonal) {
                    old += 1;
                }
                is_run_good |= old - before > GOOD_RUN;
                self.forward.set(diagonal, old);
                if is_odd && backward.holds(diagonal) && self.backward.get(diagonal) <= old {
                    return Split {
                        old,
                        new: old - diagonal,
                        is_exact: (true, true),
                    };
                }
            }
            widen(&mut backward, low, high, &mut self.backward, isize::MAX);
            for diagonal in backward.diagonals() {
                let below = self.backward.get(diagonal - 1);
                let above = self.backward.get(diagonal + 1);
                let mut old = if below < above { below } else { above - 1 };
                let before = old;
                while old > at.old.0 && old - diagonal > at.new.0 && self.is_same(old - 1, old - diagonal - 1)
                {
                    old -= 1;
                }
                is_run_good |= before - old > GOOD_RUN;
                self.backward.set(diagonal, old);
                if !is_odd && forward.holds(diagonal) && old <= self.forward.get(diagonal) {
                    return Split {
                        old,
                        new: old - diagonal,
                        is_exact: (true, true),
                    };
                }
            }
            if at.is_exact {
                continue;
            }
            if is_run_good && cost > SHORTCUT_COST {
                let good = self
                    .good_forward(at, forward, forward_middle, cost)
                    .or_else(|| self.good_backward(at, backward, backward_middle, cost));
                if let Some(split) = good {
                    return split;
                }
            }
            if cost >= self.max_cost {
                return self.furthest(at, forward, backward);
            }
        }
    }

    /// A path from the start that is far ahead and ends in a good run.
    fn good_forward(&self, at: Box, reach: Reach, middle: isize, cost: isize) -> Option<Split> {
        let mut best = 0;
        let mut split = None;
        for diagonal in reach.diagonals() {
            let old = self.forward.get(diagonal);
            let new = old - diagonal;
            let value = (old - at.old.0) + (new - at.new.0) - (diagonal - middle).abs();
            let is_inside =
                at.old.0 + GOOD_RUN <= old && old < at.old.1 && at.new.0 + GOOD_RUN <= new && new < at.new.1;
            if value > AHEAD * cost
                && value > best
                && is_inside
                && (1..=GOOD_RUN).all(|back| self.is_same(old - back, new - back))
            {
                best = value;
                split = Some(Split {
                    old,
                    new,
                    is_exact: (true, false),
                });
            }
        }
        split
    }

    /// The same from the end.
    fn good_backward(&self, at: Box, reach: Reach, middle: isize, cost: isize) -> Option<Split> {
        let mut best = 0;
        let mut split = None;
        for diagonal in reach.diagonals() {
            let old = self.backward.get(diagonal);
            let new = old - diagonal;
            let value = (at.old.1 - old) + (at.new.1 - new) - (diagonal - middle).abs();
            let is_inside =
                at.old.0 < old && old <= at.old.1 - GOOD_RUN && at.new.0 < new && new <= at.new.1 - GOOD_RUN;
            if value > AHEAD * cost
                && value > best
                && is_inside
                && (0..GOOD_RUN).all(|on| self.is_same(old + on, new + on))
            {
                best = value;
                split = Some(Split {
                    old,
                    new,
                    is_exact: (false, true),
                });
            }
        }
        split
    }

    /// The search was long enough: the end of the path that came furthest.
    fn furthest(&self, at: Box, forward: Reach, backward: Reach) -> Split {
        let (mut from_start, mut from_start_old) = (-1, -1);
        for diagonal in forward.diagonals() {
            let mut old = self.forward.get(diagonal).min(at.old.1);
            let mut new = old - diagonal;
            if at.new.1 < new {
                old = at.new.1 + diagonal;
                new = at.new.1;
            }
            if from_start < old + new {
                (from_start, from_start_old) = (old + new, old);
            }
        }
        let (mut from_end, mut from_end_old) = (isize::MAX, isize::MAX);
        for diagonal in backward.diagonals() {
            let mut old = self.backward.get(diagonal).max(at.old.0);
            let mut new = old - diagonal;
            if new < at.new.0 {
                old = at.new.0 + diagonal;
                new = at.new.0;
            }
            if old + new < from_end {
                (from_end, from_end_old) = (old + new, old);
            }
        }
        if (at.old.1 + at.new.1) - from_end < from_start - (at.old.0 + at.new.0) {
            Split {
                old: from_start_old,
                new: from_start - from_start_old,
                is_exact: (true, false),
            }
        } else {
            Split {
                old: from_end_old,
                new: from_end - from_end_old,
                is_exact: (false, true),
            }
        }
    }
}

/// A diagonal more at each end; where the box ends, one less.
fn widen(reach: &mut Reach, low: isize, high: isize, diagonals: &mut Diagonals, outside: isize) {
    if reach.low > low {
        reach.low -= 1;
        diagonals.set(reach.low - 1, outside);
    } else {
        reach.low += 1;
    }
    if reach.high < high {
        reach.high += 1;
        diagonals.set(reach.high + 1, outside);
    } else {
        reach.high -= 1;
    }
}
