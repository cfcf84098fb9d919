//! Bills of materials in CycloneDX, versions 1.0 to 1.7, as JSON and XML (ECMA-424): `bom.json`, `bom.xml`, `*.cdx.json` and
//! `*.cdx.xml`, the names that the specification recognises.
//!
//! - `metadata.component` is the root; parts of it and of components (`components` inside of one) are needed by the whole.
//! - `scope` says what a component is used for: `required` is runtime, `optional` optional, `excluded` dev. The properties by
//!   which package managers' tools mark what is for development (CycloneDX property taxonomy) make it dev. Our own reports have
//!   properties for scopes without a word of their own, and for modules of the project, which are no packages.
//! - What a document says of itself under `compositions`, that it is incomplete, is a partial gap.
//! - Vulnerabilities, services and licences in it are not read.

mod json;
mod xml;

use std::borrow::Cow;

use super::grammar::bill::{Component, DAMAGED, LIST_ALL, LISTS_NOT_ALL};
use super::{File, Format, Parsed};
use crate::model::{Ecosystem, Scope, Scopes, Tree};
use crate::text::Span;

/// A bill of materials in CycloneDX.
#[derive(Debug, Clone, Copy)]
pub struct CycloneDx;

impl Format for CycloneDx {
    fn name(&self) -> &'static str {
        "bom.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::ANY
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["bom.json", "bom.xml", "*.cdx.json", "*.cdx.xml"]
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        match file
            .text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with('<')
        {
            true => xml::read(file.text),
            false => json::read(file.text),
        }
    }
}

/// Notes what `version` of the specification means for `parsed`.
fn check_version(version: Option<(&str, Span)>, root: Span, parsed: &mut Parsed) {
    match version {
        None => parsed.blind(
            root,
            "this is no CycloneDX: the version of the specification is missing",
            DAMAGED,
        ),
        Some((version, at)) => {
            let minor = version.strip_prefix("1.").filter(|minor| !minor.is_empty());
            if !minor.is_some_and(|minor| minor.bytes().all(|byte| byte.is_ascii_digit())) {
                parsed.blind(
                    at,
                    format!("CycloneDX {version} is not known here"),
                    "Write the file in a version 1.x, or update lockkeeper.",
                );
            }
        }
    }
}

/// Notes that the document says of itself that it does not list everything.
fn note_incomplete(aggregate: &str, at: Span, parsed: &mut Parsed) {
    if aggregate.starts_with("incomplete") {
        parsed.partial(at, format!("{LISTS_NOT_ALL} (`{aggregate}`)"), LIST_ALL);
    }
}

/// What may be a package, by the type of its component (CycloneDX 1.7, `component.type`).
fn may_be_package(kind: &str) -> bool {
    matches!(kind, "library" | "framework" | "application")
}

/// What `component.scope` says.
fn scopes(scope: &str) -> Scopes {
    match scope {
        "required" => Scopes::only(Scope::Runtime),
        "optional" => Scopes::only(Scope::Optional),
        "excluded" => Scopes::only(Scope::Dev),
        _ => Scopes::default(),
    }
}

/// The property by which Trivy names the source package of a distribution's package.
const SOURCE_PACKAGE: &str = "aquasecurity:trivy:SrcName";

/// What the properties of a component say.
#[derive(Default)]
struct Properties {
    /// By package managers' tools it is for development.
    is_dev: bool,
    /// By our own reports it is a module of the project.
    is_own: bool,
    /// By our own reports it is for these.
    scopes: Scopes,
}

impl Properties {
    /// Takes in one property.
    fn add(&mut self, name: &str, value: &str) {
        match name {
            "cdx:npm:package:development" | "cdx:composer:package:isDevRequirement" => {
                self.is_dev |= value == "true";
            }
            "cdx:pipenv:category" => self.is_dev |= value == "develop",
            "cdx:poetry:group" => self.is_dev |= value == "dev",
            "lockkeeper:own-module" => self.is_own |= value == "true",
            "lockkeeper:scope" => {
                let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == value);
                if let Some(scope) = scope {
                    self.scopes.add(scope);
                }
            }
            _ => {}
        }
    }
}

/// `group/name`, as the component is shown.
fn label<'d>(group: Option<Cow<'d, str>>, name: Cow<'d, str>) -> Cow<'d, str> {
    match group.filter(|group| !group.is_empty()) {
        Some(group) => format!("{group}/{name}").into(),
        None => name,
    }
}

/// What its `scope` and its properties say of `component`.
fn settle(component: &mut Component<'_>, scope: &str, properties: &Properties) {
    component.is_own = properties.is_own;
    component.scopes = match (properties.is_dev, properties.scopes.is_empty()) {
        (true, _) => Scopes::only(Scope::Dev),
        (false, false) => properties.scopes,
        (false, true) => scopes(scope),
    };
}
