//! A `.gitattributes` that nobody wrote: no panic, and the last line counts.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/attributes.rs"]
mod body;

fuzz_target!(|bytes: &[u8]| body::run(bytes));
