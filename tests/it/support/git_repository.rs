//! Repositories for tests: histories written by git itself, from a few words a commit.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lockkeeper::git::{ObjectId, Repository};

use crate::support::program::git;

/// A commit to be written.
#[derive(Clone, Default)]
pub struct Commit {
    /// Earlier commits, by number.
    pub parents: Vec<usize>,
    /// Seconds since 1970.
    pub time: i64,
    /// Its files, all of them.
    pub files: BTreeMap<String, String>,
}

/// A commit with these parents and files, a minute younger than its number's predecessor.
pub fn commit(number: usize, parents: &[usize], files: &[(&str, &str)]) -> Commit {
    Commit {
        parents: parents.to_vec(),
        time: 1_700_000_000 + 60 * i64::try_from(number).expect("a number"),
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
    }
}

/// A bare repository that holds some commits.
pub struct Written {
    folder: tempfile::TempDir,
    /// The id of each commit.
    pub ids: Vec<String>,
}

impl Written {
    /// Writes `commits`; no ref points to any of them.
    pub fn new(commits: &[Commit]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        git(folder.path(), &["init", "-q", "--bare", "source.git"]);
        let source = folder.path().join("source.git");
        let mut stream = String::new();
        for (number, commit) in commits.iter().enumerate() {
            let _ = write!(
                stream,
                "reset refs/heads/import\n\ncommit refs/heads/import\nmark :{}\n\
                 committer Test <test@example.org> {} +0000\ndata 1\n.\n",
                number + 1,
                commit.time
            );
            for (place, parent) in commit.parents.iter().enumerate() {
                let word = if place == 0 { "from" } else { "merge" };
                let _ = writeln!(stream, "{word} :{}", parent + 1);
            }
            stream.push_str("deleteall\n");
            for (path, text) in &commit.files {
                let _ = write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len());
            }
        }
        stream.push_str("reset refs/heads/import\nfrom 0000000000000000000000000000000000000000\n\n");
        let marks = folder.path().join("marks");
        let marks_flag = format!("--export-marks={}", marks.display());
        git_on(
            &source,
            &["fast-import", "--quiet", &marks_flag],
            stream.as_bytes(),
        );
        let marks = std::fs::read_to_string(marks).expect("marks");
        let by_mark: BTreeMap<usize, String> = marks
            .lines()
            .filter_map(|line| line.strip_prefix(':')?.split_once(' '))
            .map(|(mark, id)| (mark.parse().expect("a mark"), id.to_owned()))
            .collect();
        Self {
            folder,
            ids: by_mark.into_values().collect(),
        }
    }

    /// The bare repository.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("source.git")
    }

    /// A path beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lets `name` point to a commit.
    pub fn point(&self, name: &str, number: usize) {
        git(&self.path(), &["update-ref", name, &self.ids[number]]);
    }

    /// Clones with these flags to a folder of this name, as over a network.
    pub fn clone_to(&self, name: &str, flags: &[&str]) -> PathBuf {
        let address = format!("file://{}", self.path().display());
        let to = self.beside(name);
        let to_flag = to.to_str().expect("a path");
        let mut arguments = vec!["clone", "-q"];
        arguments.extend(flags);
        arguments.extend([address.as_str(), to_flag]);
        git(&self.beside(""), &arguments);
        to
    }

    /// Opens the bare repository.
    pub fn open(&self) -> Repository {
        open(&self.path())
    }

    /// The id of a commit as the program knows it.
    pub fn id(&self, repository: &Repository, number: usize) -> ObjectId {
        repository.resolve(&self.ids[number]).expect("a commit")
    }

    /// The number of a commit.
    pub fn number(&self, id: ObjectId) -> usize {
        let id = id.to_string();
        let number = self.ids.iter().position(|known| *known == id);
        number.unwrap_or_else(|| panic!("{id} is none of ours"))
    }
}

/// Opens a repository.
pub fn open(path: &Path) -> Repository {
    Repository::discover(path)
        .expect("it opens")
        .expect("a repository")
}

/// Runs git in `folder` with an input.
pub fn git_on(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let mut pipe = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().expect("git ends");
    writer.join().expect("the writer ends").expect("git reads");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs git and says whether it ended with 0, and what it printed.
pub fn git_says(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git is installed");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success(), text)
}

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// A history of `length` commits with branches and merges. Of each, the parents; a commit is as old as its parents or
/// younger, and several are equally old.
pub fn random_history(dice: &mut Dice, length: usize) -> Vec<Commit> {
    let mut commits: Vec<Commit> = Vec::new();
    for number in 0..length {
        let mut parents: Vec<usize> = Vec::new();
        if number > 0 && dice.below(60) != 0 {
            let wanted = match dice.below(10) {
                0..=5 => 1,
                6..=8 => 2,
                _ => 3,
            };
            for _ in 0..wanted {
                let parent = number - 1 - dice.below(number.min(12));
                if !parents.contains(&parent) {
                    parents.push(parent);
                }
            }
        }
        let oldest = parents.iter().map(|parent| commits[*parent].time).max();
        let time = oldest.unwrap_or(1_600_000_000) + 60 * i64::try_from(dice.below(3)).expect("small");
        commits.push(Commit {
            parents,
            time,
            files: BTreeMap::from([("n".to_owned(), number.to_string())]),
        });
    }
    commits
}
