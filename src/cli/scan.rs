//! `lockkeeper scan`: the main job.

use std::collections::HashMap;

use jiff::Timestamp;

use super::arguments::{Scan, Voice};
use super::trees::{self, Taken, Trees};
use super::{output, packages};
use crate::advisory::Index;
use crate::config::index::{self, Location};
use crate::config::policy::{self, Asked};
use crate::model::Outcome;
use crate::model::advisory::{TextKey, Texts};
use crate::model::verdict::ExitCode;
use crate::policy::Policy;
use crate::report::REPORTS;
use crate::scan::columns::columns;
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
/// A [`Failure`] of usage, of a base or ref that cannot be found, or of the feed where a missing index was to be fetched.
pub fn scan(
    arguments: &Scan,
    location: &Location,
    voice: &Voice,
    now: Timestamp,
) -> Result<Scanned, Failure> {
    let asked = trees::asked(arguments.source.policy.as_ref(), arguments.fail_on.as_deref())?;
    let lenience = Lenience {
        exit_zero: arguments.exit_zero,
        allow_empty: arguments.allow_empty,
    };
    let trees = match &arguments.refs {
        None => {
            let taken = if arguments.staged {
                Taken::Staged
            } else {
                Taken::Work
            };
            Trees::find(&arguments.input, taken, arguments.base.as_deref(), &asked)?
        }
        Some(_) => of_refs(arguments, &asked, now)?,
    };
    let found: Vec<&Found> = trees.found().collect();
    let index = trees::open(location, &found, &trees.policy(), voice, now)?;
    let request = Request {
        judge: index.judge(),
        remarks: trees.remarks.clone(),
        now,
        lenience,
    };
    let outcome = scan::scan(&request, &trees.cases()).outcome;
    Ok(Scanned { outcome, index })
}

/// The trees of every ref that `--refs` names, for each PATH.
fn of_refs(arguments: &Scan, asked: &Asked<'_>, now: Timestamp) -> Result<Trees, Failure> {
    let mut lines = Vec::new();
    let mut policy = Policy::built_in();
    for found in packages::find(&arguments.input)? {
        policy = policy::effective(&found, asked, None)?.policy;
        let choice = trees::choice(arguments.refs.as_deref(), &policy);
        lines.extend(columns(&found, &choice, trees::prefer(), now)?.trees);
    }
    Ok(Trees::of(lines, &policy))
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
