//! Grammars that several formats share, each named after its standard or after what it says.

pub mod bill;
pub mod conda;
pub mod digest;
pub mod distribution;
pub mod gradle_build;
pub mod index_settings;
pub mod lock_version;
pub mod marker;
pub mod npm_archive;
pub mod npm_scopes;
pub mod npm_upgrades;
pub mod npm_workspaces;
pub mod opam;
pub mod pep508;
pub mod pyproject;
pub mod rfc3986;
pub mod selection;
pub mod simple_repository;
pub mod terms;
pub mod yaml_document;
