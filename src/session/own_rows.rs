//! Rows of the grid for advisories about the repository itself: the database names a package that it makes, and commits of its
//! history that fix it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fix_commits::{FixCommits, resolved};
use crate::advisory::own::OwnStanding;
use crate::advisory::tag_ranges::version_of;
use crate::advisory::{Candidate as Group, Damage, Index};
use crate::database::query;
use crate::ecosystem::{self, purl};
use crate::git::refs::Candidate;
use crate::git::{ObjectId, Repository};
use crate::matching::{self, Assessment};
use crate::model::grid::{Cell, CellState, GridRow};
use crate::model::{Advisory, Decision, Ecosystem, Failure, Outcome, PackageUrl};
use crate::report::phrases::counted;
use crate::scan::columns::Columns;

/// Of more advisories about one repository the latest are looked at: each takes a walk through its history.
const MAX_ADVISORIES: usize = 50;

/// An advisory about a package that the repository makes.
struct Own<'i> {
    advisory: Advisory,
    /// The commits of its references, in this clone.
    fixes: BTreeSet<ObjectId>,
    packages: Vec<(Ecosystem, String, Group<'i>)>,
}

/// What a release line has of an advisory's packages.
struct Line<'c> {
    head: &'c Candidate,
    /// The tags that it contains.
    tags: Vec<&'c str>,
}

/// A commit that fixes the problem, on the release line with this tip.
pub(super) struct OwnFix {
    pub(super) tip: ObjectId,
    pub(super) commit: ObjectId,
}

/// The rows of the grid.
#[derive(Default)]
pub(super) struct OwnRows {
    /// The latest advisory first.
    pub(super) rows: Vec<GridRow>,
    /// The commit that fixes each row on each release line, where one does, and the tip of that.
    pub(super) fixes: Vec<Vec<Option<OwnFix>>>,
    /// What is not known, each a sentence.
    pub(super) notes: Vec<String>,
}

/// The rows of the release lines in `outcome`.
///
/// # Errors
/// A [`Failure`] of incompleteness for a damaged index, and for objects that cannot be read.
pub(super) fn own_rows(
    index: &Index,
    repository: &Repository,
    columns: &Columns,
    outcome: &Outcome,
) -> Result<OwnRows, Failure> {
    let mut notes = Vec::new();
    let (mut all, lost) = named(index, repository, outcome).map_err(damaged)?;
    if !lost.is_empty() && repository.is_shallow().map_err(Failure::from)? {
        notes.push(format!(
            "{} about packages of this repository {} commits that this shallow clone lacks, as {}: whether lines have these is not \
             looked at. Fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` where a workflow checks out.",
            counted(lost.len(), "advisory", "advisories"),
            if lost.len() == 1 { "names" } else { "name" },
            lost.first().map_or("", String::as_str)
        ));
    }
    if all.is_empty() {
        return Ok(OwnRows {
            notes,
            ..OwnRows::default()
        });
    }
    if let Some(more) = all.len().checked_sub(MAX_ADVISORIES).filter(|more| *more > 0) {
        notes.push(format!(
            "{more} earlier advisories about this repository were not looked at: only the {MAX_ADVISORIES} latest are."
        ));
        all.truncate(MAX_ADVISORIES);
    }
    let lines = lines(repository, columns, outcome)?;
    let heads: Vec<&Candidate> = lines.iter().flatten().map(|line| line.head).collect();
    let tips: Vec<ObjectId> = heads.iter().map(|head| head.commit).collect();
    let mut rows = Vec::with_capacity(all.len());
    let mut fixing = Vec::with_capacity(all.len());
    for own in all {
        let fixes = own.fixes.iter().copied().collect();
        let mut commits = FixCommits::new(repository, fixes, Vec::new(), false);
        commits.look_for_copies(&heads, &[], &mut notes)?;
        let mut standings = commits.standings(&tips)?.into_iter().zip(commits.undone(&tips)?);
        let mut cells = Vec::with_capacity(lines.len());
        let mut by = Vec::with_capacity(lines.len());
        for line in &lines {
            let (cell, fix) = match line {
                Some(line) => {
                    let (standing, is_undone) = standings.next().unwrap_or((OwnStanding::Unknown, false));
                    let fix = match &standing {
                        OwnStanding::Fixed { by } => repository.resolve(by).ok().map(|commit| OwnFix {
                            tip: line.head.commit,
                            commit,
                        }),
                        OwnStanding::Affected | OwnStanding::NotAffected | OwnStanding::Unknown => None,
                    };
                    (cell(&own, line, &standing, is_undone).map_err(damaged)?, fix)
                }
                None => {
                    let reason = "its commit is not known".to_owned();
                    (plain(CellState::Unknown, reason), None)
                }
            };
            cells.push(cell);
            by.push(fix);
        }
        fixing.push(by);
        let packages = own.packages.iter();
        let packages: BTreeSet<PackageUrl> = packages
            .map(|(ecosystem, name, _)| purl::of(ecosystem, name, ""))
            .collect();
        rows.push(GridRow {
            advisory: Arc::new(own.advisory),
            record: None,
            related: Vec::new(),
            packages: packages.into_iter().collect(),
            cells,
        });
    }
    notes.sort();
    notes.dedup();
    Ok(OwnRows {
        rows,
        fixes: fixing,
        notes,
    })
}

fn damaged(damage: Damage) -> Failure {
    Failure::incomplete(damage.to_string(), "Build the advisory database again.")
}

/// The advisories that name an own module and a commit of the clone as its fix, the latest first; and the ids of those whose commits
/// the clone has none of.
fn named<'i>(
    index: &'i Index,
    repository: &Repository,
    outcome: &Outcome,
) -> Result<(Vec<Own<'i>>, BTreeSet<String>), Damage> {
    let mut lost = BTreeSet::new();
    let modules: BTreeSet<&(Ecosystem, String)> =
        outcome.targets.iter().flat_map(|target| &target.own).collect();
    let mut all: BTreeMap<String, Own<'_>> = BTreeMap::new();
    for (ecosystem, name) in modules {
        for group in index.candidates(ecosystem, name)?.groups() {
            let ids = query::fixes(index, &group)?;
            // What another repository calls its fix is none here.
            let fixes = resolved(repository, &ids, &mut Vec::new());
            if fixes.is_empty() {
                if !ids.is_empty() {
                    lost.insert(group.advisory()?.id);
                }
                continue;
            }
            let advisory = group.advisory()?;
            let own = all.entry(advisory.id.clone()).or_insert_with(|| Own {
                advisory,
                fixes: BTreeSet::new(),
                packages: Vec::new(),
            });
            own.fixes.extend(fixes);
            own.packages.push((ecosystem.clone(), name.clone(), group));
        }
    }
    let mut all: Vec<Own<'_>> = all.into_values().collect();
    all.sort_by_key(|own| std::cmp::Reverse(own.advisory.published));
    Ok((all, lost))
}

/// The branch or tag of each target, with the tags that it contains; `None` where it is not known.
fn lines<'c>(
    repository: &Repository,
    columns: &'c Columns,
    outcome: &Outcome,
) -> Result<Vec<Option<Line<'c>>>, Failure> {
    let candidates = &columns.refs.candidates;
    let mut lines: Vec<Option<Line<'c>>> = Vec::with_capacity(outcome.targets.len());
    for target in &outcome.targets {
        let found = candidates
            .iter()
            .find(|candidate| Some(candidate.name.as_str()) == target.ref_name.as_deref());
        lines.push(found.map(|head| Line {
            head,
            tags: Vec::new(),
        }));
    }
    let tags = candidates
        .iter()
        .filter(|candidate| candidate.name.starts_with("refs/tags/"));
    let tags: Vec<&Candidate> = tags.collect();
    let marks: Vec<ObjectId> = tags.iter().map(|tag| tag.commit).collect();
    let tips: Vec<ObjectId> = lines.iter().flatten().map(|line| line.head.commit).collect();
    let containing = repository.tags_containing(&marks, &tips).map_err(Failure::from)?;
    for (place, line) in lines.iter_mut().flatten().enumerate() {
        let inside = tags
            .iter()
            .zip(&containing)
            .filter(|(_, in_lines)| in_lines.tags.contains(&place));
        line.tags = inside
            .filter_map(|(tag, _)| tag.name.strip_prefix("refs/tags/"))
            .collect();
    }
    Ok(lines)
}

/// The cell of `line`, of which git says how it stands. A line that lacks these commits is fixed, or not affected, all the same where
/// the advisory says so of the last versions that it contains.
fn cell(own: &Own<'_>, line: &Line<'_>, standing: &OwnStanding, is_undone: bool) -> Result<Cell, Damage> {
    let short = |commit: &str| commit.get(..12).unwrap_or(commit).to_owned();
    let mut last = None;
    let (mut outside, mut mended) = (0_usize, 0_usize);
    let mut fixed: Vec<String> = Vec::new();
    for (ecosystem, name, group) in &own.packages {
        let Some(version) = last_version(line, ecosystem, name) else {
            continue;
        };
        match matching::assess(&version, ecosystem::scheme(ecosystem), group)? {
            Assessment::NotAffected => outside = outside.saturating_add(1),
            Assessment::Affected { fixed: versions, .. } => {
                fixed.extend(versions.into_iter().map(str::to_owned));
            }
            Assessment::Fixed => mended = mended.saturating_add(1),
            Assessment::Undecided { .. } => {}
        }
        last.get_or_insert(version);
    }
    // A version may have had what was undone behind it.
    let of_all = |count: usize| !is_undone && count > 0 && count == own.packages.len();
    let (state, reason) = match (standing, &last) {
        (OwnStanding::Fixed { by }, _) => (
            CellState::Fixed,
            format!("it contains the commit {}, which fixes it", short(by)),
        ),
        (OwnStanding::Affected | OwnStanding::Unknown, Some(version)) if of_all(mended) => (
            CellState::Fixed,
            format!("its last version, {version}, is at or above a fixed version"),
        ),
        (OwnStanding::Affected | OwnStanding::Unknown, Some(version)) if of_all(outside) => (
            CellState::NotAffected,
            format!("its last version, {version}, is outside of what is affected"),
        ),
        (OwnStanding::NotAffected, _) => (
            CellState::NotAffected,
            "it lacks what brought the problem in".to_owned(),
        ),
        (OwnStanding::Unknown, _) => (
            CellState::Unknown,
            "whether it contains the fix is not known: this clone lacks a part of its history".to_owned(),
        ),
        (OwnStanding::Affected, _) => (
            CellState::Affected,
            format!(
                "it lacks the fix, {}; `lockkeeper backport --advisory {}` carries it",
                own.fixes
                    .first()
                    .map_or_else(String::new, |fix| short(&fix.to_string())),
                own.advisory.id
            ),
        ),
    };
    let mut cell = plain(state, reason);
    cell.version = last;
    if state == CellState::Affected {
        // The policy decides about dependencies.
        cell.decision = Some(Decision::Warn);
        cell.fixed = fixed;
    }
    Ok(cell)
}

/// The highest version of the package that a tag in `line` names.
fn last_version(line: &Line<'_>, ecosystem: &Ecosystem, name: &str) -> Option<String> {
    let scheme = ecosystem::scheme(ecosystem)?;
    let versions = line
        .tags
        .iter()
        .filter_map(|tag| version_of(tag, ecosystem, name, scheme));
    versions.max_by(|left, right| scheme.compare(left, right).unwrap_or(Ordering::Equal))
}

fn plain(state: CellState, reason: String) -> Cell {
    Cell {
        state,
        decision: None,
        reason,
        version: None,
        fixed: Vec::new(),
        upgrade: None,
        request: None,
        occurrences: Vec::new(),
    }
}
