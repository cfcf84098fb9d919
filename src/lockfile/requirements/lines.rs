//! The lines of a requirements file as pip joins them: a `\` at the end goes on with the next line, and a comment
//! starts at a `#` at the start or behind white space, after the joining.

use std::borrow::Cow;
use std::ops::Range;

use crate::text::Span;

/// One logical line, with the way back to the places of its characters.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// The joined text, comment included.
    text: Cow<'t, str>,
    /// Offset in the joined text and in the file of each part, in ascending order; never empty.
    pieces: Vec<(usize, usize)>,
    /// Where the comment starts, or the end.
    comment: usize,
}

/// The logical lines of `text`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut physical = physical_lines(text);
    std::iter::from_fn(move || {
        let (start, line) = physical.next()?;
        if !goes_on(line) {
            return Some(Line::new(Cow::Borrowed(line), vec![(0, start)]));
        }
        let mut joined = String::new();
        let mut pieces = Vec::new();
        add(&mut joined, &mut pieces, start, line);
        for (start, line) in physical.by_ref() {
            if goes_on(line) {
                add(&mut joined, &mut pieces, start, line);
                continue;
            }
            if is_comment(line) {
                joined.push(' ');
            }
            pieces.push((joined.len(), start));
            joined.push_str(line);
            break;
        }
        Some(Line::new(Cow::Owned(joined), pieces))
    })
}

impl<'t> Line<'t> {
    fn new(text: Cow<'t, str>, pieces: Vec<(usize, usize)>) -> Self {
        let comment = comment_start(&text).unwrap_or(text.len());
        Self {
            text,
            pieces,
            comment,
        }
    }

    /// What pip reads: the text before the comment, without white space at its end.
    pub(super) fn code(&self) -> &str {
        self.text.get(..self.comment).unwrap_or_default().trim_end()
    }

    /// The comment behind its `#`.
    pub(super) fn comment(&self) -> Option<&str> {
        self.text.get(self.comment..)?.strip_prefix('#')
    }

    /// The place of the comment in the file, from its `#` on.
    pub(super) fn comment_span(&self) -> Option<Span> {
        let comment = self.comment()?;
        let end = self.comment.saturating_add(1).saturating_add(comment.len());
        Some(self.span(self.comment..end))
    }

    /// The place of `range` of [`Line::code`] in the file.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let start = self.place(range.start);
        if range.is_empty() {
            return Span::at(start);
        }
        Span::new(start, self.place(range.end.saturating_sub(1)).saturating_add(1))
    }

    /// The place of the whole code.
    pub(super) fn code_span(&self) -> Span {
        let code = self.code();
        self.span(code.len().saturating_sub(code.trim_start().len())..code.len())
    }

    fn place(&self, offset: usize) -> usize {
        let after = self.pieces.partition_point(|(joined, _)| *joined <= offset);
        let piece = self.pieces.get(after.saturating_sub(1));
        let (joined, start) = piece.copied().unwrap_or_default();
        start.saturating_add(offset.saturating_sub(joined))
    }
}

/// The line goes on with the next one; a line that is only a comment never does.
fn goes_on(line: &str) -> bool {
    line.ends_with('\\') && !is_comment(line)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Adds a line that goes on; pip takes the backslashes off both of its ends.
fn add(joined: &mut String, pieces: &mut Vec<(usize, usize)>, start: usize, line: &str) {
    let kept = line.trim_start_matches('\\');
    let skipped = line.len().saturating_sub(kept.len());
    pieces.push((joined.len(), start.saturating_add(skipped)));
    joined.push_str(kept.trim_end_matches('\\'));
}

/// The first `#` at the start or behind white space.
fn comment_start(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'#', text.as_bytes()).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.is_empty() || before.ends_with(char::is_whitespace)
    })
}

/// The lines as Python's `splitlines` splits them, with their offsets.
fn physical_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0_usize;
    text.split('\n').flat_map(move |line| {
        let mut start = offset;
        offset = offset.saturating_add(line.len()).saturating_add(1);
        line.strip_suffix('\r')
            .unwrap_or(line)
            .split_inclusive(ends_line)
            .map(move |part| {
                let at = start;
                start = start.saturating_add(part.len());
                (at, part.strip_suffix(ends_line).unwrap_or(part))
            })
    })
}

fn ends_line(character: char) -> bool {
    matches!(
        character,
        '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_lines_keep_their_places() {
        let text = "a==1 \\\r\n  --hash=x \\\n  # via b\nc==2 # d \\\ne==3\nf#g\\\n#h\n \\";
        let found: Vec<Line<'_>> = lines(text).collect();
        let codes: Vec<&str> = found.iter().map(Line::code).collect();
        assert_eq!(codes, ["a==1   --hash=x", "c==2", "f#g", ""]);
        assert_eq!(found[0].comment(), Some(" via b"));
        assert_eq!(found[1].comment(), Some(" d e==3"));
        let hash = found[0].code().find("--hash").expect("a hash");
        assert_eq!(found[0].span(hash..hash + 8).of(text), "--hash=x");
        assert_eq!(found[1].span(3..4).of(text), "2");
        assert_eq!(found[0].code_span().of(text), "a==1 \\\r\n  --hash=x");
    }

    #[test]
    fn every_line_end_of_python_counts() {
        let text = "a\rb\u{c}c\u{2028}d\r\ne";
        let codes: Vec<String> = lines(text).map(|line| line.code().to_owned()).collect();
        assert_eq!(codes, ["a", "b", "c", "d", "e"]);
    }
}
