//! Scalars without quotes, and those in blocks (`|`, `>`).

use std::sync::Arc;

use memchr::{memchr, memchr2};

use super::quoted::fold;
use super::{Key, MAX_CONTINUED, Reader, is_blank, kind_of};
use crate::text::Span;
use crate::text::tree::Kind;

/// How a line ends that a scalar without quotes stands on.
enum Rest {
    /// With the scalar.
    Nothing,
    /// With a comment.
    Comment,
    /// There is a colon as behind a key.
    Colon,
}

impl Reader<'_> {
    /// A value without quotes; lines that are further in continue it.
    pub(super) fn plain(&mut self) {
        let start = self.at;
        let column = self.top().column;
        let (mut end, mut rest) = self.plain_part(start);
        let mut is_continued = false;
        for _ in 0..MAX_CONTINUED {
            let Some((next, line_end)) = self.continued(column).filter(|_| matches!(rest, Rest::Nothing))
            else {
                break;
            };
            is_continued = true;
            self.line_end = line_end;
            (end, rest) = self.plain_part(next);
        }
        let span = Span::new(start, end);
        if matches!(rest, Rest::Colon) {
            self.fill(Kind::Null, span);
            return self.skip_line("a second key and colon on one line");
        }
        self.at = end;
        let raw = span.of(self.text);
        let decoded = is_continued.then(|| Arc::from(fold(b' ', raw)));
        self.scalar(kind_of(raw), Key { span, decoded });
    }

    /// Where the part ends that begins at `start`, and what is behind it on its line.
    fn plain_part(&self, start: usize) -> (usize, Rest) {
        let line = self.bytes.get(start..self.line_end).unwrap_or_default();
        let mut length = line.len();
        let mut rest = Rest::Nothing;
        let mut from = 0;
        while let Some(found) = line.get(from..).and_then(|rest| memchr2(b':', b'#', rest)) {
            let at = from.saturating_add(found);
            let is_colon = line.get(at) == Some(&b':');
            let beside = match is_colon {
                true => line.get(at.saturating_add(1)),
                false => line.get(at.wrapping_sub(1)),
            };
            if beside.is_none_or(|byte| is_blank(*byte)) {
                rest = if is_colon { Rest::Colon } else { Rest::Comment };
                length = at;
                break;
            }
            from = at.saturating_add(1);
        }
        let text = line.get(..length).unwrap_or_default().trim_ascii_end();
        (start.saturating_add(text.len()), rest)
    }

    /// Where the line begins and ends that continues a scalar: the next one that is not blank, if it is further in than
    /// `column` and no comment.
    fn continued(&self, column: usize) -> Option<(usize, usize)> {
        let mut start = self.line_end.saturating_add(1);
        for _ in 0..MAX_CONTINUED {
            let rest = self.bytes.get(start..)?;
            let spaces = rest.iter().position(|byte| *byte != b' ')?;
            match rest.get(spaces)? {
                b'\n' | b'\r' | b'\t' => {
                    let end = memchr(b'\n', rest)?;
                    let blank = rest.get(spaces..end)?.iter().all(|byte| is_blank(*byte));
                    start = blank.then(|| start.saturating_add(end).saturating_add(1))?;
                }
                b'#' => return None,
                _ if spaces < column.max(1) => return None,
                _ => {
                    let end = memchr(b'\n', rest).unwrap_or(rest.len());
                    return Some((start.saturating_add(spaces), start.saturating_add(end)));
                }
            }
        }
        None
    }

    /// A value in a block of lines below its header.
    pub(super) fn block(&mut self) {
        let is_folded = self.byte() == b'>';
        let column = self.top().column;
        let header = self.bytes.get(self.at.saturating_add(1)..self.line_end);
        let header = header.unwrap_or_default();
        let header_end = super::comment(header).unwrap_or(header.len());
        let header = header.get(..header_end).unwrap_or_default().trim_ascii_end();
        let mut indent = None;
        let mut chomp = b' ';
        for byte in header {
            match byte {
                b'1'..=b'9' if indent.is_none() => {
                    indent = Some(column.saturating_sub(1).saturating_add(usize::from(byte - b'0')));
                }
                b'+' | b'-' if chomp == b' ' => chomp = *byte,
                _ => return self.skip_line("no header of a block of text"),
            }
        }
        let mut lines: Vec<&str> = Vec::new();
        let mut span: Option<Span> = None;
        let mut start = self.line_end.saturating_add(1);
        while let Some(rest) = self.bytes.get(start..).filter(|rest| !rest.is_empty()) {
            let end = start.saturating_add(memchr(b'\n', rest).unwrap_or(rest.len()));
            let line = self.text.get(start..end).unwrap_or_default();
            let line = line.strip_suffix('\r').unwrap_or(line);
            let spaces = line.bytes().position(|byte| byte != b' ');
            let Some(spaces) = spaces else {
                lines.push("");
                start = end.saturating_add(1);
                continue;
            };
            let wanted = *indent.get_or_insert(spaces);
            if spaces < column || spaces < wanted {
                break;
            }
            lines.push(line.get(wanted..).unwrap_or_default());
            let whole = Span::new(start.saturating_add(spaces), start.saturating_add(line.len()));
            span = Some(span.map_or(whole, |span| span.join(whole)));
            self.line_end = end;
            start = end.saturating_add(1);
        }
        self.at = self.line_end;
        let mut decoded = match is_folded {
            true => folded(&lines),
            false => lines.join("\n"),
        };
        if chomp != b'+' {
            decoded.truncate(decoded.trim_end_matches('\n').len());
        }
        if chomp != b'-' && !decoded.is_empty() {
            decoded.push('\n');
        }
        let span = span.unwrap_or(Span::at(self.at));
        let decoded = Some(Arc::from(decoded));
        self.scalar(Kind::YamlString, Key { span, decoded });
    }
}

/// The lines of a `>` block: those of one paragraph are joined by spaces; what is further in keeps its line ends.
fn folded(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut breaks = 0_usize;
    let mut was_further_in = false;
    for (number, line) in lines.iter().enumerate() {
        breaks = breaks.saturating_add(usize::from(number > 0));
        if line.is_empty() {
            continue;
        }
        let is_further_in = line.starts_with([' ', '\t']);
        match (breaks, was_further_in || is_further_in) {
            (1, false) => text.push(' '),
            (_, false) => text.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1))),
            (_, true) => text.extend(std::iter::repeat_n('\n', breaks)),
        }
        breaks = 0;
        was_further_in = is_further_in;
        text.push_str(line);
    }
    text
}
