//! The flags that every command that reads takes, by the command line's own description and by running each.

use std::collections::BTreeSet;

use clap::{ArgAction, Command, CommandFactory as _};
use lockkeeper::cli::arguments::Arguments;

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// Commands that read nothing of a repository or an index, or whose work is to write; each with why.
const OTHERS: &[(&str, &str)] = &[
    ("action", "takes inputs"),
    ("cache clean", "removes"),
    ("cache status", "lists the files of this machine's folder"),
    ("completions", "prints a script"),
    ("config schema", "prints a constant"),
    ("db build", "writes an index"),
    ("db key", "writes a key"),
    ("db publish", "writes a publication"),
    ("db update", "writes an index"),
    ("demo", "has a repository and an index of its own"),
    ("init", "writes a policy"),
    ("man", "prints a page"),
    ("version", "compares two words"),
];

/// What a command that reads may lack, with why.
const LACKS: &[(&str, &[&str])] = &[
    // It names both of its indexes, and asks no policy which one is meant.
    ("db diff", &["db", "policy"]),
];

/// Every command that does something, by its whole name.
fn leaves(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
    let inner: Vec<&Command> = command.get_subcommands().collect();
    if inner.is_empty() {
        found.push((name.trim().to_owned(), command.clone()));
    }
    for command in inner {
        leaves(command, &format!("{name} {}", command.get_name()), found);
    }
}

fn commands() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    leaves(&Arguments::command(), "", &mut found);
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

#[test]
fn every_command_that_reads_takes_the_common_flags() {
    let root = Arguments::command();
    for flag in ["now", "offline", "quiet", "verbose", "color", "errors"] {
        let argument = root.get_arguments().find(|argument| argument.get_id() == flag);
        assert!(
            argument.is_some_and(clap::Arg::is_global_set),
            "--{flag} is of every command"
        );
    }
    let commands = commands();
    let names: BTreeSet<&str> = commands.iter().map(|(name, _)| name.as_str()).collect();
    for name in OTHERS
        .iter()
        .map(|(name, _)| name)
        .chain(LACKS.iter().map(|(name, _)| name))
    {
        assert!(names.contains(name), "there is no command {name} any more");
    }
    let mut wrong = Vec::new();
    let reads = commands
        .iter()
        .filter(|(name, _)| !OTHERS.iter().any(|(other, _)| other == name));
    for (name, command) in reads {
        let lacks = LACKS
            .iter()
            .find(|(of, _)| of == name)
            .map_or(&[][..], |(_, lacks)| lacks);
        for flag in ["db", "policy", "format", "output"] {
            let argument = command.get_arguments().find(|argument| argument.get_id() == flag);
            match (argument, lacks.contains(&flag)) {
                (None, true) => {}
                (Some(_), true) => wrong.push(format!("{name} takes --{flag}, which it is said to lack")),
                (None, false) => wrong.push(format!("{name} lacks --{flag}")),
                (Some(argument), false) => {
                    let many = matches!(flag, "format" | "output");
                    let action = argument.get_action();
                    if many != matches!(action, ArgAction::Append) {
                        wrong.push(format!("{name} takes --{flag} as {action:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_of_them_heeds_the_flags() {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    let older = sandbox.index(
        "older.lkdb",
        &[record("GHSA-old", "crates.io", "old", "0", None)],
        NOW,
    );
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.write("ci/policy.yml", "database: {max-age: 1d}\n");
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "first"]);
    let reads = commands()
        .into_iter()
        .filter(|(name, _)| !OTHERS.iter().any(|(other, _)| other == name));
    for (name, _) in reads {
        let mut line: Vec<&str> = name.split(' ').collect();
        line.extend([
            "--now",
            NOW,
            "--offline",
            "--format",
            "terminal",
            "--output",
            "a.txt",
        ]);
        line.extend(["--format", "json", "--output", "b.json"]);
        if !LACKS.iter().any(|(of, _)| *of == name) {
            line.extend(["--db", &index, "--policy", "ci/policy.yml"]);
        }
        let words: &[&str] = match name.as_str() {
            "gate" => &["--release", "main"],
            "explain" | "db show" => &["GHSA-bad"],
            "db search" => &["bad"],
            "db diff" => &[&older, &index],
            _ => &[],
        };
        line.extend(words);
        let ran = sandbox.run(&line);
        assert!(matches!(ran.code, 0 | 1), "{name}: {} {}", ran.code, ran.err);
        assert_eq!(ran.out, "", "{name}: reports went to files");
        let own = |file: &str| std::fs::read_to_string(sandbox.work().join(file)).expect(file);
        assert!(!own("a.txt").is_empty(), "{name}");
        let report: serde_json::Value = serde_json::from_str(&own("b.json")).expect("JSON");
        let schema = report["schema"].as_str().unwrap_or_default();
        assert!(schema.starts_with("lockkeeper."), "{name}: {schema}");
        for file in ["a.txt", "b.json"] {
            std::fs::remove_file(sandbox.work().join(file)).expect("a report");
        }
        // Usage is refused before anything is read.
        line.extend(["--format", "nonsense"]);
        let refused = sandbox.run(&line);
        assert!(
            refused.code == 2 && refused.err.contains("nonsense"),
            "{name}: {}",
            refused.err
        );
    }
}

#[test]
fn the_index_is_judged_by_the_policy_that_is_named() {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    let state = |policy: &str, now: &str| {
        sandbox.write("policy.yml", policy);
        let line = [
            "db",
            "status",
            "--db",
            &index,
            "--policy",
            "policy.yml",
            "--now",
            now,
            "--format",
            "json",
        ];
        let ran = sandbox.run(&line);
        let state = match ran.out.is_empty() {
            true => String::new(),
            false => ran.json()["state"].as_str().unwrap_or_default().to_owned(),
        };
        (ran.code, state, ran.err)
    };
    let told = |policy: &str, now: &str| {
        let (code, state, _) = state(policy, now);
        (code, state)
    };
    assert_eq!(told("{}", "2026-02-05"), (0, "stale".to_owned()));
    assert_eq!(
        told("database: {max-age: 7d}", "2026-02-05"),
        (0, "fresh".to_owned())
    );
    assert_eq!(
        told("database: {max-age: 1d, refuse-age: 3d}", "2026-02-05"),
        (3, "too_old".to_owned())
    );
    assert_eq!(
        told("database: {max-age: 7d, refuse-age: 60d}", "2026-03-05"),
        (0, "stale".to_owned())
    );
    let other = format!("database: {{digest: \"sha256:{}\"}}", "0".repeat(64));
    let (code, _, error) = state(&other, NOW);
    assert!(
        code == 3 && error.contains("the policy asks for the advisory database"),
        "{error}"
    );
    for command in [&["verify"][..], &["show", "GHSA-bad"], &["search", "bad"]] {
        let line = [&["db"], command, &["--db", &index, "--policy", "policy.yml"]].concat();
        let ran = sandbox.run(&line);
        assert!(
            ran.code == 3 && ran.err.contains("the policy asks for"),
            "{command:?}: {}",
            ran.err
        );
    }
    let (code, _, error) = state("database: {max-age: soon}", NOW);
    assert!(code == 2 && error.contains("policy.yml:1:"), "{error}");
}

#[test]
fn a_policy_is_shown_as_json_that_reads_back() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "lockkeeper.yml",
        "rules: [{name: all, when: {class: vulnerability, epss: 0.1}, then: warn}]\n",
    );
    let shown = sandbox.run(&["config", "show", "--format", "json", "--output", "shown.yml"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let again = sandbox.run(&["config", "show", "--policy", "shown.yml"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let digest = |out: &str| {
        out.lines()
            .find(|line| line.starts_with("# digest"))
            .map(str::to_owned)
    };
    let first = sandbox.run(&["config", "show"]);
    assert!(digest(&first.out).is_some());
    assert_eq!(digest(&first.out), digest(&again.out));
}
