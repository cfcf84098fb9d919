//! Where advisories come from: one file for each kind of source. A feed knows the addresses and the layout of
//! its source and hands on bytes; `advisory::import` reads them.
//!
//! Addresses are settings. The constants here are the public defaults, and the only hosts that the program
//! contacts unless settings say otherwise.

pub mod document;
pub mod osv_export;

use crate::sys::web::{Address, WebError};

/// A source did not give what it should.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It could not be fetched.
    #[error(transparent)]
    Web(#[from] WebError),
    /// It was fetched, and is not what it should be.
    #[error("{address}: {source}")]
    Damaged {
        /// Where it came from.
        address: Address,
        /// What is wrong.
        source: FormatError,
    },
}

/// Why bytes are no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// They are no text.
    #[error("is not UTF-8")]
    Utf8,
    /// The line of this number is no entry.
    #[error("line {0} is not a time and an id")]
    Line(usize),
}

impl FeedError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Web(error) => error.hint(),
            Self::Damaged { .. } => "Run it again later, or name another address.",
        }
    }
}
