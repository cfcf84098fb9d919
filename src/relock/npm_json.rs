//! JSON as npm writes it: keys in the order of `json-stringify-nice`, in a file's own indentation and line ends.

use std::cmp::Ordering;

use crate::text::tree::{Kind, Value};

/// Line ends and indentation.
#[derive(Clone, Copy)]
pub(super) struct Style<'d> {
    line_end: &'d str,
    /// Of one level; empty where all stands on one line.
    indent: &'d str,
}

impl<'d> Style<'d> {
    pub(super) fn of(text: &'d str) -> Self {
        let line_end = match text.split_once('\n') {
            Some((line, _)) if line.ends_with('\r') => "\r\n",
            Some(_) => "\n",
            None => "",
        };
        // What precedes the first key is one level deep.
        let key = text.find('"').unwrap_or(0);
        let before = text.get(..key).unwrap_or_default();
        let indent = before.rsplit_once('\n').map_or("", |(_, indent)| indent);
        Self { line_end, indent }
    }

    pub(super) fn line(&self, depth: usize) -> String {
        match self.line_end {
            "" => String::new(),
            line_end => format!("{line_end}{}", self.indent.repeat(depth)),
        }
    }

    pub(super) fn colon(&self) -> &'static str {
        match self.line_end {
            "" => ":",
            _ => ": ",
        }
    }

    /// A field at `depth` behind another one, with the comma between them.
    pub(super) fn further(&self, field: &Field, depth: usize) -> String {
        let (line, colon) = (self.line(depth), self.colon());
        format!(",{line}{}{colon}{}", quoted(&field.key), field.text)
    }

    /// A field of an object that stands at `depth`.
    pub(super) fn field_at(&self, key: &str, value: Value<'_>, depth: usize) -> Field {
        Field {
            key: key.to_owned(),
            text: self.written(value, depth),
            is_object: value.kind() == Kind::Object,
        }
    }

    /// A value of the registry's document, written as npm writes it.
    pub(super) fn written(&self, value: Value<'_>, depth: usize) -> String {
        match value.kind() {
            Kind::Object => {
                let fields = value
                    .entries()
                    .map(|(key, value)| self.field_at(&key, value, depth + 1))
                    .collect();
                self.nested(fields, depth)
            }
            Kind::Array => {
                let items: Vec<String> = value
                    .items()
                    .map(|item| format!("{}{}", self.line(depth + 1), self.written(item, depth + 1)))
                    .collect();
                match items.is_empty() {
                    true => "[]".to_owned(),
                    false => format!("[{}{}]", items.join(","), self.line(depth)),
                }
            }
            Kind::Number | Kind::Bool | Kind::Null => value.raw().to_owned(),
            Kind::PlainString | Kind::JsonString | Kind::TomlString | Kind::YamlString | Kind::Datetime => {
                quoted(&value.as_str().unwrap_or_default())
            }
        }
    }

    /// An object that stands at `depth`, its fields in order.
    pub(super) fn nested(&self, mut fields: Vec<Field>, depth: usize) -> String {
        fields.sort_by(Field::order);
        self.listed(&fields, depth)
    }

    /// An object that stands at `depth`, its fields as they are.
    pub(super) fn listed(&self, fields: &[Field], depth: usize) -> String {
        if fields.is_empty() {
            return "{}".to_owned();
        }
        let lines: Vec<String> = fields
            .iter()
            .map(|field| {
                format!(
                    "{}{}{}{}",
                    self.line(depth + 1),
                    quoted(&field.key),
                    self.colon(),
                    field.text
                )
            })
            .collect();
        format!("{{{}{}}}", lines.join(","), self.line(depth))
    }
}

/// The text of a value, with the quotes of one that has such.
pub(super) fn raw<'d>(text: &'d str, value: Value<'_>) -> &'d str {
    let span = value.span();
    let (start, end) = (span.start as usize, span.end as usize);
    match value.kind() {
        // Its span is inside the quotes.
        Kind::PlainString | Kind::JsonString => text.get(start.saturating_sub(1)..end + 1),
        _ => text.get(start..end),
    }
    .unwrap_or_default()
}

/// A value that npm writes down: not `null`, `false` or empty.
pub(super) fn is_said(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null => false,
        Kind::Bool => value.as_bool() == Some(true),
        Kind::Object | Kind::Array => value.count() > 0,
        Kind::PlainString | Kind::JsonString => value.as_str().is_some_and(|text| !text.is_empty()),
        Kind::Number | Kind::TomlString | Kind::YamlString | Kind::Datetime => true,
    }
}

/// A field of an object, its value as JSON.
pub(super) struct Field {
    pub(super) key: String,
    pub(super) text: String,
    pub(super) is_object: bool,
}

impl Field {
    pub(super) fn text(key: &str, text: &str) -> Self {
        Self {
            key: key.to_owned(),
            text: quoted(text),
            is_object: false,
        }
    }

    /// The order of `json-stringify-nice` with the keys that npm prefers.
    fn order(left: &Self, right: &Self) -> Ordering {
        const PREFERRED: [&str; 8] = [
            "name",
            "version",
            "lockfileVersion",
            "resolved",
            "integrity",
            "requires",
            "packages",
            "dependencies",
        ];
        let preferred = |field: &Self| {
            let place = PREFERRED.iter().position(|key| *key == field.key);
            place.unwrap_or(PREFERRED.len())
        };
        left.is_object
            .cmp(&right.is_object)
            .then_with(|| preferred(left).cmp(&preferred(right)))
            .then_with(|| order(&left.key, &right.key))
    }
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The same without its quotes.
pub(super) fn inside_quotes(text: &str) -> String {
    let quoted = quoted(text);
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

/// The order of `localeCompare` with the locale `en` for what names and paths of packages consist of: punctuation, digits,
/// letters; capitals count only where all else is the same (Unicode Collation Algorithm, CLDR root, 47).
pub(super) fn order(left: &str, right: &str) -> Ordering {
    const PUNCTUATION: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    let weight = |character: char| {
        let lower = character.to_ascii_lowercase();
        match PUNCTUATION.find(character) {
            Some(place) => (0, place as u32),
            None if lower.is_ascii_digit() => (1, lower as u32),
            None => (2, lower as u32),
        }
    };
    let primary = left.chars().map(weight).cmp(right.chars().map(weight));
    // Small letters come first.
    let case = |text: &str| {
        text.chars()
            .map(|one| one.is_ascii_uppercase())
            .collect::<Vec<_>>()
    };
    primary
        .then_with(|| case(left).cmp(&case(right)))
        .then_with(|| left.cmp(right))
}
