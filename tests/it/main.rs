//! One binary for all integration tests; one module a subject.

mod version_order;
