//! What was checked, and what could not be.

use super::{Location, TreePath};

/// What a problem costs the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cost {
    /// Nothing: a remark.
    Nothing,
    /// Listed and counted; the exit code stays.
    Partial,
    /// Something could not be checked: the verdict is incomplete.
    Blind,
}

/// Something that was not checked, or a remark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Where; `None` where no file is to blame, such as for a failed download.
    pub location: Option<Location>,
    /// Why, as a lowercase fragment.
    pub reason: String,
    /// What to do, as a full instruction.
    pub hint: String,
}

impl Gap {
    /// The file of its location.
    #[must_use]
    pub fn file(&self) -> Option<&TreePath> {
        self.location.as_ref().map(|location| &location.file)
    }
}

/// A file or folder that was skipped on purpose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Relative to the target's root.
    pub path: TreePath,
    /// Why, as a lowercase fragment.
    pub reason: String,
}

/// The state of the index that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IndexState {
    /// Younger than `max-age`.
    Fresh,
    /// Older than `max-age`: warns.
    Stale,
    /// Older than `refuse-age`: refuses.
    TooOld,
    /// There is none.
    Missing,
    /// A byte is not what was written, or the file is no index.
    Damaged,
    /// Written by a newer program.
    Newer,
    /// It is not the one that the policy's `database.digest` asks for.
    Other,
    /// The embedded sample of `demo`.
    Sample,
}

impl IndexState {
    /// `fresh`, `stale`, `too_old`, `missing`, `damaged`, `newer`, `other`, `sample`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::TooOld => "too_old",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Newer => "newer",
            Self::Other => "other",
            Self::Sample => "sample",
        }
    }

    /// A verdict can rest on it.
    #[must_use]
    pub fn is_usable(self) -> bool {
        match self {
            Self::Fresh | Self::Stale | Self::Sample => true,
            Self::TooOld | Self::Missing | Self::Damaged | Self::Newer | Self::Other => false,
        }
    }
}

/// What one target's verdict rests on, or a whole run's.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The index.
    pub index: IndexState,
    /// Days since the index was built; `None` if that is not known.
    pub index_age_days: Option<u64>,
    /// Lockfiles read, in whole or in part.
    pub files_read: usize,
    /// Distinct packages in them: one counts once, in however many files it is locked.
    pub packages: usize,
    /// Packages of those that were checked against advisories.
    pub checked: usize,
    /// Dependencies that were not: from git, URLs, folders and other registries, and those without an exact version.
    pub unchecked: usize,
    /// What could not be checked.
    pub blind: Vec<Gap>,
    /// What was not checked in full: dependencies without an exact version or from no registry, packages of which no advisory can
    /// speak, folders that could not be read.
    pub partial: Vec<Gap>,
    /// Everything that was wrong with a file, the causes of `blind` among it.
    pub problems: Vec<Gap>,
    /// What was skipped on purpose.
    pub skipped: Vec<Skipped>,
}

impl Coverage {
    /// Nothing looked at yet, under an index in this state.
    #[must_use]
    pub fn new(index: IndexState, index_age_days: Option<u64>) -> Self {
        Self {
            index,
            index_age_days,
            files_read: 0,
            packages: 0,
            checked: 0,
            unchecked: 0,
            blind: Vec::new(),
            partial: Vec::new(),
            problems: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Nothing is blind, the index is usable, and something was checked where dependencies are listed; other partial
    /// gaps and a stale index leave it true.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.blind.is_empty() && self.index.is_usable() && !self.is_unchecked()
    }

    /// Dependencies are listed, and not one of them could be checked.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.checked == 0 && self.unchecked > 0
    }

    /// Records a gap at its cost. A blind gap is a problem too.
    pub fn add(&mut self, cost: Cost, gap: Gap) {
        match cost {
            Cost::Nothing => self.problems.push(gap),
            Cost::Partial => self.partial.push(gap),
            Cost::Blind => {
                self.blind.push(gap.clone());
                self.problems.push(gap);
            }
        }
    }
}
