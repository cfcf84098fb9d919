//! What the lines of a repository ever held: since which commit, until which, and in which tags.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::columns::Columns;
use super::discovered::{DiscoveredTree, relative};
use super::known::{FileId, Known};
use super::line_past::{AdvisoryOfPackage, Key, LinePast};
use super::reader::{Reader, is_wanted, reader_in};
use super::recording_tree::{self, Identity, Lists, Places, Readings, RecordingTree};
use super::{FILE_LIMIT, judge, read, starts};
use crate::advisory::Index;
use crate::git::commit_tree::CommitTree;
use crate::git::line_history::{KeyReader, LineHistories};
use crate::git::listing::{Content, Listing};
use crate::git::{ObjectId, Repository, TrackedKind};
use crate::lockfile::Format;
use crate::model::Failure;
use crate::model::grid::{HistoryEntry, ReleaseLine, Standing};
use crate::model::lines::short_name;
use crate::model::{Advisory, Tree as _, TreePath};

/// So many lines are told of: each may have held everything, in every tag.
const MAX_LINES: usize = 50;

/// What the lines held, and what a person should know about the answer.
pub struct History {
    /// By line, package and beginning.
    pub holdings: Vec<HistoryEntry>,
    /// Sentences.
    pub warnings: Vec<String>,
    /// What the commits of each line itself locked, by advisory.
    pub past: Vec<LinePast>,
    /// The advisories that some commit was affected by, by id: of several with one id, the worst.
    pub advisories: BTreeMap<String, Arc<Advisory>>,
}

/// Reads the history of every line of `columns`, those that are not scanned any more among them.
///
/// # Errors
/// A [`Failure`] of incompleteness where objects are missing or the index is damaged.
pub fn history(found: &DiscoveredTree, columns: &Columns, index: &Index) -> Result<History, Failure> {
    let Some(repository) = &found.repository else {
        return Ok(History {
            holdings: Vec::new(),
            warnings: Vec::new(),
            past: Vec::new(),
            advisories: BTreeMap::new(),
        });
    };
    let listing = Listing::new(repository, &is_wanted);
    let judging = HistoryScan {
        found,
        repository,
        listing: &listing,
        judge: judge::Matcher::by(index, judge::Keep::Matches),
        known: RwLock::default(),
        sets: Mutex::default(),
        lists: Lists::default(),
        beside: Mutex::default(),
        damage: Mutex::default(),
        unread: Mutex::default(),
        advisories: Mutex::default(),
    };
    let mut histories = LineHistories::new(repository, &listing, &judging).map_err(Failure::from)?;
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
    let mut past = Vec::new();
    let mut holdings = Vec::new();
    let mut warnings = Vec::new();
    let ever: Vec<&ReleaseLine> = columns.chosen.ever().collect();
    if ever.len() > MAX_LINES {
        warnings.push(format!(
            "The history covers {MAX_LINES} of {} release lines, live ones first; name the others with --refs.",
            ever.len()
        ));
    }
    let (live, out): (Vec<&ReleaseLine>, Vec<&ReleaseLine>) =
        ever.into_iter().partition(|line| line.standing == Standing::Live);
    for line in live.into_iter().chain(out).take(MAX_LINES) {
        let Some(tip) = commits.get(line.ref_name.as_str()) else {
            continue;
        };
        let line_history = histories.of(*tip, &tags).map_err(Failure::from)?;
        for end in &line_history.cut_at {
            warnings.push(format!(
                "The history of {} is cut at {end}: what was held before is not known. Fetch it all (`git fetch --unshallow`, \
                 or `fetch-depth: 0`).",
                short_name(&line.ref_name)
            ));
        }
        past.push(LinePast::of(&line.ref_name, &histories.line(*tip)));
        holdings.extend(line_history.presences.into_iter().filter_map(|presence| {
            let held = presence.key.advisory()?;
            Some(HistoryEntry {
                ids: held.ids.clone(),
                package: held.purl.clone(),
                ref_name: line.ref_name.clone(),
                introduced_by: presence.introduced_by.to_string(),
                removed_by: presence.removed_by.map(|commit| commit.to_string()),
                tags: presence.tags,
            })
        }));
    }
    if let Some(damage) = taken(judging.damage) {
        return Err(Failure::incomplete(
            damage,
            "Build the advisory database again with `lockkeeper db build` or `lockkeeper db update`.",
        ));
    }
    let unread: BTreeSet<TreePath> = taken(judging.unread);
    for path in unread {
        let what = match path == TreePath::root() {
            true => "tree".to_owned(),
            false => path.to_string(),
        };
        warnings.push(format!(
            "Some commit holds a {what} that cannot be read in whole: what it held there may be missing here."
        ));
    }
    Ok(History {
        holdings,
        warnings,
        past,
        advisories: taken(judging.advisories),
    })
}

fn taken<T>(shared: Mutex<T>) -> T {
    shared.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What lockfiles hold, each judged once.
struct HistoryScan<'a> {
    found: &'a DiscoveredTree,
    repository: &'a Arc<Repository>,
    listing: &'a Listing<'a>,
    judge: judge::Matcher<'a>,
    known: RwLock<HashMap<Identity, Readings<LockedSet>>>,
    /// Each set of flaws that some lockfile held, once.
    sets: Mutex<BTreeSet<LockedSet>>,
    lists: Lists,
    /// Paths that were asked about and that no list tells of.
    beside: Mutex<BTreeSet<TreePath>>,
    damage: Mutex<Option<String>>,
    /// Lockfiles of which some version cannot be read.
    unread: Mutex<BTreeSet<TreePath>>,
    advisories: Mutex<BTreeMap<String, Arc<Advisory>>>,
}

/// What a lockfile holds.
type LockedSet = Arc<BTreeSet<Key>>;

impl KeyReader<Key> for HistoryScan<'_> {
    fn keys(&self, content: Content, tree: ObjectId) -> BTreeSet<Key> {
        let Ok(tree) = self.repository.commit_tree(tree, FILE_LIMIT) else {
            lock(&self.unread).insert(TreePath::root());
            return BTreeSet::from([Key::Unread(None)]);
        };
        let prefix = &self.found.prefix;
        let tree = tree
            .below(prefix.clone())
            .listed_by(self.listing, content, is_wanted);
        let shape = recording_tree::shape(&tree);
        let mut flaws = BTreeSet::new();
        for file in self.listing.list(content).files() {
            let Some(path) = relative(prefix, &file.path) else {
                continue;
            };
            if self.found.only.as_ref().is_some_and(|only| *only != path) || self.found.is_excluded(&path) {
                continue;
            }
            match file.kind {
                TrackedKind::File => {}
                TrackedKind::Link | TrackedKind::Refused => {
                    if let Some(reader) = reader_in(prefix, &path)
                        && !self.is_read_elsewhere(&path, &tree)
                    {
                        flaws.insert(Key::Unread(match reader {
                            Reader::Format(format) => Some(format.ecosystem()),
                            Reader::Unsupported(_) => None,
                        }));
                        lock(&self.unread).insert(path);
                    }
                    continue;
                }
                TrackedKind::Submodule => continue,
            }
            let reader = reader_in(prefix, &path).or_else(|| starts::reader(&path, &tree));
            let Some(Reader::Format(format)) = reader else {
                continue;
            };
            let identity = (path, FileId::Blob(file.id), shape);
            let held = self
                .known(&identity, &tree)
                .unwrap_or_else(|| self.read(identity, format, &tree));
            flaws.extend(held.iter().cloned());
        }
        flaws
    }

    fn beside(&self) -> BTreeSet<TreePath> {
        lock(&self.beside).clone()
    }
}

impl HistoryScan<'_> {
    /// `path` is a link to a lockfile of the tree, which is read where it lies.
    fn is_read_elsewhere(&self, path: &TreePath, tree: &CommitTree) -> bool {
        let target = tree.leads_to(path);
        target
            .and_then(|target| relative(&self.found.prefix, &target))
            .is_some_and(|target| reader_in(&self.found.prefix, &target).is_some())
    }

    /// What the lockfile holds, if it was read in a tree that answers like `tree`.
    fn known(&self, identity: &Identity, tree: &CommitTree) -> Option<LockedSet> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(identity)?.get(Known::of(tree))
    }

    /// Reads the lockfile that is known by `identity`, and keeps what it holds.
    fn read(&self, identity: Identity, format: &'static dyn Format, tree: &CommitTree) -> LockedSet {
        let path = &identity.0;
        let asked = RecordingTree::new(tree, Some(tree), Places::Left);
        // A bug in a reader costs its file.
        let read = catch_unwind(AssertUnwindSafe(|| {
            read::one(&asked, path, format, |opened| self.judge.judge(opened))
        }));
        let (mut held, readable) = match read {
            Ok(Some((judged, readable))) => {
                if let Some(damage) = judged.damage {
                    *lock(&self.damage) = Some(damage);
                }
                let flaws = judged.findings.into_iter().map(|finding| {
                    self.keep(&finding.advisory);
                    Key::Affected(Arc::new(AdvisoryOfPackage {
                        purl: finding.purl.clone(),
                        ids: std::iter::once(finding.advisory.id.clone())
                            .chain(finding.advisory.aliases.iter().cloned())
                            .collect(),
                        ecosystem: finding.ecosystem.clone(),
                    }))
                });
                (flaws.collect::<BTreeSet<Key>>(), readable)
            }
            Ok(None) | Err(_) => (BTreeSet::new(), false),
        };
        if !readable {
            held.insert(Key::Unread(Some(format.ecosystem())));
            lock(&self.unread).insert(path.clone());
        }
        let held = self.shared(Arc::new(held));
        let beside = asked.paths().into_iter().filter_map(|path| tree.beside(&path));
        lock(&self.beside).extend(beside);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known
            .entry(identity)
            .or_default()
            .keep(Known::of(tree), asked, &self.lists, held.clone());
        held
    }

    /// Remembers an advisory: whichever lockfile is read first, the worst of those with one id stays.
    fn keep(&self, advisory: &Arc<Advisory>) {
        let order = |advisory: &Advisory| {
            (
                advisory.rank_order(),
                advisory.published,
                advisory.aliases.clone(),
            )
        };
        let mut known = lock(&self.advisories);
        let kept = known
            .entry(advisory.id.clone())
            .or_insert_with(|| Arc::clone(advisory));
        if order(advisory) < order(kept) {
            *kept = Arc::clone(advisory);
        }
    }

    /// The same set as the one that is known already.
    fn shared(&self, held: LockedSet) -> LockedSet {
        let mut sets = lock(&self.sets);
        if let Some(known) = sets.get(&held) {
            return known.clone();
        }
        sets.insert(held.clone());
        held
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
