//! Packages that no advisories speak of, and files with packages of several ecosystems.

use serde_json::Value;

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

const NPM_LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"good": "1"}}, "node_modules/good": {"version": "1.0.0"}}}"#;

fn scan(sandbox: &Sandbox, index: &str, more: &[&str]) -> (i32, Value) {
    let arguments = ["scan", "--db", index, "--now", NOW, "--format", "json"];
    let ran = sandbox.run(&[&arguments[..], more].concat());
    (ran.code, ran.json())
}

fn count(value: &Value) -> usize {
    value.as_array().expect("a list").len()
}

fn npm(sandbox: &Sandbox) -> String {
    sandbox.index(
        "npm.lkdb",
        &[record("GHSA-npm", "npm", "bad", "0", Some("2.0.0"))],
        NOW,
    )
}

#[test]
fn what_has_no_advisories_blocks_nothing_and_is_said() {
    let sandbox = Sandbox::new();
    let index = npm(&sandbox);
    let flake = r#"{"nodes": {"nixpkgs": {"locked": {"type": "github", "owner": "o", "repo": "r", "rev": "c0ffee"}}, "root": {"inputs": {"nixpkgs": "nixpkgs"}}}, "root": "root", "version": 7}"#;
    sandbox.write("flake.lock", flake);
    // Nothing but what cannot be checked.
    assert_eq!(scan(&sandbox, &index, &[]).0, 3);
    sandbox.write("package-lock.json", NPM_LOCK);
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!(code, 0, "{report:#}");
    let partial = &report["coverage"]["partial"];
    assert_eq!(
        (count(partial), &partial[0]["file"]),
        (1, &"flake.lock".into()),
        "{report:#}"
    );
    assert_eq!(report["counts"]["unchecked"], 1, "{report:#}");
    sandbox.write("strict.yml", "coverage: strict\nexclude: [flake.lock]\n");
    assert_eq!(scan(&sandbox, &index, &["--policy", "strict.yml"]).0, 0);
}

#[test]
fn packages_of_one_name_in_two_ecosystems_are_two() {
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-mrrh-fwg8-r2c3", "PyPI", "bad", "0", Some("2.0.0")),
        record("GHSA-npm", "npm", "other", "0", Some("2.0.0")),
    ];
    let index = sandbox.index("both.lkdb", &records, NOW);
    sandbox.write(
        "bom.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
            {"type": "library", "name": "bad", "version": "1.0.0", "purl": "pkg:npm/bad@1.0.0"},
            {"type": "library", "name": "bad", "version": "1.0.0", "purl": "pkg:pypi/bad@1.0.0"}]}"#,
    );
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!(code, 1, "{report:#}");
    let findings = &report["targets"][0]["findings"];
    assert_eq!(
        (count(findings), &findings[0]["package"]["ecosystem"]),
        (1, &"PyPI".into())
    );
}

#[test]
fn what_hooks_are_installed_with_is_checked_where_the_database_has_it() {
    let sandbox = Sandbox::new();
    let hooks = "repos:\n- repo: https://git.example/hooks/style\n  rev: v1.0\n  hooks:\n  - id: style\n    additional_dependencies: [bad==1.0.0]\n";
    sandbox.write(".pre-commit-config.yaml", hooks);
    sandbox.write("package-lock.json", NPM_LOCK);
    let (code, report) = scan(&sandbox, &npm(&sandbox), &[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(count(&report["coverage"]["partial"]), 2, "{report:#}");
    let records = [
        record("GHSA-mrrh-fwg8-r2c3", "PyPI", "bad", "0", Some("2.0.0")),
        record("GHSA-npm", "npm", "other", "0", Some("2.0.0")),
    ];
    let both = sandbox.index("both.lkdb", &records, NOW);
    let (code, report) = scan(&sandbox, &both, &[]);
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(report["targets"][0]["findings"][0]["line"], 6);
}

#[test]
fn a_submodule_is_listed_at_its_commit() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q"]);
    sandbox.write("package-lock.json", NPM_LOCK);
    sandbox.write(
        ".gitmodules",
        "[submodule \"a\"]\n\tpath = lib/a\n\turl = https://git.example/a.git\n",
    );
    let commit = "1234567890123456789012345678901234567890";
    sandbox.git(&["add", "."]);
    sandbox.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{commit},lib/a"),
    ]);
    sandbox.git(&["commit", "-qm", "one"]);
    let listed = |more: &[&str]| {
        let arguments = ["packages", "--format", "json"];
        let listed = sandbox.run(&[&arguments[..], more].concat()).json();
        let files = listed["files"].as_array().expect("a list").clone();
        let file = files
            .iter()
            .find(|file| file["path"] == ".gitmodules")
            .expect("the file")
            .clone();
        file["packages"].clone()
    };
    let packages = listed(&[]);
    assert_eq!(count(&packages), 1, "{packages:#}");
    assert_eq!(packages[0]["version"], commit, "{packages:#}");
    assert_eq!(packages[0]["name"], "git.example/a", "{packages:#}");
    let index = npm(&sandbox);
    assert_eq!(scan(&sandbox, &index, &[]).0, 0);
    assert_eq!(scan(&sandbox, &index, &["--staged"]).0, 0);
    // Read from the commit, of which nothing is on disk.
    let (code, report) = scan(&sandbox, &index, &["--refs", "*"]);
    assert_eq!(code, 0, "{report:#}");
    let reasons = report["coverage"]["partial"].to_string();
    assert!(!reasons.contains("which commit"), "{reasons}");
}
