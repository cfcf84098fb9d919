//! Addresses that clients of npm registries install from: which package is at one, and what kind of source it is.
//!
//! npm, Yarn and their like install what the address in a lockfile has, whatever the entry around it is called. The form of a
//! registry's archive and the canonical form of an address are the same for all of them.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::model::Source;

/// Prefixes of npm's git addresses and of its short names for hosts.
const GIT: [&str; 7] = [
    "git+",
    "git:",
    "git@",
    "github:",
    "gitlab:",
    "bitbucket:",
    "gist:",
];

/// The source that an address alone names. An archive is taken for the registry's.
#[must_use]
pub fn of_address(resolved: Option<&str>) -> Source {
    match resolved {
        None | Some("") => Source::Registry(None),
        Some(address) if address.starts_with("https://") => Source::Registry(Some(address.to_owned())),
        Some(address) if is_git(address) => Source::Git(without_git(address).to_owned()),
        Some(address) => match address.strip_prefix("file:") {
            Some(path) => Source::Path(path.to_owned()),
            None => Source::Registry(Some(address.to_owned())),
        },
    }
}

/// The package that an archive at an address of a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// With its scope.
    pub name: String,
    /// As the file at the address is called.
    pub version: String,
    /// Where the version stands in the address; `None` if it is not written there letter by letter.
    pub place: Option<Range<usize>>,
}

/// `address` is that of the registry's archive of `name` at `version` as nearly every one is written; `false` says nothing.
#[must_use]
pub fn is_archive_of(address: &str, name: &str, version: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let base = name.rsplit_once('/').map_or(name, |(_, base)| base);
    let before = || {
        address
            .strip_suffix(".tgz")?
            .strip_suffix(version)?
            .strip_suffix('-')?
            .strip_suffix(base)?
            .strip_suffix("/-/")?
            .strip_suffix(name)?
            .strip_suffix('/')
    };
    version.starts_with(|first: char| first.is_ascii_digit())
        && version.bytes().all(is_plain)
        && !base.is_empty()
        && base.bytes().all(is_plain)
        // The folder before a name without a scope may be its scope.
        && before().is_some_and(|before| {
            let folder = before.rsplit_once('/').map_or(before, |(_, folder)| folder);
            name.starts_with('@') || !(folder.starts_with('@') || folder.starts_with("%40"))
        })
}

/// What the address of a registry's archive names; `None` for any other address.
///
/// Registries agree on `…/NAME/-/BASE-VERSION.tgz`; some repeat the scope after `/-/`, and some write its slash
/// as `%2f`. npm reads addresses as the URL Standard does and servers decode paths, so other spellings of an address are
/// that address.
#[must_use]
pub fn archive(address: &str) -> Option<Archive> {
    let canonical = canonical(address)?;
    let path = without_fragment(&canonical).strip_suffix(".tgz")?;
    let path = percent_decode_str(path).decode_utf8_lossy();
    let (folder, file) = path.rsplit_once("/-/")?;
    let mut folders = folder.rsplit('/');
    let last = folders.next()?;
    let name = match folders.next() {
        Some(scope) if scope.starts_with('@') && !last.starts_with('@') => format!("{scope}/{last}"),
        Some(_) | None => last.to_owned(),
    };
    let base = name.rsplit('/').next().filter(|base| !base.is_empty())?;
    let file = file.rsplit('/').next().unwrap_or(file);
    let version = file.strip_prefix(base)?.strip_prefix('-')?;
    let end = without_fragment(address).len().checked_sub(".tgz".len())?;
    let place = end
        .checked_sub(version.len())
        .map(|start| start..end)
        .filter(|place| address.get(place.clone()) == Some(version));
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    is_version.then(|| Archive {
        name: name.clone(),
        version: version.to_owned(),
        place,
    })
}

/// The http(s) address as a client reads it: white space and control characters around it and tabs and line ends in it
/// are dropped, `\` is `/`, the scheme's case and the number of slashes behind it do not matter (URL Standard, "basic URL
/// parser"). `None` for any other address.
fn canonical(address: &str) -> Option<Cow<'_, str>> {
    if is_http(address) && !address.contains(['\\', '\t', '\n', '\r']) && !address.ends_with(is_blank) {
        return Some(Cow::Borrowed(address));
    }
    let text: String = address
        .trim_matches(is_blank)
        .chars()
        .filter(|character| !matches!(character, '\t' | '\n' | '\r'))
        .map(|character| if character == '\\' { '/' } else { character })
        .collect();
    let (scheme, rest) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let is_web = matches!(scheme.as_str(), "http" | "https");
    is_web.then(|| Cow::Owned(format!("{scheme}://{}", rest.trim_start_matches('/'))))
}

fn is_blank(character: char) -> bool {
    character <= ' '
}

/// `address` says that `version` of `name` is there, in whatever form: the name in folders of its own, and the version behind
/// it as a folder or in the name of the file (`…/download/@scope/name/1.0.0/DIGEST`, `…/name/download/name-1.0.0.tgz`).
#[must_use]
pub fn says(address: &str, name: &str, version: &str) -> bool {
    let Some(canonical) = canonical(address) else {
        return false;
    };
    let path = percent_decode_str(without_fragment(&canonical)).decode_utf8_lossy();
    let Some((before, behind)) = path.split_once(&format!("/{name}/")) else {
        return false;
    };
    let base = name.rsplit('/').next().unwrap_or(name);
    let has_version = behind.split('/').any(|part| {
        let part = part.strip_suffix(".tgz").unwrap_or(part);
        let of_file = part.strip_prefix(base).and_then(|rest| rest.strip_prefix('-'));
        is_version(of_file.unwrap_or(part), version)
    });
    let scope = before.rsplit('/').next().unwrap_or_default();
    has_version && (name.starts_with('@') || !scope.starts_with('@'))
}

/// Both are one version: archives leave build metadata out.
#[must_use]
pub fn is_version(archive: &str, written: &str) -> bool {
    let written = written.trim_start_matches(['v', '=']);
    archive == written || written.split('+').next() == Some(archive)
}

/// Where the version stands in an address of the form that all registries share: `…/NAME/-/NAME-VERSION.tgz`,
/// the scope left out in the second.
#[must_use]
pub fn version_of_registry(address: &str, name: &str) -> Option<Range<usize>> {
    let base = name.rsplit('/').next().filter(|base| !base.is_empty())?;
    let archive = without_fragment(address).strip_suffix(".tgz")?;
    let (folder, file) = archive.rsplit_once("/-/")?;
    let version = file.strip_prefix(base)?.strip_prefix('-')?;
    let start = archive.len().checked_sub(version.len())?;
    (folder.ends_with(base) && !version.is_empty() && !version.contains('/')).then_some(start..archive.len())
}

/// The address is one of HTTP or HTTPS.
#[must_use]
pub fn is_http(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    })
}

/// A git address, or a short name for a host of repositories.
#[must_use]
pub fn is_git(text: &str) -> bool {
    GIT.iter().any(|prefix| text.starts_with(prefix))
}

/// A git address without `git+`.
#[must_use]
pub fn without_git(address: &str) -> &str {
    address.strip_prefix("git+").unwrap_or(address)
}

/// An address without its query and fragment.
#[must_use]
pub fn without_fragment(address: &str) -> &str {
    address.split(['#', '?']).next().unwrap_or_default()
}
