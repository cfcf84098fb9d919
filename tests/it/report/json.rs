//! The JSON documents, read by an independent reader and held against the contract key by key.

use lockkeeper::model::Failure;
use lockkeeper::report::{Length, json};
use lockkeeper::text::Position;
use lockkeeper::text::escape::is_hidden;
use serde_json::Value;

use crate::support::outcomes;

#[test]
fn every_key_of_the_contract_is_there_in_its_order_and_type() {
    for (name, outcome) in outcomes::all() {
        let text = outcomes::written("json", &outcome, 80, Length::Normal);
        let document: Value = serde_json::from_str(&text).expect(name);
        keys(
            &document,
            "schema:s tool:o counts:o upgrades:a database:o policy:o verdict:s exit_code:n coverage:o targets:a",
        );
        assert_eq!(document["schema"], "lockkeeper.scan/1");
        keys(&document["tool"], "name:s version:s");
        let counts = &document["counts"];
        keys(
            counts,
            "findings:n packages:n advisories:n by_severity:o by_decision:o checked:n unchecked:n blocking:o",
        );
        keys(
            &counts["blocking"],
            "advisories:n by_severity:o packages:n upgrades:n removals:n fixed:n",
        );
        list(&document["upgrades"]).iter().for_each(upgrade);
        keys(&counts["by_severity"], "critical:n high:n medium:n low:n none:n");
        keys(&counts["by_decision"], "fail:n warn:n note:n");
        keys(&document["database"], "digest:s? built:s? sources:a records:n");
        for source in list(&document["database"]["sources"]) {
            keys(source, "name:s records:n newest:s?");
        }
        keys(&document["policy"], "digest:s file:s?");
        assert_eq!(document["verdict"], outcome.verdict.as_str());
        assert_eq!(document["exit_code"], outcome.exit_code.number());
        coverage(&document["coverage"]);
        for target in list(&document["targets"]) {
            keys(
                target,
                "root:s ref:s? commit:s? dirty:b verdict:s coverage:o files:a findings:a",
            );
            coverage(&target["coverage"]);
            for file in list(&target["files"]) {
                keys(file, "path:s format:s packages:n state:s");
            }
            list(&target["findings"]).iter().for_each(finding);
        }
        // The order of keys is the contract's: an object read from text keeps none, so the text is asked.
        let order = [
            "schema",
            "tool",
            "counts",
            "upgrades",
            "database",
            "policy",
            "verdict",
            "exit_code",
            "coverage",
            "targets",
        ];
        let places: Vec<usize> = order
            .iter()
            .map(|key| text.find(&format!("\n  \"{key}\":")).expect("a key at the top"))
            .collect();
        assert!(places.is_sorted(), "{name}");
        assert!(text.ends_with("\n}\n"), "{name}");
        assert!(
            !text.contains(|character| character != '\n' && is_hidden(character)),
            "{name}"
        );
    }
}

fn upgrade(upgrade: &Value) {
    keys(
        upgrade,
        "package:o from:s to:s level:s? direct:b through:a scopes:a decision:s fixes:a files:a command:s? by_hand:s?",
    );
    for file in list(&upgrade["files"]) {
        keys(file, "file:s line:n");
    }
}

#[test]
fn an_upgrade_names_what_it_fixes_who_brings_it_and_its_command() {
    let document = read(&outcomes::written(
        "json",
        &outcomes::blocked(),
        80,
        Length::Normal,
    ));
    let upgrades = list(&document["upgrades"]);
    assert_eq!(
        upgrades[0],
        serde_json::json!({
            "package": {"ecosystem": "crates.io", "name": "examplelib", "version": "0.10.30",
                "purl": "pkg:cargo/examplelib@0.10.30"},
            "from": "0.10.30",
            "to": "0.10.81",
            "level": "patch",
            "direct": false,
            "through": ["client"],
            "scopes": ["runtime"],
            "decision": "fail",
            "fixes": ["RUSTSEC-2030-0001", "RUSTSEC-2030-0002", "RUSTSEC-2030-0003", "RUSTSEC-2030-0004"],
            "files": [{"file": "Cargo.lock", "line": 1204}],
            "by_hand": null,
            "command": "cargo update -p examplelib@0.10.30 --precise 0.10.81"
        })
    );
    let failing = upgrades
        .iter()
        .filter(|upgrade| upgrade["decision"] == "fail")
        .count();
    assert_eq!(document["counts"]["blocking"]["upgrades"], failing);
}

#[test]
fn values_are_those_of_the_outcome() {
    let document = read(&outcomes::written(
        "json",
        &outcomes::blocked(),
        80,
        Length::Normal,
    ));
    let target = &document["targets"][0];
    assert_eq!(target["ref"], "refs/heads/main");
    let first = &target["findings"][0];
    assert_eq!(first["id"], "RUSTSEC-2030-0001");
    assert_eq!(
        first["aliases"],
        serde_json::json!(["CVE-2030-10001", "GHSA-aaaa-bbbb-cccc"])
    );
    assert_eq!(
        first["paths"],
        serde_json::json!([["app", "client@0.11.4", "tls-glue@0.2.8", "examplelib@0.10.30"]])
    );
    assert_eq!(first["severity"]["score"], 9.1);
    assert_eq!(first["published"], "2030-01-02T03:04:05Z");
    assert_eq!(first["change"], Value::Null);
    let malicious = &target["findings"][4];
    assert_eq!(malicious["class"], "malicious");
    assert_eq!(malicious["severity"]["score"], Value::Null);
    assert_eq!(malicious["severity"]["source"], "assumed");
    assert_eq!(
        malicious["paths"],
        serde_json::json!([["(root)", "left-pod@1.3.1"]])
    );
    let unfixed = &target["findings"][5];
    assert_eq!(unfixed["line"], 2190);
    assert_eq!(
        unfixed["places"],
        serde_json::json!([{"line": 2190, "column": 12}, {"line": 2210, "column": 12}])
    );
    assert_eq!(document["coverage"]["complete"], true);

    let document = read(&outcomes::written(
        "json",
        &outcomes::compared(),
        80,
        Length::Normal,
    ));
    let findings = list(&document["targets"][0]["findings"]);
    let changes: Vec<&Value> = findings.iter().map(|finding| &finding["change"]).collect();
    assert_eq!(
        serde_json::json!(changes),
        serde_json::json!([
            "introduced",
            "introduced",
            "published_since",
            "moved",
            "pre_existing",
            "pre_existing",
            "pre_existing",
            "introduced"
        ])
    );
    assert_eq!(findings[1]["fails_from"], "2030-03-01");
    assert_eq!(
        findings[6]["exception"],
        serde_json::json!({
            "reason": "the parser only reads trusted input", "owner": "@acme/security", "expires": "2030-12-31"
        })
    );
    assert_eq!(findings[7]["exception"]["owner"], Value::Null);

    let document = read(&outcomes::written(
        "json",
        &outcomes::incomplete(),
        80,
        Length::Normal,
    ));
    assert_eq!(document["coverage"]["complete"], false);
    assert_eq!(document["coverage"]["blind"][0]["reason"], "string is not closed");
    assert_eq!(
        document["coverage"]["problems"][0]["message"],
        "string is not closed"
    );

    let document = read(&outcomes::written(
        "json",
        &outcomes::missing_index(),
        80,
        Length::Normal,
    ));
    assert_eq!(
        document["coverage"]["index"],
        serde_json::json!({"state": "missing", "age_days": null})
    );
    assert_eq!(document["database"]["digest"], Value::Null);
}

#[test]
fn hostile_text_survives_unchanged_behind_its_escapes() {
    let document = read(&outcomes::written(
        "json",
        &outcomes::hostile(),
        80,
        Length::Normal,
    ));
    for (number, text) in outcomes::HOSTILE.iter().enumerate() {
        assert_eq!(
            document["targets"][0]["findings"][number * 2]["package"]["name"],
            *text
        );
    }
}

#[test]
fn sixty_thousand_findings_are_written() {
    let outcome = outcomes::huge(60_000);
    let text = outcomes::written("json", &outcome, 80, Length::Normal);
    assert_eq!(list(&read(&text)["targets"][0]["findings"]).len(), 60_000);
}

#[test]
fn the_inventory_has_every_key() {
    let inventory = outcomes::inventory();
    let mut bytes = Vec::new();
    json::packages(&inventory, &mut bytes).expect("a Vec takes everything");
    let document = read(&String::from_utf8(bytes).expect("UTF-8"));
    keys(&document, "schema:s files:a");
    assert_eq!(document["schema"], "lockkeeper.packages/1");
    let file = &document["files"][0];
    keys(file, "path:s format:s state:s packages:a problems:a root:s");
    let package = &file["packages"][0];
    keys(
        package,
        "ecosystem:s name:s version:s purl:s line:n column:n direct:b scopes:a source:s used_by:a version_from:s?",
    );
    assert_eq!(package["scopes"], serde_json::json!(["runtime", "dev"]));
    problem(&file["problems"][0]);
}

#[test]
fn an_explanation_and_an_error_have_every_key() {
    let explanation = outcomes::explanation();
    let mut bytes = Vec::new();
    json::explain(&explanation, &mut bytes).expect("a Vec takes everything");
    let document = read(&String::from_utf8(bytes).expect("UTF-8"));
    keys(
        &document,
        "schema:s findings:a advisory:o blind:a decisions:a would_change:a",
    );
    finding(&document["findings"][0]);
    keys(&document["decisions"][0], "rule:s matched:b why:s");
    assert_eq!(
        document["advisory"]["references"][0]["url"],
        "https://advisories.example/1"
    );

    let failed = Failure::usage("unknown key `rule`", "Write `rules`.")
        .at(
            outcomes::tree_path("lockkeeper.yml"),
            Position { line: 2, column: 1 },
        )
        .with_others(vec![Failure::usage("no reason", "Give one.")]);
    let mut bytes = Vec::new();
    json::error(&failed, &mut bytes).expect("a Vec takes everything");
    let document = read(&String::from_utf8(bytes).expect("UTF-8"));
    keys(&document, "schema:s code:n message:s place:o hint:s others:a");
    keys(&document["others"][0], "message:s place:o? hint:s");
    keys(&document["place"], "file:s line:n column:n");
    assert_eq!(document["code"], 2);
}

fn coverage(value: &Value) {
    keys(
        value,
        "complete:b index:o files_read:n packages:n blind:a partial:a problems:a skipped:a",
    );
    keys(&value["index"], "state:s age_days:n?");
    for gap in list(&value["blind"]).iter().chain(list(&value["partial"])) {
        keys(gap, "file:s line:n column:n reason:s hint:s");
    }
    list(&value["problems"]).iter().for_each(problem);
    for skipped in list(&value["skipped"]) {
        keys(skipped, "path:s reason:s");
    }
}

fn problem(value: &Value) {
    keys(value, "file:s line:n column:n message:s hint:s");
}

fn finding(value: &Value) {
    keys(
        value,
        "id:s aliases:a summary:s package:o file:s line:n column:n places:a class:s severity:o fixed:a paths:a \
         paths_total:n state:s reason:s rule:s known_exploited:b epss:n? published:s? change:s? decision:s \
         fails_from:s? direct:b scopes:a exception:o?",
    );
    assert_eq!(value["exception"].is_object(), value["state"] == "excepted");
    if value["exception"].is_object() {
        keys(&value["exception"], "reason:s owner:s? expires:s");
    }
    keys(&value["package"], "ecosystem:s name:s version:s purl:s");
    keys(&value["severity"], "level:s score:n? vector:s? source:s");
    assert!(!list(&value["places"]).is_empty());
    for place in list(&value["places"]) {
        keys(place, "line:n column:n");
    }
    for path in list(&value["paths"]) {
        assert!(list(path).iter().all(Value::is_string));
    }
}

/// `value` is an object with exactly these keys: `name:type`, where the type is `s`, `n`, `b`, `o` or `a`
/// and `?` allows null.
fn keys(value: &Value, expected: &str) {
    let object = value.as_object().expect("an object");
    let mut names = Vec::new();
    for field in expected.split_whitespace() {
        let (name, kind) = field.split_once(':').expect("name:type");
        let held = object
            .get(name)
            .unwrap_or_else(|| panic!("no `{name}` in {value}"));
        let fits = match kind.trim_end_matches('?') {
            "s" => held.is_string(),
            "n" => held.is_number(),
            "b" => held.is_boolean(),
            "o" => held.is_object(),
            _ => held.is_array(),
        };
        assert!(
            fits || kind.ends_with('?') && held.is_null(),
            "`{name}` is {held}"
        );
        names.push(name);
    }
    names.sort_unstable();
    let mut held: Vec<&str> = object.keys().map(String::as_str).collect();
    held.sort_unstable();
    assert_eq!(held, names);
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}
