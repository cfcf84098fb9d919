//! The columns of a grid: the live lines of a repository, each with its lockfiles.

use jiff::Timestamp;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::discover::{Found, Standing, is_wanted};
use super::lines::{self, BadGlob, Chosen};
use super::{FILE_LIMIT, Failure, commit};
use crate::git::listing::Listing;
use crate::git::objects::{GitError, Head, ObjectId, Repository};
use crate::git::refs::{Hidden, Prefer, Refs, Remark};
use crate::model::coverage::Gap;
use crate::model::grid::Line;
use crate::model::lines::{Candidate, Choice};
use crate::model::{self, Tree, TreePath, Unread};
use crate::text::Position;

/// The lines of one repository.
pub struct Columns {
    /// Every candidate, in or out, and what is odd about the choice.
    pub chosen: Chosen,
    /// For each live line, its tree.
    pub trees: Vec<Found>,
    /// Branches and tags, with their commits.
    pub refs: Refs,
    /// Globs that were asked for and match nothing, each a sentence.
    pub idle: Vec<String>,
}

/// A glob that matches nothing, as a person should know it: a typing error looks like a clean line.
#[must_use]
pub fn idle_glob(sentence: &str) -> Gap {
    Gap {
        file: TreePath::new(".git").unwrap_or_default(),
        position: Position::START,
        reason: sentence.trim_end_matches('.').to_owned(),
        hint: "Correct the glob, or fetch what it should match; `lockkeeper refs` lists what there is."
            .into(),
    }
}

/// What is odd about refs, as a person should know it whatever the verdict. Git keeps them in no file that is read here.
#[must_use]
pub fn remarks(refs: &Refs, is_meant: impl Fn(&str) -> bool) -> Vec<Gap> {
    let odd = refs
        .remarks
        .iter()
        .filter(|remark| **remark == Remark::Shallow || is_meant(remark.name()));
    odd.map(|remark| Gap {
        file: TreePath::new(".git").unwrap_or_default(),
        position: Position::START,
        reason: remark.to_string(),
        hint: match remark {
            Remark::Shallow => "Fetch everything (`fetch-depth: 0` where a workflow checks out).".into(),
            Remark::Differs { .. }
            | Remark::Broken { .. }
            | Remark::Missing { .. }
            | Remark::Elsewhere { .. } => {
                "Run `git fetch`, then update or delete the branch of this clone.".into()
            }
        },
    })
    .collect()
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
    let refs = all_refs(repository, prefer)?;
    let mut chosen = lines::choose(&refs.lines(), refs.default.as_deref(), choice, now).map_err(bad_glob)?;
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
    let (mut chosen, refs) = lines(found, choice, prefer, now)?;
    let broken = broken(&refs, choice, now)?;
    let live: Vec<&Line> = chosen.live().collect();
    if live.is_empty() && broken.is_empty() {
        return Err(nothing(choice));
    }
    let mut trees = trees(found, &live, &refs);
    for line in broken {
        let head = Head {
            ref_name: Some(line.ref_name.clone()),
            commit: None,
        };
        trees.push(unread(found, head, &GitError::Broken(line.reason.clone())));
        chosen.lines.push(line);
    }
    let idle = match choice {
        Choice::Globs(_) => chosen
            .warnings
            .iter()
            .filter(|warning| {
                !refs
                    .remarks
                    .iter()
                    .any(|remark| **warning == format!("{remark}."))
            })
            .cloned()
            .collect(),
        Choice::Rules(_) => Vec::new(),
    };
    Ok(Columns {
        chosen,
        trees,
        refs,
        idle,
    })
}

/// The refs of a repository, if it is known which there are.
fn all_refs(repository: &Repository, prefer: Prefer) -> Result<Refs, Failure> {
    let refs = repository.refs(prefer).map_err(Failure::of_git)?;
    match refs
        .remarks
        .iter()
        .find(|remark| remark.hides() == Hidden::Unknown)
    {
        None => Ok(refs),
        Some(remark) => Err(Failure::incomplete(
            format!("not every ref of the repository can be read: {remark}"),
            match remark {
                Remark::Elsewhere { .. } => {
                    "Check out everything (`fetch-depth: 0`), or mend what keeps the forge from being asked."
                }
                Remark::Differs { .. } | Remark::Broken { .. } | Remark::Missing { .. } | Remark::Shallow => {
                    "Make `.git/refs` and `.git/packed-refs` readable, or mend them (`git fsck`)."
                }
            },
        )),
    }
}

/// Refs that would be lines if they could be read: each is a line of which nothing is known, and no line left out.
fn broken(refs: &Refs, choice: &Choice, now: Timestamp) -> Result<Vec<Line>, Failure> {
    let hidden = refs.remarks.iter().filter_map(|remark| match remark.hides() {
        Hidden::Ref(name) => Some((name.replace("refs/remotes/origin/", "refs/heads/"), remark)),
        Hidden::Nothing | Hidden::Unknown => None,
    });
    let mut lines = Vec::new();
    for (ref_name, remark) in hidden {
        if refs.candidates.iter().any(|candidate| candidate.name == ref_name) {
            continue;
        }
        let candidate = Candidate {
            ref_name,
            commit: String::new(),
            committed: now,
        };
        let chosen = lines::choose(&[candidate], None, choice, now).map_err(bad_glob)?;
        lines.extend(
            chosen
                .lines
                .into_iter()
                .filter(|line| line.standing == model::grid::Standing::Live)
                .map(|line| Line {
                    reason: remark.to_string(),
                    ..line
                }),
        );
    }
    Ok(lines)
}

fn bad_glob(bad: BadGlob) -> Failure {
    Failure::usage(bad.to_string(), "Mend the glob.")
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
    let listing = Listing::new(repository, &is_wanted);
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
            submodules: Vec::new(),
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
pub fn release(found: &Found, release: &str, prefer: Prefer) -> Result<(Head, ObjectId, Vec<Gap>), Failure> {
    let repository = found.repository.as_ref().ok_or_else(|| {
        Failure::usage(
            format!("{} lies in no git repository, so it has no releases", found.root),
            "Give a folder of a git repository.",
        )
    })?;
    let names = [
        release.to_owned(),
        format!("refs/heads/{release}"),
        format!("refs/tags/{release}"),
        format!("refs/{release}"),
    ];
    let find = |refs: &Refs| {
        let found = names
            .iter()
            .find_map(|name| refs.candidates.iter().find(|candidate| candidate.name == *name));
        found.cloned()
    };
    // What the clone holds is what is about to be released; whoever has more is asked for the rest alone.
    let mut refs = repository.held_refs(prefer).map_err(Failure::of_git)?;
    let mut named = find(&refs);
    if named.is_none() {
        refs = all_refs(repository, prefer)?;
        named = find(&refs);
    }
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
    let odd = remarks(&refs, |name| head.ref_name.as_deref() == Some(name));
    Ok((head, commit, odd))
}
