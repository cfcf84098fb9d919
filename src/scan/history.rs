//! What the lines of a repository ever held: since which commit, until which, and in which tags.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::columns::Columns;
use super::discover::{Found, Reader, is_wanted, reader_in, relative};
use super::read::{self, Asked, Seen};
use super::{FILE_LIMIT, Failure, judge};
use crate::advisory::Index;
use crate::git::listing::Listing;
use crate::git::objects::{ObjectId, Repository, Tracked, TrackedKind};
use crate::git::past::Past;
use crate::model::grid::{Holding, Line, Standing};
use crate::model::lines::short_name;
use crate::model::{Tree, TreePath, Unread};

/// So many lines are told of: each may have held everything, in every tag.
const MOST_LINES: usize = 50;

/// What the lines held, and what a person should know about the answer.
pub struct History {
    /// By line, package and beginning.
    pub holdings: Vec<Holding>,
    /// Sentences.
    pub warnings: Vec<String>,
}

/// Reads the history of every line of `columns`, those that are not scanned any more among them.
///
/// # Errors
/// A [`Failure`] of incompleteness where objects are missing or the index is damaged.
pub fn history(found: &Found, columns: &Columns, index: &Index) -> Result<History, Failure> {
    let Some(repository) = &found.repository else {
        return Ok(History {
            holdings: Vec::new(),
            warnings: Vec::new(),
        });
    };
    let listing = Listing::new(repository, &is_wanted);
    let judging = Judging {
        found,
        repository,
        index,
        known: Mutex::default(),
        damage: Mutex::default(),
        unread: Mutex::default(),
    };
    let holds = |files: &[Tracked]| judging.holds(files);
    let mut past = Past::new(repository, &listing, &holds).map_err(Failure::of_git)?;
    let tags: Vec<(String, ObjectId)> = columns
        .refs
        .candidates
        .iter()
        .filter_map(|candidate| {
            Some((
                candidate.name.strip_prefix("refs/tags/")?.to_owned(),
                candidate.commit,
            ))
        })
        .collect();
    let commits: HashMap<&str, ObjectId> = columns
        .refs
        .candidates
        .iter()
        .map(|candidate| (candidate.name.as_str(), candidate.commit))
        .collect();
    let mut holdings = Vec::new();
    let mut warnings = Vec::new();
    let ever: Vec<&Line> = columns.chosen.ever().collect();
    if ever.len() > MOST_LINES {
        warnings.push(format!(
            "The history tells of {MOST_LINES} of {} lines, live ones first; name the others with --refs.",
            ever.len()
        ));
    }
    let (live, out): (Vec<&Line>, Vec<&Line>) =
        ever.into_iter().partition(|line| line.standing == Standing::Live);
    for line in live.into_iter().chain(out).take(MOST_LINES) {
        let Some(tip) = commits.get(line.ref_name.as_str()) else {
            continue;
        };
        let line_past = past.of(*tip, &tags).map_err(Failure::of_git)?;
        for end in &line_past.cut_at {
            warnings.push(format!(
                "The history of {} is cut at {end}: what was held before is not known. Fetch it all (`git fetch --unshallow`, \
                 or `fetch-depth: 0`).",
                short_name(&line.ref_name)
            ));
        }
        holdings.extend(line_past.stretches.into_iter().map(|stretch| Holding {
            ids: stretch.key.ids,
            package: stretch.key.purl,
            ref_name: line.ref_name.clone(),
            introduced_by: stretch.introduced_by.to_string(),
            removed_by: stretch.removed_by.map(|commit| commit.to_string()),
            tags: stretch.tags,
        }));
    }
    if let Some(damage) = taken(judging.damage) {
        return Err(Failure::incomplete(
            damage,
            "Build the index again with `lockkeeper db build` or `lockkeeper db update`.",
        ));
    }
    let unread: BTreeSet<TreePath> = taken(judging.unread);
    for path in unread {
        warnings.push(format!(
            "Some commit holds a {path} that cannot be read in whole: what it held there may be missing here."
        ));
    }
    Ok(History { holdings, warnings })
}

fn taken<T>(shared: Mutex<T>) -> T {
    shared.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A package at a version, and an advisory that it is affected by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Flaw {
    purl: String,
    /// The advisory's id, then its aliases.
    ids: Vec<String>,
}

/// What a lockfile holds, with the further files that were read for it.
type Read = (Seen, Arc<BTreeSet<Flaw>>);

/// What lockfiles hold, each judged once.
struct Judging<'a> {
    found: &'a Found,
    repository: &'a Arc<Repository>,
    index: &'a Index,
    known: Mutex<BTreeMap<(TreePath, ObjectId), Vec<Read>>>,
    damage: Mutex<Option<String>>,
    /// Lockfiles of which some version cannot be read.
    unread: Mutex<BTreeSet<TreePath>>,
}

impl Judging<'_> {
    /// What the wanted files of a commit hold.
    fn holds(&self, files: &[Tracked]) -> BTreeSet<Flaw> {
        let blobs: HashMap<TreePath, ObjectId> = files
            .iter()
            .filter(|file| file.kind == TrackedKind::File)
            .filter_map(|file| Some((relative(&self.found.prefix, &file.path)?, file.id)))
            .collect();
        let tree = Blobs {
            repository: self.repository,
            blobs: &blobs,
        };
        let mut flaws = BTreeSet::new();
        for (path, blob) in &blobs {
            if self.found.only.as_ref().is_some_and(|only| only != path) {
                continue;
            }
            let Some(Reader::Format(format)) = reader_in(&self.found.prefix, path) else {
                continue;
            };
            let known = self.known(path, *blob, &blobs);
            let held = known.unwrap_or_else(|| {
                let asked = Asked::new(&tree);
                // A bug in a reader costs its file.
                let read = catch_unwind(AssertUnwindSafe(|| {
                    read::one(&asked, path, format, |opened| {
                        judge::Judging::by(self.index, judge::Keep::Findings).judge(opened)
                    })
                }));
                let (held, readable) = match read {
                    Ok(Some((judged, readable))) => {
                        if let Some(damage) = judged.damage {
                            *self.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(damage);
                        }
                        let flaws = judged.findings.into_iter().map(|finding| Flaw {
                            purl: finding.purl.to_string(),
                            ids: std::iter::once(finding.advisory.id.clone())
                                .chain(finding.advisory.aliases.iter().cloned())
                                .collect(),
                        });
                        (flaws.collect(), readable)
                    }
                    Ok(None) | Err(_) => (BTreeSet::new(), false),
                };
                if !readable {
                    let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
                    unread.insert(path.clone());
                }
                let seen = asked.paths().into_iter().map(|path| {
                    let blob = blobs.get(&path).copied();
                    (path, blob)
                });
                let held = Arc::new(held);
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known
                    .entry((path.clone(), *blob))
                    .or_default()
                    .push((seen.collect(), held.clone()));
                held
            });
            flaws.extend(held.iter().cloned());
        }
        flaws
    }

    fn known(
        &self,
        path: &TreePath,
        blob: ObjectId,
        blobs: &HashMap<TreePath, ObjectId>,
    ) -> Option<Arc<BTreeSet<Flaw>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |seen: &Seen| seen.iter().all(|(path, blob)| blobs.get(path) == blob.as_ref());
        let found = known
            .get(&(path.clone(), blob))?
            .iter()
            .find(|(seen, _)| fits(seen));
        found.map(|(_, held)| held.clone())
    }
}

/// The wanted files of a commit as a tree.
struct Blobs<'a> {
    repository: &'a Repository,
    blobs: &'a HashMap<TreePath, ObjectId>,
}

impl Tree for Blobs<'_> {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        let blob = self.blobs.get(path).ok_or(Unread::Absent)?;
        self.repository.blob(*blob, FILE_LIMIT)
    }
}
