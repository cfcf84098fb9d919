//! Lockfiles that are kept in Git LFS: pointers in commits, and the files that the clone has of them.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("9.0.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    (sandbox, index)
}

fn oid(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What `git lfs` puts into commits.
fn pointer(text: &str) -> String {
    format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
        oid(text),
        text.len()
    )
}

/// What `git lfs fetch` writes for the file `text`, here with the bytes of `held`.
fn fetch(sandbox: &Sandbox, text: &str, held: &str) {
    let oid = oid(text);
    sandbox.write(
        &format!(".git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]),
        held,
    );
}

fn commit(sandbox: &Sandbox, name: &str) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&[
        "commit",
        "-q",
        "--allow-empty",
        "--date=2026-01-20T00:00:00Z",
        "-m",
        name,
    ]);
}

/// The code, the changes of the findings, and the reasons of blind spots.
fn scanned(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> (i32, Vec<String>, Vec<String>) {
    let mut all = vec!["scan", "--db", index, "--now", NOW, "--format", "json"];
    all.extend(arguments);
    let ran = sandbox.run(&all);
    let report = ran.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let blind = report["coverage"]["blind"].as_array().expect("gaps");
    (
        ran.code,
        findings.iter().map(|finding| text(&finding["change"])).collect(),
        blind.iter().map(|gap| text(&gap["reason"])).collect(),
    )
}

/// The work tree has the file, since the clone was made with git-lfs; the commits have a pointer.
#[test]
fn what_a_pointer_of_the_base_stood_for_is_not_introduced() {
    let (sandbox, index) = prepared();
    let old = cargo_lock(&[("bad", "1.0.0")]);
    sandbox.write("Cargo.lock", pointer(&old));
    commit(&sandbox, "one");
    sandbox.git(&["checkout", "-q", "-b", "change"]);
    for new in [old.clone(), cargo_lock(&[("bad", "1.0.0"), ("good", "1.0.0")])] {
        sandbox.write("Cargo.lock", &new);
        let (code, changes, blind) = scanned(&sandbox, &index, &["--base", "main"]);
        assert_eq!((code, changes), (3, vec!["unknown".to_owned()]), "{blind:?}");
        assert!(
            blind.len() == 1 && blind[0].contains("pointer of Git LFS"),
            "{blind:?}"
        );
        // Another file under that name is none of it.
        fetch(&sandbox, &old, &old.replace("bad", "god"));
        assert_eq!(scanned(&sandbox, &index, &["--base", "main"]).0, 3);
        // What was fetched is compared.
        fetch(&sandbox, &old, &old);
        let (code, changes, blind) = scanned(&sandbox, &index, &["--base", "main"]);
        assert_eq!(
            (code, changes, blind),
            (0, vec!["pre_existing".to_owned()], vec![])
        );
        std::fs::remove_dir_all(sandbox.work().join(".git/lfs")).expect("removed");
    }
    // And what comes beside it is introduced.
    fetch(&sandbox, &old, &old);
    sandbox.write("other/Cargo.lock", &old);
    let (code, mut changes, _) = scanned(&sandbox, &index, &["--base", "main"]);
    changes.sort();
    assert_eq!(
        (code, changes),
        (1, vec!["introduced".to_owned(), "pre_existing".to_owned()])
    );
}

#[test]
fn a_pointer_without_its_file_is_blind_wherever_it_is_read() {
    let (sandbox, index) = prepared();
    let lock = cargo_lock(&[("bad", "1.0.0")]);
    sandbox.write("Cargo.lock", pointer(&lock));
    commit(&sandbox, "one");
    for taken in [&[][..], &["--staged"], &["--refs", "main"], &["--base", "HEAD"]] {
        let (code, changes, blind) = scanned(&sandbox, &index, taken);
        assert_eq!(
            (code, changes.len(), blind.len()),
            (3, 0, 1),
            "{taken:?} {blind:?}"
        );
        assert!(blind[0].contains("pointer of Git LFS"), "{blind:?}");
    }
    // In commits and in what is staged the file counts as soon as the clone has it; on disk lies a pointer still.
    fetch(&sandbox, &lock, &lock);
    for taken in [&["--staged"][..], &["--refs", "main"]] {
        let (code, changes, blind) = scanned(&sandbox, &index, taken);
        assert_eq!((code, changes.len(), blind), (1, 1, vec![]), "{taken:?}");
    }
    assert_eq!(scanned(&sandbox, &index, &[]).0, 3);
    // A pointer that is none leads nowhere.
    for text in [
        pointer(&lock).replace("sha256:", "sha256:../../"),
        pointer(&lock).replace("size ", "size 1"),
        "version https://git-lfs.github.com/spec/v1\n".to_owned(),
    ] {
        sandbox.write("Cargo.lock", &text);
        sandbox.git(&["add", "-A"]);
        assert_eq!(scanned(&sandbox, &index, &["--staged"]).0, 3, "{text}");
    }
}

#[test]
fn a_file_that_is_what_its_pointer_says_is_no_change_of_the_work_tree() {
    let (sandbox, index) = prepared();
    let lock = cargo_lock(&[("good", "1.0.0")]);
    sandbox.write("Cargo.lock", pointer(&lock));
    commit(&sandbox, "one");
    for (text, dirty) in [(lock.clone(), false), (cargo_lock(&[("good", "2.0.0")]), true)] {
        sandbox.write("Cargo.lock", &text);
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
        assert_eq!(ran.json()["targets"][0]["dirty"], dirty);
    }
}
