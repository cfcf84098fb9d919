//! The hooks for pre-commit: when they run, what they run, and that what they run holds a commit back.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser as _;
use lockkeeper::cli::arguments::{Arguments, Command as Chosen};
use lockkeeper::lockfile::{self, Claim, FORMATS, unsupported};
use lockkeeper::model::TreePath;
use regex::Regex;
use serde::Deserialize;

use crate::architecture::{read, root};
use crate::support::program::{Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hook {
    id: String,
    name: String,
    description: String,
    entry: String,
    language: String,
    files: Option<String>,
    always_run: Option<bool>,
    pass_filenames: bool,
    stages: Vec<String>,
    minimum_pre_commit_version: String,
}

impl Hook {
    /// The words of the entry, as the hook's runner splits them.
    fn words(&self) -> Vec<&str> {
        self.entry.split_whitespace().collect()
    }
}

fn hooks() -> Vec<Hook> {
    serde_yaml::from_str(&read(".pre-commit-hooks.yaml")).expect("hooks")
}

#[test]
fn hooks_are_whole_and_their_entries_parse() {
    let hooks = hooks();
    let ids: Vec<&str> = hooks.iter().map(|hook| hook.id.as_str()).collect();
    assert_eq!(ids, ["lockkeeper", "lockkeeper-update"]);
    for hook in &hooks {
        assert_eq!(hook.language, "rust", "{}", hook.id);
        assert!(
            !hook.name.is_empty() && hook.description.ends_with('.'),
            "{}",
            hook.id
        );
        // A whole tree is judged; files of a change alone would not do.
        assert!(!hook.pass_filenames, "{}", hook.id);
        assert_eq!(
            hook.minimum_pre_commit_version, "3.2.0",
            "the first with these names of stages"
        );
        assert_eq!(hook.files.is_none(), hook.always_run == Some(true), "{}", hook.id);
        let parsed =
            Arguments::try_parse_from(hook.words()).unwrap_or_else(|error| panic!("{}: {error}", hook.id));
        match (hook.id.as_str(), parsed.command) {
            ("lockkeeper", Chosen::Scan(scan)) => {
                assert!(scan.staged && scan.base.as_deref() == Some("HEAD") && scan.input.paths.is_empty());
                assert_eq!(hook.stages, ["pre-commit", "manual"]);
            }
            ("lockkeeper-update", Chosen::Db(_)) => assert_eq!(hook.stages, ["manual"]),
            (id, command) => panic!("{id}: {command:?}"),
        }
        // Flags that somebody adds in `args` come last.
        let further = hook.words().into_iter().chain(["--offline", "-v"]);
        assert!(Arguments::try_parse_from(further).is_ok(), "{}", hook.id);
    }
}

#[test]
fn the_hook_runs_for_every_lockfile_that_is_read() {
    let files = hooks().into_iter().find_map(|hook| hook.files).expect("a regexp");
    let names = FORMATS.iter().flat_map(|format| format.file_names());
    let names: Vec<String> = names
        .map(|name| name.replace('.', r"\.").replace('*', "[^/]+"))
        .collect();
    let written: String = files.split_whitespace().collect();
    assert_eq!(written, format!("(?xi)(^|/)({})$", names.join("|")));
    let files = Regex::new(&files).expect("a regexp");
    for format in FORMATS {
        let mut claimed = 0_usize;
        for path in ["", "a/", "a b/ü/"].map(|folder| format!("{folder}{}", format.name())) {
            // The best-known file of a format gives it its name, but where a folder or an ending does.
            let is_claimed = TreePath::new(path.as_str()).is_some_and(|path| format.claims(&path));
            assert_eq!(is_claimed, files.is_match(&path), "{path}");
        }
        let module = root().join("tests/fixtures/lockfile");
        for path in paths(&module) {
            let claims = TreePath::new(path.as_str()).is_some_and(|path| format.claims(&path));
            claimed += usize::from(claims);
            assert!(!claims || files.is_match(&path), "{path}");
        }
        // What only another file leads to is no name that the hook could ask for.
        let has_names = !format.file_names().is_empty();
        assert_eq!(claimed > 0, has_names, "{} has no fixture", format.name());
    }
    for path in [
        "a/npm-shrinkwrap.json",
        "tools/x.py.lock",
        "Requirements.TXT",
        "dev-requirements.txt",
        "requirements/base.txt",
        "app.requirements.prod.txt",
        "requirements-dev.lock",
        "Go.mod",
    ] {
        let claimed = TreePath::new(path).map(|path| lockfile::claim(&path));
        assert!(
            matches!(claimed, Some(Claim::Read(_))) && files.is_match(path),
            "{path}"
        );
    }
    // What nobody reads starts nothing.
    let unread = unsupported::ROWS.iter().map(|row| row.file_name);
    for path in unread.chain([
        "README.md",
        "Cargo.toml",
        "src/Cargo.lock.rs",
        "xCargo.lock",
        "Cargo.lock/x",
        "go.sum",
        "notes.txt",
        "py.lock",
    ]) {
        assert!(!files.is_match(path), "{path}");
    }
}

/// Every file below `folder`, from there.
fn paths(folder: &Path) -> Vec<String> {
    let mut folders = vec![PathBuf::from(folder)];
    let mut paths = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder).expect("below");
                paths.extend(path.to_str().map(str::to_owned));
            }
        }
    }
    paths
}

/// Tries to commit, with a hook of git that runs the entry.
fn commit(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    Command::new("git")
        .args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(["commit", "-qm", "Change"])
        .args(arguments)
        .current_dir(sandbox.work())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git is installed")
}

#[test]
fn the_hook_judges_what_will_be_committed() {
    let sandbox = Sandbox::new();
    let records =
        ["old", "new"].map(|name| record(&format!("GHSA-{name}"), "crates.io", name, "0", Some("9.0.0")));
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
    sandbox.write("README.md", "one\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Begin"]);
    let hook = hooks().into_iter().next().expect("a hook");
    let entry = hook
        .entry
        .replacen("lockkeeper", env!("CARGO_BIN_EXE_lockkeeper"), 1);
    let script = format!("#!/bin/sh\nexec {entry} --db '{index}' --now {NOW}\n");
    let path = sandbox.write(".git/hooks/pre-commit", script);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a script");
    }
    let head = || sandbox.git(&["rev-parse", "HEAD"]);
    let before = head();
    // What is there already holds nothing back, whatever else lies on the disk.
    sandbox.write("README.md", "two\n");
    sandbox.git(&["add", "-A"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0"), ("new", "1.0.0")]));
    assert!(commit(&sandbox, &[]).status.success());
    assert_ne!(head(), before);
    let before = head();
    // Staged, taken along with `-a`, or named: git keeps each in another index.
    for arguments in [["-a"].as_slice(), &["Cargo.lock"], &["-i", "Cargo.lock"]] {
        let refused = commit(&sandbox, arguments);
        let said = String::from_utf8_lossy(&refused.stdout) + String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && said.contains("GHSA-new"),
            "{arguments:?}: {said}"
        );
        assert_eq!(head(), before, "{arguments:?}");
    }
    sandbox.git(&["add", "-A"]);
    assert!(!commit(&sandbox, &[]).status.success());
    // Named files leave the staged flaw out.
    sandbox.write("README.md", "three\n");
    let named = commit(&sandbox, &["README.md"]);
    assert!(
        named.status.success(),
        "{}",
        String::from_utf8_lossy(&named.stdout)
    );
    // In a work tree of its own too.
    sandbox.git(&["worktree", "add", "-q", "../second", "-b", "second", "HEAD"]);
    let second = sandbox.path("second");
    std::fs::write(second.join("Cargo.lock"), cargo_lock(&[("new", "1.0.0")])).expect("a file");
    let refused = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
        .args(["commit", "-qam", "Change"])
        .current_dir(&second)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git is installed");
    assert!(
        !refused.status.success(),
        "{}",
        String::from_utf8_lossy(&refused.stdout)
    );
    // The variable speaks of no other repository than the one that the command runs in.
    let other = sandbox.path("other");
    std::fs::create_dir(&other).expect("a folder");
    git(&other, &["init", "-q"]);
    std::fs::write(other.join("Cargo.lock"), cargo_lock(&[("calm", "1.0.0")])).expect("a file");
    git(&other, &["add", "-A"]);
    let foreign = sandbox.work().join(".git/index");
    let ran = sandbox.run_with(
        &["scan", "--staged", "../other", "--db", &index, "--now", NOW],
        &[("GIT_INDEX_FILE", foreign.to_str().expect("a path"))],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}
