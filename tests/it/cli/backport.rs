//! `backport` and `plan --refs`: each release line is planned from its own commit, and has a state and a reason.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::program::Ran;
use crate::support::release_lines::{NOW, ReleaseLines};

fn run(lines: &ReleaseLines, words: &[&str]) -> Ran {
    let mut words = words.to_vec();
    words.extend(["--db", &lines.index, "--now", NOW]);
    lines.sandbox.run(&words)
}

/// Release lines of every kind.
fn of_every_kind() -> ReleaseLines {
    let lines = ReleaseLines::new();
    lines.line("release/1.9", &[("cookie", "1.0.0"), ("jar", "1.0.4")]);
    lines.line("release/1.8", &[("jar", "1.0.4")]);
    lines.line("release/1.7", &[("cookie", "1.0.2")]);
    lines.line("release/1.6", &[("lid", "1.0.0")]);
    lines.line("release/1.5", &[("cookie", "1.0.0")]);
    lines.line("release/0.9", &[("cookie", "1.0.0")]);
    lines.sandbox.git(&["checkout", "-q", "release/1.5"]);
    lines
        .sandbox
        .write("app/package-lock.json", "{\"lockfileVersion\": 3,");
    lines.sandbox.git(&["commit", "-qam", "Break"]);
    lines.sandbox.git(&["checkout", "-q", "main"]);
    lines.policy(
        "lines: {include: [\"release/*\"], newest: 9, end-of-support: {\"release/0.9\": 2026-01-01}}\n",
    );
    lines
}

/// The state and the reason of each line, by its short name.
fn states(document: &Value) -> BTreeMap<String, (String, String)> {
    let lines = document["lines"].as_array().expect("lines");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let short = |name: String| name.trim_start_matches("refs/heads/").to_owned();
    lines
        .iter()
        .map(|line| {
            (
                short(text(&line["ref"])),
                (text(&line["state"]), text(&line["reason"])),
            )
        })
        .collect()
}

#[test]
fn every_line_has_a_plan_or_a_reason() {
    let lines = of_every_kind();
    let ran = run(&lines, &["backport", "--format", "json"]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let document = ran.json();
    assert_eq!(document["schema"], "lockkeeper.plan/1");
    let states = states(&document);
    for (line, state, reason) in [
        ("main", "planned", "cookie 1.0.0 → 1.0.1"),
        ("release/1.9", "partly", "jar 1.0.4 stays: "),
        ("release/1.8", "blocked", "--level minor"),
        ("release/1.7", "fixed", "it locks cookie 1.0.2"),
        ("release/1.6", "unaffected", "no advisory"),
        ("release/1.5", "unknown", "app/package-lock.json: "),
        ("release/0.9", "left_out", "end of support was 2026-01-01"),
    ] {
        let (found, why) = &states[line];
        assert_eq!(found, state, "{line}: {why}");
        assert!(why.contains(reason), "{line}: {why}");
    }
    assert_eq!(states.len(), 7);
    // Each advisory has a state on each live line.
    let rows = document["rows"].as_array().expect("rows");
    let cell = |id: &str, line: &str| {
        let row = rows.iter().find(|row| row["id"] == id).expect("a row");
        let cell = &row["cells"][format!("refs/heads/{line}")];
        assert!(!cell["reason"].as_str().expect("a reason").is_empty());
        cell["state"].as_str().expect("a state").to_owned()
    };
    for (id, line, state) in [
        ("GHSA-cookie", "main", "planned"),
        ("GHSA-jar", "main", "absent"),
        ("GHSA-cookie", "release/1.9", "planned"),
        ("GHSA-jar", "release/1.9", "blocked"),
        ("GHSA-jar", "release/1.8", "blocked"),
        ("GHSA-cookie", "release/1.7", "fixed"),
        ("GHSA-cookie", "release/1.6", "absent"),
        ("GHSA-cookie", "release/1.5", "unknown"),
    ] {
        assert_eq!(cell(id, line), state, "{id} on {line}");
    }
    // A branch for what becomes a pull request, and none for the others.
    let targets = document["targets"].as_array().expect("targets");
    let branch = |line: &str| {
        let of_line = |target: &&Value| target["ref"] == format!("refs/heads/{line}");
        targets.iter().find(of_line).expect("a target")["pull_request"]["branch"].clone()
    };
    assert_eq!(branch("main"), "lockkeeper/fix-main");
    assert!(
        branch("release/1.9")
            .as_str()
            .expect("a name")
            .starts_with("lockkeeper/fix-release-1-9-")
    );
    assert_eq!(branch("release/1.7"), Value::Null);
    // Every package was asked for once for all lines, and nothing was written.
    let mut asked = lines.asked();
    asked.sort();
    assert_eq!(asked, ["/cookie", "/jar"]);
    assert_eq!(lines.sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn the_level_decides_for_every_line() {
    let lines = of_every_kind();
    let ran = run(&lines, &["backport", "--level", "major", "--format", "json"]);
    let states = states(&ran.json());
    assert_eq!(states["release/1.8"].0, "planned", "{:?}", states["release/1.8"]);
    assert!(states["release/1.8"].1.contains("jar 1.0.4 → 2.0.0"));
    // What could not be checked is left, so that nothing is known to be clean.
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
}

#[test]
fn plan_and_fix_show_the_same_for_refs() {
    let lines = of_every_kind();
    let globs = "main,release/1.9";
    let plan = run(&lines, &["plan", "--refs", globs, "--format", "json"]);
    assert_eq!(plan.code, 6, "{}{}", plan.out, plan.err);
    assert_eq!(plan.json()["lines"].as_array().expect("lines").len(), 2);
    for words in [
        &["fix", "--refs", globs, "--format", "json"][..],
        &["backport", "--refs", globs, "--format", "json"],
        &["backport", "--dry-run", "--refs", globs, "--format", "json"],
    ] {
        let ran = run(&lines, words);
        assert_eq!((ran.code, &ran.out), (6, &plan.out), "{words:?} {}", ran.err);
    }
    assert_eq!(lines.sandbox.git(&["status", "--porcelain"]), "");
    // The diff of a line fits its own commit.
    let ran = run(&lines, &["plan", "--refs", "release/1.9", "--diff", "-q"]);
    let diff: Vec<&str> = ran
        .out
        .lines()
        .skip_while(|line| !line.starts_with("# release/1.9"))
        .collect();
    assert!(!diff.is_empty(), "{}", ran.out);
    lines.sandbox.git(&["checkout", "-q", "release/1.9"]);
    std::fs::write(lines.sandbox.path("line.diff"), diff.join("\n") + "\n").expect("a file");
    let path = lines.sandbox.path("line.diff");
    lines.sandbox.git(&["apply", path.to_str().expect("a path")]);
    let ran = run(&lines, &["scan", "--format", "json"]);
    let findings = ran.json()["targets"][0]["findings"].clone();
    let left: Vec<&str> = findings
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(left, ["GHSA-jar"]);
}

#[test]
fn exit_codes_are_those_of_all_lines_together() {
    let lines = of_every_kind();
    for (globs, code) in [
        ("main", 0),
        ("release/1.6,release/1.7", 0),
        ("release/1.8", 1),
        ("main,release/1.8", 6),
        ("main,release/1.5", 3),
        ("release/1.8,release/1.5", 1),
        ("relaese/*", 2),
    ] {
        let ran = run(&lines, &["backport", "--refs", globs]);
        assert_eq!(ran.code, code, "{globs}: {}{}", ran.out, ran.err);
    }
    let ran = run(&lines, &["backport", ".", "--refs", "main", "--resolve"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let ran = run(&lines, &["plan", ".", "app", "--refs", "main"]);
    assert!(ran.code == 2 && ran.err.contains("one repository"), "{}", ran.err);
    std::fs::create_dir(lines.sandbox.path("bare")).expect("a folder");
    let outside = lines.sandbox.path("bare");
    let ran = run(&lines, &["backport", outside.to_str().expect("a path")]);
    assert!(
        ran.code == 2 && ran.err.contains("in no git repository"),
        "{}",
        ran.err
    );
}

#[test]
fn reports_name_every_line_and_how_upgrades_become_requests() {
    let lines = of_every_kind();
    let ran = run(&lines, &["backport"]);
    for text in [
        "planned     main · cookie 1.0.0 → 1.0.1",
        "blocked     release/1.8",
        "fixed       release/1.7 · it locks cookie 1.0.2",
        "unaffected  release/1.6",
        "left out    release/0.9 · end of support was 2026-01-01",
        "`mode: backport`",
    ] {
        assert!(ran.out.contains(text), "{text}\n{}", ran.out);
    }
    assert!(
        ran.out.lines().all(|line| line.chars().count() <= 120),
        "{}",
        ran.out
    );
    let ran = run(&lines, &["backport", "--format", "markdown"]);
    for text in [
        "| `main` | planned | cookie 1.0.0 → 1.0.1 |",
        "| `release/0.9` | left out |",
        "| planned | planned |",
        "## `release/1.9`",
    ] {
        assert!(ran.out.contains(text), "{text}\n{}", ran.out);
    }
}

#[test]
fn a_registry_that_is_gone_stops_only_the_lines_that_need_it() {
    let lines = of_every_kind();
    lines.registry.remove("/jar");
    let ran = run(
        &lines,
        &[
            "backport",
            "--level",
            "major",
            "--refs",
            "main,release/1.8",
            "--format",
            "json",
        ],
    );
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let states = states(&ran.json());
    assert_eq!(states["main"].0, "planned");
    assert_eq!(states["release/1.8"].0, "blocked");
}

#[test]
fn what_only_a_work_tree_can_have_is_refused() {
    let lines = ReleaseLines::new();
    let ran = run(&lines, &["backport", "--resolve"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err.contains("reads release lines from git objects"),
        "{}",
        ran.err
    );
}
