//! What is known about the locked packages that advisories name, affected or not.

use std::sync::Arc;

use super::finding::Match;
use super::{Ecosystem, IndexKey, SharedStr, TreePath};
use crate::text::Position;

/// A locked package that advisories name, at one location, with the assessment of each of these advisories.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// The package's ecosystem.
    pub ecosystem: Ecosystem,
    /// Its name in the spelling of the advisories.
    pub name: SharedStr,
    /// The version as written.
    pub version: SharedStr,
    /// The lockfile, relative to the target's root.
    pub file: TreePath,
    /// Where the version stands in it.
    pub position: Position,
    /// One for each group of advisories of the package; shared by all locations of the version.
    pub groups: Arc<[(IndexKey, Assessment)]>,
}

/// What a group of advisories says about a locked version.
#[derive(Debug, Clone)]
pub enum Assessment {
    /// An advisory affects it: findings are made of this.
    Affected(Arc<Match>),
    /// None affects it, and it is at or above a fixed version.
    Fixed,
    /// None affects it, and it is below or between the affected ranges.
    NotAffected,
    /// A range could not be evaluated; why, as a fragment that names package and version.
    Undecided(SharedStr),
}
