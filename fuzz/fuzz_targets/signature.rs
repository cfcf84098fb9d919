//! Keys and signatures from elsewhere: no panic, and nothing but the right signature is taken.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/signature.rs"]
mod body;

fuzz_target!(|text: &str| body::run(text));
