//! `lockkeeper packages`: what is locked.

use std::io::{self, Write};

use super::arguments::{Input, Packages, Voice};
use super::output;
use crate::model::inventory::Inventory;
use crate::model::outcome::FileState;
use crate::model::verdict::ExitCode;
use crate::report::json;
use crate::scan::discover::{self, Found, Root};
use crate::scan::{FILE_LIMIT, Failure, inventory};
use crate::sys::file;
use crate::text::escape;

/// Runs the command. A lockfile that cannot be read in whole makes it incomplete.
///
/// # Errors
/// A [`Failure`] of usage for a PATH that is not there.
pub fn run(arguments: &Packages, _: &Voice) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal", "json"])?;
    let found = find(&arguments.input)?;
    let inventory = inventory::inventory(&found);
    for (format, sink) in &pairs {
        output::write(sink, |out| match *format {
            "json" => json::packages(&inventory, out),
            _ => list(&inventory, out),
        })?;
    }
    let blind = inventory.files.iter().any(|file| file.state == FileState::Blind);
    Ok(match (inventory.files.is_empty(), blind) {
        (true, _) => ExitCode::NothingToScan,
        (false, true) => ExitCode::Incomplete,
        (false, false) => ExitCode::Pass,
    })
}

/// Finds the lockfiles of what the command line names.
///
/// # Errors
/// A [`Failure`] of usage for a PATH that is not there or an unknown format.
pub fn find(input: &Input) -> Result<Vec<Found>, Failure> {
    roots(input)?
        .iter()
        .map(|root| discover::discover(root, FILE_LIMIT))
        .collect()
}

fn roots(input: &Input) -> Result<Vec<Root>, Failure> {
    if let Some(name) = &input.stdin {
        let bytes = file::read_standard_input(FILE_LIMIT)
            .map_err(|error| Failure::usage(error.to_string(), "Pipe a lockfile into the program."))?;
        let bytes = bytes.ok_or_else(|| {
            Failure::incomplete(
                format!("standard input is larger than the limit of {FILE_LIMIT} bytes"),
                "Scan the file by its path, or split it.",
            )
        })?;
        return Ok(vec![Root::Text(name.clone(), bytes)]);
    }
    if let [format, path] = input.as_format.as_slice() {
        return Ok(vec![Root::As(path.into(), format.clone())]);
    }
    Ok(match input.paths.as_slice() {
        [] => vec![Root::Path(".".into())],
        paths => paths.iter().cloned().map(Root::Path).collect(),
    })
}

/// One line a package, under its file.
fn list(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    for (number, file) in inventory.files.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let path = match &*file.root {
            "." | "" => file.path.to_string(),
            root => format!("{}/{}", root.trim_end_matches('/'), file.path),
        };
        writeln!(
            out,
            "{}  {}, {} packages{}",
            escape::terminal(&path),
            escape::terminal(&file.format),
            file.packages.len(),
            match file.state {
                FileState::Read => "",
                FileState::Partial => ", some not held exactly",
                FileState::Blind => ", NOT READ IN WHOLE",
            }
        )?;
        let width = file
            .packages
            .iter()
            .map(|held| held.name.chars().count())
            .max()
            .unwrap_or(0)
            .min(50);
        for held in &file.packages {
            let mut notes: Vec<&str> = vec![if held.direct { "direct" } else { "indirect" }];
            notes.extend(held.scopes.iter().map(crate::model::Scope::word));
            if held.source != "registry" {
                notes.push(held.source);
            }
            writeln!(
                out,
                "  {:>6}  {:<width$}  {:<16}  {}",
                held.place.line,
                escape::terminal(&held.name),
                escape::terminal(&held.version),
                notes.join(", "),
            )?;
        }
        for problem in &file.problems {
            let reason = escape::terminal(&problem.reason);
            writeln!(
                out,
                "  {:>6}  ! {reason}. {}",
                problem.position.line,
                escape::terminal(&problem.hint)
            )?;
        }
    }
    Ok(())
}
