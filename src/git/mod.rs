//! Git repositories: `objects` reads them in process and starts no program.

pub mod objects;
