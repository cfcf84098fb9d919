//! Whether a version is in a range that a manifest asks for: one file a language, each proved against the tool that
//! reads it.
//!
//! A range decides what may be locked. Advisories are never matched by it: they are matched by the order of their
//! events ([`super::Scheme`]), since ranges leave out pre-releases.
//!
//! | language | who asks so | pre-releases are in a range |
//! |---|---|---|
//! | `cargo` | `Cargo.toml` | that names one of the same three numbers |
//! | `npm` | `package.json` | that names one of the same three numbers, and in `*` |
//! | `packagist` | `composer.json` | always here; how finished a version may be is said elsewhere |
//! | `pep440` | `requires-dist`, requirement lines | always here; [`pep440::contains`] leaves them out |
//! | `rubygems` | gems, `Gemfile` | always; [`rubygems::asks_for_prereleases`] says whether one is meant |
//!
//! To add a language: write `version/range/x.rs` with a unit struct that implements [`RangeSyntax`], add it to
//! [`RANGES`], and add `tests/tables/ranges/x.tsv.gz`, a table of the native tool's answers (`tests/tables/make`).

pub mod cargo;
pub mod npm;
pub mod packagist;
pub mod pep440;
pub mod rubygems;

use std::borrow::Cow;

use super::Unorderable;

/// A language in which manifests ask for versions.
///
/// Implementations are total functions: any two texts give an answer or a [`BadRange`], in time linear in their
/// length, without a panic.
pub trait RangeSyntax: Sync {
    /// The language's name, as the file and messages spell it: `cargo`, `npm`, `pep440`, `rubygems`.
    fn name(&self) -> &'static str;

    /// Whether `version` is in `range`.
    ///
    /// # Errors
    /// Which of the two cannot be read, and why.
    fn contains(&self, range: &str, version: &str) -> Result<bool, BadRange>;
}

/// A question that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    /// The ecosystem's own tool refuses the range.
    #[error("{range:?} is not a range of versions: {reason}")]
    Unreadable {
        /// As written, shortened to 100 characters.
        range: String,
        /// Why, as a lowercase fragment.
        reason: Cow<'static, str>,
    },
    /// The name of a tag, such as `latest`: which version it stands for is known to the registry alone.
    #[error("{tag:?} is a tag, not a range of versions")]
    Tag {
        /// As written, shortened to 100 characters.
        tag: String,
    },
    /// A path, an address or another name for a package: the version is asked for elsewhere, or nowhere.
    #[error("{address:?} is an address or a path, not a range of versions")]
    Address {
        /// As written, shortened to 100 characters.
        address: String,
    },
    /// The version cannot be read.
    #[error(transparent)]
    Version(#[from] Unorderable),
}

impl BadRange {
    /// Refuses `range` for `reason`.
    fn unreadable(range: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Unreadable {
            range: shortened(range),
            reason: reason.into(),
        }
    }
}

/// At most 100 characters of `text`.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Every language, in alphabetical order of its file.
pub static RANGES: &[&dyn RangeSyntax] = &[
    &cargo::Cargo,
    &npm::Npm,
    &packagist::Packagist,
    &pep440::Pep440,
    &rubygems::Rubygems,
];

/// The language called `name`.
#[must_use]
pub fn range_syntax(name: &str) -> Option<&'static dyn RangeSyntax> {
    RANGES.iter().copied().find(|syntax| syntax.name() == name)
}
