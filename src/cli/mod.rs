//! The command line: arguments in, streams and an exit code out.

pub mod arguments;
pub mod backport;
pub mod by_ref;
mod cache;
mod carry;
mod config;
pub mod console;
mod database;
mod db_output;
mod demo;
mod explain;
pub mod fix;
pub mod gate;
mod init;
mod man;
mod man_pages;
pub mod output;
mod own_advisory;
mod packages;
pub mod pending;
mod publish;
mod refs;
mod sample_registry;
pub mod scan;
pub mod status;
mod update;
pub mod upgrades;
mod version;

use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{CommandFactory as _, Parser as _};
use jiff::Timestamp;

use arguments::{Arguments, Command, ErrorForm, OutputOptions};

use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::sys::{clock, interrupt};

/// Runs the program on `arguments` (the program's name first) and says how to end.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let form = error_form(&arguments);
    guarded(form, || {
        let given = arguments.clone();
        let ended = parse_and_run(arguments);
        let code = ended.as_ref().map_or_else(|failure| failure.code, |code| *code);
        if code == ExitCode::Usage {
            pending::withdraw_named(&given);
        }
        ended
    })
}

/// Runs `door`; a failure and a bug each end with their message and exit code.
#[must_use]
pub fn guarded(form: ErrorForm, door: impl FnOnce() -> Result<ExitCode, Failure>) -> ExitCode {
    // What broke is told once, by the door, and not by the hook of each thread.
    std::panic::set_hook(Box::new(|_| {}));
    let failure = match catch_unwind(AssertUnwindSafe(door)) {
        Ok(Ok(code)) => return code,
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or(panic.downcast_ref::<&str>().copied());
            Failure::new(
                ExitCode::Bug,
                format!("a bug in lockkeeper: {}", said.unwrap_or("no reason given")),
                "Report it with the command and, if you may share it, the input.",
            )
        }
    };
    output::tell(form, &failure);
    failure.code
}

fn parse_and_run(arguments: Vec<OsString>) -> Result<ExitCode, Failure> {
    // Asked for by every installer: answered before the commands and their flags are made.
    if let [_, flag] = arguments.as_slice()
        && (flag == "--version" || flag == "-V")
    {
        output::print(concat!("lockkeeper ", env!("CARGO_PKG_VERSION"), "\n").as_bytes())?;
        return Ok(ExitCode::Pass);
    }
    let form = error_form(&arguments);
    let Arguments { command, options } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            // Help and version were asked for.
            let _ = error.print();
            return Ok(ExitCode::Pass);
        }
        Err(error) if form == ErrorForm::Text => {
            let _ = error.print();
            return Ok(ExitCode::Usage);
        }
        Err(error) => {
            let text = error.to_string();
            let message = text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            return Err(Failure::usage(
                message,
                "Run `lockkeeper --help` for the commands and flags.",
            ));
        }
    };
    interrupt::install();
    log(&options, std::io::stderr);
    let now = now(&options)?;
    match command {
        Command::Scan(arguments) => scan::run(&arguments, &options, now),
        Command::Packages(arguments) => packages::run(&arguments, &options),
        Command::Status(arguments) => status::run(&arguments, &options, now),
        Command::Refs(arguments) => refs::run(&arguments, &options, now),
        Command::Gate(arguments) => gate::run(&arguments, &options, now),
        Command::Plan(arguments) => fix::plan(&arguments, &options, now),
        Command::Fix(arguments) => fix::run(&arguments, &options, now),
        Command::Backport(arguments) => backport::run(&arguments, &options, now),
        Command::Init(arguments) => init::run(&arguments),
        Command::Config(command) => config::run(&command),
        Command::Db(command) => database::run(command, &options, now),
        Command::Demo(arguments) => demo::run(&arguments, &options),
        Command::Version(arguments) => version::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments, &options, now),
        Command::Cache(command) => cache::run(&command),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "lockkeeper", &mut script);
            output::print(&script)?;
            Ok(ExitCode::Pass)
        }
        Command::Man { command } => {
            output::print(&man::page(&command)?)?;
            Ok(ExitCode::Pass)
        }
        Command::Action => Err(Failure::usage(
            "the action's entry point was reached through the command line",
            "Start the program with `action` as its only argument.",
        )),
    }
}

/// The moment that ages are counted from.
fn now(options: &OutputOptions) -> Result<Timestamp, Failure> {
    match &options.now {
        None => Ok(clock::now()),
        Some(text) => time(text),
    }
}

/// RFC 3339, or a date that stands for its first moment in UTC.
///
/// # Errors
/// A [`Failure`] of usage if it is neither.
pub fn time(text: &str) -> Result<Timestamp, Failure> {
    let date = || {
        text.parse::<jiff::civil::Date>()
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
    };
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| Some(date()?.timestamp()))
        .ok_or_else(|| {
            Failure::usage(
                format!("{text:?} is no time"),
                "Give RFC 3339 (`2026-01-31T12:00:00Z`) or a date (`2026-01-31`).",
            )
        })
}

/// How errors are to be written is needed before the arguments are understood.
fn error_form(arguments: &[OsString]) -> ErrorForm {
    let words: Vec<&str> = arguments
        .iter()
        .filter_map(|argument| argument.to_str())
        .collect();
    let json = words.windows(2).any(|pair| pair == ["--errors", "json"]) || words.contains(&"--errors=json");
    if json { ErrorForm::Json } else { ErrorForm::Text }
}

/// Logs what happens, as verbosely as `options` ask.
pub fn log<W>(options: &OutputOptions, writer: W)
where
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let level = match options.verbose {
        0 | 1 => return,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(writer)
        .with_ansi(false)
        .try_init();
    let _ = std::io::stderr().flush();
}
