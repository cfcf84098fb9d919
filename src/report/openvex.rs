//! `--format openvex`: what the findings are, as statements of [OpenVEX](https://openvex.dev) 0.2.0.
//!
//! A match says that a version is in an advisory's range: `affected`, with what to do. An exception of the policy accepts that until a day,
//! and does not make it `not_affected`. The product of a statement is the package itself, by its package URL. The schema wants one statement
//! at least; a tree without findings has none.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::bill::{uuid, whole_seconds};
use super::{Report, Style, json, links, phrases};
use crate::model::finding::State;
use crate::model::{Finding, Outcome};

/// The report.
#[derive(Debug)]
pub struct OpenVex;

impl Report for OpenVex {
    fn name(&self) -> &'static str {
        "openvex"
    }

    fn write(&self, outcome: &Outcome, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let mut document = Document {
            context: "https://openvex.dev/ns/v0.2.0",
            id: String::new(),
            author: "lockkeeper",
            role: "Document Creator",
            timestamp: whole_seconds(outcome.now),
            version: 1,
            tooling: format!("lockkeeper {}", outcome.tool_version),
            statements: statements(outcome),
        };
        document.id = format!("urn:uuid:{}", uuid(&document)?);
        json::document(&document, out)
    }
}

#[derive(Serialize)]
struct Document<'o> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'static str,
    role: &'static str,
    timestamp: String,
    version: u32,
    tooling: String,
    statements: Vec<Statement<'o>>,
}

#[derive(Serialize)]
struct Statement<'o> {
    vulnerability: Vulnerability<'o>,
    products: Vec<Product<'o>>,
    #[serde(flatten)]
    says: Says,
}

#[derive(Serialize)]
struct Vulnerability<'o> {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: &'o str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'o str,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    aliases: BTreeSet<&'o str>,
}

#[derive(Serialize)]
struct Product<'o> {
    #[serde(rename = "@id")]
    id: &'o str,
    identifiers: Identifiers<'o>,
}

#[derive(Serialize)]
struct Identifiers<'o> {
    purl: &'o str,
}

/// What a statement says, and why.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Says {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

impl Says {
    fn of(finding: &Finding) -> Self {
        let affected = |action: String| Self {
            status: "affected",
            status_notes: Some("The version is one that the advisory names; no more than that was assessed."),
            impact_statement: None,
            action_statement: Some(action),
        };
        match (&finding.state, &finding.upgrade) {
            (State::Affected, Some(version)) => affected(format!("Upgrade to {version}.")),
            (State::Affected, None) => {
                affected("No fixed version is known: remove or replace it.".to_owned())
            }
            (State::Excepted(excepted), _) => affected(format!(
                "Accepted by the policy: {}.",
                phrases::exception(excepted)
            )),
            (State::NotAffected, _) => Self {
                status: "not_affected",
                status_notes: None,
                impact_statement: Some(phrases::ended(&finding.reason).into_owned()),
                action_statement: None,
            },
        }
    }
}

/// One statement for each advisory and what is said of it.
fn statements(outcome: &Outcome) -> Vec<Statement<'_>> {
    let mut groups: BTreeMap<(&str, Says), Vec<&Finding>> = BTreeMap::new();
    for (_, finding) in outcome.findings() {
        if finding.advisory.class.is_exploitable() {
            let key = (finding.id(), Says::of(finding));
            groups.entry(key).or_default().push(finding);
        }
    }
    groups.into_iter().filter_map(statement).collect()
}

fn statement<'o>(((name, says), findings): ((&'o str, Says), Vec<&'o Finding>)) -> Option<Statement<'o>> {
    let first = *findings.first()?;
    let purls: BTreeSet<&str> = findings.iter().map(|finding| finding.purl.as_str()).collect();
    let product = |purl| Product {
        id: purl,
        identifiers: Identifiers { purl },
    };
    Some(Statement {
        vulnerability: Vulnerability {
            id: links::advisory(name),
            name,
            description: &first.advisory.summary,
            aliases: first.other_ids().collect(),
        },
        products: purls.into_iter().map(product).collect(),
        says,
    })
}
