//! What an address installs: the package that is there, whatever its entry is called.

use std::borrow::Cow;

use super::lines::Scalar;
use crate::lockfile::grammar::npm_archive::{
    archive, is_archive_of, is_git, is_http, is_version, of_address, says, without_fragment, without_git,
};
use crate::model::Source;
use crate::text::Span;

/// A package as it is installed.
#[derive(Debug)]
pub(super) struct Origin<'e> {
    pub(super) name: Cow<'e, str>,
    pub(super) version: Cow<'e, str>,
    /// Where the version stands.
    pub(super) place: Span,
    pub(super) source: Source,
    /// The address has another package than the entry says: `name version`.
    pub(super) differs: bool,
    /// The address does not say which package is there.
    pub(super) is_unsaid: bool,
}

/// The package of an entry that says `name` and `version`, and comes from `address`. `asked` is the range that it is asked
/// for by: an address, a path, or a range of versions.
pub(super) fn of<'e>(
    name: Cow<'e, str>,
    version: &'e Scalar<'_>,
    address: Option<(&'e str, Option<&Scalar<'_>>)>,
    asked_by_address: bool,
) -> Origin<'e> {
    let mut origin = Origin {
        name,
        version: Cow::Borrowed(&*version.text),
        place: version.span,
        source: Source::Registry(None),
        differs: false,
        is_unsaid: false,
    };
    let Some((whole, scalar)) = address else {
        return origin;
    };
    let address = without_fragment(whole);
    let registry = || Source::Registry(Some(address.to_owned()));
    if is_archive_of(address, &origin.name, &origin.version) {
        origin.source = registry();
        return origin;
    }
    // Other spellings of an address are that address: this is asked before what kind of address it is.
    if let Some(archive) = archive(address) {
        origin.source = registry();
        if archive.name != origin.name || !is_version(&archive.version, &origin.version) {
            origin.differs = !asked_by_address;
            // The address begins where its text does.
            origin.place = match (scalar, archive.place) {
                (Some(scalar), Some(place)) => scalar.span_of(place),
                (Some(scalar), None) => scalar.span,
                (None, _) => version.span,
            };
            origin.name = Cow::Owned(archive.name);
            origin.version = Cow::Owned(archive.version);
        }
        return origin;
    }
    if !is_http(address) || (asked_by_address && address.ends_with(".git")) {
        origin.source = match of_address(Some(whole)) {
            // A repository by ssh, and the file of an offline mirror.
            Source::Registry(_) if whole.starts_with("ssh:") || address.ends_with(".git") => {
                Source::Git(without_git(whole).to_owned())
            }
            Source::Registry(_) if asked_by_address && !is_git(whole) => Source::Path(address.to_owned()),
            Source::Registry(_) => {
                let file = format!(
                    "{}-{version}.tgz",
                    origin.name.replace('/', "-"),
                    version = origin.version
                );
                origin.is_unsaid = address.rsplit('/').next() != Some(file.as_str());
                Source::Registry(None)
            }
            Source::Path(path) => Source::Path(without_fragment(&path).to_owned()),
            source => source,
        };
        return origin;
    }
    if asked_by_address {
        origin.source = Source::Url(whole.to_owned());
    } else {
        origin.is_unsaid = !says(address, &origin.name, &origin.version);
        origin.source = registry();
    }
    origin
}
