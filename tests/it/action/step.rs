//! The GitHub Actions door: inputs in; summary, annotations, outputs and files out.

use serde_json::Value;

use crate::support::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    (sandbox, index)
}

/// Runs the step with these variables; what the one before wrote is gone.
pub fn step(sandbox: &Sandbox, inputs: &[(&str, &str)]) -> Ran {
    for file in ["summary.md", "output.txt"] {
        let _ = std::fs::remove_file(sandbox.path(file));
    }
    let summary = sandbox.path("summary.md").to_str().expect("a path").to_owned();
    let output = sandbox.path("output.txt").to_str().expect("a path").to_owned();
    let now = format!("--now {NOW}");
    let mut environment = vec![
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
        ("GITHUB_OUTPUT", &output),
        ("INPUT_ARGS", &now),
    ];
    environment.extend(inputs);
    sandbox.run_with(&["action"], &environment)
}

/// The outputs of the last step.
pub fn outputs(sandbox: &Sandbox) -> std::collections::BTreeMap<String, String> {
    let text = std::fs::read_to_string(sandbox.path("output.txt")).expect("outputs");
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[test]
fn a_step_writes_everything_and_ends_with_the_verdict() {
    let (sandbox, index) = prepared();
    let ran = step(
        &sandbox,
        &[
            ("INPUT_DATABASE", &index),
            ("INPUT_REPORT-FILE", "report.md"),
            ("INPUT_FAIL-ON", ""),
        ],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("BLOCKED"));
    assert!(
        ran.out.contains("::error file=Cargo.lock,line=12,col=12"),
        "{}",
        ran.out
    );
    let outputs = outputs(&sandbox);
    assert_eq!(outputs["verdict"], "blocked");
    assert_eq!(outputs["exit-code"], "1");
    assert_eq!(
        (outputs["findings"].as_str(), outputs["blocking"].as_str()),
        ("1", "1")
    );
    assert_eq!(outputs["sarif-file"], "lockkeeper.sarif");
    assert_eq!(outputs["report-file"], "report.md");
    for file in ["lockkeeper.sarif", "report.md"] {
        assert!(sandbox.work().join(file).is_file(), "{file}");
    }
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(summary.contains("GHSA"), "{summary}");
}

/// A job's log shows colours, though it is no terminal; what is written to a file stays plain.
#[test]
fn the_log_of_a_job_has_colours_unless_they_are_refused() {
    let (sandbox, index) = prepared();
    let colour = "\u{1b}[";
    let now = format!("--now {NOW}");
    let never = format!("{now} --color never");
    for (name, args, has_colour) in [
        (("GITHUB_ACTIONS", "true"), &now, true),
        (("GITHUB_ACTIONS", "true"), &never, false),
        (("GITHUB_ACTIONS", ""), &now, false),
        (("NO_COLOR", "1"), &now, false),
    ] {
        let inputs = [
            ("INPUT_DATABASE", index.as_str()),
            ("INPUT_REPORT-FILE", "report.txt"),
            ("GITHUB_ACTIONS", "true"),
            ("INPUT_ARGS", args),
            name,
        ];
        let ran = step(&sandbox, &inputs);
        assert_eq!(
            ran.out.contains(colour),
            has_colour,
            "{name:?} {args}: {}",
            ran.out
        );
        let report = std::fs::read_to_string(sandbox.work().join("report.txt")).expect("a report");
        assert!(!report.contains(colour), "{report}");
    }
}

#[test]
fn annotations_are_ten_at_most_and_say_how_many_more() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..30).map(|number| format!("bad-{number}")).collect();
    let records: Vec<_> = names
        .iter()
        .map(|name| record(&format!("GHSA-{name}"), "crates.io", name, "0", None))
        .collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    sandbox.write("Cargo.lock", cargo_lock(&packages));
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index)]);
    let annotations: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(annotations.len(), 10, "{}", ran.out);
    let counted: Vec<bool> = annotations
        .iter()
        .map(|line| line.contains("20 more: see the job summary."))
        .collect();
    assert_eq!(
        counted.iter().rposition(|counted| *counted),
        Some(9),
        "{annotations:?}"
    );
    assert_eq!(
        counted.iter().filter(|counted| **counted).count(),
        1,
        "{annotations:?}"
    );
}

#[test]
fn the_summary_links_to_the_run_and_to_the_line_at_the_commit() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Begin"]);
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let summary = |more: &[(&str, &str)]| {
        let given = [
            ("INPUT_DATABASE", index.as_str()),
            ("GITHUB_SERVER_URL", "https://forge.example"),
            ("GITHUB_API_URL", "https://forge.example/api/v3"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_RUN_ID", "4200"),
            ("GITHUB_RUN_NUMBER", "7"),
            ("INPUT_UPLOAD-SARIF", "false"),
        ];
        let ran = step(&sandbox, &[&given, more].concat());
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary")
    };
    let text = summary(&[]);
    for part in [
        "## lockkeeper: 1 vulnerability",
        "[this run](https://forge.example/acme/shop/actions/runs/4200)",
        &format!("(https://forge.example/acme/shop/blob/{commit}/Cargo.lock#L12)"),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // Gitea counts the runs of a repository.
    let text = summary(&[("GITHUB_API_URL", "https://forge.example/api/v1")]);
    for part in [
        "[this run](https://forge.example/acme/shop/actions/runs/7)",
        &format!("(https://forge.example/acme/shop/src/commit/{commit}/Cargo.lock#L12)"),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // A runner checks out the commit of a pull request without a branch.
    sandbox.git(&["checkout", "-q", "--detach"]);
    let request = [
        ("GITHUB_SHA", commit.as_str()),
        ("GITHUB_REF", "refs/pull/7/merge"),
    ];
    let text = summary(&request);
    let head = format!(
        "`pull/7/merge` at [`{}`](https://forge.example/acme/shop/commit/{commit}) · ",
        &commit[..7]
    );
    assert!(text.contains(&head), "{head} in {text}");
    for odd in ["", "javascript:alert(1)", "https://forge.example/)[x](y"] {
        let text = summary(&[("GITHUB_SERVER_URL", odd)]);
        assert!(!text.contains("this run") && !text.contains("#L12"), "{text}");
    }
}

#[test]
fn mistakes_are_refused_by_name() {
    let (sandbox, index) = prepared();
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index), ("INPUT_SARIFFILE", "x")]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`sarif-file`"), "{}", ran.err);
    assert!(ran.out.starts_with("::error title=lockkeeper::"), "{}", ran.out);
    assert_eq!(step(&sandbox, &[("INPUT_EXIT-ZERO", "perhaps")]).code, 2);
    assert_eq!(step(&sandbox, &[("INPUT_MODE", "nonsense")]).code, 2);
    let outside = step(&sandbox, &[("INPUT_MODE", "backport")]);
    assert!(
        outside.code == 2 && outside.err.contains("in no git repository"),
        "{}",
        outside.err
    );
    for (mode, name, value) in [
        ("gate", "INPUT_BASE", "main"),
        ("status", "INPUT_SARIF-FILE", "x.sarif"),
        ("gate", "INPUT_REPORT-FILE", "report.html"),
        ("gate", "INPUT_REPORT-FILE", "report.sarif"),
        ("scan", "INPUT_ARGS", "--format json"),
        ("scan", "INPUT_ARGS", "--format nonsense --output x"),
        ("scan", "INPUT_POLICY", "nowhere.yml"),
        ("scan", "INPUT_FAIL-ON", "-v"),
        ("scan", "INPUT_ARGS", "--stdin Cargo.lock --staged"),
        ("gate", "INPUT_ARGS", "--release"),
    ] {
        let ran = step(
            &sandbox,
            &[("INPUT_DATABASE", &index), ("INPUT_MODE", mode), (name, value)],
        );
        assert_eq!(ran.code, 2, "{mode} {name}={value}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn a_step_without_an_answer_says_why_everywhere() {
    let (sandbox, index) = prepared();
    let ran = step(
        &sandbox,
        &[("INPUT_DATABASE", &index), ("INPUT_BASE", "<b>##[group]main")],
    );
    assert_eq!(ran.code, 2, "{}", ran.err);
    let told = outputs(&sandbox);
    assert_eq!(
        (told["verdict"].as_str(), told["exit-code"].as_str()),
        ("failed", "2")
    );
    assert_eq!(told.len(), 2, "{told:?}");
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Begin"]);
    let ran = step(
        &sandbox,
        &[("INPUT_DATABASE", &index), ("INPUT_BASE", "<b>##[group]main")],
    );
    assert_eq!(ran.code, 3, "{}", ran.err);
    let told = outputs(&sandbox);
    assert_eq!(
        (told["verdict"].as_str(), told["exit-code"].as_str()),
        ("incomplete", "3")
    );
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(summary.starts_with("## lockkeeper: ? INCOMPLETE\n"), "{summary}");
    assert!(
        summary.contains("fetch-depth") && !summary.contains("<b>"),
        "{summary}"
    );
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains("##["), "{text}");
    }
    assert!(!sandbox.work().join("lockkeeper.sarif").exists());
    // Mistakes of a policy are told with their places.
    sandbox.write("lockkeeper.yml", "rules: [{then: perhaps}]\nlines: {newst: 1}\n");
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index)]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(
        summary.contains("`lockkeeper.yml:1:16`") && summary.contains("`lockkeeper.yml:2:9`"),
        "{summary}"
    );
}

/// Two release lines and a tag, of which one line holds the flaw; the other one is checked out.
fn lines() -> (Sandbox, String) {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q"]);
    let commit = |message: &str| {
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", message]);
    };
    commit("Begin");
    sandbox.git(&["branch", "release/1.0"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.1")]));
    commit("Mend");
    sandbox.git(&["tag", "v1.1"]);
    (sandbox, index)
}

#[test]
fn a_gate_says_whether_a_release_may_go_out() {
    let (sandbox, index) = lines();
    let gate = [("INPUT_DATABASE", index.as_str()), ("INPUT_MODE", "gate")];
    let with = |more: &[(&str, &str)]| step(&sandbox, &[&gate, more].concat());
    let blocked = with(&[
        ("INPUT_REFS", "release/1.0"),
        ("INPUT_REPORT-FILE", "out/gate.json"),
    ]);
    assert_eq!(blocked.code, 1, "{}{}", blocked.out, blocked.err);
    let told = outputs(&sandbox);
    assert_eq!(
        (
            told["verdict"].as_str(),
            told["exit-code"].as_str(),
            told["blocking"].as_str()
        ),
        ("blocked", "1", "1")
    );
    assert_eq!(told["introduced"], "0");
    assert!(!told.contains_key("sarif-file"), "{told:?}");
    assert!(!sandbox.work().join("lockkeeper.sarif").exists());
    assert_eq!(told["report-file"], "out/gate.json");
    let report = std::fs::read(sandbox.work().join("out/gate.json")).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(
        (&report["schema"], &report["release"]),
        (&"lockkeeper.gate/1".into(), &"release/1.0".into())
    );
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(
        summary.contains("| Package and file |") && summary.contains("GHSA-bad"),
        "{summary}"
    );
    // Accepted for once.
    assert_eq!(
        with(&[("INPUT_REFS", "release/1.0"), ("INPUT_EXIT-ZERO", "true")]).code,
        0
    );
    // The tag of the event, by its full name; what is checked out does not count.
    for (event, ref_name, code) in [
        ("push", "refs/tags/v1.1", 0),
        ("release", "refs/tags/v1.1", 0),
        ("push", "refs/tags/v9", 3),
        ("push", "refs/heads/main", 2),
        ("pull_request", "refs/pull/7/merge", 2),
        ("", "", 2),
    ] {
        let ran = with(&[("GITHUB_EVENT_NAME", event), ("GITHUB_REF", ref_name)]);
        assert_eq!(ran.code, code, "{event} {ref_name}: {}{}", ran.out, ran.err);
        let hints = match code {
            2 => ran.err.contains("`refs`"),
            3 => ran.err.contains("fetch-depth") && outputs(&sandbox)["verdict"] == "incomplete",
            _ => true,
        };
        assert!(hints, "{event} {ref_name}: {}", ran.err);
    }
    assert_eq!(with(&[("INPUT_REFS", "release/*")]).code, 2);
}

#[test]
fn a_status_shows_the_grid_and_never_says_no() {
    let (sandbox, index) = lines();
    let status = [("INPUT_DATABASE", index.as_str()), ("INPUT_MODE", "status")];
    let with = |more: &[(&str, &str)]| step(&sandbox, &[&status, more].concat());
    let ran = with(&[("INPUT_REPORT-FILE", "grid.json"), ("INPUT_EXIT-ZERO", "true")]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let told = outputs(&sandbox);
    assert_eq!(
        (told["verdict"].as_str(), told["exit-code"].as_str()),
        ("blocked", "0")
    );
    assert!(!told.contains_key("sarif-file"), "{told:?}");
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(
        summary.contains("### Grid") && summary.contains("`release/1.0`"),
        "{summary}"
    );
    assert!(!ran.out.lines().any(|line| line.starts_with("::")), "{}", ran.out);
    let report = std::fs::read(sandbox.work().join("grid.json")).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["schema"], "lockkeeper.status/1");
    assert_eq!(
        report["rows"][0]["cells"]["refs/heads/release/1.0"]["state"],
        "affected"
    );
    // Of some lines only; and a change has no part in it.
    let event = [("INPUT_REFS", "main"), ("GITHUB_EVENT_NAME", "pull_request")];
    let ran = with(&[event.as_slice(), &[("INPUT_REPORT-FILE", "grid.md")]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let grid = std::fs::read_to_string(sandbox.work().join("grid.md")).expect("a report");
    assert!(
        grid.contains("No known vulnerabilities on 1 release line") && !grid.contains("GHSA-bad"),
        "{grid}"
    );
    assert_eq!(with(&[("INPUT_REFS", "nowhere")]).code, 2);
    let page = with(&[("INPUT_REPORT-FILE", "grid.html")]);
    assert_eq!(page.code, 0, "{}", page.err);
    let page = std::fs::read_to_string(sandbox.work().join("grid.html")).expect("a page");
    assert!(
        page.starts_with("<!doctype html>") && page.contains("GHSA-bad"),
        "{page}"
    );
}

#[test]
fn the_cache_folder_of_the_step_remembers_when_a_line_was_scanned() {
    let (sandbox, index) = lines();
    std::fs::create_dir(sandbox.path("kept")).expect("a folder");
    std::fs::copy(&index, sandbox.path("kept/advisories.lkdb")).expect("an index");
    let kept = sandbox.path("kept");
    let kept = [("INPUT_CACHE-DIR", kept.to_str().expect("a path"))];
    let scanned = step(
        &sandbox,
        &[kept.as_slice(), &[("INPUT_REFS", "release/*")]].concat(),
    );
    assert_eq!(scanned.code, 1, "{}", scanned.err);
    assert!(sandbox.path("kept/heartbeat.json").is_file());
    sandbox.write("lockkeeper.yml", "lines: {scanned-within: 7d}\n");
    let shown = step(&sandbox, &[kept.as_slice(), &[("INPUT_MODE", "status")]].concat());
    assert_eq!(shown.code, 0, "{}", shown.err);
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    let warned: Vec<&str> = summary
        .lines()
        .filter(|line| line.contains("has no recorded scan"))
        .collect();
    assert!(
        matches!(warned.as_slice(), [warning] if warning.contains("main has")),
        "{summary}"
    );
}

#[test]
fn refs_are_scanned_without_one_sarif_for_all() {
    let (sandbox, index) = lines();
    let scan = |refs: &str| step(&sandbox, &[("INPUT_DATABASE", &index), ("INPUT_REFS", refs)]);
    let both = scan("main,release/*");
    assert_eq!(both.code, 1, "{}{}", both.out, both.err);
    let notices: Vec<&str> = both
        .out
        .lines()
        .filter(|line| line.starts_with("::notice"))
        .collect();
    // Nobody asked for a file, and one cannot tell of both.
    assert!(notices.is_empty(), "{notices:?}");
    assert!(!sandbox.work().join("lockkeeper.sarif").exists());
    let one = ("INPUT_SARIF-FILE", "one.sarif");
    let named = step(
        &sandbox,
        &[("INPUT_DATABASE", &index), ("INPUT_REFS", "main,release/*"), one],
    );
    let notices: Vec<&str> = named
        .out
        .lines()
        .filter(|line| line.starts_with("::notice"))
        .collect();
    assert!(
        matches!(notices.as_slice(), [notice] if notice.contains("SARIF")),
        "{notices:?}"
    );
    assert!(
        both.out.contains("::error title=")
            && both
                .out
                .contains("It is at release/1.0:Cargo.lock:12 (not checked out here)."),
        "{}",
        both.out
    );
    assert!(!outputs(&sandbox).contains_key("sarif-file"));
    assert!(!sandbox.work().join("lockkeeper.sarif").exists());
    // One each, if the name says so.
    let name = ("INPUT_SARIF-FILE", "sarif/{ref}.sarif");
    let refs = |refs: &str| {
        let inputs = [("INPUT_DATABASE", index.as_str()), ("INPUT_REFS", refs), name];
        step(&sandbox, &inputs)
    };
    let both = refs("main,release/*");
    assert!(!both.out.contains("::notice"), "{}", both.out);
    assert!(!outputs(&sandbox).contains_key("sarif-file"));
    for (file, results) in [("main", 0), ("release-1.0", 1)] {
        let sarif = std::fs::read(sandbox.work().join(format!("sarif/{file}.sarif"))).expect(file);
        let sarif: Value = serde_json::from_slice(&sarif).expect("JSON");
        let told = sarif["runs"][0]["results"].as_array().map(Vec::len);
        assert_eq!(told, Some(results), "{file}");
    }
    assert_eq!(refs("release/*").code, 1);
    assert_eq!(outputs(&sandbox)["sarif-file"], "sarif/release-1.0.sarif");
    let one = scan("tags/v1.1");
    assert_eq!(one.code, 0, "{}{}", one.out, one.err);
    assert_eq!(outputs(&sandbox)["sarif-file"], "lockkeeper.sarif");
    assert!(!one.out.contains("::notice"), "{}", one.out);
}

#[test]
fn a_policy_is_read_from_where_the_input_says() {
    let (sandbox, index) = prepared();
    let policy = "exceptions: [{id: GHSA-bad, reason: nobody feeds it, expires: 2026-12-31}]\n";
    sandbox.write("ci/policy.yml", policy);
    let ran = step(
        &sandbox,
        &[("INPUT_DATABASE", &index), ("INPUT_POLICY", "ci/policy.yml")],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    // What was accepted is no finding to count.
    let told = outputs(&sandbox);
    assert_eq!(
        (
            told["verdict"].as_str(),
            told["findings"].as_str(),
            told["blocking"].as_str()
        ),
        ("pass", "0", "0")
    );
}

#[test]
fn reports_that_args_ask_for_are_written() {
    let (sandbox, index) = prepared();
    let args = format!("--now {NOW} --format json --output a.json --format markdown --output b.md");
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index), ("INPUT_ARGS", &args)]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let read = |name: &str| std::fs::read_to_string(sandbox.work().join(name)).expect(name);
    assert!(read("a.json").contains("lockkeeper.scan/1") && read("b.md").starts_with("## "));
}

#[test]
fn publishing_never_changes_the_verdict() {
    let (sandbox, index) = prepared();
    let environment = [
        ("INPUT_DATABASE", index.as_str()),
        ("INPUT_ARGS", "--now 2026-02-01"),
        ("INPUT_SARIF-FILE", "Cargo.lock/not-a-folder.sarif"),
        ("GITHUB_STEP_SUMMARY", "/nowhere/at/all"),
        ("GITHUB_OUTPUT", "/nowhere/at/all"),
    ];
    let ran = sandbox.run_with(&["action"], &environment);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let notices = ran
        .out
        .lines()
        .filter(|line| line.starts_with("::notice"))
        .count();
    assert_eq!(notices, 3, "{}", ran.out);
}

#[test]
fn hostile_names_give_the_runner_no_orders() {
    let sandbox = Sandbox::new();
    let name = "x\n::error::gotcha\n##[add-mask]a";
    let index = sandbox.index("index.lkdb", &[record("GHSA-bad", "npm", name, "0", None)], NOW);
    let lock = serde_json::json!({
        "lockfileVersion": 3,
        "packages": {"": {"name": "app"}, format!("node_modules/{name}"): {"version": "1.0.0"}},
    });
    sandbox.write("package-lock.json", lock.to_string());
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index)]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for line in ran
        .out
        .lines()
        .filter(|line| line.contains("gotcha") || line.contains("add-mask"))
    {
        let orders = line.trim_start().starts_with("::error::gotcha") || line.contains("##[");
        assert!(!orders, "{line}");
    }
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(!summary.lines().any(|line| line.starts_with("::")), "{summary}");
}
