//! One binary for all integration tests; one module a subject.

mod lockfile_format;
mod memory_tree;
mod version_order;
