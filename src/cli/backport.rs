//! `lockkeeper backport`: upgrades for each live release line. They become pull requests at a forge, through the step; here they
//! are shown.

use std::path::PathBuf;

use jiff::Timestamp;

use super::arguments::{Backport, OutputOptions, Reports, Source, Upgrades};
use super::console::Console;
use super::{carry, output, own_advisory, upgrades};
use crate::config::index;
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::plan::lines::LinePlans;
use crate::report::lines::FORMS;
use crate::session::{BackportRequest, Edits};

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage, of a missing advisory database, or of a report that cannot be written.
pub fn run(arguments: &Backport, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    if let Some(advisory) = &arguments.advisory {
        return own_advisory::run(arguments, advisory, options, now);
    }
    if !arguments.commits.is_empty() || arguments.pull_request.is_some() {
        return carry::run(arguments, None, options, now);
    }
    if arguments.upgrades.resolve {
        return Err(Failure::usage(
            "`--resolve` asks for what a work tree lacks, and backport reads release lines from git objects",
            "Leave it out: a version that only a repository knows is named as not pinned.",
        ));
    }
    let paths: Vec<PathBuf> = arguments.path.iter().cloned().collect();
    let refs = arguments.refs.as_ref();
    let request = of_flags(&paths, &arguments.upgrades, &arguments.source, refs)?;
    let plans = shown(&request, (&arguments.source, &arguments.reports), (options, now))?;
    Ok(plans.exit_code())
}

/// The request that flags make.
///
/// # Errors
/// A [`Failure`] of usage for a policy that cannot be read.
pub fn of_flags(
    paths: &[PathBuf],
    flags: &Upgrades,
    source: &Source,
    refs: Option<&String>,
) -> Result<BackportRequest, Failure> {
    let policy = PolicyRequest::new(source.policy.clone(), None)?;
    Ok(BackportRequest {
        fix: upgrades::request(paths, flags, policy, Edits::Show),
        refs: refs.cloned(),
    })
}

/// Plans, and writes the reports that are asked for.
///
/// # Errors
/// As for [`run`].
pub fn shown(
    request: &BackportRequest,
    (source, reports): (&Source, &Reports),
    (options, now): (&OutputOptions, Timestamp),
) -> Result<LinePlans, Failure> {
    let pairs = output::pair_forms(reports, FORMS)?;
    let location = index::locate(source.db.as_deref())?;
    let console = Console::new(options);
    let session = console.session(&location, now);
    let plans = session.backport(request).map(|backports| backports.whole);
    output::write_answer(plans, FORMS, &pairs, options)
}
