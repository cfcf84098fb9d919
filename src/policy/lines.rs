//! Which release lines are live, by the policy.

use jiff::SignedDuration;
use jiff::civil::Date;

use super::glob::Globs;

/// Which refs are release lines, by short name (`tags/` before that of a tag).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Refs that are in; `None` means the default branch and [`INCLUDE`](crate::model::lines::INCLUDE).
    pub include: Option<Globs>,
    /// Refs that are out all the same.
    pub exclude: Globs,
    /// So many of them, the newest by version.
    pub newest: u32,
    /// Only those with a commit within this time.
    pub active_within: SignedDuration,
    /// The last days of support.
    pub end_of_support: Support,
    /// A line that was not scanned within this time is warned about; `None` warns about none.
    pub scanned_within: Option<SignedDuration>,
}

impl Default for Lines {
    /// The newest five with a commit in the last 365 days.
    fn default() -> Self {
        Self {
            include: None,
            exclude: Globs::default(),
            newest: 5,
            active_within: SignedDuration::from_hours(365 * 24),
            end_of_support: Support::default(),
            scanned_within: None,
        }
    }
}

/// The last days on which release lines are supported, by name or glob; sorted by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Support {
    globs: Globs,
    /// One for each glob.
    days: Vec<Date>,
}

impl Support {
    /// The days of `globs`, as many as there are globs.
    #[must_use]
    pub fn new(globs: Globs, days: Vec<Date>) -> Self {
        Self { globs, days }
    }

    /// Names or globs with their days.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Date)> {
        self.globs
            .patterns()
            .iter()
            .map(String::as_str)
            .zip(self.days.iter().copied())
    }
}
