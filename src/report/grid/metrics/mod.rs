//! How long advisories took on each release line, as part of the grid's reports, and as a table for spreadsheets.

pub(in crate::report) mod json;
pub(in crate::report) mod markdown;
pub(in crate::report) mod terminal;

use crate::model::metrics::{Metrics, MetricsRow, Stage, Times};
use crate::report::phrases::{counted, thousands};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Days, to a hundredth.
pub(in crate::report) fn days(seconds: u64) -> f64 {
    let hundredths = seconds.saturating_mul(100).saturating_add(DAY / 2) / DAY;
    u32::try_from(hundredths).map_or(f64::from(u32::MAX), f64::from) / 100.0
}

/// `12 days`, `0.5 days`, `1 day`.
pub(in crate::report) fn in_days(seconds: u64) -> String {
    let days = days(seconds);
    match days {
        1.0 => "1 day".to_owned(),
        days if days >= 100.0 => format!("{} days", thousands(seconds.saturating_add(DAY / 2) / DAY)),
        days => format!("{days} days"),
    }
}

/// What several rows come to, in words: `3 in a median of 2.5 days, at most 10 days`, `1 open for 12 days`.
pub(in crate::report) fn words(times: &Times) -> Vec<String> {
    let mut words = Vec::new();
    match (times.done(), times.median(), times.maximum()) {
        (0, ..) | (_, None, _) | (_, _, None) => {}
        (1, Some(median), Some(_)) => words.push(format!("1 in {}", in_days(median))),
        (done, Some(median), Some(maximum)) => words.push(format!(
            "{} in a median of {}, at most {}",
            thousands(done as u64),
            in_days(median),
            in_days(maximum)
        )),
    }
    match (times.open(), times.open_median(), times.open_maximum()) {
        (0, ..) | (_, None, _) | (_, _, None) => {}
        (1, Some(median), Some(_)) => words.push(format!("1 open for {}", in_days(median))),
        (open, Some(median), Some(maximum)) => words.push(format!(
            "{} open for a median of {}, at most {}",
            thousands(open as u64),
            in_days(median),
            in_days(maximum)
        )),
    }
    for (count, what) in [
        (times.accepted, "accepted"),
        (times.early, "fixed before publication"),
        (times.skipped, "without a pull request of lockkeeper"),
        (times.unknown, "unknown"),
    ] {
        if count > 0 {
            words.push(format!("{} {what}", thousands(count as u64)));
        }
    }
    words
}

/// The stages of a row with the words for them.
pub(super) fn stages(row: &MetricsRow) -> [(&'static str, &Stage); 3] {
    [
        ("proposed", &row.proposed),
        ("merged", &row.merged),
        ("released", &row.released),
    ]
}

/// `5 advisories on 3 release lines`: how many pairs there are.
pub(in crate::report) fn size(metrics: &Metrics) -> String {
    let mut lines: Vec<&str> = metrics.rows.iter().map(|row| row.ref_name.as_str()).collect();
    lines.sort_unstable();
    lines.dedup();
    let mut ids: Vec<&str> = metrics.rows.iter().map(|row| row.advisory.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    format!(
        "{} on {}",
        counted(ids.len(), "advisory", "advisories"),
        counted(lines.len(), "release line", "release lines")
    )
}

/// The rows that are open, the longest first.
pub(in crate::report) fn open(metrics: &Metrics) -> Vec<(u64, &MetricsRow)> {
    let open = metrics.rows.iter().filter_map(|row| match row.merged {
        Stage::Open { seconds } => Some((seconds, row)),
        Stage::Done { .. }
        | Stage::Accepted { .. }
        | Stage::Early
        | Stage::Skipped(_)
        | Stage::Unknown(_) => None,
    });
    let mut open: Vec<(u64, &MetricsRow)> = open.collect();
    open.sort_by_key(|(seconds, _)| std::cmp::Reverse(*seconds));
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_to_a_hundredth() {
        for (seconds, text) in [
            (0, "0 days"),
            (DAY, "1 day"),
            (DAY / 2, "0.5 days"),
            (DAY * 5 / 2, "2.5 days"),
            (DAY / 3, "0.33 days"),
            (DAY * 1_234 + 5, "1,234 days"),
        ] {
            assert_eq!(in_days(seconds), text);
        }
    }
}
