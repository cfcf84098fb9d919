//! What the page of a run shows: files, summary, outputs, annotations. Nothing here changes the verdict.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use super::answer::Answer;
use super::events::Revision;
use super::runner::{ended, lines as of_lines, output, output_lines, outputs, pull_requests, summarize};
use super::step::StepResult;
use super::upload;
use crate::cli::arguments::OutputOptions;
use crate::cli::by_ref;
use crate::cli::output::{Sink, style, style_in_coloured_log, write_all};
use crate::model::advisory::{TextKey, Texts};
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Location, Outcome, Verdict};
use crate::propose::Proposed;
use crate::report::workflow_commands::Asides;
use crate::report::{Style, headline, phrases, workflow_commands};
use crate::sys::environment;
use crate::text::escape;
use crate::upload::Uploaded;

/// Why a run could not say that nothing is known, and what a step does about a database that cannot be used.
fn incomplete(outcome: &Outcome) -> String {
    match (&outcome.database.trouble, headline::no_index(outcome)) {
        (Some((reason, _)), Some(_)) => format!(
            "{} The input `database` names the file, or an address to fetch it from.",
            phrases::ended(reason)
        ),
        (_, _) => headline::cause(outcome, outcome.coverage.blind.len()),
    }
}

/// Writes everything that the run's page shows.
pub fn show(step: &StepResult<'_>) {
    let texts = step.answer.texts();
    let mut notices: Vec<String> = Vec::new();
    print(step, &log_style(step.options, &texts));
    let written = write_files(step, &texts, &mut notices);
    let summary = step.answer.summary(&step.forge.pages());
    if let Err(error) = summarize(summary.as_bytes()) {
        notices.push(format!("the job summary was not written: {error}"));
    }
    let outcome = step.answer.outcome();
    let mut lines = ended(outcome.verdict, step.answer.exit_code());
    lines.push_str(&outputs(step.answer.counts(), &written));
    if let Some((proposed, runs)) = proposed(step.answer) {
        lines.push_str(&pull_requests(&proposed.open));
        list_pull_requests(step.options, proposed, runs);
    }
    match step.answer {
        Answer::Backport(backported) => lines.push_str(&of_lines(backported.counts())),
        Answer::Carry(carries) => lines.push_str(&of_lines(carries.counts())),
        Answer::Scan(_) | Answer::Gate(_) | Answer::Status(_) | Answer::Fix(_) => {}
    }
    if let Err(error) = output_lines(&lines) {
        notices.push(format!("the outputs were not written: {error}"));
    }
    // The verdict is written by now, whatever becomes of the uploads.
    let uploaded = upload::upload(step, &texts);
    list_uploads(step.options, &uploaded);
    notices.extend(uploaded.notice());
    let mut commands = Vec::new();
    let more_at = "the job summary";
    let annotated = match step.answer {
        Answer::Scan(_) | Answer::Gate(_) => {
            // A red step has a reason that its page shows.
            let errors: Vec<String> = match outcome.verdict {
                Verdict::Incomplete => vec![incomplete(outcome)],
                Verdict::NothingToScan if outcome.exit_code != ExitCode::Pass => {
                    vec![headline::no_lockfile(outcome, "")]
                }
                Verdict::NothingToScan | Verdict::Pass | Verdict::Blocked | Verdict::Failed => Vec::new(),
            };
            let asides = Asides {
                errors: &errors,
                notices: &notices,
            };
            workflow_commands::annotations(outcome, &asides, more_at, &mut commands)
        }
        // A location in a file does not say which release lines have it, and most are not checked out.
        Answer::Status(_) => workflow_commands::notices(&notices, more_at, &mut commands),
        Answer::Fix(_) | Answer::Backport(_) | Answer::Carry(_) => {
            let proposed = proposed(step.answer).map(|(proposed, _)| proposed);
            notices.extend(proposed.iter().flat_map(|proposed| proposed.held.iter().cloned()));
            let errors = proposed.map_or(&[][..], |proposed| &proposed.failed);
            let asides = Asides {
                errors,
                notices: &notices,
            };
            workflow_commands::asides(&asides, more_at, &mut commands)
        }
    };
    if annotated.is_ok() {
        // A closed log has no reader left.
        let _ = io::stdout().write_all(&commands);
    }
}

/// Writes the files that were asked for, and names them, where the step could not judge.
pub fn reports(step: &StepResult<'_>) {
    let mut missed = Vec::new();
    let mut lines = String::new();
    for (name, file) in write_files(step, &HashMap::new(), &mut missed) {
        lines.push_str(&output(name, &file));
    }
    if let Err(error) = output_lines(&lines) {
        missed.push(format!("the outputs were not written: {error}"));
    }
    // The failure itself is the next annotation; these are asides.
    for reason in missed {
        tracing::warn!("{}", escape::terminal(&reason));
    }
}

/// Shows why a step has no answer.
pub fn failure(failure: &Failure) {
    let verdict = match failure.code {
        ExitCode::Pass => Verdict::Pass,
        ExitCode::Blocked => Verdict::Blocked,
        ExitCode::Incomplete => Verdict::Incomplete,
        ExitCode::NothingToScan => Verdict::NothingToScan,
        ExitCode::Usage | ExitCode::Remote | ExitCode::Some | ExitCode::Bug | ExitCode::Interrupted => {
            Verdict::Failed
        }
    };
    // There is no further place to complain at.
    let _ = workflow_commands::failure(&failure.to_string(), &failure.hint, &mut io::stdout());
    let _ = output_lines(&ended(verdict, failure.code));
    let mut summary = format!("## lockkeeper: {}\n", headline::symbol(verdict));
    for failure in std::iter::once(failure).chain(&failure.others) {
        let place = failure.location.as_ref().map(|Location { file, position }| {
            format!("{}:{}:{}", file.display(), position.line, position.column)
        });
        let place = place.map(|place| format!("{}: ", escape::markdown_code(&place)));
        // A line each, and what is a command as code.
        let hint: Vec<String> = failure.hint.lines().map(escape::markdown_sentence).collect();
        let _ = write!(
            summary,
            "\n{}{}\n\n{}\n",
            place.unwrap_or_default(),
            escape::markdown(&failure.to_string()),
            hint.join("\n")
        );
    }
    let _ = summarize(summary.as_bytes());
}

/// What became of pull requests, and whether workflows run on them.
fn proposed(answer: &Answer) -> Option<(&Proposed, Option<&'static str>)> {
    match answer {
        Answer::Fix(fixed) => Some((&fixed.proposed, fixed.runs)),
        Answer::Backport(backported) => Some((&backported.proposed, backported.runs)),
        Answer::Carry(carries) => Some((&carries.proposed, carries.runs)),
        Answer::Scan(_) | Answer::Gate(_) | Answer::Status(_) => None,
    }
}

/// Adds to the summary and the log what became of pull requests.
fn list_pull_requests(options: &OutputOptions, proposed: &Proposed, runs: Option<&'static str>) {
    let mut log = String::new();
    let mut summary = String::from("\n### Pull requests\n\n");
    let all = proposed.done.iter().chain(&proposed.held).chain(&proposed.failed);
    for sentence in all {
        let _ = writeln!(log, "{}", escape::terminal(sentence));
        let _ = writeln!(summary, "- {}", escape::markdown(sentence));
    }
    if log.is_empty() {
        summary.push_str("None was needed.\n");
    }
    if let Some(runs) = runs.filter(|_| !proposed.open.is_empty()) {
        let _ = write!(summary, "\n{}\n", escape::markdown(runs));
    }
    if !options.quiet {
        let _ = io::stdout().write_all(workflow_commands::inert(&log).as_bytes());
    }
    let _ = summarize(summary.as_bytes());
}

/// Adds to the summary and the log what was uploaded, and what was not.
fn list_uploads(options: &OutputOptions, uploaded: &Uploaded) {
    if uploaded.done.is_empty() && uploaded.missed.is_empty() {
        return;
    }
    let mut log = String::new();
    let mut summary = String::from("\n### Published\n\n");
    if !uploaded.missed.is_empty() {
        summary.push_str("The verdict stands; not everything was published.\n\n");
    }
    for sentence in uploaded.done.iter().chain(&uploaded.missed) {
        let _ = writeln!(log, "{}", escape::terminal(sentence));
        let _ = writeln!(summary, "- {}", escape::markdown(sentence));
    }
    if !options.quiet {
        let _ = io::stdout().write_all(workflow_commands::inert(&log).as_bytes());
    }
    // The notice says the same.
    let _ = summarize(summary.as_bytes());
}

/// How the log looks: the page of a job shows colours, and is no terminal.
fn log_style<'t>(options: &OutputOptions, texts: &'t HashMap<TextKey, Texts>) -> Style<'t> {
    match environment::variable("GITHUB_ACTIONS").as_deref() {
        Some("true") => style_in_coloured_log(options, texts),
        Some(_) | None => style(options, &Sink::Standard, texts),
    }
}

/// The terminal's report, with nothing in it that a runner would obey.
fn print(step: &StepResult<'_>, style: &Style<'_>) {
    let mut text = Vec::new();
    if let Some(Revision { name, what }) = step.base
        && !step.options.quiet
    {
        let _ = writeln!(text, "compared with {}: {what}", escape::terminal(name));
    }
    if step.answer.write("terminal", style, &mut text).is_ok() {
        let text = String::from_utf8_lossy(&text);
        let _ = io::stdout().write_all(workflow_commands::inert(&text).as_bytes());
    }
}

/// Writes the files of the plan, and gives the outputs that name them.
fn write_files(
    step: &StepResult<'_>,
    texts: &HashMap<TextKey, Texts>,
    notices: &mut Vec<String>,
) -> Vec<(&'static str, String)> {
    let mut written = Vec::new();
    for (name, format, sink) in step.files.reports() {
        let files = match one_each(step, format, &sink) {
            None => vec![(
                sink.clone(),
                step.answer.write_to(step.options, format, &sink, texts),
            )],
            Some(Ok(outcomes)) => outcomes
                .into_iter()
                .map(|(outcome, sink)| {
                    let done = write_outcome(step, &outcome, format, &sink, texts);
                    (sink, done)
                })
                .collect(),
            // No input names that file, and one cannot be about several refs.
            Some(Err(_)) if name == Some("sarif-file") && step.inputs.sarif_file.is_none() => continue,
            Some(Err(refs)) => {
                notices.push(format!(
                    "no {} was written to {}: one file is for one ref, and {refs} were scanned; put `{{ref}}` \
                     into the name",
                    by_ref::title(format),
                    place(&sink)
                ));
                continue;
            }
        };
        for (sink, done) in &files {
            if let Err(failure) = done {
                notices.push(format!("{} was not written: {}", place(sink), failure));
            }
        }
        // An output names one file.
        if let (Some(name), [(Sink::File(path), Ok(()))]) = (name, files.as_slice()) {
            written.push((name, path.display().to_string()));
        }
    }
    written
}

/// For a format that is about one ref and a scan of refs: the outcome of each, with its place; their number, if they have
/// one place.
fn one_each(step: &StepResult<'_>, format: &str, sink: &Sink) -> Option<Result<Vec<(Outcome, Sink)>, usize>> {
    if !step.files.is_of_one_ref(format, sink) {
        return None;
    }
    let outcome = step.answer.outcome();
    Some(by_ref::by_ref(outcome, format, sink).map_err(|_| outcome.targets.len()))
}

fn write_outcome(
    step: &StepResult<'_>,
    outcome: &Outcome,
    format: &'static str,
    sink: &Sink,
    texts: &HashMap<TextKey, Texts>,
) -> Result<(), Failure> {
    write_all(outcome, &[(format, sink.clone())], step.options, texts)
}

fn place(sink: &Sink) -> String {
    match sink {
        Sink::Standard => "standard output".to_owned(),
        Sink::File(path) => path.display().to_string(),
    }
}
