//! What the documents of a run have in common: database, policy and coverage.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::coverage::Skipped;
use crate::model::outcome::{self, DatabaseSource};
use crate::model::{self, Outcome};

/// The program.
#[derive(Serialize)]
pub(in crate::report) struct Tool<'o> {
    name: &'static str,
    version: &'o str,
}

impl<'o> Tool<'o> {
    pub(in crate::report) fn of(outcome: &'o Outcome) -> Self {
        Self {
            name: "lockkeeper",
            version: outcome.tool_version,
        }
    }
}

/// The index that was used.
#[derive(Serialize)]
pub(in crate::report) struct Database<'o> {
    digest: Option<&'o str>,
    built: Option<Timestamp>,
    sources: Vec<SourceEntry<'o>>,
    records: u64,
}

impl<'o> Database<'o> {
    pub(in crate::report) fn of(database: &'o outcome::Database) -> Self {
        Self {
            digest: database.digest.as_deref(),
            built: database.built,
            records: database.records,
            sources: database.sources.iter().map(SourceEntry::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct SourceEntry<'o> {
    name: &'o str,
    records: u64,
    newest: Option<Timestamp>,
}

impl<'o> SourceEntry<'o> {
    fn of(source: &'o DatabaseSource) -> Self {
        Self {
            name: &source.name,
            records: source.records,
            newest: source.newest,
        }
    }
}

/// The policy that decided.
#[derive(Serialize)]
pub(in crate::report) struct Policy<'o> {
    digest: &'o str,
    file: Option<&'o str>,
}

impl<'o> Policy<'o> {
    pub(in crate::report) fn of(policy: &'o outcome::Policy) -> Self {
        Self {
            digest: &policy.digest,
            file: policy.file.as_deref(),
        }
    }
}

/// What was looked at, and what could not be.
#[derive(Serialize)]
pub(in crate::report) struct Coverage<'o> {
    complete: bool,
    index: Index,
    files_read: usize,
    packages: usize,
    blind: Vec<Gap<'o>>,
    partial: Vec<Gap<'o>>,
    problems: Vec<Problem<'o>>,
    skipped: Vec<SkippedEntry<'o>>,
}

impl<'o> Coverage<'o> {
    pub(in crate::report) fn of(coverage: &'o model::Coverage) -> Self {
        Self {
            complete: coverage.is_complete(),
            index: Index {
                state: coverage.index.as_str(),
                age_days: coverage.index_age_days,
            },
            files_read: coverage.files_read,
            packages: coverage.packages,
            blind: coverage.blind.iter().map(Gap::of).collect(),
            partial: coverage.partial.iter().map(Gap::of).collect(),
            problems: coverage.problems.iter().map(Problem::of).collect(),
            skipped: coverage.skipped.iter().map(SkippedEntry::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct Index {
    state: &'static str,
    age_days: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Gap<'o> {
    file: Option<Cow<'o, str>>,
    line: Option<u32>,
    column: Option<u32>,
    reason: &'o str,
    hint: &'o str,
}

impl<'o> Gap<'o> {
    pub(super) fn of(gap: &'o model::Gap) -> Self {
        Self {
            file: gap.file().map(model::TreePath::display),
            line: gap.location.as_ref().map(|location| location.position.line),
            column: gap.location.as_ref().map(|location| location.position.column),
            reason: &gap.reason,
            hint: &gap.hint,
        }
    }
}

/// A gap under the name that `problems` knows its reason by.
#[derive(Serialize)]
pub(super) struct Problem<'o> {
    file: Option<Cow<'o, str>>,
    line: Option<u32>,
    column: Option<u32>,
    message: &'o str,
    hint: &'o str,
}

impl<'o> Problem<'o> {
    pub(super) fn of(gap: &'o model::Gap) -> Self {
        Self {
            file: gap.file().map(model::TreePath::display),
            line: gap.location.as_ref().map(|location| location.position.line),
            column: gap.location.as_ref().map(|location| location.position.column),
            message: &gap.reason,
            hint: &gap.hint,
        }
    }
}

#[derive(Serialize)]
struct SkippedEntry<'o> {
    path: Cow<'o, str>,
    reason: &'o str,
}

impl<'o> SkippedEntry<'o> {
    fn of(skipped: &'o Skipped) -> Self {
        Self {
            path: skipped.path.display(),
            reason: &skipped.reason,
        }
    }
}

/// A locked package.
#[derive(Serialize)]
pub(super) struct Package<'o> {
    ecosystem: &'o str,
    name: &'o str,
    version: &'o str,
    purl: &'o str,
}

impl<'o> Package<'o> {
    pub(super) fn of(finding: &'o model::Finding) -> Self {
        Self {
            ecosystem: finding.ecosystem.as_str(),
            name: &finding.name,
            version: &finding.version,
            purl: finding.purl.as_str(),
        }
    }
}
