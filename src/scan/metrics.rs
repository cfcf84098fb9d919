//! How long advisories took on each release line, from the history of its lockfiles and from tags.
//!
//! What a word means stands in `docs/metrics.md`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::history::History;
use super::line_past::{AdvisoryPast, Episode, LinePast, Run};
use crate::git::containing::Containing;
use crate::git::{GitError, ObjectId, Repository};
use crate::model::grid::{Cell, CellState};
use crate::model::metrics::{LineGap, Metrics, MetricsRow, Stage};
use crate::model::{Advisory, Grid, PackageUrl};

/// The short name of a tag, the commit that it is at, and when it was made.
pub type Tag = (String, ObjectId, Timestamp);

/// What every advisory took on every live branch of `grid`, as `history` knows it.
///
/// # Errors
/// [`GitError`] for a commit that cannot be read.
pub fn metrics(
    grid: &Grid,
    history: &History,
    repository: &Repository,
    tags: &[Tag],
    now: Timestamp,
) -> Result<Metrics, GitError> {
    let mut metrics = Metrics::default();
    let pasts: HashMap<&str, &LinePast> = history
        .past
        .iter()
        .map(|past| (past.ref_name.as_str(), past))
        .collect();
    // The commit that fixed each row.
    let mut fixed: Vec<(usize, Timestamp, ObjectId)> = Vec::new();
    for (column, target) in grid.outcome.targets.iter().enumerate() {
        let Some(name) = target.ref_name.as_deref() else {
            continue;
        };
        let mut gap = |reason: String| {
            metrics.gaps.push(LineGap {
                ref_name: name.to_owned(),
                reason,
            });
        };
        if !name.starts_with("refs/heads/") {
            gap("it is no branch: nothing is merged into it".to_owned());
            continue;
        }
        if let Some(blind) = target.coverage.blind.first() {
            let file = blind.file().map(|file| format!("{}: ", file.display()));
            gap(format!("{}{}", file.unwrap_or_default(), blind.reason));
        }
        let past = pasts.get(name).copied();
        match past {
            Some(past) if past.is_cut => {
                gap("the clone lacks its earlier history: what was fixed there is not counted".to_owned());
            }
            Some(_) => {}
            None => gap("its history was not read".to_owned()),
        }
        let of_line = Line {
            column,
            ref_name: name,
            past,
            grid,
            history,
            now,
        };
        for (row, by) in of_line.rows() {
            fixed.extend(by.map(|run| (metrics.rows.len(), run.committed, run.first)));
            metrics.rows.push(row);
        }
    }
    let commits: Vec<ObjectId> = fixed.iter().map(|(.., commit)| *commit).collect();
    let ids: Vec<ObjectId> = tags.iter().map(|(_, commit, _)| *commit).collect();
    let containing = repository.tags_containing(&commits, &ids)?;
    let is_shallow = repository.is_shallow()?;
    for ((number, merged, _), containing) in fixed.into_iter().zip(containing) {
        if let Some(row) = metrics.rows.get_mut(number)
            && let Some(from) = row.counted_from
        {
            row.released = released(&containing, tags, (from, merged, now), is_shallow);
        }
    }
    Ok(metrics)
}

/// When the first of `tags` came that contains what was merged, counted from `from`.
#[must_use]
pub fn released(
    containing: &Containing,
    tags: &[Tag],
    (from, merged, now): (Timestamp, Timestamp, Timestamp),
    is_shallow: bool,
) -> Stage {
    let unknown = |reason: &str| Stage::Unknown(reason.to_owned());
    if tags.is_empty() {
        return unknown("this clone has no tag (`git fetch --tags`)");
    }
    let of = |places: &[usize]| {
        let tags = places.iter().filter_map(|place| tags.get(*place));
        tags.map(|(name, _, made)| (*made, name.clone())).min()
    };
    let first = of(&containing.tags);
    let unclear = of(&containing.unclear);
    let is_unclear = match (&first, &unclear) {
        (_, None) => false,
        (None, Some((made, _))) => *made >= merged || is_shallow,
        (Some((first, _)), Some((made, _))) => made < first && *made >= merged,
    };
    match first {
        _ if is_unclear => unknown("this clone lacks a part of the history of tags"),
        // A tag that was dated before what it contains.
        Some((made, name)) => Stage::done(from, made.max(merged), name),
        None if is_shallow => unknown("this clone is shallow, and may lack tags"),
        None => Stage::open(from, now),
    }
}

/// A cell of the grid, with the advisory and the packages of its row.
type OfGrid<'m> = (&'m Cell, &'m Arc<Advisory>, &'m [PackageUrl]);

/// One column of the grid.
struct Line<'m> {
    column: usize,
    ref_name: &'m str,
    past: Option<&'m LinePast>,
    grid: &'m Grid,
    history: &'m History,
    now: Timestamp,
}

impl Line<'_> {
    /// The rows of the line, each with the commits that fixed it.
    fn rows(&self) -> Vec<(MetricsRow, Option<Run>)> {
        let mut cells: BTreeMap<&str, Vec<OfGrid<'_>>> = BTreeMap::new();
        for row in &self.grid.rows {
            if let Some(cell) = row.cells.get(self.column) {
                let of_id = cells.entry(row.advisory.id.as_str()).or_default();
                of_id.push((cell, &row.advisory, &row.packages));
            }
        }
        let past = self.past.map(|past| &past.advisories);
        let ever = past.into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        let now = cells.iter().filter(|(_, cells)| {
            cells.iter().any(|(cell, ..)| match cell.state {
                CellState::Affected | CellState::Unknown | CellState::Excepted => true,
                CellState::Fixed | CellState::NotAffected | CellState::Absent => false,
            })
        });
        let ids: BTreeSet<&str> = ever.chain(now.map(|(id, _)| *id)).collect();
        let mut rows: Vec<(MetricsRow, Option<Run>)> = ids
            .into_iter()
            .filter_map(|id| {
                let cells = cells.get(id).map_or(&[][..], Vec::as_slice);
                let advisory = cells.first().map(|(_, advisory, _)| *advisory);
                let advisory = advisory.or_else(|| self.history.advisories.get(id))?;
                let worst = cells.iter().map(|(cell, ..)| *cell).min_by_key(|cell| cell.state);
                let mut row = self.row(advisory, worst, past.and_then(|past| past.get(id)));
                if row.0.packages.is_empty() {
                    let packages = cells.iter().flat_map(|(.., packages)| packages.iter());
                    row.0.packages = packages.cloned().collect();
                }
                Some(row)
            })
            .collect();
        rows.sort_by(|(one, _), (other, _)| {
            let key = |row: &MetricsRow| (row.advisory.published, row.advisory.id.clone());
            key(one).cmp(&key(other))
        });
        rows
    }

    fn row(
        &self,
        advisory: &Arc<Advisory>,
        cell: Option<&Cell>,
        past: Option<&AdvisoryPast>,
    ) -> (MetricsRow, Option<Run>) {
        let state = cell.map_or(CellState::Absent, |cell| cell.state);
        let episodes = past.map(|past| past.episodes(self.past.is_some_and(|line| line.is_cut)));
        let episodes = episodes.unwrap_or_default();
        let counted = counted(advisory.published, &episodes);
        let affected_since = episodes
            .first()
            .filter(|episode| !episode.is_unclear)
            .map(|episode| (episode.first.committed, episode.first.first.to_string()));
        let mut by = None;
        let merged = match (state, past.map(AdvisoryPast::fixed), &counted) {
            (CellState::Unknown, _, _) => {
                let reason = cell.map(|cell| cell.reason.clone());
                Stage::Unknown(reason.unwrap_or_default())
            }
            (CellState::Affected, _, Ok(Some(from))) => Stage::open(*from, self.now),
            (CellState::Excepted, _, Ok(Some(from))) => match Stage::open(*from, self.now) {
                Stage::Open { seconds } => Stage::Accepted { seconds },
                other => other,
            },
            (_, Some(Err(reason)), _) => Stage::Unknown(reason),
            (_, _, Err(reason)) => Stage::Unknown((*reason).to_owned()),
            (CellState::Affected | CellState::Excepted, _, Ok(None)) | (_, None, Ok(_)) => {
                Stage::Unknown("no commit that brought it in is known".to_owned())
            }
            (_, Some(Ok(_)), Ok(None)) => Stage::Early,
            (_, Some(Ok(Some(run))), Ok(Some(from))) => {
                by = Some(run);
                Stage::done(*from, run.committed, run.first.to_string())
            }
            (_, Some(Ok(None)), Ok(Some(_))) => {
                Stage::Unknown("the line and its history do not agree".to_owned())
            }
        };
        let by = by.filter(|_| matches!(merged, Stage::Done { .. }));
        let row = MetricsRow {
            advisory: Arc::clone(advisory),
            packages: past
                .map(|past| past.packages.iter().cloned().collect())
                .unwrap_or_default(),
            ref_name: self.ref_name.to_owned(),
            standing: state.as_str(),
            affected_since,
            counted_from: counted.ok().flatten(),
            proposed: match merged {
                Stage::Early => Stage::Early,
                _ => Stage::Unknown("no forge was asked".to_owned()),
            },
            // Where it was merged, tags are looked at afterwards.
            released: merged.clone(),
            merged,
        };
        (row, by)
    }
}

/// From when time is counted: from publication, or from when the line came to lock an affected version after that. `None`
/// where it was fixed before.
fn counted(published: Option<Timestamp>, episodes: &[Episode]) -> Result<Option<Timestamp>, &'static str> {
    let published = published.ok_or("the advisory does not say when it was published")?;
    let is_over = |episode: &&Episode| episode.end.is_some_and(|end| end.committed <= published);
    let Some(episode) = episodes.iter().find(|episode| !is_over(episode)) else {
        return Ok(None);
    };
    match episode.first.committed <= published {
        true => Ok(Some(published)),
        false if episode.is_unclear => {
            Err("since when the line is affected is not known: its earlier history is not there")
        }
        false => Ok(Some(episode.first.committed)),
    }
}
