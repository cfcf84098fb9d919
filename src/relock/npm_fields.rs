//! What an entry of npm's lockfile takes from the registry's document about a version, and where archives are.

use super::Refused;
use super::npm_json::{Field, Style, is_said};
use crate::model::Release;
use crate::plan::{EntryChange, Flags};
use crate::text::tree::{Document, Kind, Value};

impl Style<'_> {
    /// The fields that npm takes from the registry.
    pub(super) fn of_release(
        &self,
        change: &EntryChange,
        release: &Release,
        document: &Document<'_>,
        resolved: Option<String>,
    ) -> Result<Vec<Field>, Refused> {
        let manifest = document.root();
        let integrity = integrity(change, release, manifest)?;
        let mut fields = vec![
            Field::text("version", &release.version),
            Field::text("integrity", &integrity),
        ];
        fields.extend(resolved.map(|resolved| Field::text("resolved", &resolved)));
        for key in [
            "license",
            "deprecated",
            "engines",
            "os",
            "cpu",
            "libc",
            "funding",
            "hasInstallScript",
        ] {
            if let Some(value) = manifest.get(key).filter(|value| is_said(*value)) {
                fields.push(self.cosmetic(key, value));
            }
        }
        if let Some(bin) = manifest.get("bin") {
            fields.extend(self.bin(&change.name, bin));
        }
        let optional = manifest.get("optionalDependencies");
        let is_optional = |name: &str| optional.is_some_and(|optional| optional.get(name).is_some());
        for key in [
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            "peerDependenciesMeta",
            "bundleDependencies",
        ] {
            let Some(value) = manifest.get(key).filter(|value| is_said(*value)) else {
                continue;
            };
            if key != "dependencies" {
                fields.push(self.field(key, value));
                continue;
            }
            // A registry repeats the optional ones among them.
            let own: Vec<Field> = value
                .entries()
                .filter(|(name, _)| !is_optional(name))
                .map(|(name, range)| self.field_at(&name, range, FIELDS + 1))
                .collect();
            if !own.is_empty() {
                fields.push(Field {
                    key: key.to_owned(),
                    text: self.nested(own, FIELDS),
                    is_object: true,
                });
            }
        }
        Ok(fields)
    }

    /// A field as npm writes it: of a license its name alone, of an address for funding an object.
    fn cosmetic(&self, key: &str, value: Value<'_>) -> Field {
        match (key, value.kind()) {
            ("license", Kind::Object) => match value.get("type").and_then(Value::as_str) {
                Some(name) => Field::text(key, &name),
                None => self.field(key, value),
            },
            ("funding", Kind::PlainString | Kind::JsonString) => {
                let address = Field::text("url", &value.as_str().unwrap_or_default());
                Field {
                    key: key.to_owned(),
                    text: self.nested(vec![address], FIELDS),
                    is_object: true,
                }
            }
            _ => self.field(key, value),
        }
    }

    /// `bin` as npm writes it: names and paths inside the package.
    fn bin(&self, name: &str, bin: Value<'_>) -> Option<Field> {
        let base = name.rsplit('/').next().unwrap_or(name);
        let path = |value: Value<'_>| {
            let path = value.as_str()?.into_owned();
            let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
            Some(parts.collect::<Vec<_>>().join("/"))
        };
        let own: Vec<Field> = match bin.kind() {
            Kind::Object => bin
                .entries()
                .filter_map(|(name, value)| {
                    let name = name.rsplit('/').next()?.to_owned();
                    Some(Field::text(&name, &path(value)?))
                })
                .collect(),
            _ => vec![Field::text(base, &path(bin)?)],
        };
        (!own.is_empty()).then(|| Field {
            key: "bin".to_owned(),
            text: self.nested(own, FIELDS),
            is_object: true,
        })
    }

    fn field(&self, key: &str, value: Value<'_>) -> Field {
        self.field_at(key, value, FIELDS)
    }
}

/// The depth of an entry's own fields.
pub(super) const FIELDS: usize = 3;

/// The hash of an archive.
///
/// # Errors
/// The registry gives none.
pub(super) fn integrity(
    change: &EntryChange,
    release: &Release,
    manifest: Value<'_>,
) -> Result<String, Refused> {
    let integrity = manifest.get("dist").and_then(|dist| dist.get("integrity"));
    let integrity = integrity
        .and_then(Value::as_str)
        .map(std::borrow::Cow::into_owned);
    integrity.ok_or_else(|| {
        Refused(format!(
            "The registry gives no integrity hash of {} {}.",
            change.name, release.version
        ))
    })
}

/// Fields that come from the registry's document.
pub(super) const FROM_REGISTRY: [&str; 18] = [
    "version",
    "resolved",
    "integrity",
    "license",
    "deprecated",
    "engines",
    "os",
    "cpu",
    "libc",
    "funding",
    "hasInstallScript",
    "hasShrinkwrap",
    "bin",
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
];

/// Fields that say why a package is installed.
pub(super) const FLAGS: [&str; 4] = ["dev", "optional", "devOptional", "peer"];

pub(super) fn flag_fields(flags: Flags) -> impl Iterator<Item = Field> {
    let set = [flags.dev, flags.optional, flags.dev_optional, flags.peer];
    let named = FLAGS.into_iter().zip(set);
    named.filter(|(_, is_set)| *is_set).map(|(key, _)| Field {
        key: key.to_owned(),
        text: "true".to_owned(),
        is_object: false,
    })
}

/// Where the archives of a lockfile's packages are: scope, and what precedes the path of each.
pub(super) struct Addresses {
    registries: Vec<(Option<String>, String)>,
    /// Some entry says where its archive is.
    is_recorded: bool,
}

impl Addresses {
    /// `entries`: name, version and address of each that comes from a registry.
    pub(super) fn of(entries: impl Iterator<Item = (String, String, Option<String>)>) -> Self {
        let mut addresses = Self {
            registries: Vec::new(),
            is_recorded: false,
        };
        for (name, version, address) in entries {
            let Some(address) = address else { continue };
            addresses.is_recorded = true;
            let Some(registry) = address.strip_suffix(archive_path(&name, &version).as_str()) else {
                continue;
            };
            let one = (scope(&name), registry.to_owned());
            if !addresses.registries.contains(&one) {
                addresses.registries.push(one);
            }
        }
        addresses
    }

    /// The address of a new package, in the way in which the file has those of others; `None` where it has none.
    pub(super) fn of_new(&self, name: &str, version: &str, manifest: Value<'_>) -> Option<String> {
        if !self.is_recorded {
            return None;
        }
        let own = scope(name);
        let same = self.registries.iter().find(|(scope, _)| *scope == own);
        match same {
            Some((_, registry)) => Some(format!("{registry}{}", archive_path(name, version))),
            None => archive(manifest),
        }
    }
}

/// The address of another version of what is at `old`.
///
/// # Errors
/// It does not have the form of a registry's, and the registry does not say it.
pub(super) fn of_changed(
    old: &str,
    change: &EntryChange,
    from: &str,
    release: &Release,
    manifest: Value<'_>,
) -> Result<String, Refused> {
    let (name, to) = (&change.name, &release.version);
    let like = || {
        let registry = old.strip_suffix(archive_path(name, from).as_str())?;
        Some(format!("{registry}{}", archive_path(name, to)))
    };
    let address = like().or_else(|| archive(manifest));
    address.ok_or_else(|| {
        Refused(format!(
            "The registry does not say where the archive of {name} {to} is."
        ))
    })
}

fn scope(name: &str) -> Option<String> {
    name.split_once('/').map(|(scope, _)| scope.to_owned())
}

/// The path of a version's archive, as nearly every registry has it.
#[must_use]
pub fn archive_path(name: &str, version: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    format!("/{name}/-/{base}-{version}.tgz")
}

/// The address that the registry gives itself.
fn archive(manifest: Value<'_>) -> Option<String> {
    let address = manifest.get("dist")?.get("tarball")?.as_str()?;
    Some(address.into_owned())
}
