//! From the command line to trees, each with its policy and what it is compared with.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::arguments::{Input, Voice};
use super::packages;
use crate::config::index::{self, Location, Origin};
use crate::config::policy::{self, Effective, PolicyOptions};
use crate::config::tracked;
use crate::git::refs::Prefer;
use crate::git::remote::Remote;
use crate::model::Failure;
use crate::model::coverage::Gap;
use crate::model::lines::{Choice, Rules};
use crate::model::verdict::ExitCode;
use crate::model::{IndexState, Outcome, TreePath};
use crate::policy::database::Update;
use crate::policy::{FailOnError, Policy};
use crate::scan::columns::namesakes;
use crate::scan::discover::Found;
use crate::scan::since::{Since, since};
use crate::scan::{Base, Case, FILE_LIMIT, commit};
use crate::sys::environment;
use crate::text::Position;

/// Trees that are judged.
pub struct Trees {
    entries: Vec<Entry>,
    /// What a person should know of the policies.
    pub remarks: Vec<Gap>,
}

struct Entry {
    found: Found,
    since: Option<Since>,
    policy: Policy,
}

impl Trees {
    /// The trees that `input` names, compared with `base` if there is one.
    ///
    /// # Errors
    /// A [`Failure`] of usage for a path or policy, of incompleteness for a base that cannot be found.
    pub fn find(
        input: &Input,
        tree: Taken,
        base: Option<&str>,
        asked: &PolicyOptions<'_>,
        remote: Option<&RemoteOf>,
    ) -> Result<Self, Failure> {
        let mut trees = Self {
            entries: Vec::new(),
            remarks: Vec::new(),
        };
        for found in packages::find(input)? {
            if let Some(remote) = remote {
                remote.reach(&found);
            }
            let with_submodules = tree == Taken::Work;
            let since = base
                .map(|base| since(&found, base, with_submodules))
                .transpose()?;
            if let (Some(base), Some(repository)) = (base, &found.repository) {
                trees.remarks.extend(namesakes(repository, base));
            }
            let tip = since.as_ref().map(|since| since.tip);
            if let Some(base) = base.filter(|_| tip.is_some() && tip == found.head.commit) {
                trees.remarks.push(itself(base));
            }
            let Effective { policy, remarks } = policy::effective(&found, asked, tip)?;
            let found = match tree {
                Taken::Work => found,
                Taken::Staged => commit::staged(&found, FILE_LIMIT).map_err(Failure::from)?,
            };
            trees.remarks.extend(remarks);
            trees.add(found, since, policy);
        }
        trees.remarks.dedup();
        Ok(trees)
    }

    /// Trees that were found already, all judged by one policy.
    #[must_use]
    pub fn of(found: Vec<Found>, policy: &Policy) -> Self {
        let mut trees = Self {
            entries: Vec::new(),
            remarks: Vec::new(),
        };
        for found in found {
            trees.add(found, None, policy.clone());
        }
        trees
    }

    fn add(&mut self, mut found: Found, mut since: Option<Since>, policy: Policy) {
        found.exclude(&policy.exclude);
        for (base, _) in since.iter_mut().flat_map(|since| &mut since.sides) {
            base.exclude(&policy.exclude);
        }
        self.entries.push(Entry { found, since, policy });
    }

    /// The trees, in the order of the command line.
    pub fn found(&self) -> impl Iterator<Item = &Found> {
        self.entries.iter().map(|entry| &entry.found)
    }

    /// The policy of the first tree: what the whole run asks of its index.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.entries
            .first()
            .map(|entry| entry.policy.clone())
            .unwrap_or_default()
    }

    /// What is judged.
    #[must_use]
    pub fn cases(&self) -> Vec<Case<'_>> {
        self.entries.iter().map(Entry::case).collect()
    }
}

/// What to know where a commit is compared with itself: that looks like a change that brings nothing in.
fn itself(base: &str) -> Gap {
    Gap {
        location: Some(crate::model::Location {
            file: TreePath::new(".git").unwrap_or_default(),
            position: Position::START,
        }),
        reason: format!(
            "the base {base:?} is the commit that is checked out, so only what is not committed can be introduced"
        ),
        hint: "Name the commit that the change began from (`HEAD~1`, `origin/main`), or leave `--base` out."
            .into(),
    }
}

impl Entry {
    fn case(&self) -> Case<'_> {
        Case {
            found: &self.found,
            policy: &self.policy,
            base: self.since.as_ref().map(|since| Base {
                sides: since
                    .sides
                    .iter()
                    .map(|(found, committed)| (found, *committed))
                    .collect(),
                ref_name: since.ref_name.as_deref(),
            }),
        }
    }
}

/// What a command judges by, how and when it speaks, and who has what a clone lacks.
#[derive(Clone, Copy)]
pub struct Setting<'s> {
    /// Where the index lies.
    pub location: &'s Location,
    /// How to speak.
    pub voice: &'s Voice,
    /// The time now.
    pub now: Timestamp,
    /// Has what a clone lacks.
    pub remote: Option<&'s RemoteOf>,
    /// The short name of the default branch of `repository`, if somebody names it.
    pub default_branch: Option<&'s str>,
    /// `OWNER/NAME` of the repository that the run is about; empty if nobody says.
    pub repository: &'s str,
}

/// The remote of one repository, for what a shallow or partial clone of it lacks.
pub struct RemoteOf {
    /// `OWNER/NAME`.
    pub repository: String,
    /// Gives what the clone lacks.
    pub remote: Arc<dyn Remote>,
}

impl RemoteOf {
    /// Whether `origin` is an address of the repository.
    fn is_at(&self, origin: &str) -> bool {
        is_address_of(origin, &self.repository)
    }

    /// Reads from the remote what the clone of `found` lacks, if it is a clone of this repository.
    fn reach(&self, found: &Found) {
        if let Some(repository) = &found.repository
            && self.is_at(&repository.identity())
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

impl<'s> Setting<'s> {
    /// A command by itself: what its clone lacks is lacking.
    #[must_use]
    pub fn alone(location: &'s Location, voice: &'s Voice, now: Timestamp) -> Self {
        Self {
            location,
            voice,
            now,
            remote: None,
            default_branch: None,
            repository: "",
        }
    }

    /// Sets the default branch of `found`, and its remote: for trees and files that its clone lacks, and for refs if that is
    /// shallow. Clones of other repositories stay as they are.
    pub fn reach(&self, found: &Found) {
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
}

/// Which state of a work tree is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// As it lies on disk.
    Work,
    /// As it is staged.
    Staged,
}

/// One PATH as an input; the working directory if there is none.
#[must_use]
pub fn input(path: Option<&PathBuf>) -> Input {
    Input {
        paths: path.into_iter().cloned().collect(),
        stdin: None,
        as_format: Vec::new(),
    }
}

/// The tree of one PATH, without its policy.
///
/// # Errors
/// A [`Failure`] of usage for a path that is not there.
pub fn one(path: Option<&PathBuf>) -> Result<Found, Failure> {
    packages::find(&input(path))?
        .pop()
        .ok_or_else(|| Failure::usage("there is no path", "Give a folder."))
}

/// What the command line says of the policy.
///
/// # Errors
/// A [`Failure`] of usage for a list with an unknown word.
pub fn asked<'a>(file: Option<&'a PathBuf>, fail_on: Option<&str>) -> Result<PolicyOptions<'a>, Failure> {
    let fail_on = fail_on
        .map(str::parse)
        .transpose()
        .map_err(|error: FailOnError| {
            Failure::usage(
            "--fail-on",
            "Give a comma-separated list of malicious, vulnerability, unsound, unmaintained, yanked, notice, \
             low, medium, high, critical, known-exploited, fixable; or none.",
        )
        .caused_by(&error)
        })?;
    Ok(PolicyOptions {
        file: file.map(PathBuf::as_path),
        fail_on,
    })
}

/// How lines are chosen: by `--refs`, else by the policy.
#[must_use]
pub fn choice(refs: Option<&str>, policy: &Policy) -> Choice {
    let Some(globs) = refs else {
        return Choice::Rules(rules(policy));
    };
    Choice::Globs(globs.to_owned())
}

fn rules(policy: &Policy) -> Rules {
    let usual = Rules::default();
    let lines = &policy.lines;
    let include = lines.include.as_ref().map(|globs| globs.patterns().to_vec());
    Rules {
        include: include.unwrap_or(usual.include),
        exclude: lines.exclude.patterns().to_vec(),
        newest: lines.newest as usize,
        active_within: lines.active_within.unsigned_abs(),
        end_of_support: lines
            .end_of_support
            .entries()
            .map(|(glob, day)| (glob.to_owned(), day))
            .collect(),
    }
}

/// Which branch counts where the clone and `origin` differ: a workflow's clone may hold an old one.
#[must_use]
pub fn prefer() -> Prefer {
    match environment::variable("CI").as_deref() {
        None | Some("false" | "0") => Prefer::Local,
        Some(_) => Prefer::Remote,
    }
}

/// What reports say of a run on `input` that ended with `failure` before it could judge; `None` if that is no matter of
/// looking. The policy that they name is that of where the command runs.
#[must_use]
pub fn unjudged(
    failure: &Failure,
    input: &Input,
    asked: &PolicyOptions<'_>,
    setting: &Setting<'_>,
) -> Option<Outcome> {
    let Setting { location, now, .. } = *setting;
    match failure.code {
        ExitCode::Incomplete | ExitCode::Remote => {
            let found = packages::find(input)
                .ok()
                .and_then(|found| found.into_iter().next());
            let effective = found.and_then(|found| policy::effective(&found, asked, None).ok());
            let policy = effective.map(|effective| effective.policy).unwrap_or_default();
            let opened = index::open(&location.path, &policy.database, now);
            Some(crate::scan::unjudged(&opened.judge(), &policy, failure, now))
        }
        ExitCode::Pass
        | ExitCode::Blocked
        | ExitCode::Usage
        | ExitCode::NothingToScan
        | ExitCode::Some
        | ExitCode::Bug
        | ExitCode::Interrupted => None,
    }
}

/// Opens the index. One in the user's own cache is fetched when the policy says so, for the ecosystems that were found,
/// and when it has nothing of one of them; one from an address that was named is fetched whenever there is something new.
///
/// # Errors
/// A [`Failure`] of the feed, where there is no index to go on with: a good one goes on, and says itself how old it is.
pub fn open(
    setting: &Setting<'_>,
    found: &[&Found],
    policy: &Policy,
) -> Result<index::FoundDatabase, Failure> {
    let mut opened = fetched(setting, found, policy)?;
    tracked::doubt(&mut opened, found, policy.database.digest.as_deref());
    Ok(opened)
}

fn fetched(
    setting: &Setting<'_>,
    found: &[&Found],
    policy: &Policy,
) -> Result<index::FoundDatabase, Failure> {
    let Setting {
        location, voice, now, ..
    } = *setting;
    let database = &policy.database;
    let opened = index::open(&location.path, database, now);
    let fetchable = match location.origin {
        Origin::Cache | Origin::Address => !voice.offline,
        Origin::Flag | Origin::Environment => false,
    };
    if !fetchable {
        // What the index holds is not asked for where nothing would come of it.
        return Ok(opened);
    }
    let mut ecosystems: Vec<_> = found.iter().flat_map(|found| found.ecosystems()).collect();
    ecosystems.sort();
    ecosystems.dedup();
    let lacks = !opened.lacks(&ecosystems).is_empty();
    // What somebody built from files is not replaced because it grew old.
    let is_followed = !opened.follows().is_empty();
    let wanted = match (opened.state, database.update) {
        _ if location.address.is_some() => true,
        (_, Update::Never) => false,
        (IndexState::Fresh | IndexState::Stale | IndexState::TooOld, _) if lacks => true,
        (IndexState::Missing | IndexState::Damaged | IndexState::Other, Update::Missing | Update::Stale) => {
            true
        }
        (IndexState::Stale | IndexState::TooOld, Update::Stale) => is_followed,
        (
            IndexState::Fresh
            | IndexState::Stale
            | IndexState::TooOld
            | IndexState::Newer
            | IndexState::Sample,
            Update::Missing | Update::Stale,
        ) => false,
    };
    if !wanted || ecosystems.is_empty() {
        return Ok(opened);
    }
    let addresses = match &location.address {
        Some(address) => std::slice::from_ref(address),
        None => database.sources.as_slice(),
    };
    // What the index follows beside them is brought along: the whole index is dated, and not an ecosystem.
    ecosystems.extend(opened.follows().iter().cloned());
    ecosystems.sort();
    ecosystems.dedup();
    // The file may be replaced while it is closed only.
    let usable = opened.index.is_some();
    let damaged = opened.state == IndexState::Damaged;
    drop(opened);
    match super::update::fetch(&location.path, &ecosystems, addresses, voice, now) {
        Ok(()) => Ok(index::open(&location.path, database, now)),
        // A file that is no index is replaced by nobody, and judges nothing.
        Err(failure) if damaged && failure.code == ExitCode::Usage => {
            super::output::warn(voice, &failure.to_string());
            Ok(index::open(&location.path, database, now))
        }
        // What the index has nothing of would look clean.
        Err(failure) if !usable || lacks || failure.code == ExitCode::Usage => Err(failure),
        Err(failure) => {
            super::output::warn(voice, &format!("the index stays as it was: {failure}"));
            let mut opened = index::open(&location.path, database, now);
            let reason = format!("the index could not be brought up to date: {failure}");
            opened.knowledge.troubles.push((reason, failure.hint));
            Ok(opened)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::RemoteError;
    use crate::git::remote::{Object, RemoteRefs};

    struct Nobody;

    impl Remote for Nobody {
        fn refs(&self) -> Result<RemoteRefs, RemoteError> {
            Ok(RemoteRefs::default())
        }

        fn object(&self, _: &str) -> Result<Option<Object>, RemoteError> {
            Ok(None)
        }
    }

    #[test]
    fn only_a_clone_of_the_repository_asks_its_forge() {
        let remote = RemoteOf {
            repository: "Acme/App".into(),
            remote: Arc::new(Nobody),
        };
        for own in [
            "https://forge.example/acme/app",
            "https://forge.example/Acme/App.git/",
            "git@forge.example:acme/app.git",
        ] {
            assert!(remote.is_at(own), "{own}");
        }
        for other in [
            "",
            "acme/app",
            "https://forge.example/acme/app2",
            "https://forge.example/xacme/app",
            "/é/acme/ap",
        ] {
            assert!(!remote.is_at(other), "{other}");
        }
    }
}
