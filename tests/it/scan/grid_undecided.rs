//! A version that nobody can order makes its own cell unknown, and no other.

use serde_json::Value;

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn line(sandbox: &Sandbox, branch: &str, requirements: &str) {
    sandbox.git(&["checkout", "-q", "-B", branch]);
    sandbox.write("requirements.txt", requirements);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", branch]);
}

#[test]
fn one_version_that_cannot_be_ordered_hides_one_package() {
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-odd", "PyPI", "odd-fellow", "0", Some("2.0.0")),
        record("GHSA-late", "PyPI", "odd-fellow", "5.0.0", Some("6.0.0")),
        record("GHSA-plain", "PyPI", "plain-jane", "0", Some("2.0.0")),
        record("GHSA-other", "PyPI", "other-one", "0", Some("2.0.0")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    line(
        &sandbox,
        "main",
        "odd-fellow==1.0.0\nplain-jane==1.0.0\nother-one==1.0.0\n",
    );
    line(
        &sandbox,
        "release/2.0",
        "odd_fellow===some-build\nplain-jane==3.0.0\n",
    );
    sandbox.git(&["checkout", "-q", "main"]);
    let ran = sandbox.run(&[
        "status",
        "--db",
        &index,
        "--now",
        NOW,
        "--format",
        "json",
        "--refs",
        "main,release/*",
    ]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let report: Value = ran.json();
    let cell = |id: &str, line: &str| {
        let rows = report["rows"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["id"] == id).expect("a row");
        row["cells"][format!("refs/heads/{line}")].clone()
    };
    for (id, state) in [
        ("GHSA-odd", "unknown"),
        ("GHSA-plain", "fixed"),
        ("GHSA-other", "absent"),
    ] {
        assert_eq!(
            cell(id, "release/2.0")["state"],
            state,
            "{id}: {}",
            report["rows"]
        );
        assert_eq!(cell(id, "main")["state"], "affected", "{id}");
    }
    let reason = cell("GHSA-odd", "release/2.0")["reason"].to_string();
    assert!(reason.contains("requirements.txt:1"), "{reason}");
}
