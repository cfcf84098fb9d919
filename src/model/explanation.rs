//! Why a finding is there and why it was decided so: the result of `lockkeeper explain`.

use super::advisory::{Advisory, Texts};
use super::{Finding, Gap};

/// One advisory, or one package's, with its findings in the scanned tree.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What it is about; `None` where a package was asked for without advisories.
    pub advisory: Option<Advisory>,
    /// The advisory's long texts, if the index has them.
    pub texts: Texts,
    /// The findings in the tree; empty where it has none.
    pub findings: Vec<Finding>,
    /// What could not be checked: it may be affected too.
    pub unjudged: Vec<Gap>,
    /// The rules that were asked, in their order, for all findings.
    pub decisions: Vec<Ruling>,
    /// What would change the verdict, each a full instruction.
    pub would_change: Vec<String>,
    /// The part of a policy that accepts the findings until a day, in YAML; empty where nothing is to be accepted.
    pub exception: String,
}

/// What one rule decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The rule's name.
    pub rule: String,
    /// Whether it decided.
    pub matched: Matched,
    /// Why or why not, as a lowercase fragment.
    pub why: String,
}

/// Whether a rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// It did.
    Yes,
    /// It did not apply, or an earlier one had decided.
    No,
}
