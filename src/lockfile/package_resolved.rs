//! `Package.resolved` of SwiftPM and Xcode, versions 1 to 3.
//!
//! Source of the rules: SwiftPM's own reader and writer of the file (`PackageResolvedStore`, before `PinsStore`).
//!
//! - Version 1 has `object.pins` with `repositoryURL`; 2 and 3 have `pins` with `identity`, `kind` and `location`, and 3 an
//!   `originHash`. SwiftPM chooses by the tools version of the manifest. A newer one of the same shape is read with a remark.
//! - A package is the repository at its address, by which advisories name it: `github.com/apple/swift-nio`. One that is locked to a branch or a
//!   commit alone has no version, stands at its commit, and is not matched.
//! - `localSourceControl`, and an address without a host, is a folder. A package of a registry (`kind: registry`) is known by `scope.name`
//!   and not by an address, and is not matched.
//! - The file holds no edges and does not say what the project itself asks for, and a `Package.swift` is a program: each package stands for itself,
//!   counts as direct, and has no scope.

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::swift::location;
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// The lockfile of SwiftPM.
#[derive(Debug, Clone, Copy)]
pub struct PackageResolved;

/// The newest version of the format that is known here.
const NEWEST: u64 = 3;

const DAMAGED: &str = "Restore the file from its last good commit, or run `swift package resolve`.";

impl Format for PackageResolved {
    fn name(&self) -> &'static str {
        "Package.resolved"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::SWIFT_URL
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Package.resolved"]
    }

    /// `swift package update` takes what `Package.swift` allows, which only running that file tells, and Xcode has no command.
    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Let Package.swift, or the project in Xcode, allow that version, and run `swift package update` with the package's name, or update packages in Xcode."
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let object = root.get("object").filter(|object| object.is_object());
        let (old, new) = (object.and_then(|object| object.get("pins")), root.get("pins"));
        let number = root.get("version").and_then(Value::as_u64);
        let pins = match number {
            Some(1) => old.or(new),
            Some(_) | None => new.or(old),
        };
        match root.get("version") {
            Some(_) if number.is_some_and(|number| (1..=NEWEST).contains(&number)) => {}
            Some(version) if version.kind() == Kind::Number && pins.is_some() => parsed.remark(
                version.span(),
                format!(
                    "version {} is newer than {NEWEST} and is read as that",
                    version.raw()
                ),
                "Update lockkeeper.",
            ),
            Some(_) | None => parsed.blind(
                root.span(),
                "no lockfile of SwiftPM: it has no `version` that is known",
                DAMAGED,
            ),
        }
        match pins {
            Some(pins) if pins.kind() == Kind::Array => {
                for pin in pins.items() {
                    if let Some(package) = package(pin, &mut parsed) {
                        parsed.graph.add_package(package);
                    }
                }
            }
            Some(pins) => parsed.blind(pins.span(), "`pins` is no list", DAMAGED),
            None => parsed.blind(root.span(), "no lockfile of SwiftPM: it has no `pins`", DAMAGED),
        }
        parsed
    }
}

/// What one pin locks; `None` for what is none.
fn package(pin: Value<'_>, parsed: &mut Parsed) -> Option<Package> {
    let (mut identity, mut kind, mut address, mut state) = (None, None, None, None);
    for (key, value) in pin.entries() {
        match key.as_ref() {
            "identity" | "package" => identity = value.as_str().filter(|text| !text.is_empty()),
            "kind" => kind = value.as_str(),
            "location" | "repositoryURL" => address = Some(value),
            "state" => state = Some(value),
            _ => {}
        }
    }
    let url = address
        .and_then(|address| address.as_str())
        .filter(|url| !url.is_empty());
    let remote = url.as_deref().filter(|url| has_host(url)).map(location);
    let remote = remote.filter(|remote| !remote.is_empty());
    let is_registry = kind.as_deref() == Some("registry");
    let is_local = kind.as_deref() == Some("localSourceControl") || remote.is_none();
    let name = match &remote {
        Some(remote) if !is_registry && !is_local => Some(remote.clone()),
        Some(_) | None => identity.or_else(|| url.clone()),
    };
    let Some(name) = name else {
        parsed.blind(pin.span(), "a pin has no name", DAMAGED);
        return None;
    };
    let (mut version, mut revision) = (None, None);
    for (key, value) in state.into_iter().flat_map(Value::entries) {
        let known = match key.as_ref() {
            "version" => &mut version,
            "revision" => &mut revision,
            _ => continue,
        };
        *known = value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(|text| (text, value.text_span()));
    }
    let has_version = version.is_some();
    let Some((text, place)) = version.or_else(|| revision.clone()) else {
        parsed.partial(
            state.map_or(pin.span(), Value::span),
            format!("{name} has no exact version"),
            "Run `swift package resolve`, which writes one for each package.",
        );
        return None;
    };
    let shown = || without_secrets(url.as_deref().unwrap_or_default()).into_owned();
    let source = match (is_registry, is_local, has_version) {
        (true, _, _) => Source::OtherRegistry(name.split('.').next().unwrap_or_default().to_owned()),
        (false, true, _) => Source::Path(shown()),
        (false, false, true) => Source::Registry(Some(shown())),
        (false, false, false) => Source::Git(format!("{}#{text}", shown())),
    };
    let mut package = Package::new(Ecosystem::SWIFT_URL, name, text, FileSpan::here(place));
    package.source = source;
    package.direct = true;
    package.spans = Spans {
        entry: Some(pin.span()),
        source: address.map(Value::text_span),
        checksums: revision
            .filter(|_| has_version)
            .map(|(_, span)| span)
            .into_iter()
            .collect(),
        edges: None,
    };
    Some(package)
}

/// `https://host/…` and `git@host:…` have one; `../x`, `/x` and `file:///x` have none.
fn has_host(address: &str) -> bool {
    match address.split_once("://") {
        Some((scheme, rest)) => !scheme.eq_ignore_ascii_case("file") && !rest.starts_with('/'),
        None => address
            .split_once(':')
            .is_some_and(|(host, path)| !host.contains('/') && host.len() > 1 && !path.is_empty()),
    }
}
