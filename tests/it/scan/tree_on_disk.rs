//! What lies on disk is what is scanned: no repository that somebody committed replaces it, no rule of one repository hides
//! what another one tracks, and no pipe holds the program up. Git itself makes every repository.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// An index that knows `bad`, and nothing of `good`.
fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-bad", "crates.io", "bad", "0", Some("9.0.0"))],
        NOW,
    );
    (sandbox, index)
}

fn bad() -> String {
    cargo_lock(&[("bad", "1.0.0")])
}

fn good() -> String {
    cargo_lock(&[("good", "1.0.0")])
}

fn scan(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan", "--db", index, "--now", NOW, "--format", "json"];
    all.extend(arguments);
    sandbox.run(&all)
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A", "-f"]);
    git(folder, &["commit", "-qm", "x"]);
}

/// The files of the first target, each with its packages.
fn files(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let files = report["targets"][0]["files"].as_array().expect("files");
    files
        .iter()
        .map(|file| file["path"].as_str().expect("a path").to_owned())
        .filter(|path| !path.ends_with(".gitmodules"))
        .collect()
}

/// Puts the files of a bare repository with a clean commit into `folder`.
fn mask(sandbox: &Sandbox, folder: &Path) {
    let source = sandbox.path("mask");
    std::fs::create_dir_all(&source).expect("a folder");
    git(&source, &["init", "-q"]);
    std::fs::write(source.join("Cargo.lock"), good()).expect("a file");
    commit(&source);
    let bare = sandbox.path("mask.git");
    let (from, to) = (source.display().to_string(), bare.display().to_string());
    git(&source, &["clone", "-q", "--bare", &from, &to]);
    git(&bare, &["pack-refs", "--all"]);
    copy(&bare, folder);
    // Git keeps no empty folder.
    std::fs::write(folder.join("refs/.keep"), "").expect("a file");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[test]
fn a_bare_repository_in_a_work_tree_replaces_nothing() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    sandbox.write("app/Cargo.lock", bad());
    sandbox.write("app/deep/er/Cargo.lock", bad());
    mask(&sandbox, &sandbox.work().join("app"));
    commit(&sandbox.work());
    for path in [".", "app", "app/deep", "app/deep/er", "app/Cargo.lock"] {
        let ran = scan(&sandbox, &index, &[path]);
        assert_eq!(ran.code, 1, "{path}: {}{}", ran.out, ran.err);
        assert_ne!(ran.json()["targets"][0]["ref"], serde_json::Value::Null, "{path}");
    }
    // Refs and releases are those of the repository around it.
    let refs = sandbox.run(&["refs", "app", "--now", NOW, "--format", "json"]);
    let tip = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(refs.json()["refs"][0]["commit"], tip.trim());
    let gate = sandbox.run(&["gate", "app", "--release", "HEAD", "--db", &index, "--now", NOW]);
    assert_eq!(gate.code, 1, "{}{}", gate.out, gate.err);
    let status = sandbox.run(&["status", "app", "--db", &index, "--now", NOW, "--format", "json"]);
    assert_eq!(status.json()["rows"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_only_looks_like_a_bare_repository_is_a_folder() {
    // Without any `.git` above, as an archive is unpacked.
    let (sandbox, index) = prepared();
    sandbox.write("app/Cargo.lock", bad());
    sandbox.write("app/sub/Cargo.lock", bad());
    mask(&sandbox, &sandbox.work().join("app"));
    for path in ["app", "app/sub", "app/Cargo.lock", "app/sub/Cargo.lock"] {
        let ran = scan(&sandbox, &index, &[path]);
        assert_eq!(ran.code, 1, "{path}: {}{}", ran.out, ran.err);
    }
    // Nor is one that says of itself that it has a work tree elsewhere.
    sandbox.write("clean/Cargo.lock", good());
    let config = sandbox.work().join("app/config");
    std::fs::write(&config, "[core]\n\tbare = false\n\tworktree = ../clean\n").expect("a file");
    for path in ["app/sub", "app/Cargo.lock"] {
        assert_eq!(scan(&sandbox, &index, &[path]).code, 1, "{path}");
    }
    assert_ne!(scan(&sandbox, &index, &["app"]).code, 0);
}

#[test]
fn a_bare_repository_that_is_asked_for_is_read() {
    let (sandbox, index) = prepared();
    let bare = sandbox.work().join("app.git");
    mask(&sandbox, &bare);
    let ran = scan(&sandbox, &index, &["app.git"]);
    assert_eq!(
        (ran.code, files(&ran)),
        (0, vec!["Cargo.lock".to_owned()]),
        "{}",
        ran.err
    );
    // Below the top of a work tree it is files like others.
    sandbox.git(&["init", "-q"]);
    assert_eq!(scan(&sandbox, &index, &["app.git"]).code, 4);
}

#[test]
fn a_pointer_to_nowhere_hides_nothing() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", good());
    commit(&sandbox.work());
    sandbox.write("sub/Cargo.lock", bad());
    sandbox.write("sub/.gitignore", "Cargo.lock\n");
    sandbox.write("sub/.git", "gitdir: ../nowhere\n");
    let ran = scan(&sandbox, &index, &["."]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(files(&ran), ["Cargo.lock", "sub/Cargo.lock"]);
    // Asked for by itself, nobody knows what is tracked there.
    assert_eq!(scan(&sandbox, &index, &["sub"]).code, 3);
}

#[test]
fn a_work_tree_elsewhere_is_an_answer_and_no_scan() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", bad());
    commit(&sandbox.work());
    let other = sandbox.path("other");
    std::fs::create_dir(&other).expect("a folder");
    sandbox.git(&["config", "core.worktree", &other.display().to_string()]);
    let ran = scan(&sandbox, &index, &["."]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("core.worktree"), "{}", ran.err);
}

/// A submodule at `third_party/s` of the work folder.
fn with_submodule(sandbox: &Sandbox, its_ignored: &str) {
    let source = sandbox.path("s");
    std::fs::create_dir_all(&source).expect("a folder");
    git(&source, &["init", "-q"]);
    std::fs::write(source.join("Cargo.lock"), bad()).expect("a file");
    std::fs::write(source.join(".gitignore"), its_ignored).expect("a file");
    commit(&source);
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", good());
    let from = source.display().to_string();
    let allowed = "protocol.file.allow=always";
    sandbox.git(&[
        "-c",
        allowed,
        "submodule",
        "--quiet",
        "add",
        &from,
        "third_party/s",
    ]);
    commit(&sandbox.work());
}

#[test]
fn a_submodule_decides_for_itself_what_is_ignored() {
    for (theirs, ours) in [
        ("", ""),
        ("", "third_party/\n"),
        ("", "third_party/s\n"),
        ("", "*\n"),
        ("Cargo.lock\n", ""),
        ("*\n", "*.lock\n"),
    ] {
        let (sandbox, index) = prepared();
        with_submodule(&sandbox, theirs);
        sandbox.write(".gitignore", ours);
        let ran = scan(&sandbox, &index, &["."]);
        assert_eq!(ran.code, 1, "{theirs:?} {ours:?}: {}{}", ran.out, ran.err);
        let expected = ["Cargo.lock", "third_party/s/Cargo.lock"];
        assert_eq!(files(&ran), expected, "{theirs:?} {ours:?}");
        // What it tracks and lacks on disk is read from its own objects.
        std::fs::remove_file(sandbox.work().join("third_party/s/Cargo.lock")).expect("a file");
        assert_eq!(scan(&sandbox, &index, &["."]).code, 1, "{theirs:?} {ours:?}");
    }
}

#[test]
fn a_nested_repository_decides_for_itself_what_is_ignored() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", good());
    sandbox.write("tools/x/Cargo.lock", bad());
    sandbox.write("tools/x/.gitignore", "*.lock\n");
    let nested = sandbox.work().join("tools/x");
    git(&nested, &["init", "-q"]);
    // Not tracked there, so ignored there.
    assert_eq!(scan(&sandbox, &index, &["."]).code, 0);
    commit(&nested);
    for ignored in ["", "tools/\n", "tools/x/\n", "Cargo.lock\n"] {
        sandbox.write(".gitignore", ignored);
        let ran = scan(&sandbox, &index, &["."]);
        assert_eq!(ran.code, 1, "{ignored:?}: {}{}", ran.out, ran.err);
    }
    // Rules of the outer one are none of the inner one's.
    std::fs::remove_file(nested.join(".gitignore")).expect("a file");
    git(&nested, &["rm", "-q", "--cached", "Cargo.lock"]);
    sandbox.write(".gitignore", "Cargo.lock\n");
    assert_eq!(scan(&sandbox, &index, &["."]).code, 1);
}

#[test]
fn rules_are_those_of_git() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    for (path, text) in [
        (".gitignore", "/a/\nb/\n!b/kept/\nc/*\n!c/kept/\n"),
        ("c/.gitignore", "deep/Cargo.lock\n"),
        ("d/.gitignore", "*\n!*.lock\n"),
    ] {
        sandbox.write(path, text);
    }
    let paths = [
        "a/Cargo.lock",
        "x/a/Cargo.lock",
        "b/Cargo.lock",
        "b/kept/Cargo.lock",
        "c/Cargo.lock",
        "c/kept/Cargo.lock",
        "c/kept/deep/Cargo.lock",
        "d/Cargo.lock",
        "d/e/Cargo.lock",
        "excluded/Cargo.lock",
    ];
    for path in paths {
        sandbox.write(path, good());
    }
    let exclude = sandbox.work().join(".git/info/exclude");
    std::fs::write(exclude, "excluded\n").expect("a file");
    let others = sandbox.git(&["ls-files", "--others", "--exclude-standard", "*Cargo.lock"]);
    let ran = scan(&sandbox, &index, &["."]);
    let mut expected: Vec<&str> = others.lines().collect();
    expected.sort_unstable();
    assert_eq!(files(&ran), expected);
    assert!(expected.contains(&"d/Cargo.lock") && !expected.contains(&"a/Cargo.lock"));
    // From a folder below, the rules above it count too.
    let ran = scan(&sandbox, &index, &["c"]);
    let below: Vec<&str> = expected
        .iter()
        .filter_map(|path| path.strip_prefix("c/"))
        .collect();
    assert_eq!(files(&ran), below);
}

#[test]
fn a_submodule_that_cannot_be_looked_into_is_a_gap() {
    let (sandbox, index) = prepared();
    with_submodule(&sandbox, "");
    let gaps = |ran: &Ran| {
        let partial = ran.json()["coverage"]["partial"].clone();
        let partial = partial.as_array().expect("gaps").clone();
        let paths = partial
            .iter()
            .map(|gap| gap["file"].as_str().expect("a file").to_owned());
        paths.filter(|path| path != ".gitmodules").collect::<Vec<_>>()
    };
    let ran = scan(&sandbox, &index, &["--refs", "*"]);
    assert_eq!(
        (ran.code, gaps(&ran)),
        (0, vec!["third_party/s".to_owned()]),
        "{}",
        ran.err
    );
    let clone = sandbox.path("clone");
    let (from, to) = (sandbox.work().display().to_string(), clone.display().to_string());
    sandbox.git(&["clone", "-q", &from, &to]);
    for _ in 0..2 {
        let ran = scan(&sandbox, &index, &[&to]);
        assert_eq!(
            (ran.code, gaps(&ran)),
            (0, vec!["third_party/s".to_owned()]),
            "{}",
            ran.err
        );
        // Its empty folder may be gone as well.
        let _ = std::fs::remove_dir_all(clone.join("third_party"));
    }
    sandbox.write(
        "lockkeeper.yml",
        "schema: lockkeeper.policy/1\ncoverage: strict\n",
    );
    assert_eq!(scan(&sandbox, &index, &["--refs", "*"]).code, 3);
}

#[test]
fn what_is_only_meant_to_be_added_is_not_staged() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", good());
    commit(&sandbox.work());
    sandbox.write("web/Cargo.lock", bad());
    sandbox.git(&["add", "-N", "web/Cargo.lock"]);
    let written = sandbox.git(&["write-tree"]);
    let listed = sandbox.git(&["ls-tree", "-r", "--name-only", written.trim()]);
    let staged = scan(&sandbox, &index, &["--staged", "--base", "HEAD"]);
    assert_eq!(staged.code, 0, "{}{}", staged.out, staged.err);
    assert_eq!(files(&staged), listed.lines().collect::<Vec<_>>());
    // On disk it is there, and counts.
    assert_eq!(scan(&sandbox, &index, &["."]).code, 1);
    std::fs::remove_file(sandbox.work().join("web/Cargo.lock")).expect("a file");
    assert_eq!(scan(&sandbox, &index, &["."]).code, 0);
    sandbox.write("web/Cargo.lock", bad());
    sandbox.git(&["add", "web/Cargo.lock"]);
    assert_eq!(scan(&sandbox, &index, &["--staged"]).code, 1);
}

#[cfg(unix)]
#[test]
fn no_pipe_holds_the_program_up() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", bad());
    sandbox.write("sub/Cargo.lock", bad());
    commit(&sandbox.work());
    sandbox.git(&["pack-refs", "--all"]);
    for (place, code) in [
        (".gitignore", 1),
        ("sub/.gitignore", 1),
        (".git/info/exclude", 3),
        (".git/index", 3),
        (".git/packed-refs", 3),
        (".git/objects/info/alternates", 3),
        (".git/config", 3),
        (".git/HEAD", 3),
        ("sub/.git", 1),
    ] {
        let path = sandbox.work().join(place);
        let kept = std::fs::read(&path).ok();
        let _ = std::fs::remove_file(&path);
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success(), "{place}");
        let begun = Instant::now();
        let mut child = sandbox
            .command(&["scan", ".", "--db", &index, "--now", NOW, "--output", "/dev/null"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the program starts");
        let end = loop {
            if let Some(end) = child.try_wait().expect("a child") {
                break end;
            }
            if begun.elapsed() > Duration::from_secs(20) {
                child.kill().expect("a child");
                panic!("{place}: it hangs");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(end.code(), Some(code), "{place}");
        std::fs::remove_file(&path).expect("a pipe");
        if let Some(kept) = kept {
            std::fs::write(&path, kept).expect("a file");
        }
    }
    assert_eq!(scan(&sandbox, &index, &["."]).code, 1);
}

#[cfg(unix)]
#[test]
fn what_root_makes_belongs_to_the_owner_of_the_folder() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", bad());
    let work = sandbox.work();
    if chown(&work, Some(1001), Some(1001)).is_err() {
        eprintln!("skipped: only root can give folders away");
        return;
    }
    let out = work.join("out/of/report.json");
    let ran = scan(&sandbox, &index, &["--output", &out.display().to_string()]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for made in ["out", "out/of", "out/of/report.json"] {
        let metadata = std::fs::metadata(work.join(made)).expect(made);
        assert_eq!((metadata.uid(), metadata.gid()), (1001, 1001), "{made}");
    }
    // Beside root's own files nothing is given away.
    let own = sandbox.path("own/report.json");
    scan(&sandbox, &index, &["--output", &own.display().to_string()]);
    assert_eq!(std::fs::metadata(own).expect("a report").uid(), 0);
}
