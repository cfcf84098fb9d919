//! What forges list of refs and trees: no panic, and nothing is taken that git would not have.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/listing.rs"]
mod body;

fuzz_target!(|bytes: &[u8]| body::run(bytes));
