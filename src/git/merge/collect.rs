//! Walks three trees at once and keeps every path that is not settled by a look at its three versions, with what the search
//! for renames needs: files that came or went on a side, and for which of them a rename would matter.

use std::collections::{BTreeMap, HashMap};

use gix::bstr::{BString, ByteVec as _};

use super::super::error::GitError;
use super::objects::{self, Objects, Sort, Version};

/// Index of the base among three versions; the sides are 1 and 2, and their bits 2 and 4.
pub(super) const BASE: usize = 0;

/// A path of the merge.
#[derive(Debug, Clone)]
pub(super) struct Info {
    /// Base, ours, theirs.
    pub(super) versions: [Version; 3],
    /// The path of each version; they differ behind a rename.
    pub(super) names: [BString; 3],
    /// Which of the three are files, links or submodules, as bits.
    pub(super) files: u8,
    /// Which of the three are folders.
    pub(super) folders: u8,
    /// Which versions are equal: 3, 5, 6, or 0.
    pub(super) matches: u8,
    /// Nothing is left to decide.
    pub(super) is_clean: bool,
    /// Where files go is in conflict, whatever is in them.
    pub(super) is_path_conflict: bool,
    /// What the merge puts there; nothing if its mode is 0.
    pub(super) result: Version,
    /// Why the path is in conflict, if that is known before its content is.
    pub(super) reason: Option<Reason>,
}

/// Why a path is in conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Both sides changed the same lines.
    Content,
    /// Both sides added it, with different content.
    AddAdd,
    /// One side changed it, the other deleted it.
    ModifyDelete,
    /// One side renamed it, the other deleted it.
    RenameDelete,
    /// Both sides renamed it, to different paths.
    RenameRename,
    /// A renamed file meets another one at its new path.
    RenameCollision,
    /// A file of one side is a folder of the other.
    FileFolder,
    /// The sides have different kinds of entry there: file, link, submodule.
    Kinds,
    /// A binary file, or one that is too large, was changed by both sides.
    Binary,
    /// Both sides set a link to different targets.
    Link,
    /// Both sides set a submodule to different commits.
    Submodule,
    /// It was put into a folder that the other side renamed.
    FolderRenamed,
    /// Folders were renamed in a way that leaves open where it belongs.
    FolderUnclear,
    /// The two sides set different modes.
    Mode,
}

/// A file that a side has and the base has not, or the other way round.
#[derive(Debug, Clone)]
pub(super) struct Single {
    pub(super) path: BString,
    pub(super) version: Version,
}

/// Why a rename of a deleted file matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relevance {
    /// The other side changed it.
    Content,
    /// It shows where its folder went.
    Location,
}

/// Why it matters where a folder that a side removed went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FolderRelevance {
    None,
    /// For a folder above or below.
    Ancestor,
    /// The other side added a file to it.
    Itself,
}

/// What came and went on a side.
#[derive(Default)]
pub(super) struct Moves {
    pub(super) added: Vec<Single>,
    pub(super) deleted: Vec<Single>,
    pub(super) relevant: HashMap<BString, Relevance>,
    pub(super) folders: HashMap<BString, FolderRelevance>,
}

/// All that the walk kept.
pub(super) struct Collected {
    pub(super) paths: BTreeMap<BString, Info>,
    /// Of side 1 and side 2, with an empty one before them.
    pub(super) moves: [Moves; 3],
}

/// At most this many paths are kept.
const MAX_PATHS: usize = 2_000_000;

/// Walks base, ours and theirs.
pub(super) fn collect(objects: &Objects, trees: [gix::ObjectId; 3]) -> Result<Collected, GitError> {
    let mut walk = Walk {
        objects,
        collected: Collected {
            paths: BTreeMap::new(),
            moves: Default::default(),
        },
        mask: 0,
        later: Default::default(),
        is_putting_off: [false, true, true],
    };
    walk.folder(trees.map(Some), &BString::default(), 0)?;
    for side in [1, 2] {
        walk.is_putting_off[side] = false;
        for folder in std::mem::take(&mut walk.later[side]) {
            walk.mask = folder.mask;
            walk.folder(folder.trees, &folder.path, folder.depth)?;
        }
    }
    Ok(walk.collected)
}

/// A folder that is walked later.
struct Later {
    trees: [Option<gix::ObjectId>; 3],
    path: BString,
    depth: usize,
    mask: u8,
}

struct Walk<'o> {
    objects: &'o Objects,
    collected: Collected,
    /// Where folders above were removed on one side: the bit of the other one, or 7 if files were added there.
    mask: u8,
    /// Folders in which only one side changed something are walked behind all others: of equal files, the search for renames
    /// takes the first.
    later: [Vec<Later>; 3],
    is_putting_off: [bool; 3],
}

const BOTH: u8 = 7;

impl Walk<'_> {
    fn folder(
        &mut self,
        trees: [Option<gix::ObjectId>; 3],
        path: &BString,
        depth: usize,
    ) -> Result<(), GitError> {
        if objects::is_too_deep(depth) {
            return Err(objects::too_deep());
        }
        let nothing = Version::nothing(self.objects.hash());
        let mut entries: BTreeMap<BString, [Version; 3]> = BTreeMap::new();
        for (side, tree) in trees.into_iter().enumerate() {
            let Some(tree) = tree else { continue };
            for (name, version) in self.objects.tree(tree)? {
                entries.entry(name).or_insert([nothing; 3])[side] = version;
            }
        }
        if self.mask == 2 || self.mask == 4 {
            let is_added = entries.values().any(|versions| masks(versions).0 == self.mask);
            if is_added {
                self.mask = BOTH;
            }
        }
        for (name, versions) in entries {
            let mut full = path.clone();
            if !full.is_empty() {
                full.push_byte(b'/');
            }
            full.push_str(&name);
            self.entry(full, path, versions, depth)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        path: BString,
        folder: &BString,
        versions: [Version; 3],
        depth: usize,
    ) -> Result<(), GitError> {
        let (files, folders) = masks(&versions);
        let [base, ours, theirs] = versions;
        let is_there = |version: Version| version.mode != 0;
        let is_same = |one: Version, other: Version| is_there(one) && one == other;
        let (ours_same, theirs_same) = (is_same(ours, base), is_same(theirs, base));
        let sides_same = is_same(ours, theirs);
        let matches = match (ours_same, theirs_same, sides_same) {
            (true, true, _) => 7,
            (true, false, _) => 3,
            (false, true, _) => 5,
            (false, false, true) => 6,
            (false, false, false) => 0,
        };
        let mut info = Info {
            versions,
            names: [path.clone(), path.clone(), path.clone()],
            files,
            folders,
            matches,
            is_clean: false,
            is_path_conflict: false,
            result: Version::nothing(self.objects.hash()),
            reason: None,
        };
        let settled = match matches {
            7 => Some(base),
            6 if files == BOTH => Some(ours),
            3 if files == BOTH => Some(theirs),
            5 if files == BOTH => Some(ours),
            _ => None,
        };
        if self.collected.paths.len() >= MAX_PATHS {
            return Err(GitError::Unsupported(format!(
                "the trees differ at more than {MAX_PATHS} paths"
            )));
        }
        if let Some(settled) = settled {
            info.result = settled;
            info.is_clean = true;
            self.collected.paths.insert(path, info);
            return Ok(());
        }
        let before = self.mask;
        self.moves(&path, folder, &info);
        info.matches &= files;
        self.collected.paths.insert(path.clone(), info);
        if folders != 0 {
            let tree = |version: Version| (version.sort() == Sort::Folder).then_some(version.id);
            let trees = versions.map(tree);
            let changed = match (ours_same, theirs_same) {
                _ if files == 0 && (folders == 2 || folders == 4) => usize::from(folders / 2),
                (true, _) => 2,
                (_, true) => 1,
                (false, false) => BASE,
            };
            if self.mask != BOTH && self.is_putting_off[changed] {
                self.later[changed].push(Later {
                    trees,
                    path,
                    depth: depth + 1,
                    mask: self.mask,
                });
            } else {
                self.folder(trees, &path, depth + 1)?;
            }
        }
        self.mask = before;
        Ok(())
    }

    /// Notes what a path means for renames.
    fn moves(&mut self, path: &BString, folder: &BString, info: &Info) {
        let (files, folders) = (info.files, info.folders);
        let moves = &mut self.collected.moves;
        if self.mask != BOTH && (folders == 3 || folders == 5) {
            self.mask = folders & !1;
        }
        if matches!(folders, 1 | 3 | 5) {
            let absent = (BOTH - folders) >> 1;
            let relevance = match self.mask {
                BOTH => FolderRelevance::Ancestor,
                _ => FolderRelevance::None,
            };
            for side in [1, 2] {
                if absent & side != 0 {
                    moves[usize::from(side)].folders.insert(path.clone(), relevance);
                }
            }
        }
        if self.mask == BOTH && (files == 2 || files == 4) {
            let side = usize::from(3 - (files >> 1));
            moves[side]
                .folders
                .insert(folder.clone(), FolderRelevance::Itself);
        }
        if files == 0 || files == BOTH {
            return;
        }
        for side in [1, 2] {
            let bit = 1 << side;
            let single = |version: Version| Single {
                path: path.clone(),
                version,
            };
            if files & 1 != 0 && files & bit == 0 {
                moves[side].deleted.push(single(info.versions[BASE]));
                let relevance = match (info.matches & files, self.mask) {
                    (0, _) => Some(Relevance::Content),
                    (_, BOTH) => Some(Relevance::Location),
                    (_, _) => None,
                };
                if let Some(relevance) = relevance {
                    moves[side].relevant.insert(path.clone(), relevance);
                }
            }
            if files & 1 == 0 && files & bit != 0 {
                moves[side].added.push(single(info.versions[side]));
            }
        }
    }
}

/// Which versions are files, and which are folders.
fn masks(versions: &[Version; 3]) -> (u8, u8) {
    let mask = |is_counted: &dyn Fn(Sort) -> bool| {
        let bits = versions.iter().zip([1, 2, 4]);
        let counted = bits.filter(|(version, _)| is_counted(version.sort()));
        counted.map(|(_, bit)| bit).sum()
    };
    (
        mask(&|sort| matches!(sort, Sort::File | Sort::Link | Sort::Submodule)),
        mask(&|sort| sort == Sort::Folder),
    )
}
