//! The public registry, as lockfiles and configurations write it.

use super::is_crates_io;

/// The source of a lockfile means the public registry.
#[must_use]
pub fn is_source_of_crates_io(source: &str) -> bool {
    cargo_lock::SourceId::from_url(source).is_ok_and(|source| is_crates_io(&source))
}

/// How a lockfile writes the public registry.
#[must_use]
pub fn source_of_crates_io() -> String {
    cargo_lock::SourceId::default().to_string()
}

/// The sparse index of the public registry, as a source: the repository of git that the `cargo-lock` crate names is called
/// `NAME-index`, the index is at `index.NAME`, and the crate knows it for the same.
#[must_use]
pub fn index_of_crates_io() -> Option<String> {
    let source = cargo_lock::SourceId::default();
    let (name, index) = source.url().path_segments()?.next_back()?.rsplit_once('-')?;
    let text = format!("sparse+https://{index}.{name}/");
    is_source_of_crates_io(&text).then_some(text)
}
