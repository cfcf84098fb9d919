//! A change against its base, on repositories that the tests make: what it brings in, and whose policy counts.

use serde_json::{Value, json};

use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// A repository whose `main` holds a flaw, and an index that knows it and some others.
fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let mut late = record("GHSA-late", "crates.io", "late", "0", Some("2.0.0"));
    late["published"] = json!("2100-01-01T00:00:00Z");
    let records = [
        record("GHSA-old", "crates.io", "old", "0", Some("9.0.0")),
        record("GHSA-new", "crates.io", "new", "0", Some("9.0.0")),
        record("MAL-2026-1", "crates.io", "stolen", "0", None),
        late,
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("old", "1.0.0"), ("late", "1.0.0"), ("calm", "1.0.0")]),
    );
    sandbox.write("README.md", "one\n");
    commit(&sandbox, "Begin");
    sandbox.git(&["checkout", "-qb", "topic"]);
    (sandbox, index)
}

fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", message]);
}

fn scan(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan", "--db", index, "--now", NOW, "--format", "json"];
    all.extend(arguments);
    sandbox.run(&all)
}

/// `package version file: change decision` of each finding.
fn changes(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            format!(
                "{} {} {}: {} {}",
                text(&finding["package"]["name"]),
                text(&finding["package"]["version"]),
                text(&finding["file"]),
                text(&finding["change"]),
                text(&finding["decision"]),
            )
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_change_that_brings_nothing_passes() {
    let (sandbox, index) = prepared();
    let without = scan(&sandbox, &index, &[]);
    assert_eq!(
        (
            without.code,
            &without.json()["targets"][0]["findings"][0]["change"]
        ),
        (1, &Value::Null)
    );
    sandbox.write("README.md", "two\n");
    commit(&sandbox, "Say more");
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let kept = [
        "late 1.0.0 Cargo.lock: published_since warn",
        "old 1.0.0 Cargo.lock: pre_existing warn",
    ];
    assert_eq!(changes(&ran), kept);
    // Another order of the same packages is no change either, committed or not.
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("calm", "1.0.0"), ("late", "1.0.0"), ("old", "1.0.0")]),
    );
    assert_eq!(changes(&scan(&sandbox, &index, &["--base", "main"])), kept);
}

#[test]
fn what_a_change_brings_is_told_apart() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("old", "1.1.0"), ("late", "1.0.0"), ("new", "1.0.0")]),
    );
    commit(&sandbox, "Move");
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(
        changes(&ran),
        [
            "late 1.0.0 Cargo.lock: published_since warn",
            "new 1.0.0 Cargo.lock: introduced fail",
            "old 1.1.0 Cargo.lock: moved warn",
        ]
    );
    // A renamed lockfile brings nothing in; the same flaw in a second one does.
    sandbox.git(&["checkout", "-q", "-B", "topic", "main"]);
    std::fs::create_dir(sandbox.work().join("a")).expect("a folder");
    sandbox.git(&["mv", "Cargo.lock", "a/Cargo.lock"]);
    commit(&sandbox, "Rename");
    let renamed = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(renamed.code, 0, "{:?}", changes(&renamed));
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
    let second = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        changes(&second),
        [
            "late 1.0.0 a/Cargo.lock: introduced fail",
            "old 1.0.0 Cargo.lock: pre_existing warn",
            "old 1.0.0 a/Cargo.lock: introduced fail",
        ]
    );
}

#[test]
fn malicious_packages_fail_whoever_brought_them() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("stolen", "1.0.0")]));
    commit(&sandbox, "Be robbed");
    sandbox.git(&["checkout", "-q", "-B", "topic"]);
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        (ran.code, changes(&ran)),
        (1, vec!["stolen 1.0.0 Cargo.lock: pre_existing fail".to_owned()])
    );
}

#[test]
fn a_base_that_moved_on_does_not_blame_the_topic() {
    let (sandbox, index) = prepared();
    sandbox.write("README.md", "two\n");
    commit(&sandbox, "Say more");
    // The base mends the flaw and adds another, after the topic left it.
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("new", "1.0.0")]));
    commit(&sandbox, "Go on");
    sandbox.git(&["checkout", "-q", "topic"]);
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(ran.code, 0, "{:?}", changes(&ran));
    // The merge that a forge makes is compared with its first parent.
    sandbox.git(&["checkout", "-q", "--detach", "main"]);
    sandbox.git(&["merge", "-q", "--no-ff", "-m", "Merge", "topic"]);
    let merged = scan(&sandbox, &index, &["--base", "HEAD^1"]);
    assert_eq!(
        (merged.code, changes(&merged)),
        (0, vec!["new 1.0.0 Cargo.lock: pre_existing warn".to_owned()])
    );
}

#[test]
fn what_is_staged_is_the_head() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0"), ("new", "1.0.0")]));
    // Not staged yet: the work tree has it, the index has not.
    assert_eq!(scan(&sandbox, &index, &["--base", "HEAD"]).code, 1);
    assert_eq!(scan(&sandbox, &index, &["--staged", "--base", "HEAD"]).code, 0);
    sandbox.git(&["add", "-A"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("calm", "1.0.0")]));
    let staged = scan(&sandbox, &index, &["--staged", "--base", "HEAD"]);
    assert_eq!(staged.code, 1);
    assert_eq!(
        changes(&staged),
        [
            "new 1.0.0 Cargo.lock: introduced fail",
            "old 1.0.0 Cargo.lock: pre_existing warn"
        ]
    );
    assert_eq!(staged.json()["targets"][0]["dirty"], true);
}

#[test]
fn a_base_that_cannot_be_found_is_never_no_change() {
    let (sandbox, index) = prepared();
    commit_further(&sandbox);
    let unknown = scan(&sandbox, &index, &["--base", "nowhere"]);
    assert_eq!(unknown.code, 3);
    assert!(
        unknown.err.contains("nowhere") && unknown.err.contains("fetch-depth"),
        "{}",
        unknown.err
    );
    let from = format!("file://{}", sandbox.work().display());
    git(
        sandbox.path("").as_path(),
        &["clone", "-q", "--depth=1", "-b", "topic", &from, "shallow"],
    );
    let shallow = sandbox.path("shallow");
    git(
        &shallow,
        &[
            "fetch",
            "-q",
            "--depth=1",
            "origin",
            "main:refs/remotes/origin/main",
        ],
    );
    let shallow = shallow.to_str().expect("a path");
    for base in ["main", "origin/main", "HEAD^1", "HEAD~1"] {
        let ran = scan(&sandbox, &index, &[shallow, "--base", base]);
        assert_eq!(ran.code, 3, "{base}: {}", ran.out);
        assert!(ran.err.contains("fetch-depth"), "{base}: {}", ran.err);
        // The report that was asked for is there, and is not clean.
        let report = ran.json();
        assert_eq!(
            (&report["verdict"], &report["coverage"]["complete"]),
            (&json!("incomplete"), &json!(false)),
            "{base}"
        );
        assert!(
            report["coverage"]["blind"][0]["reason"]
                .to_string()
                .contains("fetch-depth"),
            "{base}"
        );
    }
    // Outside of git there is no base to be found.
    let outside = sandbox.path("outside");
    std::fs::create_dir(&outside).expect("a folder");
    let ran = scan(
        &sandbox,
        &index,
        &[outside.to_str().expect("a path"), "--base", "main"],
    );
    assert_eq!(ran.code, 2, "{}", ran.err);
}

fn commit_further(sandbox: &Sandbox) {
    sandbox.write("README.md", "two\n");
    commit(sandbox, "Say more");
    sandbox.write("README.md", "three\n");
    commit(sandbox, "Say even more");
}

#[test]
fn what_the_base_could_not_tell_counts_as_introduced() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("Cargo.lock", "<<<<<<< ours\n");
    commit(&sandbox, "Break");
    sandbox.git(&["checkout", "-q", "-B", "topic"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        (ran.code, changes(&ran)),
        (1, vec!["old 1.0.0 Cargo.lock: introduced fail".to_owned()])
    );
    let problems = ran.json()["coverage"]["problems"].to_string();
    assert!(problems.contains("at the base"), "{problems}");
}

const EXCEPTION: &str =
    "exceptions:\n  - id: GHSA-new\n    reason: nobody feeds it\n    owner: me\n    expires: 2026-06-01\n";

#[test]
fn an_exception_that_the_change_adds_does_not_help_it() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0"), ("new", "1.0.0")]));
    sandbox.write("lockkeeper.yml", EXCEPTION);
    commit(&sandbox, "Help myself");
    // On its own the tree's policy counts.
    let own = scan(&sandbox, &index, &[]).json();
    let states: Vec<&str> = own["targets"][0]["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["state"].as_str())
        .collect();
    assert!(states.contains(&"excepted"), "{states:?}");
    // Against its base it does not, and that is said, at the exception.
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(changes(&ran).contains(&"new 1.0.0 Cargo.lock: introduced fail".to_owned()));
    let report = ran.json();
    let problems = report["coverage"]["problems"].as_array().expect("problems");
    let told = problems.iter().find(|problem| {
        problem["message"]
            .as_str()
            .is_some_and(|message| message.contains("GHSA-new"))
    });
    let told = told.expect("the exception is told");
    assert_eq!(
        (&told["file"], &told["line"]),
        (&json!("lockkeeper.yml"), &json!(2))
    );
    // The policy named by --policy is the base's too, as long as it lies in the tree.
    let named = scan(
        &sandbox,
        &index,
        &["--base", "main", "--policy", "lockkeeper.yml"],
    );
    assert_eq!(named.code, 1, "{}", named.err);
    let outside = sandbox.path("own.yml");
    std::fs::write(&outside, EXCEPTION).expect("a file");
    let outside = outside.to_str().expect("a path");
    assert_eq!(
        scan(&sandbox, &index, &["--base", "main", "--policy", outside]).code,
        0
    );
    // Merged, it helps the next change.
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.git(&["merge", "-q", "topic"]);
    sandbox.git(&["checkout", "-q", "-B", "next"]);
    assert_eq!(scan(&sandbox, &index, &["--base", "main"]).code, 0);
    // A policy that the change breaks is told, and the base's counts.
    sandbox.write("lockkeeper.yml", "rules: [{then: perhaps}]\n");
    let broken = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(broken.code, 0, "{}", broken.err);
    let problems = broken.json()["coverage"]["problems"].to_string();
    assert!(problems.contains("breaks the policy"), "{problems}");
}

#[test]
fn only_the_policy_at_the_top_counts() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "deep/lockkeeper.yml",
        "exceptions: [{id: GHSA-old, reason: a, expires: 2026-12-31}]\n",
    );
    sandbox.write("deep/Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
    assert_eq!(scan(&sandbox, &index, &["deep"]).code, 1);
    // That at the top counts from everywhere below, and says where it lies.
    sandbox.write(
        ".github/lockkeeper.yml",
        "exceptions: [{id: GHSA-old, reason: a, expires: 2026-12-31, path: \"deep/**\"}]\n",
    );
    let below = scan(&sandbox, &index, &["deep"]);
    assert_eq!(below.code, 0, "{}", below.err);
    assert_eq!(below.json()["policy"]["file"], ".github/lockkeeper.yml");
    assert_eq!(scan(&sandbox, &index, &["."]).code, 1);
    sandbox.write("lockkeeper.yml", "schema: lockkeeper.policy/1\n");
    let two = scan(&sandbox, &index, &["."]);
    assert_eq!(two.code, 2);
    assert!(two.err.contains("two policies"), "{}", two.err);
}

#[test]
fn mistakes_of_a_policy_are_told_at_once_with_their_places() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "lockkeeper.yml",
        "rules:\n  - when: {severty: high}\n    then: fial\nexceptions:\n  - id: CVE-2024-1\n    owner: me\n",
    );
    let ran = scan(&sandbox, &index, &[]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    for part in [
        "lockkeeper.yml:2:12: ",
        "severity",
        "lockkeeper.yml:3:11: ",
        "fail",
        "lockkeeper.yml:5:5: ",
        "reason",
        "expires",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    let mut command = vec!["--errors", "json"];
    command.extend(["scan", "--db", &index]);
    let error: Value = serde_json::from_str(&sandbox.run(&command).err).expect("one document");
    assert_eq!(error["place"]["file"], "lockkeeper.yml");
    assert!(
        error["others"].as_array().is_some_and(|others| others.len() >= 2),
        "{error}"
    );
}

#[test]
fn exceptions_live_by_the_clock_and_stay_listed() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: GHSA-old, reason: not reachable, owner: me, expires: 2026-02-03}\n  \
         - {id: GHSA-late, reason: not reachable, expires: 2026-03-03}\n  \
         - {id: GHSA-never, reason: nothing, expires: 2026-12-31}\n",
    );
    let on = |day: &str| {
        let now = format!("{day}T12:00:00Z");
        sandbox.run(&["scan", "--db", &index, "--now", &now, "--format", "json"])
    };
    for (day, code) in [("2026-02-03", 0), ("2026-02-04", 1)] {
        let ran = on(day);
        assert_eq!(ran.code, code, "{day}: {}", ran.out);
        let report = ran.json();
        assert_eq!(report["targets"][0]["findings"].as_array().map(Vec::len), Some(2));
        let text = report.to_string();
        assert!(
            text.contains("GHSA-never") && text.contains("unused"),
            "{day}: {text}"
        );
        assert_eq!(text.contains("expired"), code == 1, "{day}: {text}");
    }
    // A part of the repository, or another ref, says nothing of what the rest needs.
    sandbox.write("part/Cargo.lock", cargo_lock(&[("calm", "1.0.0")]));
    let part = scan(&sandbox, &index, &["part"]).json();
    assert_eq!(part["coverage"]["problems"], json!([]));
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: GHSA-old, reason: a, expires: 2026-12-03}\n  - {id: GHSA-late, reason: a, expires: 2026-12-03}\n  \
         - {id: GHSA-never, reason: nothing, expires: 2026-12-31, ref: release/*}\n",
    );
    let other = scan(&sandbox, &index, &[]);
    assert_eq!(
        (other.code, &other.json()["coverage"]["problems"]),
        (0, &json!([]))
    );
    let sarif = sandbox.run(&["scan", "--db", &index, "--now", "2026-02-03", "--format", "sarif"]);
    assert!(sarif.out.contains("\"suppressions\""), "{}", sarif.out);
}

#[test]
fn every_report_tells_of_idle_exceptions() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: GHSA-old, reason: a, expires: 2026-01-03}\n  - {id: GHSA-never, reason: a, expires: 2026-12-31}\n",
    );
    commit(&sandbox, "Accept");
    for command in [
        &["scan"][..],
        &["scan", "--format", "markdown"],
        &["scan", "--format", "html"],
        &["scan", "--format", "sarif"],
        &["scan", "--format", "json"],
        &["status", "--refs", "topic"],
        &["gate", "--release", "topic"],
        &["gate", "--release", "topic", "--format", "markdown"],
    ] {
        let ran = sandbox.run(&[command, &["--db", &index, "--now", NOW]].concat());
        let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("GHSA") && told.contains("never") && told.contains("unused"),
            "{command:?}: {}",
            ran.out
        );
        assert!(told.contains("expired"), "{command:?}: {}", ran.out);
    }
    // Nothing was judged, so nothing is unused.
    let unjudged = sandbox.run(&["scan", "--db", "nowhere", "--format", "json"]);
    assert!(!unjudged.out.contains("GHSA-never"), "{}", unjudged.out);
}

#[test]
fn an_explanation_never_reassures_where_something_could_not_be_judged() {
    let (sandbox, index) = prepared();
    let explain = |subject: &str| sandbox.run(&["explain", subject, "--db", &index, "--now", NOW]);
    assert_eq!(explain("GHSA-new").code, 0);
    let held = explain("pkg:cargo/new@1.0.0");
    assert!(
        held.code == 0 && held.out.contains("GHSA-new"),
        "the index knows of it: {}",
        held.out
    );
    sandbox.write("a/package-lock.json", "{");
    for subject in ["GHSA-new", "pkg:cargo/new", "GHSA-old"] {
        let ran = explain(subject);
        assert_eq!(ran.code, 3, "{subject}: {}", ran.out);
        assert!(ran.out.contains("a/package-lock.json"), "{subject}: {}", ran.out);
        assert!(!ran.out.contains("Nothing to do"), "{subject}: {}", ran.out);
    }
}

#[test]
fn another_index_than_the_policy_asks_for_is_called_that() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "lockkeeper.yml",
        format!("database: {{digest: \"sha256:{}\"}}\n", "0".repeat(64)),
    );
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(
        ran.out.contains("not the one that the policy asks for"),
        "{}",
        ran.out
    );
    // A list that is empty by mistake does not switch the gate off.
    for list in ["", " ", ","] {
        let ran = sandbox.run(&["scan", "--fail-on", list, "--db", &index, "--now", NOW]);
        assert_eq!(ran.code, 2, "{list:?}: {}", ran.out);
    }
    // Neither side has the policy that was named.
    let named = scan(&sandbox, &index, &["--base", "main", "--policy", "nowhere.yml"]);
    assert_eq!(named.code, 2, "{}", named.err);
}

#[test]
fn grace_tells_the_day_and_strict_coverage_counts_partial_gaps() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
    sandbox.write(
        "lockkeeper.yml",
        "rules:\n  - {name: a-while, when: {class: vulnerability}, then: fail, after: 60d}\n",
    );
    let early = scan(&sandbox, &index, &[]);
    assert_eq!(early.code, 0, "{}", early.out);
    let report = early.json();
    let finding = &report["targets"][0]["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["fails_from"]),
        (&json!("a-while"), &json!("2026-03-02"))
    );
    let late = sandbox.run(&["scan", "--db", &index, "--now", "2026-03-02", "-q"]);
    assert_eq!(late.code, 1, "{}", late.out);
    assert!(late.out.contains("too old"), "{}", late.out);
    sandbox.write(
        "lockkeeper.yml",
        "rules:\n  - {when: {class: vulnerability}, then: fail, after: 60d}\ndatabase: {refuse-age: 100d}\n",
    );
    assert_eq!(
        sandbox
            .run(&["scan", "--db", &index, "--now", "2026-03-02", "-q"])
            .code,
        1
    );
    // A requirement without a version is partial; only a strict policy fails on it.
    std::fs::remove_file(sandbox.work().join("Cargo.lock")).expect("a file");
    commit(&sandbox, "Leave");
    sandbox.write("requirements.txt", "flask\n");
    sandbox.write("app/Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    sandbox.write("lockkeeper.yml", "exclude: [\"fixtures/**\"]\n");
    sandbox.write("fixtures/Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
    let usual = scan(&sandbox, &index, &[]);
    assert_eq!(usual.code, 0, "{}", usual.out);
    assert_eq!(
        usual.json()["coverage"]["skipped"][0]["path"],
        "fixtures/Cargo.lock"
    );
    sandbox.write("lockkeeper.yml", "exclude: [\"fixtures/**\"]\ncoverage: strict\n");
    let strict = scan(&sandbox, &index, &[]);
    assert_eq!(
        (strict.code, strict.json()["verdict"].as_str()),
        (3, Some("incomplete"))
    );
    // What is asked for by its path is read all the same.
    assert_eq!(scan(&sandbox, &index, &["fixtures/Cargo.lock"]).code, 1);
    assert_eq!(scan(&sandbox, &index, &["fixtures"]).code, 1);
}

#[test]
fn each_cause_of_a_gap_is_told_in_words_and_in_json() {
    let (sandbox, index) = prepared();
    sandbox.write("Gopkg.lock", "a\n");
    sandbox.write("yarn.lock", "");
    sandbox.write("a/package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {");
    sandbox.write("requirements.txt", "flask\n");
    let ran = scan(&sandbox, &index, &[]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let report = ran.json();
    let coverage = &report["coverage"];
    assert_eq!(coverage["complete"], false);
    let files = |list: &str| -> Vec<&str> {
        let list = coverage[list].as_array().expect("a list");
        list.iter().filter_map(|gap| gap["file"].as_str()).collect()
    };
    assert_eq!(files("blind"), ["Gopkg.lock", "a/package-lock.json", "yarn.lock"]);
    assert_eq!(files("partial"), ["requirements.txt"]);
    for gap in coverage["blind"].as_array().expect("a list") {
        assert!(
            gap["line"].as_u64().is_some_and(|line| line > 0) && gap["reason"] != "",
            "{gap}"
        );
    }
    let shown = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
    assert!(shown.out.contains("more may be hidden"), "{}", shown.out);
    for file in [
        "Gopkg.lock",
        "a/package-lock.json",
        "yarn.lock",
        "requirements.txt",
    ] {
        assert!(shown.out.contains(file), "{file}: {}", shown.out);
    }
}
