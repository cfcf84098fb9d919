//! `plan` and `fix` of workflows and composite actions as a user runs them, with the tags of a forge on this machine.

use crate::support::program::{Ran, Sandbox, record};
use crate::support::server::Server;

const NOW: &str = "2026-02-01T00:00:00Z";

/// Commits of the tags v1.0.0, v1.1.0, v1.2.0, v2.0.0 and of the branch.
const OLD: &str = "1111111111111111111111111111111111111111";
const FIXED: &str = "2222222222222222222222222222222222222222";
const LATER: &str = "3333333333333333333333333333333333333333";
const MAJOR: &str = "4444444444444444444444444444444444444444";
const OTHER: &str = "5555555555555555555555555555555555555555";

/// The refs of a repository as a server of git lists them.
fn refs(lines: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = b"001e# service=git-upload-pack\n0000".to_vec();
    for (number, (id, name)) in lines.iter().enumerate() {
        let able = if number == 0 {
            "\0side-band-64k agent=git/2"
        } else {
            ""
        };
        let line = format!("{id} {name}{able}\n");
        bytes.extend(format!("{:04x}{line}", line.len() + 4).bytes());
    }
    bytes.extend(b"0000");
    bytes
}

fn forge() -> Server {
    let server = Server::start();
    server.put(
        "/acme/run.git/info/refs?service=git-upload-pack",
        refs(&[
            (OTHER, "HEAD"),
            (OTHER, "refs/heads/main"),
            (LATER, "refs/tags/v1"),
            (OLD, "refs/tags/v1.0.0"),
            // A tag with a message, and the commit that it leads to.
            (OTHER, "refs/tags/v1.1.0"),
            (FIXED, "refs/tags/v1.1.0^{}"),
            (LATER, "refs/tags/v1.2.0"),
            (MAJOR, "refs/tags/v1.1.0-rc.1"),
            (MAJOR, "refs/tags/v2.0.0"),
        ]),
    );
    server
}

/// A clone from the forge, with an advisory about everything before 1.1.0.
struct Project {
    sandbox: Sandbox,
    server: Server,
    index: String,
}

impl Project {
    fn new(path: &str, workflow: &str, fixed: &str) -> Self {
        let (sandbox, server) = (Sandbox::new(), forge());
        sandbox.git(&["init", "-q"]);
        sandbox.git(&["remote", "add", "origin", &server.address("/acme/shop.git")]);
        sandbox.write(path, workflow);
        let bad = record("GHSA-bad", "GitHub Actions", "acme/run", "0", Some(fixed));
        let index = sandbox.index("x.lkdb", &[bad], NOW);
        Self {
            sandbox,
            server,
            index,
        }
    }

    fn run(&self, words: &[&str]) -> Ran {
        let further = ["--db", &self.index, "--now", NOW];
        let line: Vec<&str> = words.iter().copied().chain(further).collect();
        self.sandbox.run(&line)
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.sandbox.work().join(path)).expect("a file")
    }
}

fn told(ran: &Ran) -> String {
    ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

const PATH: &str = ".github/workflows/build.yml";

fn workflow(steps: &str) -> String {
    format!("on: push\njobs:\n  build:\n    runs-on: x\n    steps:\n{steps}")
}

#[test]
fn tags_commits_and_comments_move_and_nothing_else() {
    let before = workflow(&format!(
        "      - uses: acme/run@v1.0.0   # keep this\r\n      - uses: acme/run/sub/folder@{OLD} # v1.0.0\n      - {{uses: \"acme/run@{OLD}\"}} # pinned: 1.0.0, by us\n      - uses: acme/run@refs/tags/v1.0.0\n      - run: echo acme/run@v1.0.0 {OLD} # v1.0.0\n"
    ));
    let project = Project::new(PATH, &before, "1.1.0");
    let plan = project.run(&["plan", "--format", "json"]);
    let target = &plan.json()["targets"][0];
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    let moves = target["moves"].as_array().expect("moves");
    assert!(moves.iter().all(|one| one["to"] == "v1.1.0"), "{moves:?}");
    let fix = project.run(&["fix", "--allow-dirty"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    let after = workflow(&format!(
        "      - uses: acme/run@v1.1.0   # keep this\r\n      - uses: acme/run/sub/folder@{FIXED} # v1.1.0\n      - {{uses: \"acme/run@{FIXED}\"}} # pinned: 1.1.0, by us\n      - uses: acme/run@refs/tags/v1.1.0\n      - run: echo acme/run@v1.0.0 {OLD} # v1.0.0\n"
    ));
    assert_eq!(project.text(PATH), after);
    let again = project.run(&["fix", "--allow-dirty"]);
    assert_eq!(again.code, 0, "{}", again.out);
    assert_eq!(project.text(PATH), after);
    let asked: Vec<String> = project.server.hits().into_iter().map(|hit| hit.path).collect();
    assert!(
        asked
            .iter()
            .all(|path| path == "/acme/run.git/info/refs?service=git-upload-pack"),
        "{asked:?}"
    );
}

#[test]
fn a_composite_action_moves_too() {
    let action = |reference: &str| {
        format!("name: x\nruns:\n  using: composite\n  steps:\n    - uses: acme/run@{reference}\n")
    };
    let project = Project::new("tools/it/action.yml", &action("1.0.0"), "1.1.0");
    let fix = project.run(&["fix", "--allow-dirty"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    // The repository has no such tag without its `v`.
    assert_eq!(project.text("tools/it/action.yml"), action("v1.1.0"));
}

#[test]
fn what_stays_says_why() {
    for (uses, fixed, expected) in [
        (
            "acme/run@v1".to_owned(),
            "2.0.0",
            format!(
                "`v1` is a tag that moves: each run gets what it leads to that day. Write a release in its place: `acme/run@{MAJOR} # v2.0.0`."
            ),
        ),
        (
            format!("acme/run@{OTHER} # v1.0.0"),
            "1.1.0",
            format!(
                "The comment says v1.0.0, whose tag is at another commit, {OLD}: either the comment is wrong or the tag was moved."
            ),
        ),
        (
            format!("acme/run@{OLD} # v0.9.0"),
            "1.1.0",
            "The comment says v0.9.0, and acme/run has no such tag.".to_owned(),
        ),
        (
            "acme/run@v1.0.0".to_owned(),
            "3.0.0",
            "acme/run has no tag of 3.0.0 or a later version that no known advisory affects.".to_owned(),
        ),
    ] {
        let before = workflow(&format!("      - uses: {uses}\n"));
        let project = Project::new(PATH, &before, fixed);
        let fix = project.run(&["fix", "--allow-dirty", "--level", "major"]);
        assert_eq!(fix.code, 1, "{uses}: {}{}", fix.out, fix.err);
        assert!(told(&fix).contains(&expected), "{uses}: {}", told(&fix));
        assert_eq!(project.text(PATH), before);
    }
}

#[test]
fn a_major_version_is_for_a_person_to_allow() {
    let before = workflow("      - uses: acme/run@v1.0.0\n");
    let project = Project::new(PATH, &before, "2.0.0");
    let near = project.run(&["plan", "--level", "minor"]);
    assert_eq!(near.code, 1, "{}", near.out);
    assert!(
        told(&near).contains("acme/run v2.0.0 would help, and is further away than `--level minor` goes."),
        "{}",
        near.out
    );
    let far = project.run(&["fix", "--allow-dirty", "--level", "major"]);
    assert_eq!(far.code, 0, "{}{}", far.out, far.err);
    assert_eq!(project.text(PATH), before.replace("v1.0.0", "v2.0.0"));
}

#[test]
fn the_forge_is_that_of_the_clone_or_of_the_policy() {
    let before = workflow("      - uses: acme/run@v1.0.0\n");
    let project = Project::new(PATH, &before, "1.1.0");
    project.sandbox.git(&["remote", "remove", "origin"]);
    let lost = project.run(&["plan"]);
    assert_eq!(lost.code, 1, "{}", lost.out);
    assert!(
        told(&lost).contains("name the forge in the policy's `registries`"),
        "{}",
        lost.out
    );
    let policy = format!(
        "registries: {{GitHub Actions: [\"{}\"]}}\n",
        project.server.address("/")
    );
    project.sandbox.write("lockkeeper.yml", policy);
    let found = project.run(&["plan"]);
    assert_eq!(found.code, 0, "{}{}", found.out, found.err);
}

#[test]
fn a_workflow_that_actions_lock_names_stays() {
    let workflow = "on: push\njobs:\n  build:\n    runs-on: x\n    steps:\n      - uses: acme/run@v1.0.0\n";
    for (named, code) in [("ci.yml", 1), ("other.yml", 0)] {
        let project = Project::new(".github/workflows/ci.yml", workflow, "1.1.0");
        let lock = format!(
            "version: 'v0.0.2'\nworkflows:\n  '.github/workflows/{named}':\n    - 'acme/run@v1.1.0'\ndependencies:\n  'acme/run@v1.1.0':\n    ref: 'v1.1.0'\n    commit: 'sha1-{FIXED}'\n    owner_id: 1\n    repo_id: 2\n"
        );
        project.sandbox.write(".github/workflows/actions.lock", lock);
        let plan = project.run(&["plan", "--format", "json"]);
        assert_eq!(plan.code, code, "{named}: {}{}", plan.out, plan.err);
        let reason = &plan.json()["targets"][0]["unfixable"][0]["reason"];
        match code {
            0 => assert!(reason.is_null(), "{reason}"),
            _ => assert!(reason.to_string().contains("run `gh actions-lock`"), "{reason}"),
        }
    }
}
