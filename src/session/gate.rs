//! Use case: may this release go out now?

use super::trees::{self, Trees};
use super::{Failed, Input, PolicyRequest, Session, database};
use crate::config::policy;
use crate::git::listing::Listing;
use crate::model::{Failure, Gate};
use crate::scan::columns::release;
use crate::scan::discover::DiscoveredTree;
use crate::scan::reader::is_wanted;
use crate::scan::{ExitOptions, FILE_LIMIT, Keep, Request, commit, scan, what_to_do};

/// Which release to judge.
#[derive(Debug, Clone, Default)]
pub struct GateRequest {
    /// What is read.
    pub input: Input,
    /// A branch, a tag, or any revision of git.
    pub release: String,
    /// Which policy decides.
    pub policy: PolicyRequest,
    /// Which exit codes are 0.
    pub exit: ExitOptions,
}

impl Session<'_> {
    /// Judges a release.
    ///
    /// # Errors
    /// [`Failed`] with a failure of usage outside of git, of incompleteness for a release that the clone lacks.
    pub fn gate(&self, request: &GateRequest) -> Result<Gate, Failed<Gate>> {
        self.observer.working("reading lockfiles");
        let judged = self.judged(request);
        self.observer.finished();
        judged.map_err(|failed| {
            failed.or_report(|failure| {
                let outcome = self.unjudged(failure, &request.input, &request.policy)?;
                Some(what_to_do::gate(outcome, &request.release))
            })
        })
    }

    fn judged(&self, request: &GateRequest) -> Result<Gate, Failed<Gate>> {
        let found = trees::one(&request.input)?;
        self.reach(&found);
        let mut effective = policy::effective(&found, &request.policy, None)?;
        let (head, id, odd) = release(&found, &request.release, trees::prefer())?;
        effective.remarks.extend(odd);
        let Some(repository) = &found.repository else {
            let failure = Failure::usage("this is no git repository", "Give a folder of one.");
            return Err(failure.into());
        };
        let listing = Listing::new(repository, &is_wanted);
        let line = commit::of(&found, head, id, &listing, FILE_LIMIT).map_err(Failure::from)?;
        let judged = Trees::of(vec![line], &effective.policy);
        let found: Vec<&DiscoveredTree> = judged.found().collect();
        let opened = database::open(self, &found, &effective.policy)?;
        let scanned = Request {
            judge: opened.judge(),
            remarks: effective.remarks,
            now: self.now,
            exit: request.exit,
            keep: Keep::Findings,
        };
        let outcome = scan(&scanned, &judged.scan_trees());
        if let Some(failure) = &opened.unfetched {
            let gate = |outcome| what_to_do::gate(outcome, &request.release);
            return Err(database::unfetched(outcome, failure, gate));
        }
        Ok(what_to_do::gate(outcome, &request.release))
    }
}
