//! `dotnet-tools.json` of .NET, in a folder `.config` or beside it: the tools that a repository runs, each at one version.
//!
//! Microsoft's documentation ("Local tools", `dotnet tool install`) and the SDK's own reader (`ToolManifestEditor`, `ToolManifestFinder`) decide.
//!
//! - `tools` has an entry for each package of NuGet, with its exact `version`. What a tool needs is in its package: there are no edges.
//! - A tool is for builds, and direct. `rollForward` says which runtime it may run on, and nothing of its version.
//! - Comments, which the SDK refuses, are passed over: the files of templates have some.
//! - An entry without a version is partial; a file with neither `tools` nor `isRoot` is no manifest, and blind.

use super::{File, Format, Parsed, Upgrade, UpgradeCommand, Writer};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree};
use crate::text::json;
use crate::text::tree::Value;

/// The manifest of .NET's local tools.
#[derive(Debug, Clone, Copy)]
pub struct DotnetTools;

/// The newest version of the format.
const NEWEST: u64 = 1;

const DAMAGED: &str = "Restore the file from its last good commit.";
const PIN: &str = "Install the tool again (`dotnet tool install`), which writes its version.";

impl Format for DotnetTools {
    fn name(&self) -> &'static str {
        "dotnet-tools.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NUGET
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["dotnet-tools.json"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        UpgradeCommand::Run(format!("dotnet tool update {name} --version {to}"))
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read_with_comments(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        if let Some(version) = root.get("version")
            && !matches!(version.as_u64(), Some(1..=NEWEST))
        {
            let message = format!("version {} of the format is not known here", version.raw());
            parsed.blind(version.span(), message, "Update lockkeeper.");
        }
        match root.get("tools") {
            Some(tools) if tools.is_object() => {
                for (name, tool) in tools.entries() {
                    add(&name, tool.get("version"), tool, PIN, &mut parsed);
                }
            }
            Some(tools) => parsed.blind(tools.span(), "`tools` is no object", DAMAGED),
            None if root.get("isRoot").is_some() => {}
            None => parsed.blind(root.span(), "the file has no object `tools`", DAMAGED),
        }
        parsed
    }
}

/// Adds the package `name` of NuGet at the `version` that its `entry` has, for builds. `pin` says what to do where it has none.
pub(super) fn add(name: &str, version: Option<Value<'_>>, entry: Value<'_>, pin: &str, parsed: &mut Parsed) {
    let exact = version.and_then(|version| Some((version, version.as_str()?)));
    let Some((at, text)) = exact.filter(|(_, text)| is_exact(text) && !name.trim().is_empty()) else {
        let message = match name.trim() {
            "" => "a package without a name".to_owned(),
            name => format!("{name} has no exact version"),
        };
        return parsed.partial(entry.key_span(), message, pin);
    };
    let mut package = Package::new(Ecosystem::NUGET, name, text, FileSpan::here(at.text_span()));
    package.scopes = Scopes::only(Scope::Build);
    package.direct = true;
    package.spans = Spans {
        entry: Some(entry.key_span().join(entry.span())),
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}

/// Neither a range nor one of several versions.
fn is_exact(version: &str) -> bool {
    let version = version.trim();
    version.starts_with(|first: char| first.is_ascii_digit()) && !version.contains(['*', ',', ' '])
}
