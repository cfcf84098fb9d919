//! OpenVEX: valid by the published schema, and the findings of the JSON report.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use lockkeeper::report::Length;
use lockkeeper::text::escape::is_hidden;
use serde_json::{Value, json};

use crate::support::outcomes;
use crate::support::program::{Sandbox, cargo_lock, record};

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = include_str!("../../schemas/openvex-0.2.0.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema")
});

/// The document, after a check of it by the schema, but for the one statement at least that it wants.
fn checked(name: &str, text: &str) -> Value {
    assert!(!text.replace('\n', "").contains(is_hidden), "{name}");
    let document: Value = serde_json::from_str(text).expect("JSON");
    let is_empty = document["statements"].as_array().is_some_and(Vec::is_empty);
    let wrong: Vec<String> = SCHEMA
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .filter(|error| !(is_empty && error.starts_with("/statements: ")))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:?}");
    document
}

#[test]
fn every_outcome_is_valid() {
    let mut statements = 0;
    for (name, outcome) in outcomes::all() {
        let text = outcomes::written("openvex", &outcome, 80, Length::Normal);
        assert_eq!(text, outcomes::written("openvex", &outcome, 80, Length::Normal));
        let document = checked(name, &text);
        statements += document["statements"].as_array().map_or(0, Vec::len);
    }
    assert!(statements > 5, "{statements}");
}

#[test]
fn a_statement_says_what_to_do() {
    const NOW: &str = "2026-02-01T00:00:00Z";
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1")),
        record("GHSA-old", "crates.io", "old", "0", None),
        record("GHSA-lost", "crates.io", "lost", "0", None),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[
            ("bad", "1.0.0"),
            ("good", "1.0.0"),
            ("lost", "1.0.0"),
            ("old", "2.0.0"),
        ]),
    );
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: GHSA-old, reason: only trusted input, expires: 2026-12-31}\n",
    );
    let scan = |format: &str| {
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", format]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        ran.out
    };
    let document = checked("scan", &scan("openvex"));
    assert_eq!(document["timestamp"], NOW);
    let statements = document["statements"].as_array().expect("a list");
    let said = |id: &str| {
        let statement = statements.iter().find(|one| one["vulnerability"]["name"] == id);
        statement.unwrap_or_else(|| panic!("nothing of {id}")).clone()
    };
    let bad = said("GHSA-bad");
    assert_eq!(bad["status"], "affected");
    assert_eq!(bad["action_statement"], "Upgrade to 1.0.1.");
    assert_eq!(
        bad["products"],
        json!([{"@id": "pkg:cargo/bad@1.0.0", "identifiers": {"purl": "pkg:cargo/bad@1.0.0"}}])
    );
    assert_eq!(
        said("GHSA-lost")["action_statement"],
        "No fixed version is known: remove or replace it."
    );
    let accepted = said("GHSA-old")["action_statement"].clone();
    assert_eq!(
        accepted,
        "Accepted by the policy: until 2026-12-31: only trusted input."
    );
    let report: Value = serde_json::from_str(&scan("json")).expect("JSON");
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let ids: BTreeSet<&str> = findings.iter().filter_map(|one| one["id"].as_str()).collect();
    let named: BTreeSet<&str> = statements
        .iter()
        .filter_map(|one| one["vulnerability"]["name"].as_str())
        .collect();
    assert_eq!(named, ids);
}
