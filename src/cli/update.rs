//! `lockkeeper db update`.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use super::arguments::{DbUpdate, OutputOptions};
use super::console::Console;
use super::db_output::{self, Form};
use super::output;
use crate::config::index;
use crate::database::terminal::held;
use crate::database::update::Done;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::session::update::UpdateRequest;
use crate::text::count::thousands;
use crate::text::escape;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage for a bad address, of the feed (exit code 5) if no address gave what was needed.
pub fn run(arguments: &DbUpdate, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let form = db_output::form(arguments.format.as_deref())?;
    let location = index::locate(arguments.db.as_deref())?;
    let request = UpdateRequest {
        ecosystems: arguments.ecosystem.clone(),
        from: arguments.from.clone(),
        keys: arguments.key.clone(),
        losses: db_output::losses(arguments.allow_rejected),
    };
    let console = Console::new(options);
    let updated = console.session(&location, now).update(&request);
    let done = updated.map_err(|mut failure| {
        if failure.code == ExitCode::Remote {
            failure.hint = format!(
                "{}\n{}",
                failure.hint,
                without_it(&location.flag(), !request.from.is_empty())
            );
        }
        failure
    })?;
    match form {
        Form::Text => output::print(summary(&done).as_bytes())?,
        Form::Json => db_output::document(&json!({
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
            "sources": done.facts.as_ref().map(|facts| db_output::sources(&facts.sources)),
            "warnings": done.warnings,
        }))?,
    }
    Ok(ExitCode::Pass)
}

/// The other ways to come by an advisory database. `flag` names the file, or is empty; `is_from` is that an address was
/// given.
fn without_it(flag: &str, is_from: bool) -> String {
    let build = format!("Without it: `lockkeeper db build{flag} SOURCE…` builds one from files");
    match is_from {
        true => format!("{build}."),
        false => format!(
            "{build},\n`lockkeeper db update{flag} --from ADDRESS` takes one from a mirror or a folder."
        ),
    }
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
            thousands(tally.taken)
        );
        for (count, word) in [
            (tally.withdrawn, "withdrawn"),
            (tally.gone, "gone"),
            (tally.rejected_total, "not readable"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {} {word}", thousands(count));
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
            thousands(piece.bytes)
        );
    }
    if let Some(facts) = &done.facts {
        let _ = writeln!(text, "{}", held(facts.records, facts.packages));
    }
    for warning in &done.warnings {
        let _ = writeln!(text, "warning: {}", escape::terminal(warning));
    }
    text
}
