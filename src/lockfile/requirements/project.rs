//! The files that belong to a requirements file: those that it includes, those that constrain it, and those that it was compiled from.

use super::include;
use super::pins::{self, Entry, Included, Named, PinFile};
use crate::lockfile::grammar::pep508;
use crate::model::TreePath;
use crate::text::toml;
use crate::text::tree::{Kind, Value};

/// Gives the text of a file of the tree.
pub type Read<'r> = &'r dyn Fn(&TreePath) -> Option<String>;

/// A file.
#[derive(Debug)]
pub struct Loaded {
    /// Its path in the tree.
    pub path: TreePath,
    /// What it is there for.
    pub role: Role,
    /// What is in it.
    pub text: String,
    /// The same, read.
    pub file: PinFile,
}

/// What a file is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is the lockfile, or included in it.
    Requirements,
    /// It says which versions.
    Constraints,
    /// The lockfile was compiled from it.
    Input,
    /// The same, and it is a `pyproject.toml`.
    Manifest,
}

/// So many files are looked at.
const MAX_FILES: usize = 64;

/// The lockfile at `path` first, then those that belong to it and can be read.
#[must_use]
pub fn gather(path: &TreePath, text: &str, read: Read<'_>) -> Vec<Loaded> {
    let mut all = vec![Loaded {
        path: path.clone(),
        role: Role::Requirements,
        text: text.to_owned(),
        file: pins::read(text),
    }];
    let mut number = 0;
    while let Some(loaded) = all.get(number).filter(|_| all.len() < MAX_FILES) {
        number = number.saturating_add(1);
        for (path, role) in referred(loaded, read) {
            let is_known = all.iter().any(|known| known.path == path);
            if let Some(text) = read(&path).filter(|_| !is_known && all.len() < MAX_FILES) {
                let file = match role {
                    Role::Manifest => PinFile::default(),
                    Role::Requirements | Role::Constraints | Role::Input => pins::read(&text),
                };
                all.push(Loaded {
                    path,
                    role,
                    text,
                    file,
                });
            }
        }
    }
    all
}

/// The files that `loaded` refers to, and what for.
fn referred(loaded: &Loaded, read: Read<'_>) -> Vec<(TreePath, Role)> {
    let mut found = Vec::new();
    for (included, written) in &loaded.file.includes {
        let Ok(path) = include::reach(&loaded.path, written) else {
            continue;
        };
        let role = match (included, loaded.role) {
            (Included::Constraints, _) | (Included::Requirements, Role::Constraints) => Role::Constraints,
            (Included::Requirements, role) => role,
        };
        found.push((path, role));
    }
    if loaded.role != Role::Requirements {
        return found;
    }
    let items = loaded.file.entries.iter().filter_map(|entry| entry.via.as_ref());
    let mut known: Vec<&str> = Vec::new();
    for item in items.flat_map(|via| &via.items) {
        let Some((written, role)) = source(item).filter(|(written, _)| !known.contains(written)) else {
            continue;
        };
        known.push(written);
        // The command ran in the folder of the file, or in one above it.
        let folder = loaded.path.parent();
        let folders = std::iter::once(folder.clone()).chain(folder.above());
        let paths = folders.filter_map(|folder| folder.join(written));
        let path = paths.into_iter().find(|path| read(path).is_some());
        found.extend(path.map(|path| (path, role)));
    }
    found
}

/// The file that an item of a `# via` comment names.
fn source(item: &str) -> Option<(&str, Role)> {
    for (option, role) in [
        ("-r ", Role::Input),
        ("--requirement ", Role::Input),
        ("-c ", Role::Constraints),
        ("--constraint ", Role::Constraints),
    ] {
        if let Some(written) = item.strip_prefix(option) {
            let written = written.split(" (").next().unwrap_or_default();
            return Some((written.trim(), role));
        }
    }
    let (_, bracket) = item.rsplit_once('(')?;
    let written = bracket
        .trim_end_matches(')')
        .split(':')
        .next()
        .unwrap_or_default();
    let name = written.rsplit(['/', '\\']).next().unwrap_or_default();
    (name == "pyproject.toml").then_some((written, Role::Manifest))
}

impl Loaded {
    /// The file as messages and plans name it: from the folder of `lockfile`.
    #[must_use]
    pub fn shown(&self, lockfile: &TreePath) -> String {
        let folder = lockfile.parent();
        let from: Vec<&[u8]> = folder.components().collect();
        let to: Vec<&[u8]> = self.path.components().collect();
        let same = from
            .iter()
            .zip(&to)
            .take_while(|(left, right)| left == right)
            .count();
        let up = std::iter::repeat_n("..".to_owned(), from.len().saturating_sub(same));
        let down = to
            .iter()
            .skip(same)
            .map(|part| String::from_utf8_lossy(part).into_owned());
        up.chain(down).collect::<Vec<String>>().join("/")
    }

    /// Where an entry of the file stands, as no other entry does.
    #[must_use]
    pub fn place(&self, entry: &Entry) -> String {
        format!("{}:{}", self.path, entry.requirement.start)
    }
}

/// Everything that is needed is listed: a tool wrote the files, or what is in them is refused beside something that is not.
#[must_use]
pub fn is_closed(files: &[Loaded]) -> bool {
    files
        .iter()
        .filter(|loaded| loaded.role == Role::Requirements)
        .any(|loaded| {
            let has = |entry: &Entry| {
                let packages = entry.via.as_ref().into_iter().flat_map(|via| &via.names);
                !entry.hashes.is_empty() || packages.into_iter().any(|name| matches!(name, Named::Package(_)))
            };
            loaded.file.header.is_written_by_tool()
                || loaded.file.wants_hashes
                || loaded.file.entries.iter().any(has)
        })
}

/// A requirement in a `pyproject.toml`: the text, and where it stands if it is written without escapes.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// `requests>=2,<3`
    pub text: String,
    /// The start of the text in the file.
    pub start: Option<usize>,
}

/// What `[project]`, `[dependency-groups]` and `[tool.pdm.dev-dependencies]` of a `pyproject.toml` ask for.
#[must_use]
pub fn wanted(text: &str) -> Vec<Wanted> {
    let document = toml::read(text);
    let root = document.root();
    let project = root.get("project");
    let lists = project
        .and_then(|project| project.get("dependencies"))
        .into_iter();
    let optional = project.and_then(|project| project.get("optional-dependencies"));
    let groups = root.get("dependency-groups");
    let pdm = root.get("tool").and_then(|tool| tool.get("pdm"));
    let of_pdm = pdm.and_then(|pdm| pdm.get("dev-dependencies"));
    let tables = [optional, groups, of_pdm].into_iter().flatten();
    let lists = lists.chain(tables.flat_map(Value::entries).map(|(_, list)| list));
    lists
        .flat_map(Value::items)
        .filter_map(|item| {
            let text = item.as_str()?.into_owned();
            pep508::read(&text).ok()?;
            let is_plain = item.kind() == Kind::PlainString;
            Some(Wanted {
                text,
                start: is_plain.then(|| item.text_span().start as usize),
            })
        })
        .collect()
}
