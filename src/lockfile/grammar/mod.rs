//! Grammars that several formats share, each named after its standard.

pub mod distribution;
pub mod pep508;
pub mod rfc3986;
pub mod simple_repository;
