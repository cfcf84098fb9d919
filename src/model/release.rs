//! What a registry is asked about a package, and what it says: the versions that it has, and what each of them needs.

use jiff::Timestamp;

use super::SharedStr;

/// What a registry is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    /// The package.
    pub package: SharedStr,
    /// What of it.
    pub part: Part,
}

impl Query {
    /// Asks for the versions of `package`.
    #[must_use]
    pub fn versions(package: impl Into<SharedStr>) -> Self {
        Self {
            package: package.into(),
            part: Part::Versions,
        }
    }

    /// Asks what `version` of `package` needs.
    #[must_use]
    pub fn metadata(package: impl Into<SharedStr>, version: impl Into<SharedStr>) -> Self {
        Self {
            package: package.into(),
            part: Part::Metadata(version.into()),
        }
    }

    /// Asks for what only the archive of `version` of `package` tells.
    #[must_use]
    pub fn archive(package: impl Into<SharedStr>, version: impl Into<SharedStr>) -> Self {
        Self {
            package: package.into(),
            part: Part::Archive(version.into()),
        }
    }

    /// Asks when `version` of `package` was published.
    #[must_use]
    pub fn time(package: impl Into<SharedStr>, version: impl Into<SharedStr>) -> Self {
        Self {
            package: package.into(),
            part: Part::Time(version.into()),
        }
    }

    /// Asks a public log for the hashes of `version` of `package`.
    #[must_use]
    pub fn proof(package: impl Into<SharedStr>, version: impl Into<SharedStr>) -> Self {
        Self {
            package: package.into(),
            part: Part::Proof(version.into()),
        }
    }
}

/// What of a package is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Its versions; with what each needs, where the registry says it in the same answer.
    Versions,
    /// What this version needs, where the list of versions does not say it.
    Metadata(SharedStr),
    /// What only the archive of this version tells: hashes that are computed from what is in it.
    Archive(SharedStr),
    /// When this version was published, where the list of versions does not say it.
    Time(SharedStr),
    /// What a public log of hashes, which is no registry, says of this version.
    Proof(SharedStr),
}

/// A version of a package that can be installed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Release {
    /// As the registry spells it.
    pub version: SharedStr,
    /// When it was published; `None` where the registry does not say.
    pub published: Option<Timestamp>,
    /// Why nobody is to take it any more: withdrawn, or given up by its maintainers. Empty where no reason is given.
    pub retired: Option<Box<str>>,
    /// What it needs to be installed with; none where that has to be asked for apart ([`Part::Metadata`]).
    pub dependencies: Vec<Requirement>,
    /// What it needs of the toolchain: `node` and `>=18`.
    pub toolchain: Vec<(SharedStr, SharedStr)>,
    /// The registry's own document about this version, from which a lockfile's entry is written: JSON for npm.
    pub document: Box<str>,
}

/// What a package asks of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What the dependent calls it.
    pub name: SharedStr,
    /// The package, where that has another name.
    pub package: Option<SharedStr>,
    /// The versions that it takes, in the ecosystem's language; without the alias in front.
    pub range: SharedStr,
    /// How much it is needed.
    pub kind: RequirementKind,
}

impl Requirement {
    /// The name of the package.
    #[must_use]
    pub fn package(&self) -> &str {
        self.package.as_deref().unwrap_or(&self.name)
    }
}

/// How much a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequirementKind {
    /// Always.
    Runtime,
    /// It may be left out where it cannot be installed.
    Optional,
    /// The dependent's own dependents have to bring it.
    Peer,
    /// The same, and it may be absent; where it is there, it has to be in range.
    OptionalPeer,
    /// Where the dependent itself is developed.
    Dev,
    /// It lies inside the dependent's own archive.
    Bundled,
}
