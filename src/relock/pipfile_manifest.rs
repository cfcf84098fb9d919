//! The `Pipfile`: ranges in it, and the hash of what it asks for, which stands in the lockfile (`_meta.hash`).
//!
//! The hash is the SHA-256 of what Python's `json.dumps(…, sort_keys=True, separators=(",", ":"))` makes of the sources, the versions of
//! Python and the packages of each category. Newer versions of pipenv take the names of packages in their one spelling.

use sha2::{Digest as _, Sha256};

use super::pipfile_entries::normal;
use super::python_json::{Spacing, json, object};
use super::splice::{Splice, apply};
use crate::plan::NewRange;
use crate::text::toml;
use crate::text::tree::{Kind, Value};

/// Tables that ask for no packages.
const OTHER_TABLES: [&str; 7] = [
    "source",
    "packages",
    "dev-packages",
    "requires",
    "scripts",
    "pipfile",
    "pipenv",
];

/// What a `Pipfile` asks for.
pub(super) fn asked(root: Value<'_>) -> Vec<(String, Value<'_>)> {
    let sections = root.entries().filter(|(key, section)| {
        let is_category = matches!(&**key, "packages" | "dev-packages") || !OTHER_TABLES.contains(&&**key);
        is_category && section.is_object()
    });
    sections
        .flat_map(|(_, section)| section.entries())
        .map(|(name, wish)| (normal(&name), wish))
        .collect()
}

/// The range of a wish, and where it stands.
pub(super) fn range(wish: Value<'_>) -> Option<Value<'_>> {
    match wish.kind() {
        Kind::Object => wish.get("version"),
        _ => Some(wish),
    }
}

/// A `Pipfile` with other ranges; `None` where one of the old ones does not stand there, or stands there with escapes.
pub(super) fn with(text: &str, ranges: &[&NewRange]) -> Option<String> {
    let document = toml::read(text);
    let mut splices = Vec::new();
    for new in ranges {
        let before = splices.len();
        for (name, wish) in asked(document.root()) {
            let Some(written) = range(wish).filter(|range| range.kind() == Kind::PlainString) else {
                continue;
            };
            if name == normal(&new.name) && written.as_str().as_deref() == Some(&new.from) {
                let span = written.text_span();
                splices.push(Splice {
                    at: span.start as usize..span.end as usize,
                    text: new.to.clone(),
                });
            }
        }
        if splices.len() == before {
            return None;
        }
    }
    apply(text, splices)
}

/// How names of packages count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// In their one spelling.
    Normal,
    /// As written.
    Written,
}

/// The hash of `after`, a `Pipfile` that was `before`, computed as the one of `before` was, which is `known`. `None` where that is not
/// the hash of `before`.
pub(super) fn hash(before: &str, after: &str, known: &str) -> Option<String> {
    let all = [Names::Normal, Names::Written];
    let names = all
        .into_iter()
        .find(|names| hash_of(before, *names).as_deref() == Some(known))?;
    hash_of(after, names)
}

fn hash_of(text: &str, names: Names) -> Option<String> {
    let document = toml::read(text);
    if !document.problems.is_empty() {
        return None;
    }
    let root = document.root();
    let narrow = Spacing::Narrow;
    let of = |key: &str| {
        root.get(key)
            .map_or(Some("{}".to_owned()), |value| json(value, narrow))
    };
    let section = |section: Option<Value<'_>>| -> Option<String> {
        let mut entries: Vec<(String, String)> = Vec::new();
        for (name, value) in section.into_iter().flat_map(Value::entries) {
            let name = match names {
                Names::Normal => normal(&name),
                Names::Written => name.into_owned(),
            };
            let value = json(value, narrow)?;
            entries.retain(|(known, _)| *known != name);
            entries.push((name, value));
        }
        let entries: Vec<(&str, String)> = entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        Some(object(&entries, narrow))
    };
    let meta = [("sources", of("source")?), ("requires", of("requires")?)];
    let mut parts = vec![
        ("_meta".to_owned(), object(&meta, narrow)),
        ("default".to_owned(), section(root.get("packages"))?),
        ("develop".to_owned(), section(root.get("dev-packages"))?),
    ];
    for (key, value) in root.entries() {
        if !OTHER_TABLES.contains(&&*key) && !matches!(&*key, "default" | "develop") {
            parts.push((key.into_owned(), section(Some(value))?));
        }
    }
    let parts: Vec<(&str, String)> = parts
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    Some(hex::encode(Sha256::digest(object(&parts, narrow))))
}

#[cfg(test)]
mod tests {
    use super::{Names, hash_of};

    /// What pipenv 2026.10.3 computes of made-up projects, and plette, which older versions ask.
    #[test]
    fn hashes_are_those_of_pipenv() {
        let cases = include_str!("../../tests/tables/pipenv/hashes.txt");
        let mut count = 0;
        for case in cases.split("\n#### ").skip(1) {
            let (hashes, text) = case.split_once('\n').unwrap_or_default();
            for (names, expected) in [Names::Normal, Names::Written].into_iter().zip(hashes.split(' ')) {
                assert_eq!(
                    hash_of(text, names).as_deref(),
                    Some(expected),
                    "{names:?}\n{text}"
                );
                count += 1;
            }
        }
        assert!(count > 60, "{count}");
    }
}
