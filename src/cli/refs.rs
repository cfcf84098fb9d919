//! `lockkeeper refs`: which release lines are live, and why each is in or out.

use std::collections::HashMap;

use jiff::Timestamp;

use super::arguments::{OutputOptions, Refs};
use super::{output, pending};
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::report::grid::refs;
use crate::session::{self, Input, RefsRequest};

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage outside of git, for a bad glob, or a `--refs` that matches nothing.
pub fn run(arguments: &Refs, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal", "json"])?;
    pending::withdraw_all(&pairs, None);
    let request = RefsRequest {
        input: Input::path(arguments.path.as_deref()),
        refs: arguments.refs.clone(),
        policy: PolicyRequest::new(arguments.source.policy.clone(), None)?,
    };
    let chosen = session::refs(&request, now)?;
    let none = HashMap::new();
    for (format, sink) in &pairs {
        output::write(sink, |out| match *format {
            "json" => refs::json(&chosen.lines, &chosen.warnings, out),
            _ => refs::terminal(
                &chosen.lines,
                &chosen.warnings,
                &output::style(options, sink, &none),
                out,
            ),
        })?;
    }
    Ok(ExitCode::Pass)
}
