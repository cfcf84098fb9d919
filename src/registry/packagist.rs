//! Composer repositories, as Composer 2 asks them: `packages.json` says where the metadata of a package is (`metadata-url`), or has the
//! packages in itself; the metadata is minified (`composer/2.0`: of each version what differs from the one before).
//!
//! Branches (`~dev`) are not asked for: none of them comes in, and one that is locked stays. `abandoned` is said of a package and not of
//! a version of it, and makes none worse than another. A repository that answers in version 1 of the protocol alone, or sends
//! archives through mirrors, is refused with a reason.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::packagist_config::{PackagistConfig, SETTING, Sources};
use super::{Answer, ConfigFile, Configuration, Detail, Place, Registry};
use crate::ecosystem::normalise;
use crate::model::Ecosystem;
use crate::model::release::{Release, Requirement, RequirementKind};
use crate::sys::web::Address;
use crate::text::json;
use crate::text::tree::{Kind, Value};
use crate::version::packagist::{Stability, stability};

/// Packagist and the repositories that answer like it.
#[derive(Debug, Clone, Copy)]
pub struct Packagist;

/// So many versions of one package are read.
const MAX_VERSIONS: usize = 20_000;

/// What is read of `packages.json`.
#[derive(Deserialize)]
struct Index<'d> {
    #[serde(borrow, default)]
    packages: Option<&'d RawValue>,
    #[serde(rename = "metadata-url")]
    metadata_url: Option<String>,
    #[serde(rename = "available-packages")]
    available: Option<Vec<String>>,
    #[serde(rename = "available-package-patterns")]
    patterns: Option<Vec<String>>,
    #[serde(rename = "notify-batch")]
    notify_batch: Option<String>,
    notify: Option<String>,
    #[serde(borrow)]
    mirrors: Option<&'d RawValue>,
}

impl<'d> Index<'d> {
    fn read(bytes: &'d [u8]) -> Result<Self, String> {
        let index: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("not what a Composer repository says of itself: {error}"))?;
        let mirrors = index.mirrors.map_or("null", RawValue::get);
        match matches!(mirrors.trim(), "null" | "[]" | "{}") {
            true => Ok(index),
            false => Err("it names mirrors of archives, and which of them Composer writes into a lockfile is not known here".to_owned()),
        }
    }

    /// It has packages, and may have this one.
    fn may_have(&self, name: &str) -> bool {
        let listed = self.available.iter().flatten();
        let mut patterns = self.patterns.iter().flatten();
        (self.available.is_none() && self.patterns.is_none())
            || listed.clone().any(|one| one.eq_ignore_ascii_case(name))
            || patterns.any(|pattern| super::packagist_config::matches(pattern, name))
    }

    fn has_inside(&self, name: &str) -> bool {
        let packages = self.packages.map_or("", RawValue::get).trim_start();
        let names: BTreeMap<String, &RawValue> = match packages.starts_with('{') {
            true => serde_json::from_str(packages).unwrap_or_default(),
            false => BTreeMap::new(),
        };
        names.keys().any(|one| one.eq_ignore_ascii_case(name))
    }
}

impl Registry for Packagist {
    fn name(&self) -> &'static str {
        "packagist"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PACKAGIST
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        let name = normalise(&Ecosystem::PACKAGIST, package);
        let segments = std::iter::once("p2").chain(name.split('/'));
        let address = base.below(segments).to_string();
        Address::parse(&format!("{address}.json")).unwrap_or_else(|_| base.clone())
    }

    fn index(&self, base: &Address) -> Option<Address> {
        Some(match base.file_name().ends_with(".json") {
            true => base.clone(),
            false => base.below(["packages.json"]),
        })
    }

    fn place(&self, base: &Address, index: &[u8], package: &str) -> Result<Place, String> {
        let index = Index::read(index)?;
        let name = normalise(&Ecosystem::PACKAGIST, package);
        if index.has_inside(&name) {
            return Ok(Place::Inside);
        }
        let Some(url) = index.metadata_url.as_deref().filter(|url| !url.is_empty()) else {
            return match index.packages {
                Some(packages) if packages.get().trim_start().starts_with('{') => Ok(Place::Nowhere),
                Some(_) | None => {
                    Err("it has no `metadata-url`: version 1 of the protocol is not spoken here".to_owned())
                }
            };
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
        if !name.bytes().all(is_plain) || name.split('/').any(|part| part.chars().all(|one| one == '.')) {
            return Ok(Place::Nowhere);
        }
        match (url.contains("%package%"), index.may_have(&name)) {
            (false, _) => Err("its `metadata-url` has no place for the name of a package".to_owned()),
            (true, false) => Ok(Place::Nowhere),
            (true, true) => base
                .join(&url.replace("%package%", &name))
                .map(Place::At)
                .map_err(|error| format!("its `metadata-url` is {error}")),
        }
    }

    fn accept(&self, _: Detail) -> &'static str {
        "application/json"
    }

    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String> {
        self.read_by(b"{}", package, bytes)
    }

    fn read_by(&self, index: &[u8], package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let index = Index::read(index)?;
        let notify = index.notify_batch.or(index.notify);
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())?;
        let document = json::read(text);
        if let Some(problem) = document.problems.first() {
            return Err(format!(
                "not what a Composer repository says: {}",
                problem.message
            ));
        }
        let root = document.root();
        let name = normalise(&Ecosystem::PACKAGIST, package);
        let packages = root.get("packages").map(Value::entries).into_iter().flatten();
        let mut own = packages.filter(|(key, _)| key.eq_ignore_ascii_case(&name));
        let Some((_, versions)) = own.next() else {
            return Err(format!("it says nothing of {}", quoted(&name)));
        };
        let is_minified = root.str("minified").as_deref() == Some("composer/2.0");
        let mut answer = Answer::default();
        let mut fields: Vec<(Cow<'_, str>, &str)> = Vec::new();
        let listed = versions.items();
        let named = versions.entries().map(|(_, version)| version);
        for version in listed.chain(named).take(MAX_VERSIONS) {
            if !is_minified {
                fields.clear();
            }
            for (key, value) in version.entries() {
                let raw = raw(text, value);
                let known = fields.iter().position(|(known, _)| *known == key);
                match (known, raw) {
                    (Some(known), "\"__unset\"") => {
                        fields.remove(known);
                    }
                    (None, "\"__unset\"") => {}
                    (Some(known), raw) => {
                        if let Some(field) = fields.get_mut(known) {
                            field.1 = raw;
                        }
                    }
                    (None, raw) => fields.push((key, raw)),
                }
            }
            match release(&name, &fields, notify.as_deref()) {
                Ok(Some(release)) => answer.releases.push(release),
                Ok(None) => {}
                Err(reason) => answer
                    .notes
                    .push(format!("a version of {package} was left out: {reason}")),
            }
        }
        answer
            .releases
            .sort_by(|left, right| left.version.cmp(&right.version));
        answer
            .releases
            .dedup_by(|right, left| left.version == right.version);
        Ok(answer)
    }

    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration> {
        Box::new(PackagistConfig::of(&Sources::of_machine(project)))
    }
}

/// The text of a value, with the quotes of one that has such.
fn raw<'d>(text: &'d str, value: Value<'_>) -> &'d str {
    let span = value.span();
    let (start, end) = (span.start as usize, span.end as usize);
    match value.kind() {
        Kind::PlainString | Kind::JsonString => text.get(start.saturating_sub(1)..end.saturating_add(1)),
        _ => text.get(start..end),
    }
    .unwrap_or_default()
}

/// A version of the package `name`; `None` for a branch.
fn release(
    name: &str,
    fields: &[(Cow<'_, str>, &str)],
    notify: Option<&str>,
) -> Result<Option<Release>, String> {
    let field = |key: &str| {
        let mut fields = fields.iter();
        fields.find(|(known, _)| known == key).map(|(_, raw)| *raw)
    };
    let text = |key: &str| field(key).and_then(|raw| serde_json::from_str::<String>(raw).ok());
    let version = text("version").ok_or("it does not say which it is")?;
    if !text("name").is_some_and(|own| own.eq_ignore_ascii_case(name)) {
        return Err(format!(
            "it calls itself {}",
            quoted(&text("name").unwrap_or_default())
        ));
    }
    match stability(&version) {
        Some(Stability::Dev) => return Ok(None),
        Some(_) => {}
        None => return Err(format!("{} is no version of Composer", quoted(&version))),
    }
    let require: BTreeMap<String, serde_json::Value> = match field("require") {
        None | Some("[]" | "null") => BTreeMap::new(),
        Some(raw) => serde_json::from_str(raw).map_err(|_| "what it requires is no object".to_owned())?,
    };
    let mut release = Release {
        version: version.as_str().into(),
        published: text("time").and_then(|time| time.parse().ok()),
        ..Release::default()
    };
    for (key, range) in require {
        let serde_json::Value::String(range) = range else {
            continue;
        };
        match key.contains('/') {
            true => release.dependencies.push(Requirement {
                name: normalise(&Ecosystem::PACKAGIST, &key).as_ref().into(),
                package: None,
                range: range.as_str().into(),
                kind: RequirementKind::Runtime,
            }),
            false => {
                let key = key.to_ascii_lowercase();
                release
                    .toolchain
                    .push((key.as_str().into(), range.as_str().into()));
            }
        }
    }
    let notify = notify
        .filter(|_| field("notification-url").is_none())
        .map(|notify| serde_json::to_string(notify).unwrap_or_default());
    let notify = notify
        .as_deref()
        .map(|notify| (Cow::Borrowed("notification-url"), notify));
    let all = fields.iter().map(|(key, raw)| (key.clone(), *raw)).chain(notify);
    let all: Vec<String> = all
        .map(|(key, raw)| format!("{}:{raw}", serde_json::to_string(&key).unwrap_or_default()))
        .collect();
    release.document = format!("{{{}}}", all.join(",")).into();
    Ok(Some(release))
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    format!("{short:?}")
}
