//! `lockkeeper backport --advisory`: an advisory of the repository itself. Which release lines have its fix, which versions are
//! affected by that, and what carrying the fix to the others would do.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::arguments::{Backport, OutputOptions};
use super::console::Console;
use super::{carry, output};
use crate::advisory::own::{OwnAdvisory, OwnStanding};
use crate::advisory::tag_ranges::Event;
use crate::config::policy::PolicyRequest;
use crate::config::{forge, index};
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::report::osv;
use crate::session::{Input, Observer as _, OwnAdvisoryRequest};
use crate::text::escape;

/// The format of the record.
const OSV: &str = "osv";

/// Runs the command for the advisory `advisory`.
///
/// # Errors
/// A [`Failure`] of usage: outside of git, for a record that is not there or names no commit of the repository; those of carrying
/// commits.
pub fn run(
    arguments: &Backport,
    advisory: &str,
    options: &OutputOptions,
    now: Timestamp,
) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &[OSV, "terminal"])?;
    let record = pairs.iter().find(|(format, _)| *format == OSV);
    if pairs.len() > 1 || (record.is_none() && !arguments.reports.output.is_empty()) {
        return Err(Failure::usage(
            "of `--advisory` one report is printed, and a file is for the record alone",
            "Give `--format osv --output FILE`, or neither.",
        ));
    }
    let location = index::locate(arguments.source.db.as_deref())?;
    let console = Console::new(options);
    let request = OwnAdvisoryRequest {
        input: Input::path(arguments.path.as_deref()),
        refs: arguments.refs.clone(),
        policy: PolicyRequest::new(arguments.source.policy.clone(), None)?,
        advisory: advisory.to_owned(),
        document: None,
    };
    let is_asked = forge::is_named() && !options.offline && OwnAdvisoryRequest::is_of_forge(advisory);
    let request = OwnAdvisoryRequest {
        document: match is_asked {
            true => {
                let id = advisory.to_owned();
                carry::at_forge(&request.input, |forge| {
                    Box::pin(async move { forge.advisory(&id).await })
                })?
            }
            false => None,
        },
        ..request
    };
    let own = console.session(&location, now).own_advisory(&request)?;
    if let Some((_, sink)) = record {
        for note in &own.notes {
            console.warn(note);
        }
        output::write(sink, |out| osv::write(&own, now, out))?;
        return Ok(match own.is_complete {
            true => ExitCode::Pass,
            false => ExitCode::Incomplete,
        });
    }
    output::say(&text(&own))?;
    let lacking = own
        .lines
        .iter()
        .filter(|line| line.standing == OwnStanding::Affected);
    let lacking: Vec<&str> = lacking.map(|line| line.name.as_str()).collect();
    let is_known = !own.lines.iter().any(|line| line.standing == OwnStanding::Unknown);
    if lacking.is_empty() {
        return Ok(match is_known {
            true => ExitCode::Pass,
            false => ExitCode::Incomplete,
        });
    }
    // What is carried is what a person would name.
    let carried = Backport {
        advisory: None,
        commits: own.commits.carried.clone(),
        ..arguments.clone()
    };
    let names = lacking.into_iter().map(str::to_owned).collect();
    let code = carry::run(&carried, Some(names), options, now)?;
    Ok(match (code, is_known) {
        (ExitCode::Pass, false) => ExitCode::Incomplete,
        (code, _) => code,
    })
}

fn text(own: &OwnAdvisory) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{}: fixed by {}",
        escape::terminal(&own.id),
        listed(&own.commits.fixed)
    );
    for package in &own.packages {
        let _ = writeln!(
            text,
            "  {}: {}",
            escape::terminal(&package.name),
            escape::terminal(&ranges(&package.events))
        );
    }
    for line in &own.lines {
        let name = escape::terminal(&line.name);
        let _ = match &line.standing {
            OwnStanding::Fixed { by } => writeln!(text, "{name}: has the fix, {}", short(by)),
            OwnStanding::NotAffected => writeln!(
                text,
                "{name}: not affected, it lacks the commit that brought it in"
            ),
            OwnStanding::Unknown => writeln!(text, "{name}: unknown, this clone lacks a part of its history"),
            // What it takes stands below.
            OwnStanding::Affected => Ok(()),
        };
    }
    for note in &own.notes {
        let _ = writeln!(text, "{}", escape::terminal(note));
    }
    text
}

/// `< 1.3.5, >= 1.4.0 < 1.4.2, >= 2.0.0 without a release that has the fix`.
fn ranges(events: &[Event]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut open: Option<String> = None;
    for event in events {
        match event {
            Event::Introduced(version) if version == "0" => open = Some(String::new()),
            Event::Introduced(version) => open = Some(format!(">= {version} ")),
            Event::Fixed(version) => parts.push(format!("{}< {version}", open.take().unwrap_or_default())),
        }
    }
    if let Some(from) = open {
        let from = from.trim_end();
        let from = if from.is_empty() { "every version" } else { from };
        parts.push(format!("{from}, and no later release has the fix"));
    }
    match parts.is_empty() {
        true => "no tag is affected".to_owned(),
        false => format!("affected by its tags: {}", parts.join(", ")),
    }
}

fn listed(commits: &[String]) -> String {
    commits.iter().map(|id| short(id)).collect::<Vec<_>>().join(", ")
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_as_people_write_them() {
        let from = |version: &str| Event::Introduced(version.to_owned());
        let until = |version: &str| Event::Fixed(version.to_owned());
        assert_eq!(ranges(&[]), "no tag is affected");
        assert_eq!(
            ranges(&[
                from("0"),
                until("1.3.5"),
                from("1.4.0"),
                until("1.4.2"),
                from("2.0.0")
            ]),
            "affected by its tags: < 1.3.5, >= 1.4.0 < 1.4.2, >= 2.0.0, and no later release has the fix"
        );
        assert_eq!(
            ranges(&[from("0")]),
            "affected by its tags: every version, and no later release has the fix"
        );
    }
}
