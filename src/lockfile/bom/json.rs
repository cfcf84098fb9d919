//! CycloneDX as JSON.

use std::borrow::Cow;

use super::{Properties, SOURCE_PACKAGE, check_version, label, may_be_package, note_incomplete, settle};
use crate::lockfile::Parsed;
use crate::lockfile::grammar::bill::{Bill, Component, DAMAGED, Need};
use crate::model::Scopes;
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// Reads `text`.
pub(super) fn read(text: &str) -> Parsed {
    let mut document = json::read(text);
    let mut parsed = Parsed::default();
    parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
    let root = document.root();
    if root.str("bomFormat").as_deref() != Some("CycloneDX") {
        parsed.blind(
            root.span(),
            "this is no CycloneDX: it has no `\"bomFormat\": \"CycloneDX\"`",
            DAMAGED,
        );
    }
    let version = root
        .get("specVersion")
        .map(|version| (version.raw(), version.span()));
    check_version(version, root.span(), &mut parsed);
    let mut bill = Bill::default();
    let mut keys: Vec<Value<'_>> = Vec::new();
    for (key, value) in root.entries() {
        match key.as_ref() {
            "metadata" => {
                if let Some(subject) = value.get("component") {
                    components(vec![(subject, None)], true, &mut bill, &mut parsed);
                }
            }
            "components" => {
                if value.kind() != Kind::Array {
                    parsed.blind(value.span(), "`components` is no list", DAMAGED);
                }
                let listed = value.items().map(|component| (component, None)).collect();
                components(listed, false, &mut bill, &mut parsed);
            }
            "dependencies" => keys.extend(value.items()),
            "compositions" => {
                for composition in value.items() {
                    if let Some(aggregate) = composition.get("aggregate") {
                        note_incomplete(aggregate.raw(), aggregate.span(), &mut parsed);
                    }
                }
            }
            _ => {}
        }
    }
    for dependency in keys {
        let Some(from) = dependency.str("ref") else {
            parsed.blind(dependency.span(), "a dependency has no `ref`", DAMAGED);
            continue;
        };
        for to in dependency.get("dependsOn").into_iter().flat_map(Value::items) {
            if let Some(name) = to.as_str() {
                bill.needs.push(Need {
                    from: from.clone(),
                    to: name,
                    span: to.text_span(),
                    scopes: Scopes::default(),
                });
            }
        }
    }
    bill.add_to(&mut parsed);
    parsed
}

/// Adds `listed` and their parts; with `is_root` they are what the document describes.
fn components<'d>(
    mut listed: Vec<(Value<'d>, Option<usize>)>,
    is_root: bool,
    bill: &mut Bill<'d>,
    parsed: &mut Parsed,
) {
    listed.reverse();
    while let Some((value, part_of)) = listed.pop() {
        if !value.is_object() {
            parsed.blind(value.span(), "a component is no object", DAMAGED);
            continue;
        }
        let number = bill.components.len();
        let (component, parts) = component(value, part_of, is_root && part_of.is_none());
        if component.name.is_empty() && !component.is_root {
            parsed.blind(value.span(), "a component has no name", DAMAGED);
        }
        bill.components.push(component);
        let from = listed.len();
        listed.extend(
            parts
                .into_iter()
                .flat_map(Value::items)
                .map(|part| (part, Some(number))),
        );
        listed.get_mut(from..).unwrap_or_default().reverse();
    }
}

/// One component, and the list of its parts.
fn component<'d>(
    value: Value<'d>,
    part_of: Option<usize>,
    is_root: bool,
) -> (Component<'d>, Option<Value<'d>>) {
    let mut component = Component {
        entry: value.span(),
        part_of,
        is_root,
        ..Component::default()
    };
    let (mut group, mut name, mut scope) = (None, None, Cow::Borrowed(""));
    let (mut parts, mut properties) = (None, Properties::default());
    let placed = |value: Value<'d>| Some((value.as_str()?, value.text_span()));
    for (key, value) in value.entries() {
        match key.as_ref() {
            "type" => component.may_be_package = value.as_str().is_some_and(|kind| may_be_package(&kind)),
            "bom-ref" => component.reference = value.as_str(),
            "group" => group = value.as_str(),
            "name" => name = value.as_str(),
            "version" => component.version = placed(value),
            "purl" => component.purl = placed(value),
            "scope" => scope = value.as_str().unwrap_or_default(),
            "hashes" => {
                let contents = value.items().filter_map(|hash| hash.get("content"));
                component.checksums = contents.map(Value::text_span).collect();
            }
            "properties" => {
                for property in value.items() {
                    let text = |key| property.str(key).unwrap_or_default();
                    let (name, value) = (text("name"), text("value"));
                    properties.add(&name, &value);
                    if name == SOURCE_PACKAGE {
                        component.source_package = Some(value);
                    }
                }
            }
            "components" => parts = Some(value),
            _ => {}
        }
    }
    component.name = label(group, name.unwrap_or_default());
    settle(&mut component, &scope, &properties);
    (component, parts)
}
