//! Which ref a name stands for, which branch is the default one, and refs that are kept as a reftable. Git itself makes
//! every repository; Python's dulwich wrote the reftables of the fixtures.

use std::path::Path;

use serde_json::Value;

use crate::action::step::{outputs, step};
use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-bad", "crates.io", "bad", "0", Some("9.0.0"))],
        NOW,
    );
    sandbox.git(&["init", "-q"]);
    (sandbox, index)
}

fn lock(sandbox: &Sandbox, name: &str) {
    sandbox.write("Cargo.lock", cargo_lock(&[(name, "1.0.0")]));
    sandbox.git(&["add", "-A"]);
    let date = "--date=2026-01-20T00:00:00Z";
    sandbox.git(&["commit", "-q", "--allow-empty", date, "-m", name]);
}

/// `ref: reason` of each live line.
fn live(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let refs = report["refs"].as_array().expect("refs");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let live = refs.iter().filter(|line| line["live"] == true);
    live.map(|line| format!("{}: {}", text(&line["ref"]), text(&line["reason"])))
        .collect()
}

fn refs(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let mut all = vec!["refs", "--format", "json"];
    all.extend(arguments);
    sandbox.run(&all)
}

/// A branch `main`, clean, and the default branch `develop`, affected, in a clone as a workflow makes it.
fn cloned() -> (Sandbox, String) {
    let (sandbox, index) = prepared();
    let origin = sandbox.path("origin");
    std::fs::create_dir_all(&origin).expect("a folder");
    git(&origin, &["init", "-q", "-b", "develop"]);
    std::fs::write(origin.join("Cargo.lock"), cargo_lock(&[("good", "1.0.0")])).expect("a file");
    git(&origin, &["add", "-A"]);
    git(&origin, &["commit", "-qm", "one"]);
    git(&origin, &["branch", "main"]);
    git(&origin, &["branch", "release/1.0"]);
    std::fs::write(origin.join("Cargo.lock"), cargo_lock(&[("bad", "1.0.0")])).expect("a file");
    git(&origin, &["commit", "-qam", "two"]);
    let from = origin.display().to_string();
    sandbox.git(&["remote", "add", "origin", &from]);
    sandbox.git(&["fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*"]);
    sandbox.git(&["checkout", "-q", "-B", "develop", "refs/remotes/origin/develop"]);
    (sandbox, index)
}

#[test]
fn the_default_branch_is_that_of_the_event_then_that_of_origin_then_a_guess() {
    let (sandbox, index) = cloned();
    let guessed = refs(&sandbox, &[]);
    assert!(guessed.out.contains("is a guess"), "{}", guessed.out);
    assert!(
        guessed
            .out
            .contains("develop is checked out and is no release line"),
        "{}",
        guessed.out
    );
    let status = |payload: &str| {
        let file = sandbox.path("event.json");
        std::fs::write(&file, payload).expect("a file");
        let ran = step(
            &sandbox,
            &[
                ("GITHUB_EVENT_NAME", "schedule"),
                ("GITHUB_EVENT_PATH", &file.display().to_string()),
                ("GITHUB_REPOSITORY", "acme/shop"),
                ("GITHUB_REF", "refs/heads/develop"),
                ("CI", "true"),
                ("INPUT_MODE", "status"),
                ("INPUT_DATABASE", &index),
            ],
        );
        (
            ran.code,
            outputs(&sandbox).get("findings").cloned(),
            ran.out + &ran.err,
        )
    };
    let event = r#"{"repository":{"full_name":"acme/shop","default_branch":"develop"}}"#;
    let (code, findings, said) = status(event);
    assert_eq!((code, findings.as_deref()), (0, Some("1")), "{said}");
    assert!(!said.contains("is a guess"), "{said}");
    // Without the word of the event it is a guess, which is told.
    let (_, findings, said) = status("{}");
    assert_eq!(findings.as_deref(), Some("0"), "{said}");
    assert!(said.contains("is a guess"), "{said}");
    // A default branch that the clone lacks is no clean line.
    let (code, _, said) = status(&event.replace("develop", "trunk"));
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("refs/heads/trunk is the default branch"), "{said}");
    // An event of one repository says nothing of another one's checkout.
    sandbox.git(&[
        "remote",
        "set-url",
        "origin",
        "https://forge.example/acme/other.git",
    ]);
    assert_eq!(status(event).1.as_deref(), Some("0"));
    sandbox.git(&["remote", "set-url", "origin", "https://forge.example/acme/shop"]);
    assert_eq!(status(event).1.as_deref(), Some("1"));
    // What clone writes goes before any guess.
    sandbox.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/develop",
    ]);
    let known = refs(&sandbox, &[]);
    assert!(
        live(&known).contains(&"refs/heads/develop: the default branch".to_owned()),
        "{}",
        known.out
    );
    assert!(
        !known.out.contains("guess") && !known.out.contains("checked out"),
        "{}",
        known.out
    );
}

#[test]
fn a_tag_goes_before_a_branch() {
    let (sandbox, index) = prepared();
    lock(&sandbox, "bad");
    sandbox.git(&["tag", "-a", "-m", "release", "v1.2.3"]);
    sandbox.git(&["checkout", "-q", "-b", "v1.2.3"]);
    lock(&sandbox, "good");
    let gate = |release: &str| {
        sandbox.run(&[
            "gate",
            "--release",
            release,
            "--db",
            &index,
            "--now",
            NOW,
            "--format",
            "json",
        ])
    };
    for (release, code) in [
        ("v1.2.3", 1),
        ("tags/v1.2.3", 1),
        ("refs/tags/v1.2.3", 1),
        ("heads/v1.2.3", 0),
        ("refs/heads/v1.2.3", 0),
        ("v1.2.3^{commit}", 1),
        ("HEAD", 0),
    ] {
        let ran = gate(release);
        assert_eq!(ran.code, code, "{release}: {}{}", ran.out, ran.err);
        let tip = sandbox.git(&["rev-parse", &format!("{release}^{{commit}}")]);
        assert!(!tip.is_empty());
    }
    let ran = sandbox.run(&["gate", "--release", "v1.2.3", "--db", &index, "--now", NOW]);
    assert!(
        ran.out.contains("refs/tags/v1.2.3 counts, as in git"),
        "{}",
        ran.out
    );
    let ran = sandbox.run(&["scan", "--base", "v1.2.3", "--db", &index, "--now", NOW]);
    assert!(
        ran.out.contains("refs/tags/v1.2.3 counts, as in git"),
        "{}",
        ran.out
    );
    // A branch cannot take the name of a commit, nor that of HEAD.
    let flawed = sandbox.git(&["rev-parse", "v1.2.3~0"]);
    sandbox.git(&["update-ref", &format!("refs/heads/{flawed}"), "refs/heads/v1.2.3"]);
    assert_eq!(gate(&flawed).code, 1);
    // `git checkout` itself would take the branch of that name.
    sandbox.git(&["update-ref", "-d", &format!("refs/heads/{flawed}")]);
    sandbox.git(&["checkout", "-q", "--detach", &flawed]);
    sandbox.git(&["update-ref", "refs/heads/HEAD", "refs/heads/v1.2.3"]);
    assert_eq!(gate("HEAD").code, 1);
}

#[test]
fn each_prefix_has_its_own_newest_lines() {
    let (sandbox, _) = prepared();
    lock(&sandbox, "good");
    for number in 1..=7 {
        sandbox.git(&["branch", &format!("api/release/{number}.0")]);
        sandbox.git(&["tag", &format!("api-v{number}.0")]);
    }
    for name in ["web/release/1.0", "web/release/1.1", "release/0.1"] {
        sandbox.git(&["branch", name]);
    }
    sandbox.git(&["tag", "web-v0.9"]);
    sandbox.git(&["tag", "2.0/server"]);
    sandbox.write(
        "lockkeeper.yml",
        "schema: lockkeeper.policy/1\nlines: {include: [\"**/release/*\", \"tags/**\"], newest: 2, active-within: 36500d}\n",
    );
    let ran = refs(&sandbox, &[]);
    let names: Vec<String> = live(&ran)
        .iter()
        .filter_map(|line| {
            line.split_once(": ")
                .map(|(name, _)| name.trim_start_matches("refs/").to_owned())
        })
        .collect();
    assert_eq!(
        names,
        [
            "heads/main",
            "heads/api/release/7.0",
            "heads/api/release/6.0",
            "heads/web/release/1.1",
            "heads/web/release/1.0",
            "heads/release/0.1",
            "tags/api-v7.0",
            "tags/api-v6.0",
            "tags/2.0/server",
            "tags/web-v0.9",
        ],
        "{}",
        ran.out
    );
    // Nobody misses an old line of one product because another one counts lower.
    assert!(!ran.out.contains("is newer than"), "{}", ran.out);
}

#[test]
fn a_ref_that_was_asked_for_and_is_not_there_is_no_clean_answer() {
    let (sandbox, index) = prepared();
    lock(&sandbox, "good");
    sandbox.git(&["branch", "release/1.0"]);
    let commands = |refs: &str, folder: &str| {
        let common = ["--refs", refs, "--db", &index, "--now", NOW];
        ["scan", "status"].map(|command| {
            let mut all = vec![command, folder];
            all.extend(common);
            sandbox.run(&all)
        })
    };
    for ran in commands("main,release/*", ".") {
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    for globs in ["main,release/9.*", "tags/v*,main", "main,release/1.0,maim"] {
        for ran in commands(globs, ".") {
            assert_eq!(ran.code, 2, "{globs}: {}", ran.err);
            let idle = globs
                .split(',')
                .find(|glob| !["main", "release/1.0"].contains(glob));
            assert!(ran.err.contains(idle.expect("one")), "{globs}: {}", ran.err);
        }
    }
    let clone = sandbox.path("clone").display().to_string();
    let from = format!("file://{}", sandbox.work().display());
    sandbox.git(&["clone", "-q", "--depth", "1", "-b", "main", &from, &clone]);
    for ran in commands("main,release/1.0", &clone) {
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(
            ran.err.contains("release/1.0") && ran.err.contains("shallow"),
            "{}",
            ran.err
        );
    }
    // A name in the policy is asked for too; a wildcard there may wait for its first branch.
    for (include, here, there) in [("release/2.0", 2, 3), ("hotfix/*", 0, 3), ("release/1.0", 0, 3)] {
        let policy = format!(
            "schema: lockkeeper.policy/1\nlines: {{include: [\"{include}\"], active-within: 36500d}}\n"
        );
        for (folder, code) in [(".", here), (clone.as_str(), there)] {
            let file = Path::new(folder).join("lockkeeper.yml");
            let file = sandbox.work().join(file);
            std::fs::write(file, &policy).expect("a file");
            let ran = sandbox.run(&["status", folder, "--db", &index, "--now", NOW]);
            assert_eq!(ran.code, code, "{include} {folder}: {}", ran.err);
        }
    }
}

/// A table of one block without padding, after git's description of the format.
fn table(index: u64, records: &[(&str, Option<&str>, Option<&str>)]) -> Vec<u8> {
    let mut header = b"REFT\x01\0\0\0".to_vec();
    header.extend(index.to_be_bytes());
    header.extend(index.to_be_bytes());
    let mut block = Vec::new();
    for (name, id, target) in records {
        let kind = if id.is_some() {
            1
        } else if target.is_some() {
            3
        } else {
            0
        };
        assert!(name.len() < 16, "one byte says its length");
        block.push(0);
        block.push(u8::try_from(name.len() << 3).expect("a byte") | kind);
        block.extend(name.bytes());
        block.push(0);
        if let Some(id) = id {
            let bytes = (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).expect("hex"));
            block.extend(bytes);
        }
        if let Some(target) = target {
            block.push(u8::try_from(target.len()).expect("a byte"));
            block.extend(target.bytes());
        }
    }
    block.extend([0, 0, 28, 0, 1]);
    let mut bytes = header.clone();
    let length = u32::try_from(header.len() + 4 + block.len()).expect("a length");
    bytes.push(b'r');
    bytes.extend(&length.to_be_bytes()[1..]);
    bytes.extend(block);
    header.extend([0; 40]);
    let sum = header.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    });
    bytes.extend(&header);
    bytes.extend((!sum).to_be_bytes());
    bytes
}

#[test]
fn refs_in_a_reftable_are_read_by_every_command() {
    let (sandbox, index) = prepared();
    lock(&sandbox, "good");
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    lock(&sandbox, "bad");
    let second = sandbox.git(&["rev-parse", "HEAD"]);
    let git = sandbox.work().join(".git");
    let tables = git.join("reftable");
    std::fs::create_dir(&tables).expect("a folder");
    std::fs::remove_dir_all(git.join("refs")).expect("a folder");
    std::fs::create_dir(git.join("refs")).expect("a folder");
    std::fs::write(
        git.join("refs/heads"),
        "this repository uses the reftable format\n",
    )
    .expect("a file");
    std::fs::write(git.join("HEAD"), "ref: refs/heads/.invalid\n").expect("a file");
    let config =
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\trefStorage = reftable\n";
    std::fs::write(git.join("config"), config).expect("a file");
    let older = [
        ("HEAD", None, Some("refs/heads/main")),
        ("refs/heads/2.x", Some(first.as_str()), None),
        ("refs/heads/main", Some(first.as_str()), None),
    ];
    let newer = [
        ("refs/heads/main", Some(second.as_str()), None),
        ("refs/tags/v1", Some(first.as_str()), None),
    ];
    std::fs::write(tables.join("1.ref"), table(1, &older)).expect("a file");
    std::fs::write(tables.join("2.ref"), table(2, &newer)).expect("a file");
    std::fs::write(tables.join("tables.list"), "1.ref\n2.ref\n").expect("a file");

    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--db", &index, "--now", NOW, "--format", "json"]);
        sandbox.run(&all)
    };
    let ran = run(&["scan"]);
    let target = &ran.json()["targets"][0];
    assert_eq!(
        (ran.code, &target["ref"]),
        (1, &Value::from("refs/heads/main")),
        "{}",
        ran.err
    );
    assert_eq!(target["commit"], Value::from(second.clone()));
    for base in ["HEAD~1", "v1", "2.x", "heads/2.x"] {
        let ran = run(&["scan", "--base", base]);
        let change = &ran.json()["targets"][0]["findings"][0]["change"];
        assert_eq!(
            (ran.code, change),
            (1, &Value::from("introduced")),
            "{base}: {}",
            ran.err
        );
    }
    assert_eq!(run(&["gate", "--release", "v1"]).code, 0);
    assert_eq!(run(&["gate", "--release", "main"]).code, 1);
    assert_eq!(run(&["scan", "--staged", "--base", "HEAD"]).code, 0);
    let status = run(&["status", "--refs", "*,tags/*"]);
    assert_eq!(
        status.json()["targets"].as_array().map(Vec::len),
        Some(3),
        "{}",
        status.err
    );
    assert_eq!(
        live(&refs(&sandbox, &[])),
        [
            "refs/heads/main: the default branch",
            "refs/heads/2.x: matches *.x, the newest"
        ]
    );
    // What cannot be read is said by every command in the same words.
    std::fs::write(tables.join("2.ref"), "REFT").expect("a file");
    for arguments in [
        &["scan"][..],
        &["scan", "--base", "HEAD~1"],
        &["scan", "--refs", "main"],
        &["status"],
        &["gate", "--release", "v1"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, 3, "{arguments:?}");
        assert!(
            ran.err.contains("2.ref cannot be read"),
            "{arguments:?}: {}",
            ran.err
        );
    }
    std::fs::write(git.join("config"), config.replace("reftable", "sqlite")).expect("a file");
    for arguments in [&["scan"][..], &["status"]] {
        let ran = run(arguments);
        assert_eq!(ran.code, 3, "{arguments:?}");
        assert!(
            ran.err.contains("keeps its refs as \"sqlite\""),
            "{arguments:?}: {}",
            ran.err
        );
    }
}
