//! SPDX: valid by the published schema, whose references all lead somewhere.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use lockkeeper::model::Outcome;
use lockkeeper::report::Length;
use lockkeeper::text::escape::is_hidden;
use serde_json::Value;

use super::bill;
use crate::support::outcomes;

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = include_str!("../../schemas/spdx-2.3.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema")
});

fn checked(name: &str, text: &str) -> Value {
    assert!(!text.replace('\n', "").contains(is_hidden), "{name}");
    let document: Value = serde_json::from_str(text).expect("JSON");
    let wrong: Vec<String> = SCHEMA
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:?}");
    let mut ids = BTreeSet::from(["SPDXRef-DOCUMENT".to_owned(), "NOASSERTION".to_owned()]);
    for package in document["packages"].as_array().expect("a list") {
        let id = package["SPDXID"].as_str().expect("an identifier");
        let is_plain = |rest: &str| {
            rest.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        };
        assert!(id.strip_prefix("SPDXRef-").is_some_and(is_plain), "{name}: {id}");
        assert!(ids.insert(id.to_owned()), "{name}: {id} twice");
        assert!(!package["name"].as_str().expect("a name").is_empty(), "{name}");
        assert_eq!(package["filesAnalyzed"], false, "{name}");
        assert_eq!(package["licenseConcluded"], "NOASSERTION", "{name}");
    }
    let mut described = 0;
    for relationship in document["relationships"].as_array().expect("a list") {
        for end in ["spdxElementId", "relatedSpdxElement"] {
            let end = relationship[end].as_str().expect("an identifier");
            assert!(ids.contains(end), "{name}: {end}");
        }
        described += usize::from(relationship["relationshipType"] == "DESCRIBES");
    }
    assert_eq!(described, 1, "{name}");
    document
}

fn written(outcome: &Outcome) -> String {
    outcomes::written("spdx", outcome, 80, Length::Normal)
}

#[test]
fn every_outcome_is_valid() {
    for (name, outcome) in outcomes::all() {
        checked(name, &written(&outcome));
    }
}

#[test]
fn the_bill_of_every_fixture_is_valid() {
    let mut packages = 0;
    for (case, outcome) in bill::CASES.iter() {
        let document = checked(case, &written(outcome));
        packages += document["packages"].as_array().map_or(0, Vec::len);
    }
    assert!(packages > 3_000, "{packages}");
}

#[test]
fn what_is_for_development_is_related_so() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/lockfile/package_lock/sources"
    );
    let document = checked("sources", &written(&bill::outcome(Path::new(folder))));
    let namespace = document["documentNamespace"].as_str().expect("an address");
    assert!(
        namespace.starts_with("https://spdx.org/spdxdocs/lockkeeper-"),
        "{namespace}"
    );
    assert_eq!(document["creationInfo"]["created"], "2030-02-01T00:00:00Z");
    let packages = document["packages"].as_array().expect("a list");
    let places: Vec<&str> = packages
        .iter()
        .filter_map(|package| package["downloadLocation"].as_str())
        .collect();
    assert!(
        places.iter().any(|place| place.starts_with("git+ssh://")),
        "{places:?}"
    );
    assert!(places.contains(&"NOASSERTION"), "{places:?}");
}
