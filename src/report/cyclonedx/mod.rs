//! `--format cyclonedx`: a bill of materials in CycloneDX 1.6 (ECMA-424) as JSON.
//!
//! Every package of every lockfile is a component, named by its package URL; `evidence.occurrences` says where it is locked.
//! What could not be read makes the composition `incomplete`, and an annotation says what it is.

mod components;
mod vex;

use std::io;

use serde::Serialize;

use self::components::Component;
use self::vex::Vulnerability;
use super::bill::{Bill, Extent, uuid, whole_seconds};
use super::{Report, Style, json};
use crate::model::Outcome;

/// The report.
#[derive(Debug)]
pub struct CycloneDx;

impl Report for CycloneDx {
    fn name(&self) -> &'static str {
        "cyclonedx"
    }

    fn needs_bill(&self) -> bool {
        true
    }

    fn write(&self, outcome: &Outcome, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let bill = Bill::of(outcome);
        let mut document = Document::of(outcome, &bill);
        document.serial_number = format!("urn:uuid:{}", uuid(&document)?);
        json::document(&document, out)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'b> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'b>,
    components: Vec<Component<'b>>,
    dependencies: Vec<Dependency<'b>>,
    compositions: Vec<Composition<'b>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation<'b>>,
    /// `None` unless findings were asked for: an empty list says that there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities: Option<Vec<Vulnerability<'b>>>,
}

impl<'b> Document<'b> {
    fn of(outcome: &'b Outcome, bill: &'b Bill<'_>) -> Self {
        let timestamp = whole_seconds(outcome.now);
        let reference = |number: &usize| bill.components.get(*number).map(|one| one.reference.as_str());
        let dependencies = bill.components.iter().filter_map(|component| {
            Some(Dependency {
                r#ref: &component.reference,
                depends_on: component.needs.as_ref()?.iter().filter_map(reference).collect(),
            })
        });
        let subject = bill.components.first();
        let subjects: Vec<&str> = subject.iter().map(|subject| &*subject.reference).collect();
        let annotations = bill.gaps.iter().map(|gap| Annotation {
            subjects: subjects.clone(),
            annotator: Annotator {
                component: Tool::of(outcome),
            },
            timestamp: timestamp.clone(),
            text: gap.text(),
        });
        Self {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bom_format: "CycloneDX",
            spec_version: "1.6",
            serial_number: String::new(),
            version: 1,
            metadata: Metadata {
                timestamp: timestamp.clone(),
                lifecycles: [Lifecycle { phase: "pre-build" }],
                tools: Tools {
                    components: [Tool::of(outcome)],
                },
                component: subject.map(Component::of_subject),
            },
            components: bill.components.iter().skip(1).map(Component::of).collect(),
            dependencies: dependencies.collect(),
            compositions: compositions(bill, &subjects),
            annotations: annotations.collect(),
            vulnerabilities: outcome.vex.then(|| vex::vulnerabilities(outcome, bill)),
        }
    }
}

/// Whether all is there, and of which components it is not known what they need.
fn compositions<'b>(bill: &'b Bill<'_>, subjects: &[&'b str]) -> Vec<Composition<'b>> {
    let whole = Composition {
        aggregate: match bill.extent {
            Extent::Complete => "complete",
            Extent::Incomplete => "incomplete",
            Extent::Unknown => "unknown",
        },
        assemblies: subjects.to_vec(),
        dependencies: subjects.to_vec(),
    };
    let open = bill.components.iter().filter(|one| one.needs.is_none());
    let open: Vec<&str> = open.map(|component| component.reference.as_str()).collect();
    let open = (!open.is_empty()).then_some(Composition {
        aggregate: "unknown",
        assemblies: Vec::new(),
        dependencies: open,
    });
    std::iter::once(whole).chain(open).collect()
}

#[derive(Serialize)]
struct Metadata<'b> {
    timestamp: String,
    lifecycles: [Lifecycle; 1],
    tools: Tools,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<Component<'b>>,
}

#[derive(Serialize)]
struct Lifecycle {
    phase: &'static str,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    r#type: &'static str,
    name: &'static str,
    version: &'static str,
}

impl Tool {
    fn of(outcome: &Outcome) -> Self {
        Self {
            r#type: "application",
            name: "lockkeeper",
            version: outcome.tool_version,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'b> {
    r#ref: &'b str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'b str>,
}

#[derive(Serialize)]
struct Composition<'b> {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assemblies: Vec<&'b str>,
    dependencies: Vec<&'b str>,
}

#[derive(Serialize)]
struct Annotation<'b> {
    subjects: Vec<&'b str>,
    annotator: Annotator,
    timestamp: String,
    text: String,
}

#[derive(Serialize)]
struct Annotator {
    component: Tool,
}
