//! `--format spdx`: a bill of materials in SPDX 2.3 (ISO/IEC 5962) as JSON.
//!
//! Every package of every lockfile is a package, with its package URL; its comment says where it is locked. What could not be read is
//! an annotation of the document, and what it describes depends on something that nothing is asserted of. Licences are not known
//! to a lockfile: `NOASSERTION`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::bill::{Bill, Component, Extent, Kind, uuid, whole_seconds};
use super::{Report, Style, json, links, phrases};
use crate::ecosystem::purl::version_control;
use crate::model::bill::Algorithm;
use crate::model::finding::State;
use crate::model::{Outcome, Scope, Source};

/// The report.
#[derive(Debug)]
pub struct Spdx;

/// The document's own identifier.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
/// Nothing is said of it.
const NO_ASSERTION: &str = "NOASSERTION";

impl Report for Spdx {
    fn name(&self) -> &'static str {
        "spdx"
    }

    fn needs_bill(&self) -> bool {
        true
    }

    fn write(&self, outcome: &Outcome, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let bill = Bill::of(outcome);
        let ids: Vec<String> = bill.components.iter().map(id).collect();
        let mut document = Document::of(outcome, &bill, &ids);
        // Where documents without a place of their own are to have their names (SPDX 2.3, section 6.5).
        document.document_namespace = format!("https://spdx.org/spdxdocs/lockkeeper-{}", uuid(&document)?);
        json::document(&document, out)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'b> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'b str,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package<'b>>,
    relationships: Vec<Relationship<'b>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'b> {
    #[serde(rename = "SPDXID")]
    id: &'b str,
    name: Cow<'b, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    version_info: &'b str,
    supplier: &'static str,
    download_location: String,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'b>>,
    license_concluded: &'static str,
    license_declared: &'static str,
    copyright_text: &'static str,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'b>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'b> {
    algorithm: &'static str,
    checksum_value: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef<'b> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: Cow<'b, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship<'b> {
    spdx_element_id: &'b str,
    relationship_type: &'static str,
    related_spdx_element: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    annotation_date: String,
    annotation_type: &'static str,
    annotator: String,
    comment: String,
}

impl<'b> Document<'b> {
    fn of(outcome: &Outcome, bill: &'b Bill<'_>, ids: &'b [String]) -> Self {
        let created = whole_seconds(outcome.now);
        let tool = format!("Tool: lockkeeper-{}", outcome.tool_version);
        let subject = bill.components.first();
        let annotation = |comment: String| Annotation {
            annotation_date: created.clone(),
            annotation_type: "OTHER",
            annotator: tool.clone(),
            comment,
        };
        let annotations = bill.gaps.iter().map(|gap| annotation(gap.text()));
        let packages = bill.components.iter().zip(ids).map(|(component, id)| {
            let own = match component.kind {
                // Our own reader knows it by that.
                Kind::Own => Some(annotation("own module".to_owned())),
                Kind::Package { .. } => None,
            };
            let mut package = package(component, id);
            package.annotations.extend(own);
            package
        });
        let mut packages: Vec<Package<'b>> = packages.collect();
        if outcome.vex {
            add_findings(outcome, bill, &mut packages);
        }
        Self {
            spdx_version: "SPDX-2.3",
            data_license: "CC0-1.0",
            id: DOCUMENT,
            name: subject.map_or("project", |subject| &subject.name),
            document_namespace: String::new(),
            creation_info: CreationInfo {
                created: created.clone(),
                creators: [tool.clone()],
            },
            packages,
            relationships: relationships(bill, ids),
            annotations: annotations.collect(),
        }
    }
}

/// Who needs whom, and for what where that is not to run.
fn relationships<'b>(bill: &'b Bill<'_>, ids: &'b [String]) -> Vec<Relationship<'b>> {
    let id = |number: usize| ids.get(number).map_or(NO_ASSERTION, String::as_str);
    let mut relationships = vec![Relationship {
        spdx_element_id: DOCUMENT,
        relationship_type: "DESCRIBES",
        related_spdx_element: id(0),
    }];
    for (from, component) in bill.components.iter().enumerate() {
        for to in component.needs.iter().flatten() {
            let Some(needed) = bill.components.get(*to) else {
                continue;
            };
            let (kind, from, to) = match purpose(component, needed) {
                None => ("DEPENDS_ON", id(from), id(*to)),
                Some(purpose) => (purpose, id(*to), id(from)),
            };
            relationships.push(Relationship {
                spdx_element_id: from,
                relationship_type: kind,
                related_spdx_element: to,
            });
        }
    }
    if bill.extent == Extent::Incomplete {
        relationships.push(Relationship {
            spdx_element_id: id(0),
            relationship_type: "DEPENDS_ON",
            related_spdx_element: NO_ASSERTION,
        });
    }
    relationships
}

/// What `component` needs `needed` for, if that is for one purpose that is not to run, and if it is this need that says so.
fn purpose(component: &Component<'_>, needed: &Component<'_>) -> Option<&'static str> {
    let is_own = matches!(component.kind, Kind::Own);
    // What is needed for development by something that is, is needed by it as by any other.
    let says = |scope| needed.is_only(scope) && (is_own || !component.is_only(scope));
    if says(Scope::Dev) {
        Some("DEV_DEPENDENCY_OF")
    } else if says(Scope::Build) {
        Some("BUILD_DEPENDENCY_OF")
    } else if says(Scope::Optional) {
        Some("OPTIONAL_DEPENDENCY_OF")
    } else {
        None
    }
}

fn package<'b>(component: &'b Component<'_>, id: &'b str) -> Package<'b> {
    let (purl, purpose) = match component.kind {
        Kind::Own => (None, "APPLICATION"),
        Kind::Package { purl, .. } => (purl, "LIBRARY"),
    };
    let checksums = component.of_archive().map(|digest| Checksum {
        algorithm: match digest.algorithm {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha384 => "SHA384",
            Algorithm::Sha512 => "SHA512",
        },
        checksum_value: &digest.hex,
    });
    let purls = purl.map(|purl| ExternalRef {
        reference_category: "PACKAGE-MANAGER",
        reference_type: "purl",
        reference_locator: Cow::Borrowed(purl.as_str()),
        comment: None,
    });
    Package {
        id,
        name: component.whole_name(),
        version_info: &component.version,
        supplier: NO_ASSERTION,
        download_location: location(component),
        files_analyzed: false,
        checksums: checksums.collect(),
        license_concluded: NO_ASSERTION,
        license_declared: NO_ASSERTION,
        copyright_text: NO_ASSERTION,
        primary_package_purpose: purpose,
        external_refs: purls.into_iter().collect(),
        comment: comment(component),
        annotations: Vec::new(),
    }
}

/// Adds what `outcome` found to the packages, with what the policy says of it.
fn add_findings(outcome: &Outcome, bill: &Bill<'_>, packages: &mut [Package<'_>]) {
    let mut seen = HashSet::new();
    for (_, finding) in outcome.findings() {
        let Some(number) = bill.number(&finding.purl) else {
            continue;
        };
        let Some(address) = links::finding(finding) else {
            continue;
        };
        let comment = match &finding.state {
            State::Affected => format!("affected; the policy decides {}", finding.decision.as_str()),
            State::Excepted(excepted) => {
                format!(
                    "affected; accepted by the policy {}",
                    phrases::exception(excepted)
                )
            }
            State::NotAffected => format!("not affected: {}", finding.reason),
        };
        if let Some(package) = packages.get_mut(number)
            && seen.insert((number, address.clone(), comment.clone()))
        {
            package.external_refs.push(ExternalRef {
                reference_category: "SECURITY",
                reference_type: "advisory",
                reference_locator: Cow::Owned(address),
                comment: Some(comment),
            });
        }
    }
}

/// Where it is locked.
fn comment(component: &Component<'_>) -> String {
    let places = component.occurrences.iter().map(|place| match place.line {
        0 => place.file.clone(),
        line => format!("{}:{line}", place.file),
    });
    let places: Vec<String> = places.collect();
    match (places.is_empty(), component.kind) {
        (true, _) => String::new(),
        (false, Kind::Own) => format!("Own module, in {}.", places.join(", ")),
        (false, Kind::Package { .. }) => format!("Locked in {}.", places.join(", ")),
    }
}

/// Where it is, in the forms that the standard has (section 7.7).
fn location(component: &Component<'_>) -> String {
    if let Some(address) = component.archive() {
        return address.to_owned();
    }
    match component.kind {
        Kind::Package {
            source: Source::Git(place),
            ..
        } => repository(&version_control(place)).unwrap_or_else(|| NO_ASSERTION.to_owned()),
        Kind::Package { .. } | Kind::Own => NO_ASSERTION.to_owned(),
    }
}

/// `location` if it is `git+https://host/path@commit` and every reader takes it.
fn repository(location: &str) -> Option<String> {
    let (_, rest) = location.split_once("git+")?.1.split_once("://")?;
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@+".contains(&byte);
    let is_whole = rest.contains('/') && rest.bytes().all(is_safe);
    is_whole.then(|| location.to_owned())
}

/// An identifier that says what it is of, and is the same in every document.
fn id(component: &Component<'_>) -> String {
    let digest = hex::encode(Sha256::digest(component.reference.as_bytes()));
    let plain = |text: &str| -> String {
        let plain = text.chars().map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' => character,
            _ => '-',
        });
        plain.take(100).collect()
    };
    let kind = match component.kind {
        Kind::Own => "own",
        Kind::Package { purl, .. } => purl.map_or("package", crate::model::PackageUrl::kind),
    };
    let name = plain(&component.whole_name());
    let version = plain(&component.version);
    format!(
        "SPDXRef-{kind}-{}-{}-{}",
        name.trim_matches('-'),
        version,
        digest.get(..12).unwrap_or(&digest)
    )
}
