//! Ranges in a `composer.json`, and the `content-hash` of it: the MD5 of PHP's JSON of what decides about a resolution.

use md5::{Digest as _, Md5};

use super::splice::{Splice, apply};
use crate::lockfile::composer_lock::locked::links;
use crate::plan::NewRange;
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// The manifest with the new ranges.
///
/// # Errors
/// Why it cannot be edited, as a sentence.
pub(super) fn with(text: &str, ranges: &[NewRange]) -> Result<String, String> {
    let document = json::read(text);
    let mut splices = Vec::new();
    for range in ranges {
        let mut found = false;
        for section in ["require", "require-dev"] {
            let table = document.root().get(section);
            for (name, value) in table.map(Value::entries).into_iter().flatten() {
                if name.eq_ignore_ascii_case(&range.name)
                    && value.as_str().as_deref().map(str::trim) == Some(range.from.trim())
                {
                    found = true;
                    let quoted = encoded_text(&range.to, Slashes::Plain);
                    splices.push(Splice {
                        at: value.span().start as usize..value.span().end as usize,
                        text: quoted.trim_matches('"').to_owned(),
                    });
                }
            }
        }
        if !found {
            return Err(format!(
                "{} does not ask for {} {}.",
                range.file, range.name, range.from
            ));
        }
    }
    let after = apply(text, splices).ok_or("Two edits meet at one place.")?;
    // What is not as it was meant is not written.
    let read = json::read(&after);
    let asked = ["require", "require-dev"].map(|key| links(read.root().get(key), ""));
    let mut asked = asked.iter().flatten();
    match ranges
        .iter()
        .all(|range| asked.any(|link| link.name == range.name && link.range == range.to))
        || ranges.len() > 1
    {
        true => Ok(after),
        false => Err("The composer.json was not changed as it was meant.".to_owned()),
    }
}

/// The hash of the manifest `after` an edit, in the place of the one in the lockfile, which has to be that of `before`.
///
/// # Errors
/// Why it is not known, as a sentence.
pub(super) fn hash(lockfile: &str, before: &str, after: &str) -> Result<Splice, String> {
    let document = json::read(lockfile);
    let known = document.root().get("content-hash");
    let known = known.filter(|known| known.as_str().as_deref() == content_hash(before).as_deref());
    match (known, content_hash(after)) {
        (Some(known), Some(hash)) => Ok(Splice {
            at: known.span().start as usize..known.span().end as usize,
            text: hash,
        }),
        _ => Err("The content-hash of the lockfile is not the one of composer.json, as far as it can be computed here: run `composer update --lock` first.".to_owned()),
    }
}

/// `Locker::getContentHash`; `None` where PHP might write a number in another way.
pub(super) fn content_hash(manifest: &str) -> Option<String> {
    const RELEVANT: [&str; 11] = [
        "conflict",
        "extra",
        "minimum-stability",
        "name",
        "prefer-stable",
        "provide",
        "replace",
        "repositories",
        "require",
        "require-dev",
        "version",
    ];
    let document = json::read(manifest);
    let root = document.root();
    let platform = root.get("config").and_then(|config| config.get("platform"));
    let platform = platform.filter(|platform| platform.kind() != Kind::Null);
    let mut fields: Vec<(&str, String)> = Vec::new();
    for key in RELEVANT {
        if let Some(value) = root.get(key) {
            fields.push((key, encoded(value)?));
        }
    }
    if let Some(platform) = platform {
        fields.push(("config", format!("{{\"platform\":{}}}", encoded(platform)?)));
    }
    fields.sort_by_key(|(key, _)| *key);
    let text = match fields.is_empty() {
        true => "[]".to_owned(),
        false => {
            let fields = fields.iter().map(|(key, text)| format!("\"{key}\":{text}"));
            format!("{{{}}}", fields.collect::<Vec<String>>().join(","))
        }
    };
    Some(hex::encode(Md5::digest(text.as_bytes())))
}

/// PHP's `json_encode` without options, of what PHP reads in the JSON.
fn encoded(value: Value<'_>) -> Option<String> {
    Some(match value.kind() {
        Kind::Object => {
            let mut fields: Vec<(String, String)> = Vec::new();
            for (key, value) in value.entries() {
                let text = encoded(value)?;
                match fields.iter_mut().find(|(known, _)| *known == key) {
                    Some(known) => known.1 = text,
                    None => fields.push((key.into_owned(), text)),
                }
            }
            let mut numbered = fields.iter().enumerate();
            match numbered.all(|(number, (key, _))| *key == number.to_string()) {
                true => {
                    let items: Vec<String> = fields.into_iter().map(|(_, text)| text).collect();
                    format!("[{}]", items.join(","))
                }
                false => {
                    let fields = fields
                        .iter()
                        .map(|(key, text)| format!("{}:{text}", encoded_text(key, Slashes::Escaped)));
                    format!("{{{}}}", fields.collect::<Vec<String>>().join(","))
                }
            }
        }
        Kind::Array => {
            let items: Vec<String> = value.items().map(encoded).collect::<Option<_>>()?;
            format!("[{}]", items.join(","))
        }
        Kind::Number => value.raw().parse::<i64>().ok().map(|number| number.to_string())?,
        Kind::Bool | Kind::Null => value.raw().to_owned(),
        Kind::PlainString | Kind::JsonString | Kind::TomlString | Kind::YamlString | Kind::Datetime => {
            encoded_text(&value.as_str()?, Slashes::Escaped)
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Plain,
    Escaped,
}

/// A string with every letter beyond ASCII escaped.
fn encoded_text(text: &str, slashes: Slashes) -> String {
    let mut shown = String::new();
    for letter in super::composer_json::quoted(text).chars() {
        match letter {
            '/' if slashes == Slashes::Escaped => shown.push_str("\\/"),
            letter if letter.is_ascii() => shown.push(letter),
            letter => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    shown
}
