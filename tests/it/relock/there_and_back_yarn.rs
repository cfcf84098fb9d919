//! Plans that move one package of a lockfile of Yarn, and back: the registry's document of both versions says what the lockfile has.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lockkeeper::lockfile::yarn_lock::locked::{Dialect, LockedEntry, locked, parts};
use lockkeeper::model::Release;
use lockkeeper::plan::{Descriptor, EntryChange, EntryEdit, OwnEdit, Plan, ResolutionEdit};
use lockkeeper::relock::package_lock::archive_path;
use lockkeeper::relock::yarn_lock::place;
use serde_json::{Map, Value, json};

use super::there_and_back::{Pair, next, of};

/// The text of a lockfile without what no registry tells: the checksums of Yarn 2 and later.
pub(super) fn plain<'t>(format: &str, text: &'t str) -> Cow<'t, str> {
    let is_one = format == "yarn.lock" && text.contains("\n__metadata:");
    match is_one {
        true => text
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("  checksum:"))
            .collect(),
        false => text.into(),
    }
}

/// The plans for each package of a `yarn.lock` that comes from a registry.
pub(super) fn yarn(text: &str) -> Vec<(String, Pair)> {
    let Ok(all) = locked(text) else { return Vec::new() };
    match all.dialect {
        Dialect::Classic => {}
        Dialect::Berry(4..=10) => return berry(text, &all.entries),
        Dialect::Berry(_) => return Vec::new(),
    }
    let has_hashes = all.entries.iter().any(|entry| entry.checksum.is_some());
    let has_fragments = all.entries.iter().any(|entry| fragment(entry).is_some());
    let wanted = all.entries.iter().filter(|entry| {
        entry.is_of_registry
            && entry.checksum.is_some() == has_hashes
            && fragment(entry).is_some() == has_fragments
            && (has_hashes || has_fragments)
            && entry.keys.is_sorted()
    });
    wanted
        .map(|entry| {
            let there = exchanged(entry, &next(&entry.version), "sha512-BBBB", "bbbb");
            let hash = entry.checksum.as_deref().unwrap_or("sha512-BBBB");
            let back = exchanged(entry, &entry.version, hash, fragment(entry).unwrap_or("bbbb"));
            (place(entry).to_owned(), (there, back))
        })
        .collect()
}

fn fragment(entry: &LockedEntry) -> Option<&str> {
    Some(entry.origin.as_deref()?.split_once('#')?.1)
}

/// The plan that exchanges an entry, whatever its version is, for one of `version`.
fn exchanged(entry: &LockedEntry, version: &str, hash: &str, sum: &str) -> Plan {
    let table = |is_optional: bool| -> Map<String, Value> {
        let needs = entry.needs.iter().filter(|need| need.is_optional == is_optional);
        needs.map(|need| (need.name.clone(), json!(need.range))).collect()
    };
    let document = json!({
        "name": entry.name, "version": version, "dependencies": table(false), "optionalDependencies": table(true),
        "dist": {
            "integrity": hash, "shasum": sum,
            "tarball": format!("https://registry.example{}", archive_path(&entry.name, version)),
        },
    });
    exchanged_for(entry, version, document)
}

fn exchanged_for(entry: &LockedEntry, version: &str, document: Value) -> Plan {
    let descriptors = entry.keys.iter().map(|key| {
        let (name, range) = parts(key);
        Descriptor::new(name, range)
    });
    let change = |edit: EntryEdit| EntryChange {
        place: place(entry).to_owned(),
        name: entry.name.clone(),
        edit,
    };
    of(vec![
        change(EntryEdit::Drop),
        change(EntryEdit::Own(OwnEdit::Resolve(Box::new(ResolutionEdit {
            descriptors: descriptors.collect(),
            version: version.to_owned(),
            release: Some(Release {
                version: version.into(),
                document: document.to_string().into(),
                ..Release::default()
            }),
            before: None,
        })))),
    ])
}

/// The same of Yarn 2 and later: a registry says of the new version what the entry says of the locked one.
fn berry(text: &str, all: &[LockedEntry]) -> Vec<(String, Pair)> {
    let wanted = all.iter().filter(|entry| {
        // What Yarn 2 patches stands there without its protocol, and stays.
        let has_protocol = entry.keys.iter().all(|key| key.contains("@npm:"));
        // Some fixtures are not as Yarn writes them.
        let block = text[entry.at.clone()].trim_end();
        let is_whole = block.ends_with("  linkType: hard") && block.contains("  languageName: node");
        entry.is_of_registry && entry.checksum.is_none() && has_protocol && is_whole
    });
    wanted
        .map(|entry| {
            let document = document(entry, &text[entry.at.clone()]);
            let there = exchanged_for(entry, &next(&entry.version), document.clone());
            let back = exchanged_for(entry, &entry.version, document);
            (place(entry).to_owned(), (there, back))
        })
        .collect()
}

/// What a registry says of a version, read from the lines of its entry without a reader of ours.
fn document(entry: &LockedEntry, block: &str) -> Value {
    let unquoted = |text: &str| text.trim_matches('"').to_owned();
    let mut tables: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let (mut table, mut name) = (String::new(), String::new());
    let mut document = json!({"name": entry.name});
    for line in block.lines().skip(1) {
        let (indent, line) = (line.len() - line.trim_start().len(), line.trim());
        match (indent, line.split_once(": ")) {
            (2, None) => table = line.trim_end_matches(':').to_owned(),
            (2, Some(("conditions", conditions))) => {
                for one in unquoted(conditions).split(" & ") {
                    let values = one.trim_matches(['(', ')']).split(" | ");
                    for value in values {
                        let (field, value) = value.split_once('=').expect("a system");
                        let value = match field.strip_prefix('!') {
                            Some(_) => format!("!{value}"),
                            None => value.to_owned(),
                        };
                        let list = &mut document[field.trim_start_matches('!')];
                        if list.is_null() {
                            *list = json!([]);
                        }
                        list.as_array_mut().expect("a list").push(value.into());
                    }
                }
            }
            (4, Some((name, value))) => {
                let value = unquoted(value);
                let value = match value.strip_prefix("npm:") {
                    Some(range) if !range.contains('@') => range.to_owned(),
                    _ => value,
                };
                tables
                    .entry(table.clone())
                    .or_default()
                    .insert(unquoted(name), value.into());
            }
            (4, None) => name = unquoted(line.trim_end_matches(':')),
            (6, Some((flag, value))) => {
                let of_name = tables.entry(table.clone()).or_default().entry(name.clone());
                of_name.or_insert_with(|| json!({}))[flag] = json!(value == "true");
            }
            _ => {}
        }
    }
    let meta = tables.get("dependenciesMeta").cloned().unwrap_or_default();
    let needs = tables.remove("dependencies").unwrap_or_default();
    for (name, range) in needs {
        let is_optional = meta.get(&name).is_some_and(|meta| meta["optional"] == true);
        let table = if is_optional {
            "optionalDependencies"
        } else {
            "dependencies"
        };
        tables.entry(table.to_owned()).or_default().insert(name, range);
    }
    for (name, table) in tables {
        document[name.as_str()] = table.into();
    }
    // Yarn has what builds itself need this.
    if entry
        .needs
        .iter()
        .any(|need| need.name == "node-gyp" && need.range == "latest")
    {
        document["scripts"] = json!({"install": "node-gyp rebuild"});
    }
    document
}
