//! The TOML that tools write: one value a line, nothing escaped, nothing behind it. Nearly every lockfile is this and no
//! more, and it is read in a fraction of the time that the whole grammar takes.
//!
//! What is read here is read as the whole grammar reads it, or not at all: at the first byte that is not of this shape
//! [`read`] gives up, and the text is read anew by the other reader. Neither a mistake nor a rare form is decided here.

use super::{Builder, Header, Key};
use crate::text::Span;
use crate::text::tree::{Kind, Node};

/// Lists and inline tables deeper than this are left to the whole grammar.
const MAX_NESTED: u8 = 8;
/// Whole numbers of more digits too.
const MAX_DIGITS: usize = 18;

/// Reads all of `text` into `builder`; `None` if it holds anything but the plain shape, after which `builder` is of no use.
pub(super) fn read(text: &str, builder: &mut Builder<'_>) -> Option<()> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
    };
    while let Some(byte) = reader.peek() {
        match byte {
            b'\n' | b'\r' => {}
            b'#' => reader.pass(|byte| byte >= b' ' && byte != 0x7f),
            b'[' => reader.header(builder)?,
            _ => {
                reader.key(builder)?;
                reader.take_all(b" = ")?;
                reader.value(builder, 0)?;
            }
        }
        if reader.at < reader.bytes.len() {
            reader.line_end()?;
        }
    }
    Some(())
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes on by one if the next byte is `byte`.
    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(is));
        is
    }

    fn take_all(&mut self, bytes: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(bytes).then(|| {
            self.at = self.at.saturating_add(bytes.len());
        })
    }

    /// Goes on to the first byte that is not `of`.
    fn pass(&mut self, of: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !of(*byte)).unwrap_or(rest.len());
        self.at = self.at.saturating_add(length);
    }

    /// Goes on to the first byte that no plain string has: a quote, a backslash or a control character. Eight bytes at a time:
    /// taking one from each sets the highest bit of those that were zero.
    fn pass_plain(&mut self) {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const HIGH: u64 = ONES << 7;
        let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
        let of = |byte: u8| ONES.wrapping_mul(u64::from(byte));
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (chunks, _) = rest.as_chunks::<8>();
        for chunk in chunks {
            let bytes = u64::from_le_bytes(*chunk);
            let control = bytes.wrapping_sub(of(b' ')) & !bytes;
            let marks = zero(bytes ^ of(b'"')) | zero(bytes ^ of(b'\\')) | zero(bytes ^ of(0x7f)) | control;
            if marks & HIGH != 0 {
                // A byte above the lowest that is marked may be marked in error.
                self.at = self
                    .at
                    .saturating_add((marks & HIGH).trailing_zeros() as usize / 8);
                return;
            }
            self.at = self.at.saturating_add(8);
        }
        self.pass(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0x7f));
    }

    fn line_end(&mut self) -> Option<()> {
        self.take(b'\r');
        self.take(b'\n').then_some(())
    }

    /// A bare key, with its span.
    fn bare(&mut self) -> Option<Key> {
        let start = self.at;
        self.pass(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (self.at > start).then(|| Key {
            span: Span::new(start, self.at),
            kind: Kind::PlainString,
        })
    }

    fn key(&mut self, builder: &mut Builder<'_>) -> Option<()> {
        builder.path.clear();
        let key = self.bare()?;
        builder.path.push(key);
        Some(())
    }

    /// `[a]`, `[a.b]` or `[[a]]`.
    fn header(&mut self, builder: &mut Builder<'_>) -> Option<()> {
        let start = self.at;
        self.take(b'[');
        let is_item = self.take(b'[');
        builder.path.clear();
        loop {
            let key = self.bare()?;
            builder.path.push(key);
            if !self.take(b'.') {
                break;
            }
        }
        let (header, close): (_, &[u8]) = match is_item {
            true => (Header::ArrayItem { start }, b"]]"),
            false => (Header::Table { start }, b"]"),
        };
        self.take_all(close)?;
        builder.header = Some(header);
        builder.open_table(self.at);
        Some(())
    }

    fn value(&mut self, builder: &mut Builder<'_>, depth: u8) -> Option<()> {
        let start = self.at;
        let kind = match self.peek()? {
            b'"' => return self.string(builder),
            b'[' if depth < MAX_NESTED => return self.list(builder, depth),
            b'{' if depth < MAX_NESTED => return self.inline_table(builder, depth),
            b't' => self.take_all(b"true").map(|()| Kind::Bool)?,
            b'f' => self.take_all(b"false").map(|()| Kind::Bool)?,
            b'0' => self.take_all(b"0").map(|()| Kind::Number)?,
            b'1'..=b'9' => {
                self.pass(|byte| byte.is_ascii_digit());
                (self.at.saturating_sub(start) <= MAX_DIGITS).then_some(Kind::Number)?
            }
            _ => return None,
        };
        builder.add(Node::new(kind, Span::new(start, self.at)));
        Some(())
    }

    fn string(&mut self, builder: &mut Builder<'_>) -> Option<()> {
        self.take(b'"');
        let start = self.at;
        self.pass_plain();
        let span = Span::new(start, self.at);
        self.take(b'"').then_some(())?;
        // `""` may open a string of several lines.
        if span.is_empty() && self.peek() == Some(b'"') {
            return None;
        }
        builder.add(Node::new(Kind::PlainString, span));
        Some(())
    }

    /// A list, which may have a line for each of its items and a comma after the last one.
    fn list(&mut self, builder: &mut Builder<'_>, depth: u8) -> Option<()> {
        let start = self.at;
        self.take(b'[');
        builder.open_value(Kind::Array, Span::new(start, self.at));
        loop {
            self.pass(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
            if self.take(b']') {
                break;
            }
            builder.path.clear();
            self.value(builder, depth.saturating_add(1))?;
            self.pass(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
            if self.take(b']') {
                break;
            }
            self.take(b',').then_some(())?;
        }
        builder.close_value(self.at);
        Some(())
    }

    fn inline_table(&mut self, builder: &mut Builder<'_>, depth: u8) -> Option<()> {
        let start = self.at;
        self.take(b'{');
        builder.open_value(Kind::Object, Span::new(start, self.at));
        loop {
            self.pass(|byte| byte == b' ');
            self.key(builder)?;
            self.take_all(b" = ")?;
            self.value(builder, depth.saturating_add(1))?;
            self.pass(|byte| byte == b' ');
            if self.take(b'}') {
                break;
            }
            self.take(b',').then_some(())?;
        }
        builder.close_value(self.at);
        Some(())
    }
}
