//! The index that a session judges by: opened, and fetched before where the policy says so.

use std::path::Path;

use super::update::UpdateRequest;
use super::{Failed, Session};
use crate::config::index::{self, Location, Origin};
use crate::config::tracked;
use crate::database::build::Losses;
use crate::database::update;
use crate::ecosystem;
use crate::model::verdict::ExitCode;
use crate::model::{Coverage, Failure, IndexState, Outcome};
use crate::policy::Policy;
use crate::policy::database::Update;
use crate::report::phrases::counted;
use crate::scan;
use crate::scan::discover::DiscoveredTree;

/// Opens the index. One in the user's own cache is fetched when the policy says so, for the ecosystems that were found,
/// and when it has nothing of one of them; one from an address that was named is fetched whenever there is something new.
///
/// Where there is no index to go on with, [`index::FoundDatabase::unfetched`] says why; a good one goes on, and says itself
/// how old it is.
///
/// # Errors
/// A [`Failure`] of usage: an update that cannot begin.
pub(super) fn open(
    session: &Session<'_>,
    found: &[&DiscoveredTree],
    policy: &Policy,
) -> Result<index::FoundDatabase, Failure> {
    let mut opened = fetched(session, found, policy)?;
    tracked::doubt(&mut opened, found, policy.database.digest.as_deref());
    Ok(opened)
}

fn fetched(
    session: &Session<'_>,
    found: &[&DiscoveredTree],
    policy: &Policy,
) -> Result<index::FoundDatabase, Failure> {
    let Session {
        location,
        now,
        observer,
        ..
    } = *session;
    let database = &policy.database;
    let mut opened = index::open(location, database, now);
    let is_fetched = match location.origin {
        Origin::Cache | Origin::Address => true,
        Origin::Flag | Origin::Environment => false,
    };
    if session.offline || !is_fetched {
        // What the index holds is not asked for where nothing would come of it.
        let is_absent = opened.state == IndexState::Missing && opened.database.instead.is_none();
        if let (Some((_, hint)), true, true) = (&mut opened.database.trouble, session.offline, is_absent) {
            *hint = offline(location);
        }
        return Ok(opened);
    }
    let mut ecosystems: Vec<_> = found.iter().flat_map(|found| found.ecosystems()).collect();
    // Of these there is nothing to fetch.
    ecosystems.retain(|it| !ecosystem::has_no_advisories(it));
    ecosystems.sort();
    ecosystems.dedup();
    // What lies everywhere comes along with the next update, and none fails for the want of it.
    let needed: Vec<_> = ecosystems
        .iter()
        .filter(|it| !ecosystem::lies_everywhere(it))
        .cloned()
        .collect();
    let lacks = !opened.lacks(&needed).is_empty();
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
    // What is no file is replaced by nobody.
    let is_occupied = opened.database.instead.is_some() && location.address.is_none();
    if !wanted || is_occupied || ecosystems.is_empty() {
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
    let request = UpdateRequest {
        ecosystems: ecosystems
            .iter()
            .map(|ecosystem| ecosystem.as_str().to_owned())
            .collect(),
        from: addresses.to_vec(),
        keys: Vec::new(),
        losses: Losses::Refused,
    };
    let updated = session.update(&request).map(|done| {
        done.warnings.iter().for_each(|warning| observer.warn(warning));
    });
    match updated {
        Ok(()) => Ok(index::open(location, database, now)),
        // A file that is no index is replaced by nobody, and judges nothing.
        Err(failure) if damaged && failure.code == ExitCode::Usage => {
            observer.warn(&failure.to_string());
            Ok(index::open(location, database, now))
        }
        Err(failure) if failure.code == ExitCode::Usage => Err(failure),
        // What the index has nothing of would look clean.
        Err(failure) if !usable || lacks => {
            let mut opened = index::open(location, database, now);
            opened.index = None;
            opened.unfetched = Some(match damaged {
                true => beside(&failure, &opened.path),
                false => failure,
            });
            Ok(opened)
        }
        Err(failure) => {
            observer.warn(&format!("the advisory database stays as it was: {failure}"));
            let mut opened = index::open(location, database, now);
            let reason = format!("the advisory database could not be updated: {failure}");
            opened.knowledge.troubles.push((reason, failure.hint));
            Ok(opened)
        }
    }
}

/// `failure`, and why a fetch was needed: the file that is there is damaged.
fn beside(failure: &Failure, file: &Path) -> Failure {
    let message = format!("{} is damaged and could not be replaced", file.display());
    Failure::new(failure.code, message, failure.hint.clone()).caused_by(failure)
}

/// How a run ends whose database could not be fetched: `outcome` counts what was found, and nothing of it was checked.
pub(super) fn unfetched<T>(
    outcome: Outcome,
    failure: &Failure,
    report: impl FnOnce(Outcome) -> T,
) -> Failed<T> {
    let told = none_fetched(&outcome.coverage, failure);
    Failed {
        failure: told,
        report: Some(Box::new(report(scan::failed(outcome, failure)))),
    }
}

/// The failure that says so, with the other ways to come by a database. `coverage` counts what was found.
pub(super) fn none_fetched(coverage: &Coverage, failure: &Failure) -> Failure {
    let message = format!(
        "no advisory database could be fetched: {} in {} {} not checked",
        counted(coverage.packages, "package", "packages"),
        counted(coverage.files_read, "lockfile", "lockfiles"),
        if coverage.packages == 1 { "was" } else { "were" },
    );
    let hint = failure.hint.strip_suffix(update::KEPT).unwrap_or(&failure.hint);
    let hint = format!("{}\n{}", hint.trim_end(), other_ways());
    Failure::remote(message, hint).caused_by(failure)
}

/// How to come by an advisory database without the network, and with it.
fn offline(location: &Location) -> String {
    let flag = location.flag();
    format!(
        "Build one from files with `lockkeeper db build{flag} SOURCE…`, name another with `--db FILE`, or fetch it where there is a \
         network: `lockkeeper db update{flag}`."
    )
}

/// How to come by an advisory database without the address that failed, a line each.
fn other_ways() -> &'static str {
    "Without it: `lockkeeper db build SOURCE…` builds one from files,\n\
     `lockkeeper db update --from ADDRESS` takes one from a mirror or a folder,\n\
     `--db FILE` (a step's `database`) names one. See `lockkeeper man db update`."
}
