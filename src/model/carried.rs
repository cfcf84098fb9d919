//! What carrying commits to release lines comes to: every line has a state and a reason.

use super::grid::ReleaseLine;
use super::verdict::ExitCode;

/// What becomes of commits on the release lines of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarriedLines {
    /// The pull request whose commits they are; `None` where commits were named.
    pub source: Option<SourceRequest>,
    /// The commits, in the order in which they are carried.
    pub commits: Vec<NamedCommit>,
    /// Every live line, and every one that was asked for and cannot be looked at.
    pub lines: Vec<CarriedLine>,
    /// Release lines that rules leave out, each with its reason.
    pub left_out: Vec<ReleaseLine>,
    /// What is odd about the choice of lines, each a sentence.
    pub warnings: Vec<String>,
}

/// A pull request that was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRequest {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its page; empty where it is not known.
    pub page: String,
    /// How its commits were found on the branch, as a lowercase fragment.
    pub found: String,
}

/// A commit as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCommit {
    /// Its full id.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
}

/// What becomes of the commits on one release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedLine {
    /// Its full name: `refs/heads/1.4`.
    pub ref_name: String,
    /// Its commit; empty where it cannot be read.
    pub commit: String,
    /// How it stands.
    pub state: CarryState,
    /// Why, as a lowercase fragment; never empty.
    pub reason: String,
    /// Commits that the line has.
    pub there: Vec<There>,
    /// Commits that the line had: not there where something is named that undid them, else there, and not as they were.
    pub undone: Vec<Undone>,
    /// What is added to the line, in order; with a conflict, what comes before it.
    pub commits: Vec<NewCommit>,
    /// Full ids of commits that change nothing on the line but lockfiles.
    pub empty: Vec<String>,
    /// Lockfiles that were left out, to be locked again on the line.
    pub lockfiles: Vec<String>,
    /// Where a person has to decide; `None` where nobody has.
    pub conflict: Option<CarryConflict>,
    /// What a person runs to do the same, one a line of a POSIX shell.
    pub commands: Vec<String>,
    /// The commits change `.github/workflows`, which needs a right of its own.
    pub changes_workflows: bool,
    /// The history of the line was not read to its end: it may have more of the commits.
    pub is_cut: bool,
    /// The numbers of its pull requests that are open; empty where no forge was asked.
    pub requests: Vec<u64>,
    /// What keeps its pull request from being as it should, a sentence; `None` where nothing does.
    pub note: Option<String>,
}

/// How a release line stands towards commits that are to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CarryState {
    /// All that it lacks can be carried.
    Planned,
    /// A pull request with it is open.
    Proposed,
    /// A person has to resolve a conflict.
    Draft,
    /// It cannot be carried, or not proposed.
    Blocked,
    /// The line or the commits could not be read.
    Unknown,
    /// It has every commit.
    Fixed,
    /// There is nothing to carry but lockfiles, which are planned anew.
    Nothing,
}

impl CarryState {
    /// Every state, in the order in which lines are counted.
    pub const ALL: [Self; 7] = [
        Self::Planned,
        Self::Proposed,
        Self::Draft,
        Self::Blocked,
        Self::Unknown,
        Self::Fixed,
        Self::Nothing,
    ];

    /// `planned`, `proposed`, `draft`, `blocked`, `unknown`, `fixed`, `nothing`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Proposed => "proposed",
            Self::Draft => "draft",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Fixed => "fixed",
            Self::Nothing => "nothing",
        }
    }

    /// Nobody has to do anything but merge.
    fn is_done(self) -> bool {
        match self {
            Self::Planned | Self::Proposed | Self::Fixed | Self::Nothing => true,
            Self::Draft | Self::Blocked | Self::Unknown => false,
        }
    }
}

/// A commit that a line has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// Its full id.
    pub commit: String,
    /// The full id of the commit of the line that changes the same; itself where the line contains it.
    pub by: String,
}

/// A commit that a line had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// Its full id.
    pub commit: String,
    /// The full id of the commit that undid it; `None` where that is not known.
    pub by: Option<String>,
}

/// A commit for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// The full id of the commit whose change it is.
    pub source: String,
    /// The first line of its message.
    pub subject: String,
    /// Who wrote it, `NAME <ADDRESS>`.
    pub author: String,
    /// The files that it changes on the line.
    pub files: Vec<String>,
    /// Its message has a sign-off of its author, or of who commits it.
    pub is_signed: bool,
}

/// Where carrying ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarryConflict {
    /// The full id of the commit that does not fit.
    pub commit: String,
    /// The files, and why, as a lowercase fragment.
    pub files: Vec<(String, String)>,
    /// Earlier commits that changed these files and are not on the line, the newest first.
    pub missing: Vec<NamedCommit>,
}

impl CarriedLine {
    /// A line of which nothing is known.
    #[must_use]
    pub fn unread(ref_name: &str, commit: &str, state: CarryState, reason: String) -> Self {
        Self {
            ref_name: ref_name.to_owned(),
            commit: commit.to_owned(),
            state,
            reason,
            there: Vec::new(),
            undone: Vec::new(),
            commits: Vec::new(),
            empty: Vec::new(),
            lockfiles: Vec::new(),
            conflict: None,
            commands: Vec::new(),
            changes_workflows: false,
            is_cut: false,
            requests: Vec::new(),
            note: None,
        }
    }
}

impl CarriedLines {
    /// How many lines stand like this.
    #[must_use]
    pub fn count(&self, state: CarryState) -> usize {
        self.lines.iter().filter(|line| line.state == state).count()
    }

    /// 0 where every line has the commits or can take them, 6 where some cannot, 1 where none can, 3 where none could be looked
    /// at.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        let done = self.lines.iter().filter(|line| line.state.is_done()).count();
        match done {
            done if done == self.lines.len() => ExitCode::Pass,
            0 if self.count(CarryState::Unknown) == self.lines.len() => ExitCode::Incomplete,
            0 => ExitCode::Blocked,
            _ => ExitCode::Some,
        }
    }
}
