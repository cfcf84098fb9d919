//! The lines of both of Yarn's syntaxes, with places.
//!
//! Yarn 1 has a syntax of its own, later ones write YAML; both write one fact a line, two spaces a level, and quote as JSON
//! does. A reader of all of YAML is many times as slow and gives a tree that would be walked once: this one gives the lines
//! as they are met, and borrows what they say. What Yarn does not write (flow, blocks, anchors, other quotes, tabs) is no line
//! that can be taken apart: it is a problem, and never passed over.

use std::borrow::Cow;

use crate::text::{Span, json};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Yarn 1: `key value`, and entries with several keys.
    Classic,
    /// Yarn 2 and later: `key: value`.
    Berry,
}

/// A key or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar<'t> {
    /// What it says.
    pub(super) text: Cow<'t, str>,
    /// Where it stands, inside its quotes.
    pub(super) span: Span,
    /// It stands there letter by letter.
    pub(super) is_plain: bool,
    /// It stands in quotes.
    pub(super) is_quoted: bool,
}

impl<'t> Scalar<'t> {
    /// Where the bytes `range` of its text stand; all of it if an escape moves them.
    pub(super) fn span_of(&self, range: std::ops::Range<usize>) -> Span {
        match self.is_plain {
            true => self.span.inside(range),
            false => self.span,
        }
    }

    fn plain(text: &'t str, start: usize) -> Self {
        Self {
            text: Cow::Borrowed(text),
            span: Span::new(start, start.saturating_add(text.len())),
            is_plain: true,
            is_quoted: false,
        }
    }
}

/// A line that is neither blank nor a comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    /// Spaces before it.
    pub(super) indent: usize,
    /// Where its first character that is no space stands.
    pub(super) start: usize,
    /// From there to its end, without blanks there.
    pub(super) text: &'t str,
}

impl Line<'_> {
    pub(super) fn span(&self) -> Span {
        Span::new(self.start, self.start.saturating_add(self.text.len()))
    }
}

/// The lines of `text`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let end = memchr::memchr(b'\n', rest.as_bytes());
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let before = at;
            at = at.saturating_add(line.len()).saturating_add(1);
            let indent = line.bytes().take_while(|byte| *byte == b' ').count();
            let text = line.get(indent..).unwrap_or_default();
            let text = match text.as_bytes().last() {
                Some(b'\r' | b' ') => text.trim_end_matches(['\r', ' ']),
                _ => text,
            };
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            return Some(Line {
                indent,
                start: before.saturating_add(indent),
                text,
            });
        }
    })
}

/// What a line says below the first level.
#[derive(Debug)]
pub(super) struct Field<'t> {
    pub(super) key: Scalar<'t>,
    /// `None` where it opens a level: what follows deeper belongs to it.
    pub(super) value: Option<Scalar<'t>>,
}

/// Takes a line apart; `None` if it is not as Yarn writes it.
pub(super) fn field<'t>(line: &Line<'t>, syntax: Syntax) -> Option<Field<'t>> {
    let (key, rest) = key(line.text, line.start, syntax)?;
    let at = line
        .start
        .saturating_add(line.text.len())
        .saturating_sub(rest.len());
    let after = rest.strip_prefix(':');
    let value = match (syntax, after) {
        (_, Some("")) => None,
        // Yarn 1 reads `key: value`, too.
        (_, Some(after)) => Some(value(after.strip_prefix(' ')?, at.saturating_add(2), syntax)?),
        (Syntax::Classic, None) => Some(value(rest.strip_prefix(' ')?, at.saturating_add(1), syntax)?),
        (Syntax::Berry, None) => return None,
    };
    Some(Field { key, value })
}

/// The keys of an entry of Yarn 1, up to its colon: `a@1, "b@>=2":`.
pub(super) fn classic_keys<'t>(line: &Line<'t>, to: &mut impl FnMut(Scalar<'t>)) -> Option<()> {
    let mut rest = line.text;
    let mut at = line.start;
    loop {
        let (scalar, after) = key(rest, at, Syntax::Classic)?;
        at = at.saturating_add(rest.len().saturating_sub(after.len()));
        to(scalar);
        if after == ":" {
            return Some(());
        }
        rest = after.strip_prefix(", ")?;
        at = at.saturating_add(2);
    }
}

fn key(text: &str, start: usize, syntax: Syntax) -> Option<(Scalar<'_>, &str)> {
    if text.starts_with('"') {
        return quoted(text, start);
    }
    let end = match syntax {
        Syntax::Classic => text
            .bytes()
            .position(|byte| matches!(byte, b':' | b' ' | b','))
            .unwrap_or(text.len()),
        Syntax::Berry => colon(text)?,
    };
    let (key, rest) = text.split_at_checked(end)?;
    (!key.is_empty() && is_plain(key, syntax)).then(|| (Scalar::plain(key, start), rest))
}

fn value(text: &str, start: usize, syntax: Syntax) -> Option<Scalar<'_>> {
    if text.starts_with('"') {
        let (scalar, rest) = quoted(text, start)?;
        return rest.is_empty().then_some(scalar);
    }
    (!text.is_empty() && is_plain(text, syntax)).then(|| Scalar::plain(text, start))
}

/// Where the colon stands that ends a plain key.
fn colon(text: &str) -> Option<usize> {
    memchr::memchr_iter(b':', text.as_bytes())
        .find(|at| matches!(text.as_bytes().get(at.saturating_add(1)), None | Some(b' ')))
}

/// Text without quotes that means what stands there.
fn is_plain(text: &str, syntax: Syntax) -> bool {
    let bytes = text.as_bytes();
    match syntax {
        _ if bytes.first() == Some(&b' ') => false,
        Syntax::Classic => !bytes.iter().any(|byte| matches!(byte, b'"' | b'\\' | b'\t')),
        Syntax::Berry => {
            let is_special = matches!(
                bytes.first(),
                None | Some(
                    b'-' | b'?'
                        | b':'
                        | b','
                        | b']'
                        | b'['
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
                        | b'\t'
                )
            );
            !is_special
                && !bytes
                    .windows(2)
                    .any(|pair| matches!(pair, [b':', b' '] | [b' ', b'#'] | [b'\t', _]))
                && bytes.last() != Some(&b':')
        }
    }
}

/// The quoted text that `text` starts with, and what follows it.
fn quoted(text: &str, start: usize) -> Option<(Scalar<'_>, &str)> {
    let bytes = text.as_bytes();
    let mut at = 1_usize;
    let mut is_plain = true;
    loop {
        at = at.saturating_add(memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?);
        if bytes.get(at) == Some(&b'"') {
            break;
        }
        is_plain = false;
        at = at.saturating_add(2);
    }
    let inside = text.get(1..at)?;
    let rest = text.get(at.saturating_add(1)..)?;
    let said = match is_plain {
        true => Cow::Borrowed(inside),
        // Both quote as JSON does.
        false => {
            let document = json::read(text.get(..=at)?);
            Cow::Owned(document.root().as_str()?.into_owned())
        }
    };
    let scalar = Scalar {
        text: said,
        span: Span::new(start.saturating_add(1), start.saturating_add(at)),
        is_plain,
        is_quoted: true,
    };
    Some((scalar, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, syntax: Syntax) -> Option<(String, Option<String>)> {
        let line = lines(text).next()?;
        let field = field(&line, syntax)?;
        for scalar in [Some(&field.key), field.value.as_ref()].into_iter().flatten() {
            assert!(!scalar.is_plain || scalar.span.of(text) == scalar.text, "{text}");
        }
        Some((
            field.key.text.into_owned(),
            field.value.map(|value| value.text.into_owned()),
        ))
    }

    #[test]
    fn lines_are_taken_apart_as_yarn_writes_them() {
        for (text, syntax, key, value) in [
            ("  version \"1.2.3\"\n", Syntax::Classic, "version", Some("1.2.3")),
            (
                "  version: \"1.2.3\"\r\n",
                Syntax::Classic,
                "version",
                Some("1.2.3"),
            ),
            ("    \"@a/b\" \">=1 <2\"", Syntax::Classic, "@a/b", Some(">=1 <2")),
            (
                "  integrity sha512-a/b+c==\n",
                Syntax::Classic,
                "integrity",
                Some("sha512-a/b+c=="),
            ),
            ("  dependencies:\n", Syntax::Classic, "dependencies", None),
            ("  version: 1.2.3\n", Syntax::Berry, "version", Some("1.2.3")),
            (
                "  a: \"x \\\"y\\\" \\u00e9\"\n",
                Syntax::Berry,
                "a",
                Some("x \"y\" é"),
            ),
            (
                "\"a@npm:^1, b@npm:2\":\n",
                Syntax::Berry,
                "a@npm:^1, b@npm:2",
                None,
            ),
            ("a@npm:1:\n", Syntax::Berry, "a@npm:1", None),
            (
                "  conditions: (os=linux | os=a) & cpu=x\n",
                Syntax::Berry,
                "conditions",
                Some("(os=linux | os=a) & cpu=x"),
            ),
        ] {
            let expected = Some((key.to_owned(), value.map(str::to_owned)));
            assert_eq!(said(text, syntax), expected, "{text}");
        }
    }

    #[test]
    fn what_yarn_does_not_write_is_no_line() {
        for text in [
            "a: 'b'",
            "a: |",
            "a: {b: c}",
            "a: [b]",
            "a: &b c",
            "a: b # c",
            "a: b: c",
            "a: \"b\" c",
            "a: \"b",
            "- a",
            "a",
            "? a",
            "\ta: b",
            "a: \"\\\"",
            "a:  b",
            ": b",
        ] {
            assert_eq!(said(text, Syntax::Berry), None, "{text}");
        }
        for text in ["a", "a \"b", "a\tb", "a  b\"", "\"a", "a,b c"] {
            assert_eq!(said(text, Syntax::Classic), None, "{text}");
        }
    }

    #[test]
    fn an_entry_of_yarn_1_has_several_keys() {
        let keys = |text: &'static str| {
            let mut keys = Vec::new();
            let line = lines(text).next()?;
            classic_keys(&line, &mut |key| keys.push(key.text.into_owned()))?;
            Some(keys)
        };
        assert_eq!(
            keys("a@1, \"@b/c@>=1, 2\":\n"),
            Some(vec!["a@1".into(), "@b/c@>=1, 2".into()])
        );
        for text in ["a@1", "a@1,", "a@1, :", "\"a@1:", "a@1: b", ":"] {
            assert_eq!(keys(text), None, "{text}");
        }
    }
}
