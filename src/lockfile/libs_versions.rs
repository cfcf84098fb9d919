//! Version catalogs of Gradle: `gradle/libs.versions.toml` and others (`*.versions.toml`).
//!
//! Gradle's documentation ("Version catalogs", "Rich versions") and its own parser (`TomlCatalogFileParser`) decide.
//!
//! - A catalog says what the builds that use it may ask for, and at which version; what is transitive is in no file, and a build may
//!   take a higher version than it asks for. So each entry is direct, and lock state ([`super::gradle_lockfile`]) is read beside it.
//! - Of a rich version `strictly` counts, else `require`, else `prefer`; `1.0!!` is `strictly`. A range, `1.+` and `latest.release`
//!   are no exact version, and neither is a library without one, which a platform (BOM) gives its version.
//! - A plugin is asked for by its marker, `id:id.gradle.plugin`, and is of the build. Of libraries the catalog does not say what for.
//! - Where the build has lock state, in the folder above that of the catalog or in one beside it, what has no exact version is no gap.
//! - An alias of a version that is not there, and what else Gradle refuses, is blind.

use std::borrow::Cow;
use std::collections::HashMap;

use super::grammar::gradle_build;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand, Writer};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree};
use crate::text::Span;
use crate::text::tree::Value;

/// The version catalog of Gradle.
#[derive(Debug, Clone, Copy)]
pub struct LibsVersions;

const DAMAGED: &str = "Correct the catalog: Gradle refuses it as it is.";
const NOT_EXACT: &str =
    "Give it an exact version in the catalog, or lock what Gradle resolves: `dependencies --write-locks`.";

impl Format for LibsVersions {
    fn name(&self) -> &'static str {
        "libs.versions.toml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["*.versions.toml"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Change the version in the catalog; where the build is locked, run Gradle's task `dependencies` with `--write-locks` after that."
                .into(),
        )
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let root = document.root();
        let mut versions = HashMap::new();
        for (alias, value) in table(root, "versions", &mut parsed) {
            versions.insert(alias, Version::of(value));
        }
        let catalog = Catalog {
            versions,
            is_locked: gradle_build::is_locked(&file.path.parent().parent(), tree),
        };
        for (alias, value) in table(root, "libraries", &mut parsed) {
            match library(value) {
                Some(entry) => catalog.add(entry, value, Scopes::default(), &mut parsed),
                None => parsed.blind(
                    value.key_span().join(value.span()),
                    format!("the library {alias} has no group, name and version"),
                    DAMAGED,
                ),
            }
        }
        for (alias, value) in table(root, "plugins", &mut parsed) {
            match plugin(value) {
                Some(entry) => catalog.add(entry, value, Scopes::only(Scope::Build), &mut parsed),
                None => parsed.blind(
                    value.key_span().join(value.span()),
                    format!("the plugin {alias} has no id and version"),
                    DAMAGED,
                ),
            }
        }
        let is_known =
            |key: &str| matches!(key, "metadata" | "versions" | "libraries" | "bundles" | "plugins");
        for (key, value) in root.entries().filter(|(key, _)| !is_known(key)) {
            parsed.blind(
                value.key_span(),
                format!("a version catalog has nothing called `{key}`"),
                DAMAGED,
            );
        }
        parsed
    }
}

/// The entries of a table of the catalog.
fn table<'d>(
    root: Value<'d>,
    name: &str,
    parsed: &mut Parsed,
) -> impl Iterator<Item = (Cow<'d, str>, Value<'d>)> + use<'d> {
    let table = root.get(name);
    if let Some(other) = table.filter(|value| !value.is_object()) {
        parsed.blind(other.span(), format!("`{name}` is no table"), DAMAGED);
    }
    table.into_iter().flat_map(Value::entries)
}

/// A version as it is written.
#[derive(Debug, Clone)]
enum Version<'d> {
    /// One that is resolved as it stands, unless something asks for a higher one.
    Exact(Cow<'d, str>, Span),
    /// A range, or what a platform decides.
    Open,
    /// That of an alias.
    Alias(Cow<'d, str>, Span),
}

impl<'d> Version<'d> {
    fn of(value: Value<'d>) -> Self {
        if let Some(text) = value.as_str() {
            let end = text.find("!!").unwrap_or(text.len());
            return Self::part(value, text, 0..end);
        }
        if let Some(alias) = value.get("ref") {
            let name = alias.as_str().unwrap_or_default();
            return Self::Alias(name, alias.text_span());
        }
        if value.get("rejectAll").and_then(Value::as_bool) == Some(true) {
            return Self::Open;
        }
        let wanted = ["strictly", "require", "prefer"]
            .into_iter()
            .find_map(|key| value.get(key));
        match wanted.and_then(|wanted| Some((wanted, wanted.as_str()?))) {
            Some((wanted, text)) => {
                let end = text.len();
                Self::part(wanted, text, 0..end)
            }
            None => Self::Open,
        }
    }

    /// The bytes `range` of `text`, which `value` says.
    fn part(value: Value<'d>, text: Cow<'d, str>, range: std::ops::Range<usize>) -> Self {
        let version = text.get(range.clone()).unwrap_or_default();
        let is_dynamic = version.is_empty()
            || version.ends_with('+')
            || version.starts_with("latest.")
            || version.contains(['[', ']', '(', ')', ',', '$', ' ', '{']);
        if is_dynamic {
            return Self::Open;
        }
        let place = value.span_of(range.clone());
        let version = match text {
            Cow::Borrowed(text) => text.get(range).map(Cow::Borrowed),
            Cow::Owned(text) => text.get(range).map(|text| Cow::Owned(text.to_owned())),
        };
        Self::Exact(version.unwrap_or_default(), place)
    }
}

/// What a library or plugin of the catalog asks for.
struct Entry<'d> {
    name: String,
    version: Version<'d>,
}

/// `"group:name:version"`, or a table with `module`, or `group` and `name`, and a version.
fn library(value: Value<'_>) -> Option<Entry<'_>> {
    if let Some(text) = value.as_str() {
        let (module, version) = text.rsplit_once(':')?;
        let name = is_module(module).then(|| module.to_owned())?;
        let start = text.len().saturating_sub(version.len());
        let end = text.find("!!").unwrap_or(text.len());
        if end <= start {
            return None;
        }
        let version = Version::part(value, text, start..end);
        return Some(Entry { name, version });
    }
    let name = match (value.str("module"), value.str("group"), value.str("name")) {
        (Some(module), None, None) => module.into_owned(),
        (None, Some(group), Some(name)) => format!("{group}:{name}"),
        _other => return None,
    };
    let version = value.get("version").map_or(Version::Open, Version::of);
    is_module(&name).then_some(Entry { name, version })
}

fn is_module(text: &str) -> bool {
    text.split(':').count() == 2 && text.split(':').all(|part| !part.trim().is_empty())
}

/// `"id:version"`, or a table with `id` and a version.
fn plugin(value: Value<'_>) -> Option<Entry<'_>> {
    let (id, version) = if let Some(text) = value.as_str() {
        let (id, version) = text
            .split_once(':')
            .filter(|(_, version)| !version.contains(':'))?;
        let (id, start) = (id.to_owned(), text.len().saturating_sub(version.len()));
        let end = text.find("!!").unwrap_or(text.len());
        (id, Version::part(value, text, start..end.max(start)))
    } else {
        let version = value.get("version").map_or(Version::Open, Version::of);
        (value.str("id")?.into_owned(), version)
    };
    let is_id = !id.trim().is_empty() && !id.contains(':');
    is_id.then(|| Entry {
        name: format!("{id}:{id}.gradle.plugin"),
        version,
    })
}

struct Catalog<'d> {
    versions: HashMap<Cow<'d, str>, Version<'d>>,
    is_locked: bool,
}

impl<'d> Catalog<'d> {
    fn add(&self, entry: Entry<'d>, value: Value<'d>, scopes: Scopes, parsed: &mut Parsed) {
        let whole = value.key_span().join(value.span());
        let version = match &entry.version {
            Version::Alias(alias, at) => match self.versions.get(alias) {
                Some(version) => version,
                None => {
                    let message = format!(
                        "{} has the version {alias}, which the catalog does not have",
                        entry.name
                    );
                    return parsed.blind(*at, message, DAMAGED);
                }
            },
            Version::Exact(..) | Version::Open => &entry.version,
        };
        let Version::Exact(version, place) = version else {
            if self.is_locked {
                return;
            }
            return parsed.partial(whole, format!("{} has no exact version", entry.name), NOT_EXACT);
        };
        let mut package = Package::new(Ecosystem::MAVEN, entry.name, &**version, FileSpan::here(*place));
        package.scopes = scopes;
        package.direct = true;
        package.spans = Spans {
            entry: Some(whole),
            ..Spans::default()
        };
        parsed.graph.add_package(package);
    }
}
