//! `stack.yaml.lock` and `stack-*.yaml.lock`, as Stack 2 and 3 write them (Haskell).
//!
//! Source of the rules: Stack's documentation of lock files and its own writer of the file (`Stack.Lock`, pantry).
//!
//! - `packages` are the `extra-deps` of `stack.yaml`: of Hackage (`hackage: name-1.2.3@sha256:…`), of a repository or of an archive. Each is direct.
//! - All other packages come from a snapshot, of which the file has the address and the hash alone: which versions those are is a partial gap.
//! - `snapshots` stand behind the packages: a file without is cut, and blind.

use super::grammar::rfc3986::without_secrets;
use super::grammar::yaml_document;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, yaml};

/// The lockfile of Stack.
#[derive(Debug, Clone, Copy)]
pub struct StackYaml;

const DAMAGED: &str =
    "Restore the file from its last good commit, or delete it and run `stack build --dry-run`.";

impl Format for StackYaml {
    fn name(&self) -> &'static str {
        "stack.yaml.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::HACKAGE
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["stack.yaml.lock", "stack-*.yaml.lock"]
    }

    /// Stack writes the file from what `stack.yaml` asks for.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Write `{}-{}` under `extra-deps` of {}, and run `stack build --dry-run`.",
                upgrade.name,
                upgrade.to,
                upgrade.file_name.trim_end_matches(".lock")
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        parsed.ends_with_line_break(file, DAMAGED);
        let root = yaml_document::only(&document, &mut parsed, DAMAGED);
        let list = |key: &str| {
            let value = root.and_then(|root| root.get(key));
            value.filter(|value| value.kind() == Kind::Array)
        };
        let (packages, snapshots) = (list("packages"), list("snapshots"));
        if packages.is_none() || snapshots.is_none() {
            let end = Span::at(file.text.len());
            parsed.blind(
                end,
                "no whole lockfile of Stack: it has no list `packages` or no list `snapshots`",
                DAMAGED,
            );
        }
        for item in packages.into_iter().flat_map(Value::items) {
            add(item, &mut parsed);
        }
        for item in snapshots.into_iter().flat_map(Value::items) {
            let completed = item.get("completed");
            let Some(original) = item.get("original").filter(|_| completed.is_some()) else {
                parsed.blind(item.span(), "a snapshot that is not whole", DAMAGED);
                continue;
            };
            let named = ["snapshot", "resolver", "url"]
                .into_iter()
                .find_map(|key| original.str(key));
            let name = original.as_str().or(named).unwrap_or_default();
            parsed.partial(
                item.span(),
                format!("the packages of the snapshot {name} are not in the file"),
                "Run `stack ls dependencies cabal`, which writes them as constraints, into a file that ends with `.project.freeze`, and commit that.",
            );
        }
        parsed
    }
}

fn add(item: Value<'_>, parsed: &mut Parsed) {
    let Some(completed) = item.get("completed").filter(|_| item.get("original").is_some()) else {
        parsed.blind(item.span(), "a package that is not whole", DAMAGED);
        return;
    };
    let mut package = match completed.get("hackage") {
        Some(hackage) => of_hackage(hackage),
        None => of_location(completed),
    };
    let Some(package_) = package.as_mut() else {
        parsed.blind(completed.span(), "a package without a name or a version", DAMAGED);
        return;
    };
    package_.direct = true;
    package_.spans.entry = Some(item.span());
    let tree = completed.get("pantry-tree").and_then(|tree| tree.get("sha256"));
    package_.spans.checksums = tree.map(Value::text_span).into_iter().collect();
    parsed.graph.add_package(package_.clone());
}

/// `name-1.2.3@sha256:…,size`
fn of_hackage(value: Value<'_>) -> Option<Package> {
    let text = value.as_str()?;
    let identifier = text.split('@').next()?;
    let (name, version) = identifier.rsplit_once('-')?;
    let is_version = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if name.is_empty() || version.is_empty() || !is_version {
        return None;
    }
    let start = name.len().saturating_add(1);
    let place = value.span_of(start..identifier.len());
    Some(Package::new(
        Ecosystem::HACKAGE,
        name,
        version,
        FileSpan::here(place),
    ))
}

/// A package of a repository or an archive.
fn of_location(completed: Value<'_>) -> Option<Package> {
    let name = completed.str("name").filter(|name| !name.is_empty())?;
    let version = completed.get("version")?;
    let text = version.as_text().filter(|text| !text.is_empty())?;
    let address = |key: &str| {
        let value = completed.get(key)?;
        Some((without_secrets(&value.as_str()?).into_owned(), value))
    };
    let (source, at) = match (address("git").or_else(|| address("hg")), address("url")) {
        (Some((mut shown, at)), _) => {
            if let Some(commit) = completed.str("commit") {
                shown.push('#');
                shown.push_str(&commit);
            }
            (Source::Git(shown), at)
        }
        (None, Some((shown, at))) => (Source::Url(shown), at),
        (None, None) => {
            let (shown, at) = address("archive")?;
            (Source::Url(shown), at)
        }
    };
    let mut package = Package::new(
        Ecosystem::HACKAGE,
        &*name,
        &*text,
        FileSpan::here(version.text_span()),
    );
    package.source = source;
    package.spans = Spans {
        source: Some(at.text_span()),
        ..Spans::default()
    };
    Some(package)
}
