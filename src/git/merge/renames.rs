//! Which files a side renamed: equal ones first, then those that kept their name and most of their content, then the most
//! similar ones. As git's merges do, only deleted files are compared whose rename matters.

use std::collections::{BTreeMap, HashMap};

use gix::bstr::{BStr, BString, ByteSlice as _, ByteVec as _};

use super::super::error::GitError;
use super::collect::{FolderRelevance, Moves, Relevance, Single};
use super::objects::{Objects, Sort};
use super::similar::{MAX_SCORE, Pieces};

/// A file that a side added, maybe by a rename.
#[derive(Debug, Clone)]
pub(super) struct Added {
    pub(super) path: BString,
    /// Where it was before.
    pub(super) from: Option<BString>,
}

/// What a side renamed.
pub(super) struct Renames {
    /// Files that it added, in the order of the walk.
    pub(super) added: Vec<Added>,
    /// How many files went from each folder to which others.
    pub(super) folders: FolderCounts,
}

/// How many files went from a folder to another one.
pub(super) type FolderCounts = BTreeMap<BString, BTreeMap<BString, usize>>;

/// Files are alike from this score on.
const MIN_SCORE: u64 = MAX_SCORE / 2;
/// Files that kept their name are alike from this score on.
const MIN_SCORE_OF_NAME: u64 = MIN_SCORE + MAX_SCORE / 4;
/// At most this many pairs are compared; where there are more, only equal files and those that kept their name are renames.
const MAX_PAIRS: usize = 4_000_000;
/// So many of the most similar sources are kept for each added file.
const CANDIDATES: usize = 4;

/// The renames of a side.
pub(super) fn find(objects: &Objects, moves: &mut Moves) -> Result<Renames, GitError> {
    let added = std::mem::take(&mut moves.added);
    let plain = |single: &Single| Added {
        path: single.path.clone(),
        from: None,
    };
    if moves.relevant.is_empty() || added.is_empty() {
        return Ok(Renames {
            added: added.iter().map(plain).collect(),
            folders: FolderCounts::new(),
        });
    }
    let empty = gix::ObjectId::empty_blob(objects.hash());
    let is_compared = |single: &Single| single.version.id != empty;
    let mut search = Search {
        objects,
        sources: moves.deleted.iter().filter(|file| is_compared(file)).collect(),
        used: Default::default(),
        targets: added.iter().filter(|file| is_compared(file)).collect(),
        from: HashMap::new(),
        pieces: HashMap::new(),
        folders: &mut moves.folders,
        counts: FolderCounts::new(),
        is_counting: false,
    };
    search.equal();
    search.keep_relevant(&moves.relevant);
    search.count_equal();
    search.same_names()?;
    search.keep_relevant(&moves.relevant);
    search.drop_decided(&moves.relevant);
    search.similar()?;
    let folders = &search.folders;
    let mut counts = search.counts;
    counts.retain(|folder, _| is_relevant(folders, folder.as_bstr()));
    let from = search.from;
    let added = added.iter().map(|single| Added {
        path: single.path.clone(),
        from: from.get(&single.path).cloned(),
    });
    Ok(Renames {
        added: added.collect(),
        folders: counts,
    })
}

/// A path without its last part; empty at the top.
pub(super) fn folder_of(path: &BStr) -> &BStr {
    let end = path.rfind_byte(b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default().as_bstr()
}

/// The last part of a path.
fn name_of(path: &BStr) -> &BStr {
    let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    path.get(start..).unwrap_or_default().as_bstr()
}

fn is_relevant(folders: &HashMap<BString, FolderRelevance>, folder: &BStr) -> bool {
    relevance(folders, folder) != FolderRelevance::None
}

fn relevance(folders: &HashMap<BString, FolderRelevance>, folder: &BStr) -> FolderRelevance {
    folders.get(folder).copied().unwrap_or(FolderRelevance::None)
}

struct Search<'s> {
    objects: &'s Objects,
    /// Deleted files.
    sources: Vec<&'s Single>,
    used: std::collections::HashSet<BString>,
    /// Added files.
    targets: Vec<&'s Single>,
    /// Where each renamed file was.
    from: HashMap<BString, BString>,
    /// Of each object that was compared; `None` where it is too large.
    pieces: HashMap<gix::ObjectId, Option<Pieces>>,
    folders: &'s mut HashMap<BString, FolderRelevance>,
    counts: FolderCounts,
    /// Each further rename is counted.
    is_counting: bool,
}

impl Search<'_> {
    fn pair(&mut self, source: &Single, target: &Single) {
        self.used.insert(source.path.clone());
        self.from.insert(target.path.clone(), source.path.clone());
        if self.is_counting {
            self.count(source.path.as_bstr(), target.path.as_bstr());
        }
    }

    /// Pairs files with the same object.
    fn equal(&mut self) {
        let mut by_object: HashMap<gix::ObjectId, Vec<usize>> = HashMap::new();
        for (at, source) in self.sources.iter().enumerate() {
            by_object.entry(source.version.id).or_default().push(at);
        }
        for target in self.targets.clone() {
            let candidates = by_object.get(&target.version.id).cloned().unwrap_or_default();
            let mut best: Option<(usize, bool)> = None;
            for (looked_at, at) in candidates.into_iter().enumerate() {
                let source = self.sources[at];
                let are_files = source.version.sort() == Sort::File && target.version.sort() == Sort::File;
                let is_kept = name_of(source.path.as_bstr()) == name_of(target.path.as_bstr());
                let is_usable = are_files || source.version.mode == target.version.mode;
                if !self.used.contains(&source.path)
                    && is_usable
                    && best.is_none_or(|(_, before)| is_kept && !before)
                {
                    best = Some((at, is_kept));
                    if is_kept {
                        break;
                    }
                }
                if looked_at > 100 {
                    break;
                }
            }
            if let Some((at, _)) = best {
                self.pair(self.sources[at], target);
            }
        }
    }

    /// Leaves out deleted files that are used, and those whose rename does not matter.
    fn keep_relevant(&mut self, relevant: &HashMap<BString, Relevance>) {
        let used = &self.used;
        self.sources
            .retain(|source| !used.contains(&source.path) && relevant.contains_key(&source.path));
    }

    /// Counts where folders went, by the renames so far and from now on.
    fn count_equal(&mut self) {
        self.is_counting = true;
        let targets = self.targets.clone();
        for target in targets {
            if let Some(from) = self.from.get(&target.path).cloned() {
                self.count(from.as_bstr(), target.path.as_bstr());
            }
        }
    }

    /// A rename of a file says where its folder went, and, as far as the ends of both are alike, the folders above.
    fn count(&mut self, old: &BStr, new: &BStr) {
        let (mut old, mut new) = (old, new);
        let mut is_first = true;
        loop {
            let (old_folder, new_folder) = (folder_of(old), folder_of(new));
            if !self.folders.contains_key(old_folder) {
                return;
            }
            if !is_first && name_of(old) != name_of(new) {
                return;
            }
            let relevance = relevance(self.folders, old_folder);
            if relevance == FolderRelevance::Itself || is_first {
                let counts = self.counts.entry(old_folder.to_owned()).or_default();
                *counts.entry(new_folder.to_owned()).or_default() += 1;
            }
            is_first = false;
            if relevance == FolderRelevance::None || old_folder.is_empty() || new_folder.is_empty() {
                return;
            }
            (old, new) = (old_folder, new_folder);
        }
    }

    /// Pairs files that kept their name, if only one deleted and one added file has it, or if their folder is known to have
    /// gone there.
    fn same_names(&mut self) -> Result<(), GitError> {
        let mut by_name: [HashMap<BString, Option<usize>>; 2] = Default::default();
        let mut note = |side: usize, path: &BString, at: usize| {
            let name = name_of(path.as_bstr()).to_owned();
            by_name[side]
                .entry(name)
                .and_modify(|known| *known = None)
                .or_insert(Some(at));
        };
        for (at, source) in self.sources.iter().enumerate() {
            note(0, &source.path, at);
        }
        let mut by_path: HashMap<BString, usize> = HashMap::new();
        for (at, target) in self.targets.iter().enumerate() {
            if !self.from.contains_key(&target.path) {
                note(1, &target.path, at);
                by_path.insert(target.path.clone(), at);
            }
        }
        let guesses: HashMap<BString, BString> = self
            .counts
            .iter()
            .filter_map(|(folder, counts)| {
                let mut best: Option<(&BString, usize)> = None;
                for (target, count) in counts {
                    if best.is_none_or(|(_, before)| *count > before) {
                        best = Some((target, *count));
                    }
                }
                Some((folder.clone(), best?.0.clone()))
            })
            .collect();
        for source in self.sources.clone() {
            let name = name_of(source.path.as_bstr());
            let Some(unique) = by_name[1].get(name).copied() else {
                continue;
            };
            let is_unique = by_name[0].get(name).is_some_and(Option::is_some);
            let target = match unique.filter(|_| is_unique) {
                Some(target) => Some(target),
                None => guesses.get(folder_of(source.path.as_bstr())).and_then(|folder| {
                    let mut path = folder.clone();
                    if !path.is_empty() {
                        path.push_byte(b'/');
                    }
                    path.push_str(name);
                    by_path.get(&path).copied()
                }),
            };
            let Some(target) = target.map(|target| self.targets[target]) else {
                continue;
            };
            if self.from.contains_key(&target.path) {
                continue;
            }
            if self.score(source, target, MIN_SCORE_OF_NAME)? >= MIN_SCORE_OF_NAME {
                self.pair(source, target);
            }
        }
        Ok(())
    }

    /// Leaves out deleted files that only show where a folder went, if that is settled by the others.
    fn drop_decided(&mut self, relevant: &HashMap<BString, Relevance>) {
        let mut unknown: HashMap<BString, usize> = HashMap::new();
        for source in &self.sources {
            let mut folder = folder_of(source.path.as_bstr());
            while !folder.is_empty() && is_relevant(self.folders, folder) {
                *unknown.entry(folder.to_owned()).or_default() += 1;
                folder = folder_of(folder);
            }
        }
        for (folder, counts) in &self.counts {
            let (mut most, mut second) = (0, 0);
            for count in counts.values().copied() {
                if count >= most {
                    (most, second) = (count, most);
                } else {
                    second = second.max(count);
                }
            }
            let unknown = unknown.get(folder).copied().unwrap_or(0);
            if let Some(relevance) = self.folders.get_mut(folder)
                && *relevance == FolderRelevance::Itself
                && most > second + unknown
            {
                *relevance = FolderRelevance::Ancestor;
            }
        }
        let folders = &self.folders;
        self.sources.retain(|source| {
            if relevant.get(&source.path) != Some(&Relevance::Location) {
                return true;
            }
            let mut folder = folder_of(source.path.as_bstr());
            loop {
                match relevance(folders, folder) {
                    FolderRelevance::None => return false,
                    FolderRelevance::Itself => return true,
                    FolderRelevance::Ancestor if folder.is_empty() => return false,
                    FolderRelevance::Ancestor => folder = folder_of(folder),
                }
            }
        });
    }

    /// Pairs the most similar files of all that are left.
    fn similar(&mut self) -> Result<(), GitError> {
        let from = &self.from;
        let left = self
            .targets
            .iter()
            .filter(|target| !from.contains_key(&target.path));
        let targets: Vec<&Single> = left.copied().collect();
        if targets.len().saturating_mul(self.sources.len()) > MAX_PAIRS {
            return Ok(());
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        for (target_at, target) in targets.iter().enumerate() {
            let mut best: [Option<Candidate>; CANDIDATES] = [None; CANDIDATES];
            for source_at in 0..self.sources.len() {
                let source = self.sources[source_at];
                let candidate = Candidate {
                    score: self.score(source, target, MIN_SCORE)?,
                    is_name_kept: name_of(source.path.as_bstr()) == name_of(target.path.as_bstr()),
                    source: source_at,
                    target: target_at,
                };
                let mut worst = 0;
                for at in 1..CANDIDATES {
                    if Candidate::rank(best[at]) < Candidate::rank(best[worst]) {
                        worst = at;
                    }
                }
                if Candidate::rank(best[worst]) < Candidate::rank(Some(candidate)) {
                    best[worst] = Some(candidate);
                }
            }
            candidates.extend(best.into_iter().flatten());
        }
        candidates.sort_by_key(|candidate| std::cmp::Reverse(Candidate::rank(Some(*candidate))));
        for candidate in candidates {
            let (source, target) = (self.sources[candidate.source], targets[candidate.target]);
            if candidate.score < MIN_SCORE {
                break;
            }
            if !self.from.contains_key(&target.path) && !self.used.contains(&source.path) {
                self.pair(source, target);
            }
        }
        Ok(())
    }

    fn score(&mut self, source: &Single, target: &Single, minimum: u64) -> Result<u64, GitError> {
        if source.version.sort() != Sort::File || target.version.sort() != Sort::File {
            return Ok(0);
        }
        for id in [source.version.id, target.version.id] {
            if !self.pieces.contains_key(&id) {
                let bytes = self.objects.blob(id)?;
                self.pieces.insert(id, bytes.map(|bytes| Pieces::of(&bytes)));
            }
        }
        let pieces = |id| self.pieces.get(id).and_then(Option::as_ref);
        Ok(match (pieces(&source.version.id), pieces(&target.version.id)) {
            (Some(source), Some(target)) => source.score(target, minimum),
            (_, _) => 0,
        })
    }
}

/// A deleted file that an added one may come from.
#[derive(Clone, Copy)]
struct Candidate {
    score: u64,
    is_name_kept: bool,
    source: usize,
    target: usize,
}

impl Candidate {
    fn rank(candidate: Option<Self>) -> Option<(u64, bool)> {
        candidate.map(|candidate| (candidate.score, candidate.is_name_kept))
    }
}
