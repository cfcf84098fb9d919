//! An entry of Bun's lockfile, written from the registry's document about a version: as Bun 1.4.5 writes it, on one line.

use std::collections::{BTreeMap, BTreeSet};

use super::Refused;
use super::npm_fields::integrity;
use super::npm_json::{is_said, quoted};
use crate::model::{Release, RequirementKind};
use crate::plan::EntryChange;
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// What a lockfile says of packages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Says {
    /// `hasInstallScript`.
    pub(super) scripts: bool,
    /// `libc`.
    pub(super) libc: bool,
}

/// The value of the entry for `release`, whose archive is at `address`: empty for the default registry.
///
/// # Errors
/// The registry does not say what Bun would write, as a sentence.
pub(super) fn entry(
    change: &EntryChange,
    release: &Release,
    address: &str,
    says: Says,
) -> Result<String, Refused> {
    let document = json::read(&release.document);
    let manifest = document.root();
    let label = format!("{}@{}", change.name, release.version);
    if release
        .dependencies
        .iter()
        .any(|need| need.kind == RequirementKind::Bundled)
    {
        return Err(Refused(format!(
            "The archive of {label} has other packages in it, and which versions only Bun finds out."
        )));
    }
    let hash = integrity(change, release, manifest)?;
    let mut fields = needs(manifest);
    for (key, known) in [("os", &SYSTEMS[..]), ("cpu", &PROCESSORS[..])] {
        fields.extend(platform(key, known, manifest));
    }
    if says.libc {
        fields.extend(platform("libc", &LIBRARIES, manifest));
    }
    if says.scripts && has_scripts(manifest) {
        fields.push("\"hasInstallScript\": true".to_owned());
    }
    fields.extend(bin(manifest));
    let info = match fields.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{ {} }}", fields.join(", ")),
    };
    Ok(format!(
        "[{}, {}, {info}, {}]",
        quoted(&label),
        quoted(address),
        quoted(&hash)
    ))
}

/// The peers that `peerDependenciesMeta` says may be absent.
fn absent_peers(manifest: Value<'_>) -> BTreeSet<String> {
    let meta = manifest
        .get("peerDependenciesMeta")
        .into_iter()
        .flat_map(Value::entries);
    let absent = meta.filter(|(_, meta)| meta.get("optional").and_then(Value::as_bool) == Some(true));
    absent.map(|(name, _)| name.into_owned()).collect()
}

/// The names that Bun takes for peers, though `peerDependencies` does not have them.
pub(super) fn implied_peers(manifest: Value<'_>) -> BTreeSet<String> {
    let peers = manifest.get("peerDependencies");
    let mut absent = absent_peers(manifest);
    absent.retain(|name| peers.is_none_or(|peers| peers.get(name).is_none()));
    absent
}

fn needs(manifest: Value<'_>) -> Vec<String> {
    let table = |key: &str| -> BTreeMap<String, String> {
        let entries = manifest.get(key).into_iter().flat_map(Value::entries);
        entries
            .map(|(name, range)| (name.into_owned(), range.as_str().unwrap_or_default().into_owned()))
            .collect()
    };
    let (mut runtime, optional, mut peers) = (
        table("dependencies"),
        table("optionalDependencies"),
        table("peerDependencies"),
    );
    // A registry repeats the optional ones among the others.
    runtime.retain(|name, _| !optional.contains_key(name));
    peers.extend(
        implied_peers(manifest)
            .into_iter()
            .map(|name| (name, "*".to_owned())),
    );
    // Where a package both needs something and expects it beside itself, the need counts.
    peers.retain(|name, _| !runtime.contains_key(name) && !optional.contains_key(name));
    let absent = absent_peers(manifest);
    let absent: Vec<String> = peers
        .keys()
        .filter(|name| absent.contains(*name))
        .map(|name| quoted(name))
        .collect();
    let mut fields = Vec::new();
    for (key, table) in [
        ("dependencies", runtime),
        ("optionalDependencies", optional),
        ("peerDependencies", peers),
    ] {
        let lines: Vec<String> = table
            .iter()
            .map(|(name, range)| format!("{}: {}", quoted(name), quoted(range)))
            .collect();
        if !lines.is_empty() {
            fields.push(format!("\"{key}\": {{ {} }}", lines.join(", ")));
        }
    }
    if !absent.is_empty() {
        fields.push(format!("\"optionalPeers\": [{}]", absent.join(", ")));
    }
    fields
}

// In the order in which Bun writes them.
const SYSTEMS: [&str; 8] = [
    "aix", "linux", "sunos", "win32", "darwin", "android", "freebsd", "openbsd",
];
const PROCESSORS: [&str; 11] = [
    "arm", "ppc", "x32", "x64", "ia32", "mips", "s390", "arm64", "ppc64", "s390x", "mipsel",
];
const LIBRARIES: [&str; 2] = ["musl", "glibc"];

/// The field `key`: what Bun knows of what the manifest says, or what is left out, whatever is shorter.
fn platform(key: &str, known: &[&str], manifest: Value<'_>) -> Option<String> {
    let value = manifest.get(key).filter(|value| is_said(*value))?;
    let said: Vec<String> = match value.kind() {
        Kind::Array => value
            .items()
            .filter_map(|item| Some(item.as_str()?.into_owned()))
            .collect(),
        _ => value
            .as_str()
            .into_iter()
            .map(std::borrow::Cow::into_owned)
            .collect(),
    };
    let has = |name: &str| said.iter().any(|one| one == name);
    let is_out = |name: &str| said.iter().any(|one| one.strip_prefix('!') == Some(name));
    let is_negative = said.iter().all(|one| one.starts_with('!'));
    let (on, off): (Vec<&str>, Vec<&str>) = known
        .iter()
        .copied()
        .partition(|name| (is_negative || has(name)) && !is_out(name));
    let is_library = known.len() == LIBRARIES.len();
    let names: Vec<String> = match (on.is_empty(), off.is_empty()) {
        (_, true) => return None,
        _ if has("any") => return None,
        // No library that Bun knows is every library.
        (true, false) if is_library => return None,
        (true, false) => vec!["\"none\"".to_owned()],
        (false, false) if is_library || off.len() > on.len() => on.iter().map(|name| quoted(name)).collect(),
        (false, false) => off.iter().map(|name| quoted(&format!("!{name}"))).collect(),
    };
    Some(match names.as_slice() {
        [one] => format!("\"{key}\": {one}"),
        several => format!("\"{key}\": [ {}, ]", several.join(", ")),
    })
}

fn has_scripts(manifest: Value<'_>) -> bool {
    let scripts = manifest.get("scripts");
    let has = |name: &str| scripts.is_some_and(|scripts| scripts.get(name).is_some());
    manifest.get("hasInstallScript").and_then(Value::as_bool) == Some(true)
        || ["preinstall", "install", "postinstall"].into_iter().any(has)
}

fn bin(manifest: Value<'_>) -> Option<String> {
    if let Some(bin) = manifest.get("bin").filter(|bin| is_said(*bin)) {
        if bin.kind() != Kind::Object {
            return Some(format!("\"bin\": {}", quoted(&bin.as_str()?)));
        }
        let all = bin
            .entries()
            .filter_map(|(name, path)| Some(format!("{}: {}", quoted(&name), quoted(&path.as_str()?))));
        return Some(format!("\"bin\": {{ {} }}", all.collect::<Vec<_>>().join(", ")));
    }
    let folder = manifest.get("directories")?.get("bin")?.as_str()?;
    (!folder.is_empty()).then(|| format!("\"binDir\": {}", quoted(&folder)))
}
