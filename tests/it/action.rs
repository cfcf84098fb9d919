//! The GitHub Actions door: inputs in; summary, annotations, outputs and files out.

use crate::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    (sandbox, index)
}

fn step(sandbox: &Sandbox, inputs: &[(&str, &str)]) -> Ran {
    let summary = sandbox.path("summary.md").to_str().expect("a path").to_owned();
    let output = sandbox.path("output.txt").to_str().expect("a path").to_owned();
    let now = format!("--now {NOW}");
    let mut environment = vec![
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
        ("GITHUB_OUTPUT", &output),
        ("INPUT_ARGS", &now),
    ];
    environment.extend(inputs);
    sandbox.run_with(&["action"], &environment)
}

fn outputs(sandbox: &Sandbox) -> std::collections::BTreeMap<String, String> {
    let text = std::fs::read_to_string(sandbox.path("output.txt")).expect("outputs");
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[test]
fn a_step_writes_everything_and_ends_with_the_verdict() {
    let (sandbox, index) = prepared();
    let ran = step(
        &sandbox,
        &[
            ("INPUT_DATABASE", &index),
            ("INPUT_REPORT-FILE", "report.md"),
            ("INPUT_FAIL-ON", ""),
        ],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("BLOCKED"));
    assert!(
        ran.out.contains("::error file=Cargo.lock,line=12,col=12"),
        "{}",
        ran.out
    );
    let outputs = outputs(&sandbox);
    assert_eq!(outputs["verdict"], "blocked");
    assert_eq!(outputs["exit-code"], "1");
    assert_eq!(
        (outputs["findings"].as_str(), outputs["blocking"].as_str()),
        ("1", "1")
    );
    assert_eq!(outputs["sarif-file"], "lockkeeper.sarif");
    assert_eq!(outputs["report-file"], "report.md");
    for file in ["lockkeeper.sarif", "report.md"] {
        assert!(sandbox.work().join(file).is_file(), "{file}");
    }
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(summary.contains("GHSA"), "{summary}");
}

#[test]
fn annotations_are_ten_at_most_and_say_how_many_more() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..30).map(|number| format!("bad-{number}")).collect();
    let records: Vec<_> = names
        .iter()
        .map(|name| record(&format!("GHSA-{name}"), "crates.io", name, "0", None))
        .collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    sandbox.write("Cargo.lock", cargo_lock(&packages));
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index)]);
    let annotations: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(annotations.len(), 10, "{}", ran.out);
    assert!(
        annotations.iter().all(|line| line.contains("20 more")),
        "{annotations:?}"
    );
}

#[test]
fn mistakes_are_refused_by_name() {
    let (sandbox, index) = prepared();
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index), ("INPUT_SARIFFILE", "x")]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`sarif-file`"), "{}", ran.err);
    assert!(ran.out.starts_with("::error title=lockkeeper::"), "{}", ran.out);
    assert_eq!(step(&sandbox, &[("INPUT_EXIT-ZERO", "perhaps")]).code, 2);
    assert_eq!(step(&sandbox, &[("INPUT_MODE", "nonsense")]).code, 2);
}

#[test]
fn publishing_never_changes_the_verdict() {
    let (sandbox, index) = prepared();
    let environment = [
        ("INPUT_DATABASE", index.as_str()),
        ("INPUT_ARGS", "--now 2026-02-01"),
        ("INPUT_SARIF-FILE", "Cargo.lock/not-a-folder.sarif"),
        ("GITHUB_STEP_SUMMARY", "/nowhere/at/all"),
        ("GITHUB_OUTPUT", "/nowhere/at/all"),
    ];
    let ran = sandbox.run_with(&["action"], &environment);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let notices = ran
        .out
        .lines()
        .filter(|line| line.starts_with("::notice"))
        .count();
    assert_eq!(notices, 3, "{}", ran.out);
}

#[test]
fn hostile_names_give_the_runner_no_orders() {
    let sandbox = Sandbox::new();
    let name = "x\n::error::gotcha\n##[add-mask]a";
    let index = sandbox.index("index.lkdb", &[record("GHSA-bad", "npm", name, "0", None)], NOW);
    let lock = serde_json::json!({
        "lockfileVersion": 3,
        "packages": {"": {"name": "app"}, format!("node_modules/{name}"): {"version": "1.0.0"}},
    });
    sandbox.write("package-lock.json", lock.to_string());
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index)]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for line in ran
        .out
        .lines()
        .filter(|line| line.contains("gotcha") || line.contains("add-mask"))
    {
        let orders = line.trim_start().starts_with("::error::gotcha") || line.contains("##[");
        assert!(!orders, "{line}");
    }
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(!summary.lines().any(|line| line.starts_with("::")), "{summary}");
}
