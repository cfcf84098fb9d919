//! The network.

pub(crate) mod web;
