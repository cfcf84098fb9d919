//! Which package an entry of `packages` is, and where it comes from.
//!
//! pnpm installs what `resolution` says; where that holds no address, it is the archive of the key's name and version in the registry
//! that pnpm is set to. An address in `resolution.tarball` may be relative to that registry.

use std::borrow::Cow;
use std::ops::Range;

use super::key::Key;
use crate::lockfile::grammar::npm_archive::{self as archive, Archive};
use crate::model::Source;
use crate::text::Span;
use crate::text::tree::{Kind, Value};

/// A package as an entry says it.
pub(super) struct Found<'d> {
    pub(super) name: Cow<'d, str>,
    /// Empty for a folder without one.
    pub(super) version: Cow<'d, str>,
    /// Where the version stands, if it is not in the key.
    pub(super) place: Option<Span>,
    pub(super) source: Source,
    /// The address does not say which package is there.
    pub(super) is_unsaid: bool,
    /// The archive at the address is another one than the key says.
    pub(super) is_odd: bool,
    /// It has no version, and what is not of a registry and no folder always has one.
    pub(super) is_cut: bool,
}

/// The fields of an entry that say what it is.
#[derive(Clone, Copy, Default)]
pub(super) struct Fields<'d> {
    pub(super) name: Option<Value<'d>>,
    pub(super) version: Option<Value<'d>>,
    pub(super) resolution: Option<Value<'d>>,
    pub(super) tarball: Option<Value<'d>>,
    pub(super) integrity: Option<Value<'d>>,
    repo: Option<Value<'d>>,
    commit: Option<Value<'d>>,
    directory: Option<Value<'d>>,
    kind: Option<Value<'d>>,
    is_git_hosted: bool,
    /// A runtime: one archive for each platform.
    has_variants: bool,
}

impl<'d> Fields<'d> {
    pub(super) fn of(entry: Value<'d>) -> Self {
        let mut fields = Self::default();
        for (key, value) in entry.entries() {
            match key.as_ref() {
                "name" => fields.name = Some(value),
                "version" => fields.version = Some(value),
                "resolution" => fields.resolution = Some(value),
                _ => {}
            }
        }
        for (key, value) in fields.resolution.into_iter().flat_map(Value::entries) {
            match key.as_ref() {
                "tarball" => fields.tarball = Some(value),
                "integrity" => fields.integrity = Some(value),
                "repo" => fields.repo = Some(value),
                "commit" => fields.commit = Some(value),
                "directory" => fields.directory = Some(value),
                "type" => fields.kind = Some(value),
                "gitHosted" => fields.is_git_hosted = value.as_bool() == Some(true),
                "variants" | "variations" => fields.has_variants = true,
                _ => {}
            }
        }
        fields
    }

    /// Where the source is written.
    pub(super) fn source_span(&self) -> Option<Span> {
        let value = self.tarball.or(self.repo).or(self.directory);
        value.map(Value::text_span)
    }
}

/// The text of a value, which may look like a number.
pub(super) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.kind() {
        Kind::Number => Some(Cow::Borrowed(value.raw())),
        _ => value.as_str(),
    }
}

/// Hosts that give archives of git repositories.
const GIT_ARCHIVES: [&str; 3] = [
    "https://codeload.github.com/",
    "https://gitlab.com/",
    "https://bitbucket.org/",
];

/// The package of the entry with `key`, which is `spelled` so.
pub(super) fn find<'d>(spelled: &'d str, key: &Key, fields: &Fields<'d>) -> Found<'d> {
    let part = |range: Range<usize>| spelled.get(range).unwrap_or_default();
    let behind = part(key.version.clone());
    let named = key.name.clone().map(part).map(Cow::Borrowed);
    let tarball = fields.tarball.and_then(text);
    if key.is_version && fields.repo.is_none() && fields.directory.is_none() && !fields.has_variants {
        let mut found = of_registry(named.unwrap_or_default(), behind, tarball, fields);
        if let (Source::Registry(address @ None), Some(registry)) = (&mut found.source, key.registry.clone())
        {
            *address = Some(part(registry).to_owned());
        }
        return found;
    }
    let name = named
        .or_else(|| fields.name.and_then(text))
        .unwrap_or(Cow::Borrowed(behind));
    let commit = fields.commit.and_then(text);
    let source = match (
        &tarball,
        fields.repo.and_then(text),
        fields.directory.and_then(text),
    ) {
        (_, Some(repo), _) => {
            let repo = archive::without_git(&repo);
            Source::Git(match &commit {
                Some(commit) => format!("{repo}#{commit}"),
                None => repo.to_owned(),
            })
        }
        (_, _, Some(directory)) => Source::Path(directory.into_owned()),
        (Some(tarball), ..) => match tarball.strip_prefix("file:") {
            Some(path) => Source::Path(path.to_owned()),
            None if fields.is_git_hosted || GIT_ARCHIVES.iter().any(|host| tarball.starts_with(host)) => {
                Source::Git(tarball.to_string())
            }
            None => Source::Url(tarball.to_string()),
        },
        (None, None, None) => match behind.strip_prefix("file:") {
            Some(path) => Source::Path(path.to_owned()),
            None => Source::Url(behind.to_owned()),
        },
    };
    if let (Source::Url(address), Some(tarball)) = (&source, fields.tarball)
        && let Some(archive) = archive::archive(address)
    {
        let place = archive_place(tarball, &archive);
        return Found {
            name: Cow::Owned(archive.name),
            version: Cow::Owned(archive.version),
            place: Some(place),
            source: Source::Registry(Some(address.clone())),
            is_unsaid: false,
            is_odd: false,
            is_cut: false,
        };
    }
    let written = |value: Option<Value<'d>>| value.and_then(|value| Some((text(value)?, value.text_span())));
    let version = written(fields.version).or_else(|| written(fields.commit));
    let is_folder = fields.directory.is_some() || fields.kind.is_some_and(|kind| kind.raw() == "directory");
    let is_cut = version.is_none() && !is_folder;
    let (version, place) = match version {
        Some((version, place)) if !version.is_empty() => (version, Some(place)),
        // What is installed from a folder is the folder as it is.
        Some(_) | None if is_folder => (Cow::Borrowed(""), None),
        Some(_) | None => (
            Cow::Borrowed(behind.strip_prefix("runtime:").unwrap_or(behind)),
            None,
        ),
    };
    Found {
        name,
        version,
        place,
        source,
        is_unsaid: false,
        is_odd: false,
        is_cut,
    }
}

fn of_registry<'d>(
    name: Cow<'d, str>,
    version: &'d str,
    tarball: Option<Cow<'d, str>>,
    fields: &Fields<'d>,
) -> Found<'d> {
    let mut found = Found {
        name,
        version: Cow::Borrowed(version),
        place: None,
        source: Source::Registry(None),
        is_unsaid: false,
        is_odd: false,
        is_cut: false,
    };
    let (Some(address), Some(field)) = (tarball, fields.tarball) else {
        return found;
    };
    if let Some(path) = address.strip_prefix("file:") {
        found.source = Source::Path(path.to_owned());
        return found;
    }
    found.source = Source::Registry(Some(address.to_string()));
    if archive::is_archive_of(&address, &found.name, version) {
        return found;
    }
    // A relative address is one below the registry.
    let (base, full) = match archive::is_http(&address) {
        true => (0, Cow::Borrowed(&*address)),
        false => (RELATIVE.len(), Cow::Owned(format!("{RELATIVE}{address}"))),
    };
    match archive::archive(&full) {
        Some(archive) if archive.name != found.name || !archive::is_version(&archive.version, version) => {
            let archive = Archive {
                place: archive
                    .place
                    .map(|place| place.start.saturating_sub(base)..place.end.saturating_sub(base)),
                ..archive
            };
            found.place = Some(archive_place(field, &archive));
            found.name = Cow::Owned(archive.name);
            found.version = Cow::Owned(archive.version);
            found.is_odd = true;
        }
        Some(_) => {}
        None => found.is_unsaid = !archive::says(&full, &found.name, version),
    }
    found
}

/// What a relative address is read below.
const RELATIVE: &str = "https://registry.example/";

/// Where the version of an archive stands in the field with its address.
fn archive_place(field: Value<'_>, archive: &Archive) -> Span {
    match &archive.place {
        Some(place) => field.span_of(place.clone()),
        None => field.text_span(),
    }
}
