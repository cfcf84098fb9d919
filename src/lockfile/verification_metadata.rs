//! `gradle/verification-metadata.xml`: the checksums by which Gradle verifies what it downloads.
//!
//! Gradle's documentation decides ("Verifying dependencies", "The verification metadata file").
//!
//! - It lists each component that was ever verified, with its artifacts: those of all configurations, plugins and earlier versions
//!   too, since Gradle adds to it and takes nothing away. So a package in it may be in no build any more. It is listed all the same: a
//!   build can use it, and no other file may tell.
//! - A component of which nothing but metadata (`.pom`, `.module`) was verified is in no build: Gradle refuses an artifact that it
//!   does not list. Those are parents, platforms, and versions that another one won over.
//! - What is trusted by its group or key need not be listed, which is a partial gap, told once, unless
//!   the build has lock state.
//! - There are no edges and no scopes, and every package counts as direct.

use super::grammar::gradle_build;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Spans, Tree};
use crate::text::xml::Element;
use crate::text::{Span, xml};

/// The metadata by which Gradle verifies dependencies.
#[derive(Debug, Clone, Copy)]
pub struct VerificationMetadata;

const DAMAGED: &str =
    "Restore the file from its last good commit, or write it anew: `--write-verification-metadata sha256`.";

impl Format for VerificationMetadata {
    fn name(&self) -> &'static str {
        "verification-metadata.xml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["gradle/verification-metadata.xml"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Upgrade it in the build, run Gradle with `--write-verification-metadata sha256`, and remove the old component: Gradle leaves it there."
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = xml::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let Some(metadata) = document.root().child("verification-metadata") else {
            parsed.blind(
                Span::at(0),
                "the file has no element `verification-metadata`",
                DAMAGED,
            );
            return parsed;
        };
        let trusted = metadata.child("configuration").and_then(unlisted);
        let is_locked = || gradle_build::is_locked(&file.path.parent().parent(), tree);
        if let Some(trusted) = trusted.filter(|_| !is_locked()) {
            parsed.partial(
                trusted,
                "what is trusted by its group or key need not be listed here",
                "Lock the build too: Gradle's lock state lists everything.",
            );
        }
        let lists = metadata
            .children()
            .filter(|element| element.name() == "components");
        for component in lists.flat_map(Element::children) {
            match component.name() {
                "component" => add(component, &mut parsed),
                other => parsed.blind(
                    component.span(),
                    format!("a list of components has no element `{other}`"),
                    DAMAGED,
                ),
            }
        }
        parsed
    }
}

/// The first group or key that is trusted.
fn unlisted(configuration: Element<'_>) -> Option<Span> {
    let trusts = configuration
        .child("trusted-artifacts")
        .into_iter()
        .flat_map(Element::children)
        .filter(|trust| trust.attribute("group").is_some());
    let keys = configuration
        .child("trusted-keys")
        .into_iter()
        .flat_map(Element::children);
    trusts.chain(keys).map(Element::span).next()
}

fn add(component: Element<'_>, parsed: &mut Parsed) {
    let mut tags = std::iter::once(component).chain(component.children());
    if let Some(damaged) = tags.find_map(Element::damaged_tag) {
        parsed.blind(damaged, "this tag is no XML", DAMAGED);
    }
    let attribute = |name: &str| {
        component
            .attribute(name)
            .filter(|attribute| !attribute.value.trim().is_empty())
    };
    let (Some(group), Some(name), Some(version)) =
        (attribute("group"), attribute("name"), attribute("version"))
    else {
        parsed.blind(
            component.span(),
            "a component has no group, name and version",
            DAMAGED,
        );
        return;
    };
    let artifacts = || component.children().filter(|child| child.name() == "artifact");
    let is_metadata = |artifact: Element<'_>| {
        artifact
            .attribute("name")
            .is_some_and(|name| name.value.ends_with(".pom") || name.value.ends_with(".module"))
    };
    if artifacts().next().is_some() && artifacts().all(is_metadata) {
        return;
    }
    let name = format!("{}:{}", group.value, name.value);
    let mut package = Package::new(
        Ecosystem::MAVEN,
        name,
        &*version.value,
        FileSpan::here(version.span),
    );
    package.direct = true;
    let checksums = artifacts().flat_map(Element::children);
    package.spans = Spans {
        entry: Some(component.span()),
        checksums: checksums
            .filter_map(|checksum| Some(checksum.attribute("value")?.span))
            .collect(),
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}
