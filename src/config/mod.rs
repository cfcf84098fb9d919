//! Settings from flags, environment and defaults: flag > environment > default.

pub mod forge;
pub mod heartbeat;
pub mod index;
pub mod policy;
pub mod tracked;
pub mod trust;
