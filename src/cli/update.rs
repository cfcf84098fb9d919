//! `lockkeeper db update`: the command, and the fetch that a first scan makes.

use std::fmt::Write as _;
use std::path::Path;

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::{DbUpdate, Voice};
use super::database::{self, Form};
use super::output;
use crate::config::index;
use crate::database::update::{self, Done, Event, Origin, Progress, Request};
use crate::ecosystem::ROWS;
use crate::feed::document::{EXPLOIT_PREDICTION, KNOWN_EXPLOITED};
use crate::feed::osv_export;
use crate::model::Ecosystem;
use crate::model::verdict::ExitCode;
use crate::policy;
use crate::scan::Failure;
use crate::sys::web::{Address, Settings, Web};
use crate::text::escape;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage for a bad address, of the feed (exit code 5) if no address gave what was needed.
pub fn run(arguments: &DbUpdate, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    if voice.offline {
        return Err(Failure::usage(
            "an update needs the network, and --offline forbids it",
            "Leave --offline out, or build the index from files with `lockkeeper db build`.",
        ));
    }
    let form = database::form(arguments.format.as_deref())?;
    let location = index::locate(arguments.db.as_deref())?;
    let from = origins(&arguments.from)?;
    let ecosystems = match (
        arguments.ecosystem.as_slice(),
        index::open(&location.path, &policy::Database::default(), now).index,
    ) {
        // An index follows what it was made for; a fresh one takes what the program can read.
        ([], Some(_)) => Vec::new(),
        ([], None) => ROWS.iter().map(|row| row.ecosystem.as_str().to_owned()).collect(),
        (asked, _) => asked.to_vec(),
    };
    let public = arguments.from.is_empty();
    let done = make(
        &location.path,
        &ecosystems,
        &from,
        Extras::with(public),
        voice,
        now,
    )?;
    match form {
        Form::Text => output::print(told(&done).as_bytes())?,
        Form::Json => database::document(&json!({
            "schema": "lockkeeper.db-update/1",
            "from": done.from,
            "ecosystems": done.ecosystems.iter().map(|(name, tally)| json!({
                "name": name,
                "whole": tally.whole,
                "taken": tally.taken,
                "withdrawn": tally.withdrawn,
                "gone": tally.gone,
                "rejected": tally.rejected_total,
            })).collect::<Vec<_>>(),
            "sources": done.facts.as_ref().map(|facts| database::sources(&facts.sources)),
            "warnings": done.warnings,
        }))?,
    }
    Ok(ExitCode::Pass)
}

/// Fetches an index for `ecosystems` from `addresses`, tried in their order; without any, from the public export.
///
/// # Errors
/// A [`Failure`] of usage for a bad address, of the feed otherwise.
pub fn fetch(
    path: &Path,
    ecosystems: &[Ecosystem],
    addresses: &[String],
    voice: &Voice,
    now: Timestamp,
) -> Result<(), Failure> {
    let ecosystems: Vec<String> = ecosystems
        .iter()
        .map(|ecosystem| ecosystem.as_str().to_owned())
        .collect();
    if ecosystems.is_empty() {
        return Ok(());
    }
    let from = origins(addresses)?;
    let extras = Extras::with(addresses.is_empty());
    warn(&make(path, &ecosystems, &from, extras, voice, now)?);
    Ok(())
}

/// Fetches a ready-made index from `address`, or what the export there holds for every ecosystem that can be read.
///
/// # Errors
/// A [`Failure`] of usage for a bad address, of the feed otherwise.
pub fn download(address: &str, path: &Path, voice: &Voice, now: Timestamp) -> Result<(), Failure> {
    let from = origins(&[address.to_owned()])?;
    let ecosystems: Vec<String> = ROWS.iter().map(|row| row.ecosystem.as_str().to_owned()).collect();
    warn(&make(path, &ecosystems, &from, Extras::None, voice, now)?);
    Ok(())
}

/// Whether KEV and EPSS are fetched beside the advisories.
#[derive(Clone, Copy)]
enum Extras {
    /// From their publishers.
    Public,
    /// Not: a mirror was named, and nobody else is asked.
    None,
}

impl Extras {
    fn with(public: bool) -> Self {
        if public { Self::Public } else { Self::None }
    }

    fn address(self, text: &str) -> Option<Address> {
        match self {
            Self::Public => Address::parse(text).ok(),
            Self::None => None,
        }
    }
}

fn make(
    path: &Path,
    ecosystems: &[String],
    from: &[Origin],
    extras: Extras,
    voice: &Voice,
    now: Timestamp,
) -> Result<Done, Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let downloads = folder.join("downloads");
    let request = Request {
        index: path,
        downloads: &downloads,
        ecosystems,
        from,
        exploited: extras.address(KNOWN_EXPLOITED.address),
        scores: extras.address(EXPLOIT_PREDICTION.address),
        now,
    };
    let bar = Bar(database::bar(voice));
    let done = update::update(&request, Web::new(Settings::default()), &bar);
    bar.0.finish_and_clear();
    done.map_err(|failure| match failure {
        update::Failure::NothingAsked | update::Failure::InTheWay { .. } => {
            Failure::usage(failure.to_string(), failure.hint())
        }
        update::Failure::Nowhere(_) | update::Failure::File(_) | update::Failure::Compile(_) => {
            Failure::remote(failure.to_string(), failure.hint())
        }
    })
}

/// The addresses to try, in order; the public export if none is given.
fn origins(from: &[String]) -> Result<Vec<Origin>, Failure> {
    let texts: Vec<&str> = match from {
        [] => vec![osv_export::PUBLIC],
        from => from.iter().map(String::as_str).collect(),
    };
    let origin = |text: &str| {
        Origin::parse(text).map_err(|error| {
            Failure::usage(
                format!("--from: {error}"),
                "Give an https address of an OSV export or of an index, or a path.",
            )
        })
    };
    texts.into_iter().map(origin).collect()
}

fn told(done: &Done) -> String {
    let mut text = format!("from {}\n", escape::terminal(&done.from));
    for (ecosystem, tally) in &done.ecosystems {
        let how = if tally.whole {
            "all records"
        } else {
            "what changed"
        };
        let _ = write!(
            text,
            "  {:<12} {how}: {} taken",
            escape::terminal(ecosystem),
            tally.taken
        );
        for (count, word) in [
            (tally.withdrawn, "withdrawn"),
            (tally.gone, "gone"),
            (tally.rejected_total, "not readable"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {count} {word}");
            }
        }
        text.push('\n');
        for reason in &tally.rejected {
            let _ = writeln!(text, "    {}", escape::terminal(reason));
        }
    }
    if let Some(facts) = &done.facts {
        let _ = writeln!(text, "{} records of {} packages", facts.records, facts.packages);
    }
    for warning in &done.warnings {
        let _ = writeln!(text, "warning: {}", escape::terminal(warning));
    }
    text
}

fn warn(done: &Done) {
    for warning in &done.warnings {
        tracing::warn!("{}", escape::terminal(warning));
    }
}

/// Shows on standard error how far an update is.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn hear(&self, event: &Event<'_>) {
        let amount = |held: u64, total: Option<u64>| match total {
            Some(total) => format!("{:.1} of {:.1} MB", megabytes(held), megabytes(total)),
            None => format!("{:.1} MB", megabytes(held)),
        };
        let message = match *event {
            Event::Waiting => "another update works here; waiting for it".to_owned(),
            Event::Listing { ecosystem } => format!("{ecosystem}: what changed"),
            Event::Archive {
                ecosystem,
                held,
                total,
            } => format!("{ecosystem}: {}", amount(held, total)),
            Event::Records { ecosystem, done, of } => format!("{ecosystem}: {done} of {of} records"),
            Event::Index { held, total } => format!("index: {}", amount(held, total)),
            Event::Document { name } => name.to_owned(),
            Event::Compiling => "writing the index".to_owned(),
        };
        self.0.set_message(escape::terminal(&message));
        self.0.tick();
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
