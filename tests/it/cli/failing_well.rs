//! What a person sees where something is missing: one message that names what is wrong, and whose first way out works.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// Lines that a terminal of 80 columns needs.
fn lines(text: &str) -> usize {
    text.lines()
        .map(|line| line.chars().count().div_ceil(80).max(1))
        .sum()
}

fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0"), ("good", "1.0.0")]));
    sandbox
}

fn bad() -> [serde_json::Value; 1] {
    [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))]
}

fn osv(sandbox: &Sandbox) -> String {
    sandbox.index("other.lkdb", &bad(), NOW);
    sandbox
        .path("other.lkdb-osv")
        .to_str()
        .expect("a path")
        .to_owned()
}

#[test]
fn a_first_fetch_that_is_impossible_is_one_message_whose_first_way_out_works() {
    let sandbox = shop();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let environment = [("HTTPS_PROXY", closed.as_str())];
    let ran = sandbox.run_with(&["scan"], &environment);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert_eq!(ran.out, "", "the message is told twice");
    for words in [
        "2 packages in 1 lockfile were not checked",
        "lockkeeper db build",
        "--from",
        "--db",
        "`database`",
        "lockkeeper man db update",
        "https://osv-vulnerabilities",
        "Connection refused",
    ] {
        assert!(ran.err.contains(words), "no {words:?} in {}", ran.err);
    }
    assert!(!ran.err.contains("Next:"), "{}", ran.err);
    let message = ran.err.find("error: ").expect("an error");
    assert!(lines(&ran.err[message..]) <= 10, "{}", ran.err);
    // A report says what was found, and does not tell to run what has just failed.
    let json = sandbox
        .run_with(&["scan", "--format", "json"], &environment)
        .json();
    assert_eq!(json["verdict"], "failed");
    assert_eq!(json["coverage"]["packages"], 2);
    assert_eq!(json["coverage"]["files_read"], 1);
    assert_eq!(json["coverage"]["complete"], false);
    for command in [&["status"][..], &["gate", "--release", "main"]] {
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        let ran = sandbox.run_with(command, &environment);
        assert_eq!((ran.code, ran.out.as_str()), (5, ""), "{}", ran.err);
        assert!(
            ran.err.contains("2 packages in 1 lockfile were not checked"),
            "{}",
            ran.err
        );
    }
    let built = sandbox.run(&["db", "build", &osv(&sandbox), "--as-of", NOW]);
    assert_eq!(built.code, 0, "{}", built.err);
    assert_eq!(sandbox.run_with(&["scan", "--now", NOW], &environment).code, 1);
}

#[test]
fn a_proxy_that_hangs_is_named_soon() {
    let sandbox = shop();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = format!("http://user:canary@{}", silent.local_addr().expect("an address"));
    let begun = Instant::now();
    let mut child = sandbox
        .command(&["scan"])
        .env("HTTPS_PROXY", &proxy)
        .spawn()
        .expect("the program starts");
    let mut told = String::new();
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines() {
        told.push_str(&line.expect("UTF-8"));
        told.push('\n');
        if told.contains("no answer yet from ") {
            break;
        }
    }
    let took = begun.elapsed();
    child.kill().expect("the program runs");
    child.wait().expect("the program ends");
    assert!(took < Duration::from_secs(5), "{took:?}: {told}");
    assert!(
        told.starts_with("fetching advisories of crates.io from https://"),
        "{told}"
    );
    let address = silent.local_addr().expect("an address").to_string();
    assert!(
        told.contains(&format!("(HTTPS_PROXY is {address})"))
            || told.contains(&format!("(HTTPS_PROXY is http://{address})")),
        "{told}"
    );
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn a_database_that_is_named_and_cannot_be_used_is_named_with_a_way_out_that_works() {
    let sandbox = shop();
    let osv = osv(&sandbox);
    let whole = std::fs::read(sandbox.path("other.lkdb")).expect("the index");
    sandbox.write("it's text.lkdb", "text");
    sandbox.write("cut.lkdb", &whole[..whole.len() / 2]);
    for name in ["missing.lkdb", "it's text.lkdb", "cut.lkdb"] {
        let ran = sandbox.run(&["scan", "--db", name, "--now", NOW]);
        assert_eq!(ran.code, 3, "{}", ran.err);
        let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("{name}: ")), "{}", ran.out);
        let quoted = name.replace("it's text.lkdb", "'it'\\''s text.lkdb'");
        assert!(
            told.contains(&format!("`lockkeeper db build --db {quoted} SOURCE…`")),
            "{}",
            ran.out
        );
        assert!(!ran.out.contains("Next:"), "{}", ran.out);
        let built = sandbox.run(&["db", "build", "--db", name, &osv, "--as-of", NOW]);
        assert_eq!(built.code, 0, "{}", built.err);
        assert_eq!(sandbox.run(&["scan", "--db", name, "--now", NOW]).code, 1);
        // What grew old is brought up to date where it is.
        let stale = sandbox.run(&["scan", "--db", name, "--now", "2026-02-05"]);
        assert!(
            stale.out.contains(&format!("lockkeeper db update --db {quoted}")),
            "{}",
            stale.out
        );
    }
}

#[test]
fn a_fetch_has_a_line_at_its_start_and_one_at_its_end_and_quiet_has_none() {
    let sandbox = shop();
    let index = sandbox.index("source.lkdb", &bad(), NOW);
    let fetch = |flags: &[&str]| {
        let target = [
            "db",
            "update",
            "--from",
            &index,
            "--db",
            "new.lkdb",
            "--now",
            NOW,
            "--ecosystem",
            "crates.io",
        ];
        let arguments: Vec<&str> = target.iter().chain(flags).copied().collect();
        let _ = std::fs::remove_file(sandbox.work().join("new.lkdb"));
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.err
    };
    let told = fetch(&[]);
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("fetching ") && told[0].contains("source.lkdb"),
        "{told:?}"
    );
    assert_eq!(fetch(&["--quiet"]), "");
}

#[test]
fn unsupported_lockfiles_are_one_line_for_each_format_with_what_accepts_it() {
    let sandbox = shop();
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-x", "crates.io", "other", "0", None)],
        NOW,
    );
    for file in [
        "glide.lock",
        "a/glide.lock",
        "b/c/glide.lock",
        "Gopkg.lock",
        "d/bun.lockb",
    ] {
        sandbox.write(file, "x");
    }
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "markdown"]);
    let lines = ran
        .out
        .lines()
        .filter(|line| line.contains("glide.lock is not supported"));
    let [line] = lines.collect::<Vec<_>>()[..] else {
        panic!("{}", ran.out);
    };
    assert!(line.contains("`a/glide.lock:1`, `b/c/glide.lock:1`"), "{line}");
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.out.matches("glide.lock is not supported yet").count(),
        1,
        "{}",
        ran.out
    );
    assert!(ran.out.contains("3 × the format of glide.lock"), "{}", ran.out);
    let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut policy = String::from("exclude:\n");
    for name in ["glide.lock", "Gopkg.lock", "bun.lockb"] {
        assert!(
            told.contains(&format!("`exclude: [\"**/{name}\"]`")),
            "{}",
            ran.out
        );
        policy.push_str(&format!("  - \"**/{name}\"\n"));
    }
    sandbox.write("lockkeeper.yml", policy);
    assert_eq!(sandbox.run(&["scan", "--db", &index, "--now", NOW]).code, 0);
}

#[test]
fn a_report_without_a_format_takes_that_of_its_ending() {
    let sandbox = shop();
    let index = sandbox.index("index.lkdb", &bad(), NOW);
    for (name, start) in [
        ("a.json", "{"),
        ("a.sarif", "{"),
        ("a.md", "##"),
        ("a.HTML", "<!doctype html>"),
        ("a.txt", "✗ BLOCKED"),
    ] {
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--output", name]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let text = std::fs::read_to_string(sandbox.work().join(name)).expect("a report");
        assert!(text.starts_with(start), "{name}: {text:.40}");
    }
    let sarif = std::fs::read_to_string(sandbox.work().join("a.sarif")).expect("a report");
    assert!(sarif.contains("\"runs\""));
    let ran = sandbox.run(&["scan", "--db", &index, "--output", "report.xyz"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("report.xyz") && ran.err.contains("json"),
        "{}",
        ran.err
    );
    assert!(!sandbox.work().join("report.xyz").exists());
    let ran = sandbox.run(&["refs", "--output", "refs.html"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("Give one of: terminal, json."), "{}", ran.err);
}

#[test]
fn help_lists_the_formats_that_a_command_takes() {
    let sandbox = Sandbox::new();
    for (command, takes, takes_not) in [
        (
            &["scan"][..],
            "terminal, json, sarif, markdown, html, cyclonedx, spdx or openvex",
            "csv",
        ),
        (&["status"], "terminal, json, markdown or html", "sarif"),
        (&["gate"], "terminal, json or markdown", "html"),
        (&["plan"], "terminal, json or markdown", "html"),
        (&["fix"], "terminal, json or markdown", "html"),
        (&["backport"], "terminal, json or markdown", "html"),
        (&["refs"], "terminal or json", "markdown"),
        (&["packages"], "terminal or json", "markdown"),
        (&["explain"], "terminal or json", "markdown"),
        (&["db", "show"], "terminal or json", "markdown"),
        (&["db", "status"], "terminal or json", "markdown"),
        (&["config", "show"], "terminal or json", "markdown"),
    ] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = sandbox.run(&arguments).out;
        let start = help.find("--format").expect("a flag");
        let format = &help[start..start + help[start..].find("--output").expect("a flag")];
        let format = format.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(format.contains(takes), "{command:?}: {format}");
        assert!(!format.contains(takes_not), "{command:?}: {format}");
    }
}

#[test]
fn misspelt_refs_name_the_nearest() {
    let sandbox = shop();
    let index = sandbox.index("index.lkdb", &bad(), NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
    for branch in ["release/1.4", "release/1.3", "stable-2"] {
        sandbox.git(&["branch", branch]);
    }
    sandbox.git(&["tag", "v1.4.2"]);
    for (arguments, nearest) in [
        (&["status", "--refs", "relase/*"][..], "release/*"),
        (&["status", "--refs", "relase/1.4"], "release/1.4"),
        (&["scan", "--refs", "main,stabel-*"], "stable-*"),
        (&["gate", "--release", "v1.4.3"], "v1.4.2"),
        (&["gate", "--release", "relase/1.3"], "release/1.3"),
        (&["scan", "--base", "mian"], "main"),
        (&["scan", "--refs", "origin/release/1.*"], "release/1.*"),
        (&["status", "--refs", "origin/relase/1.4"], "release/1.4"),
    ] {
        let arguments: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["--db", &index, "--now", NOW])
            .collect();
        let ran = sandbox.run(&arguments);
        assert!(matches!(ran.code, 2 | 3), "{}", ran.err);
        assert!(
            ran.err.contains(&format!("did you mean `{nearest}`?")),
            "{arguments:?}: {}",
            ran.err
        );
    }
    let ran = sandbox.run(&["status", "--refs", "elsewhere", "--db", &index]);
    assert!(!ran.err.contains("did you mean"), "{}", ran.err);
}

#[test]
fn a_threshold_does_not_make_a_go_directive_fail() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "go.mod",
        "module example.com/a\n\ngo 1.20\n\nrequire example.com/bad v1.0.0\n",
    );
    let records = [
        record("GO-1", "Go", "stdlib", "0", Some("1.21.0")),
        record("GO-2", "Go", "example.com/bad", "0", Some("1.0.1")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    for flags in [&[][..], &["--fail-on", "high"], &["--fail-on", "vulnerability"]] {
        let arguments = ["scan", "--db", &index, "--now", NOW, "--format", "json"];
        let arguments: Vec<&str> = arguments.iter().chain(flags).copied().collect();
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.code, 1);
        let report = ran.json();
        let findings = report["targets"][0]["findings"]
            .as_array()
            .expect("a list")
            .clone();
        let rule = |id: &str| {
            let finding = findings.iter().find(|finding| finding["id"] == id);
            finding.expect("a finding")["rule"]
                .as_str()
                .expect("a rule")
                .to_owned()
        };
        assert_eq!(rule("GO-1"), "built-in: a go directive is a minimum");
        assert_ne!(rule("GO-2"), "built-in: a go directive is a minimum");
    }
}

fn library() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("left", "1.0.0")]));
    let mut records = vec![
        record("GHSA-one", "crates.io", "left", "0", Some("1.0.1")),
        record("GHSA-two", "crates.io", "left", "0", Some("1.0.2")),
        record("GHSA-npm", "npm", "left", "0", None),
        record("GHSA-only-npm", "npm", "right", "0", None),
    ];
    for number in 0..9 {
        records.push(record(
            &format!("GHSA-later-{number}"),
            "crates.io",
            "left",
            "2.0.0",
            None,
        ));
    }
    let index = sandbox.index("index.lkdb", &records, NOW);
    (sandbox, index)
}

fn explain(sandbox: &Sandbox, index: &str, flags: &[&str]) -> Ran {
    let arguments = ["explain", "--db", index, "--now", NOW];
    let arguments: Vec<&str> = arguments.iter().chain(flags).copied().collect();
    sandbox.run_with(&arguments, &[("COLUMNS", "160")])
}

#[test]
fn a_package_is_explained_with_what_affects_it_first_and_a_count_of_the_rest() {
    let (sandbox, index) = library();
    for subject in ["pkg:cargo/left", "left"] {
        let ran = explain(&sandbox, &index, &[subject]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.starts_with("Affected by 2 advisories"), "{}", ran.out);
        for id in ["GHSA-one", "GHSA-two"] {
            let line = ran.out.lines().find(|line| line.contains(id)).expect("a line");
            assert!(
                line.contains("left 1.0.0") && line.contains("Cargo.lock:"),
                "{line}"
            );
        }
        assert!(!ran.out.contains("GHSA-later"), "{}", ran.out);
        let rest = if subject == "left" { 10 } else { 9 };
        assert!(
            ran.out.contains(&format!(
                "{rest} more advisories of it affect nothing here (-v lists all)"
            )),
            "{}",
            ran.out
        );
        let all = explain(&sandbox, &index, &[subject, "-v"]).out;
        assert_eq!(all.matches("GHSA-later-").count(), 9, "{all}");
    }
    // Of another ecosystem, and locked nowhere.
    let ran = explain(&sandbox, &index, &["right"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("GHSA-only-npm"), "{}", ran.out);
    let ran = explain(&sandbox, &index, &["rigth"]);
    assert_eq!(ran.code, 2);
    let ran = explain(&sandbox, &index, &["righ"]);
    assert!(ran.err.contains("right (npm)"), "{}", ran.err);
}

#[test]
fn an_id_is_explained_with_an_exception_that_works_when_pasted() {
    let (sandbox, index) = library();
    let mut policy = String::from("schema: lockkeeper.policy/1\nrules: []\n");
    let mut both = Vec::new();
    for id in ["GHSA-one", "GHSA-two"] {
        let ran = explain(&sandbox, &index, &[id]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let lines = ran
            .out
            .lines()
            .skip_while(|line| line.trim() != "exceptions:")
            .skip(1);
        let entry: Vec<String> = lines
            .take_while(|line| !line.trim().is_empty())
            .map(|line| line[2..].to_owned())
            .collect();
        assert_eq!(entry.len(), 5, "{}", ran.out);
        for key in ["id", "reason", "owner", "expires", "package"] {
            assert!(
                entry.iter().any(|line| line.contains(&format!("{key}: "))),
                "{key}: {entry:?}"
            );
        }
        both.push(entry.join("\n"));
    }
    policy.push_str(&format!("exceptions:\n{}\n", both.join("\n")));
    sandbox.write("lockkeeper.yml", policy);
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn what_is_ignored_for_a_run_is_seen_in_every_report() {
    let (sandbox, index) = library();
    let scan = |flags: &[&str]| {
        let arguments = [
            "scan", "--db", &index, "--now", NOW, "--ignore", "ghsa-one", "--ignore", "GHSA-two",
        ];
        let arguments: Vec<&str> = arguments.iter().chain(flags).copied().collect();
        sandbox.run(&arguments)
    };
    for format in ["terminal", "json", "sarif", "markdown", "html"] {
        let ran = scan(&["--format", format, "-v"]);
        assert_eq!(ran.code, 0, "{format}: {}{}", ran.out, ran.err);
        assert!(
            ran.out.contains("--ignore on the command line"),
            "{format}: {}",
            ran.out
        );
    }
    let report = scan(&["--format", "json"]).json();
    assert_eq!(report["targets"][0]["findings"][0]["state"], "excepted");
    let idle = scan(&["--ignore", "GHSA-tow"]);
    assert!(
        idle.out
            .contains("--ignore GHSA-tow is unused: no finding has this id"),
        "{}",
        idle.out
    );
    // What is malicious is accepted by nobody.
    let malicious = sandbox.index(
        "bad.lkdb",
        &[record("MAL-1", "crates.io", "left", "0", None)],
        NOW,
    );
    let ran = sandbox.run(&["scan", "--db", &malicious, "--now", NOW, "--ignore", "MAL-1"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
}

#[test]
fn a_step_refuses_to_ignore() {
    let (sandbox, index) = library();
    let args = format!("--now {NOW} --ignore GHSA-one");
    let ran = crate::action::step::step(&sandbox, &[("INPUT_DATABASE", &index), ("INPUT_ARGS", &args)]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.out.contains("`--ignore` in `args` is for local runs"),
        "{}",
        ran.out
    );
}

#[test]
fn init_writes_nothing_where_nobody_can_be_asked() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["init"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.out.contains(".github/workflows/lockkeeper.yml"),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("--yes"), "{}", ran.err);
    assert!(
        std::fs::read_dir(sandbox.work())
            .expect("a folder")
            .next()
            .is_none()
    );
    let ran = sandbox.run(&["init", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let workflow =
        std::fs::read_to_string(sandbox.work().join(".github/workflows/lockkeeper.yml")).expect("a workflow");
    assert!(workflow.contains("actions/cache@") && workflow.contains("cache-dir: .lockkeeper-cache"));
    // It names the line with the two placeholders, and there is no other.
    let lines: Vec<&str> = workflow.lines().collect();
    let number = lines
        .iter()
        .position(|line| line.contains("OWNER/lockkeeper@COMMIT"))
        .expect("a line");
    assert!(
        ran.out.contains(&format!("lockkeeper.yml:{}, ", number + 1)),
        "{}",
        ran.out
    );
    assert_eq!(
        workflow.matches("OWNER").count() + workflow.matches("COMMIT").count(),
        2
    );
    // The policy does something: what is only for development warns, and a fix has a week.
    let shown = sandbox.run(&["config", "show"]);
    assert!(
        shown.out.contains("scope: dev") && shown.out.contains("after: 7d"),
        "{}{}",
        shown.out,
        shown.err
    );
}

#[test]
fn the_year_one_is_no_date() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let mut undated = record("GHSA-undated", "crates.io", "bad", "0", None);
    undated["published"] = "0001-01-01T00:00:00Z".into();
    undated["modified"] = "0001-01-01T00:00:00Z".into();
    let index = sandbox.index("index.lkdb", &[undated], NOW);
    let arguments = ["--db", &index, "--now", NOW];
    let run = |command: &[&str]| {
        let arguments: Vec<&str> = command.iter().chain(&arguments).copied().collect();
        sandbox.run(&arguments)
    };
    let report = run(&["scan", "--format", "json"]).json();
    assert_eq!(
        report["targets"][0]["findings"][0]["published"],
        serde_json::Value::Null
    );
    for command in [&["explain", "GHSA-undated"][..], &["scan", "--format", "html"]] {
        let ran = run(command);
        assert!(!ran.out.contains("0001-01-01"), "{}", ran.out);
    }
    let shown = sandbox.run(&["db", "show", "GHSA-undated", "--db", &index]);
    assert!(!shown.out.contains("0001-01-01"), "{}", shown.out);
}

#[test]
fn what_nobody_rated_has_no_severity() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
    let mut notice = record("RUSTSEC-2026-0001", "crates.io", "old", "0", None);
    notice["affected"][0]["database_specific"] = serde_json::json!({"informational": "unmaintained"});
    let index = sandbox.index("index.lkdb", &[notice], NOW);
    for command in [
        &["scan"][..],
        &["explain", "RUSTSEC-2026-0001"],
        &["db", "show", "RUSTSEC-2026-0001"],
        &["db", "search", "old"],
    ] {
        let arguments: Vec<&str> = command
            .iter()
            .copied()
            .chain(["--db", &index, "--now", NOW])
            .collect();
        let ran = sandbox.run(&arguments);
        assert!(ran.out.contains("unmaintained"), "{command:?}: {}", ran.out);
        assert!(
            !ran.out.contains("high") && !ran.out.contains("assumed"),
            "{command:?}: {}",
            ran.out
        );
    }
    let report = sandbox
        .run(&["scan", "--db", &index, "--now", NOW, "--format", "json"])
        .json();
    assert_eq!(report["counts"]["findings"], 1);
    assert_eq!(report["counts"]["by_severity"]["high"], 0);
}

#[test]
fn the_demo_shows_the_grid_and_where_its_page_is() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.path("temporary");
    std::fs::create_dir(&temporary).expect("a folder");
    let ran = sandbox.run_with(&["demo"], &[("TMPDIR", temporary.to_str().expect("a path"))]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for words in [
        "$ lockkeeper scan",
        "Recommended upgrades",
        "$ lockkeeper status",
        "release/1.4",
        "main",
        "$ lockkeeper plan",
        "↑ smallvec 1.6.0 → 1.6.1",
        "↑ ua-parser-js 0.7.29 → 0.7.30",
        "✗ event-stream 3.3.6 stays",
    ] {
        assert!(ran.out.contains(words), "no {words:?} in {}", ran.out);
    }
    let page = ran
        .out
        .lines()
        .find_map(|line| line.strip_prefix("The grid as a page: "))
        .expect("a path");
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.starts_with("<!doctype html>") && page.contains("release/1.4"));
    // Only what it names stays behind.
    assert_eq!(std::fs::read_dir(&temporary).expect("a folder").count(), 1);
}

#[test]
fn a_page_holds_no_clock_unless_a_time_was_given() {
    let (sandbox, index) = library();
    let page = |flags: &[&str]| {
        let arguments = ["scan", "--db", &index, "--format", "html"];
        let arguments: Vec<&str> = arguments.iter().chain(flags).copied().collect();
        sandbox.run(&arguments).out
    };
    let first = page(&[]);
    assert!(
        !first.to_lowercase().contains("scanned</dt>"),
        "a clock in the page"
    );
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(first, page(&[]));
    assert!(page(&["--now", NOW]).contains("2026-02-01 00:00 UTC"));
}
