//! What the step says at the forge, over real HTTP: SARIF, the comment, the tracking issue, and what becomes of the verdict
//! when the forge refuses, fails or hangs. The server holds every request against the forge's published description.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;

use crate::action::step::{outputs, step};
use crate::architecture::root;
use crate::support::forge_server::{Access, ForgeServer, SECRET, Scanning, Style, Token, Trouble};
use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// A repository with two lines, its forge, and an index that knows a flaw of `bad`.
struct Shop {
    sandbox: Sandbox,
    server: ForgeServer,
    index: String,
}

/// What starts the step.
#[derive(Clone, Copy)]
struct Event {
    name: &'static str,
    payload: &'static str,
    ref_name: &'static str,
}

const PUSH: Event = Event {
    name: "push",
    payload: "push",
    ref_name: "refs/heads/main",
};
const NIGHT: Event = Event {
    name: "schedule",
    payload: "schedule",
    ref_name: "refs/heads/main",
};
const REQUEST: Event = Event {
    name: "pull_request",
    payload: "pull_request",
    ref_name: "refs/pull/7/merge",
};

impl Shop {
    fn new(style: Style) -> Self {
        Self::with(style, &[("bad", "1.0.0")])
    }

    /// `main` holds these packages, `release/1.0` what came before.
    fn with(style: Style, packages: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::new();
        let records = [
            record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1")),
            record("GHSA-old", "crates.io", "old", "0", Some("2.0.0")),
        ];
        let index = sandbox.index("index.lkdb", &records, NOW);
        sandbox.git(&["init", "-q"]);
        sandbox.write("app/deep/Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
        sandbox.write("README.md", "# Shop\n");
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "Begin"]);
        sandbox.git(&["branch", "release/1.0"]);
        sandbox.git(&["tag", "-a", "-m", "First", "v1.0.0"]);
        sandbox.write("app/deep/Cargo.lock", cargo_lock(packages));
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "Go on"]);
        let server = ForgeServer::start(style, &sandbox.work());
        server
            .state()
            .open_pull("alice", "Use the new parser", "topic", "main");
        // The fixtures of events speak of number 7.
        server.state().issues[0].number = 7;
        Self {
            sandbox,
            server,
            index,
        }
    }

    fn id(&self, revision: &str) -> String {
        self.sandbox.git(&["rev-parse", revision])
    }

    fn run(&self, event: Event, inputs: &[(&str, &str)]) -> Ran {
        self.run_in(&self.sandbox.work(), event, inputs)
    }

    /// Runs the step on `folder`, which is at the commit of the event.
    fn run_in(&self, folder: &Path, event: Event, inputs: &[(&str, &str)]) -> Ran {
        let payload = root()
            .join("tests/fixtures/events")
            .join(event.payload)
            .with_extension("json");
        let sha = git(folder, &["rev-parse", "HEAD"]);
        let text = |path: &Path| path.to_str().expect("a path").to_owned();
        let (payload, folder) = (text(&payload), text(folder));
        let (api, graphql) = (self.server.api(), self.server.graphql());
        let mut variables = vec![
            ("GITHUB_EVENT_NAME", event.name),
            ("GITHUB_EVENT_PATH", payload.as_str()),
            ("GITHUB_REF", event.ref_name),
            ("GITHUB_SHA", &sha),
            ("GITHUB_API_URL", &api),
            ("GITHUB_GRAPHQL_URL", &graphql),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("INPUT_DATABASE", &self.index),
            ("INPUT_PATH", &folder),
            ("INPUT_TOKEN", SECRET),
            ("CI", "true"),
        ];
        variables.extend(inputs);
        step(&self.sandbox, &variables)
    }

    /// A checkout as `actions/checkout` leaves it: one commit, nothing else.
    fn shallow(&self) -> PathBuf {
        let folder = self.sandbox.path("workspace");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        let source = format!("file://{}", self.sandbox.work().display());
        git(&folder, &["init", "-q"]);
        git(&folder, &["remote", "add", "origin", &source]);
        git(
            &folder,
            &[
                "fetch",
                "-q",
                "--no-tags",
                "--depth=1",
                "origin",
                "+refs/heads/main:refs/remotes/origin/main",
            ],
        );
        git(
            &folder,
            &["checkout", "-q", "-B", "main", "refs/remotes/origin/main"],
        );
        // As the forge's own address would be.
        git(
            &folder,
            &["remote", "set-url", "origin", "https://forge.example/acme/shop"],
        );
        folder
    }

    fn summary(&self) -> String {
        std::fs::read_to_string(self.sandbox.path("summary.md")).expect("a summary")
    }

    /// Writes that were asked for since the last call.
    fn writes(&self) -> Vec<String> {
        let seen = self.server.seen().into_iter();
        seen.filter(|seen| seen.operation.starts_with("P") && !seen.operation.contains("#viewer"))
            .filter(|seen| !seen.operation.contains("#repository"))
            .map(|seen| seen.operation)
            .collect()
    }
}

/// The annotations that are notices.
fn notices(ran: &Ran) -> Vec<&str> {
    ran.out
        .lines()
        .filter(|line| line.starts_with("::notice"))
        .collect()
}

#[test]
fn sarif_goes_to_the_ref_and_commit_that_were_scanned() {
    for style in [Style::GitHub, Style::Enterprise] {
        let shop = Shop::new(style);
        shop.server.state().pending = 1;
        let ran = shop.run(PUSH, &[]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        assert_eq!(notices(&ran), Vec::<&str>::new(), "{}", ran.out);
        let (commit, written) = (shop.id("main"), shop.sandbox.work().join("lockkeeper.sarif"));
        let state = shop.server.state();
        let [upload] = state.uploads.as_slice() else {
            panic!("{} uploads", state.uploads.len());
        };
        assert_eq!(upload.reference, "refs/heads/main");
        assert_eq!(upload.commit, commit);
        assert_eq!(upload.sarif, std::fs::read(written).expect("a file"));
        assert!(upload.asked >= 2, "it was asked after until it was taken in");
        drop(state);
        assert!(
            shop.summary()
                .contains("refs/heads/main was uploaded to code scanning and taken in"),
            "{}",
            shop.summary()
        );
        shop.server.done();
    }
}

#[test]
fn a_clean_scan_is_uploaded_too_and_an_incomplete_one_only_when_asked_for() {
    let shop = Shop::with(Style::GitHub, &[("fine", "1.0.0")]);
    assert_eq!(shop.run(PUSH, &[]).code, 0);
    {
        let state = shop.server.state();
        let sarif: Value = serde_json::from_slice(&state.uploads[0].sarif).expect("SARIF");
        assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
    }
    shop.sandbox.write(
        "broken/package-lock.json",
        "{\"lockfileVersion\": 3, \"packages\": {",
    );
    let ran = shop.run(PUSH, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert_eq!(shop.server.state().uploads.len(), 1);
    let told = notices(&ran);
    assert!(told.len() == 1 && told[0].contains("upload-sarif"), "{told:?}");
    let ran = shop.run(PUSH, &[("INPUT_UPLOAD-SARIF", "true")]);
    assert_eq!((ran.code, shop.server.state().uploads.len()), (3, 2));
    let ran = shop.run(PUSH, &[("INPUT_UPLOAD-SARIF", "false")]);
    assert_eq!((ran.code, shop.server.state().uploads.len()), (3, 2));
    assert_eq!(notices(&ran), Vec::<&str>::new());
    shop.server.done();
}

/// Code scanning takes no notice of suppressions: what was accepted, or is about another package, would stay open there.
#[test]
fn what_was_accepted_or_does_not_apply_is_not_uploaded() {
    let shop = Shop::new(Style::GitHub);
    let written = || -> Value {
        let bytes = std::fs::read(shop.sandbox.work().join("lockkeeper.sarif")).expect("a file");
        serde_json::from_slice(&bytes).expect("SARIF")
    };
    assert_eq!(shop.run(PUSH, &[]).code, 1);
    let ids: BTreeSet<String> = results(&written())
        .iter()
        .map(|result| result["ruleId"].as_str().expect("an id").into())
        .collect();
    let exceptions: String = ids
        .iter()
        .map(|id| format!("  - {{id: {id}, reason: a, expires: 2099-12-31}}\n"))
        .collect();
    shop.sandbox
        .write("lockkeeper.yml", format!("exceptions:\n{exceptions}"));
    let ran = shop.run(PUSH, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(
        results(&written()).len(),
        ids.len(),
        "the file has them, as suppressed"
    );
    let state = shop.server.state();
    let last: Value = serde_json::from_slice(&state.uploads.last().expect("an upload").sarif).expect("SARIF");
    assert_eq!(results(&last), Vec::<Value>::new());
    drop(state);
    assert!(
        !ran.out.contains("::error") && !ran.out.contains("::warning"),
        "{}",
        ran.out
    );
    shop.server.done();
}

fn results(sarif: &Value) -> Vec<Value> {
    sarif["runs"][0]["results"].as_array().expect("results").clone()
}

#[test]
fn each_ref_has_its_own_upload_in_one_category() {
    let shop = Shop::new(Style::GitHub);
    let refs = [
        ("INPUT_REFS", "main,release/*,tags/v1*"),
        ("INPUT_SARIF-FILE", "{ref}.sarif"),
    ];
    let ran = shop.run(NIGHT, &refs);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let state = shop.server.state();
    let mut told: Vec<(String, String, String)> = Vec::new();
    for upload in &state.uploads {
        let sarif: Value = serde_json::from_slice(&upload.sarif).expect("SARIF");
        let category = sarif["runs"][0]["automationDetails"]["id"].to_string();
        told.push((upload.reference.clone(), upload.commit.clone(), category));
    }
    told.sort();
    drop(state);
    let category = told[0].2.clone();
    let expected = [
        ("refs/heads/main", shop.id("main")),
        ("refs/heads/release/1.0", shop.id("release/1.0")),
        ("refs/tags/v1.0.0", shop.id("v1.0.0^{commit}")),
    ];
    for ((name, commit), told) in expected.into_iter().zip(&told) {
        assert_eq!((name, &commit, &category), (told.0.as_str(), &told.1, &told.2));
    }
    assert_eq!(told.len(), 3);
    shop.server.done();
}

#[test]
fn an_upload_that_is_not_taken_in_is_told_in_one_notice() {
    let shop = Shop::new(Style::GitHub);
    shop.server.state().complaints = vec!["rejecting SARIF, as there are more runs than allowed".into()];
    let ran = shop.run(PUSH, &[]);
    assert_eq!(ran.code, 1);
    let told = notices(&ran);
    assert!(
        told.len() == 1 && told[0].contains("more runs than allowed"),
        "{told:?}"
    );
    shop.server.done();
}

#[test]
fn one_comment_after_three_runs_which_is_minimized_when_clean() {
    for style in [Style::GitHub, Style::Enterprise, Style::Gitea] {
        let shop = Shop::new(style);
        // Somebody else has read the marker.
        let copied = "<!-- lockkeeper:comment:0000000000000000 -->\nmine";
        shop.server.state().comment(7, "mallory", copied);
        let inputs = [
            ("INPUT_COMMENT", "true"),
            ("INPUT_BASE", "release/1.0"),
            ("INPUT_UPLOAD-SARIF", "false"),
        ];
        for _ in 0..3 {
            let ran = shop.run(REQUEST, &inputs);
            assert_eq!(ran.code, 1, "{style:?}: {}{}", ran.out, ran.err);
            assert_eq!(notices(&ran), Vec::<&str>::new(), "{style:?}");
        }
        let own = |shop: &Shop| -> Vec<_> {
            let state = shop.server.state();
            state
                .comments
                .iter()
                .filter(|comment| comment.author != "mallory")
                .cloned()
                .collect()
        };
        let [first] = own(&shop).try_into().expect("one comment");
        assert!(
            first.body.contains("GHSA-bad") && first.minimized.is_none(),
            "{}",
            first.body
        );
        // It is the run that did nothing that says so.
        assert!(shop.summary().contains("up to date"), "{}", shop.summary());
        shop.sandbox
            .write("app/deep/Cargo.lock", cargo_lock(&[("bad", "1.0.1")]));
        assert_eq!(shop.run(REQUEST, &inputs).code, 0);
        let [clean] = own(&shop).try_into().expect("one comment");
        assert_eq!(clean.id, first.id);
        assert!(!clean.body.contains("GHSA-bad"), "{}", clean.body);
        if style != Style::Gitea {
            assert_eq!(
                clean.minimized.as_deref().map(str::to_lowercase).as_deref(),
                Some("resolved")
            );
        }
        shop.sandbox
            .write("app/deep/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
        assert_eq!(shop.run(REQUEST, &inputs).code, 1);
        let [back] = own(&shop).try_into().expect("one comment");
        assert!(
            back.id == first.id && back.minimized.is_none(),
            "{style:?} {back:?}"
        );
        let untouched = shop.server.state().comments[0].body.clone();
        assert_eq!(untouched, copied);
        shop.server.done();
    }
}

#[test]
fn nothing_is_said_of_a_clean_pull_request_and_other_events_have_no_comment() {
    let shop = Shop::with(Style::GitHub, &[("fine", "1.0.0")]);
    let inputs = [
        ("INPUT_COMMENT", "true"),
        ("INPUT_BASE", "release/1.0"),
        ("INPUT_UPLOAD-SARIF", "false"),
    ];
    assert_eq!(shop.run(REQUEST, &inputs).code, 0);
    shop.sandbox
        .write("app/deep/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    assert_eq!(shop.run(PUSH, &inputs).code, 1);
    assert_eq!(shop.writes(), Vec::<String>::new());
    shop.server.done();
}

#[test]
fn one_tracking_issue_is_edited_in_place_and_closed_with_evidence() {
    for style in [Style::GitHub, Style::Enterprise, Style::Gitea] {
        let shop = Shop::new(style);
        let inputs = [
            ("INPUT_MODE", "status"),
            ("INPUT_REFS", "main,release/*"),
            ("INPUT_TRACKING-ISSUE", "true"),
        ];
        let open = |shop: &Shop| -> Vec<(u64, String)> {
            let state = shop.server.state();
            let issues = state
                .issues
                .iter()
                .filter(|issue| issue.pull.is_none() && issue.open);
            issues.map(|issue| (issue.number, issue.title.clone())).collect()
        };
        for _ in 0..3 {
            let ran = shop.run(NIGHT, &inputs);
            assert_eq!(ran.code, 0, "{style:?}: {}{}", ran.out, ran.err);
            assert_eq!(notices(&ran), Vec::<&str>::new(), "{style:?}");
        }
        let [(number, title)] = open(&shop).try_into().expect("one issue");
        assert_eq!(title, "lockkeeper: 2 advisories to fix on 2 release lines");
        {
            let mut state = shop.server.state();
            let issue = state.issue_mut(number).expect("the issue");
            assert!(
                issue.body.contains("GHSA-old") && issue.labels.contains("lockkeeper"),
                "{issue:?}"
            );
            // Somebody tidies up, and another run of the same night has made a second one.
            issue.labels.clear();
            let body = issue.body.clone();
            let author = issue.author.clone();
            state.open_issue(&author, &title, &body);
            state.open_issue("mallory", "lockkeeper: 9 advisories", &body);
        }
        assert_eq!(shop.run(NIGHT, &inputs).code, 0);
        let left: Vec<u64> = open(&shop).into_iter().map(|(number, _)| number).collect();
        assert_eq!(
            left,
            [number, number + 2],
            "{style:?}: a stranger's issue is left alone"
        );
        // What was mended on every line closes it.
        shop.sandbox.git(&["branch", "-q", "-f", "release/1.0", "main"]);
        shop.sandbox
            .write("app/deep/Cargo.lock", cargo_lock(&[("bad", "1.0.1")]));
        shop.sandbox.git(&["commit", "-qam", "Mend"]);
        shop.sandbox.git(&["branch", "-q", "-f", "release/1.0", "main"]);
        assert_eq!(shop.run(NIGHT, &inputs).code, 0);
        {
            let state = shop.server.state();
            let issue = state.issue(number).expect("the issue");
            assert!(
                !issue.open && issue.title == "lockkeeper: nothing is open",
                "{issue:?}"
            );
            assert!(issue.body.contains("PASS"), "{}", issue.body);
        }
        shop.server.seen();
        assert_eq!(shop.run(NIGHT, &inputs).code, 0);
        assert_eq!(
            shop.writes(),
            Vec::<String>::new(),
            "a second clean run has nothing to say"
        );
        // Not on changes, whose findings are theirs.
        let _ = shop.run(REQUEST, &inputs);
        assert_eq!(shop.writes(), Vec::<String>::new());
        shop.server.done();
    }
}

/// Everything that writes, at once.
const ALL: [(&str, &str); 3] = [
    ("INPUT_COMMENT", "true"),
    ("INPUT_BASE", "release/1.0"),
    ("INPUT_UPLOAD-SARIF", "true"),
];

#[test]
fn what_is_refused_is_told_in_one_notice_that_names_the_permission() {
    let shop = Shop::new(Style::GitHub);
    for (payload, who) in [
        ("pull_request", None),
        ("pull_request_fork", Some("from a fork only reads")),
        ("pull_request_dependabot", Some("by Dependabot only reads")),
    ] {
        shop.server.token(|token| *token = Token::reading());
        let ran = shop.run(Event { payload, ..REQUEST }, &ALL);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        let told = notices(&ran);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].contains("only reads"), who.is_some(), "{told:?}");
        assert!(who.is_none_or(|who| told[0].contains(who)), "{told:?}");
        for permission in ["security-events: write", "pull-requests: write"] {
            assert_eq!(told[0].matches(permission).count(), 1, "{told:?}");
            assert!(
                shop.summary().contains(&permission.replace(':', "")) || shop.summary().contains(permission)
            );
        }
        assert_eq!(outputs(&shop.sandbox)["verdict"], "blocked");
    }
    let night = [("INPUT_TRACKING-ISSUE", "true"), ("INPUT_UPLOAD-SARIF", "false")];
    let ran = shop.run(NIGHT, &night);
    let told = notices(&ran);
    assert!(
        ran.code == 1 && told.len() == 1 && told[0].contains("issues: write"),
        "{told:?}"
    );
    // A setting is missing, and no permission.
    for scanning in [Scanning::NotLicensed, Scanning::Disabled] {
        shop.server.token(|token| *token = Token::workflow());
        shop.server.state().scanning = scanning;
        let ran = shop.run(PUSH, &[]);
        let told = notices(&ran);
        assert!(ran.code == 1 && told.len() == 1, "{told:?}");
        assert!(
            told[0].contains("Switch code scanning on") && !told[0].contains("permissions:"),
            "{told:?}"
        );
    }
    // Rights to read nothing at all.
    shop.server.token(|token| token.contents = Access::None);
    shop.server.faults();
    assert_eq!(shop.run(PUSH, &ALL).code, 1);
    shop.server.done();
}

#[test]
fn a_forge_that_fails_changes_neither_verdict_nor_exit_code() {
    let shop = Shop::new(Style::GitHub);
    let sound = shop.run(REQUEST, &ALL);
    let verdict = outputs(&shop.sandbox);
    for trouble in [
        Trouble::unavailable(500),
        Trouble::unavailable(502),
        Trouble::status(422, "Validation Failed"),
        Trouble::status(409, "Conflict"),
        Trouble::status(404, "Not Found"),
        Trouble::status(401, "Bad credentials"),
        Trouble::status(418, "tea"),
        Trouble::Cut(3),
        Trouble::Page,
        Trouble::primary_limit(403, 4_102_444_800),
        Trouble::secondary_limit(403, Some("3600")),
        Trouble::redirect(302, "https://elsewhere.example/"),
    ] {
        shop.server.calm();
        shop.server.only_trouble(&trouble);
        let ran = shop.run(REQUEST, &ALL);
        assert_eq!(ran.code, sound.code, "{trouble:?}: {}{}", ran.out, ran.err);
        assert_eq!(notices(&ran).len(), 1, "{trouble:?}: {}", ran.out);
        assert_eq!(outputs(&shop.sandbox), verdict, "{trouble:?}");
    }
    shop.server.faults();
    shop.server.done();
}

#[test]
fn a_forge_that_hangs_changes_neither_verdict_nor_exit_code() {
    let shop = Shop::new(Style::GitHub);
    let sound = shop.run(REQUEST, &ALL);
    shop.server.only_trouble(&Trouble::Hang(Duration::from_secs(600)));
    let ran = shop.run(REQUEST, &ALL);
    assert_eq!(ran.code, sound.code);
    let told = notices(&ran);
    assert!(told.len() == 1 && told[0].contains("no answer"), "{told:?}");
    // The rest was not tried: the step waits once.
    assert!(!told[0].contains("omment"), "{told:?}");
    shop.server.done();
}

#[test]
fn nobody_listens_and_no_token_goes_in_clear() {
    let shop = Shop::new(Style::GitHub);
    let ran = shop.run(PUSH, &[("GITHUB_API_URL", "http://127.0.0.1:9")]);
    let told = notices(&ran);
    assert!(
        ran.code == 1 && told.len() == 1 && told[0].contains("cannot connect"),
        "{told:?}"
    );
    assert!(told[0].contains("HTTPS_PROXY"), "{told:?}");
    let ran = shop.run(PUSH, &[("GITHUB_API_URL", "http://forge.example/api/v3")]);
    let told = notices(&ran);
    assert!(
        ran.code == 1 && told.len() == 1 && told[0].contains("not encrypted"),
        "{told:?}"
    );
    let ran = shop.run(PUSH, &[("INPUT_TOKEN", ""), ("INPUT_UPLOAD-SARIF", "true")]);
    let told = notices(&ran);
    assert!(
        ran.code == 1 && told.len() == 1 && told[0].contains("token"),
        "{told:?}"
    );
    // Without a workflow around it, nobody expects an upload.
    let ran = shop.run(PUSH, &[("GITHUB_API_URL", "")]);
    assert_eq!((ran.code, notices(&ran)), (1, Vec::new()));
    shop.server.done();
}

#[test]
fn a_commit_that_the_event_is_not_about_is_uploaded_under_no_guessed_ref() {
    let shop = Shop::new(Style::GitHub);
    shop.sandbox.git(&["checkout", "-q", "--detach", "release/1.0"]);
    let other = shop.id("main");
    let ran = shop.run(PUSH, &[("GITHUB_SHA", &other)]);
    let told = notices(&ran);
    assert!(
        told.len() == 1 && told[0].contains("its ref is not known"),
        "{told:?}"
    );
    assert!(shop.server.state().uploads.is_empty());
    // The head of a pull request, checked out in place of the merge.
    let payload =
        std::fs::read_to_string(root().join("tests/fixtures/events/pull_request.json")).expect("a fixture");
    let payload = payload.replace(&"1".repeat(40), &shop.id("HEAD"));
    let file = shop.sandbox.path("event.json");
    std::fs::write(&file, payload).expect("a file");
    let file = file.to_str().expect("a path").to_owned();
    let ran = shop.run(
        REQUEST,
        &[
            ("GITHUB_SHA", &other),
            ("GITHUB_EVENT_PATH", &file),
            ("INPUT_BASE", "release/1.0"),
        ],
    );
    assert_eq!(notices(&ran), Vec::<&str>::new(), "{}{}", ran.out, ran.err);
    assert_eq!(shop.server.state().uploads[0].reference, "refs/pull/7/head");
    shop.server.done();
}

#[test]
fn refs_that_a_checkout_lacks_are_read_through_the_forge() {
    for style in [Style::GitHub, Style::Enterprise, Style::Gitea] {
        let shop = Shop::new(style);
        let report = shop
            .sandbox
            .path("report.json")
            .to_str()
            .expect("a path")
            .to_owned();
        let judged = |folder: &Path, mode: &str, refs: &str| {
            let _ = std::fs::remove_file(&report);
            let mut inputs = vec![
                ("INPUT_MODE", mode),
                ("INPUT_REPORT-FILE", &report),
                ("INPUT_REFS", refs),
            ];
            if mode == "scan" {
                inputs.push(("INPUT_UPLOAD-SARIF", "false"));
            }
            let ran = shop.run_in(folder, NIGHT, &inputs);
            let text = std::fs::read_to_string(&report).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
            let folder = folder.to_str().expect("a path");
            (ran.code, text.replace(folder, "FOLDER"))
        };
        let whole = shop.sandbox.work();
        let shallow = shop.shallow();
        for (mode, refs, code) in [
            ("status", "main,release/*,tags/*", 0),
            ("scan", "main,release/*,tags/*", 1),
            ("gate", "release/1.0", 1),
            ("gate", "tags/v1.0.0", 1),
        ] {
            let expected = judged(&whole, mode, refs);
            assert_eq!(expected.0, code, "{mode} {refs}: {}", expected.1);
            shop.server.seen();
            let told = judged(&shallow, mode, refs);
            assert_eq!(told, expected, "{style:?} {mode} {refs}");
            assert!(!shop.server.seen().is_empty(), "{mode} {refs}: nobody was asked");
        }
        // What the checkout holds is judged without asking; only open pull requests are asked for.
        assert_eq!(judged(&shallow, "gate", "main").0, 1);
        let seen = shop.server.seen();
        assert!(
            seen.iter().all(|seen| seen.operation.ends_with("/pulls")),
            "{seen:?}"
        );
        // The clone is left as it was.
        assert_eq!(git(&shallow, &["rev-list", "--all", "--count"]), "1");
        // A forge that does not tell leaves nothing clean.
        for trouble in [
            Trouble::unavailable(503),
            Trouble::status(404, "Not Found"),
            Trouble::Page,
        ] {
            shop.server.only_trouble(&trouble);
            let inputs = [("INPUT_MODE", "status"), ("INPUT_REFS", "main,release/*")];
            let ran = shop.run_in(&shallow, NIGHT, &inputs);
            assert_eq!(ran.code, 3, "{trouble:?}: {}{}", ran.out, ran.err);
            assert!(ran.err.contains("shallow"), "{}", ran.err);
            shop.server.calm();
        }
        // One line that it does not tell is one line that is not known.
        let blob = shop.id("release/1.0:app/deep/Cargo.lock");
        shop.server
            .trouble("GET", &blob, usize::MAX, Trouble::status(404, "Not Found"));
        let (code, text) = judged(&shallow, "status", "main,release/*");
        assert_eq!(code, 3, "{text}");
        let grid: Value = serde_json::from_str(&text).expect("JSON");
        let cells = |id: &str, name: &str| {
            let rows = grid["rows"].as_array().expect("rows");
            let row = rows.iter().find(|row| row["id"] == id).expect("a row");
            row["cells"][name]["state"].clone()
        };
        assert_eq!(cells("GHSA-bad", "refs/heads/main"), "affected");
        assert_eq!(cells("GHSA-bad", "refs/heads/release/1.0"), "unknown");
        shop.server.faults();
        shop.server.done();
    }
}

#[test]
fn what_a_filter_left_out_of_the_base_is_read_through_the_forge() {
    for style in [Style::GitHub, Style::Gitea] {
        let shop = Shop::new(style);
        let source = &shop.sandbox;
        source.git(&["checkout", "-qb", "topic"]);
        source.write(
            "app/deep/Cargo.lock",
            cargo_lock(&[("bad", "1.0.0"), ("calm", "1.0.0")]),
        );
        source.git(&["commit", "-qam", "Be calm"]);
        source.git(&["config", "uploadpack.allowFilter", "true"]);
        let folder = source.path("blobless");
        std::fs::create_dir(&folder).expect("a folder");
        let origin = format!("file://{}", source.work().display());
        git(&folder, &["init", "-q"]);
        git(&folder, &["remote", "add", "origin", &origin]);
        let heads = "+refs/heads/*:refs/remotes/origin/*";
        git(
            &folder,
            &["fetch", "-q", "--no-tags", "--filter=blob:none", "origin", heads],
        );
        git(&folder, &["checkout", "-q", "--detach", "origin/topic"]);
        let own = "https://forge.example/acme/shop";
        git(&folder, &["remote", "set-url", "origin", own]);
        let inputs = [("INPUT_UPLOAD-SARIF", "false")];
        let blob = shop.id("main:app/deep/Cargo.lock");
        shop.server.seen();
        let ran = shop.run_in(&folder, REQUEST, &inputs);
        assert_eq!(ran.code, 0, "{style:?}: {}{}", ran.out, ran.err);
        assert_eq!(outputs(source)["introduced"], "0");
        assert!(!shop.server.seen().is_empty(), "nobody was asked");
        // A forge that does not give it leaves it unknown.
        shop.server
            .trouble("GET", &blob, usize::MAX, Trouble::status(404, "Not Found"));
        let ran = shop.run_in(&folder, REQUEST, &inputs);
        assert_eq!(ran.code, 3, "{style:?}: {}{}", ran.out, ran.err);
        assert_eq!(outputs(source)["introduced"], "0");
        shop.server.faults();
        shop.server.done();
    }
}

/// Every spelling in which a secret could stand somewhere.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let mut encoded = String::new();
    for byte in secret.bytes() {
        let _ = write!(encoded, "%{byte:02X}");
    }
    let mut all = vec![
        secret.as_bytes().to_vec(),
        encoded.clone().into_bytes(),
        encoded.to_lowercase().into_bytes(),
    ];
    // Base64 of a text in the middle of others depends on where it begins.
    for before in ["", "x", "xy"] {
        let text = base64::prelude::BASE64_STANDARD.encode(format!("{before}{secret}"));
        let whole = &text[4.min(before.len() * 4)..];
        all.push(whole.as_bytes()[..whole.len() - 4].to_vec());
    }
    all
}

#[test]
fn the_token_appears_nowhere() {
    const CANARY: &str = "ghs_canary+0123456789/abcdefghijklmnopqrstuvwx";
    let shop = Shop::new(Style::GitHub);
    {
        let mut state = shop.server.state();
        let token = state.tokens[SECRET].clone();
        state.tokens.insert(CANARY.into(), token);
    }
    let spellings = spellings(CANARY);
    let found = |bytes: &[u8]| {
        spellings
            .iter()
            .any(|secret| bytes.windows(secret.len()).any(|window| window == secret))
    };
    assert!(found(format!("x{CANARY}").as_bytes()), "the search works");
    let mut runs = Vec::new();
    let trace = [
        ("INPUT_TOKEN", CANARY),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
        ("RUNNER_DEBUG", "1"),
    ];
    let args = format!("--now {NOW} -vvv");
    for trouble in [
        None,
        Some(Trouble::unavailable(500)),
        Some(Trouble::status(401, "Bad credentials")),
        Some(Trouble::Cut(2)),
    ] {
        shop.server.calm();
        if let Some(trouble) = trouble {
            shop.server.only_trouble(&trouble);
        }
        for (event, more) in [
            (REQUEST, ALL.to_vec()),
            (
                NIGHT,
                vec![("INPUT_TRACKING-ISSUE", "true"), ("INPUT_ARGS", args.as_str())],
            ),
        ] {
            let inputs: Vec<_> = trace
                .iter()
                .copied()
                .chain(more)
                .chain([("INPUT_ARGS", args.as_str())])
                .collect();
            runs.push(shop.run(event, &inputs));
        }
    }
    // An error while the token is read, and one while the inputs are.
    let broken = format!("{CANARY}\n{CANARY}");
    runs.push(shop.run(
        PUSH,
        &[
            ("INPUT_TOKEN", &broken),
            ("INPUT_UPLOAD-SARIF", "true"),
            ("RUST_LOG", "trace"),
        ],
    ));
    runs.push(shop.run(
        PUSH,
        &[
            ("INPUT_TOKEN", CANARY),
            ("INPUT_MODE", "nonsense"),
            ("RUST_LOG", "trace"),
        ],
    ));
    let shallow = shop.shallow();
    shop.server.calm();
    let inputs: Vec<_> = trace.iter().copied().chain([("INPUT_MODE", "status")]).collect();
    runs.push(shop.run_in(&shallow, NIGHT, &inputs));
    for ran in &runs {
        assert!(
            !found(ran.out.as_bytes()) && !found(ran.err.as_bytes()),
            "{}\n{}",
            ran.out,
            ran.err
        );
    }
    // Every file of the sandbox: reports, summary, outputs, caches, both clones and what lies in their `.git`.
    let mut files = 0;
    let mut folders = vec![shop.sandbox.path("")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert!(
                    !found(&std::fs::read(&path).expect("a file")),
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(files > 20, "{files}");
    // Logs were written, and tell of the requests.
    assert!(
        runs.iter()
            .any(|ran| ran.err.contains("TRACE") && ran.err.contains("/repos/acme/shop")),
        "{}",
        runs[0].err
    );
    // The forge knew it: the requests did carry it.
    let seen = shop.server.seen();
    assert!(seen.iter().any(|seen| {
        seen.request
            .header("authorization")
            .is_some_and(|value| value.ends_with(CANARY))
    }));
    // It is asked for nowhere but in that header.
    for seen in &seen {
        assert!(
            !found(seen.request.path.as_bytes()) && !found(&seen.request.body),
            "{}",
            seen.operation
        );
    }
    shop.server.faults();
    shop.server.done();
}

#[test]
fn summary_comment_and_annotations_keep_their_limits_on_many_hostile_findings() {
    let evil = "@everyone #1 <script>alert(1)</script> ::error::gotcha ##[group]x [a](https://evil.example) ![x](y) | `\u{202e}\u{1b}[31m";
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..5_000).map(|number| format!("pkg-{number}")).collect();
    let records: Vec<Value> = names
        .iter()
        .map(|name| {
            let mut record = record(&format!("GHSA-{name}"), "crates.io", name, "0", None);
            record["summary"] = format!("{evil}\n::warning::{evil}").into();
            record["details"] = evil.repeat(20).into();
            record
        })
        .collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    sandbox.write("README.md", "# Shop\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Begin"]);
    sandbox.git(&["branch", "release/1.0"]);
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    sandbox.write("app/deep/Cargo.lock", cargo_lock(&packages));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Go on"]);
    let server = ForgeServer::start(Style::GitHub, &sandbox.work());
    server
        .state()
        .open_pull("alice", "Use the new parser", "topic", "main");
    server.state().issues[0].number = 7;
    let shop = Shop {
        sandbox,
        server,
        index,
    };
    let ran = shop.run(REQUEST, &ALL);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(shop.summary().len() < 900_000);
    let state = shop.server.state();
    let [comment] = state.comments.as_slice() else {
        panic!("{} comments", state.comments.len());
    };
    assert!(comment.body.len() < 5_000, "{}", comment.body.len());
    let [upload] = state.uploads.as_slice() else {
        panic!("{} uploads", state.uploads.len());
    };
    let packed = upload.request["sarif"].as_str().expect("base64").len();
    assert!(packed < 10 << 20, "{packed}");
    let sarif: Value = serde_json::from_slice(&upload.sarif).expect("SARIF");
    assert_eq!(
        sarif["runs"][0]["results"].as_array().expect("results").len(),
        5_000
    );
    let commands: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.trim_start().starts_with("::"))
        .collect();
    assert_eq!(commands.len(), 10, "{commands:?}");
    assert!(
        commands.last().is_some_and(|line| line.contains("4,990 more")),
        "{commands:?}"
    );
    assert!(!ran.out.contains("##["), "{}", ran.out);
    for text in [&comment.body, &shop.summary()] {
        for live in [
            "@everyone",
            "<script",
            "](https://evil",
            "\u{202e}",
            "\u{1b}",
            "://evil",
        ] {
            assert!(!text.contains(live), "{live:?}");
        }
        assert!(text.contains(", left out for length"), "it says what is missing");
    }
    drop(state);
    shop.server.done();
}

#[test]
fn gitea_shows_no_sarif_and_says_so_only_when_asked() {
    let shop = Shop::new(Style::Gitea);
    let ran = shop.run(PUSH, &[]);
    assert_eq!((ran.code, notices(&ran)), (1, Vec::new()), "{}", ran.err);
    let ran = shop.run(PUSH, &[("INPUT_UPLOAD-SARIF", "true")]);
    let told = notices(&ran);
    assert!(
        ran.code == 1 && told.len() == 1 && told[0].contains("Gitea or Forgejo has nothing of the sort"),
        "{told:?}"
    );
    shop.server.done();
}

#[test]
fn a_step_that_cannot_judge_still_writes_the_reports_that_were_asked_for() {
    let shop = Shop::new(Style::GitHub);
    for (mode, more) in [
        (
            "scan",
            vec![("INPUT_BASE", "nowhere"), ("INPUT_SARIF-FILE", "out.sarif")],
        ),
        ("gate", vec![("INPUT_REFS", "v9")]),
    ] {
        let mut inputs = vec![("INPUT_MODE", mode), ("INPUT_REPORT-FILE", "report.json")];
        inputs.extend(more);
        let _ = std::fs::remove_file(shop.sandbox.work().join("report.json"));
        let ran = shop.run(PUSH, &inputs);
        assert_eq!(ran.code, 3, "{mode}: {}{}", ran.out, ran.err);
        let report = std::fs::read(shop.sandbox.work().join("report.json")).expect("a report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        assert_eq!(
            (&report["verdict"], &report["exit_code"]),
            (&"incomplete".into(), &3.into())
        );
        let outputs = outputs(&shop.sandbox);
        assert_eq!(outputs["report-file"], "report.json");
        assert_eq!(
            outputs.get("sarif-file").map(String::as_str),
            (mode == "scan").then_some("out.sarif")
        );
    }
    let sarif = std::fs::read(shop.sandbox.work().join("out.sarif")).expect("SARIF");
    let sarif: Value = serde_json::from_slice(&sarif).expect("JSON");
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    // Nothing of it goes to the forge.
    assert!(shop.server.state().uploads.is_empty());
    shop.server.done();
}

#[test]
fn nothing_to_scan_is_no_clean_upload_and_a_red_step_says_why() {
    let shop = Shop::new(Style::GitHub);
    shop.sandbox.git(&["rm", "-rq", "app"]);
    shop.sandbox.git(&["commit", "-qm", "Empty"]);
    let ran = shop.run(PUSH, &[]);
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    assert!(shop.server.state().uploads.is_empty());
    assert!(
        ran.out.contains("::error title=lockkeeper::no lockfile found"),
        "{}",
        ran.out
    );
    let ran = shop.run(PUSH, &[("INPUT_ALLOW-EMPTY", "true")]);
    assert_eq!((ran.code, shop.server.state().uploads.len()), (0, 1));
    shop.sandbox.write("package-lock.json", "{");
    let ran = shop.run(PUSH, &[("INPUT_UPLOAD-SARIF", "false")]);
    assert!(
        ran.code == 3
            && ran
                .out
                .contains("::error title=lockkeeper::not everything was checked (2 gaps)"),
        "{}",
        ran.out
    );
    shop.server.done();
}

#[test]
fn a_strangers_branch_of_the_same_name_is_not_ours() {
    let shop = Shop::new(Style::GitHub);
    let payload = std::fs::read_to_string(root().join("tests/fixtures/events/pull_request_fork.json"))
        .expect("a fixture");
    let file = shop.sandbox.path("event.json");
    std::fs::write(&file, payload.replace(&"1".repeat(40), &shop.id("main"))).expect("a file");
    let file = file.to_str().expect("a path").to_owned();
    // The fork's branch is called main too, and is checked out under that name.
    let merge = "3".repeat(40);
    let inputs = [
        ("GITHUB_EVENT_PATH", file.as_str()),
        ("GITHUB_SHA", &merge),
        ("INPUT_BASE", "release/1.0"),
    ];
    shop.run(REQUEST, &inputs);
    assert_eq!(shop.server.state().uploads[0].reference, "refs/pull/8/head");
    shop.server.done();
}

#[test]
fn whoever_looks_at_something_else_closes_no_issue() {
    let shop = Shop::new(Style::GitHub);
    let night = [
        ("INPUT_MODE", "status"),
        ("INPUT_REFS", "main,release/*"),
        ("INPUT_TRACKING-ISSUE", "true"),
    ];
    assert_eq!(shop.run(NIGHT, &night).code, 0);
    shop.sandbox
        .write("app/deep/Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    shop.sandbox.git(&["commit", "-qam", "Mend main alone"]);
    let ran = shop.run(
        PUSH,
        &[("INPUT_TRACKING-ISSUE", "true"), ("INPUT_UPLOAD-SARIF", "false")],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let state = shop.server.state();
    let issues: Vec<_> = state.issues.iter().filter(|issue| issue.pull.is_none()).collect();
    assert!(
        issues.len() == 1 && issues[0].open && issues[0].body.contains("GHSA-old"),
        "{issues:?}"
    );
    drop(state);
    assert!(shop.summary().contains("left as it is"), "{}", shop.summary());
    shop.server.done();
}

#[test]
fn what_a_shallow_clone_does_not_show_is_told_where_nobody_is_asked() {
    let shop = Shop::new(Style::GitHub);
    let shallow = shop.shallow();
    git(
        &shallow,
        &[
            "remote",
            "set-url",
            "origin",
            "https://forge.example/acme/another",
        ],
    );
    let inputs = [("INPUT_REFS", "main,relaese/*"), ("INPUT_UPLOAD-SARIF", "false")];
    let ran = shop.run_in(&shallow, NIGHT, &inputs);
    assert!(
        shop.server.seen().is_empty(),
        "another repository's forge is not asked"
    );
    for told in ["this clone is shallow", "relaese/*"] {
        assert!(
            shop.summary().contains(&told.replace('*', "\\*")),
            "{told}: {}{}",
            shop.summary(),
            ran.out
        );
    }
    shop.server.done();
}

#[test]
fn a_flag_goes_before_an_input() {
    let shop = Shop::new(Style::GitHub);
    let args = format!("--now {NOW} --db {}", shop.index);
    let ran = shop.run(
        PUSH,
        &[
            ("INPUT_DATABASE", "nowhere"),
            ("INPUT_ARGS", &args),
            ("INPUT_UPLOAD-SARIF", "false"),
        ],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let cache = [
        ("INPUT_DATABASE", ""),
        ("INPUT_CACHE-DIR", "cache"),
        ("LOCKKEEPER_DB", shop.index.as_str()),
        ("INPUT_UPLOAD-SARIF", "false"),
    ];
    assert_eq!(shop.run(PUSH, &cache).code, 1);
    let same = [("INPUT_SARIF-FILE", "x"), ("INPUT_REPORT-FILE", "x")];
    assert_eq!(shop.run(PUSH, &same).code, 2);
    shop.server.done();
}

#[test]
fn a_text_that_only_quotes_our_mark_is_not_ours() {
    for style in [Style::GitHub, Style::Gitea] {
        let shop = Shop::new(style);
        let comment = [
            ("INPUT_COMMENT", "true"),
            ("INPUT_BASE", "release/1.0"),
            ("INPUT_UPLOAD-SARIF", "false"),
        ];
        let issue = [
            ("INPUT_MODE", "status"),
            ("INPUT_REFS", "main,release/*"),
            ("INPUT_TRACKING-ISSUE", "true"),
        ];
        assert_eq!(shop.run(REQUEST, &comment).code, 1);
        assert_eq!(shop.run(NIGHT, &issue).code, 0);
        // Another bot of the same account answers, and quotes what it answers.
        let quoted = |text: &str| format!("> {}\n\nDone.", text.replace('\n', "\n> "));
        let (comments, issues) = {
            let mut state = shop.server.state();
            for comment in &mut state.comments {
                comment.body = quoted(&comment.body);
            }
            for issue in state.issues.iter_mut().filter(|issue| issue.pull.is_none()) {
                issue.body = quoted(&issue.body);
            }
            (state.comments.clone(), state.issues.clone())
        };
        assert_eq!(shop.run(REQUEST, &comment).code, 1);
        assert_eq!(shop.run(NIGHT, &issue).code, 0);
        let state = shop.server.state();
        assert_eq!(
            state.comments.len(),
            comments.len() + 1,
            "{style:?}: a comment of its own"
        );
        assert_eq!(
            state.issues.len(),
            issues.len() + 1,
            "{style:?}: an issue of its own"
        );
        for (before, after) in comments.iter().zip(&state.comments) {
            assert_eq!(before.body, after.body, "{style:?}");
        }
        for (before, after) in issues.iter().zip(&state.issues) {
            assert_eq!(
                (&before.body, before.open),
                (&after.body, after.open),
                "{style:?}"
            );
        }
        drop(state);
        shop.server.done();
    }
}

#[test]
fn a_refusal_of_a_thousand_words_is_one_short_notice() {
    let shop = Shop::new(Style::GitHub);
    let complaint = |number: usize| format!("complaint {number} {}", "x".repeat(4_000));
    shop.server.state().complaints = (0..200).map(complaint).collect();
    let ran = shop.run(PUSH, &[]);
    assert_eq!(ran.code, 1);
    let told = notices(&ran);
    assert!(told.len() == 1 && told[0].contains("complaint 0"), "{told:?}");
    assert!(told[0].len() < 3_000, "{} bytes", told[0].len());
    assert!(shop.summary().len() < 10_000, "{} bytes", shop.summary().len());
    shop.server.done();
}

#[test]
fn no_token_goes_in_clear_to_the_other_api_either() {
    let shop = Shop::new(Style::GitHub);
    let ran = shop.run(
        PUSH,
        &[("GITHUB_GRAPHQL_URL", "http://forge.example/api/graphql")],
    );
    let told = notices(&ran);
    assert!(
        ran.code == 1 && told.len() == 1 && told[0].contains("not encrypted") && told[0].contains("GRAPHQL"),
        "{told:?}"
    );
    assert_eq!(shop.writes(), Vec::<String>::new());
}
