//! Which commits a merged request has put on its branch: known by what each changes, not by how many parents it has.

use std::fmt;

/// Which commits are to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// So many commits of the branch, in order: the request was rebased, or its own commits are on the branch.
    Range(usize),
    /// The one commit into which it was squashed.
    Squash,
    /// What its merge commit brought: the difference to its first parent.
    Merge,
    /// Not known: nothing is carried.
    Unclear(Unclear),
}

/// Why it is not known which commits of the branch are those of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// Some of its commits are on the branch and some are not.
    Part {
        /// How many of its commits were found.
        found: usize,
        /// How many it has.
        of: usize,
    },
    /// None of its commits was found, and the one that it was merged with does not change what they change together.
    Other {
        /// How many commits it has.
        of: usize,
    },
    /// The branch was moved on to its last commit, and its merges changed files themselves.
    Merges {
        /// How many commits it has.
        of: usize,
    },
    /// The merge has the request as its first parent.
    Backwards,
    /// The merge has more than two parents.
    Several,
}

impl fmt::Display for Unclear {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part { found, of } => write!(
                text,
                "{found} of its {of} commits were found on the branch, and a part is not carried as if it were all"
            ),
            Self::Other { of } => write!(
                text,
                "none of its {of} commits was found on the branch, and the last commit there changes something else than all of them together"
            ),
            Self::Merges { of } => write!(
                text,
                "its {of} commits are on the branch with merges, and without these they give other files"
            ),
            Self::Backwards => {
                text.write_str("the branch was merged into the pull request, so that the merge shows what the branch brought")
            }
            Self::Several => text.write_str("it was merged together with other branches, in one commit"),
        }
    }
}

/// How many of the changes of a request are among those that landed; all of them count where they stand in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// All, in order.
    All,
    /// So many; all of them where the order differs.
    Some(usize),
}

/// Looks for the changes `own` of a request, in order, among those that `landed` on the branch, the last first.
#[must_use]
pub fn find(own: &[String], landed: &[String]) -> Found {
    let landed = landed.get(..own.len()).unwrap_or(landed);
    match !own.is_empty() && landed.iter().rev().eq(own) {
        true => Found::All,
        false => Found::Some(own.iter().filter(|change| landed.contains(change)).count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(own: &[&str], landed: &[&str]) -> Found {
        let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        find(&texts(own), &texts(landed))
    }

    #[test]
    fn all_some_or_none() {
        assert_eq!(found(&["a", "b", "c"], &["c", "b", "a"]), Found::All);
        assert_eq!(found(&["a"], &["a", "x"]), Found::All);
        assert_eq!(found(&["a", "b"], &["ab", "x"]), Found::Some(0));
        assert_eq!(found(&["a", "b", "c"], &["c", "x", "a"]), Found::Some(2));
        // All of them in another order are not known to be the request's.
        assert_eq!(found(&["a", "b"], &["a", "b"]), Found::Some(2));
        assert_eq!(found(&["a", "b"], &["b"]), Found::Some(1));
        assert_eq!(found(&[], &["x"]), Found::Some(0));
    }
}
