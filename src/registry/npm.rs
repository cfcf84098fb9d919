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

fn release(package: &str, version: &str, document: &str, published: Option<&str>) -> Result<Release, String> {
    let manifest: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
    let text = |key: &str| manifest.get(key).and_then(Value::as_str);
    if text("name") != Some(package) {
        return Err(format!(
            "it calls itself {}",
            quoted(text("name").unwrap_or_default())
        ));
    }
    if text("version") != Some(version) {
        return Err(format!(
            "it calls itself version {}",
            quoted(text("version").unwrap_or_default())
        ));
    }
    let archive = manifest.get("dist").and_then(|dist| dist.get("tarball"));
    if archive.and_then(Value::as_str).is_none() {
        return Err("it does not say where its archive is".to_owned());
    }
    let engines = manifest.get("engines").and_then(Value::as_object);
    let engines = engines.into_iter().flatten();
    Ok(Release {
        version: version.into(),
        published: published.and_then(|time| time.parse().ok()),
        retired: match manifest.get("deprecated") {
            Some(Value::String(reason)) if !reason.is_empty() => Some(reason.as_str().into()),
            Some(Value::Bool(true)) => Some("".into()),
            _ => None,
        },
        dependencies: requirements(&manifest)?,
        toolchain: engines
            .filter_map(|(name, range)| Some((name.as_str().into(), range.as_str()?.into())))
            .collect(),
        document: document.into(),
    })
}

/// What a version needs. One that is optional is not needed always, too, and one that lies in the archive is neither.
fn requirements(manifest: &Value) -> Result<Vec<Requirement>, String> {
    let mut needs: BTreeMap<&str, Requirement> = BTreeMap::new();
    for (key, kind) in [
        ("peerDependencies", RequirementKind::Peer),
        ("dependencies", RequirementKind::Runtime),
        ("optionalDependencies", RequirementKind::Optional),
    ] {
        let entries = manifest.get(key).and_then(Value::as_object);
        for (name, range) in entries.into_iter().flatten() {
            let range = range
                .as_str()
                .ok_or_else(|| format!("its {key} has no range for {}", quoted(name)))?;
            let kind = match kind {
                RequirementKind::Peer if may_be_absent(manifest, name) => RequirementKind::OptionalPeer,
                kind => kind,
            };
            needs.insert(name, requirement(name, range, kind));
        }
    }
    let bundled = ["bundleDependencies", "bundledDependencies"]
        .into_iter()
        .find_map(|key| manifest.get(key));
    match bundled {
        Some(Value::Bool(true)) => {
            for need in needs.values_mut().filter(|need| !is_peer(need.kind)) {
                need.kind = RequirementKind::Bundled;
            }
        }
        Some(Value::Array(names)) => {
            for name in names.iter().filter_map(Value::as_str) {
                if let Some(need) = needs.get_mut(name) {
                    need.kind = RequirementKind::Bundled;
                }
            }
        }
        _ => {}
    }
    Ok(needs.into_values().collect())
}

fn may_be_absent(manifest: &Value, name: &str) -> bool {
    let meta = manifest.get("peerDependenciesMeta");
    let optional = meta.and_then(|meta| meta.get(name)?.get("optional"));
    optional.and_then(Value::as_bool).unwrap_or_default()
}

fn is_peer(kind: RequirementKind) -> bool {
    matches!(kind, RequirementKind::Peer | RequirementKind::OptionalPeer)
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    format!("{short:?}")
}
