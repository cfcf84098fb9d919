//! The git repository that a forge serves: a bare one, asked and written with git itself, so that every id is a true one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A bare repository in a folder of its own.
pub(crate) struct Repository {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

/// One line of a tree.
pub(crate) struct Entry {
    pub(crate) mode: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) size: Option<u64>,
    pub(crate) path: String,
}

/// What a change does to one path.
pub(crate) enum Edit {
    Put { mode: String, id: String },
    Remove,
}

/// A commit or an annotated tag as it is written.
pub(crate) struct Written {
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Value,
    pub(crate) committer: Value,
    pub(crate) message: String,
    /// Of a tag: what it names, and its kind.
    pub(crate) target: Option<(String, String)>,
    pub(crate) name: String,
}

impl Repository {
    /// A copy of the repository at `source` with all its refs.
    pub(crate) fn mirror(source: &Path) -> Self {
        let empty = Self::empty();
        let source = source.to_str().expect("a path");
        empty.git(&["fetch", "--quiet", source, "+refs/*:refs/*"]);
        empty
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("forge.git");
        let repository = Self {
            path: folder.path().to_owned(),
            _folder: folder,
        };
        repository.git(&[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            path.to_str().expect("a path"),
        ]);
        Self { path, ..repository }
    }

    /// Every ref below `prefix` (a text, not a folder) with the object that it names and that one's kind.
    pub(crate) fn refs(&self, prefix: &str) -> Vec<(String, String, String)> {
        let all = self.git(&["for-each-ref", "--format=%(refname) %(objectname) %(objecttype)"]);
        all.lines()
            .filter(|line| line.starts_with(prefix))
            .map(|line| {
                let mut words = line.split(' ').map(str::to_owned);
                let mut word = || words.next().unwrap_or_default();
                (word(), word(), word())
            })
            .collect()
    }

    /// What one ref names.
    pub(crate) fn lookup(&self, name: &str) -> Option<(String, String)> {
        let found = self.refs(name).into_iter().find(|(full, ..)| full == name)?;
        Some((found.1, found.2))
    }

    /// The commit that a branch names.
    pub(crate) fn branch(&self, name: &str) -> Option<String> {
        Some(self.lookup(&format!("refs/heads/{name}"))?.0)
    }

    /// The kind of an object, if it is there.
    pub(crate) fn kind(&self, id: &str) -> Option<String> {
        let full = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let kind = self.try_git(&["cat-file", "-t", id], &[]).ok()?;
        full.then_some(kind)
    }

    /// Whatever git takes for a commit or a tree.
    pub(crate) fn resolve(&self, revision: &str) -> Option<String> {
        self.try_git(
            &["rev-parse", "--verify", "--quiet", "--end-of-options", revision],
            &[],
        )
        .ok()
    }

    pub(crate) fn blob(&self, id: &str) -> Option<Vec<u8>> {
        self.bytes(&["cat-file", "blob", id], &[], &[]).ok()
    }

    pub(crate) fn tree(&self, id: &str, recursive: bool) -> Option<Vec<Entry>> {
        let mut arguments = vec!["ls-tree", "-l", "-z"];
        arguments.extend(recursive.then_some(["-r", "-t"]).into_iter().flatten());
        arguments.push(id);
        let listing = self.try_git(&arguments, &[]).ok()?;
        let lines = listing.split('\0').filter(|line| !line.is_empty());
        Some(
            lines
                .map(|line| {
                    let (head, path) = line.split_once('\t').expect("a path");
                    let mut words = head.split_whitespace().map(str::to_owned);
                    let mut word = || words.next().unwrap_or_default();
                    Entry {
                        mode: word(),
                        kind: word(),
                        id: word(),
                        size: word().parse().ok(),
                        path: path.to_owned(),
                    }
                })
                .collect(),
        )
    }

    /// A commit or an annotated tag.
    pub(crate) fn written(&self, id: &str) -> Option<Written> {
        let text = self.bytes(&["cat-file", "-p", id], &[], &[]).ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut written = Written {
            tree: String::new(),
            parents: Vec::new(),
            author: Value::Null,
            committer: Value::Null,
            message: message.trim_end_matches('\n').to_owned(),
            target: None,
            name: String::new(),
        };
        let mut object = String::new();
        for line in head.lines() {
            let (key, value) = line.split_once(' ').unwrap_or_default();
            match key {
                "tree" => written.tree = value.to_owned(),
                "parent" => written.parents.push(value.to_owned()),
                "author" => written.author = person(value),
                "committer" | "tagger" => written.committer = person(value),
                "object" => object = value.to_owned(),
                "type" => written.target = Some((object.clone(), value.to_owned())),
                "tag" => written.name = value.to_owned(),
                _ => {}
            }
        }
        Some(written)
    }

    pub(crate) fn write_blob(&self, content: &[u8]) -> String {
        text(
            &self
                .bytes(&["hash-object", "-w", "--stdin"], content, &[])
                .expect("a blob"),
        )
    }

    /// The tree that `base` is after these edits.
    pub(crate) fn write_tree(&self, base: Option<&str>, edits: &[(String, Edit)]) -> Result<String, String> {
        let index = tempfile::tempdir().expect("a folder");
        let index = index.path().join("index");
        let index = [("GIT_INDEX_FILE", index.to_str().expect("a path"))];
        if let Some(base) = base {
            self.bytes(&["read-tree", base], &[], &index)?;
        }
        let mut lines = String::new();
        for (path, edit) in edits {
            match edit {
                Edit::Put { mode, id } => lines.push_str(&format!("{mode} {id}\t{path}\0")),
                Edit::Remove => {
                    let there = self.bytes(&["ls-files", "--cached", "--", path], &[], &index)?;
                    if there.is_empty() {
                        return Err(format!("{path} is not there"));
                    }
                    lines.push_str(&format!("0 {}\t{path}\0", "0".repeat(40)));
                }
            }
        }
        self.bytes(&["update-index", "-z", "--index-info"], lines.as_bytes(), &index)?;
        self.bytes(&["write-tree"], &[], &index).map(|id| text(&id))
    }

    pub(crate) fn write_commit(
        &self,
        tree: &str,
        parents: &[String],
        message: &str,
        (name, email): (&str, &str),
    ) -> Result<String, String> {
        let mut arguments = vec!["commit-tree", tree];
        for parent in parents {
            arguments.extend(["-p", parent]);
        }
        let committer = ("GitHub", "noreply@forge.example");
        self.write_commit_of(&arguments, message, (name, email, None), committer)
    }

    /// A commit with the date of its author, if there is one.
    pub(crate) fn write_commit_by(
        &self,
        tree: &str,
        parents: &[String],
        message: &str,
        author: (&str, &str, Option<&str>),
        committer: (&str, &str),
    ) -> Result<String, String> {
        let mut arguments = vec!["commit-tree", tree];
        for parent in parents {
            arguments.extend(["-p", parent]);
        }
        self.write_commit_of(&arguments, message, author, committer)
    }

    fn write_commit_of(
        &self,
        arguments: &[&str],
        message: &str,
        (name, email, date): (&str, &str, Option<&str>),
        committer: (&str, &str),
    ) -> Result<String, String> {
        let mut who = vec![
            ("GIT_AUTHOR_NAME", name),
            ("GIT_AUTHOR_EMAIL", email),
            ("GIT_COMMITTER_NAME", committer.0),
            ("GIT_COMMITTER_EMAIL", committer.1),
        ];
        who.extend(date.map(|date| ("GIT_AUTHOR_DATE", date)));
        self.bytes(arguments, message.as_bytes(), &who)
            .map(|id| text(&id))
    }

    pub(crate) fn set(&self, name: &str, id: &str) {
        self.git(&["update-ref", name, id]);
    }

    pub(crate) fn remove(&self, name: &str) {
        self.git(&["update-ref", "-d", name]);
    }

    pub(crate) fn is_ancestor(&self, older: &str, newer: &str) -> bool {
        self.try_git(&["merge-base", "--is-ancestor", older, newer], &[])
            .is_ok()
    }

    /// Asks git, and expects an answer.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.try_git(arguments, &[])
            .unwrap_or_else(|error| panic!("git {arguments:?}: {error}"))
    }

    fn try_git(&self, arguments: &[&str], input: &[u8]) -> Result<String, String> {
        self.bytes(arguments, input, &[]).map(|bytes| text(&bytes))
    }

    fn bytes(
        &self,
        arguments: &[&str],
        input: &[u8],
        environment: &[(&str, &str)],
    ) -> Result<Vec<u8>, String> {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git is installed");
        let mut pipe = child.stdin.take().expect("a pipe");
        // Git need not read what it does not want.
        let _ = pipe.write_all(input);
        drop(pipe);
        let output = child.wait_with_output().expect("git ends");
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(text(&output.stderr)),
        }
    }
}

/// `Name <mail> seconds zone`, as JSON.
fn person(line: &str) -> Value {
    let (name, rest) = line.split_once(" <").unwrap_or((line, ""));
    let (mail, when) = rest.split_once("> ").unwrap_or((rest, "0 +0000"));
    let seconds = when.split(' ').next().and_then(|seconds| seconds.parse().ok());
    let when = jiff::Timestamp::from_second(seconds.unwrap_or(0)).expect("a time");
    json!({"name": name, "email": mail, "date": when.to_string()})
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned()
}

/// Base64 as GitHub gives it, in lines.
pub(crate) fn base64_lines(bytes: &[u8]) -> String {
    let whole = STANDARD.encode(bytes);
    let lines = whole
        .as_bytes()
        .chunks(60)
        .map(|line| std::str::from_utf8(line).expect("ASCII"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Base64, with or without line ends.
pub(crate) fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    let text: String = text.chars().filter(|character| *character != '\n').collect();
    STANDARD.decode(text).map_err(|error| error.to_string())
}
