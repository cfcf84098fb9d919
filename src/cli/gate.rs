//! `lockkeeper gate`: may this release go out now?

use jiff::Timestamp;

use super::arguments::{Gate, OutputOptions};
use super::console::Console;
use super::{output, pending};
use crate::config::index;
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::report::gate::FORMS;
use crate::scan::unfinished::unfinished;
use crate::scan::{ExitOptions, what_to_do};
use crate::session::{GateRequest, Input};

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage, of a release that is not there, or of a report that cannot be written.
pub fn run(arguments: &Gate, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair_forms(&arguments.reports, FORMS)?;
    let request = request(arguments, now)?;
    let location = index::locate(arguments.source.db.as_deref())?;
    let begun = what_to_do::gate(unfinished(now), &request.release);
    output::write_forms(&begun, FORMS, &pending::files(&pairs), options)?;
    let console = Console::new(options);
    let gate = console.session(&location, now).gate(&request);
    output::write_answer(gate, FORMS, &pairs, options).map(|gate| gate.outcome.exit_code)
}

/// The request that the command line makes.
///
/// # Errors
/// A [`Failure`] of usage for an unknown word of `--fail-on`.
pub fn request(arguments: &Gate, now: Timestamp) -> Result<GateRequest, Failure> {
    Ok(GateRequest {
        input: Input::path(arguments.path.as_deref()),
        // clap demands it.
        release: arguments.release.clone().unwrap_or_default(),
        policy: PolicyRequest::new(arguments.source.policy.clone(), arguments.fail_on.as_deref())?
            .ignoring(&arguments.ignore, now),
        exit: ExitOptions {
            exit_zero: arguments.exit_zero,
            allow_empty: arguments.allow_empty,
        },
    })
}
