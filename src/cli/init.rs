//! `lockkeeper init`: a workflow and a policy to begin with.

use std::borrow::Cow;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::arguments::Init;
use super::output;
use crate::config::policy::PLACES;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::policy::STARTER;
use crate::session::{self, Input};
use crate::sys::file::{self, FileKind};
use crate::text::escape;

const WORKFLOW: &str = include_str!("../../data/workflow.starter.yml");
const WORKFLOW_PLACE: &str = ".github/workflows/lockkeeper.yml";

/// Shows both files, asks on a terminal, and writes those that do not exist yet.
///
/// # Errors
/// A [`Failure`] of usage if a file cannot be written, or where nobody says that it may be: without a terminal and `--yes`.
pub fn run(arguments: &Init) -> Result<ExitCode, Failure> {
    let found = session::found(&Input::path(arguments.path.as_deref()))?;
    let top = match &found.repository {
        None => PathBuf::from(&found.root),
        Some(repository) => repository.work_folder().ok_or_else(|| {
            Failure::usage(
                "a bare repository has no files to write",
                "Run this in a clone with a work tree.",
            )
        })?,
    };
    let policy = PLACES.iter().find(|place| is_there(&top.join(place)));
    let mut missing: Vec<(PathBuf, &str)> = Vec::new();
    let mut text = String::new();
    for (place, content, there) in [
        (WORKFLOW_PLACE, WORKFLOW, is_there(&top.join(WORKFLOW_PLACE))),
        (policy.unwrap_or(&PLACES[1]), STARTER, policy.is_some()),
    ] {
        if there {
            text.push_str(&format!("── {place}: it exists and is left unchanged\n\n"));
            continue;
        }
        text.push_str(&format!("── {place}\n{content}\n"));
        missing.push((top.join(place), content));
    }
    output::print(text.as_bytes())?;
    if missing.is_empty() {
        return Ok(ExitCode::Pass);
    }
    let is_asked = || io::stdin().is_terminal() && io::stdout().is_terminal();
    if !arguments.yes && !is_asked() {
        return Err(Failure::usage(
            "nothing was written: there is no terminal to ask at",
            "Run it again with `--yes` to write what is shown.",
        ));
    }
    if !arguments.yes {
        let places: Vec<Cow<'_, str>> = missing.iter().map(|(path, _)| path.to_string_lossy()).collect();
        let question = format!("Write {}? [y/N] ", escape::terminal(&places.join(" and ")));
        output::print(question.as_bytes())?;
        let mut answer = String::new();
        let _ = io::stdin().lock().read_line(&mut answer);
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            output::print(b"Nothing was written.\n")?;
            return Ok(ExitCode::Pass);
        }
    }
    for (path, content) in &missing {
        write(path, content)?;
        let shown = escape::terminal(&path.to_string_lossy());
        output::print(format!("wrote {shown}\n").as_bytes())?;
    }
    let placeholder = WORKFLOW
        .lines()
        .position(|line| line.contains("OWNER/lockkeeper@COMMIT"));
    let is_written = missing.iter().any(|(_, content)| *content == WORKFLOW);
    let next = match placeholder.filter(|_| is_written) {
        Some(line) => format!(
            "\nNext: in {WORKFLOW_PLACE}:{}, put the owner of the action for OWNER and the full commit of a release for \
             COMMIT; then commit what was written. The workflow needs no more.\n",
            line + 1
        ),
        None => "\nNext: commit what was written.\n".to_owned(),
    };
    output::print(next.as_bytes())?;
    Ok(ExitCode::Pass)
}

fn is_there(path: &Path) -> bool {
    file::is_link(path) || file::kind(path).map_or(true, |kind| kind != FileKind::Missing)
}

fn write(path: &Path, content: &str) -> Result<(), Failure> {
    let failed =
        |error: file::FileError| Failure::usage(error.to_string(), "Run this where files can be written.");
    if let Some(folder) = path.parent() {
        file::make_folder(folder).map_err(failed)?;
    }
    file::replace(path, |out| out.write_all(content.as_bytes())).map_err(failed)
}
