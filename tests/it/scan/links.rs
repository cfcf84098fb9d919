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

/// What lies on disk, what is staged and a commit give the same gaps for the same links.
#[test]
fn links_out_are_the_same_gaps_in_commits() {
    let (sandbox, index) = prepared();
    let outside = sandbox.path("outside");
    std::fs::create_dir_all(&outside).expect("a folder");
    std::fs::write(outside.join("Cargo.lock"), cargo_lock(&[("bad", "1.0.0")])).expect("a file");
    sandbox.write("shared/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.write("app/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.write("app/inner/notes.txt", "nothing");
    let absolute = outside.to_string_lossy().into_owned();
    for (target, name) in [
        (absolute.as_str(), "vendor"),
        ("../../outside", "app/up"),
        // By another link, and through one.
        ("up", "app/again"),
        ("../vendor/../outside", "app/through"),
        // To nothing that is here.
        ("/nowhere/at/all", "app/gone"),
        ("../../../nowhere", "app/gone-too"),
        // To a folder of the repository that is none of `app`.
        ("../shared", "app/near"),
        // These lead to no folder outside.
        ("app/inner", "inside"),
        ("inner/notes.txt", "app/notes"),
        ("nothing", "app/broken"),
        ("circle", "app/circle"),
        ("/dev/null", "app/null"),
        ("../Cargo.lock", "app/other"),
    ] {
        link(&sandbox, target, name);
    }
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
    let out = ["again", "gone", "gone-too", "through", "up"];
    let of_app: Vec<String> = out.map(|name| format!("app/{name}")).to_vec();
    let all: Vec<String> = of_app.iter().cloned().chain(["vendor".to_owned()]).collect();
    let near: Vec<String> = ["again", "gone", "gone-too", "near", "through", "up"]
        .map(str::to_owned)
        .to_vec();
    let base: &[&str] = &["--base", "main"];
    for more in [&[][..], &["--staged"], &["--refs", "main"], base] {
        for (path, expected) in [(".", &all), ("app", &near)] {
            let mut arguments = vec!["scan", path, "--db", &index, "--now", NOW, "--format", "json"];
            arguments.extend(more);
            let ran = sandbox.run(&arguments);
            assert_eq!(ran.code, 0, "{path} {more:?} {}", ran.err);
            let report = ran.json();
            let found = gaps(&report, "partial", "a link to a folder outside");
            assert_eq!(&found, expected, "{path} {more:?}");
            let target = &report["targets"][0]["coverage"]["partial"];
            assert_eq!(
                target.as_array().map(Vec::len),
                Some(expected.len()),
                "{path} {more:?}"
            );
        }
    }
    // The policy can leave them out, or ask for all to be looked into.
    for (policy, code) in [
        ("coverage: strict\n", 3),
        ("coverage: strict\nexclude: [\"vendor\", \"app/*\"]\n", 0),
    ] {
        sandbox.write("lockkeeper.yml", policy);
        for more in [&["--staged"][..], &["--refs", "main"]] {
            let mut arguments = vec!["scan", "--db", &index, "--now", NOW];
            arguments.extend(more);
            let ran = sandbox.run(&arguments);
            assert_eq!(ran.code, code, "{policy} {more:?} {} {}", ran.out, ran.err);
        }
    }
}

#[test]
fn a_path_that_was_a_link_in_a_commit_is_blind_there() {
    let (sandbox, index) = prepared();
    sandbox.write("shared/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    link(&sandbox, "shared", "app");
    sandbox.git(&["init", "-q", "-b", "old"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
    sandbox.git(&["checkout", "-qb", "new"]);
    std::fs::remove_file(sandbox.work().join("app")).expect("a link");
    sandbox.write("app/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "two"]);
    let scan = |name: &str| sandbox.run(&["scan", "app", "--db", &index, "--now", NOW, "--refs", name]);
    assert_eq!(scan("new").code, 0);
    let ran = scan("old");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains("app is a symbolic link"), "{}", ran.out);
}

/// A link of which a clone without blobs has no target may lead anywhere.
#[test]
fn a_link_without_its_target_is_a_gap() {
    let (sandbox, index) = prepared();
    link(&sandbox, "inside", "app/link");
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
    let id = sandbox.git(&["rev-parse", "main:app/link"]);
    let (folder, rest) = id.trim().split_at(2);
    let object = sandbox.work().join(".git/objects").join(folder).join(rest);
    std::fs::remove_file(object).expect("an object");
    let ran = sandbox.run(&[
        "scan", "--db", &index, "--now", NOW, "--refs", "main", "--format", "json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        gaps(&ran.json(), "partial", "not known where this link leads"),
        ["app/link"]
    );
}

/// What a reader includes through a link to a folder is read in commits as on disk.
#[test]
fn an_include_behind_a_linked_folder_is_read() {
    let (sandbox, index) = prepared();
    std::fs::remove_file(sandbox.work().join("Cargo.lock")).expect("a file");
    sandbox.write("shared/more.txt", "bad==1.0\n");
    sandbox.write("shared/requirements/extra.txt", "worse==1.0\n");
    link(&sandbox, "../shared", "app/linked");
    sandbox.write(
        "app/requirements.txt",
        "-r linked/more.txt\n-r linked/requirements/extra.txt\n",
    );
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
    for more in [&[][..], &["--staged"], &["--refs", "main"]] {
        let mut arguments = vec!["scan", "app", "--db", &index, "--now", NOW, "--format", "json"];
        arguments.extend(more);
        let report = sandbox.run(&arguments).json();
        assert_eq!(report["counts"]["packages"], 2, "{more:?} {report}");
    }
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

/// A lockfile behind a link is one lockfile, reported at the end of the link, unless the policy decides by the path.
#[test]
fn a_link_to_a_lockfile_is_reported_once_at_its_end() {
    let (sandbox, index) = prepared();
    let with_git = cargo_lock(&[("bad", "1.0.0")]).replace(
        "[[package]]\nname = \"bad\"",
        "[[package]]\nname = \"forked\"\nversion = \"1.0.0\"\nsource = \"git+https://git.example/forked#0123456789012345678901234567890123456789\"\n\n[[package]]\nname = \"bad\"",
    );
    sandbox.write("shared/Cargo.lock", with_git);
    link(&sandbox, "../shared/Cargo.lock", "app/Cargo.lock");
    let listed = |report: &Value| -> Vec<String> {
        let findings = report["targets"][0]["findings"].as_array().expect("findings");
        let file = |finding: &Value| finding["file"].as_str().expect("text").to_owned();
        findings.iter().map(file).collect()
    };
    let report = scan(&sandbox, &index, ".").json();
    assert_eq!(listed(&report), ["shared/Cargo.lock"]);
    assert_eq!(report["counts"]["findings"], 1, "{}", report["counts"]);
    assert_eq!(report["counts"]["unchecked"], 1, "{}", report["counts"]);
    assert_eq!(report["coverage"]["files_read"], 2, "{}", report["coverage"]);
    assert_eq!(gaps(&report, "partial", "git"), ["shared/Cargo.lock"]);
    // Both are listed among the files, alike.
    let files = report["targets"][0]["files"].as_array().expect("files");
    let states: Vec<_> = files.iter().map(|file| file["state"].as_str()).collect();
    assert_eq!(states, [Some("read"), Some("partial"), Some("partial")]);
    let told = sandbox.run(&["scan", "--db", &index, "--now", NOW]).out;
    assert!(told.contains("read 2 lockfiles"), "{told}");
    assert!(
        !told.contains("app/Cargo.lock") && !told.contains("1 more"),
        "{told}"
    );
    // In a folder of the repository, the end is elsewhere.
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
    let report = scan(&sandbox, &index, "app").json();
    assert_eq!(listed(&report), ["Cargo.lock"]);
    // An exception of one path is none of the other.
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: GHSA-bad, reason: test, expires: 2026-12-31, path: \"app/**\"}\n",
    );
    let report = scan(&sandbox, &index, ".").json();
    assert_eq!(listed(&report), ["app/Cargo.lock", "shared/Cargo.lock"]);
    assert_eq!(report["exit_code"], 1);
    std::fs::remove_file(sandbox.work().join("lockkeeper.yml")).expect("a file");
    let sarif = sandbox
        .run(&["scan", "--db", &index, "--now", NOW, "--format", "sarif"])
        .json();
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!((results.len(), place.as_str()), (1, Some("shared/Cargo.lock")));
}
