//! The columns of a grid: the live lines of a repository, each with its lockfiles.

use jiff::Timestamp;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::discover::{Found, Standing};
use super::lines::{self, Chosen};
use super::{FILE_LIMIT, Failure, commit};
use crate::git::listing::Listing;
use crate::git::objects::{GitError, Head, ObjectId};
use crate::git::refs::{Prefer, Refs};
use crate::model::coverage::Gap;
use crate::model::grid::Line;
use crate::model::lines::Choice;
use crate::model::{Tree, TreePath, Unread};
use crate::text::Position;

/// The lines of one repository.
pub struct Columns {
    /// Every candidate, in or out, and what is odd about the choice.
    pub chosen: Chosen,
    /// For each live line, its tree.
    pub trees: Vec<Found>,
    /// Branches and tags, with their commits.
    pub refs: Refs,
}

/// Finds and chooses the lines of the repository that `found` lies in.
///
/// # Errors
/// A [`Failure`] of usage outside of git, of a glob that cannot be read, and where nothing is live.
pub fn lines(
    found: &Found,
    choice: &Choice,
    prefer: Prefer,
    now: Timestamp,
) -> Result<(Chosen, Refs), Failure> {
    let repository = found.repository.as_ref().ok_or_else(|| {
        Failure::usage(
            format!(
                "{} lies in no git repository, so it has no release lines",
                found.root
            ),
            "Give a folder of a git repository, or leave the refs out.",
        )
    })?;
    let refs = repository.refs(prefer).map_err(Failure::of_git)?;
    let mut chosen = lines::choose(&refs.lines(), refs.default.as_deref(), choice, now)
        .map_err(|bad| Failure::usage(bad.to_string(), "Mend the glob."))?;
    chosen
        .warnings
        .extend(refs.remarks.iter().map(|remark| format!("{remark}.")));
    Ok((chosen, refs))
}

/// The live lines with their trees.
///
/// # Errors
/// As [`lines`], and a [`Failure`] of usage if no line is live.
pub fn columns(found: &Found, choice: &Choice, prefer: Prefer, now: Timestamp) -> Result<Columns, Failure> {
    let (chosen, refs) = lines(found, choice, prefer, now)?;
    let live: Vec<&Line> = chosen.live().collect();
    if live.is_empty() {
        return Err(nothing(choice));
    }
    let trees = trees(found, &live, &refs);
    Ok(Columns { chosen, trees, refs })
}

fn nothing(choice: &Choice) -> Failure {
    match choice {
        Choice::Globs(globs) => Failure::usage(
            format!("--refs {globs} matches no branch and no tag"),
            "Run `lockkeeper refs` for the names there are; those of tags begin with `tags/`. A shallow checkout has few: \
             fetch the others (`fetch-depth: 0`).",
        ),
        Choice::Rules(_) => Failure::usage(
            "no release line is live",
            "Run `lockkeeper refs` to see why each is out, and name those you want with `--refs GLOBS`.",
        ),
    }
}

fn trees(found: &Found, live: &[&Line], refs: &Refs) -> Vec<Found> {
    let Some(repository) = &found.repository else {
        return Vec::new();
    };
    let listing = Listing::new(repository, &commit::is_looked_at);
    live.par_iter()
        .map(|line| {
            let commit = refs
                .candidates
                .iter()
                .find(|candidate| candidate.name == line.ref_name)
                .map(|candidate| candidate.commit);
            let head = Head {
                ref_name: Some(line.ref_name.clone()),
                commit,
            };
            let tree = commit.map(|id| commit::of(found, head.clone(), id, &listing, FILE_LIMIT));
            match tree {
                Some(Ok(tree)) => tree,
                Some(Err(error)) => unread(found, head, &error),
                None => unread(found, head, &GitError::Broken("the ref is gone".into())),
            }
        })
        .collect()
}

/// A line of which nothing is known: a blind spot, and no clean line.
fn unread(found: &Found, head: Head, error: &GitError) -> Found {
    Found {
        root: found.root.clone(),
        prefix: found.prefix.clone(),
        head,
        tree: Box::new(Nothing),
        repository: found.repository.clone(),
        standing: Standing::Disk {
            committed: None,
            deleted: false,
        },
        only: found.only.clone(),
        files: Default::default(),
        unlocked: Vec::new(),
        unlisted: vec![Gap {
            file: TreePath::root(),
            position: Position::START,
            reason: format!("this line could not be read: {error}"),
            hint: error.hint().into(),
        }],
        skipped: Vec::new(),
    }
}

/// A tree without a file.
struct Nothing;

impl Tree for Nothing {
    fn read(&self, _: &TreePath) -> Result<std::sync::Arc<[u8]>, Unread> {
        Err(Unread::Absent)
    }
}

/// The commit of a release that was asked for by the name of a ref, or as any revision of git, and the ref's full name
/// if it has one.
///
/// # Errors
/// A [`Failure`] of incompleteness that names the way to fetch it, if the clone lacks it.
pub fn release(found: &Found, release: &str, prefer: Prefer) -> Result<(Head, ObjectId), Failure> {
    let repository = found.repository.as_ref().ok_or_else(|| {
        Failure::usage(
            format!("{} lies in no git repository, so it has no releases", found.root),
            "Give a folder of a git repository.",
        )
    })?;
    let refs = repository.refs(prefer).map_err(Failure::of_git)?;
    let names = [
        release.to_owned(),
        format!("refs/heads/{release}"),
        format!("refs/tags/{release}"),
        format!("refs/{release}"),
    ];
    let named = names
        .iter()
        .find_map(|name| refs.candidates.iter().find(|candidate| candidate.name == *name));
    let (ref_name, commit) = match named {
        Some(candidate) => (Some(candidate.name.clone()), candidate.commit),
        None => {
            let commit = repository.resolve(release).map_err(|error| {
                Failure::incomplete(
                    format!("the release {release:?} is not in this clone: {error}"),
                    "Fetch it (`fetch-depth: 0` where a workflow checks out, with `fetch-tags: true` for a tag), or name a \
                     branch, a tag or a commit that is there.",
                )
            })?;
            (None, commit)
        }
    };
    let head = Head {
        ref_name,
        commit: Some(commit),
    };
    Ok((head, commit))
}
