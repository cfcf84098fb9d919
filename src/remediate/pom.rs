//! `pom.xml`, with the modules and parents of its build.

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::pom::declared;
use crate::lockfile::pom::snapshot::{Repository, Snapshot};
use crate::model::TreePath;
use crate::plan::maven::{self, PomModule, PomProject};
use crate::plan::{Bounds, Plan, Releases, Step, Wish};
use crate::registry::ConfigFile;

/// Plans poms.
pub struct Pom;

/// What the wrapper of a project downloads.
const WRAPPER: &str = ".mvn/wrapper/maven-wrapper.properties";

/// The arguments that Maven is always called with.
const COMMAND_LINE: &str = ".mvn/maven.config";

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
            repositories: Repositories::of(files.path, files.root, files.read),
            project: PomProject {
                file: files.path.clone(),
                modules,
                files: snapshot
                    .files()
                    .map(|(path, text)| (path.clone(), text.map(str::to_owned)))
                    .collect(),
            },
        }))
    }
}

struct MavenProject {
    project: PomProject,
    repositories: Repositories,
}

impl Project for MavenProject {
    fn configuration(&self) -> &[ConfigFile] {
        self.repositories.configuration()
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.repositories.locked_address(package)
    }

    fn likely_address(&self, package: &str) -> Option<String> {
        self.repositories.likely_address(package)
    }

    fn toolchain(&self) -> &[(String, String)] {
        self.repositories.toolchain()
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        maven::plan(&self.project, wishes, releases, bounds)
    }
}

/// What a pom says of where artifacts come from.
pub(super) struct Repositories {
    configuration: Vec<ConfigFile>,
    /// The repository that the project's wrapper has Maven itself from.
    central: Option<String>,
}

impl Repositories {
    /// What the pom at `path` and its parents in the tree say; `root` is how messages call the tree's root.
    pub(super) fn of(path: &TreePath, root: &str, read: &dyn Fn(&TreePath) -> Option<String>) -> Self {
        let file = |path: &TreePath| {
            Some(ConfigFile {
                text: read(path)?,
                place: format!("{root}/{path}"),
            })
        };
        let mut snapshot = Snapshot::new(Repository::None);
        let poms = snapshot.filled(read, |tree| declared::lineage(path, tree));
        let settings = settings(path, read);
        Self {
            configuration: settings.iter().chain(&poms).filter_map(file).collect(),
            central: central(path, read),
        }
    }
}

impl Project for Repositories {
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

    fn plan(&self, _: &[Wish], _: &dyn Releases, _: &Bounds<'_>) -> Step {
        Step::Done(Plan::default())
    }
}

/// The settings that the command line of the build names: `-s` in the nearest `.mvn/maven.config`.
fn settings(path: &TreePath, read: &dyn Fn(&TreePath) -> Option<String>) -> Option<TreePath> {
    let mut folders = path.above();
    let (folder, text) = folders.find_map(|folder| {
        let text = read(&folder.join(COMMAND_LINE)?)?;
        Some((folder, text))
    })?;
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let named = match word {
            "-s" | "--settings" => words.next(),
            word => word
                .strip_prefix("--settings=")
                .or_else(|| word.strip_prefix("-s=")),
        };
        if let Some(named) = named {
            return folder.join(named.trim_matches('"'));
        }
    }
    None
}

/// What the distribution that the wrapper names is below of.
fn central(path: &TreePath, read: &dyn Fn(&TreePath) -> Option<String>) -> Option<String> {
    let text = path.above().find_map(|folder| read(&folder.join(WRAPPER)?))?;
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let mut addresses = lines
        .filter(|(key, _)| key.trim() == "distributionUrl")
        // A file of properties may escape the colon.
        .map(|(_, value)| value.trim().replace("\\:", ":"));
    let address = addresses.next()?;
    let (base, _) = address.split_once(DISTRIBUTION)?;
    Some(base.to_owned())
}
