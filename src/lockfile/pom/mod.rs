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
//! - Modules of the reactor are own modules and no packages.
//! - What the tree does not hold (a parent or BOM in a repository, properties of the command line or of
//!   `settings.xml`) is a partial gap that names it. `-D` in `.mvn/maven.config` is honoured.
//!
//! Work is bounded: [`MAX_POMS`] poms and [`MAX_WORK`] declarations are looked at for one file, parents and
//! imports nest [`MAX_LINEAGE`] and [`MAX_IMPORTS`] deep, [`MAX_MODULES`] modules and [`MAX_PROFILES`]
//! profiles are known. Beyond that the file is blind, and says so.

mod interpolation;
mod lineage;
mod management;
mod model;
mod outline;
mod packages;
mod plugins;
mod reactor;

use super::{File, Format, Parsed};
use crate::model::{Ecosystem, Tree, TreePath};

/// Poms that are read for one file: itself, its parents, BOMs and theirs.
const MAX_POMS: usize = 256;

/// Declarations and property references that are looked at for one file, under all of its profiles.
const MAX_WORK: u32 = 1_000_000;

/// Parents above a pom.
const MAX_LINEAGE: usize = 64;

/// BOMs that import BOMs.
const MAX_IMPORTS: usize = 16;

/// Modules of the reactor that are known by name.
const MAX_MODULES: usize = 2_000;

/// Profiles that a module is resolved under.
const MAX_PROFILES: usize = 64;

/// Gaps that are told for one file.
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

    fn claims(&self, path: &TreePath) -> bool {
        path.file_name() == b"pom.xml"
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let poms = lineage::Poms::new(tree);
        let mut parsed = Parsed::default();
        if let Some(project) = poms.project_of(file) {
            packages::resolve(&project, &poms, &mut parsed);
        }
        parsed.problems.extend(poms.into_problems());
        for problem in &mut parsed.problems {
            if problem.file.as_ref() == Some(file.path) {
                problem.file = None;
            }
        }
        parsed
    }
}
