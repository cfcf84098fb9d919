//! Globs on paths and refs: `*` stays within a part between slashes, `**` does not.

use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// A longer glob is refused.
pub const MAX_LENGTH: usize = 512;

/// A longer list of globs is refused.
pub const MAX_GLOBS: usize = 1_000;

/// A glob with more `*`, `?`, `[` and `{` is refused; `**` is one. What a path costs grows with each of them.
pub const MAX_WILDCARDS: usize = 16;

/// Why patterns are no list of globs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGlobs {
    /// There are too many.
    #[error("more than {MAX_GLOBS} globs")]
    TooMany,
    /// One is too long.
    #[error("the glob is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// One has too many wildcards.
    #[error("the glob has more than {MAX_WILDCARDS} wildcards")]
    TooManyWildcards,
    /// One cannot be read.
    #[error("the glob is broken: {0}")]
    Broken(globset::ErrorKind),
    /// Together they are too large to be searched for.
    #[error("the globs are too large: {0}")]
    TooLarge(globset::ErrorKind),
}

/// A list of globs; an empty one matches nothing.
#[derive(Clone, Default)]
pub struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
}

impl Globs {
    /// The globs of `patterns`.
    ///
    /// # Errors
    /// [`BadGlobs`].
    pub fn new(patterns: Vec<String>) -> Result<Self, BadGlobs> {
        if patterns.len() > MAX_GLOBS {
            return Err(BadGlobs::TooMany);
        }
        let mut set = GlobSetBuilder::new();
        for pattern in &patterns {
            if pattern.len() > MAX_LENGTH {
                return Err(BadGlobs::TooLong);
            }
            if wildcards(pattern) > MAX_WILDCARDS {
                return Err(BadGlobs::TooManyWildcards);
            }
            let glob = GlobBuilder::new(pattern)
                .literal_separator(true)
                .backslash_escape(true)
                .build()
                .map_err(|error| BadGlobs::Broken(error.kind().clone()))?;
            set.add(glob);
        }
        let set = set
            .build()
            .map_err(|error| BadGlobs::TooLarge(error.kind().clone()))?;
        Ok(Self { patterns, set })
    }

    /// One of them matches `text`.
    #[must_use]
    pub fn match_any(&self, text: &str) -> bool {
        self.set.is_match(text)
    }

    /// The numbers of those that match `text`, in their order.
    #[must_use]
    pub fn matching(&self, text: &str) -> Vec<usize> {
        self.set.matches(text)
    }

    /// The globs as written.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

/// So many places of `pattern` match more than one text.
fn wildcards(pattern: &str) -> usize {
    let mut last = None;
    let is_wild = |each: &char| {
        let before = last.replace(*each);
        matches!(each, '*' | '?' | '[' | '{') && (before, *each) != (Some('*'), '*')
    };
    pattern.chars().filter(is_wild).count()
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for Globs {}

impl fmt::Debug for Globs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.patterns).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, text: &str) -> bool {
        Globs::new(vec![glob.to_owned()]).expect("a glob").match_any(text)
    }

    #[test]
    fn one_star_stays_within_a_part() {
        assert!(matches("release/*", "release/1.0"));
        assert!(!matches("release/*", "release/1.0/x"));
        assert!(matches("release/**", "release/1.0/x"));
        assert!(!matches("*", "a/b"));
        assert!(matches("**", "a/b"));
        assert!(matches("**/Cargo.lock", "Cargo.lock"));
        assert!(matches("apps/**", "apps/web/package-lock.json"));
        assert!(!matches("apps/**", "apps"));
        assert!(matches("[0-9]*.[0-9]*", "1.4"));
        assert!(matches("{main,dev}", "dev"));
    }

    #[test]
    fn broken_and_huge_ones_are_refused() {
        let refused = |globs: Vec<String>| Globs::new(globs).expect_err("no globs").to_string();
        assert!(refused(vec!["a".into(), "[".into()]).starts_with("the glob is broken: "));
        assert_eq!(
            refused(vec!["a".repeat(513)]),
            "the glob is longer than 512 bytes"
        );
        assert_eq!(refused(vec!["a".into(); 1_001]), "more than 1000 globs");
        for hostile in [
            "{".repeat(256) + &"}".repeat(256),
            "**/".repeat(170),
            "[!a]*".repeat(100),
            "?".repeat(17),
            "*a".repeat(17),
        ] {
            assert_eq!(refused(vec![hostile]), "the glob has more than 16 wildcards");
        }
    }
}
