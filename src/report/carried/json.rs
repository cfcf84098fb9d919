//! The document `lockkeeper.carry/1`.

use std::io;

use serde::Serialize;

use crate::model::carried::{CarriedLine, CarriedLines, NamedCommit, NewCommit};
use crate::report::Style;
use crate::report::json::document;

/// Writes `lockkeeper.carry/1`.
///
/// # Errors
/// Only those of `out`.
pub fn write(carried: &CarriedLines, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let live = carried.lines.iter().map(Line::of);
    let left_out = carried.left_out.iter().map(|line| Line {
        r#ref: &line.ref_name,
        commit: Some(line.commit.as_str()),
        state: "left_out",
        reason: &line.reason,
        ..Line::default()
    });
    let whole = Document {
        schema: "lockkeeper.carry/1",
        exit_code: carried.exit_code().number(),
        pull_request: carried.source.as_ref().map(|source| Source {
            number: source.number,
            title: &source.title,
            page: Some(source.page.as_str()).filter(|page| !page.is_empty()),
            found: &source.found,
        }),
        commits: carried.commits.iter().map(Named::of).collect(),
        lines: live.chain(left_out).collect(),
        warnings: &carried.warnings,
    };
    document(&whole, out)
}

#[derive(Serialize)]
struct Document<'c> {
    schema: &'static str,
    exit_code: u8,
    pull_request: Option<Source<'c>>,
    commits: Vec<Named<'c>>,
    lines: Vec<Line<'c>>,
    warnings: &'c [String],
}

#[derive(Serialize)]
struct Source<'c> {
    number: u64,
    title: &'c str,
    page: Option<&'c str>,
    found: &'c str,
}

#[derive(Serialize)]
struct Named<'c> {
    commit: &'c str,
    subject: &'c str,
}

impl<'c> Named<'c> {
    fn of(commit: &'c NamedCommit) -> Self {
        Self {
            commit: &commit.id,
            subject: &commit.subject,
        }
    }
}

#[derive(Default, Serialize)]
struct Line<'c> {
    r#ref: &'c str,
    commit: Option<&'c str>,
    state: &'static str,
    reason: &'c str,
    there: Vec<By<'c>>,
    undone: Vec<By<'c>>,
    commits: Vec<New<'c>>,
    empty: &'c [String],
    lockfiles: &'c [String],
    conflict: Option<Conflict<'c>>,
    commands: &'c [String],
    changes_workflows: bool,
    /// Its history was read to its end, or to where the commits branch off.
    history_complete: bool,
    pull_requests: &'c [u64],
    note: Option<&'c str>,
}

#[derive(Serialize)]
struct By<'c> {
    commit: &'c str,
    by: Option<&'c str>,
}

#[derive(Serialize)]
struct New<'c> {
    source: &'c str,
    subject: &'c str,
    author: &'c str,
    files: &'c [String],
}

#[derive(Serialize)]
struct Conflict<'c> {
    commit: &'c str,
    files: Vec<File<'c>>,
    missing: Vec<Named<'c>>,
}

#[derive(Serialize)]
struct File<'c> {
    file: &'c str,
    reason: &'c str,
}

impl<'c> Line<'c> {
    fn of(line: &'c CarriedLine) -> Self {
        Self {
            r#ref: &line.ref_name,
            commit: Some(line.commit.as_str()).filter(|commit| !commit.is_empty()),
            state: line.state.as_str(),
            reason: &line.reason,
            there: line
                .there
                .iter()
                .map(|there| By {
                    commit: &there.commit,
                    by: Some(&there.by),
                })
                .collect(),
            undone: line
                .undone
                .iter()
                .map(|undone| By {
                    commit: &undone.commit,
                    by: undone.by.as_deref(),
                })
                .collect(),
            commits: line
                .commits
                .iter()
                .map(
                    |NewCommit {
                         source,
                         subject,
                         author,
                         files,
                         is_signed: _,
                     }| New {
                        source,
                        subject,
                        author,
                        files,
                    },
                )
                .collect(),
            empty: &line.empty,
            lockfiles: &line.lockfiles,
            conflict: line.conflict.as_ref().map(|conflict| Conflict {
                commit: &conflict.commit,
                files: conflict
                    .files
                    .iter()
                    .map(|(file, reason)| File { file, reason })
                    .collect(),
                missing: conflict.missing.iter().map(Named::of).collect(),
            }),
            commands: &line.commands,
            changes_workflows: line.changes_workflows,
            history_complete: !line.is_cut,
            pull_requests: &line.requests,
            note: line.note.as_deref(),
        }
    }
}
