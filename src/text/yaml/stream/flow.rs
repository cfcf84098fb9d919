//! Collections in brackets: `{node: '>=4'}`, `[x64, arm64]`, over one line or several.

use memchr::memchr;

use super::{FLOW, Key, Open, Reader, is_blank, is_plain_start, is_space, kind_of};
use crate::text::tree::{Kind, Node};
use crate::text::{MAX_DEPTH, Span};

/// What may come next inside of brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// A value or key, or the end.
    Item,
    /// A colon, a comma or the end.
    Colon,
    Value,
    /// A comma or the end.
    Comma,
}

impl Reader<'_> {
    /// A collection in brackets, with all inside.
    pub(super) fn flow(&mut self) {
        let outside = self.open.len();
        let column = self.top().column;
        let start = self.at;
        let mut expects = Expects::Value;
        loop {
            if !self.flow_space(column) {
                self.problems.add(
                    Span::new(start, start.saturating_add(1)),
                    "a bracket is not closed",
                );
                break;
            }
            let next = match self.byte() {
                bracket @ (b'{' | b'[') => self.flow_open(bracket, expects),
                b'}' => self.flow_close(Kind::Object, expects, outside),
                b']' => self.flow_close(Kind::Array, expects, outside),
                b',' if matches!(expects, Expects::Comma | Expects::Colon) => {
                    self.at = self.at.saturating_add(1);
                    Some(Expects::Item)
                }
                b':' if expects == Expects::Colon => {
                    self.at = self.at.saturating_add(1);
                    Some(Expects::Value)
                }
                _ => self.flow_scalar(expects, column),
            };
            if self.open.len() == outside {
                return;
            }
            let Some(next) = next else {
                self.skip_line("this is not expected inside of brackets");
                break;
            };
            expects = next;
        }
        while self.open.len() > outside {
            self.close();
        }
    }

    fn flow_open(&mut self, bracket: u8, expects: Expects) -> Option<Expects> {
        let kind = if bracket == b'{' {
            Kind::Object
        } else {
            Kind::Array
        };
        if self.open.len() >= MAX_DEPTH {
            return None;
        }
        self.flow_place(expects)?;
        let id = self.fill(kind, Span::at(self.at))?;
        self.open.push(Open::new(id, kind, FLOW));
        self.at = self.at.saturating_add(1);
        Some(Expects::Item)
    }

    /// Makes a place for a value: of a list an item, of a mapping it is that of the key.
    fn flow_place(&mut self, expects: Expects) -> Option<()> {
        match (expects, self.top().kind) {
            (Expects::Item, Kind::Array) => {
                let id = self.add(Node::new(Kind::Null, Span::at(self.at)), None);
                self.open.last_mut()?.pending = Some(id);
                Some(())
            }
            (Expects::Value, _) => Some(()),
            (_, _) => None,
        }
    }

    fn flow_close(&mut self, kind: Kind, expects: Expects, outside: usize) -> Option<Expects> {
        if self.top().kind != kind
            || self.open.len() <= outside
            || expects == Expects::Value && kind == Kind::Array
        {
            return None;
        }
        self.at = self.at.saturating_add(1);
        self.end = self.at;
        self.close();
        Some(Expects::Comma)
    }

    fn flow_scalar(&mut self, expects: Expects, column: usize) -> Option<Expects> {
        let is_key = expects == Expects::Item && self.top().kind == Kind::Object;
        if !is_key {
            self.flow_place(expects)?;
        }
        let (key, kind) = match self.byte() {
            b'"' | b'\'' => (self.quoted_scalar(column)?, Kind::PlainString),
            first if is_plain_start(first) => {
                let span = Span::new(self.at, self.flow_plain_end());
                self.at = (span.end as usize).max(self.at.saturating_add(1));
                let kind = kind_of(span.of(self.text));
                (Key { span, decoded: None }, kind)
            }
            _ => return None,
        };
        if is_key {
            self.end = self.at;
            self.add_key(key);
            return Some(Expects::Colon);
        }
        self.scalar(kind, key);
        Some(Expects::Comma)
    }

    fn flow_plain_end(&self) -> usize {
        let line = self.bytes.get(self.at..self.line_end).unwrap_or_default();
        let is_bracket = |byte: u8| matches!(byte, b',' | b'[' | b']' | b'{' | b'}');
        let mut before = b' ';
        let mut length = 0;
        for (at, byte) in line.iter().enumerate() {
            let ends = match byte {
                b':' => line
                    .get(at.saturating_add(1))
                    .is_none_or(|next| is_space(*next) || is_bracket(*next)),
                b'#' => is_blank(before),
                byte => is_bracket(*byte),
            };
            if ends {
                break;
            }
            before = *byte;
            length = at.saturating_add(1);
        }
        let text = line.get(..length).unwrap_or_default().trim_ascii_end();
        self.at.saturating_add(text.len())
    }

    /// Goes to the next character that counts; `false` at a line that is not further in than `column`, and at the end.
    fn flow_space(&mut self, column: usize) -> bool {
        self.skip_blanks();
        if self.at < self.line_end && self.byte() != b'#' {
            return true;
        }
        loop {
            let start = self.line_end.saturating_add(1);
            let rest = self.bytes.get(start..).unwrap_or_default();
            if rest.is_empty() {
                self.at = self.line_end;
                return false;
            }
            let line = rest
                .get(..memchr(b'\n', rest).unwrap_or(rest.len()))
                .unwrap_or_default();
            let blanks = line.iter().position(|byte| !is_blank(*byte));
            let is_outside = blanks.is_some_and(|blanks| blanks < column);
            if is_outside {
                self.at = self.line_end;
                return false;
            }
            self.line_end = start.saturating_add(line.len());
            if let Some(blanks) = blanks.filter(|blanks| line.get(*blanks) != Some(&b'#')) {
                self.at = start.saturating_add(blanks);
                return true;
            }
        }
    }
}
