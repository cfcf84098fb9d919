//! What reports say of a run as long as it has not reached its end: written first, it is what is left where the program is
//! killed or aborts, and no report of an earlier run is taken for one of this.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::discovered::DiscoveredTree;
use super::{Advisories, Knowledge, unjudged};
use crate::model::Failure;
use crate::model::outcome::Database;
use crate::model::verdict::ExitCode;
use crate::model::{Coverage, IndexState, Outcome, Target, Verdict};
use crate::policy::Policy;

/// Why nothing is known, as a lowercase fragment.
pub const REASON: &str = "the run did not reach its end";

/// The way out, as a full instruction.
pub const HINT: &str = "See how the program ended: it was stopped, or ran out of memory or time. Resolve that, and run it again.";

/// The outcome of a run that has only begun: failed, with nothing in it. Of index and policy nothing is known yet.
#[must_use]
pub fn unfinished(now: Timestamp) -> Outcome {
    let judge = Advisories {
        index: None,
        state: IndexState::Missing,
        age_days: None,
        database: Database::default(),
        knowledge: Knowledge::default(),
        place: String::new(),
    };
    let failure = Failure::new(ExitCode::Bug, REASON, HINT);
    unjudged(&judge, &Policy::built_in(), &failure, now)
}

/// The same of trees that are known and not read yet.
#[must_use]
pub fn unread(found: &[&DiscoveredTree], now: Timestamp) -> Outcome {
    let target = |found: &&DiscoveredTree| Target {
        root: found.root.clone(),
        prefix: found.prefix.clone(),
        only: found.only.clone(),
        links: BTreeMap::new(),
        repository: None,
        ref_name: found.head.ref_name.clone(),
        commit: found.head.commit.map(|commit| commit.to_string()),
        dirty: false,
        is_checked_out: found.is_checked_out(),
        is_one_of_several_refs: false,
        coverage: Coverage::new(IndexState::Missing, None),
        verdict: Verdict::Failed,
        files: Vec::new(),
        findings: Vec::new(),
        assessed: Vec::new(),
        own: BTreeSet::new(),
        bill: None,
    };
    Outcome {
        targets: found.iter().map(target).collect(),
        ..unfinished(now)
    }
}
