//! Short names of refs, which the globs of a policy are about.

/// The short name of the ref that is called `full`: `refs/heads/x` and `refs/remotes/origin/x` are `x`, `refs/tags/v1`
/// is `tags/v1`.
#[must_use]
pub fn short(full: &str) -> &str {
    full.strip_prefix("refs/heads/")
        .or_else(|| full.strip_prefix("refs/remotes/origin/"))
        .or_else(|| full.strip_prefix("refs/"))
        .unwrap_or(full)
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
            assert_eq!(short(full), expected);
        }
    }
}
