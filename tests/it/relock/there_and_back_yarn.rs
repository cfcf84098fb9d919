//! Plans that move one package of a lockfile of Yarn, and back: the registry's document of both versions says what the lockfile has.

use lockkeeper::lockfile::yarn_lock::locked::{Dialect, LockedEntry, locked, parts};
use lockkeeper::model::Release;
use lockkeeper::plan::{Descriptor, EntryChange, EntryEdit, Plan, ResolutionEdit};
use lockkeeper::relock::package_lock::archive_path;
use lockkeeper::relock::yarn_lock::place;
use serde_json::{Map, Value, json};

use super::there_and_back::{Pair, next, of};

/// The plans for each package of a `yarn.lock` that comes from a registry.
pub(super) fn yarn(text: &str) -> Vec<(String, Pair)> {
    let Ok(all) = locked(text) else { return Vec::new() };
    // What comes in has no checksum in the others.
    if all.dialect != Dialect::Classic {
        return Vec::new();
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
        change(EntryEdit::Resolve(Box::new(ResolutionEdit {
            descriptors: descriptors.collect(),
            version: version.to_owned(),
            release: Some(Release {
                version: version.into(),
                document: document.to_string().into(),
                ..Release::default()
            }),
            before: None,
        }))),
    ])
}
