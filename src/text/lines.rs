//! From byte offsets to lines and columns.

use std::sync::OnceLock;

use super::Span;

/// A place as people and SARIF count: 1-based line, 1-based column in Unicode code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// 1-based line; lines end at LF.
    pub line: u32,
    /// 1-based column in code points.
    pub column: u32,
}

impl Position {
    /// The first character of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// The lines of a text. Few of its places are asked for, so nothing is kept of a line: the line ends and code points before
/// each multiple of [`STEP`] are, and a place is counted from the nearest.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    /// Line ends before each multiple of [`STEP`].
    ends: Vec<u32>,
    /// Code points before each multiple of [`STEP`]; counted when a column far behind the start of its line is first asked for.
    counts: OnceLock<Vec<u32>>,
}

/// So many bytes are counted one by one.
const STEP: usize = 1024;

impl<'t> Lines<'t> {
    /// Finds the lines of `text` in one pass.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let mut sum = 0;
        let mut ends = Vec::with_capacity(text.len() / STEP + 1);
        ends.push(0);
        for step in text.as_bytes().chunks_exact(STEP) {
            sum += line_ends(step);
            ends.push(sum);
        }
        Self {
            text,
            ends,
            counts: OnceLock::new(),
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The place of byte `offset`; an offset after the end is taken for the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let end = (offset as usize).min(self.text.len());
        let start = self.start_of_line(end);
        Position {
            line: self.number(offset),
            column: self.code_points(start, end) as u32 + 1,
        }
    }

    /// The code points that begin from `start` on and before `end`.
    fn code_points(&self, start: usize, end: usize) -> usize {
        let counted = |from: usize, to: usize| {
            // A code point begins at every byte that is no UTF-8 continuation.
            let bytes = self.text.as_bytes().get(from..to).unwrap_or_default();
            bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
        };
        let (first, last) = (start.div_ceil(STEP), end / STEP);
        if first >= last {
            return counted(start, end);
        }
        let counts = self.counts.get_or_init(|| {
            let mut sum = 0;
            let mut counts = vec![0];
            for step in 1..=self.text.len() / STEP {
                sum += counted((step - 1) * STEP, step * STEP) as u32;
                counts.push(sum);
            }
            counts
        });
        let before = |step: usize| counts.get(step).copied().unwrap_or_default() as usize;
        counted(start, first * STEP)
            .saturating_add(before(last).saturating_sub(before(first)))
            .saturating_add(counted(last * STEP, end))
    }

    /// The number of the line (1-based) that byte `offset` stands in; quicker than its whole place.
    #[must_use]
    pub fn number(&self, offset: u32) -> u32 {
        let end = (offset as usize).min(self.text.len());
        let step = end / STEP;
        let bytes = self.text.as_bytes().get(step * STEP..end).unwrap_or_default();
        self.ends.get(step).copied().unwrap_or_default() + line_ends(bytes) + 1
    }

    /// Where the line begins that byte `offset` stands in.
    fn start_of_line(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = offset;
        let mut step = offset / STEP;
        loop {
            let from = step * STEP;
            if let Some(found) = memchr::memrchr(b'\n', bytes.get(from..end).unwrap_or_default()) {
                return from + found + 1;
            }
            // Steps without a line end are stepped over.
            let before = self.ends.get(step).copied().unwrap_or_default();
            match self.ends.partition_point(|ends| *ends < before).checked_sub(1) {
                Some(last) if last < step => (step, end) = (last, (last + 1) * STEP),
                Some(_) | None => return 0,
            }
        }
    }

    /// The span of the line numbered `line` (1-based), without its end.
    #[must_use]
    pub fn line(&self, line: u32) -> Span {
        let start = match line.saturating_sub(2) {
            _ if line <= 1 => Some(0),
            before => self.line_end(before).map(|end| end + 1),
        };
        let start = start.unwrap_or(self.text.len());
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        Span::new(start, start + length)
    }

    /// Where the line end numbered `number` stands, counted from 0.
    fn line_end(&self, number: u32) -> Option<usize> {
        let step = self.ends.partition_point(|ends| *ends <= number).checked_sub(1)?;
        let from = step * STEP;
        let before = self.ends.get(step)?;
        let rest = self.text.as_bytes().get(from..)?;
        let end = memchr::memchr_iter(b'\n', rest).nth(number.checked_sub(*before)? as usize)?;
        Some(from + end)
    }
}

fn line_ends(bytes: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', bytes).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_code_points() {
        let lines = Lines::of("a\nä→x\n");
        assert_eq!(lines.position(0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(2), Position { line: 2, column: 1 });
        assert_eq!(lines.position(7), Position { line: 2, column: 3 });
        assert_eq!(lines.position(9), Position { line: 3, column: 1 });
        assert_eq!(lines.position(900), Position { line: 3, column: 1 });
        assert_eq!(
            [0, 1, 2, 9, 900].map(|offset| lines.number(offset)),
            [1, 1, 2, 3, 3]
        );
    }

    #[test]
    fn lines_are_those_that_are_counted_from_the_start() {
        let long = "y".repeat(3_000);
        let text = format!(
            "{}{long}\n\n{}\n{long}",
            "a\n".repeat(700),
            "line of some length\n".repeat(200)
        );
        for text in [text.as_str(), "", "\n", "a", "a\n", &text[..1024], &text[..2048]] {
            let lines = Lines::of(text);
            for offset in 0..=text.len() + 1 {
                let before = &text[..offset.min(text.len())];
                let line = before.matches('\n').count() as u32 + 1;
                let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
                let column = column as u32 + 1;
                assert_eq!(
                    lines.position(offset as u32),
                    Position { line, column },
                    "at {offset}"
                );
            }
            let mut start = 0;
            for (number, line) in text.split('\n').enumerate() {
                let span = Span::new(start, start + line.len());
                assert_eq!(lines.line(number as u32 + 1), span, "line {}", number + 1);
                start += line.len() + 1;
            }
            let behind = text.split('\n').count() as u32 + 1;
            assert!(lines.line(behind).is_empty());
        }
    }

    #[test]
    fn columns_of_a_long_line_are_those_that_are_counted_from_its_start() {
        let text = format!("a\n{}\n{}", "ä→x𝄞".repeat(1_000), "z".repeat(5_000));
        let lines = Lines::of(&text);
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
            let column = text[start..offset].chars().count() as u32 + 1;
            assert_eq!(lines.position(offset as u32).column, column, "at {offset}");
        }
    }
}
