//! What came of carrying commits to a line, in the words of reports: with a state and a reason, and texts in place of bytes.

use super::{Carried, State, Stopped, reason};
use crate::git::{GitError, ObjectId, Repository};
use crate::model::TreePath;
use crate::model::carried::{CarriedLine, CarryConflict, CarryState, NamedCommit, NewCommit, There, Undone};
use crate::text::count::counted;

/// The line as reports list it.
///
/// # Errors
/// [`GitError`] if a commit that is named cannot be read.
pub fn line(repository: &Repository, ref_name: &str, carried: &Carried) -> Result<CarriedLine, GitError> {
    let (state, why) = standing(carried);
    let conflict = match &carried.state {
        State::Conflict(stopped) => Some(conflict(repository, stopped)?),
        State::Fixed | State::Clean | State::Nothing => None,
    };
    Ok(CarriedLine {
        there: carried
            .there
            .iter()
            .map(|(commit, by)| There {
                commit: commit.to_string(),
                by: by.to_string(),
            })
            .collect(),
        undone: carried
            .undone
            .iter()
            .map(|(commit, by)| Undone {
                commit: commit.to_string(),
                by: by.map(|by| by.to_string()),
            })
            .collect(),
        commits: carried
            .commits
            .iter()
            .map(|commit| NewCommit {
                source: commit.source.to_string(),
                subject: subject(&commit.message),
                author: author(&commit.author),
                files: commit.files.iter().map(|file| shown(&file.path)).collect(),
                is_signed: commit.is_signed,
            })
            .collect(),
        empty: carried.empty.iter().map(ToString::to_string).collect(),
        lockfiles: carried.lockfiles.iter().map(|path| shown(path)).collect(),
        conflict,
        commands: carried.commands.clone(),
        changes_workflows: carried.changes_workflows,
        is_cut: carried.is_cut,
        ..CarriedLine::unread(ref_name, &carried.line.tip.to_string(), state, why)
    })
}

/// A commit by its id and the first line of its message.
///
/// # Errors
/// [`GitError`] if it cannot be read.
pub fn named(repository: &Repository, commit: ObjectId) -> Result<NamedCommit, GitError> {
    Ok(NamedCommit {
        id: commit.to_string(),
        subject: subject(&repository.commit_text(commit)?.message),
    })
}

/// How the line stands, and why.
fn standing(carried: &Carried) -> (CarryState, String) {
    match &carried.state {
        State::Fixed => (CarryState::Fixed, has(carried)),
        State::Clean => {
            let mut why = format!("takes {}", counted(carried.commits.len(), "commit", "commits"));
            if !carried.there.is_empty() {
                why.push_str(&format!(
                    " and has {}",
                    counted(carried.there.len(), "other", "others")
                ));
            }
            (CarryState::Planned, why)
        }
        State::Nothing if carried.lockfiles.is_empty() => (
            CarryState::Fixed,
            "its files are as the commits want them".to_owned(),
        ),
        State::Nothing => (
            CarryState::Nothing,
            "what is not on it changes lockfiles alone, which are planned anew for each line".to_owned(),
        ),
        State::Conflict(stopped) => (CarryState::Draft, conflicting(stopped)),
    }
}

/// Which commits a line has that has all of them.
fn has(carried: &Carried) -> String {
    let words = |(commit, by): &(ObjectId, ObjectId)| match (commit == by, carried.said.contains(by)) {
        (true, _) => format!("{} is on it", short(*commit)),
        (false, false) => format!("{} is on it as {}", short(*commit), short(*by)),
        (false, true) => format!("{} is on it as {}, as that says", short(*commit), short(*by)),
    };
    match carried.there.as_slice() {
        [] => "it has the change".to_owned(),
        [one] => words(one),
        [first, others @ ..] => format!(
            "{}, and {} too",
            words(first),
            counted(others.len(), "other", "others")
        ),
    }
}

fn conflicting(stopped: &Stopped) -> String {
    const MAX_NAMED: usize = 3;
    let mut files: Vec<String> = stopped
        .conflicts
        .iter()
        .map(|conflict| shown(&conflict.path))
        .collect();
    files.dedup();
    let named: Vec<&str> = files.iter().take(MAX_NAMED).map(String::as_str).collect();
    let more = match files.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} is in conflict with it: {}{more}",
        short(stopped.commit),
        named.join(", ")
    )
}

fn conflict(repository: &Repository, stopped: &Stopped) -> Result<CarryConflict, GitError> {
    let missing = stopped.missing.iter().map(|commit| named(repository, *commit));
    Ok(CarryConflict {
        commit: stopped.commit.to_string(),
        files: stopped
            .conflicts
            .iter()
            .map(|conflict| (shown(&conflict.path), reason(conflict.reason).to_owned()))
            .collect(),
        missing: missing.collect::<Result<_, _>>()?,
    })
}

/// The first line of a message.
pub(super) fn subject(message: &[u8]) -> String {
    let mut lines = message.split(|byte| *byte == b'\n');
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    String::from_utf8_lossy(line).trim_end().to_owned()
}

/// `NAME <ADDRESS>` of an author with the time.
#[must_use]
pub fn author(line: &[u8]) -> String {
    let end = line
        .iter()
        .rposition(|byte| *byte == b'>')
        .map_or(line.len(), |at| at + 1);
    String::from_utf8_lossy(line.get(..end).unwrap_or(line)).into_owned()
}

fn shown(path: &[u8]) -> String {
    match TreePath::new(path) {
        Some(path) => path.to_string(),
        // A backslash or a colon, which other systems would read otherwise.
        None => String::from_utf8_lossy(path).into_owned(),
    }
}

/// The beginning of an id.
fn short(id: ObjectId) -> String {
    id.to_string().chars().take(12).collect()
}
