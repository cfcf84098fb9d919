//! Our own workflows, the actions, the examples and what the documents show: pinned, with the least rights, and with
//! inputs that exist.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::text::tree::{Document, Value};
use lockkeeper::text::yaml::{self, Bounds};

use crate::architecture::{read, root};
use crate::project::readme::documents;

/// How an example names the Action: whoever copies it puts both in.
const OWN: [&str; 2] = ["OWNER/lockkeeper@COMMIT", "OWNER/lockkeeper/setup@COMMIT"];

/// Every workflow, with its path from the top.
fn workflows() -> Vec<(String, String)> {
    let mut files = vec!["data/workflow.starter.yml".to_owned()];
    for folder in [".github/workflows", "examples/workflows", "examples/forgejo"] {
        let before = files.len();
        for entry in std::fs::read_dir(root().join(folder)).expect(folder) {
            let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
            assert!(name.ends_with(".yml"), "{folder}/{name}");
            files.push(format!("{folder}/{name}"));
        }
        assert!(files.len() > before, "{folder} is empty");
    }
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = read(&path);
            (path, text)
        })
        .collect()
}

fn parsed<'t>(path: &str, text: &'t str) -> Document<'t> {
    let document = yaml::read(text, Bounds::UNTRUSTED);
    assert!(document.problems.is_empty(), "{path}: {:?}", document.problems);
    assert!(document.root().is_object(), "{path}");
    document
}

fn jobs<'d>(path: &str, document: &'d Document<'_>) -> Vec<(String, Value<'d>)> {
    let jobs = document
        .root()
        .get("jobs")
        .unwrap_or_else(|| panic!("{path}: no jobs"));
    let jobs: Vec<_> = jobs
        .entries()
        .map(|(name, job)| (format!("{path}: job {name}"), job))
        .collect();
    assert!(!jobs.is_empty(), "{path}: no job");
    jobs
}

fn steps(job: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    job.get("steps").into_iter().flat_map(Value::items)
}

/// The inputs that an action describes.
fn inputs(path: &str) -> BTreeSet<String> {
    let text = read(path);
    let document = parsed(path, &text);
    let inputs = document.root().get("inputs").expect("inputs");
    inputs.entries().map(|(name, _)| name.into_owned()).collect()
}

#[test]
fn every_action_is_pinned() {
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut texts = workflows();
    let actions = ["action.yml", "setup/action.yml"].map(str::to_owned);
    for path in actions.into_iter().chain(documents()) {
        texts.push((path.clone(), read(&path)));
    }
    for (path, text) in &texts {
        for (at, line) in text.lines().enumerate() {
            let Some((before, used)) = line.split_once("uses: ") else {
                continue;
            };
            // Within a sentence it ends where its quote does.
            let used = if before.ends_with('`') {
                used.split('`').next().unwrap_or_default()
            } else {
                used
            };
            let place = format!("{path}:{}: {line}", at + 1);
            let (used, comment) = used.split_once(" # ").unwrap_or((used, ""));
            if used.starts_with("./") || used == "docker://registry.example/lockkeeper@sha256:…" {
                continue;
            }
            let used = used.strip_prefix("https://github.com/").unwrap_or(used);
            if OWN.contains(&used) {
                // Documents may show it shortly; what is copied says what to put in.
                assert!(
                    path.ends_with(".md") || comment.contains("the full commit"),
                    "{place}"
                );
                continue;
            }
            let (action, commit) = used
                .split_once('@')
                .unwrap_or_else(|| panic!("{place}: no commit"));
            // A place that the reader fills.
            if path.ends_with(".md") && commit == "COMMIT" {
                continue;
            }
            assert!(
                commit.len() == 40
                    && commit
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
                "{place}: no full commit"
            );
            let version = comment
                .strip_prefix('v')
                .unwrap_or_else(|| panic!("{place}: no version"));
            assert_eq!(version.split('.').count(), 3, "{place}: no whole version");
            assert!(
                version.split('.').all(|part| part.parse::<u32>().is_ok()),
                "{place}"
            );
            pins.entry(action.to_owned())
                .or_default()
                .insert(format!("{commit} {comment}"));
        }
    }
    assert!(pins.len() >= 4, "{pins:?}");
    for (action, pins) in pins {
        assert_eq!(pins.len(), 1, "{action} is pinned in several ways: {pins:?}");
    }
}

/// What the lines hold is what YAML holds: no `uses` escapes the look at lines.
#[test]
fn every_step_is_seen_by_line() {
    for (path, text) in workflows() {
        let document = parsed(&path, &text);
        let mut count = 0_usize;
        for (name, job) in jobs(&path, &document) {
            assert!(
                job.get("uses").is_none(),
                "{name}: reusable workflows are not looked at"
            );
            for step in steps(job) {
                let used = step.str("uses");
                assert!(
                    used.is_some() != step.get("run").is_some(),
                    "{name}: a step uses or runs"
                );
                count += usize::from(used.is_some());
            }
        }
        assert_eq!(count, text.matches("uses: ").count(), "{path}");
    }
}

#[test]
fn rights_are_the_least() {
    for (path, text) in workflows() {
        let document = parsed(&path, &text);
        let root = document.root();
        let events = root.get("on").unwrap_or_else(|| panic!("{path}: no events"));
        let mut names: Vec<String> = events.entries().map(|(name, _)| name.into_owned()).collect();
        names.extend(
            events
                .items()
                .filter_map(Value::as_str)
                .map(|name| name.into_owned()),
        );
        assert!(!names.is_empty(), "{path}: no events");
        // Both run a stranger's change with the rights of the base.
        for refused in ["pull_request_target", "workflow_run"] {
            assert!(!text.contains(refused), "{path}: {refused}");
        }
        let rights = root
            .get("permissions")
            .unwrap_or_else(|| panic!("{path}: no permissions"));
        assert_eq!(rights.count(), 0, "{path}: permissions belong to jobs");
        for (name, job) in jobs(&path, &document) {
            let minutes = job.get("timeout-minutes").and_then(Value::as_u64);
            assert!(
                minutes.is_some_and(|minutes| (1..=90).contains(&minutes)),
                "{name}: no timeout"
            );
            let rights = job
                .get("permissions")
                .unwrap_or_else(|| panic!("{name}: no permissions"));
            // An empty list is the least of all.
            assert!(rights.is_object(), "{name}: permissions are not listed");
            for (right, level) in rights.entries() {
                let level = level.as_str().unwrap_or_default();
                assert!(
                    ["read", "write"].contains(&level.as_ref()),
                    "{name}: {right}: {level}"
                );
                if right == "contents" && level == "write" {
                    let writing = [
                        "release",
                        "index",
                        "examples/workflows/backport.yml: job backport",
                        "examples/workflows/carry.yml: job carry",
                        "examples/workflows/fix.yml: job fix",
                    ];
                    assert!(
                        writing.contains(
                            &name
                                .trim_start_matches(".github/workflows/")
                                .trim_end_matches(".yml: job publish")
                        ),
                        "{name} may write the contents"
                    );
                }
            }
            for step in steps(job) {
                if step
                    .str("uses")
                    .is_some_and(|used| used.contains("actions/checkout@"))
                {
                    let keeps = step.get("with").and_then(|with| with.get("persist-credentials"));
                    assert_eq!(
                        keeps.and_then(Value::as_bool),
                        Some(false),
                        "{name}: checkout keeps its token"
                    );
                }
            }
        }
    }
}

#[test]
fn commands_hold_no_templates() {
    let actions = ["setup/action.yml"].map(|path| (path.to_owned(), read(path)));
    let mut commands = 0_usize;
    for (path, text) in workflows().into_iter().chain(actions) {
        let document = parsed(&path, &text);
        let lists: Vec<Value<'_>> = match document.root().get("runs") {
            Some(runs) => vec![runs],
            None => jobs(&path, &document).into_iter().map(|(_, job)| job).collect(),
        };
        for step in lists.into_iter().flat_map(steps) {
            if let Some(command) = step.str("run") {
                commands += 1;
                assert!(
                    !command.contains("${{"),
                    "{path}: a value becomes part of a command: {command}"
                );
            }
        }
    }
    assert!(commands > 10, "only {commands} commands were found");
}

#[test]
fn given_inputs_exist() {
    let own = inputs("action.yml");
    let setup = inputs("setup/action.yml");
    let mut given = BTreeSet::new();
    for (path, text) in workflows() {
        let document = parsed(&path, &text);
        for (name, job) in jobs(&path, &document) {
            for step in steps(job) {
                let used = step.str("uses").unwrap_or_default();
                let used = used.strip_prefix("https://github.com/").unwrap_or(&used);
                let known = match used {
                    "OWNER/lockkeeper@COMMIT" => &own,
                    "OWNER/lockkeeper/setup@COMMIT" | "./setup" => &setup,
                    _ => {
                        assert!(!used.contains("lockkeeper"), "{name}: {used}");
                        &BTreeSet::new()
                    }
                };
                if used.contains("lockkeeper") || used == "./setup" {
                    for (input, _) in step.get("with").into_iter().flat_map(Value::entries) {
                        assert!(known.contains(input.as_ref()), "{name}: no input {input}");
                        given.insert(input.into_owned());
                    }
                }
                // After the setup, they are variables.
                for (variable, _) in step.get("env").into_iter().flat_map(Value::entries) {
                    if let Some(input) = variable.strip_prefix("INPUT_") {
                        let input = input.to_lowercase().replace('_', "-");
                        assert!(own.contains(&input), "{name}: no input {input}");
                        given.insert(input);
                    }
                }
            }
        }
    }
    for input in [
        "comment",
        "tracking-issue",
        "upload-sarif",
        "cache-dir",
        "database",
        "mode",
        "refs",
        "mirror",
    ] {
        assert!(given.contains(input), "no example shows {input}");
    }
}

/// What the script reads is what the action gives, and nothing else.
#[test]
fn the_setup_gives_what_its_script_reads() {
    let script = read("setup/install.sh");
    let words: BTreeSet<&str> = script
        .split(|character: char| {
            !character.is_ascii_uppercase() && !character.is_ascii_digit() && character != '_'
        })
        .filter(|word| word.starts_with("SETUP_"))
        .collect();
    let text = read("setup/action.yml");
    let document = parsed("setup/action.yml", &text);
    let runs = document.root().get("runs").expect("runs");
    let step = steps(runs).next().expect("a step");
    let given: BTreeSet<String> = step
        .get("env")
        .expect("variables")
        .entries()
        .map(|(name, _)| name.into_owned())
        .filter(|name| name.starts_with("SETUP_"))
        .collect();
    // For tests, and for whoever is in a hurry.
    let own = BTreeSet::from(["SETUP_WAIT"]);
    let read: BTreeSet<String> = words.difference(&own).map(|word| (*word).to_owned()).collect();
    assert_eq!(given, read);
    // Every input arrives.
    for input in inputs("setup/action.yml") {
        assert!(text.matches(&format!("inputs.{input}")).count() >= 1, "{input}");
    }
}

/// Each example is told of where people look for it.
#[test]
fn examples_are_told() {
    let documents: String = documents().iter().map(|path| read(path)).collect();
    for (path, _) in workflows() {
        if path.starts_with("examples/") {
            assert!(documents.contains(&path), "no document names {path}");
        }
    }
}

/// What is left on a forge is told by the marks that the program itself leaves there.
#[test]
fn what_is_left_behind_is_told() {
    let told = read("docs/uninstall.md");
    for (source, mark) in [
        ("src/upload/comment.rs", "<!-- lockkeeper:comment:"),
        ("src/upload/issue.rs", "<!-- lockkeeper:tracking:"),
        ("src/upload/issue.rs", "const LABEL: &str = \"lockkeeper\""),
        ("src/report/sarif/mod.rs", ".name(\"lockkeeper\")"),
    ] {
        assert!(
            read(source).contains(mark),
            "{source} leaves another mark than {mark}"
        );
    }
    for word in [
        "startswith(\"<!-- lockkeeper:comment:\")",
        "--label lockkeeper",
        "tool_name=lockkeeper",
    ] {
        assert!(told.contains(word), "docs/uninstall.md does not say {word}");
    }
}

/// A release is made in this order: binaries, image and archives, commit and tag.
#[test]
fn a_release_is_made_in_order() {
    let path = ".github/workflows/release.yml";
    let text = read(path);
    let document = parsed(path, &text);
    let mut before: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, job) in document.root().get("jobs").expect("jobs").entries() {
        let mut needs = BTreeSet::new();
        if let Some(all) = job.get("needs") {
            needs.extend(all.as_str().map(|one| one.into_owned()));
            needs.extend(all.items().filter_map(Value::as_str).map(|one| one.into_owned()));
        }
        // What a job waits for stands above it.
        let further: Vec<String> = needs.iter().flat_map(|need| before[need].clone()).collect();
        needs.extend(further);
        before.insert(name.into_owned(), needs);
    }
    let after = |job: &str| before[job].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(after("build"), ["plan"]);
    assert_eq!(after("image"), ["build", "plan"]);
    assert_eq!(after("archives"), ["build", "plan"]);
    assert_eq!(after("publish"), ["archives", "build", "image", "plan"]);
    // Every target that the setup knows is built, and no other.
    let script = read("setup/install.sh");
    let built: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- target: "))
        .collect();
    let expected = BTreeSet::from([
        "aarch64-apple-darwin",
        "aarch64-unknown-linux-musl",
        "x86_64-apple-darwin",
        "x86_64-pc-windows-msvc",
        "x86_64-unknown-linux-musl",
    ]);
    assert_eq!(built, expected);
    for target in expected {
        let system = target.split_once('-').expect("a target").1;
        assert!(script.contains(system), "setup/install.sh does not know {target}");
    }
}

/// A request that is turned to another branch has another base, and the verdict on the one before says nothing of it.
#[test]
fn a_request_with_another_base_is_judged_again() {
    let mut told = 0;
    let readme = ("README.md".to_owned(), read("README.md"));
    let ours = workflows()
        .into_iter()
        .filter(|(_, text)| text.contains("OWNER/lockkeeper"));
    for (path, text) in ours.chain([readme]) {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.trim_start().starts_with("on: [") {
                assert!(!line.contains("pull_request"), "{path}: {line}");
            }
            if line != "  pull_request:" {
                continue;
            }
            told += 1;
            let mut below = lines
                .by_ref()
                .map(str::trim)
                .filter(|line| !line.starts_with('#'));
            let types = below.next().unwrap_or_default();
            if path == "examples/workflows/carry.yml" {
                // It is about what is merged.
                assert_eq!(types, "types: [closed, labeled]");
                continue;
            }
            assert!(
                types.starts_with("types: [opened, synchronize, reopened, edited]"),
                "{path}: {types}"
            );
        }
    }
    assert!(told >= 7, "{told} workflows run on pull requests");
}
