//! `lockkeeper db update`: the command, and the fetch that a first scan makes.

use std::fmt::Write as _;
use std::path::Path;

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::{DbUpdate, Voice};
use super::database::{self, Form};
use super::output;
use crate::config::{index, trust};
use crate::database::build::Losses;
use crate::database::update::{self, Done, Event, Origin, Progress, Request, Trust};
use crate::ecosystem::ROWS;
use crate::feed::document::{EXPLOIT_PREDICTION, KNOWN_EXPLOITED};
use crate::model::verdict::ExitCode;
use crate::model::{Ecosystem, Failure};
use crate::sys::web::{Address, Settings, Web};
use crate::text::escape;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage for a bad address, of the feed (exit code 5) if no address gave what was needed.
pub fn run(arguments: &DbUpdate, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    let from = origins(&arguments.from)?;
    if voice.offline && !from.iter().all(|origin| matches!(origin, Origin::Path(_))) {
        return Err(Failure::usage(
            "an update needs the network, and --offline forbids it",
            "Leave --offline out, take it from a folder with --from, or build the advisory database from files with `lockkeeper db build`.",
        ));
    }
    let form = database::form(arguments.format.as_deref())?;
    let location = index::locate(arguments.db.as_deref())?;
    let asked = UpdateOptions {
        ecosystems: &arguments.ecosystem,
        from: &from,
        trust: &trust::trust(&arguments.key)?,
        extras: Extras::with(arguments.from.is_empty()),
        losses: database::losses(arguments.allow_rejected),
    };
    let done = make(&location.path, &asked, voice, now)?;
    match form {
        Form::Text => output::print(summary(&done).as_bytes())?,
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
            "files": done.pieces.iter().map(|piece| json!({
                "ecosystems": piece.ecosystems,
                "bytes": piece.bytes,
                "fetched": piece.fetched,
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
    let asked = UpdateOptions {
        ecosystems: &ecosystems,
        from: &origins(addresses)?,
        trust: &trust::trust(&[])?,
        extras: Extras::with(addresses.is_empty()),
        losses: Losses::Refused,
    };
    for warning in make(path, &asked, voice, now)?.warnings {
        output::warn(voice, &warning);
    }
    Ok(())
}

/// What is fetched, and from where.
struct UpdateOptions<'a> {
    /// None: what the index follows, else what the program can read.
    ecosystems: &'a [String],
    from: &'a [Origin],
    trust: &'a Trust,
    extras: Extras,
    losses: Losses,
}

/// The folder of unfinished downloads and of a publication's files, beside the index.
pub const DOWNLOADS: &str = "downloads";

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

fn make(path: &Path, asked: &UpdateOptions<'_>, voice: &Voice, now: Timestamp) -> Result<Done, Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let downloads = folder.join(DOWNLOADS);
    let usual: Vec<String> = ROWS.iter().map(|row| row.ecosystem.as_str().to_owned()).collect();
    let request = Request {
        index: path,
        downloads: &downloads,
        ecosystems: asked.ecosystems,
        usual: &usual,
        from: asked.from,
        trust: asked.trust,
        exploited: asked.extras.address(KNOWN_EXPLOITED.address),
        scores: asked.extras.address(EXPLOIT_PREDICTION.address),
        losses: asked.losses,
        now,
    };
    let bar = Bar(database::bar(voice));
    let done = update::update(&request, Web::new(Settings::default()), &bar);
    bar.0.finish_and_clear();
    done.map_err(|failure| match failure {
        update::UpdateError::NoEcosystem | update::UpdateError::NotReplaceable { .. } => {
            Failure::usage(failure.to_string(), failure.hint())
        }
        update::UpdateError::NoOrigin(_)
        | update::UpdateError::Lost { .. }
        | update::UpdateError::File(_)
        | update::UpdateError::Archive { .. }
        | update::UpdateError::Piece { .. }
        | update::UpdateError::TooLarge(_) => Failure::remote(failure.to_string(), failure.hint()),
    })
}

/// The addresses to try, in order; the usual ones if none is given.
fn origins(from: &[String]) -> Result<Vec<Origin>, Failure> {
    let texts: Vec<&str> = match from {
        [] => trust::usual_addresses(),
        from => from.iter().map(String::as_str).collect(),
    };
    let origin = |text: &str| {
        Origin::parse(text).map_err(|error| {
            Failure::usage(
                format!("--from: {error}"),
                "Give an https address of a publication (…/lockkeeper-index.json), of an advisory database (….lkdb) or of an OSV export, or a path.",
            )
        })
    };
    texts.into_iter().map(origin).collect()
}

fn summary(done: &Done) -> String {
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
    for piece in &done.pieces {
        let how = if piece.fetched { "fetched" } else { "was here" };
        let what = piece.ecosystems.join(", ");
        let _ = writeln!(
            text,
            "  {:<12} {how}: {} bytes",
            escape::terminal(&what),
            piece.bytes
        );
    }
    if let Some(facts) = &done.facts {
        let _ = writeln!(text, "{} records of {} packages", facts.records, facts.packages);
    }
    for warning in &done.warnings {
        let _ = writeln!(text, "warning: {}", escape::terminal(warning));
    }
    text
}

/// Shows on standard error how far an update is.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn report(&self, event: &Event<'_>) {
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
            Event::Index { held, total } => format!("advisory database: {}", amount(held, total)),
            Event::Document { name } => name.to_owned(),
            Event::Compiling => "writing the advisory database".to_owned(),
        };
        self.0.set_message(escape::terminal(&message));
        self.0.tick();
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
