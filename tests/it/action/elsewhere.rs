//! What is not checked out: a place in a file of another ref is no place on the page of a run.

use super::step::step;
use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// `main`, which is checked out and fixed, and two release lines that are not.
fn lines() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1")),
        record("GHSA-ill", "crates.io", "ill", "0", Some("1.0.1")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    let commit = |packages: &[(&str, &str)]| {
        sandbox.write("Cargo.lock", cargo_lock(packages));
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "x"]);
    };
    commit(&[("bad", "1.0.0"), ("ill", "1.0.0")]);
    sandbox.git(&["branch", "release/1.0"]);
    sandbox.git(&["branch", "release/1.1"]);
    commit(&[("bad", "1.0.0")]);
    (sandbox, index)
}

fn annotations(sandbox: &Sandbox, inputs: &[(&str, &str)]) -> Vec<String> {
    let ran = step(sandbox, inputs);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let lines = ran.out.lines().filter(|line| line.starts_with("::error"));
    lines.map(str::to_owned).collect()
}

#[test]
fn annotations_have_places_in_what_is_checked_out_alone_and_name_the_ref_of_the_rest() {
    let (sandbox, index) = lines();
    let refs = ("INPUT_REFS", "main,release/*");
    let shown = annotations(&sandbox, &[("INPUT_DATABASE", &index), refs]);
    let [bad, ill] = shown.as_slice() else {
        panic!("{shown:?}")
    };
    // The same line is there on `main` too.
    assert!(bad.starts_with("::error file=Cargo.lock,line="), "{bad}");
    assert!(
        bad.contains("refs/heads/main") && bad.contains("refs/heads/release/1.0"),
        "{bad}"
    );
    assert!(
        ill.starts_with("::error title=Upgrade ill from 1.0.0 to 1.0.1::"),
        "{ill}"
    );
    assert!(
        ill.contains("It is at release/1.1:Cargo.lock:")
            && ill.contains(", release/1.0:Cargo.lock:")
            && ill.contains(" (not checked out here)."),
        "{ill}"
    );
    let shown = annotations(
        &sandbox,
        &[("INPUT_DATABASE", &index), ("INPUT_REFS", "release/1.0")],
    );
    assert_eq!(shown.len(), 2, "{shown:?}");
    for annotation in shown {
        assert!(annotation.starts_with("::error title="), "{annotation}");
        assert!(annotation.contains("release/1.0:Cargo.lock:"), "{annotation}");
    }
    // A gate of a release that is not checked out is the same.
    let gate = [
        ("INPUT_DATABASE", index.as_str()),
        ("INPUT_MODE", "gate"),
        ("INPUT_REFS", "release/1.0"),
    ];
    let shown = annotations(&sandbox, &gate);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(
        shown
            .iter()
            .all(|line| line.contains("It is at release/1.0:Cargo.lock:")),
        "{shown:?}"
    );
    let gate = [
        ("INPUT_DATABASE", index.as_str()),
        ("INPUT_MODE", "gate"),
        ("INPUT_REFS", "main"),
    ];
    let shown = annotations(&sandbox, &gate);
    assert!(
        shown.len() == 1 && shown[0].contains("file=Cargo.lock"),
        "{shown:?}"
    );
}

/// Each advisory is there once, with its files as links.
#[test]
fn the_summary_of_a_gate_joins_files_and_links_them() {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-net", "Go", "example.com/net", "0", Some("0.2.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    let module = "module example.com/app\n\ngo 1.22\n\nrequire example.com/net v0.1.0\n";
    for folder in ["", "cmd/a/", "cmd/b/", "cmd/c/", "cmd/d/"] {
        sandbox.write(&format!("{folder}go.mod"), module);
    }
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "x"]);
    let inputs = [
        ("INPUT_DATABASE", index.as_str()),
        ("INPUT_MODE", "gate"),
        ("INPUT_REFS", "main"),
        ("GITHUB_SERVER_URL", "https://forge.example"),
        ("GITHUB_REPOSITORY", "acme/app"),
    ];
    let ran = step(&sandbox, &inputs);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    // One unit for what blocks.
    assert!(
        summary.contains(
            "1 vulnerability \\(1 high\\) in 1 of 2 packages blocks the release of main; 1 upgrade fixes it."
        ),
        "{summary}"
    );
    let rows = summary
        .lines()
        .filter(|line| line.starts_with('|') && line.contains("GHSA-net"));
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 2, "an upgrade and a finding: {summary}");
    for row in rows {
        assert!(row.contains("](https://forge.example/acme/app/blob/"), "{row}");
        assert!(row.contains("and 4 more") || row.contains("and 2 more"), "{row}");
    }
    assert!(summary.contains("Findings: 5 findings"), "{summary}");
}
