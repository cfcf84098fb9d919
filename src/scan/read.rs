//! Reads the lockfiles that were found, several at a time where there are many.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;

use super::discovered::DiscoveredTree;
use super::gap_number::gap_number;
use super::reader::Reader;
use super::recording_tree::{Identity, Lists, Places, Readings, RecordingTree};
use super::walked::Walked;
use crate::ecosystem;
use crate::lockfile::manifest::{Above, ManifestKind};
use crate::lockfile::{self, Format, Parsed, Problem};
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::{Cost, FileSpan, Tree, TreePath, Unread};
use crate::text::{Lines, Position, Span, decode};

/// From so many files on it pays to start threads.
const PARALLEL_FROM: usize = 8;

/// A lockfile that was read, with what the caller made of it.
#[derive(Clone)]
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
    /// Those of [`Cost::Partial`] that are counted and not listed, a number for each.
    pub unlisted: Vec<u64>,
    /// Packages that this file uses and that stand in others.
    pub elsewhere: Vec<Elsewhere>,
    /// What the caller made of it.
    pub result: T,
}

impl<T> ReadFile<T> {
    /// It is no lockfile after all: files with such names lie everywhere, and this one names no package.
    #[must_use]
    pub fn names_nothing(&self) -> bool {
        let is_everywhere = lockfile::format(&self.format)
            .is_some_and(|format| ecosystem::lies_everywhere(&format.ecosystem()));
        is_everywhere && self.readable && self.packages == 0 && self.gaps.is_empty()
    }
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
    /// The name of its format.
    pub format: &'static str,
    /// What it holds.
    pub parsed: &'a Parsed,
    lines: &'a Lines<'a>,
    others: &'a HashMap<TreePath, Lines<'a>>,
}

impl Opened<'_> {
    /// What is written at `span`, in the file of `place`.
    #[must_use]
    pub fn text(&self, place: &FileSpan, span: Span) -> &str {
        let lines = match &place.file {
            None => Some(self.lines),
            Some(file) => self.others.get(file),
        };
        let text = lines.and_then(|lines| lines.text().get(span.start as usize..span.end as usize));
        text.unwrap_or_default()
    }

    /// The file in which `place` lies, and where.
    #[must_use]
    pub fn position(&self, place: &FileSpan) -> (TreePath, Position) {
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
}

/// Reads every lockfile of `found` and hands each to `each`. The order is that of the paths.
pub fn read_all<T: Send + Sync + Default>(
    found: &DiscoveredTree,
    each: impl Fn(&Opened<'_>) -> T + Sync,
) -> Vec<Arc<ReadFile<T>>> {
    read_many(&[found], each).pop().unwrap_or_default()
}

/// Reads every lockfile of each of `founds` and hands each to `each`; the order is that of the trees, then of the paths.
///
/// A file of a commit is read once for all commits that hold the same bytes at the same path, if every further file
/// that its reader asked for (a parent, an include, a workspace) is the same there too; so is one with a text that it
/// would get.
pub fn read_many<T: Send + Sync + Default>(
    founds: &[&DiscoveredTree],
    each: impl Fn(&Opened<'_>) -> T + Sync,
) -> Vec<Vec<Arc<ReadFile<T>>>> {
    let mut groups: Vec<Vec<Job<'_>>> = Vec::new();
    let mut same: HashMap<Identity, usize> = HashMap::new();
    let mut read: Vec<Vec<Option<Arc<ReadFile<T>>>>> = Vec::with_capacity(founds.len());
    for (tree, found) in founds.iter().enumerate() {
        read.push(vec![None; found.files.len()]);
        let known = found.known();
        let shape = known.and_then(|known| known.shape());
        for (slot, (path, reader)) in found.files.iter().enumerate() {
            let job = Job {
                tree,
                slot,
                found,
                path,
                reader,
            };
            let group = match known.and_then(|known| known.id(path)) {
                Some(id) => *same.entry((path.clone(), id, shape)).or_insert(groups.len()),
                None => groups.len(),
            };
            match groups.get_mut(group) {
                Some(group) => group.push(job),
                None => groups.push(vec![job]),
            }
        }
    }
    let lists = Lists::default();
    let all = |group: &Vec<Job<'_>>| {
        let mut readings = Readings::default();
        let read = group.iter().map(|job| {
            let file = job.read(&each, &mut readings, &lists);
            (job.tree, job.slot, file)
        });
        read.collect::<Vec<_>>()
    };
    let done: Vec<_> = if groups.len() < PARALLEL_FROM {
        groups.iter().map(all).collect()
    } else {
        groups.par_iter().map(all).collect()
    };
    for (tree, slot, file) in done.into_iter().flatten() {
        if let Some(slot) = read.get_mut(tree).and_then(|tree| tree.get_mut(slot)) {
            *slot = Some(file);
        }
    }
    read.into_iter()
        .map(|files| files.into_iter().flatten().collect())
        .collect()
}

/// A lockfile that is to be read, and where it belongs.
struct Job<'f> {
    tree: usize,
    slot: usize,
    found: &'f DiscoveredTree,
    path: &'f TreePath,
    reader: &'f Reader,
}

impl Job<'_> {
    /// Reads the file, unless it is known from a tree that answers like this one.
    fn read<T: Default>(
        &self,
        each: &(impl Fn(&Opened<'_>) -> T + Sync),
        readings: &mut Readings<Arc<ReadFile<T>>>,
        lists: &Lists,
    ) -> Arc<ReadFile<T>> {
        let (path, found) = (self.path, self.found);
        match self.reader {
            Reader::Format(format) => {
                let known = found.known();
                if let Some(read) = known.and_then(|known| readings.get(known)) {
                    return read;
                }
                let walked = Walked(found);
                let shaped = known.and_then(|known| known.shaped());
                let asked = RecordingTree::new(&walked, shaped, Places::Told);
                let file = Arc::new(read_one(found, &asked, path, *format, each));
                if let Some(known) = known {
                    readings.keep(known, asked, lists, file.clone());
                }
                file
            }
            Reader::Unsupported(row) => {
                let reason = format!("the format of {} is not supported yet", row.file_name);
                Arc::new(nothing(path, row.file_name, Cost::Blind, reason, &row.hint()))
            }
        }
    }
}

/// What was not even opened: folders that could not be listed, manifests without a lockfile.
#[must_use]
pub fn unopened(found: &DiscoveredTree) -> Vec<(Cost, Gap)> {
    let unlisted = found.unlisted.iter().map(|gap| (Cost::Blind, gap.clone()));
    let folders: HashSet<(&str, TreePath)> = found
        .unlocked
        .iter()
        .map(|(manifest, row)| (row.file_name, manifest.parent()))
        .collect();
    // Where any lockfile above locks a manifest, the one that the topmost lacks is that of all below it.
    let is_below = |manifest: &TreePath, row: &ManifestKind| {
        let home = manifest.parent();
        let is_there = |folder: TreePath| folders.contains(&(row.file_name, folder));
        row.above == Above::Any && home.above().any(is_there)
    };
    let topmost = found
        .unlocked
        .iter()
        .filter(|(manifest, row)| !is_below(manifest, row));
    let unlocked = topmost.map(|(manifest, row)| {
        let reason = "a manifest without its lockfile: what it resolves to is not known".to_owned();
        (Cost::Partial, whole(manifest, reason, row.hint))
    });
    let partial = found.partial.iter().map(|gap| (Cost::Partial, gap.clone()));
    unlisted.chain(unlocked).chain(partial).collect()
}

fn read_one<T: Default>(
    found: &DiscoveredTree,
    tree: &dyn Tree,
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
                // On disk it may be a link that leads nowhere, a pipe, or another user's.
                Unread::Unreadable(_) if found.commit().is_none() => {
                    "Put a file there that can be read, or `exclude` it in the policy; objects that git lacks come with `git fetch --refetch --no-filter`."
                }
                Unread::Absent | Unread::Unreadable(_) => {
                    "Make the file readable, or fetch the missing objects with `git fetch --refetch --no-filter`."
                }
            };
            return nothing(path, format.name(), Cost::Blind, error.to_string(), hint);
        }
    };
    // A bug in a reader costs its file, not the scan.
    let read = catch_unwind(AssertUnwindSafe(|| open(tree, path, format, &bytes, each)));
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

/// What `each` makes of the lockfile at `path` of `tree`, and whether it was read in whole; `None` if it was not at all.
/// Places in other files are not looked for.
pub(super) fn one<T>(
    tree: &RecordingTree<'_>,
    path: &TreePath,
    format: &dyn Format,
    each: impl Fn(&Opened<'_>) -> T + Sync,
) -> Option<(T, bool)> {
    let bytes = tree.inner().read(path).ok()?;
    let reading = lockfile::read(format, path, &bytes, tree);
    let problems = &reading.parsed.problems;
    let is_whole = problems.iter().all(|problem| problem.cost != Cost::Blind);
    let opened = Opened {
        path,
        format: format.name(),
        parsed: &reading.parsed,
        lines: &Lines::of(&reading.text),
        others: &HashMap::new(),
    };
    Some((each(&opened), is_whole))
}

fn open<T>(
    tree: &dyn Tree,
    path: &TreePath,
    format: &dyn Format,
    bytes: &[u8],
    each: &(impl Fn(&Opened<'_>) -> T + Sync),
) -> ReadFile<T> {
    let reading = lockfile::read(format, path, bytes, tree);
    let parsed = &reading.parsed;
    let texts = other_texts(parsed, &reading.unlisted, tree);
    let others: HashMap<TreePath, Lines<'_>> = texts
        .iter()
        .map(|(path, text)| (path.clone(), Lines::of(text)))
        .collect();
    let lines = Lines::of(&reading.text);
    let opened = Opened {
        path,
        format: format.name(),
        parsed,
        lines: &lines,
        others: &others,
    };
    let gaps = parsed
        .problems
        .iter()
        .map(|problem| (problem.cost, gap(&opened, problem)))
        .collect();
    let unlisted = reading
        .unlisted
        .iter()
        .map(|problem| gap_number(&gap(&opened, problem)))
        .collect();
    let mut packages = 0;
    let mut elsewhere = Vec::new();
    for (_, package) in parsed.graph.packages() {
        match &package.place().file {
            None => packages += 1,
            Some(file) => elsewhere.push(Elsewhere {
                file: file.clone(),
                offset: package.place().span.start,
                name: package.name.to_string(),
                version: package.version.to_string(),
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
        unlisted,
        elsewhere,
        result: each(&opened),
    }
}

/// The texts of the other files that places lie in.
fn other_texts(parsed: &Parsed, unlisted: &[Problem], tree: &dyn Tree) -> HashMap<TreePath, String> {
    let places = parsed
        .graph
        .packages()
        .filter_map(|(_, package)| package.place().file.as_ref());
    let problems = parsed.problems.iter().chain(unlisted);
    let problems = problems.filter_map(|problem| problem.file.as_ref());
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
    let (file, position) = opened.position(&FileSpan {
        file: problem.file.clone(),
        span: problem.span,
    });
    Gap {
        location: Some(Location { file, position }),
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
        unlisted: Vec::new(),
        elsewhere: Vec::new(),
        result: T::default(),
    }
}

/// A gap that is a whole file or folder.
fn whole(path: &TreePath, reason: String, hint: &str) -> Gap {
    Gap {
        location: Some(Location {
            file: path.clone(),
            position: Position::START,
        }),
        reason,
        hint: hint.into(),
    }
}
