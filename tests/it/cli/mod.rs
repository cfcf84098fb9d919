//! The command line.

pub(crate) mod backport;
mod carry;
pub(crate) mod common_flags;
pub(crate) mod dead_ends;
pub(crate) mod exit_codes;
pub(crate) mod failing_well;
mod first_look;
pub(crate) mod fix;
mod fix_actions;
pub(crate) mod fix_cargo;
mod fix_go;
mod fix_maven;
mod fix_npm;
mod fix_npm_overrides;
mod fix_partly;
mod fix_python;
mod fix_python_locks;
mod fix_recorded;
mod fix_shared;
mod fix_unnamed;
pub(crate) mod manual;
pub(crate) mod named_database;
pub(crate) mod own_advisory;
pub(crate) mod package_urls;
mod resolve_maven;
mod transcripts;
mod true_answers;
