//! One binary for all integration tests; one module a subject.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests read files, the clock and their settings themselves, start other programs, and say what they skip"
)]

mod action;
mod advisory;
mod architecture;
mod carry;
mod cli;
mod database;
mod feed;
mod forge;
mod git;
mod lockfile;
mod plan;
mod policy;
mod project;
mod registry;
mod relock;
mod remediation;
mod report;
mod scan;
mod support;
mod sys;
mod version;
