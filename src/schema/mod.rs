//! Foreign documents exactly as they are: borrowed, lenient about what the program does not need, and without
//! any meaning. What they mean is for `advisory::import` to say.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod compact_index;
pub mod core_metadata;
pub mod epss;
pub mod kev;
pub mod maven_metadata;
pub mod osv;
pub mod simple_index;
