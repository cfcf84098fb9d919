//! `lockkeeper packages`: what is locked.

use std::collections::HashMap;

use super::arguments::{Input, Packages, Voice};
use super::{output, pending, trees};
use crate::config::policy;
use crate::model::Failure;
use crate::model::outcome::FileState;
use crate::model::verdict::ExitCode;
use crate::report::{json, terminal};
use crate::scan::discover::{self, Found, Root};
use crate::scan::{FILE_LIMIT, inventory};
use crate::sys::file;

/// Runs the command. A lockfile that cannot be read in whole makes it incomplete.
///
/// # Errors
/// A [`Failure`] of usage for a PATH that is not there.
pub fn run(arguments: &Packages, voice: &Voice) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal", "json"])?;
    pending::withdraw_all(&pairs, None);
    let asked = trees::asked(arguments.source.policy.as_ref(), None)?;
    let mut found = find(&arguments.input)?;
    for found in &mut found {
        let policy = policy::effective(found, &asked, None)?.policy;
        found.exclude(&policy.exclude);
    }
    let inventory = inventory::inventory(&found);
    for (format, sink) in &pairs {
        output::write(sink, |out| match *format {
            "json" => json::packages(&inventory, out),
            _ => terminal::packages(&inventory, &output::style(voice, sink, &HashMap::new()), out),
        })?;
    }
    let blind = inventory.files.iter().any(|file| file.state == FileState::Blind);
    Ok(match (inventory.files.is_empty(), blind) {
        (true, _) => ExitCode::NothingToScan,
        (false, true) => ExitCode::Incomplete,
        (false, false) => ExitCode::Pass,
    })
}

/// Finds the lockfiles of what the command line names.
///
/// # Errors
/// A [`Failure`] of usage for a PATH that is not there or an unknown format.
pub fn find(input: &Input) -> Result<Vec<Found>, Failure> {
    roots(input)?
        .iter()
        .map(|root| discover::discover(root, FILE_LIMIT))
        .collect()
}

fn roots(input: &Input) -> Result<Vec<Root>, Failure> {
    if let Some(name) = &input.stdin {
        let bytes = file::read_standard_input(FILE_LIMIT)
            .map_err(|error| Failure::usage(error.to_string(), "Pipe a lockfile into the program."))?;
        let bytes = bytes.ok_or_else(|| {
            Failure::incomplete(
                format!("standard input is larger than the limit of {FILE_LIMIT} bytes"),
                "Scan the file by its path, or split it.",
            )
        })?;
        return Ok(vec![Root::Text(name.clone(), bytes)]);
    }
    if let [format, path] = input.as_format.as_slice() {
        return Ok(vec![Root::As(path.into(), format.clone())]);
    }
    Ok(match input.paths.as_slice() {
        [] => vec![Root::Path(".".into())],
        paths => paths.iter().cloned().map(Root::Path).collect(),
    })
}
