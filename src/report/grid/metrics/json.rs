//! `metrics` of the document `lockkeeper.status/1`.

use jiff::Timestamp;
use serde::Serialize;

use super::days;
use crate::model::PackageUrl;
use crate::model::metrics::{LineGap, Metrics, MetricsRow, Stage, Summary, Times};
use crate::report::json::scan::Severity;

/// The whole.
#[derive(Serialize)]
pub(in crate::report) struct MetricsEntry<'g> {
    rows: Vec<RowEntry<'g>>,
    summary: Vec<SummaryEntry>,
    gaps: Vec<GapEntry<'g>>,
}

impl<'g> MetricsEntry<'g> {
    /// That of `metrics`.
    pub(in crate::report) fn of(metrics: &'g Metrics) -> Self {
        Self {
            rows: metrics.rows.iter().map(RowEntry::of).collect(),
            summary: metrics.summaries().into_iter().map(SummaryEntry::of).collect(),
            gaps: metrics.gaps.iter().map(GapEntry::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct RowEntry<'g> {
    id: &'g str,
    aliases: &'g [String],
    packages: Vec<&'g str>,
    class: &'static str,
    severity: Severity<'g>,
    r#ref: &'g str,
    state: &'static str,
    published: Option<Timestamp>,
    affected_since: Option<Timestamp>,
    introduced_by: Option<&'g str>,
    counted_from: Option<Timestamp>,
    proposed: StageEntry<'g>,
    merged: StageEntry<'g>,
    released: StageEntry<'g>,
}

impl<'g> RowEntry<'g> {
    fn of(row: &'g MetricsRow) -> Self {
        let advisory = &*row.advisory;
        let since = row.affected_since.as_ref();
        Self {
            id: &advisory.id,
            aliases: &advisory.aliases,
            packages: row.packages.iter().map(PackageUrl::as_str).collect(),
            class: advisory.class.as_str(),
            severity: Severity::of(&advisory.severity),
            r#ref: &row.ref_name,
            state: row.standing,
            published: advisory.published,
            affected_since: since.map(|(at, _)| *at),
            introduced_by: since.map(|(_, commit)| commit.as_str()),
            counted_from: row.counted_from,
            proposed: StageEntry::of(&row.proposed),
            merged: StageEntry::of(&row.merged),
            released: StageEntry::of(&row.released),
        }
    }
}

#[derive(Serialize)]
struct StageEntry<'g> {
    state: &'static str,
    reason: Option<&'g str>,
    at: Option<Timestamp>,
    by: Option<&'g str>,
    days: Option<f64>,
}

impl<'g> StageEntry<'g> {
    fn of(stage: &'g Stage) -> Self {
        Self {
            state: stage.as_str(),
            reason: stage.reason(),
            at: stage.at(),
            by: stage.by(),
            days: stage.seconds().map(days),
        }
    }
}

#[derive(Serialize)]
struct SummaryEntry {
    r#ref: Option<String>,
    severity: Option<&'static str>,
    rows: usize,
    proposed: TimesEntry,
    merged: TimesEntry,
    released: TimesEntry,
}

impl SummaryEntry {
    fn of(summary: Summary) -> Self {
        Self {
            rows: summary.rows,
            proposed: TimesEntry::of(&summary.proposed),
            merged: TimesEntry::of(&summary.merged),
            released: TimesEntry::of(&summary.released),
            r#ref: summary.ref_name,
            severity: summary.severity,
        }
    }
}

#[derive(Serialize)]
struct TimesEntry {
    done: usize,
    median_days: Option<f64>,
    maximum_days: Option<f64>,
    open: usize,
    open_median_days: Option<f64>,
    open_maximum_days: Option<f64>,
    accepted: usize,
    early: usize,
    skipped: usize,
    unknown: usize,
}

impl TimesEntry {
    fn of(times: &Times) -> Self {
        Self {
            done: times.done(),
            median_days: times.median().map(days),
            maximum_days: times.maximum().map(days),
            open: times.open(),
            open_median_days: times.open_median().map(days),
            open_maximum_days: times.open_maximum().map(days),
            accepted: times.accepted,
            early: times.early,
            skipped: times.skipped,
            unknown: times.unknown,
        }
    }
}

#[derive(Serialize)]
struct GapEntry<'g> {
    r#ref: &'g str,
    reason: &'g str,
}

impl<'g> GapEntry<'g> {
    fn of(gap: &'g LineGap) -> Self {
        Self {
            r#ref: &gap.ref_name,
            reason: &gap.reason,
        }
    }
}
