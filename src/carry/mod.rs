//! Use case: commits of one branch on the tip of a release line, as `git cherry-pick -x` puts them there, in memory.
//!
//! Author, date and message stay, lockfiles are left out: they are planned anew on the line, in a commit of their own. What the
//! line has already is found by ancestry, and by what the change is ([`Workspace::identity`]). At the first conflict it ends:
//! the rest is for a person, with the commands that do the same.
//!
//! `selection` decides which commits a merged request has, by what `request` reads of them, `message` what a carried commit says,
//! `evidence` what the line has of it, `fits` whether a lockfile still fits, `locked` which packages a commit locks anew, `commands` what a person runs, `summary` what reports show.

pub mod commands;
pub mod evidence;
pub mod fits;
pub mod locked;
pub mod message;
pub mod request;
pub mod selection;
pub mod summary;

use std::collections::BTreeSet;

use crate::git::merge::{Conflict, Difference, Labels, Reason, Workspace};
use crate::git::{GitError, ObjectId, Repository};
use crate::model::TreePath;
use crate::{lockfile, relock};
use commands::{Pick, Restored};
use evidence::{Evidence, Sought};

/// A release line that takes the change.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its short name.
    pub name: String,
    /// Its commit.
    pub tip: ObjectId,
}

/// How commits are carried.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Name and address of the committer, whose sign-off is added. Without one none is.
    pub signer: Option<String>,
    /// The commands for a person sign off too.
    pub signs_off: bool,
}

/// What came of carrying commits to a line.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The line.
    pub line: Line,
    /// How it stands.
    pub state: State,
    /// The new commits, in order; those before a conflict, where there is one.
    pub commits: Vec<CarriedCommit>,
    /// Commits that the line has, and the one of the line that has the change.
    pub there: Vec<(ObjectId, ObjectId)>,
    /// Those of the line of which the message alone says that they have a change.
    pub said: BTreeSet<ObjectId>,
    /// What the commits of the line say.
    pub evidence: Evidence,
    /// Commits that the line had, and what undid them there: they count as not there. Where nothing is known that did, they count as
    /// there, too: their change is not as it was, and may have been moved.
    pub undone: Vec<(ObjectId, Option<ObjectId>)>,
    /// Commits without a change to anything but lockfiles, or whose change the files of the line have already.
    pub empty: Vec<ObjectId>,
    /// Lockfiles that were left out.
    pub lockfiles: BTreeSet<Vec<u8>>,
    /// The commits change `.github/workflows`, which needs a right of its own.
    pub changes_workflows: bool,
    /// What a person runs to do the same.
    pub commands: Vec<String>,
    /// The history of the line was not read to its end: it may have more of the commits.
    pub is_cut: bool,
}

/// How a line stands.
#[derive(Debug, Clone)]
pub enum State {
    /// It has every commit.
    Fixed,
    /// All that it lacks can be carried.
    Clean,
    /// Nothing but lockfiles is left to change.
    Nothing,
    /// A commit is in conflict.
    Conflict(Stopped),
}

/// Where carrying ended.
#[derive(Debug, Clone)]
pub struct Stopped {
    /// The commit in conflict.
    pub commit: ObjectId,
    /// The files, and why.
    pub conflicts: Vec<Conflict>,
    /// Commits before it that touched these files and that the line lacks, the newest first.
    pub missing: Vec<ObjectId>,
}

/// A commit for the line.
#[derive(Debug, Clone)]
pub struct CarriedCommit {
    /// The commit whose change it is.
    pub source: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its author with the time, as the source has it.
    pub author: Vec<u8>,
    /// Its message.
    pub message: Vec<u8>,
    /// What it changes on the line.
    pub files: Vec<Difference>,
    /// Its message has a sign-off of its author, or of who commits it.
    pub is_signed: bool,
}

/// So many commits of a line are looked at for what it has, and so many of the source for what it lacks.
const MAX_COMMITS: usize = 2000;

/// So many commits are named that the line lacks.
const MAX_MISSING: usize = 20;

/// Carries `commits`, in order, to `line`. What it makes is in `workspace`.
///
/// # Errors
/// [`GitError`] if an object is missing or cannot be read.
pub fn carry(
    repository: &Repository,
    workspace: &mut Workspace,
    commits: &[ObjectId],
    line: &Line,
    settings: &Settings,
) -> Result<Carried, GitError> {
    let mut carried = Carried {
        line: line.clone(),
        state: State::Fixed,
        commits: Vec::new(),
        there: Vec::new(),
        said: BTreeSet::new(),
        evidence: Evidence::of(repository, workspace, (commits, line.tip), MAX_COMMITS)?,
        undone: Vec::new(),
        empty: Vec::new(),
        lockfiles: BTreeSet::new(),
        changes_workflows: false,
        commands: Vec::new(),
        is_cut: false,
    };
    carried.is_cut = carried.evidence.is_cut;
    let mut tree = line.tip;
    let mut picks = Vec::new();
    let mut seen = BTreeSet::new();
    for commit in commits.iter().filter(|commit| seen.insert(**commit)) {
        let is_stopped = matches!(carried.state, State::Conflict(_));
        let is_ancestor = repository.is_ancestor(*commit, line.tip)?;
        let source = match Source::read(repository, workspace, *commit) {
            // The first commit of a history changes nothing that could be compared.
            Err(_) if is_ancestor => {
                carried.there.push((*commit, *commit));
                continue;
            }
            source => source?,
        };
        let sought = Sought::of(repository, workspace, *commit)?;
        let evidence = &carried.evidence;
        let newest = sought.as_ref().and_then(|sought| evidence.having(sought));
        let below = is_ancestor.then(|| evidence.below(*commit));
        if let (Some(having), Some(sought)) = (newest.or(below), &sought) {
            let by = evidence.undoing(repository, workspace, sought, having)?;
            match standing(workspace, &source, tree, by)? {
                Standing::Undone(by) => carried.undone.push((*commit, Some(by))),
                there => {
                    let by = if is_ancestor { *commit } else { having.by };
                    carried.there.push((*commit, by));
                    let is_said = having.is_said && !is_ancestor;
                    carried.said.extend(Some(by).filter(|_| is_said));
                    if there == Standing::Moved && !having.is_said {
                        carried.undone.push((*commit, None));
                    }
                    continue;
                }
            }
        }
        carried.lockfiles.extend(source.locked.iter().cloned());
        let is_carried = |difference: &&Difference| !source.locked.contains(&difference.path);
        let mut others = source.differences.iter().filter(is_carried);
        carried.changes_workflows |= others.any(|difference| is_workflow(&difference.path));
        if is_stopped {
            // The commands are those of all commits.
            picks.extend(source.pick(workspace, line.tip)?);
            continue;
        }
        let theirs = source.without_lockfiles(workspace)?;
        let text = repository.commit_text(*commit)?;
        let labels = Labels {
            ours: "HEAD".to_owned(),
            theirs: label(*commit, &text.message),
        };
        let merged = workspace.merge(source.parent, tree, theirs, &labels)?;
        if !merged.conflicts.is_empty() {
            let paths: BTreeSet<Vec<u8>> = merged.conflicts.iter().flat_map(paths_of).collect();
            picks.extend(source.pick(workspace, line.tip)?);
            carried.state = State::Conflict(Stopped {
                commit: *commit,
                missing: missing(repository, workspace, &source, line, (&carried.evidence, &paths))?,
                conflicts: merged.conflicts,
            });
            continue;
        }
        let files = workspace.differences(tree, merged.tree)?;
        if files.is_empty() {
            carried.empty.push(*commit);
            continue;
        }
        picks.extend(source.pick(workspace, line.tip)?);
        tree = merged.tree;
        let is_signed = settings.signer.is_some() || message::is_signed_by(&text.message, &text.author);
        carried.commits.push(CarriedCommit {
            source: *commit,
            is_signed,
            tree,
            author: text.author,
            message: message::carried(&text.message, &commit.to_string(), settings.signer.as_deref()),
            files,
        });
    }
    if !matches!(carried.state, State::Conflict(_)) {
        carried.state = match (carried.commits.is_empty(), carried.empty.is_empty()) {
            (false, _) => State::Clean,
            (true, false) => State::Nothing,
            (true, true) => State::Fixed,
        };
    }
    if !picks.is_empty() {
        let tip = line.tip.to_string();
        carried.commands = commands::of((&line.name, &tip), &picks, settings.signs_off);
    }
    Ok(carried)
}

/// How a line stands towards a change that it has, or had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It has it as it was, or changed the same lines later.
    There,
    /// It has not undone it, and it is not there as it was: it was moved, or taken out by hand.
    Moved,
    /// This commit undid it.
    Undone(ObjectId),
}

/// How `tree` stands towards the change of `source`, which `by` undid there.
///
/// It is there where merging it changes nothing. Where it cannot be merged, later commits changed the same lines.
fn standing(
    workspace: &mut Workspace,
    source: &Source,
    tree: ObjectId,
    by: Option<ObjectId>,
) -> Result<Standing, GitError> {
    let theirs = source.without_lockfiles(workspace)?;
    let labels = Labels {
        ours: String::new(),
        theirs: String::new(),
    };
    let merged = workspace.merge(source.parent, tree, theirs, &labels)?;
    let is_clean = merged.conflicts.is_empty();
    let is_as_it_was = is_clean && workspace.differences(tree, merged.tree)?.is_empty();
    Ok(match (is_as_it_was, by) {
        (true, _) => Standing::There,
        (false, Some(by)) => Standing::Undone(by),
        (false, None) if is_clean => Standing::Moved,
        (false, None) => Standing::There,
    })
}

/// What a change is, wherever it is made, without its lockfiles: a carried commit has none. `None` where it changes nothing else.
fn identity(workspace: &Workspace, old: ObjectId, new: ObjectId) -> Result<Option<String>, GitError> {
    let differences = workspace.differences(old, new)?;
    let locked = locked_of(workspace, &differences)?;
    identity_without(workspace, differences, &locked)
}

fn identity_without(
    workspace: &Workspace,
    mut differences: Vec<Difference>,
    locked: &BTreeSet<Vec<u8>>,
) -> Result<Option<String>, GitError> {
    differences.retain(|difference| !locked.contains(&difference.path));
    workspace.identity_of(&differences)
}

/// The lockfiles among them.
fn locked_of(workspace: &Workspace, differences: &[Difference]) -> Result<BTreeSet<Vec<u8>>, GitError> {
    let mut locked = BTreeSet::new();
    for difference in differences {
        if is_lockfile(workspace, difference)? {
            locked.insert(difference.path.clone());
        }
    }
    Ok(locked)
}

/// A commit that is carried.
struct Source {
    id: ObjectId,
    /// Its first parent: what it changes is the difference to that.
    parent: ObjectId,
    is_merge: bool,
    differences: Vec<Difference>,
    /// The paths of lockfiles among them.
    locked: BTreeSet<Vec<u8>>,
}

impl Source {
    fn read(repository: &Repository, workspace: &Workspace, id: ObjectId) -> Result<Self, GitError> {
        let parents = repository.parents(id)?;
        let parent = parents.ids.first().copied().filter(|_| !parents.is_cut);
        let Some(parent) = parent else {
            return Err(match parents.is_cut {
                true => GitError::Shallow { at: id },
                false => GitError::Unsupported(format!(
                    "the commit {id} is the first of its history: there is no change in it"
                )),
            });
        };
        let differences = workspace.differences(parent, id)?;
        let locked = locked_of(workspace, &differences)?;
        Ok(Self {
            id,
            parent,
            is_merge: parents.ids.len() > 1,
            differences,
            locked,
        })
    }

    /// Its tree with the lockfiles of its parent.
    fn without_lockfiles(&self, workspace: &mut Workspace) -> Result<ObjectId, GitError> {
        let paths = self.locked.iter().map(Vec::as_slice);
        workspace.with_entries_of(self.id, self.parent, paths)
    }

    /// How a person picks it on the line with this tip; `None` where it changes lockfiles alone.
    fn pick(&self, workspace: &Workspace, tip: ObjectId) -> Result<Option<Pick>, GitError> {
        let mut restored = Restored::default();
        for path in &self.locked {
            match workspace.at(tip, path)? {
                Some(_) => restored.had.insert(path.clone()),
                None => restored.lacked.insert(path.clone()),
            };
        }
        Ok((self.locked.len() < self.differences.len()).then(|| Pick {
            commit: self.id.to_string(),
            is_merge: self.is_merge,
            restored,
        }))
    }
}

/// Commits before `source` that touched `paths` and whose change the line lacks.
fn missing(
    repository: &Repository,
    workspace: &Workspace,
    source: &Source,
    line: &Line,
    (evidence, paths): (&Evidence, &BTreeSet<Vec<u8>>),
) -> Result<Vec<ObjectId>, GitError> {
    let mut missing = Vec::new();
    for commit in repository
        .beyond(&[line.tip], source.parent, MAX_COMMITS)?
        .commits
    {
        let parents = repository.parents(commit)?;
        let [parent] = parents.ids.as_slice() else {
            continue;
        };
        if parents.is_cut {
            continue;
        }
        let differences = workspace.differences(*parent, commit)?;
        if !differences
            .iter()
            .any(|difference| paths.contains(&difference.path))
        {
            continue;
        }
        let identity = identity(workspace, *parent, commit)?;
        if !identity.is_some_and(|identity| evidence.has_identity(&identity)) {
            missing.push(commit);
        }
        if missing.len() >= MAX_MISSING {
            break;
        }
    }
    Ok(missing)
}

fn paths_of(conflict: &Conflict) -> Vec<Vec<u8>> {
    let versions = conflict
        .versions
        .iter()
        .flatten()
        .map(|version| version.path.clone());
    versions.chain([conflict.path.clone()]).collect()
}

/// A file that is planned anew instead of carried: a lockfile that a tool writes and this program can plan, or `go.sum`.
///
/// # Errors
/// [`GitError`] if the file cannot be read.
pub fn is_lockfile(workspace: &Workspace, difference: &Difference) -> Result<bool, GitError> {
    let Some(path) = TreePath::new(&difference.path) else {
        return Ok(false);
    };
    let lockfile::Claim::Read(format) = lockfile::claim(&path) else {
        return Ok(path.file_name() == b"go.sum");
    };
    if relock::relock(format.name()).is_none() {
        return Ok(false);
    }
    Ok(match (format.writer(), difference.new.or(difference.old)) {
        (lockfile::Writer::Tool, _) => true,
        // One with more bytes than are merged line by line is no text of a person.
        (lockfile::Writer::ToolIf(is_of_tool), Some((mode, blob))) if mode != SUBMODULE => {
            workspace.blob(blob)?.is_none_or(|bytes| is_of_tool(&bytes))
        }
        (lockfile::Writer::Person | lockfile::Writer::ToolIf(_), _) => false,
    })
}

/// The mode of a submodule in a tree.
const SUBMODULE: u32 = 0o160_000;

fn is_workflow(path: &[u8]) -> bool {
    path.starts_with(b".github/workflows/")
}

/// What markers call the commit: the beginning of its id, and its first line.
fn label(commit: ObjectId, message: &[u8]) -> String {
    let id: String = commit.to_string().chars().take(7).collect();
    format!("{id} ({})", summary::subject(message))
}

/// Why a file is in conflict, a fragment.
#[must_use]
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Content => "both sides changed the same lines",
        Reason::AddAdd => "both sides added it, with different content",
        Reason::ModifyDelete => "one side changed it, the other deleted it",
        Reason::RenameDelete => "one side renamed it, the other deleted it",
        Reason::RenameRename => "both sides renamed it, to different paths",
        Reason::RenameCollision => "a renamed file meets another one there",
        Reason::FileFolder => "it is a file on one side and a folder on the other",
        Reason::Kinds => "it is a file, link or submodule on one side and another kind on the other",
        Reason::Binary => "both sides changed a file that is not merged line by line",
        Reason::Link => "both sides set the link to different targets",
        Reason::Submodule => "both sides set the submodule to different commits",
        Reason::FolderRenamed => "it is in a folder that the other side renamed",
        Reason::FolderUnclear => "folders were renamed so that its place is not clear",
        Reason::Mode => "both sides set different modes",
    }
}
