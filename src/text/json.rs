//! A positioned reader of JSON (RFC 8259) that goes on after damage. It also reads what some tools write and call JSON: with comments and a
//! comma before a closing bracket.

use super::tree::{Document, Kind, NONE, Node};
use super::{MAX_DEPTH, Problems, Span};

/// Reads `text`. Every value that can be recognised is in the document, whatever stands around it:
/// a text that is cut short keeps all that came before, a stray character is skipped up to the next
/// comma or bracket. Comments are no JSON and are problems.
#[must_use]
pub fn read(text: &str) -> Document<'_> {
    read_as(text, Dialect::Strict)
}

/// Reads `text` as [`read`] does, where comments (`//`, `/* */`) and a comma before a closing bracket are allowed.
#[must_use]
pub fn read_with_comments(text: &str) -> Document<'_> {
    read_as(text, Dialect::WithComments)
}

/// What counts as JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Strict,
    WithComments,
}

fn read_as(text: &str, dialect: Dialect) -> Document<'_> {
    let mut reader = Reader {
        dialect,
        bytes: text.as_bytes(),
        offset: 0,
        document: Document::empty(text),
        problems: Problems::default(),
        open: Vec::new(),
        too_deep: 0,
        key: None,
        expects: Expects::Value,
        root_seen: false,
    };
    reader.run();
    let Reader {
        mut document,
        problems,
        ..
    } = reader;
    document.problems = problems.into_vec();
    document
}

struct Reader<'t> {
    dialect: Dialect,
    bytes: &'t [u8],
    offset: usize,
    document: Document<'t>,
    problems: Problems,
    /// Numbers of the open containers, outermost first.
    open: Vec<u32>,
    /// Containers open beyond [`MAX_DEPTH`]; nothing inside them is kept.
    too_deep: usize,
    key: Option<(Span, Kind)>,
    expects: Expects,
    root_seen: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.skip_space() {
            match byte {
                b'{' => self.open_container(Kind::Object),
                b'[' => self.open_container(Kind::Array),
                b'}' => self.close_container(Kind::Object),
                b']' => self.close_container(Kind::Array),
                b',' => self.comma(),
                b':' => self.colon(),
                b'"' => self.string(),
                b'-' | b'0'..=b'9' => self.word(Kind::Number),
                b't' | b'f' => self.word(Kind::Bool),
                b'n' => self.word(Kind::Null),
                b'/' if self.dialect == Dialect::WithComments => self.comment(),
                _ => self.skip_damage("an unexpected character"),
            }
        }
        if !self.open.is_empty() || self.too_deep > 0 {
            let start = self
                .open
                .last()
                .and_then(|id| self.document.nodes.get(*id as usize))
                .map(|node| node.span);
            let what = "the file ends before this is closed";
            self.problems.add(
                start.map_or(Span::at(self.offset), |span| {
                    Span::new(span.start as usize, span.start as usize + 1)
                }),
                what,
            );
            while let Some(id) = self.open.pop() {
                self.end_at(id, self.offset);
            }
        } else if !self.root_seen {
            self.problems.add(Span::at(0), "the file is empty");
        }
    }

    fn comment(&mut self) {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let length = match rest.get(1) {
            Some(b'/') => Some(memchr::memchr(b'\n', rest).unwrap_or(rest.len())),
            Some(b'*') => rest
                .get(2..)
                .and_then(|inside| memchr::memmem::find(inside, b"*/"))
                .map(|end| end.saturating_add(4)),
            Some(_) | None => return self.skip_damage("an unexpected character"),
        };
        if length.is_none() {
            let start = Span::new(self.offset, self.offset.saturating_add(2));
            self.problems.add(start, "the file ends before this comment does");
        }
        self.offset = self.offset.saturating_add(length.unwrap_or(rest.len()));
    }

    fn skip_space(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.offset..)?;
        let space = rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
        self.offset = self.offset.saturating_add(space.unwrap_or(rest.len()));
        self.bytes.get(self.offset).copied()
    }

    fn open_container(&mut self, kind: Kind) {
        let span = Span::new(self.offset, self.offset.saturating_add(1));
        if self.too_deep > 0 || self.open.len() >= MAX_DEPTH {
            if self.too_deep == 0 {
                self.problems.add(
                    span,
                    format!("nested deeper than {MAX_DEPTH} levels; what stands inside is not read"),
                );
            }
            self.too_deep = self.too_deep.saturating_add(1);
            self.offset = self.offset.saturating_add(1);
            return;
        }
        if let Some(id) = self.value(Node::new(kind, span)) {
            self.open.push(id);
            self.expects = match kind {
                Kind::Object => Expects::KeyOrEnd,
                _ => Expects::ValueOrEnd,
            };
        }
        self.offset = self.offset.saturating_add(1);
    }

    fn close_container(&mut self, kind: Kind) {
        let span = Span::new(self.offset, self.offset.saturating_add(1));
        self.offset = self.offset.saturating_add(1);
        if self.too_deep > 0 {
            self.too_deep = self.too_deep.saturating_sub(1);
            self.expects = Expects::CommaOrEnd;
            return;
        }
        let is = |id: &u32| {
            self.document
                .nodes
                .get(*id as usize)
                .is_some_and(|node| node.kind == kind)
        };
        let is_last_comma = self.dialect == Dialect::WithComments
            && self.key.is_none()
            && matches!(self.expects, Expects::Value | Expects::Key);
        let is_missing = matches!(self.expects, Expects::Value | Expects::Key | Expects::Colon);
        if is_missing && !is_last_comma && !self.open.is_empty() {
            self.problems.add(span, "a value or key is missing before this");
        }
        self.key = None;
        match self.open.last() {
            Some(id) if is(id) => {
                let id = *id;
                self.open.pop();
                self.end_at(id, self.offset);
            }
            // The bracket of an outer container: what is open inside was never closed.
            Some(_) if self.open.iter().rev().take(8).any(is) => {
                self.problems
                    .add(span, "this closes an outer bracket while an inner one is open");
                while let Some(id) = self.open.pop() {
                    let found = self
                        .document
                        .nodes
                        .get(id as usize)
                        .is_some_and(|node| node.kind == kind);
                    self.end_at(id, self.offset);
                    if found {
                        break;
                    }
                }
            }
            Some(_) | None => self.problems.add(span, "this bracket closes nothing"),
        }
        self.expects = if self.open.is_empty() {
            Expects::Nothing
        } else {
            Expects::CommaOrEnd
        };
    }

    fn comma(&mut self) {
        if self.expects != Expects::CommaOrEnd && self.too_deep == 0 {
            self.problems.add(
                Span::new(self.offset, self.offset.saturating_add(1)),
                "an unexpected comma",
            );
        }
        self.offset = self.offset.saturating_add(1);
        self.key = None;
        self.expects = match self.container() {
            Some(Kind::Object) => Expects::Key,
            Some(_) => Expects::Value,
            None => Expects::Nothing,
        };
    }

    fn colon(&mut self) {
        if self.expects != Expects::Colon && self.too_deep == 0 {
            self.problems.add(
                Span::new(self.offset, self.offset.saturating_add(1)),
                "an unexpected colon",
            );
        }
        self.offset = self.offset.saturating_add(1);
        self.expects = Expects::Value;
    }

    fn string(&mut self) {
        let start = self.offset.saturating_add(1);
        let (end, kind, closed) = self.string_end(start);
        let span = Span::new(start, end);
        self.offset = if closed { end.saturating_add(1) } else { end };
        if self.too_deep > 0 {
            return;
        }
        if !closed {
            self.problems
                .add(Span::new(start.saturating_sub(1), end), "a string is not closed");
        }
        match self.expects {
            Expects::Key | Expects::KeyOrEnd => {
                self.key = Some((span, kind));
                self.expects = Expects::Colon;
            }
            Expects::CommaOrEnd if self.container() == Some(Kind::Object) => {
                self.problems.add(span, "a comma is missing before this");
                self.key = Some((span, kind));
                self.expects = Expects::Colon;
            }
            Expects::Value
            | Expects::ValueOrEnd
            | Expects::Colon
            | Expects::CommaOrEnd
            | Expects::Nothing => {
                self.value(Node::new(kind, span));
            }
        }
    }

    /// Where the string that starts at `start` ends: at its quote, else at the end of its line.
    fn string_end(&mut self, start: usize) -> (usize, Kind, bool) {
        let mut at = start;
        let mut kind = Kind::PlainString;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest) else {
                return (self.bytes.len(), kind, false);
            };
            at = at.saturating_add(found);
            match self.bytes.get(at) {
                Some(b'"') => return (at, kind, true),
                Some(b'\\') => {
                    kind = Kind::JsonString;
                    // An escaped line break ends the string too; an escaped quote does not.
                    at = at.saturating_add(if self.bytes.get(at.saturating_add(1)) == Some(&b'\n') {
                        1
                    } else {
                        2
                    });
                    if at > self.bytes.len() {
                        return (self.bytes.len(), kind, false);
                    }
                }
                Some(_) | None => return (at, kind, false),
            }
        }
    }

    fn word(&mut self, kind: Kind) {
        let start = self.offset;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(
                |byte| !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'_'),
            )
            .unwrap_or(rest.len());
        self.offset = start.saturating_add(length.max(1));
        if self.too_deep > 0 {
            return;
        }
        let span = Span::new(start, self.offset);
        let word = span.of(self.document.text);
        let known = match kind {
            Kind::Number => is_number(word),
            Kind::Bool => matches!(word, "true" | "false"),
            _ => word == "null",
        };
        if !known {
            self.problems.add(span, "this is no JSON value");
        }
        self.value(Node::new(if known { kind } else { Kind::Null }, span));
    }

    /// Adds a value to the open container; `None` if there is no place for one.
    fn value(&mut self, mut node: Node) -> Option<u32> {
        let span = node.span;
        match (self.expects, self.container()) {
            (Expects::Nothing, _) => {
                self.problems.add(span, "text after the end of the document");
                return None;
            }
            (Expects::CommaOrEnd, _) => self.problems.add(span, "a comma is missing before this"),
            (Expects::Colon | Expects::Key | Expects::KeyOrEnd, _) => {
                self.problems
                    .add(span, "a key and a colon are missing before this");
            }
            (Expects::Value | Expects::ValueOrEnd, _) => {}
        }
        self.expects = Expects::CommaOrEnd;
        let Some(parent) = self.open.last().copied() else {
            self.root_seen = true;
            self.expects = Expects::Nothing;
            if let Some(root) = self.document.nodes.first_mut() {
                *root = node;
            }
            return Some(0);
        };
        match (self.key.take(), self.container()) {
            (Some((key, kind)), _) => {
                node.key = key;
                node.key_kind = kind;
            }
            // A value without a key inside an object cannot be looked up.
            (None, Some(Kind::Object)) => node.key = Span::at(span.start as usize),
            (None, _) => {}
        }
        let id = self.document.push(parent, node);
        (id != NONE).then_some(id)
    }

    fn skip_damage(&mut self, message: &str) {
        let start = self.offset;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"' | b'\n'))
            .unwrap_or(rest.len());
        self.offset = start.saturating_add(length.max(1));
        if self.too_deep == 0 {
            self.problems.add(Span::new(start, self.offset), message);
        }
    }

    fn container(&self) -> Option<Kind> {
        self.open
            .last()
            .and_then(|id| self.document.nodes.get(*id as usize))
            .map(|node| node.kind)
    }

    fn end_at(&mut self, id: u32, offset: usize) {
        if let Some(node) = self.document.nodes.get_mut(id as usize) {
            node.span = Span::new(node.span.start as usize, offset);
        }
    }
}

/// The grammar of RFC 8259, section 6.
fn is_number(word: &str) -> bool {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places() {
        let text = r#"{"a": "x\u00e9\ud83d\ude00", "b": [1, {"c": null}], "a": true}"#;
        let document = read(text);
        assert_eq!(document.problems, []);
        let root = document.root();
        assert_eq!(root.get("a").and_then(|value| value.as_bool()), Some(true));
        let (key, first) = root.entries().next().expect("an entry");
        assert_eq!((key.as_ref(), first.as_str().as_deref()), ("a", Some("xé😀")));
        let list = root.get("b").expect("b");
        assert_eq!(list.span().of(text), r#"[1, {"c": null}]"#);
        assert_eq!(list.items().count(), 2);
    }

    #[test]
    fn damage_costs_only_itself() {
        let cut = read(r#"{"packages": {"a": {"version": "1.0.0"}, "b": {"ver"#);
        assert_eq!(
            cut.root()
                .get("packages")
                .and_then(|value| value.get("a")?.str("version"))
                .as_deref(),
            Some("1.0.0")
        );
        assert!(!cut.problems.is_empty());
        let stray = read("{\"a\": 1 @@ \"b\": 2, <<<<<<<\n \"c\": 3}");
        let keys: Vec<_> = stray
            .root()
            .entries()
            .map(|(key, value)| (key.into_owned(), value.as_u64()))
            .collect();
        assert_eq!(
            keys,
            [
                ("a".into(), Some(1)),
                ("b".into(), Some(2)),
                ("c".into(), Some(3))
            ]
        );
        assert_eq!(read("").problems.len(), 1);
        assert!(!read("01").problems.is_empty());
        assert!(!read("{\"a\": 1} x").problems.is_empty());
    }

    #[test]
    fn comments_and_last_commas_where_they_are_allowed() {
        let text = "// a\n{\"a\": [1, 2,], /* b\n */ \"c\": {\"d\": \"//e\",},}";
        let document = read_with_comments(text);
        assert_eq!(document.problems, []);
        let root = document.root();
        assert_eq!(root.get("a").map(|list| list.count()), Some(2));
        assert_eq!(root.get("c").and_then(|c| c.str("d")).as_deref(), Some("//e"));
        assert!(!read(text).problems.is_empty());
        for text in [
            "{\"a\": 1,,}",
            "{\"a\":,}",
            "{\"a\":}",
            "[1,",
            "[1] /* a",
            "[1, /]",
            "{,}",
        ] {
            assert!(!read_with_comments(text).problems.is_empty(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        let document = read(&deep);
        assert!(document.nodes.len() <= MAX_DEPTH + 1);
        assert!(document.problems.len() <= 2);
        let closed = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(read(&closed).problems.len(), 1);
    }
}
