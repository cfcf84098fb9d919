//! The columns of a grid: the live lines of a repository, each with its lockfiles.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::discovered::{DiscoveredTree, Standing};
use super::lines::{self, BadGlob, Chosen};
use super::reader::is_wanted;
use super::{FILE_LIMIT, commit};
use crate::git::listing::Listing;
use crate::git::refs::{Hidden, Prefer, Refs, Remark};
use crate::git::{GitError, Head, ObjectId, Repository};
use crate::model::Failure;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::grid::ReleaseLine;
use crate::model::lines::{Candidate, Choice, short_name};
use crate::model::{self, Tree, TreePath, Unread};
use crate::policy::{Globs, nearest};
use crate::text::Position;

/// The lines of one repository.
pub struct Columns {
    /// Every candidate, in or out, and what is odd about the choice.
    pub chosen: Chosen,
    /// For each live line, its tree.
    pub trees: Vec<DiscoveredTree>,
    /// Branches and tags, with their commits.
    pub refs: Refs,
}

/// What is odd about refs, as a person should know it whatever the verdict. Git keeps them in no file that is read here.
#[must_use]
pub fn remarks(refs: &Refs, is_meant: impl Fn(&str) -> bool) -> Vec<Gap> {
    let odd = refs.remarks.iter().filter(|remark| match remark {
        Remark::Shallow => true,
        // What is meant here was named.
        Remark::Guessed { .. } | Remark::NoDefault { .. } => false,
        Remark::Differs { .. } | Remark::Broken { .. } | Remark::Missing { .. } | Remark::Remote { .. } => {
            is_meant(remark.name())
        }
    });
    odd.map(|remark| Gap {
        location: Some(Location {
            file: TreePath::new(".git").unwrap_or_default(),
            position: Position::START,
        }),
        reason: remark.to_string(),
        hint: match remark {
            Remark::Shallow => "Fetch everything (`fetch-depth: 0` where a workflow checks out).".into(),
            Remark::Differs { .. }
            | Remark::Broken { .. }
            | Remark::Missing { .. }
            | Remark::Guessed { .. }
            | Remark::NoDefault { .. }
            | Remark::Remote { .. } => {
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
    found: &DiscoveredTree,
    choice: &Choice,
    prefer: Prefer,
    now: Timestamp,
) -> Result<(Chosen, Refs), Failure> {
    let repository = found
        .repository
        .as_ref()
        .ok_or_else(|| outside_of_git(&found.root))?;
    let refs = all_refs(repository, prefer)?;
    let mut chosen = lines::choose(&refs.lines(), refs.default.as_deref(), choice, now).map_err(bad_glob)?;
    chosen.warnings.extend(checked_out(found, &chosen, choice));
    let is_by_rules = matches!(choice, Choice::Rules(_));
    let odd = refs.remarks.iter().filter(|remark| match remark {
        // Where lines are named, it matters to nothing which one is the default.
        Remark::Guessed { .. } | Remark::NoDefault { .. } => is_by_rules,
        Remark::Differs { .. }
        | Remark::Broken { .. }
        | Remark::Missing { .. }
        | Remark::Shallow
        | Remark::Remote { .. } => true,
    });
    chosen.warnings.extend(odd.map(|remark| format!("{remark}.")));
    Ok((chosen, refs))
}

/// Why `root` has no release lines.
#[must_use]
pub fn outside_of_git(root: &str) -> Failure {
    Failure::usage(
        format!("{root} is in no git repository, so it has no release lines"),
        "Give a folder of a git repository, or leave the refs out.",
    )
}

/// Warns of the branch that is checked out, if the rules make it no release line: a person may think that it is one. Who
/// says which lines there are, or excludes one by name, knows.
fn checked_out(found: &DiscoveredTree, chosen: &Chosen, choice: &Choice) -> Option<String> {
    let name = found.head.ref_name.as_deref()?;
    let line = chosen.lines.iter().find(|line| line.ref_name == name)?;
    match (choice, line.standing) {
        (Choice::Globs(_) | Choice::Names(_), _) | (Choice::Rules(_), model::grid::Standing::Live) => None,
        (Choice::Rules(_), _) if line.reason.starts_with("excluded by ") => None,
        (Choice::Rules(_), model::grid::Standing::LeftOut | model::grid::Standing::Out) => Some(format!(
            "{} is checked out and is no release line: {}.",
            short_name(name),
            line.reason
        )),
    }
}

/// The live lines with their trees.
///
/// # Errors
/// As [`lines`], and a [`Failure`] of usage if no line is live.
pub fn columns(
    found: &DiscoveredTree,
    choice: &Choice,
    prefer: Prefer,
    now: Timestamp,
) -> Result<Columns, Failure> {
    let (mut chosen, refs) = lines(found, choice, prefer, now)?;
    let broken = broken(&refs, choice, now)?;
    are_there(&chosen, &broken, &refs, choice)?;
    let live: Vec<&ReleaseLine> = chosen.live().collect();
    if live.is_empty() && broken.is_empty() {
        return Err(nothing(choice, &chosen));
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
    Ok(Columns { chosen, trees, refs })
}

/// The refs of a repository, if it is known which there are.
fn all_refs(repository: &Repository, prefer: Prefer) -> Result<Refs, Failure> {
    let refs = repository.refs(prefer).map_err(Failure::from)?;
    match refs
        .remarks
        .iter()
        .find(|remark| remark.hides() == Hidden::Unknown)
    {
        None => Ok(refs),
        Some(remark) => Err(Failure::incomplete(
            format!("not every ref of the repository can be read: {remark}"),
            match remark {
                Remark::Remote { .. } => {
                    "Check out everything (`fetch-depth: 0`), or fix what keeps the forge from being asked."
                }
                Remark::Differs { .. }
                | Remark::Broken { .. }
                | Remark::Missing { .. }
                | Remark::Guessed { .. }
                | Remark::NoDefault { .. }
                | Remark::Shallow => {
                    "Make `.git/refs` and `.git/packed-refs` readable, or repair them (`git fsck`)."
                }
            },
        )),
    }
}

/// Refs that would be lines if they could be read: each is a line of which nothing is known, and no line left out. Its reason says
/// why.
///
/// # Errors
/// A [`Failure`] of usage for a glob that cannot be read.
pub fn broken(refs: &Refs, choice: &Choice, now: Timestamp) -> Result<Vec<ReleaseLine>, Failure> {
    let hidden = refs.remarks.iter().filter_map(|remark| match remark.hides() {
        Hidden::Ref(name) => Some((name.replace("refs/remotes/origin/", "refs/heads/"), remark)),
        Hidden::Nothing | Hidden::Unknown => None,
    });
    let names: HashSet<&str> = refs
        .candidates
        .iter()
        .map(|candidate| candidate.name.as_str())
        .collect();
    let mut lines = Vec::new();
    for (ref_name, remark) in hidden {
        if names.contains(ref_name.as_str()) {
            continue;
        }
        let candidate = Candidate {
            ref_name,
            commit: String::new(),
            committed: now,
        };
        let default = refs.default.as_deref();
        let chosen = lines::choose(&[candidate], default, choice, now).map_err(bad_glob)?;
        lines.extend(
            chosen
                .lines
                .into_iter()
                .filter(|line| line.standing == model::grid::Standing::Live)
                .map(|line| ReleaseLine {
                    reason: remark.to_string(),
                    ..line
                }),
        );
    }
    Ok(lines)
}

/// Every glob that somebody asked for matches something.
///
/// # Errors
/// A [`Failure`] that names those that match nothing: of incompleteness where the clone has only some of the refs, and of
/// usage where it has all. A wildcard of the policy may wait for its first branch.
pub fn are_there(
    chosen: &Chosen,
    broken: &[ReleaseLine],
    refs: &Refs,
    choice: &Choice,
) -> Result<(), Failure> {
    let names = chosen
        .lines
        .iter()
        .chain(broken)
        .map(|line| line.ref_name.as_str());
    let names: Vec<&str> = names.collect();
    let mut idle = lines::unmatched(choice, &names).map_err(bad_glob)?;
    let is_shallow = refs.remarks.contains(&Remark::Shallow);
    let place = match choice {
        Choice::Globs(_) => "of --refs",
        Choice::Names(_) => "of those that are asked for",
        Choice::Rules(_) => {
            idle.retain(|glob| is_shallow || !glob.contains(['*', '?', '[', '{']));
            "of the policy's `lines`"
        }
    };
    if idle.is_empty() {
        return Ok(());
    }
    let named = idle.join(", ");
    let short = || names.iter().map(|name| short_name(name));
    let meant: String = idle.iter().map(|glob| lines::meant(glob, short())).collect();
    let verb = if idle.len() == 1 { "matches" } else { "match" };
    Err(if is_shallow {
        Failure::incomplete(
            format!(
                "{named} {place} {verb} no branch and no tag, and this clone is shallow: it has only some of them"
            ),
            "Fetch the others (`fetch-depth: 0` where a workflow checks out), or give the step a token, so that it can ask \
             the forge.",
        )
    } else {
        Failure::usage(
            format!("{named} {place} {verb} no branch and no tag{meant}"),
            "Correct it, or leave it out: `lockkeeper refs` lists the names there are; those of tags begin with `tags/`.",
        )
    })
}

fn bad_glob(bad: BadGlob) -> Failure {
    Failure::usage(bad.to_string(), "Correct the glob.")
}

fn nothing(choice: &Choice, chosen: &Chosen) -> Failure {
    match choice {
        Choice::Globs(_) | Choice::Rules(_) | Choice::Names(_) if chosen.lines.is_empty() => Failure::usage(
            "the repository has no branch and no tag",
            "Commit first (`git commit`), or fetch its branches (`git fetch`).",
        ),
        Choice::Globs(globs) => Failure::usage(
            format!("--refs {globs} matches no branch and no tag"),
            "Run `lockkeeper refs` for the names there are; those of tags begin with `tags/`. A shallow checkout has few: \
             fetch the others (`fetch-depth: 0`).",
        ),
        Choice::Names(names) => Failure::usage(
            format!("no branch and no tag is called {}", names.join(" or ")),
            "Run `lockkeeper refs` for the names there are.",
        ),
        Choice::Rules(_) => Failure::usage(
            "no release line is live",
            "Run `lockkeeper refs` to see why each is out, and name those you want with `--refs GLOBS`.",
        ),
    }
}

fn trees(found: &DiscoveredTree, live: &[&ReleaseLine], refs: &Refs) -> Vec<DiscoveredTree> {
    let Some(repository) = &found.repository else {
        return Vec::new();
    };
    let listing = Listing::new(repository, &is_wanted);
    let commits: HashMap<&str, ObjectId> = refs
        .candidates
        .iter()
        .map(|candidate| (candidate.name.as_str(), candidate.commit))
        .collect();
    live.par_iter()
        .map(|line| {
            let commit = commits.get(line.ref_name.as_str()).copied();
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
fn unread(found: &DiscoveredTree, head: Head, error: &GitError) -> DiscoveredTree {
    DiscoveredTree {
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
        links: None,
        unlocked: Vec::new(),
        unlisted: vec![Gap {
            location: None,
            reason: format!("this line could not be read: {error}"),
            hint: error.hint().into(),
        }],
        partial: Vec::new(),
        skipped: Vec::new(),
        excluded: Globs::default(),
    }
}

/// The command that brings a branch or tag of `origin` into the clone, so that it is found by the name it was asked by.
pub(super) fn fetching(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let is_name = !name.starts_with('-') && !name.is_empty() && name.bytes().all(is_plain);
    match name.strip_prefix("origin/") {
        _ if !is_name || is_whole_id(name) => "`git fetch origin`".to_owned(),
        Some(branch) => format!("`git fetch origin {branch}:refs/remotes/{name}`"),
        None => format!("`git fetch origin {name}:{name}`"),
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
pub fn release(
    found: &DiscoveredTree,
    release: &str,
    prefer: Prefer,
) -> Result<(Head, ObjectId, Vec<Gap>), Failure> {
    let repository = found.repository.as_ref().ok_or_else(|| {
        Failure::usage(
            format!("{} is in no git repository, so it has no releases", found.root),
            "Give a folder of a git repository.",
        )
    })?;
    // In git's order. An id and `HEAD` are no names, whatever somebody calls a branch.
    let is_a_name = !matches!(release, "HEAD" | "@") && !is_whole_id(release);
    let names = [
        release.to_owned(),
        format!("refs/{release}"),
        format!("refs/tags/{release}"),
        format!("refs/heads/{release}"),
    ];
    let find = |refs: &Refs| {
        let found = names
            .iter()
            .filter(|_| is_a_name)
            .find_map(|name| refs.candidates.iter().find(|candidate| candidate.name == *name));
        found.cloned()
    };
    // What the clone holds is what is about to be released; whoever has more is asked for the rest alone.
    let mut refs = repository.local_refs(prefer).map_err(Failure::from)?;
    let mut named = find(&refs);
    if named.is_none() {
        refs = all_refs(repository, prefer)?;
        named = find(&refs);
    }
    let (ref_name, commit) = match named {
        Some(candidate) => (Some(candidate.name.clone()), candidate.commit),
        None => {
            let commit = repository.resolve(release).map_err(|error| {
                const OF_WORKFLOW: &str =
                    "`fetch-depth: 0` where a workflow checks out, with `fetch-tags: true` for a tag.";
                let hint = match nearest_ref(release, &refs) {
                    // Nothing would be fetched by a misspelt name.
                    Some(name) => format!(
                        "Name `{name}`, or another one that is there (`lockkeeper refs` lists them), or fetch what this clone \
                         lacks: `git fetch origin --tags`; {OF_WORKFLOW}"
                    ),
                    None => format!(
                        "Name a branch, a tag or a commit that is there (`lockkeeper refs` lists them), or fetch it: {}; \
                         {OF_WORKFLOW}",
                        fetching(release)
                    ),
                };
                Failure::incomplete(
                    format!("the release {release:?} is not in this clone{}", near(release, &refs)),
                    hint,
                )
                .caused_by(&error)
            })?;
            (None, commit)
        }
    };
    let head = Head {
        ref_name,
        commit: Some(commit),
    };
    let mut odd = remarks(&refs, |name| head.ref_name.as_deref() == Some(name));
    odd.extend(namesakes(repository, release));
    Ok((head, commit, odd))
}

/// Asks whether a ref with a name near to `wanted` is meant.
fn near(wanted: &str, refs: &Refs) -> String {
    nearest::meant(nearest_ref(wanted, refs))
}

/// The ref whose name is nearest to `wanted`, which is none; its short name.
fn nearest_ref<'r>(wanted: &str, refs: &'r Refs) -> Option<&'r str> {
    const BEFORE: [&str; 4] = ["refs/heads/", "refs/tags/", "origin/", "upstream/"];
    let names = refs.candidates.iter().map(|candidate| {
        let name = short_name(&candidate.name);
        name.strip_prefix("tags/").unwrap_or(name)
    });
    let names: Vec<&str> = names.filter(|name| *name != wanted).collect();
    let short = BEFORE.iter().find_map(|before| wanted.strip_prefix(before));
    let exact = names.iter().find(|name| Some(**name) == short).copied();
    let of_short = short.and_then(|short| nearest::nearest(short, names.iter().copied()));
    exact
        .or_else(|| nearest::nearest(wanted, names.iter().copied()))
        .or(of_short)
}

/// Asks whether a ref of `repository` with a name near to `wanted` is meant.
#[must_use]
pub fn meant(repository: &Repository, wanted: &str) -> String {
    let refs = repository.refs(Prefer::Local);
    refs.map(|refs| near(wanted, &refs)).unwrap_or_default()
}

/// A full object id.
fn is_whole_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a person should know of a revision that begins with a name which several refs have: git takes the tag before the
/// branch, and so does this program.
#[must_use]
pub fn namesakes(repository: &Repository, revision: &str) -> Option<Gap> {
    let name = revision.split(['^', '~', '@']).next().unwrap_or_default();
    if name.is_empty() || name == "HEAD" || is_whole_id(name) {
        return None;
    }
    let names = repository.namesakes(name);
    let (taken, others) = names.split_first()?;
    if others.is_empty() {
        return None;
    }
    Some(Gap {
        location: Some(Location {
            file: TreePath::new(".git").unwrap_or_default(),
            position: Position::START,
        }),
        reason: format!(
            "{name} is the name of {taken} and of {}; {taken} counts, as in git",
            others.join(", ")
        ),
        hint: format!(
            "Give the full name of the other one (`{}`) if that is meant.",
            others.first()?
        ),
    })
}
