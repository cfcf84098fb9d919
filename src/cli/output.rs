//! Streams and report files: what goes where, and what a closed pipe means.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use super::arguments::{ErrorForm, OutputOptions, Reports, When};
use crate::model::Outcome;
use crate::model::advisory::{TextKey, Texts};
use crate::model::{Failure, Location};
use crate::policy::nearest::{meant, nearest};
use crate::report::{self, Colour, Form, Length, Report, Style, workflow_commands};
use crate::scan::Keep;
use crate::session::Failed;
use crate::sys::environment;
use crate::sys::file::{self, FileKind};
use crate::text::escape;

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// Standard output.
    Standard,
    /// A file, replaced whole.
    File(PathBuf),
}

/// The format of a report whose file has this ending.
const ENDINGS: &[(&str, &str)] = &[
    ("csv", "csv"),
    ("json", "json"),
    ("sarif", "sarif"),
    ("md", "markdown"),
    ("markdown", "markdown"),
    ("html", "html"),
    ("htm", "html"),
    ("txt", "terminal"),
];

/// Pairs formats with outputs: the i-th output belongs to the i-th format; without formats each output takes that of its
/// ending, and without outputs the terminal's is printed.
///
/// # Errors
/// A [`Failure`] of usage for an unknown format or ending, more outputs than formats, or two reports at one place.
pub fn pair(reports: &Reports, known: &[&'static str]) -> Result<Vec<(&'static str, Sink)>, Failure> {
    let asked: Vec<&str> = match (reports.format.as_slice(), reports.output.as_slice()) {
        ([], []) => vec!["terminal"],
        ([], outputs) => outputs
            .iter()
            .map(|path| of_ending(path, known))
            .collect::<Result<_, _>>()?,
        (formats, _) => formats.iter().map(String::as_str).collect(),
    };
    if reports.output.len() > asked.len() {
        return Err(Failure::usage(
            format!("{} --output for {} --format", reports.output.len(), asked.len()),
            "Give one --format for each --output, in the same order.",
        ));
    }
    let mut pairs = Vec::with_capacity(asked.len());
    for (number, format) in asked.into_iter().enumerate() {
        let Some(format) = known.iter().copied().find(|name| *name == format) else {
            let message = match report::report(format) {
                // Of what is spelled right no other word is meant.
                Some(_) => format!("this command writes no {format}"),
                None => {
                    let meant = meant(nearest(format, known.iter().copied()));
                    format!("format {format:?} is not supported{meant}")
                }
            };
            return Err(Failure::usage(
                message,
                format!("Give one of: {}.", known.join(", ")),
            ));
        };
        let sink = match reports.output.get(number) {
            None => Sink::Standard,
            Some(path) if path.as_os_str() == "-" => Sink::Standard,
            Some(path) => Sink::File(path.clone()),
        };
        if pairs.iter().any(|(_, taken)| *taken == sink) {
            let place = match &sink {
                Sink::Standard => "standard output".to_owned(),
                Sink::File(path) => path.display().to_string(),
            };
            return Err(Failure::usage(
                format!("two reports go to {place}"),
                "Give each --format an --output of its own; at most one goes to standard output.",
            ));
        }
        pairs.push((format, sink));
    }
    Ok(pairs)
}

/// The format that the ending of `path` names.
fn of_ending(path: &Path, known: &[&'static str]) -> Result<&'static str, Failure> {
    // A stream, a pipe or a device has no ending.
    if path.as_os_str() == "-" || matches!(file::kind(path), Ok(FileKind::Other)) {
        return Ok("terminal");
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(format) = of_bill(&name).filter(|format| known.contains(format)) {
        return Ok(format);
    }
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let named = ENDINGS.iter().find(|(known, _)| *known == ending);
    named.map(|(_, format)| *format).ok_or_else(|| {
        Failure::usage(
            format!("the ending of {} names no format", path.display()),
            format!("Give its --format, one of: {}.", known.join(", ")),
        )
    })
}

/// What a scan keeps for reports in these formats.
pub fn keep<'f>(formats: impl IntoIterator<Item = &'f str>) -> Keep {
    let mut reports = formats.into_iter().filter_map(report::report);
    match reports.any(|report| report.needs_bill()) {
        true => Keep::Bill,
        false => Keep::Findings,
    }
}

/// The files that reports go to.
#[must_use]
pub fn files(pairs: &[(&'static str, Sink)]) -> Vec<PathBuf> {
    let files = pairs.iter().filter_map(|(_, sink)| match sink {
        Sink::Standard => None,
        Sink::File(path) => Some(path.clone()),
    });
    files.collect()
}

/// The format that a file's name means by the standards of bills of materials and of OpenVEX.
#[must_use]
pub fn of_bill(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    if name == "bom.json" || name.ends_with(".cdx.json") {
        Some("cyclonedx")
    } else if name.ends_with(".spdx.json") {
        Some("spdx")
    } else if name.ends_with(".openvex.json") || name.ends_with(".vex.json") {
        Some("openvex")
    } else {
        None
    }
}

/// The reports that are written after `failure`: nothing was checked, and the screen shows the failure alone.
#[must_use]
pub fn after_failure(pairs: &[(&'static str, Sink)]) -> Vec<(&'static str, Sink)> {
    let is_said = |format: &str, sink: &Sink| format == "terminal" && *sink == Sink::Standard;
    pairs
        .iter()
        .filter(|(format, sink)| !is_said(format, sink))
        .cloned()
        .collect()
}

/// Writes each report of `outcome` to its place.
///
/// # Errors
/// A [`Failure`] if a file cannot be written.
pub fn write_all(
    outcome: &Outcome,
    pairs: &[(&'static str, Sink)],
    options: &OutputOptions,
    texts: &HashMap<TextKey, Texts>,
) -> Result<(), Failure> {
    for (format, sink) in pairs {
        let Some(report) = report::report(format) else {
            continue;
        };
        let style = style(options, sink, texts);
        write(sink, |out| write_report(report, outcome, &style, out))?;
    }
    Ok(())
}

/// As [`pair`], for what has forms of its own.
///
/// # Errors
/// As [`pair`].
pub fn pair_forms<T>(reports: &Reports, forms: &[Form<T>]) -> Result<Vec<(&'static str, Sink)>, Failure> {
    let known: Vec<&'static str> = forms.iter().map(|form| form.name).collect();
    pair(reports, &known)
}

/// Writes each form of `what` that was asked for to its place.
///
/// # Errors
/// A [`Failure`] if a file cannot be written.
pub fn write_forms<T>(
    what: &T,
    forms: &[Form<T>],
    pairs: &[(&'static str, Sink)],
    options: &OutputOptions,
) -> Result<(), Failure> {
    let none = HashMap::new();
    for (format, sink) in pairs {
        let Some(form) = forms.iter().find(|form| form.name == *format) else {
            continue;
        };
        let style = style(options, sink, &none);
        write(sink, |out| (form.write)(what, &style, out))?;
    }
    Ok(())
}

/// Writes the forms of an answer, or of the report of a use case that failed, and gives the answer.
///
/// # Errors
/// The use case's, or that of a file that cannot be written.
pub fn write_answer<T>(
    answer: Result<T, Failed<T>>,
    forms: &[Form<T>],
    pairs: &[(&'static str, Sink)],
    options: &OutputOptions,
) -> Result<T, Failure> {
    match answer {
        Ok(shown) => {
            write_forms(&shown, forms, pairs, options)?;
            Ok(shown)
        }
        Err(Failed { failure, report }) => {
            if let Some(report) = report {
                write_forms(&*report, forms, &after_failure(pairs), options)?;
            }
            Err(failure)
        }
    }
}

fn write_report(
    report: &dyn Report,
    outcome: &Outcome,
    style: &Style<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    report.write(outcome, style, out)
}

/// Writes what `content` writes to `sink`. A closed pipe is no error: nothing reads it any more.
///
/// # Errors
/// A [`Failure`] if the place cannot be written.
pub fn write(sink: &Sink, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    match sink {
        Sink::Standard => {
            let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
            match content(&mut out).and_then(|()| out.flush()) {
                Ok(()) => Ok(()),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    // What is still buffered must not be tried again.
                    let _ = out.into_parts();
                    Ok(())
                }
                Err(error) => {
                    let hint = "Write to a file or pipe that can be written.";
                    Err(Failure::usage("standard output", hint).caused_by(&error))
                }
            }
        }
        Sink::File(path) => file::replace(path, |out| content(out))
            .map_err(|error| Failure::usage(error.to_string(), "Give an --output that can be written.")),
    }
}

/// Writes `bytes` to standard output.
///
/// # Errors
/// As [`write`].
pub fn print(bytes: &[u8]) -> Result<(), Failure> {
    write(&Sink::Standard, |out| out.write_all(bytes))
}

/// Writes text for people to standard output, with nothing in it that a runner of workflows would obey.
///
/// # Errors
/// As [`write`].
pub fn say(text: &str) -> Result<(), Failure> {
    print(workflow_commands::inert(text).as_bytes())
}

/// Columns of a log or file.
const PIPE_WIDTH: usize = 120;

/// What shows the terminal's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Screen {
    /// A terminal.
    Terminal,
    /// A log that shows colours and is no terminal.
    ColouredLog,
    /// A file or pipe.
    Bytes,
}

/// How the terminal's report looks at `sink`.
pub fn style<'t>(options: &OutputOptions, sink: &Sink, texts: &'t HashMap<TextKey, Texts>) -> Style<'t> {
    let screen = match *sink == Sink::Standard && io::stdout().is_terminal() {
        true => Screen::Terminal,
        false => Screen::Bytes,
    };
    style_on(screen, options, texts)
}

/// How the terminal's report looks in a log that shows colours and is no terminal.
pub fn style_in_coloured_log<'t>(options: &OutputOptions, texts: &'t HashMap<TextKey, Texts>) -> Style<'t> {
    style_on(Screen::ColouredLog, options, texts)
}

fn style_on<'t>(screen: Screen, options: &OutputOptions, texts: &'t HashMap<TextKey, Texts>) -> Style<'t> {
    let colour = match options.color {
        When::Always => true,
        When::Never => false,
        When::Auto if environment::variable("NO_COLOR").is_some() => false,
        When::Auto if environment::variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        When::Auto => match screen {
            Screen::Terminal => environment::variable("TERM").is_none_or(|name| name != "dumb"),
            Screen::ColouredLog => true,
            Screen::Bytes => false,
        },
    };
    let terminal = screen == Screen::Terminal;
    let columns = environment::variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let width = columns
        .or_else(|| terminal.then(terminal_width).flatten())
        .unwrap_or(if terminal { 80 } else { PIPE_WIDTH });
    let length = match (options.quiet, options.verbose) {
        (true, _) => Length::Verdict,
        (false, 0) => Length::Normal,
        (false, _) => Length::Full,
    };
    Style {
        width,
        colour: match colour {
            false => Colour::Plain,
            true if terminal && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout) => {
                Colour::AnsiAndLinks
            }
            true => Colour::Ansi,
        },
        length,
        texts,
        is_dated: options.now.is_some(),
    }
}

fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| usize::from(width))
}

/// Writes a warning to standard error.
pub fn warn(options: &OutputOptions, text: &str) {
    if !options.quiet {
        // A failure to write to standard error has nowhere to go.
        let _ = writeln!(io::stderr().lock(), "warning: {}", escape::terminal(text));
    }
}

/// Writes a failure to standard error.
pub fn tell(form: ErrorForm, failure: &Failure) {
    let mut error = io::stderr().lock();
    // A failure to write to standard error has nowhere to go.
    let _ = match form {
        ErrorForm::Text => std::iter::once(failure)
            .chain(&failure.others)
            .try_for_each(|failure| {
                let hint: Vec<String> = failure.hint.lines().map(escape::terminal).collect();
                writeln!(
                    error,
                    "error: {}{}\n  hint: {}",
                    place(failure),
                    escape::terminal(&failure.to_string()),
                    hint.join("\n    ")
                )
            }),
        ErrorForm::Json => report::json::error(failure, &mut error),
    };
}

/// `file:line:column: ` in front of what is wrong there.
fn place(failure: &Failure) -> String {
    match &failure.location {
        None => String::new(),
        Some(Location { file, position }) => {
            let file = file.display();
            format!(
                "{}:{}:{}: ",
                escape::terminal(&file),
                position.line,
                position.column
            )
        }
    }
}
