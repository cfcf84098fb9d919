//! Which exceptions of a policy did something in a run.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Policy;
use super::exception::{Exception, ExceptionEffect, ExceptionMatch};
use super::subject::day;
use crate::text::Position;

/// What is odd about an exception, at its place in the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The exception's number in the policy, from 0.
    pub exception: usize,
    /// Its last day is over, and findings of this run would need it; else nothing here does.
    pub is_missed: bool,
    /// Where the exception is in the file; `None` for one of the command line.
    pub position: Option<Position>,
    /// What is odd, as a lowercase fragment that names the id.
    pub message: String,
    /// What to do, as a full instruction.
    pub hint: String,
}

impl Policy {
    /// The exceptions that covered no finding, and those whose last day is over, in the order of the policy. `met` is what
    /// [`Policy::decide`] gave for every finding of every target.
    #[must_use]
    pub fn unused<'m>(
        &self,
        met: impl IntoIterator<Item = &'m ExceptionMatch>,
        now: Timestamp,
    ) -> Vec<Remark> {
        let exceptions = self.exceptions.list();
        let mut hows: Vec<BTreeSet<ExceptionEffect>> = vec![BTreeSet::new(); exceptions.len()];
        for met in met {
            if let Some(hows) = hows.get_mut(met.exception) {
                hows.insert(met.how);
            }
        }
        let remark = |(number, (exception, hows)): (usize, (&Exception, BTreeSet<ExceptionEffect>))| {
            let is_over = exception.is_over(day(now));
            let is_missed = is_over && hows.contains(&ExceptionEffect::Expired);
            let (message, hint) = match is_over {
                true => expired(exception, &hows),
                false => idle(exception, &hows)?,
            };
            Some(Remark {
                exception: number,
                is_missed,
                position: (!exception.of_run).then_some(exception.place),
                message,
                hint,
            })
        };
        exceptions
            .iter()
            .zip(hows)
            .enumerate()
            .filter_map(remark)
            .collect()
    }
}

fn expired(exception: &Exception, hows: &BTreeSet<ExceptionEffect>) -> (String, String) {
    let Exception { id, expires, .. } = exception;
    match hows.contains(&ExceptionEffect::Expired) {
        true => (
            format!("the exception for {id} expired on {expires}: what it covered counts again"),
            "Fix the vulnerability, or review the reason and set a later `expires`.".into(),
        ),
        false => (
            format!("the exception for {id} expired on {expires}, and nothing here needs it"),
            "Delete it from the policy.".into(),
        ),
    }
}

/// `None` if it covered something.
fn idle(exception: &Exception, hows: &BTreeSet<ExceptionEffect>) -> Option<(String, String)> {
    let id = &exception.id;
    if hows.contains(&ExceptionEffect::Covers) {
        return None;
    }
    let because = |why: &str| format!("the exception for {id} is unused: {why}");
    if exception.of_run && !hows.contains(&ExceptionEffect::Malicious) {
        return Some((
            format!("--ignore {id} is unused: no finding has this id"),
            "Correct the id, or leave it out.".into(),
        ));
    }
    if hows.contains(&ExceptionEffect::Malicious) {
        return Some((
            because("the package is malicious, and no exception accepts that"),
            "Remove the package, and the exception with it.".into(),
        ));
    }
    if hows.contains(&ExceptionEffect::Fixed) {
        return Some((
            because("a fixed version is known, and the exception counts only until then"),
            "Upgrade the package to the fixed version, and delete the exception.".into(),
        ));
    }
    let keys: Vec<&str> = hows
        .iter()
        .filter_map(|how| match how {
            ExceptionEffect::OtherPackage => Some("`package`"),
            ExceptionEffect::OtherPath => Some("`path`"),
            ExceptionEffect::OtherRef => Some("`ref`"),
            ExceptionEffect::Covers
            | ExceptionEffect::Expired
            | ExceptionEffect::Fixed
            | ExceptionEffect::Malicious => None,
        })
        .collect();
    Some(match keys.is_empty() {
        true => (
            because("no finding has this id"),
            "Correct the id, or delete the exception from the policy.".into(),
        ),
        false => (
            because(&format!(
                "findings have this id, but its {} does not match them",
                keys.join(" or ")
            )),
            format!(
                "Correct its {}, or delete the exception from the policy.",
                keys.join(" and ")
            ),
        ),
    })
}
