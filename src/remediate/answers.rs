//! What registries answered for one lockfile, as planners ask for it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Part, Query, Release, SharedStr};
use crate::plan::{Known, Releases};
use crate::registry::Answer;

/// The registries' answers for one lockfile.
#[derive(Default)]
pub(super) struct Answers {
    versions: HashMap<SharedStr, Result<Arc<Answer>, String>>,
    metadata: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
    archives: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
    times: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
    proofs: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
}

impl Answers {
    pub(super) fn put(&mut self, query: Query, answer: Result<Arc<Answer>, String>) {
        match query.part {
            Part::Versions => self.versions.insert(query.package, answer),
            Part::Metadata(version) => {
                let of_package = self.metadata.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
            Part::Archive(version) => {
                let of_package = self.archives.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
            Part::Time(version) => {
                let of_package = self.times.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
            Part::Proof(version) => {
                let of_package = self.proofs.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
        };
    }
}

/// What `answer` says of the one version that was asked for.
fn one(answer: Option<&Result<Arc<Answer>, String>>) -> Known<'_, Release> {
    match answer {
        None => Known::NotAsked,
        Some(Err(reason)) => Known::Failed(reason),
        Some(Ok(answer)) => match answer.releases.first() {
            Some(release) => Known::Answer(release),
            None => Known::Failed("the registry does not have it"),
        },
    }
}

impl Releases for Answers {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match self.versions.get(name) {
            None => Known::NotAsked,
            Some(Ok(answer)) => Known::Answer(&answer.releases),
            Some(Err(reason)) => Known::Failed(reason),
        }
    }

    fn metadata(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .metadata
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }

    fn archive(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .archives
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }

    fn time(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .times
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }

    fn proof(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .proofs
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }
}
