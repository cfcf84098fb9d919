//! The document `lockkeeper.scan/1`.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::Each;
use super::counts::Counts;
use super::head::{Coverage, Database, Policy, Tool};
use crate::model::dependency_path::MAX_ENDS;
use crate::model::finding::Excepted;
use crate::model::outcome::ScannedFile;
use crate::model::{self, DependencyPath, Outcome};
use crate::report::phrases::left_out;
use crate::text::Position;

#[derive(Serialize)]
pub(super) struct Scan<'o> {
    schema: &'static str,
    tool: Tool<'o>,
    counts: Counts,
    database: Database<'o>,
    policy: Policy<'o>,
    verdict: &'static str,
    exit_code: u8,
    coverage: Coverage<'o>,
    targets: Each<'o, model::Target, Target<'o>>,
}

impl<'o> Scan<'o> {
    pub(super) fn of(outcome: &'o Outcome) -> Self {
        Self {
            schema: "lockkeeper.scan/1",
            tool: Tool::of(outcome),
            counts: Counts::of(outcome),
            database: Database::of(&outcome.database),
            policy: Policy::of(&outcome.policy),
            verdict: outcome.verdict.word(),
            exit_code: outcome.exit_code.number(),
            coverage: Coverage::of(&outcome.coverage),
            targets: Each(&outcome.targets, Target::of),
        }
    }
}

#[derive(Serialize)]
pub(in crate::report) struct Target<'o> {
    root: &'o str,
    r#ref: Option<&'o str>,
    commit: Option<&'o str>,
    dirty: bool,
    coverage: Coverage<'o>,
    files: Each<'o, ScannedFile, File<'o>>,
    findings: Each<'o, model::Finding, Finding<'o>>,
}

impl<'o> Target<'o> {
    pub(in crate::report) fn of(target: &'o model::Target) -> Self {
        Self {
            root: &target.root,
            r#ref: target.ref_name.as_deref(),
            commit: target.commit.as_deref(),
            dirty: target.dirty,
            coverage: Coverage::of(&target.coverage),
            files: Each(&target.files, File::of),
            findings: Each(&target.findings, Finding::of),
        }
    }
}

#[derive(Serialize)]
struct File<'o> {
    path: Cow<'o, str>,
    format: &'o str,
    packages: usize,
    state: &'static str,
}

impl<'o> File<'o> {
    fn of(file: &'o ScannedFile) -> Self {
        Self {
            path: file.path.display(),
            format: &file.format,
            packages: file.packages,
            state: file.state.word(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Finding<'o> {
    id: &'o str,
    aliases: &'o [String],
    summary: &'o str,
    package: Package<'o>,
    file: Cow<'o, str>,
    line: u32,
    column: u32,
    places: Vec<Place>,
    class: &'static str,
    severity: Severity<'o>,
    fixed: &'o [String],
    paths: Vec<Vec<Cow<'o, str>>>,
    paths_total: usize,
    state: &'static str,
    reason: &'o str,
    rule: &'o str,
    known_exploited: bool,
    epss: Option<f64>,
    published: Option<Timestamp>,
    /// How the finding came about since a base; `null` where nothing was compared.
    change: Option<&'static str>,
    decision: &'static str,
    /// The day from which a rule fails what it only warns of today.
    fails_from: Option<Date>,
    direct: bool,
    scopes: Vec<&'static str>,
    /// What makes the state `excepted`.
    exception: Option<Exception<'o>>,
}

impl<'o> Finding<'o> {
    pub(super) fn of(finding: &'o model::Finding) -> Self {
        let advisory = &*finding.advisory;
        Self {
            id: &advisory.id,
            aliases: &advisory.aliases,
            summary: &advisory.summary,
            package: Package {
                ecosystem: finding.ecosystem.as_str(),
                name: &finding.name,
                version: &finding.version,
                purl: &finding.purl,
            },
            file: finding.file.display(),
            line: finding.place().line,
            column: finding.place().column,
            places: finding.places().map(Place::of).collect(),
            class: advisory.class.word(),
            severity: Severity::of(&advisory.severity),
            fixed: &finding.fixed,
            paths: finding.paths.iter().map(path_words).collect(),
            paths_total: finding.paths_total,
            state: finding.state.word(),
            reason: &finding.reason,
            rule: &finding.rule,
            known_exploited: advisory.known_exploited,
            epss: advisory.epss,
            published: advisory.published,
            change: finding.change.map(model::finding::Change::word),
            decision: finding.decision.word(),
            fails_from: finding.fails_from,
            direct: finding.direct,
            scopes: finding.scopes.iter().map(model::Scope::word).collect(),
            exception: finding.exception().map(Exception::of),
        }
    }
}

#[derive(Serialize)]
struct Exception<'o> {
    reason: &'o str,
    owner: Option<&'o str>,
    /// The last day on which it counts.
    expires: Date,
}

impl<'o> Exception<'o> {
    fn of(excepted: &'o Excepted) -> Self {
        Self {
            reason: &excepted.reason,
            owner: excepted.owner.as_deref(),
            expires: excepted.expires,
        }
    }
}

#[derive(Serialize)]
struct Package<'o> {
    ecosystem: &'o str,
    name: &'o str,
    version: &'o str,
    purl: &'o str,
}

#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    fn of(position: Position) -> Self {
        Self {
            line: position.line,
            column: position.column,
        }
    }
}

#[derive(Serialize)]
pub(in crate::report) struct Severity<'o> {
    level: &'static str,
    score: Option<f64>,
    vector: Option<&'o str>,
    source: &'o str,
}

impl<'o> Severity<'o> {
    pub(in crate::report) fn of(severity: &'o model::Severity) -> Self {
        Self {
            level: severity.level.word(),
            score: severity.score,
            vector: severity.vector.as_deref(),
            source: &severity.source,
        }
    }
}

/// `name@version` a step; the root that starts a path is told by its name alone.
fn path_words(path: DependencyPath<'_>) -> Vec<Cow<'_, str>> {
    let start = path.len() > 1;
    path.texts(
        MAX_ENDS,
        |number, step| match (step.name, step.version) {
            ("", _) => Cow::Borrowed("(root)"),
            (name, "") => Cow::Borrowed(name),
            (name, _) if start && number == 0 => Cow::Borrowed(name),
            (name, version) => Cow::Owned(format!("{name}@{version}")),
        },
        |steps| Cow::Owned(left_out(steps)),
    )
}
