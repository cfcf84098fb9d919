//! SPDX 3.0 as JSON-LD, in the form that its JSON schema allows: one list of elements under `@graph`.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::lockfile::Parsed;
use crate::lockfile::grammar::bill::{Bill, Component, DAMAGED, Need, Placed};
use crate::model::{Scope, Scopes};
use crate::text::tree::{Kind, Value};

/// Reads the document `root`.
pub(super) fn read<'d>(root: Value<'d>, parsed: &mut Parsed) {
    let mut bill = Bill::default();
    let mut described: HashSet<Cow<'d, str>> = HashSet::new();
    let mut is_document = false;
    let mut packages = Vec::new();
    let Some(graph) = root.get("@graph") else { return };
    // The schema allows no other context: one that is made up could give every word another meaning.
    let context = root.str("@context").unwrap_or_default();
    let is_known = context
        .strip_prefix("https://spdx.org/rdf/3.")
        .is_some_and(|rest| rest.ends_with("/spdx-context.jsonld"));
    if !is_known {
        let at = root.get("@context").map_or(root.span(), Value::span);
        parsed.blind(
            at,
            "`@context` is not the one of SPDX 3",
            "Write the file with the context that the specification publishes.",
        );
    }
    if graph.kind() != Kind::Array {
        parsed.blind(graph.span(), "`@graph` is no list", DAMAGED);
    }
    for element in graph.items() {
        let kind = element
            .str("type")
            .or_else(|| element.str("@type"))
            .unwrap_or_default();
        match kind.as_ref() {
            "SpdxDocument" | "software_Sbom" => {
                is_document |= kind == "SpdxDocument";
                described.extend(texts(element.get("rootElement")).map(|(text, _)| text));
                if let Some(imports) = element.get("import").filter(|imports| imports.count() > 0) {
                    let message = "packages in other documents, which this one refers to, were not checked";
                    parsed.partial(
                        imports.span(),
                        message,
                        "Keep these documents beside this one: each is read by itself.",
                    );
                }
            }
            "software_Package" | "ai_AIPackage" | "dataset_DatasetPackage" => packages.push(element),
            "Relationship" | "LifecycleScopedRelationship" => {
                relationship(element, &mut bill, &mut described)
            }
            _ => {}
        }
    }
    if !is_document {
        parsed.blind(
            graph.span(),
            "this is no SPDX: there is no element of type `SpdxDocument`",
            DAMAGED,
        );
    }
    // The bill of a document describes something: that is the root, and not the bill.
    for value in packages {
        package(value, &described, &mut bill, parsed);
    }
    bill.add_to(parsed);
}

/// The strings of a value that is one, or a list of them.
fn texts(value: Option<Value<'_>>) -> impl Iterator<Item = Placed<'_>> {
    let single = value.into_iter().filter(|value| value.kind() != Kind::Array);
    let listed = value.into_iter().flat_map(Value::items);
    single
        .chain(listed)
        .filter_map(|value| Some((value.as_str()?, value.text_span())))
}

fn relationship<'d>(element: Value<'d>, bill: &mut Bill<'d>, described: &mut HashSet<Cow<'d, str>>) {
    let Some(from) = element.str("from") else { return };
    let kind = element.str("relationshipType").unwrap_or_default();
    let scopes = match (element.str("scope").as_deref(), kind.as_ref()) {
        (_, "hasOptionalDependency" | "hasOptionalComponent") => Scopes::only(Scope::Optional),
        (Some("development" | "test"), _) => Scopes::only(Scope::Dev),
        (Some("build"), _) => Scopes::only(Scope::Build),
        (Some("runtime"), _) => Scopes::only(Scope::Runtime),
        (Some(_) | None, _) => Scopes::default(),
    };
    for (to, span) in texts(element.get("to")) {
        match kind.as_ref() {
            "describes" => {
                described.insert(to);
            }
            "dependsOn"
            | "contains"
            | "hasOptionalDependency"
            | "hasOptionalComponent"
            | "hasDynamicLink"
            | "hasStaticLink"
            | "hasPrerequisite"
            | "hasProvidedDependency" => bill.needs.push(Need {
                from: from.clone(),
                to,
                span,
                scopes,
            }),
            _ => {}
        }
    }
}

fn package<'d>(
    value: Value<'d>,
    described: &HashSet<Cow<'d, str>>,
    bill: &mut Bill<'d>,
    parsed: &mut Parsed,
) {
    let mut component = Component {
        entry: value.span(),
        may_be_package: true,
        ..Component::default()
    };
    let mut purls: Vec<Placed<'d>> = Vec::new();
    let placed = |value: Value<'d>| Some((value.as_str()?, value.text_span()));
    for (key, value) in value.entries() {
        match key.as_ref() {
            "spdxId" | "@id" => component.reference = value.as_str(),
            "name" => component.name = value.as_str().unwrap_or_default(),
            "software_packageVersion" => component.version = placed(value),
            "software_packageUrl" => purls.extend(placed(value)),
            "externalIdentifier" => {
                let of_purls = value.items().filter(|one| {
                    matches!(
                        one.str("externalIdentifierType").as_deref(),
                        Some("packageUrl" | "purl")
                    )
                });
                purls.extend(of_purls.filter_map(|one| placed(one.get("identifier")?)));
            }
            "verifiedUsing" => {
                let values = value.items().filter_map(|hash| hash.get("hashValue"));
                component.checksums = values.map(Value::text_span).collect();
            }
            "software_primaryPurpose" => {
                let purpose = value.as_str().unwrap_or_default();
                component.may_be_package = matches!(
                    purpose.as_ref(),
                    "application" | "framework" | "library" | "module" | "install" | "other"
                );
            }
            _ => {}
        }
    }
    if component.name.is_empty() {
        parsed.blind(value.span(), "a package has no name", DAMAGED);
    }
    component.is_root = component
        .reference
        .as_ref()
        .is_some_and(|own| described.contains(own));
    bill.add_with_purls(component, purls);
}
