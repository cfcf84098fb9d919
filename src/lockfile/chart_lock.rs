//! `Chart.lock` of Helm 3 and 4.
//!
//! Source of the rules: Helm's own reader and writer (`chart.Lock`, `Dependency`) and its documentation ("Chart dependencies").
//!
//! - `dependencies` are what `Chart.yaml` asks for, each with `name`, `version` and `repository`: an address, `oci://…`, the name of a repository (`@stable`), or
//!   `file://…`, which is a chart of the project itself. Charts in charts are in no lockfile.
//! - Helm writes the keys in the order of the alphabet, and `digest` always: a file without it is cut.
//! - No advisories are published for charts; what images they run is not said here.

use super::grammar::rfc3986::without_secrets;
use super::grammar::yaml_document;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::yaml;

/// The lockfile of Helm.
#[derive(Debug, Clone, Copy)]
pub struct ChartLock;

/// Charts.
const ECOSYSTEM: Ecosystem = Ecosystem::constant("Helm");

const DAMAGED: &str = "Restore the file from its last good commit, or run `helm dependency update`.";

impl Format for ChartLock {
    fn name(&self) -> &'static str {
        "Chart.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        ECOSYSTEM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Chart.lock"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        UpgradeCommand::ByHand(
            format!(
                "Ask for {to} as the version of {name} in Chart.yaml, then run `helm dependency update`."
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = yaml_document::only(&document, &mut parsed, DAMAGED).unwrap_or(document.root());
        if root.get("digest").is_none() {
            parsed.blind(
                root.span(),
                "the file has no `digest`, which stands behind the dependencies: it is cut",
                DAMAGED,
            );
        }
        match root.get("dependencies") {
            Some(list) if list.kind() == Kind::Array => {
                for entry in list.items() {
                    add(entry, &mut parsed);
                }
            }
            Some(list) if list.kind() == Kind::Null => {}
            Some(_) | None => parsed.blind(root.span(), "the file has no list of `dependencies`", DAMAGED),
        }
        parsed
    }
}

fn add(entry: Value<'_>, parsed: &mut Parsed) {
    let (mut name, mut version, mut repository) = (None, None, None);
    for (key, value) in entry.entries() {
        match &*key {
            "name" => name = value.as_str().filter(|name| !name.is_empty()),
            "version" => version = Some(value),
            "repository" => repository = value.as_str().map(|text| (text, value)),
            _ => {}
        }
    }
    let Some(name) = name else {
        parsed.blind(entry.span(), "a dependency has no name", DAMAGED);
        return;
    };
    // `version: 1.2` is a number of YAML.
    let version =
        version.filter(|version| !matches!(version.kind(), Kind::Array | Kind::Object | Kind::Null));
    let text = version.map(|version| (version.as_str().unwrap_or_else(|| version.raw().into()), version));
    let Some((text, version)) = text.filter(|(text, _)| !text.is_empty()) else {
        parsed.partial(entry.span(), format!("{name} has no exact version"), DAMAGED);
        return;
    };
    let mut package = Package::new(ECOSYSTEM, name, text, FileSpan::here(version.text_span()));
    package.direct = true;
    package.source = match &repository {
        Some((address, _)) if address.starts_with("file:") => Source::Path(address.to_string()),
        Some((address, _)) if !address.is_empty() => {
            Source::Registry(Some(without_secrets(address).into_owned()))
        }
        // It is in `charts/`.
        Some(_) | None => Source::Path("charts".into()),
    };
    package.spans = Spans {
        entry: Some(entry.span()),
        source: repository.map(|(_, value)| value.text_span()),
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}
