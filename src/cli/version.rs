//! `lockkeeper version`: the order of two versions, or of many pairs.

use std::cmp::Ordering;

use super::arguments::Version;
use super::output::{self, Sink};
use crate::ecosystem;
use crate::model::verdict::ExitCode;
use crate::model::{Ecosystem, Failure};
use crate::policy::nearest::{meant, nearest};
use crate::sys::file;
use crate::version::Scheme;

/// Pairs are read from at most this much of standard input.
const INPUT_LIMIT: u64 = 1 << 30;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage for an unknown ecosystem or input that is no text.
pub fn run(arguments: &Version) -> Result<ExitCode, Failure> {
    let scheme = scheme(&arguments.ecosystem)?;
    match (&*arguments.left, &arguments.right) {
        ("-", None) => pairs(scheme),
        (left, Some(right)) => match scheme.compare(left, right) {
            Ok(ordering) => {
                output::print(format!("{}\n", sign(ordering)).as_bytes())?;
                Ok(ExitCode::Pass)
            }
            Err(error) => {
                output::print(b"!\n")?;
                Err(Failure::incomplete(
                    error.to_string(),
                    "Give versions that the ecosystem itself accepts.",
                ))
            }
        },
        (_, None) => Err(Failure::usage(
            "the second version is missing",
            "Give two versions, or `-` to read lines of `A<TAB>B` from standard input.",
        )),
    }
}

fn pairs(scheme: &dyn Scheme) -> Result<ExitCode, Failure> {
    let unreadable = |message: String| Failure::usage(message, "Give lines of `A<TAB>B` in UTF-8.");
    let input = file::read_standard_input(INPUT_LIMIT).map_err(|error| unreadable(error.to_string()))?;
    let input = input.ok_or_else(|| unreadable("standard input is larger than 1 GiB".into()))?;
    output::write(&Sink::Standard, |out| {
        for line in input.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let answer = std::str::from_utf8(line)
                .ok()
                .and_then(|line| line.split_once('\t'))
                .and_then(|(left, right)| scheme.compare(left, right).ok())
                .map_or("!", sign);
            writeln!(out, "{answer}")?;
        }
        Ok(())
    })?;
    Ok(ExitCode::Pass)
}

fn scheme(name: &str) -> Result<&'static dyn Scheme, Failure> {
    ecosystem::scheme(&Ecosystem::named(name)).ok_or_else(|| {
        let known: Vec<&str> = ecosystem::with_a_scheme().map(Ecosystem::as_str).collect();
        let hint = match known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => format!("Ecosystems are spelt as OSV spells them: `{known}`."),
            None => format!("Give one of: {}.", known.join(", ")),
        };
        Failure::usage(
            format!(
                "no version order is known for the ecosystem {name:?}{}",
                meant(nearest(
                    name,
                    known
                        .iter()
                        .copied()
                        .filter(|known| !known.eq_ignore_ascii_case(name))
                ))
            ),
            hint,
        )
    })
}

fn sign(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}
