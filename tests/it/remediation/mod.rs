//! What to upgrade to: one answer, which every report prints.

mod ranges;
mod steps;

use lockkeeper::ecosystem;
use lockkeeper::matching::Locked;
use lockkeeper::matching::upgrade::upgrade;
use lockkeeper::model::Ecosystem;
use serde_json::{Value, json};

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

type Case<'c> = (&'c str, &'c [&'c str], &'c str, Option<&'c str>, usize);

/// Ecosystem, ranges of its advisories (`introduced..fixed`, several with commas), locked version, target, advisories left.
const TARGETS: &[Case<'_>] = &[
    ("npm", &["0..1.2.0"], "1.0.0", Some("1.2.0"), 0),
    // The first fix has a vulnerability of its own.
    ("npm", &["0..1.2.0", "1.1.0..1.3.0"], "1.0.0", Some("1.3.0"), 0),
    (
        "npm",
        &["0..1.2.0", "1.2.0..1.2.5,1.3.0..1.4.0"],
        "1.0.0",
        Some("1.2.5"),
        0,
    ),
    // The same major comes first, however low another fix is.
    (
        "npm",
        &["0..0.9.9,1.0.0..1.8.0,2.0.0..2.0.1"],
        "1.0.0",
        Some("1.8.0"),
        0,
    ),
    ("npm", &["0..2.0.1"], "1.0.0", Some("2.0.1"), 0),
    // Never an earlier version, nor a pre-release unless one is locked.
    (
        "npm",
        &["0..0.5.0,1.0.0..2.0.0-rc.1", "1.0.0..2.0.0"],
        "1.0.0",
        Some("2.0.0"),
        0,
    ),
    ("npm", &["0..2.0.0-rc.1"], "1.0.0", None, 0),
    ("npm", &["0..2.0.0-rc.1"], "1.0.0-beta.1", Some("2.0.0-rc.1"), 0),
    // One advisory has no fix: what ends the others is better than nothing.
    ("npm", &["0..1.2.0", "0.."], "1.0.0", Some("1.2.0"), 1),
    ("npm", &["0.."], "1.0.0", None, 0),
    (
        "crates.io",
        &["0..1.2.0", "1.2.0..1.2.1"],
        "1.0.0",
        Some("1.2.1"),
        0,
    ),
    // Go writes a `v` that advisories leave out.
    ("Go", &["0..1.2.0"], "v1.0.0", Some("v1.2.0"), 0),
    ("PyPI", &["0..2.0rc1", "0..2.0.1"], "1.0", Some("2.0.1"), 0),
    ("PyPI", &["0..2.0.dev3"], "1.0", None, 0),
    (
        "Maven",
        &["0..2.15.0", "2.13.0..2.16.0", "2.4..2.17.0"],
        "2.14.1",
        Some("2.17.0"),
        0,
    ),
    ("Maven", &["0..3.0-M1", "0..3.0"], "2.0", Some("3.0"), 0),
    ("Maven", &["0..3.0-SNAPSHOT"], "2.0", None, 0),
];

fn records(ecosystem: &str, ranges: &[&str]) -> Vec<Value> {
    let one = |(number, range): (usize, &&str)| {
        let events: Vec<Value> = range
            .split(',')
            .flat_map(|part| {
                let (introduced, fixed) = part.split_once("..").expect("a range");
                let mut events = vec![json!({"introduced": introduced})];
                events.extend((!fixed.is_empty()).then(|| json!({"fixed": fixed})));
                events
            })
            .collect();
        let mut record = record(&format!("GHSA-{number}"), ecosystem, &name(ecosystem), "0", None);
        record["affected"][0]["ranges"][0]["events"] = json!(events);
        record
    };
    ranges.iter().enumerate().map(one).collect()
}

fn name(ecosystem: &str) -> String {
    match ecosystem {
        "Maven" => "org.example:left".into(),
        "Go" => "example.org/left".into(),
        _ => "left".into(),
    }
}

#[test]
fn the_target_is_the_lowest_version_that_nothing_affects() {
    for (ecosystem, ranges, locked, target, left) in TARGETS {
        let sandbox = Sandbox::new();
        let path = sandbox.index("index.lkdb", &records(ecosystem, ranges), NOW);
        let index = lockkeeper::database::open(std::path::Path::new(&path)).expect("an index");
        let ecosystem = Ecosystem::named(ecosystem);
        let package = index
            .candidates(&ecosystem, &name(ecosystem.as_str()))
            .expect("candidates");
        let found = upgrade(
            &Locked::of(
                locked,
                ecosystem::scheme(&ecosystem),
                package.ecosystem(),
                package.name(),
            ),
            &package,
        );
        let spelled = found
            .as_ref()
            .map(|found| ecosystem::spelled_like(&ecosystem, locked, found.version));
        assert_eq!(spelled.as_deref(), *target, "{ecosystem} {ranges:?} {locked}");
        assert_eq!(
            found.map_or(0, |found| found.leaves.len()),
            *left,
            "{ecosystem} {ranges:?} {locked}"
        );
    }
}

/// The same tree, asked in every way: no report names another version to upgrade to.
#[test]
fn every_report_names_the_same_version() {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &records(
            "crates.io",
            &["0..1.2.0", "1.1.0..1.3.0,1.4.0..1.5.0", "0..1.2.7"],
        ),
        NOW,
    );
    sandbox.write("Cargo.lock", cargo_lock(&[("left", "1.0.0")]));
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "first"]);
    let common = ["--db", &index, "--now", NOW];
    for (command, format) in [
        (&["scan"][..], "terminal"),
        (&["scan"], "markdown"),
        (&["scan"], "html"),
        (&["scan"], "sarif"),
        (&["gate", "--release", "main"], "terminal"),
        (&["gate", "--release", "main"], "markdown"),
        (&["gate", "--release", "main"], "json"),
        (&["status"], "terminal"),
        (&["status"], "markdown"),
        (&["status"], "html"),
        (&["explain", "GHSA-0"], "terminal"),
        (&["explain", "GHSA-0"], "json"),
        (&["explain", "pkg:cargo/left"], "terminal"),
    ] {
        let mut arguments = command.to_vec();
        arguments.extend(common);
        arguments.extend(["--format", format]);
        let ran = sandbox.run(&arguments);
        assert!(matches!(ran.code, 0 | 1), "{arguments:?}: {}", ran.err);
        let said: Vec<&str> = targets(&ran.out);
        assert!(!said.is_empty(), "{arguments:?}: {}", ran.out);
        assert!(
            said.iter().all(|version| *version == "1.3.0"),
            "{arguments:?}: {said:?} in {}",
            ran.out
        );
    }
}

/// The versions that stand behind an arrow or behind words that ask for an upgrade.
fn targets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for front in ["→ ", "upgrade to ", "Upgrade to ", "Upgrade left from 1.0.0 to "] {
        for (at, _) in text.match_indices(front) {
            let rest = &text[at + front.len()..];
            let rest = rest.trim_start_matches(|character: char| !character.is_ascii_alphanumeric());
            let rest = rest.strip_prefix("code>").unwrap_or(rest);
            let end = rest
                .find(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '.' | '-'))
                .unwrap_or(rest.len());
            let version = rest[..end].trim_end_matches('.');
            if version.starts_with(|first: char| first.is_ascii_digit()) {
                found.push(version);
            }
        }
    }
    found
}
