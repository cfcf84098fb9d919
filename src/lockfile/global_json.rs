//! `global.json` of .NET with `msbuild-sdks`: packages of NuGet that a build takes its SDKs from, each at one version.
//!
//! Microsoft's documentation ("How to use project SDKs", "global.json overview") and MSBuild's own reader (`GlobalJsonReader` of
//! `NuGetSdkResolver`) decide.
//!
//! - Many files are called so, and most of them only choose a version of the .NET SDK (`sdk`), which is no package of NuGet: a file
//!   without the word `msbuild-sdks` is not read.
//! - An entry is a package, for builds and direct; whether a project names its SDK is not looked at. What it needs is in its package.
//! - Comments are allowed.

use super::dotnet_tools::add;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand, Writer};
use crate::model::{Ecosystem, Tree, TreePath, Unread};
use crate::text::json;

/// The SDKs of MSBuild that a repository takes from NuGet.
#[derive(Debug, Clone, Copy)]
pub struct GlobalJson;

const DAMAGED: &str = "Restore the file from its last good commit.";
const PIN: &str = "Write one exact version.";
const SDKS: &str = "msbuild-sdks";

impl Format for GlobalJson {
    fn name(&self) -> &'static str {
        "global.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NUGET
    }

    /// None: its name is not enough.
    fn file_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        if !super::is_named(path, self.name()) {
            return false;
        }
        match tree.read(path) {
            Ok(text) => memchr::memmem::find(&text, SDKS.as_bytes()).is_some(),
            Err(Unread::Absent) => false,
            // What it holds is not known.
            Err(Unread::TooLarge { .. } | Unread::LinkLeadsOut | Unread::Unreadable(_)) => true,
        }
    }

    fn companions(&self) -> &'static [&'static str] {
        &["global.json"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(format!("Change {} to {} in its line.", upgrade.from, upgrade.to).into())
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read_with_comments(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        match document.root().get(SDKS) {
            Some(sdks) if sdks.is_object() => {
                for (name, version) in sdks.entries() {
                    add(&name, Some(version), version, PIN, &mut parsed);
                }
            }
            Some(sdks) => parsed.blind(sdks.span(), "`msbuild-sdks` is no object", DAMAGED),
            None => {}
        }
        parsed
    }
}
