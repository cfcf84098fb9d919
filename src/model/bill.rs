//! What lockfiles lock, own modules, and who needs whom: all that a bill of materials says. Kept only where a report asks for it.

use std::sync::Arc;

use super::{Ecosystem, Gap, PackageUrl, Scopes, Source, TreePath};
use crate::text::Position;

/// What the lockfiles of one tree lock.
#[derive(Debug, Clone, Default)]
pub struct Bill {
    /// The lockfiles, in the order of their paths.
    pub files: Vec<Arc<BillFile>>,
    /// What could not be read of them, or has no exact version: it is missing here.
    pub gaps: Vec<Gap>,
}

/// One lockfile, as a graph.
#[derive(Debug, Clone)]
pub struct BillFile {
    /// Relative to the target's root.
    pub path: TreePath,
    /// Packages and own modules.
    pub nodes: Vec<BillNode>,
    /// The numbers of the nodes of which the first needs the second.
    pub edges: Vec<(usize, usize)>,
}

/// A node of a lockfile's graph.
#[derive(Debug, Clone)]
pub enum BillNode {
    /// A locked package.
    Package(BillPackage),
    /// A module of our own.
    Own {
        /// Its name; empty if the format gives none.
        name: String,
        /// Its version; empty if the format gives none.
        version: String,
        /// Paths start here.
        is_root: bool,
    },
}

/// A locked package.
#[derive(Debug, Clone)]
pub struct BillPackage {
    /// Its ecosystem.
    pub ecosystem: Ecosystem,
    /// The name as written.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// The package URL; `None` if none tells this package from the one of its name in the registry.
    pub purl: Option<PackageUrl>,
    /// Where it comes from, without secrets.
    pub source: Source,
    /// What it is used for; empty where the format does not say.
    pub scopes: Scopes,
    /// An own module asks for it by name.
    pub direct: bool,
    /// The file in which its version stands.
    pub file: TreePath,
    /// Where in it.
    pub place: Position,
    /// The digests that the lockfile has of what a registry serves.
    pub digests: Vec<Digest>,
}

/// A digest of an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Lower-case hexadecimal digits.
    pub hex: String,
    /// What it is of.
    pub of: DigestOf,
}

/// What a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestOf {
    /// The one archive of the version.
    Archive,
    /// One of several archives of the version.
    OneOfSeveral,
}

/// The algorithm of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// `md5`, `sha1`, `sha256`, `sha384`, `sha512`, as lockfiles write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The length of its digests in bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}
