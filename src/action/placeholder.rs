//! Reports that a step writes before it does anything: no report of an earlier step or job is taken for one of this.

use std::collections::HashMap;
use std::path::Path;

use super::answer::Answer;
use super::inputs;
use super::report_files::{ReportFiles, SARIF_FILE};
use crate::cli::arguments::OutputOptions;
use crate::cli::by_ref::by_ref;
use crate::cli::pending;
use crate::model::Outcome;
use crate::sys::environment;

impl ReportFiles {
    /// Puts `answer`, of a step that has only begun, in the place of every report that was asked for, and takes those of
    /// earlier steps away from the others. `refs` are the globs of what is scanned.
    pub fn begin(&self, answer: &Answer, options: &OutputOptions, is_sarif_named: bool, refs: Option<&str>) {
        for (format, sink, is_named) in self.places(is_sarif_named) {
            if !is_named || self.is_of_one_ref(format, &sink) {
                pending::withdraw_all(&[(format, sink)], refs);
                continue;
            }
            for (format, sink) in pending::files(&[(format, sink)]) {
                // The end of the step reports a place that cannot be written.
                let _ = answer.write_to(options, format, &sink, &HashMap::new());
            }
        }
    }

    /// The same where each ref of `outcome` has a file of its own.
    pub fn begin_refs(&self, outcome: &Outcome, options: &OutputOptions, is_sarif_named: bool) {
        for (format, sink, is_named) in self.places(is_sarif_named) {
            if !is_named || !self.is_of_one_ref(format, &sink) {
                continue;
            }
            for (outcome, sink) in by_ref(outcome, format, &sink).unwrap_or_default() {
                let answer = Answer::from(outcome);
                let _ = answer.write_to(options, format, &sink, &HashMap::new());
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
