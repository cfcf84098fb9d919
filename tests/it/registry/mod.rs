//! What registries say, over real HTTP on this machine.

mod bundler_config;
mod cargo_config;
pub(crate) mod contract;
mod git_refs;
mod go;
mod go_config;
pub(crate) mod maven;
mod maven_config;
pub(crate) mod npm;
pub(crate) mod npm_config;
mod packagist;
mod parts;
mod pip_config;
mod pypi;
mod rubygems;
