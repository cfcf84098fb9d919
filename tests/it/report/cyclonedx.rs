//! CycloneDX: valid by the published schema, whose references all lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use lockkeeper::model::Outcome;
use lockkeeper::report::Length;
use lockkeeper::scan::unfinished;
use lockkeeper::text::escape::is_hidden;
use serde_json::{Value, json};

use super::bill;
use crate::support::outcomes;
use crate::support::program::{Sandbox, cargo_lock, record};

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = include_str!("../../schemas/cyclonedx-1.6.json");
    let mut schema: Value = serde_json::from_str(schema).expect("JSON");
    // Licences and signatures, which have schemas of their own, are not written here.
    schema["definitions"]["license"]["properties"]["id"] = json!({"type": "string"});
    schema["definitions"]["signature"] = json!(true);
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema")
});

/// The document, after a check of it by the schema and by what the schema does not say.
pub(crate) fn checked(name: &str, text: &str) -> Value {
    assert!(!text.replace('\n', "").contains(is_hidden), "{name}");
    let document: Value = serde_json::from_str(text).expect("JSON");
    let wrong: Vec<String> = SCHEMA
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:?}");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let subject = text(&document["metadata"]["component"]["bom-ref"]);
    let mut references = BTreeSet::from([subject.clone()]);
    for component in list(&document["components"]) {
        let reference = text(&component["bom-ref"]);
        assert!(references.insert(reference.clone()), "{name}: {reference} twice");
        if let Some(purl) = component["purl"].as_str() {
            assert_eq!(purl, reference, "{name}");
        }
        assert!(
            !list(&component["evidence"]["occurrences"]).is_empty(),
            "{name}: {reference} is nowhere"
        );
    }
    let mut sources = BTreeSet::new();
    for dependency in list(&document["dependencies"]) {
        let from = text(&dependency["ref"]);
        assert!(references.contains(&from), "{name}: {from}");
        assert!(sources.insert(from.clone()), "{name}: {from} twice");
        for to in list(&dependency["dependsOn"]) {
            assert!(references.contains(&text(&to)), "{name}: {to}");
            assert_ne!(text(&to), from, "{name}");
        }
    }
    for composition in list(&document["compositions"]) {
        for part in [&composition["assemblies"], &composition["dependencies"]] {
            assert!(
                list(part).iter().all(|part| references.contains(&text(part))),
                "{name}"
            );
        }
    }
    document
}

fn written(outcome: &Outcome) -> String {
    outcomes::written("cyclonedx", outcome, 80, Length::Normal)
}

fn fixture(case: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lockfile");
    checked(case, &written(&bill::outcome(&Path::new(folder).join(case))))
}

fn component<'d>(document: &'d Value, name: &str) -> &'d Value {
    let components = document["components"].as_array().expect("a list");
    let component = components.iter().find(|component| component["name"] == name);
    component.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn every_outcome_is_valid() {
    for (name, outcome) in outcomes::all() {
        let document = checked(name, &written(&outcome));
        let aggregate = &document["compositions"][0]["aggregate"];
        assert_ne!(aggregate, "complete", "{name}: nothing was listed");
    }
}

#[test]
fn the_bill_of_every_fixture_is_valid() {
    let mut components = 0;
    for (case, outcome) in bill::CASES.iter() {
        let document = checked(case, &written(outcome));
        components += document["components"].as_array().map_or(0, Vec::len);
    }
    assert!(components > 3_000, "{components}");
}

/// The same input gives the same bytes, and another time another name.
#[test]
fn a_document_is_named_by_what_it_says() {
    let mut outcome = outcomes::blocked();
    let first = checked("first", &written(&outcome));
    assert_eq!(written(&outcome), written(&outcome));
    assert_eq!(first["metadata"]["timestamp"], "2030-02-01T00:00:00Z");
    let name = first["serialNumber"].as_str().expect("a name").to_owned();
    assert_eq!(name.as_bytes()[9 + 14], b'8', "{name}");
    outcome.now = "2030-02-01T00:00:01.5Z".parse().expect("a time");
    let second = checked("second", &written(&outcome));
    assert_ne!(second["serialNumber"], name);
    assert_eq!(second["metadata"]["timestamp"], "2030-02-01T00:00:01Z");
}

#[test]
fn components_have_digests_scopes_and_places() {
    let document = fixture("package_lock/npm-workspaces-3");
    let components = document["components"].as_array().expect("a list");
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for component in components {
        *kinds.entry(component["type"].to_string()).or_default() += 1;
        if component["type"] == "library" {
            assert!(
                component["evidence"]["occurrences"][0]["line"].is_u64(),
                "{component}"
            );
        }
    }
    assert!(kinds["\"application\""] >= 1, "{kinds:?}");
    assert_eq!(document["compositions"][0]["aggregate"], "complete");
    let hashes = components.iter().filter(|component| {
        component["hashes"][0]["alg"] == "SHA-512"
            && component["hashes"][0]["content"].as_str().map(str::len) == Some(128)
    });
    assert!(hashes.count() >= 1, "{document:#}");
}

#[test]
fn what_is_not_from_the_registry_says_so_in_its_package_url() {
    let document = fixture("package_lock/sources");
    let components = document["components"].as_array().expect("a list");
    let purls: Vec<&str> = components.iter().filter_map(|one| one["purl"].as_str()).collect();
    assert!(
        purls.iter().any(|purl| purl.contains("?vcs_url=git")),
        "{purls:?}"
    );
    assert!(
        purls.iter().any(|purl| purl.contains("?download_url=https:")),
        "{purls:?}"
    );
    let nameless = components.iter().filter(|one| one["purl"].is_null());
    let nameless: Vec<&Value> = nameless.filter(|one| one["type"] == "library").collect();
    assert!(
        nameless
            .iter()
            .any(|one| one["properties"][0]["name"] == "lockkeeper:source"
                && one["properties"][0]["value"]
                    .as_str()
                    .is_some_and(|value| value.starts_with("path:"))),
        "{nameless:?}"
    );
}

#[test]
fn digests_are_those_of_what_a_registry_serves() {
    let document = fixture("uv_lock/groups");
    let references = |name: &str| component(&document, name)["externalReferences"].clone();
    let components = document["components"].as_array().expect("a list");
    let with_files = components.iter().find(|one| one["externalReferences"].is_array());
    let with_files = with_files.expect("a package with files");
    assert!(with_files["hashes"].is_null(), "{with_files}");
    let name = with_files["name"].as_str().expect("a name");
    assert_eq!(references(name)[0]["hashes"][0]["alg"], "SHA-256");
}

/// What was accepted is exploitable all the same, and a list that was not asked for is not there.
#[test]
fn findings_are_listed_where_they_are_asked_for() {
    const NOW: &str = "2026-02-01T00:00:00Z";
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1")),
        record("GHSA-old", "crates.io", "old", "0", None),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("bad", "1.0.0"), ("good", "1.0.0"), ("old", "2.0.0")]),
    );
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: GHSA-old, reason: only trusted input, expires: 2026-12-31}\n",
    );
    let scan = |further: &[&str]| {
        let line = ["scan", "--db", &index, "--now", NOW];
        let line: Vec<&str> = line.iter().chain(further).copied().collect();
        sandbox.run(&line)
    };
    let plain = checked("plain", &scan(&["--format", "cyclonedx"]).out);
    assert!(plain["vulnerabilities"].is_null());
    assert!(plain["components"].as_array().is_some_and(|list| list.len() >= 3));
    let ran = scan(&["--format", "cyclonedx", "--vex"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let document = checked("vex", &ran.out);
    let found = document["vulnerabilities"].as_array().expect("a list");
    assert_eq!(found.len(), 2, "{found:?}");
    let (bad, old) = (&found[0], &found[1]);
    assert_eq!(bad["id"], "GHSA-bad");
    assert_eq!(bad["analysis"]["state"], "exploitable");
    assert_eq!(bad["analysis"]["response"], json!(["update"]));
    assert_eq!(bad["affects"][0]["ref"], "pkg:cargo/bad@1.0.0");
    assert_eq!(old["analysis"]["state"], "exploitable");
    assert_eq!(old["analysis"]["response"], json!(["will_not_fix"]));
    let detail = old["analysis"]["detail"].as_str().expect("a text");
    assert!(
        detail.contains("until 2026-12-31") && detail.contains("only trusted input"),
        "{detail}"
    );
    let spdx = scan(&["--format", "spdx", "--vex"]).out;
    assert!(spdx.contains("\"referenceCategory\": \"SECURITY\""), "{spdx}");
    assert!(spdx.contains("accepted by the policy until 2026-12-31"), "{spdx}");
    // A file in the tree is no lockfile of the run that writes it, and one of the next.
    for _ in 0..2 {
        let ran = scan(&["--output", "sbom.cdx.json", "--output", "report.json"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let report = std::fs::read_to_string(sandbox.work().join("report.json")).expect("a report");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        let files = report["targets"][0]["files"].as_array().map(Vec::len);
        assert_eq!(files, Some(1), "{report:#}");
    }
    // The bill gives what the lockfile gave.
    let ids = |path: &str| -> Vec<String> {
        let ran = scan(&[path, "--format", "json"]);
        let report: Value = serde_json::from_str(&ran.out).expect("JSON");
        let findings = report["targets"][0]["findings"]
            .as_array()
            .expect("a list")
            .clone();
        let ids = findings
            .iter()
            .map(|one| format!("{} {}", one["id"], one["package"]["purl"]));
        ids.collect()
    };
    assert_eq!(ids("sbom.cdx.json").len(), 2);
    assert_eq!(ids("sbom.cdx.json"), ids("Cargo.lock"));
}

/// What a killed run leaves.
#[test]
fn a_run_that_did_not_reach_its_end_lists_nothing_and_says_so() {
    let outcome = unfinished::unfinished("2026-02-01T00:00:00Z".parse().expect("a time"));
    let document = checked("unfinished", &written(&outcome));
    assert_eq!(document["components"], json!([]));
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    let text = document["annotations"][0]["text"].as_str().expect("a text");
    assert!(text.contains("the run did not reach its end"), "{text}");
}
