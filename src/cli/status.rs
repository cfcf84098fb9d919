//! `lockkeeper status`: the grid. It shows and does not gate: 0 if every line could be judged, else 3.

use jiff::Timestamp;

use super::arguments::{Status, Voice};
use super::output;
use super::pending;
use super::trees::{self, Setting, Trees};
use crate::config::index;
use crate::config::{heartbeat, policy};
use crate::model::verdict::{ExitCode, Verdict};
use crate::model::{Failure, Location};
use crate::model::{Gap, Grid, Outcome};
use crate::report::grid::FORMS;
use crate::scan::columns::columns;
use crate::scan::discover::Found;
use crate::scan::history::history;
use crate::scan::unfinished::unfinished;
use crate::scan::{Keep, Lenience, Request, grid, scan};

/// Runs the command.
///
/// # Errors
/// As [`grid`], or of a report that cannot be written.
pub fn run(arguments: &Status, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair_forms(&arguments.reports, FORMS)?;
    let location = index::locate(arguments.source.db.as_deref())?;
    let setting = Setting::alone(&location, voice, now);
    output::write_forms(&empty(unfinished(now)), FORMS, &pending::files(&pairs), voice)?;
    let answer = grid(arguments, &setting).map(|grid| {
        let code = grid.outcome.exit_code;
        (grid, code)
    });
    let instead = |failure: &Failure| unjudged(arguments, failure, &setting);
    output::write_answer(answer, instead, FORMS, &pairs, voice)
}

/// What is told of a grid that ended with `failure` before it could be filled; `None` if that is no matter of looking.
#[must_use]
pub fn unjudged(arguments: &Status, failure: &Failure, setting: &Setting<'_>) -> Option<Grid> {
    let asked = trees::asked(arguments.source.policy.as_ref(), arguments.fail_on.as_deref()).ok()?;
    let input = trees::input(arguments.path.as_ref());
    trees::unjudged(failure, &input, &asked, setting).map(empty)
}

/// A grid without a line, which has nothing but how the run ended.
#[must_use]
pub fn empty(outcome: Outcome) -> Grid {
    Grid {
        outcome,
        rows: Vec::new(),
        lines: Vec::new(),
        warnings: Vec::new(),
        history: None,
    }
}

/// The grid of the repository that the command line names, by the index at `location`.
///
/// # Errors
/// A [`Failure`] of usage outside of git or where no line is live, of incompleteness for missing history.
pub fn grid(arguments: &Status, setting: &Setting<'_>) -> Result<Grid, Failure> {
    let Setting { location, now, .. } = *setting;
    let asked = trees::asked(arguments.source.policy.as_ref(), arguments.fail_on.as_deref())?;
    let found = trees::one(arguments.path.as_ref())?;
    setting.reach(&found);
    let effective = policy::effective(&found, &asked, None)?;
    let choice = trees::choice(arguments.refs.as_deref(), &effective.policy);
    let mut columns = columns(&found, &choice, trees::prefer(), now)?;
    let lines = std::mem::take(&mut columns.trees);
    let judged = Trees::of(lines, &effective.policy);
    let lines: Vec<&Found> = judged.found().collect();
    let opened = trees::open(setting, &lines, &effective.policy)?;
    let request = Request {
        judge: opened.judge(),
        remarks: effective.remarks,
        now,
        lenience: Lenience::default(),
        keep: Keep::Assessments,
    };
    let mut outcome = scan(&request, &judged.cases());
    let rows = grid::rows(&outcome, &lines);
    outcome.exit_code = shown(outcome.verdict, outcome.coverage.is_complete());
    let mut warnings = columns.chosen.warnings.clone();
    if let (Some(folder), Some(repository)) = (location.cache_folder(), &found.repository) {
        let within = effective.policy.lines.scanned_within;
        warnings.extend(heartbeat::last_scanned(
            &folder,
            repository,
            &mut columns.chosen.lines,
            within,
            now,
        ));
    }
    warnings.extend(outcome.remarks.iter().map(|remark| {
        let Gap {
            location,
            reason,
            hint,
        } = remark;
        match location {
            None => format!("{reason}. {hint}"),
            Some(Location { file, position }) => format!("{file}:{}: {reason}. {hint}", position.line),
        }
    }));
    let history = match (arguments.history, &opened.index) {
        (false, _) | (true, None) => None,
        (true, Some(index)) => {
            let history = history(&found, &columns, index)?;
            warnings.extend(history.warnings);
            Some(history.holdings)
        }
    };
    Ok(Grid {
        outcome,
        rows,
        lines: columns.chosen.lines,
        warnings,
        history,
    })
}

/// A grid was shown; whether something blocks is the business of `scan` and `gate`.
fn shown(verdict: Verdict, complete: bool) -> ExitCode {
    match (verdict, complete) {
        (Verdict::Failed, _) => ExitCode::Bug,
        (Verdict::Pass | Verdict::Blocked | Verdict::Incomplete | Verdict::NothingToScan, false) => {
            ExitCode::Incomplete
        }
        (Verdict::Incomplete, true) => ExitCode::Incomplete,
        (Verdict::NothingToScan, true) => ExitCode::NothingToScan,
        (Verdict::Pass | Verdict::Blocked, true) => ExitCode::Pass,
    }
}
