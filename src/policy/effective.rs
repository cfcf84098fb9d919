//! The effective rules of a run.

use super::{
    Database, Exception, Exceptions, FailOn, FixSettings, Globs, Lines, Registries, Rule, SupplyChain,
};

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
    /// How findings are fixed.
    pub fix: FixSettings,
    pub(super) fail_on: Option<FailOn>,
}

/// What *partial* gaps cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// They are listed and counted.
    #[default]
    Usual,
    /// They make the verdict incomplete, as blind gaps do.
    Strict,
}

impl Policy {
    /// The built-in rules.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// This policy with the built-in rules replaced by `list`; its own rules and exceptions are asked before. Malicious
    /// packages fail all the same, and findings in Go's standard library warn.
    #[must_use]
    pub fn with_fail_on(mut self, list: FailOn) -> Self {
        self.fail_on = Some(list);
        self
    }

    /// This policy, which also accepts `exceptions` of the command line, after its own.
    #[must_use]
    pub fn accepting(mut self, exceptions: &[Exception]) -> Self {
        let own = self.exceptions.list().iter();
        self.exceptions = Exceptions::new(own.chain(exceptions).cloned().collect());
        self
    }
}
