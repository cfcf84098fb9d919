//! The policy file and its decisions.

pub(crate) mod decisions;
pub(crate) mod file;
pub(crate) mod package_types;
pub(crate) mod shadow;
