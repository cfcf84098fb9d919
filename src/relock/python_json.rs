//! Values of a TOML document as Python's `json.dumps(…, sort_keys=True)` writes them: what hashes of manifests are made of.

use crate::text::tree::{Kind, Value};

/// What stands between the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// `, ` and `: `, Python's own.
    Wide,
    /// `separators=(",", ":")`
    Narrow,
}

impl Spacing {
    fn comma(self) -> &'static str {
        match self {
            Self::Wide => ", ",
            Self::Narrow => ",",
        }
    }

    fn colon(self) -> &'static str {
        match self {
            Self::Wide => ": ",
            Self::Narrow => ":",
        }
    }
}

/// Entries, which are put in order.
pub(super) fn object(entries: &[(&str, String)], spacing: Spacing) -> String {
    let mut entries: Vec<&(&str, String)> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    let entries = entries
        .into_iter()
        .map(|(key, value)| format!("{}{}{value}", quoted(key), spacing.colon()));
    format!("{{{}}}", entries.collect::<Vec<String>>().join(spacing.comma()))
}

/// A value; `None` for one that JSON does not have, or whose spelling is not known.
pub(super) fn json(value: Value<'_>, spacing: Spacing) -> Option<String> {
    match value.kind() {
        Kind::PlainString | Kind::TomlString | Kind::JsonString | Kind::YamlString => {
            Some(quoted(&value.as_str()?))
        }
        Kind::Bool => Some(if value.as_bool()? { "true" } else { "false" }.to_owned()),
        Kind::Number => {
            let raw = value.raw();
            let number: i64 = raw.parse().ok()?;
            (number.to_string() == raw).then(|| raw.to_owned())
        }
        Kind::Array => {
            let items = value.items().map(|item| json(item, spacing));
            let items: Vec<String> = items.collect::<Option<_>>()?;
            Some(format!("[{}]", items.join(spacing.comma())))
        }
        Kind::Object => {
            let entries = value
                .entries()
                .map(|(key, value)| Some((key, json(value, spacing)?)));
            let entries: Vec<_> = entries.collect::<Option<_>>()?;
            let entries: Vec<(&str, String)> = entries
                .iter()
                .map(|(key, value)| (&**key, value.clone()))
                .collect();
            Some(object(&entries, spacing))
        }
        Kind::Null | Kind::Datetime => None,
    }
}

/// A string in ASCII, everything else as its UTF-16 units.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            ' '..='~' => quoted.push(character),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    quoted.push('"');
    quoted
}
