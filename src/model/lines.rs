//! Which refs are release lines: what there is to choose from, and what a person may set.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

/// A ref that could be a release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The full name: `refs/heads/1.4`, `refs/tags/v1`.
    pub ref_name: String,
    /// The full commit id.
    pub commit: String,
    /// When the commit was made.
    pub committed: Timestamp,
}

/// How lines are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// By rules.
    Rules(Rules),
    /// By the comma-separated globs of `--refs` on short names, and by nothing else.
    Globs(String),
    /// By short names as they are, else as globs: what labels and comments say, and the names of lines that were found before.
    Names(Vec<String>),
}

/// The rules by which lines are chosen. Globs are on short names (see [`short_name`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Only what one of these matches is a line. The default branch always is.
    pub include: Vec<String>,
    /// What one of these matches is none, the default branch included.
    pub exclude: Vec<String>,
    /// Only so many of each prefix before the number, the newest ones. The default branch does not count, and branches and
    /// tags are counted apart.
    pub newest: usize,
    /// Only what has a commit as young as this.
    pub active_within: Duration,
    /// The last day on which a line is supported. A name without wildcards goes before globs, an early day before a
    /// late one.
    pub end_of_support: Vec<(String, Date)>,
}

/// What is a release line by default.
pub const INCLUDE: [&str; 6] = [
    "release/*",
    "release-*",
    "stable/*",
    "stable-*",
    "*.x",
    "[0-9]*.[0-9]*",
];

impl Default for Rules {
    fn default() -> Self {
        Self {
            include: INCLUDE.map(str::to_owned).to_vec(),
            exclude: Vec::new(),
            newest: 5,
            active_within: Duration::from_secs(365 * 24 * 60 * 60),
            end_of_support: Vec::new(),
        }
    }
}

/// The name that globs are matched against: `1.4` for `refs/heads/1.4` and for `refs/remotes/origin/1.4`, `tags/v1` for
/// `refs/tags/v1`.
#[must_use]
pub fn short_name(ref_name: &str) -> &str {
    ref_name
        .strip_prefix("refs/heads/")
        .or_else(|| ref_name.strip_prefix("refs/remotes/origin/"))
        .or_else(|| ref_name.strip_prefix("refs/"))
        .unwrap_or(ref_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        for (full, expected) in [
            ("refs/heads/release/1.0", "release/1.0"),
            ("refs/remotes/origin/main", "main"),
            ("refs/remotes/fork/main", "remotes/fork/main"),
            ("refs/tags/v1", "tags/v1"),
            ("refs/pull/1/merge", "pull/1/merge"),
            ("main", "main"),
        ] {
            assert_eq!(short_name(full), expected);
        }
    }
}
