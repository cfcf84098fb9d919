//! What the run's page shows: files, summary, outputs, annotations. Nothing here changes the verdict.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::answer::{self, Answer, Counts};
use super::begun;
use super::events::{Event, Revision};
use super::inputs::{Inputs, Mode};
use super::post::{self, Runner};
use crate::cli::arguments::{Reports, Voice};
use crate::cli::by_ref;
use crate::cli::output::{self, Sink};
use crate::model::advisory::{TextKey, Texts};
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Location, Outcome, Verdict};
use crate::publish::Published;
use crate::report::workflow_commands::Asides;
use crate::report::{Style, headline, workflow_commands};
use crate::sys::{environment, file};
use crate::text::escape;

/// Where the SARIF file goes if no input says so.
pub const SARIF_FILE: &str = "lockkeeper.sarif";

/// Which files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The SARIF file; `None` where the mode has none.
    sarif: Option<String>,
    /// Refs are scanned, of which each has a SARIF file of its own.
    refs: bool,
    /// The further report, and its format.
    report: Option<(&'static str, String)>,
    /// Reports that `args` asks for.
    others: Vec<(&'static str, Sink)>,
}

impl Plan {
    /// What the inputs and the flags among them ask for.
    ///
    /// # Errors
    /// A [`Failure`] of usage for a format that the mode does not have, or a report that goes to standard output.
    pub fn of(inputs: &Inputs, reports: &Reports) -> Result<Self, Failure> {
        let known = answer::formats(inputs.mode);
        let report = match &inputs.report_file {
            None => None,
            Some(file) => Some((format_of(file, inputs.mode, &known)?, file.clone())),
        };
        let others = match (reports.format.as_slice(), reports.output.as_slice()) {
            ([], []) => Vec::new(),
            (_, _) => output::pair(reports, &known)?,
        };
        if others.iter().any(|(_, sink)| *sink == Sink::Standard) {
            return Err(Failure::usage(
                "`args` asks for a report on standard output, which is the job's log",
                "Give an `--output` for each `--format`, or use the input `report-file`.",
            ));
        }
        if let (Some(sarif), Some(report)) = (&inputs.sarif_file, &inputs.report_file)
            && sarif == report
        {
            return Err(Failure::usage(
                format!("`sarif-file` and `report-file` are both {sarif:?}"),
                "Give each a name of its own.",
            ));
        }
        let sarif = match inputs.mode {
            Mode::Scan => Some(inputs.sarif_file.clone().unwrap_or_else(|| SARIF_FILE.to_owned())),
            Mode::Gate | Mode::Status => None,
        };
        Ok(Self {
            sarif,
            refs: false,
            report,
            others,
        })
    }

    /// The files that were asked for by name, of a step that cannot judge.
    #[must_use]
    pub fn asked_for(self, inputs: &Inputs) -> Self {
        let sarif = self.sarif.filter(|_| inputs.sarif_file.is_some());
        Self { sarif, ..self }
    }

    /// Every report: the output that names it, its format, its place.
    fn reports(&self) -> Vec<(Option<&'static str>, &'static str, Sink)> {
        let as_file = |file: &String| Sink::File(PathBuf::from(file));
        let sarif = self
            .sarif
            .iter()
            .map(|file| (Some("sarif-file"), "sarif", as_file(file)));
        let report = self
            .report
            .iter()
            .map(|(format, file)| (Some("report-file"), *format, as_file(file)));
        let others = self
            .others
            .iter()
            .map(|(format, sink)| (None, *format, sink.clone()));
        sarif.chain(report).chain(others).collect()
    }

    /// Every report: its format, its place, and whether somebody asked for it by name.
    pub(super) fn places(&self, is_sarif_named: bool) -> Vec<(&'static str, Sink, bool)> {
        let reports = self.reports().into_iter();
        reports
            .map(|(name, format, sink)| (format, sink, name != Some("sarif-file") || is_sarif_named))
            .collect()
    }

    /// A report in this format at this place tells of one ref, of those that are scanned.
    pub(super) fn is_of_one_ref(&self, format: &str, sink: &Sink) -> bool {
        let is_named = matches!(sink, Sink::File(path) if path.to_string_lossy().contains(by_ref::REF));
        format == "sarif" && (self.refs || is_named)
    }

    /// Whether refs were scanned.
    #[must_use]
    pub fn of_refs(&self) -> bool {
        self.refs
    }

    /// The same for a scan of refs.
    #[must_use]
    pub fn for_refs(self, refs: bool) -> Self {
        Self { refs, ..self }
    }
}

/// Everything that is shown, and where it comes from.
pub struct Told<'a> {
    /// What the workflow says.
    pub inputs: &'a Inputs,
    /// What started the job.
    pub event: &'a Event,
    /// What the step compared with by itself.
    pub base: Option<&'a Revision>,
    /// How to say it.
    pub voice: &'a Voice,
    /// Which files are written.
    pub plan: &'a Plan,
    /// What to tell.
    pub answer: &'a Answer,
    /// Where the forge is.
    pub runner: &'a Runner,
}

/// Writes everything that the run's page shows.
pub fn publish(told: &Told<'_>) {
    let texts = told.answer.texts();
    let mut notices: Vec<String> = Vec::new();
    let style = output::style(told.voice, &Sink::Standard, &texts);
    say(told, &style);
    let written = files(told, &texts, &mut notices);
    let mut summary = Vec::new();
    if told.answer.write("markdown", &style, &mut summary).is_ok()
        && let Err(error) = begun::summarize(&summary)
    {
        notices.push(format!("the job summary was not written: {error}"));
    }
    let outcome = told.answer.outcome();
    let mut lines = ended(outcome.verdict, outcome.exit_code);
    lines.push_str(&outputs(told.answer.counts(), &written));
    if let Err(error) = output_lines(&lines) {
        notices.push(format!("the outputs were not written: {error}"));
    }
    // Whatever becomes of the rest, the verdict is told by now.
    let posted = post::post(told, told.runner, &texts);
    told_at_forge(told.voice, &posted);
    notices.extend(posted.notice());
    let mut commands = Vec::new();
    let more_at = "the job summary";
    let annotated = match told.answer {
        Answer::Scan(_) | Answer::Gate(_) => {
            // A red step has a reason that its page shows.
            let errors: Vec<String> = match outcome.verdict {
                Verdict::Incomplete => vec![headline::cause(outcome)],
                Verdict::NothingToScan if outcome.exit_code != ExitCode::Pass => {
                    vec!["no lockfile found".to_owned()]
                }
                Verdict::NothingToScan | Verdict::Pass | Verdict::Blocked | Verdict::Failed => Vec::new(),
            };
            let asides = Asides {
                errors: &errors,
                notices: &notices,
            };
            workflow_commands::annotations(outcome, &asides, more_at, &mut commands)
        }
        // A place in a file tells nothing of the many lines that hold it, and most are not checked out.
        Answer::Status(_) => workflow_commands::notices(&notices, more_at, &mut commands),
    };
    if annotated.is_ok() {
        // A closed log has no reader left.
        let _ = io::stdout().write_all(&commands);
    }
}

/// Writes the files that were asked for, and names them, where the step could not judge.
pub fn reports(told: &Told<'_>) {
    let mut missed = Vec::new();
    let mut lines = String::new();
    for (name, file) in files(told, &HashMap::new(), &mut missed) {
        lines.push_str(&output(name, &file));
    }
    if let Err(error) = output_lines(&lines) {
        missed.push(format!("the outputs were not written: {error}"));
    }
    // The failure itself is told next; there is one annotation for it, and these are asides.
    for reason in missed {
        tracing::warn!("{}", escape::terminal(&reason));
    }
}

/// Shows why a step gave no answer.
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
    let mut summary = format!("## {}\n", headline::symbol(verdict));
    for failure in std::iter::once(failure).chain(&failure.others) {
        let place = failure.location.as_ref().map(|Location { file, position }| {
            format!("{}:{}:{}", file.display(), position.line, position.column)
        });
        let place = place.map(|place| format!("{}: ", escape::markdown_code(&place)));
        let _ = write!(
            summary,
            "\n{}{}\n\n{}\n",
            place.unwrap_or_default(),
            escape::markdown(&failure.to_string()),
            escape::markdown(&failure.hint)
        );
    }
    let _ = begun::summarize(summary.as_bytes());
}

/// Tells the steps that follow that this one broke.
pub fn broke() {
    let _ = output_lines(&ended(Verdict::Failed, ExitCode::Bug));
}

/// Adds to the summary and the log what was said at the forge, and what was not.
fn told_at_forge(voice: &Voice, posted: &Published) {
    if posted.done.is_empty() && posted.missed.is_empty() {
        return;
    }
    let mut log = String::new();
    let mut summary = String::from("\n### Published\n\n");
    if !posted.missed.is_empty() {
        summary.push_str("The verdict stands; not everything was published.\n\n");
    }
    for sentence in posted.done.iter().chain(&posted.missed) {
        let _ = writeln!(log, "{}", escape::terminal(sentence));
        let _ = writeln!(summary, "- {}", escape::markdown(sentence));
    }
    if !voice.quiet {
        let _ = io::stdout().write_all(workflow_commands::inert(&log).as_bytes());
    }
    // The notice tells the same.
    let _ = begun::summarize(summary.as_bytes());
}

/// The terminal's report, with nothing in it that a runner would obey.
fn say(told: &Told<'_>, style: &Style<'_>) {
    let mut text = Vec::new();
    if let Some(Revision { name, what }) = told.base
        && !told.voice.quiet
    {
        let _ = writeln!(text, "compared with {}: {what}", escape::terminal(name));
    }
    if told.answer.write("terminal", style, &mut text).is_ok() {
        let text = String::from_utf8_lossy(&text);
        let _ = io::stdout().write_all(workflow_commands::inert(&text).as_bytes());
    }
}

/// Writes the files of the plan, and gives the outputs that name them.
fn files(
    told: &Told<'_>,
    texts: &HashMap<TextKey, Texts>,
    notices: &mut Vec<String>,
) -> Vec<(&'static str, String)> {
    let mut written = Vec::new();
    for (name, format, sink) in told.plan.reports() {
        let files = match one_each(told, format, &sink) {
            None => vec![(sink.clone(), write(told.answer, told.voice, format, &sink, texts))],
            Some(Ok(outcomes)) => outcomes
                .into_iter()
                .map(|(outcome, sink)| {
                    let done = write_outcome(told, &outcome, format, &sink, texts);
                    (sink, done)
                })
                .collect(),
            // Nobody asked for that file, and one cannot tell of several refs.
            Some(Err(_)) if name == Some("sarif-file") && told.inputs.sarif_file.is_none() => continue,
            Some(Err(refs)) => {
                notices.push(format!(
                    "no SARIF was written to {}: one file is for one ref, and {refs} were scanned; put `{{ref}}` \
                     into the name",
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

/// For a format that tells of one ref and a scan of refs: the outcome of each, with its place; how many there are, if one
/// place cannot hold them all.
fn one_each(told: &Told<'_>, format: &str, sink: &Sink) -> Option<Result<Vec<(Outcome, Sink)>, usize>> {
    if !told.plan.is_of_one_ref(format, sink) {
        return None;
    }
    let outcome = told.answer.outcome();
    Some(by_ref::by_ref(outcome, sink).map_err(|_| outcome.targets.len()))
}

/// Writes `answer` to its place.
///
/// # Errors
/// A [`Failure`] if the place cannot be written.
pub(super) fn write(
    answer: &Answer,
    voice: &Voice,
    format: &str,
    sink: &Sink,
    texts: &HashMap<TextKey, Texts>,
) -> Result<(), Failure> {
    let style = output::style(voice, sink, texts);
    output::write(sink, |out| answer.write(format, &style, out))
}

fn write_outcome(
    told: &Told<'_>,
    outcome: &Outcome,
    format: &'static str,
    sink: &Sink,
    texts: &HashMap<TextKey, Texts>,
) -> Result<(), Failure> {
    output::write_all(outcome, &[(format, sink.clone())], told.voice, texts)
}

fn place(sink: &Sink) -> String {
    match sink {
        Sink::Standard => "standard output".to_owned(),
        Sink::File(path) => path.display().to_string(),
    }
}

/// The format that a file's ending tells; JSON for an unknown one.
fn format_of(file: &str, mode: Mode, known: &[&'static str]) -> Result<&'static str, Failure> {
    let format = match Path::new(file).extension().and_then(|ending| ending.to_str()) {
        Some("md") => "markdown",
        Some("sarif") => "sarif",
        Some("txt") => "terminal",
        Some("html" | "htm") => "html",
        Some(_) | None => "json",
    };
    if known.contains(&format) {
        return Ok(format);
    }
    Err(Failure::usage(
        format!(
            "the ending of `report-file` asks for {format}, which mode {} does not have",
            mode.as_str()
        ),
        format!("Choose an ending for one of: {}.", known.join(", ")),
    ))
}

/// How the step ended, as lines of outputs.
pub(super) fn ended(verdict: Verdict, code: ExitCode) -> String {
    format!("verdict={verdict}\nexit-code={}\n", code.number())
}

/// `name=value` lines.
fn outputs(counts: Counts, written: &[(&'static str, String)]) -> String {
    let Counts {
        affected,
        blocking,
        introduced,
        ..
    } = counts;
    let mut lines = format!("findings={affected}\nblocking={blocking}\nintroduced={introduced}\n");
    for (name, file) in written {
        lines.push_str(&output(name, file));
    }
    lines
}

/// One output. A name of a file can hold that of a ref, which is a stranger's: what would begin another output is none.
fn output(name: &str, file: &str) -> String {
    match file.contains(char::is_control) {
        true => String::new(),
        false => format!("{name}={file}\n"),
    }
}

pub(super) fn output_lines(lines: &str) -> Result<(), file::FileError> {
    match environment::path("GITHUB_OUTPUT") {
        None => Ok(()),
        Some(path) => file::append(&path, lines.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_begin_another_output_is_none() {
        assert_eq!(
            output("sarif-file", "sarif/main.sarif"),
            "sarif-file=sarif/main.sarif\n"
        );
        for evil in [
            "a\nverdict=pass",
            "a\rverdict=pass",
            "a\u{85}b",
            "a\0",
            "a\u{1b}[2J",
        ] {
            assert_eq!(output("sarif-file", evil), "", "{evil:?}");
        }
    }
}
