//! Plans that move one package of a lockfile of Bun, and back: the registry's document of both versions says what the lockfile has.

use lockkeeper::lockfile::bun_lock::locked::{Entry, Locked, What, locked};
use lockkeeper::model::{Release, RequirementKind};
use lockkeeper::plan::{EntryChange, EntryEdit, Plan};
use serde_json::{Map, Value, json};

use super::there_and_back::{Pair, next, of};

/// The plans for each package of a `bun.lock` that comes from a registry, wherever it is.
pub(super) fn bun(text: &str) -> Vec<(String, Pair)> {
    let Ok(all) = locked(text) else { return Vec::new() };
    let wanted = all
        .entries
        .iter()
        .filter(|entry| entry.what == What::Registered && entry.integrity.is_some());
    wanted
        .filter(|entry| is_whole(&all, entry))
        .map(|entry| {
            let plan = |version: &str, hash: &str| exchanged(text, &all, entry, version, hash);
            let hash = entry.integrity.as_deref().expect("just asked");
            let there = plan(&next(&entry.version), "sha512-BBBB");
            (entry.key.clone(), (there, plan(&entry.version, hash)))
        })
        .collect()
}

/// Nothing of it lies in the archive of another package, and nothing in its own.
fn is_whole(all: &Locked, entry: &Entry) -> bool {
    let mut alike = all.entries.iter().filter(|other| other.said == entry.said);
    let has_inside = |other: &Entry| {
        let below = format!("{}/", other.key);
        all.entries
            .iter()
            .any(|inner| inner.is_bundled && inner.key.starts_with(&below))
    };
    alike.all(|other| !other.is_bundled && !has_inside(other))
}

/// The plan that has `version` wherever `entry` is.
fn exchanged(text: &str, all: &Locked, entry: &Entry, version: &str, hash: &str) -> Plan {
    let described = all.described();
    let folder = described
        .folders
        .iter()
        .find(|folder| folder.place == all.place(&entry.key))
        .expect("its folder");
    let shown = folder
        .requirements
        .iter()
        .filter(|one| !matches!(one.kind, RequirementKind::Dev | RequirementKind::Bundled));
    let release = Release {
        version: version.into(),
        dependencies: shown.cloned().collect(),
        document: document(&text[entry.value..entry.at.end], hash).into(),
        ..Release::default()
    };
    let alike = all.entries.iter().filter(|other| other.said == entry.said);
    of(alike
        .map(|other| EntryChange {
            place: all.place(&other.key),
            name: entry.name.clone(),
            edit: EntryEdit::Lock(Box::new(release.clone()), None),
        })
        .collect())
}

/// What a registry would say of the package of an entry.
fn document(value: &str, hash: &str) -> String {
    let plain: Value = serde_json::from_str(&value.replace(", ]", " ]")).expect("an entry");
    let info = plain
        .as_array()
        .and_then(|items| items.iter().find(|item| item.is_object()))
        .expect("what it needs");
    let mut fields: Map<String, Value> = info.as_object().cloned().expect("an object");
    let absent = fields.remove("optionalPeers").unwrap_or_default();
    let absent = absent.as_array().into_iter().flatten().filter_map(Value::as_str);
    let meta: Map<String, Value> = absent
        .map(|name| (name.to_owned(), json!({"optional": true})))
        .collect();
    fields.insert("peerDependenciesMeta".into(), Value::Object(meta));
    if let Some(folder) = fields.remove("binDir") {
        fields.insert("directories".into(), json!({"bin": folder}));
    }
    fields.remove("bin");
    fields.insert("dist".into(), json!({"integrity": hash}));
    // The order of programs is that of the registry.
    let bin = value
        .split_once("\"bin\": ")
        .and_then(|(_, rest)| Some(&rest[..rest.rfind(" }, \"sha")?]));
    let rest = Value::Object(fields).to_string();
    match bin {
        Some(bin) => rest.replacen('{', &format!("{{\"bin\":{bin},"), 1),
        None => rest,
    }
}
