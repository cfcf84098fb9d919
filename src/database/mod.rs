//! The index as a whole: building it from files, and bringing it up to date over the web.

pub mod update;
