//! What the commands of `db` have in common: their two forms of output.

use serde_json::json;

use super::output;
use crate::database::build::Losses;
use crate::model::Failure;
use crate::report::json as json_report;

/// How an answer is written.
#[derive(Clone, Copy)]
pub enum Form {
    /// For people.
    Text,
    /// As JSON.
    Json,
}

/// Reads `--format`.
///
/// # Errors
/// A [`Failure`] of usage for any but terminal and json.
pub fn form(format: Option<&str>) -> Result<Form, Failure> {
    match format {
        None | Some("terminal") => Ok(Form::Text),
        Some("json") => Ok(Form::Json),
        Some(other) => Err(Failure::usage(
            format!("format {other:?} is not known here"),
            "Give terminal or json.",
        )),
    }
}

/// What became of each source's documents.
pub fn sources(sources: &[crate::advisory::Source]) -> serde_json::Value {
    let source = |source: &crate::advisory::Source| {
        json!({
            "name": source.name,
            "newest": source.newest.map(|newest| newest.to_string()),
            "records": source.counts.records,
            "withdrawn": source.counts.withdrawn,
            "rejected": source.counts.rejected,
            "skipped": source.counts.skipped,
            "superseded": source.counts.superseded,
            "git_ranges": source.counts.git_ranges,
            "unorderable_events": source.counts.unorderable_events,
            "bad_severities": source.counts.bad_severities,
        })
    };
    sources.iter().map(source).collect()
}

/// Writes a document to standard output.
///
/// # Errors
/// A [`Failure`] if standard output cannot be written.
pub fn document(value: &serde_json::Value) -> Result<(), Failure> {
    output::write(&output::Sink::Standard, |out| json_report::document(value, out))
}

/// What `--allow-rejected` means.
pub fn losses(are_allowed: bool) -> Losses {
    match are_allowed {
        true => Losses::Allowed,
        false => Losses::Refused,
    }
}
