//! Every exit code by a case that a user can meet, and no code for anything else.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

struct Case {
    name: &'static str,
    prepare: fn(&Sandbox),
    arguments: &'static [&'static str],
    code: i32,
    verdict: Option<&'static str>,
    state: Option<&'static str>,
}

fn clean(sandbox: &Sandbox) {
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
}

fn vulnerable(sandbox: &Sandbox) {
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
}

fn corrupt(sandbox: &Sandbox) {
    sandbox.write(
        "package-lock.json",
        "{\"lockfileVersion\": 3, \"packages\": {\"\": {}, \"node_modules/a\": {\"ver",
    );
}

fn both(sandbox: &Sandbox) {
    vulnerable(sandbox);
    corrupt(sandbox);
}

fn partial(sandbox: &Sandbox) {
    sandbox.write("requirements.txt", "requests>=2\nflask==1.0\n");
}

fn unsupported(sandbox: &Sandbox) {
    sandbox.write("glide.lock", "imports: []\n");
}

fn empty_lock(sandbox: &Sandbox) {
    sandbox.write("Cargo.lock", "version = 4\n");
}

fn nothing(_: &Sandbox) {}

const CASES: &[Case] = &[
    Case {
        name: "clean",
        prepare: clean,
        arguments: &["--db", "GOOD"],
        code: 0,
        verdict: Some("pass"),
        state: Some("fresh"),
    },
    Case {
        name: "vulnerable",
        prepare: vulnerable,
        arguments: &["--db", "GOOD"],
        code: 1,
        verdict: Some("blocked"),
        state: Some("fresh"),
    },
    Case {
        name: "nothing to scan",
        prepare: nothing,
        arguments: &["--db", "GOOD"],
        code: 4,
        verdict: Some("nothing_to_scan"),
        state: None,
    },
    Case {
        name: "allow empty",
        prepare: nothing,
        arguments: &["--db", "GOOD", "--allow-empty"],
        code: 0,
        verdict: Some("nothing_to_scan"),
        state: None,
    },
    Case {
        name: "a lockfile without packages",
        prepare: empty_lock,
        arguments: &["--db", "GOOD"],
        code: 0,
        verdict: Some("pass"),
        state: None,
    },
    Case {
        name: "PATH missing",
        prepare: clean,
        arguments: &["--db", "GOOD", "nowhere"],
        code: 2,
        verdict: None,
        state: None,
    },
    Case {
        name: "PATH no lockfile",
        prepare: |sandbox| {
            sandbox.write("notes.md", "x");
        },
        arguments: &["--db", "GOOD", "notes.md"],
        code: 2,
        verdict: None,
        state: None,
    },
    Case {
        name: "missing index",
        prepare: vulnerable,
        arguments: &["--db", "nowhere.lkdb"],
        code: 3,
        verdict: Some("incomplete"),
        state: Some("missing"),
    },
    Case {
        name: "damaged index",
        prepare: vulnerable,
        arguments: &["--db", "DAMAGED"],
        code: 3,
        verdict: Some("incomplete"),
        state: Some("damaged"),
    },
    Case {
        name: "foreign index",
        prepare: vulnerable,
        arguments: &["--db", "Cargo.lock"],
        code: 3,
        verdict: Some("incomplete"),
        state: Some("damaged"),
    },
    Case {
        name: "cut index",
        prepare: vulnerable,
        arguments: &["--db", "CUT"],
        code: 3,
        verdict: Some("incomplete"),
        state: Some("damaged"),
    },
    Case {
        name: "index fresh at the edge",
        prepare: clean,
        arguments: &["--db", "GOOD", "--now", "2026-02-03T00:00:00Z"],
        code: 0,
        verdict: Some("pass"),
        state: Some("fresh"),
    },
    Case {
        name: "index stale",
        prepare: clean,
        arguments: &["--db", "GOOD", "--now", "2026-02-03T00:00:01Z"],
        code: 0,
        verdict: Some("pass"),
        state: Some("stale"),
    },
    Case {
        name: "index stale at the edge",
        prepare: clean,
        arguments: &["--db", "GOOD", "--now", "2026-02-15T00:00:00Z"],
        code: 0,
        verdict: Some("pass"),
        state: Some("stale"),
    },
    Case {
        name: "index too old",
        prepare: clean,
        arguments: &["--db", "GOOD", "--now", "2026-02-15T00:00:01Z"],
        code: 3,
        verdict: Some("incomplete"),
        state: Some("too_old"),
    },
    Case {
        name: "too old and vulnerable",
        prepare: vulnerable,
        arguments: &["--db", "GOOD", "--now", "2026-03-15"],
        code: 1,
        verdict: Some("blocked"),
        state: Some("too_old"),
    },
    Case {
        name: "index of the future",
        prepare: clean,
        arguments: &["--db", "GOOD", "--now", "2020-01-01"],
        code: 0,
        verdict: Some("pass"),
        state: Some("fresh"),
    },
    Case {
        name: "corrupt lockfile",
        prepare: corrupt,
        arguments: &["--db", "GOOD"],
        code: 3,
        verdict: Some("incomplete"),
        state: None,
    },
    Case {
        name: "corrupt beside vulnerable",
        prepare: both,
        arguments: &["--db", "GOOD"],
        code: 1,
        verdict: Some("blocked"),
        state: None,
    },
    Case {
        name: "corrupt beside vulnerable with exit-zero",
        prepare: both,
        arguments: &["--db", "GOOD", "--exit-zero"],
        code: 3,
        verdict: Some("blocked"),
        state: None,
    },
    Case {
        name: "too old and vulnerable with exit-zero",
        prepare: vulnerable,
        arguments: &["--db", "GOOD", "--exit-zero", "--now", "2026-03-15"],
        code: 3,
        verdict: Some("blocked"),
        state: Some("too_old"),
    },
    Case {
        name: "corrupt with exit-zero",
        prepare: corrupt,
        arguments: &["--db", "GOOD", "--exit-zero"],
        code: 3,
        verdict: Some("incomplete"),
        state: None,
    },
    Case {
        name: "only partial gaps",
        prepare: partial,
        arguments: &["--db", "GOOD"],
        code: 0,
        verdict: Some("pass"),
        state: None,
    },
    Case {
        name: "dependencies, and none of them checked",
        prepare: |sandbox| {
            sandbox.write("requirements.txt", "requests>=2\nflask\n");
        },
        arguments: &["--db", "GOOD"],
        code: 3,
        verdict: Some("incomplete"),
        state: Some("fresh"),
    },
    Case {
        name: "unsupported format",
        prepare: unsupported,
        arguments: &["--db", "GOOD"],
        code: 3,
        verdict: Some("incomplete"),
        state: None,
    },
    Case {
        name: "exit-zero",
        prepare: vulnerable,
        arguments: &["--db", "GOOD", "--exit-zero"],
        code: 0,
        verdict: Some("blocked"),
        state: None,
    },
    Case {
        name: "exit-zero and nothing",
        prepare: nothing,
        arguments: &["--db", "GOOD", "--exit-zero"],
        code: 4,
        verdict: Some("nothing_to_scan"),
        state: None,
    },
    Case {
        name: "fail-on none",
        prepare: vulnerable,
        arguments: &["--db", "GOOD", "--fail-on", "none"],
        code: 0,
        verdict: Some("pass"),
        state: None,
    },
    Case {
        name: "bad fail-on",
        prepare: vulnerable,
        arguments: &["--db", "GOOD", "--fail-on", "hgih"],
        code: 2,
        verdict: None,
        state: None,
    },
    Case {
        name: "unknown flag",
        prepare: clean,
        arguments: &["--nonsense"],
        code: 2,
        verdict: None,
        state: None,
    },
    Case {
        name: "two reports to standard output",
        prepare: clean,
        arguments: &["--db", "GOOD", "--format", "json", "--format", "sarif"],
        code: 2,
        verdict: None,
        state: None,
    },
    Case {
        name: "bad time",
        prepare: clean,
        arguments: &["--db", "GOOD", "--now", "yesterday"],
        code: 2,
        verdict: None,
        state: None,
    },
];

#[test]
fn each_case_ends_with_its_code() {
    let mut wrong = Vec::new();
    for case in CASES {
        let sandbox = Sandbox::new();
        let records = [
            record("GHSA-aaaa-bbbb-cccc", "crates.io", "bad", "0", Some("1.0.1")),
            record("GHSA-dddd-eeee-ffff", "PyPI", "bad", "0", Some("1.0.1")),
        ];
        let good = sandbox.index("good.lkdb", &records, NOW);
        let bytes = std::fs::read(&good).expect("the index");
        let mut damaged = bytes.clone();
        damaged[20] ^= 0xFF;
        std::fs::write(sandbox.path("damaged.lkdb"), damaged).expect("a file");
        std::fs::write(sandbox.path("cut.lkdb"), &bytes[..bytes.len() / 2]).expect("a file");
        (case.prepare)(&sandbox);
        let path = |name: &str| sandbox.path(name).to_str().expect("a path").to_owned();
        let mut arguments: Vec<String> = vec!["scan".into()];
        for argument in case.arguments {
            arguments.push(match *argument {
                "GOOD" => good.clone(),
                "DAMAGED" => path("damaged.lkdb"),
                "CUT" => path("cut.lkdb"),
                other => other.to_owned(),
            });
        }
        let json = sandbox.path("report.json");
        if case.code != 2 {
            arguments.extend([
                "--format".into(),
                "json".into(),
                "--output".into(),
                json.to_str().expect("a path").into(),
            ]);
        }
        if !arguments.iter().any(|argument| argument == "--now") {
            arguments.extend(["--now".into(), NOW.into()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = sandbox.run(&arguments);
        if ran.code != case.code {
            wrong.push(format!(
                "{}: {} instead of {}: {}{}",
                case.name, ran.code, case.code, ran.out, ran.err
            ));
            continue;
        }
        match case.verdict {
            None => assert!(
                ran.err.contains("hint") || ran.err.contains("--help"),
                "{}: {}",
                case.name,
                ran.err
            ),
            Some(verdict) => {
                let text = std::fs::read_to_string(&json).expect("a report with every code but 2 and 70");
                let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(report["verdict"], verdict, "{}", case.name);
                assert_eq!(report["exit_code"], case.code, "{}", case.name);
                if let Some(state) = case.state {
                    assert_eq!(report["coverage"]["index"]["state"], state, "{}", case.name);
                }
                if state_is_bad(case.state) {
                    assert_eq!(report["coverage"]["complete"], false, "{}", case.name);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn state_is_bad(state: Option<&str>) -> bool {
    matches!(state, Some("missing" | "damaged" | "too_old" | "newer"))
}

#[test]
fn a_newer_index_is_refused_by_name() {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "good.lkdb",
        &[record("GHSA-a", "crates.io", "bad", "0", None)],
        NOW,
    );
    // The layout that a reader must know stands after the magic and the layout that was written.
    let mut newer = std::fs::read(&index).expect("the index");
    newer[8..16].copy_from_slice(&[99, 0, 0, 0, 99, 0, 0, 0]);
    std::fs::write(&index, newer).expect("a file");
    vulnerable(&sandbox);
    let ran = sandbox.run(&["scan", "--db", &index, "--format", "json", "--now", NOW]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(ran.json()["coverage"]["index"]["state"], "newer");
    assert_eq!(sandbox.run(&["db", "verify", "--db", &index]).code, 3);
    assert_eq!(sandbox.run(&["db", "status", "--db", &index]).code, 3);
}

#[test]
fn malicious_packages_fail_whatever_the_list_says() {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &[record("MAL-2026-1", "crates.io", "bad", "0", None)],
        NOW,
    );
    vulnerable(&sandbox);
    for list in ["none", "critical", "unmaintained"] {
        assert_eq!(
            sandbox
                .run(&["scan", "--db", &index, "--fail-on", list, "--now", NOW])
                .code,
            1,
            "{list}"
        );
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..3000).map(|number| format!("package-{number}")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    sandbox.write("Cargo.lock", cargo_lock(&packages));
    let mut child = sandbox
        .command(&["packages", "--format", "json"])
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    // Standard input that never ends keeps the program waiting.
    let mut child = sandbox
        .command(&["scan", "--stdin", "Cargo.lock"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let pipe = child.stdin.take();
    std::thread::sleep(Duration::from_millis(400));
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .expect("kill")
            .success()
    );
    let status = child.wait().expect("the program ends");
    drop(pipe);
    assert_eq!(status.code(), Some(130));
    let left: Vec<_> = std::fs::read_dir(sandbox.work()).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn errors_can_be_read_by_program() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["scan", "nowhere", "--errors", "json"][..],
        &["scan", "--nonsense", "--errors=json"][..],
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 2);
        let error: serde_json::Value = serde_json::from_str(&ran.err).expect("JSON on standard error");
        assert_eq!(error["schema"], "lockkeeper.error/1");
        assert_eq!(error["code"], 2);
        assert!(
            error["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
            "{error}"
        );
        assert_eq!(ran.out, "");
    }
}

#[test]
fn the_version_is_the_same_alone_and_beside_other_flags() {
    let sandbox = Sandbox::new();
    let expected = format!("lockkeeper {}\n", env!("CARGO_PKG_VERSION"));
    for arguments in [
        &["--version"][..],
        &["-V"],
        &["--quiet", "--version"],
        &["--offline", "-V"],
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!((ran.code, ran.out), (0, expected.clone()), "{arguments:?}");
    }
}

#[test]
fn orders_are_printed() {
    let sandbox = Sandbox::new();
    for (arguments, answer, code) in [
        (["version", "npm", "1.2.3", "1.10.0"], "<\n", 0),
        (["version", "PyPI", "1.0", "1.0.0"], "=\n", 0),
        (["version", "Maven", "1.0", "1.0-rc1"], ">\n", 0),
        (["version", "npm", "1.2", "1.2.0"], "!\n", 3),
    ] {
        let ran = sandbox.run(&arguments);
        assert_eq!((ran.out.as_str(), ran.code), (answer, code), "{arguments:?}");
    }
    let ran = sandbox.run_on(
        &["version", "Go", "-"],
        b"v1.0.0\tv1.0.1\r\nnot a pair\nv1\tx\n\xFF\t1\n",
    );
    assert_eq!((ran.out.as_str(), ran.code), ("<\n!\n!\n!\n", 0));
    assert_eq!(sandbox.run(&["version", "npm", "1.0.0"]).code, 2);
    assert_eq!(sandbox.run(&["version", "Nothing", "1", "2"]).code, 2);
    assert_eq!(
        json!(sandbox.run(&["version", "pypi", "1", "2"]).err.contains("`PyPI`")),
        json!(true)
    );
}

/// A changed byte anywhere in the index is refused or makes no difference: it never makes a vulnerable tree clean.
#[test]
fn a_damaged_index_never_makes_a_vulnerable_tree_clean() {
    let sandbox = Sandbox::new();
    let records: Vec<_> = (0..40)
        .map(|number| {
            record(
                &format!("GHSA-{number:04}"),
                "crates.io",
                &format!("bad-{number}"),
                "0",
                Some("1.0.1"),
            )
        })
        .collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    let names: Vec<String> = (0..40).map(|number| format!("bad-{number}")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    sandbox.write("Cargo.lock", cargo_lock(&packages));
    let bytes = std::fs::read(&index).expect("the index");
    for at in (0..bytes.len())
        .step_by(997)
        .chain([8, 12, 16, 24, bytes.len() - 1])
    {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        std::fs::write(&index, damaged).expect("a file");
        let scanned = sandbox.run(&["scan", "--db", &index, "--now", NOW, "-q"]);
        assert!(
            matches!(scanned.code, 1 | 3),
            "byte {at}: {} {}",
            scanned.code,
            scanned.err
        );
        let verified = sandbox.run(&["db", "verify", "--db", &index]);
        assert_eq!(verified.code, 3, "byte {at}");
        assert!(verified.err.contains("index"), "byte {at}: {}", verified.err);
    }
}
