//! Versions of Go modules, as `Compare` of `golang.org/x/mod/semver` orders them, and of Go itself.
//!
//! It is SemVer 2.0.0 with `1` and `1.2` as shorthands of `1.0.0` and `1.2.0`, numbers of any size, and a
//! leading `v` that is optional here, since advisories leave it out. Pseudo-versions are pre-releases and
//! `+incompatible` is build metadata: neither needs a rule of its own.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::grammar::{digits, semver};
use super::{Scheme, Unorderable};

/// The order of Go modules.
#[derive(Debug, Clone, Copy)]
pub struct Go;

impl Scheme for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let left = read(left).map_err(|reason| Unorderable::new(left, reason))?;
        let right = read(right).map_err(|reason| Unorderable::new(right, reason))?;
        Ok(left.precedence(&right))
    }

    fn event<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match read(text) {
            Ok(_) => Cow::Borrowed(text),
            Err(_) => semver::fill(text),
        }
    }
}

/// The module version that stands for a version of Go itself, so that [`Go`] orders it against the
/// events of the packages `stdlib` and `toolchain` (`1.21.0-0`, `1.22.0-rc.1`).
///
/// `text` is what a `go` or `toolchain` directive holds, with or without `go` in front: `go1.21.3` gives
/// `1.21.3`, `1.21rc2` gives `1.21.0-rc.2`, `go1.21.3-acme` gives `1.21.3`. A language version such as
/// `1.21` comes before the first release candidate since Go 1.21 and gives `1.21.0-0`; before that,
/// `1.20` was the name of the first release and gives `1.20.0`. The order of the results is that of the
/// standard library's `go/version`. What is no version of Go is returned as it stands.
#[must_use]
pub fn toolchain(text: &str) -> Cow<'_, str> {
    let plain = match text.strip_prefix("go") {
        Some(named) => named.split_once('-').map_or(named, |(version, _vendor)| version),
        None => text,
    };
    toolchain_version(plain).unwrap_or(Cow::Borrowed(text))
}

/// How a `go` directive writes the version of Go that advisories call `version`: `1.21.0-rc.2` is `1.21rc2`. Others stay.
#[must_use]
pub fn directive(version: &str) -> Cow<'_, str> {
    let early = version.split_once(".0-").and_then(|(release, early)| {
        let (kind, number) = early.split_once('.')?;
        Some((release, kind, number))
    });
    match early.map(|(release, kind, number)| format!("{release}{kind}{number}")) {
        Some(written) if toolchain(&written) == version => Cow::Owned(written),
        Some(_) | None => Cow::Borrowed(version),
    }
}

fn read(text: &str) -> Result<semver::Version<'_>, &'static str> {
    let (major, rest) = semver::cut_number(text.strip_prefix('v').unwrap_or(text))?;
    if rest.is_empty() {
        return Ok(semver::Version {
            numbers: [major, "0", "0"],
            prerelease: "",
        });
    }
    let (minor, rest) = semver::cut_number(rest.strip_prefix('.').ok_or("no dot after the major number")?)?;
    if rest.is_empty() {
        return Ok(semver::Version {
            numbers: [major, minor, "0"],
            prerelease: "",
        });
    }
    let (patch, rest) = semver::cut_number(rest.strip_prefix('.').ok_or("no dot after the minor number")?)?;
    Ok(semver::Version {
        numbers: [major, minor, patch],
        prerelease: semver::read_suffix(rest)?,
    })
}

/// The grammar is that of Go's `internal/gover`: `1`, `1.21`, `1.21.3`, `1.21rc2`, never `1.21.3rc2`.
fn toolchain_version(text: &str) -> Option<Cow<'_, str>> {
    let (major, rest) = semver::cut_number(text).ok()?;
    if rest.is_empty() {
        return Some(Cow::Owned(format!("{major}.0.0")));
    }
    let (minor, rest) = semver::cut_number(rest.strip_prefix('.')?).ok()?;
    if rest.is_empty() {
        return Some(Cow::Owned(match digits::compare(minor, "21") {
            Ordering::Less => format!("{major}.{minor}.0"),
            Ordering::Equal | Ordering::Greater => format!("{major}.{minor}.0-0"),
        }));
    }
    if let Some(patch) = rest.strip_prefix('.') {
        let (_patch, rest) = semver::cut_number(patch).ok()?;
        return rest.is_empty().then_some(Cow::Borrowed(text));
    }
    let number = rest.trim_start_matches(|character: char| character.is_ascii_lowercase());
    let kind = rest.strip_suffix(number).filter(|kind| !kind.is_empty())?;
    if number.is_empty() {
        return Some(Cow::Owned(format!("{major}.{minor}.0-{kind}")));
    }
    let (number, rest) = semver::cut_number(number).ok()?;
    rest.is_empty()
        .then(|| Cow::Owned(format!("{major}.{minor}.0-{kind}.{number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_itself_is_spelt_as_a_module() {
        for (written, spelt) in [
            ("go1.21.3", "1.21.3"),
            ("1.21.3", "1.21.3"),
            ("1.21", "1.21.0-0"),
            ("go1.21", "1.21.0-0"),
            ("1.20", "1.20.0"),
            ("1", "1.0.0"),
            ("1.21rc2", "1.21.0-rc.2"),
            ("go1.18beta1", "1.18.0-beta.1"),
            ("1.21rc", "1.21.0-rc"),
            ("go1.21.3-acme", "1.21.3"),
            ("go1.22-acme-2", "1.22.0-0"),
        ] {
            assert_eq!(toolchain(written), spelt, "{written}");
        }
    }

    #[test]
    fn a_release_candidate_is_written_as_go_does() {
        for (version, written) in [
            ("1.27.0-rc.3", "1.27rc3"),
            ("1.18.0-beta.1", "1.18beta1"),
            ("1.27.0", "1.27.0"),
            ("1.27.0-0", "1.27.0-0"),
            ("1.27.1-rc.1", "1.27.1-rc.1"),
            ("0.0.0-20210101000000-abcdef", "0.0.0-20210101000000-abcdef"),
        ] {
            assert_eq!(directive(version), written);
        }
    }

    #[test]
    fn what_is_no_version_of_go_stays() {
        for text in [
            "",
            "go",
            "default",
            "local",
            "1.21.0-rc.1",
            "1.21.3rc1",
            "1.021",
            "1.",
            "1.21rc01",
            "1.21RC1",
        ] {
            assert_eq!(toolchain(text), text);
        }
    }

    #[test]
    fn a_language_version_lies_between_the_events() {
        let order = |left: &str, right: &str| Go.compare(&toolchain(left), right);
        assert_eq!(order("1.21", "1.21.0-0"), Ok(Ordering::Equal));
        assert_eq!(order("1.21", "1.21.0-rc.1"), Ok(Ordering::Less));
        assert_eq!(order("1.21rc4", "1.21.0-rc.4"), Ok(Ordering::Equal));
        assert_eq!(order("go1.21.0", "1.21.0-rc.4"), Ok(Ordering::Greater));
        assert_eq!(order("1.20", "1.20.0-0"), Ok(Ordering::Greater));
        assert_eq!(order("go1.20.14", "1.21.0-0"), Ok(Ordering::Less));
    }

    #[test]
    fn events_may_have_leading_zeros() {
        assert_eq!(Go.event("1.02"), "1.2.0");
        assert_eq!(Go.event("v1.2"), "v1.2");
        assert_eq!(Go.event("2.7.0-rc.0+incompatible"), "2.7.0-rc.0+incompatible");
    }
}
