//! Hashes of releases of Python packages, as lockfiles have them.

use std::collections::BTreeSet;

use super::Refused;
use crate::model::Release;
use crate::schema::simple_index::files_of;

/// `sha256` of `sha256:00…`.
pub(super) fn algorithm(hash: &str) -> &str {
    hash.split(':').next().unwrap_or_default()
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
