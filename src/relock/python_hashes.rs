//! Hashes in lockfiles of Python: of the files of releases, and of manifests.

use std::collections::BTreeSet;

use super::Refused;
use super::splice::Splice;
use crate::model::Release;
use crate::schema::simple_index::{File, files_of};
use crate::text::tree::Value;

/// `sha256` of `sha256:00…`.
pub(super) fn algorithm(hash: &str) -> &str {
    hash.split(':').next().unwrap_or_default()
}

/// The SHA-256 of a file whose name stands in quotes as it is.
pub(super) fn sha256(file: &File) -> Result<&str, Refused> {
    let refused = |what: &str| Refused(format!("The index has no {what} of {}.", file.filename));
    let hash = file
        .hashes
        .get("sha256")
        .filter(|hash| !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let hash = hash.ok_or_else(|| refused("sha256 hash"))?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    match file.filename.bytes().all(is_plain) {
        true => Ok(hash),
        false => Err(refused("plain name")),
    }
}

/// The hash of each file of a release, as options have it.
pub(super) fn hashes(release: &Release, algorithm: &str, name: &str) -> Result<BTreeSet<String>, Refused> {
    let files = files_of(&release.document);
    let mut hashes = BTreeSet::new();
    for file in &files {
        let hash = file
            .hashes
            .get(algorithm)
            .ok_or_else(|| Refused(format!("The index has no {algorithm} hash of {}.", file.filename)))?;
        let is_plain = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_plain || hash.is_empty() {
            return Err(Refused(format!(
                "The {algorithm} hash of {} is none.",
                file.filename
            )));
        }
        hashes.insert(format!("{algorithm}:{}", hash.to_ascii_lowercase()));
    }
    match hashes.is_empty() {
        true => Err(Refused(format!(
            "The index has no file of {name} {}.",
            release.version
        ))),
        false => Ok(hashes),
    }
}

/// The exchange of the hash `known` of a manifest for the one that `computed` gives from it; `None` where there is none, or it is not
/// that of the manifest.
pub(super) fn of_manifest(
    known: Option<Value<'_>>,
    computed: impl FnOnce(&str) -> Option<String>,
) -> Option<Splice> {
    let known = known?;
    let span = known.text_span();
    Some(Splice {
        at: span.start as usize..span.end as usize,
        text: computed(&known.as_str()?)?,
    })
}
