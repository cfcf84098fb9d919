//! Symbolic links: to folders and files outside of the tree, and to lockfiles inside of it.

#![cfg(unix)]

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("9.0.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    (sandbox, index)
}

fn link(sandbox: &Sandbox, target: &str, name: &str) {
    let name = sandbox.work().join(name);
    std::fs::create_dir_all(name.parent().expect("a folder")).expect("a folder");
    symlink(target, name).expect("a link");
}

fn scan(sandbox: &Sandbox, index: &str, path: &str) -> Ran {
    sandbox.run(&["scan", path, "--db", index, "--now", NOW, "--format", "json"])
}

/// The files of gaps of one kind whose reason holds `reason`.
fn gaps(report: &Value, kind: &str, reason: &str) -> Vec<String> {
    let gaps = report["coverage"][kind].as_array().expect("gaps");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    gaps.iter()
        .filter(|gap| text(&gap["reason"]).contains(reason))
        .map(|gap| text(&gap["file"]))
        .collect()
}

#[test]
fn a_link_to_a_folder_outside_is_a_gap() {
    let (sandbox, index) = prepared();
    let outside = sandbox.path("outside");
    std::fs::create_dir_all(&outside).expect("a folder");
    let lock = cargo_lock(&[("bad", "1.0.0")]);
    std::fs::write(outside.join("Cargo.lock"), &lock).expect("a file");
    std::fs::write(outside.join("notes.txt"), "nothing").expect("a file");
    sandbox.write("inside/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.write("app/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    let absolute = outside.to_string_lossy().into_owned();
    link(&sandbox, &absolute, "vendor");
    link(&sandbox, &absolute, "app/ignored");
    link(&sandbox, "../inside", "app/near");
    // These lead to no folder outside.
    link(&sandbox, "inside", "same");
    link(&sandbox, "nowhere", "broken");
    link(&sandbox, &format!("{absolute}/notes.txt"), "notes");
    link(&sandbox, "circle", "circle");
    let expected = ["app/ignored", "vendor"];
    let ran = scan(&sandbox, &index, ".");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        gaps(&ran.json(), "partial", "a link to a folder outside"),
        expected
    );
    // In git as well, but for what is ignored.
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write(".gitignore", "ignored\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
    let ran = scan(&sandbox, &index, ".");
    assert_eq!(
        gaps(&ran.json(), "partial", "a link to a folder outside"),
        ["vendor"]
    );
    // What lies in the repository is outside of a folder of it.
    let ran = scan(&sandbox, &index, "app");
    assert_eq!(
        gaps(&ran.json(), "partial", "a link to a folder outside"),
        ["near"]
    );
    sandbox.write("lockkeeper.yml", "coverage: strict\n");
    sandbox.git(&["add", "-A"]);
    assert_eq!(scan(&sandbox, &index, ".").code, 3);
    sandbox.write("lockkeeper.yml", "coverage: strict\nexclude: [\"vendor\"]\n");
    assert_eq!(scan(&sandbox, &index, ".").code, 0);
}

#[test]
fn a_lockfile_that_is_a_link_to_outside_is_blind() {
    let (sandbox, index) = prepared();
    let outside = sandbox.path("elsewhere");
    std::fs::create_dir_all(&outside).expect("a folder");
    std::fs::write(outside.join("Cargo.lock"), cargo_lock(&[("bad", "1.0.0")])).expect("a file");
    let file = outside.join("Cargo.lock").to_string_lossy().into_owned();
    sandbox.git(&["init", "-q", "-b", "main"]);
    for (target, is_tracked) in [(file.as_str(), false), (file.as_str(), true), ("nowhere", true)] {
        let _ = std::fs::remove_file(sandbox.work().join("app/Cargo.lock"));
        link(&sandbox, target, "app/Cargo.lock");
        if is_tracked {
            sandbox.git(&["add", "-A"]);
            sandbox.git(&["commit", "-qm", "link", "--allow-empty"]);
        }
        let taken: &[&[&str]] = match is_tracked {
            true => &[&[], &["--staged"], &["--refs", "main"]],
            false => &[&[]],
        };
        for more in taken {
            let mut arguments = vec!["scan", "--db", &index, "--now", NOW, "--format", "json"];
            arguments.extend(*more);
            let ran = sandbox.run(&arguments);
            assert_eq!(ran.code, 3, "{target} {more:?} {}", ran.out);
            assert_eq!(
                gaps(&ran.json(), "blind", ""),
                ["app/Cargo.lock"],
                "{target} {more:?}"
            );
        }
    }
}

/// JSON lists a lockfile under each of its paths, since each is the lockfile of its folder; SARIF has it once, at its end.
#[test]
fn json_lists_a_link_and_its_end_and_sarif_the_end() {
    let (sandbox, index) = prepared();
    sandbox.write("shared/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    link(&sandbox, "../shared/Cargo.lock", "app/Cargo.lock");
    let report = scan(&sandbox, &index, ".").json();
    let files = report["targets"][0]["findings"].as_array().expect("findings");
    let files: Vec<_> = files
        .iter()
        .map(|finding| finding["file"].as_str().expect("text"))
        .collect();
    assert_eq!(files, ["app/Cargo.lock", "shared/Cargo.lock"]);
    assert_eq!(
        report["counts"]["packages"], 2,
        "distinct packages: {}",
        report["counts"]
    );
    let sarif = sandbox
        .run(&["scan", "--db", &index, "--now", NOW, "--format", "sarif"])
        .json();
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!((results.len(), place.as_str()), (1, Some("shared/Cargo.lock")));
}
