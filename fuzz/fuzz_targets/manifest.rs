//! The list of published databases: no panic, and what is read is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/manifest.rs"]
mod body;

fuzz_target!(|bytes: &[u8]| body::run(bytes));
