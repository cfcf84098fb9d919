//! Ranges in a `Cargo.toml`: their text alone is exchanged.

use super::splice::{Splice, apply};
use crate::lockfile::cargo_lock::workspace::TABLES;
use crate::plan::NewRange;
use crate::text::toml;
use crate::text::tree::{Kind, Value};

/// The manifest with other ranges; `None` where one of the old ones does not stand there.
pub(super) fn with(text: &str, ranges: &[&NewRange]) -> Option<String> {
    let document = toml::read(text);
    if !document.problems.is_empty() {
        return None;
    }
    let root = document.root();
    let targets = root.get("target").into_iter().flat_map(Value::entries);
    let places = std::iter::once(root)
        .chain(targets.map(|(_, table)| table))
        .flat_map(|table| TABLES.iter().filter_map(move |(key, _)| table.get(key)));
    let shared = root.get("workspace").and_then(|table| table.get("dependencies"));
    let tables: Vec<Value<'_>> = places.chain(shared).collect();
    let mut splices = Vec::new();
    for range in ranges {
        let named = tables.iter().filter_map(|table| table.get(&range.name));
        let before = splices.len();
        for value in named {
            let version = match value.kind() {
                Kind::Object => value.get("version"),
                _ => Some(value),
            };
            let version = version.filter(|version| version.as_str().as_deref() == Some(&range.from));
            splices.extend(version.map(|version| Splice {
                at: version.text_span().start as usize..version.text_span().end as usize,
                text: range.to.clone(),
            }));
        }
        if splices.len() == before {
            return None;
        }
    }
    apply(text, splices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_exchanged_wherever_it_stands() {
        let text = "[dependencies]\r\na = \"1\" # why\r\nb = { version = '1.2', features = [\"x\"] }\r\n\
            [dependencies.c]\r\nversion = \"1\"\r\n[target.'cfg(unix)'.dev-dependencies]\r\na = \"1\"\r\nd.version = \"=1.0.0\"\r\n\
            [workspace.dependencies]\r\ne = \"1\"\r\n[build-dependencies]\r\na = \"2\"\r\n";
        let range = |name: &str, from: &str, to: &str| NewRange {
            folder: String::new(),
            file: "Cargo.toml".to_owned(),
            name: name.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let all = [
            range("a", "1", "1.5.0"),
            range("b", "1.2", "2.0.0"),
            range("c", "1", "3.0.0"),
            range("d", "=1.0.0", "=1.0.1"),
            range("e", "1", "1.9.0"),
        ];
        let expected = text
            .replace("a = \"1\"", "a = \"1.5.0\"")
            .replace("'1.2'", "'2.0.0'")
            .replace("\nversion = \"1\"", "\nversion = \"3.0.0\"")
            .replace("=1.0.0", "=1.0.1")
            .replace("e = \"1\"", "e = \"1.9.0\"");
        assert_eq!(with(text, &all.iter().collect::<Vec<_>>()), Some(expected));
        assert_eq!(with(text, &[&range("a", "3", "4")]), None);
        assert_eq!(with("[", &[]), None);
    }
}
