//! A positioned reader of TOML 1.0 that goes on after damage: a tree over `toml_parser`'s events.

mod plain;

use std::borrow::Cow;
use std::collections::hash_map;

use foldhash::{HashMap, HashSet};
use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, RecursionGuard, parse_document};
use toml_parser::{ErrorSink, ParseError, Raw, Source};

use super::tree::{Document, Kind, NONE, Node};
use super::{MAX_DEPTH, Problems, Span, unescape};

/// Reads `text`. Tables are objects, arrays of tables are lists of objects, dotted keys are nested objects.
/// A damaged line costs only itself. A key or a table that is written twice is a problem, and so is a header
/// that the text ends in.
#[must_use]
pub fn read(text: &str) -> Document<'_> {
    let mut builder = Builder::of(text);
    match plain::read(text, &mut builder) {
        Some(()) => builder.finish(Problems::default()),
        None => read_all(text),
    }
}

/// Reads `text` by the whole grammar.
fn read_all(text: &str) -> Document<'_> {
    let tokens = Source::new(text).lex().into_vec();
    let mut builder = Builder::of(text);
    let mut errors = Errors(Problems::default());
    let mut guard = RecursionGuard::new(&mut builder, MAX_DEPTH as u32);
    parse_document(&tokens, &mut guard, &mut errors);
    builder.finish(errors.0)
}

/// An object of at most this many entries has its keys compared with each other; a larger one has a set made.
const MAX_COMPARED: usize = 12;

/// Reports every key that its object has already. Linear: most objects of a lockfile are small.
fn report_duplicates(document: &Document<'_>, problems: &mut Problems) {
    let mut few: Vec<Cow<'_, str>> = Vec::with_capacity(MAX_COMPARED);
    for object in document.values().filter(|value| value.is_object()) {
        few.clear();
        let mut many = HashSet::default();
        for (key, value) in object.entries() {
            if few.contains(&key) || many.contains(&key) {
                problems.add(value.key_span(), twice("key", &key));
            } else if few.len() < MAX_COMPARED {
                few.push(key);
            } else {
                many.insert(key);
            }
        }
    }
}

/// How much of a key a message repeats.
const MAX_SHOWN: usize = 80;

fn twice(what: &str, key: &str) -> String {
    let shown: String = key.chars().take(MAX_SHOWN).collect();
    format!("the {what} {shown:?} is written twice")
}

struct Errors(Problems);

impl ErrorSink for Errors {
    fn report_error(&mut self, error: ParseError) {
        DecodeErrors(&mut self.0).report_error(error);
    }
}

/// Collects what a decoder of the parser reports.
struct DecodeErrors<'p>(&'p mut Problems);

impl ErrorSink for DecodeErrors<'_> {
    fn report_error(&mut self, error: ParseError) {
        let span = error.unexpected().or(error.context());
        let span = span.map_or(Span::default(), |span| Span::new(span.start(), span.end()));
        self.0.add(span, error.description());
    }
}

struct Builder<'t> {
    document: Document<'t>,
    /// Tables and lists of tables by (parent, key), so that a header costs the length of its path.
    tables: HashMap<(u32, String), Table>,
    /// The table or list that a header named last: the next header mostly names the same list.
    last: Option<Last>,
    /// The table that the last header opened.
    table: u32,
    /// Open inline tables and arrays, outermost first.
    open: Vec<u32>,
    header: Option<Header>,
    /// The keys of the header or key that is being read.
    path: Vec<Key>,
    problems: Problems,
}

#[derive(Clone, Copy)]
struct Key {
    span: Span,
    kind: Kind,
}

/// A table, or a list of tables, that a header or a dotted key made.
#[derive(Clone, Copy)]
struct Table {
    id: u32,
    made: Made,
}

/// A table or list as its own header names it.
#[derive(Clone, Copy)]
struct Last {
    parent: u32,
    key: Key,
    id: u32,
}

/// What wrote a table down. TOML lets none be written twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// A header that goes through it: its own header may follow.
    Passing,
    /// Its own header.
    Header,
    /// Dotted keys: others beside them may add to it.
    Dotted,
}

#[derive(Clone, Copy)]
enum Header {
    Table { start: usize },
    ArrayItem { start: usize },
}

impl EventReceiver for Builder<'_> {
    fn std_table_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.path.clear();
        self.header = Some(Header::Table { start: span.start() });
    }

    fn std_table_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.open_table(span.end());
    }

    fn array_table_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.path.clear();
        self.header = Some(Header::ArrayItem { start: span.start() });
    }

    fn array_table_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.open_table(span.end());
    }

    fn inline_table_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) -> bool {
        self.open_value(Kind::Object, Span::new(span.start(), span.end()))
    }

    fn inline_table_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close_value(span.end());
    }

    fn array_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) -> bool {
        self.open_value(Kind::Array, Span::new(span.start(), span.end()))
    }

    fn array_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close_value(span.end());
    }

    fn simple_key(&mut self, span: toml_parser::Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        let token = span;
        let (span, kind) = self.string(Span::new(span.start(), span.end()), encoding);
        let text = span.of(self.document.text);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let multiline = matches!(
            encoding,
            Some(Encoding::MlBasicString | Encoding::MlLiteralString)
        );
        // A header or key that the text ends in has an empty one.
        if multiline || (encoding.is_none() && (text.is_empty() || !text.bytes().all(is_plain))) {
            let text = Span::new(token.start(), token.end()).of(self.document.text);
            let raw = Raw::new_unchecked(text, encoding, token);
            raw.decode_key(&mut (), &mut DecodeErrors(&mut self.problems));
        }
        self.path.push(Key { span, kind });
    }

    fn scalar(&mut self, span: toml_parser::Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        let token = span;
        let span = Span::new(span.start(), span.end());
        let node = match encoding {
            Some(_) => {
                let (span, kind) = self.string(span, encoding);
                Node::new(kind, span)
            }
            None => {
                let text = span.of(self.document.text);
                let raw = Raw::new_unchecked(text, None, token);
                let _kind = raw.decode_scalar(&mut (), &mut DecodeErrors(&mut self.problems));
                Node::new(bare(text), span)
            }
        };
        self.add(node);
    }

    fn value_sep(&mut self, _: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.path.clear();
    }

    fn newline(&mut self, _: toml_parser::Span, _: &mut dyn ErrorSink) {
        // A key whose value never came must not lend its name to the next line.
        self.path.clear();
    }
}

impl<'t> Builder<'t> {
    fn of(text: &'t str) -> Self {
        let mut document = Document::empty(text);
        if let Some(root) = document.nodes.first_mut() {
            *root = Node::new(Kind::Object, Span::new(0, text.len()));
        }
        Self {
            document,
            tables: HashMap::default(),
            last: None,
            table: 0,
            open: Vec::new(),
            header: None,
            path: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// The document, with `errors` of the grammar.
    fn finish(self, errors: Problems) -> Document<'t> {
        let Self {
            mut document,
            mut problems,
            ..
        } = self;
        report_duplicates(&document, &mut problems);
        document.problems = errors.into_vec();
        document.problems.extend(problems.into_vec());
        document.problems.sort_by_key(|problem| problem.span);
        document
    }

    /// Adds a value under the keys read so far, to the open container or the current table.
    fn add(&mut self, mut node: Node) -> u32 {
        let mut path = std::mem::take(&mut self.path);
        let container = self.open.last().copied().unwrap_or(self.table);
        let id = match path.split_last() {
            None => match self.kind(container) {
                Kind::Array => self.document.push(container, node),
                // An entry without a key has been reported as an error already.
                _ => NONE,
            },
            Some((key, parents)) => {
                let parent = self.descend(container, parents, node.span, Made::Dotted);
                node.key = key.span;
                node.key_kind = key.kind;
                self.document.push(parent, node)
            }
        };
        let end = node.span.end as usize;
        if self.open.is_empty() {
            self.extend(self.table, end);
        }
        path.clear();
        self.path = path;
        id
    }

    fn open_value(&mut self, kind: Kind, span: Span) -> bool {
        let id = self.add(Node::new(kind, span));
        self.open.push(id);
        true
    }

    fn close_value(&mut self, end: usize) {
        if let Some(id) = self.open.pop() {
            self.extend(id, end);
        }
        if self.open.is_empty() {
            self.extend(self.table, end);
        }
    }

    fn open_table(&mut self, end: usize) {
        self.open.clear();
        let mut path = std::mem::take(&mut self.path);
        if let (Some(header), Some((key, parents))) = (self.header.take(), path.split_last()) {
            self.enter(header, *key, parents, end);
        }
        path.clear();
        self.path = path;
    }

    /// Makes the table of a header that ends at `end` the one that values are added to.
    fn enter(&mut self, header: Header, key: Key, parents: &[Key], end: usize) {
        match header {
            Header::Table { start } => {
                let span = Span::new(start, end);
                let parent = self.descend(0, parents, span, Made::Passing);
                let fresh = Node::new(Kind::Object, span);
                let (table, before) = self.child(parent, key, fresh, Made::Header);
                self.table = table;
                if self.kind(table) != Kind::Object {
                    self.problems.add(span, "this table's name is taken by a value");
                    self.table = self.document.push(parent, fresh);
                } else if matches!(before, Some(Made::Header | Made::Dotted)) {
                    let message = twice("table", &self.name(key));
                    self.problems.add(span, message);
                }
            }
            Header::ArrayItem { start } => {
                let span = Span::new(start, end);
                let parent = self.descend(0, parents, span, Made::Passing);
                let (list, _) = self.child(parent, key, Node::new(Kind::Array, span), Made::Header);
                if self.kind(list) == Kind::Array {
                    self.extend(list, end);
                } else {
                    self.problems
                        .add(span, "this list's name is taken by another value");
                }
                self.table = self.document.push(list, Node::new(Kind::Object, span));
            }
        }
    }

    /// Follows `keys` down from `from`; a list on the way means its last item.
    fn descend(&mut self, from: u32, keys: &[Key], span: Span, made: Made) -> u32 {
        let mut at = from;
        if let Some(key) = keys.get(MAX_DEPTH) {
            let message = format!("more than {MAX_DEPTH} keys in one; the rest is not read");
            self.problems.add(key.span, message);
        }
        for key in keys.iter().take(MAX_DEPTH) {
            let fresh = Node::new(Kind::Object, span);
            let (child, before) = self.child(at, *key, fresh, made);
            at = child;
            if made == Made::Dotted && before.is_some_and(|before| before != Made::Dotted) {
                let message = twice("table", &self.name(*key));
                self.problems.add(key.span, message);
            }
            if self.kind(at) == Kind::Array {
                at = self
                    .document
                    .nodes
                    .get(at as usize)
                    .map_or(at, |list| if list.last == NONE { at } else { list.last });
            }
        }
        at
    }

    /// The table under `key` of `parent`, made from `fresh` if there is none; and what had made the one that was
    /// there. Its own header counts from then on.
    fn child(&mut self, parent: u32, key: Key, mut fresh: Node, made: Made) -> (u32, Option<Made>) {
        let text = key.span.of(self.document.text);
        let is_last = |last: &Last| {
            last.parent == parent
                && last.key.kind == Kind::PlainString
                && key.kind == Kind::PlainString
                && last.key.span.of(self.document.text) == text
        };
        if made == Made::Header
            && let Some(last) = self.last.filter(is_last)
        {
            return (last.id, Some(made));
        }
        let (id, before) = match self.tables.entry((parent, self.name(key))) {
            hash_map::Entry::Occupied(mut table) => {
                let table = table.get_mut();
                let before = table.made;
                if made == Made::Header {
                    table.made = made;
                }
                (table.id, Some(before))
            }
            hash_map::Entry::Vacant(vacant) => {
                fresh.key = key.span;
                fresh.key_kind = key.kind;
                let id = self.document.push(parent, fresh);
                vacant.insert(Table { id, made });
                (id, None)
            }
        };
        if made == Made::Header {
            self.last = Some(Last { parent, key, id });
        }
        (id, before)
    }

    /// What a key says.
    fn name(&self, key: Key) -> String {
        let text = self.document.text;
        match key.kind {
            Kind::TomlString => unescape::toml(text, key.span),
            _ => key.span.of(text).to_owned(),
        }
    }

    /// The span that counts for a string token: inside its quotes if nothing in it is escaped.
    fn string(&mut self, span: Span, encoding: Option<Encoding>) -> (Span, Kind) {
        let token = span.of(self.document.text);
        let (quote, escapes) = match encoding {
            None => return (span, Kind::PlainString),
            Some(Encoding::LiteralString) => ("'", false),
            Some(Encoding::BasicString) => ("\"", token.contains('\\')),
            Some(Encoding::MlLiteralString) => ("'''", true),
            Some(Encoding::MlBasicString) => ("\"\"\"", true),
        };
        // The lexer ends an unclosed string with its line, and reports nothing.
        let closed = token.len() >= 2 * quote.len() && token.ends_with(quote);
        let is_control = |byte: u8| (byte < b' ' && byte != b'\t') || byte == 0x7F;
        if !closed {
            self.problems.add(span, "a string is not closed");
        } else if escapes {
            let at = toml_parser::Span::new_unchecked(span.start as usize, span.end as usize);
            let raw = Raw::new_unchecked(token, encoding, at);
            let _kind = raw.decode_scalar(&mut (), &mut DecodeErrors(&mut self.problems));
        } else if token.bytes().any(is_control) {
            self.problems.add(span, "a control character in a string");
        }
        match (escapes, closed) {
            (true, _) => (span, Kind::TomlString),
            (false, true) => (span.inside(1..span.len().saturating_sub(1)), Kind::PlainString),
            (false, false) => (span.inside(span.len().min(1)..span.len()), Kind::PlainString),
        }
    }

    fn kind(&self, id: u32) -> Kind {
        self.document
            .nodes
            .get(id as usize)
            .map_or(Kind::Null, |node| node.kind)
    }

    fn extend(&mut self, id: u32, end: usize) {
        if let Some(node) = self.document.nodes.get_mut(id as usize) {
            node.span = Span::new(node.span.start as usize, end.max(node.span.end as usize));
        }
    }
}

/// What an unquoted scalar is.
fn bare(text: &str) -> Kind {
    match text {
        "true" | "false" => Kind::Bool,
        _ if text.get(4..5) == Some("-") || text.get(2..3) == Some(":") => Kind::Datetime,
        _ => Kind::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_lists_and_dotted_keys() {
        let text = "version = 4\n[[package]]\nname = \"a\\u0062\"\nb.c = 1\n[[package]]\nname = 'x'\n\
                    dependencies = [\n \"y\",\n \"z 1\",\n]\n[package.source]\ngit = { url = \"u\", rev = \"r\" }\n[meta]\nd = 2024-01-01\n";
        let document = read(text);
        assert_eq!(document.problems, []);
        let root = document.root();
        assert_eq!(root.get("version").and_then(|value| value.as_u64()), Some(4));
        let packages: Vec<_> = root.get("package").expect("packages").items().collect();
        assert_eq!(packages.len(), 2);
        assert_eq!(packages[0].str("name").as_deref(), Some("ab"));
        assert_eq!(
            packages[0].get("b").and_then(|value| value.get("c")?.as_u64()),
            Some(1)
        );
        assert_eq!(packages[1].get("name").expect("name").span().of(text), "x");
        assert_eq!(packages[1].get("dependencies").expect("list").items().count(), 2);
        let git = packages[1]
            .get("source")
            .and_then(|value| value.get("git"))
            .expect("git");
        assert_eq!(git.str("rev").as_deref(), Some("r"));
        assert!(packages[0].span().of(text).starts_with("[[package]]"));
        assert!(packages[0].span().of(text).ends_with("b.c = 1"));
    }

    #[test]
    fn plain_text_is_read_as_by_the_whole_grammar() {
        for (text, is_plain) in [
            ("", true),
            ("\n\r\n# a \u{e9}\n", true),
            ("a = 1", true),
            ("a = \"\"\nb = \"\u{e9}\"\r\n", true),
            (
                "version = 4\n\n[[p]]\nn = \"a\"\nd = [\n \"x\",\n \"y 1\",\n]\n\n[[p]]\nn = \"b\"\n",
                true,
            ),
            (
                "[t]\na = []\nb = [ 1, 2 ]\nc = [[true], [{ x = 0 }]]\n[t.u.v]\nd = {a = 1,b = { c = \"d\" }}\n[[t.w]]\ne = false\n",
                true,
            ),
            (
                "a = 1\na = 2\n[t]\n[t]\n[[t]]\n[[p]]\n[p]\n[[p]]\n[p.q]\n[p.q]\n",
                true,
            ),
            ("[t]\n[u]\na = 1\n[t]\nb = 2\n[[x]]\n[u]\n", true),
            ("a=1", false),
            ("a = 1 ", false),
            ("a = 1 # b", false),
            ("a = 01", false),
            ("a = -1", false),
            ("a = 1.5", false),
            ("a = 1000000000000000000000", false),
            ("a = 'b'", false),
            ("a = \"\\n\"", false),
            ("a = \"\t\"", false),
            ("a = \"\"\"b\"\"\"", false),
            ("a = truely", false),
            ("a = {}", false),
            ("a = { b = 1, }", false),
            ("a = [1 2]", false),
            ("a = [", false),
            ("a.b = 1", false),
            ("\"a\" = 1", false),
            ("[a", false),
            ("[[a]", false),
            ("[ a ]", false),
            (" a = 1", false),
            ("a = \"b", false),
            ("a = 1\rb = 2", false),
            ("# \u{7}", false),
            ("\u{feff}a = 1", false),
        ] {
            let mut builder = Builder::of(text);
            assert_eq!(plain::read(text, &mut builder).is_some(), is_plain, "{text:?}");
            let (one, all) = (read(text), read_all(text));
            assert_eq!(format!("{one:?}"), format!("{all:?}"), "{text:?}");
        }
        let deep = format!("a = {}{}\n", "[".repeat(9), "]".repeat(9));
        assert_eq!(format!("{:?}", read(&deep)), format!("{:?}", read_all(&deep)));
    }

    #[test]
    fn damaged_plain_text_is_read_as_by_the_whole_grammar() {
        let text = "# by a tool\nversion = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n]\n\n\
                    [[package]]\nname = \"b\"\nsource = { registry = \"r\", n = [1, 2] }\n\n[package.metadata]\nx = true\n[m]\ny = 7\n";
        let same = |text: &str| {
            assert_eq!(
                format!("{:?}", read(text)),
                format!("{:?}", read_all(text)),
                "{text:?}"
            );
        };
        for at in 0..=text.len() {
            same(&text[..at]);
            for with in [
                "\"", "[", "]", "=", ".", "\n", " ", ",", "}", "\\", "#", "0", "-", "\r", "\u{e9}",
            ] {
                same(&format!("{}{with}{}", &text[..at], &text[at..]));
                same(&format!(
                    "{}{with}{}",
                    &text[..at],
                    &text[(at + 1).min(text.len())..]
                ));
            }
        }
    }

    #[test]
    fn what_is_written_twice_is_reported_once() {
        for twice in [
            "a = 1\nb = 2\na = 3\n",
            "a = 1\n\"a\" = 3\n",
            "a = 1\n'a' = 3\n",
            "a = 1\n\"\\u0061\" = 3\n",
            "[[p]]\nn = 1\nn = 2\n",
            "p = { n = 1, n = 2 }\n",
            "[t]\na = 1\n[t]\nb = 1\n",
            "[[p]]\n[p.t]\na = 1\n[p.t]\nb = 1\n",
            "t = {}\n[t]\nb = 1\n",
            "t = {}\n[t.u]\nb = 1\n",
            "p = []\n[[p]]\nb = 1\n",
            "a.b = 1\n[a]\nc = 1\n",
            "[t]\na.b = 1\n[t.a]\nc = 1\n",
            "[t.a.c]\nd = 1\n[t]\na.b = 1\n",
            "a.b = 1\na = 2\n",
            "a.b = 1\na.b.c = 2\n",
        ] {
            let document = read(twice);
            assert_eq!(document.problems.len(), 1, "{twice:?}: {:?}", document.problems);
        }
        for once in [
            "a.b = 1\na.c = 2\n",
            "[t.u]\na = 1\n[t]\nb = 1\n",
            "[t]\na.b = 1\n[t.a.c]\nd = 1\n",
            "[[p]]\n[p.t]\na = 1\n[[p]]\n[p.t]\na = 1\n",
            "[t]\na = 1\n[u]\na = 1\n",
            "p = [{ a = 1 }, { a = 1 }]\n",
        ] {
            assert_eq!(read(once).problems, [], "{once:?}");
        }
        let many: String = (0..20_000).map(|number| format!("a{number} = 1\n")).collect();
        assert_eq!(read(&many).problems, []);
        assert_eq!(read(&format!("{many}a19999 = 2\n")).problems.len(), 1);
        assert_eq!(read(&format!("{many}a3 = 2\n")).problems.len(), 1);
    }

    #[test]
    fn a_text_ends_in_nothing_unsaid() {
        for cut in [
            "[",
            "[[",
            "[[p",
            "[[p]",
            "[t",
            "[t.",
            "[[p.",
            "[\"",
            "a",
            "a.",
            "a =",
            "a = [",
            "a = {",
            "a = [1,",
            "a = {b",
            "a = {b =",
            "a = {b = 1",
            "a = t",
            "a = tru",
            "a = -",
            "a = 1_",
            "a = \"\\",
            "a = \"\\u00",
            "[p]\n[",
            "[[p]]\nn = 1\n[[",
            "[[]]",
            "[]",
            "a = \"\u{1}\"",
            "a = abc",
            "a = \"\\q\"",
            "\"\"\"a\"\"\" = 1",
        ] {
            assert!(!read(cut).problems.is_empty(), "{cut:?}");
        }
        for whole in [
            "",
            "\n",
            "# a",
            "[t]",
            "[[p]]",
            "a = 1",
            "a = [1,]",
            "\"\" = 1",
            "a = inf",
            "a = 1979-05-27",
        ] {
            assert_eq!(read(whole).problems, [], "{whole:?}");
        }
        let dotted = format!("{}x = 1\n", "a.".repeat(MAX_DEPTH + 2));
        assert!(!read(&dotted).problems.is_empty());
    }

    #[test]
    fn damage_costs_its_line() {
        let text = "[[package]]\nname = \"a\nversion = \"1\"\n<<<<<<< HEAD\n[[package]]\nname = \"b\"\nversion = \"2\"\n";
        let document = read(text);
        assert!(!document.problems.is_empty());
        let packages: Vec<_> = document.root().get("package").expect("list").items().collect();
        assert_eq!(
            packages
                .last()
                .and_then(|package| package.str("version"))
                .as_deref(),
            Some("2")
        );
        // A string that is cut must never pass for a whole one.
        for cut in [
            "a = \"1.0.2",
            "a = \"1.0.2\nb = 1",
            "a = \"",
            "a = '1.0.2",
            "a = \"\"\"1.0.2",
            "a = \"\"\"\"\"",
            "\"a = 1",
        ] {
            let document = read(cut);
            assert!(!document.problems.is_empty(), "{cut:?}");
        }
        assert_eq!(
            read("a = \"1.0.2\nb = 1").root().str("a").as_deref(),
            Some("1.0.2")
        );
        assert_eq!(
            read("a = \"\"\"\"1.0.2\"\"\"\"").root().str("a").as_deref(),
            Some("\"1.0.2\"")
        );
    }

    #[test]
    fn many_headers_and_deep_nesting_end() {
        let deep = format!("a = {}", "[".repeat(100_000));
        assert!(!read(&deep).problems.is_empty());
        let dotted = format!("[{}x]\na = 1\n", "a.".repeat(100_000));
        assert!(read(&dotted).root().is_object());
        let wide: String = (0..20_000)
            .map(|number| format!("[t{number}]\na = 1\n"))
            .collect();
        assert_eq!(read(&wide).root().entries().count(), 20_000);
    }
}
