//! Ecosystems: one row each with its OSV name, purl type, name rule and version scheme.
//!
//! An ecosystem without a row is kept by name: its advisories lie in the index, and its packages cannot be ordered.

pub mod purl;

use std::borrow::Cow;

use crate::model::Ecosystem;
use crate::version::{self, Scheme};

/// What is known of one ecosystem.
#[derive(Debug)]
pub struct Row {
    /// OSV's name.
    pub ecosystem: Ecosystem,
    /// The type of its package URLs (purl specification, known types).
    pub purl_type: &'static str,
    /// The spelling under which the index keeps its names.
    pub normalise: fn(&str) -> Cow<'_, str>,
    /// The name of its version scheme.
    pub scheme: &'static str,
}

/// Every known ecosystem, by OSV's name.
pub static ROWS: &[Row] = &[
    Row {
        ecosystem: Ecosystem::GO,
        purl_type: "golang",
        normalise: as_written,
        scheme: "go",
    },
    Row {
        ecosystem: Ecosystem::MAVEN,
        purl_type: "maven",
        normalise: as_written,
        scheme: "maven",
    },
    Row {
        ecosystem: Ecosystem::PYPI,
        purl_type: "pypi",
        normalise: pep503,
        scheme: "pep440",
    },
    Row {
        ecosystem: Ecosystem::CRATES_IO,
        purl_type: "cargo",
        normalise: as_written,
        scheme: "semver",
    },
    Row {
        ecosystem: Ecosystem::NPM,
        purl_type: "npm",
        normalise: as_written,
        scheme: "npm",
    },
];

/// `version`, as an advisory spells it, in the spelling of `locked`: Go writes `v1.2.3` for a module and `go1.2.3` for a
/// toolchain, where advisories leave the front out.
#[must_use]
pub fn spelled_like<'v>(ecosystem: &Ecosystem, locked: &str, version: &'v str) -> Cow<'v, str> {
    let front = match *ecosystem == Ecosystem::GO {
        true => ["go", "v"].into_iter().find(|front| locked.starts_with(front)),
        false => None,
    };
    match front {
        Some(front) if !version.starts_with(front) => Cow::Owned(format!("{front}{version}")),
        Some(_) | None => Cow::Borrowed(version),
    }
}

/// The row of `ecosystem`.
#[must_use]
pub fn row(ecosystem: &Ecosystem) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.ecosystem == *ecosystem)
}

/// The spelling under which the index keeps `name`; unknown ecosystems keep it as written.
#[must_use]
pub fn normalise<'n>(ecosystem: &Ecosystem, name: &'n str) -> Cow<'n, str> {
    row(ecosystem).map_or(Cow::Borrowed(name), |row| (row.normalise)(name))
}

/// The version order of `ecosystem`; `None` for an unknown one.
#[must_use]
pub fn scheme(ecosystem: &Ecosystem) -> Option<&'static dyn Scheme> {
    version::scheme(row(ecosystem)?.scheme)
}

fn as_written(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

/// PEP 503: lower case, runs of `-`, `_` and `.` become one `-`.
fn pep503(name: &str) -> Cow<'_, str> {
    let normal = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if normal && !name.contains("--") {
        return Cow::Borrowed(name);
    }
    let mut normalised = String::with_capacity(name.len());
    let mut run = false;
    for character in name.chars() {
        let separator = matches!(character, '-' | '_' | '.');
        if !separator {
            normalised.push(character.to_ascii_lowercase());
        } else if !run {
            normalised.push('-');
        }
        run = separator;
    }
    Cow::Owned(normalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(normalise(&Ecosystem::PYPI, "Django__Foo.-bar"), "django-foo-bar");
        assert_eq!(
            normalise(&Ecosystem::GO, "github.com/BurntSushi/toml"),
            "github.com/BurntSushi/toml"
        );
        assert_eq!(normalise(&Ecosystem::named("Hex"), "A"), "A");
    }
}
