//! `lockkeeper scan`: the main job.

use std::collections::HashMap;

use jiff::Timestamp;

use super::arguments::{Scan, Voice};
use super::{output, packages};
use crate::advisory::Index;
use crate::config::index::{self, Location, Origin};
use crate::model::advisory::{TextKey, Texts};
use crate::model::verdict::ExitCode;
use crate::model::{IndexState, Outcome};
use crate::policy::Policy;
use crate::report::REPORTS;
use crate::scan::discover::Found;
use crate::scan::{self, Failure, Lenience, Request};

/// Long texts are read for so many findings at most; a report tells no more than that in full.
const TEXTS_LIMIT: usize = 5_000;

/// Runs the command. Reports are written whatever the verdict.
///
/// # Errors
/// A [`Failure`] of usage, or of a report that cannot be written.
pub fn run(arguments: &Scan, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    let known: Vec<&'static str> = REPORTS.iter().map(|report| report.name()).collect();
    let pairs = output::pair(&arguments.reports, &known)?;
    let location = index::locate(arguments.source.db.as_deref())?;
    let scanned = scan(arguments, &location, voice, now)?;
    let wants_texts = pairs.iter().any(|(format, _)| *format == "sarif");
    let texts = if wants_texts {
        scanned.texts()
    } else {
        HashMap::new()
    };
    output::write_all(&scanned.outcome, &pairs, voice, &texts)?;
    Ok(scanned.outcome.exit_code)
}

/// An outcome with the index that gave it.
pub struct Scanned {
    /// What was found.
    pub outcome: Outcome,
    index: index::Found,
}

impl Scanned {
    /// The long texts of the advisories that were found.
    #[must_use]
    pub fn texts(&self) -> HashMap<TextKey, Texts> {
        self.index
            .index
            .as_ref()
            .map(|index| texts(index, &self.outcome))
            .unwrap_or_default()
    }
}

/// Scans what the command line names by the index at `location`.
///
/// # Errors
/// A [`Failure`] of usage, or of the feed where a missing index was to be fetched.
pub fn scan(
    arguments: &Scan,
    location: &Location,
    voice: &Voice,
    now: Timestamp,
) -> Result<Scanned, Failure> {
    let policy = policy(arguments.source.policy.is_some(), arguments.fail_on.as_deref())?;
    let found = packages::find(&arguments.input)?;
    let index = open(location, &found, voice, now)?;
    let request = Request {
        judge: index.judge(),
        policy: &policy,
        now,
        lenience: Lenience {
            exit_zero: arguments.exit_zero,
            allow_empty: arguments.allow_empty,
        },
    };
    let outcome = scan::scan(&request, &found);
    Ok(Scanned { outcome, index })
}

/// The rules that the command line asks for.
///
/// # Errors
/// A [`Failure`] of usage for a list with an unknown word, or a policy file.
pub fn policy(file: bool, fail_on: Option<&str>) -> Result<Policy, Failure> {
    if file {
        return Err(Failure::usage(
            "policy files are not read by this version",
            "Leave --policy out; `--fail-on LIST` replaces the built-in rules.",
        ));
    }
    match fail_on {
        None => Ok(Policy::built_in()),
        Some(list) => {
            let list = list.parse().map_err(|error: crate::policy::FailOnError| {
                Failure::usage(
                    format!("--fail-on: {error}"),
                    "Give a comma-separated list of malicious, vulnerability, unsound, unmaintained, yanked, notice, \
                     low, medium, high, critical, known-exploited, fixable; or none.",
                )
            })?;
            Ok(Policy::built_in().with_fail_on(list))
        }
    }
}

/// Opens the index. One that is missing from the user's own cache is fetched once, for what was found.
///
/// # Errors
/// A [`Failure`] of the feed.
pub fn open(
    location: &Location,
    found: &[Found],
    voice: &Voice,
    now: Timestamp,
) -> Result<index::Found, Failure> {
    let opened = index::open(&location.path, now);
    let fetch = opened.state == IndexState::Missing && location.origin == Origin::Cache && !voice.offline;
    if !fetch || found.iter().all(|found| found.files.is_empty()) {
        return Ok(opened);
    }
    super::update::fetch(&location.path, &ecosystems(found), voice, now)?;
    Ok(index::open(&location.path, now))
}

fn ecosystems(found: &[Found]) -> Vec<crate::model::Ecosystem> {
    let mut names: Vec<_> = found.iter().flat_map(Found::ecosystems).collect();
    names.sort();
    names.dedup();
    names
}

/// The long texts of the advisories that `outcome` tells of.
#[must_use]
pub fn texts(index: &Index, outcome: &Outcome) -> HashMap<TextKey, Texts> {
    let keys = outcome
        .findings()
        .filter_map(|(_, finding)| finding.advisory.text)
        .take(TEXTS_LIMIT);
    let mut texts = HashMap::new();
    for key in keys {
        // A damaged text costs its paragraph, not the verdict: what judged was verified block by block.
        if !texts.contains_key(&key)
            && let Ok(text) = index.texts(key)
        {
            texts.insert(key, text);
        }
    }
    texts
}
