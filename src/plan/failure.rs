//! Why a step of a plan is not possible.

use std::collections::BTreeSet;

use super::{Constraint, Known, Releases};
use crate::model::{Query, Release};

/// Why a step is not possible.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// This has to be known first.
    Ask(BTreeSet<Query>),
    /// Something is in the way.
    Blocked {
        /// What.
        by: Vec<Constraint>,
        /// Why, as a sentence.
        reason: String,
    },
}

impl Failure {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Blocked {
            by: Vec::new(),
            reason: reason.into(),
        }
    }

    pub(super) fn ask(query: Query) -> Self {
        Self::Ask(BTreeSet::from([query]))
    }

    /// Keeps what is to be asked in `asked`, and gives any other failure.
    pub(super) fn or_ask(self, asked: &mut BTreeSet<Query>) -> Result<(), Self> {
        match self {
            Self::Ask(queries) => {
                asked.extend(queries);
                Ok(())
            }
            blocked @ Self::Blocked { .. } => Err(blocked),
        }
    }
}

/// Every version of the package `name`.
pub(super) fn versions<'r>(releases: &'r dyn Releases, name: &str) -> Result<&'r [Release], Failure> {
    match releases.versions(name) {
        Known::Answer(releases) => Ok(releases),
        Known::NotAsked => Err(Failure::ask(Query::versions(name))),
        Known::Failed(reason) => Err(Failure::because(format!(
            "What versions {name} has could not be learnt: {reason}."
        ))),
    }
}
