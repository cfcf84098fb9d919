//! `lockkeeper status`: the grid. It shows and does not gate: 0 if every release line was checked in whole, else 3.

use jiff::Timestamp;

use super::arguments::{OutputOptions, Status};
use super::console::Console;
use super::{output, pending};
use crate::config::index;
use crate::config::policy::PolicyRequest;
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Grid};
use crate::report::grid::FORMS;
use crate::scan::unfinished::unfinished;
use crate::session::{Input, StatusRequest};

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage, of missing history, or of a report that cannot be written.
pub fn run(arguments: &Status, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair_forms(&arguments.reports, FORMS)?;
    let request = request(arguments, now)?;
    let location = index::locate(arguments.source.db.as_deref())?;
    let begun = Grid::without_lines(unfinished(now));
    output::write_forms(&begun, FORMS, &pending::files(&pairs), options)?;
    let console = Console::new(options);
    let grid = console.session(&location, now).status(&request);
    output::write_answer(grid, |grid| grid.outcome.exit_code, FORMS, &pairs, options)
}

/// The request that the command line makes.
///
/// # Errors
/// A [`Failure`] of usage for an unknown word of `--fail-on`.
pub fn request(arguments: &Status, now: Timestamp) -> Result<StatusRequest, Failure> {
    Ok(StatusRequest {
        input: Input::path(arguments.path.as_deref()),
        refs: arguments.refs.clone(),
        history: arguments.history,
        policy: PolicyRequest::new(arguments.source.policy.clone(), arguments.fail_on.as_deref())?
            .ignoring(&arguments.ignore, now),
    })
}
