//! Lockfiles that are symbolic links, in the history of a line.

#![cfg(unix)]

use std::os::unix::fs::symlink;

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// The warnings and the packages of a line whose `app/package-lock.json` leads to `target`.
fn history(target: &str) -> (String, String) {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-reed", "npm", "reed", "0", Some("9"))],
        NOW,
    );
    sandbox.git(&["init", "-q", "-b", "main"]);
    let locked = serde_json::json!({"lockfileVersion": 3, "packages": {"": {"name": "app"},
        "node_modules/reed": {"version": "1.0.0"}}});
    sandbox.write(target, locked.to_string());
    sandbox.write("app/README", "the lockfile lies elsewhere\n");
    symlink(
        format!("../{target}"),
        sandbox.work().join("app/package-lock.json"),
    )
    .expect("a link");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "link"]);
    let ran = sandbox.run(&[
        "status",
        "--history",
        "--refs",
        "main",
        "--db",
        &index,
        "--now",
        NOW,
        "--format",
        "json",
    ]);
    let report = ran.json();
    (report["warnings"].to_string(), report["history"].to_string())
}

#[test]
fn a_link_to_a_lockfile_is_read_where_it_leads() {
    let (warnings, history) = history("web/package-lock.json");
    assert!(!warnings.contains("cannot be read"), "{warnings}");
    assert!(history.contains("pkg:npm/reed@1.0.0"), "{history}");
}

#[test]
fn a_link_to_what_is_called_otherwise_is_told() {
    let (warnings, _) = history("data/locked.json");
    assert!(
        warnings.contains("a app/package-lock.json that cannot be read in whole"),
        "{warnings}"
    );
}
