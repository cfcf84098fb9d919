//! `lockkeeper plan` and `lockkeeper fix`: upgrades that end findings, shown or written.

use std::path::PathBuf;

use jiff::Timestamp;

use super::arguments::{Fix, Level, OutputOptions, Plan, Prover, Reports, Source, Upgrades};
use super::console::Console;
use super::output;
use crate::config::index;
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::plan::{Manifests, Proposal};
use crate::report::plan::{FORMS, diff};
use crate::session::{Edits, FixLimits, FixRequest, Input, Verify};
use crate::version::Distance;

/// Runs `plan`.
///
/// # Errors
/// A [`Failure`] of usage, of a missing advisory database, or of a report that cannot be written.
pub fn plan(arguments: &Plan, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
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

/// What `fix` is asked to do; `policy` decides.
#[must_use]
pub fn of_flags(paths: &[PathBuf], upgrades: &Upgrades, policy: PolicyRequest, edits: Edits) -> FixRequest {
    FixRequest {
        input: Input {
            paths: paths.to_vec(),
            ..Input::default()
        },
        policy,
        resolve: upgrades.resolve,
        limits: FixLimits {
            level: upgrades.level.map(|level| match level {
                Level::Patch => Distance::Patch,
                Level::Minor => Distance::Minor,
                Level::Major => Distance::Major,
            }),
            manifests: upgrades.keep_manifests.then_some(Manifests::Keep),
            only: upgrades.only.clone(),
        },
        verify: match upgrades.verify {
            Some(Prover::Native) => Verify::Native,
            None => Verify::Here,
        },
        edits,
    }
}

fn request(
    paths: &[PathBuf],
    upgrades: &Upgrades,
    source: &Source,
    edits: Edits,
) -> Result<FixRequest, Failure> {
    let policy = PolicyRequest::new(source.policy.clone(), None)?;
    Ok(of_flags(paths, upgrades, policy, edits))
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
    let proposal = session.fix(&request).map_err(|failed| failed.failure)?;
    output::write_forms(&proposal, FORMS, &pairs, options)?;
    Ok(proposal)
}
