//! Terms of Elixir and Erlang as their tools write them into files: atoms, texts, numbers, lists, tuples, maps and keywords, with
//! places. Nothing is computed: what is more than a term is damage.
//!
//! The reader goes on after damage with the next line, as an entry of the outermost list or map; what was open there is not
//! [whole](Term::is_whole). It never recurses and takes time linear in the text.

use std::borrow::Cow;

use crate::text::{Problem, Problems, Span};

/// Which of the two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `%{"a": {:hex, :a, "1.0.0"}}`, comments with `#`.
    Elixir,
    /// `[{<<"a">>,{pkg,<<"a">>,<<"1.0.0">>},0}].`, comments with `%`.
    Erlang,
}

/// What a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `:name`, `name`.
    Atom,
    /// `"text"`, `<<"text">>`.
    Text,
    /// `12`.
    Number,
    /// `[…]`.
    List,
    /// `{…}`.
    Tuple,
    /// `%{…}`.
    Map,
}

/// Containers nested deeper than this are damage.
const MAX_DEPTH: usize = 64;

/// The terms of a text.
#[derive(Debug)]
pub struct Terms<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    /// What is damaged.
    pub problems: Vec<Problem>,
    /// The last term is whole, and ends as the language ends one.
    pub is_ended: bool,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    span: Span,
    /// Inside of the quotes.
    inner: Span,
    /// The number of the node behind all that is inside of this one.
    end: usize,
    is_key: bool,
    is_whole: bool,
}

/// One term.
#[derive(Debug, Clone, Copy)]
pub struct Term<'d> {
    terms: &'d Terms<'d>,
    number: usize,
}

impl<'t> Terms<'t> {
    /// Reads `text`.
    #[must_use]
    pub fn read(text: &'t str, language: Language) -> Self {
        let mut reader = Reader {
            text,
            at: 0,
            language,
            nodes: Vec::new(),
            open: Vec::new(),
            state: State::Value,
            problems: Problems::default(),
            is_ended: false,
        };
        while reader.step() {}
        reader.end();
        Self {
            text,
            nodes: reader.nodes,
            problems: reader.problems.into_vec(),
            is_ended: reader.is_ended,
        }
    }

    /// The outermost terms.
    pub fn roots(&self) -> impl Iterator<Item = Term<'_>> {
        self.entries(0, self.nodes.len()).map(|(_, term)| term)
    }

    fn entries(&self, start: usize, end: usize) -> impl Iterator<Item = (Option<Term<'_>>, Term<'_>)> {
        let mut at = start;
        let mut key = None;
        std::iter::from_fn(move || {
            loop {
                let node = self.nodes.get(at).filter(|_| at < end)?;
                let term = Term {
                    terms: self,
                    number: at,
                };
                at = node.end.max(at.saturating_add(1));
                match node.is_key {
                    true => key = Some(term),
                    false => return Some((key.take(), term)),
                }
            }
        })
    }
}

impl<'d> Term<'d> {
    fn node(&self) -> Option<&'d Node> {
        self.terms.nodes.get(self.number)
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.node().map_or(Kind::Atom, |node| node.kind)
    }

    /// The whole term.
    #[must_use]
    pub fn span(self) -> Span {
        self.node().map_or(Span::default(), |node| node.span)
    }

    /// What stands inside of the quotes, or the whole term.
    #[must_use]
    pub fn text_span(self) -> Span {
        self.node().map_or(Span::default(), |node| node.inner)
    }

    /// No damage ended it.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.node().is_some_and(|node| node.is_whole)
    }

    /// What an atom or a text says; `None` for other terms, and for a text with something computed or an escape that is not plain.
    #[must_use]
    pub fn text(self) -> Option<Cow<'d, str>> {
        let node = self.node()?;
        let raw = node.inner.of(self.terms.text);
        match node.kind {
            Kind::Atom | Kind::Text => unescape(raw),
            Kind::Number | Kind::List | Kind::Tuple | Kind::Map => None,
        }
    }

    /// The term as it is written.
    #[must_use]
    pub fn raw(self) -> &'d str {
        self.span().of(self.terms.text)
    }

    /// It is this atom.
    #[must_use]
    pub fn is_atom(self, name: &str) -> bool {
        self.kind() == Kind::Atom && self.text().is_some_and(|text| text == name)
    }

    /// What stands in a list, a tuple or a map, with its key where it has one.
    pub fn entries(self) -> impl Iterator<Item = (Option<Term<'d>>, Term<'d>)> {
        let end = self.node().map_or(0, |node| node.end);
        self.terms.entries(self.number.saturating_add(1), end)
    }

    /// What stands in a list or a tuple at the places in front of keywords.
    pub fn items(self) -> impl Iterator<Item = Term<'d>> {
        self.entries()
            .filter(|(key, _)| key.is_none())
            .map(|(_, term)| term)
    }

    /// The value of a keyword.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Term<'d>> {
        self.entries()
            .find(|(key, _)| key.is_some_and(|key| key.text().is_some_and(|key| key == name)))
            .map(|(_, value)| value)
    }
}

fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    if raw.contains("#{") {
        return None;
    }
    if !raw.contains('\\') {
        return Some(Cow::Borrowed(raw));
    }
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next()? {
                plain @ ('"' | '\'' | '\\' | '/' | '#') => text.push(plain),
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                _ => return None,
            },
            other => text.push(other),
        }
    }
    Some(Cow::Owned(text))
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A term, or the end of a container.
    Value,
    /// The value of a key.
    ValueOfKey,
    /// A comma, or the end of a container.
    Comma,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    language: Language,
    nodes: Vec<Node>,
    /// The numbers of the open containers.
    open: Vec<usize>,
    state: State,
    problems: Problems,
    is_ended: bool,
}

impl Reader<'_> {
    /// Reads one word; `false` at the end.
    fn step(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(first) = rest.chars().next() else {
            return false;
        };
        match (first, self.language) {
            (' ' | '\t' | '\r' | '\n' | '\u{feff}', _) => self.at = self.at.saturating_add(first.len_utf8()),
            ('#', Language::Elixir) | ('%', Language::Erlang) => {
                let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
                self.at = self.at.saturating_add(end);
            }
            (',', _) => match (self.state, self.open.is_empty()) {
                (State::Comma, false) => {
                    self.at = self.at.saturating_add(1);
                    self.state = State::Value;
                }
                _ => self.damage("a comma without a term in front of it"),
            },
            ('.', Language::Erlang) if self.open.is_empty() && self.state == State::Comma => {
                self.at = self.at.saturating_add(1);
                self.state = State::Value;
                self.is_ended = true;
            }
            (']' | '}', _) => self.close(first),
            ('=', Language::Elixir) if rest.starts_with("=>") && self.state == State::Comma => self.arrow(),
            _ if self.state == State::Comma => self.damage("a comma is missing"),
            ('[', _) => self.open(Kind::List, 1),
            ('{', _) => self.open(Kind::Tuple, 1),
            ('%', _) if rest.starts_with("%{") => self.open(Kind::Map, 2),
            ('"' | '\'', _) => self.quoted(0, first, rest),
            ('<', Language::Erlang) if rest.starts_with("<<\"") => self.quoted(2, '"', rest),
            (':', Language::Elixir) => self.atom(rest),
            ('0'..='9' | '-', _) => {
                let digits = rest.get(1..).unwrap_or_default();
                let end = digits.find(|next: char| !next.is_ascii_digit() && next != '_');
                self.add(
                    Kind::Number,
                    0,
                    0,
                    end.unwrap_or(digits.len()).saturating_add(1),
                    0,
                );
            }
            ('a'..='z' | 'A'..='Z' | '_', _) => self.word(rest),
            _ => self.damage("this is no term"),
        }
        true
    }

    /// Adds a term of which `front` bytes stand before its text, at `self.at`, and `back` behind it; a colon behind it makes it
    /// a key.
    fn add(&mut self, kind: Kind, front: usize, skipped: usize, length: usize, back: usize) {
        let start = self.at;
        let inner = start.saturating_add(front).saturating_add(skipped);
        let inner_end = inner.saturating_add(length);
        self.at = inner_end.saturating_add(back);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_key = self.language == Language::Elixir
            && matches!(kind, Kind::Atom | Kind::Text)
            && front == 0
            && rest.starts_with(':')
            && !rest.starts_with("::")
            && self.state == State::Value
            && !self.open.is_empty();
        let number = self.nodes.len();
        self.nodes.push(Node {
            kind,
            span: Span::new(start, self.at),
            inner: Span::new(inner, inner_end),
            end: number.saturating_add(1),
            is_key,
            is_whole: true,
        });
        self.is_ended = false;
        if is_key {
            self.at = self.at.saturating_add(1);
            self.state = State::ValueOfKey;
        } else {
            self.state = State::Comma;
            self.is_ended = self.language == Language::Elixir && self.open.is_empty();
        }
    }

    /// `name:`, `true`, and in Erlang any atom; in Elixir another name is a variable or a call.
    fn word(&mut self, rest: &str) {
        let end =
            rest.find(|next: char| !next.is_ascii_alphanumeric() && !matches!(next, '_' | '@' | '?' | '!'));
        let (name, behind) = rest
            .split_at_checked(end.unwrap_or(rest.len()))
            .unwrap_or((rest, ""));
        let is_atom = self.language == Language::Erlang || matches!(name, "true" | "false" | "nil");
        match is_atom || behind.starts_with(':') {
            true => self.add(Kind::Atom, 0, 0, name.len(), 0),
            false => self.damage("what is computed is no term"),
        }
    }

    /// `:name`, `:"name"`.
    fn atom(&mut self, rest: &str) {
        let name = rest.get(1..).unwrap_or_default();
        if let Some(quote @ ('"' | '\'')) = name.chars().next() {
            return self.quoted(1, quote, rest);
        }
        let end =
            name.find(|next: char| !next.is_ascii_alphanumeric() && !matches!(next, '_' | '@' | '?' | '!'));
        match end.unwrap_or(name.len()) {
            0 => self.damage("this is no term"),
            length => self.add(Kind::Atom, 1, 0, length, 0),
        }
    }

    /// A text or an atom in quotes, `front` bytes behind the start of the term.
    fn quoted(&mut self, front: usize, quote: char, rest: &str) {
        let inside = rest.get(front.saturating_add(1)..).unwrap_or_default();
        let mut is_escaped = false;
        // No text of these files crosses a line, so that one without an end costs its line only.
        let end = inside.bytes().position(|byte| {
            let closes = byte == quote as u8 && !is_escaped || byte == b'\n';
            is_escaped = !is_escaped && byte == b'\\';
            closes
        });
        let Some(end) = end.filter(|end| inside.as_bytes().get(*end) != Some(&b'\n')) else {
            return self.damage("a text is not closed on its line");
        };
        let behind = inside.get(end.saturating_add(1)..).unwrap_or_default();
        let (kind, back) = match (self.language, front) {
            (Language::Elixir, 1) => (Kind::Atom, 1),
            (Language::Erlang, 0) if quote == '\'' => (Kind::Atom, 1),
            (Language::Erlang, 2) if behind.starts_with(">>") => (Kind::Text, 3),
            (Language::Erlang, 2) if behind.starts_with("/utf8>>") => (Kind::Text, 8),
            (Language::Erlang, 2) => return self.damage("this is no term"),
            _ => (Kind::Text, 1),
        };
        self.add(kind, front, 1, end, back);
    }

    fn open(&mut self, kind: Kind, length: usize) {
        if self.open.len() >= MAX_DEPTH {
            return self.damage("terms are nested too deep");
        }
        let number = self.nodes.len();
        let start = self.at;
        self.at = start.saturating_add(length);
        self.nodes.push(Node {
            kind,
            span: Span::new(start, self.at),
            inner: Span::new(start, self.at),
            end: number.saturating_add(1),
            is_key: false,
            is_whole: false,
        });
        self.open.push(number);
        self.is_ended = false;
        self.state = State::Value;
    }

    fn close(&mut self, mark: char) {
        let opened = self.open.last().and_then(|number| self.nodes.get(*number));
        let fits = opened.is_some_and(|node| (mark == ']') == (node.kind == Kind::List));
        if !fits || self.state == State::ValueOfKey {
            return self.damage("this closes nothing that is open");
        }
        self.at = self.at.saturating_add(1);
        self.closed(true);
        self.state = State::Comma;
        self.is_ended = self.language == Language::Elixir && self.open.is_empty();
    }

    /// Ends the innermost container here.
    fn closed(&mut self, is_whole: bool) {
        let end = self.nodes.len();
        if let Some(node) = self.open.pop().and_then(|number| self.nodes.get_mut(number)) {
            node.end = end;
            node.span = Span::new(node.span.start as usize, self.at);
            node.inner = node.span;
            node.is_whole = is_whole;
        }
    }

    /// `"key" => value`: what stands in front is a key.
    fn arrow(&mut self) {
        let last = self.nodes.last_mut().filter(|node| {
            matches!(node.kind, Kind::Atom | Kind::Text) && !node.is_key && node.span.end as usize <= self.at
        });
        match last.filter(|_| !self.open.is_empty()) {
            Some(node) => {
                node.is_key = true;
                self.at = self.at.saturating_add(2);
                self.state = State::ValueOfKey;
            }
            None => self.damage("no key stands in front of this arrow"),
        }
    }

    /// Passes over the rest of the line, and goes on in the outermost container.
    fn damage(&mut self, message: &str) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let line = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let end = self.at.saturating_add(line);
        self.problems.add(Span::new(self.at, end), message);
        self.at = end.max(self.at.saturating_add(1)).min(self.text.len());
        let is_in_tuple = self.open.first().and_then(|number| self.nodes.get(*number));
        let kept = match is_in_tuple.map(|node| node.kind) {
            // The version of the format, and the list.
            Some(Kind::Tuple) => 2,
            _ => 1,
        };
        while self.open.len() > kept {
            self.closed(false);
        }
        // A key without its value is none.
        if let Some(node) = self.nodes.last_mut().filter(|node| node.is_key) {
            node.is_key = false;
            node.is_whole = false;
        }
        self.state = State::Value;
    }

    fn end(&mut self) {
        if !self.open.is_empty() || self.state == State::ValueOfKey {
            let end = Span::at(self.text.len());
            self.problems.add(end, "the text ends inside a term");
            self.is_ended = false;
        }
        if let Some(node) = self.nodes.last_mut().filter(|node| node.is_key) {
            node.is_key = false;
            node.is_whole = false;
        }
        while !self.open.is_empty() {
            self.closed(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(terms: &Terms<'_>) -> String {
        let mut text = String::new();
        for root in terms.roots() {
            show(root, &mut text);
        }
        text
    }

    fn show(term: Term<'_>, text: &mut String) {
        let (open, close) = match term.kind() {
            Kind::List => ("[", "]"),
            Kind::Tuple => ("{", "}"),
            Kind::Map => ("%", "%"),
            Kind::Atom | Kind::Text => {
                text.push_str(&term.text().unwrap_or(Cow::Borrowed("?")));
                return;
            }
            Kind::Number => {
                text.push_str(term.span().of(term.terms.text));
                return;
            }
        };
        text.push_str(open);
        for (key, value) in term.entries() {
            if let Some(key) = key {
                show(key, text);
                text.push('=');
            }
            show(value, text);
            text.push(' ');
        }
        text.push_str(close);
        if !term.is_whole() {
            text.push('!');
        }
    }

    #[test]
    fn terms_of_both_languages() {
        for (text, language, expected) in [
            (
                "%{\n  \"a\": {:hex, :a, \"1.0\", [:mix], [{:b, \"~> 1\", [hex: :b, optional: false]}]}, # x\n}\n",
                Language::Elixir,
                "%a={hex a 1.0 [mix ] [{b ~> 1 [hex=b optional=false ]} ]} %",
            ),
            (
                "%{\"a\" => {:git, \"u\", \"r\", [ref: \"x\"]}, :b => nil, c: 'd'}",
                Language::Elixir,
                "%a={git u r [ref=x ]} b=nil c=d %",
            ),
            (
                "{:\"a b\", -12, \"\\\"x\\\\\", \"#{y}\"}",
                Language::Elixir,
                "{a b -12 \"x\\ ?}",
            ),
            (
                "{\"1.2.0\",\n[{<<\"a\">>,{pkg,<<\"a\"/utf8>>,<<\"1.0\">>},0}]}. % x\n[{pkg_hash,[{'b',1}]}].",
                Language::Erlang,
                "{1.2.0 [{a {pkg a 1.0 } 0 } ]}[{pkg_hash [{b 1 } ]} ]",
            ),
        ] {
            let terms = Terms::read(text, language);
            assert_eq!(terms.problems, [], "{text}");
            assert!(terms.is_ended, "{text}");
            assert_eq!(
                shown(&terms).replace(" }", "}").replace(' ', ""),
                expected.replace(' ', ""),
                "{text}"
            );
        }
    }

    #[test]
    fn damage_costs_a_line() {
        let text = "%{\n  \"a\": {:hex, :a, \"1.0\"},\n  \"b\": {:hex, b(), \"1.0\"},\n  \"c\": {:hex, :c, \"1.0\n  \"d\": {:hex, :d, \"1.0\"},\n}\n";
        let terms = Terms::read(text, Language::Elixir);
        assert_eq!(terms.problems.len(), 2);
        assert_eq!(
            shown(&terms),
            "%a={hex a 1.0 } b={hex }! c={hex c }! d={hex d 1.0 } %"
        );
        for cut in 0..text.trim_end().len() {
            let terms = Terms::read(&text[..cut], Language::Elixir);
            assert!(!terms.is_ended, "{cut}");
        }
    }
}
