//! SARIF says how bad a result is as the gate decides it.

use std::collections::BTreeMap;

use lockkeeper::model::finding::{Excepted, State};
use lockkeeper::model::{Advisory, Class, Decision, Level, Outcome, Severity};
use lockkeeper::report::Length;
use serde_json::{Value, json};

use crate::support::outcomes;
use crate::support::program::{Sandbox, record};

fn run(outcome: &Outcome) -> Value {
    let text = outcomes::written("sarif", outcome, 80, Length::Normal);
    let log: Value = serde_json::from_str(&text).expect("JSON");
    log["runs"][0].clone()
}

/// The levels of results and of their rules, by id.
fn levels(run: &Value) -> BTreeMap<&str, (&str, &str)> {
    let rules = &run["tool"]["driver"]["rules"];
    run["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| {
            let rule = &rules[result["ruleIndex"].as_u64().expect("an index") as usize];
            let of_rule = rule["defaultConfiguration"]["level"].as_str();
            let level = result["level"].as_str().expect("a level");
            let id = result["ruleId"].as_str().expect("an id");
            (id, (level, of_rule.expect("a level")))
        })
        .collect()
}

#[test]
fn the_level_follows_the_decision_and_no_severity() {
    let decided = [
        (Decision::Fail, "error"),
        (Decision::Warn, "warning"),
        (Decision::Note, "note"),
    ];
    for class in [Class::Vulnerability, Class::Malicious, Class::Unmaintained] {
        for score in [0.0, 3.1, 9.8] {
            let mut outcome = outcomes::blocked();
            let findings = decided.iter().map(|(decision, level)| {
                let advisory = Advisory {
                    class,
                    ..outcomes::advisory(level, "reads past the end", score)
                };
                let mut finding = outcomes::finding(&advisory, "examplelib", "1.0.0", "Cargo.lock", 7);
                finding.decision = *decision;
                finding
            });
            outcome.targets[0].findings = findings.collect();
            let run = run(&outcome);
            let expected = decided.map(|(_, level)| (level, (level, level)));
            assert_eq!(levels(&run), BTreeMap::from(expected), "{class} {score}");
        }
    }
}

#[test]
fn of_several_versions_the_worst_that_nobody_accepted_decides() {
    let advisory = outcomes::advisory("GHSA-aaaa-bbbb-cccc", "reads past the end", 9.8);
    let at = |version: &str, line, decision| {
        let mut finding = outcomes::finding(&advisory, "examplelib", version, "Cargo.lock", line);
        finding.decision = decision;
        finding.rule = format!("line-{line}").into();
        finding
    };
    let mut accepted = at("3.0.0", 1, Decision::Fail);
    accepted.state = State::Excepted(Box::new(Excepted {
        reason: "the parser is not used".into(),
        owner: None,
        expires: jiff::civil::date(2030, 12, 31),
    }));
    let mut outcome = outcomes::blocked();
    outcome.targets[0].findings = vec![
        accepted,
        at("1.0.0", 2, Decision::Note),
        at("2.0.0", 3, Decision::Warn),
    ];
    let mut elsewhere = at("1.0.0", 4, Decision::Fail);
    elsewhere.file = outcomes::tree_path("tools/Cargo.lock");
    outcome.targets[0].findings.push(elsewhere);
    let run = run(&outcome);
    let results: Vec<_> = run["results"].as_array().expect("results").iter().collect();
    let told: Vec<_> = results
        .iter()
        .map(|result| {
            (
                &result["level"],
                &result["properties"]["decision"],
                &result["properties"]["rule"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (&json!("error"), &json!("fail"), &json!("line-4")),
            (&json!("warning"), &json!("warn"), &json!("line-3")),
        ]
    );
    assert_eq!(
        run["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"],
        "error"
    );
}

#[test]
fn an_assumed_severity_is_no_number() {
    for class in [
        Class::Vulnerability,
        Class::Malicious,
        Class::Unmaintained,
        Class::Unsound,
    ] {
        for (severity, has_number) in [
            (Severity::assumed(), false),
            (
                Severity {
                    level: Level::Medium,
                    score: None,
                    vector: None,
                    source: "database_specific".into(),
                },
                true,
            ),
        ] {
            let advisory = Advisory {
                class,
                severity,
                ..outcomes::advisory("GHSA-aaaa-bbbb-cccc", "reads past the end", 9.8)
            };
            let mut outcome = outcomes::blocked();
            outcome.targets[0].findings = vec![outcomes::finding(
                &advisory,
                "examplelib",
                "1.0.0",
                "Cargo.lock",
                7,
            )];
            let run = run(&outcome);
            let properties = &run["tool"]["driver"]["rules"][0]["properties"];
            assert_eq!(properties["security-severity"].is_string(), has_number, "{class}");
        }
    }
}

#[test]
fn a_policy_sets_the_level_of_the_file_that_is_written() {
    let sandbox = Sandbox::new();
    let now = "2026-02-01T00:00:00Z";
    let index = sandbox.index("i.lkdb", &[record("GHSA-left", "npm", "left", "0", None)], now);
    let lock = json!({"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"left": "1"}},
        "node_modules/left": {"version": "1.0.0"},
    }});
    sandbox.write("package-lock.json", lock.to_string());
    for (then, level) in [("fail", "error"), ("warn", "warning"), ("note", "note")] {
        let policy = format!("rules: [{{name: all, when: {{class: vulnerability}}, then: {then}}}]\n");
        sandbox.write("lockkeeper.yml", policy);
        let ran = sandbox.run(&["scan", "--db", &index, "--now", now, "--format", "sarif"]);
        assert_eq!(ran.json()["runs"][0]["results"][0]["level"], level, "{}", ran.out);
    }
}
