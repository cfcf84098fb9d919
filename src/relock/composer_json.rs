//! JSON as Composer writes it (PHP's `json_encode` with plain slashes and letters), and the entry of a package: its keys in the order of
//! `ArrayDumper`, with the time at the end.

use std::collections::BTreeMap;

use super::npm_json::quoted as json_quoted;
use crate::text::tree::{Kind, Value};

/// Line ends and indentation.
#[derive(Clone, Copy)]
pub(super) struct Style<'d> {
    line_end: &'d str,
    /// Of one level.
    indent: &'d str,
}

/// An object inside `packages` stands so deep.
pub(super) const ENTRY_DEPTH: usize = 2;

impl<'d> Style<'d> {
    /// That of a lockfile; `None` where all stands on one line.
    pub(super) fn of(text: &'d str) -> Option<Self> {
        let (line, _) = text.split_once('\n')?;
        // What precedes the first key is one level deep.
        let before = text.get(..text.find('"')?)?;
        let (_, indent) = before.rsplit_once('\n')?;
        let line_end = if line.ends_with('\r') { "\r\n" } else { "\n" };
        (!indent.is_empty()).then_some(Self { line_end, indent })
    }

    pub(super) fn line(&self, depth: usize) -> String {
        format!("{}{}", self.line_end, self.indent.repeat(depth))
    }

    /// A list of texts that stands at `depth`.
    pub(super) fn list(&self, items: &[String], depth: usize) -> String {
        self.bracketed(('[', ']'), items, depth)
    }

    fn bracketed(&self, (open, close): (char, char), items: &[String], depth: usize) -> String {
        if items.is_empty() {
            return "[]".to_owned();
        }
        let line = self.line(depth + 1);
        let items: Vec<String> = items.iter().map(|item| format!("{line}{item}")).collect();
        format!("{open}{}{}{close}", items.join(","), self.line(depth))
    }

    fn object(&self, fields: &[(String, String)], depth: usize) -> String {
        // PHP knows no difference between a list and an object with the keys of one.
        let numbered = fields
            .iter()
            .enumerate()
            .all(|(number, (key, _))| *key == number.to_string());
        if numbered {
            let items: Vec<String> = fields.iter().map(|(_, text)| text.clone()).collect();
            return self.list(&items, depth);
        }
        let items: Vec<String> = fields
            .iter()
            .map(|(key, text)| format!("{}: {text}", quoted(key)))
            .collect();
        self.bracketed(('{', '}'), &items, depth)
    }

    /// A value as it is, at `depth`; `None` for a number that PHP might write otherwise.
    pub(super) fn written(&self, value: Value<'_>, depth: usize) -> Option<String> {
        Some(match value.kind() {
            Kind::Object => {
                let mut fields: Vec<(String, String)> = Vec::new();
                for (key, value) in value.entries() {
                    let text = self.written(value, depth + 1)?;
                    match fields.iter_mut().find(|(known, _)| *known == key) {
                        Some(known) => known.1 = text,
                        None => fields.push((key.into_owned(), text)),
                    }
                }
                self.object(&fields, depth)
            }
            Kind::Array => {
                let items = value.items().map(|item| self.written(item, depth + 1));
                let items: Vec<String> = items.collect::<Option<_>>()?;
                self.list(&items, depth)
            }
            Kind::Number => number(value.raw())?,
            Kind::Bool | Kind::Null => value.raw().to_owned(),
            Kind::PlainString | Kind::JsonString | Kind::TomlString | Kind::YamlString | Kind::Datetime => {
                quoted(&value.as_str()?)
            }
        })
    }

    /// The entry of a package of which a repository says `document`.
    ///
    /// # Errors
    /// What of it is not as Composer takes it, as a sentence.
    pub(super) fn entry(&self, document: Value<'_>) -> Result<String, String> {
        let depth = ENTRY_DEPTH;
        let name = document.str("name").unwrap_or_default();
        let version = document.str("version").unwrap_or_default();
        let refused = |what: &str| {
            format!(
                "The repository says of {name} {version} {what}, and how Composer writes that is not known here."
            )
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut put = |key: &str, text: Option<String>| {
            if let Some(text) = text {
                fields.push((key.to_owned(), text));
            }
        };
        let said = |key: &str| document.get(key).filter(|value| !is_empty(*value));
        let text = |key: &str| Some(quoted(&said(key)?.as_str()?));
        let as_is = |key: &str| match said(key) {
            Some(value) => self
                .written(value, depth + 1)
                .map(Some)
                .ok_or_else(|| refused("an odd number")),
            None => Ok(None),
        };
        for odd in [
            "php-ext",
            "transport-options",
            "mirrors",
            "installation-source",
            "archive",
        ] {
            if said(odd).is_some() {
                return Err(refused(&format!("`{odd}`")));
            }
        }
        put("name", Some(quoted(&name)));
        put("version", Some(quoted(&version)));
        put("target-dir", text("target-dir"));
        put(
            "source",
            self.place(document.get("source"), &["type", "url", "reference"]),
        );
        put(
            "dist",
            self.place(document.get("dist"), &["type", "url", "reference", "shasum"]),
        );
        for key in ["require", "conflict", "provide", "replace", "require-dev"] {
            put(key, self.links(document.get(key), &name));
        }
        put("suggest", self.suggested(document.get("suggest"), &version));
        let default = document.get("default-branch").and_then(Value::as_bool);
        put(
            "default-branch",
            default.filter(|is| *is).map(|_| "true".to_owned()),
        );
        put(
            "bin",
            self.listed(said("bin"), |one| one.trim_start_matches('/').to_owned()),
        );
        let kind = document.str("type").unwrap_or("library".into());
        put("type", Some(quoted(&kind.to_lowercase())));
        put("extra", as_is("extra")?);
        put("autoload", as_is("autoload")?);
        put("autoload-dev", as_is("autoload-dev")?);
        put("notification-url", text("notification-url"));
        put("include-path", as_is("include-path")?);
        if said("scripts").is_some() || said("repositories").is_some() {
            return Err(refused("`scripts` or `repositories`"));
        }
        put("license", self.listed(said("license"), str::to_owned));
        put("authors", as_is("authors")?);
        put("description", text("description"));
        put("homepage", text("homepage"));
        let keywords = self.keywords(said("keywords"));
        put(
            "keywords",
            keywords.map_err(|()| refused("keywords with and without numbers"))?,
        );
        put("support", as_is("support")?);
        put("funding", as_is("funding")?);
        put(
            "abandoned",
            match said("abandoned") {
                Some(value) if value.kind() == Kind::Bool => Some("true".to_owned()),
                Some(value) => value.as_str().map(|by| quoted(&by)),
                None => None,
            },
        );
        if let Some(time) = document.str("time").filter(|time| !time.is_empty()) {
            let time = moment(&time).ok_or_else(|| refused("an odd time"))?;
            put("time", Some(quoted(&time)));
        }
        Ok(self.object(&fields, depth))
    }

    /// `source` or `dist`, with these of its fields.
    fn place(&self, place: Option<Value<'_>>, keys: &[&str]) -> Option<String> {
        let place = place.filter(|place| place.is_object())?;
        let fields: Vec<(String, String)> = keys
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), quoted(&place.get(key)?.as_text()?))))
            .collect();
        (!fields.is_empty()).then(|| self.object(&fields, ENTRY_DEPTH + 1))
    }

    /// Names with constraints, by name.
    fn links(&self, table: Option<Value<'_>>, own: &str) -> Option<String> {
        let mut links: BTreeMap<String, String> = BTreeMap::new();
        for (name, range) in table?.entries() {
            let name = name.to_lowercase();
            if let Some(range) = range.as_str().filter(|_| name != own.to_lowercase()) {
                links.insert(name, quoted(&range));
            }
        }
        let links: Vec<(String, String)> = links.into_iter().collect();
        (!links.is_empty()).then(|| self.object(&links, ENTRY_DEPTH + 1))
    }

    fn suggested(&self, table: Option<Value<'_>>, version: &str) -> Option<String> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (name, reason) in table?.entries() {
            let reason = reason.as_str()?;
            let reason = match reason.trim() {
                "self.version" => version,
                _ => &*reason,
            };
            all.insert(name.into_owned(), quoted(reason));
        }
        let all: Vec<(String, String)> = all.into_iter().collect();
        (!all.is_empty()).then(|| self.object(&all, ENTRY_DEPTH + 1))
    }

    /// A list, or the one text that may stand for one.
    fn listed(&self, value: Option<Value<'_>>, plain: impl Fn(&str) -> String) -> Option<String> {
        let texts = texts(value?);
        let texts: Vec<String> = texts.iter().map(|text| quoted(&plain(text))).collect();
        (!texts.is_empty()).then(|| self.list(&texts, ENTRY_DEPTH + 1))
    }

    /// In the order of PHP's `sort`.
    fn keywords(&self, value: Option<Value<'_>>) -> Result<Option<String>, ()> {
        let Some(value) = value else { return Ok(None) };
        let words = sorted(texts(value)).ok_or(())?;
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        Ok((!words.is_empty()).then(|| self.list(&words, ENTRY_DEPTH + 1)))
    }
}

fn texts(value: Value<'_>) -> Vec<String> {
    match value.as_str() {
        Some(one) => vec![one.into_owned()],
        None => {
            let listed = value.items();
            let named = value.entries().map(|(_, one)| one);
            let all = listed.chain(named).filter_map(Value::as_text);
            all.map(|one| one.into_owned()).collect()
        }
    }
}

/// What PHP calls empty, as far as Composer leaves it out.
fn is_empty(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null => true,
        Kind::Bool => value.as_bool() == Some(false),
        Kind::Object | Kind::Array => value.count() == 0,
        _ => value.as_str().is_some_and(|text| text.is_empty()),
    }
}

/// `sort` of PHP 8: two numbers by their value, other texts by their bytes. `None` where that is no order, for a number stands between
/// texts that would have it elsewhere.
fn sorted(mut words: Vec<String>) -> Option<Vec<String>> {
    let number = |text: &String| -> Option<f64> {
        let text = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
        let is_numeric = text
            .chars()
            .all(|one| matches!(one, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        text.parse().ok().filter(|_| is_numeric)
    };
    words.sort();
    let numbers: Vec<f64> = words.iter().filter_map(number).collect();
    if numbers.is_sorted() {
        return Some(words);
    }
    if numbers.len() < words.len() {
        return None;
    }
    words.sort_by(|left, right| {
        let of = |word| number(word).unwrap_or_default();
        of(left).total_cmp(&of(right))
    });
    Some(words)
}

/// A JSON string as PHP writes it.
pub(super) fn quoted(text: &str) -> String {
    json_quoted(text)
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Whole numbers stay, and so do plain fractions.
fn number(raw: &str) -> Option<String> {
    if raw.parse::<i64>().is_ok() && raw != "-0" {
        return Some(raw.to_owned());
    }
    let is_plain = raw.len() < 15 && raw.contains('.') && !raw.contains(['e', 'E']);
    let value: f64 = raw.parse().ok()?;
    is_plain.then(|| format!("{value:?}"))
}

/// `2021-10-18T09:52:00+00:00`, also of what lacks the offset or writes it as `Z`.
fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    let is_shaped = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.chars().zip(shape.chars()).all(|(own, like)| match like {
                '0' => own.is_ascii_digit(),
                'T' => own == 'T' || own == ' ',
                '+' => own == '+' || own == '-',
                like => own == like,
            })
    };
    let (head, offset) = text.split_at_checked("2021-10-18T09:52:00".len())?;
    if !is_shaped(head, "0000-00-00T00:00:00") {
        return None;
    }
    let offset = match offset {
        "" | "Z" | "+0000" => "+00:00",
        offset if is_shaped(offset, "+00:00") => offset,
        _ => return None,
    };
    Some(format!("{}{offset}", head.replace(' ', "T")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_in_the_order_of_php() {
        let of = |words: &[&str]| sorted(words.iter().map(|&word| word.to_owned()).collect());
        let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        // php 8.2: sort(["10", "9"]) and so on.
        assert_eq!(of(&["10", "9"]), words(&["9", "10"]));
        assert_eq!(of(&["psr-7", "http", "Http"]), words(&["Http", "http", "psr-7"]));
        assert_eq!(of(&["web", "2", "1e1"]), None);
        assert_eq!(of(&["web", "2", "12"]), None);
        assert_eq!(of(&["web", "2", "3"]), words(&["2", "3", "web"]));
        assert_eq!(of(&["inf", "nan", "1"]), words(&["1", "inf", "nan"]));
    }
}
