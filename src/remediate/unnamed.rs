//! Findings of which no advisory names a fixed version, and which all the same affect no version after some last one.
//!
//! `last_affected` of OSV says that, and so does a list of versions. Whether there is a later version is known to the registry
//! alone, so that any version is wished first that nothing affects. Of what that does not help, no version is the fix.

use crate::model::Finding;
use crate::plan::{Blocked, Plan};
use crate::remediation::Kind;

/// The version of `finding` may be followed by one that nothing affects.
pub(super) fn is_unnamed(finding: &Finding) -> bool {
    Kind::of(finding) == Kind::NoFix && finding.ends
}

/// What stays of such findings in a plan that wishes another version for each.
pub(super) struct Stuck<'p> {
    blocked: Vec<&'p Blocked>,
}

impl<'p> Stuck<'p> {
    /// `None` where nothing stays.
    pub(super) fn of(plan: &'p Plan, findings: &[&Finding]) -> Option<Self> {
        let mut stuck = Self { blocked: Vec::new() };
        for blocked in &plan.blocked {
            let mut unnamed = findings.iter().filter(|finding| is_unnamed(finding));
            if unnamed.any(|finding| is_about(blocked, finding)) {
                stuck.blocked.push(blocked);
            }
        }
        (!stuck.blocked.is_empty()).then_some(stuck)
    }

    pub(super) fn has(&self, finding: &Finding) -> bool {
        self.blocked.iter().any(|blocked| is_about(blocked, finding))
    }

    /// Has what stays in `plan`, which does without another version of what is stuck, say what was in the way of one, where `counts`.
    pub(super) fn explain(&self, plan: &mut [Blocked], counts: impl Fn(&Blocked) -> bool) {
        for blocked in plan {
            let is_same = |one: &&&Blocked| {
                (&one.name, &one.version) == (&blocked.name, &blocked.version)
                    && blocked.fixes.iter().all(|id| one.fixes.contains(id))
                    && counts(one)
            };
            if let Some(same) = self.blocked.iter().find(is_same) {
                blocked.by.clone_from(&same.by);
                blocked.reason.clone_from(&same.reason);
            }
        }
    }
}

fn is_about(blocked: &Blocked, finding: &Finding) -> bool {
    *blocked.name == *finding.name
        && *blocked.version == *finding.version
        && blocked.fixes.contains(&finding.advisory.id)
}
