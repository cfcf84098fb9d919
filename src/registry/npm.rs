//! npm's registry (its public API, "Package metadata"): one document a package, long with the times of publication or
//! abbreviated for installing.
//!
//! Most of what registries have was published years ago by other clients, so fields of another form than the
//! documentation's count as absent, as npm itself takes them; only a version that does not say what it is, what it
//! needs or where it lies is left out, with a note.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::npm_config::{NpmConfig, SETTING, Sources};
use super::{Answer, ConfigFile, Configuration, Detail, Registry};
use crate::lockfile::package_lock::installed::requirement;
use crate::model::Ecosystem;
use crate::model::release::{Release, Requirement, RequirementKind};
use crate::sys::web::Address;

/// npm's registry and those that answer like it.
#[derive(Debug, Clone, Copy)]
pub struct Npm;

impl Registry for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        // A scope and its slash are one segment: `@scope%2Fname`.
        base.below([package])
    }

    fn accept(&self, detail: Detail) -> &'static str {
        match detail {
            Detail::Installing => "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8",
            Detail::Times => "application/json",
        }
    }

    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let document: Document<'_> = serde_json::from_slice(bytes)
            .map_err(|error| format!("not what npm's registry says of a package: {error}"))?;
        if document.name != package {
            return Err(format!("it answers for {}", quoted(&document.name)));
        }
        let tags = document.tags.iter();
        let mut answer = Answer {
            tags: tags
                .filter_map(|(name, version)| Some((name.as_str().into(), version.as_str()?.into())))
                .collect(),
            ..Answer::default()
        };
        for (version, text) in &document.versions {
            let published = document.time.get(version).and_then(Value::as_str);
            match release(package, version, text.get(), published) {
                Ok(release) => answer.releases.push(release),
                Err(reason) => answer.notes.push(format!(
                    "version {} of {package} was left out: {reason}",
                    quoted(version)
                )),
            }
        }
        Ok(answer)
    }

    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration> {
        Box::new(NpmConfig::of(&Sources::of_machine(project.to_vec())))
    }
}

#[derive(Deserialize)]
struct Document<'d> {
    name: String,
    #[serde(default, rename = "dist-tags")]
    tags: BTreeMap<String, Value>,
    /// A package whose every version was withdrawn has none.
    #[serde(default, borrow)]
    versions: BTreeMap<String, &'d RawValue>,
    /// With `created`, `modified` and other entries that are none of a version.
    #[serde(default)]
    time: BTreeMap<String, Value>,
}

/// What is read of a version. A field is taken as it stands until it is known to be of the right form.
#[derive(Deserialize)]
struct Manifest<'d> {
    #[serde(borrow)]
    name: Option<&'d RawValue>,
    #[serde(borrow)]
    version: Option<&'d RawValue>,
    #[serde(borrow)]
    dist: Option<&'d RawValue>,
    #[serde(borrow)]
    deprecated: Option<&'d RawValue>,
    #[serde(borrow)]
    engines: Option<&'d RawValue>,
    #[serde(borrow)]
    dependencies: Option<&'d RawValue>,
    #[serde(borrow, rename = "optionalDependencies")]
    optional: Option<&'d RawValue>,
    #[serde(borrow, rename = "peerDependencies")]
    peers: Option<&'d RawValue>,
    #[serde(borrow, rename = "peerDependenciesMeta")]
    peers_meta: Option<&'d RawValue>,
    #[serde(borrow, rename = "bundleDependencies")]
    bundle: Option<&'d RawValue>,
    #[serde(borrow, rename = "bundledDependencies")]
    bundled: Option<&'d RawValue>,
}

/// The fields of an object, in order; `None` for anything else.
fn table(field: Option<&RawValue>) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(field?.get()).ok()
}

/// The text of a string; `None` for anything else.
fn text(field: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(field?.get()).ok()
}

fn release(package: &str, version: &str, document: &str, published: Option<&str>) -> Result<Release, String> {
    // A list would count as an object with its fields in order.
    let document = document.trim();
    let manifest: Manifest<'_> = match document.starts_with('{') {
        true => serde_json::from_str(document).map_err(|error| error.to_string())?,
        false => return Err(format!("it calls itself {}", quoted(""))),
    };
    let (name, said) = (text(manifest.name), text(manifest.version));
    if name.as_deref() != Some(package) {
        return Err(format!("it calls itself {}", quoted(&name.unwrap_or_default())));
    }
    if said.as_deref() != Some(version) {
        return Err(format!(
            "it calls itself version {}",
            quoted(&said.unwrap_or_default())
        ));
    }
    let archive = table(manifest.dist).and_then(|dist| text(dist.get("tarball").copied()));
    if archive.is_none() {
        return Err("it does not say where its archive is".to_owned());
    }
    let engines = table(manifest.engines).into_iter().flatten();
    Ok(Release {
        version: version.into(),
        published: published.and_then(|time| time.parse().ok()),
        retired: match manifest.deprecated {
            Some(raw) if raw.get() == "true" => Some("".into()),
            deprecated => text(deprecated)
                .filter(|reason| !reason.is_empty())
                .map(|reason| reason.as_str().into()),
        },
        dependencies: requirements(&manifest)?,
        toolchain: engines
            .filter_map(|(name, range)| Some((name.as_str().into(), text(Some(range))?.as_str().into())))
            .collect(),
        document: document.into(),
    })
}

/// What a version needs. One that is optional is not needed always, too, and one that lies in the archive is neither.
fn requirements(manifest: &Manifest<'_>) -> Result<Vec<Requirement>, String> {
    let mut needs: BTreeMap<String, Requirement> = BTreeMap::new();
    let meta = table(manifest.peers_meta).unwrap_or_default();
    for (key, field, kind) in [
        ("peerDependencies", manifest.peers, RequirementKind::Peer),
        ("dependencies", manifest.dependencies, RequirementKind::Runtime),
        (
            "optionalDependencies",
            manifest.optional,
            RequirementKind::Optional,
        ),
    ] {
        for (name, range) in table(field).into_iter().flatten() {
            let range =
                text(Some(range)).ok_or_else(|| format!("its {key} has no range for {}", quoted(&name)))?;
            let kind = match kind {
                RequirementKind::Peer if may_be_absent(meta.get(&name).copied()) => {
                    RequirementKind::OptionalPeer
                }
                kind => kind,
            };
            let need = requirement(&name, &range, kind);
            needs.insert(name, need);
        }
    }
    let bundled = manifest.bundle.or(manifest.bundled);
    let names: Vec<&RawValue> = bundled
        .and_then(|bundled| serde_json::from_str(bundled.get()).ok())
        .unwrap_or_default();
    match bundled.is_some_and(|bundled| bundled.get() == "true") {
        true => {
            for need in needs.values_mut().filter(|need| !is_peer(need.kind)) {
                need.kind = RequirementKind::Bundled;
            }
        }
        false => {
            for name in names.into_iter().filter_map(|name| text(Some(name))) {
                if let Some(need) = needs.get_mut(&name) {
                    need.kind = RequirementKind::Bundled;
                }
            }
        }
    }
    Ok(needs.into_values().collect())
}

/// What `peerDependenciesMeta` says of a peer.
fn may_be_absent(meta: Option<&RawValue>) -> bool {
    let meta = table(meta).unwrap_or_default();
    meta.get("optional")
        .is_some_and(|optional| optional.get() == "true")
}

fn is_peer(kind: RequirementKind) -> bool {
    matches!(kind, RequirementKind::Peer | RequirementKind::OptionalPeer)
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    format!("{short:?}")
}
