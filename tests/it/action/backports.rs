//! The step in mode backport: one pull request for each release line, and one table of all, over real HTTP and git. The server
//! holds every request against the forge's published description.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::action::step::{outputs, step};
use crate::architecture::root;
use crate::support::forge_server::state::Token;
use crate::support::forge_server::{Access, ForgeServer, SECRET, Style, Trouble};
use crate::support::program::{Ran, git, git_with};
use crate::support::release_lines::{NOW, ReleaseLines};

struct Shop {
    lines: ReleaseLines,
    forge: ForgeServer,
}

const POLICY: &str =
    "lines: {include: [\"release/*\"], newest: 20, end-of-support: {\"release/1.1\": 2026-01-01}}\n";

/// Branches of which the step makes a pull request, in the order in which it does.
const OPENED: [&str; 7] = [
    "main",
    "release/1.11",
    "release/1.10",
    "release/1.9",
    "release/1.4",
    "release/1.3",
    "release/1.2",
];

impl Shop {
    /// Twelve release lines: seven with upgrades, one of them in part, and one each that is blocked, fixed, unaffected, broken and
    /// out of support.
    fn twelve(style: Style) -> Self {
        let lines = ReleaseLines::new();
        for (name, packages) in [
            ("release/1.11", &[("cookie", "1.0.0")][..]),
            ("release/1.10", &[("cookie", "1.0.0"), ("jar", "1.0.4")]),
            ("release/1.9", &[("cookie", "1.0.0"), ("lid", "1.0.0")]),
            ("release/1.8", &[("jar", "1.0.4")]),
            ("release/1.7", &[("cookie", "1.0.2")]),
            ("release/1.6", &[("lid", "1.0.0")]),
            ("release/1.5", &[("cookie", "1.0.0")]),
            ("release/1.4", &[("cookie", "1.0.0")]),
            ("release/1.3", &[("cookie", "1.0.0")]),
            ("release/1.2", &[("cookie", "1.0.0")]),
            ("release/1.1", &[("cookie", "1.0.0")]),
        ] {
            lines.line(name, packages);
        }
        lines.sandbox.git(&["checkout", "-q", "release/1.5"]);
        lines
            .sandbox
            .write("app/package-lock.json", "{\"lockfileVersion\": 3,");
        lines.sandbox.git(&["commit", "-qam", "Break"]);
        lines.sandbox.git(&["checkout", "-q", "main"]);
        lines.policy(POLICY);
        Self::of(style, lines)
    }

    /// Three release lines with upgrades, `main` among them.
    fn three(style: Style) -> Self {
        let lines = ReleaseLines::new();
        lines.line("release/1.1", &[("cookie", "1.0.0")]);
        lines.line("release/1.0", &[("cookie", "1.0.0"), ("jar", "1.0.4")]);
        Self::of(style, lines)
    }

    fn of(style: Style, lines: ReleaseLines) -> Self {
        let forge = ForgeServer::start(style, &lines.sandbox.work());
        Self { lines, forge }
    }

    fn run(&self, inputs: &[(&str, &str)]) -> Ran {
        self.run_in(&self.lines.sandbox.work(), inputs)
    }

    fn run_in(&self, folder: &Path, inputs: &[(&str, &str)]) -> Ran {
        let payload = root().join("tests/fixtures/events/schedule.json");
        let payload = payload.to_str().expect("a path").to_owned();
        let sha = git(folder, &["rev-parse", "HEAD"]);
        let folder = folder.to_str().expect("a path").to_owned();
        let (api, graphql) = (self.forge.api(), self.forge.graphql());
        let mut variables = vec![
            ("GITHUB_EVENT_NAME", "schedule"),
            ("GITHUB_EVENT_PATH", payload.as_str()),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_SHA", sha.as_str()),
            ("GITHUB_API_URL", api.as_str()),
            ("GITHUB_GRAPHQL_URL", graphql.as_str()),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("INPUT_MODE", "backport"),
            ("INPUT_DATABASE", self.lines.index.as_str()),
            ("INPUT_PATH", folder.as_str()),
            ("INPUT_TOKEN", SECRET),
            ("CI", "true"),
        ];
        variables.extend(inputs);
        step(&self.lines.sandbox, &variables)
    }

    fn outputs(&self) -> BTreeMap<String, String> {
        outputs(&self.lines.sandbox)
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.forge.state().repository.git(arguments)
    }

    /// The open pull requests: the base, the number and the branch of each.
    fn open(&self) -> Vec<(String, u64, String)> {
        let state = self.forge.state();
        let pulls = state
            .issues
            .iter()
            .filter(|issue| issue.open)
            .filter_map(|issue| {
                let pull = issue.pull.as_ref()?;
                Some((pull.base.clone(), issue.number, pull.head.clone()))
            });
        pulls.collect()
    }

    fn bases(&self) -> Vec<String> {
        self.open().into_iter().map(|(base, ..)| base).collect()
    }

    /// What was asked since the last call, writes and reads.
    fn asked(&self) -> (Vec<String>, usize) {
        let seen = self.forge.seen();
        let is_read = |operation: &str| {
            operation.starts_with("GET") || operation.contains("#viewer") || operation.contains("#repository")
        };
        let reads = seen.iter().filter(|seen| is_read(&seen.operation)).count();
        let writes = seen.into_iter().map(|seen| seen.operation);
        (writes.filter(|operation| !is_read(operation)).collect(), reads)
    }

    /// The comment with the table.
    fn table(&self) -> (u64, String) {
        let state = self.forge.state();
        let tables: Vec<_> = state
            .comments
            .iter()
            .filter(|comment| comment.body.contains("### Release lines"))
            .collect();
        assert_eq!(tables.len(), 1, "{tables:?}");
        (tables[0].issue, tables[0].body.clone())
    }

    /// A branch of the checkout goes to the forge.
    fn push(&self, branch: &str) {
        let work = self.lines.sandbox.work();
        let spec = format!("+refs/heads/{branch}:refs/heads/{branch}");
        self.git(&["fetch", "-q", work.to_str().expect("a path"), &spec]);
    }

    /// A person merges the pull request into `base`; the checkout gets the branch.
    fn merge(&self, base: &str) {
        let (_, number, head) = self
            .open()
            .into_iter()
            .find(|(of, ..)| of == base)
            .expect("a request");
        let folder = {
            let mut state = self.forge.state();
            let tip = state.repository.git(&["rev-parse", &head]);
            state.repository.set(&format!("refs/heads/{base}"), &tip);
            let issue = state.issue_mut(number).expect("a pull request");
            issue.open = false;
            issue.pull.as_mut().expect("one").merged = true;
            state.repository.git(&["rev-parse", "--absolute-git-dir"])
        };
        let is_here = base == "main";
        let spec = format!("+refs/heads/{base}:refs/heads/{base}");
        self.lines
            .sandbox
            .git(&["fetch", "-q", "--update-head-ok", &folder, &spec]);
        if is_here {
            self.lines.sandbox.git(&["reset", "-q", "--hard"]);
        }
    }
}

#[test]
fn twelve_lines_have_one_request_each_or_a_reason() {
    let shop = Shop::twelve(Style::GitHub);
    let dry = shop.run(&[
        ("INPUT_ARGS", &format!("--dry-run --now {NOW}")),
        ("INPUT_REPORT-FILE", "dry.json"),
    ]);
    assert_eq!(dry.code, 6, "{}{}", dry.out, dry.err);
    assert!(shop.forge.seen().is_empty());
    let ran = shop.run(&[("INPUT_REPORT-FILE", "plan.json")]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let found = shop.outputs();
    for (name, value) in [
        ("pull-requests", "1,2,3,4,5,6,7"),
        ("lines", "11"),
        ("lines-open", "7"),
        ("lines-blocked", "1"),
        ("lines-clean", "2"),
        ("lines-unknown", "1"),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    assert_eq!(shop.bases(), OPENED);
    let document = |name: &str| -> Value {
        let path = shop.lines.sandbox.work().join(name);
        serde_json::from_str(&std::fs::read_to_string(path).expect("a report")).expect("JSON")
    };
    // The dry run showed the same plan.
    let (planned, done) = (document("dry.json"), document("plan.json"));
    assert_eq!(planned["targets"], done["targets"]);
    assert_eq!(planned["rows"], done["rows"]);
    let states: Vec<&str> = done["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["state"].as_str())
        .collect();
    assert_eq!(
        states,
        [
            "planned",
            "planned",
            "partly",
            "planned",
            "blocked",
            "fixed",
            "unaffected",
            "unknown",
            "planned",
            "planned",
            "planned",
            "left_out"
        ]
    );
    for (base, number, branch) in shop.open() {
        // One commit on the tip of its own line, which changes the lockfile and nothing else.
        assert_eq!(
            shop.git(&["rev-parse", &format!("{branch}~1")]),
            shop.git(&["rev-parse", &base])
        );
        assert_eq!(
            shop.git(&["diff", "--name-only", &base, &branch]),
            "app/package-lock.json"
        );
        let workflow = shop.git(&["show", &format!("{branch}:.github/workflows/ci.yml")]);
        assert!(workflow.starts_with(&format!("# {base}")), "{workflow}");
        let state = shop.forge.state();
        let issue = state.issue(number).expect("a pull request");
        let is_default = base == "main";
        assert_eq!(
            issue.title.starts_with(&format!("[{base}] ")),
            !is_default,
            "{}",
            issue.title
        );
        assert_eq!(issue.body.contains("#1 has the table of all"), !is_default);
    }
    let (issue, table) = shop.table();
    assert_eq!(issue, 1);
    for row in [
        "| `main` | planned | cookie 1.0.0 → 1.0.1 | #1 |",
        "| `release/1.10` | partly | ",
        "| `release/1.8` | blocked | ",
        "| `release/1.7` | fixed | ",
        "| `release/1.1` | left out | end of support was 2026-01-01 |",
        "| `release/1.2` | planned | cookie 1.0.0 → 1.0.1 | #7 |",
    ] {
        assert!(table.contains(row), "{row}\n{table}");
    }
    // Three writes for each request, and one for the table.
    let (writes, _) = shop.asked();
    assert_eq!(writes.len(), 3 * OPENED.len() + 1, "{writes:#?}");

    let ran = shop.run(&[]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let (writes, reads) = shop.asked();
    assert_eq!(writes, Vec::<String>::new());
    // Reads are for lines with a request; the other lines ask for nothing.
    assert!(reads <= 12 * OPENED.len() + 10, "{reads}");
    assert_eq!(shop.outputs()["pull-requests"], "1,2,3,4,5,6,7");

    // Three are merged by hand, and one line is fixed without its request.
    for base in ["main", "release/1.9", "release/1.2"] {
        shop.merge(base);
    }
    shop.lines.sandbox.git(&["checkout", "-q", "release/1.4"]);
    shop.lines.commit(&[("cookie", "1.0.2")]);
    shop.lines.sandbox.git(&["checkout", "-q", "main"]);
    shop.push("release/1.4");
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert_eq!(shop.bases(), ["release/1.11", "release/1.10", "release/1.3"]);
    let (issue, table) = shop.table();
    assert_eq!(issue, 1, "the table stays where people know it");
    for row in [
        "| `main` | fixed | it locks ",
        "| `release/1.9` | fixed | it locks ",
        "| `release/1.4` | fixed | it locks ",
        "| `release/1.3` | planned | cookie 1.0.0 → 1.0.1 | #6 |",
    ] {
        assert!(table.contains(row), "{row}\n{table}");
    }
    assert_eq!(shop.outputs()["lines-clean"], "6");
    shop.asked();
    let ran = shop.run(&[]);
    assert_eq!(shop.asked().0, Vec::<String>::new(), "{}", ran.out);
    shop.forge.done();
}

#[test]
fn a_forge_that_dies_after_the_fifth_line_is_resumed_without_a_double() {
    let shop = Shop::twelve(Style::GitHub);
    shop.forge.only_write(3 * 5);
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert_eq!(shop.bases(), OPENED[..5]);
    let found = shop.outputs();
    assert_eq!(
        (found["lines-open"].as_str(), found["lines-blocked"].as_str()),
        ("5", "3")
    );
    assert!(ran.out.contains("It was not tried"), "{}", ran.out);
    shop.forge.calm();
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert_eq!(shop.bases(), OPENED);
    let branches = shop.git(&[
        "for-each-ref",
        "--format=%(refname:short)",
        "refs/heads/lockkeeper",
    ]);
    assert_eq!(branches.lines().count(), OPENED.len(), "{branches}");
    shop.asked();
    shop.run(&[]);
    assert_eq!(shop.asked().0, Vec::<String>::new());
    shop.forge.done();
}

#[test]
fn what_one_line_is_refused_stops_no_other() {
    for style in [Style::GitHub, Style::Gitea] {
        let shop = Shop::three(style);
        // The first branch that is made is that of the default branch.
        let (method, path) = match style {
            Style::GitHub | Style::Enterprise => ("POST", "/git/refs"),
            Style::Gitea => ("POST", "/branches"),
        };
        let refused = Trouble::status(403, "Resource not accessible by integration");
        shop.forge.trouble(method, path, 1, refused);
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 6, "{style:?} {}{}", ran.out, ran.err);
        assert_eq!(
            shop.bases(),
            ["release/1.1", "release/1.0"],
            "{style:?} {}",
            ran.out
        );
        let error = ran
            .out
            .lines()
            .find(|line| line.starts_with("::error"))
            .expect("an error");
        assert!(error.contains("main: "), "{error}");
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 6, "{style:?} {}{}", ran.out, ran.err);
        assert_eq!(shop.open().len(), 3);
        assert_eq!(shop.table().0, shop.open().last().expect("the last one").1);
    }
}

#[test]
fn without_the_right_to_write_every_line_has_its_reason_and_the_same_plan() {
    let shop = Shop::three(Style::GitHub);
    let dry = shop.run(&[
        ("INPUT_ARGS", &format!("--dry-run --now {NOW}")),
        ("INPUT_REPORT-FILE", "dry.json"),
    ]);
    assert_eq!(dry.code, 6, "{}{}", dry.out, dry.err);
    shop.forge.token(|token| {
        *token = Token {
            contents: Access::Read,
            ..Token::workflow()
        }
    });
    let ran = shop.run(&[("INPUT_REPORT-FILE", "plan.json")]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    let document = |name: &str| -> Value {
        let path = shop.lines.sandbox.work().join(name);
        serde_json::from_str(&std::fs::read_to_string(path).expect("a report")).expect("JSON")
    };
    let (dry, plan) = (document("dry.json"), document("plan.json"));
    assert_eq!(dry["targets"], plan["targets"]);
    for line in plan["lines"].as_array().expect("lines") {
        let note = line["note"].as_str().expect("a note");
        assert!(note.contains("contents: write"), "{note}");
    }
    assert!(shop.open().is_empty());
}

/// A checkout as `actions/checkout` leaves it: one commit of `main`, nothing else.
fn shallow(lines: &ReleaseLines) -> PathBuf {
    let folder = lines.sandbox.path("workspace");
    std::fs::create_dir(&folder).expect("a folder");
    let source = format!("file://{}", lines.sandbox.work().display());
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["remote", "add", "origin", &source]);
    let spec = "+refs/heads/main:refs/remotes/origin/main";
    git(
        &folder,
        &["fetch", "-q", "--no-tags", "--depth=1", "origin", spec],
    );
    git(
        &folder,
        &["checkout", "-q", "-B", "main", "refs/remotes/origin/main"],
    );
    let address = "https://forge.example/acme/shop";
    git(&folder, &["remote", "set-url", "origin", address]);
    folder
}

#[test]
fn a_clone_of_one_commit_plans_the_other_lines_through_the_forge() {
    let shop = Shop::three(Style::GitHub);
    let folder = shallow(&shop.lines);
    let ran = shop.run_in(&folder, &[]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert_eq!(
        shop.bases(),
        ["main", "release/1.1", "release/1.0"],
        "{}",
        ran.out
    );
    assert_eq!(git(&folder, &["rev-list", "--all", "--count"]), "1");
    let grid = shop.run_in(
        &folder,
        &[("INPUT_MODE", "status"), ("INPUT_REPORT-FILE", "grid.json")],
    );
    assert_eq!(grid.code, 0, "{}{}", grid.out, grid.err);
    for shown in ["proposed #1", "proposed #2", "proposed #3", "blocked #3"] {
        assert!(grid.out.contains(shown), "{shown}: {}", grid.out);
    }
    let path = shop.lines.sandbox.work().join("grid.json");
    let grid: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a grid")).expect("JSON");
    let cell = |id: &str, line: &str| {
        let rows = grid["rows"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["id"] == id).expect("a row");
        let cell = &row["cells"][format!("refs/heads/{line}")];
        (cell["state"].clone(), cell["pull_request"].clone())
    };
    for (line, number) in [("main", 1), ("release/1.1", 2), ("release/1.0", 3)] {
        let (state, page) = cell("GHSA-cookie", line);
        assert_eq!(state, "proposed", "{line}");
        let page = page.as_str().expect("a page").to_owned();
        assert!(page.ends_with(&format!("/{number}")), "{page}");
    }
    let (state, page) = cell("GHSA-jar", "release/1.0");
    assert_eq!(state, "blocked");
    assert!(page.as_str().is_some_and(|page| page.ends_with("/3")), "{page}");
    let gate = [
        ("INPUT_MODE", "gate"),
        ("INPUT_REFS", "release/1.0"),
        ("INPUT_REPORT-FILE", "gate.json"),
    ];
    assert_eq!(shop.run_in(&folder, &gate).code, 1);
    let path = shop.lines.sandbox.work().join("gate.json");
    let gate = std::fs::read_to_string(path).expect("a report");
    assert_eq!(gate.matches("Merge #3, which fixes it: ").count(), 1, "{gate}");
    shop.asked();
    // A whole clone comes to the same.
    shop.run(&[]);
    assert_eq!(shop.asked().0, Vec::<String>::new());
    shop.forge.done();
}

#[test]
fn where_the_default_branch_needs_nothing_the_issue_has_the_table() {
    let lines = ReleaseLines::new();
    lines.line("release/1.0", &[("cookie", "1.0.0")]);
    lines.commit(&[("cookie", "1.0.2")]);
    let shop = Shop::of(Style::GitHub, lines);
    let ran = shop.run(&[("INPUT_TRACKING-ISSUE", "true")]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(shop.bases(), ["release/1.0"]);
    assert!(shop.forge.state().comments.is_empty());
    let body = {
        let state = shop.forge.state();
        let issue = state
            .issues
            .iter()
            .find(|issue| issue.pull.is_none())
            .expect("an issue");
        issue.body.clone()
    };
    assert!(
        body.contains("| `release/1.0` | planned | cookie 1.0.0 → 1.0.1 | #1 |"),
        "{body}"
    );
    shop.asked();
    shop.run(&[("INPUT_TRACKING-ISSUE", "true")]);
    assert_eq!(shop.asked().0, Vec::<String>::new());
    // The issue is closed once the line is fixed, too.
    shop.merge("release/1.0");
    shop.run(&[("INPUT_TRACKING-ISSUE", "true")]);
    assert!(shop.forge.state().issues.iter().all(|issue| !issue.open));
    shop.forge.done();
}

#[test]
fn mode_fix_with_refs_is_the_same_for_these_lines() {
    let shop = Shop::three(Style::GitHub);
    let fix = [("INPUT_MODE", "fix"), ("INPUT_REFS", "release/*")];
    let ran = shop.run(&fix);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert_eq!(shop.bases(), ["release/1.1", "release/1.0"]);
    shop.asked();
    shop.run(&[("INPUT_REFS", "release/*")]);
    assert_eq!(shop.asked().0, Vec::<String>::new());
    // One for each package of each line.
    shop.lines.policy("fix: {group: package, level: major}\n");
    shop.push("main");
    let ran = shop.run(&[("INPUT_REFS", "release/1.0")]);
    let of_line = shop
        .bases()
        .into_iter()
        .filter(|base| base == "release/1.0")
        .count();
    assert_eq!((ran.code, of_line), (0, 2), "{}", ran.out);
}

#[test]
fn what_is_not_merged_proposes_nothing() {
    let shop = Shop::three(Style::GitHub);
    let request = [
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_REF", "refs/pull/7/merge"),
    ];
    let ran = shop.run(&request);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("a change that is not"), "{}", ran.out);
    for (name, value) in [
        ("INPUT_COMMENT", "true"),
        ("INPUT_EXIT-ZERO", "true"),
        ("INPUT_PATH", "a\nb"),
    ] {
        assert_eq!(shop.run(&[(name, value)]).code, 2, "{name}");
    }
    let ran = shop.run(&[("INPUT_TOKEN", "")]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(shop.forge.seen().is_empty());
}

/// `status --metrics` in a step knows when the pull request of a line was opened.
#[test]
fn metrics_say_when_a_pull_request_was_opened() {
    for style in [Style::GitHub, Style::Gitea] {
        let lines = ReleaseLines::new();
        // It locked what is affected before the advisory was published.
        let dates = [("GIT_COMMITTER_DATE", "2025-12-01T00:00:00Z")];
        let amend = [
            "commit",
            "-q",
            "--amend",
            "--no-edit",
            "--date=2025-12-01T00:00:00Z",
        ];
        git_with(&lines.sandbox.work(), &amend, &dates);
        lines.line("release/1.0", &[("lid", "1.0.0")]);
        let shop = Shop::of(style, lines);
        let metrics = |shop: &Shop, token: &str| {
            let ran = shop.run(&[
                ("INPUT_MODE", "status"),
                ("INPUT_REPORT-FILE", "grid.json"),
                ("INPUT_ARGS", "--metrics --now 2026-12-01T00:00:00Z"),
                ("INPUT_TOKEN", token),
            ]);
            let path = shop.lines.sandbox.work().join("grid.json");
            let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}: {}", ran.out));
            let grid: Value = serde_json::from_str(&text).expect("JSON");
            let rows = grid["metrics"]["rows"].as_array().expect("rows").clone();
            rows.into_iter()
                .find(|row| row["ref"] == "refs/heads/main")
                .expect("a row")
        };
        assert_eq!(metrics(&shop, "")["proposed"]["state"], "unknown");
        // Nobody opened one yet.
        assert_eq!(metrics(&shop, SECRET)["proposed"]["state"], "open");
        shop.run(&[]);
        let opened = {
            let state = shop.forge.state();
            state.issues.first().expect("a pull request").created.clone()
        };
        let row = metrics(&shop, SECRET);
        assert_eq!(row["proposed"]["state"], "done", "{row:#}");
        assert_eq!(row["proposed"]["at"], opened.as_str());
        assert!(
            row["proposed"]["by"]
                .as_str()
                .is_some_and(|page| page.ends_with("/1")),
            "{row:#}"
        );
        let days = row["proposed"]["days"].as_f64().expect("days");
        assert!((262.0..264.0).contains(&days), "{days}");
        assert_eq!(row["merged"]["state"], "open");
        shop.forge.done();
    }
}

/// A release that is named by its tag is unblocked by what is proposed for the branch that the tag is on.
#[test]
fn the_gate_of_a_tag_names_the_pull_request_into_its_branch() {
    let shop = Shop::three(Style::GitHub);
    let git = |arguments: &[&str]| shop.lines.sandbox.git(arguments);
    git(&["tag", "v1.0.0", "release/1.0"]);
    git(&["checkout", "-q", "release/1.0"]);
    git(&["commit", "-q", "--allow-empty", "-m", "Go on"]);
    git(&["checkout", "-q", "main"]);
    let forge = ForgeServer::start(Style::GitHub, &shop.lines.sandbox.work());
    let shop = Shop {
        lines: shop.lines,
        forge,
    };
    shop.run(&[]);
    let gate = |release: &str| {
        let inputs = [
            ("INPUT_MODE", "gate"),
            ("INPUT_REFS", release),
            ("INPUT_REPORT-FILE", "gate.json"),
        ];
        assert_eq!(shop.run(&inputs).code, 1);
        let path = shop.lines.sandbox.work().join("gate.json");
        std::fs::read_to_string(path).expect("a report")
    };
    let of_tag = gate("v1.0.0");
    let step = "Merge #3 into release/1.0, which fixes it there, and release that: ";
    assert_eq!(of_tag.matches(step).count(), 1, "{of_tag}");
    assert!(
        !of_tag.contains("Merge #1") && !of_tag.contains("Merge #2"),
        "{of_tag}"
    );
    let of_branch = gate("release/1.0");
    assert_eq!(
        of_branch.matches("Merge #3, which fixes it: ").count(),
        1,
        "{of_branch}"
    );
}
