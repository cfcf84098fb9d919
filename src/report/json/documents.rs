//! The documents besides the scan's: `lockkeeper.packages/1`, `lockkeeper.explain/1`, `lockkeeper.error/1`.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

use super::head::{Gap, Problem};
use super::scan::{Finding, Severity};
use crate::model;
use crate::model::Failure;
use crate::model::explanation::{Explanation, Matched, Ruling};
use crate::model::inventory::{Inventory, InventoryFile, LockedPackage};
use crate::text::Position;

#[derive(Serialize)]
pub(super) struct Packages<'i> {
    schema: &'static str,
    files: Vec<File<'i>>,
}

impl<'i> Packages<'i> {
    pub(super) fn of(inventory: &'i Inventory) -> Self {
        Self {
            schema: "lockkeeper.packages/1",
            files: inventory.files.iter().map(File::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct File<'i> {
    path: Cow<'i, str>,
    format: &'i str,
    state: &'static str,
    packages: Vec<Package<'i>>,
    problems: Vec<Problem<'i>>,
    root: &'i str,
}

impl<'i> File<'i> {
    fn of(file: &'i InventoryFile) -> Self {
        Self {
            path: file.path.display(),
            format: &file.format,
            state: file.state.as_str(),
            packages: file.packages.iter().map(Package::of).collect(),
            problems: file.problems.iter().map(Problem::of).collect(),
            root: &file.root,
        }
    }
}

#[derive(Serialize)]
struct Package<'i> {
    ecosystem: &'i str,
    name: &'i str,
    version: &'i str,
    purl: &'i str,
    line: u32,
    column: u32,
    direct: bool,
    scopes: Vec<&'static str>,
    source: &'static str,
    version_from: Option<&'i str>,
    used_by: &'i [String],
}

impl<'i> Package<'i> {
    fn of(held: &'i LockedPackage) -> Self {
        Self {
            ecosystem: held.ecosystem.as_str(),
            name: &held.name,
            version: &held.version,
            purl: held.purl.as_str(),
            line: held.place.line,
            column: held.place.column,
            direct: held.direct,
            scopes: held.scopes.iter().map(model::Scope::as_str).collect(),
            source: held.source,
            version_from: held.version_from.as_deref(),
            used_by: &held.used_by,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Explain<'e> {
    schema: &'static str,
    findings: Vec<Finding<'e>>,
    advisory: Option<Advisory<'e>>,
    /// What could not be checked: it may be affected too.
    blind: Vec<Gap<'e>>,
    decisions: Vec<Decision<'e>>,
    would_change: &'e [String],
}

impl<'e> Explain<'e> {
    pub(super) fn of(explanation: &'e Explanation) -> Self {
        Self {
            schema: "lockkeeper.explain/1",
            findings: explanation.findings.iter().map(Finding::of).collect(),
            advisory: explanation
                .advisory
                .as_ref()
                .map(|advisory| Advisory::of(advisory, &explanation.texts)),
            blind: explanation.unjudged.iter().map(Gap::of).collect(),
            decisions: explanation.decisions.iter().map(Decision::of).collect(),
            would_change: &explanation.would_change,
        }
    }
}

#[derive(Serialize)]
struct Advisory<'e> {
    id: &'e str,
    aliases: &'e [String],
    summary: &'e str,
    class: &'static str,
    severity: Severity<'e>,
    known_exploited: bool,
    epss: Option<f64>,
    published: Option<Timestamp>,
    details: &'e str,
    references: Vec<Reference<'e>>,
}

impl<'e> Advisory<'e> {
    fn of(advisory: &'e model::Advisory, texts: &'e model::advisory::Texts) -> Self {
        Self {
            id: &advisory.id,
            aliases: &advisory.aliases,
            summary: &advisory.summary,
            class: advisory.class.as_str(),
            severity: Severity::of(&advisory.severity),
            known_exploited: advisory.known_exploited,
            epss: advisory.epss,
            published: advisory.published,
            details: &texts.details,
            references: texts
                .references
                .iter()
                .map(|(kind, url)| Reference { r#type: kind, url })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Reference<'e> {
    r#type: &'e str,
    url: &'e str,
}

#[derive(Serialize)]
struct Decision<'e> {
    rule: &'e str,
    matched: bool,
    why: &'e str,
}

impl<'e> Decision<'e> {
    fn of(ruling: &'e Ruling) -> Self {
        Self {
            rule: &ruling.rule,
            matched: match ruling.matched {
                Matched::Yes => true,
                Matched::No => false,
            },
            why: &ruling.why,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Error<'e> {
    schema: &'static str,
    code: u8,
    message: String,
    place: Option<ErrorPlace<'e>>,
    hint: &'e str,
    others: Vec<Mistake<'e>>,
}

impl<'e> Error<'e> {
    pub(super) fn of(failure: &'e Failure) -> Self {
        let first = Mistake::of(failure);
        Self {
            schema: "lockkeeper.error/1",
            code: failure.code.number(),
            message: first.message,
            place: first.place,
            hint: first.hint,
            others: failure.others.iter().map(Mistake::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct Mistake<'e> {
    message: String,
    place: Option<ErrorPlace<'e>>,
    hint: &'e str,
}

impl<'e> Mistake<'e> {
    fn of(failure: &'e Failure) -> Self {
        let location = failure.location.as_ref();
        Self {
            message: failure.to_string(),
            place: location.map(|location| ErrorPlace::of(&location.file, location.position)),
            hint: &failure.hint,
        }
    }
}

#[derive(Serialize)]
struct ErrorPlace<'e> {
    file: Cow<'e, str>,
    line: u32,
    column: u32,
}

impl<'e> ErrorPlace<'e> {
    fn of(file: &'e model::TreePath, position: Position) -> Self {
        Self {
            file: file.display(),
            line: position.line,
            column: position.column,
        }
    }
}
