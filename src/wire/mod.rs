//! Foreign documents exactly as they are: borrowed, lenient about what the program does not need, and without
//! any meaning. What they mean is told by those who import them.

pub mod epss;
pub mod kev;
pub mod osv;
