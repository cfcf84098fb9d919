//! A positioned reader of TOML 1.0 that goes on after damage: a tree over `toml_parser`'s events.

use std::borrow::Cow;
use std::collections::HashMap;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, RecursionGuard, parse_document};
use toml_parser::{ErrorSink, ParseError, Source};

use super::tree::{Document, Kind, NONE, Node};
use super::{MAX_DEPTH, Problems, Span};

/// Reads `text`. Tables are objects, arrays of tables are lists of objects, dotted keys are nested objects.
/// A damaged line costs only itself.
#[must_use]
pub fn read(text: &str) -> Document<'_> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut builder = Builder {
        document: Document::empty(text),
        tables: HashMap::new(),
        table: 0,
        open: Vec::new(),
        header: None,
        path: Vec::new(),
        problems: Problems::default(),
    };
    if let Some(root) = builder.document.nodes.first_mut() {
        *root = Node::new(Kind::Object, Span::new(0, text.len()));
    }
    let mut errors = Errors(Problems::default());
    let mut guard = RecursionGuard::new(&mut builder, MAX_DEPTH as u32);
    parse_document(&tokens, &mut guard, &mut errors);
    let Builder {
        mut document,
        problems,
        ..
    } = builder;
    document.problems = errors.0.into_vec();
    document.problems.extend(problems.into_vec());
    document.problems.sort_by_key(|problem| problem.span);
    document
}

/// The string whose token, quotes included, is spanned in `text`.
#[must_use]
pub(super) fn unescape(text: &str, span: Span) -> String {
    let raw = span.of(text);
    let Some(token) = Source::new(raw).lex().next() else {
        return String::new();
    };
    let Some(raw) = Source::new(raw).get(token) else {
        return String::new();
    };
    let mut output = Cow::Borrowed("");
    let _kind = raw.decode_scalar(&mut output, &mut ());
    output.into_owned()
}

/// The part of a string token, spanned with its quotes in `text`, that stands inside them.
#[must_use]
pub(super) fn inside_quotes(text: &str, span: Span) -> Span {
    let token = span.of(text);
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| token.starts_with(quote))
        .unwrap_or_default();
    let inner = token.get(quote.len()..).unwrap_or_default();
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    span.inside(quote.len()..quote.len().saturating_add(inner.len()))
}

struct Errors(Problems);

impl ErrorSink for Errors {
    fn report_error(&mut self, error: ParseError) {
        let span = error.unexpected().or(error.context());
        let span = span.map_or(Span::default(), |span| Span::new(span.start(), span.end()));
        self.0.add(span, error.description());
    }
}

struct Builder<'t> {
    document: Document<'t>,
    /// Tables and lists of tables by (parent, key), so that a header costs the length of its path.
    tables: HashMap<(u32, String), u32>,
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
        self.open_value(Kind::Object, span)
    }

    fn inline_table_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close_value(span.end());
    }

    fn array_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) -> bool {
        self.open_value(Kind::Array, span)
    }

    fn array_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close_value(span.end());
    }

    fn simple_key(&mut self, span: toml_parser::Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        let (span, kind) = self.string(Span::new(span.start(), span.end()), encoding);
        self.path.push(Key { span, kind });
    }

    fn scalar(&mut self, span: toml_parser::Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        let span = Span::new(span.start(), span.end());
        let node = match encoding {
            Some(_) => {
                let (span, kind) = self.string(span, encoding);
                Node::new(kind, span)
            }
            None => Node::new(bare(span.of(self.document.text)), span),
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

impl Builder<'_> {
    /// Adds a value under the keys read so far, to the open container or the current table.
    fn add(&mut self, mut node: Node) -> u32 {
        let path = std::mem::take(&mut self.path);
        let container = self.open.last().copied().unwrap_or(self.table);
        let id = match path.split_last() {
            None => match self.kind(container) {
                Kind::Array => self.document.push(container, node),
                // An entry without a key has been told as an error already.
                _ => NONE,
            },
            Some((key, parents)) => {
                let parent = self.descend(container, parents, node.span);
                node.key = key.span;
                node.key_kind = key.kind;
                self.document.push(parent, node)
            }
        };
        let end = node.span.end as usize;
        if self.open.is_empty() {
            self.extend(self.table, end);
        }
        id
    }

    fn open_value(&mut self, kind: Kind, span: toml_parser::Span) -> bool {
        let id = self.add(Node::new(kind, Span::new(span.start(), span.end())));
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
        let path = std::mem::take(&mut self.path);
        let Some(header) = self.header.take() else { return };
        let Some((key, parents)) = path.split_last() else {
            return;
        };
        match header {
            Header::Table { start } => {
                let span = Span::new(start, end);
                let parent = self.descend(0, parents, span);
                self.table = self.child(parent, *key, Node::new(Kind::Object, span));
                if self.kind(self.table) != Kind::Object {
                    self.problems.add(span, "this table's name is taken by a value");
                    self.table = self.document.push(parent, Node::new(Kind::Object, span));
                }
            }
            Header::ArrayItem { start } => {
                let span = Span::new(start, end);
                let parent = self.descend(0, parents, span);
                let list = self.child(parent, *key, Node::new(Kind::Array, span));
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
    fn descend(&mut self, from: u32, keys: &[Key], span: Span) -> u32 {
        let mut at = from;
        for key in keys.iter().take(MAX_DEPTH) {
            at = self.child(at, *key, Node::new(Kind::Object, span));
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

    /// The table under `key` of `parent`, made from `fresh` if there is none.
    fn child(&mut self, parent: u32, key: Key, mut fresh: Node) -> u32 {
        let text = self.document.text;
        let name = match key.kind {
            Kind::TomlString => unescape(text, key.span),
            _ => key.span.of(text).to_owned(),
        };
        match self.tables.get(&(parent, name.clone())) {
            Some(id) => *id,
            None => {
                fresh.key = key.span;
                fresh.key_kind = key.kind;
                let id = self.document.push(parent, fresh);
                self.tables.insert((parent, name), id);
                id
            }
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
        // The lexer ends a string that nobody closed with its line, and tells nobody.
        let closed = token.len() >= 2 * quote.len() && token.ends_with(quote);
        if !closed {
            self.problems.add(span, "a string is not closed");
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
