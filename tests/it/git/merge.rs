//! Merges of trees, against `git merge-tree --write-tree`: the same tree, byte for byte, and the same paths in conflict.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockkeeper::git::merge::{Labels, Reason, Workspace};

use crate::support::git_repository::{Dice, git_on, open};
use crate::support::program::git;

const LIMIT: u64 = 100 * 1024 * 1024;

/// Mode and bytes; of a submodule the id of a commit.
type Files = BTreeMap<String, (&'static str, Vec<u8>)>;

/// Three trees of a history, as commits.
struct Case {
    base: String,
    ours: String,
    theirs: String,
    /// The base is the parent of both sides.
    is_made: bool,
}

#[test]
fn made_up_histories_are_merged_as_git_merges_them() {
    let mut dice = Dice::new(14);
    let worlds: Vec<[Files; 3]> = (0..400).map(|_| world(&mut dice)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "-q", "--bare", "made.git"]);
    let repository = folder.path().join("made.git");
    let cases = write(&repository, &worlds);
    let (conflicts, mut differences) = judge(&repository, &cases);
    // Git before 2.44 looks for renames without the last line of a file, if that has no end.
    let version = git(folder.path(), &["--version"]);
    let is_old = version
        .split(['.', ' '])
        .nth(3)
        .is_some_and(|minor| minor.parse::<u32>().is_ok_and(|minor| minor < 44));
    let is_open = |(_, (_, bytes)): (&String, &(&str, Vec<u8>))| !bytes.ends_with(b"\n");
    differences.retain(|(at, _)| !is_old || !worlds[*at].iter().any(|files| files.iter().any(is_open)));
    let differences: Vec<String> = differences.into_iter().map(|(_, text)| text).collect();
    assert!(
        differences.is_empty(),
        "{} of {}:\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n")
    );
    assert!(
        conflicts > 100 && cases.len() - conflicts > 100,
        "{conflicts} of {}",
        cases.len()
    );
}

#[test]
fn attributes_are_those_of_the_path_that_a_file_is_renamed_to() {
    let lines: String = (0..20).map(|number| format!("line {number}\n")).collect();
    let world = |attributes: &str| {
        let files = |name: &str, added: &str| -> Files {
            let text = format!("{added}{lines}");
            [
                (
                    ".gitattributes".to_owned(),
                    ("100644", attributes.as_bytes().to_vec()),
                ),
                (name.to_owned(), ("100644", text.into_bytes())),
            ]
            .into()
        };
        [
            files("CHANGES", ""),
            files("CHANGES.rst", "ours\n"),
            files("CHANGES", "theirs\n"),
        ]
    };
    let worlds = ["CHANGES.rst merge=union\n", "CHANGES merge=union\n"].map(world);
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "-q", "--bare", "made.git"]);
    let repository = folder.path().join("made.git");
    let mut cases = write(&repository, &worlds);
    for case in &mut cases {
        case.is_made = false;
    }
    let (conflicts, differences) = judge(&repository, &cases);
    assert!(differences.is_empty(), "{differences:?}");
    assert_eq!(conflicts, 1);
}

/// `LOCKKEEPER_HISTORIES` are bare repositories of real projects, with `:` between them: of each, 500 commits are picked onto
/// others. What differs is printed; at most one in 200 may.
#[test]
fn real_histories_are_merged_as_git_merges_them() {
    let Some(folders) = std::env::var_os("LOCKKEEPER_HISTORIES") else {
        println!("skipped: LOCKKEEPER_HISTORIES is not set");
        return;
    };
    for folder in std::env::split_paths(&folders) {
        let mut dice = Dice::new(4);
        let rows = git(&folder, &["rev-list", "--all", "--parents"]);
        let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split(' ').collect()).collect();
        let mut cases = Vec::new();
        while cases.len() < 500 {
            let at = dice.below(rows.len());
            let [theirs, base, ..] = rows[at].as_slice() else {
                continue;
            };
            let distance = [3, 20, 100, 400, rows.len()][dice.below(5)];
            let ours = rows[(at + 1 + dice.below(distance)) % rows.len()][0];
            cases.push(Case {
                base: (*base).to_owned(),
                ours: ours.to_owned(),
                theirs: (*theirs).to_owned(),
                is_made: false,
            });
        }
        let (conflicts, differences) = judge(&folder, &cases);
        println!(
            "{}: {} picks, {conflicts} with conflicts, {} differ\n{}",
            folder.display(),
            cases.len(),
            differences.len(),
            differences
                .iter()
                .map(|(_, text)| text.as_str())
                .collect::<Vec<_>>()
                .join("\n")
        );
        assert!(differences.len() * 200 <= cases.len());
    }
}

/// A file of each kind: bytes that are text, CRLF, without an end, or binary.
fn text(dice: &mut Dice) -> Vec<u8> {
    let end = if dice.below(6) == 0 { "\r\n" } else { "\n" };
    let mut text = String::new();
    for _ in 0..dice.below(30) {
        let _ = write!(
            text,
            "{}{end}",
            ["a", "b", "}", "", "line", "x = 1"][dice.below(6)]
        );
        if dice.below(3) == 0 {
            let _ = write!(text, "line {}{end}", dice.below(1000));
        }
    }
    if dice.below(5) == 0 {
        text.push_str("the end");
    }
    if dice.below(12) == 0 {
        text.push('\0');
    }
    text.into_bytes()
}

fn edited(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(lines.len() + 1);
        match dice.below(4) {
            0 if at < lines.len() => drop(lines.remove(at)),
            1 => lines.insert(at, b"line\n".to_vec()),
            2 if at < lines.len() => lines[at] = b"x = 1\n".to_vec(),
            _ => lines.insert(at, format!("new {}\n", dice.below(50)).into_bytes()),
        }
    }
    lines.concat()
}

const FOLDERS: [&str; 6] = ["", "a/", "a/b/", "c/", "d/e/", "f/"];

fn path(dice: &mut Dice) -> String {
    format!(
        "{}{}",
        FOLDERS[dice.below(6)],
        ["x", "y.rs", "z", "lib.rs", "w"][dice.below(5)]
    )
}

/// Puts a file where neither a file stands above it nor a folder in its place.
fn put(files: &mut Files, path: String, file: (&'static str, Vec<u8>)) {
    let inside = format!("{path}/");
    files.retain(|other, _| !other.starts_with(&inside) && !path.starts_with(&format!("{other}/")));
    files.insert(path, file);
}

fn file(dice: &mut Dice) -> (&'static str, Vec<u8>) {
    match dice.below(20) {
        0 => ("120000", format!("target-{}", dice.below(3)).into_bytes()),
        1 => ("160000", format!("{:040x}", dice.below(3) + 1).into_bytes()),
        2 | 3 => ("100755", text(dice)),
        _ => ("100644", text(dice)),
    }
}

/// A base, and what each side made of it.
fn world(dice: &mut Dice) -> [Files; 3] {
    let mut base = Files::new();
    for _ in 0..2 + dice.below(12) {
        put(&mut base, path(dice), file(dice));
    }
    let ours = changed(dice, &base);
    let theirs = changed(dice, &base);
    [base, ours, theirs]
}

fn changed(dice: &mut Dice, base: &Files) -> Files {
    let mut files = base.clone();
    for _ in 0..1 + dice.below(4) {
        let known: Vec<String> = files.keys().cloned().collect();
        let Some(one) = known.get(dice.below(known.len().max(1))).cloned() else {
            put(&mut files, path(dice), file(dice));
            continue;
        };
        let (mode, bytes) = files[&one].clone();
        let is_text = mode.starts_with("100");
        match dice.below(12) {
            0..=4 if is_text => drop(files.insert(one, (mode, edited(dice, &bytes)))),
            5 => drop(files.remove(&one)),
            6 => put(&mut files, path(dice), file(dice)),
            7 if is_text => {
                drop(files.insert(one, (if mode == "100644" { "100755" } else { "100644" }, bytes)))
            }
            8 | 9 => {
                files.remove(&one);
                let bytes = if is_text && dice.below(2) == 0 {
                    edited(dice, &bytes)
                } else {
                    bytes
                };
                put(
                    &mut files,
                    format!("{}r{}", FOLDERS[dice.below(6)], dice.below(4)),
                    (mode, bytes),
                );
            }
            10 => {
                // A whole folder goes elsewhere.
                let from = FOLDERS[1 + dice.below(5)];
                let to = ["g/", "c/", "a/h/", ""][dice.below(4)];
                let inside: Vec<String> = known
                    .iter()
                    .filter(|path| path.starts_with(from))
                    .cloned()
                    .collect();
                for path in inside {
                    if let Some(file) = files.remove(&path) {
                        put(&mut files, format!("{to}{}", &path[from.len()..]), file);
                    }
                }
            }
            _ => put(&mut files, one, file(dice)),
        }
    }
    files
}

/// Writes each base with both sides on top.
fn write(repository: &Path, worlds: &[[Files; 3]]) -> Vec<Case> {
    let mut stream: Vec<u8> = Vec::new();
    let mut mark = 0;
    for world in worlds {
        let first = mark + 1;
        for files in world {
            mark += 1;
            let from = if mark == first {
                String::new()
            } else {
                format!("from :{first}\n")
            };
            let head = format!(
                "reset refs/heads/made\n\ncommit refs/heads/made\nmark :{mark}\ncommitter T <t@example.org> {} +0000\n\
                 data 1\n.\n{from}deleteall\n",
                1_700_000_000 + mark
            );
            stream.extend_from_slice(head.as_bytes());
            for (path, (mode, bytes)) in files {
                if *mode == "160000" {
                    let id = String::from_utf8_lossy(bytes);
                    stream.extend_from_slice(format!("M {mode} {id} {path}\n").as_bytes());
                    continue;
                }
                stream
                    .extend_from_slice(format!("M {mode} inline {path}\ndata {}\n", bytes.len()).as_bytes());
                stream.extend_from_slice(bytes);
                stream.push(b'\n');
            }
        }
    }
    let marks = repository.join("marks");
    let flag = format!("--export-marks={}", marks.display());
    git_on(repository, &["fast-import", "--quiet", &flag], &stream);
    let text = std::fs::read_to_string(marks).expect("marks");
    let by_mark: BTreeMap<usize, String> = text
        .lines()
        .filter_map(|line| line.strip_prefix(':')?.split_once(' '))
        .map(|(mark, id)| (mark.parse().expect("a number"), id.to_owned()))
        .collect();
    let ids: Vec<String> = by_mark.into_values().collect();
    let cases = ids.chunks_exact(3).map(|ids| Case {
        base: ids[0].clone(),
        ours: ids[1].clone(),
        theirs: ids[2].clone(),
        is_made: true,
    });
    cases.collect()
}

/// Git beside a repository: what it writes goes elsewhere, and the work tree has the attributes of our side.
struct Beside {
    folder: tempfile::TempDir,
    repository: PathBuf,
}

impl Beside {
    fn git(&self, arguments: &[&str]) -> (bool, Vec<u8>) {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.folder.path().join("work"))
            .env("GIT_DIR", &self.repository)
            .env("GIT_WORK_TREE", self.folder.path().join("work"))
            .env("GIT_OBJECT_DIRECTORY", self.folder.path().join("objects"))
            .env(
                "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                self.repository.join("objects"),
            )
            .env("GIT_INDEX_FILE", self.folder.path().join("index"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "T")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.org")))
            .output()
            .expect("git is installed");
        (output.status.success(), output.stdout)
    }

    /// Commits with the trees of both sides whose parent has the tree of the base; git before 2.40 takes no base by name.
    fn sides(&self, case: &Case) -> (String, String) {
        let (is_there, attributes) = self.git(&["show", &format!("{}:.gitattributes", case.ours)]);
        let file = self.folder.path().join("work/.gitattributes");
        std::fs::write(file, if is_there { attributes } else { Vec::new() }).expect("a file");
        let commit = |id: &str, parent: &[&str]| {
            let tree = self.word(&["rev-parse", &format!("{id}^{{tree}}")]);
            self.word(&[&["commit-tree", tree.as_str(), "-m", "."], parent].concat())
        };
        let base = commit(&case.base, &[]);
        let side = |id: &str| commit(id, &["-p", &base]);
        (side(&case.ours), side(&case.theirs))
    }

    fn word(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.git(arguments).1).trim().to_owned()
    }
}

/// How many merges have conflicts, and the number and a line of each that git does otherwise.
fn judge(repository: &Path, cases: &[Case]) -> (usize, Vec<(usize, String)>) {
    let beside = Beside {
        folder: tempfile::tempdir().expect("a folder"),
        repository: repository.to_owned(),
    };
    for name in ["work", "objects"] {
        std::fs::create_dir(beside.folder.path().join(name)).expect("a folder");
    }
    let opened = open(repository);
    let mut conflicts = 0;
    let mut differences = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let (ours, theirs) = match case.is_made {
            true => (case.ours.clone(), case.theirs.clone()),
            false => beside.sides(case),
        };
        let (_, printed) = beside.git(&[
            "merge-tree",
            "--write-tree",
            "--name-only",
            "--no-messages",
            "-z",
            &ours,
            &theirs,
        ]);
        let printed = String::from_utf8_lossy(&printed).into_owned();
        let mut printed = printed.split('\0').filter(|part| !part.is_empty());
        let expected = printed.next().unwrap_or_default().to_owned();
        let mut expected_paths: Vec<&str> = printed.collect();
        expected_paths.sort_unstable();
        let labels = Labels { ours, theirs };
        let id = |id: &str| opened.resolve(id).expect("a commit");
        let merged = Workspace::new(&opened, LIMIT)
            .merge(id(&case.base), id(&case.ours), id(&case.theirs), &labels)
            .expect("a merge");
        let named = merged
            .conflicts
            .iter()
            .filter(|conflict| conflict.reason != Reason::FolderUnclear);
        let mut paths: Vec<String> = named
            .map(|conflict| String::from_utf8_lossy(&conflict.path).into_owned())
            .collect();
        paths.dedup();
        conflicts += usize::from(!merged.conflicts.is_empty());
        if merged.tree.to_string() != expected || paths != expected_paths {
            let text = format!(
                "base {} ours {} theirs {}: git {expected} {expected_paths:?}, here {} {paths:?}",
                case.base, case.ours, case.theirs, merged.tree
            );
            differences.push((at, text));
        }
    }
    (conflicts, differences)
}
