//! From findings to decisions: which rule speaks of a finding, and what blocks.
//!
//! A policy is read whole or not at all ([`read`]). Malicious packages fail whatever it says; then its exceptions are
//! asked, then its rules, then the built-in ones or the fail-on list in their place: malicious packages, dependency confusion and
//! vulnerabilities fail whatever their severity or scope, every other class warns, and so do findings in Go's standard
//! library, whose directive is a minimum.

mod asks;
pub mod database;
pub mod decide;
pub mod duration;
pub mod exception;
pub mod fail_on;
mod file;
pub mod glob;
pub mod keys;
pub mod lines;
pub mod mistake;
pub mod nearest;
mod reader;
pub mod registry;
pub mod rule;
mod shadow;
pub mod subject;
pub mod supply_chain;
pub mod usage;
mod write;

pub use database::Database;
pub use decide::Ruled;
pub use exception::{Exception, Exceptions, Met};
pub use fail_on::{FailOn, FailOnError};
pub use file::read;
pub use glob::Globs;
pub use lines::Lines;
pub use mistake::Mistake;
pub use registry::Registries;
pub use rule::{Rule, When};
pub use subject::Circumstances;
pub use supply_chain::{Origin, SupplyChain};
pub use usage::Remark;

/// The JSON Schema of a policy's file (draft 2020-12).
pub const JSON_SCHEMA: &str = include_str!("../../data/policy.schema.json");

/// A policy to begin with: what it can say, in comments.
pub const STARTER: &str = include_str!("../../data/policy.starter.yml");

/// The effective rules of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// What its file is called; `None` for the built-in rules.
    pub file: Option<String>,
    /// Its own rules, in the order in which they are asked.
    pub rules: Vec<Rule>,
    /// What is accepted for a while.
    pub exceptions: Exceptions,
    /// Which release lines are live.
    pub lines: Lines,
    /// Paths from the top of the repository that are not looked at.
    pub exclude: Globs,
    /// What gaps cost that are not blind.
    pub coverage: Strictness,
    /// What is asked of the index.
    pub database: Database,
    /// Where packages come from here; for internal ones where [`SupplyChain::registries`] names none.
    pub registries: Registries,
    /// Which packages are one's own.
    pub supply_chain: SupplyChain,
    fail_on: Option<FailOn>,
}

/// What *partial* gaps cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// They are listed and counted.
    #[default]
    Usual,
    /// They make the verdict incomplete, as blind spots do.
    Strict,
}

impl Policy {
    /// The built-in rules.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// This policy with the built-in rules replaced by `list`; its own rules and exceptions are asked before. Malicious
    /// packages fail all the same.
    #[must_use]
    pub fn with_fail_on(mut self, list: FailOn) -> Self {
        self.fail_on = Some(list);
        self
    }
}
