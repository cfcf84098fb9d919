//! Scalars in quotes: `'it''s'`, `"a\tb"`.

use std::sync::Arc;

use memchr::{memchr, memchr2};

use super::{Key, MAX_CONTINUED, Reader, is_blank};
use crate::text::Span;
use crate::text::tree::Kind;

/// What closes a quoted scalar.
struct Closing {
    /// Where the quote stands that does.
    at: usize,
    /// What it says differs from what stands there.
    is_escaped: bool,
}

impl Reader<'_> {
    /// The scalar that begins here, if it ends on this line, and where its quote ends.
    pub(super) fn quoted_on_line(&self) -> Option<(Key, usize)> {
        let quote = self.byte();
        let closing = self.closing(quote, self.at.saturating_add(1), self.line_end)?;
        let span = Span::new(self.at.saturating_add(1), closing.at);
        let decoded = closing
            .is_escaped
            .then(|| Arc::from(unquoted(quote, span.of(self.text))));
        Some((Key { span, decoded }, closing.at.saturating_add(1)))
    }

    /// A value in quotes.
    pub(super) fn quoted(&mut self) {
        match self.quoted_scalar(self.top().column) {
            Some(key) => self.scalar(Kind::PlainString, key),
            None => {
                self.fill(Kind::Null, Span::at(self.at));
                self.skip_line("a quote is not closed");
            }
        }
    }

    /// The scalar that begins here. Lines that continue it are further in than `column`.
    pub(super) fn quoted_scalar(&mut self, column: usize) -> Option<Key> {
        if let Some((key, behind)) = self.quoted_on_line() {
            self.at = behind;
            return Some(key);
        }
        let quote = self.byte();
        let region = self.region(column);
        let closing = self.closing(quote, self.at.saturating_add(1), region)?;
        let span = Span::new(self.at.saturating_add(1), closing.at);
        let decoded = Some(Arc::from(unquoted(quote, span.of(self.text))));
        self.at = closing.at.saturating_add(1);
        self.find_line_end();
        Some(Key { span, decoded })
    }

    /// Puts a scalar in the place of the pending value.
    pub(super) fn scalar(&mut self, kind: Kind, key: Key) {
        self.end = self.at;
        let kind = if key.decoded.is_some() {
            Kind::YamlString
        } else {
            kind
        };
        if let Some(id) = self.fill(kind, key.span)
            && let Some(decoded) = key.decoded
        {
            self.document.texts.insert(id, decoded);
        }
    }

    pub(super) fn find_line_end(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.line_end = self.at.saturating_add(memchr(b'\n', rest).unwrap_or(rest.len()));
    }

    /// Where the lines end that may continue a scalar of this line: those that are further in than `column`.
    fn region(&self, column: usize) -> usize {
        let mut end = self.line_end;
        for _ in 0..MAX_CONTINUED {
            let start = end.saturating_add(1);
            let rest = self.bytes.get(start..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let line = rest
                .get(..memchr(b'\n', rest).unwrap_or(rest.len()))
                .unwrap_or_default();
            let spaces = line.iter().position(|byte| !is_blank(*byte));
            if spaces.is_some_and(|spaces| spaces < column) {
                break;
            }
            end = start.saturating_add(line.len());
        }
        end
    }

    fn closing(&self, quote: u8, from: usize, end: usize) -> Option<Closing> {
        let mut at = from;
        let mut is_escaped = false;
        loop {
            let rest = self.bytes.get(at..end)?;
            let found = match quote {
                b'"' => memchr2(b'"', b'\\', rest)?,
                _ => memchr(quote, rest)?,
            };
            at = at.saturating_add(found);
            let doubled =
                quote == b'\'' && at.saturating_add(1) < end && self.byte_at(at.saturating_add(1)) == quote;
            if self.byte_at(at) == quote && !doubled {
                return Some(Closing { at, is_escaped });
            }
            is_escaped = true;
            at = at.saturating_add(2);
        }
    }
}

/// What a text in quotes says.
fn unquoted(quote: u8, raw: &str) -> String {
    let folded = match raw.contains('\n') {
        true => fold(quote, raw),
        false => raw.to_owned(),
    };
    match quote {
        b'\'' => folded.replace("''", "'"),
        _ => unescaped(&folded),
    }
}

/// The lines of a scalar as one: a line end is a space, and an empty line a line end.
pub(super) fn fold(quote: u8, raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut breaks = 0_usize;
    for (number, line) in raw.split('\n').enumerate() {
        let line = match number {
            0 => line.trim_end(),
            _ => line.trim(),
        };
        if number > 0 {
            breaks = breaks.saturating_add(1);
        }
        if line.is_empty() && number > 0 {
            continue;
        }
        if quote == b'"' && text.ends_with('\\') && !text.ends_with("\\\\") {
            text.pop();
        } else if breaks == 1 {
            text.push(' ');
        } else {
            text.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
        }
        breaks = 0;
        text.push_str(line);
    }
    if breaks > 0 {
        text.push(' ');
    }
    text
}

/// The escapes of YAML 1.2.2, section 5.7; an unknown one stays as written.
fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, behind)) = rest.split_once('\\') {
        text.push_str(before);
        let mut characters = behind.chars();
        let Some(escape) = characters.next() else {
            text.push('\\');
            return text;
        };
        rest = characters.as_str();
        let width = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if width > 0 {
            let code = rest
                .get(..width)
                .and_then(|hex| u32::from_str_radix(hex, 16).ok());
            text.push(
                code.and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
            );
            rest = rest.get(width..).unwrap_or_default();
            continue;
        }
        match escape {
            '0' => text.push('\0'),
            'a' => text.push('\u{7}'),
            'b' => text.push('\u{8}'),
            't' | '\t' => text.push('\t'),
            'n' => text.push('\n'),
            'v' => text.push('\u{b}'),
            'f' => text.push('\u{c}'),
            'r' => text.push('\r'),
            'e' => text.push('\u{1b}'),
            ' ' | '"' | '/' | '\\' => text.push(escape),
            'N' => text.push('\u{85}'),
            '_' => text.push('\u{a0}'),
            'L' => text.push('\u{2028}'),
            'P' => text.push('\u{2029}'),
            other => text.extend(['\\', other]),
        }
    }
    text.push_str(rest);
    text
}
