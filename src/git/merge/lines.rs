//! Text as lines, each with a number that equal lines share.

use std::collections::HashMap;

/// Lines of several texts. Equal bytes have equal numbers; the end of a line belongs to it, so that the last line without one
/// differs from the same line with one.
#[derive(Default)]
pub(super) struct Lines<'t> {
    numbers: HashMap<&'t [u8], u32>,
}

/// One text.
#[derive(Clone)]
pub(super) struct Text<'t> {
    /// The bytes of each line, with its end.
    pub(super) lines: Vec<&'t [u8]>,
    /// The number of each line.
    pub(super) numbers: Vec<u32>,
}

impl<'t> Lines<'t> {
    /// The lines of `bytes`.
    pub(super) fn split(&mut self, bytes: &'t [u8]) -> Text<'t> {
        let mut lines = Vec::new();
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            lines.extend(bytes.get(from..=end));
            from = end + 1;
        }
        lines.extend(bytes.get(from..).filter(|rest| !rest.is_empty()));
        let numbers = lines.iter().map(|line| self.number(line)).collect();
        Text { lines, numbers }
    }

    fn number(&mut self, line: &'t [u8]) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(line).or_insert(next)
    }
}

/// Whether a text counts as binary, as git decides: a byte 0 is among its first 8,000.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes.get(..8000).unwrap_or(bytes)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_differs() {
        let mut lines = Lines::default();
        let text = lines.split(b"a\nb\r\na\na");
        assert_eq!(text.lines, [&b"a\n"[..], b"b\r\n", b"a\n", b"a"]);
        assert_eq!(text.numbers, [0, 1, 0, 2]);
        assert!(lines.split(b"").lines.is_empty());
        assert!(is_binary(b"a\0") && !is_binary(&[b'a'; 9000]));
    }
}
