//! `lockkeeper backport --commit`: what carrying commits to the release lines would do.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::arguments::{Backport, OutputOptions};
use super::output;
use crate::config::forge;
use crate::config::policy::PolicyRequest;
use crate::forge::{Forge, ForgeFuture};
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::report::carried::FORMS;
use crate::session::{self, CarryRequest, CarrySource, Input, MergedPull};
use crate::sys::file::{self, FileKind};
use crate::sys::web;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage: outside of git, for a commit that is not there.
pub fn run(
    arguments: &Backport,
    names: Option<Vec<String>>,
    options: &OutputOptions,
    now: Timestamp,
) -> Result<ExitCode, Failure> {
    let pairs = output::pair_forms(&arguments.reports, FORMS)?;
    let (commits, path) = commits_and_path(&arguments.commits, arguments.path.as_deref());
    let input = Input::path(path.as_deref());
    let source = match arguments.pull_request {
        None => CarrySource::Commits(commits),
        Some(number) => CarrySource::Merged(pull(&input, number, options)?),
    };
    let request = CarryRequest {
        input,
        refs: arguments.refs.clone(),
        names,
        policy: PolicyRequest::new(arguments.source.policy.clone(), None)?,
        source,
        ..CarryRequest::default()
    };
    let carried = session::carry(&request, now)?;
    output::write_forms(&carried, FORMS, &pairs, options)?;
    Ok(carried.exit_code())
}

/// The pull request, as the forge of the clone knows it.
fn pull(input: &Input, number: u64, options: &OutputOptions) -> Result<MergedPull, Failure> {
    if options.offline {
        return Err(Failure::usage(
            "a forge is asked for a pull request, and `--offline` allows no network",
            "Leave `--offline` out, or give the commits themselves (`--commit`).",
        ));
    }
    let merged = at_forge(input, |forge| Box::pin(session::merged(forge, number)))?;
    merged.map_err(|why| {
        Failure::usage(
            why.trim_end_matches('.').trim_end_matches(": nothing is carried"),
            "Merge it first, or give the commits themselves (`--commit`).",
        )
    })
}

/// What the forge of the clone answers.
///
/// # Errors
/// A [`Failure`] of usage where it is not known which forge that is, and of the forge.
pub fn at_forge<T>(
    input: &Input,
    ask: impl for<'f> FnOnce(&'f dyn Forge) -> ForgeFuture<'f, T>,
) -> Result<T, Failure> {
    let found = session::found(input)?;
    let origin = found.repository.as_ref().map(|repository| repository.identity());
    let forge = forge::connect(&origin.unwrap_or_default())?;
    let runtime = web::runtime().map_err(|error| {
        Failure::new(
            ExitCode::Remote,
            format!("the system refuses what a connection needs: {error}"),
            "Allow the program to open connections.",
        )
    })?;
    let answer = runtime.block_on(ask(forge.as_ref()));
    runtime.shutdown_background();
    answer.map_err(|error| Failure::new(ExitCode::Remote, error.to_string(), error.hint()))
}

/// `--commit` takes every word behind it. The last of several is PATH where it leads to a folder or file, is no id, and PATH stands
/// nowhere else.
fn commits_and_path(words: &[String], path: Option<&Path>) -> (Vec<String>, Option<PathBuf>) {
    let is_id = |word: &str| word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_there = |word: &str| {
        matches!(
            file::kind(Path::new(word)),
            Ok(FileKind::File(_) | FileKind::Folder)
        )
    };
    match (words, path) {
        ([commits @ .., last], None) if !commits.is_empty() && !is_id(last) && is_there(last) => {
            (commits.to_vec(), Some(last.into()))
        }
        (words, path) => (words.to_vec(), path.map(Path::to_owned)),
    }
}
