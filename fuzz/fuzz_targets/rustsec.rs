//! Any bytes as an advisory of RustSec, as a list of exploited vulnerabilities and as scores: no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::advisory::import::{epss, kev, rustsec};

fuzz_target!(|data: &[u8]| {
    let _ = rustsec::read(data, "fuzz.md");
    let _ = kev::read(data);
    let _ = epss::read(data);
});
