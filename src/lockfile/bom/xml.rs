//! CycloneDX as XML.

use std::borrow::Cow;

use super::{Properties, SOURCE_PACKAGE, check_version, label, may_be_package, note_incomplete, settle};
use crate::lockfile::Parsed;
use crate::lockfile::grammar::bill::{Bill, Component, DAMAGED, Need, Placed};
use crate::model::Scopes;
use crate::text::xml::{self, Attribute, Element};

/// What the specification's namespaces begin with; the version follows.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// Reads `text`.
pub(super) fn read(text: &str) -> Parsed {
    let mut document = xml::read(text);
    let mut parsed = Parsed::default();
    parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
    let root = document.root();
    let mut bill = Bill::default();
    let Some(bom) = root.child("bom") else {
        parsed.blind(
            root.span(),
            "this is no CycloneDX: there is no element `bom`",
            DAMAGED,
        );
        return parsed;
    };
    check_version(version(bom), bom.name_span(), &mut parsed);
    for element in bom.children() {
        match element.name() {
            "metadata" => {
                if let Some(subject) = element.child("component") {
                    components(vec![(subject, None)], true, &mut bill, &mut parsed);
                }
            }
            "components" => {
                components(
                    parts(element).map(|part| (part, None)).collect(),
                    false,
                    &mut bill,
                    &mut parsed,
                );
            }
            "dependencies" => {
                for dependency in element.children().filter(|one| one.name() == "dependency") {
                    needs(dependency, &mut bill, &mut parsed);
                }
            }
            "compositions" => {
                for aggregate in element
                    .children()
                    .filter_map(|composition| composition.child("aggregate"))
                {
                    note_incomplete(&aggregate.text(), aggregate.text_span(), &mut parsed);
                }
            }
            _ => {}
        }
    }
    bill.add_to(&mut parsed);
    parsed
}

/// The version in the namespace of the outermost element.
fn version(bom: Element<'_>) -> Option<(&str, crate::text::Span)> {
    let mut attributes = bom.attributes();
    let namespace = attributes.find(|one| {
        (one.name == "xmlns" || one.name.starts_with("xmlns:")) && one.value.starts_with(NAMESPACE)
    })?;
    let Cow::Borrowed(value) = namespace.value else {
        return None;
    };
    let version = value.strip_prefix(NAMESPACE)?;
    Some((version, namespace.span.inside(NAMESPACE.len()..value.len())))
}

fn needs<'d>(dependency: Element<'d>, bill: &mut Bill<'d>, parsed: &mut Parsed) {
    let Some(from) = dependency.attribute("ref") else {
        parsed.blind(dependency.span(), "a dependency has no `ref`", DAMAGED);
        return;
    };
    for to in dependency.children().filter_map(|needed| needed.attribute("ref")) {
        bill.needs.push(Need {
            from: from.value.clone(),
            span: to.span,
            to: to.value,
            scopes: Scopes::default(),
        });
    }
}

fn parts(components: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    components.children().filter(|one| one.name() == "component")
}

/// Adds `listed` and their parts; with `is_root` they are what the document describes.
fn components<'d>(
    mut listed: Vec<(Element<'d>, Option<usize>)>,
    is_root: bool,
    bill: &mut Bill<'d>,
    parsed: &mut Parsed,
) {
    listed.reverse();
    while let Some((element, part_of)) = listed.pop() {
        let number = bill.components.len();
        let (component, inner) = component(element, part_of, is_root && part_of.is_none());
        if component.name.is_empty() && !component.is_root {
            parsed.blind(element.name_span(), "a component has no name", DAMAGED);
        }
        bill.components.push(component);
        let from = listed.len();
        listed.extend(inner.into_iter().flat_map(parts).map(|part| (part, Some(number))));
        listed.get_mut(from..).unwrap_or_default().reverse();
    }
}

/// One component, and the list of its parts.
fn component<'d>(
    element: Element<'d>,
    part_of: Option<usize>,
    is_root: bool,
) -> (Component<'d>, Option<Element<'d>>) {
    let mut component = Component {
        entry: element.span(),
        part_of,
        is_root,
        ..Component::default()
    };
    let (mut kind, mut reference) = (None, None);
    for Attribute { name, value, .. } in element.attributes() {
        match name {
            "type" => kind = Some(value),
            "bom-ref" => reference = Some(value),
            _ => {}
        }
    }
    component.may_be_package = kind.is_some_and(|kind| may_be_package(&kind));
    component.reference = reference;
    let (mut group, mut name, mut scope) = (None, None, Cow::Borrowed(""));
    let (mut inner, mut properties) = (None, Properties::default());
    let placed = |child: Element<'d>| -> Option<Placed<'d>> { Some((child.text(), child.text_span())) };
    for child in element.children() {
        match child.name() {
            "group" => group = Some(child.text()),
            "name" => name = Some(child.text()),
            "version" => component.version = placed(child),
            "purl" => component.purl = placed(child),
            "scope" => scope = child.text(),
            "hashes" => component.checksums = child.children().map(Element::text_span).collect(),
            "properties" => {
                for property in child.children() {
                    let name = property.attribute("name").map(|name| name.value);
                    let (name, value) = (name.unwrap_or_default(), property.text());
                    properties.add(&name, &value);
                    if name == SOURCE_PACKAGE {
                        component.source_package = Some(value);
                    }
                }
            }
            "components" => inner = Some(child),
            _ => {}
        }
    }
    component.name = label(group, name.unwrap_or_default());
    settle(&mut component, &scope, &properties);
    (component, inner)
}
