//! The document `lockkeeper.gate/1`.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use crate::model;
use crate::model::{Finding, Gate};
use crate::remediation::remediations;
use crate::report::Style;
use crate::report::json::counts::Counts;
use crate::report::json::document;
use crate::report::json::head::{Coverage, Database, Policy, Tool};

/// Writes `lockkeeper.gate/1`.
///
/// # Errors
/// Only those of `out`.
pub fn write(gate: &Gate, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    document(&Document::of(gate), out)
}

#[derive(Serialize)]
struct Document<'g> {
    schema: &'static str,
    tool: Tool<'g>,
    counts: Counts,
    database: Database<'g>,
    policy: Policy<'g>,
    release: &'g str,
    /// The full name of the ref, and the commit that was scanned.
    r#ref: Option<&'g str>,
    commit: Option<&'g str>,
    verdict: &'static str,
    exit_code: u8,
    coverage: Coverage<'g>,
    blocking: Vec<Blocking<'g>>,
}

impl<'g> Document<'g> {
    fn of(gate: &'g Gate) -> Self {
        let outcome = &gate.outcome;
        let target = outcome.targets.first();
        Self {
            schema: "lockkeeper.gate/1",
            tool: Tool::of(outcome),
            counts: Counts::of(outcome, &remediations(outcome, Finding::blocks)),
            database: Database::of(&outcome.database),
            policy: Policy::of(&outcome.policy),
            release: &gate.release,
            r#ref: target.and_then(|target| target.ref_name.as_deref()),
            commit: target.and_then(|target| target.commit.as_deref()),
            verdict: outcome.verdict.as_str(),
            exit_code: outcome.exit_code.number(),
            coverage: Coverage::of(&outcome.coverage),
            blocking: gate.blocking.iter().map(Blocking::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct Blocking<'g> {
    id: &'g str,
    package: &'g str,
    file: Cow<'g, str>,
    line: u32,
    reason: &'g str,
    unblock: &'g [String],
}

impl<'g> Blocking<'g> {
    fn of(blocking: &'g model::gate::Blocking) -> Self {
        Self {
            id: &blocking.id,
            package: blocking.purl.as_str(),
            file: blocking.file.display(),
            line: blocking.line,
            reason: &blocking.reason,
            unblock: &blocking.unblock,
        }
    }
}
