//! SARIF: valid by the committee's schema, and within what GitHub takes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use lockkeeper::model::{Advisory, Class, Decision, Outcome};
use lockkeeper::report::Length;
use lockkeeper::text::Position;
use lockkeeper::text::escape::is_hidden;
use serde_json::Value;

use crate::support::outcomes;

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    // The committee's pattern for a language has a stray bracket, which strict engines refuse.
    let schema = include_str!("../../schemas/sarif-2.1.0.json").replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema")
});

#[test]
fn every_outcome_is_valid_and_within_the_limits() {
    for (name, outcome) in outcomes::all() {
        let text = outcomes::written("sarif", &outcome, 80, Length::Normal);
        assert!(!text.trim_end().contains(is_hidden), "{name}");
        let log = checked(name, &text);
        let run = &log["runs"][0];
        assert_eq!(log["runs"].as_array().map(Vec::len), Some(1), "{name}");
        assert_eq!(run["columnKind"], "unicodeCodePoints", "{name}");
        let invocation = &run["invocations"][0];
        assert_eq!(
            invocation["executionSuccessful"],
            outcome.coverage.is_complete(),
            "{name}"
        );
        assert_eq!(invocation["exitCode"], outcome.exit_code.number(), "{name}");
        let told = list(&invocation["toolExecutionNotifications"]);
        let gaps = outcome.coverage.blind.len() + outcome.coverage.partial.len();
        let of_gaps = told
            .iter()
            .filter(|told| matches!(told["descriptor"]["id"].as_str(), Some("blind" | "partial")))
            .count();
        assert_eq!(of_gaps, gaps, "{name}");
        for told in told {
            let index = told["descriptor"]["index"].as_u64().expect("an index") as usize;
            assert_eq!(
                run["tool"]["driver"]["notifications"][index]["id"],
                told["descriptor"]["id"]
            );
        }
    }
}

#[test]
fn a_clean_run_has_an_empty_list_of_results() {
    let log = read(&outcomes::clean());
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "lockkeeper/");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].is_string());
    assert_eq!(
        read(&outcomes::missing_index())["runs"][0]["results"],
        serde_json::json!([])
    );
}

#[test]
fn results_say_what_where_and_how_bad() {
    let log = read(&outcomes::blocked());
    let run = &log["runs"][0];
    let results = list(&run["results"]);
    assert_eq!(results.len(), 7);
    assert_eq!(results[0]["ruleId"], "MAL-2030-7");
    assert_eq!(results[0]["level"], "error");
    let location = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "web/package-lock.json");
    assert_eq!(
        location["region"],
        serde_json::json!({"startLine": 88, "startColumn": 12})
    );
    let levels: BTreeMap<&str, &str> = results
        .iter()
        .map(|result| (text(&result["ruleId"]), text(&result["level"])))
        .collect();
    assert_eq!(levels["RUSTSEC-2030-0001"], "error");
    assert_eq!(levels["RUSTSEC-2030-0002"], "error");
    assert_eq!(levels["RUSTSEC-2030-0003"], "error");
    assert_eq!(levels["RUSTSEC-2030-0004"], "error");
    assert_eq!(levels["RUSTSEC-2030-0100"], "warning");
    let rule = rule(run, "RUSTSEC-2030-0001");
    assert_eq!(rule["properties"]["security-severity"], "9.1");
    assert_eq!(rule["helpUri"], "https://advisories.example/1");
    let help = text(&rule["help"]["markdown"]);
    for part in [
        "0.10.48",
        "examplelib 0.10.30",
        "app 1.0.0 → client 0.11.4 → tls-glue 0.2.8 → examplelib 0.10.30",
        "  - id: RUSTSEC-2030-0001",
        "    expires: 2030-03-03",
        "    package: pkg:cargo/examplelib",
        "Names were read",
    ] {
        assert!(help.contains(part), "{part} in {help}");
    }
    assert!(!help.contains("javascript"), "{help}");
    // Its severity is assumed, and a malicious package has none that is worth a word.
    let malicious = text(&self::rule(run, "MAL-2030-7")["help"]["text"]);
    assert!(!malicious.contains("assumed"), "{malicious}");
    assert_eq!(
        self::rule(run, "MAL-2030-7")["properties"]["security-severity"],
        Value::Null
    );
    assert_eq!(
        self::rule(run, "RUSTSEC-2030-0100")["properties"]["security-severity"],
        "1.0"
    );
}

#[test]
fn one_result_for_an_advisory_a_package_and_a_file() {
    let mut outcome = outcomes::blocked();
    let first = outcome.targets[0].findings[0].clone();
    let mut second = outcomes::finding(&first.advisory, &first.name, "0.10.31", "Cargo.lock", 1300);
    second.also_at([Position {
        line: 1400,
        column: 3,
    }]);
    let elsewhere = outcomes::finding(&first.advisory, &first.name, "0.10.30", "tools/Cargo.lock", 3);
    let other = outcomes::finding(&first.advisory, "examplelib-sys", "0.10.30", "Cargo.lock", 1290);
    outcome.targets[0].findings = vec![second, first, elsewhere, other];
    let log = read(&outcome);
    let results = list(&log["runs"][0]["results"]);
    assert_eq!(results.len(), 3);
    assert_eq!(list(&log["runs"][0]["tool"]["driver"]["rules"]).len(), 1);
    let joined = results
        .iter()
        .find(|result| !result["relatedLocations"].is_null())
        .expect("a result of several places");
    assert_eq!(
        joined["locations"][0]["physicalLocation"]["region"]["startLine"],
        1204
    );
    let lines: Vec<_> = list(&joined["relatedLocations"])
        .iter()
        .map(|location| location["physicalLocation"]["region"]["startLine"].clone())
        .collect();
    assert_eq!(lines, [1300, 1400]);
    assert!(text(&joined["message"]["text"]).contains("0.10.31"));

    // A fingerprint stays when version and line change, and differs between results.
    let prints = fingerprints(&log);
    assert_eq!(prints.len(), 3);
    for finding in &mut outcome.targets[0].findings {
        *finding = outcomes::finding(
            &finding.advisory,
            &finding.name,
            "9.9.9",
            &finding.file.to_string(),
            7,
        );
    }
    assert_eq!(fingerprints(&read(&outcome)), prints);
    assert!(
        prints
            .iter()
            .all(|print| print.len() == 64 && print.bytes().all(|byte| byte.is_ascii_hexdigit()))
    );
}

#[test]
fn go_modules_in_which_the_same_holds_are_one_result() {
    let mut outcome = outcomes::blocked();
    let first = outcome.targets[0].findings[0].clone();
    let at = |file: &str, version: &str, decision| {
        let mut finding = outcomes::go_finding(&first.advisory, "stdlib", version, file);
        finding.decision = decision;
        finding
    };
    outcome.targets[0].findings = vec![
        at("cmd/go.mod", "1.26.0", Decision::Warn),
        at("go.mod", "1.26.0", Decision::Warn),
        at("tools/go.mod", "1.26.0", Decision::Warn),
        at("old/go.mod", "1.25.0", Decision::Warn),
        at("strict/go.mod", "1.26.0", Decision::Fail),
        // A workspace's file is about the whole of it.
        at("go.work", "1.26.0", Decision::Warn),
    ];
    let log = read(&outcome);
    let results = list(&log["runs"][0]["results"]);
    let uri = |location: &Value| text(&location["physicalLocation"]["artifactLocation"]["uri"]).to_owned();
    let mut files: Vec<(String, String, Vec<String>)> = results
        .iter()
        .map(|result| {
            let further = result["relatedLocations"].as_array().cloned().unwrap_or_default();
            (
                uri(&result["locations"][0]),
                text(&result["level"]).to_owned(),
                further.iter().map(uri).collect(),
            )
        })
        .collect();
    files.sort();
    let expected = [
        ("go.mod", "warning", &["cmd/go.mod", "tools/go.mod"][..]),
        ("go.work", "warning", &[]),
        ("old/go.mod", "warning", &[]),
        ("strict/go.mod", "error", &[]),
    ];
    let expected = expected.map(|(file, level, further)| {
        let further = further.iter().map(|file| (*file).to_owned()).collect();
        (file.to_owned(), level.to_owned(), further)
    });
    assert_eq!(files, expected);
    let joined = results
        .iter()
        .find(|result| uri(&result["locations"][0]) == "go.mod");
    let message = text(&joined.expect("a result")["message"]["text"]);
    assert!(message.contains("2 further go.mod files"), "{message}");
    assert_eq!(fingerprints(&log).len(), 4);
}

#[test]
fn exceptions_suppress_and_a_base_gives_every_result_a_state() {
    let log = read(&outcomes::compared());
    let results = list(&log["runs"][0]["results"]);
    assert_eq!(results.len(), 8);
    let of = |id: &str| {
        results
            .iter()
            .find(|result| result["ruleId"] == id)
            .unwrap_or_else(|| panic!("no {id}"))
    };
    for (id, state) in [
        ("RUSTSEC-2030-0301", "new"),
        ("RUSTSEC-2030-0303", "unchanged"),
        ("RUSTSEC-2030-0304", "updated"),
        ("RUSTSEC-2030-0305", "unchanged"),
        ("RUSTSEC-2030-0306", "unchanged"),
        ("RUSTSEC-2030-0307", "new"),
    ] {
        assert_eq!(of(id)["baselineState"], state, "{id}");
    }
    let suppression = &of("RUSTSEC-2030-0306")["suppressions"];
    assert_eq!(
        *suppression,
        serde_json::json!([{
            "kind": "external",
            "status": "accepted",
            "justification": "the parser only reads trusted input",
            "properties": {"expires": "2030-12-31", "owner": "@acme/security"}
        }])
    );
    assert_eq!(of("RUSTSEC-2030-0301")["suppressions"], serde_json::json!([]));
    let suppressed = results
        .iter()
        .filter(|result| !list(&result["suppressions"]).is_empty());
    assert_eq!(suppressed.count(), 2);
    assert_eq!(
        results.last().map(|last| &last["ruleId"]),
        Some(&"RUSTSEC-2030-0307".into())
    );
    let grace = of("RUSTSEC-2030-0302");
    assert!(text(&grace["message"]["text"]).contains("fails from 2030-03-01"));
    assert_eq!(grace["properties"]["failsFrom"], "2030-03-01");

    // Without a base there is no state, without an exception no list.
    let log = read(&outcomes::blocked());
    for result in list(&log["runs"][0]["results"]) {
        assert!(result.get("baselineState").is_none() && result.get("suppressions").is_none());
    }

    // One version that nobody accepted keeps the result alive, and stands for it.
    let mut outcome = outcomes::compared();
    let accepted = outcome.targets[0].findings[6].clone();
    let mut open = outcomes::finding(&accepted.advisory, &accepted.name, "1.2.4", "Cargo.lock", 900);
    open.change = accepted.change;
    outcome.targets[0].findings = vec![accepted, open];
    let log = read(&outcome);
    let result = &log["runs"][0]["results"][0];
    assert!(result.get("suppressions").is_none(), "{result}");
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"]["startLine"],
        900
    );
    assert_eq!(
        result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"],
        600
    );
}

#[test]
fn files_are_told_from_the_top_of_the_repository() {
    let log = read(&outcomes::two_targets());
    let result = &log["runs"][0]["results"][0];
    let places = [&result["locations"][0], &result["relatedLocations"][0]];
    let files = places.map(|place| text(&place["physicalLocation"]["artifactLocation"]["uri"]));
    assert_eq!(files, ["services/one/go.mod", "services/two/go.mod"]);
    let mut one = outcomes::two_targets();
    one.targets.truncate(1);
    assert_eq!(
        read(&one)["runs"][0]["automationDetails"]["id"],
        "lockkeeper/services/one/"
    );

    let mut odd = outcomes::two_targets();
    let advisory = (*odd.targets[0].findings[0].advisory).clone();
    odd.targets[0].findings = vec![outcomes::finding(&advisory, "x", "1", "a b/ä:%#?/Cargo.lock", 1)];
    odd.targets.truncate(1);
    assert_eq!(
        read(&odd)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "services/one/a%20b/%C3%A4%3A%25%23%3F/Cargo.lock"
    );
}

#[test]
fn sixty_thousand_findings_stay_within_the_limits() {
    let outcome = outcomes::huge(60_000);
    let text = outcomes::written("sarif", &outcome, 80, Length::Normal);
    let log = checked("huge", &text);
    let run = &log["runs"][0];
    let results = list(&run["results"]);
    assert_eq!(results.len(), 5_000);
    // The worst are kept: the scores of 60,000 findings are spread evenly from 0 to 9.9.
    assert!(results.iter().all(|result| result["level"] == "error"));
    let told = list(&run["invocations"][0]["toolExecutionNotifications"]);
    assert!(
        told.iter()
            .any(|told| self::text(&told["message"]["text"]).contains("55,000"))
    );
}

#[test]
fn text_that_does_not_compress_is_cut_until_it_fits() {
    let mut outcome = outcomes::huge(6_000);
    let mut state = 1_u64;
    let mut noise = |length: usize| -> String {
        (0..length)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                char::from_u32(0x4e00 + (state >> 40) as u32 % 20_000).expect("an ideograph")
            })
            .collect()
    };
    for finding in &mut outcome.targets[0].findings {
        let advisory = Advisory {
            summary: noise(1_000),
            aliases: (0..10).map(|_| noise(90)).collect(),
            class: Class::Malicious,
            ..(*finding.advisory).clone()
        };
        finding.advisory = advisory.into();
        finding.fixed = vec![noise(200)].into();
    }
    let text = outcomes::written("sarif", &outcome, 80, Length::Normal);
    let log = checked("noise", &text);
    let results = list(&log["runs"][0]["results"]).len();
    assert!((100..5_000).contains(&results), "{results}");
}

/// The log, held against the schema and GitHub's limits.
fn checked(name: &str, text: &str) -> Value {
    let log: Value = serde_json::from_str(text).expect(name);
    let errors: Vec<String> = SCHEMA
        .iter_errors(&log)
        .take(5)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(text.as_bytes())
        .expect("a Vec takes everything");
    let compressed = encoder.finish().expect("a Vec takes everything").len();
    assert!(compressed < 10_000_000, "{name}: {compressed}");

    let run = &log["runs"][0];
    let rules = list(&run["tool"]["driver"]["rules"]);
    assert!(rules.len() <= 25_000, "{name}");
    let ids: BTreeSet<&str> = rules.iter().map(|rule| self::text(&rule["id"])).collect();
    assert_eq!(ids.len(), rules.len(), "{name}: ids of rules are unique");
    for rule in rules {
        assert!(length(&rule["name"]) <= 255, "{name}");
        for key in ["shortDescription", "fullDescription"] {
            assert!((1..=1024).contains(&length(&rule[key]["text"])), "{name}: {key}");
        }
        assert!(
            length(&rule["help"]["text"]) > 0 && length(&rule["help"]["markdown"]) > 0,
            "{name}"
        );
        assert!(list(&rule["properties"]["tags"]).len() <= 20, "{name}");
        let properties = &rule["properties"];
        let is_assumed = properties["severity-source"] == "assumed";
        match properties["security-severity"].as_str() {
            None => assert!(is_assumed, "{name}: {rule}"),
            Some(severity) => {
                let severity: f64 = severity.parse().expect(name);
                assert!(!is_assumed && (0.1..=10.0).contains(&severity), "{name}: {rule}");
            }
        }
    }
    let results = list(&run["results"]);
    assert!(run["results"].is_array() && results.len() <= 5_000, "{name}");
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"], "{name}");
        assert!((1..=1100).contains(&length(&result["message"]["text"])), "{name}");
        assert!(list(&result["locations"]).len() == 1, "{name}");
        assert!(list(&result["relatedLocations"]).len() <= 1_000, "{name}");
        let uri = self::text(&result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
        assert!(
            uri.is_ascii() && !uri.starts_with('/') && !uri.contains([' ', ':', '\\', '#', '?']),
            "{uri}"
        );
    }
    log
}

#[test]
fn hostile_text_is_inert() {
    let log = read(&outcomes::hostile());
    let run = &log["runs"][0];
    for result in list(&run["results"]) {
        let message = text(&result["message"]["text"]);
        assert!(
            !message.contains(is_hidden) && !message.contains("##["),
            "{message:?}"
        );
        assert!(
            !message.contains("[x](") && !message.contains("](1)"),
            "{message:?}"
        );
    }
    for rule in list(&run["tool"]["driver"]["rules"]) {
        let markdown = text(&rule["help"]["markdown"]);
        assert!(
            !markdown.contains(|character| character != '\n' && is_hidden(character)),
            "{markdown:?}"
        );
        let page = markdown.split("```yaml").next().unwrap_or_default();
        for live in [
            "<script",
            "<img",
            "<!--",
            "@acme",
            "](",
            "https://evil",
            "#1 ",
            "www.evil",
        ] {
            assert!(!page.contains(live), "{live} in {page}");
        }
    }
}

fn rule<'l>(run: &'l Value, id: &str) -> &'l Value {
    list(&run["tool"]["driver"]["rules"])
        .iter()
        .find(|rule| rule["id"] == id)
        .expect("a rule")
}

fn fingerprints(log: &Value) -> BTreeSet<String> {
    list(&log["runs"][0]["results"])
        .iter()
        .map(|result| text(&result["partialFingerprints"]["primaryLocationLineHash"]).to_owned())
        .collect()
}

fn read(outcome: &Outcome) -> Value {
    checked("a log", &outcomes::written("sarif", outcome, 80, Length::Normal))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// In characters.
fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// The list, empty where there is none.
fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
