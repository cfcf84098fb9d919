//! Importers: what the documents of each kind of source mean. One file a kind.
//!
//! An importer never stops at a bad record: it says why it refused it, and the next one is read.

pub mod epss;
pub mod events;
pub mod kev;
pub mod osv;
pub mod packages;
pub mod rustsec;

use jiff::Timestamp;

use super::record::Record;
use crate::model::Ecosystem;

/// What became of one document.
#[derive(Debug, Clone, PartialEq)]
pub enum Imported {
    /// A record to keep.
    Record(Box<Record>, Noted),
    /// The database withdrew it.
    Withdrawn {
        /// The record's id.
        id: String,
        /// When the record was last changed.
        modified: Option<Timestamp>,
    },
    /// Not about packages of a registry, on purpose: RustSec's drafts and its advisories on the toolchain.
    Skipped,
    /// It cannot be read.
    Rejected(Rejected),
}

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct Rejected {
    /// The record's id, else the name of its file.
    pub name: String,
    /// Why, as a lowercase fragment.
    pub reason: String,
    /// The packages that it names, as far as it can be read.
    pub packages: Vec<(Ecosystem, String)>,
}

/// What an importer noticed in a record that it kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noted {
    /// Ranges of commits, which say nothing of versions.
    pub git_ranges: u64,
    /// Events that the ecosystem's order cannot read.
    pub unorderable_events: u64,
    /// Severities that are not valid.
    pub bad_severities: u64,
}
