//! How long advisories took, for a person at a terminal: all, each release line, what is open.

use std::io;

use super::{in_days, open, size, stages, words};
use crate::model::metrics::{Metrics, MetricsRow, Stage, Summary};
use crate::report::Length;
use crate::report::grid::columns::short_names;
use crate::report::grid::texts;
use crate::report::phrases;
use crate::report::phrases::counted;
use crate::report::terminal::page::{Line, Page, Shade, Word};

/// Open ones that are named, and rows that are listed with `-v`.
const MAX_OPEN: usize = 5;
const MAX_ROWS: usize = 100;
const MAX_GAPS: usize = 10;

/// Writes the section.
pub(in crate::report) fn write(metrics: &Metrics, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    page.heading(&format!("Metrics: {}", size(metrics)))?;
    let names = metrics.rows.iter().map(|row| row.ref_name.as_str());
    let names = short_names(names.chain(metrics.gaps.iter().map(|gap| gap.ref_name.as_str())));
    let name = |full: &str| names.get(full).copied().unwrap_or(full).to_owned();
    for summary in metrics.summaries() {
        if summary.rows == 0 {
            let nothing =
                "No release line locks or locked an affected version, as far as its history is known.";
            page.text(Shade::Plain, 2, nothing, 2)?;
            continue;
        }
        let of = match (&summary.ref_name, summary.severity) {
            (None, None) => "all release lines".to_owned(),
            (Some(line), None) => name(line),
            (line, Some(severity)) => {
                let is_shown = match (line, length) {
                    (None, _) | (Some(_), Length::Full) => true,
                    (Some(_), Length::Verdict | Length::Normal) => false,
                };
                if !is_shown {
                    continue;
                }
                let line = line.as_deref().map_or("all release lines".to_owned(), name);
                format!("{line}, {severity}")
            }
        };
        self::summary(&of, &summary, page)?;
    }
    let open = open(metrics);
    if !open.is_empty() {
        page.text(Shade::Plain, 2, "Open for the longest time", 1)?;
    }
    for (seconds, row) in open.iter().take(MAX_OPEN) {
        let words = [
            Word::id(Shade::Strong, &row.advisory.id),
            (Shade::Plain, phrases::severity(&row.advisory)).into(),
            (Shade::Plain, name(&row.ref_name)).into(),
            (Shade::Bad, format!("open for {}", in_days(*seconds))).into(),
        ];
        page.whole_words(Line::indented(4), 6, &words)?;
    }
    let left = open.len().saturating_sub(MAX_OPEN);
    if left > 0 {
        let text = format!(
            "… and {} (`--format csv` lists all)",
            counted(left, "more", "more")
        );
        page.line(&Line::indented(4).with(Shade::Dim, &text))?;
    }
    match length {
        Length::Verdict | Length::Normal => {}
        Length::Full => rows(metrics, &name, page)?,
    }
    for gap in metrics.gaps.iter().take(MAX_GAPS) {
        let text = format!("{}: {}.", name(&gap.ref_name), gap.reason);
        page.text(Shade::Warn, 2, &text, 3)?;
    }
    let left = metrics.gaps.len().saturating_sub(MAX_GAPS);
    if left > 0 {
        let text = format!(
            "… and {} (`--format json` lists all)",
            counted(left, "more", "more")
        );
        page.line(&Line::indented(2).with(Shade::Dim, &text))?;
    }
    Ok(())
}

fn summary(of: &str, summary: &Summary, page: &mut Page<'_>) -> io::Result<()> {
    let start = [
        (Shade::Strong, of.to_owned()),
        (Shade::Plain, counted(summary.rows, "case", "cases")),
    ];
    page.whole_words(Line::indented(2), 4, &start)?;
    for (stage, times) in [
        ("proposed", &summary.proposed),
        ("merged", &summary.merged),
        ("released", &summary.released),
    ] {
        let words: Vec<(Shade, String)> = words(times)
            .into_iter()
            .map(|text| (Shade::Plain, text))
            .collect();
        let start = Line::indented(4).with(Shade::Dim, stage).padded_to(0, 13);
        page.whole_words(start, 6, &words)?;
    }
    Ok(())
}

fn rows(metrics: &Metrics, name: &dyn Fn(&str) -> String, page: &mut Page<'_>) -> io::Result<()> {
    for row in metrics.rows.iter().take(MAX_ROWS) {
        let mut words = vec![
            Word::id(Shade::Strong, &row.advisory.id),
            (Shade::Plain, phrases::severity(&row.advisory)).into(),
            (Shade::Plain, name(&row.ref_name)).into(),
        ];
        words.extend(of_row(row).into_iter().map(|text| (Shade::Plain, text).into()));
        page.whole_words(Line::indented(2), 4, &words)?;
    }
    let left = metrics.rows.len().saturating_sub(MAX_ROWS);
    if left > 0 {
        let text = format!(
            "… and {} (`--format csv` lists all)",
            counted(left, "more", "more")
        );
        page.line(&Line::indented(2).with(Shade::Dim, &text))?;
    }
    Ok(())
}

/// `merged after 3 days by 1a2b3c4d5e6f`, and the same of the other stages.
fn of_row(row: &MetricsRow) -> Vec<String> {
    let text = |(word, stage): (&str, &Stage)| match stage {
        Stage::Done { seconds, by, .. } => {
            let by = match word {
                "merged" => texts::commit(by),
                _ => by,
            };
            format!("{word} after {} by {by}", in_days(*seconds))
        }
        Stage::Open { seconds } => format!("not {word} for {}", in_days(*seconds)),
        Stage::Accepted { seconds } => format!("not {word}, accepted for {}", in_days(*seconds)),
        Stage::Early => format!("{word}: before publication"),
        Stage::Skipped(reason) => format!("{word}: {reason}"),
        Stage::Unknown(reason) => format!("{word}: unknown ({reason})"),
    };
    stages(row).into_iter().map(text).collect()
}
