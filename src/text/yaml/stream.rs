//! A positioned reader of the YAML that programs write: block and flow collections, scalars of every style, several
//! documents. It goes on after damage and takes time linear in its input, so that a lockfile of many megabytes is read.
//!
//! It works line by line. What a line belongs to follows from its indentation, so that a damaged line costs itself and
//! what is below it. Explicit keys (`? key`) are read where the key is one line. No tool writes anchors, aliases,
//! tags, directives or keys that are collections into a lockfile: each is a problem, and its value is null. A key that is written twice in one
//! mapping is a problem.
//!
//! The reader of policies ([`super::read`]) is another one: it reads all of YAML, within narrow bounds.

mod flow;
mod quoted;
mod text;

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memchr;

use super::scalar;
use crate::text::tree::{Document, Kind, NONE, Node};
use crate::text::{MAX_DEPTH, Problems, Span};

/// Reads every document of `text`. The root of the answer is the list of the documents, in their order; a text without one
/// is an empty list.
#[must_use]
pub fn read_stream(text: &str) -> Document<'_> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line_end: 0,
        end: 0,
        document: Document::empty(text),
        problems: Problems::default(),
        open: Vec::new(),
        in_document: false,
    };
    if let Some(root) = reader.document.nodes.first_mut() {
        *root = Node::new(Kind::Array, Span::new(0, text.len()));
    }
    reader.open.push(Open::new(0, Kind::Array, 0));
    reader.run();
    let Reader {
        mut document,
        problems,
        ..
    } = reader;
    document.problems = problems.into_vec();
    document
}

/// A line that continues a scalar must not be further away than this many lines from its start.
const MAX_CONTINUED: usize = 1_000;

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Where the line ends that is being read.
    line_end: usize,
    /// Where the last value or key that was read ends.
    end: usize,
    document: Document<'t>,
    problems: Problems,
    /// The open collections, the outermost, which is the list of documents, first.
    open: Vec<Open>,
    in_document: bool,
}

/// A collection that is being read.
#[derive(Clone, Copy)]
struct Open {
    id: u32,
    kind: Kind,
    /// The column of its keys or dashes, counted from 1; 0 for the list of documents and [`FLOW`] inside of brackets.
    column: usize,
    /// The value that comes next; it stays null if nothing does.
    pending: Option<u32>,
    /// The pending value follows behind a colon on a line of its own.
    explicit: bool,
    /// Its keys so far ascend, so that none is written twice.
    ascends: bool,
    last_key: Span,
}

/// The column of what is in brackets.
const FLOW: usize = usize::MAX;

impl Open {
    fn new(id: u32, kind: Kind, column: usize) -> Self {
        Self {
            id,
            kind,
            column,
            pending: None,
            explicit: false,
            ascends: true,
            last_key: Span::default(),
        }
    }
}

/// A key: where it stands, and what it says if that differs.
struct Key {
    span: Span,
    decoded: Option<Arc<str>>,
}

impl<'t> Reader<'t> {
    fn run(&mut self) {
        while let Some(column) = self.next_line() {
            self.line(column);
            self.end_line();
        }
        while self.open.len() > 1 {
            self.close();
        }
        if self.document.nodes.len() <= 1 {
            self.problems.add(Span::at(0), "the file is empty");
        }
    }

    /// Goes to the first character of the next line that has any, and gives its column, counted from 1.
    fn next_line(&mut self) -> Option<usize> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            let spaces = rest.iter().position(|byte| *byte != b' ')?;
            let line_end = || self.at.saturating_add(memchr(b'\n', rest).unwrap_or(rest.len()));
            match rest.get(spaces) {
                Some(b'\n') => {
                    self.at = self.at.saturating_add(spaces).saturating_add(1);
                    continue;
                }
                Some(b'#' | b'\r' | b'\t') => {
                    let end = line_end();
                    let start = self.at.saturating_add(spaces);
                    let blank = self.bytes.get(start..end).unwrap_or_default();
                    if rest.get(spaces) != Some(&b'#') && !blank.iter().all(|byte| is_blank(*byte)) {
                        self.problems.add(
                            Span::new(start, end),
                            "this line is indented with other than spaces",
                        );
                    }
                    self.at = end.saturating_add(1);
                    continue;
                }
                Some(_) => {}
                None => return None,
            }
            self.line_end = line_end();
            self.at = self.at.saturating_add(spaces);
            return Some(spaces.saturating_add(1));
        }
    }

    /// The rest of the line must be blank or a comment.
    fn end_line(&mut self) {
        self.skip_blanks();
        if self.at < self.line_end && self.byte() != b'#' {
            self.problems.add(
                Span::new(self.at, self.line_end),
                "this is not expected at the end of the line",
            );
        }
        self.at = self.line_end.saturating_add(1);
    }

    fn skip_line(&mut self, message: &str) {
        self.problems.add(Span::new(self.at, self.line_end), message);
        self.at = self.line_end;
    }

    fn skip_blanks(&mut self) {
        while self.at < self.line_end && is_blank(self.byte()) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn byte(&self) -> u8 {
        self.byte_at(self.at)
    }

    fn byte_at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    /// `-` or another indicator stands here, and white space behind it.
    fn is_indicator(&self, indicator: u8) -> bool {
        self.byte() == indicator && is_space(self.byte_at(self.at.saturating_add(1)))
    }

    fn line(&mut self, column: usize) {
        if column == 1 && self.marker(b"---") {
            self.begin_document();
            self.at = self.at.saturating_add(3);
            self.skip_blanks();
            if self.at < self.line_end && self.byte() != b'#' {
                self.inline_value();
            }
            return;
        }
        if column == 1 && self.marker(b"...") {
            self.end_document();
            self.at = self.at.saturating_add(3);
            return;
        }
        if column == 1 && self.byte() == b'%' && !self.in_document {
            return self.skip_line("a directive, which no lockfile has");
        }
        if !self.in_document {
            self.begin_document();
        }
        while self.top().column > column {
            self.close();
        }
        let is_dash = self.is_indicator(b'-');
        if self.top().column == column && self.top().kind == Kind::Array && !is_dash {
            // A list may have the column of the keys of the mapping that it is in.
            self.close();
        }
        let top = self.top();
        match (top.kind, top.pending) {
            (Kind::Array, _) if top.column == column => self.items(column),
            (_, Some(_)) if top.column == column && is_dash => {
                if self.open(Kind::Array, column) {
                    self.items(column);
                }
            }
            (_, _) if top.column == column => self.entry(),
            (_, Some(_)) => self.node(column),
            (_, None) => self.skip_line("this is indented as nothing before it is"),
        }
    }

    fn marker(&self, marker: &[u8; 3]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.starts_with(marker) && rest.get(3).is_none_or(|byte| is_space(*byte))
    }

    fn begin_document(&mut self) {
        self.end_document();
        self.in_document = true;
        let id = self.add(Node::new(Kind::Null, Span::at(self.at)), None);
        if let Some(open) = self.open.first_mut() {
            open.pending = Some(id);
        }
    }

    fn end_document(&mut self) {
        while self.open.len() > 1 {
            self.close();
        }
        self.in_document = false;
        if let Some(open) = self.open.first_mut() {
            open.pending = None;
        }
    }

    /// The items of a list that begin on this line, one in the other: `- - a`.
    fn items(&mut self, mut column: usize) {
        loop {
            let dash = self.at;
            let id = self.add(Node::new(Kind::Null, Span::at(dash)), None);
            self.end = dash.saturating_add(1);
            if let Some(open) = self.open.last_mut() {
                open.pending = Some(id);
            }
            self.at = dash.saturating_add(1);
            self.skip_blanks();
            if self.at >= self.line_end || self.byte() == b'#' {
                return;
            }
            column = column.saturating_add(self.at.saturating_sub(dash));
            if !self.is_indicator(b'-') {
                return self.node(column);
            }
            if !self.open(Kind::Array, column) {
                return;
            }
        }
    }

    /// A value that begins a line or follows a dash: it may be a mapping or a list.
    fn node(&mut self, column: usize) {
        if self.is_indicator(b'-') {
            if self.open(Kind::Array, column) {
                self.items(column);
            }
            return;
        }
        let is_key = match self.byte() {
            b'?' => self.is_indicator(b'?'),
            b'"' | b'\'' => self.quoted_key().is_some(),
            first if is_plain_start(first) => self.plain_key().is_some(),
            _ => false,
        };
        match is_key {
            true if self.open(Kind::Object, column) => self.entry(),
            true => {}
            false => self.inline_value(),
        }
    }

    /// A key of the innermost mapping, and what of its value stands on the same line.
    fn entry(&mut self) {
        if self.top().explicit && self.is_indicator(b':') {
            if let Some(open) = self.open.last_mut() {
                open.explicit = false;
            }
            let colon = self.at;
            self.at = self.at.saturating_add(1);
            self.end = self.at;
            self.skip_blanks();
            if self.at < self.line_end && self.byte() != b'#' {
                // A mapping or a list may begin behind this colon.
                let column = self.top().column.saturating_add(self.at.saturating_sub(colon));
                self.node(column);
            }
            return;
        }
        if self.is_indicator(b'?') {
            self.at = self.at.saturating_add(1);
            self.skip_blanks();
            let Some(key) = self.line_key() else {
                return self.skip_line("a key that is no single line of text");
            };
            self.add_key(key);
            if let Some(open) = self.open.last_mut() {
                open.explicit = true;
            }
            return;
        }
        let found = match self.byte() {
            b'"' | b'\'' => self.quoted_key(),
            first if is_plain_start(first) => self.plain_key(),
            _ => None,
        };
        let Some((key, behind)) = found else {
            if let Some(open) = self.open.last_mut() {
                open.pending = None;
            }
            return self.skip_line("no key and colon stand here");
        };
        self.at = behind;
        self.add_key(key);
        self.value_behind();
    }

    fn value_behind(&mut self) {
        self.end = self.at;
        self.skip_blanks();
        if self.at < self.line_end && self.byte() != b'#' {
            self.inline_value();
        }
    }

    fn add_key(&mut self, key: Key) {
        let (end, start) = (key.span.end as usize, key.span.start as usize);
        let mut node = Node::new(Kind::Null, Span::at(self.at.max(end)));
        node.key = key.span;
        if key.decoded.is_some() {
            node.key_kind = Kind::YamlString;
        }
        let id = self.add(node, key.decoded);
        let text = self.bytes.get(start..end).unwrap_or_default();
        let last = self.top().last_key;
        let ascends = last.start == last.end
            || self
                .bytes
                .get(last.start as usize..last.end as usize)
                .is_some_and(|last| last < text);
        if let Some(open) = self.open.last_mut() {
            open.ascends &= ascends && !key.span.is_empty();
            open.last_key = key.span;
            open.pending = Some(id);
            open.explicit = false;
        }
    }

    /// A value that stands behind its key, or on a line where no key is.
    fn inline_value(&mut self) {
        match self.byte() {
            b'"' | b'\'' => self.quoted(),
            b'{' | b'[' => self.flow(),
            b'|' | b'>' => self.block(),
            b'&' => self.skip_line("an anchor, which no lockfile has"),
            b'*' => self.skip_line("an alias, which no lockfile has"),
            b'!' => self.skip_line("a tag, which no lockfile has"),
            b'-' if self.is_indicator(b'-') => self.skip_line("a list begins behind a key"),
            first if is_plain_start(first) => self.plain(),
            _ => self.skip_line("no value begins so"),
        }
    }

    /// A key without quotes, and where its colon ends.
    fn plain_key(&self) -> Option<(Key, usize)> {
        let line = self.bytes.get(self.at..self.line_end)?;
        let mut from = 0;
        let colon = loop {
            let colon = from + memchr(b':', line.get(from..)?)?;
            if line.get(colon + 1).is_none_or(|byte| is_blank(*byte)) {
                break colon;
            }
            from = colon + 1;
        };
        let key = line.get(..colon)?.trim_ascii_end();
        if comment(key).is_some() {
            return None;
        }
        let span = Span::new(self.at, self.at.saturating_add(key.len()));
        Some((Key { span, decoded: None }, self.at.saturating_add(colon + 1)))
    }

    /// A key in quotes, and where its colon ends.
    fn quoted_key(&self) -> Option<(Key, usize)> {
        let (key, mut at) = self.quoted_on_line()?;
        while is_blank(self.byte_at(at)) {
            at = at.saturating_add(1);
        }
        let behind = at.saturating_add(1);
        (self.byte_at(at) == b':' && is_space(self.byte_at(behind))).then_some((key, behind))
    }

    /// The key of `? key`, which ends with its line.
    fn line_key(&mut self) -> Option<Key> {
        let key = match self.byte() {
            b'"' | b'\'' => {
                let (key, behind) = self.quoted_on_line()?;
                self.at = behind;
                key
            }
            first if is_plain_start(first) => {
                let line = self.bytes.get(self.at..self.line_end)?;
                let line = line.get(..comment(line).unwrap_or(line.len()))?.trim_ascii_end();
                let span = Span::new(self.at, self.at.saturating_add(line.len()));
                self.at = span.end as usize;
                Key { span, decoded: None }
            }
            _ => return None,
        };
        self.end = self.at;
        Some(key)
    }

    /// Opens a collection as the pending value; `false` if it is nested too deep.
    fn open(&mut self, kind: Kind, column: usize) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.skip_line("nested too deep; what stands inside is not read");
            return false;
        }
        let span = Span::at(self.at);
        let Some(id) = self.fill(kind, span) else {
            self.skip_line("a value without a place");
            return false;
        };
        self.open.push(Open::new(id, kind, column));
        true
    }

    /// Sets the pending value and returns its number.
    fn fill(&mut self, kind: Kind, span: Span) -> Option<u32> {
        let id = self.open.last_mut()?.pending.take()?;
        let node = self.document.nodes.get_mut(id as usize)?;
        node.kind = kind;
        node.span = span;
        Some(id)
    }

    fn close(&mut self) {
        let Some(closed) = self.open.pop() else { return };
        if let Some(node) = self.document.nodes.get_mut(closed.id as usize) {
            node.span = Span::new(node.span.start as usize, self.end);
        }
        if closed.kind == Kind::Object && !closed.ascends {
            self.report_twice(closed.id);
        }
    }

    /// Reports keys of the mapping `id` that are written twice.
    fn report_twice(&mut self, id: u32) {
        let mut keys: Vec<(Span, Option<Arc<str>>)> = Vec::new();
        let mut next = self
            .document
            .nodes
            .get(id as usize)
            .map_or(NONE, |node| node.first);
        while let Some(node) = self.document.nodes.get(next as usize) {
            let decoded = match node.key_kind {
                Kind::YamlString => self.document.keys.get(&next).cloned(),
                _ => None,
            };
            keys.push((node.key, decoded));
            next = node.next;
        }
        let mut seen: HashSet<&str, foldhash::fast::RandomState> = HashSet::default();
        for (span, decoded) in &keys {
            let text = decoded.as_deref().unwrap_or_else(|| span.of(self.text));
            if !seen.insert(text) {
                self.problems.add(*span, "this key is written twice");
            }
        }
    }

    /// Appends a value to the innermost collection.
    fn add(&mut self, node: Node, key: Option<Arc<str>>) -> u32 {
        let parent = self.open.last().map_or(0, |open| open.id);
        let id = self.document.push(parent, node);
        if let Some(key) = key {
            self.document.keys.insert(id, key);
        }
        id
    }

    fn top(&self) -> Open {
        let none = Open::new(0, Kind::Array, 0);
        self.open.last().copied().unwrap_or(none)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

fn is_space(byte: u8) -> bool {
    is_blank(byte) || byte == b'\n'
}

/// A scalar without quotes may begin so.
fn is_plain_start(byte: u8) -> bool {
    !matches!(
        byte,
        b',' | b'['
            | b']'
            | b'{'
            | b'}'
            | b'#'
            | b'&'
            | b'*'
            | b'!'
            | b'|'
            | b'>'
            | b'\''
            | b'"'
            | b'%'
            | b'@'
            | b'`'
    )
}

/// Where a comment begins in a piece of a line.
fn comment(line: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + memchr(b'#', line.get(from..)?)?;
        if found == 0 || line.get(found - 1).is_some_and(|byte| is_blank(*byte)) {
            return Some(found);
        }
        from = found + 1;
    }
}

/// What a scalar without quotes is.
fn kind_of(text: &str) -> Kind {
    match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b't' | b'T' | b'f' | b'F' | b'n' | b'N' | b'~') | None => {
            scalar::core(text)
        }
        Some(_) => Kind::PlainString,
    }
}

#[cfg(test)]
mod tests;
