//! `lockkeeper backport --commit`: what carrying commits to the release lines would do, as text.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::arguments::Backport;
use super::output;
use crate::carry::{self, Carried, State};
use crate::config::policy::PolicyRequest;
use crate::git::ObjectId;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::session::{self, CarriedLine, CarryRequest, Input};
use crate::text::escape;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage: outside of git, for a commit that is not there, for a format other than the terminal's.
pub fn run(arguments: &Backport, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal"])?;
    let request = CarryRequest {
        input: Input::path(arguments.path.as_deref()),
        refs: arguments.refs.clone(),
        policy: PolicyRequest::new(arguments.source.policy.clone(), None)?,
        commits: arguments.commits.clone(),
    };
    let lines = session::carry(&request, now)?;
    for (_, sink) in &pairs {
        output::write(sink, |out| out.write_all(text(&lines).as_bytes()))?;
    }
    Ok(exit_code(&lines))
}

/// 0 where every line can take the commits or has them, 6 where some cannot, 1 where none can.
fn exit_code(lines: &[CarriedLine]) -> ExitCode {
    let is_done = |line: &CarriedLine| {
        line.1
            .as_ref()
            .is_ok_and(|carried| !matches!(carried.state, State::Conflict(_)))
    };
    match lines.iter().filter(|line| is_done(line)).count() {
        done if done == lines.len() => ExitCode::Pass,
        0 => ExitCode::Blocked,
        _ => ExitCode::Some,
    }
}

fn text(lines: &[CarriedLine]) -> String {
    let mut text = String::new();
    for (name, answer) in lines {
        let name = escape::terminal(name);
        match answer {
            Ok(carried) => line(&mut text, &name, carried),
            Err(error) => {
                let _ = writeln!(
                    text,
                    "{name}: not carried: {}",
                    escape::terminal(&error.to_string())
                );
            }
        }
    }
    if lines.is_empty() {
        text.push_str("No release line is live.\n");
    }
    text
}

fn line(text: &mut String, name: &str, carried: &Carried) {
    let count = |number: usize| match number {
        1 => "1 commit".to_owned(),
        number => format!("{number} commits"),
    };
    let head = match &carried.state {
        State::Fixed => "has the change".to_owned(),
        State::Clean => format!("takes {}", count(carried.commits.len())),
        State::Nothing if carried.lockfiles.is_empty() => "has the files as the commits want them".to_owned(),
        State::Nothing => "has no source to change: the commits change lockfiles alone".to_owned(),
        State::Conflict(stopped) => format!("conflict at {}", short(stopped.commit)),
    };
    let _ = writeln!(text, "{name}: {head}");
    for (commit, by) in &carried.there {
        let _ = match commit == by {
            true => writeln!(text, "  {} is on it", short(*commit)),
            false => writeln!(text, "  {} is on it as {}", short(*commit), short(*by)),
        };
    }
    for (commit, by) in &carried.undone {
        let _ = match by {
            Some(by) => writeln!(
                text,
                "  {} was on it, and was reverted by {}",
                short(*commit),
                short(*by)
            ),
            None => writeln!(text, "  {} was on it, and was undone since", short(*commit)),
        };
    }
    for commit in &carried.commits {
        let subject = String::from_utf8_lossy(&commit.message)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        let _ = writeln!(text, "  {} {}", short(commit.source), escape::terminal(&subject));
        for file in &commit.files {
            let _ = writeln!(text, "    {}", path(&file.path));
        }
    }
    for lockfile in &carried.lockfiles {
        let _ = writeln!(
            text,
            "  left out, to be locked again on the line: {}",
            path(lockfile)
        );
    }
    if carried.changes_workflows {
        text.push_str("  changes .github/workflows: a token needs the right `workflows`\n");
    }
    if carried.is_cut {
        text.push_str("  the history was not read to its end: the line may have the change already\n");
    }
    if let State::Conflict(stopped) = &carried.state {
        for conflict in &stopped.conflicts {
            let _ = writeln!(
                text,
                "  {}: {}",
                path(&conflict.path),
                carry::reason(conflict.reason)
            );
        }
        for commit in &stopped.missing {
            let _ = writeln!(
                text,
                "  not on this line, and changed these files: {}",
                short(*commit)
            );
        }
    }
    if matches!(carried.state, State::Clean | State::Conflict(_)) {
        text.push_str("  by hand, in the top folder; after each conflict resolve it, `git add`, and `git cherry-pick --continue`:\n");
        for command in &carried.commands {
            let _ = writeln!(text, "    {}", escape::terminal(command));
        }
    }
}

fn short(id: ObjectId) -> String {
    id.to_string().chars().take(12).collect()
}

fn path(path: &[u8]) -> String {
    escape::terminal(&String::from_utf8_lossy(path))
}
