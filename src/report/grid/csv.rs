//! The metrics as a table for spreadsheets: one row for each advisory on each release line (RFC 4180).
//!
//! Every field stands in quotes, and none begins with what a spreadsheet would take for a formula.

use std::io;

use jiff::Timestamp;

use super::metrics::days;
use super::texts;
use crate::model::Grid;
use crate::model::metrics::{MetricsRow, Stage};
use crate::report::Style;
use crate::text::escape;

/// The heads of the columns.
pub const COLUMNS: [&str; 26] = [
    "id",
    "aliases",
    "packages",
    "class",
    "severity",
    "score",
    "ref",
    "state",
    "published",
    "affected_since",
    "introduced_by",
    "counted_from",
    "proposed_state",
    "proposed_at",
    "proposed_days",
    "pull_request",
    "merged_state",
    "merged_at",
    "merged_days",
    "merged_by",
    "released_state",
    "released_at",
    "released_days",
    "released_by",
    "known_exploited",
    "reason",
];

/// Writes the table. What is not known of a whole release line, or of everything, is a row without an advisory.
///
/// # Errors
/// Only those of `out`.
pub fn write(grid: &Grid, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(16 * 1024, out);
    line(&COLUMNS.map(str::to_owned), &mut out)?;
    match &grid.metrics {
        Some(metrics) => {
            for row in &metrics.rows {
                line(&fields(row), &mut out)?;
            }
            for gap in &metrics.gaps {
                line(&unknown(&gap.ref_name, &gap.reason), &mut out)?;
            }
        }
        None => line(&unknown("", &texts::headline(grid).join(" ")), &mut out)?,
    }
    io::Write::flush(&mut out)
}

fn line(fields: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let quoted: Vec<String> = fields.iter().map(|field| escape::csv(field)).collect();
    out.write_all(quoted.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

fn unknown(ref_name: &str, reason: &str) -> [String; COLUMNS.len()] {
    COLUMNS.map(|column| match column {
        "ref" => ref_name.to_owned(),
        "state" | "proposed_state" | "merged_state" | "released_state" => "unknown".to_owned(),
        "reason" => reason.to_owned(),
        _ => String::new(),
    })
}

fn fields(row: &MetricsRow) -> [String; COLUMNS.len()] {
    let advisory = &*row.advisory;
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let since = row.affected_since.as_ref();
    let reasons: Vec<String> = super::metrics::stages(row)
        .into_iter()
        .filter_map(|(word, stage)| Some(format!("{word}: {}", stage.reason()?)))
        .collect();
    let stage = |stage: &Stage| {
        [
            stage.as_str().to_owned(),
            time(stage.at()),
            stage
                .seconds()
                .map(|seconds| days(seconds).to_string())
                .unwrap_or_default(),
            stage.by().unwrap_or_default().to_owned(),
        ]
    };
    let [proposed, proposed_at, proposed_days, pull_request] = stage(&row.proposed);
    let [merged, merged_at, merged_days, merged_by] = stage(&row.merged);
    let [released, released_at, released_days, released_by] = stage(&row.released);
    [
        advisory.id.clone(),
        advisory.aliases.join(" "),
        row.packages
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
        advisory.class.as_str().to_owned(),
        advisory.severity.level.as_str().to_owned(),
        advisory
            .severity
            .score
            .map(|score| format!("{score:.1}"))
            .unwrap_or_default(),
        row.ref_name.clone(),
        row.standing.to_owned(),
        time(advisory.published),
        time(since.map(|(at, _)| *at)),
        since.map(|(_, commit)| commit.clone()).unwrap_or_default(),
        time(row.counted_from),
        proposed,
        proposed_at,
        proposed_days,
        pull_request,
        merged,
        merged_at,
        merged_days,
        merged_by,
        released,
        released_at,
        released_days,
        released_by,
        advisory.known_exploited.to_string(),
        reasons.join("; "),
    ]
}
