//! `pom.xml`: the direct dependencies, plugins and extensions of a Maven module, with the versions that
//! parents, properties, `dependencyManagement` and imported BOMs of the same tree give them.
//!
//! The rules are those of Maven's model builder ("Maven Model Builder: effective model building"; POM
//! Reference). A pom lists what its module asks for by name; what those need in turn is in no file of the
//! tree, which is said here once and is no gap of each pom.
//!
//! - A package stands where its version's literal stands: in the dependency, at a property's own line, in a
//!   `dependencyManagement`; often in another file, which `used_by` then answers for. A managed entry that
//!   the module does not use is no package.
//! - Profiles are all read: for each of them the module is resolved as if it alone had been asked for, since
//!   a release may use it. Those that are active by default count wherever no other profile of their pom does.
//! - Plugins, their dependencies and build extensions have the scope build. Plugins that only the packaging
//!   brings in are packages where the tree manages their version. Artifacts that stand in a plugin's
//!   configuration (annotation processors) are not read.
//! - Combinations of profiles count where one of them changes what another one uses, and all of them at once.
//! - Modules of the reactor are own modules and no packages: those that some pom builds together with this one.
//!   A module whose pom is not called `pom.xml`, that git ignores, or that `-f` of `.mvn/maven.config` builds, is read
//!   with the pom that names it; where that folder has no `pom.xml`, with `maven.config`.
//! - What the tree does not hold (a parent or BOM in a repository, properties of the command line or of
//!   `settings.xml`) is a partial gap that names it. What `.mvn` says counts (see `command_line`).
//! - What Maven refuses is blind: damage, unknown elements, circles, arguments that are none.
//!
//! Work is bounded: [`MAX_POMS`] poms and [`MAX_WORK`] declarations are looked at for one file, parents and
//! imports nest [`MAX_LINEAGE`] and [`MAX_IMPORTS`] deep, [`MAX_MODULES`] modules and [`MAX_PROFILES`]
//! profiles are known. Beyond that the file is blind, and says so.

mod builds;
mod command_line;
mod core_extensions;
pub mod declared;
mod interpolation;
mod lineage;
mod located;
mod management;
mod model;
mod outline;
mod packages;
mod plugins;
mod reactor;
mod recorded;
pub mod snapshot;
mod source;
mod store;
mod strict;

use super::{File, Format, Parsed, Writer};
use crate::model::{Derivation, Ecosystem, Tree, TreePath, UpgradeBy};

/// Poms that are read for one file: itself, its parents, BOMs and theirs.
const MAX_POMS: usize = 256;

/// Declarations and property references that are looked at for one file, under all of its profiles.
const MAX_WORK: u32 = 1_000_000;

/// Parents above a pom.
const MAX_LINEAGE: usize = 64;

/// BOMs that import BOMs.
const MAX_IMPORTS: usize = 16;

/// Poms that are looked at for the modules of one reactor.
const MAX_MODULES: usize = 4_000;

/// Profiles that a module is resolved under.
const MAX_PROFILES: usize = 64;

/// Gaps that are reported for one file.
const MAX_GAPS: usize = 1_000;

/// Reads `pom.xml`.
#[derive(Debug, Clone, Copy)]
pub struct Pom;

impl Format for Pom {
    fn name(&self) -> &'static str {
        "pom.xml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pom.xml"]
    }

    fn outline(&self) -> Option<&'static dyn Derivation> {
        Some(&outline::Outlining)
    }

    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        builds::start(path, &lineage::Poms::new(tree))
    }

    fn companions(&self) -> &'static [&'static str] {
        &[
            "maven.config",
            "jvm.config",
            "extensions.xml",
            "maven-wrapper.properties",
            "settings.xml",
        ]
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        let super::Upgrade { name, to, by, .. } = upgrade;
        // Maven finds no file of another name in a folder, and keeps a copy of what it changes unless it is asked not to.
        let goal = match by {
            None => format!("use-dep-version -Dincludes={name} -DdepVersion={to} -DforceVersion=true"),
            // That goal passes over what has its version from a property.
            Some(UpgradeBy::Property(property)) => {
                format!("set-property -Dproperty={property} -DnewVersion={to}")
            }
            Some(UpgradeBy::Managed(manager)) => {
                let what = format!(
                    "{manager} manages the version: take a later one of it, or write the version in the pom."
                );
                return super::UpgradeCommand::ByHand(what.into());
            }
            Some(
                UpgradeBy::Askers(_)
                | UpgradeBy::Hand
                | UpgradeBy::Overridden(_)
                | UpgradeBy::Replace(_)
                | UpgradeBy::Vendored { .. }
                | UpgradeBy::Within(_),
            ) => {
                return super::UpgradeCommand::ByHand(
                    "Change the version in the file: no goal of Maven's `versions` plugin does that by itself.".into(),
                );
            }
        };
        match upgrade.file_name {
            "pom.xml" => {
                super::UpgradeCommand::Run(format!("mvn versions:{goal} -DgenerateBackupPoms=false"))
            }
            _ => super::UpgradeCommand::ByHand("Change the version in the file.".into()),
        }
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let poms = lineage::Poms::new(tree);
        let mut parsed = Parsed::default();
        match builds::configured(file.path) {
            Some(folder) => {
                builds::resolve_configured(file.path, &folder, &poms, &mut parsed);
                core_extensions::read(&folder, tree, &mut parsed);
            }
            None => {
                if let Some(pom) = poms.first(file) {
                    builds::resolve(&pom, &poms, &mut parsed);
                    core_extensions::read(&file.path.parent(), tree, &mut parsed);
                }
            }
        }
        parsed.problems.extend(poms.into_problems(file.path));
        for problem in &mut parsed.problems {
            if problem.file.as_ref() == Some(file.path) {
                problem.file = None;
            }
        }
        parsed
    }
}
