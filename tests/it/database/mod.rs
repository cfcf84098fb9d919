//! The database on disk: built, updated, published.

pub(crate) mod published;
pub(crate) mod published_program;
pub(crate) mod update;
