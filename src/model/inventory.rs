//! What is locked, without a judgement: the result of `lockkeeper packages`.

use super::coverage::Gap;
use super::outcome::FileState;
use super::{Ecosystem, PackageUrl, Scopes, TreePath};
use crate::text::Position;

/// Every lockfile of every target, by target and path.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The lockfiles.
    pub files: Vec<InventoryFile>,
}

/// One lockfile and its packages.
#[derive(Debug, Clone)]
pub struct InventoryFile {
    /// The PATH as given that it is under.
    pub root: String,
    /// Relative to `root`.
    pub path: TreePath,
    /// The format's name; the file's own for an unsupported one.
    pub format: String,
    /// How far it could be read.
    pub state: FileState,
    /// Its packages, in the order of the file.
    pub packages: Vec<LockedPackage>,
    /// Everything that was wrong with it, and what is not pinned.
    pub problems: Vec<Gap>,
}

/// A package that a lockfile locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// Its ecosystem.
    pub ecosystem: Ecosystem,
    /// The name as written.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// The package URL with the version.
    pub purl: PackageUrl,
    /// Where the version's text is.
    pub place: Position,
    /// A root asks for it by name.
    pub direct: bool,
    /// What it is used for; empty where the format does not record it.
    pub scopes: Scopes,
    /// See [`crate::model::Source::as_str`].
    pub source: &'static str,
    /// What says the version, where no file of the tree does.
    pub version_from: Option<String>,
    /// Own modules that use it, where it is in another module's file.
    pub used_by: Vec<String>,
}
