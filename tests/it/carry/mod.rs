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

    /// The commit at HEAD, as git keeps it.
    fn raw_commit(&self) -> Vec<u8> {
        let mut git = Command::new("git");
        git.args(["cat-file", "commit", "HEAD"]).current_dir(self.path());
        git.output().expect("git").stdout
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

/// What a person writes is carried though it is read for versions, as is a lockfile that is not planned; a lockfile that a tool
/// writes and that is planned anew is not.
#[test]
fn sources_are_carried_and_lockfiles_are_not() {
    let project = Project::new();
    let hash = "0".repeat(64);
    let files = |version: &str| {
        let workflow = format!("on: push\njobs:\n  a:\n    steps:\n      - uses: a/b@v{version}\n");
        let hooks = format!("repos:\n  - repo: a/b\n    rev: {version}\n");
        let written = format!("flask=={version}\n");
        let compiled =
            format!("# This file was autogenerated by uv via the following command:\nflask=={version}\n");
        let hashed = format!("flask=={version} --hash=sha256:{hash}\n");
        let project = format!("<Project><PackageReference Include=\"A\" Version=\"{version}\"/></Project>\n");
        let packages = format!("<packages><package id=\"A\" version=\"{version}\"/></packages>\n");
        let catalogue = format!("[versions]\na = \"{version}\"\n");
        let mix = format!("%{{\n  \"jason\": {{:hex, :jason, \"{version}\"}},\n}}\n");
        let module = format!("module example.org/a\n\nrequire example.org/b v{version}\n");
        vec![
            (".github/workflows/ci.yml", true, workflow),
            (".gitmodules", true, format!("[submodule \"{version}\"]\n")),
            (".pre-commit-config.yaml", true, hooks),
            ("Cargo.lock", false, format!("version = 4\n# {version}\n")),
            ("app.csproj", true, project),
            ("compiled/requirements.txt", false, compiled),
            ("go.mod", true, module),
            ("go.sum", false, format!("example.org/b v{version} h1:x\n")),
            ("gradle/libs.versions.toml", true, catalogue),
            ("hashed/requirements.txt", false, hashed),
            ("mix.lock", true, mix),
            (
                "package-lock.json",
                false,
                format!("{{\"version\": \"{version}\"}}\n"),
            ),
            ("packages.config", true, packages),
            ("requirements-dev.txt", true, written.clone()),
            ("requirements.txt", true, written),
        ]
    };
    let commit = |version: &str| {
        let files = files(version);
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, _, text)| (*path, text.as_str()))
            .collect();
        project.commit(&files, "Use another version\n")
    };
    commit("1.0.0");
    project.git(&["branch", "release/1.0"]);
    let new = commit("1.0.1");
    let carried = project.carry(&[&new], "release/1.0", None);
    assert!(matches!(carried.state, State::Clean), "{carried:?}");
    let of = |is_carried: bool| -> Vec<&str> {
        let files = files("");
        let files = files.into_iter().filter(|(_, is, _)| *is == is_carried);
        files.map(|(path, ..)| path).collect()
    };
    let changed: Vec<String> = carried.commits[0]
        .files
        .iter()
        .map(|file| String::from_utf8_lossy(&file.path).into_owned())
        .collect();
    assert_eq!(changed, of(true));
    let left_out: Vec<String> = carried
        .lockfiles
        .iter()
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    assert_eq!(left_out, of(false));
    assert!(carried.changes_workflows);
    // One that only goes is carried too.
    project.git(&["rm", "-q", "requirements.txt", "compiled/requirements.txt"]);
    let gone = project.commit(&[], "Remove\n");
    let carried = project.carry(&[&new, &gone], "release/1.0", None);
    let changed: Vec<&[u8]> = carried.commits[1]
        .files
        .iter()
        .map(|file| file.path.as_slice())
        .collect();
    assert_eq!(changed, [b"requirements.txt"]);
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

/// A hunk of a lockfile that fits, one that does not, a commit with lockfiles alone and one whose change the line has by another
/// way: the commands give the commits that we make.
#[test]
fn the_commands_give_the_same_commits_where_lockfiles_change() {
    let project = Project::new();
    let lock = |first: &str, last: &str| format!("version = 4\n# {first}\n#\n#\n#\n#\n#\n#\n# {last}\n");
    project.commit(
        &[
            ("a", "a\n"),
            ("Cargo.lock", &lock("1", "1")),
            ("x/composer.lock", "{}\n"),
            ("apps/[id]/composer.lock", "{}\n"),
        ],
        "Begin\n",
    );
    project.git(&["checkout", "-qb", "release/1.0"]);
    project.commit(&[("Cargo.lock", &lock("1", "elsewhere"))], "Lock\n");
    project.commit(&[("there", "b\n"), ("other", "o\n")], "Otherwise\n");
    // A pattern of this name means this file.
    project.commit(
        &[("apps/i/composer.lock", "{\"of\": \"the line\"}\n")],
        "Beside\n",
    );
    project.git(&["rm", "-q", "x/composer.lock"]);
    project.commit(&[], "Remove\n");
    project.git(&["checkout", "-q", "main"]);
    let commits = [
        project.commit(&[("a", "b\n"), ("Cargo.lock", &lock("2", "1"))], "Fits\n"),
        project.commit(&[("Cargo.lock", &lock("3", "1"))], "Lock alone\n"),
        project.commit(&[("there", "b\n")], "There\n"),
        project.commit(
            &[
                ("a", "c\n"),
                ("new/Cargo.lock", "version = 4\n"),
                ("apps/[id]/composer.lock", "{\"a\": 1}\n"),
            ],
            "A new one\n",
        ),
    ];
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let carried = project.carry(&commits, "release/1.0", None);
    assert!(matches!(carried.state, State::Clean), "{carried:?}");
    assert_eq!((carried.commits.len(), carried.empty.len()), (2, 2));
    let run = |carried: &Carried| {
        let script = carried.commands.join(" && ").replace("../", "./");
        shell(&project.path(), &script)
    };
    let (is_done, errors) = run(&carried);
    assert!(is_done, "{errors}\n{:#?}", carried.commands);
    let made =
        |revision: &str| project.git(&["rev-parse", &format!("backport-release-1.0{revision}^{{tree}}")]);
    assert_eq!(made(""), carried.commits[1].tree.to_string());
    assert_eq!(made("~1"), carried.commits[0].tree.to_string());
    let says = |revision: &str| {
        project.git(&[
            "log",
            "-1",
            "--format=%an %ad%n%B",
            "--date=raw",
            &format!("refs/heads/backport-release-1.0{revision}"),
        ])
    };
    for (commit, revision) in carried.commits.iter().zip(["~1", ""]) {
        let text = says(revision);
        let author = project.git(&[
            "log",
            "-1",
            "--format=%an %ad",
            "--date=raw",
            &commit.source.to_string(),
        ]);
        assert_eq!(text.lines().next(), Some(author.as_str()));
        assert!(
            text.ends_with(String::from_utf8_lossy(&commit.message).trim_end()),
            "{text}"
        );
    }
    project.git(&["worktree", "remove", "--force", "backport-release-1.0"]);
    project.git(&["branch", "-qD", "backport-release-1.0"]);
    // Where a lockfile is in conflict they stop, and go on as the text says.
    let late = project.commit(&[("a", "d\n"), ("Cargo.lock", &lock("3", "main"))], "Late\n");
    let commits = [commits.as_slice(), &[late.as_str()]].concat();
    let carried = project.carry(&commits, "release/1.0", None);
    assert!(matches!(carried.state, State::Clean), "{carried:?}");
    assert!(!run(&carried).0);
    let restore = carried
        .commands
        .iter()
        .rfind(|command| command.contains(" checkout "));
    let restore = restore.expect("a command").replace("../", "./");
    let go_on = restore + " && git -C ./backport-release-1.0 -c core.editor=true cherry-pick --continue";
    let (is_done, errors) = shell(&project.path(), &go_on);
    assert!(is_done, "{errors}");
    assert_eq!(made(""), carried.commits[2].tree.to_string());
}

fn shell(folder: &Path, script: &str) -> (bool, String) {
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs([
            ("GIT_COMMITTER_NAME", "bot"),
            ("GIT_COMMITTER_EMAIL", "bot@example.org"),
        ])
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
            let raw = project.raw_commit();
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

/// `git cherry-pick` writes UTF-8, whatever the encoding of what it picks.
#[test]
fn messages_in_other_encodings_become_those_of_cherry_pick() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    let texts: [(&str, &[u8]); 4] = [
        (
            "ISO-8859-1",
            b"Gr\xf6\xdfe\n\nAcked-by: J\xfcrg <j@example.org>\n",
        ),
        ("ISO-8859-15", b"\xa4 1\n"),
        ("Shift_JIS", b"\x93\xfa\x96\x7b\n"),
        ("KOI8-R", b"\xee\xc5\xd4\n\nA line.\n"),
    ];
    for (number, (encoding, text)) in texts.into_iter().enumerate() {
        project.git(&["checkout", "-q", "main"]);
        std::fs::write(project.path().join(format!("f{number}")), "x\n").expect("a file");
        project.git(&["add", "-A"]);
        let setting = format!("i18n.commitEncoding={encoding}");
        let name = "user.name=Ann";
        let address = "user.email=ann@example.org";
        let words = [
            "-c", &setting, "-c", name, "-c", address, "commit", "-q", "-F", "-",
        ];
        git_on(&project.path(), &words, text);
        let commit = project.git(&["rev-parse", "HEAD"]);
        let carried = project.carry(&[&commit], "release/1.0", None);
        project.git(&["checkout", "-q", "--detach", "release/1.0"]);
        project.git(&["cherry-pick", "-x", &commit]);
        let raw = project.raw_commit();
        let raw = String::from_utf8(raw).expect("UTF-8");
        let (_, message) = raw.split_once("\n\n").expect("a message");
        let made = String::from_utf8(carried.commits[0].message.clone()).expect("UTF-8");
        assert_eq!(made, message, "{encoding}");
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
    // What no commit undid may have been moved, too: that is said.
    assert_eq!(has("main"), (true, 1, vec![None]));
}
