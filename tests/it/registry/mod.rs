//! What registries say, over real HTTP on this machine.

pub(crate) mod contract;
pub(crate) mod npm;
pub(crate) mod npm_config;
mod parts;
mod pip_config;
mod pypi;
