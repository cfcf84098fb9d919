//! `lockkeeper refs`: which release lines are live, and why each is in or out.

use std::collections::HashMap;

use jiff::Timestamp;

use super::arguments::{Refs, Voice};
use super::{output, pending, trees};
use crate::config::policy;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::report::grid::refs;
use crate::scan::columns::{are_there, lines};

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage outside of git, for a bad glob, or a `--refs` that matches nothing.
pub fn run(arguments: &Refs, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal", "json"])?;
    pending::withdraw_all(&pairs, None);
    let asked = trees::asked(arguments.source.policy.as_ref(), None)?;
    let found = trees::one(arguments.path.as_ref())?;
    let policy = policy::effective(&found, &asked, None)?.policy;
    let choice = trees::choice(arguments.refs.as_deref(), &policy);
    let (chosen, refs) = lines(&found, &choice, trees::prefer(), now)?;
    if arguments.refs.is_some() {
        are_there(&chosen, &[], &refs, &choice)?;
    }
    let none = HashMap::new();
    for (format, sink) in &pairs {
        output::write(sink, |out| match *format {
            "json" => refs::json(&chosen.lines, &chosen.warnings, out),
            _ => refs::terminal(
                &chosen.lines,
                &chosen.warnings,
                &output::style(voice, sink, &none),
                out,
            ),
        })?;
    }
    Ok(ExitCode::Pass)
}
