//! File names of Python distributions: wheels (binary distribution format, PEP 427) and source distributions (source
//! distribution format, PEP 625, and what was written before it).
//!
//! A name and a version stand in them. In an address the file name is percent-encoded (RFC 3986, section 2.1); pip cuts the
//! last part of the path off first and decodes it then, and so does this.

use std::cmp::Ordering;
use std::ops::Range;

use super::rfc3986::percent_decoded;
use crate::ecosystem::normalise;
use crate::model::Ecosystem;
use crate::version::Scheme as _;
use crate::version::pep440::Pep440;

/// What a file name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The project's name, as the file spells it.
    pub name: Part,
    /// The version.
    pub version: Part,
    /// The version is one of PEP 440, and no other cut of the file name would give one.
    pub is_certain: bool,
}

/// A part of a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it says, decoded.
    pub text: String,
    /// Where it stands in the text that was read, still encoded.
    pub range: Range<usize>,
}

/// Longer file names are not cut: their packages stay those of an address.
const MAX_FILE_NAME: usize = 1024;

/// The endings that pip takes for archives.
const ARCHIVES: [&str; 11] = [
    ".whl",
    ".zip",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz",
    ".tar.xz",
    ".txz",
    ".tar.lzma",
    ".tlz",
    ".tar",
];

/// pip takes `text` for an archive, by its ending.
#[must_use]
pub fn is_archive(text: &str) -> bool {
    stem(text).is_some()
}

/// The distribution at an `address`, whose query and fragment do not matter. `named` is what the project is called where
/// that is known: it decides where the version of a source distribution starts.
#[must_use]
pub fn of_address(address: &str, named: Option<&str>) -> Option<Distribution> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    // What follows the authority; an address without a path names no file.
    let start = path.rfind('/')?.saturating_add(1);
    let (file, places) = percent_decoded(path.get(start..)?)?;
    let place = |at: usize| places.get(at).map(|offset| start.saturating_add(*offset));
    read(&file, named, |range| Some(place(range.start)?..place(range.end)?))
}

/// The distribution at a `path` of a disk, where nothing is encoded.
#[must_use]
pub fn of_path(path: &str, named: Option<&str>) -> Option<Distribution> {
    let start = path.rfind(['/', '\\', ':']).map_or(0, |at| at.saturating_add(1));
    read(path.get(start..)?, named, |range| {
        Some(start.saturating_add(range.start)..start.saturating_add(range.end))
    })
}

fn read(
    file: &str,
    named: Option<&str>,
    place: impl Fn(Range<usize>) -> Option<Range<usize>>,
) -> Option<Distribution> {
    if file.len() > MAX_FILE_NAME {
        return None;
    }
    let stem = stem(file)?;
    let cut = if file.ends_with(".whl") {
        wheel(stem)?
    } else {
        source(stem, named)?
    };
    let name = stem.get(..cut.dash).filter(|name| is_name(name))?;
    let start = cut.dash.saturating_add(1);
    let version = stem.get(start..cut.end).filter(|version| !version.is_empty())?;
    Some(Distribution {
        name: Part {
            text: name.to_owned(),
            range: place(0..cut.dash)?,
        },
        version: Part {
            text: version.to_owned(),
            range: place(start..cut.end)?,
        },
        is_certain: cut.is_certain,
    })
}

/// Where a stem is cut: the dash between name and version, and the version's end.
struct Cut {
    dash: usize,
    end: usize,
    is_certain: bool,
}

/// `name-version(-build)-python-abi-platform`
fn wheel(stem: &str) -> Option<Cut> {
    let mut dashes = stem.match_indices('-').map(|(at, _)| at);
    let dash = dashes.next()?;
    let end = dashes.next().unwrap_or(stem.len());
    Some(Cut {
        dash,
        end,
        is_certain: matches!(dashes.count(), 2 | 3),
    })
}

/// `name-version`, where either may hold dashes in files of before PEP 625.
fn source(stem: &str, named: Option<&str>) -> Option<Cut> {
    let at = |dash: usize, is_certain| Cut {
        dash,
        end: stem.len(),
        is_certain,
    };
    let cuts = || {
        stem.match_indices('-')
            .filter_map(|(dash, _)| Some((dash, stem.get(..dash)?, stem.get(dash.saturating_add(1)..)?)))
    };
    if let Some(named) = named {
        let named = normalise(&Ecosystem::PYPI, named);
        let known = cuts().find(|(_, name, _)| normalise(&Ecosystem::PYPI, name) == named);
        if let Some((dash, _, version)) = known {
            return Some(at(dash, is_version(version)));
        }
    }
    let mut fits = cuts().filter(|(_, name, version)| is_name(name) && is_version(version));
    match (fits.next(), fits.next()) {
        (Some((dash, ..)), None) => Some(at(dash, true)),
        // `a-1-2`: version 2 of `a-1`, or the post-release `1-2` of `a`.
        _ => cuts()
            .next_back()
            .filter(|(_, _, version)| version.starts_with(|character: char| character.is_ascii_digit()))
            .map(|(dash, ..)| at(dash, false)),
    }
}

fn is_version(text: &str) -> bool {
    Pep440.compare(text, text).is_ok()
}

/// A name of PyPI (PEP 508).
fn is_name(text: &str) -> bool {
    let edges = |character: char| character.is_ascii_alphanumeric();
    text.starts_with(edges)
        && text.ends_with(edges)
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_'))
}

/// A file name without the ending of an archive.
fn stem(file: &str) -> Option<&str> {
    ARCHIVES
        .into_iter()
        .filter_map(|ending| file.strip_suffix(ending))
        .find(|stem| !stem.is_empty())
}

impl Distribution {
    /// Its name is `name`, in whatever spelling.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        normalise(&Ecosystem::PYPI, &self.name.text) == normalise(&Ecosystem::PYPI, name)
    }

    /// Its version is `version`, in whatever spelling; a local part counts only where `version` has one.
    #[must_use]
    pub fn is_of_version(&self, version: &str) -> bool {
        let order = Pep440.compare_with_bound(&self.version.text, version);
        self.version.text == version || order.is_ok_and(Ordering::is_eq)
    }
}

/// The archive at `place`, an address or a path, is one of `name` and `version`, as far as its file name says.
#[must_use]
pub fn belongs(place: &str, name: &str, version: &str) -> bool {
    let found = || match place.contains("://") {
        true => of_address(place, Some(name)),
        false => of_path(place, Some(name)),
    };
    starts_with(place, name, version)
        || found().is_none_or(|found| {
            !found.is_certain || found.is_called(name) && (version.is_empty() || found.is_of_version(version))
        })
}

/// The file name starts with name and version as they are written: nothing has to be decoded.
fn starts_with(address: &str, name: &str, version: &str) -> bool {
    if address.contains(['?', '#']) {
        return false;
    }
    let file = address.rsplit('/').next().unwrap_or_default();
    let plain = |byte: u8| match byte {
        b'.' | b'_' => b'-',
        other => other.to_ascii_lowercase(),
    };
    let Some((start, rest)) = file.split_at_checked(name.len()) else {
        return false;
    };
    start.bytes().map(plain).eq(name.bytes().map(plain))
        && rest
            .strip_prefix('-')
            .and_then(|rest| rest.strip_prefix(version))
            .is_some_and(|rest| {
                rest.starts_with('-') || matches!(rest, ".tar.gz" | ".zip") && !version.is_empty()
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(distribution: Option<Distribution>) -> Option<(String, String, bool)> {
        let found = distribution?;
        Some((found.name.text, found.version.text, found.is_certain))
    }

    #[test]
    fn addresses_are_decoded() {
        for (address, name, version) in [
            (
                "https://files.example/whl/kiln-2.5.0%2Bcu121-cp311-cp311-linux_x86_64.whl",
                "kiln",
                "2.5.0+cu121",
            ),
            ("https://files.example/a_b-1.0.tar.gz#sha256=1", "a_b", "1.0"),
            ("https://files.example/a-b-1.0.zip?token=a/c-2.zip", "a-b", "1.0"),
            ("https://files.example/k%69ln-1%210.1.tar.gz/", "kiln", "1!0.1"),
            ("https://files.example/kiln%2D1.0-py3-none-any.whl", "kiln", "1.0"),
        ] {
            let found = of_address(address, None).unwrap_or_else(|| panic!("{address}"));
            assert_eq!(
                (found.name.text.as_str(), found.version.text.as_str()),
                (name, version),
                "{address}"
            );
            let (_, places) = percent_decoded(&address[found.version.range.clone()]).expect("a text");
            assert_eq!(places.len(), version.len() + 1, "{address}");
        }
        assert_eq!(of_address("https://files.example", None), None);
        assert_eq!(of_address("https://files.example/kiln-1.0%ff.zip", None), None);
        assert_eq!(of_address("https://files.example/a%2Fkiln-1.0.zip", None), None);
        assert_eq!(
            of_address(&format!("https://files.example/{}1.zip", "a-".repeat(4000)), None),
            None
        );
        // A path of a disk is what it is.
        assert_eq!(
            parts(of_path("./kiln-1.0%2Bcpu-py3-none-any.whl", None)),
            Some(("kiln".into(), "1.0%2Bcpu".into(), true))
        );
    }

    #[test]
    fn dashes_of_source_distributions() {
        for (file, named, found) in [
            (
                "python-dateutil-2.8.2.tar.gz",
                None,
                Some(("python-dateutil", "2.8.2", true)),
            ),
            ("a-1.0-beta.tar.gz", None, Some(("a", "1.0-beta", true))),
            ("a-1-2.tar.gz", None, Some(("a-1", "2", false))),
            ("a-1-2.tar.gz", Some("A"), Some(("a", "1-2", true))),
            ("a-1-2.tar.gz", Some("a_1"), Some(("a-1", "2", true))),
            ("a-1-2.tar.gz", Some("b"), Some(("a-1", "2", false))),
            ("a-main.zip", None, None),
            ("main.zip", None, None),
            ("a-1.0dev-r12.zip", None, None),
            ("a-1.0dev-r12.zip", Some("a"), Some(("a", "1.0dev-r12", false))),
            ("-1.0.zip", None, None),
        ] {
            let found = found.map(|(name, version, certain)| (name.to_owned(), version.to_owned(), certain));
            assert_eq!(parts(of_path(file, named)), found, "{file} {named:?}");
        }
    }

    #[test]
    fn wheels_have_five_or_six_parts() {
        for (file, certain) in [
            ("a-1.0-py3-none-any.whl", true),
            ("a-1.0-1build-py3-none-any.whl", true),
            ("a-1.0.whl", false),
            ("a-1.0-py3.whl", false),
            ("a-1.0-1-py3-none-any-x.whl", false),
        ] {
            let found = parts(of_path(file, None)).expect(file);
            assert_eq!(found, ("a".to_owned(), "1.0".to_owned(), certain), "{file}");
        }
    }

    #[test]
    fn archives_belong_to_their_package() {
        for (address, name, version, is_one) in [
            (
                "https://files.example/x/Flat_File-1.0-py3-none-any.whl",
                "flat-file",
                "1.0",
                true,
            ),
            (
                "https://files.example/x/flat.file-1.0.tar.gz",
                "flat-file",
                "1.0",
                true,
            ),
            (
                "https://files.example/x/flat__file-1.0.0.tar.gz",
                "flat-file",
                "1.0",
                true,
            ),
            (
                "https://files.example/x/flat_file-1.0%2Bcpu-py3-none-any.whl",
                "flat-file",
                "1.0",
                true,
            ),
            (
                "https://files.example/x/flat_file-1.0-py3-none-any.whl",
                "flat-file",
                "1.0+cpu",
                false,
            ),
            (
                "https://files.example/x/flat_file-1.0.1-py3-none-any.whl",
                "flat-file",
                "1.0",
                false,
            ),
            (
                "https://files.example/x/round_file-1.0-py3-none-any.whl",
                "flat-file",
                "1.0",
                false,
            ),
            (
                "https://files.example/x/round_file-1.0-py3-none-any.whl",
                "flat-file",
                "",
                false,
            ),
            (
                "https://files.example/x/flat_file-1.0-py3-none-any.whl",
                "flat-file",
                "",
                true,
            ),
            ("https://files.example/archive/main.zip", "flat-file", "1.0", true),
            (
                "https://files.example/round_file-1.0-py3-none-any.whl?x=/flat_file-1.0-py3-none-any.whl",
                "flat-file",
                "1.0",
                false,
            ),
            ("wheels/flat_file-1.0-py3-none-any.whl", "flat-file", "1.0", true),
            ("round_file-1.0-py3-none-any.whl", "flat-file", "1.0", false),
        ] {
            assert_eq!(
                belongs(address, name, version),
                is_one,
                "{address} {name} {version}"
            );
        }
    }
}
