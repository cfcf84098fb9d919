//! The payload of a workflow's event: no panic, and an event that is no pull request has no base by itself.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/event.rs"]
mod body;

fuzz_target!(|bytes: &[u8]| body::run(bytes));
