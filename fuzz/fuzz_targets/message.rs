//! Messages of commits that nobody made: no panic, and nothing of them is lost.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/message.rs"]
mod body;

fuzz_target!(|bytes: &[u8]| body::run(bytes));
