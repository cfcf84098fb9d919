//! From findings to decisions: which rule decides about a finding, and what blocks.
//!
//! A policy is read whole or not at all ([`read`]). Malicious packages always fail; then its exceptions are
//! asked, then its rules, then the built-in ones or the fail-on list in their place: malicious packages, dependency confusion and
//! vulnerabilities fail whatever their severity or scope, every other class warns, and so do findings in Go's standard
//! library, whose directive is a minimum.

pub mod database;
pub mod decide;
pub mod duration;
mod effective;
pub mod exception;
pub mod fail_on;
mod file;
mod fix;
pub mod glob;
pub mod keys;
pub mod lines;
pub mod mistake;
pub mod nearest;
mod reader;
pub mod registry;
mod required_lists;
pub mod rule;
mod shadow;
pub mod subject;
pub mod supply_chain;
pub mod usage;
mod write;

pub use database::Database;
pub use decide::{GO_DIRECTIVE, NOT_IN_FAIL_ON, Ruled};
pub use effective::{Policy, Strictness};
pub use exception::{Exception, ExceptionMatch, Exceptions};
pub use fail_on::{FailOn, FailOnError};
pub use file::read;
pub use fix::{FixSettings, Grouping, Means};
pub use glob::Globs;
pub use lines::Lines;
pub use mistake::Mistake;
pub use registry::Registries;
pub use rule::{Rule, When};
pub use subject::DecisionContext;
pub use supply_chain::{Origin, SupplyChain};
pub use usage::Remark;

/// The JSON Schema of a policy's file (draft 2020-12).
pub const JSON_SCHEMA: &str = include_str!("../../data/policy.schema.json");

/// A policy to begin with: what can be set, in comments.
pub const STARTER: &str = include_str!("../../data/policy.starter.yml");
