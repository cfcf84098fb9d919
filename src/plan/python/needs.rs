//! What versions need, from their metadata.

use std::collections::BTreeSet;

use super::Need;
use crate::ecosystem::normalise;
use crate::lockfile::grammar::pep508;
use crate::model::Ecosystem;
use crate::schema::core_metadata::CoreMetadata;

/// What `metadata` says that its version needs.
///
/// # Errors
/// A requirement that cannot be read.
pub(super) fn needs(metadata: &CoreMetadata<'_>) -> Result<Vec<Need>, String> {
    let mut needs = Vec::new();
    for text in &metadata.requires_dist {
        let read = pep508::read(text).map_err(|_| text.chars().take(100).collect::<String>())?;
        let extras = read.extras.iter().map(|extra| normal(extra.of(text)));
        needs.push(Need {
            name: normal(read.name.of(text)),
            extras: extras.collect(),
            range: read.range(text),
            marker: read.marker.map_or("", |marker| marker.of(text)).to_owned(),
            is_located: read.address.is_some(),
        });
    }
    Ok(needs)
}

/// The extras that `metadata` offers.
pub(super) fn extras(metadata: &CoreMetadata<'_>) -> BTreeSet<String> {
    metadata
        .provides_extra
        .iter()
        .map(|extra| normal(extra))
        .collect()
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}
