//! `lockkeeper gate`: may this line be released now?

use jiff::Timestamp;

use super::arguments::{Gate, Voice};
use super::output;
use super::pending;
use super::trees::{self, Setting, Trees};
use crate::config::index;
use crate::config::policy;
use crate::git::listing::Listing;
use crate::model::verdict::ExitCode;
use crate::model::{self, Failure};
use crate::report::gate::FORMS;
use crate::scan::columns::release;
use crate::scan::discover::Found;
use crate::scan::reader::is_wanted;
use crate::scan::unfinished::unfinished;
use crate::scan::{FILE_LIMIT, Keep, Lenience, Request, commit, scan, ways};

/// Runs the command.
///
/// # Errors
/// As [`gate`], or of a report that cannot be written.
pub fn run(arguments: &Gate, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair_forms(&arguments.reports, FORMS)?;
    let location = index::locate(arguments.source.db.as_deref())?;
    let setting = Setting::alone(&location, voice, now);
    let begun = ways::gate(unfinished(now), &arguments.release);
    output::write_forms(&begun, FORMS, &pending::files(&pairs), voice)?;
    let answer = gate(arguments, &setting).map(|gate| {
        let code = gate.outcome.exit_code;
        (gate, code)
    });
    let instead = |failure: &Failure| unjudged(arguments, failure, &setting);
    output::write_answer(answer, instead, FORMS, &pairs, voice)
}

/// What is told of a gate that ended with `failure` before it could judge; `None` if that is no matter of looking.
#[must_use]
pub fn unjudged(arguments: &Gate, failure: &Failure, setting: &Setting<'_>) -> Option<model::Gate> {
    let asked = trees::asked(arguments.source.policy.as_ref(), arguments.fail_on.as_deref()).ok()?;
    let input = trees::input(arguments.path.as_ref());
    let outcome = trees::unjudged(failure, &input, &asked, setting)?;
    Some(ways::gate(outcome, &arguments.release))
}

/// Judges the release that the command line names by the index at `location`.
///
/// # Errors
/// A [`Failure`] of usage outside of git, of incompleteness for a release that the clone lacks.
pub fn gate(arguments: &Gate, setting: &Setting<'_>) -> Result<model::Gate, Failure> {
    let asked = trees::asked(arguments.source.policy.as_ref(), arguments.fail_on.as_deref())?;
    let found = trees::one(arguments.path.as_ref())?;
    setting.reach(&found);
    let mut effective = policy::effective(&found, &asked, None)?;
    let (head, id, odd) = release(&found, &arguments.release, trees::prefer())?;
    effective.remarks.extend(odd);
    let line = match &found.repository {
        None => {
            return Err(Failure::usage(
                "this is no git repository",
                "Give a folder of one.",
            ));
        }
        Some(repository) => {
            let listing = Listing::new(repository, &is_wanted);
            commit::of(&found, head, id, &listing, FILE_LIMIT).map_err(Failure::from)?
        }
    };
    let judged = Trees::of(vec![line], &effective.policy);
    let lines: Vec<&Found> = judged.found().collect();
    let opened = trees::open(setting, &lines, &effective.policy)?;
    let request = Request {
        judge: opened.judge(),
        remarks: effective.remarks,
        now: setting.now,
        lenience: Lenience {
            exit_zero: arguments.exit_zero,
            allow_empty: arguments.allow_empty,
        },
        keep: Keep::Findings,
    };
    let outcome = scan(&request, &judged.cases());
    Ok(ways::gate(outcome, &arguments.release))
}
