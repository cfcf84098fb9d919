//! `Pipfile.lock`, all versions of its specification up to 6.
//!
//! - Each section but `_meta` is a category: `default` is runtime, `develop` is dev, and the categories that
//!   people name themselves are optional, since they are installed only when asked for by name.
//! - The file holds no edges: each package stands for itself. Direct are those that the `Pipfile` beside it asks
//!   for in the same category. `index` does not say: pipenv writes it for plain requirements, but leaves it out for
//!   those with extras. Without a readable `Pipfile` every package counts as direct.
//! - The version is the text behind `==`, for repositories the commit (`ref`). Folders and archives have none and
//!   stand at their address. The folder `.` is the project itself, an own module.
//! - Without `index` a package comes from the first source, where pipenv looks first. An archive (`file`) on the host of one
//!   of the sources, or on PyPI's own, is the registry's package, by the name and version in its file name.

use std::borrow::Cow;
use std::collections::HashMap;

use super::grammar::rfc3986::without_secrets;
use super::grammar::simple_repository::Indexes;
use super::{File, Format, Parsed};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Source, Spans, Tree, TreePath, UpgradeBy};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, decode, json, toml};
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// The lockfile of pipenv.
#[derive(Debug, Clone, Copy)]
pub struct PipfileLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run `pipenv lock`.";

impl Format for PipfileLock {
    fn name(&self) -> &'static str {
        "Pipfile.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Pipfile.lock"]
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        // Where the Pipfile does not allow another version it ends without an error, and without a change.
        if UpgradeBy::allows(upgrade.by, |range| Pep440.contains(range, upgrade.to).ok()) {
            // Without the flag, and with a version, it would write into the Pipfile.
            let command = format!("pipenv upgrade --lock-only {}", upgrade.name);
            // The lockfile has no ranges of packages. Most of them ask for one major version.
            let major = |version: &'_ str| version.split(['.', '!']).next().map(str::to_owned);
            if upgrade.direct || major(upgrade.from) == major(upgrade.to) {
                return super::UpgradeCommand::Run(command);
            }
            return super::UpgradeCommand::ByHand(
                format!("Run `{command}`. If the version stays, what brings it does not allow that one: upgrade that.").into(),
            );
        }
        super::UpgradeCommand::ByHand(
            "The Pipfile does not allow that version: change it there, and run `pipenv upgrade --lock-only` with the package's name.".into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        if !root.is_object() {
            parsed.blind(root.span(), "the file holds no object", DAMAGED);
        } else if !root
            .entries()
            .any(|(key, _)| matches!(key.as_ref(), "_meta" | "default" | "develop"))
        {
            parsed.blind(
                root.span(),
                "no lockfile of pipenv: it has neither `_meta` nor `default` nor `develop`",
                DAMAGED,
            );
        }
        let sources = Sources::of(root);
        let asked = asked(file.path, tree);
        for (category, section) in root.entries().filter(|(category, _)| category != "_meta") {
            let scope = match category.as_ref() {
                "default" => Scope::Runtime,
                "develop" => Scope::Dev,
                _ => Scope::Optional,
            };
            if !section.is_object() {
                parsed.blind(section.span(), format!("{category} is no object"), DAMAGED);
            }
            for (name, entry) in section.entries() {
                let Some(mut package) = package(&name, entry, &sources, &mut parsed) else {
                    continue;
                };
                package.scopes = Scopes::only(scope);
                let own = normalise(&Ecosystem::PYPI, &name);
                package.direct = asked.as_ref().is_none_or(|asked| {
                    asked
                        .get(category.as_ref())
                        .is_some_and(|wishes| wishes.contains_key(own.as_ref()))
                });
                // A name of several categories is upgraded in all of them.
                let wishes = asked.iter().flat_map(HashMap::values);
                for range in wishes.filter_map(|wishes| wishes.get(own.as_ref())?.as_deref()) {
                    package.asked_within(range);
                }
                parsed.graph.add_package(package);
            }
        }
        parsed
    }
}

/// The indexes that `_meta` lists.
struct Sources<'d> {
    by_name: HashMap<Cow<'d, str>, Cow<'d, str>>,
    first: Option<Cow<'d, str>>,
    indexes: Indexes,
}

impl<'d> Sources<'d> {
    fn of(root: Value<'d>) -> Self {
        let mut sources = Self {
            by_name: HashMap::new(),
            first: None,
            indexes: Indexes::default(),
        };
        let listed = root.get("_meta").and_then(|meta| meta.get("sources"));
        for source in listed.into_iter().flat_map(Value::items) {
            let Some(address) = source.str("url") else {
                continue;
            };
            sources.indexes.add(&address);
            if let Some(name) = source.str("name") {
                sources.by_name.insert(name, address.clone());
            }
            sources.first.get_or_insert(address);
        }
        sources
    }

    fn registry(&self, index: Option<Value<'d>>) -> Source {
        // A name that stands for none says nothing; without a name the first source counts.
        let address = match index {
            Some(index) => index.as_str().and_then(|index| self.by_name.get(&index)),
            None => self.first.as_ref(),
        };
        Source::Registry(address.map(|address| without_secrets(address).into_owned()))
    }
}

/// One locked package; `None` for the project itself and for what is no entry.
fn package<'d>(name: &str, entry: Value<'d>, sources: &Sources<'d>, parsed: &mut Parsed) -> Option<Package> {
    if name.is_empty() {
        parsed.blind(entry.key_span(), "an entry has no name", DAMAGED);
        return None;
    }
    if !entry.is_object() {
        parsed.blind(entry.span(), format!("{name} is no object"), DAMAGED);
        return None;
    }
    let mut spans = Spans {
        entry: Some(entry.key_span().join(entry.span())),
        ..Spans::default()
    };
    let (mut version, mut index, mut revision) = (None, None, None);
    let mut address = None;
    let mut checksums = Vec::new();
    for (key, value) in entry.entries() {
        match key.as_ref() {
            "version" => version = Some(value),
            "index" => index = Some(value),
            "ref" => revision = Some(value),
            "hashes" => checksums.extend(value.items().map(Value::text_span)),
            "hash" => checksums.push(value.text_span()),
            "git" | "hg" | "svn" | "bzr" | "path" | "file" => address = Some((key, value)),
            _ => {}
        }
    }
    spans.checksums = checksums.into_iter().collect();
    let written =
        |value: Option<Value<'d>>| value.and_then(|value| Some((value.as_str()?, value.text_span())));
    let filled = |(text, span): (Cow<'d, str>, Span)| (!text.is_empty()).then_some((text, span));
    let (source, text, place) = match address.and_then(|(kind, value)| Some((kind, value.as_str()?, value))) {
        Some((kind, address, value)) => {
            spans.source = Some(value.text_span());
            if let Some((source, found)) = sources
                .indexes
                .archive(&address, Some(name))
                .filter(|_| matches!(kind.as_ref(), "file" | "path"))
            {
                let place = FileSpan::here(value.span_of(found.version.range));
                let mut package = Package::new(Ecosystem::PYPI, found.name.text, found.version.text, place);
                (package.source, package.spans) = (source, spans);
                return Some(package);
            }
            let revision = written(revision).and_then(filled);
            let (source, is_own) =
                source_of(&kind, &address, revision.as_ref().map(|(text, _)| text.as_ref()));
            if is_own {
                parsed.graph.add_own(name, "");
                return None;
            }
            let (text, place) = revision.unwrap_or((Cow::Borrowed(""), value.text_span()));
            (source, text, place)
        }
        None => {
            let Some((text, place)) = version.and_then(exact) else {
                parsed.partial(
                    version.map_or(entry.key_span(), Value::span),
                    format!("{name} has no exact version"),
                    "Run `pipenv lock`, which writes one for each package.",
                );
                return None;
            };
            (sources.registry(index), text, place)
        }
    };
    let mut package = Package::new(Ecosystem::PYPI, name, text, FileSpan::here(place));
    package.source = source;
    package.spans = spans;
    Some(package)
}

/// Where the package at `address` comes from, and whether it is the project itself.
fn source_of(kind: &str, address: &str, revision: Option<&str>) -> (Source, bool) {
    let mut shown = without_secrets(address).into_owned();
    if let Some(revision) = revision {
        shown.push('#');
        shown.push_str(revision);
    }
    let path = address.strip_prefix("file:").unwrap_or(address);
    let is_own = !path.starts_with('/')
        && path
            .split('/')
            .all(|component| matches!(component, "" | "." | ".."));
    match kind {
        "git" => (Source::Git(shown), false),
        "path" | "file" if address.starts_with("file:") || !address.contains("://") => {
            (Source::Path(shown), is_own)
        }
        _ => (Source::Url(shown), false),
    }
}

/// The version behind `==` or `===`, and its place.
fn exact(value: Value<'_>) -> Option<(Cow<'_, str>, Span)> {
    let cut = |text: &str| {
        let operators = text.len().saturating_sub(text.trim_start_matches('=').len());
        let version = text.get(operators..)?.trim();
        let is_exact = matches!(operators, 2 | 3)
            && version.starts_with(|character: char| character.is_ascii_alphanumeric())
            && !version.contains(['*', ',', '$']);
        let start = text
            .len()
            .saturating_sub(text.get(operators..)?.trim_start().len());
        is_exact.then(|| start..start.saturating_add(version.len()))
    };
    let text = value.as_str()?;
    let range = cut(&text)?;
    // With escapes in it the whole string is the place.
    let place = match value.kind() {
        Kind::PlainString => value.text_span().inside(range.clone()),
        Kind::Null
        | Kind::Bool
        | Kind::Number
        | Kind::JsonString
        | Kind::TomlString
        | Kind::YamlString
        | Kind::Datetime
        | Kind::Array
        | Kind::Object => value.text_span(),
    };
    Some((Cow::Owned(text.get(range)?.to_owned()), place))
}

/// What a category of the `Pipfile` asks for: normalised names with the range, if that is not every version.
type Wishes = HashMap<String, Option<String>>;

/// What the `Pipfile` beside the lockfile asks for, by the category's name in the lockfile. `None` if there is none that
/// can be read whole.
fn asked(lockfile: &TreePath, tree: &dyn Tree) -> Option<HashMap<String, Wishes>> {
    let path = lockfile.parent().join("Pipfile")?;
    let bytes = tree.read(&path).ok()?;
    let decoded = decode::decode(&bytes);
    let document = toml::read(&decoded.text);
    if !document.problems.is_empty() || decoded.problem.is_some() {
        return None;
    }
    let mut asked: HashMap<String, Wishes> = HashMap::new();
    for (key, section) in document
        .root()
        .entries()
        .filter(|(_, section)| section.is_object())
    {
        let category = match key.as_ref() {
            "packages" => "default",
            "dev-packages" => "develop",
            other => other,
        };
        let wishes = section.entries().map(|(name, wish)| {
            let range = wish.as_str().or_else(|| wish.str("version"));
            let range = range.filter(|range| !matches!(range.trim(), "" | "*"));
            let name = normalise(&Ecosystem::PYPI, &name).into_owned();
            (name, range.map(Cow::into_owned))
        });
        asked.entry(category.to_owned()).or_default().extend(wishes);
    }
    Some(asked)
}
