//! Where packages of uv.lock come from.

use std::borrow::Cow;

use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::model::Source;
use crate::text::tree::Value;

/// The folder of a package that is built from one, workspace member or not.
pub(super) fn own_folder(source: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    match source_parts(source?)? {
        ("editable" | "virtual" | "directory", folder) => Some(folder),
        _ => None,
    }
}

/// Packages from here always have a version; only folders and repositories may leave it to their build.
pub(super) fn is_archive(source: Option<Value<'_>>) -> bool {
    match source.and_then(source_parts) {
        Some((kind, _)) => matches!(kind, "registry" | "url" | "path"),
        None => true,
    }
}

pub(super) fn source(value: Value<'_>) -> Source {
    let Some((kind, place)) = source_parts(value) else {
        return Source::Registry(None);
    };
    match kind {
        "registry" => Source::Registry(Some(without_secrets(&place).into_owned())),
        "git" => Source::Git(without_secrets(&place).into_owned()),
        "url" => Source::Url(without_secrets(&place).into_owned()),
        _ => Source::Path(place.into_owned()),
    }
}

/// What uv reads a source as, by its keys, in the order in which uv tries them.
const SOURCES: [&str; 7] = [
    "registry",
    "git",
    "url",
    "path",
    "directory",
    "editable",
    "virtual",
];

/// The key of a source that says what it is, with its value. Of several the first one of [`SOURCES`] decides, as for uv;
/// `subdirectory` and what uv does not know say nothing.
pub(super) fn source_parts(source: Value<'_>) -> Option<(&'static str, Cow<'_, str>)> {
    SOURCES
        .into_iter()
        .find_map(|kind| Some((kind, source.str(kind)?)))
}
