//! The GitHub Actions door: `INPUT_*` to arguments, a scan, then summary, annotations and outputs.
//!
//! The verdict comes first: what cannot be published is told in one notice and never changes the exit code.

mod inputs;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Parser as _;
use jiff::Timestamp;

use crate::cli::arguments::{Arguments, Command, ErrorForm, Scan, Voice};
use crate::cli::output::{self, Sink};
use crate::cli::scan::{self, Scanned};
use crate::config::index::{self, FILE_NAME, Location, Origin};
use crate::model::verdict::ExitCode;
use crate::model::{Decision, Outcome};
use crate::report::workflow_commands;
use crate::report::{self, Style};
use crate::scan::Failure;
use crate::sys::{clock, environment, file};
use inputs::Inputs;

/// Where the SARIF file goes if no input says so.
const SARIF_FILE: &str = "lockkeeper.sarif";

/// Runs the step and says how to end.
#[must_use]
pub fn run() -> ExitCode {
    crate::cli::guarded(ErrorForm::Text, || {
        step().inspect_err(|failure| {
            // A step that could not begin shows why on the run's page too.
            let _ = workflow_commands::failure(&failure.message, &failure.hint, &mut io::stdout());
        })
    })
}

fn step() -> Result<ExitCode, Failure> {
    let inputs = inputs::read(environment::variables_after("INPUT_"))?;
    let Arguments { command, voice } = Arguments::try_parse_from(&inputs.arguments).map_err(|error| {
        let text = error.to_string();
        let message = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        Failure::usage(
            message,
            "Correct the inputs of the step; `args` takes flags of `lockkeeper scan`.",
        )
    })?;
    let Command::Scan(arguments) = command else {
        return Err(Failure::usage(
            "the step runs `scan` only",
            "Leave other commands out of `args`.",
        ));
    };
    let now = match &voice.now {
        None => clock::now(),
        Some(text) => crate::cli::time(text)?,
    };
    let location = location(&inputs, &arguments, &voice, now)?;
    let scanned = scan::scan(&arguments, &location, &voice, now)?;
    publish(&inputs, &voice, &scanned);
    Ok(scanned.outcome.exit_code)
}

fn location(inputs: &Inputs, arguments: &Scan, voice: &Voice, now: Timestamp) -> Result<Location, Failure> {
    match (&inputs.database, &inputs.cache_folder) {
        (Some(address), _) if address.starts_with("https://") || address.starts_with("http://") => {
            let folder = inputs
                .cache_folder
                .as_ref()
                .map(PathBuf::from)
                .or_else(environment::cache_folder);
            let folder = folder.unwrap_or_else(|| PathBuf::from("/tmp/lockkeeper"));
            let path = folder.join(FILE_NAME);
            crate::cli::update::download(address, &path, voice, now)?;
            Ok(Location {
                path,
                origin: Origin::Flag,
            })
        }
        (Some(file), _) => Ok(Location {
            path: file.into(),
            origin: Origin::Flag,
        }),
        (None, Some(folder)) => Ok(Location {
            path: Path::new(folder).join(FILE_NAME),
            origin: Origin::Cache,
        }),
        (None, None) => index::locate(arguments.source.db.as_deref()),
    }
}

/// Writes everything that the run's page shows. Nothing here changes the verdict.
fn publish(inputs: &Inputs, voice: &Voice, scanned: &Scanned) {
    let outcome = &scanned.outcome;
    let texts = scanned.texts();
    let mut notices: Vec<String> = Vec::new();
    for name in &inputs.later {
        notices.push(format!(
            "the input `{name}` is not acted on by this version; upload `sarif-file` in a step of its own"
        ));
    }
    let style = output::style(voice, &Sink::Standard, &texts);
    say(outcome, &style);
    let sarif = inputs.sarif_file.clone().unwrap_or_else(|| SARIF_FILE.to_owned());
    let report_file = inputs
        .report_file
        .as_ref()
        .map(|file| ("report-file", format_of(file), file.clone()));
    let mut written = Vec::new();
    for (name, format, file) in std::iter::once(("sarif-file", "sarif", sarif)).chain(report_file) {
        let pair = (format, Sink::File(PathBuf::from(&file)));
        match output::write_all(outcome, &[pair], voice, &texts) {
            Ok(()) => written.push((name, file)),
            Err(failure) => notices.push(format!("{} was not written: {}", file, failure.message)),
        }
    }
    if let Some(path) = environment::path("GITHUB_STEP_SUMMARY") {
        let mut summary = Vec::new();
        if let Some(markdown) = report::report("markdown")
            && markdown.write(outcome, &style, &mut summary).is_ok()
            && let Err(error) = file::append(&path, &summary)
        {
            notices.push(format!("the job summary was not written: {error}"));
        }
    }
    if let Some(path) = environment::path("GITHUB_OUTPUT")
        && let Err(error) = file::append(&path, outputs(outcome, &written).as_bytes())
    {
        notices.push(format!("the outputs were not written: {error}"));
    }
    let mut commands = Vec::new();
    if workflow_commands::annotations(outcome, &notices, "the job summary", &mut commands).is_ok() {
        // A closed log has no reader left.
        let _ = io::stdout().write_all(&commands);
    }
}

/// The terminal's report, with nothing in it that a runner would obey.
fn say(outcome: &Outcome, style: &Style<'_>) {
    let mut text = Vec::new();
    if let Some(terminal) = report::report("terminal")
        && terminal.write(outcome, style, &mut text).is_ok()
    {
        let text = String::from_utf8_lossy(&text);
        let _ = io::stdout().write_all(workflow_commands::inert(&text).as_bytes());
    }
}

/// The format that a file's ending tells; JSON for an unknown one.
fn format_of(file: &str) -> &'static str {
    match Path::new(file).extension().and_then(|ending| ending.to_str()) {
        Some("html") => "html",
        Some("md") => "markdown",
        Some("sarif") => "sarif",
        Some("txt") => "terminal",
        Some(_) | None => "json",
    }
}

/// `name=value` lines. No value holds a line break: the only free text is a path of the workflow's own.
fn outputs(outcome: &Outcome, written: &[(&'static str, String)]) -> String {
    let findings = outcome.findings().count();
    let blocking = outcome
        .findings()
        .filter(|(_, finding)| finding.decision == Decision::Fail)
        .count();
    let mut lines = String::new();
    let mut output = |name: &str, value: &dyn std::fmt::Display| {
        let value = value.to_string().replace(['\r', '\n'], " ");
        let _ = writeln!(lines, "{name}={value}");
    };
    output("verdict", &outcome.verdict);
    output("exit-code", &outcome.exit_code.number());
    output("findings", &findings);
    output("blocking", &blocking);
    // Nothing is told apart without a base.
    output("introduced", &0);
    for (name, file) in written {
        output(name, file);
    }
    lines
}
