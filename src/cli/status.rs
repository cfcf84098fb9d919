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
    output::write_answer(grid, FORMS, &pairs, options).map(|grid| grid.outcome.exit_code)
}

/// The request that the command line makes.
///
/// # Errors
/// A [`Failure`] of usage for an unknown word of `--fail-on`, and for a table of metrics without metrics.
pub fn request(arguments: &Status, now: Timestamp) -> Result<StatusRequest, Failure> {
    let reports = &arguments.reports;
    let is_table = match reports.format.as_slice() {
        [] => reports.output.iter().any(|path| {
            path.extension()
                .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
        }),
        formats => formats.iter().any(|format| format == "csv"),
    };
    if is_table && !arguments.metrics {
        return Err(Failure::usage(
            "format \"csv\" is the table of metrics, and `--metrics` is not given",
            "Add --metrics, or give another --format.",
        ));
    }
    Ok(StatusRequest {
        input: Input::path(arguments.path.as_deref()),
        refs: arguments.refs.clone(),
        history: arguments.history,
        metrics: arguments.metrics,
        policy: PolicyRequest::new(arguments.source.policy.clone(), arguments.fail_on.as_deref())?
            .ignoring(&arguments.ignore, now),
    })
}
