//! An advisory of the repository itself as a record of the OSV schema, version 1.7 (<https://ossf.github.io/osv-schema/>), with
//! the affected versions that its tags show.

use std::io;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::advisory::own::{OwnAdvisory, OwnCommits, OwnPackage};
use crate::advisory::tag_ranges::Event;
use crate::model::Ecosystem;
use crate::text::escape;

/// The version of the schema that is written.
const SCHEMA_VERSION: &str = "1.7.0";

/// Ecosystems whose versions are those of SemVer 2.0.0.
const SEMVER: [Ecosystem; 3] = [Ecosystem::CRATES_IO, Ecosystem::GO, Ecosystem::NPM];

/// Writes the record. All fields of the one that was given stay, but for what is affected and when it was changed.
///
/// # Errors
/// Only those of `out`.
pub fn write(own: &OwnAdvisory, now: Timestamp, out: &mut dyn io::Write) -> io::Result<()> {
    let mut document = own.document.clone();
    document.retain(|_, value| !is_empty(value));
    document
        .entry("schema_version")
        .or_insert_with(|| SCHEMA_VERSION.into());
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    document.insert("modified".into(), now.to_string().into());
    let git = git(&own.commits);
    let affected: Vec<Value> = match own.packages.as_slice() {
        [] => git.into_iter().map(|range| json!({"ranges": [range]})).collect(),
        packages => packages
            .iter()
            .map(|package| affected(package, git.as_ref()))
            .collect(),
    };
    document.insert("affected".into(), affected.into());
    let text = serde_json::to_string_pretty(&document)?;
    out.write_all(escape::json(&text).as_bytes())?;
    out.write_all(b"\n")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn affected(package: &OwnPackage, git: Option<&Value>) -> Value {
    let mut affected = Map::new();
    affected.insert(
        "package".into(),
        json!({"ecosystem": package.ecosystem.as_str(), "name": package.name}),
    );
    let kind = match SEMVER.contains(&package.ecosystem) {
        true => "SEMVER",
        false => "ECOSYSTEM",
    };
    let events: Vec<Value> = package
        .events
        .iter()
        .map(|event| match event {
            Event::Introduced(version) => json!({"introduced": version}),
            Event::Fixed(version) => json!({"fixed": version}),
        })
        .collect();
    let versions = (!events.is_empty()).then(|| json!({"type": kind, "events": events}));
    let ranges: Vec<Value> = versions.into_iter().chain(git.cloned()).collect();
    if !ranges.is_empty() {
        affected.insert("ranges".into(), ranges.into());
    }
    if !package.affected.is_empty() {
        affected.insert("versions".into(), package.affected.clone().into());
    }
    affected.into()
}

/// The commits as a range of type GIT, which needs an address.
fn git(commits: &OwnCommits) -> Option<Value> {
    let repository = commits.repository.as_ref()?;
    let introduced: Vec<&str> = match commits.introduced.as_slice() {
        [] => vec!["0"],
        introduced => introduced.iter().map(String::as_str).collect(),
    };
    let introduced = introduced.into_iter().map(|commit| json!({"introduced": commit}));
    let fixed = commits.fixed.iter().map(|commit| json!({"fixed": commit}));
    let events: Vec<Value> = introduced.chain(fixed).collect();
    Some(json!({"type": "GIT", "repo": repository, "events": events}))
}
