//! What the strings of JSON and TOML say, without their escapes.

use std::borrow::Cow;

use toml_parser::Source;

use super::Span;

/// A JSON string without its quotes, unescaped. A half surrogate becomes U+FFFD, an unknown escape stays as written.
#[must_use]
pub(super) fn json(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let mut characters = after.chars();
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('u') => {
                let (character, length) = code_point(after);
                text.push(character);
                rest = after.get(length..).unwrap_or_default();
                continue;
            }
            Some(other @ ('"' | '\\' | '/')) => text.push(other),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
        rest = characters.as_str();
    }
    text.push_str(rest);
    text
}

/// The character that `uXXXX` or a surrogate pair stands for, and how many bytes it took.
fn code_point(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        text.get(at..at.saturating_add(4))
            .and_then(|hex| u16::from_str_radix(hex, 16).ok())
    };
    let Some(first) = unit(1) else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    let second = match text.get(5..7) {
        Some("\\u") => unit(7),
        Some(_) | None => None,
    };
    match (char::from_u32(u32::from(first)), second) {
        (Some(character), _) => (character, 5),
        (None, Some(second)) => match char::decode_utf16([first, second]).next() {
            Some(Ok(character)) => (character, 11),
            Some(Err(_)) | None => (char::REPLACEMENT_CHARACTER, 5),
        },
        (None, None) => (char::REPLACEMENT_CHARACTER, 5),
    }
}

/// The string whose token, quotes included, is spanned in `text`.
#[must_use]
pub(super) fn toml(text: &str, span: Span) -> String {
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
pub(super) fn inside_toml_quotes(text: &str, span: Span) -> Span {
    let token = span.of(text);
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| token.starts_with(quote))
        .unwrap_or_default();
    let inner = token.get(quote.len()..).unwrap_or_default();
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    span.inside(quote.len()..quote.len().saturating_add(inner.len()))
}
