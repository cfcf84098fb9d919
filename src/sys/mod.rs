//! The only place that touches the world: files, the network, the clock, the environment, random numbers, and package managers
//! where a person asks for their judgement.
#![expect(
    clippy::disallowed_methods,
    reason = "everything above reaches the world through here"
)]

pub mod clock;
pub mod environment;
pub mod file;
pub mod interrupt;
pub mod lock;
pub mod positional;
pub mod program;
pub mod random;
pub mod web;
