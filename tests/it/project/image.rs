//! What the image promises: the Dockerfile's last stage, and the program where nothing can be written, nobody has a home
//! and the workspace is somebody else's. `.ci/image` tries the same in the image itself, which needs root.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use crate::architecture::read;
use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

#[test]
fn the_last_stage_holds_what_it_should() {
    let text = read("Dockerfile");
    let instructions: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with(['#', ' ']) && !line.is_empty())
        .collect();
    let bases: Vec<&str> = instructions
        .iter()
        .filter_map(|line| line.strip_prefix("FROM "))
        .collect();
    assert_eq!(bases.len(), 2, "{bases:?}");
    let (_, digest) = bases[0].split_once("@sha256:").expect("the base is pinned");
    let digest = digest.split(' ').next().unwrap_or_default();
    assert!(
        digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{digest}"
    );
    // Cargo.toml says which Rust it needs at least.
    let version = read("Cargo.toml");
    let version = version
        .split("rust-version = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    assert!(
        bases[0].contains(&format!("rust:{}-alpine@", version.expect("a version"))),
        "{}",
        bases[0]
    );
    let last = instructions
        .iter()
        .position(|line| *line == "FROM scratch")
        .expect("a last stage");
    let words: Vec<&str> = instructions[last + 1..]
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        words,
        ["ARG", "ARG", "ARG", "ARG", "LABEL", "COPY", "ENTRYPOINT", "CMD"]
    );
    assert!(
        !text.lines().any(|line| line.starts_with("USER")),
        "GitHub asks for root"
    );
    for label in [
        "title",
        "description",
        "licenses",
        "version",
        "revision",
        "source",
    ] {
        assert!(
            text.contains(&format!("org.opencontainers.image.{label}=")),
            "{label}"
        );
    }
    // What the build copies is not left out of its context.
    let ignored = read(".dockerignore");
    for line in instructions.iter().filter_map(|line| line.strip_prefix("COPY ")) {
        for word in line.split(' ').filter(|word| !word.starts_with("--")) {
            assert!(!ignored.lines().any(|ignored| ignored == word), "{word}");
        }
    }
}

/// The verdicts of a workspace that holds a flaw, none, and damage, in a place where nothing can be written.
#[test]
fn nothing_is_written_and_no_home_is_needed() {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    let bad = cargo_lock(&[("bad", "1.0.0")]);
    sandbox.write("bad/Cargo.lock", &bad);
    sandbox.write("good/Cargo.lock", cargo_lock(&[("bad", "1.0.1")]));
    sandbox.write("damaged/Cargo.lock", &bad[..bad.len() / 2]);
    // Only root may give it away.
    let given = Command::new("chown")
        .args(["-R", "1001:1001"])
        .arg(sandbox.work())
        .output()
        .is_ok_and(|output| output.status.success());
    if !given {
        println!("skipped: that the workspace belongs to another user");
    }
    for (folder, code) in [("bad", 1), ("good", 0), ("damaged", 3)] {
        let Some(output) = in_read_only_root(&sandbox, &["scan", folder, "--db", &index, "--now", NOW])
        else {
            println!("skipped: no read-only root is to be had here");
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{folder}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!said.is_empty());
    }
}

/// The program with no variable at all, in namespaces where the root is read-only; `None` where that is not allowed.
fn in_read_only_root(sandbox: &Sandbox, arguments: &[&str]) -> Option<Output> {
    let script = r#"
        mount --rbind / / 2>/dev/null && mount -o remount,ro,bind / 2>/dev/null || exit 97
        cd "$WORK" || exit 97
        touch probe 2>/dev/null && exit 97
        exec env -i "$PROGRAM" "$@"
    "#;
    // Root needs no namespace of users; others may be given one.
    [&["--mount"][..], &["--user", "--map-root-user", "--mount"]]
        .into_iter()
        .filter_map(|namespaces| {
            Command::new("unshare")
                .args(namespaces)
                .args(["sh", "-c", script, "sh"])
                .args(arguments)
                .env("WORK", sandbox.work())
                .env("PROGRAM", env!("CARGO_BIN_EXE_lockkeeper"))
                .output()
                .ok()
        })
        .find(|output| {
            // That of unshare where the namespace is refused says nothing on standard output.
            output.status.code() != Some(97) && !output.stdout.is_empty()
        })
}
