//! What the step writes before it does anything: where it is killed or aborts, the steps after it read that it failed, and no
//! report of an earlier step or job is taken for one of this.
//!
//! A runner reads the file of outputs from the top, so that the last line of a name counts.

use std::path::Path;

use super::answer::Answer;
use super::inputs;
use super::publish::{self, Plan, SARIF_FILE};
use crate::cli::arguments::Voice;
use crate::cli::by_ref::by_ref;
use crate::cli::pending;
use crate::model::Outcome;
use crate::model::verdict::{ExitCode, Verdict};
use crate::report::headline;
use crate::scan::unfinished::{HINT, REASON};
use crate::sys::{environment, file};

/// Says in outputs and summary that the step failed, as long as nothing else is written.
pub fn begin() {
    // Whoever ends the step tells what could not be written.
    let _ = publish::output_lines(&publish::ended(Verdict::Failed, ExitCode::Bug));
    if let Some(path) = environment::path("GITHUB_STEP_SUMMARY") {
        let _ = file::append(&path, placeholder().as_bytes());
    }
}

/// Adds `text` to the summary, in place of what [`begin`] wrote.
///
/// # Errors
/// The system's.
pub fn summarize(text: &[u8]) -> Result<(), file::FileError> {
    match environment::path("GITHUB_STEP_SUMMARY") {
        None => Ok(()),
        Some(path) => file::append_over(&path, placeholder().as_bytes(), text),
    }
}

fn placeholder() -> String {
    format!("## {}\n\n{REASON}\n\n{HINT}\n", headline::symbol(Verdict::Failed))
}

impl Plan {
    /// Puts `answer`, of a step that has only begun, in the place of every report that was asked for, and takes those of
    /// earlier steps away from the others. `refs` are the globs of what is scanned.
    pub fn begin(&self, answer: &Answer, voice: &Voice, is_sarif_named: bool, refs: Option<&str>) {
        for (format, sink, is_named) in self.places(is_sarif_named) {
            if !is_named || self.is_of_one_ref(format, &sink) {
                pending::withdraw_all(&[(format, sink)], refs);
                continue;
            }
            for (format, sink) in pending::files(&[(format, sink)]) {
                // The end of the step tells of a place that cannot be written.
                let _ = publish::write(answer, voice, format, &sink, &Default::default());
            }
        }
    }

    /// The same where each ref of `outcome` has a file of its own.
    pub fn begin_refs(&self, outcome: &Outcome, voice: &Voice, is_sarif_named: bool) {
        for (format, sink, is_named) in self.places(is_sarif_named) {
            if !is_named || !self.is_of_one_ref(format, &sink) {
                continue;
            }
            for (outcome, sink) in by_ref(outcome, &sink).unwrap_or_default() {
                let answer = Answer::from(outcome);
                let _ = publish::write(&answer, voice, format, &sink, &Default::default());
            }
        }
    }
}

/// Takes the reports of earlier steps away from where inputs that are wrong ask for reports.
pub fn withdraw() {
    let mut refs = None;
    let mut places = vec![SARIF_FILE.to_owned()];
    let mut words = vec!["lockkeeper".to_owned(), "scan".to_owned()];
    for (variable, value) in environment::variables_after("INPUT_") {
        match inputs::spelled(&variable).as_str() {
            "refs" => refs = Some(value),
            "sarif-file" | "report-file" => places.push(value.trim().to_owned()),
            "args" => words.extend(inputs::words(&value).unwrap_or_default()),
            _ => {}
        }
    }
    for place in places.iter().filter(|place| !place.is_empty()) {
        pending::withdraw(Path::new(place), refs.as_deref());
    }
    let words: Vec<_> = words.into_iter().map(Into::into).collect();
    pending::withdraw_named(&words);
}
