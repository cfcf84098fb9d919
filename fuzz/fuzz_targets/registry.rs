//! Answers that no registry gives: no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/registry.rs"]
mod body;

fuzz_target!(|bytes: &[u8]| body::run(bytes));
