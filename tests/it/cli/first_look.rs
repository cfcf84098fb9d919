//! What a person sees first: what to do, grouped, with commands that can be pasted, in the terminal, a summary and a page.

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// The words of a text, whatever its lines.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A repository with two folders that lock the same package, and requirements beside them; each advisory is of one line.
fn folders() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    for folder in ["a", "b"] {
        let module = "module example.com/m\n\ngo 1.20\n\nrequire example.com/old v1.0.0\n";
        sandbox.write(&format!("{folder}/go.mod"), module);
    }
    sandbox.write("requirements.txt", "pinned==1.0.0\nopen>=1\nwide>=2\n");
    let records = [
        record("GO-1", "Go", "example.com/old", "0", Some("1.0.1")),
        record("GO-2", "Go", "example.com/old", "0", Some("1.0.1")),
        record("GO-3", "Go", "stdlib", "0", Some("1.21.0")),
        record("PYSEC-1", "PyPI", "pinned", "0", Some("1.0.1")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
    (sandbox, index)
}

#[test]
fn a_gate_shows_upgrades_and_not_each_finding_by_itself() {
    let (sandbox, index) = folders();
    let gate = |flags: &[&str]| {
        let arguments = ["gate", "--release", "main", "--db", &index, "--now", NOW];
        sandbox.run(&[&arguments[..], flags].concat()).out
    };
    let told = gate(&[]);
    assert!(told.contains("Recommended upgrades"), "{told}");
    assert_eq!(
        told.matches("example.com/old v1.0.0 → v1.0.1").count(),
        1,
        "{told}"
    );
    assert!(
        told.contains("fixes 2") && told.contains("high (assumed)"),
        "{told}"
    );
    assert_eq!(told.matches("add an exception for").count(), 1, "{told}");
    assert!(told.contains("`lockkeeper explain ID`"), "{told}");
    // With -v each of them has its own reason.
    let full = gate(&["-v"]);
    assert!(full.contains("Blocking: 5 findings"), "{full}");
    assert!(words(&full).contains("GO-2 affects"), "{full}");
}

#[test]
fn commands_of_several_folders_can_be_pasted_together() {
    let (sandbox, index) = folders();
    let json = sandbox
        .run(&["scan", "--db", &index, "--now", NOW, "--format", "json"])
        .json();
    let upgrades = json["upgrades"].as_array().expect("upgrades");
    let of = |name: &str| {
        let upgrade = upgrades.iter().find(|upgrade| upgrade["package"]["name"] == name);
        upgrade.unwrap_or_else(|| panic!("{name} in {upgrades:?}"))
    };
    let commands = of("example.com/old")["command"].as_str().expect("a command");
    let echoed = commands.replace("go get", "echo $PWD");
    let script = format!("{echoed}\npwd");
    let shell = std::process::Command::new("sh")
        .args(["-ec", &script])
        .current_dir(sandbox.work())
        .output()
        .expect("a shell");
    let lines = String::from_utf8_lossy(&shell.stdout).into_owned();
    let folders: Vec<&str> = lines
        .lines()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .map(|folder| folder.rsplit('/').next().unwrap_or_default())
        .collect();
    assert_eq!(folders, ["a", "b", "work"], "{commands}");
    // Where no tool has a command, something stands there all the same.
    let by_hand = of("pinned")["by_hand"].as_str().expect("what to do");
    assert!(by_hand.contains("`lockkeeper fix`"), "{by_hand}");
}

#[test]
fn a_summary_says_why_something_only_warns_and_what_to_do_once() {
    let (sandbox, index) = folders();
    let arguments = ["scan", "--db", &index, "--now", NOW, "--format"];
    let markdown = sandbox.run(&[&arguments[..], &["markdown"]].concat()).out;
    assert!(
        markdown.contains("warns: the go directive is a minimum, the toolchain that builds decides"),
        "{markdown}"
    );
    let hint = "Pin it with `==`, or compile the file with pip-compile or `uv pip compile`.";
    assert_eq!(markdown.matches(hint).count(), 1, "{markdown}");
    assert!(!markdown.contains("\\`"), "{markdown}");
    assert!(
        markdown.contains("- `pinned`: No command of pip changes a pin"),
        "{markdown}"
    );
    let html = sandbox.run(&[&arguments[..], &["html"]].concat()).out;
    assert!(html.contains("Why it only warns"), "{html}");
    assert!(html.contains("<code>uv pip compile</code>"), "{html}");
}

#[test]
fn upgrades_are_planned_next_and_what_has_none_is_not_recommended() {
    let (sandbox, index) = folders();
    let scan = |index: &str| sandbox.run(&["scan", "--db", index, "--now", NOW]).out;
    let told = scan(&index);
    let plan = format!("Next: lockkeeper plan --db {index}");
    assert!(words(&told).contains(&plan), "{told}");
    // Warnings have their command too.
    assert!(told.contains("(cd a && go get go@1.21.0)"), "{told}");
    let unfixed = [record("PYSEC-1", "PyPI", "pinned", "0", None)];
    let index = sandbox.index("unfixed.lkdb", &unfixed, NOW);
    let told = scan(&index);
    assert!(told.contains("Without a fixed version"), "{told}");
    assert!(!told.contains("Recommended upgrades"), "{told}");
    assert!(!told.contains("lockkeeper plan"), "{told}");
}

#[test]
fn a_plan_gives_a_reason_once_and_counts_no_upgrades_of_none() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0"), ("worse", "2.0.0")]));
    let records = [
        record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1")),
        record("GHSA-ill", "crates.io", "worse", "0", Some("2.0.1")),
        record("GHSA-worse", "crates.io", "worse", "0", Some("2.0.1")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    let plan = |flags: &[&str]| {
        let arguments = ["plan", "--offline", "--db", &index, "--now", NOW];
        sandbox.run(&[&arguments[..], flags].concat()).out
    };
    let told = plan(&[]);
    assert!(
        words(&told).contains("no upgrade fixes any of 3 vulnerabilities (3 high)"),
        "{told}"
    );
    assert!(told.contains("✗ bad 1.0.0 · worse 2.0.0 stay\n"), "{told}");
    assert_eq!(told.matches("There is no Cargo.toml").count(), 1, "{told}");
    // With -v each has its advisories.
    let full = plan(&["-v"]);
    assert!(
        full.contains("✗ worse 2.0.0 stays") && full.contains("GHSA-ill · GHSA-worse"),
        "{full}"
    );
}

#[test]
fn what_only_warns_is_told_apart_among_what_a_change_brings_in() {
    let sandbox = Sandbox::new();
    let records = [
        record("GO-1", "Go", "example.com/new", "0", Some("1.0.1")),
        record("GO-2", "Go", "stdlib", "0", Some("1.21.0")),
        record("GO-3", "Go", "stdlib", "0", Some("1.22.0")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    let module = "module example.com/m\n\ngo 1.20\n\nrequire example.com/new v1.0.0\n";
    sandbox.write("go.mod", module);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "y"]);
    let ran = sandbox.run(&["scan", "--base", "main", "--db", &index, "--now", NOW]);
    assert!(
        words(&ran.out).contains("BLOCKED 1 vulnerability (1 high) in 1 of "),
        "{}",
        ran.out
    );
    assert!(
        words(&ran.out).contains("3 vulnerabilities introduced (2 do not block)"),
        "{}",
        ran.out
    );
}

#[test]
fn a_pipe_has_lines_of_120_columns_and_digests_are_for_those_who_ask() {
    let (sandbox, index) = folders();
    let long = "a word and another ".repeat(20);
    let mut record = record("GO-1", "Go", "example.com/old", "0", Some("1.0.1"));
    record["summary"] = long.trim().into();
    let long = sandbox.index("long.lkdb", &[record], NOW);
    let scan = |index: &str, flags: &[&str]| {
        let arguments = ["scan", "--db", index, "--now", NOW];
        sandbox.run(&[&arguments[..], flags].concat()).out
    };
    let told = scan(&long, &[]);
    let widest = told.lines().map(|line| line.chars().count()).max();
    assert!(
        widest.is_some_and(|widest| (101..=120).contains(&widest)),
        "{told}"
    );
    // Words stay whole.
    let cut = told
        .lines()
        .find(|line| line.ends_with('…'))
        .expect("a line that was cut");
    let last = cut.trim_end_matches('…').rsplit(' ').next().expect("a word");
    assert!(["a", "word", "and", "another"].contains(&last), "{cut}");
    assert!(!scan(&index, &[]).contains("sha256:"));
    assert_eq!(scan(&index, &["-v"]).matches("sha256:").count(), 2);
}
