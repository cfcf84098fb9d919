//! A positioned reader of XML: elements and their text, with spans, as far as the text can be read.
//!
//! Comments and processing instructions are passed over, and attributes are read when they are asked for; no entity but the
//! five of XML itself and character references is ever expanded, and no DTD is read.

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::{MAX_DEPTH, Problem, Problems, Span};

/// The elements of a text.
#[derive(Debug)]
pub struct Document<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    /// The first text behind an element, by the number of what holds both.
    stray: HashMap<u32, Span>,
    /// What was damaged; elements before the damage are there all the same.
    pub problems: Vec<Problem>,
}

#[derive(Debug)]
struct Node {
    name: Span,
    span: Span,
    content: Content,
    first: u32,
    last: u32,
    next: u32,
}

#[derive(Debug)]
enum Content {
    Empty,
    /// One piece of text without a reference, white space trimmed.
    Plain(Span),
    /// Several pieces: what they say together, and where they stand.
    Composed(String, Span),
}

const NONE: u32 = u32::MAX;

/// Reads `text`.
#[must_use]
pub fn read(text: &str) -> Document<'_> {
    let mut document = Document {
        text,
        nodes: vec![Node::new(Span::at(0), Span::at(0))],
        stray: HashMap::new(),
        problems: Vec::new(),
    };
    let mut problems = Problems::default();
    // The reader takes byte order marks away and does not count them.
    let body = text.trim_start_matches('\u{feff}');
    let before = text.len().saturating_sub(body.len());
    let mut reader = Reader::from_str(body);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut open: Vec<u32> = vec![0];
    let mut too_deep = 0_usize;
    loop {
        let start = reader.buffer_position() as usize;
        let event = reader.read_event();
        let span = Span::new(
            before.saturating_add(start),
            before.saturating_add(reader.buffer_position() as usize),
        );
        match event {
            Ok(Event::Start(tag)) => {
                if too_deep > 0 || open.len() > MAX_DEPTH {
                    if too_deep == 0 {
                        problems.add(
                            span,
                            format!("nested deeper than {MAX_DEPTH} levels; what stands inside is not read"),
                        );
                    }
                    too_deep = too_deep.saturating_add(1);
                } else {
                    let name = tag.name().as_ref().len();
                    open.push(document.push(&open, Node::new(span.inside(1..name.saturating_add(1)), span)));
                }
            }
            Ok(Event::Empty(tag)) if too_deep == 0 => {
                let name = tag.name().as_ref().len();
                document.push(&open, Node::new(span.inside(1..name.saturating_add(1)), span));
            }
            Ok(Event::End(tag)) => {
                if too_deep > 0 {
                    too_deep = too_deep.saturating_sub(1);
                    continue;
                }
                let matches = |id: &u32| {
                    document
                        .nodes
                        .get(*id as usize)
                        .is_some_and(|node| node.name.of(text) == tag.name().as_ref())
                };
                // A tag that was never closed ends where an outer one ends; a bound keeps the search linear.
                let depth = open.iter().skip(1).rev().take(8).position(matches);
                match depth {
                    None => problems.add(span, "this end tag closes nothing"),
                    Some(unclosed) => {
                        if unclosed > 0 {
                            problems.add(span, "this closes an outer element while an inner one is open");
                        }
                        for id in open.split_off(open.len().saturating_sub(unclosed.saturating_add(1))) {
                            document.end_at(id, span.end);
                        }
                    }
                }
            }
            Ok(Event::Text(_)) if too_deep == 0 => document.append(&open, span, Cow::Borrowed(span.of(text))),
            Ok(Event::CData(data)) if too_deep == 0 => {
                let inside = data.to_string();
                document.append(&open, span, Cow::Owned(inside));
            }
            Ok(Event::GeneralRef(name)) if too_deep == 0 => {
                let name = name.to_string();
                match character(&name) {
                    Some(character) => document.append(&open, span, Cow::Owned(character.to_string())),
                    None => {
                        problems.add(span, "this entity is not expanded");
                        document.append(&open, span, Cow::Owned(format!("&{name};")));
                    }
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                let at = before
                    .saturating_add(reader.error_position() as usize)
                    .min(text.len());
                problems.add(Span::at(at), describe(&error));
                // Syntax errors end the text; the reader stands at its end after them.
                if reader.buffer_position() as usize <= start || matches!(error, quick_xml::Error::Syntax(_))
                {
                    break;
                }
            }
        }
    }
    if let Some(unclosed) = open.get(1..).and_then(<[u32]>::last) {
        let span = document
            .nodes
            .get(*unclosed as usize)
            .map_or(Span::at(0), |node| node.span);
        if problems.is_empty() {
            problems.add(span, "the file ends before this element is closed");
        }
        for id in open.split_off(1) {
            document.end_at(id, text.len() as u32);
        }
    }
    let second = document.root().children().nth(1).map(Element::span);
    if let Some(span) = second {
        problems.add(span, "a second outermost element");
    }
    if let Some(span) = document.stray(document.root()) {
        problems.add(span, "text outside of the outermost element");
    }
    if document.root().children().next().is_none() && problems.is_empty() {
        problems.add(Span::at(0), "the file holds no element");
    }
    document.problems = problems.into_vec();
    document
}

impl<'t> Document<'t> {
    /// The document itself, whose children are the outermost elements.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element {
            document: self,
            id: 0,
        }
    }

    /// Where text stands in `element` beside elements, if there is any but white space.
    #[must_use]
    pub fn stray(&self, element: Element<'_>) -> Option<Span> {
        let node = self
            .nodes
            .get(element.id as usize)
            .filter(|node| node.first != NONE)?;
        match &node.content {
            Content::Plain(span) => Some(*span),
            Content::Composed(text, span) if !text.trim().is_empty() => Some(*span),
            Content::Composed(..) | Content::Empty => self.stray.get(&element.id).copied(),
        }
    }

    fn push(&mut self, open: &[u32], node: Node) -> u32 {
        let id = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        let parent = open.last().copied().unwrap_or_default();
        let last = self.nodes.get(parent as usize).map_or(NONE, |node| node.last);
        if let Some(previous) = self.nodes.get_mut(last as usize) {
            previous.next = id;
        }
        if let Some(parent) = self.nodes.get_mut(parent as usize) {
            parent.last = id;
            if parent.first == NONE {
                parent.first = id;
            }
        }
        self.nodes.push(node);
        id
    }

    /// Adds a piece of text to the innermost open element.
    fn append(&mut self, open: &[u32], span: Span, piece: Cow<'_, str>) {
        let text = self.text;
        let Some(node) = open.last().and_then(|id| self.nodes.get_mut(*id as usize)) else {
            return;
        };
        // Text beside child elements is layout.
        if node.first != NONE {
            if !piece.trim().is_empty() {
                let start = piece.len().saturating_sub(piece.trim_start().len());
                let id = open.last().copied().unwrap_or_default();
                let length = piece.trim().len();
                let inside = span.inside(start..start.saturating_add(length));
                self.stray.entry(id).or_insert(inside);
            }
            return;
        }
        let content = std::mem::replace(&mut node.content, Content::Empty);
        node.content = match (content, piece) {
            (Content::Empty, Cow::Borrowed(plain)) => {
                let start = plain.len().saturating_sub(plain.trim_start().len());
                match plain.trim() {
                    "" => Content::Empty,
                    trimmed => Content::Plain(span.inside(start..start.saturating_add(trimmed.len()))),
                }
            }
            (Content::Empty, Cow::Owned(piece)) => Content::Composed(piece, span),
            (Content::Plain(before), piece) => {
                Content::Composed(format!("{}{piece}", before.of(text)), before.join(span))
            }
            (Content::Composed(mut before, at), piece) => {
                before.push_str(&piece);
                Content::Composed(before, at.join(span))
            }
        };
    }

    fn end_at(&mut self, id: u32, end: u32) {
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.span.end = end;
        }
    }
}

impl Node {
    fn new(name: Span, span: Span) -> Self {
        Self {
            name,
            span,
            content: Content::Empty,
            first: NONE,
            last: NONE,
            next: NONE,
        }
    }
}

/// An element of a [`Document`].
#[derive(Debug, Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document<'d>,
    id: u32,
}

impl<'d> Element<'d> {
    /// The name without its namespace prefix.
    #[must_use]
    pub fn name(self) -> &'d str {
        let name = self.node().map_or("", |node| node.name.of(self.document.text));
        name.rsplit_once(':').map_or(name, |(_, local)| local)
    }

    /// Where its name stands in the opening tag.
    #[must_use]
    pub fn name_span(self) -> Span {
        self.node().map_or(Span::default(), |node| node.name)
    }

    /// From the start of the opening tag to the end of the closing one.
    #[must_use]
    pub fn span(self) -> Span {
        self.node().map_or(Span::default(), |node| node.span)
    }

    /// The text, trimmed; empty for an element that holds elements.
    #[must_use]
    pub fn text(self) -> Cow<'d, str> {
        match self.node().map(|node| &node.content) {
            Some(Content::Plain(span)) => Cow::Borrowed(span.of(self.document.text)),
            Some(Content::Composed(text, _)) => Cow::Borrowed(text.trim()),
            Some(Content::Empty) | None => Cow::Borrowed(""),
        }
    }

    /// Where the text stands; an empty span after the opening tag's name if there is none.
    #[must_use]
    pub fn text_span(self) -> Span {
        match self.node() {
            Some(Node {
                content: Content::Plain(span) | Content::Composed(_, span),
                ..
            }) => *span,
            Some(Node { name, .. }) => Span::at(name.end as usize),
            None => Span::default(),
        }
    }

    /// The child elements, in the order of the text.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> {
        let document = self.document;
        let present = move |id: u32| (id != NONE).then_some(Element { document, id });
        let first = self.node().map_or(NONE, |node| node.first);
        std::iter::successors(present(first), move |element| {
            present(element.node().map_or(NONE, |node| node.next))
        })
    }

    /// The first child called `name`.
    #[must_use]
    pub fn child(self, name: &str) -> Option<Element<'d>> {
        self.children().find(|element| element.name() == name)
    }

    /// The attributes of the opening tag, in the order of the text, as far as they are well formed.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'d>> {
        let text = self.document.text;
        // The document itself has no tag.
        let name = self.node().filter(|node| node.name.end > node.name.start);
        let mut at = name.map_or(text.len(), |node| node.name.end as usize);
        std::iter::from_fn(move || {
            let attribute = Attribute::read(text, at)?;
            at = (attribute.span.end as usize).saturating_add(1);
            Some(attribute)
        })
    }

    /// Where its opening tag is no XML behind the last of [`Element::attributes`]: a value without quotes, or without an end.
    #[must_use]
    pub fn damaged_tag(self) -> Option<Span> {
        let name = self.node().map(|node| node.name)?;
        let last = self.attributes().last();
        let at = last.map_or(name.end, |attribute| attribute.span.end.saturating_add(1)) as usize;
        let rest = self.document.text.get(at..)?;
        let start = rest.len().saturating_sub(rest.trim_ascii_start().len());
        let rest = rest.trim_ascii_start();
        let is_end = rest.starts_with('>') || rest.starts_with("/>");
        (!is_end && self.id != 0).then(|| Span::at(at.saturating_add(start)))
    }

    /// The first attribute called `name`.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<Attribute<'d>> {
        self.attributes().find(|attribute| attribute.name == name)
    }

    fn node(self) -> Option<&'d Node> {
        self.document.nodes.get(self.id as usize)
    }
}

/// An attribute of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute<'d> {
    /// Its name, with the namespace prefix.
    pub name: &'d str,
    /// What its value says.
    pub value: Cow<'d, str>,
    /// Where the value stands, inside its quotes.
    pub span: Span,
}

impl<'d> Attribute<'d> {
    /// The attribute that follows at `at`, inside of an opening tag (XML 1.0, section 3.1).
    fn read(text: &'d str, at: usize) -> Option<Self> {
        let rest = text.get(at..)?;
        let begin = rest.find(|character: char| !character.is_ascii_whitespace())?;
        let rest = rest.get(begin..)?;
        let end = rest.find(|character: char| {
            character.is_ascii_whitespace() || matches!(character, '=' | '>' | '/' | '<' | '"' | '\'')
        })?;
        let (name, rest) = rest.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
        let value = rest.trim_ascii_start().strip_prefix('=')?.trim_ascii_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let value = value.get(1..)?;
        let start = text.len().saturating_sub(value.len());
        let value = value.get(..value.find(quote)?)?;
        Some(Self {
            name,
            value: expanded(value),
            span: Span::new(start, start.saturating_add(value.len())),
        })
    }
}

/// `value` with its references expanded; one that stands for nothing stays as it is.
fn expanded(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    let mut pieces = value.split('&');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let known = piece
            .split_once(';')
            .and_then(|(name, rest)| Some((character(name)?, rest)));
        match known {
            Some((character, rest)) => {
                text.push(character);
                text.push_str(rest);
            }
            None => {
                text.push('&');
                text.push_str(piece);
            }
        }
    }
    Cow::Owned(text)
}

/// The character that a reference without its `&` and `;` stands for (XML 1.0, sections 4.1 and 4.6).
fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

fn describe(error: &quick_xml::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or("this is no XML")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_texts() {
        let text = "<?xml version='1.0'?><p:project xmlns:p='x'><!-- c --><version> 1.2\n</version>\
                    <name>a&amp;b<![CDATA[<c>]]></name><empty/></p:project>";
        let document = read(text);
        assert_eq!(document.problems, []);
        let project = document.root().child("project").expect("project");
        let version = project.child("version").expect("version");
        assert_eq!(
            (version.text().as_ref(), version.text_span().of(text)),
            ("1.2", "1.2")
        );
        assert_eq!(project.child("name").expect("name").text(), "a&b<c>");
        assert_eq!(
            project.children().map(Element::name).collect::<Vec<_>>(),
            ["version", "name", "empty"]
        );
        assert!(version.span().of(text).ends_with("</version>"));
    }

    #[test]
    fn attributes_are_read_where_they_stand() {
        let text = "<a xmlns:p='u' one = \"1&amp;&#50;&x;\" \n p:two='<\"'><b/><c d='e'f=\"\"/><g h></g><i j='>'/></a>";
        let document = read(text);
        let outer = document.root().child("a").expect("a");
        let of = |element: Element<'_>| -> Vec<(String, String, String)> {
            let attributes = element.attributes();
            attributes
                .map(|one| (one.name.into(), one.value.into_owned(), one.span.of(text).into()))
                .collect()
        };
        let told = |name: &str, value: &str, written: &str| (name.into(), value.into(), written.into());
        let all = [
            told("xmlns:p", "u", "u"),
            told("one", "1&2&x;", "1&amp;&#50;&x;"),
            told("p:two", "<\"", "<\""),
        ];
        assert_eq!(of(outer), all);
        let inner: Vec<_> = outer.children().map(of).collect();
        let expected = [
            vec![],
            vec![told("d", "e", "e"), told("f", "", "")],
            vec![],
            vec![told("j", ">", ">")],
        ];
        assert_eq!(inner, expected);
        assert_eq!(of(document.root()), []);
        assert_eq!(outer.attribute("one").expect("one").value, "1&2&x;");
        assert_eq!(outer.attribute("two"), None);
        assert_eq!(document.root().damaged_tag(), None);
        assert_eq!(outer.damaged_tag(), None);
        let damaged: Vec<_> = outer.children().map(Element::damaged_tag).collect();
        assert_eq!(
            damaged.iter().map(Option::is_some).collect::<Vec<_>>(),
            [false, false, true, false]
        );
    }

    #[test]
    fn byte_order_marks_move_nothing() {
        let text = "\u{feff}\u{feff}<a>é<b>1.2</b><";
        let document = read(text);
        let inner = document.root().child("a").and_then(|outer| outer.child("b"));
        assert_eq!(inner.expect("b").text_span().of(text), "1.2");
        let [problem] = document.problems.as_slice() else {
            panic!("{:?}", document.problems);
        };
        assert!(text.is_char_boundary(problem.span.start as usize), "{problem:?}");
    }

    #[test]
    fn damage_keeps_what_came_before() {
        let cut = read("<project><version>1.2</version><dependencies><dep");
        assert!(!cut.problems.is_empty());
        assert_eq!(
            cut.root()
                .child("project")
                .and_then(|project| project.child("version"))
                .expect("version")
                .text(),
            "1.2"
        );
        let crossed = read("<a><b><c>1</c></a>");
        assert_eq!(crossed.root().children().count(), 1);
        assert!(!crossed.problems.is_empty());
        assert!(!read("<a>&bomb;</a>").problems.is_empty());
        assert!(!read("").problems.is_empty());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "<a>".repeat(100_000);
        let document = read(&deep);
        assert!(document.nodes.len() <= MAX_DEPTH + 2);
    }
}
