//! SPDX 2.2 and 2.3 as JSON.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::lockfile::Parsed;
use crate::lockfile::grammar::bill::{Bill, Component, DAMAGED, LIST_ALL, LISTS_NOT_ALL, Need, Placed};
use crate::model::{Scope, Scopes};
use crate::text::Span;
use crate::text::tree::{Kind, Value};

/// Reads the document `root`.
pub(super) fn read<'d>(root: Value<'d>, parsed: &mut Parsed) {
    let mut bill = Bill::default();
    let mut described: HashSet<Cow<'d, str>> = HashSet::new();
    let own_id = root.str("SPDXID").unwrap_or_default();
    let mut packages = None;
    for (key, value) in root.entries() {
        match key.as_ref() {
            "packages" => packages = Some(value),
            "documentDescribes" => described.extend(value.items().filter_map(Value::as_str)),
            "relationships" => {
                let mut open = None;
                for relationship in value.items() {
                    let known = self::relationship(relationship, &own_id, &mut bill, &mut described);
                    open = open.or(known.err());
                }
                if let Some(at) = open {
                    parsed.partial(at, format!("{LISTS_NOT_ALL} (`NOASSERTION`)"), LIST_ALL);
                }
            }
            "externalDocumentRefs" if value.count() > 0 => {
                let message = "packages in other documents, which this one refers to, were not checked";
                parsed.partial(
                    value.span(),
                    message,
                    "Keep these documents beside this one: each is read by itself.",
                );
            }
            _ => {}
        }
    }
    if let Some(packages) = packages {
        if packages.kind() != Kind::Array {
            parsed.blind(packages.span(), "`packages` is no list", DAMAGED);
        }
        for value in packages.items() {
            package(value, &described, &mut bill, parsed);
        }
    }
    bill.add_to(parsed);
}

/// Takes in what one relationship says (SPDX 2.3, section 11). The error is the place of one to what is not said (section 11.1.3).
fn relationship<'d>(
    value: Value<'d>,
    document: &str,
    bill: &mut Bill<'d>,
    described: &mut HashSet<Cow<'d, str>>,
) -> Result<(), Span> {
    let (Some(element), Some(related)) = (
        placed(value, "spdxElementId"),
        placed(value, "relatedSpdxElement"),
    ) else {
        return Ok(());
    };
    let kind = value.str("relationshipType").unwrap_or_default();
    let only = Scopes::only;
    let (is_reversed, scopes) = match kind.as_ref() {
        "DESCRIBES" if element.0 == document => {
            described.insert(related.0);
            return Ok(());
        }
        "DESCRIBED_BY" if related.0 == document => {
            described.insert(element.0);
            return Ok(());
        }
        "DEPENDS_ON" | "CONTAINS" | "HAS_PREREQUISITE" => (false, Scopes::default()),
        "DEPENDENCY_OF" | "CONTAINED_BY" | "PREREQUISITE_FOR" | "PROVIDED_DEPENDENCY_OF" => {
            (true, Scopes::default())
        }
        "RUNTIME_DEPENDENCY_OF" => (true, only(Scope::Runtime)),
        "DEV_DEPENDENCY_OF" | "TEST_DEPENDENCY_OF" | "DEV_TOOL_OF" | "TEST_TOOL_OF" => {
            (true, only(Scope::Dev))
        }
        "BUILD_DEPENDENCY_OF" | "BUILD_TOOL_OF" => (true, only(Scope::Build)),
        "OPTIONAL_DEPENDENCY_OF" => (true, only(Scope::Optional)),
        _ => return Ok(()),
    };
    if !is_reversed && related.0 == "NOASSERTION" {
        return Err(related.1);
    }
    let (from, to) = if is_reversed {
        (related, element)
    } else {
        (element, related)
    };
    bill.needs.push(Need {
        from: from.0,
        span: to.1,
        to: to.0,
        scopes,
    });
    Ok(())
}

fn placed<'d>(value: Value<'d>, key: &str) -> Option<Placed<'d>> {
    let value = value.get(key)?;
    Some((value.as_str()?, value.text_span()))
}

fn package<'d>(
    value: Value<'d>,
    described: &HashSet<Cow<'d, str>>,
    bill: &mut Bill<'d>,
    parsed: &mut Parsed,
) {
    if !value.is_object() {
        parsed.blind(value.span(), "a package is no object", DAMAGED);
        return;
    }
    let mut component = Component {
        entry: value.span(),
        may_be_package: true,
        ..Component::default()
    };
    let mut purls: Vec<Placed<'d>> = Vec::new();
    for (key, value) in value.entries() {
        match key.as_ref() {
            "SPDXID" => component.reference = value.as_str(),
            "name" => component.name = value.as_str().unwrap_or_default(),
            "versionInfo" => component.version = stated(value),
            "externalRefs" => purls.extend(value.items().filter_map(purl)),
            "checksums" => {
                let values = value.items().filter_map(|checksum| checksum.get("checksumValue"));
                component.checksums = values.map(Value::text_span).collect();
            }
            "annotations" => component.is_own = value.items().any(says_own),
            "primaryPackagePurpose" => {
                let purpose = value.as_str().unwrap_or_default();
                component.may_be_package = matches!(
                    purpose.as_ref(),
                    "APPLICATION" | "FRAMEWORK" | "LIBRARY" | "INSTALL" | "OTHER"
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

/// By our own reports it is a module of the project, and no package.
fn says_own(annotation: Value<'_>) -> bool {
    let is_ours = annotation
        .str("annotator")
        .is_some_and(|annotator| annotator.starts_with("Tool: lockkeeper-"));
    is_ours && annotation.str("comment").as_deref() == Some("own module")
}

/// A version, which may be said not to be known.
fn stated(value: Value<'_>) -> Option<(Cow<'_, str>, Span)> {
    let text = value.as_str()?;
    (!matches!(text.as_ref(), "NOASSERTION" | "NONE")).then_some((text, value.text_span()))
}

/// The package URL that an external reference is.
fn purl(reference: Value<'_>) -> Option<Placed<'_>> {
    match reference.str("referenceType")?.as_ref() {
        "purl" => placed(reference, "referenceLocator"),
        _ => None,
    }
}
