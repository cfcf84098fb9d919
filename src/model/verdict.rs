//! What is decided: of each finding, and of the whole.

use std::fmt;

/// What the gate makes of one finding, from harmless to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Listed.
    Note,
    /// Listed and counted as a warning.
    Warn,
    /// Blocks.
    Fail,
}

impl Decision {
    /// `note`, `warn`, `fail`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The answer of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Everything was checked and nothing blocks.
    Pass,
    /// Something blocks; if the coverage is incomplete, more may be hidden.
    Blocked,
    /// Nothing that was seen blocks, but not everything was seen.
    Incomplete,
    /// There is no lockfile.
    NothingToScan,
    /// The run broke.
    Failed,
}

impl Verdict {
    /// `pass`, `blocked`, `incomplete`, `nothing_to_scan`, `failed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Blocked => "blocked",
            Self::Incomplete => "incomplete",
            Self::NothingToScan => "nothing_to_scan",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How the program ends. Each number means one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// 0: pass.
    Pass,
    /// 1: blocked, and nothing else.
    Blocked,
    /// 2: usage or configuration; a path that matches nothing.
    Usage,
    /// 3: not everything was checked.
    Incomplete,
    /// 4: nothing to scan.
    NothingToScan,
    /// 5: a forge, registry or feed failed.
    Remote,
    /// 6: some targets done, some not.
    Some,
    /// 70: a bug in the program.
    Bug,
    /// 130: interrupted.
    Interrupted,
}

impl ExitCode {
    /// Every code.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::Blocked,
        Self::Usage,
        Self::Incomplete,
        Self::NothingToScan,
        Self::Remote,
        Self::Some,
        Self::Bug,
        Self::Interrupted,
    ];

    /// The number that the process ends with.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Blocked => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::NothingToScan => 4,
            Self::Remote => 5,
            Self::Some => 6,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}
