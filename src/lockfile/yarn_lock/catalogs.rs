//! The catalogs of `.yarnrc.yml`: what `catalog:` and `catalog:NAME` of a manifest stand for, since Yarn 4.10.
//!
//! The workspace's entry in the lockfile has the range as the manifest writes it, and the entry of the package the one that the catalog says. Yarn
//! takes no catalog for what stands in `resolutions`.

use foldhash::HashMap;

use crate::text::tree::Value;
use crate::text::yaml::{self, Bounds};

/// What a range begins with that stands in a catalog.
const PROTOCOL: &str = "catalog:";

/// The ranges that settings have by catalog and package.
#[derive(Debug, Default)]
pub struct Catalogs {
    ranges: HashMap<(String, String), String>,
}

impl Catalogs {
    /// Those of the text of a `.yarnrc.yml`.
    #[must_use]
    pub fn of(settings: &str) -> Self {
        Self::of_root(yaml::read(settings, Bounds::UNTRUSTED).root())
    }

    pub(super) fn of_root(root: Value<'_>) -> Self {
        let mut ranges = HashMap::default();
        let mut add = |catalog: &str, entries: Value<'_>| {
            for (name, said) in entries.entries() {
                if let Some(said) = said.as_text() {
                    ranges.insert((catalog.to_owned(), name.into_owned()), said.into_owned());
                }
            }
        };
        if let Some(entries) = root.get("catalog") {
            add("", entries);
        }
        for (catalog, entries) in root.get("catalogs").into_iter().flat_map(Value::entries) {
            add(&catalog, entries);
        }
        Self { ranges }
    }

    /// What `asked`, a range of `name`, stands for: itself where no catalog is named, and nothing where it is not in the catalog.
    #[must_use]
    pub fn range<'r>(&'r self, name: &str, asked: &'r str) -> Option<&'r str> {
        let Some(catalog) = asked.strip_prefix(PROTOCOL) else {
            return Some(asked);
        };
        let said = self.ranges.get(&(catalog.to_owned(), name.to_owned()));
        said.map(String::as_str)
    }
}

/// A range that stands in a catalog.
#[must_use]
pub fn is_cataloged(asked: &str) -> bool {
    asked.starts_with(PROTOCOL)
}
