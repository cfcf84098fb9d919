//! `backport --commit` and `--pull-request`: what becomes of commits on each release line, in every format.

use serde_json::Value;

use crate::support::forge_server::{ForgeServer, SECRET, Style};
use crate::support::program::{Ran, Sandbox};

const NOW: &str = "2026-02-01T00:00:00Z";

/// A fix on `main` that `release/1.2` takes, `release/1.1` has and `release/1.0` is in conflict with.
fn project() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main"]);
    let commit = |files: &[(&str, &str)], message: &str| {
        for (name, text) in files {
            sandbox.write(name, text);
        }
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", message]);
    };
    commit(
        &[("src/a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"), ("LINE", "main\n")],
        "Begin",
    );
    for line in ["release/1.0", "release/1.1", "release/1.2"] {
        sandbox.git(&["checkout", "-q", "-b", line, "main"]);
        commit(&[("LINE", line)], "Branch off");
        sandbox.git(&["checkout", "-q", "main"]);
    }
    commit(&[("src/a.txt", "1\n2\nIII\n4\n5\n6\n7\n8\n9\n")], "Rework");
    for line in ["release/1.1", "release/1.2"] {
        sandbox.git(&["checkout", "-q", line]);
        sandbox.git(&["cherry-pick", "main"]);
        sandbox.git(&["checkout", "-q", "main"]);
    }
    commit(
        &[
            ("src/a.txt", "1\n2\nthree\n4\n5\n6\n7\n8\n9\n"),
            ("app/Cargo.lock", "version = 4\n"),
        ],
        "Fix",
    );
    sandbox.git(&["checkout", "-q", "release/1.1"]);
    sandbox.write("src/a.txt", "1\n2\nthree\n4\n5\n6\n7\n8\n9\n");
    sandbox.git(&["commit", "-qam", "Fix here"]);
    sandbox.git(&["checkout", "-q", "main"]);
    let fix = sandbox.git(&["rev-parse", "main"]);
    (sandbox, fix)
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Ran {
    let mut words = words.to_vec();
    words.extend(["--now", NOW]);
    sandbox.run(&words)
}

fn line<'d>(document: &'d Value, name: &str) -> &'d Value {
    let lines = document["lines"].as_array().expect("lines");
    let name = format!("refs/heads/{name}");
    let found = lines.iter().find(|line| line["ref"] == *name);
    found.unwrap_or_else(|| panic!("{name} in {document:#}"))
}

#[test]
fn every_line_has_a_state_a_reason_and_what_a_person_needs() {
    let (sandbox, fix) = project();
    let ran = run(&sandbox, &["backport", "--commit", &fix, "--format", "json"]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let document = ran.json();
    assert_eq!(document["schema"], "lockkeeper.carry/1");
    assert_eq!(document["commits"][0]["subject"], "Fix");
    for (name, state) in [
        ("main", "fixed"),
        ("release/1.2", "planned"),
        ("release/1.1", "fixed"),
        ("release/1.0", "draft"),
    ] {
        assert_eq!(line(&document, name)["state"], state, "{name} {document:#}");
        assert_ne!(line(&document, name)["reason"], "");
    }
    let taken = line(&document, "release/1.2");
    assert_eq!(taken["commits"][0]["files"], serde_json::json!(["src/a.txt"]));
    assert_eq!(taken["lockfiles"], serde_json::json!(["app/Cargo.lock"]));
    // The line lacks the lockfile, so that there is none to take back.
    let commands: Vec<&str> = taken["commands"]
        .as_array()
        .expect("commands")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        commands
            .iter()
            .any(|command| command.contains("rm -q -f --ignore-unmatch -- app/Cargo.lock")),
        "{commands:?}"
    );
    let script = commands.join(" && ").replace("../", "./");
    let done = std::process::Command::new("sh")
        .args(["-ec", &script])
        .current_dir(sandbox.work())
        .envs([
            ("GIT_COMMITTER_NAME", "x"),
            ("GIT_COMMITTER_EMAIL", "x@example.org"),
        ])
        .output()
        .expect("a shell");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let conflict = &line(&document, "release/1.0")["conflict"];
    assert_eq!(conflict["files"][0]["file"], "src/a.txt");
    assert_eq!(conflict["missing"][0]["subject"], "Rework");

    let shown = run(&sandbox, &["backport", "--commit", &fix]);
    for part in [
        "release/1.2",
        "takes 1 commit",
        "src/a.txt",
        "git worktree add",
        "Rework",
        "left out",
    ] {
        assert!(shown.out.contains(part), "{part}\n{}", shown.out);
    }
    let table = run(&sandbox, &["backport", "--commit", &fix, "--format", "markdown"]);
    assert!(table.out.contains("| `release/1.0` | draft | "), "{}", table.out);
}

#[test]
fn a_path_behind_several_commits_is_the_path_and_odd_refs_are_said() {
    let (sandbox, fix) = project();
    let ran = run(&sandbox, &["backport", "--commit", &fix, "."]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    sandbox.git(&["tag", "v1", "release/1.0"]);
    let ran = run(
        &sandbox,
        &[
            "backport",
            "--commit",
            &fix,
            "--refs",
            "tags/v1,release/1.2",
            "--format",
            "json",
        ],
    );
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let lines = ran.json();
    let lines = lines["lines"].as_array().expect("lines");
    let blocked = lines
        .iter()
        .find(|line| line["ref"] == "refs/tags/v1")
        .expect("the tag");
    assert_eq!(blocked["state"], "blocked");
    // A clone of one commit says that it is one.
    let shallow = sandbox.path("shallow");
    let source = format!("file://{}", sandbox.work().display());
    sandbox.git(&[
        "clone",
        "-q",
        "--depth=1",
        "--no-single-branch",
        &source,
        shallow.to_str().expect("a path"),
    ]);
    let ran = run(
        &sandbox,
        &[
            "backport",
            "--commit",
            "HEAD",
            shallow.to_str().expect("a path"),
            "--format",
            "json",
        ],
    );
    let document = ran.json();
    let warnings = document["warnings"].to_string();
    assert!(warnings.contains("shallow"), "{document:#}");
    assert_eq!(line(&document, "release/1.2")["state"], "unknown", "{document:#}");
}

#[test]
fn a_merged_pull_request_is_asked_of_the_forge() {
    let (sandbox, fix) = project();
    let forge = ForgeServer::start(Style::Gitea, &sandbox.work());
    let number = {
        let mut state = forge.state();
        let number = state.open_pull("ann", "Fix it", "main", "release/1.0");
        let issue = state.issue_mut(number).expect("an issue");
        issue.open = false;
        let pull = issue.pull.as_mut().expect("a pull request");
        pull.merged = true;
        pull.merge = Some(fix.clone());
        pull.commits = vec![fix];
        number.to_string()
    };
    let api = forge.api();
    let words = [
        "backport",
        "--pull-request",
        &number,
        "--format",
        "json",
        "--now",
        NOW,
    ];
    let ran = sandbox.run_with(
        &words,
        &[
            ("LOCKKEEPER_FORGE", &api),
            ("LOCKKEEPER_TOKEN", SECRET),
            ("LOCKKEEPER_REPOSITORY", "acme/shop"),
        ],
    );
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let document = ran.json();
    assert_eq!(document["pull_request"]["title"], "Fix it");
    assert_eq!(line(&document, "release/1.2")["state"], "planned");
    let ran = run(&sandbox, &["backport", "--pull-request", &number]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("LOCKKEEPER_FORGE"), "{}", ran.err);
    forge.done();
}

/// The forge's draft counts before the database, of which there is none here.
#[test]
fn an_advisory_is_asked_of_the_forge() {
    let (sandbox, fix) = project();
    let forge = ForgeServer::start(Style::GitHub, &sandbox.work());
    let id = "GHSA-2222-3333-4444";
    let description = format!("### Patches\nhttps://forge.example/acme/shop/commit/{fix}\n");
    forge.state().advisories.insert(id.to_owned(), description);
    let api = forge.api();
    let words = ["backport", "--advisory", id, "--format", "osv", "--now", NOW];
    let ran = sandbox.run_with(
        &words,
        &[
            ("LOCKKEEPER_FORGE", &api),
            ("LOCKKEEPER_TOKEN", SECRET),
            ("LOCKKEEPER_REPOSITORY", "acme/shop"),
        ],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let record = ran.json();
    assert_eq!(record["id"], id);
    assert_eq!(record["references"][0]["type"], "FIX", "{record:#}");
    let url = record["references"][0]["url"].as_str().expect("an address");
    assert!(url.ends_with(&fix), "{url}");
    forge.done();
}
