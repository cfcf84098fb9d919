//! `pubspec.lock`, as every version of pub writes it (Dart and Flutter).
//!
//! Source of the rules: pub's own reader and writer of the file (`LockFile`). Its small YAML is read by
//! [`crate::text::yaml::read_stream`].
//!
//! - `dependency` says what the project itself asks for: `direct main` is runtime, `direct dev` is dev. The scope of `direct overridden` and of
//!   what is `transitive` is not known, since the file holds no edges: each package stands for itself. Old files without `dependency`
//!   say nothing of it; there every package counts as direct.
//! - `hosted` is the registry, `git` and `path` are what they say. A package of an SDK (`sdk: flutter`) has no version of its own: it comes with that SDK,
//!   and is not matched.
//! - `sdks`, before it `sdk`, stands behind all packages. A file without is cut, and blind.

use super::grammar::rfc3986::without_secrets;
use super::grammar::yaml_document;
use super::{Digests, File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, yaml};

/// The lockfile of pub.
#[derive(Debug, Clone, Copy)]
pub struct PubspecLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run `dart pub get`.";

impl Format for PubspecLock {
    fn name(&self) -> &'static str {
        "pubspec.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PUB
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pubspec.lock"]
    }

    /// `dart pub upgrade` takes what `pubspec.yaml` and all packages allow, and says nothing where that is no other version.
    fn digests(&self) -> Digests {
        Digests::Sha256
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Let pubspec.yaml allow that version, and run `dart pub upgrade` or `flutter pub upgrade` with the package's name."
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = yaml_document::only(&document, &mut parsed, DAMAGED);
        let get = |key: &str| root.and_then(|root| root.get(key));
        let packages = get("packages");
        if get("sdks").or_else(|| get("sdk")).is_none() {
            let end = Span::at(file.text.len());
            parsed.blind(end, "no whole lockfile of pub: it has no `sdks`", DAMAGED);
        }
        match packages {
            Some(packages) if packages.is_object() => {
                let is_old = packages
                    .entries()
                    .all(|(_, entry)| entry.get("dependency").is_none());
                for (name, entry) in packages.entries() {
                    let Some(mut package) = package(&name, entry, &mut parsed) else {
                        continue;
                    };
                    package.direct |= is_old;
                    parsed.graph.add_package(package);
                }
            }
            Some(packages) if packages.kind() == Kind::Null => {}
            Some(packages) => parsed.blind(packages.span(), "`packages` is no mapping", DAMAGED),
            None => parsed.blind(Span::at(0), "no lockfile of pub: it has no `packages`", DAMAGED),
        }
        parsed
    }
}

/// One locked package; `None` for what is none.
fn package(name: &str, entry: Value<'_>, parsed: &mut Parsed) -> Option<Package> {
    if name.is_empty() {
        parsed.blind(entry.key_span(), "a package has no name", DAMAGED);
        return None;
    }
    if !entry.is_object() {
        parsed.blind(
            entry.key_span().join(entry.span()),
            format!("{name} is no mapping"),
            DAMAGED,
        );
        return None;
    }
    let version = entry.get("version").and_then(|version| {
        let text = version.as_str().filter(|text| !text.is_empty())?;
        Some((text, version.text_span()))
    });
    let Some((version, place)) = version else {
        parsed.partial(
            entry.get("version").map_or(entry.key_span(), Value::span),
            format!("{name} has no exact version"),
            "Run `dart pub get`, which writes one for each package.",
        );
        return None;
    };
    let description = entry.get("description");
    let of = |key: &str| description.and_then(|description| description.get(key));
    let text = |key: &str| of(key).and_then(Value::as_str);
    let address = |key: &str| text(key).map(|address| without_secrets(&address).into_owned());
    let said = || description.and_then(Value::as_str).unwrap_or_default();
    let source = match entry.str("source").as_deref() {
        Some("hosted") => Source::Registry(address("url")),
        Some("git") => {
            let mut shown = address("url").unwrap_or_else(|| said().into_owned());
            if let Some(commit) = text("resolved-ref") {
                shown.push('#');
                shown.push_str(&commit);
            }
            Source::Git(shown)
        }
        Some("path") => Source::Path(text("path").unwrap_or_else(said).into_owned()),
        Some("sdk") => Source::OtherRegistry(format!("{} SDK", said())),
        Some(_) | None => {
            parsed.blind(
                entry.get("source").map_or(entry.key_span(), Value::span),
                format!("it is not known where {name} comes from"),
                DAMAGED,
            );
            return None;
        }
    };
    let mut package = Package::new(Ecosystem::PUB, name, version, FileSpan::here(place));
    package.source = source;
    let dependency = entry.str("dependency");
    package.direct = dependency
        .as_deref()
        .is_some_and(|said| said.starts_with("direct"));
    package.scopes = match dependency.as_deref() {
        Some("direct main") => Scopes::only(Scope::Runtime),
        Some("direct dev") => Scopes::only(Scope::Dev),
        Some(_) | None => Scopes::default(),
    };
    package.spans = Spans {
        entry: Some(entry.key_span().join(entry.span())),
        source: of("url").or_else(|| of("path")).map(Value::text_span),
        checksums: of("sha256")
            .or_else(|| of("resolved-ref"))
            .map(Value::text_span)
            .into_iter()
            .collect(),
        edges: None,
    };
    Some(package)
}
