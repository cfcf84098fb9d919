//! Runs the built program as a user would, with an environment of its own.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that goes away, with the program's home beside the work.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

/// What a run gave.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {}\n{}", self.out, self.err))
    }
}

impl Sandbox {
    pub fn new() -> Self {
        let sandbox = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        std::fs::create_dir(sandbox.path("work")).expect("a folder");
        sandbox
    }

    /// A path beside the work folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder in which the program runs.
    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// Writes a file of the work folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// The program with these arguments, not started yet.
    pub fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
        command
            .args(arguments)
            .current_dir(self.work())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().expect("the program starts"))
    }

    pub fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        ran(command.output().expect("the program starts"))
    }

    pub fn run_on(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // The program may refuse before it has read everything.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        ran(child.wait_with_output().expect("the program ends"))
    }

    /// Builds an index of OSV records at `name` beside the work folder.
    pub fn index(&self, name: &str, records: &[serde_json::Value], as_of: &str) -> String {
        let folder = self.path(&format!("{name}-osv"));
        std::fs::create_dir_all(&folder).expect("a folder");
        for (number, record) in records.iter().enumerate() {
            std::fs::write(folder.join(format!("{number}.json")), record.to_string()).expect("a record");
        }
        let index = self.path(name).to_str().expect("a path").to_owned();
        let folder = folder.to_str().expect("a path");
        let built = self.run(&["db", "build", folder, "--db", &index, "--as-of", as_of]);
        assert_eq!(built.code, 0, "{}{}", built.out, built.err);
        index
    }

    /// Starts git in the work folder, with nobody's configuration.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.work(), arguments)
    }
}

/// Starts git in `folder`, with nobody's configuration.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    git_with(folder, arguments, &[])
}

/// The same with further variables.
pub fn git_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "-c",
            "commit.gpgsign=false",
        ])
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs(environment.iter().copied())
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// An OSV record with one range.
pub fn record(
    id: &str,
    ecosystem: &str,
    name: &str,
    introduced: &str,
    fixed: Option<&str>,
) -> serde_json::Value {
    let mut events = vec![serde_json::json!({"introduced": introduced})];
    events.extend(fixed.map(|fixed| serde_json::json!({"fixed": fixed})));
    let kind = if matches!(ecosystem, "npm" | "Go" | "crates.io") {
        "SEMVER"
    } else {
        "ECOSYSTEM"
    };
    serde_json::json!({
        "schema_version": "1.7.0",
        "id": id,
        "published": "2026-01-01T00:00:00Z",
        "modified": "2026-01-31T00:00:00Z",
        "summary": format!("a flaw in {name}"),
        "details": "Long words about it.",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": kind, "events": events}]}],
    })
}

/// A Cargo.lock with these registry packages under one root.
pub fn cargo_lock(packages: &[(&str, &str)]) -> String {
    let mut text =
        String::from("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n");
    for (name, _) in packages {
        text.push_str(&format!(" \"{name}\",\n"));
    }
    text.push_str("]\n");
    for (name, version) in packages {
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n",
            "0".repeat(64)
        ));
    }
    text
}

fn ran(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
