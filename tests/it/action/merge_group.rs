//! A merge group in a checkout of one commit: the branch that it lands on is read through the forge.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::action::step::{outputs, step};
use crate::architecture::root;
use crate::support::forge_server::{ForgeServer, SECRET, Style, Trouble};
use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

struct Queue {
    sandbox: Sandbox,
    server: ForgeServer,
    index: String,
}

impl Queue {
    /// `main` has `old`; `queue/bad` brings `bad` in and would like to be excepted, `queue/calm` a page of text.
    fn new(style: Style) -> Self {
        let sandbox = Sandbox::new();
        let records =
            ["bad", "old"].map(|name| record(&format!("GHSA-{name}"), "crates.io", name, "0", Some("9.0.0")));
        let index = sandbox.index("index.lkdb", &records, NOW);
        sandbox.git(&["init", "-q", "-b", "main"]);
        let commit = || {
            sandbox.git(&["add", "-A"]);
            sandbox.git(&["commit", "-qm", "one"]);
        };
        sandbox.write("README.md", "# Shop\n");
        commit();
        sandbox.write("Cargo.lock", cargo_lock(&[("old", "1.0.0")]));
        commit();
        sandbox.git(&["checkout", "-qb", "queue/bad"]);
        sandbox.write("new/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
        let policy = "exceptions: [{id: GHSA-bad, reason: trust me, expires: 2026-12-31}]\n";
        sandbox.write("lockkeeper.yml", policy);
        commit();
        sandbox.git(&["checkout", "-q", "-b", "queue/calm", "main"]);
        sandbox.write("notes.md", "hello\n");
        commit();
        let server = ForgeServer::start(style, &sandbox.work());
        Self {
            sandbox,
            server,
            index,
        }
    }

    /// One commit of `branch`, as `actions/checkout` fetches it.
    fn checkout(&self, branch: &str) -> PathBuf {
        let folder = self.sandbox.path("workspace");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        let source = format!("file://{}", self.sandbox.work().display());
        git(&folder, &["init", "-q"]);
        git(
            &folder,
            &[
                "fetch",
                "-q",
                "--no-tags",
                "--depth=1",
                &source,
                &format!("refs/heads/{branch}"),
            ],
        );
        git(&folder, &["checkout", "-q", "--detach", "FETCH_HEAD"]);
        git(
            &folder,
            &["remote", "add", "origin", "https://forge.example/acme/shop"],
        );
        folder
    }

    fn run(&self, folder: &Path) -> Ran {
        self.run_onto(folder, "main")
    }

    /// Runs the step on a group that will land on `branch`.
    fn run_onto(&self, folder: &Path, branch: &str) -> Ran {
        let fixture = root().join("tests/fixtures/events/merge_group.json");
        let text = std::fs::read_to_string(fixture).expect("the fixture");
        let payload = self.sandbox.path("event.json");
        let text = text.replace(
            "\"base_ref\": \"refs/heads/main\"",
            &format!("\"base_ref\": \"refs/heads/{branch}\""),
        );
        std::fs::write(&payload, text).expect("a file");
        let text = |path: &Path| path.to_str().expect("a path").to_owned();
        let sha = git(folder, &["rev-parse", "HEAD"]);
        let (payload, folder) = (text(&payload), text(folder));
        let report = text(&self.sandbox.path("report.json"));
        let (api, graphql) = (self.server.api(), self.server.graphql());
        step(
            &self.sandbox,
            &[
                ("GITHUB_EVENT_NAME", "merge_group"),
                ("GITHUB_EVENT_PATH", &payload),
                ("GITHUB_REF", "refs/heads/gh-readonly-queue/main/pr-7"),
                ("GITHUB_SHA", &sha),
                ("GITHUB_API_URL", &api),
                ("GITHUB_GRAPHQL_URL", &graphql),
                ("GITHUB_REPOSITORY", "acme/shop"),
                ("INPUT_DATABASE", &self.index),
                ("INPUT_PATH", &folder),
                ("INPUT_REPORT-FILE", &report),
                ("INPUT_TOKEN", SECRET),
                ("INPUT_UPLOAD-SARIF", "false"),
                ("CI", "true"),
            ],
        )
    }

    /// `package: change decision` of each finding of the last run.
    fn changes(&self) -> Vec<String> {
        let report = std::fs::read(self.sandbox.path("report.json")).expect("a report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        let findings = report["targets"][0]["findings"].as_array().expect("findings");
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let mut lines: Vec<String> = findings
            .iter()
            .map(|finding| {
                let name = text(&finding["package"]["name"]);
                format!(
                    "{name}: {} {}",
                    text(&finding["change"]),
                    text(&finding["decision"])
                )
            })
            .collect();
        lines.sort();
        lines
    }
}

#[test]
fn a_checkout_of_one_commit_is_compared_with_the_branch_at_the_forge() {
    for style in [Style::GitHub, Style::Gitea] {
        let queue = Queue::new(style);
        let folder = queue.checkout("queue/bad");
        let ran = queue.run(&folder);
        assert_eq!(ran.code, 1, "{style:?} {}{}", ran.out, ran.err);
        // The policy is that of the branch, too.
        assert_eq!(
            queue.changes(),
            ["bad: introduced fail", "old: pre_existing warn"],
            "{style:?}"
        );
        assert_eq!(outputs(&queue.sandbox)["introduced"], "1", "{style:?}");
        assert_eq!(
            git(&folder, &["rev-list", "--all", "HEAD", "--count"]),
            "1",
            "the clone stays as it is"
        );

        let folder = queue.checkout("queue/calm");
        let ran = queue.run(&folder);
        assert_eq!(ran.code, 0, "{style:?} {}{}", ran.out, ran.err);
        assert_eq!(queue.changes(), ["old: pre_existing warn"], "{style:?}");

        // The tip of the branch itself brings nothing in, and is no change that could be judged.
        let folder = queue.checkout("main");
        assert_eq!(queue.run(&folder).code, 3, "{style:?}");
        queue.server.faults();
        queue.server.done();
    }
}

#[test]
fn a_forge_that_does_not_tell_the_branch_leaves_nothing_clean() {
    for style in [Style::GitHub, Style::Gitea] {
        let queue = Queue::new(style);
        let folder = queue.checkout("queue/calm");
        for trouble in [
            Trouble::unavailable(503),
            Trouble::status(404, "Not Found"),
            Trouble::Page,
        ] {
            queue.server.only_trouble(&trouble);
            let ran = queue.run(&folder);
            assert_eq!(ran.code, 3, "{style:?} {trouble:?} {}{}", ran.out, ran.err);
            assert!(
                ran.err.contains("fetch-depth"),
                "{style:?} {trouble:?} {}",
                ran.err
            );
            queue.server.calm();
        }
        // Another repository in the workspace is not that of the forge.
        git(
            &folder,
            &["remote", "set-url", "origin", "https://forge.example/acme/other"],
        );
        let ran = queue.run(&folder);
        assert_eq!(ran.code, 3, "{style:?} {}{}", ran.out, ran.err);
        // A branch that the forge does not have is not taken for an empty one.
        git(
            &folder,
            &["remote", "set-url", "origin", "https://forge.example/acme/shop"],
        );
        let ran = queue.run_onto(&folder, "trunk");
        assert_eq!(ran.code, 3, "{style:?} {}{}", ran.out, ran.err);
        assert!(ran.err.contains("fetch-depth"), "{}", ran.err);
    }
}
