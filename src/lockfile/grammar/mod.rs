//! Grammars that several formats share, each named after its standard.

pub mod pep508;
pub mod rfc3986;
