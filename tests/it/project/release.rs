//! The scripts that plan and publish a release, with a `gh` that only remembers what it was asked.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::architecture::root;

const IMAGE: &str = "registry.example/acme/lockkeeper";

/// A repository with what the scripts read, and a `gh` beside it.
struct Project {
    folder: tempfile::TempDir,
    commit: String,
}

/// Tells what a forge would: numbers for what is made. `$BROKEN` is a part of a call that fails.
const GH: &str = r#"#!/bin/sh
printf '%s\n' "$*" >>"$SEEN"
case "$*" in
*"$BROKEN"*) exit 1 ;;
*git/trees*) cat >"$SEEN.tree"; echo 2222222222222222222222222222222222222222 ;;
*'git/commits --method POST'*) cat >"$SEEN.commit"; echo 3333333333333333333333333333333333333333 ;;
*git/commits/*) echo 1111111111111111111111111111111111111111 ;;
esac
"#;

impl Project {
    /// `None` where a tool is not at hand, which is said.
    fn new() -> Option<Self> {
        for tool in ["jq", "git"] {
            if Command::new(tool).arg("--version").output().is_err() {
                println!("skipped: no {tool} in the path");
                return None;
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let work = folder.path().join("work");
        for below in [".ci", "setup", "files"] {
            std::fs::create_dir_all(work.join(below)).expect("a folder");
        }
        let files = [
            ".ci/pin",
            ".ci/plan",
            ".ci/publish",
            "setup/release",
            "action.yml",
            "Cargo.toml",
            "Cargo.lock",
        ];
        for file in files {
            std::fs::copy(root().join(file), work.join(file)).expect("a copy");
        }
        let changelog = format!(
            "# Changelog\n\n## [Unreleased]\n\n- not yet\n\n## [{}] - 2026-12-31\n\n- what is new\n\n## [0.0.1] - 2026-01-01\n\n- old\n",
            env!("CARGO_PKG_VERSION")
        );
        std::fs::write(work.join("CHANGELOG.md"), changelog).expect("a file");
        let archive = "lockkeeper-x86_64-unknown-linux-musl.tar.gz";
        std::fs::write(work.join("files").join(archive), "archive").expect("a file");
        let sums = format!("{}  {archive}\n", "5".repeat(64));
        std::fs::write(work.join("files/SHA256SUMS"), sums).expect("a file");
        git(&work, &["init", "--quiet", "--initial-branch", "main"]);
        git(&work, &["add", "."]);
        git(&work, &["commit", "--quiet", "--message", "x"]);
        git(folder.path(), &["init", "--quiet", "--bare", "origin"]);
        git(&work, &["remote", "add", "origin", "../origin"]);
        let commit = git(&work, &["rev-parse", "HEAD"]);
        let gh = folder.path().join("bin/gh");
        std::fs::create_dir(folder.path().join("bin")).expect("a folder");
        std::fs::write(&gh, GH).expect("a file");
        let mut rights = std::fs::metadata(&gh).expect("a file").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o755);
        std::fs::set_permissions(&gh, rights).expect("rights");
        Some(Self { folder, commit })
    }

    fn script(&self, name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let path = std::env::var("PATH").expect("a path");
        let bin = self.folder.path().join("bin");
        Command::new(self.folder.path().join("work/.ci").join(name))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("SEEN", self.folder.path().join("seen"))
            .env("BROKEN", "nothing is broken")
            .env("GITHUB_REPOSITORY", "acme/lockkeeper")
            .env("GITHUB_SHA", &self.commit)
            .env("GITHUB_REF", "refs/heads/main")
            .env("GITHUB_OUTPUT", self.folder.path().join("output"))
            .envs(variables.iter().copied())
            .output()
            .expect("it starts")
    }

    fn publish(&self, variables: &[(&str, &str)]) -> Output {
        let image = format!("{IMAGE}@sha256:{}", "ab".repeat(32));
        let files = self.folder.path().join("work/files");
        let files = files.to_str().expect("a path");
        self.script("publish", &[env!("CARGO_PKG_VERSION"), &image, files], variables)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

#[test]
fn the_tag_comes_after_what_it_names() {
    let Some(project) = Project::new() else { return };
    let output = project.publish(&[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let seen = project.read("seen");
    let calls: Vec<&str> = seen.lines().collect();
    let tag = format!("v{}", env!("CARGO_PKG_VERSION"));
    let begins = [
        format!("api repos/acme/lockkeeper/git/commits/{}", project.commit),
        "api repos/acme/lockkeeper/git/trees --method POST".to_owned(),
        "api repos/acme/lockkeeper/git/commits --method POST".to_owned(),
        format!("release create {tag} --repo acme/lockkeeper --draft"),
        format!(
            "api repos/acme/lockkeeper/git/refs --method POST --raw-field ref=refs/tags/{tag} --raw-field sha={}",
            "3".repeat(40)
        ),
        format!("release edit {tag} --repo acme/lockkeeper --draft=false"),
    ];
    assert_eq!(calls.len(), begins.len(), "{seen}");
    for (call, begin) in calls.iter().zip(&begins) {
        assert!(call.starts_with(begin.as_str()), "{begin}\n{seen}");
    }
    assert!(
        calls[3].contains(&format!("--target {}", "3".repeat(40))),
        "{seen}"
    );
    assert!(
        calls[3].contains("unknown-linux-musl.tar.gz") && calls[3].ends_with("SHA256SUMS"),
        "{seen}"
    );

    let commit: Value = serde_json::from_str(&project.read("seen.commit")).expect("JSON");
    assert_eq!(commit["tree"], "2".repeat(40));
    assert_eq!(commit["parents"], serde_json::json!([project.commit]));
    let tree: Value = serde_json::from_str(&project.read("seen.tree")).expect("JSON");
    assert_eq!(tree["base_tree"], "1".repeat(40));
    let files: Vec<&str> = tree["tree"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();
    assert_eq!(files, ["action.yml", "setup/release", "Cargo.toml"]);
    let content = |at: usize| tree["tree"][at]["content"].as_str().expect("text");
    assert!(content(0).contains(&format!(
        "\n  image: docker://{IMAGE}@sha256:{}\n",
        "ab".repeat(32)
    )));
    assert!(content(1).contains(&format!(
        "\nsha256 {} lockkeeper-x86_64-unknown-linux-musl.tar.gz\n",
        "5".repeat(64)
    )));
    // The tree that was checked out is as it was.
    assert_eq!(
        git(&project.folder.path().join("work"), &["status", "--porcelain"]),
        ""
    );
}

#[test]
fn what_fails_leaves_no_tag() {
    for broken in ["git/trees", "git/commits --method", "release create"] {
        let Some(project) = Project::new() else { return };
        assert!(
            !project.publish(&[("BROKEN", broken)]).status.success(),
            "{broken}"
        );
        let seen = project.read("seen");
        assert!(seen.contains(broken), "{seen}");
        assert!(
            !seen.contains("git/refs") && !seen.contains("release edit"),
            "{broken}: {seen}"
        );
    }
}

#[test]
fn a_plan_finds_what_does_not_fit() {
    let Some(project) = Project::new() else { return };
    let own = env!("CARGO_PKG_VERSION");
    let output = project.script("plan", &[own, IMAGE], &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let outputs = project.read("output");
    assert!(
        outputs.starts_with(&format!("version={own}\nimage={IMAGE}\ntime=")),
        "{outputs}"
    );

    let work = project.folder.path().join("work");
    let refuses = |arguments: &[&str], variables: &[(&str, &str)], message: &str| {
        let output = project.script("plan", arguments, variables);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said.contains(message), "{said}");
    };
    refuses(&["v1", IMAGE], &[], "no version: 'v1'");
    refuses(
        &["9.9.9", IMAGE],
        &[],
        "Cargo.toml has another version than 9.9.9",
    );
    refuses(&[own, ""], &[], "Set the repository variable IMAGE");
    refuses(
        &[own, "registry.example/Acme/lockkeeper"],
        &[],
        "no name of an image",
    );
    refuses(
        &[own, IMAGE],
        &[("GITHUB_REF", "refs/heads/other")],
        "releases are made of main",
    );
    git(
        &work,
        &["push", "--quiet", "origin", &format!("HEAD:refs/tags/v{own}")],
    );
    refuses(&[own, IMAGE], &[], "a release is never made twice");
    std::fs::write(work.join("CHANGELOG.md"), "# Changelog\n\n## [Unreleased]\n").expect("a file");
    refuses(&[own, IMAGE], &[], "CHANGELOG.md has no section");
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@lockkeeper.example",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git starts");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim_end()
        .to_owned()
}
