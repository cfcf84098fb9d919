//! `pom.xml`, with the modules and parents of its build.

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::pom::declared;
use crate::lockfile::pom::snapshot::{Repository, Snapshot};
use crate::model::TreePath;
use crate::plan::maven::{self, PomModule, PomProject};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;

/// Plans poms.
pub struct Pom;

/// The folder of Maven's own files of a project.
const WRAPPER: &str = ".mvn/wrapper/maven-wrapper.properties";

/// What stands behind the address of a repository in that of a distribution of Maven.
const DISTRIBUTION: &str = "/org/apache/maven/apache-maven/";

impl Fixer for Pom {
    fn format(&self) -> &'static str {
        "pom.xml"
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let mut snapshot = Snapshot::new(Repository::None);
        let family = snapshot.filled(files.read, |tree| declared::family(files.path, tree));
        let mut modules = Vec::new();
        for module in family {
            let resolved = snapshot.filled(files.read, |tree| declared::read(&module, tree));
            modules.push(PomModule {
                file: module,
                declarations: resolved.declarations,
                managed: resolved.managed,
            });
        }
        Ok(Box::new(MavenProject {
            configuration: configuration(files, &snapshot),
            central: central(files),
            project: PomProject {
                file: files.path.clone(),
                modules,
            },
        }))
    }
}

struct MavenProject {
    project: PomProject,
    configuration: Vec<ConfigFile>,
    /// The repository that the project's wrapper has Maven itself from.
    central: Option<String>,
}

impl Project for MavenProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, _: &str) -> Option<String> {
        None
    }

    fn likely_address(&self, _: &str) -> Option<String> {
        self.central.clone()
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        maven::plan(&self.project, wishes, releases, bounds)
    }
}

/// The pom with its parents: they name repositories.
fn configuration(files: &ProjectFiles<'_>, snapshot: &Snapshot) -> Vec<ConfigFile> {
    let file = |path: &TreePath| {
        Some(ConfigFile {
            text: (files.read)(path)?,
            place: format!("{}/{path}", files.root),
        })
    };
    let poms = declared::lineage(files.path, snapshot);
    poms.iter().filter_map(file).collect()
}

/// What the distribution that the wrapper names is below of.
fn central(files: &ProjectFiles<'_>) -> Option<String> {
    let folder = files.path.parent();
    let mut folders = std::iter::once(folder.clone()).chain(folder.above());
    let text = folders.find_map(|folder| (files.read)(&folder.join(WRAPPER)?))?;
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let mut addresses = lines
        .filter(|(key, _)| key.trim() == "distributionUrl")
        // A file of properties may escape the colon.
        .map(|(_, value)| value.trim().replace("\\:", ":"));
    let address = addresses.next()?;
    let (base, _) = address.split_once(DISTRIBUTION)?;
    Some(base.to_owned())
}
