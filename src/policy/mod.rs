//! From findings to decisions: which rule speaks of a finding, and what blocks.
//!
//! The built-in rules come last: malicious packages and vulnerabilities fail whatever their severity or scope,
//! every other class warns, and so do findings in Go's standard library, whose directive is a minimum.

pub mod fail_on;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub use fail_on::{FailOn, FailOnError};

use crate::model::explanation::{Matched, Ruling};
use crate::model::{Class, Decision, Ecosystem, Finding};

/// The effective rules of a run.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    fail_on: Option<FailOn>,
}

impl Policy {
    /// The built-in rules.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// These rules with the built-in ones replaced by `list`. Malicious packages fail all the same.
    #[must_use]
    pub fn with_fail_on(mut self, list: FailOn) -> Self {
        self.fail_on = Some(list);
        self
    }

    /// `sha256:…` over the effective rules in their canonical spelling.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut rules = String::from("lockkeeper.policy/1\n");
        match &self.fail_on {
            None => rules.push_str("built-in\n"),
            Some(list) => {
                let _ = writeln!(rules, "fail-on: {list}");
            }
        }
        let mut digest = String::from("sha256:");
        for byte in Sha256::digest(rules.as_bytes()) {
            let _ = write!(digest, "{byte:02x}");
        }
        digest
    }

    /// What the first rule that matches makes of `finding`, and the rule's name.
    #[must_use]
    pub fn decide(&self, finding: &Finding) -> (Decision, String) {
        let decided = self
            .rules(finding)
            .into_iter()
            .find(|rule| rule.ruling.matched == Matched::Yes);
        // The last rule matches everything.
        decided.map_or((Decision::Fail, String::new()), |rule| {
            (rule.decision, rule.ruling.rule)
        })
    }

    /// What each rule says of `finding`, in the order in which they are asked.
    #[must_use]
    pub fn rulings(&self, finding: &Finding) -> Vec<Ruling> {
        let mut decided = false;
        let rules = self.rules(finding).into_iter().map(|Rule { mut ruling, .. }| {
            if decided && ruling.matched == Matched::Yes {
                ruling.matched = Matched::No;
                ruling.why = "an earlier rule has decided".into();
            }
            decided |= ruling.matched == Matched::Yes;
            ruling
        });
        rules.collect()
    }

    fn rules(&self, finding: &Finding) -> Vec<Rule> {
        let class = finding.advisory.class;
        let malicious = rule(
            Decision::Fail,
            "built-in: malicious",
            class == Class::Malicious,
            || format!("the class is {class}"),
        );
        let last: Vec<Rule> = match &self.fail_on {
            Some(list) => vec![
                match list.matches(finding) {
                    Some(word) => rule(Decision::Fail, &format!("fail-on: {word}"), true, || {
                        format!("`{word}` matches")
                    }),
                    None => rule(Decision::Fail, "fail-on", false, || {
                        format!("no word of `{list}` matches")
                    }),
                },
                rule(Decision::Warn, "fail-on: not in the list", true, || {
                    "whatever the list leaves out warns".into()
                }),
            ],
            None => vec![
                rule(
                    Decision::Warn,
                    "built-in: a go directive is a minimum",
                    is_standard_library(finding),
                    || "the standard library is that of the toolchain that builds".into(),
                ),
                rule(
                    Decision::Fail,
                    "built-in: vulnerability",
                    class == Class::Vulnerability,
                    || format!("the class is {class}"),
                ),
                rule(Decision::Warn, &format!("built-in: {class}"), true, || {
                    "every other class warns".into()
                }),
            ],
        };
        std::iter::once(malicious).chain(last).collect()
    }
}

struct Rule {
    decision: Decision,
    ruling: Ruling,
}

fn rule(decision: Decision, name: &str, matches: bool, why: impl FnOnce() -> String) -> Rule {
    let matched = if matches { Matched::Yes } else { Matched::No };
    Rule {
        decision,
        ruling: Ruling {
            rule: name.to_owned(),
            matched,
            why: why(),
        },
    }
}

fn is_standard_library(finding: &Finding) -> bool {
    finding.ecosystem == Ecosystem::GO && finding.name == "stdlib"
}
