//! What the step makes of the event that started the job, on repositories and payloads that the tests make.

use std::path::{Path, PathBuf};

use lockkeeper::action::events::{self, Change, Event, Given, Kind, Trust};
use serde_json::Value;

use crate::action::step::{outputs, step};
use crate::architecture::root;
use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// The ids that stand in the fixtures: the head of the change, its base, and the merge of both.
const HEAD: &str = "1111111111111111111111111111111111111111";
const BASE: &str = "2222222222222222222222222222222222222222";
const MERGE: &str = "3333333333333333333333333333333333333333";

fn fixture(name: &str) -> String {
    let path = root()
        .join("tests/fixtures/events")
        .join(name)
        .with_extension("json");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The event of a fixture, with the variables that a runner sets beside it.
fn read(event: &str, name: &str, ref_name: &str) -> Event {
    let payload = fixture(name);
    let given = Given {
        name: event,
        payload: Some(payload.as_bytes()),
        ref_name,
        sha: MERGE,
        base_ref: "",
    };
    events::read(&given).expect("an event")
}

#[test]
fn each_event_tells_its_kind_its_trust_and_its_base() {
    let request = Change::Request {
        run: Some(MERGE.into()),
        head: Some(HEAD.into()),
        base: Some(BASE.into()),
        branch: Some("main".into()),
    };
    let group = Change::Group {
        branch: Some("main".into()),
    };
    let tag = Some("refs/tags/v1.0.0".to_owned());
    for (event, name, ref_name, kind, trust, change, release) in [
        (
            "pull_request",
            "pull_request",
            "refs/pull/7/merge",
            Kind::PullRequest,
            Trust::Own,
            Some(&request),
            &None,
        ),
        (
            "pull_request",
            "pull_request_fork",
            "refs/pull/8/merge",
            Kind::PullRequest,
            Trust::Fork,
            Some(&request),
            &None,
        ),
        (
            "pull_request",
            "pull_request_dependabot",
            "refs/pull/9/merge",
            Kind::PullRequest,
            Trust::Dependabot,
            Some(&request),
            &None,
        ),
        (
            "merge_group",
            "merge_group",
            "refs/heads/gh-readonly-queue/main/pr-7",
            Kind::MergeGroup,
            Trust::Own,
            Some(&group),
            &None,
        ),
        (
            "push",
            "push",
            "refs/heads/topic",
            Kind::Push,
            Trust::Own,
            None,
            &None,
        ),
        (
            "push",
            "push_tag",
            "refs/tags/v1.0.0",
            Kind::Tag,
            Trust::Own,
            None,
            &tag,
        ),
        (
            "release",
            "release",
            "refs/tags/v1.0.0",
            Kind::Release,
            Trust::Own,
            None,
            &tag,
        ),
        // A release may be told of before its ref is.
        ("release", "release", "", Kind::Release, Trust::Own, None, &tag),
        (
            "schedule",
            "schedule",
            "refs/heads/main",
            Kind::Schedule,
            Trust::Own,
            None,
            &None,
        ),
        (
            "workflow_dispatch",
            "workflow_dispatch",
            "refs/heads/topic",
            Kind::WorkflowDispatch,
            Trust::Own,
            None,
            &None,
        ),
        (
            "workflow_run",
            "pull_request",
            "refs/heads/main",
            Kind::Other,
            Trust::Own,
            None,
            &None,
        ),
    ] {
        let told = read(event, name, ref_name);
        assert_eq!((told.kind, told.trust), (kind, trust), "{event} {name}");
        assert_eq!(
            (told.change.as_ref(), &told.release),
            (change, release),
            "{event} {name}"
        );
    }
    let stranger = Given {
        name: "pull_request_target",
        ..Given::default()
    };
    let refused = events::read(&stranger).expect_err("it is refused");
    assert!(refused.to_string().contains("rights"), "{refused}");
}

#[test]
fn what_a_stranger_may_write_names_nothing() {
    let evil = [
        ("\"ref\": \"main\"", "\"ref\": \"--upload-pack=touch x\""),
        (BASE, "HEAD"),
        (HEAD, "-x"),
        ("acme/shop", "x\\n::error::y"),
    ];
    let mut payload = fixture("pull_request");
    for (from, to) in evil {
        payload = payload.replace(from, to);
    }
    fn given(payload: Option<&[u8]>) -> Given<'_> {
        Given {
            name: "pull_request",
            payload,
            ref_name: "refs/tags/--x",
            sha: "HEAD",
            base_ref: "release/1.0",
        }
    }
    let nothing = Change::Request {
        run: None,
        head: None,
        base: None,
        branch: Some("release/1.0".into()),
    };
    let deep = format!("{{\"sender\": {}", "[".repeat(1_000_000));
    for payload in [
        payload.as_bytes(),
        b"",
        b"\xff",
        b"[]",
        b"{\"pull_request\": 7}",
        deep.as_bytes(),
    ] {
        let told = events::read(&given(Some(payload))).expect("an event");
        assert_eq!((told.change, told.release), (Some(nothing.clone()), None));
    }
    // A repository that is gone was a fork; one of the same name in other letters is the same one.
    let mut payload: Value = serde_json::from_str(&fixture("pull_request")).expect("JSON");
    payload["pull_request"]["head"]["repo"]["full_name"] = "ACME/Shop".into();
    let trust = |payload: &Value| {
        let bytes = payload.to_string();
        events::read(&given(Some(bytes.as_bytes())))
            .expect("an event")
            .trust
    };
    assert_eq!(trust(&payload), Trust::Own);
    payload["pull_request"]["head"]["repo"] = Value::Null;
    assert_eq!(trust(&payload), Trust::Fork);
}

/// A repository as a forge holds it: `main` went on after `topic` left it, and `refs/pull/7/merge` is the merge of both.
struct Forge {
    sandbox: Sandbox,
    index: String,
    base: String,
    head: String,
    merge: String,
}

/// What a job sees of it.
struct Job<'f> {
    forge: &'f Forge,
    folder: PathBuf,
}

impl Forge {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let records = ["old", "new", "meanwhile"]
            .map(|name| record(&format!("GHSA-{name}"), "crates.io", name, "0", Some("9.0.0")));
        let index = sandbox.index("index.lkdb", &records, NOW);
        sandbox.git(&["init", "-q"]);
        let commit = |message: &str| {
            sandbox.git(&["add", "-A"]);
            sandbox.git(&["commit", "-qm", message]);
        };
        sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
        commit("Begin");
        sandbox.git(&["checkout", "-qb", "topic"]);
        sandbox.write("new/Cargo.lock", cargo_lock(&[("new", "1.0.0")]));
        // Whoever writes the change would like to be excepted.
        let policy = "exceptions: [{id: GHSA-new, reason: trust me, expires: 2026-12-31}]\n";
        sandbox.write("lockkeeper.yml", policy);
        commit("Bring a flaw");
        sandbox.git(&["checkout", "-q", "main"]);
        sandbox.write("meanwhile/Cargo.lock", cargo_lock(&[("meanwhile", "1.0.0")]));
        commit("Go on");
        sandbox.git(&["checkout", "-q", "--detach", "main"]);
        sandbox.git(&["merge", "-q", "--no-ff", "-m", "Merge topic into main", "topic"]);
        sandbox.git(&["update-ref", "refs/pull/7/merge", "HEAD"]);
        sandbox.git(&["checkout", "-q", "main"]);
        let id = |name: &str| sandbox.git(&["rev-parse", name]);
        let (base, head, merge) = (id("main"), id("topic"), id("refs/pull/7/merge"));
        Self {
            sandbox,
            index,
            base,
            head,
            merge,
        }
    }

    /// Checks out as `actions/checkout` does: fetches one commit or everything, and nothing is called a branch.
    fn checkout(&self, commit: &str, depth: Option<u32>) -> Job<'_> {
        let folder = self.sandbox.path("workspace");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        let origin = format!("file://{}", self.sandbox.work().display());
        git(&folder, &["init", "-q"]);
        git(&folder, &["remote", "add", "origin", &origin]);
        self.sandbox
            .git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        let depth = depth.map(|depth| format!("--depth={depth}"));
        let mut fetch = vec!["fetch", "-q", "--no-tags"];
        match &depth {
            Some(depth) => fetch.extend([depth.as_str(), "origin", commit]),
            None => fetch.extend(["origin", "+refs/heads/*:refs/remotes/origin/*", commit]),
        }
        git(&folder, &fetch);
        git(&folder, &["checkout", "-q", "--detach", commit]);
        Job { forge: self, folder }
    }
}

impl Job<'_> {
    /// Runs the step on an event, told by a fixture with the ids of this repository.
    fn run(&self, event: &str, payload: &str, ref_name: &str, sha: &str, inputs: &[(&str, &str)]) -> Ran {
        let Forge {
            sandbox,
            index,
            base,
            head,
            merge,
        } = self.forge;
        let text = fixture(payload)
            .replace(HEAD, head)
            .replace(BASE, base)
            .replace(MERGE, merge);
        let file = sandbox.path("event.json");
        std::fs::write(&file, text).expect("a file");
        let path = |path: &Path| path.to_str().expect("a path").to_owned();
        let (file, folder, report) = (
            path(&file),
            path(&self.folder),
            path(&sandbox.path("report.json")),
        );
        let mut variables = vec![
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", &file),
            ("GITHUB_REF", ref_name),
            ("GITHUB_SHA", sha),
            ("INPUT_DATABASE", index),
            ("INPUT_PATH", &folder),
            ("INPUT_REPORT-FILE", &report),
            ("CI", "true"),
        ];
        variables.extend(inputs);
        let _ = std::fs::remove_file(sandbox.path("report.json"));
        step(sandbox, &variables)
    }

    /// `package: change decision` of each finding of the last run.
    fn changes(&self) -> Vec<String> {
        let report = std::fs::read(self.forge.sandbox.path("report.json")).expect("a report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        let findings = report["targets"][0]["findings"].as_array().expect("findings");
        let mut lines: Vec<String> = findings
            .iter()
            .map(|finding| {
                let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
                let (name, change) = (text(&finding["package"]["name"]), text(&finding["change"]));
                format!("{name}: {change} {}", text(&finding["decision"]))
            })
            .collect();
        lines.sort();
        lines
    }

    /// Findings, those that block, and those that were introduced.
    fn counts(&self) -> [String; 3] {
        let outputs = outputs(&self.forge.sandbox);
        ["findings", "blocking", "introduced"].map(|name| outputs[name].clone())
    }
}

const MERGED: [&str; 3] = [
    "meanwhile: pre_existing warn",
    "new: introduced fail",
    "old: pre_existing warn",
];

#[test]
fn a_pull_request_is_compared_with_what_it_is_merged_with() {
    let forge = Forge::new();
    let mut reports = Vec::new();
    for depth in [None, Some(2)] {
        let job = forge.checkout(&forge.merge, depth);
        for payload in ["pull_request", "pull_request_fork", "pull_request_dependabot"] {
            let ran = job.run("pull_request", payload, "refs/pull/7/merge", &forge.merge, &[]);
            assert_eq!(ran.code, 1, "{payload} {depth:?}: {}{}", ran.out, ran.err);
            assert_eq!(job.changes(), MERGED, "{payload} {depth:?}");
            assert_eq!(job.counts(), ["3", "1", "1"]);
            assert!(
                ran.out.contains(&format!("compared with {}^1: ", forge.merge)),
                "{}",
                ran.out
            );
            assert!(
                !ran.out.contains("gotcha") && !ran.out.contains("upload-pack"),
                "{}",
                ran.out
            );
            reports.push(std::fs::read(forge.sandbox.path("report.json")).expect("a report"));
        }
    }
    // Whoever asks and however much was fetched: the same verdict, byte for byte.
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_checkout_of_one_commit_is_never_no_change() {
    let forge = Forge::new();
    for (commit, event, payload) in [
        (&forge.merge, "pull_request", "pull_request"),
        (&forge.head, "pull_request", "pull_request_fork"),
        (&forge.merge, "merge_group", "merge_group"),
    ] {
        let job = forge.checkout(commit, Some(1));
        let ran = job.run(event, payload, "refs/pull/7/merge", &forge.merge, &[]);
        assert_eq!(ran.code, 3, "{event} {payload}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains("fetch-depth"), "{event} {payload}: {}", ran.err);
        assert!(ran.out.starts_with("::error title=lockkeeper::"), "{}", ran.out);
        assert_eq!(outputs(&forge.sandbox)["verdict"], "incomplete");
        // The same tree on the other events needs no history.
        let push = job.run("push", "push", "refs/heads/topic", commit, &[]);
        assert_eq!(push.code, 1, "{}", push.err);
    }
}

#[test]
fn a_checkout_of_the_head_is_compared_with_where_it_left_the_base() {
    let forge = Forge::new();
    let job = forge.checkout(&forge.head, None);
    let run = || {
        job.run(
            "pull_request",
            "pull_request",
            "refs/pull/7/merge",
            &forge.merge,
            &[],
        )
    };
    let ran = run();
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let changes = ["new: introduced fail", "old: pre_existing warn"];
    assert_eq!(job.changes(), changes);
    assert!(
        ran.out.contains(&format!("compared with {}: ", forge.base)),
        "{}",
        ran.out
    );
    // The base was rewritten since, and nobody has the commit that the event names: the branch is there.
    git(
        &job.folder,
        &[
            "update-ref",
            "refs/remotes/origin/main",
            &format!("{}~1", forge.base),
        ],
    );
    let folder = job.folder.clone();
    let gone = Forge {
        base: "4".repeat(40),
        ..forge
    };
    let job = Job { forge: &gone, folder };
    let ran = job.run(
        "pull_request",
        "pull_request",
        "refs/pull/7/merge",
        &gone.merge,
        &[],
    );
    assert_eq!(
        (ran.code, job.changes()),
        (1, changes.map(str::to_owned).to_vec()),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("compared with origin/main: "), "{}", ran.out);
}

#[test]
fn a_merge_that_the_forge_did_not_make_is_not_believed() {
    let forge = Forge::new();
    // After the event, the topic moves on to a merge whose first parent is its author's own, with a policy to their taste.
    let sandbox = &forge.sandbox;
    sandbox.git(&["checkout", "-q", "-b", "evil", "main"]);
    let policy = "exceptions: [{id: GHSA-new, reason: trust me, expires: 2026-12-31}]\n";
    sandbox.write("lockkeeper.yml", policy);
    sandbox.write("new/Cargo.lock", cargo_lock(&[("new", "1.0.0")]));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Prepare"]);
    sandbox.git(&["merge", "-q", "-s", "ours", "--no-ff", "-m", "Merge", &forge.head]);
    let moved = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD^2"]), forge.head);
    let job = forge.checkout(&moved, None);
    let ran = job.run(
        "pull_request",
        "pull_request_fork",
        "refs/pull/7/merge",
        &forge.merge,
        &[],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(
        job.changes().contains(&"new: introduced fail".to_owned()),
        "{:?}",
        job.changes()
    );
}

#[test]
fn a_merge_group_is_compared_with_the_branch_that_it_lands_on() {
    let forge = Forge::new();
    let queue = "refs/heads/gh-readonly-queue/main/pr-7";
    let job = forge.checkout(&forge.merge, None);
    let ran = job.run("merge_group", "merge_group", queue, &forge.merge, &[]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(
        (job.changes(), job.counts()),
        (
            MERGED.map(str::to_owned).to_vec(),
            ["3", "1", "1"].map(str::to_owned)
        )
    );
    assert!(
        ran.out.contains("compared with refs/remotes/origin/main: "),
        "{}",
        ran.out
    );
    // A clone that lacks the branch is told what to fetch, and the entry before is never taken for it.
    let job = forge.checkout(&forge.merge, Some(2));
    let ran = job.run("merge_group", "merge_group", queue, &forge.merge, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("fetch-depth") || ran.out.contains("fetch-depth"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn a_checkout_of_the_base_is_no_clean_change() {
    let forge = Forge::new();
    let first = forge.sandbox.git(&["rev-parse", "main~1"]);
    for commit in [&forge.base, &first] {
        let job = forge.checkout(commit, None);
        for (event, ref_name) in [
            ("pull_request", "refs/pull/7/merge"),
            ("merge_group", "refs/heads/gh-readonly-queue/main/pr-7"),
        ] {
            let ran = job.run(event, event, ref_name, &forge.merge, &[]);
            assert_eq!(ran.code, 3, "{event}: {}{}", ran.out, ran.err);
        }
    }
}

#[test]
fn a_merge_group_answers_for_all_its_entries() {
    let forge = Forge::new();
    let sandbox = &forge.sandbox;
    // The entry before brings the flaw; the last one touches nothing that matters. Stacked twice as well.
    sandbox.git(&["checkout", "-q", "--detach", &forge.merge]);
    for entry in ["one", "two"] {
        sandbox.write(&format!("{entry}.md"), "hello\n");
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", entry]);
        let last = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.git(&["update-ref", &format!("refs/pull/{entry}/queue"), &last]);
        let job = forge.checkout(&last, None);
        let queue = "refs/heads/gh-readonly-queue/main/pr-8";
        let ran = job.run("merge_group", "merge_group", queue, &last, &[]);
        assert_eq!(ran.code, 1, "{entry}: {}{}", ran.out, ran.err);
        assert_eq!(job.changes(), MERGED, "{entry}");
    }
    // When the flaw has landed, those who come after it are not blamed for it.
    sandbox.git(&["branch", "-f", "main", &forge.merge]);
    let last = sandbox.git(&["rev-parse", "HEAD"]);
    let job = forge.checkout(&last, None);
    let queue = "refs/heads/gh-readonly-queue/main/pr-8";
    let ran = job.run("merge_group", "merge_group", queue, &last, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

/// Every event on which the step has no base of its own.
const OTHERS: [(&str, &str, &str); 6] = [
    ("push", "push", "refs/heads/topic"),
    ("push", "push_tag", "refs/tags/v1.0.0"),
    ("schedule", "schedule", "refs/heads/main"),
    ("workflow_dispatch", "workflow_dispatch", "refs/heads/topic"),
    ("release", "release", "refs/tags/v1.0.0"),
    ("workflow_run", "pull_request", "refs/heads/main"),
];

#[test]
fn on_every_other_event_everything_counts() {
    let forge = Forge::new();
    let job = forge.checkout(&forge.merge, None);
    for (event, payload, ref_name) in OTHERS {
        let ran = job.run(event, payload, ref_name, &forge.merge, &[]);
        assert_eq!(ran.code, 1, "{event} {payload}: {}{}", ran.out, ran.err);
        assert_eq!(
            job.changes(),
            ["meanwhile: - fail", "new: - note", "old: - fail"],
            "{event} {payload}: here the tree's own policy counts"
        );
        assert_eq!(job.counts(), ["2", "2", "0"], "{event} {payload}");
        assert!(!ran.out.contains("compared with"), "{}", ran.out);
    }
}

#[test]
fn the_attribution_is_the_same_on_every_event() {
    let forge = Forge::new();
    let job = forge.checkout(&forge.merge, None);
    let changes = [
        ("pull_request", "pull_request", "refs/pull/7/merge"),
        ("pull_request", "pull_request_fork", "refs/pull/8/merge"),
        (
            "merge_group",
            "merge_group",
            "refs/heads/gh-readonly-queue/main/pr-7",
        ),
    ];
    for (event, payload, ref_name) in changes.into_iter().chain(OTHERS) {
        let base = [("INPUT_BASE", "origin/main")];
        let ran = job.run(event, payload, ref_name, &forge.merge, &base);
        assert_eq!(ran.code, 1, "{event} {payload}: {}{}", ran.out, ran.err);
        assert_eq!(job.changes(), MERGED, "{event} {payload}");
        assert_eq!(job.counts(), ["3", "1", "1"], "{event} {payload}");
        // Who names a base knows what is compared.
        assert!(!ran.out.contains("compared with"), "{}", ran.out);
    }
}

#[test]
fn what_the_workflow_names_goes_before_what_the_event_tells() {
    let forge = Forge::new();
    let job = forge.checkout(&forge.merge, None);
    let run = |inputs: &[(&str, &str)]| {
        job.run(
            "pull_request",
            "pull_request",
            "refs/pull/7/merge",
            &forge.merge,
            inputs,
        )
    };
    let now = format!("--now {NOW} --base {}~1", forge.base);
    for base in [("INPUT_BASE", format!("{}~1", forge.base)), ("INPUT_ARGS", now)] {
        let ran = run(&[(base.0, &base.1)]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        assert_eq!(job.counts(), ["3", "2", "2"], "{base:?}");
    }
    // Refs are judged each on its own.
    let ran = run(&[("INPUT_REFS", "main"), ("INPUT_FAIL-ON", "low")]);
    assert_eq!(
        (ran.code, job.counts()),
        (1, ["2", "2", "0"].map(str::to_owned)),
        "{}",
        ran.err
    );
    let both = run(&[("INPUT_REFS", "main"), ("INPUT_BASE", "main")]);
    assert_eq!(both.code, 2, "{}", both.err);
    // A folder of the tree, and a lockfile, have the same base.
    for (path, counts) in [
        ("new", ["1", "1", "1"]),
        ("new/Cargo.lock", ["1", "1", "1"]),
        ("meanwhile", ["1", "0", "0"]),
    ] {
        let path = job.folder.join(path);
        let ran = run(&[("INPUT_PATH", path.to_str().expect("a path"))]);
        assert_eq!(job.counts(), counts, "{}: {}{}", path.display(), ran.out, ran.err);
    }
    // One that is not there is a mistake, and no base that cannot be found.
    assert_eq!(run(&[("INPUT_PATH", "nowhere")]).code, 2);
}

#[test]
fn an_event_that_tells_nothing_is_no_clean_change() {
    let forge = Forge::new();
    let job = forge.checkout(&forge.merge, None);
    let big = forge.sandbox.path("big.json");
    let mut payload = fixture("pull_request")
        .replace(HEAD, &forge.head)
        .replace(BASE, &forge.base);
    payload.push_str(&" ".repeat(16 << 20));
    std::fs::write(&big, payload).expect("a file");
    let big = big.to_str().expect("a path");
    for file in [big, "/nowhere/event.json", ""] {
        let run = |more: &[(&str, &str)]| {
            let inputs = [&[("GITHUB_EVENT_PATH", file)], more].concat();
            job.run(
                "pull_request",
                "pull_request",
                "refs/pull/7/merge",
                &forge.merge,
                &inputs,
            )
        };
        let silent = run(&[]);
        assert_eq!(silent.code, 3, "{file}: {}{}", silent.out, silent.err);
        assert!(silent.err.contains("fetch-depth"), "{}", silent.err);
        // The runner's variable names the branch.
        let named = run(&[("GITHUB_BASE_REF", "main")]);
        assert_eq!(named.code, 1, "{file}: {}{}", named.out, named.err);
        assert_eq!(job.changes(), MERGED, "{file}");
    }
    // Without git there is no base, and what was downloaded counts as not judged.
    let folder = forge.sandbox.path("downloaded");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("Cargo.lock"), cargo_lock(&[("new", "1.0.0")])).expect("a file");
    let outside = [("INPUT_PATH", folder.to_str().expect("a path"))];
    let ran = job.run(
        "pull_request",
        "pull_request",
        "refs/pull/7/merge",
        &forge.merge,
        &outside,
    );
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("fetch-depth"), "{}", ran.err);
}

#[test]
fn the_trust_of_an_event_costs_a_word_and_no_verdict() {
    let forge = Forge::new();
    let job = forge.checkout(&forge.merge, None);
    for payload in ["pull_request", "pull_request_fork", "pull_request_dependabot"] {
        let comment = [("INPUT_COMMENT", "true")];
        let ran = job.run(
            "pull_request",
            payload,
            "refs/pull/7/merge",
            &forge.merge,
            &comment,
        );
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        let notices: Vec<&str> = ran
            .out
            .lines()
            .filter(|line| line.starts_with("::notice"))
            .collect();
        assert!(
            matches!(notices.as_slice(), [notice] if notice.contains("There is no token")),
            "{notices:?}"
        );
    }
    let refused = job.run(
        "pull_request_target",
        "pull_request_fork",
        "refs/heads/main",
        &forge.base,
        &[],
    );
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("pull_request_target"), "{}", refused.err);
}

#[test]
fn a_fork_gets_nothing_resolved() {
    let forge = Forge::new();
    let job = forge.checkout(&forge.merge, Some(2));
    let inputs = [("INPUT_RESOLVE", "true")];
    let warning = "`resolve` is left out on a pull request from a fork";
    for (payload, is_said) in [("pull_request_fork", true), ("pull_request", false)] {
        let ran = job.run(
            "pull_request",
            payload,
            "refs/pull/7/merge",
            &forge.merge,
            &inputs,
        );
        let shown = format!("{}{}", ran.out, ran.err);
        assert_eq!(shown.contains(warning), is_said, "{payload}: {shown}");
    }
}
