//! Plans that move one package of a lockfile of pnpm, and back: the registry's document of both versions says what the lockfile has.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::lockfile::package_lock::installed::requirement;
use lockkeeper::lockfile::pnpm_lock::locked::{Locked, PackageEntry, locked};
use lockkeeper::model::{Release, Requirement, RequirementKind};
use lockkeeper::plan::{EntryChange, EntryEdit, Lead, LeadEdit, OwnEdit, Plan};
use lockkeeper::relock::package_lock::archive_path;
use lockkeeper::text::tree::{Kind, Value as Node};
use lockkeeper::text::yaml;
use serde_json::{Map, Value, json};

use super::there_and_back::{Pair, next, of};

/// The plans for each package of a `pnpm-lock.yaml` that comes from a registry.
pub(super) fn pnpm(text: &str) -> Vec<(String, Pair)> {
    let Ok(all) = locked(text) else { return Vec::new() };
    let document = yaml::read_stream(text);
    let root = document.root().items().last().expect("a document");
    let ids: BTreeSet<&str> = all.packages.iter().map(|package| &*package.id).collect();
    let is_patched = |package: &PackageEntry| {
        let mut keys = all.snapshots.iter().map(|snapshot| &snapshot.key);
        keys.any(|key| key.starts_with(&format!("{}(patch_hash=", package.id)))
    };
    let wanted = all.packages.iter().filter(|package| {
        package.is_of_registry
            && package.integrity.is_some()
            && !is_patched(package)
            && !ids.contains(format!("{}@{}", package.name, next(&package.version)).as_str())
    });
    let entries = root.get("packages").expect("packages");
    let entries: BTreeMap<String, Node<'_>> = entries
        .entries()
        .map(|(id, entry)| (id.into_owned(), entry))
        .collect();
    wanted
        .map(|package| {
            let entry = entries[&package.id];
            let (old, new) = (package.version.clone(), next(&package.version));
            let there = plan(&all, package, entry, (&old, &new), "sha512-BBBB");
            let hash = package.integrity.as_deref().unwrap_or_default();
            let back = plan(&all, package, entry, (&new, &old), hash);
            (package.id.clone(), (there, back))
        })
        .collect()
}

/// The plan that moves `package` from one version to another.
fn plan(all: &Locked, package: &PackageEntry, entry: Node<'_>, (from, to): (&str, &str), hash: &str) -> Plan {
    let number = all.packages.iter().position(|other| std::ptr::eq(other, package));
    let is_it = |snapshot: Option<usize>| {
        snapshot.is_some_and(|snapshot| Some(all.snapshots[snapshot].package) == number)
    };
    let lead = |name: &str| Lead {
        name: name.to_owned(),
        from: from.to_owned(),
        package: package.name.clone(),
        to: to.to_owned(),
        range: to.to_owned(),
    };
    let mut leads: BTreeMap<String, BTreeSet<Lead>> = BTreeMap::new();
    for importer in &all.importers {
        let folder = if importer.folder == "." {
            ""
        } else {
            &importer.folder
        };
        for wish in importer.needs.iter().filter(|wish| is_it(wish.to)) {
            leads
                .entry(folder.to_owned())
                .or_default()
                .insert(lead(&wish.name));
        }
    }
    for snapshot in &all.snapshots {
        let id = &all.packages[snapshot.package].id;
        for need in snapshot.needs.iter().filter(|need| is_it(need.to)) {
            leads.entry(id.clone()).or_default().insert(lead(&need.name));
        }
    }
    let mut changes: Vec<EntryChange> = leads
        .into_iter()
        .map(|(place, leads)| EntryChange {
            place,
            name: String::new(),
            edit: EntryEdit::Own(OwnEdit::Lead(Box::new(LeadEdit {
                release: None,
                leads: leads.into_iter().collect(),
            }))),
        })
        .collect();
    let (release, needs) = release(all, package, entry, to, hash);
    changes.push(EntryChange {
        place: format!("{}@{to}", package.name),
        name: package.name.clone(),
        edit: EntryEdit::Own(OwnEdit::Lead(Box::new(LeadEdit {
            release: Some(release),
            leads: needs,
        }))),
    });
    of(changes)
}

/// What a registry would say of a version, and what it leads to.
fn release(
    all: &Locked,
    package: &PackageEntry,
    entry: Node<'_>,
    version: &str,
    hash: &str,
) -> (Release, Vec<Lead>) {
    let mut document = json!({
        "name": package.name, "version": version,
        "dist": {
            "integrity": hash,
            "tarball": match &package.tarball {
                Some(address) => address.replace(&package.version, version),
                None => format!("https://registry.example{}", archive_path(&package.name, version)),
            },
        },
    });
    for (field, value) in entry.entries() {
        match &*field {
            "resolution" => {}
            "hasBin" => document["bin"] = json!("x"),
            field => document[field] = json_of(value),
        }
    }
    let number = all.packages.iter().position(|other| std::ptr::eq(other, package));
    let snapshot = all
        .snapshots
        .iter()
        .find(|snapshot| Some(snapshot.package) == number);
    let mut tables: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let (mut leads, mut dependencies): (Vec<Lead>, Vec<Requirement>) = (Vec::new(), Vec::new());
    let needs = snapshot.into_iter().flat_map(|snapshot| &snapshot.needs);
    for need in needs.filter(|need| !package.peers.contains_key(&need.name)) {
        let Some(to) = need.to else { continue };
        let target = &all.packages[all.snapshots[to].package];
        let range = match target.name == need.name {
            true => target.version.clone(),
            false => format!("npm:{}@{}", target.name, target.version),
        };
        let (table, kind) = match need.is_optional {
            true => ("optionalDependencies", RequirementKind::Optional),
            false => ("dependencies", RequirementKind::Runtime),
        };
        tables
            .entry(table)
            .or_default()
            .insert(need.name.clone(), json!(range));
        dependencies.push(requirement(&need.name, &range, kind));
        leads.push(Lead {
            name: need.name.clone(),
            from: String::new(),
            package: target.name.clone(),
            to: target.version.clone(),
            range: target.version.clone(),
        });
    }
    for (table, content) in tables {
        document[table] = Value::Object(content);
    }
    let release = Release {
        version: version.into(),
        dependencies,
        document: document.to_string().into(),
        ..Release::default()
    };
    (release, leads)
}

fn json_of(value: Node<'_>) -> Value {
    match value.kind() {
        Kind::Object => value
            .entries()
            .map(|(key, value)| (key.into_owned(), json_of(value)))
            .collect(),
        Kind::Array => value.items().map(json_of).collect(),
        Kind::Bool => json!(value.as_bool()),
        _ => json!(value.as_text()),
    }
}
