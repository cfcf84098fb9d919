//! The commits for a release line: those that are carried, as their authors wrote them, then one with the lockfiles as they are
//! planned for the line.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::carry::{Carried, CarriedCommit, State, fits, locked};
use crate::forge::{Author, EntryKind, NewCommit, NewEntry, PathChange};
use crate::git::merge::{Difference, Workspace};
use crate::git::{GitError, ObjectId};
use crate::model::TreePath;
use crate::model::carried::{CarriedLine, CarryState};
use crate::plan::Edited;
use crate::plan::lines::{LinePlan, LineState};
use crate::report::carried::pull_request;
use crate::report::plan::pull_request as upgrades;

/// What is to be put on a line.
#[derive(Debug)]
pub struct LineSeries {
    /// The tip of the line.
    pub tip: String,
    /// Its tree.
    pub tree: String,
    /// The commits, in order.
    pub commits: Vec<NewCommit>,
    /// The upgrades that stand in the last of them; `None` where there is none.
    pub plan: Option<LinePlan>,
    /// The ids of the advisories that it fixes, or that it would fix without its conflict.
    pub advisories: BTreeSet<String>,
}

/// A line and what was made for it.
pub(super) struct Work {
    /// The short name of the branch.
    pub(super) name: String,
    /// What came of it; `None` where the commits are upgrades alone.
    pub(super) carried: Option<Carried>,
    /// The commit of the line.
    pub(super) tip: ObjectId,
    /// With what was merged.
    pub(super) workspace: Workspace,
}

/// The texts that carried commits put on a line, as a plan for it is to find them; `prefix` is the folder that is scanned.
///
/// # Errors
/// [`GitError`] if an object cannot be read.
pub(super) fn edits(work: &Work, prefix: &TreePath) -> Result<Vec<Edited>, GitError> {
    let Some(carried) = &work.carried else {
        return Ok(Vec::new());
    };
    let end = carried
        .commits
        .last()
        .map_or(carried.line.tip, |commit| commit.tree);
    let mut edits = Vec::new();
    for difference in work.workspace.differences(carried.line.tip, end)? {
        let text = |side: Option<(u32, ObjectId)>| -> Result<Option<String>, GitError> {
            let Some((_, id)) = side.filter(|(mode, _)| kind(*mode).is_some_and(EntryKind::is_text)) else {
                return Ok(None);
            };
            let bytes = work.workspace.blob(id)?;
            Ok(bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
        };
        let (before, after) = (text(difference.old)?, text(difference.new)?);
        let path = below(prefix, &difference.path);
        if let (Some(path), Some(before), Some(after)) = (path, before, after) {
            edits.push(Edited { path, before, after });
        }
    }
    Ok(edits)
}

/// A path of the repository, relative to a folder of it.
fn below(folder: &TreePath, path: &[u8]) -> Option<TreePath> {
    let folder = folder.as_bytes();
    match folder.is_empty() {
        true => TreePath::new(path),
        false => TreePath::new(path.strip_prefix(folder)?.strip_prefix(b"/")?),
    }
}

/// What is to be put on a line, whose state and reason then say so; `None` where nothing is.
///
/// # Errors
/// [`GitError`] if an object cannot be read.
pub(super) fn of(
    line: &mut CarriedLine,
    work: &mut Work,
    plan: Option<LinePlan>,
    signer: Option<&str>,
) -> Result<Option<LineSeries>, GitError> {
    let mut commits = Vec::new();
    let mut tree = work.workspace.tree(work.tip)?;
    if let Some(carried) = &work.carried {
        let mut before = work.tip;
        for commit in &carried.commits {
            commits.push(carried_commit(&work.workspace, before, commit)?);
            before = commit.tree;
            tree = commit.tree;
        }
        if is_stopped(carried) && commits.is_empty() {
            commits.push(NewCommit {
                message: pull_request::explanation(line, &work.name),
                author: None,
                changes: Vec::new(),
                tree: tree.to_string(),
            });
        }
    }
    let moves = plan.iter().flat_map(|plan| &plan.proposal.lockfiles);
    let moves = moves.flat_map(|file| &file.plan.moves);
    let advisories = moves.flat_map(|one| one.fixes.iter().cloned()).collect();
    // Lockfiles are for whoever resolves a conflict.
    let plan = plan.filter(|_| !work.carried.as_ref().is_some_and(is_stopped));
    let locked = match &plan {
        Some(plan) => lockfiles(work, tree, (plan, signer))?,
        None => None,
    };
    settle(line, work.carried.as_ref(), (plan.as_ref(), locked.is_some()));
    let end = locked.as_ref().and_then(|commit| ObjectId::parse(&commit.tree));
    if let Some((lockfile, manifest)) = unfit(work, end.unwrap_or(tree))? {
        line.note = Some(format!(
            "{lockfile} has to be locked again on the line: it does not fit what {manifest} asks for now."
        ));
    }
    commits.extend(locked);
    if commits.is_empty() {
        return Ok(None);
    }
    Ok(Some(LineSeries {
        tip: work.tip.to_string(),
        tree: work.workspace.tree(work.tip)?.to_string(),
        commits,
        plan,
        advisories,
    }))
}

/// The line's state and reason with what was planned for it.
fn settle(line: &mut CarriedLine, carried: Option<&Carried>, (plan, is_locked): (Option<&LinePlan>, bool)) {
    let takes_commits = carried.is_some_and(|carried| !carried.commits.is_empty());
    if let Some(plan) = plan {
        match (takes_commits, is_locked) {
            (true, true) => line.reason = format!("{}, and {}", line.reason, plan.reason),
            (false, true) => {
                line.state = CarryState::Planned;
                line.reason.clone_from(&plan.reason);
            }
            (true, false) => {}
            (false, false) => {
                line.reason.clone_from(&plan.reason);
                line.state = match plan.state {
                    LineState::Blocked | LineState::Planned | LineState::Partly => CarryState::Blocked,
                    LineState::Unknown => CarryState::Unknown,
                    LineState::Fixed => CarryState::Fixed,
                    LineState::Accepted | LineState::Unaffected | LineState::LeftOut => CarryState::Nothing,
                };
            }
        }
    }
}

/// The first lockfile of those that were left out that does not fit a manifest which the commits change, and that, in `tree`: the line with
/// everything that is put on it.
fn unfit(work: &Work, tree: ObjectId) -> Result<Option<(String, String)>, GitError> {
    let Some(carried) = &work.carried else {
        return Ok(None);
    };
    let text = |tree: ObjectId, path: &[u8]| -> Result<String, GitError> {
        let Some((_, id)) = work.workspace.at(tree, path)? else {
            return Ok(String::new());
        };
        let bytes = work.workspace.blob(id)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let files = carried.commits.iter().flat_map(|commit| &commit.files);
    let changed: BTreeSet<&[u8]> = files.map(|file| file.path.as_slice()).collect();
    for lockfile in &carried.lockfiles {
        let Some((_, id)) = work.workspace.at(tree, lockfile)? else {
            continue;
        };
        let name = shown(name_of(lockfile));
        let mut versions = None;
        for path in &changed {
            if !is_locked_by(path, lockfile, &carried.lockfiles) {
                continue;
            }
            let (before, after) = (text(work.tip, path)?, text(tree, path)?);
            if versions.is_none() {
                let bytes = work.workspace.blob(id)?.unwrap_or_default();
                versions = Some(locked::versions_by_name(lockfile, &bytes));
            }
            let change = fits::Change {
                name: &shown(name_of(path)),
                before: &before,
                after: &after,
            };
            let is_fit = fits::fits(change, &name, |package| {
                let of_name = versions.as_ref().and_then(|versions| versions.get(package));
                of_name.into_iter().flatten().cloned().collect()
            });
            if !is_fit {
                return Ok(Some((shown(lockfile), shown(path))));
            }
        }
    }
    Ok(None)
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// `lockfile` is made with the manifest at `path`, which is in its folder or below, and no other such one of `lockfiles` is nearer.
fn is_locked_by(path: &[u8], lockfile: &[u8], lockfiles: &BTreeSet<Vec<u8>>) -> bool {
    let name = shown(name_of(path));
    let is_its = |lockfile: &[u8]| fits::is_made_with(&shown(name_of(lockfile)), &name);
    let is_above = |lockfile: &[u8]| match folder_of(lockfile) {
        b"" => true,
        folder => path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with(b"/")),
    };
    let mut others = lockfiles.iter().filter(|other| is_above(other) && is_its(other));
    is_above(lockfile)
        && is_its(lockfile)
        && !others.any(|other| folder_of(other).len() > folder_of(lockfile).len())
}

fn folder_of(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// A carried commit, which the forge is to make.
fn carried_commit(
    workspace: &Workspace,
    before: ObjectId,
    commit: &CarriedCommit,
) -> Result<NewCommit, GitError> {
    let files = workspace.differences(before, commit.tree)?;
    let changes = files.iter().map(|file| change(workspace, file));
    Ok(NewCommit {
        message: String::from_utf8_lossy(&commit.message).into_owned(),
        author: author(&commit.author),
        changes: changes.collect::<Result<_, _>>()?,
        tree: commit.tree.to_string(),
    })
}

fn change(workspace: &Workspace, file: &Difference) -> Result<PathChange, GitError> {
    let path = String::from_utf8(file.path.clone())
        .map_err(|_| GitError::Unsupported("a path is no UTF-8, and a forge takes no other".to_owned()))?;
    let Some((mode, id)) = file.new else {
        return Ok(PathChange { path, to: None });
    };
    let kind = kind(mode).ok_or_else(|| GitError::Unsupported(format!("{path} has the mode {mode:o}")))?;
    let bytes = match kind {
        EntryKind::Submodule => id.to_string().into_bytes(),
        EntryKind::File | EntryKind::Program | EntryKind::Link => workspace
            .blob(id)?
            .ok_or_else(|| GitError::Unsupported(format!("{path} is too large to be carried")))?
            .to_vec(),
    };
    let to = Some(NewEntry { kind, bytes });
    Ok(PathChange { path, to })
}

/// What a mode of git is.
fn kind(mode: u32) -> Option<EntryKind> {
    match mode {
        0o100_644 | 0o100_664 => Some(EntryKind::File),
        0o100_755 => Some(EntryKind::Program),
        0o120_000 => Some(EntryKind::Link),
        0o160_000 => Some(EntryKind::Submodule),
        _ => None,
    }
}

/// `Ann <ann@example.org> 1700000000 +0100`, as an API takes it; `None` for what is no such line.
fn author(line: &[u8]) -> Option<Author> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, rest) = line.split_once('<')?;
    let (email, when) = rest.split_once('>')?;
    let mut words = when.split_whitespace();
    let seconds = Timestamp::from_second(words.next()?.parse().ok()?).ok()?;
    let zone = words.next().unwrap_or("+0000");
    let (sign, digits) = zone.split_at_checked(1)?;
    let number: i32 = digits.parse().ok()?;
    let minutes = (number / 100) * 60 + number % 100;
    let minutes = if sign == "-" { -minutes } else { minutes };
    let offset = Offset::from_seconds(minutes * 60).ok()?;
    let date = seconds.to_zoned(TimeZone::fixed(offset));
    Some(Author {
        name: name.trim().to_owned(),
        email: email.trim().to_owned(),
        date: date.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    })
}

/// The commit with the files that the plan edits, on `tree`; `None` where it edits none.
fn lockfiles(
    work: &mut Work,
    tree: ObjectId,
    (plan, signer): (&LinePlan, Option<&str>),
) -> Result<Option<NewCommit>, GitError> {
    let files = upgrades::files(&plan.proposal);
    let mut changed: BTreeMap<String, String> = BTreeMap::new();
    for (path, before, after) in files {
        let there = work.workspace.at(tree, path.as_bytes())?;
        let bytes = match there {
            Some((_, id)) => work.workspace.blob(id)?,
            None => None,
        };
        if bytes.is_none_or(|bytes| *bytes != *before.as_bytes()) {
            return Err(GitError::Unsupported(format!(
                "{path} was planned with another text than the line has"
            )));
        }
        changed.insert(path, after.to_owned());
    }
    if changed.is_empty() {
        return Ok(None);
    }
    let put = changed
        .iter()
        .map(|(path, text)| (path.as_bytes(), text.as_bytes()));
    let new = work.workspace.with_files(tree, put)?;
    let differences = work.workspace.differences(tree, new)?;
    let changes = differences.iter().map(|file| change(&work.workspace, file));
    let text = upgrades::of_line(plan, &plan.proposal, None, None, usize::MAX);
    let signature = signer.map(|signer| format!("Signed-off-by: {signer}\n"));
    Ok(Some(NewCommit {
        message: format!(
            "{}\n\n{}\n\n{}Lockkeeper-Plan: {new}\n",
            text.headline,
            text.message,
            signature.unwrap_or_default()
        ),
        author: None,
        changes: changes.collect::<Result<_, _>>()?,
        tree: new.to_string(),
    }))
}

/// What came of carrying to a line has a commit in conflict.
fn is_stopped(carried: &Carried) -> bool {
    match carried.state {
        State::Conflict(_) => true,
        State::Fixed | State::Clean | State::Nothing => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_as_the_commit_has_it() {
        let author = author(b"Ann O'Hara <ann@example.org> 1700000000 -0330").expect("an author");
        assert_eq!(
            (author.name.as_str(), author.email.as_str()),
            ("Ann O'Hara", "ann@example.org")
        );
        assert_eq!(author.date, "2023-11-14T18:43:20-03:30");
        assert!(super::author(b"nobody").is_none());
    }
}
