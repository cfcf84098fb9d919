//! Use case: what is locked.

use super::resolve::Resolver;
use super::{Input, PolicyRequest, trees};
use crate::config::policy;
use crate::model::Failure;
use crate::model::inventory::Inventory;
use crate::registry::Reach;
use crate::scan::inventory;
use crate::sys::environment;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct PackagesRequest {
    /// What is read.
    pub input: Input,
    /// Its `exclude` counts.
    pub policy: PolicyRequest,
    /// Parents and BOMs that the trees lack are asked for, or taken from the cache alone; `None` if they are not.
    pub resolve: Option<Reach>,
}

/// The locked packages of every lockfile; `warn` is called with what a person should know.
///
/// # Errors
/// A [`Failure`] of usage for a path that is not there, an unknown format or a policy with mistakes.
pub fn packages(request: &PackagesRequest, warn: impl Fn(&str)) -> Result<Inventory, Failure> {
    let (mut found, mut resolvers) = (Vec::new(), Vec::new());
    for mut one in trees::find(&request.input)? {
        let policy = policy::effective(&one, &request.policy, None)?.policy;
        one.exclude(&policy.exclude);
        if let Some(reach) = request.resolve {
            let is_offline = reach == Reach::Cache;
            let resolver = Resolver::new(policy, environment::cache_folder(), is_offline)?;
            one.tree = resolver.tree(&one.root, one.tree);
            resolvers.push(resolver);
        }
        found.push(one);
    }
    let inventory = inventory::inventory(&found);
    for note in resolvers.iter().flat_map(Resolver::notes) {
        warn(&note);
    }
    Ok(inventory)
}
