//! The network, and programs that are started.

mod program;
pub(crate) mod web;
