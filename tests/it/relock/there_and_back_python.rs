//! Plans that move one package of a lockfile of Poetry, PDM or pipenv, and back: the metadata of both versions says what the lockfile has.

use std::collections::BTreeMap;

use lockkeeper::model::Release;
use lockkeeper::plan::python::{Need, PinChange};
use lockkeeper::plan::{EntryChange, EntryEdit, OwnEdit, Plan};
use lockkeeper::relock::{pdm_entries, pipfile_entries, poetry_entries};
use serde_json::{Value, json};

use super::there_and_back::{Pair, digest, next, of};

fn change(number: usize, name: &str, version: &str, files: &[Value], pin: PinChange) -> Plan {
    of(vec![EntryChange {
        place: number.to_string(),
        name: name.to_owned(),
        edit: EntryEdit::Own(OwnEdit::Pin(Box::new(PinChange {
            release: Some(Release {
                version: version.into(),
                document: json!(files).to_string().into(),
                ..Release::default()
            }),
            ..pin
        }))),
    }])
}

/// The plans for each package of a `poetry.lock` that comes from an index.
pub(super) fn poetry(text: &str) -> Vec<(String, Pair)> {
    let document = poetry_entries::document(text);
    let Ok(entries) = poetry_entries::entries(&document, text) else {
        return Vec::new();
    };
    let wanted = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.source.is_none());
    wanted
        .map(|(number, entry)| {
            let one = |version: &str, is_back: bool| {
                let files = entry.table.get("files").into_iter().flat_map(|files| files.items());
                let files: Vec<Value> = files
                    .map(|file| {
                        let name = file.str("file").unwrap_or_default();
                        let hash = file.str("hash").unwrap_or_default();
                        let hash = hash.trim_start_matches("sha256:");
                        let hash = if is_back { hash.to_owned() } else { digest(hash) };
                        json!({"filename": name, "url": format!("https://files.example/{name}"), "hashes": {"sha256": hash}})
                    })
                    .collect();
                change(number, &entry.name, version, &files, of_poetry(entry))
            };
            let pair = (one(&next(&entry.version), false), one(&entry.version, true));
            (entry.name.clone(), pair)
        })
        .collect()
}

/// What an entry needs, none of it new.
fn of_poetry(entry: &poetry_entries::Entry<'_>) -> PinChange {
    let mut needs: Vec<Need> = Vec::new();
    let mut lines = String::new();
    for edge in entry.edges() {
        let need = Need {
            name: edge.name.clone(),
            extras: edge.extras.iter().cloned().collect(),
            range: String::new(),
            marker: String::new(),
            is_located: false,
        };
        if !needs.contains(&need) {
            let extras = edge.extras.join(",");
            lines.push_str(&format!("Requires-Dist: {}[{extras}]\n", edge.name));
            needs.push(need);
        }
    }
    for (extra, _) in entry.extras() {
        lines.push_str(&format!("Requires-Dist: of-an-extra; extra == '{extra}'\n"));
    }
    let field = |key: &str| entry.table.str(key).unwrap_or_default().into_owned();
    let pythons = match field("python-versions") {
        any if any == "*" => String::new(),
        pythons => format!("Requires-Python: {pythons}\n"),
    };
    let metadata = format!(
        "Metadata-Version: 2.1\nSummary: {}\n{pythons}{lines}",
        field("description")
    );
    PinChange {
        metadata_before: metadata.clone(),
        metadata,
        needs,
        ..PinChange::default()
    }
}

/// The plans for each package of a `pdm.lock` that comes from an index, with all of its entries.
pub(super) fn pdm(text: &str) -> Vec<(String, Pair)> {
    let document = pdm_entries::document(text);
    let (Ok(entries), Ok(style)) = (
        pdm_entries::entries(&document, text),
        pdm_entries::Style::of(document.root(), None),
    ) else {
        return Vec::new();
    };
    let key = if style.has_addresses { "url" } else { "file" };
    let wanted = entries.iter().enumerate();
    let wanted = wanted.filter(|(number, entry)| {
        let before = entries.iter().take(*number);
        entry.is_of_index && !before.clone().any(|other| other.is_beside(entry))
    });
    wanted
        .map(|(number, entry)| {
            let one = |version: &str, is_back: bool| {
                let files = entry
                    .table
                    .get("files")
                    .into_iter()
                    .flat_map(|files| files.items());
                let files: Vec<Value> = files
                    .map(|file| {
                        let named = file.str(key).unwrap_or_default();
                        let name = named.rsplit('/').next().unwrap_or_default();
                        let hash = file.str("hash").unwrap_or_default();
                        let hash = hash.trim_start_matches("sha256:");
                        let hash = if is_back { hash.to_owned() } else { digest(hash) };
                        json!({"filename": name, "url": named, "hashes": {"sha256": hash}})
                    })
                    .collect();
                let all = entries.iter().filter(|other| other.is_beside(entry));
                change(number, &entry.name, version, &files, of_pdm(entry, all))
            };
            let pair = (one(&next(&entry.version), false), one(&entry.version, true));
            (entry.name.clone(), pair)
        })
        .collect()
}

/// What the entries of a package need, none of it new.
fn of_pdm<'e>(
    first: &pdm_entries::Entry<'_>,
    all: impl Iterator<Item = &'e pdm_entries::Entry<'e>>,
) -> PinChange {
    let mut lines = String::new();
    for entry in all {
        let needs = entry
            .table
            .get("dependencies")
            .into_iter()
            .flat_map(|list| list.items());
        for need in needs.filter_map(|need| Some(need.as_str()?.into_owned())) {
            let (need, marker) = need.split_once(';').unwrap_or((&need, ""));
            let extra = entry.extras.iter().next();
            let is_own = extra.is_some() && need.to_lowercase().starts_with(&format!("{}==", entry.name));
            let marker = match (marker.trim(), extra) {
                ("", None) => String::new(),
                (marker, None) => format!("; {marker}"),
                ("", Some(extra)) => format!("; extra == '{extra}'"),
                (marker, Some(extra)) => format!("; ({marker}) and extra == '{extra}'"),
            };
            if !is_own {
                lines.push_str(&format!("Requires-Dist: {need}{marker}\n"));
            }
        }
    }
    let field = |key: &str| first.table.str(key).unwrap_or_default().into_owned();
    let pythons = match field("requires_python") {
        any if any.is_empty() => String::new(),
        pythons => format!("Requires-Python: {pythons}\n"),
    };
    let metadata = format!(
        "Metadata-Version: 2.1\nSummary: {}\n{pythons}{lines}",
        field("summary")
    );
    PinChange {
        metadata_before: metadata.clone(),
        metadata,
        ..PinChange::default()
    }
}

/// The plans for each name of a `Pipfile.lock`, in all of its categories.
pub(super) fn pipenv(text: &str) -> Vec<(String, Pair)> {
    let document = pipfile_entries::document(text);
    let Ok(entries) = pipfile_entries::entries(&document) else {
        return Vec::new();
    };
    let mut by_name: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.is_of_index) {
        by_name
            .entry((&entry.name, &entry.version))
            .or_default()
            .push(number);
    }
    by_name
        .into_iter()
        .map(|((name, version), numbers)| {
            let one = |version: &str, is_back: bool| {
                let changes = numbers.iter().flat_map(|number| {
                    let files: Vec<Value> = entries[*number]
                        .hashes()
                        .iter()
                        .map(|hash| {
                            let (algorithm, hash) = hash.split_once(':').unwrap_or(("sha256", hash));
                            let hash = if is_back { hash.to_owned() } else { digest(hash) };
                            json!({"filename": "a", "url": "https://files.example/a", "hashes": {algorithm: hash}})
                        })
                        .collect();
                    change(*number, name, version, &files, PinChange::default()).entries
                });
                of(changes.collect())
            };
            (name.to_owned(), (one(&next(version), false), one(version, true)))
        })
        .collect()
}
