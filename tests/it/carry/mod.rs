//! Commits on other branches, against `git cherry-pick`.

mod cases;

use std::path::{Path, PathBuf};
use std::process::Command;

use lockkeeper::carry::request::{self, Selected};
use lockkeeper::carry::selection::{Selection, Unclear};
use lockkeeper::carry::{self, Carried, Line, Settings, State, message};
use lockkeeper::git::ObjectId;
use lockkeeper::git::merge::{Reason, Workspace};

use crate::support::git_repository::{git_on, git_says, open};

/// A repository with a work tree.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        project.git(&["init", "-q", "-b", "main"]);
        project
    }

    fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.as_ann(arguments, "1700000000 +0100")
    }

    fn as_ann(&self, arguments: &[&str], date: &str) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs([
                ("GIT_AUTHOR_NAME", "Ann"),
                ("GIT_AUTHOR_EMAIL", "ann@example.org"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "bot"),
                ("GIT_COMMITTER_EMAIL", "bot@example.org"),
            ])
            .envs([
                ("GIT_AUTHOR_DATE", date),
                ("GIT_COMMITTER_DATE", "1700000500 +0000"),
            ])
            .output()
            .expect("git is installed");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Writes files and commits them.
    fn commit(&self, files: &[(&str, &str)], message: &str) -> String {
        for (name, text) in files {
            let path = self.folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        self.git(&["add", "-A"]);
        git_on(
            self.folder.path(),
            &[
                "-c",
                "user.name=Ann",
                "-c",
                "user.email=ann@example.org",
                "commit",
                "-q",
                "--cleanup=verbatim",
                "-F",
                "-",
            ],
            message.as_bytes(),
        );
        self.git(&["rev-parse", "HEAD"])
    }

    fn carry(&self, commits: &[&str], line: &str, signer: Option<&str>) -> Carried {
        let repository = open(&self.path());
        let id = |revision: &str| repository.resolve(revision).expect("a commit");
        let ids: Vec<ObjectId> = commits.iter().map(|commit| id(commit)).collect();
        let line = Line {
            name: line.to_owned(),
            tip: id(line),
        };
        let settings = Settings {
            signer: signer.map(str::to_owned),
            signs_off: signer.is_some(),
        };
        let mut workspace = Workspace::new(&repository, 1 << 24);
        carry::carry(&repository, &mut workspace, &ids, &line, &settings).expect("an answer")
    }

    fn select(&self, merged: &str, own: &[&str]) -> Selected {
        let repository = open(&self.path());
        let id = |revision: &str| repository.resolve(revision).expect("a commit");
        let own: Vec<ObjectId> = own.iter().map(|commit| id(commit)).collect();
        request::commits(
            &repository,
            &mut Workspace::new(&repository, 1 << 24),
            id(merged),
            &own,
        )
        .expect("an answer")
    }
}

/// A project with a line, and a request of three commits on a branch.
fn with_request() -> Project {
    let project = Project::new();
    project.commit(
        &[
            ("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
            ("Cargo.lock", "version = 4\n"),
        ],
        "Begin\n",
    );
    project.git(&["branch", "release/1.0"]);
    project.commit(&[("main", "only here\n")], "Go on\n");
    project.git(&["checkout", "-qb", "topic"]);
    project.commit(&[("f1", "1\n")], "First\n");
    project.commit(
        &[("f2", "2\n"), ("Cargo.lock", "version = 4\n# changed\n")],
        "Second\n",
    );
    project.commit(&[("f3", "3\n")], "Third\n");
    project.git(&["checkout", "-q", "main"]);
    project.commit(&[("later", "x\n")], "Meanwhile\n");
    project
}

const OWN: [&str; 3] = ["topic~2", "topic~1", "topic"];

#[test]
fn a_rebased_request_is_carried_whole() {
    let project = with_request();
    project.git(&["cherry-pick", "main..topic"]);
    let selected = project.select("main", &OWN);
    assert_eq!(selected.selection, Selection::Range(3));
    let commits: Vec<String> = selected.commits.iter().map(ToString::to_string).collect();
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let carried = project.carry(&commits, "release/1.0", None);
    assert!(matches!(carried.state, State::Clean));
    let files: Vec<String> = carried
        .commits
        .iter()
        .flat_map(|commit| &commit.files)
        .map(|file| String::from_utf8_lossy(&file.path).into_owned())
        .collect();
    assert_eq!(files, ["f1", "f2", "f3"]);
    assert_eq!(
        carried.lockfiles.iter().next().map(Vec::as_slice),
        Some(&b"Cargo.lock"[..])
    );
    // What the line has under another id is not carried again.
    project.git(&["checkout", "-q", "release/1.0"]);
    project.git(&["cherry-pick", "-x", "topic~2"]);
    let again = project.carry(&commits, "release/1.0", None);
    assert_eq!((again.there.len(), again.commits.len()), (1, 2));
    assert_eq!(
        again.there[0].1.to_string(),
        project.git(&["rev-parse", "release/1.0"])
    );
    let everywhere = project.carry(&commits, "main", None);
    assert!(matches!(everywhere.state, State::Fixed));
}

#[test]
fn a_squashed_request_is_one_commit_and_a_part_is_none() {
    let project = with_request();
    project.git(&["merge", "-q", "--squash", "topic"]);
    project.git(&["commit", "-qm", "All (#9)"]);
    assert_eq!(project.select("main", &OWN).selection, Selection::Squash);
    let other = with_request();
    other.git(&["cherry-pick", "topic~2", "topic"]);
    let selected = other.select("main", &OWN);
    let part = Unclear::Part { found: 2, of: 3 };
    assert_eq!(selected.selection, Selection::Unclear(part));
    assert!(selected.commits.is_empty());
}

#[test]
fn a_request_that_is_all_merges_is_what_its_merge_brought() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    for branch in ["x", "y"] {
        project.git(&["checkout", "-qb", branch, "main"]);
        project.commit(&[(branch, "new\n")], branch);
    }
    project.git(&["branch", "release/1.0", "main"]);
    project.git(&["checkout", "-qb", "topic", "main"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge x", "x"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge y", "y"]);
    let own = project.git(&["rev-list", "--first-parent", "main..topic"]);
    let own: Vec<&str> = own.lines().rev().collect();
    project.git(&["checkout", "-q", "main"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge pull request #9", "topic"]);
    let selected = project.select("main", &own);
    assert_eq!(selected.selection, Selection::Merge);
    let carried = project.carry(&["main"], "release/1.0", None);
    assert!(matches!(carried.state, State::Clean));
    project.git(&["checkout", "-q", "release/1.0"]);
    project.git(&["cherry-pick", "-x", "-m", "1", "main"]);
    let tree = project.git(&["rev-parse", "HEAD^{tree}"]);
    assert_eq!(carried.commits[0].tree.to_string(), tree);
    assert!(
        carried
            .commands
            .iter()
            .any(|command| command.contains("cherry-pick -x -m 1 "))
    );
}

#[test]
fn a_conflict_names_files_and_what_is_missing_and_the_commands_stop_there_too() {
    let project = Project::new();
    project.commit(&[("a", "1\n2\n3\n"), ("b", "b\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    let missing = project.commit(&[("a", "1\ntwo\n3\n")], "Rework\n");
    project.commit(&[("b", "c\n")], "Other\n");
    let fix = project.commit(&[("a", "1\ntwo, fixed\n3\n")], "Fix\n");
    let carried = project.carry(&[&fix], "release/1.0", None);
    let State::Conflict(stopped) = &carried.state else {
        panic!("{carried:?}");
    };
    assert_eq!(stopped.conflicts.len(), 1);
    assert_eq!(
        (stopped.conflicts[0].path.as_slice(), stopped.conflicts[0].reason),
        (&b"a"[..], Reason::Content)
    );
    let named: Vec<String> = stopped.missing.iter().map(ToString::to_string).collect();
    assert_eq!(named, [missing]);
    // Commits behind it are in the commands too.
    let after = project.commit(&[("c", "new\n")], "After\n");
    let both = project.carry(&[&fix, &after], "release/1.0", None);
    assert!(both.commits.is_empty());
    assert!(
        both.commands.iter().any(|command| command.ends_with(&after)),
        "{:?}",
        both.commands
    );
    // The commands, run by a shell, end at the same file.
    let script = carried.commands.join(" && ").replace("../", "./");
    let (is_done, _) = shell(&project.path(), &script);
    assert!(!is_done);
    let (_, files) = git_says(
        &project.path().join("backport-release-1.0"),
        &["diff", "--name-only", "--diff-filter=U"],
    );
    assert_eq!(files, "a");
}

fn shell(folder: &Path, script: &str) -> (bool, String) {
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("a shell");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Messages of all shapes: what `git cherry-pick -x` makes of them is what we make, byte for byte, with the author, the date
/// and the tree; `git interpret-trailers` reads the same trailers.
#[test]
fn messages_are_those_of_cherry_pick() {
    let bodies = [
        "",
        "\nBody.\n",
        "\nBody without an end",
        "\nBody.\n\nSigned-off-by: Ann <ann@example.org>\n",
        "\nBody.\n\nSigned-off-by: Ann <ann@example.org>\n\n---------\n\nCo-authored-by: Bo <bo@example.org>\n",
        "\nSee: this\nand that\n",
        "\nFixes: #1\nReviewed-by: Cy <cy@example.org>\n",
        "\nFixes: #1\n and more of it\n",
        "\nprose\nmore prose\nSigned-off-by: Ann <ann@example.org>\n",
        "\nprose\na\nb\nc\nd\nSigned-off-by: Ann <ann@example.org>\n",
        "\n(cherry picked from commit 0123456789012345678901234567890123456789)\n",
        "\nSigned-off-by: bot <bot@example.org>\n",
        "\nSigned-off-by: bot <bot@example.org>\nAcked-by: Di <di@example.org>\n",
        "\nhttps://example.org/x: y\n",
        "\n* first\n* second\n\nCo-authored-by: Bo <bo@example.org>\n\n\n",
        "\nBody  \n\n\n\n# comment\n\nAcked-by: Di <di@example.org>  \n",
        "\nA key : value\n",
        "\nkey : value\n",
        "\nBody\n\n  indented: value\n",
    ];
    let titles = [
        "Fix the parser",
        "fix: the parser",
        "Fix the parser\nin two lines",
    ];
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    let bot = "bot <bot@example.org>";
    for (number, (title, body)) in titles
        .iter()
        .flat_map(|title| bodies.map(|body| (title, body)))
        .enumerate()
    {
        project.git(&["checkout", "-q", "main"]);
        let commit = project.commit(&[(&format!("f{number}"), "x\n")], &format!("{title}\n{body}"));
        for signer in [None, Some(bot)] {
            let carried = project.carry(&[&commit], "release/1.0", signer);
            let ours = &carried.commits[0];
            project.git(&["checkout", "-q", "--detach", "release/1.0"]);
            let flags: &[&str] = if signer.is_some() {
                &["cherry-pick", "-x", "-s"]
            } else {
                &["cherry-pick", "-x"]
            };
            project.as_ann(&[flags, &[commit.as_str()]].concat(), "1600000000 +0000");
            let raw = Command::new("git")
                .args(["cat-file", "commit", "HEAD"])
                .current_dir(project.path())
                .output()
                .expect("git")
                .stdout;
            let raw = String::from_utf8_lossy(&raw).into_owned();
            let (head, message) = raw.split_once("\n\n").expect("a message");
            let made = String::from_utf8_lossy(&ours.message);
            assert_eq!(made, message, "{title:?} {body:?} {signer:?}");
            assert!(
                head.contains(&format!("\nauthor {}\n", String::from_utf8_lossy(&ours.author))),
                "{head}"
            );
            assert!(head.contains(&format!("tree {}\n", ours.tree)), "{head}");
            let parsed = git_on(
                &project.path(),
                &["interpret-trailers", "--parse", "--no-divider"],
                made.as_bytes(),
            );
            let named = message::trailers(made.as_bytes());
            // It leaves out what has no key, and joins lines that go on.
            let keyed = named
                .iter()
                .filter(|line| line.contains(&b':') && !line.starts_with(b" ") && !line.starts_with(b"("));
            assert_eq!(
                keyed.count(),
                parsed.lines().filter(|line| line.contains(':')).count(),
                "{made}\n{parsed}"
            );
        }
    }
}

/// Changes are the same for us where they are for `git patch-id --stable`: each commit of a history, and as picked elsewhere.
#[test]
fn changes_are_equal_where_gits_patch_ids_are() {
    let project = Project::new();
    let text: String = (0..60).map(|line| format!("line {line}\n")).collect();
    project.commit(&[("a", &text), ("b/c", "x\ny\n"), ("e", "")], "Begin\n");
    project.git(&["branch", "other"]);
    let mut dice = crate::support::git_repository::Dice::new(3);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for number in 0..110 {
        let at = dice.below(lines.len());
        match dice.below(4) {
            0 => lines[at] = format!("line  {at}"),
            1 => lines.insert(at, format!("new {number}")),
            2 if lines.len() > 20 => drop(lines.remove(at)),
            _ => lines[at] = format!("changed {}", dice.below(4)),
        }
        let text = lines.join("\n") + "\n";
        let name = format!("f{}", dice.below(6));
        project.commit(
            &[("a", &text), (&name, &format!("{number}\n"))],
            &format!("Step {number}\n"),
        );
    }
    project.git(&["checkout", "-q", "other"]);
    project.commit(&[("b/d", "elsewhere\n")], "Other\n");
    project.git(&["cherry-pick", "--allow-empty", "other~1..main"]);
    let repository = open(&project.path());
    let workspace = Workspace::new(&repository, 1 << 24);
    let mut known = std::collections::BTreeMap::new();
    let mut compared = 0;
    for commit in project.git(&["rev-list", "--no-merges", "main", "other"]).lines() {
        let patch = project.git(&["diff-tree", "-p", commit]);
        let id = git_on(
            &project.path(),
            &["patch-id", "--stable"],
            (patch + "\n").as_bytes(),
        );
        let Some(id) = id.split(' ').next().filter(|id| !id.is_empty()) else {
            continue;
        };
        let of = |revision: &str| repository.resolve(revision).expect("a commit");
        let ours = workspace
            .identity(of(&format!("{commit}^")), of(commit))
            .expect("read")
            .expect("a change");
        let before = known.entry(id.to_owned()).or_insert_with(|| ours.clone());
        assert_eq!(*before, ours, "{commit} is {id}");
        compared += 1;
    }
    let distinct: std::collections::BTreeSet<&String> = known.values().collect();
    assert_eq!(distinct.len(), known.len(), "changes that git distinguishes");
    assert!(
        compared > 200 && known.len() < compared,
        "{compared} {}",
        known.len()
    );
}

#[test]
fn a_change_that_the_line_undid_is_not_there() {
    let project = Project::new();
    project.commit(&[("a", "1\n2\n3\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    let fix = project.commit(&[("a", "1\ntwo\n3\n")], "Fix\n");
    project.git(&["checkout", "-q", "release/1.0"]);
    project.git(&["cherry-pick", "-x", &fix]);
    let has = |line: &str| {
        let carried = project.carry(&[&fix, &fix], line, None);
        let undone: Vec<Option<String>> = carried
            .undone
            .iter()
            .map(|(_, by)| by.map(|by| by.to_string()))
            .collect();
        (matches!(carried.state, State::Fixed), carried.there.len(), undone)
    };
    assert_eq!(has("release/1.0"), (true, 1, vec![]));
    project.git(&["revert", "--no-edit", "HEAD"]);
    let revert = project.git(&["rev-parse", "HEAD"]);
    assert_eq!(has("release/1.0"), (false, 0, vec![Some(revert)]));
    // Later commits that change the same lines leave it there, and one that takes it back does not.
    project.git(&["checkout", "-q", "main"]);
    project.commit(&[("a", "1\ntwo, better\n3\n")], "Improve\n");
    assert_eq!(has("main"), (true, 1, vec![]));
    project.commit(&[("a", "1\n2\n3\n")], "Begin anew\n");
    assert_eq!(has("main"), (false, 0, vec![None]));
}
