//! How long advisories took, in GitHub's Markdown: a table of all release lines and severities, and what is open.

use super::{in_days, open, size, words};
use crate::model::metrics::{Metrics, Times};
use crate::report::grid::columns::short_names;
use crate::report::markdown::Table;
use crate::report::phrases::{self, short, thousands};
use crate::text::escape::{markdown, markdown_code};

/// The section, in about `room` bytes.
pub(in crate::report) fn section(metrics: &Metrics, room: usize) -> String {
    let names = metrics.rows.iter().map(|row| row.ref_name.as_str());
    let names = short_names(names.chain(metrics.gaps.iter().map(|gap| gap.ref_name.as_str())));
    let name = |full: &str| markdown_code(&short(names.get(full).copied().unwrap_or(full), 100));
    let head = format!(
        "\n### Metrics: {}\n\n| Release line | Severity | Cases | Proposed | Merged | Released |\n|---|---|--:|---|---|---|\n",
        size(metrics)
    );
    let mut table = Table::new(&head, room / 2);
    for summary in metrics.summaries() {
        table.push(|| {
            let all = || "all".to_owned();
            format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                summary.ref_name.as_deref().map_or_else(all, name),
                summary.severity.map_or_else(all, markdown),
                thousands(summary.rows as u64),
                cell(&summary.proposed),
                cell(&summary.merged),
                cell(&summary.released),
            )
        });
    }
    let mut text = table.finish("row", "rows");
    let open = open(metrics);
    if !open.is_empty() {
        let head = "\nOpen for the longest time:\n\n";
        let mut list = Table::new(head, room / 4);
        for (seconds, row) in open {
            list.push(|| {
                format!(
                    "- {}, {}, on {}: {}\n",
                    markdown_code(&short(&row.advisory.id, 100)),
                    markdown(&phrases::severity(&row.advisory)),
                    name(&row.ref_name),
                    in_days(seconds)
                )
            });
        }
        text.push_str(&list.finish("case", "cases"));
    }
    if !metrics.gaps.is_empty() {
        let mut list = Table::new("\nNot everything is known:\n\n", room / 4);
        for gap in &metrics.gaps {
            list.push(|| {
                format!(
                    "- {}: {}\n",
                    name(&gap.ref_name),
                    markdown(&short(&gap.reason, 300))
                )
            });
        }
        text.push_str(&list.finish("release line", "release lines"));
    }
    text
}

fn cell(times: &Times) -> String {
    words(times)
        .iter()
        .map(|words| markdown(words))
        .collect::<Vec<_>>()
        .join("<br>")
}
