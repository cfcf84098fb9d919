//! Version orders: one file a scheme, each proved against the ecosystem's own tool.
//!
//! A scheme orders two versions *as written*. Advisories are matched by ordering their events, never by
//! requirements, whose operators leave out pre-releases; what manifests ask for is decided in [`range`], for
//! the plan of upgrades alone.
//!
//! A version may say more than which release it is: how it was built. An advisory speaks of releases, so what it
//! names without such a part is meant with any ([`Scheme::compare_with_bound`]). Where the part stands decides:
//!
//! | scheme | what distinguishes builds of one release | in the order |
//! |---|---|---|
//! | alpine, rpm | the revision (`-r3`) and the release (`-3.el9`) | part of it, and ignored beside a bound that has none |
//! | conan, cran, debian, opam | nothing: `1.2.11+b` of Conan and `1.0-1` of Debian and opam are releases of their own | part of it |
//! | github_actions, go, hex, npm, nuget, semver, swift | build metadata (`+incompatible`, `+curl-7.83.1`) | no part of it: such versions are equal |
//! | hackage | a tag (`1.2-foo`), which Cabal reads and drops | no part of it |
//! | julia | build metadata (`1.0.7+0`), of which each package of a library compiled for Julia has one | part of it, and ignored beside a bound that has none |
//! | maven | nothing: `33.0-jre` and `33.0-android` are releases of their own, each named by advisories | part of it, as Maven has it |
//! | packagist | build metadata (`+build`) | no part of it. Beside a bound without a stability the pre-releases of that bound are equal to it (`composer audit`) |
//! | pub | build metadata (`1.0.0+1`) | part of it: a release of its own, above `1.0.0` |
//! | pep440 | the local version (`2.5.1+cu121`) | part of it, and ignored beside a bound that has none (PEP 440, "Version matching") |
//! | rubygems | nothing: the platform is no part of a version | – |
//!
//! To add a scheme: write `version/x.rs` with a unit struct that implements [`Scheme`], add it to
//! [`SCHEMES`], and add `tests/fixtures/version/x.txt` and a table of the native tool's answers
//! (`tests/tables/make`; see `CONTRIBUTING.md`). What several schemes read alike is in `grammar/`.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod alpine;
pub mod conan;
pub mod cran;
pub mod debian;
pub mod github_actions;
pub mod go;
mod grammar;
pub mod hackage;
pub mod hex;
pub mod julia;
pub mod maven;
pub mod npm;
pub mod nuget;
pub mod opam;
pub mod packagist;
pub mod pep440;
pub mod r#pub;
pub mod range;
pub mod rpm;
pub mod rubygems;
pub mod semver;
pub mod swift;

use std::borrow::Cow;
use std::cmp::Ordering;

/// A version order.
///
/// Implementations are total functions: any two strings give an order or an [`Unorderable`], in time
/// linear in their length, without a panic and, for ordinary versions, without an allocation. On the
/// strings a scheme can read the order is antisymmetric; versions that are spelt differently may be equal.
/// It is transitive as far as the ecosystem's own order is: npm's is not among numeric identifiers from
/// 2^53 on, nor R's among numbers from 2^31 on, nor Maven's among odd texts that are never published, nor Conan's among numbers and words:
/// `1.1.2` < `1.1.10` < `1.1.1w` < `1.1.2`. What sorts with it must bear that
/// (`slice::sort_by` may panic on such an order).
pub trait Scheme: Sync {
    /// The scheme's name, as `tests/fixtures/version/<name>.txt` and messages spell it.
    fn name(&self) -> &'static str;

    /// Orders `left` and `right`.
    ///
    /// # Errors
    /// [`Unorderable`] names the first of the two that the ecosystem itself would refuse.
    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable>;

    /// Orders the version of a package against one that an advisory names: the bound of a range, or a listed version.
    ///
    /// It is [`Scheme::compare`], but for what the bound leaves open: a part of `version` that only says how the release
    /// was built is ignored beside a bound without such a part. So `2.5.1+cu121` is equal to a `last_affected` of
    /// `2.5.1`, and not before a `fixed` of `2.5.1`.
    ///
    /// # Errors
    /// As [`Scheme::compare`].
    fn compare_with_bound(&self, version: &str, bound: &str) -> Result<Ordering, Unorderable> {
        self.compare(version, bound)
    }

    /// `version` is the version that an advisory lists as `listed`.
    fn is_same(&self, version: &str, listed: &str) -> bool {
        self.compare_with_bound(version, listed)
            .is_ok_and(Ordering::is_eq)
    }

    /// The numbers of `version` if they are all that it says: it is a release, and [`Scheme::compare`] and
    /// [`Scheme::compare_with_bound`] order any two such versions as their numbers. What is compared many times is then read
    /// once. `None` says nothing of a version.
    fn plain(&self, _: &str) -> Option<[u64; 3]> {
        None
    }

    /// `version` comes before a release: an alpha, a candidate, a snapshot. `false` for what cannot be read.
    fn is_prerelease(&self, version: &str) -> bool {
        // SemVer 2.0.0, item 9.
        version
            .split('+')
            .next()
            .is_some_and(|release| release.contains('-'))
    }

    /// The part of `version` that changes where a release breaks what used it: `1` of `v1.2.3` and of `go1.2.3`.
    fn major<'v>(&self, version: &'v str) -> &'v str {
        digits_of(version.trim_start_matches(|character: char| character.is_ascii_alphabetic()))
    }

    /// How far it is from the release `from` to the release `to`: the first of their first two numbers that differs.
    fn distance(&self, from: &str, to: &str) -> Distance {
        let (left, right) = (self.major(from), self.major(to));
        // A number may have zeros in front (PEP 440).
        let number = |text: &str| text.trim_start_matches('0').to_owned();
        if number(left) != number(right) {
            return Distance::Major;
        }
        let minor = |version: &str, major: &str| {
            let rest = version
                .split_once(major)
                .and_then(|(_, rest)| rest.strip_prefix('.'));
            number(digits_of(rest.unwrap_or_default()))
        };
        match minor(from, left) == minor(to, right) {
            true => Distance::Patch,
            false => Distance::Minor,
        }
    }

    /// The spelling of an advisory's event that this scheme reads.
    ///
    /// Advisories are written by people: `1.2` stands where npm wants `1.2.0`. The default leaves
    /// the text alone; a scheme that is strict about versions may be lenient about events here.
    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }
}

/// How far an upgrade goes, by the number that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distance {
    /// Only numbers behind the second.
    Patch,
    /// The second.
    Minor,
    /// The first.
    Major,
}

impl Distance {
    /// `patch`, `minor`, `major`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// The digits that `text` begins with.
fn digits_of(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_ascii_digit());
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// A version that cannot be ordered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("version {version:?} cannot be ordered: {reason}")]
pub struct Unorderable {
    /// The version as written, shortened to 100 characters.
    pub version: String,
    /// Why, as a lowercase fragment: `leading zero`, `more than 256 characters`.
    pub reason: &'static str,
}

impl Unorderable {
    /// Refuses `version` for `reason`.
    #[must_use]
    pub fn new(version: &str, reason: &'static str) -> Self {
        Self {
            version: version.chars().take(100).collect(),
            reason,
        }
    }
}

/// Every scheme, in alphabetical order of its file.
pub static SCHEMES: &[&dyn Scheme] = &[
    &alpine::Alpine,
    &conan::Conan,
    &cran::Cran,
    &debian::Debian,
    &github_actions::GithubActions,
    &go::Go,
    &hackage::Hackage,
    &hex::Hex,
    &julia::Julia,
    &maven::Maven,
    &npm::Npm,
    &nuget::Nuget,
    &opam::Opam,
    &packagist::Packagist,
    &pep440::Pep440,
    &r#pub::Pub,
    &rpm::Rpm,
    &rubygems::Rubygems,
    &semver::Semver,
    &swift::Swift,
];

/// The scheme called `name`.
#[must_use]
pub fn scheme(name: &str) -> Option<&'static dyn Scheme> {
    SCHEMES.iter().copied().find(|scheme| scheme.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_versions_are_ordered_by_their_numbers() {
        let versions = [
            "1.2.3",
            "1.10.0",
            "0.0.0",
            "999999999999999.1.1",
            "1.2",
            "01.2.3",
            "1.2.3-a",
            "1.2.3+b",
            "v1.2.3",
        ];
        for scheme in SCHEMES {
            for left in versions {
                assert!(
                    scheme.plain(left).is_none() || !scheme.is_prerelease(left),
                    "{left}"
                );
                for right in versions {
                    if let (Some(own), Some(others)) = (scheme.plain(left), scheme.plain(right)) {
                        let order = Ok(own.cmp(&others));
                        assert_eq!(scheme.compare(left, right), order, "{left} {right}");
                        assert_eq!(scheme.compare_with_bound(left, right), order, "{left} {right}");
                    }
                }
            }
        }
        let plain = |name: &str| scheme(name).and_then(|scheme| scheme.plain("1.20.3"));
        assert_eq!([plain("npm"), plain("semver")], [Some([1, 20, 3]); 2]);
    }

    #[test]
    fn an_upgrade_goes_as_far_as_the_first_number_that_it_changes() {
        for (scheme, from, to, distance) in [
            ("semver", "1.2.3", "1.2.4", Distance::Patch),
            ("semver", "0.4.15", "0.5.0", Distance::Major),
            ("semver", "0.4.15", "0.4.16", Distance::Patch),
            ("semver", "0.0.3", "0.0.4", Distance::Major),
            ("semver", "0.9.0", "1.0.0", Distance::Major),
            ("npm", "1.9.9", "2.0.0", Distance::Major),
            ("npm", "10.0.0", "10.0.0", Distance::Patch),
            (
                "go",
                "v0.0.0-20170721150254-0f3adef2e220",
                "v1.1.25-0.20191211073109-8ebf2e419df7",
                Distance::Major,
            ),
            ("go", "v1.1.1", "v1.10.0", Distance::Minor),
            ("go", "go1.26.0", "go1.26.6", Distance::Patch),
            ("go", "go1.25.9", "go1.26.0", Distance::Minor),
            ("pep440", "v1.02", "1.2.post1", Distance::Patch),
            ("pep440", "2024.1", "1!2024.1", Distance::Major),
            ("pep440", "1", "1.0.1", Distance::Patch),
            ("maven", "33.0-jre", "33.1-jre", Distance::Minor),
            ("maven", "20231013", "20240303", Distance::Major),
            ("maven", "", "x", Distance::Patch),
            ("hackage", "1.2.3.4", "1.3.0", Distance::Major),
            ("hackage", "0.9.1", "0.10.0", Distance::Major),
            ("hackage", "1.2.3", "1.2.4", Distance::Minor),
            ("hackage", "1.2.3.4", "1.2.3.5", Distance::Patch),
            ("hackage", "1", "2", Distance::Major),
            ("cran", "1.0-1", "1.0-2", Distance::Patch),
            ("julia", "v1.0.7+0", "1.0.7+1", Distance::Patch),
        ] {
            let scheme = super::scheme(scheme).expect("a scheme");
            assert_eq!(scheme.distance(from, to), distance, "{from} {to}");
        }
    }
}
