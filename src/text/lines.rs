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

/// Where the lines of a text start.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
    /// Code points before each multiple of [`STEP`]; counted when a column far behind the start of its line is first asked for.
    counts: OnceLock<Vec<u32>>,
}

/// So many bytes are counted one by one. A file of one line has its places counted from the nearest multiple.
const STEP: usize = 1024;

impl<'t> Lines<'t> {
    /// Finds the lines of `text` in one pass.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / 40);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|offset| offset as u32 + 1));
        Self {
            text,
            starts,
            counts: OnceLock::new(),
        }
    }

    /// The place of byte `offset`; an offset after the end is taken for the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let end = (offset as usize).min(self.text.len());
        let column = self.code_points(start as usize, end);
        Position {
            line: line.max(1) as u32,
            column: column as u32 + 1,
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
        self.starts.partition_point(|start| *start <= offset).max(1) as u32
    }

    /// The span of the line numbered `line` (1-based), without its end.
    #[must_use]
    pub fn line(&self, line: u32) -> Span {
        let index = line.saturating_sub(1) as usize;
        let start = self.starts.get(index).copied().unwrap_or(self.text.len() as u32);
        let end = self
            .starts
            .get(index.saturating_add(1))
            .map_or(self.text.len() as u32, |next| next - 1);
        Span::new(start as usize, end as usize)
    }
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
