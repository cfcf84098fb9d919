//! The step in mode backport with a merged pull request or commits: each release line gets them as they are, over real HTTP and git,
//! and its lockfile as it is planned for that line. The server holds every request against the forge's published description.

use std::collections::BTreeMap;

use serde_json::json;

use crate::action::step::{outputs, step};
use crate::support::forge_server::state::Token;
use crate::support::forge_server::{ForgeServer, SECRET, Style};
use crate::support::program::{Ran, git};
use crate::support::release_lines::{NOW, ReleaseLines};

/// A project with release lines, and a pull request into `main` that was merged.
struct Shop {
    lines: ReleaseLines,
    forge: ForgeServer,
    /// Its number.
    number: u64,
}

/// How the request went into `main`.
#[derive(Clone, Copy)]
enum Merged {
    Squash,
    Rebase,
    Merge,
}

const ANN: &str = "Ann <ann@example.org>";

impl Shop {
    /// `release/1.1` takes the change, `release/1.0` is in conflict with its second commit, and `release/0.9` has it.
    fn new(style: Style, how: Merged) -> Self {
        let lines = ReleaseLines::new();
        let sandbox = &lines.sandbox;
        sandbox.write("src/a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        sandbox.write("src/b.txt", "b\n");
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "Write"]);
        for (line, packages) in [
            ("release/1.1", &[("cookie", "1.0.0")][..]),
            ("release/1.0", &[("cookie", "1.0.0"), ("lid", "1.0.0")]),
            ("release/0.9", &[("cookie", "1.0.2")]),
        ] {
            sandbox.git(&["checkout", "-q", "-b", line, "main"]);
            lines.commit(packages);
            sandbox.git(&["checkout", "-q", "main"]);
        }
        sandbox.git(&["checkout", "-q", "release/1.0"]);
        sandbox.write("src/b.txt", "elsewhere\n");
        sandbox.git(&["commit", "-qam", "Go another way"]);
        sandbox.git(&["checkout", "-q", "-b", "topic", "main"]);
        sandbox.write("src/a.txt", "1\n2\nthree\n4\n5\n6\n7\n8\n9\n");
        let first =
            "First\n\nWhy.\n\nSigned-off-by: Ann <ann@example.org>\nCo-authored-by: Bo <bo@example.org>\n";
        commit(&lines, first);
        sandbox.write("src/b.txt", "better\n");
        lines.lock(&[("cookie", "1.0.1"), ("lid", "1.0.0")]);
        commit(&lines, "Second\n");
        let own = sandbox.git(&["rev-list", "--reverse", "main..topic"]);
        let own: Vec<String> = own.lines().map(str::to_owned).collect();
        sandbox.git(&["checkout", "-q", "main"]);
        match how {
            Merged::Squash => {
                sandbox.git(&["merge", "-q", "--squash", "topic"]);
                commit(&lines, "Do both (#1)\n");
            }
            Merged::Rebase => {
                // The committer and the time differ, so that these are others.
                sandbox.write("later", "x\n");
                commit(&lines, "Meanwhile\n");
                sandbox.git(&["cherry-pick", "main..topic"]);
            }
            Merged::Merge => {
                sandbox.git(&[
                    "merge",
                    "-q",
                    "--no-ff",
                    "-m",
                    "Merge pull request #1 from topic",
                    "topic",
                ]);
            }
        }
        let merge = sandbox.git(&["rev-parse", "main"]);
        let picked = match how {
            Merged::Squash => Some("main~1..main"),
            Merged::Rebase => Some("main~2..main"),
            Merged::Merge => None,
        };
        if let Some(picked) = picked {
            sandbox.git(&["checkout", "-q", "release/0.9"]);
            sandbox.git(&["cherry-pick", "-x", "-Xours", picked]);
            sandbox.git(&["checkout", "-q", "main"]);
        }
        let forge = ForgeServer::start(style, &sandbox.work());
        let number = {
            let mut state = forge.state();
            let number = state.open_pull("ann", "Do both", "topic", "main");
            let issue = state.issue_mut(number).expect("an issue");
            issue.open = false;
            let pull = issue.pull.as_mut().expect("a pull request");
            pull.merged = true;
            pull.merge = Some(merge);
            pull.commits = own;
            number
        };
        Self { lines, forge, number }
    }

    fn run(&self, inputs: &[(&str, &str)]) -> Ran {
        self.on("schedule", &json!({}), inputs)
    }

    fn on(&self, event: &str, payload: &serde_json::Value, inputs: &[(&str, &str)]) -> Ran {
        let folder = self.lines.sandbox.work();
        let sha = git(&folder, &["rev-parse", "HEAD"]);
        let folder = folder.to_str().expect("a path").to_owned();
        self.lines.sandbox.write("../event.json", payload.to_string());
        let payload = self.lines.sandbox.work().join("../event.json");
        let payload = payload.to_str().expect("a path").to_owned();
        let (api, graphql) = (self.forge.api(), self.forge.graphql());
        let args = format!("--now {NOW}");
        let mut variables = vec![
            ("GITHUB_EVENT_NAME", event),
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
            ("INPUT_ARGS", args.as_str()),
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

    /// The open pull requests: the base and the branch of each, and whether it is a draft.
    fn open(&self) -> Vec<(String, String, bool)> {
        let state = self.forge.state();
        let open = state.issues.iter().filter(|issue| issue.open);
        open.filter_map(|issue| {
            let pull = issue.pull.as_ref()?;
            let is_draft = pull.draft || issue.title.starts_with("WIP: ");
            Some((pull.base.clone(), pull.head.clone(), is_draft))
        })
        .collect()
    }

    fn writes(&self) -> Vec<String> {
        let seen = self.forge.seen().into_iter().map(|seen| seen.operation);
        let is_read = |operation: &str| {
            operation.starts_with("GET") || operation.contains("#viewer") || operation.contains("#repository")
        };
        seen.filter(|operation| !is_read(operation)).collect()
    }
}

/// A commit by Ann of everything that differs.
fn commit(lines: &ReleaseLines, message: &str) {
    lines.sandbox.git(&["add", "-A"]);
    let author = format!("--author={ANN}");
    let date = "--date=2026-01-05T06:07:08+02:00";
    lines
        .sandbox
        .git(&["commit", "-q", "--cleanup=verbatim", &author, date, "-m", message]);
}

fn carry(shop: &Shop) -> Ran {
    let number = shop.number.to_string();
    shop.run(&[("INPUT_PULL-REQUEST", &number), ("INPUT_REFS", "release/*")])
}

/// A manifest asks for more than the lockfile of the line has, and no plan of upgrades gives it that.
#[test]
fn a_lockfile_that_does_not_fit_the_manifest_makes_a_draft() {
    for (packages, is_draft) in [
        (&[("cookie", "1.0.2"), ("lid", "1.0.1")][..], false),
        (&[("cookie", "1.0.2"), ("lid", "1.0.0"), ("pot", "1.0.0")], true),
    ] {
        let shop = Shop::new(Style::GitHub, Merged::Squash);
        let sandbox = &shop.lines.sandbox;
        shop.lines.lock(packages);
        sandbox.write("src/c.txt", "c\n");
        commit(
            &shop.lines,
            "Ask for it\n\nSigned-off-by: Ann <ann@example.org>\n",
        );
        let id = sandbox.git(&["rev-parse", "HEAD"]);
        let ran = shop.run(&[("INPUT_COMMIT", id.trim()), ("INPUT_REFS", "release/1.0")]);
        // The commit locks another lid, and its name was not asked for.
        assert!(!ran.err.contains("names no finding"), "{}", ran.err);
        let open = shop.open();
        let [(base, _, draft)] = open.as_slice() else {
            panic!("{open:?} {}{}", ran.out, ran.err);
        };
        assert_eq!(
            (base.as_str(), *draft),
            ("release/1.0", is_draft),
            "{}{}",
            ran.out,
            ran.err
        );
        let body = shop.forge.state().issues.last().expect("a request").body.clone();
        let note = "app/package-lock.json has to be locked again on the line";
        assert_eq!(body.contains(note), is_draft, "{body}");
    }
}

#[test]
fn each_line_gets_the_commits_and_a_lockfile_of_its_own() {
    for style in [Style::GitHub, Style::Gitea] {
        let shop = Shop::new(style, Merged::Rebase);
        let ran = carry(&shop);
        assert_eq!(ran.code, 6, "{style:?} {}{}", ran.out, ran.err);
        let open = shop.open();
        let [(base, branch, is_draft), (conflicting, half, is_half)] = open.as_slice() else {
            panic!("{style:?} {open:?}\n{}{}", ran.out, ran.err);
        };
        assert_eq!((base.as_str(), *is_draft), ("release/1.1", false), "{style:?}");
        assert_eq!(
            (conflicting.as_str(), *is_half),
            ("release/1.0", true),
            "{style:?}"
        );
        // Both commits, as Ann wrote them, and one with the lockfile, by somebody else.
        let log = shop.git(&[
            "log",
            "--reverse",
            "--format=%an|%ae|%ad|%cn|%s",
            "--date=iso-strict",
            &format!("{base}..{branch}"),
        ]);
        let log: Vec<Vec<&str>> = log.lines().map(|line| line.split('|').collect()).collect();
        assert_eq!(log.len(), 3, "{style:?} {log:?}");
        for (commit, subject) in log.iter().zip(["First", "Second"]) {
            assert_eq!(
                (commit[0], commit[1], commit[4]),
                ("Ann", "ann@example.org", subject)
            );
            assert_eq!(commit[2], "2026-01-05T06:07:08+02:00", "{style:?}");
            assert_ne!(commit[3], "Ann", "{style:?}");
        }
        assert_ne!(log[2][0], "Ann");
        let trailers = shop.git(&[
            "log",
            "-1",
            "--format=%(trailers:key=Co-authored-by,valueonly)",
            &format!("{branch}~2"),
        ]);
        assert_eq!(trailers.trim(), "Bo <bo@example.org>");
        let message = shop.git(&["log", "-1", "--format=%B", &format!("{branch}~2")]);
        assert!(message.contains("(cherry picked from commit "), "{message}");
        let files = shop.git(&["diff", "--name-only", base, branch]);
        assert_eq!(files, "app/package-lock.json\nsrc/a.txt\nsrc/b.txt", "{style:?}");
        let locked = shop.git(&["show", &format!("{branch}:app/package-lock.json")]);
        assert!(
            locked.contains("cookie-1.0.1.tgz") && !locked.contains("lid"),
            "{locked}"
        );
        let workflow = |of: &str| shop.git(&["rev-parse", &format!("{of}:.github/workflows/ci.yml")]);
        assert_eq!(workflow(base), workflow(branch));
        // What comes before the conflict is there, and nothing of the commit that does not fit.
        assert_eq!(shop.git(&["diff", "--name-only", conflicting, half]), "src/a.txt");
        let bodies: Vec<String> = {
            let state = shop.forge.state();
            let open = state.issues.iter().filter(|issue| issue.open);
            open.map(|issue| issue.body.clone()).collect()
        };
        assert!(
            bodies[1].contains("git cherry-pick -x") || bodies[1].contains("cherry-pick -x"),
            "{}",
            bodies[1]
        );
        assert!(bodies[1].contains("src/b"), "{}", bodies[1]);
        let found = shop.outputs();
        assert_eq!(
            (found["lines"].as_str(), found["lines-open"].as_str()),
            ("3", "2"),
            "{style:?}"
        );
        {
            let state = shop.forge.state();
            let table = state.comments.iter().find(|comment| comment.issue == shop.number);
            let table = &table.expect("a table").body;
            assert!(table.contains("| `release/1.1` | proposed | "), "{table}");
            assert!(table.contains("| `release/1.0` | draft | "), "{table}");
        }
        shop.writes();
        let ran = carry(&shop);
        assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
        assert_eq!(shop.writes(), Vec::<String>::new(), "{style:?} {}", ran.out);
        // The grid and the gate know both.
        let report = ("INPUT_REPORT-FILE", "report.json");
        let read = || {
            let path = shop.lines.sandbox.work().join("report.json");
            let text = std::fs::read_to_string(path).expect("a report");
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
        };
        let shown = shop.run(&[("INPUT_MODE", "status"), ("INPUT_REFS", "release/*"), report]);
        assert!(shown.out.contains("draft #"), "{}", shown.out);
        let grid = read();
        let rows = grid["rows"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["id"] == "GHSA-cookie").expect("a row");
        let state = |line: &str| row["cells"][format!("refs/heads/{line}")]["state"].clone();
        assert_eq!(
            (state("release/1.1"), state("release/1.0")),
            ("proposed".into(), "draft".into())
        );
        shop.run(&[("INPUT_MODE", "gate"), ("INPUT_REFS", "release/1.0"), report]);
        assert!(read().to_string().contains("Finish the draft #"), "{style:?}");
        // The metrics know it, too, open and merged. The forge's clock is behind that of the commits.
        let proposed = || {
            let args = format!("--metrics --now {NOW}");
            shop.run(&[
                ("INPUT_MODE", "status"),
                ("INPUT_REFS", "release/1.1"),
                ("INPUT_ARGS", &args),
                report,
            ]);
            let rows = read()["metrics"]["rows"].as_array().expect("rows").clone();
            let row = rows.into_iter().find(|row| row["id"] == "GHSA-cookie");
            row.expect("a row")["proposed"].clone()
        };
        let known = proposed();
        assert_eq!(known["state"], "unknown", "{style:?} {known}");
        assert!(
            known["reason"].to_string().contains("was opened before"),
            "{known}"
        );
        {
            let mut state = shop.forge.state();
            let carried = state.issues.iter_mut().find(|issue| {
                let pull = issue.pull.as_ref();
                issue.open && pull.is_some_and(|pull| pull.base == "release/1.1")
            });
            let carried = carried.expect("a pull request");
            carried.open = false;
            carried.pull.as_mut().expect("a pull request").merged = true;
        }
        assert_eq!(proposed(), known, "{style:?}");
        shop.forge.done();
    }
}

#[test]
fn squashed_and_merged_requests_are_one_commit() {
    for how in [Merged::Squash, Merged::Merge] {
        let shop = Shop::new(Style::GitHub, how);
        let ran = carry(&shop);
        assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
        let open = shop.open();
        let (base, branch, _) = open
            .iter()
            .find(|(base, ..)| base == "release/1.1")
            .expect("a request");
        let count = shop.git(&["rev-list", "--count", &format!("{base}..{branch}")]);
        assert_eq!(count, "2", "{}", ran.out);
        let has_old = open.iter().any(|(base, ..)| base == "release/0.9");
        match how {
            // The line has it under another id.
            Merged::Squash => assert!(!has_old, "{}", ran.out),
            Merged::Merge | Merged::Rebase => assert!(has_old, "{}", ran.out),
        }
    }
}

#[test]
fn a_plain_pick_conflicts_in_the_lockfile_where_ours_is_locked_anew() {
    let shop = Shop::new(Style::GitHub, Merged::Squash);
    let sandbox = &shop.lines.sandbox;
    sandbox.git(&["checkout", "-q", "--detach", "release/1.1"]);
    let work = sandbox.work();
    let picked = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.org",
            "cherry-pick",
            "main",
        ])
        .current_dir(&work)
        .output()
        .expect("git");
    assert!(!picked.status.success());
    let unmerged = git(&work, &["diff", "--name-only", "--diff-filter=U"]);
    assert!(unmerged.contains("app/package-lock.json"), "{unmerged}");
    sandbox.git(&["cherry-pick", "--abort"]);
    sandbox.git(&["checkout", "-q", "main"]);
    let ran = carry(&shop);
    let open = shop.open();
    let (_, branch, is_draft) = open
        .iter()
        .find(|(base, ..)| base == "release/1.1")
        .expect("a request");
    assert!(!is_draft, "{}", ran.out);
    let locked = shop.git(&["show", &format!("{branch}:app/package-lock.json")]);
    assert!(locked.contains("cookie-1.0.1.tgz"), "{locked}");
}

#[test]
fn a_label_or_a_comment_of_somebody_with_write_access_names_the_lines() {
    let shop = Shop::new(Style::GitHub, Merged::Squash);
    let side = json!({"sha": "1".repeat(40), "ref": "topic", "repo": {"full_name": "acme/shop"}});
    let request = |merged: bool, labels: &[&str]| {
        let labels: Vec<_> = labels.iter().map(|name| json!({"name": name})).collect();
        json!({
            "action": "closed", "number": shop.number,
            "pull_request": {"head": side, "base": side, "merged": merged, "labels": labels, "user": {"login": "ann"}},
        })
    };
    let comment = |login: &str, body: &str| {
        json!({
            "action": "created", "issue": {"number": shop.number, "pull_request": {}},
            "comment": {"body": body, "user": {"login": login}},
        })
    };
    for (event, payload) in [
        ("pull_request", request(false, &["backport release/1.1"])),
        ("pull_request", request(true, &["bug", "backport "])),
        ("issue_comment", comment("mallory", "/backport release/1.1")),
        ("issue_comment", comment("alice", "please /backport release/1.1")),
        ("issue_comment", comment("alice", "/backports release/1.1")),
    ] {
        let ran = shop.on(event, &payload, &[]);
        assert_eq!(ran.code, 0, "{payload} {}{}", ran.out, ran.err);
        assert!(shop.open().is_empty(), "{payload}");
        assert_eq!(shop.writes(), Vec::<String>::new());
    }
    // A line that is not there stops no other.
    let labels = [
        "bug",
        "backport release/1.1",
        "backport [bad",
        "backport release/7",
    ];
    let ran = shop.on("pull_request", &request(true, &labels), &[]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("there is no such branch"), "{}", ran.out);
    let bases: Vec<String> = shop.open().into_iter().map(|(base, ..)| base).collect();
    assert_eq!(bases, ["release/1.1"]);
    let ran = shop.on(
        "issue_comment",
        &comment("alice", "/backport release/1.0\nthanks"),
        &[],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let bases: Vec<String> = shop.open().into_iter().map(|(base, ..)| base).collect();
    assert_eq!(bases, ["release/1.1", "release/1.0"]);
}

#[test]
fn a_commit_of_a_person_is_never_touched_and_closing_is_an_answer() {
    for style in [Style::GitHub, Style::Gitea] {
        let shop = Shop::new(style, Merged::Squash);
        carry(&shop);
        let open = shop.open();
        let (base, branch, _) = open
            .iter()
            .find(|(base, ..)| base == "release/1.1")
            .expect("a request")
            .clone();
        {
            let state = shop.forge.state();
            let tip = state.repository.branch(&branch).expect("a branch");
            let tree = state.repository.git(&["rev-parse", &format!("{tip}^{{tree}}")]);
            let who = ("Di", "di@example.org");
            let commit = state
                .repository
                .write_commit(&tree, &[tip], "Mine", who)
                .expect("a commit");
            state.repository.set(&format!("refs/heads/{branch}"), &commit);
        }
        let tip = shop.git(&["rev-parse", &branch]);
        // The line goes on, so that the branch would have to be made anew.
        let sandbox = &shop.lines.sandbox;
        sandbox.git(&["checkout", "-q", &base]);
        sandbox.write("src/new.txt", "new\n");
        commit(&shop.lines, "Go on\n");
        sandbox.git(&["checkout", "-q", "main"]);
        let spec = format!("+refs/heads/{base}:refs/heads/{base}");
        shop.git(&["fetch", "-q", sandbox.work().to_str().expect("a path"), &spec]);
        let ran = carry(&shop);
        assert!(ran.out.contains("is left alone"), "{style:?} {}", ran.out);
        assert_eq!(shop.git(&["rev-parse", &branch]), tip, "{style:?}");
        // Without that commit it is made anew on the new tip.
        {
            let state = shop.forge.state();
            let before = state.repository.git(&["rev-parse", &format!("{tip}~1")]);
            state.repository.set(&format!("refs/heads/{branch}"), &before);
        }
        let ran = carry(&shop);
        assert!(
            ran.out.contains("was brought up to date"),
            "{style:?} {}",
            ran.out
        );
        assert_eq!(
            shop.git(&["merge-base", &base, &branch]),
            shop.git(&["rev-parse", &base]),
            "{style:?}"
        );
        {
            let mut state = shop.forge.state();
            for issue in &mut state.issues {
                issue.open = false;
            }
        }
        shop.writes();
        let ran = carry(&shop);
        assert!(
            ran.out.contains("was closed by a person"),
            "{style:?} {}",
            ran.out
        );
        assert!(shop.open().is_empty(), "{style:?}");
    }
}

#[test]
fn a_run_that_died_is_resumed_without_a_double() {
    for (style, writes) in [(Style::GitHub, [1, 7, 9]), (Style::Gitea, [3, 6, 7])] {
        let shop = Shop::new(style, Merged::Rebase);
        for count in writes {
            shop.forge.only_write(count);
            carry(&shop);
            shop.forge.calm();
        }
        let ran = carry(&shop);
        assert_eq!(ran.code, 6, "{style:?} {}{}", ran.out, ran.err);
        assert_eq!(shop.open().len(), 2, "{style:?} {}", ran.out);
        let branches = shop.git(&[
            "for-each-ref",
            "--format=%(refname:short)",
            "refs/heads/lockkeeper",
        ]);
        assert_eq!(branches.lines().count(), 2, "{style:?} {branches}");
        shop.writes();
        carry(&shop);
        assert_eq!(shop.writes(), Vec::<String>::new(), "{style:?}");
        shop.forge.done();
    }
}

#[test]
fn without_the_right_to_write_the_lines_have_their_reason() {
    let shop = Shop::new(Style::GitHub, Merged::Squash);
    shop.forge.token(|token| *token = Token::reading());
    let ran = carry(&shop);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("contents: write"), "{}", ran.out);
    assert!(shop.open().is_empty());
}

/// A workflow's token may not change workflows; that of a person may. A line that has the change needs neither.
#[test]
fn workflows_are_carried_with_the_right_to_change_them_alone() {
    let shop = Shop::new(Style::GitHub, Merged::Squash);
    let sandbox = &shop.lines.sandbox;
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write(".github/workflows/new.yml", "on: push\n");
    commit(&shop.lines, "Run more\n");
    let id = sandbox.git(&["rev-parse", "main"]);
    sandbox.git(&["checkout", "-q", "release/0.9"]);
    sandbox.git(&["cherry-pick", &id]);
    sandbox.git(&["checkout", "-q", "main"]);
    let asked = [
        ("INPUT_COMMIT", id.as_str()),
        ("INPUT_REFS", "release/1.1,release/0.9"),
    ];
    // The forge says by the beginning of a token, and by its account, that it is a workflow's.
    let of_workflow = "ghs_0123456789";
    let token = (of_workflow.to_owned(), Token::workflow());
    shop.forge.state().tokens.extend([token]);
    let with_it = [asked[0], asked[1], ("INPUT_TOKEN", of_workflow)];
    let ran = shop.run(&with_it);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    assert!(shop.open().is_empty());
    let why = "the commits change .github/workflows, and the token of a workflow has no right to";
    assert!(ran.out.contains(why), "{}", ran.out);
    let ran = shop.run(&asked);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let bases: Vec<String> = shop.open().into_iter().map(|(base, ..)| base).collect();
    assert_eq!(bases, ["release/1.1"]);
}

#[test]
fn commits_are_carried_without_a_request() {
    let shop = Shop::new(Style::GitHub, Merged::Squash);
    let commit = git(&shop.lines.sandbox.work(), &["rev-parse", "main"]);
    let ran = shop.run(&[
        ("INPUT_COMMIT", &commit),
        ("INPUT_REFS", "release/1.1,release/0.9"),
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let bases: Vec<String> = shop.open().into_iter().map(|(base, ..)| base).collect();
    assert_eq!(bases, ["release/1.1"]);
    // Ann signed off the first of the two commits, and not what they were squashed into.
    let state = shop.forge.state();
    let opened = state.issues.last().expect("a pull request");
    let unsigned = format!("no sign-off of the author in {}", &commit[..12]);
    assert!(opened.body.contains(&unsigned), "{}", opened.body);
}

/// The record is a draft at the forge: what is carried is what its references name, and no branch, title or text has its id.
#[test]
fn the_fix_of_an_own_advisory_goes_to_the_lines_that_lack_it() {
    let shop = Shop::new(Style::GitHub, Merged::Squash);
    let id = "GHSA-2222-3333-4444";
    let commit = git(&shop.lines.sandbox.work(), &["rev-parse", "main"]);
    let description = format!("### Patches\nSee https://forge.example/acme/shop/commit/{commit}.\n");
    shop.forge.state().advisories.insert(id.to_owned(), description);
    let asked = [("INPUT_ADVISORY", id), ("INPUT_REFS", "release/*")];
    let ran = shop.run(&asked);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let open = shop.open();
    let bases: Vec<(&str, bool)> = open
        .iter()
        .map(|(base, _, is_draft)| (base.as_str(), *is_draft))
        .collect();
    assert_eq!(bases, [("release/1.1", false), ("release/1.0", true)]);
    for issue in &shop.forge.state().issues {
        let branch = issue.pull.as_ref().map(|pull| pull.head.as_str());
        for text in [
            issue.title.as_str(),
            issue.body.as_str(),
            branch.unwrap_or_default(),
        ] {
            assert!(!text.contains(id), "{text}");
        }
    }
    // There is nothing of that kind at the forge and nothing in the database.
    let ran = shop.run(&[("INPUT_ADVISORY", "GHSA-9999-3333-4444")]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("there is no advisory GHSA-9999-3333-4444"),
        "{}",
        ran.err
    );
    let ran = shop.run(&[("INPUT_ADVISORY", id), ("INPUT_COMMIT", &commit)]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    // The line that has it is left alone.
    let ran = shop.run(&[("INPUT_ADVISORY", id), ("INPUT_REFS", "release/0.9")]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("No release line lacks the fix"), "{}", ran.out);
}
