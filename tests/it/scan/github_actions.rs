//! Actions of workflows: tags that move are decided where they can be, and what cannot be is a partial gap and no more.

use serde_json::Value;

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";
const COMMIT: &str = "9a9194f87191a7e9055e3e9b95b8cfb13023bb08";

fn workflow(uses: &str) -> String {
    format!("on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: {uses}\n")
}

fn scan(sandbox: &Sandbox, index: &str, more: &[&str]) -> (i32, Value) {
    let arguments = ["scan", "--db", index, "--now", NOW, "--format", "json"];
    let ran = sandbox.run(&[&arguments[..], more].concat());
    (ran.code, ran.json())
}

fn count(value: &Value) -> usize {
    value.as_array().expect("a list").len()
}

#[test]
fn tags_are_decided_where_all_that_they_mean_is_on_one_side() {
    let sandbox = Sandbox::new();
    let records = [record(
        "GHSA-mrrh-fwg8-r2c3",
        "GitHub Actions",
        "team/changed-files",
        "0",
        Some("46.0.1"),
    )];
    let index = sandbox.index("actions.lkdb", &records, NOW);
    for (uses, findings, gaps) in [
        ("team/changed-files@v45".to_owned(), 1, 0),
        ("Team/Changed-Files@v46.0.0".to_owned(), 1, 0),
        ("team/changed-files/folder@v45.1".to_owned(), 1, 0),
        ("team/changed-files@v46.0.1".to_owned(), 0, 0),
        ("team/changed-files@v47".to_owned(), 0, 0),
        ("team/changed-files@v46".to_owned(), 0, 1),
        ("team/changed-files@refs/tags/v46.0.0".to_owned(), 1, 0),
        ("team/changed-files@refs/tags/v46.0.1".to_owned(), 0, 0),
        ("team/changed-files@refs/tags/v46".to_owned(), 0, 1),
        ("team/changed-files@refs/heads/v46.0.0".to_owned(), 0, 1),
        ("team/changed-files@main".to_owned(), 0, 1),
        (format!("team/changed-files@{COMMIT}"), 0, 1),
        (format!("team/changed-files@{COMMIT} # v45.0.7"), 1, 0),
        (format!("team/changed-files@{COMMIT} # v47.0.0"), 0, 0),
        ("team/other@main".to_owned(), 0, 0),
    ] {
        sandbox.write(".github/workflows/ci.yml", workflow(&uses));
        let (code, report) = scan(&sandbox, &index, &[]);
        assert_eq!(code, i32::from(findings > 0), "{uses}: {report:#}");
        assert_eq!(count(&report["targets"][0]["findings"]), findings, "{uses}");
        assert_eq!(count(&report["coverage"]["partial"]), gaps, "{uses}: {report:#}");
        assert_eq!(report["coverage"]["complete"], true, "{uses}");
    }
    sandbox.write(
        ".github/workflows/ci.yml",
        workflow("team/changed-files@v45 # at will"),
    );
    let finding = &scan(&sandbox, &index, &[]).1["targets"][0]["findings"][0];
    assert_eq!(finding["package"]["purl"], "pkg:github/team/changed-files@v45");
    assert_eq!((&finding["line"], &finding["column"]), (&6.into(), &34.into()));
}

#[test]
fn a_database_without_actions_judges_all_else() {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "npm.lkdb",
        &[record("GHSA-npm", "npm", "bad", "0", Some("2.0.0"))],
        NOW,
    );
    sandbox.write(".github/workflows/ci.yml", workflow("team/tool@v1.0.0"));
    // Nothing but what the database has nothing of.
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!(code, 3, "{report:#}");
    sandbox.write(
        "package-lock.json",
        r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"good": "1"}}, "node_modules/good": {"version": "1.0.0"}}}"#,
    );
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(count(&report["coverage"]["partial"]), 1, "{report:#}");
    assert_eq!(report["counts"]["checked"], 1, "{report:#}");
    sandbox.write("strict.yml", "coverage: strict\n");
    assert_eq!(scan(&sandbox, &index, &["--policy", "strict.yml"]).0, 3);
}
