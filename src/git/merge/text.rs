//! Three versions of a text become one, with markers where both sides changed the same lines.
//!
//! As git's merges do by default: conflicts are as short as both sides allow, and those with at most three lines between them
//! become one.

use std::ops::Range;

use super::diff::{self, Hunk};
use super::lines::{Lines, Text};

/// How conflicts of a text are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style<'s> {
    /// What stands behind the markers of our side and of theirs.
    pub(super) labels: [&'s [u8]; 2],
    /// How many characters a marker has.
    pub(super) marker: usize,
    /// Both sides are taken where they conflict, without markers.
    pub(super) is_union: bool,
}

/// A merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MergedText {
    pub(super) bytes: Vec<u8>,
    /// How many conflicts have markers.
    pub(super) conflicts: usize,
}

/// Merges `ours` and `theirs`, which both come from `base`.
pub(super) fn merge(base: &[u8], ours: &[u8], theirs: &[u8], style: Style<'_>) -> MergedText {
    let mut lines = Lines::default();
    let base = lines.split(base);
    let sides = [lines.split(ours), lines.split(theirs)];
    let [ours, theirs] = [0, 1].map(|side| diff::hunks(&base.numbers, &sides[side].numbers));
    if ours.is_empty() || theirs.is_empty() {
        let taken = if ours.is_empty() { 1 } else { 0 };
        return MergedText {
            bytes: sides[taken].lines.concat(),
            conflicts: 0,
        };
    }
    let regions = regions(&base, &sides, &ours, &theirs);
    let regions = joined(refined(&sides, regions));
    write(&base, &sides, &regions, style)
}

/// Who changed a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Ours,
    Theirs,
    /// Both, alike.
    Same,
    /// Both, differently.
    Conflict,
}

/// Lines of both sides that stand for the same lines of the base.
#[derive(Debug, Clone, Copy)]
struct Region {
    who: Who,
    /// The first line of each side, and how many. Where hunks overlap, a first line may be before the start for a moment.
    from: [isize; 2],
    count: [isize; 2],
}

impl Region {
    /// The lines of a side.
    fn range(&self, side: usize) -> Range<usize> {
        let number = |number: isize| usize::try_from(number).unwrap_or(0);
        number(self.from[side])..number(self.from[side] + self.count[side])
    }
}

/// A hunk in numbers with a sign.
#[derive(Clone, Copy)]
struct Signed {
    old: isize,
    gone: isize,
    new: isize,
    come: isize,
    hunk: Hunk,
}

impl From<Hunk> for Signed {
    fn from(hunk: Hunk) -> Self {
        let signed = |number: usize| isize::try_from(number).unwrap_or(isize::MAX);
        Self {
            old: signed(hunk.old),
            gone: signed(hunk.gone),
            new: signed(hunk.new),
            come: signed(hunk.come),
            hunk,
        }
    }
}

/// The regions that changed, in order. What both changed alike is in none of them.
fn regions(base: &Text<'_>, sides: &[Text<'_>; 2], ours: &[Hunk], theirs: &[Hunk]) -> Vec<Region> {
    let mut regions = Regions(Vec::new());
    let mut ours = ours.iter().map(|hunk| Signed::from(*hunk)).peekable();
    let mut theirs = theirs.iter().map(|hunk| Signed::from(*hunk)).peekable();
    let signed = |text: &Text<'_>| isize::try_from(text.lines.len()).unwrap_or(isize::MAX);
    loop {
        match (ours.peek().copied(), theirs.peek().copied()) {
            (None, None) => return regions.0,
            (Some(one), None) => {
                let other = one.old + signed(&sides[1]) - signed(base);
                regions.add(Who::Ours, [one.new, other], [one.come, one.gone]);
                ours.next();
            }
            (None, Some(two)) => {
                let other = two.old + signed(&sides[0]) - signed(base);
                regions.add(Who::Theirs, [other, two.new], [two.gone, two.come]);
                theirs.next();
            }
            (Some(one), Some(two)) if one.old + one.gone < two.old => {
                let other = two.new + one.old - two.old;
                regions.add(Who::Ours, [one.new, other], [one.come, one.gone]);
                ours.next();
            }
            (Some(one), Some(two)) if two.old + two.gone < one.old => {
                let other = one.new + two.old - one.old;
                regions.add(Who::Theirs, [other, two.new], [two.gone, two.come]);
                theirs.next();
            }
            (Some(one), Some(two)) => {
                if !is_same(sides, one.hunk, two.hunk) {
                    let (from, count) = covering(one, two);
                    regions.add(Who::Conflict, from, count);
                }
                let (end_one, end_two) = (one.old + one.gone, two.old + two.gone);
                if end_one >= end_two {
                    theirs.next();
                }
                if end_two >= end_one {
                    ours.next();
                }
            }
        }
    }
}

/// Both sides replace the same lines by the same lines.
fn is_same(sides: &[Text<'_>; 2], one: Hunk, two: Hunk) -> bool {
    one.old == two.old
        && one.gone == two.gone
        && one.come == two.come
        && sides[0].numbers[one.new..one.new + one.come] == sides[1].numbers[two.new..two.new + two.come]
}

/// The lines of each side that stand for all lines of the base in either hunk.
fn covering(one: Signed, two: Signed) -> ([isize; 2], [isize; 2]) {
    let start = one.old.min(two.old);
    let end = (one.old + one.gone).max(two.old + two.gone);
    let range = |hunk: Signed| {
        let from = hunk.new + start - hunk.old;
        let to = hunk.new + hunk.come + end - hunk.old - hunk.gone;
        (from, to - from)
    };
    let (one, two) = (range(one), range(two));
    ([one.0, two.0], [one.1, two.1])
}

struct Regions(Vec<Region>);

impl Regions {
    /// Adds a region, to the last one if they touch.
    fn add(&mut self, who: Who, from: [isize; 2], count: [isize; 2]) {
        if let Some(last) = self.0.last_mut()
            && (0..2).any(|side| from[side] <= last.from[side] + last.count[side])
        {
            if who != last.who {
                last.who = Who::Conflict;
            }
            for side in 0..2 {
                last.count[side] = from[side] + count[side] - last.from[side];
            }
            return;
        }
        self.0.push(Region { who, from, count });
    }
}

/// Conflicts without the lines that both sides have in common.
fn refined(sides: &[Text<'_>; 2], regions: Vec<Region>) -> Vec<Region> {
    let mut refined = Vec::new();
    for region in regions {
        if region.who != Who::Conflict || region.count.contains(&0) {
            refined.push(region);
            continue;
        }
        let numbers = |side: usize| sides[side].numbers.get(region.range(side)).unwrap_or_default();
        let hunks = diff::hunks(numbers(0), numbers(1));
        if hunks.is_empty() {
            refined.push(Region {
                who: Who::Same,
                ..region
            });
        }
        refined.extend(hunks.into_iter().map(Signed::from).map(|hunk| Region {
            who: Who::Conflict,
            from: [region.from[0] + hunk.old, region.from[1] + hunk.new],
            count: [hunk.gone, hunk.come],
        }));
    }
    refined
}

/// So many lines between two conflicts become part of one.
const MAX_BETWEEN: isize = 3;

/// Conflicts that are near each other as one.
fn joined(regions: Vec<Region>) -> Vec<Region> {
    let mut joined: Vec<Region> = Vec::new();
    for region in regions {
        if let Some(last) = joined.last_mut()
            && last.who == Who::Conflict
            && region.who == Who::Conflict
            && region.from[0] <= last.from[0] + last.count[0] + MAX_BETWEEN
        {
            for side in 0..2 {
                last.count[side] = region.from[side] + region.count[side] - last.from[side];
            }
        } else {
            joined.push(region);
        }
    }
    joined
}

fn write(base: &Text<'_>, sides: &[Text<'_>; 2], regions: &[Region], style: Style<'_>) -> MergedText {
    let [ours, theirs] = sides;
    let mut bytes = Vec::new();
    let mut conflicts = 0;
    let mut at = 0;
    for region in regions {
        let carriage = if is_crlf(base, sides, region) {
            &b"\r"[..]
        } else {
            b""
        };
        match region.who {
            Who::Same => continue,
            Who::Ours | Who::Theirs | Who::Conflict => {
                copy(&mut bytes, ours, at..region.range(0).start, None)
            }
        }
        match region.who {
            Who::Same => {}
            Who::Ours => copy(&mut bytes, ours, region.range(0), None),
            Who::Theirs => copy(&mut bytes, theirs, region.range(1), None),
            Who::Conflict if style.is_union => {
                copy(&mut bytes, ours, region.range(0), Some(carriage));
                copy(&mut bytes, theirs, region.range(1), None);
            }
            Who::Conflict => {
                conflicts += 1;
                let mark = |bytes: &mut Vec<u8>, character: u8, label: Option<&[u8]>| {
                    bytes.resize(bytes.len() + style.marker, character);
                    if let Some(label) = label {
                        bytes.push(b' ');
                        bytes.extend_from_slice(label);
                    }
                    bytes.extend_from_slice(carriage);
                    bytes.push(b'\n');
                };
                mark(&mut bytes, b'<', Some(style.labels[0]));
                copy(&mut bytes, ours, region.range(0), Some(carriage));
                mark(&mut bytes, b'=', None);
                copy(&mut bytes, theirs, region.range(1), Some(carriage));
                mark(&mut bytes, b'>', Some(style.labels[1]));
            }
        }
        at = region.range(0).end;
    }
    copy(&mut bytes, ours, at..ours.lines.len(), None);
    MergedText { bytes, conflicts }
}

/// Writes lines. With `end`, the last one gets an end if it has none: this and a line feed.
fn copy(bytes: &mut Vec<u8>, text: &Text<'_>, range: Range<usize>, end: Option<&[u8]>) {
    let lines = text.lines.get(range).unwrap_or_default();
    for line in lines {
        bytes.extend_from_slice(line);
    }
    if let (Some(end), Some(last)) = (end, lines.last())
        && !last.ends_with(b"\n")
    {
        bytes.extend_from_slice(end);
        bytes.push(b'\n');
    }
}

/// Lines that are added end in a carriage return and a line feed, as those around them do on both sides and in the base.
fn is_crlf(base: &Text<'_>, sides: &[Text<'_>; 2], region: &Region) -> bool {
    let around = |side: usize| ends_in_crlf(&sides[side], region.range(side).start.saturating_sub(1));
    let ends = [around(0), around(1), ends_in_crlf(base, 0)];
    ends[0] != Some(false) && ends[1] != Some(false) && ends[2] == Some(true)
}

/// How the line `at` ends, or the one before it where it is the last and has no end. `None` where no line says so.
fn ends_in_crlf(text: &Text<'_>, at: usize) -> Option<bool> {
    let is_crlf = |line: &[u8]| line.ends_with(b"\r\n");
    let line = text.lines.get(at)?;
    if at + 1 < text.lines.len() || line.ends_with(b"\n") {
        return Some(is_crlf(line));
    }
    let before = at.checked_sub(1)?;
    text.lines.get(before).map(|line| is_crlf(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> String {
        let style = Style {
            labels: [b"ours", b"theirs"],
            marker: 7,
            is_union: false,
        };
        let merged = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), style);
        String::from_utf8(merged.bytes).expect("text")
    }

    #[test]
    fn changes_of_both_sides_are_kept() {
        assert_eq!(
            merged("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n"),
            "A\nb\nc\nD\n"
        );
        assert_eq!(merged("a\nb\n", "a\nc\n", "a\nc\n"), "a\nc\n");
        assert_eq!(merged("a\nb\n", "a\n", "a\nb\n"), "a\n");
    }

    #[test]
    fn conflicts_have_markers() {
        assert_eq!(
            merged("a\nb", "a\nc", "a\nd"),
            "a\n<<<<<<< ours\nc\n=======\nd\n>>>>>>> theirs\n"
        );
        assert_eq!(
            merged("a\r\nb\r\n", "a\r\nc\r\n", "a\r\nd"),
            "a\r\n<<<<<<< ours\r\nc\r\n=======\r\nd\r\n>>>>>>> theirs\r\n"
        );
    }
}
