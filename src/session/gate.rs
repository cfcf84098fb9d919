//! Use case: may this release go out now?

use super::trees::{self, Trees};
use super::{Failed, Input, PolicyRequest, Session, database};
use crate::config::policy;
use crate::git::listing::Listing;
use crate::git::refs::Candidate;
use crate::git::{Head, ObjectId, Repository};
use crate::model::{Failure, Gate};
use crate::scan::columns::release;
use crate::scan::discover::DiscoveredTree;
use crate::scan::reader::is_wanted;
use crate::scan::{ExitOptions, FILE_LIMIT, Keep, Request, commit, scan, what_to_do};

/// So many branches are looked at for the release.
const MAX_BRANCHES: usize = 200;

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
        let on = head.clone();
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
        let mut gate = what_to_do::gate(outcome, &request.release);
        if !gate.blocking.is_empty() {
            gate.lines = lines(repository, &on, id);
        }
        Ok(gate)
    }
}

/// The branches that the release `commit` with the head `on` is on. A tag is mostly made at a tip, which a clone of one commit
/// knows too.
fn lines(repository: &Repository, on: &Head, commit: ObjectId) -> Vec<String> {
    if let Some(name) = on
        .ref_name
        .as_ref()
        .filter(|name| name.starts_with("refs/heads/"))
    {
        return vec![name.clone()];
    }
    let refs = repository.refs(trees::prefer()).unwrap_or_default();
    let made = repository.commit_time(commit).ok();
    let mut heads: Vec<Candidate> = refs
        .candidates
        .into_iter()
        .filter(|candidate| candidate.name.starts_with("refs/heads/"))
        // A branch that is older than the commit does not contain it.
        .filter(|candidate| made.is_none_or(|made| candidate.committed >= made))
        .collect();
    heads.sort_by_key(|candidate| candidate.committed);
    heads
        .into_iter()
        .take(MAX_BRANCHES)
        .filter(|candidate| {
            candidate.commit == commit || repository.is_ancestor(commit, candidate.commit).unwrap_or(false)
        })
        .map(|candidate| candidate.name)
        .collect()
}
