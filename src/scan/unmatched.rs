//! Packages that no advisory speaks of, since they come from no registry of their ecosystem: partial gaps, one for each
//! kind and file.

use std::collections::{BTreeMap, HashSet};

use super::read::Opened;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::{Ecosystem, Package, Source, TreePath};
use crate::text::Position;
use crate::text::names::listed;

/// So many packages are named in a gap.
const MAX_NAMES: usize = 10;

/// A locked package that is not matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmatched {
    /// The file in which it stands.
    file: TreePath,
    kind: Kind,
    /// Where in the file.
    position: Position,
    /// Its name as written.
    name: String,
    /// Its version as written.
    version: String,
    ecosystem: Ecosystem,
    /// The address that it comes from, as the file writes it.
    address: String,
}

/// Where a package comes from that is not matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Git,
    OtherRegistry,
    Path,
    Url,
}

impl Unmatched {
    /// `package` of `opened`; `None` if advisories speak of it.
    pub(super) fn of(opened: &Opened<'_>, package: &Package) -> Option<Self> {
        let (kind, address) = match &package.source {
            Source::Registry(_) => return None,
            Source::OtherRegistry(address) => (Kind::OtherRegistry, address),
            Source::Git(address) => (Kind::Git, address),
            Source::Path(path) => (Kind::Path, path),
            Source::Url(address) => (Kind::Url, address),
        };
        let (file, position) = opened.position(package.place());
        Some(Self {
            file,
            kind,
            position,
            name: package.name.to_string(),
            version: package.version.to_string(),
            ecosystem: package.ecosystem.clone(),
            address: address.clone(),
        })
    }

    /// The ecosystem whose tool installs it.
    pub(super) fn ecosystem(&self) -> &Ecosystem {
        &self.ecosystem
    }

    /// Its name as written.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its version as written.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The registry or archive that it comes from; `None` for git and folders.
    pub(super) fn address(&self) -> Option<&str> {
        match self.kind {
            Kind::OtherRegistry | Kind::Url => Some(&self.address),
            Kind::Git | Kind::Path => None,
        }
    }
}

impl Kind {
    /// What stands behind `1 package` and `3 packages`.
    fn origin(self) -> (&'static str, &'static str) {
        match self {
            Self::Git => ("from git", "from git"),
            Self::OtherRegistry => ("from another registry", "from other registries"),
            Self::Path => ("from a folder or archive", "from folders or archives"),
            Self::Url => ("from a URL", "from URLs"),
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Git | Self::Path | Self::Url => {
                "Advisories speak of the registry's packages: look up by hand what is known of these, or take releases from the registry."
            }
            Self::OtherRegistry => {
                "Advisories speak of the public registry's packages: name your own packages and their registry under `supply-chain` in the policy, and look up by hand what is known of others."
            }
        }
    }
}

/// One gap for each kind and file of `packages`, at the first of them.
pub(super) fn gaps(mut packages: Vec<&Unmatched>) -> Vec<Gap> {
    // Several files that use one place tell it once each.
    packages.sort_unstable();
    packages.dedup();
    let mut groups: BTreeMap<(&TreePath, Kind), Vec<&Unmatched>> = BTreeMap::new();
    for package in packages {
        groups
            .entry((&package.file, package.kind))
            .or_default()
            .push(package);
    }
    let gap = |((file, kind), packages): ((&TreePath, Kind), Vec<&Unmatched>)| Gap {
        location: Some(Location {
            file: file.clone(),
            position: packages.first().map_or(Position::START, |first| first.position),
        }),
        reason: reason(kind, &packages),
        hint: kind.hint().to_owned(),
    };
    groups.into_iter().map(gap).collect()
}

/// `3 packages from git were not checked: a, b, c`. A package counts once, however often its file lists it.
fn reason(kind: Kind, packages: &[&Unmatched]) -> String {
    let mut distinct: Vec<&Unmatched> = Vec::new();
    let mut seen = HashSet::new();
    for package in packages {
        if seen.insert((
            &package.ecosystem,
            &package.name,
            &package.version,
            package.address(),
        )) {
            distinct.push(package);
        }
    }
    let mut names: Vec<&str> = Vec::new();
    let mut named = HashSet::new();
    for package in &distinct {
        if named.insert(package.name.as_str()) {
            names.push(&package.name);
        }
    }
    let shown = listed(&names, MAX_NAMES);
    match (distinct.len(), kind.origin()) {
        (1, (one, _)) => format!("1 package {one} was not checked: {shown}"),
        (count, (_, many)) => format!("{count} packages {many} were not checked: {shown}"),
    }
}
