//! Use case: which release lines are live.

use jiff::Timestamp;

use super::{Input, PolicyRequest, trees};
use crate::config::policy;
use crate::model::Failure;
use crate::scan::columns::{are_there, lines};
use crate::scan::lines::Chosen;

/// Which release lines to list.
#[derive(Debug, Clone, Default)]
pub struct RefsRequest {
    /// What is read.
    pub input: Input,
    /// Comma-separated globs on short names; else the policy chooses.
    pub refs: Option<String>,
    /// Its `lines` count.
    pub policy: PolicyRequest,
}

/// Every ref that could be a release line, in or out, and why.
///
/// # Errors
/// A [`Failure`] of usage outside of git, for a bad glob, or for globs that match nothing.
pub fn refs(request: &RefsRequest, now: Timestamp) -> Result<Chosen, Failure> {
    let found = trees::one(&request.input)?;
    let policy = policy::effective(&found, &request.policy, None)?.policy;
    let choice = trees::choice(request.refs.as_deref(), &policy);
    let (chosen, refs) = lines(&found, &choice, trees::prefer(), now)?;
    if request.refs.is_some() {
        are_there(&chosen, &[], &refs, &choice)?;
    }
    Ok(chosen)
}
