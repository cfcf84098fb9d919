//! Where an entry comes from, by its version and its address.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::model::Source;

/// What a `version` field says.
pub(super) struct Pin<'t> {
    /// The package's real name, where the field names it (an alias of lockfile version 1).
    pub(super) name: Option<&'t str>,
    /// The version; for what has none the commit or the whole field.
    pub(super) version: &'t str,
    /// Where the version stands in the field.
    pub(super) place: Range<usize>,
    pub(super) source: Source,
}

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

/// Reads the `version` of the package called `name`. Lockfile versions 2 and 3 write a plain version; in version 1
/// the field is an address for whatever did not come from a registry.
pub(super) fn pin<'t>(name: &str, field: &'t str, resolved: Option<&str>) -> Pin<'t> {
    let whole = |source| Pin {
        name: None,
        version: field,
        place: 0..field.len(),
        source,
    };
    let end = |name, version: &'t str, source| Pin {
        name,
        version,
        place: field.len().saturating_sub(version.len())..field.len(),
        source,
    };
    if is_plain_version(field) {
        return whole(of_address(resolved));
    }
    if let Some(alias) = field.strip_prefix("npm:") {
        return match alias.rsplit_once('@') {
            Some((real, version)) if !real.is_empty() => end(Some(real), version, of_address(resolved)),
            Some(_) | None => whole(of_address(resolved)),
        };
    }
    if let Some(path) = field
        .strip_prefix("file:")
        .or_else(|| field.strip_prefix("link:"))
    {
        return whole(Source::Path(path.to_owned()));
    }
    if is_http(field) {
        return match version_of_registry(field, name) {
            Some(place) => Pin {
                name: None,
                version: field.get(place.clone()).unwrap_or_default(),
                place,
                source: Source::Registry(Some(field.to_owned())),
            },
            None => whole(Source::Url(field.to_owned())),
        };
    }
    if is_git(field) || field.contains('/') {
        let source = Source::Git(without_git(field).to_owned());
        return match field.rsplit_once('#') {
            Some((_, commit)) if !commit.is_empty() => end(None, commit, source),
            Some(_) | None => whole(source),
        };
    }
    whole(of_address(resolved))
}

/// Neither an address nor a path nor an alias: it begins with a digit, and each of those has a character in it that no version has.
fn is_plain_version(field: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    field.starts_with(|first: char| first.is_ascii_digit()) && field.bytes().all(is_plain)
}

/// The source that an address alone names. An archive is taken for the registry's.
fn of_address(resolved: Option<&str>) -> Source {
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
pub(super) struct Archive {
    /// With its scope.
    pub(super) name: String,
    pub(super) version: String,
    /// Where the version stands in the address; `None` if it is not written there letter by letter.
    pub(super) place: Option<Range<usize>>,
}

/// `address` is that of the registry's archive of `name` at `version` as nearly every one is written; `false` says nothing.
pub(super) fn is_archive_of(address: &str, name: &str, version: &str) -> bool {
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
pub(super) fn archive(address: &str) -> Option<Archive> {
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
pub(super) fn says(address: &str, name: &str, version: &str) -> bool {
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
pub(super) fn is_version(archive: &str, written: &str) -> bool {
    let written = written.trim_start_matches(['v', '=']);
    archive == written || written.split('+').next() == Some(archive)
}

/// A dependent that asks for `wish` asks for the archive at `address`.
pub(super) fn is_asked_for(address: &str, wish: &str) -> bool {
    is_http(wish) && without_fragment(address) == without_fragment(wish)
}

/// Where the version stands in an address of the form that all registries share: `…/NAME/-/NAME-VERSION.tgz`,
/// the scope left out in the second.
pub(super) fn version_of_registry(address: &str, name: &str) -> Option<Range<usize>> {
    let base = name.rsplit('/').next().filter(|base| !base.is_empty())?;
    let archive = without_fragment(address).strip_suffix(".tgz")?;
    let (folder, file) = archive.rsplit_once("/-/")?;
    let version = file.strip_prefix(base)?.strip_prefix('-')?;
    let start = archive.len().checked_sub(version.len())?;
    (folder.ends_with(base) && !version.is_empty() && !version.contains('/')).then_some(start..archive.len())
}

fn is_http(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    })
}

fn is_git(text: &str) -> bool {
    GIT.iter().any(|prefix| text.starts_with(prefix))
}

fn without_git(address: &str) -> &str {
    address.strip_prefix("git+").unwrap_or(address)
}

fn without_fragment(address: &str) -> &str {
    address.split(['#', '?']).next().unwrap_or_default()
}
