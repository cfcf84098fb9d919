//! The document `lockkeeper.scan/1`.

use std::borrow::Cow;
use std::io;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use super::Each;
use super::counts::Counts;
use super::head::{Coverage, Database, Package, Policy, Tool};
use super::pieces::Pieces;
use super::upgrades::Upgrades;
use crate::model::dependency_path::MAX_ENDS;
use crate::model::finding::Excepted;
use crate::model::outcome::ScannedFile;
use crate::model::{self, DependencyPath, DependencyPaths, Outcome};
use crate::remediation::{Remediation, remediations};
use crate::report::phrases::left_out;
use crate::text::Position;

#[derive(Serialize)]
struct Scan<'s, 'o> {
    schema: &'static str,
    tool: Tool<'o>,
    counts: Counts,
    upgrades: Upgrades<'s, 'o>,
    database: Database<'o>,
    policy: Policy<'o>,
    verdict: &'static str,
    exit_code: u8,
    coverage: Coverage<'o>,
}

/// Writes the document; `targets` is its last key, and `findings` that of a target.
pub(super) fn write(outcome: &Outcome, out: &mut dyn io::Write) -> io::Result<()> {
    let mut pieces = Pieces::new(out);
    open(outcome, &mut pieces)?;
    for target in &outcome.targets {
        pieces.open(&TargetHead::of(target), "findings")?;
        pieces.items(&target.findings, Finding::of)?;
        pieces.close()?;
    }
    pieces.close()?;
    pieces.end()
}

/// Opens the document, up to its targets.
fn open(outcome: &Outcome, pieces: &mut Pieces<'_>) -> io::Result<()> {
    let all = remediations(outcome, model::Finding::is_affected);
    // By the built-in rules the gate fails all or nearly all that applies.
    let is_all = outcome
        .findings()
        .all(|(_, finding)| finding.is_affected() == finding.blocks());
    let failing = (!is_all).then(|| remediations(outcome, model::Finding::blocks));
    let failing = failing.as_deref().unwrap_or(&all);
    pieces.open(&Scan::of(outcome, &all, failing), "targets")
}

impl<'s, 'o> Scan<'s, 'o> {
    fn of(outcome: &'o Outcome, all: &'s [Remediation<'o>], failing: &[Remediation<'o>]) -> Self {
        Self {
            schema: "lockkeeper.scan/1",
            tool: Tool::of(outcome),
            counts: Counts::of(outcome, failing),
            upgrades: Upgrades(all),
            database: Database::of(&outcome.database),
            policy: Policy::of(&outcome.policy),
            verdict: outcome.verdict.as_str(),
            exit_code: outcome.exit_code.number(),
            coverage: Coverage::of(&outcome.coverage),
        }
    }
}

/// A target inside another document.
#[derive(Serialize)]
pub(in crate::report) struct TargetEntry<'o> {
    #[serde(flatten)]
    head: TargetHead<'o>,
    findings: Each<'o, model::Finding, Finding<'o>>,
}

impl<'o> TargetEntry<'o> {
    pub(in crate::report) fn of(target: &'o model::Target) -> Self {
        Self {
            head: TargetHead::of(target),
            findings: Each(&target.findings, Finding::of),
        }
    }
}

/// A target without its findings.
#[derive(Serialize)]
struct TargetHead<'o> {
    root: &'o str,
    r#ref: Option<&'o str>,
    commit: Option<&'o str>,
    dirty: bool,
    /// Of this target alone.
    verdict: &'static str,
    coverage: Coverage<'o>,
    files: Each<'o, ScannedFile, File<'o>>,
}

impl<'o> TargetHead<'o> {
    fn of(target: &'o model::Target) -> Self {
        Self {
            root: &target.root,
            r#ref: target.ref_name.as_deref(),
            commit: target.commit.as_deref(),
            dirty: target.dirty,
            verdict: target.verdict.as_str(),
            coverage: Coverage::of(&target.coverage),
            files: Each(&target.files, File::of),
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
            state: file.state.as_str(),
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
    places: Places<'o>,
    class: &'static str,
    severity: Severity<'o>,
    fixed: &'o [String],
    paths: Paths<'o>,
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
    scopes: Scopes,
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
            package: Package::of(finding),
            file: finding.file.display(),
            line: finding.place().line,
            column: finding.place().column,
            places: Places(finding),
            class: advisory.class.as_str(),
            severity: Severity::of(&advisory.severity),
            fixed: &finding.fixed,
            paths: Paths(&finding.paths),
            paths_total: finding.paths_total,
            state: finding.state.as_str(),
            reason: &finding.reason,
            rule: &finding.rule,
            known_exploited: advisory.known_exploited,
            epss: advisory.epss,
            published: advisory.published,
            change: finding.change.map(model::finding::Change::as_str),
            decision: finding.decision.as_str(),
            fails_from: finding.fails_from,
            direct: finding.direct,
            scopes: Scopes(finding.scopes),
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
struct PlaceEntry {
    line: u32,
    column: u32,
}

impl PlaceEntry {
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
            level: severity.level.as_str(),
            score: severity.score,
            vector: severity.vector.as_deref(),
            source: &severity.source,
        }
    }
}

/// The places of a finding.
struct Places<'o>(&'o model::Finding);

impl Serialize for Places<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.places().map(PlaceEntry::of))
    }
}

/// What a package is used for.
struct Scopes(model::Scopes);

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(model::Scope::as_str))
    }
}

/// Paths, each a list of steps.
struct Paths<'o>(&'o DependencyPaths);

impl Serialize for Paths<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Steps))
    }
}

/// A path: `name@version` a step; the root that starts it is its name alone.
struct Steps<'o>(DependencyPath<'o>);

enum Word<'o> {
    Name(&'o str),
    Both(&'o str, &'o str),
    LeftOut(usize),
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let start = self.0.len() > 1;
        let words = self.0.texts(
            MAX_ENDS,
            |number, step| match (step.name, step.version) {
                ("", _) => Word::Name("(root)"),
                (name, "") => Word::Name(name),
                (name, _) if start && number == 0 => Word::Name(name),
                (name, version) => Word::Both(name, version),
            },
            Word::LeftOut,
        );
        let mut both = String::new();
        let mut list = serializer.serialize_seq(Some(words.len()))?;
        for word in words {
            match word {
                Word::Name(name) => list.serialize_element(name)?,
                Word::Both(name, version) => {
                    both.clear();
                    both.extend([name, "@", version]);
                    list.serialize_element(&both)?;
                }
                Word::LeftOut(steps) => list.serialize_element(&left_out(steps))?,
            }
        }
        list.end()
    }
}
