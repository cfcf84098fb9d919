//! Where packages of a `poetry.lock` come from.

use super::{Entry, Lock};
use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::lockfile::grammar::simple_repository::Indexes;
use crate::model::{Package, Source, Tree, TreePath};
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
    /// The indexes that the lockfile names, and those of settings in `folder` and above it; looked for only where archives at
    /// addresses are among the packages.
    pub(super) fn indexes(&self, folder: &TreePath, tree: &dyn Tree) -> Indexes {
        let mut indexes = Indexes::default();
        let sources = || self.entries.iter().filter_map(|entry| entry.source.map(source));
        if !sources().any(|source| matches!(source, Source::Url(_))) {
            return indexes;
        }
        for source in sources() {
            if let Source::Registry(Some(index)) = source {
                indexes.add(&index);
            }
        }
        indexes.add_named(folder, tree);
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
        indexes.package(url, &self.name, &self.version, self.place)
    }
}
