//! Findings in CycloneDX, where they were asked for (`--vex`).
//!
//! A match says that a version is in an advisory's range, which is `exploitable` in the words of the standard ("may be directly or
//! indirectly exploitable"). An exception of the policy accepts that until a day, and does not make it `not_affected`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::components::Property;
use crate::model::finding::State;
use crate::model::{Advisory, Finding, Level, Outcome};
use crate::report::bill::Bill;
use crate::report::{links, phrases};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vulnerability<'o> {
    id: &'o str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'o>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ratings: Vec<Rating<'o>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'o str,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    analysis: Analysis,
    affects: Vec<Affected<'o>>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Reference<'o> {
    id: &'o str,
    source: Source,
}

#[derive(Serialize)]
struct Rating<'o> {
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<&'o str>,
}

#[derive(Serialize)]
struct Analysis {
    state: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response: Vec<&'static str>,
    detail: String,
}

#[derive(Serialize)]
struct Affected<'o> {
    r#ref: &'o str,
    versions: [Version<'o>; 1],
}

#[derive(Serialize)]
struct Version<'o> {
    version: &'o str,
    status: &'static str,
}

/// The findings of `outcome`: one entry for each advisory and what the policy says of it.
pub(super) fn vulnerabilities<'o>(outcome: &'o Outcome, bill: &'o Bill<'_>) -> Vec<Vulnerability<'o>> {
    let mut groups: BTreeMap<(&str, &'static str, String), Vec<&Finding>> = BTreeMap::new();
    for (_, finding) in outcome.findings() {
        if finding.advisory.class.is_exploitable() {
            let key = (finding.id(), state(finding), detail(finding));
            groups.entry(key).or_default().push(finding);
        }
    }
    groups
        .into_iter()
        .filter_map(|((id, state, detail), findings)| {
            let first = *findings.first()?;
            let mut affects: Vec<(usize, &Finding)> = findings
                .iter()
                .filter_map(|finding| Some((bill.number(&finding.purl)?, *finding)))
                .collect();
            affects.sort_by_key(|(number, _)| *number);
            affects.dedup_by_key(|(number, _)| *number);
            let affects: Vec<Affected<'o>> = affects
                .into_iter()
                .filter_map(|(number, finding)| Affected::of(bill, number, finding))
                .collect();
            (!affects.is_empty()).then(|| Vulnerability::of(id, first, state, detail, affects))
        })
        .collect()
}

fn state(finding: &Finding) -> &'static str {
    match finding.state {
        State::Affected | State::Excepted(_) => "exploitable",
        State::NotAffected => "not_affected",
    }
}

/// Why, in a sentence.
fn detail(finding: &Finding) -> String {
    match &finding.state {
        State::Affected => {
            "The version is one that the advisory names; no more than that was assessed.".to_owned()
        }
        State::Excepted(excepted) => format!("Accepted by the policy: {}.", phrases::exception(excepted)),
        State::NotAffected => phrases::ended(&finding.reason).into_owned(),
    }
}

impl<'o> Vulnerability<'o> {
    fn of(
        id: &'o str,
        finding: &'o Finding,
        state: &'static str,
        detail: String,
        affects: Vec<Affected<'o>>,
    ) -> Self {
        let advisory = &*finding.advisory;
        let references = finding.other_ids().filter_map(|id| {
            Some(Reference {
                id,
                source: source(id)?,
            })
        });
        let response = match finding.state {
            State::Affected if finding.upgrade.is_some() => vec!["update"],
            State::Excepted(_) => vec!["will_not_fix"],
            State::Affected | State::NotAffected => Vec::new(),
        };
        Self {
            id,
            source: source(id),
            references: references.collect(),
            ratings: rating(advisory).into_iter().collect(),
            description: &advisory.summary,
            published: advisory.published.map(crate::report::bill::whole_seconds),
            analysis: Analysis {
                state,
                response,
                detail,
            },
            affects,
            properties: vec![
                Property {
                    name: "lockkeeper:decision",
                    value: finding.decision.as_str().to_owned(),
                },
                Property {
                    name: "lockkeeper:rule",
                    value: finding.rule.to_string(),
                },
            ],
        }
    }
}

impl<'o> Affected<'o> {
    fn of(bill: &'o Bill<'_>, number: usize, finding: &'o Finding) -> Option<Self> {
        let component = bill.components.get(number)?;
        Some(Self {
            r#ref: &component.reference,
            versions: [Version {
                version: &finding.version,
                status: match finding.state {
                    State::Affected | State::Excepted(_) => "affected",
                    State::NotAffected => "unaffected",
                },
            }],
        })
    }
}

fn source(id: &str) -> Option<Source> {
    Some(Source {
        name: "OSV",
        url: links::advisory(id)?,
    })
}

/// A severity that nobody stated is none.
fn rating(advisory: &Advisory) -> Option<Rating<'_>> {
    let severity = &advisory.severity;
    if severity.source == "assumed" {
        return None;
    }
    let vector = severity.vector.as_deref();
    let is = |kind: &str| vector.is_some_and(|vector| vector.starts_with(kind));
    let method = if is("CVSS:4.") {
        Some("CVSSv4")
    } else if is("CVSS:3.1/") {
        Some("CVSSv31")
    } else if is("CVSS:3.0/") {
        Some("CVSSv3")
    } else if vector.is_some() {
        Some("CVSSv2")
    } else {
        None
    };
    Some(Rating {
        score: severity.score,
        severity: match severity.level {
            Level::None => "none",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        },
        method,
        vector,
    })
}
