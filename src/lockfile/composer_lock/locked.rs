//! What a `composer.lock` and the `composer.json` beside it say for an edit: every package with what it asks for, and what the
//! project asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::project::Project;
use super::{Entry, is_branch, is_platform, lower};
use crate::text::tree::{Document, Kind, Value};
use crate::text::{Span, json};
use crate::version::packagist::Stability;

/// A name in lower case, and a constraint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The name, in lower case.
    pub name: String,
    /// The constraint; `self.version` is the version of the package itself.
    pub range: String,
}

impl Link {
    /// It asks for something of the machine: `php`, `ext-json`.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        is_platform(&self.name)
    }
}

/// What a package asks for and says of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// It needs these.
    pub require: Vec<Link>,
    /// It is not installed beside these.
    pub conflict: Vec<Link>,
    /// It is these, and is not installed beside them.
    pub replace: Vec<Link>,
    /// It is these, too.
    pub provide: Vec<Link>,
}

impl Links {
    /// The links of a package, as a lockfile, a manifest or a repository writes them.
    #[must_use]
    pub fn of(package: Value<'_>, version: &str) -> Self {
        let links = |key: &str| links(package.get(key), version);
        Self {
            require: links("require"),
            conflict: links("conflict"),
            replace: links("replace"),
            provide: links("provide"),
        }
    }
}

/// The links of one table, by name.
#[must_use]
pub fn links(table: Option<Value<'_>>, version: &str) -> Vec<Link> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, range) in table.map(Value::entries).into_iter().flatten() {
        let Some(range) = range.as_str() else { continue };
        let range = match range.trim() {
            "self.version" if !version.is_empty() => version.to_owned(),
            _ => range.into_owned(),
        };
        all.insert(lower(name).into_owned(), range);
    }
    let all = all.into_iter();
    all.map(|(name, range)| Link { name, range }).collect()
}

/// A package of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// The name, in lower case.
    pub name: String,
    /// As the lockfile writes it.
    pub written: String,
    /// The version, as the lockfile writes it.
    pub version: String,
    /// Other versions that it counts as.
    pub aliases: Vec<String>,
    /// What it asks for.
    pub links: Links,
    /// It stands in `packages-dev`.
    pub is_dev: bool,
    /// Why it stays as it is, as a half of a sentence.
    pub is_fixed: Option<&'static str>,
    /// `notification-url`.
    pub notified: Option<String>,
    /// Its object, from brace to brace.
    pub span: Span,
}

/// What a lockfile says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locked {
    /// The packages, in the order of the file.
    pub packages: Vec<LockedPackage>,
    /// `minimum-stability`.
    pub minimum: Option<Stability>,
    /// `stability-flags`, by name.
    pub flags: BTreeMap<String, Stability>,
    /// `plugin-api-version`.
    pub plugin_api: String,
}

/// What a project asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Its `require`, `conflict`, `replace` and `provide`.
    pub links: Links,
    /// Its `require-dev`.
    pub dev: Vec<Link>,
    /// `php` of `config.platform`.
    pub php: Option<String>,
    /// What else `config.platform` has.
    pub platform: BTreeSet<String>,
    /// A repository of version control, a folder or an archive is named, and what it has is not known here.
    pub has_hidden: bool,
}

/// Reads a lockfile that is to be edited, and the manifest beside it.
///
/// # Errors
/// Why it is none, as a sentence.
pub fn locked(text: &str, manifest: &str) -> Result<(Locked, Asked), String> {
    let document = json::read(text);
    let manifest = json::read(manifest);
    if !document.problems.is_empty() || !document.root().is_object() {
        return Err("The lockfile is damaged: restore it, or run `composer update --lock`.".to_owned());
    }
    if !manifest.problems.is_empty() || !manifest.root().is_object() {
        return Err("The composer.json beside the lockfile cannot be read.".to_owned());
    }
    let project = Project::of(&manifest);
    let root = document.root();
    let mut locked = Locked {
        minimum: root.str("minimum-stability").and_then(|text| named(&text)),
        plugin_api: root.str("plugin-api-version").unwrap_or_default().into_owned(),
        ..Locked::default()
    };
    for (name, flag) in root
        .get("stability-flags")
        .map(Value::entries)
        .into_iter()
        .flatten()
    {
        if let Some(flag) = flag.as_u64().and_then(numbered) {
            locked.flags.insert(lower(name).into_owned(), flag);
        }
    }
    for (key, is_dev) in [("packages", false), ("packages-dev", true)] {
        let Some(list) = root.get(key).filter(|list| list.kind() == Kind::Array) else {
            return Err(format!(
                "The lockfile has no `{key}`: run `composer update --lock`."
            ));
        };
        for value in list.items() {
            locked.packages.push(package(value, is_dev, root, &project)?);
        }
    }
    let mut names = BTreeSet::new();
    match locked.packages.iter().find(|one| !names.insert(&one.name)) {
        Some(twice) => Err(format!("The lockfile has {} twice.", twice.written)),
        None => Ok((locked, asked(&manifest))),
    }
}

fn package(
    value: Value<'_>,
    is_dev: bool,
    root: Value<'_>,
    project: &Project,
) -> Result<LockedPackage, String> {
    let text = |key: &str| value.str(key).filter(|text| !text.is_empty());
    let (Some(written), Some(version)) = (text("name"), text("version")) else {
        return Err("A package of the lockfile has no name or no version.".to_owned());
    };
    let name = lower(written.clone()).into_owned();
    let is_of_registry = Entry::of(value).source_of(&name, Some(project)).is_matched();
    let is_fixed = match (is_branch(&version), is_of_registry) {
        (true, _) => Some("it is locked to a branch"),
        (_, false) => Some("it does not come from a registry"),
        (_, true) => None,
    };
    let given = root.get("aliases").map(Value::items).into_iter().flatten();
    let given = given.filter(|alias| {
        alias
            .str("package")
            .is_some_and(|one| one.eq_ignore_ascii_case(&name))
    });
    let given = given.filter_map(|alias| alias.str("alias"));
    let extra = value.get("extra").and_then(|extra| extra.get("branch-alias"));
    let branches = extra.map(Value::entries).into_iter().flatten();
    let branches = branches.filter(|(branch, _)| *branch == *version);
    let branches = branches.filter_map(|(_, alias)| alias.as_str());
    Ok(LockedPackage {
        aliases: given.chain(branches).map(|alias| alias.into_owned()).collect(),
        links: Links::of(value, &version),
        name,
        written: written.into_owned(),
        version: version.into_owned(),
        is_dev,
        is_fixed,
        notified: text("notification-url").map(|url| url.into_owned()),
        span: value.span(),
    })
}

/// What a manifest asks for.
#[must_use]
pub fn asked(manifest: &Document<'_>) -> Asked {
    let root = manifest.root();
    let version = root.str("version").unwrap_or_default();
    let platform = root.get("config").and_then(|config| config.get("platform"));
    let kinds = root.get("repositories").into_iter().flat_map(|all| {
        let named = all.entries().map(|(_, one)| one);
        named
            .chain(all.items())
            .filter_map(|one| one.str("type"))
            .collect::<Vec<_>>()
    });
    Asked {
        links: Links::of(root, &version),
        dev: links(root.get("require-dev"), &version),
        php: platform
            .and_then(|platform| platform.str("php"))
            .map(|php| php.into_owned()),
        platform: platform
            .map(Value::entries)
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.as_bool() != Some(false))
            .map(|(name, _)| lower(name).into_owned())
            .collect(),
        has_hidden: kinds.into_iter().any(|kind| kind != "composer"),
    }
}

fn named(text: &str) -> Option<Stability> {
    Some(match text.to_ascii_lowercase().as_str() {
        "dev" => Stability::Dev,
        "alpha" => Stability::Alpha,
        "beta" => Stability::Beta,
        "rc" => Stability::Rc,
        "stable" => Stability::Stable,
        _ => return None,
    })
}

/// As `BasePackage` numbers them.
fn numbered(number: u64) -> Option<Stability> {
    Some(match number {
        0 => Stability::Stable,
        5 => Stability::Rc,
        10 => Stability::Beta,
        15 => Stability::Alpha,
        20 => Stability::Dev,
        _ => return None,
    })
}
