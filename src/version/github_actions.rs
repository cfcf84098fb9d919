//! Tags of GitHub Actions: SemVer 2.0.0 with an optional `v` in front, where the last numbers may be left out.
//!
//! OSV orders the versions of this ecosystem as SemVer. As a version, `v4` is `v4.0.0`: so do `golang.org/x/mod/semver` and
//! node-semver, once the numbers are filled in. As the reference of a workflow, `v4` is a tag that moves: it means the newest of
//! `v4.*`. So beside a bound that lies among those it cannot be ordered, and beside any other bound all of them are on the same side of it.
//! Branches and commits are no versions. `refs/tags/v4.1.1` is the full name of the tag `v4.1.1`, and GitHub's own bills of
//! materials write `v4` as `4.*.*`.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::digits;
use super::grammar::semver::{Version, cut_number, fill, plain, read_suffix};
use super::{Scheme, Unorderable};

/// The order of tags of actions.
#[derive(Debug, Clone, Copy)]
pub struct GithubActions;

/// A tag.
struct Tag<'a> {
    version: Version<'a>,
    /// How many of its numbers are written.
    written: usize,
}

impl Scheme for GithubActions {
    fn name(&self) -> &'static str {
        "github_actions"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let (left, right) = (read(left)?, read(right)?);
        Ok(left.version.precedence(&right.version))
    }

    fn compare_with_bound(&self, version: &str, bound: &str) -> Result<Ordering, Unorderable> {
        let (tag, at) = (read(version)?, read(bound)?);
        if tag.is_exact() {
            return Ok(tag.version.precedence(&at.version));
        }
        let written = tag
            .version
            .numbers
            .iter()
            .zip(at.version.numbers)
            .take(tag.written);
        let order = written
            .map(|(one, other)| digits::compare(one, other))
            .find(|order| order.is_ne());
        match order {
            Some(order) => Ok(order),
            // Before the first of those that the tag may mean.
            None if at.is_before_all(tag.written) => Ok(Ordering::Greater),
            None => Err(Unorderable::new(version, "a tag that moves")),
        }
    }

    fn plain(&self, version: &str) -> Option<[u64; 3]> {
        plain(without_v(version))
    }

    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        fill(text)
    }

    fn is_prerelease(&self, version: &str) -> bool {
        read(version).is_ok_and(|tag| !tag.version.prerelease.is_empty())
    }
}

impl Tag<'_> {
    /// It names one release. One with a pre-release does, however many numbers it has.
    fn is_exact(&self) -> bool {
        self.written == 3 || !self.version.prerelease.is_empty()
    }

    /// It is a pre-release of the first release that has its first `written` numbers: all of these come later.
    fn is_before_all(&self, written: usize) -> bool {
        let mut further = self.version.numbers.iter().skip(written);
        !self.version.prerelease.is_empty() && further.all(|number| digits::significant(number).is_empty())
    }
}

/// `reference` names one release: a tag with all three numbers.
#[must_use]
pub fn is_exact(reference: &str) -> bool {
    read(reference).is_ok_and(|tag| tag.is_exact())
}

/// `text` is a version, with all of its numbers or not.
#[must_use]
pub fn is_version(text: &str) -> bool {
    read(text).is_ok()
}

fn without_v(text: &str) -> &str {
    let text = text.strip_prefix("refs/tags/").unwrap_or(text);
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

fn read(text: &str) -> Result<Tag<'_>, Unorderable> {
    numbers(without_v(text)).map_err(|reason| Unorderable::new(text, reason))
}

fn numbers(text: &str) -> Result<Tag<'_>, &'static str> {
    let (major, mut rest) = cut_number(text)?;
    let (mut minor, mut patch, mut written) = ("0", "0", 1);
    rest = without_stars(rest, &[".*.*", ".*"]);
    if let Some(after) = rest.strip_prefix('.') {
        (minor, rest) = cut_number(after)?;
        written = 2;
        rest = without_stars(rest, &[".*"]);
        if let Some(after) = rest.strip_prefix('.') {
            (patch, rest) = cut_number(after)?;
            written = 3;
        }
    }
    Ok(Tag {
        version: Version {
            numbers: [major, minor, patch],
            prerelease: read_suffix(rest)?,
        },
        written,
    })
}

/// Nothing, where `rest` is one of `stars`.
fn without_stars<'t>(rest: &'t str, stars: &[&str]) -> &'t str {
    if stars.contains(&rest) { "" } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_moves_beside_bounds() {
        for (reference, bound, expected) in [
            ("v45", "46.0.1", Some(Ordering::Less)),
            ("v46", "46.0.1", None),
            ("v46", "46.0.0", None),
            ("v46", "46.0.0-rc.1", Some(Ordering::Greater)),
            ("v46", "46.1.0-rc.1", None),
            ("v47", "46.0.1", Some(Ordering::Greater)),
            ("v4.1", "4.1.3", None),
            ("v4.1", "4.1.0-rc.1", Some(Ordering::Greater)),
            ("v4.1", "4.2.0", Some(Ordering::Less)),
            ("v4.1", "v4", Some(Ordering::Greater)),
            ("v4.1.1", "4.1.1", Some(Ordering::Equal)),
            ("v4-beta", "4.0.0", Some(Ordering::Less)),
            ("refs/tags/v45.0.7", "46.0.1", Some(Ordering::Less)),
            ("refs/tags/v46", "46.0.1", None),
            ("refs/heads/v45.0.7", "46.0.1", None),
            ("45.*.*", "46.0.1", Some(Ordering::Less)),
            ("46.*.*", "46.0.1", None),
            ("47.*.*", "46.0.1", Some(Ordering::Greater)),
            ("46.0.*", "46.0.1", None),
            ("46.1.*", "46.0.1", Some(Ordering::Greater)),
            ("*", "46.0.1", None),
            ("46.*.1", "46.0.1", None),
            ("46.*-rc", "46.0.1", None),
            ("main", "1.0.0", None),
            ("v1.0.0", "main", None),
        ] {
            let found = GithubActions.compare_with_bound(reference, bound).ok();
            assert_eq!(found, expected, "{reference} {bound}");
        }
        assert!(
            is_exact("v4.1.1")
                && is_exact("4.0.0-rc.1")
                && !is_exact("v4")
                && !is_exact("4.*.*")
                && !is_exact("main")
        );
        assert!(is_version("v4") && !is_version("8f4b7f84864484a7bf31766abe9204da3cbe65b3"));
    }
}
