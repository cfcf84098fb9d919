//! Where an entry comes from, by its version and its address.

use std::ops::Range;

use super::super::grammar::npm_archive::{
    is_git, is_http, of_address, version_of_registry, without_fragment, without_git,
};
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

/// A dependent that asks for `wish` asks for the archive at `address`.
pub(super) fn is_asked_for(address: &str, wish: &str) -> bool {
    is_http(wish) && without_fragment(address) == without_fragment(wish)
}
