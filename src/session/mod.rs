//! Use cases as requests: plain data in, an answer or a [`Failure`] out. `cli` makes requests of flags, `action` of inputs and
//! the event; neither reads a tree, a policy or an index by itself.

mod backport;
mod carry;
mod database;
pub mod explain;
mod fix;
mod fix_commits;
mod gate;
mod own_advisory;
mod own_metrics;
mod own_rows;
mod packages;
mod refs;
mod registries;
mod resolve;
mod scan;
mod series;
mod status;
mod trees;
pub mod update;
mod verify;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::config::index::{self, Location};
use crate::config::policy;
use crate::database::update::Event;
use crate::ecosystem::purl::{self, BadPurl};
use crate::git::remote::Remote;
use crate::git::{ObjectId, RemoteError, Repository};
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Outcome, PackageUrl};
use crate::policy::Policy;
use crate::policy::nearest::{meant, nearest};
use crate::scan::discover::DiscoveredTree;
use crate::scan::since::Landing;
use crate::sys::file;
use crate::sys::web::Silence;

pub use crate::config::policy::PolicyRequest;
pub use backport::{BackportRequest, Backports};
pub use carry::{CarryRequest, CarrySource, Carrying, MergedPull, carry, merged};
pub use explain::{ExplainRequest, Explained};
pub use fix::{Edits, FixLimits, FixRequest, Fixes};
pub use gate::GateRequest;
pub use own_advisory::OwnAdvisoryRequest;
pub use packages::{PackagesRequest, packages};
pub use refs::{RefsRequest, refs};
pub use scan::{ScanRequest, Scanned, texts};
pub use series::LineSeries;
pub use status::StatusRequest;
pub use trees::one as found;
pub use verify::Verify;

/// What every use case runs with: the index, the time, and who has what a clone lacks.
#[derive(Clone, Copy)]
pub struct Session<'s> {
    /// Where the index is.
    pub location: &'s Location,
    /// The time now.
    pub now: Timestamp,
    /// The network is not used.
    pub offline: bool,
    /// Is told of warnings and progress.
    pub observer: &'s dyn Observer,
    /// Has what a clone lacks.
    pub remote: Option<&'s RemoteOf>,
    /// The short name of the default branch of `repository`, if it is known.
    pub default_branch: Option<&'s str>,
    /// `OWNER/NAME` of the repository that the run is about; empty if it is not known.
    pub repository: &'s str,
}

/// Shows what happens while a use case runs.
pub trait Observer: Sync {
    /// Shows a warning: a sentence or a fragment, not escaped.
    fn warn(&self, text: &str);
    /// Notes in a log that something that may take long begins or ended: one line, not escaped.
    fn note(&self, text: &str);
    /// Shows a person at a terminal what is done now.
    fn working(&self, text: &str);
    /// Shows how far an update of the index is.
    fn progress(&self, event: &Event<'_>);
    /// What to call from any thread when a server does not answer for a while, with what is waited for.
    fn silence(&self) -> Silence;
    /// Whatever was worked on has ended.
    fn finished(&self);
}

/// A use case that failed.
pub struct Failed<T> {
    /// Why.
    pub failure: Failure,
    /// An answer that says that nothing was checked, for the reports that were asked for; `None` after a mistake of usage.
    pub report: Option<Box<T>>,
}

impl<T> From<Failure> for Failed<T> {
    /// A failure before anything is known that a report could show.
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            report: None,
        }
    }
}

impl<T> Failed<T> {
    /// The same with the report that `report` makes of the failure, where there is none yet.
    fn or_report(self, report: impl FnOnce(&Failure) -> Option<T>) -> Self {
        Self {
            report: self.report.or_else(|| report(&self.failure).map(Box::new)),
            failure: self.failure,
        }
    }
}

/// What is read: folders, lockfiles and repositories, or one lockfile by itself.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// Paths, of which no two lead to the same place; the working directory if there is none.
    pub paths: Vec<PathBuf>,
    /// The name of a lockfile whose bytes are on standard input.
    pub stdin: Option<String>,
    /// A format and the file that is read in it, whatever its name.
    pub as_format: Option<(String, PathBuf)>,
    /// Files that reports of this run go to: a bill of materials is no lockfile of the run that writes it.
    pub reports: Vec<PathBuf>,
}

impl Input {
    /// One path; the working directory if there is none.
    #[must_use]
    pub fn path(path: Option<&Path>) -> Self {
        Self::of(path.into_iter().map(Path::to_path_buf))
    }

    /// These paths; of several that lead to the same place, the first.
    #[must_use]
    pub fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut places = HashSet::new();
        // What is not there is reported where it is read.
        let is_new = |path: &PathBuf| places.insert(file::resolve(path).unwrap_or_else(|_| path.clone()));
        Self {
            paths: paths.into_iter().filter(is_new).collect(),
            ..Self::default()
        }
    }
}

/// The remote of one repository, for what a shallow or partial clone of it lacks.
pub struct RemoteOf {
    /// `OWNER/NAME`.
    pub repository: String,
    /// Gives what the clone lacks.
    pub remote: Arc<dyn Remote>,
    /// The branch that a merge group will land on, if it was requested.
    pub landing: OnceLock<Landing>,
}

impl RemoteOf {
    /// The tip of `branch` at the remote, which a merge group will land on; `None` if there is no such branch, or if `repository`
    /// is no clone of this one.
    ///
    /// # Errors
    /// The remote's.
    pub fn land(&self, repository: &Repository, branch: &str) -> Result<Option<&Landing>, RemoteError> {
        if !is_address_of(&repository.identity(), &self.repository) {
            return Ok(None);
        }
        let ref_name = format!("refs/heads/{branch}");
        let refs = self.remote.refs()?.refs;
        let tip = refs.into_iter().find(|(name, ..)| *name == ref_name);
        let tip = tip.and_then(|(_, commit, committed)| Some((ObjectId::parse(&commit)?, committed)));
        Ok(tip.map(|(commit, committed)| {
            self.landing.get_or_init(|| Landing {
                commit,
                committed,
                ref_name,
            })
        }))
    }

    /// Reads from the remote what the clone of `found` lacks, if it is a clone of this repository.
    fn reach(&self, found: &DiscoveredTree) {
        if let Some(repository) = &found.repository
            && is_address_of(&repository.identity(), &self.repository)
        {
            repository.set_remote(self.remote.clone());
        }
    }
}

/// Whether `origin` is an address of the repository `OWNER/NAME`.
fn is_address_of(origin: &str, repository: &str) -> bool {
    let origin = origin.trim_end_matches('/');
    let path = origin.strip_suffix(".git").unwrap_or(origin);
    let before = path.len().checked_sub(repository.len());
    let Some((host, name)) = before.and_then(|before| path.split_at_checked(before)) else {
        return false;
    };
    name.eq_ignore_ascii_case(repository) && host.ends_with(['/', ':'])
}

/// Whether `origin` is the address of a server, and no folder.
fn is_of_a_server(origin: &str) -> bool {
    let is_scp = |(host, _): (&str, &str)| host.len() > 1 && !host.contains('/');
    match origin.split_once("://") {
        Some((scheme, _)) => scheme != "file",
        None => origin.split_once(':').is_some_and(is_scp),
    }
}

impl Session<'_> {
    /// Sets the default branch of `found`, and its remote: for trees and files that its clone lacks, and for refs if that is
    /// shallow. Clones of other repositories stay as they are.
    fn reach(&self, found: &DiscoveredTree) {
        // A workflow may check out other repositories beside its own.
        if let (Some(branch), Some(repository)) = (self.default_branch, &found.repository) {
            let origin = repository.identity();
            if !is_of_a_server(&origin) || is_address_of(&origin, self.repository) {
                repository.set_default_branch(branch.to_owned());
            }
        }
        if let Some(remote) = self.remote {
            remote.reach(found);
        }
    }

    /// The outcome that reports show after `failure` on `input`: nothing was checked. `None` after a mistake of usage. The
    /// policy that it names is that of the first path.
    fn unjudged(&self, failure: &Failure, input: &Input, policy: &PolicyRequest) -> Option<Outcome> {
        match failure.code {
            ExitCode::Incomplete | ExitCode::Remote => {}
            ExitCode::Pass
            | ExitCode::Blocked
            | ExitCode::Usage
            | ExitCode::NothingToScan
            | ExitCode::Some
            | ExitCode::Bug
            | ExitCode::Interrupted => return None,
        }
        let found = trees::find(input).ok().and_then(|found| found.into_iter().next());
        let effective = found.and_then(|found| policy::effective(&found, policy, None).ok());
        let policy = effective.map(|effective| effective.policy).unwrap_or_default();
        let opened = index::open(self.location, &policy.database, self.now);
        Some(crate::scan::unjudged(&opened.judge(), &policy, failure, self.now))
    }
}

/// The policy that decides about `input`.
///
/// # Errors
/// A [`Failure`] of usage with every mistake of its file.
pub fn policy(input: &Input, request: &PolicyRequest) -> Result<Policy, Failure> {
    Ok(policy::effective(&trees::one(input)?, request, None)?.policy)
}

/// The package URL that `text` is; `None` for a text that means to be none.
///
/// # Errors
/// A [`Failure`] of usage for a package URL that cannot be read, or of a type without an ecosystem here.
pub fn package_url(text: &str) -> Result<Option<PackageUrl>, Failure> {
    match purl::parse(text) {
        Ok(package) if purl::package(&package).is_some() => Ok(Some(package)),
        Ok(package) => Err(Failure::usage(
            format!(
                "{text}: the package type {:?} is unknown{}",
                package.kind(),
                meant(nearest(package.kind(), purl::types()))
            ),
            format!(
                "Known types are {}. `lockkeeper db search NAME` looks in every ecosystem of the database.",
                purl::types().collect::<Vec<_>>().join(", ")
            ),
        )),
        Err(BadPurl::Scheme) => Ok(None),
        Err(bad) => Err(Failure::usage(
            format!("{text}: {bad}"),
            "Write a package URL, such as pkg:npm/example or pkg:npm/example@1.2.3.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clone_of_the_repository_asks_its_forge() {
        for own in [
            "https://forge.example/acme/app",
            "https://forge.example/Acme/App.git/",
            "git@forge.example:acme/app.git",
        ] {
            assert!(is_address_of(own, "Acme/App"), "{own}");
        }
        for other in [
            "",
            "acme/app",
            "https://forge.example/acme/app2",
            "https://forge.example/xacme/app",
            "/é/acme/ap",
        ] {
            assert!(!is_address_of(other, "Acme/App"), "{other}");
        }
    }
}
