//! Use case: the main job, from paths or release lines to an outcome.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::resolve::Resolver;
use super::trees::{self, Taken, Trees};
use super::{Failed, Input, PolicyRequest, Session, database};
use crate::advisory::Index;
use crate::config::heartbeat;
use crate::config::index::{self, Location};
use crate::config::policy;
use crate::model::advisory::{TextKey, Texts};
use crate::model::outcome::Category;
use crate::model::{Failure, Outcome, Target};
use crate::policy::Policy;
use crate::scan::columns::{self, columns};
use crate::scan::discover::DiscoveredTree;
use crate::scan::{self, ExitOptions, Keep, Request};

/// Long texts are read for at most so many findings; no report prints more than that in full.
const MAX_TEXTS: usize = 5_000;

/// What to scan.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// What is read.
    pub input: Input,
    /// A revision whose merge base the trees are compared with; not with `refs`.
    pub base: Option<String>,
    /// What is staged in git instead of what is on disk; not with `refs`.
    pub staged: bool,
    /// Release lines instead of the work tree: comma-separated globs on short names.
    pub refs: Option<String>,
    /// Parents and BOMs that the trees lack are asked for; not with `refs`.
    pub resolve: bool,
    /// What is kept for reports, besides findings.
    pub keep: Keep,
    /// Which policy decides.
    pub policy: PolicyRequest,
    /// Which exit codes are 0.
    pub exit: ExitOptions,
    /// The name of the scan at code scanning.
    pub category: Option<Category>,
    /// Bills of materials list the findings, too.
    pub vex: bool,
}

/// An outcome with the index that gave it.
pub struct Scanned {
    /// What was found.
    pub outcome: Outcome,
    index: Option<index::FoundDatabase>,
}

impl From<Outcome> for Scanned {
    /// An outcome that no index gave.
    fn from(outcome: Outcome) -> Self {
        Self { outcome, index: None }
    }
}

impl Scanned {
    /// The long texts of the advisories that were found.
    #[must_use]
    pub fn texts(&self) -> HashMap<TextKey, Texts> {
        let index = self.index.as_ref().and_then(|index| index.index.as_ref());
        index.map(|index| texts(index, &self.outcome)).unwrap_or_default()
    }
}

impl Session<'_> {
    /// Scans trees. `begin` is called when they are known, before a file is read.
    ///
    /// # Errors
    /// [`Failed`] with a failure of usage, of a base or ref that cannot be found, or of the feed where a missing index was to be
    /// fetched; or that of `begin`.
    pub fn scan(
        &self,
        request: &ScanRequest,
        begin: impl FnOnce(&[&DiscoveredTree]) -> Result<(), Failure>,
    ) -> Result<Scanned, Failed<Scanned>> {
        self.observer.working("reading lockfiles");
        let scanned = self.scanned(request, begin);
        self.observer.finished();
        scanned.map_err(|failed| failed.or_report(|failure| self.unscanned_report(request, failure)))
    }

    /// How a scan ends that failed before or while it began.
    #[must_use]
    pub fn unscanned(&self, request: &ScanRequest, failure: Failure) -> Failed<Scanned> {
        Failed::from(failure).or_report(|failure| self.unscanned_report(request, failure))
    }

    fn unscanned_report(&self, request: &ScanRequest, failure: &Failure) -> Option<Scanned> {
        let outcome = self.unjudged(failure, &request.input, &request.policy)?;
        Some(Scanned::from(Outcome {
            category: request.category.clone(),
            ..outcome
        }))
    }

    fn scanned(
        &self,
        request: &ScanRequest,
        begin: impl FnOnce(&[&DiscoveredTree]) -> Result<(), Failure>,
    ) -> Result<Scanned, Failed<Scanned>> {
        let trees = match &request.refs {
            None => {
                let taken = if request.staged {
                    Taken::Staged
                } else {
                    Taken::Work
                };
                let base = request.base.as_deref();
                Trees::find(&request.input, taken, base, &request.policy, self.remote)?
            }
            Some(_) => self.of_refs(request)?,
        };
        let resolver = request
            .resolve
            .then(|| self.resolver(trees.policy()))
            .transpose()?;
        let trees = match &resolver {
            Some(resolver) => resolver.over(trees),
            None => trees,
        };
        let found: Vec<&DiscoveredTree> = trees.found().collect();
        begin(&found)?;
        let mut index = database::open(self, &found, &trees.policy())?;
        let scanned = Request {
            judge: index.judge(),
            remarks: trees.remarks.clone(),
            now: self.now,
            exit: request.exit,
            keep: request.keep,
        };
        let mut outcome = scan::scan(&scanned, &trees.scan_trees());
        for note in resolver.iter().flat_map(Resolver::notes) {
            self.observer.warn(&note);
        }
        outcome.category.clone_from(&request.category);
        outcome.vex = request.vex;
        if let Some(failure) = &index.unfetched {
            return Err(database::unfetched(outcome, failure, Scanned::from));
        }
        // Reports ask for a few texts at most.
        if let Some(index) = &mut index.index {
            index.forget();
        }
        if !request.staged {
            beat(self.location, &found, &outcome, self.now);
        }
        Ok(Scanned {
            outcome,
            index: Some(index),
        })
    }

    /// The trees of every ref that the request names, for each path.
    fn of_refs(&self, request: &ScanRequest) -> Result<Trees, Failure> {
        let mut lines = Vec::new();
        let mut remarks = Vec::new();
        let mut policy = Policy::built_in();
        for found in trees::find(&request.input)? {
            self.reach(&found);
            policy = policy::effective(&found, &request.policy, None)?.policy;
            let choice = trees::choice(request.refs.as_deref(), &policy);
            let columns = columns(&found, &choice, trees::prefer(), self.now)?;
            let live: BTreeSet<&str> = columns.chosen.live().map(|line| line.ref_name.as_str()).collect();
            remarks.extend(columns::remarks(&columns.refs, |name| live.contains(name)));
            lines.extend(columns.trees);
        }
        let mut trees = Trees::of(lines, &policy);
        trees.remarks = remarks;
        Ok(trees)
    }
}

/// Records the release lines that were checked in whole.
fn beat(location: &Location, found: &[&DiscoveredTree], outcome: &Outcome, now: Timestamp) {
    let (Some(folder), Some(repository)) = (
        location.cache_folder(),
        found.first().and_then(|found| found.repository.as_ref()),
    ) else {
        return;
    };
    let whole: Vec<&Target> = found
        .iter()
        .zip(&outcome.targets)
        .filter(|(found, target)| found.is_whole() && target.coverage.is_complete())
        .map(|(_, target)| target)
        .collect();
    heartbeat::record(&folder, repository, &whole, now);
}

/// The long texts of the advisories of `outcome`.
#[must_use]
pub fn texts(index: &Index, outcome: &Outcome) -> HashMap<TextKey, Texts> {
    let keys = outcome
        .findings()
        .filter_map(|(_, finding)| finding.advisory.text)
        .take(MAX_TEXTS);
    let mut texts = HashMap::new();
    for key in keys {
        // A damaged text costs its paragraph, not the verdict: what judged was verified block by block.
        if !texts.contains_key(&key)
            && let Ok(text) = index.texts(key)
        {
            texts.insert(key, text);
        }
    }
    texts
}
