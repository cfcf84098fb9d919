//! Requirements that are an address or a path: version control, archives, folders.

use std::ops::Range;

use crate::lockfile::grammar::distribution::{self, Distribution, Part, is_archive};
use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::model::Source;

/// Where a package comes from, with what its address says; ranges count in the text that was read.
#[derive(Debug)]
pub(super) struct Located {
    /// The place.
    pub(super) source: Source,
    /// The whole address, extras and fragment left out.
    pub(super) address: Range<usize>,
    /// The name from `#egg=` or from the archive's file name.
    pub(super) name: Option<Part>,
    /// The revision, or the version in the archive's file name.
    pub(super) version: Option<Part>,
    /// What the file name of an archive at an address says, if nothing else can be read from it.
    pub(super) archive: Option<Distribution>,
    /// A folder that is written with dots alone: the project itself.
    pub(super) is_own: bool,
}

/// Reads `text`, which is no requirement by name. `None` if it does not look like an address or a path either.
pub(super) fn locate(text: &str) -> Option<Located> {
    let text = without_marker(text).trim_end();
    let looks_like_path = text.starts_with('.') || text.contains(['/', '\\']) || is_archive(text);
    let strange = text
        .contains(|character: char| character.is_whitespace() || matches!(character, '<' | '>' | '|' | '"'));
    (scheme(text).is_some() || looks_like_path && !strange && !text.is_empty()).then(|| address(text, None))
}

/// Reads an address or a path of the package called `named`, taking its word for being one.
pub(super) fn address(text: &str, named: Option<&str>) -> Located {
    let text = without_marker(text).trim_end();
    let (before_fragment, fragment) = text.split_once('#').unwrap_or((text, ""));
    let fragment_start = before_fragment.len().saturating_add(1);
    let address = without_extras(before_fragment);
    let egg = egg(fragment).map(|egg| Part {
        text: fragment.get(egg.clone()).unwrap_or_default().to_owned(),
        range: fragment_start.saturating_add(egg.start)..fragment_start.saturating_add(egg.end),
    });
    let named = named.or(egg.as_ref().map(|egg| egg.text.as_str()));
    match scheme(address).as_deref() {
        Some(scheme) if scheme.contains('+') || matches!(scheme, "git" | "svn" | "hg" | "bzr") => {
            checkout(address, scheme, egg)
        }
        Some("file") => {
            let path = address.get("file:".len()..).unwrap_or_default();
            let path = path.strip_prefix("//").unwrap_or(path);
            let found = distribution::of_address(address, named);
            archive_or_folder(address, path, egg, found)
        }
        Some(_) => {
            let found = distribution::of_address(address, named);
            Located {
                source: Source::Url(without_secrets(address).into_owned()),
                address: 0..address.len(),
                name: egg.or(found.as_ref().map(|found| found.name.clone())),
                version: found.as_ref().map(|found| found.version.clone()),
                archive: found.filter(|found| found.is_certain),
                is_own: false,
            }
        }
        None => {
            let found = distribution::of_path(address, named);
            archive_or_folder(address, address, egg, found)
        }
    }
}

/// pip looks for `; ` in addresses and for `;` elsewhere.
fn without_marker(text: &str) -> &str {
    let separator = if scheme(text).is_some() { "; " } else { ";" };
    text.split_once(separator).map_or(text, |(before, _)| before)
}

/// The scheme in lower case, if pip takes it; anything else before a colon is no address (`C:`).
fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let (system, _) = scheme.split_once('+').unwrap_or((&scheme, ""));
    let known = matches!(
        system,
        "http" | "https" | "ftp" | "file" | "git" | "hg" | "svn" | "bzr" | "ssh"
    );
    known.then_some(scheme)
}

fn without_extras(text: &str) -> &str {
    match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        Some((before, extras)) if !before.is_empty() && !extras.contains(']') => before,
        Some(_) | None => text,
    }
}

/// The name in `egg=name[extras]` among the parts of a fragment.
fn egg(fragment: &str) -> Option<Range<usize>> {
    let mut start = 0_usize;
    for part in fragment.split('&') {
        if let Some(egg) = part.strip_prefix("egg=") {
            let name = egg.split_once('[').map_or(egg, |(name, _)| name);
            let start = start.saturating_add("egg=".len());
            return (!name.is_empty()).then(|| start..start.saturating_add(name.len()));
        }
        start = start.saturating_add(part.len()).saturating_add(1);
    }
    None
}

/// A repository: the revision stands behind the last `@` of the path.
fn checkout(address: &str, scheme: &str, name: Option<Part>) -> Located {
    let prefix = scheme
        .split_once('+')
        .map_or(0, |(system, _)| system.len().saturating_add(1));
    let path_start = match address.split_once("://") {
        Some((before, rest)) => {
            let authority = rest.find('/').unwrap_or(rest.len());
            before.len().saturating_add("://".len()).saturating_add(authority)
        }
        // `git+git@host:path`: the path starts behind the second colon.
        None => address
            .match_indices(':')
            .map(|(at, _)| at)
            .next_back()
            .unwrap_or(0),
    };
    let path = address.get(path_start..).unwrap_or_default();
    let at = path
        .rfind('@')
        .map(|at| path_start.saturating_add(at))
        .filter(|at| at.saturating_add(1) < address.len());
    let repository = address
        .get(prefix..at.unwrap_or(address.len()))
        .unwrap_or_default();
    let mut place = without_secrets(repository).into_owned();
    let version = at.map(|at| {
        let range = at.saturating_add(1)..address.len();
        Part {
            text: address.get(range.clone()).unwrap_or_default().to_owned(),
            range,
        }
    });
    if let Some(revision) = &version {
        place.push('#');
        place.push_str(&revision.text);
    }
    Located {
        source: if scheme.starts_with("git") || scheme.starts_with("ssh") {
            Source::Git(place)
        } else {
            Source::Url(place)
        },
        address: 0..address.len(),
        name,
        version,
        archive: None,
        is_own: false,
    }
}

fn archive_or_folder(address: &str, path: &str, egg: Option<Part>, found: Option<Distribution>) -> Located {
    let (name, version) = found.map_or((None, None), |found| (Some(found.name), Some(found.version)));
    Located {
        source: Source::Path(path.to_owned()),
        address: 0..address.len(),
        name: egg.or(name),
        version,
        archive: None,
        is_own: path
            .split(['/', '\\'])
            .all(|component| matches!(component, "" | "." | ".."))
            && !path.starts_with('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Source, Option<&str>, Option<&str>) {
        let located = locate(text).unwrap_or_else(|| panic!("{text}"));
        let of = |part: Option<Part>| part.and_then(|part| text.get(part.range));
        (located.source, of(located.name), of(located.version))
    }

    #[test]
    fn every_kind_of_place() {
        let git = |place: &str| Source::Git(place.to_owned());
        let url = |place: &str| Source::Url(place.to_owned());
        let path = |place: &str| Source::Path(place.to_owned());
        for (text, source, name, version) in [
            (
                "git+https://u:p@h/r.git@v1.0#egg=a[x]&subdirectory=s",
                git("https://u:****@h/r.git#v1.0"),
                Some("a"),
                Some("v1.0"),
            ),
            ("git+ssh://git@h/r.git", git("ssh://git@h/r.git"), None, None),
            (
                "git+git@h:o/r.git@abc",
                git("git@h:o/r.git#abc"),
                None,
                Some("abc"),
            ),
            ("git://h/r@abc", git("git://h/r#abc"), None, Some("abc")),
            (
                "hg+https://h/r@tip#egg=a",
                url("https://h/r#tip"),
                Some("a"),
                Some("tip"),
            ),
            (
                "https://h/p/a_b-1.0-py3-none-any.whl#sha256=1 ; x",
                url("https://h/p/a_b-1.0-py3-none-any.whl"),
                Some("a_b"),
                Some("1.0"),
            ),
            (
                "https://h/p/a-b-1.0.tar.gz",
                url("https://h/p/a-b-1.0.tar.gz"),
                Some("a-b"),
                Some("1.0"),
            ),
            (
                "https://h/archive/master.zip",
                url("https://h/archive/master.zip"),
                None,
                None,
            ),
            (
                "HTTPS://h/p/a-1.0%2Bcpu-py3-none-any.whl?x=/b-2.zip",
                url("HTTPS://h/p/a-1.0%2Bcpu-py3-none-any.whl?x=/b-2.zip"),
                Some("a"),
                Some("1.0%2Bcpu"),
            ),
            ("./a/b[x,y]", path("./a/b"), None, None),
            ("a/b-1.0.zip;x", path("a/b-1.0.zip"), Some("b"), Some("1.0")),
            ("file:///srv/a-2.whl", path("/srv/a-2.whl"), Some("a"), Some("2")),
        ] {
            assert_eq!(parts(text), (source, name, version), "{text}");
        }
        assert!(locate(".[dev]").is_some_and(|located| located.is_own));
        assert!(locate("file:.").is_some_and(|located| located.is_own));
        assert!(locate("../a").is_some_and(|located| !located.is_own));
        for text in ["<p>a</p>", "and / or", "a:b", ""] {
            assert!(locate(text).is_none(), "{text}");
        }
    }
}
