//! A bounded, positioned reader of YAML 1.2: a tree over `saphyr_parser`'s events.
//!
//! It reads one document of the core schema. Aliases are expanded into copies of what their anchors hold, within
//! [`Bounds::aliases`] and [`MAX_COPIED`]; a copy keeps the spans of its anchor. Merge keys (`<<`) are no part of YAML
//! 1.2: they are keys like any other. Tags other than those of the core schema, a second document, a key that is written
//! twice in one mapping and a key that is no scalar are problems.
//!
//! Indentation is YAML's grammar, so that nothing can be said of what follows damage: the reader keeps what it read up
//! to there and stops. The parser is asked for one event after the other, so that a bound that is passed ends the work.

mod offsets;
mod scalar;
mod stream;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use saphyr_parser::{Event, Input, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::tree::{Document, Kind, NONE, Node};
use super::{Problems, Span};
use offsets::Offsets;
use scalar::Properties;

pub use stream::read_stream;

/// How much of a text is read; what goes beyond is a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// A longer text is not read at all.
    pub bytes: usize,
    /// So many lists and mappings may lie in one another.
    pub depth: usize,
    /// So many aliases may stand in the text.
    pub aliases: usize,
}

impl Bounds {
    /// For what untrusted users wrote: 256 KiB, 32 levels, 100 aliases.
    pub const UNTRUSTED: Self = Self {
        bytes: 256 << 10,
        depth: 32,
        aliases: 100,
    };
}

/// All aliases of a text together may make so many values.
pub const MAX_COPIED: usize = 10_000;

/// Reads `text` within `bounds`. Mappings are objects, sequences are lists; scalars keep their spelling.
#[must_use]
pub fn read(text: &str, bounds: Bounds) -> Document<'_> {
    if text.len() > bounds.bytes {
        let mut problems = Problems::default();
        problems.add(
            Span::at(0),
            format!("larger than the limit of {} bytes", bounds.bytes),
        );
        let mut document = Document::empty(text);
        document.problems = problems.into_vec();
        document.stopped = Some(Span::at(0));
        return document;
    }
    build(text, bounds, Parser::new(StrInput::new(text)))
}

fn build<'t, I: Input>(text: &'t str, bounds: Bounds, mut parser: Parser<'t, I>) -> Document<'t> {
    let mut builder = Builder {
        document: Document::empty(text),
        offsets: Offsets::of(text),
        bounds,
        documents: 0,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        aliases: 0,
        copied: 0,
        problems: Problems::default(),
    };
    while let Some(event) = parser.next_event() {
        let next = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => builder.damage(&error),
        };
        if next.is_break() {
            break;
        }
    }
    let Builder {
        mut document,
        problems,
        ..
    } = builder;
    document.problems = problems.into_vec();
    document
}

/// Ends the reading; the problem that it ends with has been reported.
type Next = ControlFlow<()>;

struct Builder<'t> {
    document: Document<'t>,
    offsets: Offsets,
    bounds: Bounds,
    documents: usize,
    /// Open lists and mappings, outermost first.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    aliases: usize,
    copied: usize,
    problems: Problems,
}

/// A list or mapping that is being read.
struct Open {
    id: u32,
    kind: Kind,
    anchor: usize,
    /// Levels below and with this one.
    height: usize,
    /// The keys so far.
    keys: HashSet<Box<str>>,
    /// The key whose value comes next.
    key: Option<Key>,
}

struct Key {
    span: Span,
    /// What it says, if that differs from what stands there.
    decoded: Option<Arc<str>>,
}

/// What an anchor holds.
#[derive(Clone, Copy)]
struct Anchored {
    first: u32,
    /// After the last node; nothing while it is being read.
    end: Option<u32>,
    /// Levels of lists and mappings in it.
    height: usize,
}

/// A scalar as the parser gives it.
struct Scalar<'e> {
    text: Cow<'e, str>,
    style: ScalarStyle,
    anchor: usize,
    tag: Option<Cow<'e, Tag>>,
    span: Span,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: saphyr_parser::Span) -> Next {
        let span = self.span(span);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Next::Continue(()),
            Event::DocumentStart(_) => {
                self.documents = self.documents.saturating_add(1);
                match self.documents {
                    1 => Next::Continue(()),
                    _ => self.stop(span, "a second document begins here: only one is read"),
                }
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => self.scalar(Scalar {
                text,
                style,
                anchor,
                tag,
                span,
            }),
            Event::SequenceStart(anchor, tag) => self.container(Kind::Array, anchor, tag.as_deref(), span),
            Event::MappingStart(anchor, tag) => self.container(Kind::Object, anchor, tag.as_deref(), span),
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(span);
                Next::Continue(())
            }
        }
    }

    fn damage(&mut self, error: &ScanError) -> Next {
        let span = Span::at(self.offsets.byte(self.document.text, *error.marker()));
        match error.info() {
            // The scanner's own bound is above any of ours.
            "recursion limit exceeded" => self.too_deep(span),
            message => self.stop(span, message.to_owned()),
        }
    }

    fn stop(&mut self, span: Span, message: impl Into<String>) -> Next {
        self.problems.add(span, message);
        self.document.stopped = Some(span);
        Next::Break(())
    }

    fn too_deep(&mut self, span: Span) -> Next {
        let depth = self.bounds.depth;
        self.stop(span, format!("nested deeper than {depth} levels"))
    }

    fn container(&mut self, kind: Kind, anchor: usize, tag: Option<&Tag>, span: Span) -> Next {
        if let Some(tag) = tag {
            self.fits(&full(tag), kind, span);
        }
        let span = scalar::behind(self.document.text, span, properties(anchor, tag));
        if self.open.len() >= self.bounds.depth {
            return self.too_deep(span);
        }
        if self.expects_key() {
            return self.stop(span, "a key is a list or a mapping; a key is one text");
        }
        // A block's end is where its last value ends; brackets are spanned when they close.
        let id = self.add(Node::new(kind, Span::at(span.start as usize)), None);
        if anchor > 0 {
            self.anchors.insert(
                anchor,
                Anchored {
                    first: id,
                    end: None,
                    height: 0,
                },
            );
        }
        self.open.push(Open {
            id,
            kind,
            anchor,
            height: 1,
            keys: HashSet::new(),
            key: None,
        });
        Next::Continue(())
    }

    fn close(&mut self, span: Span) {
        let Some(closed) = self.open.pop() else { return };
        if !span.is_empty() {
            // The parser counts the blanks and the comment behind a bracket to it.
            self.extend(closed.id, (span.start as usize).saturating_add(1));
        }
        let end = self.document.nodes.len() as u32;
        if let Some(anchored) = self.anchors.get_mut(&closed.anchor) {
            anchored.end = Some(end);
            anchored.height = closed.height;
        }
        let last = self.document.nodes.get(closed.id as usize);
        let last = last.map_or(0, |node| node.span.end as usize);
        self.below(closed.height, last);
    }

    /// Tells the innermost open container of a value that was added to it.
    fn below(&mut self, height: usize, end: usize) {
        if let Some(open) = self.open.last_mut() {
            open.height = open.height.max(height.saturating_add(1));
            let id = open.id;
            self.extend(id, end);
        }
    }

    fn scalar(&mut self, scalar: Scalar<'_>) -> Next {
        let before = properties(scalar.anchor, scalar.tag.as_deref());
        let span = scalar::inside(self.document.text, scalar.span, scalar.style, before);
        let span = match &*scalar.text {
            // What is not there has the place of what comes next.
            "" => Span::at(span.start as usize),
            _ => span,
        };
        let raw = span.of(self.document.text);
        let decoded = (raw != scalar.text).then(|| Arc::from(&*scalar.text));
        if self.expects_key() {
            return self.key(&scalar.text, span, decoded);
        }
        let string = match &decoded {
            None => Kind::PlainString,
            Some(_) => Kind::YamlString,
        };
        let untagged = match (scalar.style, &decoded) {
            (ScalarStyle::Plain, None) => scalar::core(raw),
            (_, _) => string,
        };
        let kind = match scalar.tag.as_deref().map(full).as_deref() {
            None => untagged,
            Some("!" | "tag:yaml.org,2002:str") => string,
            Some(tag) => {
                self.fits(tag, untagged, scalar.span);
                untagged
            }
        };
        let id = self.add(
            Node::new(kind, span),
            decoded.filter(|_| kind == Kind::YamlString),
        );
        if scalar.anchor > 0 {
            let end = Some(self.document.nodes.len() as u32);
            self.anchors.insert(
                scalar.anchor,
                Anchored {
                    first: id,
                    end,
                    height: 0,
                },
            );
        }
        self.below(0, span.end as usize);
        Next::Continue(())
    }

    fn key(&mut self, text: &str, span: Span, decoded: Option<Arc<str>>) -> Next {
        let Some(open) = self.open.last_mut() else {
            return Next::Continue(());
        };
        open.key = Some(Key { span, decoded });
        if !open.keys.insert(text.into()) {
            let shown: String = text.chars().take(80).collect();
            self.problems
                .add(span, format!("the key {shown:?} is written twice"));
        }
        Next::Continue(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Next {
        self.aliases = self.aliases.saturating_add(1);
        if self.aliases > self.bounds.aliases {
            let most = self.bounds.aliases;
            return self.stop(span, format!("more than {most} aliases"));
        }
        if self.expects_key() {
            return self.stop(span, "an alias stands in the place of a key");
        }
        let Some(anchored) = self.anchors.get(&anchor).copied() else {
            return self.stop(span, "an alias of a key: only values can be repeated");
        };
        let Some(end) = anchored.end else {
            return self.stop(span, "an alias stands inside of what it repeats");
        };
        if self.open.len().saturating_add(anchored.height) > self.bounds.depth {
            return self.too_deep(span);
        }
        let length = end.saturating_sub(anchored.first) as usize;
        self.copied = self.copied.saturating_add(length);
        if self.copied > MAX_COPIED {
            return self.stop(span, format!("the aliases repeat more than {MAX_COPIED} values"));
        }
        self.copy(anchored.first, end);
        self.below(anchored.height, span.end as usize);
        Next::Continue(())
    }

    /// Adds a copy of the nodes `first..end`, which are a value and all that is in it, in the order of the text.
    fn copy(&mut self, first: u32, end: u32) {
        let Some(mut top) = self.document.nodes.get(first as usize).copied() else {
            return;
        };
        let moved = (self.document.nodes.len() as u32).saturating_sub(first);
        let shift = |link: u32| match link {
            NONE => NONE,
            link => link.saturating_add(moved),
        };
        top.first = shift(top.first);
        top.last = shift(top.last);
        top.next = NONE;
        let text = self.document.texts.get(&first).cloned();
        self.add(top, text);
        for old in first.saturating_add(1)..end {
            let Some(mut node) = self.document.nodes.get(old as usize).copied() else {
                return;
            };
            node.first = shift(node.first);
            node.last = shift(node.last);
            node.next = shift(node.next);
            self.document.nodes.push(node);
            let id = shift(old);
            if let Some(text) = self.document.texts.get(&old).cloned() {
                self.document.texts.insert(id, text);
            }
            if let Some(key) = self.document.keys.get(&old).cloned() {
                self.document.keys.insert(id, key);
            }
        }
    }

    /// Adds a value to the innermost open container, under the key that waits for it, or as the root.
    fn add(&mut self, mut node: Node, decoded: Option<Arc<str>>) -> u32 {
        node.key = Span::default();
        node.key_kind = Kind::PlainString;
        let key = self.open.last_mut().and_then(|open| open.key.take());
        let decoded_key = match key {
            None => None,
            Some(key) => {
                node.key = key.span;
                if key.decoded.is_some() {
                    node.key_kind = Kind::YamlString;
                }
                key.decoded
            }
        };
        let id = match (self.open.last(), self.document.nodes.first_mut()) {
            (Some(open), _) => self.document.push(open.id, node),
            (None, Some(root)) => {
                *root = node;
                0
            }
            (None, None) => 0,
        };
        if let Some(text) = decoded {
            self.document.texts.insert(id, text);
        }
        if let Some(key) = decoded_key {
            self.document.keys.insert(id, key);
        }
        id
    }

    fn expects_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.kind == Kind::Object && open.key.is_none())
    }

    /// Holds a tag against the kind of its value.
    fn fits(&mut self, tag: &str, kind: Kind, span: Span) {
        let fits = match kind {
            Kind::Null => tag == "tag:yaml.org,2002:null",
            Kind::Bool => tag == "tag:yaml.org,2002:bool",
            Kind::Number => matches!(tag, "tag:yaml.org,2002:int" | "tag:yaml.org,2002:float"),
            Kind::Array => matches!(tag, "!" | "tag:yaml.org,2002:seq"),
            Kind::Object => matches!(tag, "!" | "tag:yaml.org,2002:map"),
            Kind::PlainString | Kind::JsonString | Kind::TomlString | Kind::YamlString | Kind::Datetime => {
                false
            }
        };
        if !fits {
            let shown: String = tag.chars().take(80).collect();
            self.problems
                .add(span, format!("the tag {shown:?} does not fit this value"));
        }
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        let text = self.document.text;
        Span::new(
            self.offsets.byte(text, span.start),
            self.offsets.byte(text, span.end),
        )
    }

    fn extend(&mut self, id: u32, end: usize) {
        if let Some(node) = self.document.nodes.get_mut(id as usize) {
            node.span = Span::new(node.span.start as usize, end.max(node.span.end as usize));
        }
    }
}

fn properties(anchor: usize, tag: Option<&Tag>) -> Properties {
    match (anchor, tag) {
        (0, None) => Properties::None,
        (_, _) => Properties::Some,
    }
}

fn full(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

#[cfg(test)]
mod tests;
