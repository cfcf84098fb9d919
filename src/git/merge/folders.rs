//! Where whole folders went: files that one side adds to a folder which the other side renamed follow it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use gix::bstr::{BStr, BString, ByteSlice as _, ByteVec as _};

use super::collect::{Info, Reason};
use super::objects::Version;
use super::renames::{FolderCounts, Renames, folder_of};

/// Folders of a side and where they went.
type Moved = BTreeMap<BString, BString>;

/// A file of one side that was renamed, by that side or with its folder by the other one.
#[derive(Debug, Clone)]
pub(super) struct Renamed {
    /// Where the base has it, or where it was added.
    pub(super) from: BString,
    pub(super) to: BString,
    /// 1 is ours, 2 is theirs.
    pub(super) side: usize,
}

/// What folders mean for the renames of both sides.
pub(super) struct Followed {
    /// In the order of the paths that they come from; equal ones: ours first.
    pub(super) renamed: Vec<Renamed>,
    /// Paths at which it is not clear where files belong.
    pub(super) unclear: BTreeSet<BString>,
    /// Paths that a file has left with its folder.
    pub(super) left: Vec<BString>,
}

/// Applies the folders that each side renamed to the files that the other side added, also in `paths`.
pub(super) fn follow(paths: &mut BTreeMap<BString, Info>, sides: [&Renames; 2]) -> Followed {
    let mut unclear = BTreeSet::new();
    let mut moved = sides.map(|side| moved(&side.folders, &mut unclear));
    let both: Vec<BString> = moved[0]
        .keys()
        .filter(|folder| moved[1].contains_key(*folder))
        .cloned()
        .collect();
    for folder in both {
        for moved in &mut moved {
            moved.remove(&folder);
        }
    }
    // Which files of a side would go to the same path with their folders.
    let collisions = [0, 1].map(|side| {
        let mut collisions: HashMap<BString, BTreeSet<BString>> = HashMap::new();
        for added in &sides[side].added {
            if let Some((folder, to)) = renamed_folder(added.path.as_bstr(), &moved[1 - side]) {
                let path = followed(added.path.as_bstr(), folder.as_bstr(), to.as_bstr());
                collisions.entry(path).or_default().insert(added.path.clone());
            }
        }
        collisions
    });
    let mut renamed = Vec::new();
    let mut left = Vec::new();
    for side in [0, 1] {
        let mut reported = HashSet::new();
        for added in &sides[side].added {
            let target = Target {
                side,
                moved: &moved,
                collisions: &collisions,
            };
            let path = match target.of(added.path.as_bstr(), paths, &mut reported) {
                Goes::Nowhere => None,
                Goes::Unclear => {
                    unclear.insert(added.path.clone());
                    None
                }
                Goes::To(path) => Some(path),
            };
            if let Some(path) = &path {
                relocate(paths, &added.path, path, side + 1);
                left.push(added.path.clone());
            }
            if added.from.is_some() || path.is_some() {
                renamed.push(Renamed {
                    from: added.from.clone().unwrap_or_else(|| added.path.clone()),
                    to: path.unwrap_or_else(|| added.path.clone()),
                    side: side + 1,
                });
            }
        }
    }
    renamed.sort_by(|one, other| one.from.cmp(&other.from));
    Followed {
        renamed,
        unclear,
        left,
    }
}

/// Where most files of each folder went. Where two targets have equally many, that is unclear.
fn moved(counts: &FolderCounts, unclear: &mut BTreeSet<BString>) -> Moved {
    let mut moved = Moved::new();
    for (folder, counts) in counts {
        let most = counts.values().copied().max().unwrap_or(0);
        let mut best = counts.iter().filter(|(_, count)| **count == most);
        match (best.next(), best.next()) {
            (Some((target, _)), None) => drop(moved.insert(folder.clone(), target.clone())),
            (Some(_), Some(_)) => drop(unclear.insert(folder.clone())),
            (None, _) => {}
        }
    }
    moved
}

/// The nearest folder above `path` that was renamed.
fn renamed_folder<'m>(path: &BStr, moved: &'m Moved) -> Option<(&'m BString, &'m BString)> {
    let mut folder = folder_of(path);
    while !folder.is_empty() {
        if let Some(found) = moved.get_key_value(folder) {
            return Some(found);
        }
        folder = folder_of(folder);
    }
    None
}

/// `path`, which is in `folder`, where `folder` is `to`.
fn followed(path: &BStr, folder: &BStr, to: &BStr) -> BString {
    let rest = path.get(folder.len() + 1..).unwrap_or_default();
    let mut followed = to.to_owned();
    if !followed.is_empty() {
        followed.push_byte(b'/');
    }
    followed.push_str(rest);
    followed
}

/// Where a file goes with its folder.
enum Goes {
    Nowhere,
    To(BString),
    Unclear,
}

struct Target<'t> {
    /// 0 is ours.
    side: usize,
    moved: &'t [Moved; 2],
    collisions: &'t [HashMap<BString, BTreeSet<BString>>; 2],
}

impl Target<'_> {
    fn of(&self, path: &BStr, paths: &BTreeMap<BString, Info>, reported: &mut HashSet<BString>) -> Goes {
        let other = 1 - self.side;
        if self.moved[other].is_empty() || self.collisions[other].contains_key(path) {
            return Goes::Nowhere;
        }
        let Some((folder, to)) = renamed_folder(path, &self.moved[other]) else {
            return Goes::Nowhere;
        };
        // A folder that this side renamed itself: the file would be moved twice.
        if self.moved[self.side].contains_key(to) {
            return Goes::Nowhere;
        }
        let target = followed(path, folder.as_bstr(), to.as_bstr());
        let bit = 2 << self.side;
        let is_taken = paths
            .get(&target)
            .is_some_and(|info| info.is_clean || (info.files | info.folders) & bit != 0);
        let sources = self.collisions[self.side].get(&target).map_or(0, BTreeSet::len);
        if is_taken || sources > 1 || reported.contains(&target) {
            reported.insert(target);
            return Goes::Unclear;
        }
        Goes::To(target)
    }
}

/// Moves what is known of the file of a side at `from` to `to`.
fn relocate(paths: &mut BTreeMap<BString, Info>, from: &BString, to: &BString, side: usize) {
    let Some(there) = paths.get_mut(from) else {
        return;
    };
    let bit = 1 << side;
    let version = there.versions[side];
    let nothing = Version::nothing(version.id.kind());
    let mut moved = Info {
        versions: [nothing; 3],
        files: bit,
        folders: 0,
        matches: 0,
        ..there.clone()
    };
    moved.versions[side] = version;
    there.files &= !bit;
    there.versions[side] = nothing;
    if there.files == 0 && there.folders == 0 {
        paths.remove(from);
    }
    let moved = match paths.get_mut(to) {
        None => paths.entry(to.clone()).or_insert(moved),
        Some(there) => {
            there.files |= bit;
            there.names[side] = moved.names[side].clone();
            there.versions[side] = version;
            there
        }
    };
    moved.is_path_conflict = true;
    moved.reason = Some(Reason::FolderRenamed);
}
