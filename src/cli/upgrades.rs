//! The flags that say how far upgrades may go, as a request.

use std::path::PathBuf;

use super::arguments::{Level, Prover, Upgrades};
use crate::config::policy::PolicyRequest;
use crate::plan::Manifests;
use crate::session::{Edits, FixLimits, FixRequest, Input, Verify};
use crate::version::Distance;

/// What to fix, and how far; `policy` decides.
#[must_use]
pub fn request(paths: &[PathBuf], upgrades: &Upgrades, policy: PolicyRequest, edits: Edits) -> FixRequest {
    FixRequest {
        input: Input::of(paths.iter().cloned()),
        policy,
        resolve: upgrades.resolve,
        limits: FixLimits {
            level: upgrades.level.map(|level| match level {
                Level::Patch => Distance::Patch,
                Level::Minor => Distance::Minor,
                Level::Major => Distance::Major,
            }),
            manifests: upgrades.keep_manifests.then_some(Manifests::Keep),
            only: upgrades.only.clone(),
            for_pull_request: false,
            is_only_derived: false,
        },
        verify: match upgrades.verify {
            Some(Prover::Native) => Verify::Native,
            None => Verify::Here,
        },
        edits,
    }
}
