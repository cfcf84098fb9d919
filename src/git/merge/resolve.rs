//! Renames change which versions stand at which path; then each path gets its result.

use std::collections::{BTreeMap, BTreeSet};

use gix::bstr::{BStr, BString, ByteSlice as _, ByteVec as _};

use super::super::error::GitError;
use super::collect::{BASE, Info, Reason};
use super::content::Entries;
use super::folders::Renamed;
use super::objects::{Sort, Version};

/// A path that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unresolved {
    pub(super) path: BString,
    pub(super) reason: Reason,
    /// Base, ours, theirs.
    pub(super) versions: [Version; 3],
    /// The path of each version.
    pub(super) names: [BString; 3],
}

/// What each path becomes.
pub(super) struct Resolved {
    pub(super) results: BTreeMap<BString, Version>,
    pub(super) unresolved: Vec<Unresolved>,
}

/// Markers inside of markers are longer by this.
const NESTED: usize = 1;

/// Puts the versions of renamed files where they belong.
pub(super) fn rename(
    paths: &mut BTreeMap<BString, Info>,
    renamed: &[Renamed],
    entries: &mut Entries<'_>,
) -> Result<(), GitError> {
    let mut following = renamed.iter().peekable();
    while let Some(rename) = following.next() {
        let Some(old) = paths.get(&rename.from).filter(|old| !old.is_clean).cloned() else {
            continue;
        };
        if let Some(other) = following.next_if(|next| next.from == rename.from) {
            both_renamed(paths, &old, [rename, other], entries)?;
        } else {
            one_renamed(paths, old, rename, entries)?;
        }
    }
    Ok(())
}

/// Both sides renamed one file.
fn both_renamed(
    paths: &mut BTreeMap<BString, Info>,
    old: &Info,
    renames: [&Renamed; 2],
    entries: &mut Entries<'_>,
) -> Result<(), GitError> {
    let [from, one, two] = [&renames[0].from, &renames[0].to, &renames[1].to];
    if one == two {
        // Markers name no paths here, as those of git do not.
        if let Some(target) = paths.get_mut(one) {
            target.versions[BASE] = old.versions[BASE];
            target.files |= 1;
        }
        settle(paths, from);
        return Ok(());
    }
    let version = |paths: &BTreeMap<BString, Info>, path: &BString, side: usize| {
        paths.get(path).map(|info| info.versions[side])
    };
    let (Some(ours), Some(theirs)) = (version(paths, one, 1), version(paths, two, 2)) else {
        return Ok(());
    };
    if ours.sort() != theirs.sort() {
        return Ok(());
    }
    let names = [from.clone(), one.clone(), two.clone()];
    let merged = entries.merge(
        from.as_bstr(),
        &[old.versions[BASE], ours, theirs],
        &names,
        NESTED,
    )?;
    // Of a binary file each path keeps its own version.
    let is_kept = merged.conflict.is_some() && merged.version == ours;
    for (path, side, version) in [
        (one, 1, merged.version),
        (two, 2, if is_kept { theirs } else { merged.version }),
    ] {
        if let Some(info) = paths.get_mut(path) {
            info.versions[side] = version;
            info.is_path_conflict = true;
            info.reason = Some(Reason::RenameRename);
        }
    }
    if let Some(info) = paths.get_mut(from) {
        info.is_path_conflict = true;
        info.reason = Some(Reason::RenameRename);
    }
    Ok(())
}

/// One side renamed a file.
fn one_renamed(
    paths: &mut BTreeMap<BString, Info>,
    old: Info,
    rename: &Renamed,
    entries: &mut Entries<'_>,
) -> Result<(), GitError> {
    let (side, other) = (rename.side, 3 - rename.side);
    let other_bit = 1_u8 << other;
    let Some(target) = paths.get(&rename.to).cloned() else {
        return Ok(());
    };
    let is_deleted = old.files == 1;
    let is_file = |version: Version| version.sort() == Sort::File;
    let is_type_changed = !is_deleted && is_file(old.versions[other]) != is_file(target.versions[side]);
    let is_collision = target.files & other_bit != 0 && !is_type_changed;
    let mut new = target;
    match (is_collision, is_deleted) {
        (true, false) => {
            let mut names = [rename.from.clone(), rename.from.clone(), rename.from.clone()];
            names[side] = rename.to.clone();
            let mut versions = [old.versions[BASE], old.versions[other], old.versions[other]];
            versions[side] = new.versions[side];
            if versions[1].sort() == versions[2].sort() {
                let merged = entries.merge(rename.from.as_bstr(), &versions, &names, NESTED)?;
                new.versions[side] = merged.version;
                if merged.conflict.is_some() {
                    new.reason = Some(Reason::RenameCollision);
                }
            }
        }
        (true, true) => {
            new.is_path_conflict = true;
            new.reason = Some(Reason::RenameDelete);
        }
        (false, _) => {
            new.versions[BASE] = old.versions[BASE];
            new.files |= 1;
            new.names[BASE] = rename.from.clone();
            if is_type_changed {
                if let Some(info) = paths.get_mut(&rename.from) {
                    info.versions[BASE] = Version::nothing(old.versions[BASE].id.kind());
                    info.files &= 6;
                }
            } else if is_deleted {
                new.is_path_conflict = true;
                new.reason = new.reason.or(Some(Reason::RenameDelete));
            } else {
                new.versions[other] = old.versions[other];
                new.files |= other_bit;
                new.names[other] = rename.from.clone();
            }
        }
    }
    paths.insert(rename.to.clone(), new);
    if !is_type_changed {
        settle(paths, &rename.from);
    }
    Ok(())
}

/// Nothing stays at a path.
fn settle(paths: &mut BTreeMap<BString, Info>, path: &BString) {
    if let Some(info) = paths.get_mut(path) {
        info.is_clean = true;
        info.result = Version::nothing(info.result.id.kind());
    }
}

/// Gives each path its result, those in folders before the folders.
pub(super) fn resolve(
    paths: BTreeMap<BString, Info>,
    entries: &mut Entries<'_>,
) -> Result<Resolved, GitError> {
    let taken: BTreeSet<BString> = paths.keys().cloned().collect();
    let mut paths_left = Paths {
        taken,
        filled: BTreeSet::new(),
        resolved: Resolved {
            results: BTreeMap::new(),
            unresolved: Vec::new(),
        },
    };
    for (path, info) in paths.into_iter().rev() {
        if info.is_clean {
            // An unchanged folder counts as what fills the folders above.
            paths_left.put(path, info.result);
        } else {
            paths_left.entry(path, info, entries)?;
        }
    }
    paths_left.resolved.unresolved.reverse();
    Ok(paths_left.resolved)
}

struct Paths {
    /// Paths that are known, so that none is used twice.
    taken: BTreeSet<BString>,
    /// Folders in which something stays.
    filled: BTreeSet<BString>,
    resolved: Resolved,
}

impl Paths {
    fn put(&mut self, path: BString, version: Version) {
        if version.mode != 0 {
            let mut end = path.len();
            while let Some(slash) = path.get(..end).and_then(|path| path.rfind_byte(b'/')) {
                if !self.filled.insert(path.get(..slash).unwrap_or_default().into()) {
                    break;
                }
                end = slash;
            }
        }
        self.resolved.results.insert(path, version);
    }

    /// A path beside `path` that nothing has, named after a side.
    fn free(&mut self, path: &BStr, label: &str) -> BString {
        let mut name = path.to_owned();
        name.push_byte(b'~');
        name.push_str(label.replace('/', "_"));
        let mut free = name.clone();
        let mut number = 0;
        while !self.taken.insert(free.clone()) {
            free = name.clone();
            free.push_str(format!("_{number}"));
            number += 1;
        }
        free
    }

    fn unresolved(&mut self, path: &BString, info: &Info, reason: Reason) {
        self.resolved.unresolved.push(Unresolved {
            path: path.clone(),
            reason: info.reason.unwrap_or(reason),
            versions: info.versions,
            names: info.names.clone(),
        });
    }

    fn entry(&mut self, path: BString, mut info: Info, entries: &mut Entries<'_>) -> Result<(), GitError> {
        if info.files == 0 {
            return Ok(());
        }
        let mut path = path;
        let is_folder_there = info.folders != 0 && self.filled.contains(&path);
        let folders = info.folders;
        if info.folders != 0 {
            if is_folder_there && info.files == 1 {
                return Ok(());
            }
            info.matches &= !info.folders;
            info.folders = 0;
            for side in 0..3 {
                if info.files & (1 << side) == 0 {
                    info.versions[side] = Version::nothing(info.versions[side].id.kind());
                }
            }
        }
        let mut is_open = info.is_path_conflict;
        let mut other_reason = Reason::Content;
        if is_folder_there {
            let label = match folders & 2 != 0 {
                true => &entries.labels.theirs,
                false => &entries.labels.ours,
            };
            path = self.free(path.as_bstr(), label);
            is_open = true;
            other_reason = Reason::FileFolder;
            info.reason = Some(Reason::FileFolder);
        }
        let [base, ours, theirs] = info.versions;
        let nothing = Version::nothing(base.id.kind());
        if info.matches != 0 {
            let result = match info.matches {
                3 => theirs,
                _ => ours,
            };
            if is_open && result.mode != 0 {
                self.unresolved(&path, &info, other_reason);
            }
            self.put(path, result);
            return Ok(());
        }
        match info.files {
            6 | 7 if ours.sort() != theirs.sort() => self.kinds(path, info, entries),
            6 | 7 => {
                let merged = entries.merge(path.as_bstr(), &info.versions, &info.names, 0)?;
                let reason = match merged.conflict {
                    Some(Reason::Content) if base.mode == 0 => Some(Reason::AddAdd),
                    reason => reason,
                };
                if is_open || reason.is_some() {
                    self.unresolved(&path, &info, reason.unwrap_or(other_reason));
                }
                self.put(path, merged.version);
            }
            3 | 5 => {
                let result = if info.files == 5 { theirs } else { ours };
                self.unresolved(&path, &info, Reason::ModifyDelete);
                self.put(path, result);
            }
            2 | 4 => {
                let result = if info.files == 4 { theirs } else { ours };
                if is_open {
                    self.unresolved(&path, &info, other_reason);
                }
                self.put(path, result);
            }
            _ => {
                if is_open {
                    self.unresolved(&path, &info, other_reason);
                }
                self.put(path, nothing);
            }
        }
        Ok(())
    }

    /// The sides have different kinds of entry at a path: files move beside it.
    fn kinds(&mut self, path: BString, info: Info, entries: &Entries<'_>) {
        let [base, ours, theirs] = info.versions;
        let nothing = Version::nothing(base.id.kind());
        let (is_ours_moved, is_theirs_moved) = match (ours.sort(), theirs.sort()) {
            (Sort::File, _) => (true, false),
            (_, Sort::File) => (false, true),
            (_, _) => (true, true),
        };
        for (side, version, is_moved, label) in [
            (1, ours, is_ours_moved, &entries.labels.ours),
            (2, theirs, is_theirs_moved, &entries.labels.theirs),
        ] {
            let path = if is_moved {
                self.free(path.as_bstr(), label)
            } else {
                path.clone()
            };
            let mut alone = info.clone();
            alone.versions = [nothing; 3];
            alone.versions[side] = version;
            if base.sort() == version.sort() {
                alone.versions[BASE] = base;
            }
            alone.reason = Some(Reason::Kinds);
            self.unresolved(&path, &alone, Reason::Kinds);
            self.put(path, version);
        }
        if is_ours_moved && is_theirs_moved {
            self.put(path, nothing);
        }
    }
}
