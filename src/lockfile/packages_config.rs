//! `packages.config`, and `packages.<project>.config` where several projects lie in one folder: the list of the packages that a
//! project of the older kind has installed.
//!
//! NuGet's documentation ("packages.config reference") and its own reader (`NuGet.Packaging`, `PackagesConfigReader`) decide.
//!
//! - It lists what the project asks for and what that needs alike, each with its exact version: there are no edges, and every
//!   package counts as direct.
//! - What is a `developmentDependency` is dev, all else runtime. `allowedVersions` says what an update may take.
//! - A `package` without an `id` is blind, and one without a version partial.

use super::{File, Format, Parsed, Upgrade, UpgradeCommand, Writer};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree};
use crate::text::xml::Element;
use crate::text::{Span, xml};

/// The list of packages of NuGet's older projects.
#[derive(Debug, Clone, Copy)]
pub struct PackagesConfig;

const DAMAGED: &str = "Restore the file from its last good commit.";

impl Format for PackagesConfig {
    fn name(&self) -> &'static str {
        "packages.config"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NUGET
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["packages.config", "packages.*.config"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        // Its project file names the folder of each package, with the version: only NuGet itself changes both.
        UpgradeCommand::ByHand(
            format!(
                "Run `Update-Package {name} -Version {to}` in the Package Manager Console of Visual Studio: the project file changes too."
            )
            .into(),
        )
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = xml::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let Some(packages) = document.root().child("packages") else {
            parsed.blind(Span::at(0), "the file has no element `packages`", DAMAGED);
            return parsed;
        };
        for element in packages.children() {
            match element.name() {
                "package" => add(element, &mut parsed),
                other => parsed.blind(
                    element.span(),
                    format!("a list of packages has no element `{other}`"),
                    DAMAGED,
                ),
            }
        }
        parsed
    }
}

fn add(element: Element<'_>, parsed: &mut Parsed) {
    if let Some(damaged) = element.damaged_tag() {
        parsed.blind(damaged, "this tag is no XML", DAMAGED);
    }
    let attribute = |name: &str| {
        element
            .attribute(name)
            .filter(|attribute| !attribute.value.trim().is_empty())
    };
    let Some(id) = attribute("id") else {
        parsed.blind(element.span(), "a package has no `id`", DAMAGED);
        return;
    };
    let Some(version) = attribute("version") else {
        parsed.partial(
            element.span(),
            format!("{} has no exact version", id.value),
            "Install the package anew, which writes its version.",
        );
        return;
    };
    let mut package = Package::new(
        Ecosystem::NUGET,
        &*id.value,
        &*version.value,
        FileSpan::here(version.span),
    );
    let development = attribute("developmentDependency");
    package.scopes = Scopes::only(
        match development.is_some_and(|flag| flag.value.eq_ignore_ascii_case("true")) {
            true => Scope::Dev,
            false => Scope::Runtime,
        },
    );
    package.direct = true;
    package.spans = Spans {
        entry: Some(element.span()),
        ..Spans::default()
    };
    if let Some(allowed) = attribute("allowedVersions") {
        package.asked_within(&allowed.value);
    }
    parsed.graph.add_package(package);
}
