//! What several tests share.

pub(crate) mod browser;
pub(crate) mod forge_server;
pub(crate) mod git_repository;
pub(crate) mod grids;
pub(crate) mod memory_tree;
pub(crate) mod outcomes;
pub(crate) mod program;
pub(crate) mod release_lines;
pub(crate) mod rust_source;
pub(crate) mod server;
pub(crate) mod transcript;
