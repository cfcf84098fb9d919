//! The document `lockkeeper.plan/1`.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use crate::model::{Outcome, Target};
use crate::plan::{self, LockfilePlan, Progress, Proposal};
use crate::report::Style;
use crate::report::json::document;
use crate::report::json::head::{Coverage, Database, Policy, Tool};

/// Writes `lockkeeper.plan/1`.
///
/// # Errors
/// Only those of `out`.
pub fn write(proposal: &Proposal, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    document(&Document::of(proposal), out)
}

#[derive(Serialize)]
struct Document<'p> {
    schema: &'static str,
    tool: Tool<'p>,
    database: Database<'p>,
    policy: Policy<'p>,
    /// The verdict of the result.
    verdict: &'static str,
    exit_code: u8,
    /// The files have their new text.
    written: bool,
    /// Of the result.
    coverage: Coverage<'p>,
    targets: Vec<PlannedTarget<'p>>,
}

impl<'p> Document<'p> {
    fn of(proposal: &'p Proposal) -> Self {
        let after: &Outcome = &proposal.after;
        Self {
            schema: "lockkeeper.plan/1",
            tool: Tool::of(after),
            database: Database::of(&after.database),
            policy: Policy::of(&after.policy),
            verdict: after.verdict.as_str(),
            exit_code: proposal.exit_code().number(),
            written: proposal.progress == Progress::Written,
            coverage: Coverage::of(&after.coverage),
            targets: proposal
                .before
                .targets
                .iter()
                .enumerate()
                .map(|(number, target)| PlannedTarget::of(number, target, proposal))
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(in crate::report) struct PlannedTarget<'p> {
    root: &'p str,
    r#ref: Option<&'p str>,
    commit: Option<&'p str>,
    moves: Vec<Move<'p>>,
    collateral: Vec<Collateral<'p>>,
    /// Ranges in manifests that change.
    ranges: Vec<NewRange<'p>>,
    overrides: Vec<NewOverride<'p>>,
    verified: Vec<Verified<'p>>,
    unfixable: Vec<Unfixable<'p>>,
    /// The pull request that carries the change; null where there is none, and where each package has its own.
    pull_request: Option<NamedRequest>,
}

impl<'p> PlannedTarget<'p> {
    pub(in crate::report) fn of(number: usize, target: &'p Target, proposal: &'p Proposal) -> Self {
        let files: Vec<&LockfilePlan> = proposal
            .lockfiles
            .iter()
            .filter(|file| file.target == number)
            .collect();
        let now = proposal.before.now;
        let moves = files.iter().flat_map(|file| {
            file.plan.moves.iter().map(move |one| Move {
                ecosystem: file.ecosystem.as_str(),
                name: &one.name,
                from: &one.from,
                to: one.to.as_deref(),
                file: file.file.display(),
                strategy: one.strategy.as_str(),
                fixes: &one.fixes,
                age_days: one
                    .published
                    .map(|published| now.duration_since(published).as_hours() / 24),
            })
        });
        let collateral = files.iter().flat_map(|file| {
            file.plan.collateral.iter().map(move |one| Collateral {
                ecosystem: file.ecosystem.as_str(),
                name: &one.name,
                from: one.from.as_deref(),
                to: one.to.as_deref(),
                file: file.file.display(),
            })
        });
        let ranges = files.iter().flat_map(|file| {
            file.plan.ranges.iter().map(move |range| NewRange {
                folder: &range.folder,
                manifest: range.manifest(),
                name: &range.name,
                from: &range.from,
                to: &range.to,
                file: file.file.display(),
            })
        });
        let overrides = files.iter().flat_map(|file| {
            file.plan.overrides.iter().map(move |one| NewOverride {
                manifest: &one.manifest,
                under: one.under.as_deref(),
                name: &one.name,
                from: one.from.as_deref(),
                to: &one.to,
                file: file.file.display(),
            })
        });
        let verified = files.iter().filter_map(|file| {
            Some(Verified {
                file: file.file.display(),
                by: file.verified.as_deref()?,
            })
        });
        let unfixable = files.iter().flat_map(|file| {
            file.plan.blocked.iter().flat_map(move |blocked| {
                blocked.fixes.iter().map(move |id| Unfixable {
                    id,
                    package: Package {
                        ecosystem: file.ecosystem.as_str(),
                        name: &blocked.name,
                        version: &blocked.version,
                    },
                    file: file.file.display(),
                    blocked_by: blocked.by.iter().map(BlockedBy::of).collect(),
                    reason: &blocked.reason,
                })
            })
        });
        Self {
            root: &target.root,
            r#ref: target.ref_name.as_deref(),
            commit: target.commit.as_deref(),
            moves: moves.collect(),
            collateral: collateral.collect(),
            ranges: ranges.collect(),
            overrides: overrides.collect(),
            verified: verified.collect(),
            unfixable: unfixable.collect(),
            pull_request: (!files.iter().all(|file| file.edited.is_empty()))
                .then_some(proposal.pull_request.as_ref())
                .flatten()
                .map(NamedRequest::of),
        }
    }

    /// The same with the request that carries it.
    pub(in crate::report) fn carried_by(self, request: Option<NamedRequest>) -> Self {
        Self {
            pull_request: request,
            ..self
        }
    }
}

/// A pull request by its branch.
#[derive(Serialize)]
pub(in crate::report) struct NamedRequest {
    /// What the forge calls it; null where it was not asked.
    pub(in crate::report) number: Option<u64>,
    pub(in crate::report) branch: String,
    pub(in crate::report) title: String,
}

impl NamedRequest {
    fn of(one: &plan::PullRequest) -> Self {
        Self {
            number: Some(one.number),
            branch: one.branch.clone(),
            title: one.title.clone(),
        }
    }
}

#[derive(Serialize)]
struct Move<'p> {
    ecosystem: &'p str,
    name: &'p str,
    from: &'p str,
    to: Option<&'p str>,
    file: Cow<'p, str>,
    strategy: &'static str,
    fixes: &'p [String],
    age_days: Option<i64>,
}

#[derive(Serialize)]
struct Collateral<'p> {
    ecosystem: &'p str,
    name: &'p str,
    from: Option<&'p str>,
    to: Option<&'p str>,
    file: Cow<'p, str>,
}

#[derive(Serialize)]
struct NewRange<'p> {
    folder: &'p str,
    manifest: String,
    name: &'p str,
    from: &'p str,
    to: &'p str,
    file: Cow<'p, str>,
}

#[derive(Serialize)]
struct NewOverride<'p> {
    manifest: &'p str,
    under: Option<&'p str>,
    name: &'p str,
    /// What the manifest overrides it with today; null for a new override.
    from: Option<&'p str>,
    to: &'p str,
    file: Cow<'p, str>,
}

#[derive(Serialize)]
struct Verified<'p> {
    file: Cow<'p, str>,
    by: &'p str,
}

#[derive(Serialize)]
struct Unfixable<'p> {
    id: &'p str,
    package: Package<'p>,
    file: Cow<'p, str>,
    blocked_by: Vec<BlockedBy<'p>>,
    reason: &'p str,
}

#[derive(Serialize)]
struct Package<'p> {
    ecosystem: &'p str,
    name: &'p str,
    version: &'p str,
}

#[derive(Serialize)]
struct BlockedBy<'p> {
    dependent: &'p str,
    name: &'p str,
    range: &'p str,
}

impl<'p> BlockedBy<'p> {
    fn of(constraint: &'p plan::Constraint) -> Self {
        Self {
            dependent: &constraint.dependent,
            name: &constraint.name,
            range: &constraint.range,
        }
    }
}
