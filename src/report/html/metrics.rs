//! How long advisories took, as a section of the grid's page.

use super::coverage::cut;
use super::markup::{Markup, markup};
use super::page::{Section, code};
use crate::model::metrics::{Metrics, Times};
use crate::report::grid::columns::short_names;
use crate::report::grid::metrics::{in_days, open, size, words};
use crate::report::phrases::{self, short, thousands};

/// Rows of a table.
const MAX_ROWS: usize = 500;

/// The section.
pub(super) fn section(metrics: &Metrics) -> Section {
    let names = metrics.rows.iter().map(|row| row.ref_name.as_str());
    let names = short_names(names.chain(metrics.gaps.iter().map(|gap| gap.ref_name.as_str())));
    let name = |full: &str| code(short(names.get(full).copied().unwrap_or(full), 200));
    let summaries = metrics.summaries();
    let rows = summaries.iter().take(MAX_ROWS).map(|summary| {
        let line = summary.ref_name.as_deref().map_or(markup!("all"), name);
        markup!(
            "<tr><td>" (line) "</td><td data-name=\"severity\">" (summary.severity.unwrap_or("all"))
            "</td><td data-name=\"cases\">" (thousands(summary.rows as u64)) "</td><td data-name=\"proposed\">"
            (cell(&summary.proposed)) "</td><td data-name=\"merged\">" (cell(&summary.merged))
            "</td><td data-name=\"released\">" (cell(&summary.released)) "</td></tr>\n"
        )
    });
    let mut content = markup!(
        "<p class=\"intro\">" (size(metrics)) "</p>\n<table class=\"plain\"><thead><tr><th>Release line</th><th>Severity</th>"
        "<th>Cases</th><th>Proposed</th><th>Merged</th><th>Released</th></tr></thead><tbody>\n"
        (rows.collect::<Vec<_>>()) "</tbody></table>\n" (cut(summaries.len(), "row", "rows"))
    );
    let open = open(metrics);
    if !open.is_empty() {
        let entries = open.iter().take(MAX_ROWS).map(|(seconds, row)| {
            markup!(
                "<li>" (code(short(&row.advisory.id, 200))) ", " (phrases::severity(&row.advisory)) ", on "
                (name(&row.ref_name)) ": " (in_days(*seconds)) "</li>\n"
            )
        });
        content.add(markup!(
            "<p>Open for the longest time:</p>\n<ul class=\"gaps\">\n" (entries.collect::<Vec<_>>()) "</ul>\n"
        ));
    }
    if !metrics.gaps.is_empty() {
        let entries = metrics
            .gaps
            .iter()
            .take(MAX_ROWS)
            .map(|gap| markup!("<li>" (name(&gap.ref_name)) ": " (short(&gap.reason, 300)) "</li>\n"));
        content.add(markup!(
            "<p>Not everything is known:</p>\n<ul class=\"gaps\">\n" (entries.collect::<Vec<_>>()) "</ul>\n"
        ));
    }
    Section {
        id: "metrics",
        title: "Metrics",
        markup: content,
    }
}

fn cell(times: &Times) -> Markup {
    Markup::of(words(times).join("; "))
}
