//! Reads the lockfiles that were found, several at a time where there are many.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use super::discover::{Found, Reader};
use crate::lockfile::{self, Format, Parsed, Problem};
use crate::model::coverage::Gap;
use crate::model::{Cost, Package, Place, Tree, TreePath, Unread};
use crate::text::{Lines, Position, decode};

/// From so many files on it pays to start threads.
const PARALLEL_FROM: usize = 8;

/// A lockfile that was read, with what the caller made of it.
pub struct ReadFile<T> {
    /// Relative to the target's root.
    pub path: TreePath,
    /// The format's name.
    pub format: String,
    /// Packages that stand in this file.
    pub packages: usize,
    /// It was read, in whole or in part.
    pub readable: bool,
    /// Its bytes differ from the commit's.
    pub differs: bool,
    /// What could not be read, or not exactly.
    pub gaps: Vec<(Cost, Gap)>,
    /// Packages that this file uses and that stand in others.
    pub elsewhere: Vec<Elsewhere>,
    /// What the caller made of it.
    pub result: T,
}

/// A package that stands in another file than the one that uses it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Elsewhere {
    /// The file in which it stands.
    pub file: TreePath,
    /// Offset of the version's text.
    pub offset: u32,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A lockfile as the caller sees it.
pub struct Opened<'a> {
    /// Relative to the target's root.
    pub path: &'a TreePath,
    /// What it holds.
    pub parsed: &'a Parsed,
    lines: &'a Lines<'a>,
    others: &'a HashMap<TreePath, Lines<'a>>,
}

impl Opened<'_> {
    /// The file in which `place` lies, and where.
    #[must_use]
    pub fn position(&self, place: &Place) -> (TreePath, Position) {
        match &place.file {
            None => (self.path.clone(), self.lines.position(place.span.start)),
            Some(file) => {
                let position = self
                    .others
                    .get(file)
                    .map_or(Position::START, |lines| lines.position(place.span.start));
                (file.clone(), position)
            }
        }
    }

    /// Where `package` stands, if it is in this file.
    #[must_use]
    pub fn stands_here(&self, package: &Package) -> bool {
        package.place().file.is_none()
    }
}

/// Reads every lockfile of `found` and hands each to `each`. The order is that of the paths.
pub fn read_all<T: Send + Default>(
    found: &Found,
    each: impl Fn(&Opened<'_>) -> T + Sync,
) -> Vec<ReadFile<T>> {
    let files: Vec<(&TreePath, &Reader)> = found.files.iter().collect();
    let one = |(path, reader): &(&TreePath, &Reader)| match reader {
        Reader::Format(format) => read_one(found, path, *format, &each),
        Reader::Nobody(row) => {
            let reason = format!("the format of {} is not supported yet", row.file_name);
            let hint = format!(
                "Scan its {} packages with another tool; until then the verdict is incomplete.",
                row.ecosystem
            );
            nothing(path, row.file_name, Cost::Blind, reason, &hint)
        }
    };
    if files.len() < PARALLEL_FROM {
        files.iter().map(one).collect()
    } else {
        files.par_iter().map(one).collect()
    }
}

/// What was not even opened: folders that could not be listed, manifests without a lockfile, policies.
#[must_use]
pub fn unopened(found: &Found) -> Vec<(Cost, Gap)> {
    let unlisted = found.unlisted.iter().map(|(folder, error)| {
        let reason = format!("this folder could not be listed: {error}");
        (Cost::Blind, whole(folder, reason, "Make the folder readable."))
    });
    let unlocked = found.unlocked.iter().map(|(manifest, row)| {
        let reason = "a manifest without its lockfile: what it resolves to is not known".to_owned();
        (Cost::Partial, whole(manifest, reason, row.hint))
    });
    // Somebody who wrote a policy must not believe that it decides.
    let policies = ["lockkeeper.yml", ".github/lockkeeper.yml"];
    let policies = policies
        .iter()
        .filter_map(TreePath::new)
        .filter(|path| found.tree.holds(path))
        .map(|path| {
            let reason = "policies are not read by this version: the built-in rules decide".to_owned();
            (
                Cost::Nothing,
                whole(&path, reason, "Give the rules with `--fail-on LIST` until then."),
            )
        });
    unlisted.chain(unlocked).chain(policies).collect()
}

fn read_one<T: Default>(
    found: &Found,
    path: &TreePath,
    format: &dyn Format,
    each: &(impl Fn(&Opened<'_>) -> T + Sync),
) -> ReadFile<T> {
    let bytes = match found.tree.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let hint = match &error {
                Unread::TooLarge { .. } => "Leave the file out of the scan, or split it.",
                Unread::LinkLeadsOut => "Put the lockfile itself into the repository.",
                Unread::Absent | Unread::Unreadable(_) => {
                    "Make the file readable, or fetch the missing objects with `git fetch`."
                }
            };
            return nothing(path, format.name(), Cost::Blind, error.to_string(), hint);
        }
    };
    // A bug in a reader costs its file, not the scan.
    let read = catch_unwind(AssertUnwindSafe(|| open(found, path, format, &bytes, each)));
    match read {
        Ok(read) => ReadFile {
            differs: found.differs(path, &bytes),
            ..read
        },
        Err(_) => {
            let hint = "Report it with the file, if you may share it; scan the rest meanwhile.";
            nothing(
                path,
                format.name(),
                Cost::Blind,
                "a bug in lockkeeper: its reader broke off".into(),
                hint,
            )
        }
    }
}

fn open<T>(
    found: &Found,
    path: &TreePath,
    format: &dyn Format,
    bytes: &[u8],
    each: &(impl Fn(&Opened<'_>) -> T + Sync),
) -> ReadFile<T> {
    let reading = lockfile::read(format, path, bytes, found.tree.as_ref());
    let parsed = &reading.parsed;
    let texts = other_texts(parsed, found.tree.as_ref());
    let others: HashMap<TreePath, Lines<'_>> = texts
        .iter()
        .map(|(path, text)| (path.clone(), Lines::of(text)))
        .collect();
    let lines = Lines::of(&reading.text);
    let opened = Opened {
        path,
        parsed,
        lines: &lines,
        others: &others,
    };
    let gaps = parsed
        .problems
        .iter()
        .map(|problem| (problem.cost, gap(&opened, problem)))
        .collect();
    let mut packages = 0;
    let mut elsewhere = Vec::new();
    for (_, package) in parsed.graph.packages() {
        match &package.place().file {
            None => packages += 1,
            Some(file) => elsewhere.push(Elsewhere {
                file: file.clone(),
                offset: package.place().span.start,
                name: package.name.clone(),
                version: package.version.clone(),
            }),
        }
    }
    ReadFile {
        path: path.clone(),
        format: format.name().to_owned(),
        packages,
        readable: true,
        differs: false,
        gaps,
        elsewhere,
        result: each(&opened),
    }
}

/// The texts of the other files that places lie in.
fn other_texts(parsed: &Parsed, tree: &dyn Tree) -> HashMap<TreePath, String> {
    let places = parsed
        .graph
        .packages()
        .filter_map(|(_, package)| package.place().file.as_ref());
    let problems = parsed.problems.iter().filter_map(|problem| problem.file.as_ref());
    let mut texts = HashMap::new();
    for file in places.chain(problems) {
        if !texts.contains_key(file)
            && let Ok(bytes) = tree.read(file)
        {
            texts.insert(file.clone(), decode::decode(&bytes).text.into_owned());
        }
    }
    texts
}

fn gap(opened: &Opened<'_>, problem: &Problem) -> Gap {
    let (file, position) = opened.position(&Place {
        file: problem.file.clone(),
        span: problem.span,
    });
    Gap {
        file,
        position,
        reason: problem.message.clone(),
        hint: problem.hint.clone(),
    }
}

fn nothing<T: Default>(path: &TreePath, format: &str, cost: Cost, reason: String, hint: &str) -> ReadFile<T> {
    ReadFile {
        path: path.clone(),
        format: format.to_owned(),
        packages: 0,
        readable: false,
        differs: false,
        gaps: vec![(cost, whole(path, reason, hint))],
        elsewhere: Vec::new(),
        result: T::default(),
    }
}

/// A gap that is a whole file or folder.
fn whole(path: &TreePath, reason: String, hint: &str) -> Gap {
    Gap {
        file: path.clone(),
        position: Position::START,
        reason,
        hint: hint.into(),
    }
}
