//! The packages that a `Cargo.lock` of version 3 or 4 locks, for those who plan changes.

use std::collections::BTreeSet;

use super::entry::{Entry, entries};
use super::references::{Index, Reference};
use crate::lockfile::Parsed;
use crate::model::SharedStr;
use crate::text::toml;
use crate::text::tree::Value;

/// Which package an entry locks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrateId {
    /// The crate's name.
    pub name: SharedStr,
    /// The locked version.
    pub version: SharedStr,
    /// Where it comes from, as the file writes it; `None` for one's own and for folders.
    pub source: Option<SharedStr>,
}

impl CrateId {
    /// The entry's place in a plan: `name version (source)`.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.source {
            Some(source) => format!("{self} ({source})"),
            None => self.to_string(),
        }
    }

    /// It comes from a registry.
    #[must_use]
    pub fn is_of_registry(&self) -> bool {
        let source = self.source.as_deref().unwrap_or_default();
        source.starts_with("registry+") || source.starts_with("sparse+")
    }
}

impl std::fmt::Display for CrateId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}

/// A package of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedCrate {
    /// Which one.
    pub id: CrateId,
    /// SHA-256 of its archive, if the file says.
    pub checksum: Option<String>,
    /// What it needs.
    pub needs: BTreeSet<CrateId>,
}

/// What a file locks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockedCrates {
    /// In the order of the file.
    pub crates: Vec<LockedCrate>,
    /// The names of patches that nothing uses.
    pub unused: BTreeSet<String>,
}

const DAMAGED: &str = "The lockfile is damaged.";

/// Reads the lockfile `text`.
///
/// # Errors
/// Why nothing can be planned with it, as a sentence.
pub fn locked(text: &str) -> Result<LockedCrates, String> {
    let document = toml::read(text);
    if !document.problems.is_empty() {
        return Err(DAMAGED.to_owned());
    }
    match document.root().get("version").and_then(Value::as_u64) {
        Some(3 | 4) => {}
        Some(1 | 2) | None => {
            return Err(
                "The lockfile has the form of an old Cargo: run `cargo update --workspace` with a later one first."
                    .to_owned(),
            );
        }
        Some(_) => return Err("The lockfile has a form that is newer than what is known here.".to_owned()),
    }
    let mut parsed = Parsed::default();
    let (entries, _) = entries(text, &document, &mut parsed);
    if !parsed.problems.is_empty() || document.root().get("root").is_some() {
        return Err(DAMAGED.to_owned());
    }
    let patch = document.root().get("patch").and_then(|patch| patch.get("unused"));
    let unused = patch.into_iter().flat_map(Value::items);
    let mut index = Index::of(&entries);
    let mut crates = Vec::with_capacity(entries.len());
    for entry in &entries {
        if entry.replace().is_some() {
            return Err(
                "`[replace]` in Cargo.toml decides about packages: use `[patch]` instead.".to_owned(),
            );
        }
        let mut needs = BTreeSet::new();
        for value in entry.dependencies() {
            let found = value.as_str().and_then(|text| index.find(&Reference::of(&text)));
            let Some(found) = found.and_then(|number| entries.get(number)) else {
                return Err(format!("The lockfile lacks what {} needs.", entry.name()));
            };
            needs.insert(id(found));
        }
        crates.push(LockedCrate {
            id: id(entry),
            checksum: entry.checksum.map(|span| span.of(text).to_owned()),
            needs,
        });
    }
    let ids: BTreeSet<&CrateId> = crates.iter().map(|one| &one.id).collect();
    if ids.len() < crates.len() {
        return Err(DAMAGED.to_owned());
    }
    Ok(LockedCrates {
        crates,
        unused: unused
            .filter_map(|entry| Some(entry.str("name")?.into_owned()))
            .collect(),
    })
}

fn id(entry: &Entry<'_>) -> CrateId {
    CrateId {
        name: entry.name().as_ref().into(),
        version: entry.version().as_ref().into(),
        source: entry.source().map(|(source, _)| source.as_ref().into()),
    }
}
