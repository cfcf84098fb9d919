//! `setup/install.sh` on every system it knows, told by variables and by shims in its path: what it downloads, what it
//! refuses, what it leaves alone; and the release scripts that write what it trusts.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::architecture::{read, root};
use crate::support::server::{Server, Trouble};

const LINUX: &str = "lockkeeper-x86_64-unknown-linux-musl.tar.gz";
const VERSION: &str = "1.2.3";
const CANARY: &str = "ghs_canaryCanaryCanary0123456789";

/// What the script may start; `shasum` and `openssl` only where a test asks for them.
const TOOLS: [&str; 20] = [
    "sh", "cat", "chmod", "cp", "curl", "cut", "dirname", "env", "grep", "gzip", "mkdir", "mktemp", "mv",
    "rm", "sed", "sleep", "tail", "tar", "tr", "uname",
];

/// A runner with a folder of its own, the action beside it, and a server that holds releases.
struct Runner {
    folder: tempfile::TempDir,
    server: Server,
    variables: BTreeMap<String, String>,
}

/// What a run gave.
struct Installed {
    code: Option<i32>,
    said: String,
    outputs: String,
    path: String,
}

impl Runner {
    /// Linux on x86-64; `None` where a tool is not at hand, which is said.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["tools", "setup", "temp", "work"] {
            std::fs::create_dir(at(name)).expect("a folder");
        }
        for tool in TOOLS {
            let Some(path) = find(tool) else {
                println!("skipped: no {tool} in the path");
                return None;
            };
            symlink(path, at("tools").join(tool)).expect("a link");
        }
        // macOS has the second one only.
        if let Some(path) = find("sha256sum").or_else(|| find("shasum")) {
            symlink(&path, at("tools").join(path.file_name().expect("a name"))).expect("a link");
        }
        for file in ["install.sh", "release"] {
            std::fs::copy(root().join("setup").join(file), at("setup").join(file)).expect("a copy");
        }
        let server = Server::start();
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = BTreeMap::from([
            set("RUNNER_OS", "Linux"),
            set("RUNNER_ARCH", "X64"),
            set("RUNNER_TEMP", at("temp").to_str().expect("a path")),
            set("SETUP_MIRROR", &server.address("/files/")),
            set("SETUP_WAIT", "0"),
            set("GH_TOKEN", CANARY),
        ]);
        Some(Self {
            folder,
            server,
            variables,
        })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.remove(name);
        self
    }

    /// Puts an archive on the server and names its checksum as an input would.
    fn serve(&mut self, archive: &str, bytes: Vec<u8>) {
        self.set("SETUP_VERSION", VERSION)
            .set("SETUP_SHA256", sha256(&bytes));
        self.server.put(&format!("/files/{archive}"), bytes);
    }

    /// A program of this name goes before those of the system.
    fn shim(&self, name: &str, script: &str) {
        let path = self.at("tools").join(name);
        let _ = std::fs::remove_file(&path);
        executable(&path, script);
    }

    /// The commit pins this release.
    fn pin(&self, lines: &str) {
        let comments = read("setup/release");
        std::fs::write(self.at("setup/release"), format!("{comments}{lines}")).expect("a file");
    }

    /// A program that lies where the new one goes.
    fn present(&self) -> PathBuf {
        let folder = self.at(&format!("temp/lockkeeper-{VERSION}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("lockkeeper");
        executable(&path, "#!/bin/sh\necho lockkeeper 1.0.0\n");
        path
    }

    fn run(&self) -> Installed {
        let (path, outputs) = (self.at("github_path"), self.at("github_output"));
        for file in [&path, &outputs] {
            std::fs::write(file, "").expect("a file");
        }
        let output = Command::new(self.at("tools/sh"))
            .arg(self.at("setup/install.sh"))
            .current_dir(self.at("work"))
            .env_clear()
            .env("PATH", self.at("tools"))
            .env("GITHUB_PATH", &path)
            .env("GITHUB_OUTPUT", &outputs)
            .envs(&self.variables)
            .output()
            .expect("sh starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let said = text(output.stdout) + &text(output.stderr);
        assert!(!said.contains(CANARY), "the token is shown:\n{said}");
        Installed {
            code: output.status.code(),
            said,
            outputs: std::fs::read_to_string(outputs).expect("a file"),
            path: std::fs::read_to_string(path).expect("a file"),
        }
    }

    /// The script refuses, says this, sets nothing and leaves nothing behind.
    fn refuses(&self, message: &str) -> Installed {
        let ran = self.run();
        assert_eq!(ran.code, Some(1), "{}", ran.said);
        assert!(ran.said.contains(message), "not said: {message}\n{}", ran.said);
        assert_eq!(
            (ran.outputs.as_str(), ran.path.as_str()),
            ("", ""),
            "{}",
            ran.said
        );
        self.is_clean();
        ran
    }

    /// No half of a file stays.
    fn is_clean(&self) {
        let left: Vec<PathBuf> = walk(&self.at("temp"))
            .into_iter()
            .filter(|path| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                name.starts_with(".lockkeeper") || name.starts_with("lockkeeper-setup")
            })
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

#[test]
fn every_system_gets_its_archive() {
    // What the runner says, what the system says of itself, the target.
    let table = [
        (Some(("Linux", "X64")), ("-", "-"), "x86_64-unknown-linux-musl"),
        (Some(("Linux", "ARM64")), ("-", "-"), "aarch64-unknown-linux-musl"),
        (Some(("macOS", "X64")), ("-", "-"), "x86_64-apple-darwin"),
        (Some(("macOS", "ARM64")), ("-", "-"), "aarch64-apple-darwin"),
        (Some(("Windows", "X64")), ("-", "-"), "x86_64-pc-windows-msvc"),
        (Some(("Windows", "ARM64")), ("-", "-"), "x86_64-pc-windows-msvc"),
        (None, ("Linux", "x86_64"), "x86_64-unknown-linux-musl"),
        (None, ("Linux", "aarch64"), "aarch64-unknown-linux-musl"),
        (None, ("Darwin", "x86_64"), "x86_64-apple-darwin"),
        (None, ("Darwin", "arm64"), "aarch64-apple-darwin"),
        (
            None,
            ("MINGW64_NT-10.0-26100", "x86_64"),
            "x86_64-pc-windows-msvc",
        ),
        (None, ("MSYS_NT-10.0-26100", "aarch64"), "x86_64-pc-windows-msvc"),
    ];
    for (said, own, target) in table {
        let Some(mut runner) = Runner::new() else { return };
        match said {
            Some((system, machine)) => runner.set("RUNNER_OS", system).set("RUNNER_ARCH", machine),
            None => runner.unset("RUNNER_OS").unset("RUNNER_ARCH"),
        };
        runner.shim(
            "uname",
            &format!(
                "#!/bin/sh\ncase $1 in -s) echo {} ;; -m) echo {} ;; esac\n",
                own.0, own.1
            ),
        );
        let windows = target.contains("windows");
        let program = if windows { "lockkeeper.exe" } else { "lockkeeper" };
        if windows {
            // Git's own: a drive is a folder, and the other way round.
            let drive = runner.at("drive").to_str().expect("a path").to_owned();
            std::fs::create_dir_all(runner.at("drive/a/_temp")).expect("a folder");
            runner.shim(
                "cygpath",
                &format!(
                    "#!/bin/sh\ncase $1 in\n-u) printf '%s\\n' \"$2\" | sed -e 's|\\\\|/|g' -e 's|^D:|{drive}|' ;;\n\
                     -w) printf '%s\\n' \"$2\" | sed -e 's|^{drive}|D:|' -e 's|/|\\\\|g' ;;\nesac\n"
                ),
            );
            runner.set("RUNNER_TEMP", r"D:\a\_temp");
        }
        runner.serve(
            &format!("lockkeeper-{target}.tar.gz"),
            archive(&[(program, &says(VERSION))]),
        );
        let ran = runner.run();
        assert_eq!(ran.code, Some(0), "{target} of {said:?} {own:?}: {}", ran.said);
        let (path, folder) = if windows {
            assert!(
                runner
                    .at("drive/a/_temp/lockkeeper-1.2.3/lockkeeper.exe")
                    .is_file()
            );
            (
                r"D:\a\_temp\lockkeeper-1.2.3\lockkeeper.exe".to_owned(),
                r"D:\a\_temp\lockkeeper-1.2.3".to_owned(),
            )
        } else {
            let folder = runner.at("temp/lockkeeper-1.2.3").display().to_string();
            (format!("{folder}/lockkeeper"), folder)
        };
        assert_eq!(
            ran.outputs,
            format!("path={path}\nversion={VERSION}\n"),
            "{target}"
        );
        assert_eq!(ran.path, format!("{folder}\n"), "{target}");
    }
}

#[test]
fn what_has_no_release_is_told() {
    let Some(mut runner) = Runner::new() else { return };
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));
    runner.set("RUNNER_ARCH", "X86");
    runner.refuses("there is no release for this processor: X86");
    runner.set("RUNNER_ARCH", "X64").set("RUNNER_OS", "Plan 9");
    runner.refuses("there is no release for this system: Plan 9");
    assert!(runner.server.hits().is_empty(), "nothing was asked for");
}

#[test]
fn the_commit_of_a_release_needs_no_input() {
    let Some(mut runner) = Runner::new() else { return };
    let bytes = archive(&[("lockkeeper", &says(VERSION))]);
    runner.pin(&format!(
        "repository acme/lockkeeper\nversion {VERSION}\nsha256 {} lockkeeper-aarch64-apple-darwin.tar.gz\nsha256 {} {LINUX}\n",
        "1".repeat(64),
        sha256(&bytes)
    ));
    std::fs::write(runner.at("served"), &bytes).expect("a file");
    // The release is GitHub's, so that what is asked for is looked at instead.
    let shim = r#"#!/bin/sh
printf '%s\n' "$@" >"$SEEN"
while [ $# -gt 0 ]; do
    [ "$1" = --output ] && cat "$SERVED" >"$2"
    shift
done
printf 200
"#;
    runner.shim("curl", shim);
    let (seen, served) = (runner.at("seen"), runner.at("served"));
    runner
        .set("SEEN", seen.to_str().expect("a path"))
        .set("SERVED", served.to_str().expect("a path"));
    // Another repository than the one that the commit names cannot slip in.
    runner
        .unset("SETUP_MIRROR")
        .set("SETUP_REPOSITORY", "mallory/lockkeeper")
        .set("GITHUB_SERVER_URL", "https://github.acme.example");
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    let arguments = std::fs::read_to_string(runner.at("seen")).expect("a file");
    let lines: Vec<&str> = arguments.lines().collect();
    assert_eq!(
        lines.last(),
        Some(
            &"https://github.com/acme/lockkeeper/releases/download/v1.2.3/lockkeeper-x86_64-unknown-linux-musl.tar.gz"
        )
    );
    // Neither the first address nor one that it leads to is anything but https.
    assert!(
        lines.windows(2).any(|two| two == ["--proto", "=https"]),
        "{lines:?}"
    );
    assert!(lines.contains(&"--max-time") && lines.contains(&"--connect-timeout"));
    assert!(!arguments.contains(CANARY), "{arguments}");

    // A file of the release that somebody replaced.
    std::fs::write(runner.at("served"), archive(&[("lockkeeper", &says("1.2.3 "))])).expect("a file");
    runner.refuses("is not what was released: its SHA-256 is");
    // A version that the commit does not pin needs a checksum; with the letter of its tag it is the same one.
    runner.set("SETUP_VERSION", "1.2.4");
    let ran = runner.refuses("no checksum is known for version 1.2.4");
    assert!(ran.said.contains("This commit pins 1.2.3."), "{}", ran.said);
    std::fs::write(runner.at("served"), &bytes).expect("a file");
    runner.set("SETUP_VERSION", "v1.2.3");
    assert_eq!(runner.run().code, Some(0));
    // A release that was not made for this system.
    runner.set("RUNNER_ARCH", "ARM64");
    runner.refuses("release 1.2.3 has no lockkeeper-aarch64-unknown-linux-musl.tar.gz");
}

#[test]
fn another_commit_is_none_of_a_release() {
    let Some(mut runner) = Runner::new() else { return };
    let ran = runner.refuses("there is no version: this commit is none of a release");
    assert!(ran.said.contains("'version' and 'sha256'"), "{}", ran.said);
    runner.set("SETUP_VERSION", VERSION);
    let ran = runner.refuses("no checksum is known for version 1.2.3");
    assert!(
        ran.said
            .contains(&format!("the line of {LINUX} in SHA256SUMS of that release")),
        "{}",
        ran.said
    );
    runner.set("SETUP_SHA256", "0".repeat(64)).unset("SETUP_MIRROR");
    runner.refuses("nothing tells whose release it is");
}

#[test]
fn inputs_are_looked_at() {
    let Some(mut runner) = Runner::new() else { return };
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));
    let good = runner.variables["SETUP_SHA256"].clone();
    let mirror = runner.variables["SETUP_MIRROR"].clone();
    for (name, value, message) in [
        ("SETUP_VERSION", "1.2.3/../../evil", "the version is none"),
        ("SETUP_VERSION", "$(touch x)", "the version is none"),
        ("SETUP_VERSION", "latest", "the version is none"),
        ("SETUP_SHA256", "abc", "the input 'sha256' is no SHA-256"),
        (
            "SETUP_SHA256",
            &"g".repeat(64),
            "the input 'sha256' is no SHA-256",
        ),
        ("SETUP_MIRROR", "file:///etc", "the address is none"),
        (
            "SETUP_MIRROR",
            "--config /etc/passwd",
            "the address of the mirror has white space in it",
        ),
        (
            "SETUP_MIRROR",
            "https://x\n::set-env name=a::b",
            "the address of the mirror has white space in it",
        ),
        ("SETUP_REPOSITORY", "a/b/c", "the repository is none"),
        ("SETUP_REPOSITORY", "a b/c", "the repository is none"),
        ("SETUP_FOLDER", "a\nb", "the folder's name has a line break"),
        ("SETUP_FOLDER", "/a:/b", "the folder's name has a colon"),
        (
            "SETUP_ATTESTATION",
            "perhaps",
            "the input 'attestation' is neither true nor false",
        ),
    ] {
        runner
            .set("SETUP_VERSION", VERSION)
            .set("SETUP_SHA256", good.clone());
        runner
            .set("SETUP_MIRROR", mirror.clone())
            .unset("SETUP_REPOSITORY")
            .unset("SETUP_FOLDER")
            .unset("SETUP_ATTESTATION");
        runner.set(name, value);
        runner.unset("GITHUB_ACTIONS");
        runner.refuses(message);
        // On GitHub it is one annotation, whatever the value holds.
        runner.set("GITHUB_ACTIONS", "true");
        let ran = runner.refuses(message);
        let commands: Vec<&str> = ran.said.lines().filter(|line| line.starts_with("::")).collect();
        assert_eq!(commands.len(), 1, "{}", ran.said);
        assert!(
            commands[0].starts_with("::error title=lockkeeper setup::"),
            "{}",
            ran.said
        );
        assert!(commands[0].contains("%0A"), "{}", ran.said);
    }
    assert!(!runner.at("work/x").exists());
    runner
        .unset("SETUP_ATTESTATION")
        .set("SETUP_SHA256", good.to_uppercase());
    assert_eq!(runner.run().code, Some(0));
}

#[test]
fn what_fails_leaves_the_old_program() {
    let Some(mut runner) = Runner::new() else { return };
    let program = runner.present();
    let before = std::fs::read(&program).expect("a file");
    let unchanged = |what: &str| assert_eq!(std::fs::read(&program).expect("a file"), before, "{what}");
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));

    let right = runner.variables["SETUP_SHA256"].clone();
    runner.set("SETUP_SHA256", "0".repeat(64));
    let ran = runner.refuses(&format!("its SHA-256 is {right}, not {}", "0".repeat(64)));
    assert!(ran.said.contains("Do not use it."), "{}", ran.said);
    unchanged("another checksum");

    runner.serve(LINUX, archive(&[("README.md", "no program")]));
    runner.refuses("holds no lockkeeper that can be read");
    unchanged("no program");
    runner.serve(LINUX, b"<html>Please log in</html>".to_vec());
    runner.refuses("holds no lockkeeper that can be read");
    unchanged("no archive");
    runner.serve(
        LINUX,
        archive(&[("lockkeeper", "#!/bin/sh\necho broken >&2\nexit 9\n")]),
    );
    let ran = runner.refuses("the program does not run here");
    assert!(ran.said.contains("broken"), "{}", ran.said);
    unchanged("a program for another system");
    runner.serve(LINUX, archive(&[("lockkeeper", &says("1.2.2"))]));
    runner.refuses("the program says that it is lockkeeper 1.2.2, not 1.2.3");
    unchanged("another version");
    // Other paths of an archive are never written.
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION)), ("extra", "x")]));
    assert_eq!(runner.run().code, Some(0));
    assert_ne!(std::fs::read(&program).expect("a file"), before);
    assert_eq!(
        walk(&runner.at("temp")),
        std::slice::from_ref(&program),
        "only the program was written"
    );
}

#[test]
fn what_is_not_there_is_not_asked_for_again() {
    let Some(mut runner) = Runner::new() else { return };
    let program = runner.present();
    runner
        .set("SETUP_VERSION", VERSION)
        .set("SETUP_SHA256", "0".repeat(64));
    let ran = runner.refuses("not found (HTTP 404)");
    assert!(
        ran.said
            .contains(&format!("Look whether release 1.2.3 exists and has {LINUX}")),
        "{}",
        ran.said
    );
    assert_eq!(runner.server.hits().len(), 1);
    assert!(program.is_file());
    // A proxy that wants a name.
    runner.server.trouble(LINUX, 1, Trouble::Status(407, None));
    let ran = runner.refuses("not allowed (HTTP 407)");
    assert!(ran.said.contains("https_proxy"), "{}", ran.said);
}

#[test]
fn no_login_and_no_query_of_a_mirror_is_said() {
    let Some(mut runner) = Runner::new() else { return };
    let bytes = archive(&[("lockkeeper", &says(VERSION))]);
    runner.serve(LINUX, bytes.clone());
    let plain = runner.server.address("/files/");
    let with_login = plain.replace("http://", "http://robot:hunter2secret@");
    runner
        .server
        .put(&format!("/get?key=signed4711&f=/{LINUX}"), bytes);
    let silent = |ran: &Installed| {
        for secret in ["hunter2secret", "robot:", "signed4711"] {
            assert!(!ran.said.contains(secret), "{secret} is said:\n{}", ran.said);
        }
    };
    runner.set("SETUP_MIRROR", with_login.clone());
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.said.contains(&plain), "{}", ran.said);
    silent(&ran);
    runner.set("SETUP_MIRROR", runner.server.address("/get?key=signed4711&f="));
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    silent(&ran);
    std::fs::remove_dir_all(runner.at(&format!("temp/lockkeeper-{VERSION}"))).expect("removed");
    for (status, told) in [
        (404, "not found (HTTP 404)"),
        (401, "not allowed (HTTP 401)"),
        (500, "Look whether the runner reaches"),
    ] {
        for mirror in [
            with_login.clone(),
            runner.server.address("/get?key=signed4711&f="),
        ] {
            runner.server.calm();
            runner.server.trouble(LINUX, 9, Trouble::Status(status, None));
            runner.set("SETUP_MIRROR", mirror);
            silent(&runner.refuses(told));
        }
    }
    runner.server.calm();
    // Nor does what somebody set for curl send anything along.
    std::fs::write(runner.at(".curlrc"), "header = \"X-Canary: yes\"\n").expect("a file");
    let home = runner.at("").to_str().expect("a path").to_owned();
    runner.set("HOME", home).set("SETUP_MIRROR", plain);
    runner.server.hits();
    assert_eq!(runner.run().code, Some(0));
    let hits = runner.server.hits();
    assert!(
        !hits.is_empty() && hits.iter().all(|hit| !hit.headers.contains_key("x-canary")),
        "{hits:?}"
    );
}

#[test]
fn a_folder_of_the_programs_name_is_refused() {
    let Some(mut runner) = Runner::new() else { return };
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));
    let folder = runner.at(&format!("temp/lockkeeper-{VERSION}/lockkeeper"));
    std::fs::create_dir_all(&folder).expect("a folder");
    runner.refuses("there is a folder of that name");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0);
}

#[test]
fn what_passes_is_tried_again() {
    let Some(mut runner) = Runner::new() else { return };
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));
    // Cut twice, and refused once.
    runner.server.trouble(LINUX, 2, Trouble::Cut(20));
    runner.server.trouble(LINUX, 1, Trouble::Status(503, None));
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(
        ran.said.contains("try 1 of 4") && ran.said.contains("try 3 of 4"),
        "{}",
        ran.said
    );
    assert_eq!(runner.server.hits().len(), 4);

    // It ends, all the same.
    runner.server.trouble(LINUX, 99, Trouble::Status(500, None));
    let ran = runner.refuses("the download failed 4 times: HTTP 500");
    assert!(ran.said.contains("Try again later."), "{}", ran.said);
    assert_eq!(runner.server.hits().len(), 4);
    runner.server.calm();
    runner.server.trouble(LINUX, 99, Trouble::Hang(Duration::ZERO));
    runner.refuses("the download failed 4 times");
    runner.server.calm();

    // As GitHub does, which sends everybody to its store.
    let elsewhere = runner.server.address("/store/object?signature=x");
    runner.server.put(
        "/store/object?signature=x",
        archive(&[("lockkeeper", &says(VERSION))]),
    );
    runner.server.trouble(LINUX, 1, Trouble::Redirect(elsewhere));
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
}

#[test]
fn folders_may_have_any_name() {
    let Some(mut runner) = Runner::new() else { return };
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));
    let wanted = runner.at("temp/a folder with 'quotes' & ümlauts; $(x)/bin");
    runner.set("SETUP_FOLDER", wanted.to_str().expect("a path"));
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(ran.path, format!("{}\n", wanted.display()));
    assert!(wanted.join("lockkeeper").is_file());
    // From the folder of the step.
    runner.set("SETUP_FOLDER", "tools/bin");
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(runner.at("work/tools/bin/lockkeeper").is_file());
    // Beside other systems' runners, the home.
    runner.unset("SETUP_FOLDER").unset("RUNNER_TEMP");
    let home = runner.at("temp/home");
    std::fs::create_dir(&home).expect("a folder");
    runner.set("HOME", home.to_str().expect("a path"));
    runner.set("TMPDIR", runner.at("temp").to_str().expect("a path"));
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(home.join(".local/bin/lockkeeper").is_file());
    runner.unset("HOME");
    runner.refuses("there is no folder to install into");
    // A file lies where the folder would.
    let file = runner.at("temp/file");
    std::fs::write(&file, "x").expect("a file");
    runner.set("SETUP_FOLDER", file.to_str().expect("a path"));
    runner.refuses("cannot write into");
}

#[test]
fn attestations_are_verified_when_asked_for() {
    let Some(mut runner) = Runner::new() else { return };
    runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));
    runner
        .set("SETUP_REPOSITORY", "acme/lockkeeper")
        .set("SETUP_ATTESTATION", "true");
    let ran = runner.refuses("gh is not there");
    assert!(ran.said.contains("the SHA-256 was verified"), "{}", ran.said);

    let seen = runner.at("seen");
    runner.set("SEEN", seen.to_str().expect("a path"));
    runner.shim(
        "gh",
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$SEEN\"\n[ -n \"$GH_TOKEN\" ]\n",
    );
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    let arguments = std::fs::read_to_string(&seen).expect("a file");
    assert!(!arguments.contains(CANARY));
    let words: Vec<&str> = arguments.lines().collect();
    assert_eq!(words[..2], ["attestation", "verify"]);
    assert!(words[2].ends_with(LINUX), "{words:?}");
    assert_eq!(
        words[3..],
        [
            "--repo",
            "acme/lockkeeper",
            "--signer-workflow",
            "acme/lockkeeper/.github/workflows/release.yml",
            "--deny-self-hosted-runners",
        ]
    );
    std::fs::remove_dir_all(runner.at("temp/lockkeeper-1.2.3")).expect("it was there");
    runner.shim("gh", "#!/bin/sh\necho no attestations found >&2\nexit 1\n");
    runner.refuses("gh could not verify that the release workflow of acme/lockkeeper built");
    assert!(!runner.at("temp/lockkeeper-1.2.3").exists());
}

#[test]
fn checksums_come_from_whatever_is_there() {
    for tool in ["sha256sum", "shasum", "openssl"] {
        let Some(mut runner) = Runner::new() else { return };
        for name in ["sha256sum", "shasum"] {
            let _ = std::fs::remove_file(runner.at("tools").join(name));
        }
        runner.serve(LINUX, archive(&[("lockkeeper", &says(VERSION))]));
        runner.refuses("neither sha256sum nor shasum nor openssl is there");
        let Some(path) = find(tool) else {
            println!("skipped: no {tool} in the path");
            continue;
        };
        // shasum is a script of perl.
        for (name, path) in [(tool, Some(path)), ("perl", find("perl"))] {
            if let Some(path) = path {
                symlink(path, runner.at("tools").join(name)).expect("a link");
            }
        }
        let ran = runner.run();
        assert_eq!(ran.code, Some(0), "{tool}: {}", ran.said);
        runner.set("SETUP_SHA256", "1".repeat(64));
        runner.refuses("is not what was released");
    }
}

/// From binaries to archives, to the commit that pins them, to a runner that installs from that commit.
#[test]
#[cfg(target_os = "linux")]
fn a_release_is_pinned_and_installed() {
    let Some(runner) = Runner::new() else { return };
    let targets = [
        ("x86_64-unknown-linux-musl", "lockkeeper"),
        ("aarch64-unknown-linux-musl", "lockkeeper"),
        ("x86_64-pc-windows-msvc", "lockkeeper.exe"),
    ];
    let own = env!("CARGO_PKG_VERSION");
    for (target, program) in targets {
        let folder = runner.at("binaries").join(target);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(program), says(own)).expect("a file");
    }
    let packed = |output: &str| {
        run(Command::new(root().join(".ci/package"))
            .arg(runner.at("binaries"))
            .arg(runner.at(output))
            .env("SOURCE_DATE_EPOCH", "1700000000"));
        let mut files = walk(&runner.at(output));
        files.sort();
        files
            .iter()
            .map(|file| {
                (
                    file.file_name().expect("a name").to_owned(),
                    std::fs::read(file).expect("a file"),
                )
            })
            .collect::<Vec<_>>()
    };
    let first = packed("first");
    assert_eq!(first, packed("second"), "equal input, equal bytes");
    let sums = std::fs::read_to_string(runner.at("first/SHA256SUMS")).expect("a file");
    let mut expected = String::new();
    for (name, bytes) in first.iter().filter(|(name, _)| name != "SHA256SUMS") {
        writeln!(expected, "{}  {}", sha256(bytes), name.to_str().expect("a name")).expect("text");
        let mut inside: Vec<String> = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()))
            .entries()
            .expect("an archive")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .path()
                    .expect("a path")
                    .display()
                    .to_string()
            })
            .collect();
        inside[0] = inside[0].trim_end_matches(".exe").to_owned();
        assert_eq!(
            inside,
            ["lockkeeper", "LICENSE-APACHE", "LICENSE-MIT", "README.md"]
        );
    }
    assert_eq!(sums, expected);

    let tree = runner.at("tree");
    std::fs::create_dir_all(tree.join("setup")).expect("a folder");
    for file in ["action.yml", "setup/release", "Cargo.toml"] {
        std::fs::copy(root().join(file), tree.join(file)).expect("a copy");
    }
    let image = format!("ghcr.io/acme/lockkeeper@sha256:{}", "ab".repeat(32));
    let pin = |version: &str, image: &str| {
        let mut command = Command::new(root().join(".ci/pin"));
        command.arg(&tree).args(["acme/lockkeeper", version, image]);
        command
            .arg(runner.at("first/SHA256SUMS"))
            .output()
            .expect("it starts")
    };
    for (version, image) in [
        ("9.9.9", image.as_str()),
        (own, "ghcr.io/acme/lockkeeper:latest"),
        ("1", &image),
    ] {
        assert!(!pin(version, image).status.success(), "{version} {image}");
        assert_eq!(
            std::fs::read_to_string(tree.join("action.yml")).expect("a file"),
            read("action.yml"),
            "a refusal changes nothing"
        );
    }
    let output = pin(own, &image);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        std::fs::read_to_string(tree.join("action.yml")).expect("a file"),
        read("action.yml").replace("  image: Dockerfile\n", &format!("  image: docker://{image}\n"))
    );
    let manifest = std::fs::read_to_string(tree.join("Cargo.toml")).expect("a file");
    assert_eq!(
        manifest
            .matches("\nrepository = \"https://github.com/acme/lockkeeper\"\n")
            .count(),
        1
    );
    // Twice is once too often.
    assert!(!pin(own, &image).status.success());

    std::fs::copy(tree.join("setup/release"), runner.at("setup/release")).expect("a copy");
    let bytes = std::fs::read(runner.at("first").join(LINUX)).expect("a file");
    runner.server.put(&format!("/files/{LINUX}"), bytes);
    let ran = runner.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(
        ran.outputs.ends_with(&format!("version={own}\n")),
        "{}",
        ran.outputs
    );
    runner.server.put(
        &format!("/files/{LINUX}"),
        archive(&[("lockkeeper", &format!("{}# evil\n", says(own)))]),
    );
    runner.refuses("is not what was released");
}

#[cfg(target_os = "linux")]
fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A program that says that it is this version.
fn says(version: &str) -> String {
    format!("#!/bin/sh\n[ \"$1\" = --version ] && echo 'lockkeeper {version}'\n")
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut builder = tar::Builder::new(writer);
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder
            .append_data(&mut header, name, content.as_bytes())
            .expect("an entry");
    }
    builder.into_inner().expect("a tar").finish().expect("a gzip")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("text");
            text
        })
}

fn executable(path: &Path, script: &str) {
    std::fs::write(path, script).expect("a file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("rights");
}

/// Where the system has this program.
fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Every file below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files.extend(walk(&path)),
            false => files.push(path),
        }
    }
    files
}
