//! A document as a flat tree of positioned values: what the readers of JSON, TOML and YAML give.
//!
//! Nodes lie in one vector and point at their first child and next sibling, so that a document of any
//! depth is built, walked and dropped without recursion. Looking a key up is linear in the number of
//! entries of its object; a format that looks many keys up builds a map of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Problem, Span, unescape};

/// A parsed text: values with spans, and what was wrong with it.
#[derive(Debug)]
pub struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Node>,
    /// What the values of kind [`Kind::YamlString`] say, by node.
    pub(super) texts: BTreeMap<u32, Arc<str>>,
    /// What the keys of that kind say, by node.
    pub(super) keys: BTreeMap<u32, Arc<str>>,
    /// What was damaged; the values around the damage are there all the same.
    pub problems: Vec<Problem>,
    /// Where the reader gave up: what follows is not there. Only that of YAML does.
    pub stopped: Option<Span>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number as written; never converted.
    Number,
    /// A string without an escape; the span inside the quotes is its text.
    PlainString,
    /// A JSON string with backslash escapes.
    JsonString,
    /// A TOML string with backslash escapes, or one over several lines.
    TomlString,
    /// A YAML string with escapes, over several lines, or in a block: what it says differs from what stands there.
    YamlString,
    /// A TOML date or time.
    Datetime,
    /// A list.
    Array,
    /// A JSON object, a TOML table or a YAML mapping.
    Object,
}

/// One value; `NONE` marks an absent link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Strings: inside the quotes, but for [`Kind::TomlString`], which is spanned with them. Containers: from bracket to bracket (TOML tables: from header to last value; YAML
    /// blocks: from the first key or item to the last value).
    pub(super) span: Span,
    /// The key inside its quotes; empty for array items and the root.
    pub(super) key: Span,
    pub(super) key_kind: Kind,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) next: u32,
}

pub(super) const NONE: u32 = u32::MAX;

impl<'t> Document<'t> {
    pub(super) fn empty(text: &'t str) -> Self {
        // A lockfile has a value about every 28 bytes.
        let mut nodes = Vec::with_capacity(text.len() / 28 + 1);
        nodes.push(Node::new(Kind::Null, Span::at(0)));
        Self {
            text,
            nodes,
            texts: BTreeMap::new(),
            keys: BTreeMap::new(),
            problems: Vec::new(),
            stopped: None,
        }
    }

    /// The outermost value; null for an empty text.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value {
            document: self,
            id: 0,
        }
    }

    /// Every value, in the order in which they were read.
    pub(super) fn values(&self) -> impl Iterator<Item = Value<'_>> {
        (0..self.nodes.len())
            .filter_map(|id| u32::try_from(id).ok())
            .map(|id| Value { document: self, id })
    }

    /// Appends a child to `parent` and returns its number.
    pub(super) fn push(&mut self, parent: u32, node: Node) -> u32 {
        let id = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        if id == NONE {
            return parent;
        }
        let last = self.nodes.get(parent as usize).map_or(NONE, |parent| parent.last);
        if let Some(previous) = self.nodes.get_mut(last as usize) {
            previous.next = id;
        }
        if let Some(parent) = self.nodes.get_mut(parent as usize) {
            parent.last = id;
            if parent.first == NONE {
                parent.first = id;
            }
        }
        // Growing by doubling would touch twice the memory.
        if self.nodes.len() == self.nodes.capacity() {
            self.nodes.reserve_exact(self.nodes.len() / 4 + 16);
        }
        self.nodes.push(node);
        id
    }
}

impl Node {
    pub(super) fn new(kind: Kind, span: Span) -> Self {
        Self {
            kind,
            span,
            key: Span::default(),
            key_kind: Kind::PlainString,
            first: NONE,
            last: NONE,
            next: NONE,
        }
    }
}

/// A value of a [`Document`].
#[derive(Debug, Clone, Copy)]
pub struct Value<'d> {
    document: &'d Document<'d>,
    id: u32,
}

/// Which value of its document one is: what a reader keeps that holds many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueId(NonZeroU32);

impl<'d> Value<'d> {
    /// Which one of its document it is.
    #[must_use]
    pub fn id(self) -> ValueId {
        ValueId(NonZeroU32::MIN.saturating_add(self.id))
    }

    /// The value `id` of the same document.
    #[must_use]
    pub fn of_id(self, id: ValueId) -> Value<'d> {
        Value {
            document: self.document,
            id: id.0.get() - 1,
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.node().map_or(Kind::Null, |node| node.kind)
    }

    /// Where it stands: a string inside its quotes ([`Kind::TomlString`]: with them), a container from bracket to
    /// bracket.
    #[must_use]
    pub fn span(self) -> Span {
        self.node().map_or(Span::default(), |node| node.span)
    }

    /// Where its text stands: of a string always inside the quotes, of any other value all of it.
    #[must_use]
    pub fn text_span(self) -> Span {
        let span = self.span();
        match self.kind() {
            Kind::TomlString => unescape::inside_toml_quotes(self.document.text, span),
            _ => span,
        }
    }

    /// Where the bytes `range` of its string stand; all of its text if an escape in it moves them.
    #[must_use]
    pub fn span_of(self, range: std::ops::Range<usize>) -> Span {
        match self.kind() == Kind::PlainString {
            true => self.text_span().inside(range),
            false => self.text_span(),
        }
    }

    /// Where its key stands, inside the quotes; empty for items of a list.
    #[must_use]
    pub fn key_span(self) -> Span {
        self.node().map_or(Span::default(), |node| node.key)
    }

    /// The string, unescaped; `None` if it is no string.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'d, str>> {
        let node = self.node()?;
        let decoded = || self.document.texts.get(&self.id);
        unescaped(self.document.text, node.kind, node.span, decoded)
    }

    /// The text of a scalar, also where it looks like a number: YAML writes `version: 1.10` without quotes.
    #[must_use]
    pub fn as_text(self) -> Option<Cow<'d, str>> {
        match self.kind() {
            Kind::Number => Some(Cow::Borrowed(self.raw())),
            _ => self.as_str(),
        }
    }

    /// The text as written: of a string what stands inside the quotes.
    #[must_use]
    pub fn raw(self) -> &'d str {
        self.span().of(self.document.text)
    }

    /// The truth value; `None` if it is none.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match (self.kind(), self.raw()) {
            (Kind::Bool, "true" | "True" | "TRUE") => Some(true),
            (Kind::Bool, "false" | "False" | "FALSE") => Some(false),
            _ => None,
        }
    }

    /// The whole number; `None` if it is none or does not fit.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self.kind() {
            Kind::Number => self.raw().parse().ok(),
            _ => None,
        }
    }

    /// It is an object or table.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// The items of a list; nothing for any other value.
    pub fn items(self) -> impl Iterator<Item = Value<'d>> {
        self.children(Kind::Array)
    }

    /// Keys (unescaped) and values of an object, in the order of the text; nothing for any other value.
    /// A key that is written twice comes twice.
    pub fn entries(self) -> impl Iterator<Item = (Cow<'d, str>, Value<'d>)> {
        self.children(Kind::Object).map(|value| (value.key(), value))
    }

    /// How many items or entries it has.
    #[must_use]
    pub fn count(self) -> usize {
        self.children(self.kind()).count()
    }

    /// The value under `key`; of several the last, as `JSON.parse` decides. Linear in the number of entries.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Value<'d>> {
        let mut found = None;
        for value in self.children(Kind::Object) {
            if value.key() == key {
                found = Some(value);
            }
        }
        found
    }

    /// The string under `key`.
    #[must_use]
    pub fn str(self, key: &str) -> Option<Cow<'d, str>> {
        self.get(key)?.as_str()
    }

    /// The key, unescaped; empty for items of a list.
    #[must_use]
    pub fn key(self) -> Cow<'d, str> {
        let Some(node) = self.node() else {
            return Cow::Borrowed("");
        };
        let decoded = || self.document.keys.get(&self.id);
        unescaped(self.document.text, node.key_kind, node.key, decoded).unwrap_or_default()
    }

    fn children(self, kind: Kind) -> impl Iterator<Item = Value<'d>> {
        let document = self.document;
        let first = match self.node() {
            Some(node) if node.kind == kind => node.first,
            _ => NONE,
        };
        let present = move |id: u32| (id != NONE).then_some(Value { document, id });
        std::iter::successors(present(first), move |value| {
            present(value.node().map_or(NONE, |node| node.next))
        })
    }

    fn node(self) -> Option<&'d Node> {
        self.document.nodes.get(self.id as usize)
    }
}

fn unescaped<'d>(
    text: &'d str,
    kind: Kind,
    span: Span,
    decoded: impl FnOnce() -> Option<&'d Arc<str>>,
) -> Option<Cow<'d, str>> {
    match kind {
        Kind::PlainString => Some(Cow::Borrowed(span.of(text))),
        Kind::JsonString => Some(Cow::Owned(unescape::json(span.of(text)))),
        Kind::TomlString => Some(Cow::Owned(unescape::toml(text, span))),
        Kind::YamlString => decoded().map(|text| Cow::Borrowed(&**text)),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Datetime | Kind::Array | Kind::Object => None,
    }
}
