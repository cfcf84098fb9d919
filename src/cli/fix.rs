//! `lockkeeper plan` and `lockkeeper fix`: upgrades that end findings, shown or written.

use std::path::PathBuf;

use jiff::Timestamp;

use super::arguments::{Fix, OutputOptions, Plan, Reports, Source, Upgrades};
use super::console::Console;
use super::{backport, output, upgrades};
use crate::config::index;
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::plan::Proposal;
use crate::report::lines;
use crate::report::plan::{FORMS, diff};
use crate::session::{Edits, FixRequest};

/// Runs `plan`.
///
/// # Errors
/// A [`Failure`] of usage, of a missing advisory database, or of a report that cannot be written.
pub fn plan(arguments: &Plan, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    if let Some(refs) = &arguments.refs {
        let request = backport::of_flags(
            &arguments.paths,
            &arguments.upgrades,
            &arguments.source,
            Some(refs),
        )?;
        let sources = (&arguments.source, &arguments.reports);
        let plans = backport::shown(&request, sources, (options, now))?;
        if arguments.diff {
            output::print(lines::diff(&plans).as_bytes())?;
        }
        return Ok(plans.exit_code());
    }
    let proposal = proposed(
        request(
            &arguments.paths,
            &arguments.upgrades,
            &arguments.source,
            Edits::Show,
        )?,
        &arguments.source,
        &arguments.reports,
        (options, now),
    )?;
    if arguments.diff {
        output::print(diff(&proposal).as_bytes())?;
    }
    Ok(proposal.exit_code())
}

/// Runs `fix`.
///
/// # Errors
/// As for [`plan`], and for a file that cannot be written or has changes that are not committed.
pub fn run(arguments: &Fix, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    if let Some(refs) = &arguments.refs {
        let request = backport::of_flags(
            &arguments.paths,
            &arguments.upgrades,
            &arguments.source,
            Some(refs),
        )?;
        let sources = (&arguments.source, &arguments.reports);
        return Ok(backport::shown(&request, sources, (options, now))?.exit_code());
    }
    let edits = match (arguments.dry_run, arguments.allow_dirty) {
        (true, _) => Edits::Show,
        (false, true) => Edits::WriteOverChanges,
        (false, false) => Edits::Write,
    };
    let proposal = proposed(
        request(&arguments.paths, &arguments.upgrades, &arguments.source, edits)?,
        &arguments.source,
        &arguments.reports,
        (options, now),
    )?;
    Ok(proposal.exit_code())
}

fn request(
    paths: &[PathBuf],
    upgrades: &Upgrades,
    source: &Source,
    edits: Edits,
) -> Result<FixRequest, Failure> {
    let policy = PolicyRequest::new(source.policy.clone(), None)?;
    Ok(upgrades::request(paths, upgrades, policy, edits))
}

fn proposed(
    request: FixRequest,
    source: &Source,
    reports: &Reports,
    (options, now): (&OutputOptions, Timestamp),
) -> Result<Proposal, Failure> {
    let pairs = output::pair_forms(reports, FORMS)?;
    let location = index::locate(source.db.as_deref())?;
    let console = Console::new(options);
    let session = console.session(&location, now);
    output::write_answer(session.fix(&request), FORMS, &pairs, options)
}
