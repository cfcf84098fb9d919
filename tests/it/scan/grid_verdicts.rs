//! The verdict of each release line in the grid is the one that its gate gives; a row is one advisory and one package.

use serde_json::{Value, json};

use crate::support::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn line(sandbox: &Sandbox, branch: &str, file: &str, text: &str) {
    sandbox.git(&["checkout", "-q", "-B", branch]);
    sandbox.git(&["rm", "-rq", "--ignore-unmatch", "."]);
    sandbox.write(file, text);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", branch]);
}

fn run(sandbox: &Sandbox, index: &str, now: &str, arguments: &[&str]) -> Ran {
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend(["--db", index, "--now", now]);
    sandbox.run(&all)
}

fn verdict(document: &Value) -> String {
    document["verdict"].as_str().expect("a verdict").to_owned()
}

#[test]
fn the_verdict_of_each_line_is_that_of_its_gate() {
    let lines = [
        "main",
        "release/pinned",
        "release/damaged",
        "release/npm",
        "release/none",
        "release/open",
        "release/warned",
    ];
    let sandbox = Sandbox::new();
    let mut idle = record("RUSTSEC-idle", "crates.io", "idle", "0", None);
    idle["affected"][0]["database_specific"] = json!({"informational": "unmaintained"});
    let records = [
        record("GHSA-bad", "crates.io", "bad", "0", Some("1.5.0")),
        record("GHSA-py", "PyPI", "bad", "0", Some("1.5.0")),
        idle,
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    line(&sandbox, "main", "Cargo.lock", &cargo_lock(&[("bad", "1.0.0")]));
    line(
        &sandbox,
        "release/pinned",
        "Cargo.lock",
        &cargo_lock(&[("bad", "1.5.0")]),
    );
    line(
        &sandbox,
        "release/damaged",
        "Cargo.lock",
        "version = 4\n[[package]\n",
    );
    line(
        &sandbox,
        "release/npm",
        "package-lock.json",
        r#"{"lockfileVersion": 3, "packages": {"": {}, "node_modules/left-pad": {"version": "1.0.0"}}}"#,
    );
    line(&sandbox, "release/none", "README", "nothing to scan\n");
    line(
        &sandbox,
        "release/open",
        "requirements.txt",
        "bad==2.0.0\nloose\n",
    );
    line(
        &sandbox,
        "release/warned",
        "Cargo.lock",
        &cargo_lock(&[("idle", "1.0.0")]),
    );
    sandbox.git(&["checkout", "-q", "main"]);
    let mut seen: Vec<String> = Vec::new();
    for (policy, now) in [
        ("{}\n", NOW),
        ("coverage: strict\n", NOW),
        (
            "exceptions:\n  - {id: GHSA-bad, reason: fed by us alone, expires: 2026-12-31}\n",
            NOW,
        ),
        (
            "rules:\n  - {name: now, when: {known-exploited: true}, then: fail}\n",
            NOW,
        ),
        (
            "rules:\n  - {name: all, when: {class: unmaintained}, then: fail}\n",
            NOW,
        ),
        // The database is stale, then too old.
        ("{}\n", "2026-02-05T00:00:00Z"),
        ("{}\n", "2026-06-01T00:00:00Z"),
    ] {
        sandbox.write("lockkeeper.yml", policy);
        let status = ["status", "--refs", "main,release/*", "--format", "json"];
        let status = run(&sandbox, &index, now, &status).json();
        let targets = status["targets"].as_array().expect("targets");
        assert_eq!(targets.len(), lines.len());
        for name in lines {
            let full = format!("refs/heads/{name}");
            let target = targets.iter().find(|target| target["ref"] == full.as_str());
            let shown = verdict(target.expect("a target"));
            let gate = run(
                &sandbox,
                &index,
                now,
                &["gate", "--release", name, "--format", "json"],
            );
            assert_eq!(shown, verdict(&gate.json()), "{name} by {policy} at {now}");
            seen.push(shown);
        }
    }
    for verdict in ["pass", "blocked", "incomplete", "nothing_to_scan"] {
        assert!(
            seen.iter().any(|seen| seen == verdict),
            "{verdict} was never given"
        );
    }

    // What a person sees: the first row, and of a scan of refs a line each.
    sandbox.write("lockkeeper.yml", "{}\n");
    let refs = ["--refs", "main,release/pinned,release/damaged"];
    let status = run(&sandbox, &index, NOW, &[&["status"][..], &refs].concat()).out;
    let row = status
        .lines()
        .find(|line| line.trim_start().starts_with("verdict"));
    let row: Vec<&str> = row.expect("the row of verdicts").split_whitespace().collect();
    assert_eq!(row[0], "verdict");
    for words in [["✗", "BLOCKED"], ["✓", "PASS"], ["?", "INCOMPLETE"]] {
        assert!(row.windows(2).any(|pair| pair == words), "{words:?} in {row:?}");
    }
    let markdown = run(
        &sandbox,
        &index,
        NOW,
        &[&["status", "--format", "markdown"][..], &refs].concat(),
    )
    .out;
    assert!(
        markdown.contains("| `release/pinned` | **✓&nbsp;PASS** |"),
        "{markdown}"
    );
    let scan = run(&sandbox, &index, NOW, &[&["scan"][..], &refs].concat()).out;
    for (mark, name) in [
        ("✗ BLOCKED", "main"),
        ("✓ PASS", "release/pinned"),
        ("? INCOMPLETE", "release/damaged"),
    ] {
        let of_line = |line: &&str| line.starts_with(&format!("  {mark}")) && line.contains(name);
        assert!(scan.lines().any(|line| of_line(&line)), "{name} in\n{scan}");
    }
    let scan = run(
        &sandbox,
        &index,
        NOW,
        &[&["scan", "--format", "markdown"][..], &refs].concat(),
    )
    .out;
    assert!(
        scan.contains("| `release/damaged` | **?&nbsp;INCOMPLETE** |"),
        "{scan}"
    );
}

#[test]
fn the_heading_says_what_the_exit_code_means() {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.5.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    line(&sandbox, "main", "Cargo.lock", &cargo_lock(&[("bad", "1.0.0")]));
    for format in ["terminal", "markdown", "html"] {
        let ran = run(&sandbox, &index, NOW, &["status", "--format", format]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains("tatus shows and does not gate: exit code 0 means"),
            "{format}: {}",
            ran.out
        );
    }
}

/// A version that is not affected is not red for another package of the same advisory.
#[test]
fn an_advisory_of_two_packages_has_a_row_for_each() {
    let sandbox = Sandbox::new();
    let mut both = record("GO-2026-1", "Go", "golang.org/x/net", "0", Some("0.58.0"));
    let mut stdlib = both["affected"][0].clone();
    stdlib["package"]["name"] = json!("stdlib");
    stdlib["ranges"][0]["events"] = json!([{"introduced": "0"}, {"fixed": "1.26.6"}]);
    both["affected"].as_array_mut().expect("a list").push(stdlib);
    let index = sandbox.index("index.lkdb", &[both], NOW);
    sandbox.git(&["init", "-q"]);
    let module =
        |version: &str| format!("module example.org/m\n\ngo 1.26.0\n\nrequire golang.org/x/net {version}\n");
    line(&sandbox, "release/1.0", "go.mod", &module("v0.57.0"));
    line(&sandbox, "main", "go.mod", &module("v0.58.0"));
    let arguments = ["status", "--refs", "main,release/*"];
    let text = run(&sandbox, &index, NOW, &arguments).out;
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("  ") && line.contains("GO-2026-1 "))
        .collect();
    let row = |version: &str| {
        rows.iter()
            .find(|row| row.contains(version))
            .unwrap_or_else(|| panic!("{text}"))
    };
    assert!(row("✓ v0.58.0").contains("✗ v0.57.0"), "{text}");
    assert_eq!(row("! 1.26.0").matches("! 1.26.0").count(), 2, "{text}");

    // The document has one row an id, with both packages, and the worst of its cells.
    let report = run(
        &sandbox,
        &index,
        NOW,
        &[&arguments[..], &["--format", "json"]].concat(),
    )
    .json();
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["packages"],
        json!(["pkg:golang/golang.org/x/net", "pkg:golang/stdlib"])
    );
    let cell = |name: &str| &rows[0]["cells"][format!("refs/heads/{name}")];
    assert_eq!(cell("main")["state"], "affected");
    assert_eq!(cell("main")["decision"], "warn");
    assert_eq!(cell("release/1.0")["decision"], "fail");
    assert_eq!(cell("release/1.0")["version"], "v0.57.0");
}
