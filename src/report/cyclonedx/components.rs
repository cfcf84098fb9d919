//! Components of CycloneDX.

use serde::Serialize;

use crate::model::bill::{Algorithm, Digest};
use crate::model::{Scope, Source};
use crate::report::bill::{self, Kind};

/// A property by which our own reader knows a module of our own, which is no package.
const OWN_MODULE: &str = "lockkeeper:own-module";
/// Where a package comes from that no package URL names.
const SOURCE: &str = "lockkeeper:source";
/// What a package is used for, where `scope` has no word for it; one property each.
const SCOPE: &str = "lockkeeper:scope";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'b> {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    reference: &'b str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'b str,
    name: &'b str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'b>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'b str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference<'b>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'b>>,
}

#[derive(Serialize)]
struct Hash<'b> {
    alg: &'static str,
    content: &'b str,
}

#[derive(Serialize)]
struct Reference<'b> {
    r#type: &'static str,
    url: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'b>>,
}

#[derive(Serialize)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) value: String,
}

#[derive(Serialize)]
struct Evidence<'b> {
    occurrences: Vec<Occurrence<'b>>,
}

#[derive(Serialize)]
struct Occurrence<'b> {
    location: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

impl<'b> Component<'b> {
    /// What the document describes.
    pub(super) fn of_subject(component: &'b bill::Component<'_>) -> Self {
        Self {
            properties: Vec::new(),
            ..Self::of(component)
        }
    }

    /// Any other component.
    pub(super) fn of(component: &'b bill::Component<'_>) -> Self {
        let (kind, purl) = match component.kind {
            Kind::Own => ("application", None),
            Kind::Package { purl, .. } => ("library", purl),
        };
        let purl = purl.map(crate::model::PackageUrl::as_str);
        let occurrences = component.occurrences.iter().map(|place| Occurrence {
            location: &place.file,
            line: (place.line > 0).then_some(place.line),
        });
        let occurrences: Vec<Occurrence<'b>> = occurrences.collect();
        Self {
            r#type: kind,
            reference: &component.reference,
            group: component.group,
            name: &component.name,
            version: &component.version,
            scope: scope(component),
            hashes: component.of_archive().map(Hash::of).collect(),
            purl,
            external_references: references(component, purl),
            properties: properties(component),
            evidence: (!occurrences.is_empty()).then_some(Evidence { occurrences }),
        }
    }
}

impl<'b> Hash<'b> {
    fn of(digest: &'b Digest) -> Self {
        Self {
            alg: match digest.algorithm {
                Algorithm::Md5 => "MD5",
                Algorithm::Sha1 => "SHA-1",
                Algorithm::Sha256 => "SHA-256",
                Algorithm::Sha384 => "SHA-384",
                Algorithm::Sha512 => "SHA-512",
            },
            content: &digest.hex,
        }
    }
}

/// Of runtime, one is required; of development and of the build, it is not there when the product runs.
fn scope(component: &bill::Component<'_>) -> Option<&'static str> {
    let holds = |scope| component.scopes.holds(scope);
    if component.scopes.is_empty() {
        None
    } else if holds(Scope::Runtime) {
        Some("required")
    } else if holds(Scope::Optional) {
        Some("optional")
    } else {
        Some("excluded")
    }
}

/// Where it is, and the digests of archives of which there are several.
fn references<'b>(component: &'b bill::Component<'_>, purl: Option<&'b str>) -> Vec<Reference<'b>> {
    let archive = component.archive().map(|url| Reference {
        r#type: "distribution",
        url,
        comment: None,
        hashes: Vec::new(),
    });
    let of_several = component.of_one_of_several().filter_map(|digest| {
        Some(Reference {
            r#type: "distribution",
            url: purl?,
            comment: Some("one of the files of this version"),
            hashes: vec![Hash::of(digest)],
        })
    });
    archive.into_iter().chain(of_several).collect()
}

fn properties(component: &bill::Component<'_>) -> Vec<Property> {
    let property = |name, value: &str| Property {
        name,
        value: value.to_owned(),
    };
    let mut properties = Vec::new();
    match component.kind {
        Kind::Own => properties.push(property(OWN_MODULE, "true")),
        Kind::Package {
            purl: None, source, ..
        } => {
            let (Source::Path(place)
            | Source::OtherRegistry(place)
            | Source::Git(place)
            | Source::Url(place)
            | Source::Registry(Some(place))) = source
            else {
                return properties;
            };
            properties.push(property(SOURCE, &format!("{}:{place}", source.as_str())));
        }
        Kind::Package { purl: Some(_), .. } => {}
    }
    let is_said = component.scopes.is_empty()
        || [Scope::Runtime, Scope::Dev, Scope::Optional]
            .into_iter()
            .any(|scope| component.is_only(scope));
    if !is_said {
        let scopes = component.scopes.iter();
        properties.extend(scopes.map(|scope| property(SCOPE, scope.as_str())));
    }
    properties
}
