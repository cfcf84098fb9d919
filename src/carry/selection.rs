//! Which commits a merged request has put on its branch: known by what each changes, not by how many parents it has.

/// What is known of a request that was merged.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// What each commit of the request changes, in order, without its merges.
    pub own: &'r [String],
    /// How many parents the commit has with which it was merged.
    pub parents: usize,
    /// What the commits before that one change, from it back along first parents: as many as the request has commits.
    pub landed: &'r [String],
}

/// Which commits are to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The last so many commits of the branch, in order: the request was rebased.
    Range(usize),
    /// The one commit into which it was squashed.
    Squash,
    /// What its merge commit brought: the difference to its first parent.
    Merge,
    /// Not known: some of the commits are on the branch and some are not.
    Unclear {
        /// How many of the request's commits were found.
        found: usize,
        /// How many it has.
        of: usize,
    },
}

/// Decides by the changes.
#[must_use]
pub fn select(request: &Request<'_>) -> Selection {
    if request.parents > 1 {
        return Selection::Merge;
    }
    let of = request.own.len();
    let landed: Vec<&String> = request.landed.iter().take(of).collect();
    let is_range = of > 0
        && landed.len() == of
        && landed
            .iter()
            .rev()
            .zip(request.own)
            .all(|(one, other)| *one == other);
    if is_range {
        return Selection::Range(of);
    }
    let found = request
        .own
        .iter()
        .filter(|change| landed.contains(change))
        .count();
    match found {
        0 => Selection::Squash,
        found => Selection::Unclear { found, of },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(own: &[&str], parents: usize, landed: &[&str]) -> Selection {
        let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        let (own, landed) = (texts(own), texts(landed));
        select(&Request {
            own: &own,
            parents,
            landed: &landed,
        })
    }

    #[test]
    fn all_none_or_not_known() {
        assert_eq!(
            selected(&["a", "b", "c"], 1, &["c", "b", "a"]),
            Selection::Range(3)
        );
        assert_eq!(selected(&["a"], 1, &["a"]), Selection::Range(1));
        assert_eq!(selected(&["a", "b"], 1, &["ab", "x"]), Selection::Squash);
        assert_eq!(selected(&["a", "b"], 2, &["ab"]), Selection::Merge);
        assert_eq!(
            selected(&["a", "b", "c"], 1, &["c", "x", "a"]),
            Selection::Unclear { found: 2, of: 3 }
        );
        // All of them in another order are not known to be the request's.
        assert_eq!(
            selected(&["a", "b"], 1, &["a", "b"]),
            Selection::Unclear { found: 2, of: 2 }
        );
        assert_eq!(selected(&[], 1, &["x"]), Selection::Squash);
        assert_eq!(selected(&[], 2, &["x"]), Selection::Merge);
    }
}
