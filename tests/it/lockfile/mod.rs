//! Readers of lockfiles.

pub(crate) mod bundler;
pub(crate) mod cargo_lock;
pub(crate) mod composer_native;
pub(crate) mod ends;
pub(crate) mod every_prefix;
pub(crate) mod first_format;
pub(crate) mod format;
pub(crate) mod go_native;
pub(crate) mod go_workspaces;
pub(crate) mod maven_builds;
pub(crate) mod maven_expressions;
pub(crate) mod maven_modules;
pub(crate) mod maven_native;
pub(crate) mod maven_started_elsewhere;
pub(crate) mod mutated;
pub(crate) mod npm_native;
pub(crate) mod npm_version_1;
pub(crate) mod pdm_listings;
pub(crate) mod pylock_listings;
pub(crate) mod python_archives;
pub(crate) mod python_listings;
pub(crate) mod python_whole_files;
pub(crate) mod requirements_includes;
pub(crate) mod requirements_table;
pub(crate) mod yarn_lock;
pub(crate) mod yarn_native;
