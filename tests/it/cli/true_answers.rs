//! Answers of a run over several trees, of the first policy, and of an upgrade, each as what it is about says.

use serde_json::Value;

use super::fix_npm::Project;
use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// A folder with a lockfile in which everything is checked, and one in which nothing can be.
fn two() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("good/Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    sandbox.write("open/requirements.txt", "requests>=2\nflask\n");
    let records = [
        record("GHSA-x", "crates.io", "other", "0", Some("1.0.1")),
        record("GHSA-y", "PyPI", "other", "0", Some("1.0.1")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    (sandbox, index)
}

#[test]
fn a_run_is_no_pass_where_one_of_its_trees_could_not_be_checked_at_all() {
    let (sandbox, index) = two();
    let rest = ["--db", &index, "--now", NOW];
    let alone = sandbox.run(&[&["scan", "open"][..], &rest].concat());
    assert_eq!(alone.code, 3, "{}", alone.out);
    let both = sandbox.run(&[&["scan", "good", "open"][..], &rest].concat());
    assert_eq!(both.code, 3, "{}", both.out);
    assert!(
        both.out.contains("open: 0 of 2 dependencies checked"),
        "{}",
        both.out
    );
    let json = sandbox
        .run(&[&["scan", "good", "open", "--format", "json"][..], &rest].concat())
        .json();
    assert_eq!(
        (&json["verdict"], &json["coverage"]["complete"]),
        (&"incomplete".into(), &false.into())
    );
    assert_eq!(json["targets"][0]["verdict"], "pass");
    assert_eq!(json["targets"][1]["verdict"], "incomplete");
    // Together in one tree they are one answer, which counts them.
    let one = sandbox.run(&[&["scan", "."][..], &rest].concat());
    assert_eq!(one.code, 0, "{}", one.out);
    assert!(one.out.contains("1 of 3 dependencies checked"), "{}", one.out);
}

#[test]
fn a_release_line_that_could_not_be_checked_at_all_leaves_the_grid_incomplete() {
    let (sandbox, index) = two();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    sandbox.git(&["add", "Cargo.lock"]);
    sandbox.git(&["commit", "-q", "-m", "locked"]);
    sandbox.git(&["checkout", "-q", "--orphan", "release/1.0"]);
    sandbox.git(&["rm", "-q", "--cached", "Cargo.lock"]);
    sandbox.git(&["add", "open"]);
    sandbox.git(&["commit", "-q", "-m", "open"]);
    let rest = ["--db", &index, "--now", NOW];
    let grid = sandbox.run(&[&["status"][..], &rest].concat());
    assert_eq!(grid.code, 3, "{}", grid.out);
    assert!(
        grid.out.contains("release/1.0: 0 of 2 dependencies checked"),
        "{}",
        grid.out
    );
    // The headline counts what is listed.
    assert!(
        grid.out.contains("(1 gap)") && grid.out.contains("Not checked: 1 gap"),
        "{}",
        grid.out
    );
    let refs = sandbox.run(
        &[
            &["scan", "--refs", "main,release/1.0", "--fail-on", "none"][..],
            &rest,
        ]
        .concat(),
    );
    assert_eq!(refs.code, 3, "{}", refs.out);
}

#[test]
fn gaps_that_several_lines_have_count_once_in_the_grid() {
    let (sandbox, index) = two();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write("Gopkg.lock", "x");
    sandbox.git(&["add", "Gopkg.lock"]);
    sandbox.git(&["commit", "-q", "-m", "damaged"]);
    sandbox.git(&["branch", "release/1.0"]);
    sandbox.git(&["branch", "release/1.1"]);
    let grid = sandbox.run(&["status", "--db", &index, "--now", NOW]);
    assert_eq!(grid.code, 3, "{}", grid.out);
    assert!(
        grid.out.contains("(1 gap)") && grid.out.contains("Not checked: 1 gap"),
        "{}",
        grid.out
    );
}

#[test]
fn the_first_policy_makes_no_go_directive_block() {
    let sandbox = Sandbox::new();
    sandbox.write("go.mod", "module code.example/shop\n\ngo 1.24.0\n");
    let mut standard = record("GO-1", "Go", "stdlib", "0", Some("1.24.5"));
    standard["affected"][0]["ranges"][0]["type"] = "SEMVER".into();
    standard["published"] = "2025-01-01T00:00:00Z".into();
    let index = sandbox.index("index.lkdb", &[standard], NOW);
    let scan = |words: &[&str]| {
        let rest = ["--db", &index, "--now", NOW, "--format", "json"];
        sandbox.run(&[&["scan"], words, &rest].concat())
    };
    let before = scan(&[]).json();
    assert_eq!(before["counts"]["by_decision"]["warn"], 1, "{before}");
    sandbox.git(&["init", "-q"]);
    let init = sandbox.run(&["init", "--yes"]);
    assert_eq!(init.code, 0, "{}", init.err);
    let ran = scan(&[]);
    let after = ran.json();
    assert_eq!(
        (ran.code, &after["counts"]["by_decision"]["warn"]),
        (0, &1.into()),
        "{after}"
    );
    assert_eq!(
        after["targets"][0]["findings"][0]["rule"],
        "a-go-directive-is-a-minimum"
    );
}

#[test]
fn a_rule_is_about_a_package_with_or_without_a_version() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0"), ("worse", "1.0.0")]));
    let records =
        ["bad", "worse"].map(|name| record(&format!("GHSA-{name}"), "crates.io", name, "0", Some("1.0.1")));
    let index = sandbox.index("index.lkdb", &records, NOW);
    let decided = |package: &str| {
        sandbox.write(
            "lockkeeper.yml",
            format!("rules: [{{name: ours, when: {{package: \"{package}\"}}, then: note}}]\n"),
        );
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
        let findings = ran.json()["targets"][0]["findings"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let decisions = findings.iter().map(|finding| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!(
                "{} {}",
                text(&finding["package"]["name"]),
                text(&finding["decision"])
            )
        });
        let mut decisions: Vec<String> = decisions.collect();
        decisions.sort();
        decisions
    };
    assert_eq!(decided("pkg:cargo/bad"), ["bad note", "worse fail"]);
    assert_eq!(decided("pkg:cargo/bad@1.0.0"), ["bad note", "worse fail"]);
    assert_eq!(decided("pkg:cargo/bad@2.0.0"), ["bad fail", "worse fail"]);
    for (policy, words) in [
        (
            "rules: [{when: {package: bad}, then: note}]",
            "this is no package URL",
        ),
        (
            "rules: [{when: {package: 'pkg:cargo/bad?x=1'}, then: note}]",
            "a rule is about a package, not about one of its files",
        ),
        (
            "rules: [{name: one, when: {package: 'pkg:cargo/bad'}, then: note}, {when: {package: 'pkg:cargo/bad', class: vulnerability}, then: warn}]",
            "the rule \"one\" matches everything",
        ),
    ] {
        sandbox.write("lockkeeper.yml", policy);
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
        assert_eq!(ran.code, 2, "{policy} {}", ran.out);
        assert!(ran.err.contains(words), "{policy} {}", ran.err);
    }
}

#[test]
fn an_upgrade_names_what_its_version_ends_and_nothing_else() {
    // One copy of 1.0.0 can go to 2.0.0; the other moves with what needs it, to a version that is affected still.
    let world = "
        app 1.0.0: jar 1.0.0
        app 1.0.1: jar 1.0.5
        tool 1.0.0: jar ^1.0.0
        jar 1.0.0
        jar 1.0.5
        jar 1.1.0
    ";
    let records = [
        record("GHSA-jar-low", "npm", "jar", "0", Some("1.0.5")),
        record("GHSA-jar-high", "npm", "jar", "0", Some("1.1.0")),
    ];
    let folders = "app@1.0.0, tool@1.0.0, jar@1.0.0, app/jar@1.0.0";
    let project = Project::new(world, "app ^1.0.0, tool ^1.0.0", folders, &records);
    let plan = project.run(&["plan", "--format", "json"]).json();
    let target = &plan["targets"][0];
    let left: Vec<&str> = target["unfixable"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["id"].as_str())
        .collect();
    let moves = target["moves"].as_array().cloned().unwrap_or_default();
    assert!(!moves.is_empty(), "{target}");
    for one in &moves {
        let ends = one["fixes"].as_array().cloned().unwrap_or_default();
        let high = ends.iter().any(|id| *id == "GHSA-jar-high");
        assert_eq!(high, one["to"] == "1.1.0", "{target}");
    }
    assert_eq!(
        left.contains(&"GHSA-jar-high"),
        moves.iter().any(|one| one["to"] == "1.0.5"),
        "{target}"
    );
}

#[test]
fn a_version_that_means_never_is_none_to_upgrade_to() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-bad", "crates.io", "bad", "0", Some("999.999.999"))],
        NOW,
    );
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let json = ran.json();
    assert_eq!(json["upgrades"], Value::Array(Vec::new()), "{json}");
    assert_eq!(json["counts"]["blocking"]["upgrades"], 0, "{json}");
}
