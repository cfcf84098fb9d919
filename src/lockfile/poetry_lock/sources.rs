//! Where packages of a `poetry.lock` come from.

use super::project::Project;
use super::{Entry, Lock};
use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::lockfile::grammar::simple_repository::Indexes;
use crate::model::{Ecosystem, Package, Place, Source};
use crate::text::tree::Value;

/// `[package.source]`; a package without it comes from the default index.
pub(super) fn source(table: Value<'_>) -> Source {
    let address = table.str("url").unwrap_or_default();
    let shown = without_secrets(&address).into_owned();
    match table.str("type").as_deref() {
        Some("git") => match table.str("resolved_reference").or_else(|| table.str("reference")) {
            Some(commit) => Source::Git(format!("{shown}#{commit}")),
            None => Source::Git(shown),
        },
        Some("directory" | "file") => Source::Path(shown),
        Some("url") => Source::Url(shown),
        Some(_) | None => Source::Registry(Some(shown)),
    }
}

impl Lock<'_> {
    /// The indexes that the lockfile and the project name.
    pub(super) fn indexes(&self, project: Option<&Project>) -> Indexes {
        let mut indexes = Indexes::default();
        for entry in &self.entries {
            if let Some(Source::Registry(Some(index))) = entry.source.map(source) {
                indexes.add(&index);
            }
        }
        for index in project.into_iter().flat_map(|project| &project.indexes) {
            indexes.add(index);
        }
        indexes
    }
}

impl Entry<'_> {
    /// The package of the registry whose archive the source names by its address.
    pub(super) fn archive_of_registry(&self, indexes: &Indexes) -> Option<Package> {
        let table = self.source?;
        let url = table
            .get("url")
            .filter(|_| table.str("type").as_deref() == Some("url"))?;
        let (source, found) = indexes.archive(&url.as_str()?, Some(&self.name))?;
        let is_as_written = found.is_called(&self.name) && found.is_of_version(&self.version);
        let mut package = if is_as_written {
            Package::new(
                Ecosystem::PYPI,
                &*self.name,
                &*self.version,
                Place::here(self.place),
            )
        } else {
            let place = Place::here(url.span_of(found.version.range));
            Package::new(Ecosystem::PYPI, found.name.text, found.version.text, place)
        };
        package.source = source;
        Some(package)
    }
}
