//! The history of a lockfile that is kept in Git LFS: what the clone has of it is read, and what it lacks is told.

use sha2::{Digest as _, Sha256};

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// The object id of `text`, as Git LFS counts it.
fn oid(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Commits a pointer to `text`, with the file behind it if `is_held`.
fn commit(sandbox: &Sandbox, text: &str, is_held: bool) {
    let oid = oid(text);
    sandbox.write(
        "Cargo.lock",
        format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n",
            text.len()
        ),
    );
    if is_held {
        sandbox.write(
            &format!(".git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]),
            text,
        );
    }
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
}

#[test]
fn files_behind_pointers_are_the_history() {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("9.0.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    let [old, new] = ["1.0.0", "9.0.0"].map(|version| cargo_lock(&[("bad", version)]));
    commit(&sandbox, &old, true);
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    commit(&sandbox, &new, true);
    let second = sandbox.git(&["rev-parse", "HEAD"]);
    let history = || {
        let report = sandbox
            .run(&[
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
            ])
            .json();
        (report["history"].clone(), report["warnings"].to_string())
    };
    let (held, warnings) = history();
    assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
    assert_eq!(held[0]["introduced_by"], first.trim());
    assert_eq!(held[0]["removed_by"], second.trim());
    assert!(!warnings.contains("cannot be read"), "{warnings}");
    // A version that the clone lacks may have held anything.
    commit(&sandbox, &cargo_lock(&[("bad", "2.0.0")]), false);
    let (held, warnings) = history();
    assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
    assert!(
        warnings.contains("a Cargo.lock that cannot be read in whole"),
        "{warnings}"
    );
}
