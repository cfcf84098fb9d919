//! Use case: what is locked.

use super::{Input, PolicyRequest, trees};
use crate::config::policy;
use crate::model::Failure;
use crate::model::inventory::Inventory;
use crate::scan::inventory;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct PackagesRequest {
    /// What is read.
    pub input: Input,
    /// Its `exclude` counts.
    pub policy: PolicyRequest,
}

/// The locked packages of every lockfile.
///
/// # Errors
/// A [`Failure`] of usage for a path that is not there, an unknown format or a policy with mistakes.
pub fn packages(request: &PackagesRequest) -> Result<Inventory, Failure> {
    let mut found = trees::find(&request.input)?;
    for found in &mut found {
        let policy = policy::effective(found, &request.policy, None)?.policy;
        found.exclude(&policy.exclude);
    }
    Ok(inventory::inventory(&found))
}
