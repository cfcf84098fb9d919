//! How long advisories about the repository itself took on each release line: from publication to a branch that has the fix, and to a tag.

use std::sync::Arc;

use jiff::Timestamp;

use super::own_rows::{OwnFix, OwnRows};
use crate::git::{GitError, ObjectId, Repository};
use crate::model::Outcome;
use crate::model::grid::{Cell, CellState, GridRow};
use crate::model::metrics::{MetricsRow, Stage};
use crate::scan::metrics::{Tag, released};

/// Of a branch with more first parents the earlier ones are not looked at.
const MAX_COMMITS: usize = 50_000;

/// What each advisory of `own` took on each branch of `outcome`.
///
/// # Errors
/// [`GitError`] for a commit that cannot be read.
pub(super) fn own_metrics(
    own: &OwnRows,
    outcome: &Outcome,
    repository: &Repository,
    tags: &[Tag],
    now: Timestamp,
) -> Result<Vec<MetricsRow>, GitError> {
    let ids: Vec<ObjectId> = tags.iter().map(|(_, commit, _)| *commit).collect();
    let is_shallow = repository.is_shallow()?;
    let mut rows = Vec::new();
    for (row, fixes) in own.rows.iter().zip(&own.fixes) {
        let of_lines = outcome.targets.iter().zip(row.cells.iter().zip(fixes));
        for (target, (cell, fix)) in of_lines {
            let name = target.ref_name.as_deref();
            let Some(name) = name.filter(|name| name.starts_with("refs/heads/")) else {
                continue;
            };
            let merged = match (cell.state, fix) {
                (CellState::NotAffected | CellState::Absent, _) => continue,
                // Where the clone is cut, it is not known.
                (_, Some(fix)) => {
                    merged(row, repository, fix).unwrap_or_else(|error| Stage::Unknown(error.to_string()))
                }
                (_, None) => standing(row, cell, now),
            };
            let released = match (&merged, fix, row.advisory.published) {
                (Stage::Done { at, .. }, Some(fix), Some(from)) => {
                    let containing = repository.tags_containing(&[fix.commit], &ids)?;
                    let containing = containing.into_iter().next().unwrap_or_default();
                    released(&containing, tags, (from, *at, now), is_shallow)
                }
                _ => merged.clone(),
            };
            rows.push(MetricsRow {
                advisory: Arc::clone(&row.advisory),
                packages: row.packages.clone(),
                ref_name: name.to_owned(),
                standing: cell.state.as_str(),
                affected_since: None,
                counted_from: row.advisory.published,
                proposed: match merged {
                    Stage::Early => Stage::Early,
                    _ => Stage::Unknown("no forge was asked".to_owned()),
                },
                merged,
                released,
            });
        }
    }
    Ok(rows)
}

/// The stage of a line that has no commit which fixes it.
fn standing(row: &GridRow, cell: &Cell, now: Timestamp) -> Stage {
    match (cell.state, row.advisory.published) {
        (CellState::Unknown, _) => Stage::Unknown(cell.reason.clone()),
        (CellState::Fixed, _) => Stage::Unknown("which commit fixed it is not known".to_owned()),
        (_, Some(from)) => Stage::open(from, now),
        (_, None) => undated(),
    }
}

fn undated() -> Stage {
    Stage::Unknown("the advisory does not say when it was published".to_owned())
}

/// Since when the branch has the fix: the time of its first commit that contains it, along first parents.
fn merged(row: &GridRow, repository: &Repository, by: &OwnFix) -> Result<Stage, GitError> {
    let (tip, fix) = (by.tip, by.commit);
    let Some(from) = row.advisory.published else {
        return Ok(undated());
    };
    let mut chain = vec![tip];
    let mut is_cut = false;
    let mut last = tip;
    while last != fix {
        let parents = repository.parents(last)?;
        is_cut = parents.is_cut || chain.len() >= MAX_COMMITS;
        match parents.ids.first() {
            Some(parent) if !is_cut => {
                chain.push(*parent);
                last = *parent;
            }
            Some(_) | None => break,
        }
    }
    // The later ones have it, the earlier ones do not.
    let (mut has, mut lacks) = (0_usize, chain.len());
    while has.saturating_add(1) < lacks {
        let middle = has.midpoint(lacks);
        let commit = chain.get(middle).copied().unwrap_or(tip);
        match repository.is_ancestor(fix, commit)? {
            true => has = middle,
            false => lacks = middle,
        }
    }
    if is_cut && lacks == chain.len() {
        return Ok(Stage::Unknown(
            "since when the line has the fix is not known: its earlier history is not there".to_owned(),
        ));
    }
    let first = chain.get(has).copied().unwrap_or(tip);
    let at = repository.commit_time(first)?;
    Ok(match at <= from {
        true => Stage::Early,
        false => Stage::done(from, at, first.to_string()),
    })
}
