//! `lockkeeper scan`: the main job.

use std::collections::HashMap;

use jiff::Timestamp;

use super::arguments::{OutputOptions, Scan};
use super::by_ref::{self, by_ref};
use super::console::Console;
use super::{output, pending};
use crate::config::index;
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::outcome::Category;
use crate::model::verdict::ExitCode;
use crate::report::REPORTS;
use crate::scan::discover::DiscoveredTree;
use crate::scan::{ExitOptions, Keep, unfinished};
use crate::session::{Failed, ScanRequest};

/// Runs the command. Reports are written whatever the verdict.
///
/// # Errors
/// A [`Failure`] of usage, or of a report that cannot be written.
pub fn run(arguments: &Scan, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let known: Vec<&'static str> = REPORTS.iter().map(|report| report.name()).collect();
    let pairs = output::pair(&arguments.reports, &known)?;
    let mut request = request(arguments, now)?;
    request.keep = output::keep(pairs.iter().map(|(format, _)| *format));
    request.input.reports = output::files(&pairs);
    let location = index::locate(arguments.source.db.as_deref())?;
    let console = Console::new(options);
    let session = console.session(&location, now);
    let refs = arguments.refs.as_deref();
    let is_of_one_ref = |format: &str| refs.is_some() && by_ref::is_of_one_ref(format);
    let none = HashMap::new();
    let (early, late): (Vec<_>, Vec<_>) = pairs
        .iter()
        .cloned()
        .partition(|(format, _)| !is_of_one_ref(format));
    output::write_all(
        &unfinished::unfinished(now),
        &pending::files(&early),
        options,
        &none,
    )?;
    pending::withdraw_all(&late, refs);
    let begin = |found: &[&DiscoveredTree]| {
        for (format, sink) in pending::files(&late) {
            for (outcome, sink) in by_ref(&unfinished::unread(found, now), format, &sink)? {
                output::write_all(&outcome, &[(format, sink)], options, &none)?;
            }
        }
        Ok(())
    };
    let scanned = match session.scan(&request, begin) {
        Ok(scanned) => scanned,
        Err(Failed { failure, report }) => {
            if let Some(scanned) = report {
                let pairs = output::after_failure(&pairs);
                output::write_all(&scanned.outcome, &pairs, options, &none)?;
            }
            return Err(failure);
        }
    };
    let wants_texts = pairs
        .iter()
        .any(|(format, _)| matches!(*format, "sarif" | "html"));
    let texts = if wants_texts {
        scanned.texts()
    } else {
        HashMap::new()
    };
    let (of_one_ref, pairs): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(format, _)| is_of_one_ref(format));
    for (format, sink) in &of_one_ref {
        for (outcome, sink) in by_ref(&scanned.outcome, format, sink)? {
            output::write_all(&outcome, &[(*format, sink)], options, &texts)?;
        }
    }
    output::write_all(&scanned.outcome, &pairs, options, &texts)?;
    let code = scanned.outcome.exit_code;
    // The program ends: its memory goes back as a whole.
    std::mem::forget(scanned);
    Ok(code)
}

/// The request that the command line makes.
///
/// # Errors
/// A [`Failure`] of usage for an unknown word of `--fail-on` or a category that is no name.
pub fn request(arguments: &Scan, now: Timestamp) -> Result<ScanRequest, Failure> {
    Ok(ScanRequest {
        input: (&arguments.input).into(),
        base: arguments.base.clone(),
        staged: arguments.staged,
        refs: arguments.refs.clone(),
        resolve: arguments.resolve,
        keep: Keep::Findings,
        policy: PolicyRequest::new(arguments.source.policy.clone(), arguments.fail_on.as_deref())?
            .ignoring(&arguments.ignore, now),
        exit: ExitOptions {
            exit_zero: arguments.exit_zero,
            allow_empty: arguments.allow_empty,
        },
        category: arguments
            .category
            .as_deref()
            .map(|name| category("--category", name))
            .transpose()?,
        vex: arguments.vex,
    })
}

/// The category that the flag or input `name` gives.
///
/// # Errors
/// A [`Failure`] of usage for a text that is no name.
pub fn category(name: &str, text: &str) -> Result<Category, Failure> {
    Category::new(text).ok_or_else(|| {
        Failure::usage(
            format!("`{name}` is no name of a scan"),
            format!(
                "Give it 1 to {} characters on one line, none of them a control character, such as `api`.",
                Category::MAX_CHARACTERS
            ),
        )
    })
}
