//! What a registry says of a package: the versions that it has, and what each of them needs.

use jiff::Timestamp;

use super::SharedStr;

/// A version of a package that can be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// As the registry spells it.
    pub version: SharedStr,
    /// When it was published; `None` where the registry does not say.
    pub published: Option<Timestamp>,
    /// Why nobody is to take it any more: withdrawn, or given up by its maintainers. Empty where no reason is given.
    pub retired: Option<Box<str>>,
    /// What it needs to be installed with.
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
